package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gofrs/flock"
	"gopkg.in/yaml.v3"

	"burrow/internal/gobuild"
)

// project is what the runner needs of a Pulumi.yaml.
type project struct {
	Name    string      `yaml:"name"`
	Main    string      `yaml:"main"` // folder of the program, relative to the project
	Runtime runtimeInfo `yaml:"runtime"`

	dir string
}

// runtimeInfo is a runtime's name alone, or with options.
type runtimeInfo struct {
	Name    string `yaml:"name"`
	Options struct {
		// Binary is a built program, BuildTarget where to build it.
		Binary      string `yaml:"binary"`
		BuildTarget string `yaml:"buildTarget"`
	} `yaml:"options"`
}

func (r *runtimeInfo) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&r.Name)
	}
	type plain runtimeInfo // without this method
	return n.Decode((*plain)(r))
}

// readProject reads the Pulumi.yaml of a folder.
func readProject(dir string) (*project, error) {
	data, err := os.ReadFile(filepath.Join(dir, "Pulumi.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read the project: %w", err)
	}
	p := &project{dir: dir}
	if err := yaml.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("read the project: Pulumi.yaml: %w", err)
	}
	if p.Name == "" || p.Runtime.Name != "go" {
		return nil, fmt.Errorf("read the project: Pulumi.yaml must have a name and the runtime go, has %q and %q",
			p.Name, p.Runtime.Name)
	}
	return p, nil
}

// Build builds the engine and the program where they are not built yet, and
// returns the program's path.
func (w *World) Build(ctx context.Context) (program string, err error) {
	o := w.options
	if _, err := Engine(ctx, EngineOptions{Module: o.Module, Bin: o.Bin, Notices: o.Notices}); err != nil {
		return "", err
	}
	return w.program(ctx)
}

// program returns the path of the project's built program. It builds unless a
// binary is given, by the world's options or the project's.
func (w *World) program(ctx context.Context) (string, error) {
	if w.options.Program != "" {
		path, err := exec.LookPath(w.options.Program)
		if err != nil {
			return "", fmt.Errorf("find the built program that %s names: %w", ProgramEnv, err)
		}
		return path, nil
	}
	options := w.project.Runtime.Options
	if options.Binary != "" {
		return findBinary(w.project.dir, options.Binary)
	}
	target := filepath.Join(w.options.Bin, w.project.Name)
	if options.BuildTarget != "" {
		target = inside(w.project.dir, options.BuildTarget)
	}
	return target, w.buildProgram(ctx, target)
}

// buildProgram builds the project's program, one process at a time.
func (w *World) buildProgram(ctx context.Context, target string) error {
	if err := os.MkdirAll(w.options.Bin, 0o755); err != nil {
		return fmt.Errorf("make room for the program: %w", err)
	}
	turn := flock.New(filepath.Join(w.options.Bin, w.project.Name+".lock"))
	if err := turn.Lock(); err != nil {
		return fmt.Errorf("wait for another build of the program: %w", err)
	}
	defer turn.Close()
	dir := inside(w.project.dir, w.project.Main)
	sources, err := sourceStamp(dir, target)
	if err != nil || sources.built(target) {
		return err
	}
	err = withProgress(w.options.Notices, "building the program",
		"the first time it compiles the clouds' SDKs: about 6 minutes and 6 GB with 2 cores", func() error {
			return gobuild.Program{Dir: dir, Package: ".", File: target}.Build(ctx)
		})
	if err != nil {
		return err
	}
	return sources.keep(target)
}

// findBinary finds a program in the project, else on PATH.
func findBinary(dir, binary string) (string, error) {
	if path := inside(dir, binary); isFile(path) {
		return path, nil
	}
	path, err := exec.LookPath(binary)
	if err != nil {
		return "", fmt.Errorf("find the program %s that Pulumi.yaml names: %w", binary, err)
	}
	return path, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// inside is the path seen from dir, unless it is absolute.
func inside(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
