package scenario

import (
	"os"
	"sync"
	"testing"

	"burrow/internal/local"
)

// living is the default estate, brought up once by each test binary, for tests
// that begin where it stands: they get a copy of its clouds and its state.
var living struct {
	sync.Mutex
	home string // "" until it is up
}

// Living is the default estate as it is after an up. The change is made to the
// options of its world.
func Living(t *testing.T, change ...func(*local.Options)) *Stack {
	t.Helper()
	home := t.TempDir()
	if err := os.CopyFS(home, os.DirFS(template(t))); err != nil {
		t.Fatal(err)
	}
	return open(t, home, nil, change...)
}

// template is the home of the estate that is copied.
func template(t *testing.T) string {
	t.Helper()
	living.Lock()
	defer living.Unlock()
	if living.home != "" {
		return living.home
	}
	home, err := os.MkdirTemp("", "burrow-living-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if living.home == "" { // up failed, and the next test tries again
			os.RemoveAll(home)
		}
	}()
	s := open(t, home, nil)
	s.Up()
	s.TunnelsUp("after up", 4)
	living.home = home
	return home
}
