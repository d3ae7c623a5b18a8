package aws

import (
	"fmt"
	"strings"

	"burrow/internal/emulator"
)

// cloudWatchService publishes what alarms have to say.
const cloudWatchService = "cloudwatch.amazonaws.com"

// Unheard says of every alarm of the world whose action leads to a topic why
// nobody hears it: AWS accepts each of these and stays silent (LOG-16). The
// topic is missing, its policy does not let CloudWatch publish, its key is
// missing or does not let CloudWatch encrypt (alias/aws/sns never does), or
// nobody is subscribed. A request that waits for a person's confirmation counts
// as somebody.
func Unheard(tx *emulator.Tx) []string {
	var list []string
	for _, alarm := range tx.All(typeMetricAlarm, typeCompositeAlarm) {
		for _, action := range alarm.In.Strings("alarmActions") {
			if partOf(action, 2) != "sns" {
				continue
			}
			if why := deaf(tx, alarm.Out.Str("arn"), action); why != "" {
				list = append(list, fmt.Sprintf("alarm %s: topic %s %s", alarm.ID, action, why))
			}
		}
	}
	return list
}

// deaf says why a topic does not pass on what an alarm says.
func deaf(tx *emulator.Tx, alarm, arn string) string {
	topic := tx.Get(typeTopic, arn)
	if topic == nil {
		return "does not exist"
	}
	policy := topic.Out
	if o := tx.Get(typeTopicPolicy, arn); o != nil {
		policy = o.In
	}
	facts := map[string]string{
		"aws:sourceowner": accountOf(alarm), "aws:sourceaccount": accountOf(alarm), "aws:sourcearn": alarm,
	}
	if d, err := documentOf(policy, "policy"); err != nil ||
		!d.permits(request{"Service", cloudWatchService, "sns:Publish", arn, facts}) {
		return "has a policy that does not let CloudWatch publish"
	}
	if name := topic.In.Str("kmsMasterKeyId"); name != "" {
		key := keyNamed(tx, name)
		if key == nil || !serviceMayUse(key, cloudWatchService, alarm, map[string]string{"aws:sns:topicarn": arn}) {
			return fmt.Sprintf("is encrypted with %s, which does not let CloudWatch in", name)
		}
	}
	if tx.Find(typeTopicSubscription, "topic", arn) == nil {
		return "has no subscription"
	}
	return ""
}

// Unlogged says of everything in the world that logs to CloudWatch why nothing
// arrives: AWS accepts each of these and stays silent. The group is gone, or a
// flow log's role may not write (VPC-29), which AWS asks only of trust. Nothing
// is said of what AWS's own managed policies allow a role: they are not known.
func Unlogged(tx *emulator.Tx) []string {
	var list []string
	add := func(who *emulator.Object, path, group string) {
		if strings.HasPrefix(group, "arn:aws:logs:") && tx.Find(typeLogGroup, "arn", groupOf(group)) == nil {
			list = append(list, fmt.Sprintf("%s: %s: there is no log group %s", who.ID, path, groupOf(group)))
		}
	}
	for _, o := range tx.All(typeVpnConnection) {
		for _, t := range tunnels {
			if path := t + tunnelLogs + "logGroupArn"; o.In.Bool(t + tunnelLogs + "logEnabled") {
				add(o, path, o.In.Str(path))
			}
		}
	}
	for _, o := range tx.All(typeQueryLogConfig) {
		add(o, "destinationArn", o.In.Str("destinationArn"))
	}
	for _, o := range tx.All(typeFlowLog) {
		add(o, "logDestination", o.In.Str("logDestination"))
		if why := mayNotWrite(tx, o); why != "" {
			list = append(list, fmt.Sprintf("%s: %s", o.ID, why))
		}
	}
	return list
}

// mayNotWrite says what a flow log's role lacks. A role with policies of AWS's own
// is given the benefit of the doubt.
func mayNotWrite(tx *emulator.Tx, log *emulator.Object) string {
	role := tx.Find(typeRole, "arn", log.In.Str("iamRoleArn"))
	group := groupOf(log.In.Str("logDestination"))
	if !strings.HasPrefix(group, "arn:aws:logs:") || role != nil && hasManagedPolicy(tx, role) {
		return ""
	}
	if role == nil {
		return "its role does not exist"
	}
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if !roleMay(tx, role.ID, action, group+":log-stream:eni") {
			return fmt.Sprintf("its role %s may not do %s in %s", role.ID, action, group)
		}
	}
	return ""
}

func hasManagedPolicy(tx *emulator.Tx, role *emulator.Object) bool {
	for _, arn := range role.In.Strings("managedPolicyArns") {
		if isManagedByAWS(arn) {
			return true
		}
	}
	for _, o := range tx.All(typeRolePolicyAttachment) {
		if o.Value("role") == role.ID && isManagedByAWS(o.Value("policyArn")) {
			return true
		}
	}
	return false
}
