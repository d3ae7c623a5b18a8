package kube

import (
	"fmt"
	"strings"
	"testing"

	"github.com/distribution/reference"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator"
	"burrow/internal/emulator/rpctest"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// claims is a StatefulSet's list of templates.
func claims() []any {
	return []any{map[string]any{"metadata": map[string]any{"name": "data"}, "spec": map[string]any{
		"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "", "resources": map[string]any{"requests": map[string]any{"storage": "8Gi"}},
	}}}
}

// relay is a StatefulSet as the stack has it.
func relay(replicas float64, pod, more map[string]any) map[string]any {
	mounted := with(container(), "volumeMounts", []any{map[string]any{"name": "data", "mountPath": "/data"}})
	all := map[string]any{"replicas": replicas, "serviceName": "relay", "volumeClaimTemplates": claims()}
	for name, v := range more {
		all[name] = v
	}
	return replicated("default", with(pod, "containers", []any{mounted}), all)
}

// kept is a volume for a claim of relay.
func kept(n int, handle, zone string) map[string]any {
	v := volume(map[string]any{
		"csi": map[string]any{"driver": "ebs.csi.aws.com", "volumeHandle": handle}, "nodeAffinity": inZone(zone),
		"claimRef": map[string]any{"namespace": "default", "name": fmt.Sprintf("data-relay-%d", n)},
	})
	v["metadata"] = meta(fmt.Sprintf("relay-%d", n), "")
	return v
}

func (c *client) remove(token, id string) error {
	_, err := c.rpc.Delete(c.t.Context(), &pulumirpc.DeleteRequest{Urn: urn(token, "x"), Id: id})
	return err
}

func (a *api) get(token, id string) (found inventory.Props) {
	a.t.Helper()
	err := a.world.View(func(tx *emulator.Tx) error {
		if o := tx.Get(token, id); o != nil {
			found = o.Out.Clone()
		}
		return nil
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return found
}

// What keeps pods from coming, and what the provider says of it.
func TestWorkloadsAreAwaited(t *testing.T) {
	deployment := func(pod map[string]any) map[string]any { return replicated("default", pod, nil) }
	one := func(name string, v any) map[string]any {
		return podSpec(map[string]any{"containers": []any{with(container(), name, v)}})
	}
	secret := []any{map[string]any{"secretRef": map[string]any{"name": "creds"}}}
	far := map[string]any{"podAntiAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
		"topologyKey": "kubernetes.io/hostname", "labelSelector": map[string]any{"matchLabels": map[string]any{"app": "relay"}},
	}}}}
	spread := func(key string) []any {
		return []any{map[string]any{"maxSkew": 1.0, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": map[string]any{"matchLabels": map[string]any{"app": "relay"}}}}
	}
	three := map[string]any{"replicas": 3.0}
	volumes := []map[string]any{kept(0, "vol-a", "eu-west-2a"), kept(1, "vol-b", "eu-west-2b")}
	first := volumes[:1]
	policy := func(text string) func(*inventory.Object) bool {
		return func(o *inventory.Object) bool {
			if o.ID == "ebs" {
				o.In["managedPolicyArns"] = []any{}
				o.In["inlinePolicies"] = []any{map[string]any{"name": "p", "policy": text}}
			}
			return true
		}
	}
	const lent = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/x"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`
	tagged := func(o *inventory.Object) bool {
		if o.ID == "vol-a" {
			o.Out["tagsAll"] = map[string]any{"ebs.csi.aws.com/cluster": "true"}
		}
		return true
	}
	cases := map[string]struct {
		changes []func(*inventory.Object) bool
		volumes []map[string]any
		token   string
		in      map[string]any
		want    string
	}{
		"a Deployment":   {nil, nil, kubetype.Deployment, deployment(podSpec(nil)), ""},
		"a StatefulSet":  {nil, nil, kubetype.StatefulSet, deployment(podSpec(nil)), ""},
		"a DaemonSet":    {nil, nil, kubetype.DaemonSet, deployment(podSpec(nil)), ""},
		"a Job":          {nil, nil, kubetype.Job, job(podSpec(nil)), ""},
		"a Pod":          {nil, nil, kubetype.Pod, bare(podSpec(nil)), ""},
		"not waited for": {nil, nil, kubetype.Deployment, with(deployment(one("envFrom", secret)), "metadata", map[string]any{"name": "relay", "annotations": map[string]any{"pulumi.com/skipAwait": "true"}}), ""},

		"a missing secret": {nil, nil, kubetype.Deployment, deployment(one("envFrom", secret)),
			"failed to fully initialize or become live: 'relay' timed out waiting to be Ready\n" +
				"[MinimumReplicasUnavailable] Deployment does not have minimum availability.\nMinimum number of live Pods was not attained\n" +
				`containers with unready status: [c][CreateContainerConfigError] secret "creds" not found` + "\nemulated rule: K8S-12"},
		"an optional one": {nil, nil, kubetype.Deployment, deployment(one("envFrom", []any{map[string]any{"secretRef": map[string]any{"name": "creds", "optional": true}}})), ""},
		"a missing key": {nil, nil, kubetype.Job, job(one("env", []any{map[string]any{"name": "CA", "valueFrom": map[string]any{"configMapKeyRef": map[string]any{"name": "kube-root-ca.crt", "key": "x"}}}})),
			"'setup' timed out waiting to be Ready\n[CreateContainerConfigError] couldn't find key x in ConfigMap default/kube-root-ca.crt"},
		"a volume of a missing map": {nil, nil, kubetype.StatefulSet, deployment(podSpec(map[string]any{"volumes": []any{map[string]any{"name": "conf", "configMap": map[string]any{"name": "conf"}}}})),
			"0 out of 1 replicas succeeded readiness checks\n[Pod relay-0]: containers with unready status: [c]\nFailedMount: MountVolume.SetUp failed for volume \"conf\" : configmap \"conf\" not found"},
		"an image": {nil, nil, kubetype.Deployment, deployment(one("image", "Registry/NATS")), "[InvalidImageName] Failed to apply default image tag \"Registry/NATS\"\nmust be lowercase\nK8S-14"},
		"an account": {nil, nil, kubetype.Deployment, deployment(podSpec(map[string]any{"serviceAccountName": "relay"})),
			"FailedCreate: Error creating: pods \"relay-\nis forbidden: error looking up service account default/relay: serviceaccount \"relay\" not found\nK8S-11"},
		"a pod's account": {nil, nil, kubetype.Pod, bare(podSpec(map[string]any{"serviceAccountName": "relay"})), "was not successfully created\nserviceaccount \"relay\" not found"},
		"a priority":      {nil, nil, kubetype.StatefulSet, deployment(podSpec(map[string]any{"priorityClassName": "high"})), "FailedCreate: create Pod relay-0 in StatefulSet relay failed error: pods \"relay-0\" is forbidden: no PriorityClass with name high was found"},

		"no nodes":          {[]func(*inventory.Object) bool{without("relay:nodes")}, nil, kubetype.Deployment, deployment(podSpec(nil)), "FailedScheduling: no nodes available to schedule pods\nK8S-13"},
		"failed nodes":      {[]func(*inventory.Object) bool{changed("relay:nodes", "status", "CREATE_FAILED")}, nil, kubetype.Deployment, deployment(podSpec(nil)), "no nodes available"},
		"too much CPU":      {nil, nil, kubetype.StatefulSet, deployment(one("resources", map[string]any{"requests": map[string]any{"cpu": "2"}})), "'relay' timed out waiting to be Ready\n0 out of 1 replicas succeeded readiness checks\n0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."},
		"CPU that is there": {nil, nil, kubetype.StatefulSet, deployment(one("resources", map[string]any{"requests": map[string]any{"cpu": "1500m", "memory": "2Gi"}})), ""},
		"too much memory":   {nil, nil, kubetype.Deployment, deployment(one("resources", map[string]any{"requests": map[string]any{"memory": "4Gi"}})), "2 Insufficient memory"},
		"room for some":     {nil, nil, kubetype.Deployment, replicated("default", one("resources", map[string]any{"requests": map[string]any{"cpu": "1"}}), three), "0/2 nodes are available: 2 Insufficient cpu"},
		"too many pods":     {nil, nil, kubetype.Deployment, replicated("default", podSpec(nil), map[string]any{"replicas": 40.0}), "2 Too many pods"},
		"a selector":        {nil, nil, kubetype.Deployment, deployment(podSpec(map[string]any{"nodeSelector": map[string]any{"disk": "ssd"}})), "2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."},
		"a group's labels":  {[]func(*inventory.Object) bool{changed("relay:nodes", "labels", map[string]any{"disk": "ssd"})}, nil, kubetype.Deployment, deployment(podSpec(map[string]any{"nodeSelector": map[string]any{"disk": "ssd"}})), ""},
		"a taint":           {[]func(*inventory.Object) bool{changed("relay:nodes", "taints", []any{map[string]any{"key": "only", "value": "x", "effect": "NO_SCHEDULE"}})}, nil, kubetype.Deployment, deployment(podSpec(nil)), "2 node(s) had untolerated taint(s)"},
		"a tolerated taint": {[]func(*inventory.Object) bool{changed("relay:nodes", "taints", []any{map[string]any{"key": "only", "value": "x", "effect": "NO_SCHEDULE"}})}, nil, kubetype.Deployment, deployment(podSpec(map[string]any{"tolerations": []any{map[string]any{"key": "only", "operator": "Exists"}}})), ""},
		"two apart":         {nil, nil, kubetype.StatefulSet, replicated("default", podSpec(map[string]any{"affinity": far}), map[string]any{"replicas": 2.0}), ""},
		"three apart":       {nil, nil, kubetype.StatefulSet, replicated("default", podSpec(map[string]any{"affinity": far}), three), "2 out of 3 replicas succeeded readiness checks\n2 node(s) didn't match pod anti-affinity rules"},
		"spread over zones": {nil, nil, kubetype.Deployment, replicated("default", podSpec(map[string]any{"topologySpreadConstraints": spread("topology.kubernetes.io/zone")}), three), ""},
		"spread over racks": {nil, nil, kubetype.Deployment, deployment(podSpec(map[string]any{"topologySpreadConstraints": spread("rack")})), "didn't match pod topology spread constraints (missing required label)"},

		"volumes":            {nil, volumes, kubetype.StatefulSet, relay(2, nil, nil), ""},
		"too few volumes":    {nil, first, kubetype.StatefulSet, relay(2, nil, nil), "1 out of 2 replicas succeeded readiness checks\npod has unbound immediate PersistentVolumeClaims\nno persistent volumes available for this claim\nK8S-15"},
		"a small volume":     {nil, []map[string]any{with(first[0], "spec", with(first[0]["spec"].(map[string]any), "capacity", map[string]any{"storage": "1Gi"}))}, kubetype.StatefulSet, relay(1, nil, nil), "pod has unbound immediate PersistentVolumeClaims"},
		"no such claim":      {nil, nil, kubetype.Deployment, deployment(podSpec(map[string]any{"volumes": []any{map[string]any{"name": "a", "persistentVolumeClaim": map[string]any{"claimName": "none"}}}})), `persistentvolumeclaim "none" not found`},
		"a zone without":     {nil, []map[string]any{kept(0, "vol-a", "eu-west-2c")}, kubetype.StatefulSet, relay(1, nil, nil), "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.\nK8S-20"},
		"the wrong zone":     {nil, []map[string]any{kept(0, "vol-a", "eu-west-2b")}, kubetype.StatefulSet, relay(1, nil, nil), "FailedAttachVolume: AttachVolume.Attach failed for volume \"relay-0\"\nInvalidVolume.ZoneMismatch\nEBS-10"},
		"no such EBS volume": {nil, []map[string]any{kept(0, "vol-c", "eu-west-2a")}, kubetype.StatefulSet, relay(1, nil, nil), "api error InvalidVolume.NotFound: The volume 'vol-c' does not exist."},
		"no driver":          {[]func(*inventory.Object) bool{without("relay:ebs")}, first, kubetype.StatefulSet, relay(1, nil, nil), "timed out waiting for external-attacher of ebs.csi.aws.com CSI driver to attach volume vol-a\nEBS-12"},
		"no identity":        {[]func(*inventory.Object) bool{without("a-1")}, first, kubetype.StatefulSet, relay(1, nil, nil), "no EC2 IMDS role found\nEBS-13"},
		"no agent":           {[]func(*inventory.Object) bool{without("relay:agent")}, first, kubetype.StatefulSet, relay(1, nil, nil), "add-on eks-pod-identity-agent is missing"},
		"no trust":           {[]func(*inventory.Object) bool{changed("ebs", "assumeRolePolicy", `{"Version":"2012-10-17","Statement":[]}`)}, first, kubetype.StatefulSet, relay(1, nil, nil), "EKS does not have permissions to assume the associated role"},
		"no rights":          {[]func(*inventory.Object) bool{policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]}`)}, first, kubetype.StatefulSet, relay(1, nil, nil), "UnauthorizedOperation"},
		"rights by tag":      {[]func(*inventory.Object) bool{changed("ebs", "managedPolicyArns", []any{"arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"})}, first, kubetype.StatefulSet, relay(1, nil, nil), "UnauthorizedOperation"},
		"a tagged volume":    {[]func(*inventory.Object) bool{changed("ebs", "managedPolicyArns", []any{"arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"}), tagged}, first, kubetype.StatefulSet, relay(1, nil, nil), ""},
		"rights of its own":  {[]func(*inventory.Object) bool{policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}`)}, first, kubetype.StatefulSet, relay(1, nil, nil), ""},
		"a role for the account": {[]func(*inventory.Object) bool{without("a-1"), changed("relay:ebs", "serviceAccountRoleArn", "arn:aws:iam::111122223333:role/ebs"), changed("ebs", "assumeRolePolicy", lent)}, first, kubetype.StatefulSet,
			relay(1, nil, nil), ""},
		"a key that is gone": {[]func(*inventory.Object) bool{changed("vol-a", "kmsKeyId", "arn:aws:kms:eu-west-2:111122223333:key/gone")}, first, kubetype.StatefulSet, relay(1, nil, nil), "api error CustomerKeyHasBeenRevoked\nEBS-11"},
		"nothing helps":      {nil, nil, kubetype.Job, with(job(podSpec(nil)), "spec", with(job(podSpec(nil))["spec"].(map[string]any), "suspend", true)), "'setup' timed out waiting to be Ready\nPRV-24"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, tc.changes...)
			c := e.eks()
			for _, v := range tc.volumes {
				c.mustCreate(kubetype.PersistentVolume, inventory.Props(v).Str("metadata.name"), v)
			}
			_, _, err := c.create(tc.token, "x", tc.in)
			expect(t, err, tc.want)
		})
	}
}

// A namespace that enforces restricted refuses a pod, and lets workloads be, whose pods
// then never come.
func TestPodSecurityIsEnforced(t *testing.T) {
	c := newEstate(t).eks()
	c.mustCreate(kubetype.Namespace, "n", map[string]any{"metadata": map[string]any{"name": "relay", "labels": map[string]any{
		"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.36",
	}}})
	pod := func(spec map[string]any) map[string]any {
		return map[string]any{"metadata": meta("p", "relay"), "spec": spec}
	}
	const why = `violates PodSecurity "restricted:v1.36": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities`
	_, _, err := c.create(kubetype.Pod, "p", pod(podSpec(nil)))
	expect(t, err, `was not successfully created by the Kubernetes API server: pods "p" is forbidden: `+why)
	_, _, err = c.create(kubetype.StatefulSet, "s", replicated("relay", podSpec(nil), nil))
	expect(t, err, "0 out of 1 replicas succeeded readiness checks\nFailedCreate: create Pod relay-0 in StatefulSet relay failed error: pods \"relay-0\" is forbidden: "+why+"\nK8S-10")
	_, _, err = c.create(kubetype.Job, "j", with(job(podSpec(nil)), "metadata", meta("setup", "relay")))
	expect(t, err, "'setup' timed out waiting to be Ready\nFailedCreate: Error creating: pods \"setup-\n"+why)
	_, _, err = c.create(kubetype.Deployment, "d", replicated("relay", restricted, nil))
	expect(t, err, "")
	_, _, err = c.create(kubetype.Pod, "p", pod(restricted))
	expect(t, err, "")
}

// What comes later mends what was waiting, with the next write.
func TestPodsComeWhenTheyCan(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	waiting := podSpec(map[string]any{"containers": []any{with(container(), "envFrom", []any{map[string]any{"secretRef": map[string]any{"name": "creds"}}})}})
	in := replicated("default", waiting, map[string]any{"replicas": 2.0})
	id, _, err := c.create(kubetype.StatefulSet, "relay", in)
	expect(t, err, "0 out of 2 replicas succeeded readiness checks\nCreateContainerConfigError")
	c.mustCreate(kubetype.Secret, "creds", map[string]any{"metadata": meta("creds", "default"), "stringData": map[string]any{"k": "v"}})
	if set := e.get(kubetype.StatefulSet, "default/relay"); set.Int("status.readyReplicas") != 2 {
		t.Errorf("status %v, want both ready", set.Map("status"))
	}
	_, err = c.update(kubetype.StatefulSet, "relay", "default/relay", in, in)
	expect(t, err, "")
	_ = id
}

// A volume is on one node at a time (EKS-43): of two pods of its zone that are kept apart, one
// waits for it.
func TestOneNodeAtATime(t *testing.T) {
	e := newEstate(t, changed("subnet-b", "availabilityZone", "eu-west-2a"))
	c := e.eks()
	c.mustCreate(kubetype.PersistentVolume, "a", kept(0, "vol-a", "eu-west-2a"))
	c.mustCreate(kubetype.PersistentVolumeClaim, "data", claim(map[string]any{"volumeName": "relay-0"}))
	apart := podSpec(map[string]any{
		"volumes": []any{map[string]any{"name": "data", "persistentVolumeClaim": map[string]any{"claimName": "data-relay-0"}}},
		"affinity": map[string]any{"podAntiAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
			"topologyKey": "kubernetes.io/hostname", "labelSelector": map[string]any{"matchLabels": map[string]any{"app": "relay"}},
		}}}},
	})
	_, _, err := c.create(kubetype.StatefulSet, "relay", replicated("default", apart, map[string]any{"replicas": 2.0, "podManagementPolicy": "Parallel"}))
	expect(t, err, "1 out of 2 replicas succeeded readiness checks\nMulti-Attach error for volume \"relay-0\" Volume is already used by pod(s) relay-\nEKS-43")
}

// Writes at one time wait for each other, as they do for a real cluster: a workload for
// its secret, a volume that is deleted for the namespace of its claim.
func TestWritesAtOnce(t *testing.T) {
	e := furnish(newAPIWith(t, nil))
	c := e.eks()
	c.mustCreate(kubetype.Namespace, "n", namespaceNamed("relay"))
	needs := podSpec(map[string]any{"containers": []any{with(container(), "envFrom", []any{map[string]any{"secretRef": map[string]any{"name": "creds"}}})}})
	made := make(chan error)
	go func() {
		_, _, err := c.create(kubetype.Deployment, "d", replicated("relay", needs, nil))
		made <- err
	}()
	c.mustCreate(kubetype.Secret, "creds", map[string]any{"metadata": meta("creds", "relay"), "stringData": map[string]any{"k": "v"}})
	expect(t, <-made, "")

	v := kept(0, "vol-a", "eu-west-2a")
	v["spec"].(map[string]any)["claimRef"] = map[string]any{"namespace": "relay", "name": "data-relay-0"}
	c.mustCreate(kubetype.PersistentVolume, "a", v)
	c.mustCreate(kubetype.StatefulSet, "relay", with(relay(1, nil, nil), "metadata", meta("relay", "relay")))
	go func() { made <- c.remove(kubetype.PersistentVolume, "relay-0") }()
	expect(t, c.remove(kubetype.Namespace, "relay"), "")
	expect(t, <-made, "")
}

// An update replaces pods one by one; OrderedReady never replaces one that was not
// ready (K8S-18).
func TestRollingUpdates(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	version := func(image string, more map[string]any) map[string]any {
		return replicated("default", podSpec(map[string]any{"containers": []any{with(container(), "image", image)}}), more)
	}
	two := map[string]any{"replicas": 2.0}
	c.mustCreate(kubetype.StatefulSet, "relay", version("nats:1", two))
	before := e.get(kubetype.Pod, "default/relay-1").Str("metadata.uid")
	out, err := c.update(kubetype.StatefulSet, "relay", "default/relay", version("nats:1", two), version("nats:2", two))
	expect(t, err, "")
	if out.Str("status.currentRevision") != out.Str("status.updateRevision") || e.get(kubetype.Pod, "default/relay-1").Str("metadata.uid") == before {
		t.Errorf("not rolled out: %v", out.Map("status"))
	}
	_, err = c.update(kubetype.StatefulSet, "relay", "default/relay", version("nats:2", two), version("NATS:3", two))
	expect(t, err, `the Kubernetes API server reported that "default/relay" failed to fully initialize or become live: 'relay' timed out waiting to be Ready`+
		"\n1 out of 2 replicas succeeded readiness checks\nStatefulSet controller failed to advance from revision\nInvalidImageName")
	_, err = c.update(kubetype.StatefulSet, "relay", "default/relay", version("NATS:3", two), version("nats:4", two))
	expect(t, err, "an OrderedReady StatefulSet replaces no pod before it is ready\nK8S-18")

	parallel := map[string]any{"replicas": 2.0, "podManagementPolicy": "Parallel"}
	named := func(image string) map[string]any {
		return with(version(image, parallel), "metadata", meta("free", "default"))
	}
	_, _, err = c.create(kubetype.StatefulSet, "free", named("NATS:3"))
	expect(t, err, "0 out of 2 replicas")
	_, err = c.update(kubetype.StatefulSet, "free", "default/free", named("NATS:3"), named("nats:4"))
	expect(t, err, "")

	deployed := func(image string) map[string]any {
		return with(version(image, two), "metadata", meta("bunny", "default"))
	}
	c.mustCreate(kubetype.Deployment, "bunny", deployed("b:1"))
	_, err = c.update(kubetype.Deployment, "bunny", "default/bunny", deployed("b:1"), deployed("B:2"))
	expect(t, err, "[ProgressDeadlineExceeded] ReplicaSet \"bunny-\nMinimum number of Pods to consider the application live was not attained\nInvalidImageName")
	out, err = c.update(kubetype.Deployment, "bunny", "default/bunny", deployed("B:2"), deployed("b:3"))
	expect(t, err, "")
	if out.Int("status.readyReplicas") != 2 || out.Int("status.replicas") != 2 {
		t.Errorf("deployed %v", out.Map("status"))
	}
}

// What stays as it was made (K8S-09), and what the provider replaces for.
func TestWhatStays(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	selector := map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": "relay", "tier": "x"}}}
	relabelled := func(in map[string]any) map[string]any {
		in["spec"].(map[string]any)["template"].(map[string]any)["metadata"] = map[string]any{"labels": map[string]any{"app": "relay", "tier": "x"}}
		return in
	}
	class := func(value float64) map[string]any {
		return map[string]any{"metadata": meta("high", ""), "value": value}
	}
	storage := func(policy string) map[string]any {
		return map[string]any{"metadata": meta("fast", ""), "provisioner": "ebs.csi.aws.com", "reclaimPolicy": policy}
	}
	cases := []struct {
		token, name   string
		before, after map[string]any
		want          string
		replaces      string // the first level of what replaces, "" for an update
	}{
		{kubetype.StatefulSet, "relay", replicated("default", podSpec(nil), nil), replicated("default", podSpec(nil), map[string]any{"serviceName": "other"}),
			"spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template'", "spec"},
		{kubetype.StatefulSet, "relay", replicated("default", podSpec(nil), nil), replicated("default", podSpec(nil), map[string]any{"replicas": 2.0, "minReadySeconds": 1.0}), "", ""},
		{kubetype.StatefulSet, "relay", replicated("default", podSpec(nil), nil), replicated("default", podSpec(nil), map[string]any{"podManagementPolicy": "OrderedReady"}), "", "spec"},
		{kubetype.Deployment, "relay", replicated("default", podSpec(nil), nil), relabelled(replicated("default", podSpec(nil), selector)), "spec.selector: Invalid value", "spec"},
		{kubetype.Job, "setup", job(podSpec(nil)), job(podSpec(map[string]any{"containers": []any{with(container(), "image", "nats:3")}})), "spec.template: Invalid value", "spec"},
		{kubetype.Job, "setup", job(podSpec(nil)), job(podSpec(nil)), "", ""},
		{kubetype.Pod, "p", bare(podSpec(nil)), bare(podSpec(map[string]any{"hostname": "x"})), "pod updates may not change fields other than", "spec"},
		{kubetype.PriorityClass, "high", class(1), class(2), "value: Forbidden: may not be changed in an update.", ""},
		{kubetype.StorageClass, "fast", storage("Delete"), storage("Retain"), "reclaimPolicy: Invalid value", ""},
		{kubetype.PersistentVolume, "relay-a", volume(nil), volume(map[string]any{"csi": map[string]any{"driver": "ebs.csi.aws.com", "volumeHandle": "vol-b"}}), "spec.persistentvolumesource is immutable after creation", "spec"},
		{kubetype.PersistentVolume, "relay-a", volume(nil), volume(map[string]any{"nodeAffinity": inZone("eu-west-2b")}), "nodeAffinity: Invalid value", ""},
		{kubetype.PersistentVolume, "relay-a", volume(nil), volume(map[string]any{"capacity": map[string]any{"storage": "9Gi"}}), "", ""},
	}
	for i, tc := range cases {
		t.Run(fmt.Sprint(i, tc.token), func(t *testing.T) {
			e := newEstate(t)
			c := e.eks()
			id, _ := c.mustCreate(tc.token, tc.name, tc.before)
			_, err := c.update(tc.token, tc.name, id, tc.before, tc.after)
			expect(t, err, tc.want)
			res, err := c.rpc.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: urn(tc.token, tc.name), Id: id, OldInputs: rpctest.Wire(t, tc.before), News: rpctest.Wire(t, tc.after)})
			if err != nil || strings.Join(res.GetReplaces(), " ") != tc.replaces {
				t.Errorf("replaces %v (%v), want %q", res.GetReplaces(), err, tc.replaces)
			}
		})
	}
	c.mustCreate(kubetype.PersistentVolume, "relay-a", volume(nil))
	id, _ := c.mustCreate(kubetype.PersistentVolumeClaim, "data", claim(nil))
	_, err := c.update(kubetype.PersistentVolumeClaim, "data", id, claim(nil), claim(map[string]any{"resources": map[string]any{"requests": map[string]any{"storage": "9Gi"}}}))
	expect(t, err, "only dynamically provisioned pvc can be resized")
	_, err = c.update(kubetype.PersistentVolumeClaim, "data", id, claim(nil), claim(map[string]any{"accessModes": []any{"ReadOnlyMany"}}))
	expect(t, err, "spec: Forbidden: spec is immutable after creation except resources.requests")
	_, err = c.update(kubetype.PersistentVolumeClaim, "data", id, claim(nil), claim(map[string]any{"resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}}}))
	expect(t, err, "field can not be less than status.capacity")
	// A create that takes an object over is an update, too.
	_, _, err = c.create(kubetype.PersistentVolume, "again", volume(map[string]any{"nfs": map[string]any{"server": "x", "path": "/"}}))
	expect(t, err, "may not specify more than 1 volume type")
}

// Claims of a StatefulSet outlive it and hold their volumes (K8S-17), a Released volume
// takes no other claim (K8S-16), and a namespace takes all of it with it.
func TestVolumesOutliveTheirClaims(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	pv := kept(0, "vol-a", "eu-west-2a")
	c.mustCreate(kubetype.PersistentVolume, "pv", pv)
	c.mustCreate(kubetype.StatefulSet, "relay", relay(1, nil, nil))
	if v := e.get(kubetype.PersistentVolume, "relay-0"); v.Str("status.phase") != "Bound" || v.Str("spec.claimRef.uid") == "" {
		t.Fatalf("the volume is %v, %v", v.Map("status"), v.Map("spec.claimRef"))
	}
	expect(t, c.remove(kubetype.PersistentVolumeClaim, "default/data-relay-0"), "timed out waiting for the condition\nwhile pod default/relay-0 uses it")
	expect(t, c.remove(kubetype.StatefulSet, "default/relay"), "")
	if n, m := e.count(kubetype.Pod), e.count(kubetype.PersistentVolumeClaim); n != 0 || m != 1 {
		t.Errorf("%d pods and %d claims are left, want the claim", n, m)
	}
	expect(t, c.remove(kubetype.PersistentVolume, "relay-0"), "timed out waiting for the condition\nbound to the claim default/data-relay-0")
	expect(t, c.remove(kubetype.PersistentVolumeClaim, "default/data-relay-0"), "")
	if v := e.get(kubetype.PersistentVolume, "relay-0"); v.Str("status.phase") != "Released" {
		t.Errorf("the volume is %v, want Released", v.Map("status"))
	}
	_, _, err := c.create(kubetype.StatefulSet, "relay", relay(1, nil, nil))
	expect(t, err, "pod has unbound immediate PersistentVolumeClaims\nthe uid of a claim that is gone\nK8S-16")
	_, err = c.update(kubetype.PersistentVolume, "pv", "relay-0", pv, pv)
	expect(t, err, "Timeout occurred polling for 'relay-0'")
	expect(t, c.remove(kubetype.PersistentVolume, "relay-0"), "")
	c.mustCreate(kubetype.PersistentVolume, "pv", pv)
	if set := e.get(kubetype.StatefulSet, "default/relay"); set.Int("status.readyReplicas") != 1 {
		t.Errorf("a new volume for the claim: %v", set.Map("status"))
	}
}

func TestClaimsThatGoWithTheirSet(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	c.mustCreate(kubetype.PersistentVolume, "a", kept(0, "vol-a", "eu-west-2a"))
	c.mustCreate(kubetype.PersistentVolume, "b", kept(1, "vol-b", "eu-west-2b"))
	policy := map[string]any{"persistentVolumeClaimRetentionPolicy": map[string]any{"whenDeleted": "Delete", "whenScaled": "Delete"}}
	c.mustCreate(kubetype.StatefulSet, "relay", relay(2, nil, policy))
	_, err := c.update(kubetype.StatefulSet, "relay", "default/relay", relay(2, nil, policy), relay(1, nil, policy))
	expect(t, err, "")
	if n, m := e.count(kubetype.Pod), e.count(kubetype.PersistentVolumeClaim); n != 1 || m != 1 {
		t.Errorf("scaled down to %d pods and %d claims", n, m)
	}
	expect(t, c.remove(kubetype.StatefulSet, "default/relay"), "")
	if n := e.count(kubetype.PersistentVolumeClaim); n != 0 {
		t.Errorf("%d claims outlive their set", n)
	}
}

func TestNamespaceTakesWorkloads(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	c.mustCreate(kubetype.Namespace, "n", namespaceNamed("relay"))
	v := kept(0, "vol-a", "eu-west-2a")
	v["spec"].(map[string]any)["claimRef"] = map[string]any{"namespace": "relay", "name": "data-relay-0"}
	c.mustCreate(kubetype.PersistentVolume, "a", v)
	c.mustCreate(kubetype.StatefulSet, "relay", with(relay(1, nil, nil), "metadata", meta("relay", "relay")))
	expect(t, c.remove(kubetype.Namespace, "relay"), "")
	if n := e.count(kubetype.Pod) + e.count(kubetype.PersistentVolumeClaim) + e.count(kubetype.StatefulSet); n != 0 {
		t.Errorf("%d objects outlive their namespace", n)
	}
	expect(t, c.remove(kubetype.PersistentVolume, "relay-0"), "")
}

// Nodes that go take their pods, and what made them makes others where there is room.
func TestPodsLeaveNodesThatGo(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	c.mustCreate(kubetype.Deployment, "relay", replicated("default", podSpec(nil), map[string]any{"replicas": 2.0}))
	resize := func(n float64) {
		t.Helper()
		err := e.world.Update(func(tx *emulator.Tx) error {
			o := tx.All(awstype.NodeGroup)[0]
			o.Out.Set("scalingConfig.desiredSize", n)
			tx.Put(o)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c.mustCreate(kubetype.ConfigMap, "m", map[string]any{"metadata": meta(fmt.Sprint("m", n), "default")})
	}
	resize(1)
	if d := e.get(kubetype.Deployment, "default/relay"); d.Int("status.readyReplicas") != 2 || e.count(kubetype.Pod) != 2 {
		t.Errorf("on one node: %v", d.Map("status"))
	}
	resize(0)
	if d := e.get(kubetype.Deployment, "default/relay"); d.Int("status.readyReplicas") != 0 {
		t.Errorf("on no node: %v", d.Map("status"))
	}
}

// AKS has its own nodes, which an autoscaler may add to.
func TestAKSNodes(t *testing.T) {
	big := podSpec(map[string]any{"containers": []any{with(container(), "resources", map[string]any{"requests": map[string]any{"cpu": "1"}})}})
	three := replicated("default", big, map[string]any{"replicas": 3.0})
	_, _, err := newEstate(t).aks().create(kubetype.Deployment, "bunny", three)
	expect(t, err, "0/2 nodes are available: 2 Insufficient cpu")
	grows := func(o *inventory.Object) bool {
		if o.ID == "bunny" {
			o.Out.Set("agentPoolProfiles[0].enableAutoScaling", true)
			o.Out.Set("agentPoolProfiles[0].maxCount", 3.0)
		}
		return true
	}
	_, _, err = newEstate(t, grows).aks().create(kubetype.Deployment, "bunny", three)
	expect(t, err, "")
	_, _, err = newEstate(t).aks().create(kubetype.Deployment, "bunny", replicated("default", podSpec(map[string]any{"nodeSelector": map[string]any{"topology.kubernetes.io/zone": "uksouth-2"}}), nil))
	expect(t, err, "")
}

func TestDisruptionBudget(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	c.mustCreate(kubetype.StatefulSet, "relay", replicated("default", podSpec(nil), map[string]any{"replicas": 2.0}))
	c.mustCreate(kubetype.PodDisruptionBudget, "b", map[string]any{"metadata": meta("relay", "default"), "spec": map[string]any{
		"maxUnavailable": 1.0, "selector": map[string]any{"matchLabels": map[string]any{"app": "relay"}},
	}})
	b := e.get(kubetype.PodDisruptionBudget, "default/relay")
	if b.Int("status.expectedPods") != 2 || b.Int("status.currentHealthy") != 2 || b.Int("status.disruptionsAllowed") != 1 {
		t.Errorf("status %v", b.Map("status"))
	}
}

func TestImages(t *testing.T) {
	for text, want := range map[string]bool{
		"nats": true, "nats:2.12-alpine": true, "ghcr.io/a/b_c:v1": true, "localhost:5000/x": true,
		"111122223333.dkr.ecr.eu-west-2.amazonaws.com/relay/nats:2":                    true,
		"nats@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": true,
		"NATS": false, "nats:": false, "a b": false, "nats:x y": false, "https://nats": false, "": false,
	} {
		if _, err := reference.ParseNormalizedNamed(text); (err == nil) != want {
			t.Errorf("%q: %v, want valid %v", text, err, want)
		}
	}
}
