// Package sent records what a piece of a Pulumi program sends to the engine, for
// tests that ask about one component: which resources, with which inputs and
// options. It stands in for the engine and knows no cloud: it plans nothing,
// refuses nothing and makes nothing up. What a cloud invents comes from the
// test. Whether clouds take what is sent is for tests on the real engine.
package sent

import (
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

// Log is everything that was registered, in the order of arrival.
type Log struct {
	mu        sync.Mutex
	invent    Invent
	resources []Resource
}

// Record runs the program and returns what it registered. Ids are the names in
// angle brackets.
func Record(t *testing.T, invent Invent, program pulumi.RunFunc) *Log {
	t.Helper()
	log := &Log{invent: invent}
	if err := pulumi.RunErr(program, pulumi.WithMocks("burrow", "test", log)); err != nil {
		t.Fatalf("the program failed: %v", err)
	}
	return log
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

// Call implements pulumi.MockResourceMonitor: nothing under test asks a
// provider anything.
func (l *Log) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	panic("unexpected call of " + args.Token)
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

// All are all resources, in the order of arrival.
func (l *Log) All() []Resource { return l.resources }
