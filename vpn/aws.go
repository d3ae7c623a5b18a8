package vpn

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2transitgateway"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/awslogs"
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
// gateway proposes them; routes decide what enters the tunnel (AWV-24).
const anywhere = "0.0.0.0/0"

// awsEnd is what the tunnels end at in AWS: a gateway of one kind or the other.
type awsEnd struct {
	// vpnGatewayID or transitGatewayID is set, as connections and routes name it.
	vpnGatewayID, transitGatewayID pulumi.StringPtrInput
	// table is the transit gateway's own route table.
	table *ec2transitgateway.RouteTable
	// ready has to stand before a connection comes: it finds the VPC behind the
	// gateway from its first packet on, and goes before all this does.
	ready []pulumi.Resource
}

// awsSide makes the gateway and a VPN connection for each instance of the Azure
// gateway, which it returns by instance.
//
// The order is for the day when the kind of gateway changes. A connection then
// moves in place and keeps its outside addresses, its tunnels and its keys, but
// both its tunnels are down meanwhile (AWV-28). So the first connection moves
// alone, and the VPC's routes follow it; only then does the next one move. At any
// moment one connection stands, and a route leads to a gateway that has one. The
// engine deletes what is left over, the old gateway and what hangs on it, after
// everything else. It works the same in both directions, because the route of a
// table to the VNet is one resource whatever it leads to, see [builder.routes].
func (b *builder) awsSide(
	addresses map[int]*network.PublicIPAddress, keys map[string]pulumi.StringOutput,
) (map[int]*ec2.VpnConnection, error) {
	group, err := b.tunnelLogs()
	if err != nil {
		return nil, fmt.Errorf("tunnel logs: %w", err)
	}
	end, err := b.awsGateway()
	if err != nil {
		return nil, err
	}
	b.out.LogGroupName, b.out.ConnectionIDs = group.Name, map[int]pulumi.IDOutput{}
	connections := map[int]*ec2.VpnConnection{}
	before := end.ready
	for i, instance := range b.args.VPN.Instances() {
		customer, err := b.customerGateway(instance, addresses[instance])
		if err != nil {
			return nil, fmt.Errorf("customer gateway %d: %w", instance, err)
		}
		connection, err := b.vpnConnection(instance, end, customer, keys, group, before)
		if err != nil {
			return nil, fmt.Errorf("vpn connection %d: %w", instance, err)
		}
		connections[instance], b.out.ConnectionIDs[instance] = connection, connection.ID()
		links, err := b.links(instance, end, connection)
		if err != nil {
			return nil, fmt.Errorf("vpn connection %d: %w", instance, err)
		}
		before = slices.Concat(before, []pulumi.Resource{connection}, links)
		if i > 0 {
			continue
		}
		routes, err := b.routes(end, before)
		if err != nil {
			return nil, fmt.Errorf("routes: %w", err)
		}
		before, b.out.Routes = slices.Concat(before, routes), routes
	}
	return connections, nil
}

func (b *builder) awsGateway() (awsEnd, error) {
	if b.args.VPN.OnTransit() {
		end, err := b.transitGateway()
		if err != nil {
			return end, fmt.Errorf("transit gateway: %w", err)
		}
		return end, nil
	}
	end, err := b.virtualGateway()
	if err != nil {
		return end, fmt.Errorf("virtual private gateway: %w", err)
	}
	return end, nil
}

// tunnelLogs is the group that all tunnels log to. Log delivery writes under
// /aws/vendedlogs/ without a line for each group in the account's resource
// policy, which has room for few (AWV-29).
func (b *builder) tunnelLogs() (*cloudwatch.LogGroup, error) {
	name := b.args.Estate.Name("/aws/vendedlogs/burrow-vpn")
	return b.logs().Group(b.ctx, b.name+"-vpn-logs", name, b.parent)
}

func (b *builder) logs() awslogs.Place {
	return awslogs.Place{Estate: b.args.Estate, Network: b.args.Network.AWS, KeyARN: b.args.AWS.LogKeyARN}
}

// links are what a connection needs beside itself for routes to be found: its
// place in the transit gateway's table. A virtual private gateway has none.
func (b *builder) links(instance int, end awsEnd, connection *ec2.VpnConnection) ([]pulumi.Resource, error) {
	if end.table != nil {
		return b.joinTable(fmt.Sprintf("instance%d", instance), end.table, b.transitAttachmentID(connection),
			// A connection takes its attachment with it when it leaves, and with the
			// attachment goes all that was joined. To delete that once more is an error
			// (the provider forgives a missing table only).
			pulumi.RetainOnDelete(true))
	}
	return nil, nil
}

// routes lead the VNet's range from every private route table to the gateway. A
// transit gateway needs them: it propagates nothing into a VPC's tables (AWV-39).
// With a virtual private gateway, propagation says the same. The route is there
// all the same, under one name for both: a static route beats a propagated one
// (AWV-10), so that a route to the transit gateway, deleted last like everything
// that is left over, would lead the VNet's traffic to a gateway without
// connections for the rest of the run. As it is, the provider replaces the target
// in place, at the moment that the dependencies say. It follows the gateway's
// attachment to the VPC, without which it is refused (VPC-14, AWV-39).
func (b *builder) routes(end awsEnd, after []pulumi.Resource) ([]pulumi.Resource, error) {
	var routes []pulumi.Resource
	for i, table := range b.args.AWS.RouteTableIDs {
		route, err := ec2.NewRoute(b.ctx, fmt.Sprintf("%s-to-azure-az%d", b.name, i+1), &ec2.RouteArgs{
			RouteTableId:         table,
			DestinationCidrBlock: pulumi.String(b.args.Network.Azure.CIDR.String()),
			GatewayId:            end.vpnGatewayID,
			TransitGatewayId:     end.transitGatewayID,
		}, b.parent, pulumi.DependsOn(after))
		if err != nil {
			return nil, fmt.Errorf("az%d: %w", i+1, err)
		}
		routes = append(routes, route)
	}
	return routes, nil
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

// vpnConnection makes both tunnels to one Azure instance. Another gateway or a new
// key changes it in place; a new inside CIDR replaces it (AWV-37), and the old one has to go first, because inside CIDRs are unique to a
// gateway (AWV-14).
func (b *builder) vpnConnection(
	instance int, end awsEnd, customer *ec2.CustomerGateway, keys map[string]pulumi.StringOutput,
	logs *cloudwatch.LogGroup, before []pulumi.Resource,
) (*ec2.VpnConnection, error) {
	args := tunnelOptions(b.args.VPN.AlgorithmSuite(), b.args.VPN.InstanceTunnels(instance), keys)
	logTunnels(args, logs)
	args.Type = pulumi.String("ipsec.1")
	args.VpnGatewayId = end.vpnGatewayID
	args.TransitGatewayId = end.transitGatewayID
	args.CustomerGatewayId = customer.ID()
	args.StaticRoutesOnly = pulumi.Bool(false)
	args.LocalIpv4NetworkCidr = pulumi.String(anywhere)
	args.RemoteIpv4NetworkCidr = pulumi.String(anywhere)
	args.TunnelInsideIpVersion = pulumi.String("ipv4")
	args.Tags = b.tags(b.args.Estate.Name(fmt.Sprintf("burrow-vpn-instance%d", instance)))
	child := fmt.Sprintf("%s-vpn-instance%d", b.name, instance)
	return ec2.NewVpnConnection(b.ctx, child, args, b.parent,
		pulumi.DeleteBeforeReplace(true), pulumi.DependsOn(before))
}

// logTunnels has both tunnels log what they negotiate. It is part of the creation:
// switched on later, it replaces one endpoint after the other (AWV-28).
func logTunnels(args *ec2.VpnConnectionArgs, group *cloudwatch.LogGroup) {
	args.Tunnel1LogOptions = ec2.VpnConnectionTunnel1LogOptionsArgs{
		CloudwatchLogOptions: ec2.VpnConnectionTunnel1LogOptionsCloudwatchLogOptionsArgs{
			LogEnabled:      pulumi.Bool(true),
			LogGroupArn:     group.Arn, // the provider's is plain, without ":*" (AWV-29)
			LogOutputFormat: pulumi.String("json"),
		},
	}
	args.Tunnel2LogOptions = ec2.VpnConnectionTunnel2LogOptionsArgs{
		CloudwatchLogOptions: ec2.VpnConnectionTunnel2LogOptionsCloudwatchLogOptionsArgs{
			LogEnabled:      pulumi.Bool(true),
			LogGroupArn:     group.Arn,
			LogOutputFormat: pulumi.String("json"),
		},
	}
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
