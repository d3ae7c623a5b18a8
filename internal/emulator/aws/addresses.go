package aws

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

// publicPools are the documentation ranges (RFC 5737) that the emulated AWS
// takes public addresses from: nothing real answers there.
var publicPools = []netip.Prefix{
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
}

// publicHolders are the outputs that hold public addresses, by type.
var publicHolders = map[string][]string{
	awstype.Eip:           {"publicIp"},
	awstype.VpnConnection: {"tunnel1Address", "tunnel2Address"},
}

// publicAddress takes an address that nothing has, the same one in the same world.
func publicAddress(c *emulator.Call, label string, besides ...string) (string, error) {
	taken := map[string]bool{}
	for _, a := range besides {
		taken[a] = true
	}
	for typ, outputs := range publicHolders {
		for _, o := range c.Tx.Everywhere().All(typ) {
			for _, path := range outputs {
				taken[o.Out.Str(path)] = true
			}
		}
	}
	start := spread(c, label)
	for _, pool := range publicPools {
		if a := freeIn(pool, start, 1, 1, func(a netip.Addr) bool { return taken[a.String()] }); a.IsValid() {
			return a.String(), nil
		}
	}
	return "", c.Fault("InsufficientAddressCapacity", "the emulated region has no public addresses left")
}

// spread is a number that differs between objects, to begin a search at.
func spread(c *emulator.Call, label string) int {
	n, err := strconv.ParseUint(c.HexOf("spread:"+label, 6), 16, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// freeIn searches a range for an address that is not taken, from somewhere in
// the middle, leaving out the first and the last addresses.
func freeIn(p netip.Prefix, start, first, last int, taken func(netip.Addr) bool) netip.Addr {
	usable := sizeOf(p) - first - last
	for i := range max(usable, 0) {
		if a := nth(p, first+(start+i)%usable); !taken(a) {
			return a
		}
	}
	return netip.Addr{}
}

// sizeOf is how many addresses an IPv4 range has.
func sizeOf(p netip.Prefix) int { return 1 << (32 - p.Bits()) }

// nth is an address of an IPv4 range by its distance from the first.
func nth(p netip.Prefix, n int) netip.Addr {
	b := p.Masked().Addr().As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// ipv4Range parses a range; ok is false for what is none, IPv6 included.
func ipv4Range(s string) (p netip.Prefix, ok bool) {
	p, err := netip.ParsePrefix(s)
	return p, err == nil && p.Addr().Is4()
}

// contains reports whether inner lies in outer, or is it.
func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// rfc1918 are the private ranges.
var rfc1918 = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

func isPrivate(p netip.Prefix) bool {
	return slices.ContainsFunc(rfc1918, func(r netip.Prefix) bool { return contains(r, p) })
}

// cidrWords is the provider's complaint about a range that has host bits set or
// is none, "" when it is well.
func cidrWords(path, value string) string {
	p, err := netip.ParsePrefix(value)
	switch {
	case value == "":
		return ""
	case err != nil:
		return fmt.Sprintf("%q is not a valid CIDR block: invalid CIDR address: %s", value, value)
	case p.Masked() != p:
		return fmt.Sprintf("%q is not a valid CIDR block; did you mean %q? (%s)", value, p.Masked(), path)
	}
	return ""
}

// canonicalRange refuses ranges with host bits, as verify.ValidCIDRNetworkAddress does.
func canonicalRange(id rules.ID, path, source string) emulator.Rule {
	return provider(id, path, source, func(c *emulator.Call) string {
		var broken string
		c.In.Each(path, func(at string, v any) {
			if s, ok := v.(string); ok {
				broken = firstOf(broken, cidrWords(at, s))
			}
		})
		return broken
	})
}

// An eni is a network interface that an AWS service keeps in a subnet: it
// occupies an address.
type eni struct{ subnet, address string }

// enisPath is where an object keeps its interfaces, hidden.
const enisPath = "enis"

func enisOf(o *inventory.Object) []eni {
	var list []eni
	for _, p := range o.Hidden.Maps(enisPath) {
		list = append(list, eni{p.Str("subnet"), p.Str("address")})
	}
	return list
}

// occupied are the addresses in use in a subnet, other than the call's own.
func occupied(c *emulator.Call, subnet string) map[netip.Addr]bool {
	taken := map[netip.Addr]bool{}
	for _, o := range others(c, enisHolders...) {
		for _, e := range enisOf(o) {
			if a, err := netip.ParseAddr(e.address); err == nil && e.subnet == subnet {
				taken[a] = true
			}
		}
	}
	return taken
}

// enisHolders are the types whose objects keep interfaces in subnets.
var enisHolders = []string{
	awstype.NatGateway, awstype.LoadBalancer, awstype.ResolverEndpoint, awstype.Cluster, awstype.NodeGroup, awstype.VpcEndpoint,
	awstype.TransitVpcAttachment,
}

// reservations are the parts of a subnet that automatic assignment leaves alone.
func reservations(c *emulator.Call, subnet, kind string) []netip.Prefix {
	var list []netip.Prefix
	for _, o := range where(c, awstype.SubnetCidrReservation, "subnetId", subnet) {
		p, ok := ipv4Range(o.Value("cidrBlock"))
		if ok && (kind == "" || o.Value("reservationType") == kind) {
			list = append(list, p)
		}
	}
	return list
}

// AWS keeps the first four addresses of a subnet and the last (VPC-04).
const (
	reservedFirst = 4
	reservedLast  = 1
)

// freeAddresses counts what automatic assignment can still hand out.
func freeAddresses(c *emulator.Call, subnet string) int {
	p, ok := ipv4Range(valueOf(c, awstype.Subnet, subnet, "cidrBlock"))
	if !ok {
		return 0
	}
	free := sizeOf(p) - reservedFirst - reservedLast - len(occupied(c, subnet))
	for _, r := range reservations(c, subnet, "") {
		free -= sizeOf(r)
	}
	return max(free, 0)
}

// addressTaken says why an address of a subnet cannot be had, "" when it can.
func addressTaken(c *emulator.Call, subnet, address string) (reason string) {
	p, ok := ipv4Range(valueOf(c, awstype.Subnet, subnet, "cidrBlock"))
	a, err := netip.ParseAddr(address)
	switch {
	case !ok || err != nil:
		return ""
	case !p.Contains(a):
		return "is not in the range of the subnet"
	case isReserved(p, a):
		return "is reserved"
	case occupied(c, subnet)[a]:
		return "is in use"
	}
	for _, r := range reservations(c, subnet, "prefix") {
		if r.Contains(a) {
			return "is in a range that is reserved for prefixes"
		}
	}
	return ""
}

func isReserved(p netip.Prefix, a netip.Addr) bool {
	for i := range reservedFirst {
		if nth(p, i) == a {
			return true
		}
	}
	return nth(p, sizeOf(p)-1) == a
}

// settleENIs gives every wanted interface an address: the one asked for, else
// the one that it had, else a free one.
func settleENIs(c *emulator.Call, wanted []eni) ([]eni, error) {
	before := enisOf(&inventory.Object{Hidden: c.Hidden})
	var settled []eni
	for i, w := range wanted {
		old := slices.IndexFunc(before, func(e eni) bool { return e.subnet == w.subnet })
		if w.address == "" && old >= 0 && !askedFor(wanted, before[old]) {
			w.address = before[old].address
		}
		if old >= 0 {
			before = slices.Delete(before, old, old+1)
		}
		if w.address == "" {
			a, err := assign(c, w.subnet, fmt.Sprint(i), settled)
			if err != nil {
				return nil, err
			}
			w.address = a
		}
		settled = append(settled, w)
	}
	hidden := make([]any, len(settled))
	for i, e := range settled {
		hidden[i] = map[string]any{"subnet": e.subnet, "address": e.address}
	}
	c.Hidden.Set(enisPath, hidden)
	return settled, nil
}

// askedFor reports whether somebody asks for just that address.
func askedFor(wanted []eni, e eni) bool { return slices.Contains(wanted, e) }

func assign(c *emulator.Call, subnet, label string, besides []eni) (string, error) {
	p, ok := ipv4Range(valueOf(c, awstype.Subnet, subnet, "cidrBlock"))
	if !ok {
		return "", c.Fault("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", subnet)
	}
	taken, kept := occupied(c, subnet), reservations(c, subnet, "")
	a := freeIn(p, spread(c, label), reservedFirst, reservedLast, func(a netip.Addr) bool {
		return taken[a] ||
			slices.Contains(besides, eni{subnet, a.String()}) ||
			slices.ContainsFunc(kept, func(r netip.Prefix) bool { return r.Contains(a) })
	})
	if !a.IsValid() {
		return "", c.Fault("InsufficientFreeAddressesInSubnet",
			"The specified subnet does not have enough free addresses to satisfy the request: %s", subnet)
	}
	return a.String(), nil
}
