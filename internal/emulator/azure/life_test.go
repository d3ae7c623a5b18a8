package azure

import (
	"context"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

func names(ids []string) []string {
	var all []string
	for _, id := range ids {
		all = append(all, lastOf(id))
	}
	slices.Sort(all)
	return all
}

// A VNet written with an inline list has those subnets and no others; written
// without one it keeps what it has (PRV-02).
func TestInlineSubnets(t *testing.T) {
	subnet := func(name, prefix string) obj { return obj{"name": name, "addressPrefix": prefix} }
	bare := props{"resourceGroupName": testGroup, "virtualNetworkName": "vnet", "addressSpace": obj{"addressPrefixes": list{"10.10.0.0/16"}}}
	inline := bare.With(props{"subnets": list{subnet("a", "10.10.0.0/24"), subnet("b", "10.10.1.0/24")}})

	s := newSubscription(t)
	s.group()
	id, out := s.mustCreate(azuretype.VirtualNetwork, "vnet", inline)
	if got := names(s.objects(azuretype.Subnet)); !slices.Equal(got, []string{"a", "b"}) {
		t.Fatalf("subnets %v", got)
	}
	if got := out.Str("subnets[1].id"); got != id+"/subnets/b" {
		t.Errorf("the VNet shows subnet %s", got)
	}
	s.subnet("own", "10.10.2.0/24", nil)
	read, _ := s.read(azuretype.VirtualNetwork, "vnet", id, inline, out)
	if got := read.Strings("subnets[*].name"); !slices.Equal(got, []string{"a", "b", "own"}) {
		t.Errorf("a refresh finds the subnets %v", got)
	}
	only := bare.With(props{"subnets": list{subnet("a", "10.10.0.0/24")}})
	if _, err := s.update(azuretype.VirtualNetwork, "vnet", id, inline, only); err != nil {
		t.Fatal(err)
	}
	if got := names(s.objects(azuretype.Subnet)); !slices.Equal(got, []string{"a"}) {
		t.Errorf("after an update without them there are still %v", got)
	}
	if _, _, err := s.create(azuretype.Subnet, "a", props{
		"resourceGroupName": testGroup, "virtualNetworkName": "vnet", "subnetName": "a", "addressPrefix": "10.10.0.0/24",
	}); err == nil || !strings.Contains(err.Error(), "cannot create already existing resource '"+id+"/subnets/a'") {
		t.Errorf("a subnet that is inline was made again: %v", err)
	}
}

func TestStandaloneSubnets(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.VirtualNetwork)
	id, out := s.mustCreate(azuretype.VirtualNetwork, "vnet", in)
	s.subnet("own", "10.10.2.0/24", nil)
	tagged := in.With(props{"tags": obj{"a": "b"}})
	if _, err := s.update(azuretype.VirtualNetwork, "vnet", id, in, tagged); err != nil {
		t.Fatal(err)
	}
	if got := names(s.objects(azuretype.Subnet)); !slices.Equal(got, []string{"own"}) {
		t.Errorf("after an update of the VNet: %v", got)
	}
	read, _ := s.read(azuretype.VirtualNetwork, "vnet", id, tagged, out.With(props{"tags": obj{"a": "b"}}))
	if read.Has("subnets") {
		t.Error("a refresh makes the subnet an input of the VNet")
	}
	if err := s.delete(azuretype.VirtualNetwork, "vnet", id); err != nil {
		t.Fatal(err)
	}
	if got := s.objects(azuretype.Subnet); len(got) != 0 {
		t.Errorf("the VNet left %v", got)
	}
}

// Rules and routes follow the same rule as subnets.
func TestInlineRules(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.NetworkSecurityGroup).With(props{"securityRules": list{inlineRule("a", 100), inlineRule("b", 101)}})
	id, out := s.mustCreate(azuretype.NetworkSecurityGroup, "nsg", in)
	if got := names(s.objects(azuretype.SecurityRule)); !slices.Equal(got, []string{"a", "b"}) {
		t.Fatalf("rules %v", got)
	}
	if got := out.Strings("defaultSecurityRules[*].name"); len(got) != len(defaultRules) || got[0] != "AllowVnetInBound" {
		t.Errorf("default rules %v", got)
	}
	news := s.valid(azuretype.NetworkSecurityGroup).With(props{"securityRules": list{inlineRule("b", 101)}})
	if _, err := s.update(azuretype.NetworkSecurityGroup, "nsg", id, in, news); err != nil {
		t.Fatal(err)
	}
	if got := names(s.objects(azuretype.SecurityRule)); !slices.Equal(got, []string{"b"}) {
		t.Errorf("rules %v", got)
	}
	table := s.valid(azuretype.RouteTable).With(props{"routes": manyRoutes(2)})
	s.mustCreate(azuretype.RouteTable, "table", table)
	if got := names(s.objects(azuretype.Route)); !slices.Equal(got, []string{"r0", "r1"}) {
		t.Errorf("routes %v", got)
	}
}

// The first VNet of a region makes its network watcher; later ones do not, and
// the watcher stays when they go (LOG-04).
func TestNetworkWatcher(t *testing.T) {
	cases := map[string]struct {
		cloud *emulator.Cloud
		group string
		want  []string
	}{
		"Azure's names": {Cloud(), "NetworkWatcherRG", []string{"NetworkWatcher_uksouth", "NetworkWatcher_ukwest"}},
		"other names": {
			New(Options{WatcherGroup: "watchers", WatcherPrefix: "nw-"}), "watchers", []string{"nw-uksouth", "nw-ukwest"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.cloud, emulator.Account{})
			var ids []string
			for vnet, location := range map[string]string{"one": "uksouth", "two": "UK South", "three": "ukwest"} {
				in := s.valid(azuretype.VirtualNetwork).With(props{"virtualNetworkName": vnet, "location": location})
				id, _ := s.mustCreate(azuretype.VirtualNetwork, vnet, in)
				ids = append(ids, id)
			}
			for _, id := range ids {
				if err := s.delete(azuretype.VirtualNetwork, "vnet", id); err != nil {
					t.Fatal(err)
				}
			}
			if got := names(s.objects(azuretype.NetworkWatcher)); !slices.Equal(got, tc.want) {
				t.Errorf("watchers %v, want %v", got, tc.want)
			}
			if got := names(s.objects(azuretype.ResourceGroup)); !slices.Contains(got, tc.group) {
				t.Errorf("groups %v", got)
			}
		})
	}
}

// A watcher of any name is one: Azure makes no second.
func TestNetworkWatcherOfOnesOwn(t *testing.T) {
	s := newSubscription(t)
	s.mustCreate(azuretype.NetworkWatcher, "mine", s.valid(azuretype.NetworkWatcher).With(props{"networkWatcherName": "mine", "location": "uksouth"}))
	s.vnet()
	if got := names(s.objects(azuretype.NetworkWatcher)); !slices.Equal(got, []string{"mine"}) {
		t.Errorf("watchers %v", got)
	}
}

// Two writes to one VNet at the same time: the second is refused (PRV-03).
func TestOneWritePerVNet(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{
		Wait: func(context.Context, time.Duration) {
			select {
			case entered <- struct{}{}:
				<-leave
			default: // only while the test listens
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := serveWorld(t, world, Cloud())
	s.vnet()
	subnet := func(name, prefix string) props {
		return props{
			"resourceGroupName": testGroup, "virtualNetworkName": "VNET", "subnetName": name, "addressPrefix": prefix,
		}
	}
	first := make(chan error)
	go func() {
		_, _, err := s.create(azuretype.Subnet, "a", subnet("a", "10.10.0.0/24"))
		first <- err
	}()
	<-entered
	_, _, err = s.create(azuretype.Subnet, "b", subnet("b", "10.10.1.0/24"))
	if err == nil || !strings.Contains(err.Error(), "Status=429") || !strings.Contains(err.Error(), codeBusy) {
		t.Errorf("second write: %v", err)
	}
	leave <- struct{}{}
	if err := <-first; err != nil {
		t.Errorf("first write: %v", err)
	}
	if _, _, err := s.create(azuretype.Subnet, "b", subnet("b", "10.10.1.0/24")); err != nil {
		t.Errorf("third write: %v", err)
	}
}

// A new key on an existing connection is accepted and ignored, and never read
// back (AVC-12).
func TestStickyKey(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.VirtualNetworkGatewayConnection)
	id, _ := s.mustCreate(azuretype.VirtualNetworkGatewayConnection, "tunnel", in)
	news := in.With(props{"sharedKey": "another.key"})
	if _, err := s.update(azuretype.VirtualNetworkGatewayConnection, "tunnel", id, in, news); err != nil {
		t.Fatal(err)
	}
	if key, _ := s.object(azuretype.VirtualNetworkGatewayConnection, id).Effective("sharedKey"); key != "a.key_1" {
		t.Error("Azure took the new key")
	}
	if err := s.delete(azuretype.VirtualNetworkGatewayConnection, "tunnel", id); err != nil {
		t.Fatal(err)
	}
	id, _ = s.mustCreate(azuretype.VirtualNetworkGatewayConnection, "tunnel", news)
	if key, _ := s.object(azuretype.VirtualNetworkGatewayConnection, id).Effective("sharedKey"); key != "another.key" {
		t.Error("the replacement does not have the new key")
	}
}

// A connection's state is unknown when it is written and found by a read (AVC-31).
func TestConnectionStatus(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.VirtualNetworkGatewayConnection)
	id, out := s.mustCreate(azuretype.VirtualNetworkGatewayConnection, "tunnel", in)
	if got := out.Str("connectionStatus"); got != "Unknown" {
		t.Errorf("after the create: %s", got)
	}
	if _, read := s.read(azuretype.VirtualNetworkGatewayConnection, "tunnel", id, in, out); read.Str("connectionStatus") != "NotConnected" {
		t.Errorf("with nothing at the other end: %s", read.Str("connectionStatus"))
	}
}

// A gateway that fails after it was accepted is there, and failed (AVG-08).
func TestLateFailure(t *testing.T) {
	s := newSubscription(t)
	_, _, err := s.create(azuretype.VirtualNetworkGateway, "gw", s.doomed())
	if err == nil || !strings.Contains(err.Error(), "VmssVpnGatewayPublicIpsMustHaveZonesConfigured") {
		t.Fatalf("error %v", err)
	}
	gateways := s.objects(azuretype.VirtualNetworkGateway)
	if len(gateways) != 1 || s.object(azuretype.VirtualNetworkGateway, gateways[0]).Out.Str("provisioningState") != "Failed" {
		t.Errorf("gateways %v", gateways)
	}
}

// The echoes of a gateway's BGP settings are outputs and never inputs (AVG-35).
func TestGatewayEchoes(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.VirtualNetworkGateway)
	id, out := s.mustCreate(azuretype.VirtualNetworkGateway, "gw", in)
	address := s.object(azuretype.PublicIPAddress, in.Str("ipConfigurations[1].publicIPAddress.id")).Out.Str("ipAddress")
	want := obj{
		"ipconfigurationId": testConfigurationID("b"), "customBgpIpAddresses": list{"169.254.21.6", "169.254.22.6"},
		"defaultBgpIpAddresses": list{"10.10.255.5"}, "tunnelIpAddresses": list{address},
	}
	if got, _ := out.Get("bgpSettings.bgpPeeringAddresses[1]"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := out.Str("bgpSettings.bgpPeeringAddress"); got != "10.10.255.4,10.10.255.5" {
		t.Errorf("addresses %s", got)
	}
	s.made(azuretype.VirtualNetworkGatewayConnection, "tunnel", nil)
	read, again := s.read(azuretype.VirtualNetworkGateway, "gw", id, in, out)
	if !reflect.DeepEqual(read, in) || !reflect.DeepEqual(again, out) {
		t.Errorf("a refresh changes inputs %v or outputs %v", read, again)
	}
}

func TestPassiveGatewayAddress(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.VirtualNetworkGateway)
	in.Set("activeActive", false)
	in.Set("ipConfigurations", list{in.Maps("ipConfigurations")[0]})
	in.Del("bgpSettings")
	_, out := s.mustCreate(azuretype.VirtualNetworkGateway, "gw", in)
	if got := out.Str("bgpSettings.bgpPeeringAddress"); got != "10.10.255.30" {
		t.Errorf("address %s", got)
	}
	if got := out.Num("bgpSettings.asn"); got != defaultASN {
		t.Errorf("ASN %v", got)
	}
}

// Public addresses are known at once, differ, look public and stay.
func TestPublicAddresses(t *testing.T) {
	s := newSubscription(t)
	seen := map[string]bool{}
	for _, name := range []string{"a", "b", "c", "d"} {
		in := s.valid(azuretype.PublicIPAddress).With(props{"publicIpAddressName": name})
		id, out := s.mustCreate(azuretype.PublicIPAddress, name, in)
		text := out.Str("ipAddress")
		a, err := netip.ParseAddr(text)
		if err != nil || !publicPool.Contains(a) || a.IsPrivate() || seen[text] {
			t.Errorf("address %q", text)
		}
		seen[text] = true
		updated, err := s.update(azuretype.PublicIPAddress, name, id, in, in.With(props{"tags": obj{"a": "b"}}))
		if err != nil || updated.Str("ipAddress") != text {
			t.Errorf("after an update %s: %v", updated.Str("ipAddress"), err)
		}
	}
}

func TestDynamicEndpoint(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.InboundEndpoint)
	in.Del("ipConfigurations[0].privateIpAddress")
	in.Set("ipConfigurations[0].privateIpAllocationMethod", "Dynamic")
	_, out := s.mustCreate(azuretype.InboundEndpoint, "in", in)
	if got := out.Str("ipConfigurations[0].privateIpAddress"); got != "10.10.2.4" {
		t.Errorf("address %s", got)
	}
}

func TestZoneCounts(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.PrivateZone)
	id, out := s.mustCreate(azuretype.PrivateZone, "zone", in)
	s.made(azuretype.PrivateRecordSet, "bunny", nil)
	s.made(azuretype.VirtualNetworkLink, "link", nil)
	_, read := s.read(azuretype.PrivateZone, "zone", id, in, out)
	if read.Int("numberOfRecordSets") != 2 || read.Int("numberOfVirtualNetworkLinks") != 1 {
		t.Errorf("counts %d and %d", read.Int("numberOfRecordSets"), read.Int("numberOfVirtualNetworkLinks"))
	}
	record := s.object(azuretype.PrivateRecordSet, id+"/TXT/bunny")
	if record == nil || record.Out.Str("fqdn") != "bunny.private.azure.internal." ||
		record.Out.Str("type") != "Microsoft.Network/privateDnsZones/TXT" {
		t.Errorf("record %v", record)
	}
}

// Locations come from the resource, the provider or the group, in ARM's spelling.
func TestLocation(t *testing.T) {
	cases := map[string]struct{ own, configured, want string }{
		"own":        {"UK West", "uksouth", "ukwest"},
		"provider's": {"", "North Europe", "northeurope"},
		"group's":    {"", "", "uksouth"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			s.group()
			config := props{"subscriptionId": testSubscription, "tenantId": testTenant}
			if tc.configured != "" {
				config["location"] = tc.configured
			}
			s.configure(config)
			in := s.valid(azuretype.VirtualNetwork)
			if tc.own != "" {
				in["location"] = tc.own
			}
			_, out := s.mustCreate(azuretype.VirtualNetwork, "vnet", in)
			if got := out.Str("location"); got != tc.want {
				t.Errorf("location %s, want %s", got, tc.want)
			}
		})
	}
}

// A group takes everything in it along, node groups of clusters included.
func TestDeleteGroup(t *testing.T) {
	s := newSubscription(t)
	s.made(azuretype.ManagedCluster, "bunny", nil)
	s.made(azuretype.VirtualNetworkGatewayConnection, "tunnel", nil)
	s.made(azuretype.DiagnosticSetting, "logs", nil)
	if err := s.delete(azuretype.ResourceGroup, testGroup, "/subscriptions/"+testSubscription+"/resourceGroups/"+testGroup); err != nil {
		t.Fatal(err)
	}
	want := []string{"NetworkWatcherRG", "NetworkWatcher_uksouth"} // what real Azure leaves, too
	if got := names(s.objects()); !slices.Equal(got, want) {
		t.Errorf("left: %v", got)
	}
}

func TestNameTaken(t *testing.T) {
	s := newSubscription(t)
	id, _ := s.mustCreate(azuretype.NetworkSecurityGroup, "one", s.valid(azuretype.NetworkSecurityGroup))
	_, _, err := s.create(azuretype.NetworkSecurityGroup, "two", s.valid(azuretype.NetworkSecurityGroup).With(props{"networkSecurityGroupName": "NSG"}))
	want := "cannot create already existing resource '" + strings.TrimSuffix(id, "nsg") + "NSG'"
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "PRO-09") {
		t.Errorf("want %s, got %v", want, err)
	}
	s.mustCreate(azuretype.StorageAccount, "one", s.valid(azuretype.StorageAccount))
	s.made(azuretype.ResourceGroup, "rg2", props{"resourceGroupName": "rg2", "location": "uksouth"})
	_, _, err = s.create(azuretype.StorageAccount, "two", s.valid(azuretype.StorageAccount).With(props{"resourceGroupName": "rg2"}))
	if err == nil || !strings.Contains(err.Error(), "StorageAccountAlreadyTaken") {
		t.Errorf("want StorageAccountAlreadyTaken, got %v", err)
	}
}

func TestQuota(t *testing.T) {
	cases := map[string]struct {
		quotas map[string]int
		full   bool
	}{
		"default": {nil, false},
		"lowered": {map[string]int{"azure-public-ips": 1}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, Cloud(), emulator.Account{Quotas: tc.quotas})
			s.address("first")
			_, _, err := s.create(azuretype.PublicIPAddress, "second", s.valid(azuretype.PublicIPAddress))
			if full := err != nil && strings.Contains(err.Error(), "StandardSkuPublicIPCountLimitReached"); full != tc.full {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Children without a name are called as they are in the program.
func TestCopiedName(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.Subnet)
	in.Del("subnetName")
	id, out := s.mustCreate(azuretype.Subnet, "logical", in)
	if lastOf(id) != "logical" || out.Str("name") != "logical" {
		t.Errorf("id %s, name %s", id, out.Str("name"))
	}
}
