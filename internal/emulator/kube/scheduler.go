package kube

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	podresources "k8s.io/component-helpers/resource"
	schedulingv1 "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
)

// Reasons of the scheduler. Source: kubernetes pkg/scheduler/framework/plugins.
const (
	reasonAffinity     = "node(s) didn't match Pod's node affinity/selector"
	reasonTaint        = "node(s) had untolerated taint(s)"
	reasonVolume       = "node(s) didn't match PersistentVolume's node affinity"
	reasonNoVolume     = "node(s) didn't find available persistent volumes to bind"
	reasonPodAffinity  = "node(s) didn't match pod affinity rules"
	reasonAntiAffinity = "node(s) didn't match pod anti-affinity rules"
	reasonOthers       = "node(s) didn't satisfy existing pods anti-affinity rules"
	reasonSpread       = "node(s) didn't match pod topology spread constraints"
	reasonNoDomain     = reasonSpread + " (missing required label)"
	reasonPorts        = "node(s) didn't have free ports for the requested pod ports"
	reasonPods         = "Too many pods"
)

// resolvable are the reasons that the eviction of other pods could mend.
func resolvable(reason string) bool {
	return strings.HasPrefix(reason, "Insufficient ") || slices.Contains([]string{reasonPods, reasonAntiAffinity, reasonOthers, reasonSpread, reasonPorts}, reason)
}

// schedule gives a node to each pod that has none, or says why it gets none.
func (k *control) schedule() {
	for _, p := range k.pods {
		if p.Spec.NodeName != "" || p.ended() {
			continue
		}
		n, t := k.place(p)
		if n == nil {
			if t != p.trouble || !p.told() {
				p.trouble = t
				p.set(corev1.PodScheduled, false, corev1.PodReasonUnschedulable, strings.TrimPrefix(t.event, "FailedScheduling: "))
				k.keep(p)
			}
			continue
		}
		n.spare = false
		p.Spec.NodeName, p.trouble = n.Name, trouble{}
		p.set(corev1.PodScheduled, true, "", "")
		k.bindWaiting(p, n)
		k.keep(p)
		k.changed = true
	}
}

// told reports whether a pod's status says that it has no node.
func (p *pod) told() bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodScheduled })
}

// keep stores a pod.
func (k *control) keep(p *pod) {
	if err := k.store(p); err != nil && k.err == nil {
		k.err = err
	}
}

// place finds the node for a pod: of those that fit, the one with the fewest pods of
// its owner, then the fewest of all.
func (k *control) place(p *pod) (*node, trouble) {
	fails := func(text string) trouble { return trouble{"K8S-13", "FailedScheduling: " + text} }
	claims, t := k.claims(p)
	if t.event != "" {
		return nil, t
	}
	existing := slices.DeleteFunc(slices.Clone(k.nodes), func(n *node) bool { return n.spare })
	if len(k.nodes) == 0 {
		return nil, fails("no nodes available to schedule pods")
	}
	reasons := map[string]int{}
	helpful, helpless := 0, 0
	var fits []*node
	for _, n := range existing {
		why := k.obstacles(p, n, claims)
		if len(why) == 0 {
			fits = append(fits, n)
			continue
		}
		if slices.ContainsFunc(why, func(reason string) bool { return !resolvable(reason) }) {
			helpless++
		} else {
			helpful++
		}
		for _, reason := range why {
			reasons[reason]++
		}
	}
	if len(fits) == 0 {
		for _, n := range k.nodes {
			if n.spare && len(k.obstacles(p, n, claims)) == 0 {
				return n, trouble{}
			}
		}
		t = fails(unschedulable(len(existing), reasons, helpful, helpless))
		switch {
		case reasons[reasonNoVolume] > 0:
			t.rule = "K8S-15"
		case reasons[reasonVolume] > 0:
			t.rule = "K8S-20"
		}
		return nil, t
	}
	return slices.MinFunc(fits, func(a, b *node) int {
		return cmp.Or(cmp.Compare(k.siblings(p, a), k.siblings(p, b)), cmp.Compare(k.on(a), k.on(b)))
	}), trouble{}
}

// unschedulable words the scheduler's verdict. Source: kubernetes
// pkg/scheduler/framework/types.go, FitError.
func unschedulable(nodes int, reasons map[string]int, helpful, helpless int) string {
	if nodes == 0 {
		return "no nodes available to schedule pods"
	}
	var list, preemption []string
	for reason, n := range reasons {
		list = append(list, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(list)
	for _, part := range []struct {
		n    int
		text string
	}{{helpful, "No preemption victims found for incoming pod"}, {helpless, "Preemption is not helpful for scheduling"}} {
		if part.n > 0 {
			preemption = append(preemption, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	slices.Sort(preemption)
	return fmt.Sprintf("0/%d nodes are available: %s. preemption: 0/%d nodes are available: %s.",
		nodes, strings.Join(list, ", "), nodes, strings.Join(preemption, ", "))
}

func (k *control) on(n *node) (count int) {
	for _, p := range k.pods {
		if p.Spec.NodeName == n.Name && !p.ended() {
			count++
		}
	}
	return count
}

func (k *control) siblings(p *pod, n *node) (count int) {
	owner := metav1.GetControllerOf(p.Pod)
	for _, q := range k.pods {
		other := metav1.GetControllerOf(q.Pod)
		if q.Spec.NodeName == n.Name && owner != nil && other != nil && owner.UID == other.UID {
			count++
		}
	}
	return count
}

// obstacles are why a pod cannot run on a node. As in the scheduler, the first of
// its filters that says no is the one that is heard.
func (k *control) obstacles(p *pod, n *node, claims []*inventory.Object) []string {
	blocking := func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}
	if _, found := schedulingv1.FindMatchingUntoleratedTaint(n.Spec.Taints, p.Spec.Tolerations, blocking); found {
		return []string{reasonTaint}
	}
	if match, err := nodeaffinity.GetRequiredNodeAffinity(p.Pod).Match(n.Node); err != nil || !match {
		return []string{reasonAffinity}
	}
	if k.portsTaken(p, n) {
		return []string{reasonPorts}
	}
	for _, filter := range []func() []string{
		func() []string { return k.insufficient(p, n) },
		func() []string { return k.volumesElsewhere(n, claims) },
		func() []string { return k.badSpread(p, n) },
		func() []string { return k.badCompany(p, n) },
	} {
		if why := filter(); len(why) > 0 {
			return why
		}
	}
	return nil
}

func (k *control) portsTaken(p *pod, n *node) bool {
	ports := func(q *pod) (all []int32) {
		for _, c := range q.Spec.Containers {
			for _, port := range c.Ports {
				if port.HostPort != 0 {
					all = append(all, port.HostPort)
				} else if q.Spec.HostNetwork {
					all = append(all, port.ContainerPort)
				}
			}
		}
		return all
	}
	mine := ports(p)
	return len(mine) > 0 && slices.ContainsFunc(k.pods, func(q *pod) bool {
		return q != p && q.Spec.NodeName == n.Name && !q.ended() && slices.ContainsFunc(ports(q), func(port int32) bool { return slices.Contains(mine, port) })
	})
}

// insufficient is what a node has too little of.
func (k *control) insufficient(p *pod, n *node) (reasons []string) {
	free := n.Status.Allocatable.DeepCopy()
	used := 0
	for _, q := range k.pods {
		if q.Spec.NodeName != n.Name || q.ended() {
			continue
		}
		used++
		for name, request := range podresources.PodRequests(q.Pod, podresources.PodResourcesOptions{}) {
			if v, limited := free[name]; limited {
				v.Sub(request)
				free[name] = v
			}
		}
	}
	if pods := free[corev1.ResourcePods]; pods.Value() <= int64(used) {
		reasons = append(reasons, reasonPods)
	}
	wanted := podresources.PodRequests(p.Pod, podresources.PodResourcesOptions{})
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		v, limited := free[name]
		if request := wanted[name]; limited && request.Cmp(v) > 0 {
			reasons = append(reasons, "Insufficient "+string(name))
		}
	}
	return reasons
}

// domain is the part of a topology that a node is in.
func domain(n *node, key string) (string, bool) {
	v, ok := n.Labels[key]
	return v, ok
}

func (k *control) nodeOf(p *pod) *node {
	if i := slices.IndexFunc(k.nodes, func(n *node) bool { return n.Name == p.Spec.NodeName }); i >= 0 {
		return k.nodes[i]
	}
	return nil
}

// badSpread judges topologySpreadConstraints that must hold.
func (k *control) badSpread(p *pod, n *node) []string {
	for _, s := range p.Spec.TopologySpreadConstraints {
		if s.WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		here, ok := domain(n, s.TopologyKey)
		if !ok {
			return []string{reasonNoDomain}
		}
		selector, err := metav1.LabelSelectorAsSelector(s.LabelSelector)
		if err != nil {
			continue
		}
		counts := map[string]int{}
		for _, m := range k.nodes {
			match, err := nodeaffinity.GetRequiredNodeAffinity(p.Pod).Match(m.Node)
			if d, ok := domain(m, s.TopologyKey); ok && err == nil && match && (!m.spare || m == n) {
				counts[d] += 0
			}
		}
		for _, q := range k.pods {
			m := k.nodeOf(q)
			if q == p || m == nil || q.ended() || q.Namespace != p.Namespace || !selector.Matches(labels.Set(q.Labels)) {
				continue
			}
			if d, ok := domain(m, s.TopologyKey); ok {
				if _, counted := counts[d]; counted {
					counts[d]++
				}
			}
		}
		least := 0
		if s.MinDomains == nil || len(counts) >= int(*s.MinDomains) {
			least = slices.Min(slices.Collect(valuesOf(counts)))
		}
		self := 0
		if selector.Matches(labels.Set(p.Labels)) {
			self = 1
		}
		if counts[here]+self-least > int(s.MaxSkew) {
			return []string{reasonSpread}
		}
	}
	return nil
}

func valuesOf(m map[string]int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// concerns reports whether a term of an affinity is about a pod.
func concerns(t corev1.PodAffinityTerm, owner, q *pod) bool {
	selector, err := metav1.LabelSelectorAsSelector(t.LabelSelector)
	namespaces := t.Namespaces
	if len(namespaces) == 0 && t.NamespaceSelector == nil {
		namespaces = []string{owner.Namespace}
	}
	return err == nil && (t.NamespaceSelector != nil || contains(namespaces, q.Namespace)) && selector.Matches(labels.Set(q.Labels))
}

func antiAffinity(p *pod) []corev1.PodAffinityTerm {
	if p.Spec.Affinity == nil || p.Spec.Affinity.PodAntiAffinity == nil {
		return nil
	}
	return p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// badCompany judges required affinity and anti-affinity between pods.
func (k *control) badCompany(p *pod, n *node) []string {
	near := func(q *pod, key string) bool {
		m := k.nodeOf(q)
		if m == nil || q.ended() {
			return false
		}
		a, okA := domain(n, key)
		b, okB := domain(m, key)
		return okA && okB && a == b
	}
	if a := p.Spec.Affinity; a != nil && a.PodAffinity != nil {
		for _, t := range a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			found, any := false, false
			for _, q := range k.pods {
				if q != p && concerns(t, p, q) && k.nodeOf(q) != nil {
					any = true
					found = found || near(q, t.TopologyKey)
				}
			}
			first := !any && concerns(t, p, p) // the first of pods that want each other
			if !found && !first {
				return []string{reasonPodAffinity}
			}
		}
	}
	for _, q := range k.pods {
		if q == p {
			continue
		}
		for _, t := range antiAffinity(p) {
			if concerns(t, p, q) && near(q, t.TopologyKey) {
				return []string{reasonAntiAffinity}
			}
		}
		for _, t := range antiAffinity(q) {
			if concerns(t, q, p) && near(q, t.TopologyKey) {
				return []string{reasonOthers}
			}
		}
	}
	return nil
}

var errUnbound = errors.New("pod has unbound immediate PersistentVolumeClaims")

// claims are those of a pod, or why it cannot run yet for one of them.
func (k *control) claims(p *pod) (all []*inventory.Object, t trouble) {
	for _, name := range p.claimNames() {
		claim := k.tx.Get(kubetype.PersistentVolumeClaim, p.Namespace+"/"+name)
		nodes := len(k.nodes)
		fails := func(format string, args ...any) trouble {
			return trouble{"K8S-15", fmt.Sprintf("FailedScheduling: 0/%d nodes are available: ", nodes) + fmt.Sprintf(format, args...)}
		}
		switch {
		case claim == nil:
			return nil, fails("persistentvolumeclaim %q not found.", name)
		case claim.Out.Str("status.phase") == string(corev1.ClaimLost):
			return nil, fails("persistentvolumeclaim %q bound to non-existent persistentvolume %q.", name, claim.Out.Str("spec.volumeName"))
		case claim.Out.Str("status.phase") != string(corev1.ClaimBound) && !k.waits(claim):
			t := fails("%v. (claim %s: %s)", errUnbound, claim.ID, cmp.Or(troubleOf(claim).event, "it is not bound"))
			t.rule = cmp.Or(troubleOf(claim).rule, t.rule)
			return nil, t
		}
		all = append(all, claim)
	}
	return all, trouble{}
}

// volumesElsewhere: a volume is used where it is.
func (k *control) volumesElsewhere(n *node, claims []*inventory.Object) []string {
	for _, claim := range claims {
		if claim.Out.Str("status.phase") != string(corev1.ClaimBound) {
			if k.match(claim, n) == nil {
				return []string{reasonNoVolume}
			}
			continue
		}
		volume := k.tx.Get(kubetype.PersistentVolume, claim.Out.Str("spec.volumeName"))
		if volume != nil && !reachable(volume, n) {
			return []string{reasonVolume}
		}
	}
	return nil
}

// reachable reports whether a volume says that a node may use it.
func reachable(volume *inventory.Object, n *node) bool {
	var v corev1.PersistentVolume
	if err := into(volume.Out, &v); err != nil || v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required == nil {
		return err == nil
	}
	match, err := schedulingv1.MatchNodeSelectorTerms(n.Node, v.Spec.NodeAffinity.Required)
	return err == nil && match
}
