// Package schema writes the JSON schema of a stack's configuration from the
// plan's types: their comments are its descriptions, their defaults its
// defaults, and what Load enforces on single values its constraints. What
// concerns several values at once (overlaps, counts) only Load knows.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"burrow/internal/plan"
)

// namespace is what configuration keys begin with in a stack file.
const namespace = "burrow:"

const (
	prefixPattern = `^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$`
	hostsPattern  = `^\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?$`
	addrPattern   = `^\d{1,3}(\.\d{1,3}){3}$`
)

// Generate is the schema of a whole stack file, such as Pulumi.dev.yaml.
// PlanDir is the folder of the plan's sources, where the comments are.
func Generate(planDir string) ([]byte, error) {
	root, err := reflectPlan(planDir)
	if err != nil {
		return nil, err
	}
	a := annotator{constraints: plan.Constraints(), used: map[string]bool{}}
	a.object("", root, reflect.ValueOf(plan.Default()).Elem(), true)
	if err := a.unused(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	compact, err := json.Marshal(stackFile(root))
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the schema: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// reflectPlan makes the schema of the plan's types, one tree without references.
func reflectPlan(planDir string) (*jsonschema.Schema, error) {
	var comments jsonschema.Reflector
	if err := comments.AddGoComments("", planDir, jsonschema.WithFullComment()); err != nil {
		return nil, fmt.Errorf("read the comments of the plan's types: %w", err)
	}
	r := &jsonschema.Reflector{
		Anonymous:                  true,
		DoNotReference:             true,
		RequiredFromJSONSchemaTags: true,
		Mapper:                     addresses,
		LookupComment: func(t reflect.Type, field string) string {
			return description(planDir, comments.CommentMap, t, field)
		},
	}
	return r.ReflectFromType(reflect.TypeFor[plan.Plan]()), nil
}

// description is the comment of a field, or of its type where it has none of
// its own.
func description(planDir string, comments map[string]string, t reflect.Type, field string) string {
	at := filepath.Clean(planDir) + "." // where the library files the comments of that folder
	if field == "" {
		return prose(comments[at+t.Name()], "", "")
	}
	f, ok := t.FieldByName(field)
	comment := comments[at+t.Name()+"."+field]
	if ok && comment == "" {
		return prose(comments[at+f.Type.Name()], "", "")
	}
	return prose(comment, field, jsonKey(f))
}

// prose is a comment as one paragraph that calls its subject by the key that
// readers write.
func prose(comment, field, key string) string {
	text := strings.Join(strings.Fields(comment), " ")
	if rest, ok := strings.CutPrefix(text, field+" "); ok && field != "" {
		text = key + " " + rest
	}
	return strings.ReplaceAll(text, "; see [Suites]", "")
}

func jsonKey(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return key
}

// addresses maps netip's types, which are strings in JSON.
func addresses(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[netip.Prefix]():
		return &jsonschema.Schema{Type: "string", Pattern: prefixPattern}
	case reflect.TypeFor[netip.Addr]():
		return &jsonschema.Schema{Type: "string", Pattern: addrPattern}
	}
	return nil
}

// annotator adds defaults and constraints to a tree of schemas.
type annotator struct {
	constraints map[string]plan.Constraint
	used        map[string]bool
}

// object annotates the properties of a struct whose default is value; lists
// give the zero value of their items, which have no defaults.
func (a annotator) object(path string, s *jsonschema.Schema, value reflect.Value, defaults bool) {
	for field := range value.Type().Fields() {
		key := jsonKey(field)
		property, ok := s.Properties.Get(key)
		if !ok {
			continue
		}
		at := strings.TrimPrefix(path+"."+key, ".")
		a.property(at, property, value.FieldByIndex(field.Index), field.Tag.Get("plan"), defaults)
	}
}

// property annotates one property. The mode is the field's plan tag: derived
// and optional values may be empty, and derived ones have no fixed default.
func (a annotator) property(path string, s *jsonschema.Schema, value reflect.Value, mode string, defaults bool) {
	a.constrain(path, s)
	switch {
	case s.Properties != nil:
		a.object(path, s, value, defaults)
		return
	case s.Items != nil:
		a.items(path+"[]", s.Items, value.Type().Elem())
	}
	if mode != "" && s.Pattern != "" {
		s.Pattern = "^$|" + s.Pattern
	}
	if defaults && mode != "derived" {
		s.Default = withoutDerived(value)
	}
}

func (a annotator) items(path string, s *jsonschema.Schema, t reflect.Type) {
	a.constrain(path, s)
	if s.Properties != nil {
		a.object(path, s, reflect.New(t).Elem(), false)
	}
}

// unused reports constraints of paths that no type has: they would never apply.
func (a annotator) unused() error {
	for path := range a.constraints {
		if !a.used[path] {
			return fmt.Errorf("the constraint of %s applies to nothing", path)
		}
	}
	return nil
}

func (a annotator) constrain(path string, s *jsonschema.Schema) {
	c, ok := a.constraints[path]
	if !ok {
		return
	}
	a.used[path] = true
	if c.Address {
		s.Pattern = hostsPattern
	}
	if c.Pattern != nil {
		s.Pattern = c.Pattern.String()
	}
	s.MaxLength = bound(c.Longest)
	for _, text := range c.OneOf {
		s.Enum = append(s.Enum, text)
	}
	for _, days := range c.Days {
		s.Enum = append(s.Enum, days)
	}
	if c.Bounded {
		s.Minimum, s.Maximum = number(c.Min), number(c.Max)
	}
	s.MinItems, s.MaxItems, s.UniqueItems = bound(c.MinItems), bound(c.MaxItems), c.Unique
}

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

func bound(n int) *uint64 {
	if n == 0 {
		return nil
	}
	b := uint64(n)
	return &b
}

// withoutDerived is a default as JSON has it, less the derived fields of items.
func withoutDerived(value reflect.Value) any {
	switch {
	case value.Kind() == reflect.Slice:
		items := make([]any, value.Len())
		for i := range items {
			items[i] = withoutDerived(value.Index(i))
		}
		return items
	case value.Kind() == reflect.Struct && value.NumField() > 0 && value.Type().Field(0).IsExported():
		object := map[string]any{}
		for field := range value.Type().Fields() {
			if field.Tag.Get("plan") == "" {
				object[jsonKey(field)] = withoutDerived(value.FieldByIndex(field.Index))
			}
		}
		return object
	case value.IsZero() && value.Type() == reflect.TypeFor[netip.Addr]():
		return ""
	default:
		return value.Interface()
	}
}

// stackFile is the schema of a stack file around that of the plan. Keys of
// other namespaces are free; those of Burrow's are known.
func stackFile(root *jsonschema.Schema) *jsonschema.Schema {
	config := &jsonschema.Schema{
		Description: "Keys of Burrow begin with burrow:, and every other namespace is free. What is left out keeps its default; lists replace the default list.",
		Type:        "object",
		Properties:  jsonschema.NewProperties(),
		PropertyNames: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Not: &jsonschema.Schema{Pattern: "^" + namespace}},
			{Enum: keys(root)},
		}},
	}
	for pair := root.Properties.Oldest(); pair != nil; pair = pair.Next() {
		config.Properties.Set(namespace+pair.Key, pair.Value)
	}
	file := &jsonschema.Schema{
		Version:     jsonschema.Version,
		Title:       "Burrow stack configuration",
		Description: "A Pulumi stack file of Burrow, such as Pulumi.dev.yaml. Generated from internal/plan by go generate; do not edit.",
		Type:        "object",
		Properties:  jsonschema.NewProperties(),
		Required:    []string{"config"},
	}
	file.Properties.Set("config", config)
	return file
}

func keys(root *jsonschema.Schema) []any {
	var keys []any
	for pair := root.Properties.Oldest(); pair != nil; pair = pair.Next() {
		keys = append(keys, namespace+pair.Key)
	}
	return keys
}
