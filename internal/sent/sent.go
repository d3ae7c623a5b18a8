// Package sent records what a piece of a Pulumi program sends to the engine, for
// tests that ask about one component: which resources, with which inputs and
// options. It stands in for the engine and knows no cloud: it plans nothing,
// refuses nothing and makes nothing up. What a cloud invents comes from the
// test. Whether clouds take what is sent is for tests on the real engine.
package sent

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Resource is one registration.
type Resource struct {
	Type, Name string
	// Inputs are plain: a secret's value stands where the secret stood.
	Inputs map[string]any
	// Secrets names the top-level inputs that are secret or hold a secret.
	Secrets map[string]bool
	// Options are the registration's, as they went over the wire.
	Options *pulumirpc.RegisterResourceRequest
}

// DependsOn says whether the resource waits for another, by its name and type.
func (r Resource) DependsOn(other Resource) bool {
	suffix := other.Type + "::" + other.Name
	return slices.ContainsFunc(r.Options.GetDependencies(), func(urn string) bool {
		return strings.HasSuffix(urn, suffix)
	})
}

// Invent says which outputs a resource has beside its inputs.
type Invent func(r Resource) map[string]any

// Answers are what functions of providers return, by token.
type Answers map[string]map[string]any

// Log is everything that was registered, in the order of arrival.
type Log struct {
	mu        sync.Mutex
	invent    Invent
	answers   Answers
	resources []Resource
}

// Record runs the program and returns what it registered. Ids are the names in
// angle brackets. The program asks providers nothing.
func Record(t *testing.T, invent Invent, program pulumi.RunFunc) *Log {
	t.Helper()
	return RecordCalls(t, invent, nil, program)
}

// RecordCalls is [Record] for a program that asks providers what has answers.
func RecordCalls(t *testing.T, invent Invent, answers Answers, program pulumi.RunFunc) *Log {
	t.Helper()
	return record(t, &Log{invent: invent, answers: answers}, program)
}

// Preview is [Record] for a program that takes itself to be in a preview. Inputs
// that are unknown are left out.
func Preview(t *testing.T, invent Invent, program pulumi.RunFunc) *Log {
	t.Helper()
	return record(t, &Log{invent: invent}, program, func(info *pulumi.RunInfo) { info.DryRun = true })
}

func record(t *testing.T, log *Log, program pulumi.RunFunc, opts ...pulumi.RunOption) *Log {
	t.Helper()
	opts = append(opts, pulumi.WithMocks("burrow", "test", log))
	if err := pulumi.RunErr(program, opts...); err != nil {
		t.Fatalf("the program failed: %v", err)
	}
	return log
}

// StandInType is the type of what [StandIn] makes.
const StandInType = "test:index:StandIn"

// StandIn registers something that is made elsewhere in a whole program, for a
// component under test to wait for.
func StandIn(ctx *pulumi.Context, name string) ([]pulumi.Resource, error) {
	var standIn pulumi.CustomResourceState
	if err := ctx.RegisterResource(StandInType, name, pulumi.Map{}, &standIn); err != nil {
		return nil, fmt.Errorf("stand-in %s: %w", name, err)
	}
	return []pulumi.Resource{&standIn}, nil
}

// NewResource implements pulumi.MockResourceMonitor.
func (l *Log) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r := Resource{
		Type: args.TypeToken, Name: args.Name, Options: args.RegisterRPC,
		Inputs: map[string]any{}, Secrets: map[string]bool{},
	}
	for key, value := range args.Inputs {
		r.Inputs[string(key)] = value.MapRepl(nil, plain)
		if value.ContainsSecrets() {
			r.Secrets[string(key)] = true
		}
	}
	l.mu.Lock()
	l.resources = append(l.resources, r)
	l.mu.Unlock()
	outputs := maps.Clone(args.Inputs)
	maps.Copy(outputs, resource.NewPropertyMapFromMap(l.invent(r)))
	return "<" + args.Name + ">", outputs, nil
}

// Call implements pulumi.MockResourceMonitor.
func (l *Log) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answer, ok := l.answers[args.Token]
	if !ok {
		return nil, fmt.Errorf("unexpected call of %s", args.Token)
	}
	return resource.NewPropertyMapFromMap(answer), nil
}

// plain replaces a secret by its value.
func plain(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() {
		return v.SecretValue().Element.MapRepl(nil, plain), true
	}
	return nil, false
}

// Of are the resources of a type, by name.
func (l *Log) Of(typ string) []Resource {
	var found []Resource
	for _, r := range l.resources {
		if r.Type == typ {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b Resource) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// One is the only resource of a type.
func (l *Log) One(t *testing.T, typ string) Resource {
	t.Helper()
	found := l.Of(typ)
	if len(found) != 1 {
		t.Fatalf("%d of %s were registered, want 1", len(found), typ)
	}
	return found[0]
}

// Named is the resource of that type and name.
func (l *Log) Named(t *testing.T, typ, name string) Resource {
	t.Helper()
	i := slices.IndexFunc(l.resources, func(r Resource) bool { return r.Type == typ && r.Name == name })
	if i < 0 {
		t.Fatalf("%s %s was not registered", typ, name)
	}
	return l.resources[i]
}

// Waiting are the types of the resources that wait for that one, sorted.
func (l *Log) Waiting(one Resource) []string {
	var waiting []string
	for _, r := range l.resources {
		if r.DependsOn(one) {
			waiting = append(waiting, r.Type)
		}
	}
	slices.Sort(waiting)
	return waiting
}

// All are all resources, in the order of arrival.
func (l *Log) All() []Resource { return l.resources }
