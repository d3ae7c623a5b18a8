package local

import (
	"context"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const trackedConfig = `# What the user wrote, with comments.
config:
  tiny:greeting: good day # politely
`

// Whatever is done in the world, the tracked files stay as the user wrote them:
// plain pulumi would have written a salt and, with --remove, removed the file.
func TestConfigUntouched(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	p.write(t, "Pulumi.dev.yaml", trackedConfig)
	p.write(t, ".gitignore", "/.burrow/\n")
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
		cmd.Dir = p.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "--message", "as the user wrote it")
	for _, args := range [][]string{
		{"preview"},
		{"up"},
		{"config"},
		{"stack", "output", "--show-secrets"},
		{"stack", "history", "--show-secrets"},
		{"refresh"},
		{"up", "--config-file", p.dir + "/Pulumi.dev.yaml"},
		{"destroy", "--remove"},
		{"up"},
		{"destroy"},
		{"stack", "rm"},
	} {
		p.mustRun(t, args...)
		if changed := git("status", "--porcelain"); changed != "" {
			t.Fatalf("pulumi %q changed what git tracks:\n%s", args, changed)
		}
	}
}

// config set does what it does with plain pulumi, and no more than that.
func TestConfigSet(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	p.write(t, "Pulumi.dev.yaml", trackedConfig)
	p.mustRun(t, "config", "set", "greeting", "good night")
	want := strings.Replace(trackedConfig, "good day", "good night", 1)
	if got := p.read(t, "Pulumi.dev.yaml"); got != want {
		t.Errorf("after config set the file is\n%s\nwant\n%s", got, want)
	}
	if got := strings.TrimSpace(p.mustRun(t, "config", "get", "greeting")); got != "good night" {
		t.Errorf("config get says %q", got)
	}
	err := p.Run(context.Background(), io.Discard, "config", "set", "--secret", "token", "x")
	if err == nil || !strings.Contains(err.Error(), "cannot encrypt") {
		t.Errorf("config set --secret: got %v, want a refusal", err)
	}
}

// What a real stack's provider has encrypted stays out of the world, and is named.
func TestConfigOfRealStack(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	tracked := "encryptionsalt: v1:ours:v1:not=\nsecretsprovider: awskms://alias/real\n" + trackedConfig +
		"  tiny:token:\n    secure: v1:cipher\n  tiny:deep:\n    list:\n      - key: {secure: v1:cipher}\n        plain: 1\n"
	p.write(t, "Pulumi.dev.yaml", tracked)
	out := p.mustRun(t, "up")
	if !strings.Contains(out, "good day") {
		t.Errorf("the plain setting did not reach the program:\n%s", out)
	}
	for _, key := range []string{"tiny:token", "tiny:deep.list.key"} {
		if !strings.Contains(p.notices.String(), key) {
			t.Errorf("it did not say that it left out %s:\n%s", key, p.notices)
		}
	}
	if p.read(t, "Pulumi.dev.yaml") != tracked {
		t.Error("the tracked file has changed")
	}
}
