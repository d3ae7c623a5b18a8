package estates

import (
	"strings"
	"testing"

	"burrow/internal/scenario"
)

// A broken is a key with a value that is refused before anything exists; the
// message must show both.
type broken struct {
	key   string
	value any
	shown string // the value as the message shows it, where that differs
}

// brokenConfigs are configurations that are refused. Each is many mistakes at
// once, and the message has them all; keys of which one mistake hides another are
// in different ones.
var brokenConfigs = [][]broken{
	{
		{key: "network.aws.cidr", value: "10.10.0.0/16"},
		{key: "network.aws.egress", value: "none"},
		{key: "network.aws.logRetentionDays", value: 31, shown: "31"},
		{key: "network.aws.accountId", value: "12345"},
		{key: "network.azure.location", value: "ukmoon"},
		{key: "network.azure.subnets.gateway", value: "10.10.2.0/28"},
		{key: "network.azure.subnets.nodes", value: "10.99.0.0/24"},
		{key: "network.azure.cidrs", value: "10.10.0.0/16"},
		{key: "clusters.eks.version", value: "1.24"},
		{key: "clusters.eks.nodes.desired", value: 9, shown: "9"},
		{key: "clusters.aks.pool.name", value: "aks-bunny-pool"},
		{key: "clusters.aks.dnsServiceIp", value: "10.11.0.1"},
		{key: "vpn.awsAsn", value: 65515, shown: "65515"},
		{key: "vpn.sku", value: "VpnGw1"},
		{key: "vpn.suite", value: "des-md5"},
		{key: "dns.azureZone", value: "internal"},
		{key: "k8s.relay.nodePort", value: 8443, shown: "8443"},
		{key: "k8s.access", value: "magic"},
		{key: "burow", value: map[string]any{"anything": 1}, shown: "anything"},
	},
	{
		{key: "network.aws.cidr", value: "10.0.0.0/8"},
		{key: "network.aws.region", value: "eu-west-9"},
		{key: "clusters.aks.serviceCidr", value: "10.0.0.0/16"},
	},
}

// Nothing is registered and nothing exists when the configuration has mistakes.
func TestBrokenConfigs(t *testing.T) {
	t.Parallel()
	s := scenario.New(t, nil)
	for _, config := range brokenConfigs {
		settings := scenario.Settings{}
		for _, b := range config {
			settings[b.key] = b.value
		}
		s.Configure(settings)
		out, err := s.Try("up", "--skip-preview")
		if err == nil {
			t.Fatalf("up accepts %v", settings)
		}
		for _, b := range config {
			if !reported(out, b) {
				t.Errorf("%s = %v: the message does not show key, value, reason and remedy:\n%s", b.key, b.value, scenario.Tail(out))
			}
		}
		for urn := range s.State() {
			if typ := scenario.TypeOf(urn); typ != "pulumi:pulumi:Stack" {
				t.Errorf("%s was registered", urn)
			}
		}
		if objects := s.Objects(); len(objects) > 0 {
			t.Errorf("the clouds hold %d objects", len(objects))
		}
	}
}

// reported says that one problem of the message is about the key, shows the
// value, and has a reason and a remedy.
func reported(out string, b broken) bool {
	value := b.shown
	if text, ok := b.value.(string); ok && value == "" {
		value = text
	}
	for _, problem := range strings.Split(out, "remedy:") {
		lines := strings.Split(problem, "\n")
		for i, line := range lines {
			if strings.Contains(line, b.key) && strings.Contains(line, value) && strings.Contains(strings.Join(lines[i:], "\n"), "why:") {
				return true
			}
		}
	}
	return false
}
