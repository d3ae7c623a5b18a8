package aws

import (
	"fmt"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/reach/tunneltest"
)

// What a refresh tells of two tunnels that meet Azure's, by BGP and without: a
// tunnel with static routes is up with IPsec and counts them, one with BGP needs
// the session.
func TestTelemetryOfMetTunnels(t *testing.T) {
	without := func(property string) func(string, props) {
		return func(typ string, in props) {
			if typ == "azure-native:network:VirtualNetworkGatewayConnection" {
				in.Set("enableBgp", false)
			}
			if typ == awstype.VpnConnection && property != "" {
				in.Set(property, true)
			}
		}
	}
	for _, c := range []struct {
		what   string
		change func(typ string, in props)
		routes []string
		want   string
	}{
		{"by BGP", func(string, props) {}, nil, "UP: 1 BGP ROUTES (1)"},
		{"no session", without(""), nil, "DOWN: IPSEC IS UP (0)"},
		{"static", without("staticRoutesOnly"), []string{"10.10.0.0/17", "10.10.128.0/17"}, "UP: IPSEC IS UP (2)"},
		{"static without routes", without("staticRoutesOnly"), nil, "UP: IPSEC IS UP (0)"},
		{"no IPsec", func(typ string, in props) {
			if strings.HasSuffix(typ, ":VirtualNetworkGatewayConnection") {
				in.Set("connectionProtocol", "IKEv1")
			}
		}, nil, "DOWN: IPSEC IS DOWN (0)"},
	} {
		t.Run(c.what, func(t *testing.T) {
			l := newLab(t)
			l.put(c.change, c.routes)
			_, out := l.read(awstype.VpnConnection, "vpn", "vpn-0", props{}, props{})
			for i, told := range out.Maps("vgwTelemetries[*]") {
				got := fmt.Sprintf("%s: %s (%d)", told.Str("status"), told.Str("statusMessage"), told.Int("acceptedRouteCount"))
				if got != c.want || told.Str("outsideIpAddress") != out.Str(tunnels[i]+"Address") {
					t.Errorf("tunnel %d of %s: %s, want %s", i+1, told.Str("outsideIpAddress"), got, c.want)
				}
			}
			if n := len(out.Maps("vgwTelemetries[*]")); n != 2 {
				t.Errorf("%d tunnels", n)
			}
		})
	}
}

// put is a world of four tunnels, changed, whose first connection has the routes.
func (l *lab) put(change func(typ string, in props), routes []string) {
	l.t.Helper()
	err := l.world.Update(func(tx *emulator.Tx) error {
		for _, o := range tunneltest.Four() {
			change(o.Type, o.In)
			tx.Put(&inventory.Object{Type: o.Type, ID: o.ID, In: o.In, Out: props(o.In).Clone(), Hidden: props(o.Hidden).Clone()})
		}
		for _, cidr := range routes {
			in := props{"vpnConnectionId": "vpn-0", "destinationCidrBlock": cidr}
			tx.Put(&inventory.Object{Type: awstype.VpnConnectionRoute, ID: "vpn-0:" + cidr, In: in, Out: in.Clone()})
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}
