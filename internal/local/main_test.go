package local

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// actAs makes the test binary the program of a stack: the tests' project is run
// by the real engine as any program is, without a compiler.
const actAs = "BURROW_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if program := programs[os.Getenv(actAs)]; program != nil {
		pulumi.Run(program)
		return
	}
	os.Exit(m.Run())
}

// programs that the test binary can be.
var programs = map[string]pulumi.RunFunc{
	"two things": twoThings,
	"says":       says,
	"fails":      fails,
	"nothing":    makesNothing,
	"versions":   versions,
}

// testProject is a project in a folder of its own and a world for it.
type testProject struct {
	*World
	dir     string
	notices *safeBuffer
}

const testYAML = "name: tiny\nruntime: go\nconfig:\n  greeting: {type: string, default: hello}\n"

// newProject makes a project whose program is one of programs. Its engine is
// kept with the module's own, so that tests build it once.
func newProject(t *testing.T, program string, adjust ...func(*Options)) *testProject {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A blank in the path, as many a home folder has.
	p := &testProject{dir: filepath.Join(t.TempDir(), "a project"), notices: &safeBuffer{}}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p.write(t, "Pulumi.yaml", testYAML)
	o := Options{
		Dir: p.dir, Program: self, Env: []string{actAs + "=" + program},
		Bin: engineCache(t), Notices: p.notices, Emulate: []string{"random"},
	}
	for _, a := range adjust {
		a(&o)
	}
	if p.World, err = New(o); err != nil {
		t.Fatal(err)
	}
	return p
}

// engineCache is .burrow/bin of the module.
func engineCache(t *testing.T) string {
	t.Helper()
	module, err := findModule(".")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(module, ".burrow", "bin")
}

func (p *testProject) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *testProject) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// mustRun runs the CLI and returns what it wrote.
func (p *testProject) mustRun(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := p.Run(context.Background(), &out, args...); err != nil {
		t.Fatalf("pulumi %q: %v\n%s\n%s", args, err, out.String(), p.notices)
	}
	return out.String()
}

// safeBuffer is a buffer that the CLI writes to while the test reads.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
