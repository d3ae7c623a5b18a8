package emulator

import (
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	"burrow/internal/inventory"
)

// waiters is a toy world in which a call that waits for others says so, and goes on
// when it is told to.
func waiters(t *testing.T) (s *toys, waiting, goOn chan struct{}) {
	waiting, goOn = make(chan struct{}), make(chan struct{})
	var once sync.Once
	return serveToys(t, filepath.Join(t.TempDir(), "world.db"), Options{Wait: func(_ context.Context, d time.Duration) {
		if d == heldPoll {
			once.Do(func() {
				close(waiting)
				<-goOn
			})
		}
	}}), waiting, goOn
}

// What failed late and others mend has not failed.
func TestAwaited(t *testing.T) {
	s, waiting, goOn := waiters(t)
	c := s.client(inventory.Props{"region": "here"})
	made := make(chan error)
	go func() {
		_, _, err := c.create(boxType, "box", inventory.Props{"size": 42.0, "name": "box"})
		made <- err
	}()
	<-waiting
	c.mustCreate(ballType, "ball", inventory.Props{"boxId": "the-floor", "name": "answer"})
	close(goOn)
	if err := <-made; err != nil {
		t.Errorf("the box that was answered: %v", err)
	}
}

// What nobody mends has failed, with every reason.
func TestAwaitedInVain(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	_, _, err := c.create(boxType, "box", inventory.Props{"size": 42.0})
	var reasons []string
	for _, d := range status.Convert(err).Details() {
		reasons = d.(*pulumirpc.ErrorResourceInitFailed).GetReasons()
	}
	if len(reasons) != 3 || !strings.Contains(reasons[0], "nobody has answered") || !reflect.DeepEqual(reasons[1:], []string{"ask again", "and again"}) {
		t.Errorf("reasons %q", reasons)
	}
}

// A delete waits for what holds the object, and fails when it stays.
func TestHeldDelete(t *testing.T) {
	s, waiting, goOn := waiters(t)
	c := s.client(inventory.Props{"region": "here"})
	box, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0, "name": "box"})
	ball, _ := c.mustCreate(ballType, "ball", inventory.Props{"boxId": "the-floor", "name": "stop box"})
	gone := make(chan error)
	go func() { gone <- c.delete(boxType, "box", box) }()
	<-waiting
	if err := c.delete(ballType, "ball", ball); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	if err := <-gone; err != nil {
		t.Errorf("the box without its ball: %v", err)
	}

	box, _ = c.mustCreate(boxType, "box", inventory.Props{"size": 1.0, "name": "box"})
	c.mustCreate(ballType, "ball", inventory.Props{"boxId": "the-floor", "name": "stop box"})
	if err := c.delete(boxType, "box", box); err == nil || !strings.Contains(err.Error(), "a ball stops the lid") {
		t.Errorf("the box with its ball: %v", err)
	}
}

// What controllers change is what the write returns.
func TestSettled(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	_, out := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0, "wood": "wet"})
	if out.Str("wood") != "dry" {
		t.Errorf("the write returned %v", out)
	}
}
