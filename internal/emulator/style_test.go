package emulator

import (
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/inventory"
)

// serveCloud serves a changed toy cloud and returns a configured client of it.
func serveCloud(t *testing.T, change func(*Cloud)) (*toyClient, *World) {
	t.Helper()
	w := openTestWorld(t)
	c := toyCloud()
	change(c)
	ports, stop, err := Serve(t.Context(), w, []*Cloud{c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return (&toys{t: t, world: w, port: ports["toy"]}).client(inventory.Props{"region": "here"}), w
}

// What azure-native leaves to the cloud, and what it does after a write.
func TestNativeStyle(t *testing.T) {
	c, _ := serveCloud(t, func(c *Cloud) { c.Style = Native })
	flat := inventory.Props{"size": 1.0, "name": "n", "shape": "flat"}
	if _, failures, err := c.check(boxType, "box", flat, nil); err != nil || len(failures) > 0 {
		t.Errorf("check: %v, %v; the cloud has to refuse a value outside an enum", failures, err)
	}
	if _, _, err := c.create(boxType, "box", flat); err == nil || !strings.Contains(err.Error(), "InvalidRequestFormat: shape: must be one of cube, round") {
		t.Errorf("create: %v", err)
	}
	_, out := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0, "name": "n", "lid": map[string]any{"color": "red"}})
	if got := out.Str("lid.color"); got != "red faded" {
		t.Errorf("lid.color after the write is %q, want what a read returns", got)
	}
	made, _, err := c.check(boxType, "box", inventory.Props{"size": 1.0}, nil)
	if name := made.Str("name"); err != nil || !strings.HasPrefix(name, "box") || len(name) != len("box")+8 || made.Has(defaultsKey) {
		t.Errorf("made-up name %q in %v, want box and eight digits", name, made)
	}
	if d := c.diff(boxType, "box", inventory.Props{"wood": "oak"}, inventory.Props{"wood": "fir"}); !d.GetDeleteBeforeReplace() {
		t.Error("a replacement is not deleted first")
	}
}

// A create whose id exists: refused, shared, or applied onto what is there.
func TestCreateOfWhatExists(t *testing.T) {
	fixed := func(c *Cloud) {
		c.Kinds[0].NewID = func(c *Call) (string, error) { return "box-" + c.In.Str("name"), nil }
		c.Kinds[0].Unique = nil
		c.Kinds[0].Made = nil
	}
	cases := map[string]struct {
		change func(*Cloud)
		want   string // part of the error
		size   float64
	}{
		"refused": {fixed, "AlreadyExists: box-n exists", 1},
		"refused in the cloud's words": {func(c *Cloud) {
			fixed(c)
			c.Taken = func(c *Call) *Fault { return c.Fault("Taken", "%s is there", c.ID) }
		}, "Taken: box-n is there", 1},
		"shared (AWV-03)": {func(c *Cloud) {
			fixed(c)
			c.Kinds[0].Existing = func(c *Call) *inventory.Object { return c.Tx.Find(boxType, "name", c.In.Str("name")) }
		}, "", 1},
		"applied onto it": {func(c *Cloud) {
			fixed(c)
			c.Taken = func(*Call) *Fault { return nil }
		}, "", 2},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c, w := serveCloud(t, tc.change)
			first, _ := c.mustCreate(boxType, "one", inventory.Props{"size": 1.0, "name": "n"})
			second, _, err := c.create(boxType, "two", inventory.Props{"size": 2.0, "name": "n"})
			if tc.want == "" && (err != nil || second != first) || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("second box %q, %v; want %s or %q", second, err, first, tc.want)
			}
			if got := objectAt(t, w, boxType, first).In.Num("size"); got != tc.size {
				t.Errorf("the box has size %v, want %v", got, tc.size)
			}
		})
	}
}

// What lives on a deleted object goes with it, and only that.
func TestHosted(t *testing.T) {
	c, w := serveCloud(t, func(c *Cloud) {
		c.HostedOn = func(deleted *inventory.Object) string {
			if deleted.Type == boxType {
				return deleted.ID
			}
			return ""
		}
	})
	box, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
	err := w.Update(func(tx *Tx) error {
		tx.Within(box).Put(&inventory.Object{Type: ballType, ID: "inside"})
		tx.Within("elsewhere").Put(&inventory.Object{Type: ballType, ID: "outside"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.delete(boxType, "box", box); err != nil {
		t.Fatal(err)
	}
	if left := objectIDs(t, w); len(left) != 1 || left[0] != "outside" {
		t.Errorf("left are %v, want what was outside", left)
	}
}

func TestReadyIsAskedFirst(t *testing.T) {
	c, _ := serveCloud(t, func(c *Cloud) {
		c.Ready = func(c *Call) *Fault { return c.Fault("Unreachable", "no way there") }
	})
	_, _, create := c.create(boxType, "box", inventory.Props{"size": 1.0})
	_, update := c.update(boxType, "box", "x", inventory.Props{}, inventory.Props{"size": 1.0})
	_, _, _, read := c.read(boxType, "box", "x", nil, nil)
	_, preview := c.rpc.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(boxType, "box"), Preview: true})
	for what, err := range map[string]error{
		"create": create, "update": update, "read": read, "preview": preview, "delete": c.delete(boxType, "box", "x"),
	} {
		if err == nil || !strings.Contains(err.Error(), "Unreachable: no way there") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestServe(t *testing.T) {
	w := openTestWorld(t)
	extra := map[string]pulumirpc.ResourceProviderServer{"extra": &pulumirpc.UnimplementedResourceProviderServer{}}
	ports, stop, err := Serve(t.Context(), w, []*Cloud{toyCloud()}, extra)
	if err != nil {
		t.Fatal(err)
	}
	if ports["toy"] == 0 || ports["extra"] == 0 || ports["toy"] == ports["extra"] {
		t.Errorf("ports %v", ports)
	}
	stop()
	stop()
	again, stop, err := Serve(t.Context(), w, []*Cloud{toyCloud()}, nil)
	if err != nil {
		t.Fatalf("a second time on one world: %v", err)
	}
	defer stop()
	c := (&toys{t: t, world: w, port: again["toy"]}).client(inventory.Props{"region": "here"})
	c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
	if _, _, err := Serve(t.Context(), w, []*Cloud{{Name: "no-such-package"}}, nil); err == nil {
		t.Error("a cloud without a schema is served")
	}
}

func TestLatency(t *testing.T) {
	busy := func(inventory.Props) string { return "x" }
	cases := map[string]struct {
		options Options
		kind    Kind
		want    string
	}{
		"plain":             {Options{}, Kind{}, "5ms"},
		"busy":              {Options{}, Kind{Busy: busy}, "100ms"},
		"the world's":       {Options{Latency: 7e6}, Kind{Busy: busy}, "7ms"},
		"the kind's before": {Options{Latency: 7e6}, Kind{Latency: 9e6}, "9ms"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := &World{options: tc.options}
			if got := w.latencyOf(&tc.kind).String(); got != tc.want {
				t.Errorf("latency %s, want %s", got, tc.want)
			}
		})
	}
}

// A process that dies in the middle of a write keeps what it held busy for a
// while, and not for ever.
func TestHoldLapses(t *testing.T) {
	c, w := serveCloud(t, func(*Cloud) {})
	box, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
	cases := []struct {
		name  string
		until time.Time
		want  string
	}{
		{"held", time.Now().Add(time.Hour), "BoxBusy"},
		{"lapsed", time.Now().Add(-time.Second), ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if err := w.Update(func(tx *Tx) error { return tx.hold(box, &hold{Until: tc.until}) }); err != nil {
				t.Fatal(err)
			}
			_, _, err := c.create(ballType, tc.name, inventory.Props{"boxId": box})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}
