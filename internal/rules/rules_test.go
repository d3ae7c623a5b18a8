package rules

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	root     = "../.."
	pagePath = root + "/docs/rules.md"
)

var update = flag.Bool("update", false, "write docs/rules.md")

// Each id that the repository names is declared, and each that is declared is
// named outside the catalogue and its page.
func TestUsed(t *testing.T) {
	unused := map[ID]bool{}
	for _, r := range All() {
		unused[r.ID] = true
	}
	declared := len(unused)
	named := map[ID]bool{}
	for path, text := range sources(t) {
		for _, id := range namedIn(text) {
			if id.Family() == "TOY" && strings.HasSuffix(path, "_test.go") {
				continue // a toy cloud's, for the tests of the emulator itself
			}
			if _, found := Find(id); !found {
				t.Errorf("%s names %s, which the catalogue does not have", path, id)
			}
			delete(unused, id)
			named[id] = true
		}
	}
	for id := range unused {
		t.Errorf("nothing names %s", id)
	}
	t.Logf("%d ids declared, %d used", declared, len(named))
}

// namedIn is what a text names, ranges spelled out.
func namedIn(text string) []ID {
	ids := Mentioned(text)
	for _, m := range rangeForm.FindAllStringSubmatch(text, -1) {
		first, _ := strconv.Atoi(m[2]) // the pattern takes digits only
		last, _ := strconv.Atoi(m[4])
		if m[1] != m[3] {
			continue
		}
		for n := first; n <= last; n++ {
			ids = append(ids, ID(fmt.Sprintf("%s-%0*d", m[1], len(m[2]), n)))
		}
	}
	return ids
}

// apart is what names ids and is no use of them.
var apart = []string{root + "/.git", root + "/.burrow", root + "/go.sum", root + "/internal/rules", pagePath}

// sources are the texts of the repository by path, without the catalogue.
func sources(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(apart, filepath.ToSlash(path)) && d.IsDir():
			return filepath.SkipDir
		case slices.Contains(apart, filepath.ToSlash(path)) || !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && utf8.Valid(text) {
			texts[path] = string(text)
		}
		return err
	})
	if err != nil || len(texts) < 100 {
		t.Fatalf("read the repository: %d files, %v", len(texts), err)
	}
	return texts
}

func TestCatalogue(t *testing.T) {
	seen := map[ID]bool{}
	month := regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])$`)
	for _, r := range All() {
		if seen[r.ID] {
			t.Errorf("%s is declared twice", r.ID)
		}
		seen[r.ID] = true
		if len(Mentioned(string(r.ID))) != 1 {
			t.Errorf("%q does not have the form of an id", r.ID)
		}
		if !strings.HasSuffix(r.Says, ".") && !strings.HasSuffix(r.Says, ")") || strings.ContainsAny(r.Says, "\n|") {
			t.Errorf("%s says %q: one sentence, in one line", r.ID, r.Says)
		}
		if r.Source == "" || strings.ContainsAny(r.Source, "\n|") {
			t.Errorf("%s has the source %q", r.ID, r.Source)
		}
		if !slices.Contains([]Evidence{Seen, Documented, Unverified}, r.Evidence) || !month.MatchString(r.Checked) {
			t.Errorf("%s: evidence %q, checked %q", r.ID, r.Evidence, r.Checked)
		}
		for _, id := range namedIn(r.Source) {
			if _, found := Find(id); !found {
				t.Errorf("%s follows from %s, which the catalogue does not have", r.ID, id)
			}
		}
	}
}

func TestMentioned(t *testing.T) {
	for text, want := range map[string][]ID{
		"no vpn (AVC-12, XV-07; see AVC-12)":             {"AVC-12", "XV-07", "AVC-12"},
		"AES-256, SHA2-384 or GCM-16 at [A-Z0-9]; TAG-5": {"TAG-5"},
		"eu-west-2, us-east-1, sg-123, RFC 1918, R53-25": {"R53-25"},
		"AES256-GCM-16":                 {},
		"K8S-01 of this, not XK8S-0123": {"K8S-01"},
	} {
		if got := Mentioned(text); !slices.Equal(got, want) {
			t.Errorf("%q names %v, want %v", text, got, want)
		}
	}
	if got := Repeated("AVC-12: no (AVC-12; XV-07, AVC-12)"); !slices.Equal(got, []ID{"AVC-12"}) {
		t.Errorf("repeated: %v", got)
	}
	if got := namedIn("by XV-09 to XV-11"); !slices.Equal(got, []ID{"XV-09", "XV-11", "XV-09", "XV-10", "XV-11"}) {
		t.Errorf("a range: %v", got)
	}
}

// docs/rules.md is the catalogue, for who reads it without the tool.
func TestPage(t *testing.T) {
	want := page()
	if *update {
		if err := os.WriteFile(pagePath, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(pagePath); err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/rules.md is not the catalogue (%v); write it: go test ./internal/rules -run TestPage -update", err)
	}
}

func page() []byte {
	var b bytes.Buffer
	all := All()
	count := map[Evidence]int{}
	for _, r := range all {
		count[r.Evidence]++
	}
	fmt.Fprintf(&b, `# The rules

What the real clouds, their providers and the engine enforce, as far as Burrow works by it: %d rules.
Code, comments and messages name a rule by its id. `+"`burrow rule AVC-12`"+` prints one, `+"`burrow rule AVC`"+` a family.

* **seen** (%d): an error, a source file or an API model shows it.
* **documented** (%d): the vendor says so; what exactly happens is not known.
* **unverified** (%d): from memory or by analogy, or sources disagree.

Sources are pages, issues (`+"`owner/repository#number`"+`) and files of public repositories; the month is
when they were last read. This page is written from `+"`internal/rules`"+`:
`+"`go test ./internal/rules -run TestPage -update`"+`.
`, len(all), count[Seen], count[Documented], count[Unverified])
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n| id | rule | known | source | checked |\n|---|---|---|---|---|\n", g.Title)
		for _, r := range g.Rules {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.ID, r.Says, r.Evidence, r.Source, r.Checked)
		}
	}
	return b.Bytes()
}
