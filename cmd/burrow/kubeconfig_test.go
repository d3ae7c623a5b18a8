//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pulumi puts a command of that name on PATH, which notes its arguments.
func pulumi(t *testing.T, does string) (args func() string) {
	t.Helper()
	dir := t.TempDir()
	noted := filepath.Join(dir, "args")
	script := "#!/bin/sh\necho \"$@\" > " + noted + "\n" + does + "\n"
	if err := os.WriteFile(filepath.Join(dir, "pulumi"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	return func() string {
		text, _ := os.ReadFile(noted)
		return strings.TrimSpace(string(text))
	}
}

func TestKubeconfigOfStack(t *testing.T) {
	const config = `{"apiVersion":"v1","kind":"Config","clusters":[{"name":"relay","cluster":{"server":"https://127.0.0.1:28876"}}]}`
	args := pulumi(t, "echo '"+config+"'")
	var out bytes.Buffer
	if err := runKubeconfig(&out, []string{"eks", "-stack", "prod"}); err != nil || strings.TrimSpace(out.String()) != config {
		t.Errorf("printed %q: %v", out.String(), err)
	}
	if want := "stack output eksKubeconfig --show-secrets --non-interactive --stack prod"; args() != want {
		t.Errorf("asked %q, want %q", args(), want)
	}
	file := filepath.Join(t.TempDir(), "aks.kubeconfig")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := runKubeconfig(&out, []string{"aks", "-o", file}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	about, _ := os.Stat(file)
	if err != nil || strings.TrimSpace(string(text)) != config || about.Mode().Perm() != 0o600 {
		t.Errorf("wrote %q with mode %v: %v", text, about.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".kubeconfig-*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestNoKubeconfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		does string
		args []string
		code int
		want string
	}{
		"no such cluster":  {"echo '{}'", []string{"gke"}, 2, "eks or aks"},
		"no stack":         {"echo 'error: no stack selected' >&2; exit 255", []string{"eks", "-o", file}, 1, "no stack selected"},
		"another output":   {"echo 'server: [hunter2'", []string{"eks", "-o", file}, 1, "no kubeconfig"},
		"a word too many":  {"echo '{}'", []string{"eks", "now"}, 2, "unexpected"},
		"a folder missing": {"echo '{}'", []string{"eks", "-o", "/nowhere/at/all"}, 1, "write the kubeconfig"},
	} {
		t.Run(name, func(t *testing.T) {
			pulumi(t, c.does)
			err := runKubeconfig(new(bytes.Buffer), c.args)
			if err == nil || exitCode(err) != c.code || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want %q and code %d", err, c.want, c.code)
			}
		})
	}
	t.Setenv("PATH", t.TempDir())
	if err := runKubeconfig(new(bytes.Buffer), []string{"eks"}); err == nil || !strings.Contains(err.Error(), "not on PATH") {
		t.Errorf("without Pulumi: %v", err)
	}
	if text, _ := os.ReadFile(file); string(text) != "kept" {
		t.Errorf("a failure changed the file: %q", text)
	}
}
