package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"burrow/internal/jobs"
	"burrow/internal/jobs/jobstest"
)

// one starts a relay of one server with short waits: what is tried is bunny, not the servers' agreement.
func one(t *testing.T, change func(*jobs.Settings)) *estate {
	t.Helper()
	t.Parallel()
	return start(t, func(s *jobs.Settings) {
		s.Servers, s.AckWait = 1, jobs.Duration(time.Second)
		if change != nil {
			change(s)
		}
	})
}

// produce queues lines as jobs, and returns their ids in order.
func (e *estate) produce(t *testing.T, id string, lines ...string) []string {
	t.Helper()
	code, _, errs := e.run(t, strings.NewReader(strings.Join(lines, "\n")), jobs.Producer, "produce", "-id", id, "-parallel", "1")
	if code != 0 {
		t.Fatalf("produce ended with %d: %s", code, errs)
	}
	var ids []string
	for i := range lines {
		ids = append(ids, fmt.Sprintf("%s-%06d", id, i+1))
	}
	return ids
}

// idle waits until the queue holds nothing and bunny's consumer waits for no answer.
func (e *estate) idle(t *testing.T) {
	t.Helper()
	_, js := e.connect(t, jobs.Setup)
	await(t, "an empty queue", func() bool {
		consumer, err := js.Consumer(t.Context(), jobs.Jobs, string(jobs.Bunny))
		return err == nil && consumer.CachedInfo().NumAckPending == 0 && consumer.CachedInfo().NumPending == 0 && e.state(t, js, jobs.Jobs).Msgs == 0
	})
}

func TestPoisonEndsInDeadOnce(t *testing.T) {
	e := one(t, func(s *jobs.Settings) { s.MaxDeliveries = 3 })
	b := e.work(t, "-hands", "2", "--", "sh", "-c", `read job; [ "$job" = good ] && echo done || exit 7`)
	ids := e.produce(t, "poison", "good", "bad", "good")
	e.idle(t)
	if got := b.ended(t, ids[1], 3); len(got) != 3 || got[0].Outcome != "failed" || got[1].Outcome != "failed" || got[2].Outcome != "dead" {
		t.Errorf("%+v", got)
	}
	_, dead, _ := e.run(t, nil, jobs.Producer, "results", "-dead", "-wait", "300ms")
	if want := ids[1] + " 3 the command ended with exit status 7\n"; dead != want {
		t.Errorf("dead is %q, want %q", dead, want)
	}
	if _, got, _ := e.run(t, nil, jobs.Producer, "results", "-n", "2"); strings.Count(got, "\n") != 2 {
		t.Errorf("results are %q", got)
	}
	metrics, err := http.Get("http://" + b.told(func(e event) bool { return e.Message == "metrics" })[0].Address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer metrics.Body.Close()
	text, _ := io.ReadAll(metrics.Body)
	for _, want := range []string{
		`bunny_attempts_total{outcome="done"} 2`, `bunny_attempts_total{outcome="failed"} 2`, `bunny_attempts_total{outcome="dead"} 1`, "bunny_attempt_seconds_count 5",
		"bunny_attempts_running 0", "bunny_connected 1", "bunny_queue_waiting ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(string(text), "\n"+want) {
			t.Errorf("metrics lack %s:\n%s", want, text)
		}
	}
	if strings.Contains(b.log(), "good") || strings.Contains(b.log(), "bad") {
		t.Errorf("the log has what jobs hold:\n%s", b.log())
	}
}

// A job that kills whoever tries it leaves no word behind: not even on its last attempt.
func TestKillerEndsInDeadOnce(t *testing.T) {
	e := one(t, func(s *jobs.Settings) { s.MaxDeliveries = 2 })
	ids := e.produce(t, "killer", "good", "kill", "good")
	work := func() *bunny {
		return e.work(t, "-hands", "1", "--", "sh", "-c", `read job; [ "$job" = kill ] && kill -KILL $PPID; echo done`)
	}
	b := work()
	for range 2 {
		<-b.gone // by the job
		b = work()
	}
	await(t, "the killer's end", func() bool { return len(b.attempts(ids[1])) > 0 })
	if got := b.attempts(ids[1])[0]; got.Outcome != "dead" || got.Attempt != 3 {
		t.Errorf("%+v", got)
	}
	e.idle(t)
	_, dead, _ := e.run(t, nil, jobs.Producer, "results", "-dead", "-wait", "300ms")
	if want := ids[1] + " 2 2 attempts were given out and none was finished\n"; dead != want {
		t.Errorf("dead is %q, want %q", dead, want)
	}
	if _, got, _ := e.run(t, nil, jobs.Producer, "results", "-n", "2"); strings.Count(got, "\n") != 2 {
		t.Errorf("results are %q", got)
	}
}

func TestJobThatIsWrongIsTriedOnce(t *testing.T) {
	e := one(t, nil)
	b := e.work(t, "--", "sh", "-c", "exit 65")
	ids := e.produce(t, "wrong", "job")
	e.idle(t)
	if got := b.ended(t, ids[0], 1); len(got) != 1 || got[0].Outcome != "dead" {
		t.Errorf("%+v", got)
	}
}

// A job that takes longer than relay waits is not given to anybody else while its worker lives.
func TestLongJobIsHeld(t *testing.T) {
	e := one(t, nil)
	args := []string{"-hands", "2", "--", "sh", "-c", "sleep 3.5; cat"}
	first, second := e.work(t, args...), e.work(t, args...)
	ids := e.produce(t, "long", "job")
	await(t, "the end", func() bool { return len(first.attempts(""))+len(second.attempts("")) > 0 })
	e.idle(t)
	got := append(first.attempts(ids[0]), second.attempts(ids[0])...)
	if len(got) != 1 || got[0].Attempt != 1 || got[0].Outcome != "done" || got[0].Duration < 3*time.Duration(e.Settings.AckWait).Seconds() {
		t.Errorf("%+v", got)
	}
}

func TestJobThatRunsTooLongFails(t *testing.T) {
	e := one(t, func(s *jobs.Settings) { s.LongestJob, s.MaxDeliveries = jobs.Duration(time.Second), 1 })
	b := e.work(t, "--", "sh", "-c", "sleep 60 & wait")
	ids := e.produce(t, "slow", "job")
	e.idle(t)
	if got := b.ended(t, ids[0], 1); len(got) != 1 || got[0].Outcome != "dead" || got[0].Error != "it ran longer than 1s" {
		t.Errorf("%+v", got)
	}
}

// A worker that is told to end finishes what it holds, takes nothing more, and ends well.
func TestEndingWorkerFinishes(t *testing.T) {
	e := one(t, nil)
	b := e.work(t, "-hands", "1", "--", "sh", "-c", "sleep 2; cat")
	ids := e.produce(t, "ending", "first", "second")
	_, js := e.connect(t, jobs.Setup)
	await(t, "a job that runs", func() bool {
		c, err := js.Consumer(t.Context(), jobs.Jobs, string(jobs.Bunny))
		return err == nil && c.CachedInfo().NumAckPending == 1
	})
	b.signal(syscall.SIGTERM)
	<-b.gone
	if got := b.attempts(""); len(got) != 1 || got[0].Job != ids[0] || got[0].Outcome != "done" || b.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("%+v, %v", got, b.cmd.ProcessState)
	}
	if left := e.state(t, js, jobs.Jobs).Msgs; left != 1 {
		t.Errorf("%d jobs are left, of 1", left)
	}
}

// What it cannot finish it gives back, and another has it at once, not after the ack wait.
func TestEndingWorkerGivesBack(t *testing.T) {
	e := one(t, func(s *jobs.Settings) {
		s.AckWait = jobs.Duration(10 * time.Minute)
		s.DuplicateWindow = jobs.Duration(time.Hour)
	})
	b := e.work(t, "-grace", "100ms", "--", "sh", "-c", "sleep 60; cat")
	ids := e.produce(t, "back", "job")
	_, js := e.connect(t, jobs.Setup)
	await(t, "a job that runs", func() bool {
		c, err := js.Consumer(t.Context(), jobs.Jobs, string(jobs.Bunny))
		return err == nil && c.CachedInfo().NumAckPending == 1
	})
	b.signal(syscall.SIGTERM)
	<-b.gone
	if got := b.ended(t, ids[0], 1); len(got) != 1 || got[0].Outcome != "returned" {
		t.Errorf("%+v", got)
	}
	other := e.work(t)
	e.idle(t)
	if got := other.ended(t, ids[0], 1); len(got) != 1 || got[0].Attempt != 2 || got[0].Outcome != "done" {
		t.Errorf("%+v", got)
	}
}

// A worker that is lost between the result and the acknowledgement: the job comes again, is not run again,
// and leaves the queue.
func TestLostBeforeAcknowledgement(t *testing.T) {
	e := one(t, nil)
	ids := e.produce(t, "lost", "job")
	_, js := e.connect(t, jobs.Bunny)
	consumer, err := js.Consumer(t.Context(), jobs.Jobs, string(jobs.Bunny))
	if err != nil {
		t.Fatal(err)
	}
	m, err := consumer.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "results."+ids[0], m.Data()); err != nil {
		t.Fatal(err)
	}
	b := e.work(t, "--", "sh", "-c", "exit 1") // would fail if it ran
	e.idle(t)
	if got := b.ended(t, ids[0], 1); len(got) != 1 || got[0].Attempt != 2 || got[0].Outcome != "repeated" {
		t.Errorf("%+v", got)
	}
}

func TestFullQueueRefuses(t *testing.T) {
	e := one(t, func(s *jobs.Settings) { s.MaxPayload, s.JobsBytes = 64<<10, 10*(64<<10+jobs.Headroom) })
	code, out, errs := e.run(t, nil, jobs.Producer, "produce", "-n", "40", "-size", "60000", "-id", "full", "-parallel", "4")
	queued := strings.Count(out, "\n")
	if code != exitFull || !strings.Contains(errs, "the queue is full") || queued < 10 || queued > 21 {
		t.Errorf("%d, %d queued: %s", code, queued, errs)
	}
	_, js := e.connect(t, jobs.Setup)
	// The first is still there: what is new was refused.
	if state := e.state(t, js, jobs.Jobs); state.FirstSeq != 1 || state.Msgs != uint64(queued) {
		t.Errorf("%+v, %d were queued", state, queued)
	}
	e.work(t)
	await(t, "every job", func() bool {
		code, _, errs = e.run(t, nil, jobs.Producer, "produce", "-n", "40", "-size", "60000", "-id", "full", "-parallel", "4")
		return code == 0
	})
	e.idle(t)
	if state := e.state(t, js, jobs.Results); state.Msgs != 40 {
		t.Errorf("%d results of 40 jobs", state.Msgs)
	}
	if code, _, errs := e.run(t, nil, jobs.Producer, "produce", "-n", "1", "-size", "65530", "-id", "large"); code != 1 || !strings.Contains(errs, "larger than relay takes") {
		t.Errorf("%d: %s", code, errs)
	}
}

// Results that find no room wait in their workers, which hold their jobs: none is lost or run again.
func TestFullResultsWait(t *testing.T) {
	e := one(t, func(s *jobs.Settings) {
		s.MaxPayload, s.ResultsBytes = 64<<10, 10*(64<<10+jobs.Headroom)
	})
	b := e.work(t, "-hands", "4")
	if code, _, errs := e.run(t, nil, jobs.Producer, "produce", "-n", "30", "-size", "60000", "-id", "wait"); code != 0 {
		t.Fatal(errs)
	}
	_, js := e.connect(t, jobs.Setup)
	await(t, "four hands that wait", func() bool {
		c, err := js.Consumer(t.Context(), jobs.Jobs, string(jobs.Bunny))
		return err == nil && len(b.attempts("")) >= 20 && c.CachedInfo().NumAckPending == 4
	})
	s := e.Settings
	s.ResultsBytes *= 4
	e.settings(t, s)
	if code, _, errs := e.run(t, nil, jobs.Setup, "setup"); code != 0 {
		t.Fatal(errs)
	}
	e.idle(t)
	for _, got := range b.attempts("") {
		if got.Attempt != 1 || got.Outcome != "done" {
			t.Errorf("%+v", got)
		}
	}
	if state := e.state(t, js, jobs.Results); state.Msgs != 30 {
		t.Errorf("%d results of 30 jobs", state.Msgs)
	}
}

// Why relay's consumer counts no deliveries, which the package jobs explains: with a server that counts, a job
// whose last worker is lost is neither waiting nor delivered again, and stays in the queue. If this
// fails, NATS has changed, and the choice may be made anew.
func TestCountingServerStrandsJobs(t *testing.T) {
	e := one(t, nil)
	_, admin := e.connect(t, jobs.Setup)
	config := consumerConfig(e.Settings.Consumers()[0])
	config.MaxDeliver = 1
	if _, err := admin.CreateOrUpdateConsumer(t.Context(), jobs.Jobs, config); err != nil {
		t.Fatal(err)
	}
	e.produce(t, "stranded", "job")
	_, js := e.connect(t, jobs.Bunny)
	consumer, err := js.Consumer(t.Context(), jobs.Jobs, string(jobs.Bunny))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Next(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the ack wait", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumAckPending == 0
	})
	if m, err := consumer.Next(jetstream.FetchMaxWait(2 * time.Second)); err == nil {
		t.Errorf("it came again: %v", m.Subject())
	}
	if state := e.state(t, admin, jobs.Jobs); state.Msgs != 1 {
		t.Errorf("the queue holds %d", state.Msgs)
	}
}

// One server alone that is killed again and again, and workers with it: what it has confirmed it still knows.
func TestKilledServerAlone(t *testing.T) {
	e := one(t, nil)
	work := func() *bunny { return e.work(t, "-hands", "8", "--", "sh", "-c", "sleep 0.05; cat") }
	b := work()
	_, js := e.connect(t, jobs.Setup)
	results := func() uint64 { return e.state(t, js, jobs.Results).Msgs }
	const n = 400
	var code int
	var sent, errs string
	var producing sync.WaitGroup
	producing.Go(func() {
		code, sent, errs = e.run(t, nil, jobs.Producer, "produce", "-n", fmt.Sprint(n), "-id", "alone", "-parallel", "8")
	})
	for range 4 {
		at := results()
		await(t, "results", func() bool { return results() > at+20 })
		e.Kill(0)
		b.signal(syscall.SIGKILL)
		if err := e.Start(0); err != nil {
			t.Fatal(err)
		}
		b = work()
		jobstest.AwaitReady(t, e.Relay)
	}
	producing.Wait()
	if code != 0 {
		t.Fatalf("produce ended with %d: %s", code, errs)
	}
	e.idle(t)
	dir := t.TempDir()
	code, got, errs := e.run(t, nil, jobs.Producer, "results", "-n", fmt.Sprint(n), "-out", dir)
	if code != 0 {
		t.Fatalf("results ended with %d: %s", code, errs)
	}
	compare(t, produced(sent), got, dir)
}
