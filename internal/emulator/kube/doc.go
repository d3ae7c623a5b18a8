// Package kube declares the emulated Kubernetes API of the clusters that the
// other clouds hold.
//
// A provider instance reaches the cluster that its kubeconfig names, if one of
// the emulated clusters has that endpoint, and nothing otherwise (PRV-22). What a
// cluster holds is its own, and goes with it.
//
// Objects are decoded strictly into Kubernetes' own types (k8s.io/api) and
// checked with Kubernetes' own validation where it is in a library
// (k8s.io/apimachinery: names, labels, selectors, annotations; pod-security-admission;
// component-helpers: node affinity, taints, requests); the rules of NetworkPolicies,
// Services, pods, workloads and volumes, which are inside the API server, are written
// here after Kubernetes 1.36 pkg/apis/*/validation.
//
// After each write the cluster's controllers work until nothing is left to do: claims
// are bound, StatefulSets, Deployments, DaemonSets and Jobs make pods, admission lets
// them in or not, a scheduler gives them nodes, and kubelets start them. Nodes are
// those that the other clouds hold: EKS node groups that are ACTIVE, in the zones of
// their subnets, and AKS pools, with what their autoscaler may add. A pod that starts
// counts as ready, and a job's as done: what runs in containers is not known. What
// the provider would wait for in vain fails late, in the words of pulumi-kubernetes
// 4.23, with the events of pods added, which it does not print. While other writes
// are at work that may yet mend it, it waits.
//
// Modelled: namespaces with what they contain, defaults that the API server
// fills in, cluster and node addresses of Services, server-side apply onto an
// object that exists, replacement and names as pulumi-kubernetes 4.23 has them,
// Pod Security, references of pods, scheduling by room, selectors, affinities, taints
// and spread, static volumes of EBS as package ebs judges them, phases of
// volumes, claims that outlive their StatefulSet, rolling updates, disruption budgets.
//
// Not modelled: authentication, RBAC (roles and bindings are stored, not
// enforced), quotas and limit ranges, field managers one by one, dry runs during a
// preview, the provider's awaiting in a refresh, pulumi.com/waitFor and timeouts;
// ReplicaSets, ControllerRevisions and Endpoints as objects, jobs of CronJobs,
// partitions' old revisions, preemption, init containers that fail, programs that
// crash or fail their probes, registries, volumes that provisioners make, classes and
// accounts that EKS and AKS make by themselves, load balancers,
// addresses of pods. What happens in the other clouds is seen with a cluster's next
// write.
package kube
