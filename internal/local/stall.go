package local

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// supervised runs the CLI. With --continue-on-error the engine may wait for ever
// for what can never happen, after a delete that failed (PRO-13): such a run is
// ended when nothing happens any more.
func (r *run) supervised(ctx context.Context, stdout io.Writer) error {
	if r.events == "" || !hasFlag(r.args, "--continue-on-error") {
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

// endStalled waits until the run has ended, or has stalled: no event, and nothing
// for the emulated clouds to do, for as long as the options say. A stalled run is
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
		if info, err := os.Stat(r.events); err == nil {
			size = info.Size()
		}
		if size != seen || r.inFlight() > 0 {
			seen, since = size, time.Now()
		}
		if time.Since(since) >= patience {
			return true
		}
	}
}
