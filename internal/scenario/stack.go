package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/local"
	"burrow/internal/plan"
	"burrow/internal/reach"
)

// A Stack is one stack in emulated clouds of its own.
type Stack struct {
	t     *testing.T
	world *local.World
	home  string
	file  string // its configuration
	name  string // "dev" unless it is the landlord's
	log   bytes.Buffer
	// others are the ids of what somebody else has in the clouds.
	others map[string]bool
}

// New is a stack that does not exist yet. The change is made to the options of
// its world.
func New(t *testing.T, s Settings, change ...func(*local.Options)) *Stack {
	t.Helper()
	return open(t, t.TempDir(), s, change...)
}

// Again is the same stack in the same clouds, with other options of its world.
func (s *Stack) Again(set Settings, change ...func(*local.Options)) *Stack {
	return open(s.t, s.home, set, change...)
}

// As is a change of options: the test binary is the program, as the one of that
// name which [Main] knows.
func As(program string) func(*local.Options) { return as(program) }

func open(t *testing.T, home string, s Settings, change ...func(*local.Options)) *Stack {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the real engine; skipped with -short")
	}
	st := &Stack{t: t, home: home, file: filepath.Join(home, "settings.yaml"), name: "dev"}
	st.Configure(s)
	o := options(t, home)
	o.Notices = &st.log
	if s["k8s.access"] == string(plan.AccessDirect) {
		o.From = "inside"
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	if st.world, err = local.New(o); err != nil {
		t.Fatal(err)
	}
	return st
}

// Configure writes the stack's configuration.
func (s *Stack) Configure(set Settings) {
	s.t.Helper()
	if err := os.WriteFile(s.file, set.file(), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// Interrupt asks a run under way to end, as Ctrl-C does.
func (s *Stack) Interrupt() { s.world.Interrupt() }

// Try runs a command and returns all that it printed.
func (s *Stack) Try(args ...string) (string, error) {
	var out bytes.Buffer
	s.log.Reset()
	if slices.Contains([]string{"up", "preview", "refresh", "destroy"}, args[0]) {
		args = append(args, "--config-file", s.file, "--stack", s.name)
	}
	err := s.world.Run(context.Background(), &out, args...)
	return out.String() + s.log.String(), err
}

// Run is [Stack.Try] for what has to succeed.
func (s *Stack) Run(args ...string) string {
	s.t.Helper()
	out, err := s.Try(args...)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, Tail(out))
	}
	return out
}

// Up brings the stack up. The engine's own preview before an up is left out: what
// it would show is what [Stack.Preview] looks at.
func (s *Stack) Up() {
	s.t.Helper()
	s.Run("up", "--skip-preview")
}

// Tail is the end of an output, which says what failed.
func Tail(out string) string {
	const most = 6000
	if len(out) > most {
		return "…" + out[len(out)-most:]
	}
	return out
}

// A Step is what a preview wants to do with one resource.
type Step struct {
	Op       string              `json:"op"`
	URN      string              `json:"urn"`
	NewState *apitype.ResourceV3 `json:"newState"`
}

// Preview lists the steps of the next run that change something.
func (s *Stack) Preview() []Step {
	s.t.Helper()
	steps, _ := s.Previewed()
	return steps
}

// Previewed are the steps of the next run that change something, and what the
// preview says beside them.
func (s *Stack) Previewed() (steps []Step, says string) {
	s.t.Helper()
	var out bytes.Buffer
	s.log.Reset()
	if err := s.world.Run(context.Background(), &out, "preview", "--json", "--config-file", s.file, "--stack", s.name); err != nil {
		s.t.Fatalf("preview: %v\n%s%s", err, Tail(out.String()), s.log.String())
	}
	var digest struct {
		Steps       []Step `json:"steps"`
		Diagnostics []struct {
			Message string `json:"message"`
		} `json:"diagnostics"`
	}
	if err := json.Unmarshal(out.Bytes(), &digest); err != nil {
		s.t.Fatalf("read the preview: %v\n%s", err, Tail(out.String()))
	}
	for _, d := range digest.Diagnostics {
		says += d.Message + "\n"
	}
	return slices.DeleteFunc(digest.Steps, func(s Step) bool {
		return s.Op == "same" || s.Op == "read" || s.Op == "refresh"
	}), says
}

// Unchanged demands that a next run would change nothing.
func (s *Stack) Unchanged(when string) {
	s.t.Helper()
	if steps := s.Preview(); len(steps) > 0 {
		s.t.Errorf("%s, a preview wants %d steps: %v", when, len(steps), steps)
	}
}

// State are the resources of the stack by URN, secrets in clear.
func (s *Stack) State() map[string]apitype.ResourceV3 {
	s.t.Helper()
	deployment, err := s.world.State(s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	state := map[string]apitype.ResourceV3{}
	for _, r := range deployment.Resources {
		state[string(r.URN)] = r
	}
	return state
}

// saidLater are outputs of which a cloud says more at a refresh than after the
// write, and the rule by which it does. They are outputs only: no input follows.
var saidLater = map[string]string{
	"aws:ec2/eip:Eip.associationId":                                         "set when a NAT gateway takes the address (VPC-10)",
	"aws:ec2/eip:Eip.networkInterface":                                      "set when a NAT gateway takes the address (VPC-10)",
	"aws:ec2/eip:Eip.privateDns":                                            "set when a NAT gateway takes the address (VPC-10)",
	"aws:ec2/eip:Eip.privateIp":                                             "set when a NAT gateway takes the address (VPC-10)",
	"aws:ec2/networkAcl:NetworkAcl.egress":                                  "lists the rules made one by one (PRV-15)",
	"aws:ec2/networkAcl:NetworkAcl.ingress":                                 "lists the rules made one by one (PRV-15)",
	"aws:ec2/networkAcl:NetworkAcl.subnetIds":                               "lists the associations made one by one (PRV-15)",
	"aws:ec2/routeTable:RouteTable.propagatingVgws":                         "lists the propagation made by itself (PRV-15)",
	"aws:ec2/routeTable:RouteTable.routes":                                  "lists the routes made one by one (PRV-15)",
	"aws:ec2/securityGroup:SecurityGroup.egress":                            "lists the rules made one by one (PRV-15)",
	"aws:ec2/securityGroup:SecurityGroup.ingress":                           "lists the rules made one by one (PRV-15)",
	"aws:ec2/vpnConnection:VpnConnection.vgwTelemetries":                    "tunnels come up after the connection exists (AWV-30)",
	"aws:iam/role:Role.inlinePolicies":                                      "lists the policies made one by one",
	"aws:iam/role:Role.managedPolicyArns":                                   "lists the attachments made one by one",
	"aws:lb/targetGroup:TargetGroup.loadBalancerArns":                       "set when a listener uses the group (NLB-11)",
	"aws:sns/topic:Topic.policy":                                            "shows the policy made by itself (PRV-15)",
	"azure-native:network:NetworkSecurityGroup.subnets":                     "lists the subnets that took it",
	"azure-native:network:PrivateZone.numberOfRecordSets":                   "counts what was made later",
	"azure-native:network:PrivateZone.numberOfVirtualNetworkLinks":          "counts what was made later",
	"azure-native:network:PublicIPAddress.ipConfiguration":                  "set when the gateway takes the address (AVG-13)",
	"azure-native:network:RouteTable.subnets":                               "lists the subnets that took it",
	"azure-native:network:Subnet.ipConfigurations":                          "lists what lives in the subnet (ANW-09)",
	"azure-native:network:VirtualNetwork.flowLogs":                          "lists the flow log, which waits for the VNet (LOG-03)",
	"azure-native:network:VirtualNetworkGatewayConnection.connectionStatus": "Unknown after the write, then Connected (AVC-31)",
	"pulumi:pulumi:StackReference.outputs":                                  "the stack's own outputs, nil in its first run",
	"pulumi:pulumi:StackReference.secretOutputNames":                        "the stack's own outputs, nil in its first run",
}

// Refresh demands that a refresh finds no changed input, and no changed output
// that has no rule.
func (s *Stack) Refresh() {
	s.t.Helper()
	before := s.State()
	s.Run("refresh")
	for urn, after := range s.State() {
		was, ok := before[urn]
		if !ok {
			s.t.Errorf("refresh made %s", urn)
			continue
		}
		if !reflect.DeepEqual(was.Inputs, after.Inputs) {
			s.t.Errorf("refresh changed inputs of %s: %s", urn, strings.Join(changed(was.Inputs, after.Inputs), ", "))
		}
		for _, property := range changed(was.Outputs, after.Outputs) {
			if output := fmt.Sprintf("%s.%s", after.Type, property); saidLater[output] == "" {
				s.t.Errorf("refresh changed the output %s of %s, for no known rule", output, urn)
			}
		}
	}
}

// changed are the top-level properties that differ.
func changed(a, b map[string]any) []string {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool {
		return reflect.DeepEqual(a[name], b[name])
	})
}

// Objects are all that exists in the stack's clouds, as type and id.
func (s *Stack) Objects() (all []*inventory.Object) {
	s.t.Helper()
	s.View(func(tx *emulator.Tx) { all = tx.All() })
	return all
}

// TunnelsUp demands that every tunnel carries traffic, that every path passes, and that
// each cloud's filters alone stop everything else, judged from what both clouds hold: a
// key that only one of them took shows here (AVC-12).
func (s *Stack) TunnelsUp(when string, want int) {
	s.t.Helper()
	s.View(func(tx *emulator.Tx) {
		tunnels := reach.Tunnels(tx.View)
		if len(tunnels) != want {
			s.t.Errorf("%s, there are %d tunnels, want %d", when, len(tunnels), want)
		}
		for _, tunnel := range tunnels {
			if !tunnel.Carries() {
				s.t.Errorf("%s, a tunnel is down: IPsec %v, BGP %v, routes %v", when, tunnel.IPsec, tunnel.BGP, tunnel.Routes)
			}
		}
		for _, e := range reach.Alone(tx.View, true) {
			if !s.ofOthers(e.From) && !s.ofOthers(e.To) {
				s.t.Errorf("%s, a layer is open: %v", when, e)
			}
		}
	})
	var screen bytes.Buffer
	if err := s.Status(&screen, local.StatusOptions{ExitCode: true}); err != nil {
		s.t.Errorf("%s, burrow local status --exit-code: %v\n%s", when, err, screen.String())
	}
}

// ofOthers reports whether something of the name belongs to somebody else.
func (s *Stack) ofOthers(name string) bool {
	for id := range s.others {
		if strings.HasSuffix(id, "/"+name) {
			return true
		}
	}
	return false
}

// leftBehind are the types that real clouds leave after a destroy, and why.
var leftBehind = map[string]string{
	azuretype.NetworkWatcher:  "Azure makes one with a region's first VNet and keeps it",
	azuretype.ResourceGroup:   "NetworkWatcherRG, made with the network watcher",
	awstype.Key:               "a deleted key is pending deletion for 7 to 30 days",
	awstype.LogResourcePolicy: "AWS writes it for the delivery of tunnel and query logs (AWV-29), and keeps it",
}

// Destroyed destroys the stack and demands that the clouds are empty.
func (s *Stack) Destroyed() {
	s.t.Helper()
	s.Run("destroy", "--skip-preview")
	for _, o := range s.Objects() {
		if s.others[o.ID] {
			continue
		}
		_, known := leftBehind[o.Type]
		if o.URN != "" || !known {
			s.t.Errorf("destroy left %s %s", o.Type, o.ID)
		}
	}
	if state := s.State(); len(state) > 0 {
		s.t.Errorf("destroy left %d resources in the state", len(state))
	}
}

// Managed are the resources of a state that a preview counts: all but default
// providers and what is only read.
func Managed(state map[string]apitype.ResourceV3) []string {
	var urns []string
	for urn, r := range state {
		if !strings.Contains(urn, "::default") && !r.External && r.Type != "pulumi:pulumi:StackReference" {
			urns = append(urns, urn)
		}
	}
	slices.Sort(urns)
	return urns
}
