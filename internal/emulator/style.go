package emulator

import (
	"slices"
	"strings"

	"burrow/internal/inventory"
)

// A Style is how one family of real providers behaves between the engine and
// the cloud.
type Style struct {
	// Separator stands between a logical name and the Digits hexadecimal digits
	// of a name that the provider makes up.
	Separator string
	Digits    int
	// Mark notes in the inputs that the provider made up the name, and IsMarked
	// reads the note; nil where the provider does not tell such names from others.
	Mark     func(in inventory.Props, property string)
	IsMarked func(in inventory.Props, property string) bool
	// DeleteFirst says whether a replacement deletes before it creates. In is the
	// new inputs, OldIn the old ones.
	DeleteFirst func(*Call) bool
	// ReadInputs works out the inputs from what a read found.
	ReadInputs func(Reading) inventory.Props
	// ReadAfterWrite says that the provider reads what it wrote and returns that.
	ReadAfterWrite bool
	// LateEnums says that the provider lets values through that are not in an
	// enum, and the cloud refuses them with EnumCode.
	LateEnums bool
	EnumCode  string
	// Stable are the outputs that the preview of an update takes for what they
	// were; nil for all of them.
	Stable []string
	// Same says that two different values of a property mean the same to the
	// provider; nil for never.
	Same func(path string, a, b any) bool
}

// Bridged is the style of the providers that wrap a Terraform provider: aws,
// random, tls. Source: pulumi-terraform-bridge pkg/tfbridge (names.go,
// schema.go nameRequiresDeleteBeforeReplace, provider.go).
var Bridged = &Style{
	Separator: "-", Digits: 7, Mark: markDefault, IsMarked: isDefault,
	DeleteFirst: keepsGivenName, ReadInputs: BridgedInputs,
}

// Native is the style of azure-native 2. Source: pulumi-azure-native
// provider/pkg/provider (provider.go, diff.go).
var Native = &Style{
	Digits: 8, DeleteFirst: func(*Call) bool { return true },
	ReadInputs: NativeInputs, ReadAfterWrite: true,
	LateEnums: true, EnumCode: "InvalidRequestFormat", Same: sameLocation,
	Stable: []string{"name", "location"},
}

func (c *Cloud) style() *Style {
	if c.Style == nil {
		return Bridged
	}
	return c.Style
}

// defaultsKey is where a bridged provider lists the inputs that it made up.
const defaultsKey = "__defaults"

// keepsGivenName holds when the old object's name was given and stays: then
// there is no room for the replacement beside it.
func keepsGivenName(c *Call) bool {
	if c.Kind.AutoName == nil {
		return false
	}
	name := c.Kind.AutoName.Property
	return c.In.Has(name) && !c.Changed(name) && !isDefault(c.In, name)
}

func markDefault(in inventory.Props, property string) { in[defaultsKey] = []any{property} }

func isDefault(in inventory.Props, property string) bool {
	return slices.Contains(in.Strings(defaultsKey), property)
}

// sameLocation takes "UK South" and "uksouth" for one.
func sameLocation(path string, a, b any) bool {
	x, isText := a.(string)
	y, _ := b.(string)
	return isText && path == "location" && normalLocation(x) == normalLocation(y)
}

func normalLocation(l string) string {
	return strings.ToLower(strings.ReplaceAll(l, " ", ""))
}
