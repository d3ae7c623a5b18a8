package clusters

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi-eks/sdk/v3/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nodeTrust lets EC2 instances take the node role (EKS-27).
const nodeTrust = `{"Version":"2012-10-17","Statement":[` +
	`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// nodePolicies are AWS's policies for nodes: join, configure pod addresses, pull
// images, and be reached through SSM, for nobody has a key or a port to them.
var nodePolicies = []string{
	"AmazonEKSWorkerNodePolicy",
	"AmazonEKS_CNI_Policy",
	"AmazonEC2ContainerRegistryPullOnly",
	"AmazonSSMManagedInstanceCore",
}

const (
	httpsPort   = 443
	dnsPort     = 53
	kubeletPort = 10250
	// metadataHops is how far answers of the metadata service travel. One hop
	// ends on the node: pods cannot take the node's rights (EKS-31). The CNI and
	// the SSM agent share the node's network and are not affected.
	metadataHops = 1
)

// nodes makes the node group with all that its nodes carry.
func (b *eksBuilder) nodes(cluster *eks.Cluster) (*eks.ManagedNodeGroup, error) {
	role, attached, err := b.nodeRole()
	if err != nil {
		return nil, fmt.Errorf("role: %w", err)
	}
	group, opened, err := b.nodeSecurityGroup(cluster)
	if err != nil {
		return nil, fmt.Errorf("security group: %w", err)
	}
	template, err := b.launchTemplate(group)
	if err != nil {
		return nil, fmt.Errorf("launch template: %w", err)
	}
	// Nodes without rights, open ports or a way out fail to join, and the node
	// group says so only after half an hour (EKS-28).
	ready := append(append(attached, opened...), b.args.NetworkReady...)
	nodes, err := b.nodeGroup(cluster, role, template, ready)
	if err != nil {
		return nil, fmt.Errorf("node group: %w", err)
	}
	b.out.NodeSecurityGroupID = group.ID()
	b.out.AutoScalingGroupName = nodes.NodeGroup.Resources().Index(pulumi.Int(0)).
		AutoscalingGroups().Index(pulumi.Int(0)).Name().Elem()
	return nodes, nil
}

// nodeGroupName is the node group's own name; what the nodes carry (role, launch
// template, security group) has the plain one.
func (b *eksBuilder) nodeGroupName() string {
	return b.args.Estate.Name(b.args.EKS.Nodes.GroupName(b.args.Network))
}

// nodeGroup names subnets, version and image type, which pulumi-eks and EKS
// would otherwise choose, and neither disk nor remote access, which do not go
// with a launch template (EKS-25, EKS-26). Nothing scales this group but the
// configuration, so a changed desired size is a change to make.
func (b *eksBuilder) nodeGroup(
	cluster *eks.Cluster, role *iam.Role, template *ec2.LaunchTemplate, ready []pulumi.Resource,
) (*eks.ManagedNodeGroup, error) {
	nodes, name := b.args.EKS.Nodes, b.nodeGroupName()
	return eks.NewManagedNodeGroup(b.ctx, b.name+"-nodes", &eks.ManagedNodeGroupArgs{
		Cluster:       cluster,
		NodeGroupName: pulumi.String(name),
		NodeRoleArn:   role.Arn,
		SubnetIds:     idStrings(b.args.SubnetIDs),
		Version:       pulumi.String(b.args.EKS.Version),
		AmiType:       pulumi.String(imageType(nodes.InstanceType)),
		InstanceTypes: pulumi.StringArray{pulumi.String(nodes.InstanceType)},
		CapacityType:  pulumi.String("ON_DEMAND"),
		ScalingConfig: awseks.NodeGroupScalingConfigArgs{
			DesiredSize: pulumi.Int(nodes.Desired),
			MinSize:     pulumi.Int(nodes.Min),
			MaxSize:     pulumi.Int(nodes.Max),
		},
		LaunchTemplate: awseks.NodeGroupLaunchTemplateArgs{
			Id:      template.ID(),
			Version: template.LatestVersion.ApplyT(strconv.Itoa).(pulumi.StringOutput),
		},
		Tags: b.tags(name),
	}, b.parent, pulumi.DependsOn(ready))
}

// graviton fits instance types with ARM processors: a "g" right after the
// generation, as in t4g, m8gd or c7gn. The families g and gr are GPUs' and have
// their letter before it: g4dn and g6 are x86-64, g5g is ARM.
var graviton = regexp.MustCompile(`^[a-z]+\d+g`)

// imageType is the Amazon Linux 2023 image for the instance type's processor.
func imageType(instanceType string) string {
	if graviton.MatchString(instanceType) {
		return "AL2023_ARM_64_STANDARD"
	}
	return "AL2023_x86_64_STANDARD"
}

// launchTemplate carries what a node group has no words for. It names no image
// and no instance type: those stand in the node group (EKS-25).
func (b *eksBuilder) launchTemplate(group *ec2.SecurityGroup) (*ec2.LaunchTemplate, error) {
	name := b.args.Estate.Name(b.args.EKS.Nodes.Name)
	var specifications ec2.LaunchTemplateTagSpecificationArray
	for _, kind := range []string{"instance", "volume", "network-interface"} {
		specifications = append(specifications, ec2.LaunchTemplateTagSpecificationArgs{
			ResourceType: pulumi.String(kind),
			Tags:         b.tags(name),
		})
	}
	return ec2.NewLaunchTemplate(b.ctx, b.name+"-node-template", &ec2.LaunchTemplateArgs{
		Name:                 pulumi.String(name),
		Description:          pulumi.String("nodes of " + b.clusterName()),
		UpdateDefaultVersion: pulumi.Bool(true),
		VpcSecurityGroupIds:  pulumi.StringArray{group.ID()},
		MetadataOptions: ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(metadataHops),
		},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{
			ec2.LaunchTemplateBlockDeviceMappingArgs{
				DeviceName: pulumi.String("/dev/xvda"), // root of Amazon Linux
				Ebs: ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
					VolumeType: pulumi.String("gp3"),
					VolumeSize: pulumi.Int(b.args.EKS.Nodes.DiskGiB),
					// With the account's own EBS key: another one would have to
					// admit the autoscaling service.
					Encrypted:           pulumi.String("true"),
					DeleteOnTermination: pulumi.String("true"),
				},
			},
		},
		TagSpecifications: specifications,
		Tags:              b.tags(name),
	}, b.parent)
}

// nodeRole makes the role and returns the attachments that complete it.
func (b *eksBuilder) nodeRole() (*iam.Role, []pulumi.Resource, error) {
	name := b.args.Estate.Name(b.args.EKS.Nodes.Name)
	role, err := iam.NewRole(b.ctx, b.name+"-node-role", &iam.RoleArgs{
		Name:             pulumi.String(name),
		Description:      pulumi.String("Nodes of " + b.clusterName() + "."),
		AssumeRolePolicy: pulumi.String(nodeTrust),
		Tags:             b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, nil, err
	}
	var attached []pulumi.Resource
	for _, policy := range nodePolicies {
		a, err := iam.NewRolePolicyAttachment(b.ctx, b.name+"-node-role-"+policy, &iam.RolePolicyAttachmentArgs{
			Role:      role.Name,
			PolicyArn: pulumi.String("arn:aws:iam::aws:policy/" + policy),
		}, b.parent)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", policy, err)
		}
		attached = append(attached, a)
	}
	return role, attached, nil
}

// nodeSecurityGroup makes the one group that the nodes carry: the launch
// template names it, so EKS does not add its own (EKS-20). Between the two
// groups only what is listed here passes. The VPC's resolver, time and
// metadata services pass every group (VPC-20).
func (b *eksBuilder) nodeSecurityGroup(cluster *eks.Cluster) (*ec2.SecurityGroup, []pulumi.Resource, error) {
	name := b.args.Estate.Name(b.args.EKS.Nodes.Name)
	group, err := ec2.NewSecurityGroup(b.ctx, b.name+"-node-group", &ec2.SecurityGroupArgs{
		Name:        pulumi.String(name),
		Description: pulumi.String("nodes and pods of " + b.clusterName()),
		VpcId:       b.args.VPCID,
		Tags:        b.tags(name),
	}, b.parent,
		// Only another VPC replaces the group, and names are free there; what uses
		// the old one has to move before it can go. So the description stays that of
		// the first cluster: another would be a second group of the name (VPC-22).
		pulumi.DeleteBeforeReplace(false), pulumi.IgnoreChanges([]string{"description"}))
	if err != nil {
		return nil, nil, err
	}
	g := &groupRules{eksBuilder: b}
	node := peer{id: group.ID().ToStringOutput()}
	controlPlane := peer{id: cluster.ClusterSecurityGroupId}

	// Nodes and pods to the API.
	g.pass("api", node, controlPlane, "tcp", httpsPort, httpsPort)
	// The API to kubelets: logs, exec, metrics.
	g.ingress("kubelet", node, controlPlane, "tcp", kubeletPort, kubeletPort)
	// Pods to CoreDNS, and to each other: which pods, network policies say.
	// Ports below 1024 are for those who may bind them, and pods here may not.
	g.pass("dns-tcp", node, node, "tcp", dnsPort, dnsPort)
	g.pass("dns-udp", node, node, "udp", dnsPort, dnsPort)
	g.pass("pods", node, node, "tcp", 1024, 65535)
	b.wayOut(g, node)
	return group, g.made, g.err
}

// wayOut lets nodes reach what is not theirs: images and the clouds' APIs. Without
// NAT that is the endpoints' security group, and S3, where the registry keeps its
// layers: the gateway endpoint has no group, only routes. What the control plane
// needs of AWS goes through EKS's own network.
func (b *eksBuilder) wayOut(g *groupRules, node peer) {
	if b.args.Network.HasNAT() {
		g.egress("https", node, peer{cidr: "0.0.0.0/0"}, "tcp", httpsPort, httpsPort)
		return
	}
	g.egress("endpoints", node, peer{id: b.args.EndpointGroupID.ToStringOutput()}, "tcp", httpsPort, httpsPort)
	g.egress("s3", node, peer{list: b.args.S3PrefixListID}, "tcp", httpsPort, httpsPort)
}

// peer is a security group, a range of addresses or a prefix list: one of them.
type peer struct {
	id   pulumi.StringInput
	cidr string
	list pulumi.StringInput
}

// groupRules makes rules until one fails.
type groupRules struct {
	*eksBuilder
	made []pulumi.Resource
	err  error
}

// pass lets one group open connections to another, at both ends. The group that
// EKS makes lets everything out, so its end needs the way in only.
func (g *groupRules) pass(what string, from, to peer, protocol string, first, last int) {
	g.egress(what, from, to, protocol, first, last)
	g.ingress(what, to, from, protocol, first, last)
}

func (g *groupRules) ingress(what string, at, from peer, protocol string, first, last int) {
	if g.err != nil {
		return
	}
	args := g.rule(what, at, from, protocol, first, last)
	rule, err := vpc.NewSecurityGroupIngressRule(g.ctx, g.name+"-in-"+what, &args, g.parent)
	g.keep(rule, what+" in", err)
}

func (g *groupRules) egress(what string, at, to peer, protocol string, first, last int) {
	if g.err != nil {
		return
	}
	args := vpc.SecurityGroupEgressRuleArgs(g.rule(what, at, to, protocol, first, last))
	rule, err := vpc.NewSecurityGroupEgressRule(g.ctx, g.name+"-out-"+what, &args, g.parent)
	g.keep(rule, what+" out", err)
}

// rule is one rule of the group at one end; the two directions' are alike.
func (g *groupRules) rule(what string, at, other peer, protocol string, first, last int) vpc.SecurityGroupIngressRuleArgs {
	args := vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: at.id,
		IpProtocol:      pulumi.String(protocol),
		FromPort:        pulumi.Int(first),
		ToPort:          pulumi.Int(last),
		Description:     pulumi.String(what),
		Tags:            g.tags(g.args.Estate.Name(g.args.EKS.Nodes.Name)),
	}
	switch {
	case other.cidr != "":
		args.CidrIpv4 = pulumi.String(other.cidr)
	case other.list != nil:
		args.PrefixListId = other.list.ToStringOutput()
	default:
		args.ReferencedSecurityGroupId = other.id.ToStringOutput()
	}
	return args
}

func (g *groupRules) keep(rule pulumi.Resource, what string, err error) {
	if err != nil {
		g.err = fmt.Errorf("rule %s: %w", what, err)
		return
	}
	g.made = append(g.made, rule)
}
