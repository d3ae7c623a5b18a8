package aws

import (
	"encoding/json"
	"fmt"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
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
