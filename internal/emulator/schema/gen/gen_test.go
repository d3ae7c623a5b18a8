package main

import (
	"go/ast"
	"go/parser"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"burrow/internal/emulator/schema/table"
)

const committed = "../data"

// typingsDir names the folder that the package comment shows how to make.
const typingsDir = "BURROW_NPM_TYPINGS"

// TestCommittedData generates everything again. The Go SDKs are in the module
// cache wherever the program has been built; the npm packages may not be.
func TestCommittedData(t *testing.T) {
	for _, s := range sdks {
		t.Run(s.pkg, func(t *testing.T) {
			g, err := generate(s)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, s.pkg+".json", g.out)
			t.Run("typings", func(t *testing.T) {
				npm := os.Getenv(typingsDir)
				if npm == "" {
					t.Skipf("the typings of the npm packages are not at hand: name their folder in %s (see the package comment)", typingsDir)
				}
				extra, err := supplement(s, g, npm)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, s.pkg+".typings.json", extra)
			})
		})
	}
}

func compare(t *testing.T, name string, f *table.File) {
	t.Helper()
	got, err := encode(f)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(committed, name))
	if os.IsNotExist(err) && empty(f) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not what its sources make today; run go generate. First difference: %s", name, firstDifference(string(got), string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "generated " + g[i] + ", committed " + w[i]
		}
	}
	return "one of them ends early"
}

const sdkSource = `package fake

import (
	"errors"
	"reflect"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type Mode string

const (
	ModeSlow = Mode("slow")
	ModeFast = Mode("fast")
)

type Inner struct {
	Count int ` + "`pulumi:\"count\"`" + `
	Again *Inner ` + "`pulumi:\"again\"`" + `
	List []string ` + "`pulumi:\"list\"`" + `
	Level *int ` + "`pulumi:\"level\"`" + `
}

func (val *Inner) Defaults() *Inner {
	tmp := *val
	if tmp.Level == nil {
		level_ := -3
		tmp.Level = &level_
	}
	return &tmp
}

type thingArgs struct {
	Key *string ` + "`pulumi:\"key\"`" + `
	Kind *string ` + "`pulumi:\"kind\"`" + `
	Mode *Mode ` + "`pulumi:\"mode\"`" + `
	Names []string ` + "`pulumi:\"names\"`" + `
	Region *string ` + "`pulumi:\"region\"`" + `
	Inners map[string]Inner ` + "`pulumi:\"inners\"`" + `
	Free interface{} ` + "`pulumi:\"free\"`" + `
}

type Thing struct {
	pulumi.CustomResourceState
	Inner InnerPtrOutput ` + "`pulumi:\"inner\"`" + `
	Key pulumi.StringOutput ` + "`pulumi:\"key\"`" + `
	Sizes pulumi.IntArrayMapOutput ` + "`pulumi:\"sizes\"`" + `
}

func (InnerPtrOutput) ElementType() reflect.Type {
	return reflect.TypeOf((**Inner)(nil)).Elem()
}

func NewThing(ctx *pulumi.Context, name string, args *ThingArgs, opts ...pulumi.ResourceOption) (*Thing, error) {
	if args.Names == nil {
		return nil, errors.New("names")
	}
	args.Kind = pulumi.StringPtr("Thing")
	if args.Region == nil {
		if d := internal.GetEnvOrDefault(nil, nil, "REGION"); d != nil {
			args.Region = pulumi.StringPtr(d.(string))
		}
	}
	if args.Mode == nil {
		args.Mode = Mode("slow")
	}
	if args.Key != nil {
		args.Key = pulumi.ToSecret(args.Key).(pulumi.StringPtrInput)
	}
	aliases := pulumi.Aliases([]pulumi.Alias{
		{Type: pulumi.String("fake:index/v20200101:Thing")},
		{Type: pulumi.String("fake:old:Thing")},
	})
	secrets := pulumi.AdditionalSecretOutputs([]string{"key"})
	err := ctx.RegisterResource("fake:index:Thing", name, args, &resource, opts...)
	return nil, err
}
`

// fake is a generator over one package that is made of source.
func fake(t *testing.T, source string) (*generator, *goPackage) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "fake.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	const path = "example.org/go/fake"
	g := newGenerator(sdk{pkg: "fake"}, map[string]module{path: {dir: dir, version: "1.0.0"}})
	p, err := g.src.load(path)
	if err != nil {
		t.Fatal(err)
	}
	return g, p
}

func TestResource(t *testing.T) {
	g, p := fake(t, sdkSource)
	if err := g.resource(p, "Thing"); err != nil {
		t.Fatal(err)
	}
	want := table.Resource{
		Inputs: table.Fields{
			"free": "any", "inners": "{}#Inner", "key": "string secret", "kind": `string = "Thing"`,
			"mode": `@Mode = "slow"`, "names": "[]string!", "region": "string",
		},
		Outputs: table.Fields{"inner": "#Inner", "key": "string! secret", "sizes": "{}[]integer"},
		Aliases: []string{"v20200101", "fake:old:Thing"},
	}
	if got := g.out.Resources["fake:index:Thing"]; !reflect.DeepEqual(got, want) {
		t.Errorf("resource\n got %v\nwant %v", got, want)
	}
	inner := table.Fields{"again": "#Inner", "count": "integer!", "level": "integer = -3", "list": "[]string"}
	if got := g.out.Types["Inner"]; !reflect.DeepEqual(got, inner) {
		t.Errorf("type\n got %v\nwant %v", got, inner)
	}
	if got, want := g.out.Enums["Mode"], []any{"slow", "fast"}; !reflect.DeepEqual(got, want) {
		t.Errorf("enum\n got %v\nwant %v", got, want)
	}
}

// TestUnforeseenSource: what the generator does not understand it must refuse,
// not leave out.
func TestUnforeseenSource(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"field type":      {"Free interface{}", "Free chan int", "unforeseen form"},
		"base SDK type":   {"Free interface{}", "Free pulumi.Context", "unforeseen type pulumi.Context"},
		"undeclared type": {"Free interface{}", "Free Nowhere", "does not declare Nowhere"},
		"output type":     {"pulumi.IntArrayMapOutput", "pulumi.Int8Output", "unforeseen output type"},
		"output element":  {"Inner InnerPtrOutput", "Inner LostOutput", "no output type LostOutput"},
		"default": {
			`args.Mode = Mode("slow")`, "args.Mode = slowest()", "args.Mode: not a constant",
		},
		"default beside environment": {
			"GetEnvOrDefault(nil,", `GetEnvOrDefault("eu",`, "beside environment variables",
		},
		"no registration": {"ctx.RegisterResource(", "ctx.Enrol(", "registers nothing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := strings.Replace(sdkSource, test.old, test.new, 1)
			if source == sdkSource {
				t.Fatalf("source has no %q", test.old)
			}
			g, p := fake(t, source)
			err := g.resource(p, "Thing")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestFunction(t *testing.T) {
	g, p := fake(t, `package fake
// Uses Azure REST API version 2023-02-01.
func LookupThing(ctx *pulumi.Context, args *LookupThingArgs, opts ...pulumi.InvokeOption) (*LookupThingResult, error) {
	var rv LookupThingResult
	err := ctx.Invoke("fake:index:getThing", args, &rv, opts...)
	return &rv, err
}
type LookupThingArgs struct { Name string `+"`pulumi:\"name\"`"+` }
type LookupThingResult struct { Id string `+"`pulumi:\"id\"`"+` }
`)
	if err := g.function(p, "LookupThing"); err != nil {
		t.Fatal(err)
	}
	want := table.Function{
		APIVersion: "2023-02-01",
		Args:       table.Fields{"name": "string!"}, Result: table.Fields{"id": "string!"},
	}
	if got := g.out.Functions["fake:index:getThing"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLiteral(t *testing.T) {
	tests := map[string]any{
		`"a"`: "a", `1`: 1.0, `-2.5`: -2.5, `true`: true, `pulumi.StringPtr("x")`: "x", `Mode("y")`: "y",
		`a.b`: nil, `f()`: nil, `other`: nil,
	}
	for source, want := range tests {
		e, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		got, err := literal(e)
		if (err != nil) != (want == nil) || got != want {
			t.Errorf("literal(%s) = %v, %v, want %v", source, got, err, want)
		}
	}
}

func TestBuiltinElement(t *testing.T) {
	tests := map[string]string{
		"StringOutput": "string", "StringPtrOutput": "*string", "Float64Output": "float64",
		"StringArrayMapOutput": "map[string][]string", "AnyOutput": "any", "BoolMapOutput": "map[string]bool",
		"AssetOrArchiveOutput": "pulumi.AssetOrArchive",
	}
	for name, want := range tests {
		e, err := builtinElement(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := printed(e); got != want {
			t.Errorf("%s holds %s, want %s", name, got, want)
		}
	}
}

func printed(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + printed(e.X)
	case *ast.ArrayType:
		return "[]" + printed(e.Elt)
	case *ast.MapType:
		return "map[string]" + printed(e.Value)
	case *ast.InterfaceType:
		return "any"
	case *ast.SelectorExpr:
		return printed(e.X) + "." + e.Sel.Name
	}
	return e.(*ast.Ident).Name
}
