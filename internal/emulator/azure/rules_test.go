package azure

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

// A refusal is one write that a rule refuses. Valid inputs of the kind are
// changed by bad; fine, where there is one, is the nearest change that is legal.
type refusal struct {
	name string
	rule string // id in the catalogue
	code string
	typ  string
	on   emulator.Op // OpCreate unless set
	// before makes what else there has to be.
	before    func(s *subscription)
	bad, fine func(in props)
}

// put puts a value at a path.
func put(path string, v any) func(props) { return func(in props) { in.Set(path, v) } }

func drop(paths ...string) func(props) {
	return func(in props) {
		for _, p := range paths {
			in.Del(p)
		}
	}
}

func all(changes ...func(props)) func(props) {
	return func(in props) {
		for _, c := range changes {
			c(in)
		}
	}
}

// leave changes nothing: the world makes the difference.
func leave(props) {}

func many(n int, of func(i int) any) list {
	l := make(list, n)
	for i := range l {
		l[i] = of(i)
	}
	return l
}

func tags(n int) obj {
	t := obj{}
	for i := range n {
		t[fmt.Sprintf("t%d", i)] = "v"
	}
	return t
}

// fired records which rules have refused something.
type fired struct {
	mu    sync.Mutex
	rules map[string]bool
}

// watched is the cloud with every rule's refusals recorded. A rule is named by
// its id, its code and, where a kind has several with both, its place among them.
func (f *fired) watched() *emulator.Cloud {
	cloud := Cloud()
	for _, k := range cloud.Kinds {
		for i, name := range ruleNames(k) {
			broken := k.Rules[i].Broken
			k.Rules[i].Broken = func(c *emulator.Call) string {
				message := broken(c)
				if message != "" {
					f.mu.Lock()
					f.rules[name] = true
					f.mu.Unlock()
				}
				return message
			}
		}
	}
	return cloud
}

func ruleNames(k *emulator.Kind) []string {
	names := make([]string, len(k.Rules))
	counts := map[string]int{}
	for i, r := range k.Rules {
		name := string(r.ID) + " " + r.Code
		counts[name]++
		names[i] = fmt.Sprintf("%s #%d", name, counts[name])
	}
	return names
}

// Every rule refuses what breaks it, with its code, and lets pass what does not.
func TestRules(t *testing.T) {
	f := &fired{rules: map[string]bool{}}
	for _, tc := range refusals() {
		t.Run(tc.rule+" "+tc.name, func(t *testing.T) {
			if tc.fine != nil {
				if err := tc.write(serve(t, f.watched(), emulator.Account{}), tc.fine); err != nil {
					t.Errorf("the legal one: %v", err)
				}
			}
			err := tc.write(serve(t, f.watched(), emulator.Account{}), tc.bad)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tc.words() {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("want %s, got %v", want, err)
				}
			}
			if again := rules.Repeated(err.Error()); len(again) > 0 {
				t.Errorf("it names %v more than once: %v", again, err)
			}
		})
	}
	if t.Failed() || testing.Short() {
		return
	}
	for _, k := range Cloud().Kinds {
		for _, name := range ruleNames(k) {
			if !f.rules[name] {
				t.Errorf("%s: no case breaks rule %s", k.Type, name)
			}
		}
	}
}

// words are what the error must hold: the code, or the provider's own words, and
// the rule.
func (tc refusal) words() []string {
	rule := "emulated rule: " + tc.rule + ";"
	switch tc.code {
	case "":
		return []string{"(" + tc.rule + ")"}
	case codeExists:
		return []string{"cannot create already existing resource", rule}
	}
	return []string{fmt.Sprintf("Code=%q", tc.code), rule}
}

// write does with a valid resource what the case is about.
func (tc refusal) write(s *subscription, change func(props)) error {
	in := s.valid(tc.typ)
	if tc.on == 0 || tc.on == emulator.OpCreate {
		if tc.before != nil {
			tc.before(s)
		}
		change(in)
		_, _, err := s.create(tc.typ, "it", in)
		return err
	}
	id, _ := s.mustCreate(tc.typ, "it", in)
	if tc.before != nil {
		tc.before(s)
	}
	if tc.on == emulator.OpDelete {
		return s.delete(tc.typ, "it", id)
	}
	news := in.Clone()
	change(news)
	_, err := s.update(tc.typ, "it", id, in, news)
	return err
}

func refusals() []refusal {
	var list []refusal
	for _, some := range [][]refusal{
		armRefusals(), vnetRefusals(), guardRefusals(), gatewayRefusals(), connectionRefusals(), dnsRefusals(),
		clusterRefusals(), clusterNetworkRefusals(), identityRefusals(), watchRefusals(),
		alertRefusals(), queryRuleRefusals(), dnsPolicyRefusals(),
	} {
		list = append(list, some...)
	}
	return list
}

func armRefusals() []refusal {
	return []refusal{
		{name: "group of nobody", rule: "PRO-05", code: "ResourceGroupNotFound", typ: azuretype.VirtualNetwork, bad: put("resourceGroupName", "nowhere")},
		{name: "parent of nobody", rule: "PRO-05", code: "ParentResourceNotFound", typ: azuretype.Subnet, bad: put("virtualNetworkName", "nowhere")},
		{name: "no location anywhere", rule: "ARM-01", typ: azuretype.ResourceGroup, before: func(s *subscription) { s.configure(props{"subscriptionId": testSubscription}) }, bad: drop("location"), fine: leave},
		{name: "no such region", rule: "ARM-02", code: "LocationNotAvailableForResourceType", typ: azuretype.VirtualNetwork, bad: put("location", "mars"), fine: put("location", "UK South")},
		{name: "a region for what is global", rule: "ARM-02", code: "LocationNotAvailableForResourceType", typ: azuretype.PrivateZone, bad: put("location", "uksouth")},
		{name: "moved away", rule: "ARM-03", code: "InvalidResourceLocation", typ: azuretype.NetworkSecurityGroup, on: emulator.OpUpdate, bad: put("location", "ukwest"), fine: put("location", "UK South")},
		{name: "too many tags", rule: "TAG-03", code: "InvalidTags", typ: azuretype.VirtualNetwork, bad: put("tags", tags(51)), fine: put("tags", tags(50))},
		{name: "tag of a group", rule: "TAG-03", code: "InvalidTags", typ: azuretype.ResourceGroup, bad: put("tags", obj{"a<b": "v"})},
		{name: "tag name", rule: "TAG-03", code: "InvalidTags", typ: azuretype.VirtualNetwork, bad: put("tags", obj{"a?b": "v"})},
		{name: "long tag", rule: "TAG-03", code: "InvalidTags", typ: azuretype.VirtualNetwork, bad: put("tags", obj{"a": strings.Repeat("ü", 257)}), fine: put("tags", obj{"a": strings.Repeat("ü", 256)})},
		{name: "reserved tag", rule: "TAG-5", code: "InvalidTags", typ: azuretype.VirtualNetwork, bad: put("tags", obj{"Microsoft.Team": "v"}), fine: put("tags", obj{"TheAzureTeam": "v"})},
		{name: "reserved tag of a group", rule: "TAG-5", code: "InvalidTags", typ: azuretype.ResourceGroup, bad: put("tags", obj{"windows": "v"})},
		{name: "same tag twice", rule: "TAG-03", code: "InvalidTags", typ: azuretype.VirtualNetwork, bad: put("tags", obj{"a": "v", "A": "v"})},
		{name: "long tag of a storage account", rule: "TAG-03", code: "InvalidTagNameCharacters", typ: azuretype.StorageAccount, bad: put("tags", obj{strings.Repeat("t", 129): "v"})},
		{name: "name of a group", rule: "NAM-03", code: "InvalidResourceGroupName", typ: azuretype.ResourceGroup, bad: put("resourceGroupName", "rg."), fine: put("resourceGroupName", "rg-(x).y_z")},
		{name: "name of a subnet", rule: "NAM-01", code: "InvalidResourceName", typ: azuretype.Subnet, bad: put("subnetName", "-x"), fine: put("subnetName", "x.y_")},
		{name: "short name of a VNet", rule: "NAM-02", code: "InvalidResourceName", typ: azuretype.VirtualNetwork, bad: put("virtualNetworkName", "v"), fine: put("virtualNetworkName", "v2")},
		{name: "name of a flow log", rule: "NAM-05", code: "InvalidResourceName", typ: azuretype.FlowLog, bad: put("flowLogName", "log-"), fine: put("flowLogName", "log-1")},
		{name: "name of a resolver", rule: "NAM-06", code: "InvalidResourceName", typ: azuretype.DnsResolver, bad: put("dnsResolverName", "a.b"), fine: put("dnsResolverName", "a-b")},
		{name: "name of an account", rule: "NAM-04", code: "AccountNameInvalid", typ: azuretype.StorageAccount, bad: put("accountName", "Logs"), fine: put("accountName", "logs1")},
		{name: "name of a workspace", rule: "LOG-20", code: codeParameter, typ: azuretype.Workspace, bad: put("workspaceName", "abc"), fine: put("workspaceName", "abcd")},
		{name: "name of a cluster", rule: "AKS-02", code: codeParameter, typ: azuretype.ManagedCluster, bad: put("resourceName", "bunny."), fine: put("resourceName", "b")},
		{name: "another blob service", rule: "ARM-05", code: "InvalidResourceName", typ: azuretype.BlobServiceProperties, bad: put("blobServicesName", "second")},
		{name: "infrastructure encryption later", rule: "ARM-06", code: "AccountPropertyCannotBeUpdated", typ: azuretype.StorageAccount, on: emulator.OpUpdate, bad: put("encryption.requireInfrastructureEncryption", true), fine: put("minimumTlsVersion", "TLS1_2")},
	}
}

func vnetRefusals() []refusal {
	inline := func(subnets ...any) func(props) { return put("subnets", list(subnets)) }
	subnet := func(name, prefix string) obj { return obj{"name": name, "addressPrefix": prefix} }
	gateway := func(s *subscription) { s.made(azuretype.VirtualNetworkGateway, "gw", nil) }
	// guards are a security group here and one abroad, in a resource group of their own.
	guards := func(s *subscription) {
		s.made(azuretype.ResourceGroup, "rg2", props{"resourceGroupName": "rg2", "location": "uksouth"})
		for name, location := range map[string]string{"nsg-here": "uksouth", "nsg-abroad": "ukwest"} {
			s.made(azuretype.NetworkSecurityGroup, name, props{"resourceGroupName": "rg2", "networkSecurityGroupName": name, "location": location})
		}
	}
	guardOf := func(name string) obj {
		return obj{"id": "/subscriptions/" + testSubscription + "/resourceGroups/rg2/providers/Microsoft.Network/networkSecurityGroups/" + name}
	}
	guard := func(name string) func(props) { return put("networkSecurityGroup", guardOf(name)) }
	guarded := func(name string) obj {
		return obj{"name": "nodes", "addressPrefix": "10.10.1.0/24", "networkSecurityGroup": guardOf(name)}
	}
	return []refusal{
		{name: "no range", rule: "ANW-01", code: "InvalidAddressPrefixFormat", typ: azuretype.VirtualNetwork, bad: put("addressSpace.addressPrefixes", list{})},
		{name: "host bits", rule: "ANW-01", code: "InvalidAddressPrefixFormat", typ: azuretype.VirtualNetwork, bad: put("addressSpace.addressPrefixes[0]", "10.10.0.1/16")},
		{name: "link-local", rule: "ANW-01", code: "InvalidAddressPrefixFormat", typ: azuretype.VirtualNetwork, bad: put("addressSpace.addressPrefixes[0]", "169.254.0.0/24")},
		{name: "bad CIDR", rule: "ANW-05", code: "NetcfgInvalidSubnet", typ: azuretype.Subnet, bad: put("addressPrefix", "10.10.1.1/24")},
		{name: "no prefix", rule: "ANW-05", code: "NetcfgInvalidSubnet", typ: azuretype.Subnet, bad: drop("addressPrefix"), fine: all(drop("addressPrefix"), put("addressPrefixes", list{"10.10.1.0/24"}))},
		{name: "tiny", rule: "ANW-02", code: "NetcfgInvalidSubnet", typ: azuretype.Subnet, bad: put("addressPrefix", "10.10.1.0/30"), fine: put("addressPrefix", "10.10.1.0/29")},
		{name: "outside", rule: "ANW-04", code: "NetcfgSubnetRangeOutsideVnet", typ: azuretype.Subnet, bad: put("addressPrefix", "10.11.1.0/24")},
		{name: "VNet shrinks under a subnet", rule: "ANW-04", code: "NetcfgSubnetRangeOutsideVnet", typ: azuretype.VirtualNetwork, on: emulator.OpUpdate, before: func(s *subscription) { s.subnet("nodes", "10.10.1.0/24", nil) }, bad: put("addressSpace.addressPrefixes[0]", "10.10.128.0/17"), fine: put("addressSpace.addressPrefixes[0]", "10.10.0.0/17")},
		{name: "overlap", rule: "ANW-03", code: "NetcfgSubnetRangesOverlap", typ: azuretype.Subnet, before: func(s *subscription) { s.subnet("other", "10.10.0.0/23", nil) }, bad: leave, fine: put("addressPrefix", "10.10.2.0/24")},
		{name: "inline overlap", rule: "ANW-03", code: "NetcfgSubnetRangesOverlap", typ: azuretype.VirtualNetwork, bad: inline(subnet("a", "10.10.0.0/24"), subnet("b", "10.10.0.0/25")), fine: inline(subnet("a", "10.10.0.0/24"), subnet("b", "10.10.1.0/24"))},
		{name: "guarded gateway", rule: "AVG-17", code: "NetworkSecurityGroupCannotBeAttachedToGatewaySubnet", typ: azuretype.VirtualNetwork, bad: inline(obj{"name": gatewaySubnet, "addressPrefix": "10.10.0.0/27", "networkSecurityGroup": obj{"id": "/any"}})},
		{name: "unknown delegation", rule: "ANW-19", code: "InvalidServiceNameOnDelegation", typ: azuretype.Subnet, bad: put("delegations", list{obj{"name": "d", "serviceName": "Microsoft.Network/dns"}}), fine: put("delegations", list{obj{"name": "d", "serviceName": "microsoft.network/dnsresolvers"}})},
		{name: "inline list leaves out what is in use", rule: "PRV-02", code: codeSubnetInUse, typ: azuretype.VirtualNetwork, on: emulator.OpUpdate, before: gateway, bad: inline(subnet("nodes", "10.10.1.0/24")), fine: inline(subnet(gatewaySubnet, "10.10.255.0/27"))},
		{name: "delete of a VNet with a gateway", rule: "ANW-20", code: codeSubnetInUse, typ: azuretype.VirtualNetwork, on: emulator.OpDelete, before: gateway, bad: leave},
		{name: "security group abroad", rule: "PRO-06", code: codeReference, typ: azuretype.Subnet, before: guards, bad: guard("nsg-abroad"), fine: guard("nsg-here")},
		{name: "security group abroad, inline", rule: "PRO-06", code: codeReference, typ: azuretype.VirtualNetwork, before: guards, bad: inline(guarded("nsg-abroad")), fine: inline(guarded("nsg-here"))},
		{name: "range in use", rule: "ANW-09", code: "InUsePrefixCannotBeDeleted", typ: azuretype.Subnet, on: emulator.OpUpdate, before: func(s *subscription) { s.made(azuretype.ManagedCluster, "bunny", bunnyIn(s)) }, bad: put("addressPrefix", "10.10.1.0/25"), fine: put("privateEndpointNetworkPolicies", "Enabled")},
	}
}

// bunnyIn is a cluster in the subnet "nodes" as it is, without a route table.
func bunnyIn(s *subscription) props {
	in := validCluster(s)
	in["resourceGroupName"] = testGroup
	return in
}

func guardRefusals() []refusal {
	twice := func(s *subscription) {
		s.made(azuretype.SecurityRule, "first", s.valid(azuretype.SecurityRule).With(props{"securityRuleName": "first"}))
	}
	route := func(name, prefix string) obj {
		return obj{"name": name, "addressPrefix": prefix, "nextHopType": "None"}
	}
	return []refusal{
		{name: "priority", rule: "ANW-11", code: "SecurityRuleInvalidPriority", typ: azuretype.SecurityRule, bad: put("priority", 99.0), fine: put("priority", 4096.0)},
		{name: "same priority", rule: "ANW-11", code: "SecurityRuleConflict", typ: azuretype.SecurityRule, before: twice, bad: leave, fine: put("direction", "Outbound")},
		{name: "inline same priority", rule: "ANW-11", code: "SecurityRuleConflict", typ: azuretype.NetworkSecurityGroup, bad: put("securityRules", list{inlineRule("a", 100), inlineRule("b", 100)}), fine: put("securityRules", list{inlineRule("a", 100), inlineRule("b", 101)})},
		{name: "ports", rule: "ANW-12", code: "SecurityRuleInvalidPortRange", typ: azuretype.SecurityRule, bad: put("destinationPortRange", "90-80"), fine: put("destinationPortRange", "80-90")},
		{name: "ports twice", rule: "ANW-12", code: "SecurityRuleInvalidPortRange", typ: azuretype.SecurityRule, bad: put("destinationPortRanges", list{"1"})},
		{name: "peer", rule: "ANW-12", code: "SecurityRuleInvalidAddressPrefix", typ: azuretype.SecurityRule, bad: put("sourceAddressPrefix", "10.0.0.0/33"), fine: put("sourceAddressPrefix", "Storage.UKSouth")},
		{name: "no peer", rule: "ANW-12", code: "SecurityRuleInvalidAddressPrefix", typ: azuretype.SecurityRule, bad: drop("sourceAddressPrefix")},
		{name: "description", rule: "ANW-12", code: codeFormat, typ: azuretype.SecurityRule, bad: put("description", strings.Repeat("d", 141)), fine: put("description", strings.Repeat("ü", 140))},
		{name: "appliance without address", rule: "ANW-16", code: codeFormat, typ: azuretype.Route, bad: put("nextHopType", "VirtualAppliance"), fine: all(put("nextHopType", "VirtualAppliance"), put("nextHopIpAddress", "10.10.1.4"))},
		{name: "address without appliance", rule: "ANW-16", code: codeFormat, typ: azuretype.Route, bad: put("nextHopIpAddress", "10.10.1.4")},
		{name: "destination", rule: "ANW-16", code: codeFormat, typ: azuretype.Route, bad: put("addressPrefix", "10.0.0.1/16"), fine: put("addressPrefix", "AzureCloud")},
		{name: "same destination", rule: "ANW-18", code: "RouteConflict", typ: azuretype.RouteTable, bad: put("routes", list{route("a", "10.0.0.0/16"), route("b", "10.0.0.0/16")}), fine: put("routes", list{route("a", "10.0.0.0/16"), route("b", "10.0.0.0/17")})},
		{name: "401 routes", rule: "ANW-18", code: codeFormat, typ: azuretype.RouteTable, bad: put("routes", manyRoutes(401)), fine: put("routes", manyRoutes(400))},
		{name: "dynamic standard address", rule: "AVG-10", code: "StandardSkuPublicIPAddressesMustBeStatic", typ: azuretype.PublicIPAddress, bad: drop("publicIPAllocationMethod")},
		{name: "basic address", rule: "AVG-11", code: "IPv4BasicSkuPublicIpCountLimitReached", typ: azuretype.PublicIPAddress, bad: drop("sku")},
		{name: "zones of an address", rule: "AVG-13", code: "ResourceAvailabilityZonesCannotBeModified", typ: azuretype.PublicIPAddress, on: emulator.OpUpdate, bad: put("zones", list{"1"}), fine: put("zones", list{"3", "2", "1"})},
		{name: "zones where there are none", rule: "AVG-13", code: codeFormat, typ: azuretype.PublicIPAddress, bad: put("location", "ukwest"), fine: all(put("location", "ukwest"), drop("zones"))},
		{name: "zone four", rule: "AVG-13", code: codeFormat, typ: azuretype.PublicIPAddress, bad: put("zones", list{"4"})},
	}
}

func inlineRule(name string, priority float64) obj {
	return obj{
		"name": name, "priority": priority, "direction": "Inbound", "access": "Deny", "protocol": "*",
		"sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
	}
}

func manyRoutes(n int) list {
	return many(n, func(i int) any {
		return obj{"name": fmt.Sprintf("r%d", i), "addressPrefix": fmt.Sprintf("10.%d.%d.0/24", i/256, i%256), "nextHopType": "None"}
	})
}
