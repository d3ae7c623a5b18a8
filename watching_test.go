package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/emulator/alarms"
	"burrow/internal/emulator/aws"
	"burrow/internal/emulator/azure"
	"burrow/internal/plan"
)

// clouds are the stack's emulated clouds, as they are on disk.
func (s *stack) clouds() *emulator.World {
	s.t.Helper()
	world, err := emulator.Open(filepath.Join(s.home, "world.db"), emulator.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	return world
}

// view shows a test what both clouds hold now.
func (s *stack) view(look func(*emulator.Tx)) {
	s.t.Helper()
	err := s.clouds().View(func(tx *emulator.Tx) error {
		look(tx.Everywhere())
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// firing are alarms that are on in a good estate, and why.
var firing = map[string]string{
	"burrow-relay-unhealthy": "no relay runs: the estate has its place, not yet its pods",
}

// checkWatching demands of every alarm and alert that its metric, dimensions or
// query name things that exist, that it rests while they are well, that somebody
// is told, and that it was made after the Azure connections, so that nobody was
// told of what had never been up. Nothing logs into the void.
func checkWatching(t *testing.T, s *stack, p *plan.Plan) {
	t.Helper()
	s.view(func(tx *emulator.Tx) {
		all := alarms.All(tx)
		for _, a := range all {
			checkAlarm(t, tx, a, p)
		}
		want := 4 + 2 + 2 + 1 + 1 + 3 // tunnels, connections, resolver endpoints, names, relay; bandwidth, disconnected, names
		if p.VPN.BGP() {
			want += 4 // BGP peers
		}
		if p.VPN.OnTransit() {
			want += 2 // drops
		}
		if len(all) != want {
			t.Errorf("%d alarms, want %d", len(all), want)
		}
		checkSilence(t, tx)
	})
	checkAlarmsWait(t, s)
}

// checkSilence finds what clouds accept and say nothing about: logs that never
// arrive, and nodes that reach too little to be replaced.
func checkSilence(t *testing.T, tx *emulator.Tx) {
	t.Helper()
	for _, silent := range slices.Concat(aws.Unlogged(tx), azure.Unlogged(tx)) {
		t.Errorf("a log that never arrives: %s", silent)
	}
	for _, stranded := range aws.Stranded(tx) {
		t.Errorf("nodes that cannot reach what they need: %s", stranded)
	}
}

func checkAlarm(t *testing.T, tx *emulator.Tx, a alarms.Alarm, p *plan.Plan) {
	t.Helper()
	for _, why := range a.Broken {
		t.Errorf("%s (%s) can never work: %s", a.Name, a.Metric, why)
	}
	if len(a.Watches) == 0 {
		t.Errorf("%s watches nothing", a.Name)
	}
	for _, id := range a.Watches {
		if !slices.ContainsFunc(tx.All(), func(o *emulator.Object) bool { return emulator.SameID(o.ID, id) }) {
			t.Errorf("%s watches %s, which does not exist", a.Name, id)
		}
	}
	if len(a.Reaches) != 1 || len(a.Reaches[0].Receivers) != len(p.Watch.Emails) {
		t.Errorf("%s reaches %v, want %v", a.Name, a.Reaches, p.Watch.Emails)
	}
	want := alarms.OK
	if firing[a.Name] != "" {
		want = alarms.Firing
	}
	if a.State != want {
		t.Errorf("%s is %s, want %s: %s", a.Name, a.State, want, a.Why)
	}
}

// checkAlarmsWait: in the stack, every alarm depends on all four connections.
func checkAlarmsWait(t *testing.T, s *stack) {
	t.Helper()
	state := s.state()
	for urn, r := range state {
		switch typeOf(urn) {
		case "aws:cloudwatch/metricAlarm:MetricAlarm", "azure-native:insights:MetricAlert", "azure-native:insights:ScheduledQueryRule":
		default:
			continue
		}
		connections := 0
		for _, dependency := range r.Dependencies {
			if typeOf(string(dependency)) == "azure-native:network:VirtualNetworkGatewayConnection" {
				connections++
			}
		}
		if connections != 4 {
			t.Errorf("%s waits for %d connections, want 4", urn, connections)
		}
	}
}

// Whoever is on call learns of a tunnel whose key only one cloud has, and of it
// alone: the alarms of that tunnel go on in both clouds, those of the others stay
// off.
func TestLostTunnelIsNoticed(t *testing.T) {
	t.Parallel()
	s := newStack(t, "deploy", nil, nil)
	s.run("up")
	lost := plan.Default().VPN.OrderedTunnels()[1].Name()
	s.tamper(func(tx *emulator.Tx) {
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
	s.view(func(tx *emulator.Tx) {
		for _, a := range alarms.All(tx) {
			if a.State == alarms.Firing && firing[a.Name] == "" {
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

// tamper changes the clouds behind the stack's back.
func (s *stack) tamper(change func(*emulator.Tx)) {
	s.t.Helper()
	err := s.clouds().Update(func(tx *emulator.Tx) error {
		change(tx.Everywhere())
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
