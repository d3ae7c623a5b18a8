package aws

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/emulator/iam"
	"burrow/internal/inventory"
)

// addonRegistry is the account that EKS's own images are pulled from, in every
// region of the emulation. Source: awsdocs/amazon-eks-user-guide add-ons-images.md.
const addonRegistry = "602401143452"

// nodeImages are the repositories whose images make a node ready.
var nodeImages = []string{"eks/pause", "eks/kube-proxy", "amazon-k8s-cni"}

// A need is one thing that a node asks of a service, as an endpoint's policy sees it.
type need struct{ action, resource string }

// needsOf are what nodes ask of a service to run images of the repositories.
func needsOf(c *emulator.Call, service string, images []string) (list []need) {
	switch service {
	case "ec2":
		return []need{{"ec2:DescribeInstances", "*"}, {"ec2:AssignPrivateIpAddresses", regional(c, "ec2", "network-interface/eni-0")}}
	case "ecr.api":
		return []need{{"ecr:GetAuthorizationToken", "*"}}
	case "s3":
		return []need{{"s3:GetObject", fmt.Sprintf("arn:aws:s3:::prod-%s-starport-layer-bucket/layer", c.Region())}}
	case "ecr.dkr":
		for _, image := range images {
			arn := fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s", c.Region(), addonRegistry, image)
			list = append(list, need{"ecr:BatchGetImage", arn}, need{"ecr:GetDownloadUrlForLayer", arn})
		}
	}
	return list
}

// unpulled says which need an endpoint's policy keeps from the nodes.
func (n *nodeNet) unpulled(images []string) string {
	return n.eachEndpoint(nodeServices, func(_, service string, e *inventory.Object) string {
		d, err := iam.Read(e.Out, "policy")
		if err != nil {
			return ""
		}
		for _, need := range needsOf(n.c, service, images) {
			if !n.lets(d, need) {
				return fmt.Sprintf("the policy of %s does not allow %s on %s", e.ID, need.action, need.resource)
			}
		}
		return ""
	})
}

// lets reports whether an endpoint's policy lets the nodes have what they need. A
// policy may name them by their role or by their account.
func (n *nodeNet) lets(d iam.Document, what need) bool {
	account := n.c.Account().AWSAccount
	asked := iam.Request{Kind: "AWS", Action: what.action, Resource: what.resource, Facts: map[string]string{
		"aws:principalaccount": account, "aws:principalarn": n.role, "aws:sourcevpc": n.vpc,
	}}
	if parts := strings.Split(what.resource, ":"); len(parts) > 4 && parts[4] != "" {
		asked.Facts["aws:resourceaccount"] = parts[4]
	}
	return slices.ContainsFunc([]string{n.role, "arn:aws:iam::" + account + ":root", account}, func(who string) bool {
		asked.Principal = who
		return d.Permits(asked)
	})
}
