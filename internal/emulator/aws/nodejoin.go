package aws

import (
	"fmt"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const cannotJoin = "Instances failed to join the kubernetes cluster: "

// newNodes is the network of nodes that the call starts; nil when it starts none.
// Those that have not joined are tried again.
func newNodes(c *emulator.Call) *nodeNet {
	starts := c.Old.Str("status") != "ACTIVE" ||
		c.Changed("version") || c.Changed("releaseVersion") || c.Changed("launchTemplate.version")
	if !starts || c.In.Int("scalingConfig.desiredSize") == 0 {
		return nil
	}
	return nodeNetOf(c, &inventory.Object{In: c.In, Out: c.Out})
}

// joins refuses the nodes that a call starts when something keeps them away.
func joins(keepsAway func(*nodeNet) string) func(*emulator.Call) string {
	return func(c *emulator.Call) string {
		n := newNodes(c)
		if n == nil {
			return ""
		}
		if why := keepsAway(n); why != "" {
			return cannotJoin + why
		}
		return ""
	}
}

var (
	nodesWithoutServices = joins(func(n *nodeNet) string { return n.unserved(nodeServices) })
	nodesShutIn          = joins(func(n *nodeNet) string { return n.shutIn(nodeServices) })
	nodesBeforeEndpoint  = joins(func(n *nodeNet) string { return n.shutOut(nodeServices) })
	nodesWithoutImages   = joins(func(n *nodeNet) string { return n.unpulled(nodeImages) })
	nodesBeforeCluster   = joins((*nodeNet).beforeCluster)
)

// addonWithoutImages is the same for an add-on that comes later.
func addonWithoutImages(c *emulator.Call) string {
	if c.In.Str("addonName") != "coredns" {
		return "" // the others run on every node, which would not be ready
	}
	for _, nodes := range where(c, awstype.NodeGroup, "clusterName", c.In.Str("clusterName")) {
		if why := nodeNetOf(c, nodes).unpulled([]string{"eks/coredns"}); why != "" {
			return "The add-on is unhealthy because its images cannot be pulled: " + why
		}
	}
	return ""
}

// nodesWithoutAddresses: a node in a public subnet has a way out only with a
// public address of its own.
func nodesWithoutAddresses(c *emulator.Call) string {
	n := newNodes(c)
	if n == nil || n.public {
		return ""
	}
	for _, subnet := range n.subnets {
		if o := c.Tx.Get(awstype.Subnet, subnet); o != nil && isPublicSubnet(c, subnet) && !o.Out.Bool("mapPublicIpOnLaunch") {
			return fmt.Sprintf("One or more Amazon EC2 Subnets of [%s] for node group %s does not automatically assign public IP addresses "+
				"to instances launched into it. If you want your instances to be assigned a public IP address, then you need to enable "+
				"auto-assign public IP address for the subnet.", subnet, c.In.Str("nodeGroupName"))
		}
	}
	return ""
}

// beforeCluster: nodes speak to the control plane's interfaces, which carry EKS's
// own group and those of the cluster (EKS-05, EKS-08).
func (n *nodeNet) beforeCluster() string {
	cluster := n.c.Tx.Get(awstype.Cluster, n.cluster)
	if cluster == nil {
		return ""
	}
	groups := append(cluster.In.Strings("vpcConfig.securityGroupIds"), cluster.Out.Str("vpcConfig.clusterSecurityGroupId"))
	out := slices.ContainsFunc(n.allowed, func(p permission) bool {
		return p.opens("egress") && (slices.Contains(groups, p.source) || p.coversAll(enisOf(cluster)))
	})
	for _, subnet := range n.subnets {
		if !out || !n.letInto(subnet, groups) {
			return fmt.Sprintf("no HTTPS from the security groups %v in %s to the control plane's %v", n.groups, subnet, groups)
		}
	}
	return ""
}
