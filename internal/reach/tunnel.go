package reach

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

// A Tunnel is one IPsec tunnel of an AWS VPN connection and what meets it in
// Azure, with the state that it would have in real life.
type Tunnel struct {
	VPNConnection string // AWS id
	Number        int    // 1 or 2 within the VPN connection
	// Gateway is AWS's id of the virtual private gateway or, on Transit, of the
	// transit gateway; "" when it is gone.
	Gateway string
	Transit bool
	// Static says that AWS routes by what is written down for the connection,
	// and speaks no BGP over it.
	Static     bool
	Connection string // ARM id of the Azure connection, "" when there is none
	// Instance is the name of the Azure gateway's IP configuration that the
	// tunnel ends at, "" when there is none.
	Instance string

	AWSOutside, AzureOutside netip.Addr
	Inside                   netip.Prefix // the /30
	AWSInside, AzureInside   netip.Addr   // AWS has the first host, Azure the second (AWV-23)
	AWSASN, AzureASN         uint32

	// IPsec is up when keys and proposals agree and one end starts; Azure then
	// shows Connected.
	IPsec State
	// BGP is up when, besides, the session is established. It is NotAsked of a
	// tunnel that both sides route by hand.
	BGP State
	// Routes is up when, besides, both networks use what BGP brings, or what is
	// written down instead of it.
	Routes State
	// KeysUntold says that the keys could not be compared: they are encrypted.
	KeysUntold bool
	// Sending says that AWS sends through this tunnel. The others that are up
	// carry what Azure sends, and take over.
	Sending bool
}

// Carries reports whether traffic gets through the tunnel both ways.
func (t Tunnel) Carries() bool {
	return t.IPsec.Up() && (t.BGP.Up() || t.BGP.NotAsked) && t.Routes.Up()
}

// Established is what AWS's metric TunnelState calls 1: the BGP session, or
// IPsec where routing is static (AWV-30).
func (t Tunnel) Established() bool {
	if t.Static {
		return t.IPsec.Up()
	}
	return t.BGP.Up()
}

// A State is up, or down for reasons. A reason begins with the id of the rule
// that it follows from.
type State struct {
	Reasons []string
	// Resources are, for each reason, the ids of the objects that disagree.
	Resources []string
	// NotAsked says that the layer takes no part, and so is neither up nor down.
	NotAsked bool
}

// Up reports whether nothing speaks against it.
func (s State) Up() bool { return len(s.Reasons) == 0 && !s.NotAsked }

func (s State) String() string {
	switch {
	case s.NotAsked:
		return "not asked"
	case s.Up():
		return "up"
	}
	return "down: " + strings.Join(s.Reasons, "; ")
}

// Tunnels works out the state of every VPN tunnel in the world, in the order in
// which the VPN connections were made: what AWS and Azure accepted is compared as
// the two gateways would compare it.
//
// A tunnel carries when it does for every subnet that Azure's packets come to; see
// [TunnelsOf].
func Tunnels(view inventory.View) []Tunnel { return tunnelsOf(view, "") }

// TunnelsOf judges the tunnels for one subnet of a VPC, by id: while routes change
// one by one, different tunnels carry for different subnets.
func TunnelsOf(view inventory.View, subnet string) []Tunnel { return tunnelsOf(view, subnet) }

func tunnelsOf(view inventory.View, subnet string) []Tunnel {
	view = view.Within("")
	var all []Tunnel
	for _, vpn := range view.All(awstype.VpnConnection) {
		for n := 1; n <= 2; n++ {
			e := newEnds(view, vpn, n)
			e.only = subnet
			all = append(all, e.tunnel())
		}
	}
	chooseSending(view, all)
	return all
}

// ends are all objects that take part in one tunnel. Those of Azure are nil when
// nothing there meets the tunnel.
type ends struct {
	view   inventory.View
	only   string // the one subnet that is asked about, "" for all
	number int
	vpn    *inventory.Object
	cgw    *inventory.Object
	// gateway is AWS's side: a virtual private gateway or a transit gateway.
	gateway *inventory.Object

	vng      *inventory.Object
	ipConfig inventory.Props // of vng, the one with the customer gateway's address
	lng      *inventory.Object
	conn     *inventory.Object
}

func newEnds(view inventory.View, vpn *inventory.Object, number int) *ends {
	e := &ends{view: view, vpn: vpn, number: number}
	e.cgw = view.Get(awstype.CustomerGateway, vpn.In.Str("customerGatewayId"))
	e.gateway = view.Get(awstype.VpnGateway, vpn.In.Str("vpnGatewayId"))
	if e.gateway == nil {
		e.gateway = view.Get(awstype.TransitGateway, vpn.In.Str("transitGatewayId"))
	}
	e.findInstance()
	e.findConnection()
	return e
}

// findInstance finds the Azure gateway instance behind the customer gateway.
func (e *ends) findInstance() {
	if e.cgw == nil {
		return
	}
	pip := e.view.Find(azuretype.PublicIPAddress, "ipAddress", e.cgw.Value("ipAddress"))
	if pip == nil {
		return
	}
	for _, vng := range e.view.All(azuretype.VirtualNetworkGateway) {
		for _, config := range vng.Props().Maps("ipConfigurations") {
			if inventory.SameID(config.Str("publicIPAddress.id"), pip.ID) {
				e.vng, e.ipConfig = vng, config
				return
			}
		}
	}
}

// findConnection finds Azure's connection to the tunnel's AWS address. One of the
// same gateway goes before one of another.
func (e *ends) findConnection() {
	for _, conn := range e.view.All(azuretype.VirtualNetworkGatewayConnection) {
		lng := e.view.Get(azuretype.LocalNetworkGateway, conn.In.Str("localNetworkGateway2.id"))
		if lng == nil || lng.Value("gatewayIpAddress") != e.awsOutside() {
			continue
		}
		if e.conn == nil || e.vng != nil && inventory.SameID(conn.In.Str("virtualNetworkGateway1.id"), e.vng.ID) {
			e.conn, e.lng = conn, lng
		}
	}
}

// option is a property of the tunnel at hand: "InsideCidr" is tunnel1InsideCidr.
func (e *ends) option(name string) string {
	v, _ := e.vpn.Effective(fmt.Sprintf("tunnel%d%s", e.number, name))
	s, _ := v.(string)
	return s
}

func (e *ends) awsOutside() string { return e.option("Address") }

// inside is the /30 with the addresses of AWS and Azure in it.
func (e *ends) inside() (prefix netip.Prefix, aws, azure netip.Addr) {
	prefix, err := netip.ParsePrefix(e.option("InsideCidr"))
	if err != nil {
		return netip.Prefix{}, netip.Addr{}, netip.Addr{}
	}
	aws = prefix.Masked().Addr().Next()
	return prefix, aws, aws.Next()
}

func (e *ends) tunnel() Tunnel {
	t := Tunnel{VPNConnection: e.vpn.ID, Number: e.number, AWSOutside: address(e.awsOutside())}
	t.Inside, t.AWSInside, t.AzureInside = e.inside()
	if e.cgw != nil {
		t.AzureOutside = address(e.cgw.Value("ipAddress"))
	}
	if e.gateway != nil {
		t.Gateway, t.Transit, t.AWSASN = e.gateway.ID, e.onTransit(), asn(e.gateway, "amazonSideAsn")
	}
	if e.conn != nil {
		t.Connection = e.conn.ID
	}
	if e.vng != nil {
		t.Instance, t.AzureASN = e.ipConfig.Str("name"), asn(e.vng, "bgpSettings.asn")
	}
	t.Static = e.static()
	t.IPsec = e.evaluate(ipsecRules)
	t.KeysUntold = e.unmet() == "" && e.keysUnknown()
	if t.Static && e.unmet() == "" && !e.azureSpeaksBGP() {
		t.BGP = State{NotAsked: true}
		t.Routes = e.after("IPsec", t.IPsec, slices.Concat(staticRules, routeRules))
		return t
	}
	t.BGP = e.after("IPsec", t.IPsec, bgpRules)
	t.Routes = e.after("BGP", t.BGP, routeRules)
	return t
}

// tableIDs are the route tables that a reason names.
var tableIDs = regexp.MustCompile(`\b(tgw-)?rtb-\w+`)

// A tunnelRule says why a tunnel is down, or "".
type tunnelRule struct {
	id     rules.ID
	broken func(*ends) string
	// of are the objects that the rule compares.
	of func(*ends) []*inventory.Object
}

// evaluate asks every rule, unless there is nothing in Azure to compare with.
func (e *ends) evaluate(rules []tunnelRule) (s State) {
	if why := e.unmet(); why != "" {
		return State{Reasons: []string{why}, Resources: []string{ids(bothEnds(e))}}
	}
	for _, r := range rules {
		if why := r.broken(e); why != "" {
			s.Reasons = append(s.Reasons, string(r.id)+": "+why)
			s.Resources = append(s.Resources, strings.Join(append(tableIDs.FindAllString(why, -1), ids(r.of(e))), ", "))
		}
	}
	return s
}

// after evaluates a layer above another one.
func (e *ends) after(name string, below State, rules []tunnelRule) State {
	if e.unmet() != "" {
		return State{Reasons: []string{name + " is down"}, Resources: []string{""}}
	}
	s := e.evaluate(rules)
	if !below.Up() {
		s.Reasons = slices.Insert(s.Reasons, 0, name+" is down")
		s.Resources = slices.Insert(s.Resources, 0, "")
	}
	return s
}

// What rules compare. Objects that are not there are nil.
func bothEnds(e *ends) []*inventory.Object     { return []*inventory.Object{e.conn, e.vpn, e.cgw} }
func azureEnd(e *ends) []*inventory.Object     { return []*inventory.Object{e.conn} }
func speakers(e *ends) []*inventory.Object     { return []*inventory.Object{e.conn, e.vpn, e.vng} }
func peers(e *ends) []*inventory.Object        { return []*inventory.Object{e.lng, e.vpn} }
func awsASN(e *ends) []*inventory.Object       { return []*inventory.Object{e.gateway, e.lng} }
func azureASN(e *ends) []*inventory.Object     { return []*inventory.Object{e.vng, e.cgw} }
func gatewaysOf(e *ends) []*inventory.Object   { return []*inventory.Object{e.gateway, e.vng} }
func awsGateway(e *ends) []*inventory.Object   { return []*inventory.Object{e.gateway} }
func azureGateway(e *ends) []*inventory.Object { return []*inventory.Object{e.vng} }

// ids are those of the objects that exist.
func ids(objects []*inventory.Object) string {
	var found []string
	for _, o := range objects {
		if o != nil {
			found = append(found, o.ID)
		}
	}
	return strings.Join(found, ", ")
}

// unmet says what is missing for a tunnel at all (invariants 1 and 2).
func (e *ends) unmet() string {
	switch {
	case e.cgw == nil || e.gateway == nil:
		return "AWV-35: the VPN connection's gateways are gone"
	case e.vng == nil:
		return fmt.Sprintf("AWV-02: no Azure VPN gateway has the customer gateway's address %s", e.cgw.Value("ipAddress"))
	case e.conn == nil:
		return fmt.Sprintf("AVC-02: no Azure connection leads to %s", e.awsOutside())
	case !inventory.SameID(e.conn.In.Str("virtualNetworkGateway1.id"), e.vng.ID):
		return fmt.Sprintf("AVC-08: the connection to %s is of another Azure gateway", e.awsOutside())
	}
	return ""
}

func address(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// asn reads an autonomous system number, which is text in AWS and a number in Azure.
func asn(o *inventory.Object, path string) uint32 {
	v, _ := o.Props().Get(path)
	switch v := v.(type) {
	case float64:
		return uint32(v)
	case string:
		var n uint32
		if _, err := fmt.Sscan(v, &n); err == nil {
			return n
		}
	}
	return 0
}
