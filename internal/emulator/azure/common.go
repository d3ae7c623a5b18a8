package azure

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

// A naming is what a kind's name must look like.
type naming struct {
	rule         rules.ID
	code, source string
	min, max     int
	pattern      *regexp.Regexp
	words        string // the pattern in words
}

var (
	alnumToWord = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)
	alnumDashes = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9_])?$`)
)

const sourceNames = "azure-docs articles/azure-resource-manager/management/resource-name-rules.md"

// networkName is NAM-01, for most of Microsoft.Network.
func networkName(minimum, maximum int) naming {
	return naming{
		rule: "NAM-01", code: "InvalidResourceName", min: minimum, max: maximum, pattern: alnumToWord,
		words:  "letters, digits, _ . -, beginning with a letter or digit and ending with one or _",
		source: sourceNames,
	}
}

// resolverName is NAM-06, for the DNS private resolver's resources.
func resolverName() naming {
	return naming{
		rule: "NAM-06", code: "InvalidResourceName", min: 1, max: 80, pattern: alnumDashes,
		words:  "letters, digits, _ -, beginning with a letter or digit and ending with one or _",
		source: sourceNames + " (detail unverified)",
	}
}

func (n naming) broken(name string) string {
	switch length := utf8.RuneCountInString(name); {
	case length < n.min || length > n.max:
		return fmt.Sprintf("Resource name %s is invalid. It must be %d to %d characters long.", name, n.min, n.max)
	case n.pattern != nil && !n.pattern.MatchString(name):
		return fmt.Sprintf("Resource name %s is invalid. It takes %s.", name, n.words)
	}
	return ""
}

// rules are what ARM enforces for every resource at the place, in ARM's order.
func (p place) rules() []emulator.Rule {
	rules := []emulator.Rule{rule("PRO-05", "ResourceGroupNotFound", emulator.OpWrite,
		"azure-docs#52229", groupExists)}
	if p.parent != "" {
		rules = append(rules, rule("PRO-05", "ParentResourceNotFound", emulator.OpWrite,
			"azure-docs#52229", p.parentExists))
	}
	if p.names.rule != "" {
		rules = append(rules, rule(p.names.rule, p.names.code, emulator.OpCreate, p.names.source,
			func(c *emulator.Call) string { return p.names.broken(lastOf(identify(c))) }))
	}
	if p.location != nowhere {
		rules = append(rules, p.locationRules()...)
		rules = append(rules, rule("TAG-03", "InvalidTags", emulator.OpWrite,
			sourceTagLimits+unverified, badTags), reservedTag())
	}
	return rules
}

func groupExists(c *emulator.Call) string {
	name := c.In.Str("resourceGroupName")
	if name == "" || c.Tx.Get(azuretype.ResourceGroup, groupID(c, name)) != nil {
		return ""
	}
	return fmt.Sprintf("Resource group '%s' could not be found.", name)
}

func (p place) parentExists(c *emulator.Call) string {
	parent := parentOf(identify(c))
	if c.Tx.Get(p.parent, parent) != nil {
		return ""
	}
	return fmt.Sprintf("Can not perform requested operation on nested resource. "+
		"Parent resource '%s' not found.", lastOf(parent))
}

func (p place) locationRules() []emulator.Rule {
	rules := []emulator.Rule{
		rule("ARM-02", "LocationNotAvailableForResourceType", emulator.OpCreate, sourceARM, p.locationOffered),
	}
	if p.location == regional {
		rules = append(rules, rule("ARM-03", "InvalidResourceLocation", emulator.OpUpdate, sourceARM, movedAway))
	}
	return rules
}

func (p place) locationOffered(c *emulator.Call) string {
	l := location(c)
	inRegion := publicRegions[l] && p.location != global
	worldwide := l == globalLocation && (p.location == global || p.location == anywhere)
	if inRegion || worldwide {
		return ""
	}
	where := "a region of the public cloud"
	if p.location == global {
		where = "'" + globalLocation + "'"
	}
	return fmt.Sprintf("The provided location '%s' is not available for resource type '%s'. It must be %s.",
		l, p.typ(c.In), where)
}

func movedAway(c *emulator.Call) string {
	before, now := locationOf(c, c.OldIn), location(c)
	if before == now {
		return ""
	}
	return fmt.Sprintf("The resource '%s' already exists in location '%s' in resource group '%s'. "+
		"A resource with the same name cannot be created in location '%s'.",
		lastOf(c.ID), before, c.In.Str("resourceGroupName"), now)
}

// Limits of tags; Azure DNS takes fewer.
const (
	maxTags     = 50
	maxTagName  = 512
	maxTagValue = 256
)

func badTags(c *emulator.Call) string { return tagsBroken(c, maxTags, maxTagName) }

func tagsBroken(c *emulator.Call, count, nameLength int) string {
	tags := c.In.Map("tags")
	if len(tags) > count {
		return fmt.Sprintf("Number of tags: '%d'. The maximum number of tags allowed is '%d'.", len(tags), count)
	}
	names := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		value, _ := tags[name].(string)
		switch lower := strings.ToLower(name); {
		case names[lower]:
			return fmt.Sprintf("The tag name '%s' is given twice; names do not depend on case.", name)
		case utf8.RuneCountInString(name) > nameLength || utf8.RuneCountInString(value) > maxTagValue:
			return fmt.Sprintf("The tag '%s' is too long: names take %d characters, values %d.",
				name, nameLength, maxTagValue)
		case strings.ContainsAny(name, `<>%&\?/`):
			return fmt.Sprintf(`The tag name '%s' has one of the characters <>%%&\?/.`, name)
		default:
			names[lower] = true
		}
	}
	return ""
}

// reservedTag refuses names that ARM keeps for itself. No report shows the code.
func reservedTag() emulator.Rule {
	return rule("TAG-5", "InvalidTags", emulator.OpWrite, sourceTagLimits+unverified, func(c *emulator.Call) string {
		for _, name := range slices.Sorted(maps.Keys(c.In.Map("tags"))) {
			for _, reserved := range []string{"microsoft", "azure", "windows"} {
				if strings.HasPrefix(strings.ToLower(name), reserved) {
					return fmt.Sprintf("The tag name '%s' begins with the reserved prefix '%s'.", name, reserved)
				}
			}
		}
		return ""
	})
}

// immutable refuses updates of inputs that the provider sends and the service
// does not take on an existing resource.
func immutable(id rules.ID, code, source string, paths ...string) emulator.Rule {
	return rule(id, code, emulator.OpUpdate, source, func(c *emulator.Call) string {
		for _, path := range paths {
			if c.Changed(path) {
				return fmt.Sprintf("Changing property '%s' of %s is not allowed.", path, c.ID)
			}
		}
		return ""
	})
}

// sameRegion refuses a reference into another region.
func sameRegion(id rules.ID, code, source, path string, to ...string) emulator.Rule {
	return rule(id, code, emulator.OpWrite, source, func(c *emulator.Call) string {
		for _, target := range c.In.Strings(path) {
			for _, typ := range to {
				if o := c.Tx.Get(typ, target); o != nil && locationAt(o) != location(c) {
					return fmt.Sprintf("%s is in location '%s', the resource in '%s'; they must be in the same.",
						o.ID, locationAt(o), location(c))
				}
			}
		}
		return ""
	})
}
