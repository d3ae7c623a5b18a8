package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// platform is the address of Azure's own DNS, DHCP and health probes. Source:
// azure-docs virtual-network/what-is-ip-address-168-63-129-16.md.
var platform = netip.MustParseAddr("168.63.129.16")

// An nsgRule is a rule of a network security group.
type nsgRule struct {
	priority int
	name     string
	resource string
	in       inventory.Props
}

// defaultNSGRules are those that every group has beneath its own. Source: azure-docs
// virtual-network/network-security-groups-overview.md, default security rules.
var defaultNSGRules = []nsgRule{
	defaultNSGRule("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
	defaultNSGRule("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
	defaultNSGRule("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
	defaultNSGRule("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
	defaultNSGRule("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
	defaultNSGRule("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
}

func defaultNSGRule(name string, priority int, direction, access, from, to string) nsgRule {
	return nsgRule{priority: priority, name: name, in: inventory.Props{
		"direction": direction, "access": access, "protocol": "*", "sourceAddressPrefix": from, "destinationAddressPrefix": to,
		"sourcePortRange": "*", "destinationPortRange": "*",
	}}
}

// nsgRules are all rules of a group by priority, Azure's own at the end.
func (m *model) nsgRules(group *inventory.Object) []nsgRule {
	rules := slices.Clone(defaultNSGRules)
	for _, p := range group.In.Maps("securityRules[*]") {
		rules = append(rules, nsgRule{p.Int("priority"), p.Str("name"), group.ID, p})
	}
	for _, o := range m.All(azuretype.SecurityRule) {
		if isBelow(o.ID, group.ID) {
			rules = append(rules, nsgRule{o.In.Int("priority"), o.ID[strings.LastIndex(o.ID, "/")+1:], o.ID, o.In})
		}
	}
	slices.SortStableFunc(rules, func(a, b nsgRule) int { return cmp.Compare(a.priority, b.priority) })
	return rules
}

// isBelow reports whether an ARM id is one of a child of another.
func isBelow(id, parent string) bool {
	return strings.HasPrefix(inventory.NormalID(id), inventory.NormalID(parent)+"/")
}

// nsg judges the first packet of a connection at a subnet's security group: the rule
// of the lowest priority that fits decides, and replies pass. Source: azure-docs
// virtual-network/network-security-groups-overview.md.
func (m *model) nsg(subnet *inventory.Object, direction string, p Packet) Hop {
	place := "security group of " + m.subnetName(subnet)
	id := subnet.In.Str("networkSecurityGroup.id")
	if id == "" {
		return passes("no "+place, "")
	}
	group := m.Get(azuretype.NetworkSecurityGroup, id)
	if group == nil {
		return untold(place, id, "the group is not in what was looked at")
	}
	at := []string{}
	// doubt is a rule of which it cannot be told whether it fits. It matters only where what
	// comes after it decides otherwise.
	var doubt Hop
	doubtAllows := false
	decided := func(allows bool, h Hop) Hop {
		if doubt.Verdict == CannotTell && doubtAllows != allows {
			return doubt
		}
		return h
	}
	for _, r := range remember(m.rules, group.ID, func(string) []nsgRule { return m.nsgRules(group) }) {
		if !strings.EqualFold(r.in.Str("direction"), direction) {
			continue
		}
		misses, unknown := m.nsgMisses(r, subnet, p)
		allows := strings.EqualFold(r.in.Str("access"), "Allow")
		switch {
		case misses == 0 && unknown != "":
			if doubt.Verdict == CannotTell && doubtAllows != allows {
				return doubt
			}
			doubt, doubtAllows = untold(place, cmp.Or(r.resource, id), "whether rule %s fits depends on %s", r.name, unknown), allows
		case misses == 1 && allows && r.resource != "":
			at = append(at, r.resource)
		case misses > 0:
		case allows:
			return decided(true, passes(place, cmp.Or(r.resource, id)))
		default:
			return decided(false, stopped(place, strings.Join(append(at, cmp.Or(r.resource, id)), ", "), "ANW-11",
				fmt.Sprintf("add a rule of a priority below %d that allows it, or mend one that comes near", r.priority),
				"rule %s of %s denies %s", r.name, lastPart(id), p))
		}
	}
	return stopped(place, id, "ANW-11", "allow it", "no rule fits %s", p)
}

// nsgMisses counts in how many ways of five the rule is for other packets: by protocol,
// and by the ports and addresses of both sides; or says what the rest depends on.
func (m *model) nsgMisses(r nsgRule, subnet *inventory.Object, p Packet) (misses int, unknown string) {
	if protocol := r.in.Str("protocol"); protocol != "*" && !strings.EqualFold(protocol, p.Protocol) {
		misses++
	}
	for _, side := range []struct {
		name    string
		address netip.Addr
		port    int
	}{{"source", p.From, p.FromPort}, {"destination", p.To, p.ToPort}} {
		if p.Protocol != "icmp" && !portsHold(r.in, side.name, side.port) {
			misses++
		}
		holds, why := m.wordsHold(r.in, side.name, subnet, side.address)
		if !holds && why == "" {
			misses++
		}
		unknown = cmp.Or(unknown, why)
	}
	return misses, unknown
}

func portsHold(in inventory.Props, side string, port int) bool {
	return slices.ContainsFunc(append(in.Strings(side+"PortRanges"), in.Str(side+"PortRange")), func(text string) bool {
		from, to, ok := portRange(text)
		return text == "*" || ok && from <= port && port <= to
	})
}

// portRange reads a port or a range of ports.
func portRange(text string) (from, to int, ok bool) {
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	from, errFrom := strconv.Atoi(low)
	to, errTo := strconv.Atoi(high)
	return from, to, errFrom == nil && errTo == nil
}

// wordsHold reports whether one of the addresses and service tags of a side holds an
// address, or why that cannot be told.
func (m *model) wordsHold(in inventory.Props, side string, subnet *inventory.Object, a netip.Addr) (holds bool, unknown string) {
	for _, word := range append(in.Strings(side+"AddressPrefixes"), in.Str(side+"AddressPrefix")) {
		if word == "" {
			continue
		}
		if r, err := parseRange(word); err == nil {
			holds = holds || r.Contains(a)
			continue
		}
		in, why := m.tagHolds(word, subnet, a)
		holds = holds || in
		unknown = cmp.Or(why, unknown)
	}
	if groups := in.List(side + "ApplicationSecurityGroups"); len(groups) > 0 {
		unknown = "which interfaces are in its application security groups"
	}
	if holds {
		unknown = ""
	}
	return holds, unknown
}

// parseRange reads what ARM takes as a range: CIDR, or an address alone.
func parseRange(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// tagHolds reports whether a service tag holds an address. VirtualNetwork is the
// VNet, its peers, all that its gateway leads to (ANW-15) and what routes of the subnet's
// own table name; it may have default routes, too. Internet is everything public outside
// of it, wherever routes lead that. Tags of services are public ranges, which change from
// week to week. Source: azure-docs virtual-network/service-tags-overview.md.
func (m *model) tagHolds(tag string, subnet *inventory.Object, a netip.Addr) (holds bool, unknown string) {
	ranges := m.virtualNetwork(subnet)
	in := func(r netip.Prefix) bool { return r != anywhere && r.Contains(a) }
	inside := a == platform || slices.ContainsFunc(ranges, in)
	switch strings.ToLower(tag) {
	case "*":
		return true, ""
	case "virtualnetwork":
		hops, _ := m.userRoutes(subnet)
		for _, h := range hops {
			ranges = append(ranges[:len(ranges):len(ranges)], h.prefix)
		}
		if inside || slices.ContainsFunc(ranges, in) {
			return true, ""
		}
		if slices.Contains(ranges, anywhere) {
			unknown = "whether the service tag VirtualNetwork has the default route"
		}
		return false, unknown
	case "azureloadbalancer":
		return a == platform, ""
	case "internet":
		return !inside && !a.IsPrivate(), ""
	}
	if inside || a.IsPrivate() {
		return false, ""
	}
	return false, "what is in the service tag " + tag
}

// virtualNetwork are the ranges of the tag of that name where a subnet is.
func (m *model) virtualNetwork(subnet *inventory.Object) (ranges []netip.Prefix) {
	id, _, _ := strings.Cut(subnet.ID, "/subnets/")
	return remember(m.tags, id, m.virtualNetworkOf)
}

func (m *model) virtualNetworkOf(id string) (ranges []netip.Prefix) {
	vnet := m.Get(azuretype.VirtualNetwork, id)
	if vnet == nil {
		return nil
	}
	ranges = prefixes(vnet.Props().Strings("addressSpace.addressPrefixes"))
	for _, peer := range vnet.Props().Maps("virtualNetworkPeerings[*]") {
		ranges = append(ranges, prefixes(peer.Strings("remoteAddressSpace.addressPrefixes"))...)
	}
	for _, c := range m.All(azuretype.ManagedCluster) {
		if usesVNet(c, id) && c.Value("networkProfile.networkPluginMode") == "overlay" {
			ranges = append(ranges, prefixes(c.Props().Strings("networkProfile.podCidrs"))...)
			ranges = append(ranges, prefixes([]string{c.Value("networkProfile.podCidr")})...)
		}
	}
	return append(ranges, m.learned(id, false)...)
}

func usesVNet(cluster *inventory.Object, vnet string) bool {
	return slices.ContainsFunc(cluster.Props().Strings("agentPoolProfiles[*].vnetSubnetID"), func(subnet string) bool {
		return isBelow(subnet, vnet)
	})
}

// learned are the ranges behind the VNet's gateway: the address spaces of its local network
// gateways, which are static routes with BGP or without, and what AWS tells over tunnels on
// which BGP is up. With down it tells over the others, too: routes are judged as if all
// tunnels were up, since a path asks its tunnels besides. Source: azure-docs
// includes/vpn-gateway-faq-bgp-include.md.
func (m *model) learned(vnet string, down bool) (ranges []netip.Prefix) {
	add := func(all []netip.Prefix) {
		for _, r := range all {
			if !slices.Contains(ranges, r) {
				ranges = append(ranges, r)
			}
		}
	}
	for _, conn := range m.All(azuretype.VirtualNetworkGatewayConnection) {
		vng := m.Get(azuretype.VirtualNetworkGateway, conn.In.Str("virtualNetworkGateway1.id"))
		lng := m.Get(azuretype.LocalNetworkGateway, conn.In.Str("localNetworkGateway2.id"))
		if vng != nil && lng != nil && isBelow(vng.Props().Str("ipConfigurations[0].subnet.id"), vnet) {
			add(prefixes(lng.Props().Strings("localNetworkAddressSpace.addressPrefixes")))
		}
	}
	for _, e := range m.tunnelEnds() {
		if e.vng == nil || e.gateway == nil || !inventory.SameID(e.vnetID(), vnet) {
			continue
		}
		if down && !e.static() || !down && e.tunnel().BGP.Up() {
			add(prefixes(e.vpcRanges()))
		}
	}
	return ranges
}

// lastPart is the name at the end of an ARM id or an ARN.
func lastPart(id string) string { return id[strings.LastIndexAny(id, "/:")+1:] }
