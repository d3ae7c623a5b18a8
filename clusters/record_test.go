package clusters

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"burrow/internal/sent"
)

// References to what pulumi-eks makes inside; the test makes them instead.
var (
	controlPlaneURN = resource.URN("urn:pulumi:test::burrow::aws:eks/cluster:Cluster::inner")
	nodeGroupURN    = resource.URN("urn:pulumi:test::burrow::aws:eks/nodeGroup:NodeGroup::inner")
)

// invented are outputs that no input says, by type.
var invented = map[string]map[string]any{
	"azure-native:managedidentity:UserAssignedIdentity": {"principalId": "principal"},
	"azure-native:containerservice/v20240901:ManagedCluster": {
		"name": "aks-bunny-cluster", "fqdn": "bunny.example",
	},
	"aws:kms/key:Key":                       {"arn": "arn:key"},
	"aws:iam/role:Role":                     {"arn": "arn:role"},
	"aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 7},
	"eks:index:Cluster": {
		"eksCluster":             resource.MakeCustomResourceReference(controlPlaneURN, "inner", ""),
		"clusterSecurityGroupId": "sg-of-eks",
	},
	"aws:eks/cluster:Cluster": {
		"endpoint": "https://relay.example", "certificateAuthority": map[string]any{"data": "LS0t"},
	},
	"eks:index:ManagedNodeGroup": {
		"nodeGroup": resource.MakeCustomResourceReference(nodeGroupURN, "inner", ""),
	},
	"aws:eks/nodeGroup:NodeGroup": {
		"resources": []any{map[string]any{"autoscalingGroups": []any{map[string]any{"name": "asg"}}}},
	},
}

// answers are AKS's: the kubeconfig of a cluster's users.
var answers = sent.Answers{
	"azure-native:containerservice/v20240901:listManagedClusterUserCredentials": {"kubeconfigs": []any{
		map[string]any{"name": "clusterUser", "value": base64.StdEncoding.EncodeToString([]byte(fromAKS))},
	}},
}

// record runs a program with what the clouds invent and answer filled in.
func record(t *testing.T, program pulumi.RunFunc) *sent.Log {
	t.Helper()
	return sent.RecordCalls(t, func(r sent.Resource) map[string]any { return invented[r.Type] }, answers, program)
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
