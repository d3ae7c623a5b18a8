package network

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/awskeys"
	"burrow/internal/awslogs"
	"burrow/internal/iampolicy"
)

// flowLog records all traffic of the VPC.
func (b *awsBuilder) flowLog() error {
	if err := b.logKey(); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	place := awslogs.Place{Estate: b.args.Estate, Network: b.args.Network.AWS, KeyARN: b.out.LogKeyARN}
	group, err := place.Record(b.ctx, awslogs.FlowLog{
		Child: b.name + "-flow-log",
		Name:  b.args.Estate.Name("burrow-vpc-flow-logs"),
		Group: b.args.Estate.Name("/burrow/vpc-flow-logs"),
		VPCID: b.out.VPCID,
	}, b.parent)
	if err != nil {
		return err
	}
	b.out.FlowLogGroup = group.Name
	return nil
}

// logKey encrypts log groups, unless the configuration names a key that does.
// CloudWatch Logs may use it for groups of this account and region only, which
// the encryption context names (LOG-18).
func (b *awsBuilder) logKey() error {
	aws, name := b.args.Network.AWS, b.args.Estate.Name("burrow-logs")
	if aws.LogKeyARN != "" {
		b.out.LogKeyARN = pulumi.String(aws.LogKeyARN).ToStringOutput()
		return nil
	}
	policy, err := iampolicy.Document(
		iampolicy.Account(aws.AccountID, "kms:*"),
		iampolicy.Statement{
			Principal: map[string]string{"Service": fmt.Sprintf("logs.%s.amazonaws.com", aws.Region)},
			Action:    []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"},
			Resource:  []string{"*"}, // in a key policy: this key
			Condition: map[string]map[string]string{"ArnLike": {
				"kms:EncryptionContext:aws:logs:arn": awslogs.GroupARN(aws, "*"),
			}},
		},
	)
	if err != nil {
		return err
	}
	key, err := awskeys.New(b.ctx, b.args.Estate, awskeys.Key{
		Child: b.name + "-log-key", Name: name, Description: "encrypts log groups of " + b.args.Estate.Name("burrow"), Policy: policy,
	}, b.parent)
	if err != nil {
		return err
	}
	b.out.LogKeyARN = key.Arn
	return nil
}
