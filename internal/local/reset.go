package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// Reset throws the world away: stacks, emulated clouds, keys. What was built
// stays. It refuses while a run is under way.
func (w *World) Reset() error {
	if _, err := os.Stat(w.options.Home); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	alone := flock.New(w.path("running"))
	got, err := alone.TryLock()
	if err != nil {
		return fmt.Errorf("reset the world: %w", err)
	}
	if !got {
		return ErrRunning
	}
	defer alone.Close()
	if err := w.checkIdle(); err != nil {
		return err
	}
	for _, name := range []string{"state", "world.db", "world.db.want", "config", "events", "home", "passphrase"} {
		if err := os.RemoveAll(w.path(name)); err != nil {
			return fmt.Errorf("reset the world: %w", err)
		}
	}
	return nil
}

// checkIdle finds a CLI that still works although the process that started it
// was killed.
func (w *World) checkIdle() error {
	locks, err := readLocks(w.path("state", ".pulumi", "locks"))
	if err != nil {
		return err
	}
	for _, lock := range locks {
		if lock.alive() {
			return fmt.Errorf("%w: process %d", ErrRunning, lock.Pid)
		}
	}
	return nil
}
