package dns

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"burrow/internal/plan"
	"burrow/internal/sent"
)

// record runs the component alone. The clouds invent nothing that it reads but
// names and addresses, and those it fixed itself.
func record(t *testing.T, p *plan.Plan) *sent.Log {
	t.Helper()
	return recordAnd(t, p, func(*Private) error { return nil })
}

// recordAnd is record with a look at the result while outputs can be awaited.
func recordAnd(t *testing.T, p *plan.Plan, check func(*Private) error) *sent.Log {
	t.Helper()
	return sent.Record(t, invent, func(ctx *pulumi.Context) error {
		var subnets []pulumi.IDOutput
		for i := range p.Network.AWS.Zones {
			subnets = append(subnets, id(fmt.Sprintf("subnet-%d", i+1)))
		}
		ready, err := sent.StandIn(ctx, "ready")
		if err != nil {
			return err
		}
		private, err := NewPrivate(ctx, "burrow", PrivateArgs{
			Estate: p.Estate, DNS: p.DNS, Network: p.Network,
			AWS: AWSSide{VPCID: id("vpc"), SubnetIDs: subnets, LogKeyARN: output("log-key")},
			Azure: AzureSide{
				GroupName: output("rg"), VNetID: id("vnet"), Ready: ready,
				InboundSubnetID: id("in"), OutboundSubnetID: id("out"), WorkspaceID: id("workspace"),
			},
			Relay: RelayTarget{DNSName: output("nlb.example"), ZoneID: output("ZNLB")},
		})
		if err != nil {
			return err
		}
		return check(private)
	})
}

func id(s string) pulumi.IDOutput         { return pulumi.ID(s).ToIDOutput() }
func output(s string) pulumi.StringOutput { return pulumi.String(s).ToStringOutput() }

// invent gives Azure's things the names they asked for, and a zone its id.
func invent(r sent.Resource) map[string]any {
	for _, key := range []string{"privateZoneName", "dnsResolverName", "dnsForwardingRulesetName", "dnsResolverPolicyName"} {
		if name, ok := r.Inputs[key]; ok {
			return map[string]any{"name": name}
		}
	}
	return map[string]map[string]any{
		"aws:route53/zone:Zone":            {"zoneId": "ZAWS"},
		"aws:cloudwatch/logGroup:LogGroup": {"arn": "arn:group"},
	}[r.Type]
}

// Each side forwards the other's zone to the other's inbound endpoint.
func TestForwarding(t *testing.T) {
	log := record(t, plan.Default())

	rule := log.One(t, "aws:route53/resolverRule:ResolverRule").Inputs
	same(t, "AWS forwards", rule["domainName"], "private.azure.internal")
	same(t, "AWS forwards to", rule["targetIps"], []any{map[string]any{"ip": "10.10.3.4", "port": 53}})
	same(t, "AWS forwards through", rule["resolverEndpointId"], "<burrow-aws-outbound>")
	association := log.One(t, "aws:route53/resolverRuleAssociation:ResolverRuleAssociation").Inputs
	same(t, "AWS forwards for", association["vpcId"], "vpc")
	same(t, "the association's rule", association["resolverRuleId"], "<burrow-to-azure>")

	forwarding := log.One(t, "azure-native:network:ForwardingRule").Inputs
	same(t, "Azure forwards", forwarding["domainName"], "private.aws.internal.")
	same(t, "Azure forwards to", forwarding["targetDnsServers"], []any{
		map[string]any{"ipAddress": "10.0.1.251", "port": 53},
		map[string]any{"ipAddress": "10.0.2.251", "port": 53},
	})
	ruleset := log.One(t, "azure-native:network:DnsForwardingRuleset").Inputs
	same(t, "Azure forwards through", ruleset["dnsResolverOutboundEndpoints"], []any{map[string]any{"id": "<burrow-azure-outbound>"}})
	link := log.One(t, "azure-native:network:PrivateResolverVirtualNetworkLink").Inputs
	same(t, "Azure forwards for", link["virtualNetwork"], map[string]any{"id": "vnet"})
	same(t, "the link's ruleset", link["dnsForwardingRulesetName"], "burrow-dns-ruleset")
}

func TestEndpoints(t *testing.T) {
	log := record(t, plan.Default())
	for _, want := range []struct {
		name, direction string
		addresses       []any
	}{
		{"burrow-aws-inbound", "INBOUND", []any{
			map[string]any{"ip": "10.0.1.251", "subnetId": "subnet-1"},
			map[string]any{"ip": "10.0.2.251", "subnetId": "subnet-2"},
		}},
		{"burrow-aws-outbound", "OUTBOUND", []any{
			map[string]any{"ip": "10.0.1.252", "subnetId": "subnet-1"},
			map[string]any{"ip": "10.0.2.252", "subnetId": "subnet-2"},
		}},
	} {
		endpoint := log.Named(t, "aws:route53/resolverEndpoint:ResolverEndpoint", want.name).Inputs
		same(t, want.name+" direction", endpoint["direction"], want.direction)
		same(t, want.name+" addresses", endpoint["ipAddresses"], want.addresses)
		same(t, want.name+" group", endpoint["securityGroupIds"], []any{"<" + want.name + "-sg>"})
	}
	inbound := log.One(t, "azure-native:network:InboundEndpoint").Inputs
	same(t, "Azure inbound", inbound["ipConfigurations"], []any{map[string]any{
		"privateIpAddress": "10.10.3.4", "privateIpAllocationMethod": "Static", "subnet": map[string]any{"id": "in"},
	}})
}

// A third zone has an address of each endpoint, and Azure asks there too.
func TestThirdZone(t *testing.T) {
	p := plan.Default()
	p.Network.AWS.Zones = append(p.Network.AWS.Zones, plan.Zone{
		Name: "eu-west-2c", ResolverInbound: netip.MustParseAddr("10.0.3.251"), ResolverOutbound: netip.MustParseAddr("10.0.3.252"),
	})
	log := record(t, p)
	for name, third := range map[string]string{"burrow-aws-inbound": "10.0.3.251", "burrow-aws-outbound": "10.0.3.252"} {
		addresses, _ := log.Named(t, "aws:route53/resolverEndpoint:ResolverEndpoint", name).Inputs["ipAddresses"].([]any)
		if len(addresses) != 3 {
			t.Fatalf("%s has %d addresses, want 3", name, len(addresses))
		}
		same(t, name, addresses[2], map[string]any{"ip": third, "subnetId": "subnet-3"})
	}
	same(t, "Azure forwards to", log.One(t, "azure-native:network:ForwardingRule").Inputs["targetDnsServers"], []any{
		map[string]any{"ipAddress": "10.0.1.251", "port": 53},
		map[string]any{"ipAddress": "10.0.2.251", "port": 53},
		map[string]any{"ipAddress": "10.0.3.251", "port": 53},
	})
}

// The questions of VPC and VNet end up in the estate's own logs.
func TestQueryLogs(t *testing.T) {
	p := plan.Default()
	p.Estate.Suffix = "blue"
	log := record(t, p)
	group := log.One(t, "aws:cloudwatch/logGroup:LogGroup").Inputs
	same(t, "group", group["name"], "/aws/vendedlogs/burrow-resolver-blue")
	same(t, "its key", group["kmsKeyId"], "log-key")
	same(t, "its retention", group["retentionInDays"], p.Network.AWS.LogRetentionDays)
	config := log.One(t, "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig").Inputs
	same(t, "AWS logs to", config["destinationArn"], "arn:group")
	association := log.One(t, "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation").Inputs
	same(t, "AWS logs for", association["resourceId"], "vpc")
	same(t, "the association's config", association["resolverQueryLogConfigId"], "<burrow-aws-query-log>")

	setting := log.One(t, "azure-native:insights:DiagnosticSetting")
	same(t, "Azure logs of", setting.Inputs["resourceUri"], "<burrow-azure-policy>")
	same(t, "Azure logs to", setting.Inputs["workspaceId"], "workspace")
	same(t, "Azure logs", setting.Inputs["logs"], []any{map[string]any{"category": "DnsResponse", "enabled": true}})
	link := log.One(t, "azure-native:network:DnsResolverPolicyVirtualNetworkLink")
	same(t, "Azure logs for", link.Inputs["virtualNetwork"], map[string]any{"id": "vnet"})
	same(t, "the link's policy", link.Inputs["dnsResolverPolicyName"], "burrow-dns-policy-blue")
	if !link.DependsOn(setting) {
		t.Error("the VNet is linked before its questions have a place to go")
	}
}

// Zones are kept where the estate is.
func TestProtectZones(t *testing.T) {
	for _, protect := range []bool{false, true} {
		p := plan.Default()
		p.Estate.Protect = protect
		log := record(t, p)
		for _, typ := range []string{"aws:route53/zone:Zone", "azure-native:network:PrivateZone"} {
			if got := log.One(t, typ).Options.GetProtect(); got != protect {
				t.Errorf("estate.protect = %t: protection of %s is %t", protect, typ, got)
			}
		}
	}
}

// Whoever watches the resolvers finds them.
func TestOutputs(t *testing.T) {
	recordAnd(t, plan.Default(), func(private *Private) error {
		for want, out := range map[string]pulumi.Output{
			"<burrow-aws-inbound>": private.InboundEndpointID, "<burrow-aws-outbound>": private.OutboundEndpointID,
			"<burrow-azure-resolver>": private.AzureResolverID, "<burrow-azure-policy>": private.ResolverPolicyID,
			"/aws/vendedlogs/burrow-resolver": private.QueryLogGroup,
		} {
			got, err := internals.UnsafeAwaitOutput(t.Context(), out)
			if err != nil {
				return err
			}
			same(t, "output", got.Value, want)
		}
		return nil
	})
}

// What is linked to the VNet comes when nothing else is writing there (ANW-06).
func TestLinksWaitForTheVNet(t *testing.T) {
	want := []string{
		"azure-native:network:DnsResolver", "azure-native:network:DnsResolverPolicyVirtualNetworkLink",
		"azure-native:network:PrivateResolverVirtualNetworkLink", "azure-native:network:VirtualNetworkLink",
	}
	log := record(t, plan.Default())
	if got := log.Waiting(log.One(t, sent.StandInType)); !slices.Equal(got, want) {
		t.Errorf("waiting for the VNet: %v, want %v", got, want)
	}
}

// The groups admit DNS from all of Azure's outbound subnet (ADR-14) and let it
// out to the one Azure address, over UDP and TCP, and nothing else.
func TestSecurityGroups(t *testing.T) {
	log := record(t, plan.Default())
	var rules []string
	for _, typ := range []string{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"} {
		for _, r := range log.Of(typ) {
			rules = append(rules, fmt.Sprint(r.Inputs["securityGroupId"], " ", r.Inputs["ipProtocol"], " ",
				r.Inputs["fromPort"], "-", r.Inputs["toPort"], " ", r.Inputs["cidrIpv4"]))
		}
	}
	slices.Sort(rules)
	want := []string{
		"<burrow-aws-inbound-sg> tcp 53-53 10.10.3.16/28",
		"<burrow-aws-inbound-sg> udp 53-53 10.10.3.16/28",
		"<burrow-aws-outbound-sg> tcp 53-53 10.10.3.4/32",
		"<burrow-aws-outbound-sg> udp 53-53 10.10.3.4/32",
	}
	if !slices.Equal(rules, want) {
		t.Errorf("got %q, want %q", rules, want)
	}
	for _, group := range log.Of("aws:ec2/securityGroup:SecurityGroup") {
		if group.Inputs["ingress"] != nil || group.Inputs["egress"] != nil {
			t.Errorf("%s has rules of its own, which fight with the separate ones (PRV-15)", group.Name)
		}
	}
}

func TestRecords(t *testing.T) {
	log := record(t, plan.Default())
	relay := log.One(t, "aws:route53/record:Record").Inputs
	same(t, "relay's name", relay["name"], "relay.private.aws.internal")
	same(t, "relay's alias", relay["aliases"], []any{
		map[string]any{"name": "nlb.example", "zoneId": "ZNLB", "evaluateTargetHealth": true},
	})
	same(t, "relay's zone", relay["zoneId"], "ZAWS")

	bunny := log.One(t, "azure-native:network:PrivateRecordSet")
	same(t, "bunny's type", bunny.Inputs["recordType"], "TXT")
	same(t, "bunny's text", bunny.Inputs["txtRecords"], []any{map[string]any{"value": []any{"bunny offers no inbound service"}}})
	same(t, "bunny's address", bunny.Inputs["aRecords"], nil)
}

func TestBunnyFrontend(t *testing.T) {
	p := plan.Default()
	p.DNS.BunnyFrontend = netip.MustParseAddr("10.10.1.200")
	bunny := record(t, p).One(t, "azure-native:network:PrivateRecordSet")
	same(t, "type", bunny.Inputs["recordType"], "A")
	same(t, "address", bunny.Inputs["aRecords"], []any{map[string]any{"ipv4Address": "10.10.1.200"}})
	same(t, "text", bunny.Inputs["txtRecords"], nil)
	if bunny.Name == record(t, plan.Default()).One(t, "azure-native:network:PrivateRecordSet").Name {
		t.Error("both kinds of record have one name, so that a change between them replaces instead of adding and taking away")
	}
}

// The provider hands a set over in any order; the rule gets one order.
func TestTargetServers(t *testing.T) {
	address := func(s string) route53.ResolverEndpointIpAddress { return route53.ResolverEndpointIpAddress{Ip: &s} }
	one, two, ten := address("10.0.1.251"), address("10.0.2.251"), address("10.0.10.251")
	for _, addresses := range [][]route53.ResolverEndpointIpAddress{{one, two, ten}, {ten, two, one}, {two, ten, one}} {
		var got []string
		for _, server := range targetServers(addresses) {
			got = append(got, fmt.Sprint(server.IpAddress, ":", *server.Port))
		}
		want := []string{"10.0.1.251:53", "10.0.10.251:53", "10.0.2.251:53"}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}
