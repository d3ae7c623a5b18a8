package aws

import (
	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// quotaGroupRules is what VPC-24 limits, inbound and outbound each. The table
// counts the rules that are objects of their own; the rule VPC-24 adds those that
// a group carries itself and the older kind with several ranges in one.
const quotaGroupRules = "rules-per-security-group"

// quota is the limit as raised, or the default.
func quota(c *emulator.Call, name string, otherwise int) int {
	if n, ok := c.Account().Quotas[name]; ok {
		return n
	}
	return otherwise
}

const (
	sourceVpcLimits  = "awsdocs/amazon-vpc-user-guide amazon-vpc-limits.md"
	sourceGroupRules = "awsdocs/amazon-vpc-user-guide amazon-vpc-limits.md; getmoto/moto ec2/exceptions.py"
	sourceVpnLimits  = "awsdocs/aws-site-to-site-vpn-user-guide vpn-limits.md (code from memory)"
)

// quotas are the default limits of a new account. A NAT gateway's limit is by
// zone; it is counted by subnet, which is the zone where a zone has one subnet
// for gateways.
func quotas() []emulator.Quota {
	region := []string{"@region"}
	return []emulator.Quota{
		{Name: "vpcs", Type: awstype.Vpc, Scope: region, Limit: 5, Code: "VpcLimitExceeded", Rule: "VPC-06", Source: sourceVpcLimits},
		{Name: "subnets-per-vpc", Type: awstype.Subnet, Scope: []string{"vpcId"}, Limit: 200, Code: "SubnetLimitExceeded", Rule: "VPC-06", Source: sourceVpcLimits},
		{Name: "elastic-ips", Type: awstype.Eip, Scope: region, Limit: 5, Code: "AddressLimitExceeded", Rule: "VPC-06", Source: sourceVpcLimits},
		{Name: "nat-gateways-per-zone", Type: awstype.NatGateway, Scope: []string{"subnetId"}, Limit: 5, Code: "NatGatewayLimitExceeded", Rule: "VPC-06", Source: sourceVpcLimits},
		{Name: "internet-gateways", Type: awstype.InternetGateway, Scope: region, Limit: 5, Code: "InternetGatewayLimitExceeded", Rule: "VPC-06", Source: sourceVpcLimits},
		{Name: "route-tables-per-vpc", Type: awstype.RouteTable, Scope: []string{"vpcId"}, Limit: 200, Code: "RouteTableLimitExceeded", Rule: "VPC-16", Source: "amazon-vpc-limits.md"},
		{Name: "routes-per-table", Type: awstype.Route, Scope: []string{"routeTableId"}, Limit: 50, Code: "RouteLimitExceeded", Rule: "VPC-16", Source: "amazon-vpc-limits.md"},
		{Name: "rules-per-network-acl", Type: awstype.NetworkAclRule, Scope: []string{"networkAclId", "egress"}, Limit: 20, Code: "NetworkAclEntryLimitExceeded", Rule: "VPC-18", Source: "amazon-vpc-limits.md (code from memory)"},
		{Name: "security-groups", Type: awstype.SecurityGroup, Scope: region, Limit: 2500, Code: "SecurityGroupLimitExceeded", Rule: "VPC-06", Source: sourceVpcLimits},
		{Name: quotaGroupRules, Type: awstype.SecurityGroupIngressRule, Scope: []string{"securityGroupId"}, Limit: maxGroupRules, Code: "RulesPerSecurityGroupLimitExceeded", Rule: "VPC-24", Source: sourceGroupRules},
		{Name: quotaGroupRules, Type: awstype.SecurityGroupEgressRule, Scope: []string{"securityGroupId"}, Limit: maxGroupRules, Code: "RulesPerSecurityGroupLimitExceeded", Rule: "VPC-24", Source: sourceGroupRules},
		{Name: "gp3-tib", Type: awstype.Volume, Scope: region, Limit: 50, Amount: gp3Storage, Code: "VolumeLimitExceeded", Rule: "EBS-16", Source: "docs.aws.amazon.com/general/latest/gr/ebs-service.html L-7A658B76"},
		{Name: "vpn-gateways", Type: awstype.VpnGateway, Scope: region, Limit: 5, Code: "VpnGatewayLimitExceeded", Rule: "AWV-06", Source: sourceVpnLimits},
		{Name: "customer-gateways", Type: awstype.CustomerGateway, Scope: region, Limit: 50, Code: "CustomerGatewayLimitExceeded", Rule: "AWV-06", Source: sourceVpnLimits},
		{Name: "vpn-connections", Type: awstype.VpnConnection, Scope: region, Limit: 50, Code: "VpnConnectionLimitExceeded", Rule: "AWV-06", Source: sourceVpnLimits},
		{Name: "vpn-connections-per-gateway", Type: awstype.VpnConnection, Scope: []string{"vpnGatewayId"}, Limit: 10, Code: "VpnConnectionLimitExceeded", Rule: "AWV-06", Source: sourceVpnLimits},
		{Name: "transit-gateways", Type: awstype.TransitGateway, Scope: region, Limit: 5, Code: "TransitGatewayLimitExceeded", Source: "awsdocs/aws-transit-gateway-guide transit-gateway-quotas.md (code from memory)"},
		{Name: "vpc-endpoints-per-vpc", Type: awstype.VpcEndpoint, Scope: []string{"vpcId"}, Limit: 50, Code: "VpcEndpointLimitExceeded", Rule: "VPC-06", Source: sourceVpcLimits + "; code from memory"},
		{Name: "policies-per-role", Type: awstype.RolePolicyAttachment, Scope: []string{"role"}, Limit: 10, Code: "LimitExceeded", Source: "IAM user guide, IAM and AWS STS quotas"},
		{Name: "log-resource-policies", Type: awstype.LogResourcePolicy, Scope: region, Limit: 10, Code: "LimitExceededException", Rule: "LOG-19", Source: "aws-site-to-site-vpn-user-guide monitoring-logs.md (number from memory)"},
		{Name: "resolver-endpoints", Type: awstype.ResolverEndpoint, Scope: region, Limit: 4, Code: "LimitExceededException", Rule: "R53-09", Source: "awsdocs/amazon-route53-docs DNSLimitations.md"},
		{Name: "query-log-configs", Type: awstype.ResolverQueryLogConfig, Scope: region, Limit: 20, Code: "LimitExceededException", Source: "awsdocs/amazon-route53-docs DNSLimitations.md"},
		{Name: "resolver-rules", Type: awstype.ResolverRule, Scope: region, Limit: 1000, Code: "LimitExceededException", Source: "awsdocs/amazon-route53-docs DNSLimitations.md"},
	}
}

// gp3Storage is how many TiB of the quota a volume takes. One that takes its size from a
// snapshot counts once it is there.
func gp3Storage(p inventory.Props) float64 {
	if p.Str("type") != gp3 {
		return 0
	}
	return p.Num("size") / 1024
}
