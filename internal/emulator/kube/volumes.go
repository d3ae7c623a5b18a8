package kube

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"burrow/internal/emulator"
	"burrow/internal/inventory/kubetype"
)

const (
	sourceVolumes    = "Kubernetes pkg/controller/volume/persistentvolume/pv_controller.go"
	sourceProtection = "Kubernetes pkg/controller/volume/pvprotection, pvcprotection; pulumi-kubernetes provider/pkg/await/await.go, Deletion"
)

// Values that the API server knows.
var (
	accessModes     = []string{string(corev1.ReadOnlyMany), string(corev1.ReadWriteMany), string(corev1.ReadWriteOnce), string(corev1.ReadWriteOncePod)}
	reclaimPolicies = []string{string(corev1.PersistentVolumeReclaimDelete), string(corev1.PersistentVolumeReclaimRecycle), string(corev1.PersistentVolumeReclaimRetain)}
	volumeModes     = []string{string(corev1.PersistentVolumeBlock), string(corev1.PersistentVolumeFilesystem)}
	bindingModes    = []string{string(storagev1.VolumeBindingImmediate), string(storagev1.VolumeBindingWaitForFirstConsumer)}
)

// storageKinds are volumes, what claims them, and classes.
func storageKinds() []resource {
	var sources []string
	for _, name := range []string{
		"awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
		"gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume",
		"quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
	} {
		sources = append(sources, "spec."+name)
	}
	return []resource{
		{
			version: "v1", kind: "PersistentVolume", name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &corev1.PersistentVolume{} },
			validate: validateVolume, frozen: frozenVolume, fill: fillVolume, awaits: awaitVolume,
			rules: []emulator.Rule{{
				ID: "K8S-17", Code: codeAwait, On: emulator.OpDelete, Held: true, Source: sourceProtection, Broken: volumeInUse,
			}},
			replace: sources,
		},
		{
			version: "v1", kind: "PersistentVolumeClaim", namespaced: true, name: apivalidation.NameIsDNSSubdomain,
			new: func() metav1.Object { return &corev1.PersistentVolumeClaim{} },
			validate: func(obj metav1.Object) field.ErrorList {
				return validateClaimSpec(&obj.(*corev1.PersistentVolumeClaim).Spec, field.NewPath("spec"))
			},
			frozen: frozenClaim, fill: fillClaim, awaits: awaitClaim,
			rules: []emulator.Rule{
				{ID: "K8S-17", Code: codeAwait, On: emulator.OpDelete, Held: true, Source: sourceProtection, Broken: claimInUse},
				{ID: "K8S-09", Code: codeForbidden, On: emulator.OpUpdate, Source: "Kubernetes plugin/pkg/admission/storage/persistentvolume/resize", Broken: notResizable},
			},
			replace: []string{"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"},
		},
		{
			group: storagev1.GroupName, version: "v1", kind: "StorageClass", name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &storagev1.StorageClass{} },
			validate: validateStorageClass, frozen: frozenStorageClass, fill: fillStorageClass,
			replace: []string{"parameters", "provisioner"},
		},
		{
			group: schedulingv1.GroupName, version: "v1", kind: "PriorityClass", name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &schedulingv1.PriorityClass{} },
			validate: validatePriorityClass, frozen: frozenPriorityClass,
			fill: func(c *emulator.Call) { c.Out.Default("preemptionPolicy", string(corev1.PreemptLowerPriority)) },
		},
	}
}

func validateModes(modes []corev1.PersistentVolumeAccessMode, at *field.Path, missing string) (found field.ErrorList) {
	if len(modes) == 0 {
		found = append(found, field.Required(at, missing))
	}
	for _, m := range modes {
		if !contains(accessModes, string(m)) {
			found = append(found, field.NotSupported(at, string(m), accessModes))
		}
	}
	if len(modes) > 1 && slices.Contains(modes, corev1.ReadWriteOncePod) {
		found = append(found, field.Forbidden(at, "may not use ReadWriteOncePod with other access modes"))
	}
	return found
}

func validateClassName(name *string, at *field.Path) field.ErrorList {
	if name == nil || *name == "" {
		return nil
	}
	return invalidEach(at, *name, apivalidation.NameIsDNSSubdomain(*name, false))
}

func validateVolume(obj metav1.Object) (found field.ErrorList) {
	spec, at := obj.(*corev1.PersistentVolume).Spec, field.NewPath("spec")
	found = append(found, validateModes(spec.AccessModes, at.Child("accessModes"), "")...)
	size, ok := spec.Capacity[corev1.ResourceStorage]
	switch {
	case len(spec.Capacity) == 0:
		found = append(found, field.Required(at.Child("capacity"), ""))
	case !ok || len(spec.Capacity) > 1:
		found = append(found, field.NotSupported(at.Child("capacity"), spec.Capacity, []string{"storage"}))
	case size.Sign() <= 0:
		found = append(found, field.Invalid(at.Child("capacity").Key("storage"), size.String(), "must be greater than zero"))
	}
	found = append(found, oneOf(at.Child("persistentVolumeReclaimPolicy"), string(spec.PersistentVolumeReclaimPolicy), reclaimPolicies)...)
	if a := spec.NodeAffinity; a != nil {
		if a.Required == nil {
			found = append(found, field.Required(at.Child("nodeAffinity", "required"), "must specify required node constraints"))
		} else {
			found = append(found, validateNodeSelector(a.Required, at.Child("nodeAffinity", "required"))...)
		}
	}
	switch sources := fieldsSet(spec.PersistentVolumeSource); {
	case len(sources) == 0:
		found = append(found, field.Required(at, "must specify a volume type"))
	case len(sources) > 1:
		found = append(found, field.Forbidden(at.Child(sources[1]), "may not specify more than 1 volume type"))
	}
	if csi := spec.CSI; csi != nil {
		if csi.Driver == "" {
			found = append(found, field.Required(at.Child("csi", "driver"), ""))
		} else {
			found = append(found, invalidEach(at.Child("csi", "driver"), csi.Driver, validation.IsDNS1123Subdomain(strings.ToLower(csi.Driver)))...)
		}
		if csi.VolumeHandle == "" {
			found = append(found, field.Required(at.Child("csi", "volumeHandle"), ""))
		}
	}
	if spec.Local != nil && spec.NodeAffinity == nil {
		found = append(found, field.Required(at.Child("nodeAffinity"), "Local volume requires node affinity"))
	}
	if m := spec.VolumeMode; m != nil {
		found = append(found, oneOf(at.Child("volumeMode"), string(*m), volumeModes)...)
	}
	return append(found, validateClassName(&spec.StorageClassName, at.Child("storageClassName"))...)
}

func validateClaimSpec(spec *corev1.PersistentVolumeClaimSpec, at *field.Path) (found field.ErrorList) {
	found = append(found, validateModes(spec.AccessModes, at.Child("accessModes"), "at least 1 access mode is required")...)
	if spec.Selector != nil {
		found = append(found, validateSelector(spec.Selector, at.Child("selector"))...)
	}
	size, ok := spec.Resources.Requests[corev1.ResourceStorage]
	switch {
	case !ok:
		found = append(found, field.Required(at.Child("resources").Key("storage"), ""))
	case size.Sign() <= 0:
		found = append(found, field.Invalid(at.Child("resources").Key("storage"), size.String(), "must be greater than zero"))
	}
	if m := spec.VolumeMode; m != nil {
		found = append(found, oneOf(at.Child("volumeMode"), string(*m), volumeModes)...)
	}
	return append(found, validateClassName(spec.StorageClassName, at.Child("storageClassName"))...)
}

func validateStorageClass(obj metav1.Object) (found field.ErrorList) {
	class := obj.(*storagev1.StorageClass)
	if class.Provisioner == "" {
		found = append(found, field.Required(field.NewPath("provisioner"), ""))
	} else {
		found = append(found, invalidEach(field.NewPath("provisioner"), class.Provisioner, validation.IsQualifiedName(strings.ToLower(class.Provisioner)))...)
	}
	if p := class.ReclaimPolicy; p != nil && *p != corev1.PersistentVolumeReclaimDelete && *p != corev1.PersistentVolumeReclaimRetain {
		found = append(found, field.NotSupported(field.NewPath("reclaimPolicy"), string(*p), []string{"Delete", "Retain"}))
	}
	if m := class.VolumeBindingMode; m != nil {
		found = append(found, oneOf(field.NewPath("volumeBindingMode"), string(*m), bindingModes)...)
	}
	return found
}

func validatePriorityClass(obj metav1.Object) (found field.ErrorList) {
	class := obj.(*schedulingv1.PriorityClass)
	switch {
	case strings.HasPrefix(class.Name, "system-"):
		found = append(found, field.Forbidden(field.NewPath("metadata", "name"), "priority class names with 'system-' prefix are reserved for system use only. "+
			fmt.Sprintf("error: %s is not a known system priority class", class.Name)))
	case class.Value > 1000000000:
		found = append(found, field.Forbidden(field.NewPath("value"), "maximum allowed value of a user defined priority is 1000000000"))
	}
	if p := class.PreemptionPolicy; p != nil {
		found = append(found, oneOf(field.NewPath("preemptionPolicy"), string(*p), []string{"PreemptLowerPriority", "Never"})...)
	}
	return found
}

func frozenVolume(before, after metav1.Object) (found field.ErrorList) {
	old, is := before.(*corev1.PersistentVolume).Spec, after.(*corev1.PersistentVolume).Spec
	if !equality.Semantic.DeepEqual(old.PersistentVolumeSource, is.PersistentVolumeSource) {
		found = append(found, field.Forbidden(field.NewPath("spec", "persistentvolumesource"), "spec.persistentvolumesource is immutable after creation"))
	}
	found = append(found, apivalidation.ValidateImmutableField(is.VolumeMode, old.VolumeMode, field.NewPath("volumeMode"))...)
	if old.NodeAffinity != nil && !equality.Semantic.DeepEqual(old.NodeAffinity, is.NodeAffinity) {
		found = append(found, field.Invalid(field.NewPath("nodeAffinity"), is.NodeAffinity, "field is immutable, except for updating from beta label to GA"))
	}
	return found
}

func frozenClaim(before, after metav1.Object) (found field.ErrorList) {
	claim, is := before.(*corev1.PersistentVolumeClaim), after.(*corev1.PersistentVolumeClaim).Spec
	old, at := claim.Spec, field.NewPath("spec")
	request := is.Resources.Requests[corev1.ResourceStorage]
	previous, capacity := old.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	if request.Cmp(previous) < 0 && request.Cmp(capacity) <= 0 {
		found = append(found, field.Forbidden(at.Child("resources", "requests", "storage"), "field can not be less than status.capacity"))
	}
	if claim.Status.Phase == corev1.ClaimBound {
		is.Resources.Requests = old.Resources.Requests
		is.VolumeAttributesClassName = old.VolumeAttributesClassName
	}
	if old.VolumeName == "" {
		old.VolumeName = is.VolumeName
	}
	if !equality.Semantic.DeepEqual(old, is) {
		found = append(found, field.Forbidden(at, "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"))
	}
	return found
}

// notResizable: a claim grows where its class lets it, which a claim of a volume
// that somebody made has not.
func notResizable(c *emulator.Call) string {
	was, is := quantity(c.OldIn, "spec.resources.requests.storage"), quantity(c.In, "spec.resources.requests.storage")
	if is.Cmp(was) <= 0 {
		return ""
	}
	class := c.Tx.Get(kubetype.StorageClass, c.In.Str("spec.storageClassName"))
	if class != nil && class.Out.Bool("allowVolumeExpansion") {
		return ""
	}
	return fmt.Sprintf("persistentvolumeclaims %q is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
		c.In.Str("metadata.name"))
}

func frozenStorageClass(before, after metav1.Object) (found field.ErrorList) {
	old, is := before.(*storagev1.StorageClass), after.(*storagev1.StorageClass)
	same := func(name string, is, old any) {
		found = append(found, apivalidation.ValidateImmutableField(is, old, field.NewPath(name))...)
	}
	same("parameters", is.Parameters, old.Parameters)
	same("provisioner", is.Provisioner, old.Provisioner)
	same("reclaimPolicy", is.ReclaimPolicy, old.ReclaimPolicy)
	same("volumeBindingMode", is.VolumeBindingMode, old.VolumeBindingMode)
	return found
}

func frozenPriorityClass(before, after metav1.Object) (found field.ErrorList) {
	old, is := before.(*schedulingv1.PriorityClass), after.(*schedulingv1.PriorityClass)
	if old.Value != is.Value {
		found = append(found, field.Forbidden(field.NewPath("value"), "may not be changed in an update."))
	}
	return append(found, apivalidation.ValidateImmutableField(is.PreemptionPolicy, old.PreemptionPolicy, field.NewPath("preemptionPolicy"))...)
}

// fillVolume keeps the uid of the claim that a volume is bound to, which only the
// volume controller writes.
func fillVolume(c *emulator.Call) {
	c.Out.Default("spec.persistentVolumeReclaimPolicy", string(corev1.PersistentVolumeReclaimRetain))
	c.Out.Default("spec.volumeMode", string(corev1.PersistentVolumeFilesystem))
	switch was, is := c.Old.Map("spec.claimRef"), c.In.Map("spec.claimRef"); {
	case was == nil:
	case is == nil && c.OldIn.Map("spec.claimRef") == nil: // all of it is the controller's
		c.Out.Set("spec.claimRef", was)
	case is.Str("name") == was.Str("name") && is.StrOr("namespace", metav1.NamespaceDefault) == was.Str("namespace") && was.Has("uid"):
		c.Out.Default("spec.claimRef.uid", was.Str("uid"))
	}
	if c.Out.Has("spec.claimRef") {
		c.Out.Default("spec.claimRef.apiVersion", "v1")
		c.Out.Default("spec.claimRef.kind", "PersistentVolumeClaim")
	}
	keepStatus(c)
	c.Out.Default("status.phase", string(corev1.VolumePending))
}

// fillClaim gives a claim the default class and keeps the volume that it is bound to.
func fillClaim(c *emulator.Call) {
	c.Out.Default("spec.volumeMode", string(corev1.PersistentVolumeFilesystem))
	if c.Old.Has("spec.volumeName") {
		c.Out.Default("spec.volumeName", c.Old.Str("spec.volumeName"))
	}
	if c.Old.Has("spec.storageClassName") {
		c.Out.Default("spec.storageClassName", c.Old.Str("spec.storageClassName"))
	} else if class := defaultClass(c.Tx); class != "" {
		c.Out.Default("spec.storageClassName", class)
	}
	keepStatus(c)
	c.Out.Default("status.phase", string(corev1.ClaimPending))
}

// defaultClass is the class that claims get which name none. Those that EKS and AKS
// make by themselves are not modelled.
func defaultClass(tx *emulator.Tx) (name string) {
	for _, class := range tx.All(kubetype.StorageClass) {
		if class.Out.Str(`metadata.annotations["storageclass.kubernetes.io/is-default-class"]`) == "true" {
			name = class.ID // the newest one counts
		}
	}
	return name
}

func fillStorageClass(c *emulator.Call) {
	c.Out.Default("reclaimPolicy", string(corev1.PersistentVolumeReclaimDelete))
	c.Out.Default("volumeBindingMode", string(storagev1.VolumeBindingImmediate))
}

// hangs is what pulumi-kubernetes says of a delete that does not end.
const hangs = "timed out waiting for the condition"

func volumeInUse(c *emulator.Call) string {
	if c.Out.Str("status.phase") != string(corev1.VolumeBound) {
		return ""
	}
	return fmt.Sprintf("%s: the finalizer kubernetes.io/pv-protection keeps PersistentVolume %s while it is bound to the claim %s/%s",
		hangs, c.ID, c.Out.Str("spec.claimRef.namespace"), c.Out.Str("spec.claimRef.name"))
}

func claimInUse(c *emulator.Call) string {
	for _, o := range c.Tx.All(kubetype.Pod) {
		if o.Out.Str("spec.nodeName") != "" && namespaceOf(o.In) == namespaceOf(c.In) && contains(claimsOf(o), c.In.Str("metadata.name")) {
			return fmt.Sprintf("%s: the finalizer kubernetes.io/pvc-protection keeps PersistentVolumeClaim %s while pod %s uses it", hangs, c.ID, o.ID)
		}
	}
	return ""
}
