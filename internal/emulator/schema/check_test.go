package schema

import (
	"slices"
	"strings"
	"testing"
)

type unknown struct{}

func isUnknown(v any) bool { _, ok := v.(unknown); return ok }

func noUnknown(any) bool { return false }

// connection is a legal Azure connection, changed by edit.
func connection(edit func(map[string]any)) map[string]any {
	in := map[string]any{
		"connectionType":         "IPsec",
		"resourceGroupName":      "rg-aks-bunny",
		"virtualNetworkGateway1": map[string]any{"id": unknown{}},
		"routingWeight":          10.0,
		"enableBgp":              true,
		"tags":                   map[string]any{"Name": "tunnel-1"},
		"ipsecPolicies": []any{map[string]any{
			"dhGroup": "DHGroup14", "ikeEncryption": "AES256", "ikeIntegrity": "SHA256",
			"ipsecEncryption": "AES256", "ipsecIntegrity": "SHA256", "pfsGroup": "PFS2048",
			"saDataSizeKilobytes": 102400000.0, "saLifeTimeSeconds": 3600.0,
		}},
	}
	edit(in)
	return in
}

// firstPolicy of a connection.
func firstPolicy(in map[string]any) map[string]any {
	return in["ipsecPolicies"].([]any)[0].(map[string]any)
}

func TestCheckAzure(t *testing.T) {
	tests := map[string]struct {
		edit func(in map[string]any)
		want []Violation
	}{
		"legal": {func(map[string]any) {}, nil},
		"unknown property": {
			func(in map[string]any) { in["sharedkey"] = "x" },
			[]Violation{{"sharedkey", UnknownProperty, "unknown property; did you mean sharedKey?"}},
		},
		"unknown property like no other": {
			func(in map[string]any) { in["zzz"] = nil },
			[]Violation{{"zzz", UnknownProperty, "unknown property"}},
		},
		"nested unknown property": {
			func(in map[string]any) { firstPolicy(in)["saLifetimeSeconds"] = 1.0 },
			[]Violation{{"ipsecPolicies[0].saLifetimeSeconds", UnknownProperty, "unknown property; did you mean saLifeTimeSeconds?"}},
		},
		"missing, null and nested": {
			func(in map[string]any) {
				delete(in, "connectionType")
				in["resourceGroupName"] = nil
				delete(firstPolicy(in), "pfsGroup")
			},
			[]Violation{
				{"connectionType", Missing, "required and not set"},
				{"ipsecPolicies[0].pfsGroup", Missing, "required and not set"},
				{"resourceGroupName", Missing, "required and not set"},
			},
		},
		"null where nothing is required": {func(in map[string]any) { in["routingWeight"] = nil }, nil},
		"unknown for an object":          {func(in map[string]any) { in["virtualNetworkGateway1"] = unknown{} }, nil},
		"unknown for a list":             {func(in map[string]any) { in["ipsecPolicies"] = unknown{} }, nil},
		"unknown for a required value":   {func(in map[string]any) { in["connectionType"] = unknown{} }, nil},
		"text for an integer": {
			func(in map[string]any) { in["routingWeight"] = "10" },
			[]Violation{{"routingWeight", WrongType, "must be an integer, is a string"}},
		},
		"fraction for an integer": {
			func(in map[string]any) { in["routingWeight"] = 10.5 },
			[]Violation{{"routingWeight", WrongType, "must be an integer, is a number"}},
		},
		"text for a boolean": {
			func(in map[string]any) { in["enableBgp"] = "true" },
			[]Violation{{"enableBgp", WrongType, "must be a boolean, is a string"}},
		},
		"number in a map of strings": {
			func(in map[string]any) { in["tags"] = map[string]any{"a.b": 1.0} },
			[]Violation{{`tags["a.b"]`, WrongType, "must be a string, is an integer"}},
		},
		"object for a list": {
			func(in map[string]any) { in["ipsecPolicies"] = firstPolicy(in) },
			[]Violation{{"ipsecPolicies", WrongType, "must be a list of objects (network.IpsecPolicy), is a map"}},
		},
		"text for an object": {
			func(in map[string]any) { in["virtualNetworkGateway1"] = "id" },
			[]Violation{{"virtualNetworkGateway1", WrongType, "must be an object (network.VirtualNetworkGatewayType), is a string"}},
		},
		"value of no JSON type": {
			func(in map[string]any) { in["location"] = 7 },
			[]Violation{{"location", WrongType, "must be a string, is something else"}},
		},
		"not in enum": {
			func(in map[string]any) { in["connectionType"] = "IPSEC" },
			[]Violation{{"connectionType", NotInEnum, "must be one of IPsec, Vnet2Vnet, ExpressRoute, VPNClient"}},
		},
	}
	r := mustResource(t, "azure-native:network:VirtualNetworkGatewayConnection")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := r.Check(connection(test.edit), isUnknown); !slices.Equal(got, test.want) {
				t.Errorf("violations\n got %v\nwant %v", got, test.want)
			}
		})
	}
}

func TestCheckVpnType(t *testing.T) {
	r := mustResource(t, "azure-native:network:VirtualNetworkGateway")
	got := r.Check(map[string]any{"resourceGroupName": "g", "vpnType": "Routed"}, noUnknown)
	want := []Violation{{"vpnType", NotInEnum, "must be one of PolicyBased, RouteBased"}}
	if !slices.Equal(got, want) {
		t.Errorf("violations %v, want %v", got, want)
	}
}

// TestCheckCoerces: what wraps a Terraform provider takes text for numbers.
func TestCheckCoerces(t *testing.T) {
	tests := []struct {
		property string
		value    any
		want     string
	}{
		{"tunnel1Phase1LifetimeSeconds", 28800.0, ""},
		{"tunnel1Phase1LifetimeSeconds", "28800", ""},
		{"tunnel1Phase1LifetimeSeconds", "8h", "must be an integer, is a string"},
		{"tunnel1Phase1LifetimeSeconds", 0.5, "must be an integer, is a number"},
		{"tunnel1Phase1LifetimeSeconds", true, "must be an integer, is a boolean"},
		{"staticRoutesOnly", "false", ""},
		{"staticRoutesOnly", "no", "must be a boolean, is a string"},
		{"localIpv4NetworkCidr", 10.0, ""},
		{"localIpv4NetworkCidr", true, ""},
		{"localIpv4NetworkCidr", []any{}, "must be a string, is a list"},
		{"tunnel1IkeVersions", "ikev2", "must be a list of strings, is a string"},
	}
	r := mustResource(t, "aws:ec2/vpnConnection:VpnConnection")
	for _, test := range tests {
		in := map[string]any{"customerGatewayId": "cgw-1", "type": "ipsec.1", test.property: test.value}
		var want []Violation
		if test.want != "" {
			want = []Violation{{test.property, WrongType, test.want}}
		}
		if got := r.Check(in, noUnknown); !slices.Equal(got, want) {
			t.Errorf("%s = %v: violations %v, want %v", test.property, test.value, got, want)
		}
	}
}

// TestCheckComponent: an input of a remote component may be a whole resource,
// as URN or as object.
func TestCheckComponent(t *testing.T) {
	r := mustResource(t, "eks:index:Cluster")
	for _, role := range []any{"urn:pulumi:s::p::aws:iam/role:Role::r", map[string]any{"arn": "a"}} {
		if got := r.Check(map[string]any{"serviceRole": role, "storageClasses": "gp2"}, noUnknown); got != nil {
			t.Errorf("serviceRole = %T: violations %v, want none", role, got)
		}
	}
}

// TestReasonsHoldNoValues: values may be secret, and reasons are printed.
func TestReasonsHoldNoValues(t *testing.T) {
	const key = "correct-horse"
	in := connection(func(in map[string]any) {
		in["sharedKey"] = []any{key}
		in["connectionType"] = key
		in["keyOfAll"] = key
	})
	got := mustResource(t, "azure-native:network:VirtualNetworkGatewayConnection").Check(in, isUnknown)
	if len(got) != 3 {
		t.Errorf("violations %v, want 3", got)
	}
	for _, v := range got {
		if strings.Contains(v.String(), key) {
			t.Errorf("violation tells the value: %v", v)
		}
	}
}
