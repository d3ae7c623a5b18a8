// Package vpn joins the VPC and the VNet: an active-active Azure VPN gateway, a
// virtual private gateway or a transit gateway in AWS, and four IPsec tunnels
// between them, with BGP.
//
// Two instances of the Azure gateway times two tunnels of an AWS connection
// make four tunnels. Each has its own inside /30, its own key, its own Azure
// connection, and either cloud can lose an endpoint without losing the path.
// In AWS the package reaches into the VPC's private route tables, which lead the
// VNet's range to the gateway. In Azure it stops at the gateway: routes inside the
// VNet belong to others, as do security groups and names.
package vpn

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// PairArgs is what the pair needs of its surroundings.
type PairArgs struct {
	Estate plan.Estate
	VPN    plan.VPN
	// Network says where both gateways are, which ranges are behind them, and how
	// long logs are kept.
	Network plan.Network
	AWS     AWSSide
	Azure   AzureSide
}

// AWSSide is where the pair ends in AWS.
type AWSSide struct {
	VPCID pulumi.IDOutput
	// RouteTableIDs are the tables that lead the VNet's range to the gateway. Every
	// private table belongs here: one left out has no way back (AWV-08).
	RouteTableIDs []pulumi.IDOutput
	// SubnetIDs are the private subnets, one of each zone, in which a transit
	// gateway puts its interfaces.
	SubnetIDs []pulumi.IDOutput
	// Ready has to stand before anything takes addresses of those subnets at will.
	Ready     []pulumi.Resource
	LogKeyARN pulumi.StringOutput // encrypts log groups
}

// AzureSide is where the pair ends in Azure.
type AzureSide struct {
	GroupName pulumi.StringOutput
	GroupID   pulumi.IDOutput
	// SubnetID is the GatewaySubnet's.
	SubnetID pulumi.IDOutput
	// Ready has to stand before the gateway takes its place in the VNet.
	Ready       []pulumi.Resource
	WorkspaceID pulumi.IDOutput // receives the gateway's logs and metrics
}

// Pair is both gateways and the tunnels between them.
type Pair struct {
	pulumi.ResourceState

	// Tunnels are all four, by instance, then number.
	Tunnels []Tunnel
	// ConnectionIDs are AWS's VPN connections, by instance of the Azure gateway.
	ConnectionIDs map[int]pulumi.IDOutput
	// TransitGatewayID is set when the tunnels end at one.
	TransitGatewayID pulumi.IDOutput
	// Routes lead the private subnets to Azure. What Azure calls in a subnet is of
	// no use before.
	Routes []pulumi.Resource
	// LogGroupName is the CloudWatch log group that all tunnels log to.
	LogGroupName pulumi.StringOutput
	// FlowLogGroups are the log groups of the gateway's own flow log: one on a
	// transit gateway, none otherwise.
	FlowLogGroups []pulumi.StringOutput
	// AzureGatewayID is the Azure gateway's, and AzureGatewayName its name.
	AzureGatewayID   pulumi.IDOutput
	AzureGatewayName string
	// AzureConnectionNames are the names of Azure's connections, by tunnel name.
	AzureConnectionNames map[string]string
	// Connected are Azure's connections. When they stand, all of the pair does.
	Connected []pulumi.Resource
}

// Tunnel is one tunnel as both clouds made it.
type Tunnel struct {
	plan.Tunnel
	AWSOutside   pulumi.StringOutput // invented by AWS with the connection
	AzureOutside pulumi.StringOutput // the public address of the gateway's instance
	Key          pulumi.StringOutput // the pre-shared key; secret
}

// Outputs describes the tunnel without its key: instance, number, awsOutside,
// azureOutside, awsInside, azureInside, insideCidr and keyGeneration.
func (t Tunnel) Outputs() pulumi.Map {
	return pulumi.Map{
		"instance":      pulumi.Int(t.Instance),
		"number":        pulumi.Int(t.Number),
		"awsOutside":    t.AWSOutside,
		"azureOutside":  t.AzureOutside,
		"awsInside":     text(t.AWSInside()),
		"azureInside":   text(t.AzureInside()),
		"insideCidr":    pulumi.String(t.Inside.String()),
		"keyGeneration": pulumi.Int(t.KeyGeneration),
	}
}

// NewPair makes both gateways and the four tunnels. The clouds wait for each
// other in one place only: AWS needs the Azure public addresses, which exist
// within seconds, and Azure's connections need the AWS outside addresses. The
// Azure gateway takes 20 to 45 minutes, and nothing but its connections and its
// diagnostic setting waits for it.
func NewPair(ctx *pulumi.Context, name string, args PairArgs, opts ...pulumi.ResourceOption) (*Pair, error) {
	pair := &Pair{}
	if err := ctx.RegisterComponentResource("burrow:vpn:Pair", name, pair, opts...); err != nil {
		return nil, fmt.Errorf("vpn pair %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(pair), out: pair}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("vpn pair %s: %w", name, err)
	}
	outputs := pulumi.Map{}
	for _, t := range pair.Tunnels {
		outputs[t.Name()] = t.Outputs()
	}
	return pair, ctx.RegisterResourceOutputs(pair, pulumi.Map{"tunnels": outputs})
}

// builder makes the children of one pair.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   PairArgs
	parent pulumi.ResourceOption
	out    *Pair
}

// build makes everything, in the order in which the clouds need it.
func (b *builder) build() error {
	addresses, err := b.publicAddresses()
	if err != nil {
		return fmt.Errorf("public addresses: %w", err)
	}
	keys, err := b.keys()
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	aws, err := b.awsSide(addresses, keys)
	if err != nil {
		return fmt.Errorf("aws side: %w", err)
	}
	b.out.AzureConnectionNames = map[string]string{}
	for _, t := range b.args.VPN.OrderedTunnels() {
		b.out.Tunnels = append(b.out.Tunnels, Tunnel{
			Tunnel:       t,
			AWSOutside:   outside(aws[t.Instance], t.Number),
			AzureOutside: addresses[t.Instance].IpAddress.Elem(),
			Key:          keys[t.Name()],
		})
		b.out.AzureConnectionNames[t.Name()] = b.connectionName(t)
	}
	gateway, connections, err := b.azureSide(addresses, b.out.Tunnels)
	if err != nil {
		return fmt.Errorf("azure side: %w", err)
	}
	b.out.AzureGatewayID, b.out.AzureGatewayName = gateway.ID(), b.gatewayName()
	b.out.Connected = connections
	return nil
}

// keyLength is in characters. 48 letters of both cases are 273 bits; AWS takes
// 8 to 64 characters, Azure 1 to 128 (XV-07).
const keyLength = 48

// keys makes one pre-shared key for each tunnel, by the tunnel's name. Letters
// are all that both clouds agree on without exceptions: AWS refuses a leading
// zero and most punctuation, Azure a hyphen (XV-07). Keys must differ, too: the
// AWS provider tells the tunnels of a connection apart by them (AWV-36).
func (b *builder) keys() (map[string]pulumi.StringOutput, error) {
	keys := map[string]pulumi.StringOutput{}
	for _, t := range b.args.VPN.OrderedTunnels() {
		key, err := random.NewRandomPassword(b.ctx, b.child("key", t), &random.RandomPasswordArgs{
			Length:  pulumi.Int(keyLength),
			Special: pulumi.Bool(false),
			Numeric: pulumi.Bool(false),
			Keepers: pulumi.StringMap{"generation": pulumi.String(strconv.Itoa(t.KeyGeneration))},
		}, b.parent)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name(), err)
		}
		keys[t.Name()] = key.Result
	}
	return keys, nil
}

// child is the Pulumi name of what belongs to one tunnel.
func (b *builder) child(kind string, t plan.Tunnel) string {
	return b.name + "-" + kind + "-" + t.Name()
}

// protected keeps a gateway from being deleted or replaced where the estate says
// so. Connections and keys are replaced in the course of things.
func (b *builder) protected() pulumi.ResourceOption { return pulumi.Protect(b.args.Estate.Protect) }

// tags are the tags of the thing with that physical name.
func (b *builder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}

func text(address netip.Addr) pulumi.String { return pulumi.String(address.String()) }
