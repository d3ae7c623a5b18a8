package eks

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// A component is one that is being constructed.
type component struct {
	pulumi.ResourceState

	ctx       *pulumi.Context
	typ, name string
	inputs    provider.ConstructInputs
	given     given
	options   pulumi.ResourceOption
}

// register registers the component itself. Its inputs are its arguments, and
// what the real component adds to them.
func (c *component) register(added pulumi.Map) error {
	props, err := c.inputs.Map()
	if err != nil {
		return fmt.Errorf("read the arguments of %s: %w", c.name, err)
	}
	maps.Copy(props, present(added))
	if err := c.ctx.RegisterComponentResourceV2(c.typ, c.name, props, c, c.options); err != nil {
		return fmt.Errorf("register %s: %w", c.name, err)
	}
	return nil
}

// A child is a registration below a component.
type child struct {
	typ, name string
	props     pulumi.Map
	options   []pulumi.ResourceOption
}

// add registers a custom resource below the parent, under the version of the SDK
// that the component is made with.
func add(ctx *pulumi.Context, parent pulumi.Resource, c child, into pulumi.CustomResource) error {
	options := append([]pulumi.ResourceOption{pulumi.Parent(parent), pulumi.Version(versionOf(c.typ))}, c.options...)
	if err := ctx.RegisterResource(c.typ, c.name, present(c.props), into, options...); err != nil {
		return fmt.Errorf("register %s: %w", c.name, err)
	}
	return nil
}

// add registers a child of the component that nobody needs an output of.
func (c *component) add(ch child) (*thing, error) {
	t := &thing{}
	return t, add(c.ctx, c, ch, t)
}

// versionOf is the version of the package of a type.
func versionOf(typ string) string {
	if strings.HasPrefix(typ, "aws:") {
		return awsVersion
	}
	return kubernetesVersion
}

// present drops what was not given: no property is not the same as an empty one.
func present(props pulumi.Map) pulumi.Map {
	kept := pulumi.Map{}
	for name, value := range props {
		if value != nil {
			kept[name] = value
		}
	}
	return kept
}

// rehydrate fills a resource with the state of the one that a reference names.
func rehydrate(ctx *pulumi.Context, urn pulumi.URN, into pulumi.Resource) error {
	typ, name, err := splitURN(urn)
	if err != nil {
		return err
	}
	if err := ctx.RegisterResource(typ, name, nil, into, pulumi.URN_(string(urn))); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// splitURN is the type and the name in urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME.
func splitURN(urn pulumi.URN) (typ, name string, err error) {
	parts := strings.SplitN(string(urn), "::", 4)
	if len(parts) != 4 {
		return "", "", errors.New("not a URN: " + string(urn))
	}
	types := strings.Split(parts[2], "$")
	return types[len(types)-1], parts[3], nil
}
