package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// An aclEntry is a numbered rule of a network ACL.
type aclEntry struct {
	number   int
	egress   bool
	allow    bool
	protocol string // a number, "-1" for every protocol
	from, to int
	cidr     netip.Prefix
	resource string
}

// aclOf is the network ACL of a subnet: the one associated with it, else its VPC's
// default one.
func (m *model) aclOf(subnet *inventory.Object) string {
	for _, a := range m.All(awstype.NetworkAclAssociation) {
		if a.In.Str("subnetId") == subnet.ID {
			return a.In.Str("networkAclId")
		}
	}
	for _, acl := range m.All(awstype.NetworkAcl, awstype.DefaultNetworkAcl) {
		if slices.Contains(acl.In.Strings("subnetIds"), subnet.ID) {
			return acl.ID
		}
	}
	if vpc := m.Get(awstype.Vpc, subnet.Value("vpcId")); vpc != nil {
		return vpc.Value("defaultNetworkAclId")
	}
	return ""
}

// aclEntries are the entries of an ACL by number. A VPC's default one has AWS's own entry
// for everything, both ways, unless it was adopted: that takes all entries away first.
// Source: Amazon VPC guide, default-network-acl.md; Pulumi's ec2.DefaultNetworkAcl.
func (m *model) aclEntries(acl string) (found []aclEntry) {
	if m.Find(awstype.Vpc, "defaultNetworkAclId", acl) != nil && m.Get(awstype.DefaultNetworkAcl, acl) == nil {
		for _, egress := range []bool{false, true} {
			found = append(found, aclEntry{number: 100, egress: egress, allow: true, protocol: "-1", cidr: anywhere, resource: acl})
		}
	}
	add := func(o *inventory.Object, p inventory.Props, number int, egress bool, action string) {
		cidr, err := netip.ParsePrefix(p.Str("cidrBlock"))
		if err != nil {
			return // IPv6
		}
		found = append(found, aclEntry{
			number, egress, action == "allow", ProtocolNumber(p.Str("protocol")), p.Int("fromPort"), p.Int("toPort"), cidr, o.ID,
		})
	}
	for _, typ := range []string{awstype.NetworkAcl, awstype.DefaultNetworkAcl} {
		o := m.Get(typ, acl)
		if o == nil {
			continue
		}
		for _, direction := range []string{"ingress", "egress"} {
			for _, p := range o.In.Maps(direction + "[*]") {
				add(o, p, p.Int("ruleNo"), direction == "egress", p.Str("action"))
			}
		}
	}
	for _, o := range m.All(awstype.NetworkAclRule) {
		if o.In.Str("networkAclId") == acl {
			add(o, o.In, o.In.Int("ruleNumber"), o.In.Bool("egress"), o.In.Str("ruleAction"))
		}
	}
	slices.SortStableFunc(found, func(a, b aclEntry) int { return a.number - b.number })
	return found
}

func (e aclEntry) fits(p Packet, egress bool, far netip.Addr) bool {
	if e.egress != egress || !e.cidr.Contains(far) || e.protocol != "-1" && e.protocol != protocolNumbers[p.Protocol] {
		return false
	}
	return e.protocol == "-1" || p.Protocol == "icmp" || e.from <= p.ToPort && p.ToPort <= e.to
}

// acl judges one packet at the edge of a subnet. The first entry by number that fits
// decides, and what fits none is denied; an ACL knows no connections, so that replies
// are judged on their own (VPC-19, VPC-20). Source: Amazon VPC guide,
// vpc-network-acls.md and nacl-rules.md.
func (m *model) acl(subnet *inventory.Object, egress bool, p Packet) Hop {
	far, direction := p.From, "into"
	if egress {
		far, direction = p.To, "out of"
	}
	id := remember(m.acls, subnet.ID, func(string) string { return m.aclOf(subnet) })
	place := "network ACL of " + m.subnetName(subnet)
	if id == "" {
		return untold(place, "", "which ACL the subnet has cannot be told from here")
	}
	for _, e := range remember(m.entries, id, m.aclEntries) {
		switch {
		case !e.fits(p, egress, far):
		case e.allow:
			return passes(place, e.resource)
		default:
			return stopped(place, id+", "+e.resource, "VPC-19", "take the entry away, or allow it under a lower number",
				"entry %d of %s denies %s %s the subnet", e.number, id, p, direction)
		}
	}
	return stopped(place, id, "VPC-19", fmt.Sprintf("add an entry that allows %s port %d %s the subnet", upper[p.Protocol], p.ToPort, direction),
		"no entry of %s lets %s %s the subnet", id, p, direction)
}
