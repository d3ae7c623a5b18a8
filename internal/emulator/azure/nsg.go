package azure

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

var (
	nsgPlace = place{
		provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState | hasGUID,
		path:  []segment{{"networkSecurityGroups", "networkSecurityGroupName"}},
		names: networkName(1, 80),
	}
	nsgRulePlace = place{
		provider: "Microsoft.Network", parent: azuretype.NetworkSecurityGroup, outputs: hasEtag | hasState,
		path: []segment{
			{"networkSecurityGroups", "networkSecurityGroupName"}, {"securityRules", "securityRuleName"},
		},
		names: networkName(1, 80),
	}
	nsgRules = inline{
		property: "securityRules", typ: azuretype.SecurityRule, place: nsgRulePlace, fill: nsgRulePlace.fill,
		rule: "PRV-02", code: codeFormat,
	}
)

func nsgKinds() []*emulator.Kind {
	return []*emulator.Kind{
		nsgPlace.kind(azuretype.NetworkSecurityGroup, emulator.Kind{
			Rules:   securityRuleRules(),
			Fill:    inOrder(fillNSG, nsgRules.sync, nsgRules.echo),
			Refresh: inOrder(nsgRules.echo, echoSubnets("networkSecurityGroup.id")),
		}),
		nsgRulePlace.kind(azuretype.SecurityRule, emulator.Kind{Rules: securityRuleRules()}),
	}
}

// echoSubnets lists the subnets that refer to the object, as its GET does.
func echoSubnets(path string) func(*emulator.Call) error {
	return func(c *emulator.Call) error {
		var found []any
		for _, s := range c.Tx.All(azuretype.Subnet) {
			if inventory.SameID(s.In.Str(path), c.ID) {
				found = append(found, map[string]any{"id": s.ID})
			}
		}
		setOrDrop(c, "subnets", found)
		return nil
	}
}

// securityRuleRule enforces the same for rules of their own and those inside a group.
func securityRuleRule(id rules.ID, code, source string, broken func(s lot, beside []lot) string) emulator.Rule {
	return rule(id, code, emulator.OpWrite, source, func(c *emulator.Call) string {
		written, beside := securityRulesAtHand(c)
		for i, s := range written {
			if message := broken(s, append(append([]lot{}, beside...), written[:i]...)); message != "" {
				return message
			}
		}
		return ""
	})
}

func securityRulesAtHand(c *emulator.Call) (written, beside []lot) {
	if c.Kind.Type == azuretype.SecurityRule {
		return []lot{{lastOf(identify(c)), c.In}}, lotsOf(siblings(c))
	}
	for _, r := range c.In.Maps(nsgRules.property) {
		written = append(written, lot{r.Str("name"), r})
	}
	return written, nil
}

func securityRuleRules() []emulator.Rule {
	const source = "terraform-provider-azurerm network_security_rule_resource.go, #11137, #27046"
	return []emulator.Rule{
		securityRuleRule("ANW-11", "SecurityRuleInvalidPriority", source+" (code name unverified)", badPriority),
		securityRuleRule("ANW-11", "SecurityRuleConflict", source, samePriority),
		securityRuleRule("ANW-12", "SecurityRuleInvalidPortRange",
			"bicep; terraform-provider-azurerm (code name unverified)", badPorts),
		securityRuleRule("ANW-12", "SecurityRuleInvalidAddressPrefix",
			"bicep; terraform-provider-azurerm (code name unverified)", badAddresses),
		securityRuleRule("ANW-12", codeFormat, "bicep (code not found: the generic one)", longDescription),
	}
}

// Priorities of rules that are not Azure's own.
const minPriority, maxPriority = 100, 4096

func badPriority(s lot, _ []lot) string {
	if p := s.in.Num("priority"); p < minPriority || p > maxPriority {
		return fmt.Sprintf("Security rule %s has invalid Priority. Value provided: %v Allowed range %d-%d.",
			s.name, p, minPriority, maxPriority)
	}
	return ""
}

func samePriority(s lot, beside []lot) string {
	for _, other := range beside {
		if other.in.Num("priority") == s.in.Num("priority") &&
			sameName(other.in.Str("direction"), s.in.Str("direction")) {
			return fmt.Sprintf("Security rule %s conflicts with rule %s. "+
				"Rules cannot have the same Priority and Direction.", s.name, other.name)
		}
	}
	return ""
}

var portRange = regexp.MustCompile(`^(\*|\d{1,5}(-\d{1,5})?)$`)

func badPorts(s lot, _ []lot) string {
	for _, side := range []string{"source", "destination"} {
		one, many := s.in.Str(side+"PortRange"), s.in.Strings(side+"PortRanges")
		if (one == "") == (len(many) == 0) {
			return fmt.Sprintf("Security rule %s must have one of %sPortRange and %sPortRanges.", s.name, side, side)
		}
		for _, text := range append(many, one) {
			if text != "" && !legalPorts(text) {
				return fmt.Sprintf("Security rule %s has invalid Port range. Value provided: %s", s.name, text)
			}
		}
	}
	return ""
}

func legalPorts(text string) bool {
	if !portRange.MatchString(text) {
		return false
	}
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	if low == "*" {
		return true
	}
	from, errFrom := strconv.Atoi(low)
	to, errTo := strconv.Atoi(high)
	return errFrom == nil && errTo == nil && from <= to && to <= 65535
}

func badAddresses(s lot, _ []lot) string {
	for _, side := range []string{"source", "destination"} {
		one, many := s.in.Str(side+"AddressPrefix"), s.in.Strings(side+"AddressPrefixes")
		groups := len(s.in.Maps(side + "ApplicationSecurityGroups"))
		if count(one != "", len(many) > 0, groups > 0) != 1 {
			return fmt.Sprintf("Security rule %s must have one of %sAddressPrefix, %sAddressPrefixes "+
				"and %sApplicationSecurityGroups.", s.name, side, side, side)
		}
		for _, text := range append(many, one) {
			if text != "" && !legalPeer(text) {
				return fmt.Sprintf("Security rule %s has invalid Address prefix. Value provided: %s", s.name, text)
			}
		}
	}
	return ""
}

func count(conditions ...bool) int {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

// serviceTag is a name such as VirtualNetwork, AzureLoadBalancer or Storage.UKSouth.
var serviceTag = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)*$`)

// legalPeer accepts "*", an address, a network and what looks like a service tag;
// which tags exist is not modelled.
func legalPeer(text string) bool {
	if text == "*" || serviceTag.MatchString(text) {
		return true
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(text)
	return err == nil
}

const maxDescription = 140

func longDescription(s lot, _ []lot) string {
	if utf8.RuneCountInString(s.in.Str("description")) > maxDescription {
		return fmt.Sprintf("The description of security rule %s is longer than %d characters.", s.name, maxDescription)
	}
	return ""
}

func fillNSG(c *emulator.Call) error {
	list := make([]any, len(defaultRules))
	for i, r := range defaultRules {
		list[i] = map[string]any{
			"id": identify(c) + "/defaultSecurityRules/" + r.name, "name": r.name, "etag": etag(c),
			"type":              "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
			"provisioningState": "Succeeded", "description": r.description, "protocol": "*",
			"sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": r.from,
			"destinationAddressPrefix": r.to, "access": r.access, "priority": r.priority, "direction": r.direction,
		}
	}
	c.Out.Set("defaultSecurityRules", list)
	return nil
}

// defaultRules are those that every security group has (ANW-14). The first lets
// in what the VPN gateway learns too: VirtualNetwork covers it (ANW-15).
var defaultRules = []struct {
	name, description, from, to, access, direction string
	priority                                       float64
}{
	{
		"AllowVnetInBound", "Allow inbound traffic from all VMs in VNET",
		"VirtualNetwork", "VirtualNetwork", "Allow", "Inbound", 65000,
	},
	{
		"AllowAzureLoadBalancerInBound", "Allow inbound traffic from azure load balancer",
		"AzureLoadBalancer", "*", "Allow", "Inbound", 65001,
	},
	{"DenyAllInBound", "Deny all inbound traffic", "*", "*", "Deny", "Inbound", 65500},
	{
		"AllowVnetOutBound", "Allow outbound traffic from all VMs to all VMs in VNET",
		"VirtualNetwork", "VirtualNetwork", "Allow", "Outbound", 65000,
	},
	{
		"AllowInternetOutBound", "Allow outbound traffic from all VMs to Internet",
		"*", "Internet", "Allow", "Outbound", 65001,
	},
	{"DenyAllOutBound", "Deny all outbound traffic", "*", "*", "Deny", "Outbound", 65500},
}
