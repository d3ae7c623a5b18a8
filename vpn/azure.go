package vpn

import (
	"fmt"

	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// gatewayLogs are the gateway's log categories that say something about
// site-to-site tunnels (LOG-09).
var gatewayLogs = []string{"GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog"}

// gatewayName is the Azure gateway's. It is fixed before the gateway exists,
// because the gateway's settings refer to the gateway itself (PRV-10).
func (b *builder) gatewayName() string { return b.args.Estate.Name("burrow-vpn-gateway") }

// publicAddresses makes a public address for each gateway instance. A gateway
// of an AZ SKU takes none that is not Standard, static and zoned (AVG-08,
// AVG-10).
func (b *builder) publicAddresses() (map[int]*network.PublicIPAddress, error) {
	addresses := map[int]*network.PublicIPAddress{}
	for _, instance := range b.args.VPN.Instances() {
		base := fmt.Sprintf("burrow-vpn-gateway-ip-instance%d", instance)
		name := b.args.Estate.Name(base)
		child := fmt.Sprintf("%s-gateway-ip-instance%d", b.name, instance)
		address, err := network.NewPublicIPAddress(b.ctx, child, &network.PublicIPAddressArgs{
			PublicIpAddressName:      pulumi.String(name),
			ResourceGroupName:        b.args.Azure.GroupName,
			Location:                 pulumi.String(b.args.Network.Azure.Location),
			PublicIPAllocationMethod: pulumi.String(network.IPAllocationMethodStatic),
			PublicIPAddressVersion:   pulumi.String(network.IPVersionIPv4),
			Sku: network.PublicIPAddressSkuArgs{
				Name: pulumi.String(network.PublicIPAddressSkuNameStandard),
				Tier: pulumi.String(network.PublicIPAddressSkuTierRegional),
			},
			Zones: pulumi.ToStringArray([]string{"1", "2", "3"}),
			Tags:  b.tags(name),
		}, b.parent)
		if err != nil {
			return nil, fmt.Errorf("instance %d: %w", instance, err)
		}
		addresses[instance] = address
	}
	return addresses, nil
}

// azureSide makes the gateway and one connection for each tunnel, in the order of
// the tunnels.
func (b *builder) azureSide(
	addresses map[int]*network.PublicIPAddress, tunnels []Tunnel,
) (*network.VirtualNetworkGateway, []pulumi.Resource, error) {
	gateway, err := b.gateway(addresses)
	if err != nil {
		return nil, nil, fmt.Errorf("gateway: %w", err)
	}
	if err := b.diagnostics(gateway); err != nil {
		return nil, nil, fmt.Errorf("gateway diagnostics: %w", err)
	}
	// Each connection waits for the one before: a run that replaces several
	// never has two of them away at once, and the gateway takes one write at a
	// time anyway (AVG-24).
	var connections []pulumi.Resource
	for i, t := range tunnels {
		peer, err := b.localGateway(t)
		if err != nil {
			return nil, nil, fmt.Errorf("local network gateway %s: %w", t.Name(), err)
		}
		connection, err := b.connection(t, gateway, peer, connections[max(0, i-1):])
		if err != nil {
			return nil, nil, fmt.Errorf("connection %s: %w", t.Name(), err)
		}
		connections = append(connections, connection)
	}
	return gateway, connections, nil
}

// gateway makes the active-active gateway. It keeps its generation for life
// (AVG-05), which the provider does not know: it would send an update that Azure
// refuses.
func (b *builder) gateway(addresses map[int]*network.PublicIPAddress) (*network.VirtualNetworkGateway, error) {
	name := b.gatewayName()
	var configurations network.VirtualNetworkGatewayIPConfigurationArray
	for _, instance := range b.args.VPN.Instances() {
		configurations = append(configurations, network.VirtualNetworkGatewayIPConfigurationArgs{
			Name:                      pulumi.String(ipConfigurationName(instance)),
			PrivateIPAllocationMethod: pulumi.String(network.IPAllocationMethodDynamic),
			PublicIPAddress:           network.SubResourceArgs{Id: addresses[instance].ID()},
			Subnet:                    network.SubResourceArgs{Id: b.args.Azure.SubnetID},
		})
	}
	return network.NewVirtualNetworkGateway(b.ctx, b.name+"-gateway", &network.VirtualNetworkGatewayArgs{
		VirtualNetworkGatewayName: pulumi.String(name),
		ResourceGroupName:         b.args.Azure.GroupName,
		Location:                  pulumi.String(b.args.Network.Azure.Location),
		GatewayType:               pulumi.String(network.VirtualNetworkGatewayTypeEnumVpn),
		VpnType:                   pulumi.String(network.VpnTypeRouteBased),
		VpnGatewayGeneration:      pulumi.String(b.args.VPN.Generation),
		Sku: network.VirtualNetworkGatewaySkuArgs{
			Name: pulumi.String(b.args.VPN.SKU),
			Tier: pulumi.String(b.args.VPN.SKU),
		},
		ActiveActive:           pulumi.Bool(true),
		EnableBgp:              pulumi.Bool(true),
		EnablePrivateIpAddress: pulumi.Bool(false),
		IpConfigurations:       configurations,
		BgpSettings:            b.gatewayBGP(),
		Tags:                   b.tags(name),
	}, b.parent, b.protected(), gatewayTimeouts(), pulumi.DependsOn(b.args.Azure.Ready),
		pulumi.ReplaceOnChanges([]string{"vpnGatewayGeneration"}),
		// A VNet has one VPN gateway, and GatewaySubnet room for no other (PRV-14).
		pulumi.DeleteBeforeReplace(true))
}

// gatewayBGP are complete, down to the weight: the service fills in what is left
// out, and whoever then compares rewrites the gateway in every run (AVG-35). The
// two lists that it echoes (default addresses, tunnel addresses) are read-only,
// and the single bgpPeeringAddress belongs to the service (AVG-32).
func (b *builder) gatewayBGP() network.BgpSettingsPtrInput {
	var peering network.IPConfigurationBgpPeeringAddressArray
	for _, instance := range b.args.VPN.Instances() {
		peering = append(peering, network.IPConfigurationBgpPeeringAddressArgs{
			IpconfigurationId:    b.ipConfigurationID(instance),
			CustomBgpIpAddresses: b.customAddresses(instance),
		})
	}
	return network.BgpSettingsArgs{
		Asn:                 pulumi.Float64(float64(b.args.VPN.AzureASN)),
		PeerWeight:          pulumi.Int(0),
		BgpPeeringAddresses: peering,
	}
}

// gatewayTimeouts are how long other tools wait for the same service, too: 30
// to 45 minutes for a new gateway are usual, more has been seen (AVG-24).
func gatewayTimeouts() pulumi.ResourceOption {
	return pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "90m", Update: "60m", Delete: "120m"})
}

// diagnostics sends the gateway's logs and metrics to the workspace.
func (b *builder) diagnostics(gateway *network.VirtualNetworkGateway) error {
	var logs insights.LogSettingsArray
	for _, category := range gatewayLogs {
		logs = append(logs, insights.LogSettingsArgs{
			Category: pulumi.String(category),
			Enabled:  pulumi.Bool(true),
		})
	}
	_, err := insights.NewDiagnosticSetting(b.ctx, b.name+"-gateway-diagnostics", &insights.DiagnosticSettingArgs{
		Name:        pulumi.String(b.args.Estate.Name("burrow-vpn-gateway-diagnostics")),
		ResourceUri: gateway.ID(),
		WorkspaceId: b.args.Azure.WorkspaceID,
		Logs:        logs,
		Metrics: insights.MetricSettingsArray{insights.MetricSettingsArgs{
			Category: pulumi.String("AllMetrics"),
			Enabled:  pulumi.Bool(true),
		}},
	}, b.parent)
	return err
}

// localGateway is what Azure knows of one AWS tunnel endpoint. There is one for
// each tunnel, because it holds a single BGP peer (AVC-02). Its address space stays
// empty: what were written there would be a static route, and BGP brings the real
// ones (AVC-05).
func (b *builder) localGateway(t Tunnel) (*network.LocalNetworkGateway, error) {
	name := b.args.Estate.Name("burrow-aws-" + t.Name())
	return network.NewLocalNetworkGateway(b.ctx, b.child("lng", t.Tunnel), &network.LocalNetworkGatewayArgs{
		LocalNetworkGatewayName: pulumi.String(name),
		ResourceGroupName:       b.args.Azure.GroupName,
		Location:                pulumi.String(b.args.Network.Azure.Location),
		GatewayIpAddress:        t.AWSOutside,
		BgpSettings: network.BgpSettingsArgs{
			Asn:               pulumi.Float64(float64(b.args.VPN.AWSASN)),
			BgpPeeringAddress: text(t.AWSInside()),
			PeerWeight:        pulumi.Int(0),
		},
		Tags: b.tags(name),
	}, b.parent)
}

// connectionName is the name of a tunnel's connection in Azure.
func (b *builder) connectionName(t plan.Tunnel) string {
	return b.args.Estate.Name("burrow-to-aws-" + t.Name())
}

// connection joins the Azure gateway to one AWS tunnel. Azure ignores a new key
// on a connection that exists and reports success (AVC-12), so a new key
// replaces it; the name is fixed, so the old one goes first.
//
// Another gateway replaces it, too: Azure deletes no gateway that has connections
// (AVG-39), and the engine deletes before a gateway what its replacement replaces.
// An update of the gateway does not: its id is known throughout, where azure-native
// calls other outputs unknown.
func (b *builder) connection(
	t Tunnel, gateway *network.VirtualNetworkGateway, peer *network.LocalNetworkGateway, previous []pulumi.Resource,
) (*network.VirtualNetworkGatewayConnection, error) {
	name := b.connectionName(t.Tunnel)
	args := &network.VirtualNetworkGatewayConnectionArgs{
		VirtualNetworkGatewayConnectionName: pulumi.String(name),
		ResourceGroupName:                   b.args.Azure.GroupName,
		Location:                            pulumi.String(b.args.Network.Azure.Location),
		ConnectionType:                      pulumi.String(network.VirtualNetworkGatewayConnectionTypeIPsec),
		ConnectionProtocol:                  pulumi.String(network.VirtualNetworkGatewayConnectionProtocolIKEv2),
		ConnectionMode:                      pulumi.String(network.VirtualNetworkGatewayConnectionModeDefault),
		VirtualNetworkGateway1:              network.VirtualNetworkGatewayTypeArgs{Id: gateway.ID()},
		LocalNetworkGateway2:                network.LocalNetworkGatewayTypeArgs{Id: peer.ID()},
		SharedKey:                           t.Key,
		EnableBgp:                           pulumi.Bool(true),
		GatewayCustomBgpIpAddresses:         b.bgpAddresses(t),
		IpsecPolicies:                       network.IpsecPolicyArray{b.ipsecPolicy()},
		DpdTimeoutSeconds:                   pulumi.Int(b.args.VPN.AlgorithmSuite().DPDTimeoutSeconds),
		// AWS has one pair of selectors, everything to everything (AVC-24).
		UsePolicyBasedTrafficSelectors: pulumi.Bool(false),
		Tags:                           b.tags(name),
	}
	return network.NewVirtualNetworkGatewayConnection(b.ctx, b.child("connection", t.Tunnel), args, b.parent,
		pulumi.ReplaceOnChanges([]string{"sharedKey", "virtualNetworkGateway1"}),
		pulumi.DeleteBeforeReplace(true),
		pulumi.DependsOn(previous))
}

// bgpAddresses tell the connection which of the gateway's addresses are its own.
func (b *builder) bgpAddresses(t Tunnel) network.GatewayCustomBgpIpAddressIpConfigurationArray {
	var addresses network.GatewayCustomBgpIpAddressIpConfigurationArray
	for _, choice := range bgpChoices(b.args.VPN, t.Tunnel) {
		addresses = append(addresses, network.GatewayCustomBgpIpAddressIpConfigurationArgs{
			IpConfigurationId:  b.ipConfigurationID(choice.Instance),
			CustomBgpIpAddress: text(choice.Address),
		})
	}
	return addresses
}

// ipsecPolicy is the one proposal that Azure makes and accepts; all of its
// fields are required (AVC-13).
func (b *builder) ipsecPolicy() network.IpsecPolicyArgs {
	suite := b.args.VPN.AlgorithmSuite()
	return network.IpsecPolicyArgs{
		IkeEncryption:       pulumi.String(suite.Azure.IKEEncryption),
		IkeIntegrity:        pulumi.String(suite.Azure.IKEIntegrity),
		DhGroup:             pulumi.String(suite.Azure.DHGroup),
		IpsecEncryption:     pulumi.String(suite.Azure.IPsecEncryption),
		IpsecIntegrity:      pulumi.String(suite.Azure.IPsecIntegrity),
		PfsGroup:            pulumi.String(suite.Azure.PFSGroup),
		SaLifeTimeSeconds:   pulumi.Int(suite.Phase2LifetimeSeconds),
		SaDataSizeKilobytes: pulumi.Int(suite.SADataSizeKilobytes),
	}
}

// ipConfigurationID is the id of an instance of this gateway, which need not
// exist yet.
func (b *builder) ipConfigurationID(instance int) pulumi.StringOutput {
	name := b.gatewayName()
	return b.args.Azure.GroupID.ToStringOutput().ApplyT(func(group string) string {
		return ipConfigurationID(group, name, instance)
	}).(pulumi.StringOutput)
}

func (b *builder) customAddresses(instance int) pulumi.StringArray {
	var addresses pulumi.StringArray
	for _, address := range customAddresses(b.args.VPN, instance) {
		addresses = append(addresses, text(address))
	}
	return addresses
}
