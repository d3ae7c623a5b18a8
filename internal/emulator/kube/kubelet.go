package kube

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// start is the kubelets: a pod that has a node is started, or says what it waits for.
// What its program then does is not known: it counts as ready, and as done where its
// owner is a job.
func (k *control) start() {
	for _, p := range k.pods {
		if p.Spec.NodeName == "" || p.ended() || p.ready() {
			continue
		}
		if t := k.attach(p); t.event != "" {
			k.stuck(p, t, false, "ContainerCreating", "")
			continue
		}
		if t := k.mount(p); t.event != "" {
			k.stuck(p, t, false, "ContainerCreating", "")
			continue
		}
		if reason, t := k.run(p); t.event != "" {
			k.stuck(p, t, true, reason, strings.TrimPrefix(strings.TrimPrefix(t.event, "Failed: Error: "), "InspectFailed: "))
			continue
		}
		k.running(p)
	}
}

// containers writes the status of each container of a pod.
func (p *pod) containers(state corev1.ContainerState, ready bool) {
	p.Status.ContainerStatuses = nil
	for _, c := range p.Spec.Containers {
		started := ready
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, State: state, Ready: ready, Started: &started,
		})
	}
}

// stuck says what keeps a pod from starting. Sandbox says that it has its address.
func (k *control) stuck(p *pod, t trouble, sandbox bool, reason, message string) {
	if p.trouble == t && len(p.Status.ContainerStatuses) > 0 {
		return
	}
	p.trouble = t
	var names []string
	for _, c := range p.Spec.Containers {
		names = append(names, c.Name)
	}
	unready := fmt.Sprintf("containers with unready status: [%s]", strings.Join(names, " "))
	p.Status.Phase = corev1.PodPending
	p.set(corev1.PodReadyToStartContainers, sandbox, "", "")
	p.set(corev1.PodInitialized, true, "", "")
	p.set(corev1.ContainersReady, false, "ContainersNotReady", unready)
	p.set(corev1.PodReady, false, "ContainersNotReady", unready)
	p.containers(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}, false)
	k.keep(p)
	k.changed = true
}

func (k *control) running(p *pod) {
	p.trouble = trouble{}
	job := metav1.GetControllerOf(p.Pod) != nil && metav1.GetControllerOf(p.Pod).Kind == "Job"
	p.set(corev1.PodReadyToStartContainers, !job, "", "")
	p.set(corev1.PodInitialized, true, "", "")
	if job {
		p.Status.Phase = corev1.PodSucceeded
		p.set(corev1.ContainersReady, false, "PodCompleted", "")
		p.set(corev1.PodReady, false, "PodCompleted", "")
		p.containers(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed"}}, false)
	} else {
		p.Status.Phase = corev1.PodRunning
		p.set(corev1.ContainersReady, true, "", "")
		p.set(corev1.PodReady, true, "", "")
		p.containers(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, true)
	}
	k.keep(p)
	k.changed = true
}

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
	if why := k.mayNotAttach(view, addon); why != "" {
		return trouble{"EKS-44", fails("%s", why)}
	}
	o := view.Get(ebsVolume, handle)
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

// AttachedTo is the pod for which an EBS volume is attached to its node, by the
// volume's id, or "": EC2 does not delete what is attached.
func AttachedTo(view inventory.View, id string) string {
	for _, p := range view.All(kubetype.Pod) {
		if !hasCondition(p, corev1.PodReadyToStartContainers) {
			continue
		}
		in := view.Within(p.Region)
		for _, name := range claimsOf(p) {
			claim := in.Get(kubetype.PersistentVolumeClaim, namespaceOf(p.In)+"/"+name)
			if claim == nil {
				continue
			}
			volume := in.Get(kubetype.PersistentVolume, claim.Out.Str("spec.volumeName"))
			if volume != nil && volume.Out.Str("spec.csi.driver") == ebsDriver && volume.Out.Str("spec.csi.volumeHandle") == id {
				return p.ID
			}
		}
	}
	return ""
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

// ebsPolicies are the managed policies of the driver.
var ebsPolicies = []string{
	"arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy", "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2",
	"arn:aws:iam::aws:policy/AdministratorAccess",
}

// mayNotAttach is why the driver has no right to attach volumes, "" when it has. Its
// role is that of a pod identity association, else that of the add-on's service
// account. Source: Amazon EKS guide, ebs-csi.md and pod-id-how-it-works.md.
func (k *control) mayNotAttach(view inventory.View, addon *inventory.Object) string {
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
	has := slices.ContainsFunc(iam.AttachedPolicies(view, role.ID), func(policy string) bool { return contains(ebsPolicies, policy) })
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

// A store of text is a ConfigMap or a Secret.
type textStore struct {
	token, kind, key string
}

var (
	configMaps = textStore{kubetype.ConfigMap, "configmap", "ConfigMap"}
	secrets    = textStore{kubetype.Secret, "secret", "Secret"}
)

// has reports whether a store is there, and a key in it.
func (k *control) has(s textStore, namespace, name, key string) (found, hasKey bool) {
	if name == "kube-root-ca.crt" && s.token == kubetype.ConfigMap { // in every namespace
		return true, key == "" || key == "ca.crt"
	}
	o := k.tx.Get(s.token, namespace+"/"+name)
	if o == nil {
		return false, false
	}
	for _, part := range []string{"data", "binaryData"} {
		if _, ok := o.Out.Map(part)[key]; ok {
			return true, true
		}
	}
	return true, false
}

func optional(b *bool) bool { return b != nil && *b }

// mount judges the volumes that are made of text.
func (k *control) mount(p *pod) trouble {
	for _, v := range p.Spec.Volumes {
		why := ""
		check := func(s textStore, name string, items []corev1.KeyToPath, may *bool) {
			found, _ := k.has(s, p.Namespace, name, "")
			switch {
			case why != "" || optional(may):
			case !found:
				why = fmt.Sprintf("%s %q not found", s.kind, name)
			default:
				for _, item := range items {
					if _, ok := k.has(s, p.Namespace, name, item.Key); !ok {
						why = map[string]string{"configmap": "configmap references non-existent config key: ", "secret": "references non-existent secret key: "}[s.kind] + item.Key
						return
					}
				}
			}
		}
		if s := v.ConfigMap; s != nil {
			check(configMaps, s.Name, s.Items, s.Optional)
		}
		if s := v.Secret; s != nil {
			check(secrets, s.SecretName, s.Items, s.Optional)
		}
		if v.Projected != nil {
			for _, s := range v.Projected.Sources {
				if s.ConfigMap != nil {
					check(configMaps, s.ConfigMap.Name, s.ConfigMap.Items, s.ConfigMap.Optional)
				}
				if s.Secret != nil {
					check(secrets, s.Secret.Name, s.Secret.Items, s.Secret.Optional)
				}
			}
		}
		if why != "" {
			return trouble{"K8S-12", fmt.Sprintf("FailedMount: MountVolume.SetUp failed for volume %q : %s", v.Name, why)}
		}
	}
	return trouble{}
}

// run judges images and the variables of containers. The reason is that of the
// waiting container.
func (k *control) run(p *pod) (reason string, t trouble) {
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		if _, err := parseImage(c.Image); err != nil {
			return "InvalidImageName", trouble{"K8S-14", fmt.Sprintf("InspectFailed: Failed to apply default image tag %q: couldn't parse image name %q: %v", c.Image, c.Image, err)}
		}
		if why := k.variables(p.Namespace, c); why != "" {
			return "CreateContainerConfigError", trouble{"K8S-12", "Failed: Error: " + why}
		}
	}
	return "", trouble{}
}

func (k *control) variables(namespace string, c corev1.Container) string {
	missing := func(s textStore, name, key string, may *bool) string {
		found, hasKey := k.has(s, namespace, name, key)
		switch {
		case optional(may):
		case !found:
			return fmt.Sprintf("%s %q not found", s.kind, name)
		case key != "" && !hasKey:
			return fmt.Sprintf("couldn't find key %s in %s %s/%s", key, s.key, namespace, name)
		}
		return ""
	}
	var all []string
	for _, e := range c.EnvFrom {
		if r := e.ConfigMapRef; r != nil {
			all = append(all, missing(configMaps, r.Name, "", r.Optional))
		}
		if r := e.SecretRef; r != nil {
			all = append(all, missing(secrets, r.Name, "", r.Optional))
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			continue
		}
		if r := e.ValueFrom.ConfigMapKeyRef; r != nil {
			all = append(all, missing(configMaps, r.Name, r.Key, r.Optional))
		}
		if r := e.ValueFrom.SecretKeyRef; r != nil {
			all = append(all, missing(secrets, r.Name, r.Key, r.Optional))
		}
	}
	all = slices.DeleteFunc(all, func(why string) bool { return why == "" })
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// An image is a reference to one.
type image struct{ name, tag, digest string }

// imageForm is the grammar of references. Source: distribution/reference, regexp.go.
var imageForm = regexp.MustCompile(`^((?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[[:xdigit:]:]+\])(?::[0-9]+)?/)?` +
	`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)` +
	`(?::([\w][\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[[:xdigit:]]{32,}))?$`)

func parseImage(text string) (image, error) {
	parts := imageForm.FindStringSubmatch(text)
	switch {
	case parts == nil && imageForm.MatchString(strings.ToLower(text)):
		return image{}, errors.New("invalid reference format: repository name must be lowercase")
	case parts == nil:
		return image{}, errors.New("invalid reference format")
	}
	return image{parts[1], parts[2], parts[3]}, nil
}
