package alarms

import (
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach/tunneltest"
)

func TestQueryRules(t *testing.T) {
	const rule = testInsights + "/scheduledQueryRules/query"
	query := func(text string) func(watchedWorld) { return setting(rule, "criteria.allOf[0].query", text) }
	diag, aks := tunneltest.Gateway+"/diag", testCluster+"/diag"
	flowLog := func(enabled bool) func(watchedWorld) {
		return func(w watchedWorld) {
			w.add(azuretype.FlowLog, tunneltest.ARM("flowLogs", "f"), inventory.Props{"flowAnalyticsConfiguration": map[string]any{
				"networkWatcherFlowAnalyticsConfiguration": map[string]any{"enabled": enabled, "workspaceResourceId": testWorkspace},
			}})
		}
	}
	dnsLog := func(destination, category string) func(watchedWorld) {
		log := map[string]any{"category": category, "enabled": true}
		if category == "" {
			log = map[string]any{"categoryGroup": "allLogs", "enabled": true}
		}
		return func(w watchedWorld) {
			policy := tunneltest.ARM("dnsResolverPolicies", "policy")
			w.add(azuretype.DnsResolverPolicy, policy, inventory.Props{})
			w.add(azuretype.DiagnosticSetting, policy+"/diag", inventory.Props{
				"resourceUri": policy, "workspaceId": testWorkspace, "logAnalyticsDestinationType": destination, "logs": []any{log},
			})
		}
	}
	checkAlarms(t, "query", map[string]alarmCase{
		"absence":              {both(setting(rule, "criteria.allOf[0].operator", "LessThan"), setting(rule, "criteria.allOf[0].threshold", 1.0)), Firing, "no rows", ""},
		"workspace gone":       {without(testWorkspace), Insufficient, "nothing is watched", "PRO-05"},
		"no setting":           {without(diag), Insufficient, "not fed", "LOG-09"},
		"setting of nothing":   {setting(diag, "resourceUri", tunneltest.Gateway+"2"), Insufficient, "not fed", "LOG-09"},
		"setting to elsewhere": {setting(diag, "workspaceId", testWorkspace+"2"), Insufficient, "not fed", "LOG-09"},
		"category off":         {query(`AzureDiagnostics | where Category == "RouteDiagnosticLog"`), Insufficient, "not fed", "LOG-09"},
		"one of two off":       {query(`AzureDiagnostics | where Category in ("IKEDiagnosticLog", 'RouteDiagnosticLog')`), Insufficient, "not fed", "LOG-09"},
		"category excluded":    {query(`AzureDiagnostics | where Category != "RouteDiagnosticLog"`), OK, "no rows", ""},
		"in capitals":          {query(`AzureDiagnostics | where Category =~ "ikediagnosticlog"`), OK, "no rows", ""},
		"commented out":        {query("AzureDiagnostics\n// | where Category == \"RouteDiagnosticLog\""), OK, "no rows", ""},
		"all logs":             {both(setting(diag, "logs", []any{map[string]any{"categoryGroup": "allLogs", "enabled": true}}), query(`AzureDiagnostics | where Category == "RouteDiagnosticLog"`)), OK, "", ""},
		"dedicated is not shared": {query(`AzureDiagnostics | where Category == "kube-audit"`),
			Insufficient, "not fed", "LOG-09"},
		"dedicated":             {query("let x = 5m;\nlet y = 2;\nAKSAudit | where TimeGenerated > ago(x)"), OK, "no rows", ""},
		"dedicated, other":      {query("AKSControlPlane | take 1"), Insufficient, "not fed", "LOG-09"},
		"shared is not its own": {both(func(w watchedWorld) { w.unset(aks, "logAnalyticsDestinationType") }, query("AKSAudit | take 1")), Insufficient, "not fed", "LOG-09"},
		"no such table":         {query("TunnelLogs | take 1"), Insufficient, "not fed", "LOG-09"},
		"no table":              {query("// nothing"), Insufficient, "not fed", "LOG-09"},
		"a union that may find nothing": {query("let T = datatable(A: string)[\"x\"];\nunion isfuzzy=true AzureDiagnostics, (datatable(Category: string)[])\n" +
			`| where Category == "IKEDiagnosticLog"`), OK, "no rows", ""},
		"a union of what is not sent": {query(`union isfuzzy=true AzureDiagnostics, (datatable(Category: string)[]) | where Category == "RouteDiagnosticLog"`),
			Insufficient, "not fed", "LOG-09"},
		"a union, otherwise written": {query("union withsource=From kind=outer isfuzzy=true (AKSControlPlane), AzureDiagnostics | take 1"), Insufficient, "not fed", "LOG-09"},
		"DNS, no setting":            {query("DNSQueryLogs | take 1"), Insufficient, "not fed", "LOG-09"},
		"DNS":                        {both(dnsLog("", "DnsResponse"), query("DNSQueryLogs | where ResponseCode == 2")), OK, "no rows", ""},
		"DNS, dedicated":             {both(dnsLog("Dedicated", "DnsResponse"), query("DNSQueryLogs | take 1")), OK, "no rows", ""},
		"DNS, shared":                {both(dnsLog("AzureDiagnostics", "DnsResponse"), query("DNSQueryLogs | take 1")), OK, "no rows", ""},
		"DNS, every category":        {both(dnsLog("", ""), query("DNSQueryLogs | take 1")), OK, "no rows", ""},
		"DNS is not shared": {both(dnsLog("AzureDiagnostics", "DnsResponse"), query(`AzureDiagnostics | where Category == "DnsResponse"`)),
			Insufficient, "not fed", "LOG-09"},
		"flows":              {both(flowLog(true), query("NTANetAnalytics | take 1")), OK, "no rows", ""},
		"flows not analysed": {both(flowLog(false), query("NTANetAnalytics | take 1")), Insufficient, "not fed", "LOG-07"},
		"metrics in logs": {both(setting(diag, "metrics", []any{map[string]any{"category": "AllMetrics", "enabled": true}}), query("AzureMetrics | take 1")),
			OK, "no rows", ""},
		"metrics not sent":   {query("AzureMetrics | take 1"), Insufficient, "not fed", "LOG-09"},
		"of one resource":    {setting(rule, "scopes", []any{tunneltest.Gateway}), OK, "no rows", ""},
		"of another":         {setting(rule, "scopes", []any{testCluster}), Insufficient, "not fed", "LOG-09"},
		"no criteria":        {setting(rule, "criteria", map[string]any{}), Insufficient, "not fed", ""},
		"disabled":           {setting(rule, "enabled", false), OK, "", "LOG-11"},
		"reaches nobody":     {setting(rule, "actions", map[string]any{}), OK, "", "LOG-11"},
		"action group gone":  {without(testGroupID), OK, "", "PRO-05"},
		"group without ears": {setting(testGroupID, "emailReceivers", []any{}), OK, "", "LOG-11"},
	})
}
