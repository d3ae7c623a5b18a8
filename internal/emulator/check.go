package emulator

import (
	"fmt"
	"strconv"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// A failure is something that the provider refuses at Check, before any cloud.
type failure struct {
	Path   string // "" when no single property is to blame
	Reason string
}

// checkSchema compares the inputs with the schema. Enum values that the style
// leaves to the cloud are returned apart.
func checkSchema(r *schema.Resource, in inventory.Props, s *Style) (failures []failure, late []schema.Violation) {
	for _, v := range r.Check(withoutMarks(in), isUnknown) {
		if v.Breach == schema.NotInEnum && s.LateEnums {
			late = append(late, v)
			continue
		}
		failures = append(failures, failure{v.Path, v.Reason})
	}
	return failures, late
}

func isUnknown(v any) bool {
	_, unknown := v.(inventory.Unknown)
	return unknown
}

// withoutMarks leaves out what providers note in the inputs for themselves.
func withoutMarks(in inventory.Props) inventory.Props {
	if _, marked := in[defaultsKey]; !marked {
		return in
	}
	plain := inventory.Props{}
	for k, v := range in {
		if k != defaultsKey {
			plain[k] = v
		}
	}
	return plain
}

// A naming is what the engine asks for where a name is missing.
type naming struct {
	logical  string
	seed     []byte // the engine's, different for each new object
	proposed string // by the stack's pulumi:autonaming, or ""
	disabled bool
}

// fillName gives a missing name to the inputs. A name made earlier stays.
func (c *Call) fillName(s *Style, n naming) *failure {
	auto := c.Kind.AutoName
	if auto == nil || c.In.Has(auto.Property) {
		return nil
	}
	if made := c.OldIn.Str(auto.Property); made != "" && (s.IsMarked == nil || s.IsMarked(c.OldIn, auto.Property)) {
		c.setName(s, made)
		return nil
	}
	if n.disabled {
		return &failure{auto.Property, "automatic naming is disabled and no name is given"}
	}
	name := n.proposed
	if name == "" {
		name = n.logical + s.Separator + hexOf(s.Digits, string(n.seed), c.URN)
	}
	if auto.Max > 0 && len(name) > auto.Max {
		return &failure{auto.Property, fmt.Sprintf(
			"the automatic name %q is longer than %d characters; give a name", name, auto.Max)}
	}
	c.setName(s, name)
	return nil
}

func (c *Call) setName(s *Style, name string) {
	property := c.Kind.AutoName.Property
	c.In.Set(property, name)
	if s.Mark != nil {
		s.Mark(c.In, property)
	}
}

// coerce gives scalars the type that the schema has, as bridged providers do.
func coerce(in map[string]any, props map[string]*schema.Property) {
	for name, v := range in {
		if p := props[name]; p != nil {
			in[name] = coerceValue(v, &p.Type)
		}
	}
}

func coerceValue(v any, t *schema.Type) any {
	switch v := v.(type) {
	case map[string]any:
		switch t.Kind {
		case schema.ObjectOf:
			coerce(v, t.Object.Properties)
		case schema.Map:
			for k, e := range v {
				v[k] = coerceValue(e, t.Elem)
			}
		}
	case []any:
		for i, e := range v {
			if t.Kind == schema.Array {
				v[i] = coerceValue(e, t.Elem)
			}
		}
	case string:
		return coerceText(v, t.Kind)
	case bool, float64:
		if t.Kind == schema.String {
			return fmt.Sprint(v)
		}
	}
	return v
}

// coerceText leaves alone what does not read as the kind: the check refuses it.
func coerceText(s string, k schema.Kind) any {
	switch k {
	case schema.Boolean:
		if s == "true" || s == "false" {
			return s == "true"
		}
	case schema.Integer, schema.Number:
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			return n
		}
	}
	return s
}
