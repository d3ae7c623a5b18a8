package plan

import (
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

// SendingTunnels is through how many of the tunnels AWS sends at a time: all with
// a transit gateway, which spreads flows over equal BGP routes, and one with a
// virtual private gateway (AWV-11). Azure may send through any.
func (v VPN) SendingTunnels() int {
	if v.OnTransit() {
		return len(v.Tunnels)
	}
	return 1
}
