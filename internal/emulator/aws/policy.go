package aws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
)

// A document is an IAM policy, as far as the emulation reads it.
type document struct {
	Version   string     `json:"Version"`
	Statement statements `json:"Statement"`
}

// A statement is one sentence of a policy. Condition is kept unread: a condition
// never turns a refusal into an allowance, so what it narrows counts as allowed.
type statement struct {
	Effect       string          `json:"Effect"`
	Action       texts           `json:"Action"`
	NotAction    texts           `json:"NotAction"`
	Resource     texts           `json:"Resource"`
	NotResource  texts           `json:"NotResource"`
	Principal    principals      `json:"Principal"`
	NotPrincipal principals      `json:"NotPrincipal"`
	Condition    json.RawMessage `json:"Condition"`
}

// texts is one text or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	var list []string
	err := json.Unmarshal(data, &list)
	*t = list
	return err
}

// statements is one statement or a list of them.
type statements []statement

func (s *statements) UnmarshalJSON(data []byte) error {
	var list []statement
	if json.Unmarshal(data, &list) == nil {
		*s = list
		return nil
	}
	var one statement
	err := json.Unmarshal(data, &one)
	*s = statements{one}
	return err
}

// principals are who a statement is about, by kind: AWS, Service, Federated; "*" is anyone.
type principals map[string]texts

func (p *principals) UnmarshalJSON(data []byte) error {
	var anyone string
	if json.Unmarshal(data, &anyone) == nil {
		*p = principals{"AWS": {anyone}}
		return nil
	}
	by := map[string]texts{}
	err := json.Unmarshal(data, &by)
	*p = by
	return err
}

// documentOf reads the policy at the path, which is text or an object.
func documentOf(in emulator.Props, path string) (document, error) {
	v, _ := in.Get(path)
	text, ok := v.(string)
	if !ok {
		data, err := json.Marshal(v)
		if err != nil {
			return document{}, fmt.Errorf("read policy %s: %w", path, err)
		}
		text = string(data)
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return document{}, fmt.Errorf("read policy %s: %w", path, err)
	}
	return d, nil
}

// invalidJSON is the provider's own check of a policy.
func invalidJSON(id, path, source string) emulator.Rule {
	return provider(id, path, source, func(c *emulator.Call) string {
		if !c.In.Has(path) || !c.In.Known(path) {
			return ""
		}
		if text := c.In.Str(path); text != "" && !json.Valid([]byte(text)) {
			return fmt.Sprintf("%q contains an invalid JSON policy", path)
		}
		return ""
	})
}

// grammar is what IAM refuses in any policy; withPrincipal says whether the
// policy hangs on a thing (true) or on somebody (false).
func grammar(path string, withPrincipal bool) func(*emulator.Call) string {
	return func(c *emulator.Call) string {
		if !c.In.Has(path) {
			return ""
		}
		d, err := documentOf(c.In, path)
		if err != nil {
			return "This policy contains invalid Json"
		}
		if len(d.Statement) == 0 {
			return "Syntax errors in policy: it has no statement."
		}
		if !slices.Contains([]string{"", "2008-10-17", "2012-10-17"}, d.Version) {
			return "Policy document must be version 2012-10-17 or greater."
		}
		for _, s := range d.Statement {
			if broken := s.broken(withPrincipal); broken != "" {
				return broken
			}
		}
		return ""
	}
}

func (s statement) broken(withPrincipal bool) string {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Sprintf("Invalid effect: %q", s.Effect)
	case len(s.Action)+len(s.NotAction) == 0:
		return "Policy statement must contain actions."
	case withPrincipal && len(s.Principal)+len(s.NotPrincipal) == 0:
		return "Missing required field Principal"
	case !withPrincipal && len(s.Principal)+len(s.NotPrincipal) > 0:
		return "Policy document should not specify a principal."
	case !withPrincipal && len(s.Resource)+len(s.NotResource) == 0:
		return "Policy statement must contain resources."
	}
	return s.badPrincipal()
}

// badPrincipal finds principals that cannot exist: kinds that IAM does not
// know, and services without a domain.
func (s statement) badPrincipal() string {
	for kind, who := range s.Principal {
		if !slices.Contains([]string{"AWS", "Service", "Federated", "CanonicalUser"}, kind) {
			return fmt.Sprintf("Invalid principal in policy: %q", kind)
		}
		for _, name := range who {
			if kind == "Service" && !strings.Contains(name, ".amazonaws.com") {
				return fmt.Sprintf("Invalid principal in policy: \"SERVICE\":%q", name)
			}
		}
	}
	return ""
}

// allows reports whether a policy allows the principal the action.
func (d document) allows(kind, principal, action string) bool {
	return slices.ContainsFunc(d.Statement, func(s statement) bool {
		return s.Effect == "Allow" && s.covers(action) && s.names(kind, principal)
	})
}

func (s statement) covers(action string) bool {
	return slices.ContainsFunc(s.Action, func(pattern string) bool { return wildcard(pattern, action) })
}

func (s statement) names(kind, principal string) bool {
	return slices.Contains(s.Principal["AWS"], "*") || slices.Contains(s.Principal[kind], principal)
}

// wildcard matches IAM's patterns, in which * stands for any text.
func wildcard(pattern, text string) bool {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	rest := text[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// trusts reports whether a role may be assumed by a service.
func trusts(role *emulator.Object, service string) bool {
	d, err := documentOf(role.In, "assumeRolePolicy")
	return err == nil && d.allows("Service", service, "sts:AssumeRole")
}
