package azure

// logTables are tables that every workspace has, with the columns that are there
// before any log has arrived; nil where they are not listed here. Custom tables
// (_CL) come with their first record.
//
// AzureDiagnostics is missing: Azure makes it when the first resource sends logs in
// that way, and nobody else can. Source: its reference in azure-docs.
var logTables = map[string]columnSet{
	"DNSQueryLogs": set(
		"AdditionalRecords", "Answer", "Authority", "DestinationIpAddress", "DestinationPort",
		"DnsForwardingRulesetDomain", "DnsForwardingRulesetId", "OperationName", "PrivateResolverEndpointId",
		"QueryClass", "QueryName", "QueryResponseTime", "QueryType", "Region", "ResolutionPath",
		"ResolverPolicyDomainListId", "ResolverPolicyId", "ResolverPolicyRuleAction", "ResponseCode",
		"SourceIpAddress", "SourcePort", "SourceSystem", "TenantId", "TimeGenerated", "Transport", "Type", "Version",
		"VirtualNetworkId", "_BilledSize", "_IsBillable", "_ResourceId", "_SubscriptionId",
	),
	"AKSAudit": nil, "AKSAuditAdmin": nil, "AKSControlPlane": nil, "AzureActivity": nil, "AzureMetrics": nil,
	"ContainerLog": nil, "ContainerLogV2": nil, "Event": nil, "Heartbeat": nil, "InsightsMetrics": nil,
	"KubeEvents": nil, "KubeNodeInventory": nil, "KubePodInventory": nil, "LAQueryLogs": nil,
	"NTAIpDetails": nil, "NTANetAnalytics": nil, "Operation": nil, "Perf": nil, "StorageBlobLogs": nil, "Syslog": nil,
	"Usage": nil, "_LogOperation": nil,
}
