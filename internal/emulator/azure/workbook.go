package azure

import (
	"encoding/json"
	"fmt"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

var workbookPlace = place{
	provider: "Microsoft.Insights", location: pinned, outputs: hasEtag | hasSystem,
	path: []segment{{"workbooks", "resourceName"}},
	names: naming{
		rule: "ARM-19", code: codeBad, min: 36, max: 36, pattern: guid, words: "a GUID",
		source: "azure-docs#52844; terraform-provider-azurerm application_insights_workbook_resource.go" + unverified,
	},
}

// A workbook that belongs to no resource is Azure Monitor's.
const workbookOfMonitor = "azure monitor"

func workbookKinds() []*emulator.Kind {
	const source = "azure-rest-api-specs Microsoft.Insights 2022-04-01 workbooks_API.json"
	return []*emulator.Kind{workbookPlace.kind(azuretype.Workbook, emulator.Kind{
		Rules: []emulator.Rule{
			rule("ARM-20", codeBad, emulator.OpWrite, source+unverified, badWorkbook),
			rule("ARM-21", codeConflict, emulator.OpWrite, "azure-docs#52844", sameWorkbook),
			rule("PRO-05", codeNotFound, emulator.OpWrite, "azure-docs#52229; "+source+unverified, func(c *emulator.Call) string {
				id := c.In.StrOr("sourceId", workbookOfMonitor)
				if sameName(id, workbookOfMonitor) || resourceAt(c, id) != nil || sameName(id, subscriptionID(c)) {
					return ""
				}
				return fmt.Sprintf("The Resource '%s' under resource group '%s' was not found.", lastOf(id), groupOf(id))
			}),
		},
		Fill: fillWorkbook,
	})}
}

func badWorkbook(c *emulator.Call) string {
	if c.In.Str("displayName") == "" || c.In.Str("category") == "" {
		return "A workbook must have a displayName and a category."
	}
	var content struct {
		Version string `json:"version"`
		Items   *[]any `json:"items"`
	}
	if err := json.Unmarshal([]byte(c.In.Str("serializedData")), &content); err != nil {
		return fmt.Sprintf("The serializedData of the workbook is no JSON: %v.", err)
	}
	if !strings.HasPrefix(content.Version, "Notebook/") || content.Items == nil {
		return `The serializedData of the workbook must have "version": "Notebook/1.0" and a list of items.`
	}
	if v := c.In.StrOr("version", content.Version); v != content.Version {
		return fmt.Sprintf("The version %s of the workbook is not that of its serializedData, %s.", v, content.Version)
	}
	return ""
}

// sameWorkbook: two workbooks of a group cannot show under one name. The message
// says subscription; Microsoft's own templates say resource group.
func sameWorkbook(c *emulator.Call) string {
	for _, o := range siblings(c) {
		if o.In.Str("displayName") == c.In.Str("displayName") &&
			sameName(o.In.StrOr("sourceId", workbookOfMonitor), c.In.StrOr("sourceId", workbookOfMonitor)) {
			return "A Workbook with the same name already exists within this subscription."
		}
	}
	return ""
}

func fillWorkbook(c *emulator.Call) error {
	c.Out.Default("kind", "shared")
	c.Out.Default("sourceId", workbookOfMonitor)
	c.Out.Default("version", "Notebook/1.0")
	c.Out.Set("revision", strings.ReplaceAll(c.UUIDOf("revision"), "-", ""))
	c.Out.Set("timeModified", epoch)
	c.Out.Set("userId", callerID(c))
	c.Out.Set(`tags["hidden-title"]`, c.In.Str("displayName")) // the backend's own tag
	return nil
}
