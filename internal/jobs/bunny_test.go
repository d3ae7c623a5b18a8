package jobs_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Bunny is a module of its own, so that its libraries and NATS's stay out of everything else.
// What is here is tried there: on real servers, with the real bunny.
func TestBunny(t *testing.T) {
	if testing.Short() {
		t.Skip("runs real nats-servers; skipped with -short")
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "./...")
	cmd.Dir = filepath.Join("..", "..", "cmd", "bunny")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go test ./... in %s: %v\n%s", cmd.Dir, err, out)
	}
	t.Logf("%s", out)
}
