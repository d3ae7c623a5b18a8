package kube

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	"burrow/internal/emulator"
	"burrow/internal/emulator/rpctest"
	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
	"burrow/internal/inventory/kubetype"
)

const (
	eksHost = "abc123.gr7.eu-west-2.eks.amazonaws.com"
	aksHost = "bunny-1a2b.hcp.uksouth.azmk8s.io"
)

func kubeconfigFor(server string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: main
contexts: [{name: main, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: %q}}]
users: [{name: me, user: {}}]`, server)
}

// An api is a world with two clusters and the emulated provider on it.
type api struct {
	t     *testing.T
	world *emulator.World
	port  int
}

func newAPI(t *testing.T) *api {
	t.Helper()
	return newAPIWith(t, func(context.Context, time.Duration) {})
}

// newAPIWith is newAPI in which time passes as it is told; nil for as it does.
func newAPIWith(t *testing.T, wait func(context.Context, time.Duration)) *api {
	t.Helper()
	world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{Wait: wait})
	if err != nil {
		t.Fatal(err)
	}
	ports, stop, err := emulator.Serve(t.Context(), world, []*emulator.Cloud{counted()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	err = world.Update(func(tx *emulator.Tx) error {
		tx.Put(&inventory.Object{Type: "aws:eks/cluster:Cluster", ID: "relay", Out: inventory.Props{
			"endpoint":                "https://" + strings.ToUpper(eksHost),
			"kubernetesNetworkConfig": map[string]any{"serviceIpv4Cidr": "172.20.0.0/16"},
		}})
		tx.Put(&inventory.Object{Type: "azure-native:containerservice:ManagedCluster", ID: "bunny", Out: inventory.Props{
			"fqdn": aksHost, "kubernetesVersion": "1.35.4", "networkProfile": map[string]any{"serviceCidr": "10.41.0.0/24"},
		}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &api{t: t, world: world, port: ports["kubernetes"]}
}

type client struct {
	t   *testing.T
	rpc pulumirpc.ResourceProviderClient
}

func (a *api) client(config map[string]any) *client {
	a.t.Helper()
	c := &client{a.t, rpctest.Dial(a.t, a.port)}
	rpctest.Configure(a.t, c.rpc, config)
	return c
}

func (a *api) eks() *client {
	return a.client(map[string]any{"kubeconfig": kubeconfigFor("https://" + eksHost)})
}

func (a *api) aks() *client {
	return a.client(map[string]any{"kubeconfig": kubeconfigFor("https://" + aksHost + ":443")})
}

func urn(token, name string) string { return "urn:pulumi:s::p::" + token + "::" + name }

func (c *client) create(token, name string, in map[string]any) (string, inventory.Props, error) {
	res, err := c.rpc.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urn(token, name), Properties: rpctest.Wire(c.t, in)})
	return res.GetId(), res.GetProperties().AsMap(), err
}

func (c *client) update(token, name, id string, before, after map[string]any) (inventory.Props, error) {
	res, err := c.rpc.Update(c.t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(token, name), Id: id, OldInputs: rpctest.Wire(c.t, before), News: rpctest.Wire(c.t, after),
	})
	return res.GetProperties().AsMap(), err
}

func (c *client) mustCreate(token, name string, in map[string]any) (string, inventory.Props) {
	c.t.Helper()
	id, out, err := c.create(token, name, in)
	if err != nil {
		c.t.Fatal(err)
	}
	return id, out
}

func meta(name, namespace string) map[string]any {
	m := map[string]any{"name": name}
	if namespace != "" {
		m["namespace"] = namespace
	}
	return m
}

// Service names may begin with a digit from 1.36 on.
func TestServiceNames(t *testing.T) {
	old := newAPI(t).aks()
	for name, want := range map[string]string{"1relay": "a DNS-1035 label", "relay1": ""} {
		_, _, err := old.create(kubetype.Service, name, map[string]any{"metadata": meta(name, "default"), "spec": map[string]any{"ports": []any{map[string]any{"port": 80.0}}}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func namespaceNamed(name string) map[string]any { return map[string]any{"metadata": meta(name, "")} }

const policyToken = "kubernetes:networking.k8s.io/v1:NetworkPolicy"

func policy(spec map[string]any) map[string]any {
	return map[string]any{"metadata": meta("p", "default"), "spec": spec}
}

func ingressFrom(peer map[string]any) map[string]any {
	return policy(map[string]any{
		"podSelector": map[string]any{}, "ingress": []any{map[string]any{"from": []any{peer}}},
	})
}

func ingressPort(port map[string]any) map[string]any {
	return policy(map[string]any{
		"podSelector": map[string]any{}, "ingress": []any{map[string]any{"ports": []any{port}}},
	})
}

func service(spec map[string]any) map[string]any {
	return map[string]any{"metadata": meta("relay", "default"), "spec": spec}
}

func port(p map[string]any) map[string]any {
	return service(map[string]any{"type": "NodePort", "ports": []any{p}})
}

func TestAPIServerRefuses(t *testing.T) {
	block := func(cidr string, except ...any) map[string]any {
		return ingressFrom(map[string]any{"ipBlock": map[string]any{"cidr": cidr, "except": except}})
	}
	cases := map[string]struct {
		token string
		in    map[string]any
		want  string // "" when it is accepted
	}{
		"a policy":                        {policyToken, block("10.10.1.0/24"), ""},
		"a policy with an exception":      {policyToken, block("10.10.0.0/16", "10.10.1.0/24"), ""},
		"exception outside (NPL-03)":      {policyToken, block("10.10.1.0/24", "10.11.0.0/24"), "ipBlock.except[0]: Invalid value: \"10.11.0.0/24\": must be a strict subset of `cidr`"},
		"exception of everything":         {policyToken, block("10.10.1.0/24", "10.10.1.0/24"), "strict subset"},
		"no CIDR":                         {policyToken, block("10.10.1.0"), "must be a valid CIDR value"},
		"empty CIDR":                      {policyToken, block(""), "cidr: Required value"},
		"empty peer":                      {policyToken, ingressFrom(map[string]any{}), "must specify a peer"},
		"block and selector":              {policyToken, ingressFrom(map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.0/8"}, "podSelector": map[string]any{}}), "may not specify both ipBlock and another peer"},
		"label value":                     {policyToken, ingressFrom(map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "a b"}}}), "podSelector.matchLabels"},
		"protocol":                        {policyToken, ingressPort(map[string]any{"protocol": "ICMP", "port": 1.0}), "Unsupported value: \"ICMP\""},
		"port out of range":               {policyToken, ingressPort(map[string]any{"port": 65536.0}), "must be between 1 and 65535"},
		"end before port":                 {policyToken, ingressPort(map[string]any{"port": 80.0, "endPort": 79.0}), "must be greater than or equal to `port`"},
		"end without port":                {policyToken, ingressPort(map[string]any{"endPort": 79.0}), "may not be specified when `port` is not specified"},
		"named port":                      {policyToken, ingressPort(map[string]any{"port": "http"}), ""},
		"policy type":                     {policyToken, policy(map[string]any{"podSelector": map[string]any{}, "policyTypes": []any{"Both"}}), "policyTypes[0]: Unsupported value"},
		"wrong type on the wire":          {policyToken, policy(map[string]any{"podSelector": "all"}), "cannot be handled as a NetworkPolicy"},
		"unknown field":                   {policyToken, policy(map[string]any{"podSelektor": map[string]any{}}), "strict decoding error: unknown field \"spec.podSelektor\""},
		"another kind":                    {policyToken, map[string]any{"kind": "Ingress", "metadata": meta("p", "")}, "not a NetworkPolicy"},
		"no namespace":                    {policyToken, map[string]any{"metadata": meta("p", "nowhere"), "spec": map[string]any{}}, `namespaces "nowhere" not found`},
		"name":                            {"kubernetes:core/v1:Namespace", namespaceNamed("Relay_1"), "metadata.name: Invalid value: \"Relay_1\": a lowercase RFC 1123 label"},
		"label key":                       {"kubernetes:core/v1:Namespace", map[string]any{"metadata": map[string]any{"name": "n", "labels": map[string]any{"a b": "c"}}}, "metadata.labels"},
		"annotation key":                  {"kubernetes:core/v1:Namespace", map[string]any{"metadata": map[string]any{"name": "n", "annotations": map[string]any{"a b": "c"}}}, "metadata.annotations"},
		"pod-security level":              {"kubernetes:core/v1:Namespace", map[string]any{"metadata": map[string]any{"name": "n", "labels": map[string]any{"pod-security.kubernetes.io/enforce": "strict"}}}, "must be one of privileged, baseline, restricted"},
		"restricted namespace":            {"kubernetes:core/v1:Namespace", map[string]any{"metadata": map[string]any{"name": "n", "labels": map[string]any{"pod-security.kubernetes.io/enforce": "restricted"}}}, ""},
		"node port (NLB-16)":              {kubetype.Service, port(map[string]any{"port": 80.0, "nodePort": 8080.0}), "The range of valid ports is 30000-32767"},
		"node port in range":              {kubetype.Service, port(map[string]any{"port": 80.0, "nodePort": 30080.0}), ""},
		"no ports":                        {kubetype.Service, service(map[string]any{}), "spec.ports: Required value"},
		"service type":                    {kubetype.Service, service(map[string]any{"type": "Public", "ports": []any{map[string]any{"port": 80.0}}}), "spec.type: Unsupported value"},
		"service name, 1.36":              {kubetype.Service, map[string]any{"metadata": meta("1relay", "default"), "spec": map[string]any{"ports": []any{map[string]any{"port": 80.0}}}}, ""},
		"unnamed ports":                   {kubetype.Service, service(map[string]any{"ports": []any{map[string]any{"port": 80.0}, map[string]any{"port": 81.0}}}), "ports[0].name: Required value"},
		"one port twice":                  {kubetype.Service, service(map[string]any{"ports": []any{map[string]any{"port": 80.0, "name": "a"}, map[string]any{"port": 80.0, "name": "b"}}}), "Duplicate value"},
		"local policy of a ClusterIP":     {kubetype.Service, service(map[string]any{"externalTrafficPolicy": "Local", "ports": []any{map[string]any{"port": 80.0}}}), "externally-accessible"},
		"cluster address elsewhere":       {kubetype.Service, service(map[string]any{"clusterIP": "10.0.0.1", "ports": []any{map[string]any{"port": 80.0}}}), "not in the valid range 172.20.0.0/16"},
		"config key":                      {kubetype.ConfigMap, map[string]any{"metadata": meta("m", "default"), "data": map[string]any{"a b": "c"}}, "data[a b]: Invalid value"},
		"disruption budget":               {"kubernetes:policy/v1:PodDisruptionBudget", map[string]any{"metadata": meta("b", "default"), "spec": map[string]any{"minAvailable": 1.0, "maxUnavailable": "50%"}}, "cannot be both set"},
		"binding to nothing":              {"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", map[string]any{"metadata": meta("b", "default"), "roleRef": map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ""}}, "roleRef.name: Required value"},
		"cluster binding of a local role": {"kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", map[string]any{"metadata": meta("b", ""), "roleRef": map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}}, "roleRef.kind: Unsupported value"},
		"a binding":                       {"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", map[string]any{"metadata": meta("b:x", "default"), "roleRef": map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := newAPI(t).eks().create(tc.token, "x", tc.in)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestRefusalIsWorded(t *testing.T) {
	_, _, err := newAPI(t).eks().create(policyToken, "p", ingressFrom(map[string]any{}))
	if want := `resource "urn:pulumi:s::p::kubernetes:networking.k8s.io/v1:NetworkPolicy::p" was not successfully created by the Kubernetes API server: NetworkPolicy.networking.k8s.io "p" is invalid: `; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// PRV-22, and what a kubeconfig may be.
func TestReachability(t *testing.T) {
	cases := map[string]struct {
		config map[string]any
		want   string
	}{
		"EKS":                        {map[string]any{"kubeconfig": kubeconfigFor("https://" + eksHost)}, ""},
		"AKS":                        {map[string]any{"kubeconfig": kubeconfigFor("https://" + aksHost + ":443")}, ""},
		"through a port forwarding":  {map[string]any{"kubeconfig": strings.Replace(kubeconfigFor("https://127.0.0.1:8443"), "server:", "tls-server-name: "+eksHost+", server:", 1)}, ""},
		"an endpoint of nobody":      {map[string]any{"kubeconfig": kubeconfigFor("https://gone.eu-west-2.eks.amazonaws.com")}, "no such host"},
		"none":                       {map[string]any{}, "no kubeconfig is given"},
		"no YAML":                    {map[string]any{"kubeconfig": "{"}, "parse kubeconfig"},
		"context that is not there":  {map[string]any{"kubeconfig": kubeconfigFor("https://" + eksHost), "context": "other"}, `context "other" does not exist`},
		"cluster that is not there":  {map[string]any{"kubeconfig": kubeconfigFor("https://" + eksHost), "cluster": "other"}, `cluster "other" does not exist`},
		"cluster chosen by its name": {map[string]any{"kubeconfig": kubeconfigFor("https://" + eksHost), "cluster": "here"}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := newAPI(t).client(tc.config)
			for _, preview := range []bool{true, false} {
				_, err := c.rpc.Create(t.Context(), &pulumirpc.CreateRequest{
					Urn: urn(kubetype.Namespace, "n"), Properties: rpctest.Wire(t, namespaceNamed("n")), Preview: preview,
				})
				const prefix = "configured Kubernetes cluster is unreachable: unable to load schema information from the API server: "
				if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), prefix) || !strings.Contains(err.Error(), tc.want)) {
					t.Fatalf("preview %v: error %v, want %q", preview, err, tc.want)
				}
			}
		})
	}
}

func TestClustersAreApart(t *testing.T) {
	a := newAPI(t)
	a.eks().mustCreate(kubetype.Namespace, "n", namespaceNamed("shared"))
	if _, _, err := a.aks().create(policyToken, "p", map[string]any{"metadata": meta("p", "shared"), "spec": map[string]any{}}); err == nil {
		t.Error("a namespace of one cluster is in the other")
	}
	if _, _, err := a.aks().create(kubetype.Namespace, "n2", namespaceNamed("shared")); err != nil {
		t.Errorf("the same namespace in the other cluster: %v", err)
	}
}

func TestNamespaceHoldsAndTakes(t *testing.T) {
	a := newAPI(t)
	c := a.eks()
	id, out := c.mustCreate(kubetype.Namespace, "n", namespaceNamed("relay"))
	if id != "relay" || out.Str("status.phase") != "Active" || out.Str(`metadata.labels["kubernetes.io/metadata.name"]`) != "relay" {
		t.Errorf("namespace %s: %v", id, out)
	}
	policyID, _ := c.mustCreate(policyToken, "p", map[string]any{"metadata": meta("p", "relay"), "spec": map[string]any{}})
	if policyID != "relay/p" {
		t.Errorf("policy id %s, want relay/p", policyID)
	}
	if n := a.count(policyToken) + a.count(kubetype.ServiceAccount) + a.count(kubetype.ConfigMap); n != 3 {
		t.Errorf("%d objects in the namespace, want the policy, the default account and the root certificate", n)
	}
	if _, err := c.rpc.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(kubetype.Namespace, "n"), Id: "relay"}); err != nil {
		t.Fatal(err)
	}
	if n := a.count(policyToken) + a.count(kubetype.ServiceAccount) + a.count(kubetype.ConfigMap); n != 0 {
		t.Errorf("%d objects outlive their namespace", n)
	}
}

func (a *api) count(token string) (n int) {
	a.t.Helper()
	if err := a.world.View(func(tx *emulator.Tx) error { n = len(tx.All(token)); return nil }); err != nil {
		a.t.Fatal(err)
	}
	return n
}

func TestUndeletableNamespace(t *testing.T) {
	c := newAPI(t).eks()
	c.mustCreate(kubetype.Namespace, "n", namespaceNamed("kube-system"))
	_, err := c.rpc.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(kubetype.Namespace, "n"), Id: "kube-system"})
	if err == nil || !strings.Contains(err.Error(), "may not be deleted") {
		t.Errorf("error %v", err)
	}
}

// Server-side apply: a create takes an existing object over unless it disagrees.
func TestServerSideApply(t *testing.T) {
	a := newAPI(t)
	c := a.eks()
	labelled := func(k, v string) map[string]any {
		return map[string]any{"metadata": map[string]any{"name": "n", "labels": map[string]any{k: v}}}
	}
	c.mustCreate(kubetype.Namespace, "first", labelled("team", "a"))
	_, out := c.mustCreate(kubetype.Namespace, "second", labelled("cost", "b"))
	if out.Str("metadata.labels.team") != "a" || out.Str("metadata.labels.cost") != "b" || out.Str("metadata.resourceVersion") != "2" {
		t.Errorf("applied onto it: %v", out)
	}
	_, _, err := c.create(kubetype.Namespace, "third", labelled("team", "c"))
	if err == nil || !strings.Contains(err.Error(), "Apply failed with 1 conflict(s) with another field manager: .metadata.labels.team") {
		t.Errorf("disagreeing apply: %v", err)
	}
	if n := a.count(kubetype.Namespace); n != 1 {
		t.Errorf("%d namespaces, want 1", n)
	}
}

func TestDefaults(t *testing.T) {
	c := newAPI(t).eks()
	_, out := c.mustCreate(policyToken, "p", policy(map[string]any{
		"podSelector": map[string]any{},
		"egress":      []any{map[string]any{"ports": []any{map[string]any{"port": 53.0}}}},
	}))
	if got := out.Strings("spec.policyTypes"); !reflect.DeepEqual(got, []string{"Ingress", "Egress"}) {
		t.Errorf("policy types %v", got)
	}
	if got := out.Str("spec.egress[0].ports[0].protocol"); got != "TCP" {
		t.Errorf("protocol %q, want TCP", got)
	}
	if out.Int("metadata.generation") != 1 || out.Str("metadata.uid") == "" {
		t.Errorf("metadata %v", out.Map("metadata"))
	}
	_, secret := c.mustCreate("kubernetes:core/v1:Secret", "s", map[string]any{
		"metadata": meta("s", "default"), "stringData": map[string]any{"k": "v"},
	})
	// The value travels as a secret: look inside its wrapping.
	if got := secret.Str("data.value.k"); got != "dg==" {
		t.Errorf("secret data %v, want the text encoded", secret.Map("data"))
	}
}

func TestServiceAllocation(t *testing.T) {
	a := newAPI(t)
	c := a.eks()
	first := service(map[string]any{"type": "NodePort", "ports": []any{map[string]any{"port": 80.0}}})
	id, out := c.mustCreate(kubetype.Service, "one", first)
	ip, port := out.Str("spec.clusterIP"), out.Int("spec.ports[0].nodePort")
	if !strings.HasPrefix(ip, "172.20.") || port < firstNodePort || port > lastNodePort || out.Int("spec.ports[0].targetPort") != 80 {
		t.Errorf("allocated %s and %d: %v", ip, port, out)
	}
	second := map[string]any{"metadata": meta("other", "default"), "spec": map[string]any{
		"type": "NodePort", "clusterIP": ip, "ports": []any{map[string]any{"port": 81.0}},
	}}
	if _, _, err := c.create(kubetype.Service, "two", second); err == nil || !strings.Contains(err.Error(), "provided IP is already allocated") {
		t.Errorf("the same address: %v", err)
	}
	second["spec"] = map[string]any{"type": "NodePort", "ports": []any{map[string]any{"port": 81.0, "nodePort": float64(port)}}}
	if _, _, err := c.create(kubetype.Service, "two", second); err == nil || !strings.Contains(err.Error(), "provided port is already allocated") {
		t.Errorf("the same node port: %v", err)
	}
	changed := service(map[string]any{"type": "NodePort", "ports": []any{map[string]any{"port": 8080.0}}})
	after, err := c.update(kubetype.Service, "one", id, first, changed)
	if err != nil || after.Str("spec.clusterIP") != ip || after.Int("spec.ports[0].nodePort") != port {
		t.Errorf("the update changed what was allocated: %v, %v", after, err)
	}
}

// A Service that selects pods waits for those that have an address and are not ready;
// without any it is ready at once.
func TestAwaitedService(t *testing.T) {
	const noPods = "does not target any Pods"
	service := func(spec map[string]any) map[string]any {
		spec["ports"] = []any{map[string]any{"port": 80.0}}
		return map[string]any{"metadata": meta("relay", "default"), "spec": spec}
	}
	selector := map[string]any{"app": "relay"}
	waiting := bare(map[string]any{"containers": []any{with(container(), "envFrom", []any{map[string]any{"secretRef": map[string]any{"name": "gone"}}})}})
	away := bare(map[string]any{"containers": []any{container()}, "nodeSelector": map[string]any{"kubernetes.io/os": "windows"}})
	cases := map[string]struct {
		pod  map[string]any // nil for none
		spec map[string]any
		want string
	}{
		"no selector":               {nil, map[string]any{}, ""},
		"no pod":                    {nil, map[string]any{"selector": selector}, ""},
		"a ready pod":               {bare(map[string]any{"containers": []any{container()}}), map[string]any{"selector": selector}, ""},
		"a pod that is not ready":   {waiting, map[string]any{"selector": selector}, noPods},
		"one without an address":    {away, map[string]any{"selector": selector}, ""},
		"one of another label":      {waiting, map[string]any{"selector": map[string]any{"app": "other"}}, ""},
		"a headless Service":        {waiting, map[string]any{"selector": selector, "clusterIP": "None"}, ""},
		"one for all addresses":     {waiting, map[string]any{"selector": selector, "publishNotReadyAddresses": true}, ""},
		"a load balancer":           {nil, map[string]any{"type": "LoadBalancer"}, "was not allocated an IP address"},
		"a load balancer with pods": {nil, map[string]any{"type": "LoadBalancer", "selector": selector}, noPods},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t)
			c := e.eks()
			if tc.pod != nil {
				tc.pod["metadata"].(map[string]any)["annotations"] = map[string]any{"pulumi.com/skipAwait": "true"}
				c.mustCreate(kubetype.Pod, "p", tc.pod)
			}
			_, _, err := c.create(kubetype.Service, "s", service(tc.spec))
			expect(t, err, tc.want)
			if tc.want != "" && len(status.Convert(err).Details()) == 0 {
				t.Error("the error does not say that the object exists")
			}
			if n := e.count(kubetype.Service); n != 1 {
				t.Errorf("%d services, want 1", n)
			}
		})
	}
}

func TestNamesAndReplacement(t *testing.T) {
	c := newAPI(t).eks()
	check := func(news, olds map[string]any) inventory.Props {
		t.Helper()
		res, err := c.rpc.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: urn(kubetype.ConfigMap, "conf"), News: rpctest.Wire(t, news), Olds: rpctest.Wire(t, olds), RandomSeed: []byte("s"),
		})
		if err != nil || len(res.GetFailures()) > 0 {
			t.Fatal(res.GetFailures(), err)
		}
		return res.GetInputs().AsMap()
	}
	diff := func(olds, news map[string]any) *pulumirpc.DiffResponse {
		t.Helper()
		res, err := c.rpc.Diff(t.Context(), &pulumirpc.DiffRequest{
			Urn: urn(kubetype.ConfigMap, "conf"), Id: "x", OldInputs: rpctest.Wire(t, olds), News: rpctest.Wire(t, news),
		})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	data := func(v string) map[string]any { return map[string]any{"data": map[string]any{"k": v}} }
	made := check(data("1"), nil)
	name := made.Str("metadata.name")
	if !strings.HasPrefix(name, "conf-") || len(name) != len("conf-")+8 || made.Str(autonamed) != "true" {
		t.Fatalf("made-up name in %v", made)
	}
	next := check(data("2"), made)
	if next.Str("metadata.name") != name {
		t.Errorf("the name changed to %s", next.Str("metadata.name"))
	}
	if d := diff(made, next); len(d.GetReplaces()) == 0 || d.GetDeleteBeforeReplace() {
		t.Errorf("new data of a made-up name: %v, want a replacement, created first", d)
	}
	given := func(v string) map[string]any {
		return map[string]any{"metadata": meta("mine", "default"), "data": map[string]any{"k": v}}
	}
	if d := diff(given("1"), given("2")); len(d.GetReplaces()) == 0 || !d.GetDeleteBeforeReplace() {
		t.Errorf("new data of a given name: %v, want a replacement, deleted first", d)
	}
}

func TestDefaultNamespaceOfTheProvider(t *testing.T) {
	c := newAPI(t).client(map[string]any{"kubeconfig": kubeconfigFor("https://" + eksHost), "namespace": "team"})
	for token, want := range map[string]string{kubetype.ConfigMap: "team", kubetype.Namespace: ""} {
		res, err := c.rpc.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn(token, "x"), News: rpctest.Wire(t, map[string]any{"metadata": meta("x", "")})})
		if err != nil || len(res.GetFailures()) > 0 {
			t.Fatal(res.GetFailures(), err)
		}
		if got := inventory.Props(res.GetInputs().AsMap()).Str("metadata.namespace"); got != want {
			t.Errorf("%s: namespace %q, want %q", token, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	c := newAPI(t).eks()
	in := map[string]any{"metadata": meta("s", "default"), "stringData": map[string]any{"k": "v"}}
	id, _ := c.mustCreate("kubernetes:core/v1:Secret", "s", in)
	read := func(in map[string]any) inventory.Props {
		t.Helper()
		res, err := c.rpc.Read(t.Context(), &pulumirpc.ReadRequest{
			Urn: urn("kubernetes:core/v1:Secret", "s"), Id: id, Inputs: rpctest.Wire(t, in),
		})
		if err != nil || res.GetId() != id {
			t.Fatal(res, err)
		}
		return res.GetInputs().AsMap()
	}
	if got := read(in); got.Str("stringData.value.k") != "v" || got.Has("data") {
		t.Errorf("inputs %v, want them as they were", got)
	}
	imported := read(nil)
	if imported.Has("metadata.uid") || imported.Has("status") || imported.Str("metadata.name") != "s" || !imported.Has("data") {
		t.Errorf("imported inputs %v, want what a user could have written", imported)
	}
}

func TestConfigReplaces(t *testing.T) {
	eks := inventory.Props{"kubeconfig": kubeconfigFor("https://" + eksHost)}
	cases := map[string]struct {
		before, after inventory.Props
		want          []string
	}{
		"the same cluster, another text": {eks, inventory.Props{"kubeconfig": "# again\n" + eks.Str("kubeconfig")}, nil},
		"another cluster":                {eks, inventory.Props{"kubeconfig": kubeconfigFor("https://" + aksHost)}, identifying},
		"not known yet":                  {eks, inventory.Props{"kubeconfig": inventory.Unknown{}}, identifying},
		"identified by name": {
			inventory.Props{"kubeconfig": "a", "clusterIdentifier": "arn"}, inventory.Props{"kubeconfig": "b", "clusterIdentifier": "arn"},
			[]string{"clusterIdentifier"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := configReplaces(tc.before, tc.after); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("replaces %v, want %v", got, tc.want)
			}
		})
	}
}

// What lives in a cluster goes with it, and what lives in the other one stays.
func TestClusterTakesItsObjects(t *testing.T) {
	for _, o := range []*inventory.Object{
		{Type: "aws:eks/cluster:Cluster", Out: inventory.Props{"endpoint": "https://" + strings.ToUpper(eksHost)}},
		{Type: "azure-native:containerservice:ManagedCluster", Out: inventory.Props{"fqdn": aksHost}},
		{Type: "aws:ec2/vpc:Vpc", Out: inventory.Props{"endpoint": "https://" + eksHost}},
	} {
		want := map[string]string{"aws:eks/cluster:Cluster": eksHost, "azure-native:containerservice:ManagedCluster": aksHost}[o.Type]
		if got := hostedOn(o); got != want {
			t.Errorf("home on %s is %q, want %q", o.Type, got, want)
		}
	}
}

func TestDeclarations(t *testing.T) {
	pkg, err := schema.Load("kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range Cloud().Lint(pkg) {
		t.Error(problem)
	}
}

// Everything that is filled in fits the provider's own schema.
func TestOutputsFitTheSchema(t *testing.T) {
	e := newEstate(t)
	c := e.eks()
	c.mustCreate(kubetype.Namespace, "n", namespaceNamed("relay"))
	c.mustCreate(policyToken, "p", ingressPort(map[string]any{"port": 80.0}))
	c.mustCreate(kubetype.Service, "s", port(map[string]any{"port": 80.0}))
	c.mustCreate(kubetype.PersistentVolume, "v", kept(0, "vol-a", "eu-west-2a"))
	c.mustCreate(kubetype.StatefulSet, "relay", relay(1, nil, nil))
	c.mustCreate(kubetype.Deployment, "d", with(replicated("default", podSpec(nil), nil), "metadata", meta("bunny", "default")))
	c.mustCreate(kubetype.DaemonSet, "d", replicated("default", podSpec(nil), nil))
	c.mustCreate(kubetype.Job, "j", job(podSpec(nil)))
	c.mustCreate(kubetype.CronJob, "c", map[string]any{"metadata": meta("c", "default"), "spec": map[string]any{
		"schedule": "@daily", "jobTemplate": map[string]any{"spec": job(podSpec(nil))["spec"]},
	}})
	c.mustCreate(kubetype.Pod, "p", bare(podSpec(nil)))
	c.mustCreate(kubetype.StorageClass, "fast", map[string]any{"metadata": meta("fast", ""), "provisioner": "ebs.csi.aws.com"})
	c.mustCreate(kubetype.PriorityClass, "high", map[string]any{"metadata": meta("high", ""), "value": 1.0})
	c.mustCreate(kubetype.PodDisruptionBudget, "b", map[string]any{"metadata": meta("b", "default"), "spec": map[string]any{"minAvailable": 1.0}})
	pkg, err := schema.Load("kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	err = e.world.View(func(tx *emulator.Tx) error {
		for _, r := range resources() {
			for _, o := range tx.All(r.token()) {
				if o.URN == "" && o.Type != kubetype.Pod && o.Type != kubetype.PersistentVolumeClaim {
					continue // what a namespace has from the start is no more than a name
				}
				for _, v := range emulator.CheckOutputs(pkg.Resources[o.Type], o.Out) {
					if v.Breach != schema.Missing { // what is false or empty, the API leaves out
						t.Errorf("%s %s: %s", o.Type, o.ID, v)
					}
				}
				if _, err := r.decode(o.Out); err != nil {
					t.Errorf("%s %s is none: %v", o.Type, o.ID, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
