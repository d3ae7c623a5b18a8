package stackexport

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// A run that was broken off leaves what it has still to delete, and what it deleted before
// it could make it again. Source: pulumi/pulumi sdk/go/common/apitype/core.go, ResourceV3.
func TestBrokenOff(t *testing.T) {
	lb := func(id string, change func(*apitype.ResourceV3)) apitype.ResourceV3 {
		r := apitype.ResourceV3{Custom: true, Type: awstype.LoadBalancer, ID: "lb"}
		r.Inputs = map[string]any{"name": id}
		change(&r)
		return r
	}
	view := inventory.View{Source: Read([]apitype.ResourceV3{
		lb("new", func(*apitype.ResourceV3) {}),
		lb("still there", func(r *apitype.ResourceV3) { r.Delete = true }),
		lb("gone", func(r *apitype.ResourceV3) { r.PendingReplacement = true }),
		lb("of a component", func(r *apitype.ResourceV3) { r.Custom = false }),
	})}
	var names []string
	for _, o := range view.All(awstype.LoadBalancer) {
		names = append(names, o.In.Str("name"))
	}
	if len(names) != 2 || names[0] != "new" || names[1] != "still there" {
		t.Errorf("the export has %q", names)
	}
}
