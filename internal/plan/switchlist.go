package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Durations of what replaces a gateway, as other tools and reports have them
// (AVG-24, and AWS's two to five minutes for a VPN connection).
const (
	gatewayMinutes    = "45 to 90 minutes"
	connectionMinutes = "5 to 15 minutes"
	clusterMinutes    = "10 to 20 minutes"
)

const (
	aksMeans   = "A cluster keeps this for life: the AKS cluster is replaced with everything in it, and bunny is away until it runs again."
	eksMeans   = "A cluster keeps this for life: the EKS cluster is replaced with everything in it."
	poolMeans  = "A pool keeps this for life (AKS-11): the cluster is replaced with its pool, and bunny is away until it runs again."
	groupMeans = "A node group of the new kind comes before the old one goes, and relay's pods move to it."
	zonesMeans = "The EKS control plane stays. " + groupMeans
	// Its addresses are taken until the old one is gone (NLB-03).
	balancerMeans = "The load balancer is replaced, and bunny finds relay when the new one answers."
	azureStays    = "everything of the Azure side would have to go before its successor could come; Azure moves none of it, and AWS lets no customer gateway go while connections use it (AWV-34)"
)

// switched is a mode, and what a change of it does.
type switched struct {
	key string
	of  func(*Plan) string
	effect
	by        func(before, after Modes) effect // in place of effect, where that depends
	unless    []string                         // modes that say it all when they change, too
	was       string                           // what it was in every version that did not say it, "" where that differed
	protected bool                             // the change replaces or deletes a gateway, a zone or a key
}

// switches are all modes. Changes that are not here, such as tags and sizes, are
// made in place, or say in the preview what they replace.
var switches = slices.Concat(estateSwitches, awsSwitches, azureSwitches, clusterSwitches, vpnSwitches, nameSwitches)

var estateSwitches = []switched{
	{
		key: "estate.suffix", of: func(p *Plan) string { return p.Estate.Suffix },
		effect: effect{Never: "it is part of every name: " + azureStays},
	},
}

// bothVPCs stand beside each other until the old cluster is empty (VPC-06).
const bothVPCs = "Until the old cluster is empty its VPC stands beside the new one, with a NAT gateway and an Elastic IP in each zone: for three zones the quota of five addresses has to be raised."

// MovesVPC reports whether everything of AWS comes anew in another VPC, beside the old.
func (m Modes) MovesVPC(before Modes) bool {
	return before[vpcKey] != m[vpcKey] || before[vpcIDMode] != m[vpcIDMode]
}

var awsSwitches = []switched{
	{
		key: "network.aws.accountId", of: func(p *Plan) string { return p.Network.AWS.AccountID },
		effect: effect{Never: "nothing moves from one AWS account to another"},
	},
	{
		key: "network.aws.region", of: func(p *Plan) string { return p.Network.AWS.Region },
		effect: effect{Never: "what is there would be looked for, and not found, in the new region"},
	},
	{
		key: vpcKey, of: func(p *Plan) string { return p.Network.AWS.CIDR.String() }, protected: true,
		effect: effect{Cut: clusterMinutes + " at least", Means: "Another range is another VPC and another EKS cluster with everything in it. " + bothVPCs},
	},
	{
		key: vpcIDMode, of: func(p *Plan) string { return p.Network.AWS.VPCID }, protected: true,
		effect: effect{Cut: clusterMinutes + " at least", Means: "Another VPC is another EKS cluster with everything in it. " + bothVPCs},
	},
	{
		key: egressMode, of: func(p *Plan) string { return string(p.Network.AWS.Egress) },
		effect: effect{Means: "The new way out comes before the old one goes. Connections from private subnets through a NAT gateway that goes are cut; they do not belong to the path. " +
			"If this program runs in a private subnet, its own way to Azure is one of them: run it from elsewhere. The AKS API may know it by that gateway's address (clusters.aks.authorizedRanges)."},
	},
	{
		key: zonesMode, of: zoneTexts(func(z Zone) string { return z.Name }), by: zonesEffect,
	},
	{
		key: privateMode, of: zoneTexts(func(z Zone) string { return z.Private.String() }), by: privateEffect, unless: []string{zonesMode},
	},
	{
		key: publicMode, of: publicTexts, by: publicEffect, unless: []string{zonesMode, egressMode},
	},
	{
		key: "network.aws.zones[].nlb", of: zoneTexts(func(z Zone) string { return z.NLB.String() }),
		effect: effect{Cut: connectionMinutes, Means: balancerMeans}, unless: []string{zonesMode, privateMode},
	},
	{
		key: logKeyMode, of: func(p *Plan) string { return p.Network.AWS.LogKeyARN }, by: logKeyEffect, protected: true,
	},
}

// zoneTexts is something of every zone, in order.
func zoneTexts(of func(Zone) string) func(*Plan) string {
	return func(p *Plan) string {
		var texts []string
		for _, zone := range p.Network.AWS.Zones {
			texts = append(texts, of(zone))
		}
		return joined(texts)
	}
}

const separator = ", "

func joined(items []string) string { return strings.Join(items, separator) }

// publicTexts are the ranges of the public subnets, if any are made.
func publicTexts(p *Plan) string {
	if !p.Network.AWS.HasNAT() {
		return ""
	}
	return zoneTexts(func(z Zone) string { return z.Public.String() })(p)
}

// list takes apart what joined put together.
func (m Modes) list(key string) []string {
	if m[key] == "" {
		return nil
	}
	return strings.Split(m[key], separator)
}

// controlPlaneMoves says whether what the zones have differs in the control
// plane's.
func controlPlaneMoves(before, after Modes, key string) bool {
	from, to := before.list(key), after.list(key)
	return !slices.Equal(from[:min(controlPlaneZones, len(from))], to[:min(controlPlaneZones, len(to))])
}

// zonesEffect: the first two zones are the control plane's. Taking another away
// takes an address from the load balancer, which is replaced then; its name is
// taken until the old one is gone (NLB-01, NLB-03).
func zonesEffect(before, after Modes) effect {
	if taken := takenRange(before, after); taken != "" {
		return effect{Never: taken}
	}
	if controlPlaneMoves(before, after, zonesMode) {
		return effect{Cut: clusterMinutes + " at least",
			Means: "The first two zones are those of the EKS control plane, which never changes zones (EKS-03): the cluster is replaced with everything in it."}
	}
	to := after.list(zonesMode)
	if slices.ContainsFunc(before.list(zonesMode), func(zone string) bool { return !slices.Contains(to, zone) }) {
		return effect{Cut: connectionMinutes, Means: zonesMeans}
	}
	return effect{Means: zonesMeans}
}

// privateEffect: another range is another subnet. EKS keeps those of its control
// plane for life, a node group all of its own; and a group of the same zones has
// the same name, which is taken while the old one stands (EKS-22).
func privateEffect(before, after Modes) effect {
	if taken := takenRange(before, after); taken != "" {
		return effect{Never: taken}
	}
	if controlPlaneMoves(before, after, privateMode) {
		return effect{Cut: clusterMinutes + " at least", Means: "The control plane keeps its subnets for life (EKS-03): the EKS cluster is replaced with everything in it."}
	}
	return effect{Never: "nodes, load balancer and resolver endpoints stand in that subnet; take the zone out in one run, and put it in again with another range in the next"}
}

func publicEffect(before, after Modes) effect {
	if taken := takenRange(before, after); taken != "" {
		return effect{Never: taken}
	}
	return effect{Means: "NAT gateways are replaced with their subnets: meanwhile private subnets have no way to the internet."}
}

// takenRange: a subnet that comes stands beside those that go, and shares no address
// with any; it says so, or nothing when all is well. In another VPC nothing is
// taken.
func takenRange(before, after Modes) string {
	if after.MovesVPC(before) {
		return ""
	}
	living := slices.Concat(before.list(privateMode), before.list(publicMode))
	for _, key := range []string{privateMode, publicMode} {
		was := before.subnets(key)
		for i, subnet := range after.subnets(key) {
			if i < len(was) && was[i] == subnet {
				continue
			}
			if j := slices.IndexFunc(living, func(r string) bool { return textsOverlap(r, subnet.cidr) }); j >= 0 {
				return fmt.Sprintf("a subnet that comes stands beside those that go, and shares no address with them (VPC-04): give %s a range that meets no present one, as %s does with %s",
					subnet.zone, subnet.cidr, living[j])
			}
		}
	}
	return ""
}

// placedSubnet is where a subnet is and what range it has; a change of either
// replaces it.
type placedSubnet struct{ zone, cidr string }

// subnets are those of one kind, in the order of the zones.
func (m Modes) subnets(key string) (subnets []placedSubnet) {
	zones := m.list(zonesMode)
	for i, cidr := range m.list(key) {
		if i < len(zones) {
			subnets = append(subnets, placedSubnet{zones[i], cidr})
		}
	}
	return subnets
}

func textsOverlap(a, b string) bool {
	first, err := netip.ParsePrefix(a)
	second, err2 := netip.ParsePrefix(b)
	return err == nil && err2 == nil && first.Overlaps(second)
}

// logKeyEffect: log groups take another key at any time, for what they get from
// then on.
func logKeyEffect(before, _ Modes) effect {
	means := "Logs that are there stay encrypted with the old key: keep it, and let CloudWatch Logs use it, for as long as they are kept."
	if before[logKeyMode] == "" {
		means = "The key that Burrow made is deleted after 30 days, and with it go all logs from before this run: call it back in time (aws kms cancel-key-deletion), or copy them."
	}
	return effect{Means: means}
}

var azureSwitches = []switched{
	{
		key: "network.azure.subscriptionId", of: func(p *Plan) string { return strings.ToLower(p.Network.Azure.SubscriptionID) },
		effect: effect{Never: azureStays},
	},
	{
		key: "network.azure.location", of: func(p *Plan) string { return p.Network.Azure.Location },
		effect: effect{Never: azureStays},
	},
	{
		key: "network.azure.resourceGroup", of: func(p *Plan) string { return p.Network.Azure.ResourceGroup },
		effect: effect{Never: azureStays},
	},
	{
		key: "network.azure.vnetId", of: func(p *Plan) string { return p.Network.Azure.VNetID },
		effect: effect{Never: "a VPN gateway keeps its VNet for life (AVG-15): " + azureStays},
	},
	{
		key: vnetKey, of: func(p *Plan) string { return p.Network.Azure.CIDR.String() }, by: vnetRangeEffect,
	},
	subnetSwitch("nodes", func(s AzureSubnets) netip.Prefix { return s.Nodes }),
	subnetSwitch("gateway", func(s AzureSubnets) netip.Prefix { return s.Gateway }),
	subnetSwitch("resolverInbound", func(s AzureSubnets) netip.Prefix { return s.ResolverInbound }),
	subnetSwitch("resolverOutbound", func(s AzureSubnets) netip.Prefix { return s.ResolverOutbound }),
}

// subnetSwitch: Azure takes no range from a subnet in which something stands.
func subnetSwitch(role string, of func(AzureSubnets) netip.Prefix) switched {
	return switched{
		key: "network.azure.subnets." + role, of: func(p *Plan) string { return of(p.Network.Azure.Subnets).String() },
		effect: effect{Never: "Azure changes no range of a subnet that is in use (ANW-09)"},
	}
}

// vnetRangeEffect: a VNet can grow around its subnets, and cannot leave them.
func vnetRangeEffect(before, after Modes) effect {
	from, err := netip.ParsePrefix(before[vnetKey])
	to, err2 := netip.ParsePrefix(after[vnetKey])
	if err != nil || err2 != nil || !contains(to, from) {
		return effect{Never: "a VNet keeps its subnets, whose ranges Azure does not change while they are in use (ANW-04, ANW-09); it can only grow around them"}
	}
	return effect{Means: "The VNet grows around its subnets, and the rules and routes of both clouds that name its range follow."}
}

const accessMode = "k8s.access"

// accessEffect: what is inside the clusters stays, and so does the path. People's
// kubeconfigs name another server.
func accessEffect(_, after Modes) effect {
	const anew = "People write their kubeconfigs anew: burrow kubeconfig eks."
	if after[accessMode] == string(AccessDirect) {
		return effect{Means: "The private API is reached directly: run this program from a range of clusters.eks.apiClients. " + anew}
	}
	return effect{Means: "The private API is reached by Session Manager, through a node. " + anew}
}

var clusterSwitches = []switched{
	{
		key: "clusters.aks.name", of: func(p *Plan) string { return p.Clusters.AKS.Name },
		effect: effect{Cut: clusterMinutes, Means: aksMeans},
	},
	{
		key: "clusters.aks.podCidr", of: func(p *Plan) string { return p.Clusters.AKS.PodCIDR.String() },
		effect: effect{Cut: clusterMinutes, Means: aksMeans},
	},
	{
		key: "clusters.aks.serviceCidr", of: func(p *Plan) string { return p.Clusters.AKS.ServiceCIDR.String() },
		effect: effect{Cut: clusterMinutes, Means: aksMeans},
	},
	{
		key: accessMode, of: func(p *Plan) string { return string(p.K8s.Access) }, by: accessEffect, was: string(AccessDirect),
	},
	{
		key: "clusters.eks.name", of: func(p *Plan) string { return p.Clusters.EKS.Name },
		effect: effect{Cut: clusterMinutes + " at least", Means: eksMeans},
	},
	{
		key: "clusters.eks.serviceCidr", of: func(p *Plan) string { return p.Clusters.EKS.ServiceCIDR.String() },
		effect: effect{Cut: clusterMinutes + " at least", Means: eksMeans},
	},
	{
		key: "clusters.aks.dnsServiceIp", of: func(p *Plan) string { return p.Clusters.AKS.DNSServiceIP.String() },
		effect: effect{Cut: clusterMinutes, Means: aksMeans}, unless: []string{"clusters.aks.serviceCidr"},
	},
	{
		key: "clusters.aks.networkPolicy", of: func(p *Plan) string { return string(p.Clusters.AKS.NetworkPolicy) },
		effect: effect{Cut: clusterMinutes, Means: "The engine belongs to the data plane that the cluster was made with: the cluster is replaced, and bunny is away until it runs again."},
	},
	{
		key: "clusters.aks.pool.diskGB", of: func(p *Plan) string { return strconv.Itoa(p.Clusters.AKS.Pool.DiskGB) },
		effect: effect{Cut: clusterMinutes, Means: poolMeans},
	},
	{
		key: "clusters.aks.pool.name", of: func(p *Plan) string { return p.Clusters.AKS.Pool.Name },
		effect: effect{Cut: clusterMinutes, Means: poolMeans},
	},
	{
		key: "clusters.aks.pool.vmSize", of: func(p *Plan) string { return p.Clusters.AKS.Pool.VMSize },
		effect: effect{Cut: clusterMinutes, Means: poolMeans},
	},
	{
		key: "clusters.aks.pool.zones", of: func(p *Plan) string { return joined(p.Clusters.AKS.Pool.Zones) },
		effect: effect{Cut: clusterMinutes, Means: poolMeans},
	},
	{
		key: "clusters.eks.nodes.instanceType", of: func(p *Plan) string { return p.Clusters.EKS.Nodes.InstanceType },
		effect: effect{Means: groupMeans + " From x86-64 to ARM, or back, they need images for the other processor before."},
	},
}

var vpnSwitches = []switched{
	{
		key: "vpn.awsAsn", of: func(p *Plan) string { return asnText(p.VPN.AWSASN) }, protected: true,
		effect: effect{Cut: connectionMinutes, Means: "The AWS gateway keeps its ASN for life (AWV-04), a transit gateway as long as it has connections: it is replaced."},
	},
	{
		key: "vpn.azureAsn", of: func(p *Plan) string { return asnText(p.VPN.AzureASN) },
		effect: effect{Cut: connectionMinutes, Means: "Both customer gateways are replaced, and all BGP sessions begin anew."},
	},
	{
		key: "vpn.awsGateway", of: func(p *Plan) string { return string(p.VPN.AWSGateway) }, protected: true,
		effect: effect{
			Risk: "allow for " + connectionMinutes + " without it, or with asymmetric routes",
			Means: "One VPN connection moves, then routes, then the other, so that one connection stands at any moment. AWS replaces both endpoints of a connection that moves (AWV-28) " +
				"and says it is done before its tunnels are up again.",
		},
	},
	{
		key: "vpn.generation", of: func(p *Plan) string { return p.VPN.Generation }, protected: true,
		effect: effect{Cut: gatewayMinutes, Means: "A gateway keeps its generation for life (AVG-05): it is replaced with its four connections."},
	},
	{
		key: "vpn.routing", of: func(p *Plan) string { return string(p.VPN.Routing) },
		effect: effect{Cut: connectionMinutes, Means: "AWS replaces both VPN connections, and with them the outside addresses."},
	},
	{
		key: "vpn.sku", of: func(p *Plan) string { return p.VPN.SKU }, unless: []string{"vpn.generation"},
		effect: effect{Means: "Azure resizes one gateway instance after the other: each tunnel is away for some minutes, two at a time."},
	},
	{
		key: "vpn.suite", of: func(p *Plan) string { return p.VPN.Suite },
		effect: effect{Cut: connectionMinutes, Means: "All four tunnels get other algorithms in one run, AWS's ends before Azure's."},
	},
	insideSwitch(0), insideSwitch(1),
}

func asnText(asn uint32) string { return strconv.FormatUint(uint64(asn), 10) }

// insideSwitch is about the inside ranges of the tunnels to one Azure instance,
// which are one VPN connection.
func insideSwitch(instance int) switched {
	return switched{
		key: fmt.Sprintf("vpn.tunnels[].inside of instance %d", instance),
		of: func(p *Plan) string {
			var insides []string
			for _, t := range p.VPN.InstanceTunnels(instance) {
				insides = append(insides, t.Inside.String())
			}
			return joined(insides)
		},
		effect: effect{
			Risk:  "with both instances' insides changed in one run allow for " + connectionMinutes + " without it",
			Means: "A VPN connection keeps its insides for life (AWV-37): it is replaced with both tunnels and their outside addresses.",
		},
	}
}

var nameSwitches = []switched{
	{
		key: "k8s.relay.nlb", of: func(p *Plan) string { return p.K8s.Relay.NLB },
		effect: effect{Cut: connectionMinutes, Means: balancerMeans},
	},
	{
		key: "dns.awsZone", of: func(p *Plan) string { return p.DNS.AWSZone }, protected: true,
		effect: effect{Means: zoneMeans + " Bunny has to call relay by its new name."},
	},
	{
		key: "dns.azureZone", of: func(p *Plan) string { return p.DNS.AzureZone }, protected: true,
		effect: effect{Means: zoneMeans},
	},
}

const zoneMeans = "A zone of the new name takes the place of the old one, whose names nobody can look up any more."
