// Package iampolicy writes AWS policy documents: of roles, keys, topics and
// endpoints.
package iampolicy

import (
	"encoding/json"
	"fmt"
)

// Statement is one statement of a policy. Without an Effect it allows.
type Statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal any // nil, "*", or a map such as {"Service": "logs.amazonaws.com"}
	Action    []string
	Resource  []string                     `json:",omitempty"`
	Condition map[string]map[string]string `json:",omitempty"`
}

// MarshalJSON leaves out a principal that is not there: identity policies have
// none.
func (s Statement) MarshalJSON() ([]byte, error) {
	type plain Statement // without this method
	if s.Principal != nil {
		return json.Marshal(plain(s))
	}
	return json.Marshal(struct {
		plain
		Principal any `json:",omitempty"`
	}{plain: plain(s)})
}

// Document is the policy of the statements, as JSON.
func Document(statements ...Statement) (string, error) {
	for i := range statements {
		if statements[i].Effect == "" {
			statements[i].Effect = "Allow"
		}
	}
	document := struct {
		Version   string
		Statement []Statement
	}{"2012-10-17", statements}
	text, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("policy document: %w", err)
	}
	return string(text), nil
}

// Account leaves a key or a topic to the IAM policies of its account, as the
// default policies of AWS do. Without such a statement nobody could manage a key.
func Account(id string, actions ...string) Statement {
	return Statement{
		Principal: map[string]string{"AWS": fmt.Sprintf("arn:aws:iam::%s:root", id)},
		Action:    actions,
		Resource:  []string{"*"},
	}
}
