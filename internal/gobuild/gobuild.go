// Package gobuild builds programs that Burrow runs beside itself, by the go command: the stack's
// program, the Pulumi engine, and what tests run. What is kept is built once.
package gobuild

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

	"github.com/gofrs/flock"
	"golang.org/x/mod/modfile"
)

// A Program is a main package, and the file that it is built into.
type Program struct {
	Dir     string // where the go command runs: go.mod is found from there
	Package string // its path, or "." for that of Dir
	File    string
	Linker  []string // flags of the linker
}

// Build builds the program, as the go.mod of its folder says and whatever GOFLAGS or a go.work
// above say: the command line's -mod goes before GOFLAGS's. The file has no symbols for
// debuggers, which take the linker most of its time.
func (p Program) Build(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(p.File), 0o755); err != nil {
		return fmt.Errorf("make room for %s: %w", p.Package, err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-mod=readonly", "-buildvcs=false", "-p", strconv.Itoa(compilers()),
		"-ldflags", strings.Join(append([]string{"-s -w"}, p.Linker...), " "), "-o", p.File, p.Package)
	cmd.Dir = p.Dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s in %s: %w\n%s", p.Package, p.Dir, err, output.Bytes())
	}
	return nil
}

// Keep builds the program unless its file is there. Processes take turns, so that it is built
// once; a build that is broken off leaves no file. Around is handed a build that has to happen,
// and may show its progress; nil just builds.
func (p Program) Keep(ctx context.Context, around func(build func() error) error) error {
	if _, err := os.Stat(p.File); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(p.File), 0o755); err != nil {
		return fmt.Errorf("make room for %s: %w", p.Package, err)
	}
	turn := flock.New(p.File + ".lock")
	if err := turn.Lock(); err != nil {
		return fmt.Errorf("wait for another build of %s: %w", p.Package, err)
	}
	defer turn.Close()
	if _, err := os.Stat(p.File); err == nil {
		return nil
	}
	unfinished := p
	unfinished.File += ".new"
	if around == nil {
		around = func(build func() error) error { return build() }
	}
	if err := around(func() error { return unfinished.Build(ctx) }); err != nil {
		return err
	}
	return os.Rename(unfinished.File, p.File)
}

// Required is the version of a module that a go.mod requires, for example v1.36.2.
func Required(gomod, module string) (string, error) {
	data, err := os.ReadFile(gomod)
	if err != nil {
		return "", fmt.Errorf("read the pinned version: %w", err)
	}
	f, err := modfile.ParseLax(gomod, data, nil)
	if err != nil {
		return "", fmt.Errorf("read the pinned version: %w", err)
	}
	for _, r := range f.Require {
		if r.Mod.Path == module {
			return r.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", gomod, module)
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
