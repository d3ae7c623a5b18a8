package kube

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"burrow/internal/inventory/kubetype"
)

// start is the kubelets: a pod that has a node is started, or says what it waits for.
// What its program then does is not known: it counts as ready, and as done where its
// owner is a job.
func (k *control) start() {
	for _, p := range k.pods {
		if p.Spec.NodeName == "" || p.ended() || p.ready() {
			continue
		}
		if t := k.attach(p); t.event != "" {
			k.stuck(p, t, false, "ContainerCreating", "")
			continue
		}
		if t := k.mount(p); t.event != "" {
			k.stuck(p, t, false, "ContainerCreating", "")
			continue
		}
		if reason, t := k.run(p); t.event != "" {
			k.stuck(p, t, true, reason, strings.TrimPrefix(strings.TrimPrefix(t.event, "Failed: Error: "), "InspectFailed: "))
			continue
		}
		k.running(p)
	}
}

// containers writes the status of each container of a pod.
func (p *pod) containers(state corev1.ContainerState, ready bool) {
	p.Status.ContainerStatuses = nil
	for _, c := range p.Spec.Containers {
		started := ready
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, State: state, Ready: ready, Started: &started,
		})
	}
}

// stuck says what keeps a pod from starting. Sandbox says that it has its address.
func (k *control) stuck(p *pod, t trouble, sandbox bool, reason, message string) {
	if p.trouble == t && len(p.Status.ContainerStatuses) > 0 {
		return
	}
	p.trouble = t
	var names []string
	for _, c := range p.Spec.Containers {
		names = append(names, c.Name)
	}
	unready := fmt.Sprintf("containers with unready status: [%s]", strings.Join(names, " "))
	p.Status.Phase = corev1.PodPending
	p.set(corev1.PodReadyToStartContainers, sandbox, "", "")
	p.set(corev1.PodInitialized, true, "", "")
	p.set(corev1.ContainersReady, false, "ContainersNotReady", unready)
	p.set(corev1.PodReady, false, "ContainersNotReady", unready)
	p.containers(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}, false)
	k.keep(p)
	k.changed = true
}

func (k *control) running(p *pod) {
	p.trouble = trouble{}
	job := metav1.GetControllerOf(p.Pod) != nil && metav1.GetControllerOf(p.Pod).Kind == "Job"
	p.set(corev1.PodReadyToStartContainers, !job, "", "")
	p.set(corev1.PodInitialized, true, "", "")
	if job {
		p.Status.Phase = corev1.PodSucceeded
		p.set(corev1.ContainersReady, false, "PodCompleted", "")
		p.set(corev1.PodReady, false, "PodCompleted", "")
		p.containers(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed"}}, false)
	} else {
		p.Status.Phase = corev1.PodRunning
		p.set(corev1.ContainersReady, true, "", "")
		p.set(corev1.PodReady, true, "", "")
		p.containers(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, true)
	}
	k.keep(p)
	k.changed = true
}

// A store of text is a ConfigMap or a Secret.
type textStore struct {
	token, kind, key string
}

var (
	configMaps = textStore{kubetype.ConfigMap, "configmap", "ConfigMap"}
	secrets    = textStore{kubetype.Secret, "secret", "Secret"}
)

// has reports whether a store is there, and a key in it.
func (k *control) has(s textStore, namespace, name, key string) (found, hasKey bool) {
	if name == "kube-root-ca.crt" && s.token == kubetype.ConfigMap { // in every namespace
		return true, key == "" || key == "ca.crt"
	}
	o := k.tx.Get(s.token, namespace+"/"+name)
	if o == nil {
		return false, false
	}
	for _, part := range []string{"data", "binaryData"} {
		if _, ok := o.Out.Map(part)[key]; ok {
			return true, true
		}
	}
	return true, false
}

func optional(b *bool) bool { return b != nil && *b }

// mount judges the volumes that are made of text.
func (k *control) mount(p *pod) trouble {
	for _, v := range p.Spec.Volumes {
		why := ""
		check := func(s textStore, name string, items []corev1.KeyToPath, may *bool) {
			found, _ := k.has(s, p.Namespace, name, "")
			switch {
			case why != "" || optional(may):
			case !found:
				why = fmt.Sprintf("%s %q not found", s.kind, name)
			default:
				for _, item := range items {
					if _, ok := k.has(s, p.Namespace, name, item.Key); !ok {
						why = map[string]string{"configmap": "configmap references non-existent config key: ", "secret": "references non-existent secret key: "}[s.kind] + item.Key
						return
					}
				}
			}
		}
		if s := v.ConfigMap; s != nil {
			check(configMaps, s.Name, s.Items, s.Optional)
		}
		if s := v.Secret; s != nil {
			check(secrets, s.SecretName, s.Items, s.Optional)
		}
		if v.Projected != nil {
			for _, s := range v.Projected.Sources {
				if s.ConfigMap != nil {
					check(configMaps, s.ConfigMap.Name, s.ConfigMap.Items, s.ConfigMap.Optional)
				}
				if s.Secret != nil {
					check(secrets, s.Secret.Name, s.Secret.Items, s.Secret.Optional)
				}
			}
		}
		if why != "" {
			return trouble{"K8S-12", fmt.Sprintf("FailedMount: MountVolume.SetUp failed for volume %q : %s", v.Name, why)}
		}
	}
	return trouble{}
}

// run judges images and the variables of containers. The reason is that of the
// waiting container.
func (k *control) run(p *pod) (reason string, t trouble) {
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		if _, err := reference.ParseNormalizedNamed(c.Image); err != nil {
			return "InvalidImageName", trouble{"K8S-14", fmt.Sprintf("InspectFailed: Failed to apply default image tag %q: couldn't parse image name %q: %v", c.Image, c.Image, err)}
		}
		if why := k.variables(p.Namespace, c); why != "" {
			return "CreateContainerConfigError", trouble{"K8S-12", "Failed: Error: " + why}
		}
	}
	return "", trouble{}
}

func (k *control) variables(namespace string, c corev1.Container) string {
	missing := func(s textStore, name, key string, may *bool) string {
		found, hasKey := k.has(s, namespace, name, key)
		switch {
		case optional(may):
		case !found:
			return fmt.Sprintf("%s %q not found", s.kind, name)
		case key != "" && !hasKey:
			return fmt.Sprintf("couldn't find key %s in %s %s/%s", key, s.key, namespace, name)
		}
		return ""
	}
	var all []string
	for _, e := range c.EnvFrom {
		if r := e.ConfigMapRef; r != nil {
			all = append(all, missing(configMaps, r.Name, "", r.Optional))
		}
		if r := e.SecretRef; r != nil {
			all = append(all, missing(secrets, r.Name, "", r.Optional))
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			continue
		}
		if r := e.ValueFrom.ConfigMapKeyRef; r != nil {
			all = append(all, missing(configMaps, r.Name, r.Key, r.Optional))
		}
		if r := e.ValueFrom.SecretKeyRef; r != nil {
			all = append(all, missing(secrets, r.Name, r.Key, r.Optional))
		}
	}
	all = slices.DeleteFunc(all, func(why string) bool { return why == "" })
	if len(all) == 0 {
		return ""
	}
	return all[0]
}
