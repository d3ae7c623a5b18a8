package local

import (
	"context"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A gate is a provider whose things take as long to create as the test wants.
type gate struct {
	pulumirpc.UnimplementedResourceProviderServer

	entered chan string   // names of things whose creation has begun
	open    chan struct{} // closed to let creations finish

	mu   sync.Mutex
	made []string
}

func newGate() *gate {
	return &gate{entered: make(chan string, 8), open: make(chan struct{})}
}

// with attaches the gate to a world.
func (g *gate) with(o *Options) { o.extra = []extraServer{{"gate", g}} }

func (g *gate) created() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.made...)
}

func (g *gate) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (g *gate) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

func (g *gate) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}

func (g *gate) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (g *gate) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

func (g *gate) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}

func (g *gate) Diff(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

func (g *gate) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if r.Preview {
		return &pulumirpc.CreateResponse{Properties: r.Properties}, nil
	}
	g.entered <- r.GetName()
	select {
	case <-g.open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.made = append(g.made, r.GetName())
	return &pulumirpc.CreateResponse{
		Id: fmt.Sprintf("thing-%d", len(g.made)), Properties: r.Properties,
	}, nil
}

func (g *gate) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (g *gate) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// twoThings makes one thing after another.
func twoThings(ctx *pulumi.Context) error {
	var first, second pulumi.CustomResourceState
	if err := ctx.RegisterResource("gate:index:Thing", "first", pulumi.Map{}, &first); err != nil {
		return err
	}
	return ctx.RegisterResource("gate:index:Thing", "second", pulumi.Map{}, &second,
		pulumi.DependsOn([]pulumi.Resource{&first}))
}
