package azure

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
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
			Type: azuretype.DiagnosticSetting, NewID: diagnosticID,
			AutoName: &emulator.AutoName{Property: "name", Max: 260},
			Replace: []emulator.Replace{
				{Path: "resourceUri", Source: sourcePath}, {Path: "name", Source: sourcePath},
			},
			Refs: diagnosticRefs(), Rules: diagnosticRules(), Fill: fillDiagnostic,
		},
		alertPlace.kind(azuretype.MetricAlert, emulator.Kind{
			Refs: []emulator.Ref{{
				Path: "actions[*].actionGroupId", To: []string{azuretype.ActionGroup}, Missing: codeBad,
				Rule: "PRO-05", Source: "Azure error reports" + unverified,
			}},
			Rules: alertRules(), Fill: fillAlert,
		}),
		actionsPlace.kind(azuretype.ActionGroup, emulator.Kind{Rules: actionsRules()}),
	}
}

// diagnosticID lies below the resource that the setting is for.
func diagnosticID(c *emulator.Call) (string, error) {
	return strings.TrimSuffix(c.In.Str("resourceUri"), "/") +
		"/providers/Microsoft.Insights/diagnosticSettings/" + c.In.StrOr("name", c.Name), nil
}

func diagnosticRefs() []emulator.Ref {
	return []emulator.Ref{
		{Path: "workspaceId", To: []string{azuretype.Workspace}, Missing: codeNotFound, Rule: "PRO-05", Source: sourceMonitor},
		{Path: "storageAccountId", To: []string{azuretype.StorageAccount}, Missing: codeNotFound, Rule: "PRO-05", Source: sourceMonitor},
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
		rule("LOG-09", "ResourceTypeNotSupported", emulator.OpWrite,
			"code and text as printed in public reports", nothingToLog),
		rule("LOG-09", codeBad, emulator.OpWrite,
			"azure-docs VPN gateway and AKS monitoring references; azure-reference-other supported-logs", unknownCategory),
		rule("ARM-22", codeBad, emulator.OpWrite,
			"terraform-provider-azurerm monitor_diagnostic_setting_resource.go"+unverified, wrongDestination),
		rule("ARM-23", codeBad, emulator.OpCreate, "text as printed in public reports", retainedLog),
		rule("LOG-08", codeConflict, emulator.OpWrite,
			"terraform-azurerm-avm-ptn-aiml#19; bicep-registry-modules#3407", usedSink),
	}
}

// resourceAt is the resource with an id, whatever its kind.
func resourceAt(c *emulator.Call, id string) *inventory.Object {
	for _, o := range c.Tx.All() {
		if o.Cloud == cloudName && inventory.SameID(o.ID, id) {
			return o
		}
	}
	return nil
}

// sinks are where a setting may send to.
var sinks = []string{"workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId"}

// enabledCategories are the names of the logs and metrics that a setting turns on.
func enabledCategories(in inventory.Props) (logs, groups, metrics []string) {
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
	azuretype.VirtualNetworkGateway: set("GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog",
		"P2SDiagnosticLog"),
	azuretype.ManagedCluster: set("kube-apiserver", "kube-audit", "kube-audit-admin", "kube-controller-manager", "kube-scheduler",
		"cluster-autoscaler", "cloud-controller-manager", "guard", "csi-azuredisk-controller",
		"csi-azurefile-controller", "csi-snapshot-controller", "fleet-member-agent",
		"fleet-member-net-controller-manager", "fleet-mcs-controller-manager", "karpenter-events"),
	azuretype.DnsResolverPolicy:    set("DnsResponse"),
	azuretype.Workspace:            set("Audit", "SummaryLogs"),
	azuretype.PublicIPAddress:      set("DDoSProtectionNotifications", "DDoSMitigationFlowLogs", "DDoSMitigationReports"),
	azuretype.NetworkSecurityGroup: set("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"),
	azuretype.VirtualNetwork:       set("VMProtectionAlerts"),
}

// withoutMetrics are the kinds of those that measure nothing.
var withoutMetrics = set(azuretype.NetworkSecurityGroup, azuretype.DnsResolverPolicy)

// withoutDiagnostics are kinds that have nothing to send anywhere.
var withoutDiagnostics = set(
	azuretype.Subnet, azuretype.RouteTable, azuretype.Route, azuretype.SecurityRule, azuretype.LocalNetworkGateway, azuretype.VirtualNetworkGatewayConnection, azuretype.NetworkWatcher, azuretype.FlowLog,
	azuretype.VirtualNetworkLink, azuretype.InboundEndpoint, azuretype.OutboundEndpoint, azuretype.DnsForwardingRuleset, azuretype.ForwardingRule, azuretype.PrivateResolverVirtualNetworkLink, azuretype.UserAssignedIdentity, azuretype.AgentPool,
	azuretype.MetricAlert, azuretype.ActionGroup, azuretype.Workbook, azuretype.ScheduledQueryRule,
)

func nothingToLog(c *emulator.Call) string {
	o := resourceAt(c, c.In.Str("resourceUri"))
	if o == nil || !withoutDiagnostics[o.Type] {
		return ""
	}
	return fmt.Sprintf("The resource type '%s' does not support diagnostic settings.", strings.ToLower(o.Out.Str("type")))
}

// wrongDestination: resource-specific tables and AzureDiagnostics are what a
// workspace has. Azure ignores the choice where a service knows but one.
func wrongDestination(c *emulator.Call) string {
	switch t := c.In.Str("logAnalyticsDestinationType"); {
	case t != "" && t != "Dedicated" && t != "AzureDiagnostics":
		return fmt.Sprintf("The logAnalyticsDestinationType %s is not supported; it must be Dedicated or AzureDiagnostics.", t)
	case t != "" && !c.In.Has("workspaceId"):
		return "The logAnalyticsDestinationType needs a workspace."
	}
	return ""
}

// retainedLog refuses what storage accounts' own lifecycle rules do now.
func retainedLog(c *emulator.Call) string {
	for _, l := range slices.Concat(c.In.Maps("logs"), c.In.Maps("metrics")) {
		if l.Bool("retentionPolicy.enabled") {
			return "Diagnostic settings does not support retention for new diagnostic settings."
		}
	}
	return ""
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
		if m != "AllMetrics" || withoutMetrics[o.Type] {
			return fmt.Sprintf("Metric category '%s' is not supported.", m)
		}
	}
	return ""
}

func usedSink(c *emulator.Call) string {
	mine := sinkUses(c.In)
	for _, o := range c.Tx.All(azuretype.DiagnosticSetting) {
		if inventory.SameID(o.ID, identify(c)) || !inventory.SameID(o.In.Str("resourceUri"), c.In.Str("resourceUri")) {
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

func sinkUses(in inventory.Props) map[sinkUse]bool {
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
