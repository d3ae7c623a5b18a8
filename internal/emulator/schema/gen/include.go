package main

// A sdk is one provider's Go SDK and what of it the emulation needs.
type sdk struct {
	pkg      string // as in tokens
	provider string // import path of the package that has the Provider resource, "" for none
	modules  []string
	coerces  bool // the provider wraps a Terraform provider
	packages []include
	// completeEnums says that "string | enum" in the npm typings lists all legal
	// values, not some of them.
	completeEnums bool
	// typed are resources whose Go module cannot be had: all of them is from the
	// npm typings.
	typed []named
	// foreign are modules whose types the SDK's own types mention.
	foreign []string
}

// An include is one Go package of an SDK.
type include struct {
	path      string   // import path
	resources []string // Go type names; nil means all of the package
	functions []string // Go function names
}

const (
	awsSDK    = "github.com/pulumi/pulumi-aws/sdk/v6"
	azureSDK  = "github.com/pulumi/pulumi-azure-native-sdk"
	k8sSDK    = "github.com/pulumi/pulumi-kubernetes/sdk/v4"
	eksSDK    = "github.com/pulumi/pulumi-eks/sdk/v3"
	randomSDK = "github.com/pulumi/pulumi-random/sdk/v4"
	tlsSDK    = "github.com/pulumi/pulumi-tls/sdk/v5"
)

// none is for packages that only functions are taken from.
var none = []string{}

// sdks is everything that ends up in the generated data. To emulate one more
// resource, add it here and run go generate.
var sdks = []sdk{
	{
		pkg: "aws", provider: awsSDK + "/go/aws", modules: []string{awsSDK}, coerces: true,
		packages: []include{
			{path: awsSDK + "/go/aws", resources: none, functions: []string{
				"GetArn", "GetAvailabilityZone", "GetAvailabilityZones", "GetCallerIdentity",
				"GetDefaultTags", "GetPartition", "GetRegion", "GetServicePrincipal",
			}},
			{path: awsSDK + "/go/aws/autoscaling"},
			{path: awsSDK + "/go/aws/cloudwatch"},
			{path: awsSDK + "/go/aws/ebs", resources: []string{"Snapshot", "Volume"}, functions: []string{"LookupVolume"}},
			{path: awsSDK + "/go/aws/ec2", functions: []string{
				"GetRouteTables", "GetSubnets", "LookupInternetGateway", "LookupManagedPrefixList",
				"LookupSecurityGroup", "LookupSubnet", "LookupVpc", "LookupVpcDhcpOptions", "LookupVpcEndpoint",
				"LookupVpnGateway",
			}},
			{path: awsSDK + "/go/aws/ec2transitgateway"},
			{path: awsSDK + "/go/aws/eks", functions: []string{
				"GetAddonVersion", "GetClusterAuth", "GetClusterVersions", "LookupCluster",
			}},
			{path: awsSDK + "/go/aws/iam", functions: []string{"GetPolicyDocument"}},
			{path: awsSDK + "/go/aws/kms"},
			{path: awsSDK + "/go/aws/lb"},
			{path: awsSDK + "/go/aws/route53"},
			{path: awsSDK + "/go/aws/s3"},
			{path: awsSDK + "/go/aws/secretsmanager"},
			{path: awsSDK + "/go/aws/sns"},
			{path: awsSDK + "/go/aws/sqs"},
			{path: awsSDK + "/go/aws/ssm", functions: []string{"LookupParameter"}},
			{path: awsSDK + "/go/aws/vpc"},
		},
	},
	{
		pkg: "azure-native", provider: azureSDK + "/v2", completeEnums: true,
		typed: []named{
			{"managedidentity", "FederatedIdentityCredential"},
			{"managedidentity", "UserAssignedIdentity"},
		},
		modules: []string{
			azureSDK + "/v2", azureSDK + "/authorization/v2", azureSDK + "/containerservice/v2",
			azureSDK + "/insights/v2", azureSDK + "/network/v2", azureSDK + "/operationalinsights/v2",
			azureSDK + "/resources/v2", azureSDK + "/storage/v2",
		},
		packages: []include{
			{
				path:      azureSDK + "/authorization/v2",
				resources: []string{"ManagementLockByScope", "RoleAssignment", "RoleDefinition"},
				functions: []string{"GetClientConfig", "LookupRoleDefinition"},
			},
			{
				// 2024-09-01 has nodeOSUpgradeChannel, which the default version lacks.
				path:      azureSDK + "/containerservice/v2/v20240901",
				resources: []string{"AgentPool", "MaintenanceConfiguration", "ManagedCluster"},
				functions: []string{
					"ListManagedClusterAdminCredentials", "ListManagedClusterUserCredentials",
					"LookupManagedCluster",
				},
			},
			{
				path: azureSDK + "/insights/v2",
				resources: []string{
					"ActionGroup", "ActivityLogAlert", "DiagnosticSetting", "MetricAlert",
					"ScheduledQueryRule", "Workbook",
				},
			},
			{
				path: azureSDK + "/network/v2",
				resources: []string{
					"DnsForwardingRuleset", "DnsResolver", "DnsResolverDomainList", "DnsResolverPolicy",
					"DnsResolverPolicyVirtualNetworkLink", "DnsSecurityRule", "FlowLog", "ForwardingRule",
					"InboundEndpoint", "LoadBalancer", "LocalNetworkGateway", "NatGateway",
					"NetworkSecurityGroup", "NetworkWatcher", "OutboundEndpoint", "PrivateEndpoint",
					"PrivateRecordSet", "PrivateResolverVirtualNetworkLink", "PrivateZone",
					"PublicIPAddress", "Route", "RouteTable", "SecurityRule", "Subnet", "VirtualNetwork",
					"VirtualNetworkGateway", "VirtualNetworkGatewayConnection", "VirtualNetworkLink",
				},
				functions: []string{
					"LookupVirtualNetwork", "LookupVirtualNetworkGateway",
					"LookupVirtualNetworkGatewayConnection",
				},
			},
			{
				path: azureSDK + "/operationalinsights/v2", resources: []string{"Workspace"},
				functions: []string{"GetSharedKeys"},
			},
			{
				path: azureSDK + "/resources/v2", resources: []string{"ResourceGroup"},
				functions: []string{"LookupResourceGroup"},
			},
			{
				path: azureSDK + "/storage/v2",
				resources: []string{
					"BlobContainer", "BlobServiceProperties", "ManagementPolicy", "StorageAccount",
				},
				functions: []string{"ListStorageAccountKeys", "LookupStorageAccount"},
			},
		},
	},
	{
		pkg: "eks", modules: []string{eksSDK}, foreign: []string{awsSDK, k8sSDK},
		packages: []include{{path: eksSDK + "/go/eks", resources: []string{"Cluster", "ManagedNodeGroup"}}},
	},
	{
		pkg: "kubernetes", provider: k8sSDK + "/go/kubernetes", modules: []string{k8sSDK},
		packages: []include{
			{path: k8sSDK + "/go/kubernetes/apps/v1", resources: []string{"DaemonSet", "Deployment", "StatefulSet"}},
			{path: k8sSDK + "/go/kubernetes/batch/v1", resources: []string{"CronJob", "Job"}},
			{path: k8sSDK + "/go/kubernetes/core/v1", resources: []string{
				"ConfigMap", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Secret", "Service",
				"ServiceAccount",
			}},
			{path: k8sSDK + "/go/kubernetes/networking/v1", resources: []string{"NetworkPolicy"}},
			{path: k8sSDK + "/go/kubernetes/policy/v1", resources: []string{"PodDisruptionBudget"}},
			{path: k8sSDK + "/go/kubernetes/rbac/v1", resources: []string{
				"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
			}},
			{path: k8sSDK + "/go/kubernetes/scheduling/v1", resources: []string{"PriorityClass"}},
			{path: k8sSDK + "/go/kubernetes/storage/v1", resources: []string{"StorageClass"}},
		},
	},
	{
		pkg: "random", provider: randomSDK + "/go/random", modules: []string{randomSDK}, coerces: true,
		packages: []include{{path: randomSDK + "/go/random"}},
	},
	{
		pkg: "tls", provider: tlsSDK + "/go/tls", modules: []string{tlsSDK}, coerces: true,
		packages: []include{{path: tlsSDK + "/go/tls", functions: []string{"GetCertificate", "GetPublicKey"}}},
	},
}
