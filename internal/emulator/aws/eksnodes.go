package aws

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

const (
	sourceNodes   = "eks/node_group.go"
	ec2Service    = "ec2.amazonaws.com"
	defaultAMI    = "AL2023_x86_64_STANDARD"
	sourcePrivate = "awsdocs/amazon-eks-user-guide private-clusters.md"
)

var (
	nodeGroupName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,62}$`)
	amiTypes      = []string{
		"AL2_x86_64", "AL2_x86_64_GPU", "AL2_ARM_64", "CUSTOM", "BOTTLEROCKET_ARM_64", "BOTTLEROCKET_x86_64",
		"BOTTLEROCKET_ARM_64_FIPS", "BOTTLEROCKET_x86_64_FIPS", "BOTTLEROCKET_ARM_64_NVIDIA", "BOTTLEROCKET_x86_64_NVIDIA",
		"WINDOWS_CORE_2019_x86_64", "WINDOWS_FULL_2019_x86_64", "WINDOWS_CORE_2022_x86_64", "WINDOWS_FULL_2022_x86_64",
		defaultAMI, "AL2023_ARM_64_STANDARD", "AL2023_x86_64_NEURON", "AL2023_x86_64_NVIDIA", "AL2023_ARM_64_NVIDIA",
	}
)

func nodeGroup() *emulator.Kind {
	return tagged(eksTags, &emulator.Kind{
		Type:     awstype.NodeGroup,
		Words:    named(words("EKS", "EKS Node Group", "CreateNodegroup", "UpdateNodegroupConfig", "DeleteNodegroup", "DescribeNodegroup")),
		AutoName: &emulator.AutoName{Property: "nodeGroupName", Max: 63},
		NewID:    joined(":", "clusterName", "nodeGroupName"),
		Refs: []emulator.Ref{
			refersBy("clusterName", "name", "ResourceNotFoundException", "ResourceInUseException", moto("eks/models.py"), awstype.Cluster),
			refersBy("nodeRoleArn", "arn", "InvalidParameterException", "", eksModel, awstype.Role),
			refersTo("subnetIds[*]", "InvalidParameterException", "DependencyViolation", eksModel, awstype.Subnet),
			refersTo("launchTemplate.id", "InvalidRequestException", "", eksModel, awstype.LaunchTemplate),
			refersBy("launchTemplate.name", "name", "InvalidRequestException", "", eksModel, awstype.LaunchTemplate),
			refersTo("remoteAccess.sourceSecurityGroupIds[*]", "InvalidParameterException", "DependencyViolation", eksModel, awstype.SecurityGroup),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@region", "clusterName", "nodeGroupName"}, Code: "ResourceInUseException", Source: moto("eks/models.py")},
		},
		Replace: forceNew(sourceNodes, "amiType", "capacityType", "clusterName", "diskSize", "instanceTypes",
			"launchTemplate.id", "launchTemplate.name", "nodeGroupName", "nodeGroupNamePrefix", "nodeRoleArn",
			"remoteAccess", "subnetIds"),
		Rules: all(nodeChecks(), nodeRefusals(), nodeFailures()),
		Fill:  fillNodeGroup,
		Made:  madeWithNodes,
		Gone:  goneWithNodes,
		Failed: func(c *emulator.Call, _ *emulator.Fault) {
			c.Out.Set("status", map[bool]string{true: "CREATE_FAILED", false: "DEGRADED"}[c.Op == emulator.OpCreate])
		},
	})
}

func nodeChecks() []emulator.Rule {
	source := terraform(sourceNodes)
	return []emulator.Rule{
		provider("EKS-22", "nodeGroupName", source, func(c *emulator.Call) string {
			if name := c.In.Str("nodeGroupName"); len(name) > 63 {
				return fmt.Sprintf("expected length of nodeGroupName to be in the range (0 - 63), got %s", name)
			}
			return ""
		}),
		oneOf("EKS-24", "amiType", source, amiTypes...),
		oneOf("EKS-24", "capacityType", source, "ON_DEMAND", "SPOT", "CAPACITY_BLOCK"),
		within("EKS-23", "scalingConfig.minSize", source, 0, 1<<31-1),
		within("EKS-23", "scalingConfig.desiredSize", source, 0, 1<<31-1),
		within("EKS-23", "scalingConfig.maxSize", source, 1, 1<<31-1),
		atMostOne("EKS-25", source, "launchTemplate.id", "launchTemplate.name"),
		atMostOne("EKS-29", source, "updateConfig.maxUnavailable", "updateConfig.maxUnavailablePercentage"),
		within("EKS-29", "updateConfig.maxUnavailable", source, 1, 100),
		within("EKS-29", "updateConfig.maxUnavailablePercentage", source, 1, 100),
		oneOf("EKS-30", "taints[*].effect", source, "NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"),
	}
}

func nodeRefusals() []emulator.Rule {
	const create, write = emulator.OpCreate, emulator.OpWrite
	invalid := "InvalidParameterException"
	return []emulator.Rule{
		refuse("EKS-22", invalid, create, eksModel, badNodeGroupName),
		refuse("EKS-23", invalid, write, eksModel, badScaling),
		refuse("EKS-24", invalid, create, "awsdocs/amazon-eks-user-guide eks-optimized-ami", oldAMI),
		refuse("EKS-28", invalid, create, eksModel+" (text from memory)", noSuchType),
		refuse("EKS-24", invalid, create, "eksctl-io/eksctl#7754", wrongProcessor),
		refuse("EKS-25", invalid, write, moto("eks/models.py"), templateConflict),
		refuse("EKS-25", invalid, write, eksModel+" (code unverified)", templateVersion),
		refuse("EKS-10", invalid, write, eksModel, nodesAhead),
		refuse("EKS-27", invalid, create, eksModel, nodeRoleUntrusting),
		refuse("EKS-28", invalid, create, eksModel, nodesElsewhere),
	}
}

func nodeFailures() []emulator.Rule {
	const write = emulator.OpWrite
	return []emulator.Rule{
		fails("EKS-28", "Ec2SecurityGroupNotFound", write, eksModel+" NodegroupIssueCode", templateGroupsMissing),
		joining("VPC-08", "awsdocs/amazon-vpc-user-guide vpc-dns.md"),
		joining("EKS-27", "terraform-aws-modules/terraform-aws-eks#1910"),
		fails("EKS-28", "Ec2SubnetInvalidConfiguration", write, eksModel+" NodegroupIssueCode", joins("EKS-28")),
		joining("EKS-08", "awsdocs/amazon-eks-user-guide sec-group-reqs"),
		joining("VPC-36", sourcePrivate+", awsdocs/amazon-ecr-user-guide vpc-endpoints.md"),
		joining("VPC-11", "awsdocs/amazon-vpc-user-guide vpc-nat-gateway.md"),
		joining("VPC-25", sourcePrivate),
		joining("VPC-37", "terraform-aws-modules/terraform-aws-eks#3113"),
		joining("VPC-19", "awsdocs/amazon-vpc-user-guide vpc-network-acls.md"),
	}
}

// joining is a rule that nodes meet when they start.
func joining(id rules.ID, source string) emulator.Rule {
	return fails(id, "NodeCreationFailure", emulator.OpWrite, source, joins(id))
}

func badNodeGroupName(c *emulator.Call) string {
	if name := c.In.Str("nodeGroupName"); !nodeGroupName.MatchString(name) {
		return fmt.Sprintf("The nodegroup name parameter contains invalid characters: %s", name)
	}
	return ""
}

func badScaling(c *emulator.Call) string {
	least, wanted, most := c.In.Int("scalingConfig.minSize"), c.In.Int("scalingConfig.desiredSize"), c.In.Int("scalingConfig.maxSize")
	switch {
	case least > wanted:
		return fmt.Sprintf("Minimum capacity %d can't be greater than desired size %d", least, wanted)
	case wanted > most:
		return fmt.Sprintf("desired capacity %d can't be greater than max size %d", wanted, most)
	}
	return ""
}

func oldAMI(c *emulator.Call) string {
	ami, version := c.In.Str("amiType"), nodesVersion(c)
	if !strings.HasPrefix(ami, "AL2_") || minorNumber(version) < 33 {
		return ""
	}
	return fmt.Sprintf("AMI Type %s is only supported for kubernetes versions 1.32 or earlier", ami)
}

// nodesVersion is the version that nodes will run: their own, else the cluster's.
func nodesVersion(c *emulator.Call) string {
	return cmp.Or(c.In.Str("version"), c.Old.Str("version"), valueOf(c, awstype.Cluster, c.In.Str("clusterName"), "version"))
}

func templateConflict(c *emulator.Call) string {
	template, _ := templateOf(c, c.In)
	switch {
	case !c.In.Has("launchTemplate"):
		return ""
	case c.In.Has("remoteAccess"):
		return "Remote access configuration cannot be specified with a launch template."
	case c.In.Has("diskSize"):
		return "Disk size must be specified within the launch template."
	case template != nil && template.In.Has("instanceType") && len(c.In.List("instanceTypes")) > 0:
		return "Instance types must be specified either in the launch template or in the node group, not both."
	case template != nil && template.In.Has("imageId") && (c.In.Has("version") || c.In.Has("releaseVersion")):
		return "You cannot specify an AMI in a launch template and a Kubernetes version for the node group."
	}
	return ""
}

func templateVersion(c *emulator.Call) string {
	if template, exists := templateOf(c, c.In); template != nil && !exists {
		return fmt.Sprintf("You must specify a valid launch template version: %q is none of %s.",
			c.In.Str("launchTemplate.version"), template.ID)
	}
	return ""
}

func nodesAhead(c *emulator.Call) string {
	nodes, control := c.In.Str("version"), valueOf(c, awstype.Cluster, c.In.Str("clusterName"), "version")
	switch _, ok := offered(nodes); {
	case nodes == "" || nodes == c.Old.Str("version"):
		return ""
	case !ok:
		return fmt.Sprintf("unsupported Kubernetes version %s", nodes)
	case minorNumber(nodes) > minorNumber(control):
		return fmt.Sprintf("Requested Nodegroup version %s is greater than the cluster version %s", nodes, control)
	}
	return ""
}

func nodeRole(c *emulator.Call) *inventory.Object {
	return c.Tx.Find(awstype.Role, "arn", c.In.Str("nodeRoleArn"))
}

func nodeRoleUntrusting(c *emulator.Call) string {
	role := nodeRole(c)
	if role == nil || trusts(role, ec2Service) {
		return ""
	}
	return fmt.Sprintf("Following required service principals [%s] were not found in the trust relationships of nodeRole %s",
		ec2Service, c.In.Str("nodeRoleArn"))
}

func nodesElsewhere(c *emulator.Call) string {
	vpc := valueOf(c, awstype.Cluster, c.In.Str("clusterName"), "vpcConfig.vpcId")
	for _, id := range c.In.Strings("subnetIds") {
		if vpcOf(c, id) != vpc {
			return fmt.Sprintf("Subnet %s is not in the VPC %s of the cluster.", id, vpc)
		}
	}
	return ""
}

func templateGroupsMissing(c *emulator.Call) string {
	template, _ := templateOf(c, c.In)
	for _, id := range templateGroups(template) {
		if c.Tx.Get(awstype.SecurityGroup, id) == nil {
			return fmt.Sprintf("We couldn't find the security group %s of the launch template %s", id, template.ID)
		}
	}
	return ""
}

func templateGroups(template *inventory.Object) []string {
	if template == nil {
		return nil
	}
	return append(template.In.Strings("vpcSecurityGroupIds"), template.In.Strings("networkInterfaces[*].securityGroups[*]")...)
}

func fillNodeGroup(c *emulator.Call) error {
	cluster, name := c.In.Str("clusterName"), c.In.Str("nodeGroupName")
	template, _ := templateOf(c, c.In)
	version := nodesVersion(c)
	defaults(c, inventory.Props{
		"arn":     regional(c, "eks", fmt.Sprintf("nodegroup/%s/%s/%s", cluster, name, c.UUID())),
		"amiType": defaultAMI, "capacityType": "ON_DEMAND", "status": "ACTIVE", "version": version,
		"releaseVersion": version + ".0-20261109", "labels": map[string]any{},
		"resources": []any{map[string]any{
			"autoscalingGroups":           []any{map[string]any{"name": scalingName(c)}},
			"remoteAccessSecurityGroupId": "",
		}},
	})
	c.Out.Default("nodeRepairConfig.enabled", false)
	if !c.In.Has("updateConfig") {
		c.Out.Set("updateConfig.maxUnavailable", 1)
	}
	if template != nil {
		defaults(c, inventory.Props{"launchTemplate.id": template.ID, "launchTemplate.name": template.Value("name")})
	} else {
		defaults(c, inventory.Props{"diskSize": 20})
	}
	if template == nil || !template.In.Has("instanceType") {
		defaults(c, inventory.Props{"instanceTypes": []string{"t3.medium"}})
	}
	if err := settleNodes(c); err != nil {
		return err
	}
	return putScalingGroup(c)
}

// scalingName is the name that EKS gives a node group's autoscaling group.
func scalingName(c *emulator.Call) string {
	return fmt.Sprintf("eks-%s-%s", c.In.Str("nodeGroupName"), c.UUIDOf("autoscaling"))
}

// settleNodes gives every node an address, zone by zone.
func settleNodes(c *emulator.Call) error {
	subnets := c.In.Strings("subnetIds")
	if len(subnets) == 0 {
		return c.Fault("InvalidParameterException", "Subnets are required")
	}
	var wanted []eni
	for i := range c.In.Int("scalingConfig.desiredSize") {
		wanted = append(wanted, eni{subnet: subnets[i%len(subnets)]})
	}
	_, err := settleENIs(c, wanted)
	return err
}

// putScalingGroup makes the autoscaling group of a node group, or follows a
// change of its size. Terraform calls the group by its name.
func putScalingGroup(c *emulator.Call) error {
	name := scalingName(c)
	group := c.Tx.Get(awstype.AutoscalingGroup, name)
	if group == nil {
		group = &inventory.Object{Type: awstype.AutoscalingGroup, ID: name, MadeBy: c.ID, In: inventory.Props{}}
	}
	group.Out = inventory.Props{
		"name": name, "arn": regional(c, "autoscaling", fmt.Sprintf("autoScalingGroup:%s:autoScalingGroupName/%s", c.UUIDOf("group"), name)),
		"minSize": c.In.Num("scalingConfig.minSize"), "maxSize": c.In.Num("scalingConfig.maxSize"),
		"desiredCapacity":    c.In.Num("scalingConfig.desiredSize"),
		"vpcZoneIdentifiers": c.In.List("subnetIds"),
		"tags": []any{
			map[string]any{"key": "eks:cluster-name", "value": c.In.Str("clusterName"), "propagateAtLaunch": true},
			map[string]any{"key": "eks:nodegroup-name", "value": c.In.Str("nodeGroupName"), "propagateAtLaunch": true},
		},
	}
	c.Tx.Put(group)
	return nil
}

// madeWithNodes lets the nodes' role into the cluster, where entries decide (EKS-15).
func madeWithNodes(c *emulator.Call) error {
	name := c.In.Str("clusterName")
	cluster := c.Tx.Get(awstype.Cluster, name)
	if cluster != nil && authenticationMode(cluster.In) != modeMap {
		putEntry(c, name, c.In.Str("nodeRoleArn"), "EC2_LINUX")
	}
	return nil
}

func goneWithNodes(c *emulator.Call) error {
	unmake(c, awstype.AutoscalingGroup, awstype.AccessEntry)
	return nil
}

// scalingGroup exists as what EKS makes. A program that makes one of its own is
// not modelled beyond names and references.
func scalingGroup() *emulator.Kind {
	const source = "autoscaling/group.go"
	return &emulator.Kind{
		Type:     awstype.AutoscalingGroup,
		Words:    named(words("Auto Scaling", "Auto Scaling Group", "CreateAutoScalingGroup", "UpdateAutoScalingGroup", "DeleteAutoScalingGroup", "DescribeAutoScalingGroups")),
		AutoName: &emulator.AutoName{Property: "name", Max: 255},
		NewID:    property("name"),
		Refs: []emulator.Ref{
			refersTo("vpcZoneIdentifiers[*]", "ValidationError", "DependencyViolation", model("autoscaling"), awstype.Subnet),
			refersTo("launchTemplate.id", "ValidationError", "", model("autoscaling"), awstype.LaunchTemplate),
			refersBy("targetGroupArns[*]", "arn", "ValidationError", "", model("autoscaling"), awstype.TargetGroup),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "@region", "name"}, Code: "AlreadyExists", Source: model("autoscaling")},
		},
		Replace: forceNew(source, "name", "namePrefix"),
		Rules: []emulator.Rule{
			refuse("EKS-23", "ValidationError", emulator.OpWrite, model("autoscaling"), func(c *emulator.Call) string {
				if c.In.Num("minSize") > c.In.Num("maxSize") {
					return "Max bound must be greater than or equal to min bound"
				}
				return ""
			}),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": regional(c, "autoscaling", fmt.Sprintf("autoScalingGroup:%s:autoScalingGroupName/%s", c.UUID(), c.ID)),
			})
			return nil
		},
	}
}
