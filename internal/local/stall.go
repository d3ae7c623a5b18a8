package local

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// supervised runs the CLI. An engine that continues after errors may wait for ever
// for what can never happen, after a delete that failed (PRO-13): such a run is
// ended when nothing happens any more. The flag, its environment variable and the
// engine's default all make it continue, so every run that records events is
// watched, where all clouds are emulated: what a real one is at work on nobody
// here can know, and a gateway takes 45 minutes without an event.
func (r *run) supervised(ctx context.Context, stdout io.Writer) error {
	if r.events.path == "" || len(r.world.options.Emulate) < len(Providers) {
		return r.world.start(ctx, r.invocation(stdout))
	}
	watching, stop := context.WithCancel(ctx)
	ended := make(chan bool, 1)
	go func() { ended <- r.endStalled(watching) }()
	err := r.world.start(ctx, r.invocation(stdout))
	stop()
	if <-ended && err == nil {
		err = &ExitError{Code: 1}
	}
	return err
}

// endStalled waits until the run has ended, or has stalled: something has failed,
// and since then there was no event, and nothing for the emulated clouds to do, for
// as long as the options say. A stalled run is
// interrupted, so that the engine writes its state; when that does not help, once
// more, and at last killed. It reports whether it had to.
func (r *run) endStalled(ctx context.Context) bool {
	if !r.stalls(ctx, r.world.options.Stall) {
		return false
	}
	var failed strings.Builder
	for _, f := range r.failures() {
		if f.urn != "" {
			fmt.Fprintf(&failed, "  %s\n", f)
		}
	}
	fmt.Fprintf(r.world.options.Notices, "\nburrow: nothing has happened for %v, and the clouds have nothing to do: the engine waits for\n"+
		"what a failure keeps from happening (PRO-13). The run ends here. What is made is in the state; the next run\n"+
		"goes on from there. This failed:\n%s", r.world.options.Stall, failed.String())
	for _, s := range []os.Signal{os.Interrupt, os.Interrupt, os.Kill} {
		r.world.signal(s)
		if !r.stalls(ctx, r.world.options.Stall/4) {
			break
		}
	}
	return true
}

// resourceFailed says whether a failure with a resource to blame was reported.
func (r *run) resourceFailed() bool {
	return slices.ContainsFunc(r.failures(), func(f failure) bool { return f.urn != "" })
}

// stalls waits for a time in which nothing happens; false when the context ends
// first.
func (r *run) stalls(ctx context.Context, patience time.Duration) bool {
	look := time.NewTicker(max(patience/20, time.Millisecond))
	defer look.Stop()
	seen, since := int64(-1), time.Now()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-look.C:
		}
		size := int64(0)
		if info, err := os.Stat(r.events.path); err == nil {
			size = info.Size()
		}
		if size != seen || r.inFlight() > 0 {
			seen, since = size, time.Now()
		}
		if time.Since(since) < patience {
			continue
		}
		if r.resourceFailed() {
			return true
		}
		since = time.Now() // a program that thinks for long is no fault
	}
}
