package emulator

import (
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory"
)

func TestLint(t *testing.T) {
	if found := toyCloud().Lint(toySchema()); len(found) != 0 {
		t.Fatalf("the toy cloud: %v", found)
	}
	cases := map[string]struct {
		spoil func(*Cloud)
		want  string
	}{
		"rule without a source":      {func(c *Cloud) { c.Kinds[0].Rules[0].Source = "" }, "rule TOY-01 size has no source"},
		"rule without a code":        {func(c *Cloud) { c.Kinds[0].Rules[1].Code = "" }, "rule TOY-02 has no code"},
		"rule without an id":         {func(c *Cloud) { c.Kinds[0].Rules[1].ID = "" }, "rule has no id"},
		"rule with a word for an id": {func(c *Cloud) { c.Kinds[0].Rules[1].ID = "model" }, "no catalogue can have"},
		"replacement of nothing":     {func(c *Cloud) { c.Kinds[0].Replace[0].Path = "woood" }, "no input woood"},
		"reference at nothing":       {func(c *Cloud) { c.Kinds[1].Refs[0].Path = "box" }, "no input box"},
		"reference to no kind":       {func(c *Cloud) { c.Kinds[1].Refs[0].To = []string{"toy:index:Bag"} }, "which is not modelled"},
		"reference by no property":   {func(c *Cloud) { c.Kinds[1].Refs[0].By = "nme" }, "which has none"},
		"kind the schema lacks":      {func(c *Cloud) { c.Kinds[0].Type = "toy:index:Bag" }, "no such resource"},
		"quota without a source":     {func(c *Cloud) { c.Quotas[0].Source = "" }, "quota balls-in-box boxId has no source"},
		"source that names a rule":   {func(c *Cloud) { c.Quotas[0].Source = "AVG-14, toy manual" }, "names AVG-14"},
		"busy without a code":        {func(c *Cloud) { c.Kinds[1].BusyCode = "" }, "busy has no code"},
		"function the schema lacks":  {func(c *Cloud) { c.Functions[0].Token = "toy:index:getBag" }, "no such function"},
		"kind without words":         {func(c *Cloud) { c.Worded, c.Kinds[0].Words = true, Words{Noun: "Box", Service: "Toys"} }, "no words for create, update, delete, read"},
		"kind that makes no id":      {func(c *Cloud) { c.Kinds[0].NewID = nil }, "no NewID"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := toyCloud()
			tc.spoil(c)
			found := c.Lint(toySchema())
			if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, tc.want) }) {
				t.Errorf("found %v, want %q", found, tc.want)
			}
		})
	}
}

func TestCatalogueHasEverything(t *testing.T) {
	count := map[string]int{}
	for _, e := range toyCloud().Catalogue() {
		count[e.What]++
	}
	for what, want := range map[string]int{"rule": 5, "reference": 1, "unique": 1, "replace": 2, "quota": 1, "busy": 1} {
		if count[what] != want {
			t.Errorf("%d entries of %s, want %d", count[what], what, want)
		}
	}
}

func TestRegister(t *testing.T) {
	w := openTestWorld(t)
	for range 2 { // a second run on the same world
		if err := w.Register(toyCloud()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.clouds.referrersTo(boxType)); n != 1 {
		t.Errorf("%d references lead to a box, want 1", n)
	}
	other := toyCloud()
	other.Name = "other"
	if err := w.Register(other); err == nil {
		t.Error("one kind in two clouds is accepted")
	}
}

func TestCheckOutputs(t *testing.T) {
	r := toySchema().Resources[boxType]
	cases := map[string]struct {
		out  inventory.Props
		want string // path of the violation
	}{
		"fine":                 {inventory.Props{"size": 1.0, "arn": "a", "lid": map[string]any{"serial": "s"}}, ""},
		"unknown":              {inventory.Props{"size": 1.0, "arrn": "a"}, "arrn"},
		"unknown, nested":      {inventory.Props{"size": 1.0, "lid": map[string]any{"serail": "s"}}, "lid.serail"},
		"wrong type":           {inventory.Props{"size": 1.0, "arn": 1.0}, "arn"},
		"required and not set": {inventory.Props{"arn": "a"}, "size"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			found := CheckOutputs(r, tc.out)
			if tc.want == "" && len(found) > 0 || tc.want != "" && (len(found) != 1 || found[0].Path != tc.want) {
				t.Errorf("violations %v, want one at %q", found, tc.want)
			}
		})
	}
}
