package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"burrow/internal/jobs"
	"burrow/internal/jobs/loopback"
)

func TestSetup(t *testing.T) {
	e := one(t, nil)
	setup := func(want int) string {
		t.Helper()
		code, _, errs := e.run(t, nil, jobs.Setup, "setup")
		if code != want {
			t.Fatalf("setup ended with %d, want %d: %s", code, want, errs)
		}
		return errs
	}
	if errs := setup(0); strings.Contains(errs, "stream") || strings.Contains(errs, "consumer") {
		t.Errorf("a second setup changed something: %s", errs)
	}
	// What stands on the server is what the data says.
	_, js := e.connect(t, jobs.Setup)
	for _, want := range e.Settings.Streams() {
		stream, err := js.Stream(t.Context(), want.Name)
		if err != nil {
			t.Fatal(err)
		}
		got := stream.CachedInfo().Config
		if got.MaxBytes != want.MaxBytes || got.MaxAge != want.MaxAge || got.DiscardNewPerSubject != want.OnePerSubject || int64(got.MaxMsgSize) != want.MaxMessage {
			t.Errorf("%s is %+v, want %+v", want.Name, got, want)
		}
	}

	s := e.Settings
	s.AckWait, s.JobsBytes = jobs.Duration(3*time.Second), s.JobsBytes/2
	e.settings(t, s)
	if errs := setup(0); !strings.Contains(errs, `"stream changed","stream":"jobs"`) || strings.Contains(errs, `"stream changed","stream":"results"`) {
		t.Errorf("%s", errs)
	}
	consumer, err := js.Consumer(t.Context(), jobs.Jobs, string(jobs.Bunny))
	if err != nil {
		t.Fatal(err)
	}
	if got := consumer.CachedInfo().Config; got.AckWait != 3*time.Second || got.MaxDeliver != -1 || len(got.BackOff) != 0 {
		t.Errorf("%+v", got)
	}

	// A result that is older than the age that is asked for now would be lost.
	_, bunny := e.connect(t, jobs.Bunny)
	if _, err := bunny.Publish(t.Context(), "results.old", []byte("result")); err != nil {
		t.Fatal(err)
	}
	stored := time.Now()
	s.AckWait, s.LongestJob = jobs.Duration(time.Second), jobs.Duration(time.Second)
	s.DuplicateWindow, s.ResultsAge = jobs.Duration(2100*time.Millisecond), jobs.Duration(2100*time.Millisecond)
	s.MaxAckPending++
	e.settings(t, s)
	await(t, "a result of that age", func() bool { return time.Since(stored) > time.Duration(s.ResultsAge) })
	errs := setup(exitRefused)
	if !strings.Contains(errs, `allowLoss = ["resultsAge"] allows it`) {
		t.Errorf("%s", errs)
	}
	consumer, err = js.Consumer(t.Context(), jobs.Jobs, string(jobs.Bunny))
	if err != nil || consumer.CachedInfo().Config.MaxAckPending == s.MaxAckPending || e.state(t, js, jobs.Results).Msgs != 1 {
		t.Errorf("something was changed: %v", err)
	}
	s.AllowLoss = []string{"resultsAge"}
	e.settings(t, s)
	setup(0)
	await(t, "the loss", func() bool { return e.state(t, js, jobs.Results).Msgs == 0 })
}

func TestHealthzTellsOneThing(t *testing.T) {
	status := http.StatusOK
	asked := ""
	nats := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"status":"secret"}`))
	}))
	proxy := httptest.NewServer(healthzHandler(strings.TrimPrefix(nats.URL, "http://")))
	defer proxy.Close()
	for _, c := range []struct {
		method, path string
		status       int // of NATS
		want         int
	}{
		{http.MethodGet, "/healthz", 200, 200},
		{http.MethodGet, "/healthz", 503, 503},
		{http.MethodGet, "/varz", 200, 404},
		{http.MethodGet, "/", 200, 404},
		{http.MethodGet, "/healthz/../varz", 200, 404},
		{http.MethodPost, "/healthz", 200, 405},
	} {
		status, asked = c.status, ""
		req, err := http.NewRequest(c.method, proxy.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var body [100]byte
		n, _ := answer.Body.Read(body[:])
		answer.Body.Close()
		if answer.StatusCode != c.want || strings.Contains(string(body[:n]), "secret") {
			t.Errorf("%s %s: %d %q, want %d", c.method, c.path, answer.StatusCode, body[:n], c.want)
		}
		if want := "/healthz?js-enabled-only=true"; (c.want == 200 || c.want == 503) != (asked == want) {
			t.Errorf("%s %s asked %q", c.method, c.path, asked)
		}
	}
	nats.Close()
	if answer, err := http.Get(proxy.URL + "/healthz"); err != nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a server: %v, %v", answer, err)
	}
}

// A worker whose certificate is renewed on the disk shows the new one at its next connection, and outlives
// the time in which it has none that holds.
func TestRenewedCertificate(t *testing.T) {
	e := one(t, nil)
	b := e.work(t)
	said := func(message string) func() bool {
		n := len(b.told(func(e event) bool { return e.Message == message }))
		return func() bool { return len(b.told(func(e event) bool { return e.Message == message })) > n }
	}
	await(t, "a worker", said("working"))
	of := loopback.Subject{URIs: []string{e.Settings.URI(jobs.Bunny)}, Client: true, Ends: time.Now().Add(-time.Minute)}
	if _, err := e.Clients.Issue(string(jobs.Bunny), of); err != nil {
		t.Fatal(err)
	}
	e.Kill(0)
	if err := e.Start(0); err != nil {
		t.Fatal(err)
	}
	await(t, "a refusal", func() bool {
		return strings.Contains(e.Log(0), "certificate has expired") &&
			len(b.told(func(e event) bool {
				return e.Message == "not connected" && strings.Contains(e.Error, "expired certificate")
			})) > 0
	})
	again := said("connected again")
	of.Ends = time.Time{}
	if _, err := e.Clients.Issue(string(jobs.Bunny), of); err != nil {
		t.Fatal(err)
	}
	await(t, "a connection", again)
	ids := e.produce(t, "renewed", "job")
	e.idle(t)
	if got := b.ended(t, ids[0], 1); len(got) != 1 || got[0].Outcome != "done" {
		t.Errorf("%+v", got)
	}
}

func TestCommandLine(t *testing.T) {
	if code, out, _ := runArgs(t, nil); code != 0 || out != usage {
		t.Errorf("%d %q", code, out)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"wrok"}, `there is no command "wrok"`},
		{[]string{"work", "-hands", "0"}, "write 1 to 10000"},
		{[]string{"work", "-url", "http://x", "--", "cat"}, "name one"},
		{[]string{"produce", "-id", "a.b"}, "-id"},
		{[]string{"setup", "-such", "x"}, "-such"},
	} {
		if code, _, errs := runArgs(t, nil, c.args...); code != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%q: %d %s", c.args, code, errs)
		}
	}
	settings := t.TempDir() + "/settings.json"
	if err := os.WriteFile(settings, []byte(`{"duplicateWindow":"1m","servers":2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runArgs(t, nil, "setup", "-settings", settings); code != 1 || !strings.Contains(errs, "servers = 2") || !strings.Contains(errs, "duplicateWindow = 1m0s") {
		t.Errorf("%d %s", code, errs)
	}
}

// Flags come from the environment, too; the command line goes before it.
func TestEnvironment(t *testing.T) {
	env := map[string]string{"BUNNY_RELAY": "relay.example.com:1", "BUNNY_WAIT": "7s"}
	p := &program{errs: os.Stderr, env: func(name string) string { return env[name] }}
	f := p.flags("check").connecting()
	wait := f.Duration("wait", time.Second, "")
	if err := f.parse([]string{"-relay", "relay.example.com:2"}); err != nil || *f.relay != "relay.example.com:2" || *wait != 7*time.Second {
		t.Errorf("%v %v %v", err, *f.relay, *wait)
	}
	env["BUNNY_WAIT"] = "soon"
	f = p.flags("check").connecting()
	f.Duration("wait", time.Second, "")
	if err := f.parse(nil); err == nil || !strings.Contains(err.Error(), `BUNNY_WAIT = "soon"`) {
		t.Errorf("%v", err)
	}
}
