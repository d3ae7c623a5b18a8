package aws

import (
	"fmt"
	"net/netip"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// routeKinds are route tables and what stands in them.
func routeKinds() []*emulator.Kind {
	return []*emulator.Kind{routeTable(), defaultRouteTable(), route(), routeAssociation()}
}

// routeTargets are the ways that a route may lead to, by property.
var routeTargets = []string{
	"carrierGatewayId", "coreNetworkArn", "egressOnlyGatewayId", "gatewayId", "localGatewayId", "natGatewayId",
	"networkInterfaceId", "transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId",
}

// targetRefs are the references of a route, alone or inside a table. EC2 lets
// the targets go: their routes become black holes.
func targetRefs(prefix string) []emulator.Ref {
	return []emulator.Ref{
		{
			Path: prefix + "gatewayId", To: []string{awstype.InternetGateway, awstype.VpnGateway},
			Missing: "InvalidGatewayID.NotFound", Source: moto("ec2/exceptions.py"),
			Foreign: func(id string) bool { return id == "local" },
		},
		refersTo(prefix+"natGatewayId", "InvalidNatGatewayID.NotFound", "", model("ec2"), awstype.NatGateway),
		refersTo(prefix+"transitGatewayId", "InvalidTransitGatewayID.NotFound", "", moto("ec2/exceptions.py"), awstype.TransitGateway),
		refersTo(prefix+"vpcEndpointId", "InvalidVpcEndpointId.NotFound", "", moto("ec2/exceptions.py"), awstype.VpcEndpoint),
	}
}

func routeTable() *emulator.Kind {
	const source = "ec2/vpc_route_table.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.RouteTable,
		Words: words("EC2", "EC2 Route Table", "CreateRouteTable", "ReplaceRoute", "DeleteRouteTable", "DescribeRouteTables"),
		NewID: opaque("rtb"),
		Refs: append(targetRefs("routes[*]."),
			refersTo("vpcId", "InvalidVpcID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.Vpc),
			refersTo("propagatingVgws[*]", "InvalidVpnGatewayID.NotFound", "", moto("ec2/exceptions.py"), awstype.VpnGateway),
		),
		Replace: forceNew(source, "vpcId"),
		Rules: []emulator.Rule{
			canonicalRange("VPC-13", "routes[*].cidrBlock", terraform(source)),
			refuse("VPC-13", "RouteAlreadyExists", emulator.OpWrite, moto("ec2/exceptions.py"), inlineRouteTwice),
			refuse("VPC-14", "InvalidParameterValue", emulator.OpWrite, "giantswarm/aws-operator#611", inlineForeignGateway),
			refuse("VPC-15", "InvalidParameterValue", emulator.OpWrite,
				"awsdocs/amazon-vpc-user-guide VPC_Route_Tables.md (code unverified)", inlineForbidden),
			refuse("AWV-07", "Gateway.NotAttached", emulator.OpWrite, moto("ec2/exceptions.py"), inlinePropagation),
			refuse("AWV-39", "InvalidTransitGatewayID.NotFound", emulator.OpWrite, terraform(source), inlineTransit),
		},
		Fill:    fillRouteTable,
		Refresh: refreshRouteTable,
	})
}

func fillRouteTable(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn": regional(c, "ec2", "route-table/"+c.ID), "ownerId": c.Account().AWSAccount,
		"routes": []any{}, "propagatingVgws": []any{},
	})
	return nil
}

// refreshRouteTable shows what routes and propagations of their own have put
// into the table (PRV-15): an output that grows, and an input that flips for
// whoever sets both.
func refreshRouteTable(c *emulator.Call) error {
	routes := slices.Clone(c.Out.List("routes"))
	for _, o := range where(c, awstype.Route, "routeTableId", c.ID) {
		r := map[string]any{"cidrBlock": o.Value("destinationCidrBlock")}
		for _, target := range routeTargets {
			if v := o.Value(target); v != "" {
				r[target] = v
			}
		}
		routes = append(routes, r)
	}
	c.Out.Set("routes", routes)
	grow(c, "propagatingVgws", where(c, awstype.VpnGatewayRoutePropagation, "routeTableId", c.ID), "vpnGatewayId")
	return nil
}

// defaultRouteTable adopts the main table of a VPC. Deleting it only forgets it.
func defaultRouteTable() *emulator.Kind {
	const source = "ec2/vpc_default_route_table.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.DefaultRouteTable,
		Words: words("EC2", "EC2 Default Route Table", "CreateRoute", "ReplaceRoute", "DeleteRoute", "DescribeRouteTables"),
		NewID: property("defaultRouteTableId"),
		Refs: append(targetRefs("routes[*]."),
			refersTo("defaultRouteTableId", "InvalidRouteTableID.NotFound", "", moto("ec2/exceptions.py"), awstype.RouteTable)),
		Replace: forceNew(source, "defaultRouteTableId"),
		Fill: func(c *emulator.Call) error {
			vpc := valueOf(c, awstype.RouteTable, c.ID, "vpcId")
			defaults(c, inventory.Props{
				"arn": regional(c, "ec2", "route-table/"+c.ID), "ownerId": c.Account().AWSAccount,
				"vpcId": vpc, "routes": []any{}, "propagatingVgws": []any{},
			})
			return nil
		},
	})
}

func route() *emulator.Kind {
	const source = "ec2/vpc_route.go"
	destinations := []string{"destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}
	return &emulator.Kind{
		Type:  awstype.Route,
		Words: words("EC2", "Route", "CreateRoute", "ReplaceRoute", "DeleteRoute", "DescribeRouteTables"),
		NewID: func(c *emulator.Call) (string, error) {
			to := c.In.Str(present(c.In, destinations)[0])
			return fmt.Sprintf("r-%s%d", c.In.Str("routeTableId"), hashCode(to)), nil
		},
		Refs: append(targetRefs(""),
			refersTo("routeTableId", "InvalidRouteTableID.NotFound", "", moto("ec2/exceptions.py"), awstype.RouteTable)),
		Replace: forceNew(source, append(destinations, "routeTableId")...),
		Rules: []emulator.Rule{
			exactlyOne("VPC-13", terraform(source), destinations...),
			exactlyOne("VPC-13", terraform(source), routeTargets...),
			canonicalRange("VPC-13", "destinationCidrBlock", terraform(source)),
			refuse("VPC-13", "RouteAlreadyExists", emulator.OpCreate, moto("ec2/exceptions.py"), routeTwice),
			refuse("VPC-14", "InvalidParameterValue", emulator.OpWrite, "giantswarm/aws-operator#611", foreignGateway),
			refuse("VPC-15", "InvalidParameterValue", emulator.OpCreate,
				"awsdocs/amazon-vpc-user-guide VPC_Route_Tables.md (code unverified)", forbiddenRoute),
			refuse("AWV-39", "InvalidTransitGatewayID.NotFound", emulator.OpWrite, terraform(source), unattachedTransit),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"origin": "CreateRoute", "state": "active"})
			return nil
		},
		Refresh: refreshRoute,
	}
}

// refreshRoute shows a route whose target is gone or detached as a black hole:
// EC2 keeps it.
func refreshRoute(c *emulator.Call) error {
	l := legOf(c)
	lost := legTransit(c, l) != "" || gatewayElsewhere(c, l) != "" ||
		l.target == "natGatewayId" && c.Tx.Get(awstype.NatGateway, c.In.Str(l.target)) == nil ||
		l.target == "vpcEndpointId" && c.Tx.Get(awstype.VpcEndpoint, c.In.Str(l.target)) == nil
	c.Out.Set("state", map[bool]string{true: "blackhole", false: "active"}[lost])
	return nil
}

// A leg is one route, wherever it is written down.
type leg struct {
	table, vpc  string
	destination string
	gateway     string // internet or virtual private gateway
	transit     string // transit gateway
	target      string // the property that names the target
}

func legOf(c *emulator.Call) leg {
	return legIn(c, c.In.Str("routeTableId"), c.In, "destinationCidrBlock")
}

func legIn(c *emulator.Call, table string, p inventory.Props, destination string) leg {
	l := leg{
		table: table, vpc: valueOf(c, awstype.RouteTable, table, "vpcId"),
		destination: p.Str(destination), gateway: p.Str("gatewayId"), transit: p.Str("transitGatewayId"),
	}
	if given := present(p, routeTargets); len(given) > 0 {
		l.target = given[0]
	}
	return l
}

// inlineLegs are the routes written inside the table of the call.
func inlineLegs(c *emulator.Call) []leg {
	var legs []leg
	for _, p := range c.In.Maps("routes[*]") {
		l := legIn(c, c.ID, p, "cidrBlock")
		l.vpc = c.In.Str("vpcId")
		legs = append(legs, l)
	}
	return legs
}

func brokenLeg(c *emulator.Call, broken func(*emulator.Call, leg) string) string {
	for _, l := range inlineLegs(c) {
		if message := broken(c, l); message != "" {
			return message
		}
	}
	return ""
}

func inlineForeignGateway(c *emulator.Call) string { return brokenLeg(c, gatewayElsewhere) }

func inlineForbidden(c *emulator.Call) string { return brokenLeg(c, legForbidden) }

func foreignGateway(c *emulator.Call) string { return gatewayElsewhere(c, legOf(c)) }

func forbiddenRoute(c *emulator.Call) string { return legForbidden(c, legOf(c)) }

func inlineRouteTwice(c *emulator.Call) string {
	seen := map[string]bool{}
	for _, l := range inlineLegs(c) {
		if seen[l.destination] && l.destination != "" {
			return fmt.Sprintf("The route identified by %s already exists.", l.destination)
		}
		seen[l.destination] = true
	}
	return ""
}

// routeTwice finds the same destination among the routes and inside the table.
func routeTwice(c *emulator.Call) string {
	l := legOf(c)
	if l.destination == "" {
		return ""
	}
	twice := slices.ContainsFunc(where(c, awstype.Route, "routeTableId", l.table), func(o *inventory.Object) bool {
		return o.Value("destinationCidrBlock") == l.destination
	})
	if table := c.Tx.Get(awstype.RouteTable, l.table); table != nil {
		twice = twice || slices.Contains(table.In.Strings("routes[*].cidrBlock"), l.destination)
	}
	if twice {
		return fmt.Sprintf("The route identified by %s already exists.", l.destination)
	}
	return ""
}

func gatewayElsewhere(c *emulator.Call, l leg) string {
	if l.gateway == "" || l.gateway == "local" || l.gateway == attachedInternetGateway(c, l.vpc) ||
		l.gateway == attachedVpnGateway(c, l.vpc) {
		return ""
	}
	return fmt.Sprintf("route table %s and network gateway %s belong to different networks", l.table, l.gateway)
}

// instanceMetadata is where EC2's own services answer: no route may lead there.
var instanceMetadata = netip.MustParsePrefix("169.254.168.0/22")

func legForbidden(c *emulator.Call, l leg) string {
	to, ok := ipv4Range(l.destination)
	whole, known := vpcBlock(c, l.vpc)
	switch {
	case !ok:
		return ""
	case contains(instanceMetadata, to):
		return fmt.Sprintf("The destination CIDR block %s is reserved.", to)
	case !known || !contains(whole, to):
		return ""
	case slices.Contains([]string{"natGatewayId", "networkInterfaceId", "vpcEndpointId"}, l.target) && isSubnet(c, l.vpc, to):
		return ""
	}
	return fmt.Sprintf("The destination CIDR block %s is equal to or more specific than one of this VPC's CIDR blocks. "+
		"This route can target only an interface or an instance.", to)
}

func isSubnet(c *emulator.Call, vpc string, p netip.Prefix) bool {
	return slices.ContainsFunc(where(c, awstype.Subnet, "vpcId", vpc), func(o *inventory.Object) bool {
		return o.Value("cidrBlock") == p.String()
	})
}

func unattachedTransit(c *emulator.Call) string { return legTransit(c, legOf(c)) }

func inlineTransit(c *emulator.Call) string { return brokenLeg(c, legTransit) }

// legTransit: a route leads to a transit gateway that the VPC is attached to.
func legTransit(c *emulator.Call, l leg) string {
	if l.transit == "" {
		return ""
	}
	attached := slices.ContainsFunc(others(c, awstype.TransitVpcAttachment), func(o *inventory.Object) bool {
		return o.Value("transitGatewayId") == l.transit && o.Value("vpcId") == l.vpc
	})
	if attached {
		return ""
	}
	return fmt.Sprintf("The transitGateway ID '%s' does not exist.", l.transit)
}

func routeAssociation() *emulator.Kind {
	const source = "ec2/vpc_route_table_association.go"
	return &emulator.Kind{
		Type:  awstype.RouteTableAssociation,
		Words: words("EC2", "EC2 Route Table Association", "AssociateRouteTable", "ReplaceRouteTableAssociation", "DisassociateRouteTable", "DescribeRouteTables"),
		NewID: opaque("rtbassoc"),
		Refs: []emulator.Ref{
			refersTo("routeTableId", "InvalidRouteTableID.NotFound", "DependencyViolation", moto("ec2/exceptions.py"), awstype.RouteTable),
			refersTo("subnetId", "InvalidSubnetID.NotFound", "", moto("ec2/exceptions.py"), awstype.Subnet),
			refersTo("gatewayId", "InvalidGatewayID.NotFound", "", moto("ec2/exceptions.py"), awstype.InternetGateway, awstype.VpnGateway),
		},
		Replace: forceNew(source, "subnetId", "gatewayId"),
		Rules: []emulator.Rule{
			exactlyOne("VPC-16", terraform(source), "subnetId", "gatewayId"),
			refuse("VPC-16", "Resource.AlreadyAssociated", emulator.OpCreate, moto("ec2/exceptions.py"), subnetHasTable),
			refuse("VPC-16", "InvalidParameterValue", emulator.OpWrite, model("ec2")+" AssociateRouteTable (text unverified)", tableElsewhere),
		},
	}
}

func subnetHasTable(c *emulator.Call) string {
	subnet := c.In.Str("subnetId")
	if subnet == "" || len(where(c, awstype.RouteTableAssociation, "subnetId", subnet)) == 0 {
		return ""
	}
	return fmt.Sprintf("the specified association for route table %s conflicts with an existing association",
		c.In.Str("routeTableId"))
}

func tableElsewhere(c *emulator.Call) string {
	table, subnet := c.In.Str("routeTableId"), c.In.Str("subnetId")
	if subnet == "" || valueOf(c, awstype.RouteTable, table, "vpcId") == vpcOf(c, subnet) {
		return ""
	}
	return fmt.Sprintf("Route table %s and subnet %s belong to different networks", table, subnet)
}
