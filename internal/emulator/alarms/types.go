package alarms

// Types that watch.
const (
	metricAlarmType    = "aws:cloudwatch/metricAlarm:MetricAlarm"
	compositeAlarmType = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
	metricAlertType    = "azure-native:insights:MetricAlert"
	queryRuleType      = "azure-native:insights:ScheduledQueryRule"
)

// Types that CloudWatch measures, and what makes metrics of logs.
const (
	vpnConnectionType    = "aws:ec2/vpnConnection:VpnConnection"
	subnetType           = "aws:ec2/subnet:Subnet"
	natGatewayType       = "aws:ec2/natGateway:NatGateway"
	transitGatewayType   = "aws:ec2transitgateway/transitGateway:TransitGateway"
	vpcAttachmentType    = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"
	resolverEndpointType = "aws:route53/resolverEndpoint:ResolverEndpoint"
	loadBalancerType     = "aws:lb/loadBalancer:LoadBalancer"
	targetGroupType      = "aws:lb/targetGroup:TargetGroup"
	metricFilterType     = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
)

// Types that decide whether a target of a load balancer answers.
const (
	listenerType          = "aws:lb/listener:Listener"
	targetAttachmentType  = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
	scalingAttachmentType = "aws:autoscaling/attachment:Attachment"
	scalingGroupType      = "aws:autoscaling/group:Group"
	serviceType           = "kubernetes:core/v1:Service"
)

// Types that Azure measures, and those that bring its logs to where they are asked
// for.
const (
	azureGatewayType    = "azure-native:network:VirtualNetworkGateway"
	azureConnectionType = "azure-native:network:VirtualNetworkGatewayConnection"
	localGatewayType    = "azure-native:network:LocalNetworkGateway"
	publicAddressType   = "azure-native:network:PublicIPAddress"
	azureNATType        = "azure-native:network:NatGateway"
	azureClusterType    = "azure-native:containerservice:ManagedCluster"
	azureStorageType    = "azure-native:storage:StorageAccount"
	azureFlowType       = "azure-native:network:FlowLog"
	diagnosticType      = "azure-native:insights:DiagnosticSetting"
	dnsPolicyType       = "azure-native:network:DnsResolverPolicy"
	workspaceType       = "azure-native:operationalinsights:Workspace"
)

// Types that pass an alarm on.
const (
	topicType        = "aws:sns/topic:Topic"
	topicPolicyType  = "aws:sns/topicPolicy:TopicPolicy"
	subscriptionType = "aws:sns/topicSubscription:TopicSubscription"
	actionGroupType  = "azure-native:insights:ActionGroup"
)
