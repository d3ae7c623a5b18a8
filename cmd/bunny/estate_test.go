package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"burrow/cmd/bunny/internal/client"
	"burrow/internal/jobs"
	"burrow/internal/jobs/jobstest"
	"burrow/internal/jobs/loopback"
)

// asBunny makes the test's own program bunny: workers have to be processes to be killed.
const asBunny = "BURROW_TEST_AS_BUNNY"

func TestMain(m *testing.M) {
	if os.Getenv(asBunny) != "" {
		main()
	}
	os.Exit(m.Run())
}

// An estate is relay with bunny's program beside it.
type estate struct {
	*loopback.Relay
	settingsFile string
}

// beside puts bunny's settings beside relay.
func beside(t *testing.T, relay *loopback.Relay) *estate {
	t.Helper()
	e := &estate{Relay: relay, settingsFile: filepath.Join(t.TempDir(), "settings.json")}
	e.settings(t, e.Settings)
	return e
}

// start starts relay and sets it up.
func start(t *testing.T, change func(*jobs.Settings)) *estate {
	t.Helper()
	e := beside(t, jobstest.Start(t, change))
	if code, _, errs := e.run(t, nil, jobs.Setup, "setup"); code != 0 {
		t.Fatalf("setup ended with %d:\n%s", code, errs)
	}
	return e
}

// settings writes what the programs read.
func (e *estate) settings(t *testing.T, s jobs.Settings) {
	t.Helper()
	e.Settings = s
	if err := os.WriteFile(e.settingsFile, []byte(s.JSON()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// args are a command's, with the flags that connect it as an identity.
func (e *estate) args(as jobs.Identity, command string, more ...string) []string {
	files := e.Files(as)
	return append([]string{
		command, "-relay", strings.Join(e.Addresses(), ","), "-settings", e.settingsFile,
		"-cert", files.Certificate, "-key", files.Key, "-ca", files.Authority,
	}, more...)
}

// run runs a command to its end.
func (e *estate) run(t *testing.T, in io.Reader, as jobs.Identity, command string, more ...string) (code int, out, errs string) {
	t.Helper()
	return runArgs(t, in, e.args(as, command, more...)...)
}

func runArgs(t *testing.T, in io.Reader, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var o, e bytes.Buffer
	p := &program{in: in, out: &o, errs: &e, env: func(string) string { return "" }}
	code = p.run(ctx, args)
	return code, o.String(), e.String()
}

// An event is a line of a worker's log.
type event struct {
	Message  string  `json:"msg"`
	Job      string  `json:"job"`
	Attempt  int     `json:"attempt"`
	Outcome  string  `json:"outcome"`
	Duration float64 `json:"duration"`
	Error    string  `json:"error"`
	Address  string  `json:"address"`
}

// A bunny is a worker's process.
type bunny struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended and all it said is read

	mu     sync.Mutex
	text   strings.Builder
	events []event
}

// work starts a worker, which is killed after the test.
func (e *estate) work(t *testing.T, more ...string) *bunny {
	t.Helper()
	cmd := exec.Command(os.Args[0], e.args(jobs.Bunny, "work", append([]string{"-metrics", "127.0.0.1:0"}, more...)...)...)
	cmd.Env = append(os.Environ(), asBunny+"=1")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &bunny{cmd: cmd, gone: make(chan struct{})}
	go func() {
		defer close(b.gone)
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			var told event
			b.mu.Lock()
			b.text.WriteString(lines.Text() + "\n")
			if json.Unmarshal(lines.Bytes(), &told) == nil {
				b.events = append(b.events, told)
			}
			b.mu.Unlock()
		}
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		b.signal(syscall.SIGKILL)
		<-b.gone
		if log := b.log(); t.Failed() {
			t.Logf("bunny %d:\n%s", cmd.Process.Pid, log[max(0, len(log)-4000):])
		}
	})
	return b
}

func (b *bunny) signal(s syscall.Signal) { _ = b.cmd.Process.Signal(s) }

func (b *bunny) log() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// told are the events that fit.
func (b *bunny) told(fits func(event) bool) []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []event
	for _, e := range b.events {
		if fits(e) {
			found = append(found, e)
		}
	}
	return found
}

// attempts are the ends of attempts at a job, or at all for "".
func (b *bunny) attempts(job string) []event {
	return b.told(func(e event) bool { return e.Message == "attempt" && (job == "" || e.Job == job) })
}

// ended waits until n attempts at a job have ended, and returns all. What relay knows, the log may say a moment later.
func (b *bunny) ended(t testing.TB, job string, n int) []event {
	t.Helper()
	await(t, fmt.Sprintf("%d attempts at %s", n, job), func() bool { return len(b.attempts(job)) >= n })
	return b.attempts(job)
}

// await waits until something holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%s: not in 2 minutes", what)
		}
	}
}

// connect connects as an identity, to one server or to all.
func (e *estate) connect(t *testing.T, as jobs.Identity, servers ...string) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	if len(servers) == 0 {
		servers = e.Addresses()
	}
	c, js, err := client.Connect(client.Options{
		Servers: servers, Name: e.Settings.Name, Identity: as, Files: e.Files(as), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, js
}

// state is what a stream and a consumer of it hold.
func (e *estate) state(t *testing.T, js jetstream.JetStream, stream string) jetstream.StreamState {
	t.Helper()
	var info *jetstream.StreamInfo
	await(t, "the state of "+stream, func() bool {
		s, err := js.Stream(t.Context(), stream)
		if err != nil {
			return false
		}
		info = s.CachedInfo()
		return true
	})
	return info.State
}

// produced are the ids and checksums that a producer listed.
func produced(out string) map[string]string {
	sums := map[string]string{}
	for line := range strings.Lines(out) {
		id, sum, _ := strings.Cut(strings.TrimSpace(line), " ")
		sums[id] = sum
	}
	return sums
}

// compare fails unless results are those of the jobs that were sent, each once, with the job's bytes.
func compare(t *testing.T, sent map[string]string, out, dir string) {
	t.Helper()
	seen := map[string]int{}
	for line := range strings.Lines(out) {
		var id, sum string
		var attempt, size int
		if _, err := fmt.Sscan(line, &id, &sum, &attempt, &size); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		seen[id]++
		if sent[id] != sum {
			t.Errorf("job %s was sent as %q and done as %s", id, sent[id], sum)
		}
		data, err := os.ReadFile(filepath.Join(dir, id))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != sent[id] {
			t.Errorf("the result of %s is not the job", id)
		}
	}
	for id := range sent {
		if seen[id] != 1 {
			t.Errorf("the result of %s came %d times", id, seen[id])
		}
	}
	if len(seen) != len(sent) {
		t.Errorf("%d jobs were sent, results of %d came", len(sent), len(seen))
	}
}
