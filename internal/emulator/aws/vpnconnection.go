package aws

import (
	"fmt"
	"net/netip"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

const sourceConnection = "ec2/vpnsite_connection.go"

// tunnels are the two of every connection, as prefixes of its properties.
var tunnels = []string{"tunnel1", "tunnel2"}

func vpnConnection() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.VpnConnection,
		Words: words("EC2", "EC2 VPN Connection", "CreateVpnConnection", "ModifyVpnTunnelOptions", "DeleteVpnConnection", "DescribeVpnConnections"),
		NewID: opaque("vpn"),
		Refs: []emulator.Ref{
			refersTo("customerGatewayId", "InvalidCustomerGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), awstype.CustomerGateway),
			refersTo("vpnGatewayId", "InvalidVpnGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), awstype.VpnGateway),
			refersTo("transitGatewayId", "InvalidTransitGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), awstype.TransitGateway),
		},
		// A change of the gateway keeps the tunnels' addresses and keys, and takes both
		// tunnels down while it lasts (AWV-28).
		BusyObject: true, BusyCode: "IncorrectState",
		BusyRule: "AWV-28", BusySource: "awsdocs/aws-site-to-site-vpn-user-guide endpoint-replacements.md",
		Gone: goneWithConnection,
		// Keys, algorithms and the customer gateway change in place (AWV-37).
		Replace: forceNew(sourceConnection, "enableAcceleration", "staticRoutesOnly", "tunnelInsideIpVersion", "type",
			"tunnel1InsideCidr", "tunnel1InsideIpv6Cidr", "tunnel2InsideCidr", "tunnel2InsideIpv6Cidr"),
		Rules:   all(connectionRules(), tunnelLogRules(), tunnelRules("tunnel1"), tunnelRules("tunnel2")),
		Fill:    withTunnelLogs(fillConnection),
		Refresh: refreshConnection,
	})
}

func connectionRules() []emulator.Rule {
	return []emulator.Rule{
		oneOf("AWV-13", "type", terraform(sourceConnection), "ipsec.1"),
		atMostOne("AWV-12", terraform(sourceConnection), "vpnGatewayId", "transitGatewayId"),
		oneOf("AWV-25", "tunnelInsideIpVersion", terraform(sourceConnection), "ipv4", "ipv6"),
		needsTransit("AWV-26", "enableAcceleration"), needsTransit("AWV-25", "localIpv6NetworkCidr"),
		needsTransit("AWV-25", "remoteIpv6NetworkCidr"), needsTransit("AWV-25", "tunnel1InsideIpv6Cidr"),
		needsTransit("AWV-25", "tunnel2InsideIpv6Cidr"),
		refuse("AWV-12", "MissingParameter", emulator.OpCreate, model("ec2")+" CreateVpnConnection", connectionToNothing),
		refuse("AWV-25", "InvalidParameterCombination", emulator.OpCreate, "ansible-collections/amazon.aws#2546", ipv6OnGateway),
		refuse("AWV-14", "InvalidParameterValue", emulator.OpCreate, model("ec2")+" VpnTunnelOptionsSpecification", insideTwice),
		refuse("AWV-20", "InvalidParameterCombination", emulator.OpWrite,
			"awsdocs/aws-site-to-site-vpn-user-guide initiate-vpn-tunnels.md (code unverified)", cannotStart),
		refuse("AWV-27", "IncorrectState", emulator.OpUpdate, model("ec2")+" ModifyVpnConnection (code unverified)", routesLeftBehind),
	}
}

// needsTransit refuses what only a transit gateway can do, in Terraform's words.
func needsTransit(id rules.ID, path string) emulator.Rule {
	return provider(id, path, terraform(sourceConnection), func(c *emulator.Call) string {
		if !c.In.Has(path) || c.In.Has("transitGatewayId") {
			return ""
		}
		return fmt.Sprintf("%q: all of `%s,transitGatewayId` must be specified", path, path)
	})
}

func connectionToNothing(c *emulator.Call) string {
	if c.In.Has("vpnGatewayId") || c.In.Has("transitGatewayId") {
		return ""
	}
	return "The request must contain the parameter vpnGatewayId or transitGatewayId"
}

func ipv6OnGateway(c *emulator.Call) string {
	if c.In.Str("tunnelInsideIpVersion") != "ipv6" || c.In.Has("transitGatewayId") {
		return ""
	}
	return "The tunnel inside ip version parameter is not currently supported in this VPN gateway."
}

// linkLocal is where inside ranges must lie; reservedInside are those /30s of it
// that AWS keeps for itself.
var (
	linkLocal      = netip.MustParsePrefix("169.254.0.0/16")
	reservedInside = []string{
		"169.254.0.0/30", "169.254.1.0/30", "169.254.2.0/30", "169.254.3.0/30", "169.254.4.0/30", "169.254.5.0/30",
		"169.254.169.252/30",
	}
)

// insideTwice: a gateway's tunnels have inside ranges of their own.
func insideTwice(c *emulator.Call) string {
	mine := c.In.Str("tunnel1InsideCidr")
	if mine != "" && mine == c.In.Str("tunnel2InsideCidr") {
		return fmt.Sprintf("Tunnel inside CIDR %s is used by both tunnels.", mine)
	}
	taken := insidesOf(c)
	for _, t := range tunnels {
		if cidr := c.In.Str(t + "InsideCidr"); slices.Contains(taken, cidr) {
			return fmt.Sprintf("Tunnel inside CIDR %s is in use by another tunnel of %s.", cidr, connectionGateway(c.In))
		}
	}
	return ""
}

func connectionGateway(in inventory.Props) string {
	return in.StrOr("vpnGatewayId", in.Str("transitGatewayId"))
}

// insidesOf are the inside ranges of the other connections of the same gateway.
func insidesOf(c *emulator.Call) []string {
	var list []string
	for _, o := range others(c, awstype.VpnConnection) {
		if connectionGateway(o.In) == connectionGateway(c.In) {
			list = append(list, o.Out.Str("tunnel1InsideCidr"), o.Out.Str("tunnel2InsideCidr"))
		}
	}
	return list
}

// cannotStart: to start a tunnel AWS must know where the peer is, and speak IKEv2.
func cannotStart(c *emulator.Call) string {
	for _, t := range tunnels {
		if c.In.Str(t+"StartupAction") != "start" {
			continue
		}
		if valueOf(c, awstype.CustomerGateway, c.In.Str("customerGatewayId"), "ipAddress") == "" {
			return fmt.Sprintf("%sStartupAction start requires a customer gateway with an IP address.", t)
		}
		if v := c.In.Strings(t + "IkeVersions"); len(v) > 0 && !slices.Contains(v, "ikev2") {
			return fmt.Sprintf("%sStartupAction start requires IKEv2.", t)
		}
	}
	return ""
}

func fillConnection(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn":                regional(c, "ec2", "vpn-connection/"+c.ID),
		"enableAcceleration": false, "staticRoutesOnly": false, "tunnelInsideIpVersion": "ipv4",
		"localIpv4NetworkCidr": "0.0.0.0/0", "remoteIpv4NetworkCidr": "0.0.0.0/0",
		"outsideIpAddressType": "PublicIpv4", "routes": []any{},
	})
	fillTransit(c)
	if err := fillAddresses(c); err != nil {
		return err
	}
	for _, t := range tunnels {
		fillTunnel(c, t)
	}
	keep(c, "vgwTelemetries", func() any { return quiet(c) })
	text, err := configurationOf(c)
	c.Out.Set("customerGatewayConfiguration", text)
	return err
}

// routesLeftBehind: static routes do not move to a transit gateway; AWS wants them
// deleted before the connection moves.
func routesLeftBehind(c *emulator.Call) string {
	if !c.In.Has("transitGatewayId") || !c.OldIn.Has("vpnGatewayId") || len(staticRoutes(c)) == 0 {
		return ""
	}
	return fmt.Sprintf("The vpnConnection '%s' has static routes. Delete them before you migrate it to a transit gateway.", c.ID)
}

func staticRoutes(c *emulator.Call) []*inventory.Object {
	return where(c, awstype.VpnConnectionRoute, "vpnConnectionId", c.ID)
}

// movesPath counts, hidden, how often a connection has come to a transit gateway:
// each time it gets an attachment of its own.
const movesPath = "moves"

// fillTransit lets the attachment of a connection come and go with its transit
// gateway. What hung on the old one goes with it.
func fillTransit(c *emulator.Call) {
	before, now := c.OldIn.Str("transitGatewayId"), c.In.Str("transitGatewayId")
	attachment := c.Old.Str("transitGatewayAttachmentId")
	if now == before && attachment != "" {
		c.Out.Set("transitGatewayAttachmentId", attachment)
		return
	}
	if attachment != "" {
		forgetAttachment(c, attachment)
	}
	if now == "" {
		return
	}
	c.Hidden.Set(movesPath, c.Hidden.Int(movesPath)+1)
	attachment = opaqueOf(c, "tgw-attach", fmt.Sprint("vpn", c.Hidden.Int(movesPath)))
	c.Out.Set("transitGatewayAttachmentId", attachment)
	joinDefaults(c, now, attachment, "vpn", c.ID)
}

// goneWithConnection takes away the attachment and the static routes of a
// connection.
func goneWithConnection(c *emulator.Call) error {
	if attachment := c.Old.Str("transitGatewayAttachmentId"); attachment != "" {
		forgetAttachment(c, attachment)
	}
	removeIf(c, func(o *inventory.Object) bool { return o.Value("vpnConnectionId") == c.ID }, awstype.VpnConnectionRoute)
	return nil
}

// fillAddresses gives the tunnels their outside addresses. Which of the two is
// tunnel 1 the provider finds out afterwards, by the key, else by the inside
// range, else by the order of the addresses (AWV-36): with equal keys and no
// inside ranges that order decides, whatever AWS meant.
func fillAddresses(c *emulator.Call) error {
	if c.Old.Has("tunnel1Address") {
		c.Out.Set("tunnel1Address", c.Old.Str("tunnel1Address"))
		c.Out.Set("tunnel2Address", c.Old.Str("tunnel2Address"))
		return nil
	}
	first, err := publicAddress(c, "tunnel1")
	if err != nil {
		return err
	}
	second, err := publicAddress(c, "tunnel2", first)
	if err != nil {
		return err
	}
	if indistinct(c.In) && second < first {
		first, second = second, first
	}
	c.Out.Set("tunnel1Address", first)
	c.Out.Set("tunnel2Address", second)
	return nil
}

// indistinct reports whether the provider cannot tell the tunnels apart.
func indistinct(in inventory.Props) bool {
	return in.Str("tunnel1PresharedKey") == in.Str("tunnel2PresharedKey") &&
		!in.Has("tunnel1InsideCidr") && !in.Has("tunnel2InsideCidr")
}
