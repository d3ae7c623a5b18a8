package aws

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

func resolverKinds() []*emulator.Kind {
	return []*emulator.Kind{resolverEndpoint(), resolverRule(), resolverAssociation(), queryLogConfig(), queryLogAssociation()}
}

const (
	sourceResolver = "route53resolver/endpoint.go"
	sourceRule     = "route53resolver/rule.go"
	maxResolver    = 64
)

var (
	resolverModel = model("route53resolver")
	resolverMoto  = moto("route53resolver/models.py")
	resolverText  = regexp.MustCompile(`^[0-9A-Za-z_' -]{1,64}$`)
	onlyDigits    = regexp.MustCompile(`^[0-9]+$`)
)

// resolverNameRule is the provider's check of a name (R53-10).
func resolverNameRule(source string) emulator.Rule {
	return provider("R53-10", "name", source, func(c *emulator.Call) string {
		name := c.In.Str("name")
		if name == "" || resolverText.MatchString(name) && !onlyDigits.MatchString(name) {
			return ""
		}
		return fmt.Sprintf("\"name\" must be 1 to %d letters, digits, - _ ' and spaces, and not digits alone: %q", maxResolver, name)
	})
}

func resolverEndpoint() *emulator.Kind {
	source := terraform(sourceResolver)
	return tagged(dnsTags, &emulator.Kind{
		Type:     awstype.ResolverEndpoint,
		Words:    words("Route53Resolver", "Route53 Resolver Endpoint", "CreateResolverEndpoint", "UpdateResolverEndpoint", "DeleteResolverEndpoint", "GetResolverEndpoint"),
		AutoName: &emulator.AutoName{Property: "name", Max: maxResolver},
		NewID: func(c *emulator.Call) (string, error) {
			prefix := map[string]string{"INBOUND": "rslvr-in-"}[c.In.Str("direction")]
			if prefix == "" {
				prefix = "rslvr-out-"
			}
			return prefix + c.Hex(17), nil
		},
		Refs: []emulator.Ref{
			refersTo("ipAddresses[*].subnetId", "InvalidParameterException", "DependencyViolation", resolverMoto, awstype.Subnet),
			refersTo("securityGroupIds[*]", "ResourceNotFoundException", "DependencyViolation", resolverMoto, awstype.SecurityGroup),
		},
		Replace: forceNew(sourceResolver, "direction", "securityGroupIds"),
		Rules: []emulator.Rule{
			resolverNameRule(source),
			oneOf("R53-11", "direction", source, "INBOUND", "OUTBOUND", "INBOUND_DELEGATION"),
			oneOf("R53-11", "resolverEndpointType", source, "IPV4", "IPV6", "DUALSTACK"),
			oneOf("R53-11", "protocols", source, "Do53", "DoH", "DoH-FIPS"),
			provider("R53-09", "ipAddresses", source, countAddresses),
			refuse("R53-12", "InvalidParameterException", emulator.OpCreate, resolverMoto, resolverGroups),
			refuse("R53-09", "InvalidRequestException", emulator.OpWrite, resolverModel, resolverNetworks),
			refuse("R53-09", "LimitExceededException", emulator.OpWrite, "pulumi/pulumi-aws#5219", tooManyAddresses),
			refuse("R53-13", "InvalidRequestException", emulator.OpWrite, resolverMoto, resolverOutside),
			refuse("R53-13", "ResourceExistsException", emulator.OpWrite, resolverMoto, resolverTaken),
		},
		Fill: fillResolver,
	})
}

// The provider's own limit is higher than the quota.
const mostAddresses = 10

func countAddresses(c *emulator.Call) string {
	if n := len(c.In.List("ipAddresses")); n > mostAddresses {
		return fmt.Sprintf("Too many list items: ipAddresses may have %d, got %d", mostAddresses, n)
	}
	if n := len(c.In.List("ipAddresses")); n < 2 && c.In.Known("ipAddresses") {
		return fmt.Sprintf("Too few \"ipAddresses\": resolver endpoint needs to have at least 2 IP addresses, has %d", n)
	}
	return ""
}

func resolverGroups(c *emulator.Call) string {
	groups := c.In.Strings("securityGroupIds")
	if len(groups) > 10 {
		return "Maximum of 10 security groups are allowed"
	}
	subnets := c.In.Strings("ipAddresses[*].subnetId")
	for _, id := range groups {
		if len(subnets) > 0 && valueOf(c, awstype.SecurityGroup, id, "vpcId") != vpcOf(c, subnets[0]) {
			return fmt.Sprintf("The security group '%s' is not in the VPC of the resolver endpoint", id)
		}
	}
	return ""
}

func resolverNetworks(c *emulator.Call) string {
	subnets := c.In.Strings("ipAddresses[*].subnetId")
	for _, id := range subnets {
		if vpcOf(c, id) != vpcOf(c, subnets[0]) {
			return "All of the subnets of a resolver endpoint must be in the same VPC"
		}
	}
	return ""
}

func resolverOutside(c *emulator.Call) string {
	for _, p := range c.In.Maps("ipAddresses[*]") {
		taken := addressTaken(c, p.Str("subnetId"), p.Str("ip"))
		if p.Str("ip") != "" && taken != "" && taken != "is in use" {
			return fmt.Sprintf("IP address '%s' is either not in subnet '%s' CIDR range or is reserved", p.Str("ip"), p.Str("subnetId"))
		}
	}
	return ""
}

func resolverTaken(c *emulator.Call) string {
	seen := map[string]bool{}
	for _, p := range c.In.Maps("ipAddresses[*]") {
		ip := p.Str("ip")
		if ip != "" && (seen[ip] || addressTaken(c, p.Str("subnetId"), ip) == "is in use") {
			return fmt.Sprintf("The IP address '%s' in subnet '%s' is already in use", ip, p.Str("subnetId"))
		}
		seen[ip] = true
	}
	return ""
}

// maxAddresses is the default quota of addresses of one endpoint. AWS raises it on
// request; here nothing does.
const maxAddresses = 6

// tooManyAddresses counts as the provider changes them: it adds the new addresses
// one by one and takes the old ones away afterwards, so that two always answer.
// For a moment the endpoint has both.
func tooManyAddresses(c *emulator.Call) string {
	wanted := wantedENIs(c)
	n := len(wanted)
	for _, p := range c.Old.Maps("ipAddresses[*]") {
		if !slices.Contains(wanted, eni{p.Str("subnetId"), p.Str("ip")}) {
			n++
		}
	}
	if n <= maxAddresses || c.Op == emulator.OpUpdate && !c.Changed("ipAddresses") {
		return ""
	}
	return fmt.Sprintf("The resolver endpoint would have %d IP addresses, the limit is %d", n, maxAddresses)
}

// wantedENIs are the interfaces that the inputs ask for. Where they name a subnet
// alone, the endpoint keeps the address that it has there and that is not asked
// for by name.
func wantedENIs(c *emulator.Call) []eni {
	var wanted []eni
	for _, p := range c.In.Maps("ipAddresses[*]") {
		wanted = append(wanted, eni{p.Str("subnetId"), p.Str("ip")})
	}
	for _, p := range c.Old.Maps("ipAddresses[*]") {
		had := eni{p.Str("subnetId"), p.Str("ip")}
		open := slices.Index(wanted, eni{subnet: had.subnet})
		if open >= 0 && !slices.Contains(wanted, had) {
			wanted[open] = had
		}
	}
	return wanted
}

func fillResolver(c *emulator.Call) error {
	wanted := wantedENIs(c)
	enis, err := settleENIs(c, wanted)
	if err != nil {
		return err
	}
	addresses := make([]any, len(enis))
	for i, e := range enis {
		addresses[i] = map[string]any{"subnetId": e.subnet, "ip": e.address, "ipId": "rni-" + c.HexOf("rni"+e.address, 17)}
	}
	c.Out.Set("ipAddresses", addresses)
	defaults(c, inventory.Props{
		"arn":       regional(c, "route53resolver", "resolver-endpoint/"+c.ID),
		"protocols": []string{"Do53"}, "resolverEndpointType": "IPV4",
	})
	if len(enis) > 0 {
		defaults(c, inventory.Props{"hostVpcId": vpcOf(c, enis[0].subnet)})
	}
	return nil
}

func resolverRule() *emulator.Kind {
	source := terraform(sourceRule)
	return tagged(dnsTags, &emulator.Kind{
		Type:     awstype.ResolverRule,
		Words:    words("Route53Resolver", "Route53 Resolver Rule", "CreateResolverRule", "UpdateResolverRule", "DeleteResolverRule", "GetResolverRule"),
		AutoName: &emulator.AutoName{Property: "name", Max: maxResolver},
		NewID:    resolverID("rslvr-rr"),
		Refs: []emulator.Ref{
			refersTo("resolverEndpointId", "ResourceNotFoundException", "InvalidRequestException", resolverMoto, awstype.ResolverEndpoint),
		},
		Replace: forceNew(sourceRule, "domainName", "ruleType"),
		Rules: []emulator.Rule{
			resolverNameRule(source),
			oneOf("R53-14", "ruleType", source, "FORWARD", "SYSTEM", "RECURSIVE", "DELEGATE"),
			provider("R53-15", "domainName", source, func(c *emulator.Call) string {
				if n := len(c.In.Str("domainName")); n > 256 {
					return fmt.Sprintf("expected length of domainName to be in the range (1 - 256), got %d", n)
				}
				return ""
			}),
			within("R53-15", "targetIps[*].port", source, 1, 65535),
			refuse("R53-14", "InvalidParameterException", emulator.OpWrite, resolverMoto, ruleTargets),
			refuse("R53-14", "InvalidRequestException", emulator.OpWrite, resolverMoto, ruleEndpoint),
		},
		Fill: fillRule,
	})
}

// maxTargets is how many addresses a rule forwards to at most.
const maxTargets = 6

func ruleTargets(c *emulator.Call) string {
	targets := c.In.Maps("targetIps[*]")
	if len(targets) > maxTargets {
		return fmt.Sprintf("At most %d target IP addresses are allowed, got %d", maxTargets, len(targets))
	}
	for _, t := range targets {
		if ip := t.Str("ip"); ip != "" {
			if a, err := netip.ParseAddr(ip); err != nil {
				return fmt.Sprintf("Invalid IP address: '%s'", ip)
			} else if !a.Is4() {
				return fmt.Sprintf("Only IPv4 addresses may be used: '%s'", ip)
			}
		}
	}
	return ""
}

func ruleEndpoint(c *emulator.Call) string {
	endpoint := c.Tx.Get(awstype.ResolverEndpoint, c.In.Str("resolverEndpointId"))
	forwards := c.In.Str("ruleType") == "FORWARD"
	targets := len(c.In.List("targetIps"))
	switch {
	case !forwards && (endpoint != nil || targets > 0):
		return fmt.Sprintf("Cannot specify resolver endpoint ID and target IP for %s type resolver rule", c.In.Str("ruleType"))
	case forwards && endpoint == nil:
		return "Resolver endpoint ID is required for FORWARD type resolver rule"
	case forwards && targets == 0:
		return "Target IP is required for FORWARD type resolver rule"
	case forwards && endpoint.Value("direction") != "OUTBOUND":
		return fmt.Sprintf("Cannot associate a FORWARD rule with the resolver endpoint %s, which is not outbound", endpoint.ID)
	}
	return ""
}

func fillRule(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn":     regional(c, "route53resolver", "resolver-rule/"+c.ID),
		"ownerId": c.Account().AWSAccount, "shareStatus": "NOT_SHARED",
	})
	for i := range c.Out.List("targetIps") {
		at := fmt.Sprintf("targetIps[%d].", i)
		c.Out.Default(at+"port", 53)
		c.Out.Default(at+"protocol", "Do53")
	}
	return nil
}

func resolverAssociation() *emulator.Kind {
	const source = "route53resolver/rule_association.go"
	return &emulator.Kind{
		Type:     awstype.ResolverRuleAssociation,
		Words:    words("Route53Resolver", "Route53 Resolver Rule Association", "AssociateResolverRule", "AssociateResolverRule", "DisassociateResolverRule", "GetResolverRuleAssociation"),
		AutoName: &emulator.AutoName{Property: "name", Max: maxResolver},
		NewID:    resolverID("rslvr-rrassoc"),
		Refs: []emulator.Ref{
			refersTo("resolverRuleId", "ResourceNotFoundException", "ResourceInUseException", resolverMoto, awstype.ResolverRule),
			refersTo("vpcId", "InvalidParameterException", "", resolverMoto, awstype.Vpc),
		},
		Replace: forceNew(source, "name", "resolverRuleId", "vpcId"),
		Rules: []emulator.Rule{
			resolverNameRule(terraform(source)),
			refuse("R53-17", "InvalidRequestException", emulator.OpCreate, resolverMoto, sameDomainTwice),
		},
	}
}

func sameDomainTwice(c *emulator.Call) string {
	domain := func(rule string) string { return canonicalName(valueOf(c, awstype.ResolverRule, rule, "domainName")) }
	mine := domain(c.In.Str("resolverRuleId"))
	for _, o := range where(c, awstype.ResolverRuleAssociation, "vpcId", c.In.Str("vpcId")) {
		if domain(o.Value("resolverRuleId")) == mine {
			return fmt.Sprintf("Cannot associate rules with same domain name with same VPC. Conflict with resolver rule '%s'",
				o.Value("resolverRuleId"))
		}
	}
	return ""
}

func queryLogConfig() *emulator.Kind {
	const source = "route53resolver/query_log_config.go"
	return tagged(dnsTags, &emulator.Kind{
		Type:     awstype.ResolverQueryLogConfig,
		Words:    words("Route53Resolver", "Route53 Resolver Query Log Config", "CreateResolverQueryLogConfig", "TagResource", "DeleteResolverQueryLogConfig", "GetResolverQueryLogConfig"),
		AutoName: &emulator.AutoName{Property: "name", Max: maxResolver},
		NewID:    resolverID("rqlc"),
		Refs: []emulator.Ref{{
			Path: "destinationArn", To: []string{awstype.LogGroup}, By: "arn", Missing: "ResourceNotFoundException", Source: resolverModel,
			Foreign: func(arn string) bool { return !strings.HasPrefix(arn, "arn:aws:logs:") || groupOf(arn) != arn },
		}},
		Replace: forceNew(source, "name", "destinationArn"),
		Rules: []emulator.Rule{
			resolverNameRule(terraform(source)),
			provider("PRO-14", "destinationArn", terraform(source), func(c *emulator.Call) string {
				return badARN("destinationArn", c.In.Str("destinationArn"))
			}),
			refuse("PRO-14", "InvalidParameterException", emulator.OpCreate, resolverModel+" ResolverQueryLogConfig DestinationArn", badQueryDestination),
			refuse("PRO-14", "ResourceNotFoundException", emulator.OpCreate, resolverModel, func(c *emulator.Call) string {
				if arn := c.In.Str("destinationArn"); groupOf(arn) != arn && missingGroup(c, arn) {
					return fmt.Sprintf("The log group %s does not exist", groupOf(arn))
				}
				return ""
			}),
			refuse("LOG-19", "LimitExceededException", emulator.OpCreate, sourceVended+" (code unverified)", func(c *emulator.Call) string {
				_, complaint := delivery(c, queryGroups(c))
				return complaint
			}),
		},
		Fill: func(c *emulator.Call) error {
			if complaint := deliver(c, queryGroups(c)); complaint != "" {
				return c.Fault("LimitExceededException", "%s", complaint)
			}
			defaults(c, inventory.Props{
				"arn":     regional(c, "route53resolver", "resolver-query-log-config/"+c.ID),
				"ownerId": c.Account().AWSAccount, "shareStatus": "NOT_SHARED",
			})
			return nil
		},
	})
}

// badQueryDestination: queries go to a log group, a bucket or a delivery stream.
func badQueryDestination(c *emulator.Call) string {
	arn := c.In.Str("destinationArn")
	if slices.Contains([]string{"logs", "s3", "firehose"}, iam.Service(arn)) {
		return ""
	}
	return fmt.Sprintf("The destination %s is no log group, S3 bucket or Firehose delivery stream", arn)
}

// queryGroups is the log group of a configuration, if it has one. An update
// changes tags only, and AWS looks at the policy at creation.
func queryGroups(c *emulator.Call) []string {
	if arn := c.In.Str("destinationArn"); c.Op == emulator.OpCreate && iam.Service(arn) == "logs" {
		return []string{groupOf(arn)}
	}
	return nil
}

// queryLogAssociation: a VPC may have several configurations, each once. Whoever
// deletes the log group first gets an association that never becomes active.
func queryLogAssociation() *emulator.Kind {
	const source = "route53resolver/query_log_config_association.go"
	return &emulator.Kind{
		Type:  awstype.ResolverQueryLogConfigAssociation,
		Words: words("Route53Resolver", "Route53 Resolver Query Log Config Association", "AssociateResolverQueryLogConfig", "AssociateResolverQueryLogConfig", "DisassociateResolverQueryLogConfig", "GetResolverQueryLogConfigAssociation"),
		NewID: resolverID("rqlca"),
		Refs: []emulator.Ref{
			refersTo("resolverQueryLogConfigId", "ResourceNotFoundException", "InvalidRequestException", resolverModel, awstype.ResolverQueryLogConfig),
			refersTo("resourceId", "InvalidParameterException", "", resolverModel, awstype.Vpc),
		},
		Replace: forceNew(source, "resolverQueryLogConfigId", "resourceId"),
		Rules: []emulator.Rule{
			refuse("R53-17", "ResourceExistsException", emulator.OpCreate, resolverModel, func(c *emulator.Call) string {
				config := c.In.Str("resolverQueryLogConfigId")
				twice := slices.ContainsFunc(where(c, awstype.ResolverQueryLogConfigAssociation, "resourceId", c.In.Str("resourceId")),
					func(o *inventory.Object) bool { return o.Value("resolverQueryLogConfigId") == config })
				if !twice {
					return ""
				}
				return fmt.Sprintf("The VPC %s is already associated with %s", c.In.Str("resourceId"), config)
			}),
			fails("PRO-14", "DESTINATION_NOT_FOUND", emulator.OpCreate, resolverModel+" ResolverQueryLogConfigAssociationError", func(c *emulator.Call) string {
				arn := valueOf(c, awstype.ResolverQueryLogConfig, c.In.Str("resolverQueryLogConfigId"), "destinationArn")
				if !missingGroup(c, arn) {
					return ""
				}
				return fmt.Sprintf("The log group %s does not exist", groupOf(arn))
			}),
		},
	}
}
