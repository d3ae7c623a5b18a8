package local

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"

	"burrow/internal/gobuild"
)

const (
	engineModule  = "github.com/pulumi/pulumi/pkg/v3"
	engineProgram = engineModule + "/cmd/pulumi"
	// Without a version the CLI calls itself a development build, which the
	// Automation API and version checks of programs refuse.
	engineVersionVar = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
	// leastEngine is the oldest CLI that the tests have passed with.
	leastEngine = "v3.200.0"
)

// EngineOptions say where an engine comes from.
type EngineOptions struct {
	Module  string    // root of Burrow's module
	Bin     string    // where a built engine is kept
	Notices io.Writer // told of a build
}

// Engine returns the path of a Pulumi CLI: the one on PATH if it is recent
// enough, else the one that go.mod pins, which it builds the first time.
func Engine(ctx context.Context, o EngineOptions) (string, error) {
	version, err := engineVersion(o.Module)
	if err != nil {
		return "", err
	}
	if path := installed(ctx, leastEngine); path != "" {
		return path, nil
	}
	path := filepath.Join(o.Bin, "pulumi-"+version, "pulumi")
	engine := gobuild.Program{
		Dir: o.Module, Package: engineProgram, File: path, Linker: []string{fmt.Sprintf("-X %s=%s", engineVersionVar, version)},
	}
	return path, engine.Keep(ctx, func(build func() error) error {
		return withProgress(o.Notices, "building the Pulumi engine "+version, "the first time only; about 2 minutes with 2 cores", build)
	})
}

// engineVersion is the version pinned, for example v3.209.0.
func engineVersion(module string) (string, error) {
	return gobuild.Required(filepath.Join(module, "go.mod"), engineModule)
}

// installed is the CLI on PATH, or "" when there is none or it is older than
// least or of another major version.
func installed(ctx context.Context, least string) string {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return ""
	}
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil || !recent(strings.TrimSpace(string(out)), least) {
		return ""
	}
	return path
}

// recent reports whether a version is at least as new as least and of the same
// major version.
func recent(version, least string) bool {
	if !strings.HasPrefix(version, "v") {
		version = "v" + version
	}
	return semver.IsValid(version) && semver.Major(version) == semver.Major(least) &&
		semver.Compare(version, least) >= 0
}
