package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// transitTunnels are the four tunnels on a transit gateway with its default table.
func transitTunnels() tunnelWorld {
	w := fourTunnels()
	delete(w, "vgw-1")
	delete(w, "prop-1")
	w.add(awstype.TransitGateway, "tgw-1", inventory.Props{
		"amazonSideAsn": "64512", "vpnEcmpSupport": "enable",
		"defaultRouteTableAssociation": "enable", "defaultRouteTablePropagation": "enable",
		"associationDefaultRouteTableId": "tgw-rtb", "propagationDefaultRouteTableId": "tgw-rtb",
	})
	for i, zone := range []string{"a", "b"} {
		w.add(awstype.Subnet, fmt.Sprint("subnet-", i+1), inventory.Props{"availabilityZone": zone})
		w.add(awstype.Subnet, fmt.Sprint("subnet-tgw-", i+1), inventory.Props{"availabilityZone": zone})
	}
	w.add(awstype.TransitVpcAttachment, "attach-vpc", inventory.Props{
		"transitGatewayId": "tgw-1", "vpcId": "vpc-1", "subnetIds": []any{"subnet-tgw-1", "subnet-tgw-2"},
	})
	w.add(awstype.Route, "r-azure", inventory.Props{"routeTableId": "rtb-private", "destinationCidrBlock": "10.10.0.0/16", "transitGatewayId": "tgw-1"})
	for i := range 2 {
		vpn := fmt.Sprint("vpn-", i)
		w.unset(vpn, "vpnGatewayId")
		w.set(vpn, "transitGatewayId", "tgw-1")
		w[vpn].Out.Set("transitGatewayAttachmentId", fmt.Sprint("attach-vpn-", i))
	}
	return w
}

// apart gives the transit gateway's attachments tables of their own, by hand.
func apart(w tunnelWorld) {
	w.set("tgw-1", "defaultRouteTableAssociation", "disable")
	w.set("tgw-1", "defaultRouteTablePropagation", "disable")
	link := func(typ, attachment, table string) {
		w.add(typ, typ+attachment, inventory.Props{"transitGatewayAttachmentId": attachment, "transitGatewayRouteTableId": table})
	}
	link(awstype.TransitRouteTableAssociation, "attach-vpc", "rtb-of-vpc")
	link(awstype.TransitRouteTablePropagation, "attach-vpc", "rtb-of-vpn")
	for i := range 2 {
		link(awstype.TransitRouteTableAssociation, fmt.Sprint("attach-vpn-", i), "rtb-of-vpn")
		link(awstype.TransitRouteTablePropagation, fmt.Sprint("attach-vpn-", i), "rtb-of-vpc")
	}
}

// staticTunnels have BGP on neither side. Azure takes one connection to the VPC's
// range then (AVC-33): of AWS's four tunnels it meets the first.
func staticTunnels() tunnelWorld {
	w := fourTunnels()
	withoutBGP(w)
	for _, vpn := range []string{"vpn-0", "vpn-1"} {
		w.add(awstype.VpnConnectionRoute, vpn+"-route", inventory.Props{"vpnConnectionId": vpn, "destinationCidrBlock": "10.10.0.0/16"})
	}
	return w
}

func withoutBGP(w tunnelWorld) {
	w.set(testGateway, "enableBgp", false)
	for _, vpn := range []string{"vpn-0", "vpn-1"} {
		w.set(vpn, "staticRoutesOnly", true)
	}
	byPrefix(w, "t01")
	for _, name := range []string{"t02", "t11", "t12"} {
		w.goes(name)
	}
}

// byPrefix takes BGP from a connection of Azure's and gives it the VPC's range.
func byPrefix(w tunnelWorld, name string) {
	w.set(arm("connections", name), "enableBgp", false)
	w.unset(arm("localNetworkGateways", name), "bgpSettings")
	w.set(arm("localNetworkGateways", name), "localNetworkAddressSpace.addressPrefixes", []any{"10.0.0.0/16"})
}

// goes takes a connection of Azure's away, and its local network gateway.
func (w tunnelWorld) goes(name string) {
	delete(w, arm("connections", name))
	delete(w, arm("localNetworkGateways", name))
}

// staticBesideBGP has the second VPN connection static, and met by one connection.
func staticBesideBGP() tunnelWorld {
	w := fourTunnels()
	w.set("vpn-1", "staticRoutesOnly", true)
	w.add(awstype.VpnConnectionRoute, "vpn-1-route", inventory.Props{"vpnConnectionId": "vpn-1", "destinationCidrBlock": "10.10.0.0/16"})
	byPrefix(w, "t11")
	w.goes("t12")
	return w
}

// staticTransit is a static VPN connection on a transit gateway: its tables hold
// the routes.
func staticTransit() tunnelWorld {
	w := transitTunnels()
	withoutBGP(w)
	w.add(awstype.TransitRoute, "tgw-r", inventory.Props{
		"transitGatewayRouteTableId": "tgw-rtb", "destinationCidrBlock": "10.10.0.0/16", "transitGatewayAttachmentId": "attach-vpn-0",
	})
	return w
}

func TestShapesUp(t *testing.T) {
	for name, tc := range map[string]struct {
		world   func() tunnelWorld
		change  func(tunnelWorld)
		carry   []int // which of the four
		sending []int
		bgp     string
	}{
		"virtual private gateway": {fourTunnels, nil, []int{0, 1, 2, 3}, []int{0}, "up"},
		"transit gateway":         {transitTunnels, nil, []int{0, 1, 2, 3}, []int{0, 1, 2, 3}, "up"},
		"with tables of its own":  {transitTunnels, apart, []int{0, 1, 2, 3}, []int{0, 1, 2, 3}, "up"},
		"without ECMP": {transitTunnels, func(w tunnelWorld) { w.set("tgw-1", "vpnEcmpSupport", "disable") },
			[]int{0, 1, 2, 3}, []int{0}, "up"},
		"static":                    {staticTunnels, nil, []int{0}, []int{0}, "not asked"},
		"static beside BGP":         {staticBesideBGP, nil, []int{0, 1, 2}, []int{2}, "up"}, // AWV-10
		"static, on a transit one":  {staticTransit, nil, []int{0}, []int{0}, "not asked"},
		"the first connection down": {fourTunnels, func(w tunnelWorld) { delete(w, "cgw-0") }, []int{2, 3}, []int{2}, "down: IPsec is down"},
	} {
		t.Run(name, func(t *testing.T) {
			w := tc.world()
			if tc.change != nil {
				tc.change(w)
			}
			all := w.tunnels(t)
			var carry, sending []int
			for i, tunnel := range all {
				if tunnel.Carries() {
					carry = append(carry, i)
				}
				if tunnel.Sending {
					sending = append(sending, i)
				}
			}
			if !slices.Equal(carry, tc.carry) || !slices.Equal(sending, tc.sending) {
				t.Errorf("%v carry, want %v; %v send, want %v; %+v", carry, tc.carry, sending, tc.sending, all)
			}
			if got := all[0].BGP.String(); got != tc.bgp {
				t.Errorf("BGP of the first is %q, want %q", got, tc.bgp)
			}
		})
	}
}

// What AWS's metric says does not ask for routes, nor for BGP where there is none.
func TestEstablished(t *testing.T) {
	for name, tc := range map[string]struct {
		world func() tunnelWorld
		spoil func(tunnelWorld)
		want  bool
	}{
		"BGP":              {fourTunnels, func(w tunnelWorld) { delete(w, "prop-1") }, true},
		"BGP down":         {fourTunnels, func(w tunnelWorld) { w.set("cgw-0", "bgpAsn", "65010") }, false},
		"static":           {staticTunnels, func(w tunnelWorld) { delete(w, "prop-1") }, true},
		"one side static":  {fourTunnels, func(w tunnelWorld) { w.set("vpn-0", "staticRoutesOnly", true) }, true},
		"static, key lost": {staticTunnels, func(w tunnelWorld) { w.set("vpn-0", "tunnel1PresharedKey", "other") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := tc.world()
			tc.spoil(w)
			if got := w.tunnels(t)[0].Established(); got != tc.want {
				t.Errorf("established is %v, want %v", got, tc.want)
			}
		})
	}
}

// What is done to a world, and by which rules the routes of its first tunnel fall.
func TestShapesDown(t *testing.T) {
	vpcRoute := func(to string, id string) func(tunnelWorld) {
		return func(w tunnelWorld) {
			w.add(awstype.Route, "r-else", inventory.Props{"routeTableId": "rtb-private", "destinationCidrBlock": "10.10.0.0/16", to: id})
		}
	}
	lng := arm("localNetworkGateways", "t01")
	for name, tc := range map[string]struct {
		world  func() tunnelWorld
		spoil  func(tunnelWorld)
		routes string
	}{
		"a static route beats propagation": {fourTunnels, vpcRoute("transitGatewayId", "tgw-1"), "AWV-10"},
		"in the table itself": {fourTunnels, func(w tunnelWorld) {
			w.set("rtb-private", "routes", []any{map[string]any{"cidrBlock": "10.10.0.0/16", "natGatewayId": "nat-1"}})
		}, "AWV-10"},
		"for a part of the VNet": {fourTunnels, func(w tunnelWorld) {
			vpcRoute("natGatewayId", "nat-1")(w)
			w.set("r-else", "destinationCidrBlock", "10.10.64.0/18")
		}, "AWV-10"},
		"a wider one loses": {fourTunnels, func(w tunnelWorld) {
			vpcRoute("natGatewayId", "nat-1")(w)
			w.set("r-else", "destinationCidrBlock", "0.0.0.0/0")
		}, ""},
		"a static route instead of propagation": {fourTunnels, func(w tunnelWorld) {
			delete(w, "prop-1")
			vpcRoute("gatewayId", "vgw-1")(w)
		}, ""},
		"no VPC attached": {transitTunnels, func(w tunnelWorld) { delete(w, "attach-vpc") }, "AWV-38"},
		"no VPN attached": {transitTunnels, func(w tunnelWorld) { w["vpn-0"].Out.Del("transitGatewayAttachmentId") }, "AWV-38"},
		"VPC not associated": {transitTunnels, func(w tunnelWorld) {
			w.set("attach-vpc", "transitGatewayDefaultRouteTableAssociation", false)
		}, "AWV-38"},
		"VPN not associated": {transitTunnels, func(w tunnelWorld) {
			apart(w)
			delete(w, awstype.TransitRouteTableAssociation+"attach-vpn-0")
		}, "AWV-38"},
		"VPC not propagated": {transitTunnels, func(w tunnelWorld) {
			w.set("attach-vpc", "transitGatewayDefaultRouteTablePropagation", false)
		}, "AWV-38"},
		"VPC by a static route": {transitTunnels, func(w tunnelWorld) {
			apart(w)
			delete(w, awstype.TransitRouteTablePropagation+"attach-vpc")
			w.add(awstype.TransitRoute, "tgw-r", inventory.Props{
				"transitGatewayRouteTableId": "rtb-of-vpn", "destinationCidrBlock": "10.0.0.0/16", "transitGatewayAttachmentId": "attach-vpc",
			})
		}, ""},
		"VPN not propagated": {transitTunnels, func(w tunnelWorld) {
			apart(w)
			delete(w, awstype.TransitRouteTablePropagation+"attach-vpn-0")
		}, "AWV-38"},
		"a black hole": {transitTunnels, func(w tunnelWorld) {
			w.add(awstype.TransitRoute, "tgw-r", inventory.Props{
				"transitGatewayRouteTableId": "tgw-rtb", "destinationCidrBlock": "10.10.128.0/17", "blackhole": true,
			})
		}, "AWV-38"},
		"a zone without attachment": {transitTunnels, func(w tunnelWorld) { w.set("attach-vpc", "subnetIds", []any{"subnet-tgw-2"}) }, "AWV-38"},
		"a public zone without":     {transitTunnels, func(w tunnelWorld) { w.set("attach-vpc", "subnetIds", []any{"subnet-tgw-1"}) }, ""},
		"VPC tables know nothing":   {transitTunnels, func(w tunnelWorld) { delete(w, "r-azure") }, "AWV-39"},
		"VPC tables lead elsewhere": {transitTunnels, func(w tunnelWorld) { w.set("r-azure", "transitGatewayId", "tgw-2") }, "AWV-39"},
		"VPC tables know a part":    {transitTunnels, func(w tunnelWorld) { w.set("r-azure", "destinationCidrBlock", "10.10.0.0/17") }, "AWV-39"},
		"a route in the VPC's table": {transitTunnels, func(w tunnelWorld) {
			delete(w, "r-azure")
			w.set("rtb-private", "routes", []any{map[string]any{"cidrBlock": "10.0.0.0/8", "transitGatewayId": "tgw-1"}})
		}, ""},
		"networks overlap":              {transitTunnels, func(w tunnelWorld) { w.set("vpc-1", "cidrBlock", "10.10.0.0/20") }, "AWV-38 AVG-19 AVG-37"},
		"a virtual gateway still beats": {transitTunnels, oldGatewayStays("10.0.0.0/8"), "AWV-39"},
		"a virtual gateway loses":       {transitTunnels, oldGatewayStays("10.10.0.0/16"), ""},
		"static without routes":         {staticTunnels, func(w tunnelWorld) { delete(w, "vpn-0-route") }, "AWV-27"},
		"static with half the VNet":     {staticTunnels, func(w tunnelWorld) { w.set("vpn-0-route", "destinationCidrBlock", "10.10.0.0/17") }, "AWV-27"},
		"static without propagation":    {staticTunnels, func(w tunnelWorld) { delete(w, "prop-1") }, "AWV-08"},
		"static and Azure knows nothing": {staticTunnels, func(w tunnelWorld) {
			w.unset(lng, "localNetworkAddressSpace")
		}, "AVC-05"},
		"static and Azure knows a part": {staticTunnels, func(w tunnelWorld) {
			w.set(lng, "localNetworkAddressSpace.addressPrefixes", []any{"10.0.0.0/17"})
		}, "AVC-05"},
		"static and Azure knows both halves": {staticTunnels, func(w tunnelWorld) {
			w.set(lng, "localNetworkAddressSpace.addressPrefixes", []any{"10.0.0.0/17", "10.0.128.0/17"})
		}, ""},
		"static transit without a route": {staticTransit, func(w tunnelWorld) { delete(w, "tgw-r") }, "AWV-38"},
	} {
		t.Run(name, func(t *testing.T) {
			w := tc.world()
			tc.spoil(w)
			expectState(t, "routes", w.tunnels(t)[0].Routes, tc.routes, "")
		})
	}
}

// oldGatewayStays leaves a virtual private gateway with a connection beside the
// transit gateway, and routes to the transit gateway with the prefix.
func oldGatewayStays(prefix string) func(tunnelWorld) {
	return func(w tunnelWorld) {
		w.set("r-azure", "destinationCidrBlock", prefix)
		w.add(awstype.VpnGateway, "vgw-1", inventory.Props{"vpcId": "vpc-1", "amazonSideAsn": "64512"})
		w.add(awstype.VpnGatewayRoutePropagation, "prop-1", inventory.Props{"routeTableId": "rtb-private", "vpnGatewayId": "vgw-1"})
		w.unset("vpn-1", "transitGatewayId")
		w.set("vpn-1", "vpnGatewayId", "vgw-1")
	}
}

func TestOneSideStatic(t *testing.T) {
	w := fourTunnels()
	w.set("vpn-0", "staticRoutesOnly", true)
	first := w.tunnels(t)[0]
	expectState(t, "BGP", first.BGP, "AVG-25", "")
	expectState(t, "routes", first.Routes, "-", "BGP is down")
	if !first.Static || first.Carries() {
		t.Errorf("static %v, carries %v; want a static tunnel that carries nothing", first.Static, first.Carries())
	}
}

func TestRoute(t *testing.T) {
	for _, tc := range []struct {
		lines string // prefix, "=" for static, to
		want  []string
	}{
		{"", []string{""}},
		{"10.10.0.0/16=a", []string{"a"}},
		{"10.10.0.0/16-a 10.10.0.0/16=b", []string{"b"}},
		{"10.10.0.0/16=b 10.10.0.0/16-a", []string{"b"}},
		{"10.0.0.0/8=b 10.10.0.0/16-a", []string{"a"}},
		{"10.10.0.0/17=a", []string{"a", ""}},
		{"10.10.0.0/17=a 10.10.128.0/17=a", []string{"a", "a"}},
		{"0.0.0.0/0=n 10.10.3.0/24-a", []string{"n", "a"}},
		{"10.11.0.0/16=a 10.10.0.0/33=a pl-1=a", []string{""}},
	} {
		var hops []hop
		for _, line := range splitLines(tc.lines) {
			hops = addHop(hops, line.prefix, line.static, line.to)
		}
		var got []string
		for _, h := range route(hops, netip.MustParsePrefix("10.10.0.0/16")) {
			got = append(got, h.to)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: the VNet goes to %q, want %q", tc.lines, got, tc.want)
		}
	}
}

type testLine struct {
	prefix, to string
	static     bool
}

// splitLines reads "10.0.0.0/8=a 10.1.0.0/16-b": a static line and a propagated one.
func splitLines(text string) (lines []testLine) {
	for _, line := range strings.Fields(text) {
		i := len(line) - 2
		lines = append(lines, testLine{line[:i], line[i+1:], line[i] == '='})
	}
	return lines
}
