package k8s

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/plan"
	"burrow/internal/reach"
	"burrow/internal/sent"
)

// objects are what one component sends to its cluster, in Kubernetes' own types.
type objects struct {
	namespace corev1.Namespace
	policies  []networkingv1.NetworkPolicy
}

// relayObjects and bunnyObjects run one component each and read what it sends.
func relayObjects(t *testing.T, p *plan.Plan) objects {
	t.Helper()
	return read(t, func(ctx *pulumi.Context) error {
		_, err := NewRelay(ctx, "burrow", RelayArgs{
			Estate: p.Estate, Relay: p.K8s.Relay, Network: p.Network, Cluster: cluster(ctx, p.Clusters.EKS.Version),
		})
		return err
	})
}

func bunnyObjects(t *testing.T, p *plan.Plan) objects {
	t.Helper()
	return read(t, func(ctx *pulumi.Context) error {
		_, err := NewBunny(ctx, "burrow", BunnyArgs{
			Estate: p.Estate, Bunny: p.K8s.Bunny, Relay: p.K8s.Relay, Network: p.Network, Cluster: cluster(ctx, p.Clusters.AKS.Version),
		})
		return err
	})
}

func read(t *testing.T, program pulumi.RunFunc) objects {
	t.Helper()
	log := sent.Record(t, func(sent.Resource) map[string]any { return nil }, program)
	var o objects
	decode(t, log.One(t, "kubernetes:core/v1:Namespace"), &o.namespace)
	for _, r := range log.Of("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		var policy networkingv1.NetworkPolicy
		decode(t, r, &policy)
		o.policies = append(o.policies, policy)
	}
	return o
}

// decode reads an object as strictly as the API does with strict field
// validation: a field that Kubernetes does not know is an error.
func decode(t *testing.T, r sent.Resource, object any) {
	t.Helper()
	text, err := json.Marshal(r.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(object); err != nil {
		t.Fatalf("%s is no object of its kind: %v\n%s", r.Name, err, text)
	}
}

type clusterComponent struct{ pulumi.ResourceState }

func cluster(ctx *pulumi.Context, version string) Cluster {
	ready := &clusterComponent{}
	if err := ctx.RegisterComponentResource("test:index:Cluster", "cluster", ready); err != nil {
		panic(err)
	}
	return Cluster{
		Name:       "cluster",
		Kubeconfig: pulumi.String("kubeconfig").ToStringOutput(),
		Identity:   pulumi.String("https://api").ToStringOutput(),
		Version:    version,
		Ready:      ready,
	}
}

// packet is the first packet of a connection between a pod of the workload's
// namespace and a peer: an address outside the cluster, or a pod of a namespace.
type packet struct {
	direction networkingv1.PolicyType
	peer      netip.Addr
	namespace labels.Set // of a pod peer
	pod       labels.Set // of a pod peer
	protocol  corev1.Protocol
	port      int32
}

func (p packet) isPod() bool { return p.namespace != nil }

// admitted asks the model of reach, which evaluates policies as Kubernetes defines them.
func admitted(policies []networkingv1.NetworkPolicy, p packet) bool {
	const cluster, namespace = "cluster", "workload"
	var objects []*inventory.Object
	for _, policy := range policies {
		policy.Namespace = namespace
		text, err := json.Marshal(policy)
		if err != nil {
			panic(err)
		}
		o := &inventory.Object{Type: kubetype.NetworkPolicy, ID: policy.Name, Region: cluster}
		if err := json.Unmarshal(text, &o.In); err != nil {
			panic(err)
		}
		objects = append(objects, o)
	}
	far := reach.Peer{Address: p.peer}
	if p.isPod() {
		far = reach.Peer{Namespace: plain(p.namespace), Pod: plain(p.pod)}
	}
	view := inventory.View{Source: inventory.NewList(objects...), Region: cluster}
	hop := reach.NetworkPolicies(view, namespace, p.direction == out, far, strings.ToLower(string(p.protocol)), int(p.port))
	return hop.Verdict == reach.Passes
}

// plain are labels as objects have them.
func plain(set labels.Set) map[string]any {
	all := map[string]any{}
	for name, value := range set {
		all[name] = value
	}
	return all
}

const (
	in  = networkingv1.PolicyTypeIngress
	out = networkingv1.PolicyTypeEgress
	tcp = corev1.ProtocolTCP
	udp = corev1.ProtocolUDP
)

func from(s string, protocol corev1.Protocol, port int32) packet {
	return packet{direction: in, peer: netip.MustParseAddr(s), protocol: protocol, port: port}
}

func to(s string, protocol corev1.Protocol, port int32) packet {
	return packet{direction: out, peer: netip.MustParseAddr(s), protocol: protocol, port: port}
}

// pod is the packet's other end as a pod.
func (p packet) withPod(namespace string, pod labels.Set) packet {
	p.namespace, p.pod = labels.Set{"kubernetes.io/metadata.name": namespace}, pod
	return p
}

var (
	dnsPod   = labels.Set{"k8s-app": "kube-dns"}
	otherPod = labels.Set{"app": "other"}
)

func TestRelayFlows(t *testing.T) {
	tests := []struct {
		name   string
		packet packet
		want   bool
	}{
		{"bunny, behind the first AKS node", from("10.10.1.4", tcp, 8443), true},
		{"bunny, behind the last AKS node", from("10.10.1.254", tcp, 8443), true},
		{"health check of the first zone", from("10.0.1.250", tcp, 8443), true},
		{"health check of the second zone", from("10.0.2.250", tcp, 8443), true},
		{"an AKS node, another port", from("10.10.1.4", tcp, 22), false},
		{"an AKS node, node port", from("10.10.1.4", tcp, 30443), false},
		{"an AKS node, UDP", from("10.10.1.4", udp, 8443), false},
		{"GatewaySubnet", from("10.10.2.4", tcp, 8443), false},
		{"the neighbour of a load balancer address", from("10.0.1.251", tcp, 8443), false},
		{"an EKS node", from("10.0.1.20", tcp, 8443), false},
		{"a pod of another namespace", from("10.0.1.30", tcp, 8443).withPod("default", otherPod), false},
		{"the internet", from("198.51.100.7", tcp, 8443), false},
		{"to the cluster's DNS", to("172.20.0.10", udp, 53).withPod("kube-system", dnsPod), false},
		{"to the instance metadata", to("169.254.169.254", tcp, 80), false},
		{"to bunny's nodes", to("10.10.1.4", tcp, 443), false},
		{"to the internet", to("198.51.100.7", tcp, 443), false},
	}
	policies := relayObjects(t, plan.Default()).policies
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := admitted(policies, test.packet); got != test.want {
				t.Errorf("admitted: %v, want %v", got, test.want)
			}
		})
	}
}

func TestBunnyFlows(t *testing.T) {
	tests := []struct {
		name   string
		packet packet
		want   bool
	}{
		{"to relay in the first zone", to("10.0.1.250", tcp, 8443), true},
		{"to relay in the second zone", to("10.0.2.250", tcp, 8443), true},
		{"to the cluster's DNS, UDP", to("10.11.0.10", udp, 53).withPod("kube-system", dnsPod), true},
		{"to the cluster's DNS, TCP", to("10.11.0.10", tcp, 53).withPod("kube-system", dnsPod), true},
		{"to relay, another port", to("10.0.1.250", tcp, 443), false},
		{"to relay, UDP", to("10.0.1.250", udp, 8443), false},
		{"to an EKS node", to("10.0.1.20", tcp, 30443), false},
		{"to a DNS pod of another namespace", to("10.244.0.9", udp, 53).withPod("default", dnsPod), false},
		{"to another pod of kube-system", to("10.244.0.9", udp, 53).withPod("kube-system", otherPod), false},
		{"to the DNS pods, another port", to("10.244.0.9", tcp, 9153).withPod("kube-system", dnsPod), false},
		{"to a DNS server outside", to("10.0.1.251", udp, 53), false},
		{"to the instance metadata", to("169.254.169.254", tcp, 80), false},
		{"to the internet", to("198.51.100.7", tcp, 443), false},
		{"from relay's load balancer", from("10.0.1.250", tcp, 8443), false},
		{"from a pod of another namespace", from("10.244.0.9", tcp, 80).withPod("default", otherPod), false},
		{"from the internet", from("198.51.100.7", tcp, 443), false},
	}
	policies := bunnyObjects(t, plan.Default()).policies
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := admitted(policies, test.packet); got != test.want {
				t.Errorf("admitted: %v, want %v", got, test.want)
			}
		})
	}
}

// A third zone's load balancer address is one more that both sides know.
func TestThirdZone(t *testing.T) {
	p := plan.Default()
	third := plan.Zone{Name: "eu-west-2c", NLB: netip.MustParseAddr("10.0.3.250")}
	for _, tc := range []struct {
		zones []plan.Zone
		want  bool
	}{{p.Network.AWS.Zones, false}, {append(slices.Clone(p.Network.AWS.Zones), third), true}} {
		p.Network.AWS.Zones = tc.zones
		if got := admitted(relayObjects(t, p).policies, from("10.0.3.250", tcp, 8443)); got != tc.want {
			t.Errorf("%d zones: relay admits the third zone's health checks: %t", len(tc.zones), got)
		}
		if got := admitted(bunnyObjects(t, p).policies, to("10.0.3.250", tcp, 8443)); got != tc.want {
			t.Errorf("%d zones: bunny may call the third zone's address: %t", len(tc.zones), got)
		}
	}
}

// Taken alone, the default-deny policy leaves nothing, in either direction.
func TestDefaultDeny(t *testing.T) {
	for _, o := range []objects{relayObjects(t, plan.Default()), bunnyObjects(t, plan.Default())} {
		i := slices.IndexFunc(o.policies, func(p networkingv1.NetworkPolicy) bool { return p.Name == "default-deny" })
		if i < 0 {
			t.Fatalf("namespace %s has no default-deny policy", o.namespace.Name)
		}
		for _, p := range []packet{from("10.10.1.4", tcp, 8443), to("10.0.1.250", tcp, 8443)} {
			if admitted(o.policies[i:i+1], p) {
				t.Errorf("namespace %s: default-deny admits %v", o.namespace.Name, p)
			}
		}
	}
}

// The API takes every object, by Kubernetes' own checks, and with tags that
// clouds take and labels do not.
func TestObjectsAreValid(t *testing.T) {
	p := plan.Default()
	p.Estate.Owner = "Platform team <platform@example.org>"
	p.Estate.ExtraTags = map[string]string{"cost centre": "a/b:c=d", "+-": "x", "long": string(bytes.Repeat([]byte("x-"), 100))}
	for name, o := range map[string]objects{"relay": relayObjects(t, p), "bunny": bunnyObjects(t, p)} {
		t.Run(name, func(t *testing.T) {
			validateMeta(t, o.namespace.ObjectMeta, validation.IsDNS1123Label)
			if len(o.policies) != 3 {
				t.Errorf("%d policies, want default-deny and two flows", len(o.policies))
			}
			for _, policy := range o.policies {
				validateMeta(t, policy.ObjectMeta, validation.IsDNS1123Subdomain)
				if policy.Namespace != o.namespace.Name {
					t.Errorf("policy %s is in namespace %q, not in %q", policy.Name, policy.Namespace, o.namespace.Name)
				}
				validateSpec(t, policy.Name, policy.Spec)
			}
		})
	}
}

func validateMeta(t *testing.T, meta metav1.ObjectMeta, checkName func(string) []string) {
	t.Helper()
	if problems := checkName(meta.Name); len(problems) > 0 {
		t.Errorf("name %q: %v", meta.Name, problems)
	}
	if meta.Labels["ManagedBy"] != "burrow" || meta.Labels["Name"] != meta.Name {
		t.Errorf("%s does not carry the estate's tags: %v", meta.Name, meta.Labels)
	}
	if problems := metavalidation.ValidateLabels(meta.Labels, field.NewPath("metadata", "labels")); len(problems) > 0 {
		t.Errorf("%s: %v", meta.Name, problems)
	}
}

func validateSpec(t *testing.T, name string, spec networkingv1.NetworkPolicySpec) {
	t.Helper()
	if len(spec.PodSelector.MatchLabels)+len(spec.PodSelector.MatchExpressions) > 0 {
		t.Errorf("%s does not select every pod: %v", name, spec.PodSelector)
	}
	var peers []networkingv1.NetworkPolicyPeer
	var ports []networkingv1.NetworkPolicyPort
	for _, rule := range spec.Ingress {
		peers, ports = append(peers, rule.From...), append(ports, rule.Ports...)
	}
	for _, rule := range spec.Egress {
		peers, ports = append(peers, rule.To...), append(ports, rule.Ports...)
	}
	for _, peer := range peers {
		validatePeer(t, name, peer)
	}
	for _, port := range ports {
		if problems := validation.IsValidPortNum(int(port.Port.IntVal)); len(problems) > 0 {
			t.Errorf("%s: port %v: %v", name, port.Port, problems)
		}
	}
}

func validatePeer(t *testing.T, name string, peer networkingv1.NetworkPolicyPeer) {
	t.Helper()
	path := field.NewPath("peer")
	if peer.IPBlock != nil {
		if peer.PodSelector != nil || peer.NamespaceSelector != nil {
			t.Errorf("%s: a peer is an ipBlock or selectors, not both: %v", name, peer)
		}
		if problems := validation.IsValidCIDR(path, peer.IPBlock.CIDR); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		return
	}
	for _, selector := range []*metav1.LabelSelector{peer.PodSelector, peer.NamespaceSelector} {
		problems := metavalidation.ValidateLabelSelector(selector, metavalidation.LabelSelectorValidationOptions{}, path)
		if selector == nil || len(problems) > 0 {
			t.Errorf("%s: selector %v: %v", name, selector, problems)
		}
	}
}

func TestPodSecurity(t *testing.T) {
	for version, want := range map[string]string{"1.36": "v1.36", "1.36.2": "v1.36"} {
		p := plan.Default()
		p.Clusters.EKS.Version = version
		got := maps.Clone(relayObjects(t, p).namespace.Labels)
		maps.DeleteFunc(got, func(key, _ string) bool { return !bytes.HasPrefix([]byte(key), []byte("pod-security.")) })
		if !maps.Equal(got, map[string]string{
			"pod-security.kubernetes.io/enforce":         "restricted",
			"pod-security.kubernetes.io/enforce-version": want,
			"pod-security.kubernetes.io/audit":           "restricted",
			"pod-security.kubernetes.io/audit-version":   want,
			"pod-security.kubernetes.io/warn":            "restricted",
			"pod-security.kubernetes.io/warn-version":    want,
		}) {
			t.Errorf("version %s: %v", version, got)
		}
	}
}

func TestLabelText(t *testing.T) {
	for text, want := range map[string]string{
		"burrow":                  "burrow",
		"":                        "",
		"Platform team":           "Platform-team",
		"a.b_c-d":                 "a.b_c-d",
		"_edge.":                  "edge",
		"Zürich":                  "Z-rich",
		"++":                      "",
		string(make([]byte, 100)): "",
		"x" + string(bytes.Repeat([]byte("-"), 62)) + "y": "x",
		string(bytes.Repeat([]byte("x"), 64)):             string(bytes.Repeat([]byte("x"), 63)),
	} {
		got := labelText(text)
		if got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if problems := validation.IsValidLabelValue(got); len(problems) > 0 {
			t.Errorf("%q becomes %q: %v", text, got, problems)
		}
	}
}

// Every object's metadata depends on the cluster, by whose replacement the engine
// finds the objects that go with it; the same text of an identity would not do.
func TestObjectsFollowTheirCluster(t *testing.T) {
	p := plan.Default()
	log := sent.Record(t, func(sent.Resource) map[string]any { return nil }, func(ctx *pulumi.Context) error {
		made, err := sent.StandIn(ctx, "made")
		if err != nil {
			return err
		}
		c := cluster(ctx, "1.36")
		c.Identity = made[0].(pulumi.CustomResource).ID().ToStringOutput()
		_, err = NewBunny(ctx, "burrow", BunnyArgs{
			Estate: p.Estate, Bunny: p.K8s.Bunny, Relay: p.K8s.Relay, Network: p.Network, Cluster: c,
		})
		return err
	})
	objects := append(log.Of("kubernetes:core/v1:Namespace"), log.Of("kubernetes:networking.k8s.io/v1:NetworkPolicy")...)
	if len(objects) != 4 {
		t.Fatalf("%d objects, want the namespace and three policies", len(objects))
	}
	for _, o := range objects {
		urns := o.Options.GetPropertyDependencies()["metadata"].GetUrns()
		if !slices.ContainsFunc(urns, func(urn string) bool { return strings.HasSuffix(urn, sent.StandInType+"::made") }) {
			t.Errorf("the metadata of %s depends on %v, not on the cluster", o.Name, urns)
		}
	}
}

// Everything goes through the cluster's own provider, which keeps the
// kubeconfig secret and waits for the cluster to let us in. It stays the provider
// of whatever cluster has the name; the objects are another cluster's when their
// annotation is.
func TestProvider(t *testing.T) {
	p := plan.Default()
	log := sent.Record(t, func(sent.Resource) map[string]any { return nil }, func(ctx *pulumi.Context) error {
		_, err := NewBunny(ctx, "burrow", BunnyArgs{
			Estate: p.Estate, Bunny: p.K8s.Bunny, Relay: p.K8s.Relay, Network: p.Network, Cluster: cluster(ctx, "1.36"),
		})
		return err
	})
	provider := log.One(t, "pulumi:providers:kubernetes")
	if !provider.Secrets["kubeconfig"] {
		t.Error("the kubeconfig is not secret")
	}
	if got := provider.Inputs["clusterIdentifier"]; got != "cluster" {
		t.Errorf("the provider tells clusters apart by %v, want the name", got)
	}
	for _, r := range log.All() {
		if r.Type == "kubernetes:core/v1:Namespace" || r.Type == "kubernetes:networking.k8s.io/v1:NetworkPolicy" {
			metadata, _ := r.Inputs["metadata"].(map[string]any)
			annotations, _ := metadata["annotations"].(map[string]any)
			if annotations[clusterAnnotation] != "https://api" {
				t.Errorf("%s does not depend on its cluster: %v", r.Name, annotations)
			}
			if got := r.Options.GetProvider(); !bytes.Contains([]byte(got), []byte("pulumi:providers:kubernetes::burrow-api")) {
				t.Errorf("%s goes through %q", r.Name, got)
			}
		}
	}
}
