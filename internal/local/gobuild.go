package local

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// goBuild builds a main package into a file, as the go.mod of dir says and
// whatever GOFLAGS or a go.work above say: the command line's -mod goes before
// GOFLAGS's. The file has no symbols for debuggers, which take the linker most of
// its time.
func goBuild(ctx context.Context, dir, file, pkg string, linker ...string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make room for %s: %w", pkg, err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-mod=readonly", "-buildvcs=false", "-p", strconv.Itoa(compilers()),
		"-ldflags", strings.Join(append([]string{"-s -w"}, linker...), " "), "-o", file, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s in %s: %w\n%s", pkg, dir, err, output.Bytes())
	}
	return nil
}

// compilerMemory is what one compiler may need: Azure's network SDK takes
// 4.9 to 5.3 GiB (measured with Go 1.26), and two packages of that size may meet.
const compilerMemory = 11 << 29 // 5.5 GiB

// compilers is how many of them may run at once.
func compilers() int {
	n := runtime.GOMAXPROCS(0)
	if memory := freeMemory(); memory > 0 {
		n = min(n, int(memory/compilerMemory))
	}
	return max(n, 1)
}
