package eks

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// accessEntry lets a principal of AWS into the cluster.
type accessEntry struct {
	PrincipalARN     pulumi.StringInput      `pulumi:"principalArn"`
	Username         pulumi.StringPtrInput   `pulumi:"username"`
	KubernetesGroups pulumi.StringArrayInput `pulumi:"kubernetesGroups"`
	Tags             pulumi.StringMapInput   `pulumi:"tags"`
	Type             pulumi.StringPtrInput   `pulumi:"type"`
	AccessPolicies   map[string]accessPolicy `pulumi:"accessPolicies"`
}

// accessPolicy associates one of EKS's access policies with an entry.
type accessPolicy struct {
	PolicyARN   pulumi.StringInput `pulumi:"policyArn"`
	AccessScope pulumi.MapInput    `pulumi:"accessScope"`
}

// supportsConfigMap says that the mode reads the ConfigMap aws-auth; no mode is
// CONFIG_MAP (PEK-01).
func supportsConfigMap(mode string) bool { return mode != modeAPI }

// supportsEntries says that the mode reads access entries.
func supportsEntries(mode string) bool { return mode == modeAPI || mode == modeBoth }

const (
	modeAPI       = "API"
	modeBoth      = "API_AND_CONFIG_MAP"
	modeConfigMap = "CONFIG_MAP"
)

// makeNodeAccess writes aws-auth through the Kubernetes API where the mode reads
// it. From here a private endpoint cannot be reached, as from most places (PEK-01).
func (c *cluster) makeNodeAccess() error {
	if !supportsConfigMap(c.given.text("authenticationMode")) {
		return nil
	}
	if !c.ctx.DryRun() && !c.given.flag(true, "endpointPublicAccess") {
		return fmt.Errorf("%s-nodeAccess: configured Kubernetes cluster is unreachable: "+
			"unable to load schema information from the API server (rule PEK-01: without authentication "+
			"mode API the component writes aws-auth through the API, and this one is private)", c.name)
	}
	access, err := c.add(child{
		typ: kubetype.ConfigMap, name: c.name + "-nodeAccess",
		props: pulumi.Map{
			"apiVersion": pulumi.String("v1"), "kind": pulumi.String("ConfigMap"), "immutable": pulumi.Bool(false),
			"metadata": pulumi.Map{
				"name": pulumi.String("aws-auth"), "namespace": pulumi.String("kube-system"),
				"annotations": pulumi.StringMap{"pulumi.com/patchForce": pulumi.String("true")},
			},
			"data": pulumi.StringMap{"mapRoles": pulumi.String("[]\n")},
		},
		options: []pulumi.ResourceOption{pulumi.Provider(c.provider)},
	})
	c.nodeAccess = access
	c.authorized = append(c.authorized, access)
	return err
}

func (c *cluster) makeAccessEntries() error {
	for _, name := range slices.Sorted(maps.Keys(c.args.AccessEntries)) {
		entry, err := c.makeAccessEntry(c.name+"-"+name, c.args.AccessEntries[name])
		if err != nil {
			return err
		}
		c.authorized = append(c.authorized, entry)
	}
	return nil
}

func (c *cluster) makeAccessEntry(name string, e accessEntry) (pulumi.Resource, error) {
	entry, err := c.add(child{
		typ: awstype.AccessEntry, name: name,
		props: pulumi.Map{
			"clusterName": c.eks.Name, "principalArn": e.PrincipalARN, "userName": e.Username,
			"kubernetesGroups": e.KubernetesGroups, "tags": e.Tags, "type": e.Type,
		},
		options: []pulumi.ResourceOption{pulumi.DependsOn([]pulumi.Resource{c.eks})},
	})
	for _, policy := range slices.Sorted(maps.Keys(e.AccessPolicies)) {
		p := e.AccessPolicies[policy]
		if err != nil {
			return nil, err
		}
		err = add(c.ctx, entry, child{
			typ: awstype.AccessPolicyAssociation, name: name + "-" + policy,
			props: pulumi.Map{
				"clusterName": c.eks.Name, "principalArn": e.PrincipalARN,
				"policyArn": p.PolicyARN, "accessScope": p.AccessScope,
			},
			options: []pulumi.ResourceOption{pulumi.DependsOn([]pulumi.Resource{entry})},
		}, &thing{})
	}
	return entry, err
}
