package reach

import (
	"net/netip"
	"slices"
)

// A hop is a line of a route table: where a prefix leads.
type hop struct {
	prefix netip.Prefix
	// static lines beat propagated ones of the same prefix (AWV-10).
	static bool
	to     string
}

// addHop appends a line unless its destination is no CIDR range: prefix lists and
// IPv6 take no part.
func addHop(hops []hop, cidr string, static bool, to string) []hop {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() {
		return hops
	}
	return append(hops, hop{p.Masked(), static, to})
}

// route is where the addresses of a range go: the lines that win for at least
// one of them. An address that no line fits goes to a hop without a prefix.
func route(hops []hop, to netip.Prefix) []hop {
	to = to.Masked()
	hops = slices.DeleteFunc(slices.Clone(hops), func(h hop) bool { return !h.prefix.Overlaps(to) })
	if narrower := slices.ContainsFunc(hops, func(h hop) bool { return h.prefix.Bits() > to.Bits() }); !narrower {
		return []hop{winner(hops)}
	}
	var found []hop
	for _, half := range halves(to) {
		for _, h := range route(hops, half) {
			if !slices.Contains(found, h) {
				found = append(found, h)
			}
		}
	}
	return found
}

// winner is the line with the longest prefix, a static one before a propagated one.
func winner(hops []hop) (best hop) {
	for _, h := range hops {
		longer := h.prefix.Bits() > best.prefix.Bits()
		if !best.prefix.IsValid() || longer || h.prefix == best.prefix && h.static && !best.static {
			best = h
		}
	}
	return best
}

func halves(p netip.Prefix) [2]netip.Prefix {
	bits := p.Bits() + 1
	upper := p.Addr().As4()
	upper[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	return [2]netip.Prefix{netip.PrefixFrom(p.Addr(), bits), netip.PrefixFrom(netip.AddrFrom4(upper), bits)}
}

// goesTo reports whether everything of the ranges goes to one place.
func goesTo(hops []hop, ranges []netip.Prefix, place string) bool {
	return !slices.ContainsFunc(ranges, func(r netip.Prefix) bool {
		return slices.ContainsFunc(route(hops, r), func(h hop) bool { return h.to != place })
	})
}

// prefixes are those of the texts that are IPv4 ranges.
func prefixes(texts []string) []netip.Prefix {
	var found []netip.Prefix
	for _, h := range hopsTo(texts, false, "") {
		found = append(found, h.prefix)
	}
	return found
}

// hopsTo leads every range to one place.
func hopsTo(cidrs []string, static bool, to string) (hops []hop) {
	for _, cidr := range cidrs {
		hops = addHop(hops, cidr, static, to)
	}
	return hops
}
