package emulator

import (
	"testing"

	"burrow/internal/inventory"
)

// A replacement may depend on the values before and after.
func TestReplaceWhen(t *testing.T) {
	shrinks := func(c *Call) bool { return c.In.Num("size") < c.OldIn.Num("size") }
	for _, c := range []struct {
		kind          Kind
		before, after inventory.Props
		want          bool
	}{
		{Kind{Replace: []Replace{{Path: "size"}}}, inventory.Props{"size": 1.0}, inventory.Props{"size": 2.0}, true},
		{Kind{Replace: []Replace{{Path: "size", When: shrinks}}}, inventory.Props{"size": 1.0}, inventory.Props{"size": 2.0}, false},
		{Kind{Replace: []Replace{{Path: "size", When: shrinks}}}, inventory.Props{"size": 2.0}, inventory.Props{"size": 1.0}, true},
		{Kind{Replace: []Replace{{Path: "size", When: shrinks}}}, inventory.Props{"size": 2.0}, inventory.Props{}, true},
		{Kind{Replace: []Replace{{Path: "size", When: shrinks}, {Path: "name"}}}, inventory.Props{"size": 1.0, "name": "a"}, inventory.Props{"size": 1.0, "name": "b"}, true},
	} {
		call := &Call{Kind: &c.kind, OldIn: c.before, In: c.after}
		got := false
		for _, ch := range differences(c.before, c.after, nil) {
			got = got || call.replaces(ch)
		}
		if got != c.want {
			t.Errorf("from %v to %v replaces: %t, want %t", c.before, c.after, got, c.want)
		}
	}
}

// BusyObject is about updates and deletes of one object, not about creates.
func TestBusyKey(t *testing.T) {
	perBox := func(in inventory.Props) string { return in.Str("boxId") }
	for _, c := range []struct {
		kind Kind
		id   string
		want string
	}{
		{Kind{}, "ball-1", ""}, {Kind{BusyObject: true}, "ball-1", "ball-1"}, {Kind{BusyObject: true}, "", ""},
		{Kind{Busy: perBox}, "ball-1", "box-1"},
	} {
		if got := (&Call{Kind: &c.kind, ID: c.id, In: inventory.Props{"boxId": "box-1"}}).busyKey(); got != c.want {
			t.Errorf("a write of %q makes %q busy, want %q", c.id, got, c.want)
		}
	}
}
