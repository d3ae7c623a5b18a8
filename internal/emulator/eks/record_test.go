package eks

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestRecord writes down what the real component registers. It needs the plugin
// of pulumi-eks 3.9.1, and an aws CLI, without which the plugin does not start.
func TestRecord(t *testing.T) {
	if *realPlugin == "" {
		t.Skip("records only when told where the real plugin is: -args -real PATH")
	}
	for _, s := range scenarios {
		m := newMonitor(t)
		client := startReal(t, m.address)
		real := func(ctx context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
			return client.Construct(ctx, req)
		}
		data, err := json.MarshalIndent(s.record(t, m, real), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata", s.file), append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// startReal starts the real plugin as the engine does: it is told the engine's
// address and says its own port on its output.
func startReal(t *testing.T, engine string) pulumirpc.ResourceProviderClient {
	t.Helper()
	cmd := exec.Command(*realPlugin, engine)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%s", strings.TrimSpace(port)),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return pulumirpc.NewResourceProviderClient(conn)
}
