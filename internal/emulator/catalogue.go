package emulator

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// An Entry is one thing that an emulated cloud enforces, for the documentation.
type Entry struct {
	Type string // canonical token
	// What it is: rule, reference, unique, replace, quota or busy.
	What   string
	ID     rules.ID
	Where  string // property path, or paths; the name of a quota and its scope
	Code   string // the cloud's error code; none for replacements
	Source string
}

// Catalogue lists everything that the cloud enforces, by kind.
func (c *Cloud) Catalogue() []Entry {
	var all []Entry
	for _, k := range c.Kinds {
		all = append(all, k.entries()...)
	}
	for _, q := range c.Quotas {
		all = append(all, Entry{q.Type, "quota", q.Rule, q.Name + " " + strings.Join(q.Scope, " "), q.Code, q.Source})
	}
	return all
}

func (k *Kind) entries() []Entry {
	var all []Entry
	add := func(what string, id rules.ID, where, code, source string) {
		all = append(all, Entry{k.Type, what, id, where, code, source})
	}
	for _, r := range k.Rules {
		code := r.Code
		if code == "" && r.On == OpCheck {
			code = "refused by the provider"
		}
		add("rule", r.ID, r.Path, code, r.Source)
	}
	for _, r := range k.Refs {
		add("reference", r.Rule, r.Path, strings.TrimSuffix(r.Missing+" "+r.InUse, " "), r.Source)
	}
	for _, u := range k.Unique {
		add("unique", u.Rule, strings.Join(u.Fields, " "), u.Code, u.Source)
	}
	for _, r := range k.Replace {
		add("replace", "", r.Path, "", r.Source)
	}
	if k.Busy != nil || k.BusyObject {
		add("busy", k.BusyRule, "", k.BusyCode, k.BusySource)
	}
	return all
}

// Lint returns what is wrong with the declarations of a cloud, given the schema
// of its provider: kinds and paths that the schema does not have, references to
// kinds that are not modelled, entries without a code or a source, sources that
// name rules.
func (c *Cloud) Lint(pkg *schema.Package) []string {
	l := &linter{cloud: c, pkg: pkg}
	for _, k := range c.Kinds {
		l.kind(k)
	}
	for _, e := range c.Catalogue() {
		l.entry(e)
	}
	for _, f := range c.Functions {
		l.function(f)
	}
	return l.found
}

type linter struct {
	cloud *Cloud
	pkg   *schema.Package
	found []string
}

func (l *linter) report(typ, format string, args ...any) {
	l.found = append(l.found, typ+": "+fmt.Sprintf(format, args...))
}

func (l *linter) kind(k *Kind) {
	versions := l.versions(k.Type)
	if len(versions) == 0 {
		l.report(k.Type, "the schema has no such resource")
		return
	}
	if missing := k.Words.missing(); l.cloud.Worded && len(missing) > 0 {
		l.report(k.Type, "its errors have no words for %s", strings.Join(missing, ", "))
	}
	if k.NewID == nil {
		l.report(k.Type, "it has no NewID")
	}
	for _, path := range k.inputPaths() {
		if !slices.ContainsFunc(versions, func(r *schema.Resource) bool { return takes(r, path) }) {
			l.report(k.Type, "the schema has no input %s", path)
		}
	}
	for _, r := range k.Refs {
		l.reference(k, r)
	}
}

// takes reports whether the path is an input.
func takes(r *schema.Resource, path string) bool {
	_, err := r.Input(path)
	return err == nil
}

func (k *Kind) inputPaths() []string {
	paths := slices.Concat(k.WriteOnly, k.Sticky)
	for _, r := range k.Refs {
		paths = append(paths, r.Path)
	}
	for _, r := range k.Replace {
		paths = append(paths, r.Path)
	}
	if k.AutoName != nil {
		paths = append(paths, k.AutoName.Property)
	}
	return paths
}

func (l *linter) reference(k *Kind, r Ref) {
	for _, to := range r.To {
		switch {
		case !slices.ContainsFunc(l.cloud.Kinds, func(k *Kind) bool { return k.Type == to }):
			l.report(k.Type, "%s refers to %s, which is not modelled", r.Path, to)
		case r.by() != "id" && !l.hasProperty(to, r.by()):
			l.report(k.Type, "%s refers to the %s of %s, which has none", r.Path, r.by(), to)
		}
	}
}

func (l *linter) hasProperty(typ, path string) bool {
	return slices.ContainsFunc(l.versions(typ), func(r *schema.Resource) bool {
		_, err := r.Output(path)
		return err == nil || takes(r, path)
	})
}

func (l *linter) versions(typ string) []*schema.Resource {
	var found []*schema.Resource
	for token, r := range l.pkg.Resources {
		if inventory.Canonical(token) == typ {
			found = append(found, r)
		}
	}
	return found
}

func (l *linter) entry(e Entry) {
	name := strings.Join(strings.Fields(e.What+" "+string(e.ID)+" "+e.Where), " ")
	switch again := rules.Mentioned(e.Source); {
	case e.Source == "":
		l.report(e.Type, "%s has no source", name)
	case len(again) > 0:
		l.report(e.Type, "the source of %s names %s: the message would name rules twice", name, again[0])
	}
	if e.Code == "" && e.What != "replace" {
		l.report(e.Type, "%s has no code", name)
	}
	switch id := string(e.ID); {
	case id == "" && e.What == "rule":
		l.report(e.Type, "%s has no id", name)
	case id != "" && !slices.Equal(rules.Mentioned(id), []rules.ID{e.ID}):
		l.report(e.Type, "%s has an id that no catalogue can have", name)
	}
}

func (l *linter) function(f Function) {
	for token := range l.pkg.Functions {
		if inventory.Canonical(token) == f.Token {
			return
		}
	}
	l.report(f.Token, "the schema has no such function")
}

// CheckOutputs compares what a cloud filled in with the outputs of the schema,
// for the tests of a cloud's kinds: properties that the provider does not have,
// and values of the wrong type.
func CheckOutputs(r *schema.Resource, out inventory.Props) []schema.Violation {
	o := &schema.Object{Name: r.Token, Properties: r.Outputs}
	return slices.DeleteFunc(o.Check(out, isUnknown), func(v schema.Violation) bool {
		_, isInput := r.Inputs[strings.SplitN(v.Path, ".", 2)[0]]
		return v.Breach == schema.UnknownProperty && isInput && !strings.Contains(v.Path, ".")
	})
}
