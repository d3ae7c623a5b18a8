package local

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// defaultStack is the stack that a world works on unless -s names another.
const defaultStack = "dev"

// A request is one run of the CLI: what was asked for, and how it fits the world.
type request struct {
	verb
	sub   string   // second word of stack, state and config
	args  []string // as given
	stack string   // name without organization and project
	// configFile is what --config-file named; empty is the stack's own.
	configFile string
}

// parseRequest reads the CLI's arguments as far as the world must know them: the
// first words and a few flags. Everything else is the CLI's to judge.
func parseRequest(args []string) (*request, error) {
	if len(args) == 0 {
		return nil, errors.New("no command: say what the CLI should do, for example up")
	}
	r := &request{verb: verb{name: args[0]}, args: args, stack: defaultStack}
	if wantsHelp(args) {
		return r, nil
	}
	r.verb = findVerb(args[0])
	if len(args) > 1 && !strings.HasPrefix(args[1], "-") {
		r.sub = args[1]
	}
	if name, ok := flagValue(args, "--stack", "-s"); ok {
		r.stack = name[strings.LastIndex(name, "/")+1:]
	}
	r.configFile, _ = flagValue(args, "--config-file")
	r.program = r.program || hasFlag(args, "--run-program")
	r.summary = r.summary && !hasFlag(args, "--json") && !hasFlag(args, "-j")
	return r, r.adjust()
}

// adjust treats the subcommands that differ from their command, and refuses
// those that have no meaning in the world.
func (r *request) adjust() error {
	switch r.name + " " + r.sub {
	case "stack init", "stack ls", "stack new":
		r.onStack = false
	case "stack rm":
		r.asks = true
	case "stack select", "stack unselect":
		return fmt.Errorf("%s %s: the local world works on the stack %q; name another with --stack",
			r.name, r.sub, defaultStack)
	case "state edit":
		r.asks = false
	case "config cp", "config refresh", "config env":
		return fmt.Errorf("config %s: not in the local world: edit Pulumi.%s.yaml", r.sub, r.stack)
	case "config set", "config set-all":
		if hasFlag(r.args, "--secret") {
			return fmt.Errorf("config %s --secret: the local world cannot encrypt for the real stack "+
				"(and emulated clouds need no secret): use pulumi config %[1]s --secret", r.sub)
		}
	}
	return nil
}

// editsConfig says that the command is there to change Pulumi.<stack>.yaml: it
// works on that file and not on the world's copy.
func (r *request) editsConfig() bool {
	return r.name == "config" && slices.Contains([]string{"set", "set-all", "rm", "rm-all"}, r.sub)
}

// apart says that the command would change or remove Pulumi.<stack>.yaml on the
// way: it runs in the folder with the world's copy.
func (r *request) apart() bool {
	switch r.name {
	case "stack":
		return slices.Contains([]string{"init", "rm", "rename", "history", "change-secrets-provider"}, r.sub)
	case "destroy":
		return hasFlag(r.args, "--remove")
	}
	return false
}

// cliArgs are the arguments for the CLI, with the copy of the configuration and
// the file for events, "" when it needs no flag. What is added stands before a "--",
// after which the CLI knows no flags.
func (r *request) cliArgs(configCopy, events string) []string {
	args := slices.Clone(flagsOf(r.args))
	rest := r.args[len(args):]
	if events != "" {
		args = append(args, "--event-log="+events)
	}
	if r.config && !r.editsConfig() {
		args = append(withoutFlag(args, "--config-file"), "--config-file="+configCopy)
	}
	if r.asks && !hasFlag(args, "--yes") && !hasFlag(args, "-y") {
		args = append(args, "--yes")
	}
	return append(args, rest...)
}
