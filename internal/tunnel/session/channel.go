package session

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
)

const (
	// window is how many messages may wait for their acknowledgement; senders wait.
	// Source: aws/session-manager-plugin src/config/config.go, OutgoingMessageBufferCapacity.
	window = 10000
	// inboxSize is how many messages may wait to be read. What comes beyond it is not
	// acknowledged, so that the agent sends it again.
	inboxSize = 10000
	// Bounds of the time after which a message is sent again, which follows how long
	// acknowledgements take (RFC 6298).
	firstResend, shortestResend, longestResend = 200 * time.Millisecond, 50 * time.Millisecond, time.Second
	resendTick                                 = 50 * time.Millisecond
	firstBackoff, longestBackoff               = 100 * time.Millisecond, 5 * time.Second
)

// A channel is the data channel of a session, over as many websockets as it takes.
type channel struct {
	service Service
	o       Options
	client  string // id of this client

	read    *io.PipeReader // data from the agent, in order
	pipe    *io.PipeWriter // its other end
	inbox   chan []byte
	space   chan struct{} // a token for each message on its way
	ready   chan struct{} // closed when the agent forwards
	done    chan struct{}
	stop    context.CancelFunc
	ctx     context.Context
	agent   version
	err     error // why it ended; set before done is closed
	closing error // of ending it at SSM

	mu      sync.Mutex
	ticket  Ticket
	socket  *websocket.Conn // nil while there is none
	lost    time.Time       // since when
	next    int64           // number of the next message to the agent
	sent    []*pending      // in order
	expect  int64           // number of the next message from the agent
	early   map[int64]message
	srtt    time.Duration
	rttvar  time.Duration
	cause   error
	isReady bool
	tried   bool // a new websocket was made because of silence
	refused atomic.Int64

	writing sync.Mutex // a websocket takes one writer
	opening sync.Mutex // held while a stream opens: its data comes later
}

// A pending message waits for its acknowledgement.
type pending struct {
	sequence int64
	data     []byte
	since    time.Time // sent at all
	first    time.Time // sent on this websocket
	last     time.Time
	again    bool // sent more than once: tells nothing of the time that it takes
}

func newChannel(service Service, ticket Ticket, o Options) *channel {
	c := &channel{
		service: service, ticket: ticket, o: o, client: uuid.NewString(),
		inbox: make(chan []byte, inboxSize), space: make(chan struct{}, window),
		ready: make(chan struct{}), done: make(chan struct{}), early: map[int64]message{},
	}
	c.lost = time.Now()
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.read, c.pipe = io.Pipe()
	return c
}

// end ends the channel for a reason; the first counts.
func (c *channel) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil {
		c.cause = why
	}
	c.stop()
	if c.socket != nil {
		c.socket.Close()
	}
}

// run keeps a websocket until the channel ends.
func (c *channel) run() {
	var others sync.WaitGroup
	others.Go(c.deliver)
	others.Go(c.resend)
	ticket, wait := c.ticket, firstBackoff
	lost := time.Now() // since then no websocket did anything
	for c.ctx.Err() == nil {
		progress, err := c.serve(ticket)
		if c.ctx.Err() != nil {
			break
		}
		c.o.Log.Info("the data channel was lost", "session", ticket.SessionID, "why", err)
		if progress {
			wait, lost = firstBackoff, time.Now()
		} else if time.Since(lost) > c.o.Reconnect {
			c.end(fmt.Errorf("no websocket lives: %w", err))
			break
		} else {
			c.pause(&wait)
		}
		if ticket, err = c.resume(); err != nil {
			c.end(err)
		}
	}
	c.pipe.CloseWithError(io.ErrClosedPipe)
	c.read.CloseWithError(io.ErrClosedPipe)
	others.Wait()
	ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c.closing = c.service.Terminate(ending, c.ticket.SessionID)
	c.mu.Lock()
	c.err = fmt.Errorf("session %s: %w", c.ticket.SessionID, c.cause)
	c.mu.Unlock()
	close(c.done)
}

// resume asks SSM for a new token, again and again for a while.
func (c *channel) resume() (Ticket, error) {
	wait := firstBackoff
	for until := time.Now().Add(c.o.Reconnect); ; {
		ticket, err := c.service.Resume(c.ctx, c.ticket.SessionID)
		switch {
		case err == nil && ticket.StreamURL != "":
			return ticket, nil
		case err == nil: // SSM answers so of a session that has ended
			return Ticket{}, errors.New("SSM has ended it")
		case time.Now().After(until) || c.ctx.Err() != nil:
			return Ticket{}, fmt.Errorf("resume it: %w", err)
		}
		c.pause(&wait)
	}
}

// pause waits, and longer the next time.
func (c *channel) pause(wait *time.Duration) {
	select {
	case <-c.ctx.Done():
	case <-time.After(*wait):
	}
	*wait = min(2**wait, longestBackoff)
}

// serve opens a websocket and reads it until it is lost. Progress says that it lived.
func (c *channel) serve(ticket Ticket) (progress bool, err error) {
	dialing, cancel := context.WithTimeout(c.ctx, c.o.Silence)
	defer cancel()
	socket, _, err := websocket.DefaultDialer.DialContext(dialing, ticket.StreamURL, nil)
	if err != nil {
		return false, fmt.Errorf("open the websocket: %w", err)
	}
	defer socket.Close()
	// Source: aws/session-manager-plugin src/service/contracts, OpenDataChannelInput.
	open, err := json.Marshal(map[string]string{
		"MessageSchemaVersion": "1.0", "RequestId": uuid.NewString(), "TokenValue": ticket.Token,
		"ClientId": c.client, "ClientVersion": clientVersion,
	})
	if err != nil {
		return false, err
	}
	if err := c.write(socket, websocket.TextMessage, open); err != nil {
		return false, errors.New("open the data channel: the websocket took no token")
	}
	alive := func(string) error { progress = true; return socket.SetReadDeadline(time.Now().Add(c.o.Silence)) }
	socket.SetPongHandler(alive)
	_ = socket.SetReadDeadline(time.Now().Add(c.o.Silence))
	pinging := make(chan struct{})
	defer close(pinging)
	go c.ping(socket, pinging)
	c.takeUp(socket)
	defer c.drop()
	for {
		kind, data, err := socket.ReadMessage()
		if err != nil {
			return progress, err
		}
		_ = alive("")
		if kind != websocket.BinaryMessage {
			continue
		}
		m, err := decode(data)
		if err != nil {
			return progress, err // what comes after it cannot be trusted; the agent sends it again
		}
		if err := c.handle(socket, m); err != nil {
			c.end(err)
			return progress, err
		}
	}
}

// takeUp makes the websocket the channel's, and sends again what was not acknowledged.
func (c *channel) takeUp(socket *websocket.Conn) {
	c.mu.Lock()
	c.socket = socket
	if c.cause != nil {
		socket.Close()
	}
	now := time.Now()
	all := make([][]byte, len(c.sent))
	for i, p := range c.sent {
		p.first, p.last, p.again = now, now, true
		all[i] = p.data
	}
	c.mu.Unlock()
	for _, data := range all {
		if c.write(socket, websocket.BinaryMessage, data) != nil {
			return // the reader notices
		}
	}
}

// drop says that there is no websocket.
func (c *channel) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket, c.lost = nil, time.Now()
}

func (c *channel) ping(socket *websocket.Conn, until <-chan struct{}) {
	tick := time.NewTicker(c.o.Silence / 3)
	defer tick.Stop()
	for {
		select {
		case <-until:
			return
		case <-tick.C:
			_ = socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.o.Silence/3))
		}
	}
}

func (c *channel) write(socket *websocket.Conn, kind int, data []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.writeNow(socket, kind, data)
}

// writeNow is write for who holds writing.
func (c *channel) writeNow(socket *websocket.Conn, kind int, data []byte) error {
	if err := socket.SetWriteDeadline(time.Now().Add(c.o.Silence)); err != nil {
		return err
	}
	return socket.WriteMessage(kind, data)
}

// send numbers a message and sends it, now or when there is a websocket again. It waits
// while too many are on their way.
func (c *channel) send(payloadType uint32, payload []byte) error {
	select {
	case c.space <- struct{}{}:
	case <-c.ctx.Done():
		return io.ErrClosedPipe
	}
	c.writing.Lock() // numbers leave in their order
	defer c.writing.Unlock()
	c.mu.Lock()
	now := time.Now()
	m := message{kind: kindInput, created: now, sequence: c.next, id: uuid.New(), payloadType: payloadType, payload: payload}
	p := &pending{sequence: c.next, data: m.encode(), since: now, first: now, last: now}
	c.next++
	c.sent = append(c.sent, p)
	socket := c.socket
	c.mu.Unlock()
	if socket != nil {
		_ = c.writeNow(socket, websocket.BinaryMessage, p.data) // lost, it is sent again
	}
	return nil
}

// resend sends the oldest message again that nobody acknowledges, and ends what is dead
// without a word.
func (c *channel) resend() {
	tick := time.NewTicker(resendTick)
	defer tick.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		socket, now := c.socket, time.Now()
		var oldest []byte
		silent := false
		if socket != nil && len(c.sent) > 0 {
			p := c.sent[0]
			if silent = now.Sub(p.first) > c.o.Silence; !silent && now.Sub(p.last) > c.resendAfter() {
				oldest, p.last, p.again = p.data, now, true
			}
		}
		again := silent && c.tried
		if silent {
			c.tried = true
		}
		c.mu.Unlock()
		switch {
		case again:
			c.end(errors.New("nothing is acknowledged any more, over a new websocket neither"))
		case silent:
			socket.Close() // the reader makes a new one
		case oldest != nil:
			_ = c.write(socket, websocket.BinaryMessage, oldest)
		}
	}
}

func (c *channel) stuck() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.socket == nil:
		return time.Since(c.lost)
	case len(c.sent) > 0:
		return time.Since(c.sent[0].since)
	}
	return 0
}

func (c *channel) resendAfter() time.Duration {
	if c.srtt == 0 {
		return firstResend
	}
	return min(max(c.srtt+4*c.rttvar, shortestResend), longestResend)
}

// handle takes a message of the agent. An error ends the session.
func (c *channel) handle(socket *websocket.Conn, m message) error {
	switch m.kind {
	case kindAcknowledge:
		c.acknowledged(m)
	case kindClosed:
		var closed struct{ Output string }
		_ = json.Unmarshal(m.payload, &closed)
		if closed.Output == "" {
			closed.Output = "no reason is given"
		}
		return fmt.Errorf("SSM has closed it: %s", closed.Output)
	case kindOutput:
		return c.output(socket, m)
	}
	return nil // pauses are the window's work; what is unknown is for others
}

// acknowledged takes a message off those that wait.
func (c *channel) acknowledged(m message) {
	var ack struct{ AcknowledgedMessageSequenceNumber int64 }
	if json.Unmarshal(m.payload, &ack) != nil {
		return // it is acknowledged again when it was sent again
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.sent {
		if p.sequence != ack.AcknowledgedMessageSequenceNumber {
			continue
		}
		if !p.again {
			c.measure(time.Since(p.first))
		}
		c.sent = append(c.sent[:i], c.sent[i+1:]...)
		c.tried = false
		<-c.space
		return
	}
}

// measure follows how long acknowledgements take. Source: RFC 6298, section 2.
func (c *channel) measure(took time.Duration) {
	if c.srtt == 0 {
		c.srtt, c.rttvar = took, took/2
		return
	}
	c.rttvar = (3*c.rttvar + (c.srtt - took).Abs()) / 4
	c.srtt = (7*c.srtt + took) / 8
}

// output takes a message with its number: those to come are kept, those that were taken
// are acknowledged again.
func (c *channel) output(socket *websocket.Conn, m message) error {
	c.mu.Lock()
	expect := c.expect
	if m.sequence > expect && len(c.early) < window {
		c.early[m.sequence] = m
	}
	full := len(c.inbox) == cap(c.inbox) || m.sequence > expect && len(c.early) >= window
	c.mu.Unlock()
	if full && m.sequence >= expect {
		return nil // not acknowledged: it comes again
	}
	if m.sequence == expect {
		if err := c.take(m); err != nil {
			return err
		}
	}
	return c.acknowledge(socket, m)
}

// take uses the message that is next, and those after it that came before it.
func (c *channel) take(m message) error {
	for {
		if err := c.use(m); err != nil {
			return err
		}
		c.mu.Lock()
		c.expect++
		after, there := c.early[c.expect]
		delete(c.early, c.expect)
		c.mu.Unlock()
		if !there {
			return nil
		}
		m = after
	}
}

func (c *channel) use(m message) error {
	switch m.payloadType {
	case payloadData:
		select {
		case c.inbox <- m.payload:
		case <-c.ctx.Done():
		}
	case payloadHandshakeRequest:
		return c.shakeHands(m.payload)
	case payloadHandshakeComplete:
		if !c.isReady {
			c.isReady = true
			close(c.ready)
		}
	case payloadEncryption:
		return errors.New("the agent asks for encryption by KMS, which was not agreed")
	case payloadFlag:
		if len(m.payload) == 4 && binary.BigEndian.Uint32(m.payload) == flagPortError {
			c.refused.Add(1)
			c.o.Log.Info("the node cannot connect to the port", "session", c.ticket.SessionID)
		}
	}
	return nil
}

func (c *channel) shakeHands(payload []byte) error {
	var request handshakeRequest
	if err := json.Unmarshal(payload, &request); err != nil {
		return fmt.Errorf("read the agent's handshake: %w", err)
	}
	c.agent = version(request.AgentVersion)
	response, refused := request.answer()
	text, err := json.Marshal(response)
	if err != nil {
		return err
	}
	return errors.Join(c.send(payloadHandshakeResponse, text), refused)
}

// acknowledge tells the agent that a message has come.
func (c *channel) acknowledge(socket *websocket.Conn, m message) error {
	text, err := json.Marshal(map[string]any{
		"AcknowledgedMessageType": m.kind, "AcknowledgedMessageId": m.id.String(),
		"AcknowledgedMessageSequenceNumber": m.sequence, "IsSequentialMessage": true,
	})
	if err != nil {
		return err
	}
	ack := message{kind: kindAcknowledge, created: time.Now(), flags: 3, id: uuid.New(), payload: text}
	_ = c.write(socket, websocket.BinaryMessage, ack.encode()) // lost, the agent sends again
	return nil
}

// deliver hands data on in its order.
func (c *channel) deliver() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case data := <-c.inbox:
			c.opening.Lock()
			c.opening.Unlock() // it only waits
			if _, err := c.pipe.Write(data); err != nil {
				return
			}
		}
	}
}

// terminate asks the agent to end, and waits a little for it to have heard.
func (c *channel) terminate() {
	if c.ctx.Err() != nil {
		return
	}
	_ = c.send(payloadFlag, binary.BigEndian.AppendUint32(nil, flagTerminate))
	for until := time.Now().Add(time.Second); time.Now().Before(until) && c.ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		c.mu.Lock()
		left := len(c.sent)
		c.mu.Unlock()
		if left == 0 {
			return
		}
	}
}
