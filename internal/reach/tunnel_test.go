package reach

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/reach/tunneltest"
	"burrow/internal/rules"
)

const (
	testVNet    = tunneltest.VNet
	testGateway = tunneltest.Gateway
)

// A tunnelWorld is a world of four tunnels that are up, object by object.
type tunnelWorld map[string]*inventory.Object

func (w tunnelWorld) add(typ, id string, in inventory.Props) {
	w[id] = &inventory.Object{Type: typ, ID: id, In: in, Out: in.Clone(), Hidden: inventory.Props{}}
}

// set changes an input and the output of the same name.
func (w tunnelWorld) set(id, path string, v any) {
	w[id].In.Set(path, v)
	w[id].Out.Set(path, v)
}

func (w tunnelWorld) unset(id, path string) {
	w[id].In.Del(path)
	w[id].Out.Del(path)
}

func arm(kind, name string) string { return tunneltest.ARM(kind, name) }

func instanceID(i int) string { return tunneltest.Instance(i) }

func fourTunnels() tunnelWorld {
	w := tunnelWorld{}
	for _, o := range tunneltest.Four() {
		w.add(o.Type, o.ID, o.In)
		w[o.ID].Hidden = inventory.Props(o.Hidden).Clone()
	}
	return w
}

// tunnels evaluates the world.
func (w tunnelWorld) tunnels(t *testing.T) []Tunnel { return w.judged(t, Tunnels) }

// tunnelsOf evaluates it for one subnet.
func (w tunnelWorld) tunnelsOf(t *testing.T, subnet string) []Tunnel {
	return w.judged(t, func(view inventory.View) []Tunnel { return TunnelsOf(view, subnet) })
}

func (w tunnelWorld) judged(t *testing.T, judge func(inventory.View) []Tunnel) (all []Tunnel) {
	t.Helper()
	var objects []*inventory.Object
	for _, id := range slices.Sorted(maps.Keys(w)) {
		objects = append(objects, w[id])
	}
	all = judge(inventory.View{Source: inventory.NewList(objects...)})
	if len(all) != 4 {
		t.Fatalf("%d tunnels, want 4", len(all))
	}
	return all
}

func TestTunnelsUp(t *testing.T) {
	for i, tunnel := range fourTunnels().tunnels(t) {
		if !tunnel.IPsec.Up() || !tunnel.BGP.Up() || !tunnel.Routes.Up() {
			t.Errorf("tunnel %d: IPsec %s, BGP %s, routes %s", i, tunnel.IPsec, tunnel.BGP, tunnel.Routes)
		}
	}
	got := fourTunnels().tunnels(t)[3]
	want := "vpn-1 2 instance1 3.0.1.2 20.0.0.2 169.254.22.4/30 169.254.22.5 169.254.22.6 64512 65515"
	if s := fmt.Sprint(got.VPNConnection, " ", got.Number, " ", got.Instance, " ", got.AWSOutside, " ", got.AzureOutside, " ",
		got.Inside, " ", got.AWSInside, " ", got.AzureInside, " ", got.AWSASN, " ", got.AzureASN); s != want {
		t.Errorf("fourth tunnel %s\nwant          %s", s, want)
	}
}

// What is done to the first tunnel, t01, and what comes of it.
func TestTunnelsDown(t *testing.T) {
	conn, lng := arm("connections", "t01"), arm("localNetworkGateways", "t01")
	policy := func(property string, v string) func(tunnelWorld) {
		return func(w tunnelWorld) { w.set(conn, "ipsecPolicies[0]."+property, v) }
	}
	aws := func(option string, v any) func(tunnelWorld) {
		return func(w tunnelWorld) { w.set("vpn-0", "tunnel1"+option, v) }
	}
	cases := map[string]struct {
		spoil func(tunnelWorld)
		// The rule that each layer is down by: "" for up, "-" for down because
		// the layer below is.
		ipsec, bgp, routes string
	}{
		"customer gateway elsewhere": {func(w tunnelWorld) { w.set("cgw-0", "ipAddress", "20.0.0.9") }, "AWV-02", "-", "-"},
		"no public address":          {func(w tunnelWorld) { delete(w, arm("publicIPAddresses", "pip0")) }, "AWV-02", "-", "-"},
		"local gateway elsewhere":    {func(w tunnelWorld) { w.set(lng, "gatewayIpAddress", "3.0.0.9") }, "AVC-02", "-", "-"},
		"no connection":              {func(w tunnelWorld) { delete(w, conn) }, "AVC-02", "-", "-"},
		"no VPN gateway in AWS":      {func(w tunnelWorld) { delete(w, "vgw-1") }, "AWV-35", "-", "-"},
		"connection of another gateway": {func(w tunnelWorld) {
			w.set(conn, "virtualNetworkGateway1.id", arm("virtualNetworkGateways", "other"))
		}, "AVC-08", "-", "-"},
		"another type of connection": {func(w tunnelWorld) { w.set(conn, "connectionType", "Vnet2Vnet") }, "AVC-08", "-", "-"},
		"keys differ":                {aws("PresharedKey", "other"), "XV-07", "-", "-"},
		"Azure ignores a new key (AVC-12)": {func(w tunnelWorld) {
			w.set("vpn-0", "tunnel1PresharedKey", "new")
			w.set(conn, "sharedKey", "new")
		}, "XV-07", "-", "-"},
		"no key in Azure":       {func(w tunnelWorld) { w[conn].Hidden.Del("sharedKey") }, "XV-07", "-", "-"},
		"IKE version":           {aws("IkeVersions", []any{"ikev1"}), "AWV-19", "-", "-"},
		"IKE version in Azure":  {func(w tunnelWorld) { w.set(conn, "connectionProtocol", "IKEv1") }, "AWV-19", "-", "-"},
		"phase 1 encryption":    {policy("ikeEncryption", "AES128"), "XV-01", "-", "-"},
		"phase 1 integrity":     {policy("ikeIntegrity", "SHA256"), "XV-01", "-", "-"},
		"phase 1 group":         {policy("dhGroup", "DHGroup14"), "XV-01", "-", "-"},
		"phase 2 encryption":    {policy("ipsecEncryption", "GCMAES128"), "XV-04", "-", "-"},
		"phase 2 group":         {policy("pfsGroup", "PFS2"), "XV-04", "-", "-"},
		"phase 2 without PFS":   {policy("pfsGroup", "None"), "XV-04", "-", "-"},
		"PFS as in main mode":   {policy("pfsGroup", "PFSMM"), "", "", ""},
		"AWS default proposals": {func(w tunnelWorld) { unsetProposals(w, "vpn-0", 1) }, "", "", ""},
		"Azure default proposals meet only AWS's defaults": {func(w tunnelWorld) {
			w.unset(conn, "ipsecPolicies")
		}, "XV-01", "-", "-"},
		"default proposals on both sides": {func(w tunnelWorld) {
			w.unset(conn, "ipsecPolicies")
			unsetProposals(w, "vpn-0", 1)
		}, "", "", ""},
		"CBC with another integrity": {func(w tunnelWorld) {
			policy("ipsecEncryption", "AES256")(w)
			policy("ipsecIntegrity", "SHA256")(w)
			aws("Phase2EncryptionAlgorithms", []any{"AES256"})(w)
		}, "XV-04", "-", "-"},
		"CBC with the same integrity": {func(w tunnelWorld) {
			policy("ipsecEncryption", "AES256")(w)
			policy("ipsecIntegrity", "SHA256")(w)
			aws("Phase2EncryptionAlgorithms", []any{"AES256"})(w)
			aws("Phase2IntegrityAlgorithms", []any{"SHA2-256"})(w)
		}, "", "", ""},
		"policy-based selectors": {func(w tunnelWorld) { w.set(conn, "usePolicyBasedTrafficSelectors", true) }, "AVC-24", "-", "-"},
		"narrow selectors":       {func(w tunnelWorld) { w.set("vpn-0", "remoteIpv4NetworkCidr", "10.10.0.0/16") }, "AVC-24", "-", "-"},
		"two responders": {func(w tunnelWorld) {
			w.set("vpn-0", "tunnel1StartupAction", "add")
			w.set(conn, "connectionMode", "ResponderOnly")
		}, "XV-10", "-", "-"},
		"AWS waits, Azure starts":      {aws("StartupAction", "add"), "", "", ""},
		"BGP off on the connection":    {func(w tunnelWorld) { w.set(conn, "enableBgp", false) }, "", "AVG-25", "-"},
		"BGP off on the gateway":       {func(w tunnelWorld) { w.set(testGateway, "enableBgp", false) }, "", "AVG-25", "-"},
		"static routes":                {func(w tunnelWorld) { w.set("vpn-0", "staticRoutesOnly", true) }, "", "AVG-25", "-"},
		"wrong BGP peer":               {func(w tunnelWorld) { w.set(lng, "bgpSettings.bgpPeeringAddress", "169.254.21.2") }, "", "AVC-06", "-"},
		"inside CIDR moved":            {aws("InsideCidr", "169.254.21.8/30"), "", "AVC-06 AVC-26", "-"},
		"wrong custom address":         {func(w tunnelWorld) { w.set(conn, "gatewayCustomBgpIpAddresses[0].customBgpIpAddress", "169.254.22.2") }, "", "AVC-26", "-"},
		"no choice, the first fits":    {func(w tunnelWorld) { w.unset(conn, "gatewayCustomBgpIpAddresses") }, "", "", ""},
		"choice of the other instance": {func(w tunnelWorld) { w.set(conn, "gatewayCustomBgpIpAddresses[0].ipConfigurationId", instanceID(1)) }, "", "", ""},
		"address the gateway lacks": {func(w tunnelWorld) {
			w.set(testGateway, "bgpSettings.bgpPeeringAddresses[0].customBgpIpAddresses", []any{"169.254.22.2"})
		}, "", "AVC-26", "-"},
		"AWS's ASN":             {func(w tunnelWorld) { w.set(lng, "bgpSettings.asn", 64513.0) }, "", "AVG-27", "-"},
		"Azure's ASN":           {func(w tunnelWorld) { w.set("cgw-0", "bgpAsn", "65010") }, "", "AWV-01", "-"},
		"gateway not attached":  {func(w tunnelWorld) { w.unset("vgw-1", "vpcId") }, "", "", "AWV-07"},
		"no propagation":        {func(w tunnelWorld) { delete(w, "prop-1") }, "", "", "AWV-08"},
		"propagation in line":   {func(w tunnelWorld) { delete(w, "prop-1"); w.set("rtb-private", "propagatingVgws", []any{"vgw-1"}) }, "", "", ""},
		"Azure ignores BGP":     {func(w tunnelWorld) { delete(w, arm("routeTables", "udr")+"/routes/aws") }, "", "", "AVG-19"},
		"route for a part only": {func(w tunnelWorld) { w.set(arm("routeTables", "udr")+"/routes/aws", "addressPrefix", "10.0.1.0/24") }, "", "", "AVG-19"},
		"networks overlap":      {func(w tunnelWorld) { w.set(testVNet, "addressSpace.addressPrefixes", []any{"10.0.128.0/17"}) }, "", "", "AVG-37"},
		"attached by a resource": {func(w tunnelWorld) {
			w.unset("vgw-1", "vpcId")
			w.add(awstype.VpnGatewayAttachment, "att-1", inventory.Props{"vpnGatewayId": "vgw-1", "vpcId": "vpc-1"})
		}, "", "", ""},
		"same ASN on both sides": {func(w tunnelWorld) {
			w.set("vgw-1", "amazonSideAsn", "65515")
			w.set(lng, "bgpSettings.asn", 65515.0)
		}, "", "AVG-28", "-"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := fourTunnels()
			tc.spoil(w)
			got := w.tunnels(t)[0]
			expectState(t, "IPsec", got.IPsec, tc.ipsec, "")
			expectState(t, "BGP", got.BGP, tc.bgp, "IPsec is down")
			expectState(t, "routes", got.Routes, tc.routes, "BGP is down")
		})
	}
}

// A peer that is not link-local gets Azure's default address (AVC-29), and two
// tunnels of an instance without a choice get the same first address (AVC-26).
func TestAzureBGPAddress(t *testing.T) {
	w := fourTunnels()
	w.unset(arm("connections", "t02"), "gatewayCustomBgpIpAddresses")
	second := w.tunnels(t)[1]
	expectState(t, "BGP", second.BGP, "AVC-26", "")
	if !strings.Contains(second.BGP.String(), `"169.254.21.2"`) {
		t.Errorf("%s, want the first custom address named", second.BGP)
	}
	w = fourTunnels()
	w.unset(arm("connections", "t01"), "gatewayCustomBgpIpAddresses")
	w.set(arm("localNetworkGateways", "t01"), "bgpSettings.bgpPeeringAddress", "10.9.0.1")
	if first := w.tunnels(t)[0]; !strings.Contains(first.BGP.String(), `"10.10.2.4"`) {
		t.Errorf("%s, want the default address named", first.BGP)
	}
}

func TestTunnelReasonsHoldNoKey(t *testing.T) {
	w := fourTunnels()
	w.set("vpn-0", "tunnel1PresharedKey", "SECRET1")
	w[arm("connections", "t01")].Hidden.Set("sharedKey", "SECRET2")
	if s := fmt.Sprint(w.tunnels(t)); strings.Contains(s, "SECRET") {
		t.Errorf("a key shows in %s", s)
	}
}

func unsetProposals(w tunnelWorld, vpn string, n int) {
	for _, phase := range []int{1, 2} {
		for _, option := range []string{"EncryptionAlgorithms", "IntegrityAlgorithms", "DhGroupNumbers"} {
			w.unset(vpn, fmt.Sprintf("tunnel%dPhase%d%s", n, phase, option))
		}
	}
}

// expectState wants a layer up (""), down by rules, or ("-") down because of the
// layer below and nothing else of its own.
func expectState(t *testing.T, layer string, s State, rule, below string) {
	t.Helper()
	switch {
	case rule == "":
		if !s.Up() {
			t.Errorf("%s is %s, want up", layer, s)
		}
	case rule == "-":
		if !slices.Contains(s.Reasons, below) {
			t.Errorf("%s is %s, want down because %s", layer, s, below)
		}
	default:
		var ids []string
		for _, reason := range s.Reasons {
			id, _, _ := strings.Cut(reason, ": ")
			ids = append(ids, id)
			if again := rules.Repeated(reason); len(again) > 0 {
				t.Errorf("%q names %v more than once", reason, again)
			}
		}
		if got := strings.Join(ids, " "); got != rule {
			t.Errorf("%s is %s, want down by %s alone", layer, s, rule)
		}
	}
}
