package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// ExitError says that the CLI ended with a code other than 0. It has told the
// user why.
type ExitError struct {
	Code int // 255 when a signal ended it
}

func (e *ExitError) Error() string { return fmt.Sprintf("pulumi exited with code %d", e.Code) }

// An invocation is one start of the CLI.
type invocation struct {
	path   string
	args   []string
	dir    string
	env    []string
	stdin  *os.File
	stdout io.Writer
	stderr io.Writer
}

// start runs the CLI to its end. It is in a process group of its own: a
// terminal's Ctrl-C must reach it once, and the emulators and the program, which
// it still needs to finish what is in flight, not at all. When the context ends
// the CLI is interrupted and waited for.
func (w *World) start(ctx context.Context, i invocation) error {
	cmd := exec.Command(i.path, i.args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = i.dir, i.env, i.stdout, i.stderr
	if i.stdin != nil {
		cmd.Stdin = i.stdin
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	restore := toForeground(cmd, i.stdin)
	defer restore()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the Pulumi CLI: %w", err)
	}
	w.running(cmd.Process)
	defer w.running(nil)
	stop := context.AfterFunc(ctx, w.Interrupt)
	defer stop()
	return exitError(cmd.Wait())
}

func exitError(err error) error {
	exit := &exec.ExitError{}
	if !errors.As(err, &exit) {
		return err
	}
	if code := exit.ExitCode(); code > 0 {
		return &ExitError{Code: code}
	}
	return &ExitError{Code: 255}
}

func (w *World) running(p *os.Process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cli = p
}

// wasInterrupted says that somebody has asked the run to end.
func (w *World) wasInterrupted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.interrupts > 0
}

// signal sends a signal to the CLI, if it still runs.
func (w *World) signal(s os.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cli != nil {
		// An error means that it has ended by itself.
		_ = w.cli.Signal(s)
	}
}

// Interrupt asks a run under way to end. The CLI lets what is in flight finish
// and starts nothing more; a second interrupt makes it give up waiting. While
// the run is still being prepared it ends at once.
func (w *World) Interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupts++
	if w.cli != nil {
		// An error means that it has ended by itself.
		_ = w.cli.Signal(os.Interrupt)
	}
	if w.cancel != nil {
		w.cancel()
	}
}
