package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// sources are the Go packages of the SDKs as syntax, parsed when first asked
// for. They are never compiled: the SDKs take minutes and gigabytes.
type sources struct {
	modules  map[string]module // by module path
	packages map[string]*goPackage
}

// A module is where the Go command keeps one module.
type module struct {
	dir     string
	version string // without the leading v
}

// A goPackage is the syntax of one package, indexed.
type goPackage struct {
	path  string
	types map[string]declared      // every type by name
	enums map[string][]any         // constants by the name of their type
	elems map[string]declared      // what an Output type holds, by its name
	funcs map[string]*ast.FuncDecl // functions by name
	meths map[string]*ast.FuncDecl // methods as Type.Name
}

// declared is a type expression with the imports of its file, by local name.
type declared struct {
	expr    ast.Expr
	doc     string
	imports map[string]string
}

// findModules asks the Go command where the modules of the build are, and has
// it download those that are not there yet.
func findModules(paths []string) (map[string]module, error) {
	args := append([]string{"mod", "download", "-json"}, paths...)
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("find modules %v: %w", paths, withStderr(err))
	}
	modules := make(map[string]module, len(paths))
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var m struct{ Path, Version, Dir string }
		if err := d.Decode(&m); err != nil {
			return nil, fmt.Errorf("parse output of go mod download: %w", err)
		}
		modules[m.Path] = module{dir: m.Dir, version: strings.TrimPrefix(m.Version, "v")}
	}
	return modules, nil
}

func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}

// load parses and indexes the package with an import path.
func (s *sources) load(importPath string) (*goPackage, error) {
	if p := s.packages[importPath]; p != nil {
		return p, nil
	}
	dir, err := s.dir(importPath)
	if err != nil {
		return nil, err
	}
	p := &goPackage{
		path: importPath, types: map[string]declared{}, enums: map[string][]any{},
		elems: map[string]declared{}, funcs: map[string]*ast.FuncDecl{}, meths: map[string]*ast.FuncDecl{},
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no Go files of %s in %s: %w", importPath, dir, errors.Join(err, fs.ErrNotExist))
	}
	for _, name := range files {
		mode := parser.ParseComments | parser.SkipObjectResolution
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, mode)
		if err != nil {
			return nil, fmt.Errorf("parse SDK source: %w", err)
		}
		if err := p.index(file); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	s.packages[importPath] = p
	return p, nil
}

// dir is the folder of a package: that of the longest module path that begins
// its import path, and the rest below it.
func (s *sources) dir(importPath string) (string, error) {
	for at := importPath; at != "." && at != "/"; at = path.Dir(at) {
		if m, ok := s.modules[at]; ok {
			return filepath.Join(m.dir, strings.TrimPrefix(importPath, at)), nil
		}
	}
	return "", fmt.Errorf("no module for package %s among those that gen lists", importPath)
}

func (p *goPackage) index(file *ast.File) error {
	imports, err := importsOf(file)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			p.indexFunc(d, imports)
		case *ast.GenDecl:
			if err := p.indexDecl(d, imports); err != nil {
				return err
			}
		}
	}
	return nil
}

func importsOf(file *ast.File) (map[string]string, error) {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", spec.Path.Value, err)
		}
		name := path.Base(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = importPath
	}
	return imports, nil
}

func (p *goPackage) indexFunc(d *ast.FuncDecl, imports map[string]string) {
	if d.Recv == nil {
		p.funcs[d.Name.Name] = d
		return
	}
	recv := ident(d.Recv.List[0].Type)
	p.meths[recv+"."+d.Name.Name] = d
	if d.Name.Name == "ElementType" {
		if elem := elementOf(d); elem != nil {
			p.elems[recv] = declared{expr: elem, imports: imports}
		}
	}
}

// elementOf reads T from a body of: return reflect.TypeOf((*T)(nil)).Elem()
func elementOf(d *ast.FuncDecl) ast.Expr {
	var elem ast.Expr
	ast.Inspect(d.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !isSelector(call.Fun, "reflect", "TypeOf") {
			return true
		}
		conversion := call.Args[0].(*ast.CallExpr)
		elem = conversion.Fun.(*ast.ParenExpr).X.(*ast.StarExpr).X
		return false
	})
	return elem
}

func (p *goPackage) indexDecl(d *ast.GenDecl, imports map[string]string) error {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			p.types[spec.Name.Name] = declared{expr: spec.Type, doc: d.Doc.Text(), imports: imports}
		case *ast.ValueSpec:
			if err := p.indexConst(d.Tok, spec); err != nil {
				return err
			}
		}
	}
	return nil
}

// indexConst takes the values of enums from: Name = Type("value")
func (p *goPackage) indexConst(tok token.Token, spec *ast.ValueSpec) error {
	if tok != token.CONST || len(spec.Values) != 1 {
		return nil
	}
	call, ok := spec.Values[0].(*ast.CallExpr)
	if !ok {
		return nil
	}
	value, err := literal(call.Args[0])
	if err != nil {
		return fmt.Errorf("constant %s: %w", spec.Names[0].Name, err)
	}
	enum := ident(call.Fun)
	p.enums[enum] = append(p.enums[enum], value)
	return nil
}

// literal is the value of a constant, a number as float64, with conversions
// and pulumi's constructors (pulumi.StringPtr and so on) taken off.
func literal(e ast.Expr) (any, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return strconv.Unquote(e.Value)
		}
		return strconv.ParseFloat(e.Value, 64)
	case *ast.Ident:
		if e.Name == "true" || e.Name == "false" {
			return e.Name == "true", nil
		}
	case *ast.UnaryExpr:
		if v, err := literal(e.X); err == nil && e.Op == token.SUB {
			if f, ok := v.(float64); ok {
				return -f, nil
			}
		}
	case *ast.CallExpr:
		if len(e.Args) == 1 {
			return literal(e.Args[0])
		}
	}
	return nil, fmt.Errorf("not a constant: %T", e)
}

// ident is the bare name of a possibly pointed-to type, "" for anything else.
func ident(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return ident(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func isSelector(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && ident(s.X) == pkg && s.Sel.Name == name
}
