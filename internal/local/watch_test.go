package local

import (
	"fmt"
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/emulator"
)

// Whoever asks the world is told of what its providers write.
func TestOnWrite(t *testing.T) {
	t.Parallel()
	const typ = "random:index/randomId:RandomId"
	var told []string
	p := newProject(t, "says", func(o *Options) {
		o.OnWrite = func(tx *emulator.Tx, e emulator.Event) {
			told = append(told, fmt.Sprint(e.Type, " ", e.Begin, " ", len(tx.All(typ))))
		}
	})
	ports, _, stop, err := p.emulate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", ports["random"]), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in, err := structpb.NewStruct(map[string]any{"byteLength": 4.0})
	if err != nil {
		t.Fatal(err)
	}
	request := &pulumirpc.CreateRequest{Urn: "urn:pulumi:dev::tiny::" + typ + "::a", Properties: in}
	if _, err := pulumirpc.NewResourceProviderClient(conn).Create(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if want := []string{typ + " true 0", typ + " false 1"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
