// Package worker takes jobs from relay, has them done, and brings back what came of them.
package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"burrow/cmd/bunny/internal/client"
	"burrow/internal/jobs"
)

// pull is how long one request for a job waits at relay, and so how long a worker that is to end may
// still be given one.
const pull = 3 * time.Second

// look is how often a worker asks how long the queue is.
const look = 10 * time.Second

// confirm is how long a worker tries to have its acknowledgement confirmed.
const confirm = 15 * time.Second

// errEnding is the cause of a job's end when the worker cannot wait for it any longer.
var errEnding = errors.New("the worker ends")

// A Worker does jobs. It asks for one for each hand that is free, never before: what waits in a worker's
// memory would wait for that worker alone, and its ack wait would pass.
type Worker struct {
	Conn      *nats.Conn
	JetStream jetstream.JetStream
	Settings  jobs.Settings
	Handler   Handler
	Hands     int           // how many jobs at once
	Grace     time.Duration // how long jobs may still run when the worker is to end
	Log       *slog.Logger
	Metrics   *Metrics

	ackWait time.Duration
	held    sync.Map     // stream sequences of jobs that are being done here
	silence atomic.Int64 // when this worker asks for nothing any longer, Unix nanoseconds; 0 while it is not to end
}

// Run works until ctx ends, and then finishes what it holds. What is not done after Grace is given back.
func (w *Worker) Run(ctx context.Context) error {
	consumer, err := w.consumer(ctx)
	if err != nil {
		return err
	}
	w.ackWait = consumer.CachedInfo().Config.AckWait
	w.Log.Info("working", "hands", w.Hands, "ackWait", w.ackWait.String())

	// Jobs outlive ctx by Grace.
	working, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	stop := context.AfterFunc(ctx, func() {
		w.silence.Store(time.Now().Add(pull + pull/3).UnixNano())
		w.Log.Info("ending", "grace", w.Grace.String())
		timer := time.AfterFunc(w.Grace, func() { end(errEnding) })
		context.AfterFunc(working, func() { timer.Stop() })
	})
	defer stop()
	go w.watch(ctx, consumer)
	var running sync.WaitGroup
	hands := make(chan struct{}, w.Hands) // those that are not free
	for ctx.Err() == nil {
		w.next(ctx, consumer, hands, func(m jetstream.Msg) {
			running.Go(func() {
				w.attempt(working, m)
				<-hands
			})
		})
	}
	running.Wait()
	// What was said last without an answer, such as a refusal, is on its way before the connection ends.
	if err := w.Conn.FlushTimeout(time.Second); err != nil && w.Conn.IsConnected() {
		w.Log.Warn("cannot flush", "error", err.Error())
	}
	return nil
}

// watch measures the queue until ctx ends.
func (w *Worker) watch(ctx context.Context, consumer jetstream.Consumer) {
	for {
		if info, err := consumer.Info(ctx); err == nil {
			w.Metrics.waiting.Set(float64(info.NumPending))
			w.Metrics.held.Set(float64(info.NumAckPending))
		}
		if !sleep(ctx, look) {
			return
		}
	}
}

// consumer waits for the one that relay's setup makes.
func (w *Worker) consumer(ctx context.Context) (jetstream.Consumer, error) {
	for told := false; ; told = true {
		consumer, err := w.JetStream.Consumer(ctx, jobs.Jobs, string(jobs.Bunny))
		if err == nil {
			return consumer, nil
		}
		if !told {
			w.Log.Warn("no consumer yet", "error", err.Error())
		}
		if !sleep(ctx, 500*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

// next asks for as many jobs as there are hands free, at least one, and hands them over as they come. What is asked for and
// what is held are never more than all hands.
func (w *Worker) next(ctx context.Context, consumer jetstream.Consumer, hands chan struct{}, do func(jetstream.Msg)) {
	select {
	case hands <- struct{}{}:
	case <-ctx.Done():
		return
	}
	free := 1
	for more := true; more; {
		select {
		case hands <- struct{}{}:
			free++
		default:
			more = false
		}
	}
	messages, err := consumer.Fetch(free, jetstream.FetchMaxWait(pull), jetstream.FetchHeartbeat(pull/3))
	if err == nil {
		for m := range messages.Messages() {
			if ctx.Err() != nil {
				_, _ = w.giveBack(m, errEnding)
				continue
			}
			free--
			do(m)
		}
		err = messages.Error()
	}
	for range free {
		<-hands
	}
	if err != nil {
		// Relay is away or chooses another leader; the connection says so itself.
		w.Log.Debug("no answer", "error", err.Error())
		sleep(ctx, 200*time.Millisecond)
	}
}

// attempt does a job, and says how it ended.
func (w *Worker) attempt(ctx context.Context, m jetstream.Msg) {
	began := time.Now()
	meta, err := m.Metadata()
	if err != nil {
		w.Log.Error("no job", "error", err.Error())
		return
	}
	job := Job{ID: strings.TrimPrefix(m.Subject(), jobs.Jobs+"."), Attempt: int(meta.NumDelivered), Data: m.Data()}
	log := w.Log.With("job", job.ID, "attempt", job.Attempt)
	if _, here := w.held.LoadOrStore(meta.Sequence.Stream, true); here {
		// Relay heard nothing of this worker for the ack wait, yet the job is still being done here. Whatever
		// that attempt says holds for this delivery, too: relay knows messages by their sequence.
		log.Warn("given again what is held")
		return
	}
	defer w.held.Delete(meta.Sequence.Stream)
	w.Metrics.running.Inc()
	defer w.Metrics.running.Dec()
	quiet := w.hold(m)
	outcome, err := w.do(ctx, job, m)
	quiet()

	took := time.Since(began)
	w.Metrics.outcomes.WithLabelValues(outcome).Inc()
	w.Metrics.seconds.Observe(took.Seconds())
	level, attrs := slog.LevelInfo, []any{"outcome", outcome, "duration", took.Seconds(), "bytes", len(job.Data)}
	if err != nil {
		level, attrs = slog.LevelWarn, append(attrs, "error", err.Error())
	}
	log.Log(context.Background(), level, "attempt", attrs...)
}

// hold tells relay that the job is being done, until it is called off: three times in each ack wait.
func (w *Worker) hold(m jetstream.Msg) (quiet func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(w.ackWait / 3)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_ = m.InProgress() // one that is lost is followed by two
			}
		}
	}()
	return func() { close(done) }
}

// do brings a job to one of its ends.
func (w *Worker) do(ctx context.Context, job Job, m jetstream.Msg) (outcome string, err error) {
	if job.Attempt > w.Settings.MaxDeliveries {
		// None of the attempts came to an end that its worker could report.
		return w.bury(ctx, job, m, fmt.Errorf("%d attempts were given out and none was finished", w.Settings.MaxDeliveries))
	}
	if job.Attempt > 1 && w.stored(ctx, job.ID) {
		// The worker before was lost between the result and the acknowledgement.
		return w.acknowledge(ctx, m, Repeated)
	}
	limit := time.Duration(w.Settings.LongestJob)
	running, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it ran longer than %v", limit))
	began := time.Now()
	result, err := w.Handler.Do(running, job)
	cancel()
	permanent := Permanent{}
	switch {
	case err == nil:
		sum := sha256.Sum256(job.Data)
		_, err = client.Publish(ctx, w.JetStream, jobs.Results, job.ID, nats.Header{
			jobs.HeaderSum: {hex.EncodeToString(sum[:])}, jobs.HeaderAttempt: {strconv.Itoa(job.Attempt)}, jobs.HeaderDuration: {time.Since(began).String()},
		}, result, true)
		switch {
		case err == nil:
			return w.acknowledge(ctx, m, Done)
		case errors.Is(err, client.ErrExists):
			return w.acknowledge(ctx, m, Repeated)
		case errors.Is(err, client.ErrTooLarge):
			return w.bury(ctx, job, m, fmt.Errorf("the result: %w", err))
		}
		return w.giveBack(m, err)
	case context.Cause(ctx) != nil:
		return w.giveBack(m, errEnding)
	case errors.As(err, &permanent), job.Attempt >= w.Settings.MaxDeliveries:
		return w.bury(ctx, job, m, err)
	}
	if lost := m.NakWithDelay(w.Settings.Retry(job.Attempt)); lost != nil {
		return Unsure, errors.Join(err, lost)
	}
	return Failed, err
}

// giveBack lets somebody else have the job: not before the requests of this worker have ended, one
// after another of which would be given it, and each would count as an attempt.
func (w *Worker) giveBack(m jetstream.Msg, why error) (string, error) {
	var wait time.Duration
	if silence := w.silence.Load(); silence != 0 {
		wait = max(0, time.Until(time.Unix(0, silence)))
	}
	if err := m.NakWithDelay(wait); err != nil {
		return Unsure, errors.Join(why, err)
	}
	return Returned, why
}

// acknowledge takes the job out of the queue, and waits until relay has confirmed that.
func (w *Worker) acknowledge(ctx context.Context, m jetstream.Msg, outcome string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, confirm)
	defer cancel()
	for {
		attempt, done := context.WithTimeout(ctx, 3*time.Second)
		err := m.DoubleAck(attempt)
		done()
		if err == nil || errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
			return outcome, nil
		}
		if !sleep(ctx, 200*time.Millisecond) {
			return Unsure, fmt.Errorf("acknowledge: %w", err)
		}
	}
}

// bury moves a job to dead, and then out of the queue. If the worker is lost in between, the job comes
// again and is found to be there.
func (w *Worker) bury(ctx context.Context, job Job, m jetstream.Msg, why error) (string, error) {
	reason := header(why)
	_, err := client.Publish(ctx, w.JetStream, jobs.Dead, job.ID, nats.Header{
		jobs.HeaderReason: {reason}, jobs.HeaderAttempt: {strconv.Itoa(min(job.Attempt, w.Settings.MaxDeliveries))},
	}, job.Data, true)
	if err != nil && !errors.Is(err, client.ErrExists) {
		return w.giveBack(m, errors.Join(why, err))
	}
	if err := m.TermWithReason(reason); err != nil {
		return Unsure, errors.Join(why, err)
	}
	return Buried, why
}

// header is an error as a header may say it: one line of at most 1,000 bytes.
func header(err error) string {
	line := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, err.Error())
	return strings.ToValidUTF8(line[:min(len(line), 1000)], "")
}

// stored reports whether a job's result is there. An error counts as no: the job is done again,
// and its result is refused.
func (w *Worker) stored(ctx context.Context, id string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	answer, err := w.Conn.RequestWithContext(ctx, "$JS.API.DIRECT.GET."+jobs.Results+"."+jobs.Results+"."+id, nil)
	return err == nil && answer.Header.Get(jetstream.SequenceHeader) != ""
}

// sleep reports whether the time passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
