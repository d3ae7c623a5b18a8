package iampolicy

import "testing"

func TestDocument(t *testing.T) {
	got, err := Document(
		Statement{Action: []string{"logs:PutLogEvents"}, Resource: []string{"*"}},
		Statement{Effect: "Deny", Principal: "*", Action: []string{"s3:*"}, Condition: map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}}},
		Account("123456789012", "kms:*"),
	)
	want := `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Action":["logs:PutLogEvents"],"Resource":["*"]},` +
		`{"Effect":"Deny","Principal":"*","Action":["s3:*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},` +
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":["kms:*"],"Resource":["*"]}]}`
	if err != nil || got != want {
		t.Errorf("document is\n%s, want\n%s (%v)", got, want, err)
	}
}
