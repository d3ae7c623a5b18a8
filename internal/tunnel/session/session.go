package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
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

// A Session forwards connections to the port that its document names: any number at once,
// or, where the agent is too old for streams, one, with which the session ends.
type Session struct {
	c   *channel
	mux *smux.Session // nil with an old agent
	one atomic.Bool   // its connection was opened
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
	s := &Session{c: c}
	if !c.agent.hasStreams() {
		return s, nil
	}
	settings := smux.DefaultConfig()
	settings.KeepAliveDisabled = !c.agent.keepsAlive()
	settings.KeepAliveTimeout = o.Reconnect + o.Silence // streams outlive a lost websocket
	settings.KeepAliveInterval = settings.KeepAliveTimeout / 4
	if s.mux, err = smux.Client(streams{c}, settings); err != nil {
		c.end(err)
		<-c.done
		return nil, fmt.Errorf("streams of session %s: %w", ticket.SessionID, err)
	}
	go func() {
		select {
		case <-c.done:
			s.mux.Close()
		case <-s.mux.CloseChan(): // nothing kept it alive
			c.end(errors.New("the agent answers no pings"))
		}
	}()
	return s, nil
}

// ErrOne is why an old agent's session opens no second connection.
var ErrOne = errors.New("the node's SSM agent forwards one connection in a session")

// Open opens a connection to the port. That nobody listens there shows at its first read.
//
// Agents know no connection that is closed in one direction: closing either closes both.
// Source: aws/amazon-ssm-agent agent/session/plugins/port/port_mux.go, handleDataTransfer.
func (s *Session) Open() (io.ReadWriteCloser, error) {
	if s.mux == nil {
		switch {
		case s.Err() != nil:
			return nil, s.Err()
		case s.one.Swap(true):
			return nil, ErrOne
		}
		return &conn{s: s, ReadWriteCloser: plain{s}, refused: s.c.refused.Load()}, nil
	}
	refused := s.c.refused.Load()
	// smux knows a stream only after it has asked for it, and loses an answer that is faster.
	s.c.opening.Lock()
	stream, err := s.mux.OpenStream()
	s.c.opening.Unlock()
	if err != nil {
		return nil, fmt.Errorf("open a stream of session %s: %w", s.c.ticket.SessionID, errors.Join(s.Err(), err))
	}
	return &conn{s: s, ReadWriteCloser: stream, refused: refused}, nil
}

// A conn is a connection that tells a clean end from a cut.
type conn struct {
	io.ReadWriteCloser
	s       *Session
	heard   bool
	refused int64 // how often the node could not connect when it was opened
}

// ErrPort is how a connection ends to a port that the node cannot connect to.
var ErrPort = errors.New("the node cannot connect to the port")

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(p)
	c.heard = c.heard || n > 0
	switch {
	case err == nil:
	case c.s.mux != nil && c.s.mux.IsClosed(): // which smux calls io.EOF
		err = errors.Join(io.ErrUnexpectedEOF, c.s.Err())
	case err == io.EOF && !c.heard && c.s.c.refused.Load() > c.refused:
		err = ErrPort // of the streams that were just opened, whichever it was
	}
	return n, err
}

// plain is the channel as the one connection of an old agent.
type plain struct{ s *Session }

func (p plain) Read(data []byte) (int, error)  { return p.s.c.read.Read(data) }
func (p plain) Write(data []byte) (int, error) { return streams{p.s.c}.Write(data) }
func (p plain) Close() error                   { return p.s.Close() }

// ID is SSM's id of the session.
func (s *Session) ID() string { return s.c.ticket.SessionID }

// Stuck says for how long the session has not done what it was asked to: there is no
// websocket, or the agent acknowledges nothing. It may still recover.
func (s *Session) Stuck() time.Duration { return s.c.stuck() }

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
