package aws

import (
	"fmt"
	"net/netip"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// Sizes of a VPC's and a subnet's IPv4 range.
const (
	widestRange   = 16
	narrowestPart = 28
)

const sourceVpc = "ec2/vpc_.go"

func vpcKinds() []*emulator.Kind {
	return append(dhcpKinds(), vpc(), subnet(), reservation())
}

func vpc() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:    awstype.Vpc,
		Words:   words("EC2", "EC2 VPC", "CreateVpc", "ModifyVpcAttribute", "DeleteVpc", "DescribeVpcs"),
		NewID:   opaque("vpc"),
		Replace: forceNew(sourceVpc, "cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"),
		Rules: []emulator.Rule{
			provider("VPC-01", "cidrBlock", terraform(sourceVpc), vpcRange),
			oneOf("VPC-01", "instanceTenancy", terraform(sourceVpc), "default", "dedicated"),
			refuse("VPC-01", "MissingParameter", emulator.OpCreate, model("ec2"), vpcWithoutRange),
			refuse("VPC-07", "InvalidParameterValue", emulator.OpWrite,
				model("ec2")+" ModifyVpcAttribute (code unverified)", hostnamesWithoutSupport),
		},
		Fill: fillVpc,
		Made: madeWithVpc,
		Gone: func(c *emulator.Call) error {
			unmake(c, awstype.SecurityGroup, awstype.NetworkAcl, awstype.RouteTable)
			removeIf(c, func(o *inventory.Object) bool { return o.Value("vpcId") == c.ID }, awstype.VpcDhcpOptionsAssociation)
			return nil
		},
	})
}

// vpcRange is the provider's own check. EC2 itself would clear host bits without
// a word and the canonical range would be a difference ever after.
func vpcRange(c *emulator.Call) string {
	s := c.In.Str("cidrBlock")
	if broken := cidrWords("cidrBlock", s); s == "" || broken != "" {
		return broken
	}
	if p, ok := ipv4Range(s); !ok || p.Bits() < widestRange || p.Bits() > narrowestPart {
		return fmt.Sprintf("expected cidrBlock to contain a network Value with between %d and %d significant bits, got: %s",
			widestRange, narrowestPart, s)
	}
	return ""
}

func vpcWithoutRange(c *emulator.Call) string {
	if len(present(c.In, []string{"cidrBlock", "ipv4IpamPoolId"})) > 0 {
		return ""
	}
	return "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided."
}

func hostnamesWithoutSupport(c *emulator.Call) string {
	if c.In.Bool("enableDnsHostnames") && c.In.Has("enableDnsSupport") && !c.In.Bool("enableDnsSupport") {
		return "enableDnsHostnames cannot be set while enableDnsSupport is false."
	}
	return ""
}

func fillVpc(c *emulator.Call) error {
	table := opaqueOf(c, "rtb", "main")
	keep(c, "dhcpOptionsId", func() any { return regionDhcpOptions(c) })
	defaults(c, inventory.Props{
		"arn":                              regional(c, "ec2", "vpc/"+c.ID),
		"ownerId":                          c.Account().AWSAccount,
		"mainRouteTableId":                 table,
		"defaultRouteTableId":              table,
		"defaultSecurityGroupId":           opaqueOf(c, "sg", "default"),
		"defaultNetworkAclId":              opaqueOf(c, "acl", "default"),
		"enableDnsSupport":                 true,
		"enableDnsHostnames":               false,
		"enableNetworkAddressUsageMetrics": false,
		"instanceTenancy":                  "default",
		"assignGeneratedIpv6CidrBlock":     false,
	})
	return nil
}

// madeWithVpc makes the three things that every VPC comes with.
func madeWithVpc(c *emulator.Call) error {
	owner := c.Account().AWSAccount
	made(c, awstype.RouteTable, c.Out.Str("mainRouteTableId"), inventory.Props{
		"vpcId": c.ID, "ownerId": owner, "main": true,
		"arn": regional(c, "ec2", "route-table/"+c.Out.Str("mainRouteTableId")),
	})
	made(c, awstype.NetworkAcl, c.Out.Str("defaultNetworkAclId"), inventory.Props{
		"vpcId": c.ID, "ownerId": owner, "default": true,
		"arn": regional(c, "ec2", "network-acl/"+c.Out.Str("defaultNetworkAclId")),
	})
	made(c, awstype.SecurityGroup, c.Out.Str("defaultSecurityGroupId"), inventory.Props{
		"vpcId": c.ID, "ownerId": owner, "name": "default", "description": "default VPC security group",
		"arn":     regional(c, "ec2", "security-group/"+c.Out.Str("defaultSecurityGroupId")),
		"ingress": []any{map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "self": true}},
		"egress":  []any{openEgress()},
	})
	return nil
}

// openEgress is the rule that EC2 gives every new group: everything, anywhere.
func openEgress() map[string]any {
	return map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlocks": []any{"0.0.0.0/0"}}
}

const sourceSubnet = "ec2/vpc_subnet.go"

func subnet() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.Subnet,
		Words: words("EC2", "EC2 Subnet", "CreateSubnet", "ModifySubnetAttribute", "DeleteSubnet", "DescribeSubnets"),
		NewID: opaque("subnet"),
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc),
		},
		Replace: forceNew(sourceSubnet, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId",
			"outpostArn", "ipv6Native"),
		Rules: []emulator.Rule{
			canonicalRange("VPC-04", "cidrBlock", terraform(sourceSubnet)),
			atMostOne("VPC-05", terraform(sourceSubnet), "availabilityZone", "availabilityZoneId"),
			refuse("VPC-05", "InvalidParameterValue", emulator.OpCreate, moto("ec2/exceptions.py"), subnetZone),
			refuse("VPC-04", "InvalidSubnet.Range", emulator.OpCreate, moto("ec2/exceptions.py"), subnetOutside),
			refuse("VPC-04", "InvalidSubnet.Conflict", emulator.OpCreate, moto("ec2/exceptions.py"), subnetOverlap),
		},
		Fill: fillSubnet,
	})
}

func subnetZone(c *emulator.Call) string {
	zone, id := c.In.Str("availabilityZone"), c.In.Str("availabilityZoneId")
	switch {
	case id != "" && zoneNamed(c.Region(), id) == "":
		zone = id
	case zone == "" || zoneID(c.Region(), zone) != "":
		return ""
	}
	return fmt.Sprintf("Value (%s) for parameter availabilityZone is invalid. "+
		"Subnets can currently only be created in the following availability zones: %v.", zone, zonesOf(c.Region()))
}

func subnetOutside(c *emulator.Call) string {
	p, ok := ipv4Range(c.In.Str("cidrBlock"))
	whole, known := ipv4Range(valueOf(c, awstype.Vpc, c.In.Str("vpcId"), "cidrBlock"))
	if ok && p.Bits() >= widestRange && p.Bits() <= narrowestPart && (!known || contains(whole, p)) {
		return ""
	}
	return fmt.Sprintf("The CIDR '%s' is invalid.", c.In.Str("cidrBlock"))
}

func subnetOverlap(c *emulator.Call) string {
	p, _ := ipv4Range(c.In.Str("cidrBlock"))
	for _, o := range where(c, awstype.Subnet, "vpcId", c.In.Str("vpcId")) {
		if q, ok := ipv4Range(o.Value("cidrBlock")); ok && q.Overlaps(p) {
			return fmt.Sprintf("The CIDR '%s' conflicts with another subnet", p)
		}
	}
	return ""
}

func fillSubnet(c *emulator.Call) error {
	zone := c.In.Str("availabilityZone")
	if id := c.In.Str("availabilityZoneId"); id != "" {
		zone = zoneNamed(c.Region(), id)
	}
	if zone == "" {
		zone = zonesOf(c.Region())[spread(c, "zone")%len(zonesOf(c.Region()))]
	}
	defaults(c, inventory.Props{
		"arn":                                  regional(c, "ec2", "subnet/"+c.ID),
		"ownerId":                              c.Account().AWSAccount,
		"availabilityZone":                     zone,
		"availabilityZoneId":                   zoneID(c.Region(), zone),
		"assignIpv6AddressOnCreation":          false,
		"enableDns64":                          false,
		"enableResourceNameDnsARecordOnLaunch": false,
		"enableResourceNameDnsAaaaRecordOnLaunch": false,
		"ipv6Native":                     false,
		"mapPublicIpOnLaunch":            false,
		"privateDnsHostnameTypeOnLaunch": "ip-name",
	})
	return nil
}

const sourceReservation = "ec2/vpc_subnet_cidr_reservation.go"

// reservation keeps a part of a subnet from automatic assignment. It has no tags
// and cannot be changed.
func reservation() *emulator.Kind {
	return &emulator.Kind{
		Type:  awstype.SubnetCidrReservation,
		Words: words("EC2", "EC2 Subnet CIDR Reservation", "CreateSubnetCidrReservation", "CreateTags", "DeleteSubnetCidrReservation", "GetSubnetCidrReservations"),
		NewID: opaque("scr"),
		Refs: []emulator.Ref{
			refersTo("subnetId", "InvalidSubnetID.NotFound", "", moto("ec2/exceptions.py"), awstype.Subnet),
		},
		Replace: forceNew(sourceReservation, "subnetId", "cidrBlock", "reservationType", "description"),
		Rules: []emulator.Rule{
			canonicalRange("VPC-04", "cidrBlock", terraform(sourceReservation)),
			oneOf("VPC-04", "reservationType", terraform(sourceReservation), "explicit", "prefix"),
			refuse("VPC-04", "InvalidParameterValue", emulator.OpCreate, moto("ec2/exceptions.py"), reservedOutside),
			refuse("VPC-04", "InvalidParameterValue", emulator.OpCreate, moto("ec2/exceptions.py"), reservedTwice),
		},
		Fill: func(c *emulator.Call) error {
			c.Out.Set("ownerId", c.Account().AWSAccount)
			return nil
		},
	}
}

func reservedOutside(c *emulator.Call) string {
	whole, _ := ipv4Range(valueOf(c, awstype.Subnet, c.In.Str("subnetId"), "cidrBlock"))
	if p, ok := ipv4Range(c.In.Str("cidrBlock")); ok && contains(whole, p) {
		return ""
	}
	return fmt.Sprintf("Reservation CIDR should be within subnet CIDR block (%s)", whole)
}

func reservedTwice(c *emulator.Call) string {
	p, _ := ipv4Range(c.In.Str("cidrBlock"))
	for _, r := range reservations(c, c.In.Str("subnetId"), "") {
		if r.Overlaps(p) {
			return fmt.Sprintf("Reservation CIDR %s has overlap with existing reserved CIDR block", p)
		}
	}
	return ""
}

// vpcOf is the VPC of a subnet, by id.
func vpcOf(c *emulator.Call, subnet string) string {
	return valueOf(c, awstype.Subnet, subnet, "vpcId")
}

// vpcBlock is the range of a VPC, by id.
func vpcBlock(c *emulator.Call, vpc string) (netip.Prefix, bool) {
	return ipv4Range(valueOf(c, awstype.Vpc, vpc, "cidrBlock"))
}
