package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	schedulingv1 "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
)

// A workload is one object that makes pods.
type workload struct {
	o                          *inventory.Object
	kind, namespace, name, uid string
	refused                    trouble // why its last pod was not made
	err                        error
}

// syncs are what the controllers do, by kind.
var syncs = []struct {
	token, kind string
	sync        func(*control, *workload) error
}{
	{kubetype.StatefulSet, "StatefulSet", (*control).syncStatefulSet},
	{kubetype.Deployment, "Deployment", (*control).syncDeployment},
	{kubetype.DaemonSet, "DaemonSet", (*control).syncDaemonSet},
	{kubetype.Job, "Job", (*control).syncJob},
}

func (k *control) syncWorkloads() error {
	for _, s := range syncs {
		for _, o := range k.tx.All(s.token) {
			w := &workload{o: o, kind: s.kind, namespace: namespaceOf(o.In), name: o.Out.Str("metadata.name"), uid: uid(o)}
			if err := s.sync(k, w); err != nil {
				return fmt.Errorf("sync %s %s: %w", s.kind, o.ID, err)
			}
			if w.err != nil {
				return w.err
			}
			if troubleOf(o) != w.refused {
				w.refused.keep(o)
				k.tx.Put(o)
			}
		}
	}
	return nil
}

// refusal words the event of a pod that could not be made.
func (w *workload) refusal(pod, why string) string {
	if w.kind == "StatefulSet" {
		return fmt.Sprintf("FailedCreate: create Pod %s in StatefulSet %s failed error: %s", pod, w.name, why)
	}
	return "FailedCreate: Error creating: " + why
}

// revision names a version of a template.
func revision(w *workload, template *corev1.PodTemplateSpec) string {
	return w.name + "-" + digest(10, template)
}

const (
	revisionLabel = "controller-revision-hash"
	hashLabel     = "pod-template-hash"
)

// labelled is a copy of a template with labels that a controller adds.
func labelled(template *corev1.PodTemplateSpec, more map[string]string) *corev1.PodTemplateSpec {
	template = template.DeepCopy()
	if template.Labels == nil {
		template.Labels = map[string]string{}
	}
	maps.Copy(template.Labels, more)
	return template
}

// oneUnless is a count that is 1 unless it is said.
func oneUnless(n *int32) int {
	if n == nil {
		return 1
	}
	return int(*n)
}

// A set is a StatefulSet at work.
type set struct {
	*appsv1.StatefulSet
	w               *workload
	current, update string       // revisions
	first, last     int          // ordinals
	pods            map[int]*pod // by ordinal
	ordered         bool
}

// syncStatefulSet is one step of the controller. Source: kubernetes
// pkg/controller/statefulset/stateful_set_control.go, updateStatefulSet.
func (k *control) syncStatefulSet(w *workload) error {
	s := &set{StatefulSet: &appsv1.StatefulSet{}, w: w, pods: map[int]*pod{}}
	if err := into(w.o.Out, s.StatefulSet); err != nil {
		return err
	}
	s.update = revision(w, &s.Spec.Template)
	s.current = cmp.Or(s.Status.CurrentRevision, s.update)
	s.ordered = s.Spec.PodManagementPolicy != appsv1.ParallelPodManagement
	if s.Spec.Ordinals != nil {
		s.first = int(s.Spec.Ordinals.Start)
	}
	s.last = s.first + oneUnless(s.Spec.Replicas) - 1
	for _, p := range k.podsOf(w.uid) {
		if n, err := strconv.Atoi(p.Name[strings.LastIndex(p.Name, "-")+1:]); err == nil {
			s.pods[n] = p
		}
	}
	if k.fillSet(s) && k.shrinkSet(s) && k.rollSet(s) {
		s.current = s.update
	}
	k.reportStatefulSet(s)
	return nil
}

// fillSet makes the pods that are missing: in order, and one after the other is
// ready, unless the set is Parallel.
func (k *control) fillSet(s *set) (filled bool) {
	for n := s.first; n <= s.last; n++ {
		if s.pods[n] == nil {
			k.makeStatefulPod(s, n)
			if s.ordered {
				return false
			}
		} else if s.ordered && !s.pods[n].ready() {
			return false
		}
	}
	return true
}

// shrinkSet takes away pods that are too many, the last one first.
func (k *control) shrinkSet(s *set) (shrunk bool) {
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(s.pods))) {
		if n >= s.first && n <= s.last {
			continue
		}
		k.scaledDown(s.StatefulSet, s.pods[n])
		k.remove(s.pods[n])
		delete(s.pods, n)
		if s.ordered {
			return false
		}
	}
	return true
}

// rollSet replaces one pod of an older revision, the last one first, and only when
// those after it are ready. It reports whether all are of the new one.
func (k *control) rollSet(s *set) (rolled bool) {
	if s.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return false
	}
	least := s.first
	if r := s.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		least = s.first + int(*r.Partition)
	}
	for n := s.last; n >= least; n-- {
		p := s.pods[n]
		switch {
		case p == nil:
			return false
		case p.Labels[revisionLabel] != s.update:
			k.remove(p)
			delete(s.pods, n)
			return false
		case !p.ready():
			return false
		}
	}
	return least == s.first
}

// makeStatefulPod makes a pod of a StatefulSet, and before that its claims, which
// outlive it.
func (k *control) makeStatefulPod(s *set, ordinal int) {
	name := fmt.Sprintf("%s-%d", s.w.name, ordinal)
	template := labelled(&s.Spec.Template, map[string]string{
		revisionLabel: s.update, "statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": strconv.Itoa(ordinal),
	})
	template.Spec.Hostname, template.Spec.Subdomain = name, s.Spec.ServiceName
	for _, claim := range s.Spec.VolumeClaimTemplates {
		claimName := claim.Name + "-" + name
		k.makeClaim(s, &claim, claimName)
		template.Spec.Volumes = slices.DeleteFunc(template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == claim.Name })
		template.Spec.Volumes = append(template.Spec.Volumes, corev1.Volume{Name: claim.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName},
		}})
	}
	if p := k.make(s.w, name, template); p != nil {
		s.pods[ordinal] = p
	}
}

func (k *control) makeClaim(s *set, template *corev1.PersistentVolumeClaim, name string) {
	w := s.w
	id := w.namespace + "/" + name
	if k.tx.Get(kubetype.PersistentVolumeClaim, id) != nil {
		return
	}
	claim := template.DeepCopy()
	claim.Name, claim.Namespace = name, w.namespace
	claim.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
	if s.Spec.Selector != nil {
		if claim.Labels == nil {
			claim.Labels = map[string]string{}
		}
		maps.Copy(claim.Labels, s.Spec.Selector.MatchLabels)
	}
	out, err := plain(claim)
	if err != nil {
		w.err = err
		return
	}
	out.Set("metadata.creationTimestamp", epoch)
	out.Default("spec.volumeMode", string(corev1.PersistentVolumeFilesystem))
	if class := defaultClass(k.tx); class != "" {
		out.Default("spec.storageClassName", class)
	}
	out.Set("status", map[string]any{"phase": string(corev1.ClaimPending)})
	o := &inventory.Object{
		Type: kubetype.PersistentVolumeClaim, ID: id, MadeBy: w.o.ID, Out: out,
		In: inventory.Props{"metadata": map[string]any{"name": name, "namespace": w.namespace}},
	}
	k.tx.Put(o)
	// A claim made again is another one: its serial tells.
	o.Out.Set("metadata.uid", k.uidOf("claim", w.uid, name, fmt.Sprint(o.Serial)))
	k.tx.Put(o)
	k.changed = true
}

// scaledDown takes away the claims of a pod where the set says so.
func (k *control) scaledDown(set *appsv1.StatefulSet, p *pod) {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	if policy == nil || policy.WhenScaled != appsv1.DeletePersistentVolumeClaimRetentionPolicyType {
		return
	}
	for _, claim := range set.Spec.VolumeClaimTemplates {
		if o := k.tx.Get(kubetype.PersistentVolumeClaim, p.Namespace+"/"+claim.Name+"-"+p.Name); o != nil {
			k.tx.Remove(o)
		}
	}
}

func (k *control) reportStatefulSet(s *set) {
	count := map[string]int{}
	for _, p := range s.pods {
		count["replicas"]++
		if p.ready() {
			count["readyReplicas"]++
			count["availableReplicas"]++
		}
		if p.Labels[revisionLabel] == s.current {
			count["currentReplicas"]++
		}
		if p.Labels[revisionLabel] == s.update {
			count["updatedReplicas"]++
		}
	}
	status := map[string]any{
		"observedGeneration": s.w.o.Out.Int("metadata.generation"), "currentRevision": s.current, "updateRevision": s.update,
		"collisionCount": 0, "replicas": count["replicas"], "availableReplicas": count["availableReplicas"],
	}
	for _, name := range []string{"readyReplicas", "currentReplicas", "updatedReplicas"} {
		if count[name] > 0 {
			status[name] = count[name]
		}
	}
	k.status(s.w.o, status)
}

// scaled is a number, or a percentage of a count.
func scaled(v *intstr.IntOrString, of int, up bool) int {
	if v == nil {
		d := intstr.FromString("25%")
		v = &d
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(v, of, up)
	if err != nil {
		return 0 // validation has seen it
	}
	return n
}

// syncDeployment is one step: pods of the new template come as far as maxSurge lets
// them, and those of old ones go as far as maxUnavailable lets them.
func (k *control) syncDeployment(w *workload) error {
	var d appsv1.Deployment
	if err := into(w.o.Out, &d); err != nil {
		return err
	}
	want, hash := oneUnless(d.Spec.Replicas), digest(10, d.Spec.Template)
	recreate := d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType
	surge, missing := 0, want
	if !recreate {
		r := d.Spec.Strategy.RollingUpdate
		if r == nil {
			r = &appsv1.RollingUpdateDeployment{}
		}
		surge, missing = scaled(r.MaxSurge, want, true), scaled(r.MaxUnavailable, want, false)
		if surge == 0 && missing == 0 {
			missing = 1
		}
	}
	old, mine := []*pod{}, []*pod{}
	ready := 0
	for _, p := range k.podsOf(w.uid) {
		if p.Labels[hashLabel] == hash {
			mine = append(mine, p)
		} else {
			old = append(old, p)
		}
		if p.ready() {
			ready++
		}
	}
	defer func() { k.reportDeployment(w, &d, hash, missing) }()
	for _, p := range slices.Concat(old, mine) {
		tooMany := len(mine) > want && slices.Contains(mine, p)
		outdated := slices.Contains(old, p)
		if (outdated && (recreate || !p.ready() || ready-1 >= want-missing)) || tooMany {
			k.remove(p)
			return nil
		}
	}
	if len(mine) < want && (!recreate || len(old) == 0) && len(mine)+len(old) < want+surge {
		k.make(w, fmt.Sprintf("%s-%s-%s", w.name, hash, k.suffix(w, hash)), labelled(&d.Spec.Template, map[string]string{hashLabel: hash}))
	}
	return nil
}

// suffix is the random end of a pod's name, the same for the same pod.
func (k *control) suffix(w *workload, hash string) string {
	for i := 0; ; i++ {
		end := digest(5, w.uid, hash, i)
		if !slices.ContainsFunc(k.pods, func(p *pod) bool { return strings.HasSuffix(p.Name, "-"+end) && p.Namespace == w.namespace }) {
			return end
		}
	}
}

func condition(typ string, holds bool, reason, message string) map[string]any {
	return map[string]any{"type": typ, "status": map[bool]string{true: "True", false: "False"}[holds], "reason": reason, "message": message, "lastTransitionTime": epoch}
}

func (k *control) reportDeployment(w *workload, d *appsv1.Deployment, hash string, missing int) {
	want := oneUnless(d.Spec.Replicas)
	all, ready, updated, updatedReady := 0, 0, 0, 0
	for _, p := range k.podsOf(w.uid) {
		all++
		if p.ready() {
			ready++
		}
		if p.Labels[hashLabel] == hash {
			updated++
			if p.ready() {
				updatedReady++
			}
		}
	}
	available := ready >= want-missing
	if d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		available = ready >= want
	}
	set := fmt.Sprintf("ReplicaSet %q", w.name+"-"+hash)
	conditions := []any{condition("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.")}
	if !available {
		conditions = []any{condition("Available", false, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")}
	}
	if updatedReady >= want {
		conditions = append(conditions, condition("Progressing", true, "NewReplicaSetAvailable", set+" has successfully progressed."))
	} else {
		conditions = append(conditions, condition("Progressing", false, "ProgressDeadlineExceeded", set+" has timed out progressing."))
	}
	status := map[string]any{"observedGeneration": w.o.Out.Int("metadata.generation"), "conditions": conditions}
	for name, n := range map[string]int{
		"replicas": all, "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated, "unavailableReplicas": max(want-ready, 0),
	} {
		if n > 0 {
			status[name] = n
		}
	}
	k.status(w.o, status)
}

// syncDaemonSet makes a pod for each node that takes it.
func (k *control) syncDaemonSet(w *workload) error {
	var d appsv1.DaemonSet
	if err := into(w.o.Out, &d); err != nil {
		return err
	}
	update := revision(w, &d.Spec.Template)
	mine := k.podsOf(w.uid)
	on := func(n *node) *pod {
		i := slices.IndexFunc(mine, func(p *pod) bool { return p.Spec.NodeName == n.Name || p.pinned() == n.Name })
		if i < 0 {
			return nil
		}
		return mine[i]
	}
	desired := 0
	for _, n := range k.nodes {
		if n.spare || !wanted(&d.Spec.Template, n) {
			continue
		}
		desired++
		p := on(n)
		if p != nil && p.Labels[revisionLabel] != update && d.Spec.UpdateStrategy.Type != appsv1.OnDeleteDaemonSetStrategyType {
			k.remove(p)
			mine = k.podsOf(w.uid)
			p = nil
		}
		if p == nil {
			template := labelled(&d.Spec.Template, map[string]string{revisionLabel: update})
			pin(&template.Spec, n.Name)
			template.Spec.Tolerations = append(template.Spec.Tolerations, daemonTolerations...)
			k.make(w, w.name+"-"+k.suffix(w, update+n.Name), template)
		}
	}
	mine = k.podsOf(w.uid)
	ready, updated := 0, 0
	for _, p := range mine {
		if p.ready() {
			ready++
		}
		if p.Labels[revisionLabel] == update {
			updated++
		}
	}
	status := map[string]any{
		"observedGeneration": w.o.Out.Int("metadata.generation"), "desiredNumberScheduled": desired, "currentNumberScheduled": len(mine),
		"numberReady": ready, "numberMisscheduled": 0,
	}
	for name, n := range map[string]int{"numberAvailable": ready, "updatedNumberScheduled": updated, "numberUnavailable": desired - ready} {
		if n > 0 {
			status[name] = n
		}
	}
	k.status(w.o, status)
	return nil
}

// daemonTolerations are those that the controller adds and that matter here.
var daemonTolerations = []corev1.Toleration{
	{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
	{Key: "node.kubernetes.io/unschedulable", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
}

// wanted reports whether a DaemonSet wants a pod on a node.
func wanted(template *corev1.PodTemplateSpec, n *node) bool {
	p := &corev1.Pod{Spec: template.Spec}
	match, err := nodeaffinity.GetRequiredNodeAffinity(p).Match(n.Node)
	_, tainted := schedulingv1.FindMatchingUntoleratedTaint(n.Spec.Taints, p.Spec.Tolerations, func(t *corev1.Taint) bool {
		return t.Effect != corev1.TaintEffectPreferNoSchedule
	})
	return err == nil && match && !tainted
}

// pin keeps a pod to a node, as the controller of DaemonSets does it.
func pin(spec *corev1.PodSpec, name string) {
	if spec.Affinity == nil {
		spec.Affinity = &corev1.Affinity{}
	}
	spec.Affinity.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{
			Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{name},
		}}}},
	}}
}

// pinned is the node that a pod is kept to.
func (p *pod) pinned() string {
	a := p.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			if f.Key == metav1.ObjectNameField && len(f.Values) == 1 {
				return f.Values[0]
			}
		}
	}
	return ""
}

// syncJob makes a job's pods. One that starts is done: what its program would do is
// not known.
func (k *control) syncJob(w *workload) error {
	var j batchv1.Job
	if err := into(w.o.Out, &j); err != nil {
		return err
	}
	parallel := oneUnless(j.Spec.Parallelism)
	want := parallel
	if j.Spec.Completions != nil {
		want = int(*j.Spec.Completions)
	}
	active, succeeded := 0, 0
	for _, p := range k.podsOf(w.uid) {
		if p.Status.Phase == corev1.PodSucceeded {
			succeeded++
		} else {
			active++
		}
	}
	suspended := j.Spec.Suspend != nil && *j.Spec.Suspend
	status := map[string]any{}
	switch {
	case succeeded >= want:
		status["startTime"], status["completionTime"] = epoch, epoch
		status["conditions"] = []any{condition("SuccessCriteriaMet", true, "CompletionsReached", "Reached expected number of succeeded pods"),
			condition("Complete", true, "CompletionsReached", "Reached expected number of succeeded pods")}
	case suspended:
		status["conditions"] = []any{condition("Suspended", true, "JobSuspended", "Job suspended")}
	default:
		status["startTime"] = epoch
		if active < min(parallel, want-succeeded) {
			k.make(w, w.name+"-"+k.suffix(w, fmt.Sprint(active, succeeded)), &j.Spec.Template)
		}
	}
	for name, n := range map[string]int{"active": active, "succeeded": succeeded} {
		if n > 0 {
			status[name] = n
		}
	}
	k.status(w.o, status)
	return nil
}

// reportBudget counts what a disruption budget is about.
func (k *control) reportBudget(o *inventory.Object) {
	var b policyv1.PodDisruptionBudget
	if err := into(o.Out, &b); err != nil {
		return
	}
	selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
	if err != nil {
		return
	}
	expected, healthy := 0, 0
	for _, p := range k.pods {
		if p.Namespace == namespaceOf(o.In) && !p.ended() && selector.Matches(labels.Set(p.Labels)) {
			expected++
			if p.ready() {
				healthy++
			}
		}
	}
	desired := 0
	switch {
	case b.Spec.MinAvailable != nil:
		desired = scaled(b.Spec.MinAvailable, expected, true)
	case b.Spec.MaxUnavailable != nil:
		desired = max(expected-scaled(b.Spec.MaxUnavailable, expected, true), 0)
	}
	allowed := max(healthy-desired, 0)
	reason := map[bool]string{true: "SufficientPods", false: "InsufficientPods"}[allowed > 0]
	k.status(o, map[string]any{
		"observedGeneration": o.Out.Int("metadata.generation"), "expectedPods": expected, "currentHealthy": healthy, "desiredHealthy": desired,
		"disruptionsAllowed": allowed, "conditions": []any{condition("DisruptionAllowed", allowed > 0, reason, "")},
	})
}

// goneWorkload takes away what a deleted workload had made: its pods, and its claims
// where it says so.
func goneWorkload(c *emulator.Call) error {
	id := c.Out.Str("metadata.uid")
	for _, o := range c.Tx.All(kubetype.Pod) {
		if slices.ContainsFunc(o.Out.Maps("metadata.ownerReferences[*]"), func(r inventory.Props) bool { return r.Str("uid") == id }) {
			c.Tx.Remove(o)
		}
	}
	if c.Kind.Type != kubetype.StatefulSet || c.Out.Str("spec.persistentVolumeClaimRetentionPolicy.whenDeleted") != string(appsv1.DeletePersistentVolumeClaimRetentionPolicyType) {
		return nil
	}
	for _, name := range c.Out.Strings("spec.volumeClaimTemplates[*].metadata.name") {
		for _, o := range c.Tx.All(kubetype.PersistentVolumeClaim) {
			if o.MadeBy == c.ID && strings.HasPrefix(o.Out.Str("metadata.name"), name+"-"+c.In.Str("metadata.name")+"-") {
				c.Tx.Remove(o)
			}
		}
	}
	return nil
}
