package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/local"
)

// A modeSwitch changes a mode of a living estate.
type modeSwitch struct {
	name     string
	from, to settings
	// warns is what the preview says of it beforehand.
	warns []string
	// cut says that there is a moment without a path.
	cut bool
	// keeps are types of which nothing may be replaced or deleted.
	keeps []string
}

var switches = []modeSwitch{
	{
		name: "virtual private gateway to transit gateway", to: settings{"vpn.awsGateway": "transit-gateway"},
		warns: []string{"vpn.awsGateway changes from virtual-private-gateway to transit-gateway: the path between bunny and relay stays", "5 to 15 minutes"},
		keeps: []string{"aws:ec2/vpnConnection:VpnConnection", "azure-native:network:VirtualNetworkGatewayConnection", "aws:ec2/route:Route"},
	},
	{
		name: "transit gateway to virtual private gateway", from: settings{"vpn.awsGateway": "transit-gateway"},
		warns: []string{"vpn.awsGateway changes from transit-gateway to virtual-private-gateway"},
		keeps: []string{"aws:ec2/vpnConnection:VpnConnection", "azure-native:network:VirtualNetworkGatewayConnection", "aws:ec2/route:Route"},
	},
	{
		name: "NAT to endpoints", to: settings{"network.aws.egress": "endpoints"},
		warns: []string{"network.aws.egress changes from nat-per-zone to endpoints: the path between bunny and relay stays"},
		keeps: []string{"aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster", "aws:ec2/vpnConnection:VpnConnection"},
	},
	{
		name: "endpoints to NAT", from: settings{"network.aws.egress": "endpoints"},
		warns: []string{"network.aws.egress changes from endpoints to nat-per-zone: the path between bunny and relay stays"},
		keeps: []string{"aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster"},
	},
	{
		name: "two zones to three", to: settings{"network.aws.zones": threeZones},
		warns: []string{"network.aws.zones changes from eu-west-2a, eu-west-2b to eu-west-2a, eu-west-2b, eu-west-2c: the path between bunny and relay stays"},
		keeps: []string{"aws:eks/cluster:Cluster", "aws:lb/loadBalancer:LoadBalancer", "aws:route53/resolverEndpoint:ResolverEndpoint", "aws:ec2/vpnConnection:VpnConnection"},
	},
	{
		name: "BGP to static routes", to: settings{"vpn.routing": "static"}, cut: true,
		warns: []string{"vpn.routing changes from bgp to static: THE PATH BETWEEN BUNNY AND RELAY IS CUT for 5 to 15 minutes"},
	},
	{
		name: "another generation of the Azure gateway", to: settings{"vpn.sku": "VpnGw3AZ", "vpn.generation": "Generation2"}, cut: true,
		warns: []string{"vpn.generation changes from Generation1 to Generation2: THE PATH BETWEEN BUNNY AND RELAY IS CUT for 45 to 90 minutes"},
	},
	{
		name: "another size of the Azure gateway", to: settings{"vpn.sku": "VpnGw3AZ"},
		warns: []string{"vpn.sku changes from VpnGw1AZ to VpnGw3AZ"},
		keeps: []string{"azure-native:network:VirtualNetworkGateway", "azure-native:network:VirtualNetworkGatewayConnection"},
	},
	{
		name: "other machines in EKS", to: settings{"clusters.eks.nodes.instanceType": "m7g.large"},
		warns: []string{"clusters.eks.nodes.instanceType changes from t3.medium to m7g.large: the path between bunny and relay stays"},
		keeps: []string{"aws:eks/cluster:Cluster", "aws:lb/loadBalancer:LoadBalancer"},
	},
	{
		name: "another policy engine", to: settings{"clusters.aks.networkPolicy": "calico"},
		warns: []string{"clusters.aks.networkPolicy changes from cilium to calico: THE PATH BETWEEN BUNNY AND RELAY IS CUT for 10 to 20 minutes"},
		keeps: []string{"azure-native:network:VirtualNetworkGateway"},
		cut:   true,
	},
}

// Modes are switched on a living estate: the preview says beforehand what becomes
// of the path, the path is as it says at every write, and the estate ends like one
// that was made so.
func TestSwitches(t *testing.T) {
	for _, sw := range switches {
		t.Run(sw.name, func(t *testing.T) {
			t.Parallel()
			sw.live(t)
		})
	}
}

func (sw modeSwitch) live(t *testing.T) {
	var path pathRecorder
	s := newStack(t, "deploy", sw.from, func(o *local.Options) { o.OnWrite = path.saw })
	s.run("up")
	s.tunnelsUp("before the switch", 4)
	s.configure(sw.to)
	out := s.run("preview")
	for _, words := range sw.warns {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), words) {
			t.Errorf("the preview does not say %q:\n%s", words, tail(out))
		}
	}
	gone := map[string]bool{}
	for _, step := range s.preview() {
		if step.Op == "replace" || step.Op == "delete" {
			gone[typeOf(step.URN)] = true
		}
	}
	for _, typ := range sw.keeps {
		if gone[typ] {
			t.Errorf("the preview replaces or deletes some %s", typ)
		}
	}
	path.start()
	s.run("up")
	if cut := path.cuts(); (len(cut) > 0) != sw.cut {
		t.Errorf("moments without a path: %d, want some %v\n%s", len(cut), sw.cut, strings.Join(cut, "\n"))
	}
	t.Logf("%d writes:\n%s", len(path.steps), strings.Join(path.steps, "\n"))
	s.tunnelsUp("after the switch", 4)
	s.unchanged("after the switch")
	s.refresh()
	s.destroyed()
}

// A pathRecorder judges, at each write of a run, whether anything still crosses
// between bunny and relay.
type pathRecorder struct {
	recording bool
	steps     []string // what was written, in order
	broken    []string // after what there was no path, and why
}

func (r *pathRecorder) start() { r.recording = true }

func (r *pathRecorder) cuts() []string { return r.broken }

// saw is told of every write. A VPN connection that is being changed carries
// nothing meanwhile: AWS replaces its endpoints (AWV-28).
func (r *pathRecorder) saw(tx *emulator.Tx, e emulator.Event) {
	if !r.recording {
		return
	}
	moment := fmt.Sprintf("%s %s", opName(e.Op), e.URN[strings.LastIndex(e.URN, "::")+2:])
	if !e.Begin {
		r.steps = append(r.steps, moment)
	}
	away := ""
	if e.Begin && e.Op != emulator.OpCreate && e.Type == "aws:ec2/vpnConnection:VpnConnection" {
		away = e.ID
	}
	why := r.noPath(tx, away)
	if why == "" {
		return
	}
	r.broken = append(r.broken, fmt.Sprintf("%s (begins %v): %s", moment, e.Begin, why))
}

// noPath says why nothing crosses, or "": for each of the load balancer's subnets
// a tunnel carries, it has nodes behind it, and there are nodes for bunny.
func (r *pathRecorder) noPath(tx *emulator.Tx, away string) string {
	for _, balancer := range tx.All("aws:lb/loadBalancer:LoadBalancer") {
		for _, subnet := range balancer.In.Strings("subnetMappings[*].subnetId") {
			tunnels := emulator.TunnelsOf(tx, subnet)
			if !slices.ContainsFunc(tunnels, func(t emulator.Tunnel) bool { return t.Carries() && t.VPNConnection != away }) {
				return fmt.Sprintf("no tunnel carries for %s: %v", subnet, tunnels)
			}
		}
	}
	for _, typ := range []string{
		"aws:eks/nodeGroup:NodeGroup", "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener",
		"aws:autoscaling/attachment:Attachment", "azure-native:containerservice:ManagedCluster",
	} {
		if len(tx.All(typ)) == 0 {
			return "there is no " + typ
		}
	}
	return ""
}

func opName(op emulator.Op) string {
	switch op {
	case emulator.OpCreate:
		return "create"
	case emulator.OpUpdate:
		return "update"
	}
	return "delete"
}
