package vpn

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// Timers of a tunnel that AWS leaves to us and Azure does not have. All are
// AWS's own defaults, written down so that a change of those is not ours.
const (
	rekeyMarginSeconds  = 270  // 60 to half of the phase 2 lifetime
	rekeyFuzzPercentage = 100  // 0 to 100
	replayWindowPackets = 1024 // 64 to 2048
)

// anywhere leaves the traffic selectors wide open, as a route-based Azure
// gateway proposes them; BGP decides what enters the tunnel (AWV-24).
const anywhere = "0.0.0.0/0"

// awsSide makes the virtual private gateway and a VPN connection for each
// instance of the Azure gateway, which it returns by instance.
func (b *builder) awsSide(
	addresses map[int]*network.PublicIPAddress, keys map[string]pulumi.StringOutput,
) (map[int]*ec2.VpnConnection, error) {
	gateway, err := b.virtualGateway()
	if err != nil {
		return nil, fmt.Errorf("virtual private gateway: %w", err)
	}
	connections := map[int]*ec2.VpnConnection{}
	for _, instance := range b.args.VPN.Instances() {
		customer, err := b.customerGateway(instance, addresses[instance])
		if err != nil {
			return nil, fmt.Errorf("customer gateway %d: %w", instance, err)
		}
		connections[instance], err = b.vpnConnection(instance, gateway, customer, keys)
		if err != nil {
			return nil, fmt.Errorf("vpn connection %d: %w", instance, err)
		}
	}
	return connections, nil
}

// virtualGateway makes the gateway, attaches it to the VPC and lets every
// private route table learn from it.
func (b *builder) virtualGateway() (*ec2.VpnGateway, error) {
	name := b.args.Estate.Name("burrow-vgw")
	gateway, err := ec2.NewVpnGateway(b.ctx, b.name+"-vgw", &ec2.VpnGatewayArgs{
		AmazonSideAsn: pulumi.String(asn(b.args.VPN.AWSASN)),
		Tags:          b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	// A VPC holds one gateway at a time (AWV-06): the old one leaves first.
	attachment, err := ec2.NewVpnGatewayAttachment(b.ctx, b.name+"-vgw-attachment", &ec2.VpnGatewayAttachmentArgs{
		VpcId:        b.args.AWS.VPCID,
		VpnGatewayId: gateway.ID(),
	}, b.parent, pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return nil, fmt.Errorf("attachment: %w", err)
	}
	for i, table := range b.args.AWS.RouteTableIDs {
		child := fmt.Sprintf("%s-vgw-propagation-az%d", b.name, i+1)
		// The gateway's id comes from the attachment: propagation is refused
		// before the gateway is attached (AWV-07), and is switched off before
		// it is detached.
		_, err := ec2.NewVpnGatewayRoutePropagation(b.ctx, child, &ec2.VpnGatewayRoutePropagationArgs{
			RouteTableId: table,
			VpnGatewayId: attachment.VpnGatewayId,
		}, b.parent)
		if err != nil {
			return nil, fmt.Errorf("propagation az%d: %w", i+1, err)
		}
	}
	return gateway, nil
}

// customerGateway is what AWS knows of one Azure gateway instance: its public
// address and its ASN. It needs the address, never the gateway.
func (b *builder) customerGateway(instance int, address *network.PublicIPAddress) (*ec2.CustomerGateway, error) {
	base := fmt.Sprintf("burrow-cgw-instance%d", instance)
	child := fmt.Sprintf("%s-cgw-instance%d", b.name, instance)
	return ec2.NewCustomerGateway(b.ctx, child, &ec2.CustomerGatewayArgs{
		Type:      pulumi.String("ipsec.1"),
		BgpAsn:    pulumi.String(asn(b.args.VPN.AzureASN)),
		IpAddress: address.IpAddress,
		Tags:      b.tags(b.args.Estate.Name(base)),
	}, b.parent)
}

// vpnConnection makes both tunnels to one Azure instance. A new key modifies its
// tunnel in place; a new inside CIDR replaces the connection (AWV-37), and
// the old one has to go first, because inside CIDRs are unique to a gateway
// (AWV-14).
func (b *builder) vpnConnection(
	instance int, gateway *ec2.VpnGateway, customer *ec2.CustomerGateway, keys map[string]pulumi.StringOutput,
) (*ec2.VpnConnection, error) {
	args := tunnelOptions(b.args.VPN.AlgorithmSuite(), b.args.VPN.InstanceTunnels(instance), keys)
	args.Type = pulumi.String("ipsec.1")
	args.VpnGatewayId = gateway.ID()
	args.CustomerGatewayId = customer.ID()
	args.StaticRoutesOnly = pulumi.Bool(false)
	args.LocalIpv4NetworkCidr = pulumi.String(anywhere)
	args.RemoteIpv4NetworkCidr = pulumi.String(anywhere)
	args.TunnelInsideIpVersion = pulumi.String("ipv4")
	args.Tags = b.tags(b.args.Estate.Name(fmt.Sprintf("burrow-vpn-instance%d", instance)))
	child := fmt.Sprintf("%s-vpn-instance%d", b.name, instance)
	return ec2.NewVpnConnection(b.ctx, child, args, b.parent, pulumi.DeleteBeforeReplace(true))
}

// tunnelOptions are the options of both tunnels of a connection. Every one is
// given: AWS offers what is left out with its weakest algorithms (AWV-22). AWS
// starts the tunnels and restarts dead ones, so that it does not matter
// whether Azure wants to.
func tunnelOptions(s plan.Suite, tunnels []plan.Tunnel, keys map[string]pulumi.StringOutput) *ec2.VpnConnectionArgs {
	first, second := tunnels[0], tunnels[1]
	ikeVersions := pulumi.ToStringArray([]string{"ikev2"})
	encryption1, encryption2 := pulumi.ToStringArray(s.AWS.Phase1Encryption), pulumi.ToStringArray(s.AWS.Phase2Encryption)
	integrity1, integrity2 := pulumi.ToStringArray(s.AWS.Phase1Integrity), pulumi.ToStringArray(s.AWS.Phase2Integrity)
	groups1, groups2 := pulumi.ToIntArray(s.AWS.Phase1DHGroups), pulumi.ToIntArray(s.AWS.Phase2DHGroups)
	lifetime1, lifetime2 := pulumi.Int(s.Phase1LifetimeSeconds), pulumi.Int(s.Phase2LifetimeSeconds)
	return &ec2.VpnConnectionArgs{
		Tunnel1InsideCidr:                   pulumi.String(first.Inside.String()),
		Tunnel1PresharedKey:                 keys[first.Name()],
		Tunnel1IkeVersions:                  ikeVersions,
		Tunnel1Phase1EncryptionAlgorithms:   encryption1,
		Tunnel1Phase1IntegrityAlgorithms:    integrity1,
		Tunnel1Phase1DhGroupNumbers:         groups1,
		Tunnel1Phase1LifetimeSeconds:        lifetime1,
		Tunnel1Phase2EncryptionAlgorithms:   encryption2,
		Tunnel1Phase2IntegrityAlgorithms:    integrity2,
		Tunnel1Phase2DhGroupNumbers:         groups2,
		Tunnel1Phase2LifetimeSeconds:        lifetime2,
		Tunnel1StartupAction:                pulumi.String("start"),
		Tunnel1DpdTimeoutAction:             pulumi.String("restart"),
		Tunnel1DpdTimeoutSeconds:            pulumi.Int(s.DPDTimeoutSeconds),
		Tunnel1RekeyMarginTimeSeconds:       pulumi.Int(rekeyMarginSeconds),
		Tunnel1RekeyFuzzPercentage:          pulumi.Int(rekeyFuzzPercentage),
		Tunnel1ReplayWindowSize:             pulumi.Int(replayWindowPackets),
		Tunnel1EnableTunnelLifecycleControl: pulumi.Bool(false),
		Tunnel2InsideCidr:                   pulumi.String(second.Inside.String()),
		Tunnel2PresharedKey:                 keys[second.Name()],
		Tunnel2IkeVersions:                  ikeVersions,
		Tunnel2Phase1EncryptionAlgorithms:   encryption1,
		Tunnel2Phase1IntegrityAlgorithms:    integrity1,
		Tunnel2Phase1DhGroupNumbers:         groups1,
		Tunnel2Phase1LifetimeSeconds:        lifetime1,
		Tunnel2Phase2EncryptionAlgorithms:   encryption2,
		Tunnel2Phase2IntegrityAlgorithms:    integrity2,
		Tunnel2Phase2DhGroupNumbers:         groups2,
		Tunnel2Phase2LifetimeSeconds:        lifetime2,
		Tunnel2StartupAction:                pulumi.String("start"),
		Tunnel2DpdTimeoutAction:             pulumi.String("restart"),
		Tunnel2DpdTimeoutSeconds:            pulumi.Int(s.DPDTimeoutSeconds),
		Tunnel2RekeyMarginTimeSeconds:       pulumi.Int(rekeyMarginSeconds),
		Tunnel2RekeyFuzzPercentage:          pulumi.Int(rekeyFuzzPercentage),
		Tunnel2ReplayWindowSize:             pulumi.Int(replayWindowPackets),
		Tunnel2EnableTunnelLifecycleControl: pulumi.Bool(false),
	}
}

// outside is the address that AWS gave to one tunnel of a connection.
func outside(connection *ec2.VpnConnection, number int) pulumi.StringOutput {
	if number == 1 {
		return connection.Tunnel1Address
	}
	return connection.Tunnel2Address
}

func asn(number uint32) string { return strconv.FormatUint(uint64(number), 10) }
