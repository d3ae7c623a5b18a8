package kube

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
)

// bind is the volume controller: it binds claims to volumes, and says what becomes of
// volumes whose claims are gone. Source: pv_controller.go, syncUnboundClaim and
// syncVolume; component-helpers storage/volume/pv_helpers.go, FindMatchingVolume.
func (k *control) bind() {
	for _, v := range k.tx.All(kubetype.PersistentVolume) {
		k.syncVolume(v)
	}
	for _, c := range k.tx.All(kubetype.PersistentVolumeClaim) {
		switch {
		case c.Out.Str("status.phase") == string(corev1.ClaimBound):
			k.syncBound(c)
		case c.Out.Str("status.phase") != string(corev1.ClaimLost):
			k.syncUnbound(c)
		}
	}
}

// phase sets the phase of a volume or a claim.
func (k *control) phase(o *inventory.Object, phase string) {
	if o.Out.Str("status.phase") != phase {
		o.Out.Set("status.phase", phase)
		k.tx.Put(o)
		k.changed = true
	}
}

func uid(o *inventory.Object) string { return o.Out.Str("metadata.uid") }

func (k *control) syncVolume(v *inventory.Object) {
	ref := v.Out.Map("spec.claimRef")
	if ref == nil || ref.Str("uid") == "" {
		k.phase(v, string(corev1.VolumeAvailable))
		return
	}
	claim := k.tx.Get(kubetype.PersistentVolumeClaim, ref.StrOr("namespace", metav1.NamespaceDefault)+"/"+ref.Str("name"))
	switch {
	case claim == nil || uid(claim) != ref.Str("uid"):
		released := string(corev1.VolumeReleased)
		if v.Out.Str("spec.persistentVolumeReclaimPolicy") != string(corev1.PersistentVolumeReclaimRetain) {
			// What no provisioner made, none deletes.
			released = string(corev1.VolumeFailed)
		}
		k.phase(v, released)
	case claim.Out.Str("spec.volumeName") == v.ID && claim.Out.Str("status.phase") == string(corev1.ClaimBound):
		k.phase(v, string(corev1.VolumeBound))
	}
}

func (k *control) syncBound(c *inventory.Object) {
	v := k.tx.Get(kubetype.PersistentVolume, c.Out.Str("spec.volumeName"))
	if v == nil || v.Out.Str("spec.claimRef.uid") != uid(c) {
		k.phase(c, string(corev1.ClaimLost))
	}
}

// wait notes why a claim is not bound.
func (k *control) wait(c *inventory.Object, t trouble) {
	k.phase(c, string(corev1.ClaimPending))
	if troubleOf(c) != t {
		t.keep(c)
		k.tx.Put(c)
	}
}

func (k *control) syncUnbound(c *inventory.Object) {
	name := c.Out.Str("spec.volumeName")
	if name == "" {
		if v := k.match(c, nil); v != nil {
			k.join(c, v)
			return
		}
		k.wait(c, k.unmatched(c))
		return
	}
	v := k.tx.Get(kubetype.PersistentVolume, name)
	switch {
	case v == nil:
		k.wait(c, trouble{"K8S-15", fmt.Sprintf("there is no volume %q", name)})
	case v.Out.Map("spec.claimRef") == nil:
		if why := unfit(c, v); why != "" {
			k.wait(c, trouble{"K8S-15", fmt.Sprintf("VolumeMismatch: Cannot bind to requested volume %q: %s", name, why)})
			return
		}
		k.join(c, v)
	case isFor(v, c):
		k.join(c, v)
	default:
		k.wait(c, k.taken(v, c))
	}
}

// taken says that a volume is another claim's, or that of one that is gone.
func (k *control) taken(v, c *inventory.Object) trouble {
	t := trouble{"K8S-15", fmt.Sprintf("FailedBinding: volume %q already bound to a different claim.", v.ID)}
	if stale(v, c) {
		t.rule = "K8S-16"
		t.event += " (it is Released: its claimRef has the uid of a claim that is gone)"
	}
	return t
}

// stale reports whether a volume was that of a claim of the same name.
func stale(v, c *inventory.Object) bool {
	ref := v.Out.Map("spec.claimRef")
	return ref.Str("uid") != "" && ref.Str("uid") != uid(c) && ref.Str("name")+"/"+ref.Str("namespace") == c.Out.Str("metadata.name")+"/"+namespaceOf(c.In)
}

// unmatched is why no volume is there for a claim that names none.
func (k *control) unmatched(c *inventory.Object) trouble {
	for _, v := range k.tx.All(kubetype.PersistentVolume) {
		if stale(v, c) {
			t := k.taken(v, c)
			t.event = fmt.Sprintf("FailedBinding: no persistent volumes available for this claim (%s is Released: its claimRef has the uid of a claim that is gone)", v.ID)
			return t
		}
	}
	class := c.Out.Str("spec.storageClassName")
	o := k.tx.Get(kubetype.StorageClass, class)
	switch {
	case class == "":
		return trouble{"K8S-15", "FailedBinding: no persistent volumes available for this claim and no storage class is set"}
	case o == nil:
		return trouble{"K8S-15", fmt.Sprintf("ProvisioningFailed: storageclass.storage.k8s.io %q not found", class)}
	case k.waits(c):
		return trouble{"K8S-15", "WaitForFirstConsumer: waiting for first consumer to be created before binding"}
	}
	return trouble{"K8S-15", fmt.Sprintf("ExternalProvisioning: Waiting for a volume to be created by the external provisioner %q; "+
		"volumes that provisioners make are not emulated", o.Out.Str("provisioner"))}
}

// waits reports whether a claim is bound when a pod that uses it gets a node.
func (k *control) waits(c *inventory.Object) bool {
	class := k.tx.Get(kubetype.StorageClass, c.Out.Str("spec.storageClassName"))
	return class != nil && class.Out.Str("volumeBindingMode") == string(storagev1.VolumeBindingWaitForFirstConsumer)
}

// isFor reports whether a volume is kept for a claim: by name, and by uid where it
// has one.
func isFor(v, c *inventory.Object) bool {
	ref := v.Out.Map("spec.claimRef")
	return ref != nil && ref.Str("name") == c.Out.Str("metadata.name") && ref.StrOr("namespace", metav1.NamespaceDefault) == namespaceOf(c.In) &&
		(ref.Str("uid") == "" || ref.Str("uid") == uid(c))
}

// match finds the volume for a claim: one kept for it, else the smallest that will
// do, for a node where one is chosen.
func (k *control) match(c *inventory.Object, n *node) (best *inventory.Object) {
	for _, v := range k.tx.All(kubetype.PersistentVolume) {
		switch {
		case v.Out.Map("spec.claimRef") != nil && !isFor(v, c), tooSmall(v, c), v.Out.Str("spec.volumeMode") != c.Out.StrOr("spec.volumeMode", "Filesystem"):
		case isFor(v, c):
			if n != nil && !reachable(v, n) {
				return nil
			}
			return v
		case n == nil && k.waits(c), v.Out.Str("status.phase") != string(corev1.VolumeAvailable), unfit(c, v) != "", !chosen(c, v), n != nil && !reachable(v, n):
		default:
			size, smallest := quantity(v.Out, "spec.capacity.storage"), quantity(inventory.Props{}, "x")
			if best != nil {
				smallest = quantity(best.Out, "spec.capacity.storage")
			}
			if best == nil || size.Cmp(smallest) < 0 {
				best = v
			}
		}
	}
	return best
}

func tooSmall(v, c *inventory.Object) bool {
	size := quantity(v.Out, "spec.capacity.storage")
	return size.Cmp(quantity(c.Out, "spec.resources.requests.storage")) < 0
}

// chosen reports whether a volume has the labels that a claim asks for.
func chosen(c, v *inventory.Object) bool {
	if c.Out.Map("spec.selector") == nil {
		return true
	}
	var s metav1.LabelSelector
	if err := into(c.Out.Map("spec.selector"), &s); err != nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(&s)
	return err == nil && selector.Matches(labels.Set(texts(v.Out.Map("metadata.labels"))))
}

// unfit is why a volume does not satisfy a claim, "" when it does. Source:
// pv_controller.go, checkVolumeSatisfyClaim.
func unfit(c, v *inventory.Object) string {
	modes := v.Out.Strings("spec.accessModes")
	switch {
	case tooSmall(v, c):
		return "requested PV is too small"
	case v.Out.Str("spec.storageClassName") != c.Out.Str("spec.storageClassName"):
		return "storageClassName does not match"
	case v.Out.Str("spec.volumeMode") != c.Out.StrOr("spec.volumeMode", "Filesystem"):
		return "incompatible volumeMode"
	case slices.ContainsFunc(c.Out.Strings("spec.accessModes"), func(m string) bool { return !contains(modes, m) }):
		return "incompatible accessMode"
	}
	return ""
}

// join binds a claim and a volume to each other.
func (k *control) join(c, v *inventory.Object) {
	v.Out.Set("spec.claimRef", map[string]any{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": c.Out.Str("metadata.name"), "namespace": namespaceOf(c.In), "uid": uid(c),
	})
	v.Out.Set("status.phase", string(corev1.VolumeBound))
	c.Out.Set("spec.volumeName", v.ID)
	c.Out.Set("status", map[string]any{
		"phase": string(corev1.ClaimBound), "accessModes": v.Out.List("spec.accessModes"), "capacity": map[string]any(v.Out.Map("spec.capacity")),
	})
	trouble{}.keep(c)
	k.tx.Put(v)
	k.tx.Put(c)
	k.changed = true
}

// bindWaiting binds the claims of a pod that now has a node.
func (k *control) bindWaiting(p *pod, n *node) {
	for _, name := range p.claimNames() {
		c := k.tx.Get(kubetype.PersistentVolumeClaim, p.Namespace+"/"+name)
		if c == nil || c.Out.Str("status.phase") == string(corev1.ClaimBound) {
			continue
		}
		if volume := k.match(c, n); volume != nil {
			k.join(c, volume)
		}
	}
}
