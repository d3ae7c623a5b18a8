package local

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/reach"
)

// Status writes what exists in the emulated clouds on one screen: clusters, the
// tunnels with both ends and the state that they would have, alarms, names, the
// load balancer. It reads no stack and shows no secret.
func (w *World) Status(out io.Writer, o StatusOptions) error {
	if !isFile(w.path("world.db")) {
		if o.JSON {
			return errors.Join(writePaths(out, nil, nil), o.exit(reach.CannotTell))
		}
		_, err := fmt.Fprint(out, nothing)
		return errors.Join(err, o.exit(reach.CannotTell))
	}
	world, err := w.openWorld()
	if err != nil {
		return err
	}
	// A world without clouds would not know which objects are global.
	if err := world.Register(clouds()...); err != nil {
		return err
	}
	verdict := reach.CannotTell // of nothing, nothing can be told
	err = world.View(func(tx *emulator.Tx) error {
		all := Paths(tx)
		if len(all) > 0 {
			verdict = reach.Worst(all)
		}
		if o.JSON {
			return writePaths(out, all, reach.Alone(tx.View, true))
		}
		return (&screen{tx: tx.Everywhere()}).write(out)
	})
	return errors.Join(err, o.exit(verdict))
}

// A screen is the status while it is put together.
type screen struct {
	tx       *emulator.Tx
	sections []section
}

// A section is a table under a heading, and remarks below it.
type section struct {
	heading string
	rows    [][]string // the first is the names of the columns
	remarks []string
}

func (s *screen) write(out io.Writer) error {
	all := s.tx.All()
	made := slices.ContainsFunc(all, func(o *inventory.Object) bool { return o.URN != "" })
	heading, next := "The estate in the emulated clouds. Nothing here is real, and nothing costs anything.\n", nextSteps
	switch {
	case len(all) == 0:
		heading, next = nothing, ""
	case !made:
		heading, next = "The estate is gone from the emulated clouds.\n", "\nBring it up: burrow local up\n"
		s.leftovers(all)
	default:
		s.estate()
	}
	fmt.Fprint(out, heading)
	for _, section := range s.sections {
		if err := section.write(out); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(out, next)
	return err
}

func (s *screen) estate() {
	s.clusters()
	s.paths()
	s.tunnels()
	s.alarms()
	s.names()
	s.loadBalancers()
	s.counts()
}

// leftovers lists what clouds made by themselves and keep when the estate goes.
func (s *screen) leftovers(all []*inventory.Object) {
	t := section{
		heading: "Left by the clouds, which made it by themselves and keep it, as in real life",
		rows:    [][]string{{"CLOUD", "TYPE", "ID"}},
	}
	for _, o := range all {
		t.rows = append(t.rows, []string{o.Cloud, o.Type, o.ID})
	}
	s.add(t)
}

const nothing = "Nothing exists in the emulated clouds. Bring the estate up: burrow local up\n"

const nextSteps = `
Next:
  burrow local preview           what the next up would change
  burrow local stack output      addresses, names, commands
  burrow local destroy           take everything away
`

// add adds a section unless its table has nothing but column names.
func (s *screen) add(t section) {
	if len(t.rows) > 1 {
		s.sections = append(s.sections, t)
	}
}

func (t section) write(out io.Writer) error {
	fmt.Fprintf(out, "\n%s\n", t.heading)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, row := range t.rows {
		fmt.Fprintf(table, "  %s\n", strings.Join(row, "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, remark := range t.remarks {
		fmt.Fprintf(out, "  %s\n", remark)
	}
	return nil
}
