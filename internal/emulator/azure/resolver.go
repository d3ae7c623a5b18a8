package azure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

var (
	resolverPlace = place{
		provider: "Microsoft.Network", location: pinned, outputs: hasEtag | hasState | hasGUID | hasSystem,
		path: []segment{{"dnsResolvers", "dnsResolverName"}}, names: resolverName(),
	}
	inboundPlace = place{
		provider: "Microsoft.Network", location: pinned, outputs: hasEtag | hasState | hasGUID | hasSystem,
		parent: azuretype.DnsResolver, names: resolverName(),
		path: []segment{{"dnsResolvers", "dnsResolverName"}, {"inboundEndpoints", "inboundEndpointName"}},
	}
	outboundPlace = place{
		provider: "Microsoft.Network", location: pinned, outputs: hasEtag | hasState | hasGUID | hasSystem,
		parent: azuretype.DnsResolver, names: resolverName(),
		path: []segment{{"dnsResolvers", "dnsResolverName"}, {"outboundEndpoints", "outboundEndpointName"}},
	}
	rulesetPlace = place{
		provider: "Microsoft.Network", location: pinned, outputs: hasEtag | hasState | hasGUID | hasSystem,
		path: []segment{{"dnsForwardingRulesets", "dnsForwardingRulesetName"}}, names: resolverName(),
	}
	forwardPlace = place{
		provider: "Microsoft.Network", outputs: hasEtag | hasState | hasSystem, parent: azuretype.DnsForwardingRuleset, names: resolverName(),
		path: []segment{
			{"dnsForwardingRulesets", "dnsForwardingRulesetName"}, {"forwardingRules", "forwardingRuleName"},
		},
	}
	rulesetLinkPlace = place{
		provider: "Microsoft.Network", outputs: hasEtag | hasState | hasSystem, parent: azuretype.DnsForwardingRuleset, names: resolverName(),
		path: []segment{
			{"dnsForwardingRulesets", "dnsForwardingRulesetName"}, {"virtualNetworkLinks", "virtualNetworkLinkName"},
		},
	}
)

const (
	sourceResolver  = "azure-docs articles/dns/dns-private-resolver-overview.md"
	sourceEndpoints = "azure-docs articles/dns/private-resolver-endpoints-rulesets.md"
	sourceEndpoint  = "azure-rest-api-specs#21744; azure-docs#107008"
	resolverService = "Microsoft.Network/dnsResolvers"
	unverified      = " (code unverified)"
	sourceDNSPatch  = "azure-rest-api-specs dnsresolver 2022-07-01: a PATCH takes tags only (code unverified)"
)

func resolverKinds() []*emulator.Kind {
	return []*emulator.Kind{
		resolverPlace.kind(azuretype.DnsResolver, emulator.Kind{
			Refs: []emulator.Ref{vnetLinkRef("virtualNetwork.id")}, Rules: resolverRules(),
			Fill: func(c *emulator.Call) error {
				c.Out.Set("dnsResolverState", "Connected")
				return nil
			},
		}),
		inboundPlace.kind(azuretype.InboundEndpoint, emulator.Kind{
			Refs:  []emulator.Ref{subnetRef("ipConfigurations[*].subnet.id")},
			Rules: append(endpointRules("ipConfigurations[*].subnet.id", "ipConfigurations"), inboundRules()...),
			Fill:  fillInbound,
		}),
		outboundPlace.kind(azuretype.OutboundEndpoint, emulator.Kind{
			Refs:  []emulator.Ref{subnetRef("subnet.id")},
			Rules: endpointRules("subnet.id", "subnet"),
		}),
		rulesetPlace.kind(azuretype.DnsForwardingRuleset, emulator.Kind{Refs: []emulator.Ref{{
			Path: "dnsResolverOutboundEndpoints[*].id", To: []string{azuretype.OutboundEndpoint}, Missing: codeReference,
			InUse: codeConflict, Rule: "ADR-20", Source: sourceEndpoints + unverified,
		}}, Rules: rulesetRules()}),
		forwardPlace.kind(azuretype.ForwardingRule, emulator.Kind{Rules: forwardRules(), Fill: func(c *emulator.Call) error {
			c.Out.Default("forwardingRuleState", "Enabled")
			return nil
		}}),
		rulesetLinkPlace.kind(azuretype.PrivateResolverVirtualNetworkLink, emulator.Kind{
			Refs: []emulator.Ref{vnetLinkRef("virtualNetwork.id")}, Rules: rulesetLinkRules(),
		}),
	}
}

func resolverRules() []emulator.Rule {
	return []emulator.Rule{
		rule("ADR-08", codeConflict, emulator.OpCreate, "azure-sdk-for-net#18299; "+sourceResolver+unverified,
			func(c *emulator.Call) string {
				for _, o := range c.Tx.All(azuretype.DnsResolver) {
					if inventory.SameID(o.In.Str("virtualNetwork.id"), c.In.Str("virtualNetwork.id")) {
						return fmt.Sprintf("Virtual network %s has the DNS resolver %s; it takes one.",
							c.In.Str("virtualNetwork.id"), o.ID)
					}
				}
				return ""
			}),
		immutable("ADR-08", codeConflict, "azure-sdk-for-net#18299", "virtualNetwork.id"),
		sameRegion("ADR-08", codeBad, sourceResolver, "virtualNetwork.id", azuretype.VirtualNetwork),
		nestedFirst("ADR-20", azuretype.InboundEndpoint, azuretype.OutboundEndpoint),
	}
}

// nestedFirst refuses to delete what has resources of its own below it.
func nestedFirst(id rules.ID, types ...string) emulator.Rule {
	return rule(id, codeConflict, emulator.OpDelete, sourceEndpoints+unverified, func(c *emulator.Call) string {
		for _, typ := range types {
			if all := children(c.Tx, typ, c.ID); len(all) > 0 {
				return fmt.Sprintf("Cannot delete %s while it has nested resources: %s.", c.ID, all[0].ID)
			}
		}
		return ""
	})
}

// endpointRules are those that both kinds of endpoint have. The subnets are at
// the path; the property cannot be changed.
func endpointRules(path, property string) []emulator.Rule {
	return []emulator.Rule{
		rule("ADR-13", codeBad, emulator.OpCreate, sourceResolver+unverified, tooManyEndpoints),
		rule("ADR-13", codeBad, emulator.OpWrite, sourceResolver+unverified, awayFromResolver),
		rule("ADR-09", "SubnetMissingRequiredDelegation", emulator.OpWrite, sourceEndpoint, func(c *emulator.Call) string {
			return undelegated(c, path)
		}),
		late(rule("ADR-09", codeBad, emulator.OpCreate, sourceEndpoint, func(c *emulator.Call) string {
			return unusableSubnet(c, path)
		})),
		immutable("ADR-12", codeBad, sourceDNSPatch, property),
	}
}

const maxEndpoints = 5

func tooManyEndpoints(c *emulator.Call) string {
	if n := len(siblings(c)); n >= maxEndpoints {
		return fmt.Sprintf("The resolver has %d endpoints of the kind; it takes %d.", n, maxEndpoints)
	}
	return ""
}

func awayFromResolver(c *emulator.Call) string {
	r := c.Tx.Get(azuretype.DnsResolver, parentOf(identify(c)))
	if r == nil || locationAt(r) == location(c) {
		return ""
	}
	return fmt.Sprintf("The endpoint is in %s and its resolver in %s.", location(c), locationAt(r))
}

func undelegated(c *emulator.Call, path string) string {
	for _, id := range c.In.Strings(path) {
		o := c.Tx.Get(azuretype.Subnet, id)
		if o != nil && !slices.ContainsFunc(o.In.Strings("delegations[*].serviceName"), func(s string) bool {
			return strings.EqualFold(s, resolverService)
		}) {
			return fmt.Sprintf("Subnet %s requires any of the following delegation(s) [%s] to be used by %s.",
				id, resolverService, identify(c))
		}
	}
	return ""
}

// Sizes of an endpoint's subnet.
const minEndpointBits, maxEndpointBits = 24, 28

func unusableSubnet(c *emulator.Call, path string) string {
	vnet := ""
	if r := c.Tx.Get(azuretype.DnsResolver, parentOf(identify(c))); r != nil {
		vnet = r.In.Str("virtualNetwork.id")
	}
	for _, id := range c.In.Strings(path) {
		if why := whyUnusable(c, id, vnet); why != "" {
			return fmt.Sprintf("The subnet %s could not be used to provision the endpoint %s: %s", id, identify(c), why)
		}
	}
	return ""
}

func whyUnusable(c *emulator.Call, id, vnet string) string {
	o := c.Tx.Get(azuretype.Subnet, id)
	if o == nil {
		return ""
	}
	p, ok := subnetPrefix(o)
	switch {
	case !ok || p.Bits() < minEndpointBits || p.Bits() > maxEndpointBits:
		return fmt.Sprintf("it must be at least /%d and at most /%d.", maxEndpointBits, minEndpointBits)
	case !inventory.SameID(parentOf(id), vnet):
		return "it is not in the resolver's virtual network."
	}
	for _, r := range c.Tx.ReferencesTo(o) {
		if r.Ref.InUse != "" && !inventory.SameID(r.From.ID, identify(c)) {
			return "it is in use by " + r.From.ID + "."
		}
	}
	return ""
}

func inboundRules() []emulator.Rule {
	const source = "terraform-provider-azurerm; " + sourceEndpoints + unverified
	return []emulator.Rule{
		rule("ADR-12", codeBad, emulator.OpCreate, source, func(c *emulator.Call) string {
			if n := len(c.In.Maps("ipConfigurations")); n != 1 {
				return fmt.Sprintf("An inbound endpoint has one IP configuration, not %d.", n)
			}
			return ""
		}),
		rule("ADR-12", codeBad, emulator.OpCreate, source, badEndpointAddress),
	}
}

func badEndpointAddress(c *emulator.Call) string {
	for _, ip := range c.In.Maps("ipConfigurations") {
		text, static := ip.Str("privateIpAddress"), ip.Str("privateIpAllocationMethod") == "Static"
		if static != (text != "") {
			return "A static IP configuration needs privateIpAddress, and no other takes it."
		}
		o := c.Tx.Get(azuretype.Subnet, ip.Str("subnet.id"))
		if !static || o == nil {
			continue
		}
		if p, ok := subnetPrefix(o); ok && !assignable(p, text) {
			return fmt.Sprintf("%s is no free address of %s: Azure keeps the first %d and the last.",
				text, p, reservedHead)
		}
	}
	return ""
}

// assignable reports whether an address of a subnet can be given to something.
func assignable(p netip.Prefix, text string) bool {
	a, err := netip.ParseAddr(text)
	return err == nil && p.Contains(a) && !a.Less(firstFree(p)) && a != last(p)
}

// fillInbound gives a dynamic endpoint the lowest address of its subnet.
func fillInbound(c *emulator.Call) error {
	var list []any
	for _, ip := range c.In.Maps("ipConfigurations") {
		method := ip.StrOr("privateIpAllocationMethod", "Dynamic")
		address := ip.Str("privateIpAddress")
		if o := c.Tx.Get(azuretype.Subnet, ip.Str("subnet.id")); o != nil && address == "" {
			if p, ok := subnetPrefix(o); ok {
				address = firstFree(p).String()
			}
		}
		list = append(list, map[string]any(ip.With(inventory.Props{
			"privateIpAllocationMethod": method, "privateIpAddress": address,
		})))
	}
	c.Out.Set("ipConfigurations", list)
	return nil
}

func rulesetRules() []emulator.Rule {
	const source = sourceResolver + "; azure-docs#102415" + unverified
	return []emulator.Rule{
		rule("ADR-15", codeBad, emulator.OpWrite, source, func(c *emulator.Call) string {
			if len(c.In.Strings("dnsResolverOutboundEndpoints[*].id")) == 0 {
				return "A DNS forwarding ruleset needs an outbound endpoint."
			}
			return ""
		}),
		sameRegion("ADR-15", codeBad, source, "dnsResolverOutboundEndpoints[*].id", azuretype.OutboundEndpoint),
		rule("ADR-15", codeBad, emulator.OpWrite, source, crowdedEndpoint),
		nestedFirst("ADR-20", azuretype.PrivateResolverVirtualNetworkLink),
	}
}

// maxRulesets is how many rulesets an outbound endpoint may serve.
const maxRulesets = 2

func crowdedEndpoint(c *emulator.Call) string {
	for _, id := range c.In.Strings("dnsResolverOutboundEndpoints[*].id") {
		others := c.Tx.Where(azuretype.DnsForwardingRuleset, func(o *inventory.Object) bool {
			return !inventory.SameID(o.ID, identify(c)) && slices.ContainsFunc(
				o.In.Strings("dnsResolverOutboundEndpoints[*].id"),
				func(theirs string) bool { return inventory.SameID(theirs, id) })
		})
		if len(others) >= maxRulesets {
			return fmt.Sprintf("Outbound endpoint %s serves %d rulesets already.", id, len(others))
		}
	}
	return ""
}

// azureDNS is the platform's own resolver in every VNet.
const azureDNS = "168.63.129.16"

// Limits of a ruleset.
const (
	maxForwardingRules = 1000
	maxTargets         = 6
)

func forwardRules() []emulator.Rule {
	return []emulator.Rule{
		rule("ADR-16", codeBad, emulator.OpWrite, sourceEndpoints+unverified, badForwardDomain),
		rule("ADR-16", codeConflict, emulator.OpWrite, sourceEndpoints+unverified, sameForwardDomain),
		rule("ADR-17", codeBad, emulator.OpWrite, "Azure error reports"+unverified, badTargets),
		rule("ADR-15", codeBad, emulator.OpCreate, sourceResolver+unverified, func(c *emulator.Call) string {
			if len(siblings(c)) >= maxForwardingRules {
				return fmt.Sprintf("A ruleset takes %d rules.", maxForwardingRules)
			}
			return ""
		}),
	}
}

func badForwardDomain(c *emulator.Call) string {
	name := c.In.Str("domainName")
	if name == "." {
		return ""
	}
	plain, dotted := strings.CutSuffix(name, ".")
	if !dotted {
		return fmt.Sprintf("The domain name %q of a forwarding rule must end with a dot.", name)
	}
	return badDomain(plain, 1)
}

func sameForwardDomain(c *emulator.Call) string {
	for _, o := range siblings(c) {
		if sameName(o.In.Str("domainName"), c.In.Str("domainName")) {
			return fmt.Sprintf("Rule %s is for %s already.", lastOf(o.ID), o.In.Str("domainName"))
		}
	}
	return ""
}

func badTargets(c *emulator.Call) string {
	targets := c.In.Maps("targetDnsServers")
	if len(targets) == 0 || len(targets) > maxTargets {
		return fmt.Sprintf("A forwarding rule has 1 to %d target DNS servers, not %d.", maxTargets, len(targets))
	}
	for _, t := range targets {
		text := t.Str("ipAddress")
		if a, err := netip.ParseAddr(text); err != nil || !a.Is4() || text == azureDNS {
			return fmt.Sprintf("Exception while making add request for rule: %q is no legal target DNS server.", text)
		}
	}
	return ""
}

func rulesetLinkRules() []emulator.Rule {
	const source = "architecture-center#4066; " + sourceEndpoints + unverified
	return []emulator.Rule{
		rule("ADR-18", codeConflict, emulator.OpCreate, source, func(c *emulator.Call) string {
			for _, o := range c.Tx.All(azuretype.PrivateResolverVirtualNetworkLink) {
				if inventory.SameID(o.In.Str("virtualNetwork.id"), c.In.Str("virtualNetwork.id")) {
					return fmt.Sprintf("Virtual network %s is linked to the ruleset %s already; it takes one.",
						o.In.Str("virtualNetwork.id"), parentOf(o.ID))
				}
			}
			return ""
		}),
		rule("ADR-18", codeBad, emulator.OpWrite, source, func(c *emulator.Call) string {
			ruleset, vnet := c.Tx.Get(azuretype.DnsForwardingRuleset, parentOf(identify(c))), c.Tx.Get(azuretype.VirtualNetwork, c.In.Str("virtualNetwork.id"))
			if ruleset == nil || vnet == nil || locationAt(ruleset) == locationAt(vnet) {
				return ""
			}
			return fmt.Sprintf("The ruleset is in %s and the virtual network in %s.", locationAt(ruleset), locationAt(vnet))
		}),
		immutable("ADR-18", codeBad,
			"azure-rest-api-specs dnsresolver 2022-07-01: virtualNetwork cannot be changed after creation"+unverified,
			"virtualNetwork.id"),
	}
}
