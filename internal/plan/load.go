package plan

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// World says in what world a plan will be carried out.
type World struct {
	// Emulated holds the package names of emulated providers, for example aws
	// or azure-native. The others are real, and placeholders are refused there.
	Emulated map[string]bool
	// Today decides which Kubernetes versions real clouds still support. The
	// zero Time means the present day. Emulated clouds live on the day on which
	// Burrow's tables were written.
	Today time.Time
}

// Provider package names as World.Emulated knows them.
const (
	awsProvider   = "aws"
	azureProvider = "azure-native"
)

// today is the date as the clouds of that provider see it.
func (w World) today(provider string) time.Time {
	switch {
	case w.Emulated[provider]:
		return catalogueDate
	case w.Today.IsZero():
		return time.Now().UTC()
	default:
		return w.Today
	}
}

// Load merges the stack's configuration over the defaults and validates the
// whole. Values are the keys of the burrow namespace without "burrow:", each a
// JSON object; keys that are left out keep their defaults, lists replace the
// default list. The error is [Problems]: everything that is wrong, at once.
func Load(values map[string]string, world World) (*Plan, error) {
	p := base()
	d := &decoder{given: map[string]bool{}}
	d.sections(p, values)
	if !d.given["network.aws.zones"] {
		p.Network.AWS.nameZones()
	}
	p.derive()

	v := &validator{plan: p, world: world, undecoded: d.keys()}
	v.run()
	if problems := sorted(append(d.problems, v.problems...)); len(problems) > 0 {
		return nil, problems
	}
	return p, nil
}

// sections decodes each top-level key into its part of the plan.
func (d *decoder) sections(p *Plan, values map[string]string) {
	plan := reflect.ValueOf(p).Elem()
	fields := fieldsByKey(plan.Type())
	for _, key := range slices.Sorted(maps.Keys(values)) {
		section, err := parseJSON(values[key])
		field, known := fields[key]
		switch {
		case !known:
			d.unknown("", key, unquoted(values[key], section, err), plan.Type())
		case err != nil:
			d.wrongType(key, values[key], "an object")
		default:
			d.decode(key, plan.FieldByIndex(field.Index), section)
		}
	}
}

// unquoted is the parsed value, or the text itself where it is no JSON.
func unquoted(text string, parsed any, err error) any {
	if err != nil {
		return text
	}
	return parsed
}

// sorted orders problems by key; those of one key stay in the order found.
func sorted(problems Problems) Problems {
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
	return problems
}
