package azure

import (
	"strings"

	"burrow/internal/emulator"
)

func dnsRefusals() []refusal {
	vnet2 := func(s *subscription) {
		s.made(typeVNet, "vnet2", s.valid(typeVNet).With(props{
			"virtualNetworkName": "vnet2", "addressSpace": obj{"addressPrefixes": list{"10.20.0.0/16"}},
		}))
	}
	abroad := func(s *subscription) {
		s.made(typeVNet, "abroad", s.valid(typeVNet).With(props{"virtualNetworkName": "abroad", "location": "ukwest"}))
	}
	linkTo := func(name string) func(props) {
		return func(in props) {
			id := in.Str("virtualNetwork.id")
			in.Set("virtualNetwork.id", parentOf(id)+"/virtualNetworks/"+name)
		}
	}
	zone := func(group, name string) func(s *subscription) {
		return func(s *subscription) {
			s.made(typeGroup, group, props{"resourceGroupName": group, "location": "uksouth"})
			s.made(typeZone, group+name, props{"resourceGroupName": group, "privateZoneName": name, "location": "global"})
		}
	}
	link := func(in props) func(s *subscription) {
		return func(s *subscription) {
			s.made(typeZoneLink, "other", s.valid(typeZoneLink).With(props{"virtualNetworkLinkName": "other"}).With(in))
		}
	}
	twin := func(s *subscription) {
		zone("rg2", "private.azure.internal")(s)
		link(props{"resourceGroupName": "rg2"})(s)
	}
	nested := func(s *subscription) {
		zone("rg2", "azure.internal")(s)
		link(props{"resourceGroupName": "rg2", "privateZoneName": "azure.internal"})(s)
	}
	registering := func(s *subscription) {
		zone("rg2", "other.internal")(s)
		link(props{"resourceGroupName": "rg2", "privateZoneName": "other.internal", "registrationEnabled": true})(s)
	}
	return []refusal{
		{name: "one label", rule: "ADR-01", code: codeBad, typ: typeZone, bad: put("privateZoneName", "internal"), fine: put("privateZoneName", "bunny.internal")},
		{name: "empty label", rule: "ADR-01", code: codeBad, typ: typeZone, bad: put("privateZoneName", "a..internal")},
		{name: "reserved", rule: "ADR-02", code: codeBad, typ: typeZone, bad: put("privateZoneName", "azure.com"), fine: put("privateZoneName", "privatelink.azure.com")},
		{name: "zone with links", rule: "ADR-06", code: "CannotDeleteResource", typ: typeZone, on: emulator.OpDelete, before: func(s *subscription) { s.made(typeZoneLink, "link", nil) }, bad: leave},
		{name: "tags of a zone", rule: "ADR-24", code: codeBad, typ: typeZone, bad: put("tags", tags(16)), fine: put("tags", tags(15))},
		{name: "tags of a link", rule: "ADR-24", code: codeBad, typ: typeZoneLink, bad: put("tags", tags(16))},
		{name: "registration open", rule: "ADR-04", code: codeBad, typ: typeZoneLink, bad: drop("registrationEnabled")},
		{name: "linked twice", rule: "ADR-05", code: codeConflict, typ: typeZoneLink, before: link(nil), bad: leave},
		{name: "two zones of a name", rule: "ADR-05", code: codeBad, typ: typeZoneLink, before: twin, bad: leave},
		{name: "two registration zones", rule: "ADR-04", code: codeConflict, typ: typeZoneLink, before: registering, bad: put("registrationEnabled", true), fine: leave},
		{name: "link to another VNet later", rule: "ADR-05", code: codeBad, typ: typeZoneLink, on: emulator.OpUpdate, before: func(s *subscription) { nested(s); vnet2(s) }, bad: linkTo("vnet2"), fine: leave},
		{name: "delegation", rule: "ADR-03", code: codeBad, typ: typeRecord, bad: put("recordType", "NS")},
		{name: "records of another type", rule: "ADR-03", code: codeBad, typ: typeRecord, bad: put("aRecords", list{obj{"ipv4Address": "10.0.0.1"}})},
		{name: "21 records", rule: "ADR-03", code: codeBad, typ: typeRecord, bad: put("txtRecords", many(21, func(int) any { return obj{"value": list{"x"}} })), fine: put("txtRecords", many(20, func(int) any { return obj{"value": list{"x"}} }))},
		{name: "long text", rule: "ADR-03", code: codeBad, typ: typeRecord, bad: put("txtRecords[0].value[0]", strings.Repeat("x", 1025)), fine: put("txtRecords[0].value[0]", strings.Repeat("x", 1024))},
		{name: "no IPv4 address", rule: "ADR-03", code: codeBad, typ: typeRecord, bad: all(drop("txtRecords"), put("recordType", "A"), put("aRecords", list{obj{"ipv4Address": "::1"}})), fine: all(drop("txtRecords"), put("recordType", "A"), put("aRecords", list{obj{"ipv4Address": "10.0.0.1"}}))},
		{name: "alias beside a record", rule: "ADR-03", code: codeConflict, typ: typeRecord, before: func(s *subscription) { s.made(typeRecord, "txt", nil) }, bad: all(drop("txtRecords"), put("recordType", "CNAME"), put("cnameRecord", obj{"cname": "x.internal"}))},
		{name: "second resolver", rule: "ADR-08", code: codeConflict, typ: typeResolver, before: func(s *subscription) { s.made(typeResolver, "first", nil) }, bad: put("dnsResolverName", "second")},
		{name: "resolver to another VNet", rule: "ADR-08", code: codeConflict, typ: typeResolver, on: emulator.OpUpdate, before: vnet2, bad: linkTo("vnet2"), fine: put("tags", obj{"a": "b"})},
		{name: "resolver abroad", rule: "ADR-08", code: codeBad, typ: typeResolver, before: abroad, bad: linkTo("abroad"), fine: all(linkTo("abroad"), put("location", "ukwest"))},
		{name: "resolver with endpoints", rule: "ADR-20", code: codeConflict, typ: typeResolver, on: emulator.OpDelete, before: func(s *subscription) { s.made(typeOutbound, "out", nil) }, bad: leave},
		{name: "ruleset with links", rule: "ADR-20", code: codeConflict, typ: typeRuleset, on: emulator.OpDelete, before: func(s *subscription) { s.made(typeRulesetLink, "link", nil) }, bad: leave},
		{name: "sixth endpoint", rule: "ADR-13", code: codeBad, typ: typeOutbound, before: fiveOutbound, bad: leave},
		{name: "endpoint abroad", rule: "ADR-13", code: codeBad, typ: typeInbound, bad: put("location", "ukwest")},
		{name: "no delegation", rule: "ADR-09", code: "SubnetMissingRequiredDelegation", typ: typeOutbound, before: func(s *subscription) { s.subnet("plain", "10.10.4.0/28", nil) }, bad: inSubnet("plain")},
		{name: "small subnet", rule: "ADR-09", code: codeBad, typ: typeOutbound, before: func(s *subscription) { s.delegated("small", "10.10.4.0/29") }, bad: inSubnet("small")},
		{name: "large subnet", rule: "ADR-09", code: codeBad, typ: typeOutbound, before: func(s *subscription) { s.delegated("large", "10.10.4.0/23") }, bad: inSubnet("large")},
		{name: "subnet of another endpoint", rule: "ADR-09", code: codeBad, typ: typeOutbound, before: func(s *subscription) { s.made(typeInbound, "in", nil) }, bad: inSubnet("dns-in")},
		{name: "address of Azure's", rule: "ADR-12", code: codeBad, typ: typeInbound, bad: put("ipConfigurations[0].privateIpAddress", "10.10.2.3"), fine: put("ipConfigurations[0].privateIpAddress", "10.10.2.14")},
		{name: "last address", rule: "ADR-12", code: codeBad, typ: typeInbound, bad: put("ipConfigurations[0].privateIpAddress", "10.10.2.15")},
		{name: "two configurations", rule: "ADR-12", code: codeBad, typ: typeInbound, bad: func(in props) {
			one := in.Maps("ipConfigurations")[0]
			in.Set("ipConfigurations", list{one, one})
		}},
		{name: "address later", rule: "ADR-12", code: codeBad, typ: typeInbound, on: emulator.OpUpdate, bad: put("ipConfigurations[0].privateIpAddress", "10.10.2.5")},
		{name: "no outbound endpoint", rule: "ADR-15", code: codeBad, typ: typeRuleset, bad: put("dnsResolverOutboundEndpoints", list{})},
		{name: "ruleset abroad", rule: "ADR-15", code: codeBad, typ: typeRuleset, bad: put("location", "ukwest")},
		{name: "third ruleset of an endpoint", rule: "ADR-15", code: codeBad, typ: typeRuleset, before: func(s *subscription) {
			for _, name := range []string{"r1", "r2"} {
				s.made(typeRuleset, name, s.valid(typeRuleset).With(props{"dnsForwardingRulesetName": name}))
			}
		}, bad: leave},
		{name: "no dot", rule: "ADR-16", code: codeBad, typ: typeForward, bad: put("domainName", "private.aws.internal"), fine: put("domainName", ".")},
		{name: "same domain", rule: "ADR-16", code: codeConflict, typ: typeForward, before: func(s *subscription) {
			s.made(typeForward, "first", s.valid(typeForward).With(props{"forwardingRuleName": "first"}))
		}, bad: leave, fine: put("domainName", "other.internal.")},
		{name: "Azure as target", rule: "ADR-17", code: codeBad, typ: typeForward, bad: put("targetDnsServers[0].ipAddress", azureDNS)},
		{name: "seven targets", rule: "ADR-17", code: codeBad, typ: typeForward, bad: put("targetDnsServers", many(7, func(int) any { return obj{"ipAddress": "10.0.1.10", "port": 53.0} })), fine: put("targetDnsServers", many(6, func(int) any { return obj{"ipAddress": "10.0.1.10", "port": 53.0} }))},
		{name: "second ruleset of a VNet", rule: "ADR-18", code: codeConflict, typ: typeRulesetLink, before: func(s *subscription) {
			s.made(typeRulesetLink, "first", s.valid(typeRulesetLink).With(props{"virtualNetworkLinkName": "first"}))
		}, bad: leave},
		{name: "VNet abroad", rule: "ADR-18", code: codeBad, typ: typeRulesetLink, before: abroad, bad: linkTo("abroad")},
		{name: "link to another VNet", rule: "ADR-18", code: codeBad, typ: typeRulesetLink, on: emulator.OpUpdate, before: vnet2, bad: linkTo("vnet2")},
	}
}

func fiveOutbound(s *subscription) {
	for i, name := range []string{"o1", "o2", "o3", "o4", "o5"} {
		subnet := s.delegated(name, "10.10."+string(rune('0'+4+i))+".0/28")
		s.made(typeOutbound, name, s.valid(typeOutbound).With(props{
			"outboundEndpointName": name, "subnet": obj{"id": subnet},
		}))
	}
}

// inSubnet moves an endpoint into another subnet of the same VNet.
func inSubnet(name string) func(props) {
	return func(in props) {
		id := in.Str("subnet.id")
		in.Set("subnet.id", parentOf(id)+"/subnets/"+name)
	}
}

func dnsPolicyRefusals() []refusal {
	abroad := func(s *subscription) {
		s.made(typeDNSPolicy, "abroad", s.valid(typeDNSPolicy).With(props{"dnsResolverPolicyName": "abroad", "location": "ukwest"}))
		s.made(typeDomainList, "abroad", s.valid(typeDomainList).With(props{"dnsResolverDomainListName": "abroad", "location": "ukwest"}))
	}
	linked := func(s *subscription) { s.made(typeDNSPolicyLink, "first", nil) }
	second := func(s *subscription) {
		linked(s)
		s.made(typeDNSPolicy, "second", s.valid(typeDNSPolicy).With(props{"dnsResolverPolicyName": "second"}))
	}
	ruled := func(s *subscription) {
		s.made(typeDNSRule, "first", s.valid(typeDNSRule).With(props{"dnsSecurityRuleName": "first"}))
	}
	domainsAbroad := func(in props) {
		id := in.Str("dnsResolverDomainLists[0].id")
		in.Set("dnsResolverDomainLists[0].id", parentOf(id)+"/dnsResolverDomainLists/abroad")
	}
	return []refusal{
		{name: "name of a DNS policy", rule: "NAM-06", code: "InvalidResourceName", typ: typeDNSPolicy, bad: put("dnsResolverPolicyName", "policy_"), fine: put("dnsResolverPolicyName", "policy_1")},
		{name: "link of no DNS policy", rule: "PRO-05", code: "ParentResourceNotFound", typ: typeDNSPolicyLink, bad: put("dnsResolverPolicyName", "none")},
		{name: "DNS policy abroad", rule: "ARM-08", code: codeBad, typ: typeDNSPolicyLink, before: abroad, bad: put("dnsResolverPolicyName", "abroad")},
		{name: "link of a DNS policy abroad", rule: "ARM-08", code: codeBad, typ: typeDNSPolicyLink, bad: put("location", "ukwest")},
		{name: "second DNS policy of a VNet", rule: "ARM-09", code: codeConflict, typ: typeDNSPolicyLink, before: second, bad: put("dnsResolverPolicyName", "second")},
		{name: "DNS policy with links", rule: "ARM-10", code: codeConflict, typ: typeDNSPolicy, on: emulator.OpDelete, before: linked, bad: leave},
		{name: "priority of a DNS rule", rule: "ARM-11", code: codeBad, typ: typeDNSRule, bad: put("priority", 99.0), fine: put("priority", 65000.0)},
		{name: "same priority of a DNS rule", rule: "ARM-11", code: codeBad, typ: typeDNSRule, before: ruled, bad: leave, fine: put("priority", 101.0)},
		{name: "code of what is allowed", rule: "ARM-11", code: codeBad, typ: typeDNSRule, bad: put("action.actionType", "Allow"), fine: put("action", obj{"actionType": "Allow"})},
		{name: "domains abroad", rule: "ARM-12", code: codeBad, typ: typeDNSRule, before: abroad, bad: domainsAbroad},
		{name: "no domains", rule: "ARM-12", code: codeBad, typ: typeDomainList, bad: put("domains", list{}), fine: put("domains", list{"example.com"})},
		{name: "no domain", rule: "ARM-12", code: codeBad, typ: typeDomainList, bad: put("domains", list{"a..b"})},
	}
}
