package network

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// statement is one statement of an IAM policy. It always allows.
type statement struct {
	Effect    string
	Principal map[string]string `json:",omitempty"`
	Action    []string
	Resource  []string                     `json:",omitempty"`
	Condition map[string]map[string]string `json:",omitempty"`
}

// policyJSON is the policy document of the statements.
func policyJSON(statements ...statement) (pulumi.String, error) {
	for i := range statements {
		statements[i].Effect = "Allow"
	}
	document := struct {
		Version   string
		Statement []statement
	}{"2012-10-17", statements}
	text, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("policy document: %w", err)
	}
	return pulumi.String(text), nil
}
