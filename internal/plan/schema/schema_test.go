package schema

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

const projectDir = "../../.."

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(projectDir + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCommittedSchemaIsCurrent(t *testing.T) {
	want, err := Generate("..")
	if err != nil {
		t.Fatal(err)
	}
	if read(t, "burrow.schema.json") != string(want) {
		t.Error("burrow.schema.json is out of date: run go generate ./internal/plan")
	}
}

// validate holds a stack file to the committed schema.
func validate(t *testing.T, stackFile string) error {
	t.Helper()
	compiled, err := jsonschema.CompileString("burrow.schema.json", read(t, "burrow.schema.json"))
	if err != nil {
		t.Fatalf("the schema is no schema: %v", err)
	}
	var file any
	if err := yaml.Unmarshal([]byte(stackFile), &file); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(plain)
}

// The hint at the top of Pulumi.dev.yaml is true.
func TestDevFileFitsTheSchema(t *testing.T) {
	text := read(t, "Pulumi.dev.yaml")
	if !strings.HasPrefix(text, "# yaml-language-server: $schema=burrow.schema.json\n") {
		t.Error("Pulumi.dev.yaml does not name its schema")
	}
	if err := validate(t, text); err != nil {
		t.Errorf("Pulumi.dev.yaml: %#v", err)
	}
	for _, free := range []string{"config: {}", "config: {aws:region: eu-west-2, burrow:vpn: {}}", "encryptionsalt: x\nconfig: {}"} {
		if err := validate(t, free); err != nil {
			t.Errorf("%s: %v", free, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	for what, config := range map[string]string{
		"unknown top-level key": `burrow:netwrok: {}`,
		"unknown nested key":    `burrow:network: {aws: {regoin: eu-west-2}}`,
		"wrong type":            `burrow:vpn: {awsAsn: "64512"}`,
		"number as version":     `burrow:clusters: {eks: {version: 1.36}}`,
		"unknown region":        `burrow:network: {aws: {region: eu-west-9}}`,
		"range":                 `burrow:network: {aws: {cidr: 10.0.0.0}}`,
		"address":               `burrow:dns: {azureInbound: x}`,
		"pool name":             `burrow:clusters: {aks: {pool: {name: aks-bunny-pool}}}`,
		"node port":             `burrow:k8s: {relay: {nodePort: 8443}}`,
		"retention":             `burrow:network: {aws: {logRetentionDays: 100}}`,
		"three tunnels":         `burrow:vpn: {tunnels: []}`,
		"tunnel without inside": `burrow:vpn: {tunnels: [{instance: 0, number: 1, keyGeneration: 1}]}`,
		"gateway size":          `burrow:vpn: {sku: VpnGw1}`,
		"same zone twice":       `burrow:clusters: {aks: {pool: {zones: ["1", "1"]}}}`,
	} {
		if err := validate(t, "config:\n  "+config+"\n"); err == nil {
			t.Errorf("%s: the schema takes %s", what, config)
		}
	}
}

// node is what the tests need of a schema.
type node struct {
	Type        string          `json:"type"`
	Description string          `json:"description"`
	Default     any             `json:"default"`
	Properties  map[string]node `json:"properties"`
	Items       *node           `json:"items"`
}

// Every key is explained in the schema, and every value of the default estate
// that is not derived stands there as a default.
func TestEveryKeyIsDescribed(t *testing.T) {
	var file node
	if err := json.Unmarshal([]byte(read(t, "burrow.schema.json")), &file); err != nil {
		t.Fatal(err)
	}
	sections := file.Properties["config"].Properties
	if len(sections) != 7 {
		t.Errorf("%d sections, want 7", len(sections))
	}
	keys := 0
	for name, section := range sections {
		keys += described(t, name, section)
	}
	if keys < 80 {
		t.Errorf("only %d keys", keys)
	}
	if got := file.Properties["config"].Properties["burrow:k8s"].Properties["relay"].Properties["nodePort"].Default; got != 30443.0 {
		t.Errorf("the node port's default is %v", got)
	}
	if got := file.Properties["config"].Properties["burrow:dns"].Properties["azureInbound"].Default; got != nil {
		t.Errorf("a derived value has the default %v", got)
	}
}

// described checks a schema and what is beneath it, and counts the keys.
func described(t *testing.T, path string, n node) int {
	t.Helper()
	if n.Description == "" {
		t.Errorf("%s has no description", path)
	}
	if n.Type == "" {
		t.Errorf("%s has no type", path)
	}
	keys := 1
	if n.Items != nil {
		n.Properties = n.Items.Properties
	}
	for key, property := range n.Properties {
		keys += described(t, path+"."+key, property)
	}
	return keys
}
