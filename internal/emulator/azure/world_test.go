package azure

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/emulator"
	"burrow/internal/emulator/rpctest"
	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

const (
	testSubscription = "11111111-2222-4333-8444-555555555555"
	testTenant       = "99999999-8888-4777-a666-555555555555"
)

// A subscription is an emulated Azure behind the provider's protocol.
type subscription struct {
	t     *testing.T
	world *emulator.World
	rpc   pulumirpc.ResourceProviderClient
	pkg   *schema.Package
}

func newSubscription(t *testing.T) *subscription {
	t.Helper()
	return serve(t, Cloud(), emulator.Account{})
}

func serve(t *testing.T, cloud *emulator.Cloud, account emulator.Account) *subscription {
	t.Helper()
	world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{
		Account: account, Wait: func(context.Context, time.Duration) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return serveWorld(t, world, cloud)
}

func serveWorld(t *testing.T, world *emulator.World, cloud *emulator.Cloud) *subscription {
	t.Helper()
	ports, stop, err := emulator.Serve(t.Context(), world, []*emulator.Cloud{cloud}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	pkg, err := schema.Load(cloudName)
	if err != nil {
		t.Fatal(err)
	}
	s := &subscription{t: t, world: world, rpc: rpctest.Dial(t, ports[cloudName]), pkg: pkg}
	s.configure(inventory.Props{"subscriptionId": testSubscription, "tenantId": testTenant, "location": "uksouth"})
	return s
}

func (s *subscription) configure(config inventory.Props) {
	s.t.Helper()
	rpctest.Configure(s.t, s.rpc, config.Clone())
}

func (s *subscription) wire(p inventory.Props) *structpb.Struct {
	s.t.Helper()
	return rpctest.Wire(s.t, p.Clone())
}

// token is what a program sends for a kind: containerservice has a version.
func token(typ string) string {
	switch typ {
	case azuretype.ManagedCluster:
		return "azure-native:containerservice/v20240901:ManagedCluster"
	case azuretype.AgentPool:
		return "azure-native:containerservice/v20240901:AgentPool"
	}
	return typ
}

func urn(typ, name string) string {
	return "urn:pulumi:test::test::" + token(typ) + "::" + name
}

// check runs the provider's Check and returns the inputs that it would send.
func (s *subscription) check(typ, name string, in inventory.Props) (inventory.Props, error) {
	res, err := s.rpc.Check(s.t.Context(), &pulumirpc.CheckRequest{
		Urn: urn(typ, name), Type: token(typ), Name: name, News: s.wire(in), RandomSeed: []byte("seed"),
	})
	if err != nil {
		return nil, err
	}
	for _, f := range res.GetFailures() {
		return nil, fmt.Errorf("check: %s: %s", f.GetProperty(), f.GetReason())
	}
	return res.GetInputs().AsMap(), nil
}

func (s *subscription) create(typ, name string, in inventory.Props) (id string, out inventory.Props, err error) {
	in, err = s.check(typ, name, in)
	if err != nil {
		return "", nil, err
	}
	res, err := s.rpc.Create(s.t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(typ, name), Type: token(typ), Name: name, Properties: s.wire(in),
	})
	if err != nil {
		return "", nil, err
	}
	return res.GetId(), res.GetProperties().AsMap(), nil
}

func (s *subscription) mustCreate(typ, name string, in inventory.Props) (id string, out inventory.Props) {
	s.t.Helper()
	id, out, err := s.create(typ, name, in)
	if err != nil {
		s.t.Fatalf("create %s %s: %v", typ, name, err)
	}
	return id, out
}

func (s *subscription) update(typ, name, id string, olds, news inventory.Props) (inventory.Props, error) {
	news, err := s.check(typ, name, news)
	if err != nil {
		return nil, err
	}
	res, err := s.rpc.Update(s.t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(typ, name), Type: token(typ), Name: name, Id: id,
		Olds: s.wire(inventory.Props{}), OldInputs: s.wire(olds), News: s.wire(news),
	})
	if err != nil {
		return nil, err
	}
	return res.GetProperties().AsMap(), nil
}

func (s *subscription) delete(typ, name, id string) error {
	_, err := s.rpc.Delete(s.t.Context(), &pulumirpc.DeleteRequest{
		Urn: urn(typ, name), Type: token(typ), Name: name, Id: id,
		Properties: s.wire(inventory.Props{}), OldInputs: s.wire(inventory.Props{}),
	})
	return err
}

// read refreshes a resource whose last outputs are given.
func (s *subscription) read(typ, name, id string, in, out inventory.Props) (newIn, newOut inventory.Props) {
	s.t.Helper()
	res, err := s.rpc.Read(s.t.Context(), &pulumirpc.ReadRequest{
		Urn: urn(typ, name), Type: token(typ), Name: name, Id: id, Inputs: s.wire(in), Properties: s.wire(out),
	})
	if err != nil {
		s.t.Fatalf("read %s: %v", id, err)
	}
	return res.GetInputs().AsMap(), res.GetProperties().AsMap()
}

// diff returns the properties that would replace a resource, and what changes.
func (s *subscription) diff(typ, name string, olds, news inventory.Props) (replaces, changes []string) {
	s.t.Helper()
	res, err := s.rpc.Diff(s.t.Context(), &pulumirpc.DiffRequest{
		Urn: urn(typ, name), Type: token(typ), Name: name, OldInputs: s.wire(olds), Olds: s.wire(olds), News: s.wire(news),
	})
	if err != nil {
		s.t.Fatalf("diff %s: %v", typ, err)
	}
	return res.GetReplaces(), res.GetDiffs()
}

func (s *subscription) invoke(function string, args inventory.Props) (inventory.Props, error) {
	res, err := s.rpc.Invoke(s.t.Context(), &pulumirpc.InvokeRequest{Tok: function, Args: s.wire(args)})
	if err != nil {
		return nil, err
	}
	for _, f := range res.GetFailures() {
		return nil, fmt.Errorf("invoke: %s: %s", f.GetProperty(), f.GetReason())
	}
	return res.GetReturn().AsMap(), nil
}

// objects are the ids of what the world holds of the types, of all when none is named.
func (s *subscription) objects(types ...string) []string {
	s.t.Helper()
	var ids []string
	err := s.world.View(func(tx *emulator.Tx) error {
		for _, o := range tx.All(types...) {
			ids = append(ids, o.ID)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return ids
}

// object is one object of the world.
func (s *subscription) object(typ, id string) *inventory.Object {
	s.t.Helper()
	var o *inventory.Object
	err := s.world.View(func(tx *emulator.Tx) error {
		o = tx.Get(typ, id)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}
