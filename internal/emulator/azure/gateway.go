package azure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var gatewayPlace = place{
	provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState | hasGUID,
	path:  []segment{{"virtualNetworkGateways", "virtualNetworkGatewayName"}},
	names: networkName(1, 80),
}

const (
	codePublicIPInUse = "PublicIPAddressCannotBeDeleted"
	sourceSettings    = "azure-docs articles/vpn-gateway/vpn-gateway-about-vpn-gateway-settings.md"
	sourceBGP         = "azure-docs articles/vpn-gateway/vpn-gateway-bgp-overview.md"
	sourceUpgrade     = "azure-docs articles/vpn-gateway/gateway-sku-upgrade.md"
	noCode            = " (code not found: the generic one)"
	defaultASN        = 65515
)

func gatewayKinds() []*emulator.Kind {
	return []*emulator.Kind{gatewayPlace.kind(azuretype.VirtualNetworkGateway, emulator.Kind{
		Refs: []emulator.Ref{
			subnetRef("ipConfigurations[*].subnet.id"),
			{
				Path: "ipConfigurations[*].publicIPAddress.id", To: []string{azuretype.PublicIPAddress}, Missing: codeReference,
				InUse: codePublicIPInUse, Rule: "AVG-13", Source: "terraform-provider-azurerm#688; Microsoft's list of ARM error codes",
			},
		},
		Rules:   slices.Concat(gatewaySKURules(), gatewayLayoutRules(), gatewayBGPRules()),
		Fill:    fillGateway,
		Refresh: fillGatewayBGP,
	})}
}

// azSKUs are the zone-redundant SKUs with the generations that each belongs to.
// Source: azure-docs about-gateway-skus.md, AVG-05.
var azSKUs = map[string][]string{
	"VpnGw1AZ": {"Generation1"}, "VpnGw2AZ": {"Generation1", "Generation2"},
	"VpnGw3AZ": {"Generation1", "Generation2"}, "VpnGw4AZ": {"Generation2"}, "VpnGw5AZ": {"Generation2"},
	"Basic": {"Generation1"},
}

func gatewaySKURules() []emulator.Rule {
	return []emulator.Rule{
		rule("AVG-01", "NonAzSkusNotAllowedForVPNGateway", emulator.OpCreate,
			"azure-docs gateway-sku-consolidation.md; PaloAltoNetworks swfw#193", oldSKU),
		rule("AVG-03", "InvalidGatewaySize", emulator.OpWrite, "terraform-provider-azurerm#8132", unknownSKU),
		rule("AVG-05", codeFormat, emulator.OpWrite, sourceSettings+noCode, wrongGeneration),
		rule("AVG-04", "BasicSkuVirtualNetworkGatewayDoesNotSupportBgp", emulator.OpWrite,
			"Azure-Landing-Zones#3760", basicWithBGP),
		rule("AVG-04", codeFormat, emulator.OpWrite, "azure-docs about-gateway-skus.md"+noCode, basicActiveActive),
		rule("AVG-05", "CrossSeriesOrCrossGatewayGenenrationResizeNotSupported", emulator.OpUpdate, // the service's own spelling
			"terraform-provider-azurerm#5535; "+sourceUpgrade, otherGeneration),
		rule("AVG-01", codeFormat, emulator.OpUpdate, sourceUpgrade+noCode, smallerSKU),
		immutable("AVG-23", codeFormat, sourceSettings+noCode, "vpnType", "gatewayType"),
	}
}

func oldSKU(c *emulator.Call) string {
	sku := c.In.Str("sku.name")
	if len(sku) == len("VpnGw1") && strings.HasPrefix(sku, "VpnGw") {
		return fmt.Sprintf("VpnGw1-5 non-AZ SKUs are no longer supported for new VPN gateways: "+
			"%s has the SKU %s, use %sAZ.", identify(c), sku, sku)
	}
	return ""
}

func unknownSKU(c *emulator.Call) string {
	sku := c.In.Str("sku.name")
	old := c.Op == emulator.OpUpdate && strings.HasPrefix(sku, "VpnGw")
	if c.In.Str("gatewayType") != "Vpn" || azSKUs[sku] != nil || old {
		return ""
	}
	return fmt.Sprintf("Provided sku %q is not supported for a gateway of type Vpn. "+
		"Allowed: Basic, VpnGw1AZ, VpnGw2AZ, VpnGw3AZ, VpnGw4AZ, VpnGw5AZ.", sku)
}

func wrongGeneration(c *emulator.Call) string {
	sku, generation := c.In.Str("sku.name"), c.In.Str("vpnGatewayGeneration")
	if generation == "" || generation == "None" || azSKUs[sku] == nil || slices.Contains(azSKUs[sku], generation) {
		return ""
	}
	return fmt.Sprintf("SKU %s does not exist in %s; it belongs to %s.",
		sku, generation, strings.Join(azSKUs[sku], " and "))
}

// basicWithBGP looks at bgpSettings too: the service takes an ASN for BGP, even
// with enableBgp off.
func basicWithBGP(c *emulator.Call) string {
	if c.In.Str("sku.name") != "Basic" || !c.In.Bool("enableBgp") && !c.In.Has("bgpSettings.asn") {
		return ""
	}
	return "A virtual network gateway SKU of Standard or higher is required for BGP support on virtual network gateway " +
		identify(c)
}

func basicActiveActive(c *emulator.Call) string {
	if c.In.Str("sku.name") == "Basic" && c.In.Bool("activeActive") {
		return "A gateway of SKU Basic cannot be active-active."
	}
	return ""
}

// otherGeneration refuses to take a gateway out of its family: from Basic or to
// it, and from one generation to the other, whether named or meant by the SKU.
func otherGeneration(c *emulator.Call) string {
	before, now := c.Old.Str("vpnGatewayGeneration"), c.In.Str("vpnGatewayGeneration")
	was, sku := c.Old.Str("sku.name"), c.In.Str("sku.name")
	named := now != "" && now != "None" && now != before
	meant := azSKUs[sku] != nil && !slices.Contains(azSKUs[sku], before)
	if !named && !meant && (was == "Basic") == (sku == "Basic") {
		return ""
	}
	return fmt.Sprintf("Resize from ASeries to DSeries or vice versa and Resize across VirtualNetworkVpnGatewayGenerations "+
		"are not supported. %s is %s of %s.", c.ID, was, before)
}

// smallerSKU: a gateway in its place only ever grows.
func smallerSKU(c *emulator.Call) string {
	was, sku := c.Old.Str("sku.name"), c.In.Str("sku.name")
	if azSKUs[was] == nil || azSKUs[sku] == nil || sku >= was {
		return ""
	}
	return fmt.Sprintf("The SKU of %s cannot be changed from %s to %s: delete the gateway and create another one.", c.ID, was, sku)
}

func gatewayLayoutRules() []emulator.Rule {
	const zones = "Azure/ResourceModules#2609; ansible-collections/azure#2208; physical-ai-toolchain#350"
	return []emulator.Rule{
		rule("AVG-06", "ActiveActiveGatewayMustHaveExactlyTwoIpConfigurations", emulator.OpWrite,
			"Azure/ALZ-Bicep#768", wrongConfigurationCount),
		rule("AVG-06", codeFormat, emulator.OpWrite, "Azure/ALZ-Bicep#768"+noCode, passiveConfigurationCount),
		rule("AVG-06", codeFormat, emulator.OpWrite, "Azure/ALZ-Bicep#768"+noCode, sharedPublicIP),
		rule("AVG-07", codeFormat, emulator.OpWrite, sourceSettings+noCode, activeActiveNeeds),
		rule("AVG-40", "ActiveActiveGatewayPublicIPAddressesDiffersInSkuOrZones", emulator.OpWrite,
			"Azure/terraform-azurerm-caf-enterprise-scale#940", unlikeAddresses),
		rule("AVG-42", codeFormat, emulator.OpUpdate,
			"terraform-provider-azurerm#27756; azure-cli#30220"+noCode, otherAddress),
		rule("AVG-15", codeFormat, emulator.OpWrite,
			"terraform-provider-azurerm validate/gateway_subnet.go; azure-docs#52229"+noCode, notGatewaySubnet),
		rule("AVG-16", codeFormat, emulator.OpWrite, sourceSettings+noCode, smallGatewaySubnet),
		rule("AVG-22", codeFormat, emulator.OpCreate,
			"azure-docs includes/azure-virtual-network-limits.md"+noCode, secondGateway),
		late(rule("AVG-08", "VmssVpnGatewayPublicIpsMustHaveZonesConfigured", emulator.OpWrite, zones, zonelessPublicIP)),
	}
}

func wrongConfigurationCount(c *emulator.Call) string {
	n := len(c.In.Maps("ipConfigurations"))
	// A third one is for point-to-site clients.
	if !c.In.Bool("activeActive") || n == 2 || n == 3 && c.In.Has("vpnClientConfiguration") {
		return ""
	}
	return fmt.Sprintf("Active-Active gateway %s must have exactly two IpConfigurations, it has %d.", identify(c), n)
}

func passiveConfigurationCount(c *emulator.Call) string {
	if n := len(c.In.Maps("ipConfigurations")); !c.In.Bool("activeActive") && n != 1 {
		return fmt.Sprintf("Gateway %s is not active-active and must have one IP configuration, it has %d.", identify(c), n)
	}
	return ""
}

func sharedPublicIP(c *emulator.Call) string {
	taken := map[string]string{}
	for _, g := range c.Tx.All(azuretype.VirtualNetworkGateway) {
		if inventory.SameID(g.ID, identify(c)) {
			continue
		}
		for _, id := range g.In.Strings("ipConfigurations[*].publicIPAddress.id") {
			taken[strings.ToLower(id)] = g.ID
		}
	}
	for _, ip := range c.In.Maps("ipConfigurations") {
		id := strings.ToLower(ip.Str("publicIPAddress.id"))
		if id == "" {
			return fmt.Sprintf("IP configuration %s has no public IP address.", ip.Str("name"))
		}
		if user := taken[id]; user != "" {
			return fmt.Sprintf("Public IP address %s is already allocated to %s.", id, user)
		}
		taken[id] = "IP configuration " + ip.Str("name")
	}
	return ""
}

func activeActiveNeeds(c *emulator.Call) string {
	if !c.In.Bool("activeActive") {
		return ""
	}
	if c.In.Str("vpnType") == "PolicyBased" {
		return "An active-active gateway must be RouteBased."
	}
	for _, id := range c.In.Strings("ipConfigurations[*].publicIPAddress.id") {
		if o := c.Tx.Get(azuretype.PublicIPAddress, id); o != nil && o.Out.Str("sku.name") != skuStandard {
			return fmt.Sprintf("Public IP address %s of an active-active gateway must be of SKU Standard.", id)
		}
	}
	return ""
}

// unlikeAddresses compares the addresses of the two instances; the third one of
// an active-active gateway is for point-to-site clients.
func unlikeAddresses(c *emulator.Call) string {
	if !c.In.Bool("activeActive") {
		return ""
	}
	first := ""
	for i, id := range c.In.Strings("ipConfigurations[*].publicIPAddress.id") {
		o := c.Tx.Get(azuretype.PublicIPAddress, id)
		if o == nil || i > 1 {
			continue
		}
		traits := fmt.Sprintf("SKU %s and zones %v", o.Out.Str("sku.name"), slices.Sorted(slices.Values(o.In.Strings("zones"))))
		if first != "" && traits != first {
			return fmt.Sprintf("The public IP addresses of active-active gateway %s must agree: one has %s, %s has %s.",
				identify(c), first, id, traits)
		}
		first = traits
	}
	return ""
}

// otherAddress: an IP configuration keeps its public address for life. One may
// come or go, as when a gateway becomes active-active.
func otherAddress(c *emulator.Call) string {
	before := map[string]string{}
	for _, ip := range c.OldIn.Maps("ipConfigurations") {
		before[ip.Str("name")] = ip.Str("publicIPAddress.id")
	}
	for _, ip := range c.In.Maps("ipConfigurations") {
		name, id := ip.Str("name"), ip.Str("publicIPAddress.id")
		if was, had := before[name]; had && !inventory.SameID(was, id) {
			return fmt.Sprintf("The public IP address of IP configuration %s of gateway %s cannot be changed from %s to %s.",
				name, c.ID, was, id)
		}
	}
	return ""
}

func notGatewaySubnet(c *emulator.Call) string {
	vnet := ""
	for _, ip := range c.In.Maps("ipConfigurations") {
		id := ip.Str("subnet.id")
		switch {
		case id == "":
			return fmt.Sprintf("Subnet reference is required for ipconfiguration %s.", ip.Str("name"))
		case !sameName(lastOf(id), gatewaySubnet):
			return fmt.Sprintf("Subnet %s is not named %s.", id, gatewaySubnet)
		case vnet != "" && !inventory.SameID(vnet, parentOf(id)):
			return "The IP configurations lie in different virtual networks."
		}
		vnet = parentOf(id)
	}
	if o := c.Tx.Get(azuretype.VirtualNetwork, vnet); o != nil && locationAt(o) != location(c) {
		return fmt.Sprintf("The gateway is in %s and its virtual network in %s.", location(c), locationAt(o))
	}
	return ""
}

// gatewaySubnetBits is the longest prefix of a GatewaySubnet for SKUs above Basic.
const gatewaySubnetBits = 27

func smallGatewaySubnet(c *emulator.Call) string {
	for _, id := range c.In.Strings("ipConfigurations[*].subnet.id") {
		o := c.Tx.Get(azuretype.Subnet, id)
		if o == nil || c.In.Str("sku.name") == "Basic" {
			continue
		}
		if p, ok := subnetPrefix(o); ok && p.Bits() > gatewaySubnetBits {
			return fmt.Sprintf("%s is %s; SKU %s needs /%d or larger.", id, p, c.In.Str("sku.name"), gatewaySubnetBits)
		}
	}
	return ""
}

func secondGateway(c *emulator.Call) string {
	mine := parentOf(c.In.Str("ipConfigurations[0].subnet.id"))
	for _, g := range c.Tx.All(azuretype.VirtualNetworkGateway) { // those of other groups, too
		if g.In.Str("gatewayType") == c.In.Str("gatewayType") &&
			inventory.SameID(mine, parentOf(g.In.Str("ipConfigurations[0].subnet.id"))) {
			return fmt.Sprintf("Virtual network %s has the gateway %s of type %s; it takes one.",
				mine, g.ID, c.In.Str("gatewayType"))
		}
	}
	return ""
}

func zonelessPublicIP(c *emulator.Call) string {
	if !strings.HasSuffix(c.In.Str("sku.name"), "AZ") {
		return ""
	}
	for _, id := range c.In.Strings("ipConfigurations[*].publicIPAddress.id") {
		if o := c.Tx.Get(azuretype.PublicIPAddress, id); o != nil && len(o.In.Strings("zones")) == 0 {
			return fmt.Sprintf("Standard Public IPs associated with VPN gateways with AZ VPN skus must have "+
				"zones configured. Public IP %s has none.", id)
		}
	}
	return ""
}

// neverASNs cannot be used on either side: reserved by IANA. Source: AVG-26.
var neverASNs = []asnRange{{23456, 23456}, {64496, 64511}, {65535, 65551}, {4294967295, 4294967295}}

// azureASNs are Azure's own: its peers cannot have them. Source: AVG-27.
var azureASNs = []asnRange{{8074, 8075}, {12076, 12076}, {65515, 65515}, {65517, 65520}}

type asnRange struct{ low, high float64 }

func inRanges(asn float64, ranges []asnRange) bool {
	return slices.ContainsFunc(ranges, func(r asnRange) bool { return r.low <= asn && asn <= r.high })
}

func gatewayBGPRules() []emulator.Rule {
	return []emulator.Rule{
		rule("AVG-23", codeFormat, emulator.OpWrite, sourceSettings+noCode, func(c *emulator.Call) string {
			if c.In.Bool("enableBgp") && c.In.Str("vpnType") == "PolicyBased" {
				return "BGP needs a RouteBased gateway."
			}
			return ""
		}),
		rule("AVG-26", codeFormat, emulator.OpWrite, sourceBGP+noCode, func(c *emulator.Call) string {
			if asn := c.In.Num("bgpSettings.asn"); inRanges(asn, neverASNs) {
				return fmt.Sprintf("ASN %.0f is reserved.", asn)
			}
			return ""
		}),
		rule("AVG-30", "BgpPeeringAddressesCountNotCorrect", emulator.OpWrite,
			"aztfmod/terraform-azurerm-caf#1736", wrongPeeringCount),
		rule("AVG-31", codeReference, emulator.OpWrite,
			"bicep; pulumi-azure-native: a self reference must be written out", foreignConfiguration),
		rule("AVG-32", "VirtualNetworkGatewayBgpPeeringAddressCannotBeModified", emulator.OpWrite,
			"terraform-provider-azurerm#916, #16590", ownPeeringAddress),
		rule("AVG-33", codeFormat, emulator.OpWrite,
			"terraform-provider-azurerm validate/virtual_network_gateway.go; "+
				"azure-docs vpn-gateway-howto-aws-bgp.md"+noCode, badCustomAddress),
	}
}

func wrongPeeringCount(c *emulator.Call) string {
	n := len(c.In.Maps("bgpSettings.bgpPeeringAddresses"))
	want := len(c.In.Maps("ipConfigurations"))
	if n == 0 || n == want {
		return ""
	}
	return fmt.Sprintf("Gateway %s has %d BGP peering addresses for %d IP configurations.", identify(c), n, want)
}

// configurationID is the id of one of the gateway's own IP configurations.
func configurationID(gateway, name string) string { return gateway + "/ipConfigurations/" + name }

func foreignConfiguration(c *emulator.Call) string {
	own := map[string]bool{}
	for _, ip := range c.In.Maps("ipConfigurations") {
		own[strings.ToLower(configurationID(identify(c), ip.Str("name")))] = true
	}
	for _, p := range c.In.Maps("bgpSettings.bgpPeeringAddresses") {
		if id := p.Str("ipconfigurationId"); !own[strings.ToLower(id)] {
			return fmt.Sprintf("Resource %s referenced by resource %s was not found. "+
				"The ipconfigurationId must be that of one of its own IP configurations.", id, identify(c))
		}
	}
	return ""
}

func ownPeeringAddress(c *emulator.Call) string {
	wanted, given := c.In.Str("bgpSettings.bgpPeeringAddress"), c.Old.Str("bgpSettings.bgpPeeringAddress")
	if wanted == "" || wanted == given {
		return ""
	}
	return fmt.Sprintf("BGP peering address %s of %s cannot be set: the service assigns it.", wanted, identify(c))
}

// Addresses that Azure takes for BGP over a tunnel. Source: AVG-33.
var (
	apipaLow  = netip.MustParseAddr("169.254.21.0")
	apipaHigh = netip.MustParseAddr("169.254.22.255")
)

func badCustomAddress(c *emulator.Call) string {
	seen := map[string]bool{}
	for _, text := range c.In.Strings("bgpSettings.bgpPeeringAddresses[*].customBgpIpAddresses[*]") {
		a, err := netip.ParseAddr(text)
		switch {
		case err != nil || a.Less(apipaLow) || apipaHigh.Less(a):
			return fmt.Sprintf("Custom BGP address %s is not within %s - %s.", text, apipaLow, apipaHigh)
		case seen[text]:
			return fmt.Sprintf("Custom BGP address %s is given twice.", text)
		}
		seen[text] = true
	}
	return ""
}

func fillGateway(c *emulator.Call) error {
	c.Out.Default("activeActive", false)
	c.Out.Default("enableBgp", false)
	c.Out.Default("vpnType", "RouteBased")
	c.Out.Default("disableIPSecReplayProtection", false)
	c.Out.Default("enableBgpRouteTranslationForNat", false)
	c.Out.Default("enablePrivateIpAddress", false)
	c.Out.Default("allowRemoteVnetTraffic", false)
	c.Out.Default("allowVirtualWanTraffic", false)
	c.Out.Default("natRules", []any{})
	c.Out.Default("virtualNetworkGatewayPolicyGroups", []any{})
	if g := c.In.StrOr("vpnGatewayGeneration", "None"); g == "None" {
		c.Out.Set("vpnGatewayGeneration", c.Old.StrOr("vpnGatewayGeneration", defaultGeneration(c.In.Str("sku.name"))))
	}
	c.Out.Set("sku.tier", c.In.StrOr("sku.tier", c.In.Str("sku.name")))
	c.Out.Set("sku.capacity", 2)
	c.Out.Set("ipConfigurations", gatewayConfigurations(c))
	return fillGatewayBGP(c)
}

func defaultGeneration(sku string) string {
	if generations := azSKUs[sku]; len(generations) > 0 {
		return generations[0]
	}
	return "None"
}

func gatewayConfigurations(c *emulator.Call) []any {
	var list []any
	for _, ip := range c.In.Maps("ipConfigurations") {
		list = append(list, map[string]any(ip.With(inventory.Props{
			"id": configurationID(identify(c), ip.Str("name")), "etag": etag(c),
			"privateIPAllocationMethod": ip.StrOr("privateIPAllocationMethod", "Dynamic"),
			"provisioningState":         "Succeeded",
		})))
	}
	return list
}

// fillGatewayBGP sets what ARM echoes in bgpSettings beside what it was sent:
// default, custom and tunnel addresses of every instance (AVG-35).
func fillGatewayBGP(c *emulator.Call) error {
	c.Out.Set("bgpSettings.asn", c.In.Num("bgpSettings.asn"))
	if !c.In.Has("bgpSettings.asn") {
		c.Out.Set("bgpSettings.asn", defaultASN)
	}
	c.Out.Set("bgpSettings.peerWeight", c.In.Num("bgpSettings.peerWeight"))
	var peers []any
	var defaults []string
	for i, ip := range c.In.Maps("ipConfigurations") {
		address := defaultPeer(c, ip.Str("subnet.id"), i)
		defaults = append(defaults, address)
		peers = append(peers, map[string]any{
			"ipconfigurationId":     configurationID(identify(c), ip.Str("name")),
			"defaultBgpIpAddresses": []any{address},
			"customBgpIpAddresses":  customAddresses(c, ip.Str("name")),
			"tunnelIpAddresses":     tunnelAddresses(c, ip.Str("publicIPAddress.id")),
		})
	}
	c.Out.Set("bgpSettings.bgpPeeringAddresses", peers)
	c.Out.Set("bgpSettings.bgpPeeringAddress", strings.Join(defaults, ","))
	return nil
}

// defaultPeer is the address in the GatewaySubnet that an instance speaks BGP
// from: the lowest free ones of an active-active gateway, the highest of a
// single one. Source: azure-docs vpn-gateway-bgp-overview.md, howto.
func defaultPeer(c *emulator.Call, subnet string, instance int) string {
	o := c.Tx.Get(azuretype.Subnet, subnet)
	if o == nil {
		return ""
	}
	p, ok := subnetPrefix(o)
	switch {
	case !ok:
		return ""
	case c.In.Bool("activeActive"):
		return nth(p, reservedHead+instance).String()
	}
	return last(p).Prev().String()
}

func customAddresses(c *emulator.Call, configuration string) []any {
	list := []any{}
	for _, p := range c.In.Maps("bgpSettings.bgpPeeringAddresses") {
		if inventory.SameID(p.Str("ipconfigurationId"), configurationID(identify(c), configuration)) {
			for _, a := range p.Strings("customBgpIpAddresses") {
				list = append(list, a)
			}
		}
	}
	return list
}

func tunnelAddresses(c *emulator.Call, publicIP string) []any {
	if o := c.Tx.Get(azuretype.PublicIPAddress, publicIP); o != nil {
		return []any{o.Out.Str("ipAddress")}
	}
	return []any{}
}
