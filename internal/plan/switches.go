package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Modes are those choices of an estate whose change on a living estate moves, or
// would have to move, something that carries the path: texts by the key of the
// configuration. The stack exports them, and the next run compares.
type Modes map[string]string

// Keys of modes that others depend on. What protectMode says is about others only.
const (
	protectMode = "estate.protect"
	zonesMode   = "network.aws.zones"
	privateMode = "network.aws.zones[].private"
	publicMode  = "network.aws.zones[].public"
	egressMode  = "network.aws.egress"
	vpcIDMode   = "network.aws.vpcId"
	logKeyMode  = "network.aws.logKeyArn"
)

// Modes are the modes of the plan.
func (p *Plan) Modes() Modes {
	m := Modes{protectMode: strconv.FormatBool(p.Estate.Protect)}
	for _, s := range switches {
		m[s.key] = s.of(p)
	}
	return m
}

// ReadModes are the modes that a stack output holds; false where it holds none, as
// after a run of a version that knew no modes.
func ReadModes(output any) (Modes, bool) {
	values, _ := output.(map[string]any)
	m := Modes{}
	for key, value := range values {
		if text, ok := value.(string); ok {
			m[key] = text
		}
	}
	_, known := m[protectMode]
	return m, known
}

// NoModes is what there is to say to an estate whose last run knew no modes.
const NoModes = "The last run was of a version that exported no modes: what becomes of the path when this run changes one is not said. " +
	"This run has the tunnels log what they do, for which AWS replaces their endpoints, one after another (AWV-28): run it when little crosses. " +
	"Pods get the VPC CNI's new MTU as they start."

// A Switch is what a change of a mode does to a living estate.
type Switch struct {
	Key      string // of the configuration
	From, To string
	// Unsaid says that the last run, of an earlier version, did not export the
	// mode: nobody knows whether this run changes it.
	Unsaid bool
	effect
	protected bool
}

// effect is what a change does.
type effect struct {
	// Cut says for how long nothing crosses, "" when something always does.
	Cut string
	// Risk says what may go wrong all the same; "" where there is a cut.
	Risk string
	// Means says what happens, in which order, and what else suffers.
	Means string
	// Never says why a living estate cannot make the change at all; "" when it can.
	Never string
}

func (s Switch) String() string {
	cut := "the path between bunny and relay stays"
	switch {
	case s.Cut != "":
		cut = "THE PATH BETWEEN BUNNY AND RELAY IS CUT for " + s.Cut
	case s.Risk != "":
		cut += ", but " + s.Risk
	}
	if s.Unsaid {
		cut = cmp.Or(s.Never, cut)
		return fmt.Sprintf("%s is %s, and the last run did not say what it was. If it was another, %s. %s", s.Key, cmp.Or(s.To, "(none)"), cut, s.Means)
	}
	return fmt.Sprintf("%s changes from %s to %s: %s. %s", s.Key, cmp.Or(s.From, "(none)"), cmp.Or(s.To, "(none)"), cut, s.Means)
}

// Switches are what this run does to an estate that had other modes, in the order
// of their keys; none when nothing that matters changes. A mode that the last run
// did not know may be a change.
func (m Modes) Switches(before Modes) []Switch {
	var found []Switch
	for _, s := range switches {
		from, known := before[s.key]
		if !known && s.was != "" {
			from, known = s.was, true
		}
		said := slices.ContainsFunc(s.unless, func(key string) bool {
			was, known := before[key]
			return known && was != m[key]
		})
		if known && from == m[s.key] || said {
			continue
		}
		does := s.effect
		if s.by != nil {
			does = s.by(before, m)
		}
		found = append(found, Switch{Key: s.key, From: from, To: m[s.key], Unsaid: !known, effect: does, protected: s.protected})
	}
	slices.SortStableFunc(found, func(a, b Switch) int { return cmp.Compare(a.Key, b.Key) })
	return found
}

// CheckSwitches refuses changes that no living estate can make, and those that
// protection forbids, before anything is done: the engine would find out half-way.
func CheckSwitches(before, after Modes) Problems {
	var problems Problems
	for _, s := range after.Switches(before) {
		if s.Unsaid {
			continue // a warning is all that can be said
		}
		back := "write " + cmp.Or(s.From, `""`) + " again"
		switch {
		case s.Never != "":
			problems = append(problems, Problem{
				Key: s.Key, Value: show(s.To), Reason: fmt.Sprintf("it was %s, and %s", cmp.Or(s.From, "(none)"), s.Never),
				Remedy: back + ", or destroy the estate first, or bring up a second one beside it, in a stack of its own with another estate.suffix",
			})
		case s.protected && before[protectMode] == "true":
			problems = append(problems, Problem{
				Key: s.Key, Value: show(s.To),
				Reason: fmt.Sprintf("it was %s; the change deletes or replaces what estate.protect = true keeps", cmp.Or(s.From, "(none)")),
				Remedy: back + ", or set estate.protect to false in a run of its own first",
			})
		}
	}
	return problems
}
