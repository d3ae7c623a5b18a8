package reach

import (
	"net/netip"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// An iface is a network interface in a VPC.
type iface struct {
	name    string // whose it is
	address netip.Addr
	subnet  *inventory.Object
	groups  []string // security groups
}

// interfaces are those of a machine that may have any address of a subnet but those that
// are taken: one for each way in which filters treat them.
func (m *model) interfaces(name string, subnet *inventory.Object, groups []string, taken ...netip.Addr) (found []iface) {
	for _, a := range m.sources(subnet, taken...) {
		found = append(found, iface{name, a, subnet, groups})
	}
	return found
}

// serviceInterfaces are those that an AWS service keeps in subnets for an object. Where
// their addresses are not known, they may have any.
func (m *model) serviceInterfaces(name string, o *inventory.Object, subnets, groups []string, taken ...netip.Addr) (found []iface) {
	addresses := map[string]netip.Addr{}
	for _, p := range append(o.Hidden.Maps("enis[*]"), o.Out.Maps("subnetConfigurations[*]")...) {
		for _, path := range []string{"address", "ipv4"} {
			if a := address(p.Str(path)); a.IsValid() {
				addresses[p.Str("subnet")+p.Str("subnetId")] = a
			}
		}
	}
	for _, id := range subnets {
		subnet := m.Get(awstype.Subnet, id)
		a, known := addresses[id]
		switch {
		case subnet == nil:
		case known:
			found = append(found, iface{name, a, subnet, groups})
		default:
			found = append(found, m.interfaces(name, subnet, groups, taken...)...)
		}
	}
	return found
}

// connect judges a connection between two interfaces of a VPC, and its replies.
func (m *model) connect(from, to iface, protocol string, port int) []Hop {
	p := Packet{Protocol: protocol, From: from.address, To: to.address, FromPort: ephemeral[0], ToPort: port}
	hops := []Hop{m.groups(from.name, from.groups, true, p, to.groups), m.groups(to.name, to.groups, false, p, from.groups)}
	return append(hops, m.between(from.subnet, to.subnet, p)...)
}

// between judges a packet that leaves one subnet and comes into another, and its
// replies. ACLs do not see what stays in a subnet.
func (m *model) between(from, to *inventory.Object, p Packet) []Hop {
	if from == to {
		return nil
	}
	return append(m.edge(from, true, p), m.edge(to, false, p)...)
}

// edge judges a packet at the edge of a subnet, and its replies, which come to any port
// that a client may have taken.
func (m *model) edge(subnet *inventory.Object, egress bool, p Packet) []Hop {
	hops := []Hop{m.acl(subnet, egress, p)}
	for _, own := range ephemeral {
		reply := p.Reply()
		reply.ToPort = own
		hops = append(hops, m.acl(subnet, !egress, reply))
	}
	return hops
}
