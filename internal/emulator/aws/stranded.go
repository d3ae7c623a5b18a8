package aws

import (
	"fmt"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

// sessionServices are what the SSM agent asks (VPC-38). Agents from 3.3.40 on,
// which AL2023 has, leave ec2messages for ssmmessages. Source: awsdocs
// systems-manager setup-create-vpc.md.
var sessionServices = []string{"ssm", "ssmmessages"}

const sessionPolicy = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"

// Stranded says of every node group in the world what its nodes cannot reach now:
// AWS asks when nodes start, and keeps silent when a route, an endpoint or a
// permission goes away under them. Nodes need what they needed to join (VPC-25,
// VPC-36, VPC-37, EKS-08), and, if their role is one for Session Manager, what its
// agent asks (VPC-38). Each line has the id of the rule.
func Stranded(tx *emulator.Tx) []string {
	var list []string
	for _, nodes := range tx.Everywhere().All(awstype.NodeGroup) {
		if nodes.Props().Int("scalingConfig.desiredSize") == 0 {
			continue
		}
		n := nodeNetOf(lookAt(tx, nodes), nodes)
		for _, found := range []struct {
			rule rules.ID
			why  string
		}{
			{"EKS-08", n.beforeCluster()}, {"VPC-36", n.unserved(nodeServices)}, {"VPC-25", n.shutIn(nodeServices)},
			{"VPC-37", n.shutOut(nodeServices)}, {"VPC-36", n.unpulled(nodeImages)}, {"VPC-38", n.unlisted()},
		} {
			if found.why != "" {
				list = append(list, fmt.Sprintf("%s: %s: %s", nodes.ID, found.rule, found.why))
			}
		}
	}
	return list
}

// lookAt is a look at the world from where an object is.
func lookAt(tx *emulator.Tx, o *inventory.Object) *emulator.Call {
	return &emulator.Call{
		Tx: tx.Within(o.Region), Op: emulator.OpRead, Kind: &emulator.Kind{Type: o.Type}, ID: o.ID,
		Provider: inventory.Props{"region": o.Region},
	}
}

// unlisted says why Session Manager does not list the nodes, for roles that are to
// be managed by it.
func (n *nodeNet) unlisted() string {
	role := n.c.Tx.Find(awstype.Role, "arn", n.role)
	if role == nil || !slices.Contains(attachedPolicies(n.c.Tx, role.ID), sessionPolicy) {
		return ""
	}
	if why := firstOf(n.unserved(sessionServices), n.shutIn(sessionServices), n.shutOut(sessionServices)); why != "" {
		return "Session Manager lists no node: " + why
	}
	return ""
}
