package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A stackLock is what the file backend writes while a CLI works on a stack.
type stackLock struct {
	Pid       int       `json:"pid"`
	Hostname  string    `json:"hostname"`
	Timestamp time.Time `json:"timestamp"`

	file    string
	damaged bool // it says nothing of whose it is
}

// ErrRunning is returned when a CLI is at work in the world.
var ErrRunning = errors.New("a run is under way in this world")

// cancelDead removes the locks of a stack whose processes have ended: they were
// killed, since a CLI that ends takes its lock away.
func (w *World) cancelDead(stack string) error {
	locks, err := readLocks(w.locksDir(stack))
	if err != nil {
		return err
	}
	for _, lock := range locks {
		if lock.alive() {
			continue
		}
		if err := os.Remove(lock.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cancel a dead lock: %w", err)
		}
		fmt.Fprintf(w.options.Notices, "burrow: cancelled the lock on %s: %v\n", stack, lock)
	}
	return nil
}

// readLocks reads the locks below a folder.
func readLocks(dir string) ([]*stackLock, error) {
	var locks []*stackLock
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		lock, err := readLock(path)
		if err == nil {
			locks = append(locks, lock)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the locks: %w", err)
	}
	return locks, nil
}

// readLock reads one lock. The backend writes a lock aside and renames it, so
// that one that cannot be parsed is no lock in the making but a damaged one (a
// crash, a full disk).
func readLock(path string) (*stackLock, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lock := &stackLock{}
	if json.Unmarshal(data, lock) != nil {
		lock = &stackLock{damaged: true}
	}
	lock.file = path
	return lock, nil
}

// String says whose lock it is.
func (l *stackLock) String() string {
	if l.damaged {
		return "it is damaged"
	}
	return fmt.Sprintf("the run that took it at %s (process %d) was killed",
		l.Timestamp.Local().Format(time.TimeOnly), l.Pid)
}

// alive reports whether the process that took the lock still runs. Of another
// host nothing is known, so its lock stands. A process that is younger than the
// lock has only inherited the number.
func (l *stackLock) alive() bool {
	if l.damaged {
		return false
	}
	if host, err := os.Hostname(); err != nil || host != l.Hostname {
		return true
	}
	started, running := processStart(l.Pid)
	return running && (started.IsZero() || started.Before(l.Timestamp.Add(clockSlack)))
}

// clockSlack covers the rounding of a process's start, which the kernel counts
// in ticks of 10 ms since a boot time given in seconds.
const clockSlack = 2 * time.Second
