package azure

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory/azuretype"
)

// changed updates a resource and returns what it then shows.
func (s *subscription) changed(typ, name, id string, olds props, change func(props)) (props, props) {
	s.t.Helper()
	news := olds.Clone()
	change(news)
	out, err := s.update(typ, name, id, olds, news)
	if err != nil {
		s.t.Fatalf("update %s: %v", id, err)
	}
	return news, out
}

// become makes inputs others.
func become(others props) func(props) { return func(in props) { maps.Copy(in, others) } }

// A gateway that routes by address spaces has what BGP needs all the same: Azure
// fills it in.
func TestStaticGateway(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.VirtualNetworkGateway)
	static(in)
	_, out := s.mustCreate(azuretype.VirtualNetworkGateway, "gw", in)
	if asn := out.Num("bgpSettings.asn"); asn != defaultASN {
		t.Errorf("ASN %v", asn)
	}
	if got := out.Str("bgpSettings.bgpPeeringAddress"); got != "10.10.255.4,10.10.255.5" {
		t.Errorf("peering addresses %s", got)
	}
	if out.Bool("enableBgp") {
		t.Error("BGP is on")
	}
	local := props{
		"localNetworkGatewayName": "aws", "resourceGroupName": testGroup, "gatewayIpAddress": "3.8.0.1",
		// The VNet's own range is taken, too: routes go by the longest prefix.
		"localNetworkAddressSpace": obj{"addressPrefixes": list{"10.0.0.0/16", "10.10.0.0/16"}},
	}
	s.made(azuretype.LocalNetworkGateway, "aws", local)
	connection := s.valid(azuretype.VirtualNetworkGatewayConnection)
	connection.Set("enableBgp", false)
	connection.Del("gatewayCustomBgpIpAddresses")
	s.mustCreate(azuretype.VirtualNetworkGatewayConnection, "tunnel", connection)
}

// BGP goes off and on again in a living estate, gateway and connection alike.
func TestBGPOffAndOn(t *testing.T) {
	s := newSubscription(t)
	connection := s.valid(azuretype.VirtualNetworkGatewayConnection)
	id, _ := s.mustCreate(azuretype.VirtualNetworkGatewayConnection, "tunnel", connection)
	gateway := s.valid(azuretype.VirtualNetworkGateway)
	gatewayID := s.idOf(azuretype.VirtualNetworkGateway, "gw", gateway)

	off, out := s.changed(azuretype.VirtualNetworkGatewayConnection, "tunnel", id, connection, all(put("enableBgp", false), drop("gatewayCustomBgpIpAddresses")))
	if out.Bool("enableBgp") {
		t.Error("the connection has BGP still")
	}
	plain, out := s.changed(azuretype.VirtualNetworkGateway, "gw", gatewayID, gateway, static)
	if len(out.Strings("bgpSettings.bgpPeeringAddresses[*].customBgpIpAddresses")) != 0 {
		t.Error("the gateway has custom addresses still")
	}
	// The gateway's switch alone does not keep a connection from BGP (AVG-25).
	s.changed(azuretype.VirtualNetworkGatewayConnection, "tunnel", id, off, put("enableBgp", true))
	s.changed(azuretype.VirtualNetworkGateway, "gw", gatewayID, plain, become(gateway))
	s.changed(azuretype.VirtualNetworkGatewayConnection, "tunnel", id, off, become(connection))
}

// A gateway becomes active-active in place, and one again.
func TestSecondInstance(t *testing.T) {
	s := newSubscription(t)
	two := s.valid(azuretype.VirtualNetworkGateway)
	static(two)
	one := two.Clone()
	one.Set("activeActive", false)
	one.Set("ipConfigurations", list{two.Maps("ipConfigurations")[0]})
	id, out := s.mustCreate(azuretype.VirtualNetworkGateway, "gw", one)
	if got := out.Str("bgpSettings.bgpPeeringAddress"); got != "10.10.255.30" {
		t.Errorf("one instance: %s", got)
	}
	_, out = s.changed(azuretype.VirtualNetworkGateway, "gw", id, one, become(two))
	if got := out.Str("bgpSettings.bgpPeeringAddress"); got != "10.10.255.4,10.10.255.5" {
		t.Errorf("two instances: %s", got)
	}
	if _, err := s.update(azuretype.VirtualNetworkGateway, "gw", id, two, one); err != nil {
		t.Error(err)
	}
}

// Every SKU in the generations that it has, and in no other (AVG-05).
func TestGatewayMatrix(t *testing.T) {
	const first, second = "Generation1", "Generation2"
	legal := map[string][]string{
		"VpnGw1AZ": {first}, "VpnGw2AZ": {first, second}, "VpnGw3AZ": {first, second}, "VpnGw4AZ": {second}, "VpnGw5AZ": {second},
	}
	for sku, generations := range legal {
		for _, generation := range []string{first, second, "None", ""} {
			t.Run(sku+" "+generation, func(t *testing.T) {
				s := newSubscription(t)
				in := s.valid(azuretype.VirtualNetworkGateway)
				in.Set("sku", obj{"name": sku, "tier": sku})
				in.Set("vpnGatewayGeneration", generation)
				if generation == "" {
					in.Del("vpnGatewayGeneration")
				}
				_, out, err := s.create(azuretype.VirtualNetworkGateway, "gw", in)
				named := generation == first || generation == second
				if accepted := err == nil; accepted != (!named || slices.Contains(generations, generation)) {
					t.Fatalf("error %v", err)
				}
				if err == nil && !named && out.Str("vpnGatewayGeneration") != generations[0] {
					t.Errorf("generation %s", out.Str("vpnGatewayGeneration"))
				}
			})
		}
	}
}

// How a living cluster's network can change. The provider does not get that far:
// it replaces the cluster.
func TestNetworkTransitions(t *testing.T) {
	network := func(plugin, mode, dataplane, policy string) obj {
		n := obj{
			"networkPlugin": plugin, "networkDataplane": dataplane, "networkPolicy": policy,
			"serviceCidr": "10.11.0.0/16", "dnsServiceIP": "10.11.0.10",
		}
		if mode != "" {
			n["networkPluginMode"] = mode
		}
		return n
	}
	cases := map[string]struct {
		from, to obj
		refused  bool
	}{
		"an engine put in":           {network("azure", "overlay", "azure", "none"), network("azure", "overlay", "azure", "calico"), false},
		"an engine taken out":        {network("azure", "overlay", "azure", "calico"), network("azure", "overlay", "azure", "none"), false},
		"from Azure's to Calico":     {network("azure", "overlay", "azure", "azure"), network("azure", "overlay", "azure", "calico"), true},
		"from Calico to Cilium":      {network("azure", "overlay", "azure", "calico"), network("azure", "overlay", "cilium", "cilium"), false},
		"to Cilium among the nodes":  {network("azure", "", "azure", "none"), network("azure", "", "cilium", "cilium"), false},
		"Cilium among the nodes":     {network("azure", "", "cilium", "cilium"), network("azure", "", "cilium", "cilium"), false},
		"from Azure's to Cilium":     {network("azure", "overlay", "azure", "azure"), network("azure", "overlay", "cilium", "cilium"), false},
		"from Cilium to Calico":      {network("azure", "overlay", "cilium", "cilium"), network("azure", "overlay", "azure", "calico"), true},
		"from the VNet to overlay":   {network("azure", "", "azure", "none"), network("azure", "overlay", "azure", "none"), false},
		"from overlay to the VNet":   {network("azure", "overlay", "azure", "none"), network("azure", "", "azure", "none"), true},
		"from kubenet to overlay":    {network("kubenet", "", "azure", "none"), network("azure", "overlay", "azure", "none"), false},
		"from overlay to kubenet":    {network("azure", "overlay", "azure", "none"), network("kubenet", "", "azure", "none"), true},
		"from kubenet into the VNet": {network("kubenet", "", "azure", "none"), network("azure", "", "azure", "none"), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			in := s.valid(azuretype.ManagedCluster)
			in.Set("agentPoolProfiles[0].maxPods", 30.0)
			in["networkProfile"] = tc.from
			id, _ := s.mustCreate(azuretype.ManagedCluster, "bunny", in)
			news := in.Clone()
			news["networkProfile"] = tc.to
			_, err := s.update(azuretype.ManagedCluster, "bunny", id, in, news)
			if refused := err != nil && strings.Contains(err.Error(), "PropertyChangeNotAllowed"); refused != tc.refused || err != nil && !refused {
				t.Errorf("error %v", err)
			}
		})
	}
}

// foreign is a VNet of another team's, with subnets of its own, in a resource
// group of its own.
func (s *subscription) foreign(subnets ...any) (id string, in props) {
	s.t.Helper()
	s.made(azuretype.ResourceGroup, "their-rg", props{"resourceGroupName": "their-rg", "location": "uksouth"})
	in = props{
		"resourceGroupName": "their-rg", "virtualNetworkName": "theirs", "location": "uksouth",
		"addressSpace": obj{"addressPrefixes": list{"10.10.0.0/16"}}, "dhcpOptions": obj{"dnsServers": list{"10.10.200.4"}},
		"subnets": append(list{obj{"name": "db", "addressPrefix": "10.10.200.0/24"}}, subnets...),
	}
	return s.made(azuretype.VirtualNetwork, "theirs", in), in
}

// A VNet that the estate does not own takes its subnets one by one, in whatever
// group what they refer to is, and has its own ones left when they are gone.
func TestForeignVNet(t *testing.T) {
	s := newSubscription(t)
	s.group()
	id, _ := s.foreign()
	table := s.made(azuretype.RouteTable, "table", s.valid(azuretype.RouteTable))
	nsg := s.made(azuretype.NetworkSecurityGroup, "nsg", s.valid(azuretype.NetworkSecurityGroup))
	ours := func(name, prefix string, more props) string {
		return s.made(azuretype.Subnet, name, props{
			"resourceGroupName": "their-rg", "virtualNetworkName": "theirs", "subnetName": name, "addressPrefix": prefix,
		}.With(more))
	}
	nodes := ours("nodes", "10.10.1.0/24", props{"routeTable": obj{"id": table}, "networkSecurityGroup": obj{"id": nsg}})
	entrance := ours(gatewaySubnet, "10.10.255.0/27", nil)
	s.grant("10000000-0000-4000-8000-000000000003", nodes)

	gateway := s.valid(azuretype.VirtualNetworkGateway)
	gateway.Set("ipConfigurations[0].subnet.id", entrance)
	gateway.Set("ipConfigurations[1].subnet.id", entrance)
	cluster := s.valid(azuretype.ManagedCluster)
	cluster.Set("agentPoolProfiles[0].vnetSubnetID", nodes)
	flowLog := s.valid(azuretype.FlowLog).With(props{"targetResourceId": id})
	link := s.valid(azuretype.VirtualNetworkLink).With(props{"virtualNetwork": obj{"id": id}})
	made := map[string]string{}
	for typ, in := range map[string]props{
		azuretype.VirtualNetworkGateway: gateway, azuretype.ManagedCluster: cluster, azuretype.FlowLog: flowLog, azuretype.VirtualNetworkLink: link,
		azuretype.DnsResolver: s.valid(azuretype.DnsResolver).With(props{"virtualNetwork": obj{"id": id}}),
	} {
		made[typ], _ = s.mustCreate(typ, "it", in)
	}

	shown := s.vnetOf("their-rg", "theirs")
	if got := shown.Strings("subnets[*].name"); !slices.Equal(got, []string{"db", "nodes", gatewaySubnet}) {
		t.Errorf("subnets %v", got)
	}
	if got := shown.Str("subnets[2].ipConfigurations[0].id"); got != made[azuretype.VirtualNetworkGateway]+"/ipConfigurations/a" {
		t.Errorf("in the GatewaySubnet: %s", got)
	}
	if shown.Str("location") != "uksouth" || shown.Str("addressSpace.addressPrefixes[0]") != "10.10.0.0/16" ||
		shown.Str("dhcpOptions.dnsServers[0]") != "10.10.200.4" || shown.Str("id") != id ||
		shown.Str("subnets[1].id") != nodes || shown.Str("subnets[1].networkSecurityGroup.id") != nsg {
		t.Errorf("VNet %v", shown)
	}

	for typ, it := range made {
		if err := s.delete(typ, "it", it); err != nil {
			t.Errorf("delete %s: %v", typ, err)
		}
	}
	for _, subnet := range []string{nodes, entrance} {
		if err := s.delete(azuretype.Subnet, "it", subnet); err != nil {
			t.Error(err)
		}
	}
	if got := s.vnetOf("their-rg", "theirs").Strings("subnets[*].name"); !slices.Equal(got, []string{"db"}) {
		t.Errorf("subnets left %v", got)
	}
}

func (s *subscription) vnetOf(group, name string) props {
	s.t.Helper()
	shown, err := s.invoke("azure-native:network:getVirtualNetwork", props{"resourceGroupName": group, "virtualNetworkName": name})
	if err != nil {
		s.t.Fatal(err)
	}
	return shown
}

// What a foreign VNet has already stands in the way, whoever made it.
func TestForeignVNetTaken(t *testing.T) {
	entrance := obj{"name": gatewaySubnet, "addressPrefix": "10.10.255.0/27"}
	subnet := func(name, prefix string) props {
		return props{"resourceGroupName": "their-rg", "virtualNetworkName": "theirs", "subnetName": name, "addressPrefix": prefix}
	}
	resolver := func(s *subscription, id string, name string) props {
		return s.valid(azuretype.DnsResolver).With(props{"dnsResolverName": name, "virtualNetwork": obj{"id": id}})
	}
	cases := map[string]struct {
		subnets list
		before  func(s *subscription, id string)
		typ     string
		in      func(s *subscription, id string) props
		want    string
	}{
		"GatewaySubnet": {
			list{entrance}, nil, azuretype.Subnet,
			func(*subscription, string) props { return subnet("gatewaysubnet", "10.10.254.0/27") },
			"cannot create already existing resource",
		},
		"range": {
			nil, nil, azuretype.Subnet, func(*subscription, string) props { return subnet("nodes", "10.10.200.0/25") },
			"NetcfgSubnetRangesOverlap",
		},
		"range of its own": {
			nil, nil, azuretype.Subnet, func(*subscription, string) props { return subnet("nodes", "10.20.0.0/24") },
			"NetcfgSubnetRangeOutsideVnet",
		},
		"resolver": {
			nil, func(s *subscription, id string) {
				s.made(azuretype.DnsResolver, "theirs", resolver(s, id, "theirs").With(props{"resourceGroupName": "their-rg"}))
			}, azuretype.DnsResolver,
			func(s *subscription, id string) props { return resolver(s, id, "ours") }, "ADR-08",
		},
		"DNS policy": {
			nil, func(s *subscription, id string) {
				s.made(azuretype.DnsResolverPolicy, "theirs", props{"resourceGroupName": "their-rg", "dnsResolverPolicyName": "theirs"})
				s.made(azuretype.DnsResolverPolicyVirtualNetworkLink, "theirs", props{
					"resourceGroupName": "their-rg", "dnsResolverPolicyName": "theirs",
					"dnsResolverPolicyVirtualNetworkLinkName": "theirs", "virtualNetwork": obj{"id": id},
				})
			}, azuretype.DnsResolverPolicyVirtualNetworkLink,
			func(s *subscription, id string) props {
				return s.valid(azuretype.DnsResolverPolicyVirtualNetworkLink).With(props{"virtualNetwork": obj{"id": id}})
			}, "ARM-09",
		},
		"zone of the name": {
			nil, func(s *subscription, id string) {
				in := props{"resourceGroupName": "their-rg", "privateZoneName": "private.azure.internal", "location": "global"}
				s.made(azuretype.PrivateZone, "theirs", in)
				s.made(azuretype.VirtualNetworkLink, "theirs", in.With(props{
					"virtualNetworkLinkName": "theirs", "registrationEnabled": false, "virtualNetwork": obj{"id": id},
				}))
			}, azuretype.VirtualNetworkLink,
			func(s *subscription, id string) props {
				return s.valid(azuretype.VirtualNetworkLink).With(props{"virtualNetwork": obj{"id": id}})
			}, "ADR-05",
		},
		"gateway": {
			list{entrance}, func(s *subscription, id string) {
				s.made(azuretype.VirtualNetworkGateway, "theirs", inForeign(s, id).With(props{"resourceGroupName": "their-rg", "virtualNetworkGatewayName": "theirs"}))
			}, azuretype.VirtualNetworkGateway,
			func(s *subscription, id string) props {
				in := inForeign(s, id)
				in.Set("ipConfigurations[0].publicIPAddress.id", s.address("ip-c"))
				in.Set("ipConfigurations[1].publicIPAddress.id", s.address("ip-d"))
				return in
			}, "AVG-22",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			s.group()
			id, _ := s.foreign(tc.subnets...)
			if tc.before != nil {
				tc.before(s, id)
			}
			if _, _, err := s.create(tc.typ, "ours", tc.in(s, id)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("want %s, got %v", tc.want, err)
			}
		})
	}
}

// inForeign is a gateway without BGP in a VNet that has a GatewaySubnet.
func inForeign(s *subscription, vnet string) props {
	in := s.valid(azuretype.VirtualNetworkGateway)
	static(in)
	in.Set("ipConfigurations[0].subnet.id", vnet+"/subnets/"+gatewaySubnet)
	in.Set("ipConfigurations[1].subnet.id", vnet+"/subnets/"+gatewaySubnet)
	return in
}

// An action group goes while alerts name it: they alert nobody (LOG-14).
func TestActionGroupInUse(t *testing.T) {
	for _, typ := range []string{azuretype.MetricAlert, azuretype.ScheduledQueryRule} {
		s := newSubscription(t)
		s.mustCreate(typ, "it", s.valid(typ))
		group := s.idOf(azuretype.ActionGroup, "oncall", s.valid(azuretype.ActionGroup))
		if err := s.delete(azuretype.ActionGroup, "oncall", group); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

// A workbook is written anew in its place.
func TestWorkbookInPlace(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.Workbook)
	id, _ := s.mustCreate(azuretype.Workbook, "it", in)
	const text = `{"version":"Notebook/1.0","items":[]}`
	_, out := s.changed(azuretype.Workbook, "it", id, in, all(put("serializedData", text), put("displayName", "Others")))
	if out.Str("serializedData") != text || out.Str(`tags["hidden-title"]`) != "Others" {
		t.Errorf("workbook %v", out)
	}
}
