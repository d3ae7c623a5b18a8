package jobs

import "time"

// Names of the streams. A message's subject is the stream's name, a dot and the message's id.
const (
	Jobs    = "jobs"
	Results = "results"
	Dead    = "dead"
	Canary  = "canary"
)

// CanaryBytes and CanaryAge bound what checks leave behind.
const (
	CanaryBytes = 1 << 20
	CanaryAge   = 5 * time.Minute
)

// Headers of messages, besides Nats-Msg-Id, which is the job's id.
const (
	HeaderSum      = "Burrow-Job-Sha256" // of the job's bytes, as the worker had them, in hex
	HeaderAttempt  = "Burrow-Attempt"    // which attempt it was, from 1
	HeaderDuration = "Burrow-Duration"   // of that attempt, as Go writes durations
	HeaderReason   = "Burrow-Reason"     // why a job is dead, in a line
)

// A Stream is one of JetStream's. All are kept in files, on every server.
type Stream struct {
	Name     string
	Subjects []string
	About    string // for people
	// WorkQueue keeps a message until it is acknowledged; otherwise until a limit is met.
	WorkQueue bool
	// MaxBytes is the most that it holds. RefuseNew refuses what is over it; otherwise the oldest go.
	MaxBytes  int64
	RefuseNew bool
	// OnePerSubject refuses another message of a subject while there is one.
	OnePerSubject bool
	// MaxMessage is the size of the largest message, headers counted, in bytes.
	MaxMessage int64
	// MaxAge is how long messages are kept; 0 is for ever.
	MaxAge time.Duration
	// DuplicateWindow is how long message ids are known.
	DuplicateWindow time.Duration
	Replicas        int
	// BytesKey and AgeKey are the settings that MaxBytes and MaxAge come from.
	BytesKey, AgeKey string
}

// A Consumer is a durable pull consumer with explicit acknowledgements of a stream's
// every message. It counts no deliveries and has no backoff; the package's comment says why.
type Consumer struct {
	Stream, Name  string
	About         string
	AckWait       time.Duration
	MaxAckPending int
}

// Streams are relay's.
func (s Settings) Streams() []Stream {
	window := time.Duration(s.DuplicateWindow)
	return []Stream{
		{
			Name: Jobs, Subjects: []string{"jobs.*"}, About: "jobs that wait or run",
			WorkQueue: true, MaxBytes: s.JobsBytes, RefuseNew: true, OnePerSubject: true, MaxMessage: s.MaxPayload,
			DuplicateWindow: window, Replicas: s.Servers, BytesKey: "jobsBytes",
		},
		{
			Name: Results, Subjects: []string{"results.*"}, About: "what came of jobs",
			MaxBytes: s.ResultsBytes, RefuseNew: true, OnePerSubject: true, MaxMessage: s.MaxPayload + Headroom,
			MaxAge: time.Duration(s.ResultsAge), DuplicateWindow: window, Replicas: s.Servers, BytesKey: "resultsBytes", AgeKey: "resultsAge",
		},
		{
			Name: Dead, Subjects: []string{"dead.*"}, About: "jobs that failed for good",
			MaxBytes: s.DeadBytes, RefuseNew: true, OnePerSubject: true, MaxMessage: s.MaxPayload + Headroom,
			MaxAge: time.Duration(s.DeadAge), DuplicateWindow: window, Replicas: s.Servers, BytesKey: "deadBytes", AgeKey: "deadAge",
		},
		{
			Name: Canary, Subjects: []string{"canary.*"}, About: "checks of the whole way",
			MaxBytes: CanaryBytes, MaxMessage: 1 << 10,
			MaxAge: CanaryAge, DuplicateWindow: CanaryAge, Replicas: s.Servers,
		},
	}
}

// Consumers are relay's: bunny's of jobs, and the producer's of what came of them.
func (s Settings) Consumers() []Consumer {
	consumers := []Consumer{{Stream: Jobs, Name: string(Bunny), About: "bunny's jobs"}}
	for _, stream := range []string{Results, Dead} {
		consumers = append(consumers, Consumer{Stream: stream, Name: string(Producer), About: "what the producer has not read yet"})
	}
	for i := range consumers {
		consumers[i].AckWait, consumers[i].MaxAckPending = time.Duration(s.AckWait), s.MaxAckPending
	}
	return consumers
}
