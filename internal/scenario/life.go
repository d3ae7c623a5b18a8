package scenario

import (
	"slices"
	"strings"
	"testing"
)

// A Life is one life of a stack: up, nothing to do, nothing drifted, edits,
// destroy, nothing left.
type Life struct {
	Settings Settings
	Tunnels  int // 4 unless set
	// Brief leaves out what other lives show as well: that the first preview is
	// complete, and that a refresh leaves nothing to do.
	Brief bool
	// Prove is run on the finished stack.
	Prove func(t *testing.T, s *Stack)
	Edits []Edit
}

// An Edit is a change of the configuration and what it may cost.
type Edit struct {
	Name     string
	Settings Settings
	// Steps are what the preview may show, as "op type": count.
	Steps map[string]int
}

// On lives the life on a stack.
func (l Life) On(t *testing.T, s *Stack) {
	t.Helper()
	if l.Tunnels == 0 {
		l.Tunnels = 4
	}
	if l.Brief {
		s.Up()
	} else {
		s.UpAsPlanned()
	}
	s.TunnelsUp("after up", l.Tunnels)
	s.Unchanged("after up")
	s.Refresh()
	if !l.Brief {
		s.Unchanged("after refresh")
	}
	if l.Prove != nil {
		l.Prove(t, s)
	}
	for _, e := range l.Edits {
		e.apply(t, s)
		s.TunnelsUp("after "+e.Name, l.Tunnels)
	}
	s.Destroyed()
}

// UpAsPlanned brings the stack up and demands that the first preview listed all
// that is made, and nothing else.
func (s *Stack) UpAsPlanned() {
	s.t.Helper()
	var planned []string
	for _, step := range s.Preview() {
		if step.Op != "create" {
			s.t.Errorf("the first preview wants to %s %s", step.Op, step.URN)
		}
		planned = append(planned, step.URN)
	}
	s.Up()
	if onlyPlanned, onlyMade := difference(planned, Managed(s.State())); len(onlyPlanned)+len(onlyMade) > 0 {
		s.t.Errorf("the first preview lists what up does not make: %v; and does not list: %v", onlyPlanned, onlyMade)
	}
}

func (e Edit) apply(t *testing.T, s *Stack) {
	t.Helper()
	s.Configure(e.Settings)
	counts := map[string]int{}
	for _, step := range s.Preview() {
		// A replacement is three steps: create, replace, delete.
		if op := step.Op; op == "update" || op == "replace" || op == "create" || op == "delete" {
			counts[op+" "+TypeOf(step.URN)]++
		}
	}
	for step, n := range e.Steps {
		if counts[step] != n {
			t.Errorf("%s: %d × %q, want %d", e.Name, counts[step], step, n)
		}
	}
	for step, n := range counts {
		if _, ok := e.Steps[step]; !ok {
			t.Errorf("%s: unexpected %d × %q", e.Name, n, step)
		}
	}
	s.Up()
	s.Unchanged("after " + e.Name)
}

// difference is what only a has, and what only b has.
func difference(a, b []string) (onlyA, onlyB []string) {
	without := func(all, gone []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(gone, s) })
	}
	return without(a, b), without(b, a)
}

// TypeOf is the type that a URN ends in.
func TypeOf(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return urn
	}
	return parts[2][strings.LastIndex(parts[2], "$")+1:]
}
