package aws

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/emulator"
	"burrow/internal/emulator/rpctest"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// props shortens what tests write most.
type props = inventory.Props

// verdicts counts, for every rule of the tables, how often it was kept and how
// often it was broken while the tests ran.
var verdicts = struct {
	sync.Mutex
	kept, broken map[string]int
}{kept: map[string]int{}, broken: map[string]int{}}

// ruleKey names one rule of the tables; several share a type and an id.
func ruleKey(k *emulator.Kind, i int) string {
	r := k.Rules[i]
	return fmt.Sprintf("%s rule %d: %s %s %s", k.Type, i, r.ID, r.Code, r.Path)
}

// watched is the cloud with every rule counted.
func watched() *emulator.Cloud {
	cloud := Cloud()
	for _, k := range cloud.Kinds {
		for i := range k.Rules {
			key, broken := ruleKey(k, i), k.Rules[i].Broken
			k.Rules[i].Broken = func(c *emulator.Call) string {
				message := broken(c)
				verdicts.Lock()
				defer verdicts.Unlock()
				if message == "" {
					verdicts.kept[key]++
				} else {
					verdicts.broken[key]++
				}
				return message
			}
		}
	}
	return cloud
}

// A lab is an emulated AWS, served, and a provider instance that works in it.
type lab struct {
	t     *testing.T
	world *emulator.World
	port  int
	rpc   pulumirpc.ResourceProviderClient
}

func newLab(t *testing.T) *lab {
	t.Helper()
	world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{
		Wait: func(context.Context, time.Duration) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return serveWorld(t, world)
}

func serveWorld(t *testing.T, world *emulator.World) *lab {
	t.Helper()
	ports, stop, err := emulator.Serve(t.Context(), world, []*emulator.Cloud{watched()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	l := &lab{t: t, world: world, port: ports["aws"]}
	l.rpc = l.client(props{"region": "eu-west-2", "allowedAccountIds": []any{"123456789012"}})
	return l
}

// client is another provider instance.
func (l *lab) client(config props) pulumirpc.ResourceProviderClient {
	l.t.Helper()
	rpc := l.connect()
	rpctest.Configure(l.t, rpc, config.Clone())
	return rpc
}

func (l *lab) connect() pulumirpc.ResourceProviderClient { return rpctest.Dial(l.t, l.port) }

func (l *lab) wire(p props) *structpb.Struct {
	l.t.Helper()
	return rpctest.Wire(l.t, p.Clone())
}

// open decodes what the provider sent, secrets included.
func open(s *structpb.Struct) props { return rpctest.Open(s) }

func urn(typ, name string) string { return fmt.Sprintf("urn:pulumi:test::test::%s::%s", typ, name) }

// failures are what Check refuses, joined.
func (l *lab) check(typ, name string, in props) (checked props, failures string) {
	l.t.Helper()
	res, err := l.rpc.Check(l.t.Context(), &pulumirpc.CheckRequest{
		Urn: urn(typ, name), News: l.wire(in), RandomSeed: []byte("seed"),
	})
	if err != nil {
		l.t.Fatalf("check %s %s: %v", typ, name, err)
	}
	for _, f := range res.GetFailures() {
		failures += f.GetProperty() + ": " + f.GetReason() + "\n"
	}
	return open(res.GetInputs()), failures
}

func (l *lab) create(typ, name string, in props) (id string, out props, err error) {
	res, err := l.rpc.Create(l.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, name), Properties: l.wire(in)})
	return res.GetId(), open(res.GetProperties()), err
}

func (l *lab) update(typ, name, id string, old, in props) (props, error) {
	res, err := l.rpc.Update(l.t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(typ, name), Id: id, OldInputs: l.wire(old), Olds: l.wire(old), News: l.wire(in),
	})
	return open(res.GetProperties()), err
}

func (l *lab) delete(typ, name, id string) error {
	_, err := l.rpc.Delete(l.t.Context(), &pulumirpc.DeleteRequest{Urn: urn(typ, name), Id: id})
	return err
}

func (l *lab) read(typ, name, id string, in, out props) (inputs, outputs props) {
	l.t.Helper()
	res, err := l.rpc.Read(l.t.Context(), &pulumirpc.ReadRequest{
		Urn: urn(typ, name), Id: id, Inputs: l.wire(in), Properties: l.wire(out),
	})
	if err != nil {
		l.t.Fatalf("read %s: %v", name, err)
	}
	if res.GetId() != id {
		l.t.Fatalf("read %s: id %q, want %q", name, res.GetId(), id)
	}
	return open(res.GetInputs()), open(res.GetProperties())
}

func (l *lab) invoke(token string, args props) (props, error) {
	res, err := l.rpc.Invoke(l.t.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: l.wire(args)})
	return open(res.GetReturn()), err
}

// objects are what the world holds of the types, all when none is named.
func (l *lab) objects(types ...string) (found []*inventory.Object) {
	l.t.Helper()
	err := l.world.View(func(tx *emulator.Tx) error {
		found = tx.All(types...)
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

// refused fails the test unless the error carries the code and the rule.
func refused(t *testing.T, err error, code, rule string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("it was accepted, want %s by %s", code, rule)
	case !strings.Contains(err.Error(), code+": "):
		t.Errorf("got %v\nwant the code %s", err, code)
	case rule != "" && !regexp.MustCompile("emulated rule: "+rule+"( [A-Z0-9-]+)?;").MatchString(err.Error()):
		t.Errorf("got %v\nwant the rule %s", err, rule)
	case len(rules.Repeated(err.Error())) > 0:
		t.Errorf("it names %v more than once: %v", rules.Repeated(err.Error()), err)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && len(os.Args) > 1 && !narrowed() {
		code = uncovered()
	}
	os.Exit(code)
}

// narrowed reports whether only some of the tests ran.
func narrowed() bool {
	for _, arg := range os.Args[1:] {
		if strings.HasPrefix(arg, "-test.run=") || strings.HasPrefix(arg, "-test.list=") || strings.HasPrefix(arg, "-test.skip=") ||
			arg == "-test.short" || arg == "-test.short=true" {
			return true
		}
	}
	return false
}

// uncovered fails the run when a rule was never kept or never broken: each has
// an accepted and a refused case.
func uncovered() int {
	verdicts.Lock()
	defer verdicts.Unlock()
	missing := 0
	for _, k := range Cloud().Kinds {
		for i := range k.Rules {
			key := ruleKey(k, i)
			if verdicts.kept[key] == 0 || verdicts.broken[key] == 0 {
				fmt.Printf("%s: kept %d times, broken %d times\n", key, verdicts.kept[key], verdicts.broken[key])
				missing++
			}
		}
	}
	if missing > 0 {
		fmt.Printf("%d rules lack an accepted or a refused case\n", missing)
		return 1
	}
	return 0
}
