package aws

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
)

// A wording is how the provider and the SDK below it name a type's operations.
type wording struct {
	noun    string // EC2 VPC
	service string // EC2
	// Operations of the API. An update that the provider makes of several calls
	// is named by the one that most changes need.
	create, update, remove string
	// named says that the provider says which one it could not create.
	named bool
}

// modelled are the services whose errors the SDK knows by type: it prints the
// code of the others behind "api error".
var modelled = []string{"EKS", "IAM", "KMS", "CloudWatch Logs", "Route 53", "Route53Resolver", "Elastic Load Balancing v2", "SNS"}

func ec2(noun, operation string) wording {
	return wording{"EC2 " + noun, "EC2", "Create" + operation, "Modify" + operation, "Delete" + operation, false}
}

func identity(noun, create, update, remove string) wording {
	return wording{"IAM " + noun, "IAM", create, update, remove, true}
}

func eks(noun, operation string) wording {
	return wording{"EKS " + noun, "EKS", "Create" + operation, "Update" + operation, "Delete" + operation, true}
}

func elb(noun, operation string) wording {
	return wording{"ELBv2 " + noun, "Elastic Load Balancing v2", "Create" + operation, "Modify" + operation, "Delete" + operation, true}
}

func resolver(noun, operation string) wording {
	return wording{"Route53 Resolver " + noun, "Route53Resolver", "Create" + operation, "Update" + operation, "Delete" + operation, false}
}

var wordings = map[string]wording{
	typeVpc:                  {"EC2 VPC", "EC2", "CreateVpc", "ModifyVpcAttribute", "DeleteVpc", false},
	typeSubnet:               {"EC2 Subnet", "EC2", "CreateSubnet", "ModifySubnetAttribute", "DeleteSubnet", false},
	typeReservation:          ec2("Subnet CIDR Reservation", "SubnetCidrReservation"),
	typeDhcpOptions:          {"EC2 DHCP Options Set", "EC2", "CreateDhcpOptions", "CreateTags", "DeleteDhcpOptions", false},
	typeDhcpAssociation:      {"EC2 VPC DHCP Options Set Association", "EC2", "AssociateDhcpOptions", "AssociateDhcpOptions", "AssociateDhcpOptions", false},
	typeInternetGateway:      {"EC2 Internet Gateway", "EC2", "CreateInternetGateway", "AttachInternetGateway", "DetachInternetGateway", false},
	typeInternetAttachment:   {"EC2 Internet Gateway Attachment", "EC2", "AttachInternetGateway", "AttachInternetGateway", "DetachInternetGateway", false},
	typeEip:                  {"EC2 EIP", "EC2", "AllocateAddress", "AssociateAddress", "ReleaseAddress", false},
	typeNatGateway:           {"EC2 NAT Gateway", "EC2", "CreateNatGateway", "AssociateNatGatewayAddress", "DeleteNatGateway", false},
	typeRouteTable:           {"EC2 Route Table", "EC2", "CreateRouteTable", "ReplaceRoute", "DeleteRouteTable", false},
	typeRoute:                {"Route", "EC2", "CreateRoute", "ReplaceRoute", "DeleteRoute", false},
	typeRouteAssociation:     {"EC2 Route Table Association", "EC2", "AssociateRouteTable", "ReplaceRouteTableAssociation", "DisassociateRouteTable", false},
	typeNetworkACL:           {"EC2 Network ACL", "EC2", "CreateNetworkAcl", "ReplaceNetworkAclEntry", "DeleteNetworkAcl", false},
	typeNetworkACLRule:       {"EC2 Network ACL Rule", "EC2", "CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry", false},
	typeACLAssociation:       {"EC2 Network ACL Association", "EC2", "ReplaceNetworkAclAssociation", "ReplaceNetworkAclAssociation", "ReplaceNetworkAclAssociation", false},
	typeDefaultGroup:         {"EC2 Default Security Group", "EC2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupIngress", "DeleteSecurityGroup", false},
	typeDefaultRouteTable:    {"EC2 Default Route Table", "EC2", "CreateRoute", "ReplaceRoute", "DeleteRoute", false},
	typeDefaultACL:           {"EC2 Default Network ACL", "EC2", "CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry", false},
	typeSecurityGroup:        {"Security Group", "EC2", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "DeleteSecurityGroup", true},
	typeSecurityGroupRule:    {"Security Group Rule", "EC2", "AuthorizeSecurityGroupIngress", "UpdateSecurityGroupRuleDescriptionsIngress", "RevokeSecurityGroupIngress", false},
	typeIngressRule:          {"VPC Security Group Rule", "EC2", "AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", "RevokeSecurityGroupIngress", false},
	typeEgressRule:           {"VPC Security Group Rule", "EC2", "AuthorizeSecurityGroupEgress", "ModifySecurityGroupRules", "RevokeSecurityGroupEgress", false},
	typeFlowLog:              {"Flow Log", "EC2", "CreateFlowLogs", "CreateTags", "DeleteFlowLogs", false},
	typeVpcEndpoint:          {"EC2 VPC Endpoint", "EC2", "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", false},
	typeLaunchTemplate:       {"EC2 Launch Template", "EC2", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", "DeleteLaunchTemplate", true},
	typeVpnGateway:           {"EC2 VPN Gateway", "EC2", "CreateVpnGateway", "AttachVpnGateway", "DeleteVpnGateway", false},
	typeVpnAttachment:        {"EC2 VPN Gateway Attachment", "EC2", "AttachVpnGateway", "AttachVpnGateway", "DetachVpnGateway", false},
	typeVpnPropagation:       {"EC2 VPN Gateway Route Propagation", "EC2", "EnableVgwRoutePropagation", "EnableVgwRoutePropagation", "DisableVgwRoutePropagation", false},
	typeCustomerGateway:      ec2("Customer Gateway", "CustomerGateway"),
	typeVpnConnection:        {"EC2 VPN Connection", "EC2", "CreateVpnConnection", "ModifyVpnTunnelOptions", "DeleteVpnConnection", false},
	typeVpnConnectionRoute:   ec2("VPN Connection Route", "VpnConnectionRoute"),
	typeTransitGateway:       ec2("Transit Gateway", "TransitGateway"),
	typeTransitAttachment:    ec2("Transit Gateway VPC Attachment", "TransitGatewayVpcAttachment"),
	typeTransitTable:         ec2("Transit Gateway Route Table", "TransitGatewayRouteTable"),
	typeTransitRoute:         ec2("Transit Gateway Route", "TransitGatewayRoute"),
	typeTransitAssociation:   {"EC2 Transit Gateway Route Table Association", "EC2", "AssociateTransitGatewayRouteTable", "AssociateTransitGatewayRouteTable", "DisassociateTransitGatewayRouteTable", false},
	typeTransitPropagation:   {"EC2 Transit Gateway Route Table Propagation", "EC2", "EnableTransitGatewayRouteTablePropagation", "EnableTransitGatewayRouteTablePropagation", "DisableTransitGatewayRouteTablePropagation", false},
	typeRole:                 identity("Role", "CreateRole", "UpdateRole", "DeleteRole"),
	typePolicy:               identity("Policy", "CreatePolicy", "CreatePolicyVersion", "DeletePolicy"),
	typeRolePolicy:           identity("Role Policy", "PutRolePolicy", "PutRolePolicy", "DeleteRolePolicy"),
	typeRolePolicyAttachment: identity("Role Policy Attachment", "AttachRolePolicy", "AttachRolePolicy", "DetachRolePolicy"),
	typeInstanceProfile:      identity("Instance Profile", "CreateInstanceProfile", "AddRoleToInstanceProfile", "DeleteInstanceProfile"),
	typeKey:                  {"KMS Key", "KMS", "CreateKey", "PutKeyPolicy", "ScheduleKeyDeletion", false},
	typeAlias:                {"KMS Alias", "KMS", "CreateAlias", "UpdateAlias", "DeleteAlias", true},
	typeLogGroup:             {"CloudWatch Logs Log Group", "CloudWatch Logs", "CreateLogGroup", "AssociateKmsKey", "DeleteLogGroup", true},
	typeLogResourcePolicy:    {"CloudWatch Logs Resource Policy", "CloudWatch Logs", "PutResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy", true},
	typeMetricAlarm:          {"CloudWatch Metric Alarm", "CloudWatch", "PutMetricAlarm", "PutMetricAlarm", "DeleteAlarms", true},
	typeCompositeAlarm:       {"CloudWatch Composite Alarm", "CloudWatch", "PutCompositeAlarm", "PutCompositeAlarm", "DeleteAlarms", true},
	typeDashboard:            {"CloudWatch Dashboard", "CloudWatch", "PutDashboard", "PutDashboard", "DeleteDashboards", true},
	typeTopic:                {"SNS Topic", "SNS", "CreateTopic", "SetTopicAttributes", "DeleteTopic", true},
	typeTopicPolicy:          {"SNS Topic Policy", "SNS", "SetTopicAttributes", "SetTopicAttributes", "SetTopicAttributes", true},
	typeTopicSubscription:    {"SNS Topic Subscription", "SNS", "Subscribe", "SetSubscriptionAttributes", "Unsubscribe", false},
	typeCluster:              {"EKS Cluster", "EKS", "CreateCluster", "UpdateClusterConfig", "DeleteCluster", true},
	typeNodeGroup:            {"EKS Node Group", "EKS", "CreateNodegroup", "UpdateNodegroupConfig", "DeleteNodegroup", true},
	typeAddon:                eks("Add-On", "Addon"),
	typeAccessEntry:          eks("Access Entry", "AccessEntry"),
	typeAccessPolicy:         {"EKS Access Policy Association", "EKS", "AssociateAccessPolicy", "AssociateAccessPolicy", "DisassociateAccessPolicy", true},
	typePodIdentity:          eks("Pod Identity Association", "PodIdentityAssociation"),
	typeLoadBalancer:         elb("Load Balancer", "LoadBalancer"),
	typeTargetGroup:          elb("Target Group", "TargetGroup"),
	typeListener:             elb("Listener", "Listener"),
	typeTargetAttachment:     {"ELBv2 Target Group Attachment", "Elastic Load Balancing v2", "RegisterTargets", "RegisterTargets", "DeregisterTargets", true},
	typeScalingGroup:         {"Auto Scaling Group", "Auto Scaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup", "DeleteAutoScalingGroup", true},
	typeScalingAttachment:    {"Auto Scaling Group Attachment", "Auto Scaling", "AttachLoadBalancerTargetGroups", "AttachLoadBalancerTargetGroups", "DetachLoadBalancerTargetGroups", true},
	typeZone:                 {"Route53 Hosted Zone", "Route 53", "CreateHostedZone", "UpdateHostedZoneComment", "DeleteHostedZone", true},
	typeZoneAssociation:      {"Route53 Zone Association", "Route 53", "AssociateVPCWithHostedZone", "AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone", false},
	typeRecord:               {"Route53 Record", "Route 53", "ChangeResourceRecordSets", "ChangeResourceRecordSets", "ChangeResourceRecordSets", false},
	typeResolverEndpoint:     resolver("Endpoint", "ResolverEndpoint"),
	typeResolverRule:         resolver("Rule", "ResolverRule"),
	typeResolverAssociation:  {"Route53 Resolver Rule Association", "Route53Resolver", "AssociateResolverRule", "AssociateResolverRule", "DisassociateResolverRule", false},
	typeQueryLogConfig:       resolver("Query Log Config", "ResolverQueryLogConfig"),
	typeQueryLogAssociation:  {"Route53 Resolver Query Log Config Association", "Route53Resolver", "AssociateResolverQueryLogConfig", "AssociateResolverQueryLogConfig", "DisassociateResolverQueryLogConfig", false},
}

// statuses are the HTTP statuses of codes that are not 400.
var statuses = map[string]int{
	"AccessDenied": 403, "ConflictException": 409, "DeleteConflict": 409, "EntityAlreadyExists": 409,
	"HostedZoneAlreadyExists": 409, "NoSuchEntity": 404, "NoSuchHostedZone": 404,
}

func statusOf(service, code string) int {
	if service == "EKS" { // EKS-40; the JSON services answer 400 to everything
		switch code {
		case "ResourceInUseException":
			return 409
		case "ResourceNotFoundException":
			return 404
		}
	}
	return cmp.Or(statuses[code], 400)
}

// wrap words a fault as pulumi-aws prints it: what Terraform attempted, then what
// the SDK says.
func wrap(c *emulator.Call, f *emulator.Fault) string {
	if c.Kind == nil || c.Op == emulator.OpCheck {
		return f.Error()
	}
	w := wordings[c.Kind.Type]
	if isLate(c.Kind, f) {
		return bullet(fmt.Sprintf("waiting for %s (%s) %s: unexpected state '%s'. last error: %s",
			w.noun, c.ID, verb(c.Op, "create", "update", "delete", "read"), c.Out.StrOr("status", "failed"), f.Error()))
	}
	attempt := verb(c.Op, "creating ", "updating ", "deleting ", "reading ") + w.noun
	if which := whichOne(c, w); which != "" {
		attempt += " (" + which + ")"
	}
	reason := f.Error()
	if !slices.Contains(modelled, w.service) {
		reason = "api error " + reason
	}
	operation := verb(c.Op, w.create, w.update, w.remove, "Describe")
	return bullet(fmt.Sprintf("%s: operation error %s: %s, https response error StatusCode: %d, %s",
		attempt, w.service, operation, statusOf(w.service, f.Code), reason))
}

func bullet(text string) string { return "1 error occurred:\n\t* " + text + "\n" }

func verb(op emulator.Op, create, update, remove, read string) string {
	switch op {
	case emulator.OpCreate:
		return create
	case emulator.OpUpdate:
		return update
	case emulator.OpDelete:
		return remove
	}
	return read
}

// whichOne is the name or id in the provider's words.
func whichOne(c *emulator.Call, w wording) string {
	switch {
	case c.ID != "":
		return c.ID
	case !w.named:
		return ""
	}
	names := []string{"name", "alarmName", "dashboardName", "policyName", "nodeGroupName", "addonName", "principalArn", "serviceAccount", "role", "clusterName"}
	for _, p := range names {
		if s := c.In.Str(p); s != "" {
			return withCluster(c, p, s)
		}
	}
	return ""
}

// withCluster: what hangs on a cluster is named together with it.
func withCluster(c *emulator.Call, property, name string) string {
	if cluster := c.In.Str("clusterName"); cluster != "" && property != "clusterName" && strings.HasPrefix(c.Kind.Type, "aws:eks/") {
		return cluster + ":" + name
	}
	return name
}

// isLate reports whether the fault is of moment L.
func isLate(k *emulator.Kind, f *emulator.Fault) bool {
	return slices.ContainsFunc(k.Rules, func(r emulator.Rule) bool {
		return r.Late && r.ID == f.Rule && r.Code == f.Code
	})
}
