// Package kubetype has the types of Kubernetes that Burrow knows, by the tokens of
// the pulumi-kubernetes SDK.
package kubetype

const (
	DaemonSet             = "kubernetes:apps/v1:DaemonSet"
	Deployment            = "kubernetes:apps/v1:Deployment"
	ReplicaSet            = "kubernetes:apps/v1:ReplicaSet"
	StatefulSet           = "kubernetes:apps/v1:StatefulSet"
	CronJob               = "kubernetes:batch/v1:CronJob"
	Job                   = "kubernetes:batch/v1:Job"
	ConfigMap             = "kubernetes:core/v1:ConfigMap"
	Namespace             = "kubernetes:core/v1:Namespace"
	PersistentVolume      = "kubernetes:core/v1:PersistentVolume"
	PersistentVolumeClaim = "kubernetes:core/v1:PersistentVolumeClaim"
	Pod                   = "kubernetes:core/v1:Pod"
	Secret                = "kubernetes:core/v1:Secret"
	Service               = "kubernetes:core/v1:Service"
	ServiceAccount        = "kubernetes:core/v1:ServiceAccount"
	NetworkPolicy         = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	PodDisruptionBudget   = "kubernetes:policy/v1:PodDisruptionBudget"
	PriorityClass         = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
	StorageClass          = "kubernetes:storage.k8s.io/v1:StorageClass"
)
