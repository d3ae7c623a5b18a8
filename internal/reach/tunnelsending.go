package reach

import (
	"slices"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// chooseSending marks the tunnels that AWS sends through, gateway by gateway.
func chooseSending(view inventory.View, all []Tunnel) {
	byGateway := map[string][]*Tunnel{}
	for i := range all {
		if t := &all[i]; t.Carries() {
			byGateway[t.Gateway] = append(byGateway[t.Gateway], t)
		}
	}
	for gateway, carrying := range byGateway {
		for _, t := range sending(view.Get(awstype.TransitGateway, gateway), carrying) {
			t.Sending = true
		}
	}
}

// sending are all tunnels of a transit gateway that shares load over BGP, and
// else one: of a virtual private gateway over all its connections (AWV-11), where
// static routes go before BGP's (AWV-10). Which of several equal ones AWS takes
// is its own choice; here it is the first.
func sending(transit *inventory.Object, carrying []*Tunnel) []*Tunnel {
	static := slices.IndexFunc(carrying, func(t *Tunnel) bool { return t.Static })
	if static >= 0 {
		return carrying[static : static+1]
	}
	if transit != nil && transit.Props().StrOr("vpnEcmpSupport", enabled) == enabled {
		return carrying
	}
	return carrying[:1]
}
