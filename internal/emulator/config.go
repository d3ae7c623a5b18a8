package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// Two instances of a provider, with different regions for example, reach one
// emulated provider over two connections. What one is configured with is kept
// with its connection.
type connection struct {
	mu     sync.Mutex
	config inventory.Props
}

type connectionKey struct{}

// connections is a gRPC stats handler that gives every connection its own
// configuration, and counts the calls that clouds are at work on.
type connections struct{ calls *atomic.Int64 }

func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{config: inventory.Props{}})
}

func (connections) HandleConn(context.Context, stats.ConnStats) {}

type componentKey struct{}

// TagRPC tells the calls of components apart: they wait for the engine.
func (connections) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	if path.Base(info.FullMethodName) == "Construct" || path.Base(info.FullMethodName) == "Call" {
		return context.WithValue(ctx, componentKey{}, true)
	}
	return ctx
}

func (c connections) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if ctx.Value(componentKey{}) != nil {
		return
	}
	switch s.(type) {
	case *stats.Begin:
		c.calls.Add(1)
	case *stats.End:
		c.calls.Add(-1)
	}
}

// configOf is what the connection of the request is configured with.
func configOf(ctx context.Context) inventory.Props {
	c, ok := ctx.Value(connectionKey{}).(*connection)
	if !ok {
		return inventory.Props{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config
}

func configure(ctx context.Context, config inventory.Props) error {
	c, ok := ctx.Value(connectionKey{}).(*connection)
	if !ok {
		return errors.New("the connection cannot hold a configuration")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.config = config
	return nil
}

// engineOptions are options of the engine's own that travel with a provider's
// configuration.
var engineOptions = []string{"version", "pluginDownloadURL", "parameterization", "__internal"}

// readConfig decodes a configuration: the engine sends what is not a string as
// JSON text.
func (p *provider) readConfig(sent inventory.Props) inventory.Props {
	config := inventory.Props{}
	for name, v := range sent {
		if slices.Contains(engineOptions, name) {
			continue
		}
		config[name] = v
		text, isText := v.(string)
		if property := p.configProperty(name); isText && property != nil && property.Type.Kind != schema.String {
			config[name] = parseJSON(text)
		}
	}
	return config
}

func (p *provider) configProperty(name string) *schema.Property {
	if p.schema.Config == nil {
		return nil
	}
	return p.schema.Config.Properties[name]
}

// parseJSON leaves a text as it is that is no JSON; the schema check refuses it.
func parseJSON(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return unknownsIn(v)
}

// unknownsIn finds the unknowns inside decoded JSON text.
func unknownsIn(v any) any {
	switch v := v.(type) {
	case string:
		return decodeString(v)
	case map[string]any:
		for k, e := range v {
			v[k] = unknownsIn(e)
		}
	case []any:
		for i, e := range v {
			v[i] = unknownsIn(e)
		}
	}
	return v
}

// CheckConfig refuses what the provider's schema does not have. It returns the
// configuration untouched, secrets wrapped as they came.
func (p *provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	res := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	for _, v := range p.checkConfig(p.readConfig(decode(req.GetNews()))) {
		res.Failures = append(res.Failures, &pulumirpc.CheckFailure{Property: v.Path, Reason: v.Reason})
	}
	return res, nil
}

func (p *provider) checkConfig(config inventory.Props) []schema.Violation {
	if p.schema.Config == nil {
		return nil
	}
	return p.schema.Config.Check(config, isUnknown)
}

func (p *provider) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	sent := req.GetOldInputs()
	if sent == nil {
		sent = req.GetOlds()
	}
	before, after := p.readConfig(decode(sent)), p.readConfig(decode(req.GetNews()))
	var different []string
	if p.cloud.ConfigReplaces != nil {
		different = p.cloud.ConfigReplaces(before, after)
	}
	replaces := func(c change) bool { return slices.Contains(different, c.path[0].Name()) }
	return diffResponse(differences(before, after, nil), replaces, func() bool { return false }), nil
}

// Configure sets up the connection's provider instance.
func (p *provider) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	c := &Call{Provider: p.readConfig(configArgs(req)), OldIn: inventory.Props{}, Old: inventory.Props{}}
	c.In = c.Provider
	if found := p.checkConfig(c.Provider); len(found) > 0 {
		return nil, status.Errorf(codes.InvalidArgument, "configure %s: %s", p.cloud.Name, found[0])
	}
	if p.cloud.Configure != nil {
		if err := p.view(c, func() error { return orNil(p.cloud.Configure(c)) }); err != nil {
			return nil, p.refused(c, err)
		}
	}
	if err := configure(ctx, c.Provider); err != nil {
		return nil, err
	}
	return &pulumirpc.ConfigureResponse{SupportsPreview: true, SupportsAutonamingConfiguration: true}, nil
}

// configArgs are the arguments of a configuration, or, from an engine that sends
// none, its variables ("aws:config:region").
func configArgs(req *pulumirpc.ConfigureRequest) inventory.Props {
	if req.GetArgs() != nil {
		return decode(req.GetArgs())
	}
	args := inventory.Props{}
	for name, v := range req.GetVariables() {
		args[name[strings.LastIndex(name, ":")+1:]] = v
	}
	return args
}
