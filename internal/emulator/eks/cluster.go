package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
)

// clusterArgs are the arguments of a cluster that its children receive.
type clusterArgs struct {
	Name                     pulumi.StringPtrInput   `pulumi:"name"`
	Version                  pulumi.StringPtrInput   `pulumi:"version"`
	VPCID                    pulumi.StringPtrInput   `pulumi:"vpcId"`
	SubnetIDs                pulumi.StringArrayInput `pulumi:"subnetIds"`
	PrivateSubnetIDs         pulumi.StringArrayInput `pulumi:"privateSubnetIds"`
	PublicSubnetIDs          pulumi.StringArrayInput `pulumi:"publicSubnetIds"`
	EndpointPrivateAccess    pulumi.BoolPtrInput     `pulumi:"endpointPrivateAccess"`
	EndpointPublicAccess     pulumi.BoolPtrInput     `pulumi:"endpointPublicAccess"`
	PublicAccessCIDRs        pulumi.StringArrayInput `pulumi:"publicAccessCidrs"`
	ServiceRange             pulumi.StringPtrInput   `pulumi:"kubernetesServiceIpAddressRange"`
	IPFamily                 pulumi.StringPtrInput   `pulumi:"ipFamily"`
	EncryptionKeyARN         pulumi.StringPtrInput   `pulumi:"encryptionConfigKeyArn"`
	LogTypes                 pulumi.StringArrayInput `pulumi:"enabledClusterLogTypes"`
	DefaultAddonsToRemove    pulumi.StringArrayInput `pulumi:"defaultAddonsToRemove"`
	EnableConfigMapMutable   pulumi.BoolPtrInput     `pulumi:"enableConfigMapMutable"`
	Tags                     pulumi.StringMapInput   `pulumi:"tags"`
	ClusterTags              pulumi.StringMapInput   `pulumi:"clusterTags"`
	ClusterSecurityGroupTags pulumi.StringMapInput   `pulumi:"clusterSecurityGroupTags"`
	NodeSecurityGroupTags    pulumi.StringMapInput   `pulumi:"nodeSecurityGroupTags"`
	AccessEntries            map[string]accessEntry  `pulumi:"accessEntries"`
	VPCCNI                   *vpcCNIOptions          `pulumi:"vpcCniOptions"`
	KubeProxy                *addonSettings          `pulumi:"kubeProxyAddonOptions"`
	CoreDNS                  *addonSettings          `pulumi:"corednsAddonOptions"`
}

// A cluster is one that is being constructed: its arguments and, as they are
// registered, its children.
type cluster struct {
	*component
	args clusterArgs

	partition     partition
	role          *iamRole
	attachments   []pulumi.Resource
	securityGroup pulumi.CustomResource // nil without one of the component's own or the caller's
	eks           *eksCluster
	provider      *k8sProvider
	// authorized is what makes access to the cluster work: entries, aws-auth.
	authorized []pulumi.Resource
	nodeAccess pulumi.Resource // aws-auth, nil without
	vpcCNI     pulumi.Resource // nil without
	nodes      *nodeSecurity   // nil without default security groups
}

// newCluster registers what eks:index:Cluster consists of, in the order of the
// real component, and returns its outputs.
func newCluster(c *component) (pulumi.Map, error) {
	if err := validateCluster(c.given); err != nil {
		return nil, err
	}
	if err := c.register(nil); err != nil {
		return nil, err
	}
	cl := &cluster{component: c}
	if err := c.inputs.CopyTo(&cl.args); err != nil {
		return nil, fmt.Errorf("read the arguments of %s: %w", c.name, err)
	}
	for _, step := range []func() error{
		cl.findPartition, cl.makeRole, cl.makeSecurityGroup, cl.makeCluster, cl.makeKubeProxy,
		cl.makeProvider, cl.makeNodeAccess, cl.makeAccessEntries, cl.makeVPCCNI, cl.makeCoreDNS,
		cl.makeNodeSecurity,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return cl.outputs(), nil
}

// subnets of the control plane: those given, else public and private together.
func (c *cluster) subnets() pulumi.StringArrayInput {
	if c.args.SubnetIDs != nil {
		return c.args.SubnetIDs
	}
	return pulumi.All(orEmpty(c.args.PublicSubnetIDs), orEmpty(c.args.PrivateSubnetIDs)).
		ApplyT(func(both []any) []string {
			public, _ := both[0].([]string)
			private, _ := both[1].([]string)
			return append(append([]string{}, public...), private...)
		}).(pulumi.StringArrayOutput)
}

func orEmpty(list pulumi.StringArrayInput) pulumi.StringArrayInput {
	if list == nil {
		return pulumi.StringArray{}
	}
	return list
}

// makeCluster registers the control plane. What the component ignores changes
// of has a default of its own in EKS that differs with the age of the cluster.
func (c *cluster) makeCluster() error {
	c.eks = &eksCluster{}
	return add(c.ctx, c, child{
		typ: awstype.Cluster, name: c.name + "-eksCluster",
		props: pulumi.Map{
			"name":                    c.args.Name,
			"roleArn":                 c.role.Arn,
			"kubernetesNetworkConfig": c.networkConfig(),
			"vpcConfig":               c.vpcConfig(),
			"version":                 c.args.Version,
			"enabledClusterLogTypes":  c.args.LogTypes,
			"defaultAddonsToRemoves":  c.args.DefaultAddonsToRemove,
			"tags":                    named(c.name+"-eksCluster", c.args.ClusterTags, c.args.Tags),
			"encryptionConfig":        c.encryption(),
			"accessConfig":            c.accessConfig(),
		},
		options: []pulumi.ResourceOption{
			pulumi.DependsOn(c.attachments),
			pulumi.IgnoreChanges([]string{
				"accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons",
			}),
		},
	}, c.eks)
}

func (c *cluster) vpcConfig() pulumi.Input {
	config := pulumi.Map{
		"subnetIds":             c.subnets(),
		"endpointPrivateAccess": c.args.EndpointPrivateAccess,
		"endpointPublicAccess":  c.args.EndpointPublicAccess,
		"publicAccessCidrs":     c.args.PublicAccessCIDRs,
	}
	if c.securityGroup != nil {
		config["securityGroupIds"] = pulumi.Array{c.securityGroup.ID()}
	}
	return present(config)
}

// networkConfig is given when anything of it is; a service range belongs to IPv4.
func (c *cluster) networkConfig() pulumi.Input {
	if c.args.ServiceRange == nil && c.args.IPFamily == nil {
		return nil
	}
	config := pulumi.Map{"ipFamily": pulumi.String("ipv4")}
	if c.args.IPFamily != nil {
		config["ipFamily"] = c.args.IPFamily
	}
	if c.given.text("ipFamily") != "ipv6" {
		config["serviceIpv4Cidr"] = c.args.ServiceRange
	}
	return present(config)
}

func (c *cluster) encryption() pulumi.Input {
	if c.args.EncryptionKeyARN == nil {
		return nil
	}
	return pulumi.Map{
		"provider":  pulumi.Map{"keyArn": c.args.EncryptionKeyARN},
		"resources": pulumi.ToStringArray([]string{"secrets"}),
	}
}

// accessConfig makes the creator an administrator whenever a mode is given: that
// is hard-coded in the component (PEK-03).
func (c *cluster) accessConfig() pulumi.Input {
	mode := c.given.text("authenticationMode")
	if mode == "" {
		return nil
	}
	return pulumi.Map{
		"authenticationMode":                      pulumi.String(mode),
		"bootstrapClusterCreatorAdminPermissions": pulumi.Bool(true),
	}
}

// named is tags under a name: later ones go before earlier ones and the name.
func named(name string, tags ...pulumi.StringMapInput) pulumi.Input {
	return merged(pulumi.StringMap{"Name": pulumi.String(name)}, tags...)
}

func merged(first pulumi.StringMapInput, more ...pulumi.StringMapInput) pulumi.Input {
	all := []any{first}
	for _, m := range more {
		if m != nil {
			all = append(all, m)
		}
	}
	return pulumi.All(all...).ApplyT(func(maps []any) map[string]string {
		result := map[string]string{}
		for _, m := range maps {
			tags, _ := m.(map[string]string)
			for key, value := range tags {
				result[key] = value
			}
		}
		return result
	}).(pulumi.StringMapOutput)
}
