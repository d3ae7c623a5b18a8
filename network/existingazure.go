package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	aznet "github.com/pulumi/pulumi-azure-native-sdk/network/v2"
)

const vnetKey = "network.azure.vnetId"

// noSuchResource says that Azure has no such thing, as against having failed.
func noSuchResource(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "ResourceNotFound") || strings.Contains(err.Error(), "ResourceGroupNotFound"))
}

func (e *existing) checkVNet() error {
	n := e.args.Network.Azure
	vnet, err := aznet.LookupVirtualNetwork(e.ctx, &aznet.LookupVirtualNetworkArgs{
		ResourceGroupName: n.VNetGroup(), VirtualNetworkName: n.VNetName(),
	}, by(e.args.Azure)...)
	switch {
	case noSuchResource(err):
		e.refuse(vnetKey, n.VNetID, fmt.Sprintf("resource group %s of subscription %s has no such VNet", n.VNetGroup(), n.SubscriptionID), "name one that exists, or leave it empty")
		return nil
	case err != nil:
		return err
	}
	e.vnetPlace(vnet)
	e.vnetDNS(vnet)
	e.vnetPeerings(vnet)
	return e.vnetSubnets(vnet)
}

// vnetPlace: gateway, nodes and resolver stand in the VNet's region, and the
// tunnels carry its range.
func (e *existing) vnetPlace(vnet *aznet.LookupVirtualNetworkResult) {
	n := e.args.Network.Azure
	if location := text(vnet.Location); !strings.EqualFold(strings.ReplaceAll(location, " ", ""), n.Location) {
		e.refuse("network.azure.location", n.Location, fmt.Sprintf("the VNet %s is in %s, and its gateway must be, too (AVG-15)", n.VNetName(), location),
			"write "+location+", or name another VNet")
	}
	var ranges []string
	if vnet.AddressSpace != nil {
		ranges = vnet.AddressSpace.AddressPrefixes
	}
	if !slices.Equal(ranges, prefixes(n.CIDR)) {
		e.refuse("network.azure.cidr", n.CIDR, fmt.Sprintf("the VNet %s has %s, and no rule and no route of the estate would know the difference",
			n.VNetName(), strings.Join(ranges, ", ")), "write the range of the VNet, which must have one only, or name another VNet")
	}
}

// vnetDNS: private zones and forwarding rulesets act through Azure's own servers.
func (e *existing) vnetDNS(vnet *aznet.LookupVirtualNetworkResult) {
	n := e.args.Network.Azure
	if vnet.DhcpOptions != nil && len(vnet.DhcpOptions.DnsServers) > 0 {
		e.refuse(vnetKey, n.VNetID, fmt.Sprintf("the VNet asks DNS servers of its own, %s, and so passes by private zones and the forwarding ruleset (ADR-21)",
			strings.Join(vnet.DhcpOptions.DnsServers, ", ")),
			fmt.Sprintf(`az network vnet update --ids %s --dns-servers ""`, n.VNetID))
	}
}

// vnetPeerings: a VNet that uses a peer's gateway has none of its own.
func (e *existing) vnetPeerings(vnet *aznet.LookupVirtualNetworkResult) {
	for _, p := range vnet.VirtualNetworkPeerings {
		if p.UseRemoteGateways != nil && *p.UseRemoteGateways {
			e.refuse(vnetKey, e.args.Network.Azure.VNetID, fmt.Sprintf("its peering %s uses the gateway of the other VNet, and then it can have none of its own", text(p.Name)),
				"switch useRemoteGateways of the peering off, or name another VNet")
		}
	}
}

// vnetSubnets: the VNet's other subnets keep their names and their ranges.
func (e *existing) vnetSubnets(vnet *aznet.LookupVirtualNetworkResult) error {
	n := e.args.Network.Azure
	planned := e.plannedInAzure()
	for _, subnet := range vnet.Subnets {
		name := text(subnet.Name)
		if e.holdsOurs(subnet) {
			continue
		}
		e.otherResolver(subnet)
		if i := slices.IndexFunc(planned, func(p plannedSubnet) bool { return strings.EqualFold(p.name, name) }); i >= 0 {
			e.nameTaken(planned[i])
			continue
		}
		for _, r := range subnetRanges(subnet) {
			cidr, err := netip.ParsePrefix(r)
			if err != nil {
				return fmt.Errorf("subnet %s: %w", name, err)
			}
			e.meets(planned, name+" of "+n.VNetName(), cidr)
		}
	}
	return nil
}

// otherResolver: a subnet that is delegated to DNS resolvers, and in use, is an
// endpoint's of a resolver that stands already.
func (e *existing) otherResolver(subnet aznet.SubnetResponse) {
	delegated := slices.ContainsFunc(subnet.Delegations, func(d aznet.DelegationResponse) bool {
		return strings.EqualFold(text(d.ServiceName), resolverService)
	})
	if delegated && len(subnet.IpConfigurations)+len(subnet.ServiceAssociationLinks) > 0 {
		e.refuse(vnetKey, e.args.Network.Azure.VNetID, fmt.Sprintf("its subnet %s holds an endpoint of a DNS private resolver, and a VNet has one resolver (ADR-08)", text(subnet.Name)),
			"name a VNet without one")
	}
}

func (e *existing) nameTaken(p plannedSubnet) {
	n := e.args.Network.Azure
	if p.name == azureSubnetNames(e.args.Estate).gateway {
		e.refuse(vnetKey, n.VNetID, "it has a GatewaySubnet that is not this estate's: a VNet has one (AVG-15), with one VPN gateway in it (AVG-22)",
			"name a VNet without one, or delete it if nothing is in it")
		return
	}
	e.refuse(vnetKey, n.VNetID, fmt.Sprintf("it has a subnet %s that is not this estate's", p.name), "give the estate another estate.suffix, or name another VNet")
}

func (e *existing) plannedInAzure() []plannedSubnet {
	const inUse = "subnets of a VNet share no address (ANW-03)"
	names, ranges := azureSubnetNames(e.args.Estate), e.args.Network.Azure.Subnets
	return []plannedSubnet{
		{"network.azure.subnets.nodes", names.nodes, ranges.Nodes, inUse},
		{"network.azure.subnets.gateway", names.gateway, ranges.Gateway, inUse},
		{"network.azure.subnets.resolverInbound", names.resolverInbound, ranges.ResolverInbound, inUse},
		{"network.azure.subnets.resolverOutbound", names.resolverOutbound, ranges.ResolverOutbound, inUse},
	}
}

// holdsOurs knows a subnet of this estate by its security group, its route table
// or what stands in it, any of which is in the estate's resource group. A run that
// ended before there was a gateway left a GatewaySubnet with nothing to know it
// by but its range.
func (e *existing) holdsOurs(subnet aznet.SubnetResponse) bool {
	var ids []string
	if subnet.NetworkSecurityGroup != nil {
		ids = append(ids, text(subnet.NetworkSecurityGroup.Id))
	}
	if subnet.RouteTable != nil {
		ids = append(ids, text(subnet.RouteTable.Id))
	}
	for _, c := range subnet.IpConfigurations {
		ids = append(ids, text(c.Id))
	}
	if slices.ContainsFunc(ids, e.inOurGroup) {
		return true
	}
	n := e.args.Network.Azure
	return len(ids) == 0 && text(subnet.Name) == azureSubnetNames(e.args.Estate).gateway &&
		slices.Equal(subnetRanges(subnet), prefixes(n.Subnets.Gateway))
}

// inOurGroup says whether the ARM id is of something in the estate's group. Azure
// tells ids apart without regard to case.
func (e *existing) inOurGroup(id string) bool {
	n := e.args.Network.Azure
	group := fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/", n.SubscriptionID, e.args.Estate.Name(n.ResourceGroup))
	return len(id) > len(group) && strings.EqualFold(id[:len(group)], group)
}

// subnetRanges: Azure writes one range or a list.
func subnetRanges(subnet aznet.SubnetResponse) []string {
	if one := text(subnet.AddressPrefix); one != "" {
		return []string{one}
	}
	return subnet.AddressPrefixes
}

// text is what an optional text says.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
