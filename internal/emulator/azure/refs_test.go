package azure

import (
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// Every reference to nothing is refused, with its code.
func TestDanglingReferences(t *testing.T) {
	for _, k := range Cloud().Kinds {
		for _, ref := range k.Refs {
			t.Run(k.Type+" "+ref.Path, func(t *testing.T) {
				s := newSubscription(t)
				in := s.valid(k.Type)
				in.Set(strings.ReplaceAll(ref.Path, "[*]", "[0]"), "/subscriptions/"+testSubscription+
					"/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/ghost")
				_, _, err := s.create(k.Type, "it", in)
				if err == nil || !strings.Contains(err.Error(), ref.Missing) || !strings.Contains(err.Error(), "ghost") {
					t.Errorf("want %s, got %v", ref.Missing, err)
				}
			})
		}
	}
}

// What others refer to cannot be deleted where its cloud says so, and can be
// once they are gone.
func TestForbiddenDeletes(t *testing.T) {
	tried := map[string]bool{}
	for _, k := range Cloud().Kinds {
		for _, ref := range k.Refs {
			if ref.InUse == "" {
				continue
			}
			t.Run(k.Type+" "+ref.Path, func(t *testing.T) {
				s := newSubscription(t)
				in := s.valid(k.Type)
				if extra := extraReference[ref.Path]; extra != nil {
					extra(s, in)
				}
				id, _ := s.mustCreate(k.Type, "it", in)
				values := in.Strings(ref.Path)
				if len(values) == 0 {
					t.Fatalf("the valid inputs have no %s", ref.Path)
				}
				target := s.find(ref.To, values[0])
				err := s.delete(target.Type, "target", target.ID)
				if err == nil || !strings.Contains(err.Error(), ref.InUse) {
					t.Fatalf("want %s, got %v", ref.InUse, err)
				}
				if err := s.delete(k.Type, "it", id); err != nil {
					t.Fatal(err)
				}
				if err := s.delete(target.Type, "target", target.ID); err != nil && strings.Contains(err.Error(), k.Type) {
					t.Errorf("after the other is gone: %v", err)
				}
				tried[ref.InUse] = true
			})
		}
	}
	for _, code := range []string{
		codeSubnetInUse, codePublicIPInUse, "InUseNetworkSecurityGroupCannotBeDeleted", "InUseRouteTableCannotBeDeleted",
		"VirtualNetworkGatewayCannotBeDeleted",
	} {
		if !tried[code] {
			t.Errorf("no case of %s", code)
		}
	}
}

// extraReference adds references that the valid inputs do without.
var extraReference = map[string]func(*subscription, props){
	"networkSecurityGroup.id": func(s *subscription, in props) {
		in["networkSecurityGroup"] = obj{"id": s.made(azuretype.NetworkSecurityGroup, "nsg", nil)}
	},
	"routeTable.id": func(s *subscription, in props) {
		in["routeTable"] = obj{"id": s.made(azuretype.RouteTable, "table", nil)}
	},
	"podSubnetID": func(s *subscription, in props) { in["podSubnetID"] = s.subnet("pods", "10.10.16.0/20", nil) },
	"agentPoolProfiles[*].podSubnetID": func(s *subscription, in props) {
		in.Set("agentPoolProfiles[0].podSubnetID", s.subnet("pods", "10.10.16.0/20", nil))
	},
	"virtualNetworkGateway2.id": func(s *subscription, in props) {
		in.Set("virtualNetworkGateway2", obj{"id": s.made(azuretype.VirtualNetworkGateway, "gw", nil)})
		in.Del("gatewayCustomBgpIpAddresses")
	},
}

func (s *subscription) find(types []string, id string) *inventory.Object {
	s.t.Helper()
	i := slices.IndexFunc(types, func(typ string) bool { return s.object(typ, id) != nil })
	if i < 0 {
		s.t.Fatalf("there is no %v %s", types, id)
	}
	return s.object(types[i], id)
}

// What replaces a resource, and what is sent as an update whatever Azure says.
func TestReplace(t *testing.T) {
	cases := map[string]struct {
		typ      string
		change   func(props)
		replaces string // the property, "" for an update in place
	}{
		"name":                     {azuretype.VirtualNetwork, put("virtualNetworkName", "other"), "virtualNetworkName"},
		"group":                    {azuretype.NetworkSecurityGroup, put("resourceGroupName", "other"), "resourceGroupName"},
		"parent":                   {azuretype.Subnet, put("virtualNetworkName", "other"), "virtualNetworkName"},
		"location of a VNet":       {azuretype.VirtualNetwork, put("location", "ukwest"), "location"},
		"location in other words":  {azuretype.VirtualNetwork, put("location", "UK South"), ""},
		"location of a group":      {azuretype.NetworkSecurityGroup, put("location", "ukwest"), ""},
		"location of a resolver":   {azuretype.DnsResolver, put("location", "ukwest"), "location"},
		"range of a subnet":        {azuretype.Subnet, put("addressPrefix", "10.10.7.0/24"), ""},
		"zones of an address":      {azuretype.PublicIPAddress, put("zones", list{"1"}), ""},
		"SKU of an address":        {azuretype.PublicIPAddress, put("sku.tier", "Global"), "sku"},
		"SKU of a gateway":         {azuretype.VirtualNetworkGateway, put("sku.name", "VpnGw2AZ"), ""},
		"addresses of a gateway":   {azuretype.VirtualNetworkGateway, put("bgpSettings.bgpPeeringAddresses[0].customBgpIpAddresses[0]", "169.254.21.10"), ""},
		"key of a connection":      {azuretype.VirtualNetworkGatewayConnection, put("sharedKey", "b.key"), ""},
		"protocol of a connection": {azuretype.VirtualNetworkGatewayConnection, put("connectionProtocol", "IKEv1"), ""},
		"endpoint's address":       {azuretype.InboundEndpoint, put("ipConfigurations[0].privateIpAddress", "10.10.2.5"), ""},
		"link's VNet":              {azuretype.VirtualNetworkLink, put("virtualNetwork.id", "/x"), ""},
		"record's type":            {azuretype.PrivateRecordSet, put("recordType", "A"), "recordType"},
		"version of a cluster":     {azuretype.ManagedCluster, put("kubernetesVersion", "1.36"), ""},
		"service range":            {azuretype.ManagedCluster, put("networkProfile.serviceCidr", "10.12.0.0/16"), "networkProfile"},
		"node group":               {azuretype.ManagedCluster, put("nodeResourceGroup", "nodes"), "nodeResourceGroup"},
		"VM size inside a cluster": {azuretype.ManagedCluster, pool("vmSize", "Standard_D4s_v5"), ""},
		"VM size of a pool":        {azuretype.AgentPool, put("vmSize", "Standard_D4s_v5"), "vmSize"},
		"principal":                {azuretype.RoleAssignment, put("principalId", testTenant), "principalId"},
		"role":                     {azuretype.RoleAssignment, put("roleDefinitionId", "x"), ""},
		"setting's target":         {azuretype.DiagnosticSetting, put("resourceUri", "/x"), "resourceUri"},
		"BGP of a gateway":         {azuretype.VirtualNetworkGateway, put("enableBgp", false), ""},
		"second instance":          {azuretype.VirtualNetworkGateway, put("activeActive", false), ""},
		"BGP of a connection":      {azuretype.VirtualNetworkGatewayConnection, put("enableBgp", false), ""},
		"address space of a peer":  {azuretype.LocalNetworkGateway, put("localNetworkAddressSpace", obj{"addressPrefixes": list{"10.0.0.0/16"}}), ""},
		"network policy":           {azuretype.ManagedCluster, put("networkProfile.networkPolicy", "none"), "networkProfile"},
		"authorized ranges":        {azuretype.ManagedCluster, put("apiServerAccessProfile.authorizedIPRanges", list{"203.0.113.0/24"}), ""},
		"zones of an inline pool":  {azuretype.ManagedCluster, pool("availabilityZones", list{"1"}), ""},
		"zones of a pool":          {azuretype.AgentPool, put("availabilityZones", list{"1"}), ""},
		"location of a DNS policy": {azuretype.DnsResolverPolicy, put("location", "ukwest"), "location"},
		"DNS policy's VNet":        {azuretype.DnsResolverPolicyVirtualNetworkLink, put("virtualNetwork.id", "/x"), "virtualNetwork"},
		"priority of a DNS rule":   {azuretype.DnsSecurityRule, put("priority", 200.0), ""},
		"query":                    {azuretype.ScheduledQueryRule, put("criteria.allOf[0].query", "Usage"), ""},
		"scope of a query":         {azuretype.ScheduledQueryRule, put("scopes[0]", "/x"), ""},
		"location of a query":      {azuretype.ScheduledQueryRule, put("location", "ukwest"), "location"},
		"metric of an alert":       {azuretype.MetricAlert, criterion("metricName", "AverageBandwidth"), ""},
		"receiver":                 {azuretype.ActionGroup, put("emailReceivers[0].emailAddress", "b@example.com"), ""},
		"content of a workbook":    {azuretype.Workbook, put("serializedData", "{}"), ""},
		"name of a workbook":       {azuretype.Workbook, put("resourceName", testTenant), "resourceName"},
		"hierarchical namespace":   {azuretype.StorageAccount, put("isHnsEnabled", true), "isHnsEnabled"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			olds := s.valid(tc.typ)
			olds["location"] = "uksouth"
			news := olds.Clone()
			tc.change(news)
			var want []string
			if tc.replaces != "" {
				want = []string{tc.replaces}
			}
			if replaces, _ := s.diff(tc.typ, "it", olds, news); !slices.Equal(replaces, want) {
				t.Errorf("replaced for %v, want %v", replaces, want)
			}
		})
	}
}
