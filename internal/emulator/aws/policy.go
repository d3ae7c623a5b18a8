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

// A statement is one sentence of a policy. Conditions are in conditions.go.
type statement struct {
	Effect       string     `json:"Effect"`
	Action       texts      `json:"Action"`
	NotAction    texts      `json:"NotAction"`
	Resource     texts      `json:"Resource"`
	NotResource  texts      `json:"NotResource"`
	Principal    principals `json:"Principal"`
	NotPrincipal principals `json:"NotPrincipal"`
	Condition    conditions `json:"Condition"`
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

// documentText is the policy at the path, which is text or an object; "" when it
// is neither.
func documentText(in emulator.Props, path string) string {
	v, _ := in.Get(path)
	if text, ok := v.(string); ok {
		return text
	}
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

// documentOf reads the policy at the path.
func documentOf(in emulator.Props, path string) (document, error) {
	var d document
	if err := json.Unmarshal([]byte(documentText(in, path)), &d); err != nil {
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

// A request is what somebody asks of something. What a statement says about an
// empty Resource is not asked, nor about the Principal where Kind is empty: the
// policies of a role have none.
type request struct {
	kind, principal  string // AWS and an ARN, Service and a name
	action, resource string
	// facts are the condition keys that the emulation knows, in small letters; ""
	// says that the key is not in the request.
	facts map[string]string
}

// allows reports whether a policy allows the principal the action.
func (d document) allows(kind, principal, action string) bool {
	return d.permits(request{kind: kind, principal: principal, action: action})
}

// permits reports whether a statement allows the request and none denies it. A
// condition on something that the emulation does not know denies nobody, and
// what it narrows counts as allowed.
func (d document) permits(r request) bool { return d.decides(r, holds, undecided) }

// permitsSurely counts as allowed only what depends on nothing unknown.
func (d document) permitsSurely(r request) bool { return d.decides(r, holds) }

func (d document) decides(r request, allowing ...verdict) bool {
	denied := slices.ContainsFunc(d.Statement, func(s statement) bool {
		return s.Effect == "Deny" && s.about(r) && s.Condition.verdict(r.facts) == holds
	})
	return !denied && slices.ContainsFunc(d.Statement, func(s statement) bool {
		return s.Effect == "Allow" && s.about(r) && slices.Contains(allowing, s.Condition.verdict(r.facts))
	})
}

func (s statement) about(r request) bool {
	return s.covers(r.action) && (r.kind == "" || s.names(r.kind, r.principal)) && (r.resource == "" || s.reaches(r.resource))
}

func (s statement) covers(action string) bool {
	if len(s.NotAction) > 0 {
		return !anyMatch(s.NotAction, action, wildcard)
	}
	return anyMatch(s.Action, action, wildcard)
}

func (s statement) reaches(resource string) bool {
	if len(s.NotResource) > 0 {
		return !anyMatch(s.NotResource, resource, glob)
	}
	return anyMatch(s.Resource, resource, glob)
}

func (s statement) names(kind, principal string) bool {
	if len(s.NotPrincipal) > 0 {
		return !slices.Contains(s.NotPrincipal[kind], principal)
	}
	return slices.Contains(s.Principal["AWS"], "*") || slices.Contains(s.Principal[kind], principal)
}

func anyMatch(patterns []string, text string, match func(pattern, text string) bool) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, text) })
}

// wildcard matches IAM's patterns of actions, which know no capitals.
func wildcard(pattern, text string) bool {
	return glob(strings.ToLower(pattern), strings.ToLower(text))
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

// trusts reports whether a role may be assumed by a service.
func trusts(role *emulator.Object, service string) bool {
	d, err := documentOf(role.In, "assumeRolePolicy")
	return err == nil && d.allows("Service", service, "sts:AssumeRole")
}

// roleMay reports whether a role's own policies allow it an action on something,
// by the role's name. What AWS's managed policies say is not known, so they allow
// nothing here.
func roleMay(tx *emulator.Tx, role, action, resource string) bool {
	asked := request{action: action, resource: resource}
	return slices.ContainsFunc(rolePolicies(tx, role), func(in emulator.Props) bool {
		d, err := documentOf(in, "policy")
		return err == nil && d.permits(asked)
	})
}

// rolePolicies are the things whose "policy" is one of the role's.
func rolePolicies(tx *emulator.Tx, role string) []emulator.Props {
	var list []emulator.Props
	var arns []string
	if o := tx.Get(typeRole, role); o != nil {
		list, arns = o.In.Maps("inlinePolicies[*]"), o.In.Strings("managedPolicyArns")
	}
	for _, o := range tx.All(typeRolePolicy, typeRolePolicyAttachment) {
		switch {
		case o.Value("role") != role:
		case o.Type == typeRolePolicy:
			list = append(list, o.In)
		default:
			arns = append(arns, o.Value("policyArn"))
		}
	}
	for _, arn := range arns {
		if o := tx.Find(typePolicy, "arn", arn); o != nil {
			list = append(list, o.In)
		}
	}
	return list
}
