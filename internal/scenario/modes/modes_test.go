package modes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/kubetest"
	"burrow/internal/plan"
	"burrow/internal/scenario"
)

func TestMain(m *testing.M) { scenario.Main(m, nil) }

// sampled is how many combinations of several modes the usual tests bring up.
const sampled = 2

// Each mode alone lives a whole life: up, everything named as ever, nothing to do,
// nothing drifted, destroyed, nothing left; and a real API server takes its objects. Of
// the rare ones the usual run looks at the names only, in a preview.
func TestModes(t *testing.T) {
	api := kubetest.StartIfBuilt(t)
	for _, c := range singles()[1:] { // the default estate is a scenario of its own
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			if c.rare() && !*scenario.All {
				scenario.New(t, c.settings()).ProvePlannedNames(c.String())
				return
			}
			c.live(t, func(s *scenario.Stack) {
				s.ProveNames(c.String())
				s.CheckObjects(api)
			})
		})
	}
}

// No file of names outlives its mode.
func TestNamesBelongToModes(t *testing.T) {
	var modes []string
	for _, c := range singles() {
		modes = append(modes, c.String()) // the first is the default estate
	}
	scenario.ProveNamesOf(t, modes)
}

// Modes together: each pair that the plan allows is in one of the rows.
func TestCombinations(t *testing.T) {
	rows, _ := cover()
	if !*scenario.All {
		rows = rows[:sampled]
	}
	for _, c := range rows {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			c.live(t, func(*scenario.Stack) {})
		})
	}
}

func (c combination) live(t *testing.T, prove func(*scenario.Stack)) {
	set, movedOut := c.settings(), func() {}
	s := scenario.New(t, set)
	if c.landlord() {
		named, check := s.MoveIn(set)
		set, movedOut = set.With(named), check
		s.Configure(set)
	}
	life := scenario.Life{Brief: true, Prove: func(t *testing.T, s *scenario.Stack) {
		prove(s)
		proveMode(t, s, set)
	}}
	life.On(t, s)
	movedOut()
}

// proveMode is what holds in every mode, on the finished stack.
func proveMode(t *testing.T, s *scenario.Stack, set scenario.Settings) {
	t.Helper()
	p, err := set.Plan()
	if err != nil {
		t.Fatal(err)
	}
	s.CheckWatching(p)
	count := map[string]int{}
	for _, r := range s.State() {
		count[string(r.Type)]++
	}
	for typ, want := range expected(p) {
		if n := count[typ]; n != want {
			t.Errorf("%d of %s, want %d", n, typ, want)
		}
	}
	if p.Estate.Protect {
		unprotect(t, s, set)
	}
}

// expected is how many of the types that tell modes apart an estate has.
func expected(p *plan.Plan) map[string]int {
	zones, one := len(p.Network.AWS.Zones), func(yes bool) int {
		if yes {
			return 1
		}
		return 0
	}
	nats := map[plan.EgressMode]int{plan.EgressNATPerZone: zones, plan.EgressNATSingle: 1}[p.Network.AWS.Egress]
	return map[string]int{
		"aws:ec2/vpc:Vpc": one(p.Network.AWS.MakesVPC()),
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":                               one(p.Network.AWS.MakesVPC()),
		"aws:ec2/internetGateway:InternetGateway":                                         one(p.Network.AWS.MakesVPC() && p.Network.AWS.HasNAT()),
		"aws:ec2/natGateway:NatGateway":                                                   nats,
		"aws:ec2/eip:Eip":                                                                 nats,
		"aws:ec2/subnet:Subnet":                                                           zones + zones*one(p.Network.AWS.HasNAT()),
		"aws:ec2/vpnGateway:VpnGateway":                                                   one(!p.VPN.OnTransit()),
		"aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation":                   zones * one(!p.VPN.OnTransit()),
		"aws:ec2transitgateway/transitGateway:TransitGateway":                             one(p.VPN.OnTransit()),
		"aws:ec2transitgateway/routeTableAssociation:RouteTableAssociation":               3 * one(p.VPN.OnTransit()),
		"aws:ec2transitgateway/routeTablePropagation:RouteTablePropagation":               3 * one(p.VPN.OnTransit()),
		"aws:ec2/vpnConnection:VpnConnection":                                             2,
		"aws:ec2/flowLog:FlowLog":                                                         1 + one(p.VPN.OnTransit()),
		"azure-native:network:VirtualNetwork":                                             one(p.Network.Azure.MakesVNet()),
		"azure-native:network:Subnet":                                                     4,
		"azure-native:network:VirtualNetworkGatewayConnection":                            4,
		"aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation": 1,
		"azure-native:network:DnsResolverPolicyVirtualNetworkLink":                        1,
	}
}

// unprotect shows that nothing protected goes with a destroy, and takes the
// documented way to one that works.
func unprotect(t *testing.T, s *scenario.Stack, set scenario.Settings) {
	t.Helper()
	before := len(s.State())
	out, err := s.Try("destroy")
	if err == nil || !strings.Contains(out, "protect") {
		t.Errorf("destroy of a protected estate: %v\n%s", err, scenario.Tail(out))
	}
	if after := len(s.State()); after != before {
		t.Errorf("%d resources before the refused destroy, %d after it", before, after)
	}
	free := maps.Clone(set)
	delete(free, "estate.protect")
	s.Configure(free)
	s.Up()
}

// What no cloud has together is refused with its reason, before anything is made.
func TestRefusedModes(t *testing.T) {
	for _, r := range refusedModes {
		t.Run(r.name, func(t *testing.T) {
			if _, err := r.settings.Plan(); !r.fits(err) {
				t.Errorf("refused with %v, want one problem of %s for %s", err, r.key, r.rule)
			}
		})
	}
}

// A refusedMode is a choice, or a combination, that is refused.
type refusedMode struct {
	name      string
	settings  scenario.Settings
	key, rule string
}

func (r refusedMode) fits(err error) bool {
	problems, ok := err.(plan.Problems)
	return ok && len(problems) == 1 && problems[0].Key == r.key && strings.Contains(problems[0].Reason, r.rule)
}

var refusedModes = []refusedMode{
	{"static routing", scenario.Settings{"vpn.routing": "static"}, "vpn.routing", "AVC-33"},
	{"endpoints with an image from elsewhere", scenario.Settings{"network.aws.egress": "endpoints", "k8s.relay.image": "ghcr.io/burrow/relay:1.0"}, "k8s.relay.image", "VPC-36"},
	{"existing VPC with NAT and no internet gateway", scenario.Settings{"network.aws.vpcId": "vpc-0123456789abcdef0"}, "network.aws.internetGatewayId", "VPC-09"},
	{"internet gateway without an existing VPC", scenario.Settings{"network.aws.internetGatewayId": "igw-0123456789abcdef0"}, "network.aws.internetGatewayId", "Burrow makes"},
	{"existing VNet in Burrow's own group", scenario.Existing("", "", "vnet", scenario.Settings{"network.aws.egress": "endpoints"}).With(scenario.Settings{"network.azure.resourceGroup": scenario.LandlordGroup}), "network.azure.vnetId", "destroy deletes"},
	{"VpnGw5AZ of the first generation", scenario.Settings{"vpn.sku": "VpnGw5AZ"}, "vpn.generation", "AVG-05"},
	{"VpnGw1AZ of the second generation", scenario.Settings{"vpn.generation": "Generation2"}, "vpn.generation", "AVG-05"},
	{"one zone", scenario.Settings{"network.aws.zones": scenario.ThreeZones[:1]}, "network.aws.zones", "EKS-02"},
	{"a policy engine that AKS has not", scenario.Settings{"clusters.aks.networkPolicy": "weave"}, "clusters.aks.networkPolicy", "AKS-18"},
	{"nobody to tell", scenario.Settings{"watch.emails": []string{}}, "watch.emails", "nobody"},
}

// The page of modes says what these tests try.
func TestModesPage(t *testing.T) {
	scenario.ComparePage(t, scenario.ModesPage, scenario.ModesMark, modesTables())
}

func modesTables() string {
	var b strings.Builder
	fmt.Fprint(&b, "\n## Each mode alone\n\nEach of these is a scenario of `.ci/run`, and most are of the usual tests: up, preview empty, refresh without\ndrift, every alarm at rest, destroyed clean.\n\n| mode | settings |\n|---|---|\n")
	for _, c := range singles() {
		fmt.Fprintf(&b, "| %s | %s |\n", c, settingsText(c))
	}
	rows, refused := cover()
	fmt.Fprintf(&b, "\n## Modes together\n\nEvery pair of modes that may be combined is in one of these rows, and each row lives the same life.\nThe usual tests take the first %d, `.ci/run` takes all.\n\n", sampled)
	for i, c := range rows {
		fmt.Fprintf(&b, "%d. %s\n", i+1, c)
	}
	fmt.Fprint(&b, "\n## Refused\n\nBefore anything is made, with this message.\n\n| combination | key | why | remedy |\n|---|---|---|---|\n")
	for _, r := range refusedModes {
		_, err := r.settings.Plan()
		problems, _ := err.(plan.Problems)
		for _, p := range problems {
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", r.name, p.Key, p.Reason, p.Remedy)
		}
	}
	fmt.Fprintf(&b, "\nOf all pairs of modes, %d cannot be combined: endpoints with an image from another registry.\n", len(refused))
	return b.String()
}

func settingsText(c combination) string {
	var lines []string
	for key, value := range c.settings() {
		if key == "network.aws.zones" {
			value = "three of them"
		}
		lines = append(lines, fmt.Sprintf("`%s: %v`", key, value))
	}
	if c.landlord() {
		lines = append(lines, "`network.aws.vpcId`, `internetGatewayId`, `network.azure.vnetId`")
	}
	if len(lines) == 0 {
		return "none"
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}
