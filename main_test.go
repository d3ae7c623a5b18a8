package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/clusters"
	"burrow/internal/local"
	"burrow/internal/plan"
)

// A scenario is one life of a stack: up, nothing to do, nothing drifted, edits,
// destroy, nothing left.
type scenario struct {
	name     string
	program  string // "deploy" unless set
	tunnels  int    // 4 unless set
	settings settings
	// brief leaves out what the other scenarios show as well: that the first preview
	// is complete, and that a refresh leaves nothing to do.
	brief bool
	// prove is run on the finished stack.
	prove func(t *testing.T, s *stack)
	edits []edit
}

// An edit is a change of the configuration and what it may cost.
type edit struct {
	name     string
	settings settings
	// steps are what the preview may show, as "op type: count".
	steps map[string]int
}

// otherPlace is an estate with no address, region or name of the default one.
var otherPlace = settings{
	"estate.suffix":                         "blue",
	"estate.environment":                    "staging",
	"network.aws.region":                    "eu-central-1",
	"network.aws.cidr":                      "10.20.0.0/16",
	"network.aws.zones":                     otherZones,
	"network.azure.location":                "westeurope",
	"network.azure.resourceGroup":           "rg-workers",
	"network.azure.cidr":                    "10.30.0.0/16",
	"network.azure.subnets.nodes":           "10.30.4.0/22",
	"network.azure.subnets.gateway":         "10.30.0.0/26",
	"network.azure.subnets.resolverInbound": "10.30.1.0/28", "network.azure.subnets.resolverOutbound": "10.30.1.16/28",
	"clusters.eks.serviceCidr": "172.21.0.0/16",
	"clusters.eks.apiClients":  []string{"10.20.48.0/24"},
	"clusters.aks.podCidr":     "100.64.0.0/16",
	"clusters.aks.serviceCidr": "10.40.0.0/16",
	"vpn.awsAsn":               64600,
	"vpn.suite":                "aes256-sha256-modp2048",
	"k8s.relay.port":           9443,
	"k8s.relay.nodePort":       31443,
}

var otherZones = []map[string]string{
	{"name": "eu-central-1b", "private": "10.20.16.0/20", "public": "10.20.0.0/24"},
	{"name": "eu-central-1c", "private": "10.20.32.0/20", "public": "10.20.1.0/24"},
}

var scenarios = []scenario{
	{name: "default", prove: proveDefault},
	{name: "other ranges and regions", settings: otherPlace, prove: proveTunnels},
	{name: "two estates in one program", program: "two-estates", tunnels: 8},
	{
		name: "key rotation of one tunnel",
		edits: []edit{{
			name:     "raise one generation",
			settings: rotate("instance0-tunnel2"),
			steps: map[string]int{
				"replace random:index/randomPassword:RandomPassword":           1,
				"update aws:ec2/vpnConnection:VpnConnection":                   1,
				"replace azure-native:network:VirtualNetworkGatewayConnection": 1,
			},
		}},
	},
	{
		name:     "minor upgrade of both clusters",
		settings: settings{"clusters.eks.version": "1.35", "clusters.aks.version": "1.35"},
		edits: []edit{{
			name: "back to the default versions",
			// The control plane and the nodes, kube-proxy, and the version that pod
			// security is judged by; components say that what is in them changes.
			steps: map[string]int{
				"update eks:index:Cluster":                                      1,
				"update eks:index:VpcCniAddon":                                  1,
				"update eks:index:ManagedNodeGroup":                             1,
				"update aws:eks/cluster:Cluster":                                1,
				"update aws:eks/nodeGroup:NodeGroup":                            1,
				"update aws:eks/addon:Addon":                                    1,
				"update azure-native:containerservice/v20240901:ManagedCluster": 1,
				"update kubernetes:core/v1:Namespace":                           2,
			},
		}},
	},
}

func TestScenarios(t *testing.T) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			sc.live(t)
		})
	}
}

func (sc scenario) live(t *testing.T) {
	if sc.program == "" {
		sc.program = "deploy"
	}
	if sc.tunnels == 0 {
		sc.tunnels = 4
	}
	sc.on(t, newStack(t, sc.program, sc.settings, nil))
}

// on lives the scenario's life on a stack.
func (sc scenario) on(t *testing.T, s *stack) {
	if sc.brief {
		s.run("up")
	} else {
		s.upAsPlanned()
	}
	s.tunnelsUp("after up", sc.tunnels)
	s.unchanged("after up")
	s.refresh()
	if !sc.brief {
		s.unchanged("after refresh")
	}
	if sc.prove != nil {
		sc.prove(t, s)
	}
	for _, e := range sc.edits {
		e.apply(t, s)
		s.tunnelsUp("after "+e.name, sc.tunnels)
	}
	s.destroyed()
}

// upAsPlanned brings the stack up and demands that the first preview listed all
// that is made, and nothing else.
func (s *stack) upAsPlanned() {
	s.t.Helper()
	var planned []string
	for _, step := range s.preview() {
		if step.Op != "create" {
			s.t.Errorf("the first preview wants to %s %s", step.Op, step.URN)
		}
		planned = append(planned, step.URN)
	}
	s.run("up")
	if onlyPlanned, onlyMade := difference(planned, managed(s.state())); len(onlyPlanned)+len(onlyMade) > 0 {
		s.t.Errorf("the first preview lists what up does not make: %v; and does not list: %v", onlyPlanned, onlyMade)
	}
}

func (e edit) apply(t *testing.T, s *stack) {
	t.Helper()
	s.configure(e.settings)
	counts := map[string]int{}
	for _, step := range s.preview() {
		// A replacement is three steps: create, replace, delete.
		if op := step.Op; op == "update" || op == "replace" || op == "create" || op == "delete" {
			counts[op+" "+typeOf(step.URN)]++
		}
	}
	for step, n := range e.steps {
		if counts[step] != n {
			t.Errorf("%s: %d × %q, want %d", e.name, counts[step], step, n)
		}
	}
	for step, n := range counts {
		if _, ok := e.steps[step]; !ok {
			t.Errorf("%s: unexpected %d × %q", e.name, n, step)
		}
	}
	s.run("up")
	s.unchanged("after " + e.name)
}

// difference is what only a has, and what only b has.
func difference(a, b []string) (onlyA, onlyB []string) {
	without := func(all, gone []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(gone, s) })
	}
	return without(a, b), without(b, a)
}

// typeOf is the type that a URN ends in.
func typeOf(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return urn
	}
	return parts[2][strings.LastIndex(parts[2], "$")+1:]
}

// rotate is the default estate with one tunnel's key generation raised.
func rotate(names ...string) settings {
	tunnels := plan.Default().VPN.OrderedTunnels()
	for i := range tunnels {
		if slices.Contains(names, tunnels[i].Name()) {
			tunnels[i].KeyGeneration++
		}
	}
	return settings{"vpn.tunnels": asJSON(tunnels)}
}

// asJSON is a value as configuration names its keys.
func asJSON(v any) (plain any) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &plain)
	}
	if err != nil {
		panic(err)
	}
	return plain
}

func proveTunnels(t *testing.T, s *stack) {
	e := s.export()
	checkTunnels(t, e)
	checkGatewayAlone(t, e)
}

func proveDefault(t *testing.T, s *stack) {
	proveTunnels(t, s)
	checkForwarders(t, s.export(), plan.Default())
	// A second run reads the first one's outputs, secrets included, into its state.
	s.run("up")
	proveNoSecret(t, s)
	proveTags(t, s)
	checkWatching(t, s, plan.Default())
}

func (s *stack) export() export {
	s.t.Helper()
	deployment, err := s.world.Export(context.Background(), "dev", true)
	if err != nil {
		s.t.Fatal(err)
	}
	return export{deployment.Resources}
}

// twoEstates is a program with two estates in the same accounts and regions.
func twoEstates(ctx *pulumi.Context) error {
	if err := clusters.TransformEKS(ctx); err != nil {
		return err
	}
	for _, name := range []string{"green", "blue"} {
		p, err := plan.Load(map[string]string{
			"estate":  fmt.Sprintf(`{"suffix": %q}`, name),
			"network": `{"aws": {"egress": "nat-single"}}`,
		}, emulatedWorld())
		if err != nil {
			return err
		}
		outputs, err := estate(ctx, name, p)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		ctx.Export(name, outputs)
	}
	return nil
}

// One administrator deploys and another runs the next preview: nothing to do,
// since administrators come from the configuration and never from the caller.
func TestAdministratorsTakeTurns(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	as := func(arn string) func(*local.Options) {
		return func(o *local.Options) { o.As, o.Home = arn, home }
	}
	first := newStack(t, "deploy", nil, as("arn:aws:iam::123456789012:role/first"))
	first.home = home
	first.run("up")
	second := newStack(t, "deploy", nil, as("arn:aws:iam::123456789012:role/second"))
	second.unchanged("as another administrator")
	second.run("up")
	for _, r := range first.export().of(t, "aws:eks/cluster:Cluster") {
		if got := str(r.Inputs, "accessConfig.bootstrapClusterCreatorAdminPermissions"); got != "false" {
			t.Errorf("the creator's hidden administrator entry is %s, want false", got)
		}
	}
}

// Two keys at once could cut two tunnels at once: refused, and nothing changes.
func TestTwoRotationsAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t, "deploy", nil, nil)
	s.run("up")
	before := s.state()
	s.configure(rotate("instance0-tunnel1", "instance1-tunnel1"))
	out, err := s.try("up")
	if err == nil {
		t.Fatal("up changed two keys in one run")
	}
	for _, word := range []string{"keyGeneration", "why:", "remedy:"} {
		if !strings.Contains(out, word) {
			t.Errorf("the refusal does not say %q:\n%s", word, tail(out))
		}
	}
	if after := s.state(); len(after) != len(before) {
		t.Errorf("%d resources before the refusal, %d after it", len(before), len(after))
	}
}

// A change of the VPC's range is a new network and a new cluster: the preview
// says so for each thing that goes, Azure's side stays, and up gets there.
func TestRangeChangeShowsItsCost(t *testing.T) {
	t.Parallel()
	s := newStack(t, "deploy", nil, nil)
	s.run("up")
	s.configure(settings{
		"network.aws.cidr": "10.50.0.0/16",
		"network.aws.zones": []map[string]string{
			{"name": "eu-west-2a", "private": "10.50.1.0/24", "public": "10.50.101.0/24"},
			{"name": "eu-west-2b", "private": "10.50.2.0/24", "public": "10.50.102.0/24"},
		},
	})
	replaced := map[string]bool{}
	for _, step := range s.preview() {
		if step.Op == "replace" {
			replaced[typeOf(step.URN)] = true
		}
	}
	for _, typ := range []string{
		"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup",
		"aws:route53/resolverEndpoint:ResolverEndpoint", "kubernetes:core/v1:Namespace",
	} { // the load balancer, too, but its provider cannot tell before the subnets are there
		if !replaced[typ] {
			t.Errorf("the preview does not say that %s is replaced", typ)
		}
	}
	for _, typ := range []string{
		"azure-native:network:VirtualNetworkGateway", "azure-native:network:VirtualNetwork",
		"azure-native:network:PublicIPAddress", "azure-native:containerservice/v20240901:ManagedCluster",
		"aws:ec2/customerGateway:CustomerGateway", "aws:kms/key:Key",
	} {
		if replaced[typ] {
			t.Errorf("the preview replaces %s, which the AWS range does not touch", typ)
		}
	}
	s.run("up")
	s.unchanged("after the new range")
	checkTunnels(t, s.export())
	s.destroyed()
}

// Ctrl-C half-way: what was in flight is finished, nothing is pending, and the
// next up makes the rest once.
func TestInterruptedUpContinues(t *testing.T) {
	t.Parallel()
	s := newStack(t, "deploy", nil, func(o *local.Options) { o.SkipCheckpoints = false })
	done := make(chan error, 1)
	go func() {
		_, err := s.try("up")
		done <- err
	}()
	interruptWhen(t, s, 40, done)
	partial := len(managed(s.state()))
	s.run("up")
	whole := s.state()
	if partial == 0 || partial >= len(managed(whole)) {
		t.Fatalf("the interrupt came too early or too late: %d of %d resources", partial, len(managed(whole)))
	}
	s.unchanged("after the interrupted up was continued")
	ids := map[string]apitype.ResourceV3{}
	for _, r := range whole {
		ids[string(r.ID)] = r
	}
	for _, o := range s.objects() {
		if _, ok := ids[o.ID]; !ok && o.URN != "" {
			t.Errorf("%s %s exists in the clouds and in no state: made twice", o.Type, o.ID)
		}
	}
}

// interruptWhen interrupts a run when so many objects exist and waits for its end.
func interruptWhen(t *testing.T, s *stack, objects int, done <-chan error) {
	t.Helper()
	for {
		select {
		case err := <-done:
			t.Fatalf("up ended before %d objects existed: %v", objects, err)
		case <-time.After(100 * time.Millisecond):
		}
		if len(s.objects()) >= objects {
			break
		}
	}
	s.world.Interrupt()
	if err := <-done; err == nil {
		t.Fatal("the interrupted up reports success")
	}
}
