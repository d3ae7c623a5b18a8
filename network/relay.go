package network

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// RelayArgs is what relay's load balancer needs of its surroundings.
type RelayArgs struct {
	Estate    plan.Estate
	Network   plan.Network
	Relay     plan.Relay
	VPCID     pulumi.IDOutput
	SubnetIDs []pulumi.IDOutput // private, in the order of the plan's zones
	// Ready has to stand before Azure may call the load balancer in a subnet: the
	// subnet's way back.
	Ready []pulumi.Resource
	// NodeSecurityGroupID is the group that the nodes carry.
	NodeSecurityGroupID pulumi.IDOutput
	// AutoScalingGroupName is the group that the nodes come and go with.
	AutoScalingGroupName pulumi.StringOutput
}

// Relay is the internal load balancer in front of relay.
type Relay struct {
	pulumi.ResourceState

	Name    pulumi.StringOutput
	DNSName pulumi.StringOutput
	ZoneID  pulumi.StringOutput // hosted zone of DNSName, for alias records
	// LoadBalancerSuffix and TargetGroupSuffix are what CloudWatch knows both by,
	// such as net/relay-nlb/0123456789abcdef.
	LoadBalancerSuffix, TargetGroupSuffix pulumi.StringOutput
	Addresses                             []string // fixed by the plan, one in each zone
}

// Health checks of the load balancer. Two failures ten seconds apart take a node
// out; a TCP check on an NLB waits 10 seconds for an answer unless told less.
const (
	healthIntervalSeconds = 10
	healthTimeoutSeconds  = 5
	healthThreshold       = 2
)

// NewRelay makes an internal network load balancer with a fixed address in each
// zone. It reaches relay on the nodes' node port.
func NewRelay(ctx *pulumi.Context, name string, args RelayArgs, opts ...pulumi.ResourceOption) (*Relay, error) {
	out := &Relay{}
	if err := ctx.RegisterComponentResource("burrow:network:Relay", name, out, opts...); err != nil {
		return nil, fmt.Errorf("relay %s: %w", name, err)
	}
	b := &relayBuilder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(out)}
	balancer, targets, err := b.build()
	if err != nil {
		return nil, fmt.Errorf("relay %s: %w", name, err)
	}
	out.Name, out.DNSName, out.ZoneID = balancer.Name, balancer.DnsName, balancer.ZoneId
	out.LoadBalancerSuffix, out.TargetGroupSuffix = balancer.ArnSuffix, targets.ArnSuffix
	for _, zone := range args.Network.AWS.Zones {
		out.Addresses = append(out.Addresses, zone.NLB.String())
	}
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{
		"name":      out.Name,
		"dnsName":   out.DNSName,
		"zoneId":    out.ZoneID,
		"addresses": pulumi.ToStringArray(out.Addresses),
	})
}

// relayBuilder makes the children of one load balancer.
type relayBuilder struct {
	ctx    *pulumi.Context
	name   string
	args   RelayArgs
	parent pulumi.ResourceOption
}

func (b *relayBuilder) build() (*lb.LoadBalancer, *lb.TargetGroup, error) {
	group, err := b.securityGroup()
	if err != nil {
		return nil, nil, fmt.Errorf("security group: %w", err)
	}
	balancer, err := b.balancer(group)
	if err != nil {
		return nil, nil, fmt.Errorf("load balancer: %w", err)
	}
	targets, err := b.targets()
	if err != nil {
		return nil, nil, fmt.Errorf("targets: %w", err)
	}
	_, err = lb.NewListener(b.ctx, b.name+"-listener", &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn,
		Protocol:        pulumi.String("TCP"),
		Port:            pulumi.Int(b.args.Relay.Port),
		DefaultActions: lb.ListenerDefaultActionArray{lb.ListenerDefaultActionArgs{
			Type:           pulumi.String("forward"),
			TargetGroupArn: targets.Arn,
		}},
		Tags: b.tags(b.args.Estate.Name(b.args.Relay.NLB)),
	}, b.parent)
	if err != nil {
		return nil, nil, fmt.Errorf("listener: %w", err)
	}
	return balancer, targets, nil
}

// balancer has its security group from the beginning: one made without can
// never get one (NLB-04). Cross-zone is on, so that a zone whose nodes run no
// relay still answers (NLB-06).
func (b *relayBuilder) balancer(group *ec2.SecurityGroup) (*lb.LoadBalancer, error) {
	var mappings lb.LoadBalancerSubnetMappingArray
	for i, zone := range b.args.Network.AWS.Zones {
		mappings = append(mappings, lb.LoadBalancerSubnetMappingArgs{
			SubnetId:           b.args.SubnetIDs[i],
			PrivateIpv4Address: pulumi.String(zone.NLB.String()),
		})
	}
	name := b.args.Estate.Name(b.args.Relay.NLB)
	return lb.NewLoadBalancer(b.ctx, b.name+"-nlb", &lb.LoadBalancerArgs{
		Name:                         pulumi.String(name),
		LoadBalancerType:             pulumi.String("network"),
		Internal:                     pulumi.Bool(true),
		IpAddressType:                pulumi.String("ipv4"),
		SubnetMappings:               mappings,
		SecurityGroups:               pulumi.StringArray{group.ID()},
		EnableCrossZoneLoadBalancing: pulumi.Bool(true),
		Tags:                         b.tags(name),
	}, b.parent, pulumi.DependsOn(b.args.Ready),
		// Under another name, too: its addresses are taken until it is gone (NLB-03).
		pulumi.DeleteBeforeReplace(true))
}

// targetsName is the target group's name. Port, protocol and VPC of a target group
// cannot change, and it cannot be deleted while the listener uses it. The name
// holds the port and the VPC, so that a new group can be made before the old one
// goes: the end of the id of a VPC that exists, and the address of Burrow's own,
// which has no id yet (in base 36: 32 characters are all).
func (b *relayBuilder) targetsName() string {
	if aws := b.args.Network.AWS; !aws.MakesVPC() {
		return b.args.Estate.Name(fmt.Sprintf("relay-%d-%s", b.args.Relay.NodePort, aws.VPCID[len(aws.VPCID)-7:]))
	}
	address := b.args.Network.AWS.CIDR.Addr().As4()
	vpc := strconv.FormatUint(uint64(binary.BigEndian.Uint32(address[:])), 36)
	return b.args.Estate.Name(fmt.Sprintf("relay-%d-%s", b.args.Relay.NodePort, vpc))
}

// targets are all nodes, on the node port. The client's address is preserved,
// so that relay's NetworkPolicy can tell bunny's nodes from others.
//
// A NodePort service with external traffic policy Local opens its port on nodes
// that run a relay pod and on no other, and has no health check port of its
// own. A TCP check of the node port therefore finds exactly the nodes to use;
// the others are unhealthy by design.
func (b *relayBuilder) targets() (*lb.TargetGroup, error) {
	name := b.targetsName()
	group, err := lb.NewTargetGroup(b.ctx, b.name+"-targets", &lb.TargetGroupArgs{
		Name:             pulumi.String(name),
		TargetType:       pulumi.String("instance"),
		Protocol:         pulumi.String("TCP"),
		Port:             pulumi.Int(b.args.Relay.NodePort),
		VpcId:            b.args.VPCID,
		PreserveClientIp: pulumi.String("true"),
		HealthCheck: lb.TargetGroupHealthCheckArgs{
			Enabled:            pulumi.Bool(true),
			Protocol:           pulumi.String("TCP"),
			Port:               pulumi.String("traffic-port"),
			Interval:           pulumi.Int(healthIntervalSeconds),
			Timeout:            pulumi.Int(healthTimeoutSeconds),
			HealthyThreshold:   pulumi.Int(healthThreshold),
			UnhealthyThreshold: pulumi.Int(healthThreshold),
		},
		Tags: b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	_, err = autoscaling.NewAttachment(b.ctx, b.name+"-attachment", &autoscaling.AttachmentArgs{
		AutoscalingGroupName: b.args.AutoScalingGroupName,
		LbTargetGroupArn:     group.Arn,
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("autoscaling attachment: %w", err)
	}
	return group, nil
}

// securityGroup admits Azure's nodes to relay's port and lets the load balancer
// reach the nodes' port; the nodes' group gets the matching rule.
func (b *relayBuilder) securityGroup() (*ec2.SecurityGroup, error) {
	name := b.args.Estate.Name(b.args.Relay.NLB)
	group, err := ec2.NewSecurityGroup(b.ctx, b.name+"-group", &ec2.SecurityGroupArgs{
		Name:        pulumi.String(name),
		Description: pulumi.String("relay load balancer"),
		VpcId:       b.args.VPCID,
		Tags:        b.tags(name),
	}, b.parent,
		// Only another VPC replaces the group, and names are free there; what uses
		// the old one has to move before it can go.
		pulumi.DeleteBeforeReplace(false))
	if err != nil {
		return nil, err
	}
	port, nodePort := pulumi.Int(b.args.Relay.Port), pulumi.Int(b.args.Relay.NodePort)
	// Addresses, because group references match interfaces of this VPC only
	// (VPC-26).
	_, err = vpc.NewSecurityGroupIngressRule(b.ctx, b.name+"-from-azure", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(),
		Description:     pulumi.String("bunny, by the address of its AKS node"),
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        port,
		ToPort:          port,
		CidrIpv4:        pulumi.String(b.args.Network.Azure.Subnets.Nodes.String()),
		Tags:            b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("from azure: %w", err)
	}
	_, err = vpc.NewSecurityGroupEgressRule(b.ctx, b.name+"-to-nodes", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           group.ID(),
		Description:               pulumi.String("node port, traffic and health checks"),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  nodePort,
		ToPort:                    nodePort,
		ReferencedSecurityGroupId: b.args.NodeSecurityGroupID,
		Tags:                      b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("to nodes: %w", err)
	}
	// A reference to the load balancer's group fits what comes through it, even
	// though the packets carry the client's preserved address. Nodes so admit
	// nobody who goes round the load balancer.
	_, err = vpc.NewSecurityGroupIngressRule(b.ctx, b.name+"-nodes-from-nlb", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           b.args.NodeSecurityGroupID,
		Description:               pulumi.String("relay load balancer, traffic and health checks"),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  nodePort,
		ToPort:                    nodePort,
		ReferencedSecurityGroupId: group.ID(),
		Tags:                      b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("nodes from load balancer: %w", err)
	}
	return group, nil
}

// tags are the tags of the thing with that physical name.
func (b *relayBuilder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}
