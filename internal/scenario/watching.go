package scenario

import (
	"io"
	"path/filepath"
	"slices"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/emulator/alarms"
	"burrow/internal/emulator/aws"
	"burrow/internal/emulator/azure"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/local"
	"burrow/internal/plan"
)

// clouds are the stack's emulated clouds, as they are on disk.
func (s *Stack) clouds() *emulator.World {
	s.t.Helper()
	world, err := emulator.Open(filepath.Join(s.home, "world.db"), emulator.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	return world
}

// View shows a test what both clouds hold now.
func (s *Stack) View(look func(*emulator.Tx)) {
	s.t.Helper()
	err := s.clouds().View(func(tx *emulator.Tx) error {
		look(tx.Everywhere())
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// Break changes what both clouds hold, behind the back of the engine.
func (s *Stack) Break(change func(*emulator.Tx)) error {
	s.t.Helper()
	return s.clouds().Update(func(tx *emulator.Tx) error {
		change(tx.Everywhere())
		return nil
	})
}

// Status writes the status of the stack's clouds.
func (s *Stack) Status(out io.Writer, o local.StatusOptions) error { return s.world.Status(out, o) }

// Firing are alarms that are on in a good estate, and why.
var Firing = map[string]string{
	"burrow-relay-unhealthy": "no relay runs: the estate has its place, not yet its pods",
}

// CheckWatching demands of every alarm and alert that its metric, dimensions or
// query name things that exist, that it rests while they are well, that somebody
// is told, and that it was made after the Azure connections, so that nobody was
// told of what had never been up. Nothing logs into the void.
func (s *Stack) CheckWatching(p *plan.Plan) {
	t := s.t
	t.Helper()
	s.View(func(tx *emulator.Tx) {
		all := alarms.All(tx)
		for _, a := range all {
			checkAlarm(t, tx, a, p)
		}
		want := 4 + 2 + 2 + 1 + 1 + 4 + 3 // tunnels, connections, resolver endpoints, names, relay; BGP peers; bandwidth, disconnected, names
		if p.VPN.OnTransit() {
			want += 2 // drops
		}
		if len(all) != want {
			t.Errorf("%d alarms, want %d", len(all), want)
		}
		CheckSilence(t, tx)
	})
	checkAlarmsWait(t, s)
}

// CheckSilence finds logs that never arrive, which clouds accept and say nothing about.
func CheckSilence(t *testing.T, tx *emulator.Tx) {
	t.Helper()
	for _, silent := range slices.Concat(aws.Unlogged(tx), azure.Unlogged(tx)) {
		t.Errorf("a log that never arrives: %s", silent)
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
		if !slices.ContainsFunc(tx.All(), func(o *inventory.Object) bool { return inventory.SameID(o.ID, id) }) {
			t.Errorf("%s watches %s, which does not exist", a.Name, id)
		}
	}
	if len(a.Reaches) != 1 || len(a.Reaches[0].Receivers) != len(p.Watch.Emails) {
		t.Errorf("%s reaches %v, want %v", a.Name, a.Reaches, p.Watch.Emails)
	}
	want := alarms.OK
	if Firing[a.Name] != "" {
		want = alarms.Firing
	}
	if a.State != want {
		t.Errorf("%s is %s, want %s: %s", a.Name, a.State, want, a.Why)
	}
}

// checkAlarmsWait: in the stack, every alarm depends on all four connections.
func checkAlarmsWait(t *testing.T, s *Stack) {
	t.Helper()
	state := s.State()
	for urn, r := range state {
		switch TypeOf(urn) {
		case awstype.MetricAlarm, azuretype.MetricAlert, azuretype.ScheduledQueryRule:
		default:
			continue
		}
		connections := 0
		for _, dependency := range r.Dependencies {
			if TypeOf(string(dependency)) == azuretype.VirtualNetworkGatewayConnection {
				connections++
			}
		}
		if connections != 4 {
			t.Errorf("%s waits for %d connections, want 4", urn, connections)
		}
	}
}

// Tamper changes the clouds behind the stack's back.
func (s *Stack) Tamper(change func(*emulator.Tx)) {
	s.t.Helper()
	err := s.clouds().Update(func(tx *emulator.Tx) error {
		change(tx.Everywhere())
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
