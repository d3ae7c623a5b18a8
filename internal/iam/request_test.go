package iam

import (
	"testing"

	"burrow/internal/inventory"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"kms:*", "kms:PutKeyPolicy", true}, {"*", "kms:Encrypt", true}, {"kms:GenerateDataKey*", "kms:GenerateDataKey", true},
		{"KMS:encrypt", "kms:Encrypt", true}, {"kms:Encrypt", "kms:Decrypt", false}, {"kms:*Key", "kms:CreateKey", true},
		{"kms:C*K*y", "kms:CreateKey", true}, {"kms:C*K*x", "kms:CreateKey", false}, {"logs:*", "kms:Encrypt", false},
	} {
		if got := Matches(c.pattern, c.text); got != c.want {
			t.Errorf("%s matches %s: %t", c.pattern, c.text, got)
		}
	}
}

// A document as AWS writes it: one text or a list, one statement or several.
func TestPermits(t *testing.T) {
	const own = `"Condition":{"StringEquals":{"aws:SourceAccount":"1"}}`
	allow := func(more string) string {
		return `{"Effect":"Allow","Principal":{"Service":"s.amazonaws.com"},"Action":"a:Do",` + more + `}`
	}
	for _, c := range []struct {
		what, statement string
		permits, surely bool
	}{
		{"everything", allow(`"Resource":"*"`), true, true},
		{"one resource", allow(`"Resource":["x","thing"]`), true, true},
		{"another resource", allow(`"Resource":"other"`), false, false},
		{"all but this one", allow(`"NotResource":"thing"`), false, false},
		{"all but another", allow(`"NotResource":"other"`), true, true},
		{"anybody", `{"Effect":"Allow","Principal":"*","Action":["A:*"],"Resource":"*"}`, true, true},
		{"somebody else", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"*","Resource":"*"}`, false, false},
		{"all but the service", `{"Effect":"Allow","NotPrincipal":{"Service":"s.amazonaws.com"},"Action":"*","Resource":"*"}`, false, false},
		{"all but another action", `{"Effect":"Allow","Principal":"*","NotAction":"a:Undo","Resource":"*"}`, true, true},
		{"all but this action", `{"Effect":"Allow","Principal":"*","NotAction":"a:D*","Resource":"*"}`, false, false},
		{"denied", `[` + allow(`"Resource":"*"`) + `,{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]`, false, false},
		{"denied to others", `[` + allow(`"Resource":"*"`) + `,{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceAccount":"1"}}}]`, true, true},
		{"denied, perhaps", `[` + allow(`"Resource":"*"`) + `,{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]`, true, true},
		{"on a condition", allow(`"Resource":"*",` + own), true, true},
		{"on another one", allow(`"Resource":"*",` + `"Condition":{"StringEquals":{"aws:SourceAccount":"2"}}`), false, false},
		{"on an unknown one", allow(`"Resource":"*",` + `"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o"}}`), true, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			d, err := Read(inventory.Props{"policy": `{"Version":"2012-10-17","Statement":` + c.statement + `}`}, "policy")
			if err != nil {
				t.Fatal(err)
			}
			r := Request{"Service", "s.amazonaws.com", "a:Do", "thing", map[string]string{"aws:sourceaccount": "1"}}
			if got := d.Permits(r); got != c.permits {
				t.Errorf("permits: %t", got)
			}
			if got := d.PermitsSurely(r); got != c.surely {
				t.Errorf("permits surely: %t", got)
			}
		})
	}
}

func TestRead(t *testing.T) {
	in := inventory.Props{"object": map[string]any{"Statement": map[string]any{"Effect": "Allow", "Action": "a:Do", "Resource": "*"}}, "text": "{"}
	d, err := Read(in, "object")
	if err != nil || !d.Permits(Request{Action: "a:Do", Resource: "x"}) {
		t.Errorf("an object reads as %+v (%v)", d, err)
	}
	if d, err := Read(in, "text"); err == nil {
		t.Errorf("half a text reads as %+v", d)
	}
}
