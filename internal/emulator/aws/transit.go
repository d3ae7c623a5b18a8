package aws

import (
	"fmt"
	"slices"

	"burrow/internal/emulator"
)

// transitKinds are transit gateways and what hangs on them.
func transitKinds() []*emulator.Kind {
	return []*emulator.Kind{
		transitGateway(), transitAttachment(), transitTable(), transitRoute(),
		transitLink(typeTransitAssociation, "ec2/transitgateway_route_table_association.go"),
		transitLink(typeTransitPropagation, "ec2/transitgateway_route_table_propagation.go"),
	}
}

const sourceTransit = "ec2/transitgateway_.go"

func transitGateway() *emulator.Kind {
	rules := []emulator.Rule{provider("AWV-38", "amazonSideAsn", terraform(sourceTransit), amazonASN)}
	for _, option := range []string{
		"autoAcceptSharedAttachments", "defaultRouteTableAssociation", "defaultRouteTablePropagation", "dnsSupport",
		"multicastSupport", "vpnEcmpSupport",
	} {
		rules = append(rules, oneOf("AWV-38", option, terraform(sourceTransit), "enable", "disable"))
	}
	return tagged(ec2Tags, &emulator.Kind{
		Type:    typeTransitGateway,
		NewID:   opaque("tgw"),
		Replace: forceNew(sourceTransit, "amazonSideAsn", "multicastSupport"),
		Rules:   rules,
		Fill: func(c *emulator.Call) error {
			table := opaqueOf(c, "tgw-rtb", "default")
			defaults(c, emulator.Props{
				"arn": regional(c, "ec2", "transit-gateway/"+c.ID), "ownerId": c.Account().AWSAccount, "amazonSideAsn": 64512,
				"associationDefaultRouteTableId": table, "propagationDefaultRouteTableId": table,
				"autoAcceptSharedAttachments": "disable", "defaultRouteTableAssociation": "enable",
				"defaultRouteTablePropagation": "enable", "dnsSupport": "enable", "multicastSupport": "disable",
				"securityGroupReferencingSupport": "disable", "vpnEcmpSupport": "enable",
			})
			return nil
		},
		Made: func(c *emulator.Call) error {
			id := c.Out.Str("associationDefaultRouteTableId")
			made(c, typeTransitTable, id, emulator.Props{
				"arn": regional(c, "ec2", "transit-gateway-route-table/"+id), "transitGatewayId": c.ID,
				"defaultAssociationRouteTable": true, "defaultPropagationRouteTable": true,
			})
			return nil
		},
		Gone: func(c *emulator.Call) error {
			unmake(c, typeTransitTable)
			return nil
		},
	})
}

func transitAttachment() *emulator.Kind {
	const source = "ec2/transitgateway_vpc_attachment.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  typeTransitAttachment,
		NewID: opaque("tgw-attach"),
		Refs: []emulator.Ref{
			refersTo("transitGatewayId", "InvalidTransitGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), typeTransitGateway),
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), typeVpc),
			refersTo("subnetIds[*]", "InvalidSubnetID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), typeSubnet),
		},
		Replace: forceNew(source, "transitGatewayId", "vpcId"),
		Rules: []emulator.Rule{
			refuse("AWV-38", "DuplicateTransitGatewayAttachment", emulator.OpCreate, moto("ec2/exceptions.py"), attachedTwice),
			refuse("AWV-38", "DuplicateSubnetsInSameZone", emulator.OpWrite, model("ec2")+" CreateTransitGatewayVpcAttachment", attachmentZones),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, emulator.Props{
				"arn":         regional(c, "ec2", "transit-gateway-attachment/"+c.ID),
				"vpcOwnerId":  c.Account().AWSAccount,
				"dnsSupport":  "enable",
				"ipv6Support": "disable", "applianceModeSupport": "disable", "securityGroupReferencingSupport": "disable",
				"transitGatewayDefaultRouteTableAssociation": true, "transitGatewayDefaultRouteTablePropagation": true,
			})
			return nil
		},
	})
}

func attachedTwice(c *emulator.Call) string {
	gateway := c.In.Str("transitGatewayId")
	twice := slices.ContainsFunc(where(c, typeTransitAttachment, "vpcId", c.In.Str("vpcId")), func(o *emulator.Object) bool {
		return o.Value("transitGatewayId") == gateway
	})
	if !twice {
		return ""
	}
	return fmt.Sprintf("%s has non-deleted Transit Gateway Attachments with same VPC ID.", gateway)
}

func attachmentZones(c *emulator.Call) string {
	var zones []string
	for _, id := range c.In.Strings("subnetIds") {
		zone := zoneOf(c, id)
		if slices.Contains(zones, zone) {
			return "Duplicate Subnets for same AZ"
		}
		zones = append(zones, zone)
	}
	return ""
}

func transitTable() *emulator.Kind {
	const source = "ec2/transitgateway_route_table.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  typeTransitTable,
		NewID: opaque("tgw-rtb"),
		Refs: []emulator.Ref{
			refersTo("transitGatewayId", "InvalidTransitGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), typeTransitGateway),
		},
		Replace: forceNew(source, "transitGatewayId"),
		Fill: func(c *emulator.Call) error {
			defaults(c, emulator.Props{
				"arn":                          regional(c, "ec2", "transit-gateway-route-table/"+c.ID),
				"defaultAssociationRouteTable": false, "defaultPropagationRouteTable": false,
			})
			return nil
		},
	})
}

func transitRoute() *emulator.Kind {
	const source = "ec2/transitgateway_route.go"
	return &emulator.Kind{
		Type:  typeTransitRoute,
		NewID: joined("_", "transitGatewayRouteTableId", "destinationCidrBlock"),
		Refs: []emulator.Ref{
			refersTo("transitGatewayRouteTableId", "InvalidRouteTableID.NotFound", "", moto("ec2/exceptions.py"), typeTransitTable),
		},
		Replace: forceNew(source, "blackhole", "destinationCidrBlock", "transitGatewayAttachmentId", "transitGatewayRouteTableId"),
		Rules: []emulator.Rule{
			canonicalRange("AWV-38", "destinationCidrBlock", terraform(source)),
			refuse("AWV-38", "InvalidTransitGatewayAttachmentID.NotFound", emulator.OpCreate, model("ec2"), attachmentMissing),
			refuse("AWV-38", "RouteAlreadyExists", emulator.OpCreate, model("ec2"), transitRouteTwice),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, emulator.Props{"blackhole": false})
			return nil
		},
	}
}

func transitRouteTwice(c *emulator.Call) string {
	for _, o := range where(c, typeTransitRoute, "transitGatewayRouteTableId", c.In.Str("transitGatewayRouteTableId")) {
		if o.Value("destinationCidrBlock") == c.In.Str("destinationCidrBlock") {
			return fmt.Sprintf("Route %s already exists in Transit Gateway Route Table %s.",
				c.In.Str("destinationCidrBlock"), c.In.Str("transitGatewayRouteTableId"))
		}
	}
	return ""
}

// attachmentMissing knows the attachments of VPCs, and those that VPN
// connections make for themselves.
func attachmentMissing(c *emulator.Call) string {
	id := c.In.Str("transitGatewayAttachmentId")
	if id == "" || c.Tx.Get(typeTransitAttachment, id) != nil ||
		c.Tx.Find(typeVpnConnection, "transitGatewayAttachmentId", id) != nil {
		return ""
	}
	return fmt.Sprintf("Transit Gateway Attachment %s was deleted or does not exist.", id)
}

// transitLink associates an attachment with a table, or propagates its routes.
func transitLink(typ, source string) *emulator.Kind {
	return &emulator.Kind{
		Type:  typ,
		NewID: joined("_", "transitGatewayRouteTableId", "transitGatewayAttachmentId"),
		Refs: []emulator.Ref{
			refersTo("transitGatewayRouteTableId", "InvalidRouteTableID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), typeTransitTable),
		},
		Replace: forceNew(source, "transitGatewayAttachmentId", "transitGatewayRouteTableId"),
		Rules: []emulator.Rule{
			refuse("AWV-38", "InvalidTransitGatewayAttachmentID.NotFound", emulator.OpCreate, model("ec2"), attachmentMissing),
		},
		Fill: func(c *emulator.Call) error {
			id := c.In.Str("transitGatewayAttachmentId")
			kind, resource := "vpc", valueOf(c, typeTransitAttachment, id, "vpcId")
			if vpn := c.Tx.Find(typeVpnConnection, "transitGatewayAttachmentId", id); vpn != nil {
				kind, resource = "vpn", vpn.ID
			}
			defaults(c, emulator.Props{"resourceId": resource, "resourceType": kind})
			return nil
		},
	}
}
