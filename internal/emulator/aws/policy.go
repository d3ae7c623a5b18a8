package aws

import (
	"encoding/json"
	"fmt"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/emulator/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

// invalidJSON is the provider's own check of a policy.
func invalidJSON(id rules.ID, path, source string) emulator.Rule {
	return provider(id, path, source, func(c *emulator.Call) string {
		if !c.In.Has(path) || !c.In.Known(path) {
			return ""
		}
		if text := c.In.Str(path); text != "" && !json.Valid([]byte(text)) {
			return fmt.Sprintf("%q contains an invalid JSON policy", path)
		}
		return ""
	})
}

// grammar is what IAM refuses in any policy; withPrincipal says whether the
// policy hangs on a thing (true) or on somebody (false).
func grammar(path string, withPrincipal bool) func(*emulator.Call) string {
	return func(c *emulator.Call) string {
		if !c.In.Has(path) {
			return ""
		}
		d, err := iam.Read(c.In, path)
		if err != nil {
			return "This policy contains invalid Json"
		}
		return d.Malformed(withPrincipal)
	}
}

// trusts reports whether a role may be assumed by a service.
func trusts(role *inventory.Object, service string) bool {
	d, err := iam.Read(role.In, "assumeRolePolicy")
	return err == nil && d.Permits(iam.Request{Kind: "Service", Principal: service, Action: "sts:AssumeRole"})
}

// roleMay reports whether a role's own policies allow it an action on something,
// by the role's name. What AWS's managed policies say is not known, so they allow
// nothing here.
func roleMay(tx *emulator.Tx, role, action, resource string) bool {
	asked := iam.Request{Action: action, Resource: resource}
	return slices.ContainsFunc(rolePolicies(tx, role), func(in inventory.Props) bool {
		d, err := iam.Read(in, "policy")
		return err == nil && d.Permits(asked)
	})
}

// rolePolicies are the things whose "policy" is one of the role's.
func rolePolicies(tx *emulator.Tx, role string) []inventory.Props {
	var list []inventory.Props
	if o := tx.Get(awstype.Role, role); o != nil {
		list = o.In.Maps("inlinePolicies[*]")
	}
	for _, o := range tx.All(awstype.RolePolicy) {
		if o.Value("role") == role {
			list = append(list, o.In)
		}
	}
	for _, arn := range attachedPolicies(tx, role) {
		if o := tx.Find(awstype.Policy, "arn", arn); o != nil {
			list = append(list, o.In)
		}
	}
	return list
}
