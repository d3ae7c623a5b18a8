package emulator

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Types that decide what becomes of the routes that BGP brings.
const (
	vpcType              = "aws:ec2/vpc:Vpc"
	routeTableType       = "aws:ec2/routeTable:RouteTable"
	routeType            = "aws:ec2/route:Route"
	routeAssociationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	propagationType      = "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"
	vnetType             = "azure-native:network:VirtualNetwork"
	azureSubnetType      = "azure-native:network:Subnet"
	azureRouteTableType  = "azure-native:network:RouteTable"
	azureRouteType       = "azure-native:network:Route"
)

// routeRules keep traffic from the tunnel when one is broken (invariants 12 and
// 13). They follow a virtual private gateway; a transit gateway has route tables
// of its own (AWV-39), which are not modelled.
var routeRules = []tunnelRule{
	{"AWV-07", (*ends).notAttached},
	{"AWV-08", (*ends).notPropagated},
	{"AVG-19", (*ends).azureIgnoresRoutes},
	{"AVG-37", (*ends).networksOverlap},
}

// vpcID is the VPC that the gateway is attached to, or "".
func (e *ends) vpcID() string {
	if vpc := e.gateway.Value("vpcId"); vpc != "" {
		return vpc
	}
	if a := e.tx.Find(vpnAttachmentType, "vpnGatewayId", e.gateway.ID); a != nil {
		return a.Value("vpcId")
	}
	return ""
}

func (e *ends) onTransit() bool { return e.gateway.Type == transitGatewayType }

func (e *ends) notAttached() string {
	if !e.onTransit() && e.vpcID() == "" {
		return fmt.Sprintf("the VPN gateway %s is attached to no VPC", e.gateway.ID)
	}
	return ""
}

// notPropagated names the private route tables that do not take the gateway's
// routes: subnets behind them have no way back.
func (e *ends) notPropagated() string {
	vpc := e.vpcID()
	if e.onTransit() || vpc == "" {
		return ""
	}
	var without []string
	for _, table := range e.tx.All(routeTableType) {
		if table.Value("vpcId") == vpc && e.isPrivate(table) && !e.propagates(table) {
			without = append(without, table.ID)
		}
	}
	if len(without) == 0 {
		return ""
	}
	return fmt.Sprintf("routes are not propagated into the private route tables %s", strings.Join(without, ", "))
}

// isPrivate reports whether subnets use the table and it has no way to an
// internet gateway.
func (e *ends) isPrivate(table *Object) bool {
	used := slices.ContainsFunc(e.tx.All(routeAssociationType), func(a *Object) bool {
		return a.In.Str("routeTableId") == table.ID && a.In.Str("subnetId") != ""
	})
	routes := table.In.Maps("routes")
	for _, r := range e.tx.All(routeType) {
		if r.In.Str("routeTableId") == table.ID {
			routes = append(routes, r.In)
		}
	}
	return used && !slices.ContainsFunc(routes, func(r Props) bool {
		return strings.HasPrefix(r.Str("gatewayId"), "igw-")
	})
}

func (e *ends) propagates(table *Object) bool {
	if slices.Contains(table.In.Strings("propagatingVgws"), e.gateway.ID) {
		return true
	}
	return slices.ContainsFunc(e.tx.All(propagationType), func(p *Object) bool {
		return p.In.Str("routeTableId") == table.ID && p.In.Str("vpnGatewayId") == e.gateway.ID
	})
}

// vnetID is the network of the Azure gateway.
func (e *ends) vnetID() string {
	id, _, _ := strings.Cut(e.ipConfig.Str("subnet.id"), "/subnets/")
	return id
}

// azureIgnoresRoutes names subnets of the VNet whose route table takes no BGP
// routes and sends nothing of the VPC to the gateway.
func (e *ends) azureIgnoresRoutes() string {
	if len(e.vpcRanges()) == 0 {
		return "" // nothing to lead anywhere; notAttached says so
	}
	for _, subnet := range e.tx.All(azureSubnetType) {
		if id, _, _ := strings.Cut(subnet.ID, "/subnets/"); !SameID(id, e.vnetID()) {
			continue
		}
		table := e.tx.Get(azureRouteTableType, subnet.In.Str("routeTable.id"))
		if table == nil || !objectProps(table).Bool("disableBgpRoutePropagation") || e.sendsToGateway(table) {
			continue
		}
		return fmt.Sprintf("the route table of %s takes no BGP routes", subnet.ID)
	}
	return ""
}

// sendsToGateway reports whether a route of the table leads all of the VPC to the
// virtual network gateway.
func (e *ends) sendsToGateway(table *Object) bool {
	routes := table.In.Maps("routes")
	for _, r := range e.tx.All(azureRouteType) {
		if strings.HasPrefix(normalID(r.ID), normalID(table.ID)+"/") {
			routes = append(routes, r.In)
		}
	}
	return slices.ContainsFunc(routes, func(r Props) bool {
		return r.Str("nextHopType") == "VirtualNetworkGateway" && holdsAll(r.Str("addressPrefix"), e.vpcRanges())
	})
}

func holdsAll(outer string, ranges []string) bool {
	p, err := netip.ParsePrefix(outer)
	if err != nil || len(ranges) == 0 {
		return false
	}
	return !slices.ContainsFunc(ranges, func(r string) bool {
		q, err := netip.ParsePrefix(r)
		return err != nil || p.Bits() > q.Bits() || !p.Contains(q.Addr())
	})
}

func (e *ends) vpcRanges() []string {
	vpc := e.tx.Get(vpcType, e.vpcID())
	if vpc == nil {
		return nil
	}
	return []string{vpc.Value("cidrBlock")}
}

func (e *ends) networksOverlap() string {
	vnet := e.tx.Get(vnetType, e.vnetID())
	if vnet == nil {
		return ""
	}
	if x, y, found := overlaps(e.vpcRanges(), objectProps(vnet).Strings("addressSpace.addressPrefixes")); found {
		return fmt.Sprintf("the VPC's %s and the VNet's %s overlap", x, y)
	}
	return ""
}

// overlaps reports whether any two of the ranges overlap.
func overlaps(a, b []string) (x, y string, found bool) {
	for _, x := range a {
		for _, y := range b {
			p, errP := netip.ParsePrefix(x)
			q, errQ := netip.ParsePrefix(y)
			if errP == nil && errQ == nil && p.Overlaps(q) {
				return x, y, true
			}
		}
	}
	return "", "", false
}
