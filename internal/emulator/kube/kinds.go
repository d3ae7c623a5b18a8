package kube

import (
	"encoding/base64"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"burrow/internal/emulator"
)

// resources are all kinds that the emulated API has.
func resources() []resource {
	workloads, storage := workloadKinds(), storageKinds()
	for i := range workloads {
		workloads[i].ruled, workloads[i].ruledSource = "K8S-07", sourceCore+"; "+sourceApps+"; "+sourceBatch
	}
	for i := range storage {
		storage[i].ruled, storage[i].ruledSource = "K8S-19", sourceCore+"; Kubernetes pkg/apis/storage, scheduling"
	}
	return slices.Concat(plainKinds(), workloads, storage)
}

func plainKinds() []resource {
	return []resource{
		{
			version: "v1", kind: "Namespace", name: apivalidation.ValidateNamespaceName,
			new:   func() metav1.Object { return &corev1.Namespace{} },
			rules: namespaceRules(), fill: fillNamespace, made: madeWithNamespace, gone: emptyNamespace,
		},
		{
			version: "v1", kind: "ConfigMap", namespaced: true, name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &corev1.ConfigMap{} },
			validate: validateConfigMap, replace: []string{"binaryData", "data"},
		},
		{
			version: "v1", kind: "Secret", namespaced: true, name: apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &corev1.Secret{} },
			validate: validateSecret, fill: fillSecret, replace: []string{"type", "stringData", "data"},
		},
		{
			version: "v1", kind: "ServiceAccount", namespaced: true,
			name: apivalidation.ValidateServiceAccountName,
			new:  func() metav1.Object { return &corev1.ServiceAccount{} },
		},
		{
			version: "v1", kind: "Service", namespaced: true, name: apivalidation.NameIsDNSLabel,
			new:   func() metav1.Object { return &corev1.Service{} },
			rules: serviceRules(), validate: validateService, fill: fillService, replace: []string{"spec.clusterIP"},
		},
		{
			group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy", namespaced: true,
			name:  apivalidation.NameIsDNSSubdomain,
			new:   func() metav1.Object { return &networkingv1.NetworkPolicy{} },
			rules: policyRules(), validate: validateNetworkPolicy, fill: fillNetworkPolicy,
		},
		{
			group: "policy", version: "v1", kind: "PodDisruptionBudget", namespaced: true,
			name:     apivalidation.NameIsDNSSubdomain,
			new:      func() metav1.Object { return &policyv1.PodDisruptionBudget{} },
			validate: validateDisruptionBudget,
		},
		roleKind("Role", true, func() metav1.Object { return &rbacv1.Role{} }, nil),
		roleKind("ClusterRole", false, func() metav1.Object { return &rbacv1.ClusterRole{} }, nil),
		roleKind("RoleBinding", true, func() metav1.Object { return &rbacv1.RoleBinding{} }, validateBinding),
		roleKind("ClusterRoleBinding", false, func() metav1.Object { return &rbacv1.ClusterRoleBinding{} }, validateBinding),
	}
}

func roleKind(kind string, namespaced bool, new func() metav1.Object, validate func(metav1.Object) field.ErrorList) resource {
	r := resource{
		group: rbacv1.GroupName, version: "v1", kind: kind, namespaced: namespaced,
		name: path.ValidatePathSegmentName, new: new, validate: validate,
	}
	if validate != nil {
		r.replace = []string{"roleRef"}
	}
	return r
}

func validateConfigMap(obj metav1.Object) field.ErrorList {
	m := obj.(*corev1.ConfigMap)
	texts, found := validateEntries("data", m.Data)
	bytes, more := validateEntries("binaryData", m.BinaryData)
	return append(append(found, more...), validateSize(field.NewPath(""), texts+bytes)...)
}

func validateSecret(obj metav1.Object) field.ErrorList {
	s := obj.(*corev1.Secret)
	bytes, found := validateEntries("data", s.Data)
	texts, more := validateEntries("stringData", s.StringData)
	return append(append(found, more...), validateSize(field.NewPath("data"), bytes+texts)...)
}

// validateEntries checks the keys of a map and adds up its values, in bytes.
func validateEntries[V string | []byte](name string, m map[string]V) (size int, found field.ErrorList) {
	for key, value := range m {
		found = append(found, validateKey(field.NewPath(name), key)...)
		size += len(value)
	}
	return size, found
}

func validateKey(at *field.Path, key string) (found field.ErrorList) {
	for _, message := range validation.IsConfigMapKey(key) {
		found = append(found, field.Invalid(at.Key(key), key, message))
	}
	return found
}

func validateSize(at *field.Path, size int) field.ErrorList {
	if size > corev1.MaxSecretSize {
		return field.ErrorList{field.TooLong(at, "", corev1.MaxSecretSize)}
	}
	return nil
}

// fillSecret returns text data as the API server stores it.
func fillSecret(c *emulator.Call) {
	c.Out.Default("type", string(corev1.SecretTypeOpaque))
	c.Out.Default("immutable", false)
	for key, v := range c.In.Map("stringData") {
		text, _ := v.(string)
		data := c.Out.Map("data").Clone()
		data[key] = base64.StdEncoding.EncodeToString([]byte(text))
		c.Out.Set("data", data)
	}
	c.Out.Del("stringData")
}

func validateDisruptionBudget(obj metav1.Object) (found field.ErrorList) {
	spec, at := obj.(*policyv1.PodDisruptionBudget).Spec, field.NewPath("spec")
	if spec.MinAvailable != nil && spec.MaxUnavailable != nil {
		found = append(found, field.Invalid(at, spec, "minAvailable and maxUnavailable cannot be both set"))
	}
	return append(found, validateSelector(spec.Selector, at.Child("selector"))...)
}

func validateBinding(obj metav1.Object) (found field.ErrorList) {
	ref, allowed := roleRef(obj)
	at := field.NewPath("roleRef")
	if ref.APIGroup != rbacv1.GroupName {
		found = append(found, field.NotSupported(at.Child("apiGroup"), ref.APIGroup, []string{rbacv1.GroupName}))
	}
	if !contains(allowed, ref.Kind) {
		found = append(found, field.NotSupported(at.Child("kind"), ref.Kind, allowed))
	}
	if ref.Name == "" {
		found = append(found, field.Required(at.Child("name"), ""))
	}
	return found
}

// roleRef is what a binding binds, and the kinds that it may.
func roleRef(obj metav1.Object) (rbacv1.RoleRef, []string) {
	if b, ok := obj.(*rbacv1.RoleBinding); ok {
		return b.RoleRef, []string{"ClusterRole", "Role"}
	}
	return obj.(*rbacv1.ClusterRoleBinding).RoleRef, []string{"ClusterRole"}
}
