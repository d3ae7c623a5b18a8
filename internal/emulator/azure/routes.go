package azure

import (
	"fmt"
	"net/netip"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

var (
	routeTablePlace = place{
		provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState | hasGUID,
		path:  []segment{{"routeTables", "routeTableName"}},
		names: networkName(1, 80),
	}
	routePlace = place{
		provider: "Microsoft.Network", parent: azuretype.RouteTable, outputs: hasEtag | hasState,
		path:  []segment{{"routeTables", "routeTableName"}, {"routes", "routeName"}},
		names: networkName(1, 80),
	}
	tableRoutes = inline{
		property: "routes", typ: azuretype.Route, place: routePlace, fill: inOrder(routePlace.fill, fillRoute),
		rule: "PRV-02", code: codeFormat,
	}
)

func routeKinds() []*emulator.Kind {
	return []*emulator.Kind{
		routeTablePlace.kind(azuretype.RouteTable, emulator.Kind{
			Rules:   routeRules(),
			Fill:    inOrder(fillRouteTable, tableRoutes.sync, tableRoutes.echo),
			Refresh: inOrder(tableRoutes.echo, echoSubnets("routeTable.id")),
		}),
		routePlace.kind(azuretype.Route, emulator.Kind{Rules: routeRules(), Fill: fillRoute}),
	}
}

func fillRouteTable(c *emulator.Call) error {
	c.Out.Default("disableBgpRoutePropagation", false)
	return nil
}

func fillRoute(c *emulator.Call) error {
	c.Out.Set("hasBgpOverride", false)
	return nil
}

// routeRule enforces the same for routes of their own and those inside a table.
func routeRule(id rules.ID, code, source string, broken func(r lot, beside []lot) string) emulator.Rule {
	return rule(id, code, emulator.OpWrite, source, func(c *emulator.Call) string {
		written, beside := routesAtHand(c)
		for i, r := range written {
			if message := broken(r, append(append([]lot{}, beside...), written[:i]...)); message != "" {
				return message
			}
		}
		return ""
	})
}

func routesAtHand(c *emulator.Call) (written, beside []lot) {
	if c.Kind.Type == azuretype.Route {
		return []lot{{lastOf(identify(c)), c.In}}, lotsOf(siblings(c))
	}
	for _, r := range c.In.Maps(tableRoutes.property) {
		written = append(written, lot{r.Str("name"), r})
	}
	return written, nil
}

const sourceRoutes = "azure-docs articles/virtual-network/virtual-networks-udr-overview.md"

func routeRules() []emulator.Rule {
	return []emulator.Rule{
		routeRule("ANW-16", codeFormat, sourceRoutes+" (code not found: the generic one)", badNextHop),
		routeRule("ANW-16", codeFormat, sourceRoutes+" (code not found: the generic one)", badDestination),
		routeRule("ANW-18", "RouteConflict", "azure-docs limits (code unverified)", sameDestination),
		routeRule("ANW-18", codeFormat, "azure-docs limits (code not found: the generic one)", tooManyRoutes),
	}
}

func badNextHop(r lot, _ []lot) string {
	hop, address := r.in.Str("nextHopType"), r.in.Str("nextHopIpAddress")
	appliance := hop == "VirtualAppliance"
	switch {
	case appliance && address == "":
		return fmt.Sprintf("Route %s needs a next hop IP address: its next hop type is %s.", r.name, hop)
	case !appliance && address != "":
		return fmt.Sprintf("Route %s cannot have the next hop IP address %s: its next hop type is %s.",
			r.name, address, hop)
	}
	if _, err := netip.ParseAddr(address); appliance && err != nil {
		return fmt.Sprintf("Route %s has the invalid next hop IP address %s.", r.name, address)
	}
	return ""
}

func badDestination(r lot, _ []lot) string {
	text := r.in.Str("addressPrefix")
	if serviceTag.MatchString(text) {
		return ""
	}
	if _, err := parseNetwork(text); err != nil {
		return fmt.Sprintf("Route %s has an invalid address prefix: %v.", r.name, err)
	}
	return ""
}

func sameDestination(r lot, beside []lot) string {
	for _, other := range beside {
		if sameName(other.in.Str("addressPrefix"), r.in.Str("addressPrefix")) {
			return fmt.Sprintf("Route %s conflicts with route %s: both lead to %s.",
				r.name, other.name, r.in.Str("addressPrefix"))
		}
	}
	return ""
}

const maxRoutes = 400

func tooManyRoutes(r lot, beside []lot) string {
	if len(beside) >= maxRoutes {
		return fmt.Sprintf("Route %s is one too many: a route table takes %d.", r.name, maxRoutes)
	}
	return ""
}
