package reach

import (
	"maps"
	"slices"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// namesWorld is a private zone of each cloud, each asked for by the other. Source: Amazon
// Route 53 guide, resolver-forwarding-outbound-queries.md and
// resolver-rules-managing.md; azure-docs dns/private-resolver-endpoints-rulesets.md.
func namesWorld() tunnelWorld {
	w := fourTunnels()
	w.set("vpc-1", "defaultNetworkAclId", "acl-0")
	w.add(awstype.Subnet, "subnet-1", inventory.Props{"vpcId": "vpc-1", "cidrBlock": "10.0.1.0/24", "availabilityZone": "a"})
	w.add(awstype.Zone, "zone", inventory.Props{"name": "aws.example.", "vpcs": []any{map[string]any{"vpcId": "vpc-1"}}})
	w.add(awstype.LoadBalancer, "lb", inventory.Props{"arn": "lb", "name": "relay", "internal": true, "dnsName": "Relay-1.elb.eu-west-2.amazonaws.com"})
	w.add(awstype.Record, "record", inventory.Props{"zoneId": "zone", "name": "relay", "fqdn": "relay.aws.example",
		"aliases": []any{map[string]any{"name": "dualstack.relay-1.elb.eu-west-2.amazonaws.com."}}})
	for id, direction := range map[string]string{"in": "INBOUND", "out": "OUTBOUND"} {
		w.add(awstype.ResolverEndpoint, id, inventory.Props{"direction": direction,
			"ipAddresses": []any{map[string]any{"subnetId": "subnet-1", "ip": map[string]string{"in": "10.0.1.53", "out": "10.0.1.54"}[id]}}})
	}
	w.add(awstype.ResolverRule, "rule", inventory.Props{"domainName": "azure.example", "ruleType": "FORWARD", "resolverEndpointId": "out",
		"targetIps": []any{map[string]any{"ip": "10.10.3.4"}}})
	w["rule"].URN = "rule"
	w.add(awstype.ResolverRuleAssociation, "ra", inventory.Props{"resolverRuleId": "rule", "vpcId": "vpc-1"})

	set, zone, resolver := arm("dnsForwardingRulesets", "set"), arm("privateDnsZones", "azure.example"), arm("dnsResolvers", "r")
	vnet, subnet := map[string]any{"id": testVNet}, map[string]any{"id": testVNet + "/subnets/dns"}
	w.add(azuretype.Subnet, testVNet+"/subnets/dns", inventory.Props{"addressPrefix": "10.10.3.0/24"})
	w.add(azuretype.OutboundEndpoint, resolver+"/outboundEndpoints/out", inventory.Props{"subnet": subnet})
	w.add(azuretype.InboundEndpoint, resolver+"/inboundEndpoints/in", inventory.Props{"ipConfigurations": []any{map[string]any{"privateIpAddress": "10.10.3.4", "subnet": subnet}}})
	w.add(azuretype.DnsForwardingRuleset, set, inventory.Props{"dnsResolverOutboundEndpoints": []any{map[string]any{"id": resolver + "/outboundEndpoints/out"}}})
	w.add(azuretype.PrivateResolverVirtualNetworkLink, set+"/virtualNetworkLinks/l", inventory.Props{"virtualNetwork": vnet})
	w.add(azuretype.ForwardingRule, set+"/forwardingRules/f", inventory.Props{"domainName": "aws.example.", "targetDnsServers": []any{map[string]any{"ipAddress": "10.0.1.53"}}})
	w.add(azuretype.PrivateZone, zone, inventory.Props{"privateZoneName": "azure.example"})
	w.add(azuretype.VirtualNetworkLink, zone+"/virtualNetworkLinks/l", inventory.Props{"virtualNetwork": vnet})
	w.add(azuretype.PrivateRecordSet, zone+"/A/bunny", inventory.Props{"recordType": "A"})
	w.add(awstype.Cluster, "relay", inventory.Props{"name": "relay", "vpcConfig": map[string]any{"vpcId": "vpc-1"}})
	w.add(azuretype.ManagedCluster, arm("managedClusters", "bunny"), inventory.Props{"agentPoolProfiles": []any{map[string]any{"vnetSubnetID": testVNet + "/subnets/aks-subnet"}}})
	return w
}

func TestNames(t *testing.T) {
	forward := arm("dnsForwardingRulesets", "set") + "/forwardingRules/f"
	for name, c := range map[string]struct {
		change       func(tunnelWorld)
		relay, bunny Verdict // relay asked in Azure, bunny in AWS
	}{
		"as documented":                  {func(tunnelWorld) {}, Passes, Passes},
		"rules for every name":           {func(w tunnelWorld) { w.set(forward, "domainName", "."); w.set("rule", "domainName", ".") }, Passes, Passes},
		"another rule of Azure":          {func(w tunnelWorld) { w.set(forward, "domainName", "other.example.") }, Stopped, Passes},
		"another port of AWS":            {func(w tunnelWorld) { w.set(forward, "targetDnsServers[0].port", 5353.0) }, Stopped, Passes},
		"another port of Azure":          {func(w tunnelWorld) { w.set("rule", "targetIps[0].port", 5353.0) }, Passes, Stopped},
		"an alias of nothing":            {func(w tunnelWorld) { w.set("record", "aliases[0].name", "gone.elb.eu-west-2.amazonaws.com") }, Stopped, Passes},
		"a cluster in an unknown subnet": {func(w tunnelWorld) { delete(w, testVNet+"/subnets/aks-subnet") }, CannotTell, Passes},
		"a rule that keeps names inside": {func(w tunnelWorld) {
			w.add(awstype.ResolverRule, "inside", inventory.Props{"domainName": "bunny.azure.example", "ruleType": "SYSTEM"})
			w.add(awstype.ResolverRuleAssociation, "ia", inventory.Props{"resolverRuleId": "inside", "vpcId": "vpc-1"})
		}, Passes, Stopped},
		"one that does so for others": {func(w tunnelWorld) {
			w.add(awstype.ResolverRule, "inside", inventory.Props{"domainName": "hare.azure.example", "ruleType": "SYSTEM"})
			w.add(awstype.ResolverRuleAssociation, "ia", inventory.Props{"resolverRuleId": "inside", "vpcId": "vpc-1"})
		}, Passes, Passes},
	} {
		w := namesWorld()
		c.change(w)
		var objects []*inventory.Object
		for _, id := range slices.Sorted(maps.Keys(w)) {
			objects = append(objects, w[id])
		}
		m := newModel(inventory.View{Source: inventory.NewList(objects...)}, true)
		for path, want := range map[string]Verdict{"relay.aws.example asked by bunny": c.relay, "bunny.azure.example asked by relay": c.bunny} {
			all := append(m.namesInAzure(m.All(azuretype.ManagedCluster), m.internalBalancers()), m.namesInAWS(m.All(awstype.Cluster))...)
			at := slices.IndexFunc(all, func(p Path) bool { return p.Name == path })
			switch {
			case at < 0 && want != Stopped:
				t.Errorf("%s: no path %s in %v", name, path, all)
			case at >= 0 && all[at].Verdict() != want:
				t.Errorf("%s: %s %v, want %v: %v", name, path, all[at].Verdict(), want, all[at].Troubles())
			}
		}
	}
}
