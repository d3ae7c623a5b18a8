package ebs

import (
	"fmt"

	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// Attachable says why EC2 does not attach a volume to an instance in a zone, whoever asks;
// nil when it does. The view is that of the cluster's region; a zone that is "" is not
// compared. Sources: Amazon EC2 API, error codes; kubernetes/kubernetes#62171.
func Attachable(view inventory.View, volume, zone string) *Refusal {
	o := view.Get(awstype.Volume, volume)
	switch {
	case o == nil:
		return &Refusal{"EBS-10", "InvalidVolume.NotFound", fmt.Sprintf("The volume '%s' does not exist.", volume)}
	case zone != "" && zone != o.Value("availabilityZone"):
		return &Refusal{"EBS-10", "InvalidVolume.ZoneMismatch",
			fmt.Sprintf("The volume '%s' is in %s, and not in the same availability zone as the instance, %s", volume, o.Value("availabilityZone"), zone)}
	}
	if why := KeyTrouble(view, o.Value("kmsKeyId"), o.Region); why != "" {
		return revoked(o, why)
	}
	return nil
}

// revoked is what EC2 says of every key that it cannot use, without the reason.
func revoked(volume *inventory.Object, why string) *Refusal {
	return &Refusal{"EBS-11", "CustomerKeyHasBeenRevoked",
		fmt.Sprintf("Volume %s cannot be attached. The encrypted volume was unable to access the KMS key (%s).", volume.ID, why)}
}

// Attach says why the driver of an EKS cluster does not attach a volume to a node in a zone;
// nil when it does.
func Attach(view inventory.View, cluster *inventory.Object, volume, zone string) *Refusal {
	view = view.Within(cluster.Region)
	role, refusal := controller(view, cluster)
	if refusal != nil {
		return refusal
	}
	o := view.Get(awstype.Volume, volume)
	if o == nil {
		return Attachable(view, volume, zone) // there are no tags that rights could depend on
	}
	r := rightsOf(view, cluster, role)
	if refusal := r.move(cluster, o, "ec2:AttachVolume"); refusal != nil {
		return refusal
	}
	if refusal := Attachable(view, volume, zone); refusal != nil {
		return refusal
	}
	const grant = "kms:CreateGrant"
	byIAM := func(q iam.Request) bool {
		return r.may(q.Action, q.Resource, keyTags(view, o.Value("kmsKeyId")), q.Facts)
	}
	if KeyDenies(view, o.Value("kmsKeyId"), o.Region, role.Value("arn"), o.ID, byIAM, grant) != "" {
		return revoked(o, fmt.Sprintf("neither the key's policy nor the role's lets %s have %s", role.Value("arn"), grant))
	}
	return nil
}

// Detach says why the driver does not take a volume from the node that has it, which the
// next node waits for; nil when it does. Keys are not asked.
func Detach(view inventory.View, cluster *inventory.Object, volume string) *Refusal {
	view = view.Within(cluster.Region)
	role, refusal := controller(view, cluster)
	o := view.Get(awstype.Volume, volume)
	if refusal != nil || o == nil {
		return refusal
	}
	return rightsOf(view, cluster, role).move(cluster, o, "ec2:DetachVolume")
}

// move says which right is missing to attach or detach: EC2 asks for it on the volume and
// on the instance. Source: service authorization reference, list_amazonec2.html.
func (r rights) move(cluster, volume *inventory.Object, action string) *Refusal {
	for _, asked := range []struct {
		action, resource string
		tags             inventory.Props
	}{
		{"ec2:DescribeInstances", "*", nil},
		{"ec2:DescribeVolumes", "*", nil},
		{action, volume.Value("arn"), volume.Props().Map("tagsAll")},
		{action, fmt.Sprintf("arn:aws:ec2:%s:%s:instance/i-0", cluster.Region, r.account), instanceTags(cluster)},
	} {
		if !r.may(asked.action, asked.resource, asked.tags, nil) {
			return r.unauthorized(asked.action, asked.resource)
		}
	}
	return nil
}

func keyTags(view inventory.View, arn string) inventory.Props {
	if key := iam.KeyNamed(view, arn); key != nil {
		return key.Props().Map("tagsAll")
	}
	return nil
}

// instanceTags are those that EKS puts on the instances of its node groups. Source:
// Amazon EKS guide eks-using-tags.md.
func instanceTags(cluster *inventory.Object) inventory.Props {
	name := cluster.Value("name")
	return inventory.Props{"eks:cluster-name": name, "kubernetes.io/cluster/" + name: "owned"}
}
