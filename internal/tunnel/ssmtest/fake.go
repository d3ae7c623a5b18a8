package ssmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/xtaci/smux"

	"burrow/internal/tunnel/session"
)

// A Fake is a region's Systems Manager: its API, its data channels, and nodes with agents
// that forward. As a [session.Service] it opens sessions on the node [FirstNode].
type Fake struct {
	// AgentVersion is what the nodes' agents say that they are.
	AgentVersion string
	// SessionType is that of the document; "" is Port.
	SessionType string
	// KMS makes the agent ask for encryption.
	KMS bool
	// Lose says of a message from the agent, by its number and how often it was sent,
	// that it gets lost on its way; LoseIn the same of those to the agent.
	Lose, LoseIn func(sequence int64, times int) bool
	// Deaf makes the agent acknowledge nothing.
	Deaf func() bool
	// Shut closes every websocket as soon as it is open.
	Shut func() bool

	t      testing.TB
	target string // address that the agent forwards to
	server *httptest.Server

	mu       sync.Mutex
	nodes    []node
	sessions map[string]*agent
	started  int
	resumed  int
	ended    []string // ids that were terminated
	calls    []Call
	refuse   func(Call) string
}

// New starts a fake with one node, which forwards to a TCP address. It is gone after the
// test.
func New(t testing.TB, target string) *Fake {
	f := &Fake{AgentVersion: "3.3.3050.0", t: t, target: target, sessions: map[string]*agent{}}
	f.AddNode(FirstNode)
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/data-channel/", f.channel)
	mux.HandleFunc("/{$}", f.api)
	f.server = httptest.NewUnstartedServer(mux)
	f.server.Start() // its handlers read what is set before
	t.Cleanup(func() {
		f.Drop(websocket.CloseGoingAway)
		f.server.Close()
	})
	return f
}

// Start starts a session.
func (f *Fake) Start(context.Context) (session.Ticket, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.start(FirstNode), nil
}

// start starts a session for who holds mu.
func (f *Fake) start(on string) session.Ticket {
	f.started++
	id := fmt.Sprintf("operator-%d", f.started)
	a := &agent{fake: f, id: id, node: on, token: "token-0-" + id, sent: map[int64]int{}, got: map[int64]int{}, unacked: map[int64][]byte{}, early: map[int64]inbound{}}
	f.sessions[id] = a
	return f.ticket(a)
}

func (f *Fake) ticket(a *agent) session.Ticket {
	return session.Ticket{SessionID: a.id, StreamURL: "ws" + strings.TrimPrefix(f.server.URL, "http") + "/v1/data-channel/" + a.id + "?role=publish_subscribe", Token: a.token}
}

// Resume gives a session a new token; the old one is good for nothing then.
func (f *Fake) Resume(_ context.Context, id string) (session.Ticket, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.sessions[id]
	if a == nil {
		return session.Ticket{}, nil // as SSM answers of what has ended
	}
	f.resumed++
	a.token = fmt.Sprintf("token-%d-%s", f.resumed, id)
	return f.ticket(a), nil
}

// Terminate ends a session.
func (f *Fake) Terminate(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = append(f.ended, id)
	if a := f.sessions[id]; a != nil {
		delete(f.sessions, id)
		a.stop()
	}
	return nil
}

// Resumed is how often a session was resumed.
func (f *Fake) Resumed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.resumed
}

// Ended are the sessions that were terminated.
func (f *Fake) Ended() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.ended...)
}

// Drop closes every websocket with a code, such as 1000, which SSM sends about hourly.
func (f *Fake) Drop(code int) {
	for _, a := range f.agents() {
		a.drop(code)
	}
}

// End ends every session with a text, as SSM does after its idle time-out.
func (f *Fake) End(why string) {
	for _, a := range f.agents() {
		text, _ := json.Marshal(map[string]string{"MessageType": "channel_closed", "SessionId": a.id, "Output": why})
		a.write(newFrame("channel_closed", 0, 0, text))
		_ = f.Terminate(context.Background(), a.id)
	}
}

// Vanish ends every session without a word, and loses its websocket.
func (f *Fake) Vanish() {
	for _, a := range f.agents() {
		_ = f.Terminate(context.Background(), a.id)
		a.drop(websocket.CloseAbnormalClosure)
	}
}

func (f *Fake) agents() (all []*agent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.sessions {
		all = append(all, a)
	}
	return all
}

var upgrader = websocket.Upgrader{}

// channel is the data channel's address.
func (f *Fake) channel(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	a := f.sessions[strings.TrimPrefix(r.URL.Path, "/v1/data-channel/")]
	f.mu.Unlock()
	if a == nil {
		http.Error(w, "no such session", http.StatusForbidden)
		return
	}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer socket.Close()
	var open struct{ MessageSchemaVersion, RequestId, TokenValue, ClientId, ClientVersion string }
	_, text, err := socket.ReadMessage()
	if err != nil || json.Unmarshal(text, &open) != nil {
		return
	}
	f.mu.Lock()
	good := open.TokenValue == a.token && open.MessageSchemaVersion == "1.0" && open.RequestId != "" && open.ClientId != "" && open.ClientVersion != ""
	f.mu.Unlock()
	if !good {
		f.t.Errorf("the data channel is opened with %+v", open)
		return
	}
	if f.Shut != nil && f.Shut() {
		return
	}
	if f.mute(a.node) {
		_, _, _ = socket.ReadMessage() // until the client gives up
		return
	}
	a.serve(socket)
}

// An agent is a session's end on the node.
type agent struct {
	fake            *Fake
	id, token, node string

	// taking is held while a message is taken: the last of an old websocket and the
	// first of a new one come at the same time.
	taking sync.Mutex

	mu      sync.Mutex
	socket  *websocket.Conn
	begun   bool
	next    int64
	sent    map[int64]int // how often
	got     map[int64]int
	unacked map[int64][]byte
	expect  int64
	early   map[int64]inbound
	in      net.Conn // our end of what smux reads
}

type inbound struct {
	payloadType uint32
	payload     []byte
}

// serve reads a websocket until it is lost.
func (a *agent) serve(socket *websocket.Conn) {
	a.mu.Lock()
	a.socket = socket
	first := !a.begun
	a.begun = true
	a.mu.Unlock()
	if first {
		a.shakeHands()
		go a.repeat()
	} else {
		a.repeatAll()
	}
	for {
		_, data, err := socket.ReadMessage()
		if err != nil {
			return
		}
		a.take(data)
	}
}

func (a *agent) shakeHands() {
	kind := a.fake.SessionType
	if kind == "" {
		kind = "Port"
	}
	actions := []any{map[string]any{"ActionType": "SessionType", "ActionParameters": map[string]any{"SessionType": kind, "Properties": map[string]string{"portNumber": "443", "type": "LocalPortForwarding"}}}}
	if a.fake.KMS {
		actions = append(actions, map[string]any{"ActionType": "KMSEncryption", "ActionParameters": map[string]string{"KMSKeyId": "key"}})
	}
	text, _ := json.Marshal(map[string]any{"AgentVersion": a.fake.AgentVersion, "RequestedClientActions": actions})
	a.send(5, text)
}

// agentWindow is how many messages an agent has on their way.
const agentWindow = 5000

// send numbers a message to the client.
func (a *agent) send(payloadType uint32, payload []byte) {
	a.mu.Lock()
	for len(a.unacked) >= agentWindow {
		a.mu.Unlock()
		time.Sleep(time.Millisecond)
		a.mu.Lock()
	}
	n := a.next
	a.next++
	data := newFrame("output_stream_data", n, payloadType, payload)
	a.unacked[n] = data
	a.mu.Unlock()
	a.emit(n, data)
}

func (a *agent) emit(n int64, data []byte) {
	a.mu.Lock()
	a.sent[n]++
	times := a.sent[n]
	a.mu.Unlock()
	if a.fake.Lose == nil || !a.fake.Lose(n, times) {
		a.write(data)
	}
}

// repeatAll sends everything again over a new websocket.
func (a *agent) repeatAll() {
	a.mu.Lock()
	all := maps.Clone(a.unacked)
	a.mu.Unlock()
	for _, n := range slices.Sorted(maps.Keys(all)) {
		a.emit(n, all[n])
	}
}

// repeat sends again what is not acknowledged.
func (a *agent) repeat() {
	for range time.Tick(100 * time.Millisecond) {
		a.fake.mu.Lock()
		gone := a.fake.sessions[a.id] == nil
		a.fake.mu.Unlock()
		if gone {
			return
		}
		a.mu.Lock()
		lowest, data := int64(-1), []byte(nil)
		for n, d := range a.unacked {
			if lowest < 0 || n < lowest {
				lowest, data = n, d
			}
		}
		a.mu.Unlock()
		if data != nil {
			a.emit(lowest, data)
		}
	}
}

func (a *agent) write(data []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.socket != nil {
		_ = a.socket.WriteMessage(websocket.BinaryMessage, data)
	}
}

func (a *agent) drop(code int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.socket != nil {
		_ = a.socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
		a.socket.Close()
		a.socket = nil
	}
}

// take takes a message of the client.
func (a *agent) take(data []byte) {
	a.taking.Lock()
	defer a.taking.Unlock()
	f, kind, payload, err := readFrame(data)
	if err != nil {
		a.fake.t.Errorf("from the client: %v", err)
		return
	}
	switch kind {
	case "acknowledge":
		var ack struct {
			AcknowledgedMessageType           string
			AcknowledgedMessageSequenceNumber int64
			IsSequentialMessage               bool
		}
		if err := json.Unmarshal(payload, &ack); err != nil || ack.AcknowledgedMessageType != "output_stream_data" || !ack.IsSequentialMessage || f.Flags != 3 {
			a.fake.t.Errorf("an acknowledgement of %s with flags %d: %v", payload, f.Flags, err)
		}
		a.mu.Lock()
		delete(a.unacked, ack.AcknowledgedMessageSequenceNumber)
		a.mu.Unlock()
	case "input_stream_data":
		a.input(f, payload)
	default:
		a.fake.t.Errorf("the client sends %q", kind)
	}
}

func (a *agent) input(f frame, payload []byte) {
	a.mu.Lock()
	a.got[f.Sequence]++
	lost := a.fake.LoseIn != nil && a.fake.LoseIn(f.Sequence, a.got[f.Sequence])
	a.mu.Unlock()
	if lost || a.fake.Deaf != nil && a.fake.Deaf() {
		return
	}
	// The agent acknowledges before it uses a message. It matters to AWS's plugin: its reader
	// ends for good, without a word, by a nil pointer (MuxPortForwarding.IsStreamNotSet) if any
	// message comes just after the end of the handshake.
	text, _ := json.Marshal(map[string]any{"AcknowledgedMessageType": "input_stream_data", "AcknowledgedMessageId": "x", "AcknowledgedMessageSequenceNumber": f.Sequence, "IsSequentialMessage": true})
	a.write(newFrame("acknowledge", 0, 0, text))
	if f.Sequence > a.expect {
		a.early[f.Sequence] = inbound{f.PayloadType, payload}
	} else if f.Sequence == a.expect {
		a.use(f.PayloadType, payload)
		for a.expect++; ; a.expect++ {
			next, there := a.early[a.expect]
			if !there {
				break
			}
			delete(a.early, a.expect)
			a.use(next.payloadType, next.payload)
		}
	}
}

func (a *agent) use(payloadType uint32, payload []byte) {
	switch payloadType {
	case 6:
		var response struct {
			ClientVersion          string
			ProcessedClientActions []struct{ ActionStatus int }
		}
		if err := json.Unmarshal(payload, &response); err != nil || response.ClientVersion == "" {
			a.fake.t.Errorf("the client's handshake: %s (%v)", payload, err)
		}
		for _, done := range response.ProcessedClientActions {
			if done.ActionStatus != 1 {
				return // the agent ends such a session
			}
		}
		a.forward()
		a.send(7, []byte(`{"HandshakeTimeToComplete":1000,"CustomerMessage":""}`))
	case 1:
		_, _ = a.in.Write(payload)
	case 10:
		if len(payload) != 4 || payload[3] != 2 {
			a.fake.t.Errorf("the client sends flag %v", payload)
		}
		_ = a.fake.Terminate(context.Background(), a.id)
	}
}

// stop closes what the agent has open on its node.
func (a *agent) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.in != nil {
		a.in.Close()
	}
}

// opened says what the agent writes to.
func (a *agent) opened(in net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.in = in
}

// forward takes streams and connects each to the target. An old agent connects at once,
// and ends with its connection.
func (a *agent) forward() {
	if !newer(a.fake.AgentVersion, "3.0.196.0") {
		to, err := net.Dial("tcp", a.fake.target)
		if err != nil {
			return
		}
		a.opened(to)
		go a.read(to)
		return
	}
	ours, theirs := net.Pipe()
	a.opened(ours)
	// As the agent's source has it, for clients newer than 1.2.331.0.
	settings := smux.DefaultConfig()
	settings.KeepAliveDisabled = newer(a.fake.AgentVersion, "3.1.1511.0")
	mux, err := smux.Server(theirs, settings)
	if err != nil {
		a.fake.t.Error(err)
		return
	}
	go a.read(ours)
	go func() {
		defer ours.Close()
		defer mux.Close()
		for {
			stream, err := mux.AcceptStream()
			if err != nil {
				return
			}
			go a.connect(stream)
		}
	}()
}

// read sends what comes from the node to the client.
func (a *agent) read(from net.Conn) {
	for buffer := make([]byte, 1024); ; {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		a.send(1, append([]byte(nil), buffer[:n]...))
	}
}

func (a *agent) connect(stream net.Conn) {
	defer stream.Close()
	to, err := net.Dial("tcp", a.fake.target)
	if err != nil {
		a.send(10, []byte{0, 0, 0, 3})
		return
	}
	defer to.Close()
	done := make(chan error, 2)
	go func() { done <- pump(to, stream) }()
	go func() { done <- pump(stream, to) }()
	<-done
}

func pump(to, from net.Conn) error {
	for buffer := make([]byte, 32<<10); ; {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}
