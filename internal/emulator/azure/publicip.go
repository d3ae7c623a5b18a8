package azure

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var publicIPPlace = place{
	provider: "Microsoft.Network", location: listed, outputs: hasEtag | hasState | hasGUID,
	path:  []segment{{"publicIPAddresses", "publicIpAddressName"}},
	names: networkName(1, 80),
}

func publicIPKinds() []*emulator.Kind {
	return []*emulator.Kind{publicIPPlace.kind(azuretype.PublicIPAddress, emulator.Kind{
		Replace: []emulator.Replace{
			{Path: "publicIPAddressVersion", Source: sourceForceNew},
			{Path: "publicIPPrefix", Source: sourceForceNew},
			{Path: "sku", Source: sourceForceNew},
		},
		Rules:   publicIPRules(),
		Fill:    fillPublicIP,
		Refresh: echoIPConfiguration,
	})}
}

func publicIPRules() []emulator.Rule {
	return []emulator.Rule{
		rule("AVG-10", "StandardSkuPublicIPAddressesMustBeStatic", emulator.OpWrite,
			"azure-docs#42889; pulumi-azure-native#1597", func(c *emulator.Call) string {
				if skuOf(c.In) == skuStandard && allocationOf(c.In) != "Static" {
					return fmt.Sprintf("Standard sku publicIp %s must have AllocationMethod set to Static.", identify(c))
				}
				return ""
			}),
		rule("AVG-11", "IPv4BasicSkuPublicIpCountLimitReached", emulator.OpCreate,
			"tac-course#5", func(c *emulator.Call) string {
				if skuOf(c.In) == skuStandard {
					return ""
				}
				return "Cannot create more than 0 IPv4 Basic SKU public IP addresses for this subscription in this region."
			}),
		rule("AVG-13", "ResourceAvailabilityZonesCannotBeModified", emulator.OpUpdate,
			"terraform-provider-azurerm#688; code as documented in the Azure SDKs for Java and .NET", zonesChanged),
		rule("AVG-13", codeFormat, emulator.OpCreate,
			"azure-docs articles/reliability (code not found: the generic one)", badZones),
	}
}

const skuStandard = "Standard"

// skuOf is the SKU's name; Azure's default is Basic.
func skuOf(in inventory.Props) string { return capital(in.StrOr("sku.name", "Basic")) }

func allocationOf(in inventory.Props) string { return in.StrOr("publicIPAllocationMethod", "Dynamic") }

// capital is the spelling in which ARM returns names such as "basic".
func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

func zonesChanged(c *emulator.Call) string {
	before, now := c.OldIn.Strings("zones"), c.In.Strings("zones")
	slices.Sort(before)
	slices.Sort(now)
	if slices.Equal(before, now) {
		return ""
	}
	return fmt.Sprintf("Resource %s has the availability zones %v and the request has %v. "+
		"Zones cannot be added, updated or removed once the resource is created.", c.ID, before, now)
}

func badZones(c *emulator.Call) string {
	for _, z := range c.In.Strings("zones") {
		if !isZone(location(c), z) {
			return fmt.Sprintf("Zone %s of %s is not one of those that %s has.", z, identify(c), location(c))
		}
	}
	return ""
}

func fillPublicIP(c *emulator.Call) error {
	c.Out.Set("sku", map[string]any{"name": skuOf(c.In), "tier": c.In.StrOr("sku.tier", "Regional")})
	c.Out.Set("publicIPAllocationMethod", allocationOf(c.In))
	c.Out.Default("publicIPAddressVersion", "IPv4")
	c.Out.Default("idleTimeoutInMinutes", 4)
	c.Out.Default("ipTags", []any{})
	if allocationOf(c.In) == "Static" {
		c.Out.Set("ipAddress", c.Old.StrOr("ipAddress", freePublicAddress(c)))
	}
	return nil
}

// publicPool is where the emulated subscription's addresses come from: a range
// that Azure announces in uksouth, so that they look right. Nothing connects to them.
var publicPool = netip.MustParsePrefix("20.90.0.0/16")

// freePublicAddress is an address of the pool that nobody has.
func freePublicAddress(c *emulator.Call) string {
	taken := map[string]bool{}
	for _, o := range c.Tx.All(azuretype.PublicIPAddress) {
		taken[o.Out.Str("ipAddress")] = true
	}
	for attempt := 0; ; attempt++ {
		n, err := strconv.ParseUint(c.HexOf(fmt.Sprint("address ", attempt), 4), 16, 16)
		if err != nil {
			continue
		}
		base := publicPool.Addr().As4()
		a := netip.AddrFrom4([4]byte{base[0], base[1], byte(n >> 8), byte(n)}).String()
		if host := byte(n); host != 0 && host != 255 && !taken[a] {
			return a
		}
	}
}

// echoIPConfiguration says what uses the address, as its GET does.
func echoIPConfiguration(c *emulator.Call) error {
	c.Out.Del("ipConfiguration")
	for _, g := range c.Tx.All(azuretype.VirtualNetworkGateway) {
		for _, ip := range g.Out.Maps("ipConfigurations") {
			if inventory.SameID(ip.Str("publicIPAddress.id"), c.ID) {
				c.Out.Set("ipConfiguration", map[string]any{"id": ip.Str("id")})
			}
		}
	}
	return nil
}
