package clusters

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/azuretype"
	"burrow/internal/plan"
	"burrow/internal/sent"
)

const (
	aksToken = "azure-native:containerservice/v20240901:ManagedCluster"
)

func aksArgs(p *plan.Plan) AKSArgs {
	return AKSArgs{
		Estate:       p.Estate,
		AKS:          p.Clusters.AKS,
		Network:      p.Network.Azure,
		GroupName:    pulumi.String("rg-aks-bunny").ToStringOutput(),
		NodeSubnetID: id("subnet"),
		RouteTableID: id("table"),
		WorkspaceID:  id("workspace"),
	}
}

func recordAKS(t *testing.T, p *plan.Plan) *sent.Log {
	t.Helper()
	return record(t, func(ctx *pulumi.Context) error {
		ready, err := sent.StandIn(ctx, "ready")
		if err != nil {
			return err
		}
		args := aksArgs(p)
		args.NetworkReady = ready
		_, err = NewAKS(ctx, "burrow", args)
		return err
	})
}

// TestAKSNetworkOnTheWire reads what reaches the provider, after all defaulting
// of the SDK: a range left out would be the VPC's (AKS-23).
func TestAKSNetworkOnTheWire(t *testing.T) {
	moved := plan.Default()
	moved.Clusters.AKS.ServiceCIDR = netip.MustParsePrefix("10.96.0.0/16")
	moved.Clusters.AKS.PodCIDR = netip.MustParsePrefix("10.97.0.0/16")
	moved.Clusters.AKS.DNSServiceIP = netip.MustParseAddr("10.96.0.10")
	for _, tc := range []struct {
		name string
		plan *plan.Plan
		want map[string]any
	}{
		{"default", plan.Default(), map[string]any{
			"serviceCidr": "10.11.0.0/16", "serviceCidrs": []any{"10.11.0.0/16"}, "dnsServiceIP": "10.11.0.10",
			"podCidr": "10.244.0.0/16", "podCidrs": []any{"10.244.0.0/16"},
		}},
		{"other ranges", moved, map[string]any{
			"serviceCidr": "10.96.0.0/16", "serviceCidrs": []any{"10.96.0.0/16"}, "dnsServiceIP": "10.96.0.10",
			"podCidr": "10.97.0.0/16", "podCidrs": []any{"10.97.0.0/16"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inputs := recordAKS(t, tc.plan).Named(t, aksToken, "burrow-cluster").Inputs
			for key, value := range map[string]any{
				"networkPlugin": "azure", "networkPluginMode": "overlay",
				"outboundType": "loadBalancer", "loadBalancerSku": "standard",
			} {
				tc.want[key] = value
			}
			for key, want := range tc.want {
				if got := at(inputs, "networkProfile", key); !reflect.DeepEqual(got, want) {
					t.Errorf("networkProfile.%s = %v, want %v", key, got, want)
				}
			}
		})
	}
}

// Each policy engine has its data plane, and cilium's takes no other (AKS-17, AKS-18).
func TestPolicyEngines(t *testing.T) {
	for engine, dataplane := range map[plan.PolicyEngine]string{
		plan.PolicyCilium: "cilium", plan.PolicyAzure: "azure", plan.PolicyCalico: "azure",
	} {
		p := plan.Default()
		p.Clusters.AKS.NetworkPolicy = engine
		profile := recordAKS(t, p).Named(t, aksToken, "burrow-cluster").Inputs["networkProfile"]
		if got := at(profile, "networkPolicy"); got != string(engine) {
			t.Errorf("%s: the policy is %v", engine, got)
		}
		if got := at(profile, "networkDataplane"); got != dataplane {
			t.Errorf("%s: the data plane is %v, want %s", engine, got, dataplane)
		}
	}
}

// What a cluster keeps for life replaces it, the old one first: two of one name
// cannot stand. What may change stays out: the version, the numbers of nodes.
func TestFixedForLife(t *testing.T) {
	options := recordAKS(t, plan.Default()).Named(t, aksToken, "burrow-cluster").Options
	if !options.GetDeleteBeforeReplace() {
		t.Error("the next cluster comes before the old one of its name goes")
	}
	for path, fixed := range map[string]bool{
		"agentPoolProfiles[0].name": true, "agentPoolProfiles[0].vmSize": true, "agentPoolProfiles[0].availabilityZones[2]": true,
		"agentPoolProfiles[0].osDiskSizeGB": true, "agentPoolProfiles[0].vnetSubnetID": true, "networkProfile.networkPolicy": true,
		"agentPoolProfiles[0].maxCount": false, "agentPoolProfiles[0].orchestratorVersion": false,
		"kubernetesVersion": false, "apiServerAccessProfile.authorizedIPRanges[0]": false,
	} {
		changed, err := resource.ParsePropertyPath(path)
		if err != nil {
			t.Fatal(err)
		}
		replaces := slices.ContainsFunc(options.GetReplaceOnChanges(), func(text string) bool {
			pattern, err := resource.ParsePropertyPath(text)
			return err == nil && pattern.Contains(changed)
		})
		if replaces != fixed {
			t.Errorf("a change of %s replaces the cluster: %t, want %t", path, replaces, fixed)
		}
	}
}

// TestAKSOnTheWire reads the rest that must not be left to defaults.
func TestAKSOnTheWire(t *testing.T) {
	w := recordAKS(t, plan.Default())
	cluster := w.Named(t, aksToken, "burrow-cluster")
	for _, tc := range []struct {
		path []any
		want any
	}{
		{[]any{"disableLocalAccounts"}, true},
		{[]any{"aadProfile", "managed"}, true},
		{[]any{"aadProfile", "enableAzureRBAC"}, true},
		{[]any{"aadProfile", "adminGroupObjectIDs", 0}, "00000000-0000-0000-0000-000000000000"},
		{[]any{"apiServerAccessProfile", "authorizedIPRanges", 0}, "203.0.113.0/24"},
		{[]any{"apiServerAccessProfile", "enablePrivateCluster"}, false},
		{[]any{"identity", "type"}, "UserAssigned"},
		{[]any{"identity", "userAssignedIdentities", 0}, "<burrow-identity>"},
		{[]any{"oidcIssuerProfile", "enabled"}, true},
		{[]any{"securityProfile", "workloadIdentity", "enabled"}, true},
		{[]any{"autoUpgradeProfile", "upgradeChannel"}, "none"},
		{[]any{"autoUpgradeProfile", "nodeOSUpgradeChannel"}, "NodeImage"},
		{[]any{"sku", "tier"}, "Standard"},
		{[]any{"agentPoolProfiles", 0, "name"}, "bunny"},
		{[]any{"agentPoolProfiles", 0, "mode"}, "System"},
		{[]any{"agentPoolProfiles", 0, "enableAutoScaling"}, true},
		{[]any{"agentPoolProfiles", 0, "minCount"}, 1.0},
		{[]any{"agentPoolProfiles", 0, "maxCount"}, 3.0},
		{[]any{"agentPoolProfiles", 0, "vnetSubnetID"}, "subnet"},
		{[]any{"agentPoolProfiles", 0, "enableNodePublicIP"}, false},
	} {
		if got := at(cluster.Inputs, tc.path...); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%v = %v, want %v", tc.path, got, tc.want)
		}
	}
	if ignored := cluster.Options.GetIgnoreChanges(); !slices.Contains(ignored, "agentPoolProfiles[0].count") {
		t.Errorf("ignoreChanges = %v, want the node count of the autoscaler", ignored)
	}
	if got := w.Waiting(w.One(t, sent.StandInType)); !slices.Equal(got, []string{aksToken}) {
		t.Errorf("waiting for the VNet: %v, want the cluster alone", got)
	}
	rights := w.Of(azuretype.RoleAssignment)
	if len(rights) != 2 {
		t.Fatalf("%d role assignments, want 2", len(rights))
	}
	for _, r := range rights {
		if !cluster.DependsOn(r) {
			t.Errorf("the cluster does not wait for %s (AKS-30)", r.Name)
		}
	}
}

func TestAKSRights(t *testing.T) {
	w := recordAKS(t, plan.Default())
	names := map[any]bool{}
	for on, scope := range map[string]string{"node-subnet": "subnet", "route-table": "table"} {
		inputs := w.Named(t, azuretype.RoleAssignment, "burrow-network-contributor-"+on).Inputs
		for key, want := range map[string]any{
			"scope": scope, "principalId": "principal", "principalType": "ServicePrincipal",
			"roleDefinitionId": "/subscriptions/00000000-0000-0000-0000-000000000000" +
				"/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7",
		} {
			if inputs[key] != want {
				t.Errorf("%s: %s = %v, want %v", on, key, inputs[key], want)
			}
		}
		names[inputs["roleAssignmentName"]] = true
	}
	if len(names) != 2 {
		t.Errorf("assignments share a name: %v", names)
	}
}

func TestAssignmentName(t *testing.T) {
	builder := func(change func(*plan.Plan)) *aksBuilder {
		p := plan.Default()
		change(p)
		return &aksBuilder{args: aksArgs(p)}
	}
	first := builder(func(*plan.Plan) {}).assignmentName("node-subnet")
	for _, tc := range []struct {
		name string
		got  string
		same bool
	}{
		{"again", builder(func(*plan.Plan) {}).assignmentName("node-subnet"), true},
		{"another scope", builder(func(*plan.Plan) {}).assignmentName("route-table"), false},
		{"another estate", builder(func(p *plan.Plan) { p.Estate.Suffix = "b" }).assignmentName("node-subnet"), false},
		{"another subscription", builder(func(p *plan.Plan) { p.Network.Azure.SubscriptionID = "x" }).assignmentName("node-subnet"), false},
	} {
		if (tc.got == first) != tc.same {
			t.Errorf("%s: %s against %s, want same = %v", tc.name, tc.got, first, tc.same)
		}
	}
}

func TestAKSKubeconfig(t *testing.T) {
	record(t, func(ctx *pulumi.Context) error {
		cluster, err := NewAKS(ctx, "burrow", aksArgs(plan.Default()))
		if err != nil {
			return err
		}
		text, secret, err := await(cluster.Kubeconfig)
		if err != nil {
			return err
		}
		if !secret {
			t.Error("the kubeconfig is not secret")
		}
		if strings.Contains(text, "hunter2") {
			t.Error("the kubeconfig holds AKS's credential")
		}
		if got := parse(t, text).Clusters[0].Cluster["server"]; got != "https://aks.example:443" {
			t.Errorf("server = %s, want the one that AKS names", got)
		}
		return nil
	})
}
