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
}

// clusterDNS is what answers names inside every cluster. Source: the Service kube-dns
// and the label that Kubernetes itself sets on namespaces.
var clusterDNS = Peer{
	Namespace: map[string]any{"kubernetes.io/metadata.name": "kube-system"},
	Pod:       map[string]any{"k8s-app": "kube-dns"},
}

// workloadTypes run pods, and say under this path which labels they have.
var workloadTypes = map[string]string{
	kubetype.Pod:         "metadata.labels",
	kubetype.Deployment:  "spec.template.metadata.labels",
	kubetype.StatefulSet: "spec.template.metadata.labels",
	kubetype.DaemonSet:   "spec.template.metadata.labels",
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

// policies judges the first packet of a connection of the pods of a namespace, which it
// does not tell apart: they are isolated in a direction when a policy selects any of
// them, and get what any rule of such policies allows. Where no workload is yet, policies
// that select every pod count. Source:
// kubernetes.io/docs/concepts/services-networking/network-policies.
func (m *model) policies(cluster, namespace string, egress bool, far Peer, protocol string, port int) Hop {
	place, direction := "network policies of namespace "+namespace, "Ingress"
	if egress {
		direction = "Egress"
	}
	var isolating []string
	for _, o := range m.All(kubetype.NetworkPolicy) {
		spec := o.Props().Map("spec")
		if o.Region != cluster || o.In.Str("metadata.namespace") != namespace || !hasType(spec, direction) ||
			!m.selectsPods(o, spec.Map("podSelector")) {
			continue
		}
		for _, rule := range spec.Maps(strings.ToLower(direction) + "[*]") {
			peers := rule.Maps("from[*]")
			if egress {
				peers = rule.Maps("to[*]")
			}
			if anyPeer(peers, far) && anyPort(rule.Maps("ports[*]"), protocol, port) {
				return passes(place, o.ID)
			}
		}
		isolating = append(isolating, o.ID)
	}
	if len(isolating) == 0 {
		return passes(place, "")
	}
	where := "cluster DNS"
	if far.Address.IsValid() {
		where = far.Address.String()
	}
	return stopped(place, strings.Join(isolating, ", "), "", "add a NetworkPolicy that allows it",
		"no %s rule of them allows %s port %d with %s", strings.ToLower(direction), upper[protocol], port, where)
}

// hasType reports whether a policy is about a direction: it says so, or, where it says
// nothing, every policy is about Ingress and one with egress rules about Egress.
func hasType(spec inventory.Props, direction string) bool {
	if types := spec.Strings("policyTypes"); len(types) > 0 {
		return slices.Contains(types, direction)
	}
	return direction == "Ingress" || spec.Has("egress")
}

// selectsPods reports whether a policy selects pods of its namespace that exist, or
// every one that may come.
func (m *model) selectsPods(policy *inventory.Object, selector inventory.Props) bool {
	if len(selector.Map("matchLabels")) == 0 && len(selector.List("matchExpressions")) == 0 {
		return true
	}
	for typ, path := range workloadTypes {
		for _, o := range m.All(typ) {
			here := o.Region == policy.Region && o.In.Str("metadata.namespace") == policy.In.Str("metadata.namespace")
			if here && selects(selector, o.In.Map(path)) {
				return true
			}
		}
	}
	return false
}

func anyPeer(peers []inventory.Props, far Peer) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p inventory.Props) bool {
		if block := p.Map("ipBlock"); block != nil {
			in := func(text string) bool {
				r, err := netip.ParsePrefix(text)
				return err == nil && r.Contains(far.Address)
			}
			return far.Address.IsValid() && in(block.Str("cidr")) && !slices.ContainsFunc(block.Strings("except"), in)
		}
		// Without a namespace selector, a peer is a pod of the policy's own namespace.
		return far.Namespace != nil && p.Has("namespaceSelector") && selects(p.Map("namespaceSelector"), far.Namespace) &&
			(!p.Has("podSelector") || selects(p.Map("podSelector"), far.Pod))
	})
}

func anyPort(ports []inventory.Props, protocol string, port int) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p inventory.Props) bool {
		first := p.Int("port")
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
