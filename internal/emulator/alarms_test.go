package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	testInsights  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Insights"
	testWorkspace = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/logs"
	testCluster   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
	testTopic     = "arn:aws:sns:eu-west-2:123456789012:pages"
	testGroupID   = testInsights + "/actionGroups/people"
	suffixOfLB    = "net/relay/1"
	suffixOfGroup = "targetgroup/relay/2"
	cloudWatchMay = `{"Statement":[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*"}]}`
)

// watched is the world of four tunnels with what else can be watched, ways to
// tell people, and one alarm of each kind that rests: "alarm", "alert", "query".
func watched() tunnelWorld {
	w := fourTunnels()
	w.add(resolverEndpointType, "rslvr-in", Props{"direction": "INBOUND", "ipAddresses": []any{
		map[string]any{"ip": "10.0.1.10", "ipId": "rni-1"}, map[string]any{"ip": "10.0.2.10", "ipId": "rni-2"},
	}})
	w.add(loadBalancerType, "lb", Props{"name": "relay", "arn": "arn:lb", "arnSuffix": suffixOfLB})
	w.add(targetGroupType, "tg", Props{"name": "relay", "arn": "arn:tg", "arnSuffix": suffixOfGroup, "port": 30443.0})
	w.add(listenerType, "li", Props{"loadBalancerArn": "arn:lb", "defaultActions": []any{map[string]any{"targetGroupArn": "arn:tg"}}})
	w.add(scalingGroupType, "asg", Props{"name": "asg", "desiredCapacity": 2.0})
	w.add(scalingAttachmentType, "att", Props{"autoscalingGroupName": "asg", "lbTargetGroupArn": "arn:tg"})
	w.add(natGatewayType, "nat-1", Props{})
	w.add(kmsKeyType, "key-1", Props{"arn": "arn:aws:kms:eu-west-2:123456789012:key/key-1", "policy": cloudWatchMay})
	w.add(kmsAliasType, "alias/pages", Props{"name": "alias/pages", "targetKeyId": "key-1"})
	w.add(topicType, testTopic, Props{"name": "pages", "arn": testTopic})
	w.add(subscriptionType, "sub-1", Props{"topic": testTopic, "protocol": "email", "endpoint": "ops@example.com"})
	w.add(metricAlarmType, "alarm", Props{
		"name": "alarm", "namespace": "AWS/VPN", "metricName": "TunnelState", "dimensions": map[string]any{"VpnId": "vpn-0"},
		"statistic": "Minimum", "comparisonOperator": "LessThanThreshold", "threshold": 1.0,
		"treatMissingData": "breaching", "alarmActions": []any{testTopic},
	})
	w.addAlerts()
	return w
}

func (w tunnelWorld) addAlerts() {
	w.add(workspaceType, testWorkspace, Props{})
	w.add(azureClusterType, testCluster, Props{})
	w.add(diagnosticType, testGateway+"/diag", Props{"resourceUri": testGateway, "workspaceId": testWorkspace, "logs": []any{
		map[string]any{"category": "IKEDiagnosticLog", "enabled": true}, map[string]any{"category": "RouteDiagnosticLog", "enabled": false},
	}})
	w.add(diagnosticType, testCluster+"/diag", Props{
		"resourceUri": testCluster, "workspaceId": testWorkspace, "logAnalyticsDestinationType": "Dedicated",
		"logs": []any{map[string]any{"category": "kube-audit", "enabled": true}},
	})
	w.add(actionGroupType, testGroupID, Props{"enabled": true, "emailReceivers": []any{map[string]any{"name": "ops", "emailAddress": "ops@example.com"}}})
	w.add(metricAlertType, testInsights+"/metricAlerts/alert", Props{
		"enabled": true, "scopes": []any{testGateway}, "windowSize": "PT5M",
		"actions": []any{map[string]any{"actionGroupId": testGroupID}},
		"criteria": map[string]any{"allOf": []any{map[string]any{
			"criterionType": "StaticThresholdCriterion", "metricName": "BgpPeerStatus", "timeAggregation": "Average",
			"operator": "LessThan", "threshold": 1.0,
			"dimensions": []any{
				map[string]any{"name": "BgpPeerAddress", "operator": "Include", "values": []any{"169.254.21.1", "169.254.22.1"}},
				map[string]any{"name": "Instance", "operator": "Include", "values": []any{"GatewayTenantWorker_IN_0"}},
			},
		}}},
	})
	w.add(queryRuleType, testInsights+"/scheduledQueryRules/query", Props{
		"enabled": true, "scopes": []any{testWorkspace}, "actions": map[string]any{"actionGroups": []any{testGroupID}},
		"criteria": map[string]any{"allOf": []any{map[string]any{
			"query":    "// down\nAzureDiagnostics | where Category == \"IKEDiagnosticLog\" | where Message has \"down\"",
			"operator": "GreaterThan", "threshold": 0.0,
		}}},
	})
}

// alarms evaluates the world: the three alarms by name.
func (w tunnelWorld) alarms(t *testing.T) map[string]Alarm {
	t.Helper()
	byName := map[string]Alarm{}
	err := openTestWorld(t).Update(func(tx *Tx) error {
		for _, id := range slices.Sorted(maps.Keys(w)) {
			tx.Put(w[id])
		}
		for _, a := range Alarms(tx) {
			byName[a.Name] = a
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return byName
}

func TestAlarmsRest(t *testing.T) {
	got := watched().alarms(t)
	for name, want := range map[string]string{
		"alarm": "aws AWS/VPN/TunnelState [vpn-0] OK 2 of 2 tunnels are established [] " +
			"[{" + testTopic + " [email:ops@example.com]}]",
		"alert": "azure-native Microsoft.Network/virtualNetworkGateways/BgpPeerStatus [" + testGateway + "] OK " +
			"BgpPeerStatus of none is LessThan 1 [] [{" + testGroupID + " [email:ops]}]",
		"query": "azure-native log query [" + testWorkspace + "] OK " +
			"nothing is logged in the emulated clouds, so the query finds no rows [] [{" + testGroupID + " [email:ops]}]",
	} {
		a := got[name]
		if s := fmt.Sprint(a.Cloud, " ", a.Metric, " ", a.Watches, " ", a.State, " ", a.Why, " ", a.Broken, " ", a.Reaches); s != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, s, want)
		}
	}
}

// An alarmCase is what is done to the world and what becomes of an alarm: its
// state, a part of the reason, and the rules that it is broken by.
type alarmCase struct {
	change func(tunnelWorld)
	state  AlarmState
	why    string
	broken string
}

func checkAlarms(t *testing.T, alarm string, cases map[string]alarmCase) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := watched()
			tc.change(w)
			a := w.alarms(t)[alarm]
			var rules []string
			for _, reason := range a.Broken {
				rule, _, _ := strings.Cut(reason, ": ")
				rules = append(rules, rule)
			}
			if got := strings.Join(rules, " "); a.State != tc.state || !strings.Contains(a.Why, tc.why) || got != tc.broken {
				t.Errorf("%s: %s, broken %q; want %s because %q, broken by %q", a.State, a.Why, a.Broken, tc.state, tc.why, tc.broken)
			}
			if works := len(a.Reaches) > 0; !works && len(a.Broken) == 0 {
				t.Error("it reaches nobody and is not broken")
			}
		})
	}
}

// metric makes the alarm watch another metric: "AWS/VPN TunnelState VpnId=vpn-0 …",
// then operator, threshold.
func metric(line, operator string, value float64) func(tunnelWorld) {
	return func(w tunnelWorld) {
		words := strings.Fields(line)
		dimensions := map[string]any{}
		for _, word := range words[2:] {
			name, v, _ := strings.Cut(word, "=")
			dimensions[name] = v
		}
		for property, v := range map[string]any{
			"namespace": words[0], "metricName": words[1], "dimensions": dimensions, "comparisonOperator": operator, "threshold": value,
		} {
			w.set("alarm", property, v)
		}
	}
}

func both(changes ...func(tunnelWorld)) func(tunnelWorld) {
	return func(w tunnelWorld) {
		for _, change := range changes {
			change(w)
		}
	}
}

func setting(id, path string, v any) func(tunnelWorld) {
	return func(w tunnelWorld) { w.set(id, path, v) }
}

func without(id string) func(tunnelWorld) { return func(w tunnelWorld) { delete(w, id) } }

func TestCloudWatchMetrics(t *testing.T) {
	const below, atMost, above = "LessThanThreshold", "LessThanOrEqualToThreshold", "GreaterThanThreshold"
	oneDown := setting("vpn-0", "tunnel1PresharedKey", "other")
	bothDown := without("cgw-0")
	group := " LoadBalancer=" + suffixOfLB + " TargetGroup=" + suffixOfGroup
	checkAlarms(t, "alarm", map[string]alarmCase{
		"one tunnel of two down":        {oneDown, AlarmFiring, "1 of 2 tunnels", ""},
		"all down: one is not":          {both(oneDown, metric("AWS/VPN TunnelState VpnId=vpn-0", atMost, 0), setting("alarm", "statistic", "Maximum")), AlarmOK, "1 of 2", ""},
		"all down":                      {both(bothDown, metric("AWS/VPN TunnelState VpnId=vpn-0", atMost, 0)), AlarmFiring, "0 of 2", ""},
		"BGP down, IPsec up":            {setting("cgw-0", "bgpAsn", "65010"), AlarmFiring, "0 of 2", ""},
		"no route back is not seen":     {without("prop-1"), AlarmOK, "2 of 2", ""},
		"by address":                    {both(oneDown, metric("AWS/VPN TunnelState TunnelIpAddress=3.0.0.2", below, 1)), AlarmOK, "1 of 1", ""},
		"by the address that is down":   {both(oneDown, metric("AWS/VPN TunnelState TunnelIpAddress=3.0.0.1", below, 1)), AlarmFiring, "0 of 1", ""},
		"both dimensions":               {metric("AWS/VPN TunnelState VpnId=vpn-0 TunnelIpAddress=3.0.0.1", below, 1), AlarmFiring, "missing data counts as breaching", "AWV-30"},
		"no dimension":                  {metric("AWS/VPN TunnelState", below, 1), AlarmFiring, "no such dimensions", "AWV-30"},
		"names nothing":                 {metric("AWS/VPN TunnelState VpnId=vpn-9", below, 1), AlarmFiring, "names nothing", "AWV-30"},
		"address of nothing":            {metric("AWS/VPN TunnelState TunnelIpAddress=3.0.0.9", below, 1), AlarmFiring, "names nothing", "AWV-30"},
		"fires for ever":                {metric("AWS/VPN TunnelState VpnId=vpn-0", atMost, 1), AlarmFiring, "2 of 2", "LOG-16"},
		"never fires":                   {metric("AWS/VPN TunnelState VpnId=vpn-0", below, 0), AlarmOK, "2 of 2", "LOG-16"},
		"the wrong way round":           {metric("AWS/VPN TunnelState VpnId=vpn-0", above, 0), AlarmFiring, "2 of 2", "LOG-16 LOG-16"},
		"counts samples":                {setting("alarm", "statistic", "SampleCount"), AlarmOK, "2 of 2", "LOG-16"},
		"traffic as liveness":           {metric("AWS/VPN TunnelDataIn VpnId=vpn-0", atMost, 0), AlarmFiring, "no packets", "LOG-16"},
		"much traffic":                  {metric("AWS/VPN TunnelDataOut VpnId=vpn-0", above, 1e9), AlarmOK, "no packets", ""},
		"learned band":                  {setting("alarm", "comparisonOperator", "LessThanLowerThreshold"), AlarmInsufficient, "learned band", ""},
		"no such metric":                {metric("AWS/VPN TunnelStatus VpnId=vpn-0", below, 1), AlarmFiring, "nothing sends", "LOG-15"},
		"missing is good":               {both(metric("AWS/VPN TunnelStatus VpnId=vpn-0", below, 1), setting("alarm", "treatMissingData", "notBreaching")), AlarmOK, "counts as good", "LOG-15"},
		"missing is ignored":            {both(metric("AWS/VPN TunnelStatus VpnId=vpn-0", below, 1), setting("alarm", "treatMissingData", "ignore")), AlarmInsufficient, "as it was", "LOG-15"},
		"missing is missing":            {both(metric("AWS/VPN TunnelStatus VpnId=vpn-0", below, 1), func(w tunnelWorld) { w.unset("alarm", "treatMissingData") }), AlarmInsufficient, "nothing sends", "LOG-15"},
		"healthy addresses":             {metric("AWS/Route53Resolver EndpointHealthyENICount EndpointId=rslvr-in", below, 2), AlarmOK, "all 2 addresses", ""},
		"more addresses than there are": {metric("AWS/Route53Resolver EndpointHealthyENICount EndpointId=rslvr-in", below, 3), AlarmFiring, "all 2", "LOG-15"},
		"unhealthy addresses":           {metric("AWS/Route53Resolver EndpointUnhealthyENICount EndpointId=rslvr-in", above, 0), AlarmOK, "all 2", ""},
		"unhealthy never":               {metric("AWS/Route53Resolver EndpointUnhealthyENICount EndpointId=rslvr-in", above, 2), AlarmOK, "all 2", "LOG-15"},
		"queries in":                    {metric("AWS/Route53Resolver InboundQueryVolume RniId=rni-2", above, 10), AlarmOK, "no packets", ""},
		"queries out of an inbound one": {metric("AWS/Route53Resolver OutboundQueryVolume EndpointId=rslvr-in", above, 10), AlarmFiring, "never sends", "LOG-15"},
		"interface of nothing":          {metric("AWS/Route53Resolver InboundQueryVolume RniId=rni-3", above, 10), AlarmFiring, "names nothing", "LOG-15"},
		"NAT gateway":                   {metric("AWS/NATGateway ErrorPortAllocation NatGatewayId=nat-1", above, 0), AlarmOK, "no packets", ""},
		"NAT gateway gone":              {metric("AWS/NATGateway ErrorPortAllocation NatGatewayId=nat-2", above, 0), AlarmFiring, "names nothing", "LOG-15"},
		"messages": {both(metric("AWS/SNS NumberOfNotificationsFailed TopicName=pages", above, 0), setting("alarm", "treatMissingData", "notBreaching")),
			AlarmOK, "only when a message", ""},
		"transit gateway": {both(metric("AWS/TransitGateway PacketDropCountNoRoute TransitGateway=tgw-1 TransitGatewayAttachment=att-9", above, 0),
			func(w tunnelWorld) {
				w.add(transitGatewayType, "tgw-1", Props{})
				w.add(vpcAttachmentType, "att-9", Props{})
			}), AlarmOK, "no packets", ""},
		"attachment alone": {metric("AWS/TransitGateway PacketDropCountNoRoute TransitGatewayAttachment=att-9", above, 0), AlarmFiring, "no such dimensions", "LOG-15"},
		"metric math": {setting("alarm", "metricQueries", []any{map[string]any{"id": "m", "metric": map[string]any{
			"namespace": "AWS/VPN", "metricName": "TunnelState", "dimensions": map[string]any{"VpnId": "vpn-7"},
		}}}), AlarmInsufficient, "metric math", "AWV-30"},
		"a filter's metric": {both(metric("Burrow Errors", above, 0), func(w tunnelWorld) {
			w.add(metricFilterType, "f", Props{"metricTransformation": map[string]any{"namespace": "Burrow", "name": "Errors", "defaultValue": "0"}})
		}), AlarmOK, "nothing is logged", ""},
		"a filter's metric without default": {both(metric("Burrow Errors", above, 0), func(w tunnelWorld) {
			w.add(metricFilterType, "f", Props{"metricTransformation": map[string]any{"namespace": "Burrow", "name": "Errors"}})
		}), AlarmFiring, "no default value", ""},
		"no relay":           {metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), AlarmFiring, "no Kubernetes service has node port 30443", ""},
		"no relay, reversed": {metric("AWS/NetworkELB UnHealthyHostCount"+group, above, 0), AlarmFiring, "none of 2 targets", ""},
		"no targets": {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), without("att")),
			AlarmFiring, "has no targets, and missing", ""},
		"a service without pods": {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), relayService), AlarmFiring, "no pods stand behind", ""},
		"relay runs":             {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 2), relayService, relayPods("relay", 2)), AlarmOK, "2 of 2 targets", ""},
		"relay scaled to none":   {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), relayService, relayPods("relay", 0)), AlarmFiring, "no pods", ""},
		"other pods":             {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), relayService, relayPods("other", 2)), AlarmFiring, "no pods", ""},
		"no listener":            {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), without("li")), AlarmFiring, "does not use", "LOG-15"},
		"group alone":            {metric("AWS/NetworkELB HealthyHostCount TargetGroup="+suffixOfGroup, below, 1), AlarmFiring, "no such dimensions", "LOG-15"},
		"ARN for suffix":         {metric("AWS/NetworkELB ActiveFlowCount LoadBalancer=arn:lb", above, 9), AlarmFiring, "names nothing", "LOG-15"},
		"flows":                  {metric("AWS/NetworkELB ActiveFlowCount LoadBalancer="+suffixOfLB, above, 9), AlarmOK, "no packets", ""},
		"another region": {func(w tunnelWorld) {
			for _, id := range []string{"alarm", testTopic} {
				w[id].Region = "us-east-1"
			}
			w["vpn-0"].Region = "eu-west-2"
		}, AlarmFiring, "names nothing", "AWV-30"},
	})
}

func relayService(w tunnelWorld) {
	w.add(serviceType, "svc", Props{
		"metadata": map[string]any{"namespace": "relay"},
		"spec":     map[string]any{"selector": map[string]any{"app": "relay"}, "ports": []any{map[string]any{"nodePort": 30443.0}}},
	})
}

func relayPods(app string, replicas float64) func(tunnelWorld) {
	return func(w tunnelWorld) {
		w.add("kubernetes:apps/v1:Deployment", "deploy", Props{
			"metadata": map[string]any{"namespace": "relay"},
			"spec": map[string]any{"replicas": replicas, "template": map[string]any{"metadata": map[string]any{
				"labels": map[string]any{"app": app, "tier": "x"},
			}}},
		})
	}
}

func TestCloudWatchReach(t *testing.T) {
	policy := func(statement string) func(tunnelWorld) {
		return func(w tunnelWorld) {
			w.add(topicPolicyType, "tp", Props{"arn": testTopic, "policy": `{"Statement":` + statement + `}`})
		}
	}
	const mayPublish = `{"Effect":"Allow","Principal":{"Service":["cloudwatch.amazonaws.com"]},"Action":"SNS:Publish","Resource":"*"}`
	checkAlarms(t, "alarm", map[string]alarmCase{
		"no action":           {setting("alarm", "alarmActions", []any{}), AlarmOK, "", "LOG-15"},
		"actions off":         {setting("alarm", "actionsEnabled", false), AlarmOK, "", "LOG-15"},
		"no topic":            {without(testTopic), AlarmOK, "", "LOG-15"},
		"topic elsewhere":     {func(w tunnelWorld) { w[testTopic].Region = "a"; w["alarm"].Region, w["vpn-0"].Region = "b", "b" }, AlarmOK, "", "LOG-15"},
		"no subscriber":       {without("sub-1"), AlarmOK, "", "LOG-15"},
		"another's topic":     {setting("sub-1", "topic", testTopic+"2"), AlarmOK, "", "LOG-15"},
		"not a message":       {setting("alarm", "alarmActions", []any{"arn:aws:automate:eu-west-2:ec2:recover"}), AlarmOK, "", ""},
		"policy for it":       {policy(mayPublish), AlarmOK, "", ""},
		"policy as an object": {setting(testTopic, "policy", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"*"}}`), AlarmOK, "", ""},
		"default policy": {policy(`[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:Publish"],` +
			`"Resource":"*","Condition":{"StringEquals":{"AWS:SourceOwner":"123456789012"}}}]`), AlarmOK, "", ""},
		"policy for another":      {policy(`[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish"}]`), AlarmOK, "", "IAM-03"},
		"policy for the account":  {policy(`[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sns:Publish"}]`), AlarmOK, "", "IAM-03"},
		"policy for another verb": {policy(`[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Subscribe"}]`), AlarmOK, "", "IAM-03"},
		"policy that denies":      {policy(`[` + mayPublish + `,{"Effect":"Deny","Principal":"*","Action":"sns:Publish"}]`), AlarmOK, "", "IAM-03"},
		"policy that denies plain text": {policy(`[` + mayPublish + `,{"Effect":"Deny","Principal":"*","Action":"sns:Publish",` +
			`"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]`), AlarmOK, "", ""},
		"policy that is none": {policy(`[`), AlarmOK, "", "IAM-03"},
		"key by id":           {setting(testTopic, "kmsMasterKeyId", "key-1"), AlarmOK, "", ""},
		"key by ARN":          {setting(testTopic, "kmsMasterKeyId", "arn:aws:kms:eu-west-2:123456789012:key/key-1"), AlarmOK, "", ""},
		"key by alias":        {setting(testTopic, "kmsMasterKeyId", "alias/pages"), AlarmOK, "", ""},
		"AWS's key":           {setting(testTopic, "kmsMasterKeyId", "alias/aws/sns"), AlarmOK, "", "IAM-03"},
		"key without CloudWatch": {both(setting(testTopic, "kmsMasterKeyId", "key-1"), setting("key-1", "policy",
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}]}`)), AlarmOK, "", "IAM-03"},
		"key to decrypt only": {both(setting(testTopic, "kmsMasterKeyId", "key-1"), setting("key-1", "policy",
			strings.Replace(cloudWatchMay, `,"kms:GenerateDataKey*"`, "", 1))), AlarmOK, "", "IAM-03"},
	})
}

func TestAzureAlerts(t *testing.T) {
	const alert, criterion = testInsights + "/metricAlerts/alert", "criteria.allOf[0]."
	change := func(path string, v any) func(tunnelWorld) { return setting(alert, criterion+path, v) }
	onlyPeer := change("dimensions", []any{map[string]any{"name": "BgpPeerAddress", "operator": "Include", "values": []any{"*"}}})
	down := setting(arm("localNetworkGateways", "t01"), "bgpSettings.asn", 64513.0)
	tunnel := func(metric, operator string, value float64) func(tunnelWorld) {
		return both(change("metricName", metric), change("operator", operator), change("threshold", value), change("dimensions", []any{
			map[string]any{"name": "ConnectionName", "operator": "Include", "values": []any{"t01"}},
		}))
	}
	checkAlarms(t, alert[strings.LastIndex(alert, "/")+1:], map[string]alarmCase{
		"a peer down":               {down, AlarmFiring, "the BGP peer 169.254.21.1 is down at GatewayTenantWorker_IN_0", ""},
		"a peer of no concern down": {setting(arm("localNetworkGateways", "t11"), "bgpSettings.asn", 64513.0), AlarmOK, "of none", ""},
		"without instance":          {onlyPeer, AlarmFiring, "is 0.5", "LOG-13"},
		"without instance, highest": {both(onlyPeer, change("timeAggregation", "Maximum")), AlarmOK, "of none", ""},
		"without any, lowest":       {both(change("dimensions", []any{}), change("timeAggregation", "Minimum")), AlarmFiring, "is 0", "LOG-13"},
		"the other instance":        {change("dimensions[1].values", []any{"GatewayTenantWorker_IN_1"}), AlarmFiring, "is 0", "LOG-13"},
		"every instance":            {change("dimensions[1].values", []any{"*"}), AlarmFiring, "is 0", "LOG-13"},
		"all but the other":         {both(change("dimensions[1].operator", "Exclude"), change("dimensions[1].values", []any{"GatewayTenantWorker_IN_1"})), AlarmOK, "of none", ""},
		"no such instance":          {change("dimensions[1].values", []any{"vpn0"}), AlarmInsufficient, "no data", "LOG-13"},
		"no such peer":              {change("dimensions[0].values", []any{"169.254.21.1", "169.254.9.9"}), AlarmOK, "of none", "LOG-13"},
		"no such dimension":         {change("dimensions[1].name", "Node"), AlarmInsufficient, "no data", "LOG-12"},
		"never fires":               {change("threshold", 0.0), AlarmOK, "of none", "LOG-13"},
		"no such metric":            {change("metricName", "TunnelState"), AlarmInsufficient, "no such metric", "LOG-12"},
		"a window of a minute":      {setting(alert, "windowSize", "PT1M"), AlarmOK, "of none", "LOG-14"},
		"a longer window":           {setting(alert, "windowSize", "PT15M"), AlarmOK, "of none", ""},
		"learned":                   {change("criterionType", "DynamicThresholdCriterion"), AlarmInsufficient, "learns", ""},
		"another operator":          {change("operator", "Near"), AlarmInsufficient, "Near is not known", ""},
		"scope gone":                {setting(alert, "scopes", []any{testGateway + "2"}), AlarmInsufficient, "nothing is watched", "PRO-05"},
		"routes learned":            {change("metricName", "BgpRoutesLearned"), AlarmOK, "of none", ""},
		"no BGP":                    {func(w tunnelWorld) { staticAzure(w) }, AlarmInsufficient, "no data", "LOG-13"},
		"security associations":     {tunnel("MmsaCount", "LessThan", 1), AlarmOK, "of none", ""},
		"security associations gone": {both(tunnel("MmsaCount", "LessThan", 1), setting("vpn-0", "tunnel1PresharedKey", "x")),
			AlarmFiring, "IPsec of t01 is down", ""},
		"bandwidth":           {tunnel("TunnelAverageBandwidth", "GreaterThan", 1e9), AlarmOK, "of none", ""},
		"drops":               {tunnel("TunnelEgressPacketDropCount", "GreaterThan", 0), AlarmOK, "of none", ""},
		"gateway's bandwidth": {both(change("metricName", "AverageBandwidth"), change("dimensions", []any{}), change("operator", "GreaterThan")), AlarmOK, "of none", ""},
		"two criteria, one met": {both(down, func(w tunnelWorld) {
			w.set(alert, "criteria.allOf[1]", map[string]any{"metricName": "AverageBandwidth", "operator": "GreaterThan", "threshold": 5.0})
		}), AlarmOK, "of none", ""},
		"a cluster": {both(setting(alert, "scopes", []any{testCluster}), change("metricName", "node_cpu_usage_percentage"),
			change("operator", "GreaterThan"), change("threshold", 80.0), change("dimensions", []any{})), AlarmOK, "of none", ""},
		"a cluster's no metric": {setting(alert, "scopes", []any{testCluster}), AlarmInsufficient, "no such metric", "LOG-12"},
		"disabled":              {setting(alert, "enabled", false), AlarmOK, "", "LOG-11"},
		"no action":             {setting(alert, "actions", []any{}), AlarmOK, "", "LOG-11"},
		"no action group":       {without(testGroupID), AlarmOK, "", "PRO-05"},
		"action group disabled": {setting(testGroupID, "enabled", false), AlarmOK, "", "LOG-11"},
		"no receiver":           {setting(testGroupID, "emailReceivers", []any{}), AlarmOK, "", "LOG-11"},
		"another receiver": {both(setting(testGroupID, "emailReceivers", []any{}), setting(testGroupID, "webhookReceivers", []any{map[string]any{"name": "hook"}})),
			AlarmOK, "", ""},
	})
}

// staticAzure takes BGP from Azure's connections.
func staticAzure(w tunnelWorld) {
	for _, name := range []string{"t01", "t02", "t11", "t12"} {
		w.set(arm("connections", name), "enableBgp", false)
	}
}

func TestQueryRules(t *testing.T) {
	const rule = testInsights + "/scheduledQueryRules/query"
	query := func(text string) func(tunnelWorld) { return setting(rule, "criteria.allOf[0].query", text) }
	diag, aks := testGateway+"/diag", testCluster+"/diag"
	flowLog := func(enabled bool) func(tunnelWorld) {
		return func(w tunnelWorld) {
			w.add(azureFlowType, arm("flowLogs", "f"), Props{"flowAnalyticsConfiguration": map[string]any{
				"networkWatcherFlowAnalyticsConfiguration": map[string]any{"enabled": enabled, "workspaceResourceId": testWorkspace},
			}})
		}
	}
	checkAlarms(t, "query", map[string]alarmCase{
		"absence":              {both(setting(rule, "criteria.allOf[0].operator", "LessThan"), setting(rule, "criteria.allOf[0].threshold", 1.0)), AlarmFiring, "no rows", ""},
		"workspace gone":       {without(testWorkspace), AlarmInsufficient, "nothing is watched", "PRO-05"},
		"no setting":           {without(diag), AlarmInsufficient, "not fed", "LOG-09"},
		"setting of nothing":   {setting(diag, "resourceUri", testGateway+"2"), AlarmInsufficient, "not fed", "LOG-09"},
		"setting to elsewhere": {setting(diag, "workspaceId", testWorkspace+"2"), AlarmInsufficient, "not fed", "LOG-09"},
		"category off":         {query(`AzureDiagnostics | where Category == "RouteDiagnosticLog"`), AlarmInsufficient, "not fed", "LOG-09"},
		"one of two off":       {query(`AzureDiagnostics | where Category in ("IKEDiagnosticLog", 'RouteDiagnosticLog')`), AlarmInsufficient, "not fed", "LOG-09"},
		"category excluded":    {query(`AzureDiagnostics | where Category != "RouteDiagnosticLog"`), AlarmOK, "no rows", ""},
		"in capitals":          {query(`AzureDiagnostics | where Category =~ "ikediagnosticlog"`), AlarmOK, "no rows", ""},
		"commented out":        {query("AzureDiagnostics\n// | where Category == \"RouteDiagnosticLog\""), AlarmOK, "no rows", ""},
		"all logs":             {both(setting(diag, "logs", []any{map[string]any{"categoryGroup": "allLogs", "enabled": true}}), query(`AzureDiagnostics | where Category == "RouteDiagnosticLog"`)), AlarmOK, "", ""},
		"dedicated is not shared": {query(`AzureDiagnostics | where Category == "kube-audit"`),
			AlarmInsufficient, "not fed", "LOG-09"},
		"dedicated":             {query("let x = 5m;\nlet y = 2;\nAKSAudit | where TimeGenerated > ago(x)"), AlarmOK, "no rows", ""},
		"dedicated, other":      {query("AKSControlPlane | take 1"), AlarmInsufficient, "not fed", "LOG-09"},
		"shared is not its own": {both(func(w tunnelWorld) { w.unset(aks, "logAnalyticsDestinationType") }, query("AKSAudit | take 1")), AlarmInsufficient, "not fed", "LOG-09"},
		"no such table":         {query("TunnelLogs | take 1"), AlarmInsufficient, "not fed", "LOG-09"},
		"no table":              {query("// nothing"), AlarmInsufficient, "not fed", "LOG-09"},
		"flows":                 {both(flowLog(true), query("NTANetAnalytics | take 1")), AlarmOK, "no rows", ""},
		"flows not analysed":    {both(flowLog(false), query("NTANetAnalytics | take 1")), AlarmInsufficient, "not fed", "LOG-07"},
		"metrics in logs": {both(setting(diag, "metrics", []any{map[string]any{"category": "AllMetrics", "enabled": true}}), query("AzureMetrics | take 1")),
			AlarmOK, "no rows", ""},
		"metrics not sent":   {query("AzureMetrics | take 1"), AlarmInsufficient, "not fed", "LOG-09"},
		"of one resource":    {setting(rule, "scopes", []any{testGateway}), AlarmOK, "no rows", ""},
		"of another":         {setting(rule, "scopes", []any{testCluster}), AlarmInsufficient, "not fed", "LOG-09"},
		"no criteria":        {setting(rule, "criteria", map[string]any{}), AlarmInsufficient, "not fed", ""},
		"disabled":           {setting(rule, "enabled", false), AlarmOK, "", "LOG-11"},
		"reaches nobody":     {setting(rule, "actions", map[string]any{}), AlarmOK, "", "LOG-11"},
		"action group gone":  {without(testGroupID), AlarmOK, "", "PRO-05"},
		"group without ears": {setting(testGroupID, "emailReceivers", []any{}), AlarmOK, "", "LOG-11"},
	})
}
