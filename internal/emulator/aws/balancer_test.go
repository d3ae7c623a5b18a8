package aws

import "testing"

// NLB-02, NLB-03: a third zone in place, with a fixed address; a zone less.
func TestBalancerGrows(t *testing.T) {
	e := part(t, "vpc", "private1", "private2", "reserved1", "reserved2", "far", "tight", "tightReserved", "group", "nlb")
	first := props{"subnetId": "=private1", "privateIpv4Address": "10.0.1.250"}
	second := props{"subnetId": "=private2", "privateIpv4Address": "10.0.2.250"}
	third := props{"subnetId": "=far", "privateIpv4Address": "10.0.3.250"}
	name := e.made["nlb"].out.Str("dnsName")
	grown := e.becomes("nlb", props{"subnetMappings": []any{third, first, second}}).out
	if n := len(grown.List("subnets")); n != 3 || grown.Str("dnsName") != name {
		t.Errorf("%d subnets, name %s", n, grown.Str("dnsName"))
	}
	if n := len(e.becomes("nlb", props{"subnetMappings": []any{first, third}}).out.List("subnets")); n != 2 {
		t.Errorf("%d subnets", n)
	}
	// Few free addresses are enough for one that is named.
	crowded := changed("nlb", props{"name": "crowded", "subnetMappings": []any{props{"subnetId": "=tight", "privateIpv4Address": "10.0.4.5"}}})
	if err := e.try(crowded); err != nil {
		t.Error(err)
	}
}
