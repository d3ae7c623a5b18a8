package azure

import (
	"fmt"
	"regexp"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var (
	watcherPlace = place{
		provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState,
		path: []segment{{"networkWatchers", "networkWatcherName"}}, names: networkName(1, 80),
	}
	flowLogPlace = place{
		provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState, parent: azuretype.NetworkWatcher,
		path: []segment{{"networkWatchers", "networkWatcherName"}, {"flowLogs", "flowLogName"}},
		names: naming{
			rule: "NAM-05", code: "InvalidResourceName", min: 1, max: 80, source: "terraform-provider-azurerm network_watcher_flow_log_name.go",
			pattern: regexp.MustCompile(`^([^\W_]|[^\W_][\w.\-]{0,78}\w)$`),
			words:   "letters, digits, _ . -, beginning with a letter or digit and ending with one or _",
		},
	}
)

const sourceWatcher = "pulumi-azure-native#2091"

func watcherKinds() []*emulator.Kind {
	return []*emulator.Kind{
		watcherPlace.kind(azuretype.NetworkWatcher, emulator.Kind{Rules: []emulator.Rule{
			rule("LOG-04", "NetworkWatcherCountLimitReached", emulator.OpCreate, sourceWatcher, func(c *emulator.Call) string {
				for _, w := range c.Tx.All(azuretype.NetworkWatcher) {
					if locationAt(w) == location(c) {
						return fmt.Sprintf("Cannot create more than 1 network watchers for this subscription in this region. "+
							"%s has %s.", location(c), w.ID)
					}
				}
				return ""
			}),
		}}),
		flowLogPlace.kind(azuretype.FlowLog, emulator.Kind{
			Refs: flowLogRefs(), Rules: flowLogRules(), Fill: fillFlowLog,
		}),
	}
}

// makeWatcher makes the region's network watcher with the region's first VNet,
// in a resource group of its own. Neither goes away with the VNet (LOG-04).
func (o Options) makeWatcher(c *emulator.Call) error {
	at := location(c)
	if slices.ContainsFunc(c.Tx.All(azuretype.NetworkWatcher), func(w *inventory.Object) bool { return locationAt(w) == at }) {
		return nil
	}
	putGroup(c, o.WatcherGroup, c.ID)
	name := o.WatcherPrefix + at
	in := inventory.Props{"resourceGroupName": o.WatcherGroup, "networkWatcherName": name, "location": at}
	id := watcherPlace.idOf(c, in)
	if c.Tx.Get(azuretype.NetworkWatcher, id) != nil {
		return nil
	}
	c.Tx.Put(&inventory.Object{Type: azuretype.NetworkWatcher, ID: id, MadeBy: c.ID, In: in, Out: inventory.Props{
		"name": name, "type": watcherPlace.typ(in), "location": at, "provisioningState": "Succeeded",
		"etag": fmt.Sprintf("W/%q", c.UUIDOf("watcher")),
	}})
	return nil
}

const workspacePath = "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration."

func flowLogRefs() []emulator.Ref {
	return []emulator.Ref{
		{
			Path: "targetResourceId", To: []string{azuretype.VirtualNetwork, azuretype.Subnet, azuretype.NetworkSecurityGroup}, Missing: codeNotFound,
			Rule: "LOG-02", Source: "pulumi-azure-native#4682; azure-docs#52229",
		},
		{
			Path: "storageId", To: []string{azuretype.StorageAccount}, Missing: codeNotFound,
			Rule: "LOG-05", Source: "azure-docs vnet-flow-logs-overview.md; azure-docs#52229",
		},
		{
			Path: workspacePath + "workspaceResourceId", To: []string{azuretype.Workspace}, Missing: codeNotFound,
			Rule: "LOG-07", Source: "azure-docs#52229",
		},
	}
}

func flowLogRules() []emulator.Rule {
	const source = "azure-docs articles/network-watcher/vnet-flow-logs-overview.md"
	return []emulator.Rule{
		rule("LOG-01", codeBad, emulator.OpCreate, "azure-docs nsg-flow-logs-migrate.md; pulumi-azure-native#4682"+unverified,
			func(c *emulator.Call) string {
				if c.Tx.Get(azuretype.NetworkSecurityGroup, c.In.Str("targetResourceId")) != nil {
					return "New flow logs of network security groups cannot be created since 30 June 2025. " +
						"Use a flow log of the virtual network."
				}
				return ""
			}),
		rule("LOG-05", codeBad, emulator.OpWrite, source, wrongFlowLogStorage),
		rule("LOG-05", codeBad, emulator.OpWrite, source, wrongFlowLogRegion),
		rule("LOG-05", codeConflict, emulator.OpCreate, source+" (from memory)", secondFlowLog),
		rule("LOG-06", codeBad, emulator.OpWrite, "bicep; "+source, wrongFlowLogFormat),
		rule("LOG-07", codeBad, emulator.OpWrite, source, wrongInterval),
		rule("LOG-07", "InvalidTAWorkspaceRegion", emulator.OpWrite, "Azure error reports", wrongWorkspace),
	}
}

// targetLocation is the region of a flow log's target; a subnet's is its VNet's.
func targetLocation(c *emulator.Call) string {
	id := c.In.Str("targetResourceId")
	if c.Tx.Get(azuretype.Subnet, id) != nil {
		id = parentOf(id)
	}
	for _, typ := range []string{azuretype.VirtualNetwork, azuretype.NetworkSecurityGroup} {
		if o := c.Tx.Get(typ, id); o != nil {
			return locationAt(o)
		}
	}
	return ""
}

func wrongFlowLogStorage(c *emulator.Call) string {
	s := c.Tx.Get(azuretype.StorageAccount, c.In.Str("storageId"))
	switch {
	case s == nil:
		return ""
	case locationAt(s) != targetLocation(c):
		return fmt.Sprintf("Storage account %s is in %s and the target in %s; they must be in the same region.",
			s.ID, locationAt(s), targetLocation(c))
	case s.In.Str("kind") != "StorageV2":
		return fmt.Sprintf("Storage account %s is of kind %s; flow logs need StorageV2.", s.ID, s.In.Str("kind"))
	case skuTier(s.In.Str("sku.name")) != "Standard":
		return fmt.Sprintf("Storage account %s is Premium; flow logs need Standard.", s.ID)
	}
	return ""
}

func wrongFlowLogRegion(c *emulator.Call) string {
	w := c.Tx.Get(azuretype.NetworkWatcher, parentOf(identify(c)))
	if w == nil || locationAt(w) == targetLocation(c) && location(c) == locationAt(w) {
		return ""
	}
	return fmt.Sprintf("The flow log is in %s, its target in %s and the network watcher in %s; "+
		"they must be in the same region.", location(c), targetLocation(c), locationAt(w))
}

func secondFlowLog(c *emulator.Call) string {
	for _, o := range c.Tx.All(azuretype.FlowLog) {
		if inventory.SameID(o.In.Str("targetResourceId"), c.In.Str("targetResourceId")) &&
			inventory.SameID(o.In.Str("storageId"), c.In.Str("storageId")) {
			return fmt.Sprintf("%s has the flow log %s to the same storage account.", o.In.Str("targetResourceId"), o.ID)
		}
	}
	return ""
}

const maxFlowLogDays = 365

func wrongFlowLogFormat(c *emulator.Call) string {
	if days := c.In.Num("retentionPolicy.days"); days < 0 || days > maxFlowLogDays {
		return fmt.Sprintf("Retention is %.0f days; it must be 0 to %d.", days, maxFlowLogDays)
	}
	if !c.In.Has("format") {
		return ""
	}
	version := c.In.Num("format.version")
	if c.In.StrOr("format.type", "JSON") != "JSON" || version != 1 && version != 2 {
		return fmt.Sprintf("The format is %s %.0f; it must be JSON 1 or 2.", c.In.Str("format.type"), version)
	}
	return ""
}

func wrongInterval(c *emulator.Call) string {
	path := workspacePath + "trafficAnalyticsInterval"
	if n := c.In.Num(path); c.In.Has(path) && n != 10 && n != 60 {
		return fmt.Sprintf("The traffic analytics interval is %.0f minutes; it must be 10 or 60.", n)
	}
	return ""
}

func wrongWorkspace(c *emulator.Call) string {
	w := c.Tx.Get(azuretype.Workspace, c.In.Str(workspacePath+"workspaceResourceId"))
	if w == nil {
		return ""
	}
	if region := c.In.Str(workspacePath + "workspaceRegion"); region != "" && normalLocation(region) != locationAt(w) {
		return fmt.Sprintf("The workspace %s is in %s, not in %s.", w.ID, locationAt(w), region)
	}
	if id := c.In.Str(workspacePath + "workspaceId"); id != "" && id != w.Out.Str("customerId") {
		return fmt.Sprintf("The workspaceId of %s is %s, not %s.", w.ID, w.Out.Str("customerId"), id)
	}
	return ""
}

func fillFlowLog(c *emulator.Call) error {
	c.Out.Default("enabled", true)
	id := c.In.Str("targetResourceId")
	for _, typ := range []string{azuretype.VirtualNetwork, azuretype.Subnet, azuretype.NetworkSecurityGroup} {
		if o := c.Tx.Get(typ, id); o != nil {
			c.Out.Set("targetResourceGuid", o.Out.Str("resourceGuid"))
		}
	}
	return nil
}
