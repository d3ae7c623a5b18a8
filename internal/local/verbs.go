package local

import "slices"

// A verb is what the world knows of one of the CLI's commands. A command that is
// not listed is passed on as it stands.
type verb struct {
	name string
	// clouds: it calls providers, which must be up.
	clouds bool
	// program: it runs the project's program.
	program bool
	// config: it reads the stack's configuration, and takes --config-file.
	config bool
	// onStack: it works on a stack, which must exist.
	onStack bool
	// asks: it asks before it acts, and takes --yes.
	asks bool
	// creates: it may make things anew whose creation was cut off.
	creates bool
	// events: it takes --event-log.
	events bool
	// summary: the status is worth showing afterwards.
	summary bool
}

var verbs = []verb{
	{name: "up", clouds: true, events: true, program: true, config: true, onStack: true, asks: true, creates: true, summary: true},
	{name: "preview", clouds: true, events: true, program: true, config: true, onStack: true},
	{name: "refresh", clouds: true, events: true, config: true, onStack: true, asks: true},
	{name: "destroy", clouds: true, events: true, config: true, onStack: true, asks: true},
	{name: "import", clouds: true, config: true, onStack: true, asks: true},
	{name: "watch", clouds: true, program: true, config: true, onStack: true, creates: true},
	{name: "logs", config: true, onStack: true},
	{name: "config", config: true, onStack: true},
	{name: "stack", onStack: true},
	{name: "state", onStack: true, asks: true},
	{name: "cancel", onStack: true, asks: true},
}

// The CLI's other names for its commands.
var verbAliases = map[string]string{
	"update": "up", "pre": "preview", "down": "destroy", "dn": "destroy",
}

func findVerb(name string) verb {
	if canonical := verbAliases[name]; canonical != "" {
		name = canonical
	}
	i := slices.IndexFunc(verbs, func(v verb) bool { return v.name == name })
	if i < 0 {
		return verb{name: name}
	}
	return verbs[i]
}
