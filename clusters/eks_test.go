package clusters

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
	"burrow/internal/plan"
	"burrow/internal/sent"
)

// makeEKS runs NewEKS. The inner resources stand for those that pulumi-eks
// makes; check sees the result while outputs can still be awaited.
func makeEKS(t *testing.T, check func(*EKS) error) *sent.Log {
	t.Helper()
	return makeEKSOf(t, plan.Default(), check)
}

// makeEKSOf is makeEKS with another plan than the default.
func makeEKSOf(t *testing.T, p *plan.Plan, check func(*EKS) error) *sent.Log {
	t.Helper()
	return record(t, func(ctx *pulumi.Context) error {
		inner, err := awseks.NewCluster(ctx, "inner", &awseks.ClusterArgs{
			Name:      pulumi.String(p.Clusters.EKS.Name),
			RoleArn:   pulumi.String("role"),
			VpcConfig: awseks.ClusterVpcConfigArgs{SubnetIds: pulumi.StringArray{}},
		})
		if err != nil {
			return err
		}
		innerNodes, err := awseks.NewNodeGroup(ctx, "inner", &awseks.NodeGroupArgs{
			ClusterName:   pulumi.String(p.Clusters.EKS.Name),
			NodeRoleArn:   pulumi.String("role"),
			SubnetIds:     pulumi.StringArray{},
			ScalingConfig: awseks.NodeGroupScalingConfigArgs{DesiredSize: pulumi.Int(1), MinSize: pulumi.Int(1), MaxSize: pulumi.Int(1)},
		})
		if err != nil {
			return err
		}
		// Registrations run by themselves, and the stand-in for pulumi-eks names
		// these two as what it made.
		registered(inner)
		registered(innerNodes)
		args := EKSArgs{
			Estate:    p.Estate,
			EKS:       p.Clusters.EKS,
			Network:   p.Network.AWS,
			VPCID:     id("vpc"),
			Access:    p.K8s.Access,
			LogKeyARN: pulumi.String("log-key").ToStringOutput(),
			MTU:       p.VPN.AlgorithmSuite().MTU(),
		}
		for _, zone := range p.Network.AWS.Zones {
			args.SubnetIDs = append(args.SubnetIDs, id(strings.TrimPrefix(zone.Name, p.Network.AWS.Region)))
		}
		if !p.Network.AWS.HasNAT() {
			args.EndpointGroupID, args.S3PrefixListID = id("sg-endpoints"), pulumi.String("pl-s3").ToStringOutput()
		}
		cluster, err := NewEKS(ctx, "burrow", args)
		if err != nil {
			return err
		}
		return check(cluster)
	})
}

func nothing(*EKS) error { return nil }

// registered waits until the engine knows the resource.
func registered(r pulumi.Resource) {
	known := make(chan struct{})
	r.URN().ApplyT(func(pulumi.URN) bool { close(known); return true })
	<-known
}

func TestEKSOnTheWire(t *testing.T) {
	inputs := makeEKS(t, nothing).Named(t, "eks:index:Cluster", "burrow").Inputs
	const admin = "123456789012-role-eks-admins"
	for _, tc := range []struct {
		path []any
		want any
	}{
		{[]any{"name"}, "eks-relay-cluster"},
		{[]any{"endpointPrivateAccess"}, true},
		{[]any{"endpointPublicAccess"}, false},
		{[]any{"authenticationMode"}, "API"},
		{[]any{"skipDefaultSecurityGroups"}, true},
		{[]any{"skipDefaultNodeGroup"}, true},
		{[]any{"createOidcProvider"}, false},
		{[]any{"kubernetesServiceIpAddressRange"}, "172.20.0.0/16"},
		{[]any{"encryptionConfigKeyArn"}, "arn:key"},
		{[]any{"enabledClusterLogTypes"}, []any{"api", "audit", "authenticator", "controllerManager", "scheduler"}},
		{[]any{"privateSubnetIds"}, []any{"a", "b"}},
		{[]any{"vpcCniOptions", "enableNetworkPolicy"}, true},
		{[]any{"vpcCniOptions", "eniMtu"}, 1390.0}, // of packets, 40 more than the MSS for Azure (AWV-31)
		{[]any{"vpcCniOptions", "addonVersion"}, plan.Default().Clusters.EKS.Addons.VPCCNI},
		{[]any{"kubeProxyAddonOptions", "version"}, plan.Default().Clusters.EKS.Addons.KubeProxy},
		{[]any{"accessEntries", admin, "principalArn"}, "arn:aws:iam::123456789012:role/eks-admins"},
		{[]any{"accessEntries", admin, "accessPolicies", "admin", "policyArn"}, adminPolicy},
		{[]any{"accessEntries", admin, "accessPolicies", "admin", "accessScope", "type"}, "cluster"},
		{[]any{"subnetIds"}, nil},     // excludes privateSubnetIds
		{[]any{"instanceRoles"}, nil}, // must be empty in mode API (PEK-02)
	} {
		if got := at(inputs, tc.path...); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%v = %v, want %v", tc.path, got, tc.want)
		}
	}
}

// TestLogGroupComesFirst: EKS makes the group itself otherwise (EKS-12).
func TestLogGroupComesFirst(t *testing.T) {
	w := makeEKS(t, nothing)
	group := w.Named(t, "aws:cloudwatch/logGroup:LogGroup", "burrow-logs")
	if group.Inputs["name"] != "/aws/eks/eks-relay-cluster/cluster" || group.Inputs["kmsKeyId"] != "log-key" {
		t.Errorf("log group = %v, want the cluster's name and the log key", group.Inputs)
	}
	if !w.Named(t, "eks:index:Cluster", "burrow").DependsOn(group) {
		t.Error("the cluster does not wait for its log group")
	}
}

// A third zone gets nodes and leaves the control plane alone (EKS-03). Its node
// group has a name of its own, so that it can stand beside the one that it takes
// the place of (EKS-22); what the nodes carry stays.
func TestZones(t *testing.T) {
	for _, tc := range []struct {
		zones, suffix string
		subnets       []any
		name          string
	}{
		{zones: "ab", subnets: []any{"a", "b"}, name: "eks-relay-nodegroup"},
		{zones: "bc", subnets: []any{"b", "c"}, name: "eks-relay-nodegroup"},
		{zones: "abc", subnets: []any{"a", "b", "c"}, name: "eks-relay-nodegroup-abc"},
		{zones: "bca", subnets: []any{"b", "c", "a"}, name: "eks-relay-nodegroup-abc"},
		{zones: "ab", suffix: "blue", subnets: []any{"a", "b"}, name: "eks-relay-nodegroup-blue"},
		{zones: "abc", suffix: "blue", subnets: []any{"a", "b", "c"}, name: "eks-relay-nodegroup-abc-blue"},
	} {
		t.Run(tc.zones+tc.suffix, func(t *testing.T) {
			p := plan.Default()
			p.Estate.Suffix = tc.suffix
			p.Network.AWS.Zones = nil
			for _, letter := range tc.zones {
				p.Network.AWS.Zones = append(p.Network.AWS.Zones, plan.Zone{Name: p.Network.AWS.Region + string(letter)})
			}
			w := makeEKSOf(t, p, nothing)
			if got := w.Named(t, "eks:index:Cluster", "burrow").Inputs["privateSubnetIds"]; !reflect.DeepEqual(got, tc.subnets[:2]) {
				t.Errorf("the control plane is in %v, want %v", got, tc.subnets[:2])
			}
			nodes := w.Named(t, "eks:index:ManagedNodeGroup", "burrow-nodes").Inputs
			if !reflect.DeepEqual(nodes["subnetIds"], tc.subnets) || nodes["nodeGroupName"] != tc.name {
				t.Errorf("nodes are %v in %v, want %s in %v", nodes["nodeGroupName"], nodes["subnetIds"], tc.name, tc.subnets)
			}
			for typ, child := range map[string]string{
				"aws:iam/role:Role": "burrow-node-role", "aws:ec2/launchTemplate:LaunchTemplate": "burrow-node-template",
				"aws:ec2/securityGroup:SecurityGroup": "burrow-node-group",
			} {
				if got := w.Named(t, typ, child).Inputs["name"]; got != p.Estate.Name("eks-relay-nodegroup") {
					t.Errorf("%s is %v, which changes with the zones", child, got)
				}
			}
		})
	}
}

// The key that secrets cannot be read without is kept where the estate is.
func TestProtectSecretsKey(t *testing.T) {
	for _, protect := range []bool{false, true} {
		p := plan.Default()
		p.Estate.Protect = protect
		if got := makeEKSOf(t, p, nothing).One(t, "aws:kms/key:Key").Options.GetProtect(); got != protect {
			t.Errorf("estate.protect = %t: the key's protection is %t", protect, got)
		}
	}
}

func TestNodesOnTheWire(t *testing.T) {
	w := makeEKS(t, nothing)
	group := w.Named(t, "eks:index:ManagedNodeGroup", "burrow-nodes")
	nodes, template := group.Inputs, w.Named(t, "aws:ec2/launchTemplate:LaunchTemplate", "burrow-node-template").Inputs
	for _, tc := range []struct {
		in   map[string]any
		path []any
		want any
	}{
		{nodes, []any{"nodeGroupName"}, "eks-relay-nodegroup"},
		{nodes, []any{"version"}, "1.36"},
		{nodes, []any{"instanceTypes"}, []any{"t3.medium"}},
		{nodes, []any{"amiType"}, "AL2023_x86_64_STANDARD"},
		{nodes, []any{"subnetIds"}, []any{"a", "b"}},
		{nodes, []any{"scalingConfig", "desiredSize"}, 2.0},
		{nodes, []any{"launchTemplate", "version"}, "7"},
		{nodes, []any{"diskSize"}, nil},     // not with a launch template (EKS-25)
		{nodes, []any{"remoteAccess"}, nil}, // would open SSH (EKS-26)
		{nodes, []any{"enableIMDSv2"}, nil}, // not with a launch template (PEK-11)
		{template, []any{"metadataOptions", "httpTokens"}, "required"},
		{template, []any{"metadataOptions", "httpPutResponseHopLimit"}, 1.0},
		{template, []any{"blockDeviceMappings", 0, "ebs", "encrypted"}, "true"},
		{template, []any{"vpcSecurityGroupIds"}, []any{"<burrow-node-group>"}},
		{template, []any{"imageId"}, nil},      // stands in the node group (EKS-25)
		{template, []any{"instanceType"}, nil}, // stands in the node group (EKS-25)
	} {
		if got := at(tc.in, tc.path...); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%v = %v, want %v", tc.path, got, tc.want)
		}
	}
	for _, policy := range nodePolicies {
		if !group.DependsOn(w.Named(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "burrow-node-role-"+policy)) {
			t.Errorf("nodes do not wait for %s (EKS-27)", policy)
		}
	}
	if !group.DependsOn(w.Named(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "burrow-in-api")) {
		t.Error("nodes do not wait for the way to the API")
	}
}

// A cluster of another name keeps the nodes' group: its description, which names the
// cluster, cannot change, and its name is taken (VPC-22).
func TestNodeGroupStaysWithAnotherCluster(t *testing.T) {
	group := makeEKS(t, nothing).Named(t, "aws:ec2/securityGroup:SecurityGroup", "burrow-node-group")
	if ignored := group.Options.GetIgnoreChanges(); !slices.Equal(ignored, []string{"description"}) {
		t.Errorf("ignores %v", ignored)
	}
}

// TestNodePaths lists every rule of the nodes' security group and the ones that
// it causes at the control plane's.
func TestNodePaths(t *testing.T) {
	const node = "<burrow-node-group>"
	want := map[string]groupRule{
		"in-api":      {controlPlane, node, "tcp", "443-443"},
		"out-api":     {node, controlPlane, "tcp", "443-443"},
		"in-kubelet":  {node, controlPlane, "tcp", "10250-10250"},
		"in-dns-tcp":  {node, node, "tcp", "53-53"},
		"out-dns-tcp": {node, node, "tcp", "53-53"},
		"in-dns-udp":  {node, node, "udp", "53-53"},
		"out-dns-udp": {node, node, "udp", "53-53"},
		"in-pods":     {node, node, "tcp", "1024-65535"},
		"out-pods":    {node, node, "tcp", "1024-65535"},
		"out-https":   {node, "0.0.0.0/0", "tcp", "443-443"},
	}
	got := rulesOf(makeEKS(t, nothing))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("rules:\n got %v\nwant %v", got, want)
	}

	// Without a way to the internet, to the endpoints alone.
	p := plan.Default()
	p.Network.AWS.Egress = plan.EgressEndpoints
	delete(want, "out-https")
	want["out-endpoints"] = groupRule{node, "sg-endpoints", "tcp", "443-443"}
	want["out-s3"] = groupRule{node, "pl-s3", "tcp", "443-443"}
	w := makeEKSOf(t, p, nothing)
	if got := rulesOf(w); !reflect.DeepEqual(got, want) {
		t.Errorf("rules with endpoints:\n got %v\nwant %v", got, want)
	}
	for _, way := range []string{"endpoints", "s3"} {
		rule := w.Named(t, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "burrow-out-"+way)
		if !w.Named(t, "eks:index:ManagedNodeGroup", "burrow-nodes").DependsOn(rule) {
			t.Errorf("nodes do not wait for the way to %s (EKS-28)", way)
		}
	}
}

// TestAPIClients: each range is one rule at the control plane's group, and the
// others stay as they are when one changes.
func TestAPIClients(t *testing.T) {
	runner := groupRule{controlPlane, "10.0.8.0/24", "tcp", "443-443"}
	for _, tc := range []struct {
		name    string
		clients []string
		want    map[string]groupRule
	}{
		{"nobody", nil, map[string]groupRule{}},
		{"a subnet", []string{"10.0.8.0/24"}, map[string]groupRule{"in-api-10.0.8.0-24": runner}},
		{"another address", []string{"10.0.9.7/32", "10.0.8.0/24"}, map[string]groupRule{
			"in-api-10.0.8.0-24": runner,
			"in-api-10.0.9.7-32": {controlPlane, "10.0.9.7/32", "tcp", "443-443"},
		}},
		{"that one changed", []string{"10.0.9.8/32", "10.0.8.0/24"}, map[string]groupRule{
			"in-api-10.0.8.0-24": runner,
			"in-api-10.0.9.8-32": {controlPlane, "10.0.9.8/32", "tcp", "443-443"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := plan.Default()
			for _, text := range tc.clients {
				p.Clusters.EKS.APIClients = append(p.Clusters.EKS.APIClients, netip.MustParsePrefix(text))
			}
			got := rulesOf(makeEKSOf(t, p, nothing))
			for name := range rulesOf(makeEKS(t, nothing)) {
				delete(got, name)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("rules beside the nodes':\n got %v\nwant %v", got, tc.want)
			}
		})
	}
}

// controlPlane is the group that EKS makes.
const controlPlane = "sg-of-eks"

// groupRule is one rule of a security group; peer is a group, a range or a list.
type groupRule struct{ at, peer, protocol, ports string }

// rulesOf are the rules that were sent, by name without the component's.
func rulesOf(log *sent.Log) map[string]groupRule {
	rules := map[string]groupRule{}
	for _, r := range log.All() {
		if !strings.HasPrefix(r.Type, "aws:vpc/securityGroup") {
			continue
		}
		in, peer := r.Inputs, ""
		for _, kind := range []string{"referencedSecurityGroupId", "cidrIpv4", "prefixListId"} {
			text, _ := in[kind].(string)
			peer += text // AWS takes one of them
		}
		rules[strings.TrimPrefix(r.Name, "burrow-")] = groupRule{
			in["securityGroupId"].(string), peer, in["ipProtocol"].(string), portsOf(in),
		}
	}
	return rules
}

// Where a route leads to the API, there is neither tunnel nor document nor policy.
func TestDirectAccess(t *testing.T) {
	p := plan.Default()
	p.K8s.Access = plan.AccessDirect
	log := makeEKSOf(t, p, func(cluster *EKS) error {
		text, _, err := await(cluster.Kubeconfig)
		if err != nil {
			return err
		}
		if to := parse(t, text).Clusters[0].Cluster; to["server"] != "https://relay.example" || to["tls-server-name"] != "" {
			t.Errorf("server = %v, want the cluster's endpoint", to)
		}
		if arn, _, err := await(cluster.OperatorPolicyARN); arn != "" || err != nil {
			t.Errorf("operators' policy %q: %v", arn, err)
		}
		return nil
	})
	for _, r := range log.All() {
		if r.Type == awstype.Document || r.Type == awstype.Policy {
			t.Errorf("made %s", r.Type)
		}
	}
}

func TestEKSOutputs(t *testing.T) {
	makeEKS(t, func(cluster *EKS) error {
		text, secret, err := await(cluster.Kubeconfig)
		if err != nil {
			return err
		}
		if !secret {
			t.Error("the kubeconfig is not secret")
		}
		to := parse(t, text).Clusters[0].Cluster
		if to["server"] != "https://127.0.0.1:28876" || to["tls-server-name"] != "relay.example" {
			t.Errorf("server = %v, want the near end of the tunnel", to)
		}
		asg, _, err := await(cluster.AutoScalingGroupName)
		if asg != "asg" {
			t.Errorf("autoscaling group = %q, want the node group's", asg)
		}
		return err
	})
}

func TestTransformEKS(t *testing.T) {
	fromComponent := pulumi.Map{
		"name": pulumi.String("relay"),
		"accessConfig": pulumi.Map{
			"authenticationMode":                      pulumi.String("API"),
			"bootstrapClusterCreatorAdminPermissions": pulumi.Bool(true),
		},
	}
	for _, tc := range []struct {
		token string
		want  pulumi.Map // nil: left alone
	}{
		{"aws:eks/cluster:Cluster", pulumi.Map{
			"name": pulumi.String("relay"),
			"accessConfig": pulumi.Map{
				"authenticationMode":                      pulumi.String("API"),
				"bootstrapClusterCreatorAdminPermissions": pulumi.Bool(false),
			},
			"upgradePolicy": pulumi.Map{"supportType": pulumi.String("STANDARD")},
		}},
		{"eks:index:Cluster", nil},
		{"aws:rds/cluster:Cluster", nil},
	} {
		t.Run(tc.token, func(t *testing.T) {
			result := transformEKS(t.Context(), &pulumi.ResourceTransformArgs{Type: tc.token, Props: fromComponent})
			if tc.want == nil {
				if result != nil {
					t.Errorf("changed to %v, want it left alone", result.Props)
				}
				return
			}
			if result == nil || !reflect.DeepEqual(result.Props, tc.want) {
				t.Fatalf("got %v, want %v", result, tc.want)
			}
			if !slices.Contains(result.Opts.ReplaceOnChanges, "vpcConfig.subnetIds") || !result.Opts.DeleteBeforeReplace {
				t.Errorf("other subnets do not replace the cluster, the old one first (EKS-03): %+v", result.Opts)
			}
		})
	}
}

func TestImageType(t *testing.T) {
	for instance, want := range map[string]string{
		"t3.medium": "AL2023_x86_64_STANDARD", "m7i-flex.large": "AL2023_x86_64_STANDARD", "g4dn.xlarge": "AL2023_x86_64_STANDARD",
		"t4g.medium": "AL2023_ARM_64_STANDARD", "c7gn.large": "AL2023_ARM_64_STANDARD", "im4gn.large": "AL2023_ARM_64_STANDARD",
		"m7g.large": "AL2023_ARM_64_STANDARD", "m8gd.xlarge": "AL2023_ARM_64_STANDARD", "g5g.xlarge": "AL2023_ARM_64_STANDARD",
		"g6.xlarge": "AL2023_x86_64_STANDARD", "gr6.4xlarge": "AL2023_x86_64_STANDARD", "m7a.large": "AL2023_x86_64_STANDARD",
	} {
		if got := imageType(instance); got != want {
			t.Errorf("imageType(%s) = %s, want %s", instance, got, want)
		}
	}
}

func TestEntryName(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:role/eks-admins":          "123456789012-role-eks-admins",
		"arn:aws:iam::123456789012:role/team/sso/eks-admins": "123456789012-role-team-sso-eks-admins",
	} {
		if got := entryName(arn); got != want {
			t.Errorf("entryName(%s) = %s, want %s", arn, got, want)
		}
	}
}

func portsOf(in map[string]any) string {
	return fmt.Sprintf("%v-%v", in["fromPort"], in["toPort"])
}
