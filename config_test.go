package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/plan"
)

func TestConfigValues(t *testing.T) {
	tests := []struct {
		name, config string
		want         map[string]string
	}{
		{"unset", "", map[string]string{}},
		{"empty", "{}", map[string]string{}},
		{"own keys", `{"burrow:vpn":"{\"awsAsn\":64513}","burrow:typo":"1"}`, map[string]string{"vpn": `{"awsAsn":64513}`, "typo": "1"}},
		{"other namespaces", `{"aws:region":"eu-west-2","burrowing:vpn":"{}","burrow:dns":"{}"}`, map[string]string{"dns": "{}"}},
		{"colon in a key", `{"burrow:a:b":"1"}`, map[string]string{"a:b": "1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := configValues(test.config, "burrow")
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestConfigValuesUnreadable(t *testing.T) {
	for _, config := range []string{"not JSON", `{"burrow:vpn":{"awsAsn":64513}}`, `[]`} {
		if got, err := configValues(config, "burrow"); err == nil || !strings.Contains(err.Error(), configVariable) {
			t.Errorf("%s: got %v, %v; want an error that names %s", config, got, err, configVariable)
		}
	}
}

// What the environment says reaches the plan, whole.
func TestConfigReachesThePlan(t *testing.T) {
	values, err := configValues(`{"burrow:vpn":"{\"awsAsn\":64513}","burrow:estate":"{\"suffix\":\"blue\"}"}`, "burrow")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(values, world("aws,azure-native"))
	if err != nil {
		t.Fatal(err)
	}
	if p.VPN.AWSASN != 64513 || p.Estate.Suffix != "blue" || p.VPN.AzureASN != plan.Default().VPN.AzureASN {
		t.Errorf("got %+v, %+v", p.VPN, p.Estate)
	}
	if _, err := plan.Load(values, world("")); err == nil {
		t.Error("the placeholders of the default estate pass for a real one")
	}
}

func TestWorld(t *testing.T) {
	for emulated, want := range map[string][]string{
		"":                      nil,
		"aws":                   {"aws"},
		"aws,azure-native":      {"aws", "azure-native"},
		" aws , , azure-native": {"aws", "azure-native"},
	} {
		got := slices.Sorted(maps.Keys(world(emulated).Emulated))
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", emulated, got, want)
		}
	}
}

func TestKeyGenerations(t *testing.T) {
	exported := `{"instance0-tunnel1":{"keyGeneration":2,"awsOutside":"198.51.100.1"},"instance0-tunnel2":{"keyGeneration":1},"odd":{},"text":"x"}`
	var tunnels any
	if err := json.Unmarshal([]byte(exported), &tunnels); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"instance0-tunnel1": 2, "instance0-tunnel2": 1}
	if got := keyGenerations(tunnels); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := keyGenerations(nil); len(got) != 0 {
		t.Errorf("a first run has generations %v", got)
	}
}
