package aws

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/emulator"
)

// addonRegistry is the account that EKS's own images are pulled from, in every
// region of the emulation. Source: awsdocs/amazon-eks-user-guide add-ons-images.md.
const addonRegistry = "602401143452"

// nodeServices are what a node asks before it is ready (VPC-36): EC2 for its name
// and its pods' addresses, ECR and the S3 buckets behind it for images, STS.
var nodeServices = []string{"ec2", "ecr.api", "ecr.dkr", "s3", "sts"}

// nodeImages are the repositories whose images make a node ready.
var nodeImages = []string{"eks/pause", "eks/kube-proxy", "amazon-k8s-cni"}

var anywhere = netip.MustParsePrefix("0.0.0.0/0")

const httpsPort = 443

// nodeNet is the network as the nodes of a group see it. Network ACLs and what
// lies behind other routers are not followed.
type nodeNet struct {
	c       *emulator.Call
	vpc     string
	role    string // ARN
	subnets []string
	groups  []string
	public  bool // the launch template gives public addresses
	allowed []permission
}

func nodeNetOf(c *emulator.Call, nodes *emulator.Object) *nodeNet {
	n := &nodeNet{
		c: c, vpc: valueOf(c, typeCluster, nodes.Value("clusterName"), "vpcConfig.vpcId"),
		role: nodes.Value("nodeRoleArn"), subnets: nodes.In.Strings("subnetIds"), groups: nodeSecurityGroups(c, nodes),
	}
	if template, _ := templateOf(c, nodes.In); template != nil {
		for _, i := range template.In.Maps("networkInterfaces[*]") {
			n.public = n.public || i.Str("associatePublicIpAddress") == "true"
		}
	}
	for _, g := range n.groups {
		n.allowed = append(n.allowed, everyPermission(c, g)...)
	}
	return n
}

// newNodes is the network of nodes that the call starts; nil when it starts none.
// Those that have not joined are tried again.
func newNodes(c *emulator.Call) *nodeNet {
	starts := c.Old.Str("status") != "ACTIVE" ||
		c.Changed("version") || c.Changed("releaseVersion") || c.Changed("launchTemplate.version")
	if !starts || c.In.Int("scalingConfig.desiredSize") == 0 {
		return nil
	}
	return nodeNetOf(c, &emulator.Object{In: c.In, Out: c.Out})
}

// everyPermission are the permissions of a group, those too that AWS gave it.
func everyPermission(c *emulator.Call, group string) []permission {
	list := permissionsOf(c, group)
	if o := c.Tx.Get(typeSecurityGroup, group); o != nil && o.MadeBy != "" {
		list = append(list, inlinePermissions(group, "ingress", o.Out)...)
		list = append(list, inlinePermissions(group, "egress", o.Out)...)
	}
	return list
}

// opens reports whether a permission lets HTTPS through in a direction.
func (p permission) opens(direction string) bool {
	return p.direction == direction && (p.protocol == "-1" || p.protocol == "6" && p.from <= httpsPort && httpsPort <= p.to)
}

// covers reports whether the source of a permission holds all of a range.
func (p permission) covers(r netip.Prefix) bool {
	source, ok := ipv4Range(p.source)
	return ok && contains(source, r)
}

// tableOf is the route table of a subnet: its own, else the main one of the VPC.
func tableOf(c *emulator.Call, subnet string) string {
	for _, o := range where(c, typeRouteAssociation, "subnetId", subnet) {
		return o.Value("routeTableId")
	}
	return valueOf(c, typeVpc, vpcOf(c, subnet), "mainRouteTableId")
}

// defaultLeg is where a table sends what it has no other route for.
func defaultLeg(c *emulator.Call, table string) (leg, emulator.Props, bool) {
	for _, o := range others(c, typeRoute, typeRouteTable, typeDefaultRouteTable) {
		switch {
		case o.Type == typeRoute && o.Value("routeTableId") == table && o.Value("destinationCidrBlock") == anywhere.String():
			return legIn(c, table, o.In, "destinationCidrBlock"), o.In, true
		case o.Type != typeRoute && o.ID == table:
			for _, p := range o.In.Maps("routes[*]") {
				if p.Str("cidrBlock") == anywhere.String() {
					return legIn(c, table, p, "cidrBlock"), p, true
				}
			}
		}
	}
	return leg{}, nil, false
}

// isPublicSubnet reports whether a subnet's way out is the internet gateway.
func isPublicSubnet(c *emulator.Call, subnet string) bool {
	l, _, found := defaultLeg(c, tableOf(c, subnet))
	return found && l.gateway != "" && l.gateway == attachedInternetGateway(c, l.vpc)
}

// reachesInternet follows the way out of a subnet: through the internet gateway,
// through a NAT gateway that itself stands in a public subnet (VPC-11), or to
// another network, which is trusted to lead on.
func (n *nodeNet) reachesInternet(subnet string) bool {
	l, p, found := defaultLeg(n.c, tableOf(n.c, subnet))
	switch {
	case !found:
		return false
	case l.target == "natGatewayId":
		nat := n.c.Tx.Get(typeNatGateway, p.Str("natGatewayId"))
		return nat != nil && nat.Value("publicIp") != "" && isPublicSubnet(n.c, nat.Value("subnetId"))
	}
	return gatewayElsewhere(n.c, l) == "" && legTransit(n.c, l) == ""
}

// endpoint is what takes a subnet's traffic to a service inside the VPC, nil for
// nothing: a gateway endpoint in the subnet's route table, else an interface
// endpoint that has taken over the service's public name.
func (n *nodeNet) endpoint(subnet, service string) *emulator.Object {
	var found *emulator.Object
	for _, o := range where(n.c, typeVpcEndpoint, "vpcId", n.vpc) {
		switch {
		case serviceIn(n.c.Region(), o.In) != service:
		case isGatewayEndpoint(o.In) && slices.Contains(o.In.Strings("routeTableIds"), tableOf(n.c, subnet)):
			return o
		case !isGatewayEndpoint(o.In) && o.In.Bool("privateDnsEnabled") && !o.In.Bool("dnsOptions.privateDnsOnlyForInboundResolverEndpoint"):
			found = o
		}
	}
	return found
}

// eachEndpoint asks about every endpoint that nodes would use, until an answer.
func (n *nodeNet) eachEndpoint(ask func(subnet, service string, endpoint *emulator.Object) string) string {
	if n == nil {
		return ""
	}
	for _, subnet := range n.subnets {
		for _, service := range nodeServices {
			if e := n.endpoint(subnet, service); e != nil {
				if broken := ask(subnet, service, e); broken != "" {
					return broken
				}
			}
		}
	}
	return ""
}

const cannotJoin = "Instances failed to join the kubernetes cluster: "

// nodesWithoutServices: without a way to the internet each service needs an
// endpoint (VPC-36).
func nodesWithoutServices(c *emulator.Call) string {
	n := newNodes(c)
	if n == nil {
		return ""
	}
	for _, subnet := range n.subnets {
		var missing []string
		for _, service := range nodeServices {
			if n.endpoint(subnet, service) == nil && !n.reachesInternet(subnet) {
				missing = append(missing, service)
			}
		}
		if len(missing) > 0 {
			return fmt.Sprintf(cannotJoin+"%s has no way to the internet, and for %s no gateway endpoint in its route table %s "+
				"and no interface endpoint with private DNS", subnet, strings.Join(missing, ", "), tableOf(c, subnet))
		}
	}
	return ""
}

// nodesShutIn: to ask a service over the internet, nodes must be let out (VPC-25).
func nodesShutIn(c *emulator.Call) string {
	n := newNodes(c)
	if n == nil {
		return ""
	}
	open := slices.ContainsFunc(n.allowed, func(p permission) bool { return p.opens("egress") && p.covers(anywhere) })
	for _, subnet := range n.subnets {
		for _, service := range nodeServices {
			if n.endpoint(subnet, service) == nil && n.reachesInternet(subnet) && !open {
				return fmt.Sprintf(cannotJoin+"the security groups %v let no HTTPS out to %s", n.groups, service)
			}
		}
	}
	return ""
}

// nodesBeforeEndpoint: an endpoint with private DNS takes the traffic of the whole
// VPC to itself, whether it lets it in or not (VPC-37).
func nodesBeforeEndpoint(c *emulator.Call) string {
	n := newNodes(c)
	return n.eachEndpoint(func(subnet, service string, e *emulator.Object) string {
		switch {
		case !n.letOut(e):
			return fmt.Sprintf(cannotJoin+"the security groups %v let no HTTPS out to %s of %s", n.groups, e.ID, service)
		case !isGatewayEndpoint(e.In) && !n.letIn(subnet, e):
			return fmt.Sprintf(cannotJoin+"the security groups %v of %s of %s let no HTTPS in from %s",
				e.Out.Strings("securityGroupIds"), e.ID, service, subnet)
		}
		return ""
	})
}

// letOut: the nodes' groups name the endpoint's prefix list, its groups or all of
// its addresses.
func (n *nodeNet) letOut(e *emulator.Object) bool {
	names := append(e.Out.Strings("securityGroupIds"), e.Value("prefixListId"))
	return slices.ContainsFunc(n.allowed, func(p permission) bool {
		return p.opens("egress") && (slices.Contains(names, p.source) || p.covers(anywhere) || !isGatewayEndpoint(e.In) && p.coversAll(enisOf(e)))
	})
}

func (p permission) coversAll(list []eni) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(e eni) bool {
		a, err := netip.ParseAddr(e.address)
		return err != nil || !p.covers(netip.PrefixFrom(a, a.BitLen()))
	})
}

// letIn: one of the endpoint's groups names the nodes' groups or all of their subnet.
func (n *nodeNet) letIn(subnet string, e *emulator.Object) bool {
	return n.letInto(subnet, e.Out.Strings("securityGroupIds"))
}

func (n *nodeNet) letInto(subnet string, groups []string) bool {
	whole, known := ipv4Range(valueOf(n.c, typeSubnet, subnet, "cidrBlock"))
	for _, group := range groups {
		if slices.ContainsFunc(everyPermission(n.c, group), func(p permission) bool {
			return p.opens("ingress") && (slices.Contains(n.groups, p.source) || known && p.covers(whole))
		}) {
			return true
		}
	}
	return false
}

// nodesWithoutAddresses: a node in a public subnet has a way out only with a
// public address of its own.
func nodesWithoutAddresses(c *emulator.Call) string {
	n := newNodes(c)
	if n == nil || n.public {
		return ""
	}
	for _, subnet := range n.subnets {
		if o := c.Tx.Get(typeSubnet, subnet); o != nil && isPublicSubnet(c, subnet) && !o.Out.Bool("mapPublicIpOnLaunch") {
			return fmt.Sprintf("One or more Amazon EC2 Subnets of [%s] for node group %s does not automatically assign public IP addresses "+
				"to instances launched into it. If you want your instances to be assigned a public IP address, then you need to enable "+
				"auto-assign public IP address for the subnet.", subnet, c.In.Str("nodeGroupName"))
		}
	}
	return ""
}

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
	return n.eachEndpoint(func(_, service string, e *emulator.Object) string {
		d, err := documentOf(e.Out, "policy")
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

// nodesWithoutImages: a policy that keeps EKS's own images back.
func nodesWithoutImages(c *emulator.Call) string {
	if why := newNodes(c).unpulled(nodeImages); why != "" {
		return cannotJoin + why
	}
	return ""
}

// addonWithoutImages is the same for an add-on that comes later.
func addonWithoutImages(c *emulator.Call) string {
	if c.In.Str("addonName") != "coredns" {
		return "" // the others run on every node, which would not be ready
	}
	for _, nodes := range where(c, typeNodeGroup, "clusterName", c.In.Str("clusterName")) {
		if why := nodeNetOf(c, nodes).unpulled([]string{"eks/coredns"}); why != "" {
			return "The add-on is unhealthy because its images cannot be pulled: " + why
		}
	}
	return ""
}

// lets reports whether an endpoint's policy lets the nodes have what they need. A
// policy may name them by their role or by their account.
func (n *nodeNet) lets(d document, what need) bool {
	account := n.c.Account().AWSAccount
	asked := request{kind: "AWS", action: what.action, resource: what.resource, facts: map[string]string{
		"aws:principalaccount": account, "aws:principalarn": n.role, "aws:sourcevpc": n.vpc,
	}}
	if parts := strings.Split(what.resource, ":"); len(parts) > 4 && parts[4] != "" {
		asked.facts["aws:resourceaccount"] = parts[4]
	}
	return slices.ContainsFunc([]string{n.role, "arn:aws:iam::" + account + ":root", account}, func(who string) bool {
		asked.principal = who
		return d.permits(asked)
	})
}

// nodesBeforeCluster: nodes speak to the control plane's interfaces, which carry
// EKS's own group and those of the cluster (EKS-05, EKS-08).
func nodesBeforeCluster(c *emulator.Call) string {
	n, cluster := newNodes(c), c.Tx.Get(typeCluster, c.In.Str("clusterName"))
	if n == nil || cluster == nil {
		return ""
	}
	groups := append(cluster.In.Strings("vpcConfig.securityGroupIds"), cluster.Out.Str("vpcConfig.clusterSecurityGroupId"))
	out := slices.ContainsFunc(n.allowed, func(p permission) bool {
		return p.opens("egress") && (slices.Contains(groups, p.source) || p.coversAll(enisOf(cluster)))
	})
	for _, subnet := range n.subnets {
		if !out || !n.letInto(subnet, groups) {
			return fmt.Sprintf(cannotJoin+"no HTTPS from the security groups %v in %s to the control plane's %v", n.groups, subnet, groups)
		}
	}
	return ""
}
