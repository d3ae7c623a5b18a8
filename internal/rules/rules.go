// Package rules is the catalogue of the rules that Burrow works by: what the real
// clouds, their providers and the engine enforce, each with an id, a line of plain
// English, where it is known from and when that was last checked. Code, comments,
// messages and documents name a rule by its id; docs/rules.md shows them all.
//
// A rule's text says what holds. Error codes are in brackets. What the emulated
// clouds refuse, and with which words, is beside the kinds in internal/emulator.
package rules

import (
	"regexp"
	"slices"
	"strings"
)

// An ID names a rule, for example AVC-12: a family and a number. An id is never
// given to another rule.
type ID string

// Family is what the id begins with, for example AVC.
func (id ID) Family() string {
	family, _, _ := strings.Cut(string(id), "-")
	return family
}

// Evidence is how well a rule is known.
type Evidence string

const (
	// Seen: an error, a source file or an API model shows it.
	Seen Evidence = "seen"
	// Documented: the vendor says so; what exactly happens is not known.
	Documented Evidence = "documented"
	// Unverified: from memory or by analogy, or sources disagree.
	Unverified Evidence = "unverified"
)

// A Rule is one line of the catalogue.
type Rule struct {
	ID   ID
	Says string
	// Source is a page, an issue, a source file, an API model, or the rules that it
	// follows from.
	Source   string
	Evidence Evidence
	Checked  string // year and month, for example 2026-11
}

// A Group is the rules about one thing.
type Group struct {
	Title string
	Rules []Rule
}

// Groups is the whole catalogue, in the order of docs/rules.md.
func Groups() []Group { return slices.Concat(azureGroups, awsGroups, sharedGroups, engineGroups) }

// All is every rule, in the order of the groups.
func All() []Rule {
	var all []Rule
	for _, g := range Groups() {
		all = append(all, g.Rules...)
	}
	return all
}

// Find returns the rule with an id, and false where there is none.
func Find(id ID) (Rule, bool) {
	all := All()
	if i := slices.IndexFunc(all, func(r Rule) bool { return r.ID == id }); i >= 0 {
		return all[i], true
	}
	return Rule{}, false
}

var (
	idForm    = regexp.MustCompile(`\b[A-Z][A-Z0-9]{1,3}-\d{1,3}\b`)
	rangeForm = regexp.MustCompile(`\b([A-Z][A-Z0-9]{1,3})-(\d+) to ([A-Z][A-Z0-9]{1,3})-(\d+)\b`)
)

// lookAlikes are families of other names that have the form of an id: ciphers,
// hashes, character classes, and TEST-NET-3.
var lookAlikes = []string{"AES", "GCM", "NET", "SHA", "SHA2", "Z0"}

// Mentioned returns the ids that a text names, in its order, as often as it names
// them. A range such as XV-01 to XV-04 names its ends.
func Mentioned(text string) []ID {
	var found []ID
	for _, m := range idForm.FindAllString(text, -1) {
		if id := ID(m); !slices.Contains(lookAlikes, id.Family()) {
			found = append(found, id)
		}
	}
	return found
}

// Repeated returns the ids that a text names more than once.
func Repeated(text string) []ID {
	var seen, again []ID
	for _, id := range Mentioned(text) {
		if slices.Contains(seen, id) && !slices.Contains(again, id) {
			again = append(again, id)
		}
		seen = append(seen, id)
	}
	return again
}
