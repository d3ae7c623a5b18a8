package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"burrow/internal/inventory"
	"burrow/internal/local"
)

// namesFolder holds what the resources and outputs of estates are called. Who
// changes a name there replaces that resource in every estate that lives, or
// makes a second one: the 45-minute gateway included.
const namesFolder = "internal/scenario/testdata/names"

// engineUnknown is how a preview shows a string that only the cloud can give.
const engineUnknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// DefaultNames is the estate that the files of the modes differ from.
const DefaultNames = "default"

// ProveNamesOf demands that what is written down belongs to one of the modes.
func ProveNamesOf(t *testing.T, modes []string) {
	t.Helper()
	written, err := filepath.Glob(namesFile(t, "*"))
	if err != nil || len(written) < 2 {
		t.Fatalf("only %d files of names: %v", len(written), err)
	}
	for _, file := range written {
		if !slices.ContainsFunc(modes, func(mode string) bool { return namesFile(t, mode) == file }) {
			t.Errorf("%s belongs to no mode", file)
		}
	}
}

// names are the physical names of a stack's resources, by URN, and its outputs.
type names map[string]string

// ProveNames demands that the stack, which is up, has the names that are written
// down for the mode. -update writes them, for the default estate before others.
func (s *Stack) ProveNames(mode string) {
	s.t.Helper()
	got := names{}
	for _, r := range s.State() {
		got.add(r)
	}
	got.prove(s.t, mode)
}

// ProvePlannedNames is [Stack.ProveNames] for a stack that does not exist yet:
// the names that its first preview shows. What the preview cannot know is not
// compared, and neither are the stack's outputs.
func (s *Stack) ProvePlannedNames(mode string) {
	s.t.Helper()
	got := names{}
	for _, step := range s.Preview() {
		if step.NewState == nil {
			s.t.Fatalf("the preview does not show what it wants to %s: %s", step.Op, step.URN)
		}
		got.add(*step.NewState)
	}
	got.prove(s.t, mode)
}

// add notes a resource, or the outputs of a stack.
func (n names) add(r apitype.ResourceV3) {
	urn := string(r.URN)
	switch {
	case r.Type == "pulumi:pulumi:Stack":
		for output := range r.Outputs {
			n["output "+output] = ""
		}
	case len(Managed(map[string]apitype.ResourceV3{urn: r})) > 0:
		// Without stack and project, which are the user's to name.
		n[strings.SplitN(urn, "::", 3)[2]] = strings.Join(physicalNames(r), " ")
	}
}

// nameProperty are the inputs by which clouds know things.
var nameProperty = regexp.MustCompile(`^(name|bucket|.*[a-z]Name)$`)

func physicalNames(r apitype.ResourceV3) []string {
	inputs := map[string]any{}
	for _, path := range []string{"tags.Name", "metadata.name", "metadata.namespace"} {
		inputs[path] = inventory.Props(r.Inputs).Str(path)
	}
	for key, v := range r.Inputs {
		if nameProperty.MatchString(key) {
			inputs[key] = v
		}
	}
	given, _ := r.Inputs["__defaults"].([]any)
	var list []string
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		switch text, _ := inputs[key].(string); {
		case text == "":
		case slices.Contains(given, any(key)):
			list = append(list, key+"=(the provider's)")
		default:
			list = append(list, key+"="+text)
		}
	}
	return list
}

func (n names) prove(t *testing.T, mode string) {
	t.Helper()
	want := names{}
	if mode != DefaultNames {
		want.read(t, DefaultNames)
	}
	if *update {
		n.write(t, mode, want)
		return
	}
	want.read(t, mode)
	if len(want) < 100 {
		t.Fatalf("only %d names are written down for %s", len(want), mode)
	}
	for _, what := range n.changed(want) {
		t.Errorf("%s: %s. If living estates may have that, write it down with -update and say in the commit what it does to them", mode, what)
	}
}

// changed says how the names differ from those that are written down.
func (n names) changed(was names) (list []string) {
	for _, urn := range slices.Sorted(maps.Keys(was)) {
		now, found := n[urn]
		planned := strings.Contains(now, engineUnknown) || !n.up() && strings.HasPrefix(urn, "output ")
		switch {
		case !found && !planned:
			list = append(list, urn+" is gone")
		case now != was[urn] && !planned:
			list = append(list, fmt.Sprintf("%s was named %q and is named %q", urn, was[urn], now))
		}
	}
	for _, urn := range slices.Sorted(maps.Keys(n)) {
		if _, found := was[urn]; !found {
			list = append(list, urn+" is new")
		}
	}
	return list
}

// up says whether the names are those of a stack that has its outputs.
func (n names) up() bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(n)), func(urn string) bool { return strings.HasPrefix(urn, "output ") })
}

// read changes the names by what is written down for a mode: lines that begin
// with "- " take one away, others add or change one. A mode that changes no name
// has no file.
func (n names) read(t *testing.T, mode string) {
	t.Helper()
	text, err := os.ReadFile(namesFile(t, mode))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if gone, found := strings.CutPrefix(line, "- "); found {
			delete(n, gone)
			continue
		}
		urn, physical, _ := strings.Cut(line, " = ")
		n[urn] = physical
	}
}

// write writes down how the names differ from a base.
func (n names) write(t *testing.T, mode string, base names) {
	t.Helper()
	var lines []string
	for urn := range base {
		if _, found := n[urn]; !found && (n.up() || !strings.HasPrefix(urn, "output ")) {
			lines = append(lines, "- "+urn)
		}
	}
	for urn, physical := range n {
		if was, found := base[urn]; found && (was == physical || strings.Contains(physical, engineUnknown)) {
			continue
		}
		if strings.Contains(physical, engineUnknown) {
			t.Errorf("%s: %s has names that only an up knows; write them down with -all", mode, urn)
		}
		if physical != "" {
			urn += " = " + physical
		}
		lines = append(lines, urn)
	}
	slices.Sort(lines)
	file := namesFile(t, mode)
	if len(lines) == 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Join(append(lines, ""), "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

func namesFile(t *testing.T, mode string) string {
	t.Helper()
	root, err := local.FindProject(".")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, namesFolder, strings.NewReplacer(" ", "-", ",", "").Replace(mode)+".txt")
}
