package eks

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// The recordings in testdata are what the real components of pulumi-eks 3.9.1
// register, run on the Node.js SDK 3.248. On the older SDK that the release of
// 3.9.1 is made with, the components themselves register without inputs, and so
// without the dependencies of these; all else is the same.
//
// realPlugin is a pulumi-resource-eks to record what the real components
// register: go test ./internal/emulator/eks -args -real PATH.
var realPlugin = flag.String("real", "", "path of the real pulumi-resource-eks; records testdata anew")

// A step makes one thing in a recording.
type step struct {
	typ, name string
	inputs    func(*monitor) map[string]any
}

// A scenario is a program that uses the components.
type scenario struct {
	file  string
	steps []step
}

var scenarios = []scenario{
	{"private-cluster.json", []step{
		{"aws:iam/role:Role", "node", func(*monitor) map[string]any {
			return map[string]any{"assumeRolePolicy": "{}"}
		}},
		{"eks:index:Cluster", "relay", func(*monitor) map[string]any {
			return map[string]any{
				"accessEntries": map[string]any{
					"admin": map[string]any{"principalArn": "arn:aws:iam::123456789012:role/admin"},
				},
				"authenticationMode":           "API",
				"createOidcProvider":           false,
				"enabledClusterLogTypes":       []any{"api", "audit", "authenticator", "controllerManager", "scheduler"},
				"encryptionConfigKeyArn":       "arn:aws:kms:eu-west-2:123456789012:key/k",
				"endpointPrivateAccess":        true,
				"endpointPublicAccess":         false,
				"name":                         "eks-relay-cluster",
				"nodeAssociatePublicIpAddress": false,
				"privateSubnetIds":             []any{"subnet-a", "subnet-b"},
				"skipDefaultNodeGroup":         true,
				"tags":                         map[string]any{"Project": "burrow"},
				"version":                      "1.33",
				"vpcCniOptions": map[string]any{
					"enableNetworkPolicy": true, "resolveConflictsOnCreate": "OVERWRITE",
					"resolveConflictsOnUpdate": "OVERWRITE",
				},
				"vpcId": "vpc-1",
			}
		}},
		{"eks:index:ManagedNodeGroup", "ng", func(m *monitor) map[string]any {
			return map[string]any{
				"cluster":       m.reference("eks:index:Cluster", "relay"),
				"enableIMDSv2":  true,
				"nodeGroupName": "eks-relay-nodegroup",
				"nodeRole":      m.reference("aws:iam/role:Role", "node"),
				"subnetIds":     []any{"subnet-a"},
			}
		}},
	}},
	{"burrow-cluster.json", []step{
		{"aws:iam/role:Role", "node", func(*monitor) map[string]any {
			return map[string]any{"assumeRolePolicy": "{}"}
		}},
		{"aws:ec2/launchTemplate:LaunchTemplate", "template", func(*monitor) map[string]any {
			return map[string]any{}
		}},
		{"eks:index:Cluster", "burrow-eks", func(*monitor) map[string]any {
			tags := map[string]any{"Project": "burrow", "Name": "eks-relay-cluster"}
			return map[string]any{
				"name": "eks-relay-cluster", "version": "1.36", "vpcId": "vpc-1",
				"privateSubnetIds":      []any{"subnet-a", "subnet-b"},
				"endpointPrivateAccess": true, "endpointPublicAccess": false,
				"kubernetesServiceIpAddressRange": "172.20.0.0/16",
				"authenticationMode":              "API",
				"accessEntries": map[string]any{"admin": map[string]any{
					"principalArn": "arn:aws:iam::123456789012:role/admin",
					"tags":         tags,
					"accessPolicies": map[string]any{"admin": map[string]any{
						"policyArn":   "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
						"accessScope": map[string]any{"type": "cluster"},
					}},
				}},
				"encryptionConfigKeyArn":    "arn:aws:kms:eu-west-2:123456789012:key/k",
				"enabledClusterLogTypes":    []any{"api", "audit"},
				"skipDefaultNodeGroup":      true,
				"skipDefaultSecurityGroups": true,
				"createOidcProvider":        false,
				"vpcCniOptions":             map[string]any{"addonVersion": "v1.20.4-eksbuild.2", "enableNetworkPolicy": true},
				"kubeProxyAddonOptions":     map[string]any{"version": "v1.36.0-eksbuild.2"},
				"tags":                      tags,
			}
		}},
		{"eks:index:ManagedNodeGroup", "burrow-eks-nodes", func(m *monitor) map[string]any {
			return map[string]any{
				"cluster":       m.reference("eks:index:Cluster", "burrow-eks"),
				"nodeGroupName": "eks-relay-nodegroup",
				"nodeRoleArn":   m.output("aws:iam/role:Role", "node", "arn:aws:iam::123456789012:role/r"),
				"subnetIds":     []any{"subnet-a", "subnet-b"},
				"version":       "1.36", "amiType": "AL2023_x86_64_STANDARD", "capacityType": "ON_DEMAND",
				"instanceTypes": []any{"t3.medium"},
				"scalingConfig": map[string]any{"desiredSize": 2, "minSize": 1, "maxSize": 3},
				"labels":        map[string]any{"role": "relay"},
				"taints":        []any{map[string]any{"key": "only", "value": "relay", "effect": "NO_SCHEDULE"}},
				"launchTemplate": map[string]any{
					"id":      m.output("aws:ec2/launchTemplate:LaunchTemplate", "template", "id-template"),
					"version": "1",
				},
				"tags": map[string]any{"Project": "burrow"},
			}
		}},
	}},
	{"other-options.json", []step{
		{"aws:ec2/securityGroup:SecurityGroup", "given", func(*monitor) map[string]any { return map[string]any{} }},
		{"aws:iam/role:Role", "service", func(*monitor) map[string]any { return map[string]any{} }},
		{"eks:index:Cluster", "other", func(m *monitor) map[string]any {
			return map[string]any{
				"vpcId": "vpc-1", "subnetIds": []any{"subnet-a", "subnet-b"},
				"authenticationMode":        "API",
				"skipDefaultNodeGroup":      true,
				"skipDefaultSecurityGroups": true,
				"clusterSecurityGroup":      m.reference("aws:ec2/securityGroup:SecurityGroup", "given"),
				"serviceRole":               m.reference("aws:iam/role:Role", "service"),
				"clusterTags":               map[string]any{"Name": "own", "Tier": "control"},
				"defaultAddonsToRemove":     []any{"coredns"},
				"vpcCniOptions": map[string]any{
					"configurationValues": map[string]any{
						"enableNetworkPolicy": "false",
						"env":                 map[string]any{"WARM_ENI_TARGET": "2", "MORE": "<&>"},
						"init":                map[string]any{"resources": map[string]any{"cpu": "1"}},
					},
					"enableNetworkPolicy": true, "resolveConflictsOnCreate": "NONE",
				},
				"kubeProxyAddonOptions": map[string]any{"enabled": false},
				"corednsAddonOptions": map[string]any{
					"enabled": true, "configurationValues": map[string]any{"replicaCount": 3},
				},
			}
		}},
		{"eks:index:ManagedNodeGroup", "plain", func(m *monitor) map[string]any {
			return map[string]any{
				"cluster": m.reference("eks:index:Cluster", "other"), "nodeRoleArn": "arn:aws:iam::123456789012:role/n",
				"diskSize": 30, "ignoreScalingChanges": true, "scalingConfig": map[string]any{"maxSize": 5},
			}
		}},
		{"eks:index:ManagedNodeGroup", "imds", func(m *monitor) map[string]any {
			return map[string]any{
				"cluster": m.reference("eks:index:Cluster", "other"), "nodeRoleArn": "arn:aws:iam::123456789012:role/n",
				"diskSize": 30, "enableIMDSv2": false, "clusterName": "other-name",
			}
		}},
	}},
	{"config-map.json", []step{
		{"eks:index:Cluster", "old", func(*monitor) map[string]any {
			return map[string]any{
				"vpcId": "vpc-1", "publicSubnetIds": []any{"subnet-p"}, "privateSubnetIds": []any{"subnet-a"},
				"authenticationMode": "API_AND_CONFIG_MAP", "skipDefaultNodeGroup": true, "useDefaultVpcCni": true,
				"clusterSecurityGroupTags": map[string]any{"For": "control"}, "nodeSecurityGroupTags": map[string]any{"For": "nodes"},
				"ipFamily": "ipv4",
			}
		}},
		{"eks:index:ManagedNodeGroup", "late", func(m *monitor) map[string]any {
			return map[string]any{
				"cluster": m.reference("eks:index:Cluster", "old"), "nodeRoleArn": "arn:aws:iam::123456789012:role/n",
			}
		}},
	}},
}

// reference is a reference to a resource that exists.
func (m *monitor) reference(typ, name string) resource.PropertyValue {
	m.mu.Lock()
	defer m.mu.Unlock()
	urn := makeURN("", typ, name)
	if id, ok := m.ids[urn]; ok {
		return resource.MakeCustomResourceReference(resource.URN(urn), resource.ID(id), "")
	}
	return resource.MakeComponentResourceReference(resource.URN(urn), "")
}

// output is an output of a resource.
func (m *monitor) output(typ, name string, value any) resource.PropertyValue {
	return resource.NewProperty(resource.Output{
		Element: resource.NewPropertyValue(value), Known: true,
		Dependencies: []resource.URN{resource.URN(makeURN("", typ, name))},
	})
}

// construct is the method of a provider, ours or the real one.
type construct func(context.Context, *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error)

// record runs a scenario.
func (s scenario) record(t *testing.T, m *monitor, c construct) *recording {
	t.Helper()
	for _, step := range s.steps {
		inputs := resource.NewPropertyMapFromMap(step.inputs(m))
		object, err := plugin.MarshalProperties(inputs, keepAll)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(step.typ, "eks:") {
			if _, err := c(context.Background(), constructRequest(m, step, inputs, object)); err != nil {
				t.Fatalf("%s: construct %s: %v", s.file, step.name, err)
			}
			continue
		}
		_, err = m.RegisterResource(context.Background(), &pulumirpc.RegisterResourceRequest{
			Type: step.typ, Name: step.name, Parent: stackURN, Custom: true, Object: object,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return normalised(&m.recording)
}

// normalised makes two recordings comparable: in an order of their own, and as
// values that have been JSON.
func normalised(r *recording) *recording {
	key := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(text)
	}
	slices.SortFunc(r.Resources, func(a, b *registration) int {
		return strings.Compare(a.Type+a.Name, b.Type+b.Name)
	})
	slices.SortFunc(r.Invokes, func(a, b invocation) int { return strings.Compare(key(a), key(b)) })
	result := &recording{}
	if err := json.Unmarshal([]byte(key(r)), result); err != nil {
		panic(err)
	}
	return result
}

func constructRequest(m *monitor, s step, inputs resource.PropertyMap, object *structpb.Struct) *pulumirpc.ConstructRequest {
	req := &pulumirpc.ConstructRequest{
		Project: "feaseks", Stack: "dev", Type: s.typ, Name: s.name, Parent: stackURN, Parallel: 4,
		MonitorEndpoint: m.address, AcceptsOutputValues: true, Inputs: object, DryRun: m.preview,
		InputDependencies: map[string]*pulumirpc.ConstructRequest_PropertyDependencies{},
	}
	for key, v := range inputs {
		if urns := dependenciesOf(v); len(urns) > 0 {
			req.InputDependencies[string(key)] = &pulumirpc.ConstructRequest_PropertyDependencies{Urns: urns}
		}
	}
	return req
}

// dependenciesOf are the URNs that a value depends on.
func dependenciesOf(v resource.PropertyValue) []string {
	var urns []string
	switch {
	case v.IsOutput():
		for _, urn := range v.OutputValue().Dependencies {
			urns = append(urns, string(urn))
		}
	case v.IsResourceReference():
		urns = append(urns, string(v.ResourceReferenceValue().URN))
	case v.IsObject():
		for _, e := range v.ObjectValue() {
			urns = append(urns, dependenciesOf(e)...)
		}
	}
	slices.Sort(urns)
	return slices.Compact(urns)
}

// A preview registers the same things, although nothing that AWS would invent is
// known yet.
func TestConstructPreview(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		m := newMonitor(t)
		m.preview = true
		server := Server()
		attach(t, server, m)
		got, want := s.record(t, m, server.Construct), readRecording(t, s.file)
		if g, w := typesAndNames(got), typesAndNames(want); !slices.Equal(g, w) {
			t.Errorf("%s: a preview registers\n%s\nwant\n%s", s.file, strings.Join(g, "\n"), strings.Join(w, "\n"))
		}
	}
}

func typesAndNames(r *recording) []string {
	var all []string
	for _, reg := range r.Resources {
		all = append(all, reg.Type+" "+reg.Name)
	}
	return all
}

// What ours registers is what the real component has been recorded to register.
func TestConstruct(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			want := readRecording(t, s.file)
			m := newMonitor(t)
			server := Server()
			attach(t, server, m)
			compare(t, s.record(t, m, server.Construct), want)
		})
	}
}

func attach(t *testing.T, s pulumirpc.ResourceProviderServer, m *monitor) {
	t.Helper()
	if _, err := s.Attach(context.Background(), &pulumirpc.PluginAttach{Address: m.address}); err != nil {
		t.Fatal(err)
	}
}

func readRecording(t *testing.T, file string) *recording {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{}
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	return normalised(r)
}

// compare reports every difference between two recordings.
func compare(t *testing.T, got, want *recording) {
	t.Helper()
	for _, w := range want.Resources {
		g := got.find(w.Type, w.Name)
		if g == nil {
			t.Errorf("%s %s is not registered", w.Type, w.Name)
			continue
		}
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%s %s is registered as\n%s\nwant\n%s", w.Type, w.Name, indented(g), indented(w))
		}
	}
	for _, g := range got.Resources {
		if want.find(g.Type, g.Name) == nil {
			t.Errorf("%s %s is registered, and should not be", g.Type, g.Name)
		}
	}
	if !reflect.DeepEqual(got.Invokes, want.Invokes) {
		t.Errorf("functions called:\n%s\nwant\n%s", indented(got.Invokes), indented(want.Invokes))
	}
}

func indented(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic(err)
	}
	return string(text)
}
