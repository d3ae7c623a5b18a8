package aws

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/reach"
)

// aclKinds are network ACLs and their entries.
func aclKinds() []*emulator.Kind {
	return []*emulator.Kind{networkACL(), defaultACL(), networkACLRule(), aclAssociation()}
}

// Numbers of entries; 32767 is the entry that denies the rest.
const (
	firstEntry = 1
	lastEntry  = 32766
)

func networkACL() *emulator.Kind {
	const source = "ec2/vpc_network_acl.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.NetworkAcl,
		Words: words("EC2", "EC2 Network ACL", "CreateNetworkAcl", "ReplaceNetworkAclEntry", "DeleteNetworkAcl", "DescribeNetworkAcls"),
		NewID: opaque("acl"),
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc),
			refersTo("subnetIds[*]", "InvalidSubnetID.NotFound", "", moto("ec2/exceptions.py"), awstype.Subnet),
		},
		Replace: forceNew(source, "vpcId"),
		Rules: []emulator.Rule{
			refuse("VPC-17", "InvalidParameterValue", emulator.OpWrite, model("ec2"), inlineEntryNumber),
			refuse("VPC-17", "NetworkAclEntryAlreadyExists", emulator.OpWrite, moto("ec2/exceptions.py"), inlineEntryTwice),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": regional(c, "ec2", "network-acl/"+c.ID), "ownerId": c.Account().AWSAccount,
				"ingress": []any{}, "egress": []any{}, "subnetIds": []any{},
			})
			return nil
		},
		Refresh: refreshNetworkACL,
	})
}

func inlineEntryNumber(c *emulator.Call) string {
	for _, p := range append(c.In.Maps("ingress[*]"), c.In.Maps("egress[*]")...) {
		if n := p.Int("ruleNo"); n < firstEntry || n > lastEntry {
			return fmt.Sprintf("Value (%d) for parameter ruleNumber is invalid.", n)
		}
	}
	return ""
}

func inlineEntryTwice(c *emulator.Call) string {
	for _, direction := range []string{"ingress", "egress"} {
		seen := map[int]bool{}
		for _, p := range c.In.Maps(direction + "[*]") {
			if n := p.Int("ruleNo"); seen[n] {
				return fmt.Sprintf("The network acl entry identified by %d already exists.", n)
			}
			seen[p.Int("ruleNo")] = true
		}
	}
	return ""
}

// refreshNetworkACL shows the entries and subnets that resources of their own
// have added (PRV-15).
func refreshNetworkACL(c *emulator.Call) error {
	entries := map[string][]any{"ingress": c.Out.List("ingress"), "egress": c.Out.List("egress")}
	for _, o := range where(c, awstype.NetworkAclRule, "networkAclId", c.ID) {
		direction := "ingress"
		if o.In.Bool("egress") {
			direction = "egress"
		}
		entries[direction] = append(slices.Clone(entries[direction]), map[string]any{
			"ruleNo": o.In.Num("ruleNumber"), "action": o.In.Str("ruleAction"), "protocol": reach.ProtocolNumber(o.In.Str("protocol")),
			"cidrBlock": o.In.Str("cidrBlock"), "fromPort": o.In.Num("fromPort"), "toPort": o.In.Num("toPort"),
		})
	}
	c.Out.Set("ingress", entries["ingress"])
	c.Out.Set("egress", entries["egress"])
	grow(c, "subnetIds", where(c, awstype.NetworkAclAssociation, "networkAclId", c.ID), "subnetId")
	return nil
}

// defaultACL adopts the default network ACL of a VPC. Deleting it only forgets it.
func defaultACL() *emulator.Kind {
	const source = "ec2/vpc_default_network_acl.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.DefaultNetworkAcl,
		Words: words("EC2", "EC2 Default Network ACL", "CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry", "DescribeNetworkAcls"),
		NewID: property("defaultNetworkAclId"),
		Refs: []emulator.Ref{
			refersTo("defaultNetworkAclId", "InvalidNetworkAclID.NotFound", "", moto("ec2/exceptions.py"), awstype.NetworkAcl),
			refersTo("subnetIds[*]", "InvalidSubnetID.NotFound", "", moto("ec2/exceptions.py"), awstype.Subnet),
		},
		Replace: forceNew(source, "defaultNetworkAclId"),
		Fill: func(c *emulator.Call) error {
			vpc := valueOf(c, awstype.NetworkAcl, c.ID, "vpcId")
			defaults(c, inventory.Props{
				"arn": regional(c, "ec2", "network-acl/"+c.ID), "ownerId": c.Account().AWSAccount, "vpcId": vpc,
			})
			return nil
		},
	})
}

// networkACLRule is one entry. The provider always sends a port range, 0-0 when
// none is given, so EC2 never misses one: such an entry is taken and admits
// nothing useful (VPC-18).
func networkACLRule() *emulator.Kind {
	const source = "ec2/vpc_network_acl_rule.go"
	return &emulator.Kind{
		Type:  awstype.NetworkAclRule,
		Words: words("EC2", "EC2 Network ACL Rule", "CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry", "DescribeNetworkAcls"),
		NewID: func(c *emulator.Call) (string, error) {
			return fmt.Sprintf("nacl-%d", hashCode(fmt.Sprintf("%s-%d-%t-%s-",
				c.In.Str("networkAclId"), c.In.Int("ruleNumber"), c.In.Bool("egress"), c.In.Str("protocol")))), nil
		},
		Refs: []emulator.Ref{
			refersTo("networkAclId", "InvalidNetworkAclID.NotFound", "", moto("ec2/exceptions.py"), awstype.NetworkAcl),
		},
		Replace: forceNew(source, "cidrBlock", "egress", "fromPort", "icmpCode", "icmpType", "ipv6CidrBlock",
			"networkAclId", "protocol", "ruleAction", "ruleNumber", "toPort"),
		Rules: []emulator.Rule{
			exactlyOne("VPC-17", terraform(source), "cidrBlock", "ipv6CidrBlock"),
			oneOf("VPC-17", "ruleAction", terraform(source), "allow", "deny"),
			provider("VPC-18", "protocol", terraform(source), entryProtocol),
			refuse("VPC-17", "InvalidParameterValue", emulator.OpCreate, model("ec2"), entryNumber),
			refuse("VPC-17", "NetworkAclEntryAlreadyExists", emulator.OpCreate, moto("ec2/exceptions.py"), entryTwice),
			refuse("VPC-18", "InvalidParameterValue", emulator.OpCreate, model("ec2")+" (text unverified)", entryPorts),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"egress": false})
			return nil
		},
	}
}

func entryProtocol(c *emulator.Call) string {
	p := c.In.Str("protocol")
	if p == "" || isNumber(reach.ProtocolNumber(p)) {
		return ""
	}
	return fmt.Sprintf("%q : unsupported NACL protocol: %s", "protocol", p)
}

func isNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

func entryNumber(c *emulator.Call) string {
	if n := c.In.Int("ruleNumber"); n < firstEntry || n > lastEntry {
		return fmt.Sprintf("Value (%d) for parameter ruleNumber is invalid.", n)
	}
	return ""
}

func entryTwice(c *emulator.Call) string {
	acl, number, egress := c.In.Str("networkAclId"), c.In.Int("ruleNumber"), c.In.Bool("egress")
	twice := slices.ContainsFunc(where(c, awstype.NetworkAclRule, "networkAclId", acl), func(o *inventory.Object) bool {
		return o.In.Int("ruleNumber") == number && o.In.Bool("egress") == egress
	})
	if !twice {
		return ""
	}
	return fmt.Sprintf("The network acl entry identified by %d already exists.", number)
}

func entryPorts(c *emulator.Call) string {
	p := reach.ProtocolNumber(c.In.Str("protocol"))
	from, to := c.In.Int("fromPort"), c.In.Int("toPort")
	if p != "6" && p != "17" {
		return ""
	}
	if from > to || from < 0 || to > 65535 {
		return fmt.Sprintf("Invalid TCP/UDP port range: %d-%d.", from, to)
	}
	return ""
}

func aclAssociation() *emulator.Kind {
	const source = "ec2/vpc_network_acl_association.go"
	return &emulator.Kind{
		Type:  awstype.NetworkAclAssociation,
		Words: words("EC2", "EC2 Network ACL Association", "ReplaceNetworkAclAssociation", "ReplaceNetworkAclAssociation", "ReplaceNetworkAclAssociation", "DescribeNetworkAcls"),
		NewID: opaque("aclassoc"),
		Refs: []emulator.Ref{
			refersTo("networkAclId", "InvalidNetworkAclID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.NetworkAcl),
			refersTo("subnetId", "InvalidSubnetID.NotFound", "", moto("ec2/exceptions.py"), awstype.Subnet),
		},
		Replace: forceNew(source, "networkAclId", "subnetId"),
		Rules: []emulator.Rule{
			refuse("VPC-20", "InvalidParameterValue", emulator.OpCreate,
				model("ec2")+" ReplaceNetworkAclAssociation (text unverified)", aclElsewhere),
		},
	}
}

func aclElsewhere(c *emulator.Call) string {
	acl, subnet := c.In.Str("networkAclId"), c.In.Str("subnetId")
	if valueOf(c, awstype.NetworkAcl, acl, "vpcId") == vpcOf(c, subnet) {
		return ""
	}
	return fmt.Sprintf("Network acl %s and subnet %s belong to different networks", acl, subnet)
}
