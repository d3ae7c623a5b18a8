package estates

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"burrow/internal/emulator"
	"burrow/internal/emulator/alarms"
	"burrow/internal/inventory/awstype"
	"burrow/internal/kubetest"
	"burrow/internal/local"
	"burrow/internal/plan"
	"burrow/internal/scenario"
)

// otherPlace is an estate with no address, region or name of the default one.
var otherPlace = scenario.Settings{
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

var lives = []struct {
	name string
	life scenario.Life
}{
	{"default", scenario.Life{Prove: proveDefault}},
	{"other ranges and regions", scenario.Life{Brief: true, Settings: otherPlace, Prove: proveExport}},
	{"key rotation of one tunnel", scenario.Life{Brief: true, Edits: []scenario.Edit{{
		Name:     "raise one generation",
		Settings: rotate("instance0-tunnel2"),
		Steps: map[string]int{
			"replace random:index/randomPassword:RandomPassword":           1,
			"update aws:ec2/vpnConnection:VpnConnection":                   1,
			"replace azure-native:network:VirtualNetworkGatewayConnection": 1,
		},
	}}}},
	{"minor upgrade of both clusters", scenario.Life{
		Brief:    true,
		Settings: scenario.Settings{"clusters.eks.version": "1.35", "clusters.aks.version": "1.35"},
		Edits: []scenario.Edit{{
			Name: "back to the default versions",
			// The control plane and the nodes, kube-proxy, and the version that pod
			// security is judged by; components say that what is in them changes.
			Steps: map[string]int{
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
	}},
}

func TestMain(m *testing.M) { scenario.Main(m, nil) }

func TestLives(t *testing.T) {
	for _, l := range lives {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.life.On(t, scenario.New(t, l.life.Settings))
		})
	}
}

// rotate is the default estate with one tunnel's key generation raised.
func rotate(names ...string) scenario.Settings {
	tunnels := plan.Default().VPN.OrderedTunnels()
	for i := range tunnels {
		if slices.Contains(names, tunnels[i].Name()) {
			tunnels[i].KeyGeneration++
		}
	}
	return scenario.Settings{"vpn.tunnels": asJSON(tunnels)}
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

func proveExport(t *testing.T, s *scenario.Stack) {
	s.CheckPaths(4)
	s.CheckGatewayAlone()
}

func proveDefault(t *testing.T, s *scenario.Stack) {
	proveExport(t, s)
	s.ProveNames(scenario.DefaultNames)
	// A second run reads the first one's outputs, secrets included, into its state.
	s.Up()
	s.ProveNoSecret()
	s.ProveTags()
	s.CheckWatching(plan.Default())
	s.CheckObjects(kubetest.StartIfBuilt(t))
}

// One administrator deploys and another runs the next preview: nothing to do,
// since administrators come from the configuration and never from the caller.
func TestAdministratorsTakeTurns(t *testing.T) {
	t.Parallel()
	s := scenario.Living(t, func(o *local.Options) { o.As = "arn:aws:iam::123456789012:role/second" })
	s.Unchanged("as another administrator")
	s.Up()
	clusters := s.Exported().All(awstype.Cluster)
	if len(clusters) == 0 {
		t.Fatal("the state holds no cluster")
	}
	for _, c := range clusters {
		if got, _ := c.In.Get("accessConfig.bootstrapClusterCreatorAdminPermissions"); got != false {
			t.Errorf("the creator's hidden administrator entry is %v, want false", got)
		}
	}
}

// Two keys at once could cut two tunnels at once: refused, and nothing changes.
func TestTwoRotationsAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	s := scenario.Living(t)
	before := s.State()
	s.Configure(rotate("instance0-tunnel1", "instance1-tunnel1"))
	out, err := s.Try("up")
	if err == nil {
		t.Fatal("up changed two keys in one run")
	}
	for _, word := range []string{"keyGeneration", "why:", "remedy:"} {
		if !strings.Contains(out, word) {
			t.Errorf("the refusal does not say %q:\n%s", word, scenario.Tail(out))
		}
	}
	if after := s.State(); len(after) != len(before) {
		t.Errorf("%d resources before the refusal, %d after it", len(before), len(after))
	}
}

// A change of the VPC's range is a new network and a new cluster: the preview
// says so for each thing that goes, Azure's side stays, and up gets there.
func TestRangeChangeShowsItsCost(t *testing.T) {
	t.Parallel()
	s := scenario.Living(t)
	s.Configure(scenario.Settings{
		"network.aws.cidr": "10.50.0.0/16",
		"network.aws.zones": []map[string]string{
			{"name": "eu-west-2a", "private": "10.50.1.0/24", "public": "10.50.101.0/24"},
			{"name": "eu-west-2b", "private": "10.50.2.0/24", "public": "10.50.102.0/24"},
		},
	})
	replaced := map[string]bool{}
	for _, step := range s.Preview() {
		if step.Op == "replace" {
			replaced[scenario.TypeOf(step.URN)] = true
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
	s.Up()
	s.Unchanged("after the new range")
	s.CheckPaths(4)
	s.Destroyed()
}

// An estate whose private API nobody reaches any more can be destroyed all the same: what is in
// a cluster goes with it.
func TestDestroyWithoutTheAPI(t *testing.T) {
	t.Parallel()
	s := scenario.Living(t)
	s.Tamper(func(tx *emulator.Tx) {
		for _, o := range tx.All(awstype.Document) {
			changed := *o
			changed.In, changed.Out = o.In.Clone(), o.Out.Clone()
			shell := strings.Replace(o.Value("content"), `"Port"`, `"Standard_Stream"`, 1)
			changed.In.Set("content", shell)
			changed.Out.Set("content", shell)
			tx.Put(&changed)
		}
	})
	if out, err := s.Try("refresh", "--yes"); err == nil || !strings.Contains(out, "cluster is unreachable") {
		t.Fatalf("the API is reached: %v\n%s", err, scenario.Tail(out))
	}
	s.Destroyed()
}

// Ctrl-C half-way: what was in flight is finished, nothing is pending, and the
// next up makes the rest once.
func TestInterruptedUpContinues(t *testing.T) {
	t.Parallel()
	s := scenario.New(t, nil, func(o *local.Options) { o.SkipCheckpoints = false })
	done := make(chan error, 1)
	go func() {
		_, err := s.Try("up")
		done <- err
	}()
	interruptWhen(t, s, 40, done)
	partial := len(scenario.Managed(s.State()))
	s = s.Again(nil)
	s.Up()
	whole := s.State()
	if partial == 0 || partial >= len(scenario.Managed(whole)) {
		t.Fatalf("the interrupt came too early or too late: %d of %d resources", partial, len(scenario.Managed(whole)))
	}
	s.Unchanged("after the interrupted up was continued")
	ids := map[string]apitype.ResourceV3{}
	for _, r := range whole {
		ids[string(r.ID)] = r
	}
	for _, o := range s.Objects() {
		if _, ok := ids[o.ID]; !ok && o.URN != "" {
			t.Errorf("%s %s exists in the clouds and in no state: made twice", o.Type, o.ID)
		}
	}
}

// interruptWhen interrupts a run when so many objects exist and waits for its end.
func interruptWhen(t *testing.T, s *scenario.Stack, objects int, done <-chan error) {
	t.Helper()
	for {
		select {
		case err := <-done:
			t.Fatalf("up ended before %d objects existed: %v", objects, err)
		case <-time.After(100 * time.Millisecond):
		}
		if len(s.Objects()) >= objects {
			break
		}
	}
	s.Interrupt()
	if err := <-done; err == nil {
		t.Fatal("the interrupted up reports success")
	}
}

// Whoever is on call learns of a tunnel whose key only one cloud has, and of it
// alone: the alarms of that tunnel go on in both clouds, those of the others stay
// off.
func TestLostTunnelIsNoticed(t *testing.T) {
	t.Parallel()
	s := scenario.Living(t)
	lost := plan.Default().VPN.OrderedTunnels()[1].Name()
	s.Tamper(func(tx *emulator.Tx) {
		for _, o := range tx.All("azure-native:network:VirtualNetworkGatewayConnection") {
			if strings.HasSuffix(o.ID, lost) {
				changed := *o
				changed.Hidden = o.Hidden.Clone()
				changed.Hidden.Set("sharedKey", "somebody-elses-key")
				tx.Put(&changed)
			}
		}
	})
	on := map[string]bool{}
	s.View(func(tx *emulator.Tx) {
		for _, a := range alarms.All(tx) {
			if a.State == alarms.Firing && scenario.Firing[a.Name] == "" {
				on[a.Name] = true
			}
		}
	})
	for _, name := range []string{"burrow-vpn-" + lost + "-down", "burrow-bgp-" + lost + "-down"} {
		if !on[name] {
			t.Errorf("%s is not on", name)
		}
		delete(on, name)
	}
	for name := range on {
		t.Errorf("%s is on, and nothing is wrong with what it watches", name)
	}
}

// Networks that will not do are refused with everything that is wrong, before
// anything is made in them.
func TestExistingNetworksThatWillNotDo(t *testing.T) {
	t.Parallel()
	s := scenario.New(t, nil)
	named, movedOut := s.MoveIn(nil, scenario.Careless)
	s.Configure(named)
	out, err := s.Try("up")
	if err == nil {
		t.Fatal("up moved in")
	}
	for _, words := range []string{
		"network.aws.vpcId", "enableDnsHostnames", "network.aws.zones[0].private", "10.0.1.0/25",
		"network.azure.vnetId", "10.10.200.4", "network.azure.subnets.resolverInbound", "10.10.3.0/28", "remedy:",
	} {
		if !strings.Contains(out, words) {
			t.Errorf("the refusal does not say %q:\n%s", words, scenario.Tail(out))
		}
	}
	for _, o := range s.Objects() {
		if o.URN != "" && !s.Others(o) {
			t.Errorf("%s %s was made", o.Type, o.ID)
		}
	}
	movedOut()
}
