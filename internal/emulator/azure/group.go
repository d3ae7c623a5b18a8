package azure

import (
	"regexp"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var groupForm = regexp.MustCompile(`^[\p{L}\p{N}_().-]*[\p{L}\p{N}_()-]$`)

// A resource group is where everything else lies. Deleting it deletes all of it,
// whatever refers to it.
func groupKinds() []*emulator.Kind {
	names := naming{
		rule: "NAM-03", code: "InvalidResourceGroupName", min: 1, max: 90, source: sourceNames + " (code unverified)",
		pattern: groupForm,
		words:   "letters, digits, _ - . ( ), not ending with a dot",
	}
	return []*emulator.Kind{{
		Type:     azuretype.ResourceGroup,
		AutoName: &emulator.AutoName{Property: "resourceGroupName", Max: names.max},
		NewID: func(c *emulator.Call) (string, error) {
			return groupID(c, c.In.Str("resourceGroupName")), nil
		},
		Replace: []emulator.Replace{
			{Path: "resourceGroupName", Source: sourcePath},
			{Path: "location", Source: sourceForceNew},
		},
		Rules: append([]emulator.Rule{
			rule(names.rule, names.code, emulator.OpCreate, names.source, func(c *emulator.Call) string {
				return names.broken(c.In.Str("resourceGroupName"))
			}),
			rule("TAG-03", "InvalidTags", emulator.OpWrite, sourceTagLimits+unverified, badTags),
			reservedTag(),
			nowhereToBe(),
		}, place{provider: "Microsoft.Resources", location: pinned}.locationRules()...),
		Fill: fillGroup,
		Gone: removeInside,
	}}
}

// nowhereToBe is the provider's own: everything else falls back to its group.
func nowhereToBe() emulator.Rule {
	r := rule("ARM-01", "", emulator.OpCheck, "pulumi-azure-native provider.go, validateType", func(c *emulator.Call) string {
		if c.In.Has("location") {
			return ""
		}
		return "missing required property 'location'. Either set it explicitly or configure it with " +
			"'pulumi config set azure-native:location <value>'."
	})
	r.Path = "location"
	return r
}

func fillGroup(c *emulator.Call) error {
	c.Out.Del("resourceGroupName")
	c.Out.Set("name", c.In.Str("resourceGroupName"))
	c.Out.Set("type", "Microsoft.Resources/resourceGroups")
	c.Out.Set("location", location(c))
	c.Out.Set("properties", map[string]any{"provisioningState": "Succeeded"})
	return nil
}

// putGroup makes a resource group on a service's own account, unless there is one.
func putGroup(c *emulator.Call, name, madeBy string) {
	id := groupID(c, name)
	if c.Tx.Get(azuretype.ResourceGroup, id) != nil {
		return
	}
	in := inventory.Props{"resourceGroupName": name, "location": location(c)}
	c.Tx.Put(&inventory.Object{Type: azuretype.ResourceGroup, ID: id, MadeBy: madeBy, In: in, Out: inventory.Props{
		"name": name, "type": "Microsoft.Resources/resourceGroups", "location": location(c),
		"properties": map[string]any{"provisioningState": "Succeeded"},
	}})
}

// sameName compares ARM names.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }
