package network

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// AWSArgs is what the VPC is made from. Azure's ranges are in Network, because
// the network ACLs name them.
type AWSArgs struct {
	Estate  plan.Estate
	Network plan.Network
	Relay   plan.Relay
}

// AWS is the VPC.
type AWS struct {
	pulumi.ResourceState

	VPCID                pulumi.IDOutput
	PrivateSubnetIDs     []pulumi.IDOutput // in the order of the plan's zones
	PrivateRouteTableIDs []pulumi.IDOutput // in the order of the plan's zones
	// LogKeyARN is the key that CloudWatch Logs may use for any log group of
	// the account in this region.
	LogKeyARN pulumi.StringOutput
	// Ready is what has to stand before nodes and other things that take
	// addresses of the private subnets at will: the reservations of the fixed
	// addresses, the way to the internet and the network ACLs.
	Ready []pulumi.Resource
}

// NewAWS makes the VPC with its subnets, routes, ACLs and flow log.
func NewAWS(ctx *pulumi.Context, name string, args AWSArgs, opts ...pulumi.ResourceOption) (*AWS, error) {
	out := &AWS{}
	if err := ctx.RegisterComponentResource("burrow:network:AWS", name, out, opts...); err != nil {
		return nil, fmt.Errorf("aws network %s: %w", name, err)
	}
	b := &awsBuilder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(out), out: out}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("aws network %s: %w", name, err)
	}
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{
		"vpcId":                out.VPCID,
		"privateSubnetIds":     pulumi.ToIDArrayOutput(out.PrivateSubnetIDs),
		"privateRouteTableIds": pulumi.ToIDArrayOutput(out.PrivateRouteTableIDs),
		"logKeyArn":            out.LogKeyARN,
	})
}

// awsBuilder makes the children of one AWS network. Rules and routes are always
// resources of their own: inline ones and these would undo each other (PRV-15).
type awsBuilder struct {
	ctx    *pulumi.Context
	name   string
	args   AWSArgs
	parent pulumi.ResourceOption
	out    *AWS
}

func (b *awsBuilder) build() error {
	vpc, err := b.vpc()
	if err != nil {
		return fmt.Errorf("vpc: %w", err)
	}
	b.out.VPCID = vpc.ID()
	public, err := b.publicSubnets(vpc)
	if err != nil {
		return fmt.Errorf("public subnets: %w", err)
	}
	gateways, err := b.natGateways(public)
	if err != nil {
		return fmt.Errorf("nat gateways: %w", err)
	}
	if err := b.privateSubnets(vpc, gateways); err != nil {
		return fmt.Errorf("private subnets: %w", err)
	}
	if err := b.flowLog(); err != nil {
		return fmt.Errorf("flow log: %w", err)
	}
	return nil
}

func (b *awsBuilder) vpc() (*ec2.Vpc, error) {
	name := b.args.Estate.Name("burrow-vpc")
	// Both DNS flags are needed by private zones and the private EKS endpoint
	// (VPC-08); hostnames are off unless asked for.
	vpc, err := ec2.NewVpc(b.ctx, b.name+"-vpc", &ec2.VpcArgs{
		CidrBlock:          pulumi.String(b.args.Network.AWS.CIDR.String()),
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		InstanceTenancy:    pulumi.String("default"),
		Tags:               b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	// Every VPC has this group. Taken over without rules, it allows nothing to
	// whoever forgets to name a group.
	group := b.args.Estate.Name("burrow-default-unused")
	_, err = ec2.NewDefaultSecurityGroup(b.ctx, b.name+"-default-group", &ec2.DefaultSecurityGroupArgs{
		VpcId: vpc.ID(),
		Tags:  b.tags(group),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("default security group: %w", err)
	}
	return vpc, nil
}

// publicSubnet is a public subnet that reaches the internet: way is what must
// exist before a NAT gateway in it is of any use (VPC-11).
type publicSubnet struct {
	id  pulumi.IDOutput
	way []pulumi.Resource
}

// publicSubnets makes the internet gateway, the public route table and ACL, and
// a public subnet in each zone, without automatic public addresses.
func (b *awsBuilder) publicSubnets(vpc *ec2.Vpc) ([]publicSubnet, error) {
	table, err := b.routeTable(vpc, "public", "burrow-public")
	if err != nil {
		return nil, err
	}
	gateway, err := ec2.NewInternetGateway(b.ctx, b.name+"-internet-gateway", &ec2.InternetGatewayArgs{
		VpcId: vpc.ID(),
		Tags:  b.tags(b.args.Estate.Name("burrow-igw")),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("internet gateway: %w", err)
	}
	route, err := ec2.NewRoute(b.ctx, b.name+"-public-default", &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(internet.String()),
		GatewayId:            gateway.ID(),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("default route: %w", err)
	}
	acl, err := b.networkACL(vpc, "public", publicACL(b.args.Network))
	if err != nil {
		return nil, err
	}
	var subnets []publicSubnet
	for i, zone := range b.args.Network.AWS.Zones {
		subnet, err := b.subnet(vpc, "public", i, zone.Name, zone.Public.String(), "kubernetes.io/role/elb")
		if err != nil {
			return nil, err
		}
		joined, err := b.join(subnet, table, acl, "public", i)
		if err != nil {
			return nil, err
		}
		subnets = append(subnets, publicSubnet{id: subnet.ID(), way: append(joined, route)})
	}
	return subnets, nil
}

// natGateways makes one NAT gateway for each zone, or a single one in the
// first.
func (b *awsBuilder) natGateways(public []publicSubnet) ([]*ec2.NatGateway, error) {
	if b.args.Network.AWS.Egress == plan.EgressNATSingle {
		public = public[:1]
	}
	var gateways []*ec2.NatGateway
	for i, subnet := range public {
		name := b.args.Estate.Name("burrow-nat-" + az(i))
		ready := pulumi.DependsOn(subnet.way)
		// An Elastic IP of a VPC without internet gateway cannot be used (VPC-09).
		address, err := ec2.NewEip(b.ctx, b.name+"-nat-ip-"+az(i), &ec2.EipArgs{
			Domain: pulumi.String("vpc"),
			Tags:   b.tags(name),
		}, b.parent, ready)
		if err != nil {
			return nil, fmt.Errorf("elastic ip %s: %w", az(i), err)
		}
		// The address goes with one gateway at a time, so the old gateway
		// leaves before the new one comes.
		gateway, err := ec2.NewNatGateway(b.ctx, b.name+"-nat-"+az(i), &ec2.NatGatewayArgs{
			AllocationId:     address.ID(),
			SubnetId:         subnet.id,
			ConnectivityType: pulumi.String("public"),
			Tags:             b.tags(name),
		}, b.parent, ready, pulumi.DeleteBeforeReplace(true))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", az(i), err)
		}
		gateways = append(gateways, gateway)
	}
	return gateways, nil
}

// privateSubnets makes a private subnet in each zone with a route table of its
// own, the private ACL and the reservations.
func (b *awsBuilder) privateSubnets(vpc *ec2.Vpc, gateways []*ec2.NatGateway) error {
	acl, err := b.networkACL(vpc, "private", privateACL(b.args.Network, b.args.Relay))
	if err != nil {
		return err
	}
	for i, zone := range b.args.Network.AWS.Zones {
		subnet, err := b.subnet(vpc, "private", i, zone.Name, zone.Private.String(), "kubernetes.io/role/internal-elb")
		if err != nil {
			return err
		}
		reservation, err := b.reserve(subnet, zone, i)
		if err != nil {
			return err
		}
		table, err := b.routeTable(vpc, "private-"+az(i), "burrow-private-"+az(i))
		if err != nil {
			return err
		}
		route, err := ec2.NewRoute(b.ctx, b.name+"-private-default-"+az(i), &ec2.RouteArgs{
			RouteTableId:         table.ID(),
			DestinationCidrBlock: pulumi.String(internet.String()),
			NatGatewayId:         gateways[min(i, len(gateways)-1)].ID(),
		}, b.parent)
		if err != nil {
			return fmt.Errorf("default route %s: %w", az(i), err)
		}
		joined, err := b.join(subnet, table, acl, "private", i)
		if err != nil {
			return err
		}
		b.out.PrivateSubnetIDs = append(b.out.PrivateSubnetIDs, subnet.ID())
		b.out.PrivateRouteTableIDs = append(b.out.PrivateRouteTableIDs, table.ID())
		b.out.Ready = append(append(b.out.Ready, reservation, route), joined...)
	}
	return nil
}

// reserve keeps a block of the subnet from automatic assignment. The load
// balancer and the resolver endpoints name their addresses in it; nodes and
// pods, which take what is free, never get them.
func (b *awsBuilder) reserve(subnet *ec2.Subnet, zone plan.Zone, i int) (*ec2.SubnetCidrReservation, error) {
	reservation, err := ec2.NewSubnetCidrReservation(b.ctx, b.name+"-reserved-"+az(i), &ec2.SubnetCidrReservationArgs{
		SubnetId:        subnet.ID(),
		CidrBlock:       pulumi.String(zone.Reserved.String()),
		ReservationType: pulumi.String("explicit"),
		Description:     pulumi.String("fixed addresses of the load balancer and the resolver endpoints"),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("reservation %s: %w", az(i), err)
	}
	return reservation, nil
}

// subnet makes the subnet of one kind in zone i. The role tag is where
// load-balancer controllers look for subnets (EKS-37).
func (b *awsBuilder) subnet(vpc *ec2.Vpc, kind string, i int, zone, cidr, roleTag string) (*ec2.Subnet, error) {
	tags := b.tags(b.args.Estate.Name(fmt.Sprintf("eks-%s-subnet-%s", kind, az(i))))
	tags[roleTag] = pulumi.String("1")
	subnet, err := ec2.NewSubnet(b.ctx, fmt.Sprintf("%s-%s-%s", b.name, kind, az(i)), &ec2.SubnetArgs{
		VpcId:               vpc.ID(),
		CidrBlock:           pulumi.String(cidr),
		AvailabilityZone:    pulumi.String(zone),
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags:                tags,
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("subnet %s: %w", az(i), err)
	}
	return subnet, nil
}

func (b *awsBuilder) routeTable(vpc *ec2.Vpc, child, base string) (*ec2.RouteTable, error) {
	table, err := ec2.NewRouteTable(b.ctx, fmt.Sprintf("%s-%s-routes", b.name, child), &ec2.RouteTableArgs{
		VpcId: vpc.ID(),
		Tags:  b.tags(b.args.Estate.Name(base)),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("route table %s: %w", child, err)
	}
	return table, nil
}

// join puts the subnet under its route table and its ACL.
func (b *awsBuilder) join(
	subnet *ec2.Subnet, table *ec2.RouteTable, acl *guardedACL, kind string, i int,
) ([]pulumi.Resource, error) {
	routes, err := ec2.NewRouteTableAssociation(b.ctx, fmt.Sprintf("%s-%s-routes-%s", b.name, kind, az(i)),
		&ec2.RouteTableAssociationArgs{SubnetId: subnet.ID(), RouteTableId: table.ID()}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("route table association %s: %w", az(i), err)
	}
	// An ACL denies everything until it has rules (VPC-20): they come first.
	guard, err := ec2.NewNetworkAclAssociation(b.ctx, fmt.Sprintf("%s-%s-acl-%s", b.name, kind, az(i)),
		&ec2.NetworkAclAssociationArgs{SubnetId: subnet.ID(), NetworkAclId: acl.ID()},
		b.parent, pulumi.DependsOn(acl.rules))
	if err != nil {
		return nil, fmt.Errorf("network acl association %s: %w", az(i), err)
	}
	return []pulumi.Resource{routes, guard}, nil
}

// guardedACL is a network ACL with its rules.
type guardedACL struct {
	*ec2.NetworkAcl
	rules []pulumi.Resource
}

func (b *awsBuilder) networkACL(vpc *ec2.Vpc, kind string, rules []aclRule) (*guardedACL, error) {
	acl, err := ec2.NewNetworkAcl(b.ctx, fmt.Sprintf("%s-%s-acl", b.name, kind), &ec2.NetworkAclArgs{
		VpcId: vpc.ID(),
		Tags:  b.tags(b.args.Estate.Name("burrow-" + kind)),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("%s network acl: %w", kind, err)
	}
	guarded := &guardedACL{NetworkAcl: acl}
	for _, r := range rules {
		child := fmt.Sprintf("%s-%s-acl-%s-%s", b.name, kind, r.direction(), r.Name)
		// Every change replaces a rule, and two rules of one number cannot
		// stand side by side (VPC-17).
		rule, err := ec2.NewNetworkAclRule(b.ctx, child, r.args(acl.ID()), b.parent, pulumi.DeleteBeforeReplace(true))
		if err != nil {
			return nil, fmt.Errorf("%s network acl, rule %s: %w", kind, r.Name, err)
		}
		guarded.rules = append(guarded.rules, rule)
	}
	return guarded, nil
}

func (r aclRule) args(acl pulumi.StringInput) *ec2.NetworkAclRuleArgs {
	args := &ec2.NetworkAclRuleArgs{
		NetworkAclId: acl,
		RuleNumber:   pulumi.Int(r.Number),
		Egress:       pulumi.Bool(r.Egress),
		RuleAction:   pulumi.String("allow"),
		Protocol:     pulumi.String(strconv.Itoa(r.Protocol)),
		CidrBlock:    pulumi.String(r.CIDR.String()),
	}
	if r.Deny {
		args.RuleAction = pulumi.String("deny")
	}
	switch r.Protocol {
	case tcp, udp:
		args.FromPort, args.ToPort = pulumi.Int(r.Ports.From), pulumi.Int(r.Ports.To)
	case icmp:
		args.IcmpType, args.IcmpCode = pulumi.Int(fragmentationNeeded.Type), pulumi.Int(fragmentationNeeded.Code)
	}
	return args
}

func (r aclRule) direction() string {
	if r.Egress {
		return "out"
	}
	return "in"
}

// tags are the tags of the thing with that physical name.
func (b *awsBuilder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}

// az is the short name of the plan's zone i.
func az(i int) string { return "az" + strconv.Itoa(i+1) }
