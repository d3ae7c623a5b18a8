package main

import (
	"errors"
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
	var errs []error
	for _, name := range names {
		errs = append(errs, printRule(w, strings.ToUpper(name)))
	}
	return errors.Join(errs...)
}

func printRule(w io.Writer, name string) error {
	if r, found := rules.Find(rules.ID(name)); found {
		fmt.Fprintf(w, "%s  %s\n  known:   %s\n  source:  %s\n  checked: %s\n", r.ID, r.Says, r.Evidence, r.Source, r.Checked)
		return nil
	}
	family := slices.DeleteFunc(rules.All(), func(r rules.Rule) bool { return r.ID.Family() != name })
	if len(family) == 0 {
		return &usageError{fmt.Errorf("there is no rule and no family %s", name), "burrow rule"}
	}
	listRules(w, family)
	return nil
}

func listRules(w io.Writer, list []rules.Rule) {
	for _, r := range list {
		fmt.Fprintf(w, "  %-6s  %s\n", r.ID, r.Says)
	}
}
