package emulator

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"burrow/internal/inventory"
)

const (
	// idleLease is how long a lease outlives its last transaction.
	idleLease = 50 * time.Millisecond
	// wantPoll is how often a process looks whether it may ask for the file.
	wantPoll = 2 * time.Millisecond
)

// A lease is the world's file, which this process keeps open from one transaction
// to the next: opening, mapping and closing it cost more than most transactions.
// bbolt locks the file for as long as it is open, so the lease ends when another
// process asks for the file, and when nothing has used it for a while.
//
// To ask is to lock a second file, path.want, until one has the first: the
// holder looks at that lock after each transaction, and queues behind it itself.
type lease struct {
	path    string
	timeout time.Duration

	mu    sync.Mutex
	db    *bolt.DB // nil between leases
	users int      // transactions under way
	idle  *time.Timer
	err   error // of the last end, which nobody waited for

	objects objectCache
}

// take returns the open file, for one transaction; release gives it back.
func (l *lease) take() (*bolt.DB, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.err; err != nil {
		l.err = nil
		return nil, err
	}
	if l.db == nil {
		if err := l.begin(); err != nil {
			return nil, err
		}
	}
	l.users++
	return l.db, nil
}

func (l *lease) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users > 0 {
		return nil
	}
	wanted, err := l.wanted()
	if err != nil || wanted {
		return errors.Join(err, l.end())
	}
	if l.idle == nil {
		l.idle = time.AfterFunc(idleLease, l.expire)
	} else {
		l.idle.Reset(idleLease)
	}
	return nil
}

// expire ends a lease that nothing uses.
func (l *lease) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users == 0 && l.db != nil {
		l.err = l.end()
	}
}

// begin queues for the file and opens it, both within the lease's timeout.
func (l *lease) begin() error {
	deadline := time.Now().Add(l.timeout)
	turn, err := l.queue(deadline)
	if err != nil {
		return err
	}
	defer turn.Close()
	l.db, err = l.open(max(time.Until(deadline), wantPoll))
	return err
}

// queue locks path.want, until it is closed.
func (l *lease) queue(deadline time.Time) (*flock.Flock, error) {
	turn := flock.New(l.path + ".want")
	for ; ; time.Sleep(wantPoll) {
		got, err := turn.TryLock()
		switch {
		case err != nil:
			return nil, fmt.Errorf("ask for the world: %w", err)
		case got:
			return turn, nil
		case time.Now().After(deadline):
			return nil, ErrBusy
		}
	}
}

// wanted reports whether another process asks for the file.
func (l *lease) wanted() (bool, error) {
	turn := flock.New(l.path+".want", flock.SetFlag(os.O_RDONLY))
	got, err := turn.TryLock()
	if errors.Is(err, os.ErrNotExist) {
		return true, nil // the world was taken away from under us
	}
	if err != nil {
		return false, fmt.Errorf("see who asks for the world: %w", err)
	}
	if !got {
		return true, nil
	}
	return false, turn.Close()
}

// open opens the file. bbolt panics where a page is not what the file's header
// promises. Nothing is forced to the disk before the lease ends: a process that
// is killed loses nothing by it, and a machine that loses power loses emulated
// clouds.
func (l *lease) open(timeout time.Duration) (db *bolt.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	db, err = bolt.Open(l.path, 0o600, &bolt.Options{Timeout: timeout, NoSync: true})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrBusy
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return db, err
}

func (l *lease) end() error {
	db := l.db
	l.db = nil
	l.objects.forget()
	return errors.Join(db.Sync(), db.Close())
}

// An objectCache has what the file holds, decoded, by type. It is right for as
// long as nobody else can write the file.
type objectCache struct {
	mu     sync.Mutex
	byType map[string][]*inventory.Object
}

func (c *objectCache) get(typ string) ([]*inventory.Object, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, ok := c.byType[typ]
	return all, ok
}

func (c *objectCache) put(typ string, all []*inventory.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byType == nil {
		c.byType = map[string][]*inventory.Object{}
	}
	c.byType[typ] = all
}

// forget drops the types, all of them when none is named.
func (c *objectCache) forget(types ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(types) == 0 {
		c.byType = nil
	}
	for _, typ := range types {
		delete(c.byType, typ)
	}
}

// copies are objects that a transaction may change.
func copies(all []*inventory.Object) []*inventory.Object {
	mine := slices.Clone(all)
	for i, o := range all {
		own := *o
		mine[i] = &own
	}
	return mine
}
