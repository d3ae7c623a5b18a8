package reach

import (
	"net/netip"
	"slices"

	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// Next hops, in Azure's words.
const (
	toGateway   = "VirtualNetworkGateway"
	toVNet      = "VnetLocal"
	toInternet  = "Internet"
	toAppliance = "VirtualAppliance"
)

// DefaultHop is the type of the next hop of what a subnet, by its ARM id, has no other
// route for, in Azure's words.
func DefaultHop(view inventory.View, subnet string) string {
	m := newModel(view, true)
	if s := m.Get(azuretype.Subnet, subnet); s != nil {
		best, _ := m.nextHop(s, publicHost)
		return best.to
	}
	return ""
}

// nextHop is where a subnet of a VNet sends packets, and the id of what says so: the
// longest prefix wins, and of equal ones a user's route before BGP's before Azure's own.
// Source: azure-docs virtual-network/virtual-networks-udr-overview.md.
func (m *model) nextHop(subnet *inventory.Object, to netip.Addr) (best hop, by string) {
	table := m.Get(azuretype.RouteTable, subnet.In.Str("routeTable.id"))
	hops, owner := m.userRoutes(subnet)
	if table != nil {
		by = table.ID
	}
	vnet := m.vnetOf(subnet.ID)
	if vnet != nil && (table == nil || !table.Props().Bool("disableBgpRoutePropagation")) {
		for _, r := range m.learned(vnet.ID, true) {
			hops = append(hops, hop{r, false, toGateway})
		}
	}
	if vnet != nil {
		for _, r := range prefixes(vnet.Props().Strings("addressSpace.addressPrefixes")) {
			hops = addSystem(hops, r, toVNet)
		}
	}
	hops = addSystem(hops, anywhere, toInternet)
	best = route(hops, netip.PrefixFrom(to, to.BitLen()))[0]
	if id := owner[best]; id != "" {
		by = id
	}
	return best, by
}

// userRoutes are the lines of a subnet's route table, and the ids of those that are objects
// of their own.
func (m *model) userRoutes(subnet *inventory.Object) (hops []hop, owner map[hop]string) {
	owner = map[hop]string{}
	table := m.Get(azuretype.RouteTable, subnet.In.Str("routeTable.id"))
	if table == nil {
		return nil, owner
	}
	for _, r := range table.In.Maps("routes[*]") {
		hops = addHop(hops, r.Str("addressPrefix"), true, r.Str("nextHopType"))
	}
	for _, o := range m.All(azuretype.Route) {
		if !isBelow(o.ID, table.ID) {
			continue
		}
		before := len(hops)
		if hops = addHop(hops, o.In.Str("addressPrefix"), true, o.In.Str("nextHopType")); len(hops) > before {
			owner[hops[before]] = o.ID
		}
	}
	return hops, owner
}

// azureRoute judges where a subnet of the VNet sends packets for AWS.
func (m *model) azureRoute(subnet *inventory.Object, to netip.Addr) Hop {
	place := "routes of " + m.subnetName(subnet)
	best, by := m.nextHop(subnet, to)
	switch best.to {
	case toGateway:
		return passes(place, by)
	case toAppliance:
		return untold(place, by, "%s goes to an appliance, and what that does with it cannot be told", to)
	case toInternet:
		return stopped(place, by, "AVG-19", "add a route of type VirtualNetworkGateway, or let the table take BGP routes",
			"nothing leads %s to the VPN gateway", to)
	}
	return stopped(place, by, "AVG-19", "lead it to VirtualNetworkGateway", "the route for %s leads %s to %s", best.prefix, to, best.to)
}

// addSystem adds one of Azure's own routes, which any other of its prefix beats.
func addSystem(hops []hop, r netip.Prefix, to string) []hop {
	if slices.ContainsFunc(hops, func(h hop) bool { return h.prefix == r.Masked() }) {
		return hops
	}
	return append(hops, hop{r.Masked(), false, to})
}
