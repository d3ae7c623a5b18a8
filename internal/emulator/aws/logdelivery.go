package aws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// Logs that a service delivers in its own name, instead of in a role's, need a
// resource policy of CloudWatch Logs that lets the delivery in. AWS writes it by
// itself when such logs are switched on, one for the account and region, and
// never takes anything out of it again. Tunnels of a VPN and queries of a
// resolver are delivered so; flow logs (a role) and control planes are not.
// Source: awsdocs AmazonCloudWatch/latest/logs AWS-logs-infrastructure-CWL.md.
const (
	deliveryPolicy  = "AWSLogDeliveryWrite20150319"
	deliveryService = "delivery.logs.amazonaws.com"
	// vendedPrefix begins the names of groups that one entry of the policy covers
	// together. Really AWS writes that entry when the policy becomes long; here it
	// does at once.
	vendedPrefix = "/aws/vendedlogs/"
	maxPolicies  = 10
	sourceVended = "AmazonCloudWatch/latest/logs AWS-logs-infrastructure-CWL.html"
)

var deliveryActions = []string{"logs:CreateLogStream", "logs:PutLogEvents"}

// groupOf is a log group's ARN without the :* that some APIs end it with.
func groupOf(arn string) string { return strings.TrimSuffix(arn, ":*") }

// missingGroup reports that an ARN is of a log group of this region, and that
// there is none.
func missingGroup(c *emulator.Call, arn string) bool {
	return strings.HasPrefix(arn, "arn:aws:logs:") && c.Tx.Find(awstype.LogGroup, "arn", groupOf(arn)) == nil
}

// deliver lets the delivery write to the log groups. It stores nothing when it
// returns a complaint.
func deliver(c *emulator.Call, groups []string) (complaint string) {
	text, complaint := delivery(c, groups)
	if complaint != "" || text == "" {
		return complaint
	}
	o := c.Tx.Get(awstype.LogResourcePolicy, deliveryPolicy)
	if o == nil {
		o = &inventory.Object{
			Type: awstype.LogResourcePolicy, ID: deliveryPolicy, MadeBy: c.ID,
			In: inventory.Props{}, Out: inventory.Props{"policyName": deliveryPolicy},
		}
	}
	o.Out.Set("policyDocument", text)
	c.Tx.Put(o)
	return ""
}

// delivery is AWS's policy with the groups in it, "" when it need not change, or
// why it cannot.
func delivery(c *emulator.Call, groups []string) (text, complaint string) {
	own := c.Tx.Get(awstype.LogResourcePolicy, deliveryPolicy)
	var resources []string
	if own != nil {
		resources = deliveryResources(own)
	}
	before := len(resources)
	for _, arn := range groups {
		if entry := deliveryEntry(c, arn); !delivers(c, arn) && !slices.Contains(resources, entry) {
			resources = append(resources, entry)
		}
	}
	limit := quota(c, "log-resource-policies", maxPolicies)
	switch n := len(c.Tx.All(awstype.LogResourcePolicy)); {
	case len(resources) == before:
		return "", ""
	case own == nil && n >= limit:
		return "", fmt.Sprintf("Resource limit exceeded: %s is needed, and there are %d resource policies of at most %d.", deliveryPolicy, n, limit)
	}
	if text = deliveryDocument(c, resources); len(text) > maxResourcePolicy {
		return "", fmt.Sprintf("The CloudWatch Logs Resource Policy size was exceeded (%d of %d). "+
			"We suggest prefixing your CloudWatch log group name with %s.", len(text), maxResourcePolicy, vendedPrefix)
	}
	return text, ""
}

func deliveryEntry(c *emulator.Call, arn string) string {
	if _, name, ok := strings.Cut(arn, ":log-group:"); ok && strings.HasPrefix(name, vendedPrefix) {
		return regional(c, "logs", "log-group:"+vendedPrefix+"*")
	}
	return groupOf(arn) + ":log-stream:*"
}

// delivers reports whether a policy lets the delivery write to the group already.
func delivers(c *emulator.Call, arn string) bool {
	facts := map[string]string{
		"aws:sourceaccount": c.Account().AWSAccount, "aws:sourcearn": regional(c, "logs", "delivery"),
	}
	return slices.ContainsFunc(c.Tx.All(awstype.LogResourcePolicy), func(o *inventory.Object) bool {
		d, err := iam.Read(o.Out, "policyDocument")
		return err == nil && !slices.ContainsFunc(deliveryActions, func(action string) bool {
			return !d.Permits(iam.Request{
				Kind: "Service", Principal: deliveryService, Action: action, Resource: groupOf(arn) + ":log-stream:delivery", Facts: facts,
			})
		})
	})
}

// deliveryResources are the groups in AWS's policy.
func deliveryResources(o *inventory.Object) []string {
	d, err := iam.Read(o.Out, "policyDocument")
	if err != nil || len(d.Statement) == 0 {
		return nil
	}
	return slices.Clone(d.Statement[0].Resource)
}

func deliveryDocument(c *emulator.Call, resources []string) string {
	text, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Sid": "AWSLogDeliveryWrite", "Effect": "Allow", "Principal": map[string]any{"Service": deliveryService},
			"Action": deliveryActions, "Resource": resources,
			"Condition": map[string]any{
				"StringEquals": map[string]any{"aws:SourceAccount": []string{c.Account().AWSAccount}},
				"ArnLike":      map[string]any{"aws:SourceArn": []string{regional(c, "logs", "*")}},
			},
		}},
	})
	if err != nil {
		return ""
	}
	return string(text)
}
