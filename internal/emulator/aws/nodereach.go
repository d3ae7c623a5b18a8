package aws

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// nodeServices are what a node asks before it is ready (VPC-36): EC2 for its name
// and its pods' addresses, ECR and the S3 buckets behind it for images, STS.
var nodeServices = []string{"ec2", "ecr.api", "ecr.dkr", "s3", "sts"}

var anywhere = netip.MustParsePrefix("0.0.0.0/0")

const httpsPort = 443

// nodeNet is the network as the nodes of a group see it. Network ACLs and what
// lies behind other routers are not followed.
type nodeNet struct {
	c       *emulator.Call
	cluster string
	vpc     string
	role    string // ARN
	subnets []string
	groups  []string
	public  bool // the launch template gives public addresses
	allowed []permission
}

func nodeNetOf(c *emulator.Call, nodes *inventory.Object) *nodeNet {
	n := &nodeNet{
		c: c, cluster: nodes.Value("clusterName"), vpc: valueOf(c, awstype.Cluster, nodes.Value("clusterName"), "vpcConfig.vpcId"),
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

// everyPermission are the permissions of a group, those too that AWS gave it.
func everyPermission(c *emulator.Call, group string) []permission {
	list := permissionsOf(c, group)
	if o := c.Tx.Get(awstype.SecurityGroup, group); o != nil && o.MadeBy != "" {
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
	for _, o := range where(c, awstype.RouteTableAssociation, "subnetId", subnet) {
		return o.Value("routeTableId")
	}
	return valueOf(c, awstype.Vpc, vpcOf(c, subnet), "mainRouteTableId")
}

// defaultLeg is where a table sends what it has no other route for.
func defaultLeg(c *emulator.Call, table string) (leg, inventory.Props, bool) {
	for _, o := range others(c, awstype.Route, awstype.RouteTable, awstype.DefaultRouteTable) {
		switch {
		case o.Type == awstype.Route && o.Value("routeTableId") == table && o.Value("destinationCidrBlock") == anywhere.String():
			return legIn(c, table, o.In, "destinationCidrBlock"), o.In, true
		case o.Type != awstype.Route && o.ID == table:
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
		nat := n.c.Tx.Get(awstype.NatGateway, p.Str("natGatewayId"))
		return nat != nil && nat.Value("publicIp") != "" && isPublicSubnet(n.c, nat.Value("subnetId"))
	}
	return gatewayElsewhere(n.c, l) == "" && legTransit(n.c, l) == ""
}

// endpoint is what takes a subnet's traffic to a service inside the VPC, nil for
// nothing: a gateway endpoint in the subnet's route table, else an interface
// endpoint that has taken over the service's public name.
func (n *nodeNet) endpoint(subnet, service string) *inventory.Object {
	var found *inventory.Object
	for _, o := range where(n.c, awstype.VpcEndpoint, "vpcId", n.vpc) {
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

// eachEndpoint asks about every endpoint that nodes use for the services, until an
// answer.
func (n *nodeNet) eachEndpoint(services []string, ask func(subnet, service string, endpoint *inventory.Object) string) string {
	for _, subnet := range n.subnets {
		for _, service := range services {
			if e := n.endpoint(subnet, service); e != nil {
				if broken := ask(subnet, service, e); broken != "" {
					return broken
				}
			}
		}
	}
	return ""
}

// unserved: without a way to the internet each service needs an endpoint (VPC-36).
func (n *nodeNet) unserved(services []string) string {
	for _, subnet := range n.subnets {
		var missing []string
		for _, service := range services {
			if n.endpoint(subnet, service) == nil && !n.reachesInternet(subnet) {
				missing = append(missing, service)
			}
		}
		if len(missing) > 0 {
			return fmt.Sprintf("%s has no way to the internet, and for %s no gateway endpoint in its route table %s "+
				"and no interface endpoint with private DNS", subnet, strings.Join(missing, ", "), tableOf(n.c, subnet))
		}
	}
	return ""
}

// shutIn: to ask a service over the internet, nodes must be let out (VPC-25).
func (n *nodeNet) shutIn(services []string) string {
	open := slices.ContainsFunc(n.allowed, func(p permission) bool { return p.opens("egress") && p.covers(anywhere) })
	for _, subnet := range n.subnets {
		for _, service := range services {
			if n.endpoint(subnet, service) == nil && n.reachesInternet(subnet) && !open {
				return fmt.Sprintf("the security groups %v let no HTTPS out to %s", n.groups, service)
			}
		}
	}
	return ""
}

// shutOut: an endpoint with private DNS takes the traffic of the whole VPC to
// itself, whether it lets it in or not (VPC-37).
func (n *nodeNet) shutOut(services []string) string {
	return n.eachEndpoint(services, func(subnet, service string, e *inventory.Object) string {
		switch {
		case !n.letOut(e):
			return fmt.Sprintf("the security groups %v let no HTTPS out to %s of %s", n.groups, e.ID, service)
		case !isGatewayEndpoint(e.In) && !n.letIn(subnet, e):
			return fmt.Sprintf("the security groups %v of %s of %s let no HTTPS in from %s",
				e.Out.Strings("securityGroupIds"), e.ID, service, subnet)
		}
		return ""
	})
}

// letOut: the nodes' groups name the endpoint's prefix list, its groups or all of
// its addresses.
func (n *nodeNet) letOut(e *inventory.Object) bool {
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
func (n *nodeNet) letIn(subnet string, e *inventory.Object) bool {
	return n.letInto(subnet, e.Out.Strings("securityGroupIds"))
}

func (n *nodeNet) letInto(subnet string, groups []string) bool {
	whole, known := ipv4Range(valueOf(n.c, awstype.Subnet, subnet, "cidrBlock"))
	for _, group := range groups {
		if slices.ContainsFunc(everyPermission(n.c, group), func(p permission) bool {
			return p.opens("ingress") && (slices.Contains(n.groups, p.source) || known && p.covers(whole))
		}) {
			return true
		}
	}
	return false
}
