package azure

import (
	"fmt"
	"net/http"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// cloudName is the provider package that the cloud stands behind.
const cloudName = "azure-native"

// Options of the emulated subscription.
type Options struct {
	// WatcherGroup and WatcherPrefix name what Azure makes with the first VNet of
	// a region: the network watcher WatcherPrefix+region in WatcherGroup.
	WatcherGroup, WatcherPrefix string
}

// Cloud is the emulated Azure with the names that Azure gives by itself:
// NetworkWatcherRG and NetworkWatcher_uksouth.
func Cloud() *emulator.Cloud {
	return New(Options{WatcherGroup: "NetworkWatcherRG", WatcherPrefix: "NetworkWatcher_"})
}

// New is the emulated Azure with other options.
func New(o Options) *emulator.Cloud {
	kinds := slices.Concat(
		groupKinds(), o.vnetKinds(), nsgKinds(), routeKinds(), natKinds(), publicIPKinds(),
		gatewayKinds(), localKinds(), connectionKinds(), watcherKinds(), zoneKinds(), resolverKinds(),
		dnsPolicyKinds(), identityKinds(), clusterKinds(), monitorKinds(), queryRuleKinds(), workbookKinds(),
		storageKinds(),
	)
	return &emulator.Cloud{
		Name: cloudName, Kinds: kinds, Functions: functions(kinds), Quotas: quotas(),
		Style: emulator.Native, Wrap: wrap, Taken: taken, Defaults: defaultLocation,
		Home: func(inventory.Props) string { return "" },
	}
}

// defaultLocation fills in the provider's location where a resource has one.
// Source: pulumi-azure-native provider.go, applyDefaults.
func defaultLocation(c *emulator.Call) {
	l := c.OldIn.StrOr("location", c.Provider.Str("location"))
	if l != "" && !c.In.Has("location") && located[c.Kind.Type] {
		c.In["location"] = l
	}
}

// located are the kinds with a location of their own.
var located = set(
	azuretype.ResourceGroup, azuretype.VirtualNetwork, azuretype.NetworkSecurityGroup, azuretype.RouteTable, azuretype.NatGateway, azuretype.PublicIPAddress, azuretype.VirtualNetworkGateway, azuretype.VirtualNetworkGatewayConnection,
	azuretype.LocalNetworkGateway, azuretype.FlowLog, azuretype.NetworkWatcher, azuretype.PrivateZone, azuretype.VirtualNetworkLink, azuretype.DnsResolver, azuretype.InboundEndpoint, azuretype.OutboundEndpoint,
	azuretype.DnsForwardingRuleset, azuretype.ManagedCluster, azuretype.UserAssignedIdentity, azuretype.MetricAlert, azuretype.ActionGroup, azuretype.Workspace, azuretype.StorageAccount,
	azuretype.DnsResolverPolicy, azuretype.DnsResolverPolicyVirtualNetworkLink, azuretype.DnsSecurityRule, azuretype.DnsResolverDomainList, azuretype.ScheduledQueryRule, azuretype.Workbook,
)

func quotas() []emulator.Quota {
	const limits = "azure-docs includes/azure-virtual-network-limits.md"
	return []emulator.Quota{
		{
			Name: "azure-public-ips", Type: azuretype.PublicIPAddress, Scope: []string{"location"}, Limit: 10,
			Code: "StandardSkuPublicIPCountLimitReached", Rule: "AVG-14", Source: limits + "; Microsoft's list of ARM error codes",
		},
		{
			Name: "azure-vnets", Type: azuretype.VirtualNetwork, Scope: []string{"location"}, Limit: 1000,
			Code: "VnetCountLimitReached", Source: limits + "; Microsoft's list of ARM error codes",
		},
		{
			Name: "azure-network-security-groups", Type: azuretype.NetworkSecurityGroup, Scope: []string{"location"}, Limit: 5000,
			Code: codeFormat, Rule: "ANW-14", Source: limits + noCode,
		},
		{
			Name: "azure-route-tables", Type: azuretype.RouteTable, Scope: []string{"location"}, Limit: 200,
			Code: codeFormat, Rule: "ANW-18", Source: limits + noCode,
		},
		{
			Name: "azure-aks-clusters", Type: azuretype.ManagedCluster, Scope: []string{"location"}, Limit: 100,
			Code: "ManagedClusterCountExceedsQuotaLimit", Rule: "AKS-45", Source: "azure-aks-docs quotas-skus-regions.md; Microsoft's list of ARM error codes",
		},
	}
}

// taken is the provider's own refusal: it reads before it creates (PRO-09).
func taken(c *emulator.Call) *emulator.Fault {
	f := c.Fault(codeExists, "%s", c.ID)
	f.Rule, f.Source = "PRO-09", "pulumi-azure-native crud.go, CanCreate"
	return f
}

// statuses are the HTTP statuses of the codes that do not come with 400.
var statuses = map[string]int{
	codeNotFound: http.StatusNotFound, "ResourceGroupNotFound": http.StatusNotFound,
	"ParentResourceNotFound":    http.StatusNotFound,
	"LinkedAuthorizationFailed": http.StatusForbidden, "InvalidResourceLocation": http.StatusConflict,
	codeConflict: http.StatusConflict, "CannotDeleteResource": http.StatusConflict,
	"RoleAssignmentExists": http.StatusConflict, "StorageAccountAlreadyTaken": http.StatusConflict,
	"OperationNotAllowed": http.StatusConflict, codeBusy: http.StatusTooManyRequests,
	"ResourceAvailabilityZonesCannotBeModified": http.StatusConflict,
}

// wrap prints a fault as azure-native does. What the provider itself refuses has
// neither status nor code.
func wrap(_ *emulator.Call, f *emulator.Fault) string {
	if f.Code == codeExists {
		return fmt.Sprintf("cannot create already existing resource '%s'", f.Message)
	}
	status := http.StatusBadRequest
	if s, ok := statuses[f.Code]; ok {
		status = s
	}
	return fmt.Sprintf("Status=%d Code=%q Message=%q", status, f.Code, f.Message)
}
