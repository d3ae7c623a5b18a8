package reach

import (
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/inventory/kubetype"
)

type props = inventory.Props

func object(typ, id string, in props) *inventory.Object {
	return &inventory.Object{Type: typ, ID: id, Region: "eu-west-2", In: in}
}

func rule(typ, group, protocol string, port int, peer props) *inventory.Object {
	in := props{"securityGroupId": group, "ipProtocol": protocol, "fromPort": float64(port), "toPort": float64(port)}
	return object(typ, group+protocol, in.With(peer))
}

// eksWorld is the example of the Amazon VPC guide, "VPC with servers in private subnets
// and NAT" (vpc-example-private-subnets-nat.md), in one zone, with nodes that have the
// minimum rules of the Amazon EKS guide, sec-group-reqs.md, "Restricting cluster traffic".
func eksWorld() []*inventory.Object {
	const in, out = awstype.SecurityGroupIngressRule, awstype.SecurityGroupEgressRule
	cluster, nodes := props{"referencedSecurityGroupId": "sg-cluster"}, props{"referencedSecurityGroupId": "sg-nodes"}
	return []*inventory.Object{
		object(awstype.Vpc, "vpc-1", props{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true, "defaultNetworkAclId": "acl-0"}),
		object(awstype.InternetGateway, "igw-1", props{"vpcId": "vpc-1"}),
		object(awstype.Subnet, "subnet-private", props{"vpcId": "vpc-1", "cidrBlock": "10.0.128.0/20"}),
		object(awstype.Subnet, "subnet-public", props{"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/20"}),
		object(awstype.RouteTable, "rtb-private", props{"vpcId": "vpc-1"}),
		object(awstype.RouteTable, "rtb-public", props{"vpcId": "vpc-1", "routes": []any{map[string]any{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}}}),
		object(awstype.RouteTableAssociation, "a-1", props{"subnetId": "subnet-private", "routeTableId": "rtb-private"}),
		object(awstype.RouteTableAssociation, "a-2", props{"subnetId": "subnet-public", "routeTableId": "rtb-public"}),
		object(awstype.Route, "r-nat", props{"routeTableId": "rtb-private", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}),
		object(awstype.NatGateway, "nat-1", props{"subnetId": "subnet-public", "privateIp": "10.0.0.7"}),
		object(awstype.Role, "nodes", props{"arn": "arn:aws:iam::123456789012:role/nodes", "managedPolicyArns": []any{
			"arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy", "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly", "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
		}}),
		object(awstype.Cluster, "relay", props{"name": "relay", "vpcConfig": map[string]any{
			"vpcId": "vpc-1", "subnetIds": []any{"subnet-private"}, "clusterSecurityGroupId": "sg-cluster",
		}}),
		object(awstype.LaunchTemplate, "lt-1", props{"vpcSecurityGroupIds": []any{"sg-nodes"}}),
		object(awstype.NodeGroup, "relay:nodes", props{
			"clusterName": "relay", "nodeGroupName": "nodes", "status": "ACTIVE", "subnetIds": []any{"subnet-private"},
			"nodeRoleArn": "arn:aws:iam::123456789012:role/nodes", "launchTemplate": map[string]any{"id": "lt-1"},
			"scalingConfig": map[string]any{"desiredSize": 2.0},
		}),
		object(awstype.SecurityGroup, "sg-nodes", props{}),
		rule(out, "sg-nodes", "tcp", 443, props{"cidrIpv4": "0.0.0.0/0"}),
		rule(in, "sg-nodes", "tcp", 10250, cluster), rule(in, "sg-cluster", "tcp", 443, nodes),
		rule(out, "sg-nodes", "udp", 53, nodes), rule(in, "sg-nodes", "udp", 53, nodes),
		rule(out, "sg-nodes", "tcp", 53, nodes), rule(in, "sg-nodes", "tcp", 53, nodes),
	}
}

func TestEKSNodes(t *testing.T) {
	without := func(id string) func([]*inventory.Object) []*inventory.Object {
		return func(all []*inventory.Object) []*inventory.Object {
			return slices.DeleteFunc(all, func(o *inventory.Object) bool { return o.ID == id })
		}
	}
	set := func(id, path string, v any) func([]*inventory.Object) []*inventory.Object {
		return func(all []*inventory.Object) []*inventory.Object {
			for _, o := range all {
				if o.ID == id {
					o.In.Set(path, v)
				}
			}
			return all
		}
	}
	add := func(more ...*inventory.Object) func([]*inventory.Object) []*inventory.Object {
		return func(all []*inventory.Object) []*inventory.Object { return append(all, more...) }
	}
	deny := func(action string) *inventory.Object {
		return object(awstype.RolePolicy, "nodes:deny", props{"role": "nodes", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny",` +
			`"Action":"` + action + `","Resource":"*"}]}`})
	}
	closed := object(awstype.NetworkAcl, "acl-1", props{"subnetIds": []any{"subnet-public"}})
	for name, c := range map[string]struct {
		change func([]*inventory.Object) []*inventory.Object
		want   Verdict
		rule   string
	}{
		"as documented":               {add(), Passes, ""},
		"no route":                    {without("r-nat"), Stopped, "VPC-36"},
		"a NAT gateway that is gone":  {without("nat-1"), Stopped, "VPC-36"},
		"NAT in a private subnet":     {set("nat-1", "subnetId", "subnet-private"), Stopped, "VPC-11"},
		"a private NAT gateway":       {set("nat-1", "connectivityType", "private"), Stopped, "VPC-11"},
		"no internet gateway":         {without("igw-1"), Stopped, "VPC-11"},
		"a route that leads nowhere":  {set("r-nat", "natGatewayId", nil), Stopped, "VPC-36"},
		"another network":             {add(object(awstype.Route, "r-2", props{"routeTableId": "rtb-private", "destinationCidrBlock": "0.0.0.0/1", "transitGatewayId": "tgw-1"})), CannotTell, ""},
		"an ACL that lets nothing in": {add(closed), Stopped, "VPC-19"},
		"nodes not let out":           {set("sg-nodestcp", "cidrIpv4", "10.0.0.0/16"), Stopped, "VPC-25"},
		"nor by a rule that comes near": {
			func(all []*inventory.Object) []*inventory.Object {
				return append(set("sg-nodestcp", "cidrIpv4", "10.0.0.0/16")(all), rule(awstype.SecurityGroupEgressRule, "sg-nodes", "tcp", 80, props{"cidrIpv4": "0.0.0.0/1"}))
			}, Stopped, "VPC-25",
		},
		"some of the internet":         {set("sg-nodestcp", "cidrIpv4", "0.0.0.0/1"), CannotTell, ""},
		"no DNS hostnames":             {set("vpc-1", "enableDnsHostnames", false), Stopped, "VPC-08"},
		"a role without the CNI's":     {set("nodes", "managedPolicyArns", []any{}), Stopped, "EKS-27"},
		"a role with a policy of ours": {ownPolicy, Passes, ""},
		"a denial of what AWS allows":  {add(deny("ecr:*")), Stopped, "EKS-27"},
		"a denial of what ours allows": {func(all []*inventory.Object) []*inventory.Object { return append(ownPolicy(all), deny("ec2:*")) }, Stopped, "EKS-27"},
		"a denial of something else":   {add(deny("s3:*")), Passes, ""},
		"a group that failed":          {set("relay:nodes", "status", "CREATE_FAILED"), Stopped, "EKS-28"},
		"subnets that are not there":   {without("subnet-private"), CannotTell, ""},
		"a subnet of IPv6 alone":       {set("subnet-private", "cidrBlock", ""), CannotTell, ""},
		"no nodes":                     {set("relay:nodes", "scalingConfig.desiredSize", 0.0), Passes, ""},
	} {
		all := c.change(eksWorld())
		view := viewOf(all...)
		verdict, rules := Passes, []string{}
		for _, p := range NodesOf(view, view.Get(awstype.NodeGroup, "relay:nodes")).Paths() {
			verdict = max(verdict, p.Verdict())
			for _, h := range p.Troubles() {
				rules = append(rules, string(h.Rule))
			}
		}
		if verdict != c.want || c.rule != "" && !slices.Contains(rules, c.rule) {
			t.Errorf("%s: %v by %v, want %v by %s", name, verdict, rules, c.want, c.rule)
		}
	}
}

// ownPolicy gives the role what it does in a policy of the account's own.
func ownPolicy(all []*inventory.Object) []*inventory.Object {
	for _, o := range all {
		if o.ID == "nodes" {
			o.In.Set("managedPolicyArns", []any{})
			o.In.Set("inlinePolicies", []any{map[string]any{"name": "own", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
				`"Action":["ec2:*","ecr:*"],"Resource":"*"}]}`}})
		}
	}
	return all
}

// What AKS needs is HTTPS to names on the internet; an appliance or another network may
// lead there, too. Source: azure-aks-docs outbound-rules-control-egress.md,
// egress-outboundtype.md, and azure-docs virtual-networks-udr-overview.md.
func TestAKSWayOut(t *testing.T) {
	const vnet = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
	deny := props{"direction": "Outbound", "access": "Deny", "protocol": "*", "priority": 200.0, "name": "deny", "sourceAddressPrefix": "*",
		"destinationAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRange": "*"}
	allow := deny.With(props{"access": "Allow", "priority": 100.0, "name": "allow", "destinationAddressPrefix": "Internet", "destinationPortRange": "443"})
	for name, c := range map[string]struct {
		outbound string
		hop      string
		rules    []any
		want     Verdict
	}{
		"Azure's own rules":     {"loadBalancer", "", nil, Passes},
		"HTTPS to the internet": {"loadBalancer", "", []any{map[string]any(allow), map[string]any(deny)}, Passes},
		"nothing out":           {"loadBalancer", "", []any{map[string]any(deny)}, Stopped},
		"another port":          {"loadBalancer", "", []any{map[string]any(allow.With(props{"destinationPortRange": "80"})), map[string]any(deny)}, Stopped},
		"nothing out, in halves": {"loadBalancer", "", []any{
			map[string]any(deny.With(props{"destinationAddressPrefix": "0.0.0.0/1"})), map[string]any(deny.With(props{"destinationAddressPrefix": "128.0.0.0/1", "priority": 201.0, "name": "deny2"})),
		}, Stopped},
		"tags of services alone":          {"loadBalancer", "", []any{map[string]any(allow.With(props{"destinationAddressPrefix": "AzureCloud"})), map[string]any(deny)}, CannotTell},
		"everything into nothing":         {"loadBalancer", "None", nil, Stopped},
		"a firewall":                      {"userDefinedRouting", "VirtualAppliance", nil, CannotTell},
		"an isolated cluster, all denied": {"none", "", []any{map[string]any(deny)}, Passes},
	} {
		subnet := object(azuretype.Subnet, vnet+"/subnets/nodes", props{"addressPrefix": "10.10.1.0/24", "networkSecurityGroup": map[string]any{"id": vnet + "-nsg"}, "routeTable": map[string]any{"id": vnet + "-rt"}})
		routes := []any{}
		if c.hop != "" {
			routes = append(routes, map[string]any{"addressPrefix": "0.0.0.0/0", "nextHopType": c.hop})
		}
		view := viewOf(subnet, object(azuretype.VirtualNetwork, vnet, props{"addressSpace": map[string]any{"addressPrefixes": []any{"10.10.0.0/16"}}}),
			object(azuretype.NetworkSecurityGroup, vnet+"-nsg", props{"securityRules": c.rules}),
			object(azuretype.RouteTable, vnet+"-rt", props{"routes": routes}))
		if got := (Path{Hops: AKSWayOut(view, c.outbound, subnet.ID)}); got.Verdict() != c.want {
			t.Errorf("%s: %v, want %v: %v", name, got.Verdict(), c.want, got.Troubles())
		}
	}
}

// AKS-49. Source: Azure documentation, aks/localdns-custom: from 1.37, pools of four vCPUs
// and more without a profile that says Disabled.
func TestLocalDNS(t *testing.T) {
	for name, c := range map[string]struct {
		version, size, mode string
		allow               string // a block that policies let pods ask
		want                Verdict
	}{
		"before 1.37":          {"1.36.2", "Standard_D4s_v5", "", "", Passes},
		"two vCPUs":            {"1.37.0", "Standard_B2ms", "", "", Passes},
		"four vCPUs":           {"1.37.0", "Standard_D4s_v5", "", "", CannotTell},
		"sixteen, and ARM":     {"1.38.1", "Standard_D16ps_v5", "", "", CannotTell},
		"switched off":         {"1.37.0", "Standard_D4s_v5", "Disabled", "", Passes},
		"a policy that allows": {"1.37.0", "Standard_D4s_v5", "", "169.254.0.0/16", Passes},
	} {
		peers := []any{map[string]any{
			"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "kube-system"}},
			"podSelector":       map[string]any{"matchLabels": map[string]any{"k8s-app": "kube-dns"}},
		}}
		if c.allow != "" {
			peers = append(peers, map[string]any{"ipBlock": map[string]any{"cidr": c.allow}})
		}
		cluster := &inventory.Object{Type: azuretype.ManagedCluster, ID: "aks", In: props{
			"kubernetesVersion": c.version, "fqdn": "aks.example",
			"agentPoolProfiles": []any{map[string]any{"vmSize": c.size, "localDNSProfile": map[string]any{"mode": c.mode}}},
		}}
		policy := &inventory.Object{Type: kubetype.NetworkPolicy, ID: "bunny/dns", Region: "aks.example", In: props{
			"metadata": map[string]any{"namespace": "bunny"},
			"spec": map[string]any{"podSelector": map[string]any{}, "policyTypes": []any{"Egress"}, "egress": []any{map[string]any{
				"to": peers, "ports": []any{map[string]any{"protocol": "UDP", "port": 53.0}},
			}}},
		}}
		m := newModel(viewOf(cluster, policy), true)
		got := Path{Hops: m.asksDNS(cluster, "bunny")}
		if got.Verdict() != c.want {
			t.Errorf("%s: %v, want %v: %v", name, got.Verdict(), c.want, got.Troubles())
		}
		if c.want == CannotTell && !strings.Contains(got.Troubles()[0].String(), "AKS-49") {
			t.Errorf("%s: %v names no rule", name, got.Troubles())
		}
	}
}
