package aws

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
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
		Type:  typeFlowLog,
		NewID: opaque("fl"),
		Refs: []emulator.Ref{
			refersTo("vpcId", "InvalidVpcID.NotFound", "", moto("ec2/exceptions.py"), typeVpc),
			refersTo("subnetId", "InvalidSubnetID.NotFound", "", moto("ec2/exceptions.py"), typeSubnet),
			{
				Path: "logDestination", To: []string{typeLogGroup}, By: "arn", Missing: "LogDestinationNotFoundException",
				Source:  "awsdocs/amazon-vpc-user-guide flow-logs-troubleshooting.md",
				Foreign: func(arn string) bool { return !strings.HasPrefix(arn, "arn:aws:logs:") || strings.HasSuffix(arn, ":*") },
			},
			refersBy("iamRoleArn", "arn", "InvalidParameter", "", terraform(sourceFlowLog), typeRole),
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
			refuse("VPC-29", "InvalidParameter", emulator.OpCreate, moto("ec2/models/flow_logs.py"), flowLogWithoutRole),
			refuse("VPC-29", "InvalidParameter", emulator.OpCreate, moto("ec2/models/flow_logs.py"), flowLogWithoutDestination),
			refuse("VPC-29", "InvalidParameter", emulator.OpCreate, terraform(sourceFlowLog), flowLogRoleUntrusting),
			refuse("VPC-30", "FlowLogAlreadyExists", emulator.OpCreate, moto("ec2/exceptions.py"), flowLogTwice),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, emulator.Props{
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

func flowLogWithoutTraffic(c *emulator.Call) string {
	if c.In.Has("trafficType") || c.In.Has("transitGatewayId") || c.In.Has("transitGatewayAttachmentId") {
		return ""
	}
	return "TrafficType can't be empty for this resource type."
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

func flowLogRoleUntrusting(c *emulator.Call) string {
	role := c.Tx.Find(typeRole, "arn", c.In.Str("iamRoleArn"))
	if !toCloudWatch(c) || role == nil || trusts(role, flowLogService) {
		return ""
	}
	return "Unable to assume given IAM role"
}

func flowLogTwice(c *emulator.Call) string {
	mine := flowLogKey(c.In)
	for _, o := range others(c, typeFlowLog) {
		if slices.Equal(flowLogKey(o.In), mine) {
			return "Error. There is an existing Flow Log with the same configuration and log destination."
		}
	}
	return ""
}

// flowLogKey is what two flow logs may not have in common.
func flowLogKey(in emulator.Props) []string {
	key := []string{strings.TrimSuffix(in.Str("logDestination"), ":*"), in.Str("logGroupName"), in.Str("trafficType")}
	for _, target := range flowLogTargets {
		key = append(key, in.Str(target))
	}
	return key
}
