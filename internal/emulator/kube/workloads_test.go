package kube

import (
	"maps"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// newEstate is a world whose clusters have nodes: in EKS two of t3.medium in two
// zones, with the driver of EBS volumes, its role and two volumes; in AKS two of
// Standard_B2ms.
func newEstate(t *testing.T, changes ...func(o *inventory.Object) bool) *api {
	t.Helper()
	return furnish(newAPI(t), changes...)
}

func furnish(a *api, changes ...func(o *inventory.Object) bool) *api {
	t := a.t
	t.Helper()
	const region = "eu-west-2"
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`
	objects := []*inventory.Object{
		{Type: awstype.Subnet, ID: "subnet-a", Region: region, Out: inventory.Props{"availabilityZone": "eu-west-2a"}},
		{Type: awstype.Subnet, ID: "subnet-b", Region: region, Out: inventory.Props{"availabilityZone": "eu-west-2b"}},
		{Type: awstype.NodeGroup, ID: "relay:nodes", Region: region, Out: inventory.Props{
			"clusterName": "relay", "nodeGroupName": "nodes", "status": "ACTIVE", "instanceTypes": []any{"t3.medium"},
			"subnetIds": []any{"subnet-a", "subnet-b"}, "scalingConfig": map[string]any{"desiredSize": 2.0},
		}},
		{Type: awstype.Addon, ID: "relay:ebs", Region: region, Out: inventory.Props{"clusterName": "relay", "addonName": "aws-ebs-csi-driver"}},
		{Type: awstype.Addon, ID: "relay:agent", Region: region, Out: inventory.Props{"clusterName": "relay", "addonName": "eks-pod-identity-agent"}},
		{Type: awstype.Role, ID: "ebs", In: inventory.Props{"assumeRolePolicy": trust, "managedPolicyArns": []any{"arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"}}, Out: inventory.Props{"arn": "arn:aws:iam::111122223333:role/ebs"}},
		{Type: awstype.PodIdentityAssociation, ID: "a-1", Region: region, Out: inventory.Props{
			"clusterName": "relay", "namespace": "kube-system", "serviceAccount": "ebs-csi-controller-sa", "roleArn": "arn:aws:iam::111122223333:role/ebs",
		}},
		ebsVolume("vol-a", "eu-west-2a"),
		ebsVolume("vol-b", "eu-west-2b"),
	}
	err := a.world.Update(func(tx *emulator.Tx) error {
		for _, o := range tx.All(awstype.Cluster, "azure-native:containerservice:ManagedCluster") {
			tx.Remove(o)
			if o.Type == awstype.Cluster {
				o.Out.Set("name", "relay")
				o.Region = region
			} else {
				o.Out.Set("location", "uksouth")
				o.Out.Set("agentPoolProfiles", []any{map[string]any{"name": "bunny", "count": 2.0, "vmSize": "Standard_B2ms", "mode": "System", "availabilityZones": []any{"1", "2", "3"}}})
			}
			o.Serial = 0
			objects = append(objects, o)
		}
		for _, o := range objects {
			keep := true
			for _, change := range changes {
				keep = keep && change(o)
			}
			if keep {
				tx.Put(o)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func ebsVolume(id, zone string) *inventory.Object {
	return &inventory.Object{Type: awstype.Volume, ID: id, Region: "eu-west-2", Out: inventory.Props{
		"availabilityZone": zone, "arn": "arn:aws:ec2:eu-west-2:111122223333:volume/" + id,
	}}
}

// without leaves an object of the world out, and changed changes one.
func without(id string) func(*inventory.Object) bool {
	return func(o *inventory.Object) bool { return o.ID != id }
}

func changed(id, path string, v any) func(*inventory.Object) bool {
	return func(o *inventory.Object) bool {
		if o.ID == id {
			o.Out.Set(path, v)
			if o.In.Has(path) {
				o.In.Set(path, v)
			}
		}
		return true
	}
}

// words are all that an error says, the reasons of what failed late among it.
func words(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for _, d := range status.Convert(err).Details() {
		if f, ok := d.(*pulumirpc.ErrorResourceInitFailed); ok {
			text += "\n" + strings.Join(f.GetReasons(), "\n")
		}
	}
	return text
}

// expect wants an error that says each line of what is wanted, or none.
func expect(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil {
		t.Fatalf("error %v", words(err))
	}
	for _, line := range strings.Split(want, "\n") {
		if !strings.Contains(words(err), line) {
			t.Fatalf("error %s\nwant %s", words(err), line)
		}
	}
}

func with(m map[string]any, name string, v any) map[string]any {
	c := map[string]any{name: v}
	for key, old := range m {
		if key != name {
			c[key] = old
		}
	}
	return c
}

func container() map[string]any { return map[string]any{"name": "c", "image": "nats:2.12-alpine"} }

func bare(spec map[string]any) map[string]any {
	m := meta("p", "default")
	m["labels"] = map[string]any{"app": "relay"}
	return map[string]any{"metadata": m, "spec": spec}
}

func podSpec(more map[string]any) map[string]any {
	spec := map[string]any{"containers": []any{container()}}
	maps.Copy(spec, more)
	return spec
}

// replicated is a Deployment or the like with a pod spec.
func replicated(namespace string, pod, more map[string]any) map[string]any {
	labels := map[string]any{"app": "relay"}
	spec := map[string]any{
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": pod},
	}
	maps.Copy(spec, more)
	return map[string]any{"metadata": meta("relay", namespace), "spec": spec}
}

func job(pod map[string]any) map[string]any {
	return map[string]any{"metadata": meta("setup", "default"), "spec": map[string]any{
		"template": map[string]any{"spec": with(pod, "restartPolicy", "Never")},
	}}
}

var (
	restricted = podSpec(map[string]any{
		"securityContext": map[string]any{"runAsNonRoot": true, "runAsUser": 1000.0, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
		"containers": []any{with(container(), "securityContext", map[string]any{
			"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}},
		})},
	})
)

func TestPodsAreValid(t *testing.T) {
	one := func(name string, v any) map[string]any {
		return podSpec(map[string]any{"containers": []any{with(container(), name, v)}})
	}
	sts := func(pod, more map[string]any) map[string]any { return replicated("default", pod, more) }
	claims := []any{map[string]any{"metadata": map[string]any{"name": "data"}, "spec": map[string]any{
		"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "", "resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}},
	}}}
	mount := func(names ...string) []any {
		var all []any
		for _, name := range names {
			all = append(all, map[string]any{"name": name, "mountPath": "/" + name})
		}
		return all
	}
	cases := map[string]struct {
		token string
		in    map[string]any
		want  string
	}{
		"a pod":                 {kubetype.Pod, bare(podSpec(nil)), ""},
		"no containers":         {kubetype.Pod, bare(map[string]any{"containers": []any{}}), "spec.containers: Required value"},
		"no image":              {kubetype.Pod, bare(map[string]any{"containers": []any{map[string]any{"name": "c"}}}), "spec.containers[0].image: Required value"},
		"container name":        {kubetype.Deployment, sts(one("name", "C"), nil), `spec.template.spec.containers[0].name: Invalid value: "C"`},
		"container name twice":  {kubetype.Deployment, sts(map[string]any{"containers": []any{container(), container()}}, nil), `containers[1].name: Duplicate value: "c"`},
		"port":                  {kubetype.Deployment, sts(one("ports", []any{map[string]any{"containerPort": 70000.0}}), nil), "containerPort: Invalid value: 70000"},
		"port name":             {kubetype.Deployment, sts(one("ports", []any{map[string]any{"containerPort": 1.0, "name": "x_y"}}), nil), "ports[0].name: Invalid value"},
		"probe without handler": {kubetype.Deployment, sts(one("livenessProbe", map[string]any{"periodSeconds": 1.0}), nil), "livenessProbe: Required value: must specify a handler type"},
		"two handlers":          {kubetype.Deployment, sts(one("readinessProbe", map[string]any{"tcpSocket": map[string]any{"port": 1.0}, "httpGet": map[string]any{"port": 1.0}}), nil), "may not specify more than 1 handler type"},
		"liveness twice":        {kubetype.Deployment, sts(one("livenessProbe", map[string]any{"successThreshold": 2.0, "tcpSocket": map[string]any{"port": 1.0}}), nil), "successThreshold: Invalid value: 2: must be 1"},
		"a probe":               {kubetype.Deployment, sts(one("readinessProbe", map[string]any{"httpGet": map[string]any{"port": "http", "path": "/healthz"}}), nil), ""},
		"variable name":         {kubetype.Deployment, sts(one("env", []any{map[string]any{"name": "A=B", "value": "x"}}), nil), "env[0].name: Invalid value"},
		"variable of nothing":   {kubetype.Deployment, sts(one("env", []any{map[string]any{"name": "A", "valueFrom": map[string]any{}}}), nil), "must specify one of"},
		"unknown mount":         {kubetype.StatefulSet, sts(one("volumeMounts", mount("data")), nil), `spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"`},
		"mount of a template":   {kubetype.StatefulSet, sts(one("volumeMounts", mount("data")), map[string]any{"volumeClaimTemplates": claims, "replicas": 0.0}), ""},
		"mount twice":           {kubetype.Deployment, sts(podSpec(map[string]any{"volumes": []any{map[string]any{"name": "a", "emptyDir": map[string]any{}}}, "containers": []any{with(container(), "volumeMounts", mount("a", "a"))}}), nil), "mountPath: Invalid value: \"/a\": must be unique"},
		"two sources":           {kubetype.Deployment, sts(podSpec(map[string]any{"volumes": []any{map[string]any{"name": "a", "emptyDir": map[string]any{"medium": "Memory"}, "hostPath": map[string]any{"path": "/"}}}}), nil), "may not specify more than 1 volume type"},
		"request over limit":    {kubetype.Deployment, sts(one("resources", map[string]any{"requests": map[string]any{"cpu": "2"}, "limits": map[string]any{"cpu": "1"}}), nil), "requests[cpu]: Invalid value: \"2\": must be less than or equal to cpu limit of 1"},
		"quantity":              {kubetype.Deployment, sts(one("resources", map[string]any{"requests": map[string]any{"cpu": "lots"}}), nil), "quantities must match the regular expression"},
		"restart policy":        {kubetype.Deployment, sts(podSpec(map[string]any{"restartPolicy": "Never"}), nil), `restartPolicy: Unsupported value: "Never": supported values: "Always"`},
		"job's restart policy":  {kubetype.Job, with(job(podSpec(nil)), "spec", map[string]any{"template": map[string]any{"spec": podSpec(nil)}}), `spec.template.spec.restartPolicy: Required value: valid values: ["OnFailure" "Never"]`},
		"a job":                 {kubetype.Job, job(podSpec(nil)), ""},
		"a schedule":            {kubetype.CronJob, map[string]any{"metadata": meta("c", "default"), "spec": map[string]any{"schedule": "0 3 * * *", "jobTemplate": map[string]any{"spec": job(podSpec(nil))["spec"]}}}, ""},
		"no schedule":           {kubetype.CronJob, map[string]any{"metadata": meta("c", "default"), "spec": map[string]any{"schedule": "sometimes", "jobTemplate": map[string]any{"spec": job(podSpec(nil))["spec"]}}}, "spec.schedule: Invalid value: \"sometimes\""},
		"negative replicas":     {kubetype.StatefulSet, sts(podSpec(nil), map[string]any{"replicas": -1.0}), "spec.replicas: Invalid value: -1"},
		"management":            {kubetype.StatefulSet, sts(podSpec(nil), map[string]any{"podManagementPolicy": "Random"}), "must be 'OrderedReady' or 'Parallel'"},
		"service name":          {kubetype.StatefulSet, sts(podSpec(nil), map[string]any{"serviceName": "a.b"}), "spec.serviceName: Invalid value"},
		"claim template":        {kubetype.StatefulSet, sts(podSpec(nil), map[string]any{"volumeClaimTemplates": []any{map[string]any{"metadata": map[string]any{"name": "data"}, "spec": map[string]any{}}}}), "volumeClaimTemplates[0].spec.accessModes: Required value"},
		"set's name":            {kubetype.StatefulSet, with(sts(podSpec(nil), nil), "metadata", meta("a.b", "default")), "metadata.name: Invalid value: \"a.b\""},
		"no surge, none missed": {kubetype.Deployment, sts(podSpec(nil), map[string]any{"strategy": map[string]any{"rollingUpdate": map[string]any{"maxSurge": 0.0, "maxUnavailable": 0.0}}}), "may not be 0 when `maxSurge` is 0"},
		"spread":                {kubetype.Deployment, sts(podSpec(map[string]any{"topologySpreadConstraints": []any{map[string]any{"maxSkew": 0.0, "topologyKey": "x", "whenUnsatisfiable": "DoNotSchedule"}}}), nil), "maxSkew: Invalid value: 0: must be greater than zero"},
		"affinity":              {kubetype.Deployment, sts(podSpec(map[string]any{"affinity": map[string]any{"podAntiAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{"topologyKey": ""}}}}}), nil), "topologyKey: Required value"},
		"escalation":            {kubetype.Deployment, sts(one("securityContext", map[string]any{"privileged": true, "allowPrivilegeEscalation": false}), nil), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"},
		"a daemon":              {kubetype.DaemonSet, sts(podSpec(nil), nil), ""},

		"selector of others (K8S-08)": {kubetype.Deployment, sts(podSpec(nil), map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": "bunny"}}}), "spec.template.metadata.labels: Invalid value: {\"app\":\"relay\"}: `selector` does not match template `labels`"},
		"no selector":                 {kubetype.StatefulSet, sts(podSpec(nil), map[string]any{"selector": nil}), "spec"},
		"empty selector":              {kubetype.DaemonSet, sts(podSpec(nil), map[string]any{"selector": map[string]any{}}), "empty selector is invalid for daemonset"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := newEstate(t).eks().create(tc.token, "x", tc.in)
			expect(t, err, tc.want)
		})
	}
}

func volume(more map[string]any) map[string]any {
	spec := map[string]any{
		"capacity": map[string]any{"storage": "8Gi"}, "accessModes": []any{"ReadWriteOnce"}, "storageClassName": "",
		"persistentVolumeReclaimPolicy": "Retain",
		"csi":                           map[string]any{"driver": "ebs.csi.aws.com", "volumeHandle": "vol-a", "fsType": "ext4"},
		"nodeAffinity":                  inZone("eu-west-2a"),
	}
	maps.Copy(spec, more)
	return map[string]any{"metadata": meta("relay-a", ""), "spec": spec}
}

func inZone(zone string) map[string]any {
	return map[string]any{"required": map[string]any{"nodeSelectorTerms": []any{map[string]any{"matchExpressions": []any{
		map[string]any{"key": "topology.kubernetes.io/zone", "operator": "In", "values": []any{zone}},
	}}}}}
}

func claim(more map[string]any) map[string]any {
	spec := map[string]any{
		"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "", "volumeName": "relay-a",
		"resources": map[string]any{"requests": map[string]any{"storage": "8Gi"}},
	}
	maps.Copy(spec, more)
	return map[string]any{"metadata": meta("data-relay-0", "default"), "spec": spec}
}

func TestStorageIsValid(t *testing.T) {
	cases := map[string]struct {
		token string
		in    map[string]any
		want  string
	}{
		"a volume":              {kubetype.PersistentVolume, volume(nil), ""},
		"no size":               {kubetype.PersistentVolume, volume(map[string]any{"capacity": map[string]any{}}), "spec.capacity: Required value"},
		"no modes":              {kubetype.PersistentVolume, volume(map[string]any{"accessModes": []any{}}), "spec.accessModes: Required value"},
		"mode":                  {kubetype.PersistentVolume, volume(map[string]any{"accessModes": []any{"Shared"}}), "spec.accessModes: Unsupported value: \"Shared\""},
		"no source":             {kubetype.PersistentVolume, volume(map[string]any{"csi": nil}), "must specify a volume type"},
		"no handle":             {kubetype.PersistentVolume, volume(map[string]any{"csi": map[string]any{"driver": "ebs.csi.aws.com", "volumeHandle": ""}}), "spec.csi.volumeHandle: Required value"},
		"reclaim policy":        {kubetype.PersistentVolume, volume(map[string]any{"persistentVolumeReclaimPolicy": "Keep"}), "Unsupported value: \"Keep\""},
		"affinity to nothing":   {kubetype.PersistentVolume, volume(map[string]any{"nodeAffinity": map[string]any{}}), "must specify required node constraints"},
		"a claim without size":  {kubetype.PersistentVolumeClaim, claim(map[string]any{"resources": map[string]any{}}), "spec.resources[storage]: Required value"},
		"a class":               {kubetype.StorageClass, map[string]any{"metadata": meta("fast", ""), "provisioner": "ebs.csi.aws.com"}, ""},
		"binding mode":          {kubetype.StorageClass, map[string]any{"metadata": meta("fast", ""), "provisioner": "ebs.csi.aws.com", "volumeBindingMode": "Later"}, "volumeBindingMode: Unsupported value"},
		"a priority":            {kubetype.PriorityClass, map[string]any{"metadata": meta("high", ""), "value": 1000.0}, ""},
		"a system's priority":   {kubetype.PriorityClass, map[string]any{"metadata": meta("system-x", ""), "value": 1000.0}, "prefix are reserved for system use only"},
		"too much priority":     {kubetype.PriorityClass, map[string]any{"metadata": meta("high", ""), "value": 2000000000.0}, "maximum allowed value of a user defined priority is 1000000000"},
		"a claim of no volume":  {kubetype.PersistentVolumeClaim, claim(nil), "Timeout occurred polling for 'data-relay-0'\nthere is no volume \"relay-a\""},
		"a claim of a class":    {kubetype.PersistentVolumeClaim, claim(map[string]any{"volumeName": nil, "storageClassName": "gone"}), "storageclass.storage.k8s.io \"gone\" not found"},
		"a claim of any volume": {kubetype.PersistentVolumeClaim, claim(map[string]any{"volumeName": nil}), "no persistent volumes available for this claim and no storage class is set"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := newEstate(t).eks().create(tc.token, "x", tc.in)
			expect(t, err, tc.want)
		})
	}
}
