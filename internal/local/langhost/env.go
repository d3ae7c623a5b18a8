package langhost

import (
	"slices"
	"strings"
)

// withEnv is base with the variables set, each only once.
func withEnv(base []string, set ...string) []string {
	names := make(map[string]bool, len(set))
	for _, v := range set {
		name, _, _ := strings.Cut(v, "=")
		names[name] = true
	}
	kept := slices.DeleteFunc(slices.Clone(base), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return names[name]
	})
	return append(kept, set...)
}
