package network

import (
	"fmt"

	aznet "github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// AzureArgs is what the VNet is made from. AWS's addresses are in Network, the
// pods' range in AKS and the port in Relay: the security groups name them all.
type AzureArgs struct {
	Estate  plan.Estate
	Network plan.Network
	AKS     plan.AKS
	Relay   plan.Relay
}

// Azure is the resource group with the VNet.
type Azure struct {
	pulumi.ResourceState

	GroupName                pulumi.StringOutput
	GroupID                  pulumi.IDOutput
	VNetID                   pulumi.IDOutput
	NodeSubnetID             pulumi.IDOutput
	GatewaySubnetID          pulumi.IDOutput
	ResolverInboundSubnetID  pulumi.IDOutput
	ResolverOutboundSubnetID pulumi.IDOutput
	RouteTableID             pulumi.IDOutput // of the nodes' subnet
	WorkspaceID              pulumi.IDOutput // Log Analytics
	// Ready is the VNet with the last of its subnets. While one is written, all
	// of the VNet is busy, and what then refers to it is refused (ANW-06).
	Ready []pulumi.Resource
}

// resolverService is what the resolver's subnets are delegated to (ADR-09).
const resolverService = "Microsoft.Network/dnsResolvers"

// NewAzure makes the resource group, the VNet with its subnets, and the flow log.
func NewAzure(ctx *pulumi.Context, name string, args AzureArgs, opts ...pulumi.ResourceOption) (*Azure, error) {
	out := &Azure{}
	if err := ctx.RegisterComponentResource("burrow:network:Azure", name, out, opts...); err != nil {
		return nil, fmt.Errorf("azure network %s: %w", name, err)
	}
	b := &azureBuilder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(out), out: out}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("azure network %s: %w", name, err)
	}
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{
		"groupName":                out.GroupName,
		"groupId":                  out.GroupID,
		"vnetId":                   out.VNetID,
		"nodeSubnetId":             out.NodeSubnetID,
		"gatewaySubnetId":          out.GatewaySubnetID,
		"resolverInboundSubnetId":  out.ResolverInboundSubnetID,
		"resolverOutboundSubnetId": out.ResolverOutboundSubnetID,
		"routeTableId":             out.RouteTableID,
		"workspaceId":              out.WorkspaceID,
	})
}

// azureBuilder makes the children of one Azure network. Subnets, rules and
// routes are always resources of their own: a parent written with inline ones
// deletes those it does not list (PRV-02).
type azureBuilder struct {
	ctx    *pulumi.Context
	name   string
	args   AzureArgs
	parent pulumi.ResourceOption
	out    *Azure
}

func (b *azureBuilder) build() error {
	if err := b.group(); err != nil {
		return fmt.Errorf("resource group: %w", err)
	}
	vnet, err := b.vnet()
	if err != nil {
		return fmt.Errorf("vnet: %w", err)
	}
	if err := b.subnets(vnet); err != nil {
		return fmt.Errorf("subnets: %w", err)
	}
	if err := b.flowLog(); err != nil {
		return fmt.Errorf("flow log: %w", err)
	}
	return nil
}

func (b *azureBuilder) group() error {
	name := b.args.Estate.Name(b.args.Network.Azure.ResourceGroup)
	group, err := resources.NewResourceGroup(b.ctx, b.name+"-group", &resources.ResourceGroupArgs{
		ResourceGroupName: pulumi.String(name),
		Location:          b.location(),
		Tags:              b.tags(name),
	}, b.parent)
	if err != nil {
		return err
	}
	b.out.GroupName, b.out.GroupID = group.Name, group.ID()
	return nil
}

// vnetPlace is where subnets are made: the VNet and its group.
type vnetPlace struct{ group, name pulumi.StringInput }

// vnet makes the VNet, or takes the one that exists, which stays as its owner left
// it: the subnets are made in there, in its group, and everything else in Burrow's
// own. [CheckExisting] has seen that it will do.
//
// A new one keeps Azure's own DNS servers: only through them do private zones and
// forwarding rulesets act (ADR-21).
func (b *azureBuilder) vnet() (vnetPlace, error) {
	if azure := b.args.Network.Azure; !azure.MakesVNet() {
		b.out.VNetID = pulumi.ID(azure.VNetID).ToIDOutput()
		return vnetPlace{group: pulumi.String(azure.VNetGroup()), name: pulumi.String(azure.VNetName())}, nil
	}
	name := b.args.Estate.Name("aks-vnet")
	vnet, err := aznet.NewVirtualNetwork(b.ctx, b.name+"-vnet", &aznet.VirtualNetworkArgs{
		VirtualNetworkName: pulumi.String(name),
		ResourceGroupName:  b.out.GroupName,
		Location:           b.location(),
		AddressSpace: aznet.AddressSpaceArgs{
			AddressPrefixes: pulumi.ToStringArray(prefixes(b.args.Network.Azure.CIDR)),
		},
		Tags: b.tags(name),
	}, b.parent)
	if err != nil {
		return vnetPlace{}, err
	}
	b.out.VNetID = vnet.ID()
	return vnetPlace{group: b.out.GroupName, name: vnet.Name}, nil
}

// subnets makes the four subnets, one after another: a VNet takes one write at
// a time (PRV-03). Each has its group and table from the first moment, because
// writing a subnet anew without them would take them away (ANW-08).
func (b *azureBuilder) subnets(vnet vnetPlace) error {
	names, ranges := azureSubnetNames(b.args.Estate), b.args.Network.Azure.Subnets
	routes, err := b.routes()
	if err != nil {
		return fmt.Errorf("route table: %w", err)
	}
	for _, s := range []subnetSpec{
		{
			child: "nodes", name: names.nodes, id: &b.out.NodeSubnetID,
			args: aznet.SubnetArgs{
				AddressPrefix: pulumi.String(ranges.Nodes.String()),
				RouteTable:    aznet.RouteTableTypeArgs{Id: routes.table.ID()},
			},
			rules: nodeRules(b.args.Network, b.args.AKS, b.args.Relay), wait: routes.routes,
		},
		{
			// The gateway bears no security group in its subnet (AVG-17).
			child: "gateway", name: names.gateway, id: &b.out.GatewaySubnetID,
			args: aznet.SubnetArgs{AddressPrefix: pulumi.String(ranges.Gateway.String())},
		},
		{
			child: "dns-inbound", name: names.resolverInbound, id: &b.out.ResolverInboundSubnetID,
			args:  aznet.SubnetArgs{AddressPrefix: pulumi.String(ranges.ResolverInbound.String()), Delegations: toResolver()},
			rules: resolverInboundRules(b.args.Network),
		},
		{
			child: "dns-outbound", name: names.resolverOutbound, id: &b.out.ResolverOutboundSubnetID,
			args:  aznet.SubnetArgs{AddressPrefix: pulumi.String(ranges.ResolverOutbound.String()), Delegations: toResolver()},
			rules: resolverOutboundRules(b.args.Network),
		},
	} {
		if err := b.subnet(vnet, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// azureNames are the names of the subnets.
type azureNames struct{ nodes, gateway, resolverInbound, resolverOutbound string }

func azureSubnetNames(estate plan.Estate) azureNames {
	return azureNames{
		nodes:            estate.Name("aks-subnet"),
		gateway:          "GatewaySubnet", // by which the gateway finds it (AVG-15)
		resolverInbound:  estate.Name("dns-inbound-subnet"),
		resolverOutbound: estate.Name("dns-outbound-subnet"),
	}
}

// subnetSpec is one subnet and what guards it.
type subnetSpec struct {
	child string // suffix of the Pulumi name
	name  string
	args  aznet.SubnetArgs
	rules []nsgRule // none: no security group
	wait  []pulumi.Resource
	id    *pulumi.IDOutput // where the id goes
}

func (b *azureBuilder) subnet(vnet vnetPlace, s subnetSpec) error {
	args, wait := s.args, append(s.wait, b.out.Ready...)
	if len(s.rules) > 0 {
		group, last, err := b.securityGroup(s.child, s.name, s.rules)
		if err != nil {
			return fmt.Errorf("security group: %w", err)
		}
		args.NetworkSecurityGroup = aznet.NetworkSecurityGroupTypeArgs{Id: group.ID()}
		// Under Azure's default rules not even for a moment.
		wait = append(wait, last...)
	}
	args.SubnetName = pulumi.String(s.name)
	args.VirtualNetworkName = vnet.name
	args.ResourceGroupName = vnet.group
	subnet, err := aznet.NewSubnet(b.ctx, fmt.Sprintf("%s-%s-subnet", b.name, s.child), &args, b.parent, pulumi.DependsOn(wait))
	if err != nil {
		return err
	}
	*s.id = subnet.ID()
	b.out.Ready = []pulumi.Resource{subnet}
	return nil
}

func toResolver() aznet.DelegationArray {
	return aznet.DelegationArray{aznet.DelegationArgs{
		Name:        pulumi.String("dns-resolver"),
		ServiceName: pulumi.String(resolverService),
	}}
}

// routing is a route table with its routes.
type routing struct {
	table  *aznet.RouteTable
	routes []pulumi.Resource
}

// routes makes the nodes' route table. What BGP learns may still enter it; the
// fixed route holds where BGP is silent, so that packets for AWS never leave by
// the internet (AKS-36).
func (b *azureBuilder) routes() (routing, error) {
	name := b.args.Estate.Name("aks-subnet-routes")
	table, err := aznet.NewRouteTable(b.ctx, b.name+"-nodes-routes", &aznet.RouteTableArgs{
		RouteTableName:             pulumi.String(name),
		ResourceGroupName:          b.out.GroupName,
		Location:                   b.location(),
		DisableBgpRoutePropagation: pulumi.Bool(false),
		Tags:                       b.tags(name),
	}, b.parent)
	if err != nil {
		return routing{}, err
	}
	b.out.RouteTableID = table.ID()
	route, err := aznet.NewRoute(b.ctx, b.name+"-nodes-route-aws", &aznet.RouteArgs{
		RouteName:         pulumi.String("to-aws"),
		RouteTableName:    table.Name,
		ResourceGroupName: b.out.GroupName,
		AddressPrefix:     pulumi.String(b.args.Network.AWS.CIDR.String()),
		NextHopType:       pulumi.String(aznet.RouteNextHopTypeVirtualNetworkGateway),
	}, b.parent)
	if err != nil {
		return routing{}, fmt.Errorf("route to AWS: %w", err)
	}
	return routing{table: table, routes: []pulumi.Resource{route}}, nil
}

// securityGroup makes the group and its rules, one after another, because a group
// takes one write at a time, too. It returns the last rule, which waited for
// the others.
func (b *azureBuilder) securityGroup(
	child, subnet string, rules []nsgRule,
) (group *aznet.NetworkSecurityGroup, last []pulumi.Resource, err error) {
	name := subnet + "-nsg"
	group, err = aznet.NewNetworkSecurityGroup(b.ctx, fmt.Sprintf("%s-%s-nsg", b.name, child), &aznet.NetworkSecurityGroupArgs{
		NetworkSecurityGroupName: pulumi.String(name),
		ResourceGroupName:        b.out.GroupName,
		Location:                 b.location(),
		Tags:                     b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range rules {
		args := r.args()
		args.NetworkSecurityGroupName = group.Name
		args.ResourceGroupName = b.out.GroupName
		rule, err := aznet.NewSecurityRule(b.ctx, fmt.Sprintf("%s-%s-nsg-%s", b.name, child, r.Name), args,
			b.parent, pulumi.DependsOn(last))
		if err != nil {
			return nil, nil, fmt.Errorf("rule %s: %w", r.Name, err)
		}
		last = []pulumi.Resource{rule}
	}
	return group, last, nil
}

// args are the rule's own; where it belongs is left to the caller. Azure has a
// field for a single prefix or tag and another for a list of prefixes (ANW-12).
func (r nsgRule) args() *aznet.SecurityRuleArgs {
	args := &aznet.SecurityRuleArgs{
		SecurityRuleName:     pulumi.String(r.Name),
		Priority:             pulumi.Int(r.Priority),
		Direction:            pulumi.String(r.Direction),
		Access:               pulumi.String(r.Access),
		Protocol:             pulumi.String(r.Protocol),
		SourcePortRange:      pulumi.String("*"),
		DestinationPortRange: pulumi.String(r.portRange()),
		Description:          pulumi.String(r.Description),
	}
	args.SourceAddressPrefix, args.SourceAddressPrefixes = side(r.Sources)
	args.DestinationAddressPrefix, args.DestinationAddressPrefixes = side(r.Destinations)
	return args
}

func side(words []string) (pulumi.StringPtrInput, pulumi.StringArrayInput) {
	if len(words) == 1 {
		return pulumi.String(words[0]), nil
	}
	return nil, pulumi.ToStringArray(words)
}

func (b *azureBuilder) location() pulumi.String {
	return pulumi.String(b.args.Network.Azure.Location)
}

// tags are the tags of the thing with that physical name.
func (b *azureBuilder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}
