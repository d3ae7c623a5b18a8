package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// routeRules keep traffic from the tunnel when one is broken (invariants 12 and
// 13). AWV-07 to AWV-10 are about a virtual private gateway, AWV-38 and AWV-39
// about a transit gateway.
var routeRules = []tunnelRule{
	{"AWV-07", (*ends).notAttached, awsGateway},
	{"AWV-08", (*ends).notPropagated, awsGateway},
	{"AWV-10", (*ends).outrouted, awsGateway},
	{"AWV-38", (*ends).transitUnattached, awsGateway},
	{"AWV-38", (*ends).transitUnassociated, awsGateway},
	{"AWV-38", (*ends).transitLosesVPC, awsGateway},
	{"AWV-38", (*ends).transitLosesVNet, awsGateway},
	{"AWV-38", (*ends).transitMissesZones, awsGateway},
	{"AWV-39", (*ends).transitUnused, awsGateway},
	{"AVG-19", (*ends).azureIgnoresRoutes, azureGateway},
	{"AVG-37", (*ends).networksOverlap, gatewaysOf},
}

// staticRules are what has to be written down where BGP brings nothing.
var staticRules = []tunnelRule{
	{"AWV-27", (*ends).awsLacksRoutes, bothEnds},
	{"AVC-05", (*ends).azureLacksRoutes, peers},
}

// vpcID is the VPC that the gateway is attached to, or "". Of several behind a
// transit gateway it is the one that was attached first.
func (e *ends) vpcID() string {
	if e.onTransit() {
		if a := e.vpcAttachment(); a != nil {
			return a.Value("vpcId")
		}
		return ""
	}
	if vpc := e.gateway.Value("vpcId"); vpc != "" {
		return vpc
	}
	if a := e.view.Find(awstype.VpnGatewayAttachment, "vpnGatewayId", e.gateway.ID); a != nil {
		return a.Value("vpcId")
	}
	return ""
}

func (e *ends) onTransit() bool { return e.gateway.Type == awstype.TransitGateway }

func (e *ends) notAttached() string {
	if !e.onTransit() && e.vpcID() == "" {
		return fmt.Sprintf("the VPN gateway %s is attached to no VPC", e.gateway.ID)
	}
	return ""
}

// notPropagated names the route tables that have no route to the gateway: subnets
// behind them have no way back.
func (e *ends) notPropagated() string {
	if e.onTransit() {
		return ""
	}
	without := e.tablesThat(func(table string) bool {
		return !propagates(e.view, table, e.gateway.ID) && !e.leadsToVNet(staticHops(e.view, table), e.gateway.ID)
	})
	if without == "" {
		return ""
	}
	return "routes are not propagated into the route tables " + without
}

// outrouted names the route tables in which a static route takes the VNet's traffic
// from the gateway: it beats an identical propagated one.
func (e *ends) outrouted() string {
	if e.onTransit() {
		return ""
	}
	by := ""
	tables := e.tablesThat(func(table string) bool {
		hops := e.vpcHops(table)
		for _, r := range e.vnetRanges() {
			for _, h := range route(hops, r) {
				if h.static && h.to != e.gateway.ID && (h.prefix.Bits() >= r.Bits() || e.hasLine(hops, r)) {
					by = h.to
					return true
				}
			}
		}
		return false
	})
	if tables == "" {
		return ""
	}
	return fmt.Sprintf("static routes lead the VNet's traffic to %s in the route tables %s", by, tables)
}

// hasLine reports whether a line to the gateway fits some of the range.
func (e *ends) hasLine(hops []hop, r netip.Prefix) bool {
	return slices.ContainsFunc(hops, func(h hop) bool { return h.to == e.gateway.ID && h.prefix.Overlaps(r) })
}

// reached are the subnets of the VPC that Azure's packets come to: of internal load
// balancers and resolver endpoints, and of nodes. Nodes in public subnets are left out:
// they answer through the load balancer.
func (e *ends) reached() (subnets []string) {
	if e.only != "" {
		return []string{e.only}
	}
	add := func(ids []string, unless func(id string) bool) {
		for _, id := range ids {
			subnet := e.view.Get(awstype.Subnet, id)
			if subnet != nil && subnet.Value("vpcId") == e.vpcID() && !slices.Contains(subnets, id) && !unless(id) {
				subnets = append(subnets, id)
			}
		}
	}
	never := func(string) bool { return false }
	for _, lb := range e.view.All(awstype.LoadBalancer) {
		if lb.In.Bool("internal") {
			add(append(lb.In.Strings("subnetMappings[*].subnetId"), lb.In.Strings("subnets")...), never)
		}
	}
	for _, endpoint := range e.view.All(awstype.ResolverEndpoint) {
		add(endpoint.In.Strings("ipAddresses[*].subnetId"), never)
	}
	for _, nodes := range e.view.All(awstype.NodeGroup) {
		add(nodes.In.Strings("subnetIds"), func(id string) bool { return e.isPublic(routeTableOf(e.view, id)) })
	}
	return subnets
}

// concerned are the subnets that need a way to the VNet: those that Azure's packets come
// to. A VPC may have others that are none of the path's business. Where nothing is
// reached yet, they are all that have a private table of their own.
func (e *ends) concerned() (subnets []string) {
	if subnets = e.reached(); len(subnets) > 0 {
		return subnets
	}
	vpc := e.vpcID()
	for _, a := range e.view.All(awstype.RouteTableAssociation) {
		table := e.view.Get(awstype.RouteTable, a.In.Str("routeTableId"))
		if subnet := a.In.Str("subnetId"); subnet != "" && table != nil && vpc != "" && table.Value("vpcId") == vpc && !e.isPublic(table.ID) {
			subnets = append(subnets, subnet)
		}
	}
	return subnets
}

// tablesThat are the ids of those route tables of concerned subnets that are so.
func (e *ends) tablesThat(are func(table string) bool) string {
	var seen, found []string
	for _, subnet := range e.concerned() {
		table := routeTableOf(e.view, subnet)
		if table == "" || slices.Contains(seen, table) {
			continue
		}
		if seen = append(seen, table); are(table) {
			found = append(found, table)
		}
	}
	return strings.Join(found, ", ")
}

// routeTableOf is the id of the route table of a subnet: its own, else the main one of
// its VPC, "" when it is not known. Source: Amazon VPC guide, VPC_Route_Tables.md.
func routeTableOf(view inventory.View, subnet string) string {
	for _, a := range view.All(awstype.RouteTableAssociation) {
		if a.In.Str("subnetId") == subnet {
			return a.In.Str("routeTableId")
		}
	}
	s := view.Get(awstype.Subnet, subnet)
	if s == nil {
		return ""
	}
	vpc := s.Value("vpcId")
	for _, a := range view.All(awstype.MainRouteTableAssociation) {
		if a.In.Str("vpcId") == vpc {
			return a.In.Str("routeTableId")
		}
	}
	if v := view.Get(awstype.Vpc, vpc); v != nil {
		return v.Value("mainRouteTableId")
	}
	return ""
}

// leadsToVNet reports whether all of the VNet goes to one place.
func (e *ends) leadsToVNet(hops []hop, place string) bool {
	ranges := e.vnetRanges()
	return len(ranges) > 0 && goesTo(hops, ranges, place)
}

// isPublic reports whether a table's way to everywhere is an internet gateway.
func (e *ends) isPublic(table string) bool {
	return slices.ContainsFunc(staticHops(e.view, table), func(h hop) bool {
		return h.prefix.Bits() == 0 && strings.HasPrefix(h.to, "igw-")
	})
}

// routeTargets are the properties that say where a route of a VPC leads.
var routeTargets = []string{
	"gatewayId", "transitGatewayId", "natGatewayId", "networkInterfaceId", "vpcPeeringConnectionId",
	"vpcEndpointId", "egressOnlyGatewayId", "carrierGatewayId", "localGatewayId", "coreNetworkArn",
}

// routeTables are the types of a VPC's route tables: the main one may be adopted.
var routeTables = []string{awstype.RouteTable, awstype.DefaultRouteTable}

// staticHops are the routes that somebody wrote into a VPC's route table.
func staticHops(view inventory.View, table string) (hops []hop) {
	add := func(route inventory.Props, destination string) {
		for _, target := range routeTargets {
			if to := route.Str(target); to != "" {
				hops = addHop(hops, route.Str(destination), true, to)
			}
		}
	}
	for _, typ := range routeTables {
		if o := view.Get(typ, table); o != nil {
			for _, r := range o.In.Maps("routes") {
				add(r, "cidrBlock")
			}
		}
	}
	for _, r := range view.All(awstype.Route) {
		if r.In.Str("routeTableId") == table {
			add(r.In, "destinationCidrBlock")
		}
	}
	return hops
}

// vpcHops are the static routes and what VPN gateways bring beside them.
func (e *ends) vpcHops(table string) []hop {
	hops := staticHops(e.view, table)
	for _, vpn := range e.view.All(awstype.VpnConnection) {
		gateway := vpn.In.Str("vpnGatewayId")
		switch {
		case gateway == "" || !propagates(e.view, table, gateway):
		case vpn.Props().Bool("staticRoutesOnly"):
			hops = append(hops, hopsTo(connectionRoutes(e.view, vpn), false, gateway)...)
		default:
			for _, r := range e.vnetRanges() {
				hops = append(hops, hop{r, false, gateway})
			}
		}
	}
	return hops
}

func propagates(view inventory.View, table, gateway string) bool {
	for _, typ := range routeTables {
		if o := view.Get(typ, table); o != nil && slices.Contains(o.In.Strings("propagatingVgws"), gateway) {
			return true
		}
	}
	return slices.ContainsFunc(view.All(awstype.VpnGatewayRoutePropagation), func(p *inventory.Object) bool {
		return p.In.Str("routeTableId") == table && p.In.Str("vpnGatewayId") == gateway
	})
}

// connectionRoutes are the static routes of a VPN connection.
func connectionRoutes(view inventory.View, vpn *inventory.Object) (cidrs []string) {
	for _, r := range view.All(awstype.VpnConnectionRoute) {
		if r.In.Str("vpnConnectionId") == vpn.ID {
			cidrs = append(cidrs, r.In.Str("destinationCidrBlock"))
		}
	}
	return cidrs
}

// awsLacksRoutes: a transit gateway's static routes are in its own tables.
func (e *ends) awsLacksRoutes() string {
	routes := hopsTo(connectionRoutes(e.view, e.vpn), true, e.vpn.ID)
	if e.onTransit() || e.leadsToVNet(routes, e.vpn.ID) {
		return ""
	}
	return fmt.Sprintf("the static VPN connection %s has no route that covers the VNet", e.vpn.ID)
}

func (e *ends) azureLacksRoutes() string {
	routes := hopsTo(e.lng.Props().Strings("localNetworkAddressSpace.addressPrefixes"), true, e.lng.ID)
	if goesTo(routes, prefixes(e.vpcRanges()), e.lng.ID) {
		return ""
	}
	return fmt.Sprintf("the address space of %s does not cover the VPC, and there is no BGP", e.lng.ID)
}

// vnetID is the network of the Azure gateway.
func (e *ends) vnetID() string {
	id, _, _ := strings.Cut(e.ipConfig.Str("subnet.id"), "/subnets/")
	return id
}

func (e *ends) vnetCIDRs() []string {
	vnet := e.view.Get(azuretype.VirtualNetwork, e.vnetID())
	if vnet == nil {
		return nil
	}
	return vnet.Props().Strings("addressSpace.addressPrefixes")
}

func (e *ends) vnetRanges() []netip.Prefix { return prefixes(e.vnetCIDRs()) }

// azureIgnoresRoutes names subnets of the VNet whose route table takes no BGP
// routes and sends nothing of the VPC to the gateway.
func (e *ends) azureIgnoresRoutes() string {
	if len(e.vpcRanges()) == 0 {
		return "" // nothing to lead anywhere; notAttached says so
	}
	for _, subnet := range e.view.All(azuretype.Subnet) {
		if id, _, _ := strings.Cut(subnet.ID, "/subnets/"); !inventory.SameID(id, e.vnetID()) {
			continue
		}
		table := e.view.Get(azuretype.RouteTable, subnet.In.Str("routeTable.id"))
		if table == nil || !table.Props().Bool("disableBgpRoutePropagation") || e.sendsToGateway(table) {
			continue
		}
		return fmt.Sprintf("the route table of %s takes no BGP routes", subnet.ID)
	}
	return ""
}

// sendsToGateway reports whether a route of the table leads all of the VPC to the
// virtual network gateway.
func (e *ends) sendsToGateway(table *inventory.Object) bool {
	routes := table.In.Maps("routes")
	for _, r := range e.view.All(azuretype.Route) {
		if strings.HasPrefix(inventory.NormalID(r.ID), inventory.NormalID(table.ID)+"/") {
			routes = append(routes, r.In)
		}
	}
	return slices.ContainsFunc(routes, func(r inventory.Props) bool {
		return r.Str("nextHopType") == "VirtualNetworkGateway" && holdsAll(r.Str("addressPrefix"), e.vpcRanges())
	})
}

func holdsAll(outer string, ranges []string) bool {
	p, err := netip.ParsePrefix(outer)
	if err != nil || len(ranges) == 0 {
		return false
	}
	return !slices.ContainsFunc(ranges, func(r string) bool {
		q, err := netip.ParsePrefix(r)
		return err != nil || p.Bits() > q.Bits() || !p.Contains(q.Addr())
	})
}

func (e *ends) vpcRanges() []string {
	vpc := e.view.Get(awstype.Vpc, e.vpcID())
	if vpc == nil {
		return nil
	}
	return []string{vpc.Value("cidrBlock")}
}

func (e *ends) networksOverlap() string {
	if x, y, found := overlaps(e.vpcRanges(), e.vnetCIDRs()); found {
		return fmt.Sprintf("the VPC's %s and the VNet's %s overlap", x, y)
	}
	return ""
}

// overlaps reports whether any two of the ranges overlap.
func overlaps(a, b []string) (x, y string, found bool) {
	for _, x := range a {
		for _, y := range b {
			p, errP := netip.ParsePrefix(x)
			q, errQ := netip.ParsePrefix(y)
			if errP == nil && errQ == nil && p.Overlaps(q) {
				return x, y, true
			}
		}
	}
	return "", "", false
}
