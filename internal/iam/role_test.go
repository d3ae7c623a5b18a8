package iam

import (
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// All policies of a role count as one: what any of them denies, none allows. Source: IAM
// guide, reference_policies_evaluation-logic.md, explicit and implicit denials.
func TestRoleMay(t *testing.T) {
	policy := func(effect, action, resource string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"}]}`
	}
	inline := func(policy string) *inventory.Object {
		return &inventory.Object{Type: awstype.Role, ID: "r", In: inventory.Props{"inlinePolicies": []any{map[string]any{"policy": policy}}}}
	}
	beside := func(policy string) *inventory.Object {
		return &inventory.Object{Type: awstype.RolePolicy, ID: "r:beside", In: inventory.Props{"role": "r", "policy": policy}}
	}
	managed := func(policy string) *inventory.Object {
		return &inventory.Object{Type: awstype.Policy, ID: "arn:own", In: inventory.Props{"arn": "arn:own", "policy": policy}}
	}
	attached := &inventory.Object{Type: awstype.RolePolicyAttachment, ID: "r-own", In: inventory.Props{"role": "r", "policyArn": "arn:own"}}
	for name, c := range map[string]struct {
		objects     []*inventory.Object
		may, denied bool
	}{
		"nothing":                            {nil, false, false},
		"inline":                             {[]*inventory.Object{inline(policy("Allow", "a:*", "*"))}, true, false},
		"a policy of its own":                {[]*inventory.Object{beside(policy("Allow", "a:Do", "*"))}, true, false},
		"a managed one":                      {[]*inventory.Object{managed(policy("Allow", "a:Do", "thing")), attached}, true, false},
		"a managed one that is not attached": {[]*inventory.Object{managed(policy("Allow", "a:Do", "thing"))}, false, false},
		"denied inline":                      {[]*inventory.Object{inline(policy("Deny", "a:Do", "*")), beside(policy("Allow", "*", "*"))}, false, true},
		"denied beside":                      {[]*inventory.Object{inline(policy("Allow", "*", "*")), beside(policy("Deny", "a:Do", "thing"))}, false, true},
		"denied by a managed one":            {[]*inventory.Object{inline(policy("Allow", "*", "*")), managed(policy("Deny", "a:*", "*")), attached}, false, true},
		"another action denied":              {[]*inventory.Object{inline(policy("Allow", "*", "*")), beside(policy("Deny", "a:Undo", "*"))}, true, false},
		"another thing denied":               {[]*inventory.Object{inline(policy("Allow", "*", "*")), beside(policy("Deny", "a:Do", "other"))}, true, false},
		"beside half a text":                 {[]*inventory.Object{inline("{"), beside(policy("Allow", "a:Do", "*"))}, true, false},
	} {
		for _, o := range c.objects {
			o.Out = o.In
		}
		view := inventory.View{Source: inventory.NewList(c.objects...)}
		if got := RoleMay(view, "r", "a:Do", "thing"); got != c.may {
			t.Errorf("%s: may %t", name, got)
		}
		if got := RoleIsDenied(view, "r", "a:Do", "thing"); got != c.denied {
			t.Errorf("%s: is denied %t", name, got)
		}
	}
}
