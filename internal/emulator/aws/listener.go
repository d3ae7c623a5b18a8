package aws

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

func forwardsTo(in inventory.Props) []string {
	return append(in.Strings("defaultActions[*].targetGroupArn"), in.Strings("defaultActions[*].forward.targetGroups[*].arn")...)
}

func listener() *emulator.Kind {
	const source = "elbv2/listener.go"
	return tagged(elbTags, &emulator.Kind{
		Type:  awstype.Listener,
		Words: named(words("Elastic Load Balancing v2", "ELBv2 Listener", "CreateListener", "ModifyListener", "DeleteListener", "DescribeListeners")),
		NewID: func(c *emulator.Call) (string, error) {
			return strings.Replace(c.In.Str("loadBalancerArn"), ":loadbalancer/", ":listener/", 1) + "/" + c.Hex(16), nil
		},
		Refs: []emulator.Ref{
			refersBy("loadBalancerArn", "arn", "LoadBalancerNotFound", "", moto("elbv2/exceptions.py"), awstype.LoadBalancer),
			refersBy("defaultActions[*].targetGroupArn", "arn", "TargetGroupNotFound", "ResourceInUse", moto("elbv2/exceptions.py"), awstype.TargetGroup),
			refersBy("defaultActions[*].forward.targetGroups[*].arn", "arn", "TargetGroupNotFound", "ResourceInUse", moto("elbv2/exceptions.py"), awstype.TargetGroup),
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
			defaults(c, inventory.Props{"arn": c.ID})
			if c.In.Str("protocol") == "TCP" {
				defaults(c, inventory.Props{"tcpIdleTimeoutSeconds": 350})
			}
			return nil
		},
	})
}

func balancerOf(c *emulator.Call) *inventory.Object {
	return c.Tx.Find(awstype.LoadBalancer, "arn", c.In.Str("loadBalancerArn"))
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
		group := c.Tx.Find(awstype.TargetGroup, "arn", arn)
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
		group := c.Tx.Find(awstype.TargetGroup, "arn", arn)
		if balancer != nil && group != nil && group.Value("vpcId") != "" && group.Value("vpcId") != balancer.Value("vpcId") {
			return fmt.Sprintf("The following target groups are not in the same VPC as load balancer: %s", arn)
		}
	}
	return ""
}
