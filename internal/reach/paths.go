package reach

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/rules"
)

// Paths are what an estate of an AKS and an EKS cluster relies on, each judged: the way
// from every AKS cluster to every internal load balancer with the replies, its health
// checks, the names that each cloud asks of the other, the nodes of both with what they
// need, and the tunnels. Whole says that the view has what clouds make by themselves, as
// the emulated ones do and an export does not.
//
// There are none before there are two clusters.
func Paths(view inventory.View, whole bool) []Path {
	m := newModel(view, whole)
	aks, eks := m.All(azuretype.ManagedCluster), m.All(awstype.Cluster)
	if len(aks) == 0 || len(eks) == 0 {
		return nil
	}
	balancers := m.internalBalancers()
	var all []Path
	if len(balancers) == 0 {
		all = append(all, Path{Name: lastPart(aks[0].ID) + " to " + eks[0].Value("name"), Hops: []Hop{
			stopped("load balancers", eks[0].ID, "NLB-05", "make an internal load balancer", "there is no internal load balancer to reach"),
		}})
	}
	for _, lb := range balancers {
		all = append(all, m.toBalancer(aks, lb)...)
	}
	all = append(append(all, m.namesInAzure(aks, balancers)...), m.namesInAWS(eks)...)
	for _, nodes := range m.All(awstype.NodeGroup) {
		all = append(all, m.eksNodes(nodes).Paths()...)
	}
	for _, cluster := range aks {
		all = append(all, m.aksNodes(cluster))
	}
	for _, t := range Tunnels(m.View) {
		all = append(all, t.path())
	}
	return append(all, m.alone()...)
}

// path is the tunnel by itself: others may carry what it does not, and then nobody
// notices that it is gone.
func (t Tunnel) path() Path {
	name := fmt.Sprintf("%s/%d", t.VPNConnection, t.Number)
	if t.Connection != "" {
		name = lastPart(t.Connection)
	}
	p := Path{Name: "tunnel " + name, Spare: true}
	if t.KeysUntold {
		p.Hops = append(p.Hops, untold("IPsec", cmp.Or(t.Connection, t.VPNConnection), "the pre-shared keys are encrypted, and may differ"))
	}
	for _, layer := range []struct {
		name string
		State
	}{{"IPsec", t.IPsec}, {"BGP", t.BGP}, {"routes", t.Routes}} {
		if layer.Up() || layer.NotAsked {
			p.Hops = append(p.Hops, passes(layer.name, cmp.Or(t.Connection, t.VPNConnection)))
			continue
		}
		for i, reason := range layer.Reasons {
			id, text, _ := strings.Cut(reason, ": ")
			if text == "" {
				continue // the layer below is down, which has said why
			}
			p.Hops = append(p.Hops, Hop{
				Place: layer.name, Resource: layer.Resources[i], Verdict: Stopped, Rule: rules.ID(id), Reason: text, Mend: "set both ends alike",
			})
		}
	}
	return p
}

// alone are Azure's connections to addresses where no tunnel of AWS is.
func (m *model) alone() (all []Path) {
	for _, conn := range m.All(azuretype.VirtualNetworkGatewayConnection) {
		lng := m.Get(azuretype.LocalNetworkGateway, conn.In.Str("localNetworkGateway2.id"))
		if lng == nil || slices.ContainsFunc(m.tunnelEnds(), func(e *ends) bool { return e.awsOutside() == lng.Value("gatewayIpAddress") }) {
			continue
		}
		all = append(all, Path{Name: "tunnel " + lastPart(conn.ID), Spare: true, Hops: []Hop{
			stopped("IPsec", ids([]*inventory.Object{conn, lng}), "AWV-35", "point the local network gateway at a tunnel of AWS",
				"no tunnel of AWS has the address %s", lng.Value("gatewayIpAddress")),
		}})
	}
	return all
}

// toBalancer are the paths from the AKS clusters to what a load balancer listens for,
// and its health checks.
func (m *model) toBalancer(aks []*inventory.Object, lb *inventory.Object) (all []Path) {
	listeners := m.listeners(lb)
	health := Path{Name: "health checks of " + lb.Value("name"), Spare: true}
	for _, cluster := range aks {
		path := Path{Name: lastPart(cluster.ID) + " to " + lb.Value("name")}
		if len(listeners) == 0 {
			path.Hops = append(path.Hops, stopped("listeners of "+lb.Value("name"), lb.ID, "NLB-11", "add a listener", "the load balancer listens for nothing"))
		}
		for _, listener := range listeners {
			path.Hops = append(path.Hops, m.toListener(cluster, lb, listener)...)
		}
		all = append(all, path)
	}
	for _, listener := range listeners {
		groups, _ := m.behindListener(lb, listener)
		for _, b := range groups {
			health.Hops = append(health.Hops, m.health(b)...)
		}
	}
	return append(all, health)
}

// toListener judges a connection from any node of an AKS cluster, since pods leave
// through their node's address (AKS-42), to every address of the load balancer, on to
// the nodes and pods behind, and back.
func (m *model) toListener(cluster, lb, listener *inventory.Object) (hops []Hop) {
	port := listener.Props().Int("port")
	groups, broken := m.behindListener(lb, listener)
	hops = append(hops, broken...)
	fronts := m.inDNS(m.fronts(lb), groups)
	if len(fronts) == 0 {
		hops = append(hops, untold("addresses of "+lb.Value("name"), lb.ID, "which addresses it has cannot be told from here"))
	}
	region := m.apiOf(cluster)
	for _, f := range fronts {
		for _, name := range m.namespaces(region) {
			for _, protocol := range protocols(listener) {
				hops = append(hops, m.policies(region, name, m.pods(region, name), true, Peer{Address: f.address}, protocol, port))
			}
		}
		hops = append(hops, m.tunnels(f.subnet.ID)...)
	}
	subnets := m.nodeSubnets(cluster)
	if len(subnets) == 0 {
		hops = append(hops, m.nodesUnseen(cluster))
	}
	for _, subnet := range subnets {
		for _, protocol := range protocols(listener) {
			hops = append(hops, m.fromClients(subnet, lb, fronts, groups, protocol, port)...)
		}
	}
	return hops
}

// fromClients judges connections from a subnet of the VNet to the addresses of a load
// balancer and its targets, and back.
func (m *model) fromClients(subnet, lb *inventory.Object, fronts []front, groups []behind, protocol string, port int) (hops []Hop) {
	clients := m.sources(subnet)
	for _, client := range clients {
		for _, f := range fronts {
			for _, own := range ephemeral {
				p := Packet{Protocol: protocol, From: client, To: f.address, FromPort: own, ToPort: port}
				hops = append(hops, m.nsg(subnet, "Outbound", p), m.azureRoute(subnet, f.address), m.acl(f.subnet, false, p),
					m.groups(lb.Value("name"), lb.Props().Strings("securityGroups"), false, p, nil), m.acl(f.subnet, true, p.Reply()))
			}
		}
	}
	for _, b := range groups {
		if !b.keepsClients() {
			continue // nodes see what health checks come from
		}
		port := b.group.Props().Int("port")
		for _, client := range clients {
			hops = append(hops, m.toNodes(b, client, protocol, port, "")...)
		}
		hops = append(hops, m.toPods(b, clients, protocol, port)...)
	}
	return hops
}

func (m *model) nodesUnseen(cluster *inventory.Object) Hop {
	return untold("nodes of "+lastPart(cluster.ID), cluster.ID, "the network of its nodes is not in what was looked at")
}

// inDNS are the load balancer's addresses that its name gives: those from which some
// target is found healthy, or all of them when there is none such (NLB-06). Source:
// elasticloadbalancing/latest/network/target-group-health-checks.html.
func (m *model) inDNS(fronts []front, groups []behind) []front {
	var well []front
	for _, f := range fronts {
		if slices.ContainsFunc(groups, func(b behind) bool { return m.healthy(b, f) }) {
			well = append(well, f)
		}
	}
	if len(well) == 0 {
		return fronts
	}
	return well
}

// apiOf is the host of a cluster's Kubernetes API, by which objects inside it are told
// from those of others: of its names, the one that is in use.
func (m *model) apiOf(cluster *inventory.Object) string {
	first := ""
	for _, path := range []string{"endpoint", "fqdn", "privateFQDN"} {
		host, _, _ := strings.Cut(strings.TrimPrefix(cluster.Value(path), "https://"), ":")
		host = strings.ToLower(host)
		if host == "" {
			continue
		}
		first = cmp.Or(first, host)
		if slices.ContainsFunc(m.All(kubetype.Namespace), func(o *inventory.Object) bool { return o.Region == host }) {
			return host
		}
	}
	return first
}

// namesInAzure are the names of the load balancers, and the domains that Azure forwards,
// asked by pods of every AKS cluster.
func (m *model) namesInAzure(aks, balancers []*inventory.Object) (all []Path) {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, lb := range balancers {
		found := false
		for _, r := range m.All(awstype.Record) {
			if alias := aliasOf(r); alias != "" && alias == plainName(lb.Value("dnsName")) {
				add(m.recordName(r))
				found = true
			}
		}
		if !found {
			all = append(all, Path{Name: "name of " + lb.Value("name"), Hops: []Hop{
				stopped("private zones", lb.ID, "R53-06", "add an alias of "+lb.Value("dnsName"), "no private zone has a name for %s", lb.Value("name")),
			}})
		}
	}
	for _, r := range m.All(azuretype.ForwardingRule) {
		if d := plainName(r.In.Str("domainName")); d != "" && d != rootDomain && !slices.ContainsFunc(names, func(n string) bool { return within(n, d) }) {
			add("*." + d)
		}
	}
	for _, cluster := range aks {
		region := m.apiOf(cluster)
		for _, name := range names {
			path := Path{Name: name + " asked by " + lastPart(cluster.ID)}
			for _, namespace := range m.namespaces(region) {
				path.Hops = append(path.Hops, m.asksDNS(cluster, namespace)...)
			}
			for _, vnet := range m.vnetsOf(cluster) {
				path.Hops = append(path.Hops, m.askedInAzure(vnet, name, 0)...)
			}
			if len(m.vnetsOf(cluster)) == 0 {
				path.Hops = append(path.Hops, m.nodesUnseen(cluster))
			}
			all = append(all, path)
		}
	}
	return all
}

// namesInAWS are the names of Azure's private zones, and the domains that AWS forwards,
// asked in the VPC of every EKS cluster.
func (m *model) namesInAWS(eks []*inventory.Object) (all []Path) {
	var names []string
	for _, r := range m.All(azuretype.PrivateRecordSet) {
		zone := zoneOf(r)
		if zone != "" && !r.Props().Bool("isAutoRegistered") && lastPart(r.ID) != "@" {
			names = append(names, plainName(lastPart(r.ID)+"."+zone))
		}
	}
	for _, r := range m.All(awstype.ResolverRule) {
		d := plainName(r.Value("domainName"))
		forwards := r.In.Str("ruleType") == "FORWARD" && r.URN != "" && d != "" && d != rootDomain
		if forwards && !slices.ContainsFunc(names, func(n string) bool { return within(n, d) }) {
			names = append(names, "*."+d)
		}
	}
	for _, cluster := range eks {
		vpc := m.Get(awstype.Vpc, cluster.Value("vpcConfig.vpcId"))
		for _, name := range names {
			path := Path{Name: name + " asked by " + cluster.Value("name")}
			if vpc == nil {
				path.Hops = []Hop{untold("VPC of "+cluster.Value("name"), cluster.ID, "the VPC is not in what was looked at")}
			} else {
				path.Hops = m.askedInAWS(vpc, name, 0)
			}
			all = append(all, path)
		}
	}
	return all
}
