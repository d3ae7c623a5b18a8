package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// A World is a project, the emulated clouds it is deployed to and the state of
// its stacks. One process may run several worlds side by side, but one world
// one command at a time.
type World struct {
	options Options
	project *project

	mu     sync.Mutex
	cancel context.CancelFunc // ends the preparation of a run
	cli    *os.Process        // the CLI while it runs
	// interrupts are those of the run under way.
	interrupts int
	// secrets decrypts the state that was read last.
	secrets opener
}

// New is the world of a project. It makes nothing yet.
func New(o Options) (*World, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	p, err := readProject(o.Dir)
	if err != nil {
		return nil, err
	}
	return &World{options: o, project: p}, nil
}

// path of something in the world's folder.
func (w *World) path(parts ...string) string {
	return filepath.Join(append([]string{w.options.Home}, parts...)...)
}

// prepareFolder makes the world's folder. It holds state and keys, so it is
// nobody else's to read.
func (w *World) prepareFolder() error {
	for _, dir := range []string{"state", "home", "config", "events"} {
		if err := os.MkdirAll(w.path(dir), 0o700); err != nil {
			return fmt.Errorf("make the world's folder: %w", err)
		}
	}
	return w.preparePassphrase()
}
