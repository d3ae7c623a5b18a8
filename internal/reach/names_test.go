package reach

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach/tunneltest"
)

const (
	testRule    = tunneltest.Group + "/dnsForwardingRulesets/set/forwardingRules/aws"
	testZone    = tunneltest.Group + "/privateDnsZones/private.azure.internal"
	testBunny   = testZone + "/A/bunny"
	testCluster = tunneltest.Group + "/managedClusters/aks"
)

// nameWorld is a world of four tunnels in which each cloud has a zone and asks the other
// for its names. Source: azure-docs dns/private-resolver-hybrid-dns.md and Amazon Route 53
// guide, resolver.md.
func nameWorld() tunnelWorld {
	list := func(v ...any) []any { return v }
	id := func(id string) map[string]any { return map[string]any{"id": id} }
	w := fourTunnels()
	w.set("vpc-1", "defaultNetworkAclId", "acl-0")
	w.add(awstype.Subnet, "subnet-1", props{"vpcId": "vpc-1", "cidrBlock": "10.0.1.0/24"})
	w.add(awstype.SecurityGroup, "sg-dns", props{
		"ingress": list(map[string]any{"protocol": "-1", "cidrBlocks": list("10.10.0.0/16")}),
		"egress":  list(map[string]any{"protocol": "-1", "cidrBlocks": list("0.0.0.0/0")}),
	})
	for direction, ip := range map[string]string{"INBOUND": "10.0.1.251", "OUTBOUND": "10.0.1.252"} {
		w.add(awstype.ResolverEndpoint, "rslvr-"+direction, props{
			"direction": direction, "securityGroupIds": list("sg-dns"), "ipAddresses": list(map[string]any{"subnetId": "subnet-1", "ip": ip}),
		})
	}
	w.add(awstype.ResolverRule, "rslvr-rr", props{
		"domainName": "private.azure.internal", "ruleType": "FORWARD", "resolverEndpointId": "rslvr-OUTBOUND", "targetIps": list(map[string]any{"ip": "10.10.3.4"}),
	})
	w.add(awstype.ResolverRuleAssociation, "rslvr-rrassoc", props{"resolverRuleId": "rslvr-rr", "vpcId": "vpc-1"})
	w.add(awstype.Zone, "Z1", props{"name": "private.aws.internal", "vpcs": list(map[string]any{"vpcId": "vpc-1"})})
	w.add(awstype.LoadBalancer, "lb", props{"name": "relay-nlb", "arn": "lb", "internal": true, "dnsName": "relay-nlb-1.elb.eu-west-2.amazonaws.com"})
	w.add(awstype.Record, "Z1_relay", props{
		"zoneId": "Z1", "name": "relay.private.aws.internal", "aliases": list(map[string]any{"name": "relay-nlb-1.elb.eu-west-2.amazonaws.com"}),
	})
	w.add(awstype.Cluster, "relay", props{"name": "relay", "vpcConfig": map[string]any{"vpcId": "vpc-1"}})

	for name, prefix := range map[string]string{"in": "10.10.3.0/28", "out": "10.10.3.16/28"} {
		w.add(azuretype.Subnet, testVNet+"/subnets/"+name, props{"addressPrefix": prefix})
	}
	w.set(testVNet+"/subnets/aks-subnet", "addressPrefix", "10.10.1.0/24")
	w.add(azuretype.InboundEndpoint, arm("dnsResolvers", "r/inboundEndpoints/in"), props{
		"ipConfigurations": list(map[string]any{"privateIpAddress": "10.10.3.4", "subnet": id(testVNet + "/subnets/in")}),
	})
	w.add(azuretype.OutboundEndpoint, arm("dnsResolvers", "r/outboundEndpoints/out"), props{"subnet": id(testVNet + "/subnets/out")})
	set := arm("dnsForwardingRulesets", "set")
	w.add(azuretype.DnsForwardingRuleset, set, props{"dnsResolverOutboundEndpoints": list(id(arm("dnsResolvers", "r/outboundEndpoints/out")))})
	w.add(azuretype.ForwardingRule, testRule, props{
		"domainName": "private.aws.internal.", "forwardingRuleState": "Enabled", "targetDnsServers": list(map[string]any{"ipAddress": "10.0.1.251", "port": 53.0}),
	})
	w.add(azuretype.PrivateResolverVirtualNetworkLink, set+"/virtualNetworkLinks/vnet", props{"virtualNetwork": id(testVNet)})
	w.add(azuretype.PrivateZone, testZone, props{"privateZoneName": "private.azure.internal"})
	w.add(azuretype.VirtualNetworkLink, testZone+"/virtualNetworkLinks/vnet", props{"virtualNetwork": id(testVNet)})
	w.add(azuretype.PrivateRecordSet, testBunny, props{"recordType": "A"})
	w.add(azuretype.ManagedCluster, testCluster, props{"agentPoolProfiles": list(map[string]any{"vnetSubnetID": testVNet + "/subnets/aks-subnet"})})
	return w
}

func (w tunnelWorld) view() inventory.View { return viewOf(slices.Collect(maps.Values(w))...) }

const (
	relayName = "relay.private.aws.internal"
	bunnyName = "bunny.private.azure.internal"
)

// Source: azure-docs dns/private-resolver-endpoints-rulesets.md, rules (the longest name
// wins; "." is the wildcard; an inbound endpoint listens on port 53); Amazon Route 53 guide,
// resolver-overview-forward-vpc-to-network-domain-name-matches.md,
// resolver-overview-forward-vpc-to-network-autodefined-rules.md ("." leaves private zones
// and system rules of longer names alone).
func TestNames(t *testing.T) {
	set := func(id, path string, v any) func(tunnelWorld) { return func(w tunnelWorld) { w.set(id, path, v) } }
	// root is a rule of Azure's for every name, which leads nowhere.
	root := func(w tunnelWorld) {
		w.add(azuretype.ForwardingRule, strings.TrimSuffix(testRule, "aws")+"all", w[testRule].In.With(props{"domainName": "."}))
		w.set(strings.TrimSuffix(testRule, "aws")+"all", "targetDnsServers[0].ipAddress", "10.0.1.9")
	}
	rule := func(domain, typ string) func(tunnelWorld) {
		return func(w tunnelWorld) {
			w.add(awstype.ResolverRule, "rslvr-more", w["rslvr-rr"].In.With(props{"domainName": domain, "ruleType": typ}))
			w.set("rslvr-more", "targetIps[0].ip", "10.10.3.9")
			w.add(awstype.ResolverRuleAssociation, "rslvr-moreassoc", props{"resolverRuleId": "rslvr-more", "vpcId": "vpc-1"})
		}
	}
	for what, c := range map[string]struct {
		change func(tunnelWorld)
		name   string
		azure  bool // asks
		want   Verdict
		by     string // what answers, or stops it
	}{
		"Azure asks AWS":                          {func(tunnelWorld) {}, relayName, true, Passes, testRule},
		"AWS asks Azure":                          {func(tunnelWorld) {}, bunnyName, false, Passes, "rslvr-rr"},
		"a name of nobody's":                      {func(tunnelWorld) {}, "relay.example", true, Stopped, testVNet},
		"Azure forwards every name":               {set(testRule, "domainName", "."), relayName, true, Passes, testRule},
		"a longer rule beats it":                  {root, relayName, true, Passes, testRule},
		"a linked zone beats it":                  {root, bunnyName, true, Passes, testBunny},
		"it takes the rest":                       {root, "relay.example", true, Stopped, strings.TrimSuffix(testRule, "aws") + "all"},
		"a rule whose name is not known":          {set(testRule, "domainName", ""), relayName, true, Stopped, testVNet},
		"AWS forwards every name":                 {set("rslvr-rr", "domainName", "."), bunnyName, false, Passes, "rslvr-rr"},
		"a longer Resolver rule beats it":         {rule(".", "FORWARD"), bunnyName, false, Passes, "rslvr-rr"},
		"an associated zone beats it":             {rule(".", "FORWARD"), relayName, false, Passes, "Z1_relay"},
		"it takes the rest of AWS's":              {rule(".", "FORWARD"), "bunny.example", false, Stopped, "rslvr-more"},
		"a Resolver rule whose name is not known": {set("rslvr-rr", "domainName", ""), bunnyName, false, Stopped, "vpc-1"},
		"a system rule of the name":               {rule(bunnyName, "SYSTEM"), bunnyName, false, Stopped, "vpc-1"},
		"a system rule of a shorter one":          {rule("azure.internal", "SYSTEM"), bunnyName, false, Passes, "rslvr-rr"},
	} {
		w := nameWorld()
		c.change(w)
		m := newModel(w.view(), true)
		var path Path
		if c.azure {
			path.Hops = m.askedInAzure(w[testVNet], c.name, 0)
		} else {
			path.Hops = m.askedInAWS(w["vpc-1"], c.name, 0)
		}
		if path.Verdict() != c.want || path.Hops[0].Resource != c.by {
			t.Errorf("%s: %v by %s, want %v by %s: %v", what, path.Verdict(), path.Hops[0].Resource, c.want, c.by, path.Troubles())
		}
	}
}

// A question goes to the port that its rule names, and inbound endpoints of both clouds
// answer on 53 alone, but for DNS over HTTPS. Source: Amazon Route 53 guide,
// resolver-forwarding-inbound-queries-values.md; azure-docs
// dns/private-resolver-endpoints-rulesets.md, whose rules ask inbound endpoints on 53.
func TestPortsOfTargets(t *testing.T) {
	for _, port := range []any{nil, 53.0, 5353.0, 443.0} {
		w := nameWorld()
		w.set(testRule, "targetDnsServers[0].port", port)
		w.set("rslvr-rr", "targetIps[0].port", port)
		m := newModel(w.view(), true)
		for name, hops := range map[string][]Hop{"Azure": m.askedInAzure(w[testVNet], relayName, 0), "AWS": m.askedInAWS(w["vpc-1"], bunnyName, 0)} {
			want := Passes
			if port != nil && port != any(53.0) {
				want = Stopped
			}
			if got := (Path{Hops: hops}); got.Verdict() != want {
				t.Errorf("%s forwards to port %v: %v, want %v: %v", name, port, got.Verdict(), want, got.Troubles())
			}
		}
	}
}

// Nothing can be told of a question that passes a subnet or a network which is somebody
// else's, and so not in an export.
func TestForeignSubnets(t *testing.T) {
	for what, c := range map[string]struct {
		gone, name string
	}{
		"of AKS nodes":                {testVNet + "/subnets/aks-subnet", relayName},
		"the VNet of AKS nodes":       {testVNet, relayName},
		"of Azure's outbound":         {testVNet + "/subnets/out", relayName},
		"of AWS's inbound":            {"subnet-1", relayName},
		"of AWS's outbound":           {"subnet-1", bunnyName},
		"of Azure's inbound":          {testVNet + "/subnets/in", bunnyName},
		"the VPC of the EKS cluster":  {"vpc-1", bunnyName},
		"of AKS nodes, without names": {testVNet + "/subnets/aks-subnet", "*.corp.example"},
	} {
		w := nameWorld()
		w.add(azuretype.ForwardingRule, testRule+"-corp", w[testRule].In.With(props{"domainName": "corp.example."}))
		delete(w, c.gone)
		found := false
		for _, p := range Paths(w.view(), false) {
			if strings.HasPrefix(p.Name, c.name) {
				found = true
				if p.Verdict() != CannotTell {
					t.Errorf("%s: %s %v, want %v: %v", what, p.Name, p.Verdict(), CannotTell, p.Troubles())
				}
			}
		}
		if !found {
			t.Errorf("%s: %s is not asked for", what, c.name)
		}
	}
}

// An alias names its load balancer in capitals or not, with a dot at the end or without, and
// by its name for both IP versions. Source: Amazon Route 53 guide, DomainNameFormat.md;
// aws-cdk aws-route53-targets README.md.
func TestAliases(t *testing.T) {
	for _, c := range []struct {
		alias, balancer string
		want            Verdict
	}{
		{"relay-nlb-1.elb.eu-west-2.amazonaws.com", "Relay-Nlb-1.elb.eu-west-2.amazonaws.com", Passes},
		{"Relay-Nlb-1.elb.eu-west-2.amazonaws.com.", "relay-nlb-1.elb.eu-west-2.amazonaws.com", Passes},
		{"dualstack.relay-nlb-1.elb.eu-west-2.amazonaws.com", "relay-nlb-1.elb.eu-west-2.amazonaws.com", Passes},
		{"dualstack.Relay-Nlb-1.elb.eu-west-2.amazonaws.com.", "relay-nlb-1.elb.eu-west-2.amazonaws.com.", Passes},
		{"relay-nlb-2.elb.eu-west-2.amazonaws.com", "relay-nlb-1.elb.eu-west-2.amazonaws.com", Stopped},
		{"dualstack.relay-nlb-2.elb.eu-west-2.amazonaws.com", "relay-nlb-1.elb.eu-west-2.amazonaws.com", Stopped},
	} {
		w := nameWorld()
		w.set("Z1_relay", "aliases[0].name", c.alias)
		w.set("lb", "dnsName", c.balancer)
		if got := (Path{Hops: newModel(w.view(), true).askedInAWS(w["vpc-1"], relayName, 0)}); got.Verdict() != c.want {
			t.Errorf("%s of %s: %v, want %v: %v", c.alias, c.balancer, got.Verdict(), c.want, got.Troubles())
		}
		asked := slices.ContainsFunc(Paths(w.view(), true), func(p Path) bool { return strings.HasPrefix(p.Name, relayName) })
		if asked != (c.want == Passes) {
			t.Errorf("%s of %s: the balancer's name is asked for: %t", c.alias, c.balancer, asked)
		}
	}
}

// A rule for every name is no name that somebody asks for, nor is one of which it is unknown.
func TestNamesOfRootRules(t *testing.T) {
	for domain, want := range map[string]int{".": 0, "": 0, "corp.example.": 2} {
		w := nameWorld()
		w.set(testRule, "domainName", domain)
		w.set("rslvr-rr", "domainName", domain)
		w["rslvr-rr"].URN = "urn"
		for _, id := range []string{"Z1_relay", testBunny} {
			delete(w, id)
		}
		asked := slices.DeleteFunc(Paths(w.view(), true), func(p Path) bool { return !strings.HasPrefix(p.Name, "*") })
		if len(asked) != want {
			t.Errorf("of rules for %q, %v are asked for", domain, asked)
		}
	}
}
