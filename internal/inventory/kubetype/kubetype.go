// Package kubetype has the types of Kubernetes that Burrow knows, by the tokens of
// the pulumi-kubernetes SDK.
package kubetype

const (
	DaemonSet      = "kubernetes:apps/v1:DaemonSet"
	Deployment     = "kubernetes:apps/v1:Deployment"
	StatefulSet    = "kubernetes:apps/v1:StatefulSet"
	ConfigMap      = "kubernetes:core/v1:ConfigMap"
	Namespace      = "kubernetes:core/v1:Namespace"
	Pod            = "kubernetes:core/v1:Pod"
	Service        = "kubernetes:core/v1:Service"
	ServiceAccount = "kubernetes:core/v1:ServiceAccount"
	NetworkPolicy  = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
)
