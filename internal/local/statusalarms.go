package local

import (
	"fmt"
	"strings"

	"burrow/internal/emulator/alarms"
)

// alarms says how the alarms of both clouds are and whom they tell; one by one
// only those that do not rest, or never can.
func (s *screen) alarms() {
	all := alarms.All(s.tx)
	if len(all) == 0 {
		return
	}
	t := section{heading: "Alarms: " + tally(all)}
	if tells := tellings(all); len(tells) > 0 {
		t.rows = append([][]string{{"TELLS", "CLOUD", "RECEIVERS", "ALARMS"}}, tells...)
	}
	for _, a := range all {
		if line := trouble(a); line != "" {
			t.remarks = append(t.remarks, line)
		}
	}
	s.sections = append(s.sections, t)
}

// tally counts the alarms by state, and those that can never work besides.
func tally(all []alarms.Alarm) string {
	states, broken := map[alarms.State]int{}, 0
	for _, a := range all {
		states[a.State]++
		if len(a.Broken) > 0 {
			broken++
		}
	}
	var counts []string
	for _, state := range []alarms.State{alarms.OK, alarms.Firing, alarms.Insufficient} {
		if n := states[state]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if broken > 0 {
		counts = append(counts, fmt.Sprintf("%d that can never work", broken))
	}
	return strings.Join(counts, ", ")
}

// tellings are the ways to people, with how many of them, but not who they are.
func tellings(all []alarms.Alarm) (rows [][]string) {
	var order []string
	count, lines := map[string]int{}, map[string][]string{}
	for _, a := range all {
		for _, r := range a.Reaches {
			if count[r.ID]++; count[r.ID] == 1 {
				order = append(order, r.ID)
				lines[r.ID] = []string{reachName(r), cloudName(a), fmt.Sprint(len(r.Receivers))}
			}
		}
	}
	for _, id := range order {
		rows = append(rows, append(lines[id], fmt.Sprint(count[id])))
	}
	return rows
}

// reachName is the name at the end of an ARN or an ARM id.
func reachName(r alarms.Reach) string { return r.ID[strings.LastIndexAny(r.ID, "/:")+1:] }

func cloudName(a alarms.Alarm) string {
	if a.Cloud == "aws" {
		return "AWS"
	}
	return "Azure"
}

// trouble is a line about an alarm that does not rest or can never work.
func trouble(a alarms.Alarm) string {
	if a.State == alarms.OK && len(a.Broken) == 0 {
		return ""
	}
	line := fmt.Sprintf("%s is %s: %s", a.Name, a.State, a.Why)
	if len(a.Broken) > 0 {
		line += "; it can never work: " + strings.Join(a.Broken, "; ")
	}
	return line
}
