package tunnel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"burrow/internal/kubelogin"
)

// protocol is raised when owners are asked for something that an older one does not know:
// that is asked to end, and another started.
const protocol = 1

// What an owner is asked for.
const (
	askToken  = "token"  // a token that it has
	handLogin = "login"  // to take over a token and AWS credentials, and to be ready
	askStatus = "status" // what it is doing
	askEnd    = "end"    // to end
)

// A question is what an owner is asked, in a connection of its own.
type question struct {
	Protocol int
	Ask      string
	Target   Target
	Who      string // who asks for a token: a digest of what tells them apart
	Process  int    // that runs the asking one
	Token    kubelogin.Credential
	Keys     keys
	Patience time.Duration // for nodes to be online
}

// keys are AWS credentials on their way to the owner.
type keys struct {
	ID, Secret, Session, Source string
	CanExpire                   bool
	Expires                     time.Time
}

func keysOf(k aws.Credentials) keys {
	return keys{k.AccessKeyID, k.SecretAccessKey, k.SessionToken, k.Source, k.CanExpire, k.Expires}
}

func (k keys) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Session, Source: k.Source, CanExpire: k.CanExpire, Expires: k.Expires}
}

// An answer of an owner. Before the last there may be some that only say how far it is.
type answer struct {
	Progress string
	Protocol int
	Token    *kubelogin.Credential
	Lease    time.Time
	Code     int // of a failure
	Words    string
	Status   *Status
}

// A Status is what an owner is doing.
type Status struct {
	Target      Target
	Pid         int
	Since       time.Time
	Lease       time.Time // it lives at least until then
	Node        string    // of the session, "" while there is none
	Session     string
	Connections int // open ones
	Total       int // since it began
	Trouble     string
}

// control answers at the socket until the owner ends.
func (o *owner) control(ctx context.Context, l *net.UnixListener, end func()) {
	for {
		c, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many files are open, for now
			time.Sleep(acceptAgain)
			continue
		}
		go func() {
			defer c.Close()
			if err := sameUser(c); err != nil {
				o.log.Error("somebody else asked", "why", err)
				return
			}
			o.converse(ctx, c, end)
		}()
	}
}

func (o *owner) converse(ctx context.Context, c net.Conn, end func()) {
	var q question
	if err := json.NewDecoder(c).Decode(&q); err != nil {
		return
	}
	out := json.NewEncoder(c)
	tell := func(words string) { _ = out.Encode(answer{Progress: words, Protocol: protocol}) }
	a := answer{Protocol: protocol}
	switch {
	case q.Protocol != protocol || q.Ask == askEnd:
		defer end()
	case q.Ask == askStatus:
		a.Status = o.status()
	case q.Target != o.target:
		// The stack was changed: another document or port.
		a.Code, a.Words = kubelogin.NoOwner.Code, fmt.Sprintf("a tunnel to %s stands for %+v", o.target.Cluster, o.target)
		defer end()
	case q.Ask == askToken:
		a.Token, a.Lease = o.token(q.Who, q.Process), o.extend()
	case q.Ask == handLogin:
		o.take(q)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			// Who asked says no more: this ends with its process.
			_, _ = io.Copy(io.Discard, c)
			cancel()
		}()
		err := o.ready(ctx, q.Patience, tell)
		if a.Lease = o.extend(); err != nil {
			a.Code, a.Words = kubelogin.NoTunnel.Code, err.Error()
			if failed := (&kubelogin.Failure{}); errors.As(err, &failed) {
				a.Code, a.Words = failed.Code, failed.Unwrap().Error()
			}
			o.log.Error("the tunnel is not ready", "code", a.Code, "why", a.Words)
		}
	}
	_ = out.Encode(a)
}

// token is one that was made for who asks and lives long enough, nil when there is none or
// the tunnel wants a look. A process that asks for the same again was refused with it:
// client-go keeps a credential until it ends, or the API says 401.
func (o *owner) token(who string, process int) *kubelogin.Credential {
	if !o.stands() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t, has := o.tokens[who]
	if !has || t.Expires.Sub(o.clock.Now()) < fresh || slices.Contains(t.shown, process) {
		return nil
	}
	t.shown = append(t.shown, process)
	return &t.Credential
}

// take keeps what somebody brings.
func (o *owner) take(q question) {
	o.keep(q.Keys.credentials())
	o.mu.Lock()
	defer o.mu.Unlock()
	for who, t := range o.tokens {
		if !t.Expires.After(o.clock.Now()) {
			delete(o.tokens, who)
		}
	}
	if q.Token.Token != "" {
		o.tokens[q.Who] = &token{q.Token, []int{q.Process}}
	}
}

func (o *owner) status() *Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &Status{Target: o.target, Pid: os.Getpid(), Since: o.since, Lease: o.lease, Connections: o.connections, Total: o.total}
	if o.session != nil && o.session.Err() == nil {
		s.Node, s.Session = o.node, o.session.ID()
	}
	if o.listener == nil {
		s.Trouble = "the port is not listened at"
	}
	return s
}
