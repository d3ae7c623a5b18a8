package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"burrow/internal/jobs"
	"burrow/internal/jobs/jobstest"
)

// Three servers, in one life: what they do when all is well, at rest, and when things are lost.
func TestThreeServers(t *testing.T) {
	t.Parallel()
	e := beside(t, jobstest.New(t, nil))
	t.Run("setup waits for servers", func(t *testing.T) { late(t, e) })
	t.Run("a thousand jobs", func(t *testing.T) { thousand(t, e) })
	t.Run("no errors at rest", func(t *testing.T) { rest(t, e) })
	t.Run("routes are refused", func(t *testing.T) { refusedRoutes(t, e) })
	t.Run("losses", func(t *testing.T) { losing(t, e) })
}

// late sets relay up while one of its servers has never been there, without which the others choose no leader the first time.
func late(t *testing.T, e *estate) {
	for i := range 2 {
		if err := e.Start(i); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0], e.args(jobs.Setup, "setup", "-wait", "45s")...)
	cmd.Env = append(os.Environ(), asBunny+"=1")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waited, said := false, ""
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		said += lines.Text() + "\n"
		if strings.Contains(lines.Text(), `"not yet"`) && !waited {
			waited = true
			if err := e.Start(2); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil || !waited {
		t.Fatalf("%v; it waited: %t\n%s", err, waited, said)
	}
	jobstest.AwaitReady(t, e.Relay)
}

func thousand(t *testing.T, e *estate) {
	first, second := e.work(t), e.work(t)
	const n = 1000
	began := time.Now()
	code, sent, errs := e.run(t, nil, jobs.Producer, "produce", "-n", fmt.Sprint(n), "-size", "4096", "-id", "thousand")
	if code != 0 {
		t.Fatalf("produce ended with %d: %s", code, errs)
	}
	queued := time.Since(began)
	dir := t.TempDir()
	code, got, errs := e.run(t, nil, jobs.Producer, "results", "-n", fmt.Sprint(n), "-wait", "1m", "-out", dir)
	if code != 0 {
		t.Fatalf("results ended with %d: %s", code, errs)
	}
	t.Logf("%d jobs queued in %v, done and read in %v: %.0f jobs/s", n, queued, time.Since(began), n/time.Since(began).Seconds())
	compare(t, produced(sent), got, dir)
	if len(first.attempts("")) == 0 || len(second.attempts("")) == 0 {
		t.Errorf("one worker did %d, the other %d", len(first.attempts("")), len(second.attempts("")))
	}
	e.idle(t)
	if code, out, errs := e.run(t, nil, jobs.Check, "check"); code != 0 || !strings.HasPrefix(out, "ok: ") {
		t.Errorf("check ended with %d: %s %s", code, out, errs)
	}
}

// rest looks for errors in the logs of servers that nobody troubles, but for the probes.
func rest(t *testing.T, e *estate) {
	var before [3]int
	for i := range before {
		before[i] = len(e.Log(i))
	}
	for i := range before {
		proxy := httptest.NewServer(healthzHandler(e.Monitor(i)))
		defer proxy.Close()
		for range 20 {
			answer, err := http.Get(proxy.URL + "/healthz")
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Errorf("server %d: status %d", i, answer.StatusCode)
			}
		}
	}
	if code, _, errs := e.run(t, nil, jobs.Check, "check"); code != 0 {
		t.Error(errs)
	}
	for i := range before {
		for line := range strings.Lines(e.Log(i)[before[i]:]) {
			if strings.Contains(line, "[ERR]") || strings.Contains(line, "[WRN]") || strings.Contains(line, "[FTL]") {
				t.Errorf("server %d: %s", i, line)
			}
		}
	}
}

// losing loses, while jobs come and are done, the server that leads the queue, a worker in the midst of jobs, and then
// all servers at once. Every job has one result all the same, and the queue ends empty.
func losing(t *testing.T, e *estate) {
	work := func() *bunny { return e.work(t, "-hands", "8", "--", "sh", "-c", "sleep 0.1; cat") }
	workers := []*bunny{work(), work()}
	_, js := e.connect(t, jobs.Setup)
	results := func() uint64 { return e.state(t, js, jobs.Results).Msgs }
	before := results()

	// Each loss has jobs of its own, for on a slow machine those of the one before may all be done.
	const batch, n = 200, 3 * 200
	var sent [3]string
	var producing sync.WaitGroup
	produce := func(i int) {
		producing.Go(func() {
			code, out, errs := e.run(t, nil, jobs.Producer, "produce", "-n", fmt.Sprint(batch), "-size", "2000", "-id", fmt.Sprint("losses-", i), "-parallel", "8")
			if code != 0 {
				t.Errorf("produce ended with %d: %s", code, errs)
			}
			sent[i] = out
		})
	}

	produce(0)
	await(t, "the first results", func() bool { return results() > before+20 })
	stream, err := js.Stream(t.Context(), jobs.Jobs)
	if err != nil {
		t.Fatal(err)
	}
	lead := leader(t, stream.CachedInfo())
	e.Kill(lead)
	workers[0].signal(syscall.SIGKILL) // with eight jobs in its hands
	workers = append(workers[1:], work())
	at := results()
	produce(1)
	await(t, "results without the leader", func() bool { return results() > at+40 })
	if err := e.Start(lead); err != nil {
		t.Fatal(err)
	}
	jobstest.AwaitReady(t, e.Relay)

	at = results()
	produce(2)
	await(t, "results with all three", func() bool { return results() > at+20 })
	for i := range 3 {
		e.Kill(i)
	}
	workers[0].signal(syscall.SIGKILL)
	for i := range 3 {
		if err := e.Start(i); err != nil {
			t.Fatal(err)
		}
	}
	jobstest.AwaitReady(t, e.Relay)
	producing.Wait()
	e.idle(t)
	if got := results(); got != before+n {
		t.Errorf("%d results of %d jobs", got-before, n)
	}
	dir := t.TempDir()
	code, got, errs := e.run(t, nil, jobs.Producer, "results", "-n", fmt.Sprint(n), "-out", dir)
	if code != 0 {
		t.Fatalf("results ended with %d: %s", code, errs)
	}
	compare(t, produced(strings.Join(sent[:], "")), got, dir)
	if state := e.state(t, js, jobs.Dead); state.Msgs != 0 {
		t.Errorf("%d jobs are dead", state.Msgs)
	}
}

// leader is the server that leads a stream.
func leader(t *testing.T, info *jetstream.StreamInfo) int {
	t.Helper()
	var i int
	if _, err := fmt.Sscanf(info.Cluster.Leader, "relay-%d", &i); err != nil {
		t.Fatal(err)
	}
	return i
}
