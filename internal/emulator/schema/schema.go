// Package schema says which resources, functions and properties the emulated
// providers have. Its data is generated from the sources of the providers' own
// Go SDKs and, for what those leave out, from their npm typings (see gen);
// nothing in it is written by hand, so a property that a provider does not have
// is unknown here too.
//
// What the data cannot tell: what a change replaces, lengths and patterns of
// strings, properties that exclude one another, defaults that a provider or a
// cloud fills in. Those are rules of the emulated clouds and stand with their
// sources in the clouds' packages.
//
// The package has only the resources that gen's list names. A resource missing
// from it is missing from the emulation.
package schema

//go:generate go run ./gen

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A Package is the schema of one provider.
type Package struct {
	Name    string // as in tokens: aws, azure-native, eks, kubernetes, random, tls
	Version string // for example 6.83.4
	// Coerces says that the provider takes "1" for 1, "true" for true and the
	// other way round, as the providers do that wrap a Terraform provider.
	Coerces   bool
	Resources map[string]*Resource // by token as sent, API version included
	Functions map[string]*Function // by token as sent, API version included
	// Config are the inputs of the provider resource itself. The engine sends
	// every value in it that is not a string as JSON text.
	Config *Object
}

// A Resource is one resource type as its token names it: two API versions of
// the same Azure resource are two Resources.
type Resource struct {
	Token      string
	APIVersion string // Azure only: 2023-02-01, 2023-07-01-preview
	Component  bool   // a remote component: no provider keeps its state
	Inputs     map[string]*Property
	Outputs    map[string]*Property
	// Secrets are the outputs, in order, that the SDK asks to keep secret.
	Secrets []string
	// Aliases are the other tokens that the SDK gives the resource, oldest first.
	Aliases []string

	coerces bool
}

// A Function is one invoke.
type Function struct {
	Token      string
	APIVersion string
	Args       map[string]*Property
	Result     map[string]*Property

	coerces bool
}

// A Property is one named value of a resource, function or object.
type Property struct {
	Type Type
	// Required inputs must be set. Required outputs are set after every create;
	// of an output that is a list or map it is not known, and false.
	Required bool
	// Secret marks an input that the SDK makes secret before it sends it, or an
	// output that it asks to keep secret.
	Secret bool
	// Default is what the SDK itself sends when the program leaves the property
	// out: string, bool or float64, nil for nothing. The provider cannot tell it
	// from a value of the program's, and must not fill it in for other senders.
	Default any
}

// A Kind is the shape of a value.
type Kind string

const (
	String  Kind = "string"
	Integer Kind = "integer" // travels as a float64 without a fraction
	Number  Kind = "number"
	Boolean Kind = "boolean"
	Any     Kind = "any"   // a union, or free JSON
	Asset   Kind = "asset" // an asset or archive
	Array   Kind = "array" // of Elem
	Map     Kind = "map"   // from string to Elem
	// ObjectOf is an object with the properties of Object.
	ObjectOf Kind = "object"
	// ResourceRef is a resource handed to a remote component.
	ResourceRef Kind = "resource"
)

// A Type is the type of a property.
type Type struct {
	Kind   Kind
	Elem   *Type   // Array, Map
	Object *Object // ObjectOf; shared, and may contain itself
	// Enum lists the only legal values of a scalar, as string or float64; empty
	// means that no such list is known. Azure's services themselves compare most
	// of them without regard to case; here the spelling counts.
	Enum []any
	// Token is the type of resource of a ResourceRef.
	Token string
}

// An Object is a type with named properties.
type Object struct {
	Name       string // in the SDK, for example network.IpsecPolicy
	Properties map[string]*Property

	coerces bool
}

// SecretOutputs are the outputs that are secret wherever they come from.
func (r *Resource) SecretOutputs() []string { return slices.Clone(r.Secrets) }

// SecretInputs are the inputs that the SDK marks secret before it sends them.
func (r *Resource) SecretInputs() []string { return secretNames(r.Inputs) }

// OutputOnly are the outputs, sorted, that are not inputs too: what the cloud
// makes by itself.
func (r *Resource) OutputOnly() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.Outputs)), func(name string) bool {
		return r.Inputs[name] != nil
	})
}

func secretNames(props map[string]*Property) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(props)), func(name string) bool {
		return !props[name].Secret
	})
}

// Input is the input at a path such as ipConfigurations[*].subnet.id or
// tags.Name, an error when the schema has no such place. An index or key may be
// a real one or *.
func (r *Resource) Input(path string) (*Property, error) {
	return lookUp(r.Token, r.Inputs, path)
}

// Output is Input for outputs.
func (r *Resource) Output(path string) (*Property, error) {
	return lookUp(r.Token, r.Outputs, path)
}

func lookUp(of string, props map[string]*Property, path string) (*Property, error) {
	steps, err := resource.ParsePropertyPath(path)
	if err != nil {
		return nil, fmt.Errorf("parse property path %q: %w", path, err)
	}
	at := &Property{Type: Type{Kind: ObjectOf, Object: &Object{Name: of, Properties: props}}}
	for i, step := range steps {
		next := at.Type.step(step)
		if next == nil {
			return nil, fmt.Errorf("%s has no %s (from %s on)", of, path, steps[i:])
		}
		at = next
	}
	return at, nil
}

// step is what an index or name leads to, nil for nothing.
func (t *Type) step(step any) *Property {
	name, named := step.(string)
	switch {
	case t.Kind == ObjectOf && named:
		return t.Object.Properties[name]
	case t.Kind == Array && (!named || name == "*"), t.Kind == Map && named:
		return &Property{Type: *t.Elem}
	}
	return nil
}
