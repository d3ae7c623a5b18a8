package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/inventory/kubetype"
)

// A model is a view of clouds, and what was worked out of it.
type model struct {
	inventory.View
	// whole says that the view has what clouds make by themselves, too.
	whole  bool
	ends   []*ends
	states map[string][]Tunnel // by subnet
	ranges []netip.Prefix
	public []netip.Addr
	// What filters hold, by the ids of security groups and network ACLs.
	allowed map[string][]written
	entries map[string][]aclEntry
	// What subnets are called, and the ids of their ACLs and route tables' routes.
	names, acls map[string]string
	routes      map[string][]hop
	// The rules of network security groups, and the tag VirtualNetwork, by VNet.
	rules map[string][]nsgRule
	tags  map[string][]netip.Prefix
	// The first ports of all ranges that filters tell apart, of servers and of clients.
	portCuts, ownCuts []int
}

func newModel(view inventory.View, whole bool) *model {
	return &model{
		View: view.Within(""), whole: whole, states: map[string][]Tunnel{},
		allowed: map[string][]written{}, entries: map[string][]aclEntry{},
		names: map[string]string{}, acls: map[string]string{}, routes: map[string][]hop{},
		rules: map[string][]nsgRule{}, tags: map[string][]netip.Prefix{},
	}
}

// tunnelEnds are both ends of every tunnel.
func (m *model) tunnelEnds() []*ends {
	if m.ends == nil {
		for _, vpn := range m.All(awstype.VpnConnection) {
			m.ends = append(m.ends, newEnds(m.View, vpn, 1), newEnds(m.View, vpn, 2))
		}
	}
	return m.ends
}

// tunnels says whether some tunnel carries for a subnet of the VPC, both ways.
func (m *model) tunnels(subnet string) []Hop {
	all := remember(m.states, subnet, func(string) []Tunnel { return TunnelsOf(m.View, subnet) })
	const place = "VPN between the clouds"
	var down []Hop
	for _, t := range all {
		if t.Carries() {
			return []Hop{passes(place, cmp.Or(t.Connection, t.VPNConnection))}
		}
		for _, h := range t.path().Troubles() {
			h.Reason = "no tunnel carries for " + subnet + ": " + h.Reason
			if h.Place = place; !slices.ContainsFunc(down, h.same) {
				down = append(down, h)
			}
		}
	}
	if len(down) == 0 {
		return []Hop{stopped(place, "", "", "make a VPN connection", "there is no tunnel")}
	}
	return down
}

// subnetName is what people call a subnet of either cloud.
func (m *model) subnetName(subnet *inventory.Object) string {
	return remember(m.names, subnet.ID, func(string) string {
		if subnet.Type == azuretype.Subnet {
			return lastPart(subnet.ID)
		}
		return cmp.Or(subnet.Props().Map("tags").Str("Name"), subnet.ID)
	})
}

// cuts are the ranges that filters and routes name.
func (m *model) cuts() []netip.Prefix {
	if m.ranges != nil {
		return m.ranges
	}
	m.ranges = []netip.Prefix{}
	for _, o := range m.All(
		slices.Concat(permissionTypes, routeTables, []string{
			awstype.NetworkAcl, awstype.DefaultNetworkAcl, awstype.NetworkAclRule, awstype.Route,
			azuretype.NetworkSecurityGroup, azuretype.SecurityRule, azuretype.Route, azuretype.RouteTable, kubetype.NetworkPolicy,
		})...,
	) {
		written := o.In
		if o.MadeBy != "" {
			written = o.Out // by the cloud
		}
		eachText(written, func(text string) {
			if r, err := parseRange(text); err == nil && r.Addr().Is4() && !slices.Contains(m.ranges, r) {
				m.ranges = append(m.ranges, r)
			}
		})
	}
	return m.ranges
}

// eachText calls f with every text inside a value.
func eachText(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case inventory.Props:
		eachText(map[string]any(v), f)
	case map[string]any:
		for _, e := range v {
			eachText(e, f)
		}
	case []any:
		for _, e := range v {
			eachText(e, f)
		}
	}
}

// sources are addresses that stand for all of a subnet, but for some that are taken.
func (m *model) sources(subnet *inventory.Object, taken ...netip.Addr) (found []netip.Addr) {
	cuts := m.cuts()
	for _, a := range taken {
		cuts = append(slices.Clip(cuts), netip.PrefixFrom(a, a.BitLen())) // so that the next address stands for the rest
	}
	for _, r := range prefixes(append(subnet.Props().Strings("addressPrefixes"), subnet.Value("addressPrefix"), subnet.Value("cidrBlock"))) {
		found = append(found, representatives(r, cuts)...)
	}
	return slices.DeleteFunc(found, func(a netip.Addr) bool { return slices.Contains(taken, a) })
}

// hostIn is an address that a machine in a subnet of a VPC may have; of a subnet without
// IPv4, none.
func hostIn(subnet *inventory.Object) (a netip.Addr) {
	for _, r := range prefixes([]string{subnet.Value("cidrBlock")}) {
		a = usable(r)
	}
	return a
}

// nodeSubnets are the subnets of the VNet where an AKS cluster has nodes.
func (m *model) nodeSubnets(cluster *inventory.Object) (found []*inventory.Object) {
	ids := cluster.Props().Strings("agentPoolProfiles[*].vnetSubnetID")
	for _, pool := range m.All(azuretype.AgentPool) {
		if isBelow(pool.ID, cluster.ID) {
			ids = append(ids, pool.In.Str("vnetSubnetID"))
		}
	}
	for _, id := range ids {
		if subnet := m.Get(azuretype.Subnet, id); subnet != nil && !slices.Contains(found, subnet) {
			found = append(found, subnet)
		}
	}
	return found
}

// vnetsOf are the VNets where an AKS cluster has nodes.
func (m *model) vnetsOf(cluster *inventory.Object) (found []*inventory.Object) {
	for _, subnet := range m.nodeSubnets(cluster) {
		if vnet := m.vnetOf(subnet.ID); vnet != nil && !slices.Contains(found, vnet) {
			found = append(found, vnet)
		}
	}
	return found
}

// vnetOf is the VNet of a subnet, or nil.
func (m *model) vnetOf(subnet string) *inventory.Object {
	id, _, _ := strings.Cut(subnet, "/subnets/")
	return m.Get(azuretype.VirtualNetwork, id)
}

// remember gives what was worked out before for a key, or works it out.
func remember[V any](known map[string]V, key string, work func(key string) V) V {
	v, ok := known[key]
	if !ok {
		v = work(key)
		known[key] = v
	}
	return v
}
