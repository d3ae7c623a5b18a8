package azure

import (
	"fmt"
	"net/netip"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var (
	zonePlace = place{
		provider: "Microsoft.Network", location: global, outputs: hasState,
		path: []segment{{"privateDnsZones", "privateZoneName"}},
	}
	zoneLinkPlace = place{
		provider: "Microsoft.Network", location: global, outputs: hasState, parent: azuretype.PrivateZone,
		path: []segment{{"privateDnsZones", "privateZoneName"}, {"virtualNetworkLinks", "virtualNetworkLinkName"}},
		names: naming{
			rule: "NAM-06", code: "InvalidResourceName", min: 1, max: 80, pattern: alnumToWord,
			words:  "letters, digits, _ . -, beginning with a letter or digit and ending with one or _",
			source: sourceNames,
		},
	}
	recordPlace = place{
		provider: "Microsoft.Network", parent: azuretype.PrivateZone,
		path: []segment{{"privateDnsZones", "privateZoneName"}, {"$recordType", "relativeRecordSetName"}},
	}
)

const (
	sourceZone  = "azure-docs articles/dns/private-dns-privatednszone.md"
	sourceLinks = "azure-docs articles/dns/private-dns-virtual-network-links.md"
)

func zoneKinds() []*emulator.Kind {
	return []*emulator.Kind{
		zonePlace.kind(azuretype.PrivateZone, emulator.Kind{
			Rules: zoneRules(), Fill: fillZone, Refresh: countInZone,
		}),
		zoneLinkPlace.kind(azuretype.VirtualNetworkLink, emulator.Kind{
			Refs:  []emulator.Ref{vnetLinkRef("virtualNetwork.id")},
			Rules: zoneLinkRules(), Fill: fillZoneLink,
		}),
		recordPlace.kind(azuretype.PrivateRecordSet, emulator.Kind{Rules: recordRules(), Fill: fillRecord}),
	}
}

// reservedZones cannot be made, though some of their sub-zones can (ADR-02).
var reservedZones = set(
	"azclient.ms", "azure.com", "cloudapp.net", "core.windows.net", "microsoft.com",
	"msidentity.com", "trafficmanager.net", "windows.net",
)

func zoneRules() []emulator.Rule {
	return []emulator.Rule{
		rule("ADR-01", codeBad, emulator.OpCreate, sourceZone+"; resource-name-rules.md (code unverified)",
			func(c *emulator.Call) string {
				if why := badDomain(c.In.StrOr("privateZoneName", c.Name), 2); why != "" {
					return "The private DNS zone name is invalid: " + why
				}
				return ""
			}),
		rule("ADR-02", codeBad, emulator.OpCreate, sourceZone, func(c *emulator.Call) string {
			if name := c.In.StrOr("privateZoneName", c.Name); known(reservedZones, name) {
				return fmt.Sprintf("The zone name %s is reserved.", name)
			}
			return ""
		}),
		rule("ADR-06", "CannotDeleteResource", emulator.OpDelete,
			"ARM: text as in terraform-provider-azurerm and the Azure documentation (code from memory)",
			func(c *emulator.Call) string {
				if links := children(c.Tx, azuretype.VirtualNetworkLink, c.ID); len(links) > 0 {
					return fmt.Sprintf("Can not delete resource before nested resources are deleted: %s.", links[0].ID)
				}
				return ""
			}),
		rule("ADR-24", codeBad, emulator.OpWrite, sourceTagLimits, fewTags),
	}
}

const sourceTagLimits = "azure-docs articles/azure-resource-manager/management/tag-resources.md"

// maxDNSTags is how many tags Azure DNS takes.
const maxDNSTags = 15

func fewTags(c *emulator.Call) string {
	if n := len(c.In.Map("tags")); n > maxDNSTags {
		return fmt.Sprintf("DNS resources take %d tags, not %d.", maxDNSTags, n)
	}
	return ""
}

const (
	maxLabels = 34
	maxLabel  = 63
	maxDomain = 253
)

// badDomain says what is wrong with a domain name that is to have some number of
// labels, 34 at most, or "".
func badDomain(name string, minLabels int) string {
	labels := strings.Split(name, ".")
	switch {
	case len(labels) < minLabels || len(labels) > maxLabels:
		return fmt.Sprintf("%s has %d labels; it must have %d to %d.", name, len(labels), minLabels, maxLabels)
	case len(name) > maxDomain:
		return fmt.Sprintf("%s is longer than %d characters.", name, maxDomain)
	}
	for _, label := range labels {
		if len(label) == 0 || len(label) > maxLabel || !dnsLabel(label) {
			return fmt.Sprintf("%s has the invalid label %q.", name, label)
		}
	}
	return ""
}

func dnsLabel(label string) bool {
	for _, r := range label {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return label[0] != '-' && label[len(label)-1] != '-'
}

func fillZone(c *emulator.Call) error {
	c.Out.Set("etag", c.UUIDOf("etag"))
	c.Out.Set("internalId", c.HexOf("internalId", 32))
	c.Out.Set("maxNumberOfRecordSets", 25000)
	c.Out.Set("maxNumberOfVirtualNetworkLinks", 1000)
	c.Out.Set("maxNumberOfVirtualNetworkLinksWithRegistration", 100)
	return countInZone(c)
}

// countInZone sets the counts, the zone's own SOA record included.
func countInZone(c *emulator.Call) error {
	links := children(c.Tx, azuretype.VirtualNetworkLink, identify(c))
	registering := 0
	for _, l := range links {
		if l.In.Bool("registrationEnabled") {
			registering++
		}
	}
	c.Out.Set("numberOfRecordSets", 1+len(children(c.Tx, azuretype.PrivateRecordSet, identify(c))))
	c.Out.Set("numberOfVirtualNetworkLinks", len(links))
	c.Out.Set("numberOfVirtualNetworkLinksWithRegistration", registering)
	return nil
}

func zoneLinkRules() []emulator.Rule {
	const source = "ARO-RP#796; azure-aks-docs#212; foundry-samples#214"
	return []emulator.Rule{
		rule("ADR-04", codeBad, emulator.OpWrite, sourceLinks, func(c *emulator.Call) string {
			if !c.In.Has("registrationEnabled") {
				return "A virtual network link needs registrationEnabled."
			}
			if !c.In.Has("virtualNetwork.id") {
				return "A virtual network link needs virtualNetwork.id."
			}
			return ""
		}),
		rule("ADR-05", codeConflict, emulator.OpWrite, source, secondLink),
		rule("ADR-05", codeBad, emulator.OpWrite, source, overlappingZones),
		rule("ADR-04", codeConflict, emulator.OpWrite, sourceLinks+" (code unverified)", secondRegistration),
		rule("ADR-24", codeBad, emulator.OpWrite, sourceTagLimits, fewTags),
		immutable("ADR-05", codeBad,
			"terraform-provider-azurerm private_dns_zone_virtual_network_link, ForceNew (code unverified)",
			"virtualNetwork.id"),
	}
}

// linksOf are the other links of the VNet that the call's link is for.
func linksOf(c *emulator.Call) []*inventory.Object {
	return c.Tx.Where(azuretype.VirtualNetworkLink, func(o *inventory.Object) bool {
		return !inventory.SameID(o.ID, identify(c)) &&
			inventory.SameID(o.In.Str("virtualNetwork.id"), c.In.Str("virtualNetwork.id"))
	})
}

func zoneOfLink(id string) string { return strings.ToLower(lastOf(parentOf(id))) }

func secondLink(c *emulator.Call) string {
	for _, l := range linksOf(c) {
		if inventory.SameID(parentOf(l.ID), parentOf(identify(c))) {
			return fmt.Sprintf("Private DNS zone %s is linked to %s already, by %s.",
				zoneOfLink(l.ID), l.In.Str("virtualNetwork.id"), l.ID)
		}
	}
	return ""
}

func overlappingZones(c *emulator.Call) string {
	for _, l := range linksOf(c) {
		if zoneOfLink(l.ID) == zoneOfLink(identify(c)) {
			return fmt.Sprintf("A virtual network cannot be linked to multiple zones with overlapping namespaces. "+
				"You tried to link virtual network with '%s' and '%s' zones.", parentOf(identify(c)), parentOf(l.ID))
		}
	}
	return ""
}

func secondRegistration(c *emulator.Call) string {
	for _, l := range linksOf(c) {
		if c.In.Bool("registrationEnabled") && l.In.Bool("registrationEnabled") {
			return fmt.Sprintf("Virtual network %s registers its machines in %s already.",
				c.In.Str("virtualNetwork.id"), parentOf(l.ID))
		}
	}
	return ""
}

func fillZoneLink(c *emulator.Call) error {
	c.Out.Set("etag", c.UUIDOf("etag"))
	c.Out.Set("virtualNetworkLinkState", "Completed")
	return nil
}

// recordLists are the record types with the property that holds the records. NS
// is none of them: private zones delegate nothing (ADR-03).
var recordLists = map[string]string{
	"A": "aRecords", "AAAA": "aaaaRecords", "CNAME": "cnameRecord", "MX": "mxRecords",
	"PTR": "ptrRecords", "SOA": "soaRecord", "SRV": "srvRecords", "TXT": "txtRecords",
}

func recordRules() []emulator.Rule {
	return []emulator.Rule{
		rule("ADR-03", codeBad, emulator.OpCreate, sourceZone+" (code unverified)", func(c *emulator.Call) string {
			if t := c.In.Str("recordType"); recordLists[t] == "" {
				return fmt.Sprintf("Private zones have no records of type %q.", t)
			}
			return ""
		}),
		rule("ADR-03", codeBad, emulator.OpWrite, sourceZone+" (code unverified)", wrongRecords),
		rule("ADR-03", codeBad, emulator.OpWrite, "azure-docs limits (code unverified)", tooManyRecords),
		rule("ADR-03", codeBad, emulator.OpWrite, "RFC 1035 (code unverified)", badRecordData),
		rule("ADR-03", codeConflict, emulator.OpCreate, "RFC 1034 (code unverified)", besideAlias),
	}
}

func wrongRecords(c *emulator.Call) string {
	for typ, property := range recordLists {
		if has, mine := c.In.Has(property), typ == c.In.Str("recordType"); has != mine {
			return fmt.Sprintf("A record set of type %s must have its own records and no others: see %s.",
				c.In.Str("recordType"), property)
		}
	}
	return ""
}

const maxRecords = 20

func tooManyRecords(c *emulator.Call) string {
	if n := len(c.In.List(recordLists[c.In.Str("recordType")])); n > maxRecords {
		return fmt.Sprintf("A record set has %d records at most, not %d.", maxRecords, n)
	}
	return ""
}

// maxTXT is the longest TXT record, all its strings together.
const maxTXT = 1024

func badRecordData(c *emulator.Call) string {
	for _, text := range c.In.Strings("aRecords[*].ipv4Address") {
		if a, err := netip.ParseAddr(text); err != nil || !a.Is4() {
			return fmt.Sprintf("%s is no IPv4 address.", text)
		}
	}
	for _, r := range c.In.Maps("txtRecords") {
		if n := len(strings.Join(r.Strings("value"), "")); n == 0 || n > maxTXT {
			return fmt.Sprintf("A TXT record has 1 to %d characters, not %d.", maxTXT, n)
		}
	}
	return ""
}

// besideAlias refuses a CNAME beside other records of a name, and the reverse.
func besideAlias(c *emulator.Call) string {
	name := c.In.StrOr("relativeRecordSetName", c.Name)
	for _, o := range children(c.Tx, azuretype.PrivateRecordSet, parentOf(identify(c))) {
		aliases := count(o.In.Str("recordType") == "CNAME", c.In.Str("recordType") == "CNAME")
		if aliases == 1 && sameName(lastOf(o.ID), name) {
			return fmt.Sprintf("The record %s exists; a CNAME has its name for itself.", o.ID)
		}
	}
	return ""
}

func fillRecord(c *emulator.Call) error {
	fqdn := c.In.Str("privateZoneName") + "."
	if name := c.In.StrOr("relativeRecordSetName", c.Name); name != "@" {
		fqdn = name + "." + fqdn
	}
	c.Out.Set("fqdn", fqdn)
	c.Out.Set("etag", c.UUIDOf("etag"))
	c.Out.Set("isAutoRegistered", false)
	return nil
}
