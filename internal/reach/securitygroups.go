package reach

import (
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// A permission is one thing that a security group lets through.
type permission struct {
	egress   bool
	protocol string // a number, "-1" for every protocol
	from, to int
	peer     string // range, group or prefix list
	resource string // where it is written
}

// permissions are all of a group, in whatever resources they are written, and those
// that AWS itself gave a group that it made.
func (m *model) permissions(group string) (found []permission) {
	if o := m.Get(awstype.SecurityGroup, group); o != nil {
		from := o.In
		if o.MadeBy != "" {
			from = o.Out
		}
		for _, direction := range []string{"ingress", "egress"} {
			for _, p := range from.Maps(direction + "[*]") {
				found = append(found, expand(o.ID, group, direction == "egress", p, p.Strings("securityGroups")...)...)
			}
		}
	}
	if m.Get(awstype.SecurityGroup, group) == nil && m.isOfCluster(group) {
		// What EKS writes into it (EKS-20). Source: awsdocs/amazon-eks-user-guide sec-group-reqs.md.
		found = append(found, permission{false, "-1", 0, 0, group, group}, permission{true, "-1", 0, 0, anywhere.String(), group})
	}
	for _, o := range m.All(awstype.SecurityGroupRule) {
		if o.In.Str("securityGroupId") == group {
			found = append(found, expand(o.ID, group, o.In.Str("type") == "egress", o.In, o.In.Str("sourceSecurityGroupId"))...)
		}
	}
	for _, o := range m.All(awstype.SecurityGroupIngressRule, awstype.SecurityGroupEgressRule) {
		if o.In.Str("securityGroupId") != group {
			continue
		}
		for _, path := range []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"} {
			if peer := o.In.Str(path); peer != "" {
				found = append(found, permission{
					egress: o.Type == awstype.SecurityGroupEgressRule, protocol: protocolNumber(o.In.Str("ipProtocol")),
					from: o.In.Int("fromPort"), to: o.In.Int("toPort"), peer: peer, resource: o.ID,
				})
			}
		}
	}
	return found
}

// expand makes a permission for each peer of a rule.
func expand(id, group string, egress bool, p inventory.Props, groups ...string) (found []permission) {
	peers := slices.Concat(p.Strings("cidrBlocks"), p.Strings("ipv6CidrBlocks"), p.Strings("prefixListIds"), groups)
	if p.Bool("self") {
		peers = append(peers, group)
	}
	for _, peer := range peers {
		if peer != "" {
			found = append(found, permission{egress, protocolNumber(p.Str("protocol")), p.Int("fromPort"), p.Int("toPort"), peer, id})
		}
	}
	return found
}

// protocolNumbers are IANA's numbers of what AWS calls by name.
var protocolNumbers = map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "all": "-1"}

func protocolNumber(name string) string {
	if n, ok := protocolNumbers[strings.ToLower(name)]; ok {
		return n
	}
	return name
}

// misses counts in how many ways of three the permission is for another packet: by
// protocol, port and the far end, which has an address and, inside the VPC, groups.
func (p permission) misses(packet Packet, far netip.Addr, farGroups []string) (n int) {
	if p.protocol != "-1" && p.protocol != protocolNumbers[packet.Protocol] {
		n++
	}
	if p.protocol != "-1" && packet.Protocol != "icmp" && (packet.ToPort < p.from || p.to < packet.ToPort) {
		n++
	}
	r, err := netip.ParsePrefix(p.peer)
	if err == nil && !r.Contains(far) || err != nil && !slices.Contains(farGroups, p.peer) {
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
			if allowed.egress != egress {
				continue
			}
			switch misses := allowed.misses(p, far, farGroups); {
			case misses == 0:
				return passes(place, allowed.resource)
			case misses == 1 && strings.HasPrefix(allowed.peer, "pl-") && !(far.IsPrivate() && m.isOfService(allowed.peer)):
				unknown = "what is in the prefix list " + allowed.peer
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
