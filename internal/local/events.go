package local

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// An eventLog is the file in which the engine writes down what happens.
type eventLog struct {
	path   string      // "" when there is none
	flag   string      // its path for the CLI, "" when the user's own flag names it
	before fs.FileInfo // what was there before the run; nil for nothing
}

// record has the engine write down what happens, for as long as the run lasts. A file
// that the user named serves as well, and stays; a server of the user's does not.
func (r *run) record(context.Context) error {
	if !r.verb.events || wantsHelp(r.args) {
		return nil
	}
	if path, given := flagValue(r.args, "--event-log"); given {
		return r.events.follow(r.workDir(), path)
	}
	f, err := os.CreateTemp(r.world.path("events"), "*.json")
	if err != nil {
		return fmt.Errorf("make room for the engine's events: %w", err)
	}
	r.events = eventLog{path: f.Name(), flag: f.Name()}
	r.closers = append(r.closers, func() { os.Remove(f.Name()) })
	return f.Close()
}

// follow reads along in a file that the CLI, at work in dir, writes anyway.
func (l *eventLog) follow(dir, path string) error {
	if strings.HasPrefix(path, "tcp://") {
		return nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at the event log: %w", err)
	}
	*l = eventLog{path: path, before: info}
	return nil
}

// open opens the file; nil before the engine has written anything.
func (l eventLog) open() *os.File {
	f, err := os.Open(l.path)
	if err != nil {
		return nil
	}
	if info, err := f.Stat(); err != nil || l.before != nil && info.Size() == l.before.Size() && info.ModTime().Equal(l.before.ModTime()) {
		f.Close()
		return nil
	}
	return f
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
	f := r.events.open()
	if f == nil {
		return nil
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
