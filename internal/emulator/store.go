package emulator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"burrow/internal/inventory"
)

// Options of a world. The zero value is a world of its own defaults.
type Options struct {
	// Account is who deploys and where to. Its Seed is kept with the world when
	// it is made; the rest may differ from run to run.
	Account Account
	// Latency is how long a write holds what it is busy with, unless its kind
	// says otherwise. 0 means 5 ms, and 100 ms for kinds that are Busy.
	Latency time.Duration
	// LockTimeout is how long to wait for another process that writes; 0 means 30 s.
	LockTimeout time.Duration
	// OnWrite is told of every write of an object by a provider that this process
	// serves: when it begins, with the world as it was, and when it ended, with
	// the world as it is then. It is never called twice at a time, and no write
	// happens while it runs. It may look at the whole world through the Tx, which
	// is not valid afterwards, and may not change it. Nothing is told of writes
	// of other processes, nor of World.Update.
	OnWrite func(*Tx, Event)
	// Wait passes emulated time; nil means to sleep. It returns early when the
	// context ends.
	Wait func(context.Context, time.Duration)
}

// A World is everything that exists in the emulated clouds: one file, which
// processes share by turns; see lease.
type World struct {
	path    string
	options Options
	clouds  *registry
	file    *lease
	calls   atomic.Int64
	held    atomic.Int64 // calls that wait for others; see deleteHeld
	// turns orders the transactions of this process.
	turns sync.RWMutex
}

// ErrBusy is returned when another process kept the world's file locked.
var ErrBusy = errors.New("another process holds the emulated world")

// ErrDamaged is returned when the world's file is not one that a world has
// written: cut short by a full disk or by a copy, or another file altogether.
var ErrDamaged = errors.New("the emulated world is damaged")

// Open opens the world at the path, or makes an empty one.
func Open(path string, options Options) (*World, error) {
	if options.LockTimeout == 0 {
		options.LockTimeout = 30 * time.Second
	}
	if options.Wait == nil {
		options.Wait = sleep
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the world's folder: %w", err)
	}
	w := &World{path: path, options: options, clouds: newRegistry()}
	w.file = &lease{path: path, timeout: options.LockTimeout}
	return w, w.transact(false, inventory.Props{}, w.prepare)
}

// InFlight is how many calls the providers of this world are at work on in this
// process. Those of remote components do not count.
func (w *World) InFlight() int { return int(w.calls.Load()) }

// prepare makes the buckets and settles the seed.
func (w *World) prepare(tx *Tx) error {
	for _, name := range [][]byte{objectsBucket, generationsBucket, busyBucket, metaBucket} {
		if _, err := tx.bolt.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("make bucket %s: %w", name, err)
		}
	}
	meta := tx.bolt.Bucket(metaBucket)
	if seed := meta.Get([]byte("seed")); seed != nil {
		w.options.Account.Seed = string(seed)
		return nil
	}
	if w.options.Account.Seed == "" {
		w.options.Account.Seed = defaultSeed
	}
	return meta.Put([]byte("seed"), []byte(w.options.Account.Seed))
}

// View reads the whole world in one transaction.
func (w *World) View(f func(*Tx) error) error { return w.transact(true, inventory.Props{}, f) }

// Update changes the world in one transaction: all of it, or nothing when f
// returns an error.
func (w *World) Update(f func(*Tx) error) error { return w.transact(false, inventory.Props{}, f) }

// transact runs f in a transaction as a provider with the configuration sees it.
func (w *World) transact(readOnly bool, config inventory.Props, f func(*Tx) error) (err error) {
	unlock := w.turn(readOnly)
	defer unlock()
	db, err := w.file.take()
	if err != nil {
		return fmt.Errorf("open %s: %w", w.path, err)
	}
	defer func() { err = errors.Join(err, w.file.release()) }()
	state := &txState{
		clouds: w.clouds, loaded: map[string][]*inventory.Object{}, cached: &w.file.objects, readOnly: readOnly,
		account: w.options.Account.forProvider(config),
	}
	run := db.Update
	if readOnly {
		run = db.View
	}
	err = run(func(b *bolt.Tx) error {
		state.bolt = b
		err := f(&Tx{inventory.View{Source: state}, state})
		return errors.Join(append(state.errs, err)...)
	})
	state.settleCache(err != nil)
	return err
}

func (w *World) turn(readOnly bool) (unlock func()) {
	if readOnly {
		w.turns.RLock()
		return w.turns.RUnlock
	}
	w.turns.Lock()
	return w.turns.Unlock
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
