package azure

import (
	"fmt"
	"net/netip"

	"burrow/internal/inventory"
)

// A network is an address range as somebody wrote it.
type network struct {
	text   string
	prefix netip.Prefix
}

// parseNetwork reads a CIDR block without host bits.
func parseNetwork(text string) (network, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return network{}, fmt.Errorf("parse address prefix %q: %w", text, err)
	}
	if p != p.Masked() {
		return network{}, fmt.Errorf("address prefix %s has host bits; the network is %s", text, p.Masked())
	}
	return network{text, p}, nil
}

// networks reads those prefixes that are well formed. Others are refused by rules
// of their own.
func networks(texts []string) []network {
	var all []network
	for _, text := range texts {
		if n, err := parseNetwork(text); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// within reports whether one of the outer prefixes holds the whole prefix.
func within(p netip.Prefix, outer []network) bool {
	for _, o := range outer {
		if o.prefix.Bits() <= p.Bits() && o.prefix.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// size is how many addresses a prefix has, capped at 2^31.
func size(p netip.Prefix) int { return 1 << min(p.Addr().BitLen()-p.Bits(), 31) }

// nth is the address a number of addresses after the network address.
func nth(p netip.Prefix, n int) netip.Addr {
	a := p.Masked().Addr()
	for range n {
		a = a.Next()
	}
	return a
}

// last is the highest address of an IPv4 prefix of /1 or longer.
func last(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().As4()
	n := uint32(bytes[0])<<24 | uint32(bytes[1])<<16 | uint32(bytes[2])<<8 | uint32(bytes[3])
	n |= uint32(size(p) - 1)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// reservedHead is how many addresses at the beginning of a subnet Azure keeps;
// the last one is kept too.
const reservedHead = 4

// prefixesOf are a subnet's address prefixes, however they were written.
func prefixesOf(subnet inventory.Props) []string {
	if one := subnet.Str("addressPrefix"); one != "" {
		return []string{one}
	}
	return subnet.Strings("addressPrefixes")
}

// subnetPrefix is the first IPv4 prefix of a subnet in the world.
func subnetPrefix(o *inventory.Object) (netip.Prefix, bool) {
	for _, n := range networks(prefixesOf(o.In)) {
		if n.prefix.Addr().Is4() {
			return n.prefix, true
		}
	}
	return netip.Prefix{}, false
}
