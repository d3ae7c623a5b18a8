package aws

import (
	"fmt"
	"regexp"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

func cloudwatchKinds() []*emulator.Kind {
	return []*emulator.Kind{
		logGroup(), metricFilter(), logResourcePolicy(), metricAlarm(), compositeAlarm(), dashboard(),
		topic(), topicPolicy(), topicSubscription(),
	}
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
		Type:     awstype.LogGroup,
		Words:    named(words("CloudWatch Logs", "CloudWatch Logs Log Group", "CreateLogGroup", "AssociateKmsKey", "DeleteLogGroup", "DescribeLogGroups")),
		AutoName: &emulator.AutoName{Property: "name", Max: 512},
		NewID:    property("name"),
		Refs: []emulator.Ref{
			refersBy("kmsKeyId", "arn", "InvalidParameterException", "", "hashicorp/terraform#24194", awstype.Key),
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
			defaults(c, inventory.Props{
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
	key := c.Tx.Find(awstype.Key, "arn", c.In.Str("kmsKeyId"))
	group := regional(c, "logs", "log-group:"+c.In.Str("name"))
	if key == nil || !c.Changed("kmsKeyId") && c.Op == emulator.OpUpdate || logsMayUse(key, group) {
		return ""
	}
	return fmt.Sprintf("The specified KMS key does not exist or is not allowed to be used with Arn '%s'", group)
}

// logsMayUse reports whether a key's policy lets CloudWatch Logs encrypt a group.
func logsMayUse(key *inventory.Object, group string) bool {
	return iam.ServiceMayUse(key, "logs."+iam.Region(group)+".amazonaws.com", group, map[string]string{"aws:logs:arn": group})
}

// remakeLogGroup: who writes to a group that is deleted makes it again, without
// key, retention or tags, as soon as there is something to say: a cluster that
// logs (EKS-12), and a flow log whose role may create groups. Tunnels and
// resolvers may not: their logs stop, silently.
func remakeLogGroup(c *emulator.Call) error {
	dropFilters(c)
	for _, cluster := range c.Tx.All(awstype.Cluster) {
		if clusterLogGroup(cluster.ID) == c.ID && len(cluster.In.List("enabledClusterLogTypes")) > 0 {
			putLogGroup(c, cluster.ID)
		}
	}
	for _, log := range c.Tx.All(awstype.FlowLog) {
		if flowLogGroup(c, log) == c.Out.Str("arn") && remakes(c, log) {
			makeLogGroup(c, log.ID, c.ID)
		}
	}
	return nil
}

// clusterLogGroup is where EKS writes the logs of a control plane.
func clusterLogGroup(cluster string) string { return "/aws/eks/" + cluster + "/cluster" }

// putLogGroup is the group that EKS makes for a cluster which has none.
func putLogGroup(c *emulator.Call, cluster string) {
	makeLogGroup(c, cluster, clusterLogGroup(cluster))
}

// makeLogGroup is the group that a service makes by itself where there is none.
func makeLogGroup(c *emulator.Call, maker, name string) {
	if c.Tx.Get(awstype.LogGroup, name) != nil {
		return
	}
	c.Tx.Put(&inventory.Object{Type: awstype.LogGroup, ID: name, MadeBy: maker, In: inventory.Props{}, Out: inventory.Props{
		"name": name, "arn": regional(c, "logs", "log-group:"+name), "retentionInDays": 0.0, "logGroupClass": "STANDARD",
	}})
}

const maxResourcePolicy = 5120

// logResourcePolicy says which services may write logs.
func logResourcePolicy() *emulator.Kind {
	const source = "logs/resource_policy.go"
	return &emulator.Kind{
		Type:    awstype.LogResourcePolicy,
		Words:   named(words("CloudWatch Logs", "CloudWatch Logs Resource Policy", "PutResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy", "DescribeResourcePolicies")),
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
	text := iam.Text(c.In, "policyDocument")
	if n := len(text); n > maxResourcePolicy {
		return fmt.Sprintf("Resource limit exceeded: the policy has %d characters of at most %d.", n, maxResourcePolicy)
	}
	return ""
}
