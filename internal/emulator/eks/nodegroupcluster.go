package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/errors"
)

// clusterFacts are what a node group reads of its EKS cluster.
type clusterFacts struct{ name, version, mode string }

// readCluster reads the cluster component's state and, through it, that of the
// EKS cluster. The component's state is asked for as a value: read as a resource
// it would become a dependency, which it is not in the real component.
func (g *nodeGroup) readCluster() error {
	urn, err := g.given.reference("cluster")
	if err != nil {
		return fmt.Errorf("%s: %w", g.name, err)
	}
	answer := g.ctx.InvokeOutput("pulumi:pulumi:getResource", map[string]any{"urn": string(urn)}, pulumi.MapOutput{},
		pulumi.InvokeOutputOptions{})
	g.core = answer.ApplyT(func(v any) any { return at(v, "state", "core") }).(pulumi.AnyOutput)
	g.facts = g.core.ApplyT(g.readFacts).(pulumi.AnyOutput)
	return nil
}

// readFacts reads the EKS cluster that the core refers to and checks that nodes
// can join it.
func (g *nodeGroup) readFacts(core any) (pulumi.AnyOutput, error) {
	reference, ok := at(core, "cluster").(pulumi.Resource)
	if !ok {
		return pulumi.AnyOutput{}, fmt.Errorf("%s: the cluster component has no cluster", g.name)
	}
	return reference.URN().ApplyT(func(urn pulumi.URN) (pulumi.AnyOutput, error) {
		cluster := &eksCluster{}
		if err := rehydrate(g.ctx, urn, cluster); err != nil {
			return pulumi.AnyOutput{}, err
		}
		mode := stringAt(cluster.AccessConfig, "authenticationMode")
		return pulumi.All(cluster.Name, cluster.Version, mode).ApplyT(func(v []any) (any, error) {
			facts := clusterFacts{name: v[0].(string), version: v[1].(string), mode: v[2].(string)}
			return facts, checkRole(facts.mode)
		}).(pulumi.AnyOutput), nil
	}).(pulumi.AnyOutput), nil
}

// checkRole is PEK-10. The instance roles of a cluster are not modelled, so that
// no role is among them.
func checkRole(mode string) error {
	if supportsEntries(mode) {
		return nil
	}
	return errors.NewInputPropertyError("nodeRole", "A managed node group cannot be created without first setting "+
		"its role in the cluster's instanceRoles")
}

// fact of the cluster.
func (g *nodeGroup) fact(of func(clusterFacts) string) pulumi.StringOutput {
	return g.facts.ApplyT(func(v any) string {
		facts, _ := v.(clusterFacts)
		return of(facts)
	}).(pulumi.StringOutput)
}

// nodeAccess is aws-auth, where the cluster has it.
func (g *nodeGroup) nodeAccess() pulumi.ResourceArrayOutput {
	return g.core.ApplyT(func(core any) []pulumi.Resource {
		if access, ok := at(core, "eksNodeAccess").(pulumi.Resource); ok {
			return []pulumi.Resource{access}
		}
		return nil
	}).(pulumi.ResourceArrayOutput)
}
