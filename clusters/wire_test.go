package clusters

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// wire records what the components send to the engine and answers with made-up
// ids. It is no cloud: it refuses nothing.
type wire struct {
	mu   sync.Mutex
	sent map[string]pulumi.MockResourceArgs // by "type name"
}

func (w *wire) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent[args.TypeToken+" "+args.Name] = args
	state := args.Inputs.Copy()
	for key, value := range invented[args.TypeToken] {
		state[key] = value
	}
	return "id-" + args.Name, state, nil
}

func (w *wire) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token != "azure-native:containerservice/v20240901:listManagedClusterUserCredentials" {
		return nil, fmt.Errorf("unexpected call of %s", args.Token)
	}
	return resource.NewPropertyMapFromMap(map[string]any{"kubeconfigs": []any{
		map[string]any{"name": "clusterUser", "value": base64.StdEncoding.EncodeToString([]byte(fromAKS))},
	}}), nil
}

// References to what pulumi-eks makes inside; the test makes them instead.
var (
	controlPlaneURN = resource.URN("urn:pulumi:test::burrow::aws:eks/cluster:Cluster::inner")
	nodeGroupURN    = resource.URN("urn:pulumi:test::burrow::aws:eks/nodeGroup:NodeGroup::inner")
)

// invented are outputs that no input says, by type.
var invented = map[string]resource.PropertyMap{
	"azure-native:managedidentity:UserAssignedIdentity": resource.NewPropertyMapFromMap(map[string]any{
		"principalId": "principal",
	}),
	"azure-native:containerservice/v20240901:ManagedCluster": resource.NewPropertyMapFromMap(map[string]any{
		"name": "aks-bunny-cluster", "fqdn": "bunny.example",
	}),
	"aws:kms/key:Key":                       resource.NewPropertyMapFromMap(map[string]any{"arn": "arn:key"}),
	"aws:iam/role:Role":                     resource.NewPropertyMapFromMap(map[string]any{"arn": "arn:role"}),
	"aws:ec2/launchTemplate:LaunchTemplate": resource.NewPropertyMapFromMap(map[string]any{"latestVersion": 7}),
	"eks:index:Cluster": {
		"eksCluster":             resource.MakeCustomResourceReference(controlPlaneURN, "inner", ""),
		"clusterSecurityGroupId": resource.NewStringProperty("sg-of-eks"),
	},
	"aws:eks/cluster:Cluster": resource.NewPropertyMapFromMap(map[string]any{
		"endpoint": "https://relay.example", "certificateAuthority": map[string]any{"data": "LS0t"},
	}),
	"eks:index:ManagedNodeGroup": {
		"nodeGroup": resource.MakeCustomResourceReference(nodeGroupURN, "inner", ""),
	},
	"aws:eks/nodeGroup:NodeGroup": resource.NewPropertyMapFromMap(map[string]any{
		"resources": []any{map[string]any{"autoscalingGroups": []any{map[string]any{"name": "asg"}}}},
	}),
}

// run runs a program against a wire and returns what was sent.
func run(t *testing.T, program pulumi.RunFunc) *wire {
	t.Helper()
	w := &wire{sent: map[string]pulumi.MockResourceArgs{}}
	if err := pulumi.RunErr(program, pulumi.WithMocks("burrow", "test", w)); err != nil {
		t.Fatal(err)
	}
	return w
}

// inputs are the inputs that went over the wire for one resource, secrets shown.
func (w *wire) inputs(t *testing.T, token, name string) map[string]any {
	t.Helper()
	args, ok := w.sent[token+" "+name]
	if !ok {
		t.Fatalf("%s %s was not registered", token, name)
	}
	return args.Inputs.Mappable()
}

// at follows a path of keys and indexes; nil where it ends early.
func at(value any, path ...any) any {
	for _, step := range path {
		switch key := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[key]
		case int:
			list, _ := value.([]any)
			if key >= len(list) {
				return nil
			}
			value = list[key]
		}
	}
	return value
}

// await waits for a string and says whether it is secret.
func await(out pulumi.StringOutput) (text string, secret bool, err error) {
	result, err := internals.UnsafeAwaitOutput(context.Background(), out)
	if err != nil {
		return "", false, err
	}
	text, ok := result.Value.(string)
	if !ok {
		return "", false, fmt.Errorf("output is %T, want string", result.Value)
	}
	return text, result.Secret, nil
}

func id(text string) pulumi.IDOutput { return pulumi.ID(text).ToIDOutput() }
