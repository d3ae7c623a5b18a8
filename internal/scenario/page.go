package scenario

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"burrow/internal/local"
)

var update = flag.Bool("update", false, "write the pages that tests compare")

// ModesPage has tables that tests write, each below its mark and up to the next.
const (
	ModesPage    = "docs/modes.md"
	ModesMark    = "<!-- up to the next mark: go test ./internal/scenario/modes -run TestModesPage -update -->\n"
	SwitchesMark = "<!-- from here on: go test ./internal/scenario/switches -run TestSwitchesPage -update -->\n"
)

// ComparePage demands that a page of the project has the text below the mark, or
// writes it with -update.
func ComparePage(t *testing.T, page, mark, want string) {
	t.Helper()
	root, err := local.FindProject(".")
	if err != nil {
		t.Fatal(err)
	}
	page = filepath.Join(root, page)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, below, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("%s has no %q", page, mark)
	}
	after := ""
	if next := strings.Index(below, "\n<!-- "); next >= 0 {
		below, after = below[:next+1], below[next+1:]
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+mark+want+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if below != want {
		t.Errorf("%s is out of date below %q", page, strings.TrimSpace(mark))
	}
}
