package reach

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// aloneWorld is a load balancer whose nodes are in its subnet, reached through tunnels
// that are up. Nothing but its port may cross; ids of what lets more through are added.
func aloneWorld() tunnelWorld {
	w := fourTunnels()
	w.set("vpc-1", "defaultNetworkAclId", "acl-0")
	w.add(awstype.Subnet, "subnet-1", inventory.Props{"vpcId": "vpc-1", "cidrBlock": "10.0.1.0/28", "availabilityZone": "a"})
	closed, out := "sg-nodes", []any{map[string]any{"protocol": "tcp", "fromPort": 8443.0, "toPort": 8443.0, "cidrBlocks": []any{"10.0.0.0/16"}}}
	w.add(awstype.SecurityGroup, closed, inventory.Props{"egress": out})
	w.add(awstype.SecurityGroup, "sg-lb", inventory.Props{"ingress": []any{
		map[string]any{"protocol": "tcp", "fromPort": 4222.0, "toPort": 4222.0, "cidrBlocks": []any{"10.10.1.0/24"}},
	}})
	w.add(awstype.LoadBalancer, "lb", inventory.Props{"arn": "lb", "name": "relay", "internal": true, "securityGroups": []any{"sg-lb"},
		"subnetMappings": []any{map[string]any{"subnetId": "subnet-1", "privateIpv4Address": "10.0.1.4"}}})
	w.add(awstype.Listener, "listener", inventory.Props{"loadBalancerArn": "lb", "port": 4222.0, "protocol": "TCP"})
	w.add(awstype.Cluster, "relay", inventory.Props{"name": "relay", "vpcConfig": map[string]any{"vpcId": "vpc-1"}})
	w.add(awstype.LaunchTemplate, "lt", inventory.Props{"vpcSecurityGroupIds": []any{closed}})
	w.add(awstype.NodeGroup, "relay:nodes", inventory.Props{"clusterName": "relay", "nodeGroupName": "nodes", "subnetIds": []any{"subnet-1"},
		"launchTemplate": map[string]any{"id": "lt"}})
	subnet, group := testVNet+"/subnets/aks-subnet", arm("networkSecurityGroups", "nsg")
	w.set(subnet, "addressPrefix", "10.10.1.0/24")
	w.set(subnet, "networkSecurityGroup", map[string]any{"id": group})
	w.add(azuretype.NetworkSecurityGroup, group, inventory.Props{})
	rule := inventory.Props{"access": "Deny", "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRange": "*", "priority": 4000.0}
	w.add(azuretype.SecurityRule, group+"/securityRules/in", rule.With(inventory.Props{"direction": "Inbound"}))
	w.add(azuretype.SecurityRule, group+"/securityRules/out", rule.With(inventory.Props{"direction": "Outbound"}))
	w.add(azuretype.ManagedCluster, arm("managedClusters", "bunny"), inventory.Props{"agentPoolProfiles": []any{map[string]any{"vnetSubnetID": subnet}}})
	return w
}

func TestAlone(t *testing.T) {
	group := arm("networkSecurityGroups", "nsg")
	open := func(from, to float64) []any {
		return []any{map[string]any{"protocol": "tcp", "fromPort": from, "toPort": to, "cidrBlocks": []any{"10.10.0.0/16"}}}
	}
	for name, c := range map[string]struct {
		change func(tunnelWorld)
		by     string // a part of what is found, "" for nothing
	}{
		"nothing but the path": {func(tunnelWorld) {}, ""},
		// The load balancer has the first address that a node may have.
		"nodes beside a load balancer": {func(w tunnelWorld) { w.set("sg-nodes", "ingress", open(0, 65535)) }, "to nodes nodes, by acl-0, sg-nodes"},
		"a port of a rule by itself": {func(w tunnelWorld) {
			w.add(awstype.SecurityGroupIngressRule, "rule", inventory.Props{"securityGroupId": "sg-lb", "ipProtocol": "tcp",
				"fromPort": 9000.0, "toPort": 9001.0, "cidrIpv4": "10.10.0.0/16"})
		}, "by acl-0, rule"},
		"a client's port": {func(w tunnelWorld) {
			w.add(azuretype.SecurityRule, group+"/securityRules/dns", inventory.Props{"direction": "Outbound", "access": "Allow", "protocol": "Udp",
				"sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "sourcePortRange": "53", "destinationPortRange": "*", "priority": 100.0})
		}, "Azure: UDP"},
		"a range of a group that AWS made": {func(w tunnelWorld) {
			w.add(awstype.SecurityGroup, "sg-made", inventory.Props{})
			w["sg-made"].MadeBy, w["sg-made"].In = "vpc-1", inventory.Props{}
			w["sg-made"].Out = inventory.Props{"ingress": []any{map[string]any{"protocol": "tcp", "fromPort": 1.0, "toPort": 9.0, "cidrBlocks": []any{"10.10.1.128/25"}}}}
			w.set("lt", "vpcSecurityGroupIds", []any{"sg-made"})
		}, "by acl-0, sg-made"},
	} {
		w := aloneWorld()
		c.change(w)
		var objects []*inventory.Object
		for _, id := range slices.Sorted(maps.Keys(w)) {
			objects = append(objects, w[id])
		}
		var found []string
		for _, e := range Alone(inventory.View{Source: inventory.NewList(objects...)}, true) {
			found = append(found, e.String())
		}
		all := strings.Join(found, "\n")
		if c.by == "" && all != "" || !strings.Contains(all, c.by) {
			t.Errorf("%s: found %q, want %q", name, all, c.by)
		}
	}
}
