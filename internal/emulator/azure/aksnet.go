package azure

import (
	"fmt"
	"net/netip"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach"
	"burrow/internal/rules"
)

func clusterNetworkRules() []emulator.Rule {
	const cni = "azure-aks-docs configure-azure-cni.md"
	return []emulator.Rule{
		networkRule("AKS-16", codeBad, "azure-aks-docs azure-cni-overlay.md, upgrade-azure-cni.md", badPlugin),
		networkRule("AKS-17", codeBad, "AKS reports, subcode CiliumDataplaneRequiresNetworkPolicyCilium", badDataplane),
		networkRule("AKS-18", codeBad, "azure-aks-docs use-network-policies.md, azure-cni-powered-by-cilium.md", badPolicy),
		rule("AKS-18", "PropertyChangeNotAllowed", emulator.OpUpdate,
			"azure-aks-docs use-network-policies.md, upgrade-azure-cni.md (code: that of pulumi-azure-native#959)", changedNetwork),
		networkRule("AKS-19", codeParameter, "azure-aks-docs azure-cni-overlay.md", badRanges),
		networkRule("AKS-23", codeParameter, cni, hugeServiceRange),
		networkRule("AKS-25", codeParameter, "azure-aks-docs; bicep", badDNSService),
		networkRule("AKS-26", codeParameter, cni, forbiddenRange),
	}
}

// nodeNetworkRules are those between the cluster's network and its pools', also
// when a pool is a resource of its own.
func nodeNetworkRules() []emulator.Rule {
	return []emulator.Rule{
		poolNetRule("AKS-26", codeParameter, "azure-aks-docs configure-azure-cni.md", forbiddenNodeSubnet),
		poolNetRule("AKS-18", codeBad, "AKS#1076, #3737; azure-aks-docs use-network-policies.md", windowsPoolInVain),
		poolNetRule("AKS-28", codeBad, "Microsoft's list of ARM error codes; azure-aks-docs", wrongNodeSubnet),
		poolNetRule("AKS-28", "ResourceNotPermittedOnDelegatedSubnet", "Microsoft's list of ARM error codes; azure-aks-docs", delegatedNodeSubnet),
		poolNetRule("AKS-21", "NetworkProfileCIDROverlapVNET", "AKS-Construction#403", overlapping("podCidr", "networkProfile.podCIDR")),
		poolNetRule("AKS-24", "ServiceCidrOverlapExistingSubnetsCidr", "AKS#3551, #1117",
			overlapping("serviceCidr", "networkProfile.serviceCIDR")),
		poolNetRule("AKS-20", "InsufficientSubnetSize", "AKS-Construction#701; AKS#4467", smallPodRange),
		poolNetRule("AKS-27", "InsufficientSubnetSize", "AKS-Construction#403; Microsoft's list of ARM error codes", smallNodeSubnet),
		poolNetRule("AKS-33", "RouteTableInvalidNextHop", "terraform-provider-azurerm#8609; AKS#1842, #1622", badOutbound),
		late(poolNetRule("AKS-52", "VMExtensionProvisioningError", "azure-cli PR#29559; aks-engine#4945", strandedNodes)),
	}
}

// networkRule enforces something of a cluster's network profile, AKS's own
// defaults filled in.
func networkRule(id rules.ID, code, source string, broken func(profile inventory.Props) string) emulator.Rule {
	return rule(id, code, emulator.OpWrite, source, func(c *emulator.Call) string {
		return broken(networkProfile(c.In))
	})
}

func badPlugin(p inventory.Props) string {
	if plugin := p.Str("networkPlugin"); p.Str("networkPluginMode") == "overlay" && plugin != "azure" {
		return fmt.Sprintf("Network plugin mode overlay needs the network plugin azure, not %s.", plugin)
	}
	return ""
}

func badDataplane(p inventory.Props) string {
	if p.Str("networkDataplane") == "cilium" && p.Str("networkPolicy") != "cilium" {
		return "Cilium dataplane requires network policy cilium. Subcode: CiliumDataplaneRequiresNetworkPolicyCilium"
	}
	return ""
}

// badPolicy lets Cilium's pods be in an overlay, in a subnet of their own or, since
// May 2025, among the nodes (AKS#4541).
func badPolicy(p inventory.Props) string {
	plugin, policy := p.Str("networkPlugin"), p.Str("networkPolicy")
	switch {
	case policy == "cilium" && p.Str("networkDataplane") != "cilium":
		return "Network policy cilium requires the cilium dataplane."
	case policy == "cilium" && plugin != "azure":
		return fmt.Sprintf("Network policy cilium requires the network plugin azure, not %s.", plugin)
	case policy == "azure" && plugin != "azure":
		return fmt.Sprintf("Network policy azure is not supported with the network plugin %s.", plugin)
	case policy == "calico" && plugin == "none":
		return "Network policy calico needs a network plugin."
	}
	return ""
}

// windowsPoolInVain: Windows nodes need Azure's plugin, Cilium knows only Linux, and
// Azure's own policy engine has left Windows on 30 September 2026.
func windowsPoolInVain(n nodeNet) string {
	plugin, policy := n.profile.Str("networkPlugin"), n.profile.Str("networkPolicy")
	for _, pool := range n.pools {
		switch {
		case pool.in.Str("osType") != "Windows":
		case plugin != "azure":
			return "Windows agent pools can only be added to AKS clusters using Azure-CNI."
		case policy == "cilium" || policy == "azure":
			return fmt.Sprintf("Network policy %s is not supported on Windows agent pools such as %s.", policy, pool.name)
		}
	}
	return ""
}

// fixedInNetwork are the properties of its network that a cluster keeps for life.
// Source: pulumi-azure-native provider/pkg/gen/replacement.go, "create-only".
var fixedInNetwork = []string{"serviceCidr", "dnsServiceIP", "networkMode"}

// changedNetwork takes the changes that AKS has a way for: to the overlay, to
// Cilium, and a policy engine put in or taken out. The provider never asks: it
// replaces the cluster whatever changes in networkProfile.
func changedNetwork(c *emulator.Call) string {
	before, now := networkProfile(c.OldIn), networkProfile(c.In)
	change := &emulator.Call{OldIn: before, In: now}
	for _, path := range fixedInNetwork {
		if change.Changed(path) {
			return notAllowed("networkProfile."+path, c)
		}
	}
	overlay, leaving := overlaid(before) && !overlaid(now), before.Str("networkPlugin") != now.Str("networkPlugin")
	switch {
	case overlay || leaving && (before.Str("networkPlugin") != "kubenet" || now.Str("networkPluginMode") != "overlay"):
		return notAllowed("networkProfile.networkPluginMode", c)
	case overlaid(before) && change.Changed("podCidr"):
		return notAllowed("networkProfile.podCidr", c)
	case before.Str("networkDataplane") == "cilium" && change.Changed("networkDataplane"):
		return notAllowed("networkProfile.networkDataplane", c)
	case !policyChanges(before.StrOr("networkPolicy", "none"), now.StrOr("networkPolicy", "none")):
		return notAllowed("networkProfile.networkPolicy", c)
	}
	return ""
}

func notAllowed(path string, c *emulator.Call) string {
	return fmt.Sprintf("Changing property '%s' of %s is not allowed.", path, c.ID)
}

// policyChanges: an engine is put in, taken out, or replaced by Cilium; one of
// the other two never directly replaces the other (unverified).
func policyChanges(before, now string) bool {
	return before == now || now == "cilium" || before != "cilium" && (before == "none" || now == "none")
}

func badRanges(p inventory.Props) string {
	for _, property := range []string{"podCidr", "serviceCidr"} {
		if text := p.Str(property); text != "" {
			if _, err := parseNetwork(text); err != nil {
				return fmt.Sprintf("%s is invalid: %v.", property, err)
			}
		}
	}
	pods, services := networks(p.Strings("podCidr")), networks(p.Strings("serviceCidr"))
	if len(pods) == 1 && len(services) == 1 && pods[0].prefix.Overlaps(services[0].prefix) {
		return fmt.Sprintf("podCidr %s and serviceCidr %s overlap.", pods[0].text, services[0].text)
	}
	return ""
}

// minServiceBits is the shortest prefix of a service range.
const minServiceBits = 12

func hugeServiceRange(p inventory.Props) string {
	for _, n := range networks(p.Strings("serviceCidr")) {
		if n.prefix.Bits() < minServiceBits {
			return fmt.Sprintf("serviceCidr %s is larger than /%d.", n.text, minServiceBits)
		}
	}
	return ""
}

func badDNSService(p inventory.Props) string {
	a, err := netip.ParseAddr(p.Str("dnsServiceIP"))
	for _, n := range networks(p.Strings("serviceCidr")) {
		if err != nil || !n.prefix.Contains(a) || a == n.prefix.Addr() || a == n.prefix.Addr().Next() {
			return fmt.Sprintf("dnsServiceIP %s must be in serviceCidr %s and not its first address.",
				p.Str("dnsServiceIP"), n.text)
		}
	}
	return ""
}

// neverInCluster are ranges that AKS keeps for itself.
var neverInCluster = networks([]string{"169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"})

func forbiddenRange(p inventory.Props) string {
	for _, property := range []string{"podCidr", "serviceCidr"} {
		for _, n := range networks(p.Strings(property)) {
			for _, never := range neverInCluster {
				if n.prefix.Overlaps(never.prefix) {
					return fmt.Sprintf("%s %s overlaps %s, which AKS keeps for itself.", property, n.text, never.text)
				}
			}
		}
	}
	return ""
}

// A nodeNet is what pools and their subnets have to do with each other.
type nodeNet struct {
	call    *emulator.Call
	pools   []lot // all of the cluster, those of other resources included
	cluster inventory.Props
	profile inventory.Props
}

// poolNetRule enforces something between pools, their subnets and the cluster's
// network.
func poolNetRule(id rules.ID, code, source string, broken func(nodeNet) string) emulator.Rule {
	return rule(id, code, emulator.OpWrite, source, func(c *emulator.Call) string { return broken(nodeNetOf(c)) })
}

func nodeNetOf(c *emulator.Call) nodeNet {
	written, cluster := poolsAtHand(c)
	n := nodeNet{call: c, pools: written, cluster: cluster, profile: networkProfile(cluster)}
	clusterID := identify(c)
	if c.Kind.Type == azuretype.AgentPool {
		clusterID = parentOf(clusterID)
		for _, p := range cluster.Maps("agentPoolProfiles") {
			n.pools = append(n.pools, lot{p.Str("name"), p})
		}
	}
	for _, o := range children(c.Tx, azuretype.AgentPool, clusterID) {
		if !inventory.SameID(o.ID, identify(c)) {
			n.pools = append(n.pools, lot{lastOf(o.ID), o.In})
		}
	}
	return n
}

// subnets are those of the pools, each once.
func (n nodeNet) subnets() []*inventory.Object {
	var all []*inventory.Object
	seen := map[*inventory.Object]bool{}
	for _, p := range n.pools {
		if o := n.call.Tx.Get(azuretype.Subnet, p.in.Str("vnetSubnetID")); o != nil && !seen[o] {
			seen[o] = true
			all = append(all, o)
		}
	}
	return all
}

func (n nodeNet) vnet() *inventory.Object {
	for _, s := range n.subnets() {
		return n.call.Tx.Get(azuretype.VirtualNetwork, parentOf(s.ID))
	}
	return nil
}

func forbiddenNodeSubnet(n nodeNet) string {
	for _, s := range n.subnets() {
		for _, mine := range networks(prefixesOf(s.In)) {
			for _, never := range neverInCluster {
				if mine.prefix.Overlaps(never.prefix) {
					return fmt.Sprintf("Subnet %s is %s, which overlaps %s: AKS keeps that for itself.",
						s.ID, mine.text, never.text)
				}
			}
		}
	}
	return ""
}

func wrongNodeSubnet(n nodeNet) string {
	vnet := n.vnet()
	for _, s := range n.subnets() {
		switch {
		case sameName(lastOf(s.ID), gatewaySubnet):
			return fmt.Sprintf("Nodes cannot be in %s.", s.ID)
		case vnet != nil && !inventory.SameID(parentOf(s.ID), vnet.ID):
			return fmt.Sprintf("All agent pools must be in one virtual network; %s is not in %s.", s.ID, vnet.ID)
		}
	}
	at := locationOf(n.call, n.cluster)
	if vnet != nil && locationAt(vnet) != at {
		return fmt.Sprintf("The cluster is in %s and its virtual network in %s.", at, locationAt(vnet))
	}
	return ""
}

func delegatedNodeSubnet(n nodeNet) string {
	for _, s := range n.subnets() {
		for _, service := range s.In.Strings("delegations[*].serviceName") {
			return fmt.Sprintf("Subnet %s is delegated to %s; nodes cannot be in it.", s.ID, service)
		}
	}
	return ""
}

// overlapping refuses a range of the cluster's own that the nodes' VNet has.
func overlapping(property, target string) func(nodeNet) string {
	return func(n nodeNet) string {
		vnet := n.vnet()
		if vnet == nil {
			return ""
		}
		for _, mine := range networks(n.profile.Strings(property)) {
			for _, theirs := range networks(vnet.In.Strings("addressSpace.addressPrefixes")) {
				if mine.prefix.Overlaps(theirs.prefix) {
					return fmt.Sprintf("The specified %s %s is conflicted with the virtual network's %s. Target: %s",
						property, mine.text, theirs.text, target)
				}
			}
		}
		return ""
	}
}

// podsPerNode is how many addresses of the pod range a node takes.
const podsPerNode = 256

func smallPodRange(n nodeNet) string {
	need := 0
	for _, p := range n.pools {
		need += mostNodes(p.in) * podsPerNode
	}
	for _, pods := range networks(n.profile.Strings("podCidr")) {
		if need > size(pods.prefix) {
			return fmt.Sprintf("Pre-allocated IPs %d exceeds IPs available %d in Subnet Cidr %s, Subnet Name podCIDR. "+
				"Target: networkProfile.podCIDR", need, size(pods.prefix), pods.text)
		}
	}
	return ""
}

// reservedInSubnet is how many addresses of a subnet Azure keeps.
const reservedInSubnet = reservedHead + 1

func smallNodeSubnet(n nodeNet) string {
	for _, s := range n.subnets() {
		need := 0
		for _, p := range n.pools {
			if inventory.SameID(p.in.Str("vnetSubnetID"), s.ID) {
				need += mostNodes(p.in) * n.addressesPerNode(p.in)
			}
		}
		if p, ok := subnetPrefix(s); ok && need > size(p)-reservedInSubnet {
			return fmt.Sprintf("Pre-allocated IPs %d exceeds IPs available %d in Subnet Cidr %s, Subnet Name %s.",
				need, size(p)-reservedInSubnet, p, lastOf(s.ID))
		}
	}
	return ""
}

// addressesPerNode of the VNet: one, and one for every pod without an overlay.
func (n nodeNet) addressesPerNode(pool inventory.Props) int {
	if overlaid(n.profile) || pool.Has("podSubnetID") {
		return 1
	}
	if pool.Has("maxPods") {
		return 1 + pool.Int("maxPods")
	}
	return 1 + minSystemPods
}

// badOutbound is for outbound type userDefinedRouting: the subnet's table must
// lead everything to an appliance or a gateway.
func badOutbound(n nodeNet) string {
	if n.profile.Str("outboundType") != "userDefinedRouting" {
		return ""
	}
	subnets := n.subnets()
	if len(subnets) == 0 {
		return "Outbound type userDefinedRouting needs a subnet of your own."
	}
	for _, s := range subnets {
		hop := reach.DefaultHop(n.call.Tx.View, s.ID)
		if hop != "VirtualAppliance" && hop != "VirtualNetworkGateway" {
			return fmt.Sprintf("The route table of %s must have a route for 0.0.0.0/0 with the next hop type "+
				"VirtualAppliance or VirtualNetworkGateway; it has %q.", s.ID, hop)
		}
	}
	return ""
}

// strandedNodes: nodes that the call starts have to get to AKS's own services.
func strandedNodes(n nodeNet) string {
	c := n.call
	starts := slices.ContainsFunc([]string{"agentPoolProfiles", "kubernetesVersion", "count", "orchestratorVersion", "networkProfile"}, c.Changed)
	if c.Op == emulator.OpUpdate && !starts {
		return ""
	}
	for _, s := range n.subnets() {
		for _, h := range reach.AKSWayOut(c.Tx.View, n.profile.Str("outboundType"), s.ID) {
			if h.Verdict == reach.Stopped {
				return "VM has reported a failure when processing extension 'vmssCSE'. Error message: \"Enable failed: failed to execute command: " +
					"command terminated with exit status=50\" (outbound connectivity): " + h.Reason
			}
		}
	}
	return ""
}

// clusterRights are what AKS asks of the cluster's identity when the nodes are in
// a subnet of the user's own. They have to exist before the cluster (AKS-30).
func clusterRights() []emulator.Rule {
	return []emulator.Rule{
		poolNetRule("AKS-31", "CustomRouteTableWithUnsupportedMSIType",
			"AKS#2333 (code name unverified; whether it is enforced in overlay mode is, too)", systemIdentityWithRoutes),
		poolNetRule("AKS-29", "LinkedAuthorizationFailed", "azure-aks-docs configure-kubenet; Microsoft's list of ARM error codes", noSubnetRight),
		poolNetRule("AKS-32", "CustomRouteTableMissingPermission", "AKS-Construction#501; viya4-iac-azure#450", noRouteTableRight),
	}
}

func systemIdentityWithRoutes(n nodeNet) string {
	if n.cluster.StrOr("identity.type", "SystemAssigned") != "SystemAssigned" {
		return ""
	}
	for _, s := range n.subnets() {
		if s.In.Has("routeTable.id") {
			return "Clusters using managed identity type SystemAssigned do not support bringing your own route table."
		}
	}
	return ""
}

// principal is the user-assigned identity that the cluster acts as, or "".
func (n nodeNet) principal() string {
	for _, id := range n.cluster.Strings("identity.userAssignedIdentities") {
		if o := n.call.Tx.Get(azuretype.UserAssignedIdentity, id); o != nil {
			return o.Out.Str("principalId")
		}
	}
	return ""
}

func noSubnetRight(n nodeNet) string {
	principal := n.principal()
	for _, s := range n.subnets() {
		if principal != "" && !may(n.call, principal, s.ID, roleNetworkContributor, roleContributor, roleOwner) {
			return fmt.Sprintf("The client with object id '%s' does not have permission to perform action "+
				"'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '%s'.", principal, s.ID)
		}
	}
	return ""
}

func noRouteTableRight(n nodeNet) string {
	principal := n.principal()
	for _, s := range n.subnets() {
		table := s.In.Str("routeTable.id")
		if principal != "" && table != "" &&
			!may(n.call, principal, table, roleNetworkContributor, roleContributor, roleOwner) {
			return fmt.Sprintf("Managed identity or service principal must be given permission to read and write to "+
				"custom route table %s. See https://aka.ms/aks/customrt for more information.", table)
		}
	}
	return ""
}
