package aws

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

var (
	topicName = regexp.MustCompile(`^[0-9A-Za-z_-]{1,256}$`)
	fifoName  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,251}\.fifo$`)
	snsModel  = model("sns")
	snsMoto   = moto("sns/models.py")
)

// topic: CreateTopic returns the topic that is there, if the tags are the same.
// SNS takes any key: whether there is one it finds out when somebody publishes
// (getmoto/moto#3389); package alarms does at once.
func topic() *emulator.Kind {
	const source = "sns/topic.go"
	return tagged(plainTags, &emulator.Kind{
		Type:     awstype.Topic,
		Words:    named(words("SNS", "SNS Topic", "CreateTopic", "SetTopicAttributes", "DeleteTopic", "GetTopicAttributes")),
		AutoName: &emulator.AutoName{Property: "name", Max: 256},
		NewID:    func(c *emulator.Call) (string, error) { return topicARN(c), nil },
		Existing: sameTopic,
		Replace:  forceNew(source, "name", "namePrefix", "fifoTopic"),
		Rules: []emulator.Rule{
			provider("PRO-12", "name", terraform(source), badTopicName),
			provider("PRO-12", "fifoTopic", terraform(source), fifoOnly),
			within("PRO-12", "signatureVersion", terraform(source), 1, 2),
			oneOf("PRO-12", "tracingConfig", terraform(source), "Active", "PassThrough"),
			invalidJSON("IAM-03", "policy", terraform(source)),
			invalidJSON("PRO-12", "deliveryPolicy", terraform(source)),
			refuse("PRO-14", "InvalidParameter", emulator.OpCreate, snsMoto, otherTags),
			refuse("IAM-03", "InvalidParameter", emulator.OpWrite, "hashicorp/terraform#12740", topicGrammar),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": c.ID, "owner": c.Account().AWSAccount, "fifoTopic": false, "policy": defaultTopicPolicy(c.ID),
			})
			return nil
		},
		Refresh: func(c *emulator.Call) error {
			if o := c.Tx.Get(awstype.TopicPolicy, c.ID); o != nil {
				c.Out.Set("policy", iam.Text(o.In, "policy"))
			}
			return nil
		},
		// A topic takes its subscriptions with it, unconfirmed ones too.
		Gone: func(c *emulator.Call) error {
			removeIf(c, func(o *inventory.Object) bool { return o.Value("topic") == c.ID }, awstype.TopicSubscription)
			removeIf(c, func(o *inventory.Object) bool { return o.ID == c.ID }, awstype.TopicPolicy)
			return nil
		},
	})
}

func topicARN(c *emulator.Call) string { return regional(c, "sns", c.In.Str("name")) }

func sameTopic(c *emulator.Call) *inventory.Object {
	if otherTags(c) != "" {
		return nil
	}
	return c.Tx.Get(awstype.Topic, topicARN(c))
}

func otherTags(c *emulator.Call) string {
	o := c.Tx.Get(awstype.Topic, topicARN(c))
	if mine := tagsAll(c); o == nil || len(mine) == 0 || maps.Equal(mine, o.Out.Map("tagsAll")) {
		return ""
	}
	return "Invalid parameter: Tags Reason: Topic already exists with different tags"
}

func badTopicName(c *emulator.Call) string {
	pattern := topicName
	if c.In.Bool("fifoTopic") || !c.In.Known("fifoTopic") && strings.HasSuffix(c.In.Str("name"), ".fifo") {
		pattern = fifoName
	}
	if name := c.In.Str("name"); name != "" && !pattern.MatchString(name) && c.In.Known("fifoTopic") {
		return fmt.Sprintf("invalid topic name: %s", name)
	}
	return ""
}

func fifoOnly(c *emulator.Call) string {
	if c.In.Bool("fifoTopic") || !c.In.Known("fifoTopic") {
		return ""
	}
	switch {
	case c.In.Str("archivePolicy") != "":
		return "message archive policy can only be set for FIFO topics"
	case c.In.Str("fifoThroughputScope") != "":
		return "FIFO throughput scope can only be set for FIFO topics"
	case c.In.Bool("contentBasedDeduplication"):
		return "content-based deduplication can only be set for FIFO topics"
	}
	return ""
}

// defaultTopicPolicy leaves the topic to its owner, whose alarms it hears.
func defaultTopicPolicy(arn string) string {
	return fmt.Sprintf(`{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",`+
		`"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission",`+
		`"SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],`+
		`"Resource":%q,"Condition":{"StringEquals":{"AWS:SourceOwner":%q}}}]}`, arn, iam.Account(arn))
}

// topicActions are what a policy of a topic may be about, without "sns:".
var topicActions = []string{
	"*", "Publish", "Subscribe", "Receive", "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission",
	"DeleteTopic", "ListSubscriptionsByTopic", "GetDataProtectionPolicy", "PutDataProtectionPolicy", "ListTagsForResource",
	"TagResource", "UntagResource",
}

// topicGrammar is what SNS refuses in a policy: the grammar of IAM's, and actions
// that are not about one topic.
func topicGrammar(c *emulator.Call) string {
	if broken := grammar("policy", true)(c); broken != "" {
		return "Invalid parameter: Policy Error: " + broken
	}
	if !c.In.Has("policy") {
		return ""
	}
	d, err := iam.Read(c.In, "policy")
	if err != nil {
		return "Invalid parameter: Policy Error"
	}
	for _, s := range d.Statement {
		for _, action := range s.Action {
			service, name, _ := strings.Cut(action, ":")
			within := slices.ContainsFunc(topicActions, func(known string) bool { return iam.Matches(name, known) || strings.EqualFold(name, known) })
			if action != "*" && (!strings.EqualFold(service, "sns") || !within) {
				return "Invalid parameter: Policy statement action out of service scope!"
			}
		}
	}
	return ""
}

// topicPolicy is a topic's policy as a resource of its own. Deleting it puts the
// default one back.
func topicPolicy() *emulator.Kind {
	const source = "sns/topic_policy.go"
	return &emulator.Kind{
		Type:    awstype.TopicPolicy,
		Words:   named(words("SNS", "SNS Topic Policy", "SetTopicAttributes", "SetTopicAttributes", "SetTopicAttributes", "GetTopicAttributes")),
		NewID:   property("arn"),
		Refs:    []emulator.Ref{refersBy("arn", "arn", "NotFound", "", snsModel, awstype.Topic)},
		Replace: forceNew(source, "arn"),
		Rules: []emulator.Rule{
			invalidJSON("IAM-03", "policy", terraform(source)),
			refuse("IAM-03", "InvalidParameter", emulator.OpWrite, "hashicorp/terraform#12740", topicGrammar),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"owner": c.Account().AWSAccount})
			return nil
		},
	}
}

// topicSubscription is who hears of a topic. Mail and web addresses are asked
// first and stay pending: nobody confirms here. The id is the real ARN all the
// same. AWS does not take back a request that nobody has confirmed: the provider
// says that it is deleted, and it stays until the topic goes.
func topicSubscription() *emulator.Kind {
	const source = "sns/topic_subscription.go"
	return &emulator.Kind{
		Type:     awstype.TopicSubscription,
		Words:    words("SNS", "SNS Topic Subscription", "Subscribe", "SetSubscriptionAttributes", "Unsubscribe", "GetSubscriptionAttributes"),
		NewID:    func(c *emulator.Call) (string, error) { return c.In.Str("topic") + ":" + c.UUID(), nil },
		Existing: sameSubscription,
		Refs:     []emulator.Ref{refersBy("topic", "arn", "NotFound", "", snsModel, awstype.Topic)},
		Replace:  forceNew(source, "endpoint", "protocol", "topic"),
		Rules: []emulator.Rule{
			oneOf("PRO-12", "protocol", terraform(source), "application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"),
			oneOf("PRO-12", "filterPolicyScope", terraform(source), "MessageAttributes", "MessageBody"),
			invalidJSON("PRO-12", "filterPolicy", terraform(source)),
			refuse("PRO-14", "InvalidParameter", emulator.OpCreate, snsMoto+"; localstack/localstack#8111", badEndpoint),
			refuse("PRO-14", "InvalidParameter", emulator.OpWrite, snsModel+" Subscribe SubscriptionRoleArn", firehoseWithoutRole),
			refuse("PRO-14", "InvalidParameter", emulator.OpCreate, snsModel+" Subscribe (message unverified)", fifoToOthers),
		},
		Fill: func(c *emulator.Call) error {
			pending := mustConfirm(c)
			defaults(c, inventory.Props{
				"arn": c.ID, "ownerId": c.Account().AWSAccount, "confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": false,
				"rawMessageDelivery": false, "pendingConfirmation": pending, "confirmationWasAuthenticated": !pending,
			})
			if c.In.Has("filterPolicy") {
				defaults(c, inventory.Props{"filterPolicyScope": "MessageAttributes"})
			}
			return nil
		},
		Gone: func(c *emulator.Call) error {
			topic := c.In.Str("topic")
			if c.Out.Bool("pendingConfirmation") && c.Tx.Get(awstype.Topic, topic) != nil {
				c.Tx.Put(&inventory.Object{Type: awstype.TopicSubscription, ID: c.ID, MadeBy: topic, In: c.In, Out: c.Out})
			}
			return nil
		},
	}
}

// sameSubscription: Subscribe returns the subscription that is there.
func sameSubscription(c *emulator.Call) *inventory.Object {
	for _, o := range where(c, awstype.TopicSubscription, "topic", c.In.Str("topic")) {
		if o.Value("protocol") == c.In.Str("protocol") && o.Value("endpoint") == c.In.Str("endpoint") {
			return o
		}
	}
	return nil
}

func mustConfirm(c *emulator.Call) bool {
	switch c.In.Str("protocol") {
	case "email", "email-json":
		return true
	case "http", "https":
		return !c.In.Bool("endpointAutoConfirms")
	}
	return false
}

var (
	mailAddress = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	phoneNumber = regexp.MustCompile(`^\+?[0-9]{4,15}$`)
	// endpointServices are the services that a protocol's ARN must be of.
	endpointServices = map[string]string{"sqs": "SQS", "lambda": "Lambda", "firehose": "Firehose"}
)

func badEndpoint(c *emulator.Call) string {
	protocol, endpoint := c.In.Str("protocol"), c.In.Str("endpoint")
	switch protocol {
	case "email", "email-json":
		if !mailAddress.MatchString(endpoint) {
			return "Invalid parameter: Email address"
		}
	case "http", "https":
		if !strings.HasPrefix(endpoint, protocol+"://") {
			return "Invalid parameter: Endpoint must match the specified protocol"
		}
	case "sms":
		if !phoneNumber.MatchString(endpoint) {
			return "Invalid parameter: Invalid SMS endpoint: " + endpoint
		}
	case "sqs", "lambda", "firehose":
		if iam.Service(endpoint) != protocol {
			return fmt.Sprintf("Invalid parameter: %s endpoint ARN", endpointServices[protocol])
		}
	}
	return ""
}

func firehoseWithoutRole(c *emulator.Call) string {
	if c.In.Str("protocol") != "firehose" || c.In.Has("subscriptionRoleArn") {
		return ""
	}
	return "Invalid parameter: Attributes Reason: SubscriptionRoleArn is required for the firehose protocol"
}

// fifoToOthers: a FIFO topic tells queues only, and only it tells FIFO queues.
func fifoToOthers(c *emulator.Call) string {
	fifo, queue := strings.HasSuffix(c.In.Str("topic"), ".fifo"), strings.HasSuffix(c.In.Str("endpoint"), ".fifo")
	switch {
	case fifo && c.In.Str("protocol") != "sqs":
		return fmt.Sprintf("Invalid parameter: Invalid protocol type: %s", c.In.Str("protocol"))
	case !fifo && queue:
		return "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
	}
	return ""
}
