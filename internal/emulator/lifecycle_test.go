package emulator

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	"burrow/internal/inventory"
)

func TestPreview(t *testing.T) {
	s := newToys(t)
	c := s.client(inventory.Props{"region": "here"})
	in := inventory.Props{"size": 101.0, "lid": map[string]any{"color": "red"}, "labels": []any{"a", inventory.Unknown{}}}
	res, err := c.rpc.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(boxType, "box"), Properties: c.wire(in), Preview: true,
	})
	if err != nil {
		t.Fatalf("a preview asks no cloud: %v", err)
	}
	want := inventory.Props{
		"size": 101.0, "lid": map[string]any{"color": "red", "serial": inventory.Unknown{}}, "labels": []any{"a", inventory.Unknown{}},
		"name": inventory.Unknown{}, "wood": inventory.Unknown{}, "pin": inventory.Unknown{}, "shape": inventory.Unknown{}, "arn": inventory.Unknown{}, "key": inventory.Unknown{},
	}
	if got := decode(res.GetProperties()); !reflect.DeepEqual(got, want) || res.GetId() != "" {
		t.Errorf("create:\n got %v\nwant %v", got, want)
	}
	if left := objectIDs(t, s.world); len(left) != 0 {
		t.Errorf("the preview made %v", left)
	}

	old := inventory.Props{"size": 1.0, "wood": "oak", "arn": "arn:1", "lid": map[string]any{"color": "red", "serial": "s1"}}
	updated, err := c.rpc.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(boxType, "box"), Id: "box-1", Preview: true, Olds: c.wire(old),
		OldInputs: c.wire(inventory.Props{"size": 1.0, "wood": "oak", "lid": map[string]any{"color": "red"}}),
		News:      c.wire(inventory.Props{"size": 2.0, "lid": map[string]any{"color": "blue"}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := decode(updated.GetProperties())
	want = inventory.Props{"size": 2.0, "wood": inventory.Unknown{}, "arn": "arn:1", "lid": map[string]any{"color": "blue", "serial": "s1"}}
	for name, v := range want {
		if !reflect.DeepEqual(got[name], v) {
			t.Errorf("update: %s is %v, want %v", name, got[name], v)
		}
	}
}

func TestIDs(t *testing.T) {
	ids := func(seed string) (first, replacement, key string) {
		s := serveToys(t, t.TempDir()+"/world.db", Options{Account: Account{Seed: seed}})
		c := s.client(inventory.Props{"region": "here"})
		first, out := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0, "name": "a"})
		replacement, _ = c.mustCreate(boxType, "box", inventory.Props{"size": 1.0, "name": "b"})
		return first, replacement, out.Str("key")
	}
	first, replacement, key := ids("one")
	again, _, keyAgain := ids("one")
	other, _, _ := ids("two")
	if first != again || key != keyAgain {
		t.Errorf("the same seed gave %s %s and %s %s", first, key, again, keyAgain)
	}
	if first == replacement {
		t.Errorf("the replacement has the id %s of the replaced", first)
	}
	if first == other {
		t.Errorf("another seed gave the same id %s", first)
	}
}

func TestUUID(t *testing.T) {
	w := openTestWorld(t)
	err := w.View(func(tx *Tx) error {
		c := &Call{Tx: tx, URN: "u"}
		id := c.UUID()
		if len(id) != 36 || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Errorf("%s is no version 4 UUID", id)
		}
		if id == c.UUIDOf("second") {
			t.Error("two labels gave one UUID")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecretOutputs(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	res, err := c.rpc.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(boxType, "box"), Properties: c.wire(inventory.Props{"size": 1.0, "pin": "1234"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	var secrets []string
	for name, v := range res.GetProperties().GetFields() {
		if v.GetStructValue().GetFields()[sigKey].GetStringValue() == sigSecret {
			secrets = append(secrets, name)
		}
	}
	slices.Sort(secrets)
	if want := []string{"key", "pin"}; !slices.Equal(secrets, want) {
		t.Errorf("secret outputs %v, want %v", secrets, want)
	}
}

// What the cloud makes and takes away by itself.
func TestMadeAndGone(t *testing.T) {
	s := newToys(t)
	c := s.client(inventory.Props{"region": "here"})
	id, _ := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0})
	if got := objectIDs(t, s.world); len(got) != 2 || !strings.HasPrefix(got[1], "free-") {
		t.Fatalf("objects %v, want the box and its free ball", got)
	}
	if err := c.delete(boxType, "box", id); err != nil {
		t.Fatal(err)
	}
	if got := objectIDs(t, s.world); len(got) != 0 {
		t.Fatalf("objects %v, want none", got)
	}
}

// AVC-12's pattern: pin is accepted, never returned by the cloud and ignored on
// an existing object; shape is ignored on an existing object and returned.
func TestStickyAndWriteOnly(t *testing.T) {
	s := newToys(t)
	c := s.client(inventory.Props{"region": "here"})
	before := inventory.Props{"size": 1.0, "name": "n", "pin": "1111", "shape": "cube"}
	after := inventory.Props{"size": 1.0, "name": "n", "pin": "2222", "shape": "round"}
	id, _ := c.mustCreate(boxType, "box", before)
	out, err := c.update(boxType, "box", id, before, after)
	if err != nil {
		t.Fatal(err)
	}
	if out.Str("pin") != "2222" || out.Str("shape") != "cube" {
		t.Errorf("outputs %v: want the pin as sent and the shape as it was", out)
	}
	o := objectAt(t, s.world, boxType, id)
	pin, _ := o.Effective("pin")
	if pin != "1111" || o.Hidden.Str("shape") != "cube" {
		t.Errorf("the cloud works with pin %v and shape %v, want the first ones", pin, o.Hidden.Str("shape"))
	}
}

// Moment L: the object exists, and the engine is told so together with the error.
func TestLateFailure(t *testing.T) {
	s := newToys(t)
	c := s.client(inventory.Props{"region": "here"})
	in := inventory.Props{"size": 1.0, "name": "n", "wood": "green"}
	_, _, err := c.create(boxType, "box", in)
	if err == nil {
		t.Fatal("accepted")
	}
	var failed *pulumirpc.ErrorResourceInitFailed
	for _, d := range status.Convert(err).Details() {
		failed, _ = d.(*pulumirpc.ErrorResourceInitFailed)
	}
	if failed == nil || failed.GetId() == "" || !strings.Contains(failed.GetReasons()[0], "Warped: green wood warps") {
		t.Fatalf("details %v, want the state of what failed", failed)
	}
	if out := decode(failed.GetProperties()); out.Str("arn") != "failed: Warped" {
		t.Errorf("state %v, want the failed one", out)
	}
	if got := decode(failed.GetInputs()); !reflect.DeepEqual(got, in) {
		t.Errorf("inputs %v, want %v", got, in)
	}
	mended := in.With(inventory.Props{"wood": "oak"})
	out, err := c.update(boxType, "box", failed.GetId(), in, mended)
	if err != nil || !strings.HasPrefix(out.Str("arn"), "arn:toy:") {
		t.Errorf("the update that mends it: %v, %v", out, err)
	}
}

func TestDiff(t *testing.T) {
	type kinds map[string]pulumirpc.PropertyDiff_Kind
	const (
		add, update, remove = pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_DELETE
		addR, updateR       = pulumirpc.PropertyDiff_ADD_REPLACE, pulumirpc.PropertyDiff_UPDATE_REPLACE
		removeR             = pulumirpc.PropertyDiff_DELETE_REPLACE
	)
	red, blue := map[string]any{"color": "red"}, map[string]any{"color": "blue"}
	cases := map[string]struct {
		olds, news  inventory.Props
		want        kinds
		deleteFirst bool
	}{
		"nothing":                       {inventory.Props{"size": 1.0}, inventory.Props{"size": 1.0}, kinds{}, false},
		"in place":                      {inventory.Props{"size": 1.0}, inventory.Props{"size": 2.0}, kinds{"size": update}, false},
		"added and removed":             {inventory.Props{"pin": "1"}, inventory.Props{"size": 2.0}, kinds{"size": add, "pin": remove}, false},
		"unknown in place":              {inventory.Props{"size": 1.0}, inventory.Props{"size": inventory.Unknown{}}, kinds{"size": update}, false},
		"replaces":                      {inventory.Props{"wood": "oak"}, inventory.Props{"wood": "fir"}, kinds{"wood": updateR}, false},
		"unknown replaces":              {inventory.Props{"wood": "oak"}, inventory.Props{"wood": inventory.Unknown{}}, kinds{"wood": updateR}, false},
		"added replaces":                {inventory.Props{}, inventory.Props{"wood": "fir"}, kinds{"wood": addR}, false},
		"nested replaces":               {inventory.Props{"lid": red}, inventory.Props{"lid": blue}, kinds{"lid.color": updateR}, false},
		"object around it":              {inventory.Props{"lid": red}, inventory.Props{}, kinds{"lid": removeR}, false},
		"object without it":             {inventory.Props{"lid": map[string]any{"serial": "x"}}, inventory.Props{}, kinds{"lid": remove}, false},
		"unknown around it":             {inventory.Props{"lid": red}, inventory.Props{"lid": inventory.Unknown{}}, kinds{"lid": updateR}, false},
		"list element":                  {inventory.Props{"labels": []any{"a", "b"}}, inventory.Props{"labels": []any{"a", "c"}}, kinds{"labels[1]": update}, false},
		"list shorter":                  {inventory.Props{"labels": []any{"a", "b"}}, inventory.Props{"labels": []any{"a"}}, kinds{"labels[1]": remove}, false},
		"given name stays":              {inventory.Props{"name": "n", "wood": "oak"}, inventory.Props{"name": "n", "wood": "fir"}, kinds{"wood": updateR}, true},
		"made-up name stays":            {inventory.Props{"name": "n", "wood": "oak", defaultsKey: []any{"name"}}, inventory.Props{"name": "n", "wood": "fir", defaultsKey: []any{"name"}}, kinds{"wood": updateR}, false},
		"given name changes, too":       {inventory.Props{"name": "n", "wood": "oak"}, inventory.Props{"name": "m", "wood": "fir"}, kinds{"wood": updateR, "name": update}, false},
		"the mark is no change":         {inventory.Props{"name": "n", defaultsKey: []any{"name"}}, inventory.Props{"name": "n"}, kinds{}, false},
		"a key with a dot":              {inventory.Props{"lid": map[string]any{"a.b": "1"}}, inventory.Props{"lid": map[string]any{"a.b": "2"}}, kinds{`lid["a.b"]`: update}, false},
		"null is the same as not there": {inventory.Props{"wood": nil}, inventory.Props{}, kinds{}, false},
	}
	c := newToys(t).client(inventory.Props{"region": "here"})
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			res := c.diff(boxType, "box", tc.olds, tc.news)
			got := kinds{}
			for path, d := range res.GetDetailedDiff() {
				got[path] = d.GetKind()
			}
			if !maps.Equal(got, tc.want) {
				t.Errorf("differences %v, want %v", got, tc.want)
			}
			if changed := res.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME; changed != (len(tc.want) > 0) {
				t.Errorf("changes %v with differences %v", res.GetChanges(), got)
			}
			if res.GetDeleteBeforeReplace() != tc.deleteFirst {
				t.Errorf("delete before replace is %v, want %v", res.GetDeleteBeforeReplace(), tc.deleteFirst)
			}
		})
	}
}

func TestDiffNamesTopLevelProperties(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	res := c.diff(boxType, "box",
		inventory.Props{"lid": map[string]any{"color": "red"}, "labels": []any{"a", "b"}},
		inventory.Props{"lid": map[string]any{"color": "blue"}, "labels": []any{"x", "y"}})
	if want := []string{"labels", "lid"}; !slices.Equal(res.GetDiffs(), want) {
		t.Errorf("diffs %v, want %v", res.GetDiffs(), want)
	}
	if want := []string{"lid"}; !slices.Equal(res.GetReplaces(), want) {
		t.Errorf("replaces %v, want %v", res.GetReplaces(), want)
	}
}

func TestNativeStyleTakesLocationsForEqual(t *testing.T) {
	before, after := inventory.Props{"location": "UK South"}, inventory.Props{"location": "uksouth"}
	if found := differences(before, after, Native.Same); len(found) != 0 {
		t.Errorf("differences %v, want none", found)
	}
	if found := differences(before, inventory.Props{"location": "ukwest"}, Native.Same); len(found) != 1 {
		t.Errorf("differences %v, want one", found)
	}
}

func TestAutomaticNames(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	made, failures, err := c.check(boxType, "box", inventory.Props{"size": 1.0}, nil)
	if err != nil || len(failures) > 0 {
		t.Fatal(failures, err)
	}
	name := made.Str("name")
	if !strings.HasPrefix(name, "box-") || len(name) != len("box-")+7 || !isDefault(made, "name") {
		t.Fatalf("name %q in %v, want box- and seven digits, marked", name, made)
	}
	kept, _, err := c.check(boxType, "box", inventory.Props{"size": 2.0}, made)
	if err != nil || kept.Str("name") != name || !isDefault(kept, "name") {
		t.Errorf("the next check: %v, %v; want the name %s kept", kept, err, name)
	}
	given, _, err := c.check(boxType, "box", inventory.Props{"size": 2.0, "name": "mine"}, made)
	if err != nil || given.Str("name") != "mine" || isDefault(given, "name") {
		t.Errorf("with a name: %v, %v", given, err)
	}
	taken, _, err := c.check(boxType, "box", inventory.Props{"size": 2.0}, given)
	if err != nil || taken.Str("name") == "mine" {
		t.Errorf("a name that is taken back: %v, %v; want a made-up one", taken, err)
	}
}

func TestAutonamingOfTheStack(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	check := func(a *pulumirpc.CheckRequest_AutonamingOptions) *pulumirpc.CheckResponse {
		res, err := c.rpc.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: urn(boxType, "box"), News: c.wire(inventory.Props{"size": 1.0}), Autonaming: a,
		})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	proposed := check(&pulumirpc.CheckRequest_AutonamingOptions{ProposedName: "proposed"})
	if got := decode(proposed.GetInputs()).Str("name"); got != "proposed" {
		t.Errorf("name %q, want the proposed one", got)
	}
	disabled := check(&pulumirpc.CheckRequest_AutonamingOptions{Mode: pulumirpc.CheckRequest_AutonamingOptions_DISABLE})
	if f := disabled.GetFailures(); len(f) != 1 || f[0].GetProperty() != "name" {
		t.Errorf("failures %v, want one of the name", f)
	}
}

func TestInvoke(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	_, box := c.mustCreate(boxType, "box", inventory.Props{"size": 1.0, "name": "n"})
	cases := map[string]struct {
		token   string
		args    inventory.Props
		failure string // property
		err     string
	}{
		"answers":          {"toy:index:getBox", inventory.Props{"name": "n"}, "", ""},
		"unknown function": {"toy:index:getBx", inventory.Props{}, "", "unrecognized function"},
		"unknown argument": {"toy:index:getBox", inventory.Props{"name": "n", "nme": "n"}, "nme", ""},
		"missing argument": {"toy:index:getBox", inventory.Props{}, "name", ""},
		"unknown value":    {"toy:index:getBox", inventory.Props{"name": inventory.Unknown{}}, "name", ""},
		"fault":            {"toy:index:getBox", inventory.Props{"name": "m"}, "", "NoSuchBox: no box m"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			res, err := c.rpc.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: tc.token, Args: c.wire(tc.args)})
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tc.failure != "" {
				if f := res.GetFailures(); len(f) != 1 || f[0].GetProperty() != tc.failure {
					t.Fatalf("failures %v, want one of %s", f, tc.failure)
				}
				return
			}
			if got := decode(res.GetReturn()); got.Str("arn") != box.Str("arn") {
				t.Errorf("answer %v, want the arn of %v", got, box)
			}
		})
	}
}

func objectAt(t *testing.T, w *World, typ, id string) (o *inventory.Object) {
	t.Helper()
	if err := w.View(func(tx *Tx) error { o = tx.Get(typ, id); return nil }); err != nil {
		t.Fatal(err)
	}
	if o == nil {
		t.Fatalf("no %s %s", typ, id)
	}
	return o
}

func openTestWorld(t *testing.T) *World {
	t.Helper()
	w, err := Open(t.TempDir()+"/world.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return w
}
