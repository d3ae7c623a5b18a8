package azure

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

// poolsAtHand are the pools that a write is about, and their cluster.
func poolsAtHand(c *emulator.Call) (pools []lot, cluster inventory.Props) {
	if c.Kind.Type == azuretype.ManagedCluster {
		for _, p := range c.In.Maps("agentPoolProfiles") {
			pools = append(pools, lot{p.Str("name"), p})
		}
		return pools, c.In
	}
	pools = []lot{{lastOf(identify(c)), c.In}}
	if o := c.Tx.Get(azuretype.ManagedCluster, parentOf(identify(c))); o != nil {
		return pools, o.In
	}
	return pools, inventory.Props{}
}

// poolRule enforces something for every pool of a write.
func poolRule(id rules.ID, code, source string, broken func(p lot, cluster inventory.Props) string) emulator.Rule {
	return rule(id, code, emulator.OpWrite, source, func(c *emulator.Call) string {
		pools, cluster := poolsAtHand(c)
		for _, p := range pools {
			if message := broken(p, cluster); message != "" {
				return message
			}
		}
		return ""
	})
}

var (
	linuxPool   = regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)
	windowsPool = regexp.MustCompile(`^[a-z][a-z0-9]{0,5}$`)
)

func poolRules() []emulator.Rule {
	return []emulator.Rule{
		poolRule("AKS-01", codeParameter, "bicep; AKS#3300; crossplane#304", badPoolName),
		poolRule("AKS-05", codeParameter, "azure-aks-docs use-system-pools.md", func(p lot, _ inventory.Props) string {
			if p.in.Str("mode") == "System" && p.in.StrOr("osType", "Linux") != "Linux" {
				return fmt.Sprintf("Agent pool %s of mode System must run Linux.", p.name)
			}
			return ""
		}),
		poolRule("AKS-09", codeBad, "azure-aks-docs; Microsoft's list of ARM error codes", unknownSize),
		poolRule("AKS-06", "SystemPoolSkuTooLow", "azure-dev-docs#216; azure-aks-docs use-system-pools.md; azure-docs#121181", smallSystemPool),
		poolRule("AKS-07", codeParameter, "azure-aks-docs azure-cni-overlay.md", badMaxPods),
		poolRule("AKS-08", codeParameter, "bicep; azure-aks-docs cluster-autoscaler.md", badCount),
		poolRule("AKS-11", codeParameter, "bicep", func(p lot, _ inventory.Props) string {
			if gb := p.in.Num("osDiskSizeGB"); gb < 0 || gb > 2048 {
				return fmt.Sprintf("The osDiskSizeGB of agent pool %s is %.0f; it must be 0 to 2048.", p.name, gb)
			}
			return ""
		}),
		rule("AKS-50", codeParameter, emulator.OpUpdate, "pulumi-azure-native#2943", scalingWithoutCount),
		rule("AKS-11", "AvailabilityZoneNotSupported", emulator.OpWrite,
			"rancher#33019; azure-aks-docs#416; jenkins-infra/azure#1458", wrongPoolZone),
		rule("AKS-11", codeBad, emulator.OpWrite, "AKS#1133", zonesWithoutBalancer),
		rule("AKS-11", "PropertyChangeNotAllowed", emulator.OpUpdate, "bicep; pulumi-azure-native#959", changedPool),
		rule("AKS-14", codeBad, emulator.OpWrite, "azure-aks-docs supported-kubernetes-versions.md", skewedPool),
	}
}

func badPoolName(p lot, _ inventory.Props) string {
	pattern := linuxPool
	if p.in.Str("osType") == "Windows" {
		pattern = windowsPool
	}
	if pattern.MatchString(p.name) {
		return ""
	}
	return fmt.Sprintf("The value of parameter agentPoolProfile.name is invalid. Error details: %s does not match %s. "+
		"Please see https://aka.ms/aks-naming-rules for more details. Target: agentPoolProfile.name", p.name, pattern)
}

// vmSize is for example Standard_B2ms: a family, then the number of vCPUs.
var vmSize = regexp.MustCompile(`^(?i)(standard|basic)_[a-z]+(\d+)[a-z0-9_-]*$`)

func unknownSize(p lot, _ inventory.Props) string {
	if size := p.in.Str("vmSize"); size != "" && !vmSize.MatchString(size) {
		return fmt.Sprintf("The VM size of AgentPoolProfile:%s is not allowed in your subscription: %s is no VM size.",
			p.name, size)
	}
	return ""
}

// minSystemCPUs is what the API refuses; the documentation asks for four.
const minSystemCPUs = 2

func smallSystemPool(p lot, _ inventory.Props) string {
	match := vmSize.FindStringSubmatch(p.in.Str("vmSize"))
	if p.in.Str("mode") != "System" || match == nil {
		return ""
	}
	if cpus, err := strconv.Atoi(match[2]); err == nil && cpus < minSystemCPUs {
		return fmt.Sprintf("The VM size %s of system pool %s has fewer than %d vCPUs or less than 4 GB.",
			p.in.Str("vmSize"), p.name, minSystemCPUs)
	}
	return ""
}

// Pods on a node.
const (
	minPods       = 10
	maxPods       = 250
	minSystemPods = 30
)

func badMaxPods(p lot, _ inventory.Props) string {
	pods, system := p.in.Num("maxPods"), p.in.Str("mode") == "System"
	low := float64(minPods)
	if system {
		low = minSystemPods
	}
	if p.in.Has("maxPods") && (pods < low || pods > maxPods) {
		return fmt.Sprintf("The maxPods of agent pool %s is %.0f; it must be %.0f to %d.", p.name, pods, low, maxPods)
	}
	return ""
}

const maxNodes = 1000

func badCount(p lot, _ inventory.Props) string {
	n, low, high := p.in.Num("count"), p.in.Num("minCount"), p.in.Num("maxCount")
	scaling := p.in.Bool("enableAutoScaling")
	least := 0.0
	if p.in.Str("mode") == "System" {
		least = 1
	}
	switch {
	case n < 0 || n > maxNodes || p.in.Has("count") && n < least:
		return fmt.Sprintf("The count of agent pool %s is %.0f; it must be %.0f to %d.", p.name, n, least, maxNodes)
	case !scaling && (p.in.Has("minCount") || p.in.Has("maxCount")):
		return fmt.Sprintf("Agent pool %s has minCount or maxCount without enableAutoScaling.", p.name)
	case scaling && (low < least || high > maxNodes || high < low || high == 0):
		return fmt.Sprintf("Agent pool %s has the minCount %.0f and the maxCount %.0f; they must be %.0f to %d in order.",
			p.name, low, high, least, maxNodes)
	case scaling && p.in.Has("count") && (n < low || n > high):
		return fmt.Sprintf("The count %.0f of agent pool %s is not between its minCount %.0f and maxCount %.0f.",
			n, p.name, low, high)
	}
	return ""
}

func wrongPoolZone(c *emulator.Call) string {
	pools, cluster := poolsAtHand(c)
	at := locationOf(c, cluster)
	for _, p := range pools {
		for _, z := range p.in.Strings("availabilityZones") {
			if !zonedRegions[at] {
				return "Availability zone is not supported in this region. Target: agentPoolProfile.availabilityZone"
			}
			if !isZone(at, z) {
				return fmt.Sprintf("The zone(s) '%s' for resource '%s' is not supported. The supported zones for location "+
					"'%s' are '1,2,3'", z, p.name, at)
			}
		}
	}
	return ""
}

func zonesWithoutBalancer(c *emulator.Call) string {
	pools, cluster := poolsAtHand(c)
	for _, p := range pools {
		if len(p.in.Strings("availabilityZones")) > 0 && networkProfile(cluster).Str("loadBalancerSku") == "basic" {
			return "Standard Load Balancer is required for availability zone."
		}
	}
	return ""
}

// fixedInPool are the properties that a pool keeps for life. A pool of its own is
// replaced for its vmSize; inside a cluster nothing is.
var fixedInPool = []string{
	"vmSize", "osDiskSizeGB", "osDiskType", "vnetSubnetID", "podSubnetID", "availabilityZones", "maxPods", "osType",
}

func changedPool(c *emulator.Call) string { return eachUpdatedPool(c, changedIn) }

// scalingWithoutCount: what an autoscaler takes over must say where it starts.
func scalingWithoutCount(c *emulator.Call) string {
	return eachUpdatedPool(c, func(name string, before, now inventory.Props) string {
		if before.Bool("enableAutoScaling") || !now.Bool("enableAutoScaling") || now.Has("count") {
			return ""
		}
		return fmt.Sprintf("Required parameter properties.count is missing (null). Target: agent pool %s.", name)
	})
}

// eachUpdatedPool compares every pool of an update that was there before.
func eachUpdatedPool(c *emulator.Call, broken func(name string, before, now inventory.Props) string) string {
	if c.Kind.Type == azuretype.AgentPool {
		return broken(lastOf(c.ID), c.OldIn, c.In)
	}
	before := map[string]inventory.Props{}
	for _, p := range c.OldIn.Maps("agentPoolProfiles") {
		before[p.Str("name")] = p
	}
	for _, p := range c.In.Maps("agentPoolProfiles") {
		if old, ok := before[p.Str("name")]; ok {
			if message := broken(p.Str("name"), old, p); message != "" {
				return message
			}
		}
	}
	return ""
}

func changedIn(name string, before, now inventory.Props) string {
	change := &emulator.Call{OldIn: before, In: now}
	for _, path := range fixedInPool {
		if change.Changed(path) {
			return fmt.Sprintf("Changing property 'properties.%s' of agent pool %s is not allowed.", path, name)
		}
	}
	return ""
}

// poolNameFree refuses a pool that the cluster has inline.
func poolNameFree() emulator.Rule {
	return rule("PRO-09", codeExists, emulator.OpCreate,
		"pulumi-azure-native crud.go: a create reads first", func(c *emulator.Call) string {
			_, cluster := poolsAtHand(c)
			for _, name := range cluster.Strings("agentPoolProfiles[*].name") {
				if sameName(name, lastOf(identify(c))) {
					return identify(c)
				}
			}
			return ""
		})
}

// mostNodes is how many nodes a pool may have at once: its most, and those that
// an upgrade adds.
func mostNodes(p inventory.Props) int {
	n := int(math.Max(p.Num("count"), 1))
	if p.Bool("enableAutoScaling") {
		n = p.Int("maxCount")
	}
	return n + surge(p.StrOr("upgradeSettings.maxSurge", "10%"), n)
}

func surge(text string, nodes int) int {
	percent, isPercent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(percent)
	if err != nil {
		return 1
	}
	if isPercent {
		return (nodes*n + 99) / 100
	}
	return n
}

// filledPools are the cluster's inline pools as ARM returns them.
func filledPools(c *emulator.Call) []any {
	var list []any
	for _, p := range c.In.Maps("agentPoolProfiles") {
		out := p.Clone()
		fillPool(out, c.In, c.UUIDOf("eTag "+p.Str("name")))
		out.Set("provisioningState", "Succeeded")
		list = append(list, map[string]any(out))
	}
	return list
}

func fillPoolResource(c *emulator.Call) error {
	_, cluster := poolsAtHand(c)
	fillPool(c.Out, cluster, c.UUIDOf("eTag"))
	return nil
}

// fillPool sets what AKS fills in for a pool, as recorded from the real provider
// (pulumi-azure-native testdata, upgrade-containerservice-agentpool).
func fillPool(out, cluster inventory.Props, etag string) {
	version := out.StrOr("orchestratorVersion", cluster.StrOr("kubernetesVersion", defaultVersion))
	out.Set("orchestratorVersion", version)
	out.Set("currentOrchestratorVersion", patched(version))
	out.Set("eTag", etag)
	out.Default("count", 1)
	out.Default("enableAutoScaling", false)
	out.Default("enableFIPS", false)
	out.Default("enableNodePublicIP", false)
	out.Default("kubeletDiskType", "OS")
	out.Default("maxPods", maxPods)
	out.Default("mode", "User")
	out.Default("osDiskSizeGB", 128)
	out.Default("osDiskType", "Managed")
	out.Default("osSKU", "Ubuntu")
	out.Default("osType", "Linux")
	out.Default("scaleDownMode", "Delete")
	out.Default("upgradeSettings.maxSurge", "10%")
	out.Set("nodeImageVersion", "AKSUbuntu-2204gen2containerd-202610.27.0")
	out.Set("powerState", map[string]any{"code": "Running"})
}
