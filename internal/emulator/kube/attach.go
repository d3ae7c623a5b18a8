package kube

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"burrow/internal/ebs"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// attach judges whether the EBS volumes of a pod come to its node. Sources:
// kubernetes pkg/volume/csi/csi_attacher.go for the wait, aws-ebs-csi-driver
// pkg/driver/controller.go for how the driver passes on what EC2 says.
func (k *control) attach(p *pod) trouble {
	n := k.nodeOf(p)
	for _, name := range p.claimNames() {
		claim := k.tx.Get(kubetype.PersistentVolumeClaim, p.Namespace+"/"+name)
		if claim == nil {
			continue
		}
		volume := k.tx.Get(kubetype.PersistentVolume, claim.Out.Str("spec.volumeName"))
		if volume == nil || volume.Out.Str("spec.csi.driver") != ebs.Driver {
			continue
		}
		if t := k.attachEBS(volume, p, n); t.event != "" {
			t.event = fmt.Sprintf("FailedAttachVolume: AttachVolume.Attach failed for volume %q : %s", volume.ID, t.event)
			return t
		}
	}
	return trouble{}
}

func (k *control) attachEBS(volume *inventory.Object, p *pod, n *node) trouble {
	handle := volume.Out.Str("spec.csi.volumeHandle")
	unattended := fmt.Sprintf("timed out waiting for external-attacher of %s CSI driver to attach volume %s", ebs.Driver, handle)
	if k.cluster == nil || k.cluster.Type != awstype.Cluster {
		return trouble{"EBS-12", unattended}
	}
	if r := ebs.Attach(k.tx.Everywhere().View, k.cluster, handle, n.zone()); r != nil {
		if r.Rule == "EBS-12" {
			return trouble{r.Rule, unattended}
		}
		return trouble{r.Rule, fmt.Sprintf("rpc error: code = Internal desc = Could not attach volume %q to node %q: could not attach volume %q to node %q: operation error EC2: AttachVolume, %s",
			handle, n.Name, handle, n.Name, said(r))}
	}
	for _, q := range k.pods {
		m := k.nodeOf(q)
		if q != p && m != nil && m != n && !q.ended() && k.mounts(q, volume.ID) && !contains(volume.Out.Strings("spec.accessModes"), string(corev1.ReadWriteMany)) {
			return trouble{"EKS-43", fmt.Sprintf("Multi-Attach error for volume %q Volume is already used by pod(s) %s", volume.ID, q.Name)}
		}
	}
	return trouble{}
}

// said is a refusal in the words of AWS's SDK for Go, which the driver uses.
func said(r *ebs.Refusal) string {
	switch r.Code {
	case "":
		return "get identity: " + r.Reason
	case "UnauthorizedOperation":
		return "https response error StatusCode: 403, api error " + r.Code + ": " + r.Reason
	}
	return "api error " + r.Code + ": " + r.Reason
}

// mounts reports whether a pod that is ready uses a volume.
func (k *control) mounts(p *pod, volume string) bool {
	return p.ready() && slices.ContainsFunc(p.claimNames(), func(name string) bool {
		claim := k.tx.Get(kubetype.PersistentVolumeClaim, p.Namespace+"/"+name)
		return claim != nil && claim.Out.Str("spec.volumeName") == volume
	})
}
