package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// An Excess is a packet between the clouds that belongs to no path of the estate, and
// that the filters of one cloud would let through. While the other cloud's filters stop
// it, nothing crosses, and nobody notices that a layer is gone.
type Excess struct {
	Cloud    string // Azure, AWS, or "both clouds": then it crosses
	Packet   Packet
	From, To string   // whose addresses
	By       []string // what lets it through

	toAzure bool
}

func (e Excess) String() string {
	return fmt.Sprintf("%s: %v, from %s to %s, by %s", e.Cloud, e.Packet, e.From, e.To, strings.Join(e.By, ", "))
}

// bothClouds is who lets a packet through that really crosses.
const bothClouds = "both clouds"

// Alone finds what the filters of each cloud alone would let across the VPN besides the
// estate's paths: the load balancers' listeners for the nodes of AKS, and questions of
// each cloud's resolver to the other's. Of packets that the same rules let through in one
// direction there is the first. What an EKS control plane sends is AWS's to decide: the group
// that EKS gives it lets everything out (EKS-20), and it is not looked at as a sender.
func Alone(view inventory.View, whole bool) []Excess {
	m := newModel(view, whole)
	w := &crossings{model: m, declared: append(m.toRelay(), m.questions()...)}
	azure, aws := m.azureSides(), m.awsSides()
	for _, a := range azure {
		for _, b := range aws {
			w.look(a, b)
			if !b.listens {
				w.look(b, a)
			}
		}
	}
	return w.found
}

// A side is an address of one of the clouds that packets leave from or come to.
type side struct {
	name    string
	address netip.Addr
	subnet  *inventory.Object
	aws     bool
	groups  []string // of AWS
	listens bool     // sends nothing of its own
}

// crossings collects what filters let through besides what is declared.
type crossings struct {
	*model
	declared []flow
	found    []Excess
}

// look sends packets from one side to another: of each protocol, from and to one port of
// each range that filters tell apart.
func (w *crossings) look(from, to side) {
	for _, protocol := range []string{"tcp", "udp", "icmp"} {
		for _, own := range w.ownPorts(protocol) {
			for _, port := range w.ports(protocol) {
				w.send(from, to, Packet{Protocol: protocol, From: from.address, To: to.address, FromPort: own, ToPort: port})
			}
		}
	}
}

func (w *crossings) send(from, to side, p Packet) {
	if slices.ContainsFunc(w.declared, func(f flow) bool { return f.has(p) }) {
		return
	}
	e := Excess{Packet: p, From: from.name, To: to.name, toAzure: from.aws}
	switch out, in := w.leaves(from, p), w.enters(to, p); {
	case out != nil && in != nil:
		e.Cloud, e.By = bothClouds, append(out, in...)
	case out != nil:
		e.Cloud, e.By = from.cloud(), out
	case in != nil:
		e.Cloud, e.By = to.cloud(), in
	default:
		return
	}
	w.add(e)
}

func (s side) cloud() string {
	if s.aws {
		return "AWS"
	}
	return "Azure"
}

func (w *crossings) add(e Excess) {
	if !slices.ContainsFunc(w.found, func(f Excess) bool {
		return f.Cloud == e.Cloud && f.toAzure == e.toAzure && slices.Equal(f.By, e.By)
	}) {
		w.found = append(w.found, e)
	}
}

// leaves says what lets a packet out of its cloud, nil when something stops it.
func (w *crossings) leaves(from side, p Packet) []string {
	if from.aws {
		return lets(w.groups(from.name, from.groups, true, p, nil), w.acl(from.subnet, true, p))
	}
	if best, _ := w.nextHop(from.subnet, p.To); best.to != toGateway {
		return nil
	}
	return lets(w.nsg(from.subnet, "Outbound", p))
}

// enters is the same for its way in.
func (w *crossings) enters(to side, p Packet) []string {
	if to.aws {
		return lets(w.acl(to.subnet, false, p), w.groups(to.name, to.groups, false, p, nil))
	}
	return lets(w.nsg(to.subnet, "Inbound", p))
}

// lets are the objects by which hops let something pass, nil when one does not.
func lets(hops ...Hop) (by []string) {
	for _, h := range hops {
		if h.Verdict != Passes {
			return nil
		}
		if h.Resource == "" {
			h.Resource = h.Place
		}
		by = append(by, h.Resource)
	}
	return by
}

// azureSides are all subnets of the VNets with an end of the VPN, but for the gateways'.
func (m *model) azureSides() (found []side) {
	for _, subnet := range m.All(azuretype.Subnet) {
		joined := slices.ContainsFunc(m.tunnelEnds(), func(e *ends) bool { return e.vng != nil && isBelow(subnet.ID, e.vnetID()) })
		if !joined || strings.EqualFold(lastPart(subnet.ID), "GatewaySubnet") {
			continue
		}
		for _, a := range m.sources(subnet) {
			found = append(found, side{name: m.subnetName(subnet), address: a, subnet: subnet})
		}
	}
	return found
}

// awsSides are the interfaces in the VPCs with an end of the VPN: load balancers,
// resolver endpoints, control planes, nodes, endpoints of services.
func (m *model) awsSides() (found []side) {
	var vpcs []string
	for _, e := range m.tunnelEnds() {
		if e.gateway != nil {
			vpcs = append(vpcs, e.vpcID())
		}
	}
	var taken []netip.Addr // by load balancers and resolvers: no node can have these
	add := func(listens bool, all ...iface) {
		for _, i := range all {
			if slices.Contains(vpcs, i.subnet.Value("vpcId")) {
				found = append(found, side{i.name, i.address, i.subnet, true, i.groups, listens})
			}
		}
	}
	for _, lb := range m.internalBalancers() {
		for _, f := range m.fronts(lb) {
			add(false, iface{lb.Value("name"), f.address, f.subnet, lb.Props().Strings("securityGroups")})
			taken = append(taken, f.address)
		}
	}
	for _, e := range m.All(awstype.ResolverEndpoint) {
		name := strings.ToLower(e.In.Str("direction")) + " endpoint"
		for _, p := range e.Props().Maps("ipAddresses[*]") {
			subnet, a := m.Get(awstype.Subnet, p.Str("subnetId")), address(p.Str("ip"))
			if subnet != nil && a.IsValid() {
				add(false, iface{name, a, subnet, e.In.Strings("securityGroupIds")})
				taken = append(taken, a)
			}
		}
	}
	for _, nodes := range m.All(awstype.NodeGroup) {
		n := m.eksNodes(nodes)
		add(true, n.controlPlane()...)
		for _, subnet := range n.subnets {
			add(false, m.interfaces("nodes "+nodes.Value("nodeGroupName"), subnet, n.groups, taken...)...)
		}
	}
	for _, e := range m.All(awstype.VpcEndpoint) {
		if p := e.Props(); !isGatewayEndpoint(e) {
			add(false, m.serviceInterfaces("endpoint "+p.Str("serviceName"), e, p.Strings("subnetIds"), p.Strings("securityGroupIds"), taken...)...)
		}
	}
	return found
}

// A flow is what a path of the estate is made of.
type flow struct {
	protocols []string
	from      func(netip.Addr) bool
	to        func(netip.Addr) bool
	port      int
}

func (f flow) has(p Packet) bool {
	return slices.Contains(f.protocols, p.Protocol) && f.port == p.ToPort && f.from(p.From) && f.to(p.To)
}

// toRelay are the flows from AKS clusters to load balancers.
func (m *model) toRelay() (found []flow) {
	var nodes []*inventory.Object
	for _, c := range m.All(azuretype.ManagedCluster) {
		nodes = append(nodes, m.nodeSubnets(c)...)
	}
	for _, lb := range m.internalBalancers() {
		for _, l := range m.listeners(lb) {
			for _, f := range m.fronts(lb) {
				found = append(found, flow{protocols(l), inSubnets(nodes...), is(f.address), l.Props().Int("port")})
			}
		}
	}
	return found
}

// questions are the flows of the resolvers.
func (m *model) questions() (found []flow) {
	both := []string{"tcp", "udp"}
	for _, r := range m.All(azuretype.ForwardingRule) {
		for _, set := range m.All(azuretype.DnsForwardingRuleset) {
			if !isBelow(r.ID, set.ID) {
				continue
			}
			var from []*inventory.Object
			for _, id := range set.In.Strings("dnsResolverOutboundEndpoints[*].id") {
				if e := m.Get(azuretype.OutboundEndpoint, id); e != nil {
					from = append(from, m.Get(azuretype.Subnet, e.In.Str("subnet.id")))
				}
			}
			for _, target := range r.In.Maps("targetDnsServers[*]") {
				found = append(found, flow{both, inSubnets(from...), is(address(target.Str("ipAddress"))), cmp.Or(target.Int("port"), dnsPort)})
			}
		}
	}
	for _, r := range m.All(awstype.ResolverRule) {
		e := m.Get(awstype.ResolverEndpoint, r.In.Str("resolverEndpointId"))
		if e == nil {
			continue
		}
		own := e.Props().Strings("ipAddresses[*].ip")
		for _, target := range r.In.Maps("targetIps[*]") {
			from := func(a netip.Addr) bool { return slices.Contains(own, a.String()) }
			// Azure's resolver has more addresses in its subnet than the one that answers.
			subnet, _ := m.azureInboundAt(address(target.Str("ip")))
			found = append(found, flow{both, from, inSubnets(subnet), cmp.Or(target.Int("port"), dnsPort)})
		}
	}
	return found
}

func is(a netip.Addr) func(netip.Addr) bool { return func(b netip.Addr) bool { return a == b } }

func inSubnets(subnets ...*inventory.Object) func(netip.Addr) bool {
	var ranges []netip.Prefix
	for _, s := range subnets {
		if s != nil {
			ranges = append(ranges, prefixes(append(s.Props().Strings("addressPrefixes"), s.Value("addressPrefix")))...)
		}
	}
	return func(a netip.Addr) bool {
		return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Contains(a) })
	}
}

// ports stand for all ports of a protocol: the first of every range into which filters
// cut them.
func (m *model) ports(protocol string) []int {
	if protocol == "icmp" {
		return []int{0}
	}
	if m.portCuts == nil {
		m.portCuts = []int{1}
		for _, o := range m.All(permissionTypes...) {
			for _, p := range PermissionsIn(o) {
				m.portCuts = addCuts(m.portCuts, p.From, p.To)
			}
		}
		var acls []string
		for _, o := range m.All(awstype.NetworkAcl, awstype.DefaultNetworkAcl, awstype.NetworkAclRule) {
			acls = append(acls, cmp.Or(o.In.Str("networkAclId"), o.ID))
		}
		for _, acl := range acls {
			for _, e := range remember(m.entries, acl, m.aclEntries) {
				m.portCuts = addCuts(m.portCuts, e.from, e.to)
			}
		}
		m.portCuts = m.azureCuts(m.portCuts, "destination")
	}
	return m.portCuts
}

// ownPorts are those that a client may have: one that clients take, and the first of
// every range into which rules cut them.
func (m *model) ownPorts(protocol string) []int {
	if protocol == "icmp" {
		return []int{0}
	}
	if m.ownCuts == nil {
		m.ownCuts = m.azureCuts([]int{ephemeral[0]}, "source")
	}
	return m.ownCuts
}

// azureCuts adds the ports that rules of Azure's groups name of one side.
func (m *model) azureCuts(ports []int, side string) []int {
	for _, o := range m.All(azuretype.NetworkSecurityGroup) {
		for _, r := range m.nsgRules(o) {
			for _, text := range append(r.in.Strings(side+"PortRanges"), r.in.Str(side+"PortRange")) {
				if from, to, ok := portRange(text); ok {
					ports = addCuts(ports, from, to)
				}
			}
		}
	}
	slices.Sort(ports)
	return ports
}

// addCuts adds where a range of ports begins, and where what is behind it does.
func addCuts(ports []int, from, to int) []int {
	for _, port := range []int{from, to + 1} {
		if 0 < port && port <= 65535 && !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports
}
