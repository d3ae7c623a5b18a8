package aws

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
)

func cloudwatchKinds() []*emulator.Kind {
	return []*emulator.Kind{logGroup(), logResourcePolicy(), metricAlarm(), topic()}
}

const sourceLogGroup = "logs/group.go"

var (
	logGroupName  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	retentionDays = []int{
		0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
	}
)

func logGroup() *emulator.Kind {
	return tagged(plainTags, &emulator.Kind{
		Type:     typeLogGroup,
		AutoName: &emulator.AutoName{Property: "name", Max: 512},
		NewID:    property("name"),
		Refs: []emulator.Ref{
			refersBy("kmsKeyId", "arn", "InvalidParameterException", "", "hashicorp/terraform#24194", typeKey),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@account", "@region", "name"}, Code: "ResourceAlreadyExistsException", Source: model("logs")},
		},
		Replace: forceNew(sourceLogGroup, "name", "namePrefix", "logGroupClass"),
		Rules: []emulator.Rule{
			matches("LOG-17", "name", terraform(sourceLogGroup), logGroupName, "1 to 512 letters, digits and . - _ / #"),
			provider("LOG-17", "retentionInDays", terraform(sourceLogGroup), badRetention),
			oneOf("LOG-17", "logGroupClass", terraform(sourceLogGroup), "STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),
			refuse("LOG-18", "AccessDeniedException", emulator.OpWrite, "hashicorp/terraform-provider-aws#29282", logsMayNotUseKey),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, emulator.Props{
				"arn": regional(c, "logs", "log-group:"+c.ID), "logGroupClass": "STANDARD", "retentionInDays": 0, "skipDestroy": false,
			})
			return nil
		},
		Gone: remakeLogGroup,
	})
}

func badRetention(c *emulator.Call) string {
	v, _ := c.In.Get("retentionInDays")
	if n, ok := v.(float64); ok && !slices.Contains(retentionDays, int(n)) {
		return fmt.Sprintf("expected retentionInDays to be one of %v, got %v", retentionDays, n)
	}
	return ""
}

// logsMayNotUseKey: the key's policy, not IAM, says whether CloudWatch Logs may
// use it.
func logsMayNotUseKey(c *emulator.Call) string {
	key := c.Tx.Find(typeKey, "arn", c.In.Str("kmsKeyId"))
	if key == nil || !c.Changed("kmsKeyId") && c.Op == emulator.OpUpdate || serviceMayUse(key, "logs."+c.Region()+".amazonaws.com") {
		return ""
	}
	return fmt.Sprintf("The specified KMS key does not exist or is not allowed to be used with Arn '%s'",
		regional(c, "logs", "log-group:"+c.In.Str("name")))
}

// remakeLogGroup: a cluster that logs makes its group again, without key,
// retention or tags, as soon as it has something to say (EKS-12).
func remakeLogGroup(c *emulator.Call) error {
	for _, cluster := range c.Tx.All(typeCluster) {
		if clusterLogGroup(cluster.ID) == c.ID && len(cluster.In.List("enabledClusterLogTypes")) > 0 {
			putLogGroup(c, cluster.ID)
		}
	}
	return nil
}

// clusterLogGroup is where EKS writes the logs of a control plane.
func clusterLogGroup(cluster string) string { return "/aws/eks/" + cluster + "/cluster" }

// putLogGroup is the group that EKS makes for a cluster which has none.
func putLogGroup(c *emulator.Call, cluster string) {
	name := clusterLogGroup(cluster)
	if c.Tx.Get(typeLogGroup, name) != nil {
		return
	}
	c.Tx.Put(&emulator.Object{Type: typeLogGroup, ID: name, MadeBy: cluster, In: emulator.Props{}, Out: emulator.Props{
		"name": name, "arn": regional(c, "logs", "log-group:"+name), "retentionInDays": 0.0, "logGroupClass": "STANDARD",
	}})
}

const maxResourcePolicy = 5120

// logResourcePolicy says which services may write logs.
func logResourcePolicy() *emulator.Kind {
	const source = "logs/resource_policy.go"
	return &emulator.Kind{
		Type:    typeLogResourcePolicy,
		NewID:   property("policyName"),
		Replace: forceNew(source, "policyName"),
		Rules: []emulator.Rule{
			invalidJSON("IAM-03", "policyDocument", terraform(source)),
			refuse("IAM-03", "InvalidParameterException", emulator.OpWrite, model("logs"), grammar("policyDocument", true)),
			refuse("LOG-19", "LimitExceededException", emulator.OpWrite,
				"awsdocs/aws-site-to-site-vpn-user-guide monitoring-logs.md", longResourcePolicy),
		},
	}
}

func longResourcePolicy(c *emulator.Call) string {
	v, _ := c.In.Get("policyDocument")
	text, ok := v.(string)
	if !ok {
		data, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		text = string(data)
	}
	if n := len(text); n > maxResourcePolicy {
		return fmt.Sprintf("Resource limit exceeded: the policy has %d characters of at most %d.", n, maxResourcePolicy)
	}
	return ""
}

const sourceAlarm = "cloudwatch/metric_alarm.go"

// metricAlarm: PutMetricAlarm would overwrite an alarm of the same name without a
// word; here a second one is refused.
func metricAlarm() *emulator.Kind {
	return tagged(plainTags, &emulator.Kind{
		Type:     typeMetricAlarm,
		AutoName: &emulator.AutoName{Property: "name", Max: 255},
		NewID:    property("name"),
		Replace:  forceNew(sourceAlarm, "name"),
		Rules: []emulator.Rule{
			oneOf("LOG-15", "comparisonOperator", terraform(sourceAlarm), "GreaterThanOrEqualToThreshold", "GreaterThanThreshold",
				"LessThanThreshold", "LessThanOrEqualToThreshold", "LessThanLowerOrGreaterThanUpperThreshold",
				"LessThanLowerThreshold", "GreaterThanUpperThreshold"),
			oneOf("LOG-15", "statistic", terraform(sourceAlarm), "SampleCount", "Average", "Sum", "Minimum", "Maximum"),
			oneOf("LOG-15", "treatMissingData", terraform(sourceAlarm), "breaching", "notBreaching", "ignore", "missing"),
			provider("LOG-15", "period", terraform(sourceAlarm), badPeriod),
			atMostOne("LOG-15", terraform(sourceAlarm), "metricName", "metricQueries"),
			refuse("LOG-15", "ValidationError", emulator.OpWrite, model("monitoring"), tooManyActions),
			refuse("LOG-15", "ValidationError", emulator.OpWrite, model("monitoring"), badMetric),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, emulator.Props{
				"arn": regional(c, "cloudwatch", "alarm:"+c.ID), "actionsEnabled": true, "treatMissingData": "missing",
			})
			return nil
		},
	})
}

func badPeriod(c *emulator.Call) string {
	v, _ := c.In.Get("period")
	n, ok := v.(float64)
	if !ok || slices.Contains([]int{10, 20, 30}, int(n)) || n > 0 && int(n)%60 == 0 {
		return ""
	}
	return fmt.Sprintf("expected period to be 10, 20, 30 or a multiple of 60, got %v", n)
}

func tooManyActions(c *emulator.Call) string {
	for _, list := range []string{"alarmActions", "okActions", "insufficientDataActions"} {
		if n := len(c.In.List(list)); n > 5 {
			return fmt.Sprintf("The collection %s must not have more than 5 entries, got %d", list, n)
		}
	}
	return ""
}

func badMetric(c *emulator.Call) string {
	switch {
	case strings.HasPrefix(c.In.Str("namespace"), ":"):
		return "Value for parameter Namespace must not begin with ':'"
	case len(c.In.Map("dimensions")) > 30:
		return "The collection Dimensions must not have more than 30 entries"
	}
	return ""
}

func topic() *emulator.Kind {
	const source = "sns/topic.go"
	return tagged(plainTags, &emulator.Kind{
		Type:     typeTopic,
		AutoName: &emulator.AutoName{Property: "name", Max: 256},
		NewID:    func(c *emulator.Call) (string, error) { return regional(c, "sns", c.In.Str("name")), nil },
		Replace:  forceNew(source, "name", "namePrefix", "fifoTopic"),
		Rules: []emulator.Rule{
			matches("PRO-12", "name", terraform(source), regexp.MustCompile(`^[0-9A-Za-z_-]{1,256}(\.fifo)?$`),
				"1 to 256 letters, digits, _ and -"),
			invalidJSON("IAM-03", "policy", terraform(source)),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, emulator.Props{"arn": c.ID, "owner": c.Account().AWSAccount, "fifoTopic": false})
			return nil
		},
	})
}
