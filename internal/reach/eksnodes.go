package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

// What nodes of EKS ask besides their control plane.
var (
	// readyServices are what a node asks before it is ready (VPC-36): EC2 for its name
	// and its pods' addresses, and STS.
	readyServices = []string{"ec2", "sts"}
	// imageServices are ECR, and S3 behind it.
	imageServices = []string{"ecr.api", "ecr.dkr", "s3"}
	// sessionServices are what the agent of Session Manager asks (VPC-38). Agents from
	// 3.3.40 on, which AL2023 has, leave ec2messages for ssmmessages. Source: awsdocs
	// systems-manager setup-create-vpc.md.
	sessionServices = []string{"ssm", "ssmmessages"}
)

// nodeImages are the repositories whose images make a node ready.
var nodeImages = []string{"eks/pause", "eks/kube-proxy", "amazon-k8s-cni"}

// nodePolicies are the managed policies that a node's role must have (EKS-27), each with
// those that do as well and what it is for: policies of one's own may allow that.
// Source: awsdocs/aws-managed-policy-reference.
var nodePolicies = []struct {
	names   []string
	actions []string
}{
	{[]string{"AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"}, []string{"ec2:DescribeInstances"}},
	{
		[]string{"AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPowerUser", "AmazonEC2ContainerRegistryFullAccess"},
		[]string{"ecr:GetAuthorizationToken", "ecr:BatchGetImage"},
	},
	{[]string{"AmazonEKS_CNI_Policy"}, []string{"ec2:AssignPrivateIpAddresses"}},
}

// sessionPolicy is the managed policy of what Session Manager's agent does, and
// sessionActions what of it counts in others. Source: awsdocs systems-manager
// getting-started-create-iam-instance-profile.html.
const sessionPolicy = "AmazonSSMManagedInstanceCore"

var sessionActions = []string{"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"}

// EKSNodes are the machines of a node group, and what they need.
type EKSNodes struct {
	m             *model
	nodes         *inventory.Object
	cluster, role *inventory.Object // nil when they are not in what was looked at
	vpc           *inventory.Object
	subnets       []*inventory.Object
	groups        []string
}

// NodesOf looks at the machines of an EKS node group, which may be only about to exist.
func NodesOf(view inventory.View, nodes *inventory.Object) *EKSNodes {
	return newModel(view, true).eksNodes(nodes)
}

// SecurityGroups are what the nodes really carry: the groups of their launch template,
// else the one that EKS made for the cluster (EKS-20).
func (n *EKSNodes) SecurityGroups() []string { return n.groups }

func (m *model) eksNodes(nodes *inventory.Object) *EKSNodes {
	n := &EKSNodes{m: m, nodes: nodes, cluster: m.clusterOf(nodes), groups: m.nodeGroupsOf(nodes)}
	n.role = m.Find(awstype.Role, "arn", nodes.Value("nodeRoleArn"))
	if n.cluster != nil {
		n.vpc = m.Get(awstype.Vpc, n.cluster.Value("vpcConfig.vpcId"))
	}
	for _, id := range nodes.Props().Strings("subnetIds") {
		if subnet := m.Get(awstype.Subnet, id); subnet != nil && hostIn(subnet).IsValid() {
			n.subnets = append(n.subnets, subnet)
		}
	}
	return n
}

// Paths are what the node group relies on: its way to the cluster, its images, and, where
// its role is one for it, Session Manager.
func (n *EKSNodes) Paths() []Path {
	name, what := n.nodes.Value("nodeGroupName"), "node group "+n.nodes.Value("nodeGroupName")
	if n.nodes.Props().Int("scalingConfig.desiredSize") == 0 {
		return []Path{{Name: "nodes " + name, Hops: []Hop{passes("no nodes in "+what, n.nodes.ID)}}}
	}
	ready := Path{Name: "nodes " + name, Hops: []Hop{passes(what, n.nodes.ID)}}
	if status := n.nodes.Value("status"); status != "" && status != "ACTIVE" {
		ready.Hops[0] = stopped(what, n.nodes.ID, "EKS-28", "mend what kept the nodes away, and bring the stack up", "its status is %s", status)
	}
	if len(n.subnets) == 0 {
		ready.Hops = append(ready.Hops, untold("subnets of "+what, n.nodes.ID, "its subnets, or their IPv4 ranges, are not in what was looked at"))
		return []Path{ready}
	}
	ready.Hops = slices.Concat(ready.Hops, n.Joining(), n.running())
	all := []Path{ready, {Name: "images for " + name, Hops: append(n.asks(imageServices), n.Pulling()...)}}
	if n.role != nil && n.maySession() {
		all = append(all, Path{Name: "Session Manager on " + name, Spare: true, Hops: n.sessions()})
	}
	return all
}

// maySession reports whether the nodes' role lets their agent speak to Session Manager.
func (n *EKSNodes) maySession() bool {
	own := !slices.ContainsFunc(sessionActions, func(action string) bool { return !iam.RoleMay(n.m.View, n.role.ID, action, "*") })
	denied := slices.ContainsFunc(sessionActions, func(action string) bool { return iam.RoleIsDenied(n.m.View, n.role.ID, action, "*") })
	return !denied && (own || slices.Contains(iam.AttachedPolicies(n.m.View, n.role.ID), iam.ManagedPrefix+sessionPolicy))
}

// sessions judges the agents' way to Session Manager.
func (n *EKSNodes) sessions() (hops []Hop) {
	for _, h := range n.asks(sessionServices) {
		if h.Verdict == Stopped {
			h.Rule, h.Reason = "VPC-38", "Session Manager lists no node: "+h.Reason
		}
		hops = append(hops, h)
	}
	return hops
}

// Online judges whether Session Manager calls a node of the group online: there is one, its
// role lets it, and its way leads there.
func (n *EKSNodes) Online() []Hop {
	what := "node group " + n.nodes.Value("nodeGroupName")
	switch {
	case n.nodes.Props().Int("scalingConfig.desiredSize") == 0:
		return []Hop{stopped(what, n.nodes.ID, "SSM-03", "let it have nodes", "%s has no nodes", what)}
	case n.nodes.Value("status") != "ACTIVE":
		return []Hop{stopped(what, n.nodes.ID, "SSM-03", "mend what keeps the nodes away", "the status of %s is %s", what, n.nodes.Value("status"))}
	case n.role == nil:
		return []Hop{untold("role of the nodes", n.nodes.Value("nodeRoleArn"), "the role is not in what was looked at")}
	case !n.maySession():
		return []Hop{stopped("role of the nodes", n.role.ID, "VPC-38", "attach "+sessionPolicy, "the role %s has not the rights of %s", n.role.ID, sessionPolicy)}
	}
	return n.sessions()
}

// Joining judges what nodes need to become part of the cluster, but for images: DNS, a
// role, addresses, their control plane, and AWS's services.
func (n *EKSNodes) Joining() []Hop {
	return slices.Concat(n.resolves(), n.mayJoin(), n.addresses(), n.toControlPlane(), n.asks(readyServices))
}

// Fetching judges the way to where images are.
func (n *EKSNodes) Fetching() []Hop { return n.asks(imageServices) }

// relabel names the rule that a refusal by an AWS filter follows from.
func relabel(hops []Hop, from, to rules.ID) []Hop {
	for i := range hops {
		if hops[i].Rule == from {
			hops[i].Rule = to
		}
	}
	return hops
}

// resolves: without DNS in the VPC a node finds nothing (VPC-08).
func (n *EKSNodes) resolves() []Hop {
	if n.vpc == nil {
		return []Hop{untold("VPC of the nodes", "", "the VPC is not in what was looked at")}
	}
	for _, flag := range []string{"enableDnsSupport", "enableDnsHostnames"} {
		if v, set := n.vpc.Props().Get(flag); flag == "enableDnsHostnames" && !set || set && v == any(false) {
			return []Hop{stopped("DNS of "+n.vpc.ID, n.vpc.ID, "VPC-08", "set "+flag, "%s is off in %s", flag, n.vpc.ID)}
		}
	}
	return []Hop{passes("DNS of "+n.vpc.ID, n.vpc.ID)}
}

// mayJoin: a node's role has what a node does (EKS-27), and no policy of its own denies it.
func (n *EKSNodes) mayJoin() []Hop {
	if n.role == nil {
		return []Hop{untold("role of the nodes", n.nodes.Value("nodeRoleArn"), "the role is not in what was looked at")}
	}
	attached := iam.AttachedPolicies(n.m.View, n.role.ID)
	var hops []Hop
	for _, p := range nodePolicies {
		has := slices.ContainsFunc(p.names, func(name string) bool { return slices.Contains(attached, iam.ManagedPrefix+name) })
		lacks := slices.ContainsFunc(p.actions, func(action string) bool { return !iam.RoleMay(n.m.View, n.role.ID, action, "*") })
		denied := slices.IndexFunc(p.actions, func(action string) bool { return iam.RoleIsDenied(n.m.View, n.role.ID, action, "*") })
		switch {
		case denied >= 0:
			hops = append(hops, stopped("role of the nodes", n.role.ID, "EKS-27", "take the denial away", "a policy of role %s denies %s", n.role.ID, p.actions[denied]))
		case !has && lacks:
			hops = append(hops, stopped("role of the nodes", n.role.ID, "EKS-27", "attach "+p.names[0], "role %s lacks %s", n.role.ID, strings.Join(p.names, " or ")))
		}
	}
	return append(hops, passes("role of the nodes", n.role.ID))
}

// addresses: a node in a public subnet has a way out only with a public address of its
// own (EKS-28).
func (n *EKSNodes) addresses() []Hop {
	if template := n.m.templateOf(n.nodes); template != nil {
		for _, i := range template.In.Maps("networkInterfaces[*]") {
			if i.Str("associatePublicIpAddress") == "true" {
				return nil
			}
		}
	}
	var hops []Hop
	for _, subnet := range n.subnets {
		if !subnet.Props().Bool("mapPublicIpOnLaunch") && n.m.isPublic(subnet) {
			hops = append(hops, stopped("addresses in "+n.m.subnetName(subnet), subnet.ID, "EKS-28", "set mapPublicIpOnLaunch, or take private subnets",
				"One or more Amazon EC2 Subnets of [%s] for node group %s does not automatically assign public IP addresses "+
					"to instances launched into it", subnet.ID, n.nodes.Value("nodeGroupName")))
		}
	}
	return hops
}

// controlPlane are the interfaces of the cluster, which carry EKS's own group and those
// of the cluster (EKS-05).
func (n *EKSNodes) controlPlane() []iface {
	if n.cluster == nil {
		return nil
	}
	p := n.cluster.Props()
	groups := append(p.Strings("vpcConfig.securityGroupIds"), p.Str("vpcConfig.clusterSecurityGroupId"))
	return n.m.serviceInterfaces("the control plane", n.cluster, p.Strings("vpcConfig.subnetIds"), groups)
}

// toControlPlane: nodes speak to the cluster's API at those interfaces (EKS-08).
func (n *EKSNodes) toControlPlane() (hops []Hop) {
	if n.cluster == nil {
		return []Hop{untold("control plane", "", "the cluster is not in what was looked at")}
	}
	for _, to := range n.controlPlane() {
		for _, subnet := range n.subnets {
			for _, from := range n.m.interfaces("the nodes", subnet, n.groups) {
				hops = append(hops, n.m.connect(from, to, "tcp", httpsPort)...)
			}
		}
	}
	return relabel(hops, "VPC-26", "EKS-08")
}

// running judges what a cluster needs of nodes that have joined: the control plane asks
// kubelets, and pods ask CoreDNS on other nodes. Source: awsdocs/amazon-eks-user-guide
// sec-group-reqs.md, minimum rules.
func (n *EKSNodes) running() (hops []Hop) {
	var nodes []iface
	for _, subnet := range n.subnets {
		nodes = append(nodes, n.m.interfaces("the nodes", subnet, n.groups)...)
	}
	for _, to := range nodes {
		for _, from := range n.controlPlane() {
			hops = append(hops, n.m.connect(from, to, "tcp", kubeletPort)...)
		}
		for _, from := range nodes {
			if from.address != to.address {
				hops = append(append(hops, n.m.connect(from, to, "udp", dnsPort)...), n.m.connect(from, to, "tcp", dnsPort)...)
			}
		}
	}
	return hops
}

const kubeletPort = 10250

// Asking judges the way of the nodes, and of pods on them, to services of AWS.
func (n *EKSNodes) Asking(services ...string) []Hop { return n.asks(services) }

// asks judges the way from every subnet of the nodes to services of AWS: through
// endpoints, else over the internet (VPC-36).
func (n *EKSNodes) asks(services []string) (hops []Hop) {
	for _, subnet := range n.subnets {
		var others []string
		for _, service := range services {
			e := n.endpoint(subnet, service)
			switch {
			case e == nil:
				others = append(others, service)
			case isGatewayEndpoint(e):
				hops = append(hops, n.throughGateway(subnet, service, e)...)
			default:
				hops = append(hops, n.throughInterface(subnet, service, e)...)
			}
		}
		if len(others) > 0 {
			hops = append(hops, n.overInternet(subnet, others)...)
		}
	}
	return hops
}

// isGatewayEndpoint reports whether an endpoint is one of route tables.
func isGatewayEndpoint(e *inventory.Object) bool {
	return e.Props().StrOr("vpcEndpointType", "Gateway") == "Gateway"
}

// endpoint is what takes a subnet's traffic to a service inside the VPC, nil for
// nothing: a gateway endpoint in the subnet's route table, else an interface endpoint
// that has taken over the service's public name. Source: Amazon VPC guide,
// privatelink/gateway-endpoints.md and interface-endpoints.md.
func (n *EKSNodes) endpoint(subnet *inventory.Object, service string) (found *inventory.Object) {
	for _, e := range n.m.All(awstype.VpcEndpoint) {
		p := e.Props()
		switch {
		case p.Str("vpcId") != subnet.Value("vpcId") || p.Str("serviceName") != "com.amazonaws."+n.nodes.Region+"."+service:
		case isGatewayEndpoint(e) && slices.Contains(p.Strings("routeTableIds"), n.m.tableOf(subnet)):
			return e
		case !isGatewayEndpoint(e) && p.Bool("privateDnsEnabled") && !p.Bool("dnsOptions.privateDnsOnlyForInboundResolverEndpoint"):
			found = e
		}
	}
	return found
}

// throughInterface: an endpoint with private DNS takes the traffic of the whole VPC to
// itself, whether it lets it in or not (VPC-37).
func (n *EKSNodes) throughInterface(subnet *inventory.Object, service string, e *inventory.Object) (hops []Hop) {
	name := "the endpoint of " + service
	groups := e.Props().Strings("securityGroupIds")
	for _, to := range n.m.serviceInterfaces(name, e, e.Props().Strings("subnetIds"), groups) {
		for _, from := range n.m.interfaces("the nodes towards "+name, subnet, n.groups) {
			for _, h := range n.m.connect(from, to, "tcp", httpsPort) {
				if h.Verdict == Stopped && h.Rule == "VPC-26" {
					h.Rule, h.Resource = "VPC-37", e.ID+", "+h.Resource
				}
				hops = append(hops, h)
			}
		}
	}
	return append(hops, passes(name, e.ID))
}

// throughGateway: S3's and DynamoDB's addresses stay public behind a gateway endpoint, and
// a rule may name them by the endpoint's prefix list.
func (n *EKSNodes) throughGateway(subnet *inventory.Object, service string, e *inventory.Object) []Hop {
	name := "the endpoint of " + service
	list := []string{e.Value("prefixListId")}
	hops := n.m.publicly(func(to netip.Addr) (hops []Hop) {
		for _, from := range n.m.interfaces("the nodes towards "+name, subnet, n.groups) {
			p := Packet{Protocol: "tcp", From: from.address, To: to, FromPort: ephemeral[0], ToPort: httpsPort}
			hops = append(append(hops, n.m.groups(from.name, from.groups, true, p, list)), n.m.edge(subnet, true, p)...)
		}
		return hops
	})
	return append(relabel(hops, "VPC-26", "VPC-37"), passes(name, e.ID))
}

// overInternet: what no endpoint serves needs a way to the internet (VPC-36), and to be
// let out (VPC-25).
func (n *EKSNodes) overInternet(subnet *inventory.Object, services []string) []Hop {
	asked := strings.Join(services, ", ")
	hops := n.m.publicly(func(to netip.Addr) (hops []Hop) {
		for _, from := range n.m.interfaces("the nodes", subnet, n.groups) {
			p := Packet{Protocol: "tcp", From: from.address, To: to, FromPort: ephemeral[0], ToPort: httpsPort}
			hops = append(append(hops, n.m.groups(from.name, from.groups, true, p, nil)), n.m.wayOut(subnet, p)...)
		}
		return hops
	})
	for i, h := range hops {
		switch {
		case h.Rule == "VPC-26":
			hops[i].Rule, hops[i].Reason = "VPC-25", fmt.Sprintf("%s, which %s needs", h.Reason, asked)
		case h.Rule == "VPC-36":
			hops[i].Reason = fmt.Sprintf("%s, and for %s there is no gateway endpoint in its route table and no interface endpoint with private DNS", h.Reason, asked)
		}
	}
	if slices.ContainsFunc(hops, func(h Hop) bool { return h.Rule == "VPC-36" }) {
		return slices.DeleteFunc(hops, func(h Hop) bool { return h.Rule != "VPC-36" }) // nobody would need to be let out
	}
	return hops
}

// A need is one thing that a node asks of a service, as an endpoint's policy sees it.
type need struct{ action, resource string }

// addonRegistry is the account that EKS's own images are pulled from, in every region
// of the emulation. Source: awsdocs/amazon-eks-user-guide add-ons-images.md.
const addonRegistry = "602401143452"

// needsOf are what nodes ask of a service to run images of the repositories.
func (n *EKSNodes) needsOf(service string, images []string) (list []need) {
	region := n.nodes.Region
	switch service {
	case "ec2":
		return []need{
			{"ec2:DescribeInstances", "*"},
			{"ec2:AssignPrivateIpAddresses", fmt.Sprintf("arn:aws:ec2:%s:%s:network-interface/eni-0", region, n.account())},
		}
	case "ecr.api":
		return []need{{"ecr:GetAuthorizationToken", "*"}}
	case "s3":
		return []need{{"s3:GetObject", fmt.Sprintf("arn:aws:s3:::prod-%s-starport-layer-bucket/layer", region)}}
	case "ecr.dkr":
		for _, image := range images {
			arn := fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s", region, addonRegistry, image)
			list = append(list, need{"ecr:BatchGetImage", arn}, need{"ecr:GetDownloadUrlForLayer", arn})
		}
	}
	return list
}

func (n *EKSNodes) account() string { return iam.Account(n.nodes.Value("nodeRoleArn")) }

// Pulling judges what the endpoints' policies let nodes do to run images of EKS's
// repositories: without a name, of those that make a node ready.
func (n *EKSNodes) Pulling(images ...string) (hops []Hop) {
	if len(images) == 0 {
		images = nodeImages
	}
	for _, subnet := range n.subnets {
		for _, service := range slices.Concat(readyServices, imageServices) {
			e := n.endpoint(subnet, service)
			if e == nil {
				continue
			}
			d, err := iam.Read(e.Props(), "policy")
			if err != nil {
				continue
			}
			for _, need := range n.needsOf(service, images) {
				if !n.lets(d, need) {
					hops = append(hops, stopped("policy of the endpoint of "+service, e.ID, "VPC-36", "allow it in the policy",
						"the policy of %s does not allow %s on %s", e.ID, need.action, need.resource))
				}
			}
		}
	}
	return hops
}

// lets reports whether an endpoint's policy lets the nodes have what they need. A policy
// may name them by their role or by their account.
func (n *EKSNodes) lets(d iam.Document, what need) bool {
	account, role := n.account(), n.nodes.Value("nodeRoleArn")
	facts := map[string]string{"aws:principalaccount": account, "aws:principalarn": role}
	if n.vpc != nil {
		facts["aws:sourcevpc"] = n.vpc.ID
	}
	if owner := iam.Account(what.resource); owner != "" {
		facts["aws:resourceaccount"] = owner
	}
	asked := iam.Request{Kind: "AWS", Action: what.action, Resource: what.resource, Facts: facts}
	return slices.ContainsFunc([]string{role, "arn:aws:iam::" + account + ":root", account}, func(who string) bool {
		asked.Principal = who
		return d.Permits(asked)
	})
}
