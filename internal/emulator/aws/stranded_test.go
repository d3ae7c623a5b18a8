package aws

import (
	"fmt"
	"slices"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory/awstype"
	"burrow/internal/reach"
)

// stranded wants the rules that keep things from nodes now, sorted.
func (e *estate) stranded(what string, rules ...string) {
	e.t.Helper()
	var got []string
	err := e.world.View(func(tx *emulator.Tx) error {
		for _, nodes := range tx.Everywhere().All(awstype.NodeGroup) {
			for _, p := range reach.NodesOf(tx.View, nodes).Paths() {
				for _, h := range p.Troubles() {
					got = append(got, string(h.Rule))
					e.t.Logf("%s: %s: %v [%s]", what, p.Name, h, h.Resource)
				}
			}
		}
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, rules) {
		e.t.Errorf("%s: %q, want %q", what, got, rules)
	}
}

// What goes away under nodes without the internet.
func TestStranded(t *testing.T) {
	for _, c := range []struct {
		what, without string // step
		of            string // or step that changes
		set           props
		rules         []string
	}{
		{what: "nothing"},
		{what: "an endpoint", without: "ec2", rules: []string{"VPC-36"}},
		{what: "the bucket's endpoint", of: "s3", set: props{"routeTableIds": []any{"=table2"}}, rules: []string{"VPC-36"}},
		{what: "private DNS", of: "ecr.api", set: props{"privateDnsEnabled": false}, rules: []string{"VPC-36"}},
		{what: "the way into the endpoints", without: "nodesIn", rules: []string{"VPC-37"}},
		{what: "the way out to them", without: "toEndpoints", rules: []string{"VPC-37"}},
		{what: "the way to the control plane", without: "clusterIn", rules: []string{"EKS-08"}},
		{what: "kubelets", without: "kubelet", rules: []string{"VPC-26"}},
		{what: "CoreDNS on other nodes", without: "amongIn", rules: []string{"VPC-26"}},
		{what: "EKS's images", of: "ecr.dkr", set: props{"policy": only("ecr:*", "arn:aws:ecr:eu-west-2:123456789012:repository/*")}, rules: []string{"VPC-36"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			e := part(t, privateParts...)
			for _, s := range privateSteps() {
				e.make(s)
			}
			e.make(changed("nodes", nil))
			switch {
			case c.without != "":
				e.remove(c.without)
			case c.of != "":
				e.becomes(c.of, e.resolve(c.set))
			}
			e.stranded(c.what, c.rules...)
		})
	}
}

// VPC-38: a role for Session Manager wants a way to its services; any other wants
// none.
func TestStrandedFromSessionManager(t *testing.T) {
	e := part(t, privateParts...)
	for _, s := range privateSteps() {
		e.make(s)
	}
	e.make(changed("nodes", nil))
	e.stranded("no session wanted")
	e.make(step{"session", awstype.RolePolicyAttachment, props{"role": "=nodeRole", "policyArn": iam.ManagedPrefix + "AmazonSSMManagedInstanceCore"}})
	e.stranded("no endpoint", "VPC-38")
	for i, service := range []string{"ssm", "ssmmessages"} {
		e.make(step{service, awstype.VpcEndpoint, props{
			"vpcId": "=vpc", "serviceName": "com.amazonaws.eu-west-2." + service, "vpcEndpointType": "Interface", "privateDnsEnabled": true,
			"subnetIds": []any{"=private1", "=private2"}, "securityGroupIds": []any{"=endpointSG"},
		}})
		e.stranded(fmt.Sprintf("%d endpoints", i+1), []string{"VPC-38"}[:1-i]...)
	}
	e.make(step{"lone", awstype.SecurityGroup, props{"name": "lone", "vpcId": "=vpc"}})
	e.becomes("ssmmessages", props{"securityGroupIds": []any{e.value("lone")}})
	e.stranded("an endpoint with another group", "VPC-38")
}

// Nodes behind a NAT gateway lose it, or are let out no more.
func TestStrandedBehindNAT(t *testing.T) {
	e := clusterWith(t, nil)
	for _, s := range privateSteps() {
		if slices.Contains([]string{"nodeSG", "toCluster", "clusterIn", "kubelet", "amongIn", "amongOut", "template"}, s.name) {
			e.make(s)
		}
	}
	e.make(step{"toAll", awstype.SecurityGroupEgressRule, props{"securityGroupId": "=nodeSG", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}})
	e.make(changed("nodes", nil))
	e.stranded("a way out")
	e.remove("out2")
	e.stranded("no route from one subnet", "VPC-36")
	e.remove("toAll")
	e.stranded("nor out of the group", "VPC-25", "VPC-36")
	e.becomes("nodes", props{"scalingConfig": props{"minSize": 0, "desiredSize": 0, "maxSize": 1}})
	e.stranded("no nodes")
}
