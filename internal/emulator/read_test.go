package emulator

import (
	"reflect"
	"testing"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

func TestRead(t *testing.T) {
	c := newToys(t).client(inventory.Props{"region": "here"})
	in := inventory.Props{"size": 1.0, "name": "n", "lid": map[string]any{"color": "red"}}
	box, out := c.mustCreate(boxType, "box", in)

	if id, _, _, err := c.read(boxType, "box", "box-none", in, out); err != nil || id != "" {
		t.Errorf("of nothing: %q, %v; want no id and no error", id, err)
	}
	id, gotIn, gotOut, err := c.read(boxType, "box", box, in, out)
	if err != nil || id != box {
		t.Fatalf("id %q, %v; want %s", id, err, box)
	}
	if got := gotOut.Str("lid.color"); got != "red faded" {
		t.Errorf("output lid.color is %q, want what the cloud returns now", got)
	}
	want := inventory.Props{"size": 1.0, "name": "n", "lid": map[string]any{"color": "red faded"}}
	if !reflect.DeepEqual(gotIn, want) {
		t.Errorf("inputs %v, want %v", gotIn, want)
	}
	_, imported, _, err := c.read(boxType, "box", box, nil, nil)
	if err != nil || !reflect.DeepEqual(imported, want) {
		t.Errorf("imported inputs %v, %v; want %v", imported, err, want)
	}
}

func TestReadInputs(t *testing.T) {
	inputs := toySchema().Resources[boxType].Inputs
	m := func(kv ...any) map[string]any {
		out := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i].(string)] = kv[i+1]
		}
		return out
	}
	cases := map[string]struct {
		r               Reading
		bridged, native inventory.Props
	}{
		"nothing changed": {
			Reading{OldIn: inventory.Props{"size": 1.0}, OldOut: inventory.Props{"size": 1.0, "wood": "oak", "arn": "a"}, NewOut: inventory.Props{"size": 1.0, "wood": "oak", "arn": "a"}},
			inventory.Props{"size": 1.0}, inventory.Props{"size": 1.0},
		},
		"an input drifted": {
			Reading{OldIn: inventory.Props{"size": 1.0}, OldOut: inventory.Props{"size": 1.0}, NewOut: inventory.Props{"size": 2.0}},
			inventory.Props{"size": 2.0}, inventory.Props{"size": 2.0},
		},
		// The cloud filled it in before and fills in something else now.
		"an echo drifted": {
			Reading{OldIn: inventory.Props{"size": 1.0}, OldOut: inventory.Props{"size": 1.0, "wood": "oak"}, NewOut: inventory.Props{"size": 1.0, "wood": "fir"}},
			inventory.Props{"size": 1.0}, inventory.Props{"size": 1.0, "wood": "fir"},
		},
		"an output drifted": {
			Reading{OldIn: inventory.Props{"size": 1.0}, OldOut: inventory.Props{"size": 1.0, "arn": "a"}, NewOut: inventory.Props{"size": 1.0, "arn": "b"}},
			inventory.Props{"size": 1.0}, inventory.Props{"size": 1.0},
		},
		"nested, with a computed neighbour": {
			Reading{
				OldIn:  inventory.Props{"size": 1.0, "lid": m("color", "red")},
				OldOut: inventory.Props{"size": 1.0, "lid": m("color", "red", "serial", "1")},
				NewOut: inventory.Props{"size": 1.0, "lid": m("color", "blue", "serial", "2")},
			},
			inventory.Props{"size": 1.0, "lid": m("color", "blue")}, inventory.Props{"size": 1.0, "lid": m("color", "blue")},
		},
		"an input is gone": {
			Reading{OldIn: inventory.Props{"size": 1.0, "wood": "oak"}, OldOut: inventory.Props{"size": 1.0, "wood": "oak"}, NewOut: inventory.Props{"size": 1.0}},
			inventory.Props{"size": 1.0}, inventory.Props{"size": 1.0},
		},
		// azure-native keeps what no read ever returned; the bridge does not.
		"never returned": {
			Reading{OldIn: inventory.Props{"size": 1.0, "pin": "1"}, OldOut: inventory.Props{"size": 1.0}, NewOut: inventory.Props{"size": 1.0}},
			inventory.Props{"size": 1.0}, inventory.Props{"size": 1.0, "pin": "1"},
		},
		"lists grow": {
			Reading{OldIn: inventory.Props{"labels": []any{"a"}}, OldOut: inventory.Props{"labels": []any{"a"}}, NewOut: inventory.Props{"labels": []any{"a", "b"}}},
			inventory.Props{"labels": []any{"a", "b"}}, inventory.Props{"labels": []any{"a", "b"}},
		},
		// The service writes it differently, and did so from the start.
		"normalized from the start": {
			Reading{OldIn: inventory.Props{"labels": []any{"A", "B"}}, OldOut: inventory.Props{"labels": []any{"a", "b"}}, NewOut: inventory.Props{"labels": []any{"a", "c"}}},
			inventory.Props{"labels": []any{"a", "c"}}, inventory.Props{"labels": []any{"A", "c"}},
		},
		"import": {
			Reading{NewOut: inventory.Props{"size": 1.0, "arn": "a", "lid": m("color", "red", "serial", "1")}},
			inventory.Props{"size": 1.0, "lid": m("color", "red")}, inventory.Props{"size": 1.0, "lid": m("color", "red")},
		},
		"the mark of a made-up name stays": {
			Reading{OldIn: inventory.Props{"name": "n", defaultsKey: []any{"name"}}, OldOut: inventory.Props{"name": "n"}, NewOut: inventory.Props{"name": "n"}},
			inventory.Props{"name": "n", defaultsKey: []any{"name"}}, inventory.Props{"name": "n", defaultsKey: []any{"name"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.r.Inputs = inputs
			if got := BridgedInputs(tc.r); !reflect.DeepEqual(got, tc.bridged) {
				t.Errorf("bridged %v, want %v", got, tc.bridged)
			}
			if got := NativeInputs(tc.r); !reflect.DeepEqual(got, tc.native) {
				t.Errorf("native %v, want %v", got, tc.native)
			}
		})
	}
}

func TestCoerce(t *testing.T) {
	text, list := schema.Type{Kind: schema.String}, schema.Type{Kind: schema.Integer}
	props := map[string]*schema.Property{
		"n": {Type: schema.Type{Kind: schema.Integer}}, "b": {Type: schema.Type{Kind: schema.Boolean}},
		"s": {Type: text}, "l": {Type: schema.Type{Kind: schema.Array, Elem: &list}},
	}
	in := map[string]any{"n": "12", "b": "true", "s": 5.0, "l": []any{"1", inventory.Unknown{}, "x"}, "other": "1"}
	coerce(in, props)
	want := map[string]any{"n": 12.0, "b": true, "s": "5", "l": []any{1.0, inventory.Unknown{}, "x"}, "other": "1"}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("coerced to %v, want %v", in, want)
	}
}
