package watch

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/plan"
	"burrow/internal/sent"
)

// modes are the estates whose paths differ.
var modes = func() map[string]*plan.Plan {
	all := map[string]*plan.Plan{}
	for _, gateway := range []plan.AWSGateway{plan.VirtualPrivateGateway, plan.TransitGateway} {
		p := plan.Default()
		p.VPN.AWSGateway = gateway
		p.Network.AWS.AccountID, p.Network.AWS.Region = "123456789012", "eu-west-2"
		p.Watch.Emails = []string{"first@example.net", "second@example.net"}
		all[string(gateway)] = p
	}
	return all
}()

// inEveryMode runs a test on what the component sends in each mode.
func inEveryMode(t *testing.T, test func(t *testing.T, p *plan.Plan, log *sent.Log)) {
	for _, mode := range slices.Sorted(maps.Keys(modes)) {
		t.Run(mode, func(t *testing.T) { test(t, modes[mode], record(t, modes[mode])) })
	}
}

// record runs the component alone, with what the clouds invent filled in.
func record(t *testing.T, p *plan.Plan) *sent.Log {
	t.Helper()
	return sent.Record(t, invent, func(ctx *pulumi.Context) error {
		connected, err := sent.StandIn(ctx, "connected")
		if err != nil {
			return err
		}
		_, err = New(ctx, "burrow", args(p, connected))
		return err
	})
}

func args(p *plan.Plan, connected []pulumi.Resource) Args {
	a := Args{
		Estate: p.Estate, Network: p.Network, VPN: p.VPN, DNS: p.DNS, Relay: p.K8s.Relay, Watch: p.Watch,
		AWS: AWSSide{
			VPNConnectionIDs:  map[int]pulumi.IDOutput{0: id("vpn-0"), 1: id("vpn-1")},
			ResolverInboundID: id("rslvr-in-1"), ResolverOutboundID: id("rslvr-out-1"),
			LoadBalancerSuffix: text("net/relay/1"), TargetGroupSuffix: text("targetgroup/relay/2"),
			FlowLogGroups:   []pulumi.StringOutput{text("/flow")},
			TunnelLogGroups: []pulumi.StringOutput{text("/tunnels/0"), text("/tunnels/1")},
			QueryLogGroups:  []pulumi.StringOutput{text("/queries")},
		},
		Azure: AzureSide{
			GroupName: text("rg"), WorkspaceID: id("/workspace"), GatewayID: id("/gateway"), ResolverID: id("/resolver"), ClusterID: id("/aks"),
		},
		Connected: connected,
	}
	if p.VPN.OnTransit() {
		a.AWS.TransitGatewayID = id("tgw-1")
	}
	for _, t := range p.VPN.OrderedTunnels() {
		a.Tunnels = append(a.Tunnels, Tunnel{
			Tunnel: t, AWSOutside: text("aws-" + t.Name()), AzureOutside: text("azure-" + t.Name()), ConnectionName: text("to-aws-" + t.Name()),
		})
	}
	return a
}

func id(s string) pulumi.IDOutput       { return pulumi.ID(s).ToIDOutput() }
func text(s string) pulumi.StringOutput { return pulumi.String(s).ToStringOutput() }

func invent(r sent.Resource) map[string]any {
	if r.Type == awstype.Topic {
		return map[string]any{"arn": "arn of " + r.Name}
	}
	return nil
}

// Before the connections every tunnel is down, and pages nobody.
func TestAlarmsFollowTheConnections(t *testing.T) {
	inEveryMode(t, func(t *testing.T, _ *plan.Plan, log *sent.Log) {
		waits := log.Waiting(log.One(t, sent.StandInType))
		var want []string
		for _, typ := range []string{awstype.MetricAlarm, azuretype.MetricAlert, azuretype.ScheduledQueryRule} {
			if len(log.Of(typ)) == 0 && typ != azuretype.MetricAlert {
				t.Errorf("no %s at all", typ)
			}
			for range log.Of(typ) {
				want = append(want, typ)
			}
		}
		if slices.Sort(want); !slices.Equal(waits, want) {
			t.Errorf("waiting for the connections: %v, want %v", waits, want)
		}
	})
}

// Who is told: AWS and Azure the same people, of trouble and of its end.
func TestEveryAlarmTellsSomebody(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		policy := log.One(t, awstype.TopicPolicy)
		for _, alarm := range log.Of(awstype.MetricAlarm) {
			for _, list := range []string{"alarmActions", "okActions"} {
				same(t, alarm.Name+" "+list, alarm.Inputs[list], []any{"arn of burrow-topic"})
			}
			if !alarm.DependsOn(policy) {
				t.Errorf("%s can come before the policy that lets it publish", alarm.Name)
			}
		}
		for _, alert := range log.Of(azuretype.MetricAlert) {
			same(t, alert.Name, at(alert.Inputs, "actions", 0, "actionGroupId"), "<burrow-action-group>")
		}
		for _, alert := range log.Of(azuretype.ScheduledQueryRule) {
			same(t, alert.Name, at(alert.Inputs, "actions", "actionGroups"), []any{"<burrow-action-group>"})
		}
		var mailed, received []string
		for _, m := range log.Of(awstype.TopicSubscription) {
			mailed = append(mailed, m.Inputs["endpoint"].(string))
		}
		for _, r := range log.One(t, azuretype.ActionGroup).Inputs["emailReceivers"].([]any) {
			received = append(received, r.(map[string]any)["emailAddress"].(string))
			same(t, "schema", r.(map[string]any)["useCommonAlertSchema"], true)
		}
		if !slices.Equal(mailed, p.Watch.Emails) || !slices.Equal(received, p.Watch.Emails) {
			t.Errorf("AWS mails %v and Azure %v, want %v", mailed, received, p.Watch.Emails)
		}
	})
}

// Another address changes no other subscription: a new one has to be confirmed.
func TestSubscriptionsAreNamedByAddress(t *testing.T) {
	p := plan.Default()
	p.Watch.Emails = []string{"second@example.net"}
	record(t, p).Named(t, awstype.TopicSubscription, "burrow-mail-second@example.net")
	record(t, modes["transit-gateway"]).Named(t, awstype.TopicSubscription, "burrow-mail-second@example.net")
}

// What each AWS alarm is on, in full: a metric with one dimension more or less is
// another metric, of which there may be no data ever (AWV-30).
func TestAWSAlarms(t *testing.T) {
	const tunnel, connection, resolver, relay, drops = "AWS/VPN TunnelState Minimum 60 LessThanThreshold 1 3 breaching",
		"AWS/VPN TunnelState Maximum 60 LessThanOrEqualToThreshold 0 3 breaching",
		"AWS/Route53Resolver EndpointHealthyENICount Minimum 300 LessThanThreshold 2 2 ignore",
		"AWS/NetworkELB HealthyHostCount Maximum 60 LessThanThreshold 1 3 breaching",
		"AWS/TransitGateway %s Sum 300 GreaterThanThreshold 0 3 notBreaching"
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		want := map[string]string{
			"burrow-vpn-instance0-down":           connection + " map[VpnId:vpn-0]",
			"burrow-vpn-instance1-down":           connection + " map[VpnId:vpn-1]",
			"burrow-aws-dns-failing":              "Burrow/DNS failed-questions Sum 900 GreaterThanOrEqualToThreshold 5 1 notBreaching map[]",
			"burrow-relay-unhealthy":              relay + " map[LoadBalancer:net/relay/1 TargetGroup:targetgroup/relay/2]",
			"burrow-resolver-inbound-unhealthy":   resolver + " map[EndpointId:rslvr-in-1]",
			"burrow-resolver-outbound-unhealthy":  resolver + " map[EndpointId:rslvr-out-1]",
			"burrow-vpn-instance0-tunnel1-down":   tunnel + " map[TunnelIpAddress:aws-instance0-tunnel1]",
			"burrow-vpn-instance0-tunnel2-down":   tunnel + " map[TunnelIpAddress:aws-instance0-tunnel2]",
			"burrow-vpn-instance1-tunnel1-down":   tunnel + " map[TunnelIpAddress:aws-instance1-tunnel1]",
			"burrow-vpn-instance1-tunnel2-down":   tunnel + " map[TunnelIpAddress:aws-instance1-tunnel2]",
			"burrow-tgw-blackhole-drops (no vgw)": fmt.Sprintf(drops, "PacketDropCountBlackhole") + " map[TransitGateway:tgw-1]",
			"burrow-tgw-no-route-drops (no vgw)":  fmt.Sprintf(drops, "PacketDropCountNoRoute") + " map[TransitGateway:tgw-1]",
		}
		got := map[string]string{}
		for _, a := range log.Of(awstype.MetricAlarm) {
			in := a.Inputs
			same(t, a.Name+": periods in a row", in["datapointsToAlarm"], in["evaluationPeriods"])
			name := in["name"].(string)
			if strings.Contains(name, "tgw") {
				name += " (no vgw)"
			}
			got[name] = fmt.Sprint(in["namespace"], " ", in["metricName"], " ", in["statistic"], " ", in["period"], " ", in["comparisonOperator"], " ",
				in["threshold"], " ", in["evaluationPeriods"], " ", in["treatMissingData"], " ", in["dimensions"])
		}
		if !p.VPN.OnTransit() {
			maps.DeleteFunc(want, func(name, _ string) bool { return strings.HasSuffix(name, "(no vgw)") })
		}
		for name := range union(got, want) {
			same(t, name, got[name], want[name])
		}
	})
}

// What AWS's resolver could not answer is counted in the log of questions, before
// the alarm on it is made. Names in the log end in a dot.
func TestFailedQuestions(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		filter := log.One(t, awstype.LogMetricFilter)
		alarm := log.Named(t, awstype.MetricAlarm, "burrow-aws-dns-failing")
		same(t, "log group", filter.Inputs["logGroupName"], "/queries")
		same(t, "pattern", filter.Inputs["pattern"], `{ ($.rcode = "SERVFAIL" || $.rcode = "REFUSED") && `+
			`($.query_name = "*.private.aws.internal." || $.query_name = "*.private.azure.internal.") }`)
		metric := filter.Inputs["metricTransformation"].(map[string]any)
		same(t, "namespace", metric["namespace"], alarm.Inputs["namespace"])
		same(t, "metric", metric["name"], alarm.Inputs["metricName"])
		same(t, "value, default", []any{metric["value"], metric["defaultValue"]}, []any{"1", "0"})
		if metric["dimensions"] != nil {
			t.Errorf("with dimensions %v there is no default value", metric["dimensions"])
		}
		if !alarm.DependsOn(filter) {
			t.Error("the alarm can come before its metric")
		}
	})
}

// The longest zones fit into a pattern of CloudWatch Logs.
func TestLongZonesFitThePattern(t *testing.T) {
	d := plan.DNS{AWSZone: strings.Repeat("a", 253), AzureZone: strings.Repeat("b", 253)}
	if n := len(failedPattern(d)); n > 1024 {
		t.Errorf("%d characters", n)
	}
}

// Several groups feed one metric, and none means no metric, no tile and no alarm.
func TestQueryLogGroups(t *testing.T) {
	for groups, alarms := range map[int]int{0: 0, 1: 1, 2: 1} {
		a := args(plan.Default(), nil)
		a.AWS.QueryLogGroups = nil
		for i := range groups {
			a.AWS.QueryLogGroups = append(a.AWS.QueryLogGroups, text(fmt.Sprint("/queries/", i)))
		}
		log := sent.Record(t, invent, func(ctx *pulumi.Context) error {
			_, err := New(ctx, "burrow", a)
			return err
		})
		read := map[any]bool{}
		for _, f := range log.Of(awstype.LogMetricFilter) {
			read[f.Inputs["logGroupName"]] = true
		}
		on := 0
		for _, alarm := range log.Of(awstype.MetricAlarm) {
			if alarm.Name == "burrow-aws-dns-failing" {
				on++
			}
		}
		drawn := strings.Contains(log.One(t, awstype.Dashboard).Inputs["dashboardBody"].(string), logMetrics)
		if len(read) != groups || on != alarms || drawn != (groups > 0) {
			t.Errorf("of %d groups %d are counted in, with %d alarms; drawn: %v", groups, len(read), on, drawn)
		}
	}
}

// Every zone has an interface of each endpoint, and one that is missing pages.
func TestResolverAlarmsCountTheZones(t *testing.T) {
	p := plan.Default()
	p.Network.AWS.Zones = append(slices.Clone(p.Network.AWS.Zones), p.Network.AWS.Zones[0])
	log := record(t, p)
	for _, end := range []string{"inbound", "outbound"} {
		same(t, end, log.Named(t, awstype.MetricAlarm, "burrow-resolver-"+end+"-unhealthy").Inputs["threshold"], 3)
	}
}

// The key and the topic let CloudWatch in, for this account's alarms alone.
func TestPolicies(t *testing.T) {
	log := record(t, modes["virtual-private-gateway"])
	const alarms, topic = "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:*", "arn:aws:sns:eu-west-2:123456789012:burrow-alarms"
	key := statements(t, log.One(t, awstype.Key).Inputs["policy"])
	same(t, "key, account", key[0], map[string]any{
		"Effect": "Allow", "Principal": map[string]any{"AWS": "arn:aws:iam::123456789012:root"}, "Action": []any{"kms:*"}, "Resource": []any{"*"},
	})
	for i, service := range []struct{ name, on string }{{"cloudwatch.amazonaws.com", alarms}, {"sns.amazonaws.com", topic}} {
		same(t, "key, "+service.name, key[i+1], map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"Service": service.name}, "Resource": []any{"*"},
			"Action": []any{"kms:Decrypt", "kms:GenerateDataKey*"},
			"Condition": map[string]any{
				"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}, "ArnLike": map[string]any{"aws:SourceArn": service.on},
			},
		})
	}
	publish := map[string]any{"Action": []any{"sns:Publish"}, "Resource": []any{topic}}
	want := []map[string]any{
		{
			"Effect": "Allow", "Principal": map[string]any{"Service": "cloudwatch.amazonaws.com"},
			"Condition": map[string]any{
				"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}, "ArnLike": map[string]any{"aws:SourceArn": alarms},
			},
		},
		{"Effect": "Deny", "Principal": "*", "Condition": map[string]any{"ArnNotLike": map[string]any{"aws:SourceArn": alarms}}},
		{"Effect": "Deny", "Principal": "*", "Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}},
	}
	got := statements(t, log.One(t, awstype.TopicPolicy).Inputs["policy"])
	if len(key) != 3 || len(got) != len(want) {
		t.Fatalf("%d and %d statements", len(key), len(got))
	}
	for i := range want {
		maps.Copy(want[i], publish)
		same(t, fmt.Sprint("topic, ", i), got[i], want[i])
	}
	same(t, "the topic's key", log.One(t, awstype.Topic).Inputs["kmsMasterKeyId"], "<burrow-topic-key>")
}

func TestProtection(t *testing.T) {
	for _, protect := range []bool{true, false} {
		p := plan.Default()
		p.Estate.Protect = protect
		for _, r := range record(t, p).All() {
			if got, want := r.Options.GetProtect(), protect && r.Type == awstype.Key; got != want {
				t.Errorf("estate.protect %v: %s is protected: %v", protect, r.Name, got)
			}
		}
	}
}

// BGP alerts name the tunnel's own instance: the other one reports the peer as
// down for ever.
func TestBGPAlerts(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		for _, tunnel := range p.VPN.OrderedTunnels() {
			name := "burrow-bgp-" + tunnel.Name() + "-down"
			criterion := at(log.Named(t, azuretype.MetricAlert, name).Inputs, "criteria", "allOf", 0).(map[string]any)
			same(t, name, criterion["metricName"], "BgpPeerStatus")
			same(t, name, fmt.Sprint(criterion["operator"], criterion["threshold"], criterion["timeAggregation"]), "LessThan1Average")
			same(t, name, dimensionsOf(criterion), map[string]any{
				"BgpPeerAddress": []any{tunnel.AWSInside().String()},
				"Instance":       []any{fmt.Sprintf("GatewayTenantWorker_IN_%d", tunnel.Instance)},
			})
		}
	})
}

// 80 % of 650 Mbit/s are 65 million bytes a second, on each of the four connections
// and on each instance: the average of both would be half of it.
func TestBandwidthAlert(t *testing.T) {
	inEveryMode(t, func(t *testing.T, _ *plan.Plan, log *sent.Log) {
		alert := log.Named(t, azuretype.MetricAlert, "burrow-tunnel-bandwidth")
		criterion := at(alert.Inputs, "criteria", "allOf", 0).(map[string]any)
		same(t, "metric", criterion["metricName"], "TunnelAverageBandwidth")
		same(t, "limit", criterion["threshold"], 65e6)
		same(t, "dimensions", dimensionsOf(criterion), map[string]any{
			"ConnectionName": []any{
				"to-aws-instance0-tunnel1", "to-aws-instance0-tunnel2", "to-aws-instance1-tunnel1", "to-aws-instance1-tunnel2",
			},
			"Instance": []any{"GatewayTenantWorker_IN_0", "GatewayTenantWorker_IN_1"},
		})
		same(t, "scope", alert.Inputs["scopes"], []any{"/gateway"})
		for _, a := range log.Of(azuretype.MetricAlert) {
			same(t, a.Name, []any{a.Inputs["location"], a.Inputs["windowSize"], a.Inputs["evaluationFrequency"], a.Inputs["autoMitigate"]},
				[]any{"global", "PT5M", "PT5M", true})
		}
	})
}

// The log of tunnels names columns that a new workspace does not have, and may
// not stumble over that; nor may what the other instance logs page.
func TestTunnelQuery(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		rule := log.Named(t, azuretype.ScheduledQueryRule, "burrow-tunnel-disconnected")
		condition := at(rule.Inputs, "criteria", "allOf", 0).(map[string]any)
		kql := condition["query"].(string)
		for _, tunnel := range p.VPN.OrderedTunnels() {
			row := fmt.Sprintf("%q, %q, %q", "aws-"+tunnel.Name(), tunnel.Name(), fmt.Sprintf("GatewayTenantWorker_IN_%d", 1-tunnel.Instance))
			if !strings.Contains(kql, row) {
				t.Errorf("no row %s in\n%s", row, kql)
			}
		}
		for _, column := range []string{"remoteIP_s", "instance_s", "stateChangeReason_s", "status_s"} {
			if strings.Count(kql, column) != 1 || !strings.Contains(kql, fmt.Sprintf(`column_ifexists("%s", "")`, column)) {
				t.Errorf("%s may not exist yet:\n%s", column, kql)
			}
		}
		if !strings.HasSuffix(kql, `| where State == "disconnected"`) || !strings.Contains(kql, `_ResourceId =~ "/gateway"`) {
			t.Errorf("the query is\n%s", kql)
		}
		same(t, "window", rule.Inputs["windowSize"], "P2D")
		same(t, "condition", fmt.Sprint(condition["timeAggregation"], condition["operator"], condition["threshold"]), "CountGreaterThanOrEqual1")
		same(t, "dimensions", dimensionsOf(condition), map[string]any{"Tunnel": []any{"*"}, "RemoteIP": []any{"*"}})
	})
}

func TestDNSQuery(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		rule := log.Named(t, azuretype.ScheduledQueryRule, "burrow-dns-failing")
		condition := at(rule.Inputs, "criteria", "allOf", 0).(map[string]any)
		for _, zone := range []string{p.DNS.AWSZone, p.DNS.AzureZone} {
			if part := fmt.Sprintf(`Name == %[1]q or Name endswith %[2]q, %[1]q`, zone, "."+zone); !strings.Contains(condition["query"].(string), part) {
				t.Errorf("no %s in\n%s", part, condition["query"])
			}
		}
		same(t, "scope", rule.Inputs["scopes"], []any{"/workspace"})
		same(t, "condition", fmt.Sprint(condition["operator"], condition["threshold"], rule.Inputs["windowSize"]), "GreaterThanOrEqual5PT15M")
		same(t, "dimensions", dimensionsOf(condition), map[string]any{"Zone": []any{"*"}})
	})
}

// An estate with a suffix shares no name with one without.
func TestSuffix(t *testing.T) {
	p := plan.Default()
	p.Estate.Suffix = "second"
	names := map[string]string{
		awstype.MetricAlarm: "name", awstype.Topic: "name", awstype.Dashboard: "dashboardName", azuretype.ActionGroup: "actionGroupName", azuretype.MetricAlert: "ruleName",
		azuretype.ScheduledQueryRule: "ruleName", azuretype.Workbook: "displayName", "aws:kms/alias:Alias": "name", awstype.LogMetricFilter: "name",
	}
	for _, r := range record(t, p).All() {
		if key := names[r.Type]; key != "" && !strings.HasSuffix(r.Inputs[key].(string), "-second") {
			t.Errorf("%s is called %s", r.Type, r.Inputs[key])
		}
	}
	metric := record(t, p).One(t, awstype.LogMetricFilter).Inputs["metricTransformation"].(map[string]any)
	same(t, "metric", metric["name"], "failed-questions-second")
	first := record(t, plan.Default()).One(t, azuretype.Workbook).Inputs["resourceName"].(string)
	second := record(t, p).One(t, azuretype.Workbook).Inputs["resourceName"].(string)
	if id, err := uuid.Parse(first); err != nil || id.Version() != 5 || first == second {
		t.Errorf("workbooks %s and %s: %v", first, second, err)
	}
}

func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	return v
}

func dimensionsOf(condition map[string]any) map[string]any {
	values := map[string]any{}
	for _, d := range condition["dimensions"].([]any) {
		values[d.(map[string]any)["name"].(string)] = d.(map[string]any)["values"]
	}
	return values
}

func statements(t *testing.T, policy any) []map[string]any {
	t.Helper()
	var document struct{ Statement []map[string]any }
	if err := json.Unmarshal([]byte(policy.(string)), &document); err != nil {
		t.Fatalf("policy %s: %v", policy, err)
	}
	return document.Statement
}

func union(a, b map[string]string) map[string]string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}
