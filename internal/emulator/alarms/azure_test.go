package alarms

import (
	"strings"
	"testing"

	"burrow/internal/reach/tunneltest"
)

func TestAzureAlerts(t *testing.T) {
	const alert, criterion = testInsights + "/metricAlerts/alert", "criteria.allOf[0]."
	change := func(path string, v any) func(watchedWorld) { return setting(alert, criterion+path, v) }
	onlyPeer := change("dimensions", []any{map[string]any{"name": "BgpPeerAddress", "operator": "Include", "values": []any{"*"}}})
	down := setting(tunneltest.ARM("localNetworkGateways", "t01"), "bgpSettings.asn", 64513.0)
	tunnel := func(metric, operator string, value float64) func(watchedWorld) {
		return both(change("metricName", metric), change("operator", operator), change("threshold", value), change("dimensions", []any{
			map[string]any{"name": "ConnectionName", "operator": "Include", "values": []any{"t01"}},
		}))
	}
	checkAlarms(t, alert[strings.LastIndex(alert, "/")+1:], map[string]alarmCase{
		"a peer down":               {down, Firing, "the BGP peer 169.254.21.1 is down at GatewayTenantWorker_IN_0", ""},
		"a peer of no concern down": {setting(tunneltest.ARM("localNetworkGateways", "t11"), "bgpSettings.asn", 64513.0), OK, "of none", ""},
		"without instance":          {onlyPeer, Firing, "is 0.5", "LOG-13"},
		"without instance, highest": {both(onlyPeer, change("timeAggregation", "Maximum")), OK, "of none", ""},
		"without any, lowest":       {both(change("dimensions", []any{}), change("timeAggregation", "Minimum")), Firing, "is 0", "LOG-13"},
		"the other instance":        {change("dimensions[1].values", []any{"GatewayTenantWorker_IN_1"}), Firing, "is 0", "LOG-13"},
		"every instance":            {change("dimensions[1].values", []any{"*"}), Firing, "is 0", "LOG-13"},
		"all but the other":         {both(change("dimensions[1].operator", "Exclude"), change("dimensions[1].values", []any{"GatewayTenantWorker_IN_1"})), OK, "of none", ""},
		"no such instance":          {change("dimensions[1].values", []any{"vpn0"}), Insufficient, "no data", "LOG-13"},
		"no such peer":              {change("dimensions[0].values", []any{"169.254.21.1", "169.254.9.9"}), OK, "of none", "LOG-13"},
		"no such dimension":         {change("dimensions[1].name", "Node"), Insufficient, "no data", "LOG-12"},
		"never fires":               {change("threshold", 0.0), OK, "of none", "LOG-13"},
		"no such metric":            {change("metricName", "TunnelState"), Insufficient, "no such metric", "LOG-12"},
		"a window of a minute":      {setting(alert, "windowSize", "PT1M"), OK, "of none", "LOG-14"},
		"a longer window":           {setting(alert, "windowSize", "PT15M"), OK, "of none", ""},
		"learned":                   {change("criterionType", "DynamicThresholdCriterion"), Insufficient, "learns", ""},
		"another operator":          {change("operator", "Near"), Insufficient, "Near is not known", ""},
		"scope gone":                {setting(alert, "scopes", []any{tunneltest.Gateway + "2"}), Insufficient, "nothing is watched", "PRO-05"},
		"routes learned":            {change("metricName", "BgpRoutesLearned"), OK, "of none", ""},
		"no BGP":                    {func(w watchedWorld) { staticAzure(w) }, Insufficient, "no data", "LOG-13"},
		"security associations":     {tunnel("MmsaCount", "LessThan", 1), OK, "of none", ""},
		"security associations gone": {both(tunnel("MmsaCount", "LessThan", 1), setting("vpn-0", "tunnel1PresharedKey", "x")),
			Firing, "IPsec of t01 is down", ""},
		"bandwidth":           {tunnel("TunnelAverageBandwidth", "GreaterThan", 1e9), OK, "of none", ""},
		"drops":               {tunnel("TunnelEgressPacketDropCount", "GreaterThan", 0), OK, "of none", ""},
		"gateway's bandwidth": {both(change("metricName", "AverageBandwidth"), change("dimensions", []any{}), change("operator", "GreaterThan")), OK, "of none", ""},
		"two criteria, one met": {both(down, func(w watchedWorld) {
			w.set(alert, "criteria.allOf[1]", map[string]any{"metricName": "AverageBandwidth", "operator": "GreaterThan", "threshold": 5.0})
		}), OK, "of none", ""},
		"a cluster": {both(setting(alert, "scopes", []any{testCluster}), change("metricName", "node_cpu_usage_percentage"),
			change("operator", "GreaterThan"), change("threshold", 80.0), change("dimensions", []any{})), OK, "of none", ""},
		"a cluster's no metric": {setting(alert, "scopes", []any{testCluster}), Insufficient, "no such metric", "LOG-12"},
		"disabled":              {setting(alert, "enabled", false), OK, "", "LOG-11"},
		"no action":             {setting(alert, "actions", []any{}), OK, "", "LOG-11"},
		"no action group":       {without(testGroupID), OK, "", "PRO-05"},
		"action group disabled": {setting(testGroupID, "enabled", false), OK, "", "LOG-11"},
		"no receiver":           {setting(testGroupID, "emailReceivers", []any{}), OK, "", "LOG-11"},
		"another receiver": {both(setting(testGroupID, "emailReceivers", []any{}), setting(testGroupID, "webhookReceivers", []any{map[string]any{"name": "hook"}})),
			OK, "", ""},
	})
}

// staticAzure takes BGP from Azure's connections.
func staticAzure(w watchedWorld) {
	for _, name := range []string{"t01", "t02", "t11", "t12"} {
		w.set(tunneltest.ARM("connections", name), "enableBgp", false)
	}
}
