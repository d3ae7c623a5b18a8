package tools

import (
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

const (
	lowers   = "abcdefghijklmnopqrstuvwxyz"
	uppers   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits   = "0123456789"
	specials = "!@#$%&*()-_=+[]{}<>:?"
)

func count(text, chars string) (n int) {
	for _, r := range text {
		if strings.ContainsRune(chars, r) {
			n++
		}
	}
	return n
}

func TestTexts(t *testing.T) {
	none := props{"upper": false, "lower": false, "numeric": false, "special": false}
	only := func(more props) props {
		in := props{}
		for _, m := range []props{none, more} {
			for k, v := range m {
				in[k] = v
			}
		}
		return in
	}
	cases := map[string]struct {
		in     props
		length float64
		legal  string
		least  map[string]int // characters to how many of them
	}{
		"everything":            {props{}, 500, lowers + uppers + digits + specials, map[string]int{lowers: 1, uppers: 1, digits: 1, specials: 1}},
		"a tunnel's key":        {props{"special": false, "numeric": false}, 48, lowers + uppers, nil},
		"minimums":              {props{"minUpper": 3.0, "minLower": 5.0, "minNumeric": 4.0, "minSpecial": 2.0}, 14, lowers + uppers + digits + specials, map[string]int{uppers: 3, lowers: 5, digits: 4, specials: 2}},
		"own special ones":      {only(props{"special": true, "overrideSpecial": "_%"}), 40, "_%", nil},
		"beyond ASCII":          {only(props{"special": true, "overrideSpecial": "äé"}), 40, "äé", nil},
		"old name of numeric":   {props{"number": false}, 300, lowers + uppers + specials, nil},
		"minimum of a shut-out": {only(props{"lower": true, "minNumeric": 2.0}), 10, lowers + digits, map[string]int{digits: 2}},
		"one character":         {only(props{"upper": true}), 1, uppers, nil},
	}
	b := newBench(t, "seed")
	for name, tc := range cases {
		for _, typ := range []string{passwordType, stringType} {
			tc.in["length"] = tc.length
			_, out := b.mustCreate(typ, name, tc.in)
			result := out.Str("result")
			if n := len([]rune(result)); n != int(tc.length) {
				t.Errorf("%s: %d characters, want %.0f", name, n, tc.length)
			}
			if n := count(result, tc.legal); n != int(tc.length) {
				t.Errorf("%s: only %d of %.0f characters are legal", name, n, tc.length)
			}
			for chars, least := range tc.least {
				if n := count(result, chars); n < least {
					t.Errorf("%s: %d of %q, want at least %d", name, n, chars, least)
				}
			}
			if want := charsets(tc.in)[2].used(tc.in); out.Bool("numeric") != want || out.Bool("number") != want {
				t.Errorf("%s: outputs numeric %v and number %v, want %v", name, out["numeric"], out["number"], want)
			}
		}
	}
}

// Every character of the alphabet is drawn, about as often as any other, and the
// minimums may stand anywhere.
func TestTextsAreSpread(t *testing.T) {
	b := newBench(t, "seed")
	_, out := b.mustCreate(stringType, "long", props{"length": 20000.0, "special": false, "minUpper": 5000.0})
	text := out.Str("result")
	for _, r := range lowers + digits {
		// 15000 drawn from 62 characters: 242 each.
		if n := strings.Count(text, string(r)); n < 160 || n > 340 {
			t.Errorf("%c stands %d times", r, n)
		}
	}
	for at := 0; at < len(text); at += 1000 {
		if n := count(text[at:at+1000], uppers); n < 500 || n > 630 { // 565 expected
			t.Errorf("%d of 1000 are upper from %d on", n, at)
		}
	}
}

func TestBcryptHash(t *testing.T) {
	b := newBench(t, "seed")
	for name, length := range map[string]float64{"short": 8, "longest whole": 72, "cut": 100} {
		_, out := b.mustCreate(passwordType, name, props{"length": length})
		password, hash := []byte(out.Str("result")), []byte(out.Str("bcryptHash"))
		if err := bcrypt.CompareHashAndPassword(hash, password[:min(len(password), 72)]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if cost, err := bcrypt.Cost(hash); err != nil || cost != 10 {
			t.Errorf("%s: cost %d, %v; want the provider's 10", name, cost, err)
		}
		password[0]++
		if bcrypt.CompareHashAndPassword(hash, password[:min(len(password), 72)]) == nil {
			t.Errorf("%s: another password has the hash", name)
		}
	}
}

func TestRandomValidation(t *testing.T) {
	cases := map[string]struct {
		typ  string
		in   props
		want []string
	}{
		"no length": {passwordType, props{"length": 0.0}, []string{"length: Attribute length value must be at least 1, got: 0 (RND-01)"}},
		"minimums": {stringType, props{"length": 3.0, "minUpper": 2.0, "minSpecial": 2.0}, []string{
			"length: Attribute length value must be at least sum of min_upper + min_lower + min_numeric + min_special, got: 3 (RND-02)"}},
		"minimums that fit":       {stringType, props{"length": 4.0, "minUpper": 2.0, "minSpecial": 2.0}, nil},
		"a minimum unknown":       {stringType, props{"length": 3.0, "minUpper": 4.0, "minSpecial": unknown}, nil},
		"no characters":           {passwordType, props{"length": 3.0, "upper": false, "lower": false, "special": false, "numeric": false}, []string{"numeric: At least one attribute out of [special,upper,lower,numeric] must be specified as true (RND-03)"}},
		"no characters, old name": {passwordType, props{"length": 3.0, "upper": false, "lower": false, "special": false, "number": false}, []string{"number: At least one attribute out of [special,upper,lower,number] must be specified as true (RND-03)"}},
		"digits by default":       {passwordType, props{"length": 3.0, "upper": false, "lower": false, "special": false}, nil},
		"perhaps characters":      {passwordType, props{"length": 3.0, "upper": unknown, "lower": false, "special": false, "numeric": false}, nil},
		"numeric twice":           {stringType, props{"length": 3.0, "number": true, "numeric": false}, []string{"number: Number is deprecated, use numeric instead (RND-04)"}},
		"numeric twice, equal":    {stringType, props{"length": 3.0, "number": false, "numeric": false}, nil},
		"no bytes":                {bytesType, props{"length": 0.0}, []string{"length: Attribute length value must be at least 1, got: 0 (RND-06)"}},
	}
	b := newBench(t, "seed")
	for name, tc := range cases {
		if got := b.check(tc.typ, tc.in); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// What the provider finds out only when it makes the thing.
func TestRandomRefusals(t *testing.T) {
	cases := map[string]struct {
		typ  string
		in   props
		want string
	}{
		"negative minimum":    {passwordType, props{"length": 8.0, "minUpper": -1.0}, "RND-05"},
		"empty id":            {idType, props{"byteLength": 0.0}, "Create Random ID Error: byte_length is 0"},
		"range upside down":   {integerType, props{"min": 2.0, "max": 1.0}, "Create Random Integer Error: The minimum (minVal) value needs to be smaller than or equal to maximum (maxVal) value."},
		"negative count":      {shuffleType, props{"inputs": []any{"a"}, "resultCount": -1.0}, "RND-09"},
		"type without a kind": {"random:index/randomPet:RandomPet", props{}, "does not model"},
	}
	b := newBench(t, "seed")
	for name, tc := range cases {
		_, err := b.client(tc.typ).Create(t.Context(), createRequest(b, tc.typ, tc.in))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestRandomIDForms(t *testing.T) {
	b := newBench(t, "seed")
	for _, length := range []float64{1, 4, 7, 16} {
		id, out := b.mustCreate(idType, "id", props{"byteLength": length, "prefix": "p,"})
		raw, err := hex.DecodeString(strings.TrimPrefix(out.Str("hex"), "p,"))
		if err != nil || len(raw) != int(length) {
			t.Fatalf("hex %q: %v", out.Str("hex"), err)
		}
		for name, want := range map[string]string{
			"b64Url": base64.RawURLEncoding.EncodeToString(raw),
			"b64Std": base64.StdEncoding.EncodeToString(raw),
			"dec":    new(big.Int).SetBytes(raw).String(),
		} {
			if out.Str(name) != "p,"+want {
				t.Errorf("%s is %q, want p,%s", name, out.Str(name), want)
			}
		}
		if id != base64.RawURLEncoding.EncodeToString(raw) {
			t.Errorf("id %q is not the id without its prefix", id)
		}
	}
}

func TestRandomBytesForms(t *testing.T) {
	_, out := newBench(t, "seed").mustCreate(bytesType, "bytes", props{"length": 33.0})
	raw, err := hex.DecodeString(out.Str("hex"))
	if err != nil || len(raw) != 33 || out.Str("base64") != base64.StdEncoding.EncodeToString(raw) {
		t.Errorf("hex %q, base64 %q, %v", out.Str("hex"), out.Str("base64"), err)
	}
}

func TestRandomIntegers(t *testing.T) {
	b := newBench(t, "seed")
	drawn := map[float64]int{}
	for i := range 60 {
		_, out := b.mustCreate(integerType, strings.Repeat("i", i+1), props{"min": -1.0, "max": 1.0})
		drawn[out.Num("result")]++
	}
	if len(drawn) != 3 || drawn[-1] == 0 || drawn[0] == 0 || drawn[1] == 0 {
		t.Errorf("drawn %v, want each of -1, 0 and 1", drawn)
	}
}

// Vectors of hashicorp/terraform-provider-random v3.7.1
// internal/provider/resource_{integer,shuffle}_test.go.
func TestSeedsGiveTheRealResults(t *testing.T) {
	b := newBench(t, "seed")
	if _, out := b.mustCreate(integerType, "i", props{"min": 1.0, "max": 3.0, "seed": "12345"}); out.Num("result") != 3 {
		t.Errorf("integer %v, want 3", out.Num("result"))
	}
	letters := []any{"a", "b", "c", "d", "e"}
	for name, tc := range map[string]struct {
		in   props
		want string
	}{
		"all":        {props{"inputs": letters, "seed": "-"}, "a c b e d"},
		"some":       {props{"inputs": letters, "seed": "-", "resultCount": 3.0}, "a c b"},
		"none":       {props{"inputs": letters, "seed": "-", "resultCount": 0.0}, ""},
		"of nothing": {props{"inputs": []any{}, "seed": "-", "resultCount": 2.0}, ""},
	} {
		_, out := b.mustCreate(shuffleType, name, tc.in)
		if got := strings.Join(out.Strings("results"), " "); got != tc.want || !out.Has("results") {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// More results than inputs repeat all inputs equally often.
func TestShuffleRepeats(t *testing.T) {
	_, out := newBench(t, "seed").mustCreate(shuffleType, "s", props{"inputs": []any{"a", "b", "c"}, "resultCount": 9.0})
	times := map[string]int{}
	for _, s := range out.Strings("results") {
		times[s]++
	}
	if times["a"] != 3 || times["b"] != 3 || times["c"] != 3 {
		t.Errorf("results %v", times)
	}
}
