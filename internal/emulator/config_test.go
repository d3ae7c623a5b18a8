package emulator

import (
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/inventory"
)

// Two instances of one provider work in two regions at the same time: the same
// name is free in each, and neither finds the other's boxes.
func TestConfigurationPerConnection(t *testing.T) {
	s := newToys(t)
	here, there := s.client(inventory.Props{"region": "here"}), s.client(inventory.Props{"region": "there"})
	box, _ := here.mustCreate(boxType, "one", inventory.Props{"size": 1.0, "name": "n"})
	there.mustCreate(boxType, "two", inventory.Props{"size": 1.0, "name": "n"})
	if _, _, err := there.create(ballType, "b", inventory.Props{"boxId": box}); err == nil || !strings.Contains(err.Error(), "NoSuchBox") {
		t.Errorf("a ball there in a box here: %v, want NoSuchBox", err)
	}
	if id, _, _, err := there.read(boxType, "one", box, nil, nil); err != nil || id != "" {
		t.Errorf("read there of a box here: %q, %v; want no id", id, err)
	}
	if id, _, _, err := here.read(boxType, "one", box, nil, nil); err != nil || id != box {
		t.Errorf("read here: %q, %v; want %s", id, err, box)
	}
}

func TestConfigure(t *testing.T) {
	s := newToys(t)
	cases := map[string]struct {
		args inventory.Props
		want string
	}{
		"fine":                      {inventory.Props{"region": "here", "zones": `["a","b"]`}, ""},
		"refused by the provider":   {inventory.Props{"region": "moon"}, "NoSuchRegion"},
		"refused by the schema":     {inventory.Props{"regoin": "here"}, "regoin: unknown property"},
		"the engine's own settings": {inventory.Props{"region": "here", "version": "1.2.3", "__internal": `{}`}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := s.client(nil)
			_, err := c.rpc.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: c.wire(tc.args)})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestCheckConfig(t *testing.T) {
	c := newToys(t).client(nil)
	cases := map[string]struct {
		in   inventory.Props
		want string // property that fails
	}{
		"fine":               {inventory.Props{"region": "here", "zones": `["a"]`}, ""},
		"unknown":            {inventory.Props{"region": inventory.Unknown{}, "zones": inventory.Unknown{}}, ""},
		"unknown inside":     {inventory.Props{"zones": `["` + unknownString + `"]`}, ""},
		"unknown key":        {inventory.Props{"regoin": "here"}, "regoin"},
		"wrong type in JSON": {inventory.Props{"zones": `[1.5]`}, "zones[0]"},
		"no JSON":            {inventory.Props{"zones": `a,b`}, "zones"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			res, err := c.rpc.CheckConfig(t.Context(), &pulumirpc.CheckRequest{News: c.wire(tc.in)})
			if err != nil {
				t.Fatal(err)
			}
			f := res.GetFailures()
			if tc.want == "" && len(f) > 0 || tc.want != "" && (len(f) != 1 || f[0].GetProperty() != tc.want) {
				t.Fatalf("failures %v, want one of %q", f, tc.want)
			}
		})
	}
}

// A kubeconfig that comes as a secret stays one in the provider's inputs.
func TestCheckConfigKeepsSecrets(t *testing.T) {
	c := newToys(t).client(nil)
	news := &structpb.Struct{Fields: map[string]*structpb.Value{"region": secret(structpb.NewStringValue("here"))}}
	res, err := c.rpc.CheckConfig(t.Context(), &pulumirpc.CheckRequest{News: news})
	if err != nil || len(res.GetFailures()) > 0 {
		t.Fatal(res.GetFailures(), err)
	}
	if !proto.Equal(res.GetInputs(), news) {
		t.Errorf("inputs %v, want them as they came", res.GetInputs())
	}
}

func TestPluginInfo(t *testing.T) {
	c := newToys(t).client(nil)
	info, err := c.rpc.GetPluginInfo(t.Context(), nil)
	if err != nil || info.GetVersion() != "1.2.3" {
		t.Fatalf("version %q, %v; an empty one fails the engine's check", info.GetVersion(), err)
	}
}
