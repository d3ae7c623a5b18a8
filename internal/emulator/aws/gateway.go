package aws

import (
	"fmt"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// gatewayKinds are the ways to the internet.
func gatewayKinds() []*emulator.Kind {
	return []*emulator.Kind{internetGateway(), internetAttachment(), elasticIP(), natGateway()}
}

func internetGateway() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.InternetGateway,
		Words: words("EC2", "EC2 Internet Gateway", "CreateInternetGateway", "AttachInternetGateway", "DetachInternetGateway", "DescribeInternetGateways"),
		NewID: opaque("igw"),
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc),
		},
		Rules: []emulator.Rule{
			refuse("VPC-09", "Resource.AlreadyAssociated", emulator.OpWrite, moto("ec2/exceptions.py"), secondInternetGateway),
			refuse("VPC-09", "DependencyViolation", emulator.OpDelete, model("ec2")+" DetachInternetGateway", publicAddressesLeft),
			refuse("VPC-09", "DependencyViolation", emulator.OpUpdate, model("ec2")+" DetachInternetGateway", leavesAddresses),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": regional(c, "ec2", "internet-gateway/"+c.ID), "ownerId": c.Account().AWSAccount,
			})
			return nil
		},
	})
}

// leavesAddresses: another VPC is a detachment from the one before.
func leavesAddresses(c *emulator.Call) string {
	if !c.Changed("vpcId") {
		return ""
	}
	return publicAddressesLeft(c)
}

func internetAttachment() *emulator.Kind {
	const source = "ec2/vpc_internet_gateway_attachment.go"
	return &emulator.Kind{
		Type:  awstype.InternetGatewayAttachment,
		Words: words("EC2", "EC2 Internet Gateway Attachment", "AttachInternetGateway", "AttachInternetGateway", "DetachInternetGateway", "DescribeInternetGateways"),
		NewID: joined(":", "internetGatewayId", "vpcId"),
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc),
			refersTo("internetGatewayId", "InvalidInternetGatewayID.NotFound", "DependencyViolation",
				moto("ec2/exceptions.py"), awstype.InternetGateway),
		},
		Replace: forceNew(source, "internetGatewayId", "vpcId"),
		Rules: []emulator.Rule{
			refuse("VPC-09", "Resource.AlreadyAssociated", emulator.OpCreate, moto("ec2/exceptions.py"), secondInternetGateway),
			refuse("VPC-09", "DependencyViolation", emulator.OpDelete, model("ec2")+" DetachInternetGateway", publicAddressesLeft),
		},
	}
}

// attachedInternetGateway is the gateway of a VPC, "" when it has none.
func attachedInternetGateway(c *emulator.Call, vpc string) string {
	for _, o := range others(c, awstype.InternetGateway) {
		if o.Value("vpcId") == vpc {
			return o.ID
		}
	}
	for _, o := range others(c, awstype.InternetGatewayAttachment) {
		if o.Value("vpcId") == vpc {
			return o.Value("internetGatewayId")
		}
	}
	return ""
}

func secondInternetGateway(c *emulator.Call) string {
	vpc := c.In.Str("vpcId")
	if vpc == "" || attachedInternetGateway(c, vpc) == "" {
		return ""
	}
	return fmt.Sprintf("Resource %s is already associated.", vpc)
}

// publicAddressesLeft is why a gateway cannot be detached: NAT gateways still
// have public addresses in its VPC.
func publicAddressesLeft(c *emulator.Call) string {
	vpc := c.Old.Str("vpcId")
	if vpc == "" {
		return ""
	}
	for _, nat := range others(c, awstype.NatGateway) {
		if nat.Value("publicIp") != "" && vpcOf(c, nat.Value("subnetId")) == vpc {
			return fmt.Sprintf("Network %s has some mapped public address(es). Please unmap those public address(es) "+
				"before detaching the gateway.", vpc)
		}
	}
	return ""
}

func elasticIP() *emulator.Kind {
	const source = "ec2/ec2_eip.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:    awstype.Eip,
		Words:   words("EC2", "EC2 EIP", "AllocateAddress", "AssociateAddress", "ReleaseAddress", "DescribeAddresses"),
		NewID:   opaque("eipalloc"),
		Replace: forceNew(source, "address", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"),
		Rules: []emulator.Rule{
			oneOf("VPC-06", "domain", terraform(source), "vpc", "standard"),
		},
		Fill:    fillElasticIP,
		Refresh: refreshElasticIP,
	})
}

func fillElasticIP(c *emulator.Call) error {
	if !c.Old.Has("publicIp") {
		address, err := publicAddress(c, "")
		if err != nil {
			return err
		}
		c.Out.Set("publicIp", address)
	}
	keep(c, "publicIp", func() any { return c.Out.Str("publicIp") })
	defaults(c, inventory.Props{
		"allocationId":       c.ID,
		"arn":                regional(c, "ec2", "elastic-ip/"+c.ID),
		"domain":             "vpc",
		"networkBorderGroup": c.Region(),
		"publicIpv4Pool":     "amazon",
		"publicDns":          publicName(c, c.Out.Str("publicIp")),
	})
	return nil
}

// refreshElasticIP shows the interface that uses the address. Terraform read the
// address before a NAT gateway took it, so the first refresh finds more.
func refreshElasticIP(c *emulator.Call) error {
	for _, nat := range where(c, awstype.NatGateway, "allocationId", c.ID) {
		c.Out.Set("associationId", nat.Value("associationId"))
		c.Out.Set("networkInterface", nat.Value("networkInterfaceId"))
		c.Out.Set("privateIp", nat.Value("privateIp"))
		c.Out.Set("privateDns", privateName(c, nat.Value("privateIp")))
	}
	return nil
}

func publicName(c *emulator.Call, address string) string {
	domain := c.Region() + ".compute"
	if c.Region() == "us-east-1" {
		domain = "compute-1"
	}
	return "ec2-" + strings.ReplaceAll(address, ".", "-") + "." + domain + ".amazonaws.com"
}

func privateName(c *emulator.Call, address string) string {
	domain := c.Region() + ".compute.internal"
	if c.Region() == "us-east-1" {
		domain = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(address, ".", "-") + "." + domain
}

func natGateway() *emulator.Kind {
	const source = "ec2/vpc_nat_gateway.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.NatGateway,
		Words: words("EC2", "EC2 NAT Gateway", "CreateNatGateway", "AssociateNatGatewayAddress", "DeleteNatGateway", "DescribeNatGateways"),
		NewID: opaque("nat"),
		Refs: []emulator.Ref{
			refersTo("subnetId", "InvalidSubnetID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Subnet),
			refersTo("allocationId", "InvalidAllocationID.NotFound", "InvalidIPAddress.InUse",
				moto("ec2/exceptions.py"), awstype.Eip),
		},
		Replace: forceNew(source, "allocationId", "connectivityType", "privateIp", "secondaryPrivateIpAddressCount", "subnetId"),
		Rules: []emulator.Rule{
			oneOf("VPC-10", "connectivityType", terraform(source), "public", "private"),
			provider("VPC-11", "allocationId", terraform(source), privateWithAddress),
			refuse("VPC-10", "MissingParameter", emulator.OpCreate, model("ec2"), publicWithoutAddress),
			fails("VPC-10", "Gateway.NotAttached", emulator.OpCreate, model("ec2")+" NatGateway.FailureCode", natWithoutGateway),
			fails("VPC-10", "Resource.AlreadyAssociated", emulator.OpCreate, model("ec2")+" NatGateway.FailureCode", natAddressTaken),
		},
		Fill: fillNatGateway,
	})
}

func isPrivateNat(c *emulator.Call) bool { return c.In.Str("connectivityType") == "private" }

func privateWithAddress(c *emulator.Call) string {
	if isPrivateNat(c) && c.In.Has("allocationId") {
		return `allocation_id is not supported with connectivity_type = "private"`
	}
	return ""
}

func publicWithoutAddress(c *emulator.Call) string {
	if isPrivateNat(c) || c.In.Has("allocationId") {
		return ""
	}
	return "The request must include the AllocationId parameter. Add the required parameter and retry the request."
}

func natWithoutGateway(c *emulator.Call) string {
	vpc := vpcOf(c, c.In.Str("subnetId"))
	if isPrivateNat(c) || attachedInternetGateway(c, vpc) != "" {
		return ""
	}
	return fmt.Sprintf("Network %s has no Internet gateway attached", vpc)
}

func natAddressTaken(c *emulator.Call) string {
	allocation := c.In.Str("allocationId")
	if allocation == "" || len(where(c, awstype.NatGateway, "allocationId", allocation)) == 0 {
		return ""
	}
	return fmt.Sprintf("Elastic IP address [%s] is already associated", allocation)
}

func fillNatGateway(c *emulator.Call) error {
	enis, err := settleENIs(c, []eni{{c.In.Str("subnetId"), c.In.Str("privateIp")}})
	if err != nil {
		return err
	}
	defaults(c, inventory.Props{
		"connectivityType":   "public",
		"networkInterfaceId": opaqueOf(c, "eni", "nat"),
		"privateIp":          enis[0].address,
	})
	if !isPrivateNat(c) {
		c.Out.Set("publicIp", valueOf(c, awstype.Eip, c.In.Str("allocationId"), "publicIp"))
		c.Out.Set("associationId", opaqueOf(c, "eipassoc", "nat"))
	}
	return nil
}
