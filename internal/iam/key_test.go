package iam

import (
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const (
	testKeyARN   = "arn:aws:kms:eu-west-2:123456789012:key/k"
	testAliasARN = "arn:aws:kms:eu-west-2:123456789012:alias/logs"
	testGroupARN = "arn:aws:logs:eu-west-2:123456789012:log-group:/burrow/flow"
)

func TestKeyNamed(t *testing.T) {
	view := inventory.View{Source: inventory.NewList(
		&inventory.Object{Type: awstype.Key, ID: "k", Out: inventory.Props{"arn": testKeyARN}},
		&inventory.Object{Type: awstype.Alias, ID: "alias/logs", Out: inventory.Props{"arn": testAliasARN, "targetKeyArn": testKeyARN}},
		&inventory.Object{Type: awstype.Alias, ID: "alias/stale", Out: inventory.Props{"targetKeyArn": testKeyARN + "2"}},
	)}
	for _, name := range []string{"k", testKeyARN, "alias/logs", testAliasARN} {
		if key := KeyNamed(view, name); key == nil || key.ID != "k" {
			t.Errorf("%s names %v", name, key)
		}
	}
	for _, name := range []string{"", "k2", "alias/aws/sns", "alias/stale", testGroupARN} {
		if key := KeyNamed(view, name); key != nil {
			t.Errorf("%q names %s", name, key.ID)
		}
	}
}

// What the documentation of CloudWatch Logs asks of a key's policy, and what is
// not enough.
func TestServiceMayUse(t *testing.T) {
	const service = "logs.eu-west-2.amazonaws.com"
	const allow = `{"Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*"],` +
		`"Resource":"*","Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"` + testGroupARN + `"}}}]}`
	for what, c := range map[string]struct {
		policy string
		want   bool
	}{
		"as documented":       {allow, true},
		"another region":      {strings.Replace(allow, "logs.eu-west-2.", "logs.us-east-1.", 1), false},
		"without one action":  {strings.Replace(allow, `"kms:Encrypt",`, "", 1), false},
		"for another group":   {strings.Replace(allow, "/burrow/flow", "/burrow/other", 1), false},
		"through S3 only":     {strings.Replace(allow, `"ArnLike":{`, `"StringEquals":{"kms:ViaService":"s3.eu-west-2.amazonaws.com"},"ArnLike":{`, 1), false},
		"for the account":     {strings.Replace(allow, `"ArnLike":{`, `"StringEquals":{"aws:SourceAccount":"123456789012"},"ArnLike":{`, 1), true},
		"for another account": {strings.Replace(allow, `"ArnLike":{`, `"StringEquals":{"aws:SourceAccount":"210987654321"},"ArnLike":{`, 1), false},
		"no policy":           {"", false},
	} {
		key := &inventory.Object{Type: awstype.Key, ID: "k", Out: inventory.Props{"arn": testKeyARN, "policy": c.policy}}
		if got := ServiceMayUse(key, service, testGroupARN, map[string]string{"aws:logs:arn": testGroupARN}); got != c.want {
			t.Errorf("%s: may use it: %t", what, got)
		}
	}
}

// Whom a key's policy lets do something: by name, or by what the account's IAM says.
func TestKeyLets(t *testing.T) {
	const me = "arn:aws:iam::123456789012:role/me"
	allow := func(who, more string) string {
		return `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + who + `"},"Action":"kms:CreateGrant","Resource":"*"}` + more + `]}`
	}
	for what, c := range map[string]struct {
		policy       string
		alone, byIAM bool
	}{
		"by name":     {allow(me, ""), true, true},
		"everybody":   {allow("*", ""), true, true},
		"the account": {allow("arn:aws:iam::123456789012:root", ""), false, true},
		"by number":   {allow("123456789012", ""), false, true},
		"another":     {allow("arn:aws:iam::123456789012:role/other", ""), false, false},
		"denied":      {allow("arn:aws:iam::123456789012:root", `,{"Effect":"Deny","Principal":{"AWS":"`+me+`"},"Action":"kms:*","Resource":"*"}`), false, false},
		"no policy":   {"", false, false},
	} {
		key := &inventory.Object{Out: inventory.Props{"arn": testKeyARN, "policy": c.policy}}
		r := Request{Principal: me, Action: "kms:CreateGrant"}
		if alone, byIAM := KeyLets(key, r, false), KeyLets(key, r, true); alone != c.alone || byIAM != c.byIAM {
			t.Errorf("%s: alone %t, with IAM %t", what, alone, byIAM)
		}
	}
}

// Tags of a thing are facts for who asks about them, missing ones too.
func TestTagFacts(t *testing.T) {
	d, err := Read(inventory.Props{"p": `{"Statement":{"Effect":"Allow","Action":"ec2:AttachVolume","Resource":"*",
		"Condition":{"StringEquals":{"aws:ResourceTag/Estate":"dev"},"StringLike":{"ec2:ResourceTag/owner":"*"}}}}`}, "p")
	if err != nil {
		t.Fatal(err)
	}
	for want, tags := range map[bool]inventory.Props{
		true:  {"estate": "dev", "owner": "me", "other": "x"},
		false: {"Estate": "dev"},
	} {
		if got := d.Permits(Request{Action: "ec2:AttachVolume", Resource: "*", Facts: d.TagFacts(tags)}); got != want {
			t.Errorf("%v: %t, facts %v", tags, got, d.TagFacts(tags))
		}
	}
}
