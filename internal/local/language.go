package local

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/local/langhost"
)

// languageHost serves our language host and returns its port, or 0 when the
// engine has a real one. A given program is run by ours, since the real one
// would build the project. What was built for this run is not built again.
func (w *World) languageHost(engine, built string, env []string) (int, func(), error) {
	if w.options.Program == "" && realLanguageHost(engine) {
		return 0, func() {}, nil
	}
	version, err := engineVersion(w.options.Module)
	if err != nil {
		return 0, nil, err
	}
	return langhost.Serve(langhost.Options{
		Program: func(ctx context.Context, _ *pulumirpc.ProgramInfo) (string, error) {
			if built != "" {
				return built, nil
			}
			return w.program(ctx)
		},
		Env:     env,
		Version: strings.TrimPrefix(version, "v"),
	})
}

// realLanguageHost reports whether the engine can start a Go language host: it
// looks on PATH and beside itself, where a Pulumi installation has it.
func realLanguageHost(engine string) bool {
	const name = "pulumi-language-go"
	if _, err := exec.LookPath(name); err == nil {
		return true
	}
	real, err := filepath.EvalSymlinks(engine)
	return err == nil && isFile(filepath.Join(filepath.Dir(real), name))
}
