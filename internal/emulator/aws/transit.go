package aws

import (
	"fmt"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// transitKinds are transit gateways and what hangs on them.
func transitKinds() []*emulator.Kind {
	return []*emulator.Kind{
		transitGateway(), transitAttachment(), transitTable(), transitRoute(), transitAssociation(), transitPropagation(),
	}
}

const (
	sourceTransit     = "ec2/transitgateway_.go"
	sourceTransitVpc  = "ec2/transitgateway_vpc_attachment.go"
	sourceAssociation = "ec2/transitgateway_route_table_association.go"
	enabled           = "enable"
)

func transitGateway() *emulator.Kind {
	rules := []emulator.Rule{provider("AWV-38", "amazonSideAsn", terraform(sourceTransit), amazonASN)}
	for _, option := range []string{
		"autoAcceptSharedAttachments", "defaultRouteTableAssociation", "defaultRouteTablePropagation", "dnsSupport",
		"multicastSupport", "vpnEcmpSupport",
	} {
		rules = append(rules, oneOf("AWV-38", option, terraform(sourceTransit), enabled, "disable"))
	}
	replace := forceNew(sourceTransit, "amazonSideAsn", "multicastSupport")
	for _, option := range []string{"defaultRouteTableAssociation", "defaultRouteTablePropagation"} {
		replace = append(replace, emulator.Replace{Path: option, Source: terraform(sourceTransit), When: func(c *emulator.Call) bool {
			return c.OldIn.Str(option) == "disable" && c.In.StrOr(option, enabled) == enabled && c.In.Known(option)
		}})
	}
	return tagged(ec2Tags, &emulator.Kind{
		Type:    awstype.TransitGateway,
		Words:   words("EC2", "EC2 Transit Gateway", "CreateTransitGateway", "ModifyTransitGateway", "DeleteTransitGateway", "DescribeTransitGateways"),
		NewID:   opaque("tgw"),
		Replace: replace,
		Rules:   rules,
		Fill:    fillTransitGateway,
		Made: func(c *emulator.Call) error {
			associates, propagates := hasDefault(c.Out, "Association"), hasDefault(c.Out, "Propagation")
			if !associates && !propagates {
				return nil
			}
			id := defaultTransitTable(c)
			made(c, awstype.TransitRouteTable, id, inventory.Props{
				"arn": regional(c, "ec2", "transit-gateway-route-table/"+id), "transitGatewayId": c.ID,
				"defaultAssociationRouteTable": associates, "defaultPropagationRouteTable": propagates,
			})
			return nil
		},
		Gone: func(c *emulator.Call) error {
			unmake(c, awstype.TransitRouteTable)
			return nil
		},
	})
}

func defaultTransitTable(c *emulator.Call) string { return opaqueOf(c, "tgw-rtb", "default") }

// hasDefault reports whether a gateway associates new attachments with its default
// table, or propagates their routes into it; which is Association or Propagation.
func hasDefault(gateway inventory.Props, which string) bool {
	return gateway.StrOr("defaultRouteTable"+which, enabled) == enabled
}

func fillTransitGateway(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn": regional(c, "ec2", "transit-gateway/"+c.ID), "ownerId": c.Account().AWSAccount, "amazonSideAsn": 64512,
		"autoAcceptSharedAttachments": "disable", "defaultRouteTableAssociation": enabled,
		"defaultRouteTablePropagation": enabled, "dnsSupport": enabled, "multicastSupport": "disable",
		"securityGroupReferencingSupport": "disable", "vpnEcmpSupport": enabled,
	})
	for which, output := range map[string]string{
		"Association": "associationDefaultRouteTableId", "Propagation": "propagationDefaultRouteTableId",
	} {
		if hasDefault(c.Out, which) {
			c.Out.Set(output, defaultTransitTable(c))
		}
	}
	return nil
}

// transitAttachment attaches a VPC. Its two switches for the gateway's default
// table do what the provider does with them: unset, AWS decides by the gateway's
// options; set, the provider associates or disassociates afterwards.
func transitAttachment() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.TransitVpcAttachment,
		Words: words("EC2", "EC2 Transit Gateway VPC Attachment", "CreateTransitGatewayVpcAttachment", "ModifyTransitGatewayVpcAttachment", "DeleteTransitGatewayVpcAttachment", "DescribeTransitGatewayVpcAttachments"),
		NewID: opaque("tgw-attach"),
		Refs: []emulator.Ref{
			refersTo("transitGatewayId", "InvalidTransitGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), awstype.TransitGateway),
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc),
			refersTo("subnetIds[*]", "InvalidSubnetID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Subnet),
		},
		Replace: forceNew(sourceTransitVpc, "transitGatewayId", "vpcId"),
		Rules: []emulator.Rule{
			refuse("AWV-38", "DuplicateTransitGatewayAttachment", emulator.OpCreate, moto("ec2/exceptions.py"), attachedTwice),
			refuse("AWV-38", "DuplicateSubnetsInSameZone", emulator.OpWrite, model("ec2")+" CreateTransitGatewayVpcAttachment", attachmentZones),
			refuse("AWV-38", "InvalidParameterValue", emulator.OpWrite, model("ec2")+" (code unverified)", attachmentElsewhere),
			refuse("AWV-38", "MissingParameter", emulator.OpWrite, "hashicorp/terraform-provider-aws#13512", noDefaultTable),
			refuse("AWV-38", "Resource.AlreadyAssociated", emulator.OpUpdate, "hashicorp/terraform-provider-aws#16452", defaultTableTooLate),
		},
		Fill:    fillTransitAttachment,
		Refresh: refreshTransitAttachment,
		Gone: func(c *emulator.Call) error {
			forgetAttachment(c, c.ID)
			return nil
		},
	})
}

func attachedTwice(c *emulator.Call) string {
	gateway := c.In.Str("transitGatewayId")
	twice := slices.ContainsFunc(where(c, awstype.TransitVpcAttachment, "vpcId", c.In.Str("vpcId")), func(o *inventory.Object) bool {
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

func attachmentElsewhere(c *emulator.Call) string {
	for _, id := range c.In.Strings("subnetIds") {
		if vpc := vpcOf(c, id); vpc != c.In.Str("vpcId") {
			return fmt.Sprintf("Subnet %s does not belong to VPC %s.", id, c.In.Str("vpcId"))
		}
	}
	return ""
}

// attachmentSwitches are the provider's, with what they switch and the output of
// the gateway that names the table.
var attachmentSwitches = []struct{ property, typ, table string }{
	{"transitGatewayDefaultRouteTableAssociation", awstype.TransitRouteTableAssociation, "associationDefaultRouteTableId"},
	{"transitGatewayDefaultRouteTablePropagation", awstype.TransitRouteTablePropagation, "propagationDefaultRouteTableId"},
}

// noDefaultTable: a gateway without default tables has none to associate with.
func noDefaultTable(c *emulator.Call) string {
	for _, s := range attachmentSwitches {
		if c.In.Bool(s.property) && valueOf(c, awstype.TransitGateway, c.In.Str("transitGatewayId"), s.table) == "" {
			return "Missing required parameter in request: TransitGatewayRouteTableId."
		}
	}
	return ""
}

func defaultTableTooLate(c *emulator.Call) string {
	table := valueOf(c, awstype.TransitGateway, c.In.Str("transitGatewayId"), "associationDefaultRouteTableId")
	now := associationOf(c, c.ID)
	if !c.In.Bool(attachmentSwitches[0].property) || now == nil || now.Value("transitGatewayRouteTableId") == table {
		return ""
	}
	return alreadyAssociated(c.ID)
}

func alreadyAssociated(attachment string) string {
	return fmt.Sprintf("Transit Gateway Attachment %s is already associated to a route table.", attachment)
}

func fillTransitAttachment(c *emulator.Call) error {
	var wanted []eni
	for _, subnet := range c.In.Strings("subnetIds") {
		wanted = append(wanted, eni{subnet: subnet})
	}
	if _, err := settleENIs(c, wanted); err != nil {
		return err
	}
	defaults(c, inventory.Props{
		"arn":         regional(c, "ec2", "transit-gateway-attachment/"+c.ID),
		"vpcOwnerId":  c.Account().AWSAccount,
		"dnsSupport":  enabled,
		"ipv6Support": "disable", "applianceModeSupport": "disable", "securityGroupReferencingSupport": "disable",
	})
	if c.Op == emulator.OpCreate {
		joinDefaults(c, c.In.Str("transitGatewayId"), c.ID, "vpc", c.In.Str("vpcId"))
	}
	for _, s := range attachmentSwitches {
		table := valueOf(c, awstype.TransitGateway, c.In.Str("transitGatewayId"), s.table)
		switch link := c.Tx.Get(s.typ, table+"_"+c.ID); {
		case !c.In.Has(s.property):
		case c.In.Bool(s.property) && link == nil:
			joinTable(c, s.typ, table, c.ID, "vpc", c.In.Str("vpcId"))
		case !c.In.Bool(s.property) && link != nil:
			c.Tx.Remove(link)
		}
	}
	return refreshTransitAttachment(c)
}

// refreshTransitAttachment shows whether the default table has the attachment,
// whoever has seen to it.
func refreshTransitAttachment(c *emulator.Call) error {
	for _, s := range attachmentSwitches {
		table := valueOf(c, awstype.TransitGateway, c.In.Str("transitGatewayId"), s.table)
		c.Out.Set(s.property, c.Tx.Get(s.typ, table+"_"+c.ID) != nil)
	}
	return nil
}

// joinDefaults is what a gateway does with a new attachment by itself (AWV-38):
// it is associated with the default table, and its routes are propagated there.
func joinDefaults(c *emulator.Call, gateway, attachment, kind, resource string) {
	for _, s := range attachmentSwitches {
		if table := valueOf(c, awstype.TransitGateway, gateway, s.table); table != "" {
			joinTable(c, s.typ, table, attachment, kind, resource)
		}
	}
}

// joinTable stores an association or propagation that AWS makes by itself.
func joinTable(c *emulator.Call, typ, table, attachment, kind, resource string) {
	made(c, typ, table+"_"+attachment, inventory.Props{
		"transitGatewayRouteTableId": table, "transitGatewayAttachmentId": attachment,
		"resourceType": kind, "resourceId": resource,
	})
}

// forgetAttachment takes away what goes with an attachment: its association and
// its propagations, also those that somebody declared. Static routes stay, as
// black holes.
func forgetAttachment(c *emulator.Call, attachment string) {
	removeIf(c, func(o *inventory.Object) bool { return o.Value("transitGatewayAttachmentId") == attachment },
		awstype.TransitRouteTableAssociation, awstype.TransitRouteTablePropagation)
}

// associationOf is the one association of an attachment, nil when it has none.
func associationOf(c *emulator.Call, attachment string) *inventory.Object {
	for _, o := range where(c, awstype.TransitRouteTableAssociation, "transitGatewayAttachmentId", attachment) {
		return o
	}
	return nil
}

func transitTable() *emulator.Kind {
	const source = "ec2/transitgateway_route_table.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.TransitRouteTable,
		Words: words("EC2", "EC2 Transit Gateway Route Table", "CreateTransitGatewayRouteTable", "CreateTags", "DeleteTransitGatewayRouteTable", "DescribeTransitGatewayRouteTables"),
		NewID: opaque("tgw-rtb"),
		Refs: []emulator.Ref{
			refersTo("transitGatewayId", "InvalidTransitGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), awstype.TransitGateway),
		},
		Replace: forceNew(source, "transitGatewayId"),
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn":                          regional(c, "ec2", "transit-gateway-route-table/"+c.ID),
				"defaultAssociationRouteTable": false, "defaultPropagationRouteTable": false,
			})
			return nil
		},
		Gone: func(c *emulator.Call) error {
			removeIf(c, func(o *inventory.Object) bool { return o.Value("transitGatewayRouteTableId") == c.ID }, awstype.TransitRoute)
			return nil
		},
	})
}

func transitRoute() *emulator.Kind {
	const source = "ec2/transitgateway_route.go"
	return &emulator.Kind{
		Type:  awstype.TransitRoute,
		Words: words("EC2", "EC2 Transit Gateway Route", "CreateTransitGatewayRoute", "ReplaceTransitGatewayRoute", "DeleteTransitGatewayRoute", "SearchTransitGatewayRoutes"),
		NewID: joined("_", "transitGatewayRouteTableId", "destinationCidrBlock"),
		Refs: []emulator.Ref{
			refersTo("transitGatewayRouteTableId", "InvalidRouteTableID.NotFound", "", moto("ec2/exceptions.py"), awstype.TransitRouteTable),
		},
		Replace: forceNew(source, "blackhole", "destinationCidrBlock", "transitGatewayAttachmentId", "transitGatewayRouteTableId"),
		Rules: []emulator.Rule{
			canonicalRange("AWV-38", "destinationCidrBlock", terraform(source)),
			refuse("AWV-38", "InvalidTransitGatewayAttachmentID.NotFound", emulator.OpCreate, model("ec2"), attachmentMissing),
			refuse("AWV-38", "RouteAlreadyExists", emulator.OpCreate, "ministryofjustice/modernisation-platform#4810", transitRouteTwice),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"blackhole": false})
			return nil
		},
		// A route outlives its attachment and leads nowhere then: a refresh finds a
		// black hole without an attachment, and the next run replaces it.
		Refresh: func(c *emulator.Call) error {
			if attachmentMissing(c) != "" {
				c.Out.Set("blackhole", true)
				c.Out.Set("transitGatewayAttachmentId", "")
			}
			return nil
		},
	}
}

func transitRouteTwice(c *emulator.Call) string {
	for _, o := range where(c, awstype.TransitRoute, "transitGatewayRouteTableId", c.In.Str("transitGatewayRouteTableId")) {
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
	if id == "" || c.Tx.Get(awstype.TransitVpcAttachment, id) != nil ||
		c.Tx.Find(awstype.VpnConnection, "transitGatewayAttachmentId", id) != nil {
		return ""
	}
	return fmt.Sprintf("Transit Gateway Attachment %s was deleted or does not exist.", id)
}

// transitAssociation gives an attachment its one route table.
func transitAssociation() *emulator.Kind {
	k := transitLink(awstype.TransitRouteTableAssociation, sourceAssociation,
		words("EC2", "EC2 Transit Gateway Route Table Association", "AssociateTransitGatewayRouteTable", "AssociateTransitGatewayRouteTable", "DisassociateTransitGatewayRouteTable", "GetTransitGatewayRouteTableAssociations"),
		refuse("AWV-38", "Resource.AlreadyAssociated", emulator.OpCreate, "hashicorp/terraform-provider-aws#16452", associatedTwice))
	k.Replace = append(k.Replace, forceNew(sourceAssociation, "replaceExistingAssociation")...)
	fill := k.Fill
	k.Fill = func(c *emulator.Call) error {
		if old := associationOf(c, c.In.Str("transitGatewayAttachmentId")); old != nil && c.In.Bool("replaceExistingAssociation") {
			c.Tx.Remove(old)
		}
		return fill(c)
	}
	return k
}

// associatedTwice: an attachment has one table, and with the gateway's defaults on
// it already has the default one.
func associatedTwice(c *emulator.Call) string {
	attachment := c.In.Str("transitGatewayAttachmentId")
	if c.In.Bool("replaceExistingAssociation") || associationOf(c, attachment) == nil {
		return ""
	}
	return alreadyAssociated(attachment)
}

// transitPropagation lets an attachment's routes into a table, any number of them.
func transitPropagation() *emulator.Kind {
	return transitLink(awstype.TransitRouteTablePropagation, "ec2/transitgateway_route_table_propagation.go",
		words("EC2", "EC2 Transit Gateway Route Table Propagation", "EnableTransitGatewayRouteTablePropagation", "EnableTransitGatewayRouteTablePropagation", "DisableTransitGatewayRouteTablePropagation", "GetTransitGatewayRouteTablePropagations"),
		refuse("AWV-38", "TransitGatewayRouteTablePropagation.Duplicate", emulator.OpCreate, model("ec2")+"; tools for transit gateways catch the code", propagatedTwice))
}

func propagatedTwice(c *emulator.Call) string {
	attachment, table := c.In.Str("transitGatewayAttachmentId"), c.In.Str("transitGatewayRouteTableId")
	for _, o := range where(c, awstype.TransitRouteTablePropagation, "transitGatewayAttachmentId", attachment) {
		if o.Value("transitGatewayRouteTableId") == table {
			return fmt.Sprintf("Propagation %s already exists in Transit Gateway Route Table %s.", attachment, table)
		}
	}
	return ""
}

// transitLink is what associations and propagations have in common.
func transitLink(typ, source string, w emulator.Words, twice emulator.Rule) *emulator.Kind {
	return &emulator.Kind{
		Type:  typ,
		Words: w,
		NewID: joined("_", "transitGatewayRouteTableId", "transitGatewayAttachmentId"),
		Refs: []emulator.Ref{
			refersTo("transitGatewayRouteTableId", "InvalidRouteTableID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), awstype.TransitRouteTable),
		},
		Replace: forceNew(source, "transitGatewayAttachmentId", "transitGatewayRouteTableId"),
		Rules: []emulator.Rule{
			refuse("AWV-38", "InvalidTransitGatewayAttachmentID.NotFound", emulator.OpCreate, model("ec2"), attachmentMissing),
			twice,
		},
		Fill: func(c *emulator.Call) error {
			id := c.In.Str("transitGatewayAttachmentId")
			kind, resource := "vpc", valueOf(c, awstype.TransitVpcAttachment, id, "vpcId")
			if vpn := c.Tx.Find(awstype.VpnConnection, "transitGatewayAttachmentId", id); vpn != nil {
				kind, resource = "vpn", vpn.ID
			}
			defaults(c, inventory.Props{"resourceId": resource, "resourceType": kind})
			return nil
		},
	}
}
