package vpn

import (
	"net/netip"
	"slices"
	"testing"

	"burrow/internal/plan"
)

func TestBGPChoices(t *testing.T) {
	tests := []struct {
		tunnel string
		want   []bgpChoice
	}{
		{"instance0-tunnel1", []bgpChoice{{0, addr("169.254.21.2")}, {1, addr("169.254.21.6")}}},
		{"instance0-tunnel2", []bgpChoice{{0, addr("169.254.22.2")}, {1, addr("169.254.22.6")}}},
		{"instance1-tunnel1", []bgpChoice{{0, addr("169.254.21.2")}, {1, addr("169.254.21.6")}}},
		{"instance1-tunnel2", []bgpChoice{{0, addr("169.254.22.2")}, {1, addr("169.254.22.6")}}},
	}
	v := plan.Default().VPN
	for _, test := range tests {
		t.Run(test.tunnel, func(t *testing.T) {
			if got := bgpChoices(v, tunnel(t, v, test.tunnel)); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// A connection may only name addresses that the gateway has on that instance
// (AVC-25), whatever the inside CIDRs are and in whatever order they stand.
func TestBGPChoicesAreTheGateways(t *testing.T) {
	v := plan.Default().VPN
	slices.Reverse(v.Tunnels)
	for i, inside := range []string{"169.254.22.40/30", "169.254.21.8/30", "169.254.22.4/30", "169.254.21.252/30"} {
		v.Tunnels[i].Inside = netip.MustParsePrefix(inside)
	}
	for _, tunnel := range v.Tunnels {
		for _, choice := range bgpChoices(v, tunnel) {
			if !slices.Contains(customAddresses(v, choice.Instance), choice.Address) {
				t.Errorf("%s chooses %s, which instance %d has not", tunnel.Name(), choice.Address, choice.Instance)
			}
			if choice.Instance == tunnel.Instance && choice.Address != tunnel.AzureInside() {
				t.Errorf("%s chooses %s on its own instance, its end is %s", tunnel.Name(), choice.Address, tunnel.AzureInside())
			}
		}
	}
}

func TestCustomAddresses(t *testing.T) {
	v := plan.Default().VPN
	for instance, want := range [][]netip.Addr{
		{addr("169.254.21.2"), addr("169.254.22.2")},
		{addr("169.254.21.6"), addr("169.254.22.6")},
	} {
		if got := customAddresses(v, instance); !slices.Equal(got, want) {
			t.Errorf("instance %d has %v, want %v", instance, got, want)
		}
	}
}

func TestIPConfigurationID(t *testing.T) {
	got := ipConfigurationID("/subscriptions/s/resourceGroups/rg", "gw", 1)
	want := "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworkGateways/gw/ipConfigurations/instance1"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func tunnel(t *testing.T, v plan.VPN, name string) plan.Tunnel {
	t.Helper()
	i := slices.IndexFunc(v.Tunnels, func(t plan.Tunnel) bool { return t.Name() == name })
	if i < 0 {
		t.Fatalf("no tunnel %s", name)
	}
	return v.Tunnels[i]
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }
