package schema

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A Breach is how a value breaks the schema.
type Breach string

// When the real providers see a breach: all of them see a missing property and
// a wrong type in Check, so in a preview too. An unknown property cannot come
// from a typed program; azure-native drops it silently, and it is refused here
// so that nobody relies on it. A value that is NotInEnum passes azure-native 2
// and is refused by the cloud, so not in a preview.
const (
	UnknownProperty Breach = "unknown property"
	WrongType       Breach = "wrong type"
	Missing         Breach = "missing"
	NotInEnum       Breach = "not one of the legal values"
)

// A Violation is one place where inputs break the schema.
type Violation struct {
	Path   string // for example ipConfigurations[0].subnet
	Breach Breach
	Reason string // never holds the value itself, which may be secret
}

func (v Violation) String() string { return v.Path + ": " + v.Reason }

// Check compares the inputs of a resource with its schema and returns every
// violation in order of paths. Values are as the engine sends them, secrets
// opened: nil, bool, float64, string, []any, map[string]any, and whatever
// isUnknown recognizes, which is right for any type. A nil counts as not set.
func (r *Resource) Check(in map[string]any, isUnknown func(any) bool) []Violation {
	return check(r.Inputs, in, isUnknown, r.coerces)
}

// Check is Resource.Check for the arguments of a function.
func (f *Function) Check(args map[string]any, isUnknown func(any) bool) []Violation {
	return check(f.Args, args, isUnknown, f.coerces)
}

// Check is Resource.Check for an object, such as a provider's configuration.
func (o *Object) Check(in map[string]any, isUnknown func(any) bool) []Violation {
	return check(o.Properties, in, isUnknown, o.coerces)
}

func check(props map[string]*Property, in map[string]any, isUnknown func(any) bool, coerces bool) []Violation {
	c := &checker{isUnknown: isUnknown, coerces: coerces}
	c.properties(nil, props, in)
	return c.found
}

type checker struct {
	isUnknown func(any) bool
	coerces   bool
	found     []Violation
}

func (c *checker) report(at resource.PropertyPath, b Breach, format string, args ...any) {
	c.found = append(c.found, Violation{Path: at.String(), Breach: b, Reason: fmt.Sprintf(format, args...)})
}

func (c *checker) properties(at resource.PropertyPath, props map[string]*Property, in map[string]any) {
	names := slices.Collect(maps.Keys(in))
	for name, p := range props {
		if p.Required && in[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		at := child(at, name)
		p, v := props[name], in[name]
		switch {
		case p == nil:
			c.report(at, UnknownProperty, "unknown property%s", suggest(name, props))
		case v != nil:
			c.value(at, &p.Type, v)
		case p.Required:
			c.report(at, Missing, "required and not set")
		}
	}
}

func (c *checker) value(at resource.PropertyPath, t *Type, v any) {
	if c.isUnknown(v) || v == nil {
		return
	}
	switch t.Kind {
	case Any, Asset, ResourceRef:
	case Array:
		list, ok := v.([]any)
		if !ok {
			c.wrong(at, t, v)
		}
		for i, e := range list {
			c.value(child(at, i), t.Elem, e)
		}
	case Map, ObjectOf:
		c.keyed(at, t, v)
	default:
		c.scalar(at, t, v)
	}
}

func (c *checker) keyed(at resource.PropertyPath, t *Type, v any) {
	m, ok := v.(map[string]any)
	switch {
	case !ok:
		c.wrong(at, t, v)
	case t.Kind == ObjectOf:
		c.properties(at, t.Object.Properties, m)
	default:
		for _, k := range slices.Sorted(maps.Keys(m)) {
			c.value(child(at, k), t.Elem, m[k])
		}
	}
}

func (c *checker) scalar(at resource.PropertyPath, t *Type, v any) {
	got := kindOf(v)
	fits := got == t.Kind || got == Integer && t.Kind == Number
	switch {
	case !fits && !(c.coerces && coercible(t.Kind, v)):
		c.wrong(at, t, v)
	case fits && len(t.Enum) > 0 && !slices.Contains(t.Enum, v):
		c.report(at, NotInEnum, "must be one of %s", list(t.Enum))
	}
}

func (c *checker) wrong(at resource.PropertyPath, t *Type, v any) {
	c.report(at, WrongType, "must be %s, is %s", t, describe(kindOf(v)))
}

// kindOf is the kind of a plain value, "" for what no provider is sent.
func kindOf(v any) Kind {
	switch v := v.(type) {
	case string:
		return String
	case bool:
		return Boolean
	case float64:
		if v == math.Trunc(v) && !math.IsInf(v, 0) {
			return Integer
		}
		return Number
	case []any:
		return Array
	case map[string]any:
		return Map
	}
	return ""
}

// coercible says whether a provider that wraps a Terraform provider turns the
// scalar into the wanted kind by itself: the bridge makes text of numbers and
// booleans (makeTerraformInput), Terraform's weak decoding the reverse.
func coercible(want Kind, v any) bool {
	text, isText := v.(string)
	switch want {
	case String:
		k := kindOf(v)
		return k == Boolean || k == Integer || k == Number
	case Boolean:
		return isText && (text == "true" || text == "false")
	case Integer:
		_, err := strconv.ParseInt(text, 10, 64)
		return isText && err == nil
	case Number:
		_, err := strconv.ParseFloat(text, 64)
		return isText && err == nil
	}
	return false
}

// String names the type for a reader, for example "a list of integers".
func (t *Type) String() string {
	switch t.Kind {
	case Array:
		return "a list of " + plural(t.Elem)
	case Map:
		return "a map of " + plural(t.Elem)
	case ObjectOf:
		return "an object (" + t.Object.Name + ")"
	case ResourceRef:
		return "a resource (" + t.Token + ")"
	}
	return describe(t.Kind)
}

func plural(t *Type) string {
	switch t.Kind {
	case ObjectOf:
		return "objects (" + t.Object.Name + ")"
	case Array, Map:
		return string(t.Kind) + "s of " + plural(t.Elem)
	case Any:
		return "anything"
	}
	return string(t.Kind) + "s"
}

func describe(k Kind) string {
	switch k {
	case "":
		return "something else"
	case Any:
		return "anything"
	case Array:
		return "a list"
	case Integer, Asset:
		return "an " + string(k)
	}
	return "a " + string(k)
}

func list(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}

// farthest is how many letters a name may be off to be suggested, as a share of
// its length.
const farthest = 0.4

// suggest names the known property nearest to an unknown one, if any is near.
func suggest(name string, props map[string]*Property) string {
	best, near := "", farthest*float64(len(name))
	for _, known := range slices.Sorted(maps.Keys(props)) {
		d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(known), nil)
		if float64(d) <= near && (best == "" || float64(d) < near) {
			best, near = known, float64(d)
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// child copies the path, so that siblings do not share its memory.
func child(at resource.PropertyPath, step any) resource.PropertyPath {
	return append(slices.Clip(at), step)
}
