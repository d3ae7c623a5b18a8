package local

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// record has the engine write down what happens, for as long as the run lasts.
func (r *run) record(context.Context) error {
	if _, given := flagValue(r.args, "--event-log"); !r.verb.events || given || wantsHelp(r.args) {
		return nil
	}
	f, err := os.CreateTemp(r.world.path(), "events-*.json")
	if err != nil {
		return fmt.Errorf("make room for the engine's events: %w", err)
	}
	r.events = f.Name()
	r.closers = append(r.closers, func() { os.Remove(r.events) })
	return f.Close()
}

// A failure is an error that the engine reported.
type failure struct {
	urn     resource.URN // "" when no resource is to blame
	message string
}

func (f failure) String() string {
	text := strings.TrimSpace(f.message)
	if f.urn == "" {
		return text
	}
	return fmt.Sprintf("%s (%s): %s", f.urn.Name(), f.urn.Type(), text)
}

// failures are the errors of the run, in the order in which they came.
func (r *run) failures() []failure {
	f, err := os.Open(r.events)
	if err != nil {
		return nil // nothing was recorded
	}
	defer f.Close()
	var found []failure
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		var event apitype.EngineEvent
		if json.Unmarshal(line, &event) == nil {
			if d := event.DiagnosticEvent; d != nil && d.Severity == "error" {
				found = append(found, failure{resource.URN(d.URN), colors.Never.Colorize(d.Message)})
			}
		}
		if err != nil {
			return found
		}
	}
}

// sayFirstCause says alone, after all that the CLI has said, what failed first:
// what fails after it often fails because of it, and stands in front of it. An
// error that came alone stands alone already. What the CLI says as JSON is not
// disturbed.
func (r *run) sayFirstCause(stdout io.Writer) {
	failures := r.failures()
	if len(failures) < 2 || r.world.wasInterrupted() {
		return
	}
	if hasFlag(r.args, "--json") || hasFlag(r.args, "-j") {
		stdout = r.world.options.Notices
	}
	fmt.Fprintf(stdout, "\nFirst cause: %s\n", failures[0])
}
