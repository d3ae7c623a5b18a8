package emulator

import (
	"fmt"
	"strconv"
	"strings"
)

// A step of a path is a property name, a list index, or every element of a list.
type step struct {
	name  string
	index int
	kind  stepKind
}

type stepKind uint8

const (
	stepName stepKind = iota
	stepIndex
	stepEvery // [*]
)

// parsePath reads "vpcConfig.subnetIds[0]", "tags[\"a.b\"]", "rules[*].port".
// Paths are written in the code, so a bad one is a programming error: it panics.
func parsePath(path string) []step {
	var steps []step
	for rest := path; rest != ""; {
		var s step
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

func parseName(rest string) (step, string, error) {
	end := strings.IndexAny(rest, ".[")
	switch {
	case end < 0:
		return step{name: rest}, "", nil
	case end == 0:
		return step{}, "", fmt.Errorf("a name is missing before %q", rest)
	case rest[end] == '.' && end == len(rest)-1:
		return step{}, "", fmt.Errorf("it ends in a dot")
	case rest[end] == '.':
		return step{name: rest[:end]}, rest[end+1:], nil
	}
	return step{name: rest[:end]}, rest[end:], nil
}

func parseBracket(rest string) (step, string, error) {
	end := strings.IndexByte(rest, ']')
	if strings.HasPrefix(rest, `["`) {
		end = strings.Index(rest, `"]`) + 1
	}
	if end <= 0 {
		return step{}, "", fmt.Errorf("%q is not closed", rest)
	}
	inner, after := rest[1:end], strings.TrimPrefix(rest[end+1:], ".")
	switch {
	case inner == "*":
		return step{kind: stepEvery}, after, nil
	case strings.HasPrefix(inner, `"`):
		name, err := strconv.Unquote(inner)
		return step{name: name}, after, err
	}
	n, err := strconv.Atoi(inner)
	if err != nil || n < 0 {
		return step{}, "", fmt.Errorf("%q is no list index", inner)
	}
	return step{index: n, kind: stepIndex}, after, nil
}

// formatPath is the opposite of parsePath, in the engine's own notation.
func formatPath(steps []step) string {
	var b strings.Builder
	for _, s := range steps {
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

// covers reports whether pattern is path itself or something above it.
func covers(pattern, path []step) bool {
	if len(pattern) > len(path) {
		return false
	}
	for i, p := range pattern {
		if !p.matches(path[i]) {
			return false
		}
	}
	return true
}

func (s step) matches(t step) bool {
	if s.kind == stepEvery {
		return t.kind == stepIndex || t.kind == stepEvery
	}
	return s == t
}

// lookup descends from v; false when something on the way is not there. A null
// counts as not there, as it does for the engine.
func lookup(v any, steps []step) (any, bool) {
	for _, s := range steps {
		if _, unknown := v.(Unknown); unknown {
			return v, true // what is below something unknown is unknown
		}
		v = s.of(v)
	}
	return v, v != nil
}

// of is what the step finds in v, or nil.
func (s step) of(v any) any {
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

// visit calls f for every value that the pattern finds.
func visit(v any, at, pattern []step, f func(path []step, v any)) {
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
		visit(e, append(at[:len(at):len(at)], step{index: i, kind: stepIndex}), rest, f)
	}
}
