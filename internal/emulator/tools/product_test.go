package tools

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator"
	"burrow/internal/emulator/rpctest"
	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

func TestClouds(t *testing.T) {
	var names []string
	for _, c := range Clouds() {
		names = append(names, c.Name)
		pkg, err := schema.Load(c.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range c.Lint(pkg) {
			t.Error(problem)
		}
	}
	if want := []string{"random", "tls"}; !slices.Equal(names, want) {
		t.Errorf("clouds %v, want %v", names, want)
	}
}

// Each rule has one id and one place.
func TestRuleIDsAreDistinct(t *testing.T) {
	type place struct {
		typ   string
		id    rules.ID
		where string
	}
	seen := map[place]bool{}
	for _, c := range Clouds() {
		for _, e := range c.Catalogue() {
			if e.What != "rule" {
				continue
			}
			if p := (place{e.Type, e.ID, e.Where}); seen[p] {
				t.Errorf("%v is declared twice", p)
			} else {
				seen[p] = true
			}
		}
	}
}

func TestSamplesSetEveryInput(t *testing.T) {
	for typ, in := range samples(newBench(t, "seed")) {
		if got, want := sortedKeys(in), sortedKeys(resourceOf(t, typ).Inputs); !slices.Equal(got, want) {
			t.Errorf("%s: the sample sets %v, the type has %v", typ, got, want)
		}
	}
}

// What is made fits the schema: every output that is always there is there, of
// its type, and secret where the schema says so.
func TestOutputsFitTheSchema(t *testing.T) {
	b := newBench(t, "seed")
	for typ, in := range samples(b) {
		res, err := b.client(typ).Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, "thing"), Properties: b.wire(in)})
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		out, r := inventory.Props(rpctest.Open(res.GetProperties())), resourceOf(t, typ)
		for _, v := range emulator.CheckOutputs(r, out) {
			t.Errorf("%s: %s", typ, v)
		}
		for name, p := range r.Outputs {
			if p.Required && !out.Has(name) {
				t.Errorf("%s: no output %s", typ, name)
			}
		}
		if got := secretNames(res.GetProperties()); !slices.Equal(got, r.SecretOutputs()) {
			t.Errorf("%s: secrets %v, want %v", typ, got, r.SecretOutputs())
		}
		for name, v := range in {
			if !reflect.DeepEqual(out[name], v) {
				t.Errorf("%s: the output %s is %v, want the input %v", typ, name, out[name], v)
			}
		}
	}
}

// What the program leaves out shows with the provider's default.
func TestDefaultsShow(t *testing.T) {
	b := newBench(t, "seed")
	key := b.key("key", edwards)
	root := b.root("root", edwards)
	text := props{"special": true, "upper": true, "lower": true, "numeric": true, "number": true,
		"minSpecial": 0.0, "minUpper": 0.0, "minLower": 0.0, "minNumeric": 0.0}
	cert := props{"earlyRenewalHours": 0.0, "isCaCertificate": false, "setSubjectKeyId": false}
	cases := map[string]struct{ in, defaults props }{
		passwordType: {props{"length": 8.0}, text},
		stringType:   {props{"length": 8.0}, text},
		keyType:      {edwards, props{"rsaBits": 2048.0, "ecdsaCurve": "P224"}},
		selfType:     {selfSigned(key, nil), inventory.Props(cert).With(inventory.Props{"setAuthorityKeyId": false})},
		locallyType:  {root.signing(b.request("request", key, nil), nil), cert},
		uuidType:     {props{}, nil},
		requestType:  {props{"privateKeyPem": key}, nil},
	}
	for typ, tc := range cases {
		_, out := b.mustCreate(typ, "thing", tc.in)
		for name, want := range tc.defaults {
			if !reflect.DeepEqual(out[name], want) {
				t.Errorf("%s: %s is %v, want %v", typ, name, out[name], want)
			}
		}
		for name, p := range resourceOf(t, typ).Outputs {
			if p.Required && !out.Has(name) {
				t.Errorf("%s: no output %s", typ, name)
			}
		}
	}
}

// Only a certificate's earlyRenewalHours changes in place.
func TestEveryInputReplaces(t *testing.T) {
	b := newBench(t, "seed")
	for typ, before := range samples(b) {
		for name, v := range before {
			after := maps.Clone(before)
			after[name] = changed(v)
			var want []string
			if name != "earlyRenewalHours" {
				want = []string{name}
			}
			res := b.diff(typ, before, after)
			if !slices.Equal(res.GetReplaces(), want) || !slices.Equal(res.GetDiffs(), []string{name}) {
				t.Errorf("%s: a change of %s: diffs %v, replaces %v, want %v", typ, name, res.GetDiffs(), res.GetReplaces(), want)
			}
			if res.GetDeleteBeforeReplace() {
				t.Errorf("%s: a change of %s deletes first", typ, name)
			}
		}
	}
}

func changed(v any) any {
	switch v := v.(type) {
	case string:
		return v + "2"
	case float64:
		return v + 1
	case bool:
		return !v
	case []any:
		return append(slices.Clone(v), "more")
	case map[string]any:
		c := maps.Clone(v)
		for name, e := range c {
			c[name] = changed(e)
		}
		return c
	}
	return nil
}

func TestWrittenOutDefaultsChangeNothing(t *testing.T) {
	cases := map[string]struct {
		typ           string
		before, after props
		changes       bool
	}{
		"class used":        {passwordType, props{"length": 8.0}, props{"length": 8.0, "special": true, "numeric": true, "minUpper": 0.0}, false},
		"class used before": {passwordType, props{"length": 8.0, "special": true}, props{"length": 8.0}, false},
		"class shut out":    {passwordType, props{"length": 8.0}, props{"length": 8.0, "special": false}, true},
		"minimum":           {passwordType, props{"length": 8.0}, props{"length": 8.0, "minUpper": 1.0}, true},
		"size":              {keyType, props{"algorithm": "RSA"}, props{"algorithm": "RSA", "rsaBits": 2048.0, "ecdsaCurve": "P224"}, false},
		"other size":        {keyType, props{"algorithm": "RSA"}, props{"algorithm": "RSA", "rsaBits": 4096.0}, true},
		"authority":         {selfType, selfSigned("k", nil), selfSigned("k", props{"isCaCertificate": false, "earlyRenewalHours": 0.0}), false},
	}
	b := newBench(t, "seed")
	for name, tc := range cases {
		if got := b.diff(tc.typ, tc.before, tc.after); (got.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME) != tc.changes {
			t.Errorf("%s: differences %v", name, got.GetDiffs())
		}
	}
}

// seedless are inputs for which the world's own seed decides.
func seedless(in props) props {
	in = maps.Clone(in)
	delete(in, "seed")
	return in
}

// salted are the outputs with randomness of their own.
var salted = []string{"bcryptHash", "privateKeyOpenssh"}

func TestResultsFollowTheSeed(t *testing.T) {
	one, again, other := newBench(t, "one"), newBench(t, "one"), newBench(t, "two")
	again.now = one.now
	inputs, repeated := samples(one), samples(again)
	for _, typ := range sortedKeys(inputs) {
		if typ == requestType {
			continue // a function of its inputs: no randomness
		}
		in := seedless(inputs[typ])
		if !reflect.DeepEqual(in, seedless(repeated[typ])) {
			t.Errorf("%s: the same seed gave other keys and certificates", typ)
		}
		id, out := one.mustCreate(typ, "thing", in)
		sameID, same := again.mustCreate(typ, "thing", in)
		for _, name := range salted {
			delete(out, name)
			delete(same, name)
		}
		if id != sameID || !reflect.DeepEqual(out, same) {
			t.Errorf("%s: the same seed gave %s, then %s", typ, id, sameID)
		}
		// A shuffle of two may come out the same; its id may not.
		others := map[string]string{}
		others["another URN"], _ = one.mustCreate(typ, "other", in)
		others["the replacement"], _ = one.mustCreate(typ, "thing", in)
		others["another seed"], _ = other.mustCreate(typ, "thing", in)
		for what, otherID := range others {
			if otherID == id {
				t.Errorf("%s: %s has the id %s, too", typ, what, id)
			}
		}
	}
}

// A new generation of a resource, as a new keeper makes one, has a new password.
func TestReplacementHasANewPassword(t *testing.T) {
	b := newBench(t, "seed")
	in := func(generation string) props {
		return props{"length": 48.0, "special": false, "keepers": props{"generation": generation}}
	}
	if got := b.diff(passwordType, in("1"), in("2")).GetReplaces(); !slices.Equal(got, []string{"keepers"}) {
		t.Fatalf("replaces %v, want the keepers", got)
	}
	id, first := b.mustCreate(passwordType, "key", in("1"))
	newID, second := b.mustCreate(passwordType, "key", in("2"))
	if first.Str("result") == second.Str("result") || id == newID {
		t.Error("the replacement has the password or the id of the replaced")
	}
	_, err := b.client(passwordType).Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(passwordType, "key"), Id: id})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.read(passwordType, "key", newID); !reflect.DeepEqual(got, second) {
		t.Error("the deletion of the replaced changed the replacement")
	}
}

// Things that share an id in real life are told apart here.
func TestIDs(t *testing.T) {
	b := newBench(t, "seed")
	cases := []struct {
		typ  string
		in   props
		want func(out inventory.Props) string // the first one's id
		own  bool                             // it ends in digits of its own
	}{
		{passwordType, props{"length": 8.0}, func(inventory.Props) string { return "none" }, true},
		{shuffleType, props{"inputs": []any{"a"}}, func(inventory.Props) string { return "-" }, true},
		{stringType, props{"length": 1.0, "upper": false, "lower": false, "numeric": false, "overrideSpecial": "."}, func(out inventory.Props) string { return out.Str("result") }, false},
		{integerType, props{"min": 7.0, "max": 7.0}, func(inventory.Props) string { return "7" }, false},
		{bytesType, props{"length": 8.0}, func(out inventory.Props) string { return out.Str("base64") }, false},
		{idType, props{"byteLength": 8.0, "prefix": "p"}, func(out inventory.Props) string { return strings.TrimPrefix(out.Str("b64Url"), "p") }, false},
		{uuidType, props{}, func(out inventory.Props) string { return out.Str("result") }, false},
	}
	for _, tc := range cases {
		id, out := b.mustCreate(tc.typ, "first", tc.in)
		if want := tc.want(out); id != want && !(tc.own && strings.HasPrefix(id, want+"-")) {
			t.Errorf("%s: id %s, want %s", tc.typ, id, want)
		}
		if second, _ := b.mustCreate(tc.typ, "second", tc.in); second == id {
			t.Errorf("%s: two of them have the id %s", tc.typ, id)
		}
	}
}

// The world keeps nothing beside what it shows, and nothing of what is deleted.
func TestNothingIsLeft(t *testing.T) {
	b := newBench(t, "seed")
	samples(b)
	var all []*inventory.Object
	list := func(tx *emulator.Tx) error { all = tx.All(); return nil }
	if err := b.world.View(list); err != nil || len(all) == 0 {
		t.Fatalf("%d objects, %v", len(all), err)
	}
	for _, o := range all {
		if len(o.Hidden) > 0 {
			t.Errorf("%s keeps %v to itself", o.Type, sortedKeys(o.Hidden))
		}
		if _, err := b.client(o.Type).Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: o.URN, Id: o.ID}); err != nil {
			t.Errorf("delete %s: %v", o.Type, err)
		}
	}
	if err := b.world.View(list); err != nil || len(all) != 0 {
		t.Errorf("%d objects after their deletion, %v", len(all), err)
	}
}

// unknown stands for what a preview does not know. Source: pulumi
// sdk/go/common/resource/plugin/rpc.go.
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// In a preview nothing is made, and what is unknown breaks no rule.
func TestPreview(t *testing.T) {
	b := newBench(t, "seed")
	for typ, in := range samples(b) {
		vague := props{}
		for name := range in {
			vague[name] = unknown
		}
		if failures := b.check(typ, vague); len(failures) > 0 {
			t.Errorf("%s: %v", typ, failures)
		}
		res, err := b.client(typ).Create(t.Context(), &pulumirpc.CreateRequest{
			Urn: urn(typ, "thing"), Properties: b.wire(vague), Preview: true,
		})
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		for name, v := range rpctest.Open(res.GetProperties()) {
			if v != unknown {
				t.Errorf("%s: a preview knows %s", typ, name)
			}
		}
	}
}
