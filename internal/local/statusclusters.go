package local

import (
	"fmt"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// clusters lists both clouds' Kubernetes clusters.
func (s *screen) clusters() {
	t := section{heading: "Clusters", rows: [][]string{{"NAME", "CLOUD", "KUBERNETES", "API", "NODES"}}}
	for _, c := range s.tx.All(awstype.Cluster) {
		t.rows = append(t.rows, []string{
			c.Value("name"), "AWS " + c.Region, c.Value("version"),
			access(c.Out.Bool("vpcConfig.endpointPublicAccess")), s.eksNodes(c),
		})
	}
	for _, c := range s.tx.All(azuretype.ManagedCluster) {
		t.rows = append(t.rows, []string{
			lastPart(c.ID), "Azure " + c.Value("location"), c.Value("kubernetesVersion"),
			access(!c.Out.Bool("apiServerAccessProfile.enablePrivateCluster")), aksNodes(c),
		})
	}
	s.add(t)
}

func access(public bool) string {
	if public {
		return "public"
	}
	return "private"
}

// eksNodes are the cluster's managed node groups, for example "2 × t3.medium".
func (s *screen) eksNodes(cluster *inventory.Object) string {
	var groups []string
	for _, g := range s.tx.All(awstype.NodeGroup) {
		if g.Value("clusterName") == cluster.Value("name") && g.Region == cluster.Region {
			what := fmt.Sprintf("%d × %s", g.Out.Int("scalingConfig.desiredSize"), strings.Join(g.Out.Strings("instanceTypes[*]"), ", "))
			groups = append(groups, unless(g.Value("status"), "ACTIVE", what))
		}
	}
	return strings.Join(groups, ", ")
}

func aksNodes(cluster *inventory.Object) string {
	var pools []string
	for _, p := range cluster.Out.Maps("agentPoolProfiles[*]") {
		pools = append(pools, fmt.Sprintf("%d × %s", p.Int("count"), p.Str("vmSize")))
	}
	return unless(cluster.Value("provisioningState"), "Succeeded", strings.Join(pools, ", "))
}

// unless says what nodes there are, or, where the cloud does not say that they are well,
// what it says.
func unless(state, well, nodes string) string {
	if state == well || state == "" {
		return nodes
	}
	return fmt.Sprintf("%s of %s", state, nodes)
}

// lastPart is the name at the end of an ARM id.
func lastPart(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// loadBalancers lists relay's, with the fixed addresses that bunny reaches.
func (s *screen) loadBalancers() {
	t := section{heading: "Load balancers", rows: [][]string{{"NAME", "SCHEME", "PORT", "ADDRESSES"}}}
	for _, lb := range s.tx.All(awstype.LoadBalancer) {
		scheme := "internet-facing"
		if lb.Out.Bool("internal") {
			scheme = "internal"
		}
		t.rows = append(t.rows, []string{
			lb.Value("name"), scheme, s.ports(lb),
			strings.Join(lb.Out.Strings("subnetMappings[*].privateIpv4Address"), ", "),
		})
	}
	s.add(t)
}

func (s *screen) ports(lb *inventory.Object) string {
	var ports []string
	for _, l := range s.tx.All(awstype.Listener) {
		if l.Value("loadBalancerArn") == lb.Value("arn") {
			ports = append(ports, fmt.Sprint(l.Out.Int("port")))
		}
	}
	return strings.Join(ports, ", ")
}

// counts says how much there is in each cloud, and in which networks.
func (s *screen) counts() {
	things := map[string]int{}
	for _, o := range s.tx.All() {
		things[o.Cloud]++
	}
	t := section{heading: "All in all", rows: [][]string{{"CLOUD", "THINGS", "NETWORK"}}}
	for _, cloud := range []struct{ provider, name, network string }{
		{"aws", "AWS", s.vpcs()}, {"azure-native", "Azure", s.vnets()}, {"kubernetes", "Kubernetes", ""},
	} {
		if n := things[cloud.provider]; n > 0 {
			t.rows = append(t.rows, []string{cloud.name, fmt.Sprint(n), cloud.network})
		}
	}
	s.add(t)
}

func (s *screen) vpcs() string {
	var found []string
	for _, v := range s.tx.All(awstype.Vpc) {
		found = append(found, strings.TrimSpace(v.Out.Str("tags.Name")+" "+v.Value("cidrBlock")))
	}
	return strings.Join(found, ", ")
}

func (s *screen) vnets() string {
	var found []string
	for _, v := range s.tx.All(azuretype.VirtualNetwork) {
		ranges := strings.Join(v.Out.Strings("addressSpace.addressPrefixes[*]"), " ")
		found = append(found, lastPart(v.ID)+" "+ranges)
	}
	return strings.Join(found, ", ")
}
