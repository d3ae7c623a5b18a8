package reach

import (
	"fmt"
	"slices"

	"burrow/internal/rules"
)

// A Verdict says whether something gets through.
type Verdict int

// The verdicts. CannotTell is for what only a cloud knows: an export lacks what
// clouds make by themselves.
const (
	Passes Verdict = iota
	CannotTell
	Stopped
)

func (v Verdict) String() string {
	return []string{"passes", "cannot tell", "stopped"}[v]
}

// A Hop is one thing that a packet or a question meets on its way.
type Hop struct {
	Place    string // what it is, in words
	Resource string // id of the object that decides, "" when the missing object would
	Verdict  Verdict
	// The rest is said of a hop that does not let pass, or cannot be told.
	Reason string   // one sentence
	Rule   rules.ID // that it follows from, if there is one
	Mend   string   // the smallest change that would help
}

func (h Hop) String() string {
	if h.Verdict == Passes {
		return h.Place
	}
	text := fmt.Sprintf("%s: %s", h.Place, h.Reason)
	if h.Rule != "" {
		text += fmt.Sprintf(" (%s)", h.Rule)
	}
	return text
}

// passes is a hop that lets pass.
func passes(place, resource string) Hop { return Hop{Place: place, Resource: resource} }

// stopped is a hop that does not.
func stopped(place, resource string, rule rules.ID, mend, reason string, args ...any) Hop {
	return Hop{Place: place, Resource: resource, Verdict: Stopped, Rule: rule, Mend: mend, Reason: fmt.Sprintf(reason, args...)}
}

// untold is a hop of which nothing can be said.
func untold(place, resource, reason string, args ...any) Hop {
	return Hop{Place: place, Resource: resource, Verdict: CannotTell, Reason: fmt.Sprintf(reason, args...)}
}

// A Path is what somebody relies on, with all that it meets. Everything on the way
// is asked, also beyond the first thing that stops it: each has to be mended.
type Path struct {
	Name string
	Hops []Hop
	// Spare says that others carry what it does not: its loss stops nothing yet.
	Spare bool
}

// Verdict is the worst of the hops'.
func (p Path) Verdict() Verdict {
	worst := Passes
	for _, h := range p.Hops {
		worst = max(worst, h.Verdict)
	}
	return worst
}

// Troubles are the hops that do not let pass, or cannot be told. Of those that differ
// in the packet alone, which an object stops for one reason, there is the first.
func (p Path) Troubles() (found []Hop) {
	for _, h := range p.Hops {
		if h.Verdict != Passes && !slices.ContainsFunc(found, h.same) {
			found = append(found, h)
		}
	}
	return found
}

func (h Hop) same(g Hop) bool {
	return h.Place == g.Place && h.Resource == g.Resource && h.Verdict == g.Verdict && h.Rule == g.Rule
}

// Worst is the worst verdict of the paths.
func Worst(paths []Path) Verdict {
	worst := Passes
	for _, p := range paths {
		worst = max(worst, p.Verdict())
	}
	return worst
}
