package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const sourceTemplate = "ec2/ec2_launch_template.go"

var templateName = regexp.MustCompile(`^[0-9A-Za-z()./_-]{3,128}$`)

// launchTemplate holds versions: every change of what machines get makes one.
func launchTemplate() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:     awstype.LaunchTemplate,
		Words:    named(words("EC2", "EC2 Launch Template", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", "DeleteLaunchTemplate", "DescribeLaunchTemplates")),
		AutoName: &emulator.AutoName{Property: "name", Max: 128},
		NewID:    opaque("lt"),
		Unique: []emulator.Unique{{
			Fields: []string{"@account", "@region", "name"}, Code: "InvalidLaunchTemplateName.AlreadyExistsException",
			Source: moto("ec2/exceptions.py"),
		}},
		Replace: forceNew(sourceTemplate, "name", "namePrefix"),
		Rules: []emulator.Rule{
			matches("EKS-25", "name", terraform(sourceTemplate), templateName, "3 to 128 letters, digits and ().-/_"),
			atMostOne("EKS-25", terraform(sourceTemplate), "defaultVersion", "updateDefaultVersion"),
			oneOf("EKS-31", "metadataOptions.httpTokens", terraform(sourceTemplate), "optional", "required"),
			oneOf("EKS-31", "metadataOptions.httpEndpoint", terraform(sourceTemplate), "enabled", "disabled"),
			within("EKS-31", "metadataOptions.httpPutResponseHopLimit", terraform(sourceTemplate), 1, 64),
			refuse("EKS-25", "InvalidLaunchTemplateId.VersionNotFound", emulator.OpUpdate, moto("ec2/exceptions.py"), defaultVersionMissing),
		},
		Fill: fillLaunchTemplate,
	})
}

// unversioned are the properties whose change makes no version.
var unversioned = []string{"tags", "defaultVersion", "updateDefaultVersion"}

func fillLaunchTemplate(c *emulator.Call) error {
	latest := max(c.Old.Int("latestVersion"), 1)
	if c.Op == emulator.OpUpdate && templateChanged(c) {
		latest++
	}
	chosen := max(c.Old.Int("defaultVersion"), 1)
	switch {
	case c.In.Has("defaultVersion"):
		chosen = c.In.Int("defaultVersion")
	case c.In.Bool("updateDefaultVersion"):
		chosen = latest
	}
	c.Out.Set("latestVersion", latest)
	c.Out.Set("defaultVersion", chosen)
	defaults(c, inventory.Props{"arn": regional(c, "ec2", "launch-template/"+c.ID)})
	return nil
}

func templateChanged(c *emulator.Call) bool {
	for _, p := range []inventory.Props{c.In, c.OldIn} {
		for name := range p {
			if !slices.Contains(unversioned, name) && c.Changed(name) {
				return true
			}
		}
	}
	return false
}

func defaultVersionMissing(c *emulator.Call) string {
	n := c.In.Int("defaultVersion")
	if latest := c.Old.Int("latestVersion") + 1; n <= latest {
		return ""
	}
	return fmt.Sprintf("Could not find the specified version %d for the launch template with ID %s.", n, c.ID)
}

// templateOf is the launch template that a node group names, and whether the
// version that it names exists.
func templateOf(c *emulator.Call, in inventory.Props) (template *inventory.Object, versionExists bool) {
	if id := in.Str("launchTemplate.id"); id != "" {
		template = c.Tx.Get(awstype.LaunchTemplate, id)
	} else if name := in.Str("launchTemplate.name"); name != "" {
		template = c.Tx.Find(awstype.LaunchTemplate, "name", name)
	}
	if template == nil {
		return nil, false
	}
	version := in.Str("launchTemplate.version")
	if version == "$Latest" || version == "$Default" {
		return template, true
	}
	n, err := strconv.Atoi(version)
	return template, err == nil && n >= 1 && n <= template.Out.Int("latestVersion")
}
