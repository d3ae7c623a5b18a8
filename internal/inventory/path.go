package inventory

import (
	"fmt"
	"strconv"
	"strings"
)

// A Path leads to a property. As a pattern it may lead to every element of a list.
type Path []Step

// A Step of a path is a property name, a list index, or every element of a list.
type Step struct {
	name  string
	index int
	kind  stepKind
}

// Name is the step to a property.
func Name(name string) Step { return Step{name: name} }

// Index is the step to an element of a list.
func Index(i int) Step { return Step{index: i, kind: stepIndex} }

// Name is the property that the step leads to, or "".
func (s Step) Name() string { return s.name }

type stepKind uint8

const (
	stepName stepKind = iota
	stepIndex
	stepEvery // [*]
)

// ParsePath reads "vpcConfig.subnetIds[0]", "tags[\"a.b\"]", "rules[*].port".
// Paths are written in the code, so a bad one is a programming error: it panics.
func ParsePath(path string) Path {
	var steps Path
	for rest := path; rest != ""; {
		var s Step
		var err error
		if rest[0] == '[' {
			s, rest, err = parseBracket(rest)
		} else {
			s, rest, err = parseName(rest)
		}
		if err != nil {
			panic(fmt.Sprintf("property path %q: %v", path, err))
		}
		steps = append(steps, s)
	}
	return steps
}

func parseName(rest string) (Step, string, error) {
	end := strings.IndexAny(rest, ".[")
	switch {
	case end < 0:
		return Step{name: rest}, "", nil
	case end == 0:
		return Step{}, "", fmt.Errorf("a name is missing before %q", rest)
	case rest[end] == '.' && end == len(rest)-1:
		return Step{}, "", fmt.Errorf("it ends in a dot")
	case rest[end] == '.':
		return Step{name: rest[:end]}, rest[end+1:], nil
	}
	return Step{name: rest[:end]}, rest[end:], nil
}

func parseBracket(rest string) (Step, string, error) {
	end := strings.IndexByte(rest, ']')
	if strings.HasPrefix(rest, `["`) {
		end = strings.Index(rest, `"]`) + 1
	}
	if end <= 0 {
		return Step{}, "", fmt.Errorf("%q is not closed", rest)
	}
	inner, after := rest[1:end], strings.TrimPrefix(rest[end+1:], ".")
	switch {
	case inner == "*":
		return Step{kind: stepEvery}, after, nil
	case strings.HasPrefix(inner, `"`):
		name, err := strconv.Unquote(inner)
		return Step{name: name}, after, err
	}
	n, err := strconv.Atoi(inner)
	if err != nil || n < 0 {
		return Step{}, "", fmt.Errorf("%q is no list index", inner)
	}
	return Step{index: n, kind: stepIndex}, after, nil
}

// String is the opposite of ParsePath, in the engine's own notation.
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case s.kind == stepEvery:
			b.WriteString("[*]")
		case s.kind == stepIndex:
			fmt.Fprintf(&b, "[%d]", s.index)
		case s.name == "" || strings.ContainsAny(s.name, `.["]`):
			fmt.Fprintf(&b, "[%q]", s.name)
		case b.Len() > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}

// Covers reports whether the pattern is the path itself or something above it.
func (p Path) Covers(path Path) bool {
	if len(p) > len(path) {
		return false
	}
	for i, s := range p {
		if !s.matches(path[i]) {
			return false
		}
	}
	return true
}

func (s Step) matches(t Step) bool {
	if s.kind == stepEvery {
		return t.kind == stepIndex || t.kind == stepEvery
	}
	return s == t
}

// lookup descends from v; false when something on the way is not there. A null
// counts as not there, as it does for the engine.
func lookup(v any, steps Path) (any, bool) {
	for _, s := range steps {
		if _, unknown := v.(Unknown); unknown {
			return v, true // what is below something unknown is unknown
		}
		v = s.of(v)
	}
	return v, v != nil
}

// of is what the step finds in v, or nil.
func (s Step) of(v any) any {
	switch v := v.(type) {
	case Props:
		return s.of(map[string]any(v))
	case map[string]any:
		if s.kind == stepName {
			return v[s.name]
		}
	case []any:
		if s.kind == stepIndex && s.index < len(v) {
			return v[s.index]
		}
	}
	return nil
}

// Find is every value that the pattern finds below v.
func (p Path) Find(v any) []any {
	var found []any
	visit(v, nil, p, func(_ Path, v any) { found = append(found, v) })
	return found
}

// visit calls f for every value that the pattern finds.
func visit(v any, at, pattern Path, f func(path Path, v any)) {
	if v == nil {
		return
	}
	if _, unknown := v.(Unknown); unknown || len(pattern) == 0 {
		f(at, v)
		return
	}
	next, rest := pattern[0], pattern[1:]
	if next.kind != stepEvery {
		if below, ok := lookup(v, pattern[:1]); ok {
			visit(below, append(at[:len(at):len(at)], next), rest, f)
		}
		return
	}
	list, _ := v.([]any)
	for i, e := range list {
		visit(e, append(at[:len(at):len(at)], Step{index: i, kind: stepIndex}), rest, f)
	}
}
