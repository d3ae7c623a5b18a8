package aws

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const (
	sourceFlowLog    = "ec2/vpc_flow_log.go"
	flowLogService   = "vpc-flow-logs.amazonaws.com"
	defaultLogFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} " +
		"${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
	cloudWatchLogs = "cloud-watch-logs"
)

// flowLogTargets are what a flow log may watch.
var flowLogTargets = []string{"vpcId", "subnetId", "eniId", "transitGatewayId", "transitGatewayAttachmentId"}

func flowLog() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.FlowLog,
		Words: words("EC2", "Flow Log", "CreateFlowLogs", "CreateTags", "DeleteFlowLogs", "DescribeFlowLogs"),
		NewID: opaque("fl"),
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcID.NotFound", "", moto("ec2/exceptions.py"), awstype.Vpc),
			refersTo("subnetId", "InvalidSubnetID.NotFound", "", moto("ec2/exceptions.py"), awstype.Subnet),
			refersTo("transitGatewayId", "InvalidTransitGatewayID.NotFound", "", moto("ec2/exceptions.py"), awstype.TransitGateway),
			{
				Path: "logDestination", To: []string{awstype.LogGroup}, By: "arn", Missing: "LogDestinationNotFoundException",
				Source:  "awsdocs/amazon-vpc-user-guide flow-logs-troubleshooting.md",
				Foreign: func(arn string) bool { return !strings.HasPrefix(arn, "arn:aws:logs:") || strings.HasSuffix(arn, ":*") },
			},
			refersBy("iamRoleArn", "arn", "InvalidParameter", "", terraform(sourceFlowLog), awstype.Role),
		},
		Replace: forceNew(sourceFlowLog, append([]string{
			"deliverCrossAccountRole", "destinationOptions", "iamRoleArn", "logDestination", "logDestinationType",
			"logFormat", "maxAggregationInterval", "trafficType",
		}, flowLogTargets...)...),
		Rules: []emulator.Rule{
			exactlyOne("VPC-28", terraform(sourceFlowLog), flowLogTargets...),
			oneOf("VPC-28", "trafficType", terraform(sourceFlowLog), "ACCEPT", "REJECT", "ALL"),
			oneOf("VPC-28", "logDestinationType", terraform(sourceFlowLog), cloudWatchLogs, "s3", "kinesis-data-firehose"),
			provider("VPC-28", "maxAggregationInterval", terraform(sourceFlowLog), aggregationInterval),
			refuse("VPC-28", "InvalidParameter", emulator.OpCreate, model("ec2")+" CreateFlowLogs", flowLogWithoutTraffic),
			refuse("VPC-28", "InvalidParameter", emulator.OpCreate, "hashicorp/terraform-provider-aws#26169", slowTransitLog),
			refuse("VPC-28", "InvalidTransitGatewayAttachmentID.NotFound", emulator.OpCreate, model("ec2"), attachmentMissing),
			refuse("VPC-29", "InvalidParameter", emulator.OpCreate, moto("ec2/models/flow_logs.py"), flowLogWithoutRole),
			refuse("VPC-29", "InvalidParameter", emulator.OpCreate, moto("ec2/models/flow_logs.py"), flowLogWithoutDestination),
			refuse("VPC-29", "LogDestinationNotFoundException", emulator.OpCreate,
				"awsdocs/amazon-vpc-user-guide flow-logs-troubleshooting.md", flowLogToNothing),
			refuse("VPC-29", "InvalidParameter", emulator.OpCreate, terraform(sourceFlowLog), flowLogRoleUntrusting),
			refuse("VPC-30", "FlowLogAlreadyExists", emulator.OpCreate, moto("ec2/exceptions.py"), flowLogTwice),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn":                regional(c, "ec2", "vpc-flow-log/"+c.ID),
				"logDestinationType": cloudWatchLogs, "logFormat": defaultLogFormat, "maxAggregationInterval": 600,
			})
			return nil
		},
	})
}

func aggregationInterval(c *emulator.Call) string {
	if n := c.In.Int("maxAggregationInterval"); n != 0 && n != 60 && n != 600 {
		return fmt.Sprintf("expected maxAggregationInterval to be one of [60 600], got %d", n)
	}
	return ""
}

// onTransit reports that a flow log watches a transit gateway or what hangs on
// one. AWS takes no traffic type for those, and the provider sends none, whatever
// the program says.
func onTransit(in inventory.Props) bool {
	return in.Has("transitGatewayId") || in.Has("transitGatewayAttachmentId")
}

func flowLogWithoutTraffic(c *emulator.Call) string {
	if c.In.Has("trafficType") || onTransit(c.In) {
		return ""
	}
	return "TrafficType can't be empty for this resource type."
}

// slowTransitLog: the provider's default of 600 seconds is none that a transit
// gateway takes.
func slowTransitLog(c *emulator.Call) string {
	if !onTransit(c.In) || c.In.Int("maxAggregationInterval") == 60 {
		return ""
	}
	return "max-aggregation-interval other than 60 sec / 1 min is not supported when the resource-type is TransitGateway or TransitGatewayAttachment"
}

func toCloudWatch(c *emulator.Call) bool {
	return c.In.StrOr("logDestinationType", cloudWatchLogs) == cloudWatchLogs
}

func flowLogWithoutRole(c *emulator.Call) string {
	if toCloudWatch(c) && !c.In.Has("iamRoleArn") {
		return "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."
	}
	return ""
}

func flowLogWithoutDestination(c *emulator.Call) string {
	if c.In.Has("logDestination") || c.In.Has("logGroupName") {
		return ""
	}
	return "LogDestination can't be empty if LogGroupName is not provided."
}

// flowLogToNothing looks up a group whose ARN ends in :*, which the provider cuts
// off; others are references.
func flowLogToNothing(c *emulator.Call) string {
	arn := c.In.Str("logDestination")
	if !toCloudWatch(c) || groupOf(arn) == arn || !missingGroup(c, arn) {
		return ""
	}
	return fmt.Sprintf("LogDestination: %s does not exist", groupOf(arn))
}

// flowLogGroup is the ARN of the group that a flow log writes to; "" when it writes
// elsewhere.
func flowLogGroup(c *emulator.Call, log *inventory.Object) string {
	if name := log.In.Str("logGroupName"); name != "" {
		return regional(c, "logs", "log-group:"+name)
	}
	return groupOf(log.In.Str("logDestination"))
}

// remakes reports whether a flow log would make its group again: its role may
// create groups (terraform-aws-modules/terraform-aws-vpc#550).
func remakes(c *emulator.Call, log *inventory.Object) bool {
	group, role := flowLogGroup(c, log), c.Tx.Find(awstype.Role, "arn", log.In.Str("iamRoleArn"))
	return role != nil && trusts(role, flowLogService) &&
		(iam.RoleMay(c.Tx.View, role.ID, "logs:CreateLogGroup", group) || iam.RoleMay(c.Tx.View, role.ID, "logs:CreateLogGroup", group+":*"))
}

func flowLogRoleUntrusting(c *emulator.Call) string {
	role := c.Tx.Find(awstype.Role, "arn", c.In.Str("iamRoleArn"))
	if !toCloudWatch(c) || role == nil || trusts(role, flowLogService) {
		return ""
	}
	return "Unable to assume given IAM role"
}

func flowLogTwice(c *emulator.Call) string {
	mine := flowLogKey(c.In)
	for _, o := range others(c, awstype.FlowLog) {
		if slices.Equal(flowLogKey(o.In), mine) {
			return "Error. There is an existing Flow Log with the same configuration and log destination."
		}
	}
	return ""
}

// flowLogKey is what two flow logs may not have in common.
func flowLogKey(in inventory.Props) []string {
	key := []string{groupOf(in.Str("logDestination")), in.Str("logGroupName")}
	if !onTransit(in) {
		key = append(key, in.Str("trafficType"))
	}
	for _, target := range flowLogTargets {
		key = append(key, in.Str(target))
	}
	return key
}
