package vpn

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/plan"
	"burrow/internal/sent"
)

// record runs the pair alone, with what the clouds invent filled in.
func record(t *testing.T, v plan.VPN) *sent.Log {
	t.Helper()
	p := plan.Default()
	p.VPN = v
	return sent.Record(t, invent, func(ctx *pulumi.Context) error {
		_, err := newPair(ctx, p)
		return err
	})
}

func newPair(ctx *pulumi.Context, p *plan.Plan) (*Pair, error) {
	vpc, err := sent.StandIn(ctx, "vpc")
	if err != nil {
		return nil, err
	}
	vnet, err := sent.StandIn(ctx, "vnet")
	if err != nil {
		return nil, err
	}
	return NewPair(ctx, "burrow", PairArgs{
		Estate:  p.Estate,
		VPN:     p.VPN,
		Network: p.Network,
		AWS: AWSSide{
			VPCID: id("vpc"), RouteTableIDs: []pulumi.IDOutput{id("rtb-1"), id("rtb-2")},
			SubnetIDs: []pulumi.IDOutput{id("subnet-1"), id("subnet-2")}, Ready: vpc,
			LogKeyARN: pulumi.String("key").ToStringOutput(),
		},
		Azure: AzureSide{
			GroupName: pulumi.String("rg").ToStringOutput(), GroupID: id("/subscriptions/s/resourceGroups/rg"),
			SubnetID: id("subnet"), Ready: vnet, WorkspaceID: id("workspace"),
		},
	})
}

func id(s string) pulumi.IDOutput { return pulumi.ID(s).ToIDOutput() }

func invent(r sent.Resource) map[string]any {
	switch r.Type {
	case "azure-native:network:PublicIPAddress":
		return map[string]any{"ipAddress": "address of " + r.Name}
	case awstype.VpnConnection:
		return map[string]any{
			"tunnel1Address": "first of " + r.Name, "tunnel2Address": "second of " + r.Name,
			"transitGatewayAttachmentId": "attachment of " + r.Name,
		}
	case awstype.LogGroup:
		return map[string]any{"arn": "arn of " + r.Name}
	case "random:index/randomPassword:RandomPassword":
		return map[string]any{"result": resource.MakeSecret(resource.NewProperty("key of " + r.Name))}
	}
	return nil
}

func TestConnectionsWaitForOneAnother(t *testing.T) {
	connections := record(t, plan.Default().VPN).Of(azuretype.VirtualNetworkGatewayConnection)
	if len(connections) != 4 {
		t.Fatalf("%d connections, want 4", len(connections))
	}
	for i, c := range connections {
		want := []string{"sharedKey", "virtualNetworkGateway1"}
		if !c.Options.GetDeleteBeforeReplace() || !slices.Equal(c.Options.GetReplaceOnChanges(), want) {
			t.Errorf("%s: a new key (AVC-12) or gateway (AVG-39) has to replace the connection, the old one first", c.Name)
		}
		if !c.Secrets["sharedKey"] {
			t.Errorf("%s: the key is not secret", c.Name)
		}
		for j, other := range connections {
			if got, want := c.DependsOn(other), j == i-1; got != want {
				t.Errorf("%s waits for %s: %v, want %v", c.Name, other.Name, got, want)
			}
		}
	}
}

func TestNobodyElseWaitsForTheGateway(t *testing.T) {
	log := record(t, plan.Default().VPN)
	gateway := log.One(t, azuretype.VirtualNetworkGateway)
	waiting := log.Waiting(gateway)
	want := []string{"azure-native:insights:DiagnosticSetting", azuretype.VirtualNetworkGatewayConnection, azuretype.VirtualNetworkGatewayConnection, azuretype.VirtualNetworkGatewayConnection, azuretype.VirtualNetworkGatewayConnection}
	if !slices.Equal(waiting, want) {
		t.Errorf("waiting for the gateway: %v, want %v", waiting, want)
	}
	if gateway.Options.GetCustomTimeouts().GetCreate() != "90m" || !gateway.Options.GetDeleteBeforeReplace() {
		t.Errorf("the gateway needs more than an hour, and its subnet for itself: %v", gateway.Options)
	}
}

// The gateway takes its place in the VNet when nothing else is writing there
// (ANW-06); the addresses wait for nothing.
func TestGatewayWaitsForTheVNet(t *testing.T) {
	log := record(t, plan.Default().VPN)
	if got := log.Waiting(log.Named(t, sent.StandInType, "vnet")); !slices.Equal(got, []string{azuretype.VirtualNetworkGateway}) {
		t.Errorf("waiting for the VNet: %v, want the gateway alone", got)
	}
}

// Every propagation gets the gateway's id from the attachment, hence after it.
func TestPropagationFollowsAttachment(t *testing.T) {
	log := record(t, plan.Default().VPN)
	attachment := log.One(t, awstype.VpnGatewayAttachment)
	propagations := log.Of(awstype.VpnGatewayRoutePropagation)
	if len(propagations) != 2 {
		t.Fatalf("%d propagations, want one for each of 2 tables", len(propagations))
	}
	for _, p := range propagations {
		if !p.DependsOn(attachment) {
			t.Errorf("%s does not wait for the attachment (AWV-07)", p.Name)
		}
	}
}

func TestBothEndsAgree(t *testing.T) {
	v := plan.Default().VPN
	log := record(t, v)
	peers, connections := log.Of(azuretype.LocalNetworkGateway), log.Of(azuretype.VirtualNetworkGatewayConnection)
	for i, want := range v.OrderedTunnels() {
		t.Run(want.Name(), func(t *testing.T) {
			n := fmt.Sprintf("tunnel%d", want.Number)
			customer, vpn := log.Of(awstype.CustomerGateway)[want.Instance], log.Of(awstype.VpnConnection)[want.Instance]
			peer, connection := peers[i], connections[i]
			same(t, "key", vpn.Inputs[n+"PresharedKey"], connection.Inputs["sharedKey"])
			same(t, "AWS outside", peer.Inputs["gatewayIpAddress"],
				map[int]string{1: "first", 2: "second"}[want.Number]+" of "+vpn.Name)
			same(t, "Azure outside", customer.Inputs["ipAddress"],
				fmt.Sprintf("address of burrow-gateway-ip-instance%d", want.Instance))
			same(t, "inside", vpn.Inputs[n+"InsideCidr"], want.Inside.String())
			same(t, "peer", peer.Inputs["bgpSettings"].(map[string]any)["bgpPeeringAddress"], want.AWSInside().String())
			same(t, "peer's gateway", connection.Inputs["localNetworkGateway2"].(map[string]any)["id"], "<"+peer.Name+">")
			policy := connection.Inputs["ipsecPolicies"].([]any)[0].(map[string]any)
			same(t, "phase 2 lifetime", vpn.Inputs[n+"Phase2LifetimeSeconds"], policy["saLifeTimeSeconds"])
			same(t, "DPD timeout", vpn.Inputs[n+"DpdTimeoutSeconds"], connection.Inputs["dpdTimeoutSeconds"])
		})
	}
}

// Both tunnels of a connection get every option that either of them gets: what
// is left out falls back to the weakest algorithms (AWV-22).
func TestTunnelOptionsAreComplete(t *testing.T) {
	for _, vpn := range record(t, plan.Default().VPN).Of(awstype.VpnConnection) {
		options := map[string]int{}
		for key := range vpn.Inputs {
			var n int
			var option string
			if _, err := fmt.Sscanf(key, "tunnel%d%s", &n, &option); err == nil {
				options[option] += n
			}
		}
		if len(options) != 19 {
			t.Errorf("%s sets %d options of a tunnel, want 19", vpn.Name, len(options))
		}
		for option, sum := range options {
			if sum != 1+2 {
				t.Errorf("%s: option %s is not set for both tunnels", vpn.Name, option)
			}
		}
	}
}

// The gateway names its own configurations, each with the addresses of its
// tunnels, and leaves no setting to the service but the read-only ones.
func TestGatewayBGPIsComplete(t *testing.T) {
	gateway := record(t, plan.Default().VPN).One(t, azuretype.VirtualNetworkGateway)
	const configuration = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworkGateways/burrow-vpn-gateway/ipConfigurations/instance"
	want := map[string]any{
		"asn":        65515.0,
		"peerWeight": 0.0,
		"bgpPeeringAddresses": []any{
			map[string]any{"ipconfigurationId": configuration + "0", "customBgpIpAddresses": []any{"169.254.21.2", "169.254.22.2"}},
			map[string]any{"ipconfigurationId": configuration + "1", "customBgpIpAddresses": []any{"169.254.21.6", "169.254.22.6"}},
		},
	}
	same(t, "bgpSettings", gateway.Inputs["bgpSettings"], want)
}

// A key is letters only, which both clouds take, and changes with its
// generation alone.
func TestKeys(t *testing.T) {
	v := plan.Default().VPN
	v.Tunnels[2].KeyGeneration = 7
	keys := record(t, v).Of("random:index/randomPassword:RandomPassword")
	if len(keys) != 4 {
		t.Fatalf("%d keys, want 4", len(keys))
	}
	for i, key := range keys {
		generation := map[bool]string{true: "7", false: "1"}[i == 2]
		same(t, key.Name, key.Inputs, map[string]any{
			"length": 48.0, "special": false, "numeric": false,
			"keepers": map[string]any{"generation": generation},
		})
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}
