package watch

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/awskeys"
	"burrow/internal/iampolicy"
)

// topic makes what AWS's alarms publish to, and returns what has to stand before
// an alarm can be heard.
func (b *builder) topic() (*sns.Topic, []pulumi.Resource, error) {
	key, err := b.topicKey()
	if err != nil {
		return nil, nil, fmt.Errorf("key: %w", err)
	}
	name := b.topicName()
	topic, err := sns.NewTopic(b.ctx, b.name+"-topic", &sns.TopicArgs{
		Name:           pulumi.String(name),
		DisplayName:    pulumi.String(name),
		KmsMasterKeyId: key.ID(),
		Tags:           b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, nil, err
	}
	b.out.TopicARN = topic.Arn
	text, err := topicPolicy(b.topicARN(), b.args.Network.AWS.AccountID, b.alarmARN("*"))
	if err != nil {
		return nil, nil, err
	}
	policy, err := sns.NewTopicPolicy(b.ctx, b.name+"-topic-policy", &sns.TopicPolicyArgs{
		Arn:    topic.Arn,
		Policy: pulumi.String(text),
	}, b.parent)
	if err != nil {
		return nil, nil, fmt.Errorf("policy: %w", err)
	}
	for _, address := range b.args.Watch.Emails {
		_, err := sns.NewTopicSubscription(b.ctx, b.name+"-mail-"+address, &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(address),
		}, b.parent)
		if err != nil {
			return nil, nil, fmt.Errorf("subscription of %s: %w", address, err)
		}
	}
	return topic, []pulumi.Resource{policy}, nil
}

// topicKey encrypts the topic. It is one of ours, because the policy of SNS's own
// (alias/aws/sns) cannot be changed and does not let CloudWatch in: an alarm on a
// topic with that key reaches nobody, and only the alarm's history says so.
func (b *builder) topicKey() (*kms.Key, error) {
	name := b.topicName()
	policy, err := keyPolicy(b.args.Network.AWS.AccountID, b.alarmARN("*"), b.topicARN())
	if err != nil {
		return nil, err
	}
	return awskeys.New(b.ctx, b.args.Estate, awskeys.Key{
		Child: b.name + "-topic-key", Name: name, Description: "encrypts the alarms of " + b.args.Estate.Name("burrow"), Policy: policy,
	}, b.parent)
}

// keyPolicy lets CloudWatch encrypt for alarms of the account, and SNS for the
// topic. The account's own IAM policies decide on the rest.
func keyPolicy(account, alarms, topic string) (string, error) {
	use := func(service, on string) iampolicy.Statement {
		return iampolicy.Statement{
			Principal: map[string]string{"Service": service},
			Action:    []string{"kms:Decrypt", "kms:GenerateDataKey*"},
			Resource:  []string{"*"}, // in a key policy: this key
			Condition: map[string]map[string]string{
				"StringEquals": {"aws:SourceAccount": account},
				"ArnLike":      {"aws:SourceArn": on},
			},
		}
	}
	return iampolicy.Document(
		iampolicy.Account(account, "kms:*"),
		use("cloudwatch.amazonaws.com", alarms),
		use("sns.amazonaws.com", topic),
	)
}

// topicPolicy lets alarms of the account publish, and nobody else: not even those
// whose own IAM policies would, for they publish in no alarm's name. Whoever
// tests the way to the mailbox sets an alarm's state.
func topicPolicy(topic, account, alarms string) (string, error) {
	publish := func(effect string, principal any, condition map[string]map[string]string) iampolicy.Statement {
		return iampolicy.Statement{
			Effect: effect, Principal: principal, Action: []string{"sns:Publish"}, Resource: []string{topic}, Condition: condition,
		}
	}
	return iampolicy.Document(
		publish("Allow", map[string]string{"Service": "cloudwatch.amazonaws.com"}, map[string]map[string]string{
			"StringEquals": {"aws:SourceAccount": account},
			"ArnLike":      {"aws:SourceArn": alarms},
		}),
		publish("Deny", "*", map[string]map[string]string{"ArnNotLike": {"aws:SourceArn": alarms}}),
		publish("Deny", "*", map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}}),
	)
}

func (b *builder) topicName() string { return b.args.Estate.Name("burrow-alarms") }

// topicARN and alarmARN are known before anything exists: policies name them.
func (b *builder) topicARN() string {
	aws := b.args.Network.AWS
	return fmt.Sprintf("arn:aws:sns:%s:%s:%s", aws.Region, aws.AccountID, b.topicName())
}

func (b *builder) alarmARN(name string) string {
	aws := b.args.Network.AWS
	return fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", aws.Region, aws.AccountID, name)
}
