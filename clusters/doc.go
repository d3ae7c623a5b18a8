// Package clusters makes both Kubernetes clusters: [EKS], private, where relay
// runs, and [AKS], with a public API, where bunny runs.
//
// It promises clusters that only administrators named in the configuration can
// enter, whoever made them; nodes without public addresses; and a kubeconfig for
// each that holds no credential (kubeconfig.go). What runs inside belongs to
// k8s, the network under them to network.
package clusters
