package plan

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Name tells the four tunnels apart, for example instance0-tunnel1.
func (t Tunnel) Name() string {
	return fmt.Sprintf("instance%d-tunnel%d", t.Instance, t.Number)
}

// AWSInside is the AWS end of the tunnel and its BGP address: AWS takes the
// first host of the inside /30 (AWV-23).
func (t Tunnel) AWSInside() netip.Addr { return nth(t.Inside, 1) }

// AzureInside is the Azure end of the tunnel and its custom BGP address: the
// second host of the inside /30 (AWV-23).
func (t Tunnel) AzureInside() netip.Addr { return nth(t.Inside, 2) }

// InstanceTunnels are the tunnels that end on one Azure gateway instance (0 or
// 1), by number. Together they are one VPN connection in AWS.
func (v VPN) InstanceTunnels(instance int) []Tunnel {
	var found []Tunnel
	for _, t := range v.Tunnels {
		if t.Instance == instance {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b Tunnel) int { return cmp.Compare(a.Number, b.Number) })
	return found
}

// Instances are the Azure gateway instances that have tunnels, in order.
func (v VPN) Instances() []int {
	var instances []int
	for _, t := range v.Tunnels {
		if !slices.Contains(instances, t.Instance) {
			instances = append(instances, t.Instance)
		}
	}
	slices.Sort(instances)
	return instances
}

// OrderedTunnels are all tunnels by instance, then number: the order in which
// their connections wait for one another.
func (v VPN) OrderedTunnels() []Tunnel {
	var ordered []Tunnel
	for _, instance := range v.Instances() {
		ordered = append(ordered, v.InstanceTunnels(instance)...)
	}
	return ordered
}

// awsTunnelMbps is what AWS carries in one tunnel (AVG-38).
const awsTunnelMbps = 1250

// TunnelMbps is what one tunnel carries, in megabits a second: the lesser of what
// Azure measured for the gateway's size and suite, and AWS's limit. Source:
// azure-docs includes/vpn-gateway-table-sku-performance.md (AVG-38).
func (v VPN) TunnelMbps() int {
	speed := gatewayMbps[v.SKU]
	if strings.Contains(v.Suite, "gcm") {
		return min(speed.gcm, awsTunnelMbps)
	}
	return min(speed.cbc, awsTunnelMbps)
}
