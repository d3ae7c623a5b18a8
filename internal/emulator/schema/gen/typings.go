package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator/schema/table"
)

// supplement makes the file of what a provider's npm typings know beyond its Go
// SDK: that a list or map inside another object is required, for Azure also
// the legal values of strings, and resources whose Go module cannot be had. It
// refuses typings that disagree with the Go SDK on the names of properties or
// on what is required: one of the two was then misread.
func supplement(s sdk, main *generator, npm string) (*table.File, error) {
	w := &supplementer{
		sdk: s, main: main.out, npm: npm, packages: map[string]*typings{}, seen: map[string]bool{},
		out: &table.File{
			Package: s.pkg, Version: main.out.Version, Resources: map[string]table.Resource{},
			Types: map[string]table.Fields{}, Enums: map[string][]any{}, Patches: map[string]table.Patch{},
		},
	}
	if s.provider != "" {
		if err := w.patchArgs("#config", main.out.Config, named{name: "Provider"}); err != nil {
			return nil, err
		}
	}
	for _, token := range slices.Sorted(maps.Keys(main.out.Resources)) {
		err := w.patchArgs(token+"#inputs", main.out.Resources[token].Inputs, main.names[token])
		if err != nil {
			return nil, err
		}
	}
	for _, token := range slices.Sorted(maps.Keys(main.out.Functions)) {
		if err := w.patchTypes(main.out.Functions[token].Args); err != nil {
			return nil, fmt.Errorf("arguments of %s: %w", token, err)
		}
	}
	for _, n := range s.typed {
		if err := w.resource(n); err != nil {
			return nil, fmt.Errorf("%s from the typings: %w", n.name, err)
		}
	}
	return w.out, nil
}

// A supplementer makes the supplement of one provider.
type supplementer struct {
	sdk      sdk
	main     *table.File
	npm      string              // folder with an unpacked npm package for each provider
	packages map[string]*typings // by provider
	seen     map[string]bool     // types done
	out      *table.File
}

// named is a resource by the words that its SDKs call it.
type named struct {
	scope string // as in labels of types: network, containerservice/v20240901
	name  string // in Go and TypeScript
}

// typings are the declaration files of a provider's npm package, which must be
// of the same version as the Go SDK.
func (w *supplementer) typings(pkg string) (*typings, error) {
	if t := w.packages[pkg]; t != nil {
		return t, nil
	}
	dir := filepath.Join(w.npm, pkg)
	text, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return nil, fmt.Errorf("read npm package: %w", err)
	}
	var manifest struct{ Version string }
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("parse %s/package.json: %w", dir, err)
	}
	if pkg == w.sdk.pkg && strings.TrimPrefix(manifest.Version, "v") != w.main.Version {
		return nil, fmt.Errorf("npm package %s is version %s, the Go SDK %s", pkg, manifest.Version, w.main.Version)
	}
	t := &typings{dir: dir, files: map[string]*dts{}}
	w.packages[pkg] = t
	return t, nil
}

func (w *supplementer) patchArgs(target string, fields table.Fields, n named) error {
	t, err := w.typings(w.sdk.pkg)
	if err != nil {
		return err
	}
	members, err := t.args(n.scope, n.name)
	if err != nil {
		return err
	}
	if err := w.patch(t, target, fields, members); err != nil {
		return err
	}
	return w.patchTypes(fields)
}

var objectName = regexp.MustCompile(`#(\S+?)[! ]|#(\S+)$`)

// patchTypes patches all object types below fields, each once.
func (w *supplementer) patchTypes(fields table.Fields) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		m := objectName.FindStringSubmatch(fields[name])
		if m == nil {
			continue
		}
		label := m[1] + m[2]
		if w.seen[label] {
			continue
		}
		w.seen[label] = true
		if err := w.patchType(label); err != nil {
			return err
		}
	}
	return nil
}

func (w *supplementer) patchType(label string) error {
	pkg, own := w.sdk.pkg, label
	if of, rest, ok := strings.Cut(label, "/"); ok && slices.ContainsFunc(sdks, func(s sdk) bool { return s.pkg == of }) {
		pkg, own = of, rest
	}
	t, err := w.typings(pkg)
	if err != nil {
		return err
	}
	members, err := t.input(own)
	if err != nil {
		return err
	}
	fields := w.main.Types[label]
	if err := w.patch(t, label, fields, members); err != nil {
		return err
	}
	return w.patchTypes(fields)
}

// patch compares an object's fields in Go with its members in TypeScript and
// keeps what only TypeScript tells.
func (w *supplementer) patch(t *typings, target string, fields table.Fields, members map[string]member) error {
	if goOnly, tsOnly := difference(fields, members), difference(members, fields); len(goOnly)+len(tsOnly) > 0 {
		return fmt.Errorf("%s: only in Go: %v, only in TypeScript: %v", target, goOnly, tsOnly)
	}
	p := table.Patch{Enums: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		m := members[name]
		required, told := requiredIn(fields[name])
		told = told || strings.HasPrefix(target, "#") || strings.HasSuffix(target, "#inputs")
		switch {
		case m.optional == required && told:
			return fmt.Errorf("%s: Go and TypeScript disagree whether %s is required", target, name)
		case !m.optional && !required:
			p.Required = append(p.Required, name)
		}
		if err := w.patchEnum(t, p, name, fields[name], m); err != nil {
			return fmt.Errorf("%s: property %s: %w", target, name, err)
		}
	}
	if len(p.Required)+len(p.Enums) > 0 {
		w.out.Patches[target] = p
	}
	return nil
}

var enumRef = regexp.MustCompile(`\benums\.([\w.]+)`)

// patchEnum keeps the legal values of a string. Those that TypeScript writes as
// "string | enum" are complete for one API version of Azure. For AWS they are
// suggestions (the instance types and protocols of some day), so they are left.
func (w *supplementer) patchEnum(t *typings, p table.Patch, name, field string, m member) error {
	ref := enumRef.FindStringSubmatch(m.typ)
	if ref == nil || !w.sdk.completeEnums || strings.Contains(field, "@") {
		return nil
	}
	label := slashed(ref[1])
	values, err := t.enum(label)
	if err != nil {
		return err
	}
	w.out.Enums[label] = values
	p.Enums[name] = label
	return nil
}

// slashed makes the label containerservice/v20240901.Mode of the TypeScript
// name containerservice.v20240901.Mode.
func slashed(dotted string) string {
	i := strings.LastIndex(dotted, ".")
	if i < 0 {
		return dotted
	}
	return strings.ReplaceAll(dotted[:i], ".", "/") + dotted[i:]
}

// requiredIn reads off a field's text whether it is required, and whether a
// struct in Go tells at all. (For a resource's own inputs the constructor tells.)
func requiredIn(text string) (required, told bool) {
	typ, _, _ := strings.Cut(text, " ")
	typ, required = strings.CutSuffix(typ, "!")
	return required, tells(typ)
}

func difference[A, B any](a map[string]A, b map[string]B) []string {
	var only []string
	for name := range a {
		if _, ok := b[name]; !ok {
			only = append(only, name)
		}
	}
	slices.Sort(only)
	return only
}

// resource makes a resource from the typings alone.
func (w *supplementer) resource(n named) error {
	t, err := w.typings(w.sdk.pkg)
	if err != nil {
		return err
	}
	args, err := t.args(n.scope, n.name)
	if err != nil {
		return err
	}
	d, err := t.file(n.scope, lowerFirst(n.name)+".d.ts")
	if err != nil {
		return err
	}
	token, r, err := t.compiled(n)
	if err != nil {
		return err
	}
	if r.Inputs, err = w.fields(t, args); err != nil {
		return err
	}
	if r.Outputs, err = w.fields(t, d.members[n.name]); err != nil {
		return err
	}
	w.out.Resources[token] = r
	return nil
}

var (
	jsToken   = regexp.MustCompile(`__pulumiType = '([^']+)'`)
	jsAliases = regexp.MustCompile(`\{ type: "([^"]+)" \}`)
	jsSecrets = regexp.MustCompile(`additionalSecretOutputs|pulumi\.secret`)
)

// compiled reads token, aliases and API version off the JavaScript beside a
// resource's declaration.
func (t *typings) compiled(n named) (string, table.Resource, error) {
	text, err := os.ReadFile(filepath.Join(t.dir, n.scope, lowerFirst(n.name)+".js"))
	if err != nil {
		return "", table.Resource{}, fmt.Errorf("read JavaScript: %w", err)
	}
	m, version := jsToken.FindSubmatch(text), docVersion.FindSubmatch(text)
	if m == nil || version == nil {
		return "", table.Resource{}, fmt.Errorf("no token or API version in the JavaScript")
	}
	if jsSecrets.Match(text) {
		return "", table.Resource{}, fmt.Errorf("secrets in the JavaScript are not foreseen")
	}
	token := string(m[1])
	r := table.Resource{APIVersion: string(version[1])}
	for _, a := range jsAliases.FindAllSubmatch(text, -1) {
		alias := string(a[1])
		if short, ok := onlyVersion(alias, token); ok {
			alias = short
		}
		r.Aliases = append(r.Aliases, alias)
	}
	return token, r, nil
}

func (w *supplementer) fields(t *typings, members map[string]member) (table.Fields, error) {
	fields := table.Fields{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		m := members[name]
		typ, optional := strings.CutSuffix(unwrap(m.typ), " | undefined")
		text, err := w.typeText(t, typ)
		if err != nil {
			return nil, fmt.Errorf("property %s: %w", name, err)
		}
		if !m.optional && !optional {
			text += "!"
		}
		fields[name] = text
	}
	return fields, nil
}

var (
	wrapped  = regexp.MustCompile(`^pulumi\.(?:Input|Output)<(.*)>$`)
	mapType  = regexp.MustCompile(`^\{ \[key: string\]: (.*); \}$`)
	typeName = regexp.MustCompile(`^outputs\.([\w.]+)$`)
)

func unwrap(typ string) string {
	if m := wrapped.FindStringSubmatch(typ); m != nil {
		return m[1]
	}
	return typ
}

// typeText puts a TypeScript type into the text form of package table. A number
// is refused: TypeScript does not tell integers from others.
func (w *supplementer) typeText(t *typings, typ string) (string, error) {
	typ = unwrap(typ)
	if typ == "string" || typ == "boolean" || typ == "any" {
		return typ, nil
	}
	if elem, ok := strings.CutSuffix(typ, "[]"); ok {
		text, err := w.typeText(t, elem)
		return "[]" + text, err
	}
	if m := mapType.FindStringSubmatch(typ); m != nil {
		text, err := w.typeText(t, m[1])
		return "{}" + text, err
	}
	if m := typeName.FindStringSubmatch(typ); m != nil {
		label := slashed(m[1])
		return "#" + label, w.object(t, label, m[1])
	}
	return "", fmt.Errorf("type of an unforeseen form: %s", typ)
}

func (w *supplementer) object(t *typings, label, dotted string) error {
	if _, done := w.out.Types[label]; done {
		return nil
	}
	d, err := t.file("types", "output.d.ts")
	if err != nil {
		return err
	}
	w.out.Types[label] = nil
	w.out.Types[label], err = w.fields(t, d.members[dotted])
	return err
}
