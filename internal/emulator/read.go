package emulator

import (
	"context"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// A Reading is what a read knows when it works out the new inputs.
type Reading struct {
	// OldIn and OldOut are what the stack's state holds; both are empty when the
	// resource is imported.
	OldIn, OldOut inventory.Props
	NewOut        inventory.Props
	// Inputs are the properties that the resource takes.
	Inputs map[string]*schema.Property
}

// BridgedInputs finds inputs as the Terraform bridge does: what was an input
// takes the new output's value, at any depth; an import takes every output that
// could be an input.
func BridgedInputs(r Reading) inventory.Props {
	if len(r.OldIn) == 0 {
		return project(r.NewOut, r.Inputs)
	}
	in := retake(map[string]any(r.OldIn), map[string]any(r.NewOut)).(map[string]any)
	if made, ok := r.OldIn[defaultsKey]; ok {
		in[defaultsKey] = made
	}
	return in
}

// retake gives the old value's shape the new values.
func retake(before, after any) any {
	switch before := before.(type) {
	case map[string]any:
		m, ok := after.(map[string]any)
		if !ok {
			return after
		}
		taken := map[string]any{}
		for k, old := range before {
			if v, there := m[k]; there {
				taken[k] = retake(old, v)
			}
		}
		return taken
	case []any:
		list, ok := after.([]any)
		if !ok {
			return after
		}
		taken := make([]any, len(list))
		for i, v := range list {
			if taken[i] = v; i < len(before) {
				taken[i] = retake(before[i], v)
			}
		}
		return taken
	}
	return after
}

// NativeInputs finds inputs as azure-native does: it projects the old and the
// new outputs to the shape of inputs, and applies the difference between the
// two to the old inputs. What the service echoed before and echoes now is no
// difference. An import takes the projection.
func NativeInputs(r Reading) inventory.Props {
	after := project(r.NewOut, r.Inputs)
	if len(r.OldIn) == 0 {
		return after
	}
	return applyObject(r.OldIn, project(r.OldOut, r.Inputs), after)
}

// applyObject changes the base where before and after differ.
func applyObject(base, before, after map[string]any) map[string]any {
	result := map[string]any{}
	for k, v := range base {
		if _, gone := before[k]; !gone || after[k] != nil {
			result[k] = v
		}
	}
	for k, v := range after {
		switch {
		case equal(before[k], v):
		case base[k] == nil || before[k] == nil:
			result[k] = v
		default:
			result[k] = applyValue(base[k], before[k], v)
		}
	}
	return result
}

func applyValue(base, before, after any) any {
	if b, x, y, ok := three[map[string]any](base, before, after); ok {
		return applyObject(b, x, y)
	}
	b, x, y, ok := three[[]any](base, before, after)
	if !ok {
		return after
	}
	result := make([]any, len(y))
	for i, v := range y {
		switch {
		case i >= len(b) || i >= len(x):
			result[i] = v
		case equal(x[i], v):
			result[i] = b[i]
		default:
			result[i] = applyValue(b[i], x[i], v)
		}
	}
	return result
}

func three[T any](a, b, c any) (x, y, z T, ok bool) {
	x, okX := a.(T)
	y, okY := b.(T)
	z, okZ := c.(T)
	return x, y, z, okX && okY && okZ
}

// project keeps what could be an input.
func project(out inventory.Props, inputs map[string]*schema.Property) inventory.Props {
	in := inventory.Props{}
	for name, p := range inputs {
		if v := out[name]; v != nil {
			in[name] = projectValue(v, &p.Type)
		}
	}
	return in
}

func projectValue(v any, t *schema.Type) any {
	switch v := v.(type) {
	case map[string]any:
		if t.Kind == schema.ObjectOf {
			return map[string]any(project(v, t.Object.Properties))
		}
	case []any:
		if t.Kind != schema.Array {
			return v
		}
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = projectValue(e, t.Elem)
		}
		return list
	}
	return v
}

// Read returns what exists, or no id when nothing does.
func (p *provider) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	c, res, err := p.call(ctx, OpRead, req)
	if err != nil {
		return nil, err
	}
	c.ID = req.GetId()
	reading := Reading{OldIn: decode(req.GetInputs()), OldOut: decode(req.GetProperties()), Inputs: res.Inputs}
	err = p.view(c, func() error {
		if err := p.ready(c); err != nil {
			return err
		}
		return p.read(c)
	})
	if err != nil {
		return nil, p.refused(c, err)
	}
	if c.object == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	reading.NewOut = c.Out
	return readResponse(c, res, p.style.ReadInputs(reading))
}

func readResponse(c *Call, res *schema.Resource, in inventory.Props) (*pulumirpc.ReadResponse, error) {
	out, err := outputs(res, c.Out)
	if err != nil {
		return nil, err
	}
	inputs, err := encode(in, res.SecretInputs())
	return &pulumirpc.ReadResponse{Id: c.ID, Properties: out, Inputs: inputs}, err
}

// read puts into Out what a GET returns now.
func (p *provider) read(c *Call) error {
	if p.load(c) != nil {
		return nil // not there
	}
	c.ID, c.In, c.Out = c.object.ID, c.OldIn.Clone(), c.Old.Clone()
	if c.Kind.Refresh != nil {
		return c.Kind.Refresh(c)
	}
	return nil
}
