package kube

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// attach judges whether the EBS volumes of a pod come to its node. Sources:
// kubernetes pkg/volume/csi/csi_attacher.go for the wait, aws-ebs-csi-driver
// pkg/driver/controller.go and EC2's error codes for what the driver says.
func (k *control) attach(p *pod) trouble {
	n := k.nodeOf(p)
	for _, v := range p.Spec.Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		claim := k.tx.Get(kubetype.PersistentVolumeClaim, p.Namespace+"/"+v.PersistentVolumeClaim.ClaimName)
		if claim == nil {
			continue
		}
		volume := k.tx.Get(kubetype.PersistentVolume, claim.Out.Str("spec.volumeName"))
		if volume == nil || volume.Out.Str("spec.csi.driver") != ebsDriver {
			continue
		}
		if t := k.attachEBS(volume, p, n); t.event != "" {
			t.event = fmt.Sprintf("FailedAttachVolume: AttachVolume.Attach failed for volume %q : %s", volume.ID, t.event)
			return t
		}
	}
	return trouble{}
}

// ebsVolume is the type of EBS volumes.
const ebsVolume = "aws:ebs/volume:Volume"

func (k *control) attachEBS(volume *inventory.Object, p *pod, n *node) trouble {
	handle := volume.Out.Str("spec.csi.volumeHandle")
	if k.cluster == nil || k.cluster.Type != awstype.Cluster {
		return trouble{"EKS-43", fmt.Sprintf("timed out waiting for external-attacher of %s CSI driver to attach volume %s", ebsDriver, handle)}
	}
	view := k.tx.Everywhere().Within(k.cluster.Region).View
	addon := eksAddon(view, k.cluster, ebsAddon)
	if addon == nil {
		return trouble{"EKS-43", fmt.Sprintf("timed out waiting for external-attacher of %s CSI driver to attach volume %s", ebsDriver, handle)}
	}
	fails := func(format string, args ...any) string {
		return fmt.Sprintf("rpc error: code = Internal desc = Could not attach volume %q to node %q: could not attach volume %q to node %q: operation error EC2: AttachVolume, ",
			handle, n.Name, handle, n.Name) + fmt.Sprintf(format, args...)
	}
	o := view.Get(ebsVolume, handle)
	if why := k.mayNotAttach(view, addon, o); why != "" {
		return trouble{"EKS-44", fails("%s", why)}
	}
	switch {
	case o == nil:
		return trouble{"EKS-45", fails("api error InvalidVolume.NotFound: The volume '%s' does not exist.", handle)}
	case n.zone() != "" && o.Value("availabilityZone") != n.zone():
		return trouble{"EKS-45", fails("api error InvalidVolume.ZoneMismatch: The volume '%s' is not in the same availability zone as instance '%s' (%s, %s)",
			handle, n.Name, o.Value("availabilityZone"), n.zone())}
	}
	for _, q := range k.pods {
		m := k.nodeOf(q)
		if q != p && m != nil && m != n && !q.ended() && k.mounts(q, volume.ID) && !contains(volume.Out.Strings("spec.accessModes"), string(corev1.ReadWriteMany)) {
			return trouble{"EKS-45", fmt.Sprintf("Multi-Attach error for volume %q Volume is already used by pod(s) %s", volume.ID, q.Name)}
		}
	}
	return trouble{}
}

// mounts reports whether a pod that is ready uses a volume.
func (k *control) mounts(p *pod, volume string) bool {
	return p.ready() && slices.ContainsFunc(claimsOf(p.o), func(name string) bool {
		claim := k.tx.Get(kubetype.PersistentVolumeClaim, p.Namespace+"/"+name)
		return claim != nil && claim.Out.Str("spec.volumeName") == volume
	})
}

// Who the driver's controller is, and what it needs.
const (
	ebsNamespace   = "kube-system"
	ebsAccount     = "ebs-csi-controller-sa"
	podIdentityWho = "pods.eks.amazonaws.com"
	agentAddon     = "eks-pod-identity-agent"
)

// ebsPolicies are AWS's own policies by which the driver attaches any volume.
// AmazonEBSCSIDriverPolicyV2 is for volumes that carry the driver's tag.
var (
	ebsPolicies   = []string{iam.ManagedPrefix + "service-role/AmazonEBSCSIDriverPolicy", iam.ManagedPrefix + "AdministratorAccess"}
	ebsPolicyTags = iam.ManagedPrefix + "AmazonEBSCSIDriverPolicyV2"
)

const ebsTag = "ebs.csi.aws.com/cluster"

// mayNotAttach is why the driver has no right to attach volumes, "" when it has. Its
// role is that of a pod identity association, else that of the add-on's service
// account. Source: Amazon EKS guide, ebs-csi.md and pod-id-how-it-works.md.
func (k *control) mayNotAttach(view inventory.View, addon, volume *inventory.Object) string {
	const denied = "https response error StatusCode: 403, api error UnauthorizedOperation: You are not authorized to perform this operation"
	arn, byPodIdentity := addon.Value("serviceAccountRoleArn"), false
	for _, o := range view.All(awstype.PodIdentityAssociation) {
		if o.Value("clusterName") == k.cluster.Value("name") && o.Value("namespace") == ebsNamespace && o.Value("serviceAccount") == ebsAccount {
			arn, byPodIdentity = o.Value("roleArn"), true
		}
	}
	for _, a := range addon.Props().Maps("podIdentityAssociations[*]") {
		if a.Str("serviceAccount") == ebsAccount {
			arn, byPodIdentity = a.Str("roleArn"), true
		}
	}
	role := view.Find(awstype.Role, "arn", arn)
	switch {
	case arn == "":
		return "get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found (neither a pod identity association nor a role of the service account " + ebsAccount + ")"
	case role == nil:
		return fmt.Sprintf("get identity: get credentials: the role %s does not exist", arn)
	case byPodIdentity && eksAddon(view, k.cluster, agentAddon) == nil:
		return "get identity: get credentials: failed to refresh cached credentials, failed to load credentials: dial tcp 169.254.170.23:80: connect: connection refused (the add-on " + agentAddon + " is missing)"
	case byPodIdentity && !trustsPods(role):
		return fmt.Sprintf("get identity: get credentials: AccessDeniedException: Unauthorized Exception! EKS does not have permissions to assume the associated role %s", arn)
	}
	const action = "ec2:AttachVolume"
	tagged := volume != nil && texts(volume.Props().Map("tagsAll"))[ebsTag] == "true"
	has := slices.ContainsFunc(iam.AttachedPolicies(view, role.ID), func(policy string) bool {
		return contains(ebsPolicies, policy) || policy == ebsPolicyTags && tagged
	})
	if iam.RoleIsDenied(view, role.ID, action, "") || !has && !iam.RoleMay(view, role.ID, action, "") {
		return fmt.Sprintf("%s. User: %s is not authorized to perform: %s", denied, arn, action)
	}
	return ""
}

// trustsPods reports whether a role lets EKS's pod identity assume it.
func trustsPods(role *inventory.Object) bool {
	for _, action := range []string{"sts:AssumeRole", "sts:TagSession"} {
		d, err := iam.Read(role.Props(), "assumeRolePolicy")
		if err != nil || !d.Permits(iam.Request{Kind: "Service", Principal: podIdentityWho, Action: action}) {
			return false
		}
	}
	return true
}
