package aws

import (
	"encoding/xml"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
)

const sourceConnection = "ec2/vpnsite_connection.go"

// Algorithms that AWS offers in both phases, and the Diffie-Hellman groups of
// each. Source: aws-sdk-go models ec2 VpnTunnelOptionsSpecification.
var (
	encryptions = []string{"AES128", "AES256", "AES128-GCM-16", "AES256-GCM-16"}
	integrities = []string{"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"}
	phase1DH    = []int{2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}
	phase2DH    = append([]int{5}, phase1DH...)
)

// Lifetimes and timers, in seconds.
const (
	shortestLife  = 900
	longestPhase1 = 28800 // also the default
	longestPhase2 = 3600  // also the default
	defaultMargin = 270
	bgpHold       = 30
)

// tunnels are the two of every connection, as prefixes of its properties.
var tunnels = []string{"tunnel1", "tunnel2"}

func vpnConnection() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  typeVpnConnection,
		NewID: opaque("vpn"),
		Refs: []emulator.Ref{
			refersTo("customerGatewayId", "InvalidCustomerGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), typeCustomerGateway),
			refersTo("vpnGatewayId", "InvalidVpnGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), typeVpnGateway),
			refersTo("transitGatewayId", "InvalidTransitGatewayID.NotFound", "IncorrectState", moto("ec2/exceptions.py"), typeTransitGateway),
		},
		// A change of the gateway keeps the tunnels' addresses and keys, and takes both
		// tunnels down while it lasts (AWV-28).
		BusyObject: true, BusyCode: "IncorrectState",
		BusySource: "AWV-28, awsdocs/aws-site-to-site-vpn-user-guide endpoint-replacements.md",
		Gone:       goneWithConnection,
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
func needsTransit(id, path string) emulator.Rule {
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

// tunnelRules are the options of one tunnel.
func tunnelRules(t string) []emulator.Rule {
	source := terraform(sourceConnection)
	spec := model("ec2") + " VpnTunnelOptionsSpecification"
	return []emulator.Rule{
		provider("AWV-14", t+"InsideCidr", source, func(c *emulator.Call) string { return insideRange(t, c.In.Str(t+"InsideCidr")) }),
		provider("AWV-15", t+"PresharedKey", source, func(c *emulator.Call) string { return keyWords(t, c.In.Str(t+"PresharedKey")) }),
		oneOf("AWV-16", t+"Phase1EncryptionAlgorithms", source, encryptions...),
		oneOf("AWV-16", t+"Phase1IntegrityAlgorithms", source, integrities...),
		within("AWV-16", t+"Phase1LifetimeSeconds", source, shortestLife, longestPhase1),
		oneOf("AWV-17", t+"Phase2EncryptionAlgorithms", source, encryptions...),
		oneOf("AWV-17", t+"Phase2IntegrityAlgorithms", source, integrities...),
		within("AWV-17", t+"Phase2LifetimeSeconds", source, shortestLife, longestPhase2),
		within("AWV-18", t+"RekeyMarginTimeSeconds", source, 60, 1800),
		within("AWV-18", t+"RekeyFuzzPercentage", source, 0, 100),
		within("AWV-18", t+"ReplayWindowSize", source, 64, 2048),
		provider("AWV-18", t+"DpdTimeoutSeconds", source, func(c *emulator.Call) string { return dpdTimeout(t, c) }),
		oneOf("AWV-18", t+"DpdTimeoutAction", source, "clear", "none", "restart"),
		oneOf("AWV-19", t+"IkeVersions", source, "ikev1", "ikev2"),
		oneOf("AWV-20", t+"StartupAction", source, "add", "start"),
		oneOf("AWV-29", t+"LogOptions.cloudwatchLogOptions.logOutputFormat", source, "json", "text"),
		refuse("AWV-16", "InvalidParameterValue", emulator.OpWrite, spec, func(c *emulator.Call) string {
			return badGroup(c, t+"Phase1DhGroupNumbers", phase1DH)
		}),
		refuse("AWV-17", "InvalidParameterValue", emulator.OpWrite, spec, func(c *emulator.Call) string {
			return badGroup(c, t+"Phase2DhGroupNumbers", phase2DH)
		}),
		refuse("AWV-17", "InvalidParameterValue", emulator.OpWrite, spec, func(c *emulator.Call) string { return phase2Longer(t, c) }),
		refuse("AWV-18", "InvalidParameterValue", emulator.OpWrite, spec, func(c *emulator.Call) string { return marginTooLong(t, c) }),
	}
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

func insideRange(tunnel, s string) string {
	if s == "" {
		return ""
	}
	p, ok := ipv4Range(s)
	switch {
	case !ok || p.Bits() != 30 || p.Masked() != p:
		return fmt.Sprintf("expected %sInsideCidr to contain a network Value with between 30 and 30 significant bits, got: %s", tunnel, s)
	case !contains(linkLocal, p):
		return fmt.Sprintf("invalid value for %sInsideCidr (must be within 169.254.0.0/16): %s", tunnel, s)
	case slices.Contains(reservedInside, s):
		return fmt.Sprintf("expected %sInsideCidr to none of %q, got %s", tunnel, reservedInside, s)
	}
	return ""
}

var keyCharset = regexp.MustCompile(`^[0-9A-Za-z_.]+$`)

// keyWords never repeats the key.
func keyWords(tunnel, key string) string {
	switch {
	case key == "":
		return ""
	case len(key) < 8 || len(key) > 64:
		return fmt.Sprintf("expected length of %sPresharedKey to be in the range (8 - 64), got %d", tunnel, len(key))
	case key[0] == '0':
		return fmt.Sprintf("invalid value for %sPresharedKey (cannot start with zero character)", tunnel)
	case !keyCharset.MatchString(key):
		return fmt.Sprintf("invalid value for %sPresharedKey (can only contain alphanumeric, period and underscore characters)", tunnel)
	}
	return ""
}

func dpdTimeout(t string, c *emulator.Call) string {
	n, given := c.In.Get(t + "DpdTimeoutSeconds")
	if seconds, ok := n.(float64); given && ok && seconds < 30 {
		return fmt.Sprintf("expected %sDpdTimeoutSeconds to be at least (30), got %v", t, seconds)
	}
	return ""
}

func badGroup(c *emulator.Call, path string, allowed []int) string {
	for _, v := range c.In.List(path) {
		if n, ok := v.(float64); ok && !slices.Contains(allowed, int(n)) {
			return fmt.Sprintf("Value (%v) for parameter %s is invalid. Allowed: %v.", n, path, allowed)
		}
	}
	return ""
}

func seconds(c *emulator.Call, path string, otherwise int) int {
	if n := c.In.Int(path); n != 0 {
		return n
	}
	return otherwise
}

func phase2Longer(t string, c *emulator.Call) string {
	one, two := seconds(c, t+"Phase1LifetimeSeconds", longestPhase1), seconds(c, t+"Phase2LifetimeSeconds", longestPhase2)
	if two < one {
		return ""
	}
	return fmt.Sprintf("Phase2LifetimeSeconds (%d) must be less than Phase1LifetimeSeconds (%d).", two, one)
}

func marginTooLong(t string, c *emulator.Call) string {
	margin, two := seconds(c, t+"RekeyMarginTimeSeconds", defaultMargin), seconds(c, t+"Phase2LifetimeSeconds", longestPhase2)
	if margin <= two/2 {
		return ""
	}
	return fmt.Sprintf("RekeyMarginTimeSeconds (%d) must be at most half of Phase2LifetimeSeconds (%d).", margin, two)
}

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

func connectionGateway(in emulator.Props) string {
	return in.StrOr("vpnGatewayId", in.Str("transitGatewayId"))
}

// insidesOf are the inside ranges of the other connections of the same gateway.
func insidesOf(c *emulator.Call) []string {
	var list []string
	for _, o := range others(c, typeVpnConnection) {
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
		if valueOf(c, typeCustomerGateway, c.In.Str("customerGatewayId"), "ipAddress") == "" {
			return fmt.Sprintf("%sStartupAction start requires a customer gateway with an IP address.", t)
		}
		if v := c.In.Strings(t + "IkeVersions"); len(v) > 0 && !slices.Contains(v, "ikev2") {
			return fmt.Sprintf("%sStartupAction start requires IKEv2.", t)
		}
	}
	return ""
}

func fillConnection(c *emulator.Call) error {
	defaults(c, emulator.Props{
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

func staticRoutes(c *emulator.Call) []*emulator.Object {
	return where(c, typeVpnConnectionRoute, "vpnConnectionId", c.ID)
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
	removeIf(c, func(o *emulator.Object) bool { return o.Value("vpnConnectionId") == c.ID }, typeVpnConnectionRoute)
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
func indistinct(in emulator.Props) bool {
	return in.Str("tunnel1PresharedKey") == in.Str("tunnel2PresharedKey") &&
		!in.Has("tunnel1InsideCidr") && !in.Has("tunnel2InsideCidr")
}

func fillTunnel(c *emulator.Call, t string) {
	keep(c, t+"InsideCidr", func() any { return freeInside(c, t) })
	keep(c, t+"PresharedKey", func() any { return "k" + letters(c.HexOf("key:"+t, 64), keyAlphabet, 31) })
	if p, ok := ipv4Range(c.Out.Str(t + "InsideCidr")); ok {
		c.Out.Set(t+"VgwInsideAddress", nth(p, 1).String())
		c.Out.Set(t+"CgwInsideAddress", nth(p, 2).String())
	}
	asn := valueOf(c, typeVpnGateway, c.In.Str("vpnGatewayId"), "amazonSideAsn")
	if transit := c.Tx.Get(typeTransitGateway, c.In.Str("transitGatewayId")); transit != nil {
		asn = fmt.Sprint(transit.Out.Int("amazonSideAsn"))
	}
	hold := bgpHold
	if c.In.Bool("staticRoutesOnly") { // no BGP, and the configuration has none
		asn, hold = "", 0
	}
	c.Out.Set(t+"BgpAsn", asn)
	c.Out.Default(t+"LogOptions.cloudwatchLogOptions.logEnabled", false)
	c.Out.Set(t+"BgpHoldtime", hold)
}

// freeInside is a /30 that no other tunnel of the gateway has.
func freeInside(c *emulator.Call, t string) string {
	taken := append(insidesOf(c), c.Out.Str("tunnel1InsideCidr"), c.Out.Str("tunnel2InsideCidr"))
	taken = append(taken, reservedInside...)
	const thirties = 1 << 14
	start := spread(c, "inside:"+t)
	for i := range thirties {
		s := netip.PrefixFrom(nth(linkLocal, (start+i)%thirties*4), 30).String()
		if !slices.Contains(taken, s) {
			return s
		}
	}
	return ""
}

// telemetry is what AWS tells of a tunnel.
func telemetry(c *emulator.Call, tunnel, status, message string, routes int) map[string]any {
	return map[string]any{
		"outsideIpAddress": c.Out.Str(tunnel + "Address"), "status": status, "statusMessage": message,
		"acceptedRouteCount": float64(routes), "certificateArn": "", "lastStatusChange": moment(c, tunnel+status),
	}
}

// quiet is the telemetry of tunnels that have just been made.
func quiet(c *emulator.Call) []any {
	return []any{telemetry(c, tunnels[0], "DOWN", "IPSEC IS DOWN", 0), telemetry(c, tunnels[1], "DOWN", "IPSEC IS DOWN", 0)}
}

// refreshConnection shows telemetry that has moved on since the last write, as
// every real refresh does: an output that changes although nobody changed
// anything. The state is worked out from both clouds' objects.
func refreshConnection(c *emulator.Call) error {
	list := quiet(c)
	for _, t := range emulator.Tunnels(c.Tx) {
		switch {
		case t.VPNConnection != c.ID:
		case t.BGP.Up():
			list[t.Number-1] = telemetry(c, tunnels[t.Number-1], "UP", "1 BGP ROUTES", 1)
		case t.IPsec.Up():
			list[t.Number-1] = telemetry(c, tunnels[t.Number-1], "DOWN", "IPSEC IS UP", 0)
		}
	}
	c.Out.Set("vgwTelemetries", list)
	routes := []any{}
	for _, o := range staticRoutes(c) {
		routes = append(routes, map[string]any{
			"destinationCidrBlock": o.Value("destinationCidrBlock"), "source": "Static", "state": "available",
		})
	}
	c.Out.Set("routes", routes)
	return nil
}

// A vpnDocument is what a customer is to configure, keys and all; the provider
// keeps it as a secret.
type vpnDocument struct {
	XMLName xml.Name    `xml:"vpn_connection"`
	ID      string      `xml:"id,attr"`
	Gateway string      `xml:"vpn_gateway_id,omitempty"`
	Peer    string      `xml:"customer_gateway_id"`
	Type    string      `xml:"vpn_connection_type"`
	Tunnels []vpnTunnel `xml:"ipsec_tunnel"`
}

type vpnTunnel struct {
	Customer vpnEnd `xml:"customer_gateway"`
	Gateway  vpnEnd `xml:"vpn_gateway"`
	Key      string `xml:"ike>pre_shared_key"`
}

type vpnEnd struct {
	Outside string `xml:"tunnel_outside_address>ip_address"`
	Inside  string `xml:"tunnel_inside_address>ip_address"`
	Mask    string `xml:"tunnel_inside_address>network_mask"`
	BGP     *vpnBGP
}

// A vpnBGP is one end's side of BGP; connections with static routes have none.
type vpnBGP struct {
	XMLName xml.Name `xml:"bgp"`
	ASN     string   `xml:"asn"`
	Hold    int      `xml:"hold_time"`
}

func bgpOf(c *emulator.Call, asn string) *vpnBGP {
	if c.In.Bool("staticRoutesOnly") {
		return nil
	}
	return &vpnBGP{ASN: asn, Hold: bgpHold}
}

func configurationOf(c *emulator.Call) (string, error) {
	peer := c.In.Str("customerGatewayId")
	doc := vpnDocument{ID: c.ID, Gateway: connectionGateway(c.In), Peer: peer, Type: c.In.Str("type")}
	for _, t := range tunnels {
		doc.Tunnels = append(doc.Tunnels, vpnTunnel{
			Customer: vpnEnd{
				Outside: valueOf(c, typeCustomerGateway, peer, "ipAddress"), Inside: c.Out.Str(t + "CgwInsideAddress"),
				Mask: "255.255.255.252", BGP: bgpOf(c, valueOf(c, typeCustomerGateway, peer, "bgpAsn")),
			},
			Gateway: vpnEnd{
				Outside: c.Out.Str(t + "Address"), Inside: c.Out.Str(t + "VgwInsideAddress"),
				Mask: "255.255.255.252", BGP: bgpOf(c, c.Out.Str(t+"BgpAsn")),
			},
			Key: c.Out.Str(t + "PresharedKey"),
		})
	}
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the configuration of %s: %w", c.ID, err)
	}
	return strings.TrimSuffix(xml.Header, "\n") + "\n" + string(text), nil
}
