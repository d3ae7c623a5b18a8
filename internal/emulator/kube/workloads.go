package kube

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/robfig/cron/v3"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

const (
	sourceApps  = "Kubernetes pkg/apis/apps/validation"
	sourceBatch = "Kubernetes pkg/apis/batch/validation"
)

// Restart policies by what the pods are for.
var (
	restartsService = []string{string(corev1.RestartPolicyAlways)}
	restartsJob     = []string{string(corev1.RestartPolicyOnFailure), string(corev1.RestartPolicyNever)}
)

// workloadKinds are what makes pods, and pods themselves.
func workloadKinds() []resource {
	selector := []string{"spec.selector"}
	return []resource{
		{
			group: "apps", version: "v1", kind: "StatefulSet", namespaced: true, name: apivalidation.NameIsDNSLabel,
			new:      func() metav1.Object { return &appsv1.StatefulSet{} },
			validate: validateStatefulSet, selects: selectsStatefulSet, frozen: frozenStatefulSet,
			fill: fillStatefulSet, gone: goneWorkload, awaits: awaitStatefulSet,
			replace: append([]string{"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.serviceName", "spec.volumeClaimTemplates"}, selector...),
		},
		{
			group: "apps", version: "v1", kind: "Deployment", namespaced: true, name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &appsv1.Deployment{} },
			validate: validateDeployment, selects: selectsDeployment, frozen: frozenSelector,
			fill: fillDeployment, gone: goneWorkload, awaits: awaitDeployment, replace: selector,
		},
		{
			group: "apps", version: "v1", kind: "DaemonSet", namespaced: true, name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &appsv1.DaemonSet{} },
			validate: validateDaemonSet, selects: selectsDaemonSet, frozen: frozenSelector,
			fill: fillDaemonSet, gone: goneWorkload, awaits: awaitDaemonSet, replace: selector,
		},
		{
			group: "batch", version: "v1", kind: "Job", namespaced: true, name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &batchv1.Job{} },
			validate: validateJob, frozen: frozenJob,
			fill: fillJob, gone: goneWorkload, awaits: awaitJob,
			replace: append([]string{"spec.completions", "spec.parallelism", "spec.template"}, selector...),
		},
		{
			group: "batch", version: "v1", kind: "CronJob", namespaced: true, name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &batchv1.CronJob{} },
			validate: validateCronJob, fill: fillCronJob,
		},
		{
			version: "v1", kind: "Pod", namespaced: true, name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &corev1.Pod{} },
			validate: validateBarePod, frozen: frozenPod, fill: fillPod, awaits: awaitPod,
			rules: podRules(), replace: podForceNew(),
		},
	}
}

// podForceNew are the properties of pods that pulumi-kubernetes replaces on.
func podForceNew() (paths []string) {
	for _, name := range []string{
		"affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases", "hostIPC",
		"hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy",
		"priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName", "schedulerName",
		"securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain",
		"terminationGracePeriodSeconds", "volumes",
	} {
		paths = append(paths, "spec."+name)
	}
	for _, list := range []string{"containers", "initContainers"} {
		for _, name := range []string{
			"args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
			"resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty",
			"volumeDevices", "volumeMounts", "workingDir",
		} {
			paths = append(paths, "spec."+list+"[*]."+name)
		}
	}
	return paths
}

// unmatched says that a selector is missing or empty, or does not fit the labels of
// the pods that it is to find; "" when it does. Kind is its name in the message.
func unmatched(s *metav1.LabelSelector, template corev1.PodTemplateSpec, kind string) (found field.ErrorList) {
	at := field.NewPath("spec")
	if s == nil {
		return field.ErrorList{field.Required(at.Child("selector"), "")}
	}
	if found = validateSelector(s, at.Child("selector")); len(found) > 0 {
		return found
	}
	selector, err := metav1.LabelSelectorAsSelector(s)
	switch {
	case err != nil:
		return field.ErrorList{field.Invalid(at.Child("selector"), s, "invalid label selector")}
	case selector.Empty():
		return field.ErrorList{field.Invalid(at.Child("selector"), s, "empty selector is invalid for "+kind)}
	case !selector.Matches(labels.Set(template.Labels)):
		return field.ErrorList{field.Invalid(at.Child("template", "metadata", "labels"), template.Labels, "`selector` does not match template `labels`")}
	}
	return nil
}

func selectsStatefulSet(obj metav1.Object) field.ErrorList {
	spec := obj.(*appsv1.StatefulSet).Spec
	return unmatched(spec.Selector, spec.Template, "statefulset")
}

func selectsDeployment(obj metav1.Object) field.ErrorList {
	spec := obj.(*appsv1.Deployment).Spec
	return unmatched(spec.Selector, spec.Template, "deployment")
}

func selectsDaemonSet(obj metav1.Object) field.ErrorList {
	spec := obj.(*appsv1.DaemonSet).Spec
	return unmatched(spec.Selector, spec.Template, "daemonset")
}

// noDeadline refuses a time limit for pods that run for ever.
func noDeadline(template corev1.PodTemplateSpec, kind string) field.ErrorList {
	if template.Spec.ActiveDeadlineSeconds == nil {
		return nil
	}
	at := field.NewPath("spec", "template", "spec", "activeDeadlineSeconds")
	return field.ErrorList{field.Forbidden(at, "activeDeadlineSeconds in "+kind+" is not Supported")}
}

func validateStatefulSet(obj metav1.Object) (found field.ErrorList) {
	spec, at := obj.(*appsv1.StatefulSet).Spec, field.NewPath("spec")
	if p := spec.PodManagementPolicy; p != "" && p != appsv1.OrderedReadyPodManagement && p != appsv1.ParallelPodManagement {
		found = append(found, field.Invalid(at.Child("podManagementPolicy"), p, "must be 'OrderedReady' or 'Parallel'"))
	}
	strategy := at.Child("updateStrategy")
	switch t := spec.UpdateStrategy.Type; {
	case t != "" && t != appsv1.RollingUpdateStatefulSetStrategyType && t != appsv1.OnDeleteStatefulSetStrategyType:
		found = append(found, field.Invalid(strategy, spec.UpdateStrategy, "must be 'RollingUpdate' or 'OnDelete'"))
	case t == appsv1.OnDeleteStatefulSetStrategyType && spec.UpdateStrategy.RollingUpdate != nil:
		found = append(found, field.Invalid(strategy.Child("rollingUpdate"), spec.UpdateStrategy.RollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"))
	case spec.UpdateStrategy.RollingUpdate != nil:
		found = append(found, nonNegative(strategy.Child("rollingUpdate", "partition"), spec.UpdateStrategy.RollingUpdate.Partition)...)
	}
	if p := spec.PersistentVolumeClaimRetentionPolicy; p != nil {
		known := []string{"Retain", "Delete"}
		found = append(found, oneOf(at.Child("persistentVolumeClaimRetentionPolicy", "whenDeleted"), string(p.WhenDeleted), known)...)
		found = append(found, oneOf(at.Child("persistentVolumeClaimRetentionPolicy", "whenScaled"), string(p.WhenScaled), known)...)
	}
	found = append(found, nonNegative(at.Child("replicas"), spec.Replicas)...)
	found = append(found, nonNegative(at.Child("minReadySeconds"), &spec.MinReadySeconds)...)
	if spec.ServiceName != "" {
		found = append(found, invalidEach(at.Child("serviceName"), spec.ServiceName, validation.IsDNS1123Label(spec.ServiceName))...)
	}
	var claims []string
	for i, claim := range spec.VolumeClaimTemplates {
		claims = append(claims, claim.Name)
		found = append(found, validateClaimSpec(&claim.Spec, at.Child("volumeClaimTemplates").Index(i).Child("spec"))...)
	}
	found = append(found, validatePod(&spec.Template, at.Child("template"), claims, restartsService)...)
	return append(found, noDeadline(spec.Template, "StatefulSet")...)
}

// share checks a number or a percentage.
func share(at *field.Path, v *intstr.IntOrString) field.ErrorList {
	switch {
	case v == nil:
		return nil
	case v.Type == intstr.String:
		return invalidEach(at, v.StrVal, validation.IsValidPercent(v.StrVal))
	}
	return nonNegative(at, &v.IntVal)
}

func validateDeployment(obj metav1.Object) (found field.ErrorList) {
	spec, at := obj.(*appsv1.Deployment).Spec, field.NewPath("spec")
	found = append(found, nonNegative(at.Child("replicas"), spec.Replicas)...)
	strategy, rolling := at.Child("strategy"), spec.Strategy.RollingUpdate
	found = append(found, oneOf(strategy.Child("type"), string(spec.Strategy.Type), []string{"Recreate", "RollingUpdate"})...)
	if rolling != nil {
		if spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
			found = append(found, field.Forbidden(strategy.Child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'"))
		}
		found = append(found, share(strategy.Child("rollingUpdate", "maxUnavailable"), rolling.MaxUnavailable)...)
		found = append(found, share(strategy.Child("rollingUpdate", "maxSurge"), rolling.MaxSurge)...)
		zero := func(v *intstr.IntOrString) bool {
			return v != nil && (v.StrVal == "0%" || v.StrVal == "" && v.IntVal == 0)
		}
		if zero(rolling.MaxSurge) && zero(rolling.MaxUnavailable) {
			found = append(found, field.Invalid(strategy.Child("rollingUpdate", "maxUnavailable"), rolling.MaxUnavailable, "may not be 0 when `maxSurge` is 0"))
		}
	}
	found = append(found, nonNegative(at.Child("minReadySeconds"), &spec.MinReadySeconds)...)
	if d := spec.ProgressDeadlineSeconds; d != nil && *d <= spec.MinReadySeconds {
		found = append(found, field.Invalid(at.Child("progressDeadlineSeconds"), *d, "must be greater than minReadySeconds"))
	}
	found = append(found, validatePod(&spec.Template, at.Child("template"), nil, restartsService)...)
	return append(found, noDeadline(spec.Template, "ReplicaSet")...)
}

func validateDaemonSet(obj metav1.Object) (found field.ErrorList) {
	spec, at := obj.(*appsv1.DaemonSet).Spec, field.NewPath("spec")
	found = append(found, oneOf(at.Child("updateStrategy", "type"), string(spec.UpdateStrategy.Type), []string{"RollingUpdate", "OnDelete"})...)
	found = append(found, nonNegative(at.Child("minReadySeconds"), &spec.MinReadySeconds)...)
	found = append(found, validatePod(&spec.Template, at.Child("template"), nil, restartsService)...)
	return append(found, noDeadline(spec.Template, "DaemonSet")...)
}

func validateJob(obj metav1.Object) field.ErrorList {
	return validateJobSpec(&obj.(*batchv1.Job).Spec, field.NewPath("spec"))
}

func validateJobSpec(spec *batchv1.JobSpec, at *field.Path) (found field.ErrorList) {
	for name, n := range map[string]*int32{
		"parallelism": spec.Parallelism, "completions": spec.Completions, "backoffLimit": spec.BackoffLimit,
		"ttlSecondsAfterFinished": spec.TTLSecondsAfterFinished,
	} {
		found = append(found, nonNegative(at.Child(name), n)...)
	}
	found = append(found, nonNegative(at.Child("activeDeadlineSeconds"), spec.ActiveDeadlineSeconds)...)
	if mode := spec.CompletionMode; mode != nil {
		found = append(found, oneOf(at.Child("completionMode"), string(*mode), []string{"NonIndexed", "Indexed"})...)
		if *mode == batchv1.IndexedCompletion && spec.Completions == nil {
			found = append(found, field.Required(at.Child("completions"), "when completion mode is Indexed"))
		}
	}
	if spec.Selector != nil && (spec.ManualSelector == nil || !*spec.ManualSelector) {
		found = append(found, field.Invalid(at.Child("selector"), spec.Selector, "`selector` not auto-generated"))
	}
	return append(found, validatePod(&spec.Template, at.Child("template"), nil, restartsJob)...)
}

// longestCronJob leaves room for the 11 characters that a job's name adds.
const longestCronJob = 52

func validateCronJob(obj metav1.Object) (found field.ErrorList) {
	spec, at := obj.(*batchv1.CronJob).Spec, field.NewPath("spec")
	if len(obj.GetName()) > longestCronJob {
		found = append(found, field.Invalid(field.NewPath("metadata", "name"), obj.GetName(), "must be no more than 52 characters"))
	}
	switch _, err := cron.ParseStandard(spec.Schedule); {
	case spec.Schedule == "":
		found = append(found, field.Required(at.Child("schedule"), ""))
	case err != nil:
		found = append(found, field.Invalid(at.Child("schedule"), spec.Schedule, err.Error()))
	case strings.Contains(spec.Schedule, "TZ"):
		found = append(found, field.Invalid(at.Child("schedule"), spec.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
	}
	if z := spec.TimeZone; z != nil {
		if _, err := time.LoadLocation(*z); err != nil || *z == "" || strings.EqualFold(*z, "Local") {
			found = append(found, field.Invalid(at.Child("timeZone"), *z, "unknown time zone "+*z))
		}
	}
	found = append(found, oneOf(at.Child("concurrencyPolicy"), string(spec.ConcurrencyPolicy), []string{"Allow", "Forbid", "Replace"})...)
	found = append(found, nonNegative(at.Child("successfulJobsHistoryLimit"), spec.SuccessfulJobsHistoryLimit)...)
	found = append(found, nonNegative(at.Child("failedJobsHistoryLimit"), spec.FailedJobsHistoryLimit)...)
	return append(found, validateJobSpec(&spec.JobTemplate.Spec, at.Child("jobTemplate", "spec"))...)
}

func validateBarePod(obj metav1.Object) field.ErrorList {
	pod := obj.(*corev1.Pod)
	return validatePod(&corev1.PodTemplateSpec{Spec: pod.Spec}, nil, nil, restartPolicies)
}

// frozenStatefulSet: what a StatefulSet keeps, by ValidateStatefulSetUpdate.
func frozenStatefulSet(before, after metav1.Object) field.ErrorList {
	old, is := before.(*appsv1.StatefulSet).Spec, after.(*appsv1.StatefulSet).Spec
	is.Replicas, is.Template, is.UpdateStrategy, is.MinReadySeconds = old.Replicas, old.Template, old.UpdateStrategy, old.MinReadySeconds
	is.Ordinals, is.RevisionHistoryLimit = old.Ordinals, old.RevisionHistoryLimit
	is.PersistentVolumeClaimRetentionPolicy = old.PersistentVolumeClaimRetentionPolicy
	if equality.Semantic.DeepEqual(old, is) {
		return nil
	}
	return field.ErrorList{field.Forbidden(field.NewPath("spec"), "updates to statefulset spec for fields other than 'replicas', 'ordinals', "+
		"'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")}
}

func frozenSelector(before, after metav1.Object) field.ErrorList {
	selector := func(obj metav1.Object) *metav1.LabelSelector {
		if d, ok := obj.(*appsv1.Deployment); ok {
			return d.Spec.Selector
		}
		return obj.(*appsv1.DaemonSet).Spec.Selector
	}
	return apivalidation.ValidateImmutableField(selector(after), selector(before), field.NewPath("spec", "selector"))
}

func frozenJob(before, after metav1.Object) (found field.ErrorList) {
	old, is, at := before.(*batchv1.Job).Spec, after.(*batchv1.Job).Spec, field.NewPath("spec")
	same := func(name string, is, old any) {
		found = append(found, apivalidation.ValidateImmutableField(is, old, at.Child(name))...)
	}
	same("completions", is.Completions, old.Completions)
	same("selector", is.Selector, old.Selector)
	same("template", is.Template, old.Template)
	same("completionMode", is.CompletionMode, old.CompletionMode)
	same("backoffLimitPerIndex", is.BackoffLimitPerIndex, old.BackoffLimitPerIndex)
	return found
}

// frozenPod: a pod keeps all but images, its deadline and added tolerations.
func frozenPod(before, after metav1.Object) field.ErrorList {
	old, is := before.(*corev1.Pod).Spec, after.(*corev1.Pod).Spec.DeepCopy()
	for i := range min(len(old.Containers), len(is.Containers)) {
		is.Containers[i].Image = old.Containers[i].Image
	}
	for i := range min(len(old.InitContainers), len(is.InitContainers)) {
		is.InitContainers[i].Image = old.InitContainers[i].Image
	}
	is.ActiveDeadlineSeconds, is.Tolerations = old.ActiveDeadlineSeconds, old.Tolerations
	is.NodeName, is.Priority = cmp.Or(is.NodeName, old.NodeName), old.Priority
	if equality.Semantic.DeepEqual(old, *is) {
		return nil
	}
	return field.ErrorList{field.Forbidden(field.NewPath("spec"), "pod updates may not change fields other than "+
		"`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"+
		"`spec.tolerations` (only additions to existing tolerations),"+
		"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")}
}

// fillPodSpec sets the defaults of pkg/apis/core/v1 below a path.
func fillPodSpec(out inventory.Props, at string) {
	out.Default(at+".restartPolicy", "Always")
	out.Default(at+".dnsPolicy", "ClusterFirst")
	out.Default(at+".schedulerName", "default-scheduler")
	out.Default(at+".terminationGracePeriodSeconds", 30)
	out.Default(at+".securityContext", map[string]any{})
	for _, list := range []string{".containers[*]", ".initContainers[*]"} {
		out.Each(at+list, func(path string, _ any) { fillContainer(out, path) })
	}
	out.Each(at+".volumes[*]", func(path string, _ any) {
		for _, source := range []string{".configMap", ".secret", ".projected"} {
			if out.Has(path + source) {
				out.Default(path+source+".defaultMode", 0o644)
			}
		}
	})
}

func fillContainer(out inventory.Props, at string) {
	policy := string(corev1.PullIfNotPresent)
	if name, err := reference.ParseNormalizedNamed(out.Str(at + ".image")); err == nil {
		if tagged, is := reference.TagNameOnly(name).(reference.Tagged); is && tagged.Tag() == "latest" {
			policy = string(corev1.PullAlways)
		}
	}
	out.Default(at+".imagePullPolicy", policy)
	out.Default(at+".terminationMessagePath", corev1.TerminationMessagePathDefault)
	out.Default(at+".terminationMessagePolicy", string(corev1.TerminationMessageReadFile))
	out.Default(at+".resources", map[string]any{})
	out.Each(at+".ports[*]", func(path string, _ any) { out.Default(path+".protocol", string(corev1.ProtocolTCP)) })
	for _, probe := range []string{".livenessProbe", ".readinessProbe", ".startupProbe"} {
		if !out.Has(at + probe) {
			continue
		}
		for name, n := range map[string]int{".timeoutSeconds": 1, ".periodSeconds": 10, ".successThreshold": 1, ".failureThreshold": 3} {
			out.Default(at+probe+name, n)
		}
		if out.Has(at + probe + ".httpGet") {
			out.Default(at+probe+".httpGet.scheme", string(corev1.URISchemeHTTP))
			out.Default(at+probe+".httpGet.path", "/")
		}
	}
}

func fillStatefulSet(c *emulator.Call) {
	c.Out.Default("spec.replicas", 1)
	c.Out.Default("spec.podManagementPolicy", string(appsv1.OrderedReadyPodManagement))
	c.Out.Default("spec.updateStrategy.type", string(appsv1.RollingUpdateStatefulSetStrategyType))
	if c.Out.Str("spec.updateStrategy.type") == string(appsv1.RollingUpdateStatefulSetStrategyType) {
		c.Out.Default("spec.updateStrategy.rollingUpdate.partition", 0)
	}
	c.Out.Default("spec.revisionHistoryLimit", 10)
	c.Out.Default("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", string(appsv1.RetainPersistentVolumeClaimRetentionPolicyType))
	c.Out.Default("spec.persistentVolumeClaimRetentionPolicy.whenScaled", string(appsv1.RetainPersistentVolumeClaimRetentionPolicyType))
	fillPodSpec(c.Out, "spec.template.spec")
	c.Out.Each("spec.volumeClaimTemplates[*]", func(path string, _ any) {
		c.Out.Default(path+".apiVersion", "v1")
		c.Out.Default(path+".kind", "PersistentVolumeClaim")
		c.Out.Default(path+".spec.volumeMode", string(corev1.PersistentVolumeFilesystem))
	})
	keepStatus(c)
}

func fillDeployment(c *emulator.Call) {
	c.Out.Default("spec.replicas", 1)
	c.Out.Default("spec.strategy.type", string(appsv1.RollingUpdateDeploymentStrategyType))
	if c.Out.Str("spec.strategy.type") == string(appsv1.RollingUpdateDeploymentStrategyType) {
		c.Out.Default("spec.strategy.rollingUpdate.maxSurge", "25%")
		c.Out.Default("spec.strategy.rollingUpdate.maxUnavailable", "25%")
	}
	c.Out.Default("spec.revisionHistoryLimit", 10)
	c.Out.Default("spec.progressDeadlineSeconds", 600)
	fillPodSpec(c.Out, "spec.template.spec")
	keepStatus(c)
}

func fillDaemonSet(c *emulator.Call) {
	c.Out.Default("spec.updateStrategy.type", string(appsv1.RollingUpdateDaemonSetStrategyType))
	if c.Out.Str("spec.updateStrategy.type") == string(appsv1.RollingUpdateDaemonSetStrategyType) {
		c.Out.Default("spec.updateStrategy.rollingUpdate.maxUnavailable", 1)
		c.Out.Default("spec.updateStrategy.rollingUpdate.maxSurge", 0)
	}
	c.Out.Default("spec.revisionHistoryLimit", 10)
	fillPodSpec(c.Out, "spec.template.spec")
	keepStatus(c)
}

func fillJob(c *emulator.Call) {
	fillJobSpec(c.Out, "spec")
	if !c.Out.Bool("spec.manualSelector") {
		uid := c.Out.Str("metadata.uid")
		c.Out.Set(`spec.selector.matchLabels["batch.kubernetes.io/controller-uid"]`, uid)
		for name, value := range jobLabels(uid, c.Out.Str("metadata.name")) {
			c.Out.Set(fmt.Sprintf("spec.template.metadata.labels[%q]", name), value)
		}
	}
	keepStatus(c)
}

// jobLabels are what the API server puts on a job's pods.
func jobLabels(uid, name string) map[string]string {
	return map[string]string{
		"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name,
		"controller-uid": uid, "job-name": name,
	}
}

func fillJobSpec(out inventory.Props, at string) {
	if !out.Has(at+".completions") && !out.Has(at+".parallelism") {
		out.Set(at+".completions", 1)
	}
	out.Default(at+".parallelism", 1)
	out.Default(at+".backoffLimit", 6)
	out.Default(at+".completionMode", string(batchv1.NonIndexedCompletion))
	out.Default(at+".suspend", false)
	fillPodSpec(out, at+".template.spec")
}

func fillCronJob(c *emulator.Call) {
	c.Out.Default("spec.concurrencyPolicy", string(batchv1.AllowConcurrent))
	c.Out.Default("spec.suspend", false)
	c.Out.Default("spec.successfulJobsHistoryLimit", 3)
	c.Out.Default("spec.failedJobsHistoryLimit", 1)
	fillJobSpec(c.Out, "spec.jobTemplate.spec")
	c.Out.Set("status", map[string]any{})
}

func fillPod(c *emulator.Call) {
	fillPodSpec(c.Out, "spec")
	c.Out.Default("spec.serviceAccountName", "default")
	for _, path := range []string{"spec.nodeName"} {
		if v := c.Old.Str(path); v != "" {
			c.Out.Default(path, v)
		}
	}
	keepStatus(c)
}

// keepStatus keeps what controllers said of an object when it is written again.
func keepStatus(c *emulator.Call) {
	if status := c.Old.Map("status"); status != nil {
		c.Out.Set("status", status)
	}
}
