package plan

import (
	"fmt"
	"net/netip"
	"strings"

	"burrow/internal/rules"
)

var rangeRules = []func(*validator){
	(*validator).rangesPresent,
	(*validator).rangesCanonical,
	(*validator).rangesInside,
	(*validator).rangesApart,
	(*validator).rangesSized,
	(*validator).rangesRoutable,
}

// ranger is the one place that knows every range of an estate: where its key
// is, what encloses it and how large it may be.
type ranger struct {
	key    string
	cidr   netip.Prefix
	what   string   // for messages: "the VPC"
	rule   string   // the catalogue's rule about overlaps, if there is one
	parent string   // key of the range that must hold it; none for whole networks
	outer  rules.ID // rule about lying outside the parent
	// widest and narrowest are prefix lengths; sizes names their rule.
	widest, narrowest int
	sizes             rules.ID
	// never are ranges that this one may not touch.
	never []taboo
}

// taboo is a range that a cloud refuses, or swallows.
type taboo struct {
	cidr   netip.Prefix
	reason string
}

const (
	vpcKey  = "network.aws.cidr"
	vnetKey = "network.azure.cidr"
)

var (
	linkLocal = taboo{prefix("169.254.0.0/16"), "link-local addresses are nobody's network (VPC-02, ANW-01, AKS-26)"}
	loopback  = taboo{prefix("127.0.0.0/8"), "loopback addresses never leave a machine (ANW-01)"}
	multicast = taboo{prefix("224.0.0.0/3"), "multicast and reserved addresses cannot be a network (ANW-01)"}
	thisHost  = taboo{prefix("0.0.0.0/8"), "0.0.0.0/8 means this host and cannot be a network"}
	// docker is on every node: packets to it stay there.
	docker   = taboo{prefix("172.17.0.0/16"), "Docker's bridges use 172.17.0.0/16 on every machine (VPC-03)"}
	azureDNS = taboo{prefix("168.63.129.16/32"), "168.63.129.16 is Azure's own address for DNS and health (ANW-01)"}
	aksOwn1  = taboo{prefix("172.30.0.0/16"), "AKS keeps 172.30.0.0/16 for itself (AKS-22, AKS-26)"}
	aksOwn2  = taboo{prefix("172.31.0.0/16"), "AKS keeps 172.31.0.0/16 for itself (AKS-22, AKS-26)"}
	aksOwn3  = taboo{prefix("192.0.2.0/24"), "AKS keeps 192.0.2.0/24 for itself (AKS-26)"}

	neverAnywhere = []taboo{linkLocal, loopback, multicast, thisHost}
	neverVPC      = append([]taboo{docker}, neverAnywhere...)
	neverVNet     = append([]taboo{azureDNS}, neverAnywhere...)
	neverAKS      = append([]taboo{aksOwn1, aksOwn2, aksOwn3}, neverVNet...)
)

// ranges are all ranges of the estate, tunnels last. The order decides which
// of two overlapping ones is reported: the later.
func (p *Plan) ranges() []ranger {
	aws, azure, clusters := p.Network.AWS, p.Network.Azure, p.Clusters
	all := []ranger{
		{key: vpcKey, cidr: aws.CIDR, what: "the VPC",
			widest: 16, narrowest: 28, sizes: "VPC-01", never: neverVPC},
		{key: vnetKey, cidr: azure.CIDR, what: "the VNet", rule: "AVG-37",
			widest: 8, narrowest: 29, sizes: "ANW-02", never: neverVNet},
	}
	for i, zone := range aws.Zones {
		all = append(all, zone.ranges(fmt.Sprintf("network.aws.zones[%d].", i))...)
	}
	all = append(all, azure.Subnets.ranges()...)
	all = append(all,
		ranger{key: "clusters.eks.serviceCidr", cidr: clusters.EKS.ServiceCIDR, what: "the EKS services", rule: "EKS-11",
			widest: 12, narrowest: 24, sizes: "EKS-11"},
		ranger{key: "clusters.aks.podCidr", cidr: clusters.AKS.PodCIDR, what: "the AKS pods", rule: "AKS-21, AKS-22",
			widest: 8, narrowest: 24, sizes: "AKS-19", never: neverAKS},
		ranger{key: "clusters.aks.serviceCidr", cidr: clusters.AKS.ServiceCIDR, what: "the AKS services", rule: "AKS-23, AKS-24",
			widest: 13, narrowest: 28, sizes: "AKS-23", never: neverAKS},
	)
	for i, tunnel := range p.VPN.Tunnels {
		all = append(all, ranger{key: fmt.Sprintf("vpn.tunnels[%d].inside", i), cidr: tunnel.Inside,
			what: "the inside of " + tunnel.Name(), rule: "AWV-14", widest: 30, narrowest: 30, sizes: "AWV-14"})
	}
	return all
}

func (z Zone) ranges(at string) []ranger {
	subnet := ranger{parent: vpcKey, rule: "VPC-04", outer: "VPC-04", widest: 16, narrowest: 28, sizes: "VPC-04"}
	private, public, reserved := subnet, subnet, subnet
	private.key, private.cidr, private.what = at+"private", z.Private, "the private subnet of "+z.Name
	public.key, public.cidr, public.what = at+"public", z.Public, "the public subnet of "+z.Name
	reserved.key, reserved.cidr, reserved.what = at+"reserved", z.Reserved, "the reserved block of "+z.Name
	reserved.parent, reserved.outer = private.key, "NLB-03"
	if !z.Public.IsValid() {
		return []ranger{private, reserved} // nothing needs it, or publicSubnets says so
	}
	return []ranger{private, public, reserved}
}

func (s AzureSubnets) ranges() []ranger {
	const at = "network.azure.subnets."
	subnet := ranger{parent: vnetKey, rule: "ANW-03", outer: "ANW-04", widest: 8, narrowest: 29, sizes: "ANW-02"}
	nodes, gateway, inbound := subnet, subnet, subnet
	nodes.key, nodes.cidr, nodes.what = at+"nodes", s.Nodes, "aks-subnet"
	nodes.never = neverAKS
	gateway.key, gateway.cidr, gateway.what = at+"gateway", s.Gateway, "GatewaySubnet"
	gateway.narrowest, gateway.sizes = 27, "AVG-16"
	inbound.key, inbound.cidr, inbound.what = at+"resolverInbound", s.ResolverInbound, "the resolver's inbound subnet"
	inbound.widest, inbound.narrowest, inbound.sizes = 24, 28, "ADR-09"
	outbound := inbound
	outbound.key, outbound.cidr, outbound.what = at+"resolverOutbound", s.ResolverOutbound, "the resolver's outbound subnet"
	return []ranger{nodes, gateway, inbound, outbound}
}

// rangesPresent refuses what is missing or IPv6; the other rules pass those over.
func (v *validator) rangesPresent() {
	for _, r := range v.plan.ranges() {
		switch {
		case r.cidr.IsValid():
			v.need(r.cidr.Addr().Is4(), r.key, r.cidr, "Burrow's networks are IPv4: the tunnels carry nothing else (AWV-25)", "write an IPv4 range")
		case !v.noRoom(r):
			v.refuse(r.key, r.cidr, r.what+" needs a range", "write an IPv4 range such as 10.0.0.0/24")
		}
	}
}

// noRoom says that a reserved block is missing because its subnet, which is
// reported itself, is missing too or leaves no room for one.
func (v *validator) noRoom(r ranger) bool {
	private, ok := v.rangeAt(r.parent)
	return ok && strings.HasSuffix(r.key, ".reserved") && (!ipv4(private.cidr) || private.cidr.Bits() > reservedBits)
}

func (v *validator) rangeAt(key string) (ranger, bool) {
	for _, r := range v.plan.ranges() {
		if r.key == key {
			return r, true
		}
	}
	return ranger{}, false
}

// rangesCanonical refuses set host bits: AWS clears them silently, which is a
// difference for ever, and Azure refuses them.
func (v *validator) rangesCanonical() {
	for _, r := range v.plan.ranges() {
		v.canonical(r.key, r.cidr, "VPC-01, ANW-05")
	}
}

func (v *validator) canonical(key string, cidr netip.Prefix, rule rules.ID) {
	if !ipv4(cidr) || cidr == cidr.Masked() {
		return
	}
	v.refuse(key, cidr, fmt.Sprintf("the address has bits beyond the /%d (%s)", cidr.Bits(), rule), "write "+cidr.Masked().String())
}

func (v *validator) rangesInside() {
	for _, r := range v.plan.ranges() {
		parent, ok := v.rangeAt(r.parent)
		if !ok || !ipv4(r.cidr) || !ipv4(parent.cidr) {
			continue
		}
		v.need(contains(parent.cidr.Masked(), r.cidr.Masked()), r.key, r.cidr,
			fmt.Sprintf("%s lies outside %s, %s = %s (%s)", r.what, parent.what, parent.key, parent.cidr, r.outer),
			"choose a range within "+parent.cidr.Masked().String())
	}
}

// rangesApart compares every pair of ranges with the same parent. Those with
// different parents are apart when the parents are.
func (v *validator) rangesApart() {
	all := v.plan.ranges()
	for i, later := range all {
		for _, earlier := range all[:i] {
			if later.parent == earlier.parent && overlap(later.cidr, earlier.cidr) {
				v.refuse(later.key, later.cidr,
					fmt.Sprintf("%s overlaps %s, %s = %s%s", later.what, earlier.what, earlier.key, earlier.cidr, why(later)),
					"choose a range that nothing else of the estate uses")
			}
		}
	}
}

func overlap(a, b netip.Prefix) bool { return ipv4(a) && ipv4(b) && a.Overlaps(b) }

// why is what an overlap leads to. Packets to an address that is in two places
// go to the nearer one, and no cloud looks into the other.
func why(r ranger) string {
	if r.parent != "" {
		return " (" + r.rule + ")"
	}
	if r.rule == "" {
		return "; the tunnels make one routed network of both clouds"
	}
	return "; the tunnels make one routed network of both clouds (" + r.rule + ")"
}

func (v *validator) rangesSized() {
	for _, r := range v.plan.ranges() {
		if !ipv4(r.cidr) {
			continue
		}
		bits := r.cidr.Bits()
		v.need(bits >= r.widest && bits <= r.narrowest, r.key, r.cidr,
			fmt.Sprintf("%s is a /%d, and %s is allowed (%s)", r.what, bits, sizes(r), r.sizes), "write a range of "+sizes(r))
	}
}

func sizes(r ranger) string {
	if r.widest == r.narrowest {
		return fmt.Sprintf("/%d", r.widest)
	}
	return fmt.Sprintf("/%d to /%d", r.widest, r.narrowest)
}

func (v *validator) rangesRoutable() {
	for _, r := range v.plan.ranges() {
		for _, t := range r.never {
			if overlap(r.cidr, t.cidr) {
				v.refuse(r.key, r.cidr, t.reason, "choose a private range (RFC 1918) outside "+t.cidr.String())
			}
		}
	}
}
