// Package jobstest runs relay for tests.
package jobstest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"burrow/internal/jobs"
	"burrow/internal/jobs/loopback"
)

// Start starts relay with settings that suit a test, as changed, and waits until it is ready. It is
// gone after the test; the log of a failed one is shown.
func Start(t testing.TB, change func(*jobs.Settings)) *loopback.Relay {
	t.Helper()
	relay := New(t, change)
	for i := range relay.Settings.Servers {
		if err := relay.Start(i); err != nil {
			t.Fatal(err)
		}
	}
	AwaitReady(t, relay)
	return relay
}

// New is Start without starting a server.
func New(t testing.TB, change func(*jobs.Settings)) *loopback.Relay {
	t.Helper()
	if testing.Short() {
		t.Skip("runs real nats-servers; skipped with -short")
	}
	program, err := loopback.Program(t.Context(), root(t))
	if err != nil {
		t.Fatal(err)
	}
	s := Settings()
	if change != nil {
		change(&s)
	}
	if problems := s.Problems(); len(problems) > 0 {
		t.Fatal(problems)
	}
	// Not the test's own directory: what a server that is being killed still writes is no failure.
	dir, err := os.MkdirTemp("", "relay")
	if err != nil {
		t.Fatal(err)
	}
	relay, err := loopback.New(dir, program, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		relay.Close()
		for i := range s.Servers {
			if log := relay.Log(i); t.Failed() {
				t.Logf("server %d:\n%s", i, log[max(0, len(log)-6000):])
			}
		}
		os.RemoveAll(dir)
	})
	return relay
}

// Settings are the defaults, with waits that suit a test and streams that a laptop has room for.
func Settings() jobs.Settings {
	s := jobs.Defaults()
	s.AckWait = jobs.Duration(2 * time.Second)
	s.LongestJob = jobs.Duration(30 * time.Second)
	s.Backoff = []jobs.Duration{jobs.Duration(50 * time.Millisecond)}
	s.DuplicateWindow = jobs.Duration(2 * time.Minute)
	return s
}

// AwaitReady waits until every server that runs is well.
func AwaitReady(t testing.TB, relay *loopback.Relay) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := relay.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
}

// root is that of Burrow's module, which the test may be outside of: bunny is a module of its own.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "cmd", "bunny", "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the module's root is not above the test")
		}
	}
}
