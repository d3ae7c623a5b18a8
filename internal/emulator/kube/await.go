package kube

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/rules"
)

const (
	sourceAwait  = "pulumi-kubernetes 4.23 provider/pkg/await"
	sourceAttach = "Amazon EC2 API, error codes of AttachVolume"
	sourceDriver = "Amazon EKS guide ebs-csi; kubernetes-sigs/aws-ebs-csi-driver docs/example-iam-policy.json"
)

// An await is what pulumi-kubernetes waits for after a write, by the object as the
// controllers left it: nothing when it is there, else the rule behind what is
// missing, and the provider's words, a reason a line. Events that the provider shows
// only while it waits are added to them, as kubectl describe shows them.
type await func(c *emulator.Call, o *inventory.Object) trouble

// causes are the rules by which something may not become ready, with their sources.
var causes = []struct {
	rule   rules.ID
	source string
}{
	{"K8S-10", sourcePodSecurity},
	{"K8S-11", sourceAdmission},
	{"K8S-12", "Kubernetes pkg/kubelet/kubelet_pods.go; pkg/volume/configmap, secret"},
	{"K8S-13", "Kubernetes pkg/scheduler/framework/plugins, types.go"},
	{"K8S-14", "Kubernetes pkg/kubelet/images/image_manager.go; distribution/reference"},
	{"K8S-15", sourceVolumes},
	{"K8S-16", sourceVolumes},
	{"K8S-18", "Kubernetes pkg/controller/statefulset/stateful_set_control.go; kubernetes/kubernetes#67250"},
	{"K8S-20", "Kubernetes pkg/scheduler/framework/plugins/volumebinding"},
	{"EBS-10", sourceAttach},
	{"EBS-11", sourceAttach},
	{"EBS-12", "Kubernetes pkg/volume/csi/csi_attacher.go; Amazon EKS guide ebs-csi"},
	{"EBS-13", sourceDriver},
	{"EBS-14", sourceDriver},
	{"EKS-43", "Kubernetes pkg/controller/volume/attachdetach/reconciler"},
	{"PRV-24", sourceAwait},
}

// awaitRules are the rules of what a kind waits for.
func (r resource) awaitRules() (all []emulator.Rule) {
	for _, cause := range causes {
		all = append(all, emulator.Rule{
			ID: cause.rule, Code: codeAwait, On: emulator.OpWrite, Late: true, Held: true, Source: cause.source,
			Broken: func(c *emulator.Call) string {
				o := c.Tx.Get(c.Kind.Type, c.ID)
				if o == nil || skipsAwait(c) {
					return ""
				}
				if t := r.awaits(c, o); t.rule == cause.rule {
					return t.event
				}
				return ""
			},
		})
	}
	return all
}

// timedOut begins what the provider says of an object that it waited for in vain.
func timedOut(name string) string { return fmt.Sprintf("'%s' timed out waiting to be Ready", name) }

// owned are the stored pods of a workload.
func owned(c *emulator.Call, o *inventory.Object) []*inventory.Object {
	return c.Tx.Where(kubetype.Pod, func(p *inventory.Object) bool {
		return slices.ContainsFunc(p.Out.Maps("metadata.ownerReferences[*]"), func(r inventory.Props) bool { return r.Str("uid") == uid(o) })
	})
}

// because puts the provider's reasons together with what pods say, and finds the rule
// that the first of them is about.
func because(o *inventory.Object, reasons []string, pods []*inventory.Object) trouble {
	t := trouble{rule: "PRV-24"}
	var events []string
	if own := troubleOf(o); own.event != "" {
		t.rule, events = own.rule, append(events, fmt.Sprintf("event of %s: %s", o.ID, own.event))
	}
	for _, p := range pods {
		own := troubleOf(p)
		if hasCondition(p, corev1.PodReady) || own.event == "" {
			continue
		}
		if t.rule == "PRV-24" {
			t.rule = own.rule
		}
		if warning := podWarning(p); warning != "" {
			reasons = append(reasons, warning)
		}
		events = append(events, fmt.Sprintf("event of Pod %s: %s", p.ID, own.event))
	}
	t.event = strings.Join(append(reasons, events...), "\n")
	return t
}

// podWarning is what the provider reports of a pod: its Ready condition and what its
// containers wait for; nothing of one that has no node. Source: checker/pod/check.go.
func podWarning(p *inventory.Object) string {
	for _, c := range p.Out.Maps("status.conditions[*]") {
		if c.Str("type") != string(corev1.PodReady) || c.Str("message") == "" {
			continue
		}
		text := fmt.Sprintf("[Pod %s]: %s", qualified(p), c.Str("message"))
		var waiting []string
		for _, s := range p.Out.Maps("status.containerStatuses[*]") {
			if reason := s.Str("state.waiting.reason"); reason != "" && reason != "ContainerCreating" {
				waiting = append(waiting, fmt.Sprintf("[%s] %s", reason, s.Str("state.waiting.message")))
			}
		}
		return text + strings.Join(waiting, " ")
	}
	return ""
}

// qualified is a name as the provider prints it: without the default namespace.
func qualified(o *inventory.Object) string { return strings.TrimPrefix(o.ID, "default/") }

func awaitStatefulSet(c *emulator.Call, o *inventory.Object) trouble {
	want, status := o.Out.Int("spec.replicas"), o.Out.Map("status")
	current, update := status.Str("currentRevision"), status.Str("updateRevision")
	onDelete := o.Out.Str("spec.updateStrategy.type") == string(appsv1.OnDeleteStatefulSetStrategyType)
	replicas := status.Int("replicas") == want && status.Int("readyReplicas") == want
	if o.Out.Int("metadata.generation") > 1 && onDelete {
		current = update
	} else {
		replicas = replicas && status.Int("currentReplicas") == want
	}
	if replicas && current != "" && current == update {
		return trouble{}
	}
	reasons := []string{timedOut(o.Out.Str("metadata.name"))}
	ready := status.Int("readyReplicas")
	if current != update {
		ready = min(ready, status.Int("updatedReplicas"))
	}
	if !replicas {
		reasons = append(reasons, fmt.Sprintf("%d out of %d replicas succeeded readiness checks", ready, want))
	}
	if current != update {
		reasons = append(reasons, fmt.Sprintf("StatefulSet controller failed to advance from revision %q to revision %q", current, update))
	}
	pods := owned(c, o)
	t := because(o, reasons, pods)
	ordered := o.Out.Str("spec.podManagementPolicy") != string(appsv1.ParallelPodManagement)
	for _, p := range pods {
		if ordered && !hasCondition(p, corev1.PodReady) && p.Out.Str("metadata.labels."+revisionLabel) != update {
			t.rule = "K8S-18"
			t.event += fmt.Sprintf("\n%s is of an older revision, and an OrderedReady StatefulSet replaces no pod before it is ready: delete it", p.ID)
			return t
		}
	}
	return t
}

func awaitDeployment(c *emulator.Call, o *inventory.Object) trouble {
	available, complete := false, false
	reasons := []string{timedOut(o.Out.Str("metadata.name"))}
	for _, cond := range o.Out.Maps("status.conditions[*]") {
		holds := cond.Str("status") == "True"
		switch cond.Str("type") {
		case "Available":
			available = holds
		case "Progressing":
			complete = holds && cond.Str("reason") == "NewReplicaSetAvailable"
		}
		if !holds {
			reasons = append(reasons, fmt.Sprintf("[%s] %s", cond.Str("reason"), cond.Str("message")))
		}
	}
	pending := unboundClaims(c, o)
	if available && complete && len(pending) == 0 {
		return trouble{}
	}
	if len(pending) > 0 {
		reasons = append(reasons, fmt.Sprintf("Failed to bind PersistentVolumeClaim(s): %q", strings.Join(pending, ",")))
	}
	switch {
	case !available:
		reasons = append(reasons, "Minimum number of live Pods was not attained")
	case !complete:
		reasons = append(reasons, "Minimum number of Pods to consider the application live was not attained")
	}
	return because(o, reasons, owned(c, o))
}

// unboundClaims are the claims that a workload's volumes name and that are not bound.
func unboundClaims(c *emulator.Call, o *inventory.Object) (names []string) {
	for _, name := range o.Out.Strings("spec.template.spec.volumes[*].persistentVolumeClaim.claimName") {
		claim := c.Tx.Get(kubetype.PersistentVolumeClaim, namespaceOf(o.In)+"/"+name)
		if claim != nil && claim.Out.Str("status.phase") != string(corev1.ClaimBound) {
			names = append(names, name)
		}
	}
	return names
}

func awaitDaemonSet(c *emulator.Call, o *inventory.Object) trouble {
	status := o.Out.Map("status")
	want := status.Int("desiredNumberScheduled")
	if status.Int("numberReady") >= want && status.Int("updatedNumberScheduled") >= want {
		return trouble{}
	}
	return because(o, []string{hangs}, owned(c, o))
}

func awaitJob(c *emulator.Call, o *inventory.Object) trouble {
	for _, cond := range o.Out.Maps("status.conditions[*]") {
		if cond.Str("type") == "Complete" && cond.Str("status") == "True" {
			return trouble{}
		}
	}
	return because(o, []string{timedOut(o.Out.Str("metadata.name"))}, owned(c, o))
}

func awaitPod(_ *emulator.Call, o *inventory.Object) trouble {
	if hasCondition(o, corev1.PodReady) || o.Out.Str("status.phase") == string(corev1.PodSucceeded) {
		return trouble{}
	}
	t := because(o, []string{timedOut(o.Out.Str("metadata.name"))}, nil)
	if warning := podWarning(o); warning != "" {
		lines := strings.Split(t.event, "\n")
		t.event = strings.Join(slices.Insert(lines, 1, warning), "\n")
	}
	return t
}

// polled is what the provider says of a volume or a claim.
func polled(o *inventory.Object) string {
	return fmt.Sprintf("Timeout occurred polling for '%s'", o.Out.Str("metadata.name"))
}

func awaitVolume(_ *emulator.Call, o *inventory.Object) trouble {
	switch phase := o.Out.Str("status.phase"); phase {
	case string(corev1.VolumeAvailable), string(corev1.VolumeBound):
		return trouble{}
	default:
		return trouble{"K8S-16", polled(o) + "\nthe volume is " + phase + ": the claim that it was bound to is gone"}
	}
}

func awaitClaim(c *emulator.Call, o *inventory.Object) trouble {
	k := &control{tx: c.Tx}
	if o.Out.Str("status.phase") == string(corev1.ClaimBound) || k.waits(o) {
		return trouble{}
	}
	return because(o, []string{polled(o)}, nil)
}
