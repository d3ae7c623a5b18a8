package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Job is what a handler is given.
type Job struct {
	ID      string
	Attempt int // from 1
	Data    []byte
}

// A Handler does a job, and returns its result. Another attempt follows an error, unless it is
// Permanent. What an error says is logged and kept: nothing of the job may be in it.
type Handler interface {
	Do(ctx context.Context, job Job) (result []byte, err error)
}

// Permanent is the error of a job that no other attempt will do.
type Permanent struct{ error }

func (p Permanent) Unwrap() error { return p.error }

// Echo returns each job as its result.
type Echo struct{}

func (Echo) Do(_ context.Context, job Job) ([]byte, error) { return job.Data, nil }

// exitPermanent is the exit code of a command that says that the job itself is wrong, EX_DATAERR of
// sysexits.h.
const exitPermanent = 65

// A Command is run for each job. It reads the job from standard input and writes the result
// to standard output; BURROW_JOB_ID and BURROW_ATTEMPT are in its environment. Exit code 0 is a
// result, 65 a job that cannot be done by anybody, any other a failure.
type Command struct {
	Args  []string
	Limit int64 // of the result, in bytes
}

func (c Command) Do(ctx context.Context, job Job) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), "BURROW_JOB_ID="+job.ID, "BURROW_ATTEMPT="+strconv.Itoa(job.Attempt))
	cmd.Stdin = bytes.NewReader(job.Data)
	out := &limited{left: c.Limit}
	cmd.Stdout = out
	// Its standard error is its own, and may quote the job: it goes nowhere that bunny writes.
	// A group of its own, so that what the command started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	exit := &exec.ExitError{}
	switch {
	case out.over:
		return nil, Permanent{fmt.Errorf("the result is larger than %d bytes", c.Limit)}
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.As(err, &exit) && exit.ExitCode() == exitPermanent:
		return nil, Permanent{fmt.Errorf("the command ended with exit code %d", exitPermanent)}
	case errors.As(err, &exit):
		return nil, fmt.Errorf("the command ended with %s", exit.ProcessState)
	case err != nil:
		return nil, fmt.Errorf("the command did not run: %w", err)
	}
	return out.text.Bytes(), nil
}

// limited keeps what is written up to a limit, and then fails.
type limited struct {
	text bytes.Buffer
	left int64
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		l.over = true
		return 0, errors.New("too much")
	}
	return l.text.Write(p)
}

// HTTP posts each job to a URL; headers Burrow-Job-Id and Burrow-Attempt say which. A status
// of 200 to 299 is a result, of 400 to 499 a job that cannot be done (but for 408, 425 and 429, which ask
// for patience), any other a failure.
type HTTP struct {
	URL    string
	Client *http.Client
	Limit  int64 // of the result, in bytes
}

func (h HTTP) Do(ctx context.Context, job Job) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(job.Data))
	if err != nil {
		return nil, fmt.Errorf("ask the handler: %w", err)
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Burrow-Job-Id", job.ID)
	req.Header.Set("Burrow-Attempt", strconv.Itoa(job.Attempt))
	resp, err := h.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the handler: %w", err)
	}
	defer resp.Body.Close()
	status := fmt.Errorf("the handler answered with status %d", resp.StatusCode)
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
	case resp.StatusCode >= 400 && resp.StatusCode < 500 && !strings.Contains("408 425 429", strconv.Itoa(resp.StatusCode)):
		return nil, Permanent{status}
	default:
		return nil, status
	}
	result, err := io.ReadAll(io.LimitReader(resp.Body, h.Limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the handler's answer: %w", err)
	}
	if int64(len(result)) > h.Limit {
		return nil, Permanent{fmt.Errorf("the result is larger than %d bytes", h.Limit)}
	}
	return result, nil
}
