package azure

import (
	"fmt"
	"regexp"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var (
	dnsPolicyPlace = place{
		provider: "Microsoft.Network", location: pinned, outputs: hasEtag | hasState | hasGUID | hasSystem,
		path: []segment{{"dnsResolverPolicies", "dnsResolverPolicyName"}}, names: dnsPolicyName(),
	}
	dnsPolicyLinkPlace = place{
		provider: "Microsoft.Network", location: pinned, outputs: hasEtag | hasState | hasSystem,
		parent: azuretype.DnsResolverPolicy, names: dnsPolicyName(),
		path: []segment{
			{"dnsResolverPolicies", "dnsResolverPolicyName"},
			{"virtualNetworkLinks", "dnsResolverPolicyVirtualNetworkLinkName"},
		},
	}
	dnsRulePlace = place{
		provider: "Microsoft.Network", location: pinned, outputs: hasEtag | hasState | hasSystem,
		parent: azuretype.DnsResolverPolicy, names: dnsPolicyName(),
		path: []segment{
			{"dnsResolverPolicies", "dnsResolverPolicyName"}, {"dnsSecurityRules", "dnsSecurityRuleName"},
		},
	}
	domainListPlace = place{
		provider: "Microsoft.Network", location: pinned, outputs: hasEtag | hasState | hasGUID | hasSystem,
		path: []segment{{"dnsResolverDomainLists", "dnsResolverDomainListName"}}, names: dnsPolicyName(),
	}
)

const (
	sourceDNSPolicy     = "azure-docs articles/dns/dns-security-policy.md"
	sourceDNSPolicySpec = "azure-rest-api-specs dnsresolver 2023-07-01-preview"
)

// dnsPolicyName is narrower than other names of the resolver: it ends with a
// letter or digit.
func dnsPolicyName() naming {
	return naming{
		rule: "NAM-06", code: "InvalidResourceName", min: 1, max: 80,
		pattern: regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$`),
		words:   "letters, digits, _ -, beginning and ending with a letter or digit",
		source:  sourceDNSPolicySpec + ", pattern" + unverified,
	}
}

func dnsPolicyKinds() []*emulator.Kind {
	return []*emulator.Kind{
		dnsPolicyPlace.kind(azuretype.DnsResolverPolicy, emulator.Kind{Rules: []emulator.Rule{linkedDNSPolicy()}}),
		dnsPolicyLinkPlace.kind(azuretype.DnsResolverPolicyVirtualNetworkLink, emulator.Kind{
			Refs: []emulator.Ref{vnetLinkRef("virtualNetwork.id")},
			Replace: []emulator.Replace{{
				Path: "virtualNetwork", Source: sourceDNSPolicySpec + ", x-ms-mutability [read, create]",
			}},
			Rules: dnsPolicyLinkRules(),
		}),
		dnsRulePlace.kind(azuretype.DnsSecurityRule, emulator.Kind{
			Refs: []emulator.Ref{{
				Path: "dnsResolverDomainLists[*].id", To: []string{azuretype.DnsResolverDomainList}, Missing: codeReference,
				InUse: codeConflict, Rule: "ARM-12", Source: sourceDNSPolicy + unverified,
			}},
			Rules: dnsRuleRules(),
			Fill: func(c *emulator.Call) error {
				c.Out.Default("dnsSecurityRuleState", "Enabled")
				return nil
			},
		}),
		domainListPlace.kind(azuretype.DnsResolverDomainList, emulator.Kind{Rules: []emulator.Rule{
			rule("ARM-12", codeBad, emulator.OpWrite, sourceDNSPolicy+unverified, badDomainList),
		}}),
	}
}

func linkedDNSPolicy() emulator.Rule {
	r := nestedFirst("ARM-10", azuretype.DnsResolverPolicyVirtualNetworkLink)
	r.Source = sourceDNSPolicy + unverified
	return r
}

func dnsPolicyLinkRules() []emulator.Rule {
	return []emulator.Rule{
		rule("ARM-08", codeBad, emulator.OpWrite, sourceDNSPolicy+unverified, func(c *emulator.Call) string {
			policy, vnet := c.Tx.Get(azuretype.DnsResolverPolicy, parentOf(identify(c))), c.Tx.Get(azuretype.VirtualNetwork, c.In.Str("virtualNetwork.id"))
			if policy == nil || vnet == nil || locationAt(policy) == locationAt(vnet) && location(c) == locationAt(policy) {
				return ""
			}
			return fmt.Sprintf("The DNS resolver policy is in %s, the virtual network in %s and their link in %s; "+
				"they must be in the same region.", locationAt(policy), locationAt(vnet), location(c))
		}),
		rule("ARM-09", codeConflict, emulator.OpCreate, sourceDNSPolicy+unverified, func(c *emulator.Call) string {
			for _, o := range c.Tx.All(azuretype.DnsResolverPolicyVirtualNetworkLink) {
				if inventory.SameID(o.In.Str("virtualNetwork.id"), c.In.Str("virtualNetwork.id")) {
					return fmt.Sprintf("Virtual network %s is linked to the DNS resolver policy %s already; it takes one.",
						o.In.Str("virtualNetwork.id"), parentOf(o.ID))
				}
			}
			return ""
		}),
	}
}

// Priorities of DNS security rules.
const minDNSPriority, maxDNSPriority = 100, 65000

func dnsRuleRules() []emulator.Rule {
	const source = "azure-docs articles/dns/dns-traffic-log-how-to.md" + unverified
	return []emulator.Rule{
		rule("ARM-11", codeBad, emulator.OpWrite, source, badDNSPriority),
		rule("ARM-11", codeBad, emulator.OpWrite, sourceDNSPolicySpec+", actionType"+unverified, badDNSAction),
		sameRegion("ARM-12", codeBad, sourceDNSPolicy+unverified, "dnsResolverDomainLists[*].id", azuretype.DnsResolverDomainList),
	}
}

func badDNSPriority(c *emulator.Call) string {
	p := c.In.Num("priority")
	if p < minDNSPriority || p > maxDNSPriority {
		return fmt.Sprintf("The priority is %.0f; it must be %d to %d.", p, minDNSPriority, maxDNSPriority)
	}
	for _, o := range siblings(c) {
		if o.In.Num("priority") == p {
			return fmt.Sprintf("Rule %s has the priority %.0f already.", lastOf(o.ID), p)
		}
	}
	return ""
}

func badDNSAction(c *emulator.Call) string {
	action := c.In.Str("action.actionType")
	switch {
	case action == "":
		return "The rule has no action type; it must be Allow, Alert or Block."
	case c.In.Has("action.blockResponseCode") && action != "Block":
		return fmt.Sprintf("A rule of action %s takes no blockResponseCode.", action)
	case len(c.In.Strings("dnsResolverDomainLists[*].id")) == 0:
		return "The rule has no domain list."
	}
	return ""
}

// badDomainList takes domains with and without the dot at their end; "." is all.
func badDomainList(c *emulator.Call) string {
	domains := c.In.Strings("domains")
	for _, name := range domains {
		if name == "." {
			continue
		}
		if why := badDomain(strings.TrimSuffix(name, "."), 1); why != "" {
			return fmt.Sprintf("The domain %q is invalid: %s", name, why)
		}
	}
	if len(domains) == 0 {
		return "A domain list must have a domain."
	}
	return ""
}
