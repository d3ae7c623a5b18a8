package local

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// How to lock a file. The kernel lets go of a lock when its process ends,
// however it ends.
const (
	shared    = unix.LOCK_SH
	exclusive = unix.LOCK_EX
	// atOnce is added to fail with errLocked instead of waiting.
	atOnce = unix.LOCK_NB
)

var errLocked = errors.New("another process holds it")

// lockFile locks a file, which it makes if there is none; closing unlocks it.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), how)
	for errors.Is(err, unix.EINTR) {
		err = unix.Flock(int(f.Fd()), how)
	}
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}
