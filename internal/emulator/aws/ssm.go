package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const (
	sourceDocument      = "ssm/document.go"
	sourceSessionSchema = "docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html"
	documentLimit       = 64 << 10 // bytes
	sessionSchema       = "1.0"
)

var (
	documentName = regexp.MustCompile(`^[0-9A-Za-z_.-]{3,128}$`)
	// reservedDocument are the beginnings of names that AWS keeps for its own.
	reservedDocument = regexp.MustCompile(`(?i)^(aws|amazon|amzn)`)
	documentTypes    = []string{
		"Command", "Policy", "Automation", "Session", "Package", "ApplicationConfiguration", "ApplicationConfigurationSchema",
		"DeploymentStrategy", "ChangeCalendar", "Automation.ChangeTemplate", "ProblemAnalysis", "ProblemAnalysisTemplate",
		"CloudFormation", "ConformancePackTemplate", "QuickSetup", "ManualApprovalPolicy", "AutoApprovalPolicy",
	}
	sessionTypes = []string{"Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port"}
	parameterUse = regexp.MustCompile(`\{\{\s*([0-9A-Za-z_]+)\s*\}\}`)
)

// document: a change of its content makes a new version, which becomes the default one.
// Of documents other than those of sessions the content is not looked at.
func document() *emulator.Kind {
	return tagged(plainTags, &emulator.Kind{
		Type:     awstype.Document,
		Words:    named(words("SSM", "SSM Document", "CreateDocument", "UpdateDocument", "DeleteDocument", "DescribeDocument")),
		AutoName: &emulator.AutoName{Property: "name", Max: 128},
		NewID:    property("name"),
		Unique:   []emulator.Unique{{Fields: []string{"@region", "name"}, Code: "DocumentAlreadyExists", Rule: "SSM-01", Source: model("ssm")}},
		Replace:  forceNew(sourceDocument, "name", "documentType"),
		Rules: []emulator.Rule{
			matches("SSM-01", "name", terraform(sourceDocument), documentName, "3 to 128 letters, digits, _, - and ."),
			oneOf("SSM-01", "documentType", terraform(sourceDocument), documentTypes...),
			oneOf("SSM-01", "documentFormat", terraform(sourceDocument), "JSON", "YAML", "TEXT"),
			refuse("SSM-01", "ValidationException", emulator.OpCreate, model("ssm")+" CreateDocumentRequest", reservedName),
			refuse("SSM-02", "MaxDocumentSizeExceeded", emulator.OpWrite, model("ssm"), func(c *emulator.Call) string {
				if len(c.In.Str("content")) > documentLimit {
					return "The content is larger than 64 KB."
				}
				return ""
			}),
			refuse("SSM-02", "InvalidDocumentContent", emulator.OpWrite, sourceSessionSchema, badSession),
		},
		Fill: fillDocument,
	})
}

func reservedName(c *emulator.Call) string {
	if name := c.In.Str("name"); reservedDocument.MatchString(name) {
		return fmt.Sprintf("Document name %s begins with what is reserved for AWS.", name)
	}
	return ""
}

// A sessionDocument is what a document of type Session says.
type sessionDocument struct {
	SchemaVersion string                    `json:"schemaVersion" yaml:"schemaVersion"`
	Description   string                    `json:"description" yaml:"description"`
	SessionType   string                    `json:"sessionType" yaml:"sessionType"`
	Inputs        map[string]any            `json:"inputs" yaml:"inputs"`
	Parameters    map[string]map[string]any `json:"parameters" yaml:"parameters"`
	Properties    any                       `json:"properties" yaml:"properties"`
}

func readDocument(in inventory.Props) (d sessionDocument, err error) {
	content := in.Str("content")
	if in.StrOr("documentFormat", "JSON") == "YAML" {
		return d, yaml.Unmarshal([]byte(content), &d)
	}
	return d, json.Unmarshal([]byte(content), &d)
}

// badSession says what is wrong with a session document: its schema, its type, a port
// that is none, or a parameter that it does not declare.
func badSession(c *emulator.Call) string {
	if c.In.Str("documentType") != "Session" || !c.In.Known("content") {
		return ""
	}
	d, err := readDocument(c.In)
	properties, isMap := d.Properties.(map[string]any)
	switch {
	case err != nil:
		return "The document is not valid " + c.In.StrOr("documentFormat", "JSON") + "."
	case d.SchemaVersion != sessionSchema:
		return fmt.Sprintf("schemaVersion %q is not supported for documents of type Session; it is %s.", d.SchemaVersion, sessionSchema)
	case !slices.Contains(sessionTypes, d.SessionType):
		return fmt.Sprintf("sessionType %q is not one of %s.", d.SessionType, strings.Join(sessionTypes, ", "))
	case d.SessionType == "Port" && !isMap:
		return "A session of type Port has properties."
	}
	for name, p := range d.Parameters {
		if kind, _ := p["type"].(string); !slices.Contains([]string{"String", "StringList", "Boolean", "Integer", "MapList", "StringMap"}, kind) {
			return fmt.Sprintf("Parameter %s has no type that there is.", name)
		}
	}
	if undeclared := d.undeclared(); undeclared != "" {
		return fmt.Sprintf("Parameter %s is used and not declared.", undeclared)
	}
	if d.SessionType == "Port" {
		return badPort(properties)
	}
	return ""
}

// undeclared is a parameter that the properties use and nobody declares, or "".
func (d sessionDocument) undeclared() string {
	text, err := json.Marshal(d.Properties)
	if err != nil {
		return ""
	}
	for _, use := range parameterUse.FindAllStringSubmatch(string(text), -1) {
		if d.Parameters[use[1]] == nil {
			return use[1]
		}
	}
	return ""
}

func badPort(properties map[string]any) string {
	for _, name := range []string{"portNumber", "localPortNumber"} {
		v, given := properties[name]
		text, isText := v.(string)
		n, err := strconv.Atoi(text)
		switch {
		case !given && name == "portNumber":
			return "properties.portNumber is missing."
		case !given || isText && parameterUse.MatchString(text):
		case !isText || err != nil || n < 0 || n > 65535 || n == 0 && name == "portNumber":
			return fmt.Sprintf("properties.%s is no port as a text.", name)
		}
	}
	if kind, given := properties["type"]; given && kind != "LocalPortForwarding" {
		return fmt.Sprintf("properties.type %q is not LocalPortForwarding.", kind)
	}
	return ""
}

func fillDocument(c *emulator.Call) error {
	version := 1
	if old, err := strconv.Atoi(c.Old.Str("latestVersion")); err == nil {
		if version = old; c.Changed("content") {
			version++
		}
	}
	sum := sha256.Sum256([]byte(c.In.Str("content")))
	d, _ := readDocument(c.In) // of other documents as far as it goes
	defaults(c, inventory.Props{
		"arn": regional(c, "ssm", "document/"+c.ID), "owner": c.Account().AWSAccount, "documentFormat": "JSON", "status": "Active",
		"hash": hex.EncodeToString(sum[:]), "hashType": "Sha256", "description": d.Description, "schemaVersion": d.SchemaVersion,
		"platformTypes": []any{"Windows", "Linux", "MacOS"}, "parameters": []any{},
	})
	for _, name := range []string{"latestVersion", "defaultVersion", "documentVersion"} {
		c.Out.Set(name, strconv.Itoa(version))
	}
	keep(c, "createdDate", func() any { return moment(c, "created") })
	return nil
}
