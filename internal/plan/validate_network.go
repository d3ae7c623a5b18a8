package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

var networkRules = []func(*validator){
	(*validator).zoneNames,
	(*validator).zoneAddresses,
	(*validator).privateRoom,
	(*validator).nodesRoom,
}

// zoneNames waits for a known region: nothing can be said without one.
func (v *validator) zoneNames() {
	aws := v.plan.Network.AWS
	letters, known := awsRegions[aws.Region]
	if !known {
		return
	}
	first := map[string]int{}
	for i, zone := range aws.Zones {
		key := fmt.Sprintf("network.aws.zones[%d].name", i)
		v.oneOf(key, zone.Name, zonesOf(aws.Region, letters), "the region "+aws.Region+" has no such zone (VPC-05)")
		if i < controlPlaneZones {
			v.controlPlaneZone(key, aws.Region, zone.Name)
		}
		if before, twice := first[zone.Name]; twice && zone.Name != "" {
			v.refuse(key, zone.Name, fmt.Sprintf("zone %d is in it already, and EKS wants distinct zones (EKS-02)", before+1), "choose another zone of the region")
		} else {
			first[zone.Name] = i
		}
	}
}

// controlPlaneZone holds a zone that the control plane needs to those that take one.
// Which zone a name means can differ from account to account; new accounts agree.
func (v *validator) controlPlaneZone(key, region, zone string) {
	without := noControlPlane[region]
	if !slices.Contains(zonesOf(region, without), zone) {
		return
	}
	with := strings.Map(func(letter rune) rune {
		if strings.ContainsRune(without, letter) {
			return -1
		}
		return letter
	}, awsRegions[region])
	v.refuse(key, zone, fmt.Sprintf("the control plane is in the first %d zones, and EKS makes none in this one (EKS-42)", controlPlaneZones),
		"write one of "+strings.Join(zonesOf(region, with), ", ")+" here; a zone further down the list may be any")
}

func zonesOf(region, letters string) []string {
	zones := make([]string, len(letters))
	for i := range letters {
		zones[i] = region + letters[i:i+1]
	}
	return zones
}

// fixedAddress is one of a zone's three fixed addresses.
type fixedAddress struct {
	field   string
	address netip.Addr
	rule    string
}

func (z Zone) fixed() []fixedAddress {
	return []fixedAddress{
		{"nlb", z.NLB, "NLB-03"},
		{"resolverInbound", z.ResolverInbound, "R53-13"},
		{"resolverOutbound", z.ResolverOutbound, "R53-13"},
	}
}

// zoneAddresses holds the fixed addresses to their reserved block, so that no
// node or pod can have taken one before its owner comes.
func (v *validator) zoneAddresses() {
	for i, zone := range v.plan.Network.AWS.Zones {
		if !ipv4(zone.Private) || !ipv4(zone.Reserved) {
			continue
		}
		taken := map[netip.Addr]string{}
		for _, fixed := range zone.fixed() {
			key := fmt.Sprintf("network.aws.zones[%d].%s", i, fixed.field)
			v.fixedAddress(key, fixed, zone)
			if other := taken[fixed.address]; other != "" {
				v.refuse(key, fixed.address, "the zone's "+other+" has this address too ("+fixed.rule+")", "choose another of "+zone.Reserved.String())
			}
			taken[fixed.address] = fixed.field
		}
	}
}

func (v *validator) fixedAddress(key string, fixed fixedAddress, zone Zone) {
	remedy := "choose an address in " + zone.Reserved.String() + ", or leave the key out"
	switch {
	case !zone.Reserved.Contains(fixed.address):
		v.refuse(key, fixed.address, "fixed addresses come from the zone's reserved block, which nothing else takes from ("+fixed.rule+")", remedy)
	case isReserved(zone.Private, fixed.address, awsReservedFirst):
		v.refuse(key, fixed.address, "AWS keeps the first four addresses of a subnet and the last (VPC-04)", remedy)
	}
}

// isReserved says whether the cloud keeps that address of the subnet.
func isReserved(subnet netip.Prefix, address netip.Addr, first uint32) bool {
	return address.Less(nth(subnet, first)) || address == last(subnet)
}

// eksFreeAddresses must be free in each subnet of a cluster (EKS-03).
const eksFreeAddresses = 6

// EndpointServices is how many AWS services have an interface endpoint where there
// is no NAT; each takes an address of every private subnet.
const EndpointServices = 8

// transitAddresses are what a transit gateway's attachment takes of each subnet.
const transitAddresses = 1

// privateRoom leaves room for every node in each subnet: all of them may be in
// one zone when the other fails.
func (v *validator) privateRoom() {
	aws, nodes := v.plan.Network.AWS, v.plan.Clusters.EKS.Nodes.Max
	need := eksFreeAddresses + nodes
	wanted := fmt.Sprintf("EKS wants %d and the nodes up to %d (EKS-03)", eksFreeAddresses, nodes)
	if v.plan.VPN.OnTransit() {
		need += transitAddresses
		wanted = fmt.Sprintf("the transit gateway takes %d (AWV-38), ", transitAddresses) + wanted
	}
	if !aws.HasNAT() {
		need += EndpointServices
		wanted = fmt.Sprintf("endpoints take %d (VPC-32), ", EndpointServices) + wanted
	}
	for i, zone := range aws.Zones {
		if !ipv4(zone.Private) || !contains(zone.Private.Masked(), zone.Reserved) {
			continue
		}
		free := int(addresses(zone.Private)) - int(addresses(zone.Reserved)) - awsReservedFirst
		v.need(free >= need, fmt.Sprintf("network.aws.zones[%d].private", i), zone.Private,
			fmt.Sprintf("%s left beside the reserved block; %s", count(free, "address is", "addresses are"), wanted),
			"choose a larger subnet, for example a /24")
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", max(n, 0), many)
}

// nodesRoom leaves an address for every node, those of an upgrade included
// (AKS-27); pods have a range of their own.
func (v *validator) nodesRoom() {
	nodes, pool := v.plan.Network.Azure.Subnets.Nodes, v.plan.Clusters.AKS.Pool
	if !ipv4(nodes) {
		return
	}
	free, need := int(addresses(nodes))-azureReservedFirst-1, pool.Max+PoolSurge
	v.need(free >= need, "network.azure.subnets.nodes", nodes,
		fmt.Sprintf("%s free, and %d nodes with the surge of an upgrade need %d (AKS-27)", count(free, "address is", "addresses are"), pool.Max, need),
		"choose a larger subnet, for example a /24")
}
