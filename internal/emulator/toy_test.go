package emulator

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/emulator/rpctest"
	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// The toy cloud: boxes, and balls that lie in boxes.
const (
	boxType  = "toy:index:Box"
	ballType = "toy:index:Ball"
)

func toySchema() *schema.Package {
	text, number := schema.Type{Kind: schema.String}, schema.Type{Kind: schema.Integer}
	lid := schema.Type{Kind: schema.ObjectOf, Object: &schema.Object{Name: "Lid", Properties: map[string]*schema.Property{
		"color": {Type: text}, "serial": {Type: text},
	}}}
	lidIn := schema.Type{Kind: schema.ObjectOf, Object: &schema.Object{Name: "LidArgs", Properties: map[string]*schema.Property{
		"color": {Type: text},
	}}}
	texts := schema.Type{Kind: schema.Array, Elem: &text}
	boxIn := map[string]*schema.Property{
		"name": {Type: text}, "size": {Type: number, Required: true}, "lid": {Type: lidIn},
		"wood": {Type: text}, "pin": {Type: text, Secret: true}, "labels": {Type: texts},
		"shape": {Type: schema.Type{Kind: schema.String, Enum: []any{"cube", "round"}}},
	}
	boxOut := map[string]*schema.Property{"lid": {Type: lid}, "arn": {Type: text}, "key": {Type: text, Secret: true}}
	ballIn := map[string]*schema.Property{"boxId": {Type: text, Required: true}, "color": {Type: text}, "name": {Type: text}}
	ballOut := map[string]*schema.Property{"bounces": {Type: number}}
	for _, m := range [][2]map[string]*schema.Property{{boxIn, boxOut}, {ballIn, ballOut}} {
		for k, p := range m[0] {
			if m[1][k] == nil {
				m[1][k] = p
			}
		}
	}
	return &schema.Package{
		Name: "toy", Version: "1.2.3",
		Resources: map[string]*schema.Resource{
			boxType:                {Token: boxType, Inputs: boxIn, Outputs: boxOut, Secrets: []string{"key", "pin"}, Aliases: []string{"toy:old:Box"}},
			ballType:               {Token: ballType, Inputs: ballIn, Outputs: ballOut},
			"toy:index:Unmodelled": {Token: "toy:index:Unmodelled"},
		},
		Functions: map[string]*schema.Function{
			"toy:index:getBox": {
				Token:  "toy:index:getBox",
				Args:   map[string]*schema.Property{"name": {Type: text, Required: true}},
				Result: map[string]*schema.Property{"arn": {Type: text}, "key": {Type: text, Secret: true}},
			},
		},
		Config: &schema.Object{Name: "config", Properties: map[string]*schema.Property{
			"region": {Type: text}, "zones": {Type: texts},
		}},
	}
}

func toyCloud() *Cloud {
	box := &Kind{
		Type: boxType, AutoName: &AutoName{Property: "name", Max: 20},
		NewID: func(c *Call) (string, error) { return "box-" + c.Hex(8), nil },
		Unique: []Unique{{
			Fields: []string{"@region", "name"}, Code: "DuplicateBox", Source: "toy manual",
		}},
		Replace:   []Replace{{Path: "wood", Source: "toy manual"}, {Path: "lid.color", Source: "toy manual"}},
		WriteOnly: []string{"pin"}, Sticky: []string{"pin", "shape"},
		Rules: []Rule{
			{ID: "TOY-01", Code: "TooSmall", Source: "toy manual", On: OpCheck, Path: "size", Broken: func(c *Call) string {
				if c.In.Known("size") && c.In.Num("size") < 1 {
					return "a box has a size"
				}
				return ""
			}},
			{ID: "TOY-02", Code: "TooLarge", Source: "toy manual", On: OpWrite, Broken: func(c *Call) string {
				if c.In.Num("size") > 100 {
					return "no room for it"
				}
				return ""
			}},
			{ID: "TOY-03", Code: "Warped", Source: "toy manual", On: OpWrite, Late: true, Broken: func(c *Call) string {
				if c.In.Str("wood") == "green" {
					return "green wood warps"
				}
				return ""
			}},
			{ID: "TOY-04", Code: "Waiting", Source: "toy manual", On: OpWrite, Late: true, Held: true, Broken: func(c *Call) string {
				if c.In.Num("size") == 42 && c.Tx.Find(ballType, "name", "answer") == nil {
					return "nobody has answered\nask again\nand again"
				}
				return ""
			}},
			{ID: "TOY-05", Code: "Waiting", Source: "toy manual", On: OpDelete, Held: true, Broken: func(c *Call) string {
				if c.Tx.Find(ballType, "name", "stop "+c.In.Str("name")) != nil {
					return "a ball stops the lid"
				}
				return ""
			}},
		},
		Settled: func(c *Call) error {
			if o := c.Tx.Get(boxType, c.ID); o.Out.Str("wood") == "wet" {
				o.Out.Set("wood", "dry")
				c.Tx.Put(o)
			}
			return nil
		},
		Fill: func(c *Call) error {
			c.Out.Set("arn", fmt.Sprintf("arn:toy:%s:%s", c.Account().AWSAccount, c.ID))
			c.Out.Set("key", c.HexOf("key", 6))
			if c.Out.Has("lid") {
				c.Out.Set("lid.serial", c.HexOf("lid", 4))
			}
			return nil
		},
		Made: func(c *Call) error {
			c.Tx.Put(&inventory.Object{Type: ballType, ID: "free-" + c.Hex(4), MadeBy: c.ID, In: inventory.Props{}, Out: inventory.Props{}})
			return nil
		},
		Gone: func(c *Call) error {
			for _, o := range c.Tx.Where(ballType, func(o *inventory.Object) bool { return o.MadeBy == c.ID }) {
				c.Tx.Remove(o)
			}
			return nil
		},
		Failed: func(c *Call, f *Fault) { c.Out.Set("arn", "failed: "+f.Code) },
		Refresh: func(c *Call) error {
			if c.Out.Has("lid") {
				c.Out.Set("lid.color", c.Out.Str("lid.color")+" faded")
			}
			return nil
		},
	}
	ball := &Kind{
		Type:  ballType,
		NewID: func(c *Call) (string, error) { return "ball-" + c.Hex(8), nil },
		Refs: []Ref{{
			Path: "boxId", To: []string{boxType}, Missing: "NoSuchBox", InUse: "BoxNotEmpty", Source: "toy manual",
			Foreign: func(v string) bool { return v == "the-floor" },
		}},
		Busy:     func(in inventory.Props) string { return in.Str("boxId") },
		BusyCode: "BoxBusy", BusySource: "toy manual",
	}
	return &Cloud{
		Name: "toy", Kinds: []*Kind{box, ball}, Schema: toySchema(),
		Quotas: []Quota{{
			Name: "balls-in-box", Type: ballType, Scope: []string{"boxId"}, Limit: 3,
			Code: "BoxFull", Source: "toy manual",
		}},
		Functions: []Function{{Token: "toy:index:getBox", Call: func(c *Call) (inventory.Props, error) {
			o := c.Tx.Find(boxType, "name", c.In.Str("name"))
			if o == nil {
				return nil, c.Fault("NoSuchBox", "no box %s", c.In.Str("name"))
			}
			return o.Out.Clone(), nil
		}}},
		Configure: func(c *Call) *Fault {
			if c.In.Str("region") == "moon" {
				return c.Fault("NoSuchRegion", "there is no region moon")
			}
			return nil
		},
	}
}

// toys is a served toy cloud.
type toys struct {
	t     *testing.T
	world *World
	port  int
}

func serveToys(t *testing.T, path string, options Options) *toys {
	t.Helper()
	if options.Wait == nil {
		options.Wait = func(context.Context, time.Duration) {}
	}
	world, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	ports, stop, err := Serve(t.Context(), world, []*Cloud{toyCloud()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return &toys{t: t, world: world, port: ports["toy"]}
}

func newToys(t *testing.T) *toys {
	return serveToys(t, filepath.Join(t.TempDir(), "world.db"), Options{})
}

// client is one provider instance, configured.
func (s *toys) client(config inventory.Props) *toyClient {
	s.t.Helper()
	c := &toyClient{s.t, rpctest.Dial(s.t, s.port)}
	if config != nil {
		if _, err := c.rpc.Configure(s.t.Context(), &pulumirpc.ConfigureRequest{Args: c.wire(config)}); err != nil {
			s.t.Fatal(err)
		}
	}
	return c
}

type toyClient struct {
	t   *testing.T
	rpc pulumirpc.ResourceProviderClient
}

func urn(typ, name string) string {
	return fmt.Sprintf("urn:pulumi:test::test::toy:comp:C$%s::%s", typ, name)
}

func (c *toyClient) wire(p inventory.Props) *structpb.Struct {
	c.t.Helper()
	s, err := encode(p, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *toyClient) check(typ, name string, news, olds inventory.Props) (inventory.Props, []*pulumirpc.CheckFailure, error) {
	res, err := c.rpc.Check(c.t.Context(), &pulumirpc.CheckRequest{
		Urn: urn(typ, name), News: c.wire(news), Olds: c.wire(olds), RandomSeed: []byte("seed"),
	})
	return decode(res.GetInputs()), res.GetFailures(), err
}

func (c *toyClient) create(typ, name string, in inventory.Props) (id string, out inventory.Props, err error) {
	res, err := c.rpc.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, name), Properties: c.wire(in)})
	return res.GetId(), decode(res.GetProperties()), err
}

func (c *toyClient) mustCreate(typ, name string, in inventory.Props) (id string, out inventory.Props) {
	c.t.Helper()
	id, out, err := c.create(typ, name, in)
	if err != nil {
		c.t.Fatalf("create %s: %v", name, err)
	}
	return id, out
}

func (c *toyClient) update(typ, name, id string, oldIn, news inventory.Props) (inventory.Props, error) {
	res, err := c.rpc.Update(c.t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(typ, name), Id: id, News: c.wire(news), OldInputs: c.wire(oldIn), Olds: c.wire(oldIn),
	})
	return decode(res.GetProperties()), err
}

func (c *toyClient) delete(typ, name, id string) error {
	_, err := c.rpc.Delete(c.t.Context(), &pulumirpc.DeleteRequest{Urn: urn(typ, name), Id: id})
	return err
}

func (c *toyClient) read(typ, name, id string, in, out inventory.Props) (string, inventory.Props, inventory.Props, error) {
	res, err := c.rpc.Read(c.t.Context(), &pulumirpc.ReadRequest{
		Urn: urn(typ, name), Id: id, Inputs: c.wire(in), Properties: c.wire(out),
	})
	return res.GetId(), decode(res.GetInputs()), decode(res.GetProperties()), err
}

func (c *toyClient) diff(typ, name string, olds, news inventory.Props) *pulumirpc.DiffResponse {
	c.t.Helper()
	res, err := c.rpc.Diff(c.t.Context(), &pulumirpc.DiffRequest{
		Urn: urn(typ, name), Id: "x", OldInputs: c.wire(olds), Olds: c.wire(olds), News: c.wire(news),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return res
}
