package ebs

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// InUse says who has a volume attached, "" when it is free: a pod that runs on a node of an
// EKS cluster in the volume's zone, with a claim that is bound to a PersistentVolume of
// this handle. Where nobody makes the pods of a workload, it counts as running them.
func InUse(view inventory.View, volume *inventory.Object) string {
	all := view.Within("")
	for _, pv := range all.All(kubetype.PersistentVolume) {
		p := pv.Props()
		if p.Str("spec.csi.driver") != Driver || p.Str("spec.csi.volumeHandle") != volume.ID || !hasNode(all, pv.Region, volume) {
			continue
		}
		// What lives in one cluster only.
		u := user{inventory.View{Source: all.Source, Region: pv.Region}}
		for _, claim := range u.claims(pv) {
			if who := u.of(claim); who != "" {
				return fmt.Sprintf("%s, by the claim %s of PersistentVolume %s", who, claim, name(pv))
			}
		}
	}
	return ""
}

// hasNode reports whether the cluster at an endpoint has a node in the volume's zone. Of a
// cluster that is not in what is looked at, nothing is known against it.
func hasNode(all inventory.View, endpoint string, volume *inventory.Object) bool {
	cluster := clusterAt(all, endpoint)
	if cluster == nil {
		return true
	}
	return cluster.Region == volume.Region && slices.Contains(zones(all.Within(cluster.Region), cluster), volume.Value("availabilityZone"))
}

// clusterAt is the EKS cluster with that host.
func clusterAt(all inventory.View, host string) *inventory.Object {
	for _, o := range all.All(awstype.Cluster) {
		if u, err := url.Parse(strings.ToLower(o.Value("endpoint"))); err == nil && host != "" && u.Hostname() == strings.ToLower(host) {
			return o
		}
	}
	return nil
}

// zones are those in which the cluster's managed groups have nodes.
func zones(view inventory.View, cluster *inventory.Object) (found []string) {
	for _, nodes := range groups(view, cluster) {
		subnets := nodes.Props().Strings("subnetIds")
		for i := range min(nodes.Props().Int("scalingConfig.desiredSize"), len(subnets)) {
			if subnet := view.Get(awstype.Subnet, subnets[i]); subnet != nil {
				found = append(found, subnet.Value("availabilityZone"))
			}
		}
	}
	return found
}

// groups are the cluster's managed node groups that have come up.
func groups(view inventory.View, cluster *inventory.Object) []*inventory.Object {
	return view.Where(awstype.NodeGroup, func(o *inventory.Object) bool {
		return o.Value("clusterName") == cluster.Value("name") && o.Value("status") == "ACTIVE"
	})
}

// A user is what a cluster holds.
type user struct{ inventory.View }

// claims are the claims that a volume is bound to, as namespace/name: the one that it names,
// or those that name it. A claim that names another volume is not its.
func (u user) claims(pv *inventory.Object) (found []string) {
	if ref := pv.Props().Map("spec.claimRef"); ref.Str("name") != "" {
		claim := ref.StrOr("namespace", "default") + "/" + ref.Str("name")
		if o := u.claim(claim); o == nil || slices.Contains([]string{"", name(pv)}, o.Props().Str("spec.volumeName")) {
			found = append(found, claim)
		}
		return found
	}
	for _, o := range u.All(kubetype.PersistentVolumeClaim) {
		if o.Props().Str("spec.volumeName") == name(pv) {
			found = append(found, namespace(o)+"/"+name(o))
		}
	}
	return found
}

func (u user) claim(full string) *inventory.Object {
	for _, o := range u.All(kubetype.PersistentVolumeClaim) {
		if namespace(o)+"/"+name(o) == full {
			return o
		}
	}
	return nil
}

// workloads run for as long as they exist. Jobs come to an end, which is not written down.
var workloads = []string{kubetype.StatefulSet, kubetype.Deployment, kubetype.ReplicaSet, kubetype.DaemonSet}

// of is who runs with a claim, "" for nobody.
func (u user) of(claim string) string {
	pods := u.All(kubetype.Pod)
	for _, pod := range pods {
		if runs(pod) && slices.Contains(mounted(pod, "spec"), claim) {
			return "pod " + namespace(pod) + "/" + name(pod)
		}
	}
	for _, w := range u.All(workloads...) {
		made := func(pod *inventory.Object) bool { return namespace(pod) == namespace(w) && owned(pod, w) }
		if slices.Contains(promised(w), claim) && !slices.ContainsFunc(pods, made) {
			return fmt.Sprintf("%s %s/%s", w.Type[strings.LastIndex(w.Type, ":")+1:], namespace(w), name(w))
		}
	}
	return ""
}

// runs: a pod that nobody schedules counts as running, one that waits or is done does not.
func runs(pod *inventory.Object) bool {
	p := pod.Props()
	phase := p.Str("status.phase")
	return phase == "Running" || p.Str("spec.nodeName") != "" && phase != "Succeeded" && phase != "Failed" || phase == ""
}

// owned reports whether a controller made the pod for the workload, directly or by a
// ReplicaSet, whose name begins with the Deployment's.
func owned(pod, w *inventory.Object) bool {
	if pod.MadeBy != "" && pod.MadeBy == w.ID {
		return true
	}
	return slices.ContainsFunc(pod.Props().Maps("metadata.ownerReferences[*]"), func(o inventory.Props) bool {
		return o.Str("name") == name(w) || o.Str("kind") == "ReplicaSet" && strings.HasPrefix(o.Str("name"), name(w)+"-")
	})
}

// promised are the claims that the pods of a workload use. A StatefulSet has one for each
// template and ordinal. Source: Kubernetes pkg/controller/statefulset/stateful_set_utils.go.
func promised(w *inventory.Object) []string {
	p, replicas := w.Props(), 1
	if p.Has("spec.replicas") {
		replicas = p.Int("spec.replicas")
	}
	if replicas == 0 {
		return nil
	}
	found := mounted(w, "spec.template.spec")
	if w.Type != kubetype.StatefulSet {
		return found
	}
	for _, template := range p.Maps("spec.volumeClaimTemplates[*]") {
		for i := range replicas {
			found = append(found, fmt.Sprintf("%s/%s-%s-%d", namespace(w), template.Str("metadata.name"), name(w), p.Int("spec.ordinals.start")+i))
		}
	}
	return found
}

// mounted are the claims that a pod's specification names.
func mounted(o *inventory.Object, spec string) (found []string) {
	for _, claim := range o.Props().Strings(spec + ".volumes[*].persistentVolumeClaim.claimName") {
		found = append(found, namespace(o)+"/"+claim)
	}
	return found
}

func namespace(o *inventory.Object) string { return o.Props().StrOr("metadata.namespace", "default") }

func name(o *inventory.Object) string { return o.Props().Str("metadata.name") }
