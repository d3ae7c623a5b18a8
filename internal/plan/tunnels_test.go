package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"burrow/internal/rules"
)

func TestTunnelAddresses(t *testing.T) {
	want := []struct{ name, aws, azure string }{
		{"instance0-tunnel1", "169.254.21.1", "169.254.21.2"},
		{"instance0-tunnel2", "169.254.22.1", "169.254.22.2"},
		{"instance1-tunnel1", "169.254.21.5", "169.254.21.6"},
		{"instance1-tunnel2", "169.254.22.5", "169.254.22.6"},
	}
	tunnels := Default().VPN.OrderedTunnels()
	if len(tunnels) != len(want) {
		t.Fatalf("%d tunnels, want %d", len(tunnels), len(want))
	}
	for i, w := range want {
		got := tunnels[i]
		if got.Name() != w.name || got.AWSInside().String() != w.aws || got.AzureInside().String() != w.azure {
			t.Errorf("tunnel %d is %s %s-%s, want %s %s-%s", i,
				got.Name(), got.AWSInside(), got.AzureInside(), w.name, w.aws, w.azure)
		}
	}
}

func TestTunnelsByInstance(t *testing.T) {
	tunnel := func(instance, number int) Tunnel { return Tunnel{Instance: instance, Number: number} }
	v := VPN{Tunnels: []Tunnel{tunnel(1, 2), tunnel(0, 2), tunnel(1, 1), tunnel(0, 1)}}
	if got := v.Instances(); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("instances %v, want [0 1]", got)
	}
	if got, want := v.InstanceTunnels(1), []Tunnel{tunnel(1, 1), tunnel(1, 2)}; !slices.Equal(got, want) {
		t.Errorf("tunnels of instance 1 are %v, want %v", got, want)
	}
	if got := v.InstanceTunnels(2); got != nil {
		t.Errorf("instance 2 has tunnels: %v", got)
	}
	ordered := []Tunnel{tunnel(0, 1), tunnel(0, 2), tunnel(1, 1), tunnel(1, 2)}
	if got := v.OrderedTunnels(); !slices.Equal(got, ordered) {
		t.Errorf("in order they are %v, want %v", got, ordered)
	}
}

func TestNth(t *testing.T) {
	tests := []struct {
		cidr string
		n    uint32
		want string
	}{
		{"10.0.1.0/24", 0, "10.0.1.0"},
		{"10.0.1.0/24", 255, "10.0.1.255"},
		{"10.0.1.0/24", 256, "invalid IP"},
		{"10.0.1.77/24", 1, "10.0.1.1"},
		{"10.0.255.0/23", 511, "10.0.255.255"},
		{"0.0.0.0/0", 4294967295, "255.255.255.255"},
		{"10.0.0.4/32", 0, "10.0.0.4"},
		{"2001:db8::/64", 1, "invalid IP"},
	}
	for _, test := range tests {
		if got := nth(netip.MustParsePrefix(test.cidr), test.n).String(); got != test.want {
			t.Errorf("nth(%s, %d) = %s, want %s", test.cidr, test.n, got, test.want)
		}
	}
	if got := nth(netip.Prefix{}, 0); got.IsValid() {
		t.Errorf("no range has the address %s", got)
	}
}

func TestTailAndContains(t *testing.T) {
	tests := []struct {
		cidr string
		bits int
		want string
	}{
		{"10.0.1.0/24", 28, "10.0.1.240/28"},
		{"10.0.1.0/28", 28, "10.0.1.0/28"},
		{"10.0.1.0/29", 28, "invalid Prefix"},
		{"2001:db8::/64", 28, "invalid Prefix"},
	}
	for _, test := range tests {
		if got := tail(netip.MustParsePrefix(test.cidr), test.bits).String(); got != test.want {
			t.Errorf("tail(%s, %d) = %s, want %s", test.cidr, test.bits, got, test.want)
		}
	}
	outer := prefix("10.0.0.0/16")
	for inner, want := range map[string]bool{"10.0.255.0/24": true, "10.0.0.0/16": true, "10.0.0.0/15": false, "10.1.0.0/24": false} {
		if got := contains(outer, prefix(inner)); got != want {
			t.Errorf("%s contains %s: %t, want %t", outer, inner, got, want)
		}
	}
}

// Equivalents of the algorithms in both clouds' words (XV-01 to XV-05).
var (
	encryptions = map[string]string{"AES256-GCM-16": "GCMAES256", "AES128-GCM-16": "GCMAES128", "AES256": "AES256", "AES128": "AES128"}
	integrities = map[string]string{"SHA1": "SHA1", "SHA2-256": "SHA256", "SHA2-384": "SHA384"}
	groups      = map[int]string{2: "2", 14: "14", 19: "ECP256", 20: "ECP384", 24: "24"}
)

// Both sides of a suite say the same thing, in values that both take.
func TestSuitesAgree(t *testing.T) {
	if len(Suites) != 2 || Suites[DefaultSuite].Name != DefaultSuite {
		t.Fatalf("suites are %v", suiteNames())
	}
	for name, s := range Suites {
		t.Run(name, func(t *testing.T) {
			if s.Name != name {
				t.Errorf("calls itself %s", s.Name)
			}
			same(t, "phase 1 encryption", encryptions[one(t, s.AWS.Phase1Encryption)], s.Azure.IKEEncryption)
			same(t, "phase 1 integrity", integrities[one(t, s.AWS.Phase1Integrity)], s.Azure.IKEIntegrity)
			same(t, "phase 1 group", groups[one(t, s.AWS.Phase1DHGroups)], strings.TrimPrefix(s.Azure.DHGroup, "DHGroup"))
			same(t, "phase 2 encryption", encryptions[one(t, s.AWS.Phase2Encryption)], s.Azure.IPsecEncryption)
			same(t, "phase 2 group", groups[one(t, s.AWS.Phase2DHGroups)], strings.TrimPrefix(s.Azure.PFSGroup, "PFS"))
			phase2 := integrities[one(t, s.AWS.Phase2Integrity)]
			if strings.HasPrefix(s.Azure.IPsecEncryption, "GCM") {
				phase2 = s.Azure.IPsecEncryption // AVC-15
			}
			same(t, "phase 2 integrity", phase2, s.Azure.IPsecIntegrity)
			lifetimes(t, s)
		})
	}
}

func lifetimes(t *testing.T, s Suite) {
	t.Helper()
	if s.Phase1LifetimeSeconds != 28800 {
		t.Errorf("phase 1 lives %d s, and Azure knows 28800 only (AVC-23)", s.Phase1LifetimeSeconds)
	}
	if s.Phase2LifetimeSeconds < 900 || s.Phase2LifetimeSeconds > 3600 {
		t.Errorf("phase 2 lives %d s, and AWS takes 900 to 3600 (AWV-17)", s.Phase2LifetimeSeconds)
	}
	if s.SADataSizeKilobytes < 1024 || s.SADataSizeKilobytes > 2147483647 {
		t.Errorf("an SA carries %d KB (AVC-21)", s.SADataSizeKilobytes)
	}
	if s.DPDTimeoutSeconds < 30 || s.DPDTimeoutSeconds > 3600 {
		t.Errorf("a peer is dead after %d s (AWV-18, AVC-22)", s.DPDTimeoutSeconds)
	}
}

// one is the only value of a list: with one proposal neither side can choose a
// weaker one (AWV-22).
func one[T any](t *testing.T, values []T) T {
	t.Helper()
	if len(values) != 1 {
		t.Fatalf("%d proposals, want 1: %v", len(values), values)
	}
	return values[0]
}

func same(t *testing.T, what, aws, azure string) {
	t.Helper()
	if aws == "" || aws != azure {
		t.Errorf("%s: AWS's is %q, Azure's %q", what, aws, azure)
	}
}

func TestAlgorithmSuite(t *testing.T) {
	if got := Default().VPN.AlgorithmSuite(); got.Azure.DHGroup != "ECP384" || got.AWS.Phase1DHGroups[0] != 20 {
		t.Errorf("the default suite is %+v", got)
	}
	if got := (VPN{Suite: "aes256-sha256-modp2048"}).AlgorithmSuite(); got.Azure.PFSGroup != "PFS14" {
		t.Errorf("the conservative suite is %+v", got)
	}
}

func TestCheckRotation(t *testing.T) {
	was := map[string]int{"instance0-tunnel1": 1, "instance0-tunnel2": 2, "instance1-tunnel1": 1, "instance1-tunnel2": 1}
	tests := []struct {
		name     string
		previous map[string]int
		now      [4]int
		keys     []string // of the problems
		reason   string
	}{
		{"first run", nil, [4]int{1, 1, 1, 1}, nil, ""},
		{"no change", was, [4]int{1, 2, 1, 1}, nil, ""},
		{"one raised", was, [4]int{1, 3, 1, 1}, nil, ""},
		{"one raised by more", was, [4]int{1, 9, 1, 1}, nil, ""},
		{"tunnel unknown before", map[string]int{"instance0-tunnel1": 1}, [4]int{1, 5, 6, 7}, nil, ""},
		{"two raised", was, [4]int{2, 2, 1, 2}, []string{"vpn.tunnels[0].keyGeneration", "vpn.tunnels[3].keyGeneration"}, "AVC-12, AWV-28"},
		{"one lowered", was, [4]int{1, 1, 1, 1}, []string{"vpn.tunnels[1].keyGeneration"}, "AVC-12"},
		{"one raised, one lowered", was, [4]int{2, 1, 1, 1},
			[]string{"vpn.tunnels[0].keyGeneration", "vpn.tunnels[1].keyGeneration", "vpn.tunnels[1].keyGeneration"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := Default().VPN
			for i, generation := range test.now {
				v.Tunnels[i].KeyGeneration = generation
			}
			problems := CheckRotation(test.previous, v)
			if got := problemKeys(problems); !slices.Equal(got, test.keys) {
				t.Fatalf("problems at %v, want %v", got, test.keys)
			}
			for _, p := range problems {
				complete(t, p)
				if !strings.Contains(p.Reason, test.reason) {
					t.Errorf("reason %q does not name %s", p.Reason, test.reason)
				}
			}
		})
	}
}

func problemKeys(problems Problems) []string {
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.Key)
	}
	return keys
}

// complete checks that a problem says all four things.
func complete(t *testing.T, p Problem) {
	t.Helper()
	for what, text := range map[string]string{"key": p.Key, "value": p.Value, "reason": p.Reason, "remedy": p.Remedy} {
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s: no %s", fmt.Sprint(p), what)
		}
	}
	if again := rules.Repeated(p.Error()); len(again) > 0 {
		t.Errorf("it names %v more than once: %v", again, p)
	}
}
