package aws

import (
	"fmt"
	"slices"
	"testing"

	"burrow/internal/inventory/awstype"
)

const pullAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`

// privateParts are a cluster whose nodes have no way to the internet.
var privateParts = []string{
	"vpc", "private1", "private2", "table1", "table2", "tableOf1", "tableOf2", "group", "key", "eksRole", "eksPolicy",
	"nodeRole", "nodePolicy0", "nodePolicy1", "nodePolicy2", "cluster",
}

// privateSteps are what such nodes need: groups, endpoints, a launch template. The
// endpoints are named after their services.
func privateSteps() []step {
	rule := func(group string) props {
		return props{"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
	}
	list := []step{
		{"nodeSG", awstype.SecurityGroup, props{"name": "nodes", "vpcId": "=vpc"}},
		{"endpointSG", awstype.SecurityGroup, props{"name": "endpoints", "vpcId": "=vpc"}},
		{"nodesIn", awstype.SecurityGroupIngressRule, rule("=endpointSG").With(props{"referencedSecurityGroupId": "=nodeSG"})},
		{"toEndpoints", awstype.SecurityGroupEgressRule, rule("=nodeSG").With(props{"referencedSecurityGroupId": "=endpointSG"})},
		{"toCluster", awstype.SecurityGroupEgressRule, rule("=nodeSG").With(props{"referencedSecurityGroupId": "=group"})},
		{"clusterIn", awstype.SecurityGroupIngressRule, rule("=group").With(props{"cidrIpv4": "10.0.0.0/16"})},
		{"kubelet", awstype.SecurityGroupIngressRule, rule("=nodeSG").With(props{"fromPort": 10250, "toPort": 10250, "cidrIpv4": "10.0.0.0/16"})},
		{"amongIn", awstype.SecurityGroupIngressRule, props{"securityGroupId": "=nodeSG", "ipProtocol": "-1", "referencedSecurityGroupId": "=nodeSG"}},
		{"amongOut", awstype.SecurityGroupEgressRule, props{"securityGroupId": "=nodeSG", "ipProtocol": "-1", "referencedSecurityGroupId": "=nodeSG"}},
		{"s3", awstype.VpcEndpoint, props{"vpcId": "=vpc", "serviceName": "com.amazonaws.eu-west-2.s3", "routeTableIds": []any{"=table1", "=table2"}}},
		{"toS3", awstype.SecurityGroupEgressRule, rule("=nodeSG").With(props{"prefixListId": "=s3.prefixListId"})},
		{"template", awstype.LaunchTemplate, props{"name": "burrow-node", "vpcSecurityGroupIds": []any{"=nodeSG"}}},
	}
	for _, service := range []string{"ec2", "ecr.api", "ecr.dkr", "sts"} {
		list = append(list, step{service, awstype.VpcEndpoint, props{
			"vpcId": "=vpc", "serviceName": "com.amazonaws.eu-west-2." + service, "vpcEndpointType": "Interface", "privateDnsEnabled": true,
			"subnetIds": []any{"=private1", "=private2"}, "securityGroupIds": []any{"=endpointSG"},
		}})
	}
	return list
}

func only(action, resource string) string {
	return fmt.Sprintf(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":%q,"Resource":%q}]}`, action, resource)
}

// VPC-36, VPC-37: each thing that is missing keeps the nodes out.
func TestNodesWithoutInternet(t *testing.T) {
	mine := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:%s":"123456789012"}}}]}`
	denied := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
		{"Effect":"Deny","Principal":"*","Action":"ecr:*","Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceAccount":"123456789012"}}}]}`
	for _, c := range []struct {
		what    string
		without string // step
		of      string // or step that changes
		set     props
		rule    string // "" when the nodes join
	}{
		{what: "everything"},
		{what: "no ec2", without: "ec2", rule: "VPC-36"},
		{what: "no ecr.api", without: "ecr.api", rule: "VPC-36"},
		{what: "no sts", without: "sts", rule: "VPC-36"},
		{what: "no private DNS", of: "ecr.dkr", set: props{"privateDnsEnabled": false}, rule: "VPC-36"},
		{what: "s3 for one table", of: "s3", set: props{"routeTableIds": []any{"=table1"}}, rule: "VPC-36"},
		{what: "endpoints closed", without: "nodesIn", rule: "VPC-37"},
		{what: "endpoint with the default group", of: "sts", set: props{"securityGroupIds": nil}, rule: "VPC-37"},
		{what: "endpoints open to another port", of: "nodesIn", set: props{"fromPort": 80, "toPort": 80}, rule: "VPC-37"},
		{what: "endpoints open to one subnet", of: "nodesIn", set: props{"referencedSecurityGroupId": nil, "cidrIpv4": "10.0.1.0/24"}, rule: "VPC-37"},
		{what: "endpoints open to the VPC", of: "nodesIn", set: props{"referencedSecurityGroupId": nil, "cidrIpv4": "10.0.0.0/16"}},
		{what: "nodes shut in", without: "toEndpoints", rule: "VPC-37"},
		{what: "nodes may reach the VPC", of: "toEndpoints", set: props{"referencedSecurityGroupId": nil, "cidrIpv4": "10.0.0.0/16"}},
		{what: "no way to S3", without: "toS3", rule: "VPC-37"},
		{what: "S3 among everything", of: "toS3", set: props{"prefixListId": nil, "cidrIpv4": "0.0.0.0/0"}},
		{what: "no way to the control plane", without: "toCluster", rule: "EKS-08"},
		{what: "control plane closed", without: "clusterIn", rule: "EKS-08"},
		{what: "policy for everybody", of: "ecr.dkr", set: props{"policy": pullAll}},
		{what: "policy for EKS's images", of: "ecr.dkr", set: props{"policy": only("ecr:*", "arn:aws:ecr:*:602401143452:repository/*")}},
		{what: "policy for the account's images", of: "ecr.dkr", set: props{"policy": only("ecr:*", "arn:aws:ecr:eu-west-2:123456789012:repository/*")}, rule: "VPC-36"},
		{what: "policy without downloads", of: "ecr.dkr", set: props{"policy": only("ecr:BatchGetImage", "*")}, rule: "VPC-36"},
		{what: "policy without tokens", of: "ecr.api", set: props{"policy": only("ecr:BatchGetImage", "*")}, rule: "VPC-36"},
		{what: "policy for a bucket", of: "s3", set: props{"policy": only("s3:GetObject", "arn:aws:s3:::mine/*")}, rule: "VPC-36"},
		{what: "policy for ECR's bucket", of: "s3", set: props{"policy": only("s3:GetObject", "arn:aws:s3:::prod-eu-west-2-starport-layer-bucket/*")}},
		{what: "policy that narrows EC2", of: "ec2", set: props{"policy": only("ec2:Describe*", "*")}, rule: "VPC-36"},
		{what: "policy for somebody else", of: "ecr.api", set: props{"policy": `{"Statement":{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"*","Resource":"*"}}`}, rule: "VPC-36"},
		{what: "policy for the account", of: "ecr.api", set: props{"policy": `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"*","Resource":"*"}}`}},
		{what: "own principals only", of: "ecr.dkr", set: props{"policy": fmt.Sprintf(mine, "PrincipalAccount")}},
		{what: "own resources only", of: "ecr.dkr", set: props{"policy": fmt.Sprintf(mine, "ResourceAccount")}, rule: "VPC-36"},
		{what: "others' resources denied", of: "ecr.dkr", set: props{"policy": denied}, rule: "VPC-36"},
	} {
		t.Run(c.what, func(t *testing.T) {
			e := part(t, privateParts...)
			for _, s := range privateSteps() {
				if s.name == c.of {
					for path, v := range c.set {
						if v == nil {
							s.in.Del(path)
						} else {
							s.in.Set(path, v)
						}
					}
				}
				if s.name != c.without {
					e.make(s)
				}
			}
			switch err := e.try(changed("nodes", nil)); {
			case c.rule != "":
				refused(t, err, "NodeCreationFailure", c.rule)
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// With a way to the internet an endpoint is no less in the way (VPC-37), the nodes
// must be let out (VPC-25), and the way must lead there.
func TestNodesWithInternet(t *testing.T) {
	without := func(step string) []string {
		return slices.DeleteFunc(slices.Clone(clusterParts), func(s string) bool { return s == step })
	}
	bare := changed("nodes", props{"launchTemplate": nil})
	for _, c := range []struct {
		what, without string
		rule          string
	}{
		{what: "NAT in a public subnet"},
		{what: "no route", without: "out2", rule: "VPC-36"},
		{what: "no table", without: "tableOf1", rule: "VPC-36"},
		{what: "NAT in a private subnet", without: "publicOf1", rule: "VPC-11"},
	} {
		t.Run(c.what, func(t *testing.T) {
			e := part(t, append(without(c.without), "cluster")...)
			if err := e.try(bare); c.rule != "" {
				refused(t, err, "NodeCreationFailure", c.rule)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("closed endpoint", func(t *testing.T) {
		e := clusterWith(t, nil)
		e.make(changed("sts", nil))
		refused(t, e.try(bare), "NodeCreationFailure", "VPC-37")
	})
	t.Run("shut in", func(t *testing.T) {
		e := clusterWith(t, nil)
		for _, s := range privateSteps() {
			if slices.Contains([]string{"nodeSG", "toCluster", "clusterIn", "template"}, s.name) {
				e.make(s)
			}
		}
		refused(t, e.try(changed("nodes", nil)), "NodeCreationFailure", "VPC-25")
	})
	t.Run("closed ACL", func(t *testing.T) {
		e := clusterWith(t, nil)
		e.make(step{"closed", awstype.NetworkAcl, props{"vpcId": "=vpc", "egress": []any{everything(100)}}})
		e.make(step{"closedOf1", awstype.NetworkAclAssociation, props{"networkAclId": "=closed", "subnetId": "=private1"}})
		refused(t, e.try(bare), "NodeCreationFailure", "VPC-19")
	})
	t.Run("ACL for replies", func(t *testing.T) { // the control plane and the internet answer to high ports
		e := clusterWith(t, nil)
		replies := props{"ruleNo": 100, "action": "allow", "protocol": "tcp", "cidrBlock": "0.0.0.0/0", "fromPort": 1024, "toPort": 65535}
		e.make(step{"narrow", awstype.NetworkAcl, props{"vpcId": "=vpc", "egress": []any{everything(100)}, "ingress": []any{
			replies, replies.With(props{"ruleNo": 110, "fromPort": 443, "toPort": 443, "cidrBlock": "10.0.0.0/16"}),
		}}})
		e.make(step{"narrowOf1", awstype.NetworkAclAssociation, props{"networkAclId": "=narrow", "subnetId": "=private1"}})
		if err := e.try(bare); err != nil {
			t.Error(err)
		}
	})
	t.Run("public subnet", func(t *testing.T) {
		e := clusterWith(t, nil)
		refused(t, e.try(changed("nodes", props{"launchTemplate": nil, "subnetIds": []any{"=public1"}})), "Ec2SubnetInvalidConfiguration", "EKS-28")
		e.becomes("public1", props{"mapPublicIpOnLaunch": true})
		if err := e.try(changed("nodes", props{"launchTemplate": nil, "nodeGroupName": "public", "subnetIds": []any{"=public1"}})); err != nil {
			t.Error(err)
		}
	})
	t.Run("third zone", func(t *testing.T) { // EKS-28: node groups may be where the cluster is not
		e := clusterWith(t, nil, "far")
		e.make(step{"tableOfFar", awstype.RouteTableAssociation, props{"routeTableId": "=table1", "subnetId": "=far"}})
		if err := e.try(changed("nodes", props{"launchTemplate": nil, "subnetIds": []any{"=private1", "=private2", "=far"}})); err != nil {
			t.Error(err)
		}
	})
	t.Run("no nodes", func(t *testing.T) {
		e := part(t, append(without("out1"), "cluster")...)
		none := changed("nodes", props{"launchTemplate": nil, "scalingConfig": props{"minSize": 0, "desiredSize": 0, "maxSize": 1}})
		if err := e.try(none); err != nil {
			t.Error(err)
		}
	})
}

// CoreDNS is pulled when it comes, through the endpoints as they are then.
func TestCoreDNSWithoutItsImage(t *testing.T) {
	e := part(t, privateParts...)
	for _, s := range privateSteps() {
		e.make(s)
	}
	e.make(changed("nodes", nil))
	nodesOnly := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":["arn:aws:ecr:eu-west-2:602401143452:repository/eks/kube-proxy"]}]}`
	e.becomes("ecr.dkr", props{"policy": nodesOnly})
	err := e.try(changed("coredns", nil))
	refused(t, err, "InsufficientNumberOfReplicas", "VPC-36")

	// A new version of the nodes needs everything again, a label does not; what
	// has failed goes on failing until the cause is gone.
	e.becomes("nodes", props{"labels": props{"a": "b"}})
	nodes := e.made["nodes"]
	for _, set := range []props{{"releaseVersion": "1.35.0-20261116"}, {"labels": props{"a": "c"}}} {
		_, err = e.update(nodes.typ, nodes.name, nodes.id, nodes.in, nodes.in.With(set))
		refused(t, err, "NodeCreationFailure", "VPC-36")
	}
	e.becomes("ecr.dkr", props{"policy": nil})
	e.becomes("nodes", props{"releaseVersion": "1.35.0-20261116"})
	dns := e.resolve(changed("coredns", nil).in)
	if _, err := e.update(awstype.Addon, "coredns", "eks-relay-cluster:coredns", dns, dns); err != nil {
		t.Errorf("CoreDNS with its image: %v", err)
	}
}

func TestInstanceTypes(t *testing.T) {
	for name, want := range map[string][2]bool{
		"t3.medium": {false, true}, "t4g.small": {true, true}, "m7i-flex.large": {false, true}, "c7gn.16xlarge": {true, true},
		"g4dn.xlarge": {false, true}, "g5g.2xlarge": {true, true}, "im4gn.large": {true, true}, "a1.medium": {true, true},
		"r6a.metal": {false, true}, "m6i.32xlarge": {false, true}, "t3.tiny": {}, "T3.medium": {}, "medium": {}, "t3": {}, "q1.large": {},
	} {
		if arm, exists := isARM(name); arm != want[0] || exists != want[1] {
			t.Errorf("%s: ARM %t, exists %t", name, arm, exists)
		}
	}
	e := clusterWith(t, nil)
	if err := e.try(changed("nodes", props{"launchTemplate": nil, "amiType": "AL2023_ARM_64_STANDARD", "instanceTypes": []any{"t4g.medium", "m7g.large"}})); err != nil {
		t.Error(err)
	}
}

func TestCNIEnvironment(t *testing.T) {
	e := clusterWith(t, nil)
	e.make(changed("cni", props{"configurationValues": `{"env":{"AWS_VPC_ENI_MTU":"1400"},"enableNetworkPolicy":"true"}`}))
	e.becomes("cni", props{"configurationValues": `{"env":{}}`})
}
