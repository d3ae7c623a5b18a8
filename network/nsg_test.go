package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	aznet "github.com/pulumi/pulumi-azure-native-sdk/network/v2"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/plan"
	"burrow/internal/reach"
	"burrow/internal/reach/tunneltest"
)

const (
	inboundDirection  = aznet.SecurityRuleDirectionInbound
	outboundDirection = aznet.SecurityRuleDirectionOutbound
	overTCP           = aznet.SecurityRuleProtocolTcp
	overUDP           = aznet.SecurityRuleProtocolUdp
	overICMP          = aznet.SecurityRuleProtocolIcmp
)

// More addresses of the default estate, and of tags.
const (
	aksNode2    = "10.10.1.8"
	pod         = "10.244.3.4"
	pod2        = "10.244.4.4"
	nlbAZ1      = "10.0.1.250"
	nlbAZ2      = "10.0.2.250"
	awsAsks     = "10.0.1.252" // outbound resolver endpoint
	awsAsks2    = "10.0.2.252"
	awsAnswers  = "10.0.1.251" // inbound resolver endpoint
	awsAnswers2 = "10.0.2.251"
	probe       = "168.63.129.16"
	nowhere     = "192.168.7.7" // private, and in neither cloud
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// opening is the first packet of a flow; a group lets its replies pass.
type opening struct {
	direction aznet.SecurityRuleDirection
	protocol  aznet.SecurityRuleProtocol
	from, to  string
	port      int
}

// decides asks the model of reach, which evaluates the rules with Azure's own beneath
// them, in a VNet whose gateway has learned the VPC from AWS.
func decides(rules []nsgRule, o opening) reach.Hop {
	const group = "/subscriptions/s/group"
	var objects []*inventory.Object
	for _, made := range tunneltest.Four() {
		in := inventory.Props(made.In)
		switch made.Type {
		case awstype.Vpc:
			in = in.With(inventory.Props{"cidrBlock": "10.0.0.0/16"})
		case azuretype.VirtualNetwork:
			in = in.With(inventory.Props{"addressSpace": map[string]any{"addressPrefixes": []any{"10.10.0.0/16"}}})
		}
		objects = append(objects, &inventory.Object{Type: made.Type, ID: made.ID, In: in, Out: in, Hidden: inventory.Props(made.Hidden)})
	}
	subnet := tunneltest.VNet + "/subnets/tested"
	objects = append(objects,
		&inventory.Object{Type: azuretype.Subnet, ID: subnet, In: inventory.Props{"networkSecurityGroup": map[string]any{"id": group}}},
		&inventory.Object{Type: azuretype.NetworkSecurityGroup, ID: group},
		&inventory.Object{Type: azuretype.ManagedCluster, ID: "/subscriptions/s/aks", In: inventory.Props{
			"networkProfile":    map[string]any{"networkPluginMode": "overlay", "podCidr": "10.244.0.0/16"},
			"agentPoolProfiles": []any{map[string]any{"vnetSubnetID": subnet}},
		}})
	for _, r := range rules {
		objects = append(objects, &inventory.Object{Type: azuretype.SecurityRule, ID: group + "/securityRules/" + r.Name, In: inventory.Props{
			"priority": float64(r.Priority), "direction": string(r.Direction), "access": string(r.Access), "protocol": string(r.Protocol),
			"sourceAddressPrefixes": words(r.Sources), "destinationAddressPrefixes": words(r.Destinations),
			"sourcePortRange": "*", "destinationPortRange": portWord(r.Port),
		}})
	}
	packet := reach.Packet{
		Protocol: strings.ToLower(string(o.protocol)), From: netip.MustParseAddr(o.from), To: netip.MustParseAddr(o.to), FromPort: ephemeral, ToPort: o.port,
	}
	return reach.NetworkSecurityGroup(inventory.View{Source: inventory.NewList(objects...)}, subnet, o.direction == outboundDirection, packet)
}

func words(list []string) (all []any) {
	for _, word := range list {
		all = append(all, word)
	}
	return all
}

func portWord(port int) string {
	if port == anyPort {
		return "*"
	}
	return fmt.Sprint(port)
}

type groupCase struct {
	name string
	opening
	want bool
}

func testGroup(t *testing.T, rules []nsgRule, cases []groupCase) {
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			hop := decides(rules, tc.opening)
			if got := hop.Verdict == reach.Passes; got != tc.want {
				t.Errorf("%+v: allowed %v, want %v (%v by %s)", tc.opening, got, tc.want, hop, hop.Resource)
			}
		})
	}
}

func TestNodeRules(t *testing.T) {
	p := plan.Default()
	relay := p.K8s.Relay.Port
	testGroup(t, nodeRules(p.Network, p.Clusters.AKS, p.K8s.Relay), []groupCase{
		{"node to node in", opening{inboundDirection, overTCP, aksNode2, aksNode, 10250}, true},
		{"node to node out", opening{outboundDirection, overUDP, aksNode, aksNode2, 8472}, true},
		{"pod to pod", opening{inboundDirection, overTCP, pod, pod2, 8080}, true},
		{"pod to pod out", opening{outboundDirection, overTCP, pod, pod2, 8080}, true},
		{"node to pod", opening{outboundDirection, overTCP, aksNode, pod, 53}, true},
		{"pod to node", opening{inboundDirection, overTCP, pod, aksNode, 10250}, true},
		{"ping between nodes", opening{inboundDirection, overICMP, aksNode2, aksNode, 0}, true},
		{"probe of a load balancer", opening{inboundDirection, overTCP, probe, aksNode, 31000}, true},

		{"bunny to relay, zone 1", opening{outboundDirection, overTCP, aksNode, nlbAZ1, relay}, true},
		{"bunny to relay, zone 2", opening{outboundDirection, overTCP, aksNode, nlbAZ2, relay}, true},
		{"bunny to another port of relay's", opening{outboundDirection, overTCP, aksNode, nlbAZ1, 443}, false},
		{"bunny past the load balancer", opening{outboundDirection, overTCP, aksNode, nodeAZ1, p.K8s.Relay.NodePort}, false},
		{"bunny to AWS's resolver directly", opening{outboundDirection, overUDP, aksNode, awsAnswers, 53}, false},
		{"AWS to a node", opening{inboundDirection, overTCP, nodeAZ1, aksNode, 443}, false},
		{"AWS to a pod", opening{inboundDirection, overTCP, nodeAZ1, pod, 443}, false},
		{"AWS pings a node", opening{inboundDirection, overICMP, nodeAZ1, aksNode, 0}, false},
		{"the rest of the VNet to a node", opening{inboundDirection, overTCP, azureOther, aksNode, 22}, false},
		{"a node to the rest of the VNet", opening{outboundDirection, overTCP, aksNode, azureOther, 443}, false},
		{"the internet to a node", opening{inboundDirection, overTCP, web, aksNode, 443}, false},

		{"API server, registry, Entra", opening{outboundDirection, overTCP, aksNode, web, 443}, true},
		{"HTTPS to an EKS node", opening{outboundDirection, overTCP, aksNode, nodeAZ1, 443}, false},
		{"HTTPS to AWS's public subnets", opening{outboundDirection, overTCP, aksNode, natAZ1, 443}, false},
		{"HTTPS to AWS's resolver", opening{outboundDirection, overTCP, aksNode, awsAnswers, 443}, false},
		{"HTTPS to a private address elsewhere", opening{outboundDirection, overTCP, aksNode, nowhere, 443}, false},
		{"QUIC", opening{outboundDirection, overUDP, aksNode, web, 443}, false},
		{"time, which the hosts give", opening{outboundDirection, overUDP, aksNode, web, 123}, false},
		{"DNS, UDP", opening{outboundDirection, overUDP, aksNode, probe, 53}, true},
		{"DNS, TCP", opening{outboundDirection, overTCP, aksNode, probe, 53}, true},
		{"DNS past the VNet's resolver", opening{outboundDirection, overUDP, aksNode, web, 53}, false},
		{"plain HTTP", opening{outboundDirection, overTCP, aksNode, web, 80}, false},
	})
}

func TestResolverInboundRules(t *testing.T) {
	testGroup(t, resolverInboundRules(plan.Default().Network), []groupCase{
		{"AWS asks from zone 1, UDP", opening{inboundDirection, overUDP, awsAsks, azureIn, 53}, true},
		{"AWS asks from zone 2, TCP", opening{inboundDirection, overTCP, awsAsks2, azureIn, 53}, true},
		{"an EKS node asks", opening{inboundDirection, overUDP, nodeAZ1, azureIn, 53}, false},
		{"AWS's inbound endpoint asks", opening{inboundDirection, overUDP, awsAnswers, azureIn, 53}, false},
		{"AWS tries another port", opening{inboundDirection, overTCP, awsAsks, azureIn, 443}, false},
		{"AWS asks what stands behind the endpoint", opening{inboundDirection, overUDP, awsAsks, "10.10.3.9", 53}, true},
		{"the platform probes the endpoint", opening{inboundDirection, overTCP, probe, azureIn, 53}, true},
		{"an AKS node asks", opening{inboundDirection, overUDP, aksNode, azureIn, 53}, false},
		{"the endpoint asks nobody", opening{outboundDirection, overUDP, azureIn, awsAnswers, 53}, false},
		{"the endpoint leaves for the internet", opening{outboundDirection, overTCP, azureIn, web, 443}, false},
	})
}

func TestResolverOutboundRules(t *testing.T) {
	testGroup(t, resolverOutboundRules(plan.Default().Network), []groupCase{
		{"asks AWS in zone 1, UDP", opening{outboundDirection, overUDP, azureOut, awsAnswers, 53}, true},
		{"asks AWS in zone 2, TCP", opening{outboundDirection, overTCP, azureOut, awsAnswers2, 53}, true},
		{"asks from any of its addresses", opening{outboundDirection, overUDP, "10.10.3.29", awsAnswers, 53}, true},
		{"asks AWS's outbound endpoint", opening{outboundDirection, overUDP, azureOut, awsAsks, 53}, false},
		{"asks relay's load balancer", opening{outboundDirection, overTCP, azureOut, nlbAZ1, 53}, false},
		{"asks the internet", opening{outboundDirection, overUDP, azureOut, web, 53}, false},
		{"the platform probes the endpoint", opening{inboundDirection, overTCP, probe, azureOut, 53}, true},
		{"AWS comes in", opening{inboundDirection, overUDP, awsAsks, azureOut, 53}, false},
		{"the VNet comes in", opening{inboundDirection, overTCP, aksNode, azureOut, 53}, false},
	})
}

// TestDefaultRulesNeedClosing shows what the denials are for: without them
// Azure's own rules admit AWS.
func TestDefaultRulesNeedClosing(t *testing.T) {
	o := opening{inboundDirection, overTCP, nodeAZ1, aksNode, 22}
	if hop := decides(nil, o); hop.Verdict != reach.Passes {
		t.Errorf("default rules alone: %v, want AllowVnetInBound", hop)
	}
	if hop := decides(denyRest(), o); !strings.Contains(hop.Resource, "deny-rest-in") {
		t.Errorf("with our denials %v, want deny-rest-in", hop)
	}
}

func TestGroupLimits(t *testing.T) {
	p := plan.Default()
	p.Network.AWS.Zones = manyZones(6)
	for i := range p.Network.AWS.Zones {
		z := &p.Network.AWS.Zones[i]
		first := z.Private.Addr().Next()
		z.NLB, z.ResolverInbound, z.ResolverOutbound = first, first.Next(), first.Next().Next()
	}
	for group, rules := range map[string][]nsgRule{
		"nodes":    nodeRules(p.Network, p.Clusters.AKS, p.K8s.Relay),
		"inbound":  resolverInboundRules(p.Network),
		"outbound": resolverOutboundRules(p.Network),
	} {
		t.Run(group, func(t *testing.T) {
			seen := map[any]bool{}
			for _, r := range rules {
				place := [2]any{r.Direction, r.Priority}
				if seen[place] || seen[r.Name] {
					t.Errorf("%s: priority %d or name stands twice (ANW-11)", r.Name, r.Priority)
				}
				seen[place], seen[r.Name] = true, true
				if r.Priority < 100 || r.Priority > 4096 {
					t.Errorf("%s: priority %d (ANW-11)", r.Name, r.Priority)
				}
				if n := len(r.Description); n == 0 || n > 140 {
					t.Errorf("%s: description of %d characters (ANW-12)", r.Name, n)
				}
				for _, side := range [][]string{r.Sources, r.Destinations} {
					if !wellFormed(side) {
						t.Errorf("%s: %q is neither one tag nor prefixes", r.Name, side)
					}
				}
			}
		})
	}
}

// wellFormed says whether a side of a rule is one that Azure takes.
func wellFormed(words []string) bool {
	if len(words) == 1 {
		return true
	}
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool {
		_, err := netip.ParsePrefix(word)
		return err != nil
	})
}
