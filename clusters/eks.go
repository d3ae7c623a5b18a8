package clusters

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-eks/sdk/v3/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/awskeys"
	"burrow/internal/awslogs"
	"burrow/internal/inventory/awstype"
	"burrow/internal/plan"
)

// EKSArgs is what the private cluster needs of its surroundings.
type EKSArgs struct {
	Estate    plan.Estate
	EKS       plan.EKS
	Network   plan.AWSNetwork
	VPCID     pulumi.IDOutput
	SubnetIDs []pulumi.IDOutput // private, in the order of the plan's zones
	Access    plan.Access
	LogKeyARN pulumi.StringOutput
	// MTU of nodes and pods, in bytes, 576 to 9001.
	MTU int
	// EndpointGroupID is the security group of the endpoints of AWS services, and
	// S3PrefixListID what the endpoint of S3 routes. Read only where the network
	// has no NAT.
	EndpointGroupID pulumi.IDOutput
	S3PrefixListID  pulumi.StringOutput
	// NetworkReady must exist before anything takes addresses of the subnets or
	// wants to leave them. Control plane interfaces do, and nodes.
	NetworkReady []pulumi.Resource
}

// EKS is the private cluster with its nodes.
type EKS struct {
	pulumi.ResourceState

	Name                 pulumi.StringOutput
	Endpoint             pulumi.StringOutput
	Kubeconfig           pulumi.StringOutput // secret; holds no credential
	OperatorPolicyARN    pulumi.StringOutput // empty with direct access
	NodeSecurityGroupID  pulumi.IDOutput
	AutoScalingGroupName pulumi.StringOutput
}

const (
	authenticationMode = "API"
	// adminPolicy is EKS's own policy for full rights in the whole cluster.
	adminPolicy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
)

// controlPlaneLogs are all the log types that there are (EKS-12).
var controlPlaneLogs = []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}

// TransformEKS registers, for every EKS cluster made after it, what pulumi-eks
// has no input for. Call it once, before anything is registered.
//
// The component hard-codes that whoever creates a cluster becomes a hidden
// administrator of it (PEK-03). Here only the configuration names
// administrators; besides, an entry for a named one who happens to run the
// program would collide with the hidden one (EKS-15). The setting counts at
// creation and never after (EKS-14). And EKS sells extended support, at six
// times the price, to whoever does not decline (EKS-18).
func TransformEKS(ctx *pulumi.Context) error {
	if err := ctx.RegisterResourceTransform(transformEKS); err != nil {
		return fmt.Errorf("transform of EKS clusters: %w", err)
	}
	return nil
}

func transformEKS(_ context.Context, a *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	if a.Type != awstype.Cluster {
		return nil
	}
	props := pulumi.Map{}
	for key, value := range a.Props {
		props[key] = value
	}
	props["accessConfig"] = pulumi.Map{
		"authenticationMode":                      pulumi.String(authenticationMode),
		"bootstrapClusterCreatorAdminPermissions": pulumi.Bool(false),
	}
	props["upgradePolicy"] = pulumi.Map{"supportType": pulumi.String("STANDARD")}
	// EKS refuses subnets of another VPC or other zones to a cluster that exists
	// (EKS-03), half-way through a run. Replaced, the cluster shows in the preview
	// what such a change costs. Two of one name cannot stand side by side (EKS-01).
	opts := a.Opts
	opts.ReplaceOnChanges = append(slices.Clone(opts.ReplaceOnChanges), "vpcConfig.subnetIds")
	opts.DeleteBeforeReplace = true
	return &pulumi.ResourceTransformResult{Props: props, Opts: opts}
}

// NewEKS makes the private cluster, its nodes and its add-ons. [TransformEKS]
// must have been called.
func NewEKS(ctx *pulumi.Context, name string, args EKSArgs, opts ...pulumi.ResourceOption) (*EKS, error) {
	out := &EKS{OperatorPolicyARN: pulumi.String("").ToStringOutput()}
	if err := ctx.RegisterComponentResource("burrow:clusters:EKS", name, out, opts...); err != nil {
		return nil, fmt.Errorf("eks %s: %w", name, err)
	}
	b := &eksBuilder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(out), out: out}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("eks %s: %w", name, err)
	}
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{
		"name":                 out.Name,
		"endpoint":             out.Endpoint,
		"kubeconfig":           out.Kubeconfig,
		"operatorPolicyArn":    out.OperatorPolicyARN,
		"nodeSecurityGroupId":  out.NodeSecurityGroupID,
		"autoScalingGroupName": out.AutoScalingGroupName,
	})
}

// eksBuilder makes the children of one EKS cluster.
type eksBuilder struct {
	ctx    *pulumi.Context
	name   string
	args   EKSArgs
	parent pulumi.ResourceOption
	out    *EKS
}

// clusterName is the physical name.
func (b *eksBuilder) clusterName() string { return b.args.Estate.Name(b.args.EKS.Name) }

func (b *eksBuilder) build() error {
	cluster, err := b.cluster()
	if err != nil {
		return fmt.Errorf("control plane: %w", err)
	}
	b.out.Name = cluster.EksCluster.Name()
	b.out.Endpoint = cluster.EksCluster.Endpoint()
	b.out.Kubeconfig = b.kubeconfig(cluster)
	if err := b.access(cluster); err != nil {
		return fmt.Errorf("access to the API: %w", err)
	}
	if err := b.apiClients(cluster); err != nil {
		return fmt.Errorf("clients of the API: %w", err)
	}
	nodes, err := b.nodes(cluster)
	if err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	if err := b.addons(nodes); err != nil {
		return fmt.Errorf("add-ons: %w", err)
	}
	return nil
}

// controlPlaneSubnets are those of the zones that EKS may never leave (EKS-03).
func (b *eksBuilder) controlPlaneSubnets() []pulumi.IDOutput {
	return b.args.SubnetIDs[:len(b.args.Network.ControlPlaneZones())]
}

// cluster makes the control plane through pulumi-eks, with none of what that
// would decide itself: its security groups let everything out (PEK-04), its
// node group and its OIDC provider are not used. Without its groups the only
// one on the control plane's interfaces is the one that EKS makes (EKS-20).
func (b *eksBuilder) cluster() (*eks.Cluster, error) {
	key, err := b.secretsKey()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	logs, err := b.logGroup()
	if err != nil {
		return nil, fmt.Errorf("log group: %w", err)
	}
	mode := eks.AuthenticationModeApi
	cluster, err := eks.NewCluster(b.ctx, b.name, &eks.ClusterArgs{
		Name:                            pulumi.String(b.clusterName()),
		Version:                         pulumi.String(b.args.EKS.Version),
		VpcId:                           b.args.VPCID,
		PrivateSubnetIds:                idStrings(b.controlPlaneSubnets()),
		EndpointPrivateAccess:           pulumi.Bool(true),
		EndpointPublicAccess:            pulumi.Bool(false),
		KubernetesServiceIpAddressRange: pulumi.String(b.args.EKS.ServiceCIDR.String()),
		AuthenticationMode:              &mode,
		AccessEntries:                   b.administrators(),
		EncryptionConfigKeyArn:          key.Arn,
		EnabledClusterLogTypes:          pulumi.ToStringArray(controlPlaneLogs),
		SkipDefaultNodeGroup:            pulumi.BoolRef(true),
		SkipDefaultSecurityGroups:       pulumi.BoolRef(true),
		CreateOidcProvider:              pulumi.Bool(false), // pods get AWS rights by pod identity
		VpcCniOptions: &eks.VpcCniOptionsArgs{
			AddonVersion:        pulumi.String(b.args.EKS.Addons.VPCCNI),
			EnableNetworkPolicy: pulumi.Bool(true), // without it policies are stored and ignored (NPL-05)
			// AWS_VPC_ENI_MTU. Neither cloud tells a sender that its packet is too large
			// for a tunnel (AWV-31), so relay's pods announce a segment that fits, and
			// send none that is larger. Azure CNI has no such setting, and needs none:
			// bunny keeps to what relay announces. Pods that run keep what they have.
			EniMtu: pulumi.Int(b.args.MTU),
		},
		KubeProxyAddonOptions: &eks.KubeProxyAddonOptionsArgs{
			Version: pulumi.String(b.args.EKS.Addons.KubeProxy),
		},
		Tags: b.tags(b.clusterName()),
	}, b.parent, pulumi.DependsOn(append([]pulumi.Resource{logs}, b.args.NetworkReady...)))
	if err != nil {
		return nil, err
	}
	return cluster, nil
}

// apiClients lets the configured ranges reach the private API, through the
// group that EKS makes for the control plane (EKS-20). Each rule is named after
// its range, so that changing one leaves the others.
func (b *eksBuilder) apiClients(cluster *eks.Cluster) error {
	g := &groupRules{eksBuilder: b}
	controlPlane := peer{id: cluster.ClusterSecurityGroupId}
	for _, r := range b.args.EKS.APIClients {
		what := "api-" + strings.ReplaceAll(r.String(), "/", "-")
		g.ingress(what, controlPlane, peer{cidr: r.String()}, "tcp", httpsPort, httpsPort)
	}
	return g.err
}

// administrators are an access entry with full rights for each role of the
// configuration, under a name that stays when others come and go.
func (b *eksBuilder) administrators() map[string]eks.AccessEntryArgs {
	entries := map[string]eks.AccessEntryArgs{}
	for _, arn := range b.args.EKS.AdminRoleARNs {
		entries[entryName(arn)] = eks.AccessEntryArgs{
			PrincipalArn: pulumi.String(arn),
			AccessPolicies: map[string]eks.AccessPolicyAssociationInput{
				"admin": eks.AccessPolicyAssociationArgs{
					PolicyArn:   pulumi.String(adminPolicy),
					AccessScope: awseks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")},
				},
			},
			Tags: b.tags(b.clusterName()),
		}
	}
	return entries
}

// entryName makes a Pulumi name of a role's ARN: its account and its path,
// joined by hyphens.
func entryName(arn string) string {
	parts := strings.SplitN(arn, ":", 6) // arn:aws:iam::ACCOUNT:role/PATH
	return strings.ReplaceAll(strings.Join(parts[4:], "-"), "/", "-")
}

// secretsKey encrypts Kubernetes secrets. Its policy is KMS's default, which
// leaves it to the account's IAM policies; EKS works by a grant.
func (b *eksBuilder) secretsKey() (*kms.Key, error) {
	name := b.args.Estate.Name("burrow-eks-secrets")
	return awskeys.New(b.ctx, b.args.Estate, awskeys.Key{
		Child: b.name + "-secrets-key", Name: name, Description: "encrypts Kubernetes secrets of " + b.clusterName(),
	}, b.parent)
}

// logGroup is where EKS writes its logs; the name is EKS's. It comes before the
// cluster, because EKS would make one without key and retention, which would
// then be in our way (EKS-12).
func (b *eksBuilder) logGroup() (pulumi.Resource, error) {
	place := awslogs.Place{Estate: b.args.Estate, Network: b.args.Network, KeyARN: b.args.LogKeyARN}
	return place.Group(b.ctx, b.name+"-logs", fmt.Sprintf("/aws/eks/%s/cluster", b.clusterName()), b.parent)
}

// addons makes those that pulumi-eks leaves out. CoreDNS needs nodes to run on
// (EKS-33), and takes over from the copy that EKS installs with every cluster.
func (b *eksBuilder) addons(nodes *eks.ManagedNodeGroup) error {
	for _, addon := range []struct{ name, version string }{
		{"coredns", b.args.EKS.Addons.CoreDNS},
		{"eks-pod-identity-agent", b.args.EKS.Addons.PodIdentity},
	} {
		_, err := awseks.NewAddon(b.ctx, b.name+"-"+addon.name, &awseks.AddonArgs{
			ClusterName:              b.out.Name,
			AddonName:                pulumi.String(addon.name),
			AddonVersion:             pulumi.String(addon.version),
			ResolveConflictsOnCreate: pulumi.String("OVERWRITE"),
			ResolveConflictsOnUpdate: pulumi.String("OVERWRITE"),
			Tags:                     b.tags(b.args.Estate.Name(addon.name)),
		}, b.parent, pulumi.DependsOn([]pulumi.Resource{nodes}))
		if err != nil {
			return fmt.Errorf("%s: %w", addon.name, err)
		}
	}
	return nil
}

func (b *eksBuilder) kubeconfig(cluster *eks.Cluster) pulumi.StringOutput {
	name := b.clusterName()
	tunnel, way := "", []string(nil)
	if b.args.Access == plan.AccessSSM {
		port := strconv.Itoa(b.args.EKS.TunnelPort)
		tunnel, way = "https://127.0.0.1:"+port, []string{"-document", b.apiDocument(), "-port", port}
	}
	region := b.args.Network.Region
	text := pulumi.All(cluster.EksCluster.Endpoint(), cluster.EksCluster.CertificateAuthority().Data().Elem()).
		ApplyT(func(v []any) (string, error) {
			to, err := eksEndpoint(v[0].(string), v[1].(string), tunnel)
			if err != nil {
				return "", err
			}
			if to.TLSServerName != "" {
				way = append(way[:len(way):len(way)], "-host", to.TLSServerName)
			}
			return kubeconfig(name, to, eksLogin(region, name, way))
		}).(pulumi.StringOutput)
	return pulumi.ToSecret(text).(pulumi.StringOutput)
}

// tags are the tags of the thing with that physical name.
func (b *eksBuilder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}

func idStrings(ids []pulumi.IDOutput) pulumi.StringArray {
	texts := make(pulumi.StringArray, len(ids))
	for i, id := range ids {
		texts[i] = id
	}
	return texts
}
