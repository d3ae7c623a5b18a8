package clusters

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"burrow/internal/iam"
	"burrow/internal/inventory"
)

// An operator is somebody with a policy, as Systems Manager looks at what they ask for.
type operator struct{ policy iam.Document }

const (
	ourDocument = "arn:aws:ssm:eu-west-2:123456789012:document/relay-api"
	theShell    = "arn:aws:ssm:eu-west-2:123456789012:document/SSM-SessionManagerRunShell"
	anyHost     = "arn:aws:ssm:eu-west-2::document/AWS-StartPortForwardingSessionToRemoteHost"
	ourNode     = "arn:aws:ec2:eu-west-2:123456789012:instance/i-0"
)

// starts reports whether a session starts. Where the policy wants the check, SSM asks for
// a right to the document, be it the default one; else to one that is named. Source:
// docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html.
func (o operator) starts(node, cluster, document string) bool {
	ask := func(resource, check string) bool {
		return o.policy.PermitsSurely(iam.Request{Action: "ssm:StartSession", Resource: resource, Facts: map[string]string{
			"ssm:resourcetag/eks:cluster-name": cluster, "ssm:sessiondocumentaccesscheck": check,
		}})
	}
	if checked := !ask(node, "false"); !checked && document == "" {
		return ask(node, "true")
	}
	if document == "" {
		document = theShell
	}
	return ask(node, "true") && ask(document, "true")
}

func (o operator) may(action, resource string, facts map[string]string) bool {
	return o.policy.PermitsSurely(iam.Request{Action: action, Resource: resource, Facts: facts})
}

func operatorWith(t *testing.T, text string) operator {
	t.Helper()
	d, err := iam.Read(inventory.Props{"policy": strings.ReplaceAll(text, "${aws:userid}", "AROAME:me")}, "policy")
	if err != nil {
		t.Fatal(err)
	}
	if malformed := d.Malformed(false); malformed != "" {
		t.Fatal(malformed)
	}
	return operator{d}
}

func TestOperatorPolicy(t *testing.T) {
	text, err := operatorPolicy("123456789012", "eu-west-2", "relay", "relay-api")
	if err != nil {
		t.Fatal(err)
	}
	o := operatorWith(t, text)
	for name, c := range map[string]struct {
		node, cluster, document string
		want                    bool
	}{
		"the cluster's document on its node": {ourNode, "relay", ourDocument, true},
		"a shell by default":                 {ourNode, "relay", "", false},
		"a shell by name":                    {ourNode, "relay", theShell, false},
		"any host":                           {ourNode, "relay", anyHost, false},
		"another cluster's document":         {ourNode, "relay", "arn:aws:ssm:eu-west-2:123456789012:document/other-api", false},
		"another cluster's node":             {ourNode, "other", ourDocument, false},
		"an instance of no cluster":          {ourNode, "", ourDocument, false},
		"another account's node":             {"arn:aws:ec2:eu-west-2:210987654321:instance/i-0", "relay", ourDocument, false},
		"another region's node":              {"arn:aws:ec2:eu-west-1:123456789012:instance/i-0", "relay", ourDocument, false},
	} {
		if got := o.starts(c.node, c.cluster, c.document); got != c.want {
			t.Errorf("%s: starts %t, want %t", name, got, c.want)
		}
	}
	// Without the check, the default document is open to whoever may start a session: what
	// the condition is there for.
	const check = `"BoolIfExists":{"ssm:SessionDocumentAccessCheck":"true"}`
	open := operatorWith(t, strings.ReplaceAll(strings.ReplaceAll(text, check+",", ""), check, ""))
	if !open.starts(ourNode, "relay", "") {
		t.Error("the shell is shut without the check, so that the test of it proves nothing")
	}
	const session = "arn:aws:ssm:eu-west-2:123456789012:session/me-0"
	mine, theirs := map[string]string{"ssm:resourcetag/aws:ssmmessages:session-id": "AROAME:me"}, map[string]string{"ssm:resourcetag/aws:ssmmessages:session-id": "AROAYOU:you"}
	for _, action := range []string{"ssm:ResumeSession", "ssm:TerminateSession"} {
		if !o.may(action, session, mine) || o.may(action, session, theirs) || o.may(action, session, map[string]string{"ssm:resourcetag/aws:ssmmessages:session-id": ""}) {
			t.Errorf("%s is not for own sessions alone", action)
		}
	}
	if !o.may("ssm:DescribeInstanceInformation", "*", nil) {
		t.Error("nodes cannot be listed")
	}
	for _, action := range []string{"ssm:SendCommand", "ssm:CreateDocument", "ssm:UpdateDocument", "ssm:GetDocument", "ssm:DescribeSessions", "ssm:GetParameter", "ec2:DescribeInstances", "eks:DescribeCluster", "iam:PassRole"} {
		for _, resource := range []string{"*", ourDocument, theShell, ourNode} {
			if o.may(action, resource, mine) {
				t.Errorf("%s on %s is allowed", action, resource)
			}
		}
	}
	// The policy names what internal/tunnel calls, and opening the data channel.
	var actions []string
	for _, s := range o.policy.Statement {
		for _, a := range s.Action {
			if !slices.Contains(actions, a) {
				actions = append(actions, a)
			}
		}
	}
	slices.Sort(actions)
	want := []string{"ssm:DescribeInstanceInformation", "ssm:ResumeSession", "ssm:StartSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel"}
	if !slices.Equal(actions, want) {
		t.Errorf("the policy has %v, want %v", actions, want)
	}
}

// Host and port are fixed: nothing in the document is left to who uses it.
func TestSessionDocument(t *testing.T) {
	text, err := sessionDocument("https://ABCDEF.gr7.eu-west-2.eks.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		SchemaVersion, SessionType string
		Parameters                 any
		Properties                 map[string]string
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if d.SchemaVersion != "1.0" || d.SessionType != "Port" || d.Parameters != nil || strings.Contains(text, "{{") ||
		d.Properties["host"] != "ABCDEF.gr7.eu-west-2.eks.amazonaws.com" || d.Properties["portNumber"] != "443" {
		t.Errorf("the document is %s", text)
	}
	if _, err := sessionDocument("nonsense"); err == nil {
		t.Error("an endpoint without a host has a document")
	}
}

func TestEKSEndpoint(t *testing.T) {
	direct, err := eksEndpoint("https://ABCDEF.gr7.eu-west-2.eks.amazonaws.com", "LS0t", "")
	if err != nil || direct != (endpoint{Server: "https://ABCDEF.gr7.eu-west-2.eks.amazonaws.com", CertificateAuthority: "LS0t"}) {
		t.Errorf("direct: %+v, %v", direct, err)
	}
	tunnel, err := eksEndpoint("https://ABCDEF.gr7.eu-west-2.eks.amazonaws.com", "LS0t", "https://127.0.0.1:28876")
	if err != nil || tunnel != (endpoint{"https://127.0.0.1:28876", "ABCDEF.gr7.eu-west-2.eks.amazonaws.com", "LS0t"}) {
		t.Errorf("tunnel: %+v, %v", tunnel, err)
	}
}
