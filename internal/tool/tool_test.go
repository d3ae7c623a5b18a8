package tool

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		script string // "" for no command
		words  string // of the error, "" for none
	}{
		"this one":        {"echo " + Version(), ""},
		"a newer one":     {"echo burrow protocol 99", ""},
		"none":            {"", "not on PATH"},
		"an older one":    {"echo burrow protocol 0", "too old"},
		"another command": {"echo usage: burrow FILE", "another command"},
		"one that fails":  {"exit 2", "burrow version fails"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if c.script != "" {
				if err := os.WriteFile(filepath.Join(dir, "burrow"), []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", dir)
			err := Check(context.Background())
			switch {
			case c.words == "" && err != nil:
				t.Error(err)
			case c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), "remedy:")):
				t.Errorf("got %v, want %q and a remedy", err, c.words)
			}
		})
	}
}
