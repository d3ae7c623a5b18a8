package kube

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

const sourceCore = "Kubernetes pkg/apis/core/validation"

// Values that the API server knows.
var (
	pullPolicies    = []string{string(corev1.PullAlways), string(corev1.PullIfNotPresent), string(corev1.PullNever)}
	dnsPolicies     = []string{string(corev1.DNSClusterFirstWithHostNet), string(corev1.DNSClusterFirst), string(corev1.DNSDefault), string(corev1.DNSNone)}
	restartPolicies = []string{string(corev1.RestartPolicyAlways), string(corev1.RestartPolicyOnFailure), string(corev1.RestartPolicyNever)}
	unsatisfiable   = []string{string(corev1.DoNotSchedule), string(corev1.ScheduleAnyway)}
	seccompTypes    = []string{string(corev1.SeccompProfileTypeLocalhost), string(corev1.SeccompProfileTypeRuntimeDefault), string(corev1.SeccompProfileTypeUnconfined)}
	taintEffects    = []string{string(corev1.TaintEffectNoSchedule), string(corev1.TaintEffectPreferNoSchedule), string(corev1.TaintEffectNoExecute)}
)

// invalidEach makes an error of each message of a library's check.
func invalidEach(at *field.Path, value any, messages []string) (found field.ErrorList) {
	for _, message := range messages {
		found = append(found, field.Invalid(at, value, message))
	}
	return found
}

// oneOf refuses a value that is set and not among those that are known.
func oneOf(at *field.Path, value string, known []string) field.ErrorList {
	if value == "" || contains(known, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(at, value, known)}
}

func nonNegative[N int32 | int64](at *field.Path, n *N) field.ErrorList {
	if n == nil {
		return nil
	}
	return apivalidation.ValidateNonnegativeField(int64(*n), at)
}

// A podChecker checks one pod's spec.
type podChecker struct {
	spec    *corev1.PodSpec
	at      *field.Path
	volumes []string // names, those of volumeClaimTemplates too
	found   field.ErrorList
}

// validatePod is what the API server checks of the pods of a kind, after
// pkg/apis/core/validation. Claims are the names of volumeClaimTemplates, restarts
// the policies that the kind takes.
func validatePod(template *corev1.PodTemplateSpec, at *field.Path, claims, restarts []string) field.ErrorList {
	c := &podChecker{spec: &template.Spec, at: at.Child("spec"), volumes: slices.Clone(claims)}
	c.add(metavalidation.ValidateLabels(template.Labels, at.Child("metadata", "labels")))
	c.add(apivalidation.ValidateAnnotations(template.Annotations, at.Child("metadata", "annotations")))
	c.storage()
	c.containers()
	c.placement()
	c.rest(restarts)
	return c.found
}

func (c *podChecker) add(found field.ErrorList) { c.found = append(c.found, found...) }

// name checks a name of a list's item: there, a label, and once.
func (c *podChecker) name(at *field.Path, name string, before []string) {
	switch {
	case name == "":
		c.add(field.ErrorList{field.Required(at, "")})
	case contains(before, name):
		c.add(field.ErrorList{field.Duplicate(at, name)})
	default:
		c.add(invalidEach(at, name, validation.IsDNS1123Label(name)))
	}
}

func (c *podChecker) storage() {
	var names []string
	for i, v := range c.spec.Volumes {
		at := c.at.Child("volumes").Index(i)
		c.name(at.Child("name"), v.Name, names)
		names = append(names, v.Name)
		c.source(v, at)
	}
	c.volumes = append(c.volumes, names...)
}

// source checks where a volume is from: one source, and what that needs.
func (c *podChecker) source(v corev1.Volume, at *field.Path) {
	sources := fieldsSet(v.VolumeSource)
	switch len(sources) {
	case 0: // the default is an empty directory
	case 1:
	default:
		c.add(field.ErrorList{field.Forbidden(at.Child(sources[1]), "may not specify more than 1 volume type")})
	}
	required := func(value string, names ...string) {
		if value == "" {
			c.add(field.ErrorList{field.Required(at.Child(names[0], names[1:]...), "")})
		}
	}
	switch {
	case v.ConfigMap != nil:
		required(v.ConfigMap.Name, "configMap", "name")
		c.items(v.ConfigMap.Items, at.Child("configMap", "items"))
	case v.Secret != nil:
		required(v.Secret.SecretName, "secret", "secretName")
		c.items(v.Secret.Items, at.Child("secret", "items"))
	case v.PersistentVolumeClaim != nil:
		required(v.PersistentVolumeClaim.ClaimName, "persistentVolumeClaim", "claimName")
	case v.HostPath != nil:
		required(v.HostPath.Path, "hostPath", "path")
	case v.CSI != nil:
		required(v.CSI.Driver, "csi", "driver")
	case v.EmptyDir != nil && v.EmptyDir.SizeLimit != nil && v.EmptyDir.SizeLimit.Sign() < 0:
		c.add(field.ErrorList{field.Forbidden(at.Child("emptyDir", "sizeLimit"), "SizeLimit field must be a valid resource quantity")})
	case v.Projected != nil:
		for i, s := range v.Projected.Sources {
			if n := len(fieldsSet(s)); n != 1 {
				c.add(field.ErrorList{field.Forbidden(at.Child("projected", "sources").Index(i), "must specify one volume type")})
			}
		}
	}
}

func (c *podChecker) items(items []corev1.KeyToPath, at *field.Path) {
	for i, item := range items {
		if item.Key == "" {
			c.add(field.ErrorList{field.Required(at.Index(i).Child("key"), "")})
		}
		if item.Path == "" {
			c.add(field.ErrorList{field.Required(at.Index(i).Child("path"), "")})
		} else {
			c.add(localPath(item.Path, at.Index(i).Child("path")))
		}
	}
}

// localPath refuses what leads out of a volume.
func localPath(p string, at *field.Path) (found field.ErrorList) {
	if path.IsAbs(p) {
		found = append(found, field.Invalid(at, p, "must be a relative path"))
	}
	if contains(strings.Split(p, "/"), "..") {
		found = append(found, field.Invalid(at, p, "must not contain '..'"))
	}
	return found
}

func (c *podChecker) containers() {
	if len(c.spec.Containers) == 0 {
		c.add(field.ErrorList{field.Required(c.at.Child("containers"), "")})
	}
	var names []string
	check := func(list string, all []corev1.Container, init bool) {
		for i := range all {
			at := c.at.Child(list).Index(i)
			c.name(at.Child("name"), all[i].Name, names)
			names = append(names, all[i].Name)
			c.container(&all[i], at, init)
		}
	}
	check("initContainers", c.spec.InitContainers, true)
	check("containers", c.spec.Containers, false)
	if len(c.spec.EphemeralContainers) > 0 {
		c.add(field.ErrorList{field.Forbidden(c.at.Child("ephemeralContainers"), "cannot be set on create")})
	}
}

func (c *podChecker) container(k *corev1.Container, at *field.Path, init bool) {
	switch {
	case k.Image == "":
		c.add(field.ErrorList{field.Required(at.Child("image"), "")})
	case strings.TrimSpace(k.Image) != k.Image:
		c.add(field.ErrorList{field.Invalid(at.Child("image"), k.Image, "must not have leading or trailing whitespace")})
	}
	c.add(oneOf(at.Child("imagePullPolicy"), string(k.ImagePullPolicy), pullPolicies))
	c.ports(k.Ports, at.Child("ports"))
	c.env(k.Env, at.Child("env"))
	c.envFrom(k.EnvFrom, at.Child("envFrom"))
	c.mounts(k.VolumeMounts, at.Child("volumeMounts"))
	c.resources(k.Resources, at.Child("resources"))
	c.security(k.SecurityContext, at.Child("securityContext"))
	sidecar := k.RestartPolicy != nil && *k.RestartPolicy == corev1.ContainerRestartPolicyAlways
	for name, p := range map[string]*corev1.Probe{"livenessProbe": k.LivenessProbe, "readinessProbe": k.ReadinessProbe, "startupProbe": k.StartupProbe} {
		switch {
		case p == nil:
		case init && !sidecar:
			c.add(field.ErrorList{field.Forbidden(at.Child(name), "may not be set for init containers without restartPolicy=Always")})
		default:
			c.probe(p, at.Child(name), name != "readinessProbe")
		}
	}
	if k.Lifecycle != nil {
		for name, h := range map[string]*corev1.LifecycleHandler{"postStart": k.Lifecycle.PostStart, "preStop": k.Lifecycle.PreStop} {
			if h != nil {
				c.handler(fieldsSet(*h), h.HTTPGet, h.TCPSocket, at.Child("lifecycle", name))
			}
		}
	}
}

func (c *podChecker) ports(ports []corev1.ContainerPort, at *field.Path) {
	var names []string
	for i, p := range ports {
		at := at.Index(i)
		if p.Name != "" {
			c.add(invalidEach(at.Child("name"), p.Name, validation.IsValidPortName(p.Name)))
			if contains(names, p.Name) {
				c.add(field.ErrorList{field.Duplicate(at.Child("name"), p.Name)})
			}
			names = append(names, p.Name)
		}
		if p.ContainerPort == 0 {
			c.add(field.ErrorList{field.Required(at.Child("containerPort"), "")})
		} else {
			c.add(validateNumber(int(p.ContainerPort), at.Child("containerPort")))
		}
		if p.HostPort != 0 {
			c.add(validateNumber(int(p.HostPort), at.Child("hostPort")))
			if c.spec.HostNetwork && p.HostPort != p.ContainerPort {
				c.add(field.ErrorList{field.Invalid(at.Child("hostPort"), p.HostPort, "must match `containerPort` when `hostNetwork` is true")})
			}
		}
		c.add(oneOf(at.Child("protocol"), string(p.Protocol), protocols))
	}
}

func (c *podChecker) env(env []corev1.EnvVar, at *field.Path) {
	for i, e := range env {
		at := at.Index(i)
		if e.Name == "" {
			c.add(field.ErrorList{field.Required(at.Child("name"), "")})
		} else {
			c.add(invalidEach(at.Child("name"), e.Name, validation.IsRelaxedEnvVarName(e.Name)))
		}
		if e.ValueFrom != nil {
			c.valueFrom(e, at.Child("valueFrom"))
		}
	}
}

func (c *podChecker) valueFrom(e corev1.EnvVar, at *field.Path) {
	from := e.ValueFrom
	switch sources := fieldsSet(*from); {
	case e.Value != "":
		c.add(field.ErrorList{field.Invalid(at, "", "may not be specified when `value` is not empty")})
	case len(sources) == 0:
		c.add(field.ErrorList{field.Invalid(at, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`")})
	case len(sources) > 1:
		c.add(field.ErrorList{field.Invalid(at, "", "may not have more than one field specified at a time")})
	}
	key := func(at *field.Path, key string) {
		if key == "" {
			c.add(field.ErrorList{field.Required(at.Child("key"), "")})
		} else {
			c.add(invalidEach(at.Child("key"), key, validation.IsConfigMapKey(key)))
		}
	}
	if r := from.ConfigMapKeyRef; r != nil {
		key(at.Child("configMapKeyRef"), r.Key)
	}
	if r := from.SecretKeyRef; r != nil {
		key(at.Child("secretKeyRef"), r.Key)
	}
	if r := from.FieldRef; r != nil && r.FieldPath == "" {
		c.add(field.ErrorList{field.Required(at.Child("fieldRef", "fieldPath"), "")})
	}
}

func (c *podChecker) envFrom(all []corev1.EnvFromSource, at *field.Path) {
	for i, e := range all {
		at := at.Index(i)
		switch {
		case e.ConfigMapRef == nil && e.SecretRef == nil:
			c.add(field.ErrorList{field.Invalid(at, "", "must specify one of: `configMapRef` or `secretRef`")})
		case e.ConfigMapRef != nil && e.SecretRef != nil:
			c.add(field.ErrorList{field.Invalid(at, "", "may not have more than one field specified at a time")})
		case e.ConfigMapRef != nil && e.ConfigMapRef.Name == "":
			c.add(field.ErrorList{field.Required(at.Child("configMapRef", "name"), "")})
		case e.SecretRef != nil && e.SecretRef.Name == "":
			c.add(field.ErrorList{field.Required(at.Child("secretRef", "name"), "")})
		}
	}
}

func (c *podChecker) mounts(mounts []corev1.VolumeMount, at *field.Path) {
	var paths []string
	for i, m := range mounts {
		at := at.Index(i)
		switch {
		case m.Name == "":
			c.add(field.ErrorList{field.Required(at.Child("name"), "")})
		case !contains(c.volumes, m.Name):
			c.add(field.ErrorList{field.NotFound(at.Child("name"), m.Name)})
		}
		switch {
		case m.MountPath == "":
			c.add(field.ErrorList{field.Required(at.Child("mountPath"), "")})
		case contains(paths, m.MountPath):
			c.add(field.ErrorList{field.Invalid(at.Child("mountPath"), m.MountPath, "must be unique")})
		}
		paths = append(paths, m.MountPath)
		if m.SubPath != "" {
			c.add(localPath(m.SubPath, at.Child("subPath")))
		}
		if m.SubPath != "" && m.SubPathExpr != "" {
			c.add(field.ErrorList{field.Invalid(at.Child("subPathExpr"), m.SubPathExpr, "subPathExpr and subPath are mutually exclusive")})
		}
	}
}

// resources: requests are not above their limits, and nothing is negative.
func (c *podChecker) resources(r corev1.ResourceRequirements, at *field.Path) {
	for list, quantities := range map[string]corev1.ResourceList{"limits": r.Limits, "requests": r.Requests} {
		for _, name := range slices.Sorted(maps.Keys(quantities)) {
			at, q := at.Child(list).Key(string(name)), quantities[name]
			c.add(invalidEach(at, string(name), validation.IsQualifiedName(string(name))))
			if !strings.Contains(string(name), "/") && !slices.Contains([]corev1.ResourceName{"cpu", "memory", "ephemeral-storage"}, name) && !strings.HasPrefix(string(name), "hugepages-") {
				c.add(field.ErrorList{field.Invalid(at, name, "must be a standard resource for containers")})
			}
			if q.Sign() < 0 {
				c.add(field.ErrorList{field.Invalid(at, q.String(), "must be greater than or equal to 0")})
			}
			limit, limited := r.Limits[name]
			if list == "requests" && limited && q.Cmp(limit) > 0 {
				c.add(field.ErrorList{field.Invalid(at, q.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String()))})
			}
		}
	}
}

func (c *podChecker) probe(p *corev1.Probe, at *field.Path, onlyOnce bool) {
	c.handler(fieldsSet(p.ProbeHandler), p.HTTPGet, p.TCPSocket, at)
	if p.GRPC != nil {
		c.add(validateNumber(int(p.GRPC.Port), at.Child("grpc", "port")))
	}
	for name, n := range map[string]int32{
		"initialDelaySeconds": p.InitialDelaySeconds, "timeoutSeconds": p.TimeoutSeconds, "periodSeconds": p.PeriodSeconds,
		"successThreshold": p.SuccessThreshold, "failureThreshold": p.FailureThreshold,
	} {
		c.add(nonNegative(at.Child(name), &n))
	}
	if onlyOnce && p.SuccessThreshold > 1 {
		c.add(field.ErrorList{field.Invalid(at.Child("successThreshold"), p.SuccessThreshold, "must be 1")})
	}
	if g := p.TerminationGracePeriodSeconds; g != nil && *g <= 0 {
		c.add(field.ErrorList{field.Invalid(at.Child("terminationGracePeriodSeconds"), *g, "must be greater than 0")})
	}
}

// handler checks what a probe or a hook does.
func (c *podChecker) handler(handlers []string, http *corev1.HTTPGetAction, tcp *corev1.TCPSocketAction, at *field.Path) {
	switch len(handlers) {
	case 0:
		c.add(field.ErrorList{field.Required(at, "must specify a handler type")})
	case 1:
	default:
		c.add(field.ErrorList{field.Forbidden(at.Child(handlers[1]), "may not specify more than 1 handler type")})
	}
	port := func(p intstr.IntOrString, at *field.Path) { c.add(validateIntOrName(p, at)) }
	if http != nil {
		port(http.Port, at.Child("httpGet", "port"))
		c.add(oneOf(at.Child("httpGet", "scheme"), string(http.Scheme), []string{"HTTP", "HTTPS"}))
	}
	if tcp != nil {
		port(tcp.Port, at.Child("tcpSocket", "port"))
	}
}

func (c *podChecker) security(s *corev1.SecurityContext, at *field.Path) {
	if s == nil {
		return
	}
	c.add(nonNegative(at.Child("runAsUser"), s.RunAsUser))
	c.add(nonNegative(at.Child("runAsGroup"), s.RunAsGroup))
	c.seccomp(s.SeccompProfile, at.Child("seccompProfile"))
	escalation := at.Child("allowPrivilegeEscalation")
	if s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation {
		if s.Privileged != nil && *s.Privileged {
			c.add(field.ErrorList{field.Invalid(escalation, false, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")})
		}
		if s.Capabilities != nil && slices.Contains(s.Capabilities.Add, "CAP_SYS_ADMIN") {
			c.add(field.ErrorList{field.Invalid(escalation, false, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")})
		}
	}
}

func (c *podChecker) seccomp(s *corev1.SeccompProfile, at *field.Path) {
	if s == nil {
		return
	}
	if s.Type == "" {
		c.add(field.ErrorList{field.Required(at.Child("type"), "type is required when seccompProfile is set")})
	}
	c.add(oneOf(at.Child("type"), string(s.Type), seccompTypes))
	if (s.Type == corev1.SeccompProfileTypeLocalhost) != (s.LocalhostProfile != nil) {
		c.add(field.ErrorList{field.Invalid(at.Child("localhostProfile"), s.LocalhostProfile, "must be set with the type Localhost, and only then")})
	}
}

// placement checks on which nodes a pod may run.
func (c *podChecker) placement() {
	c.add(metavalidation.ValidateLabels(c.spec.NodeSelector, c.at.Child("nodeSelector")))
	for i, t := range c.spec.Tolerations {
		at := c.at.Child("tolerations").Index(i)
		if t.Key != "" {
			c.add(metavalidation.ValidateLabelName(t.Key, at.Child("key")))
		}
		if t.Key == "" && t.Operator != corev1.TolerationOpExists {
			c.add(field.ErrorList{field.Invalid(at.Child("operator"), t.Operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")})
		}
		if t.Operator == corev1.TolerationOpExists && t.Value != "" {
			c.add(field.ErrorList{field.Invalid(at.Child("operator"), t, "value must be empty when `operator` is 'Exists'")})
		}
		c.add(oneOf(at.Child("operator"), string(t.Operator), []string{"Equal", "Exists"}))
		c.add(oneOf(at.Child("effect"), string(t.Effect), taintEffects))
	}
	c.affinity(c.spec.Affinity, c.at.Child("affinity"))
	c.spread(c.spec.TopologySpreadConstraints, c.at.Child("topologySpreadConstraints"))
}

func (c *podChecker) affinity(a *corev1.Affinity, at *field.Path) {
	if a == nil {
		return
	}
	if n := a.NodeAffinity; n != nil {
		if required := n.RequiredDuringSchedulingIgnoredDuringExecution; required != nil {
			c.add(validateNodeSelector(required, at.Child("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")))
		}
		if _, err := nodeaffinity.NewPreferredSchedulingTerms(n.PreferredDuringSchedulingIgnoredDuringExecution); err != nil {
			c.add(field.ErrorList{field.Invalid(at.Child("nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"), "", err.Error())})
		}
	}
	if p := a.PodAffinity; p != nil {
		c.terms(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution, at.Child("podAffinity"))
	}
	if p := a.PodAntiAffinity; p != nil {
		c.terms(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution, at.Child("podAntiAffinity"))
	}
}

func validateNodeSelector(s *corev1.NodeSelector, at *field.Path) field.ErrorList {
	if len(s.NodeSelectorTerms) == 0 {
		return field.ErrorList{field.Required(at.Child("nodeSelectorTerms"), "must have at least one node selector term")}
	}
	if _, err := nodeaffinity.NewNodeSelector(s); err != nil {
		return field.ErrorList{field.Invalid(at, "", err.Error())}
	}
	return nil
}

func (c *podChecker) terms(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm, at *field.Path) {
	term := func(t corev1.PodAffinityTerm, at *field.Path) {
		if t.TopologyKey == "" {
			c.add(field.ErrorList{field.Required(at.Child("topologyKey"), "can not be empty")})
		}
		if t.LabelSelector != nil {
			c.add(validateSelector(t.LabelSelector, at.Child("labelSelector")))
		}
	}
	for i, t := range required {
		term(t, at.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i))
	}
	for i, t := range preferred {
		at := at.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
		if t.Weight < 1 || t.Weight > 100 {
			c.add(field.ErrorList{field.Invalid(at.Child("weight"), t.Weight, "must be in the range 1-100")})
		}
		term(t.PodAffinityTerm, at.Child("podAffinityTerm"))
	}
}

func (c *podChecker) spread(all []corev1.TopologySpreadConstraint, at *field.Path) {
	var pairs []string
	for i, s := range all {
		at := at.Index(i)
		if s.MaxSkew <= 0 {
			c.add(field.ErrorList{field.Invalid(at.Child("maxSkew"), s.MaxSkew, "must be greater than zero")})
		}
		if s.TopologyKey == "" {
			c.add(field.ErrorList{field.Required(at.Child("topologyKey"), "can not be empty")})
		}
		if s.WhenUnsatisfiable == "" || !contains(unsatisfiable, string(s.WhenUnsatisfiable)) {
			c.add(field.ErrorList{field.NotSupported(at.Child("whenUnsatisfiable"), string(s.WhenUnsatisfiable), unsatisfiable)})
		}
		if s.MinDomains != nil && (*s.MinDomains <= 0 || s.WhenUnsatisfiable != corev1.DoNotSchedule) {
			c.add(field.ErrorList{field.Invalid(at.Child("minDomains"), *s.MinDomains, "must be greater than zero, and can only use minDomains if whenUnsatisfiable=DoNotSchedule")})
		}
		if s.LabelSelector != nil {
			c.add(validateSelector(s.LabelSelector, at.Child("labelSelector")))
		}
		pair := fmt.Sprintf("{%s, %s}", s.TopologyKey, s.WhenUnsatisfiable)
		if contains(pairs, pair) {
			c.add(field.ErrorList{field.Duplicate(at.Child("{topologyKey, whenUnsatisfiable}"), pair)})
		}
		pairs = append(pairs, pair)
	}
}

func (c *podChecker) rest(restarts []string) {
	if policy := string(c.spec.RestartPolicy); !contains(restarts, policy) && (policy != "" || !contains(restarts, string(corev1.RestartPolicyAlways))) {
		if policy == "" {
			c.add(field.ErrorList{field.Required(c.at.Child("restartPolicy"), fmt.Sprintf("valid values: %q", restarts))})
		} else {
			c.add(field.ErrorList{field.NotSupported(c.at.Child("restartPolicy"), policy, restarts)})
		}
	}
	c.add(oneOf(c.at.Child("dnsPolicy"), string(c.spec.DNSPolicy), dnsPolicies))
	c.add(nonNegative(c.at.Child("terminationGracePeriodSeconds"), c.spec.TerminationGracePeriodSeconds))
	if d := c.spec.ActiveDeadlineSeconds; d != nil && *d < 1 {
		c.add(field.ErrorList{field.Invalid(c.at.Child("activeDeadlineSeconds"), *d, "must be between 1 and 2147483647, inclusive")})
	}
	if name := c.spec.ServiceAccountName; name != "" {
		c.add(invalidEach(c.at.Child("serviceAccountName"), name, apivalidation.ValidateServiceAccountName(name, false)))
	}
	if name := c.spec.PriorityClassName; name != "" {
		c.add(invalidEach(c.at.Child("priorityClassName"), name, apivalidation.NameIsDNSSubdomain(name, false)))
	}
	if s := c.spec.SecurityContext; s != nil {
		c.add(nonNegative(c.at.Child("securityContext", "runAsUser"), s.RunAsUser))
		c.add(nonNegative(c.at.Child("securityContext", "runAsGroup"), s.RunAsGroup))
		c.add(nonNegative(c.at.Child("securityContext", "fsGroup"), s.FSGroup))
		c.seccomp(s.SeccompProfile, c.at.Child("securityContext", "seccompProfile"))
	}
}
