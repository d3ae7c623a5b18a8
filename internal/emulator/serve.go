package emulator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Serve starts the emulated providers of the clouds on the world, each on a port
// of its own on loopback, and says which: PULUMI_DEBUG_PROVIDERS takes it. The
// remote components among others are served beside them under their names.
//
// The servers outlive the context, which bounds only their start: a run that is
// interrupted still finishes what the clouds have accepted. They end with stop,
// which waits for operations in flight and may be called more than once.
func Serve(ctx context.Context, world *World, clouds []*Cloud, components map[string]pulumirpc.ResourceProviderServer) (ports map[string]int, stop func(), err error) {
	if err := world.Register(clouds...); err != nil {
		return nil, nil, err
	}
	servers := maps.Clone(components)
	if servers == nil {
		servers = map[string]pulumirpc.ResourceProviderServer{}
	}
	for _, c := range clouds {
		if servers[c.Name], err = newProvider(world, c); err != nil {
			return nil, nil, fmt.Errorf("start the emulated %s: %w", c.Name, err)
		}
	}
	return serveAll(ctx, world, servers)
}

func serveAll(ctx context.Context, world *World, servers map[string]pulumirpc.ResourceProviderServer) (map[string]int, func(), error) {
	ports := map[string]int{}
	var running []*grpc.Server
	stop := func() {
		for _, s := range running {
			s.GracefulStop()
		}
	}
	for name, server := range servers {
		s, port, err := listen(ctx, world, server)
		if err != nil {
			stop()
			return nil, nil, fmt.Errorf("start the emulated %s: %w", name, err)
		}
		running, ports[name] = append(running, s), port
	}
	return ports, stop, nil
}

func listen(ctx context.Context, world *World, server pulumirpc.ResourceProviderServer) (*grpc.Server, int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, 0, fmt.Errorf("listen on loopback: %w", err)
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return nil, 0, errors.Join(fmt.Errorf("%v is no TCP address", l.Addr()), l.Close())
	}
	s := grpc.NewServer(grpc.StatsHandler(connections{&world.calls}), grpc.MaxRecvMsgSize(math.MaxInt32))
	pulumirpc.RegisterResourceProviderServer(s, server)
	go s.Serve(l) // ends with GracefulStop, and then without an error
	return s, address.Port, nil
}
