package local

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/emulator/alarms"
	"burrow/internal/emulator/aws"
	"burrow/internal/emulator/azure"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach"
	"burrow/internal/rules"
)

// Paths judges all that the estate relies on: what has to get through, and what clouds
// accept and are silent about when it fails.
func Paths(tx *emulator.Tx) []reach.Path {
	tx = tx.Everywhere()
	all := append(reach.Paths(tx.View, true), logs(tx)...)
	for _, a := range alarms.All(tx) {
		p := reach.Path{Name: "alarm " + a.Name, Hops: []reach.Hop{{Place: "alarm", Resource: a.ID}}}
		for _, why := range a.Broken {
			p.Hops = append(p.Hops, silence("alarm", a.ID+": "+why, "point it at what exists"))
		}
		all = append(all, p)
	}
	return all
}

// logs are what should be written, by whom.
func logs(tx *emulator.Tx) []reach.Path {
	p := reach.Path{Name: "log delivery"}
	for _, o := range tx.All(awstype.FlowLog, awstype.ResolverQueryLogConfig, azuretype.FlowLog, azuretype.DiagnosticSetting) {
		p.Hops = append(p.Hops, reach.Hop{Place: "logs", Resource: o.ID})
	}
	for _, line := range slices.Concat(aws.Unlogged(tx), azure.Unlogged(tx)) {
		p.Hops = append(p.Hops, silence("logs", line, "give the logs their destination back"))
	}
	if len(p.Hops) == 0 {
		return nil
	}
	return []reach.Path{p}
}

// silence is a hop that a line says something of: the id of the object, the rule where
// there is one, and the reason.
func silence(place, line, mend string) reach.Hop {
	id, reason, _ := strings.Cut(line, ": ")
	h := reach.Hop{Place: place, Resource: id, Verdict: reach.Stopped, Reason: reason, Mend: mend}
	rule, rest, _ := strings.Cut(reason, ": ")
	if _, known := rules.Find(rules.ID(rule)); known && rest != "" {
		h.Rule, h.Reason = rules.ID(rule), rest
	}
	return h
}

// paths says in a line what is well, and in full what is not: each trouble once, with
// all that it stops.
func (s *screen) paths() {
	all := Paths(s.tx)
	if len(all) == 0 {
		return
	}
	well := 0
	var troubles []reach.Hop
	stops := map[reach.Hop][]string{}
	for _, p := range all {
		if p.Verdict() == reach.Passes {
			well++
		}
		for _, h := range p.Troubles() {
			if stops[h] == nil {
				troubles = append(troubles, h)
			}
			stops[h] = append(stops[h], p.Name)
		}
	}
	t := section{heading: fmt.Sprintf("Paths: %d of %d are well", well, len(all))}
	for _, h := range troubles {
		word := "DOWN"
		if h.Verdict == reach.CannotTell {
			word = "CANNOT TELL"
		}
		t.remarks = append(t.remarks, fmt.Sprintf("%s: %s", word, h), "  at     "+cmp.Or(h.Resource, "-"))
		if h.Mend != "" {
			t.remarks = append(t.remarks, "  mend   "+h.Mend)
		}
		t.remarks = append(t.remarks, "  stops  "+strings.Join(stops[h], ", "))
	}
	t.remarks = append(append(t.remarks, s.layers()...), s.missingPods()...)
	s.sections = append(s.sections, t)
}

// mostExcess is how many packets the screen names.
const mostExcess = 5

// layers says whether each cloud alone stops what is no path: while the other one does,
// the loss of a layer shows nowhere else.
func (s *screen) layers() (lines []string) {
	all := reach.Alone(s.tx.View, true)
	if len(all) == 0 {
		return []string{"Between the clouds, nothing else was found that the filters of either alone would let through."}
	}
	lines = []string{"A layer is open: what is no path would get through"}
	for i, e := range all {
		if i == mostExcess {
			return append(lines, fmt.Sprintf("  and %d more; all of them: burrow local status --json", len(all)-i))
		}
		lines = append(lines, "  "+e.String())
	}
	return lines
}

// missingPods are a remark and no fault: relay comes after the estate.
func (s *screen) missingPods() (lines []string) {
	for _, group := range s.tx.All(awstype.TargetGroup) {
		port := group.Props().Int("port")
		if len(s.servicesOn(port)) == 0 {
			lines = append(lines, fmt.Sprintf("Nothing answers yet behind %s: no Kubernetes service has node port %d", group.Value("name"), port))
		}
	}
	return lines
}

func (s *screen) servicesOn(nodePort int) []*inventory.Object {
	return reach.ServicesOn(s.tx.View, nodePort)
}

// StatusOptions are what to make of the status.
type StatusOptions struct {
	// JSON writes paths and troubles for machines, and nothing else.
	JSON bool
	// ExitCode makes an *ExitError of what does not pass: 1 when a path is stopped or an
	// alarm cannot ring, 2 when something cannot be told and nothing is stopped.
	ExitCode bool
}

// exit is the error for a verdict, or nil.
func (o StatusOptions) exit(v reach.Verdict) error {
	switch {
	case !o.ExitCode || v == reach.Passes:
		return nil
	case v == reach.Stopped:
		return &ExitError{Code: 1}
	}
	return &ExitError{Code: 2}
}

// pathReport is a path in JSON.
type pathReport struct {
	Name     string          `json:"name"`
	Verdict  string          `json:"verdict"`
	Troubles []troubleReport `json:"troubles,omitempty"`
}

type troubleReport struct {
	Place    string   `json:"place"`
	Resource string   `json:"resource,omitempty"`
	Verdict  string   `json:"verdict"`
	Reason   string   `json:"reason"`
	Rule     rules.ID `json:"rule,omitempty"`
	Mend     string   `json:"mend,omitempty"`
}

// excessReport is what filters would let through besides the paths.
type excessReport struct {
	Cloud  string   `json:"cloud"`
	Packet string   `json:"packet"`
	From   string   `json:"from"`
	To     string   `json:"to"`
	By     []string `json:"by"`
}

// writePaths writes the paths, and what open layers let through, as JSON.
func writePaths(out io.Writer, all []reach.Path, open []reach.Excess) error {
	report := struct {
		Verdict string         `json:"verdict"`
		Paths   []pathReport   `json:"paths"`
		Open    []excessReport `json:"openLayers"`
	}{reach.Worst(all).String(), []pathReport{}, []excessReport{}}
	for _, e := range open {
		report.Open = append(report.Open, excessReport{e.Cloud, e.Packet.String(), e.From, e.To, e.By})
	}
	for _, p := range all {
		r := pathReport{Name: p.Name, Verdict: p.Verdict().String()}
		for _, h := range p.Troubles() {
			r.Troubles = append(r.Troubles, troubleReport{h.Place, h.Resource, h.Verdict.String(), h.Reason, h.Rule, h.Mend})
		}
		report.Paths = append(report.Paths, r)
	}
	text := json.NewEncoder(out)
	text.SetIndent("", "  ")
	return text.Encode(report)
}
