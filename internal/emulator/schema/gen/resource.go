package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"burrow/internal/emulator/schema/table"
)

// resource generates the resource with a Go type name.
func (g *generator) resource(p *goPackage, name string) error {
	constructor := p.funcs["New"+name]
	token, err := g.registered(p, name)
	if err != nil {
		return err
	}
	r := table.Resource{
		APIVersion: g.apiVersion(p, p.types[name].doc),
		Component:  calls(constructor.Body, "RegisterRemoteComponentResource") != nil,
		Aliases:    aliases(constructor, token),
	}
	if r.Inputs, err = g.inputs(p, name); err != nil {
		return err
	}
	if r.Outputs, err = g.outputs(p, name, constructor); err != nil {
		return err
	}
	g.out.Resources[token] = r
	g.names[token] = named{strings.TrimSuffix(strings.TrimSuffix(g.label(p, name), name), "."), name}
	return nil
}

// registered is the token under which the SDK registers a resource.
func (g *generator) registered(p *goPackage, name string) (string, error) {
	constructor := p.funcs["New"+name]
	if constructor == nil {
		return "", fmt.Errorf("%s has no function New%s", p.path, name)
	}
	for _, method := range []string{"RegisterResource", "RegisterRemoteComponentResource"} {
		if call := calls(constructor.Body, method); call != nil {
			token, err := literal(call.Args[0])
			if err != nil {
				return "", fmt.Errorf("token in New%s: %w", name, err)
			}
			return token.(string), nil
		}
	}
	return "", fmt.Errorf("%s.New%s registers nothing", p.path, name)
}

// inputs reads the args struct of a resource and what its constructor does with
// it: what it refuses to go without, what it fills in, what it makes secret.
func (g *generator) inputs(p *goPackage, name string) (table.Fields, error) {
	fields, err := g.plainFields(p, lowerFirst(name)+"Args")
	if err != nil {
		return nil, err
	}
	body := p.funcs["New"+name].Body.List
	for _, f := range fields {
		f.required = f.required || slices.ContainsFunc(body, func(s ast.Stmt) bool { return refusesNil(s, f.goName) })
		f.secret = slices.ContainsFunc(body, func(s ast.Stmt) bool { return makesSecret(s, f.goName) })
	}
	if err := setDefaults(fields, body, "args"); err != nil {
		return nil, fmt.Errorf("defaults in New%s: %w", name, err)
	}
	return textOf(fields)
}

func (g *generator) outputs(p *goPackage, name string, constructor *ast.FuncDecl) (table.Fields, error) {
	fields, err := g.outputFields(p, name)
	if err != nil {
		return nil, err
	}
	secrets := stringsIn(calls(constructor.Body, "AdditionalSecretOutputs"))
	for _, f := range fields {
		f.secret = slices.Contains(secrets, f.name)
	}
	return textOf(fields)
}

// function generates an invoke.
func (g *generator) function(p *goPackage, name string) error {
	d := p.funcs[name]
	if d == nil {
		return fmt.Errorf("%s has no function %s", p.path, name)
	}
	call := calls(d.Body, "Invoke")
	if call == nil {
		return fmt.Errorf("%s.%s invokes nothing", p.path, name)
	}
	token, err := literal(call.Args[0])
	if err != nil {
		return fmt.Errorf("token in %s: %w", name, err)
	}
	f := table.Function{APIVersion: g.apiVersion(p, d.Doc.Text()), Args: table.Fields{}}
	if params := d.Type.Params.List; len(params) > 2 {
		if f.Args, err = g.plainText(p, ident(params[1].Type)); err != nil {
			return err
		}
	}
	if f.Result, err = g.plainText(p, ident(d.Type.Results.List[0].Type)); err != nil {
		return err
	}
	g.out.Functions[token.(string)] = f
	return nil
}

var (
	docVersion  = regexp.MustCompile(`Uses Azure REST API version (\d{4}-\d{2}-\d{2}(?:-\w+)?)`)
	pathVersion = regexp.MustCompile(`/v(\d{4})(\d{2})(\d{2})(\w*)$`)
)

// apiVersion is the version of Azure's API that a resource or function speaks:
// that of a versioned package, else what the comment says.
func (g *generator) apiVersion(p *goPackage, doc string) string {
	if m := pathVersion.FindStringSubmatch(p.path); m != nil {
		version := m[1] + "-" + m[2] + "-" + m[3]
		if m[4] != "" {
			version += "-" + m[4]
		}
		return version
	}
	if m := docVersion.FindStringSubmatch(doc); m != nil {
		return m[1]
	}
	return ""
}

// refusesNil recognizes: if args.Name == nil { return nil, errors.New(…) }
func refusesNil(s ast.Stmt, name string) bool {
	check, ok := s.(*ast.IfStmt)
	if !ok || !comparesNil(check.Cond, token.EQL, "args", name) {
		return false
	}
	_, returns := check.Body.List[0].(*ast.ReturnStmt)
	return returns
}

// makesSecret recognizes an assignment, at any depth, of pulumi.ToSecret(…) to
// args.Name.
func makesSecret(s ast.Stmt, name string) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if ok && isSelector(a.Lhs[0], "args", name) && calls(a.Rhs[0], "ToSecret") != nil {
			found = true
		}
		return !found
	})
	return found
}

// setDefaults enters what the statements of a constructor or Defaults method
// put into fields that the program left empty. They come in these forms:
//
//	if tmp.Name == nil { name_ := "value"; tmp.Name = &name_ }
//	if args.Name == nil { args.Name = pulumi.StringPtr("value") }
//	if utilities.IsZero(tmp.Name) { tmp.Name = "value" }
//	args.Name = pulumi.StringPtr("value")
//
// A value from an environment variable is no default here: it is known only
// where the program runs.
func setDefaults(fields []*field, body []ast.Stmt, recv string) error {
	for _, s := range body {
		switch s := s.(type) {
		case *ast.IfStmt:
			if name := emptyField(s.Cond, recv); name != "" {
				if err := setDefault(fields, s.Body.List[0], name); err != nil {
					return fmt.Errorf("%s.%s: %w", recv, name, err)
				}
			}
		case *ast.AssignStmt:
			// A constant of the type, unless the field is only wrapped.
			lhs, ok := s.Lhs[0].(*ast.SelectorExpr)
			if v, err := literal(s.Rhs[0]); ok && err == nil && ident(lhs.X) == recv {
				if err := setValue(fields, lhs.Sel.Name, v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// setDefault takes the default of a field from the first statement that runs
// when the field is empty.
func setDefault(fields []*field, first ast.Stmt, name string) error {
	switch s := first.(type) {
	case *ast.ReturnStmt:
		return nil // required
	case *ast.IfStmt:
		return environmentOnly(s)
	case *ast.AssignStmt:
		v, err := literal(s.Rhs[0])
		if err != nil {
			return err
		}
		return setValue(fields, name, v)
	}
	return fmt.Errorf("set by an unforeseen %T", first)
}

func setValue(fields []*field, goName string, v any) error {
	i := slices.IndexFunc(fields, func(f *field) bool { return f.goName == goName })
	if i < 0 {
		return fmt.Errorf("%s has a default and is no field", goName)
	}
	fields[i].value = v
	return nil
}

// environmentOnly accepts: if d := internal.GetEnvOrDefault(nil, …); d != nil
func environmentOnly(s *ast.IfStmt) error {
	if s.Init == nil {
		return errors.New("a default on a condition is not foreseen")
	}
	call := calls(s.Init, "GetEnvOrDefault")
	if call == nil || ident(call.Args[0]) != "nil" {
		return errors.New("a default beside environment variables is not foreseen")
	}
	return nil
}

// emptyField is the field that a condition asks to be unset, "" for any other
// condition.
func emptyField(cond ast.Expr, recv string) string {
	switch c := cond.(type) {
	case *ast.BinaryExpr:
		if s, ok := c.X.(*ast.SelectorExpr); ok && comparesNil(cond, token.EQL, recv, s.Sel.Name) {
			return s.Sel.Name
		}
	case *ast.CallExpr:
		s, ok := c.Fun.(*ast.SelectorExpr)
		if !ok || s.Sel.Name != "IsZero" {
			return ""
		}
		if arg, ok := c.Args[0].(*ast.SelectorExpr); ok && ident(arg.X) == recv {
			return arg.Sel.Name
		}
	}
	return ""
}

func comparesNil(cond ast.Expr, op token.Token, recv, name string) bool {
	c, ok := cond.(*ast.BinaryExpr)
	return ok && c.Op == op && isSelector(c.X, recv, name) && ident(c.Y) == "nil"
}

// aliases are the other tokens of a resource; one that differs from its token
// in the API version only is shortened to that.
func aliases(constructor *ast.FuncDecl, token string) []string {
	all := stringsIn(calls(constructor.Body, "Aliases"))
	for i, a := range all {
		if version, ok := onlyVersion(a, token); ok {
			all[i] = version
		}
	}
	return all
}

var inToken = regexp.MustCompile(`/(v\d{8}\w*):`)

func onlyVersion(alias, token string) (string, bool) {
	m := inToken.FindStringSubmatch(alias)
	if m == nil || inToken.ReplaceAllString(alias, ":") != inToken.ReplaceAllString(token, ":") {
		return "", false
	}
	return m[1], true
}

// calls is the first call below n of a function or method with a name.
func calls(n ast.Node, name string) *ast.CallExpr {
	var found *ast.CallExpr
	ast.Inspect(n, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && found == nil {
			if s, ok := c.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == name {
				found = c
			}
		}
		return found == nil
	})
	return found
}

// stringsIn are all string constants below a call, which may be nil.
func stringsIn(call *ast.CallExpr) []string {
	if call == nil {
		return nil
	}
	var all []string
	ast.Inspect(call, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if v, err := literal(lit); err == nil {
				all = append(all, v.(string))
			}
		}
		return true
	})
	return all
}

// lowerFirst makes NewVpc's vpcArgs of Vpc.
func lowerFirst(name string) string {
	runes := []rune(name)
	runes[0] = unicode.ToLower(runes[0])
	return string(runes)
}

// resourcesOf are the Go type names of all resources of a package, sorted.
func resourcesOf(p *goPackage) ([]string, error) {
	var names []string
	for name, d := range p.types {
		if isResource(d) && name != "Provider" && p.funcs["New"+name] != nil {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no resources", p.path)
	}
	slices.Sort(names)
	return names, nil
}
