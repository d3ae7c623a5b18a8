package azure

import (
	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

func identityRefusals() []refusal {
	same := func(s *subscription) { s.made(azuretype.RoleAssignment, "first", nil) }
	return []refusal{
		{name: "scope of nobody", rule: "PRO-05", code: codeNotFound, typ: azuretype.RoleAssignment, bad: put("scope", "/subscriptions/"+testSubscription+"/resourceGroups/nowhere"), fine: put("scope", "/subscriptions/"+testSubscription)},
		{name: "name is no GUID", rule: "IAM-07", code: "InvalidRoleAssignmentId", typ: azuretype.RoleAssignment, bad: put("roleAssignmentName", "nodes"), fine: drop("roleAssignmentName")},
		{name: "GUID elsewhere", rule: "IAM-07", code: "RoleAssignmentExists", typ: azuretype.RoleAssignment, before: same, bad: put("scope", "/subscriptions/"+testSubscription)},
		{name: "new identity without its type", rule: "IAM-08", code: "PrincipalNotFound", typ: azuretype.RoleAssignment, bad: drop("principalType")},
		{name: "principal is no GUID", rule: "IAM-08", code: "PrincipalNotFound", typ: azuretype.RoleAssignment, bad: put("principalId", "me")},
		{name: "same again", rule: "IAM-09", code: "RoleAssignmentExists", typ: azuretype.RoleAssignment, before: same, bad: put("roleAssignmentName", "aaaaaaaa-bbbb-4ccc-8ddd-ffffffffffff"), fine: all(put("roleAssignmentName", "aaaaaaaa-bbbb-4ccc-8ddd-ffffffffffff"), put("roleDefinitionId", roleDefinitionID(roleContributor)))},
		{name: "short role id", rule: "IAM-10", code: "InvalidRoleDefinitionId", typ: azuretype.RoleAssignment, bad: put("roleDefinitionId", "/providers/Microsoft.Authorization/roleDefinitions/"+roleContributor)},
		{name: "another role", rule: "ARM-07", code: "RoleAssignmentUpdateNotPermitted", typ: azuretype.RoleAssignment, on: emulator.OpUpdate, bad: put("roleDefinitionId", roleDefinitionID(roleContributor)), fine: put("description", "d")},
	}
}

// settingOf makes a diagnostic setting one of another network resource.
func settingOf(path string) func(props) {
	return func(in props) {
		in.Set("resourceUri", parentOf(in.Str("resourceUri"))+"/"+path)
	}
}

// criterion changes properties of the valid alert's only criterion; names and
// values by turns.
func criterion(changes ...any) func(props) {
	return func(in props) {
		for i := 0; i < len(changes); i += 2 {
			in.Set("criteria.allOf[0]."+changes[i].(string), changes[i+1])
		}
	}
}

// condition changes one property of the valid log alert's only condition.
func condition(property string, v any) func(props) { return put("criteria.allOf[0]."+property, v) }

func alertRefusals() []refusal {
	const namespace = "criteria.allOf[0].metricNamespace"
	dimension := func(change ...any) func(props) {
		d := props{"name": "ConnectionName", "operator": "Include", "values": list{"*"}}
		for i := 0; i < len(change); i += 2 {
			d.Set(change[i].(string), change[i+1])
		}
		return criterion("dimensions", list{obj(d)})
	}
	dynamic := criterion("criterionType", "DynamicThresholdCriterion", "operator", "GreaterOrLessThan", "alertSensitivity", "Low")
	periods := criterion("failingPeriods", obj{"minFailingPeriodsToAlert": 2.0, "numberOfEvaluationPeriods": 4.0})
	several := all(put("criteria.odataType", criteriaMany), put("targetResourceType", gatewayNamespace), put("targetResourceRegion", "uksouth"))
	return []refusal{
		{name: "criteria of no type", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: drop("criteria.odataType")},
		{name: "several resources, one named", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: put("criteria.odataType", criteriaMany), fine: several},
		{name: "no criteria", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: put("criteria.allOf", list{})},
		{name: "criterion of no type", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: drop("criteria.allOf[0].criterionType")},
		{name: "operator", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: criterion("operator", "Below"), fine: criterion("operator", "GreaterThanOrEqual")},
		{name: "no threshold", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: drop("criteria.allOf[0].threshold")},
		{name: "no aggregation", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: drop("criteria.allOf[0].timeAggregation")},
		{name: "dynamic without periods", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: dynamic, fine: all(dynamic, periods)},
		{name: "dimension's operator", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: dimension("operator", "Is"), fine: dimension("operator", "Exclude")},
		{name: "dimension without values", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: dimension("values", list{}), fine: dimension("values", list{"tunnel", "no such tunnel"})},
		{name: "same name twice", rule: "ARM-17", code: codeBad, typ: azuretype.MetricAlert, bad: func(in props) {
			one := in.Maps("criteria.allOf")[0]
			in.Set("criteria.allOf", list{one, one})
		}},
		{name: "namespace", rule: "LOG-12", code: codeBad, typ: azuretype.MetricAlert, bad: put(namespace, "Microsoft.Network/vpnGateways"), fine: put(namespace, "microsoft.network/virtualnetworkgateways")},
		{name: "aggregation", rule: "LOG-12", code: codeBad, typ: azuretype.MetricAlert, bad: criterion("metricName", "TunnelIngressBytes"), fine: criterion("metricName", "NoSuchThing", "skipMetricValidation", true)},
		{name: "window shorter than the metric", rule: "LOG-11", code: codeBad, typ: azuretype.MetricAlert, bad: all(put("evaluationFrequency", "PT5M"), put("windowSize", "PT1M")), fine: all(put("evaluationFrequency", "PT1M"), put("windowSize", "PT1M"))},

		{name: "receiver of no name", rule: "ARM-18", code: codeBad, typ: azuretype.ActionGroup, bad: put("emailReceivers[0].name", "")},
		{name: "address of a receiver", rule: "ARM-18", code: codeBad, typ: azuretype.ActionGroup, bad: put("emailReceivers[0].emailAddress", "On Call <oncall@example.com>"), fine: put("emailReceivers[0].emailAddress", "on.call+1@example.com")},
		{name: "two receivers of a name", rule: "ARM-18", code: codeBad, typ: azuretype.ActionGroup, bad: put("webhookReceivers", list{obj{"name": "OnCall", "serviceUri": "https://example.com"}}), fine: put("webhookReceivers", list{obj{"name": "hook", "serviceUri": "https://example.com"}})},
		{name: "region of an action group", rule: "ARM-02", code: "LocationNotAvailableForResourceType", typ: azuretype.ActionGroup, bad: put("location", "mars"), fine: put("location", "uksouth")},
	}
}

func queryRuleRefusals() []refusal {
	quiet := all(put("autoMitigate", false), put("muteActionsDuration", "PT1H"))
	const diagnostics = "union isfuzzy=true AzureDiagnostics, (datatable(Category: string)[]) "
	query := func(text string) func(props) { return condition("query", text) }
	return []refusal{
		{name: "scope of nobody", rule: "PRO-05", code: codeNotFound, typ: azuretype.ScheduledQueryRule, bad: put("scopes", list{"/subscriptions/x/resourceGroups/y/providers/a/b/c"})},
		{name: "frequency of a query", rule: "ARM-13", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: put("evaluationFrequency", "PT7M"), fine: put("evaluationFrequency", "PT10M")},
		{name: "window of a query", rule: "ARM-13", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: put("windowSize", "PT12H"), fine: put("windowSize", "P2D")},
		{name: "window below the frequency", rule: "ARM-13", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: all(put("evaluationFrequency", "PT30M"), put("windowSize", "PT15M")), fine: all(put("evaluationFrequency", "PT15M"), put("windowSize", "PT15M"))},
		{name: "severity of a query", rule: "ARM-13", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: put("severity", 5.0), fine: put("severity", 4.0)},
		{name: "no condition", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: put("criteria.allOf", list{})},
		{name: "no query", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: query("")},
		{name: "word of the API model", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: condition("operator", "Equals"), fine: condition("operator", "LessThanOrEqual")},
		{name: "no threshold", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: drop("criteria.allOf[0].threshold")},
		{name: "average of nothing", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: condition("timeAggregation", "Average"), fine: all(condition("timeAggregation", "Average"), condition("metricMeasureColumn", "DurationMs"))},
		{name: "dimension of no values", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: condition("dimensions", list{obj{"name": "Resource", "operator": "Include", "values": list{}}}), fine: condition("dimensions", list{obj{"name": "Resource", "operator": "Include", "values": list{"*"}}})},
		{name: "no failing period", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: condition("failingPeriods", obj{"minFailingPeriodsToAlert": 0.0, "numberOfEvaluationPeriods": 0.0})},
		{name: "more failing than evaluated", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: condition("failingPeriods.minFailingPeriodsToAlert", 2.0), fine: condition("failingPeriods", obj{"minFailingPeriodsToAlert": 2.0, "numberOfEvaluationPeriods": 6.0})},
		{name: "another scope later", rule: "ARM-14", code: codeBad, typ: azuretype.ScheduledQueryRule, on: emulator.OpUpdate, before: func(s *subscription) { s.vnet() }, bad: put("scopes", list{"/subscriptions/" + testSubscription}), fine: put("severity", 2.0)},
		{name: "muted and mitigated", rule: "ARM-15", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: put("muteActionsDuration", "PT1H"), fine: quiet},
		{name: "muted by default mitigation", rule: "ARM-15", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: all(quiet, drop("autoMitigate"))},
		{name: "muted for half a day", rule: "ARM-15", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: all(quiet, put("muteActionsDuration", "PT12H"))},
		{name: "muted for less than a round", rule: "ARM-15", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: all(quiet, put("evaluationFrequency", "PT2H"), put("windowSize", "PT2H"))},
		{name: "no such table", rule: "ARM-16", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: query("NoSuchTable | count"), fine: all(query("NoSuchTable | count"), put("skipQueryValidation", true))},
		{name: "table that comes with data", rule: "ARM-16", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: query(`AzureDiagnostics | where Category == "x"`), fine: all(query(`AzureDiagnostics | where Category == "x"`), put("skipQueryValidation", true))},
		{name: "column that comes with data", rule: "ARM-16", code: codeBad, typ: azuretype.ScheduledQueryRule, bad: query(diagnostics + `| where status_s == "Disconnected"`), fine: query(diagnostics + `| where column_ifexists("status_s", "") == "Disconnected"`)},
		{name: "region of a query rule", rule: "ARM-02", code: "LocationNotAvailableForResourceType", typ: azuretype.ScheduledQueryRule, bad: put("location", "global"), fine: put("location", "UK South")},

		{name: "name of a workbook", rule: "ARM-19", code: codeBad, typ: azuretype.Workbook, bad: put("resourceName", "tunnels"), fine: put("resourceName", "AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee")},
		{name: "no name to show", rule: "ARM-20", code: codeBad, typ: azuretype.Workbook, bad: put("displayName", "")},
		{name: "no JSON", rule: "ARM-20", code: codeBad, typ: azuretype.Workbook, bad: put("serializedData", "{")},
		{name: "no version", rule: "ARM-20", code: codeBad, typ: azuretype.Workbook, bad: put("serializedData", `{"items":[]}`), fine: put("serializedData", `{"version":"Notebook/1.0","items":[]}`)},
		{name: "no items", rule: "ARM-20", code: codeBad, typ: azuretype.Workbook, bad: put("serializedData", `{"version":"Notebook/1.0"}`)},
		{name: "another version", rule: "ARM-20", code: codeBad, typ: azuretype.Workbook, bad: put("version", "Notebook/2.0")},
		{name: "two workbooks of a name", rule: "ARM-21", code: codeConflict, typ: azuretype.Workbook, before: func(s *subscription) { s.made(azuretype.Workbook, "first", nil) }, bad: put("resourceName", testTenant), fine: all(put("resourceName", testTenant), put("displayName", "Others"))},
		{name: "workbook of nobody", rule: "PRO-05", code: codeNotFound, typ: azuretype.Workbook, bad: put("sourceId", "/subscriptions/x/resourceGroups/y/providers/a/b/c"), fine: put("sourceId", "Azure Monitor")},
	}
}

func watchRefusals() []refusal {
	const analytics = workspacePath
	peers := list{obj{"name": "BgpPeerAddress", "operator": "Include", "values": list{"169.254.21.1"}}}
	other := func(s *subscription) {
		s.made(azuretype.DiagnosticSetting, "first", s.valid(azuretype.DiagnosticSetting).With(props{"name": "first"}))
	}
	account := func(more props) func(s *subscription) {
		return func(s *subscription) {
			s.made(azuretype.StorageAccount, "other", s.valid(azuretype.StorageAccount).With(props{"accountName": "other"}).With(more))
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
		{name: "second watcher", rule: "LOG-04", code: "NetworkWatcherCountLimitReached", typ: azuretype.NetworkWatcher, before: func(s *subscription) { s.vnet() }, bad: put("location", "uksouth"), fine: leave},
		{name: "watcher in the wrong group", rule: "PRO-05", code: "ParentResourceNotFound", typ: azuretype.FlowLog, bad: put("resourceGroupName", testGroup)},
		{name: "flow log of a security group", rule: "LOG-01", code: codeBad, typ: azuretype.FlowLog, before: func(s *subscription) { s.made(azuretype.NetworkSecurityGroup, "nsg", nil) }, bad: toNSG},
		{name: "storage abroad", rule: "LOG-05", code: codeBad, typ: azuretype.FlowLog, before: account(props{"location": "ukwest"}), bad: toOther},
		{name: "premium storage", rule: "LOG-05", code: codeBad, typ: azuretype.FlowLog, before: account(props{"sku": obj{"name": "Premium_LRS"}}), bad: toOther},
		{name: "old storage", rule: "LOG-05", code: codeBad, typ: azuretype.FlowLog, before: account(props{"kind": "Storage"}), bad: toOther, fine: leave},
		{name: "flow log abroad", rule: "LOG-05", code: codeBad, typ: azuretype.FlowLog, bad: put("location", "ukwest")},
		{name: "second flow log", rule: "LOG-05", code: codeConflict, typ: azuretype.FlowLog, before: func(s *subscription) { s.made(azuretype.FlowLog, "first", nil) }, bad: put("flowLogName", "second")},
		{name: "format", rule: "LOG-06", code: codeBad, typ: azuretype.FlowLog, bad: put("format.version", 3.0), fine: put("format.version", 1.0)},
		{name: "retention", rule: "LOG-06", code: codeBad, typ: azuretype.FlowLog, bad: put("retentionPolicy.days", 366.0), fine: put("retentionPolicy.days", 365.0)},
		{name: "interval", rule: "LOG-07", code: codeBad, typ: azuretype.FlowLog, bad: put(analytics+"trafficAnalyticsInterval", 30.0), fine: put(analytics+"trafficAnalyticsInterval", 60.0)},
		{name: "region of the workspace", rule: "LOG-07", code: "InvalidTAWorkspaceRegion", typ: azuretype.FlowLog, bad: put(analytics+"workspaceRegion", "ukwest"), fine: put(analytics+"workspaceRegion", "UK South")},
		{name: "nothing to log", rule: "PRO-05", code: codeNotFound, typ: azuretype.DiagnosticSetting, bad: put("resourceUri", "/subscriptions/x/resourceGroups/y/providers/a/b/c")},
		{name: "no sink", rule: "LOG-10", code: codeBad, typ: azuretype.DiagnosticSetting, bad: drop("workspaceId")},
		{name: "nothing enabled", rule: "LOG-10", code: codeBad, typ: azuretype.DiagnosticSetting, bad: put("logs[0].enabled", false)},
		{name: "nothing to send", rule: "LOG-09", code: "ResourceTypeNotSupported", typ: azuretype.DiagnosticSetting, before: func(s *subscription) { s.made(azuretype.RouteTable, "table", nil) }, bad: settingOf("routeTables/table")},
		{name: "category of a VNet", rule: "LOG-09", code: codeBad, typ: azuretype.DiagnosticSetting, bad: settingOf("virtualNetworks/vnet"), fine: all(settingOf("virtualNetworks/vnet"), put("logs[0].category", "VMProtectionAlerts"), put("metrics", list{obj{"category": "AllMetrics", "enabled": true}}))},
		{name: "category of a DNS policy", rule: "LOG-09", code: codeBad, typ: azuretype.DiagnosticSetting, before: func(s *subscription) { s.made(azuretype.DnsResolverPolicy, "policy", nil) }, bad: all(settingOf("dnsResolverPolicies/policy"), put("logs[0].category", "DNSQueryLogs")), fine: all(settingOf("dnsResolverPolicies/policy"), put("logs[0].category", "DnsResponse"))},
		{name: "metrics of a DNS policy", rule: "LOG-09", code: codeBad, typ: azuretype.DiagnosticSetting, before: func(s *subscription) { s.made(azuretype.DnsResolverPolicy, "policy", nil) }, bad: all(settingOf("dnsResolverPolicies/policy"), put("logs[0].category", "DnsResponse"), put("metrics", list{obj{"category": "AllMetrics", "enabled": true}}))},
		{name: "table of one's own", rule: "ARM-22", code: codeBad, typ: azuretype.DiagnosticSetting, bad: put("logAnalyticsDestinationType", "Tables"), fine: put("logAnalyticsDestinationType", "Dedicated")},
		{name: "retention of a log", rule: "ARM-23", code: codeBad, typ: azuretype.DiagnosticSetting, bad: put("logs[0].retentionPolicy", obj{"enabled": true, "days": 30.0}), fine: put("logs[0].retentionPolicy", obj{"enabled": false, "days": 0.0})},
		{name: "unknown category", rule: "LOG-09", code: codeBad, typ: azuretype.DiagnosticSetting, bad: put("logs[0].category", "TunnelState"), fine: put("metrics", list{obj{"category": "AllMetrics", "enabled": true}})},
		{name: "sink used", rule: "LOG-08", code: codeConflict, typ: azuretype.DiagnosticSetting, before: other, bad: leave, fine: put("logs[0].category", "IKEDiagnosticLog")},
		{name: "severity", rule: "LOG-11", code: codeBad, typ: azuretype.MetricAlert, bad: put("severity", 5.0), fine: put("severity", 0.0)},
		{name: "window below the frequency", rule: "LOG-11", code: codeBad, typ: azuretype.MetricAlert, bad: put("windowSize", "PT1M"), fine: put("windowSize", "P1D")},
		{name: "scope of nobody", rule: "PRO-05", code: codeNotFound, typ: azuretype.MetricAlert, bad: put("scopes", list{"/subscriptions/x/resourceGroups/y/providers/a/b/c"})},
		{name: "metric that AWS has", rule: "LOG-12", code: codeBad, typ: azuretype.MetricAlert, bad: put("criteria.allOf[0].metricName", "TunnelState"), fine: criterion("metricName", "TunnelIngressBytes", "timeAggregation", "Total")},
		{name: "dimension of another metric", rule: "LOG-12", code: codeBad, typ: azuretype.MetricAlert, bad: criterion("metricName", "BgpPeerStatus"), fine: criterion("metricName", "BgpPeerStatus", "dimensions", peers)},
		{name: "no short name", rule: "ARM-04", code: codeBad, typ: azuretype.ActionGroup, bad: put("groupShortName", "")},
		{name: "short name", rule: "ARM-04", code: "GroupShortNameIsTooLong", typ: azuretype.ActionGroup, bad: put("groupShortName", "thirteenchars"), fine: put("groupShortName", "zwölf-größen")},
		{name: "retention of a workspace", rule: "LOG-20", code: codeParameter, typ: azuretype.Workspace, bad: put("retentionInDays", 7.0), fine: all(put("retentionInDays", 7.0), put("sku.name", "Free"))},
	}
}
