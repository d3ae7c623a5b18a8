package aws

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
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
func elbNameRule(id, source, forbidden string) emulator.Rule {
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
		Type:     typeLoadBalancer,
		AutoName: &emulator.AutoName{Property: "name", Max: 32},
		NewID: func(c *emulator.Call) (string, error) {
			return regional(c, "elasticloadbalancing", "loadbalancer/"+balancerSuffix(c)), nil
		},
		Refs: []emulator.Ref{
			refersTo("subnets[*]", "SubnetNotFound", "DependencyViolation", elbModel, typeSubnet),
			refersTo("subnetMappings[*].subnetId", "SubnetNotFound", "DependencyViolation", elbModel, typeSubnet),
			refersTo("subnetMappings[*].allocationId", "AllocationIdNotFound", "InvalidIPAddress.InUse", elbModel, typeEip),
			refersTo("securityGroups[*]", "InvalidSecurityGroup", "DependencyViolation", elbModel, typeSecurityGroup),
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
			removeIf(c, func(o *emulator.Object) bool { return o.Value("loadBalancerArn") == c.ID }, typeListener)
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

func isNetwork(in emulator.Props) bool { return in.Str("loadBalancerType") == typeNetwork }

func balancerSuffix(c *emulator.Call) string {
	short := map[string]string{typeNetwork: "net", "gateway": "gwy"}[c.In.Str("loadBalancerType")]
	if short == "" {
		short = "app"
	}
	return fmt.Sprintf("%s/%s/%s", short, c.In.Str("name"), c.HexOf("balancer", 16))
}

// balancerSubnets are the subnets of a load balancer, however they are given.
func balancerSubnets(in emulator.Props) []string {
	return append(in.Strings("subnets"), in.Strings("subnetMappings[*].subnetId")...)
}

func balancerZones(c *emulator.Call) string {
	zones, vpcs := map[string]bool{}, map[string]bool{}
	for _, id := range balancerSubnets(c.In) {
		if zone := zoneOf(c, id); zones[zone] {
			return "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
		}
		zones[zoneOf(c, id)] = true
		vpcs[vpcOf(c, id)] = true
	}
	if len(vpcs) > 1 {
		return "All subnets must belong to the same VPC"
	}
	return ""
}

func balancerTooFewSubnets(c *emulator.Call) string {
	if isNetwork(c.In) || len(balancerSubnets(c.In)) >= 2 {
		return ""
	}
	return "At least two subnets in two different Availability Zones must be specified"
}

// balancerFree is how many free addresses a load balancer wants in a subnet.
const balancerFree = 8

// balancerAddresses asks of subnets that the load balancer is new in, unless it is
// told there which address of its own to take.
func balancerAddresses(c *emulator.Call) string {
	told := balancerSubnets(c.OldIn)
	for _, m := range c.In.Maps("subnetMappings[*]") {
		if isNetwork(c.In) && c.In.Bool("internal") && m.Has("privateIpv4Address") {
			told = append(told, m.Str("subnetId"))
		}
	}
	for _, id := range balancerSubnets(c.In) {
		if n := freeAddresses(c, id); n < balancerFree && !slices.Contains(told, id) {
			return fmt.Sprintf("Not enough IP space available in %s. ELB requires at least %d free IP addresses in each subnet.", id, balancerFree)
		}
	}
	return ""
}

func fixedAddresses(c *emulator.Call) string {
	for _, m := range c.In.Maps("subnetMappings[*]") {
		address, subnet := m.Str("privateIpv4Address"), m.Str("subnetId")
		switch taken := addressTaken(c, subnet, address); {
		case address == "":
		case !c.In.Bool("internal"):
			return "You can specify private IP addresses for internal load balancers only"
		case taken != "":
			return fmt.Sprintf("The private IP address %s of subnet %s %s", address, subnet, taken)
		}
	}
	return ""
}

// mappingOf is a subnet mapping as the provider tells two of them apart.
func mappingOf(m emulator.Props) string {
	return fmt.Sprintf("%q", []string{m.Str("subnetId"), m.Str("privateIpv4Address"), m.Str("allocationId"), m.Str("ipv6Address")})
}

func mappingsOf(in emulator.Props) []string {
	var list []string
	for _, m := range in.Maps("subnetMappings[*]") {
		list = append(list, mappingOf(m))
	}
	return list
}

// holdsEach reports whether every element of part is in whole.
func holdsEach(whole, part []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}

// mappingsReplace: more mappings beside the old ones are made in place. One that
// changes replaces the load balancer; so does one that goes, unless it is an
// application load balancer. What a preview does not know replaces nothing yet.
func mappingsReplace(c *emulator.Call) bool {
	if !c.In.Known("subnetMappings") || !c.In.Has("subnetMappings") {
		return false
	}
	before, now := mappingsOf(c.OldIn), mappingsOf(c.In)
	switch {
	case len(now) > len(before):
		return !holdsEach(now, before)
	case len(now) < len(before):
		return isNetwork(c.In) || !holdsEach(before, now)
	}
	return !holdsEach(now, before)
}

// subnetsReplace: a network load balancer gets more subnets in place, and as many
// other ones or fewer by replacement.
func subnetsReplace(c *emulator.Call) bool {
	if !isNetwork(c.In) || !c.In.Known("subnets") || !c.In.Has("subnets") {
		return false
	}
	before, now := c.OldIn.Strings("subnets"), c.In.Strings("subnets")
	return len(now) <= len(before) && (len(now) < len(before) || !holdsEach(now, before))
}

// groupsReplace: see groupsBornWithout.
func groupsReplace(c *emulator.Call) bool {
	before, now := len(c.OldIn.List("securityGroups")), len(c.In.List("securityGroups"))
	return isNetwork(c.In) && c.In.Known("securityGroups") && (before == 0) != (now == 0)
}

// subnetsSwapped: what a network load balancer has in a zone stays as it is or goes;
// another subnet or address there takes a second change.
func subnetsSwapped(c *emulator.Call) string {
	if !isNetwork(c.In) {
		return ""
	}
	before, now := balancerSubnets(c.OldIn), balancerSubnets(c.In)
	for _, m := range c.OldIn.Maps("subnetMappings[*]") {
		if slices.Contains(now, m.Str("subnetId")) && !slices.Contains(mappingsOf(c.In), mappingOf(m)) {
			return fmt.Sprintf("The configuration of the subnet %s cannot be changed while it is enabled", m.Str("subnetId"))
		}
	}
	zones := map[string]bool{}
	for _, id := range before {
		zones[zoneOf(c, id)] = true
	}
	for _, id := range now {
		if !slices.Contains(before, id) && zones[zoneOf(c, id)] {
			return fmt.Sprintf("The subnet %s is in an Availability Zone that has another one; remove that first", id)
		}
	}
	return ""
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
		if len(subnets) > 0 && valueOf(c, typeSecurityGroup, id, "vpcId") != vpcOf(c, subnets[0]) {
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
	defaults(c, emulator.Props{
		"arn": c.ID, "arnSuffix": suffix, "dnsName": balancerName(c), "zoneId": balancerZone(c),
		"vpcId": balancerVpc(c), "internal": false, "loadBalancerType": typeALB, "ipAddressType": "ipv4",
		"enableCrossZoneLoadBalancing": !isNetwork(c.In), "enableDeletionProtection": false,
		"subnets": balancerSubnets(c.In),
	})
	if isNetwork(c.In) {
		fillNetworkBalancer(c)
	} else if !c.In.Has("securityGroups") {
		c.Out.Set("securityGroups", []string{valueOf(c, typeVpc, balancerVpc(c), "defaultSecurityGroupId")})
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
	defaults(c, emulator.Props{"dnsRecordClientRoutingPolicy": "any_availability_zone", "securityGroups": []any{}})
	if len(c.In.List("securityGroups")) > 0 {
		defaults(c, emulator.Props{"enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "on"})
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

const sourceTargets = "elbv2/target_group.go"

func targetGroup() *emulator.Kind {
	return tagged(elbTags, &emulator.Kind{
		Type:     typeTargetGroup,
		AutoName: &emulator.AutoName{Property: "name", Max: 32},
		NewID: func(c *emulator.Call) (string, error) {
			return regional(c, "elasticloadbalancing", fmt.Sprintf("targetgroup/%s/%s", c.In.Str("name"), c.Hex(16))), nil
		},
		Refs: []emulator.Ref{
			refersTo("vpcId", "ValidationError", "", elbModel, typeVpc),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "@region", "name"}, Code: "DuplicateTargetGroupName", Source: moto("elbv2/exceptions.py")},
		},
		Replace: forceNew(sourceTargets, "name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId", "ipAddressType"),
		Rules:   targetRules(),
		Fill:    fillTargets,
		Refresh: refreshTargets,
	})
}

func targetRules() []emulator.Rule {
	source := terraform(sourceTargets)
	return []emulator.Rule{
		elbNameRule("NLB-11", source, ""),
		within("NLB-11", "port", source, 1, 65535),
		oneOf("NLB-11", "protocol", source, "HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"),
		oneOf("NLB-11", "targetType", source, "instance", "ip", "lambda", "alb"),
		provider("NLB-11", "", source, incompleteTargets),
		within("NLB-09", "deregistrationDelay", source, 0, 3600),
		within("NLB-09", "healthCheck.interval", source, 5, 300),
		within("NLB-09", "healthCheck.timeout", source, 2, 120),
		within("NLB-09", "healthCheck.healthyThreshold", source, 2, 10),
		within("NLB-09", "healthCheck.unhealthyThreshold", source, 2, 10),
		oneOf("NLB-09", "healthCheck.protocol", source, "HTTP", "HTTPS", "TCP"),
		oneOf("NLB-07", "preserveClientIp", source, "", "true", "false"),
		provider("NLB-09", "healthCheck", source, tcpCheckWithPath),
		refuse("NLB-09", "ValidationError", emulator.OpWrite, elbModel, timeoutTooLong),
	}
}

func isLambda(c *emulator.Call) bool { return c.In.Str("targetType") == "lambda" }

func incompleteTargets(c *emulator.Call) string {
	if isLambda(c) {
		return ""
	}
	for _, p := range []string{"port", "protocol", "vpcId"} {
		if !c.In.Has(p) {
			return fmt.Sprintf("Attribute %q must be specified when \"targetType\" is %q.", p, c.In.StrOr("targetType", "instance"))
		}
	}
	return ""
}

func tcpCheckWithPath(c *emulator.Call) string {
	if !strings.EqualFold(c.In.Str("healthCheck.protocol"), "TCP") {
		return ""
	}
	for _, p := range []string{"path", "matcher"} {
		if c.In.Has("healthCheck." + p) {
			return fmt.Sprintf("Attribute \"healthCheck.%s\" cannot be specified when \"healthCheck.protocol\" is \"TCP\".", p)
		}
	}
	return ""
}

func timeoutTooLong(c *emulator.Call) string {
	timeout, interval := c.In.Int("healthCheck.timeout"), c.In.Int("healthCheck.interval")
	if timeout == 0 || interval == 0 || timeout <= interval {
		return ""
	}
	return fmt.Sprintf("Health check interval must be greater than or equal to the timeout: %d and %d.", interval, timeout)
}

func fillTargets(c *emulator.Call) error {
	network := slices.Contains(netListener, c.In.Str("protocol"))
	check := map[bool]string{true: "TCP", false: "HTTP"}[network && c.In.Str("healthCheck.path") == ""]
	defaults(c, emulator.Props{
		"arn": c.ID, "arnSuffix": "targetgroup/" + strings.SplitN(c.ID, "targetgroup/", 2)[1], "loadBalancerArns": []any{},
		"targetType": "instance", "ipAddressType": "ipv4", "deregistrationDelay": 300, "slowStart": 0,
		"proxyProtocolV2": false, "lambdaMultiValueHeadersEnabled": false, "connectionTermination": false,
		"loadBalancingCrossZoneEnabled": "use_load_balancer_configuration",
		"healthCheck.enabled":           true, "healthCheck.healthyThreshold": 3, "healthCheck.unhealthyThreshold": 3,
		"healthCheck.interval": 30, "healthCheck.port": "traffic-port", "healthCheck.protocol": check, "healthCheck.timeout": 10,
	})
	fillTargetHealth(c)
	if !network {
		defaults(c, emulator.Props{"stickiness.enabled": false, "stickiness.type": "lb_cookie", "stickiness.cookieDuration": 86400})
	}
	if network {
		// Client addresses are kept by default for instances and for UDP (NLB-07).
		kept := c.In.StrOr("targetType", "instance") == "instance" || strings.Contains(c.In.Str("protocol"), "UDP")
		defaults(c, emulator.Props{
			"preserveClientIp": fmt.Sprint(kept), "stickiness.enabled": false, "stickiness.type": "source_ip",
		})
	}
	return nil
}

// fillTargetHealth is when a group counts as healthy: with one healthy target.
func fillTargetHealth(c *emulator.Call) {
	defaults(c, emulator.Props{
		"targetGroupHealth.dnsFailover.minimumHealthyTargetsCount":                "1",
		"targetGroupHealth.dnsFailover.minimumHealthyTargetsPercentage":           "off",
		"targetGroupHealth.unhealthyStateRouting.minimumHealthyTargetsCount":      1,
		"targetGroupHealth.unhealthyStateRouting.minimumHealthyTargetsPercentage": "off",
	})
}

// refreshTargets shows the load balancers that have come to use the group.
func refreshTargets(c *emulator.Call) error {
	c.Out.Set("loadBalancerArns", balancersOf(c, c.ID))
	return nil
}

// balancersOf are the load balancers whose listeners forward to a target group.
func balancersOf(c *emulator.Call, group string) []string {
	var arns []string
	for _, o := range others(c, typeListener) {
		if slices.Contains(forwardsTo(o.In), group) {
			arns = append(arns, o.Value("loadBalancerArn"))
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

func forwardsTo(in emulator.Props) []string {
	return append(in.Strings("defaultActions[*].targetGroupArn"), in.Strings("defaultActions[*].forward.targetGroups[*].arn")...)
}

func listener() *emulator.Kind {
	const source = "elbv2/listener.go"
	return tagged(elbTags, &emulator.Kind{
		Type: typeListener,
		NewID: func(c *emulator.Call) (string, error) {
			return strings.Replace(c.In.Str("loadBalancerArn"), ":loadbalancer/", ":listener/", 1) + "/" + c.Hex(16), nil
		},
		Refs: []emulator.Ref{
			refersBy("loadBalancerArn", "arn", "LoadBalancerNotFound", "", moto("elbv2/exceptions.py"), typeLoadBalancer),
			refersBy("defaultActions[*].targetGroupArn", "arn", "TargetGroupNotFound", "ResourceInUse", moto("elbv2/exceptions.py"), typeTargetGroup),
			refersBy("defaultActions[*].forward.targetGroups[*].arn", "arn", "TargetGroupNotFound", "ResourceInUse", moto("elbv2/exceptions.py"), typeTargetGroup),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"loadBalancerArn", "port"}, Code: "DuplicateListener", Source: moto("elbv2/exceptions.py")},
		},
		Replace: forceNew(source, "loadBalancerArn"),
		Rules: []emulator.Rule{
			within("NLB-11", "port", terraform(source), 1, 65535),
			within("NLB-12", "tcpIdleTimeoutSeconds", terraform(source), 60, 6000),
			oneOf("NLB-11", "defaultActions[*].type", terraform(source), "forward", "redirect", "fixed-response", "authenticate-oidc", "authenticate-cognito"),
			refuse("NLB-11", "InvalidConfigurationRequest", emulator.OpWrite, elbModel, listenerProtocol),
			refuse("NLB-11", "IncompatibleProtocols", emulator.OpWrite, elbModel, incompatibleProtocols),
			refuse("NLB-11", "TargetGroupAssociationLimit", emulator.OpWrite, elbModel, targetsElsewhere),
			refuse("NLB-11", "InvalidConfigurationRequest", emulator.OpWrite, elbModel, targetsInOtherVpc),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, emulator.Props{"arn": c.ID})
			if c.In.Str("protocol") == "TCP" {
				defaults(c, emulator.Props{"tcpIdleTimeoutSeconds": 350})
			}
			return nil
		},
	})
}

func balancerOf(c *emulator.Call) *emulator.Object {
	return c.Tx.Find(typeLoadBalancer, "arn", c.In.Str("loadBalancerArn"))
}

func listenerProtocol(c *emulator.Call) string {
	balancer, protocol := balancerOf(c), c.In.Str("protocol")
	if balancer == nil || protocol == "" {
		return ""
	}
	allowed := []string{"HTTP", "HTTPS"}
	if isNetwork(balancer.In) {
		allowed = netListener
	}
	if slices.Contains(allowed, protocol) {
		return ""
	}
	return fmt.Sprintf("Listener protocol '%s' must be one of '%s'", protocol, strings.Join(allowed, ", "))
}

func incompatibleProtocols(c *emulator.Call) string {
	compatible := map[string][]string{
		"TCP": {"TCP", "TCP_UDP"}, "TLS": {"TLS", "TCP"}, "UDP": {"UDP", "TCP_UDP"}, "TCP_UDP": {"TCP_UDP"},
		"HTTP": {"HTTP", "HTTPS"}, "HTTPS": {"HTTP", "HTTPS"},
	}[c.In.Str("protocol")]
	for _, arn := range forwardsTo(c.In) {
		group := c.Tx.Find(typeTargetGroup, "arn", arn)
		if group != nil && compatible != nil && !slices.Contains(compatible, group.Value("protocol")) {
			return fmt.Sprintf("The protocol of listener %s and of target group %s do not match", c.In.Str("protocol"), arn)
		}
	}
	return ""
}

// targetsElsewhere: a target group serves one load balancer.
func targetsElsewhere(c *emulator.Call) string {
	for _, arn := range forwardsTo(c.In) {
		for _, used := range balancersOf(c, arn) {
			if used != c.In.Str("loadBalancerArn") {
				return fmt.Sprintf("The following target groups cannot be associated with more than one load balancer: %s", arn)
			}
		}
	}
	return ""
}

func targetsInOtherVpc(c *emulator.Call) string {
	balancer := balancerOf(c)
	for _, arn := range forwardsTo(c.In) {
		group := c.Tx.Find(typeTargetGroup, "arn", arn)
		if balancer != nil && group != nil && group.Value("vpcId") != "" && group.Value("vpcId") != balancer.Value("vpcId") {
			return fmt.Sprintf("The following target groups are not in the same VPC as load balancer: %s", arn)
		}
	}
	return ""
}

func targetAttachment() *emulator.Kind {
	const source = "elbv2/target_group_attachment.go"
	return &emulator.Kind{
		Type:  typeTargetAttachment,
		NewID: stamped("targetGroupArn"),
		Refs: []emulator.Ref{
			refersBy("targetGroupArn", "arn", "TargetGroupNotFound", "", moto("elbv2/exceptions.py"), typeTargetGroup),
		},
		Replace: forceNew(source, "targetGroupArn", "targetId", "port", "availabilityZone"),
		Rules: []emulator.Rule{
			refuse("NLB-10", "InvalidTarget", emulator.OpCreate, elbModel, targetOutside),
		},
	}
}

// targetOutside checks the address of an ip target.
func targetOutside(c *emulator.Call) string {
	group := c.Tx.Find(typeTargetGroup, "arn", c.In.Str("targetGroupArn"))
	if group == nil || group.Value("targetType") != "ip" {
		return ""
	}
	a, err := netip.ParseAddr(c.In.Str("targetId"))
	if err != nil {
		return fmt.Sprintf("The IP address '%s' is not a valid IPv4 address", c.In.Str("targetId"))
	}
	shared := netip.MustParsePrefix("100.64.0.0/10")
	block, _ := vpcBlock(c, group.Value("vpcId"))
	switch p := netip.PrefixFrom(a, a.BitLen()); {
	case block.Contains(a):
	case !isPrivate(p) && !shared.Contains(a):
		return fmt.Sprintf("The IP address '%s' must be within a private range or the VPC", a)
	case c.In.Str("availabilityZone") != "all":
		return fmt.Sprintf("You must specify the Availability Zone 'all' for the IP address '%s', which is outside the VPC", a)
	}
	return ""
}

// scalingAttachment registers what an autoscaling group runs with a target group.
func scalingAttachment() *emulator.Kind {
	const source = "autoscaling/attachment.go"
	return &emulator.Kind{
		Type:  typeScalingAttachment,
		NewID: stamped("autoscalingGroupName"),
		Refs: []emulator.Ref{
			refersBy("autoscalingGroupName", "name", "ValidationError", "", model("autoscaling"), typeScalingGroup),
			refersBy("lbTargetGroupArn", "arn", "ValidationError", "", model("autoscaling"), typeTargetGroup),
		},
		Replace: forceNew(source, "autoscalingGroupName", "elb", "lbTargetGroupArn"),
		Rules: []emulator.Rule{
			exactlyOne("NLB-11", terraform(source), "elb", "lbTargetGroupArn"),
			refuse("NLB-11", "ValidationError", emulator.OpCreate, model("autoscaling")+" AttachLoadBalancerTargetGroups", notForInstances),
		},
	}
}

func notForInstances(c *emulator.Call) string {
	group := c.Tx.Find(typeTargetGroup, "arn", c.In.Str("lbTargetGroupArn"))
	if group == nil || group.Value("targetType") == "instance" {
		return ""
	}
	return fmt.Sprintf("Provided Target Groups may not be valid. Target type of %s must be instance.", group.Value("name"))
}
