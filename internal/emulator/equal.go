package emulator

import (
	"reflect"

	"burrow/internal/inventory"
)

// equal compares two property values. A null equals what is not there, at any
// depth; something unknown equals nothing but something unknown.
func equal(a, b any) bool { return reflect.DeepEqual(withoutNulls(a), withoutNulls(b)) }

func withoutNulls(v any) any {
	switch v := v.(type) {
	case inventory.Props:
		return withoutNulls(map[string]any(v))
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			if e != nil {
				m[k] = withoutNulls(e)
			}
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = withoutNulls(e)
		}
		return list
	}
	return v
}
