package langhost

import (
	"bytes"
	"context"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// The engine keeps lines of one stream together.
const (
	stdoutStream = 1
	stderrStream = 2
)

// lines sends what is written to it to the engine's log, a line at a time, as
// the engine does with the output of a host that it started itself.
type lines struct {
	engine pulumirpc.EngineClient
	stream int32

	mu   sync.Mutex
	rest []byte // the line that has not ended yet
}

func newLines(engine pulumirpc.EngineClient, stream int32) *lines {
	return &lines{engine: engine, stream: stream}
}

// Write never fails: a program must not die because nobody reads its output.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, ended := bytes.Cut(l.rest, []byte("\n"))
		if !ended {
			return len(p), nil
		}
		_ = l.send(line)
		l.rest = rest
	}
}

// Close sends a last line without an end.
func (l *lines) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) == 0 {
		return nil
	}
	return l.send(l.rest)
}

func (l *lines) send(line []byte) error {
	_, err := l.engine.Log(context.Background(), &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_INFO,
		Message:  string(line) + "\n",
		StreamId: l.stream,
	})
	return err
}
