package kube

import (
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	levels "k8s.io/pod-security-admission/api"
	podpolicy "k8s.io/pod-security-admission/policy"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/rules"
)

const (
	sourcePodSecurity = "k8s.io/pod-security-admission policy; admission/admission.go"
	sourceAdmission   = "Kubernetes plugin/pkg/admission/serviceaccount, priority"
)

// podRules are what admission refuses of a pod that is made by hand. Of a workload's
// pods it refuses the same, and then they do not come.
func podRules() []emulator.Rule {
	rule := func(id, source string) emulator.Rule {
		return emulator.Rule{ID: rules.ID(id), Code: codeForbidden, On: emulator.OpCreate, Source: source, Broken: func(c *emulator.Call) string {
			p, err := resourceOf(kubetype.Pod).decode(c.In)
			if err != nil {
				return err.Error()
			}
			one := p.(*corev1.Pod)
			one.Namespace = namespaceOf(c.In)
			if one.Spec.ServiceAccountName == "" {
				one.Spec.ServiceAccountName = "default"
			}
			if t := (&control{tx: c.Tx}).admit(one); string(t.rule) == id {
				return t.event
			}
			return ""
		}}
	}
	return []emulator.Rule{rule("K8S-10", sourcePodSecurity), rule("K8S-11", sourceAdmission)}
}

// admit is admission: why a pod is refused, or nothing.
func (k *control) admit(p *corev1.Pod) trouble {
	forbidden := func(id, format string, args ...any) trouble {
		return trouble{rules.ID(id), fmt.Sprintf("pods %q is forbidden: ", p.Name) + fmt.Sprintf(format, args...)}
	}
	if name := p.Spec.PriorityClassName; name != "" && !strings.HasPrefix(name, "system-") && k.tx.Get(kubetype.PriorityClass, name) == nil {
		return forbidden("K8S-11", "no PriorityClass with name %s was found", name)
	}
	// The account of the namespaces that every cluster has is not in the store.
	name := p.Spec.ServiceAccountName
	own := name == "default" && contains(ownNamespaces, p.Namespace)
	if !own && k.tx.Get(kubetype.ServiceAccount, p.Namespace+"/"+name) == nil {
		return forbidden("K8S-11", "error looking up service account %s/%s: serviceaccount %q not found", p.Namespace, name, name)
	}
	if why := violation(k.tx.Get(kubetype.Namespace, p.Namespace), p); why != "" {
		return forbidden("K8S-10", "%s", why)
	}
	return trouble{}
}

var evaluator = sync.OnceValues(func() (podpolicy.Evaluator, error) { return podpolicy.NewEvaluator(podpolicy.DefaultChecks()) })

// violation judges a pod by the level that its namespace enforces.
func violation(namespace *inventory.Object, p *corev1.Pod) string {
	if namespace == nil {
		return ""
	}
	privileged := levels.LevelVersion{Level: levels.LevelPrivileged, Version: levels.LatestVersion()}
	level, found := levels.PolicyToEvaluate(texts(namespace.Out.Map("metadata.labels")), levels.Policy{Enforce: privileged, Audit: privileged, Warn: privileged})
	judge, err := evaluator()
	if len(found) > 0 || err != nil {
		return fmt.Sprint(found.ToAggregate(), err)
	}
	result := podpolicy.AggregateCheckResults(judge.EvaluatePod(level.Enforce, &p.ObjectMeta, &p.Spec))
	if result.Allowed {
		return ""
	}
	return fmt.Sprintf("violates PodSecurity %q: %s", level.Enforce.String(), result.ForbiddenDetail())
}
