package azure

import (
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

// pool changes the test cluster's only pool.
func pool(property string, v any) func(props) { return put("agentPoolProfiles[0]."+property, v) }

func clusterRefusals() []refusal {
	versions := func(version string) func(props) {
		return all(put("kubernetesVersion", version), pool("orchestratorVersion", version))
	}
	premium := all(put("sku.tier", "Premium"), put("supportPlan", longTermSupport))
	ranges := "apiServerAccessProfile.authorizedIPRanges"
	basicBalancer := func(s *subscription) {
		in := s.valid(azuretype.ManagedCluster)
		in.Set("networkProfile.loadBalancerSku", "basic")
		id := s.made(azuretype.ManagedCluster, "bunny", nil)
		if err := s.delete(azuretype.ManagedCluster, "bunny", id); err != nil {
			s.t.Fatal(err)
		}
		s.mustCreate(azuretype.ManagedCluster, "bunny", in)
	}
	scaling := all(put("enableAutoScaling", true), put("minCount", 1.0), put("maxCount", 3.0), put("count", 1.0))
	return []refusal{
		{name: "the plan's pool name", rule: "AKS-01", code: codeParameter, typ: azuretype.ManagedCluster, bad: pool("name", "aks-bunny-pool"), fine: pool("name", "bunnypool123")},
		{name: "pool name of its own resource", rule: "AKS-01", code: codeParameter, typ: azuretype.AgentPool, bad: put("agentPoolName", "Extra")},
		{name: "two names", rule: "AKS-03", code: codeParameter, typ: azuretype.ManagedCluster, bad: put("fqdnSubdomain", "x")},
		{name: "DNS prefix", rule: "AKS-03", code: codeParameter, typ: azuretype.ManagedCluster, bad: put("dnsPrefix", "-x"), fine: put("dnsPrefix", strings.Repeat("x", 54))},
		{name: "no system pool", rule: "AKS-05", code: codeParameter, typ: azuretype.ManagedCluster, bad: pool("mode", "User")},
		{name: "Windows system pool", rule: "AKS-05", code: codeParameter, typ: azuretype.AgentPool, bad: all(put("mode", "System"), put("osType", "Windows"), put("agentPoolName", "win"))},
		{name: "Windows system pool beside another", rule: "AKS-05", code: codeParameter, typ: azuretype.ManagedCluster, bad: func(in props) {
			one := in.Maps("agentPoolProfiles")[0]
			in.Set("agentPoolProfiles", list{one, one.With(props{"name": "win", "osType": "Windows"})})
		}},
		{name: "small system pool", rule: "AKS-06", code: "SystemPoolSkuTooLow", typ: azuretype.ManagedCluster, bad: pool("vmSize", "Standard_B1ms"), fine: pool("vmSize", "Standard_B2s")},
		{name: "few pods", rule: "AKS-07", code: codeParameter, typ: azuretype.ManagedCluster, bad: pool("maxPods", 29.0), fine: pool("maxPods", 30.0)},
		{name: "many pods", rule: "AKS-07", code: codeParameter, typ: azuretype.ManagedCluster, bad: pool("maxPods", 251.0), fine: pool("maxPods", 250.0)},
		{name: "count above the most", rule: "AKS-08", code: codeParameter, typ: azuretype.ManagedCluster, bad: pool("count", 4.0), fine: pool("count", 3.0)},
		{name: "limits without autoscaling", rule: "AKS-08", code: codeParameter, typ: azuretype.ManagedCluster, bad: pool("enableAutoScaling", false)},
		{name: "no nodes of a system pool", rule: "AKS-08", code: codeParameter, typ: azuretype.ManagedCluster, bad: pool("minCount", 0.0)},
		{name: "autoscaling without a count", rule: "AKS-50", code: codeParameter, typ: azuretype.AgentPool, on: emulator.OpUpdate, bad: all(scaling, drop("count")), fine: scaling},
		{name: "no VM size", rule: "AKS-09", code: codeBad, typ: azuretype.ManagedCluster, bad: pool("vmSize", "t3.medium"), fine: pool("vmSize", "Standard_D2ps_v5")},
		{name: "large disk", rule: "AKS-11", code: codeParameter, typ: azuretype.ManagedCluster, bad: pool("osDiskSizeGB", 2049.0), fine: pool("osDiskSizeGB", 2048.0)},
		{name: "VM size later", rule: "AKS-11", code: "PropertyChangeNotAllowed", typ: azuretype.ManagedCluster, on: emulator.OpUpdate, bad: pool("vmSize", "Standard_D4s_v5"), fine: pool("maxCount", 4.0)},
		{name: "zone four of a pool", rule: "AKS-11", code: "AvailabilityZoneNotSupported", typ: azuretype.ManagedCluster, bad: pool("availabilityZones", list{"1", "4"}), fine: pool("availabilityZones", list{"1", "2", "3"})},
		{name: "zone where there is none", rule: "AKS-11", code: "AvailabilityZoneNotSupported", typ: azuretype.ManagedCluster, bad: all(pool("availabilityZones", list{"1"}), put("location", "ukwest"))},
		{name: "zones of a Basic balancer", rule: "AKS-11", code: codeBad, typ: azuretype.AgentPool, before: basicBalancer, bad: put("availabilityZones", list{"1"}), fine: leave},
		{name: "zones of a Basic balancer, inline", rule: "AKS-11", code: codeBad, typ: azuretype.ManagedCluster, bad: all(pool("availabilityZones", list{"1"}), put("networkProfile.loadBalancerSku", "basic")), fine: put("networkProfile.loadBalancerSku", "basic")},
		{name: "zones later", rule: "AKS-11", code: "PropertyChangeNotAllowed", typ: azuretype.ManagedCluster, on: emulator.OpUpdate, bad: pool("availabilityZones", list{"1"}), fine: put(ranges, list{"203.0.113.0/24"})},
		{name: "zones of a pool later", rule: "AKS-11", code: "PropertyChangeNotAllowed", typ: azuretype.AgentPool, on: emulator.OpUpdate, bad: put("availabilityZones", list{"1"})},
		{name: "pods of a pool later", rule: "AKS-11", code: "PropertyChangeNotAllowed", typ: azuretype.AgentPool, on: emulator.OpUpdate, bad: put("maxPods", 60.0), fine: put("count", 2.0)},
		{name: "unknown version", rule: "AKS-12", code: "K8sVersionNotSupported", typ: azuretype.ManagedCluster, bad: versions("1.29"), fine: versions("1.36.1")},
		{name: "long-term version", rule: "AKS-13", code: "K8sVersionNotSupported", typ: azuretype.ManagedCluster, bad: versions("1.33"), fine: all(versions("1.33"), premium)},
		{name: "back", rule: "AKS-14", code: "OperationNotAllowed", typ: azuretype.ManagedCluster, on: emulator.OpUpdate, bad: versions("1.34"), fine: versions("1.36")},
		{name: "pool ahead of its cluster", rule: "AKS-14", code: codeBad, typ: azuretype.ManagedCluster, bad: pool("orchestratorVersion", "1.36"), fine: pool("orchestratorVersion", "1.34")},
		{name: "support plan", rule: "AKS-15", code: codeParameter, typ: azuretype.ManagedCluster, bad: put("supportPlan", longTermSupport), fine: premium},
		{name: "range with host bits", rule: "AKS-37", code: codeParameter, typ: azuretype.ManagedCluster, bad: put(ranges, list{"198.51.100.1/24"}), fine: put(ranges, list{"198.51.100.1"})},
		{name: "range of a private cluster", rule: "AKS-37", code: codeParameter, typ: azuretype.ManagedCluster, bad: put("apiServerAccessProfile.enablePrivateCluster", true), fine: put("apiServerAccessProfile", obj{"enablePrivateCluster": true})},
		{name: "201 ranges", rule: "AKS-37", code: codeParameter, typ: azuretype.ManagedCluster, bad: put(ranges, many(201, func(int) any { return "198.51.100.0/24" })), fine: put(ranges, many(200, func(int) any { return "198.51.100.0/24" }))},
		{name: "no accounts at all", rule: "AKS-38", code: codeBad, typ: azuretype.ManagedCluster, bad: drop("aadProfile"), fine: all(drop("aadProfile"), put("disableLocalAccounts", false))},
		{name: "administrators by name", rule: "AKS-38", code: codeBad, typ: azuretype.ManagedCluster, bad: put("aadProfile.adminGroupObjectIDs", list{"admins"})},
		{name: "long node group", rule: "AKS-41", code: codeParameter, typ: azuretype.ManagedCluster, bad: put("nodeResourceGroup", strings.Repeat("g", 81)), fine: put("nodeResourceGroup", strings.Repeat("g", 80))},
		{name: "pool added inline", rule: "PRV-04", code: codeBad, typ: azuretype.ManagedCluster, on: emulator.OpUpdate, bad: func(in props) {
			one := in.Maps("agentPoolProfiles")[0]
			in.Set("agentPoolProfiles", list{one, one.With(props{"name": "second"})})
		}},
		{name: "pool that is inline", rule: "PRO-09", code: codeExists, typ: azuretype.AgentPool, bad: put("agentPoolName", "bunny")},
	}
}

func clusterNetworkRefusals() []refusal {
	network := func(property string, v any) func(props) { return put("networkProfile."+property, v) }
	plain := all(drop("networkProfile.networkPolicy"), network("networkDataplane", "azure"))
	system := all(put("identity", obj{"type": "SystemAssigned"}))
	nodes := func(name string) func(props) {
		return func(in props) {
			id := in.Str("agentPoolProfiles[0].vnetSubnetID")
			in.Set("agentPoolProfiles[0].vnetSubnetID", parentOf(id)+"/subnets/"+name)
		}
	}
	granted := func(name, prefix string, more props) func(s *subscription) {
		return func(s *subscription) { s.grant("10000000-0000-4000-8000-000000000009", s.subnet(name, prefix, more)) }
	}
	delegation := props{"delegations": list{obj{"name": "d", "serviceName": resolverService}}}
	route := func(hop string) func(s *subscription) {
		return func(s *subscription) {
			s.made(azuretype.Route, "all", s.valid(azuretype.Route).With(props{
				"routeName": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": hop,
			}))
		}
	}
	abroad := func(s *subscription) {
		vnet := s.valid(azuretype.VirtualNetwork).With(props{"virtualNetworkName": "abroad", "location": "ukwest"})
		s.made(azuretype.VirtualNetwork, "abroad", vnet)
		id := s.made(azuretype.Subnet, "abroad", props{
			"resourceGroupName": testGroup, "virtualNetworkName": "abroad", "subnetName": "nodes", "addressPrefix": "10.10.1.0/24",
		})
		s.grant("10000000-0000-4000-8000-000000000009", id)
	}
	// elsewhere is a VNet of that name with a subnet that the cluster may join.
	elsewhere := func(space, nodes string) func(s *subscription) {
		return func(s *subscription) {
			s.made(azuretype.VirtualNetwork, "elsewhere", s.valid(azuretype.VirtualNetwork).With(props{
				"virtualNetworkName": "elsewhere", "addressSpace": obj{"addressPrefixes": list{space}},
			}))
			id := s.made(azuretype.Subnet, "elsewhere", props{
				"resourceGroupName": testGroup, "virtualNetworkName": "elsewhere", "subnetName": "nodes", "addressPrefix": nodes,
			})
			s.grant("10000000-0000-4000-8000-000000000009", id)
		}
	}
	nodesIn := func(vnet string) func(in props) {
		return func(in props) {
			in.Set("agentPoolProfiles[0].vnetSubnetID", strings.Replace(in.Str("agentPoolProfiles[0].vnetSubnetID"), "/vnet/", "/"+vnet+"/", 1))
		}
	}
	withWindows := func(in props) {
		one := in.Maps("agentPoolProfiles")[0]
		in.Set("agentPoolProfiles", list{one, one.With(props{"name": "win", "osType": "Windows", "osSKU": "Windows2022", "mode": "User"})})
	}
	// shut is a subnet whose security group lets nothing out.
	shut := func(s *subscription) {
		group := s.made(azuretype.NetworkSecurityGroup, "shut", s.valid(azuretype.NetworkSecurityGroup).With(props{"networkSecurityGroupName": "shut", "securityRules": list{obj{
			"name": "deny", "priority": 100.0, "direction": "Outbound", "access": "Deny", "protocol": "*",
			"sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
		}}}))
		granted("shut", "10.10.4.0/24", props{"networkSecurityGroup": obj{"id": group}})(s)
	}
	return []refusal{
		{name: "overlay without Azure's plugin", rule: "AKS-16", code: codeBad, typ: azuretype.ManagedCluster, bad: all(plain, network("networkPlugin", "kubenet")), fine: all(plain, network("networkPlugin", "kubenet"), drop("networkProfile.networkPluginMode"))},
		{name: "cilium without its policy", rule: "AKS-17", code: codeBad, typ: azuretype.ManagedCluster, bad: network("networkPolicy", "azure")},
		{name: "cilium's policy without cilium", rule: "AKS-18", code: codeBad, typ: azuretype.ManagedCluster, bad: network("networkDataplane", "azure"), fine: all(network("networkDataplane", "azure"), network("networkPolicy", "calico"))},
		{name: "cilium on kubenet", rule: "AKS-18", code: codeBad, typ: azuretype.ManagedCluster, bad: all(network("networkPlugin", "kubenet"), drop("networkProfile.networkPluginMode"))},
		{name: "nodes in a range of AKS's own", rule: "AKS-26", code: codeParameter, typ: azuretype.ManagedCluster, before: elsewhere("172.30.0.0/16", "172.30.1.0/24"), bad: nodesIn("elsewhere"), fine: leave},
		{name: "policy without an engine for it", rule: "AKS-18", code: codeBad, typ: azuretype.ManagedCluster, bad: all(plain, network("networkPlugin", "none"), drop("networkProfile.networkPluginMode"), network("networkPolicy", "calico")), fine: all(plain, network("networkPolicy", "azure"))},
		{name: "Azure's policy on kubenet", rule: "AKS-18", code: codeBad, typ: azuretype.ManagedCluster, bad: all(plain, network("networkPlugin", "kubenet"), drop("networkProfile.networkPluginMode"), network("networkPolicy", "azure")), fine: all(plain, network("networkPlugin", "kubenet"), drop("networkProfile.networkPluginMode"), network("networkPolicy", "calico"))},
		{name: "Windows with Cilium", rule: "AKS-18", code: codeBad, typ: azuretype.ManagedCluster, bad: withWindows, fine: all(withWindows, network("networkDataplane", "azure"), network("networkPolicy", "calico"))},
		{name: "Windows with Azure's policy", rule: "AKS-18", code: codeBad, typ: azuretype.ManagedCluster, bad: all(plain, withWindows, network("networkPolicy", "azure")), fine: all(plain, network("networkPolicy", "azure"))},
		{name: "Windows on kubenet", rule: "AKS-18", code: codeBad, typ: azuretype.ManagedCluster, bad: all(plain, withWindows, network("networkPlugin", "kubenet"), drop("networkProfile.networkPluginMode")), fine: all(plain, withWindows)},
		{name: "service range later", rule: "AKS-18", code: "PropertyChangeNotAllowed", typ: azuretype.ManagedCluster, on: emulator.OpUpdate, bad: all(network("serviceCidr", "10.12.0.0/16"), network("dnsServiceIP", "10.12.0.10")), fine: network("loadBalancerProfile", obj{"allocatedOutboundPorts": 1024.0})},
		{name: "from cilium", rule: "AKS-18", code: "PropertyChangeNotAllowed", typ: azuretype.ManagedCluster, on: emulator.OpUpdate, bad: plain},
		{name: "range with host bits", rule: "AKS-19", code: codeParameter, typ: azuretype.ManagedCluster, bad: network("podCidr", "10.244.0.1/16")},
		{name: "pods in the services", rule: "AKS-19", code: codeParameter, typ: azuretype.ManagedCluster, bad: network("podCidr", "10.11.0.0/16")},
		{name: "huge service range", rule: "AKS-23", code: codeParameter, typ: azuretype.ManagedCluster, bad: all(network("serviceCidr", "172.0.0.0/11"), network("dnsServiceIP", "172.0.0.10"))},
		{name: "DNS outside", rule: "AKS-25", code: codeParameter, typ: azuretype.ManagedCluster, bad: network("dnsServiceIP", "10.12.0.10")},
		{name: "DNS at the API's address", rule: "AKS-25", code: codeParameter, typ: azuretype.ManagedCluster, bad: network("dnsServiceIP", "10.11.0.1"), fine: network("dnsServiceIP", "10.11.0.2")},
		{name: "range without its DNS", rule: "AKS-25", code: codeParameter, typ: azuretype.ManagedCluster, bad: drop("networkProfile.dnsServiceIP")},
		{name: "range of AKS's own", rule: "AKS-26", code: codeParameter, typ: azuretype.ManagedCluster, bad: network("podCidr", "172.30.0.0/16")},
		{name: "pods in the VNet", rule: "AKS-21", code: "NetworkProfileCIDROverlapVNET", typ: azuretype.ManagedCluster, bad: network("podCidr", "10.10.128.0/17")},
		{name: "services in the VNet", rule: "AKS-24", code: "ServiceCidrOverlapExistingSubnetsCidr", typ: azuretype.ManagedCluster, bad: all(network("serviceCidr", "10.10.64.0/20"), network("dnsServiceIP", "10.10.64.10"))},
		{name: "small pod range", rule: "AKS-20", code: "InsufficientSubnetSize", typ: azuretype.ManagedCluster, bad: network("podCidr", "10.244.0.0/23"), fine: network("podCidr", "10.244.0.0/22")},
		{name: "small node subnet", rule: "AKS-27", code: "InsufficientSubnetSize", typ: azuretype.ManagedCluster, before: granted("small", "10.10.4.0/29", nil), bad: nodes("small"), fine: all(nodes("small"), pool("maxCount", 2.0))},
		{name: "pods in a small subnet", rule: "AKS-27", code: "InsufficientSubnetSize", typ: azuretype.ManagedCluster, bad: all(plain, drop("networkProfile.networkPluginMode")), fine: all(plain, drop("networkProfile.networkPluginMode"), pool("maxPods", 30.0))},
		{name: "gateway's subnet", rule: "AKS-28", code: codeBad, typ: azuretype.ManagedCluster, before: granted(gatewaySubnet, "10.10.5.0/27", nil), bad: nodes(gatewaySubnet)},
		{name: "VNet abroad", rule: "AKS-28", code: codeBad, typ: azuretype.ManagedCluster, before: abroad, bad: func(in props) {
			in.Set("agentPoolProfiles[0].vnetSubnetID", strings.Replace(in.Str("agentPoolProfiles[0].vnetSubnetID"), "/vnet/", "/abroad/", 1))
		}},
		{name: "delegated subnet", rule: "AKS-28", code: "ResourceNotPermittedOnDelegatedSubnet", typ: azuretype.ManagedCluster, before: granted("dns", "10.10.4.0/24", delegation), bad: nodes("dns")},
		{name: "no rights on the subnet", rule: "AKS-29", code: "LinkedAuthorizationFailed", typ: azuretype.ManagedCluster, before: func(s *subscription) { s.subnet("bare", "10.10.4.0/24", nil) }, bad: nodes("bare")},
		{name: "pool without rights", rule: "AKS-29", code: "LinkedAuthorizationFailed", typ: azuretype.AgentPool, before: func(s *subscription) { s.subnet("bare", "10.10.4.0/24", nil) }, bad: func(in props) {
			id := in.Str("vnetSubnetID")
			in.Set("vnetSubnetID", parentOf(id)+"/subnets/bare")
		}},
		{name: "no rights on the route table", rule: "AKS-32", code: "CustomRouteTableMissingPermission", typ: azuretype.ManagedCluster, before: func(s *subscription) {
			table := s.made(azuretype.RouteTable, "bare", s.valid(azuretype.RouteTable).With(props{"routeTableName": "bare"}))
			granted("routed", "10.10.4.0/24", props{"routeTable": obj{"id": table}})(s)
		}, bad: nodes("routed")},
		{name: "system identity with a route table", rule: "AKS-31", code: "CustomRouteTableWithUnsupportedMSIType", typ: azuretype.ManagedCluster, before: func(s *subscription) { s.subnet("unrouted", "10.10.4.0/24", nil) }, bad: system, fine: all(system, nodes("unrouted"))},
		{name: "all to the internet", rule: "AKS-33", code: "RouteTableInvalidNextHop", typ: azuretype.ManagedCluster, before: route("Internet"), bad: network("outboundType", "userDefinedRouting")},
		{name: "nodes that a route keeps in", rule: "AKS-52", code: "VMExtensionProvisioningError", typ: azuretype.ManagedCluster, before: route("None"), bad: leave},
		{name: "nodes that a security group keeps in", rule: "AKS-52", code: "VMExtensionProvisioningError", typ: azuretype.ManagedCluster, before: shut, bad: nodes("shut"), fine: leave},
		{name: "a pool that a security group keeps in", rule: "AKS-52", code: "VMExtensionProvisioningError", typ: azuretype.AgentPool, before: shut, bad: func(in props) {
			in.Set("vnetSubnetID", parentOf(in.Str("vnetSubnetID"))+"/subnets/shut")
		}, fine: leave},
	}
}
