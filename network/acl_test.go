package network

import (
	"fmt"
	"net/netip"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/plan"
	"burrow/internal/reach"
)

// packet is what one ACL sees at the edge of its subnet.
type packet struct {
	egress   bool
	protocol int
	remote   string // source of an ingress packet, destination of an egress packet
	port     int    // destination port
}

// admits asks the model of reach, which evaluates the entries as EC2 does.
func admits(rules []aclRule, p packet) bool {
	objects := []*inventory.Object{
		{Type: awstype.Subnet, ID: "subnet"}, {Type: awstype.NetworkAcl, ID: "acl"},
		{Type: awstype.NetworkAclAssociation, ID: "association", In: inventory.Props{"networkAclId": "acl", "subnetId": "subnet"}},
	}
	for _, r := range rules {
		action := "allow"
		if r.Deny {
			action = "deny"
		}
		objects = append(objects, &inventory.Object{Type: awstype.NetworkAclRule, ID: r.Name, In: inventory.Props{
			"networkAclId": "acl", "ruleNumber": float64(r.Number), "egress": r.Egress, "ruleAction": action,
			"protocol": fmt.Sprint(r.Protocol), "cidrBlock": r.CIDR.String(), "fromPort": float64(r.Ports.From), "toPort": float64(r.Ports.To),
		}})
	}
	sent := reach.Packet{
		Protocol: map[int]string{tcp: "tcp", udp: "udp", icmp: "icmp"}[p.protocol], ToPort: p.port,
		From: netip.MustParseAddr(p.remote), To: netip.MustParseAddr(p.remote),
	}
	return reach.NetworkACL(inventory.View{Source: inventory.NewList(objects...)}, "subnet", p.egress, sent).Verdict == reach.Passes
}

// Addresses of the default estate.
const (
	nodeAZ1     = "10.0.1.20"
	nodeAZ2     = "10.0.2.20"
	natAZ1      = "10.0.101.9"
	runner      = "10.0.8.5" // in a subnet of the VPC that is none of ours
	aksNode     = "10.10.1.7"
	azureIn     = "10.10.3.4"
	azureOut    = "10.10.3.20"
	azureOther  = "10.10.200.1"
	web         = "198.51.100.9"
	ephemeral   = 40000
	kubernetes  = 10250
	privileged  = 22
	unknownPort = 5432
)

func TestPrivateACL(t *testing.T) {
	p := plan.Default()
	rules := privateACL(p.Network, p.K8s.Relay)
	relay, nodePort := p.K8s.Relay.Port, p.K8s.Relay.NodePort
	for _, tc := range []struct {
		name string
		packet
		want bool
	}{
		{"image pull leaves", packet{true, tcp, web, 443}, true},
		{"image pull's reply", packet{false, tcp, web, ephemeral}, true},
		{"plain HTTP does not leave", packet{true, tcp, web, 80}, false},
		{"the internet cannot ask for SSH", packet{false, tcp, web, privileged}, false},
		{"the internet sends no UDP", packet{false, udp, web, ephemeral}, false},
		{"nothing but HTTPS is asked of the internet", packet{true, tcp, web, ephemeral}, false},

		{"node to the API in the other zone", packet{true, tcp, nodeAZ2, 443}, true},
		{"the API's interface hears the node", packet{false, tcp, nodeAZ1, 443}, true},
		{"the API's reply leaves", packet{true, tcp, nodeAZ1, ephemeral}, true},
		{"the API's reply arrives", packet{false, tcp, nodeAZ2, ephemeral}, true},
		{"control plane to kubelet leaves", packet{true, tcp, nodeAZ2, kubernetes}, true},
		{"control plane to kubelet arrives", packet{false, tcp, nodeAZ1, kubernetes}, true},
		{"pod to CoreDNS, UDP", packet{false, udp, nodeAZ1, 53}, true},
		{"pod to CoreDNS, TCP", packet{true, tcp, nodeAZ2, 53}, true},
		{"CoreDNS's reply", packet{false, udp, nodeAZ2, ephemeral}, true},
		{"no SSH between zones", packet{false, tcp, nodeAZ1, privileged}, false},

		{"a runner elsewhere in the VPC to the API", packet{false, tcp, runner, 443}, true},
		{"the API's reply to the runner", packet{true, tcp, runner, ephemeral}, true},
		{"the runner asks for SSH", packet{false, tcp, runner, privileged}, false},
		{"a public subnet's host to the API", packet{false, tcp, natAZ1, 443}, false},
		{"no reply to a public subnet's host", packet{true, tcp, natAZ1, ephemeral}, false},

		{"AKS node to the load balancer", packet{false, tcp, aksNode, relay}, true},
		{"AKS node's address at the node port", packet{false, tcp, aksNode, nodePort}, true},
		{"relay's reply to the AKS node", packet{true, tcp, aksNode, ephemeral}, true},
		{"load balancer to the node port across zones", packet{true, tcp, nodeAZ2, nodePort}, true},
		{"health check at the node port across zones", packet{false, tcp, nodeAZ1, nodePort}, true},
		{"AKS node to a kubelet", packet{false, tcp, aksNode, kubernetes}, false},
		{"AKS node to some port", packet{false, tcp, aksNode, unknownPort}, false},
		{"AKS node asks no DNS here", packet{false, udp, aksNode, 53}, false},
		{"nothing asks AKS nodes for HTTPS", packet{true, tcp, aksNode, 443}, false},

		{"Azure's outbound resolver asks, UDP", packet{false, udp, azureOut, 53}, true},
		{"Azure's outbound resolver asks, TCP", packet{false, tcp, azureOut, 53}, true},
		{"the answer to it, UDP", packet{true, udp, azureOut, ephemeral}, true},
		{"the answer to it, TCP", packet{true, tcp, azureOut, ephemeral}, true},
		{"Azure's outbound resolver has no other business", packet{false, tcp, azureOut, relay}, false},
		{"we ask Azure's inbound resolver, UDP", packet{true, udp, azureIn, 53}, true},
		{"we ask Azure's inbound resolver, TCP", packet{true, tcp, azureIn, 53}, true},
		{"its answer, UDP", packet{false, udp, azureIn, ephemeral}, true},
		{"its answer, TCP", packet{false, tcp, azureIn, ephemeral}, true},
		{"Azure's inbound resolver asks nothing", packet{false, udp, azureIn, 53}, false},

		{"the rest of Azure, towards a high port", packet{false, tcp, azureOther, nodePort}, false},
		{"the rest of Azure, outwards", packet{true, tcp, azureOther, 443}, false},
		{"a public subnet's host, towards a high port", packet{false, tcp, natAZ1, nodePort}, false},
		{"a public subnet's host, outwards", packet{true, tcp, natAZ1, 443}, false},
		{"path MTU from the internet", packet{false, icmp, web, 0}, true},
		{"path MTU from a NAT gateway", packet{false, icmp, natAZ1, 0}, true},
		{"path MTU from Azure", packet{false, icmp, aksNode, 0}, true},
		{"path MTU to Azure", packet{true, icmp, aksNode, 0}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := admits(rules, tc.packet); got != tc.want {
				t.Errorf("admits(%+v) = %v, want %v", tc.packet, got, tc.want)
			}
		})
	}
}

// TestPrivateACLOfTransitGateway: a packet for relay may come out of the transit
// gateway in another zone than the load balancer's, and leaves that zone's subnet.
func TestPrivateACLOfTransitGateway(t *testing.T) {
	for _, port := range []int{80, 443, 8443} {
		p := plan.Default()
		p.K8s.Relay.Port = port
		if !admits(privateACL(p.Network, p.K8s.Relay), packet{true, tcp, nodeAZ2, port}) {
			t.Errorf("nothing gets from one zone to port %d in the other", port)
		}
	}
	p := plan.Default()
	if admits(privateACL(p.Network, p.K8s.Relay), packet{true, tcp, nodeAZ2, 80}) {
		t.Error("port 80 is open, and nobody needs it")
	}
}

// TestPrivateACLWithEndpoints: endpoints are the VPC's, S3 is outside, and there are
// no public subnets to keep apart.
func TestPrivateACLWithEndpoints(t *testing.T) {
	p := inMode(withEndpoints)
	rules := privateACL(p.Network, p.K8s.Relay)
	for _, tc := range []struct {
		name string
		packet
		want bool
	}{
		{"node to an endpoint in the other zone leaves", packet{true, tcp, nodeAZ2, 443}, true},
		{"and arrives", packet{false, tcp, nodeAZ1, 443}, true},
		{"the endpoint's reply leaves", packet{true, tcp, nodeAZ1, ephemeral}, true},
		{"and arrives", packet{false, tcp, nodeAZ2, ephemeral}, true},
		{"image layers are asked of S3", packet{true, tcp, web, 443}, true},
		{"S3's reply", packet{false, tcp, web, ephemeral}, true},
		{"S3 asks nothing", packet{false, tcp, web, 443}, false},
		{"what may not leave with NAT may not leave now", packet{true, tcp, web, 80}, false},
		{"a runner elsewhere in the VPC to an endpoint", packet{false, tcp, runner, 443}, true},
		{"where a public subnet could be is VPC", packet{false, tcp, natAZ1, 443}, true},
		{"AKS node to the load balancer", packet{false, tcp, aksNode, p.K8s.Relay.Port}, true},
		{"AKS nodes reach no endpoint", packet{false, tcp, aksNode, 443}, false},
		{"nor does the rest of Azure", packet{false, tcp, azureOther, 443}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := admits(rules, tc.packet); got != tc.want {
				t.Errorf("admits(%+v) = %v, want %v", tc.packet, got, tc.want)
			}
		})
	}
}

func TestPublicACL(t *testing.T) {
	rules := publicACL(plan.Default().Network)
	for _, tc := range []struct {
		name string
		packet
		want bool
	}{
		{"node's HTTPS reaches the NAT gateway", packet{false, tcp, nodeAZ1, 443}, true},
		{"NAT gateway asks the internet", packet{true, tcp, web, 443}, true},
		{"the internet answers", packet{false, tcp, web, 1024}, true},
		{"NAT gateway hands the answer on", packet{true, tcp, nodeAZ2, ephemeral}, true},
		{"no plain HTTP", packet{false, tcp, nodeAZ1, 80}, false},
		{"no plain HTTP out", packet{true, tcp, web, 80}, false},
		{"nodes reach no other port", packet{false, tcp, nodeAZ1, ephemeral}, false},
		{"nothing is asked of nodes", packet{true, tcp, nodeAZ1, 443}, false},
		{"no SSH from the internet", packet{false, tcp, web, privileged}, false},
		{"no DNS to the internet", packet{true, udp, web, 53}, false},
		{"Azure has no business here", packet{false, tcp, aksNode, ephemeral}, false},
		{"nor is Azure asked anything", packet{true, tcp, aksNode, 443}, false},
		{"path MTU", packet{false, icmp, web, 0}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := admits(rules, tc.packet); got != tc.want {
				t.Errorf("admits(%+v) = %v, want %v", tc.packet, got, tc.want)
			}
		})
	}
}

// TestACLLimits holds the ACLs of up to six zones against EC2's limits; no
// region has more.
func TestACLLimits(t *testing.T) {
	for mode, change := range modes {
		for zones := 2; zones <= 6; zones++ {
			p := inMode(change)
			p.Network.AWS.Zones = manyZones(zones)
			p.K8s.Relay.Port = 80 // a rule more
			for acl, rules := range map[string][]aclRule{
				"private": privateACL(p.Network, p.K8s.Relay),
				"public":  publicACL(p.Network),
			} {
				t.Run(fmt.Sprintf("%s/%s/%d zones", mode, acl, zones), func(t *testing.T) { checkLimits(t, rules) })
			}
		}
	}
}

func checkLimits(t *testing.T, rules []aclRule) {
	t.Helper()
	type key struct {
		egress bool
		id     any
	}
	seen, count := map[key]bool{}, map[bool]int{}
	for _, r := range rules {
		count[r.Egress]++
		if r.Number < 1 || r.Number > 32766 {
			t.Errorf("%s: number %d is out of range (VPC-17)", r.Name, r.Number)
		}
		for _, id := range []any{r.Number, r.Name} {
			if seen[key{r.Egress, id}] {
				t.Errorf("%v stands twice in one direction (VPC-17)", id)
			}
			seen[key{r.Egress, id}] = true
		}
	}
	for direction, n := range count {
		if n > 19 { // the implicit denial may count as the twentieth
			t.Errorf("egress %v has %d rules (VPC-18)", direction, n)
		}
	}
}

// TestACLNumbersStay proves that another zone renumbers nothing.
func TestACLNumbersStay(t *testing.T) {
	p, q := plan.Default(), plan.Default()
	q.Network.AWS.Zones = append(q.Network.AWS.Zones, manyZones(3)[2])
	after := map[string]int{}
	for _, r := range privateACL(q.Network, q.K8s.Relay) {
		after[fmt.Sprint(r.Egress, r.Name)] = r.Number
	}
	for _, r := range privateACL(p.Network, p.K8s.Relay) {
		if got := after[fmt.Sprint(r.Egress, r.Name)]; got != r.Number {
			t.Errorf("%s: %d became %d", r.Name, r.Number, got)
		}
	}
}

func manyZones(n int) []plan.Zone {
	zones := make([]plan.Zone, n)
	for i := range zones {
		zones[i] = plan.Zone{
			Name:    "eu-west-2" + string(rune('a'+i)),
			Private: netip.MustParsePrefix(fmt.Sprintf("10.0.%d.0/24", i+1)),
			Public:  netip.MustParsePrefix(fmt.Sprintf("10.0.%d.0/24", i+101)),
		}
	}
	return zones
}
