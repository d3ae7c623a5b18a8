package azure

import "burrow/internal/emulator"

func identityRefusals() []refusal {
	same := func(s *subscription) { s.made(typeRole, "first", nil) }
	return []refusal{
		{name: "scope of nobody", rule: "PRO-05", code: codeNotFound, typ: typeRole, bad: put("scope", "/subscriptions/"+testSubscription+"/resourceGroups/nowhere"), fine: put("scope", "/subscriptions/"+testSubscription)},
		{name: "name is no GUID", rule: "IAM-07", code: "InvalidRoleAssignmentId", typ: typeRole, bad: put("roleAssignmentName", "nodes"), fine: drop("roleAssignmentName")},
		{name: "GUID elsewhere", rule: "IAM-07", code: "RoleAssignmentExists", typ: typeRole, before: same, bad: put("scope", "/subscriptions/"+testSubscription)},
		{name: "new identity without its type", rule: "IAM-08", code: "PrincipalNotFound", typ: typeRole, bad: drop("principalType")},
		{name: "principal is no GUID", rule: "IAM-08", code: "PrincipalNotFound", typ: typeRole, bad: put("principalId", "me")},
		{name: "same again", rule: "IAM-09", code: "RoleAssignmentExists", typ: typeRole, before: same, bad: put("roleAssignmentName", "aaaaaaaa-bbbb-4ccc-8ddd-ffffffffffff"), fine: all(put("roleAssignmentName", "aaaaaaaa-bbbb-4ccc-8ddd-ffffffffffff"), put("roleDefinitionId", roleDefinitionID(roleContributor)))},
		{name: "short role id", rule: "IAM-10", code: "InvalidRoleDefinitionId", typ: typeRole, bad: put("roleDefinitionId", "/providers/Microsoft.Authorization/roleDefinitions/"+roleContributor)},
		{name: "another role", rule: "ARM-07", code: "RoleAssignmentUpdateNotPermitted", typ: typeRole, on: emulator.OpUpdate, bad: put("roleDefinitionId", roleDefinitionID(roleContributor)), fine: put("description", "d")},
	}
}

func watchRefusals() []refusal {
	const analytics = workspacePath
	other := func(s *subscription) {
		s.made(typeDiagnostic, "first", s.valid(typeDiagnostic).With(props{"name": "first"}))
	}
	account := func(more props) func(s *subscription) {
		return func(s *subscription) {
			s.made(typeStorage, "other", s.valid(typeStorage).With(props{"accountName": "other"}).With(more))
		}
	}
	toOther := func(in props) {
		id := in.Str("storageId")
		in.Set("storageId", parentOf(id)+"/storageAccounts/other")
	}
	toNSG := func(in props) {
		id := in.Str("targetResourceId")
		in.Set("targetResourceId", parentOf(id)+"/networkSecurityGroups/nsg")
	}
	return []refusal{
		{name: "second watcher", rule: "LOG-04", code: "NetworkWatcherCountLimitReached", typ: typeWatcher, before: func(s *subscription) { s.vnet() }, bad: put("location", "uksouth"), fine: leave},
		{name: "watcher in the wrong group", rule: "PRO-05", code: "ParentResourceNotFound", typ: typeFlowLog, bad: put("resourceGroupName", testGroup)},
		{name: "flow log of a security group", rule: "LOG-01", code: codeBad, typ: typeFlowLog, before: func(s *subscription) { s.made(typeNSG, "nsg", nil) }, bad: toNSG},
		{name: "storage abroad", rule: "LOG-05", code: codeBad, typ: typeFlowLog, before: account(props{"location": "ukwest"}), bad: toOther},
		{name: "premium storage", rule: "LOG-05", code: codeBad, typ: typeFlowLog, before: account(props{"sku": obj{"name": "Premium_LRS"}}), bad: toOther},
		{name: "old storage", rule: "LOG-05", code: codeBad, typ: typeFlowLog, before: account(props{"kind": "Storage"}), bad: toOther, fine: leave},
		{name: "flow log abroad", rule: "LOG-05", code: codeBad, typ: typeFlowLog, bad: put("location", "ukwest")},
		{name: "second flow log", rule: "LOG-05", code: codeConflict, typ: typeFlowLog, before: func(s *subscription) { s.made(typeFlowLog, "first", nil) }, bad: put("flowLogName", "second")},
		{name: "format", rule: "LOG-06", code: codeBad, typ: typeFlowLog, bad: put("format.version", 3.0), fine: put("format.version", 1.0)},
		{name: "retention", rule: "LOG-06", code: codeBad, typ: typeFlowLog, bad: put("retentionPolicy.days", 366.0), fine: put("retentionPolicy.days", 365.0)},
		{name: "interval", rule: "LOG-07", code: codeBad, typ: typeFlowLog, bad: put(analytics+"trafficAnalyticsInterval", 30.0), fine: put(analytics+"trafficAnalyticsInterval", 60.0)},
		{name: "region of the workspace", rule: "LOG-07", code: "InvalidTAWorkspaceRegion", typ: typeFlowLog, bad: put(analytics+"workspaceRegion", "ukwest"), fine: put(analytics+"workspaceRegion", "UK South")},
		{name: "nothing to log", rule: "PRO-05", code: codeNotFound, typ: typeDiagnostic, bad: put("resourceUri", "/subscriptions/x/resourceGroups/y/providers/a/b/c")},
		{name: "no sink", rule: "LOG-10", code: codeBad, typ: typeDiagnostic, bad: drop("workspaceId")},
		{name: "nothing enabled", rule: "LOG-10", code: codeBad, typ: typeDiagnostic, bad: put("logs[0].enabled", false)},
		{name: "unknown category", rule: "LOG-09", code: codeBad, typ: typeDiagnostic, bad: put("logs[0].category", "TunnelState"), fine: put("metrics", list{obj{"category": "AllMetrics", "enabled": true}})},
		{name: "sink used", rule: "LOG-08", code: codeConflict, typ: typeDiagnostic, before: other, bad: leave, fine: put("logs[0].category", "IKEDiagnosticLog")},
		{name: "severity", rule: "LOG-11", code: codeBad, typ: typeAlert, bad: put("severity", 5.0), fine: put("severity", 0.0)},
		{name: "window below the frequency", rule: "LOG-11", code: codeBad, typ: typeAlert, bad: put("windowSize", "PT1M"), fine: put("windowSize", "P1D")},
		{name: "scope of nobody", rule: "PRO-05", code: codeNotFound, typ: typeAlert, bad: put("scopes", list{"/subscriptions/x/resourceGroups/y/providers/a/b/c"})},
		{name: "metric that AWS has", rule: "LOG-12", code: codeBad, typ: typeAlert, bad: put("criteria.allOf[0].metricName", "TunnelState"), fine: put("criteria.allOf[0].metricName", "TunnelIngressBytes")},
		{name: "dimension of another metric", rule: "LOG-12", code: codeBad, typ: typeAlert, bad: put("criteria.allOf[0].metricName", "BgpPeerStatus")},
		{name: "short name", rule: "ARM-04", code: codeBad, typ: typeActions, bad: put("groupShortName", "thirteenchars"), fine: put("groupShortName", "twelve-chars")},
		{name: "retention of a workspace", rule: "LOG-20", code: codeParameter, typ: typeWorkspace, bad: put("retentionInDays", 7.0), fine: all(put("retentionInDays", 7.0), put("sku.name", "Free"))},
	}
}
