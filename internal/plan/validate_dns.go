package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/rules"
)

var dnsRules = []func(*validator){
	(*validator).dnsZones,
	(*validator).dnsZonesApart,
	(*validator).dnsRecords,
	(*validator).bunnyFrontend,
	(*validator).azureInbound,
}

// azureOwnZones cannot be private zones (ADR-02).
var azureOwnZones = []string{
	"azclient.ms", "azure.com", "cloudapp.net", "core.windows.net", "microsoft.com",
	"msidentity.com", "trafficmanager.net", "windows.net",
}

const (
	longestName = 253 // of DNS, dots included
	mostLabels  = 34  // of an Azure private zone
)

func (v *validator) dnsZones() {
	v.dnsZone("dns.awsZone", v.plan.DNS.AWSZone)
	v.dnsZone("dns.azureZone", v.plan.DNS.AzureZone)
	zone := v.plan.DNS.AzureZone
	v.need(!slices.Contains(azureOwnZones, zone), "dns.azureZone", zone, "Azure refuses this name to private zones (ADR-02)", "choose another name")
}

func (v *validator) dnsZone(key, zone string) {
	labels := strings.Count(zone, ".") + 1
	v.need(labels <= mostLabels, key, zone, fmt.Sprintf("a private zone's name has 34 parts at most, and this has %d (ADR-01)", labels), "shorten it")
	v.need(len(zone) <= longestName, key, zone, fmt.Sprintf("a name has %d characters at most (ADR-01)", longestName), "shorten it")
}

// dnsZonesApart: each cloud owns its zone and forwards the other's. A zone
// inside the other would be answered where it is not held.
func (v *validator) dnsZonesApart() {
	aws, azure := v.plan.DNS.AWSZone, v.plan.DNS.AzureZone
	if form := constraints["dns.awsZone"].Pattern; !form.MatchString(aws) || !form.MatchString(azure) {
		return
	}
	v.need(!within(aws, azure), "dns.awsZone", aws, "it is the same as dns.azureZone = "+azure+" or inside it, and would never be forwarded (ADR-25, R53-08)", "choose names of which neither holds the other")
	v.need(aws == azure || !within(azure, aws), "dns.azureZone", azure, "it is inside dns.awsZone = "+aws+", and would never be forwarded (ADR-25, ADR-07)", "choose names of which neither holds the other")
}

func within(inner, outer string) bool {
	return inner != "" && outer != "" && (inner == outer || strings.HasSuffix(inner, "."+outer))
}

func (v *validator) dnsRecords() {
	d := v.plan.DNS
	v.dnsRecord("dns.relayRecord", d.RelayRecord, d.AWSZone)
	v.dnsRecord("dns.bunnyRecord", d.BunnyRecord, d.AzureZone)
}

func (v *validator) dnsRecord(key, record, zone string) {
	v.need(!within(record, zone), key, record, "the zone's own name is added to it: the record would be "+record+"."+zone, "write the part before ."+zone)
	v.need(len(record)+1+len(zone) <= longestName, key, record, "with its zone the name has more than 253 characters (ADR-01)", "shorten it")
}

func (v *validator) bunnyFrontend() {
	if frontend := v.plan.DNS.BunnyFrontend; frontend.IsValid() {
		v.azureAddress("dns.bunnyFrontend", frontend, "network.azure.subnets.nodes", v.plan.Network.Azure.Subnets.Nodes, "AKS-44")
	}
}

func (v *validator) azureInbound() {
	subnet := v.plan.Network.Azure.Subnets.ResolverInbound
	v.azureAddress("dns.azureInbound", v.plan.DNS.AzureInbound, "network.azure.subnets.resolverInbound", subnet, "ADR-12")
}

// azureAddress holds a static address to its subnet.
func (v *validator) azureAddress(key string, address netip.Addr, subnetKey string, subnet netip.Prefix, rule rules.ID) {
	if !ipv4(subnet) || (addresses(subnet) <= azureReservedFirst && !address.IsValid()) {
		return
	}
	remedy := "choose an address from " + nth(subnet, azureReservedFirst).String() + " on, before the last of " + subnet.Masked().String()
	if !subnet.Contains(address) {
		v.refuse(key, address, "it lies outside "+subnetKey+" = "+subnet.String()+" ("+string(rule)+")", remedy)
		return
	}
	v.need(!isReserved(subnet, address, azureReservedFirst), key, address, "Azure keeps the first four addresses of a subnet and the last ("+string(rule)+", ANW-02)", remedy)
}
