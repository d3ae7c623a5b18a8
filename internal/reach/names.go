package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

const (
	dnsPort     = 53
	maxForwards = 3   // further forwards are a loop
	rootDomain  = "." // every name is in it
)

// plainName is a domain in lower case and without the dot at its end, unless it is the root.
func plainName(name string) string {
	if name == rootDomain {
		return name
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// within reports whether a name is in a domain.
func within(name, domain string) bool {
	name = strings.TrimPrefix(name, "*.")
	return domain == rootDomain || name == domain || strings.HasSuffix(name, "."+domain)
}

// askedInAzure judges a question from a machine of a VNet. The linked zone or the
// linked ruleset's rule with the longest fitting name answers; of equal ones the zone
// does (ADR-07). Source: azure-docs dns/private-resolver-endpoints-rulesets.md.
func (m *model) askedInAzure(vnet *inventory.Object, name string, forwards int) []Hop {
	place := "DNS of " + lastPart(vnet.ID)
	if own := vnet.Props().Strings("dhcpOptions.dnsServers"); len(own) > 0 && !slices.Contains(own, platform.String()) {
		return []Hop{untold(place, vnet.ID, "the VNet asks its own DNS servers %s, and what they do cannot be told (ADR-21)", strings.Join(own, ", "))}
	}
	var zone *inventory.Object
	domain, unlinked := "", ""
	for _, z := range m.All(azuretype.PrivateZone) {
		d := plainName(cmp.Or(z.In.Str("privateZoneName"), lastPart(z.ID)))
		switch {
		case !within(name, d):
		case !m.linked(azuretype.VirtualNetworkLink, z.ID, vnet.ID):
			unlinked = z.ID
		case len(d) > len(domain):
			zone, domain = z, d
		}
	}
	rule, ruleset, near := m.forwardingRule(vnet, name)
	if rule != nil && len(plainName(rule.In.Str("domainName"))) > len(domain) {
		return append([]Hop{passes("forwarding rule for "+rule.In.Str("domainName"), rule.ID)}, m.forwardedByAzure(rule, ruleset, name, forwards)...)
	}
	if zone != nil {
		return []Hop{m.recordInAzure(zone, domain, name)}
	}
	if near.Verdict != Passes {
		return []Hop{near}
	}
	if unlinked != "" {
		return []Hop{stopped(place, unlinked, "ADR-04", "link the zone to "+lastPart(vnet.ID), "the zone %s is not linked to %s", lastPart(unlinked), lastPart(vnet.ID))}
	}
	return []Hop{stopped(place, vnet.ID, "ADR-18", "link a ruleset with a rule for it, or a zone", "no linked zone or forwarding rule is for %s", name)}
}

// linked reports whether a link below the object leads to the VNet.
func (m *model) linked(typ, parent, vnet string) bool {
	return slices.ContainsFunc(m.All(typ), func(l *inventory.Object) bool {
		return isBelow(l.ID, parent) && inventory.SameID(l.In.Str("virtualNetwork.id"), vnet)
	})
}

// forwardingRule is the rule for a name where the VNet is, or what comes near to one.
func (m *model) forwardingRule(vnet *inventory.Object, name string) (best, ruleset *inventory.Object, near Hop) {
	domain := ""
	for _, set := range m.All(azuretype.DnsForwardingRuleset) {
		linked := m.linked(azuretype.PrivateResolverVirtualNetworkLink, set.ID, vnet.ID)
		for _, r := range m.All(azuretype.ForwardingRule) {
			d := plainName(r.In.Str("domainName"))
			place := "forwarding rule for " + r.In.Str("domainName")
			switch {
			case !isBelow(r.ID, set.ID) || !within(name, d):
			case !linked:
				near = stopped(place, set.ID, "ADR-18", "link the ruleset to "+lastPart(vnet.ID), "the ruleset %s is not linked to %s", lastPart(set.ID), lastPart(vnet.ID))
			case r.Props().Str("forwardingRuleState") == "Disabled":
				near = stopped(place, r.ID, "ADR-16", "enable it", "the rule %s is disabled", lastPart(r.ID))
			case len(d) > len(domain):
				best, ruleset, domain = r, set, d
			}
		}
	}
	return best, ruleset, near
}

// recordInAzure looks a name up in a zone that answers for it.
func (m *model) recordInAzure(zone *inventory.Object, domain, name string) Hop {
	place := "private zone " + domain
	for _, r := range m.All(azuretype.PrivateRecordSet) {
		if !isBelow(r.ID, zone.ID) || strings.EqualFold(r.In.Str("recordType"), "SOA") {
			continue
		}
		if full := plainName(lastPart(r.ID) + "." + domain); full == name || name == "*."+domain {
			return passes(place, r.ID)
		}
	}
	return stopped(place, zone.ID, "ADR-07", "add the record", "the zone answers for %s and has no such record", name)
}

// forwardedByAzure judges the way of a question from the ruleset's outbound endpoints to
// every target, and the answer there.
func (m *model) forwardedByAzure(rule, ruleset *inventory.Object, name string, forwards int) (hops []Hop) {
	place := "forwarding rule for " + rule.In.Str("domainName")
	outbound := ruleset.In.Strings("dnsResolverOutboundEndpoints[*].id")
	for _, id := range outbound {
		endpoint := m.Get(azuretype.OutboundEndpoint, id)
		if endpoint == nil {
			hops = append(hops, stopped(place, ruleset.ID, "ADR-15", "name an outbound endpoint that exists", "the outbound endpoint %s does not exist", lastPart(id)))
			continue
		}
		subnet := m.Get(azuretype.Subnet, endpoint.In.Str("subnet.id"))
		if subnet == nil {
			hops = append(hops, untold(place, id, "the endpoint's subnet is not in what was looked at"))
			continue
		}
		for _, target := range rule.In.Maps("targetDnsServers[*]") {
			hops = append(hops, m.azureAsksAWS(rule, subnet, address(target.Str("ipAddress")), cmp.Or(target.Int("port"), dnsPort))...)
		}
	}
	if forwards++; forwards > maxForwards {
		return append(hops, stopped(place, rule.ID, "ADR-25", "take one of the rules away", "the clouds forward %s to each other without end", name))
	}
	for _, vpc := range m.vpcsOfTargets(rule) {
		hops = append(hops, m.askedInAWS(vpc, name, forwards)...)
	}
	return hops
}

// inboundAt is the Resolver endpoint that answers at an address, and its subnet.
func (m *model) inboundAt(a netip.Addr) (endpoint, subnet *inventory.Object) {
	for _, e := range m.All(awstype.ResolverEndpoint) {
		for _, p := range e.Props().Maps("ipAddresses[*]") {
			if e.In.Str("direction") == "INBOUND" && address(p.Str("ip")) == a {
				return e, m.Get(awstype.Subnet, p.Str("subnetId"))
			}
		}
	}
	return nil, nil
}

func (m *model) vpcsOfTargets(rule *inventory.Object) (found []*inventory.Object) {
	for _, target := range rule.In.Strings("targetDnsServers[*].ipAddress") {
		if _, subnet := m.inboundAt(address(target)); subnet != nil {
			if vpc := m.Get(awstype.Vpc, subnet.Value("vpcId")); vpc != nil && !slices.Contains(found, vpc) {
				found = append(found, vpc)
			}
		}
	}
	return found
}

// azureAsksAWS judges a question from any address of an outbound endpoint's subnet
// (ADR-14) to one target, and the answer's way back.
func (m *model) azureAsksAWS(rule, from *inventory.Object, to netip.Addr, port int) (hops []Hop) {
	place := "forwarding rule for " + rule.In.Str("domainName")
	endpoint, subnet := m.inboundAt(to)
	switch {
	case endpoint == nil:
		return []Hop{stopped(place, rule.ID, "ADR-17", "forward to the addresses of an inbound endpoint", "no inbound endpoint of Route 53 has the address %s", to)}
	case port != dnsPort:
		return []Hop{stopped(place, rule.ID, "R53-12", "forward to port 53", "the inbound endpoint at %s answers on port 53, not on %d", to, port)}
	case subnet == nil:
		return []Hop{untold(place, endpoint.ID, "the subnet of the inbound endpoint at %s is not in what was looked at", to)}
	}
	for _, protocol := range []string{"udp", "tcp"} {
		for _, source := range m.sources(from) {
			for _, own := range ephemeral {
				p := Packet{Protocol: protocol, From: source, To: to, FromPort: own, ToPort: dnsPort}
				hops = append(hops, m.nsg(from, "Outbound", p), m.azureRoute(from, to), m.acl(subnet, false, p),
					m.groups("the inbound endpoint", endpoint.In.Strings("securityGroupIds"), false, p, nil), m.acl(subnet, true, p.Reply()))
			}
		}
	}
	return append(hops, m.tunnels(subnet.ID)...)
}

// askedInAWS judges a question from a machine of a VPC. The associated zone or rule with
// the longest fitting name answers; of equal ones the rule does (R53-08). Source:
// Amazon Route 53 guide, hosted-zone-private-considerations.md and
// resolver-overview-DSN-queries-to-vpc.md.
func (m *model) askedInAWS(vpc *inventory.Object, name string, forwards int) []Hop {
	place := "DNS of " + cmp.Or(vpc.Props().Map("tags").Str("Name"), vpc.ID)
	for _, flag := range []string{"enableDnsSupport", "enableDnsHostnames"} {
		if v, set := vpc.Props().Get(flag); set && v == any(false) {
			return []Hop{stopped(place, vpc.ID, "EKS-08", "set "+flag, "%s is off in the VPC", flag)}
		}
	}
	var zone *inventory.Object
	domain, apart := "", ""
	for _, z := range m.All(awstype.Zone) {
		d := plainName(z.Value("name"))
		switch {
		case !within(name, d):
		case !m.associated(z, vpc.ID):
			apart = z.ID
		case len(d) > len(domain):
			zone, domain = z, d
		}
	}
	rule, near := m.resolverRule(vpc, name)
	if rule != nil && len(plainName(rule.Value("domainName"))) >= len(domain) {
		return append([]Hop{passes("Resolver rule for "+rule.Value("domainName"), rule.ID)}, m.forwardedByAWS(rule, name, forwards)...)
	}
	switch {
	case zone != nil:
		return []Hop{m.recordInAWS(zone, domain, name)}
	case near.Verdict != Passes:
		return []Hop{near}
	case apart != "":
		return []Hop{stopped(place, apart, "R53-04", "associate the zone with "+vpc.ID, "the zone %s is not associated with %s", apart, vpc.ID)}
	}
	return []Hop{stopped(place, vpc.ID, "R53-16", "associate a rule for it, or a zone", "no associated zone or Resolver rule is for %s", name)}
}

func (m *model) associated(zone *inventory.Object, vpc string) bool {
	return slices.Contains(zone.In.Strings("vpcs[*].vpcId"), vpc) || slices.ContainsFunc(m.All(awstype.ZoneAssociation), func(a *inventory.Object) bool {
		return a.In.Str("zoneId") == zone.ID && a.In.Str("vpcId") == vpc
	})
}

// resolverRule is the rule that forwards a name where the VPC is, or what comes near to
// one. A system rule of a longer domain leaves the name to the VPC.
func (m *model) resolverRule(vpc *inventory.Object, name string) (best *inventory.Object, near Hop) {
	for _, r := range m.All(awstype.ResolverRule) {
		d, typ := plainName(r.Value("domainName")), r.In.Str("ruleType")
		if !within(name, d) || typ != "FORWARD" && typ != "SYSTEM" {
			continue
		}
		used := slices.ContainsFunc(m.All(awstype.ResolverRuleAssociation), func(a *inventory.Object) bool {
			return a.In.Str("resolverRuleId") == r.ID && a.In.Str("vpcId") == vpc.ID
		})
		switch {
		case !used && typ == "FORWARD":
			near = stopped("Resolver rule for "+d, r.ID, "R53-16", "associate it with "+vpc.ID, "the rule %s is not associated with %s", r.ID, vpc.ID)
		case used && (best == nil || len(d) > len(plainName(best.Value("domainName")))):
			best = r
		}
	}
	if best != nil && best.In.Str("ruleType") == "SYSTEM" {
		return nil, near
	}
	return best, near
}

// recordInAWS looks a name up in a zone that answers for it.
func (m *model) recordInAWS(zone *inventory.Object, domain, name string) Hop {
	place := "private zone " + domain
	for _, r := range m.All(awstype.Record) {
		if r.In.Str("zoneId") != zone.ID || m.recordName(r) != name && name != "*."+domain {
			continue
		}
		alias := aliasOf(r)
		exists := slices.ContainsFunc(m.All(awstype.LoadBalancer), func(lb *inventory.Object) bool { return plainName(lb.Value("dnsName")) == alias })
		if strings.Contains(alias, ".elb.") && !exists {
			return stopped(place, r.ID, "R53-06", "point it at the load balancer", "%s is an alias of %s, which does not exist", name, alias)
		}
		return passes(place, r.ID)
	}
	return stopped(place, zone.ID, "R53-06", "add the record", "the zone answers for %s and has no such record", name)
}

// aliasOf is the plain name that a record is an alias of, or "". A load balancer answers to
// its own name and, for both IP versions, to dualstack. before it.
func aliasOf(r *inventory.Object) string {
	return strings.TrimPrefix(plainName(r.In.Str("aliases[0].name")), "dualstack.")
}

// recordName is a record's full name: it may be given relative to its zone.
func (m *model) recordName(r *inventory.Object) string {
	if fqdn := r.Out.Str("fqdn"); fqdn != "" {
		return plainName(fqdn)
	}
	return plainName(r.Value("name"))
}

// forwardedByAWS judges the way of a question from the rule's outbound endpoint to every
// target, and the answer there.
func (m *model) forwardedByAWS(rule *inventory.Object, name string, forwards int) (hops []Hop) {
	place := "Resolver rule for " + rule.Value("domainName")
	endpoint := m.Get(awstype.ResolverEndpoint, rule.In.Str("resolverEndpointId"))
	if endpoint == nil {
		return []Hop{stopped(place, rule.ID, "R53-14", "give it an outbound endpoint", "its outbound endpoint does not exist")}
	}
	var vnets []*inventory.Object
	for _, target := range rule.In.Maps("targetIps[*]") {
		to, port := address(target.Str("ip")), cmp.Or(target.Int("port"), dnsPort)
		id := m.azureInboundSubnet(to)
		if id == "" {
			hops = append(hops, stopped(place, rule.ID, "R53-14", "forward to the address of an inbound endpoint", "no inbound endpoint of Azure has the address %s", to))
			continue
		}
		subnet, vnet := m.azureInboundAt(to)
		if vnet != nil && !slices.Contains(vnets, vnet) {
			vnets = append(vnets, vnet)
		}
		switch {
		case port != dnsPort:
			hops = append(hops, stopped(place, rule.ID, "R53-15", "forward to port 53", "the inbound endpoint at %s answers on port 53, not on %d", to, port))
			continue
		case subnet == nil || vnet == nil:
			hops = append(hops, untold(place, id, "the subnet of the inbound endpoint at %s, or its VNet, is not in what was looked at", to))
			continue
		}
		for _, own := range endpoint.Props().Maps("ipAddresses[*]") {
			from := m.Get(awstype.Subnet, own.Str("subnetId"))
			if from == nil {
				hops = append(hops, untold(place, endpoint.ID, "the subnet of the outbound endpoint at %s is not in what was looked at", own.Str("ip")))
				continue
			}
			hops = append(hops, m.awsAsksAzure(endpoint, from, address(own.Str("ip")), subnet, to)...)
		}
	}
	if forwards++; forwards > maxForwards {
		return append(hops, stopped(place, rule.ID, "ADR-25", "take one of the rules away", "the clouds forward %s to each other without end", name))
	}
	for _, vnet := range vnets {
		hops = append(hops, m.askedInAzure(vnet, name, forwards)...)
	}
	return hops
}

// azureInboundSubnet is the id of the subnet of the inbound endpoint that answers at an
// address, "" when none does.
func (m *model) azureInboundSubnet(a netip.Addr) string {
	for _, e := range m.All(azuretype.InboundEndpoint) {
		for _, p := range e.Props().Maps("ipConfigurations[*]") {
			if address(p.Str("privateIpAddress")) == a {
				return p.Str("subnet.id")
			}
		}
	}
	return ""
}

// azureInboundAt is that subnet and its VNet, nil where they are not in what was looked at.
func (m *model) azureInboundAt(a netip.Addr) (subnet, vnet *inventory.Object) {
	id := m.azureInboundSubnet(a)
	return m.Get(azuretype.Subnet, id), m.vnetOf(id)
}

func (m *model) awsAsksAzure(endpoint, from *inventory.Object, own netip.Addr, subnet *inventory.Object, to netip.Addr) (hops []Hop) {
	for _, protocol := range []string{"udp", "tcp"} {
		for _, source := range ephemeral {
			p := Packet{Protocol: protocol, From: own, To: to, FromPort: source, ToPort: dnsPort}
			hops = append(hops, m.groups("the outbound endpoint", endpoint.In.Strings("securityGroupIds"), true, p, nil), m.acl(from, true, p),
				m.nsg(subnet, "Inbound", p), m.acl(from, false, p.Reply()))
		}
	}
	return append(append(hops, m.azureRoute(subnet, own)), m.tunnels(from.ID)...)
}

// zoneOf reads the zone of a record set from its ARM id, which ends in
// privateDnsZones/ZONE/TYPE/NAME.
func zoneOf(record *inventory.Object) string {
	_, after, found := strings.Cut(inventory.NormalID(record.ID), "/privatednszones/")
	if !found {
		return ""
	}
	zone, _, _ := strings.Cut(after, "/")
	return zone
}
