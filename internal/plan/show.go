package plan

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// shownRunes is how much of a value a Problem shows.
const shownRunes = 80

// show writes a value for people: text as it is where that is unambiguous, and
// no more than the shape of objects and lists of objects.
func show(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case string:
		return showText(value)
	case []string:
		return showText(strings.Join(value, ", "))
	case netip.Prefix:
		return showText(textOf(value.IsValid(), value))
	case netip.Addr:
		return showText(textOf(value.IsValid(), value))
	case map[string]any:
		return showText(showObject(value))
	case []any:
		return "a list of " + plural(len(value), "item")
	default:
		return showText(fmt.Sprint(value))
	}
}

func showObject(object map[string]any) string {
	if len(object) == 0 {
		return "an empty object"
	}
	return "an object with " + plural(len(object), "key") + ": " + strings.Join(slices.Sorted(maps.Keys(object)), ", ")
}

func textOf(valid bool, value fmt.Stringer) string {
	if !valid {
		return ""
	}
	return value.String()
}

// showText quotes what would be invisible or break the line, and cuts what is
// long.
func showText(text string) string {
	if text == "" {
		return "(empty)"
	}
	if runes := []rune(text); len(runes) > shownRunes {
		text = string(runes[:shownRunes]) + "…"
	}
	if strings.TrimSpace(text) != text || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return strconv.QuoteToGraphic(text)
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// secretive are key names whose values may be credentials. Burrow has no such
// key; somebody may write one all the same, and messages end up in logs.
var secretive = regexp.MustCompile(`(?i)secret|passw|token|psk|shared|private_?key|credential|access_?key|api_?key`)

func hideSecret(key string, value any) string {
	if secretive.MatchString(key) {
		return "(not shown: it may be a secret)"
	}
	return show(value)
}
