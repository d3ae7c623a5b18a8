package eks

import (
	"encoding/json"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// outputs of the cluster. Without security groups of the component's own, the
// ids are those of the group that EKS makes (PEK-04, EKS-20).
func (c *cluster) outputs() pulumi.Map {
	own := stringAt(c.eks.VPCConfig, "clusterSecurityGroupId")
	text := c.kubeconfigJSON()
	issuer := stringAt(c.eks.Identities, 0, "oidcs", 0, "issuer")
	out := pulumi.Map{
		"eksCluster":              refer(c.eks),
		"core":                    c.core(text),
		"instanceRoles":           pulumi.Array{},
		"kubeconfig":              parsed(text),
		"kubeconfigJson":          text,
		"clusterSecurityGroupId":  own,
		"nodeSecurityGroupId":     own,
		"clusterIngressRuleId":    pulumi.String(""),
		"defaultNodeGroupAsgName": pulumi.String(""),
		"fargateProfileId":        pulumi.String(""),
		"fargateProfileStatus":    pulumi.String(""),
		"oidcProviderArn":         pulumi.String(""),
		"oidcProviderUrl":         issuer,
		"oidcIssuer":              withoutScheme(issuer),
		"autoModeNodeRoleName":    pulumi.String(""),
	}
	if c.securityGroup != nil {
		out["clusterSecurityGroup"] = refer(c.securityGroup)
		out["clusterSecurityGroupId"] = c.securityGroup.ID()
	}
	if c.nodes != nil {
		out["nodeSecurityGroup"] = refer(c.nodes.group)
		out["nodeSecurityGroupId"] = c.nodes.group.ID()
		out["eksClusterIngressRule"] = refer(c.nodes.ingress)
		out["clusterIngressRuleId"] = c.nodes.ingress.RuleID
	}
	return out
}

// core is what node groups read of the cluster.
func (c *cluster) core(kubeconfig pulumi.StringOutput) pulumi.Map {
	core := pulumi.Map{
		"cluster":               refer(c.eks),
		"vpcId":                 c.args.VPCID,
		"subnetIds":             c.subnets(),
		"publicSubnetIds":       c.args.PublicSubnetIDs,
		"privateSubnetIds":      c.args.PrivateSubnetIDs,
		"endpoint":              c.eks.Endpoint,
		"provider":              refer(c.provider),
		"instanceRoles":         pulumi.Array{},
		"nodeGroupOptions":      c.nodeGroupOptions(),
		"tags":                  c.args.Tags,
		"nodeSecurityGroupTags": c.args.NodeSecurityGroupTags,
		"storageClasses":        pulumi.Map{},
		"kubeconfig":            parsed(kubeconfig),
		"encryptionConfig":      c.encryption(),
		"clusterIamRole":        refer(c.role),
		"accessEntries":         c.entries(),
		"autoModeNodeRoleName":  pulumi.String(""),
	}
	for name, r := range map[string]pulumi.Resource{
		"clusterSecurityGroup": c.securityGroup, "vpcCni": c.vpcCNI, "eksNodeAccess": c.nodeAccess,
	} {
		if r != nil {
			core[name] = refer(r)
		}
	}
	return present(core)
}

// nodeGroupOptions are what the arguments say of a default node group.
func (c *cluster) nodeGroupOptions() pulumi.Map {
	options := pulumi.Map{"version": c.args.Version}
	if c.given.has("nodeAssociatePublicIpAddress") {
		options["nodeAssociatePublicIpAddress"] = pulumi.Bool(c.given.flag(false, "nodeAssociatePublicIpAddress"))
	}
	if c.nodes != nil {
		options["nodeSecurityGroup"] = refer(c.nodes.group)
		options["clusterIngressRule"] = refer(c.nodes.ingress)
	}
	return present(options)
}

// entries are the access entries as they were given.
func (c *cluster) entries() pulumi.Array {
	entries := pulumi.Array{}
	for _, e := range c.args.AccessEntries {
		policies := pulumi.Map{}
		for name, p := range e.AccessPolicies {
			policies[name] = pulumi.Map{"policyArn": p.PolicyARN, "accessScope": p.AccessScope}
		}
		entry := pulumi.Map{
			"principalArn": e.PrincipalARN, "username": e.Username, "kubernetesGroups": e.KubernetesGroups,
			"tags": e.Tags, "type": e.Type,
		}
		if len(policies) > 0 {
			entry["accessPolicies"] = policies
		}
		entries = append(entries, present(entry))
	}
	return entries
}

// parsed is a JSON text as an object.
func parsed(text pulumi.StringOutput) pulumi.AnyOutput {
	return text.ApplyT(func(text string) (any, error) {
		var v any
		err := json.Unmarshal([]byte(text), &v)
		return v, err
	}).(pulumi.AnyOutput)
}

func withoutScheme(url pulumi.StringOutput) pulumi.StringOutput {
	return url.ApplyT(func(url string) string {
		return strings.Replace(url, "https://", "", 1)
	}).(pulumi.StringOutput)
}
