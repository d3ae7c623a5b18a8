package aws

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const sourceTargets = "elbv2/target_group.go"

func targetGroup() *emulator.Kind {
	return tagged(elbTags, &emulator.Kind{
		Type:     awstype.TargetGroup,
		Words:    named(words("Elastic Load Balancing v2", "ELBv2 Target Group", "CreateTargetGroup", "ModifyTargetGroup", "DeleteTargetGroup", "DescribeTargetGroups")),
		AutoName: &emulator.AutoName{Property: "name", Max: 32},
		NewID: func(c *emulator.Call) (string, error) {
			return regional(c, "elasticloadbalancing", fmt.Sprintf("targetgroup/%s/%s", c.In.Str("name"), c.Hex(16))), nil
		},
		Refs: []emulator.Ref{
			refersTo("vpcId", "ValidationError", "", elbModel, awstype.Vpc),
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
	defaults(c, inventory.Props{
		"arn": c.ID, "arnSuffix": "targetgroup/" + strings.SplitN(c.ID, "targetgroup/", 2)[1], "loadBalancerArns": []any{},
		"targetType": "instance", "ipAddressType": "ipv4", "deregistrationDelay": 300, "slowStart": 0,
		"proxyProtocolV2": false, "lambdaMultiValueHeadersEnabled": false, "connectionTermination": false,
		"loadBalancingCrossZoneEnabled": "use_load_balancer_configuration",
		"healthCheck.enabled":           true, "healthCheck.healthyThreshold": 3, "healthCheck.unhealthyThreshold": 3,
		"healthCheck.interval": 30, "healthCheck.port": "traffic-port", "healthCheck.protocol": check, "healthCheck.timeout": 10,
	})
	fillTargetHealth(c)
	if !network {
		defaults(c, inventory.Props{"stickiness.enabled": false, "stickiness.type": "lb_cookie", "stickiness.cookieDuration": 86400})
	}
	if network {
		// Client addresses are kept by default for instances and for UDP (NLB-07).
		kept := c.In.StrOr("targetType", "instance") == "instance" || strings.Contains(c.In.Str("protocol"), "UDP")
		defaults(c, inventory.Props{
			"preserveClientIp": fmt.Sprint(kept), "stickiness.enabled": false, "stickiness.type": "source_ip",
		})
	}
	return nil
}

// fillTargetHealth is when a group counts as healthy: with one healthy target.
func fillTargetHealth(c *emulator.Call) {
	defaults(c, inventory.Props{
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
	for _, o := range others(c, awstype.Listener) {
		if slices.Contains(forwardsTo(o.In), group) {
			arns = append(arns, o.Value("loadBalancerArn"))
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

func targetAttachment() *emulator.Kind {
	const source = "elbv2/target_group_attachment.go"
	return &emulator.Kind{
		Type:  awstype.TargetGroupAttachment,
		Words: named(words("Elastic Load Balancing v2", "ELBv2 Target Group Attachment", "RegisterTargets", "RegisterTargets", "DeregisterTargets", "DescribeTargetHealth")),
		NewID: stamped("targetGroupArn"),
		Refs: []emulator.Ref{
			refersBy("targetGroupArn", "arn", "TargetGroupNotFound", "", moto("elbv2/exceptions.py"), awstype.TargetGroup),
		},
		Replace: forceNew(source, "targetGroupArn", "targetId", "port", "availabilityZone"),
		Rules: []emulator.Rule{
			refuse("NLB-10", "InvalidTarget", emulator.OpCreate, elbModel, targetOutside),
		},
	}
}

// targetOutside checks the address of an ip target.
func targetOutside(c *emulator.Call) string {
	group := c.Tx.Find(awstype.TargetGroup, "arn", c.In.Str("targetGroupArn"))
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
		Type:  awstype.AutoscalingAttachment,
		Words: named(words("Auto Scaling", "Auto Scaling Group Attachment", "AttachLoadBalancerTargetGroups", "AttachLoadBalancerTargetGroups", "DetachLoadBalancerTargetGroups", "DescribeAutoScalingGroups")),
		NewID: stamped("autoscalingGroupName"),
		Refs: []emulator.Ref{
			refersBy("autoscalingGroupName", "name", "ValidationError", "", model("autoscaling"), awstype.AutoscalingGroup),
			refersBy("lbTargetGroupArn", "arn", "ValidationError", "", model("autoscaling"), awstype.TargetGroup),
		},
		Replace: forceNew(source, "autoscalingGroupName", "elb", "lbTargetGroupArn"),
		Rules: []emulator.Rule{
			exactlyOne("NLB-11", terraform(source), "elb", "lbTargetGroupArn"),
			refuse("NLB-11", "ValidationError", emulator.OpCreate, model("autoscaling")+" AttachLoadBalancerTargetGroups", notForInstances),
		},
	}
}

func notForInstances(c *emulator.Call) string {
	group := c.Tx.Find(awstype.TargetGroup, "arn", c.In.Str("lbTargetGroupArn"))
	if group == nil || group.Value("targetType") == "instance" {
		return ""
	}
	return fmt.Sprintf("Provided Target Groups may not be valid. Target type of %s must be instance.", group.Value("name"))
}
