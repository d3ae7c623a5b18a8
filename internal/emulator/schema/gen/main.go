// Command gen writes the data of package schema from the sources of the Pulumi
// providers' Go SDKs. Run it from the module's root:
//
//	go generate ./internal/emulator/schema
//
// The SDKs are read in the module cache, as syntax, and never compiled.
//
// The npm packages of the same providers tell what Go leaves out: whether lists
// and maps inside other objects are required, the legal values of Azure's
// strings, user-assigned identities. That part is in files of its own
// (data/*.typings.json) and is written only where the unpacked packages are
// given, each in a folder named after its provider:
//
//	for p in aws@6.83.4 azure-native@2.92.3 eks@3.9.1 kubernetes@4.23.0 random@4.18.0 tls@5.2.0; do
//		mkdir -p npm/${p%@*}
//		tar xzf $(npm pack --silent @pulumi/$p) --strip-components=1 -C npm/${p%@*}
//	done
//	go run ./internal/emulator/schema/gen -out internal/emulator/schema/data -typings npm
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"burrow/internal/emulator/schema/table"
)

func main() {
	out := flag.String("out", "data", "folder of the generated files")
	npm := flag.String("typings", "", "folder with the unpacked npm package of each provider; empty leaves data/*.typings.json as they are")
	flag.Parse()
	log.SetFlags(0)
	if err := run(*out, *npm); err != nil {
		log.Fatal("gen: ", err)
	}
}

func run(out, npm string) error {
	for _, s := range sdks {
		g, err := generate(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.pkg, err)
		}
		if err := write(filepath.Join(out, s.pkg+".json"), g.out); err != nil {
			return err
		}
		if npm == "" {
			continue
		}
		extra, err := supplement(s, g, npm)
		if err != nil {
			return fmt.Errorf("typings of %s: %w", s.pkg, err)
		}
		if empty(extra) {
			continue
		}
		if err := write(filepath.Join(out, s.pkg+".typings.json"), extra); err != nil {
			return err
		}
	}
	return nil
}

// empty says of a supplement that the Go SDK tells everything.
func empty(f *table.File) bool { return len(f.Resources)+len(f.Patches) == 0 }

func write(name string, f *table.File) error {
	text, err := encode(f)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// encode makes JSON whose bytes depend on v alone, one field a line.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// decode is the value of a JSON text, a number as float64.
func decode(text string) (any, error) {
	var v any
	err := json.Unmarshal([]byte(text), &v)
	return v, err
}

// A generator makes the file of one provider.
type generator struct {
	sdk sdk
	src *sources
	out *table.File
	// names is what the SDKs call each resource, by token.
	names map[string]named
}

// generate reads one SDK.
func generate(s sdk) (*generator, error) {
	modules, err := findModules(append(append([]string{}, s.modules...), s.foreign...))
	if err != nil {
		return nil, err
	}
	g := newGenerator(s, modules)
	for _, m := range s.modules {
		if v := modules[m].version; v != g.out.Version {
			return nil, fmt.Errorf("%s is %s, %s is %s", s.modules[0], g.out.Version, m, v)
		}
	}
	return g, g.all()
}

func newGenerator(s sdk, modules map[string]module) *generator {
	f := &table.File{
		Package: s.pkg, Coerces: s.coerces,
		Resources: map[string]table.Resource{}, Functions: map[string]table.Function{},
		Types: map[string]table.Fields{}, Enums: map[string][]any{},
	}
	if len(s.modules) > 0 {
		f.Version = modules[s.modules[0]].version
	}
	src := &sources{modules: modules, packages: map[string]*goPackage{}}
	return &generator{sdk: s, src: src, out: f, names: map[string]named{}}
}

func (g *generator) all() error {
	if g.sdk.provider != "" {
		p, err := g.src.load(g.sdk.provider)
		if err != nil {
			return err
		}
		if g.out.Config, err = g.inputs(p, "Provider"); err != nil {
			return err
		}
	}
	for _, inc := range g.sdk.packages {
		if err := g.include(inc); err != nil {
			return fmt.Errorf("%s: %w", inc.path, err)
		}
	}
	return nil
}

func (g *generator) include(inc include) error {
	p, err := g.src.load(inc.path)
	if err != nil {
		return err
	}
	names := inc.resources
	if names == nil {
		if names, err = resourcesOf(p); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := g.resource(p, name); err != nil {
			return err
		}
	}
	for _, name := range inc.functions {
		if err := g.function(p, name); err != nil {
			return err
		}
	}
	return nil
}
