package local

import (
	"slices"
	"strings"
)

// flagValue finds the last value of a flag in the CLI's arguments, in any of the
// forms --name value, --name=value, -n value, -nvalue.
func flagValue(args []string, names ...string) (value string, found bool) {
	for i, arg := range flagsOf(args) {
		for _, name := range names {
			switch {
			case arg == name && i+1 < len(args):
				value, found = args[i+1], true
			case strings.HasPrefix(arg, name+"="):
				value, found = arg[len(name)+1:], true
			case isShort(name) && strings.HasPrefix(arg, name) && arg != name:
				value, found = arg[len(name):], true
			}
		}
	}
	return value, found
}

// hasFlag finds a switch that is on.
func hasFlag(args []string, name string) bool {
	return slices.ContainsFunc(flagsOf(args), func(arg string) bool {
		return arg == name || arg == name+"=true"
	})
}

// withoutFlag is a list of flags without one and its value.
func withoutFlag(flags []string, name string) []string {
	var kept []string
	for i := 0; i < len(flags); i++ {
		switch {
		case flags[i] == name:
			i++
		case !strings.HasPrefix(flags[i], name+"="):
			kept = append(kept, flags[i])
		}
	}
	return kept
}

// flagsOf is the part of the arguments in which the CLI looks for flags.
func flagsOf(args []string) []string {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i]
	}
	return args
}

func wantsHelp(args []string) bool {
	return strings.HasPrefix(args[0], "-") || hasFlag(args, "--help") || hasFlag(args, "-h")
}

func isShort(name string) bool { return !strings.HasPrefix(name, "--") }
