package azure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach"
	"burrow/internal/rules"
)

var connectionPlace = place{
	provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState | hasGUID,
	path:  []segment{{"connections", "virtualNetworkGatewayConnectionName"}},
	names: networkName(1, 80),
}

const sourceCompliance = "azure-docs articles/vpn-gateway/vpn-gateway-about-compliance-crypto.md"

func connectionKinds() []*emulator.Kind {
	return []*emulator.Kind{connectionPlace.kind(azuretype.VirtualNetworkGatewayConnection, emulator.Kind{
		Refs: []emulator.Ref{
			{
				Path: "virtualNetworkGateway1.id", To: []string{azuretype.VirtualNetworkGateway}, Missing: codeReference,
				InUse: "VirtualNetworkGatewayCannotBeDeleted",
				Rule:  "AVG-39", Source: "code as printed in public issue reports",
			},
			{
				Path: "virtualNetworkGateway2.id", To: []string{azuretype.VirtualNetworkGateway}, Missing: codeReference,
				InUse: "VirtualNetworkGatewayCannotBeDeleted",
				Rule:  "AVG-39", Source: "code as printed in public issue reports",
			},
			{
				Path: "localNetworkGateway2.id", To: []string{azuretype.LocalNetworkGateway}, Missing: codeReference,
				InUse: "InUseLocalNetworkGatewayCannotBeDeleted",
				Rule:  "AVC-07", Source: "Microsoft's list of ARM error codes, by analogy (code unverified)",
			},
		},
		Rules: slices.Concat(connectionRules(), policyRules(), connectionBGPRules()),
		Fill:  fillConnection, Refresh: echoStatus,
		// A PUT on an existing connection ignores the key, and a GET never
		// returns it (AVC-12).
		Sticky: []string{"sharedKey"}, WriteOnly: []string{"sharedKey"},
	})}
}

func connectionRules() []emulator.Rule {
	return []emulator.Rule{
		rule("AVC-08", codeFormat, emulator.OpWrite, "bicep"+noCode, missingPeer),
		immutable("AVC-09", codeFormat, "terraform-provider-azurerm connection resource, ForceNew"+noCode,
			"connectionProtocol", "connectionType", "virtualNetworkGateway1.id", "localNetworkGateway2.id"),
		rule("PRO-06", "ReferencedResourceNotProvisioned", emulator.OpWrite, "Microsoft's list of ARM error codes", unfinishedGateway),
		rule("AVC-11", codeFormat, emulator.OpWrite,
			"azure-docs VPN gateway FAQ; az network vpn-connection shared-key"+noCode, badSharedKey),
		rule("AVC-33", "ConnectionOverlappingAddressSpaces", emulator.OpWrite,
			"azure-docs vpn-gateway-highlyavailable.md; azure-docs#110829; the condition is not documented exactly"+unverified, overlappingPrefixes),
		rule("AVC-22", codeFormat, emulator.OpWrite,
			"azure-docs; terraform-provider-azurerm"+noCode, numberBetween("dpdTimeoutSeconds", 9, 3600)),
	}
}

func missingPeer(c *emulator.Call) string {
	switch c.In.Str("connectionType") {
	case "IPsec":
		if !c.In.Has("localNetworkGateway2.id") {
			return "A connection of type IPsec needs localNetworkGateway2."
		}
	case "Vnet2Vnet":
		if !c.In.Has("virtualNetworkGateway2.id") {
			return "A connection of type Vnet2Vnet needs virtualNetworkGateway2."
		}
	}
	if !c.In.Has("virtualNetworkGateway1.id") {
		return "A connection needs virtualNetworkGateway1."
	}
	return ""
}

func unfinishedGateway(c *emulator.Call) string {
	g := gatewayOf(c)
	if g == nil || g.Out.Str("provisioningState") == "Succeeded" {
		return ""
	}
	return fmt.Sprintf("Cannot proceed with operation because resource %s used by resource %s is not in "+
		"Succeeded state. Resource is in %s state.", g.ID, identify(c), g.Out.Str("provisioningState"))
}

// overlappingPrefixes: without BGP the prefixes of a gateway's local network
// gateways tell its connections apart.
func overlappingPrefixes(c *emulator.Call) string {
	if c.In.Bool("enableBgp") {
		return ""
	}
	mine := prefixesBehind(c, c.In)
	for _, other := range c.Tx.All(azuretype.VirtualNetworkGatewayConnection) {
		if inventory.SameID(other.ID, identify(c)) || other.In.Bool("enableBgp") ||
			!inventory.SameID(other.In.Str("virtualNetworkGateway1.id"), c.In.Str("virtualNetworkGateway1.id")) {
			continue
		}
		for _, theirs := range prefixesBehind(c, other.In) {
			if i := slices.IndexFunc(mine, theirs.Overlaps); i >= 0 {
				return fmt.Sprintf("The address space %s behind connection %s overlaps %s behind %s; connections of one gateway to the same addresses need BGP.",
					mine[i], identify(c), theirs, other.ID)
			}
		}
	}
	return ""
}

// prefixesBehind are the address spaces of a connection's local network gateway.
func prefixesBehind(c *emulator.Call, connection inventory.Props) []netip.Prefix {
	var all []netip.Prefix
	if peer := c.Tx.Get(azuretype.LocalNetworkGateway, connection.Str("localNetworkGateway2.id")); peer != nil {
		for _, text := range peer.In.Strings("localNetworkAddressSpace.addressPrefixes[*]") {
			if p, err := netip.ParsePrefix(text); err == nil {
				all = append(all, p)
			}
		}
	}
	return all
}

func gatewayOf(c *emulator.Call) *inventory.Object {
	return c.Tx.Get(azuretype.VirtualNetworkGateway, c.In.Str("virtualNetworkGateway1.id"))
}

// badSharedKey takes printable ASCII but for space, hyphen and tilde, 1 to 128
// characters. The message does not quote the key.
func badSharedKey(c *emulator.Call) string {
	key := c.In.Str("sharedKey")
	if key == "" {
		return "" // Azure makes one
	}
	illegal := func(r rune) bool { return r <= ' ' || r >= '~' || r == '-' }
	if len(key) > 128 || strings.ContainsFunc(key, illegal) {
		return "The shared key must be 1 to 128 printable ASCII characters without space, hyphen and tilde."
	}
	return ""
}

// numberBetween refuses a number that is set and out of range.
func numberBetween(path string, low, high float64) func(*emulator.Call) string {
	return func(c *emulator.Call) string {
		if n := c.In.Num(path); c.In.Has(path) && (n < low || n > high) {
			return fmt.Sprintf("%s is %.0f; it must be %.0f to %.0f.", path, n, low, high)
		}
		return ""
	}
}

// policyRule enforces something for every IPsec policy of a connection.
func policyRule(id rules.ID, source string, broken func(p inventory.Props) string) emulator.Rule {
	return rule(id, codeFormat, emulator.OpWrite, source+noCode, func(c *emulator.Call) string {
		for _, p := range c.In.Maps("ipsecPolicies") {
			if message := broken(p); message != "" {
				return message
			}
		}
		return ""
	})
}

// policyRules leave the legal values of each field (AVC-14 to AVC-19) to the
// enums of the schema.
func policyRules() []emulator.Rule {
	const howto = "azure-docs articles/vpn-gateway/ipsec-ike-policy-howto.md"
	return []emulator.Rule{
		rule("AVC-13", codeFormat, emulator.OpWrite, howto+noCode, policyNotAllowed),
		policyRule("AVC-15", sourceCompliance, unequalGCM),
		policyRule("AVC-17", "azure-docs#118987; azure-rest-api-specs#27628", schemaOnlyIntegrity),
		policyRule("AVC-20", "terraform-provider-azurerm connection resource", func(p inventory.Props) string {
			if n := p.Num("saLifeTimeSeconds"); n < 300 {
				return fmt.Sprintf("saLifeTimeSeconds is %.0f; it must be at least 300.", n)
			}
			return ""
		}),
		policyRule("AVC-21", "terraform-provider-azurerm connection resource", func(p inventory.Props) string {
			if n := p.Num("saDataSizeKilobytes"); n != 0 && (n < 1024 || n > 2147483647) {
				return fmt.Sprintf("saDataSizeKilobytes is %.0f; it must be 0 or 1024 to 2147483647.", n)
			}
			return ""
		}),
	}
}

func policyNotAllowed(c *emulator.Call) string {
	n := len(c.In.Maps("ipsecPolicies"))
	if n > 1 {
		return fmt.Sprintf("A connection takes one IPsec policy, not %d.", n)
	}
	if g := gatewayOf(c); n == 1 && g != nil && g.In.Str("sku.name") == "Basic" {
		return "A gateway of SKU Basic takes no custom IPsec policy."
	}
	return ""
}

// schemaOnlyIntegrity refuses what the schema lists and the service does not take.
func schemaOnlyIntegrity(p inventory.Props) string {
	if v := p.Str("ikeIntegrity"); strings.HasPrefix(v, "GCMAES") {
		return fmt.Sprintf("ikeIntegrity is %s; it must be one of MD5, SHA1, SHA256, SHA384.", v)
	}
	return ""
}

func unequalGCM(p inventory.Props) string {
	encryption, integrity := p.Str("ipsecEncryption"), p.Str("ipsecIntegrity")
	gcm := strings.HasPrefix(encryption, "GCMAES") || strings.HasPrefix(integrity, "GCMAES")
	if gcm && encryption != integrity {
		return fmt.Sprintf("ipsecEncryption %s needs the same ipsecIntegrity, not %s.", encryption, integrity)
	}
	return ""
}

func connectionBGPRules() []emulator.Rule {
	return []emulator.Rule{
		rule("AVG-28", codeFormat, emulator.OpWrite, sourceBGP+noCode, equalASNs),
		rule("AVG-25", codeFormat, emulator.OpWrite, sourceBGP+" (unverified)", peerWithoutBGP),
		rule("AVC-25", codeFormat, emulator.OpWrite, "bicep"+noCode, foreignCustomAddress),
		rule("AVC-28", codeFormat, emulator.OpWrite,
			"terraform-provider-azurerm connection resource"+noCode, customWithoutBGP),
	}
}

func equalASNs(c *emulator.Call) string {
	g, l := gatewayOf(c), c.Tx.Get(azuretype.LocalNetworkGateway, c.In.Str("localNetworkGateway2.id"))
	if g == nil || l == nil || !c.In.Bool("enableBgp") {
		return ""
	}
	if asn := g.Out.Num("bgpSettings.asn"); asn == l.In.Num("bgpSettings.asn") {
		return fmt.Sprintf("Both ends of the connection have ASN %.0f; they must differ.", asn)
	}
	return ""
}

// peerWithoutBGP refuses BGP with an end that has no ASN. A gateway with
// enableBgp off has one all the same: Azure takes the connection, and BGP stays
// down (AVG-25, reach.Tunnels).
func peerWithoutBGP(c *emulator.Call) string {
	l := c.Tx.Get(azuretype.LocalNetworkGateway, c.In.Str("localNetworkGateway2.id"))
	if l == nil || !c.In.Bool("enableBgp") || l.In.Has("bgpSettings") {
		return ""
	}
	return fmt.Sprintf("BGP is enabled on the connection and local network gateway %s has no BGP settings.", l.ID)
}

func foreignCustomAddress(c *emulator.Call) string {
	g := gatewayOf(c)
	for _, choice := range c.In.Maps("gatewayCustomBgpIpAddresses") {
		id, address := choice.Str("ipConfigurationId"), choice.Str("customBgpIpAddress")
		if g == nil || !slices.Contains(customOf(g, id), address) {
			return fmt.Sprintf("%s is no custom BGP address of IP configuration %s.", address, id)
		}
	}
	return ""
}

// customOf are the custom BGP addresses of one of a gateway's configurations.
func customOf(gateway *inventory.Object, configuration string) []string {
	for _, p := range gateway.Out.Maps("bgpSettings.bgpPeeringAddresses") {
		if inventory.SameID(p.Str("ipconfigurationId"), configuration) {
			return p.Strings("customBgpIpAddresses")
		}
	}
	return nil
}

func customWithoutBGP(c *emulator.Call) string {
	if !c.In.Has("gatewayCustomBgpIpAddresses[0]") {
		return ""
	}
	if c.In.Str("connectionType") != "IPsec" || !c.In.Bool("enableBgp") {
		return "Custom BGP addresses need a connection of type IPsec with enableBgp."
	}
	if g := gatewayOf(c); g != nil && !g.In.Bool("activeActive") {
		return "Custom BGP addresses need an active-active gateway."
	}
	return ""
}

func fillConnection(c *emulator.Call) error {
	c.Out.Default("connectionMode", "Default")
	c.Out.Default("connectionProtocol", "IKEv2")
	c.Out.Default("dpdTimeoutSeconds", 45)
	c.Out.Default("enableBgp", false)
	c.Out.Default("expressRouteGatewayBypass", false)
	c.Out.Default("enablePrivateLinkFastPath", false)
	c.Out.Default("ipsecPolicies", []any{})
	c.Out.Default("routingWeight", 0)
	c.Out.Default("trafficSelectorPolicies", []any{})
	c.Out.Default("useLocalAzureIpAddress", false)
	c.Out.Default("usePolicyBasedTrafficSelectors", false)
	c.Out.Set("connectionStatus", "Unknown")
	c.Out.Set("egressBytesTransferred", 0)
	c.Out.Set("ingressBytesTransferred", 0)
	return nil
}

// echoStatus says how the connection's tunnel is. A write says nothing of it
// (AVC-31); a read finds what the two gateways have made of it.
func echoStatus(c *emulator.Call) error {
	if c.Op != emulator.OpRead {
		return nil
	}
	c.Out.Set("connectionStatus", "NotConnected")
	for _, t := range reach.Tunnels(c.Tx.View) {
		if inventory.SameID(t.Connection, c.ID) && t.IPsec.Up() {
			c.Out.Set("connectionStatus", "Connected")
		}
	}
	return nil
}
