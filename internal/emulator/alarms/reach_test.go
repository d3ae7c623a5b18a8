package alarms

import (
	"fmt"
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

func TestCloudWatchReach(t *testing.T) {
	policy := func(statement string) func(watchedWorld) {
		return func(w watchedWorld) {
			w.add(awstype.TopicPolicy, "tp", inventory.Props{"arn": testTopic, "policy": `{"Statement":` + statement + `}`})
		}
	}
	const mayPublish = `{"Effect":"Allow","Principal":{"Service":["cloudwatch.amazonaws.com"]},"Action":"SNS:Publish","Resource":"*"}`
	on := func(operator, key, value string) string {
		return strings.Replace(mayPublish, `"Resource"`, fmt.Sprintf(`"Condition":{%q:{%q:%q}},"Resource"`, operator, key, value), 1)
	}
	checkAlarms(t, "alarm", map[string]alarmCase{
		"no action":           {setting("alarm", "alarmActions", []any{}), OK, "", "LOG-15"},
		"actions off":         {setting("alarm", "actionsEnabled", false), OK, "", "LOG-15"},
		"no topic":            {without(testTopic), OK, "", "LOG-15"},
		"topic elsewhere":     {func(w watchedWorld) { w[testTopic].Region = "a"; w["alarm"].Region, w["vpn-0"].Region = "b", "b" }, OK, "", "LOG-15"},
		"no subscriber":       {without("sub-1"), OK, "", "LOG-15"},
		"another's topic":     {setting("sub-1", "topic", testTopic+"2"), OK, "", "LOG-15"},
		"not a message":       {setting("alarm", "alarmActions", []any{"arn:aws:automate:eu-west-2:ec2:recover"}), OK, "", ""},
		"policy for it":       {policy(mayPublish), OK, "", ""},
		"policy as an object": {setting(testTopic, "policy", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"*"}}`), OK, "", ""},
		"default policy": {policy(`[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:Publish"],` +
			`"Resource":"*","Condition":{"StringEquals":{"AWS:SourceOwner":"123456789012"}}}]`), OK, "", ""},
		"policy for another":      {policy(`[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"*"}]`), OK, "", "IAM-03"},
		"policy for the account":  {policy(`[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sns:Publish","Resource":"*"}]`), OK, "", "IAM-03"},
		"policy for another verb": {policy(`[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Subscribe","Resource":"*"}]`), OK, "", "IAM-03"},
		"policy that denies":      {policy(`[` + mayPublish + `,{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"*"}]`), OK, "", "IAM-03"},
		"policy that denies plain text": {policy(`[` + mayPublish + `,{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"*",` +
			`"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]`), OK, "", ""},
		"policy for another topic":  {policy(strings.Replace(mayPublish, `"Resource":"*"`, `"Resource":"`+testTopic+`2"`, 1)), OK, "", "IAM-03"},
		"policy for this alarm":     {policy(on("ArnLike", "aws:SourceArn", "arn:aws:cloudwatch:*:123456789012:alarm:*")), OK, "", ""},
		"policy for other alarms":   {policy(on("ArnLike", "aws:SourceArn", "arn:aws:cloudwatch:*:*:alarm:other*")), OK, "", "IAM-03"},
		"policy for other accounts": {policy(on("StringEquals", "aws:SourceAccount", "210987654321")), OK, "", "IAM-03"},
		"policy that is none":       {policy(`[`), OK, "", "IAM-03"},
		"key by id":                 {setting(testTopic, "kmsMasterKeyId", "key-1"), OK, "", ""},
		"key by ARN":                {setting(testTopic, "kmsMasterKeyId", testKey), OK, "", ""},
		"key by alias":              {setting(testTopic, "kmsMasterKeyId", "alias/pages"), OK, "", ""},
		"AWS's key":                 {setting(testTopic, "kmsMasterKeyId", "alias/aws/sns"), OK, "", "IAM-03"},
		"key without CloudWatch": {both(setting(testTopic, "kmsMasterKeyId", "key-1"), setting("key-1", "policy",
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}]}`)), OK, "", "IAM-03"},
		"key for other alarms": {both(setting(testTopic, "kmsMasterKeyId", "key-1"), setting("key-1", "policy",
			strings.Replace(cloudWatchMay, `"Principal"`, `"Condition":{"ArnLike":{"aws:SourceArn":"*:alarm:other*"}},"Principal"`, 1))), OK, "", "IAM-03"},
		"key to decrypt only": {both(setting(testTopic, "kmsMasterKeyId", "key-1"), setting("key-1", "policy",
			strings.Replace(cloudWatchMay, `,"kms:GenerateDataKey*"`, "", 1))), OK, "", "IAM-03"},
	})
}

// An alarm on other alarms tells people as any other does.
func TestCompositeAlarm(t *testing.T) {
	composite := func(action string) func(watchedWorld) {
		return func(w watchedWorld) {
			w.add(awstype.CompositeAlarm, "path", inventory.Props{
				"arn": testAlarm, "alarmRule": "ALARM(alarm)", "alarmActions": []any{action},
			})
		}
	}
	checkAlarms(t, "path", map[string]alarmCase{
		"to somebody": {composite(testTopic), Insufficient, "other alarms", ""},
		"to nobody":   {composite(testTopic + "2"), Insufficient, "other alarms", "LOG-15"},
	})
}
