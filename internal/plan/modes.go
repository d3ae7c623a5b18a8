package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// HasNAT says that private subnets reach the internet, through NAT gateways in
// public subnets.
func (n AWSNetwork) HasNAT() bool { return n.Egress != EgressEndpoints }

// MakesVPC says that the VPC is Burrow's own.
func (n AWSNetwork) MakesVPC() bool { return n.VPCID == "" }

// MakesVNet says that the VNet is Burrow's own.
func (n AzureNetwork) MakesVNet() bool { return n.VNetID == "" }

// VNetGroup is the resource group of the VNet that exists already, and VNetName
// its name; both are empty where Burrow makes the VNet.
func (n AzureNetwork) VNetGroup() string { return n.vnetPart("resourceGroups") }

// VNetName is the name of the VNet that exists already; see [AzureNetwork.VNetGroup].
func (n AzureNetwork) VNetName() string { return n.vnetPart("virtualNetworks") }

// vnetPart is what follows a word in the VNet's id.
func (n AzureNetwork) vnetPart(word string) string {
	parts := strings.Split(n.VNetID, "/")
	if i := slices.Index(parts, word); i >= 0 && i+1 < len(parts) {
		return parts[i+1]
	}
	return ""
}

// controlPlaneZones are how many of the zones EKS puts its own interfaces in.
const controlPlaneZones = 2

// ControlPlaneZones are the zones of the EKS control plane's interfaces: the
// first two. EKS wants two at least (EKS-02) and never lets a cluster have others
// later (EKS-03), so that a third zone, which nodes, load balancer and resolver
// endpoints use, can come and go while the cluster stays.
func (n AWSNetwork) ControlPlaneZones() []Zone { return n.Zones[:min(controlPlaneZones, len(n.Zones))] }

// GroupName is the base name of the node group. EKS keeps its subnets and its
// instance type for life, and two of one name cannot stand side by side (EKS-22),
// so the name tells of both wherever they differ from the default estate's: a
// group of other zones or machines comes, and its nodes with it, before the old
// one goes.
func (n EKSNodes) GroupName(aws AWSNetwork) string {
	parts := []string{n.Name}
	if len(aws.Zones) > controlPlaneZones {
		var letters []string // of eu-west-2a, the a
		for _, zone := range aws.Zones {
			letters = append(letters, zone.Name[max(0, len(zone.Name)-1):])
		}
		slices.Sort(letters) // another order is no other group
		parts = append(parts, strings.Join(letters, ""))
	}
	if n.InstanceType != defaultInstanceType {
		parts = append(parts, strings.ReplaceAll(n.InstanceType, ".", "-"))
	}
	return strings.Join(parts, "-")
}

// OnTransit says that the tunnels end at a transit gateway.
func (v VPN) OnTransit() bool { return v.AWSGateway == TransitGateway }

// BGP says that the tunnels announce the networks.
func (v VPN) BGP() bool { return v.Routing != RoutingStatic }

// SendingTunnels is through how many of the tunnels AWS sends at a time: all with
// a transit gateway, which spreads flows over equal BGP routes, and one with a
// virtual private gateway (AWV-11). Azure may send through any.
func (v VPN) SendingTunnels() int {
	if v.OnTransit() && v.BGP() {
		return len(v.Tunnels)
	}
	return 1
}

// Modes are those choices of an estate whose change on a living estate moves
// something that carries the path. The stack exports them, and the next run
// compares.
type Modes struct {
	AWSGateway    AWSGateway   `json:"awsGateway"`
	Routing       Routing      `json:"routing"`
	Suite         string       `json:"suite"`
	SKU           string       `json:"sku"`
	Generation    string       `json:"generation"`
	Egress        EgressMode   `json:"egress"`
	VPCID         string       `json:"vpcId"`
	VNetID        string       `json:"vnetId"`
	Zones         []string     `json:"zones"`
	NetworkPolicy PolicyEngine `json:"networkPolicy"`
	NodeType      string       `json:"nodeType"`
	PoolName      string       `json:"poolName"`
	PoolZones     []string     `json:"poolZones"`
	PoolSize      string       `json:"poolSize"`
	PoolDiskGB    int          `json:"poolDiskGB"`
	Protect       bool         `json:"protect"`
	// What names and places everything of a side.
	Suffix   string `json:"suffix"`
	AWSASN   uint32 `json:"awsAsn"`
	AzureASN uint32 `json:"azureAsn"`
	AWS      string `json:"aws"`   // region and range
	Azure    string `json:"azure"` // location and range
	Group    string `json:"resourceGroup"`
}

// Modes are the modes of the plan.
func (p *Plan) Modes() Modes {
	m := Modes{
		AWSGateway: p.VPN.AWSGateway, Routing: p.VPN.Routing, Suite: p.VPN.Suite,
		SKU: p.VPN.SKU, Generation: p.VPN.Generation,
		Egress: p.Network.AWS.Egress, VPCID: p.Network.AWS.VPCID, VNetID: p.Network.Azure.VNetID,
		NetworkPolicy: p.Clusters.AKS.NetworkPolicy, NodeType: p.Clusters.EKS.Nodes.InstanceType,
		PoolName: p.Clusters.AKS.Pool.Name, PoolZones: p.Clusters.AKS.Pool.Zones,
		PoolSize: p.Clusters.AKS.Pool.VMSize, PoolDiskGB: p.Clusters.AKS.Pool.DiskGB,
		Protect: p.Estate.Protect, Suffix: p.Estate.Suffix, AWSASN: p.VPN.AWSASN, AzureASN: p.VPN.AzureASN,
		AWS:   fmt.Sprintf("%s %s", p.Network.AWS.Region, p.Network.AWS.CIDR),
		Azure: fmt.Sprintf("%s %s", p.Network.Azure.Location, p.Network.Azure.CIDR),
		Group: p.Network.Azure.ResourceGroup,
	}
	for _, zone := range p.Network.AWS.Zones {
		m.Zones = append(m.Zones, zone.Name)
	}
	return m
}

// Values are the modes as a stack output holds them.
func (m Modes) Values() (map[string]any, error) {
	var values map[string]any
	text, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(text, &values)
	}
	if err != nil {
		return nil, fmt.Errorf("write the modes: %w", err)
	}
	return values, nil
}

// ReadModes are the modes that a stack output holds; false where it holds none.
func ReadModes(output any) (m Modes, ok bool) {
	if output == nil {
		return m, false
	}
	text, err := json.Marshal(output)
	if err != nil || json.Unmarshal(text, &m) != nil {
		return Modes{}, false
	}
	return m, m.AWSGateway != ""
}

// A Switch is what a change of a mode does to a living estate.
type Switch struct {
	Key      string // of the configuration
	From, To string
	// Cut says for how long nothing crosses, "" when something always does.
	Cut string
	// Means says what happens, in which order, and what else suffers.
	Means string
}

func (s Switch) String() string {
	cut := "the path between bunny and relay stays"
	if s.Cut != "" {
		cut = "THE PATH BETWEEN BUNNY AND RELAY IS CUT for " + s.Cut
	}
	return fmt.Sprintf("%s changes from %s to %s: %s. %s", s.Key, cmp.Or(s.From, "(none)"), cmp.Or(s.To, "(none)"), cut, s.Means)
}

// Durations of what replaces a gateway, as other tools and reports have them
// (AVG-24, and AWS's two to five minutes for a VPN connection).
const (
	gatewayMinutes    = "45 to 90 minutes"
	connectionMinutes = "5 to 15 minutes"
	clusterMinutes    = "10 to 20 minutes"
)

// Switches are what this run does to an estate that had other modes, in the order
// of their keys; none when nothing that matters changes.
func (m Modes) Switches(before Modes) []Switch {
	var found []Switch
	add := func(key string, from, to any, cut, means string) {
		if f, t := fmt.Sprint(from), fmt.Sprint(to); f != t {
			found = append(found, Switch{Key: key, From: f, To: t, Cut: cut, Means: means})
		}
	}
	add("clusters.aks.networkPolicy", before.NetworkPolicy, m.NetworkPolicy, clusterMinutes,
		"The engine belongs to the data plane that the cluster was made with: the cluster is replaced, and bunny is away until it runs again.")
	add("clusters.aks.pool.diskGB", before.PoolDiskGB, m.PoolDiskGB, clusterMinutes, poolMeans)
	add("clusters.aks.pool.name", before.PoolName, m.PoolName, clusterMinutes, poolMeans)
	add("clusters.aks.pool.vmSize", before.PoolSize, m.PoolSize, clusterMinutes, poolMeans)
	add("clusters.aks.pool.zones", joined(before.PoolZones), joined(m.PoolZones), clusterMinutes, poolMeans)
	add("clusters.eks.nodes.instanceType", before.NodeType, m.NodeType, "", groupMeans)
	add("estate.suffix", before.Suffix, m.Suffix, gatewayMinutes, "It is part of every name, and a thing with another name is another thing.")
	add("network.aws", before.AWS, m.AWS, clusterMinutes+" at least", "Another region or range is another VPC and another EKS cluster with everything in it.")
	add("network.aws.egress", before.Egress, m.Egress, "",
		"The new way out comes before the old one goes. Connections from private subnets through a NAT gateway that goes are cut; they do not belong to the path.")
	add("network.aws.vpcId", before.VPCID, m.VPCID, clusterMinutes+" at least", "Another VPC is another EKS cluster with everything in it.")
	if slices.Equal(before.Zones[:min(controlPlaneZones, len(before.Zones))], m.Zones[:min(controlPlaneZones, len(m.Zones))]) {
		add("network.aws.zones", joined(before.Zones), joined(m.Zones), zonesCut(before.Zones, m.Zones), zonesMeans)
	} else {
		add("network.aws.zones", joined(before.Zones), joined(m.Zones), clusterMinutes+" at least",
			"The first two zones are those of the EKS control plane, which never changes zones (EKS-03): the cluster is replaced with everything in it.")
	}
	add("network.azure", before.Azure, m.Azure, gatewayMinutes, "Another location or range is another VNet, another VPN gateway and another AKS cluster.")
	add("network.azure.resourceGroup", before.Group, m.Group, gatewayMinutes, "Everything of the Azure side is in that group and cannot move.")
	add("network.azure.vnetId", before.VNetID, m.VNetID, gatewayMinutes, "Another VNet is another VPN gateway and another AKS cluster.")
	add("vpn.awsAsn", before.AWSASN, m.AWSASN, connectionMinutes, "The AWS gateway keeps its ASN for life (AWV-04): it is replaced.")
	add("vpn.azureAsn", before.AzureASN, m.AzureASN, connectionMinutes, "Both customer gateways are replaced, and all BGP sessions begin anew.")
	add("vpn.awsGateway", before.AWSGateway, m.AWSGateway, "",
		"One VPN connection moves, then routes, then the other, so that one connection stands at any moment. AWS replaces both endpoints of a connection that moves (AWV-28) "+
			"and says it is done before the tunnels are up again: allow for up to "+connectionMinutes+" without a path, or of asymmetric routes.")
	add("vpn.generation", before.Generation, m.Generation, gatewayMinutes, "A gateway keeps its generation for life (AVG-05): it is replaced with its four connections.")
	add("vpn.routing", before.Routing, m.Routing, connectionMinutes, "AWS replaces both VPN connections, and with them the outside addresses.")
	if before.Generation == m.Generation {
		add("vpn.sku", before.SKU, m.SKU, "", "Azure resizes one gateway instance after the other: each tunnel is away for some minutes, two at a time.")
	}
	add("vpn.suite", before.Suite, m.Suite, connectionMinutes, "All four tunnels get other algorithms in one run, AWS's ends before Azure's.")
	slices.SortStableFunc(found, func(a, b Switch) int { return cmp.Compare(a.Key, b.Key) })
	return found
}

const (
	poolMeans  = "A pool keeps this for life (AKS-11): the cluster is replaced with its pool, and bunny is away until it runs again."
	groupMeans = "A node group of the new kind comes before the old one goes, and relay's pods move to it."
	zonesMeans = "The EKS control plane stays. " + groupMeans
)

// zonesCut: taking a zone away takes an address from the load balancer, which is
// replaced then; its name is taken until the old one is gone (NLB-01, NLB-03).
func zonesCut(before, after []string) string {
	for _, zone := range before {
		if !slices.Contains(after, zone) {
			return connectionMinutes
		}
	}
	return ""
}

func joined(items []string) string { return strings.Join(items, ", ") }

// CheckSwitches refuses changes that protection forbids, before anything is done:
// the engine would find out half-way.
func CheckSwitches(before, after Modes) Problems {
	if !before.Protect {
		return nil
	}
	var problems Problems
	for _, s := range after.Switches(before) {
		if !slices.Contains(protectedSwitches, s.Key) {
			continue
		}
		problems = append(problems, Problem{
			Key: s.Key, Value: show(s.To),
			Reason: fmt.Sprintf("it was %s; the change deletes or replaces what estate.protect = true keeps", cmp.Or(s.From, "(none)")),
			Remedy: fmt.Sprintf("write %s again, or set estate.protect to false in a run of its own first", cmp.Or(s.From, `""`)),
		})
	}
	return problems
}

// protectedSwitches replace or delete a gateway, a zone or a key.
var protectedSwitches = []string{
	"estate.suffix", "network.aws", "network.aws.vpcId", "network.azure", "network.azure.resourceGroup", "network.azure.vnetId",
	"vpn.awsAsn", "vpn.awsGateway", "vpn.generation",
}
