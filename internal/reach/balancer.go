package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// A front is an address of a load balancer and the subnet that it is in.
type front struct {
	address netip.Addr
	subnet  *inventory.Object
}

// fronts are the fixed addresses of a load balancer, one in each zone.
func (m *model) fronts(lb *inventory.Object) (found []front) {
	for _, p := range lb.Props().Maps("subnetMappings[*]") {
		subnet := m.Get(awstype.Subnet, p.Str("subnetId"))
		if a := address(p.Str("privateIpv4Address")); a.IsValid() && subnet != nil {
			found = append(found, front{a, subnet})
		}
	}
	return found
}

// internalBalancers are those that Azure may reach.
func (m *model) internalBalancers() []*inventory.Object {
	return m.Where(awstype.LoadBalancer, func(o *inventory.Object) bool { return o.Props().Bool("internal") })
}

func (m *model) listeners(lb *inventory.Object) []*inventory.Object {
	return m.Where(awstype.Listener, func(o *inventory.Object) bool { return o.Value("loadBalancerArn") == lb.Value("arn") })
}

// A behind is a target group and the nodes that it has as targets.
type behind struct {
	lb, listener, group *inventory.Object
	nodes               []*inventory.Object // node groups
	fronts              []front
}

// behindListener follows a listener to its targets.
func (m *model) behindListener(lb, listener *inventory.Object) (found []behind, broken []Hop) {
	arns := targetGroupsOf(listener)
	place := "targets of " + lb.Value("name")
	for _, arn := range arns {
		group := m.Find(awstype.TargetGroup, "arn", arn)
		if group == nil {
			broken = append(broken, stopped(place, listener.ID, "NLB-11", "forward to a target group that exists", "%s does not exist", arn))
			continue
		}
		b := behind{lb: lb, listener: listener, group: group, fronts: m.fronts(lb)}
		for _, a := range m.All(awstype.AutoscalingAttachment) {
			if a.Value("lbTargetGroupArn") != arn {
				continue
			}
			for _, nodes := range m.All(awstype.NodeGroup) {
				if slices.Contains(nodes.Props().Strings("resources[*].autoscalingGroups[*].name"), a.Value("autoscalingGroupName")) {
					b.nodes = append(b.nodes, nodes)
				}
			}
		}
		single := slices.ContainsFunc(m.All(awstype.TargetGroupAttachment), func(a *inventory.Object) bool { return a.Value("targetGroupArn") == arn })
		if len(b.nodes) == 0 && single {
			broken = append(broken, untold(place, group.ID, "its targets are registered one by one, and what they are cannot be told"))
		} else if len(b.nodes) == 0 {
			broken = append(broken, stopped(place, group.ID, "NLB-09", "attach the nodes' autoscaling group to "+group.Value("name"),
				"no nodes are registered in %s", group.Value("name")))
		}
		found = append(found, b)
	}
	if len(arns) == 0 {
		broken = append(broken, stopped(place, listener.ID, "NLB-11", "forward to a target group", "the listener forwards to nothing"))
	}
	return found, broken
}

// nodeGroupsOf are the security groups of a node group's machines: those of its launch
// template, else the one that EKS makes for the cluster.
func (m *model) nodeGroupsOf(nodes *inventory.Object) []string {
	if template := m.templateOf(nodes); template != nil {
		ids := append(template.In.Strings("vpcSecurityGroupIds"), template.In.Strings("networkInterfaces[*].securityGroups")...)
		if len(ids) > 0 {
			return ids
		}
	}
	if cluster := m.clusterOf(nodes); cluster != nil {
		return []string{cluster.Value("vpcConfig.clusterSecurityGroupId")}
	}
	return nil
}

// templateOf is the launch template of a node group, by its id or its name, or nil.
func (m *model) templateOf(nodes *inventory.Object) *inventory.Object {
	if template := m.Get(awstype.LaunchTemplate, nodes.Value("launchTemplate.id")); template != nil {
		return template
	}
	name := nodes.Value("launchTemplate.name")
	if name == "" {
		return nil
	}
	return m.Within(nodes.Region).Find(awstype.LaunchTemplate, "name", name)
}

func (m *model) clusterOf(nodes *inventory.Object) *inventory.Object {
	return m.Within(nodes.Region).Find(awstype.Cluster, "name", nodes.Value("clusterName"))
}

// keepsClients reports whether nodes see the client's address: with instance targets
// unless it is switched off (NLB-07).
func (b behind) keepsClients() bool {
	v, set := b.group.Props().Get("preserveClientIp")
	if !set || v == "" {
		return b.group.Value("targetType") != "ip"
	}
	return v == "true" || v == true
}

// toNodes judges the way from the load balancer to every node, for a packet that came
// from a client, and the way back as far as the subnets' ACLs.
func (m *model) toNodes(b behind, client netip.Addr, protocol string, port int, what string) (hops []Hop) {
	lbGroups := b.lb.Props().Strings("securityGroups")
	for _, nodes := range b.nodes {
		groups := m.nodeGroupsOf(nodes)
		for _, id := range nodes.Props().Strings("subnetIds") {
			subnet := m.Get(awstype.Subnet, id)
			if subnet == nil || !hostIn(subnet).IsValid() {
				hops = append(hops, untold("nodes in "+id, id, "the subnet, or its IPv4 range, is not in what was looked at"))
				continue
			}
			node := hostIn(subnet)
			for _, f := range b.fronts {
				if !b.crosses() && f.subnet.Value("availabilityZone") != subnet.Value("availabilityZone") {
					continue
				}
				from := client
				if !from.IsValid() {
					from = f.address
				}
				p := Packet{Protocol: protocol, From: from, To: node, FromPort: ephemeral[0], ToPort: port}
				hops = append(hops, m.groups(b.lb.Value("name")+what, lbGroups, true, p, groups),
					m.groups("nodes"+what, groups, false, p, lbGroups))
				if f.subnet == subnet {
					continue
				}
				hops = append(hops, m.acl(f.subnet, true, p), m.acl(subnet, false, p))
				for _, back := range ephemeral {
					reply := p.Reply()
					reply.ToPort = back
					hops = append(hops, m.acl(subnet, true, reply))
					if !client.IsValid() {
						hops = append(hops, m.acl(f.subnet, false, reply))
					}
				}
			}
		}
	}
	return hops
}

// crosses reports whether the load balancer sends to targets in other zones: the target
// group's setting comes before its own. Source: elasticloadbalancing/latest/network/
// target-group-cross-zone.html.
func (b behind) crosses() bool {
	switch b.group.Value("loadBalancingCrossZoneEnabled") {
	case "true":
		return true
	case "false":
		return false
	}
	return b.lb.Props().Bool("enableCrossZoneLoadBalancing")
}

// protocols are those of a listener's packets. Source: elasticloadbalancing/latest/
// network/load-balancer-listeners.html.
func protocols(listener *inventory.Object) []string {
	switch listener.Value("protocol") {
	case "UDP", "QUIC":
		return []string{"udp"}
	case "TCP_UDP", "TCP_QUIC":
		return []string{"tcp", "udp"}
	}
	return []string{"tcp"}
}

// toPods judges the policies of the pods behind a node port for clients and health
// checks: the pods of the Services on the port, else those of every namespace that
// somebody made in the cluster.
func (m *model) toPods(b behind, clients []netip.Addr, protocol string, nodePort int) (hops []Hop) {
	for _, nodes := range b.nodes {
		cluster := m.clusterOf(nodes)
		if cluster == nil {
			continue
		}
		region := m.apiOf(cluster)
		judge := func(namespace string, pods []pod, port int, clients []netip.Addr) {
			for _, client := range clients {
				hops = append(hops, m.policies(region, namespace, pods, false, Peer{Address: client}, protocol, port))
			}
		}
		served := false
		for _, s := range m.servicesOn(nodePort) {
			if s.Region != region {
				continue
			}
			served = true
			seen := clients
			if s.Props().StrOr("spec.externalTrafficPolicy", "Cluster") == "Cluster" {
				seen = m.nodeAddresses(cluster)
			}
			for _, p := range s.Props().Maps("spec.ports") {
				if p.Int("nodePort") != nodePort || !strings.EqualFold(p.StrOr("protocol", "TCP"), protocol) {
					continue
				}
				for _, one := range m.behindService(s) {
					port := cmp.Or(p.Int("targetPort"), p.Int("port"))
					if name := p.Str("targetPort"); name != "" && one.of != "" {
						if port = one.ports[name]; port == 0 {
							continue // no endpoint of this port
						}
					}
					judge(s.In.Str("metadata.namespace"), []pod{one}, port, seen)
				}
			}
		}
		if served || nodePort != b.group.Props().Int("port") {
			continue // kube-proxy answers on a port for health checks alone
		}
		for _, name := range m.namespaces(region) {
			judge(name, m.pods(region, name), b.listener.Props().Int("port"), clients)
		}
	}
	return hops
}

// nodeAddresses are what pods see as the source of what other nodes pass on to them, as
// kube-proxy does unless externalTrafficPolicy is Local. Source:
// kubernetes.io/docs/tutorials/services/source-ip.
func (m *model) nodeAddresses(cluster *inventory.Object) (found []netip.Addr) {
	for _, nodes := range m.All(awstype.NodeGroup) {
		if m.clusterOf(nodes) != cluster {
			continue
		}
		for _, id := range nodes.Props().Strings("subnetIds") {
			if subnet := m.Get(awstype.Subnet, id); subnet != nil {
				found = append(found, m.sources(subnet)...)
			}
		}
	}
	return found
}

func (m *model) servicesOn(nodePort int) []*inventory.Object { return ServicesOn(m.View, nodePort) }

// ServicesOn are the Kubernetes services with a node port.
func ServicesOn(view inventory.View, nodePort int) []*inventory.Object {
	return view.Where(kubetype.Service, func(s *inventory.Object) bool {
		return slices.ContainsFunc(s.Props().Maps("spec.ports"), func(p inventory.Props) bool { return p.Int("nodePort") == nodePort })
	})
}

// healthPort is where the load balancer asks whether a target is well.
func (b behind) healthPort() int {
	text := b.group.Props().StrOr("healthCheck.port", "traffic-port")
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return b.group.Props().Int("port")
}

// health judges the health checks, which come from the load balancer's own addresses
// (NLB-09).
func (m *model) health(b behind) []Hop {
	hops := m.toNodes(b, netip.Addr{}, "tcp", b.healthPort(), " for health checks")
	var from []netip.Addr
	for _, f := range b.fronts {
		from = append(from, f.address)
	}
	return append(hops, m.toPods(b, from, "tcp", b.healthPort())...)
}

// healthy reports whether some target answers the load balancer's checks from one of its
// addresses.
func (m *model) healthy(b behind, f front) bool {
	b.fronts = []front{f}
	asked := m.toNodes(b, netip.Addr{}, "tcp", b.healthPort(), "")
	return len(asked) > 0 && (Path{Hops: m.health(b)}).Verdict() == Passes
}
