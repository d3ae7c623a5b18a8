package reach

import (
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

const httpsPort = 443

var (
	anywhere = netip.MustParsePrefix("0.0.0.0/0")
	// publicHost is a public address that no network of an estate has.
	publicHost = netip.MustParseAddr("1.0.0.0")
)

// neverPublic are ranges that no public service has. Source: IANA IPv4 Special-Purpose
// Address Registry, and RFC 1112 for what is above.
var neverPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("224.0.0.0/3"),
}

// publicAddresses stand for all public addresses as filters tell them apart, besides
// the ranges of the clouds' own networks.
func (m *model) publicAddresses() []netip.Addr {
	if m.public == nil {
		all := append(representatives(anywhere, append(slices.Clone(m.cuts()), neverPublic...)), publicHost)
		m.public = slices.DeleteFunc(all, func(a netip.Addr) bool {
			return a == platform || slices.ContainsFunc(neverPublic, func(r netip.Prefix) bool { return r.Contains(a) })
		})
	}
	return m.public
}

// publicly judges the way to a service of which only the name is known: it has public
// addresses, which change. What stops the way to all of them stops it; what stops the way
// to some may, or may not.
func (m *model) publicly(way func(to netip.Addr) []Hop) []Hop {
	all := m.publicAddresses()
	// Rules that fail for a packet may be other ones for another, at the same place.
	type kind struct {
		place string
		rule  rules.ID
	}
	var found []Hop
	count, shut := map[kind]int{}, 0
	for _, to := range all {
		stops := map[kind]bool{}
		for _, h := range (Path{Hops: way(to)}).Troubles() {
			if !slices.ContainsFunc(found, h.same) {
				found = append(found, h)
			}
			stops[kind{h.Place, h.Rule}] = h.Verdict == Stopped || stops[kind{h.Place, h.Rule}]
		}
		stopped := 0
		for k, is := range stops {
			if is {
				count[k]++
				stopped = 1
			}
		}
		shut += stopped
	}
	if len(found) == 0 {
		return way(all[0])
	}
	certain := slices.ContainsFunc(found, func(h Hop) bool { return count[kind{h.Place, h.Rule}] == len(all) })
	for i, h := range found {
		// Where no place stops them all, but together they do, each has to be mended.
		if some := count[kind{h.Place, h.Rule}] < len(all) && (certain || shut < len(all)); h.Verdict == Stopped && some {
			found[i] = untold(h.Place, h.Resource, "it stops some public addresses: %s", h.Reason)
		}
	}
	return found
}

func (m *model) tableOf(subnet *inventory.Object) string { return routeTableOf(m.View, subnet.ID) }

// wayOut judges how a subnet's packets for a public address leave the VPC, from the
// edge of the subnet on, and how replies come back. Networks behind other routers are
// not followed.
func (m *model) wayOut(subnet *inventory.Object, p Packet) []Hop {
	place := "way out of " + m.subnetName(subnet)
	table := m.tableOf(subnet)
	if table == "" {
		return []Hop{untold(place, subnet.ID, "which route table it has cannot be told from here")}
	}
	to := route(m.routesOf(table), netip.PrefixFrom(p.To, p.To.BitLen()))[0].to
	hops := m.edge(subnet, true, p)
	switch {
	case to == "":
		return []Hop{stopped(place, subnet.ID+", "+table, "VPC-36", "add a route for 0.0.0.0/0", "%s has no way to the internet", subnet.ID)}
	case m.internetGateway(subnet.Value("vpcId")) == to:
		return append(hops, passes(place, to))
	case strings.HasPrefix(to, "igw-"):
		return []Hop{stopped(place, to+", "+table, "VPC-14", "attach it", "%s leads to %s, which is not attached to its VPC", table, to)}
	case strings.HasPrefix(to, "nat-"):
		return append(hops, m.throughNAT(place, subnet, table, to, p)...)
	}
	return append(hops, untold(place, table, "%s leads to %s, and where that leads cannot be told", table, to))
}

func (m *model) routesOf(table string) []hop {
	return remember(m.routes, table, func(string) []hop { return staticHops(m.View, table) })
}

func (m *model) internetGateway(vpc string) string {
	for _, o := range m.All(awstype.InternetGateway) {
		if o.Value("vpcId") == vpc {
			return o.ID
		}
	}
	for _, a := range m.All(awstype.InternetGatewayAttachment) {
		if a.Value("vpcId") == vpc {
			return a.Value("internetGatewayId")
		}
	}
	return ""
}

// throughNAT follows packets through a NAT gateway, which has to stand in a public subnet
// (VPC-11). Its subnet's ACL sees them twice. Source: Amazon VPC guide, nat-gateway-basics.md.
func (m *model) throughNAT(place string, from *inventory.Object, table, id string, p Packet) (hops []Hop) {
	nat := m.Get(awstype.NatGateway, id)
	if nat == nil {
		return []Hop{stopped(place, table, "VPC-36", "lead it to a NAT gateway that exists", "%s leads to %s, which does not exist", table, id)}
	}
	subnet := m.Get(awstype.Subnet, nat.Value("subnetId"))
	switch {
	case nat.Value("connectivityType") == "private":
		return []Hop{stopped(place, id, "VPC-11", "take a public NAT gateway", "%s is a private NAT gateway, which leads to no internet", id)}
	case subnet == nil:
		return []Hop{untold(place, id, "the subnet of the NAT gateway is not in what was looked at")}
	case !m.isPublic(subnet):
		return []Hop{stopped(place, id+", "+m.tableOf(subnet), "VPC-11", "put it in a public subnet",
			"%s has no way to the internet: %s stands in %s, which has no route to an internet gateway", from.ID, id, subnet.ID)}
	}
	hops = m.between(from, subnet, p)
	own := p
	if own.From = address(nat.Value("privateIp")); !own.From.IsValid() {
		own.From = hostIn(subnet)
	}
	return append(append(hops, m.edge(subnet, true, own)...), passes(place, id))
}

// isPublic reports whether a subnet's way out is an internet gateway of its VPC.
func (m *model) isPublic(subnet *inventory.Object) bool {
	gateway := m.internetGateway(subnet.Value("vpcId"))
	return gateway != "" && slices.ContainsFunc(m.routesOf(m.tableOf(subnet)), func(h hop) bool {
		return h.prefix == anywhere && h.to == gateway
	})
}
