package aws

import (
	"fmt"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

// balancerSubnets are the subnets of a load balancer, however they are given.
func balancerSubnets(in inventory.Props) []string {
	return append(in.Strings("subnets"), in.Strings("subnetMappings[*].subnetId")...)
}

func balancerZones(c *emulator.Call) string {
	zones, vpcs := map[string]bool{}, map[string]bool{}
	for _, id := range balancerSubnets(c.In) {
		if zone := zoneOf(c, id); zones[zone] {
			return "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
		}
		zones[zoneOf(c, id)] = true
		vpcs[vpcOf(c, id)] = true
	}
	if len(vpcs) > 1 {
		return "All subnets must belong to the same VPC"
	}
	return ""
}

func balancerTooFewSubnets(c *emulator.Call) string {
	if isNetwork(c.In) || len(balancerSubnets(c.In)) >= 2 {
		return ""
	}
	return "At least two subnets in two different Availability Zones must be specified"
}

// balancerFree is how many free addresses a load balancer wants in a subnet.
const balancerFree = 8

// balancerAddresses asks of subnets that the load balancer is new in, unless it is
// told there which address of its own to take.
func balancerAddresses(c *emulator.Call) string {
	told := balancerSubnets(c.OldIn)
	for _, m := range c.In.Maps("subnetMappings[*]") {
		if isNetwork(c.In) && c.In.Bool("internal") && m.Has("privateIpv4Address") {
			told = append(told, m.Str("subnetId"))
		}
	}
	for _, id := range balancerSubnets(c.In) {
		if n := freeAddresses(c, id); n < balancerFree && !slices.Contains(told, id) {
			return fmt.Sprintf("Not enough IP space available in %s. ELB requires at least %d free IP addresses in each subnet.", id, balancerFree)
		}
	}
	return ""
}

func fixedAddresses(c *emulator.Call) string {
	for _, m := range c.In.Maps("subnetMappings[*]") {
		address, subnet := m.Str("privateIpv4Address"), m.Str("subnetId")
		switch taken := addressTaken(c, subnet, address); {
		case address == "":
		case !c.In.Bool("internal"):
			return "You can specify private IP addresses for internal load balancers only"
		case taken != "":
			return fmt.Sprintf("The private IP address %s of subnet %s %s", address, subnet, taken)
		}
	}
	return ""
}

// mappingOf is a subnet mapping as the provider tells two of them apart.
func mappingOf(m inventory.Props) string {
	return fmt.Sprintf("%q", []string{m.Str("subnetId"), m.Str("privateIpv4Address"), m.Str("allocationId"), m.Str("ipv6Address")})
}

func mappingsOf(in inventory.Props) []string {
	var list []string
	for _, m := range in.Maps("subnetMappings[*]") {
		list = append(list, mappingOf(m))
	}
	return list
}

// holdsEach reports whether every element of part is in whole.
func holdsEach(whole, part []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}

// mappingsReplace: more mappings beside the old ones are made in place. One that
// changes replaces the load balancer; so does one that goes, unless it is an
// application load balancer. What a preview does not know replaces nothing yet.
func mappingsReplace(c *emulator.Call) bool {
	if !c.In.Known("subnetMappings") || !c.In.Has("subnetMappings") {
		return false
	}
	before, now := mappingsOf(c.OldIn), mappingsOf(c.In)
	switch {
	case len(now) > len(before):
		return !holdsEach(now, before)
	case len(now) < len(before):
		return isNetwork(c.In) || !holdsEach(before, now)
	}
	return !holdsEach(now, before)
}

// subnetsReplace: a network load balancer gets more subnets in place, and as many
// other ones or fewer by replacement.
func subnetsReplace(c *emulator.Call) bool {
	if !isNetwork(c.In) || !c.In.Known("subnets") || !c.In.Has("subnets") {
		return false
	}
	before, now := c.OldIn.Strings("subnets"), c.In.Strings("subnets")
	return len(now) <= len(before) && (len(now) < len(before) || !holdsEach(now, before))
}

// subnetsSwapped: what a network load balancer has in a zone stays as it is or goes;
// another subnet or address there takes a second change.
func subnetsSwapped(c *emulator.Call) string {
	if !isNetwork(c.In) {
		return ""
	}
	before, now := balancerSubnets(c.OldIn), balancerSubnets(c.In)
	for _, m := range c.OldIn.Maps("subnetMappings[*]") {
		if slices.Contains(now, m.Str("subnetId")) && !slices.Contains(mappingsOf(c.In), mappingOf(m)) {
			return fmt.Sprintf("The configuration of the subnet %s cannot be changed while it is enabled", m.Str("subnetId"))
		}
	}
	zones := map[string]bool{}
	for _, id := range before {
		zones[zoneOf(c, id)] = true
	}
	for _, id := range now {
		if !slices.Contains(before, id) && zones[zoneOf(c, id)] {
			return fmt.Sprintf("The subnet %s is in an Availability Zone that has another one; remove that first", id)
		}
	}
	return ""
}
