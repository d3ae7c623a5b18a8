package jobs

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Version is that of nats-server. The module of bunny has it in its go.mod, too.
const Version = "v2.15.2"

// Headroom is what a result or a dead job may be larger than the largest job, in bytes: the
// headers that bunny adds.
const Headroom = 64 << 10

// LameDuck is how long a server that is told to go takes to send its clients elsewhere. NATS takes
// no less (server/opts.go). Whoever ends a server has to wait a little longer than this.
const LameDuck = 30 * time.Second

// A Duration is a time.Duration that is written as Go writes it in JSON, for example "30s".
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes it as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration: write 30s, 5m or 1h30m", text)
	}
	*d = Duration(parsed)
	return nil
}

// Files are paths of PEM files: a certificate, its key, and the authorities that the other side's
// certificate has to come from.
type Files struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Authority   string `json:"authority"`
}

// Settings are everything about relay that somebody may choose.
type Settings struct {
	// Name is the DNS name by which clients know relay. It is in the servers' certificates, and
	// the trust domain of identities.
	Name string `json:"name"`
	// Servers are 1, 3 or 5. Every stream is on every one of them.
	Servers int `json:"servers"`

	// MaxPayload is the size of the largest job in bytes, its headers counted. 1 KiB to 8 MiB.
	MaxPayload int64 `json:"maxPayload"`
	// AckWait is how long relay waits for a sign of life of who holds a job before it gives the
	// job to somebody else. A worker gives three in that time. 1 s to 10 min.
	AckWait Duration `json:"ackWait"`
	// LongestJob is how long a job may run before it counts as failed. 1 s to 24 h.
	LongestJob Duration `json:"longestJob"`
	// MaxDeliveries is how often a job is tried before it is moved to dead. 1 to 100.
	MaxDeliveries int `json:"maxDeliveries"`
	// Backoff is the wait after the first failure, the second and so on; the last holds
	// for all that follow. At least one, each 0 to 1 h.
	Backoff []Duration `json:"backoff"`
	// MaxAckPending is how many jobs may be held or wait for another attempt at once. At this many,
	// relay gives out no other. 1 to 100,000.
	MaxAckPending int `json:"maxAckPending"`
	// DuplicateWindow is how long relay knows message ids. Longer than AckWait and LongestJob together.
	DuplicateWindow Duration `json:"duplicateWindow"`
	// ResultsAge and DeadAge are how long results and dead jobs are kept. Not shorter than
	// DuplicateWindow.
	ResultsAge Duration `json:"resultsAge"`
	DeadAge    Duration `json:"deadAge"`

	// JobsBytes, ResultsBytes and DeadBytes are what the streams hold at most, in bytes, on each
	// server. Together, they and the canary's CanaryBytes are at most StoreBytes.
	JobsBytes    int64 `json:"jobsBytes"`
	ResultsBytes int64 `json:"resultsBytes"`
	DeadBytes    int64 `json:"deadBytes"`
	// VolumeBytes is the size of each server's volume.
	VolumeBytes int64 `json:"volumeBytes"`
	// LazySync leaves it to the system when messages reach the disk, up to two minutes later. Then
	// servers that all lose their power at once lose what they had confirmed; with false each
	// write is on a majority's disks before it is confirmed.
	LazySync bool `json:"lazySync"`
	// AllowLoss names the settings that may be changed although messages are lost by that, such as
	// resultsAge.
	AllowLoss []string `json:"allowLoss,omitempty"`

	// ClientPort is where clients connect, RoutePort where servers connect to each other. MonitorPort
	// is NATS's HTTP, on 127.0.0.1 alone.
	ClientPort  int `json:"clientPort"`
	RoutePort   int `json:"routePort"`
	MonitorPort int `json:"monitorPort"`
	// Store is the directory on the volume.
	Store string `json:"store"`
	// ClientTLS is what servers show clients, and whose clients they trust. RouteTLS is for their
	// connections to each other, by authorities of their own.
	ClientTLS Files `json:"clientTLS"`
	RouteTLS  Files `json:"routeTLS"`
}

// Defaults are three servers of 10 GiB for jobs of up to a MiB and a quarter of an hour.
func Defaults() Settings {
	const gib = 1 << 30
	return Settings{
		Name:            "relay.private.aws.internal",
		Servers:         3,
		MaxPayload:      1 << 20,
		AckWait:         Duration(30 * time.Second),
		LongestJob:      Duration(15 * time.Minute),
		MaxDeliveries:   5,
		Backoff:         []Duration{Duration(time.Second), Duration(10 * time.Second), Duration(time.Minute), Duration(5 * time.Minute)},
		MaxAckPending:   10_000,
		DuplicateWindow: Duration(30 * time.Minute),
		ResultsAge:      Duration(7 * 24 * time.Hour),
		DeadAge:         Duration(30 * 24 * time.Hour),
		JobsBytes:       3 * gib,
		ResultsBytes:    3 * gib,
		DeadBytes:       gib,
		VolumeBytes:     10 * gib,
		ClientPort:      8443,
		RoutePort:       6222,
		MonitorPort:     8222,
		Store:           "/data",
		ClientTLS:       Files{"/etc/relay/clients/tls.crt", "/etc/relay/clients/tls.key", "/etc/relay/clients/ca.crt"},
		RouteTLS:        Files{"/etc/relay/routes/tls.crt", "/etc/relay/routes/tls.key", "/etc/relay/routes/ca.crt"},
	}
}

// Read reads settings as JSON; what it leaves out is as in Defaults. An unknown key is an error.
func Read(r io.Reader) (Settings, error) {
	s := Defaults()
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, fmt.Errorf("read relay's settings: %w", err)
	}
	return s, nil
}

// JSON are the settings as Read reads them.
func (s Settings) JSON() string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic(err) // plain values
	}
	return b.String()
}

// StoreBytes is the part of the volume that messages may fill: four fifths. The rest is for the
// Raft logs, in which each message stands once more until the next snapshot, indexes and
// the file system.
func (s Settings) StoreBytes() int64 { return s.VolumeBytes / 5 * 4 }

// Retry is the wait before the next attempt after n failed, counted from 1.
func (s Settings) Retry(n int) time.Duration {
	if len(s.Backoff) == 0 {
		return 0
	}
	return time.Duration(s.Backoff[min(max(n, 1), len(s.Backoff))-1])
}
