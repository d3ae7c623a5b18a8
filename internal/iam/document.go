package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"burrow/internal/inventory"
)

// A Document is a policy.
type Document struct {
	Version   string     `json:"Version"`
	Statement statements `json:"Statement"`
}

// A Statement is one sentence of a policy.
type Statement struct {
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
type statements []Statement

func (s *statements) UnmarshalJSON(data []byte) error {
	var list []Statement
	if json.Unmarshal(data, &list) == nil {
		*s = list
		return nil
	}
	var one Statement
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

// Text is the policy at the path, which is text or an object; "" when it is
// neither.
func Text(in inventory.Props, path string) string {
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

// Read reads the policy at the path.
func Read(in inventory.Props, path string) (Document, error) {
	var d Document
	if err := json.Unmarshal([]byte(Text(in, path)), &d); err != nil {
		return Document{}, fmt.Errorf("read policy %s: %w", path, err)
	}
	return d, nil
}

// Malformed is what IAM refuses in any policy, in its words, or "". The policy
// hangs on a thing, and then names principals, or on somebody.
func (d Document) Malformed(onThing bool) string {
	if len(d.Statement) == 0 {
		return "Syntax errors in policy: it has no statement."
	}
	if !slices.Contains([]string{"", "2008-10-17", "2012-10-17"}, d.Version) {
		return "Policy document must be version 2012-10-17 or greater."
	}
	for _, s := range d.Statement {
		if malformed := s.malformed(onThing); malformed != "" {
			return malformed
		}
	}
	return ""
}

func (s Statement) malformed(onThing bool) string {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Sprintf("Invalid effect: %q", s.Effect)
	case len(s.Action)+len(s.NotAction) == 0:
		return "Policy statement must contain actions."
	case onThing && len(s.Principal)+len(s.NotPrincipal) == 0:
		return "Missing required field Principal"
	case !onThing && len(s.Principal)+len(s.NotPrincipal) > 0:
		return "Policy document should not specify a principal."
	case !onThing && len(s.Resource)+len(s.NotResource) == 0:
		return "Policy statement must contain resources."
	}
	return s.badPrincipal()
}

// badPrincipal finds principals that cannot exist: kinds that IAM does not
// know, and services without a domain.
func (s Statement) badPrincipal() string {
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
