package aws

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory/awstype"
)

// stranded wants the rules that Stranded finds broken, one a line.
func (e *estate) stranded(what string, rules ...string) {
	e.t.Helper()
	var lines []string
	err := e.world.View(func(tx *emulator.Tx) error {
		lines = Stranded(tx)
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	var got []string
	for _, line := range lines {
		node, rest, _ := strings.Cut(line, ": ")
		rule, why, _ := strings.Cut(rest, ": ")
		if got = append(got, rule); node != e.made["nodes"].id || why == "" {
			e.t.Errorf("%s: %s", what, line)
		}
	}
	if !slices.Equal(got, rules) {
		e.t.Errorf("%s: %q, want %v", what, lines, rules)
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
	e.make(step{"session", awstype.RolePolicyAttachment, props{"role": "=nodeRole", "policyArn": sessionPolicy}})
	e.stranded("no endpoint", "VPC-38")
	for i, service := range sessionServices {
		e.make(step{service, awstype.VpcEndpoint, props{
			"vpcId": "=vpc", "serviceName": "com.amazonaws.eu-west-2." + service, "vpcEndpointType": "Interface", "privateDnsEnabled": true,
			"subnetIds": []any{"=private1", "=private2"}, "securityGroupIds": []any{"=endpointSG"},
		}})
		e.stranded(fmt.Sprintf("%d endpoints", i+1), []string{"VPC-38"}[:1-i]...)
	}
	e.becomes("ssmmessages", props{"securityGroupIds": []any{e.value("nodeSG")}})
	e.stranded("an endpoint with another group", "VPC-38")
}

// Nodes behind a NAT gateway lose it, or are let out no more.
func TestStrandedBehindNAT(t *testing.T) {
	e := clusterWith(t, nil)
	for _, s := range privateSteps() {
		if slices.Contains([]string{"nodeSG", "toCluster", "clusterIn", "template"}, s.name) {
			e.make(s)
		}
	}
	e.make(step{"toAll", awstype.SecurityGroupEgressRule, props{"securityGroupId": "=nodeSG", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}})
	e.make(changed("nodes", nil))
	e.stranded("a way out")
	e.remove("out2")
	e.stranded("no route from one subnet", "VPC-36")
	e.remove("toAll")
	e.stranded("nor out of the group", "VPC-36", "VPC-25")
	e.becomes("nodes", props{"scalingConfig": props{"minSize": 0, "desiredSize": 0, "maxSize": 1}})
	e.stranded("no nodes")
}
