package reach

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const enabled = "enable" // what AWS calls a transit gateway's option that is on

// blackhole is where a route leads that drops what it matches.
const blackhole = "a blackhole"

// vpcAttachment is how the VPC hangs on the transit gateway, or nil.
func (e *ends) vpcAttachment() *inventory.Object {
	return e.view.Find(awstype.TransitVpcAttachment, "transitGatewayId", e.gateway.ID)
}

// vpnAttachment is the attachment that AWS made with the VPN connection.
func (e *ends) vpnAttachment() string { return e.vpn.Value("transitGatewayAttachmentId") }

// unattached reports whether the rules of transit gateways have nothing to say:
// transitUnattached says what is wrong, or the gateway is another one.
func (e *ends) unattached() bool {
	return !e.onTransit() || e.vpcAttachment() == nil || e.vpnAttachment() == ""
}

func (e *ends) transitUnattached() string {
	switch {
	case !e.onTransit():
	case e.vpnAttachment() == "":
		return fmt.Sprintf("the VPN connection %s is not attached to the transit gateway", e.vpn.ID)
	case e.vpcAttachment() == nil:
		return fmt.Sprintf("no VPC is attached to the transit gateway %s", e.gateway.ID)
	}
	return ""
}

// tableOf is the transit gateway's route table that decides what becomes of
// traffic from an attachment, or "". An attachment has one at most.
func (e *ends) tableOf(attachment string) string {
	for _, a := range e.view.All(awstype.TransitRouteTableAssociation) {
		if a.In.Str("transitGatewayAttachmentId") == attachment {
			return a.In.Str("transitGatewayRouteTableId")
		}
	}
	if e.byDefault(attachment, "Association") {
		return e.gateway.Value("associationDefaultRouteTableId")
	}
	return ""
}

// byDefault reports whether the gateway does with a new attachment what the
// option says, "Association" or "Propagation", by itself. Only the attachment of
// a VPC can decline.
func (e *ends) byDefault(attachment, option string) bool {
	if e.gateway.Props().StrOr("defaultRouteTable"+option, enabled) != enabled {
		return false
	}
	if a := e.view.Get(awstype.TransitVpcAttachment, attachment); a != nil {
		v, ok := a.Props().Get("transitGatewayDefaultRouteTable" + option)
		return !ok || v == any(true)
	}
	return true
}

// brings reports whether an attachment propagates its routes into the table.
func (e *ends) brings(attachment, table string) bool {
	if e.byDefault(attachment, "Propagation") && e.gateway.Value("propagationDefaultRouteTableId") == table {
		return true
	}
	return slices.ContainsFunc(e.view.All(awstype.TransitRouteTablePropagation), func(p *inventory.Object) bool {
		return p.In.Str("transitGatewayAttachmentId") == attachment && p.In.Str("transitGatewayRouteTableId") == table
	})
}

func (e *ends) transitUnassociated() string {
	if e.unattached() {
		return ""
	}
	for _, attachment := range []string{e.vpnAttachment(), e.vpcAttachment().ID} {
		if e.tableOf(attachment) == "" {
			return fmt.Sprintf("the attachment %s is associated with no route table of the transit gateway", attachment)
		}
	}
	return ""
}

// transitHops are the lines of a transit gateway's table: the static ones, those
// of the VPCs, and what this connection's BGP brings.
func (e *ends) transitHops(table string) (hops []hop) {
	for _, r := range e.view.All(awstype.TransitRoute) {
		if r.In.Str("transitGatewayRouteTableId") != table {
			continue
		}
		to := r.In.Str("transitGatewayAttachmentId")
		if r.In.Bool("blackhole") {
			to = blackhole
		}
		hops = addHop(hops, r.In.Str("destinationCidrBlock"), true, to)
	}
	for _, a := range e.view.All(awstype.TransitVpcAttachment) {
		if vpc := e.view.Get(awstype.Vpc, a.Value("vpcId")); vpc != nil && e.brings(a.ID, table) {
			hops = addHop(hops, vpc.Value("cidrBlock"), false, a.ID)
		}
	}
	if !e.static() && e.brings(e.vpnAttachment(), table) {
		hops = append(hops, hopsTo(e.vnetCIDRs(), false, e.vpnAttachment())...)
	}
	return hops
}

func (e *ends) transitLosesVPC() string {
	if e.unattached() {
		return ""
	}
	table, attachment := e.tableOf(e.vpnAttachment()), e.vpcAttachment().ID
	if table == "" || goesTo(e.transitHops(table), prefixes(e.vpcRanges()), attachment) {
		return ""
	}
	return fmt.Sprintf("the transit gateway's table %s, which the VPN connection uses, does not lead the VPC to %s", table, attachment)
}

func (e *ends) transitLosesVNet() string {
	if e.unattached() {
		return ""
	}
	table := e.tableOf(e.vpcAttachment().ID)
	if table == "" || e.leadsToVNet(e.transitHops(table), e.vpnAttachment()) {
		return ""
	}
	return fmt.Sprintf("the transit gateway's table %s, which the VPC uses, does not lead the VNet to %s", table, e.vpnAttachment())
}

// transitMissesZones: a transit gateway takes traffic only in zones in which its
// attachment has a subnet.
func (e *ends) transitMissesZones() string {
	if e.unattached() {
		return ""
	}
	var served []string
	for _, subnet := range e.vpcAttachment().Props().Strings("subnetIds") {
		served = append(served, e.zone(subnet))
	}
	var lost []string
	for _, subnet := range e.concerned() {
		if zone := e.zone(subnet); zone != "" && !slices.Contains(served, zone) && !slices.Contains(lost, zone) {
			lost = append(lost, zone)
		}
	}
	if len(lost) == 0 {
		return ""
	}
	slices.Sort(lost)
	return fmt.Sprintf("the VPC's attachment %s has no subnet in %s, where subnets need one",
		e.vpcAttachment().ID, strings.Join(lost, ", "))
}

func (e *ends) zone(subnet string) string {
	if s := e.view.Get(awstype.Subnet, subnet); s != nil {
		return s.Value("availabilityZone")
	}
	return ""
}

// transitUnused names the route tables that do not send all of the VNet's
// traffic to the transit gateway: nothing is propagated into a VPC's tables.
func (e *ends) transitUnused() string {
	if e.unattached() {
		return ""
	}
	without := e.tablesThat(func(table string) bool { return !e.leadsToVNet(e.vpcHops(table), e.gateway.ID) })
	if without == "" {
		return ""
	}
	return fmt.Sprintf("the route tables %s do not lead the VNet to the transit gateway", without)
}
