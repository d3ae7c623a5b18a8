package aws

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

func loadBalancerKinds() []*emulator.Kind {
	return []*emulator.Kind{loadBalancer(), targetGroup(), listener(), targetAttachment(), scalingAttachment()}
}

const (
	sourceBalancer = "elbv2/load_balancer.go"
	typeNetwork    = "network"
	typeALB        = "application"
)

var (
	elbModel    = model("elasticloadbalancingv2")
	elbName     = regexp.MustCompile(`^[0-9A-Za-z-]{1,32}$`)
	netListener = []string{"TCP", "UDP", "TCP_UDP", "TLS"}
)

// elbNameRule is the provider's check of a name; NLB-01 forbids a prefix besides.
func elbNameRule(id rules.ID, source, forbidden string) emulator.Rule {
	return provider(id, "name", source, func(c *emulator.Call) string {
		name := c.In.Str("name")
		switch {
		case name == "":
			return ""
		case !elbName.MatchString(name):
			return fmt.Sprintf("only alphanumeric characters and hyphens allowed in \"name\", at most 32 of them: %q", name)
		case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
			return fmt.Sprintf("\"name\" cannot begin or end with a hyphen: %q", name)
		case forbidden != "" && strings.HasPrefix(name, forbidden):
			return fmt.Sprintf("\"name\" cannot begin with %q: %q", forbidden, name)
		}
		return ""
	})
}

func loadBalancer() *emulator.Kind {
	return tagged(elbTags, &emulator.Kind{
		Type:     awstype.LoadBalancer,
		Words:    named(words("Elastic Load Balancing v2", "ELBv2 Load Balancer", "CreateLoadBalancer", "ModifyLoadBalancerAttributes", "DeleteLoadBalancer", "DescribeLoadBalancers")),
		AutoName: &emulator.AutoName{Property: "name", Max: 32},
		NewID: func(c *emulator.Call) (string, error) {
			return regional(c, "elasticloadbalancing", "loadbalancer/"+balancerSuffix(c)), nil
		},
		Refs: []emulator.Ref{
			refersTo("subnets[*]", "SubnetNotFound", "DependencyViolation", elbModel, awstype.Subnet),
			refersTo("subnetMappings[*].subnetId", "SubnetNotFound", "DependencyViolation", elbModel, awstype.Subnet),
			refersTo("subnetMappings[*].allocationId", "AllocationIdNotFound", "InvalidIPAddress.InUse", elbModel, awstype.Eip),
			refersTo("securityGroups[*]", "InvalidSecurityGroup", "DependencyViolation", elbModel, awstype.SecurityGroup),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "@region", "name"}, Code: "DuplicateLoadBalancerName", Source: moto("elbv2/exceptions.py")},
		},
		Replace: append(forceNew(sourceBalancer, "name", "namePrefix", "internal", "loadBalancerType", "customerOwnedIpv4Pool"),
			emulator.Replace{Path: "subnetMappings", Source: terraform(sourceBalancer), When: mappingsReplace},
			emulator.Replace{Path: "subnets", Source: terraform(sourceBalancer), When: subnetsReplace},
			emulator.Replace{Path: "securityGroups", Source: terraform(sourceBalancer), When: groupsReplace}),
		Rules: all(balancerChecks(), balancerRefusals()),
		Fill:  fillBalancer,
		Gone: func(c *emulator.Call) error {
			removeIf(c, func(o *inventory.Object) bool { return o.Value("loadBalancerArn") == c.ID }, awstype.Listener)
			return nil
		},
	})
}

func balancerChecks() []emulator.Rule {
	source := terraform(sourceBalancer)
	return []emulator.Rule{
		elbNameRule("NLB-01", source, "internal-"),
		oneOf("NLB-05", "loadBalancerType", source, typeALB, typeNetwork, "gateway"),
		oneOf("NLB-05", "ipAddressType", source, "ipv4", "dualstack", "dualstack-without-public-ipv4"),
		exactlyOne("NLB-02", source, "subnetMappings", "subnets"),
		provider("NLB-03", "subnetMappings", source, func(c *emulator.Call) string {
			for _, s := range c.In.Strings("subnetMappings[*].privateIpv4Address") {
				if a, err := netip.ParseAddr(s); err != nil || !a.Is4() {
					return fmt.Sprintf("expected privateIpv4Address to contain a valid IPv4 address, got: %s", s)
				}
			}
			return ""
		}),
	}
}

func balancerRefusals() []emulator.Rule {
	const create, write = emulator.OpCreate, emulator.OpWrite
	invalid := "InvalidConfigurationRequest"
	return []emulator.Rule{
		refuse("NLB-02", invalid, write, elbModel, balancerZones),
		refuse("NLB-02", "ValidationError", write, elbModel, balancerTooFewSubnets),
		refuse("NLB-02", "InvalidSubnet", write, "elasticloadbalancing network guide availability-zones", balancerAddresses),
		refuse("NLB-02", invalid, emulator.OpUpdate, "elasticloadbalancing network guide availability-zones (code unverified)", subnetsSwapped),
		refuse("NLB-03", invalid, write, elbModel, fixedAddresses),
		refuse("NLB-04", invalid, emulator.OpUpdate, elbModel+" SetSecurityGroups", groupsBornWithout),
		refuse("NLB-04", "InvalidSecurityGroup", write, elbModel, balancerGroups),
		refuse("NLB-05", "OperationNotPermitted", emulator.OpDelete, elbModel, protectedBalancer),
	}
}

func isNetwork(in inventory.Props) bool { return in.Str("loadBalancerType") == typeNetwork }

func balancerSuffix(c *emulator.Call) string {
	short := map[string]string{typeNetwork: "net", "gateway": "gwy"}[c.In.Str("loadBalancerType")]
	if short == "" {
		short = "app"
	}
	return fmt.Sprintf("%s/%s/%s", short, c.In.Str("name"), c.HexOf("balancer", 16))
}

// groupsReplace: see groupsBornWithout.
func groupsReplace(c *emulator.Call) bool {
	before, now := len(c.OldIn.List("securityGroups")), len(c.In.List("securityGroups"))
	return isNetwork(c.In) && c.In.Known("securityGroups") && (before == 0) != (now == 0)
}

// groupsBornWithout: a network load balancer that was made without a security
// group can never have one, and one that was made with may not lose all. The
// provider replaces it; in place it cannot be done.
func groupsBornWithout(c *emulator.Call) string {
	before, now := len(c.OldIn.List("securityGroups")), len(c.In.List("securityGroups"))
	if !isNetwork(c.In) || (before == 0) == (now == 0) {
		return ""
	}
	return "Security groups can be added to a Network Load Balancer, or all removed from it, only by making another one"
}

func balancerGroups(c *emulator.Call) string {
	subnets := balancerSubnets(c.In)
	for _, id := range c.In.Strings("securityGroups") {
		if len(subnets) > 0 && valueOf(c, awstype.SecurityGroup, id, "vpcId") != vpcOf(c, subnets[0]) {
			return fmt.Sprintf("Security group %s does not belong to the VPC of the load balancer", id)
		}
	}
	return ""
}

func protectedBalancer(c *emulator.Call) string {
	if !c.In.Bool("enableDeletionProtection") {
		return ""
	}
	return fmt.Sprintf("Load balancer '%s' cannot be deleted because deletion protection is enabled", c.ID)
}

func fillBalancer(c *emulator.Call) error {
	if err := settleBalancer(c); err != nil {
		return err
	}
	suffix := strings.TrimPrefix(c.ID, regional(c, "elasticloadbalancing", "loadbalancer/"))
	defaults(c, inventory.Props{
		"arn": c.ID, "arnSuffix": suffix, "dnsName": balancerName(c), "zoneId": balancerZone(c),
		"vpcId": balancerVpc(c), "internal": false, "loadBalancerType": typeALB, "ipAddressType": "ipv4",
		"enableCrossZoneLoadBalancing": !isNetwork(c.In), "enableDeletionProtection": false,
		"subnets": balancerSubnets(c.In),
	})
	if isNetwork(c.In) {
		fillNetworkBalancer(c)
	} else if !c.In.Has("securityGroups") {
		c.Out.Set("securityGroups", []string{valueOf(c, awstype.Vpc, balancerVpc(c), "defaultSecurityGroupId")})
	}
	if !c.In.Has("subnetMappings") {
		var mappings []any
		for _, id := range balancerSubnets(c.In) {
			mappings = append(mappings, map[string]any{"subnetId": id})
		}
		c.Out.Set("subnetMappings", mappings)
	}
	return nil
}

func fillNetworkBalancer(c *emulator.Call) {
	defaults(c, inventory.Props{"dnsRecordClientRoutingPolicy": "any_availability_zone", "securityGroups": []any{}})
	if len(c.In.List("securityGroups")) > 0 {
		defaults(c, inventory.Props{"enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "on"})
	}
}

// settleBalancer takes an address in every subnet, the given ones first.
func settleBalancer(c *emulator.Call) error {
	var wanted []eni
	for _, m := range c.In.Maps("subnetMappings[*]") {
		wanted = append(wanted, eni{m.Str("subnetId"), m.Str("privateIpv4Address")})
	}
	for _, id := range c.In.Strings("subnets") {
		wanted = append(wanted, eni{subnet: id})
	}
	_, err := settleENIs(c, wanted)
	return err
}

func balancerVpc(c *emulator.Call) string {
	for _, id := range balancerSubnets(c.In) {
		return vpcOf(c, id)
	}
	return ""
}

// balancerName is public DNS even for an internal load balancer: anybody who can
// ask learns its private addresses (NLB-05).
func balancerName(c *emulator.Call) string {
	name, hex := c.In.Str("name"), c.HexOf("balancer", 16)
	if isNetwork(c.In) {
		return fmt.Sprintf("%s-%s.elb.%s.amazonaws.com", name, hex, c.Region())
	}
	prefix := map[bool]string{true: "internal-"}[c.In.Bool("internal")]
	return fmt.Sprintf("%s%s-%s.%s.elb.amazonaws.com", prefix, name, decimals(hex, 10), c.Region())
}

func balancerZone(c *emulator.Call) string {
	if isNetwork(c.In) {
		return regions[c.Region()].nlb
	}
	return regions[c.Region()].alb
}
