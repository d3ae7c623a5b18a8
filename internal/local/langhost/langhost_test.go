package langhost

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// How a program ends decides what the engine says: nothing, nothing more than
// the program has said, or the exit code.
func TestRespond(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script string
		want   *pulumirpc.RunResponse
	}{
		{"exit 0", &pulumirpc.RunResponse{}},
		{"exit 32", &pulumirpc.RunResponse{Bail: true}},
		{"exit 3", &pulumirpc.RunResponse{Error: "program exited with non-zero exit code: 3"}},
		{"kill -9 $$", &pulumirpc.RunResponse{Error: "program ended by signal: killed"}},
	} {
		got, err := respond(exec.Command("sh", "-c", c.script).Run())
		if err != nil || got.GetError() != c.want.GetError() || got.GetBail() != c.want.GetBail() {
			t.Errorf("%s: got %v, %v; want %v", c.script, got, err, c.want)
		}
	}
	got, err := respond(exec.Command("/no/such/program").Run())
	if err != nil || !strings.Contains(got.GetError(), "/no/such/program") {
		t.Errorf("no program: got %v, %v; want an error that names it", got, err)
	}
}

// The program sees each variable once, the engine's own before what was set.
func TestRunEnv(t *testing.T) {
	t.Parallel()
	env, err := runEnv([]string{"PATH=/bin", "PULUMI_STACK=other", "PULUMI_CONFIG=old"}, &pulumirpc.RunRequest{
		Project: "p", Stack: "dev", Organization: "org", DryRun: true, Parallel: 7, MonitorAddress: "monitor",
		Config: map[string]string{"p:key": "value"}, ConfigSecretKeys: []string{"p:key"},
		Info: &pulumirpc.ProgramInfo{RootDirectory: "/root"},
	}, "engine")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"PATH=/bin", "PULUMI_ORGANIZATION=org", "PULUMI_PROJECT=p", "PULUMI_STACK=dev", "PULUMI_ROOT_DIRECTORY=/root",
		`PULUMI_CONFIG={"p:key":"value"}`, `PULUMI_CONFIG_SECRET_KEYS=["p:key"]`, "PULUMI_DRY_RUN=true",
		"PULUMI_PARALLEL=7", "PULUMI_MONITOR=monitor", "PULUMI_ENGINE=engine",
	}
	if !slices.Equal(env, want) {
		t.Errorf("got\n%q\nwant\n%q", env, want)
	}
}

// logged is an engine that keeps what it is told.
type logged struct {
	pulumirpc.EngineClient
	mu   sync.Mutex
	told []string
}

func (l *logged) Log(_ context.Context, r *pulumirpc.LogRequest, _ ...grpc.CallOption) (*emptypb.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, r.GetMessage())
	return &emptypb.Empty{}, nil
}

func TestLines(t *testing.T) {
	t.Parallel()
	engine := &logged{}
	l := newLines(engine, stdoutStream)
	for _, part := range []string{"a li", "ne\nand", "", "\n\nlast"} {
		if _, err := l.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a line\n", "and\n", "\n", "last\n"}; !slices.Equal(engine.told, want) {
		t.Errorf("the engine was told %q, want %q", engine.told, want)
	}
}

func TestGetProgramDependencies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const gomod = "module m\n\nrequire (\n\texample.org/a v1.2.3\n\texample.org/b v0.1.0 // indirect\n)\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(gomod), 0o600); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(dir, "program")
	for transitive, want := range map[bool][]string{
		false: {"example.org/a v1.2.3"},
		true:  {"example.org/a v1.2.3", "example.org/b v0.1.0"},
	} {
		found, err := (&Host{}).GetProgramDependencies(context.Background(), &pulumirpc.GetProgramDependenciesRequest{
			TransitiveDependencies: transitive, Info: &pulumirpc.ProgramInfo{ProgramDirectory: below},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range found.GetDependencies() {
			got = append(got, d.GetName()+" "+d.GetVersion())
		}
		if !slices.Equal(got, want) {
			t.Errorf("transitive %t: got %q, want %q", transitive, got, want)
		}
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	about, err := (&Host{}).About(context.Background(), &pulumirpc.AboutRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(about.GetExecutable()) || !strings.HasPrefix(about.GetVersion(), "go1.") {
		t.Errorf("got %v, want the Go toolchain", about)
	}
}

// Before the handshake nobody knows where the engine is.
func TestRunBeforeHandshake(t *testing.T) {
	t.Parallel()
	if _, err := (&Host{}).Run(context.Background(), &pulumirpc.RunRequest{}); err == nil {
		t.Error("it ran a program without an engine")
	}
}
