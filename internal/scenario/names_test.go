package scenario

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// What the comparison of names finds, and what it lets pass.
func TestChangedNames(t *testing.T) {
	was := names{"a::vpc": "tags.Name=burrow-vpc", "b::gateway": "virtualNetworkGatewayName=vng", "output eksEndpoint": ""}
	with := func(change func(names)) names {
		n := names{}
		for urn, physical := range was {
			n[urn] = physical
		}
		change(n)
		return n
	}
	for name, c := range map[string]struct {
		now  names
		want []string
	}{
		"the same":        {with(func(names) {}), nil},
		"a logical name":  {with(func(n names) { delete(n, "a::vpc"); n["a::net"] = "tags.Name=burrow-vpc" }), []string{"a::vpc is gone", "a::net is new"}},
		"a physical name": {with(func(n names) { n["b::gateway"] = "virtualNetworkGatewayName=gw" }), []string{`b::gateway was named "virtualNetworkGatewayName=vng" and is named "virtualNetworkGatewayName=gw"`}},
		"an output":       {with(func(n names) { delete(n, "output eksEndpoint"); n["output endpoint"] = "" }), []string{"output eksEndpoint is gone", "output endpoint is new"}},
		"a preview": {with(func(n names) {
			delete(n, "output eksEndpoint")
			n["b::gateway"] = "virtualNetworkGatewayName=" + engineUnknown
		}), nil},
		"gone in a preview": {with(func(n names) { delete(n, "output eksEndpoint"); delete(n, "a::vpc") }), []string{"a::vpc is gone"}},
	} {
		if got := c.now.changed(was); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestPhysicalNames(t *testing.T) {
	got := names{}
	got.add(apitype.ResourceV3{
		URN: "urn:pulumi:dev::burrow::burrow:vpn:Pair$aws:iam/role:Role::burrow-role", Type: "aws:iam/role:Role",
		Inputs: map[string]any{
			"name": "role", "roleName": "other", "description": "d", "tags": map[string]any{"Name": "role", "Owner": "o"},
			"bucket": "b-1f", "__defaults": []any{"bucket"},
		},
	})
	got.add(apitype.ResourceV3{
		URN: "urn:pulumi:dev::burrow::pulumi:pulumi:Stack::burrow-dev", Type: resource.RootStackType,
		Outputs: map[string]any{"awsVpcId": "vpc-1"},
	})
	want := names{
		"burrow:vpn:Pair$aws:iam/role:Role::burrow-role": "bucket=(the provider's) name=role roleName=other tags.Name=role",
		"output awsVpcId": "",
	}
	if differ := got.changed(want); len(differ) > 0 {
		t.Error(differ)
	}
}
