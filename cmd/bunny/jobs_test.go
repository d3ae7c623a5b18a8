package main

import (
	"fmt"
	"testing"
	"time"

	"burrow/internal/jobs"
)

func TestThousandJobs(t *testing.T) {
	t.Parallel()
	e := start(t, nil)
	first, second := e.work(t), e.work(t)
	const n = 1000
	began := time.Now()
	code, sent, errs := e.run(t, nil, jobs.Producer, "produce", "-n", fmt.Sprint(n), "-size", "4096", "-id", "thousand")
	if code != 0 {
		t.Fatalf("produce ended with %d: %s", code, errs)
	}
	queued := time.Since(began)
	dir := t.TempDir()
	code, got, errs := e.run(t, nil, jobs.Producer, "results", "-n", fmt.Sprint(n), "-wait", "20s", "-out", dir)
	if code != 0 {
		t.Fatalf("results ended with %d: %s", code, errs)
	}
	t.Logf("%d jobs queued in %v, done and read in %v: %.0f jobs/s", n, queued, time.Since(began), n/time.Since(began).Seconds())
	compare(t, produced(sent), got, dir)
	if len(first.attempts("")) == 0 || len(second.attempts("")) == 0 {
		t.Errorf("one worker did %d, the other %d", len(first.attempts("")), len(second.attempts("")))
	}
	_, js := e.connect(t, jobs.Setup)
	await(t, "an empty queue", func() bool { return e.state(t, js, jobs.Jobs).Msgs == 0 })
	if code, out, errs := e.run(t, nil, jobs.Check, "check"); code != 0 {
		t.Errorf("check ended with %d: %s", code, errs)
	} else {
		t.Log(out)
	}
}
