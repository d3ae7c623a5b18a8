package aws

import (
	"slices"

	"burrow/internal/ebs"
	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/reach"
	"burrow/internal/rules"
)

const cannotJoin = "Instances failed to join the kubernetes cluster: "

// joins refuses the nodes that a call starts when something that follows from the rule
// keeps them away.
func joins(rule rules.ID) func(*emulator.Call) string {
	return func(c *emulator.Call) string {
		for _, h := range newNodes(c) {
			switch {
			case h.Rule != rule || h.Verdict != reach.Stopped:
			case rule == "EKS-28":
				return h.Reason
			default:
				return cannotJoin + h.Reason
			}
		}
		return ""
	}
}

// newNodes are what nodes that the call starts meet; nothing when it starts none. Those
// that have not joined are tried again.
func newNodes(c *emulator.Call) []reach.Hop {
	starts := c.Old.Str("status") != "ACTIVE" ||
		c.Changed("version") || c.Changed("releaseVersion") || c.Changed("launchTemplate.version")
	if !starts || c.In.Int("scalingConfig.desiredSize") == 0 {
		return nil
	}
	n := reach.NodesOf(c.Tx.View, &inventory.Object{Type: awstype.NodeGroup, Region: c.Region(), In: c.In, Out: c.Out})
	return slices.Concat(n.Joining(), n.Fetching(), n.Pulling())
}

// addonImages are the repositories of add-ons that come after the nodes; the others run on
// every node, which would not be ready.
var addonImages = map[string][]string{
	"coredns": {"eks/coredns"},
	ebs.Addon: {"eks/aws-ebs-csi-driver", "eks/csi-attacher", "eks/csi-provisioner", "eks/csi-resizer", "eks/csi-node-driver-registrar", "eks/livenessprobe"},
}

// addonWithoutImages is the same for an add-on that comes later.
func addonWithoutImages(c *emulator.Call) string {
	images := addonImages[c.In.Str("addonName")]
	if len(images) == 0 {
		return ""
	}
	for _, nodes := range where(c, awstype.NodeGroup, "clusterName", c.In.Str("clusterName")) {
		for _, h := range reach.NodesOf(c.Tx.View, nodes).Pulling(images...) {
			return "The add-on is unhealthy because its images cannot be pulled: " + h.Reason
		}
	}
	return ""
}
