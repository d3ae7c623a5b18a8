package aws

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const sourceEndpoint = "ec2/vpc_endpoint.go"

// Services with endpoints, after com.amazonaws.REGION. (VPC-35). Gateway
// endpoints exist for the first two alone.
var (
	gatewayServices   = []string{"s3", "dynamodb"}
	interfaceServices = []string{
		"autoscaling", "cloudformation", "cloudtrail", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "ecs", "eks", "eks-auth",
		"elasticfilesystem", "elasticloadbalancing", "events", "kms", "lambda", "logs", "monitoring", "s3", "secretsmanager",
		"sns", "sqs", "ssm", "ssmmessages", "sts", "xray", "dynamodb",
	}
)

func vpcEndpoint() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.VpcEndpoint,
		Words: words("EC2", "EC2 VPC Endpoint", "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "DescribeVpcEndpoints"),
		NewID: opaque("vpce"),
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcId.NotFound", "DependencyViolation", model("ec2"), awstype.Vpc),
			refersTo("subnetIds[*]", "InvalidSubnetId.NotFound", "DependencyViolation", model("ec2"), awstype.Subnet),
			refersTo("securityGroupIds[*]", "InvalidSecurityGroupId.NotFound", "DependencyViolation", model("ec2"), awstype.SecurityGroup),
			refersTo("routeTableIds[*]", "InvalidRouteTableId.NotFound", "", model("ec2"), awstype.RouteTable),
		},
		Replace: append(forceNew(sourceEndpoint, "vpcId", "serviceName", "vpcEndpointType", "serviceRegion",
			"resourceConfigurationArn", "serviceNetworkArn"),
			emulator.Replace{Path: "privateDnsEnabled", Source: terraform(sourceEndpoint), When: func(c *emulator.Call) bool {
				return c.In.StrOr("vpcEndpointType", "Gateway") != "Interface"
			}}),
		Rules: []emulator.Rule{
			oneOf("VPC-32", "vpcEndpointType", terraform(sourceEndpoint), "Gateway", "Interface", "GatewayLoadBalancer", "Resource", "ServiceNetwork"),
			invalidJSON("IAM-03", "policy", terraform(sourceEndpoint)),
			refuse("IAM-03", "InvalidPolicyDocument", emulator.OpWrite, model("ec2"), grammar("policy", true)),
			refuse("VPC-35", "InvalidServiceName", emulator.OpCreate, moto("ec2/exceptions.py"), unknownService),
			refuse("VPC-32", "InvalidParameter", emulator.OpCreate, model("ec2")+" CreateVpcEndpoint", endpointKind),
			refuse("VPC-32", "DuplicateSubnetsInSameZone", emulator.OpWrite, model("ec2")+" CreateVpcEndpoint", endpointZones),
			refuse("VPC-32", "InvalidParameter", emulator.OpWrite, model("ec2")+" CreateVpcEndpoint (text unverified)", endpointElsewhere),
			refuse("VPC-32", "RouteAlreadyExists", emulator.OpWrite, model("ec2")+" CreateVpcEndpoint", endpointTwice),
			refuse("VPC-08", "InvalidParameter", emulator.OpWrite, "awsdocs/amazon-vpc-user-guide vpc-dns.md", endpointWithoutDNS),
			refuse("VPC-33", "InvalidParameter", emulator.OpWrite, "hashicorp/terraform-provider-aws#17535", endpointNameTaken),
			refuse("VPC-34", "InvalidParameter", emulator.OpCreate, "terraform-aws-modules/terraform-aws-vpc#982", endpointNeedsGateway),
		},
		Fill: fillEndpoint,
	})
}

func isGatewayEndpoint(in inventory.Props) bool {
	return in.StrOr("vpcEndpointType", "Gateway") == "Gateway"
}

// endpointService is the service's own part of the name, "" for services of others.
func endpointService(c *emulator.Call) string { return serviceIn(c.Region(), c.In) }

func serviceIn(region string, in inventory.Props) string {
	name, ours := strings.CutPrefix(in.Str("serviceName"), "com.amazonaws."+region+".")
	if !ours {
		return ""
	}
	return name
}

func unknownService(c *emulator.Call) string {
	name := c.In.Str("serviceName")
	if name == "" || strings.HasPrefix(name, "com.amazonaws.vpce.") {
		return ""
	}
	if s := endpointService(c); slices.Contains(interfaceServices, s) {
		return ""
	}
	return fmt.Sprintf("The Vpc Endpoint Service '%s' does not exist", name)
}

func endpointKind(c *emulator.Call) string {
	s := endpointService(c)
	switch {
	case isGatewayEndpoint(c.In) && s != "" && !slices.Contains(gatewayServices, s):
		return fmt.Sprintf("Endpoint type (Gateway) does not match available service types ([Interface]) of %s.", c.In.Str("serviceName"))
	case isGatewayEndpoint(c.In) && c.In.Bool("privateDnsEnabled"):
		return "Private DNS can't be enabled for gateway endpoints."
	case !isGatewayEndpoint(c.In) && len(c.In.List("routeTableIds")) > 0:
		return "Route table IDs are only supported for Gateway type VPC Endpoint."
	}
	return ""
}

func endpointZones(c *emulator.Call) string {
	zones := map[string]bool{}
	for _, id := range c.In.Strings("subnetIds") {
		zone := zoneOf(c, id)
		if zones[zone] && zone != "" {
			return fmt.Sprintf("Found another VPC endpoint subnet in the availability zone of %s. "+
				"VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.", id)
		}
		zones[zone] = true
	}
	return ""
}

// endpointElsewhere: what an endpoint stands on is of its own VPC.
func endpointElsewhere(c *emulator.Call) string {
	for path, typ := range map[string]string{"subnetIds": awstype.Subnet, "securityGroupIds": awstype.SecurityGroup, "routeTableIds": awstype.RouteTable} {
		for _, id := range c.In.Strings(path) {
			if vpc := valueOf(c, typ, id, "vpcId"); vpc != "" && vpc != c.In.Str("vpcId") {
				return fmt.Sprintf("%s does not belong to %s.", id, c.In.Str("vpcId"))
			}
		}
	}
	return ""
}

// endpointTwice: a gateway endpoint is a route to its prefix list, and a table has
// one of those.
func endpointTwice(c *emulator.Call) string {
	for _, o := range where(c, awstype.VpcEndpoint, "serviceName", c.In.Str("serviceName")) {
		for _, table := range o.In.Strings("routeTableIds") {
			if slices.Contains(c.In.Strings("routeTableIds"), table) {
				return fmt.Sprintf("route table %s already has a route with destination-prefix-list-id %s", table, o.Value("prefixListId"))
			}
		}
	}
	return ""
}

// prefixList is the id of the addresses of a service with gateway endpoints: AWS's
// own, there with and without endpoints.
func prefixList(service string) string { return fmt.Sprintf("pl-%08x", hashCode(service)) }

// noPrefixList refuses references to prefix lists that AWS does not keep; others
// are not modelled.
func noPrefixList(path string) func(*emulator.Call) string {
	return func(c *emulator.Call) string {
		for _, id := range c.In.Strings(path) {
			known := slices.ContainsFunc(gatewayServices, func(s string) bool {
				return id == prefixList("com.amazonaws."+c.Region()+"."+s)
			})
			if !known && id != "" {
				return fmt.Sprintf("The prefix list ID '%s' does not exist", id)
			}
		}
		return ""
	}
}

func endpointWithoutDNS(c *emulator.Call) string {
	vpc := c.Tx.Get(awstype.Vpc, c.In.Str("vpcId"))
	if !c.In.Bool("privateDnsEnabled") || vpc == nil || hasDNS(vpc) {
		return ""
	}
	return "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true " +
		"for " + vpc.ID
}

// hasDNS reports whether a VPC has DNS support and hostnames both.
func hasDNS(vpc *inventory.Object) bool {
	return vpc.Out.Bool("enableDnsSupport") && vpc.Out.Bool("enableDnsHostnames")
}

func endpointNameTaken(c *emulator.Call) string {
	if !c.In.Bool("privateDnsEnabled") {
		return ""
	}
	domain := endpointDomain(c.Region(), c.In)
	for _, o := range where(c, awstype.VpcEndpoint, "vpcId", c.In.Str("vpcId")) {
		if o.In.Bool("privateDnsEnabled") && o.Value("serviceName") == c.In.Str("serviceName") {
			return conflictingDomain(domain, c.In.Str("vpcId"))
		}
	}
	for _, zone := range others(c, awstype.Zone) {
		if zone.Value("name") == domain && slices.Contains(zoneVpcs(c, zone), c.In.Str("vpcId")) {
			return conflictingDomain(domain, c.In.Str("vpcId"))
		}
	}
	return ""
}

func conflictingDomain(domain, vpc string) string {
	return fmt.Sprintf("private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s", domain, vpc)
}

// endpointDomain is the public name that an interface endpoint takes over.
func endpointDomain(region string, in inventory.Props) string {
	parts := strings.Split(serviceIn(region, in), ".")
	slices.Reverse(parts)
	return strings.Join(parts, ".") + "." + region + ".amazonaws.com"
}

func endpointNeedsGateway(c *emulator.Call) string {
	if isGatewayEndpoint(c.In) || endpointService(c) != "s3" || !c.In.Bool("dnsOptions.privateDnsOnlyForInboundResolverEndpoint") {
		return ""
	}
	for _, o := range where(c, awstype.VpcEndpoint, "vpcId", c.In.Str("vpcId")) {
		if isGatewayEndpoint(o.In) && o.Value("serviceName") == c.In.Str("serviceName") {
			return ""
		}
	}
	return "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC must have a Gateway endpoint for the service."
}

func fillEndpoint(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn": regional(c, "ec2", "vpc-endpoint/"+c.ID), "ownerId": c.Account().AWSAccount, "state": "available",
		"vpcEndpointType": "Gateway", "requesterManaged": false, "privateDnsEnabled": false, "serviceRegion": c.Region(),
		"policy": `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`,
	})
	if isGatewayEndpoint(c.In) {
		c.Out.Default("dnsOptions.dnsRecordIpType", "service-defined")
		defaults(c, inventory.Props{"prefixListId": prefixList(c.In.Str("serviceName")), "networkInterfaceIds": []any{}})
		return nil
	}
	return fillInterfaceEndpoint(c)
}

func fillInterfaceEndpoint(c *emulator.Call) error {
	var wanted []eni
	var interfaces []any
	for _, subnet := range c.In.Strings("subnetIds") {
		wanted = append(wanted, eni{subnet: subnet})
		interfaces = append(interfaces, opaqueOf(c, "eni", "endpoint "+subnet))
	}
	if _, err := settleENIs(c, wanted); err != nil {
		return err
	}
	c.Out.Default("dnsOptions.dnsRecordIpType", "ipv4")
	if groups := c.In.Strings("securityGroupIds"); len(groups) == 0 {
		c.Out.Set("securityGroupIds", []string{valueOf(c, awstype.Vpc, c.In.Str("vpcId"), "defaultSecurityGroupId")})
	}
	defaults(c, inventory.Props{
		"ipAddressType": "ipv4", "networkInterfaceIds": interfaces,
		"dnsEntries": []any{map[string]any{
			"dnsName":      fmt.Sprintf("%s-%s.%s.%s.vpce.amazonaws.com", c.ID, c.HexOf("dns", 8), endpointService(c), c.Region()),
			"hostedZoneId": "Z" + letters(c.HexOf("zone", 40), upperAlphanumeric, 13),
		}},
	})
	return nil
}

var lookupVpcEndpoint = lookup{awstype.VpcEndpoint, "EC2 VPC Endpoint", map[string]func(*emulator.Call, *inventory.Object) []string{
	"vpc-endpoint-id": value("id"), "vpc-id": value("vpcId"), "service-name": value("serviceName"),
	"service-region": value("serviceRegion"), "vpc-endpoint-state": value("state"), "vpc-endpoint-type": value("vpcEndpointType"),
	"ip-address-type": value("ipAddressType"),
}, map[string]string{"id": "vpc-endpoint-id", "vpcId": "vpc-id", "serviceName": "service-name", "state": "vpc-endpoint-state"}}

func getVpcEndpoint(c *emulator.Call) (inventory.Props, error) {
	o, err := lookupVpcEndpoint.one(c)
	if err != nil {
		return nil, err
	}
	options := o.Out.Map("dnsOptions")
	prefixes := ""
	// By the name of the service, also for an interface to it.
	if slices.Contains(gatewayServices, serviceIn(c.Region(), o.In)) {
		prefixes = prefixList(o.Value("serviceName"))
	}
	return answer(c, o, inventory.Props{
		"ipAddressType": "", "cidrBlocks": []any{}, "dnsEntries": []any{}, "routeTableIds": []any{}, "securityGroupIds": []any{}, "subnetIds": []any{},
	}.With(pick(o, "cidrBlocks", "dnsEntries", "ipAddressType", "networkInterfaceIds", "ownerId", "policy", "privateDnsEnabled",
		"requesterManaged", "routeTableIds", "securityGroupIds", "serviceName", "state", "subnetIds", "vpcEndpointType", "vpcId")).
		With(inventory.Props{
			"prefixListId": prefixes,
			"dnsOptions": []any{map[string]any{
				"dnsRecordIpType":                          options.Str("dnsRecordIpType"),
				"privateDnsOnlyForInboundResolverEndpoint": options.Bool("privateDnsOnlyForInboundResolverEndpoint"),
			}},
		})), nil
}
