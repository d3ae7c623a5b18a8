package langhost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/mod/modfile"
	"google.golang.org/grpc"
)

// About reports the Go toolchain.
func (h *Host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("find the Go toolchain: %w", err)
	}
	version, err := exec.CommandContext(ctx, path, "env", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("ask for Go's version: %w", err)
	}
	return &pulumirpc.AboutResponse{Executable: path, Version: strings.TrimSpace(string(version))}, nil
}

// GetProgramDependencies lists the modules that the program's go.mod requires.
func (h *Host) GetProgramDependencies(
	_ context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	mod, err := readModule(req.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	found := &pulumirpc.GetProgramDependenciesResponse{}
	for _, r := range mod.Require {
		if r.Indirect && !req.GetTransitiveDependencies() {
			continue
		}
		found.Dependencies = append(found.Dependencies,
			&pulumirpc.DependencyInfo{Name: r.Mod.Path, Version: r.Mod.Version})
	}
	return found, nil
}

// readModule reads the go.mod of the folder or of the nearest one above it.
func readModule(dir string) (*modfile.File, error) {
	for {
		path := filepath.Join(dir, "go.mod")
		data, err := os.ReadFile(path)
		if err == nil {
			return modfile.Parse(path, data, nil)
		}
		above := filepath.Dir(dir)
		if !os.IsNotExist(err) || above == dir {
			return nil, fmt.Errorf("find the program's module: %w", err)
		}
		dir = above
	}
}

// InstallDependencies downloads the program's modules.
func (h *Host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest,
	stream grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	say := func(text []byte) error {
		return stream.Send(&pulumirpc.InstallDependenciesResponse{Stdout: text})
	}
	if err := say([]byte("Downloading the program's Go modules…\n")); err != nil {
		return err
	}
	cmd := exec.CommandContext(stream.Context(), "go", "mod", "download")
	cmd.Dir = req.GetInfo().GetProgramDirectory()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("download the program's modules: %w\n%s", err, out)
	}
	return say([]byte("Done: go build compiles them when the program runs.\n"))
}
