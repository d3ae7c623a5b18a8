package k8s

import (
	"net/netip"
	"strings"
	"unicode"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// direction is a policy type of the Kubernetes API.
type direction string

const (
	ingress direction = "Ingress"
	egress  direction = "Egress"
)

// port is a transport protocol, as Kubernetes spells it, and a port number.
type port struct {
	protocol string
	number   int
}

// pods are the pods with these labels in one namespace.
type pods struct {
	namespace string
	labels    map[string]string
}

// flow is traffic between all pods of a namespace and some peers: address
// ranges outside the cluster, or pods inside. What no flow allows is denied;
// answers to what a flow allows are not flows of their own.
type flow struct {
	name      string // of its NetworkPolicy
	direction direction
	ranges    []netip.Prefix
	pods      *pods // nil if the peers are ranges
	ports     []port
	// after is what a change of the flow waits for.
	after []pulumi.Resource
}

// relayFlows are what relay takes part in: bunny's requests, which keep the
// address of the AKS node that they come from, and the load balancer's health
// checks, which come from its own addresses. Relay asks nobody anything, so it
// has no way out, not even to the cluster's DNS.
func relayFlows(relay plan.Relay, network plan.Network, after []pulumi.Resource) []flow {
	queue := []port{{"TCP", relay.Port}}
	return []flow{
		{
			name:      "allow-aks-nodes",
			direction: ingress,
			ranges:    []netip.Prefix{network.Azure.Subnets.Nodes},
			ports:     queue,
		},
		{
			name:      "allow-nlb-health-checks",
			direction: ingress,
			ranges:    loadBalancer(network.AWS),
			ports:     queue,
			after:     after,
		},
	}
}

// bunnyFlows are what bunny takes part in: it looks up relay's name and calls
// relay through its load balancer. Nobody calls bunny.
func bunnyFlows(relay plan.Relay, network plan.Network, after []pulumi.Resource) []flow {
	return []flow{
		{
			name:      "allow-relay",
			direction: egress,
			ranges:    loadBalancer(network.AWS),
			ports:     []port{{"TCP", relay.Port}},
			after:     after,
		},
		{
			name:      "allow-dns",
			direction: egress,
			pods:      &pods{namespace: "kube-system", labels: map[string]string{"k8s-app": "kube-dns"}},
			ports:     []port{{"UDP", 53}, {"TCP", 53}},
		},
	}
}

// loadBalancer are the fixed addresses of relay's load balancer, one in each zone.
func loadBalancer(network plan.AWSNetwork) []netip.Prefix {
	var addresses []netip.Prefix
	for _, zone := range network.Zones {
		addresses = append(addresses, netip.PrefixFrom(zone.NLB, zone.NLB.BitLen()))
	}
	return addresses
}

// everyPod selects all pods of a policy's own namespace.
var everyPod = metav1.LabelSelectorArgs{}

// defaultDeny isolates every pod of its namespace in both directions: only what
// another policy allows is left.
func defaultDeny() networkingv1.NetworkPolicySpecArgs {
	return networkingv1.NetworkPolicySpecArgs{
		PodSelector: everyPod,
		PolicyTypes: pulumi.ToStringArray([]string{string(ingress), string(egress)}),
	}
}

// spec is the policy that allows the flow and nothing else.
func (f flow) spec() networkingv1.NetworkPolicySpecArgs {
	spec := networkingv1.NetworkPolicySpecArgs{
		PodSelector: everyPod,
		PolicyTypes: pulumi.ToStringArray([]string{string(f.direction)}),
	}
	if f.direction == ingress {
		spec.Ingress = networkingv1.NetworkPolicyIngressRuleArray{
			networkingv1.NetworkPolicyIngressRuleArgs{From: f.peers(), Ports: f.portArgs()},
		}
		return spec
	}
	spec.Egress = networkingv1.NetworkPolicyEgressRuleArray{
		networkingv1.NetworkPolicyEgressRuleArgs{To: f.peers(), Ports: f.portArgs()},
	}
	return spec
}

func (f flow) peers() networkingv1.NetworkPolicyPeerArray {
	var peers networkingv1.NetworkPolicyPeerArray
	for _, r := range f.ranges {
		block := networkingv1.IPBlockArgs{Cidr: pulumi.String(r.String())}
		peers = append(peers, networkingv1.NetworkPolicyPeerArgs{IpBlock: block})
	}
	if f.pods != nil {
		// One peer with both selectors: these pods in that namespace. Two peers
		// would mean either.
		peers = append(peers, networkingv1.NetworkPolicyPeerArgs{
			NamespaceSelector: metav1.LabelSelectorArgs{
				MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(f.pods.namespace)},
			},
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(f.pods.labels)},
		})
	}
	return peers
}

func (f flow) portArgs() networkingv1.NetworkPolicyPortArray {
	var ports networkingv1.NetworkPolicyPortArray
	for _, p := range f.ports {
		ports = append(ports, networkingv1.NetworkPolicyPortArgs{
			Protocol: pulumi.String(p.protocol),
			Port:     pulumi.Int(p.number),
		})
	}
	return ports
}

// podSecurity are the labels that hold a namespace's pods to the restricted
// standard, as the cluster's own Kubernetes version defines it: a cluster
// upgrade changes what is admitted only together with the plan.
func podSecurity(version string) map[string]string {
	labels := map[string]string{}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
		labels["pod-security.kubernetes.io/"+mode+"-version"] = "v" + minor(version)
	}
	return labels
}

// minor is a version without its patch: 1.36 for 1.36.2.
func minor(version string) string {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 3 {
		return version
	}
	return parts[0] + "." + parts[1]
}

// labelLength is the most that Kubernetes takes in a label's name or value.
const labelLength = 63

// tagLabels are cloud tags as Kubernetes labels. Tags may hold more: what a label
// cannot hold becomes a hyphen, and what is too long is cut.
func tagLabels(tags map[string]string) map[string]string {
	legal := make(map[string]string, len(tags))
	for key, value := range tags {
		if name := labelText(key); name != "" {
			legal[name] = labelText(value)
		}
	}
	return legal
}

// labelText holds a text to a label's alphabet, which is ASCII letters and
// digits, with hyphens, dots and underscores between them.
func labelText(text string) string {
	text = strings.Map(func(r rune) rune {
		if isAlphanumeric(r) || strings.ContainsRune("-._", r) {
			return r
		}
		return '-'
	}, text)
	inner := func(r rune) bool { return !isAlphanumeric(r) }
	text = strings.TrimFunc(text, inner)
	if len(text) > labelLength {
		text = strings.TrimRightFunc(text[:labelLength], inner)
	}
	return text
}

func isAlphanumeric(r rune) bool {
	return r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
