package azure

import (
	"fmt"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// logSinks are where diagnostic settings and flow logs send, by property.
var logSinks = map[string][]struct{ path, typ string }{
	azuretype.DiagnosticSetting: {{"workspaceId", azuretype.Workspace}, {"storageAccountId", azuretype.StorageAccount}},
	azuretype.FlowLog:           {{"storageId", azuretype.StorageAccount}, {workspacePath + "workspaceResourceId", azuretype.Workspace}},
}

// shutsServicesOut reports whether flow logs and diagnostics cannot be written
// (LOG-21): public access is off, or the account's firewall makes no exception.
func shutsServicesOut(account *inventory.Object) bool {
	p := account.Props()
	return p.Str("publicNetworkAccess") == "Disabled" ||
		p.Str("networkRuleSet.defaultAction") == "Deny" && !strings.Contains(p.StrOr("networkRuleSet.bypass", "AzureServices"), "AzureServices")
}

// Unlogged says of every diagnostic setting and flow log in the world why what it
// sends does not arrive. Azure asks for the workspace and the storage account when
// it takes one (PRO-05, LOG-05), lets both be deleted under it all the same, and
// stays silent; so it does of a flow log that is switched off.
func Unlogged(tx *emulator.Tx) []string {
	var list []string
	for _, o := range tx.All(azuretype.DiagnosticSetting, azuretype.FlowLog) {
		for _, sink := range logSinks[o.Type] {
			id := o.In.Str(sink.path)
			if id != "" && tx.Get(sink.typ, id) == nil {
				list = append(list, fmt.Sprintf("%s: %s: %s does not exist", o.ID, sink.path, id))
			}
			if account := tx.Get(azuretype.StorageAccount, id); account != nil && shutsServicesOut(account) {
				list = append(list, fmt.Sprintf("%s: LOG-21: the storage account %s lets Azure's services in no more", o.ID, id))
			}
		}
		if enabled, set := o.In.Get("enabled"); o.Type == azuretype.FlowLog && set && enabled == any(false) {
			list = append(list, fmt.Sprintf("%s: it is off", o.ID))
		}
	}
	return list
}
