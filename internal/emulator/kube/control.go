package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	quantities "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/rules"
)

// A control is a cluster's controllers, scheduler and kubelets, at work after each
// write until nothing is left to do. Whoever waits sees what they came to.
type control struct {
	tx      *emulator.Tx
	cluster *inventory.Object
	nodes   []*node
	pods    []*pod
	changed bool
	err     error // the first
}

// A pod is one that exists, and what it is short of.
type pod struct {
	*corev1.Pod
	o       *inventory.Object
	trouble trouble
}

// A trouble is why something is not ready: the rule behind it, and the event that the
// cluster shows.
type trouble struct {
	rule  rules.ID
	event string
}

// The troubles of pods and of what makes them are kept beside the object.
const (
	hiddenRule  = "rule"
	hiddenEvent = "event"
)

func troubleOf(o *inventory.Object) trouble {
	return trouble{rules.ID(o.Hidden.Str(hiddenRule)), o.Hidden.Str(hiddenEvent)}
}

func (t trouble) keep(o *inventory.Object) {
	if o.Hidden == nil {
		o.Hidden = inventory.Props{}
	}
	delete(o.Hidden, hiddenRule)
	delete(o.Hidden, hiddenEvent)
	if t.event != "" {
		o.Hidden[hiddenRule], o.Hidden[hiddenEvent] = string(t.rule), t.event
	}
}

// settle lets a cluster's controllers work.
func settle(c *emulator.Call) error {
	types := []string{
		kubetype.StatefulSet, kubetype.Deployment, kubetype.DaemonSet, kubetype.Job, kubetype.Pod,
		kubetype.PersistentVolume, kubetype.PersistentVolumeClaim, kubetype.PodDisruptionBudget,
	}
	if !slices.ContainsFunc(types, func(typ string) bool { return len(c.Tx.All(typ)) > 0 }) {
		return nil
	}
	k := &control{tx: c.Tx, cluster: clusterAt(c.Tx, c.Tx.Region)}
	k.nodes = nodesOf(c.Tx, k.cluster)
	if k.cluster != nil {
		occupy(k.nodes, systemPods(c.Tx.Everywhere().Within(k.cluster.Region).View, k.cluster))
	}
	if err := k.load(); err != nil {
		return err
	}
	k.evict()
	// Each turn does what is possible then. A cluster that needs more turns than
	// this is none that anybody tries here.
	for range 1000 {
		k.changed = false
		k.bind()
		if err := k.syncWorkloads(); err != nil {
			return err
		}
		k.schedule()
		k.start()
		if k.err != nil {
			return k.err
		}
		if !k.changed {
			k.report()
			return nil
		}
	}
	return fmt.Errorf("the controllers of %s do not come to rest", k.tx.Region)
}

func (k *control) load() error {
	for _, o := range k.tx.All(kubetype.Pod) {
		p := &pod{Pod: &corev1.Pod{}, o: o, trouble: troubleOf(o)}
		if err := into(o.Out, p.Pod); err != nil {
			return fmt.Errorf("read pod %s: %w", o.ID, err)
		}
		k.pods = append(k.pods, p)
	}
	return nil
}

// into reads what is stored as Kubernetes' own type.
func into(props inventory.Props, v any) error {
	text, err := json.Marshal(props)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// plain is an object of Kubernetes' own type as it is stored, without nulls.
func plain(v any) (inventory.Props, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	props := inventory.Props{}
	if err := json.Unmarshal(text, &props); err != nil {
		return nil, err
	}
	dropNulls(map[string]any(props))
	return props, nil
}

func dropNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			if e == nil {
				delete(v, name)
			}
			dropNulls(e)
		}
	case []any:
		for _, e := range v {
			dropNulls(e)
		}
	}
}

// uidOf is a UID that is the same for the same place, owner and name.
func (k *control) uidOf(parts ...string) string {
	text := strings.Join(append([]string{k.tx.Account().Seed, k.tx.Region}, parts...), "\x00")
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(text)).String()
}

// digest is what names made by controllers end with.
func digest(n int, v ...any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // not reached: Kubernetes' types can be encoded
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:n]
}

// quantity is the one at a path, or zero.
func quantity(p inventory.Props, path string) quantities.Quantity {
	q, err := quantities.ParseQuantity(p.Str(path))
	if v, ok := p.Get(path); ok && err != nil {
		q, err = quantities.ParseQuantity(fmt.Sprint(v))
	}
	if err != nil {
		return quantities.Quantity{}
	}
	return q
}

// store writes a pod as it is now.
func (k *control) store(p *pod) error {
	if p.CreationTimestamp.IsZero() {
		p.CreationTimestamp = metav1.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	out, err := plain(p.Pod)
	if err != nil {
		return fmt.Errorf("store pod %s: %w", p.o.ID, err)
	}
	p.o.Out = out
	p.trouble.keep(p.o)
	k.tx.Put(p.o)
	return nil
}

// make creates a pod of an owner from its template, if admission lets it.
func (k *control) make(w *workload, name string, spec *corev1.PodTemplateSpec) *pod {
	template := spec.DeepCopy()
	made := true
	p := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: w.namespace, Labels: template.Labels, Annotations: template.Annotations,
			UID: types.UID(k.uidOf(w.uid, name, fmt.Sprint(w.o.Out.Int("metadata.generation")))),
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: w.o.Out.Str("apiVersion"), Kind: w.kind, Name: w.name, UID: types.UID(w.uid), Controller: &made, BlockOwnerDeletion: &made,
			}},
		},
		Spec: template.Spec,
	}
	if p.Spec.ServiceAccountName == "" {
		p.Spec.ServiceAccountName = "default"
	}
	if t := k.admit(p); t.event != "" {
		t.event = w.refusal(name, t.event)
		w.refused = t
		return nil
	}
	p.Status.Phase = corev1.PodPending
	in := inventory.Props{"metadata": map[string]any{"name": name, "namespace": w.namespace}}
	o := &inventory.Object{Type: kubetype.Pod, ID: w.namespace + "/" + name, MadeBy: w.o.ID, In: in}
	one := &pod{Pod: p, o: o}
	k.pods = append(k.pods, one)
	k.changed = true
	w.err = k.store(one)
	return one
}

// remove takes a pod away.
func (k *control) remove(p *pod) {
	k.pods = slices.DeleteFunc(k.pods, func(q *pod) bool { return q == p })
	k.tx.Remove(p.o)
	k.changed = true
}

// podsOf are the pods that an owner made, in the order in which it made them.
func (k *control) podsOf(uid string) (found []*pod) {
	for _, p := range k.pods {
		if owner := metav1.GetControllerOf(p.Pod); owner != nil && string(owner.UID) == uid {
			found = append(found, p)
		}
	}
	return found
}

// evict takes away the pods of nodes that are gone. What made them makes others.
func (k *control) evict() {
	for _, p := range slices.Clone(k.pods) {
		gone := p.Spec.NodeName != "" && !slices.ContainsFunc(k.nodes, func(n *node) bool { return n.Name == p.Spec.NodeName })
		if gone && !p.ended() && p.o.URN == "" {
			k.remove(p)
		}
	}
	for _, n := range k.nodes {
		if slices.ContainsFunc(k.pods, func(p *pod) bool { return p.Spec.NodeName == n.Name }) {
			n.spare = false
		}
	}
}

func (p *pod) ended() bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

func (p *pod) is(condition corev1.PodConditionType) bool {
	i := slices.IndexFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == condition })
	return i >= 0 && p.Status.Conditions[i].Status == corev1.ConditionTrue
}

func (p *pod) ready() bool { return p.is(corev1.PodReady) }

// claimNames are the names of the claims that a pod uses.
func (p *pod) claimNames() (names []string) {
	for _, v := range p.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			names = append(names, v.PersistentVolumeClaim.ClaimName)
		}
	}
	return names
}

// set sets a condition.
func (p *pod) set(condition corev1.PodConditionType, holds bool, reason, message string) {
	status := map[bool]corev1.ConditionStatus{true: corev1.ConditionTrue, false: corev1.ConditionFalse}[holds]
	p.Status.Conditions = slices.DeleteFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == condition })
	p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: condition, Status: status, Reason: reason, Message: message})
}

// hasCondition reports whether a stored pod has a condition.
func hasCondition(o *inventory.Object, condition corev1.PodConditionType) bool {
	return slices.ContainsFunc(o.Out.Maps("status.conditions[*]"), func(c inventory.Props) bool {
		return c.Str("type") == string(condition) && c.Str("status") == string(corev1.ConditionTrue)
	})
}

// claimsOf are the names of the claims that a stored pod uses.
func claimsOf(o *inventory.Object) []string {
	return o.Out.Strings("spec.volumes[*].persistentVolumeClaim.claimName")
}

// selected are the stored pods of a namespace that have the labels.
func selected(tx *emulator.Tx, namespace string, selector map[string]string) []*inventory.Object {
	want := labels.SelectorFromSet(selector)
	return tx.Where(kubetype.Pod, func(o *inventory.Object) bool {
		return namespaceOf(o.In) == namespace && want.Matches(labels.Set(texts(o.Out.Map("metadata.labels"))))
	})
}

// report writes what is counted at the end.
func (k *control) report() {
	for _, o := range k.tx.All(kubetype.PodDisruptionBudget) {
		k.reportBudget(o)
	}
}

// status puts a status where it differs from what is stored.
func (k *control) status(o *inventory.Object, status map[string]any) {
	want := inventory.Props{"status": status}.Clone()
	if digest(16, o.Out.Map("status")) != digest(16, want.Map("status")) {
		o.Out.Set("status", want.Map("status"))
		k.tx.Put(o)
	}
}
