package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
)

// nodeGroupArgs are the arguments of a managed node group. Those of passedOn go
// to the node group as they are.
type nodeGroupArgs struct {
	AMIType             pulumi.StringPtrInput   `pulumi:"amiType"`
	CapacityType        pulumi.StringPtrInput   `pulumi:"capacityType"`
	ClusterName         pulumi.StringPtrInput   `pulumi:"clusterName"`
	DiskSize            pulumi.IntPtrInput      `pulumi:"diskSize"`
	ForceUpdateVersion  pulumi.BoolPtrInput     `pulumi:"forceUpdateVersion"`
	InstanceTypes       pulumi.StringArrayInput `pulumi:"instanceTypes"`
	Labels              pulumi.StringMapInput   `pulumi:"labels"`
	LaunchTemplate      pulumi.MapInput         `pulumi:"launchTemplate"`
	NodeGroupName       pulumi.StringPtrInput   `pulumi:"nodeGroupName"`
	NodeGroupNamePrefix pulumi.StringPtrInput   `pulumi:"nodeGroupNamePrefix"`
	NodeRoleARN         pulumi.StringPtrInput   `pulumi:"nodeRoleArn"`
	ReleaseVersion      pulumi.StringPtrInput   `pulumi:"releaseVersion"`
	RemoteAccess        pulumi.MapInput         `pulumi:"remoteAccess"`
	ScalingConfig       pulumi.MapInput         `pulumi:"scalingConfig"`
	SubnetIDs           pulumi.StringArrayInput `pulumi:"subnetIds"`
	Tags                pulumi.StringMapInput   `pulumi:"tags"`
	Taints              pulumi.ArrayInput       `pulumi:"taints"`
	Version             pulumi.StringPtrInput   `pulumi:"version"`
}

// A nodeGroup is a managed node group that is being constructed.
type nodeGroup struct {
	*component
	args nodeGroupArgs

	core    pulumi.AnyOutput // of the cluster component
	facts   pulumi.AnyOutput // clusterFacts
	roleARN pulumi.Input
}

// newManagedNodeGroup registers what eks:index:ManagedNodeGroup consists of and
// returns its outputs.
func newManagedNodeGroup(c *component) (pulumi.Map, error) {
	if err := validateNodeGroup(c.given); err != nil {
		return nil, err
	}
	g := &nodeGroup{component: c}
	if err := c.inputs.CopyTo(&g.args); err != nil {
		return nil, fmt.Errorf("read the arguments of %s: %w", c.name, err)
	}
	if err := g.readCluster(); err != nil {
		return nil, err
	}
	// The component writes the version that it has found into its arguments.
	if err := g.register(pulumi.Map{"version": g.version()}); err != nil {
		return nil, err
	}
	if err := g.findRole(); err != nil {
		return nil, err
	}
	template, err := g.launchTemplate()
	if err != nil {
		return nil, err
	}
	group, err := g.add(child{
		typ: awstype.NodeGroup, name: g.name, props: g.props(template), options: g.options(),
	})
	if err != nil {
		return nil, err
	}
	return pulumi.Map{"nodeGroup": refer(group), "placementGroupName": pulumi.String("")}, nil
}

// findRole is the nodes' role, given by ARN or as a resource.
func (g *nodeGroup) findRole() error {
	if g.args.NodeRoleARN != nil {
		g.roleARN = g.args.NodeRoleARN
		return nil
	}
	role := &iamRole{}
	if err := g.readReference("nodeRole", role); err != nil {
		return err
	}
	g.roleARN = role.Arn
	return nil
}

func (g *nodeGroup) props(template pulumi.Input) pulumi.Map {
	return pulumi.Map{
		"amiType":             g.args.AMIType,
		"capacityType":        g.args.CapacityType,
		"clusterName":         g.clusterName(),
		"diskSize":            g.diskSize(),
		"forceUpdateVersion":  g.args.ForceUpdateVersion,
		"instanceTypes":       g.args.InstanceTypes,
		"labels":              g.args.Labels,
		"launchTemplate":      template,
		"nodeGroupName":       g.args.NodeGroupName,
		"nodeGroupNamePrefix": g.args.NodeGroupNamePrefix,
		"nodeRoleArn":         g.roleARN,
		"releaseVersion":      g.args.ReleaseVersion,
		"remoteAccess":        g.args.RemoteAccess,
		"scalingConfig":       g.scaling(),
		"subnetIds":           g.subnets(),
		"tags":                g.args.Tags,
		"taints":              g.args.Taints,
		"version":             g.version(),
	}
}

func (g *nodeGroup) options() []pulumi.ResourceOption {
	options := []pulumi.ResourceOption{pulumi.DependsOnInputs(g.nodeAccess())}
	if g.given.flag(false, "ignoreScalingChanges") {
		options = append(options, pulumi.IgnoreChanges([]string{"scalingConfig.desiredSize"}))
	}
	return options
}

func (g *nodeGroup) clusterName() pulumi.Input {
	name := g.fact(func(c clusterFacts) string { return c.name })
	if g.args.ClusterName == nil {
		return name
	}
	// The cluster is read all the same, since nodes may be unable to join it.
	return pulumi.All(g.args.ClusterName.ToStringPtrOutput().Elem(), name).
		ApplyT(func(names []any) string { return names[0].(string) }).(pulumi.StringOutput)
}

// version follows the cluster's, unless a launch template may say which image
// and with it which version (PEK-12).
func (g *nodeGroup) version() pulumi.Input {
	switch {
	case g.args.Version != nil:
		return g.args.Version
	case g.args.LaunchTemplate != nil:
		return nil
	default:
		return g.fact(func(c clusterFacts) string { return c.version })
	}
}

// scaling fills in the component's defaults (PEK-12).
func (g *nodeGroup) scaling() pulumi.Input {
	given := pulumi.MapInput(pulumi.Map{})
	if g.args.ScalingConfig != nil {
		given = g.args.ScalingConfig
	}
	return given.ToMapOutput().ApplyT(func(given map[string]any) map[string]any {
		config := map[string]any{"desiredSize": 2, "minSize": 1, "maxSize": 2}
		for name := range config {
			if size, ok := given[name]; ok && size != nil {
				config[name] = size
			}
		}
		return config
	}).(pulumi.MapOutput)
}

// subnets are the cluster's by default, public ones included (PEK-12).
func (g *nodeGroup) subnets() pulumi.Input {
	if g.args.SubnetIDs != nil {
		return g.args.SubnetIDs
	}
	return g.core.ApplyT(func(core any) []string {
		for _, name := range []string{"subnetIds", "privateSubnetIds", "publicSubnetIds"} {
			if list, ok := at(core, name).([]any); ok {
				return stringsOf(list)
			}
		}
		return []string{}
	}).(pulumi.StringArrayOutput)
}

func stringsOf(list []any) []string {
	found := []string{}
	for _, v := range list {
		if s, ok := v.(string); ok {
			found = append(found, s)
		}
	}
	return found
}
