package azure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

var (
	vnetPlace = place{
		provider: "Microsoft.Network", location: listed, outputs: hasEtag | hasState | hasGUID,
		path: []segment{{"virtualNetworks", "virtualNetworkName"}},
		names: func() naming {
			n := networkName(2, 64)
			n.rule = "NAM-02"
			return n
		}(),
	}
	subnetPlace = place{
		provider: "Microsoft.Network", parent: azuretype.VirtualNetwork, outputs: hasEtag | hasState,
		path:  []segment{{"virtualNetworks", "virtualNetworkName"}, {"subnets", "subnetName"}},
		names: networkName(1, 80),
	}
	vnetSubnets = inline{
		property: "subnets", typ: azuretype.Subnet, place: subnetPlace,
		fill: inOrder(subnetPlace.fill, fillSubnet),
		rule: "PRV-02", code: codeSubnetInUse,
	}
)

const (
	codeSubnetInUse = "InUseSubnetCannotBeDeleted"
	gatewaySubnet   = "GatewaySubnet"
	sourceSubnetUse = "terraform-provider-azurerm#4784, #688; Microsoft's list of ARM error codes"
	sourceBusyVNet  = "pulumi-azure-native#903, #699, #1024"
	sourceVNetFAQ   = "azure-docs articles/virtual-network/virtual-networks-faq.md"
)

func (o Options) vnetKinds() []*emulator.Kind {
	return []*emulator.Kind{
		vnetPlace.kind(azuretype.VirtualNetwork, emulator.Kind{
			Rules:   slices.Concat(vnetRules(), subnetRules(), []emulator.Rule{abroad()}),
			Fill:    inOrder(fillVNet, vnetSubnets.sync, vnetSubnets.echo),
			Refresh: inOrder(vnetSubnets.echo, echoFlowLogs),
			Made:    o.makeWatcher,
			Busy:    busyVNet, BusyCode: codeBusy, BusySource: sourceBusyVNet,
		}),
		subnetPlace.kind(azuretype.Subnet, emulator.Kind{
			Refs:  subnetRefs(),
			Rules: append(subnetRules(), abroad(), inUsePrefix()),
			Fill:  fillSubnet, Refresh: echoIPConfigurations,
			Busy: busyVNet, BusyCode: codeBusy, BusySource: sourceBusyVNet,
		}),
	}
}

// busyVNet names the VNet: ARM takes one write to it and its subnets at a time
// (PRV-03, ANW-06).
func busyVNet(in inventory.Props) string {
	return strings.ToLower("vnet/" + in.Str("resourceGroupName") + "/" + in.Str("virtualNetworkName"))
}

func subnetRefs() []emulator.Ref {
	return []emulator.Ref{
		{
			Path: "networkSecurityGroup.id", To: []string{azuretype.NetworkSecurityGroup}, Missing: codeReference,
			InUse: "InUseNetworkSecurityGroupCannotBeDeleted", Rule: "ANW-10", Source: "Microsoft's list of ARM error codes; terra-workspace-manager#502",
		},
		{
			Path: "routeTable.id", To: []string{azuretype.RouteTable}, Missing: codeReference,
			InUse: "InUseRouteTableCannotBeDeleted", Rule: "ANW-10", Source: "Microsoft's list of ARM error codes; terra-workspace-manager#502",
		},
		{
			Path: "natGateway.id", To: []string{azuretype.NatGateway}, Missing: codeReference,
			Rule: "PRO-06", Source: "Microsoft's list of ARM error codes",
		},
	}
}

// vnetLinkRef is a reference that keeps a VNet from being deleted.
func vnetLinkRef(path string) emulator.Ref {
	return emulator.Ref{
		Path: path, To: []string{azuretype.VirtualNetwork}, Missing: codeReference, InUse: codeSubnetInUse,
		Rule: "ANW-20", Source: "Microsoft's list of ARM error codes",
	}
}

// subnetRef is a reference that occupies addresses of a subnet.
func subnetRef(path string) emulator.Ref {
	return emulator.Ref{
		Path: path, To: []string{azuretype.Subnet}, Missing: codeReference, InUse: codeSubnetInUse,
		Rule: "ANW-09", Source: sourceSubnetUse,
	}
}

func vnetRules() []emulator.Rule {
	return []emulator.Rule{
		rule("ANW-01", "InvalidAddressPrefixFormat", emulator.OpWrite,
			sourceVNetFAQ+" (code from memory)", badAddressSpace),
		vnetSubnets.leftOut(),
		rule("ANW-20", codeSubnetInUse, emulator.OpDelete, "Microsoft's list of ARM error codes", func(c *emulator.Call) string {
			for _, o := range children(c.Tx, azuretype.Subnet, c.ID) {
				if user := userOf(c, o); user != "" {
					return inUse(o, user)
				}
			}
			return ""
		}),
	}
}

// neverInVNet are ranges that no VNet may use.
var neverInVNet = networks([]string{
	"224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32",
})

func badAddressSpace(c *emulator.Call) string {
	texts := c.In.Strings("addressSpace.addressPrefixes")
	if len(texts) == 0 {
		return "The virtual network has no address prefix."
	}
	for _, text := range texts {
		n, err := parseNetwork(text)
		if err != nil {
			return fmt.Sprintf("Address prefix %s is not valid: %v.", text, err)
		}
		for _, never := range neverInVNet {
			if n.prefix.Overlaps(never.prefix) {
				return fmt.Sprintf("Address prefix %s overlaps %s, which a virtual network cannot use.", text, never.text)
			}
		}
	}
	return ""
}

// A lot is a subnet as it is about to be.
type lot struct {
	name string
	in   inventory.Props
}

func lotsOf(objects []*inventory.Object) []lot {
	var lots []lot
	for _, o := range objects {
		lots = append(lots, lot{lastOf(o.ID), o.In})
	}
	return lots
}

// subnetsAtHand are the subnets that a write is about, those beside them, and
// the address space for all.
func subnetsAtHand(c *emulator.Call) (written, beside []lot, space []network) {
	if c.Kind.Type == azuretype.Subnet {
		if vnet := c.Tx.Get(azuretype.VirtualNetwork, parentOf(identify(c))); vnet != nil {
			space = networks(vnet.In.Strings("addressSpace.addressPrefixes"))
		}
		return []lot{{lastOf(identify(c)), c.In}}, lotsOf(siblings(c)), space
	}
	space = networks(c.In.Strings("addressSpace.addressPrefixes"))
	if !c.In.Has(vnetSubnets.property) {
		return lotsOf(children(c.Tx, azuretype.Subnet, identify(c))), nil, space
	}
	for _, s := range c.In.Maps(vnetSubnets.property) {
		written = append(written, lot{s.Str("name"), s})
	}
	return written, nil, space
}

// subnetRule enforces the same for subnets of their own and those inside a VNet.
func subnetRule(id rules.ID, code, source string, broken func(s lot, beside []lot, space []network) string) emulator.Rule {
	return rule(id, code, emulator.OpWrite, source, func(c *emulator.Call) string {
		written, beside, space := subnetsAtHand(c)
		for i, s := range written {
			others := append(append([]lot{}, beside...), written[:i]...)
			if message := broken(s, others, space); message != "" {
				return message
			}
		}
		return ""
	})
}

func subnetRules() []emulator.Rule {
	const source = "azure-docs#123869; terraform-provider-azurerm#10826"
	return []emulator.Rule{
		subnetRule("ANW-05", "NetcfgInvalidSubnet", source, badSubnet),
		subnetRule("ANW-02", "NetcfgInvalidSubnet", sourceVNetFAQ+" (code not found: that of a bad range)", tinySubnet),
		subnetRule("ANW-04", "NetcfgSubnetRangeOutsideVnet", source, outsideVNet),
		subnetRule("ANW-03", "NetcfgSubnetRangesOverlap", source, overlapsSibling),
		subnetRule("AVG-17", "NetworkSecurityGroupCannotBeAttachedToGatewaySubnet",
			"Azure/terraform-azurerm-vnet#18", guardedGatewaySubnet),
		subnetRule("ANW-19", "InvalidServiceNameOnDelegation", "Azure error reports", unknownDelegation),
	}
}

// abroad refuses a subnet whose security group, route table or NAT gateway is in
// another region; the resource group does not matter.
func abroad() emulator.Rule {
	const source = "Microsoft's list of ARM error codes (that of a reference to nothing; the code for another region is unverified)"
	return rule("PRO-06", codeReference, emulator.OpWrite, source, func(c *emulator.Call) string {
		at := location(c)
		if c.Kind.Type == azuretype.Subnet {
			vnet := c.Tx.Get(azuretype.VirtualNetwork, parentOf(identify(c)))
			if vnet == nil {
				return ""
			}
			at = locationAt(vnet)
		}
		written, _, _ := subnetsAtHand(c)
		for _, s := range written {
			for _, g := range subnetGuards {
				if o := c.Tx.Get(g.typ, s.in.Str(g.path)); o != nil && locationAt(o) != at {
					return fmt.Sprintf("Subnet '%s' is in %s and refers to %s in %s.", s.name, at, o.ID, locationAt(o))
				}
			}
		}
		return ""
	})
}

// subnetGuards are what a subnet refers to.
var subnetGuards = []struct{ path, typ string }{
	{"networkSecurityGroup.id", azuretype.NetworkSecurityGroup}, {"routeTable.id", azuretype.RouteTable}, {"natGateway.id", azuretype.NatGateway},
}

func badSubnet(s lot, _ []lot, _ []network) string {
	texts := prefixesOf(s.in)
	if len(texts) == 0 {
		return fmt.Sprintf("Subnet '%s' is not valid: it has no address prefix.", s.name)
	}
	for _, text := range texts {
		if _, err := parseNetwork(text); err != nil {
			return fmt.Sprintf("Subnet '%s' is not valid: %v.", s.name, err)
		}
	}
	return ""
}

// smallestSubnet is the longest IPv4 prefix length of a subnet: 8 addresses, of
// which 3 are free.
const smallestSubnet = 29

func tinySubnet(s lot, _ []lot, _ []network) string {
	for _, n := range networks(prefixesOf(s.in)) {
		if n.prefix.Addr().Is4() && n.prefix.Bits() > smallestSubnet {
			return fmt.Sprintf("Subnet '%s' is not valid: %s is smaller than /%d.", s.name, n.text, smallestSubnet)
		}
	}
	return ""
}

func outsideVNet(s lot, _ []lot, space []network) string {
	for _, n := range networks(prefixesOf(s.in)) {
		if !within(n.prefix, space) {
			return fmt.Sprintf("Subnet '%s' is not valid because its IP address range %s is outside "+
				"the IP address range of the virtual network.", s.name, n.text)
		}
	}
	return ""
}

func overlapsSibling(s lot, beside []lot, _ []network) string {
	for _, mine := range networks(prefixesOf(s.in)) {
		for _, other := range beside {
			for _, theirs := range networks(prefixesOf(other.in)) {
				if mine.prefix.Overlaps(theirs.prefix) {
					return fmt.Sprintf("Subnet '%s' with range %s overlaps subnet '%s' with range %s.",
						s.name, mine.text, other.name, theirs.text)
				}
			}
		}
	}
	return ""
}

func guardedGatewaySubnet(s lot, _ []lot, _ []network) string {
	if sameName(s.name, gatewaySubnet) && s.in.Has("networkSecurityGroup.id") {
		return "Network security group " + s.in.Str("networkSecurityGroup.id") +
			" cannot be attached to the subnet " + gatewaySubnet + "."
	}
	return ""
}

// delegable are the services that a subnet may be delegated to. Source:
// azure-docs articles/virtual-network/subnet-delegation-overview.md.
var delegable = set(
	"GitHub.Network/networkSettings", "Microsoft.ApiManagement/service", "Microsoft.Apollo/npu",
	"Microsoft.App/environments", "Microsoft.App/testClients", "Microsoft.AVS/PrivateClouds",
	"Microsoft.AzureCosmosDB/clusters", "Microsoft.BareMetal/AzureHostedService",
	"Microsoft.BareMetal/AzureVMware", "Microsoft.BareMetal/CrayServers", "Microsoft.Batch/batchAccounts",
	"Microsoft.CloudTest/hostedpools", "Microsoft.CloudTest/images", "Microsoft.CloudTest/pools",
	"Microsoft.Codespaces/plans", "Microsoft.ContainerInstance/containerGroups",
	"Microsoft.ContainerService/managedClusters", "Microsoft.ContainerService/TestClients",
	"Microsoft.Databricks/workspaces", "Microsoft.DBforMySQL/flexibleServers",
	"Microsoft.DBforMySQL/servers", "Microsoft.DBforMySQL/serversv2",
	"Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.DBforPostgreSQL/serversv2",
	"Microsoft.DBforPostgreSQL/singleServers", "Microsoft.DelegatedNetwork/controller",
	"Microsoft.DevCenter/networkConnection", "Microsoft.DevOpsInfrastructure/pools",
	"Microsoft.DocumentDB/cassandraClusters", "Microsoft.Fidalgo/networkSettings",
	"Microsoft.HardwareSecurityModules/dedicatedHSMs", "Microsoft.Kusto/clusters",
	"Microsoft.LabServices/labplans", "Microsoft.Logic/integrationServiceEnvironments",
	"Microsoft.MachineLearningServices/workspaces", "Microsoft.Netapp/volumes",
	"Microsoft.Network/dnsResolvers", "Microsoft.Network/fpgaNetworkInterfaces",
	"Microsoft.Network/managedResolvers", "Microsoft.Network/networkWatchers",
	"Microsoft.Network/virtualNetworkGateways", "Microsoft.Orbital/orbitalGateways",
	"Microsoft.PowerAutomate/hostedRpa", "Microsoft.PowerPlatform/enterprisePolicies",
	"Microsoft.PowerPlatform/vnetaccesslinks", "Microsoft.ServiceFabricMesh/networks",
	"Microsoft.ServiceNetworking/trafficControllers", "Microsoft.Singularity/accounts/networks",
	"Microsoft.Singularity/accounts/npu", "Microsoft.Sql/managedInstances",
	"Microsoft.StoragePool/diskPools", "Microsoft.StreamAnalytics/streamingJobs",
	"Microsoft.Synapse/workspaces", "Microsoft.Web/hostingEnvironments", "Microsoft.Web/serverFarms",
	"NGINX.NGINXPLUS/nginxDeployments", "PaloAltoNetworks.Cloudngfw/firewalls", "Qumulo.Storage/fileSystems",
	"Oracle.Database/networkAttachments",
)

func unknownDelegation(s lot, _ []lot, _ []network) string {
	for _, service := range s.in.Strings("delegations[*].serviceName") {
		if !known(delegable, service) {
			return fmt.Sprintf("Service name %s on the delegation of subnet '%s' is not valid.", service, s.name)
		}
	}
	return ""
}

// known looks up a name without regard to case.
func known(names map[string]bool, name string) bool {
	for n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// inUsePrefix refuses to take away the range of a subnet with something in it.
func inUsePrefix() emulator.Rule {
	return rule("ANW-09", "InUsePrefixCannotBeDeleted", emulator.OpUpdate,
		"code and text as printed in public reports of az network vnet subnet update", func(c *emulator.Call) string {
			kept := set(prefixesOf(c.In)...)
			for _, text := range prefixesOf(c.OldIn) {
				if o := c.Tx.Get(azuretype.Subnet, c.ID); !kept[text] && o != nil && userOf(c, o) != "" {
					return fmt.Sprintf("IpPrefix %s on Subnet %s has active allocations and cannot be deleted.",
						text, lastOf(c.ID))
				}
			}
			return ""
		})
}

func fillVNet(c *emulator.Call) error {
	c.Out.Default("enableDdosProtection", false)
	c.Out.Default("virtualNetworkPeerings", []any{})
	return nil
}

func fillSubnet(c *emulator.Call) error {
	delegations := []any{}
	for _, d := range c.In.Maps("delegations") {
		delegations = append(delegations, map[string]any(d.With(inventory.Props{
			"id": identify(c) + "/delegations/" + d.Str("name"), "etag": etag(c),
			"provisioningState": "Succeeded", "type": "Microsoft.Network/virtualNetworks/subnets/delegations",
		})))
	}
	c.Out.Set("delegations", delegations)
	c.Out.Default("privateEndpointNetworkPolicies", "Disabled")
	c.Out.Default("privateLinkServiceNetworkPolicies", "Enabled")
	return nil
}

// echoFlowLogs lists the flow logs of a VNet, as its GET does.
func echoFlowLogs(c *emulator.Call) error {
	var logs []any
	for _, o := range c.Tx.Where(azuretype.FlowLog, func(o *inventory.Object) bool {
		return inventory.SameID(o.In.Str("targetResourceId"), c.ID)
	}) {
		logs = append(logs, echoed(o))
	}
	setOrDrop(c, "flowLogs", logs)
	return nil
}

// setOrDrop sets a list output that ARM leaves out when it is empty.
func setOrDrop(c *emulator.Call, output string, list []any) {
	if len(list) == 0 {
		c.Out.Del(output)
		return
	}
	c.Out.Set(output, list)
}

// echoIPConfigurations lists the gateways' configurations in a subnet, as its GET does.
func echoIPConfigurations(c *emulator.Call) error {
	var found []any
	for _, g := range c.Tx.All(azuretype.VirtualNetworkGateway) {
		for _, ip := range g.Out.Maps("ipConfigurations") {
			if inventory.SameID(ip.Str("subnet.id"), c.ID) {
				found = append(found, map[string]any{"id": ip.Str("id")})
			}
		}
	}
	setOrDrop(c, "ipConfigurations", found)
	return nil
}

// firstFree is the lowest address of a prefix that Azure gives out.
func firstFree(p netip.Prefix) netip.Addr { return nth(p, reservedHead) }
