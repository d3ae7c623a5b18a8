// Package azure is the emulated Azure: the kinds, rules and functions of
// azure-native 2 that a VNet with a VPN gateway, an AKS cluster, private DNS and
// their monitoring need. It is data for package emulator, which runs it.
//
// # What is modelled
//
//   - Resources (default API versions; containerservice in every version that
//     the schema has): ResourceGroup; VirtualNetwork, Subnet,
//     NetworkSecurityGroup, SecurityRule, RouteTable, Route, NatGateway,
//     PublicIPAddress; VirtualNetworkGateway, LocalNetworkGateway,
//     VirtualNetworkGatewayConnection; NetworkWatcher, FlowLog; PrivateZone,
//     VirtualNetworkLink, PrivateRecordSet; DnsResolver, InboundEndpoint,
//     OutboundEndpoint, DnsForwardingRuleset, ForwardingRule,
//     PrivateResolverVirtualNetworkLink; DnsResolverPolicy, its virtual network
//     links and DnsSecurityRule, DnsResolverDomainList; UserAssignedIdentity,
//     RoleAssignment; ManagedCluster, AgentPool; DiagnosticSetting, MetricAlert,
//     ScheduledQueryRule, ActionGroup, Workbook; Workspace; StorageAccount,
//     BlobServiceProperties, ManagementPolicy.
//   - Functions: getClientConfig, listManagedClusterUserCredentials and
//     …AdminCredentials, and the reads of a cluster, VNet, gateway, connection,
//     storage account and resource group.
//   - ARM: ids compared without regard to case, groups and parents that must
//     exist, names, regions, tags, deletion of a group with all in it, one write
//     per VNet (PRV-03) and per cluster (AKS-48) at a time.
//   - The provider: it reads before it creates (PRO-09), takes a missing
//     location from its configuration or the group, replaces for what its own
//     metadata says and for nothing else. What Azure keeps for life and the
//     provider sends as an update all the same (a gateway's type, a pool's VM
//     size, an endpoint's address) is refused by the cloud, as in real life;
//     ReplaceOnChanges is the way round.
//   - Children written inline or as resources of their own, and what becomes of
//     them when the two are mixed (PRV-02).
//   - What Azure makes by itself: the region's network watcher and its group
//     with the first VNet (LOG-04; both stay), a cluster's node resource group
//     with the kubelets' identity, a security group and the outbound address
//     (gone with the cluster).
//   - A connection's key that a PUT ignores and a GET never returns (AVC-12).
//   - Rights: a cluster's user-assigned identity needs a role that lets it join
//     its subnet and use its route table (AKS-29, AKS-32). The roles that count
//     are Network Contributor, Contributor and Owner.
//   - Kubernetes versions of 23 November 2026.
//   - VPN gateways of every SKU that can still be made, in the generations that
//     each has. In its place a gateway grows within its generation, becomes
//     active-active or stops being so, and has BGP put on and off; it neither
//     shrinks nor leaves its family. Without BGP it has an ASN and peering
//     addresses all the same.
//   - VNets that belong to somebody else: what is in another resource group than
//     the VNet, what it has already and what stays when the estate goes.
//     getVirtualNetwork lists all its subnets with the gateways in them.
//   - What a gateway measures, with dimensions and aggregations, for metric
//     alerts. What other kinds measure is not checked, nor is any dimension's
//     value: Azure does not check those.
//   - The query of a log alert, as far as a query can be checked without being
//     understood: strings and brackets, the tables that it begins with (of a union
//     all), operators, and columns by name through let, where, extend, project,
//     distinct, summarize, order, top and count. It is checked as in a workspace
//     where no log has arrived yet, and so without AzureDiagnostics, which comes
//     with its first record as its columns do. Union isfuzzy=true with an empty
//     table beside it, column_ifexists and skipQueryValidation are the ways round.
//
// Rules have the ids of package rules. Where no error code is known, a rule has the
// service's generic one and its source says so.
//
// # What a refresh finds
//
// These outputs change by themselves, and none of them is an input of the same
// resource: a connection's connectionStatus (AVC-31); subnets of a security
// group, route table or NAT gateway; ipConfigurations of a subnet; ipConfiguration
// of a public address; flowLogs of a VNet; the counts of a private zone. An
// exception, as in real life: agent pools of their own appear among the cluster's
// agentPoolProfiles (PRV-04).
//
// Real azure-native shows a VNet's own subnets after an update and hides them
// again at the next refresh, if they are not inline; here they are always hidden.
//
// # What is not modelled
//
//   - Much that Azure accepts and that then does not work: packets, DNS answers, a
//     service range that shadows another network (AKS-23), an address space that
//     overlaps the VNet's. It is not refused here either. What reach.Tunnels says
//     of tunnels (AVG-25), package alarms of alerts (LOG-14, action groups that are
//     gone) and Unlogged of logs that never arrive can be asked for.
//   - The Kusto query language: types, arguments of functions, whether a function
//     exists, results. Functions that a let statement binds, search, find, join,
//     lookup, parse, mv-expand, evaluate, a union within a pipeline and further
//     operators are not followed: after one of them no column is checked. Tables
//     that are missing from the list count as missing from the workspace. Log alerts
//     of kind LogToMetric, and frequencies that Azure refuses for slow queries, are
//     not modelled.
//   - What a workbook shows.
//   - Entra: users, groups and service principals are any GUID. Custom roles,
//     policies, locks, what the caller may do.
//   - Which SKU, VM size or service is offered in which region; prices.
//   - Time: a gateway takes no 45 minutes, a subnet is free at once after its
//     gateway is gone (AVG-39), roles work at once (IAM-08 but for identities
//     made in the same world), soft-deleted workspaces are gone.
//   - Machine scale sets, load balancers and network interfaces, those of AKS
//     included; private endpoints, peerings, application security groups,
//     point-to-site and ExpressRoute. Ids of such things in inputs are not looked up.
//   - Patch releases of Kubernetes and node images; surge settings beyond their
//     number of nodes.
//   - Outputs that only such things would fill.
package azure
