package iam

import (
	"slices"
	"strings"
)

// A Request is what somebody asks of something. What a statement says about an
// empty Resource is not asked, nor about the Principal where Kind is empty: the
// policies of a role have none.
type Request struct {
	Kind, Principal  string // AWS and an ARN, Service and a name
	Action, Resource string
	// Facts are the condition keys that the caller knows, in small letters; ""
	// says that the key is not in the request.
	Facts map[string]string
}

// Permits reports whether a statement allows the request and none denies it. A
// condition on something that is not known denies nobody, and
// what it narrows counts as allowed.
func (d Document) Permits(r Request) bool { return d.decides(r, holds, undecided) }

// PermitsSurely counts as allowed only what depends on nothing unknown.
func (d Document) PermitsSurely(r Request) bool { return d.decides(r, holds) }

func (d Document) decides(r Request, allowing ...verdict) bool {
	return !d.denies(r) && slices.ContainsFunc(d.Statement, func(s Statement) bool {
		return s.Effect == "Allow" && s.about(r) && slices.Contains(allowing, s.Condition.verdict(r.Facts))
	})
}

func (d Document) denies(r Request) bool {
	return slices.ContainsFunc(d.Statement, func(s Statement) bool {
		return s.Effect == "Deny" && s.about(r) && s.Condition.verdict(r.Facts) == holds
	})
}

func (s Statement) about(r Request) bool {
	return s.covers(r.Action) && (r.Kind == "" || s.names(r.Kind, r.Principal)) && (r.Resource == "" || s.reaches(r.Resource))
}

func (s Statement) covers(action string) bool {
	if len(s.NotAction) > 0 {
		return !anyMatch(s.NotAction, action, Matches)
	}
	return anyMatch(s.Action, action, Matches)
}

func (s Statement) reaches(resource string) bool {
	if len(s.NotResource) > 0 {
		return !anyMatch(s.NotResource, resource, glob)
	}
	return anyMatch(s.Resource, resource, glob)
}

func (s Statement) names(kind, principal string) bool {
	if len(s.NotPrincipal) > 0 {
		return !slices.Contains(s.NotPrincipal[kind], principal)
	}
	return slices.Contains(s.Principal["AWS"], "*") || slices.Contains(s.Principal[kind], principal)
}

func anyMatch(patterns []string, text string, match func(pattern, text string) bool) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, text) })
}

// Matches reports whether a pattern of actions fits one; it knows no capitals.
func Matches(pattern, action string) bool {
	return glob(strings.ToLower(pattern), strings.ToLower(action))
}

// glob matches IAM's patterns, in which * stands for any text and ? for one sign.
func glob(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return glob(pattern[1:], text) || text != "" && glob(pattern, text[1:])
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && glob(pattern[1:], text[1:])
}
