package azure

import (
	"fmt"

	"burrow/internal/emulator"
)

// logSinks are where diagnostic settings and flow logs send, by property.
var logSinks = map[string][]struct{ path, typ string }{
	typeDiagnostic: {{"workspaceId", typeWorkspace}, {"storageAccountId", typeStorage}},
	typeFlowLog:    {{"storageId", typeStorage}, {workspacePath + "workspaceResourceId", typeWorkspace}},
}

// Unlogged says of every diagnostic setting and flow log in the world why what it
// sends does not arrive. Azure asks for the workspace and the storage account when
// it takes one (PRO-05, LOG-05), lets both be deleted under it all the same, and
// stays silent; so it does of a flow log that is switched off.
func Unlogged(tx *emulator.Tx) []string {
	var list []string
	for _, o := range tx.All(typeDiagnostic, typeFlowLog) {
		for _, sink := range logSinks[o.Type] {
			if id := o.In.Str(sink.path); id != "" && tx.Get(sink.typ, id) == nil {
				list = append(list, fmt.Sprintf("%s: %s: %s does not exist", o.ID, sink.path, id))
			}
		}
		if enabled, set := o.In.Get("enabled"); o.Type == typeFlowLog && set && enabled == any(false) {
			list = append(list, fmt.Sprintf("%s: it is off", o.ID))
		}
	}
	return list
}
