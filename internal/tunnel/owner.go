package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"k8s.io/utils/clock"

	"burrow/internal/kubelogin"
	"burrow/internal/tunnel/session"
)

const (
	// idle is how long an owner lives without a connection, beyond every credential that
	// it handed out: no token lives longer than 14 minutes.
	idle = 20 * time.Minute
	// fresh is what a token must have left to be handed out again.
	fresh = time.Minute
	// askAgain is how often SSM is asked for nodes while there are none.
	askAgain = 5 * time.Second
	// acceptAgain is how long to wait when no connection can be accepted.
	acceptAgain = 100 * time.Millisecond
	// stuck is how long a session may do nothing until new connections take another.
	stuck = 10 * time.Second
)

// limits are those that tests shorten.
type limits struct {
	// linger is how long a connection waits for more that a client closed in its direction.
	linger time.Duration
	// connecting is how long a connection, or a try to open the tunnel, waits for a session.
	connecting time.Duration
	// answering is how long a node may take to open a session while there is another: SSM
	// calls a node online for some minutes after its agent has gone.
	answering time.Duration
}

var usual = limits{linger: 30 * time.Second, connecting: 30 * time.Second, answering: 10 * time.Second}

// An owner is a tunnel that stands.
type owner struct {
	target Target
	limits limits
	clock  clock.Clock
	log    *slog.Logger
	since  time.Time
	ssm    control

	mu          sync.Mutex
	listener    net.Listener
	lease       time.Time // until then somebody may connect
	changed     chan struct{}
	connections int
	total       int
	tokens      map[string]*token // by who asks
	keys        aws.Credentials
	node        string
	session     *session.Session          // that new connections take
	sessions    map[*session.Session]bool // that have not ended
	mute        map[string]bool           // nodes that opened no session when they were last asked
	seen        time.Time                 // when a node was online

	dialing chan struct{} // one session is opened at a time
}

func newOwner(t Target, l limits, c clock.Clock, log *slog.Logger, config aws.Config) *owner {
	o := &owner{
		target: t, limits: l, clock: c, log: log.With("cluster", t.Cluster), since: c.Now(), lease: c.Now().Add(idle),
		changed: make(chan struct{}, 1), tokens: map[string]*token{},
		sessions: map[*session.Session]bool{}, mute: map[string]bool{}, dialing: make(chan struct{}, 1),
	}
	config.Credentials = aws.CredentialsProviderFunc(o.credentials) // not cached: o knows the newest
	o.ssm = control{ssm.NewFromConfig(config), t}
	return o
}

// A token is kept with the processes that have it.
type token struct {
	kubelogin.Credential
	shown []int
}

// credentials are the newest that somebody handed over; when they have ended, whatever is
// found where the owner was started.
func (o *owner) credentials(ctx context.Context) (aws.Credentials, error) {
	o.mu.Lock()
	keys := o.keys
	o.mu.Unlock()
	if keys.HasKeys() && (!keys.CanExpire || keys.Expires.After(o.clock.Now())) {
		return keys, nil
	}
	found, err := kubelogin.EKS{Cluster: o.target.Cluster, Region: o.target.Region}.Login(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	o.keep(found.Keys)
	return found.Keys, nil
}

// keep takes newer keys over.
func (o *owner) keep(keys aws.Credentials) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !keys.HasKeys() {
		return
	}
	if !o.keys.HasKeys() || !keys.CanExpire || o.keys.CanExpire && keys.Expires.After(o.keys.Expires) || keys.AccessKeyID != o.keys.AccessKeyID {
		o.keys = keys
	}
}

// extend lets the owner live for another while, and says until when.
func (o *owner) extend() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if until := o.clock.Now().Add(idle); until.After(o.lease) {
		o.lease = until
	}
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return o.lease
}

// live waits until nobody needs the owner any more.
func (o *owner) live(ctx context.Context) {
	for {
		o.mu.Lock()
		left := o.lease.Sub(o.clock.Now())
		busy := o.connections > 0
		o.mu.Unlock()
		if left <= 0 && !busy {
			o.log.Info("nobody needs the tunnel any more")
			return
		}
		if busy {
			left = idle
		}
		select {
		case <-ctx.Done():
			return
		case <-o.changed:
		case <-o.clock.After(left):
		}
	}
}

// listen takes the port, unless it has it.
func (o *owner) listen() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", o.target.address())
	if err != nil {
		who := holder(o.target.Port)
		if who == "" {
			who = "another program"
		}
		return kubelogin.Fail(kubelogin.PortTaken, fmt.Errorf("%s has port %d of 127.0.0.1: %w", who, o.target.Port, err))
	}
	o.listener = l
	go o.accept(l)
	return nil
}

func (o *owner) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many files are open, for now
			o.log.Error("no connection is accepted", "why", err)
			time.Sleep(acceptAgain)
			continue
		}
		go o.serve(c.(*net.TCPConn))
	}
}

// serve forwards a connection until it ends.
func (o *owner) serve(c *net.TCPConn) {
	o.count(1)
	defer o.count(-1)
	defer c.Close()
	_ = c.SetLinger(0) // until it ends well, its end is a reset: this process may be killed
	ctx, cancel := context.WithTimeout(context.Background(), o.limits.connecting)
	far, err := o.connect(ctx)
	cancel()
	if err != nil {
		o.log.Error("a connection was refused", "why", err)
		return
	}
	if err := forward(c, far, o.limits.linger); err != nil {
		o.log.Info("a connection was cut", "why", err)
		return
	}
	_ = c.SetLinger(-1)
}

func (o *owner) count(n int) {
	o.mu.Lock()
	o.connections += n
	o.total += max(n, 0)
	o.mu.Unlock()
	o.extend()
}

// forward copies both ways until the far end ends. Agents close a connection whole, so a
// client that closes its direction is not passed on until nothing more comes. The error is
// that of a cut.
func forward(near *net.TCPConn, far io.ReadWriteCloser, linger time.Duration) error {
	defer far.Close()
	ended, heard := make(chan error, 1), make(chan struct{}, 1)
	go func() {
		buffer := make([]byte, 32<<10)
		for {
			n, err := far.Read(buffer)
			if n > 0 {
				select {
				case heard <- struct{}{}:
				default:
				}
				if _, err := near.Write(buffer[:n]); err != nil {
					ended <- nil // the client is gone
					return
				}
			}
			if err == io.EOF {
				err = nil
			}
			if err != nil || n == 0 {
				ended <- err
				return
			}
		}
	}()
	said := make(chan error, 1)
	go func() {
		_, err := io.Copy(far, near)
		said <- err
	}()
	select {
	case err := <-ended:
		return drain(near, said, err)
	case err := <-said:
		if err != nil {
			return err // the client is gone, or the far end
		}
	}
	for {
		select {
		case err := <-ended:
			return err
		case <-heard:
		case <-time.After(linger):
			return errors.New("nothing more came to a client that has said all")
		}
	}
}

// drain ends a connection whose far end has ended: what the client still sends must not
// make its system throw away what it has not read.
func drain(near *net.TCPConn, said <-chan error, err error) error {
	if err != nil {
		return err
	}
	_ = near.CloseWrite()
	_ = near.SetReadDeadline(time.Now().Add(5 * time.Second))
	<-said
	return nil
}

// connect opens a connection to the cluster, over a new session where there is none that
// does what it should.
func (o *owner) connect(ctx context.Context) (io.ReadWriteCloser, error) {
	var err error
	for range 2 {
		var s *session.Session
		if s, err = o.current(ctx); err != nil {
			return nil, err
		}
		var far io.ReadWriteCloser
		if far, err = s.Open(); err == nil {
			return far, nil
		}
		if errors.Is(err, session.ErrOne) {
			if s, err = o.dial(ctx); err != nil {
				return nil, err
			}
			return s.Open() // ends with its connection
		}
		o.log.Info("the session cannot be used", "why", err)
		o.mu.Lock()
		if o.session == s {
			o.session = nil
		}
		o.mu.Unlock()
	}
	return nil, err
}

// current is the session that lives, or a new one.
func (o *owner) current(ctx context.Context) (*session.Session, error) {
	select {
	case o.dialing <- struct{}{}:
		defer func() { <-o.dialing }()
	case <-ctx.Done():
		return nil, kubelogin.Fail(kubelogin.NoSSM, fmt.Errorf("wait for a session that is being opened: %w", ctx.Err()))
	}
	o.mu.Lock()
	s := o.session
	o.mu.Unlock()
	if s != nil && s.Err() == nil && s.Stuck() < stuck {
		return s, nil // those who use one that is stuck may wait for it
	}
	s, err := o.dial(ctx)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	o.session = s
	o.mu.Unlock()
	return s, nil
}

// dial opens a session on one node after another, beginning with any that opened one when it
// was last asked.
func (o *owner) dial(ctx context.Context) (*session.Session, error) {
	nodes, offline, err := o.ssm.nodes(ctx)
	if err != nil {
		o.doubt(err)
		return nil, err
	}
	rand.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	o.mu.Lock()
	place := func(node string) int {
		if o.mute[node] {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(nodes, func(a, b string) int { return place(a) - place(b) })
	o.mu.Unlock()
	err = noNode(o.target, offline)
	for i, node := range nodes {
		var s *session.Session
		if s, err = o.dialNode(ctx, node, i == len(nodes)-1); err == nil {
			return s, nil
		}
		o.log.Info("a node was passed over", "node", node, "why", err)
	}
	o.doubt(err)
	return nil, kubelogin.Fail(kubelogin.NoTunnel, err)
}

// dialNode opens a session on a node. Where there is another node, it does not wait for long.
func (o *owner) dialNode(ctx context.Context, node string, last bool) (*session.Session, error) {
	if !last {
		short, cancel := context.WithTimeout(ctx, o.limits.answering)
		defer cancel()
		ctx = short
	}
	s, err := session.Dial(ctx, o.ssm.on(node), session.Options{Log: o.log})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mute[node] = err != nil
	if err != nil {
		return nil, err
	}
	o.log.Info("a session was opened", "node", node, "session", s.ID())
	o.node, o.seen = node, o.clock.Now()
	o.sessions[s] = true
	go o.watch(s)
	return s, nil
}

// doubt forgets AWS credentials that SSM says have ended, though nobody knew when they would.
func (o *owner) doubt(err error) {
	failed := &kubelogin.Failure{}
	if !errors.As(err, &failed) || failed.Code != kubelogin.LoginEnded.Code {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keys = aws.Credentials{}
}

// watch notes how a session ends.
func (o *owner) watch(s *session.Session) {
	<-s.Done()
	o.mu.Lock()
	delete(o.sessions, s)
	o.mu.Unlock()
	o.log.Info("a session ended", "session", s.ID(), "why", s.Err())
}

func noNode(t Target, offline int) error {
	err := fmt.Errorf("SSM knows no node of %s", t.Cluster)
	if offline > 0 {
		err = fmt.Errorf("of %s, SSM calls no node online and has lost %d", t.Cluster, offline)
	}
	return kubelogin.Fail(kubelogin.NoNode, err)
}

// ready waits until the port is listened at and a session is open, for a while at most. A
// session that a connection opens later has nobody to whom it could say what SSM refuses.
func (o *owner) ready(ctx context.Context, limit time.Duration, tell func(string)) error {
	if err := o.listen(); err != nil {
		return err
	}
	told := ""
	for until := o.clock.Now().Add(limit); ; {
		trying, cancel := context.WithTimeout(ctx, o.limits.connecting)
		_, err := o.current(trying)
		cancel()
		if err == nil {
			return nil
		}
		// Nodes come, and so does a network; a refusal does not go away.
		passing := []int{kubelogin.NoNode.Code, kubelogin.NoSSM.Code}
		failed := &kubelogin.Failure{}
		if !errors.As(err, &failed) || !slices.Contains(passing, failed.Code) || !o.clock.Now().Before(until) {
			return err
		}
		if words := fmt.Sprintf("waiting for the tunnel: %v", failed.Unwrap()); words != told {
			tell(words)
			told = words
		}
		select {
		case <-ctx.Done():
			return err
		case <-o.clock.After(askAgain):
		}
	}
}

// stands reports whether the tunnel needs no look at: it is listened at, and a node was
// online not long ago.
func (o *owner) stands() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	alive := o.session != nil && o.session.Err() == nil
	return o.listener != nil && (alive || !o.seen.IsZero() && o.clock.Since(o.seen) < idle)
}

// close ends everything.
func (o *owner) close() {
	o.mu.Lock()
	l, sessions := o.listener, slices.Collect(maps.Keys(o.sessions))
	o.mu.Unlock()
	if l != nil {
		l.Close()
	}
	for _, s := range sessions {
		_ = s.Close()
	}
}
