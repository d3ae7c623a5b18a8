// Package vpn joins the VPC and the VNet: an active-active Azure VPN gateway, an
// AWS virtual private gateway, and four IPsec tunnels with BGP between them.
//
// Two instances of the Azure gateway times two tunnels of an AWS connection
// make four tunnels. Each has its own inside /30, its own key, its own Azure
// connection, and either cloud can lose an endpoint without losing the path.
// The package stops at the gateways: routes inside the VNet, security groups
// and names belong to others.
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
	// Location is the Azure region of the gateway and of all that belongs to it.
	Location string
	AWS      AWSSide
	Azure    AzureSide
}

// AWSSide is where the pair ends in AWS.
type AWSSide struct {
	VPCID pulumi.IDOutput
	// RouteTableIDs are the tables that learn Azure's prefixes by propagation.
	// Every private table belongs here: one left out has no way back (AWV-08).
	RouteTableIDs []pulumi.IDOutput
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
	b := &builder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(pair)}
	tunnels, err := b.tunnels()
	if err != nil {
		return nil, fmt.Errorf("vpn pair %s: %w", name, err)
	}
	pair.Tunnels = tunnels
	outputs := pulumi.Map{}
	for _, t := range tunnels {
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
}

// tunnels makes everything, in the order in which the clouds need it.
func (b *builder) tunnels() ([]Tunnel, error) {
	addresses, err := b.publicAddresses()
	if err != nil {
		return nil, fmt.Errorf("public addresses: %w", err)
	}
	keys, err := b.keys()
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	aws, err := b.awsSide(addresses, keys)
	if err != nil {
		return nil, fmt.Errorf("aws side: %w", err)
	}
	var tunnels []Tunnel
	for _, t := range b.args.VPN.OrderedTunnels() {
		tunnels = append(tunnels, Tunnel{
			Tunnel:       t,
			AWSOutside:   outside(aws[t.Instance], t.Number),
			AzureOutside: addresses[t.Instance].IpAddress.Elem(),
			Key:          keys[t.Name()],
		})
	}
	if err := b.azureSide(addresses, tunnels); err != nil {
		return nil, fmt.Errorf("azure side: %w", err)
	}
	return tunnels, nil
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

// tags are the tags of the thing with that physical name.
func (b *builder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}

func text(address netip.Addr) pulumi.String { return pulumi.String(address.String()) }
