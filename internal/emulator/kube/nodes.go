package kube

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	quantities "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"burrow/internal/ebs"
	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// A node is a machine that pods run on.
type node struct {
	*corev1.Node
	// spare says that an autoscaler would make it for pods that have no room, and
	// has not yet.
	spare bool
}

// zone is the availability zone, "" where it is not known.
func (n *node) zone() string { return n.Labels[corev1.LabelTopologyZone] }

// A size is what a machine of a type has, all of it 0 where the type is not known:
// then it counts as having room.
type size struct {
	cpu    float64 // vCPUs
	memory float64 // MiB
	pods   int
}

// nodesOf are the Ready nodes of a cluster.
func nodesOf(tx *emulator.Tx, cluster *inventory.Object) []*node {
	switch {
	case cluster == nil:
		return nil
	case cluster.Type == awstype.Cluster:
		return eksNodes(tx, cluster)
	}
	return aksNodes(tx, cluster)
}

// machine makes a node with what a pool gives it.
func machine(name, zone, region, instance string, capacity corev1.ResourceList, labels map[string]string, taints []corev1.Taint) *node {
	all := map[string]string{
		corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelTopologyRegion: region,
	}
	for key, value := range map[string]string{corev1.LabelTopologyZone: zone, corev1.LabelInstanceTypeStable: instance} {
		if value != "" {
			all[key] = value
		}
	}
	maps.Copy(all, labels)
	return &node{Node: &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: all},
		Spec:       corev1.NodeSpec{Taints: taints},
		Status:     corev1.NodeStatus{Allocatable: capacity},
	}}
}

// texts are the strings of an object.
func texts(m map[string]any) map[string]string {
	all := map[string]string{}
	for name, v := range m {
		if text, ok := v.(string); ok {
			all[name] = text
		}
	}
	return all
}

func room(cpu, memory float64, pods int) corev1.ResourceList {
	list := corev1.ResourceList{corev1.ResourcePods: *quantities.NewQuantity(int64(pods), quantities.DecimalSI)}
	if cpu > 0 {
		list[corev1.ResourceCPU] = *quantities.NewMilliQuantity(int64(cpu), quantities.DecimalSI)
		list[corev1.ResourceMemory] = *quantities.NewQuantity(int64(memory)<<20, quantities.BinarySI)
	}
	return list
}

// eksNodes are those of the managed node groups that are ACTIVE: spread over the
// group's subnets, as its Auto Scaling group spreads them.
func eksNodes(tx *emulator.Tx, cluster *inventory.Object) (nodes []*node) {
	view := tx.Everywhere().Within(cluster.Region).View
	driver := eksAddon(view, cluster, ebs.Addon) != nil
	for _, group := range view.All(awstype.NodeGroup) {
		p := group.Props()
		if group.Value("clusterName") != cluster.Value("name") || group.Value("status") != "ACTIVE" {
			continue
		}
		labels := map[string]string{"eks.amazonaws.com/nodegroup": p.Str("nodeGroupName")}
		maps.Copy(labels, texts(p.Map("labels")))
		var taints []corev1.Taint
		for _, t := range p.Maps("taints[*]") {
			taints = append(taints, corev1.Taint{Key: t.Str("key"), Value: t.Str("value"), Effect: eksEffects[t.Str("effect")]})
		}
		instance := eksInstance(view, p)
		var subnets []*inventory.Object
		for _, id := range p.Strings("subnetIds") {
			if subnet := view.Get(awstype.Subnet, id); subnet != nil {
				subnets = append(subnets, subnet)
			}
		}
		for i := range p.Int("scalingConfig.desiredSize") {
			zone := ""
			if len(subnets) > 0 {
				zone = subnets[i%len(subnets)].Value("availabilityZone")
			}
			n := machine(fmt.Sprintf("%s-%d", p.Str("nodeGroupName"), i), zone, cluster.Region, instance, eksRoom(instance), labels, taints)
			n.Labels[corev1.LabelArchStable] = eksArchitecture(p.Str("amiType"))
			if driver && zone != "" {
				n.Labels["topology.ebs.csi.aws.com/zone"] = zone
			}
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// eksEffects are the effects of taints by EKS's names.
var eksEffects = map[string]corev1.TaintEffect{
	"NO_SCHEDULE": corev1.TaintEffectNoSchedule, "NO_EXECUTE": corev1.TaintEffectNoExecute,
	"PREFER_NO_SCHEDULE": corev1.TaintEffectPreferNoSchedule,
}

func eksArchitecture(ami string) string {
	if strings.Contains(ami, "ARM_64") {
		return "arm64"
	}
	return "amd64"
}

// eksInstance is the type of a group's machines: its own, or its template's.
func eksInstance(view inventory.View, group inventory.Props) string {
	if types := group.Strings("instanceTypes"); len(types) > 0 {
		return types[0]
	}
	for path, by := range map[string]string{"launchTemplate.id": "id", "launchTemplate.name": "name"} {
		if value := group.Str(path); value != "" {
			if template := view.Find(awstype.LaunchTemplate, by, value); template != nil {
				return template.Value("instanceType")
			}
		}
	}
	return ""
}

var ec2Type = regexp.MustCompile(`^([a-z]+)([0-9]+)[a-z0-9-]*\.([a-z0-9]+)$`)

// ec2Size knows the common families: memory by vCPU, and addresses for pods by size.
// Source: EC2's instance types; awslabs/amazon-eks-ami eni-max-pods.txt.
func ec2Size(name string) size {
	parts := ec2Type.FindStringSubmatch(name)
	if parts == nil {
		return size{}
	}
	small := map[string]size{
		"nano": {2, 512, 4}, "micro": {2, 1024, 4}, "small": {2, 2048, 11}, "medium": {2, 4096, 17},
		"large": {2, 8192, 35}, "xlarge": {4, 16384, 58}, "2xlarge": {8, 32768, 58},
	}
	if parts[1] == "t" {
		return small[parts[3]]
	}
	perCPU := map[string]float64{"c": 2048, "m": 4096, "r": 8192}[parts[1]]
	cpus := map[string]float64{"medium": 1, "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48, "16xlarge": 64, "24xlarge": 96}[parts[3]]
	pods := map[string]int{"medium": 8, "large": 29, "xlarge": 58, "2xlarge": 58, "4xlarge": 234, "8xlarge": 234, "12xlarge": 234, "16xlarge": 737, "24xlarge": 737}[parts[3]]
	if perCPU == 0 || cpus == 0 {
		return size{}
	}
	return size{cpus, cpus * perCPU, pods}
}

// eksRoom is what pods may have of a machine. Source: awslabs/amazon-eks-ami,
// kube-reserved and eviction thresholds; of the memory of a type, an instance sees
// some six percent less.
func eksRoom(instance string) corev1.ResourceList {
	s := ec2Size(instance)
	if s.cpu == 0 {
		return room(0, 0, manyPods)
	}
	const seen, eviction = 0.94, 100
	return room(s.cpu*1000-reservedCPU(s.cpu), s.memory*seen-float64(11*s.pods+255)-eviction, s.pods)
}

// manyPods is Kubernetes' own limit of pods on a node.
const manyPods = 110

// reservedCPU is what a kubelet keeps of a node's cores, in thousandths: 6% of the
// first, 1% of the second, half a percent of the next two, a quarter of the rest.
func reservedCPU(cores float64) float64 {
	return 60*min(cores, 1) + 10*min(max(cores-1, 0), 1) + 5*min(max(cores-2, 0), 2) + 2.5*max(cores-4, 0)
}

// aksNodes are those of the cluster's pools, those that their autoscaler may add
// last.
func aksNodes(tx *emulator.Tx, cluster *inventory.Object) []*node {
	p := cluster.Props()
	if state := p.Str("provisioningState"); state != "" && state != "Succeeded" {
		return nil
	}
	pools := map[string]inventory.Props{}
	for _, pool := range p.Maps("agentPoolProfiles[*]") {
		pools[pool.Str("name")] = pool
	}
	for _, o := range tx.Everywhere().All(azuretype.AgentPool) {
		if below, ok := strings.CutPrefix(inventory.NormalID(o.ID), inventory.NormalID(cluster.ID)+"/agentpools/"); ok {
			pools[below] = o.Props()
		}
	}
	var nodes, spare []*node
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		pool := pools[name]
		count := pool.Int("count")
		most := count
		if pool.Bool("enableAutoScaling") {
			most = max(count, pool.Int("maxCount"))
		}
		for i := range most {
			n := aksNode(p, pool, name, i)
			if n.spare = i >= count; n.spare {
				spare = append(spare, n)
			} else {
				nodes = append(nodes, n)
			}
		}
	}
	return append(nodes, spare...)
}

func aksNode(cluster, pool inventory.Props, name string, i int) *node {
	location := strings.ToLower(strings.ReplaceAll(cluster.Str("location"), " ", ""))
	zone := "0"
	if zones := pool.Strings("availabilityZones"); len(zones) > 0 {
		zone = location + "-" + zones[i%len(zones)]
	}
	labels := map[string]string{"agentpool": name, "kubernetes.azure.com/agentpool": name, "kubernetes.azure.com/mode": strings.ToLower(pool.StrOr("mode", "User"))}
	maps.Copy(labels, texts(pool.Map("nodeLabels")))
	var taints []corev1.Taint
	for _, text := range pool.Strings("nodeTaints") {
		pair, effect, _ := strings.Cut(text, ":")
		key, value, _ := strings.Cut(pair, "=")
		taints = append(taints, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)})
	}
	host := fmt.Sprintf("aks-%s-vmss%06d", name, i)
	n := machine(host, zone, location, pool.Str("vmSize"), aksRoom(cluster, pool), labels, taints)
	n.Labels[corev1.LabelArchStable] = "amd64"
	return n
}

var vmSize = regexp.MustCompile(`^Standard_([A-Z]+?)([0-9]+)([a-z]*)(?:_v[0-9]+)?$`)

// aksSize knows the common families of sizes. Source: Azure's size documentation.
func aksSize(name string) size {
	parts := vmSize.FindStringSubmatch(name)
	if parts == nil {
		return size{}
	}
	cpus, err := strconv.ParseFloat(parts[2], 64)
	perCPU := map[string]float64{"B": 4096, "D": 4096, "E": 8192, "F": 2048}[parts[1]]
	if parts[1] == "B" && parts[3] == "s" && !strings.Contains(name, "_v2") {
		perCPU = 2048
	}
	if err != nil || perCPU == 0 {
		return size{}
	}
	return size{cpus, cpus * perCPU, 0}
}

// aksRoom is what pods may have of a machine. Source: azure-aks-docs
// node-resource-reservations.md.
func aksRoom(cluster, pool inventory.Props) corev1.ResourceList {
	pods := pool.Int("maxPods")
	if pods == 0 {
		pods = manyPods
		if cluster.Str("networkProfile.networkPlugin") == "azure" {
			pods = map[bool]int{true: 250, false: 30}[cluster.Str("networkProfile.networkPluginMode") == "overlay"]
		}
	}
	s := aksSize(pool.Str("vmSize"))
	if s.cpu == 0 {
		return room(0, 0, pods)
	}
	kept := 60.0 // thousandths
	for _, step := range []struct{ cores, kept float64 }{{2, 100}, {4, 140}, {8, 180}, {16, 260}, {32, 420}, {64, 740}} {
		if s.cpu >= step.cores {
			kept = step.kept
		}
	}
	const eviction = 100
	return room(s.cpu*1000-kept, s.memory-min(20*float64(pods)+50, s.memory/4)-eviction, pods)
}

// A systemPod is one of the cluster's own.
type systemPod struct {
	everywhere bool
	count      int // where not everywhere
	cpu        float64
	memory     float64
}

// systemPods are what a cluster runs by itself, with what it asks for: roughly what
// the add-ons' manifests say.
func systemPods(view inventory.View, cluster *inventory.Object) []systemPod {
	if cluster.Type != awstype.Cluster {
		return []systemPod{
			{everywhere: true, cpu: 40, memory: 250}, {everywhere: true, cpu: 100, memory: 50}, {everywhere: true, cpu: 50, memory: 50},
			{everywhere: true, cpu: 30, memory: 60}, {everywhere: true, cpu: 30, memory: 60}, {everywhere: true, cpu: 100},
			{count: 2, cpu: 100, memory: 70}, {count: 1, cpu: 20, memory: 10}, {count: 2, cpu: 20, memory: 20}, {count: 2, cpu: 156, memory: 136},
		}
	}
	pods := []systemPod{{everywhere: true, cpu: 50}, {everywhere: true, cpu: 100}}
	for addon, more := range map[string][]systemPod{
		"coredns":                {{count: 2, cpu: 100, memory: 70}},
		"eks-pod-identity-agent": {{everywhere: true}},
		ebs.Addon:                {{everywhere: true, cpu: 30, memory: 120}, {count: 2, cpu: 60, memory: 240}},
	} {
		if eksAddon(view, cluster, addon) != nil {
			pods = append(pods, more...)
		}
	}
	return pods
}

// occupy takes what the system's pods use off the nodes' room.
func occupy(nodes []*node, pods []systemPod) {
	take := func(n *node, p systemPod) {
		free := n.Status.Allocatable
		less := func(name corev1.ResourceName, q quantities.Quantity) {
			if v, limited := free[name]; limited {
				v.Sub(q)
				free[name] = v
			}
		}
		less(corev1.ResourcePods, *quantities.NewQuantity(1, quantities.DecimalSI))
		less(corev1.ResourceCPU, *quantities.NewMilliQuantity(int64(p.cpu), quantities.DecimalSI))
		less(corev1.ResourceMemory, *quantities.NewQuantity(int64(p.memory)<<20, quantities.BinarySI))
	}
	there := slices.DeleteFunc(slices.Clone(nodes), func(n *node) bool { return n.spare })
	for _, p := range pods {
		if p.everywhere {
			for _, n := range nodes {
				take(n, p)
			}
			continue
		}
		for i := range p.count {
			if len(there) > 0 {
				take(there[i%len(there)], p)
			}
		}
	}
}

// eksAddon is an add-on of a cluster by its name, or nil.
func eksAddon(view inventory.View, cluster *inventory.Object, name string) *inventory.Object {
	for _, o := range view.All(awstype.Addon) {
		if o.Value("clusterName") == cluster.Value("name") && o.Value("addonName") == name && o.Value("status") != "CREATE_FAILED" {
			return o
		}
	}
	return nil
}
