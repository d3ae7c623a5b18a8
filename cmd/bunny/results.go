package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"burrow/internal/jobs"
)

func (p *program) results(ctx context.Context, args []string) error {
	f := p.flags("results").connecting()
	n := f.Int("n", 0, "end after this many; 0 for as many as come")
	wait := f.Duration("wait", 5*time.Second, "end when none has come for this long")
	dead := f.Bool("dead", false, "read the jobs that failed for good, with their reasons, instead of results")
	dir := f.String("out", "", "write each into a file of this directory, named by its job")
	if err := f.parse(args); err != nil {
		return err
	}
	s, err := f.settings()
	if err != nil {
		return err
	}
	c, js, err := f.connect(s, jobs.Producer, p.log(slog.LevelWarn), false)
	if err != nil {
		return err
	}
	defer c.Close()
	stream := jobs.Results
	if *dead {
		stream = jobs.Dead
	}
	consumer, err := js.Consumer(ctx, stream, string(jobs.Producer))
	if err != nil {
		return fmt.Errorf("find the consumer of %s: %w", stream, err)
	}
	read := 0
	for last := time.Now(); (*n == 0 || read < *n) && ctx.Err() == nil; {
		left := *wait - time.Since(last)
		if left <= 0 {
			break
		}
		batch := 100
		if *n > 0 {
			batch = min(batch, *n-read)
		}
		messages, err := consumer.Fetch(batch, jetstream.FetchMaxWait(min(max(left, 10*time.Millisecond), time.Second)))
		if err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
		for m := range messages.Messages() {
			if err := p.show(m, stream, *dir); err != nil {
				return err
			}
			// What is not confirmed is shown again by the next run, which is no loss.
			if err := m.DoubleAck(ctx); err != nil {
				return fmt.Errorf("acknowledge: %w", err)
			}
			last = time.Now()
			read++
		}
		if err := messages.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) && !errors.Is(err, jetstream.ErrNoMessages) {
			fmt.Fprintf(p.errs, "bunny: %v; reading on\n", err)
		}
	}
	if *n > 0 && read < *n {
		return fmt.Errorf("%d of %d have come", read, *n)
	}
	return nil
}

// show prints a result as its job's id, the SHA-256 of the job, the attempt and the bytes of the result,
// or a dead job as its id, the attempts and the reason.
func (p *program) show(m jetstream.Msg, stream, dir string) error {
	id := strings.TrimPrefix(m.Subject(), stream+".")
	h := m.Headers()
	if stream == jobs.Dead {
		fmt.Fprintf(p.out, "%s %s %s\n", id, h.Get(jobs.HeaderAttempt), h.Get(jobs.HeaderReason))
	} else {
		fmt.Fprintf(p.out, "%s %s %s %d\n", id, h.Get(jobs.HeaderSum), h.Get(jobs.HeaderAttempt), len(m.Data()))
	}
	if dir == "" {
		return nil
	}
	if !idShape.MatchString(id) {
		return fmt.Errorf("the id %q is no file's name", id)
	}
	return os.WriteFile(filepath.Join(dir, id), m.Data(), 0o600)
}
