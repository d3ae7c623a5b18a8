//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"burrow/internal/local"
)

const localUsage = `Runs the Pulumi CLI on the project with emulated clouds. Nothing is at stake there:
it does not ask for confirmation.

Usage:
  burrow local [flags] COMMAND [arguments of the command]

Commands of the CLI, with all their arguments:
  up         bring the estate up, or up to date
  preview    show what up would do
  refresh    compare the state with the emulated clouds
  destroy    take everything away
  stack …    stack export, stack output, …; and every other command of pulumi

Burrow's own commands:
  status     the estate in a screen: paths, clusters, tunnels, names
             --exit-code: 1 when a path is stopped or an alarm cannot ring, 2 when that
             cannot be told; --json: the paths, for machines
  reset      throw the local world away

Flags, before the command:
`

const localHelp = "burrow local -help"

// runLocal runs one command in the local world. The standard flag package reads
// the flags because it stops at the first word that is none: what follows the
// command belongs to the CLI and reaches it untouched, flags that Burrow has
// never heard of included.
func runLocal(args []string) error {
	flags := newLocalFlags()
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) || err == nil && flags.NArg() == 0 {
		flags.help(os.Stdout)
		return nil
	}
	if err == nil {
		err = checkOrder(flags.Args())
	}
	if err != nil {
		return &usageError{err, localHelp}
	}
	world, err := flags.world()
	if err != nil {
		return err
	}
	switch verb := flags.Arg(0); {
	case verb == "status":
		options, err := statusOptions(flags.Args()[1:])
		if err != nil {
			return &usageError{err, localHelp}
		}
		return world.Status(os.Stdout, options)
	case verb == "reset" && flags.NArg() > 1:
		return &usageError{errors.New("reset takes no arguments"), localHelp}
	case verb == "reset":
		return reset(world)
	}
	defer forwardSignals(world)()
	return world.Run(context.Background(), os.Stdout, flags.Args()...)
}

// statusOptions reads the flags of status.
func statusOptions(args []string) (o local.StatusOptions, err error) {
	flags := flag.NewFlagSet("burrow local status", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.ExitCode, "exit-code", false, "")
	flags.BoolVar(&o.JSON, "json", false, "")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("status: %w", err)
	}
	if flags.NArg() > 0 {
		return o, errors.New("status takes the flags --exit-code and --json, and no arguments")
	}
	return o, nil
}

// checkOrder refuses Burrow's flags after the command, where the CLI would only
// say that it does not know them. (It knows a --dir of its own.)
func checkOrder(args []string) error {
	for _, arg := range args {
		if arg == "--" {
			return nil
		}
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "--") && slices.Contains([]string{"as", "emulate", "quota"}, name) {
			return fmt.Errorf("the flag --%s is Burrow's and goes before the command: burrow local --%[1]s … %s", name, args[0])
		}
	}
	return nil
}

func reset(world *local.World) error {
	if err := world.Reset(); err != nil {
		return err
	}
	fmt.Println("The emulated clouds and the stacks in them are gone. What was built is kept.")
	return nil
}

// localFlags are the flags of burrow local.
type localFlags struct {
	*flag.FlagSet
	options local.Options
}

func newLocalFlags() *localFlags {
	f := &localFlags{FlagSet: flag.NewFlagSet("burrow local", flag.ContinueOnError)}
	f.StringVar(&f.options.Dir, "dir", "", "the project's `folder`; default: the nearest with a Pulumi.yaml")
	f.Func("emulate", "emulate only these `packages`, separated by commas; the engine loads the others as\n"+
		"usual; default: "+strings.Join(local.Providers, ","), f.setEmulate)
	f.StringVar(&f.options.As, "as", "", "the `ARN` that deploys to the emulated AWS")
	f.StringVar(&f.options.From, "from", "", "where this runs, `outside` or inside the VPC: outside, private addresses lead\n"+
		"nowhere; default: outside")
	f.Func("quota", "replace a limit of the emulated accounts, `NAME=N`; may be repeated", f.setQuota)
	f.Usage = func() {} // a mistake is answered with one line
	f.SetOutput(io.Discard)
	return f
}

func (f *localFlags) help(w io.Writer) {
	fmt.Fprint(w, localUsage)
	f.SetOutput(w)
	f.PrintDefaults()
}

func (f *localFlags) setEmulate(list string) error {
	f.options.Emulate = strings.Split(list, ",")
	return nil
}

func (f *localFlags) setQuota(pair string) error {
	name, limit, found := strings.Cut(pair, "=")
	n, err := strconv.Atoi(limit)
	if !found || err != nil || n < 0 {
		return fmt.Errorf("want NAME=N with a number N of 0 or more")
	}
	if f.options.Quotas == nil {
		f.options.Quotas = map[string]int{}
	}
	f.options.Quotas[name] = n
	return nil
}

// world is the world that the flags describe.
func (f *localFlags) world() (*local.World, error) {
	if f.options.Dir == "" {
		dir, err := local.FindProject(".")
		if err != nil {
			return nil, err
		}
		f.options.Dir = dir
	}
	f.options.Stdin = os.Stdin
	return local.New(f.options)
}

// forwardSignals interrupts the run instead of the process, which serves the
// emulators that the CLI needs to end well.
func forwardSignals(world *local.World) (stop func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range signals {
			world.Interrupt()
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// cliCode is the code with which the Pulumi CLI ended, which has said why; 0 for another
// error.
func cliCode(err error) int {
	if cli := (&local.ExitError{}); errors.As(err, &cli) {
		return cli.Code
	}
	return 0
}
