package main

import (
	"fmt"
	"go/ast"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"burrow/internal/emulator/schema/table"
)

// A field is one field of an SDK's struct that travels on the wire.
type field struct {
	goName, name string // name as on the wire
	typ          string // in the text form of package table
	secret       bool
	required     bool
	value        any // default
}

func (f *field) text() (string, error) {
	text := f.typ
	if f.required {
		text += "!"
	}
	if f.secret {
		text += " secret"
	}
	if f.value != nil {
		value, err := encode(f.value)
		if err != nil {
			return "", err
		}
		text += " = " + strings.TrimSpace(string(value))
	}
	return text, nil
}

func textOf(fields []*field) (table.Fields, error) {
	out := make(table.Fields, len(fields))
	for _, f := range fields {
		text, err := f.text()
		if err != nil {
			return nil, err
		}
		out[f.name] = text
	}
	return out, nil
}

// plainFields reads a struct of plain values, such as vpcArgs or IpsecPolicy. A
// scalar that is no pointer is required; of lists and maps the struct does not
// tell.
func (g *generator) plainFields(p *goPackage, name string) ([]*field, error) {
	return g.fields(p, name, func(f *field, from declared) error {
		var err error
		_, pointer := from.expr.(*ast.StarExpr)
		f.typ, err = g.typeText(p, from)
		f.required = tells(f.typ) && !pointer
		return err
	})
}

// outputFields reads a resource's struct of outputs.
func (g *generator) outputFields(p *goPackage, name string) ([]*field, error) {
	return g.fields(p, name, func(f *field, from declared) error {
		in, elem, err := g.outputElement(p, from)
		if err != nil {
			return err
		}
		_, pointer := elem.expr.(*ast.StarExpr)
		f.typ, err = g.typeText(in, elem)
		f.required = tells(f.typ) && !pointer
		return err
	})
}

// tells says whether a field of the type is a pointer in Go exactly if it is
// optional. Lists, maps, interfaces and resources look the same either way.
func tells(typ string) bool {
	plain := typ != "any" && typ != "asset" && !strings.HasPrefix(typ, "^")
	return plain && !strings.HasPrefix(typ, "[]") && !strings.HasPrefix(typ, "{}")
}

func (g *generator) fields(p *goPackage, name string, fill func(*field, declared) error) ([]*field, error) {
	from := p.types[name]
	s, ok := from.expr.(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("%s has no struct %s", p.path, name)
	}
	var all []*field
	for _, member := range s.Fields.List {
		wire := wireName(member)
		if wire == "" {
			continue // an embedded pulumi.CustomResourceState
		}
		f := &field{goName: member.Names[0].Name, name: wire}
		if err := fill(f, declared{expr: member.Type, imports: from.imports}); err != nil {
			return nil, fmt.Errorf("%s.%s, field %s: %w", p.path, name, wire, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// wireName is the name in the tag `pulumi:"name"`, "" without one.
func wireName(member *ast.Field) string {
	if member.Tag == nil || len(member.Names) != 1 {
		return ""
	}
	tag, err := strconv.Unquote(member.Tag.Value)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(reflect.StructTag(tag).Get("pulumi"), ",")
	return name
}

var scalars = map[string]string{
	"string": "string", "int": "integer", "float64": "number", "bool": "boolean",
}

// typeText puts a Go type into the text form of package table, and sees to it
// that the objects and enums it names are generated too.
func (g *generator) typeText(p *goPackage, from declared) (string, error) {
	sub := func(prefix string, e ast.Expr) (string, error) {
		text, err := g.typeText(p, declared{expr: e, imports: from.imports})
		return prefix + text, err
	}
	switch e := from.expr.(type) {
	case *ast.StarExpr:
		return sub("", e.X)
	case *ast.ArrayType:
		return sub("[]", e.Elt)
	case *ast.MapType:
		return sub("{}", e.Value)
	case *ast.InterfaceType:
		return "any", nil
	case *ast.Ident:
		if s := scalars[e.Name]; s != "" {
			return s, nil
		}
		return g.named(p, e.Name)
	case *ast.SelectorExpr:
		return g.imported(from.imports[ident(e.X)], e.Sel.Name)
	}
	return "", fmt.Errorf("type of an unforeseen form %T", from.expr)
}

const pulumiSDK = "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func (g *generator) imported(importPath, name string) (string, error) {
	if importPath == pulumiSDK {
		switch name {
		case "Asset", "Archive", "AssetOrArchive":
			return "asset", nil
		}
		return "", fmt.Errorf("unforeseen type pulumi.%s", name)
	}
	p, err := g.src.load(importPath)
	if err != nil {
		return "", err
	}
	return g.named(p, name)
}

// named is the text of a type that package p declares.
func (g *generator) named(p *goPackage, name string) (string, error) {
	decl, ok := p.types[name]
	if !ok {
		return "", fmt.Errorf("%s does not declare %s", p.path, name)
	}
	label := g.label(p, name)
	if values := p.enums[name]; len(values) > 0 {
		g.out.Enums[label] = values
		return "@" + label, nil
	}
	if isResource(decl) {
		token, err := g.registered(p, name)
		return "^" + token, err
	}
	if _, ok := decl.expr.(*ast.StructType); !ok {
		return "", fmt.Errorf("%s.%s is no struct, enum or resource", p.path, name)
	}
	return "#" + label, g.object(p, name, label)
}

// object generates an object type once. It enters the name first, since types
// may contain themselves.
func (g *generator) object(p *goPackage, name, label string) error {
	if _, done := g.out.Types[label]; done {
		return nil
	}
	g.out.Types[label] = nil
	fields, err := g.plainText(p, name)
	g.out.Types[label] = fields
	return err
}

// plainText is a struct of plain values in the text form, with what its method
// Defaults fills in.
func (g *generator) plainText(p *goPackage, name string) (table.Fields, error) {
	fields, err := g.plainFields(p, name)
	if err != nil {
		return nil, err
	}
	if d := p.meths[name+".Defaults"]; d != nil {
		if err := setDefaults(fields, d.Body.List, "tmp"); err != nil {
			return nil, fmt.Errorf("defaults of %s.%s: %w", p.path, name, err)
		}
	}
	return textOf(fields)
}

func isResource(d declared) bool {
	s, ok := d.expr.(*ast.StructType)
	if !ok || len(s.Fields.List) == 0 || len(s.Fields.List[0].Names) > 0 {
		return false
	}
	base, ok := s.Fields.List[0].Type.(*ast.SelectorExpr)
	return ok && strings.HasSuffix(base.Sel.Name, "ResourceState")
}

// outputElement is what an output holds: for StringPtrOutput *string.
func (g *generator) outputElement(p *goPackage, from declared) (*goPackage, declared, error) {
	name := ident(from.expr)
	if s, ok := from.expr.(*ast.SelectorExpr); ok {
		name = s.Sel.Name
		importPath := from.imports[ident(s.X)]
		if importPath == pulumiSDK {
			elem, err := builtinElement(name)
			return p, declared{expr: elem, imports: from.imports}, err
		}
		var err error
		if p, err = g.src.load(importPath); err != nil {
			return nil, declared{}, err
		}
	}
	elem, ok := p.elems[name]
	if !ok {
		return nil, declared{}, fmt.Errorf("%s has no output type %s", p.path, name)
	}
	return p, elem, nil
}

var (
	builtinOutput = regexp.MustCompile(`^(String|Bool|Int|Float64|Any|ID|URN|Asset|Archive|AssetOrArchive)((?:Ptr|Array|Map)*)Output$`)
	suffixes      = regexp.MustCompile(`Ptr|Array|Map`)
	builtinTypes  = map[string]ast.Expr{
		"String": ast.NewIdent("string"), "ID": ast.NewIdent("string"), "URN": ast.NewIdent("string"),
		"Bool": ast.NewIdent("bool"), "Int": ast.NewIdent("int"), "Float64": ast.NewIdent("float64"),
		"Any": &ast.InterfaceType{},
	}
)

// builtinElement reads what an output type of the base SDK holds off its name:
// StringArrayMapOutput holds map[string][]string.
func builtinElement(name string) (ast.Expr, error) {
	m := builtinOutput.FindStringSubmatch(name)
	if m == nil {
		return nil, fmt.Errorf("unforeseen output type pulumi.%s", name)
	}
	elem, ok := builtinTypes[m[1]]
	if !ok {
		elem = &ast.SelectorExpr{X: ast.NewIdent("pulumi"), Sel: ast.NewIdent(m[1])}
	}
	for _, suffix := range suffixes.FindAllString(m[2], -1) {
		switch suffix {
		case "Ptr":
			elem = &ast.StarExpr{X: elem}
		case "Array":
			elem = &ast.ArrayType{Elt: elem}
		case "Map":
			elem = &ast.MapType{Key: ast.NewIdent("string"), Value: elem}
		}
	}
	return elem, nil
}

// label names a type of package p for readers: network.IpsecPolicy for the
// provider's own, aws/eks.NodeGroupTaint for another provider's.
func (g *generator) label(p *goPackage, name string) string {
	if rest, ok := strings.CutPrefix(p.path, azureSDK+"/"); ok {
		return strings.Replace(rest, "/v2", "", 1) + "." + name
	}
	_, rest, _ := strings.Cut(p.path, "/go/")
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, g.sdk.pkg), "/")
	if rest == "" {
		return name
	}
	return rest + "." + name
}
