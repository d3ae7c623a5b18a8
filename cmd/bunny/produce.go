package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"burrow/cmd/bunny/internal/client"
	"burrow/internal/jobs"
)

// exitFull is the exit code of a producer whom relay has no room for.
const exitFull = 3

// idShape is what an id may be: a word of a subject, which points part and stars and arrows match.
var idShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

func (p *program) produce(ctx context.Context, args []string) error {
	f := p.flags("produce").connecting()
	n := f.Int("n", 0, "make up this many jobs instead of reading standard input")
	size := f.Int("size", 1024, "bytes of each made-up job")
	prefix := f.String("id", "", "what ids begin with; a number follows. The same again queues nothing twice. The default is made up")
	at := f.Int("parallel", 64, "how many jobs may be on their way at once")
	wait := f.Duration("wait", 30*time.Second, "how long to try with each job")
	quiet := f.Bool("quiet", false, "do not list each job's id and SHA-256")
	if err := f.parse(args); err != nil {
		return err
	}
	if *prefix == "" {
		*prefix = rand.Text()
	}
	if !idShape.MatchString(*prefix) || *at < 1 {
		return codeError{fmt.Errorf("-id = %q: write up to 100 letters, digits, - and _, and a -parallel above 0", *prefix), 2}
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

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		sending         sync.WaitGroup
		mu              sync.Mutex
		queued, known   int
		failed          error
		room            = make(chan struct{}, *at)
		source          = p.lines(s)
		number, counted = 0, false
	)
	if *n > 0 {
		source, counted = madeUp(*size), true
	}
	for ctx.Err() == nil && (!counted || number < *n) {
		data, err := source()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			mu.Lock()
			failed = errors.Join(failed, fmt.Errorf("job %d: %w", number+1, err))
			mu.Unlock()
			break
		}
		number++
		id := fmt.Sprintf("%s-%06d", *prefix, number)
		room <- struct{}{}
		sending.Go(func() {
			defer func() { <-room }()
			attempt, done := context.WithTimeout(ctx, *wait)
			defer done()
			repeated, err := client.Publish(attempt, js, jobs.Jobs, id, nil, data, false)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case repeated:
				known++
			case err == nil:
				queued++
			case failed == nil:
				failed = fmt.Errorf("job %s: %w", id, err)
				cancel()
				return
			default:
				return
			}
			if !*quiet {
				fmt.Fprintf(p.out, "%s %x\n", id, sha256.Sum256(data))
			}
		})
	}
	sending.Wait()
	fmt.Fprintf(p.errs, "bunny: %d jobs queued, %d were already\n", queued, known)
	if errors.Is(failed, client.ErrFull) {
		return codeError{fmt.Errorf("the queue is full (jobsBytes = %d): try the rest later with -id %s; %w", s.JobsBytes, *prefix, failed), exitFull}
	}
	return errors.Join(failed, ctx.Err())
}

// lines are jobs, a line each.
func (p *program) lines(s jobs.Settings) func() ([]byte, error) {
	scanner := bufio.NewScanner(p.in)
	scanner.Buffer(make([]byte, 0, 64<<10), int(s.MaxPayload))
	return func() ([]byte, error) {
		if !scanner.Scan() {
			if scanner.Err() != nil {
				return nil, scanner.Err()
			}
			return nil, io.EOF
		}
		return append([]byte(nil), scanner.Bytes()...), nil
	}
}

// madeUp are jobs of random bytes.
func madeUp(size int) func() ([]byte, error) {
	return func() ([]byte, error) {
		data := make([]byte, size)
		_, _ = rand.Read(data) // never fails
		return data, nil
	}
}
