package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"burrow/internal/rules"
)

// runRule prints the rules of the catalogue: those that are named, by id or by
// family, in full where it is an id; without a name, all of them.
func runRule(w io.Writer, names []string) error {
	if len(names) == 0 {
		for _, g := range rules.Groups() {
			fmt.Fprintf(w, "%s\n", g.Title)
			listRules(w, g.Rules)
		}
		return nil
	}
	var unknown []string
	for _, name := range names {
		if !printRule(w, strings.ToUpper(name)) {
			unknown = append(unknown, strings.ToUpper(name))
		}
	}
	if len(unknown) > 0 {
		return &usageError{fmt.Errorf("there is no rule and no family %s", strings.Join(unknown, ", ")), "burrow rule"}
	}
	return nil
}

// printRule prints a rule or a family, and says whether there is one of the name.
func printRule(w io.Writer, name string) bool {
	if r, found := rules.Find(rules.ID(name)); found {
		fmt.Fprintf(w, "%s  %s\n  known:   %s\n  source:  %s\n  checked: %s\n", r.ID, r.Says, r.Evidence, r.Source, r.Checked)
		return true
	}
	family := slices.DeleteFunc(rules.All(), func(r rules.Rule) bool { return r.ID.Family() != name })
	listRules(w, family)
	return len(family) > 0
}

func listRules(w io.Writer, list []rules.Rule) {
	for _, r := range list {
		fmt.Fprintf(w, "  %-6s  %s\n", r.ID, r.Says)
	}
}
