package dns

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// awsZone makes the zone that the VPC sees, and relay's name in it. The name
// inherits the load balancer's health, which counts as soon as another answer
// stands beside it: the only one is given even while no relay is healthy.
func (b *builder) awsZone() error {
	d := b.args.DNS
	zone, err := route53.NewZone(b.ctx, b.name+"-aws-zone", &route53.ZoneArgs{
		Name:    pulumi.String(d.AWSZone),
		Comment: pulumi.String("private names of the AWS side"),
		Vpcs: route53.ZoneVpcArray{route53.ZoneVpcArgs{
			VpcId:     b.args.AWS.VPCID,
			VpcRegion: pulumi.String(b.args.Network.AWS.Region),
		}},
		Tags: b.tags(d.AWSZone),
	}, b.parent, pulumi.Protect(b.args.Estate.Protect))
	if err != nil {
		return err
	}
	_, err = route53.NewRecord(b.ctx, b.name+"-relay-record", &route53.RecordArgs{
		ZoneId: zone.ZoneId,
		Name:   pulumi.String(d.RelayRecord + "." + d.AWSZone),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name:                 b.args.Relay.DNSName,
			ZoneId:               b.args.Relay.ZoneID,
			EvaluateTargetHealth: pulumi.Bool(true),
		}},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("relay record: %w", err)
	}
	return nil
}

// inboundEndpoint answers the Azure resolver's questions. They come from any
// address of that resolver's outbound subnet, never from a fixed one (ADR-14).
func (b *builder) inboundEndpoint() (*route53.ResolverEndpoint, error) {
	group, err := b.securityGroup("inbound", "DNS from the Azure private resolver")
	if err != nil {
		return nil, err
	}
	if err := b.allowFrom(group, b.args.Network.Azure.Subnets.ResolverOutbound); err != nil {
		return nil, err
	}
	return b.endpoint("inbound", "INBOUND", group, func(z plan.Zone) netip.Addr { return z.ResolverInbound })
}

// outboundEndpoint asks the Azure resolver, at its one inbound address.
func (b *builder) outboundEndpoint() (*route53.ResolverEndpoint, error) {
	group, err := b.securityGroup("outbound", "DNS to the Azure private resolver")
	if err != nil {
		return nil, err
	}
	if err := b.allowTo(group, b.args.DNS.AzureInbound); err != nil {
		return nil, err
	}
	return b.endpoint("outbound", "OUTBOUND", group, func(z plan.Zone) netip.Addr { return z.ResolverOutbound })
}

// endpoint makes one end of the Route 53 Resolver, with a fixed address in each
// zone; it wants two addresses at least (R53-09).
func (b *builder) endpoint(
	kind, direction string, group *ec2.SecurityGroup, address func(plan.Zone) netip.Addr,
) (*route53.ResolverEndpoint, error) {
	name := b.args.Estate.Name("burrow-resolver-" + kind)
	var addresses route53.ResolverEndpointIpAddressArray
	for i, zone := range b.args.Network.AWS.Zones {
		addresses = append(addresses, route53.ResolverEndpointIpAddressArgs{
			SubnetId: b.args.AWS.SubnetIDs[i],
			Ip:       text(address(zone)),
		})
	}
	endpoint, err := route53.NewResolverEndpoint(b.ctx, b.name+"-aws-"+kind, &route53.ResolverEndpointArgs{
		Name:                 pulumi.String(name),
		Direction:            pulumi.String(direction),
		IpAddresses:          addresses,
		SecurityGroupIds:     pulumi.StringArray{group.ID()},
		Protocols:            pulumi.ToStringArray([]string{"Do53"}),
		ResolverEndpointType: pulumi.String("IPV4"),
		Tags:                 b.tags(name),
	}, b.parent, pulumi.DependsOn(b.args.AWS.Ready),
		// Only another VPC replaces an endpoint. Its rules move to the new one
		// before the old can go (R53-18); names need not be unique.
		pulumi.DeleteBeforeReplace(false))
	if err != nil {
		return nil, fmt.Errorf("%s endpoint: %w", kind, err)
	}
	return endpoint, nil
}

// securityGroup makes a group without rules, which lets nothing in or out.
func (b *builder) securityGroup(kind, description string) (*ec2.SecurityGroup, error) {
	name := b.args.Estate.Name("burrow-resolver-" + kind)
	group, err := ec2.NewSecurityGroup(b.ctx, b.name+"-aws-"+kind+"-sg", &ec2.SecurityGroupArgs{
		Name:        pulumi.String(name),
		Description: pulumi.String(description),
		VpcId:       b.args.AWS.VPCID,
		Tags:        b.tags(name),
	}, b.parent,
		// Only another VPC replaces the group, and names are free there; what uses
		// the old one has to move before it can go.
		pulumi.DeleteBeforeReplace(false))
	if err != nil {
		return nil, fmt.Errorf("%s security group: %w", kind, err)
	}
	return group, nil
}

// allowFrom lets DNS questions from a range in.
func (b *builder) allowFrom(group *ec2.SecurityGroup, source netip.Prefix) error {
	for _, protocol := range protocols {
		name := b.args.Estate.Name("burrow-resolver-inbound-" + protocol)
		_, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.name+"-aws-inbound-"+protocol, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: group.ID(),
			Description:     pulumi.String("DNS from the Azure private resolver"),
			IpProtocol:      pulumi.String(protocol),
			FromPort:        pulumi.Int(port),
			ToPort:          pulumi.Int(port),
			CidrIpv4:        pulumi.String(source.String()),
			Tags:            b.tags(name),
		}, b.parent)
		if err != nil {
			return fmt.Errorf("allow %s from %s: %w", protocol, source, err)
		}
	}
	return nil
}

// allowTo lets DNS questions to an address out.
func (b *builder) allowTo(group *ec2.SecurityGroup, target netip.Addr) error {
	for _, protocol := range protocols {
		name := b.args.Estate.Name("burrow-resolver-outbound-" + protocol)
		_, err := vpc.NewSecurityGroupEgressRule(b.ctx, b.name+"-aws-outbound-"+protocol, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: group.ID(),
			Description:     pulumi.String("DNS to the Azure private resolver"),
			IpProtocol:      pulumi.String(protocol),
			FromPort:        pulumi.Int(port),
			ToPort:          pulumi.Int(port),
			CidrIpv4:        pulumi.String(netip.PrefixFrom(target, target.BitLen()).String()),
			Tags:            b.tags(name),
		}, b.parent)
		if err != nil {
			return fmt.Errorf("allow %s to %s: %w", protocol, target, err)
		}
	}
	return nil
}

// forwardToAzure sends the VPC's questions for the Azure zone to the Azure
// resolver. A rule does nothing until a VPC is associated with it (R53-16).
func (b *builder) forwardToAzure(outbound *route53.ResolverEndpoint, target *network.InboundEndpoint) error {
	name := b.args.Estate.Name("burrow-to-azure")
	rule, err := route53.NewResolverRule(b.ctx, b.name+"-to-azure", &route53.ResolverRuleArgs{
		Name:               pulumi.String(name),
		RuleType:           pulumi.String("FORWARD"),
		DomainName:         pulumi.String(b.args.DNS.AzureZone),
		ResolverEndpointId: outbound.ID(),
		TargetIps: route53.ResolverRuleTargetIpArray{route53.ResolverRuleTargetIpArgs{
			Ip:   target.IpConfigurations.Index(pulumi.Int(0)).PrivateIpAddress(),
			Port: pulumi.Int(port),
		}},
		Tags: b.tags(name),
	}, b.parent)
	if err != nil {
		return err
	}
	_, err = route53.NewResolverRuleAssociation(b.ctx, b.name+"-to-azure-association", &route53.ResolverRuleAssociationArgs{
		Name:           pulumi.String(name),
		ResolverRuleId: rule.ID(),
		VpcId:          b.args.AWS.VPCID,
	}, b.parent)
	if err != nil {
		return fmt.Errorf("association: %w", err)
	}
	return nil
}

// targets are the addresses of a Route 53 endpoint as Azure's forwarding rules
// take them. The provider hands them over as a set, in any order: sorted, so
// that a mere change of order changes no rule.
func targets(endpoint *route53.ResolverEndpoint) network.TargetDnsServerArrayOutput {
	return endpoint.IpAddresses.ApplyT(func(addresses []route53.ResolverEndpointIpAddress) []network.TargetDnsServer {
		return targetServers(addresses)
	}).(network.TargetDnsServerArrayOutput)
}

func targetServers(addresses []route53.ResolverEndpointIpAddress) []network.TargetDnsServer {
	var servers []network.TargetDnsServer
	for _, address := range addresses {
		if address.Ip != nil {
			servers = append(servers, network.TargetDnsServer{IpAddress: *address.Ip, Port: new(port)})
		}
	}
	slices.SortFunc(servers, func(a, b network.TargetDnsServer) int { return cmp.Compare(a.IpAddress, b.IpAddress) })
	return servers
}
