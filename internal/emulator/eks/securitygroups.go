package eks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
)

const (
	groupDescription    = "Managed by Pulumi" // the bridge's own for a group without
	internetDescription = "Allow internet access."
)

// skipGroups says that the component makes no security groups of its own.
func (c *cluster) skipGroups() bool { return c.given.flag(false, "skipDefaultSecurityGroups") }

// makeSecurityGroup gives the control plane a security group: the caller's, or
// one whose egress is wide open (PEK-04), or none beside EKS's own.
func (c *cluster) makeSecurityGroup() error {
	if c.given.has("clusterSecurityGroup") {
		c.securityGroup = &thing{}
		return c.readReference("clusterSecurityGroup", c.securityGroup)
	}
	if c.skipGroups() {
		return nil
	}
	name := c.name + "-eksClusterSecurityGroup"
	group, err := c.add(child{typ: awstype.SecurityGroup, name: name, props: pulumi.Map{
		"vpcId": c.args.VPCID, "revokeRulesOnDelete": pulumi.Bool(true), "description": pulumi.String(groupDescription),
		"tags": named(name, c.args.ClusterSecurityGroupTags, c.args.Tags),
	}})
	if err != nil {
		return err
	}
	c.securityGroup = group
	_, err = c.addRule("-eksClusterInternetEgressRule", rule{
		description: internetDescription, kind: "egress", protocol: "-1", group: group, everywhere: true,
	})
	return err
}

// nodeSecurity is the security group for nodes and the rule that lets them reach
// the control plane. Managed node groups do not use it.
type nodeSecurity struct {
	group   *thing
	ingress *securityGroupRule
}

// makeNodeSecurity makes the security group for nodes, with or without a node
// group that would use it.
func (c *cluster) makeNodeSecurity() error {
	if c.skipGroups() {
		return nil
	}
	name := c.name + "-nodeSecurityGroup"
	owned := c.eks.Name.ApplyT(func(cluster string) map[string]string {
		return map[string]string{"Name": name, "kubernetes.io/cluster/" + cluster: "owned"}
	}).(pulumi.StringMapOutput)
	group, err := c.add(child{typ: awstype.SecurityGroup, name: name, props: pulumi.Map{
		"vpcId": c.args.VPCID, "revokeRulesOnDelete": pulumi.Bool(true), "description": pulumi.String(groupDescription),
		"tags": merged(owned, c.args.NodeSecurityGroupTags, c.args.Tags),
	}})
	if err != nil {
		return err
	}
	c.nodes = &nodeSecurity{group: group}
	return c.addNodeRules(group)
}

func (c *cluster) addNodeRules(nodes pulumi.CustomResource) error {
	controlPlane := c.securityGroup
	for _, r := range []struct {
		suffix string
		rule   rule
	}{
		{"-eksNodeIngressRule", rule{
			description: "Allow nodes to communicate with each other",
			kind:        "ingress", protocol: "-1", group: nodes, self: true,
		}},
		{"-eksNodeClusterIngressRule", rule{
			description: "Allow worker Kubelets and pods to receive communication from the cluster control plane",
			kind:        "ingress", protocol: "tcp", from: 1025, to: 65535, group: nodes, source: controlPlane,
		}},
		{"-eksExtApiServerClusterIngressRule", rule{
			description: "Allow pods running extension API servers on port 443 to receive communication " +
				"from cluster control plane",
			kind: "ingress", protocol: "tcp", from: 443, to: 443, group: nodes, source: controlPlane,
		}},
		{"-eksNodeInternetEgressRule", rule{
			description: internetDescription, kind: "egress", protocol: "-1", group: nodes, everywhere: true,
		}},
	} {
		if _, err := c.addRule(r.suffix, r.rule); err != nil {
			return err
		}
	}
	ingress, err := c.addRule("-eksClusterIngressRule", rule{
		description: "Allow pods to communicate with the cluster API Server",
		kind:        "ingress", protocol: "tcp", from: 443, to: 443, group: controlPlane, source: nodes,
	})
	c.nodes.ingress = ingress
	return err
}

// A rule is one of a security group; from and to are ports.
type rule struct {
	description, kind, protocol string
	from, to                    int
	group                       pulumi.CustomResource
	// One of these is the other side.
	source           pulumi.CustomResource
	self, everywhere bool
}

func (c *cluster) addRule(suffix string, r rule) (*securityGroupRule, error) {
	props := pulumi.Map{
		"description": pulumi.String(r.description), "type": pulumi.String(r.kind), "protocol": pulumi.String(r.protocol),
		"fromPort": pulumi.Int(r.from), "toPort": pulumi.Int(r.to), "securityGroupId": r.group.ID(),
	}
	switch {
	case r.self:
		props["self"] = pulumi.Bool(true)
	case r.everywhere:
		props["cidrBlocks"] = pulumi.ToStringArray([]string{"0.0.0.0/0"})
	default:
		props["sourceSecurityGroupId"] = r.source.ID()
	}
	made := &securityGroupRule{}
	return made, add(c.ctx, c, child{typ: awstype.SecurityGroupRule, name: c.name + suffix, props: props}, made)
}
