package azure

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"burrow/internal/inventory/azuretype"
)

// What AKS makes beside a cluster is there with it and gone with it.
func TestNodeGroup(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.ManagedCluster)
	before := s.objects()
	id, out := s.mustCreate(azuretype.ManagedCluster, "bunny", in)
	group := out.Str("nodeResourceGroup")
	if group != "MC_rg_bunny_uksouth" {
		t.Errorf("node group %s", group)
	}
	var made []string
	for _, o := range s.objects() {
		if groupOf(o) == group {
			made = append(made, o)
		}
	}
	kubelet, outbound := out.Str("identityProfile.kubeletidentity.resourceId"),
		out.Str("networkProfile.loadBalancerProfile.effectiveOutboundIPs[0].id")
	if len(made) != 4 || !slices.Contains(made, kubelet) || !slices.Contains(made, outbound) {
		t.Errorf("in the node group: %v", made)
	}
	if err := s.delete(azuretype.ManagedCluster, "bunny", id); err != nil {
		t.Fatal(err)
	}
	if after := s.objects(); !slices.Equal(before, after) {
		t.Errorf("before %v\nafter %v", before, after)
	}
}

// What a program leaves out of the network AKS fills in, and does not say that
// its service range is somebody else's network (AKS-23).
func TestNetworkDefaults(t *testing.T) {
	cases := map[string]struct {
		profile obj
		want    map[string]any
	}{
		"nothing": {nil, map[string]any{
			"networkPlugin": "azure", "networkPluginMode": "overlay", "serviceCidr": defaultServiceCIDR,
			"dnsServiceIP": defaultDNSService, "podCidr": defaultPodCIDR, "outboundType": "loadBalancer",
		}},
		"lists": {
			obj{"networkPlugin": "kubenet", "serviceCidrs": list{"10.11.0.0/16"}, "podCidrs": list{"10.240.0.0/16"}, "dnsServiceIP": "10.11.0.10"},
			map[string]any{"serviceCidr": "10.11.0.0/16", "podCidr": "10.240.0.0/16", "networkPluginMode": nil},
		},
		"pods in the VNet": {
			obj{"networkPlugin": "azure", "podCidr": "10.244.0.0/16"}, map[string]any{"podCidr": nil, "podCidrs": nil},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			in := s.valid(azuretype.ManagedCluster)
			in.Del("networkProfile")
			in.Set("agentPoolProfiles[0].maxPods", 30.0)
			if tc.profile != nil {
				in["networkProfile"] = tc.profile
			}
			_, out := s.mustCreate(azuretype.ManagedCluster, "bunny", in)
			for property, want := range tc.want {
				if got, _ := out.Get("networkProfile." + property); got != want {
					t.Errorf("%s is %v, want %v", property, got, want)
				}
			}
		})
	}
}

// A pool of its own shows in its cluster, and so among the cluster's inputs
// after a refresh (PRV-04).
func TestPoolEcho(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.ManagedCluster)
	id, out := s.mustCreate(azuretype.ManagedCluster, "bunny", in)
	s.made(azuretype.AgentPool, "extra", nil)
	read, _ := s.read(azuretype.ManagedCluster, "bunny", id, in, out)
	if got := read.Strings("agentPoolProfiles[*].name"); !slices.Equal(got, []string{"bunny", "extra"}) {
		t.Errorf("pools %v", got)
	}
}

func TestUpgrade(t *testing.T) {
	s := newSubscription(t)
	in := s.valid(azuretype.ManagedCluster)
	id, out := s.mustCreate(azuretype.ManagedCluster, "bunny", in)
	news := in.Clone()
	news.Set("kubernetesVersion", "1.36")
	news.Set("agentPoolProfiles[0].orchestratorVersion", "1.36")
	upgraded, err := s.update(azuretype.ManagedCluster, "bunny", id, in, news)
	if err != nil {
		t.Fatal(err)
	}
	if got := upgraded.Str("agentPoolProfiles[0].currentOrchestratorVersion"); got != "1.36.0" {
		t.Errorf("the pool runs %s", got)
	}
	for _, stable := range []string{"fqdn", "oidcIssuerProfile.issuerURL", "resourceUID", "identityProfile"} {
		before, _ := out.Get(stable)
		after, _ := upgraded.Get(stable)
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%s was %v and is %v", stable, before, after)
		}
	}
}

// A kubeconfig as AKS hands it out.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server string `yaml:"server"`
			CA     string `yaml:"certificate-authority-data"`
		} `yaml:"cluster"`
	} `yaml:"clusters"`
	Users []struct {
		User struct {
			Token string `yaml:"token"`
			Exec  *struct {
				Command string   `yaml:"command"`
				Args    []string `yaml:"args"`
			} `yaml:"exec"`
		} `yaml:"user"`
	} `yaml:"users"`
}

func (s *subscription) kubeconfig(function string) (kubeconfig, error) {
	s.t.Helper()
	var k kubeconfig
	result, err := s.invoke("azure-native:containerservice/v20240901:"+function, props{
		"resourceGroupName": testGroup, "resourceName": "bunny",
	})
	if err != nil {
		return k, err
	}
	text, err := base64.StdEncoding.DecodeString(result.Str("kubeconfigs[0].value"))
	if err != nil {
		s.t.Fatal(err)
	}
	return k, yaml.Unmarshal(text, &k)
}

func TestCredentials(t *testing.T) {
	local := func(in props) {
		in.Del("aadProfile")
		in.Set("disableLocalAccounts", false)
	}
	cases := map[string]struct {
		change   func(props)
		function string
		exec     bool
		refused  string
	}{
		"user through Entra":          {leave, "listManagedClusterUserCredentials", true, ""},
		"user of the cluster's own":   {local, "listManagedClusterUserCredentials", false, ""},
		"administrator":               {local, "listManagedClusterAdminCredentials", false, ""},
		"administrator, accounts off": {leave, "listManagedClusterAdminCredentials", false, "Getting static credential is not allowed"},
		"administrator, beside Entra": {put("disableLocalAccounts", false), "listManagedClusterAdminCredentials", false, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			in := s.valid(azuretype.ManagedCluster)
			tc.change(in)
			_, out := s.mustCreate(azuretype.ManagedCluster, "bunny", in)
			k, err := s.kubeconfig(tc.function)
			if tc.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tc.refused) || !strings.Contains(err.Error(), "AKS-38") {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			user := k.Users[0].User
			if (user.Exec != nil) != tc.exec || (user.Token == "") != tc.exec {
				t.Errorf("exec %v", user.Exec)
			}
			if got := k.Clusters[0].Cluster.Server; got != "https://"+out.Str("fqdn")+":443" {
				t.Errorf("server %s", got)
			}
			again, err := s.kubeconfig(tc.function)
			if err != nil || !reflect.DeepEqual(again, k) {
				t.Errorf("another call answers differently: %v", err)
			}
			checkCA(t, k.Clusters[0].Cluster.CA)
		})
	}
}

func checkCA(t *testing.T, encoded string) {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("the CA is no PEM")
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := ca.CheckSignatureFrom(ca); err != nil || !ca.IsCA {
		t.Errorf("no authority: %v", err)
	}
}

func TestFunctions(t *testing.T) {
	s := newSubscription(t)
	config, err := s.invoke("azure-native:authorization:getClientConfig", props{})
	if err != nil || config.Str("subscriptionId") != testSubscription || config.Str("tenantId") != testTenant ||
		!guid.MatchString(config.Str("objectId")) || !guid.MatchString(config.Str("clientId")) {
		t.Errorf("client config %v: %v", config, err)
	}
	id := s.made(azuretype.VirtualNetworkGateway, "gw", nil)
	gateway, err := s.invoke("azure-native:network:getVirtualNetworkGateway", props{
		"resourceGroupName": testGroup, "virtualNetworkGatewayName": "GW",
	})
	if err != nil || gateway.Str("id") != id || gateway.Str("bgpSettings.bgpPeeringAddress") == "" {
		t.Errorf("gateway %v: %v", gateway, err)
	}
	group, err := s.invoke("azure-native:resources:getResourceGroup", props{"resourceGroupName": testGroup})
	if err != nil || group.Str("location") != "uksouth" {
		t.Errorf("group %v: %v", group, err)
	}
	for function, args := range map[string]props{
		"azure-native:network:getVirtualNetwork":  {"resourceGroupName": testGroup, "virtualNetworkName": "none"},
		"azure-native:resources:getResourceGroup": {"resourceGroupName": "none"},
		"azure-native:containerservice/v20240901:listManagedClusterUserCredentials": {
			"resourceGroupName": testGroup, "resourceName": "none",
		},
	} {
		if _, err := s.invoke(function, args); err == nil || !strings.Contains(err.Error(), "Status=404") {
			t.Errorf("%s of nothing: %v", function, err)
		}
	}
}

// A role counts at the scope of the subnet and anywhere above it, not beside it.
func TestInheritedRights(t *testing.T) {
	scope := "/subscriptions/" + testSubscription
	group := scope + "/resourceGroups/" + testGroup
	cases := map[string]struct {
		scope string
		may   bool
	}{
		"subscription":   {scope, true},
		"group":          {group, true},
		"VNet":           {group + "/providers/Microsoft.Network/virtualNetworks/vnet", true},
		"another subnet": {group + "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			in := s.valid(azuretype.ManagedCluster)
			in.Set("agentPoolProfiles[0].vnetSubnetID", s.subnet("bare", "10.10.4.0/24", nil))
			if tc.may {
				s.grant("10000000-0000-4000-8000-000000000009", tc.scope)
			}
			_, _, err := s.create(azuretype.ManagedCluster, "bunny", in)
			if allowed := err == nil; allowed != tc.may {
				t.Errorf("error %v", err)
			}
		})
	}
}
