// Command bunny takes jobs from relay, does them and brings back the results; it also brings jobs,
// sets relay up and checks the way there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"burrow/cmd/bunny/internal/client"
	"burrow/internal/jobs"
)

const usage = `Bunny takes jobs from relay, does them and brings back the results.

Usage:
  bunny work [flags] [-- COMMAND [ARGS]...]   do jobs, by a command, a URL (-url) or as an echo
  bunny produce [flags]                       queue jobs, one for each line of standard input or -n made up
  bunny results [flags]                       read what came of them
  bunny setup [flags]                         create relay's streams and consumers, or change them
  bunny check [flags]                         send a canary to relay and back
  bunny healthz [flags]                       answer GET /healthz for the NATS server beside it

"bunny COMMAND -h" lists the flags. Each has an environment variable: BUNNY_RELAY for -relay.
Exit codes: 1 for a failure, 2 for a mistake on the command line, 3 for a queue that is full, 4 for a
change that setup refuses.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{in: os.Stdin, out: os.Stdout, errs: os.Stderr, env: os.Getenv}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// A program is bunny with what it reads and writes.
type program struct {
	in        io.Reader
	out, errs io.Writer
	env       func(string) string
}

// A codeError is an error with an exit code of its own.
type codeError struct {
	error
	code int
}

func (e codeError) Unwrap() error { return e.error }

func (p *program) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		fmt.Fprint(p.out, usage)
		return 0
	}
	commands := map[string]func(context.Context, []string) error{
		"work": p.work, "produce": p.produce, "results": p.results, "setup": p.setup, "check": p.check, "healthz": p.healthz,
	}
	command, ok := commands[args[0]]
	switch {
	case args[0] == "help" || args[0] == "-h" || args[0] == "--help":
		fmt.Fprint(p.out, usage)
		return 0
	case !ok:
		fmt.Fprintf(p.errs, "bunny: there is no command %q; see bunny help\n", args[0])
		return 2
	}
	err := command(ctx, args[1:])
	coded := codeError{}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &coded):
		fmt.Fprintf(p.errs, "bunny: %v\n", err)
		return coded.code
	default:
		fmt.Fprintf(p.errs, "bunny: %v\n", err)
		return 1
	}
}

// flags are those of a command that connects, or just of a command.
type flags struct {
	*flag.FlagSet
	p            *program
	relay, name  *string
	files        jobs.Files
	settingsFile *string
}

func (p *program) flags(command string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet("bunny "+command, flag.ContinueOnError), p: p}
	f.SetOutput(p.errs)
	return f
}

// connecting adds the flags of a command that connects to relay.
func (f *flags) connecting() *flags {
	f.relay = f.String("relay", "", "addresses of relay, host:port, separated by commas; the default is relay's name and port of the settings")
	f.name = f.String("name", "", "the name that relay's certificate carries; the default is that of the settings")
	f.StringVar(&f.files.Certificate, "cert", "/etc/bunny/tls/tls.crt", "certificate that says who this is")
	f.StringVar(&f.files.Key, "key", "/etc/bunny/tls/tls.key", "its key")
	f.StringVar(&f.files.Authority, "ca", "/etc/bunny/tls/ca.crt", "authorities that relay's certificate comes from")
	f.settingsFile = f.String("settings", "", "relay's settings, JSON; without it, the defaults")
	return f
}

// parse reads the command line, and takes what it leaves out from the environment: -max-wait is
// BUNNY_MAX_WAIT.
func (f *flags) parse(args []string) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return codeError{err, 2}
	}
	given := map[string]bool{}
	f.Visit(func(of *flag.Flag) { given[of.Name] = true })
	var wrong error
	f.VisitAll(func(of *flag.Flag) {
		variable := "BUNNY_" + strings.ToUpper(strings.ReplaceAll(of.Name, "-", "_"))
		if value := f.p.env(variable); value != "" && !given[of.Name] {
			if err := f.Set(of.Name, value); err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("%s = %q: %w", variable, value, err))
			}
		}
	})
	if wrong != nil {
		return codeError{wrong, 2}
	}
	return nil
}

// settings are relay's, and have no problems.
func (f *flags) settings() (jobs.Settings, error) {
	s := jobs.Defaults()
	if *f.settingsFile != "" {
		file, err := os.Open(*f.settingsFile)
		if err != nil {
			return s, err
		}
		defer file.Close()
		if s, err = jobs.Read(file); err != nil {
			return s, fmt.Errorf("%s: %w", *f.settingsFile, err)
		}
	}
	problems := s.Problems()
	if len(problems) == 0 {
		return s, nil
	}
	var b strings.Builder
	for _, problem := range problems {
		b.WriteString("\n  " + problem.Error())
	}
	return s, fmt.Errorf("relay's settings cannot work:%s", b.String())
}

// connect connects as an identity.
func (f *flags) connect(s jobs.Settings, as jobs.Identity, log *slog.Logger, persist bool) (*nats.Conn, jetstream.JetStream, error) {
	o := client.Options{Name: s.Name, Identity: as, Files: f.files, Log: log, Persist: persist}
	if *f.name != "" {
		o.Name = *f.name
	}
	if *f.relay != "" {
		o.Servers = strings.Split(*f.relay, ",")
	} else {
		o.Servers = []string{fmt.Sprintf("%s:%d", o.Name, s.ClientPort)}
	}
	return client.Connect(o)
}

// log writes JSON, a line for each event. No event holds a job's or a result's bytes.
func (p *program) log(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(p.errs, &slog.HandlerOptions{Level: level}))
}
