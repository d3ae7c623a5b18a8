package local

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	"golang.org/x/mod/semver"
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
	return path, buildEngine(ctx, o, version, path)
}

// engineVersion is the version pinned, for example v3.209.0.
func engineVersion(module string) (string, error) {
	return requiredVersion(filepath.Join(module, "go.mod"), engineModule)
}

// buildEngine builds the pinned engine unless it is there. Processes take turns,
// so that it is built once.
func buildEngine(ctx context.Context, o EngineOptions, version, path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make room for the engine: %w", err)
	}
	turn := flock.New(path + ".lock")
	if err := turn.Lock(); err != nil {
		return fmt.Errorf("wait for another build of the engine: %w", err)
	}
	defer turn.Close()
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	unfinished := path + ".new"
	err := withProgress(o.Notices, "building the Pulumi engine "+version,
		"the first time only; about 2 minutes with 2 cores", func() error {
			return goBuild(ctx, o.Module, unfinished, engineProgram, fmt.Sprintf("-X %s=%s", engineVersionVar, version))
		})
	if err != nil {
		return err
	}
	return os.Rename(unfinished, path)
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
