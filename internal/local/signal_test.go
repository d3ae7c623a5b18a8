package local

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// upToFirst runs up until the first of two things is being made, behind a gate
// that is shut. The run's error comes from ended.
func upToFirst(t *testing.T) (g *gate, p *testProject, out *safeBuffer, ended <-chan error) {
	t.Helper()
	g, out = newGate(), &safeBuffer{}
	p = newProject(t, "two things", g.with)
	end := make(chan error, 1)
	go func() { end <- p.Run(context.Background(), out, "up") }()
	<-g.entered
	return g, p, out, end
}

// interrupted interrupts the run and waits until the CLI says so.
func (p *testProject) interrupted(t *testing.T, out *safeBuffer) {
	t.Helper()
	p.Interrupt()
	waitFor(t, "the CLI to say that it was interrupted", func() bool {
		return strings.Contains(out.String()+p.notices.String(), "cancel")
	})
}

// An interrupt lets what is in flight finish and leaves a state from which up
// goes on: nothing pending, nothing made twice.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	g, p, out, ended := upToFirst(t)
	p.interrupted(t, out)
	close(g.open)

	exit := &ExitError{}
	if err := <-ended; !errors.As(err, &exit) {
		t.Fatalf("the interrupted run ended with %v, want the CLI's exit code\n%s", err, out.String())
	}
	state, err := p.readCheckpoint(defaultStack)
	if err != nil {
		t.Fatal(err)
	}
	if len(state.PendingOperations) != 0 {
		t.Errorf("the interrupt left %d operations pending", len(state.PendingOperations))
	}
	if made := g.created(); !slices.Equal(made, []string{"first"}) {
		t.Errorf("until the interrupt it made %q, want the first thing", made)
	}
	p.mustRun(t, "up")
	if made := g.created(); !slices.Equal(made, []string{"first", "second"}) {
		t.Errorf("in both runs it made %q, want each thing once", made)
	}
}

// A second interrupt makes the CLI give up waiting for what is in flight; of
// that, nobody then knows whether it ended.
func TestInterruptTwice(t *testing.T) {
	t.Parallel()
	g, p, out, ended := upToFirst(t)
	p.interrupted(t, out)
	p.Interrupt()
	exit := &ExitError{}
	if err := <-ended; !errors.As(err, &exit) { // the gate is still shut
		t.Fatalf("the interrupted run ended with %v, want the CLI's exit code\n%s", err, out.String())
	}
	if made := g.created(); len(made) != 0 {
		t.Errorf("it made %q, want nothing", made)
	}
	pending := &PendingCreateError{}
	if err := p.Run(context.Background(), out, "up"); !errors.As(err, &pending) {
		t.Errorf("up afterwards: got %v, want a refusal", err)
	}
}

// While a run is being prepared there is nothing to finish.
func TestInterruptPreparation(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := p.Run(ctx, &safeBuffer{}, "up")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want to be told of the interrupt", err)
	}
	if p.stackExists(defaultStack) {
		t.Error("the interrupted preparation has made the stack")
	}
}

// A killed run leaves a lock, which the next one cancels, and a creation of
// which nobody knows whether it ended: going on is refused.
func TestKill(t *testing.T) {
	t.Parallel()
	g, p, out, ended := upToFirst(t)
	p.mu.Lock()
	pid := p.cli.Pid
	p.mu.Unlock()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	exit := &ExitError{}
	if err := <-ended; !errors.As(err, &exit) || exit.Code != 255 {
		t.Fatalf("the killed run ended with %v, want code 255", err)
	}
	close(g.open)

	pending := &PendingCreateError{}
	err := p.Run(context.Background(), out, "up")
	if !errors.As(err, &pending) || len(pending.URNs) != 1 {
		t.Fatalf("up after a kill: got %v, want a refusal that names one resource", err)
	}
	if !strings.Contains(p.notices.String(), "cancelled the lock") {
		t.Errorf("it did not say that it cancelled the lock:\n%s", p.notices)
	}
	p.mustRun(t, "refresh", "--clear-pending-creates")
	p.mustRun(t, "up")
}
