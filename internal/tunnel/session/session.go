package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/xtaci/smux"
)

// A Ticket is what SSM answers StartSession and ResumeSession with.
type Ticket struct{ SessionID, StreamURL, Token string }

// A Service is SSM's control plane, as far as a session needs it.
type Service interface {
	// Start starts a session on a node.
	Start(ctx context.Context) (Ticket, error)
	// Resume gives a new token for the data channel of a session that lives.
	Resume(ctx context.Context, sessionID string) (Ticket, error)
	// Terminate ends a session.
	Terminate(ctx context.Context, sessionID string) error
}

// Options are how a session behaves. The zero value is right.
type Options struct {
	// Log tells of reconnections; nil tells nobody. No token is ever in it.
	Log *slog.Logger
	// Ready is how long the agent may take from the start of the session until it
	// forwards; 0 is 30 s.
	Ready time.Duration
	// Silence is how long nothing may come although something should: an
	// acknowledgement, or the answer to a ping. After that the websocket is made anew,
	// and when that does not help either, the session ends; 0 is 45 s.
	Silence time.Duration
	// Reconnect is how long a lost websocket may stay lost; 0 is 2 minutes.
	Reconnect time.Duration
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&o.Ready, 30 * time.Second}, {&o.Silence, 45 * time.Second}, {&o.Reconnect, 2 * time.Minute}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	return o
}

// clientVersion is what is said to the agent: a version whose plugin speaks smux. Source:
// aws/session-manager-plugin, src/version and the agent's
// agent/session/plugins/port/port.go.
const clientVersion = "1.2.707.0"

// A Session forwards connections to the port that its document names.
type Session struct {
	c   *channel
	mux *smux.Session
}

// Dial starts a session and waits until its agent forwards.
func Dial(ctx context.Context, service Service, o Options) (*Session, error) {
	o = o.withDefaults()
	ticket, err := service.Start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start a session: %w", err)
	}
	c := newChannel(service, ticket, o)
	go c.run()
	ready, cancel := context.WithTimeout(ctx, o.Ready)
	defer cancel()
	select {
	case <-c.ready:
	case <-c.done:
		return nil, c.err
	case <-ready.Done():
		c.end(fmt.Errorf("the agent does not forward: %w", ready.Err()))
		<-c.done
		return nil, c.err
	}
	settings := smux.DefaultConfig()
	settings.KeepAliveDisabled = !c.agent.answersKeepAlives()
	settings.KeepAliveTimeout = o.Reconnect + o.Silence // streams outlive a lost websocket
	settings.KeepAliveInterval = settings.KeepAliveTimeout / 4
	mux, err := smux.Client(streams{c}, settings)
	if err != nil {
		c.end(err)
		<-c.done
		return nil, fmt.Errorf("streams of session %s: %w", ticket.SessionID, err)
	}
	go func() {
		<-c.done
		mux.Close()
	}()
	return &Session{c, mux}, nil
}

// Open opens a connection to the port. That nobody listens there shows at its first read.
func (s *Session) Open() (net.Conn, error) {
	stream, err := s.mux.OpenStream()
	if err != nil {
		return nil, fmt.Errorf("open a stream of session %s: %w", s.c.ticket.SessionID, errors.Join(s.Err(), err))
	}
	return conn{stream}, nil
}

// conn is a stream without its WriteTo, which calls the end of a stream an error.
type conn struct{ net.Conn }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.c.done }

// Err is why the session has ended, nil while it lives.
func (s *Session) Err() error {
	select {
	case <-s.c.done:
		return s.c.err
	default:
		return nil
	}
}

// ErrClosed is why a session has ended that was closed.
var ErrClosed = errors.New("the session was closed")

// Close ends the session, at the agent and at SSM.
func (s *Session) Close() error {
	s.mux.Close()
	s.c.terminate()
	s.c.end(ErrClosed)
	<-s.c.done
	return s.c.closing
}

// streams is the channel as smux sees it.
type streams struct{ c *channel }

func (s streams) Read(p []byte) (int, error) { return s.c.read.Read(p) }

func (s streams) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), payloadSize)]
		if err := s.c.send(payloadData, part); err != nil {
			return n, err
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

func (s streams) Close() error { return s.c.read.CloseWithError(io.ErrClosedPipe) }

// payloadSize is how much a message carries at most. Source: aws/session-manager-plugin
// src/config/config.go, StreamDataPayloadSize.
const payloadSize = 1024
