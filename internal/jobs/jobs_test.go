package jobs

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestDefaultsHaveNoProblems(t *testing.T) {
	for _, servers := range []int{1, 3, 5} {
		s := Defaults()
		s.Servers = servers
		if problems := s.Problems(); len(problems) != 0 {
			t.Errorf("%d servers: %v", servers, problems)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		change func(*Settings)
		want   string // fields, separated by spaces
	}{
		{func(s *Settings) { s.Name = "relay" }, "name"},
		{func(s *Settings) { s.Name = "Relay.example.com" }, "name"},
		{func(s *Settings) { s.Name = `relay.example.com" }` }, "name"},
		{func(s *Settings) { s.Servers = 0 }, "servers"},
		{func(s *Settings) { s.Servers = 2 }, "servers"},
		{func(s *Settings) { s.Servers = 7 }, "servers"},
		{func(s *Settings) { s.MaxPayload = 100 }, "maxPayload"},
		{func(s *Settings) { s.MaxPayload = 9 << 20 }, "maxPayload"},
		{func(s *Settings) { s.AckWait = Duration(time.Millisecond) }, "ackWait"},
		{func(s *Settings) { s.AckWait = Duration(14 * time.Minute) }, "ackWait"},
		{func(s *Settings) { s.LongestJob = 0 }, "longestJob"},
		{func(s *Settings) { s.LongestJob = Duration(29*time.Minute + 30*time.Second) }, "duplicateWindow"},
		{func(s *Settings) { s.DuplicateWindow = s.AckWait + s.LongestJob }, "duplicateWindow"},
		{func(s *Settings) { s.DuplicateWindow = Duration(8 * 24 * time.Hour) }, "resultsAge"},
		{func(s *Settings) { s.DeadAge = s.DuplicateWindow - 1 }, "deadAge"},
		{func(s *Settings) { s.MaxDeliveries = 0 }, "maxDeliveries"},
		{func(s *Settings) { s.MaxDeliveries = 101 }, "maxDeliveries"},
		{func(s *Settings) { s.Backoff = nil }, "backoff"},
		{func(s *Settings) { s.Backoff[1] = Duration(2 * time.Hour) }, "backoff[1]"},
		{func(s *Settings) { s.Backoff[0] = -1 }, "backoff[0]"},
		{func(s *Settings) { s.MaxAckPending = 0 }, "maxAckPending"},
		{func(s *Settings) { s.JobsBytes = 1 << 20 }, "jobsBytes"},
		{func(s *Settings) { s.ResultsBytes, s.DeadBytes = 0, -1 }, "resultsBytes deadBytes"},
		{func(s *Settings) { s.JobsBytes = 5 << 30 }, "volumeBytes"},
		{func(s *Settings) { s.VolumeBytes = 8 << 30 }, "volumeBytes"},
		{func(s *Settings) { s.AllowLoss = []string{"resultsAge", "ackWait"} }, "allowLoss"},
		{func(s *Settings) { s.RoutePort = s.ClientPort }, "routePort"},
		{func(s *Settings) { s.MonitorPort = 80 }, "monitorPort"},
		{func(s *Settings) { s.ClientPort = 70000 }, "clientPort"},
		{func(s *Settings) { s.Store = "data" }, "store"},
		{func(s *Settings) { s.Store = "/data\"\nlisten: 1" }, "store"},
		{func(s *Settings) { s.ClientTLS.Key = "" }, "clientTLS.key"},
		{func(s *Settings) { s.RouteTLS.Authority = s.ClientTLS.Authority }, "routeTLS.authority"},
		{func(s *Settings) { s.Servers, s.MaxDeliveries = 4, -1 }, "servers maxDeliveries"},
	} {
		s := Defaults()
		s.Backoff = append([]Duration(nil), s.Backoff...)
		c.change(&s)
		var fields []string
		for _, p := range s.Problems() {
			fields = append(fields, p.Field)
			if p.Value == "" && p.Field != "clientTLS.key" || p.Reason == "" || p.Remedy == "" {
				t.Errorf("%+v says too little", p)
			}
		}
		if got := strings.Join(fields, " "); got != c.want {
			t.Errorf("got problems of %q, want %q", got, c.want)
		}
	}
}

// What a remedy says to write is no problem.
func TestRemedyOfTheVolume(t *testing.T) {
	s := Defaults()
	s.VolumeBytes = 2 << 30
	problems := s.Problems()
	if len(problems) != 1 {
		t.Fatal(problems)
	}
	if _, err := fmt.Sscanf(problems[0].Remedy, "write %d or more", &s.VolumeBytes); err != nil {
		t.Fatal(err)
	}
	if problems := s.Problems(); len(problems) != 0 {
		t.Error(problems)
	}
	s.VolumeBytes -= 5
	if len(s.Problems()) != 1 {
		t.Error("it says to write more than is needed")
	}
}

func TestRead(t *testing.T) {
	s, err := Read(strings.NewReader(`{"ackWait": "45s", "servers": 5}`))
	if err != nil || s.AckWait != Duration(45*time.Second) || s.Servers != 5 || s.MaxPayload != 1<<20 {
		t.Errorf("%+v, %v", s, err)
	}
	again, err := Read(strings.NewReader(s.JSON()))
	if err != nil || again.JSON() != s.JSON() {
		t.Errorf("%v: %s", err, again.JSON())
	}
	for text, want := range map[string]string{`{"ackwait2": "1s"}`: "ackwait2", `{"ackWait": "soon"}`: `"soon" is no duration`, `{"ackWait": 5}`: "ackWait"} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestRetry(t *testing.T) {
	s := Defaults()
	for n, want := range map[int]time.Duration{1: time.Second, 2: 10 * time.Second, 4: 5 * time.Minute, 99: 5 * time.Minute} {
		if got := s.Retry(n); got != want {
			t.Errorf("after failure %d: %v, want %v", n, got, want)
		}
	}
}

// The text for Kubernetes; that NATS takes it is tried by bunny's tests, with other addresses.
func TestServerConfig(t *testing.T) {
	s := Defaults()
	text := ServerConfig(s, s.Kubernetes("queue"))
	for _, want := range []string{
		"server_name: $POD_NAME\n", "advertise: $RELAY_ROUTE\n", `listen: "0.0.0.0:8443"`, `listen: "0.0.0.0:6222"`, `http: "127.0.0.1:8222"`,
		"handshake_first: true", "verify_and_map: true", "no_advertise: true", `ping_interval: "20s"`, "max_payload: 1114112\n", "sync_interval: always",
		`"nats-route://relay-0.relay-routes.queue.svc.cluster.local:6222"`, `"nats-route://relay-2.relay-routes.queue.svc.cluster.local:6222"`,
		`authorization { user: "spiffe://relay.private.aws.internal/route"`, `user: "spiffe://relay.private.aws.internal/bunny"`, "trace: false", `lame_duck_duration: "30s"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "relay-3") || strings.Contains(text, "password") {
		t.Error(text)
	}
	s.Servers = 1
	if text := ServerConfig(s, s.Kubernetes("queue")); strings.Contains(text, "cluster {") {
		t.Errorf("one server alone is no cluster:\n%s", text)
	}
}

// Nobody but setup changes streams, nobody deletes or purges, and each hears its own answers alone.
func TestPermissionsAreNarrow(t *testing.T) {
	s := Defaults()
	for _, of := range Clients {
		may := s.Permissions(of)
		if len(may.Publish) == 0 {
			t.Errorf("%s may say nothing", of)
		}
		if len(may.Subscribe) != 1 || may.Subscribe[0] != "_INBOX_"+string(of)+".>" {
			t.Errorf("%s may hear %q", of, may.Subscribe)
		}
		for _, subject := range may.Publish {
			if strings.Contains(subject, "DELETE") || strings.Contains(subject, "PURGE") || strings.HasPrefix(subject, "*") || subject == ">" {
				t.Errorf("%s may say %s", of, subject)
			}
			if of != Setup && (strings.Contains(subject, "CREATE") || strings.Contains(subject, "UPDATE")) {
				t.Errorf("%s may say %s", of, subject)
			}
		}
	}
}

// The server that tests run is the one that Version names.
func TestVersion(t *testing.T) {
	file, err := os.Open("../../cmd/bunny/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "github.com/nats-io/nats-server/v2" && fields[1] == Version {
			return
		}
	}
	t.Errorf("bunny's go.mod does not require nats-server %s", Version)
}
