package emulator

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// serviceGranted reports whether a policy that hangs on a thing lets a service of
// AWS do something with it. A statement for everybody counts: CloudWatch comes
// with the account of its alarm, which the usual condition asks for. Conditions
// are not read, so one that narrows an allowance still allows, and one that
// narrows a refusal refuses nothing.
func serviceGranted(policy any, service, action string) bool {
	doc, ok := policyDocument(policy)
	if !ok {
		return false
	}
	allowed := false
	for _, s := range statementsOf(doc) {
		if !coversAction(s, action) || !namesService(s, service) {
			continue
		}
		switch s.Str("Effect") {
		case "Allow":
			allowed = true
		case "Deny":
			if !s.Has("Condition") {
				return false
			}
		}
	}
	return allowed
}

// policyDocument reads a policy that is text or an object.
func policyDocument(policy any) (Props, bool) {
	switch p := policy.(type) {
	case string:
		doc := map[string]any{}
		err := json.Unmarshal([]byte(p), &doc)
		return doc, err == nil
	case map[string]any:
		return p, true
	}
	return nil, false
}

// statementsOf are one statement or a list of them.
func statementsOf(doc Props) []Props { return doc.Maps("Statement") }

func coversAction(s Props, action string) bool {
	return slices.ContainsFunc(s.Strings("Action"), func(pattern string) bool { return likeAction(pattern, action) })
}

// likeAction matches a policy's pattern, in which * stands for any text and ? for
// one character. Actions are the same in capitals.
func likeAction(pattern, action string) bool {
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	like, err := regexp.Compile("(?i)^" + expression + "$")
	return err == nil && like.MatchString(action)
}

func namesService(s Props, service string) bool {
	if s.Str("Principal") == "*" {
		return true
	}
	return slices.Contains(s.Strings("Principal.AWS"), "*") || slices.Contains(s.Strings("Principal.Service"), service)
}
