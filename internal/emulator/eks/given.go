package eks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// remedy is what to do about something that is not modelled.
const remedy = "install the real plugin and leave eks out of the emulated providers"

// given is what the caller gave, as it stands: what to register is decided by
// whether an argument was given and by values that are known in a preview too.
type given resource.PropertyMap

// readGiven reads the arguments and refuses those that the component does not
// have at all. Those it has but that are not modelled are refused later, after
// the component's own validation.
func readGiven(req *pulumirpc.ConstructRequest) (given, error) {
	props, err := plugin.UnmarshalProperties(req.GetInputs(), plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true,
	})
	if err != nil {
		return nil, fmt.Errorf("read the arguments of %s: %w", req.GetName(), err)
	}
	known := arguments[req.GetType()]
	for _, name := range slices.Sorted(maps.Keys(props)) {
		if _, ok := known[string(name)]; !ok {
			return nil, fmt.Errorf("%s %s has no argument %q", req.GetType(), req.GetName(), name)
		}
	}
	dropSelfDependencies(req, props)
	return given(props), nil
}

// dropSelfDependencies leaves out the dependency of a reference to a component
// on just that component, as the Node.js SDK does: what really depends on
// something depends on the component's children.
func dropSelfDependencies(req *pulumirpc.ConstructRequest, props resource.PropertyMap) {
	for name, deps := range req.GetInputDependencies() {
		v := open(props[resource.PropertyKey(name)])
		if !v.IsResourceReference() {
			continue
		}
		reference := v.ResourceReferenceValue()
		if _, custom := reference.IDString(); !custom && slices.Equal(deps.GetUrns(), []string{string(reference.URN)}) {
			delete(req.InputDependencies, name)
		}
	}
}

// has reports whether an argument was given, whatever its value.
func (g given) has(name string) bool {
	v, ok := g[resource.PropertyKey(name)]
	return ok && !v.IsNull()
}

// value is a known value below an argument; null when it is not known or not given.
func (g given) value(path ...string) resource.PropertyValue {
	v := resource.NewProperty(resource.PropertyMap(g))
	for _, name := range path {
		v = open(v)
		if !v.IsObject() {
			return resource.NewNullProperty()
		}
		v = v.ObjectValue()[resource.PropertyKey(name)]
	}
	return open(v)
}

// open takes a value out of the wrappings of outputs and secrets.
func open(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			v = v.OutputValue().Element
		case v.IsOutput() || v.IsComputed():
			return resource.NewNullProperty()
		default:
			return v
		}
	}
}

// text of an argument; "" when it was not given.
func (g given) text(path ...string) string {
	if v := g.value(path...); v.IsString() {
		return v.StringValue()
	}
	return ""
}

// flag is a switch; otherwise when it was not given.
func (g given) flag(otherwise bool, path ...string) bool {
	if v := g.value(path...); v.IsBool() {
		return v.BoolValue()
	}
	return otherwise
}

// length of a list; 0 when it was not given.
func (g given) length(name string) int {
	if v := g.value(name); v.IsArray() {
		return len(v.ArrayValue())
	}
	return 0
}

// refuseUnmodelled refuses the arguments that the real component has and this
// one does not model.
func (g given) refuseUnmodelled(typ string) error {
	known := arguments[typ]
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(g)) {
		inner, v := known[string(name)], g.value(string(name))
		switch {
		case !g.has(string(name)), v.IsArray() && len(v.ArrayValue()) == 0:
		case inner == nil:
			refused = append(refused, string(name))
		case len(inner) > 0 && v.IsObject():
			refused = append(refused, unknownKeys(string(name), v.ObjectValue(), inner)...)
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("the emulated %s does not model %s; %s", typ, strings.Join(refused, ", "), remedy)
	}
	return nil
}

// unknownKeys are the paths of an object's keys that are not among the known.
func unknownKeys(name string, object resource.PropertyMap, known []string) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, string(key)) {
			found = append(found, name+"."+string(key))
		}
	}
	return found
}
