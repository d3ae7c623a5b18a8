package k8s

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cluster is a cluster as its users see it.
type Cluster struct {
	Name       string // physical
	Kubeconfig pulumi.StringOutput
	// Identity is an output of the cluster that is known in the preview of its
	// update and unknown in that of its replacement: EKS's endpoint, AKS's id. Its
	// text may be the same for the next cluster, as AKS's id is; see
	// clusterAnnotation. AKS's address would not do: azure-native takes it for
	// unknown in every preview.
	Identity pulumi.StringOutput
	Version  string // Kubernetes version, for example 1.36
	// Ready is what must stand as long as the program talks to the API: the
	// cluster with the entries that let administrators in. Its end is the cluster's.
	Ready pulumi.Resource
}

// clusterAnnotation holds the cluster's identity on every object. It makes the
// objects' metadata depend on the cluster: when the engine replaces the cluster,
// the old one first, it asks what becomes of the objects with metadata that
// nobody knows. They would be replaced, so it deletes them before the cluster and
// makes them anew in the next one, whatever the annotation says then.
const clusterAnnotation = "burrow/cluster"

// provider makes the provider for one cluster. It stays the same provider for
// every cluster of the name, and so a changed kubeconfig (another way in, another
// credential helper) leaves the objects alone. That a new cluster gets them anew
// is the annotation's work and cannot be the provider's: the engine (3.200)
// closes a provider that it replaces together with a cluster before it has
// deleted the provider's objects.
//
// The kubeconfig is used as it comes: how the API is reached is decided where
// kubeconfigs are made.
func provider(ctx *pulumi.Context, name string, c Cluster, parent pulumi.ResourceOption) (*kubernetes.Provider, error) {
	p, err := kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig:            pulumi.ToSecret(c.Kubeconfig).(pulumi.StringOutput),
		ClusterIdentifier:     pulumi.String(c.Name),
		EnableServerSideApply: pulumi.Bool(true),
	}, parent, pulumi.DependsOn([]pulumi.Resource{c.Ready}))
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	return p, nil
}
