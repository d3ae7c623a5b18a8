package azure

import (
	"net/netip"
	"testing"

	"burrow/internal/inventory"
)

func TestParseNetwork(t *testing.T) {
	for text, legal := range map[string]bool{
		"10.0.0.0/16": true, "10.0.0.1/32": true, "fd00::/8": true,
		"10.0.0.1/16": false, "10.0.0.0": false, "10.0.0.0/33": false, "": false,
	} {
		if _, err := parseNetwork(text); (err == nil) != legal {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAddressesOfPrefix(t *testing.T) {
	cases := map[string]struct {
		first, last string
		size        int
	}{
		"10.10.2.0/28":   {"10.10.2.4", "10.10.2.15", 16},
		"10.10.255.0/27": {"10.10.255.4", "10.10.255.31", 32},
		"10.0.0.0/8":     {"10.0.0.4", "10.255.255.255", 1 << 24},
	}
	for text, tc := range cases {
		p := netip.MustParsePrefix(text)
		if got := firstFree(p).String(); got != tc.first {
			t.Errorf("first free of %s is %s, want %s", text, got, tc.first)
		}
		if got := last(p).String(); got != tc.last {
			t.Errorf("last of %s is %s, want %s", text, got, tc.last)
		}
		if got := size(p); got != tc.size {
			t.Errorf("size of %s is %d, want %d", text, got, tc.size)
		}
	}
}

func TestSubnetPrefix(t *testing.T) {
	cases := map[string]struct {
		in   props
		want string // "" for none
	}{
		"one":         {props{"addressPrefix": "10.0.0.0/24"}, "10.0.0.0/24"},
		"IPv6 first":  {props{"addressPrefixes": list{"fd00::/64", "10.0.0.0/24"}}, "10.0.0.0/24"},
		"only IPv6":   {props{"addressPrefix": "fd00::/64"}, ""},
		"none at all": {props{}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p, ok := subnetPrefix(&inventory.Object{In: tc.in})
			if ok != (tc.want != "") || ok && p.String() != tc.want {
				t.Errorf("got %v %t, want %q", p, ok, tc.want)
			}
		})
	}
}

func TestSurge(t *testing.T) {
	cases := []struct {
		pool props
		want int
	}{
		{props{"count": 3.0}, 4},
		{props{"count": 3.0, "upgradeSettings": obj{"maxSurge": "2"}}, 5},
		{props{"count": 10.0, "upgradeSettings": obj{"maxSurge": "33%"}}, 14},
		{props{"enableAutoScaling": true, "count": 1.0, "maxCount": 5.0, "upgradeSettings": obj{"maxSurge": "1"}}, 6},
		{props{}, 2},
	}
	for _, tc := range cases {
		if got := mostNodes(tc.pool); got != tc.want {
			t.Errorf("%v has %d nodes at most, want %d", tc.pool, got, tc.want)
		}
	}
}
