package aws

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// vpnKinds are the gateways of Site-to-Site VPN; connections are in vpnconnection.go.
func vpnKinds() []*emulator.Kind {
	return []*emulator.Kind{
		vpnGateway(), vpnAttachment(), vpnPropagation(), customerGateway(), vpnConnection(), vpnConnectionRoute(),
	}
}

const (
	sourceVpnGateway = "ec2/vpnsite_gateway.go"
	defaultAmazonASN = "64512"
)

func vpnGateway() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.VpnGateway,
		Words: words("EC2", "EC2 VPN Gateway", "CreateVpnGateway", "AttachVpnGateway", "DeleteVpnGateway", "DescribeVpnGateways"),
		NewID: opaque("vgw"),
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc),
		},
		Replace: forceNew(sourceVpnGateway, "amazonSideAsn", "availabilityZone"),
		Rules: []emulator.Rule{
			provider("AWV-04", "amazonSideAsn", terraform(sourceVpnGateway), amazonASN),
			refuse("AWV-06", "VpnGatewayAttachmentLimitExceeded", emulator.OpWrite,
				"awsdocs/aws-site-to-site-vpn-user-guide vpn-limits.md (code from memory)", secondVpnGateway),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": regional(c, "ec2", "vpn-gateway/"+c.ID), "amazonSideAsn": defaultAmazonASN,
			})
			return nil
		},
	})
}

// amazonASN is the range of private ASNs that AWS may have.
func amazonASN(c *emulator.Call) string {
	v, given := c.In.Get("amazonSideAsn")
	text := fmt.Sprint(v)
	if number, ok := v.(float64); ok { // a transit gateway's is a number
		text = strconv.FormatFloat(number, 'f', -1, 64)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if !given || !c.In.Known("amazonSideAsn") || err == nil && (n >= 64512 && n <= 65534 || n >= 4200000000 && n <= 4294967294) {
		return ""
	}
	return fmt.Sprintf("%q (%s) must be in the range 64512 to 65534 or 4200000000 to 4294967294", "amazonSideAsn", text)
}

// attachedVpnGateway is the virtual private gateway of a VPC, "" when it has none.
func attachedVpnGateway(c *emulator.Call, vpc string) string {
	for _, o := range others(c, awstype.VpnGateway) {
		if o.Value("vpcId") == vpc {
			return o.ID
		}
	}
	for _, o := range others(c, awstype.VpnGatewayAttachment) {
		if o.Value("vpcId") == vpc {
			return o.Value("vpnGatewayId")
		}
	}
	return ""
}

func secondVpnGateway(c *emulator.Call) string {
	vpc := c.In.Str("vpcId")
	if vpc == "" || attachedVpnGateway(c, vpc) == "" {
		return ""
	}
	return fmt.Sprintf("The maximum number of virtual private gateway attachments to vpc %s has been reached.", vpc)
}

func vpnAttachment() *emulator.Kind {
	const source = "ec2/vpnsite_gateway_attachment.go"
	return &emulator.Kind{
		Type:  awstype.VpnGatewayAttachment,
		Words: words("EC2", "EC2 VPN Gateway Attachment", "AttachVpnGateway", "AttachVpnGateway", "DetachVpnGateway", "DescribeVpnGateways"),
		NewID: func(c *emulator.Call) (string, error) {
			return fmt.Sprintf("vpn-attachment-%x", hashCode(c.In.Str("vpnGatewayId")+"-"+c.In.Str("vpcId"))), nil
		},
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc),
			refersTo("vpnGatewayId", "InvalidVpnGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), awstype.VpnGateway),
		},
		Replace: forceNew(source, "vpcId", "vpnGatewayId"),
		Rules: []emulator.Rule{
			refuse("AWV-06", "VpnGatewayAttachmentLimitExceeded", emulator.OpCreate,
				"awsdocs/aws-site-to-site-vpn-user-guide vpn-limits.md (code from memory)", secondVpnGateway),
			refuse("AWV-06", "IncorrectState", emulator.OpCreate, model("ec2")+" AttachVpnGateway (code unverified)", attachedElsewhere),
		},
	}
}

// attachedElsewhere: a gateway serves one VPC at a time.
func attachedElsewhere(c *emulator.Call) string {
	gateway := c.In.Str("vpnGatewayId")
	if len(where(c, awstype.VpnGatewayAttachment, "vpnGatewayId", gateway)) == 0 && valueOf(c, awstype.VpnGateway, gateway, "vpcId") == "" {
		return ""
	}
	return fmt.Sprintf("The vpnGateway '%s' is attached to another VPC.", gateway)
}

func vpnPropagation() *emulator.Kind {
	const source = "ec2/vpnsite_gateway_route_propagation.go"
	return &emulator.Kind{
		Type:  awstype.VpnGatewayRoutePropagation,
		Words: words("EC2", "EC2 VPN Gateway Route Propagation", "EnableVgwRoutePropagation", "EnableVgwRoutePropagation", "DisableVgwRoutePropagation", "DescribeRouteTables"),
		NewID: joined("_", "vpnGatewayId", "routeTableId"),
		Refs: []emulator.Ref{
			refersTo("routeTableId", "InvalidRouteTableID.NotFound", "", moto("ec2/exceptions.py"), awstype.RouteTable),
			refersTo("vpnGatewayId", "InvalidVpnGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), awstype.VpnGateway),
		},
		Replace: forceNew(source, "routeTableId", "vpnGatewayId"),
		Rules: []emulator.Rule{
			refuse("AWV-07", "Gateway.NotAttached", emulator.OpCreate, moto("ec2/exceptions.py"), func(c *emulator.Call) string {
				return unattachedVpn(c, valueOf(c, awstype.RouteTable, c.In.Str("routeTableId"), "vpcId"), c.In.Str("vpnGatewayId"))
			}),
		},
	}
}

func unattachedVpn(c *emulator.Call, vpc, gateway string) string {
	if attachedVpnGateway(c, vpc) == gateway {
		return ""
	}
	return fmt.Sprintf("Virtual private gateway %s is not attached to a VPC %s.", gateway, vpc)
}

func inlinePropagation(c *emulator.Call) string {
	for _, gateway := range c.In.Strings("propagatingVgws") {
		if broken := unattachedVpn(c, c.In.Str("vpcId"), gateway); broken != "" {
			return broken
		}
	}
	return ""
}

const sourceCustomer = "ec2/vpnsite_customer_gateway.go"

var asnText = regexp.MustCompile(`^[0-9]+$`)

// customerGateway is AWS's picture of the peer. Asked twice for the same peer,
// AWS returns the gateway that it has (AWV-03): two resources then share an id.
func customerGateway() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:     awstype.CustomerGateway,
		Words:    words("EC2", "EC2 Customer Gateway", "CreateCustomerGateway", "CreateTags", "DeleteCustomerGateway", "DescribeCustomerGateways"),
		NewID:    opaque("cgw"),
		Existing: sameCustomerGateway,
		Replace:  forceNew(sourceCustomer, "bgpAsn", "bgpAsnExtended", "certificateArn", "deviceName", "ipAddress", "type"),
		Rules: []emulator.Rule{
			oneOf("AWV-13", "type", terraform(sourceCustomer), "ipsec.1"),
			provider("AWV-01", "bgpAsn", terraform(sourceCustomer), customerASN),
			provider("AWV-02", "ipAddress", terraform(sourceCustomer), customerAddress),
			refuse("AWV-01", "InvalidParameterValue", emulator.OpCreate, model("ec2")+" CreateCustomerGateway", wideASN),
			refuse("AWV-02", "MissingParameter", emulator.OpCreate, model("ec2")+" CreateCustomerGateway", unreachableCustomer),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"arn": regional(c, "ec2", "customer-gateway/"+c.ID)})
			if !c.In.Has("bgpAsn") && !c.In.Has("bgpAsnExtended") {
				c.Out.Set("bgpAsn", "65000")
			}
			return nil
		},
	})
}

// customerKey is what AWS knows a customer gateway by.
func customerKey(in inventory.Props) []string {
	var key []string
	for _, p := range []string{"type", "ipAddress", "bgpAsn", "bgpAsnExtended", "deviceName", "certificateArn"} {
		key = append(key, in.Str(p))
	}
	return key
}

func sameCustomerGateway(c *emulator.Call) *inventory.Object {
	mine := customerKey(c.In)
	for _, o := range others(c, awstype.CustomerGateway) {
		if slices.Equal(customerKey(o.In), mine) {
			return o
		}
	}
	return nil
}

func customerASN(c *emulator.Call) string {
	s := c.In.Str("bgpAsn")
	if n, err := strconv.ParseUint(s, 10, 64); s == "" || asnText.MatchString(s) && err == nil && n >= 1 && n <= 4294967295 {
		return ""
	}
	return fmt.Sprintf("%q (%s) must be a 4-byte ASN, 1 to 4294967295", "bgpAsn", s)
}

// wideASN: what does not fit 31 bits belongs into the extended field.
func wideASN(c *emulator.Call) string {
	n, err := strconv.ParseUint(c.In.Str("bgpAsn"), 10, 64)
	if err != nil || n <= 2147483647 {
		return ""
	}
	return fmt.Sprintf("Value (%d) for parameter bgpAsn is invalid. Use bgpAsnExtended.", n)
}

func customerAddress(c *emulator.Call) string {
	s := c.In.Str("ipAddress")
	if a, err := netip.ParseAddr(s); s == "" || err == nil && a.Is4() {
		return ""
	}
	return fmt.Sprintf("expected ipAddress to contain a valid IPv4 address, got: %s", s)
}

func unreachableCustomer(c *emulator.Call) string {
	if c.In.Has("ipAddress") || c.In.Has("certificateArn") {
		return ""
	}
	return "The request must contain the parameter ipAddress or certificateArn"
}

func vpnConnectionRoute() *emulator.Kind {
	const source = "ec2/vpnsite_connection_route.go"
	return &emulator.Kind{
		Type:  awstype.VpnConnectionRoute,
		Words: words("EC2", "EC2 VPN Connection Route", "CreateVpnConnectionRoute", "CreateVpnConnectionRoute", "DeleteVpnConnectionRoute", "DescribeVpnConnections"),
		NewID: joined(":", "destinationCidrBlock", "vpnConnectionId"),
		Refs: []emulator.Ref{
			refersTo("vpnConnectionId", "InvalidVpnConnectionID.NotFound", "", moto("ec2/exceptions.py"), awstype.VpnConnection),
		},
		Replace: forceNew(source, "destinationCidrBlock", "vpnConnectionId"),
		Rules: []emulator.Rule{
			refuse("AWV-27", "InvalidParameterValue", emulator.OpCreate, model("ec2")+" (code unverified)", routeRange),
			refuse("AWV-27", "InvalidParameterCombination", emulator.OpCreate,
				"awsdocs/aws-site-to-site-vpn-user-guide your-cgw.md (code unverified)", routeOnBGP),
			refuse("AWV-27", "InvalidParameterCombination", emulator.OpCreate,
				model("ec2")+" CreateVpnConnectionRoute (code unverified)", routeOnTransit),
			refuse("AWV-27", "InvalidParameterValue", emulator.OpCreate,
				model("ec2")+" CreateVpnConnectionRoute (code unverified)", connectionRouteTwice),
		},
	}
}

func routeOnBGP(c *emulator.Call) string {
	connection := c.Tx.Get(awstype.VpnConnection, c.In.Str("vpnConnectionId"))
	if connection == nil || connection.Out.Bool("staticRoutesOnly") {
		return ""
	}
	return fmt.Sprintf("The vpnConnection '%s' uses dynamic routing; static routes cannot be added.", connection.ID)
}

// routeRange: the provider checks nothing here.
func routeRange(c *emulator.Call) string {
	s := c.In.Str("destinationCidrBlock")
	if p, ok := ipv4Range(s); ok && p.Masked() == p {
		return ""
	}
	return fmt.Sprintf("Value (%s) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", s)
}

// routeOnTransit: the static routes of a transit gateway's connection stand in the
// gateway's route tables.
func routeOnTransit(c *emulator.Call) string {
	id := c.In.Str("vpnConnectionId")
	if valueOf(c, awstype.VpnConnection, id, "transitGatewayId") == "" {
		return ""
	}
	return fmt.Sprintf("The vpnConnection '%s' is attached to a transit gateway; add the route to a transit gateway route table.", id)
}

func connectionRouteTwice(c *emulator.Call) string {
	for _, o := range where(c, awstype.VpnConnectionRoute, "vpnConnectionId", c.In.Str("vpnConnectionId")) {
		if o.Value("destinationCidrBlock") == c.In.Str("destinationCidrBlock") {
			return fmt.Sprintf("The route %s already exists on the vpnConnection '%s'.",
				c.In.Str("destinationCidrBlock"), c.In.Str("vpnConnectionId"))
		}
	}
	return ""
}
