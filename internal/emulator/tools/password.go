package tools

import (
	"fmt"
	"math/rand/v2"

	"golang.org/x/crypto/bcrypt"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// A charset is one class of characters and the inputs that rule it.
type charset struct {
	chars string
	// use are the inputs that let the class in, true unless set. The first one
	// that is set counts: number is the old name of numeric.
	use []string
	// min is the input that wants at least so many. It holds even when the class
	// is shut out.
	min string
}

// charsets of the text that the inputs ask for. Source: internal/random/string.go.
func charsets(in inventory.Props) []charset {
	return []charset{
		{"abcdefghijklmnopqrstuvwxyz", []string{"lower"}, "minLower"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", []string{"upper"}, "minUpper"},
		{"0123456789", []string{"numeric", "number"}, "minNumeric"},
		{in.StrOr("overrideSpecial", "!@#$%&*()-_=+[]{}<>:?"), []string{"special"}, "minSpecial"},
	}
}

func (s charset) used(in inventory.Props) bool {
	for _, name := range s.use {
		if used, set := in[name].(bool); set {
			return used
		}
	}
	return true
}

// makeText draws a text: the minimum of every class first, the rest from all
// classes in use, and then shuffles it.
func makeText(c *emulator.Call) string {
	r := rand.New(source(c))
	var text, alphabet []rune
	for _, s := range charsets(c.In) {
		if s.used(c.In) {
			alphabet = append(alphabet, []rune(s.chars)...)
		}
		text = draw(r, text, []rune(s.chars), c.In.Int(s.min))
	}
	text = draw(r, text, alphabet, c.In.Int("length")-len(text))
	r.Shuffle(len(text), func(i, j int) { text[i], text[j] = text[j], text[i] })
	return string(text)
}

func draw(r *rand.Rand, text, from []rune, n int) []rune {
	for range n {
		text = append(text, from[r.IntN(len(from))])
	}
	return text
}

// randomText is what RandomPassword and RandomString share.
func randomText(file string) product {
	source := randomFile("provider/" + file)
	return product{
		defaults: inventory.Props{
			"special": true, "upper": true, "lower": true, "numeric": true, "number": true,
			"minSpecial": 0.0, "minUpper": 0.0, "minLower": 0.0, "minNumeric": 0.0,
		},
		show: func(c *emulator.Call) {
			digits := charsets(c.In)[2].used(c.In)
			c.Out["numeric"], c.Out["number"] = digits, digits
		},
		replace: replaceOn(source, "keepers", "length", "special", "upper", "lower", "number", "numeric",
			"minNumeric", "minUpper", "minLower", "minSpecial", "overrideSpecial"),
		rules: textRules(source),
	}
}

func randomPassword() product {
	p := randomText("resource_password.go")
	p.typ = "random:index/randomPassword:RandomPassword"
	p.make = func(c *emulator.Call) (string, inventory.Props, error) {
		result := makeText(c)
		hash, err := hashed(result)
		if err != nil {
			return "", nil, err
		}
		return own(c, "none"), inventory.Props{"result": result, "bcryptHash": hash}, nil
	}
	return p
}

func randomString() product {
	p := randomText("resource_string.go")
	p.typ = "random:index/randomString:RandomString"
	p.make = func(c *emulator.Call) (string, inventory.Props, error) {
		result := makeText(c)
		return distinct(c, result), inventory.Props{"result": result}, nil
	}
	return p
}

// bcryptMax is in bytes; bcrypt knows no more, and the provider cuts there.
const bcryptMax = 72

func hashed(text string) (string, error) {
	b := []byte(text)
	hash, err := bcrypt.GenerateFromPassword(b[:min(len(b), bcryptMax)], bcrypt.DefaultCost)
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	return string(hash), nil
}

func textRules(source string) []emulator.Rule {
	return []emulator.Rule{
		atLeast("RND-01", "length", 1, source),
		validate("RND-02", invalidValue, "length", source, lengthHoldsMinimums),
		someCharset("RND-03", "numeric", source), someCharset("RND-03", "number", source),
		validate("RND-04", "Number and numeric are both configured with different values", "number",
			randomFile("planmodifiers/bool/boolplanmodifiers.go"), numberIsNumeric),
		refuse("RND-05", codePanic, randomFile("random/string.go")+" (allocates the minimums unchecked)", minimumsNatural),
	}
}

func lengthHoldsMinimums(c *emulator.Call) string {
	length, known := c.In["length"].(float64)
	sum := 0
	for _, s := range charsets(c.In) {
		known = known && c.In.Known(s.min)
		sum += c.In.Int(s.min)
	}
	if !known || int(length) >= sum {
		return ""
	}
	return fmt.Sprintf("Attribute length value must be at least sum of "+
		"min_upper + min_lower + min_numeric + min_special, got: %.0f", length)
}

// someCharset refuses inputs that shut out every class explicitly. The provider
// looks only where the property, numeric or number, is given.
func someCharset(id rules.ID, property, source string) emulator.Rule {
	return validate(id, invalidCombination, property, source, func(c *emulator.Call) string {
		for _, name := range []string{property, "special", "upper", "lower"} {
			if used, set := c.In[name].(bool); !set || used {
				return ""
			}
		}
		return fmt.Sprintf("At least one attribute out of [special,upper,lower,%s] must be specified as true", property)
	})
}

func numberIsNumeric(c *emulator.Call) string {
	number, set := c.In["number"].(bool)
	numeric, both := c.In["numeric"].(bool)
	if set && both && number != numeric {
		return "Number is deprecated, use numeric instead"
	}
	return ""
}

func minimumsNatural(c *emulator.Call) string {
	for _, s := range charsets(c.In) {
		if c.In.Int(s.min) < 0 {
			return "makeslice: len out of range"
		}
	}
	return ""
}
