package stackexport

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// A run that ended half way leaves marks in the state, and an export of it says what exists.
// Source: pulumi pkg/resource/deploy/step.go, where PendingReplacement is set after the
// provider's Delete and Delete before it.
func TestReadOfHalfARun(t *testing.T) {
	const aws, other = "urn:pulumi:s::p::pulumi:providers:aws::a::1", "urn:pulumi:s::p::pulumi:providers:aws::b::2"
	const table = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/routeTables/t"
	thing := func(typ, id, provider, state string) apitype.ResourceV3 {
		return apitype.ResourceV3{
			Type: tokens.Type(typ), ID: resource.ID(id), Custom: true, Provider: provider, Inputs: map[string]any{"state": state},
			Delete: state == "old", PendingReplacement: state == "gone",
		}
	}
	provider := func(name, id, region string) apitype.ResourceV3 {
		return apitype.ResourceV3{
			URN: resource.URN("urn:pulumi:s::p::pulumi:providers:aws::" + name), Type: "pulumi:providers:aws", ID: resource.ID(id),
			Custom: true, Inputs: map[string]any{"region": region},
		}
	}
	view := inventory.View{Source: Read([]apitype.ResourceV3{
		provider("a", "1", "eu-west-2"), provider("b", "2", "eu-central-1"),
		thing(awstype.Vpc, "vpc-kept", aws, ""),
		thing(awstype.Vpc, "vpc-gone", aws, "gone"),                                                   // deleted, its replacement is not made yet
		thing(awstype.Vpc, "vpc-old", aws, "old"),                                                     // its replacement is made, it is not deleted yet
		thing(azuretype.RouteTable, table, "", ""), thing(azuretype.RouteTable, table+"/", "", "old"), // names are ids: both are one
		thing(awstype.Role, "r", aws, "old"), thing(awstype.Role, "r", other, ""), // one in each region
		thing(awstype.Policy, "p", aws, "old"), thing(awstype.Policy, "p", aws, "gone"),
	})}
	got := map[string]int{}
	for _, o := range view.All() {
		got[o.Type+" "+o.ID+" "+o.Region+" "+o.In.Str("state")]++
	}
	want := map[string]int{
		awstype.Vpc + " vpc-kept eu-west-2 ": 1, awstype.Vpc + " vpc-old eu-west-2 old": 1, azuretype.RouteTable + " " + table + "  ": 1,
		awstype.Role + " r eu-west-2 old": 1, awstype.Role + " r eu-central-1 ": 1, awstype.Policy + " p eu-west-2 old": 1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("it reads %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}
