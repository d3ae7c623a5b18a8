//go:build unix

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/local"
)

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("something"), 1},
		{run([]string{"no-such"}), 2},
		{run([]string{"rule", "avc-99"}), 2},
		{run([]string{"local", "--no-such", "up"}), 2},
		{run([]string{"local", "--quota", "vpcs=-1", "up"}), 2},
		{run([]string{"local", "status", "now"}), 2},
		{run([]string{"local", "up", "--quota", "vpcs=9"}), 2},
		{run([]string{"local", "preview", "--emulate=aws"}), 2},
		{run([]string{"local", "--emulate", "no-such", "up"}), 1},
		{run([]string{"local", "--emulate", "eks", "up"}), 1},
		{fmt.Errorf("run: %w", &local.ExitError{Code: 255}), 255},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("exit code of %v is %d, want %d", c.err, got, c.want)
		}
	}
}

// Flags before the command are Burrow's, everything from the command on is the
// CLI's.
func TestLocalFlags(t *testing.T) {
	f := newLocalFlags()
	args := "--emulate aws,random --as arn:aws:iam::123456789012:role/a -quota vpcs=9 --quota eips=7 up --diff -s x --emulate y"
	if err := f.Parse(strings.Fields(args)); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(f.Args(), " "), "up --diff -s x --emulate y"; got != want {
		t.Errorf("the CLI gets %q, want %q", got, want)
	}
	if want := []string{"aws", "random"}; !slices.Equal(f.options.Emulate, want) {
		t.Errorf("emulated: %q, want %q", f.options.Emulate, want)
	}
	if want := (map[string]int{"vpcs": 9, "eips": 7}); !maps.Equal(f.options.Quotas, want) {
		t.Errorf("quotas: %v, want %v", f.options.Quotas, want)
	}
	if f.options.As != "arn:aws:iam::123456789012:role/a" {
		t.Errorf("as: %q", f.options.As)
	}
}

// A slip of order is answered with the right one.
func TestUsageErrors(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"up", "burrow local up"},
		{"--version", "no flag --version"},
		{"local up --quota=vpcs=9", "burrow local --quota … up"},
		{"local --dir /nowhere/to/be/found up -- --quota", "find the project"},
	} {
		err := run(strings.Fields(c.args))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("burrow %s: %v, want %q", c.args, err, c.want)
		}
	}
}

func TestRule(t *testing.T) {
	for args, want := range map[string][]string{
		"":              {"AVC-12", "TLS-22", "Route 53"},
		"avc-12":        {"AVC-12", "sharedKey", "source:", "seen", "checked: 2026-"},
		"XV":            {"XV-01", "XV-10"},
		"AVC-12 EKS-02": {"AVC-12", "EKS-02"},
	} {
		var out strings.Builder
		if err := runRule(&out, strings.Fields(args)); err != nil {
			t.Fatalf("burrow rule %s: %v", args, err)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("burrow rule %s does not print %q:\n%s", args, w, out.String())
			}
		}
	}
	var out strings.Builder
	if err := runRule(&out, []string{"no-such", "AVC-12"}); err == nil || !strings.Contains(err.Error(), "NO-SUCH") || !strings.Contains(out.String(), "AVC-12") {
		t.Errorf("an id that does not exist: %v, beside %q", err, out.String())
	}
}
