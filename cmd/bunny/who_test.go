package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"burrow/cmd/bunny/internal/client"
	"burrow/internal/jobs"
	"burrow/internal/jobs/loopback"
)

// said are subjects that somebody might publish on: everything that JetStream's API knows of the
// streams, what they hold, answers to others, and the servers' own.
func said(s jobs.Settings) []string {
	all := []string{
		"elsewhere", "$JS.API.INFO", "$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES", "$JS.API.META.LEADER.STEPDOWN", "$JS.API.SERVER.REMOVE",
		"$JS.API.ACCOUNT.PURGE.RELAY", "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.ACCOUNT.RELAY.CONNZ", "$SYS.REQ.SERVER.X.RELOAD", "$SYS.REQ.SERVER.X.KICK",
		"$SYS.REQ.SERVER.X.VARZ", "_INBOX.x", "$JS.API.STREAM.CREATE.other", "$JS.FC.jobs.bunny.x",
	}
	for _, of := range jobs.Clients {
		all = append(all, of.Inbox()+".x")
	}
	for _, stream := range s.Streams() {
		n := stream.Name
		all = append(all, n, n+".x", n+".x.y", "$JS.API.DIRECT.GET."+n, "$JS.API.DIRECT.GET."+n+"."+n+".x", "$JS.API.CONSUMER.LIST."+n, "$JS.API.CONSUMER.NAMES."+n)
		for _, verb := range []string{"INFO", "CREATE", "UPDATE", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE", "PEER.REMOVE", "LEADER.STEPDOWN"} {
			all = append(all, "$JS.API.STREAM."+verb+"."+n)
		}
		for _, consumer := range []string{"bunny", "producer", "other"} {
			for _, verb := range []string{"INFO", "CREATE", "DURABLE.CREATE", "DELETE", "MSG.NEXT", "PAUSE", "RESET", "UNPIN", "LEADER.STEPDOWN"} {
				all = append(all, "$JS.API.CONSUMER."+verb+"."+n+"."+consumer)
			}
			all = append(all, "$JS.API.CONSUMER.CREATE."+n+"."+consumer+"."+n+".x", "$JS.ACK."+n+"."+consumer+".1.1.1.1.1")
		}
	}
	return all
}

// may is what each identity may say of that, and nothing else.
var may = map[jobs.Identity][]string{
	jobs.Bunny: {
		"results.x", "dead.x", "$JS.API.CONSUMER.INFO.jobs.bunny", "$JS.API.CONSUMER.MSG.NEXT.jobs.bunny", "$JS.ACK.jobs.bunny.1.1.1.1.1",
		"$JS.API.DIRECT.GET.results.results.x",
	},
	jobs.Producer: {
		"jobs.x", "$JS.API.CONSUMER.INFO.results.producer", "$JS.API.CONSUMER.MSG.NEXT.results.producer", "$JS.ACK.results.producer.1.1.1.1.1",
		"$JS.API.CONSUMER.INFO.dead.producer", "$JS.API.CONSUMER.MSG.NEXT.dead.producer", "$JS.ACK.dead.producer.1.1.1.1.1",
	},
	jobs.Check: {"canary.x", "$JS.API.STREAM.MSG.GET.canary"},
	jobs.Setup: {
		"$JS.API.STREAM.INFO.jobs", "$JS.API.STREAM.CREATE.jobs", "$JS.API.STREAM.UPDATE.jobs",
		"$JS.API.STREAM.INFO.results", "$JS.API.STREAM.CREATE.results", "$JS.API.STREAM.UPDATE.results",
		"$JS.API.STREAM.INFO.dead", "$JS.API.STREAM.CREATE.dead", "$JS.API.STREAM.UPDATE.dead",
		"$JS.API.STREAM.INFO.canary", "$JS.API.STREAM.CREATE.canary", "$JS.API.STREAM.UPDATE.canary",
		"$JS.API.CONSUMER.INFO.jobs.bunny", "$JS.API.CONSUMER.CREATE.jobs.bunny",
		"$JS.API.CONSUMER.INFO.results.producer", "$JS.API.CONSUMER.CREATE.results.producer",
		"$JS.API.CONSUMER.INFO.dead.producer", "$JS.API.CONSUMER.CREATE.dead.producer",
	},
	jobs.System: {"$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.SERVER.X.VARZ", "$JS.API.META.LEADER.STEPDOWN", "$JS.API.SERVER.REMOVE"},
}

// Every subject is tried by every identity, against a real server.
func TestWhoMaySayWhat(t *testing.T) {
	t.Parallel()
	e := start(t, func(s *jobs.Settings) { s.Servers = 1 })
	for _, as := range jobs.Clients {
		t.Run(string(as), func(t *testing.T) {
			c, _ := e.connect(t, as)
			var mu sync.Mutex
			denied := map[string]bool{}
			c.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
				mu.Lock()
				defer mu.Unlock()
				// nats: permissions violation: Permissions Violation for Publish to "jobs.x"
				if parts := strings.Split(err.Error(), `"`); len(parts) == 3 && errors.Is(err, nats.ErrPermissionViolation) {
					denied[parts[0][strings.LastIndex(parts[0], "for "):]+parts[1]] = true
				}
			})
			is := func(what string) bool {
				mu.Lock()
				defer mu.Unlock()
				return denied[what]
			}
			subjects := said(e.Settings)
			for _, subject := range subjects {
				if err := c.Publish(subject, nil); err != nil {
					t.Fatal(err)
				}
			}
			heard := []string{
				">", "*", "jobs.>", "jobs.*", "results.*", "dead.*", "canary.*", "$JS.>", "$JS.ACK.>", "$JS.API.>", "$JS.EVENT.>", "$SYS.>", "_INBOX.>", "_INBOX.*",
				"$SYS.REQ.SERVER.PING", "_R_.>",
			}
			for _, of := range jobs.Clients {
				heard = append(heard, of.Inbox()+".>", of.Inbox()+".*")
			}
			for _, subject := range heard {
				if _, err := c.SubscribeSync(subject); err != nil {
					t.Fatal(err)
				}
			}
			// Refusals come in the order of what is refused.
			if err := c.Publish("the-last", nil); err != nil {
				t.Fatal(err)
			}
			await(t, "the last refusal", func() bool { return is("for Publish to the-last") })

			for _, subject := range subjects {
				if got, want := !is("for Publish to "+subject), slices.Contains(may[as], subject); got != want {
					t.Errorf("%s may publish on %s: %t, should be %t", as, subject, got, want)
				}
			}
			for _, subject := range heard {
				if got, want := !is("for Subscription to "+subject), strings.HasPrefix(subject, as.Inbox()+"."); got != want {
					t.Errorf("%s may subscribe to %s: %t, should be %t", as, subject, got, want)
				}
			}
		})
	}
	t.Run("the system's account asks servers", func(t *testing.T) {
		c, _ := e.connect(t, jobs.System)
		if answer, err := c.Request("$SYS.REQ.SERVER.PING", nil, 5*time.Second); err != nil || !strings.Contains(string(answer.Data), "relay-0") {
			t.Errorf("%v", err)
		}
	})
}

// Who has no certificate of relay's authority that names an identity is refused, and so is a relay
// that has none of its own.
func TestWhoIsRefused(t *testing.T) {
	t.Parallel()
	e := start(t, func(s *jobs.Settings) { s.Servers = 1 })
	s := e.Settings
	other, err := loopback.NewAuthority(t.TempDir(), "another authority")
	if err != nil {
		t.Fatal(err)
	}
	good := e.Files(jobs.Bunny)
	issue := func(by *loopback.Authority, name string, of loopback.Subject) jobs.Files {
		files, err := by.Issue(name, of)
		if err != nil {
			t.Fatal(err)
		}
		files.Authority = good.Authority
		return files
	}
	bunny := []string{s.URI(jobs.Bunny)}
	foreign := issue(other, "bunny", loopback.Subject{URIs: bunny, Client: true})
	for _, c := range []struct {
		about string
		files jobs.Files
		name  string
		want  string
	}{
		{"bunny", good, s.Name, ""},
		{"another authority's", foreign, s.Name, "certificate required"},
		{"expired", issue(e.Clients, "expired", loopback.Subject{URIs: bunny, Client: true, Ends: time.Now().Add(-time.Minute)}), s.Name, "expired certificate"},
		{"a server's, not a client's", issue(e.Clients, "notclient", loopback.Subject{URIs: bunny, Server: true}), s.Name, "bad certificate"},
		{"nobody's", issue(e.Clients, "nobody", loopback.Subject{URIs: []string{"spiffe://" + s.Name + "/nobody"}, Client: true}), s.Name, "Authorization Violation"},
		{"the route's, by the clients' authority", issue(e.Clients, "route", loopback.Subject{URIs: []string{s.URI(jobs.Route)}, Client: true}), s.Name, "Authorization Violation"},
		{"another estate's bunny", issue(e.Clients, "elsewhere", loopback.Subject{URIs: []string{"spiffe://relay.example.com/bunny"}, Client: true}), s.Name, "Authorization Violation"},
		{"bunny by its common name alone", issue(e.Clients, "common", loopback.Subject{CommonName: "bunny", Client: true}), s.Name, "Authorization Violation"},
		{"bunny by a host name alone", issue(e.Clients, "host", loopback.Subject{DNS: []string{"bunny"}, Client: true}), s.Name, "Authorization Violation"},
		{"no subject at all", issue(e.Clients, "none", loopback.Subject{Client: true}), s.Name, "Authorization Violation"},
		{"bunny, of a relay with another name", good, "relay.example.com", "certificate is valid for " + s.Name},
	} {
		t.Run(c.about, func(t *testing.T) {
			conn, _, err := client.Connect(client.Options{
				Servers: e.Addresses(), Name: c.name, Identity: jobs.Bunny, Files: c.files, Log: slog.New(slog.DiscardHandler),
			})
			if err == nil {
				conn.Close()
			}
			// Clients do not always come to read why they are refused before the connection ends.
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("without a certificate", func(t *testing.T) {
		if err := shown(e.Addresses()[0], &tls.Config{InsecureSkipVerify: true}); err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("%v", err)
		}
	})
	t.Run("another authority's, sent all the same", func(t *testing.T) {
		// Go's client sends none that the server did not ask for.
		pair, err := tls.LoadX509KeyPair(foreign.Certificate, foreign.Key)
		if err != nil {
			t.Fatal(err)
		}
		err = shown(e.Addresses()[0], &tls.Config{InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }})
		if err == nil || !strings.Contains(err.Error(), "unknown certificate authority") {
			t.Errorf("%v", err)
		}
	})
	t.Run("by an older TLS", func(t *testing.T) {
		if err := shown(e.Addresses()[0], &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}); err == nil || !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("%v", err)
		}
	})
	t.Run("without TLS", func(t *testing.T) {
		c, err := net.Dial("tcp", e.Addresses()[0])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		// A server that speaks first says INFO; this one waits for a handshake.
		fmt.Fprint(c, "CONNECT {}\r\nPING\r\n")
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if text, err := io.ReadAll(c); strings.Contains(string(text), "INFO") || strings.Contains(string(text), "PONG") {
			t.Errorf("%q, %v", text, err)
		}
	})
}

// shown is the error of a connection on which the server was to say something.
func shown(address string, config *tls.Config) error {
	c, err := tls.Dial("tcp", address, config)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err = c.Read(make([]byte, 1))
	return err
}

// refusedRoutes tries to pass for a server.
func refusedRoutes(t *testing.T, e *estate) {
	issue := func(by *loopback.Authority, name string, of loopback.Subject) jobs.Files {
		files, err := by.Issue(name, of)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	route := []string{e.Settings.URI(jobs.Route)}
	for _, c := range []struct {
		about string
		files jobs.Files
		want  string
	}{
		// One that may, but says of no cluster that it is its own.
		{"a route", issue(e.Routes, "other-route", loopback.Subject{URIs: route, Client: true}), "cluster name"},
		{"bunny", e.Files(jobs.Bunny), "certificate required"},
		{"a route by the clients' authority", issue(e.Clients, "false-route", loopback.Subject{URIs: route, Client: true}), "certificate required"},
		{"somebody else by the routes' authority", issue(e.Routes, "stranger", loopback.Subject{URIs: []string{e.Settings.URI("stranger")}, Client: true}), "Authorization Violation"},
		{"an expired route", issue(e.Routes, "old-route", loopback.Subject{URIs: route, Client: true, Ends: time.Now().Add(-time.Minute)}), "expired certificate"},
	} {
		t.Run(c.about, func(t *testing.T) {
			if err := routed(e, c.files); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// routed connects to a server as another would, and returns why it is refused, or io.EOF.
func routed(e *estate, files jobs.Files) error {
	c, err := net.Dial("tcp", e.Peer(0))
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(e.Settings.RouteTLS.Authority)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	secure := tls.Client(c, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", Certificates: []tls.Certificate{pair}})
	if err := secure.HandshakeContext(ctx); err != nil {
		return err
	}
	fmt.Fprint(secure, "CONNECT {\"verbose\":false,\"name\":\"other\"}\r\nPING\r\n")
	lines := bufio.NewScanner(secure)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if text := lines.Text(); strings.HasPrefix(text, "-ERR") {
			return errors.New(text)
		}
	}
	if lines.Err() != nil {
		return lines.Err()
	}
	return io.EOF
}
