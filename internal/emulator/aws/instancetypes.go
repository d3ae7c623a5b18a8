package aws

import (
	"fmt"
	"regexp"
	"strings"

	"burrow/internal/emulator"
)

// instanceType is the form of EC2's instance types: family, generation, attributes
// and size, as in c7gn.4xlarge. Which of them a region offers is not modelled.
var instanceType = regexp.MustCompile(
	`^(a|c|d|dl|f|g|gr|h|hpc|i|im|inf|is|m|p|r|t|trn|u|vt|x|z)([0-9]+)([a-z]*(?:-[a-z0-9]+)?)\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(?:-[0-9]+xl)?)$`)

// isARM reports whether machines of a type have a Graviton processor: a1, and all
// whose attributes name it with a g.
func isARM(name string) (arm, exists bool) {
	parts := instanceType.FindStringSubmatch(name)
	if parts == nil {
		return false, false
	}
	return parts[1] == "a" || strings.Contains(parts[3], "g"), true
}

// nodeTypes are the instance types of a node group, wherever they are given.
func nodeTypes(c *emulator.Call) []string {
	types := c.In.Strings("instanceTypes")
	if template, _ := templateOf(c, c.In); template != nil && template.In.Has("instanceType") {
		types = append(types, template.In.Str("instanceType"))
	}
	return types
}

func noSuchType(c *emulator.Call) string {
	for _, name := range nodeTypes(c) {
		if _, exists := isARM(name); !exists {
			return fmt.Sprintf("The following supplied instance types do not exist: [%s]", name)
		}
	}
	return ""
}

// wrongProcessor: an image is for one architecture, x86 unless another is asked for.
func wrongProcessor(c *emulator.Call) string {
	ami := c.In.StrOr("amiType", defaultAMI)
	if ami == "CUSTOM" {
		return ""
	}
	for _, name := range nodeTypes(c) {
		if arm, exists := isARM(name); exists && arm != strings.Contains(ami, "ARM_64") {
			return fmt.Sprintf("[%s] is not a valid instance type for requested amiType %s", name, ami)
		}
	}
	return ""
}
