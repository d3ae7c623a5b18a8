package local

import (
	"fmt"
	"strings"

	"burrow/internal/emulator"
)

// alarms says how the alarms of both clouds are and whom they tell; one by one
// only those that do not rest, or never can.
func (s *screen) alarms() {
	all := emulator.Alarms(s.tx)
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
func tally(all []emulator.Alarm) string {
	states, broken := map[emulator.AlarmState]int{}, 0
	for _, a := range all {
		states[a.State]++
		if len(a.Broken) > 0 {
			broken++
		}
	}
	var counts []string
	for _, state := range []emulator.AlarmState{emulator.AlarmOK, emulator.AlarmFiring, emulator.AlarmInsufficient} {
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
func tellings(all []emulator.Alarm) (rows [][]string) {
	var order []string
	alarms, lines := map[string]int{}, map[string][]string{}
	for _, a := range all {
		for _, r := range a.Reaches {
			if alarms[r.ID]++; alarms[r.ID] == 1 {
				order = append(order, r.ID)
				lines[r.ID] = []string{reachName(r), cloudName(a), fmt.Sprint(len(r.Receivers))}
			}
		}
	}
	for _, id := range order {
		rows = append(rows, append(lines[id], fmt.Sprint(alarms[id])))
	}
	return rows
}

// reachName is the name at the end of an ARN or an ARM id.
func reachName(r emulator.Reach) string { return r.ID[strings.LastIndexAny(r.ID, "/:")+1:] }

func cloudName(a emulator.Alarm) string {
	if a.Cloud == "aws" {
		return "AWS"
	}
	return "Azure"
}

// trouble is a line about an alarm that does not rest or can never work.
func trouble(a emulator.Alarm) string {
	if a.State == emulator.AlarmOK && len(a.Broken) == 0 {
		return ""
	}
	line := fmt.Sprintf("%s is %s: %s", a.Name, a.State, a.Why)
	if len(a.Broken) > 0 {
		line += "; it can never work: " + strings.Join(a.Broken, "; ")
	}
	return line
}
