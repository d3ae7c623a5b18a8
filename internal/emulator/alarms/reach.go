package alarms

import (
	"slices"
	"strings"

	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

const cloudWatch = "cloudwatch.amazonaws.com" // the service that publishes alarms

// tellsTopics follows a CloudWatch alarm to the subscribers of its topics.
func (j *judgement) tellsTopics(p inventory.Props) {
	if v, set := p.Get("actionsEnabled"); set && v == any(false) {
		j.broken("LOG-15", "its actions are off")
		return
	}
	actions := p.Strings("alarmActions")
	if len(actions) == 0 {
		j.broken("LOG-15", "it has no alarm action, so nobody is told")
	}
	for _, arn := range actions {
		if iam.Service(arn) != "sns" {
			j.alarm.Reaches = append(j.alarm.Reaches, Reach{ID: arn}) // not a message, but an action
			continue
		}
		j.tellsTopic(arn)
	}
}

// tellsTopic: a subscription that waits for a person's confirmation counts as
// somebody.
func (j *judgement) tellsTopic(arn string) {
	topic := j.local().tx.Find(awstype.Topic, "arn", arn)
	if topic == nil {
		j.broken("LOG-15", "there is no topic %s in its region", arn)
		return
	}
	name := nameOf(topic)
	if !j.mayPublish(topic) {
		j.broken("IAM-03", "the policy of the topic %s does not let CloudWatch publish", name)
		return
	}
	if key := topic.Value("kmsMasterKeyId"); key != "" && !j.mayEncrypt(topic, key) {
		j.broken("IAM-03", "the policy of the key of the topic %s does not let CloudWatch decrypt and make data keys", name)
		return
	}
	reach := Reach{ID: topic.ID}
	for _, s := range j.tx.All(awstype.TopicSubscription) {
		if s.Value("topic") == arn {
			reach.Receivers = append(reach.Receivers, s.Value("protocol")+":"+s.Value("endpoint"))
		}
	}
	if len(reach.Receivers) == 0 {
		j.broken("LOG-15", "nobody has subscribed to the topic %s", name)
		return
	}
	j.alarm.Reaches = append(j.alarm.Reaches, reach)
}

// mayPublish reads the topic's policy. The one that a topic is born with lets its
// own account's alarms in.
func (j *judgement) mayPublish(topic *inventory.Object) bool {
	policy, arn := topic.Props(), topic.Value("arn")
	if p := j.local().tx.Find(awstype.TopicPolicy, "arn", arn); p != nil {
		policy = p.In
	}
	if v, set := policy.Get("policy"); !set || v == any("") {
		return true
	}
	alarm := j.o.Value("arn")
	d, err := iam.Read(policy, "policy")
	return err == nil && d.Permits(iam.Request{Kind: "Service", Principal: cloudWatch, Action: "sns:Publish", Resource: arn, Facts: map[string]string{
		"aws:sourceowner": iam.Account(alarm), "aws:sourceaccount": iam.Account(alarm), "aws:sourcearn": alarm,
	}})
}

// mayEncrypt reads the policy of the topic's key. Nobody can change that of AWS's
// own key for SNS, which knows nothing of CloudWatch.
func (j *judgement) mayEncrypt(topic *inventory.Object, key string) bool {
	found := iam.KeyNamed(j.local().tx.View, key)
	return found != nil && iam.ServiceMayUse(found, cloudWatch, j.o.Value("arn"), map[string]string{"aws:sns:topicarn": topic.Value("arn")})
}

// receiverLists are what an action group can tell.
var receiverLists = []string{
	"emailReceivers", "smsReceivers", "voiceReceivers", "webhookReceivers", "armRoleReceivers", "azureAppPushReceivers",
	"azureFunctionReceivers", "logicAppReceivers", "eventHubReceivers", "itsmReceivers", "automationRunbookReceivers",
}

// tellsGroups follows an Azure alert to the receivers of its action groups.
func (j *judgement) tellsGroups(ids []string) {
	if v, set := j.o.Props().Get("enabled"); set && v == any(false) {
		j.broken("LOG-11", "it is disabled")
		return
	}
	if len(ids) == 0 {
		j.broken("LOG-11", "it has no action group, so nobody is told")
	}
	for _, id := range ids {
		j.tellsGroup(id)
	}
}

func (j *judgement) tellsGroup(id string) {
	group := j.tx.Get(azuretype.ActionGroup, id)
	if group == nil {
		j.broken("PRO-05", "there is no action group %s", id)
		return
	}
	p := group.Props()
	if v, set := p.Get("enabled"); set && v == any(false) {
		j.broken("LOG-11", "the action group %s is disabled", nameOf(group))
		return
	}
	reach := Reach{ID: group.ID}
	for _, list := range receiverLists {
		for _, r := range p.Maps(list) {
			reach.Receivers = append(reach.Receivers, strings.TrimSuffix(list, "Receivers")+":"+r.Str("name"))
		}
	}
	if len(reach.Receivers) == 0 {
		j.broken("LOG-11", "the action group %s has no receiver", nameOf(group))
		return
	}
	if !slices.ContainsFunc(j.alarm.Reaches, func(r Reach) bool { return inventory.SameID(r.ID, reach.ID) }) {
		j.alarm.Reaches = append(j.alarm.Reaches, reach)
	}
}
