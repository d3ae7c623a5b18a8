// Package kube declares the emulated Kubernetes API of the clusters that the
// other clouds hold.
//
// A provider instance reaches the cluster that its kubeconfig names, if one of
// the emulated clusters has that endpoint, and nothing otherwise (PRV-22). What a
// cluster holds is its own, and goes with it.
//
// Objects are decoded strictly into Kubernetes' own types (k8s.io/api) and
// checked with Kubernetes' own validation where it is in a library
// (k8s.io/apimachinery: names, labels, selectors, annotations); the rules of
// NetworkPolicies and Services, which are inside the API server, are written here
// after pkg/apis/networking/validation and pkg/apis/core/validation.
//
// Modelled: namespaces with what they contain, defaults that the API server
// fills in, cluster and node addresses of Services, server-side apply onto an
// object that exists, replacement and names as pulumi-kubernetes 4.23 has them.
//
// Not modelled: authentication, RBAC (roles and bindings are stored, not
// enforced), admission but pod-security labels' values, quotas, field managers
// one by one, dry runs during a preview, controllers and everything that they
// would make: pods, endpoints, load balancers. A Service with a selector
// therefore finds no pod; say pulumi.com/skipAwait, as for a real cluster without
// pods.
package kube
