package k8s

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cluster is a cluster as its users see it.
type Cluster struct {
	Kubeconfig pulumi.StringOutput
	// Endpoint is the address of the cluster's API. Both clouds make a new one
	// for every new cluster, even under the same name.
	Endpoint pulumi.StringOutput
	Version  string // Kubernetes version, for example 1.36
	// Ready is what must stand as long as the program talks to the API: the
	// cluster with the entries that let administrators in.
	Ready pulumi.Resource
}

// provider makes the provider for one cluster. The endpoint is what tells
// clusters apart: a changed kubeconfig (another way in, another credential
// helper) leaves the objects alone, while a new cluster gets them anew; by its
// name alone it would seem to hold them already.
//
// The kubeconfig is used as it comes: how the API is reached is decided where
// kubeconfigs are made.
func provider(ctx *pulumi.Context, name string, c Cluster, parent pulumi.ResourceOption) (*kubernetes.Provider, error) {
	p, err := kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig:            pulumi.ToSecret(c.Kubeconfig).(pulumi.StringOutput),
		ClusterIdentifier:     c.Endpoint,
		EnableServerSideApply: pulumi.Bool(true),
	}, parent, pulumi.DependsOn([]pulumi.Resource{c.Ready}))
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	return p, nil
}
