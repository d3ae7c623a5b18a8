package eks

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/grpc/status"
)

// What the real component refuses is refused in its words, what is not modelled
// by name.
func TestRefused(t *testing.T) {
	t.Parallel()
	cluster := map[string]any{
		"vpcId": "vpc-1", "subnetIds": []any{"subnet-a"}, "authenticationMode": "API",
		"skipDefaultNodeGroup": true, "endpointPublicAccess": false,
	}
	group := map[string]any{"nodeRoleArn": "arn:aws:iam::123456789012:role/n"}
	for _, c := range []struct {
		typ    string
		change map[string]any // nil takes an argument away
		want   string
	}{
		{"Cluster", map[string]any{"authenticationMode": "NONE"}, "Invalid value for authenticationMode: NONE."},
		{"Cluster", map[string]any{"authenticationMode": nil}, "configured Kubernetes cluster is unreachable"}, // PEK-01
		{"Cluster", map[string]any{"instanceRoles": []any{"r"}}, // PEK-02
			"The 'instanceRoles' property does not support non-empty values when 'authenticationMode' is set to 'API'."},
		{"Cluster", map[string]any{"roleMappings": []any{map[string]any{}}}, "The 'roleMappings' property does not support"},
		{"Cluster", map[string]any{"authenticationMode": nil, "accessEntries": map[string]any{}},
			"The 'accessEntries' property is not supported when 'authenticationMode' is not set."},
		{"Cluster", map[string]any{"authenticationMode": "CONFIG_MAP", "accessEntries": map[string]any{}},
			"'authenticationMode' is set to 'CONFIG_MAP'."},
		{"Cluster", map[string]any{"privateSubnetIds": []any{"subnet-b"}}, "mutually exclusive"},
		{"Cluster", map[string]any{"publicAccessCidrs": []any{"192.0.2.0/24"}}, "can only be set when"},
		{"Cluster", map[string]any{"createOidcProvider": true}, "PEK-09"},
		{"Cluster", map[string]any{"vpcId": nil}, "PEK-14"},
		{"Cluster", map[string]any{"skipDefaultNodeGroup": nil}, "does not model the default node group"},
		{"Cluster", map[string]any{"fargate": true}, "does not model fargate"},
		{"Cluster", map[string]any{"vpcCniOptions": map[string]any{"warmIpTarget": 5}}, "does not model vpcCniOptions.warmIpTarget"},
		{"Cluster", map[string]any{"vpcID": "vpc-1"}, `has no argument "vpcID"`},
		{"ManagedNodeGroup", map[string]any{"nodeRoleArn": nil}, "An IAM role, or role ARN must be provided"},
		{"ManagedNodeGroup", map[string]any{"nodeRole": "r"}, "You cannot specify both nodeRole and nodeRoleArn"},
		{"ManagedNodeGroup", map[string]any{"amiId": "ami-1", "amiType": "CUSTOM"}, "both amiId and amiType"},
		{"ManagedNodeGroup", map[string]any{"amiId": "ami-1", "gpu": true}, "both amiId and gpu"},
		{"ManagedNodeGroup", map[string]any{"enableIMDSv2": true, "launchTemplate": map[string]any{}},
			"If you provide a custom launch template, you cannot provide any of kubeletExtraArgs, bootstrapExtraArgs, " +
				"bottlerocketSettings, nodeadmExtraOptions, enableIMDSv2, userData, amiId, enableEfaSupport."},
		{"ManagedNodeGroup", map[string]any{"userData": "x", "kubeletExtraArgs": "y"}, "If you provide custom userData"},
		{"ManagedNodeGroup", map[string]any{"enableEfaSupport": true}, "You must specify placementGroupAvailabilityZone"},
		{"ManagedNodeGroup", map[string]any{"operatingSystem": "AL2023"}, "does not model operatingSystem"},
		{"NodeGroupV2", nil, "does not model eks:index:NodeGroupV2"},
	} {
		args := maps.Clone(map[string]map[string]any{"Cluster": cluster, "ManagedNodeGroup": group}[c.typ])
		for name, v := range c.change {
			args[name] = v
			if v == nil {
				delete(args, name)
			}
		}
		m := newMonitor(t)
		err := constructOnce(t, m, "eks:index:"+c.typ, args)
		if text := details(err); !strings.Contains(text, c.want) {
			t.Errorf("%s with %v: got %q, want a refusal with %q", c.typ, c.change, text, c.want)
		}
	}
}

// Nodes whose role the cluster does not know cannot join a cluster of the old
// mode (PEK-10).
func TestNodeRoleUnknown(t *testing.T) {
	t.Parallel()
	m := newMonitor(t)
	err := constructOnce(t, m, "eks:index:Cluster", map[string]any{
		"vpcId": "vpc-1", "subnetIds": []any{"subnet-a"}, "authenticationMode": "CONFIG_MAP", "skipDefaultNodeGroup": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	err = constructOnce(t, m, "eks:index:ManagedNodeGroup", map[string]any{
		"cluster": m.reference("eks:index:Cluster", "it"), "nodeRoleArn": "arn:aws:iam::123456789012:role/n",
	})
	if text := details(err); !strings.Contains(text, "without first setting its role in the cluster's instanceRoles") {
		t.Errorf("got %q, want PEK-10's refusal", text)
	}
}

func constructOnce(t *testing.T, m *monitor, typ string, args map[string]any) error {
	t.Helper()
	inputs := resource.NewPropertyMapFromMap(args)
	object, err := plugin.MarshalProperties(inputs, keepAll)
	if err != nil {
		t.Fatal(err)
	}
	server := Server()
	attach(t, server, m)
	_, err = server.Construct(context.Background(), constructRequest(m, step{typ: typ, name: "it"}, inputs, object))
	return err
}

// details is an error with the properties that it names: they travel beside the
// message.
func details(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for _, d := range status.Convert(err).Details() {
		if s, ok := d.(interface{ String() string }); ok {
			text += "\n" + s.String()
		}
	}
	return text
}
