package emulator

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"burrow/internal/inventory"
)

// Every kind of refusal before the cloud.
func TestCheckRefuses(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	cases := map[string]struct {
		typ      string
		in       inventory.Props
		property string // of the failure
		reason   string // part of the failure, or of the error
	}{
		"unknown type":           {"toy:index:Bx", inventory.Props{}, "", "unrecognized resource type toy:index:Bx"},
		"type not modelled":      {"toy:index:Unmodelled", inventory.Props{}, "", "does not model"},
		"unknown property":       {boxType, inventory.Props{"size": 1.0, "sise": 1.0}, "sise", "unknown property"},
		"unknown nested":         {boxType, inventory.Props{"size": 1.0, "lid": map[string]any{"colour": "red"}}, "lid.colour", "unknown property"},
		"output as input":        {boxType, inventory.Props{"size": 1.0, "arn": "a"}, "arn", "unknown property"},
		"wrong type":             {boxType, inventory.Props{"size": "big"}, "size", "must be an integer"},
		"missing required":       {boxType, inventory.Props{}, "size", "required"},
		"not in the enum":        {boxType, inventory.Props{"size": 1.0, "shape": "flat"}, "shape", "must be one of cube, round"},
		"provider's own rule":    {boxType, inventory.Props{"size": 0.0, "name": "n"}, "size", "a box has a size (TOY-01)"},
		"name too long to make":  {boxType, inventory.Props{"size": 1.0}, "name", "longer than 20"},
		"unknown keeps the rule": {boxType, inventory.Props{"size": inventory.Unknown{}, "name": "n"}, "", ""},
		"all is well":            {boxType, inventory.Props{"size": 1.0, "name": "n", "lid": map[string]any{"color": inventory.Unknown{}}}, "", ""},
		"alias of a type":        {"toy:old:Box", inventory.Props{"size": 1.0, "name": "n"}, "", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, failures, err := c.check(tc.typ, "a-very-long-logical-name", tc.in, nil)
			switch {
			case tc.reason == "":
				if err != nil || len(failures) > 0 {
					t.Fatalf("refused: %v %v", failures, err)
				}
			case tc.property == "":
				if err == nil || !strings.Contains(err.Error(), tc.reason) {
					t.Fatalf("error %v, want %q", err, tc.reason)
				}
			default:
				if len(failures) == 0 || failures[0].GetProperty() != tc.property || !strings.Contains(failures[0].GetReason(), tc.reason) {
					t.Fatalf("failures %v, want %s: %q", failures, tc.property, tc.reason)
				}
			}
		})
	}
}

// Every kind of refusal by the cloud, with its code.
func TestCloudRefuses(t *testing.T) {
	cases := map[string]struct {
		do   func(c *toyClient) error
		want string // part of the error; "" for none
	}{
		"dangling reference": {func(c *toyClient) error {
			_, _, err := c.create(ballType, "b", inventory.Props{"boxId": "box-none"})
			return err
		}, `NoSuchBox: boxId: there is no toy:index:Box with the id "box-none"`},
		"foreign reference": {func(c *toyClient) error {
			_, _, err := c.create(ballType, "b", inventory.Props{"boxId": "the-floor"})
			return err
		}, ""},
		"forbidden delete": {func(c *toyClient) error {
			id, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
			c.mustCreate(ballType, "b", inventory.Props{"boxId": id})
			return c.delete(boxType, "box", id)
		}, "BoxNotEmpty"},
		"delete after what used it": {func(c *toyClient) error {
			id, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
			ball, _ := c.mustCreate(ballType, "b", inventory.Props{"boxId": id})
			if err := c.delete(ballType, "b", ball); err != nil {
				return err
			}
			return c.delete(boxType, "box", id)
		}, ""},
		"delete what is gone": {func(c *toyClient) error { return c.delete(boxType, "box", "box-gone") }, ""},
		"duplicate name": {func(c *toyClient) error {
			c.mustCreate(boxType, "one", inventory.Props{"size": 1.0, "name": "n"})
			_, _, err := c.create(boxType, "two", inventory.Props{"size": 1.0, "name": "n"})
			return err
		}, "DuplicateBox: name"},
		"rename to a taken name": {func(c *toyClient) error {
			c.mustCreate(boxType, "one", inventory.Props{"size": 1.0, "name": "n"})
			id, _ := c.mustCreate(boxType, "two", inventory.Props{"size": 1.0, "name": "m"})
			_, err := c.update(boxType, "two", id, inventory.Props{"size": 1.0, "name": "m"}, inventory.Props{"size": 1.0, "name": "n"})
			return err
		}, "DuplicateBox"},
		"an update keeps its own name": {func(c *toyClient) error {
			id, _ := c.mustCreate(boxType, "one", inventory.Props{"size": 1.0, "name": "n"})
			_, err := c.update(boxType, "one", id, inventory.Props{"size": 1.0, "name": "n"}, inventory.Props{"size": 2.0, "name": "n"})
			return err
		}, ""},
		"quota": {func(c *toyClient) error {
			id, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
			for _, name := range []string{"a", "b", "c"} {
				c.mustCreate(ballType, name, inventory.Props{"boxId": id})
			}
			_, _, err := c.create(ballType, "d", inventory.Props{"boxId": id})
			return err
		}, "BoxFull: the quota balls-in-box is 3"},
		"rule": {func(c *toyClient) error {
			_, _, err := c.create(boxType, "box", inventory.Props{"size": 101.0})
			return err
		}, "TooLarge: no room for it\n    emulated rule: TOY-02; source: toy manual"},
		"rule in an update": {func(c *toyClient) error {
			id, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
			_, err := c.update(boxType, "box", id, inventory.Props{"size": 1.0}, inventory.Props{"size": 101.0})
			return err
		}, "TooLarge"},
		"update of what is gone": {func(c *toyClient) error {
			_, err := c.update(boxType, "box", "box-gone", inventory.Props{"size": 1.0}, inventory.Props{"size": 2.0})
			return err
		}, "does not exist"},
		"unknown outside a preview": {func(c *toyClient) error {
			_, _, err := c.create(boxType, "box", inventory.Props{"size": inventory.Unknown{}})
			return err
		}, "unknown outside a preview"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := tc.do(newToys(t).client(inventory.Props{"region": "here"}))
			if tc.want == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestRefusedWriteChangesNothing(t *testing.T) {
	s := newToys(t)
	c := s.client(inventory.Props{"region": "here"})
	if _, _, err := c.create(boxType, "box", inventory.Props{"size": 101.0}); err == nil {
		t.Fatal("accepted")
	}
	if left := objectIDs(t, s.world); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
}

// Two writes on one box at the same time: the second is refused, and a third one
// after the first is not.
func TestBusy(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var hold atomic.Bool // the next write waits
	s := serveToys(t, t.TempDir()+"/world.db", Options{Wait: func(context.Context, time.Duration) {
		if hold.CompareAndSwap(true, false) {
			close(entered)
			<-leave
		}
	}})
	c := s.client(inventory.Props{"region": "here"})
	box, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
	other, _ := c.mustCreate(boxType, "other", inventory.Props{"size": 1.0, "name": "other"})

	hold.Store(true)
	first := make(chan error)
	go func() {
		_, _, err := c.create(ballType, "first", inventory.Props{"boxId": box})
		first <- err
	}()
	<-entered
	if _, _, err := c.create(ballType, "second", inventory.Props{"boxId": box}); err == nil || !strings.Contains(err.Error(), "BoxBusy") {
		t.Errorf("second write: %v, want BoxBusy", err)
	}
	if _, _, err := c.create(ballType, "elsewhere", inventory.Props{"boxId": other}); err != nil {
		t.Errorf("write elsewhere: %v", err)
	}
	close(leave)
	if err := <-first; err != nil {
		t.Errorf("first write: %v", err)
	}
	if _, _, err := c.create(ballType, "third", inventory.Props{"boxId": box}); err != nil {
		t.Errorf("third write: %v", err)
	}
}

func TestQuotaCanBeRaised(t *testing.T) {
	s := serveToys(t, t.TempDir()+"/world.db", Options{Account: Account{Quotas: map[string]int{"balls-in-box": 4}}})
	c := s.client(inventory.Props{"region": "here"})
	box, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
	for _, name := range []string{"a", "b", "c", "d"} {
		c.mustCreate(ballType, name, inventory.Props{"boxId": box})
	}
	if _, _, err := c.create(ballType, "e", inventory.Props{"boxId": box}); err == nil || !strings.Contains(err.Error(), "BoxFull") {
		t.Fatalf("fifth ball: %v, want BoxFull", err)
	}
}

// objectIDs are the ids of everything in the world.
func objectIDs(t *testing.T, w *World) (ids []string) {
	t.Helper()
	err := w.View(func(tx *Tx) error {
		for _, o := range tx.All() {
			ids = append(ids, o.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
