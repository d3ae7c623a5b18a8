package plan

import (
	"encoding/binary"
	"net/netip"
)

// nth is the address n places after the first of an IPv4 range; the zero Addr
// where the range has no such address.
func nth(p netip.Prefix, n uint32) netip.Addr {
	if !p.IsValid() || !p.Addr().Is4() || uint64(n) >= addresses(p) {
		return netip.Addr{}
	}
	first := p.Masked().Addr().As4()
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(first[:])+n)
	return netip.AddrFrom4(b)
}

// addresses is how many addresses an IPv4 range has.
func addresses(p netip.Prefix) uint64 { return 1 << (32 - p.Bits()) }

// last is the last address of an IPv4 range.
func last(p netip.Prefix) netip.Addr { return nth(p, uint32(addresses(p)-1)) }

// tail is the last block of that many bits in an IPv4 range; the zero Prefix
// where the range is smaller.
func tail(p netip.Prefix, bits int) netip.Prefix {
	if !p.IsValid() || !p.Addr().Is4() || p.Bits() > bits {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(last(p), bits).Masked()
}

// contains says whether inner lies wholly within outer.
func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}
