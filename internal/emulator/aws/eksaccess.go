package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"burrow/internal/ebs"
	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

const (
	sourceAddon  = "eks/addon.go"
	sourceEntry  = "eks/access_entry.go"
	accessPrefix = "arn:aws:eks::aws:cluster-access-policy/"
)

// accessPolicies are EKS's own, by the last part of the ARN.
var accessPolicies = []string{
	"AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSEditPolicy",
	"AmazonEKSViewPolicy", "AmazonEKSAutoNodePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy",
	"AmazonEKSNetworkingPolicy", "AmazonEKSComputePolicy",
}

// clusterRef refers to a cluster by name. What hangs on it goes with it.
func clusterRef() emulator.Ref {
	return refersBy("clusterName", "name", "ResourceNotFoundException", "", moto("eks/models.py"), awstype.Cluster)
}

func addon() *emulator.Kind {
	return tagged(eksTags, &emulator.Kind{
		Type:  awstype.Addon,
		Words: named(words("EKS", "EKS Add-On", "CreateAddon", "UpdateAddon", "DeleteAddon", "DescribeAddon")),
		NewID: joined(":", "clusterName", "addonName"),
		Refs: []emulator.Ref{
			clusterRef(),
			refersBy("serviceAccountRoleArn", "arn", "InvalidParameterException", "", eksModel, awstype.Role),
			refersBy("podIdentityAssociations[*].roleArn", "arn", "InvalidParameterException", "", eksModel, awstype.Role),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@region", "clusterName", "addonName"}, Code: "ResourceInUseException", Source: eksModel},
		},
		Replace: forceNew(sourceAddon, "addonName", "clusterName"),
		Rules: []emulator.Rule{
			oneOf("EKS-32", "resolveConflictsOnCreate", terraform(sourceAddon), "NONE", "OVERWRITE"),
			oneOf("EKS-32", "resolveConflictsOnUpdate", terraform(sourceAddon), "NONE", "OVERWRITE", "PRESERVE"),
			refuse("EKS-32", "InvalidParameterException", emulator.OpWrite, eksModel, addonNotOffered),
			refuse("EKS-32", "InvalidParameterException", emulator.OpWrite, eksModel, addonConfiguration),
			refuse("EKS-34", "InvalidParameterException", emulator.OpWrite, "pulumi-eks cni-addon.ts", networkPolicyText),
			refuse("EKS-32", "InvalidParameterException", emulator.OpWrite, "pulumi-eks cni-addon.ts", environmentTexts),
			refuse("EBS-17", "InvalidParameterException", emulator.OpWrite, "terraform-aws-modules/terraform-aws-eks#3520", strangeAccount),
			refuse("EBS-17", "ResourceInUseException", emulator.OpWrite, eksModel+" CreatePodIdentityAssociation", associatedAlready),
			fails("EKS-33", "InsufficientNumberOfReplicas", emulator.OpCreate, "pulumi/pulumi-eks#1819", dnsWithoutNodes),
			fails("VPC-36", "InsufficientNumberOfReplicas", emulator.OpWrite, "awsdocs/amazon-ecr-user-guide vpc-endpoints.md", addonWithoutImages),
			unready("EBS-12", "apecloud/kubeblocks#2371; eksctl-io/eksctl#6954"),
			unready("EBS-13", "nebari-dev/nebari#3213; kubernetes-sigs/aws-ebs-csi-driver#2590"),
			unready("EBS-14", "ministryofjustice/analytical-platform#9621; aws-samples/karpenter-blueprints#46"),
		},
		Fill: fillAddon,
		Gone: func(c *emulator.Call) error {
			unmake(c, awstype.PodIdentityAssociation)
			return nil
		},
	})
}

func addonNotOffered(c *emulator.Call) string {
	name, build := c.In.Str("addonName"), c.In.Str("addonVersion")
	minor := valueOf(c, awstype.Cluster, c.In.Str("clusterName"), "version")
	if _, sold := addonVersion(name, minor, false); !sold {
		return fmt.Sprintf("Addon %s specified is not supported in %s kubernetes version", name, minor)
	}
	if build == "" || build == c.Old.Str("addonVersion") || addonOffered(name, build, minor) {
		return ""
	}
	return fmt.Sprintf("Addon version specified is not supported: %s %s with Kubernetes %s", name, build, minor)
}

func addonConfiguration(c *emulator.Call) string {
	if text := c.In.Str("configurationValues"); text != "" && !json.Valid([]byte(text)) {
		return "ConfigurationValue is not in valid JSON or YAML format."
	}
	return ""
}

// cniSettings are what somebody wants of the VPC CNI, nil for other add-ons.
func cniSettings(c *emulator.Call) map[string]any {
	var values map[string]any
	if c.In.Str("addonName") != "vpc-cni" || json.Unmarshal([]byte(c.In.StrOr("configurationValues", "{}")), &values) != nil {
		return nil
	}
	return values
}

// networkPolicyText: the switch of the VPC CNI is a text, not a boolean.
func networkPolicyText(c *emulator.Call) string {
	if _, wrong := cniSettings(c)["enableNetworkPolicy"].(bool); !wrong {
		return ""
	}
	return schemaFailed("enableNetworkPolicy", true)
}

// environmentTexts: every variable of the VPC CNI is a text, AWS_VPC_ENI_MTU too.
func environmentTexts(c *emulator.Call) string {
	env, _ := cniSettings(c)["env"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if _, text := env[name].(string); !text {
			return schemaFailed("env."+name, env[name])
		}
	}
	return ""
}

func schemaFailed(path string, v any) string {
	found := "object"
	switch v.(type) {
	case bool:
		found = "boolean"
	case float64:
		found = "integer"
	case nil:
		found = "null"
	}
	return fmt.Sprintf("ConfigurationValue provided in request is not supported: Json schema validation failed with error: "+
		"[$.%s: %s found, string expected]", path, found)
}

// dnsWithoutNodes: CoreDNS needs somewhere to run.
func dnsWithoutNodes(c *emulator.Call) string {
	nodes := where(c, awstype.NodeGroup, "clusterName", c.In.Str("clusterName"))
	running := slices.ContainsFunc(nodes, func(o *inventory.Object) bool { return o.Value("status") == "ACTIVE" })
	if c.In.Str("addonName") != "coredns" || running {
		return ""
	}
	return "The add-on is unhealthy because it doesn't have the desired number of replicas."
}

func fillAddon(c *emulator.Call) error {
	cluster, name := c.In.Str("clusterName"), c.In.Str("addonName")
	build, _ := addonVersion(name, valueOf(c, awstype.Cluster, cluster, "version"), false)
	keep(c, "addonVersion", func() any { return build })
	defaults(c, inventory.Props{
		"arn":       regional(c, "eks", fmt.Sprintf("addon/%s/%s/%s", cluster, name, c.UUID())),
		"createdAt": moment(c, "created"), "modifiedAt": moment(c, "modified"), "configurationValues": "",
	})
	return associate(c)
}

// addonAccounts are the service accounts of add-ons that take pod identity associations. All
// are in kube-system. Source: EKS DescribeAddonConfiguration, podIdentityConfiguration.
var addonAccounts = map[string]string{"vpc-cni": "aws-node", ebs.Addon: ebs.Account}

func strangeAccount(c *emulator.Call) string {
	name := c.In.Str("addonName")
	for _, a := range c.In.Maps("podIdentityAssociations[*]") {
		switch account := a.Str("serviceAccount"); {
		case addonAccounts[name] == "":
			return fmt.Sprintf("Pod Identity feature is not supported for addon version: %s", c.In.Str("addonVersion"))
		case account != addonAccounts[name]:
			return fmt.Sprintf("Service account %s in pod identity configuration is not supported for addon %s", account, name)
		}
	}
	return ""
}

// associatedAlready: an association that somebody else made is not taken over.
func associatedAlready(c *emulator.Call) string {
	for _, a := range c.In.Maps("podIdentityAssociations[*]") {
		for _, o := range where(c, awstype.PodIdentityAssociation, "clusterName", c.In.Str("clusterName")) {
			if o.MadeBy != c.In.Str("clusterName")+":"+c.In.Str("addonName") && o.Value("namespace") == ebs.Namespace && o.Value("serviceAccount") == a.Str("serviceAccount") {
				return fmt.Sprintf("Association already exists: %s", o.ID)
			}
		}
	}
	return ""
}

// associate makes the pod identity associations that an add-on names, and takes away those
// that it names no more.
func associate(c *emulator.Call) error {
	wanted := map[string]string{}
	for _, a := range c.In.Maps("podIdentityAssociations[*]") {
		wanted[a.Str("serviceAccount")] = a.Str("roleArn")
	}
	removeIf(c, func(o *inventory.Object) bool { return o.MadeBy == c.ID && wanted[o.Value("serviceAccount")] == "" }, awstype.PodIdentityAssociation)
	for account, role := range wanted {
		id := associationID(c, account)
		o := c.Tx.Get(awstype.PodIdentityAssociation, id)
		if o == nil {
			o = &inventory.Object{Type: awstype.PodIdentityAssociation, ID: id, MadeBy: c.ID, In: inventory.Props{}}
		}
		o.Out = inventory.Props{
			"clusterName": c.In.Str("clusterName"), "namespace": ebs.Namespace, "serviceAccount": account, "roleArn": role, "associationId": id,
			"associationArn": regional(c, "eks", fmt.Sprintf("podidentityassociation/%s/%s", c.In.Str("clusterName"), id)),
		}
		c.Tx.Put(o)
	}
	return nil
}

func associationID(c *emulator.Call, label string) string {
	return "a-" + strings.ToLower(letters(c.HexOf("association"+label, 40), upperAlphanumeric, 17))
}

// unready is a rule that the controller of EBS volumes meets when it starts. An add-on whose
// pods do not become ready stays DEGRADED, and who waits for it gives up after 20 minutes.
func unready(id rules.ID, source string) emulator.Rule {
	return fails(id, "InsufficientNumberOfReplicas", emulator.OpWrite, source, func(c *emulator.Call) string {
		cluster := c.Tx.Find(awstype.Cluster, "name", c.In.Str("clusterName"))
		if c.In.Str("addonName") != ebs.Addon || cluster == nil {
			return ""
		}
		if r := ebs.Ready(c.Tx.View, cluster); r != nil && r.Rule == id {
			return "The add-on is unhealthy because it doesn't have the desired number of replicas: " + r.Reason
		}
		return ""
	})
}

func accessEntry() *emulator.Kind {
	return tagged(eksTags, &emulator.Kind{
		Type:    awstype.AccessEntry,
		Words:   named(words("EKS", "EKS Access Entry", "CreateAccessEntry", "UpdateAccessEntry", "DeleteAccessEntry", "DescribeAccessEntry")),
		NewID:   joined(":", "clusterName", "principalArn"),
		Refs:    []emulator.Ref{clusterRef()},
		Replace: forceNew(sourceEntry, "clusterName", "principalArn", "type"),
		Rules: []emulator.Rule{
			provider("EKS-16", "principalArn", terraform(sourceEntry), badPrincipalARN),
			oneOf("EKS-16", "type", terraform(sourceEntry), "STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX"),
			refuse("EKS-16", "InvalidRequestException", emulator.OpWrite, "awsdocs/amazon-eks-user-guide grant-k8s-access", entriesOff),
			refuse("EKS-15", "ResourceInUseException", emulator.OpCreate, "terraform-aws-modules/terraform-aws-eks#2968", entryExists),
			refuse("EKS-16", "InvalidParameterException", emulator.OpWrite, eksModel, machineWithGroups),
		},
		Fill: func(c *emulator.Call) error {
			fillEntry(c, c.Out, c.In.Str("clusterName"), c.In.Str("principalArn"))
			return nil
		},
	})
}

func badPrincipalARN(c *emulator.Call) string {
	arn := c.In.Str("principalArn")
	if arn == "" || strings.HasPrefix(arn, "arn:") && len(strings.SplitN(arn, ":", 6)) == 6 {
		return ""
	}
	return fmt.Sprintf("\"principalArn\" (%s) is an invalid ARN: arn: invalid prefix", arn)
}

func entriesOff(c *emulator.Call) string {
	cluster := c.Tx.Get(awstype.Cluster, c.In.Str("clusterName"))
	if cluster == nil || authenticationMode(cluster.In) != modeMap {
		return ""
	}
	return "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
}

// entryExists finds entries that somebody made, and those that EKS made for the
// creator (EKS-14) and for nodes.
func entryExists(c *emulator.Call) string {
	if entryOf(c, c.In.Str("clusterName"), c.In.Str("principalArn")) == nil {
		return ""
	}
	return "The specified access entry resource is already in use on this cluster."
}

func entryOf(c *emulator.Call, cluster, principal string) *inventory.Object {
	return c.Tx.Get(awstype.AccessEntry, cluster+":"+principal)
}

func machineWithGroups(c *emulator.Call) string {
	if c.In.StrOr("type", "STANDARD") == "STANDARD" || len(c.In.List("kubernetesGroups")) == 0 && !c.In.Has("userName") {
		return ""
	}
	return fmt.Sprintf("The %s type does not support kubernetesGroups or a username.", c.In.Str("type"))
}

// putEntry makes the entry that EKS makes by itself, unless there is one.
func putEntry(c *emulator.Call, cluster, principal, typ string) {
	if entryOf(c, cluster, principal) != nil {
		return
	}
	out := inventory.Props{"clusterName": cluster, "principalArn": principal, "type": typ}
	fillEntry(c, out, cluster, principal)
	made(c, awstype.AccessEntry, cluster+":"+principal, out)
}

func fillEntry(c *emulator.Call, out inventory.Props, cluster, principal string) {
	parts := strings.SplitN(principal, ":", 6)
	resource := strings.ReplaceAll(parts[len(parts)-1], ":", "/")
	out.Default("accessEntryArn", regional(c, "eks", fmt.Sprintf("access-entry/%s/%s/%s", cluster, resource, c.UUIDOf(principal))))
	out.Default("type", "STANDARD")
	out.Default("kubernetesGroups", []any{})
	out.Default("userName", principal)
	out.Default("createdAt", moment(c, "created"))
	out.Default("modifiedAt", moment(c, "modified"))
}

func accessPolicy() *emulator.Kind {
	const source = "eks/access_policy_association.go"
	return &emulator.Kind{
		Type:    awstype.AccessPolicyAssociation,
		Words:   named(words("EKS", "EKS Access Policy Association", "AssociateAccessPolicy", "AssociateAccessPolicy", "DisassociateAccessPolicy", "ListAssociatedAccessPolicies")),
		NewID:   joined("#", "clusterName", "principalArn", "policyArn"),
		Refs:    []emulator.Ref{clusterRef()},
		Replace: forceNew(source, "clusterName", "principalArn", "policyArn", "accessScope"),
		Rules: []emulator.Rule{
			oneOf("EKS-16", "accessScope.type", terraform(source), "cluster", "namespace"),
			refuse("EKS-16", "InvalidParameterException", emulator.OpCreate, eksModel, unknownAccessPolicy),
			refuse("EKS-16", "ResourceNotFoundException", emulator.OpCreate, eksModel, policyWithoutEntry),
			refuse("EKS-16", "InvalidRequestException", emulator.OpCreate, eksModel, policyForMachines),
			refuse("EKS-16", "InvalidParameterException", emulator.OpCreate, eksModel, scopeNamespaces),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"associatedAt": moment(c, "created"), "modifiedAt": moment(c, "modified")})
			return nil
		},
	}
}

func unknownAccessPolicy(c *emulator.Call) string {
	name, ours := strings.CutPrefix(c.In.Str("policyArn"), accessPrefix)
	if ours && slices.Contains(accessPolicies, name) {
		return ""
	}
	return fmt.Sprintf("The policyArn parameter format is not valid: %s", c.In.Str("policyArn"))
}

func policyWithoutEntry(c *emulator.Call) string {
	if entryOf(c, c.In.Str("clusterName"), c.In.Str("principalArn")) != nil {
		return ""
	}
	return fmt.Sprintf("The specified principalArn could not be found. You can view your available access entries with "+
		"'ListAccessEntries': %s", c.In.Str("principalArn"))
}

func policyForMachines(c *emulator.Call) string {
	entry := entryOf(c, c.In.Str("clusterName"), c.In.Str("principalArn"))
	if entry == nil || entry.Value("type") == "STANDARD" || entry.Value("type") == "EC2" {
		return ""
	}
	return fmt.Sprintf("Access policies cannot be associated with an access entry of type %s.", entry.Value("type"))
}

func scopeNamespaces(c *emulator.Call) string {
	named := len(c.In.List("accessScope.namespaces")) > 0
	switch scope := c.In.Str("accessScope.type"); {
	case scope == "cluster" && named:
		return "namespaces cannot be specified for the access scope type cluster."
	case scope == "namespace" && !named:
		return "namespaces must be specified for the access scope type namespace."
	}
	return ""
}

func podIdentityAssociation() *emulator.Kind {
	const source = "eks/pod_identity_association.go"
	return tagged(eksTags, &emulator.Kind{
		Type:  awstype.PodIdentityAssociation,
		Words: named(words("EKS", "EKS Pod Identity Association", "CreatePodIdentityAssociation", "UpdatePodIdentityAssociation", "DeletePodIdentityAssociation", "DescribePodIdentityAssociation")),
		NewID: func(c *emulator.Call) (string, error) { return associationID(c, ""), nil },
		Refs: []emulator.Ref{
			clusterRef(),
			refersBy("roleArn", "arn", "InvalidParameterException", "", eksModel, awstype.Role),
		},
		Unique: []emulator.Unique{
			{Fields: []string{"@region", "clusterName", "namespace", "serviceAccount"}, Code: "ResourceInUseException", Source: eksModel},
		},
		Replace: forceNew(source, "clusterName", "namespace", "serviceAccount"),
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"associationArn": regional(c, "eks", fmt.Sprintf("podidentityassociation/%s/%s", c.In.Str("clusterName"), c.ID)),
				"associationId":  c.ID,
			})
			return nil
		},
	})
}
