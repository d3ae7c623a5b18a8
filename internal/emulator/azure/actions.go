package azure

import (
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"burrow/internal/emulator"
)

func actionsRules() []emulator.Rule {
	return []emulator.Rule{
		rule("ARM-04", "GroupShortNameIsTooLong", emulator.OpWrite, "azure-rest-api-specs#2840", func(c *emulator.Call) string {
			if n := utf8.RuneCountInString(c.In.Str("groupShortName")); n > maxShortName {
				return fmt.Sprintf("The groupShortName has %d characters; it must have 1 to %d.", n, maxShortName)
			}
			return ""
		}),
		rule("ARM-04", codeBad, emulator.OpWrite,
			"azure-rest-api-specs actionGroups_API.json 2023-01-01"+unverified, func(c *emulator.Call) string {
				if c.In.Str("groupShortName") == "" {
					return "The groupShortName must not be empty."
				}
				return ""
			}),
		rule("ARM-18", codeBad, emulator.OpWrite,
			"azure-docs#37405; azure-rest-api-specs actionGroups_API.json 2023-01-01"+unverified, badReceiver),
	}
}

const maxShortName = 12

// receiverKinds are the lists of receivers, with the property of each that must
// not be empty beside its name.
var receiverKinds = map[string]string{
	"emailReceivers": "emailAddress", "smsReceivers": "phoneNumber", "voiceReceivers": "phoneNumber",
	"webhookReceivers": "serviceUri", "armRoleReceivers": "roleId", "azureAppPushReceivers": "emailAddress",
	"azureFunctionReceivers": "httpTriggerUrl", "eventHubReceivers": "eventHubName", "itsmReceivers": "connectionId",
	"logicAppReceivers": "callbackUrl", "automationRunbookReceivers": "runbookName",
}

// badReceiver: names are unique in a group, and all that a receiver needs is there.
func badReceiver(c *emulator.Call) string {
	seen := map[string]bool{}
	for _, list := range slices.Sorted(maps.Keys(receiverKinds)) {
		needed := receiverKinds[list]
		for _, r := range c.In.Maps(list) {
			name := r.Str("name")
			switch {
			case name == "":
				return fmt.Sprintf("A receiver of %s has no name.", list)
			case seen[strings.ToLower(name)]:
				return fmt.Sprintf("Two receivers have the name %s.", name)
			case r.Str(needed) == "":
				return fmt.Sprintf("The receiver %s has no %s.", name, needed)
			case needed == "emailAddress" && !isAddress(r.Str(needed)):
				return fmt.Sprintf("The receiver %s has no email address: %s.", name, r.Str(needed))
			}
			seen[strings.ToLower(name)] = true
		}
	}
	return ""
}

// isAddress takes a bare address such as oncall@example.com.
func isAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text
}
