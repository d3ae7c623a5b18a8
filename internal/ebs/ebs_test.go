package ebs

import (
	"fmt"
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

type props = inventory.Props

const (
	region   = "eu-west-2"
	endpoint = "abc.gr7.eu-west-2.eks.amazonaws.com"
	keyARN   = "arn:aws:kms:eu-west-2:123456789012:key/k"
	roleARN  = "arn:aws:iam::123456789012:role/ebs"
	byIAM    = `{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::123456789012:root"}}}`
	byName   = `{"Statement":{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Principal":{"AWS":"` + roleARN + `"},"Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}}`
	trust    = `{"Statement":{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Principal":{"Service":"pods.eks.amazonaws.com"}}}`
	rights1  = `{"Statement":[
		{"Effect":"Allow","Action":["ec2:Describe*"],"Resource":"*"},
		{"Effect":"Allow","Action":["ec2:AttachVolume"],"Resource":"arn:aws:ec2:*:*:volume/*","Condition":{"StringEquals":{"aws:ResourceTag/Estate":"dev"}}},
		{"Effect":"Allow","Action":["ec2:AttachVolume"],"Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"aws:ResourceTag/eks:cluster-name":"relay"}}},
		{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}]}`
)

// A world is a cluster whose driver attaches a volume, and a workload that has it.
type world map[string]*inventory.Object

func newWorld() world {
	kube := func(typ, namespace, name string, spec props) *inventory.Object {
		return &inventory.Object{Type: typ, ID: namespace + "/" + name, Region: endpoint, Out: props{
			"metadata": map[string]any{"namespace": namespace, "name": name}, "spec": map[string]any(spec),
		}}
	}
	return world{
		"cluster": {Type: awstype.Cluster, ID: "relay", Region: region, Out: props{"name": "relay", "endpoint": "https://" + strings.ToUpper(endpoint)}},
		"subnet":  {Type: awstype.Subnet, ID: "subnet-a", Region: region, Out: props{"availabilityZone": "eu-west-2a"}},
		"nodes": {Type: awstype.NodeGroup, ID: "relay:nodes", Region: region, Out: props{
			"clusterName": "relay", "status": "ACTIVE", "subnetIds": []any{"subnet-a"}, "scalingConfig": map[string]any{"desiredSize": 1.0},
			"launchTemplate": map[string]any{"id": "lt-1"},
		}},
		"template":    {Type: awstype.LaunchTemplate, ID: "lt-1", Region: region, In: props{"metadataOptions": map[string]any{"httpPutResponseHopLimit": 1.0}}},
		"addon":       {Type: awstype.Addon, ID: "relay:" + Addon, Region: region, Out: props{"clusterName": "relay", "addonName": Addon}},
		"agent":       {Type: awstype.Addon, ID: "relay:" + agent, Region: region, Out: props{"clusterName": "relay", "addonName": agent}},
		"association": {Type: awstype.PodIdentityAssociation, ID: "a-1", Region: region, Out: props{"clusterName": "relay", "namespace": Namespace, "serviceAccount": Account, "roleArn": roleARN}},
		"role":        {Type: awstype.Role, ID: "ebs", In: props{"assumeRolePolicy": trust}, Out: props{"arn": roleARN}},
		"policy":      {Type: awstype.RolePolicy, ID: "ebs:attach", In: props{"role": "ebs", "policy": rights1}},
		"key":         {Type: awstype.Key, ID: "k", Region: region, Out: props{"arn": keyARN, "isEnabled": true, "policy": byIAM}},
		"volume": {Type: awstype.Volume, ID: "vol-1", Region: region, Out: props{
			"arn": "arn:aws:ec2:eu-west-2:123456789012:volume/vol-1", "availabilityZone": "eu-west-2a", "kmsKeyId": keyARN, "encrypted": true,
			"tagsAll": map[string]any{"Estate": "dev"},
		}},
		"pv": kube(kubetype.PersistentVolume, "", "nats-a", props{
			"csi": map[string]any{"driver": Driver, "volumeHandle": "vol-1"}, "claimRef": map[string]any{"namespace": "relay", "name": "data-nats-1"},
		}),
		"set": kube(kubetype.StatefulSet, "relay", "nats", props{
			"replicas": 3.0, "volumeClaimTemplates": []any{map[string]any{"metadata": map[string]any{"name": "data"}}},
		}),
	}
}

func (w world) view() inventory.View {
	var all []*inventory.Object
	for _, o := range w {
		all = append(all, o)
	}
	return inventory.View{Source: inventory.NewList(all...), Region: region}
}

func TestAttach(t *testing.T) {
	managedOnly := func(name string, tags props) func(world) {
		return func(w world) {
			delete(w, "policy")
			w["managed"] = &inventory.Object{Type: awstype.RolePolicyAttachment, ID: "ebs-1", In: props{"role": "ebs", "policyArn": "arn:aws:iam::aws:policy/" + name}}
			w["key"].Out["policy"] = byName
			w["volume"].Out["tagsAll"] = map[string]any(tags)
		}
	}
	for what, c := range map[string]struct {
		change func(world)
		want   string // the rule and part of what is said, "" when it attaches
	}{
		"all is well":    {func(world) {}, ""},
		"no such volume": {func(w world) { delete(w, "volume") }, "EBS-10 InvalidVolume.NotFound: The volume 'vol-1' does not exist."},
		"another zone":   {func(w world) { w["volume"].Out["availabilityZone"] = "eu-west-2b" }, "EBS-10 InvalidVolume.ZoneMismatch: "},
		"a key gone":     {func(w world) { delete(w, "key") }, "EBS-11 CustomerKeyHasBeenRevoked: Volume vol-1 cannot be attached."},
		"a key disabled": {func(w world) { w["key"].Out["isEnabled"] = false }, "EBS-11 CustomerKeyHasBeenRevoked: "},
		"not encrypted":  {func(w world) { w["volume"].Out["kmsKeyId"] = ""; delete(w, "key") }, ""},
		"AWS's own key":  {func(w world) { w["volume"].Out["kmsKeyId"] = ManagedKey(region, "123456789012") }, ""},
		"named by a key": {func(w world) { w["key"].Out["policy"] = byName }, ""},
		"a key for none": {func(w world) { w["key"].Out["policy"] = strings.Replace(byName, "role/ebs", "role/other", 1) }, "EBS-11 "},
		"no grants": {func(w world) {
			w["policy"].In["policy"] = strings.Replace(rights1, "kms:CreateGrant", "kms:Decrypt", 1)
		}, "EBS-11 "},
		"grants to users": {func(w world) {
			w["policy"].In["policy"] = strings.Replace(rights1, `"kms:GrantIsForAWSResource":"true"`, `"kms:GrantIsForAWSResource":"false"`, 1)
		}, "EBS-11 "},
		"another's tags":  {func(w world) { w["volume"].Out["tagsAll"] = map[string]any{"Estate": "prod"} }, "EBS-14 UnauthorizedOperation: "},
		"no tags":         {func(w world) { delete(w["volume"].Out, "tagsAll") }, "EBS-14 UnauthorizedOperation: "},
		"another cluster": {func(w world) { w["policy"].In["policy"] = strings.Replace(rights1, `"relay"`, `"other"`, 1) }, "EBS-14 "},
		"no probe": {func(w world) {
			w["policy"].In["policy"] = strings.Replace(rights1, "ec2:Describe*", "ec2:DescribeVolumes", 1)
		}, "EBS-14 UnauthorizedOperation: You are not authorized to perform this operation. User: " + roleARN + " is not authorized to perform: ec2:DescribeAvailabilityZones"},
		"no driver":      {func(w world) { delete(w, "addon") }, "EBS-12 "},
		"no nodes":       {func(w world) { w["nodes"].Out["status"] = "CREATE_FAILED" }, "EBS-12 "},
		"no association": {func(w world) { delete(w, "association") }, "EBS-13 "},
		"no agent":       {func(w world) { delete(w, "agent") }, "EBS-13 "},
		"half a trust":   {func(w world) { w["role"].In["assumeRolePolicy"] = strings.Replace(trust, `,"sts:TagSession"`, "", 1) }, "EBS-13 "},
		"no role":        {func(w world) { delete(w, "role") }, "EBS-13 "},

		"AWS's first policy":                    {managedOnly("service-role/AmazonEBSCSIDriverPolicy", nil), ""},
		"AWS's second policy, untagged":         {managedOnly("AmazonEBSCSIDriverPolicyV2", props{"Name": "x"}), "EBS-14 "},
		"AWS's second policy":                   {managedOnly("AmazonEBSCSIDriverPolicyV2", props{"ebs.csi.aws.com/cluster": "true"}), ""},
		"AWS's policy of one cluster":           {managedOnly("AmazonEBSCSIDriverEKSClusterScopedPolicy", props{"ebs.csi.aws.com/cluster-name": "relay"}), ""},
		"AWS's policy of one cluster, untagged": {managedOnly("AmazonEBSCSIDriverEKSClusterScopedPolicy", props{"ebs.csi.aws.com/cluster": "true"}), "EBS-14 "},
		"AWS's policy of nodes":                 {managedOnly("AmazonEKSWorkerNodePolicy", nil), "EBS-14 "},
	} {
		w := newWorld()
		c.change(w)
		got := ""
		if r := Attach(w.view(), w["cluster"], "vol-1", "eu-west-2a"); r != nil {
			got = fmt.Sprintf("%s %v", r.Rule, r)
		}
		if c.want == "" && got != "" || !strings.HasPrefix(strings.Replace(got, "Internal: ", "", 1), c.want) {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// Who may attach may not detach for that.
func TestDetach(t *testing.T) {
	w := newWorld()
	if r := Detach(w.view(), w["cluster"], "vol-1"); r == nil || r.Rule != "EBS-14" || !strings.Contains(r.Reason, "ec2:DetachVolume on resource: arn:aws:ec2:eu-west-2:123456789012:volume/vol-1") {
		t.Errorf("without the right: %v", r)
	}
	w["policy"].In["policy"] = strings.ReplaceAll(rights1, `["ec2:AttachVolume"]`, `["ec2:AttachVolume","ec2:DetachVolume"]`)
	delete(w, "key")
	if r := Detach(w.view(), w["cluster"], "vol-1"); r != nil {
		t.Errorf("with it: %v", r)
	}
	delete(w, "addon")
	if r := Detach(w.view(), w["cluster"], "vol-1"); r == nil || r.Rule != "EBS-12" {
		t.Errorf("without the driver: %v", r)
	}
}

func TestInUse(t *testing.T) {
	pod := func(phase, node string, spec props) *inventory.Object {
		return &inventory.Object{Type: kubetype.Pod, ID: "relay/nats-1", Region: endpoint, MadeBy: "relay/nats", Out: props{
			"metadata": map[string]any{"namespace": "relay", "name": "nats-1"}, "spec": map[string]any(spec.With(props{"nodeName": node})),
			"status": map[string]any{"phase": phase},
		}}
	}
	claims := props{"volumes": []any{map[string]any{"persistentVolumeClaim": map[string]any{"claimName": "data-nats-1"}}}}
	for what, c := range map[string]struct {
		change func(world)
		want   string
	}{
		"by a template":          {func(world) {}, "StatefulSet relay/nats"},
		"of too few replicas":    {func(w world) { w["set"].Out.Set("spec.replicas", 1) }, ""},
		"of none":                {func(w world) { w["set"].Out.Set("spec.replicas", 0) }, ""},
		"of one, by default":     {func(w world) { w["set"].Out.Del("spec.replicas") }, ""},
		"of others":              {func(w world) { w["set"].Out.Set("spec.replicas", 1); w["set"].Out.Set("spec.ordinals.start", 1) }, "StatefulSet"},
		"in another namespace":   {func(w world) { w["set"].Out.Set("metadata.namespace", "bunny") }, ""},
		"of another driver":      {func(w world) { w["pv"].Out.Set("spec.csi.driver", "efs.csi.aws.com") }, ""},
		"another handle":         {func(w world) { w["pv"].Out.Set("spec.csi.volumeHandle", "vol-2") }, ""},
		"no volume":              {func(w world) { delete(w, "pv") }, ""},
		"another cluster's":      {func(w world) { w["set"].Region = "xyz" }, ""},
		"nodes elsewhere":        {func(w world) { w["subnet"].Out["availabilityZone"] = "eu-west-2b" }, ""},
		"no nodes":               {func(w world) { delete(w, "nodes") }, ""},
		"a cluster that is gone": {func(w world) { delete(w, "cluster") }, "StatefulSet"},
		"a claim of another": {func(w world) {
			w["claim"] = &inventory.Object{Type: kubetype.PersistentVolumeClaim, ID: "relay/data-nats-1", Region: endpoint, Out: props{
				"metadata": map[string]any{"namespace": "relay", "name": "data-nats-1"}, "spec": map[string]any{"volumeName": "other"}}}
		}, ""},
		"a claim that names it": {func(w world) {
			w["pv"].Out.Del("spec.claimRef")
			w["claim"] = &inventory.Object{Type: kubetype.PersistentVolumeClaim, ID: "relay/data-nats-1", Region: endpoint, Out: props{
				"metadata": map[string]any{"namespace": "relay", "name": "data-nats-1"}, "spec": map[string]any{"volumeName": "nats-a"}}}
		}, "StatefulSet"},
		"nobody's": {func(w world) { w["pv"].Out.Del("spec.claimRef") }, ""},
		"a deployment": {func(w world) {
			w["set"].Type = kubetype.Deployment
			w["set"].Out["spec"] = map[string]any{"template": map[string]any{"spec": map[string]any(claims)}}
		}, "Deployment relay/nats"},
		"a pod that runs":           {func(w world) { w["pod"] = pod("Running", "node-1", claims) }, "pod relay/nats-1"},
		"a pod that starts":         {func(w world) { w["pod"] = pod("Pending", "node-1", claims) }, "pod relay/nats-1"},
		"a pod that waits":          {func(w world) { w["pod"] = pod("Pending", "", claims) }, ""},
		"a pod that is done":        {func(w world) { w["pod"] = pod("Succeeded", "node-1", claims) }, ""},
		"a pod of other claims":     {func(w world) { w["pod"] = pod("Running", "node-1", nil) }, ""},
		"a pod of somebody else's":  {func(w world) { w["pod"] = pod("Running", "node-1", nil); w["pod"].MadeBy = "" }, "StatefulSet"},
		"a pod that nobody watches": {func(w world) { delete(w, "set"); w["pod"] = pod("", "", claims) }, "pod"},
	} {
		w := newWorld()
		c.change(w)
		if got := InUse(w.view(), w["volume"]); c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// The metadata service is the last resort: over one hop it is for the node alone.
func TestNodesRole(t *testing.T) {
	w := newWorld()
	delete(w, "association")
	w["nodes"].Out["nodeRoleArn"] = roleARN
	if r := Ready(w.view(), w["cluster"]); r == nil || r.Rule != "EBS-13" {
		t.Errorf("over one hop: %v", r)
	}
	w["template"].In.Set("metadataOptions.httpPutResponseHopLimit", 2)
	if r := Ready(w.view(), w["cluster"]); r != nil {
		t.Errorf("over two: %v", r)
	}
	w["addon"].Out["serviceAccountRoleArn"] = roleARN
	if r := Ready(w.view(), w["cluster"]); r == nil || !strings.Contains(r.Reason, "AssumeRoleWithWebIdentity") {
		t.Errorf("a role that trusts no provider: %v", r)
	}
	w["role"].In["assumeRolePolicy"] = strings.Replace(trust, `"Service"`, `"Federated"`, 1)
	if r := Ready(w.view(), w["cluster"]); r != nil {
		t.Errorf("a role that trusts one: %v", r)
	}
}
