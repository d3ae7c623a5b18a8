package iam

import (
	"maps"
	"slices"
	"strings"

	"burrow/internal/inventory"
)

// conditions are what a statement asks of a request besides who, what and on
// what: operator, then key, then the values of which one must match.
type conditions map[string]map[string]texts

// A verdict is what a condition says of a request.
type verdict int

const (
	holds verdict = iota
	failed
	// undecided: it is about something that the emulation does not know.
	undecided
)

// verdict is that of all conditions together. A single one that fails decides.
func (c conditions) verdict(facts map[string]string) verdict {
	all := holds
	for _, operator := range slices.Sorted(maps.Keys(c)) {
		for key, values := range c[operator] {
			switch one(operator, values, facts, strings.ToLower(key)) {
			case failed:
				return failed
			case undecided:
				all = undecided
			}
		}
	}
	return all
}

// comparisons are the operators on texts, and what they say of a value. Numbers,
// dates and addresses stay undecided: no fact is one.
var comparisons = map[string]struct {
	match func(pattern, text string) bool
	not   bool
}{
	"StringEquals":              {match: same},
	"StringNotEquals":           {match: same, not: true},
	"StringEqualsIgnoreCase":    {match: strings.EqualFold},
	"StringNotEqualsIgnoreCase": {match: strings.EqualFold, not: true},
	"StringLike":                {match: glob},
	"StringNotLike":             {match: glob, not: true},
	"ArnEquals":                 {match: glob},
	"ArnLike":                   {match: glob},
	"ArnNotEquals":              {match: glob, not: true},
	"ArnNotLike":                {match: glob, not: true},
	"Bool":                      {match: strings.EqualFold},
}

func same(a, b string) bool { return a == b }

// one condition. A key that the request does not have fails what must match, and
// keeps what must not match and what ends in IfExists.
func one(operator string, values []string, facts map[string]string, key string) verdict {
	operator = strings.TrimPrefix(strings.TrimPrefix(operator, "ForAnyValue:"), "ForAllValues:")
	fact, known := facts[key]
	if operator == "Null" && known {
		return said(slices.Contains(values, "true") == (fact == ""))
	}
	operator, ifExists := strings.CutSuffix(operator, "IfExists")
	comparison, ok := comparisons[operator]
	switch {
	case !known || !ok:
		return undecided
	case fact == "":
		return said(ifExists || comparison.not)
	}
	return said(anyMatch(values, fact, comparison.match) != comparison.not)
}

func said(yes bool) verdict {
	if yes {
		return holds
	}
	return failed
}

// resourceTags are how condition keys about the tags of a thing begin. Source: service
// authorization reference, list_amazonec2.html.
var resourceTags = []string{"aws:resourcetag/", "ec2:resourcetag/"}

// TagFacts are the tags of a thing as facts, for every tag that the document asks about;
// "" where the thing has no such tag.
func (d Document) TagFacts(tags inventory.Props) map[string]string {
	facts := map[string]string{}
	for _, s := range d.Statement {
		for _, asked := range s.Condition {
			for key := range asked {
				for _, prefix := range resourceTags {
					if tag, ok := strings.CutPrefix(strings.ToLower(key), prefix); ok {
						facts[prefix+tag] = folded(tags, tag)
					}
				}
			}
		}
	}
	return facts
}

// folded is the tag of that name; condition keys know no capitals.
func folded(tags inventory.Props, name string) string {
	for tag, v := range tags {
		if text, ok := v.(string); ok && strings.EqualFold(tag, name) {
			return text
		}
	}
	return ""
}
