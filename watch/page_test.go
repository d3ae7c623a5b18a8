package watch

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// section is one of the page's that explain an alarm.
type section struct {
	heading, text string
	patterns      []string // names of alarms, in back quotes on a line of their own
	used          bool
}

var alarmPattern = regexp.MustCompile("(?m)^`(burrow-[a-z0-9*?-]+)`$")

// sections are those of the third level, by the anchor that GitHub gives them.
func sections(t *testing.T) map[string]*section {
	t.Helper()
	text, err := os.ReadFile("../" + page)
	if err != nil {
		t.Fatalf("read the page: %v", err)
	}
	all := map[string]*section{}
	body := regexp.MustCompile(`(?m)^## .*$`).ReplaceAllString(string(text), "\n### \n")
	for _, part := range strings.Split(body, "\n### ")[1:] {
		heading, rest, _ := strings.Cut(part, "\n")
		anchor := anchorOf(heading)
		if anchor == "" {
			continue
		}
		s := &section{heading: heading, text: rest}
		for _, m := range alarmPattern.FindAllStringSubmatch(rest, -1) {
			s.patterns = append(s.patterns, m[1])
		}
		all[anchor] = s
	}
	return all
}

func anchorOf(heading string) string {
	letters := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
	return strings.ReplaceAll(letters, " ", "-")
}

var seeSection = regexp.MustCompile(`See docs/when-it-pages-you\.md#([a-z0-9-]+)$`)

// Every alarm of every mode names a section that exists and that is about it, and
// no section is about nothing.
func TestEveryAlarmHasItsSection(t *testing.T) {
	all := sections(t)
	for _, mode := range modes {
		for _, r := range record(t, mode).All() {
			said, name := describedBy(r.Inputs)
			if r.Type != awstype.MetricAlarm && r.Type != azuretype.MetricAlert && r.Type != azuretype.ScheduledQueryRule {
				continue
			}
			anchor := seeSection.FindStringSubmatch(said)
			if anchor == nil || all[anchor[1]] == nil {
				t.Errorf("%s leads nowhere: %q", name, said)
				continue
			}
			if len(said) > 1024 {
				t.Errorf("%s: %d characters, CloudWatch takes 1024", name, len(said))
			}
			s := all[anchor[1]]
			s.used = true
			if !s.names(name) {
				t.Errorf("%q names %v, which is not %s", s.heading, s.patterns, name)
			}
		}
	}
	for _, s := range all {
		if !s.used {
			t.Errorf("no alarm leads to %q", s.heading)
		}
		for _, part := range []string{"**It means**", "**Look at**", "**Do"} {
			if !strings.Contains(s.text, part) {
				t.Errorf("%q does not say %s", s.heading, part)
			}
		}
	}
}

func (s *section) names(alarm string) bool {
	for _, p := range s.patterns {
		if ok, err := path.Match(p, alarm); err == nil && ok {
			return true
		}
	}
	return false
}

func describedBy(in map[string]any) (said, name string) {
	for _, key := range []string{"alarmDescription", "description"} {
		if s, ok := in[key].(string); ok {
			said = s
		}
	}
	for _, key := range []string{"name", "ruleName"} {
		if s, ok := in[key].(string); ok {
			name = s
		}
	}
	return said, name
}

// Links inside the page lead somewhere, and so do the names of tiles in it.
func TestThePageIsWhole(t *testing.T) {
	text, err := os.ReadFile("../" + page)
	if err != nil {
		t.Fatalf("read the page: %v", err)
	}
	all := sections(t)
	for _, link := range regexp.MustCompile(`\]\(#([a-z0-9-]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if all[link[1]] == nil {
			t.Errorf("nothing is at #%s", link[1])
		}
	}
	var titles []string
	a := args(modes["transit-gateway"], nil)
	for _, log := range awsLogs(a) {
		titles = append(titles, log.title)
	}
	for _, tile := range azureTiles(a) {
		titles = append(titles, tile.title)
	}
	for _, q := range azureQueries(a) {
		titles = append(titles, q.title)
	}
	shown, named := strings.Join(titles, "\n"), 0
	for _, line := range regexp.MustCompile(`(?s)tiles?\s(\*[^*]+\*(?:\sand\s\*[^*]+\*)?)`).FindAllStringSubmatch(string(text), -1) {
		for _, title := range regexp.MustCompile(`\*([^*]+)\*`).FindAllStringSubmatch(line[1], -1) {
			named++
			if !strings.Contains(shown, strings.Join(strings.Fields(title[1]), " ")) {
				t.Errorf("there is no tile %q", title[1])
			}
		}
	}
	if named == 0 {
		t.Error("the page names no tile")
	}
}
