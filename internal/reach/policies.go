package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
)

// A Peer is the far end of a pod's connection: an address outside the cluster, or a
// pod, by the labels of its namespace and its own.
type Peer struct {
	Address        netip.Addr
	Namespace, Pod map[string]any
	// Ports are the names of the pod's ports.
	Ports map[string]int
}

// clusterDNS is what answers names inside every cluster. Source: the Service kube-dns,
// CoreDNS' ports, and the label that Kubernetes itself sets on namespaces.
var clusterDNS = Peer{
	Namespace: map[string]any{namespaceName: "kube-system"},
	Pod:       map[string]any{"k8s-app": "kube-dns"},
	Ports:     map[string]int{"dns": dnsPort, "dns-tcp": dnsPort},
}

const namespaceName = "kubernetes.io/metadata.name"

// workloadTypes run pods, and say under this path what they are like.
var workloadTypes = map[string]string{
	kubetype.Pod:         "",
	kubetype.Deployment:  "spec.template.",
	kubetype.ReplicaSet:  "spec.template.",
	kubetype.StatefulSet: "spec.template.",
	kubetype.DaemonSet:   "spec.template.",
	kubetype.Job:         "spec.template.",
	kubetype.CronJob:     "spec.jobTemplate.spec.template.",
}

// A pod stands for all pods of a workload.
type pod struct {
	of     string // id of the workload, "" for whichever pods may come
	labels map[string]any
	ports  map[string]int // by name
	idle   bool           // the workload runs none at present
}

// pods are those of a namespace's workloads; where there is none yet, one without labels.
func (m *model) pods(cluster, namespace string) (found []pod) {
	for typ, at := range workloadTypes {
		for _, o := range m.All(typ) {
			p := o.Props()
			if o.Region != cluster || p.Str("metadata.namespace") != namespace {
				continue
			}
			count, set := p.Get("spec.replicas")
			one := pod{o.ID, p.Map(at + "metadata.labels"), map[string]int{}, set && count == any(0.0)}
			for _, port := range p.Maps(at + "spec.containers[*].ports[*]") {
				if name := port.Str("name"); name != "" {
					one.ports[name] = port.Int("containerPort")
				}
			}
			found = append(found, one)
		}
	}
	if len(found) == 0 {
		return []pod{{}}
	}
	slices.SortFunc(found, func(a, b pod) int { return cmp.Compare(a.of, b.of) })
	return found
}

// behindService are the pods that a service sends to; where there is none yet, one without
// labels.
func (m *model) behindService(service *inventory.Object) []pod {
	selector := service.Props().Map("spec.selector")
	chosen := slices.DeleteFunc(m.pods(service.Region, service.Props().Str("metadata.namespace")), func(p pod) bool {
		return len(selector) == 0 || !selects(inventory.Props{"matchLabels": map[string]any(selector)}, p.labels)
	})
	if len(chosen) == 0 {
		return []pod{{}}
	}
	return chosen
}

// namespaces are those of a cluster that somebody made, by name.
func (m *model) namespaces(cluster string) (names []string) {
	for _, o := range m.All(kubetype.Namespace) {
		name := o.In.Str("metadata.name")
		if o.URN != "" && o.Region == cluster && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// policies judges the first packet of a connection of pods of a namespace, all of which
// rely on it: a pod is isolated in a direction when a policy selects it, and gets what any
// rule of such policies allows. Source:
// kubernetes.io/docs/concepts/services-networking/network-policies.
func (m *model) policies(cluster, namespace string, pods []pod, egress bool, far Peer, protocol string, port int) Hop {
	place, direction := "network policies of namespace "+namespace, "Ingress"
	if egress {
		direction = "Egress"
	}
	where := "cluster DNS"
	if far.Address.IsValid() {
		where = far.Address.String()
	}
	var let Hop
	for _, pod := range pods {
		isolating, by := m.isolating(cluster, namespace, pod, egress, far, protocol, port)
		if by != "" || len(isolating) == 0 {
			let = passes(place, by)
			continue
		}
		whose := ""
		if pod.of != "" {
			whose = " of pods of " + pod.of
		}
		return stopped(place, strings.Join(isolating, ", "), "", "add a NetworkPolicy that allows it",
			"no %s rule of them allows %s port %d%s with %s", strings.ToLower(direction), upper[protocol], port, whose, where)
	}
	return let
}

// isolating are the policies that select a pod in a direction, and the one of them that
// allows a packet, or "".
func (m *model) isolating(cluster, namespace string, pod pod, egress bool, far Peer, protocol string, port int) (isolating []string, by string) {
	direction, peers, ports := "Ingress", "from[*]", pod.ports
	if egress {
		direction, peers, ports = "Egress", "to[*]", far.Ports
	}
	for _, o := range m.All(kubetype.NetworkPolicy) {
		spec := o.Props().Map("spec")
		if o.Region != cluster || o.In.Str("metadata.namespace") != namespace || !hasType(spec, direction) || !selects(spec.Map("podSelector"), pod.labels) {
			continue
		}
		isolating = append(isolating, o.ID)
		for _, rule := range spec.Maps(strings.ToLower(direction) + "[*]") {
			if by == "" && anyPeer(rule.Maps(peers), namespace, far) && anyPort(rule.Maps("ports[*]"), ports, protocol, port) {
				by = o.ID
			}
		}
	}
	return isolating, by
}

// hasType reports whether a policy is about a direction: it says so, or, where it says
// nothing, every policy is about Ingress and one with egress rules about Egress. Source:
// kubernetes pkg/apis/networking/v1/defaults.go.
func hasType(spec inventory.Props, direction string) bool {
	if types := spec.Strings("policyTypes"); len(types) > 0 {
		return slices.Contains(types, direction)
	}
	return direction == "Ingress" || len(spec.List("egress")) > 0
}

func anyPeer(peers []inventory.Props, namespace string, far Peer) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p inventory.Props) bool {
		if block := p.Map("ipBlock"); block != nil {
			in := func(text string) bool {
				r, err := netip.ParsePrefix(text)
				return err == nil && r.Contains(far.Address)
			}
			return far.Address.IsValid() && in(block.Str("cidr")) && !slices.ContainsFunc(block.Strings("except"), in)
		}
		if far.Namespace == nil || p.Has("podSelector") && !selects(p.Map("podSelector"), far.Pod) {
			return false
		}
		if !p.Has("namespaceSelector") { // a pod of the policy's own namespace
			return far.Namespace[namespaceName] == namespace
		}
		return selects(p.Map("namespaceSelector"), far.Namespace)
	})
}

// anyPort reports whether rules are about a port. A named one is that of the pod which is
// connected to; an address has none.
func anyPort(rules []inventory.Props, names map[string]int, protocol string, port int) bool {
	return len(rules) == 0 || slices.ContainsFunc(rules, func(p inventory.Props) bool {
		first := p.Int("port")
		if name := p.Str("port"); name != "" {
			first = names[name]
		}
		last := cmp.Or(p.Int("endPort"), first)
		return strings.EqualFold(p.StrOr("protocol", "TCP"), protocol) && (!p.Has("port") || first <= port && port <= last)
	})
}

// selects evaluates a label selector. Source: kubernetes.io/docs/concepts/overview/
// working-with-objects/labels, set-based requirements.
func selects(selector inventory.Props, labels map[string]any) bool {
	for name, want := range selector.Map("matchLabels") {
		if labels[name] != want {
			return false
		}
	}
	for _, e := range selector.Maps("matchExpressions[*]") {
		v, has := labels[e.Str("key")]
		text, _ := v.(string)
		in := has && slices.Contains(e.Strings("values"), text)
		switch e.Str("operator") {
		case "In":
			has = in
		case "NotIn":
			has = !in
		case "DoesNotExist":
			has = !has
		}
		if !has {
			return false
		}
	}
	return true
}
