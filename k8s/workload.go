// Package k8s prepares both clusters for what runs in them: a namespace for
// relay and one for bunny, each held to the restricted pod security standard
// and closed to all traffic but the few flows that the work needs.
//
// The workloads themselves are not here. Policies apply to every pod of a
// namespace, so that they hold for whatever comes. Probes of a node's own
// kubelet are not flows: all policy engines of both clusters always admit them.
//
// The policies mean the same to every engine: the VPC CNI's agent in EKS; cilium,
// azure and calico in AKS. Pods are named by labels and never by address, since
// cilium takes no address range for pods or nodes of its own cluster; ranges are
// only of what is outside. There are no port ranges and no named ports either.
package k8s

import (
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// RelayArgs is what relay's namespace needs to know.
type RelayArgs struct {
	Estate  plan.Estate
	Relay   plan.Relay
	Network plan.Network
	Cluster Cluster // the EKS cluster
	// After has to have changed before the load balancer's health checks are let in from
	// other addresses: the load balancer, and bunny's place. A zone of the load balancer is
	// out of DNS until they are (NLB-06), and bunny has to be let out to it by then.
	After []pulumi.Resource
}

// Relay is relay's place in the EKS cluster.
type Relay struct {
	pulumi.ResourceState
}

// NewRelay makes relay's namespace and its policies.
func NewRelay(ctx *pulumi.Context, name string, args RelayArgs, opts ...pulumi.ResourceOption) (*Relay, error) {
	relay := &Relay{}
	if err := ctx.RegisterComponentResource("burrow:k8s:Relay", name, relay, opts...); err != nil {
		return nil, fmt.Errorf("relay %s: %w", name, err)
	}
	w := workload{
		estate:    args.Estate,
		namespace: args.Relay.Namespace,
		cluster:   args.Cluster,
		flows:     relayFlows(args.Relay, args.Network, args.After),
	}
	if err := w.register(ctx, name, pulumi.Parent(relay)); err != nil {
		return nil, fmt.Errorf("relay %s: %w", name, err)
	}
	return relay, ctx.RegisterResourceOutputs(relay, pulumi.Map{})
}

// BunnyArgs is what bunny's namespace needs to know.
type BunnyArgs struct {
	Estate  plan.Estate
	Bunny   plan.Bunny
	Relay   plan.Relay // whom bunny calls
	Network plan.Network
	Cluster Cluster // the AKS cluster
	// After has to have changed before bunny is let out to other addresses: the load
	// balancer, which loses an address before bunny may lose the way to it.
	After []pulumi.Resource
}

// Bunny is bunny's place in the AKS cluster.
type Bunny struct {
	pulumi.ResourceState
}

// NewBunny makes bunny's namespace and its policies.
func NewBunny(ctx *pulumi.Context, name string, args BunnyArgs, opts ...pulumi.ResourceOption) (*Bunny, error) {
	bunny := &Bunny{}
	if err := ctx.RegisterComponentResource("burrow:k8s:Bunny", name, bunny, opts...); err != nil {
		return nil, fmt.Errorf("bunny %s: %w", name, err)
	}
	w := workload{
		estate:    args.Estate,
		namespace: args.Bunny.Namespace,
		cluster:   args.Cluster,
		flows:     bunnyFlows(args.Relay, args.Network, args.After),
	}
	if err := w.register(ctx, name, pulumi.Parent(bunny)); err != nil {
		return nil, fmt.Errorf("bunny %s: %w", name, err)
	}
	return bunny, ctx.RegisterResourceOutputs(bunny, pulumi.Map{})
}

// workload is a namespace and all traffic that it allows.
type workload struct {
	estate    plan.Estate
	namespace string
	cluster   Cluster
	flows     []flow
}

// register makes the namespace, closes it, and opens it to its flows.
func (w workload) register(ctx *pulumi.Context, name string, parent pulumi.ResourceOption) error {
	api, err := provider(ctx, name+"-api", w.cluster, parent)
	if err != nil {
		return err
	}
	// With the cluster its objects go too, so a destroy does not ask the API to delete them,
	// and does not fail where nobody reaches it any more. A cluster that is replaced is another
	// matter: then the component stays, and its objects are deleted one by one.
	through := pulumi.Composite(pulumi.Provider(api), pulumi.DeletedWith(w.cluster.Ready))
	labels := w.labels(w.namespace)
	maps.Copy(labels, podSecurity(w.cluster.Version))
	namespace, err := corev1.NewNamespace(ctx, name+"-namespace", &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name:        pulumi.String(w.namespace),
			Labels:      pulumi.ToStringMap(labels),
			Annotations: w.annotations(),
		},
	}, parent, through)
	if err != nil {
		return fmt.Errorf("namespace %s: %w", w.namespace, err)
	}
	// The namespace's name is the plan's: as an output it would be unknown in the
	// preview of a new label, and every policy would seem to be replaced.
	inside := []pulumi.Resource{namespace}
	if err := w.policy(ctx, name, "default-deny", defaultDeny(), parent, through, pulumi.DependsOn(inside)); err != nil {
		return err
	}
	for _, f := range w.flows {
		waits := pulumi.DependsOn(slices.Concat(inside, f.after))
		if err := w.policy(ctx, name, f.name, f.spec(), parent, through, waits); err != nil {
			return err
		}
	}
	return nil
}

func (w workload) policy(
	ctx *pulumi.Context, name, policy string,
	spec networkingv1.NetworkPolicySpecArgs, opts ...pulumi.ResourceOption,
) error {
	_, err := networkingv1.NewNetworkPolicy(ctx, name+"-"+policy, &networkingv1.NetworkPolicyArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name:        pulumi.String(policy),
			Namespace:   pulumi.String(w.namespace),
			Labels:      pulumi.ToStringMap(w.labels(policy)),
			Annotations: w.annotations(),
		},
		Spec: spec,
	}, opts...)
	if err != nil {
		return fmt.Errorf("network policy %s: %w", policy, err)
	}
	return nil
}

func (w workload) annotations() pulumi.StringMap {
	return pulumi.StringMap{clusterAnnotation: w.cluster.Identity}
}

func (w workload) labels(name string) map[string]string { return tagLabels(w.estate.Tags(name)) }
