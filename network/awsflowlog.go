package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// flowLogSeconds is how long EC2 collects a flow before it writes a record:
	// 60 or 600 (VPC-28). Records of a minute are still of use in an incident.
	flowLogSeconds = 60
	// keyDeletionDays is how long a deleted key can be called back, 7 to 30.
	// What it encrypted cannot be read after that.
	keyDeletionDays = 30
)

// flowLog records all traffic of the VPC, refused and accepted, in an encrypted
// log group.
func (b *awsBuilder) flowLog(vpc *ec2.Vpc) error {
	key, err := b.logKey()
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	b.out.LogKeyARN = key.Arn
	group, err := cloudwatch.NewLogGroup(b.ctx, b.name+"-flow-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(b.flowLogGroup()),
		KmsKeyId:        key.Arn,
		RetentionInDays: pulumi.Int(b.args.Network.AWS.LogRetentionDays),
		Tags:            b.tags(b.flowLogGroup()),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("log group: %w", err)
	}
	role, policy, err := b.flowLogRole()
	if err != nil {
		return fmt.Errorf("role: %w", err)
	}
	_, err = ec2.NewFlowLog(b.ctx, b.name+"-flow-log", &ec2.FlowLogArgs{
		VpcId:                  vpc.ID(),
		TrafficType:            pulumi.String("ALL"),
		LogDestinationType:     pulumi.String("cloud-watch-logs"),
		LogDestination:         group.Arn,
		IamRoleArn:             role.Arn,
		MaxAggregationInterval: pulumi.Int(flowLogSeconds),
		Tags:                   b.tags(b.args.Estate.Name("burrow-vpc-flow-log")),
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{policy})) // without the policy nothing is delivered, silently
	return err
}

// logKey encrypts log groups. CloudWatch Logs may use it for groups of this
// account and region only, which the encryption context names (LOG-18).
func (b *awsBuilder) logKey() (*kms.Key, error) {
	aws, name := b.args.Network.AWS, b.args.Estate.Name("burrow-logs")
	policy, err := policyJSON(
		// Leaves the key to the account's IAM policies, as the default policy
		// does. Without it nobody could manage the key.
		statement{
			Principal: map[string]string{"AWS": fmt.Sprintf("arn:aws:iam::%s:root", aws.AccountID)},
			Action:    []string{"kms:*"},
			Resource:  []string{"*"},
		},
		statement{
			Principal: map[string]string{"Service": fmt.Sprintf("logs.%s.amazonaws.com", aws.Region)},
			Action:    []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"},
			Resource:  []string{"*"}, // in a key policy: this key
			Condition: map[string]map[string]string{"ArnLike": {
				"kms:EncryptionContext:aws:logs:arn": b.logGroupARN("*"),
			}},
		},
	)
	if err != nil {
		return nil, err
	}
	key, err := kms.NewKey(b.ctx, b.name+"-log-key", &kms.KeyArgs{
		Description:          pulumi.String("encrypts log groups of " + b.args.Estate.Name("burrow")),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(keyDeletionDays),
		Policy:               policy,
		Tags:                 b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	_, err = kms.NewAlias(b.ctx, b.name+"-log-key-alias", &kms.AliasArgs{
		Name:        pulumi.String("alias/" + name),
		TargetKeyId: key.ID(),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("alias: %w", err)
	}
	return key, nil
}

// flowLogRole is what the flow log service writes with (VPC-29). It serves flow
// logs of this account and region, and writes to their one group, which exists:
// creating groups is not among its rights.
func (b *awsBuilder) flowLogRole() (*iam.Role, *iam.RolePolicy, error) {
	aws, name := b.args.Network.AWS, b.args.Estate.Name("burrow-vpc-flow-logs")
	trust, err := policyJSON(statement{
		Principal: map[string]string{"Service": "vpc-flow-logs.amazonaws.com"},
		Action:    []string{"sts:AssumeRole"},
		Condition: map[string]map[string]string{
			"StringEquals": {"aws:SourceAccount": aws.AccountID},
			"ArnLike":      {"aws:SourceArn": fmt.Sprintf("arn:aws:ec2:%s:%s:vpc-flow-log/*", aws.Region, aws.AccountID)},
		},
	})
	if err != nil {
		return nil, nil, err
	}
	role, err := iam.NewRole(b.ctx, b.name+"-flow-log-role", &iam.RoleArgs{
		Name:             pulumi.String(name),
		Description:      pulumi.String("Delivers VPC flow logs."),
		AssumeRolePolicy: trust,
		Tags:             b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, nil, err
	}
	rights, err := policyJSON(
		statement{
			Action:   []string{"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"},
			Resource: []string{b.logGroupARN(b.flowLogGroup()), b.logGroupARN(b.flowLogGroup() + ":*")},
		},
		// Listing groups knows no narrower resource.
		statement{Action: []string{"logs:DescribeLogGroups"}, Resource: []string{b.logGroupARN("*")}},
	)
	if err != nil {
		return nil, nil, err
	}
	policy, err := iam.NewRolePolicy(b.ctx, b.name+"-flow-log-policy", &iam.RolePolicyArgs{
		Name:   pulumi.String("deliver"),
		Role:   role.Name,
		Policy: rights,
	}, b.parent)
	return role, policy, err
}

func (b *awsBuilder) flowLogGroup() string {
	return b.args.Estate.Name("/burrow/vpc-flow-logs")
}

func (b *awsBuilder) logGroupARN(group string) string {
	aws := b.args.Network.AWS
	return fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", aws.Region, aws.AccountID, group)
}
