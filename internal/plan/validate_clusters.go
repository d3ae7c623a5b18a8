package plan

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"burrow/internal/rules"
)

var clusterRules = []func(*validator){
	(*validator).eksVersion,
	(*validator).eksServices,
	(*validator).eksAPIClients,
	(*validator).eksNodes,
	(*validator).eksAddons,
	(*validator).aksVersion,
	(*validator).aksAuthorized,
	(*validator).aksPods,
	(*validator).aksDNS,
	(*validator).aksPool,
	(*validator).aksPoolSize,
}

func (v *validator) eksVersion() {
	v.version("clusters.eks.version", v.plan.Clusters.EKS.Version, "EKS", "EKS-09", eksVersions, v.world.today(awsProvider))
}

func (v *validator) aksVersion() {
	v.version("clusters.aks.version", v.plan.Clusters.AKS.Version, "AKS", "AKS-14", aksVersions, v.world.today(azureProvider))
}

// version refuses what a cloud does not offer in standard support on that day.
// AWS bills the versions after it sixfold and Azure moves them to another tier.
func (v *validator) version(key, version, service string, rule rules.ID, known map[string]release, today time.Time) {
	supported := supportedOn(known, today)
	remedy := fmt.Sprintf("write one of %s, in quotes", strings.Join(supported, ", "))
	if len(supported) == 0 {
		remedy = "take a newer Burrow: its tables end before today"
	}
	end, ok := known[version]
	switch {
	case !ok:
		v.refuse(key, version, fmt.Sprintf("Burrow knows no such minor version in %s standard support (%s)", service, rule), remedy)
	case !slices.Contains(supported, version):
		v.refuse(key, version, fmt.Sprintf("%s standard support of it ended on %s (%s)", service, end.end.Format(time.DateOnly), rule), remedy)
	}
}

// supportedOn are the versions in support on that day, oldest first.
func supportedOn(known map[string]release, today time.Time) []string {
	var versions []string
	for version, r := range known {
		if today.Before(r.end.AddDate(0, 0, 1)) {
			versions = append(versions, version)
		}
	}
	slices.SortFunc(versions, func(a, b string) int { return minor(a) - minor(b) })
	return versions
}

// minor is the 36 of 1.36, or of v1.36.0-eksbuild.21; 0 where there is none.
func minor(version string) int {
	_, rest, _ := strings.Cut(version, ".")
	digits, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

var rfc1918 = []netip.Prefix{prefix("10.0.0.0/8"), prefix("172.16.0.0/12"), prefix("192.168.0.0/16")}

func (v *validator) eksServices() {
	cidr := v.plan.Clusters.EKS.ServiceCIDR
	if !ipv4(cidr) {
		return
	}
	private := slices.ContainsFunc(rfc1918, func(block netip.Prefix) bool { return contains(block, cidr.Masked()) })
	v.need(private, "clusters.eks.serviceCidr", cidr, "EKS takes service ranges from RFC 1918 only (EKS-11)",
		"choose a range in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
}

func (v *validator) eksAPIClients() {
	for i, r := range v.plan.Clusters.EKS.APIClients {
		key := fmt.Sprintf("clusters.eks.apiClients[%d]", i)
		v.need(ipv4(r), key, r, "the VPC is IPv4, and so is whatever reaches the API from there", "write an IPv4 range such as 10.0.8.0/24")
		v.canonical(key, r, "VPC-23")
		v.apiClientPlace(key, r)
	}
}

// apiClientPlace holds a client's range to where its packets get through from:
// the API's interfaces are in the private subnets, whose network ACL admits
// HTTPS from the VPC without its public subnets.
func (v *validator) apiClientPlace(key string, r netip.Prefix) {
	aws := v.plan.Network.AWS
	if !ipv4(r) || !ipv4(aws.CIDR) {
		return
	}
	if !contains(aws.CIDR.Masked(), r.Masked()) {
		v.refuse(key, r, "it lies outside the VPC, network.aws.cidr = "+aws.CIDR.String()+", and the private subnets' network ACL admits HTTPS from within only (VPC-20)",
			"choose a range within "+aws.CIDR.Masked().String())
		return
	}
	public := slices.IndexFunc(aws.Zones, func(z Zone) bool { return overlap(r, z.Public) })
	if public < 0 {
		return
	}
	v.refuse(key, r, fmt.Sprintf("it overlaps a public subnet, network.aws.zones[%d].public = %s, and the private subnets' network ACL shuts those out (VPC-20)", public, aws.Zones[public].Public),
		"choose a range without public subnets, such as the private subnet where the program runs")
}

func (v *validator) eksNodes() {
	const key = "clusters.eks.nodes."
	n := v.plan.Clusters.EKS.Nodes
	v.need(n.Min <= n.Desired && n.Desired <= n.Max, key+"desired", n.Desired,
		fmt.Sprintf("it must lie between min = %d and max = %d (EKS-23)", n.Min, n.Max), "write a number between the two, or change them")
	v.need(!strings.HasPrefix(n.InstanceType, "a1."), key+"instanceType", n.InstanceType,
		"Amazon Linux 2023, the nodes' image, does not run on the first Graviton (EKS-24)", "choose a newer ARM type, such as t4g.medium")
}

func (v *validator) eksAddons() {
	eks := v.plan.Clusters.EKS
	v.kubeProxy("clusters.eks.addons.kubeProxy", eks.Addons.KubeProxy, eks.Version)
	cni := eks.Addons.VPCCNI
	v.need(!isAddon(cni) || !strings.HasPrefix(cni, "v1.") || minor(cni) >= 14, "clusters.eks.addons.vpcCni", cni,
		"the VPC CNI enforces network policies from v1.14 on (EKS-34)", addonRemedy)
}

func isAddon(version string) bool {
	return constraints["clusters.eks.addons.vpcCni"].Pattern.MatchString(version)
}

// kubeProxy must not be newer than the API server, nor more than three minors
// older (the Kubernetes version skew policy).
func (v *validator) kubeProxy(key, version, cluster string) {
	if _, known := eksVersions[cluster]; !known || !isAddon(version) {
		return
	}
	skew := minor(cluster) - minor(version)
	v.need(strings.HasPrefix(version, "v1.") && skew >= 0 && skew <= 3, key, version,
		"kube-proxy is at most three minor versions older than the cluster, which is "+cluster+", and never newer (EKS-10)",
		"write a build of v"+cluster+", or leave the key out")
}

func (v *validator) aksAuthorized() {
	for i, r := range v.plan.Clusters.AKS.AuthorizedRanges {
		key := fmt.Sprintf("clusters.aks.authorizedRanges[%d]", i)
		v.need(ipv4(r), key, r, "AKS takes IPv4 ranges here (AKS-37)", "write an IPv4 range such as 198.51.100.7/32")
		v.canonical(key, r, "AKS-37")
		for _, private := range neverPublic {
			v.need(!ipv4(r) || !contains(private, r), key, r,
				"nobody reaches a public API from an address in "+private.String()+": whoever writes it locks everybody out (AKS-51)",
				"write the public address that people and CI have on the internet")
		}
	}
}

// neverPublic are ranges from which no packet comes over the internet
// (RFC 1918, RFC 6598, RFC 3927, RFC 1122).
var neverPublic = []netip.Prefix{
	prefix("10.0.0.0/8"), prefix("172.16.0.0/12"), prefix("192.168.0.0/16"), prefix("100.64.0.0/10"), linkLocal.cidr, loopback.cidr,
}

// nodePodRange is what each node takes from the pod range, as a prefix length (AKS-19).
const nodePodRange = 24

func (v *validator) aksPods() {
	aks := v.plan.Clusters.AKS
	if !ipv4(aks.PodCIDR) || aks.PodCIDR.Bits() > nodePodRange {
		return
	}
	room, need := 1<<(nodePodRange-aks.PodCIDR.Bits()), aks.Pool.Max+PoolSurge
	v.need(room >= need, "clusters.aks.podCidr", aks.PodCIDR,
		fmt.Sprintf("it holds %d nodes of a /%d each, and %d with the surge of an upgrade need %d (AKS-20)", room, nodePodRange, aks.Pool.Max, need),
		"choose a larger range, for example a /16")
}

func (v *validator) aksDNS() {
	const key = "clusters.aks.dnsServiceIp"
	services, dns := v.plan.Clusters.AKS.ServiceCIDR, v.plan.Clusters.AKS.DNSServiceIP
	if !ipv4(services) {
		return
	}
	remedy := "choose another address in " + services.Masked().String() + ", or leave the key out to get " + nth(services, 10).String()
	if !services.Contains(dns) {
		v.refuse(key, dns, "the cluster's DNS is one of its services: it lies in clusters.aks.serviceCidr = "+services.String()+" (AKS-25)", remedy)
		return
	}
	v.need(nth(services, 1).Less(dns) && dns != last(services), key, dns, "the first address is the API's own service (AKS-25)", remedy)
}

func (v *validator) aksPool() {
	const key = "clusters.aks.pool."
	p := v.plan.Clusters.AKS.Pool
	v.need(p.Min <= p.Count && p.Count <= p.Max, key+"count", p.Count,
		fmt.Sprintf("it must lie between min = %d and max = %d (AKS-08)", p.Min, p.Max), "write a number between the two, or change them")
}

// vmSizeForm reads Standard_D4-2s_v5: family, vCPUs, those in use, features.
var vmSizeForm = regexp.MustCompile(`^Standard_[A-Z]{1,3}(\d+)(?:-(\d+))?([a-z]*)(?:_[A-Za-z0-9]+)*$`)

// aksPoolSize holds the machine to what the API refuses, 2 vCPU and 4 GB
// (AKS-06). The documentation advises against B-series and below 4 vCPU; the
// default is such a machine, on purpose.
func (v *validator) aksPoolSize() {
	const key = "clusters.aks.pool.vmSize"
	size := v.plan.Clusters.AKS.Pool.VMSize
	parts := vmSizeForm.FindStringSubmatch(size)
	if parts == nil {
		return // the constraint says so
	}
	// Features with a t have half a gigabyte or less for each vCPU.
	small := vcpus(parts) < 2 || strings.Contains(parts[3], "t")
	v.need(!small, key, size, "a system pool's machines have 2 vCPUs and 4 GB at least (AKS-06)", "choose a larger size, such as Standard_B2ms")
}

func vcpus(parts []string) int {
	text := parts[1]
	if parts[2] != "" {
		text = parts[2]
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
