// Package rpctest is how tests speak to a served provider: what of the provider
// protocol is the same for every cloud. It knows nothing of the emulator, so that
// the emulator's own tests may use it.
package rpctest

import (
	"fmt"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

// Dial is a client of the provider at a port of this machine, until the test ends.
func Dial(t *testing.T, port int) pulumirpc.ResourceProviderClient {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return pulumirpc.NewResourceProviderClient(conn)
}

// Configure gives a provider its configuration.
func Configure(t *testing.T, rpc pulumirpc.ResourceProviderClient, config map[string]any) {
	t.Helper()
	if _, err := rpc.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: Wire(t, config)}); err != nil {
		t.Fatal(err)
	}
}

// Wire is a map of strings, float64, bool, nil, []any and map[string]any as it
// goes over the wire.
func Wire(t *testing.T, m map[string]any) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signatureKey and SecretSignature mark a secret on the wire. Source: pulumi
// sdk/go/common/resource/sig.
const (
	signatureKey    = "4dabf18193072939515e22adb298388d"
	SecretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

// Open is what came over the wire, secrets opened.
func Open(s *structpb.Struct) map[string]any { return opened(s.AsMap()).(map[string]any) }

func opened(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v[signatureKey] == SecretSignature {
			return opened(v["value"])
		}
		for k, e := range v {
			v[k] = opened(e)
		}
	case []any:
		for i, e := range v {
			v[i] = opened(e)
		}
	}
	return v
}
