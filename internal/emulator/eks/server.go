package eks

import (
	"context"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Versions of what the component consists of. The children name theirs, as the
// engine would otherwise make a second default provider for each package.
const (
	version           = "3.9.1"
	awsVersion        = "6.83.4"
	kubernetesVersion = "4.23.0"
)

// server answers the engine for the package eks.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer

	mu     sync.Mutex
	engine string // address of the engine that attached last
}

// Server is the provider of the package eks.
func Server() pulumirpc.ResourceProviderServer { return &server{} }

func (s *server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine = req.GetAddress()
	return &emptypb.Empty{}, nil
}

func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":"eks","version":%q}`, version)}, nil
}

func (s *server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

func (s *server) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (s *server) Configure(
	context.Context, *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true, SupportsPreview: true,
	}, nil
}

func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// constructors by type token. They register the component and its children and
// return its outputs.
var constructors = map[string]func(*component) (pulumi.Map, error){
	"eks:index:Cluster":          newCluster,
	"eks:index:ManagedNodeGroup": newManagedNodeGroup,
}

// Construct registers a component and its children.
func (s *server) Construct(
	ctx context.Context, req *pulumirpc.ConstructRequest,
) (*pulumirpc.ConstructResponse, error) {
	construct := constructors[req.GetType()]
	if construct == nil {
		return nil, status.Errorf(codes.Unimplemented,
			"the emulated pulumi-eks does not model %s; %s", req.GetType(), remedy)
	}
	given, err := readGiven(req)
	if err != nil {
		return nil, err
	}
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return provider.Construct(ctx, req, conn, func(
		ctx *pulumi.Context, typ, name string, inputs provider.ConstructInputs, options pulumi.ResourceOption,
	) (*provider.ConstructResult, error) {
		c := &component{ctx: ctx, typ: typ, name: name, inputs: inputs, given: given, options: options}
		outputs, err := construct(c)
		if err != nil {
			return nil, err
		}
		if err := ctx.RegisterResourceOutputs(c, outputs); err != nil {
			return nil, fmt.Errorf("register the outputs of %s: %w", name, err)
		}
		return &provider.ConstructResult{URN: c.URN(), State: outputs}, nil
	})
}

// dial connects to the engine, for log messages.
func (s *server) dial() (*grpc.ClientConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn, err := grpc.NewClient("passthrough:///"+s.engine, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("reach the engine: %w", err)
	}
	return conn, nil
}
