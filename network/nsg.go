package network

import (
	"net/netip"
	"strconv"

	aznet "github.com/pulumi/pulumi-azure-native-sdk/network/v2"

	"burrow/internal/plan"
)

// Service tags: words that stand for addresses. A side of a rule names one tag
// or any number of prefixes. "VirtualNetwork" is absent on purpose: it covers
// whatever the VPN gateway learns, which is all of AWS (ANW-15).
const (
	anyone       = "*"
	balancers    = "AzureLoadBalancer"
	publicWorld  = "Internet"         // public addresses, Azure's own included
	azureDNS     = "168.63.129.16/32" // the resolver that every VNet has
	anyPort      = -1
	lastPriority = 4096 // the default rules begin at 65000
)

// nsgRule is one rule of a network security group. Groups keep state, so replies
// need no rule.
type nsgRule struct {
	// Name is unique within the group and never changes.
	Name string
	// Priority is 100 to 4096 and unique in its direction (ANW-11). It is fixed
	// for each name: an update that swapped two would fail half-way (ANW-13).
	Priority     int
	Direction    aznet.SecurityRuleDirection
	Access       aznet.SecurityRuleAccess
	Protocol     aznet.SecurityRuleProtocol
	Sources      []string // one tag, or prefixes
	Destinations []string // one tag, or prefixes
	Port         int      // destination port, or anyPort
	Description  string   // says why, in at most 140 characters (ANW-12)
}

// nodeRules are the rules of the nodes' subnet. Pods show addresses of their own
// to each other and to nodes (AKS-43), and the node's to everybody else (AKS-42).
// The time comes from the nodes' hosts.
func nodeRules(n plan.Network, aks plan.AKS, relay plan.Relay) []nsgRule {
	nodes := prefixes(n.Azure.Subnets.Nodes)
	cluster := prefixes(n.Azure.Subnets.Nodes, aks.PodCIDR)
	relays := addresses(n.AWS.Zones, func(z plan.Zone) netip.Addr { return z.NLB })

	rules := []nsgRule{
		inbound(100, "cluster", cluster, cluster, anyPort,
			"nodes and pods among themselves; network policies tell pods apart"),
		probes("load balancers that services of the cluster ask for"),

		outbound(100, "cluster", cluster, cluster, anyPort,
			"nodes and pods among themselves; network policies tell pods apart"),
		outbound(200, "relay", nodes, relays, relay.Port,
			"bunny to the fixed addresses of relay's load balancer"),
		// What AKS needs (its API server, Entra, images, packages) Microsoft lists by
		// name: the addresses change, and no set of tags covers them all. A node that
		// misses one of them may never join. The tag leaves out the VNet and whatever
		// the VPN gateway learns, so that AWS stays shut (ANW-15). Pods leave with
		// the node's address; it is their network policies that hold them back.
		outbound(300, "https", nodes, one(publicWorld), httpsPort,
			"what AKS needs has names and no fixed addresses; network policies hold pods back"),
	}
	rules = append(rules, bothProtocols(outbound(400, "dns", nodes, one(azureDNS), dnsPort,
		"the VNet's own resolver, which follows the forwarding ruleset"))...)
	return append(rules, denyRest()...)
}

// resolverInboundRules let AWS's outbound resolver addresses ask the resolver. The
// endpoint's address stands for others of the subnet, which a platform load
// balancer probes: the rule names the whole subnet, and the probes may come in.
func resolverInboundRules(n plan.Network) []nsgRule {
	askers := addresses(n.AWS.Zones, func(z plan.Zone) netip.Addr { return z.ResolverOutbound })
	rules := bothProtocols(inbound(200, "aws-dns", askers, prefixes(n.Azure.Subnets.ResolverInbound), dnsPort,
		"AWS forwards questions about Azure's names from these addresses only"))
	return append(append(rules, probes("the resolver's own")), denyRest()...)
}

// resolverOutboundRules let the resolver ask AWS's inbound resolver addresses,
// from any address of its subnet: it has no fixed one (ADR-14).
func resolverOutboundRules(n plan.Network) []nsgRule {
	answerers := addresses(n.AWS.Zones, func(z plan.Zone) netip.Addr { return z.ResolverInbound })
	rules := bothProtocols(outbound(200, "to-aws-dns", prefixes(n.Azure.Subnets.ResolverOutbound), answerers, dnsPort,
		"the ruleset forwards questions about AWS's names to these addresses"))
	return append(append(rules, probes("the resolver's own")), denyRest()...)
}

// probes admits what the default rules would admit, were they not closed: the
// platform's health probes, which come from its own address.
func probes(of string) nsgRule {
	return inbound(110, "load-balancer-probes", one(balancers), one(anyone), anyPort, "health probes of load balancers: "+of)
}

// denyRest closes what the default rules would open: the whole VNet and AWS
// behind it in both directions, and the internet outwards.
func denyRest() []nsgRule {
	in := inbound(lastPriority, "deny-rest", one(anyone), one(anyone), anyPort,
		"the default rules let in all of AWS: the tag VirtualNetwork covers what the VPN gateway learns")
	out := outbound(lastPriority, "deny-rest", one(anyone), one(anyone), anyPort,
		"the default rules let out to all of AWS and the internet")
	in.Access, out.Access = aznet.SecurityRuleAccessDeny, aznet.SecurityRuleAccessDeny
	return []nsgRule{in, out}
}

// inbound allows TCP to the destinations' port, and every protocol to any port.
func inbound(priority int, name string, sources, destinations []string, port int, why string) nsgRule {
	protocol := aznet.SecurityRuleProtocolTcp
	if port == anyPort {
		protocol = aznet.SecurityRuleProtocolAsterisk
	}
	return nsgRule{
		Name:         name + "-in",
		Priority:     priority,
		Direction:    aznet.SecurityRuleDirectionInbound,
		Access:       aznet.SecurityRuleAccessAllow,
		Protocol:     protocol,
		Sources:      sources,
		Destinations: destinations,
		Port:         port,
		Description:  why,
	}
}

// outbound is inbound in the other direction.
func outbound(priority int, name string, sources, destinations []string, port int, why string) nsgRule {
	r := inbound(priority, name, sources, destinations, port, why)
	r.Name = name + "-out"
	r.Direction = aznet.SecurityRuleDirectionOutbound
	return r
}

// bothProtocols makes a DNS rule two: answers too long for UDP come by TCP.
func bothProtocols(r nsgRule) []nsgRule {
	datagrams := r
	datagrams.Protocol = aznet.SecurityRuleProtocolUdp
	datagrams.Name += "-udp"
	datagrams.Priority += 10
	r.Name += "-tcp"
	return []nsgRule{r, datagrams}
}

// portRange is the port as Azure writes it.
func (r nsgRule) portRange() string {
	if r.Port == anyPort {
		return "*"
	}
	return strconv.Itoa(r.Port)
}

func one(word string) []string { return []string{word} }

func prefixes(list ...netip.Prefix) []string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.String()
	}
	return texts
}

// addresses are one address of each zone, as prefixes of a single address.
func addresses(zones []plan.Zone, of func(plan.Zone) netip.Addr) []string {
	texts := make([]string, len(zones))
	for i, z := range zones {
		address := of(z)
		texts[i] = netip.PrefixFrom(address, address.BitLen()).String()
	}
	return texts
}
