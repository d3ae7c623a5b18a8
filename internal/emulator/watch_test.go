package emulator

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"burrow/internal/inventory"
)

// A diary is what an observer saw: the event, and how many boxes there were then.
type diary struct{ lines []string }

func (d *diary) write(tx *Tx, e Event) {
	when := "ends"
	if e.Begin {
		when = "begins"
	}
	if e.Refused != nil {
		when = "is refused"
	}
	ops := map[Op]string{OpCreate: "create", OpUpdate: "update", OpDelete: "delete"}
	id, _, _ := strings.Cut(e.ID, "-")
	d.lines = append(d.lines, fmt.Sprintf("%s of %s %q %s: size %v was %v, boxes %d",
		ops[e.Op], logicalName(e.URN), id, when, e.In["size"], e.OldIn["size"], len(tx.All(boxType))))
}

func TestOnWrite(t *testing.T) {
	d := &diary{}
	s := serveToys(t, filepath.Join(t.TempDir(), "world.db"), Options{OnWrite: d.write})
	c := s.client(inventory.Props{"region": "here"})
	id, _ := c.mustCreate(boxType, "a", inventory.Props{"name": "n", "size": 1.0})
	if _, _, err := c.create(boxType, "b", inventory.Props{"name": "n", "size": 1.0}); err == nil {
		t.Error("a second box of the name was taken")
	}
	if _, err := c.update(boxType, "a", id, inventory.Props{"name": "n", "size": 1.0}, inventory.Props{"name": "n", "size": 2.0}); err != nil {
		t.Error(err)
	}
	if _, err := c.update(boxType, "a", id, inventory.Props{"name": "n", "size": 2.0}, inventory.Props{"name": "n", "size": 3.0, "wood": "green"}); err == nil {
		t.Error("green wood did not warp")
	}
	if err := c.delete(boxType, "a", id); err != nil {
		t.Error(err)
	}
	want := []string{
		`create of a "" begins: size 1 was <nil>, boxes 0`,
		`create of a "box" ends: size 1 was <nil>, boxes 1`,
		`create of b "" begins: size 1 was <nil>, boxes 1`,
		`create of b "" is refused: size 1 was <nil>, boxes 1`,
		`update of a "box" begins: size 2 was 1, boxes 1`,
		`update of a "box" ends: size 2 was 1, boxes 1`,
		// The box exists, warped: that is no refusal.
		`update of a "box" begins: size 3 was 2, boxes 1`,
		`update of a "box" ends: size 3 was 2, boxes 1`,
		`delete of a "box" begins: size <nil> was <nil>, boxes 1`,
		`delete of a "box" ends: size 3 was 3, boxes 0`,
	}
	if !slices.Equal(d.lines, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(d.lines, "\n"), strings.Join(want, "\n"))
	}
}

// Writes in parallel are told one after another, each beginning with its end.
func TestOnWriteTakesTurns(t *testing.T) {
	var inside, open atomic.Int32
	var overlapped atomic.Bool
	begun := map[string]bool{}
	s := serveToys(t, filepath.Join(t.TempDir(), "world.db"), Options{OnWrite: func(_ *Tx, e Event) {
		if inside.Add(1) > 1 {
			overlapped.Store(true)
		}
		defer inside.Add(-1)
		if begun[e.URN] == e.Begin {
			t.Errorf("%s: begins %v after begins %v", e.URN, e.Begin, begun[e.URN])
		}
		begun[e.URN] = e.Begin
		if e.Begin {
			open.Add(1)
		} else {
			open.Add(-1)
		}
	}})
	c := s.client(inventory.Props{"region": "here"})
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			if _, _, err := c.create(boxType, fmt.Sprint("box", i), inventory.Props{"name": fmt.Sprint(i / 2), "size": 1.0}); err != nil && !strings.Contains(err.Error(), "DuplicateBox") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if overlapped.Load() || open.Load() != 0 || len(begun) != 16 {
		t.Errorf("overlapped %v, %d without an end, %d told; want none, 0, 16", overlapped.Load(), open.Load(), len(begun))
	}
}

// What makes the transaction fail after the kind was content is a refusal.
func TestOnWriteOfWhatCannotBeStored(t *testing.T) {
	var told []Event
	s := serveToys(t, filepath.Join(t.TempDir(), "world.db"), Options{OnWrite: func(_ *Tx, e Event) { told = append(told, e) }})
	c := s.client(inventory.Props{"region": "here"})
	err := s.world.Update(func(tx *Tx) error {
		// The ball that the cloud puts beside a box is in the way.
		k := &Call{Tx: tx, URN: urn(boxType, "a"), generation: 1}
		tx.Within("here").Put(&inventory.Object{Type: ballType, ID: "free-" + k.Hex(4)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.create(boxType, "a", inventory.Props{"name": "n", "size": 1.0}); err == nil {
		t.Fatal("two balls with one id")
	}
	if len(told) != 2 || told[1].Begin || told[1].Refused == nil || errors.Is(told[1].Refused, ErrBusy) {
		t.Errorf("told %+v, want a beginning and a refusal", told)
	}
}
