package tools

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// The titles of what the Terraform plugin framework's validators find. Source:
// hashicorp/terraform-plugin-framework-validators helpers/validatordiag/diag.go.
const (
	invalidValue       = "Invalid Attribute Value"
	invalidMatch       = "Invalid Attribute Value Match"
	invalidLength      = "Invalid Attribute Value Length"
	invalidCombination = "Invalid Attribute Combination"
)

// validate is a rule that the provider checks before it does anything.
func validate(id rules.ID, code, path, source string, broken func(*emulator.Call) string) emulator.Rule {
	return emulator.Rule{ID: id, Code: code, On: emulator.OpCheck, Path: path, Source: source, Broken: broken}
}

// refuse is a rule that the provider finds broken while it makes the thing.
func refuse(id rules.ID, code, source string, broken func(*emulator.Call) string) emulator.Rule {
	return emulator.Rule{ID: id, Code: code, On: emulator.OpCreate, Source: source, Broken: broken}
}

// replaceOn says that a change of each of the inputs replaces.
func replaceOn(source string, paths ...string) []emulator.Replace {
	list := make([]emulator.Replace, len(paths))
	for i, path := range paths {
		list[i] = emulator.Replace{Path: path, Source: source}
	}
	return list
}

// atLeast refuses numbers below the least one.
func atLeast(id rules.ID, path string, least int, source string) emulator.Rule {
	return validate(id, invalidValue, path, source, func(c *emulator.Call) string {
		if n, known := c.In[path].(float64); known && n < float64(least) {
			return fmt.Sprintf("Attribute %s value must be at least %d, got: %.0f", attribute(path), least, n)
		}
		return ""
	})
}

// oneOf refuses strings that are not among the values; the pattern may name the
// elements of a list.
func oneOf(id rules.ID, pattern string, values []string, source string) emulator.Rule {
	legal := map[string]bool{}
	for _, v := range values {
		legal[v] = true
	}
	return each(id, invalidMatch, pattern, source, func(path, v string) string {
		if legal[v] {
			return ""
		}
		return fmt.Sprintf("Attribute %s value must be one of: %q, got: %q", attribute(path), values, v)
	})
}

// notEmpty refuses empty strings.
func notEmpty(id rules.ID, pattern, source string) emulator.Rule {
	return each(id, invalidLength, pattern, source, func(path, v string) string {
		if n := utf8.RuneCountInString(v); n < 1 {
			return fmt.Sprintf("Attribute %s string length must be at least 1, got: %d", attribute(path), n)
		}
		return ""
	})
}

// each validates every string that the pattern finds.
func each(id rules.ID, code, pattern, source string, broken func(path, v string) string) emulator.Rule {
	top, _, _ := strings.Cut(pattern, "[")
	return validate(id, code, top, source, func(c *emulator.Call) string { return firstOf(c.In, pattern, broken) })
}

// firstOf is the first complaint about the strings that the pattern finds.
func firstOf(in inventory.Props, pattern string, broken func(path, v string) string) (complaint string) {
	in.Each(pattern, func(path string, v any) {
		if text, known := v.(string); known && complaint == "" {
			complaint = broken(path, text)
		}
	})
	return complaint
}

var capital = regexp.MustCompile(`[A-Z]`)

// attribute is the name of a property in the wrapped Terraform provider, which
// its messages use: min_upper for minUpper.
func attribute(path string) string {
	return capital.ReplaceAllStringFunc(path, func(s string) string { return "_" + strings.ToLower(s) })
}
