// Package client connects to relay as one of its identities, and tells why it refused something.
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"burrow/internal/jobs"
)

// Options say to what and as whom to connect.
type Options struct {
	// Servers are addresses, as host:port. Behind a load balancer there is one.
	Servers []string
	// Name is relay's, which its certificate has to carry whatever Servers says.
	Name string
	// Identity is what the certificate says; it decides where answers are heard.
	Identity jobs.Identity
	// Files are read at each connection, so that a changed certificate holds from the next one on.
	Files jobs.Files
	Log   *slog.Logger
	// Persist waits for a relay that cannot be reached or refuses, from the first
	// connection on. Otherwise the first that fails is an error.
	Persist bool
}

// Connect connects. A connection that is lost is made again for as long as it takes.
func Connect(o Options) (*nats.Conn, jetstream.JetStream, error) {
	urls := make([]string, len(o.Servers))
	for i, server := range o.Servers {
		urls[i] = "tls://" + server
	}
	closed := make(chan struct{})
	options := []nats.Option{
		nats.Name(string(o.Identity)),
		nats.CustomInboxPrefix(o.Identity.Inbox()),
		nats.Secure(&tls.Config{MinVersion: tls.VersionTLS13, ServerName: o.Name}),
		nats.ClientTLSConfig(func() (tls.Certificate, error) { return tls.LoadX509KeyPair(o.Files.Certificate, o.Files.Key) }, o.authorities),
		nats.TLSHandshakeFirst(),
		nats.Timeout(5 * time.Second),
		nats.PingInterval(jobs.Ping),
		nats.MaxPingsOutstanding(2),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, time.Second),
		// What cannot be sent is an error at once, and is sent again by who knows whether it still matters.
		nats.ReconnectBufSize(-1),
		nats.RetryOnFailedConnect(o.Persist),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				o.Log.Warn("connection lost", "error", err.Error())
			}
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }),
		nats.ConnectHandler(func(c *nats.Conn) { o.Log.Info("connected", "server", c.ConnectedServerName()) }),
		nats.ReconnectHandler(func(c *nats.Conn) { o.Log.Info("connected again", "server", c.ConnectedServerName()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { o.Log.Error("relay", "error", err.Error()) }),
	}
	if o.Persist {
		// An expired certificate is refused until there is a new one; that is no reason to give up.
		options = append(options, nats.IgnoreAuthErrorAbort())
	}
	c, err := nats.Connect(strings.Join(urls, ","), options...)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to relay at %s as %s: %w", strings.Join(o.Servers, ", "), o.Identity, err)
	}
	js, err := jetstream.New(c, jetstream.WithDefaultTimeout(5*time.Second))
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	if o.Persist {
		go complain(c, closed, o.Log)
	}
	return c, js, nil
}

// complain says why there is no connection, again and again while there is none: the library tries on without a word.
func complain(c *nats.Conn, closed <-chan struct{}, log *slog.Logger) {
	const first, last = time.Second, time.Minute
	pause := first
	for {
		select {
		case <-closed:
			return
		case <-time.After(pause):
		}
		if c.IsConnected() {
			pause = first
			continue
		}
		pause = min(2*pause, last)
		why := "none yet"
		if err := c.LastError(); err != nil {
			why = err.Error()
		}
		log.Warn("not connected", "error", why)
	}
}

func (o Options) authorities() (*x509.CertPool, error) {
	text, err := os.ReadFile(o.Files.Authority)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", o.Files.Authority)
	}
	return pool, nil
}

// Why relay refused a message for good.
var (
	ErrExists   = errors.New("there is one with this id already")
	ErrFull     = errors.New("the stream is full")
	ErrTooLarge = errors.New("the message is larger than relay takes")
)

// codeStoreFailed and codeTooLarge are JSStreamStoreFailedF and JSStreamMessageExceedsMaximumErr of nats-server's
// server/errors.json. What failed to be stored says why in words alone (server/store.go).
const (
	codeStoreFailed jetstream.ErrorCode = 10077
	codeTooLarge    jetstream.ErrorCode = 10054
)

// Refusal names the reason of a refusal, keeping the error; another error stays as it is.
func Refusal(err error) error {
	api := &jetstream.APIError{}
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case !errors.As(err, &api):
		return err
	case api.ErrorCode == codeTooLarge:
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case api.ErrorCode == codeStoreFailed && strings.Contains(api.Description, "messages per subject"):
		return fmt.Errorf("%w: %w", ErrExists, err)
	case api.ErrorCode == codeStoreFailed && strings.Contains(api.Description, "maximum bytes"):
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// Publish publishes a message of an id on a stream's subject of that id, and waits until it is stored. It
// tries until ctx ends; relay knows the id, so that the message is stored once. What relay refuses
// for good ends it at once: ErrExists and ErrTooLarge, and ErrFull unless wait says to wait for room.
// repeated reports that relay knew the id.
func Publish(ctx context.Context, js jetstream.JetStream, stream, id string, header nats.Header, data []byte, wait bool) (repeated bool, err error) {
	m := &nats.Msg{Subject: stream + "." + id, Header: header, Data: data}
	if m.Header == nil {
		m.Header = nats.Header{}
	}
	m.Header.Set(nats.MsgIdHdr, id)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		var ack *jetstream.PubAck
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		ack, err = js.PublishMsg(attempt, m)
		cancel()
		if err == nil {
			return ack.Duplicate, nil
		}
		err = Refusal(err)
		if errors.Is(err, ErrExists) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrFull) && !wait {
			return errors.Is(err, ErrExists), err
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("publish on %s: %w", m.Subject, err)
		case <-time.After(pause):
		}
	}
}
