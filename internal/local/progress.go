package local

import (
	"fmt"
	"io"
	"time"
)

// tick is how often something slow says that it is still at work.
const tick = 15 * time.Second

// withProgress says what is being done, says after a while why it takes long,
// and how long it has taken.
func withProgress(w io.Writer, what, why string, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	start := time.Now()
	fmt.Fprintf(w, "burrow: %s…\n", what)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			reportDone(w, what, time.Since(start), err)
			return err
		case <-ticker.C:
			fmt.Fprintf(w, "burrow: still %s: %s (%s)\n", what, time.Since(start).Round(time.Second), why)
		}
	}
}

// reportDone closes a report that was long enough to have ticked.
func reportDone(w io.Writer, what string, took time.Duration, err error) {
	if err == nil && took >= tick {
		fmt.Fprintf(w, "burrow: done %s: %s\n", what, took.Round(time.Second))
	}
}
