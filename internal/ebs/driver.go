package ebs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/reach"
)

const (
	agent    = "eks-pod-identity-agent"
	podTrust = "pods.eks.amazonaws.com"
	// probed is what the controller asks EC2, without doing it, before it calls itself
	// ready. Source: kubernetes-sigs/aws-ebs-csi-driver#2590.
	probed = "ec2:DescribeAvailabilityZones"
)

// Ready says why the controller of the driver in an EKS cluster does not become ready, nil
// when it does.
func Ready(view inventory.View, cluster *inventory.Object) *Refusal {
	_, refusal := controller(view.Within(cluster.Region), cluster)
	return refusal
}

// controller is the role that the ready controller has.
func controller(view inventory.View, cluster *inventory.Object) (role *inventory.Object, refusal *Refusal) {
	add := addonOf(view, cluster, Addon)
	switch {
	case add == nil:
		return nil, &Refusal{"EBS-12", "", fmt.Sprintf("the cluster %s has not the add-on %s, so that nothing attaches volumes of %s", cluster.Value("name"), Addon, Driver)}
	case len(groups(view, cluster)) == 0:
		return nil, &Refusal{"EBS-12", "", "the controller has no node to run on"}
	}
	role, why := credentials(view, cluster, add)
	if why != "" {
		return nil, &Refusal{"EBS-13", "", "Failed health check (verify network connection and IAM credentials): get credentials: " + why}
	}
	if r := rightsOf(view, cluster, role); !r.may(probed, "*", nil, nil) {
		return nil, r.unauthorized(probed, "*")
	}
	return role, nil
}

func addonOf(view inventory.View, cluster *inventory.Object, name string) *inventory.Object {
	for _, o := range view.All(awstype.Addon) {
		if o.Value("clusterName") == cluster.Value("name") && o.Value("addonName") == name {
			return o
		}
	}
	return nil
}

// credentials are the role that the controller's pods get, and why they get none. A pod
// identity association goes before a role of the service account, and both before the role
// of the node, which pods reach when the metadata service answers over two hops. Sources:
// Amazon EKS guide pod-id-how-it-works.md, pod-id-considerations.md; aws/amazon-eks-pod-identity-webhook.
func credentials(view inventory.View, cluster, add *inventory.Object) (role *inventory.Object, why string) {
	for _, o := range view.All(awstype.PodIdentityAssociation) {
		if o.Value("clusterName") == cluster.Value("name") && o.Value("namespace") == Namespace && o.Value("serviceAccount") == Account {
			return byAssociation(view, cluster, o.Value("roleArn"))
		}
	}
	if arn := add.Value("serviceAccountRoleArn"); arn != "" {
		role = view.Find(awstype.Role, "arn", arn)
		if role == nil || !trustsIdentities(role) {
			return nil, fmt.Sprintf("AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity (as %s)", arn)
		}
		return role, ""
	}
	for _, nodes := range groups(view, cluster) {
		if hops(view, nodes) >= 2 {
			if role = view.Find(awstype.Role, "arn", nodes.Value("nodeRoleArn")); role != nil {
				return role, ""
			}
		}
	}
	return nil, fmt.Sprintf("no EC2 IMDS role found: the service account %s/%s has neither a pod identity association nor a role, and metadata of the nodes does not reach pods",
		Namespace, Account)
}

func byAssociation(view inventory.View, cluster *inventory.Object, arn string) (role *inventory.Object, why string) {
	role = view.Find(awstype.Role, "arn", arn)
	switch {
	case role == nil:
		return nil, fmt.Sprintf("AccessDeniedException: the role %s of the pod identity association does not exist", arn)
	case addonOf(view, cluster, agent) == nil:
		return nil, fmt.Sprintf("failed to load credentials from http://169.254.170.23/v1/credentials: connection refused (the add-on %s is missing)", agent)
	case !trustsPods(role):
		return nil, fmt.Sprintf("AccessDeniedException: EKS does not have permissions to assume the associated role %s (it does not trust %s with sts:AssumeRole and sts:TagSession)", arn, podTrust)
	}
	for _, nodes := range groups(view, cluster) {
		for _, h := range reach.NodesOf(view, nodes).Asking("eks-auth") {
			if h.Verdict == reach.Stopped {
				return nil, "the agent does not reach EKS Auth: " + h.Reason
			}
		}
	}
	return role, ""
}

func trustsPods(role *inventory.Object) bool {
	d, err := iam.Read(role.In, "assumeRolePolicy")
	return err == nil && !slices.ContainsFunc([]string{"sts:AssumeRole", "sts:TagSession"}, func(action string) bool {
		return !d.Permits(iam.Request{Kind: "Service", Principal: podTrust, Action: action})
	})
}

// trustsIdentities reports whether some identity provider may lend the role. Which one, and
// to which service account, is not looked at: providers are not modelled.
func trustsIdentities(role *inventory.Object) bool {
	d, err := iam.Read(role.In, "assumeRolePolicy")
	return err == nil && slices.ContainsFunc(d.Statement, func(s iam.Statement) bool {
		return s.Effect == "Allow" && len(s.Principal["Federated"]) > 0
	})
}

// hops is how far answers of the metadata service travel: what the launch template says,
// else the two of EKS's own. Source: Amazon EKS guide launch-templates.md.
func hops(view inventory.View, nodes *inventory.Object) int {
	template := view.Get(awstype.LaunchTemplate, nodes.Props().Str("launchTemplate.id"))
	if template == nil {
		return 2
	}
	return cmp.Or(template.In.Int("metadataOptions.httpPutResponseHopLimit"), 2)
}

// rights are what a role may do: by its own policies, and by those of AWS's that are about
// the driver.
type rights struct {
	role    *inventory.Object
	account string
	all     iam.Document
}

func rightsOf(view inventory.View, cluster, role *inventory.Object) rights {
	r := rights{role, iam.Account(role.Value("arn")), iam.RoleDocument(view, role.ID)}
	for _, arn := range iam.AttachedPolicies(view, role.ID) {
		text := managedPolicies[strings.TrimPrefix(arn, iam.ManagedPrefix)]
		if strings.Contains(text, principalCluster) {
			text = strings.ReplaceAll(text, principalCluster, principalTag(cluster, role))
		}
		if d, err := iam.Read(inventory.Props{"policy": text}, "policy"); err == nil {
			r.all.Statement = append(r.all.Statement, d.Statement...)
		}
	}
	return r
}

// principalCluster is the tag of the principal that the policy of one cluster compares. A
// role's own goes before what pod identity puts on its sessions (eks-cluster-name).
const principalCluster = "${aws:PrincipalTag/eks-cluster-name}"

func principalTag(cluster, role *inventory.Object) string {
	return role.Props().Map("tagsAll").StrOr("eks-cluster-name", cluster.Value("name"))
}

// managedPolicies are those of AWS by which the driver attaches volumes, as far as they are
// about that. What else they allow is left out. Source: docs.aws.amazon.com/aws-managed-policy/
// latest/reference, as of November 2026.
var managedPolicies = map[string]string{
	"AdministratorAccess": `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"PowerUserAccess":     `{"Statement":[{"Effect":"Allow","Action":["ec2:*","kms:*"],"Resource":"*"}]}`,
	"AmazonEC2FullAccess": `{"Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}`,
	"service-role/AmazonEBSCSIDriverPolicy": `{"Statement":[` + describing + `,
		{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":["arn:aws:ec2:*:*:volume/*","arn:aws:ec2:*:*:instance/*"]}]}`,
	"AmazonEBSCSIDriverPolicyV2": `{"Statement":[` + describing + `,
		{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":"arn:aws:ec2:*:*:instance/*"},
		{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":"arn:aws:ec2:*:*:volume/*",
		 "Condition":{"StringEquals":{"ec2:ResourceTag/ebs.csi.aws.com/cluster":"true"}}},
		{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":"arn:aws:ec2:*:*:volume/*",
		 "Condition":{"StringLike":{"ec2:ResourceTag/kubernetes.io/created-for/pvc/name":"*"}}}]}`,
	"AmazonEBSCSIDriverEKSClusterScopedPolicy": `{"Statement":[` + describing + `,
		{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":"arn:aws:ec2:*:*:volume/*",
		 "Condition":{"StringEquals":{"ec2:ResourceTag/ebs.csi.aws.com/cluster-name":"` + principalCluster + `"}}},
		{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":"arn:aws:ec2:*:*:instance/*",
		 "Condition":{"StringEquals":{"ec2:ResourceTag/eks:cluster-name":"` + principalCluster + `"}}}]}`,
}

const describing = `{"Effect":"Allow","Resource":"*","Action":["ec2:DescribeAvailabilityZones","ec2:DescribeInstances","ec2:DescribeVolumes"]}`

// may reports whether the role may do something with a thing of these tags.
func (r rights) may(action, resource string, tags inventory.Props, more map[string]string) bool {
	facts := r.all.TagFacts(tags)
	maps.Copy(facts, more)
	return r.all.Permits(iam.Request{Action: action, Resource: resource, Facts: facts})
}

// unauthorized is what EC2 says to who may not.
func (r rights) unauthorized(action, resource string) *Refusal {
	return &Refusal{"EBS-14", "UnauthorizedOperation",
		fmt.Sprintf("You are not authorized to perform this operation. User: %s is not authorized to perform: %s on resource: %s", r.role.Value("arn"), action, resource)}
}
