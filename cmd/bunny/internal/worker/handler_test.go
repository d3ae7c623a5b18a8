package worker

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCommand(t *testing.T) {
	job := Job{ID: "a-1", Attempt: 3, Data: []byte("data")}
	for _, c := range []struct {
		script    string
		result    string
		want      string // of the error
		permanent bool
	}{
		{`cat; echo " $BURROW_JOB_ID $BURROW_ATTEMPT"; echo noise >&2`, "data a-1 3\n", "", false},
		{"true", "", "", false},
		{"exit 1", "", "exit status 1", false},
		{"kill -SEGV $$", "", "signal: segmentation fault", false},
		{"echo secret >&2; exit 65", "", "exit code 65", true},
		{"head -c 200 /dev/zero", "", "larger than 100 bytes", true},
	} {
		got, err := Command{Args: []string{"sh", "-c", c.script}, Limit: 100}.Do(t.Context(), job)
		if string(got) != c.result || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v", c.script, got, err)
		}
		if errors.As(err, &Permanent{}) != c.permanent {
			t.Errorf("%s: %v is permanent: %t", c.script, err, !c.permanent)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v quotes what the command said", c.script, err)
		}
	}
	if _, err := (Command{Args: []string{"/no/such/command"}}).Do(t.Context(), job); err == nil || errors.As(err, &Permanent{}) {
		t.Errorf("%v", err)
	}
}

// What a command started ends with it, so that it does not go on while another attempt runs.
func TestCommandEndsWithAllItStarted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	why := errors.New("too long")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for ctx.Err() == nil {
			if text, err := os.ReadFile(file); err == nil && strings.HasSuffix(string(text), "\n") {
				cancel(why)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	_, err := Command{Args: []string{"sh", "-c", `sleep 600 & echo $! > "$0"; wait`, file}, Limit: 100}.Do(ctx, Job{})
	if !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(10 * time.Second); running(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("what the command started runs on")
		}
	}
}

// running reports whether a process is there and has not ended. One that ended stays there as a zombie until
// whoever inherited it asks; only Linux tells them apart here.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestHTTP(t *testing.T) {
	status, answer := 200, "result"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Burrow-Job-Id") != "a-1" || r.Header.Get("Burrow-Attempt") != "3" {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	for _, c := range []struct {
		status          int
		answer          string
		want            string
		failed, forever bool
	}{
		{200, "result", "result", false, false},
		{202, "", "", false, false},
		{404, "secret", "", true, true},
		{422, "secret", "", true, true},
		{408, "", "", true, false},
		{429, "", "", true, false},
		{500, "secret", "", true, false},
		{503, "", "", true, false},
		{200, strings.Repeat("x", 101), "", true, true},
	} {
		status, answer = c.status, c.answer
		got, err := HTTP{URL: server.URL, Client: server.Client(), Limit: 100}.Do(t.Context(), Job{ID: "a-1", Attempt: 3, Data: []byte("data")})
		if string(got) != c.want || (err != nil) != c.failed || errors.As(err, &Permanent{}) != c.forever {
			t.Errorf("status %d: %q, %v", c.status, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v quotes the answer", err)
		}
	}
	server.Close()
	if _, err := (HTTP{URL: server.URL, Client: http.DefaultClient, Limit: 100}).Do(t.Context(), Job{}); err == nil || errors.As(err, &Permanent{}) {
		t.Errorf("%v", err)
	}
}
