package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A refuser is a provider that refuses what the test wants refused.
type refuser struct {
	*gate
	create, remove atomic.Pointer[string] // names
}

func newRefuser() *refuser { return &refuser{gate: newGate()} }

func (r *refuser) with(o *Options) { o.extra = []extraServer{{"gate", r}} }

func refuses(which *atomic.Pointer[string], name string) error {
	if refused := which.Load(); refused != nil && *refused == name {
		return status.Errorf(codes.Unknown, "%s is refused, for the test", name)
	}
	return nil
}

func (r *refuser) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	return &pulumirpc.CreateResponse{Id: req.GetName(), Properties: req.Properties}, refuses(&r.create, req.GetName())
}

func (r *refuser) Delete(_ context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, refuses(&r.remove, req.GetName())
}

// Diff has a change of anything replace the thing, the old one first.
func (r *refuser) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if proto.Equal(req.GetOldInputs(), req.GetNews()) {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_SOME, Diffs: []string{"version"}, Replaces: []string{"version"}, DeleteBeforeReplace: true,
	}, nil
}

// versions makes two things of the version in its environment, one after another,
// and one by itself.
func versions(ctx *pulumi.Context) error {
	in := pulumi.Map{"version": pulumi.String(os.Getenv("THING_VERSION"))}
	var first, second, third pulumi.CustomResourceState
	if err := ctx.RegisterResource("gate:index:Thing", "first", in, &first); err != nil {
		return err
	}
	if err := ctx.RegisterResource("gate:index:Thing", "second", pulumi.Map{"of": first.ID()}, &second); err != nil {
		return err
	}
	return ctx.RegisterResource("gate:index:Thing", "third", pulumi.Map{}, &third)
}

// makesNothing takes away what other programs have made.
func makesNothing(*pulumi.Context) error { return nil }

// A run that goes on after a failed delete ends, says last what failed first, and
// fails. The engine itself waits for ever when a replacement cannot be deleted
// first, and something depends on it.
func TestFailedDeleteEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args          []string
		then, refused string
		hangs         bool // without an end by force
	}{
		"taken away":         {[]string{"up", "--continue-on-error", "--color=always"}, "nothing", "second", false},
		"destroyed":          {[]string{"destroy", "--continue-on-error"}, "versions", "second", false},
		"replaced":           {[]string{"up", "--continue-on-error"}, "versions", "first", true},
		"by the environment": {[]string{"up"}, "versions", "first", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRefuser()
			p := newProject(t, "versions", r.with)
			p.options.Stall = 5 * time.Second
			p.options.Emulate = Providers // only then is a run ended by force
			p.options.Env = append(p.options.Env, "THING_VERSION=1")
			p.mustRun(t, "up")
			r.remove.Store(&c.refused)
			p.options.Env = []string{actAs + "=" + c.then, "THING_VERSION=2"}
			if name == "by the environment" {
				p.options.Env = append(p.options.Env, "PULUMI_CONTINUE_ON_ERROR=true")
			}
			var out bytes.Buffer
			err := p.Run(context.Background(), &out, c.args...)
			exit := &ExitError{}
			if !errors.As(err, &exit) || exit.Code == 0 {
				t.Errorf("%v ended with %v", c.args, err)
			}
			cause := "\n\nFirst cause: " + c.refused + " (gate:index:Thing): " + c.refused + " is refused, for the test\n"
			if !strings.HasSuffix(out.String(), cause) {
				t.Errorf("%v does not end with the first cause:\n%s", c.args, out.String())
			}
			said := p.notices.String()
			if c.hangs != strings.Contains(said, "nothing has happened for 5s") || c.hangs != strings.Contains(said, "  "+c.refused+" (gate") {
				t.Errorf("%v was ended by force, which was to be %t: %s", c.args, c.hangs, said)
			}
			state, err := p.State(defaultStack)
			if err != nil || len(state.PendingOperations) > 0 {
				t.Errorf("%v left operations pending: %v, %v", c.args, state.PendingOperations, err)
			}
		})
	}
}

// A run has stalled when a resource has failed, and then nothing has happened and no
// call was under way for as long as it may take: not before, however slow the clouds or
// the program are.
func TestStalls(t *testing.T) {
	t.Parallel()
	const patience = time.Minute
	const failed = `{"diagnosticEvent":{"severity":"error","urn":"urn:pulumi:dev::tiny::gate:index:Thing::first","message":"refused"}}` + "\n"
	for name, c := range map[string]struct {
		event string
		calls time.Duration // how long a call is under way
		after time.Duration // when the run counts as stalled, 0 for never
	}{
		"a failure":                    {failed, 0, patience},
		"a failure during a long call": {failed, 45 * time.Minute, 46 * time.Minute},
		"a long call alone":            {"", 45 * time.Minute, 0},
		"a program that thinks":        {"", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "events.json")
			if err := os.WriteFile(path, []byte(c.event), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
				defer cancel()
				begin := time.Now()
				r := &run{events: eventLog{path: path}, inFlight: func() int {
					if time.Since(begin) < c.calls {
						return 1
					}
					return 0
				}}
				stalled := r.stalls(ctx, patience)
				passed := time.Since(begin)
				if stalled != (c.after > 0) {
					t.Errorf("stalled is %t after %v", stalled, passed)
				}
				if late := passed - c.after; stalled && (late < -patience/10 || late > patience/10) {
					t.Errorf("stalled after %v, want about %v", passed, c.after)
				}
			})
		})
	}
}

// What failed first is said, too, when the user has the events written to a file, and
// an old file of that name says nothing of this run.
func TestOwnEventLog(t *testing.T) {
	t.Parallel()
	r := newRefuser()
	p := newProject(t, "versions", r.with)
	p.options.Env = append(p.options.Env, "THING_VERSION=1")
	p.mustRun(t, "up")
	refused := "second"
	r.remove.Store(&refused)
	p.options.Env = []string{actAs + "=nothing"}
	var out bytes.Buffer
	args := []string{"up", "--continue-on-error", "--event-log", "mine.json"}
	if err := p.Run(t.Context(), &out, args...); err == nil {
		t.Fatal("a refused delete did not fail the run")
	}
	if !strings.Contains(out.String(), "First cause: second (gate:index:Thing)") {
		t.Errorf("the first cause is missing:\n%s", out.String())
	}
	if _, err := os.Stat(filepath.Join(p.dir, "mine.json")); err != nil {
		t.Errorf("the user's own event log: %v", err)
	}
	var log eventLog
	if err := log.follow(p.dir, "mine.json"); err != nil {
		t.Fatal(err)
	}
	if f := log.open(); f != nil {
		t.Error("the log of an earlier run is taken for this one's")
	}
}
