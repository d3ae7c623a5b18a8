package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gofrs/flock"
)

// Run runs the Pulumi CLI in the world with the arguments and gives it the
// output. It makes the world, the engine, the program and the stack where they
// are missing. An *ExitError is the CLI's own failure.
func (w *World) Run(ctx context.Context, stdout io.Writer, args ...string) error {
	r, err := parseRequest(args)
	if err != nil {
		return err
	}
	run, err := w.prepare(ctx, r)
	if err != nil {
		return err
	}
	defer run.close()
	if err := run.supervised(ctx, stdout); err != nil {
		run.sayFirstCause(stdout)
		return err
	}
	if !r.summary {
		return nil
	}
	fmt.Fprintln(stdout)
	return w.Status(stdout, StatusOptions{})
}

// A run is a request with everything that the CLI needs in place.
type run struct {
	*request
	world    *World
	engine   string
	config   string // the copy of the stack's configuration
	events   eventLog
	built    string // the program, when it was built beforehand
	attached attachments
	inFlight func() int // calls that the emulated clouds are at work on
	closers  []func()
}

// prepare brings about what the CLI needs; an interrupt ends it.
func (w *World) prepare(ctx context.Context, r *request) (_ *run, err error) {
	ctx, cancel := context.WithCancel(ctx)
	w.preparing(cancel)
	defer func() { w.preparing(nil); cancel() }()
	run := &run{request: r, world: w}
	defer func() {
		if err != nil {
			run.close()
		}
	}()
	for _, step := range []func(context.Context) error{
		run.enter, run.findEngine, run.readState, run.build, run.serve, run.ensureStack, run.record,
	} {
		if err := step(ctx); err != nil {
			return nil, interrupted(ctx, err)
		}
	}
	return run, ctx.Err()
}

// interrupted is the error of a step, which says little when it was cut off.
func interrupted(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("interrupted before anything was changed: %w", cause)
	}
	return err
}

func (w *World) preparing(cancel context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel = cancel
	if cancel != nil {
		w.interrupts = 0
	}
}

func (r *run) close() {
	for i := len(r.closers) - 1; i >= 0; i-- {
		r.closers[i]()
	}
}

// enter makes the world's folder and keeps a reset out of it.
func (r *run) enter(context.Context) error {
	if err := r.world.prepareFolder(); err != nil {
		return err
	}
	running := flock.New(r.world.path("running"))
	got, err := running.TryRLock()
	if err != nil {
		return fmt.Errorf("enter the world: %w", err)
	}
	if !got {
		return errors.New("the world is being reset")
	}
	r.closers = append(r.closers, func() { running.Close() })
	return nil
}

func (r *run) findEngine(ctx context.Context) (err error) {
	o := r.world.options
	r.engine, err = Engine(ctx, EngineOptions{Module: o.Module, Bin: o.Bin, Notices: o.Notices})
	return err
}

// readState looks at what earlier runs left behind, and copies the configuration.
func (r *run) readState(context.Context) (err error) {
	if err := r.world.cancelDead(r.stack); err != nil {
		return err
	}
	if r.creates {
		if err := r.world.checkPending(r.stack); err != nil {
			return err
		}
	}
	if r.program {
		if err := r.world.checkWorld(r.stack); err != nil {
			return err
		}
	}
	r.config, err = r.world.copyConfig(r.request)
	return err
}

// build builds the program beforehand, with a word about the time it takes,
// rather than while the engine waits for it.
func (r *run) build(ctx context.Context) (err error) {
	if r.program {
		r.built, err = r.world.program(ctx)
	}
	return err
}

// serve starts the emulators and the language host. Both stop when the run
// closes, after the CLI.
func (r *run) serve(ctx context.Context) error {
	if !r.clouds {
		return nil
	}
	ports, inFlight, stop, err := r.world.emulate(ctx)
	if err != nil {
		return err
	}
	r.closers = append(r.closers, stop)
	r.attached.providers, r.inFlight = ports, inFlight
	port, stop, err := r.world.languageHost(r.engine, r.built, r.env())
	if err != nil {
		return err
	}
	r.closers = append(r.closers, stop)
	r.attached.language = port
	return nil
}

// ensureStack makes the stack where the CLI would only complain that it is not
// there. It runs beside the copies, since it writes a salt.
func (r *run) ensureStack(ctx context.Context) error {
	if !r.onStack || r.world.stackExists(r.stack) {
		return nil
	}
	var output bytes.Buffer
	err := r.world.start(ctx, invocation{
		path: r.engine, args: []string{"stack", "init", r.stack, "--no-select", "--non-interactive"},
		dir: r.world.path("config"), env: r.env(), stdout: &output, stderr: &output,
	})
	if err != nil {
		return fmt.Errorf("make the stack %s: %w\n%s", r.stack, err, output.Bytes())
	}
	return nil
}

func (r *run) env() []string { return r.world.env(r.stack, r.attached) }

// invocation is the CLI as the request wants it.
func (r *run) invocation(stdout io.Writer) invocation {
	return invocation{
		path: r.engine, args: r.cliArgs(r.config, r.events.flag), dir: r.workDir(), env: r.env(),
		stdin: r.world.options.Stdin, stdout: stdout, stderr: r.world.options.Notices,
	}
}

// workDir is where the CLI works.
func (r *run) workDir() string {
	if r.apart() {
		return r.world.path("config")
	}
	return r.world.options.Dir
}
