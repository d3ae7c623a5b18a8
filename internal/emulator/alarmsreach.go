package emulator

import (
	"slices"
	"strings"
)

// Types that pass an alarm on.
const (
	topicPolicyType  = "aws:sns/topicPolicy:TopicPolicy"
	subscriptionType = "aws:sns/topicSubscription:TopicSubscription"
	kmsKeyType       = "aws:kms/key:Key"
	kmsAliasType     = "aws:kms/alias:Alias"
	actionGroupType  = "azure-native:insights:ActionGroup"
)

const cloudWatch = "cloudwatch.amazonaws.com" // the service that publishes alarms

// tellsTopics follows a CloudWatch alarm to the subscribers of its topics.
func (j *judgement) tellsTopics(p Props) {
	if v, set := p.Get("actionsEnabled"); set && v == any(false) {
		j.broken("LOG-15", "its actions are off")
		return
	}
	actions := p.Strings("alarmActions")
	if len(actions) == 0 {
		j.broken("LOG-15", "it has no alarm action, so nobody is told")
	}
	for _, arn := range actions {
		if part := strings.Split(arn, ":"); len(part) < 6 || part[2] != "sns" {
			j.alarm.Reaches = append(j.alarm.Reaches, Reach{ID: arn}) // not a message, but an action
			continue
		}
		j.tellsTopic(arn)
	}
}

func (j *judgement) tellsTopic(arn string) {
	topic := j.local().tx.Find(topicType, "arn", arn)
	if topic == nil {
		j.broken("LOG-15", "there is no topic %s in its region", arn)
		return
	}
	name := nameOf(topic)
	if !j.mayPublish(topic) {
		j.broken("IAM-03", "the policy of the topic %s does not let CloudWatch publish", name)
		return
	}
	if key := topic.Value("kmsMasterKeyId"); key != "" && !j.mayEncrypt(key) {
		j.broken("IAM-03", "the policy of the key of the topic %s does not let CloudWatch decrypt and make data keys", name)
		return
	}
	reach := Reach{ID: topic.ID}
	for _, s := range j.tx.All(subscriptionType) {
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
func (j *judgement) mayPublish(topic *Object) bool {
	policy, set := topic.In.Get("policy")
	if p := j.local().tx.Find(topicPolicyType, "arn", topic.Value("arn")); p != nil {
		policy, set = p.In.Get("policy")
	}
	return !set || policy == any("") || serviceGranted(policy, cloudWatch, "sns:Publish")
}

// mayEncrypt reads the policy of a key that is named by id, ARN or alias. Nobody
// can change that of AWS's own key for SNS, which knows nothing of CloudWatch.
func (j *judgement) mayEncrypt(name string) bool {
	key := j.key(name)
	if key == nil {
		return false
	}
	policy, _ := objectProps(key).Get("policy")
	return serviceGranted(policy, cloudWatch, "kms:Decrypt") && serviceGranted(policy, cloudWatch, "kms:GenerateDataKey")
}

func (j *judgement) key(name string) *Object {
	tx := j.local().tx
	if i := strings.Index(name, "alias/"); i >= 0 {
		alias := tx.Find(kmsAliasType, "name", name[i:])
		if alias == nil {
			return nil
		}
		name = alias.Value("targetKeyArn")
		if name == "" {
			name = alias.Value("targetKeyId")
		}
	}
	if key := tx.Get(kmsKeyType, name); key != nil {
		return key
	}
	return tx.Find(kmsKeyType, "arn", name)
}

// receiverLists are what an action group can tell.
var receiverLists = []string{
	"emailReceivers", "smsReceivers", "voiceReceivers", "webhookReceivers", "armRoleReceivers", "azureAppPushReceivers",
	"azureFunctionReceivers", "logicAppReceivers", "eventHubReceivers", "itsmReceivers", "automationRunbookReceivers",
}

// tellsGroups follows an Azure alert to the receivers of its action groups.
func (j *judgement) tellsGroups(ids []string) {
	if v, set := objectProps(j.o).Get("enabled"); set && v == any(false) {
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
	group := j.tx.Get(actionGroupType, id)
	if group == nil {
		j.broken("PRO-05", "there is no action group %s", id)
		return
	}
	p := objectProps(group)
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
	if !slices.ContainsFunc(j.alarm.Reaches, func(r Reach) bool { return SameID(r.ID, reach.ID) }) {
		j.alarm.Reaches = append(j.alarm.Reaches, reach)
	}
}
