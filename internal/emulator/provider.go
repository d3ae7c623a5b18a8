package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// A provider is one emulated provider as the engine talks to it: the gRPC
// protocol on one side, a Cloud and its schema on the other.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	cloud  *Cloud
	style  *Style
	schema *schema.Package
	models map[string]model // by token as sent, aliases included
	world  *World
}

// A model is a type of the schema and what the cloud knows of it, nil when it
// knows nothing.
type model struct {
	resource *schema.Resource
	kind     *Kind
}

func newProvider(w *World, c *Cloud) (*provider, error) {
	pkg := c.Schema
	if pkg == nil {
		var err error
		if pkg, err = schema.Load(c.Name); err != nil {
			return nil, err
		}
	}
	p := &provider{cloud: c, style: c.style(), schema: pkg, models: map[string]model{}, world: w}
	kinds := map[string]*Kind{}
	for _, k := range c.Kinds {
		kinds[k.Type] = k
	}
	for token, r := range pkg.Resources {
		m := model{r, kinds[inventory.Canonical(token)]}
		p.models[token] = m
		for _, alias := range r.Aliases {
			if pkg.Resources[alias] == nil {
				p.models[alias] = m
			}
		}
	}
	return p, nil
}

func (p *provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Handshake declines secrets: the engine then sends them open and marks them
// again in what comes back under the same name.
func (p *provider) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{SupportsAutonamingConfiguration: true}, nil
}

func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: p.schema.Version}, nil
}

// Cancel has nothing to do: what a cloud has accepted, it finishes.
func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetSchema is the package without its types, which nothing asks an attached
// provider for.
func (p *provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	text, err := json.Marshal(map[string]string{"name": p.cloud.Name, "version": p.schema.Version})
	if err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return &pulumirpc.GetSchemaResponse{Schema: string(text)}, nil
}

func (p *provider) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

func (p *provider) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// A request is what every request about a resource carries.
type request interface {
	GetUrn() string
	GetType() string
	GetName() string
}

// call makes the Call of a request, without its transaction, and finds the
// schema of the type.
func (p *provider) call(ctx context.Context, op Op, req request) (*Call, *schema.Resource, error) {
	token := req.GetType()
	if token == "" {
		token = typeOf(req.GetUrn())
	}
	res, kind, err := p.lookUp(token)
	if err != nil {
		return nil, nil, err
	}
	c := &Call{
		Op: op, Kind: kind, URN: req.GetUrn(), Type: token, Name: req.GetName(),
		Provider: configOf(ctx), OldIn: inventory.Props{}, Old: inventory.Props{}, Hidden: inventory.Props{},
	}
	if c.Name == "" {
		c.Name = logicalName(c.URN)
	}
	return c, res, nil
}

func (p *provider) lookUp(token string) (*schema.Resource, *Kind, error) {
	m, known := p.models[token]
	switch {
	case !known:
		return nil, nil, status.Errorf(codes.NotFound, "unrecognized resource type %s in %s %s", token, p.cloud.Name, p.schema.Version)
	case m.kind == nil:
		return nil, nil, status.Errorf(codes.Unimplemented, "the emulated %s cloud does not model %s", p.cloud.Name, token)
	}
	return m.resource, m.kind, nil
}

// typeOf is the type in a URN: the last of the types that $ joins.
func typeOf(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return ""
	}
	types := strings.Split(parts[2], "$")
	return types[len(types)-1]
}

// home is where the provider instance works.
func (p *provider) home(config inventory.Props) string {
	if p.cloud.Home != nil {
		return p.cloud.Home(config)
	}
	return config.Str("region")
}

// view runs f with the call's transaction, read-only.
func (p *provider) view(c *Call, f func() error) error { return p.transact(true, c, f) }

// transact runs f within the call's transaction.
func (p *provider) transact(readOnly bool, c *Call, f func() error) error {
	return p.world.transact(readOnly, c.Provider, func(tx *Tx) error {
		c.Tx = tx.Within(p.home(c.Provider))
		return f()
	})
}

// ready refuses an operation of an instance that cannot reach its cloud.
func (p *provider) ready(c *Call) error {
	if p.cloud.Ready == nil {
		return nil
	}
	return orNil(p.cloud.Ready(c))
}

// orNil keeps a nil fault from becoming an error.
func orNil(f *Fault) error {
	if f == nil {
		return nil
	}
	return f
}

// refused words an error for the engine: a fault the way the real provider
// prints it, with the rule that refused.
func (p *provider) refused(c *Call, err error) error {
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	return status.Error(codes.Unknown, p.words(c, f))
}

func (p *provider) words(c *Call, f *Fault) string {
	text := f.Error()
	if p.cloud.Wrap != nil {
		text = p.cloud.Wrap(c, f)
	}
	if by := f.by(); by != "" {
		text += fmt.Sprintf("\n    emulated rule: %s; source: %s", by, f.Source)
	}
	return text
}

// outputs encodes what the schema of the resource knows of the properties.
func outputs(r *schema.Resource, out inventory.Props) (*structpb.Struct, error) {
	known := inventory.Props{}
	for name := range r.Outputs {
		if v, ok := out[name]; ok && v != nil {
			known[name] = v
		}
	}
	return encode(known, r.Secrets)
}
