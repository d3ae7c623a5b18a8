// Package table is the file format of the generated provider schemas: what
// schema/gen writes and package schema reads. A field is one line of text, so
// that a change of an SDK reads well in a diff:
//
//	type ["!"] [" secret"] [" = " JSON]
//
// "!" says required (for an output: always present), secret that the SDK marks
// the value, and the JSON after "=" is what the SDK fills in where the program
// sets nothing. The types:
//
//	string  integer  number  boolean  any  asset
//	[]T          list of T
//	{}T          map from string to T
//	#name        object, under File.Types
//	@name        one of the values under File.Enums
//	^token       reference to a resource (only among component inputs)
package table

// A File is the schema of one provider.
type File struct {
	Package string `json:"package"` // as in tokens: aws, azure-native, …
	Version string `json:"version"` // of the provider, without a leading v
	// Coerces says that the provider turns a string into the number or boolean
	// that a property wants, and back, as those do that wrap a Terraform provider.
	Coerces   bool                `json:"coerces,omitempty"`
	Config    Fields              `json:"config,omitempty"` // inputs of the provider itself
	Resources map[string]Resource `json:"resources,omitempty"`
	Functions map[string]Function `json:"functions,omitempty"`
	Types     map[string]Fields   `json:"types,omitempty"`
	Enums     map[string][]any    `json:"enums,omitempty"`

	// Patches add what another source knows about fields of Resources and Types:
	// the keys are a resource's token followed by "#inputs", or the name of a type.
	Patches map[string]Patch `json:"patches,omitempty"`
}

// Fields are the properties of an object by name, each in the text form above.
type Fields map[string]string

// A Resource is one resource type.
type Resource struct {
	APIVersion string `json:"apiVersion,omitempty"` // Azure only, for example 2023-02-01
	// Component says that the resource is a remote component.
	Component bool     `json:"component,omitempty"`
	Inputs    Fields   `json:"inputs"`
	Outputs   Fields   `json:"outputs"`
	Aliases   []string `json:"aliases,omitempty"`
}

// A Function is one invoke.
type Function struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Args       Fields `json:"args"`
	Result     Fields `json:"result"`
}

// A Patch adds to an object's fields what its own source does not tell.
type Patch struct {
	Required []string          `json:"required,omitempty"`
	Enums    map[string]string `json:"enums,omitempty"` // field to name under File.Enums
}
