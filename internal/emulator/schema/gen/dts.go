package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A dts is what one TypeScript declaration file declares: the members of its
// interfaces and classes and the values of its enums, by name with the
// namespaces before it: network.v20230201.IpsecPolicyArgs.
type dts struct {
	members map[string]map[string]member
	enums   map[string][]any
}

// A member is one property of an interface or class.
type member struct {
	optional bool
	typ      string // TypeScript, on one line
}

var (
	openNamespace = regexp.MustCompile(`^(?:export )?(?:declare )?namespace (\w+) \{$`)
	openInterface = regexp.MustCompile(`^(?:export )?(?:declare )?(?:interface|class) (\w+)(?: extends [\w.]+)? \{$`)
	openEnum      = regexp.MustCompile(`^export declare const (\w+): \{$`)
	propertyLine  = regexp.MustCompile(`^(?:readonly )?"?([^"?:([]+)"?(\?)?: (.+)$`)
)

// readDTS reads a declaration file as pulumi-language-nodejs writes them: one
// declaration or member a line, inner object types on lines of their own.
func readDTS(name string) (*dts, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read typings: %w", err)
	}
	defer f.Close()
	r := &dtsReader{out: &dts{members: map[string]map[string]member{}, enums: map[string][]any{}}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20) // comments are long
	for lines.Scan() {
		if err := r.line(strings.TrimSpace(lines.Text())); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return r.out, nil
}

// A dtsReader is where in a declaration file a reader is.
type dtsReader struct {
	out   *dts
	scope []string // open namespaces
	in    string   // open interface, class or enum, "" for none
	enum  bool
	open  string // property of which only the beginning was read
}

func (r *dtsReader) line(l string) error {
	switch {
	case l == "" || strings.HasPrefix(l, "/*") || strings.HasPrefix(l, "*"):
		return nil
	case r.in == "":
		r.outside(l)
		return nil
	}
	l = strings.TrimPrefix(r.open+" "+l, " ")
	r.open = ""
	switch {
	case strings.Count(l, "{") > strings.Count(l, "}"):
		r.open = l
	case l == "}" || l == "};":
		r.in = ""
	default:
		return r.property(strings.TrimSuffix(l, ";"))
	}
	return nil
}

func (r *dtsReader) outside(l string) {
	if m := openNamespace.FindStringSubmatch(l); m != nil {
		r.scope = append(r.scope, m[1])
	} else if m := openInterface.FindStringSubmatch(l); m != nil {
		r.in, r.enum = r.qualified(m[1]), false
		r.out.members[r.in] = map[string]member{}
	} else if m := openEnum.FindStringSubmatch(l); m != nil {
		r.in, r.enum = r.qualified(m[1]), true
	} else if l == "}" && len(r.scope) > 0 {
		r.scope = r.scope[:len(r.scope)-1]
	}
}

func (r *dtsReader) qualified(name string) string {
	return strings.Join(append(r.scope[:len(r.scope):len(r.scope)], name), ".")
}

// property takes one complete member. What is no property of a class (a
// constructor, a method) passes; an enum has nothing else.
func (r *dtsReader) property(l string) error {
	m := propertyLine.FindStringSubmatch(l)
	switch {
	case m == nil && r.enum:
		return fmt.Errorf("enum %s: unforeseen line %s", r.in, l)
	case m == nil:
		return nil
	case !r.enum:
		r.out.members[r.in][m[1]] = member{optional: m[2] != "", typ: m[3]}
		return nil
	}
	value, err := decode(m[3])
	if err != nil {
		return fmt.Errorf("value of enum %s: %w", r.in, err)
	}
	r.out.enums[r.in] = append(r.out.enums[r.in], value)
	return nil
}

// typings are the declaration files of one npm package.
type typings struct {
	dir   string
	files map[string]*dts // by path below dir
}

func (t *typings) file(elem ...string) (*dts, error) {
	name := filepath.Join(elem...)
	if d := t.files[name]; d != nil {
		return d, nil
	}
	d, err := readDTS(filepath.Join(t.dir, name))
	if err == nil {
		t.files[name] = d
	}
	return d, err
}

// args finds the declaration of a resource's or provider's arguments. scope is
// the package as its types' labels have it: network, core/v1, or "".
func (t *typings) args(scope, name string) (map[string]member, error) {
	d, err := t.file(scope, lowerFirst(name)+".d.ts")
	if err != nil {
		return nil, err
	}
	members := d.members[name+"Args"]
	if members == nil {
		return nil, fmt.Errorf("no %sArgs among the typings of %q: %w", name, scope, fs.ErrNotExist)
	}
	return members, nil
}

// input finds the declaration of an input type by its label. TypeScript has
// the suffix Args or not, and lacks the suffix Type that Go puts on a type that
// is called like a resource.
func (t *typings) input(label string) (map[string]member, error) {
	d, err := t.file("types", "input.d.ts")
	if err != nil {
		return nil, err
	}
	dotted := strings.ReplaceAll(label, "/", ".")
	for _, name := range []string{dotted, strings.TrimSuffix(dotted, "Type")} {
		for _, suffix := range []string{"Args", ""} {
			if m := d.members[name+suffix]; m != nil {
				return m, nil
			}
		}
	}
	return nil, fmt.Errorf("no input type %s in the typings: %w", label, fs.ErrNotExist)
}

var errNoEnum = errors.New("no such enum in the typings")

// enum finds the values of an enum by its label.
func (t *typings) enum(label string) ([]any, error) {
	scope, name := "", label
	if i := strings.LastIndex(label, "."); i >= 0 {
		scope, name = label[:i], label[i+1:]
	}
	d, err := t.file("types", "enums", scope, "index.d.ts")
	if err != nil {
		return nil, err
	}
	if values := d.enums[name]; len(values) > 0 {
		return values, nil
	}
	return nil, fmt.Errorf("%s: %w", label, errNoEnum)
}
