// Package dns makes each cloud resolve the other's private names, and records
// who asked for what.
//
// Each cloud keeps its own zone and a resolver with two endpoints: inbound, where
// the other cloud's questions arrive, and outbound, from where its own
// questions for the other's names leave. Questions travel through the tunnels;
// the package only needs the networks to exist, not the tunnels. Neither cloud
// links a zone of the name it forwards: in Route 53 the forwarding rule would
// hide the zone (R53-08), in Azure the zone the rule (ADR-07).
package dns

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// port is DNS, over UDP and over TCP for answers that do not fit a datagram.
const port = 53

var protocols = []string{"udp", "tcp"}

// PrivateArgs is what the names need of their surroundings.
type PrivateArgs struct {
	Estate  plan.Estate
	DNS     plan.DNS
	Network plan.Network
	AWS     AWSSide
	Azure   AzureSide
	Relay   RelayTarget
}

// AWSSide is the VPC whose names are served and whose questions are forwarded.
type AWSSide struct {
	VPCID pulumi.IDOutput
	// SubnetIDs are the private subnets, in the order of the network's zones.
	SubnetIDs []pulumi.IDOutput
	// Ready has to stand before Azure may ask in a subnet: the subnet's way back.
	Ready     []pulumi.Resource
	LogKeyARN pulumi.StringOutput
}

// AzureSide is the VNet whose names are served and whose questions are forwarded.
type AzureSide struct {
	GroupName        pulumi.StringOutput
	VNetID           pulumi.IDOutput
	InboundSubnetID  pulumi.IDOutput // delegated to the resolver, nothing else in it
	OutboundSubnetID pulumi.IDOutput // likewise
	WorkspaceID      pulumi.IDOutput // receives the questions asked in the VNet
	// Ready has to stand before anything is linked to the VNet.
	Ready []pulumi.Resource
}

// RelayTarget is the load balancer that relay's name stands for.
type RelayTarget struct {
	DNSName pulumi.StringOutput
	ZoneID  pulumi.StringOutput // Route 53's zone of the load balancer's own name
}

// Private is both zones and both resolvers.
type Private struct {
	pulumi.ResourceState

	// InboundEndpointID and OutboundEndpointID are the Route 53 Resolver's.
	InboundEndpointID  pulumi.IDOutput
	OutboundEndpointID pulumi.IDOutput
	// AzureResolverID is the DNS private resolver.
	AzureResolverID pulumi.IDOutput
	// ResolverPolicyID is what records the VNet's questions.
	ResolverPolicyID pulumi.IDOutput
	// QueryLogGroup is the name of the log group that holds the VPC's questions.
	QueryLogGroup pulumi.StringOutput
}

// NewPrivate makes both sides and points each resolver at the other's inbound
// endpoint.
func NewPrivate(ctx *pulumi.Context, name string, args PrivateArgs, opts ...pulumi.ResourceOption) (*Private, error) {
	private := &Private{}
	if err := ctx.RegisterComponentResource("burrow:dns:Private", name, private, opts...); err != nil {
		return nil, fmt.Errorf("private dns %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(private), out: private}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("private dns %s: %w", name, err)
	}
	return private, ctx.RegisterResourceOutputs(private, pulumi.Map{
		"inboundEndpointId":  private.InboundEndpointID,
		"outboundEndpointId": private.OutboundEndpointID,
		"azureResolverId":    private.AzureResolverID,
		"resolverPolicyId":   private.ResolverPolicyID,
		"queryLogGroup":      private.QueryLogGroup,
	})
}

// builder makes the children of one Private.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   PrivateArgs
	parent pulumi.ResourceOption
	out    *Private
}

func (b *builder) build() error {
	if err := b.awsZone(); err != nil {
		return fmt.Errorf("aws zone: %w", err)
	}
	if err := b.azureZone(); err != nil {
		return fmt.Errorf("azure zone: %w", err)
	}
	inbound, err := b.inboundEndpoint()
	if err != nil {
		return fmt.Errorf("route 53 resolver: %w", err)
	}
	outbound, err := b.outboundEndpoint()
	if err != nil {
		return fmt.Errorf("route 53 resolver: %w", err)
	}
	azure, err := b.privateResolver()
	if err != nil {
		return fmt.Errorf("azure private resolver: %w", err)
	}
	if err := b.forwardToAzure(outbound, azure.inbound); err != nil {
		return fmt.Errorf("forwarding to azure: %w", err)
	}
	if err := b.forwardToAWS(azure.outbound, inbound); err != nil {
		return fmt.Errorf("forwarding to aws: %w", err)
	}
	b.out.InboundEndpointID, b.out.OutboundEndpointID = inbound.ID(), outbound.ID()
	b.out.AzureResolverID = azure.resolver.ID()
	if err := b.queryLogs(); err != nil {
		return fmt.Errorf("query logs: %w", err)
	}
	return nil
}

// tags are the tags of the thing with that physical name.
func (b *builder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}

func (b *builder) location() pulumi.String { return pulumi.String(b.args.Network.Azure.Location) }

func text(address netip.Addr) pulumi.String { return pulumi.String(address.String()) }
