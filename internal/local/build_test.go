package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program without a binary of its own is built from the project's folder, or
// the one that main names, to where the project wants it.
func TestProgramBuilt(t *testing.T) {
	t.Setenv(ProgramEnv, "")
	const source = "package main\n\nfunc main() { println(\"built\") }\n"
	for name, c := range map[string]struct{ yaml, in, at string }{
		"plain":       {"runtime: go\n", ".", "bin/tiny"},
		"main":        {"runtime: go\nmain: sub\n", "sub", "bin/tiny"},
		"buildTarget": {"runtime:\n  name: go\n  options:\n    buildTarget: out/it\n", ".", "out/it"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{
				"Pulumi.yaml": "name: tiny\n" + c.yaml, "go.mod": "module tiny\n\ngo 1.26\n",
				filepath.Join(c.in, "main.go"): source,
			}
			for file, text := range files {
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			w, err := New(Options{Dir: dir, Bin: filepath.Join(dir, "bin"), Notices: &bytes.Buffer{}})
			if err != nil {
				t.Fatal(err)
			}
			path, err := w.program(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(dir, c.at); path != want {
				t.Errorf("built %s, want %s", path, want)
			}
			if out, err := exec.Command(path).CombinedOutput(); err != nil || string(out) != "built\n" {
				t.Errorf("the program says %q, %v", out, err)
			}
		})
	}
}

// A program is built again when its sources have changed or the file is gone, and not
// otherwise: not because what was built lies among the sources. One source is a link to
// where only the go command looks.
func TestProgramBuiltOnce(t *testing.T) {
	t.Setenv(ProgramEnv, "")
	for name, c := range map[string]struct{ yaml, at string }{
		"apart":             {"runtime: go\n", ".bin/tiny"},
		"among the sources": {"runtime:\n  name: go\n  options:\n    buildTarget: out/tiny\n", "out/tiny"},
	} {
		t.Run(name, func(t *testing.T) { builtOnce(t, c.yaml, c.at) })
	}
}

func builtOnce(t *testing.T, yaml, at string) {
	dir := t.TempDir()
	write := func(file, text string) {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says := func() string {
		w, err := New(Options{Dir: dir, Bin: filepath.Join(dir, ".bin"), Notices: &bytes.Buffer{}})
		if err != nil {
			t.Fatal(err)
		}
		path, err := w.program(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(path).CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, ".src"), 0o700),
		os.Symlink(filepath.Join(".src", "main.go"), filepath.Join(dir, "main.go"))); err != nil {
		t.Fatal(err)
	}
	write("Pulumi.yaml", "name: tiny\n"+yaml)
	write("go.mod", "module tiny\n\ngo 1.26\n")
	write(".src/main.go", "package main\n\nfunc main() { println(\"one\") }\n")
	if got := says(); got != "one" {
		t.Fatalf("it says %q", got)
	}
	write(".src/main.go", "package main\n\nfunc main() { println(\"another\") }\n")
	if got := says(); got != "another" {
		t.Errorf("with other sources it says %q", got)
	}
	// The go command would put the time of the file forward.
	program := filepath.Join(dir, at)
	before, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if got := says(); got != "another" {
		t.Errorf("unchanged it says %q", got)
	}
	if after, err := os.Stat(program); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("unchanged it was built again: %v", err)
	}
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if got := says(); got != "another" {
		t.Errorf("without its file it says %q", got)
	}
}

// A program that does not compile is refused with the compiler's words.
func TestProgramBroken(t *testing.T) {
	t.Setenv(ProgramEnv, "")
	dir := t.TempDir()
	for file, text := range map[string]string{
		"Pulumi.yaml": "name: tiny\nruntime: go\n", "go.mod": "module tiny\n", "main.go": "package main\n\nfunc main() { no }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w, err := New(Options{Dir: dir, Notices: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.program(context.Background()); err == nil || !strings.Contains(err.Error(), "undefined: no") {
		t.Errorf("got %v, want the compiler's complaint", err)
	}
}

func TestRecent(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"v3.200.0": true, "3.200.1": true, "v3.265.0": true, "v3.199.9": false, "v4.0.0": false,
		"v3.200.0-alpha": false, "v3.200.0-dev.0": false, "": false, "garbage": false,
	} {
		if got := recent(version, "v3.200.0"); got != want {
			t.Errorf("recent(%q) = %t, want %t", version, got, want)
		}
	}
}

// The engine is pinned, and the SDK that everything is compiled with is of its
// version: another one does not fit its sources.
func TestEngineVersion(t *testing.T) {
	t.Parallel()
	module, err := findModule(".")
	if err != nil {
		t.Fatal(err)
	}
	version, err := engineVersion(module)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Replace.Version}}", "github.com/pulumi/pulumi/sdk/v3").Output()
	if sdk := strings.TrimSpace(string(out)); err != nil || sdk != version {
		t.Errorf("the SDK is %q, %v; the engine %s", sdk, err, version)
	}
}
