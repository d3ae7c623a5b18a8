package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// A Permission is one thing that a security group lets through, wherever it is written.
// Equal ones are equal, whatever their spelling.
type Permission struct {
	Group    string
	Egress   bool
	Protocol string // a number, "-1" for every protocol
	From, To int    // ports; of ICMP, type and code
	Peer     string // range, group or prefix list
}

// permissionTypes are those in which permissions are written.
var permissionTypes = []string{
	awstype.SecurityGroup, awstype.DefaultSecurityGroup,
	awstype.SecurityGroupRule, awstype.SecurityGroupIngressRule, awstype.SecurityGroupEgressRule,
}

// PermissionsIn reads the permissions that are written in an object: a group, or a rule
// of one. Of a group that AWS made, they are those that AWS gave it.
func PermissionsIn(o *inventory.Object) (found []Permission) {
	in := o.In
	switch o.Type {
	case awstype.SecurityGroup, awstype.DefaultSecurityGroup:
		if o.MadeBy != "" {
			in = o.Out
		}
		for _, direction := range []string{"ingress", "egress"} {
			for _, p := range in.Maps(direction + "[*]") {
				found = append(found, expand(o.ID, direction == "egress", p, p.Strings("securityGroups")...)...)
			}
		}
	case awstype.SecurityGroupRule:
		return expand(in.Str("securityGroupId"), in.Str("type") == "egress", in, in.Str("sourceSecurityGroupId"))
	default:
		peer := cmp.Or(in.Str("cidrIpv4"), in.Str("cidrIpv6"), in.Str("prefixListId"), in.Str("referencedSecurityGroupId"))
		return []Permission{newPermission(in.Str("securityGroupId"), o.Type == awstype.SecurityGroupEgressRule,
			in.Str("ipProtocol"), in.Int("fromPort"), in.Int("toPort"), peer)}
	}
	return found
}

// expand makes a permission for each peer of a rule.
func expand(group string, egress bool, p inventory.Props, groups ...string) (found []Permission) {
	peers := slices.Concat(p.Strings("cidrBlocks"), p.Strings("ipv6CidrBlocks"), p.Strings("prefixListIds"), groups)
	if p.Bool("self") {
		peers = append(peers, group)
	}
	for _, peer := range peers {
		if peer != "" {
			found = append(found, newPermission(group, egress, p.Str("protocol"), p.Int("fromPort"), p.Int("toPort"), peer))
		}
	}
	return found
}

func newPermission(group string, egress bool, protocol string, from, to int, peer string) Permission {
	if protocol = ProtocolNumber(protocol); protocol == "-1" {
		from, to = 0, 0
	}
	if r, err := netip.ParsePrefix(peer); err == nil {
		peer = r.Masked().String()
	}
	return Permission{group, egress, protocol, from, to, peer}
}

// protocolNumbers are IANA's numbers of what AWS calls by name.
var protocolNumbers = map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "ipv6-icmp": "58", "all": "-1"}

// ProtocolNumber is the number under which EC2 keeps a protocol; names that it does not
// know stay as they are.
func ProtocolNumber(name string) string {
	if n, ok := protocolNumbers[strings.ToLower(name)]; ok {
		return n
	}
	return name
}

// A written permission is one of an object.
type written struct {
	Permission
	resource string
}

// permissions are all of a group, in whatever objects they are written.
func (m *model) permissions(group string) (found []written) {
	add := func(objects ...*inventory.Object) {
		for _, o := range objects {
			for _, p := range PermissionsIn(o) {
				if p.Group == group {
					found = append(found, written{p, o.ID})
				}
			}
		}
	}
	itself := m.Get(awstype.SecurityGroup, group)
	switch adopted := m.Get(awstype.DefaultSecurityGroup, group); {
	case adopted != nil:
		add(adopted) // which takes away what AWS gave it
	case itself != nil:
		add(itself)
	case m.isOfCluster(group):
		// What EKS writes into it (EKS-20). Source: awsdocs/amazon-eks-user-guide sec-group-reqs.md.
		found = append(found, written{newPermission(group, false, "-1", 0, 0, group), group},
			written{newPermission(group, true, "-1", 0, 0, anywhere.String()), group})
	}
	add(m.All(awstype.SecurityGroupRule, awstype.SecurityGroupIngressRule, awstype.SecurityGroupEgressRule)...)
	return found
}

// misses counts in how many ways of three the permission is for another packet: by
// protocol, port and the far end, which has an address and, inside the VPC, groups.
func (p Permission) misses(packet Packet, far netip.Addr, farGroups []string) (n int) {
	if p.Protocol != "-1" && p.Protocol != protocolNumbers[packet.Protocol] {
		n++
	}
	if p.Protocol != "-1" && packet.Protocol != "icmp" && (packet.ToPort < p.From || p.To < packet.ToPort) {
		n++
	}
	r, err := netip.ParsePrefix(p.Peer)
	if err == nil && !r.Contains(far) || err != nil && !slices.Contains(farGroups, p.Peer) {
		n++
	}
	return n
}

// groups judges the first packet of a connection at an interface: one permission of
// one of its groups is enough, and replies pass. A rule that names a group matches
// interfaces of that group, never an address of Azure (VPC-26). Source: Amazon VPC
// guide, vpc-security-groups.md and security-group-rules.md.
func (m *model) groups(place string, ids []string, egress bool, p Packet, farGroups []string) Hop {
	far, direction := p.From, "in"
	if egress {
		far, direction = p.To, "out"
	}
	place = "security group of " + place
	if len(ids) == 0 {
		return passes(place, "")
	}
	unknown, near := "", slices.Clone(ids)
	for _, id := range ids {
		for _, allowed := range remember(m.allowed, id, m.permissions) {
			if allowed.Egress != egress {
				continue
			}
			switch misses := allowed.misses(p, far, farGroups); {
			case misses == 0:
				return passes(place, allowed.resource)
			case misses == 1 && strings.HasPrefix(allowed.Peer, "pl-") && !slices.Contains(farGroups, allowed.Peer) && !(far.IsPrivate() && m.isOfService(allowed.Peer)):
				unknown = "what is in the prefix list " + allowed.Peer
			case misses == 1 && !slices.Contains(near, allowed.resource):
				near = append(near, allowed.resource)
			}
		}
		if m.Get(awstype.SecurityGroup, id) == nil && !m.whole && !m.isOfCluster(id) {
			unknown = "the rules of " + id + ", which AWS made"
		}
	}
	if unknown != "" {
		return untold(place, ids[0], "%s cannot be told from here, and nothing else lets %s %s", unknown, p, direction)
	}
	return stopped(place, strings.Join(near, ", "), "VPC-26", "allow it in "+ids[0], "no rule of %s lets %s %s", strings.Join(ids, ", "), p, direction)
}

// isOfCluster reports whether a group is the one that EKS made for a cluster.
func (m *model) isOfCluster(group string) bool {
	return m.Find(awstype.Cluster, "vpcConfig.clusterSecurityGroupId", group) != nil
}

// isOfService reports whether a prefix list is one that AWS keeps of a service's public
// addresses.
func (m *model) isOfService(list string) bool {
	return m.Find(awstype.VpcEndpoint, "prefixListId", list) != nil
}
