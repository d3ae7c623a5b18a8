package kubetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"

	"burrow/internal/gobuild"
)

// kubernetes is the module whose version the servers have.
const kubernetes = "k8s.io/kubernetes"

// A source is the module of the servers.
type source struct {
	dir     string
	version string // of Kubernetes, for example v1.36.2
	program string // where it is built to: another source is another file
}

// findSource reads the module of the servers of the Burrow that the working directory is in.
func findSource() (source, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return source{}, fmt.Errorf("find the module: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(out)))
	s := source{dir: filepath.Join(root, "internal", "kubetest", "servers")}
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil {
		return source{}, err
	}
	hash := sha256.New()
	for _, file := range files { // Glob sorts them
		text, err := os.ReadFile(file)
		if err != nil {
			return source{}, fmt.Errorf("read the servers' source: %w", err)
		}
		fmt.Fprintf(hash, "%s %d\n%s", filepath.Base(file), len(text), text)
	}
	if s.version, err = gobuild.Required(filepath.Join(s.dir, "go.mod"), kubernetes); err != nil {
		return source{}, err
	}
	s.program = filepath.Join(root, ".burrow", "bin", fmt.Sprintf("kube-%s-%.12x", s.version, hash.Sum(nil)), "servers")
	return s, nil
}

// Build builds the servers, unless this source is built already, and returns the program's
// path. It takes some five minutes of CPU the first time.
func Build(ctx context.Context) (string, error) {
	s, err := findSource()
	if err != nil {
		return "", err
	}
	major, minor, _ := strings.Cut(strings.TrimPrefix(semver.MajorMinor(s.version), "v"), ".")
	const version = "k8s.io/component-base/version"
	servers := gobuild.Program{Dir: s.dir, Package: ".", File: s.program, Linker: []string{
		"-X " + version + ".gitVersion=" + s.version, "-X " + version + ".gitMajor=" + major, "-X " + version + ".gitMinor=" + minor,
	}}
	if err := servers.Keep(ctx, nil); err != nil {
		return "", err
	}
	// What earlier sources were built to is of no use any more.
	old, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(s.program)), "kube-*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if dir != filepath.Dir(s.program) {
			if err := os.RemoveAll(dir); err != nil {
				return "", err
			}
		}
	}
	return s.program, nil
}
