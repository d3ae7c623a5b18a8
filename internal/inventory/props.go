package inventory

import (
	"fmt"
	"maps"
)

// Props is a property map as the engine sends it: strings, float64, bool, nil,
// []any, map[string]any, and Unknown for what a preview cannot know. Nested maps
// are plain map[string]any.
//
// Methods that take a path read "vpcConfig.subnetIds[0]" or tags["a.b"]; those
// that take a pattern also read [*] for every element of a list. A null counts
// as not there. A malformed path panics.
type Props map[string]any

// Unknown stands for a value that exists only after the deployment.
type Unknown struct{}

// Get returns the value at the path. What lies below something unknown is
// Unknown{}.
func (p Props) Get(path string) (any, bool) { return lookup(p, ParsePath(path)) }

// Has reports whether there is a value at the path, known or not.
func (p Props) Has(path string) bool {
	_, ok := p.Get(path)
	return ok
}

// Known reports whether nothing at the path or below it is unknown. What is not
// there is known not to be there.
func (p Props) Known(path string) bool {
	v, _ := p.Get(path)
	return !HasUnknown(v)
}

// Str is the string at the path, or "".
func (p Props) Str(path string) string { return at[string](p, path) }

// StrOr is the string at the path, or a default when there is no string.
func (p Props) StrOr(path, otherwise string) string {
	if s := p.Str(path); s != "" {
		return s
	}
	return otherwise
}

// Num is the number at the path, or 0.
func (p Props) Num(path string) float64 { return at[float64](p, path) }

// Int is the number at the path, cut to an integer, or 0.
func (p Props) Int(path string) int { return int(p.Num(path)) }

// Bool is the boolean at the path, or false.
func (p Props) Bool(path string) bool { return at[bool](p, path) }

// List is the list at the path, or nil.
func (p Props) List(path string) []any { return at[[]any](p, path) }

// Map is the object at the path, or nil. It shares memory with p.
func (p Props) Map(path string) Props { return Props(at[map[string]any](p, path)) }

// Maps are the objects that the pattern finds, in order. A list of objects may
// be named with or without its [*].
func (p Props) Maps(pattern string) []Props {
	var found []Props
	p.Each(pattern, func(_ string, v any) {
		switch v := v.(type) {
		case map[string]any:
			found = append(found, v)
		case []any:
			found = append(found, Props{"": v}.Maps(`[""][*]`)...)
		}
	})
	return found
}

// Strings are the strings that the pattern finds, in order. A list of strings
// may be named with or without its [*]; unknown elements are left out.
func (p Props) Strings(pattern string) []string {
	var found []string
	p.Each(pattern, func(_ string, v any) {
		switch v := v.(type) {
		case string:
			found = append(found, v)
		case []any:
			found = append(found, Props{"": v}.Strings(`[""][*]`)...)
		}
	})
	return found
}

// Each calls f for every value that the pattern finds, in order. Where
// something on the way is unknown, f is called with that path and Unknown{}.
func (p Props) Each(pattern string, f func(path string, v any)) {
	visit(p, nil, ParsePath(pattern), func(path Path, v any) { f(path.String(), v) })
}

// Set puts a value at the path and makes the objects and list elements on the way.
func (p Props) Set(path string, v any) { put(p, ParsePath(path), plain(v)) }

// Default sets the value at the path unless there is one.
func (p Props) Default(path string, v any) {
	if !p.Has(path) {
		p.Set(path, v)
	}
}

// Del takes away the value at the path.
func (p Props) Del(path string) {
	steps := ParsePath(path)
	last := steps[len(steps)-1]
	parent, _ := lookup(p, steps[:len(steps)-1])
	switch m := parent.(type) {
	case Props:
		delete(m, last.name)
	case map[string]any:
		delete(m, last.name)
	}
}

// Clone is a deep copy.
func (p Props) Clone() Props {
	if p == nil {
		return Props{}
	}
	return Props(clone(map[string]any(p)).(map[string]any))
}

// With is a deep copy of p with the properties of q, also deep copies, put over it.
func (p Props) With(q Props) Props {
	c := p.Clone()
	maps.Copy(c, q.Clone())
	return c
}

func at[T any](p Props, path string) T {
	v, _ := p.Get(path)
	t, _ := v.(T)
	return t
}

// put sets a value below parent, which is a map or nil, and returns the parent.
func put(parent any, steps Path, v any) any {
	if len(steps) == 0 {
		return v
	}
	s := steps[0]
	if s.kind == stepName {
		m := asMap(parent)
		m[s.name] = put(m[s.name], steps[1:], v)
		return m
	}
	if s.kind == stepEvery {
		panic(fmt.Sprintf("cannot set every element: %s", steps.String()))
	}
	list, _ := parent.([]any)
	for len(list) <= s.index {
		list = append(list, nil)
	}
	list[s.index] = put(list[s.index], steps[1:], v)
	return list
}

func asMap(v any) map[string]any {
	switch m := v.(type) {
	case map[string]any:
		return m
	case Props:
		return m
	}
	return map[string]any{}
}

// plain turns the Go values that kinds like to write into those that a property
// map holds, and copies them.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case []Props:
		list := make([]any, len(v))
		for i, m := range v {
			list[i] = clone(map[string]any(m))
		}
		return list
	}
	return clone(v)
}

func clone(v any) any {
	switch v := v.(type) {
	case Props:
		return clone(map[string]any(v))
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = plain(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	}
	return v
}

// HasUnknown reports whether a value is unknown, or something in it.
func HasUnknown(v any) bool {
	switch v := v.(type) {
	case Unknown:
		return true
	case Props:
		return HasUnknown(map[string]any(v))
	case map[string]any:
		for _, e := range v {
			if HasUnknown(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if HasUnknown(e) {
				return true
			}
		}
	}
	return false
}
