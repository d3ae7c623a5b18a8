package schema

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"burrow/internal/emulator/schema/table"
	"burrow/internal/inventory"
)

//go:embed data/*.json
var data embed.FS

// packages holds what Load has read, by package name.
var packages sync.Map // string -> func() (*Package, error)

// Load returns the schema of a provider by the name its tokens begin with: aws,
// azure-native, eks, kubernetes, random or tls. The result is read once per
// process and shared: do not change it.
func Load(pkg string) (*Package, error) {
	read := func() (*Package, error) {
		p, err := load(data, pkg)
		if err != nil {
			return nil, fmt.Errorf("load schema of %s: %w", pkg, err)
		}
		return p, nil
	}
	once, _ := packages.LoadOrStore(pkg, sync.OnceValues(read))
	return once.(func() (*Package, error))()
}

// load reads data/PKG.json and, where there is one, data/PKG.typings.json, which
// adds what only the npm typings know.
func load(from fs.FS, pkg string) (*Package, error) {
	main, err := readFile(from, pkg+".json")
	if err != nil {
		return nil, err
	}
	files := []*table.File{main}
	typings, err := readFile(from, pkg+".typings.json")
	switch {
	case err == nil:
		files = append(files, typings)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return link(files)
}

func readFile(from fs.FS, name string) (*table.File, error) {
	text, err := fs.ReadFile(from, path.Join("data", name))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	f := new(table.File)
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return f, nil
}

// A linker turns the text of fields into properties that share their objects.
type linker struct {
	pkg     *Package
	enums   map[string][]any
	objects map[string]*Object // every object that a field names
	defined map[string]bool    // of these, the ones that a file defines
}

// link makes a package of its files; the first one names it.
func link(files []*table.File) (*Package, error) {
	l := &linker{
		pkg: &Package{
			Name: files[0].Package, Version: files[0].Version, Coerces: files[0].Coerces,
			Resources: map[string]*Resource{}, Functions: map[string]*Function{},
		},
		enums: map[string][]any{}, objects: map[string]*Object{}, defined: map[string]bool{},
	}
	for _, f := range files {
		if err := l.add(f); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		if err := l.patch(f.Patches); err != nil {
			return nil, err
		}
	}
	return l.pkg, l.complete()
}

// add takes over all that a file defines. Enums come first: fields copy them.
func (l *linker) add(f *table.File) error {
	for name, values := range f.Enums {
		l.enums[name] = values
	}
	for name, fields := range f.Types {
		o := l.object(name)
		l.defined[name] = true
		var err error
		if o.Properties, err = l.properties(name, fields); err != nil {
			return err
		}
	}
	if f.Config != nil {
		props, err := l.properties("config", f.Config)
		if err != nil {
			return err
		}
		l.pkg.Config = &Object{Name: "config", Properties: props, coerces: l.pkg.Coerces}
	}
	for token, r := range f.Resources {
		if err := l.resource(token, r); err != nil {
			return err
		}
	}
	for token, fn := range f.Functions {
		if err := l.function(token, fn); err != nil {
			return err
		}
	}
	return nil
}

func (l *linker) resource(token string, from table.Resource) error {
	r := &Resource{
		Token: token, APIVersion: from.APIVersion, Component: from.Component,
		coerces: l.pkg.Coerces,
	}
	for _, a := range from.Aliases {
		r.Aliases = append(r.Aliases, expandAlias(token, a))
	}
	var err error
	if r.Inputs, err = l.properties(token, from.Inputs); err != nil {
		return err
	}
	if r.Outputs, err = l.properties(token, from.Outputs); err != nil {
		return err
	}
	r.Secrets = secretNames(r.Outputs)
	l.pkg.Resources[token] = r
	return nil
}

func (l *linker) function(token string, from table.Function) error {
	f := &Function{Token: token, APIVersion: from.APIVersion, coerces: l.pkg.Coerces}
	var err error
	if f.Args, err = l.properties(token, from.Args); err != nil {
		return err
	}
	if f.Result, err = l.properties(token, from.Result); err != nil {
		return err
	}
	l.pkg.Functions[token] = f
	return nil
}

// patch applies what another source adds to objects that are linked already.
func (l *linker) patch(patches map[string]table.Patch) error {
	for target, p := range patches {
		props, err := l.target(target)
		if err != nil {
			return err
		}
		for _, name := range p.Required {
			if props[name] == nil {
				return fmt.Errorf("patch of %s: no property %s", target, name)
			}
			props[name].Required = true
		}
		for name, enum := range p.Enums {
			if err := l.restrict(props[name], enum); err != nil {
				return fmt.Errorf("patch of %s: property %s: %w", target, name, err)
			}
		}
	}
	return nil
}

func (l *linker) target(name string) (map[string]*Property, error) {
	if token, ok := strings.CutSuffix(name, "#inputs"); ok {
		if r := l.pkg.Resources[token]; r != nil {
			return r.Inputs, nil
		}
	} else if l.defined[name] {
		return l.objects[name].Properties, nil
	}
	return nil, fmt.Errorf("patch of %s: no such resource or type", name)
}

// restrict sets the legal values of a property's scalars, below any lists and
// maps.
func (l *linker) restrict(p *Property, enum string) error {
	values := l.enums[enum]
	if p == nil || values == nil {
		return fmt.Errorf("no such property or no enum %s", enum)
	}
	t := &p.Type
	for t.Elem != nil {
		t = t.Elem
	}
	t.Enum = values
	return nil
}

// complete refuses objects that a field names and no file defines.
func (l *linker) complete() error {
	for name := range l.objects {
		if !l.defined[name] {
			return fmt.Errorf("type %s is used and not defined", name)
		}
	}
	return nil
}

func (l *linker) object(name string) *Object {
	o := l.objects[name]
	if o == nil {
		o = &Object{Name: name, coerces: l.pkg.Coerces}
		l.objects[name] = o
	}
	return o
}

func (l *linker) properties(of string, fields table.Fields) (map[string]*Property, error) {
	props := make(map[string]*Property, len(fields))
	for name, text := range fields {
		p, err := l.field(text)
		if err != nil {
			return nil, fmt.Errorf("%s: property %s: %w", of, name, err)
		}
		props[name] = p
	}
	return props, nil
}

// field reads one field in the text form of package table.
func (l *linker) field(text string) (*Property, error) {
	p := new(Property)
	if before, after, found := strings.Cut(text, " = "); found {
		if err := json.Unmarshal([]byte(after), &p.Default); err != nil {
			return nil, fmt.Errorf("default in %q: %w", text, err)
		}
		text = before
	}
	text, p.Secret = strings.CutSuffix(text, " secret")
	text, p.Required = strings.CutSuffix(text, "!")
	var err error
	p.Type, err = l.typ(text)
	return p, err
}

func (l *linker) typ(text string) (Type, error) {
	switch k := Kind(text); k {
	case String, Integer, Number, Boolean, Any, Asset:
		return Type{Kind: k}, nil
	}
	for prefix, kind := range map[string]Kind{"[]": Array, "{}": Map} {
		if elem, ok := strings.CutPrefix(text, prefix); ok {
			t, err := l.typ(elem)
			return Type{Kind: kind, Elem: &t}, err
		}
	}
	if text == "" {
		return Type{}, errors.New("no type")
	}
	switch name := text[1:]; text[0] {
	case '#':
		return Type{Kind: ObjectOf, Object: l.object(name)}, nil
	case '@':
		return l.enum(name)
	case '^':
		return Type{Kind: ResourceRef, Token: name}, nil
	}
	return Type{}, fmt.Errorf("unknown type %q", text)
}

// enum is a scalar with only certain values; the values tell which scalar.
func (l *linker) enum(name string) (Type, error) {
	values := l.enums[name]
	if len(values) == 0 {
		return Type{}, fmt.Errorf("no enum %s", name)
	}
	return Type{Kind: kindOf(values[0]), Enum: values}, nil
}

// expandAlias writes out an alias that is only a version, such as v20230401,
// and differs from the token in nothing else.
func expandAlias(token, alias string) string {
	if strings.Contains(alias, ":") {
		return alias
	}
	pkg, rest, _ := strings.Cut(inventory.Canonical(token), ":")
	module, name, _ := strings.Cut(rest, ":")
	return pkg + ":" + module + "/" + alias + ":" + name
}
