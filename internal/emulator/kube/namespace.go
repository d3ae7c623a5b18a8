package kube

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
)

// ownNamespaces are those that every cluster has from the start.
var ownNamespaces = []string{
	metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease,
}

// undeletable are the namespaces that the API server does not delete.
var undeletable = []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func namespaceMissing(c *emulator.Call) string {
	name := namespaceOf(c.In)
	if contains(ownNamespaces, name) || c.Tx.Get(kubetype.Namespace, name) != nil {
		return ""
	}
	return fmt.Sprintf("namespaces %q not found", name)
}

func namespaceRules() []emulator.Rule {
	return []emulator.Rule{
		{
			ID: "K8S-04", Code: codeForbidden, On: emulator.OpDelete,
			Source: "Kubernetes, NamespaceLifecycle admission, immortal namespaces",
			Broken: func(c *emulator.Call) string {
				if contains(undeletable, c.ID) {
					return fmt.Sprintf("namespaces %q is forbidden: this namespace may not be deleted", c.ID)
				}
				return ""
			},
		},
		{
			ID: "K8S-05", Code: codeInvalid, On: emulator.OpWrite,
			Source: "Kubernetes, PodSecurity admission, validation of namespace labels",
			Broken: badPodSecurity,
		},
	}
}

// podSecurityModes and podSecurityLevels make up the labels of pod security.
var (
	podSecurityModes  = []string{"enforce", "audit", "warn"}
	podSecurityLevels = []string{"privileged", "baseline", "restricted"}
)

func badPodSecurity(c *emulator.Call) string {
	for _, mode := range podSecurityModes {
		path := fmt.Sprintf(`metadata.labels["pod-security.kubernetes.io/%s"]`, mode)
		if level := c.In.Str(path); c.In.Has(path) && !contains(podSecurityLevels, level) {
			return fmt.Sprintf("Namespace %q is invalid: %s: Invalid value: %q: must be one of privileged, baseline, restricted",
				c.In.Str("metadata.name"), path, level)
		}
	}
	return ""
}

func fillNamespace(c *emulator.Call) {
	c.Out.Set(`metadata.labels["kubernetes.io/metadata.name"]`, c.In.Str("metadata.name"))
	c.Out.Default("spec.finalizers", []string{"kubernetes"})
	c.Out.Set("status.phase", "Active")
}

// madeWithNamespace makes what controllers put into every namespace.
func madeWithNamespace(c *emulator.Call) error {
	put := func(token, name string) {
		in := inventory.Props{"metadata": map[string]any{"name": name, "namespace": c.ID}}
		c.Tx.Put(&inventory.Object{Type: token, ID: c.ID + "/" + name, MadeBy: c.ID, In: in, Out: in.Clone()})
	}
	put(kubetype.ServiceAccount, "default")
	put(kubetype.ConfigMap, "kube-root-ca.crt")
	return nil
}

// emptyNamespace takes away everything in a namespace.
func emptyNamespace(c *emulator.Call) error {
	for _, r := range resources() {
		for _, o := range c.Tx.All(r.token()) {
			if r.namespaced && namespaceOf(o.In) == c.ID {
				c.Tx.Remove(o)
			}
		}
	}
	return nil
}
