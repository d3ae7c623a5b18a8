package dns

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/awslogs"
)

// queryLogs records every question that is asked in the VPC and in the VNet, with
// its answer: relay's name not being found shows there and nowhere else.
func (b *builder) queryLogs() error {
	if err := b.awsQueryLog(); err != nil {
		return fmt.Errorf("aws: %w", err)
	}
	if err := b.azureQueryLog(); err != nil {
		return fmt.Errorf("azure: %w", err)
	}
	return nil
}

// awsQueryLog records the VPC's questions; those of Azure, which come through the
// inbound endpoint, are among them. AWS itself writes to the group, by a resource
// policy that it keeps for all groups under /aws/vendedlogs/ together; groups of
// other names fill that policy up one by one (LOG-19).
func (b *builder) awsQueryLog() error {
	place := awslogs.Place{Estate: b.args.Estate, Network: b.args.Network.AWS, KeyARN: b.args.AWS.LogKeyARN}
	name := b.args.Estate.Name("burrow-resolver")
	group, err := place.Group(b.ctx, b.name+"-aws-query-log-group", "/aws/vendedlogs/"+name, b.parent)
	if err != nil {
		return fmt.Errorf("log group: %w", err)
	}
	b.out.QueryLogGroup = group.Name
	config, err := route53.NewResolverQueryLogConfig(b.ctx, b.name+"-aws-query-log", &route53.ResolverQueryLogConfigArgs{
		Name:           pulumi.String(name),
		DestinationArn: group.Arn,
		Tags:           b.tags(name),
	}, b.parent)
	if err != nil {
		return err
	}
	// Nothing is recorded until a VPC is associated.
	_, err = route53.NewResolverQueryLogConfigAssociation(b.ctx, b.name+"-aws-query-log-association",
		&route53.ResolverQueryLogConfigAssociationArgs{
			ResolverQueryLogConfigId: config.ID(),
			ResourceId:               b.args.AWS.VPCID,
		}, b.parent)
	if err != nil {
		return fmt.Errorf("association: %w", err)
	}
	return nil
}

// dnsResponse is the one log category of a resolver policy. Source: Azure Monitor's
// supported logs for Microsoft.Network/dnsResolverPolicies.
const dnsResponse = "DnsResponse"

// azureQueryLog records the VNet's questions. They are a policy's, not the
// resolver's: one that has no rules lets everything pass and sees it. A VNet has
// one such policy at most, of its own region.
func (b *builder) azureQueryLog() error {
	name := b.args.Estate.Name("burrow-dns-policy")
	policy, err := network.NewDnsResolverPolicy(b.ctx, b.name+"-azure-policy", &network.DnsResolverPolicyArgs{
		DnsResolverPolicyName: pulumi.String(name),
		ResourceGroupName:     b.args.Azure.GroupName,
		Location:              b.location(),
		Tags:                  b.tags(name),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	b.out.ResolverPolicyID = policy.ID()
	setting, err := insights.NewDiagnosticSetting(b.ctx, b.name+"-azure-query-log", &insights.DiagnosticSettingArgs{
		Name:        pulumi.String("queries"),
		ResourceUri: policy.ID(),
		WorkspaceId: b.args.Azure.WorkspaceID,
		Logs: insights.LogSettingsArray{insights.LogSettingsArgs{
			Category: pulumi.String(dnsResponse),
			Enabled:  pulumi.Bool(true),
		}},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("diagnostic setting: %w", err)
	}
	link := b.args.Estate.Name("burrow-vnet")
	_, err = network.NewDnsResolverPolicyVirtualNetworkLink(b.ctx, b.name+"-azure-policy-link", &network.DnsResolverPolicyVirtualNetworkLinkArgs{
		DnsResolverPolicyVirtualNetworkLinkName: pulumi.String(link),
		DnsResolverPolicyName:                   policy.Name,
		ResourceGroupName:                       b.args.Azure.GroupName,
		Location:                                b.location(),
		VirtualNetwork:                          network.SubResourceArgs{Id: b.args.Azure.VNetID},
		Tags:                                    b.tags(link),
		// With the setting first, the first question is recorded too.
	}, b.parent, pulumi.DependsOn(append([]pulumi.Resource{setting}, b.args.Azure.Ready...)))
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return nil
}
