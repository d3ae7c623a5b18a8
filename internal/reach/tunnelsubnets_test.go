package reach

import (
	"slices"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// idleSubnet adds subnet-3 with a private table of its own, which leads nothing to
// Azure. Subnet-1 is that of the private table which does.
func idleSubnet(w tunnelWorld) {
	w.add(awstype.Subnet, "subnet-1", inventory.Props{"vpcId": "vpc-1", "availabilityZone": "a"})
	w.add(awstype.Subnet, "subnet-3", inventory.Props{"vpcId": "vpc-1", "availabilityZone": "a"})
	w.add(awstype.RouteTable, "rtb-idle", inventory.Props{"vpcId": "vpc-1"})
	w.add(awstype.RouteTableAssociation, "assoc-3", inventory.Props{"routeTableId": "rtb-idle", "subnetId": "subnet-3"})
}

// balancer lets Azure's packets come to a subnet.
func balancer(subnet string) func(tunnelWorld) {
	return func(w tunnelWorld) {
		w.add(awstype.LoadBalancer, "lb-"+subnet, inventory.Props{"internal": true, "subnetMappings": []any{map[string]any{"subnetId": subnet}}})
	}
}

// mainTable gives the VPC a main table, and subnet-4, which has no other.
func mainTable(w tunnelWorld) {
	w.set("vpc-1", "mainRouteTableId", "rtb-main")
	w.add(awstype.RouteTable, "rtb-main", inventory.Props{"vpcId": "vpc-1"})
	w.add(awstype.Subnet, "subnet-4", inventory.Props{"vpcId": "vpc-1", "availabilityZone": "a"})
}

// Only the tables of subnets that something of Azure comes to are judged, and all
// private ones where nothing is yet.
func TestReachedSubnets(t *testing.T) {
	for name, tc := range map[string]struct {
		change []func(tunnelWorld)
		down   string // the rule, "" for up
	}{
		"nothing to reach yet":      {nil, "AWV-08"},
		"a table that nobody needs": {[]func(tunnelWorld){balancer("subnet-1")}, ""},
		"the balancer's own":        {[]func(tunnelWorld){balancer("subnet-1"), balancer("subnet-3")}, "AWV-08"},
		"nodes": {[]func(tunnelWorld){balancer("subnet-1"), func(w tunnelWorld) {
			w.add(awstype.NodeGroup, "nodes", inventory.Props{"subnetIds": []any{"subnet-3"}})
		}}, "AWV-08"},
		"a resolver endpoint": {[]func(tunnelWorld){balancer("subnet-1"), func(w tunnelWorld) {
			w.add(awstype.ResolverEndpoint, "in", inventory.Props{"ipAddresses": []any{map[string]any{"subnetId": "subnet-3"}}})
		}}, "AWV-08"},
		"a balancer in another VPC": {[]func(tunnelWorld){balancer("subnet-1"), elsewhere("subnet-3"), balancer("subnet-3")}, ""},
		"none but in another VPC":   {[]func(tunnelWorld){elsewhere("subnet-9"), balancer("subnet-9")}, "AWV-08"},
		"subnet that is gone":       {[]func(tunnelWorld){balancer("subnet-1"), balancer("subnet-9")}, ""},
		"a public subnet":           {[]func(tunnelWorld){balancer("subnet-1"), balancer("subnet-2")}, "AWV-08"},
		"nodes in a public subnet": {[]func(tunnelWorld){balancer("subnet-1"), func(w tunnelWorld) {
			w.add(awstype.NodeGroup, "nodes", inventory.Props{"subnetIds": []any{"subnet-2"}})
		}}, ""},
		"a balancer of the internet": {[]func(tunnelWorld){balancer("subnet-1"), balancer("subnet-3"), func(w tunnelWorld) {
			w.set("lb-subnet-3", "internal", false)
		}}, ""},
		"a subnet on the main table": {[]func(tunnelWorld){balancer("subnet-1"), mainTable, balancer("subnet-4")}, "AWV-08"},
		"the main table propagates": {[]func(tunnelWorld){balancer("subnet-1"), mainTable, balancer("subnet-4"), func(w tunnelWorld) {
			w.add(awstype.VpnGatewayRoutePropagation, "prop-4", inventory.Props{"routeTableId": "rtb-main", "vpnGatewayId": "vgw-1"})
		}}, ""},
		"an adopted main table that propagates": {[]func(tunnelWorld){balancer("subnet-1"), mainTable, balancer("subnet-4"), func(w tunnelWorld) {
			w.add(awstype.DefaultRouteTable, "rtb-main", inventory.Props{"propagatingVgws": []any{"vgw-1"}})
		}}, ""},
		"another main table": {[]func(tunnelWorld){balancer("subnet-1"), mainTable, balancer("subnet-4"), func(w tunnelWorld) {
			w.add(awstype.VpnGatewayRoutePropagation, "prop-4", inventory.Props{"routeTableId": "rtb-main", "vpnGatewayId": "vgw-1"})
			w.add(awstype.MainRouteTableAssociation, "main", inventory.Props{"vpcId": "vpc-1", "routeTableId": "rtb-idle"})
		}}, "AWV-08"},
	} {
		t.Run(name, func(t *testing.T) {
			w := fourTunnels()
			idleSubnet(w)
			w.add(awstype.Subnet, "subnet-2", inventory.Props{"vpcId": "vpc-1"})
			for _, change := range tc.change {
				change(w)
			}
			expectState(t, "routes", w.tunnels(t)[0].Routes, tc.down, "")
		})
	}
}

// elsewhere puts a subnet into another VPC.
func elsewhere(subnet string) func(tunnelWorld) {
	return func(w tunnelWorld) {
		w.add(awstype.Vpc, "vpc-2", inventory.Props{"cidrBlock": "10.1.0.0/16"})
		w.add(awstype.Subnet, subnet, inventory.Props{"vpcId": "vpc-2"})
	}
}

// On the way from one gateway to the other, subnet-1 is on the transit gateway with
// the second connection, subnet-3 still on the virtual private gateway with the
// first: each carries for its own subnet, none for both.
func TestTunnelsOf(t *testing.T) {
	w := transitTunnels()
	idleSubnet(w)
	w.add(awstype.VpnGateway, "vgw-1", inventory.Props{"vpcId": "vpc-1", "amazonSideAsn": "64512"})
	w.add(awstype.VpnGatewayRoutePropagation, "prop-3", inventory.Props{"routeTableId": "rtb-idle", "vpnGatewayId": "vgw-1"})
	w.unset("vpn-0", "transitGatewayId")
	w.unset("vpn-0", "transitGatewayAttachmentId")
	w.set("vpn-0", "vpnGatewayId", "vgw-1")
	for name, tc := range map[string]struct {
		all  []Tunnel
		want []int
	}{
		"the subnet on the transit gateway": {w.tunnelsOf(t, "subnet-1"), []int{2, 3}},
		"the one on the other gateway":      {w.tunnelsOf(t, "subnet-3"), []int{0, 1}},
		"every subnet at once":              {w.tunnels(t), nil},
	} {
		var carry []int
		for i, tunnel := range tc.all {
			if tunnel.Carries() {
				carry = append(carry, i)
			}
		}
		if !slices.Equal(carry, tc.want) {
			t.Errorf("%s: %v carry, want %v: %v", name, carry, tc.want, tc.all)
		}
	}
}
