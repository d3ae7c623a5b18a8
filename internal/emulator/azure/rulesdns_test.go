package azure

import (
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

func dnsRefusals() []refusal {
	vnet2 := func(s *subscription) {
		s.made(azuretype.VirtualNetwork, "vnet2", s.valid(azuretype.VirtualNetwork).With(props{
			"virtualNetworkName": "vnet2", "addressSpace": obj{"addressPrefixes": list{"10.20.0.0/16"}},
		}))
	}
	abroad := func(s *subscription) {
		s.made(azuretype.VirtualNetwork, "abroad", s.valid(azuretype.VirtualNetwork).With(props{"virtualNetworkName": "abroad", "location": "ukwest"}))
	}
	linkTo := func(name string) func(props) {
		return func(in props) {
			id := in.Str("virtualNetwork.id")
			in.Set("virtualNetwork.id", parentOf(id)+"/virtualNetworks/"+name)
		}
	}
	zone := func(group, name string) func(s *subscription) {
		return func(s *subscription) {
			s.made(azuretype.ResourceGroup, group, props{"resourceGroupName": group, "location": "uksouth"})
			s.made(azuretype.PrivateZone, group+name, props{"resourceGroupName": group, "privateZoneName": name, "location": "global"})
		}
	}
	link := func(in props) func(s *subscription) {
		return func(s *subscription) {
			s.made(azuretype.VirtualNetworkLink, "other", s.valid(azuretype.VirtualNetworkLink).With(props{"virtualNetworkLinkName": "other"}).With(in))
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
		{name: "one label", rule: "ADR-01", code: codeBad, typ: azuretype.PrivateZone, bad: put("privateZoneName", "internal"), fine: put("privateZoneName", "bunny.internal")},
		{name: "empty label", rule: "ADR-01", code: codeBad, typ: azuretype.PrivateZone, bad: put("privateZoneName", "a..internal")},
		{name: "reserved", rule: "ADR-02", code: codeBad, typ: azuretype.PrivateZone, bad: put("privateZoneName", "azure.com"), fine: put("privateZoneName", "privatelink.azure.com")},
		{name: "zone with links", rule: "ADR-06", code: "CannotDeleteResource", typ: azuretype.PrivateZone, on: emulator.OpDelete, before: func(s *subscription) { s.made(azuretype.VirtualNetworkLink, "link", nil) }, bad: leave},
		{name: "tags of a zone", rule: "ADR-24", code: codeBad, typ: azuretype.PrivateZone, bad: put("tags", tags(16)), fine: put("tags", tags(15))},
		{name: "tags of a link", rule: "ADR-24", code: codeBad, typ: azuretype.VirtualNetworkLink, bad: put("tags", tags(16))},
		{name: "registration open", rule: "ADR-04", code: codeBad, typ: azuretype.VirtualNetworkLink, bad: drop("registrationEnabled")},
		{name: "linked twice", rule: "ADR-05", code: codeConflict, typ: azuretype.VirtualNetworkLink, before: link(nil), bad: leave},
		{name: "two zones of a name", rule: "ADR-05", code: codeBad, typ: azuretype.VirtualNetworkLink, before: twin, bad: leave},
		{name: "two registration zones", rule: "ADR-04", code: codeConflict, typ: azuretype.VirtualNetworkLink, before: registering, bad: put("registrationEnabled", true), fine: leave},
		{name: "link to another VNet later", rule: "ADR-05", code: codeBad, typ: azuretype.VirtualNetworkLink, on: emulator.OpUpdate, before: func(s *subscription) { nested(s); vnet2(s) }, bad: linkTo("vnet2"), fine: leave},
		{name: "delegation", rule: "ADR-03", code: codeBad, typ: azuretype.PrivateRecordSet, bad: put("recordType", "NS")},
		{name: "records of another type", rule: "ADR-03", code: codeBad, typ: azuretype.PrivateRecordSet, bad: put("aRecords", list{obj{"ipv4Address": "10.0.0.1"}})},
		{name: "21 records", rule: "ADR-03", code: codeBad, typ: azuretype.PrivateRecordSet, bad: put("txtRecords", many(21, func(int) any { return obj{"value": list{"x"}} })), fine: put("txtRecords", many(20, func(int) any { return obj{"value": list{"x"}} }))},
		{name: "long text", rule: "ADR-03", code: codeBad, typ: azuretype.PrivateRecordSet, bad: put("txtRecords[0].value[0]", strings.Repeat("x", 1025)), fine: put("txtRecords[0].value[0]", strings.Repeat("x", 1024))},
		{name: "no IPv4 address", rule: "ADR-03", code: codeBad, typ: azuretype.PrivateRecordSet, bad: all(drop("txtRecords"), put("recordType", "A"), put("aRecords", list{obj{"ipv4Address": "::1"}})), fine: all(drop("txtRecords"), put("recordType", "A"), put("aRecords", list{obj{"ipv4Address": "10.0.0.1"}}))},
		{name: "alias beside a record", rule: "ADR-03", code: codeConflict, typ: azuretype.PrivateRecordSet, before: func(s *subscription) { s.made(azuretype.PrivateRecordSet, "txt", nil) }, bad: all(drop("txtRecords"), put("recordType", "CNAME"), put("cnameRecord", obj{"cname": "x.internal"}))},
		{name: "second resolver", rule: "ADR-08", code: codeConflict, typ: azuretype.DnsResolver, before: func(s *subscription) { s.made(azuretype.DnsResolver, "first", nil) }, bad: put("dnsResolverName", "second")},
		{name: "resolver to another VNet", rule: "ADR-08", code: codeConflict, typ: azuretype.DnsResolver, on: emulator.OpUpdate, before: vnet2, bad: linkTo("vnet2"), fine: put("tags", obj{"a": "b"})},
		{name: "resolver abroad", rule: "ADR-08", code: codeBad, typ: azuretype.DnsResolver, before: abroad, bad: linkTo("abroad"), fine: all(linkTo("abroad"), put("location", "ukwest"))},
		{name: "resolver with endpoints", rule: "ADR-20", code: codeConflict, typ: azuretype.DnsResolver, on: emulator.OpDelete, before: func(s *subscription) { s.made(azuretype.OutboundEndpoint, "out", nil) }, bad: leave},
		{name: "ruleset with links", rule: "ADR-20", code: codeConflict, typ: azuretype.DnsForwardingRuleset, on: emulator.OpDelete, before: func(s *subscription) { s.made(azuretype.PrivateResolverVirtualNetworkLink, "link", nil) }, bad: leave},
		{name: "sixth endpoint", rule: "ADR-13", code: codeBad, typ: azuretype.OutboundEndpoint, before: fiveOutbound, bad: leave},
		{name: "endpoint abroad", rule: "ADR-13", code: codeBad, typ: azuretype.InboundEndpoint, bad: put("location", "ukwest")},
		{name: "no delegation", rule: "ADR-09", code: "SubnetMissingRequiredDelegation", typ: azuretype.OutboundEndpoint, before: func(s *subscription) { s.subnet("plain", "10.10.4.0/28", nil) }, bad: inSubnet("plain")},
		{name: "small subnet", rule: "ADR-09", code: codeBad, typ: azuretype.OutboundEndpoint, before: func(s *subscription) { s.delegated("small", "10.10.4.0/29") }, bad: inSubnet("small")},
		{name: "large subnet", rule: "ADR-09", code: codeBad, typ: azuretype.OutboundEndpoint, before: func(s *subscription) { s.delegated("large", "10.10.4.0/23") }, bad: inSubnet("large")},
		{name: "subnet of another endpoint", rule: "ADR-09", code: codeBad, typ: azuretype.OutboundEndpoint, before: func(s *subscription) { s.made(azuretype.InboundEndpoint, "in", nil) }, bad: inSubnet("dns-in")},
		{name: "address of Azure's", rule: "ADR-12", code: codeBad, typ: azuretype.InboundEndpoint, bad: put("ipConfigurations[0].privateIpAddress", "10.10.2.3"), fine: put("ipConfigurations[0].privateIpAddress", "10.10.2.14")},
		{name: "last address", rule: "ADR-12", code: codeBad, typ: azuretype.InboundEndpoint, bad: put("ipConfigurations[0].privateIpAddress", "10.10.2.15")},
		{name: "two configurations", rule: "ADR-12", code: codeBad, typ: azuretype.InboundEndpoint, bad: func(in props) {
			one := in.Maps("ipConfigurations")[0]
			in.Set("ipConfigurations", list{one, one})
		}},
		{name: "address later", rule: "ADR-12", code: codeBad, typ: azuretype.InboundEndpoint, on: emulator.OpUpdate, bad: put("ipConfigurations[0].privateIpAddress", "10.10.2.5")},
		{name: "no outbound endpoint", rule: "ADR-15", code: codeBad, typ: azuretype.DnsForwardingRuleset, bad: put("dnsResolverOutboundEndpoints", list{})},
		{name: "ruleset abroad", rule: "ADR-15", code: codeBad, typ: azuretype.DnsForwardingRuleset, bad: put("location", "ukwest")},
		{name: "third ruleset of an endpoint", rule: "ADR-15", code: codeBad, typ: azuretype.DnsForwardingRuleset, before: func(s *subscription) {
			for _, name := range []string{"r1", "r2"} {
				s.made(azuretype.DnsForwardingRuleset, name, s.valid(azuretype.DnsForwardingRuleset).With(props{"dnsForwardingRulesetName": name}))
			}
		}, bad: leave},
		{name: "no dot", rule: "ADR-16", code: codeBad, typ: azuretype.ForwardingRule, bad: put("domainName", "private.aws.internal"), fine: put("domainName", ".")},
		{name: "same domain", rule: "ADR-16", code: codeConflict, typ: azuretype.ForwardingRule, before: func(s *subscription) {
			s.made(azuretype.ForwardingRule, "first", s.valid(azuretype.ForwardingRule).With(props{"forwardingRuleName": "first"}))
		}, bad: leave, fine: put("domainName", "other.internal.")},
		{name: "Azure as target", rule: "ADR-17", code: codeBad, typ: azuretype.ForwardingRule, bad: put("targetDnsServers[0].ipAddress", azureDNS)},
		{name: "seven targets", rule: "ADR-17", code: codeBad, typ: azuretype.ForwardingRule, bad: put("targetDnsServers", many(7, func(int) any { return obj{"ipAddress": "10.0.1.10", "port": 53.0} })), fine: put("targetDnsServers", many(6, func(int) any { return obj{"ipAddress": "10.0.1.10", "port": 53.0} }))},
		{name: "second ruleset of a VNet", rule: "ADR-18", code: codeConflict, typ: azuretype.PrivateResolverVirtualNetworkLink, before: func(s *subscription) {
			s.made(azuretype.PrivateResolverVirtualNetworkLink, "first", s.valid(azuretype.PrivateResolverVirtualNetworkLink).With(props{"virtualNetworkLinkName": "first"}))
		}, bad: leave},
		{name: "VNet abroad", rule: "ADR-18", code: codeBad, typ: azuretype.PrivateResolverVirtualNetworkLink, before: abroad, bad: linkTo("abroad")},
		{name: "link to another VNet", rule: "ADR-18", code: codeBad, typ: azuretype.PrivateResolverVirtualNetworkLink, on: emulator.OpUpdate, before: vnet2, bad: linkTo("vnet2")},
	}
}

func fiveOutbound(s *subscription) {
	for i, name := range []string{"o1", "o2", "o3", "o4", "o5"} {
		subnet := s.delegated(name, "10.10."+string(rune('0'+4+i))+".0/28")
		s.made(azuretype.OutboundEndpoint, name, s.valid(azuretype.OutboundEndpoint).With(props{
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
		s.made(azuretype.DnsResolverPolicy, "abroad", s.valid(azuretype.DnsResolverPolicy).With(props{"dnsResolverPolicyName": "abroad", "location": "ukwest"}))
		s.made(azuretype.DnsResolverDomainList, "abroad", s.valid(azuretype.DnsResolverDomainList).With(props{"dnsResolverDomainListName": "abroad", "location": "ukwest"}))
	}
	linked := func(s *subscription) { s.made(azuretype.DnsResolverPolicyVirtualNetworkLink, "first", nil) }
	second := func(s *subscription) {
		linked(s)
		s.made(azuretype.DnsResolverPolicy, "second", s.valid(azuretype.DnsResolverPolicy).With(props{"dnsResolverPolicyName": "second"}))
	}
	ruled := func(s *subscription) {
		s.made(azuretype.DnsSecurityRule, "first", s.valid(azuretype.DnsSecurityRule).With(props{"dnsSecurityRuleName": "first"}))
	}
	domainsAbroad := func(in props) {
		id := in.Str("dnsResolverDomainLists[0].id")
		in.Set("dnsResolverDomainLists[0].id", parentOf(id)+"/dnsResolverDomainLists/abroad")
	}
	return []refusal{
		{name: "name of a DNS policy", rule: "NAM-06", code: "InvalidResourceName", typ: azuretype.DnsResolverPolicy, bad: put("dnsResolverPolicyName", "policy_"), fine: put("dnsResolverPolicyName", "policy_1")},
		{name: "link of no DNS policy", rule: "PRO-05", code: "ParentResourceNotFound", typ: azuretype.DnsResolverPolicyVirtualNetworkLink, bad: put("dnsResolverPolicyName", "none")},
		{name: "DNS policy abroad", rule: "ARM-08", code: codeBad, typ: azuretype.DnsResolverPolicyVirtualNetworkLink, before: abroad, bad: put("dnsResolverPolicyName", "abroad")},
		{name: "link of a DNS policy abroad", rule: "ARM-08", code: codeBad, typ: azuretype.DnsResolverPolicyVirtualNetworkLink, bad: put("location", "ukwest")},
		{name: "second DNS policy of a VNet", rule: "ARM-09", code: codeConflict, typ: azuretype.DnsResolverPolicyVirtualNetworkLink, before: second, bad: put("dnsResolverPolicyName", "second")},
		{name: "DNS policy with links", rule: "ARM-10", code: codeConflict, typ: azuretype.DnsResolverPolicy, on: emulator.OpDelete, before: linked, bad: leave},
		{name: "priority of a DNS rule", rule: "ARM-11", code: codeBad, typ: azuretype.DnsSecurityRule, bad: put("priority", 99.0), fine: put("priority", 65000.0)},
		{name: "same priority of a DNS rule", rule: "ARM-11", code: codeBad, typ: azuretype.DnsSecurityRule, before: ruled, bad: leave, fine: put("priority", 101.0)},
		{name: "code of what is allowed", rule: "ARM-11", code: codeBad, typ: azuretype.DnsSecurityRule, bad: put("action.actionType", "Allow"), fine: put("action", obj{"actionType": "Allow"})},
		{name: "domains abroad", rule: "ARM-12", code: codeBad, typ: azuretype.DnsSecurityRule, before: abroad, bad: domainsAbroad},
		{name: "no domains", rule: "ARM-12", code: codeBad, typ: azuretype.DnsResolverDomainList, bad: put("domains", list{}), fine: put("domains", list{"example.com"})},
		{name: "no domain", rule: "ARM-12", code: codeBad, typ: azuretype.DnsResolverDomainList, bad: put("domains", list{"a..b"})},
	}
}
