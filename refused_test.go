package main

import (
	"strings"
	"testing"
)

// brokenConfigs are configurations that are refused before anything exists.
// Each names a key that the message must show with its value.
var brokenConfigs = []struct {
	key, value string
	settings   settings
}{
	{"network.aws.cidr", "10.10.0.0/16", settings{"network.aws.cidr": "10.10.0.0/16"}},
	{"network.aws.cidr", "10.0.0.0/8", settings{"network.aws.cidr": "10.0.0.0/8"}},
	{"network.aws.region", "eu-west-9", settings{"network.aws.region": "eu-west-9"}},
	{"network.aws.egress", "none", settings{"network.aws.egress": "none"}},
	{"network.aws.logRetentionDays", "31", settings{"network.aws.logRetentionDays": 31}},
	{"network.aws.accountId", "12345", settings{"network.aws.accountId": "12345"}},
	{"network.azure.location", "ukmoon", settings{"network.azure.location": "ukmoon"}},
	{"network.azure.subnets.gateway", "10.10.2.0/28", settings{"network.azure.subnets.gateway": "10.10.2.0/28"}},
	{"network.azure.subnets.nodes", "10.99.0.0/24", settings{"network.azure.subnets.nodes": "10.99.0.0/24"}},
	{"network.azure.cidrs", "10.10.0.0/16", settings{"network.azure.cidrs": "10.10.0.0/16"}},
	{"clusters.eks.version", "1.24", settings{"clusters.eks.version": "1.24"}},
	{"clusters.eks.nodes.desired", "9", settings{"clusters.eks.nodes.desired": 9}},
	{"clusters.aks.serviceCidr", "10.0.0.0/16", settings{"clusters.aks.serviceCidr": "10.0.0.0/16"}},
	{"clusters.aks.pool.name", "aks-bunny-pool", settings{"clusters.aks.pool.name": "aks-bunny-pool"}},
	{"clusters.aks.dnsServiceIp", "10.11.0.1", settings{"clusters.aks.dnsServiceIp": "10.11.0.1"}},
	{"vpn.awsAsn", "65515", settings{"vpn.awsAsn": 65515}},
	{"vpn.sku", "VpnGw1", settings{"vpn.sku": "VpnGw1"}},
	{"vpn.suite", "des-md5", settings{"vpn.suite": "des-md5"}},
	{"dns.azureZone", "internal", settings{"dns.azureZone": "internal"}},
	{"k8s.relay.nodePort", "8443", settings{"k8s.relay.nodePort": 8443}},
	{"k8s.access", "magic", settings{"k8s.access": "magic"}},
	{"burow", "", settings{"burow.anything": 1}},
}

func TestBrokenConfigs(t *testing.T) {
	t.Parallel()
	s := newStack(t, "deploy", nil, nil)
	for _, c := range brokenConfigs {
		s.configure(c.settings)
		out, err := s.try("up")
		if err == nil {
			t.Fatalf("up accepts %s = %s", c.key, c.value)
		}
		for _, part := range []string{c.key, c.value, "why:", "remedy:"} {
			if !strings.Contains(out, part) {
				t.Errorf("%s = %s: the message does not say %q:\n%s", c.key, c.value, part, tail(out))
			}
		}
		for urn := range s.state() {
			if typ := typeOf(urn); typ != "pulumi:pulumi:Stack" {
				t.Errorf("%s = %s: %s was registered", c.key, c.value, urn)
			}
		}
		if objects := s.objects(); len(objects) > 0 {
			t.Errorf("%s = %s: the clouds hold %d objects", c.key, c.value, len(objects))
		}
	}
}
