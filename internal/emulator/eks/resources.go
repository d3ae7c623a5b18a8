package eks

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// What the component reads of its children.

// thing is a child of which only the id is of interest.
type thing struct{ pulumi.CustomResourceState }

// k8sProvider is a kubernetes provider instance.
type k8sProvider struct{ pulumi.ProviderResourceState }

type iamRole struct {
	pulumi.CustomResourceState

	Arn  pulumi.StringOutput `pulumi:"arn"`
	Name pulumi.StringOutput `pulumi:"name"`
}

type securityGroupRule struct {
	pulumi.CustomResourceState

	RuleID pulumi.StringOutput `pulumi:"securityGroupRuleId"`
}

type launchTemplate struct {
	pulumi.CustomResourceState

	LatestVersion pulumi.AnyOutput `pulumi:"latestVersion"`
}

// eksCluster is aws:eks/cluster:Cluster.
type eksCluster struct {
	pulumi.CustomResourceState

	Name         pulumi.StringOutput `pulumi:"name"`
	Arn          pulumi.StringOutput `pulumi:"arn"`
	Version      pulumi.StringOutput `pulumi:"version"`
	Endpoint     pulumi.StringOutput `pulumi:"endpoint"`
	Authority    pulumi.AnyOutput    `pulumi:"certificateAuthority"`
	AccessConfig pulumi.AnyOutput    `pulumi:"accessConfig"`
	Identities   pulumi.AnyOutput    `pulumi:"identities"`
	VPCConfig    pulumi.AnyOutput    `pulumi:"vpcConfig"`
}

// at reads a path of map keys and list indices in what an output holds; nil when
// there is nothing.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

// stringAt is a string of an output; "" when there is none.
func stringAt(o pulumi.AnyOutput, path ...any) pulumi.StringOutput {
	return o.ApplyT(func(v any) string {
		s, _ := at(v, path...).(string)
		return s
	}).(pulumi.StringOutput)
}
