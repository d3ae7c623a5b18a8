// Package awslogs makes CloudWatch log groups as every log of an estate has them:
// encrypted, with a retention, made before the service that would make its own.
package awslogs

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/iampolicy"
	"burrow/internal/plan"
)

// Place is where log groups are made: whose they are, in which account and
// region, and the key that encrypts them.
type Place struct {
	Estate  plan.Estate
	Network plan.AWSNetwork
	KeyARN  pulumi.StringInput
}

// Group makes a log group with that physical name, the suffix included already.
func (p Place) Group(ctx *pulumi.Context, child, name string, opts ...pulumi.ResourceOption) (*cloudwatch.LogGroup, error) {
	return cloudwatch.NewLogGroup(ctx, child, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(name),
		KmsKeyId:        p.KeyARN,
		RetentionInDays: pulumi.Int(p.Network.LogRetentionDays),
		Tags:            p.tags(name),
	}, opts...)
}

// flowLogSeconds is how long EC2 collects a flow before it writes a record: 60 or
// 600, and 60 for transit gateways (VPC-28). Records of a minute are still of use
// in an incident.
const flowLogSeconds = 60

// FlowLog is what a flow log records: a VPC or a transit gateway.
type FlowLog struct {
	// Child is the Pulumi name of the log; its group (with an s), role and policy
	// are named after it.
	Child string
	// Name is the physical name of log and role, Group that of the log group.
	Name, Group string
	// VPCID or TransitGatewayID.
	VPCID, TransitGatewayID pulumi.StringPtrInput
}

// Record makes a flow log of all traffic, refused and accepted, with an encrypted
// group of its own, which it returns, and a role that may write to that group alone.
func (p Place) Record(ctx *pulumi.Context, f FlowLog, opts ...pulumi.ResourceOption) (*cloudwatch.LogGroup, error) {
	// Earlier versions called the group of the VPC's log so. Under another name the
	// engine would make a second one first, and its physical name is taken.
	group, err := p.Group(ctx, f.Child+"s", f.Group, opts...)
	if err != nil {
		return nil, fmt.Errorf("log group: %w", err)
	}
	role, policy, err := p.role(ctx, f, opts...)
	if err != nil {
		return nil, fmt.Errorf("role: %w", err)
	}
	args := &ec2.FlowLogArgs{
		VpcId:                  f.VPCID,
		TransitGatewayId:       f.TransitGatewayID,
		LogDestinationType:     pulumi.String("cloud-watch-logs"),
		LogDestination:         group.Arn,
		IamRoleArn:             role.Arn,
		MaxAggregationInterval: pulumi.Int(flowLogSeconds),
		Tags:                   p.tags(f.Name),
	}
	if f.VPCID != nil {
		args.TrafficType = pulumi.String("ALL") // of a transit gateway, everything is recorded (VPC-28)
	}
	// Without the policy nothing is delivered, silently.
	_, err = ec2.NewFlowLog(ctx, f.Child, args, append(opts, pulumi.DependsOn([]pulumi.Resource{policy}))...)
	return group, err
}

// role is what the flow log service writes with (VPC-29). It serves flow logs of
// this account and region, and writes to their one group, which exists: creating
// groups is not among its rights.
func (p Place) role(ctx *pulumi.Context, f FlowLog, opts ...pulumi.ResourceOption) (*iam.Role, *iam.RolePolicy, error) {
	trust, err := iampolicy.Document(iampolicy.Statement{
		Principal: map[string]string{"Service": "vpc-flow-logs.amazonaws.com"},
		Action:    []string{"sts:AssumeRole"},
		Condition: map[string]map[string]string{
			"StringEquals": {"aws:SourceAccount": p.Network.AccountID},
			"ArnLike":      {"aws:SourceArn": fmt.Sprintf("arn:aws:ec2:%s:%s:vpc-flow-log/*", p.Network.Region, p.Network.AccountID)},
		},
	})
	if err != nil {
		return nil, nil, err
	}
	role, err := iam.NewRole(ctx, f.Child+"-role", &iam.RoleArgs{
		Name:             pulumi.String(f.Name),
		Description:      pulumi.String("Delivers flow logs."),
		AssumeRolePolicy: pulumi.String(trust),
		Tags:             p.tags(f.Name),
	}, opts...)
	if err != nil {
		return nil, nil, err
	}
	rights, err := iampolicy.Document(
		iampolicy.Statement{
			Action:   []string{"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"},
			Resource: []string{GroupARN(p.Network, f.Group), GroupARN(p.Network, f.Group) + ":*"},
		},
		// Listing groups knows no narrower resource.
		iampolicy.Statement{Action: []string{"logs:DescribeLogGroups"}, Resource: []string{GroupARN(p.Network, "*")}},
	)
	if err != nil {
		return nil, nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, f.Child+"-policy", &iam.RolePolicyArgs{
		Name:   pulumi.String("deliver"),
		Role:   role.Name,
		Policy: pulumi.String(rights),
	}, opts...)
	return role, policy, err
}

// GroupARN is the plain ARN of a log group, without the ":*" that means its
// streams; "*" is every group of the account and region.
func GroupARN(network plan.AWSNetwork, group string) string {
	return fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", network.Region, network.AccountID, group)
}

func (p Place) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(p.Estate.Tags(name))
}
