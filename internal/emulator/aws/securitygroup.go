package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/reach"
)

// groupKinds are security groups and their rules, in the three ways that
// pulumi-aws writes them.
func groupKinds() []*emulator.Kind {
	return []*emulator.Kind{
		securityGroup(), defaultGroup(), groupRule(),
		singleRule(awstype.SecurityGroupIngressRule, "Ingress", "ec2/vpc_security_group_ingress_rule.go"),
		singleRule(awstype.SecurityGroupEgressRule, "Egress", "ec2/vpc_security_group_egress_rule.go"),
	}
}

const (
	sourceGroup     = "ec2/vpc_security_group.go"
	maxGroupName    = 255
	maxGroupRules   = 60 // for each direction and address family, unless the quota is raised
	groupCharset    = `^[0-9A-Za-z_ .:/()#,@\[\]+=&;{}!$*-]*$`
	groupCharsWords = "0-9, A-Z, a-z, space and _.:/()#,@[]+=&;{}!$*-"
)

var groupText = regexp.MustCompile(groupCharset)

func securityGroup() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:     awstype.SecurityGroup,
		Words:    named(words("EC2", "Security Group", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "DeleteSecurityGroup", "DescribeSecurityGroups")),
		AutoName: &emulator.AutoName{Property: "name", Max: maxGroupName},
		NewID:    opaque("sg"),
		Refs: append(inlineGroupRefs(),
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc)),
		Unique: []emulator.Unique{
			{Fields: []string{"vpcId", "name"}, Code: "InvalidGroup.Duplicate", Source: moto("ec2/exceptions.py")},
		},
		Replace: forceNew(sourceGroup, "name", "namePrefix", "description", "vpcId"),
		Rules: []emulator.Rule{
			provider("VPC-22", "name", terraform(sourceGroup), groupName),
			matches("VPC-22", "description", terraform(sourceGroup), groupText, "it takes "+groupCharsWords),
			refuse("VPC-22", "VPCIdNotSpecified", emulator.OpCreate, moto("ec2/exceptions.py"), groupWithoutVpc),
			refuse("VPC-23", "InvalidPermission.Duplicate", emulator.OpWrite, moto("ec2/exceptions.py"), duplicatePermission),
			refuse("VPC-24", "RulesPerSecurityGroupLimitExceeded", emulator.OpWrite, moto("ec2/exceptions.py"), tooManyPermissions),
			refuse("VPC-27", "DependencyViolation", emulator.OpDelete, model("ec2")+" DeleteSecurityGroup", groupOnNodes),
		},
		Fill:    fillSecurityGroup,
		Gone:    forgetGroupRules,
		Refresh: refreshSecurityGroup,
	})
}

func inlineGroupRefs() []emulator.Ref {
	return []emulator.Ref{
		refersTo("ingress[*].securityGroups[*]", "InvalidGroup.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.SecurityGroup),
		refersTo("egress[*].securityGroups[*]", "InvalidGroup.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.SecurityGroup),
	}
}

func groupName(c *emulator.Call) string {
	name := c.In.Str("name")
	switch {
	case len(name) > maxGroupName:
		return fmt.Sprintf("expected length of name to be in the range (0 - %d), got %s", maxGroupName, name)
	case strings.HasPrefix(strings.ToLower(name), "sg-"):
		return "invalid value for name (cannot begin with sg-)"
	case !groupText.MatchString(name):
		return "invalid value for name (it takes " + groupCharsWords + ")"
	}
	return ""
}

// groupWithoutVpc: the emulated account has no default VPC.
func groupWithoutVpc(c *emulator.Call) string {
	if c.In.Has("vpcId") {
		return ""
	}
	return "No default VPC for this user"
}

// groupOnNodes is why a group stays: nodes carry it through their launch template.
func groupOnNodes(c *emulator.Call) string {
	for _, nodes := range others(c, awstype.NodeGroup) {
		if slices.Contains(reach.NodesOf(c.Tx.View, nodes).SecurityGroups(), c.ID) {
			return fmt.Sprintf("resource %s has a dependent object", c.ID)
		}
	}
	return ""
}

// fillSecurityGroup leaves a group without egress unless some is declared: the
// provider takes away the rule that EC2 adds (VPC-25).
func fillSecurityGroup(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn": regional(c, "ec2", "security-group/"+c.ID), "ownerId": c.Account().AWSAccount,
		"description": "Managed by Pulumi", "ingress": []any{}, "egress": []any{}, "revokeRulesOnDelete": false,
	})
	return nil
}

// forgetGroupRules takes the rules of a group away with it.
func forgetGroupRules(c *emulator.Call) error {
	removeIf(c, func(o *inventory.Object) bool { return o.Value("securityGroupId") == c.ID },
		awstype.SecurityGroupRule, awstype.SecurityGroupIngressRule, awstype.SecurityGroupEgressRule)
	return nil
}

// refreshSecurityGroup shows the rules that resources of their own have added:
// an output that grows, and an input that flips for whoever sets both (PRV-15).
func refreshSecurityGroup(c *emulator.Call) error {
	for direction, egress := range map[string]bool{"ingress": false, "egress": true} {
		list := slices.Clone(c.Out.List(direction))
		for _, p := range permissionsOf(c, c.ID, groupRules...) {
			if p.Egress == egress {
				list = append(list, shown(p))
			}
		}
		c.Out.Set(direction, list)
	}
	return nil
}

// defaultGroup adopts the default security group of a VPC and takes every rule
// out of it that is not declared. Deleting it only forgets it.
func defaultGroup() *emulator.Kind {
	const source = "ec2/vpc_default_security_group.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.DefaultSecurityGroup,
		Words: words("EC2", "EC2 Default Security Group", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupIngress", "DeleteSecurityGroup", "DescribeSecurityGroups"),
		NewID: func(c *emulator.Call) (string, error) {
			return valueOf(c, awstype.Vpc, c.In.Str("vpcId"), "defaultSecurityGroupId"), nil
		},
		Refs: append(inlineGroupRefs(),
			refersTo("vpcId", "InvalidVpcID.NotFound", "", moto("ec2/exceptions.py"), awstype.Vpc)),
		Replace: forceNew(source, "vpcId"),
		Rules: []emulator.Rule{
			refuse("VPC-22", "VPCIdNotSpecified", emulator.OpCreate, moto("ec2/exceptions.py"), groupWithoutVpc),
		},
		Fill: fillDefaultGroup,
	})
}

func fillDefaultGroup(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn": regional(c, "ec2", "security-group/"+c.ID), "ownerId": c.Account().AWSAccount,
		"name": "default", "namePrefix": "", "description": "default VPC security group",
		"ingress": []any{}, "egress": []any{},
	})
	if group := c.Tx.Get(awstype.SecurityGroup, c.ID); group != nil {
		group.Out.Set("ingress", c.Out.List("ingress"))
		group.Out.Set("egress", c.Out.List("egress"))
		c.Tx.Put(group)
	}
	return nil
}

func groupRule() *emulator.Kind {
	const source = "ec2/vpc_security_group_rule.go"
	sources := []string{"cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "self", "sourceSecurityGroupId"}
	return &emulator.Kind{
		Type:  awstype.SecurityGroupRule,
		Words: words("EC2", "Security Group Rule", "AuthorizeSecurityGroupIngress", "UpdateSecurityGroupRuleDescriptionsIngress", "RevokeSecurityGroupIngress", "DescribeSecurityGroups"),
		NewID: func(c *emulator.Call) (string, error) {
			what := fmt.Sprintf("%s-%s-%v", c.In.Str("securityGroupId"), c.In.Str("type"), ownRules(c))
			return fmt.Sprintf("sgrule-%d", hashCode(what)), nil
		},
		Refs: []emulator.Ref{
			refersTo("securityGroupId", "InvalidGroup.NotFound", "", moto("ec2/exceptions.py"), awstype.SecurityGroup),
			refersTo("sourceSecurityGroupId", "InvalidGroup.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.SecurityGroup),
		},
		Replace: forceNew(source, append(sources, "fromPort", "protocol", "securityGroupId", "toPort", "type")...),
		Rules: []emulator.Rule{
			oneOf("VPC-23", "type", terraform(source), "ingress", "egress"),
			canonicalRange("VPC-23", "cidrBlocks[*]", terraform(source)),
			provider("VPC-23", "", terraform(source), func(c *emulator.Call) string {
				if len(present(c.In, sources)) == 0 {
					return fmt.Sprintf("one of `%s` must be specified", strings.Join(sources, ","))
				}
				return ""
			}),
			atMostOne("VPC-23", terraform(source), "sourceSecurityGroupId", "cidrBlocks", "self"),
			provider("VPC-22", "description", terraform(source), permissionWords),
			refuse("VPC-23", "InvalidPrefixListID.NotFound", emulator.OpCreate, model("ec2"), noPrefixList("prefixListIds")),
			refuse("VPC-23", "InvalidPermission.Duplicate", emulator.OpCreate, moto("ec2/exceptions.py"), duplicatePermission),
			refuse("VPC-24", "RulesPerSecurityGroupLimitExceeded", emulator.OpCreate, moto("ec2/exceptions.py"), tooManyPermissions),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"securityGroupRuleId": opaqueOf(c, "sgr", ""), "self": false})
			return nil
		},
	}
}

// ruleSources are the kinds of source that a single rule has one of.
var ruleSources = []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}

// otherSource reports whether a rule gets another kind of source.
func otherSource(c *emulator.Call) bool {
	return !slices.Equal(present(c.OldIn, ruleSources), present(c.In, ruleSources))
}

// singleRule is one permission with an id of its own. A change of ports or range
// happens in place; of the kind of source it does not.
func singleRule(typ, side, source string) *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  typ,
		Words: words("EC2", "VPC Security Group Rule", "AuthorizeSecurityGroup"+side, "ModifySecurityGroupRules", "RevokeSecurityGroup"+side, "DescribeSecurityGroupRules"),
		NewID: opaque("sgr"),
		Refs: []emulator.Ref{
			refersTo("securityGroupId", "InvalidGroup.NotFound", "", moto("ec2/exceptions.py"), awstype.SecurityGroup),
			refersTo("referencedSecurityGroupId", "InvalidGroup.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.SecurityGroup),
		},
		Replace: singleReplace(source),
		Rules: []emulator.Rule{
			exactlyOne("VPC-23", terraform(source), ruleSources...),
			canonicalRange("VPC-23", "cidrIpv4", terraform(source)),
			within("VPC-23", "fromPort", terraform(source), -1, 65535),
			within("VPC-23", "toPort", terraform(source), -1, 65535),
			refuse("VPC-23", "InvalidParameterValue", emulator.OpWrite, model("ec2")+" (text unverified)", permissionPorts),
			refuse("VPC-23", "InvalidPrefixListID.NotFound", emulator.OpWrite, model("ec2"), noPrefixList("prefixListId")),
			refuse("VPC-22", "InvalidParameterValue", emulator.OpWrite, model("ec2")+" IpRange.Description", permissionWords),
			refuse("VPC-23", "InvalidPermission.Duplicate", emulator.OpWrite, moto("ec2/exceptions.py"), duplicatePermission),
			refuse("VPC-24", "RulesPerSecurityGroupLimitExceeded", emulator.OpCreate, moto("ec2/exceptions.py"), tooManyPermissions),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": regional(c, "ec2", "security-group-rule/"+c.ID), "securityGroupRuleId": c.ID,
			})
			return nil
		},
	})
}

func singleReplace(source string) []emulator.Replace {
	list := forceNew(source, "securityGroupId")
	for _, path := range ruleSources {
		list = append(list, emulator.Replace{Path: path, Source: terraform(source), When: otherSource})
	}
	return list
}

func permissionWords(c *emulator.Call) string {
	if text := c.In.Str("description"); len(text) <= 255 && groupText.MatchString(text) {
		return ""
	}
	return "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: " +
		"a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
}

func permissionPorts(c *emulator.Call) string {
	p := reach.ProtocolNumber(c.In.Str("ipProtocol"))
	if p != "6" && p != "17" {
		return ""
	}
	if !c.In.Has("fromPort") || !c.In.Has("toPort") || c.In.Int("fromPort") > c.In.Int("toPort") {
		return fmt.Sprintf("Invalid value '%v-%v' for portRange.", c.In.Num("fromPort"), c.In.Num("toPort"))
	}
	return ""
}

// family is the address family of a permission's far end.
func family(p reach.Permission) string {
	if strings.Contains(p.Peer, ":") {
		return "IPv6"
	}
	return "IPv4"
}

// shown is a permission as a group lists it.
func shown(p reach.Permission) map[string]any {
	m := map[string]any{"protocol": p.Protocol, "fromPort": float64(p.From), "toPort": float64(p.To), "self": p.Peer == p.Group}
	switch {
	case p.Peer == p.Group:
	case strings.HasPrefix(p.Peer, "sg-"):
		m["securityGroups"] = []any{p.Peer}
	case strings.HasPrefix(p.Peer, "pl-"):
		m["prefixListIds"] = []any{p.Peer}
	case family(p) == "IPv6":
		m["ipv6CidrBlocks"] = []any{p.Peer}
	default:
		m["cidrBlocks"] = []any{p.Peer}
	}
	return m
}

// groupRules are the types in which permissions are written outside of their group.
var groupRules = []string{awstype.SecurityGroupRule, awstype.SecurityGroupIngressRule, awstype.SecurityGroupEgressRule}

// permissionsOf are all permissions of a group, written in objects of the types, but
// those of the call's own object.
func permissionsOf(c *emulator.Call, group string, types ...string) []reach.Permission {
	var list []reach.Permission
	for _, o := range others(c, types...) {
		for _, p := range reach.PermissionsIn(o) {
			if p.Group == group {
				list = append(list, p)
			}
		}
	}
	return list
}

func ownRules(c *emulator.Call) []reach.Permission {
	return reach.PermissionsIn(&inventory.Object{Type: c.Kind.Type, ID: c.ID, In: c.In})
}

// ownPermissions are those of the call's object, and those that their group has besides.
func ownPermissions(c *emulator.Call) (mine, others []reach.Permission) {
	mine = ownRules(c)
	if len(mine) > 0 {
		others = permissionsOf(c, mine[0].Group, append(groupRules, awstype.SecurityGroup)...)
	}
	return mine, others
}

func duplicatePermission(c *emulator.Call) string {
	mine, others := ownPermissions(c)
	for i, p := range mine {
		if slices.Contains(mine[:i], p) || slices.Contains(others, p) {
			return fmt.Sprintf("the specified rule %q already exists",
				fmt.Sprintf("peer: %s, %s, from port: %d, to port: %d, ALLOW", p.Peer, p.Protocol, p.From, p.To))
		}
	}
	return ""
}

func tooManyPermissions(c *emulator.Call) string {
	mine, others := ownPermissions(c)
	most := quota(c, quotaGroupRules, maxGroupRules)
	count := map[string]int{}
	for _, p := range append(others, mine...) {
		kind := fmt.Sprint(p.Egress, family(p))
		if count[kind]++; count[kind] > most {
			return fmt.Sprintf("The maximum number of rules per security group has been reached: %d.", most)
		}
	}
	return ""
}
