package network

import (
	"fmt"
	"net/netip"

	"burrow/internal/plan"
)

// Protocol numbers (IANA). EC2 stores and returns numbers, so that names would
// come back as a change.
const (
	icmp = 1
	tcp  = 6
	udp  = 17
)

const (
	httpsPort = 443
	dnsPort   = 53
)

// ports is an inclusive range of destination ports.
type ports struct{ From, To int }

// unprivileged is where replies go: NAT gateways and load balancers use all of
// 1024 to 65535, Linux a part of it (VPC-19). Kubelets, node ports and pods
// that may not bind privileged ports listen there, too.
var unprivileged = ports{1024, 65535}

var internet = netip.MustParsePrefix("0.0.0.0/0")

func port(n int) ports { return ports{n, n} }

// aclRule is one rule of a network ACL. ACLs keep no state: each path needs a
// rule for its packets and one for the replies, in each ACL that it crosses.
type aclRule struct {
	// Name is unique within the ACL's direction and never changes.
	Name string
	// Number orders the rules, 1 to 32766; the first that fits decides. It is
	// fixed for each name: renumbered rules would collide while they are
	// replaced (VPC-17).
	Number   int
	Egress   bool
	Deny     bool
	Protocol int
	// CIDR is the source of an ingress rule, the destination of an egress rule.
	CIDR netip.Prefix
	// Ports are destination ports; unused for ICMP, where the one message let
	// through is "fragmentation needed".
	Ports ports
}

// fragmentationNeeded is ICMP type 3, code 4: path MTU discovery. The tunnels'
// MTU is below the VPC's, so that without it large packets just vanish.
var fragmentationNeeded = struct{ Type, Code int }{3, 4}

// privateACL guards the private subnets, where nodes, control plane interfaces,
// the load balancer and the resolver endpoints live. It holds at most 19 rules
// in a direction with six zones; EC2 allows 20 (VPC-18).
//
// Replies from the internet come to any unprivileged port, and a stateless rule
// cannot tell a reply from a request. The denials before it keep that door shut
// to the two neighbours that could knock: Azure, and the public subnets, where
// there are any.
//
// A transit gateway's interfaces stand in these subnets, too. What comes out of
// one towards another zone leaves its subnet like anything else, with the VPC as
// its destination; what goes in at one is checked again as if it arrived, with
// the VPC as its source. "vpc-tcp" and the rules about DNS let both through, but
// for relay's port where it is a privileged one (docs.aws.amazon.com/vpc,
// tgw-nacls).
//
// With endpoints instead of NAT the rules stay as they are: the addresses of S3
// are public, and those of the other services are the VPC's. No route leads to
// any other public address.
func privateACL(n plan.Network, relay plan.Relay) []aclRule {
	vpc, azure := n.AWS.CIDR, n.Azure.CIDR
	nodes, inbound, outbound := n.Azure.Subnets.Nodes, n.Azure.Subnets.ResolverInbound, n.Azure.Subnets.ResolverOutbound
	rules := fragmentation()
	if n.AWS.HasNAT() {
		for i, zone := range n.AWS.Zones {
			name := fmt.Sprintf("no-public-az%d", i+1)
			rules = append(rules, deny(ingress(110+i, name, zone.Public)), deny(egress(110+i, name, zone.Public)))
		}
	}
	if relay.Port < unprivileged.From {
		rules = append(rules, allow(egress(250, "relay", vpc), tcp, port(relay.Port)))
	}
	return append(rules,
		// Within the VPC: nodes to the API's interfaces and to endpoints, pods to
		// CoreDNS, the replies. Kubelets, node ports and pods are under "replies", and
		// "https" lets out to the VPC, too.
		allow(ingress(200, "api", vpc), tcp, port(httpsPort)),
		allow(ingress(210, "dns-tcp", vpc), tcp, port(dnsPort)),
		allow(ingress(220, "dns-udp", vpc), udp, port(dnsPort)),
		allow(ingress(230, "dns-replies-udp", vpc), udp, unprivileged),
		allow(egress(210, "dns-tcp", vpc), tcp, port(dnsPort)),
		allow(egress(220, "dns-udp", vpc), udp, port(dnsPort)),
		allow(egress(230, "dns-replies-udp", vpc), udp, unprivileged),
		allow(egress(240, "vpc-tcp", vpc), tcp, unprivileged),

		// Azure's nodes to the load balancer, and on to the node port: the load
		// balancer preserves the client's address, so that a node in another
		// zone sees the very same source (NLB-07).
		allow(ingress(300, "relay", nodes), tcp, port(relay.Port)),
		allow(ingress(310, "relay-node-port", nodes), tcp, port(relay.NodePort)),
		allow(egress(300, "relay-replies", nodes), tcp, unprivileged),

		// Azure's outbound resolver asks our inbound endpoint.
		allow(ingress(320, "azure-dns-tcp", outbound), tcp, port(dnsPort)),
		allow(ingress(330, "azure-dns-udp", outbound), udp, port(dnsPort)),
		allow(egress(320, "azure-dns-replies-tcp", outbound), tcp, unprivileged),
		allow(egress(330, "azure-dns-replies-udp", outbound), udp, unprivileged),

		// Our outbound endpoint asks Azure's inbound resolver.
		allow(egress(340, "to-azure-dns-tcp", inbound), tcp, port(dnsPort)),
		allow(egress(350, "to-azure-dns-udp", inbound), udp, port(dnsPort)),
		allow(ingress(340, "to-azure-dns-replies-tcp", inbound), tcp, unprivileged),
		allow(ingress(350, "to-azure-dns-replies-udp", inbound), udp, unprivileged),

		deny(ingress(390, "no-other-azure", azure)),
		deny(egress(390, "no-other-azure", azure)),

		// Image pulls and cloud APIs. The packet names the server all the way;
		// the NAT gateway's address never shows here. S3's layers of images come
		// this way with endpoints, too.
		allow(egress(900, "https", internet), tcp, port(httpsPort)),
		allow(ingress(900, "replies", internet), tcp, unprivileged),
	)
}

// publicACL guards the public subnets, which hold NAT gateways and nothing else:
// HTTPS from the private subnets to the internet, and the replies.
func publicACL(n plan.Network) []aclRule {
	rules := fragmentation()
	for i, zone := range n.AWS.Zones {
		rules = append(rules,
			allow(ingress(200+i, fmt.Sprintf("https-az%d", i+1), zone.Private), tcp, port(httpsPort)),
			allow(egress(200+i, fmt.Sprintf("replies-az%d", i+1), zone.Private), tcp, unprivileged),
		)
	}
	return append(rules,
		deny(ingress(290, "no-other-vpc", n.AWS.CIDR)),
		deny(egress(290, "no-other-vpc", n.AWS.CIDR)),
		deny(ingress(390, "no-azure", n.Azure.CIDR)),
		deny(egress(390, "no-azure", n.Azure.CIDR)),
		allow(egress(900, "https", internet), tcp, port(httpsPort)),
		allow(ingress(900, "replies", internet), tcp, unprivileged),
	)
}

// fragmentation comes first, because any router on any path may send it.
func fragmentation() []aclRule {
	return []aclRule{
		allow(ingress(100, "fragmentation-needed", internet), icmp, ports{}),
		allow(egress(100, "fragmentation-needed", internet), icmp, ports{}),
	}
}

func ingress(number int, name string, source netip.Prefix) aclRule {
	return aclRule{Number: number, Name: name, CIDR: source}
}

func egress(number int, name string, destination netip.Prefix) aclRule {
	return aclRule{Number: number, Name: name, CIDR: destination, Egress: true}
}

func allow(r aclRule, protocol int, p ports) aclRule {
	r.Protocol, r.Ports = protocol, p
	return r
}

// allProtocols is EC2's way of writing "any"; ports are ignored with it (VPC-18).
const allProtocols = -1

func deny(r aclRule) aclRule {
	r.Deny, r.Protocol = true, allProtocols
	return r
}
