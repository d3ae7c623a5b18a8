package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// validator holds a decoded plan against what must hold. A check is a method that
// looks at one matter and reports what is wrong with it; reasons name the rule
// of the catalogue (such as AVG-16) where there is one.
type validator struct {
	plan      *Plan
	world     World
	undecoded map[string]bool // keys whose value could not be decoded
	problems  Problems
}

// checks by topic, in the files of the same names.
var checks = slices.Concat(
	[]func(*validator){(*validator).constrained},
	estateRules,
	rangeRules,
	networkRules,
	clusterRules,
	vpnRules,
	dnsRules,
	k8sRules,
	modeRules,
	placeholderRules,
)

func (v *validator) run() {
	for _, check := range checks {
		check(v)
	}
}

// refuse reports a problem, unless the key, or what it is part of, could not
// even be decoded.
func (v *validator) refuse(key string, value any, reason, remedy string) {
	if v.undecoded[key] || v.insideUndecoded(key) {
		return
	}
	v.problems = append(v.problems, Problem{Key: key, Value: show(value), Reason: reason, Remedy: remedy})
}

func (v *validator) insideUndecoded(key string) bool {
	for i, r := range key {
		if (r == '.' || r == '[') && v.undecoded[key[:i]] {
			return true
		}
	}
	return false
}

// need reports a problem unless ok.
func (v *validator) need(ok bool, key string, value any, reason, remedy string) {
	if !ok {
		v.refuse(key, value, reason, remedy)
	}
}

// oneOf reports a text that is not in the list, with the nearest that is.
func (v *validator) oneOf(key, value string, allowed []string, reason string) {
	if slices.Contains(allowed, value) {
		return
	}
	remedy := fmt.Sprintf("write one of %s", strings.Join(allowed, ", "))
	if len(allowed) == 1 {
		remedy = "write " + allowed[0]
	} else if value != "" {
		remedy = fmt.Sprintf("write %s, or another of %s", nearest(value, slices.Clone(allowed)), strings.Join(allowed, ", "))
	}
	v.refuse(key, value, reason, remedy)
}

// ipv4 says whether a range is there and is IPv4: rules about its size and
// place wait until it is.
func ipv4(p netip.Prefix) bool { return p.IsValid() && p.Addr().Is4() }

// wanted words a list for a reason: "a, b and c".
func wanted(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}
