package switches

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/local"
	"burrow/internal/plan"
	"burrow/internal/reach"
	"burrow/internal/scenario"
)

// A modeSwitch changes a mode of a living estate.
type modeSwitch struct {
	name     string
	from, to scenario.Settings
	// warns is what the preview says of it beforehand.
	warns []string
	// cut says that there is a moment without a path.
	cut bool
	// order are writes that follow one another, as "update name".
	order []string
	// rare is left to a run with -all.
	rare bool
	// keeps are types of which nothing may be replaced or deleted.
	keeps []string
}

var switches = []modeSwitch{
	{
		name: "virtual private gateway to transit gateway",
		order: []string{
			"create burrow-tgw-attachment", "update burrow-vpn-instance0", "create burrow-tgw-association-instance0",
			"update burrow-to-azure-az1", "update burrow-vpn-instance1", "delete burrow-vgw-attachment", "delete burrow-vgw",
		},
		to:    scenario.Settings{"vpn.awsGateway": "transit-gateway"},
		warns: []string{"vpn.awsGateway changes from virtual-private-gateway to transit-gateway: the path between bunny and relay stays", "5 to 15 minutes"},
		keeps: []string{"aws:ec2/vpnConnection:VpnConnection", "azure-native:network:VirtualNetworkGatewayConnection", "aws:ec2/route:Route"},
	},
	{
		name: "transit gateway to virtual private gateway", rare: true,
		order: []string{
			"create burrow-vgw-attachment", "update burrow-vpn-instance0", "update burrow-to-azure-az1",
			"update burrow-vpn-instance1", "delete burrow-tgw-attachment", "delete burrow-tgw",
		},
		from:  scenario.Settings{"vpn.awsGateway": "transit-gateway"},
		warns: []string{"vpn.awsGateway changes from transit-gateway to virtual-private-gateway"},
		keeps: []string{"aws:ec2/vpnConnection:VpnConnection", "azure-native:network:VirtualNetworkGatewayConnection", "aws:ec2/route:Route"},
	},
	{
		name: "NAT to endpoints",
		order: []string{
			"create burrow-endpoint-ecr-dkr", "delete burrow-private-default-az1", "delete burrow-nat-az1", "delete burrow-internet-gateway",
		},
		to:    scenario.Settings{"network.aws.egress": "endpoints"},
		warns: []string{"network.aws.egress changes from nat-per-zone to endpoints: the path between bunny and relay stays"},
		keeps: []string{"aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster", "aws:ec2/vpnConnection:VpnConnection"},
	},
	{
		name: "endpoints to NAT", rare: true,
		order: []string{"create burrow-nat-az1", "create burrow-private-default-az1", "delete burrow-endpoint-ecr-dkr"},
		from:  scenario.Settings{"network.aws.egress": "endpoints"},
		warns: []string{"network.aws.egress changes from endpoints to nat-per-zone: the path between bunny and relay stays"},
		keeps: []string{"aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster"},
	},
	{
		name: "two zones to three",
		order: []string{
			"create burrow-private-az3", "create burrow-to-azure-az3", "update burrow-nlb", "create burrow-nodes", "create burrow-attachment",
			"delete burrow-attachment", "delete burrow-nodes",
		},
		to:    scenario.Settings{"network.aws.zones": scenario.ThreeZones},
		warns: []string{"network.aws.zones changes from eu-west-2a, eu-west-2b to eu-west-2a, eu-west-2b, eu-west-2c: the path between bunny and relay stays"},
		keeps: []string{"aws:eks/cluster:Cluster", "aws:lb/loadBalancer:LoadBalancer", "aws:route53/resolverEndpoint:ResolverEndpoint", "aws:ec2/vpnConnection:VpnConnection"},
	},
	{
		name: "another generation of the Azure gateway", to: scenario.Settings{"vpn.sku": "VpnGw3AZ", "vpn.generation": "Generation2"}, cut: true, rare: true,
		order: []string{"delete burrow-connection-instance0-tunnel1", "delete burrow-gateway", "create burrow-gateway", "create burrow-connection-instance0-tunnel1"},
		warns: []string{"vpn.generation changes from Generation1 to Generation2: THE PATH BETWEEN BUNNY AND RELAY IS CUT for 45 to 90 minutes"},
	},
	{
		name: "another size of the Azure gateway", to: scenario.Settings{"vpn.sku": "VpnGw3AZ"}, rare: true,
		warns: []string{"vpn.sku changes from VpnGw1AZ to VpnGw3AZ"},
		keeps: []string{"azure-native:network:VirtualNetworkGateway", "azure-native:network:VirtualNetworkGatewayConnection"},
	},
	{
		name: "other machines in EKS", to: scenario.Settings{"clusters.eks.nodes.instanceType": "m7g.large"},
		order: []string{"create burrow-nodes", "create burrow-attachment", "delete burrow-attachment", "delete burrow-nodes"}, rare: true,
		warns: []string{"clusters.eks.nodes.instanceType changes from t3.medium to m7g.large: the path between bunny and relay stays"},
		keeps: []string{"aws:eks/cluster:Cluster", "aws:lb/loadBalancer:LoadBalancer"},
	},
	{
		name: "access by Session Manager to direct", to: scenario.Settings{"k8s.access": "direct", "clusters.eks.apiClients": []string{"10.0.8.0/24"}},
		order: []string{"create burrow-in-api-10.0.8.0-24", "delete burrow-api-document"},
		warns: []string{"k8s.access changes from ssm to direct: the path between bunny and relay stays"},
		keeps: inClusters,
	},
	{
		name: "direct access to Session Manager", from: scenario.Settings{"k8s.access": "direct", "clusters.eks.apiClients": []string{"10.0.8.0/24"}}, rare: true,
		order: []string{"create burrow-api-document", "delete burrow-in-api-10.0.8.0-24"},
		warns: []string{"k8s.access changes from direct to ssm: the path between bunny and relay stays"},
		keeps: inClusters,
	},
	{
		name: "another policy engine", to: scenario.Settings{"clusters.aks.networkPolicy": "calico"},
		warns: []string{"clusters.aks.networkPolicy changes from cilium to calico: THE PATH BETWEEN BUNNY AND RELAY IS CUT for 10 to 20 minutes"},
		keeps: []string{"azure-native:network:VirtualNetworkGateway"},
		cut:   true,
	},
}

// inClusters are the types of what the clusters hold, and of the clusters.
var inClusters = []string{awstype.Cluster, awstype.NodeGroup, kubetype.Namespace, kubetype.NetworkPolicy, "pulumi:providers:kubernetes"}

func TestMain(m *testing.M) { scenario.Main(m, nil) }

// Modes are switched on a living estate: the preview says beforehand what becomes
// of the path, the path is as it says at every write, and the estate ends like one
// that was made so.
func TestSwitches(t *testing.T) {
	for _, sw := range switches {
		if sw.rare && !*scenario.All {
			continue
		}
		t.Run(sw.name, func(t *testing.T) {
			t.Parallel()
			sw.live(t)
		})
	}
}

// estate is the living estate that the switch begins with.
func (sw modeSwitch) estate(t *testing.T, change func(*local.Options)) *scenario.Stack {
	if sw.from == nil {
		return scenario.Living(t, change, func(o *local.Options) {
			if sw.to["k8s.access"] == string(plan.AccessDirect) {
				o.From = "inside" // and so are those who change the estate
			}
		})
	}
	s := scenario.New(t, sw.from, change)
	s.Up()
	return s
}

func (sw modeSwitch) live(t *testing.T) {
	var path pathRecorder
	watched := func(o *local.Options) { o.OnWrite = path.saw }
	s := sw.estate(t, watched)
	s.TunnelsUp("before the switch", 4)
	s.Configure(sw.to)
	steps, warnings := s.Previewed()
	for _, words := range sw.warns {
		if !strings.Contains(warnings, words) {
			t.Errorf("the preview does not say %q:\n%s", words, warnings)
		}
	}
	gone := map[string]bool{}
	for _, step := range steps {
		if step.Op == "replace" || step.Op == "delete" {
			gone[scenario.TypeOf(step.URN)] = true
		}
	}
	for _, typ := range sw.keeps {
		if gone[typ] {
			t.Errorf("the preview replaces or deletes some %s", typ)
		}
	}
	path.recording = true
	s.Up()
	if cut := path.broken; (len(cut) > 0) != sw.cut {
		t.Errorf("moments without a path: %d, want some %v\n%s", len(cut), sw.cut, strings.Join(cut, "\n"))
	}
	path.inOrder(t, sw.order)
	t.Logf("%d writes:\n%s", len(path.steps), strings.Join(path.steps, "\n"))
	s.TunnelsUp("after the switch", 4)
	s.View(func(tx *emulator.Tx) { scenario.CheckSilence(t, tx) })
	s.Unchanged("after the switch")
	s.Destroyed()
}

// What no living estate can become is refused before anything is done, and the
// estate stays as it was.
func TestImpossibleSwitches(t *testing.T) {
	t.Parallel()
	s := scenario.New(t, scenario.Settings{"estate.protect": true})
	s.Up()
	before := s.State()
	for _, r := range []struct {
		name      string
		settings  scenario.Settings
		key, rule string
	}{
		{"another region", scenario.Settings{"estate.protect": true, "network.aws.region": "eu-central-1"}, "network.aws.region", ""},
		{"another suffix", scenario.Settings{"estate.protect": true, "estate.suffix": "blue"}, "estate.suffix", ""},
		{"another gateway, protected", scenario.Settings{"estate.protect": true, "vpn.awsGateway": "transit-gateway"}, "vpn.awsGateway", "estate.protect"},
		{"another zone's name, protected", scenario.Settings{"estate.protect": true, "dns.awsZone": "other.aws.internal"}, "dns.awsZone", "estate.protect"},
	} {
		s.Configure(r.settings)
		out, err := s.Try("up")
		if err == nil {
			t.Fatalf("%s: up did it", r.name)
		}
		for _, words := range []string{r.key, r.rule, "why:", "remedy:"} {
			if !strings.Contains(out, words) {
				t.Errorf("%s: the refusal does not say %q:\n%s", r.name, words, scenario.Tail(out))
			}
		}
	}
	if after := s.State(); len(after) != len(before) {
		t.Errorf("%d resources before the refusals, %d after them", len(before), len(after))
	}
}

// A pathRecorder judges, at each write of a run, whether anything still crosses
// between bunny and relay.
type pathRecorder struct {
	recording bool
	steps     []string // what was written, in order
	broken    []string // after what there was no path, and why
}

// inOrder demands that the writes happened one after the other.
func (r *pathRecorder) inOrder(t *testing.T, writes []string) {
	t.Helper()
	last := -1
	for _, write := range writes {
		at := slices.Index(r.steps, write)
		if at <= last {
			t.Errorf("%q is step %d, not after step %d; want the order %v", write, at, last, writes)
		}
		last = at
	}
}

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

// noPath says which of the estate's paths is stopped, or "". A tunnel may be down while
// others carry.
func (r *pathRecorder) noPath(tx *emulator.Tx, away string) string {
	paths := reach.Paths(inventory.View{Source: without{tx.View.Source, away}}, true)
	if len(paths) == 0 {
		return "there are no two clusters"
	}
	for _, p := range paths {
		if !p.Spare && p.Verdict() != reach.Passes {
			return fmt.Sprintf("%s is %s: %v", p.Name, p.Verdict(), p.Troubles())
		}
	}
	return ""
}

// without is a source without a VPN connection.
type without struct {
	inventory.Source
	connection string
}

func (w without) Objects(typ string) []*inventory.Object {
	all := w.Source.Objects(typ)
	if typ != awstype.VpnConnection || w.connection == "" {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(o *inventory.Object) bool { return o.ID == w.connection })
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

// The page of modes says what these tests switch.
func TestSwitchesPage(t *testing.T) {
	scenario.ComparePage(t, scenario.ModesPage, scenario.SwitchesMark, switchTable())
}

// switchTable is the part of the page of modes about switches.
func switchTable() string {
	var b strings.Builder
	fmt.Fprint(&b, "\n## Switches on a living estate\n\n")
	fmt.Fprint(&b, "The preview says this beforehand, and the tests watch the path at every write. A VPN connection that is being changed\ncounts as down (AWV-28).\n\n")
	fmt.Fprint(&b, "| switch | the preview warns | steps, in this order among others | a moment without a path |\n|---|---|---|---|\n")
	for _, sw := range switches {
		var said []string
		for _, s := range sw.after().Switches(sw.before()) {
			said = append(said, s.String())
		}
		cut := "none"
		if sw.cut {
			cut = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", sw.name, strings.Join(said, " "), strings.Join(sw.order, ", "), cut)
	}
	return b.String()
}

func (sw modeSwitch) before() plan.Modes { return modesOf(sw.from) }

func (sw modeSwitch) after() plan.Modes { return modesOf(sw.to) }

func modesOf(s scenario.Settings) plan.Modes {
	p, err := s.Plan()
	if err != nil {
		panic(err)
	}
	return p.Modes()
}
