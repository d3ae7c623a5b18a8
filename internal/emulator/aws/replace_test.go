package aws

import (
	"testing"

	"burrow/internal/inventory/awstype"
)

// What the provider decides by value: each property with a change that replaces
// and one that does not.
func TestReplacementsByValue(t *testing.T) {
	const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	one, two := props{"subnetId": "subnet-1", "privateIpv4Address": "10.0.1.250"}, props{"subnetId": "subnet-2", "privateIpv4Address": "10.0.2.250"}
	three, moved := props{"subnetId": "subnet-3", "privateIpv4Address": "10.0.3.250"}, props{"subnetId": "subnet-2", "privateIpv4Address": "10.0.2.249"}
	network := func(property string, value any) props { return props{"loadBalancerType": "network", property: value} }
	mappings := func(list ...any) props { return network("subnetMappings", list) }
	subnets := func(list ...any) props { return network("subnets", list) }
	groups := func(list ...any) props { return network("securityGroups", list) }
	alb := func(list ...any) props { return props{"loadBalancerType": "application", "subnetMappings": list} }
	tried := map[string][2]bool{}
	l := newLab(t)
	for _, c := range []struct {
		what, typ, path string
		before, after   props
		replaces        bool
	}{
		{"a mapping more", awstype.LoadBalancer, "subnetMappings", mappings(one, two), mappings(one, two, three), false},
		{"a mapping more, in front", awstype.LoadBalancer, "subnetMappings", mappings(one, two), mappings(three, one, two), false},
		{"another order", awstype.LoadBalancer, "subnetMappings", mappings(one, two), mappings(two, one), false},
		{"a mapping unknown", awstype.LoadBalancer, "subnetMappings", mappings(one, two), mappings(one, unknown), false},
		{"a mapping less", awstype.LoadBalancer, "subnetMappings", mappings(one, two), mappings(one), true},
		{"another address", awstype.LoadBalancer, "subnetMappings", mappings(one, two), mappings(one, moved), true},
		{"a mapping more and another address", awstype.LoadBalancer, "subnetMappings", mappings(one, two), mappings(one, moved, three), true},
		{"a mapping less of an ALB", awstype.LoadBalancer, "subnetMappings", alb(one, two, three), alb(one, two), false},
		{"another mapping of an ALB", awstype.LoadBalancer, "subnetMappings", alb(one, two), alb(one, moved), true},
		{"a subnet more", awstype.LoadBalancer, "subnets", subnets("a", "b"), subnets("a", "b", "c"), false},
		{"another subnet", awstype.LoadBalancer, "subnets", subnets("a", "b"), subnets("a", "c"), true},
		{"a subnet less", awstype.LoadBalancer, "subnets", subnets("a", "b"), subnets("a"), true},
		{"first group", awstype.LoadBalancer, "securityGroups", groups(), groups("sg-1"), true},
		{"last group", awstype.LoadBalancer, "securityGroups", groups("sg-1"), groups(), true},
		{"another group", awstype.LoadBalancer, "securityGroups", groups("sg-1"), groups("sg-2"), false},
		{"encryption off", awstype.Cluster, "encryptionConfig", props{"encryptionConfig": props{"resources": []any{"secrets"}}}, props{}, true},
		{"encryption on", awstype.Cluster, "encryptionConfig", props{}, props{"encryptionConfig": props{"resources": []any{"secrets"}}}, false},
		{"association off", awstype.TransitGateway, "defaultRouteTableAssociation", props{}, props{"defaultRouteTableAssociation": "disable"}, false},
		{"association on", awstype.TransitGateway, "defaultRouteTableAssociation", props{"defaultRouteTableAssociation": "disable"}, props{}, true},
		{"propagation off", awstype.TransitGateway, "defaultRouteTablePropagation", props{}, props{"defaultRouteTablePropagation": "disable"}, false},
		{"propagation on", awstype.TransitGateway, "defaultRouteTablePropagation", props{"defaultRouteTablePropagation": "disable"}, props{"defaultRouteTablePropagation": "enable"}, true},
		{"private DNS", awstype.VpcEndpoint, "privateDnsEnabled", props{"vpcEndpointType": "Interface"}, props{"vpcEndpointType": "Interface", "privateDnsEnabled": true}, false},
		{"private DNS of a gateway", awstype.VpcEndpoint, "privateDnsEnabled", props{}, props{"privateDnsEnabled": true}, true},
		{"another range", awstype.SecurityGroupEgressRule, "cidrIpv4", props{"cidrIpv4": "10.0.0.0/16"}, props{"cidrIpv4": "10.1.0.0/16"}, false},
		{"range to group", awstype.SecurityGroupEgressRule, "cidrIpv4", props{"cidrIpv4": "10.0.0.0/16"}, props{"referencedSecurityGroupId": "sg-1"}, true},
		{"another list", awstype.SecurityGroupEgressRule, "prefixListId", props{"prefixListId": "pl-1"}, props{"prefixListId": "pl-2"}, false},
		{"range to list", awstype.SecurityGroupEgressRule, "prefixListId", props{"cidrIpv4": "0.0.0.0/0"}, props{"prefixListId": "pl-1"}, true},
		{"another group", awstype.SecurityGroupIngressRule, "referencedSecurityGroupId", props{"referencedSecurityGroupId": "sg-1"}, props{"referencedSecurityGroupId": "sg-2"}, false},
		{"group to IPv6", awstype.SecurityGroupIngressRule, "cidrIpv6", props{"referencedSecurityGroupId": "sg-1"}, props{"cidrIpv6": "2001:db8::/64"}, true},
	} {
		if got := len(l.diff(c.typ, c.before, c.after).GetReplaces()) > 0; got != c.replaces {
			t.Errorf("%s of %s replaces: %t, want %t", c.what, c.typ, got, c.replaces)
		}
		seen := tried[c.typ+" "+c.path]
		seen[map[bool]int{false: 0, true: 1}[c.replaces]] = true
		tried[c.typ+" "+c.path] = seen
	}
	for _, typ := range []string{awstype.LoadBalancer, awstype.Cluster, awstype.TransitGateway, awstype.VpcEndpoint} {
		for _, r := range kindOf(t, typ).Replace {
			if r.When != nil && tried[typ+" "+r.Path] != [2]bool{true, true} {
				t.Errorf("%s of %s is not tried both ways", r.Path, typ)
			}
		}
	}
}
