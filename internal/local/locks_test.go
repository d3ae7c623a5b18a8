package local

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// writeLock writes a lock as the file backend does.
func writeLock(t *testing.T, w *World, name string, lock stackLock) string {
	t.Helper()
	dir := w.locksDir(defaultStack)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(lock)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name+".json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// endedProcess is the number of a process that has ended.
func endedProcess(t *testing.T) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

func TestCancelDead(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	self, running := processStart(os.Getpid())
	if !running {
		t.Fatal("this process does not run")
	}
	before := time.Unix(0, 0)
	if self.IsZero() { // a system that does not tell when a process started
		before = time.Now()
	}
	for name, c := range map[string]struct {
		lock stackLock
		dead bool
	}{
		"running":         {stackLock{Pid: os.Getpid(), Hostname: host, Timestamp: time.Now()}, false},
		"ended":           {stackLock{Pid: endedProcess(t), Hostname: host, Timestamp: time.Now()}, true},
		"number reused":   {stackLock{Pid: os.Getpid(), Hostname: host, Timestamp: before}, !self.IsZero()},
		"another machine": {stackLock{Pid: 1 << 22, Hostname: host + "-other", Timestamp: before}, false},
		"no process":      {stackLock{Hostname: host, Timestamp: time.Now()}, true},
	} {
		p := newProject(t, "says")
		file := writeLock(t, p.World, "lock", c.lock)
		if err := p.cancelDead(defaultStack); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(file)
		if gone := os.IsNotExist(err); gone != c.dead {
			t.Errorf("%s: cancelled is %t, want %t", name, gone, c.dead)
		}
		if said := strings.Contains(p.notices.String(), "cancelled the lock"); said != c.dead {
			t.Errorf("%s: it said so is %t, want %t", name, said, c.dead)
		}
	}
}

// A lock that a crash or a full disk has damaged stands in nobody's way.
func TestDamagedLock(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "{", "\x00\x00"} {
		p := newProject(t, "says")
		file := writeLock(t, p.World, "lock", stackLock{})
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.checkIdle(); err != nil {
			t.Errorf("lock %q keeps reset out: %v", content, err)
		}
		if err := p.cancelDead(defaultStack); err != nil {
			t.Fatalf("lock %q: %v", content, err)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("lock %q is still there (%v)", content, err)
		}
		if said := p.notices.String(); !strings.Contains(said, "damaged") {
			t.Errorf("lock %q: it said %q", content, said)
		}
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	p := newProject(t, "says")
	p.mustRun(t, "up")

	held := flock.New(p.path("running"))
	if err := held.RLock(); err != nil {
		t.Fatal(err)
	}
	if err := p.Reset(); !errors.Is(err, ErrRunning) {
		t.Errorf("reset during a run: got %v, want %v", err, ErrRunning)
	}
	held.Close()

	orphan := writeLock(t, p.World, "orphan", stackLock{Pid: os.Getpid(), Hostname: host, Timestamp: time.Now()})
	if err := p.Reset(); !errors.Is(err, ErrRunning) {
		t.Errorf("reset while an orphaned CLI runs: got %v, want %v", err, ErrRunning)
	}
	if err := os.Remove(orphan); err != nil {
		t.Fatal(err)
	}

	if err := p.Reset(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(p.path())
	for _, entry := range left {
		if entry.Name() != "running" {
			t.Errorf("%s has outlived the reset", entry.Name())
		}
	}
	if err != nil {
		t.Error(err)
	}
	p.mustRun(t, "up")
}
