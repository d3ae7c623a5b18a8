package inventory

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

func sample() Props {
	return Props{
		"name": "net", "count": 2.0, "on": true, "none": nil,
		"vpcConfig": map[string]any{"subnetIds": []any{"a", "b", Unknown{}}},
		"ips": []any{
			map[string]any{"subnet": map[string]any{"id": "s1"}},
			map[string]any{"subnet": Unknown{}},
			map[string]any{},
		},
		"tags": map[string]any{"a.b": "dotted"},
	}
}

func TestPropsGet(t *testing.T) {
	cases := map[string]struct {
		path string
		want any
		ok   bool
	}{
		"plain":               {"name", "net", true},
		"list element":        {"vpcConfig.subnetIds[1]", "b", true},
		"beyond the list":     {"vpcConfig.subnetIds[3]", nil, false},
		"through a list":      {"ips[0].subnet.id", "s1", true},
		"below an unknown":    {"ips[1].subnet.id", Unknown{}, true},
		"not there":           {"ips[2].subnet.id", nil, false},
		"null is not there":   {"none", nil, false},
		"quoted key":          {`tags["a.b"]`, "dotted", true},
		"through a scalar":    {"name.first", nil, false},
		"index of an object":  {"tags[0]", nil, false},
		"name of a list":      {"ips.subnet", nil, false},
		"bracket then a name": {"ips[0].subnet", map[string]any{"id": "s1"}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, ok := sample().Get(tc.path)
			if ok != tc.ok || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("Get(%s) is %v, %v; want %v, %v", tc.path, got, ok, tc.want, tc.ok)
			}
		})
	}
}

func TestPropsTyped(t *testing.T) {
	p := sample()
	if p.Str("name") != "net" || p.Str("count") != "" || p.StrOr("x", "y") != "y" {
		t.Error("strings")
	}
	if p.Num("count") != 2 || p.Int("count") != 2 || !p.Bool("on") || p.Bool("name") {
		t.Error("numbers and booleans")
	}
	if !p.Has("ips[1].subnet") || p.Known("ips") || !p.Known("tags") || !p.Known("absent") {
		t.Error("presence and knowledge")
	}
	if got := p.Strings("vpcConfig.subnetIds"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("strings of a list: %v", got)
	}
	if got := p.Strings("vpcConfig.subnetIds[*]"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("strings of a pattern: %v", got)
	}
	if got := len(p.Maps("ips")); got != 3 {
		t.Errorf("%d objects, want 3", got)
	}
	if got := p.Map("tags").Str(`["a.b"]`); got != "dotted" {
		t.Errorf("map: %q", got)
	}
}

func TestPropsEach(t *testing.T) {
	var got []string
	sample().Each("ips[*].subnet.id", func(path string, v any) { got = append(got, fmt.Sprint(path, "=", v)) })
	if want := []string{"ips[0].subnet.id=s1", "ips[1].subnet={}"}; !slices.Equal(got, want) {
		t.Errorf("visited %v, want %v", got, want)
	}
}

func TestPropsSet(t *testing.T) {
	p := Props{"list": []any{"a"}}
	p.Set("new.deep", 1)
	p.Set("list[1]", "b")
	p.Set("objects[0].name", "first")
	p.Set(`tags["x.y"]`, "z")
	p.Set("texts", []string{"t"})
	p.Default("list", "not taken")
	p.Default("added", true)
	p.Set("gone.now", "x")
	p.Del("gone.now")
	want := Props{
		"new": map[string]any{"deep": 1.0}, "list": []any{"a", "b"},
		"objects": []any{map[string]any{"name": "first"}}, "tags": map[string]any{"x.y": "z"},
		"texts": []any{"t"}, "added": true, "gone": map[string]any{},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %v\nwant %v", p, want)
	}
}

func TestPropsCloneSharesNothing(t *testing.T) {
	p := sample()
	c := p.Clone()
	c.Set("vpcConfig.subnetIds[0]", "changed")
	c.Set("ips[0].subnet.id", "changed")
	if !reflect.DeepEqual(p, sample()) {
		t.Errorf("the original changed: %v", p)
	}
	if with := p.With(Props{"name": "other"}); with.Str("name") != "other" || p.Str("name") != "net" {
		t.Errorf("with: %v", with)
	}
}

func TestMalformedPathPanics(t *testing.T) {
	for _, path := range []string{".a", "a..b", "a.", "a[", "a[x]", "a[-1]", `a["b]`} {
		t.Run(path, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("accepted")
				}
			}()
			ParsePath(path)
		})
	}
}

func TestPathRoundTrip(t *testing.T) {
	for _, path := range []string{"a", "a.b", "a[0]", "a[0].b[1][2]", `a["b.c"].d`, "a[*].b"} {
		if got := ParsePath(path).String(); got != path {
			t.Errorf("%s became %s", path, got)
		}
	}
}
