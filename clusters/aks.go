package clusters

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	aks "github.com/pulumi/pulumi-azure-native-sdk/containerservice/v2/v20240901"
	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/azuretype"
	"burrow/internal/plan"
)

// AKSArgs is what the public cluster needs of its surroundings.
type AKSArgs struct {
	Estate       plan.Estate
	AKS          plan.AKS
	Network      plan.AzureNetwork
	GroupName    pulumi.StringOutput
	NodeSubnetID pulumi.IDOutput
	RouteTableID pulumi.IDOutput // of the node subnet
	WorkspaceID  pulumi.IDOutput // receives the control plane's logs
	// NetworkReady has to stand before nodes join the VNet.
	NetworkReady []pulumi.Resource
}

// AKS is the public cluster.
type AKS struct {
	pulumi.ResourceState

	Name     pulumi.StringOutput
	Endpoint pulumi.StringOutput
	// ID is the cluster's ARM id: the same text for every cluster of the name, but
	// unknown while one takes the place of another.
	ID         pulumi.IDOutput
	Kubeconfig pulumi.StringOutput // secret; holds no credential
}

const (
	// networkContributor is Azure's built-in role of that name.
	networkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	// maxPods on a node, 30 to 250 in overlay mode. It cannot change later, and
	// each node takes 256 addresses of the pod range anyway (AKS-19).
	maxPods = 110
	// azureNativeVersion is the provider's, for the one resource without SDK.
	azureNativeVersion = "2.92.3"
)

// controlPlaneCategories are the logs of the control plane that say who did
// what and why. kube-audit-admin is kube-audit without reads, at a fraction of
// its volume.
var controlPlaneCategories = []string{
	"kube-audit-admin", "guard", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cluster-autoscaler",
}

// fixedForLife are the properties that a cluster keeps: those of its pool (AKS-11)
// and the policy engine. azure-native takes the pool's for changeable, and Azure
// would refuse them half-way through a run (PRV-07). The engine is fixed by
// azure-native itself; AKS knows one way only in place, from azure to cilium.
// A pool of another name would be one more (PRV-04).
var fixedForLife = []string{
	"agentPoolProfiles[*].name",
	"agentPoolProfiles[*].vmSize",
	"agentPoolProfiles[*].availabilityZones",
	"agentPoolProfiles[*].osDiskSizeGB",
	"agentPoolProfiles[*].vnetSubnetID",
	"networkProfile.networkPolicy",
}

// NewAKS makes the public cluster with its identity, rights, nodes and logs.
func NewAKS(ctx *pulumi.Context, name string, args AKSArgs, opts ...pulumi.ResourceOption) (*AKS, error) {
	out := &AKS{}
	if err := ctx.RegisterComponentResource("burrow:clusters:AKS", name, out, opts...); err != nil {
		return nil, fmt.Errorf("aks %s: %w", name, err)
	}
	b := &aksBuilder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(out), component: out}
	cluster, err := b.build()
	if err != nil {
		return nil, fmt.Errorf("aks %s: %w", name, err)
	}
	out.Name, out.ID = cluster.Name, cluster.ID()
	out.Endpoint = pulumi.Sprintf("https://%s:443", cluster.Fqdn)
	out.Kubeconfig = b.kubeconfig(cluster)
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{
		"name":       out.Name,
		"endpoint":   out.Endpoint,
		"kubeconfig": out.Kubeconfig,
	})
}

// aksBuilder makes the children of one AKS cluster.
type aksBuilder struct {
	ctx       *pulumi.Context
	name      string
	args      AKSArgs
	parent    pulumi.ResourceOption
	component pulumi.Resource
}

// clusterName is the physical name.
func (b *aksBuilder) clusterName() string { return b.args.Estate.Name(b.args.AKS.Name) }

func (b *aksBuilder) build() (*aks.ManagedCluster, error) {
	identity, rights, err := b.identity()
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	cluster, err := aks.NewManagedCluster(b.ctx, b.name+"-cluster", b.clusterArgs(identity), b.parent,
		// AKS checks the rights when the cluster is made (AKS-29, AKS-32).
		pulumi.DependsOn(append(rights, b.args.NetworkReady...)),
		// The autoscaler counts nodes; a run must not set them back (PRV-06).
		pulumi.IgnoreChanges([]string{"agentPoolProfiles[0].count"}),
		// The preview shows what such a change costs. Two clusters of one name cannot
		// stand side by side; what is in the old one goes with it (k8s).
		pulumi.ReplaceOnChanges(fixedForLife), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	if err := b.diagnostics(cluster); err != nil {
		return nil, fmt.Errorf("diagnostic setting: %w", err)
	}
	return cluster, nil
}

func (b *aksBuilder) clusterArgs(identity *userAssignedIdentity) *aks.ManagedClusterArgs {
	cluster := b.args.AKS
	return &aks.ManagedClusterArgs{
		ResourceName:      pulumi.String(b.clusterName()),
		ResourceGroupName: b.args.GroupName,
		Location:          b.location(),
		KubernetesVersion: pulumi.String(cluster.Version),
		DnsPrefix:         pulumi.String(b.args.Estate.Name("aks-bunny")),
		NodeResourceGroup: pulumi.String(b.args.Estate.Name(b.args.Network.ResourceGroup) + "-nodes"),
		Sku: aks.ManagedClusterSKUArgs{
			Name: pulumi.String(aks.ManagedClusterSKUNameBase),
			Tier: pulumi.String(cluster.Tier),
		},
		Identity: aks.ManagedClusterIdentityArgs{
			Type:                   aks.ResourceIdentityTypeUserAssigned,
			UserAssignedIdentities: pulumi.StringArray{identity.ID()},
		},
		EnableRBAC:           pulumi.Bool(true),
		DisableLocalAccounts: pulumi.Bool(true),
		AadProfile: aks.ManagedClusterAADProfileArgs{
			Managed:             pulumi.Bool(true),
			EnableAzureRBAC:     pulumi.Bool(true),
			AdminGroupObjectIDs: pulumi.ToStringArray(cluster.AdminGroupIDs),
			TenantID:            pulumi.String(b.args.Network.TenantID),
		},
		ApiServerAccessProfile: aks.ManagedClusterAPIServerAccessProfileArgs{
			AuthorizedIPRanges:   b.authorizedRanges(),
			EnablePrivateCluster: pulumi.Bool(false),
			DisableRunCommand:    pulumi.Bool(true), // it runs pods as administrator, past the authorized ranges
		},
		OidcIssuerProfile: aks.ManagedClusterOIDCIssuerProfileArgs{Enabled: pulumi.Bool(true)},
		SecurityProfile: aks.ManagedClusterSecurityProfileArgs{
			WorkloadIdentity: aks.ManagedClusterSecurityProfileWorkloadIdentityArgs{Enabled: pulumi.Bool(true)},
		},
		// Versions come from the configuration. Images of the nodes do not, so
		// that their patches need nobody.
		AutoUpgradeProfile: aks.ManagedClusterAutoUpgradeProfileArgs{
			UpgradeChannel:       pulumi.String(aks.UpgradeChannelNone),
			NodeOSUpgradeChannel: pulumi.String(aks.NodeOSUpgradeChannelNodeImage),
		},
		NetworkProfile:    b.networkProfile(),
		AgentPoolProfiles: aks.ManagedClusterAgentPoolProfileArray{b.pool()},
		Tags:              b.tags(b.clusterName()),
	}
}

// networkProfile gives every range twice, in the field for one and in the list.
// Where the single fields are unset the SDK fills in Azure's defaults, and
// Azure's default service range is 10.0.0.0/16: the VPC. Nothing refuses it;
// packets for AWS would just never leave their node (AKS-23).
func (b *aksBuilder) networkProfile() aks.ContainerServiceNetworkProfileArgs {
	pods, services := pulumi.String(b.args.AKS.PodCIDR.String()), pulumi.String(b.args.AKS.ServiceCIDR.String())
	engine := b.args.AKS.NetworkPolicy
	return aks.ContainerServiceNetworkProfileArgs{
		NetworkPlugin:     pulumi.String(aks.NetworkPluginAzure),
		NetworkPluginMode: pulumi.String(aks.NetworkPluginModeOverlay),
		NetworkDataplane:  pulumi.String(dataplane(engine)),
		NetworkPolicy:     pulumi.String(engine),
		IpFamilies:        pulumi.StringArray{pulumi.String(aks.IpFamilyIPv4)},
		PodCidr:           pods,
		PodCidrs:          pulumi.StringArray{pods},
		ServiceCidr:       services,
		ServiceCidrs:      pulumi.StringArray{services},
		DnsServiceIP:      pulumi.String(b.args.AKS.DNSServiceIP.String()),
		LoadBalancerSku:   pulumi.String(aks.LoadBalancerSkuStandard),
		OutboundType:      pulumi.String(aks.OutboundTypeLoadBalancer),
		LoadBalancerProfile: aks.ManagedClusterLoadBalancerProfileArgs{
			ManagedOutboundIPs: aks.ManagedClusterLoadBalancerProfileManagedOutboundIPsArgs{Count: pulumi.Int(1)},
		},
	}
}

// dataplane is the one that goes with a policy engine: cilium with its own and no
// other (AKS-17, AKS-18).
func dataplane(engine plan.PolicyEngine) aks.NetworkDataplane {
	if engine == plan.PolicyCilium {
		return aks.NetworkDataplaneCilium
	}
	return aks.NetworkDataplaneAzure
}

// pool is the only pool, made with the cluster: a pool added here later would
// be refused (PRV-04), so others have to be resources of their own. It moves to
// a new Kubernetes version together with the control plane.
func (b *aksBuilder) pool() aks.ManagedClusterAgentPoolProfileArgs {
	pool := b.args.AKS.Pool
	return aks.ManagedClusterAgentPoolProfileArgs{
		Name:                pulumi.String(pool.Name),
		Mode:                pulumi.String(aks.AgentPoolModeSystem),
		Type:                pulumi.String(aks.AgentPoolTypeVirtualMachineScaleSets),
		OrchestratorVersion: pulumi.String(b.args.AKS.Version),
		VmSize:              pulumi.String(pool.VMSize),
		Count:               pulumi.Int(pool.Count),
		EnableAutoScaling:   pulumi.Bool(true),
		MinCount:            pulumi.Int(pool.Min),
		MaxCount:            pulumi.Int(pool.Max),
		AvailabilityZones:   pulumi.ToStringArray(pool.Zones),
		VnetSubnetID:        b.args.NodeSubnetID,
		EnableNodePublicIP:  pulumi.Bool(false),
		MaxPods:             pulumi.Int(maxPods),
		OsType:              pulumi.String(aks.OSTypeLinux),
		OsSKU:               pulumi.String(aks.OSSKUUbuntu),
		OsDiskType:          pulumi.String(aks.OSDiskTypeManaged), // B-series have no room for another
		OsDiskSizeGB:        pulumi.Int(pool.DiskGB),
		UpgradeSettings:     aks.AgentPoolUpgradeSettingsArgs{MaxSurge: pulumi.String("1")},
		Tags:                b.tags(b.clusterName()),
	}
}

// userAssignedIdentity is azure-native's resource of that name. The SDK module
// that holds it cannot be downloaded, so these are the parts used here.
type userAssignedIdentity struct {
	pulumi.CustomResourceState

	PrincipalID pulumi.StringOutput `pulumi:"principalId"`
}

// identity makes the identity that the cluster acts as and gives it the rights
// that it needs: on its subnet, to join nodes and load balancers to it, and on
// the subnet's route table. The system-assigned kind will not do, as it exists
// only once the cluster does and may not bring a route table (AKS-31).
func (b *aksBuilder) identity() (*userAssignedIdentity, []pulumi.Resource, error) {
	name := b.clusterName() + "-identity"
	identity := &userAssignedIdentity{}
	err := b.ctx.RegisterResource(azuretype.UserAssignedIdentity, b.name+"-identity", pulumi.Map{
		"resourceName":      pulumi.String(name),
		"resourceGroupName": b.args.GroupName,
		"location":          b.location(),
		"tags":              b.tags(name),
	}, identity, b.parent, pulumi.Version(azureNativeVersion))
	if err != nil {
		return nil, nil, err
	}
	var rights []pulumi.Resource
	for _, grant := range []struct {
		on    string
		scope pulumi.IDOutput
	}{
		{"node-subnet", b.args.NodeSubnetID},
		{"route-table", b.args.RouteTableID},
	} {
		assignment, err := b.assignment(grant.on, grant.scope, identity)
		if err != nil {
			return nil, nil, fmt.Errorf("rights on %s: %w", grant.on, err)
		}
		rights = append(rights, assignment)
	}
	return identity, rights, nil
}

// assignment makes the identity a network contributor on the scope. The
// principal's type spares Azure looking for a principal that Entra may not have
// spread yet (IAM-08).
func (b *aksBuilder) assignment(
	on string, scope pulumi.IDOutput, identity *userAssignedIdentity,
) (*authorization.RoleAssignment, error) {
	return authorization.NewRoleAssignment(b.ctx, b.name+"-network-contributor-"+on, &authorization.RoleAssignmentArgs{
		RoleAssignmentName: pulumi.String(b.assignmentName(on)),
		Scope:              scope,
		RoleDefinitionId:   pulumi.String(b.roleDefinition(networkContributor)),
		PrincipalId:        identity.PrincipalID,
		PrincipalType:      pulumi.String(authorization.PrincipalTypeServicePrincipal),
	}, b.parent)
}

// assignmentName is the GUID that an assignment's name has to be (IAM-07), the
// same in every run and different for every cluster, scope and role.
func (b *aksBuilder) assignmentName(on string) string {
	key := fmt.Sprintf("burrow/%s/%s/%s/%s/%s", b.args.Network.SubscriptionID,
		b.args.Estate.Name(b.args.Network.ResourceGroup), b.clusterName(), on, networkContributor)
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(key)).String()
}

// roleDefinition is the role's full id in the subscription; a short one is
// refused or comes back different in every run (IAM-10).
func (b *aksBuilder) roleDefinition(role string) string {
	return fmt.Sprintf("/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s",
		b.args.Network.SubscriptionID, role)
}

func (b *aksBuilder) authorizedRanges() pulumi.StringArray {
	var ranges pulumi.StringArray
	for _, r := range b.args.AKS.AuthorizedRanges {
		ranges = append(ranges, pulumi.String(r.String()))
	}
	return ranges
}

// diagnostics sends the control plane's logs to the workspace. Each category
// goes to one place only (LOG-08).
func (b *aksBuilder) diagnostics(cluster *aks.ManagedCluster) error {
	var logs insights.LogSettingsArray
	for _, category := range controlPlaneCategories {
		logs = append(logs, insights.LogSettingsArgs{
			Category: pulumi.String(category),
			Enabled:  pulumi.Bool(true),
		})
	}
	_, err := insights.NewDiagnosticSetting(b.ctx, b.name+"-diagnostics", &insights.DiagnosticSettingArgs{
		Name:        pulumi.String("control-plane"),
		ResourceUri: cluster.ID(),
		WorkspaceId: b.args.WorkspaceID,
		Logs:        logs,
	}, b.parent)
	return err
}

// kubeconfig asks AKS for the endpoint and the CA, for which the caller needs
// the role "Azure Kubernetes Service Cluster User". The answer of a cluster
// without local accounts holds no credential; nor does ours, whatever it holds.
// It asks for the name only once the cluster has an id: a preview may know the
// name of a cluster that does not exist.
func (b *aksBuilder) kubeconfig(cluster *aks.ManagedCluster) pulumi.StringOutput {
	name := b.clusterName()
	existing := cluster.ID().ApplyT(func(pulumi.ID) string { return name }).(pulumi.StringOutput)
	credentials := aks.ListManagedClusterUserCredentialsOutput(b.ctx, aks.ListManagedClusterUserCredentialsOutputArgs{
		ResourceGroupName: b.args.GroupName,
		ResourceName:      existing,
		Format:            pulumi.String("exec"),
	}, pulumi.Parent(b.component))
	text := credentials.Kubeconfigs().ApplyT(func(configs []aks.CredentialResultResponse) (string, error) {
		if len(configs) == 0 {
			return "", errors.New("AKS returned no kubeconfig")
		}
		to, err := aksEndpoint(configs[0].Value)
		if err != nil {
			return "", err
		}
		return kubeconfig(name, to, aksLogin(b.args.Network.TenantID))
	}).(pulumi.StringOutput)
	return pulumi.ToSecret(text).(pulumi.StringOutput)
}

func (b *aksBuilder) location() pulumi.String { return pulumi.String(b.args.Network.Location) }

// tags are the tags of the thing with that physical name.
func (b *aksBuilder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}
