package local

import (
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stat, state string
		ticks       uint64
		fails       bool
	}{
		{stat: "12 (pulumi) S 1 12 12 0 -1 4 0 0 0 0 1 2 0 0 20 0 8 0 4321 99", state: "S", ticks: 4321},
		{stat: "12 (a ) (b) Z 1 12 12 0 -1 4 0 0 0 0 1 2 0 0 20 0 8 0 7 99", state: "Z", ticks: 7},
		{stat: "12 (pulumi) S 1 12", fails: true},
		{stat: "", fails: true},
		{stat: "12 (x) S " + strings.Repeat("x ", 30), state: "S", fails: true},
	} {
		state, ticks, err := parseStat(c.stat)
		if (err != nil) != c.fails || state != c.state || ticks != c.ticks {
			t.Errorf("parseStat(%q) = %q, %d, %v; want %q, %d", c.stat, state, ticks, err, c.state, c.ticks)
		}
	}
}
