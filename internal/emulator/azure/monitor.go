package azure

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
)

var (
	alertPlace = place{
		provider: "Microsoft.Insights", location: global,
		path: []segment{{"metricAlerts", "ruleName"}},
	}
	actionsPlace = place{
		provider: "Microsoft.Insights", location: anywhere,
		path: []segment{{"actionGroups", "actionGroupName"}},
	}
)

const sourceMonitor = "azure-docs articles/azure-monitor/essentials/diagnostic-settings.md"

func monitorKinds() []*emulator.Kind {
	return []*emulator.Kind{
		{
			Type: typeDiagnostic, NewID: diagnosticID,
			AutoName: &emulator.AutoName{Property: "name", Max: 260},
			Replace: []emulator.Replace{
				{Path: "resourceUri", Source: sourcePath}, {Path: "name", Source: sourcePath},
			},
			Refs: diagnosticRefs(), Rules: diagnosticRules(), Fill: fillDiagnostic,
		},
		alertPlace.kind(typeAlert, emulator.Kind{
			Refs: []emulator.Ref{{
				Path: "actions[*].actionGroupId", To: []string{typeActions}, Missing: codeBad,
				Source: "PRO-05; Azure error reports" + unverified,
			}},
			Rules: alertRules(), Fill: fillAlert,
		}),
		actionsPlace.kind(typeActions, emulator.Kind{Rules: []emulator.Rule{
			rule("ARM-04", codeBad, emulator.OpWrite,
				"azure-rest-api-specs actionGroups_API.json 2023-01-01, maxLength", func(c *emulator.Call) string {
					if n := len(c.In.Str("groupShortName")); n == 0 || n > maxShortName {
						return fmt.Sprintf("The groupShortName has %d characters; it must have 1 to %d.", n, maxShortName)
					}
					return ""
				}),
		}}),
	}
}

const maxShortName = 12

// diagnosticID lies below the resource that the setting is for.
func diagnosticID(c *emulator.Call) (string, error) {
	return strings.TrimSuffix(c.In.Str("resourceUri"), "/") +
		"/providers/Microsoft.Insights/diagnosticSettings/" + c.In.StrOr("name", c.Name), nil
}

func diagnosticRefs() []emulator.Ref {
	return []emulator.Ref{
		{Path: "workspaceId", To: []string{typeWorkspace}, Missing: codeNotFound, Source: "PRO-05; " + sourceMonitor},
		{Path: "storageAccountId", To: []string{typeStorage}, Missing: codeNotFound, Source: "PRO-05; " + sourceMonitor},
	}
}

func diagnosticRules() []emulator.Rule {
	return []emulator.Rule{
		rule("PRO-05", codeNotFound, emulator.OpWrite, "azure-docs#52229", func(c *emulator.Call) string {
			if uri := c.In.Str("resourceUri"); resourceAt(c, uri) == nil {
				return fmt.Sprintf("The Resource '%s' under resource group '%s' was not found.", lastOf(uri), groupOf(uri))
			}
			return ""
		}),
		rule("LOG-10", codeBad, emulator.OpWrite, sourceMonitor, sinklessSetting),
		rule("LOG-09", codeBad, emulator.OpWrite, "azure-docs VPN gateway and AKS monitoring references", unknownCategory),
		rule("LOG-08", codeConflict, emulator.OpWrite,
			"terraform-azurerm-avm-ptn-aiml#19; bicep-registry-modules#3407", usedSink),
	}
}

// resourceAt is the resource with an id, whatever its kind.
func resourceAt(c *emulator.Call, id string) *emulator.Object {
	for _, o := range c.Tx.All() {
		if o.Cloud == cloudName && emulator.SameID(o.ID, id) {
			return o
		}
	}
	return nil
}

// sinks are where a setting may send to.
var sinks = []string{"workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId"}

// enabledCategories are the names of the logs and metrics that a setting turns on.
func enabledCategories(in emulator.Props) (logs, groups, metrics []string) {
	for _, l := range in.Maps("logs") {
		if l.Bool("enabled") && l.Str("category") != "" {
			logs = append(logs, l.Str("category"))
		}
		if l.Bool("enabled") && l.Str("categoryGroup") != "" {
			groups = append(groups, l.Str("categoryGroup"))
		}
	}
	for _, m := range in.Maps("metrics") {
		if m.Bool("enabled") {
			metrics = append(metrics, m.Str("category"))
		}
	}
	return logs, groups, metrics
}

func sinklessSetting(c *emulator.Call) string {
	if !slices.ContainsFunc(sinks, c.In.Has) {
		return "At least one data sink needs to be specified."
	}
	logs, groups, metrics := enabledCategories(c.In)
	if len(logs)+len(groups)+len(metrics) == 0 {
		return "At least one category of logs or metrics must be enabled."
	}
	return ""
}

// logCategories are what the kinds offer; a kind that is not here is not checked.
// Source: the monitoring data references of each service in azure-docs.
var logCategories = map[string]map[string]bool{
	typeGateway: set("GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog",
		"P2SDiagnosticLog"),
	typeCluster: set("kube-apiserver", "kube-audit", "kube-audit-admin", "kube-controller-manager", "kube-scheduler",
		"cluster-autoscaler", "cloud-controller-manager", "guard", "csi-azuredisk-controller",
		"csi-azurefile-controller", "csi-snapshot-controller", "fleet-member-agent",
		"fleet-member-net-controller-manager", "fleet-mcs-controller-manager", "karpenter-events"),
	typePublicIP: set("DDoSProtectionNotifications", "DDoSMitigationFlowLogs", "DDoSMitigationReports"),
	typeNSG:      set("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"),
	typeVNet:     set("VMProtectionAlerts"),
}

func unknownCategory(c *emulator.Call) string {
	o := resourceAt(c, c.In.Str("resourceUri"))
	if o == nil || logCategories[o.Type] == nil {
		return ""
	}
	logs, groups, metrics := enabledCategories(c.In)
	for _, l := range logs {
		if !logCategories[o.Type][l] {
			return fmt.Sprintf("Category '%s' is not supported.", l)
		}
	}
	for _, g := range groups {
		if g != "allLogs" && g != "audit" {
			return fmt.Sprintf("Category group '%s' is not supported.", g)
		}
	}
	for _, m := range metrics {
		if m != "AllMetrics" || o.Type == typeNSG {
			return fmt.Sprintf("Metric category '%s' is not supported.", m)
		}
	}
	return ""
}

func usedSink(c *emulator.Call) string {
	mine := sinkUses(c.In)
	for _, o := range c.Tx.All(typeDiagnostic) {
		if emulator.SameID(o.ID, identify(c)) || !emulator.SameID(o.In.Str("resourceUri"), c.In.Str("resourceUri")) {
			continue
		}
		for use := range sinkUses(o.In) {
			if mine[use] {
				return fmt.Sprintf("Data sink '%s' is already used in diagnostic setting '%s' for category '%s'. "+
					"Data sinks can't be reused in different settings on the same category for the same resource.",
					use.sink, lastOf(o.ID), use.category)
			}
		}
	}
	return ""
}

type sinkUse struct{ sink, category string }

func sinkUses(in emulator.Props) map[sinkUse]bool {
	uses := map[sinkUse]bool{}
	logs, groups, metrics := enabledCategories(in)
	for _, sink := range sinks {
		for _, category := range slices.Concat(logs, groups, metrics) {
			if to := in.Str(sink); to != "" {
				uses[sinkUse{strings.ToLower(to), category}] = true
			}
		}
	}
	return uses
}

func fillDiagnostic(c *emulator.Call) error {
	c.Out.Del("resourceUri")
	c.Out.Set("name", lastOf(identify(c)))
	c.Out.Set("type", "Microsoft.Insights/diagnosticSettings")
	c.Out.Set("systemData", systemData())
	return nil
}

// Windows and frequencies of a metric alert, in minutes.
var (
	alertFrequencies = map[string]int{"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60}
	alertWindows     = map[string]int{
		"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT6H": 360, "PT12H": 720, "P1D": 1440,
	}
)

func alertRules() []emulator.Rule {
	const source = "terraform-provider-azurerm monitor_metric_alert_resource.go"
	return []emulator.Rule{
		rule("LOG-11", codeBad, emulator.OpWrite, source, wrongAlertTimes),
		rule("PRO-05", codeNotFound, emulator.OpWrite, "azure-docs#52229", func(c *emulator.Call) string {
			for _, id := range c.In.Strings("scopes") {
				if resourceAt(c, id) == nil && !sameName(id, subscriptionID(c)) {
					return fmt.Sprintf("The Resource '%s' under resource group '%s' was not found.", lastOf(id), groupOf(id))
				}
			}
			return ""
		}),
		rule("LOG-12", codeBad, emulator.OpWrite, "terraform-provider-azurerm#22210; azure-cli#16106", unknownMetric),
	}
}

func wrongAlertTimes(c *emulator.Call) string {
	if s := c.In.Num("severity"); s < 0 || s > 4 {
		return fmt.Sprintf("The severity is %.0f; it must be 0 to 4.", s)
	}
	frequency, known := alertFrequencies[c.In.Str("evaluationFrequency")]
	if !known {
		return fmt.Sprintf("The evaluation frequency %s is not supported.", c.In.Str("evaluationFrequency"))
	}
	window, known := alertWindows[c.In.Str("windowSize")]
	if !known || window < frequency {
		return fmt.Sprintf("The window size %s is not supported with the evaluation frequency %s.",
			c.In.Str("windowSize"), c.In.Str("evaluationFrequency"))
	}
	return ""
}

// gatewayMetrics are what a VPN gateway measures, with the dimensions of each.
// There is none for the state of a tunnel. Source: LOG-13; the REST names of the
// last five are unverified.
var gatewayMetrics = map[string][]string{
	"AverageBandwidth":                  {"Instance"},
	"TunnelAverageBandwidth":            {"ConnectionName", "RemoteIP", "Instance"},
	"TunnelEgressBytes":                 {"ConnectionName", "RemoteIP", "Instance"},
	"TunnelIngressBytes":                {"ConnectionName", "RemoteIP", "Instance"},
	"TunnelEgressPackets":               {"ConnectionName", "RemoteIP", "Instance"},
	"TunnelIngressPackets":              {"ConnectionName", "RemoteIP", "Instance"},
	"TunnelEgressPacketDropCount":       {"ConnectionName", "RemoteIP", "Instance"},
	"TunnelIngressPacketDropCount":      {"ConnectionName", "RemoteIP", "Instance"},
	"TunnelEgressPacketDropTSMismatch":  {"ConnectionName", "RemoteIP", "Instance"},
	"TunnelIngressPacketDropTSMismatch": {"ConnectionName", "RemoteIP", "Instance"},
	"BgpPeerStatus":                     {"BgpPeerAddress", "Instance"},
	"BgpRoutesAdvertised":               {"BgpPeerAddress", "Instance"},
	"BgpRoutesLearned":                  {"BgpPeerAddress", "Instance"},
	"MmsaCount":                         {"ConnectionName", "RemoteIP", "Instance"},
	"QmsaCount":                         {"ConnectionName", "RemoteIP", "Instance"},
}

func unknownMetric(c *emulator.Call) string {
	if c.Tx.Get(typeGateway, c.In.Str("scopes[0]")) == nil {
		return "" // other kinds' metrics are not modelled
	}
	for _, criterion := range c.In.Maps("criteria.allOf") {
		name := criterion.Str("metricName")
		dimensions, known := gatewayMetrics[name]
		if criterion.Bool("skipMetricValidation") {
			continue
		}
		if !known {
			return fmt.Sprintf("Couldn't find a metric named %s. Make sure the name is correct.", name)
		}
		for _, d := range criterion.Strings("dimensions[*].name") {
			if !slices.Contains(dimensions, d) {
				return fmt.Sprintf("Metric %s has no dimension %s.", name, d)
			}
		}
	}
	return ""
}

func fillAlert(c *emulator.Call) error {
	c.Out.Default("autoMitigate", true)
	c.Out.Set("isMigrated", false)
	c.Out.Set("lastUpdatedTime", epoch)
	return nil
}
