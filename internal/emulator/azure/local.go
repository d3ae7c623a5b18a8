package azure

import (
	"fmt"
	"net/netip"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

var localPlace = place{
	provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState | hasGUID,
	path:  []segment{{"localNetworkGateways", "localNetworkGatewayName"}},
	names: networkName(1, 80),
}

func localKinds() []*emulator.Kind {
	return []*emulator.Kind{localPlace.kind(azuretype.LocalNetworkGateway, emulator.Kind{
		Rules: localRules(), Fill: fillLocal,
	})}
}

func localRules() []emulator.Rule {
	const source = "azure-docs articles/vpn-gateway/vpn-gateway-howto-aws-bgp.md"
	return []emulator.Rule{
		rule("AVC-01", codeFormat, emulator.OpWrite, "azure-docs vpn-gateway; bicep"+noCode, badPeerAddress),
		rule("AVC-02", codeFormat, emulator.OpWrite, source+noCode, severalPeers),
		rule("AVC-03", "LocalNetworkGatewayBgpPeeringAddressesMustbeNull", emulator.OpWrite,
			"Azure/azure-powershell#11748", func(c *emulator.Call) string {
				if c.In.Has("bgpSettings.bgpPeeringAddresses") {
					return "The bgpPeeringAddresses of a local network gateway must be null."
				}
				return ""
			}),
		rule("AVC-04", codeFormat, emulator.OpWrite, "terraform-provider-azurerm reports"+noCode, func(c *emulator.Call) string {
			if c.In.Has("bgpSettings") && c.In.Num("bgpSettings.asn") == 0 {
				return "A local network gateway cannot have an ASN of zero."
			}
			return ""
		}),
		rule("AVC-05", "AddressPrefixStringCannotBeNullOrEmpty", emulator.OpWrite,
			"terraform-provider-azurerm#21565", emptyPrefix),
		rule("AVC-05", codeFormat, emulator.OpWrite, sourceBGP+noCode, badAddressSpaces),
		rule("AVG-27", codeFormat, emulator.OpWrite, sourceBGP+"; azure-docs#62263"+noCode, func(c *emulator.Call) string {
			if asn := c.In.Num("bgpSettings.asn"); inRanges(asn, azureASNs) {
				return fmt.Sprintf("ASN %.0f is one of Azure's own; a peer cannot have it.", asn)
			}
			return ""
		}),
		rule("AVG-26", codeFormat, emulator.OpWrite, sourceBGP+noCode, func(c *emulator.Call) string {
			if asn := c.In.Num("bgpSettings.asn"); inRanges(asn, neverASNs) {
				return fmt.Sprintf("ASN %.0f is reserved.", asn)
			}
			return ""
		}),
	}
}

func badPeerAddress(c *emulator.Call) string {
	address, name := c.In.Str("gatewayIpAddress"), c.In.Str("fqdn")
	if (address == "") == (name == "") {
		return fmt.Sprintf("%s must have one of gatewayIpAddress and fqdn.", identify(c))
	}
	if _, err := netip.ParseAddr(address); address != "" && err != nil {
		return fmt.Sprintf("The gatewayIpAddress %s is not an IP address.", address)
	}
	return ""
}

// severalPeers keeps a local network gateway to one BGP peer: two tunnels need two.
func severalPeers(c *emulator.Call) string {
	text := c.In.Str("bgpSettings.bgpPeeringAddress")
	if !c.In.Has("bgpSettings") {
		return ""
	}
	if _, err := netip.ParseAddr(text); err != nil {
		return fmt.Sprintf("The bgpPeeringAddress %q is not one IP address.", text)
	}
	return ""
}

func emptyPrefix(c *emulator.Call) string {
	if slices.Contains(c.In.Strings("localNetworkAddressSpace.addressPrefixes"), "") {
		return fmt.Sprintf("Address prefix string for resource %s cannot be null or empty.", identify(c))
	}
	return ""
}

// badAddressSpaces lets pass what overlaps a VNet: Azure takes it, and routes by
// the longest prefix (azure-docs#60393).
func badAddressSpaces(c *emulator.Call) string {
	texts := c.In.Strings("localNetworkAddressSpace.addressPrefixes")
	for _, text := range texts {
		if _, err := parseNetwork(text); err != nil {
			return fmt.Sprintf("The local network address space is invalid: %v.", err)
		}
	}
	if len(texts) == 0 && !c.In.Has("bgpSettings") {
		return "A local network gateway without BGP must have an address space."
	}
	return ""
}

func fillLocal(c *emulator.Call) error {
	if c.In.Has("bgpSettings") {
		c.Out.Set("bgpSettings.peerWeight", c.In.Num("bgpSettings.peerWeight"))
	}
	if !c.In.Has("localNetworkAddressSpace.addressPrefixes") {
		c.Out.Set("localNetworkAddressSpace", map[string]any{"addressPrefixes": []any{}})
	}
	return nil
}
