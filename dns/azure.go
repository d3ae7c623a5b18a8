package dns

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// everywhere is the location of Azure's private zones and their links: they
// belong to no region (ADR-01, ADR-04).
const everywhere = "global"

// recordTTLSeconds is how long an answer about bunny may be kept.
const recordTTLSeconds = 300

// azureZone makes the zone that the VNet sees, and bunny's name in it.
func (b *builder) azureZone() error {
	d := b.args.DNS
	zone, err := network.NewPrivateZone(b.ctx, b.name+"-azure-zone", &network.PrivateZoneArgs{
		PrivateZoneName:   pulumi.String(d.AzureZone),
		ResourceGroupName: b.args.Azure.GroupName,
		Location:          pulumi.String(everywhere),
		Tags:              b.tags(d.AzureZone),
	}, b.parent, pulumi.Protect(b.args.Estate.Protect))
	if err != nil {
		return err
	}
	link := b.args.Estate.Name("burrow-vnet")
	_, err = network.NewVirtualNetworkLink(b.ctx, b.name+"-azure-zone-link", &network.VirtualNetworkLinkArgs{
		VirtualNetworkLinkName: pulumi.String(link),
		PrivateZoneName:        zone.Name,
		ResourceGroupName:      b.args.Azure.GroupName,
		Location:               pulumi.String(everywhere),
		RegistrationEnabled:    pulumi.Bool(false),
		VirtualNetwork:         network.SubResourceArgs{Id: b.args.Azure.VNetID},
		Tags:                   b.tags(link),
	}, b.parent, pulumi.DependsOn(b.args.Azure.Ready))
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	if err := b.bunnyRecord(zone); err != nil {
		return fmt.Errorf("bunny record: %w", err)
	}
	return nil
}

// bunnyRecord says what there is to say about bunny. It only ever calls others,
// so its name is text, and an address only if the plan has a private frontend
// for it. The two are different resources: Azure keeps records of different
// types apart, and one takes the other's place without a gap.
func (b *builder) bunnyRecord(zone *network.PrivateZone) error {
	d := b.args.DNS
	args := &network.PrivateRecordSetArgs{
		RelativeRecordSetName: pulumi.String(d.BunnyRecord),
		PrivateZoneName:       zone.Name,
		ResourceGroupName:     b.args.Azure.GroupName,
		Ttl:                   pulumi.Float64(recordTTLSeconds),
		Metadata:              b.tags(d.BunnyRecord),
	}
	kind := "txt"
	if d.BunnyFrontend.IsValid() {
		kind = "a"
		args.RecordType = pulumi.String("A")
		args.ARecords = network.ARecordArray{network.ARecordArgs{Ipv4Address: text(d.BunnyFrontend)}}
	} else {
		args.RecordType = pulumi.String("TXT")
		args.TxtRecords = network.TxtRecordArray{network.TxtRecordArgs{
			Value: pulumi.ToStringArray([]string{"bunny offers no inbound service"}),
		}}
	}
	_, err := network.NewPrivateRecordSet(b.ctx, b.name+"-bunny-"+kind, args, b.parent)
	return err
}

// azureResolver is the private resolver with its two ends.
type azureResolver struct {
	resolver *network.DnsResolver
	inbound  *network.InboundEndpoint
	outbound *network.OutboundEndpoint
}

// privateResolver makes Azure's resolver. Its inbound address is fixed: AWS
// forwards to it and lets nothing else out.
func (b *builder) privateResolver() (azureResolver, error) {
	name := b.args.Estate.Name("burrow-dns-resolver")
	resolver, err := network.NewDnsResolver(b.ctx, b.name+"-azure-resolver", &network.DnsResolverArgs{
		DnsResolverName:   pulumi.String(name),
		ResourceGroupName: b.args.Azure.GroupName,
		Location:          b.location(),
		VirtualNetwork:    network.SubResourceArgs{Id: b.args.Azure.VNetID},
		Tags:              b.tags(name),
	}, b.parent, pulumi.DependsOn(b.args.Azure.Ready))
	if err != nil {
		return azureResolver{}, err
	}
	inbound, err := b.azureInbound(resolver)
	if err != nil {
		return azureResolver{}, fmt.Errorf("inbound endpoint: %w", err)
	}
	outboundName := b.args.Estate.Name("burrow-dns-outbound")
	outbound, err := network.NewOutboundEndpoint(b.ctx, b.name+"-azure-outbound", &network.OutboundEndpointArgs{
		OutboundEndpointName: pulumi.String(outboundName),
		DnsResolverName:      resolver.Name,
		ResourceGroupName:    b.args.Azure.GroupName,
		Location:             b.location(),
		Subnet:               network.SubResourceArgs{Id: b.args.Azure.OutboundSubnetID},
		Tags:                 b.tags(outboundName),
	}, b.parent)
	if err != nil {
		return azureResolver{}, fmt.Errorf("outbound endpoint: %w", err)
	}
	return azureResolver{resolver: resolver, inbound: inbound, outbound: outbound}, nil
}

func (b *builder) azureInbound(resolver *network.DnsResolver) (*network.InboundEndpoint, error) {
	name := b.args.Estate.Name("burrow-dns-inbound")
	return network.NewInboundEndpoint(b.ctx, b.name+"-azure-inbound", &network.InboundEndpointArgs{
		InboundEndpointName: pulumi.String(name),
		DnsResolverName:     resolver.Name,
		ResourceGroupName:   b.args.Azure.GroupName,
		Location:            b.location(),
		IpConfigurations: network.InboundEndpointIPConfigurationArray{network.InboundEndpointIPConfigurationArgs{
			PrivateIpAddress:          text(b.args.DNS.AzureInbound),
			PrivateIpAllocationMethod: pulumi.String(network.IpAllocationMethodStatic),
			Subnet:                    network.SubResourceArgs{Id: b.args.Azure.InboundSubnetID},
		}},
		Tags: b.tags(name),
	}, b.parent)
}

// forwardToAWS sends the VNet's questions for the AWS zone to the Route 53
// Resolver.
func (b *builder) forwardToAWS(outbound *network.OutboundEndpoint, target *route53.ResolverEndpoint) error {
	name := b.args.Estate.Name("burrow-dns-ruleset")
	ruleset, err := network.NewDnsForwardingRuleset(b.ctx, b.name+"-to-aws-ruleset", &network.DnsForwardingRulesetArgs{
		DnsForwardingRulesetName:     pulumi.String(name),
		ResourceGroupName:            b.args.Azure.GroupName,
		Location:                     b.location(),
		DnsResolverOutboundEndpoints: network.SubResourceArray{network.SubResourceArgs{Id: outbound.ID()}},
		Tags:                         b.tags(name),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("ruleset: %w", err)
	}
	rule := b.args.Estate.Name("burrow-to-aws")
	_, err = network.NewForwardingRule(b.ctx, b.name+"-to-aws", &network.ForwardingRuleArgs{
		ForwardingRuleName:       pulumi.String(rule),
		DnsForwardingRulesetName: ruleset.Name,
		ResourceGroupName:        b.args.Azure.GroupName,
		ForwardingRuleState:      pulumi.String(network.ForwardingRuleStateEnumEnabled),
		DomainName:               pulumi.String(b.args.DNS.AWSZone + "."), // refused without the dot (ADR-16)
		TargetDnsServers:         targets(target),
		Metadata:                 b.tags(rule),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	link := b.args.Estate.Name("burrow-vnet")
	_, err = network.NewPrivateResolverVirtualNetworkLink(b.ctx, b.name+"-to-aws-link", &network.PrivateResolverVirtualNetworkLinkArgs{
		VirtualNetworkLinkName:   pulumi.String(link),
		DnsForwardingRulesetName: ruleset.Name,
		ResourceGroupName:        b.args.Azure.GroupName,
		VirtualNetwork:           network.SubResourceArgs{Id: b.args.Azure.VNetID},
		Metadata:                 b.tags(link),
	}, b.parent, pulumi.DependsOn(b.args.Azure.Ready))
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return nil
}
