package langhost

import (
	"context"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Options of a host.
type Options struct {
	// Program returns the path of the built program, building it if it must.
	Program func(context.Context, *pulumirpc.ProgramInfo) (string, error)
	// Env is the environment of the program, to which the host adds what the
	// engine says about the run.
	Env []string
	// Version is reported as the host's own, for example 3.200.0.
	Version string
}

// Host answers the engine.
type Host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	options Options

	mu     sync.Mutex
	engine string // address of the engine that shook hands last
}

// Serve starts a host on a loopback port and returns the port. The host stops
// when stop is called; calls under way are waited for.
func Serve(options Options) (port int, stop func(), err error) {
	cancel := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(s, &Host{options: options})
			return nil
		},
	})
	if err != nil {
		return 0, nil, fmt.Errorf("serve the language host: %w", err)
	}
	return handle.Port, sync.OnceFunc(func() {
		close(cancel)
		<-handle.Done
	}), nil
}

// Handshake tells the host where the engine is. One CLI may shake hands several
// times (a preview and an update are two hosts to it), one after another.
func (h *Host) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.engine = req.GetEngineAddress()
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *Host) engineAddress() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.engine
}

// GetPluginInfo reports the host's version.
func (h *Host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: h.options.Version}, nil
}

// GetRequiredPackages names none: the engine installs a provider when the first
// resource of its package is registered, unless it is attached to one already.
func (h *Host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetRequiredPlugins names none, as GetRequiredPackages.
func (h *Host) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}
