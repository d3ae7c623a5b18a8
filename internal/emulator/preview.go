package emulator

import (
	"slices"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// previewed is what a preview can say of the outputs: the inputs, what the
// provider trusts an update to leave as it is, and Unknown{} for the rest, nested
// as well. The old outputs are nil for a create.
func (s *Style) previewed(outputs map[string]*schema.Property, in, oldIn, old inventory.Props) inventory.Props {
	out := inventory.Props{}
	for name, p := range outputs {
		before := old[name]
		if _, removed := oldIn[name]; removed && in[name] == nil {
			before = nil // an input that is taken back: the cloud chooses
		}
		if s.Stable != nil && !slices.Contains(s.Stable, name) {
			before = nil
		}
		out[name] = previewedValue(&p.Type, in[name], before)
	}
	return out
}

func previewedValue(t *schema.Type, in, before any) any {
	switch {
	case in == nil && before == nil:
		return inventory.Unknown{}
	case in == nil:
		return before
	}
	switch v := in.(type) {
	case map[string]any:
		if t.Kind == schema.ObjectOf {
			return previewedObject(t.Object, v, before)
		}
	case []any:
		if t.Kind == schema.Array {
			return previewedList(t.Elem, v, before)
		}
	}
	return in
}

// previewedObject leaves out what neither the input nor the object before has:
// the SDK takes a whole object for unknown when one of its properties is.
func previewedObject(o *schema.Object, in map[string]any, before any) any {
	old, existed := before.(map[string]any)
	out := map[string]any{}
	for name, p := range o.Properties {
		if existed && in[name] == nil && old[name] == nil {
			continue
		}
		out[name] = previewedValue(&p.Type, in[name], old[name])
	}
	return out
}

func previewedList(t *schema.Type, in []any, before any) any {
	old, _ := before.([]any)
	out := make([]any, len(in))
	for i, e := range in {
		out[i] = previewedValue(t, e, element(old, i))
	}
	return out
}
