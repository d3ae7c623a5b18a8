package aws

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory/awstype"
)

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

func fillTunnel(c *emulator.Call, t string) {
	keep(c, t+"InsideCidr", func() any { return freeInside(c, t) })
	keep(c, t+"PresharedKey", func() any { return "k" + letters(c.HexOf("key:"+t, 64), keyAlphabet, 31) })
	if p, ok := ipv4Range(c.Out.Str(t + "InsideCidr")); ok {
		c.Out.Set(t+"VgwInsideAddress", nth(p, 1).String())
		c.Out.Set(t+"CgwInsideAddress", nth(p, 2).String())
	}
	asn := valueOf(c, awstype.VpnGateway, c.In.Str("vpnGatewayId"), "amazonSideAsn")
	if transit := c.Tx.Get(awstype.TransitGateway, c.In.Str("transitGatewayId")); transit != nil {
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
