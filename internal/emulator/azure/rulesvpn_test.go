package azure

import (
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

func gatewayRefusals() []refusal {
	passive := func(in props) {
		in.Set("activeActive", false)
		in.Set("ipConfigurations", list{in.Maps("ipConfigurations")[0]})
		in.Set("bgpSettings.bgpPeeringAddresses", list{in.Maps("bgpSettings.bgpPeeringAddresses")[0]})
	}
	sku := func(name string) func(props) { return put("sku", obj{"name": name, "tier": name}) }
	elsewhere := func(in props) {
		id := strings.Replace(in.Str("ipConfigurations[0].subnet.id"), gatewaySubnet, "nodes", 1)
		in.Set("ipConfigurations[0].subnet.id", id)
		in.Set("ipConfigurations[1].subnet.id", id)
	}
	small := func(in props) {
		id := strings.Replace(in.Str("ipConfigurations[0].subnet.id"), "virtualNetworks/vnet", "virtualNetworks/vnet2", 1)
		in.Set("ipConfigurations[0].subnet.id", id)
		in.Set("ipConfigurations[1].subnet.id", id)
	}
	smallSubnet := func(s *subscription) {
		s.made(azuretype.VirtualNetwork, "vnet2", s.valid(azuretype.VirtualNetwork).With(props{"virtualNetworkName": "vnet2"}))
		s.made(azuretype.Subnet, "small", props{
			"resourceGroupName": testGroup, "virtualNetworkName": "vnet2", "subnetName": gatewaySubnet,
			"addressPrefix": "10.10.255.0/28",
		})
	}
	const resize = "CrossSeriesOrCrossGatewayGenenrationResizeNotSupported"
	grown := func(s *subscription) {
		in := s.valid(azuretype.VirtualNetworkGateway)
		large := in.Clone()
		sku("VpnGw3AZ")(large)
		if _, err := s.update(azuretype.VirtualNetworkGateway, "gw", s.made(azuretype.VirtualNetworkGateway, "gw", nil), in, large); err != nil {
			s.t.Error(err)
		}
	}
	second := func(s *subscription) { s.made(azuretype.VirtualNetworkGateway, "gw", nil) }
	elsewhereGroup := func(s *subscription) {
		second(s)
		s.made(azuretype.ResourceGroup, "rg2", props{"resourceGroupName": "rg2", "location": "uksouth"})
		s.address("ip-c")
		s.address("ip-d")
	}
	another := func(in props) {
		in.Set("virtualNetworkGatewayName", "gw2")
		in.Del("bgpSettings.bgpPeeringAddresses")
	}
	fresh := func(s *subscription) { second(s); s.address("ip-c"); s.address("ip-d") }
	zoneless := func(s *subscription) { s.zoneless("zoneless-a"); s.zoneless("zoneless-b") }
	withAddress := func(index, name string) func(props) {
		return func(in props) {
			id := in.Str("ipConfigurations[0].publicIPAddress.id")
			in.Set("ipConfigurations["+index+"].publicIPAddress.id", parentOf(id)+"/publicIPAddresses/"+name)
		}
	}
	return []refusal{
		{name: "SKU without zones", rule: "AVG-01", code: "NonAzSkusNotAllowedForVPNGateway", typ: azuretype.VirtualNetworkGateway, bad: sku("VpnGw1"), fine: sku("VpnGw2AZ")},
		{name: "SKU of ExpressRoute", rule: "AVG-03", code: "InvalidGatewaySize", typ: azuretype.VirtualNetworkGateway, bad: sku("ErGw1AZ")},
		{name: "generation", rule: "AVG-05", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: put("vpnGatewayGeneration", "Generation2"), fine: all(sku("VpnGw2AZ"), put("vpnGatewayGeneration", "Generation2"))},
		{name: "largest of the second", rule: "AVG-05", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: all(sku("VpnGw5AZ"), put("vpnGatewayGeneration", "Generation1")), fine: all(sku("VpnGw5AZ"), put("vpnGatewayGeneration", "Generation2"))},
		{name: "first of the second", rule: "AVG-05", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: all(sku("VpnGw1AZ"), put("vpnGatewayGeneration", "Generation2")), fine: all(sku("VpnGw4AZ"), drop("vpnGatewayGeneration"))},
		{name: "generation later", rule: "AVG-05", code: resize, typ: azuretype.VirtualNetworkGateway, on: emulator.OpUpdate, bad: all(sku("VpnGw2AZ"), put("vpnGatewayGeneration", "Generation2")), fine: sku("VpnGw2AZ")},
		{name: "generation by the SKU", rule: "AVG-05", code: resize, typ: azuretype.VirtualNetworkGateway, on: emulator.OpUpdate, bad: all(sku("VpnGw4AZ"), drop("vpnGatewayGeneration")), fine: all(sku("VpnGw3AZ"), drop("vpnGatewayGeneration"))},
		{name: "to Basic", rule: "AVG-05", code: resize, typ: azuretype.VirtualNetworkGateway, on: emulator.OpUpdate, bad: all(passive, static, sku("Basic"))},
		{name: "Basic with BGP", rule: "AVG-04", code: "BasicSkuVirtualNetworkGatewayDoesNotSupportBgp", typ: azuretype.VirtualNetworkGateway, bad: all(passive, sku("Basic")), fine: all(passive, static, sku("Basic"))},
		{name: "Basic with an ASN", rule: "AVG-04", code: "BasicSkuVirtualNetworkGatewayDoesNotSupportBgp", typ: azuretype.VirtualNetworkGateway, bad: all(passive, sku("Basic"), put("enableBgp", false))},
		{name: "Basic and active-active", rule: "AVG-04", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: all(static, sku("Basic"))},
		{name: "type later", rule: "AVG-23", code: codeFormat, typ: azuretype.VirtualNetworkGateway, on: emulator.OpUpdate, bad: all(put("vpnType", "PolicyBased"), passive, put("enableBgp", false))},
		{name: "BGP by policies", rule: "AVG-23", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: all(passive, put("vpnType", "PolicyBased")), fine: all(passive, put("vpnType", "PolicyBased"), put("enableBgp", false))},
		{name: "one configuration", rule: "AVG-06", code: "ActiveActiveGatewayMustHaveExactlyTwoIpConfigurations", typ: azuretype.VirtualNetworkGateway, bad: all(passive, put("activeActive", true)), fine: passive},
		{name: "passive with two", rule: "AVG-06", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: put("activeActive", false)},
		{name: "one address for both", rule: "AVG-06", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: withAddress("1", "ip-a")},
		{name: "active-active by policies", rule: "AVG-07", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: all(put("vpnType", "PolicyBased"), put("enableBgp", false))},
		{name: "another subnet", rule: "AVG-15", code: codeFormat, typ: azuretype.VirtualNetworkGateway, before: func(s *subscription) { s.subnet("nodes", "10.10.1.0/24", nil) }, bad: elsewhere},
		{name: "small subnet", rule: "AVG-16", code: codeFormat, typ: azuretype.VirtualNetworkGateway, before: smallSubnet, bad: small},
		{name: "second in a VNet", rule: "AVG-22", code: codeFormat, typ: azuretype.VirtualNetworkGateway, before: fresh, bad: all(another, withAddress("0", "ip-c"), withAddress("1", "ip-d"))},
		{name: "second of another group", rule: "AVG-22", code: codeFormat, typ: azuretype.VirtualNetworkGateway, before: elsewhereGroup, bad: all(another, put("resourceGroupName", "rg2"), withAddress("0", "ip-c"), withAddress("1", "ip-d"))},
		{name: "smaller again", rule: "AVG-01", code: codeFormat, typ: azuretype.VirtualNetworkGateway, on: emulator.OpUpdate, before: grown, bad: sku("VpnGw2AZ"), fine: sku("VpnGw3AZ")},
		{name: "address without zones", rule: "AVG-08", code: "VmssVpnGatewayPublicIpsMustHaveZonesConfigured", typ: azuretype.VirtualNetworkGateway, before: zoneless, bad: all(withAddress("0", "zoneless-a"), withAddress("1", "zoneless-b"))},
		{name: "addresses with other zones", rule: "AVG-40", code: "ActiveActiveGatewayPublicIPAddressesDiffersInSkuOrZones", typ: azuretype.VirtualNetworkGateway, before: zoneless, bad: withAddress("0", "zoneless-a")},
		{name: "another address later", rule: "AVG-42", code: codeFormat, typ: azuretype.VirtualNetworkGateway, on: emulator.OpUpdate, before: func(s *subscription) { s.address("ip-c") }, bad: withAddress("1", "ip-c"), fine: passive},
		{name: "reserved ASN", rule: "AVG-26", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: put("bgpSettings.asn", 23456.0), fine: put("bgpSettings.asn", 65010.0)},
		{name: "one peering address", rule: "AVG-30", code: "BgpPeeringAddressesCountNotCorrect", typ: azuretype.VirtualNetworkGateway, bad: func(in props) {
			in.Set("bgpSettings.bgpPeeringAddresses", list{in.Maps("bgpSettings.bgpPeeringAddresses")[0]})
		}, fine: drop("bgpSettings.bgpPeeringAddresses")},
		{name: "configuration of another gateway", rule: "AVG-31", code: codeReference, typ: azuretype.VirtualNetworkGateway, bad: put("virtualNetworkGatewayName", "renamed")},
		{name: "peering address of one's own", rule: "AVG-32", code: "VirtualNetworkGatewayBgpPeeringAddressCannotBeModified", typ: azuretype.VirtualNetworkGateway, on: emulator.OpUpdate, bad: put("bgpSettings.bgpPeeringAddress", "10.10.255.6,10.10.255.7"), fine: put("bgpSettings.bgpPeeringAddress", "10.10.255.4,10.10.255.5")},
		{name: "custom address of AWS's", rule: "AVG-33", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: put("bgpSettings.bgpPeeringAddresses[0].customBgpIpAddresses[0]", "169.254.20.2"), fine: put("bgpSettings.bgpPeeringAddresses[0].customBgpIpAddresses[0]", "169.254.22.250")},
		{name: "custom address twice", rule: "AVG-33", code: codeFormat, typ: azuretype.VirtualNetworkGateway, bad: put("bgpSettings.bgpPeeringAddresses[0].customBgpIpAddresses[0]", "169.254.21.6")},
		{name: "address and name", rule: "AVC-01", code: codeFormat, typ: azuretype.LocalNetworkGateway, bad: put("fqdn", "vpn.example.com"), fine: all(put("fqdn", "vpn.example.com"), drop("gatewayIpAddress"))},
		{name: "no IP address", rule: "AVC-01", code: codeFormat, typ: azuretype.LocalNetworkGateway, bad: put("gatewayIpAddress", "3.8.0")},
		{name: "two peers", rule: "AVC-02", code: codeFormat, typ: azuretype.LocalNetworkGateway, bad: put("bgpSettings.bgpPeeringAddress", "169.254.21.1,169.254.22.1")},
		{name: "plural peers", rule: "AVC-03", code: "LocalNetworkGatewayBgpPeeringAddressesMustbeNull", typ: azuretype.LocalNetworkGateway, bad: put("bgpSettings.bgpPeeringAddresses", list{obj{"ipconfigurationId": "x"}})},
		{name: "ASN zero", rule: "AVC-04", code: codeFormat, typ: azuretype.LocalNetworkGateway, bad: put("bgpSettings.asn", 0.0)},
		{name: "no routes", rule: "AVC-05", code: codeFormat, typ: azuretype.LocalNetworkGateway, bad: drop("bgpSettings"), fine: all(drop("bgpSettings"), put("localNetworkAddressSpace", obj{"addressPrefixes": list{"10.0.0.0/16"}}))},
		{name: "empty prefix", rule: "AVC-05", code: "AddressPrefixStringCannotBeNullOrEmpty", typ: azuretype.LocalNetworkGateway, bad: put("localNetworkAddressSpace", obj{"addressPrefixes": list{""}}), fine: put("localNetworkAddressSpace", obj{"addressPrefixes": list{"10.10.0.0/16"}})},
		{name: "prefix with host bits", rule: "AVC-05", code: codeFormat, typ: azuretype.LocalNetworkGateway, bad: put("localNetworkAddressSpace", obj{"addressPrefixes": list{"10.0.0.1/16"}})},
		{name: "Azure's ASN", rule: "AVG-27", code: codeFormat, typ: azuretype.LocalNetworkGateway, bad: put("bgpSettings.asn", 65515.0), fine: put("bgpSettings.asn", 65514.0)},
		{name: "reserved ASN of a peer", rule: "AVG-26", code: codeFormat, typ: azuretype.LocalNetworkGateway, bad: put("bgpSettings.asn", 64500.0)},
	}
}

func connectionRefusals() []refusal {
	policy := func(property string, v any) func(props) { return put("ipsecPolicies[0]."+property, v) }
	aes := all(policy("ipsecEncryption", "AES256"), policy("ipsecIntegrity", "SHA256"))
	broken := func(s *subscription) {
		if err := s.delete(azuretype.VirtualNetworkGateway, "gw", s.made(azuretype.VirtualNetworkGateway, "gw", nil)); err != nil {
			s.t.Fatal(err)
		}
		if _, _, err := s.create(azuretype.VirtualNetworkGateway, "gw", s.doomed()); err == nil {
			s.t.Error("an address without zones was accepted")
		}
	}
	sameASN := func(s *subscription) {
		s.made(azuretype.LocalNetworkGateway, "same", s.valid(azuretype.LocalNetworkGateway).With(props{
			"localNetworkGatewayName": "same", "bgpSettings": obj{"asn": 65010.0, "bgpPeeringAddress": "169.254.21.1"},
		}))
		in := s.valid(azuretype.VirtualNetworkGateway)
		news := in.Clone()
		news.Set("bgpSettings.asn", 65010.0)
		if _, err := s.update(azuretype.VirtualNetworkGateway, "gw", s.made(azuretype.VirtualNetworkGateway, "gw", nil), in, news); err != nil {
			s.t.Error(err)
		}
	}
	staticLocal := func(s *subscription) {
		s.made(azuretype.LocalNetworkGateway, "static", props{
			"resourceGroupName": testGroup, "localNetworkGatewayName": "static", "gatewayIpAddress": "3.8.0.2",
			"localNetworkAddressSpace": obj{"addressPrefixes": list{"10.0.0.0/16"}},
		})
	}
	to := func(local string) func(props) {
		return func(in props) {
			id := in.Str("localNetworkGateway2.id")
			in.Set("localNetworkGateway2.id", parentOf(id)+"/localNetworkGateways/"+local)
		}
	}
	toStatic, toOther := to("static"), to("other")
	noBGP := all(put("enableBgp", false), drop("gatewayCustomBgpIpAddresses"))
	twoStatic := func(s *subscription) {
		staticLocal(s)
		for name, prefix := range map[string]string{"first": "10.0.128.0/17", "other": "10.1.0.0/16"} {
			s.made(azuretype.LocalNetworkGateway, name, props{
				"resourceGroupName": testGroup, "localNetworkGatewayName": name, "gatewayIpAddress": "3.8.0.3",
				"localNetworkAddressSpace": obj{"addressPrefixes": list{prefix}},
			})
		}
		in := s.valid(azuretype.VirtualNetworkGatewayConnection)
		to("first")(in)
		noBGP(in)
		s.made(azuretype.VirtualNetworkGatewayConnection, "first", in.With(props{"virtualNetworkGatewayConnectionName": "first"}))
	}
	return []refusal{
		{name: "no peer", rule: "AVC-08", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: drop("localNetworkGateway2")},
		{name: "protocol later", rule: "AVC-09", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, on: emulator.OpUpdate, bad: put("connectionProtocol", "IKEv1"), fine: put("connectionMode", "InitiatorOnly")},
		{name: "failed gateway", rule: "PRO-06", code: "ReferencedResourceNotProvisioned", typ: azuretype.VirtualNetworkGatewayConnection, before: broken, bad: leave},
		{name: "key with a hyphen", rule: "AVC-11", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: put("sharedKey", "a-b"), fine: put("sharedKey", "a.b_c!")},
		{name: "long key", rule: "AVC-11", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: put("sharedKey", strings.Repeat("k", 129)), fine: put("sharedKey", strings.Repeat("k", 128))},
		{name: "DPD", rule: "AVC-22", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: put("dpdTimeoutSeconds", 8.0), fine: put("dpdTimeoutSeconds", 9.0)},
		{name: "two policies", rule: "AVC-13", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: func(in props) {
			one := in.Maps("ipsecPolicies")[0]
			in.Set("ipsecPolicies", list{one, one})
		}},
		{name: "GCM with another integrity", rule: "AVC-15", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: policy("ipsecIntegrity", "SHA256"), fine: aes},
		{name: "integrity of the schema only", rule: "AVC-17", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: policy("ikeIntegrity", "GCMAES256"), fine: policy("ikeIntegrity", "SHA256")},
		{name: "short lifetime", rule: "AVC-20", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: policy("saLifeTimeSeconds", 299.0), fine: policy("saLifeTimeSeconds", 300.0)},
		{name: "little data", rule: "AVC-21", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: policy("saDataSizeKilobytes", 1023.0), fine: policy("saDataSizeKilobytes", 0.0)},
		{name: "equal ASNs", rule: "AVG-28", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, before: sameASN, bad: func(in props) {
			id := in.Str("localNetworkGateway2.id")
			in.Set("localNetworkGateway2.id", parentOf(id)+"/localNetworkGateways/same")
		}, fine: leave},
		{name: "BGP with an end that has none", rule: "AVG-25", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, before: staticLocal, bad: toStatic, fine: all(toStatic, put("enableBgp", false), drop("gatewayCustomBgpIpAddresses"))},
		{name: "the same prefixes twice", rule: "AVC-33", code: "ConnectionOverlappingAddressSpaces", typ: azuretype.VirtualNetworkGatewayConnection, before: twoStatic, bad: all(toStatic, noBGP), fine: all(toOther, noBGP)},
		{name: "address of the other instance", rule: "AVC-25", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: put("gatewayCustomBgpIpAddresses[0].customBgpIpAddress", "169.254.21.6"), fine: put("gatewayCustomBgpIpAddresses[0].customBgpIpAddress", "169.254.22.2")},
		{name: "address without BGP", rule: "AVC-28", code: codeFormat, typ: azuretype.VirtualNetworkGatewayConnection, bad: put("enableBgp", false), fine: all(put("enableBgp", false), drop("gatewayCustomBgpIpAddresses"))},
	}
}
