package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// aksNodes is what the machines of an AKS cluster rely on: to be there, and a way out.
func (m *model) aksNodes(cluster *inventory.Object) Path {
	place := "cluster " + lastPart(cluster.ID)
	p := Path{Name: "nodes " + lastPart(cluster.ID), Hops: []Hop{passes(place, cluster.ID)}}
	if state := cluster.Value("provisioningState"); state != "" && state != "Succeeded" {
		p.Hops[0] = stopped(place, cluster.ID, "", "mend what failed, and bring the stack up", "its state is %s", state)
	}
	subnets := m.nodeSubnets(cluster)
	if len(subnets) == 0 {
		p.Hops = append(p.Hops, untold("nodes of "+lastPart(cluster.ID), cluster.ID, "the subnet of its nodes is not in what was looked at"))
	}
	for _, subnet := range subnets {
		p.Hops = append(p.Hops, m.aksWayOut(cluster.Value("networkProfile.outboundType"), subnet)...)
	}
	return p
}

// AKSWayOut judges how the nodes in a subnet, by its ARM id, get to AKS's own services. A
// node that misses them boots and never joins (AKS-52). Outbound is the cluster's
// outboundType.
func AKSWayOut(view inventory.View, outbound, subnet string) []Hop {
	m := newModel(view, true)
	if s := m.Get(azuretype.Subnet, subnet); s != nil {
		return m.aksWayOut(outbound, s)
	}
	return nil
}

// aksWayOut: what AKS needs has names and public addresses, all on port 443. Source:
// azure-aks-docs outbound-rules-control-egress.md and egress-outboundtype.md.
func (m *model) aksWayOut(outbound string, subnet *inventory.Object) []Hop {
	switch outbound {
	case "none", "block":
		return nil // an isolated cluster gets everything through private endpoints
	}
	hops := m.publicly(func(to netip.Addr) []Hop {
		next := passes("way out of "+m.subnetName(subnet), "")
		best, by := m.nextHop(subnet, to)
		switch next.Resource = by; {
		case best.to == toAppliance || best.to == toGateway:
			next = untold(next.Place, by, "%s goes to %s, and what is behind it cannot be told", to, best.to)
		case best.to != toInternet:
			next = stopped(next.Place, by, "", "lead 0.0.0.0/0 to Internet", "the route for %s leads %s to %s", best.prefix, to, best.to)
		}
		hops := []Hop{next}
		for _, from := range m.sources(subnet) {
			hops = append(hops, m.nsg(subnet, "Outbound", Packet{Protocol: "tcp", From: from, To: to, FromPort: ephemeral[0], ToPort: httpsPort}))
		}
		return hops
	})
	for i := range hops {
		if hops[i].Verdict == Stopped {
			hops[i].Rule = "AKS-52"
		}
	}
	return hops
}

// localDNS are the addresses at which a node's own DNS proxy answers pods. Source:
// Azure/AgentBaker, localdns listener addresses; Azure documentation, aks/dns-concepts.
var localDNS = []netip.Addr{netip.MustParseAddr("169.254.10.10"), netip.MustParseAddr("169.254.10.11")}

// Pools of which AKS turns LocalDNS on by itself (AKS-49). Source: Azure documentation,
// aks/localdns-custom.
const (
	localDNSMinor = 37 // of Kubernetes 1
	localDNSCores = 4
)

// asksDNS judges questions of a namespace's pods to what answers names in their cluster:
// its DNS, and a proxy on their node where AKS may have put one. Whether policies of
// pods hold for addresses of their own node depends on the engine.
func (m *model) asksDNS(cluster *inventory.Object, namespace string) []Hop {
	region := m.apiOf(cluster)
	pods := m.pods(region, namespace)
	hops := []Hop{m.policies(region, namespace, pods, true, clusterDNS, "udp", dnsPort)}
	why := m.asksLocally(cluster)
	for _, a := range localDNS {
		if h := m.policies(region, namespace, pods, true, Peer{Address: a}, "udp", dnsPort); why != "" && h.Verdict == Stopped {
			h = untold(h.Place, h.Resource, "%s, and no policy lets pods ask %s", why, a)
			h.Rule, h.Mend = "AKS-49", "allow it in a NetworkPolicy, or give the pool an explicit LocalDNS profile"
			return append(hops, h)
		}
	}
	return hops
}

// asksLocally says why pods of a cluster may ask a DNS proxy on their node, not the
// cluster's DNS, or "".
func (m *model) asksLocally(cluster *inventory.Object) string {
	version := cmp.Or(cluster.Value("currentKubernetesVersion"), cluster.Value("kubernetesVersion"))
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return ""
	}
	if minor, err := strconv.Atoi(parts[1]); err != nil || minor < localDNSMinor {
		return ""
	}
	pools := cluster.Props().Maps("agentPoolProfiles[*]")
	for _, o := range m.All(azuretype.AgentPool) {
		if isBelow(o.ID, cluster.ID) {
			pools = append(pools, o.Props())
		}
	}
	at := slices.IndexFunc(pools, func(p inventory.Props) bool {
		return cores(p.Str("vmSize")) >= localDNSCores && p.Str("localDNSProfile.mode") != "Disabled"
	})
	if at < 0 {
		return ""
	}
	return "from Kubernetes 1." + strconv.Itoa(localDNSMinor) + " AKS may put a DNS proxy on nodes of " + pools[at].Str("vmSize")
}

// cores reads the vCPUs out of the name of a size, such as 4 of Standard_D4ds_v5. Source:
// azure-docs virtual-machines/vm-naming-conventions.md.
func cores(size string) (n int) {
	name := strings.TrimPrefix(size, "Standard_")
	start := strings.IndexAny(name, "0123456789")
	if start < 0 {
		return 0
	}
	for _, digit := range name[start:] {
		if digit < '0' || digit > '9' {
			break
		}
		n = n*10 + int(digit-'0')
	}
	return n
}
