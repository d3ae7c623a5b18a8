package modes

import (
	"maps"
	"math/rand"
	"strings"
	"testing"

	"burrow/internal/plan"
	"burrow/internal/scenario"
)

// A mode is one choice of a dimension and the settings that make it. The first
// mode of each dimension is the default estate's.
type mode struct {
	name     string
	settings scenario.Settings
	// landlord says that networks of another owner have to exist first.
	landlord bool
	// rare is brought up alone in a run with -all only.
	rare bool
}

// A dimension is modes of which an estate has exactly one.
type dimension struct {
	name  string
	modes []mode
}

var dimensions = []dimension{
	{"AWS gateway", []mode{
		{name: "virtual private gateway"},
		{name: "transit gateway", settings: scenario.Settings{"vpn.awsGateway": "transit-gateway"}},
	}},
	{"egress", []mode{
		{name: "NAT per zone"},
		{name: "one NAT gateway", settings: scenario.Settings{"network.aws.egress": "nat-single"}, rare: true},
		{name: "endpoints", settings: scenario.Settings{"network.aws.egress": "endpoints"}},
	}},
	{"zones", []mode{
		{name: "two zones"},
		{name: "three zones", settings: scenario.Settings{"network.aws.zones": scenario.ThreeZones}},
	}},
	{"policy engine", []mode{
		{name: "cilium"},
		{name: "azure", settings: scenario.Settings{"clusters.aks.networkPolicy": "azure"}, rare: true},
		{name: "calico", settings: scenario.Settings{"clusters.aks.networkPolicy": "calico"}},
	}},
	{"Azure gateway", []mode{
		{name: "VpnGw1AZ"},
		{name: "VpnGw3AZ, second generation", settings: scenario.Settings{"vpn.sku": "VpnGw3AZ", "vpn.generation": "Generation2"}, rare: true},
		{name: "VpnGw5AZ", settings: scenario.Settings{"vpn.sku": "VpnGw5AZ", "vpn.generation": "Generation2"}, rare: true},
	}},
	{"suite", []mode{
		{name: "GCM"},
		{name: "CBC", settings: scenario.Settings{"vpn.suite": "aes256-sha256-modp2048"}, rare: true},
	}},
	{"networks", []mode{
		{name: "own networks"},
		{name: "existing networks", landlord: true},
	}},
	{"machines", []mode{
		{name: "t3.medium and Standard_B2ms"},
		{name: "ARM, other sizes, one AKS zone", rare: true, settings: scenario.Settings{
			"clusters.eks.nodes.instanceType": "m7g.large", "clusters.eks.nodes.desired": 3, "clusters.eks.nodes.diskGiB": 60,
			"clusters.aks.pool.vmSize": "Standard_D4ads_v5", "clusters.aks.pool.zones": []string{"1"}, "clusters.aks.tier": "Free",
			"clusters.aks.authorizedRanges": []string{"198.51.100.0/24", "203.0.113.7/32"},
		}},
	}},
	{"access", []mode{
		{name: "by Session Manager"},
		{name: "direct access", settings: scenario.Settings{"k8s.access": "direct", "clusters.eks.apiClients": []string{"10.0.8.0/24"}}},
	}},
	{"image", []mode{
		{name: "no image yet"},
		{name: "image from another registry", settings: scenario.Settings{"k8s.relay.image": "ghcr.io/burrow/relay:1.0"}, rare: true},
	}},
	{"protection", []mode{
		{name: "unprotected"},
		{name: "protected", settings: scenario.Settings{"estate.protect": true}},
	}},
}

// A combination is one mode of each dimension, by index.
type combination []int

func (c combination) String() string {
	var names []string
	for d, m := range c {
		if m > 0 {
			names = append(names, dimensions[d].modes[m].name)
		}
	}
	if len(names) == 0 {
		return "default"
	}
	return strings.Join(names, " + ")
}

func (c combination) settings() scenario.Settings {
	all := scenario.Settings{}
	for d, m := range c {
		maps.Copy(all, dimensions[d].modes[m].settings)
	}
	return all
}

func (c combination) landlord() bool { return c.some(func(m mode) bool { return m.landlord }) }

// rare says that it has a mode that the usual run leaves out.
func (c combination) rare() bool { return c.some(func(m mode) bool { return m.rare }) }

func (c combination) some(is func(mode) bool) bool {
	for d, m := range c {
		if is(dimensions[d].modes[m]) {
			return true
		}
	}
	return false
}

// allowed asks the plan itself; existing networks are some that could exist.
func (c combination) allowed() error {
	s := c.settings()
	if c.landlord() {
		maps.Copy(s, scenario.Existing("vpc-00000000000000000", "igw-00000000000000000", "vnet", s))
	}
	_, err := s.Plan()
	return err
}

// singles are the default estate and each mode alone.
func singles() []combination {
	all := []combination{make(combination, len(dimensions))}
	for d := range dimensions {
		for m := 1; m < len(dimensions[d].modes); m++ {
			c := make(combination, len(dimensions))
			c[d] = m
			all = append(all, c)
		}
	}
	return all
}

// A pair is two modes of two dimensions.
type pair struct{ d1, m1, d2, m2 int }

func (c combination) pairs() []pair {
	var all []pair
	for d1 := range c {
		for d2 := d1 + 1; d2 < len(c); d2++ {
			all = append(all, pair{d1, c[d1], d2, c[d2]})
		}
	}
	return all
}

// cover makes combinations that have every pair of modes which the plan allows,
// and names the pairs that it refuses. Each row is the best of some that are
// drawn around a pair still missing; the seed makes them the same every time.
func cover() (rows []combination, refused map[pair]error) {
	draw := rand.New(rand.NewSource(1))
	missing, refused := map[pair]bool{}, map[pair]error{}
	for _, p := range everyPair() {
		c := make(combination, len(dimensions))
		c[p.d1], c[p.d2] = p.m1, p.m2
		if err := c.allowed(); err != nil {
			refused[p] = err
		} else {
			missing[p] = true
		}
	}
	for _, p := range everyPair() {
		if !missing[p] {
			continue
		}
		best, covered := combination(nil), 0
		for range 200 {
			c := make(combination, len(dimensions))
			for d := range c {
				c[d] = draw.Intn(len(dimensions[d].modes))
			}
			c[p.d1], c[p.d2] = p.m1, p.m2
			n := 0
			for _, q := range c.pairs() {
				if missing[q] {
					n++
				}
			}
			if n > covered && c.allowed() == nil {
				best, covered = c, n
			}
		}
		rows = append(rows, best)
		for _, q := range best.pairs() {
			delete(missing, q)
		}
	}
	return rows, refused
}

func everyPair() []pair {
	var all []pair
	for d1 := range dimensions {
		for d2 := d1 + 1; d2 < len(dimensions); d2++ {
			for m1 := range dimensions[d1].modes {
				for m2 := range dimensions[d2].modes {
					all = append(all, pair{d1, m1, d2, m2})
				}
			}
		}
	}
	return all
}

// Every pair of modes is in a row or refused, and the refused ones say why.
func TestPairsAreCovered(t *testing.T) {
	rows, refused := cover()
	seen := map[pair]bool{}
	for _, row := range rows {
		for _, p := range row.pairs() {
			seen[p] = true
		}
	}
	for _, p := range everyPair() {
		if _, no := refused[p]; seen[p] == no {
			t.Errorf("%v: in a row %v, refused %v", p, seen[p], no)
		}
	}
	want := map[string]bool{"endpoints + image from another registry": true}
	for p, err := range refused {
		name := dimensions[p.d1].modes[p.m1].name + " + " + dimensions[p.d2].modes[p.m2].name
		problems, ok := err.(plan.Problems)
		if !want[name] || !ok || len(problems) != 1 || problems[0].Reason == "" || problems[0].Remedy == "" {
			t.Errorf("%s is refused: %v", name, err)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is not refused", name)
	}
	t.Logf("%d pairs in %d rows, %d refused", len(seen), len(rows), len(refused))
}
