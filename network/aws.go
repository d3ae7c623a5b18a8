package network

import (
	"fmt"
	"net/netip"
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
	// APIClients are ranges of the VPC beside the private subnets whose hosts work
	// with the estate. Endpoints of AWS services admit them too.
	APIClients []netip.Prefix
	// Moving says that a VPC of this name stands, and that this run makes another. The
	// old one has to work until the old cluster is empty, whose API is reached through its
	// nodes: nothing of it goes before its successor comes.
	Moving bool
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
	// FlowLogGroup is the name of the log group of the VPC's flow log.
	FlowLogGroup pulumi.StringOutput
	// EndpointGroupID is the security group of the interface endpoints, and
	// S3PrefixListID stands for S3's addresses in security groups: where nodes find
	// AWS when they have no NAT. Neither is set when they have (plan's HasNAT).
	EndpointGroupID pulumi.IDOutput
	S3PrefixListID  pulumi.StringOutput
	// Ready is what has to stand before nodes and other things that take
	// addresses of the private subnets at will: the reservations of the fixed
	// addresses, the network ACLs, and the way to the internet or the endpoints
	// with their security group's rules.
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
	outputs := pulumi.Map{
		"vpcId":                out.VPCID,
		"privateSubnetIds":     pulumi.ToIDArrayOutput(out.PrivateSubnetIDs),
		"privateRouteTableIds": pulumi.ToIDArrayOutput(out.PrivateRouteTableIDs),
		"logKeyArn":            out.LogKeyARN,
	}
	if !args.Network.AWS.HasNAT() {
		outputs["endpointGroupId"], outputs["s3PrefixListId"] = out.EndpointGroupID, out.S3PrefixListID
	}
	return out, ctx.RegisterResourceOutputs(out, outputs)
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
	if err := b.vpc(); err != nil {
		return fmt.Errorf("vpc: %w", err)
	}
	gateways, err := b.wayOut()
	if err != nil {
		return err
	}
	if err := b.privateSubnets(gateways); err != nil {
		return fmt.Errorf("private subnets: %w", err)
	}
	if !b.args.Network.AWS.HasNAT() {
		if err := b.endpoints(); err != nil {
			return fmt.Errorf("endpoints: %w", err)
		}
	}
	if err := b.flowLog(); err != nil {
		return fmt.Errorf("flow log: %w", err)
	}
	return nil
}

// wayOut makes the NAT gateways with all that leads through them to the internet;
// nothing where the private subnets have endpoints instead.
func (b *awsBuilder) wayOut() ([]*ec2.NatGateway, error) {
	if !b.args.Network.AWS.HasNAT() {
		return nil, nil
	}
	public, err := b.publicSubnets()
	if err != nil {
		return nil, fmt.Errorf("public subnets: %w", err)
	}
	gateways, err := b.natGateways(public)
	if err != nil {
		return nil, fmt.Errorf("nat gateways: %w", err)
	}
	return gateways, nil
}

// vpc makes the VPC, or takes the one that exists. That one stays as its owner
// left it; [CheckExisting] has seen that it will do.
func (b *awsBuilder) vpc() error {
	if id := b.args.Network.AWS.VPCID; id != "" {
		b.out.VPCID = pulumi.ID(id).ToIDOutput()
		return nil
	}
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
		return err
	}
	b.out.VPCID = vpc.ID()
	// Every VPC has this group. Taken over without rules, it allows nothing to
	// whoever forgets to name a group. In a VPC of somebody else, that would take
	// away rules that are not ours.
	group := b.args.Estate.Name("burrow-default-unused")
	_, err = ec2.NewDefaultSecurityGroup(b.ctx, b.name+"-default-group", &ec2.DefaultSecurityGroupArgs{
		VpcId: b.out.VPCID,
		Tags:  b.tags(group),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("default security group: %w", err)
	}
	return nil
}

// publicSubnet is a public subnet that reaches the internet: way is what must
// exist before a NAT gateway in it is of any use (VPC-11).
type publicSubnet struct {
	*ec2.Subnet
	way []pulumi.Resource
}

// publicSubnets makes the internet gateway, the public route table and ACL, and
// a public subnet in each zone, without automatic public addresses.
func (b *awsBuilder) publicSubnets() ([]publicSubnet, error) {
	table, err := b.routeTable("public", "burrow-public")
	if err != nil {
		return nil, err
	}
	gateway, err := b.internetGateway()
	if err != nil {
		return nil, fmt.Errorf("internet gateway: %w", err)
	}
	route, err := ec2.NewRoute(b.ctx, b.name+"-public-default", &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(internet.String()),
		GatewayId:            gateway,
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("default route: %w", err)
	}
	acl, err := b.networkACL("public", publicACL(b.args.Network))
	if err != nil {
		return nil, err
	}
	var subnets []publicSubnet
	for i, zone := range b.args.Network.AWS.Zones {
		subnet, err := b.subnet("public", i, zone.Name, zone.Public.String(), "kubernetes.io/role/elb")
		if err != nil {
			return nil, err
		}
		joined, err := b.join(subnet, table, acl, "public", i)
		if err != nil {
			return nil, err
		}
		subnets = append(subnets, publicSubnet{Subnet: subnet, way: append(joined, route)})
	}
	return subnets, nil
}

// internetGateway is the VPC's one (VPC-09): a VPC that exists brings its own.
func (b *awsBuilder) internetGateway() (pulumi.StringInput, error) {
	if aws := b.args.Network.AWS; !aws.MakesVPC() {
		return pulumi.String(aws.InternetGatewayID), nil
	}
	gateway, err := ec2.NewInternetGateway(b.ctx, b.name+"-internet-gateway", &ec2.InternetGatewayArgs{
		VpcId: b.out.VPCID,
		Tags:  b.tags(b.args.Estate.Name("burrow-igw")),
		// Moved to another VPC in place, it would leave the old one, which AWS refuses while
		// addresses are mapped there.
	}, b.parent, pulumi.ReplaceOnChanges([]string{"vpcId"}))
	if err != nil {
		return nil, err
	}
	return gateway.ID(), nil
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
		// An address goes with one gateway at a time: the old gateway leaves before the
		// new one comes, or, in another VPC, the new one has an address of its own.
		own := pulumi.ReplaceWith(nil)
		if b.args.Moving {
			own = pulumi.ReplaceWith([]pulumi.Resource{subnet.Subnet})
		}
		// An Elastic IP of a VPC without internet gateway cannot be used (VPC-09).
		address, err := ec2.NewEip(b.ctx, b.name+"-nat-ip-"+az(i), &ec2.EipArgs{
			Domain: pulumi.String("vpc"),
			Tags:   b.tags(name),
		}, b.parent, ready, own)
		if err != nil {
			return nil, fmt.Errorf("elastic ip %s: %w", az(i), err)
		}
		gateway, err := ec2.NewNatGateway(b.ctx, b.name+"-nat-"+az(i), &ec2.NatGatewayArgs{
			AllocationId:     address.ID(),
			SubnetId:         subnet.ID(),
			ConnectivityType: pulumi.String("public"),
			Tags:             b.tags(name),
		}, b.parent, ready, pulumi.DeleteBeforeReplace(!b.args.Moving))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", az(i), err)
		}
		gateways = append(gateways, gateway)
	}
	return gateways, nil
}

// privateSubnets makes a private subnet in each zone with a route table of its
// own, the private ACL and the reservations.
func (b *awsBuilder) privateSubnets(gateways []*ec2.NatGateway) error {
	acl, err := b.networkACL("private", privateACL(b.args.Network, b.args.Relay))
	if err != nil {
		return err
	}
	for i, zone := range b.args.Network.AWS.Zones {
		subnet, err := b.subnet("private", i, zone.Name, zone.Private.String(), "kubernetes.io/role/internal-elb")
		if err != nil {
			return err
		}
		reservation, err := b.reserve(subnet, zone, i)
		if err != nil {
			return err
		}
		table, err := b.routeTable("private-"+az(i), "burrow-private-"+az(i))
		if err != nil {
			return err
		}
		if len(gateways) > 0 {
			if err := b.defaultRoute(table, gateways[min(i, len(gateways)-1)], i); err != nil {
				return fmt.Errorf("default route %s: %w", az(i), err)
			}
		}
		joined, err := b.join(subnet, table, acl, "private", i)
		if err != nil {
			return err
		}
		b.out.PrivateSubnetIDs = append(b.out.PrivateSubnetIDs, subnet.ID())
		b.out.PrivateRouteTableIDs = append(b.out.PrivateRouteTableIDs, table.ID())
		b.out.Ready = append(append(b.out.Ready, reservation), joined...)
	}
	return nil
}

// defaultRoute leads from a private subnet to the internet through a NAT gateway.
func (b *awsBuilder) defaultRoute(table *ec2.RouteTable, gateway *ec2.NatGateway, i int) error {
	route, err := ec2.NewRoute(b.ctx, b.name+"-private-default-"+az(i), &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(internet.String()),
		NatGatewayId:         gateway.ID(),
	}, b.parent)
	b.out.Ready = append(b.out.Ready, route)
	return err
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
func (b *awsBuilder) subnet(kind string, i int, zone, cidr, roleTag string) (*ec2.Subnet, error) {
	tags := b.tags(subnetName(b.args.Estate, kind, i))
	tags[roleTag] = pulumi.String("1")
	subnet, err := ec2.NewSubnet(b.ctx, fmt.Sprintf("%s-%s-%s", b.name, kind, az(i)), &ec2.SubnetArgs{
		VpcId:               b.out.VPCID,
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

// subnetName is the physical name of the subnet of one kind in zone i.
func subnetName(estate plan.Estate, kind string, i int) string {
	return estate.Name(fmt.Sprintf("eks-%s-subnet-%s", kind, az(i)))
}

func (b *awsBuilder) routeTable(child, base string) (*ec2.RouteTable, error) {
	table, err := ec2.NewRouteTable(b.ctx, fmt.Sprintf("%s-%s-routes", b.name, child), &ec2.RouteTableArgs{
		VpcId: b.out.VPCID,
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

func (b *awsBuilder) networkACL(kind string, rules []aclRule) (*guardedACL, error) {
	acl, err := ec2.NewNetworkAcl(b.ctx, fmt.Sprintf("%s-%s-acl", b.name, kind), &ec2.NetworkAclArgs{
		VpcId: b.out.VPCID,
		Tags:  b.tags(b.args.Estate.Name("burrow-" + kind)),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("%s network acl: %w", kind, err)
	}
	guarded := &guardedACL{NetworkAcl: acl}
	for _, r := range rules {
		child := fmt.Sprintf("%s-%s-acl-%s-%s", b.name, kind, r.direction(), r.Name)
		// Every change replaces a rule, and two rules of one number cannot
		// stand side by side in an ACL (VPC-17).
		rule, err := ec2.NewNetworkAclRule(b.ctx, child, r.args(acl.ID()), b.parent, pulumi.DeleteBeforeReplace(!b.args.Moving))
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
