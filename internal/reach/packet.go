package reach

import (
	"fmt"
	"net/netip"
	"slices"
)

// A Packet is what filters look at. The first packet of a connection stands for the
// connection where a filter keeps track of connections.
type Packet struct {
	Protocol         string // tcp, udp or icmp
	From, To         netip.Addr
	FromPort, ToPort int
}

// Reply is the packet that answers.
func (p Packet) Reply() Packet {
	return Packet{Protocol: p.Protocol, From: p.To, To: p.From, FromPort: p.ToPort, ToPort: p.FromPort}
}

func (p Packet) String() string {
	if p.Protocol == "icmp" {
		return fmt.Sprintf("ICMP from %s to %s", p.From, p.To)
	}
	return fmt.Sprintf("%s from %s to %s:%d", upper[p.Protocol], p.From, p.To, p.ToPort)
}

var upper = map[string]string{"tcp": "TCP", "udp": "UDP"}

// ephemeral are the ports that a client takes, at both ends of what NAT and resolvers
// use. Source: Amazon VPC guide, vpc-network-acls.md, ephemeral ports (VPC-19).
var ephemeral = []int{1024, 65535}

// representatives are addresses of a range such that every filter made of the given
// ranges treats each address of it like one of them: the first address of every part
// into which those cut it. The first and last addresses, which clouds keep for
// themselves in a subnet, come only with the whole range.
func representatives(of netip.Prefix, cuts []netip.Prefix) []netip.Addr {
	of = of.Masked()
	found := []netip.Addr{usable(of)}
	add := func(a netip.Addr) {
		if a.IsValid() && of.Contains(a) && a != of.Addr() && a != lastOf(of) && !slices.Contains(found, a) {
			found = append(found, a)
		}
	}
	for _, cut := range cuts {
		if cut.Overlaps(of) {
			add(cut.Masked().Addr())
			add(lastOf(cut).Next())
		}
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return found
}

// usable is an address of a subnet that a machine may have: the fifth, since clouds
// keep up to four at the beginning, or the range's own when it is too small.
func usable(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr()
	if p.Bits() > a.BitLen()-3 {
		return a
	}
	for range 4 {
		a = a.Next()
	}
	return a
}

// lastOf is the last address of a range.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}
