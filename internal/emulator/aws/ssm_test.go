package aws

import (
	"strings"
	"testing"

	"burrow/internal/inventory/awstype"
)

// The documents of the guide's examples: one that names its host and port, one that lets
// its user choose, and a shell. Source: docs.aws.amazon.com/systems-manager/latest/
// userguide/session-manager-schema.html; AWS-StartPortForwardingSessionToRemoteHost.
const (
	fixedPort = `{"schemaVersion":"1.0","sessionType":"Port","properties":{"portNumber":"443","type":"LocalPortForwarding","host":"example.com"}}`
	anyPort   = `{"schemaVersion":"1.0","sessionType":"Port","parameters":{"portNumber":{"type":"String"},"localPortNumber":{"type":"String","default":"0"},"host":{"type":"String"}},` +
		`"properties":{"portNumber":"{{ portNumber }}","type":"LocalPortForwarding","localPortNumber":"{{ localPortNumber }}","host":"{{ host }}"}}`
	shell = "schemaVersion: '1.0'\nsessionType: Standard_Stream\ninputs:\n  idleSessionTimeout: '20'\n"
)

func documentSteps() []step {
	return []step{
		{"portDocument", awstype.Document, props{"name": "relay-api", "documentType": "Session", "content": fixedPort, "tags": tags("relay-api")}},
		{"anyPortDocument", awstype.Document, props{"name": "any-port", "documentType": "Session", "documentFormat": "JSON", "content": anyPort}},
		{"shellDocument", awstype.Document, props{"name": "shell", "documentType": "Session", "documentFormat": "YAML", "content": shell}},
		{"commandDocument", awstype.Document, props{"name": "command", "documentType": "Command", "content": `{"schemaVersion":"2.2","mainSteps":[]}`}},
	}
}

func documentRefusals() []refusal {
	content := func(text string) props { return props{"content": text} }
	return []refusal{
		{"a short name", "portDocument", onCheck, "SSM-01", "", props{"name": "ab"}},
		{"a sign", "portDocument", onCheck, "SSM-01", "", props{"name": "relay/api"}},
		{"a type", "portDocument", onCheck, "SSM-01", "", props{"documentType": "Port"}},
		{"a format", "portDocument", onCheck, "SSM-01", "", props{"documentFormat": "XML"}},
		{"AWS's names", "portDocument", onCreate, "SSM-01", "ValidationException", props{"name": "AWS-Relay"}},
		{"too large", "portDocument", onCreate, "SSM-02", "MaxDocumentSizeExceeded", content(strings.Repeat(" ", 64<<10) + fixedPort)},
		{"no JSON", "portDocument", onCreate, "SSM-02", "InvalidDocumentContent", content("{")},
		{"no YAML", "portDocument", onCreate, "SSM-02", "InvalidDocumentContent", props{"documentFormat": "YAML", "content": "a: ["}},
		{"another schema", "portDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(strings.Replace(fixedPort, "1.0", "2.2", 1))},
		{"no session type", "portDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(strings.Replace(fixedPort, "Port\"", "Tunnel\"", 1))},
		{"no port", "portDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(strings.Replace(fixedPort, "portNumber", "port", 1))},
		{"a port too high", "portDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(strings.Replace(fixedPort, "443", "70000", 1))},
		{"a port as a number", "portDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(strings.Replace(fixedPort, `"443"`, "443", 1))},
		{"another forwarding", "portDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(strings.Replace(fixedPort, "Local", "Remote", 1))},
		{"no properties", "portDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(`{"schemaVersion":"1.0","sessionType":"Port"}`)},
		{"a parameter without declaration", "portDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(strings.Replace(fixedPort, "example.com", "{{ host }}", 1))},
		{"a parameter without type", "anyPortDocument", onUpdate, "SSM-02", "InvalidDocumentContent", content(strings.Replace(anyPort, `"host":{"type":"String"}`, `"host":{}`, 1))},
	}
}

// Another host is another version of the same document; the same name again is refused.
func TestDocumentVersions(t *testing.T) {
	e := newEstate(t)
	d := e.made["portDocument"]
	if d.out["arn"] != "arn:aws:ssm:eu-west-2:123456789012:document/relay-api" || d.out["latestVersion"] != "1" || d.out["schemaVersion"] != "1.0" {
		t.Errorf("made %v", d.out)
	}
	in := d.in.Clone()
	in.Set("content", strings.Replace(fixedPort, "example.com", "example.org", 1))
	out, err := e.update(d.typ, d.name, d.id, d.in, in)
	if err != nil || out["latestVersion"] != "2" || out["defaultVersion"] != "2" || out["hash"] == d.out["hash"] {
		t.Errorf("updated to %v: %v", out, err)
	}
	_, _, err = e.create(awstype.Document, "another", d.in)
	refused(t, err, "DocumentAlreadyExists", "unique")
}
