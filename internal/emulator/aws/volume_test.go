package aws

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"burrow/internal/ebs"
	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

const (
	trustPods = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Principal":{"Service":"pods.eks.amazonaws.com"}}]}`
	// mayAttach is what the driver needs for volumes that somebody else makes.
	mayAttach = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["ec2:DescribeAvailabilityZones","ec2:DescribeInstances","ec2:DescribeVolumes"],"Resource":"*"},
		{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":"arn:aws:ec2:eu-west-2:123456789012:volume/*",
		 "Condition":{"StringEquals":{"aws:ResourceTag/Project":"burrow"}}},
		{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":"arn:aws:ec2:eu-west-2:123456789012:instance/*",
		 "Condition":{"StringEquals":{"aws:ResourceTag/eks:cluster-name":"eks-relay-cluster"}}},
		{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"arn:aws:kms:eu-west-2:123456789012:key/*",
		 "Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}]}`
)

func volumeSteps() []step {
	return []step{
		{"data", awstype.Volume, props{"availabilityZone": "eu-west-2a", "type": "gp3", "size": 20, "encrypted": true, "kmsKeyId": "=key.arn", "tags": tags("data")}},
		{"copy", awstype.Snapshot, props{"volumeId": "=data", "tags": tags("copy")}},
		{"restored", awstype.Volume, props{"availabilityZone": "eu-west-2b", "snapshotId": "=copy"}},
		{"plain", awstype.Volume, props{"availabilityZone": "eu-west-2b", "size": 100}},
		{"fast", awstype.Volume, props{"availabilityZone": "eu-west-2a", "type": "io2", "size": 8, "iops": 8000, "multiAttachEnabled": true, "encrypted": true}},
		{"cold", awstype.Volume, props{"availabilityZone": "eu-west-2a", "type": "sc1", "size": 125}},
	}
}

func volumeRefusalCases() []refusal {
	const invalid = "InvalidParameterValue"
	of := func(typ string, more props) props { return props{"type": typ}.With(more) }
	return []refusal{
		{"no such zone", "data", onCreate, "EBS-01", "InvalidZone.NotFound", props{"availabilityZone": "eu-west-2d"}},
		{"a zone's id", "data", onCreate, "EBS-01", "InvalidZone.NotFound", props{"availabilityZone": "euw2-az2"}},
		{"no IOPS of io1", "data", onCheck, "EBS-02", "", of("io1", nil)},
		{"IOPS of gp2", "plain", onCheck, "EBS-02", "", props{"iops": 3000}},
		{"throughput of gp2", "plain", onCheck, "EBS-02", "", props{"throughput": 125}},
		{"several instances of gp3", "data", onCheck, "EBS-02", "", props{"multiAttachEnabled": true}},
		{"unknown type", "plain", onCreate, "EBS-02", "UnknownVolumeType", of("gp4", nil)},
		{"a replacement without IOPS", "fast", onCreate, "EBS-02", "InvalidParameterCombination", props{"iops": nil}},
		{"a replacement with IOPS", "plain", onCreate, "EBS-02", "InvalidParameterCombination", props{"iops": 3000}},
		{"a replacement with throughput", "plain", onCreate, "EBS-02", "InvalidParameterCombination", props{"throughput": 125}},
		{"a replacement for several instances", "data", onCreate, "EBS-02", "InvalidParameterCombination", props{"multiAttachEnabled": true}},
		{"IOPS of an old gp2", "plain", onUpdate, "EBS-02", "InvalidParameterCombination", props{"iops": 3000}},
		{"no size", "data", onCheck, "EBS-03", "", props{"size": nil}},
		{"nothing", "data", onCreate, "EBS-03", invalid, props{"size": 0}},
		{"io2 too large", "fast", onCreate, "EBS-03", invalid, props{"size": 65537}},
		{"gp2 too large", "plain", onUpdate, "EBS-03", invalid, props{"size": 16385}},
		{"st1 too small", "plain", onCreate, "EBS-03", invalid, of("st1", props{"size": 124})},
		{"io1 too small", "plain", onCreate, "EBS-03", invalid, of("io1", props{"size": 3, "iops": 100})},
		{"magnetic too large", "plain", onCreate, "EBS-03", invalid, of("standard", props{"size": 1025})},
		{"smaller than its snapshot", "restored", onCreate, "EBS-03", invalid, props{"size": 19}},
		{"throughput beyond the provider", "data", onCheck, "EBS-04", "", props{"throughput": 1001}},
		{"few IOPS", "data", onCreate, "EBS-04", invalid, props{"iops": 2999}},
		{"many IOPS", "data", onCreate, "EBS-04", invalid, props{"size": 1000, "iops": 80001}},
		{"IOPS for the size", "data", onCreate, "EBS-04", invalid, props{"iops": 10001}},
		{"IOPS of io1 for the size", "plain", onCreate, "EBS-04", invalid, of("io1", props{"size": 100, "iops": 5001})},
		{"IOPS of io2 for the size", "fast", onUpdate, "EBS-04", invalid, props{"iops": 8001}},
		{"throughput for the IOPS", "data", onUpdate, "EBS-04", invalid, props{"throughput": 751}},
		{"key by id", "data", onCheck, "EBS-05", "", props{"kmsKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}},
		{"key and no encryption", "data", onCreate, "EBS-05", "InvalidParameterDependency", props{"encrypted": nil}},
		{"no such key", "data", onCreate, "EBS-06", "InvalidVolume.NotFound", props{"kmsKeyId": "arn:aws:kms:eu-west-2:123456789012:key/none"}},
		{"a key of another region", "data", onCreate, "EBS-06", "InvalidVolume.NotFound", props{"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/none"}},
		{"a key to sign with", "data", onCreate, "EBS-06", "InvalidVolume.NotFound", props{"kmsKeyId": "=rsa.arn"}},
		{"smaller", "data", onUpdate, "EBS-07", invalid, props{"size": 19}},
		{"storage tier", "copy", onCheck, "EBS-15", "", props{"storageTier": "frozen"}},
		{"no such snapshot", "restored", onCreate, "reference", "InvalidSnapshot.NotFound", props{"snapshotId": "snap-0"}},
	}
}

func driverRefusals() []refusal {
	const invalid = "InvalidParameterException"
	account := func(name string) props {
		return props{"podIdentityAssociations": []any{props{"serviceAccount": name, "roleArn": "=ebsRole.arn"}}}
	}
	return []refusal{
		{"driver line", "ebs", onUpdate, "EKS-32", invalid, props{"addonVersion": "v1.9.0-eksbuild.1"}},
		{"another's account", "ebs", onUpdate, "EBS-17", invalid, account("relay")},
		{"no identities", "proxy", onUpdate, "EBS-17", invalid, account("kube-proxy")},
	}
}

// What EC2 and the provider fill in.
func TestVolumeDefaults(t *testing.T) {
	e := part(t, "key", "data", "copy", "restored", "plain", "fast", "cold")
	key := e.made["key"].out.Str("arn")
	for name, want := range map[string]props{
		"data":     {"type": "gp3", "size": 20.0, "iops": 3000.0, "throughput": 125.0, "encrypted": true, "kmsKeyId": key, "snapshotId": "", "multiAttachEnabled": false},
		"restored": {"type": "gp2", "size": 20.0, "iops": 100.0, "throughput": 0.0, "encrypted": true, "kmsKeyId": key, "snapshotId": e.made["copy"].id},
		"plain":    {"type": "gp2", "size": 100.0, "iops": 300.0, "encrypted": false, "kmsKeyId": "", "finalSnapshot": false},
		"fast":     {"type": "io2", "iops": 8000.0, "throughput": 0.0, "encrypted": true, "kmsKeyId": ebs.ManagedKey("eu-west-2", "123456789012")},
		"cold":     {"type": "sc1", "iops": 0.0, "throughput": 0.0},
		"copy":     {"volumeSize": 20.0, "encrypted": true, "kmsKeyId": key, "ownerId": "123456789012"},
	} {
		for path, v := range want {
			if got, _ := e.made[name].out.Get(path); got != v {
				t.Errorf("%s of %s is %v, want %v", path, name, got, v)
			}
		}
	}
	if arn := e.made["data"].out.Str("arn"); arn != "arn:aws:ec2:eu-west-2:123456789012:volume/"+e.made["data"].id {
		t.Errorf("the volume is %s", arn)
	}
}

// A volume grows and changes its type in place, four times a day; a change of tags, or of
// nothing, is none.
func TestVolumeModifications(t *testing.T) {
	e := part(t, "plain")
	v := e.made["plain"]
	change := func(set props) (props, error) {
		in := v.in.With(set)
		out, err := e.update(v.typ, v.name, v.id, v.in, in)
		if err == nil {
			v.in = in
		}
		return out, err
	}
	for _, c := range []struct {
		set  props
		want props
	}{
		{props{"size": 200}, props{"size": 200.0, "iops": 600.0, "type": "gp2"}},
		{props{"type": "gp3"}, props{"size": 200.0, "iops": 3000.0, "throughput": 125.0}},
		{props{"iops": 4000, "throughput": 250}, props{"iops": 4000.0, "throughput": 250.0}},
		{props{"tags": tags("tagged")}, props{"iops": 4000.0}},
		{props{"finalSnapshot": true}, props{"throughput": 250.0}},
		{props{"type": "st1", "iops": nil, "throughput": nil}, props{"type": "st1", "iops": 0.0, "throughput": 0.0}},
	} {
		out, err := change(c.set)
		if err != nil {
			t.Fatalf("%v: %v", c.set, err)
		}
		for path, want := range c.want {
			if got, _ := out.Get(path); got != want {
				t.Errorf("%v: %s is %v, want %v", c.set, path, got, want)
			}
		}
	}
	_, err := change(props{"size": 300})
	refused(t, err, "VolumeModificationRateExceeded", "EBS-08")
	if _, err := change(props{"tags": tags("again")}); err != nil {
		t.Errorf("tags: %v", err)
	}
	err = e.world.Update(func(tx *emulator.Tx) error {
		o := tx.Everywhere().Get(awstype.Volume, v.id)
		times := o.Hidden.Strings(modifiedAt)
		times[0] = time.Now().Add(-25 * time.Hour).Format(time.RFC3339)
		o.Hidden.Set(modifiedAt, times)
		tx.Put(o)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := change(props{"size": 300}); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

// EC2 takes away what it cannot encrypt, and says so to nobody.
func TestVolumeVanishes(t *testing.T) {
	e := part(t, "key")
	for what, key := range map[string]props{
		"disabled":              {"isEnabled": false},
		"lets nobody but KMS's": {"bypassPolicyLockoutSafetyCheck": true, "policy": `{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::123456789012:role/other"}}}`},
		"by another service": {"policy": `{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::123456789012:root"}},
			{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*","Principal":{"AWS":"*"},"Condition":{"StringEquals":{"kms:ViaService":"ec2.eu-west-2.amazonaws.com"}}}]}`},
	} {
		name := "key " + strings.ReplaceAll(what, " ", "")
		k := e.make(step{name, awstype.Key, key})
		id, _, err := e.create(awstype.Volume, name, props{"availabilityZone": "eu-west-2a", "size": 1, "encrypted": true, "kmsKeyId": k.out.Str("arn")})
		refused(t, err, "InvalidVolume.NotFound", "EBS-06")
		if err != nil && !strings.Contains(err.Error(), "waiting for EBS Volume (vol-") {
			t.Errorf("%s: %v", what, err)
		}
		if found := e.objects(awstype.Volume); len(found) > 0 {
			t.Errorf("%s: the volume %s %s stays", what, id, found[0].ID)
		}
	}
}

// A volume with a last snapshot leaves it behind, with its tags.
func TestFinalSnapshot(t *testing.T) {
	e := part(t, "key")
	v := e.make(changed("data", props{"finalSnapshot": true}))
	if err := e.delete(v.typ, v.name, v.id); err != nil {
		t.Fatal(err)
	}
	found := e.objects(awstype.Snapshot)
	if len(found) != 1 || found[0].Value("volumeId") != v.id || found[0].Out.Int("volumeSize") != 20 || found[0].Value("tagsAll.Name") != "data" {
		t.Fatalf("left: %v", found)
	}
	again := e.make(step{"again", awstype.Volume, props{"availabilityZone": "eu-west-2a", "type": "gp3", "snapshotId": found[0].ID}})
	if again.out.Int("size") != 20 || again.out.Str("kmsKeyId") != e.made["key"].out.Str("arn") {
		t.Errorf("restored %v", again.out)
	}
}

// KMS lets a key go that a living volume needs; the volume stays, and is not attached again.
func TestVolumeOutlivesItsKey(t *testing.T) {
	e := part(t, "key", "data")
	if err := e.delete(awstype.Key, "key", e.made["key"].id); err != nil {
		t.Fatal(err)
	}
	err := e.world.View(func(tx *emulator.Tx) error {
		r := ebs.Attachable(tx.Within("eu-west-2").View, e.made["data"].id, "eu-west-2a")
		if r == nil || r.Code != "CustomerKeyHasBeenRevoked" || r.Rule != "EBS-11" {
			t.Errorf("it is attached: %v", r)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The quota counts TiB and not volumes.
func TestVolumeQuota(t *testing.T) {
	world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{
		Wait: func(context.Context, time.Duration) {}, Account: emulator.Account{Quotas: map[string]int{"gp3-tib": 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := serveWorld(t, world)
	of := func(typ string, size int) error {
		_, _, err := l.create(awstype.Volume, typ+time.Now().String(), props{"availabilityZone": "eu-west-2a", "type": typ, "size": size})
		return err
	}
	for _, size := range []int{512, 256, 256} {
		if err := of("gp3", size); err != nil {
			t.Errorf("%d GiB: %v", size, err)
		}
	}
	refused(t, of("gp3", 1), "VolumeLimitExceeded", "quota")
	if err := of("gp2", 100); err != nil {
		t.Errorf("gp2: %v", err)
	}
}

// A volume that a workload of the cluster runs with is not deleted (EBS-09).
func TestVolumeInUse(t *testing.T) {
	e := part(t, slices.Concat(clusterParts, []string{"cluster", "template", "nodeGroupSG", "apiIn", "nodes", "data", "nodePolicy3"})...)
	v, cluster := e.made["data"], e.made["cluster"]
	home := strings.ToLower(strings.TrimPrefix(cluster.out.Str("endpoint"), "https://"))
	put := func(objects ...*inventory.Object) {
		t.Helper()
		err := e.world.Update(func(tx *emulator.Tx) error {
			for _, o := range objects {
				o.Region = home
				tx.Put(o)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	spec := props{"csi": map[string]any{"driver": ebs.Driver, "volumeHandle": v.id}, "claimRef": map[string]any{"namespace": "relay", "name": "data-nats-0"}}
	set := &inventory.Object{Type: kubetype.StatefulSet, ID: "relay/nats", In: props{
		"metadata": map[string]any{"name": "nats", "namespace": "relay"},
		"spec":     map[string]any{"replicas": 1.0, "volumeClaimTemplates": []any{map[string]any{"metadata": map[string]any{"name": "data"}}}},
	}, Out: props{}}
	put(&inventory.Object{Type: kubetype.PersistentVolume, ID: "nats-0", In: props{"metadata": map[string]any{"name": "nats-0"}, "spec": map[string]any(spec)}, Out: props{}}, set)
	err := e.delete(v.typ, v.name, v.id)
	refused(t, err, "VolumeInUse", "EBS-09")
	if err != nil && !strings.Contains(err.Error(), "StatefulSet relay/nats") {
		t.Error(err)
	}
	if out, err := e.invoke("aws:ebs/getVolume:getVolume", props{"filters": []any{props{"name": "status", "values": []any{"in-use"}}}}); err != nil || out.Str("volumeId") != v.id {
		t.Errorf("in use: %v, %v", out, err)
	}
	set.In.Set("spec.replicas", 0)
	put(set)
	if err := e.delete(v.typ, v.name, v.id); err != nil {
		t.Errorf("without replicas: %v", err)
	}
}

func TestGetVolume(t *testing.T) {
	e := part(t, "key", "data", "plain")
	const token = "aws:ebs/getVolume:getVolume"
	out, err := e.invoke(token, props{"tags": props{"Name": "data"}})
	if err != nil || out.Str("volumeId") != e.made["data"].id || out.Str("volumeType") != "gp3" || out.Int("size") != 20 {
		t.Errorf("by tag: %v, %v", out, err)
	}
	if out, err := e.invoke(token, props{"mostRecent": true}); err != nil || out.Str("id") != e.made["plain"].id {
		t.Errorf("the most recent: %v, %v", out, err)
	}
	for complaint, args := range map[string]props{
		"more than one result": nil,
		"returned no results":  {"filters": []any{props{"name": "volume-id", "values": []any{"vol-0"}}}},
	} {
		if _, err := e.invoke(token, args); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%v: %v, want %s", args, err, complaint)
		}
	}
}

// driverParts are what the add-on of the estate needs.
var driverParts = slices.Concat(clusterParts, []string{"cluster", "template", "nodeGroupSG", "apiIn", "nodePolicy3", "nodes", "agent", "ebsRole", "ebsPolicy"})

// The controller of the driver becomes ready with nodes, credentials and the right to ask
// EC2; else the add-on stays DEGRADED.
func TestDriverReady(t *testing.T) {
	none := props{"podIdentityAssociations": nil}
	for _, c := range []struct {
		what    string
		without string
		change  step // of what comes before
		set     props
		rule    string // "" when it comes up
	}{
		{what: "all"},
		{what: "no nodes", without: "nodes", rule: "EBS-12"},
		{what: "no identity", set: none, rule: "EBS-13"},
		{what: "no agent", without: "agent", rule: "EBS-13"},
		{what: "a role for EC2", change: changed("ebsRole", props{"assumeRolePolicy": trustEC2}), rule: "EBS-13"},
		{what: "a role of the account, without provider", set: props{"podIdentityAssociations": nil, "serviceAccountRoleArn": "=ebsRole.arn"}, rule: "EBS-13"},
		{what: "a role for nobody's provider", change: changed("ebsRole", props{"assumeRolePolicy": strings.Replace(trustPods, `"Service":"pods.eks.amazonaws.com"`, `"Federated":"arn:aws:iam::123456789012:oidc-provider/x"`, 1)}),
			set: props{"podIdentityAssociations": nil, "serviceAccountRoleArn": "=ebsRole.arn"}},
		{what: "no rights", without: "ebsPolicy", rule: "EBS-14"},
		{what: "nodes that share their role", change: changed("template", props{"metadataOptions.httpPutResponseHopLimit": 2}), set: none, rule: "EBS-14"},
	} {
		t.Run(c.what, func(t *testing.T) {
			e := &estate{lab: newLab(t), made: map[string]thing{}}
			for _, s := range blueprint() {
				if slices.Contains(driverParts, s.name) && s.name != c.without {
					if s.name == c.change.name {
						s = c.change
					}
					e.make(s)
				}
			}
			err := e.try(changed("ebs", c.set))
			switch {
			case c.rule != "":
				refused(t, err, "InsufficientNumberOfReplicas", c.rule)
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// The associations of an add-on are EKS's objects: they come and go with it, and collide
// with those of others.
func TestAddonAssociations(t *testing.T) {
	e := part(t, append(driverParts, "ebs")...)
	mine := e.objects(awstype.PodIdentityAssociation)
	if len(mine) != 1 || mine[0].Value("serviceAccount") != ebs.Account || mine[0].Value("roleArn") != e.made["ebsRole"].out.Str("arn") {
		t.Fatalf("associations: %v", mine)
	}
	own := step{"own", awstype.PodIdentityAssociation, props{"clusterName": "=cluster", "namespace": ebs.Namespace, "serviceAccount": ebs.Account, "roleArn": "=ebsRole.arn"}}
	refused(t, e.try(own), "ResourceInUseException", "unique")
	if err := e.delete(awstype.Addon, "ebs", e.made["ebs"].id); err != nil {
		t.Fatal(err)
	}
	if left := e.objects(awstype.PodIdentityAssociation); len(left) > 0 {
		t.Errorf("left: %v", left[0])
	}
	e.make(own)
	refused(t, e.try(changed("ebs", nil)), "ResourceInUseException", "EBS-17")
	if err := e.try(changed("ebs", props{"podIdentityAssociations": nil})); err != nil {
		t.Errorf("with an association of its own: %v", err)
	}
}

// Without a way to the internet, the agent needs an endpoint of EKS Auth, and nodes one whose
// policy lets them have the driver's images.
func TestDriverWithoutInternet(t *testing.T) {
	e := part(t, privateParts...)
	for _, s := range privateSteps() {
		e.make(s)
	}
	for _, name := range []string{"nodes", "agent", "ebsRole", "ebsPolicy"} {
		e.make(changed(name, nil))
	}
	err := e.try(changed("ebs", nil))
	refused(t, err, "InsufficientNumberOfReplicas", "EBS-13")
	if err != nil && !strings.Contains(err.Error(), "EKS Auth") {
		t.Error(err)
	}
	e.make(step{"eks-auth", awstype.VpcEndpoint, props{
		"vpcId": "=vpc", "serviceName": "com.amazonaws.eu-west-2.eks-auth", "vpcEndpointType": "Interface", "privateDnsEnabled": true,
		"subnetIds": []any{"=private1", "=private2"}, "securityGroupIds": []any{"=endpointSG"},
	}})
	addon := e.objects(awstype.Addon)
	if err := e.delete(awstype.Addon, "ebs", addon[len(addon)-1].ID); err != nil {
		t.Fatal(err)
	}
	if err := e.try(changed("ebs", nil)); err != nil {
		t.Error(err)
	}
	dkr := e.made["ecr.dkr"]
	narrow := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*","Resource":["arn:aws:ecr:*:*:repository/eks/pause","arn:aws:ecr:*:*:repository/eks/coredns"]}]}`
	if _, err := e.update(dkr.typ, dkr.name, dkr.id, dkr.in, dkr.in.With(props{"policy": narrow})); err != nil {
		t.Fatal(err)
	}
	if err := e.delete(awstype.Addon, "ebs", addon[len(addon)-1].ID); err != nil {
		t.Fatal(err)
	}
	refused(t, e.try(changed("ebs", nil)), "InsufficientNumberOfReplicas", "VPC-36")
}
