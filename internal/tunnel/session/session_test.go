package session_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/internal/tunnel/session"
	"burrow/internal/tunnel/ssmtest"
)

// echo answers what it is told.
func echo(t testing.TB) string {
	return serve(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
}

func serve(t testing.TB, each func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				each(c)
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t testing.TB, f *ssmtest.Fake, o session.Options) *session.Session {
	t.Helper()
	s, err := session.Dial(context.Background(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func open(t testing.TB, s *session.Session) io.ReadWriteCloser {
	t.Helper()
	c, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// talk sends n bytes through an echo, and wants them back.
func talk(c io.ReadWriter, n int) error {
	said := make([]byte, n)
	random := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range said {
		said[i] = byte(random.Uint32())
	}
	failed := make(chan error, 1)
	go func() {
		_, err := c.Write(said)
		failed <- err
	}()
	heard := make([]byte, n)
	if _, err := io.ReadFull(c, heard); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if err := <-failed; err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if !bytes.Equal(said, heard) {
		return errors.New("the echo differs")
	}
	return nil
}

func TestStreams(t *testing.T) {
	s := dial(t, ssmtest.New(t, echo(t)), session.Options{})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			c := open(t, s)
			defer c.Close()
			for range 3 {
				if err := talk(c, 10_000*(i+1)); err != nil {
					t.Errorf("stream %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
}

func TestLargeAnswer(t *testing.T) {
	const size = 10 << 20
	target := serve(t, func(c net.Conn) { _, _ = io.CopyN(c, rand.NewChaCha8([32]byte{1}), size) })
	c := open(t, dial(t, ssmtest.New(t, target), session.Options{}))
	got, want := sha256.New(), sha256.New()
	_, _ = io.CopyN(want, rand.NewChaCha8([32]byte{1}), size)
	if n, err := io.Copy(got, c); err != nil || n != size || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Errorf("%d bytes of %d: %v", n, size, err)
	}
}

// What gets lost, in either direction, is sent again, and arrives once and in order.
func TestLoss(t *testing.T) {
	f := ssmtest.New(t, echo(t))
	lose := func(sequence int64, times int) bool { return sequence%50 == 7 && times == 1 }
	f.Lose, f.LoseIn = lose, lose
	if err := talk(open(t, dial(t, f, session.Options{})), 200_000); err != nil {
		t.Error(err)
	}
}

// Streams live on over a new websocket, whatever code the old one was closed with.
func TestResume(t *testing.T) {
	for _, code := range []int{1000, 1001, 1006} {
		f := ssmtest.New(t, echo(t))
		c := open(t, dial(t, f, session.Options{}))
		stop := make(chan struct{})
		var dropping sync.WaitGroup
		dropping.Go(func() {
			for range 3 {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond):
					f.Drop(code)
				}
			}
		})
		for range 6 {
			if err := talk(c, 300_000); err != nil {
				t.Fatalf("code %d: %v", code, err)
			}
		}
		close(stop)
		dropping.Wait()
		f.Drop(code)
		if err := talk(c, 1000); err != nil {
			t.Errorf("code %d, at rest: %v", code, err)
		}
		if f.Resumed() == 0 {
			t.Errorf("code %d: nothing was resumed", code)
		}
	}
}

func TestEnds(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(*ssmtest.Fake)
		words string
	}{
		"closed by SSM":                      {func(f *ssmtest.Fake) { f.End("idle for 20 minutes") }, "idle for 20 minutes"},
		"ended while the websocket was lost": {func(f *ssmtest.Fake) { f.Vanish() }, "SSM has ended it"},
	} {
		t.Run(name, func(t *testing.T) {
			f := ssmtest.New(t, echo(t))
			s := dial(t, f, session.Options{Reconnect: 10 * time.Second})
			stream := open(t, s)
			c.do(f)
			<-s.Done()
			if err := s.Err(); err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("ended by %v, want %q", err, c.words)
			}
			if _, err := stream.Read(make([]byte, 1)); err == nil || err == io.EOF {
				t.Errorf("the end of its session looks to a stream like %v", err)
			}
			if _, err := s.Open(); err == nil {
				t.Error("a stream opens after the end")
			}
		})
	}
}

// An agent that acknowledges nothing any more is noticed, also where websockets open.
func TestSilence(t *testing.T) {
	var mu sync.Mutex
	deaf := false
	f := ssmtest.New(t, echo(t))
	f.Deaf = func() bool {
		mu.Lock()
		defer mu.Unlock()
		return deaf
	}
	s := dial(t, f, session.Options{Silence: 2 * time.Second})
	c := open(t, s)
	if err := talk(c, 1000); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	deaf = true
	mu.Unlock()
	_, _ = c.Write([]byte("anybody?"))
	<-s.Done()
	if err := s.Err(); !strings.Contains(err.Error(), "nothing is acknowledged") || f.Resumed() == 0 {
		t.Errorf("ended by %v after %d resumptions", err, f.Resumed())
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		set   func(*ssmtest.Fake)
		words string
		ready time.Duration
	}{
		"a shell":      {set: func(f *ssmtest.Fake) { f.SessionType = "Standard_Stream" }, words: "type Port"},
		"KMS":          {set: func(f *ssmtest.Fake) { f.KMS = true }, words: "KMS"},
		"no websocket": {set: func(f *ssmtest.Fake) { f.Shut = func() bool { return true } }, words: "no websocket lives", ready: 20 * time.Second},
		"no agent":     {set: func(f *ssmtest.Fake) { f.Lose = func(int64, int) bool { return true } }, words: "does not forward", ready: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			f := ssmtest.New(t, echo(t))
			c.set(f)
			_, err := session.Dial(context.Background(), f, session.Options{Ready: c.ready, Reconnect: time.Second})
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want %q", err, c.words)
			}
			if err != nil && strings.Contains(err.Error(), "token-") {
				t.Errorf("the error holds a token: %v", err)
			}
			if len(f.Ended()) != 1 {
				t.Errorf("SSM is told of %d ends", len(f.Ended()))
			}
		})
	}
}

// What agents do depends on their version: an old one forwards one connection, later ones
// any number, and later still without pings of their own.
func TestVersions(t *testing.T) {
	for version, many := range map[string]bool{"3.0.161.0": false, "3.0.196.0": false, "3.0.222.0": true, "3.1.1511.0": true, "3.3.3050.0": true} {
		t.Run(version, func(t *testing.T) {
			f := ssmtest.New(t, echo(t))
			f.AgentVersion = version
			s := dial(t, f, session.Options{})
			first := open(t, s)
			if err := talk(first, 100_000); err != nil {
				t.Fatal(err)
			}
			second, err := s.Open()
			if many != (err == nil) || !many && !errors.Is(err, session.ErrOne) {
				t.Fatalf("a second connection: %v", err)
			}
			if many {
				if err := talk(second, 1000); err != nil {
					t.Error(err)
				}
				return
			}
			first.Close()
			if <-s.Done(); len(f.Ended()) == 0 {
				t.Error("the session outlives its connection")
			}
		})
	}
}

// A connection that the far end closes ends cleanly, after all that was sent.
func TestCleanEnd(t *testing.T) {
	target := serve(t, func(c net.Conn) { _, _ = c.Write([]byte("bye")) })
	s := dial(t, ssmtest.New(t, target), session.Options{})
	for range 100 {
		if got, err := io.ReadAll(open(t, s)); string(got) != "bye" || err != nil || s.Err() != nil {
			t.Fatalf("read %q, %v; session %v", got, err, s.Err())
		}
	}
}

// Websockets that are shut as soon as they are open are not asked for in haste.
func TestNoHaste(t *testing.T) {
	f := ssmtest.New(t, echo(t))
	s := dial(t, f, session.Options{Reconnect: 2 * time.Second})
	f.Shut = func() bool { return true }
	f.Drop(1006)
	<-s.Done()
	if n := f.Resumed(); n < 2 || n > 10 || !strings.Contains(s.Err().Error(), "no websocket lives") {
		t.Errorf("%d resumptions, ended by %v", n, s.Err())
	}
}

// Nobody listens at the port: the stream ends, and the session does not.
func TestPortClosed(t *testing.T) {
	s := dial(t, ssmtest.New(t, "127.0.0.1:1"), session.Options{})
	c := open(t, s)
	_, _ = c.Write([]byte("x"))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, session.ErrPort) {
		t.Errorf("a stream to nobody reads: %v", err)
	}
	if s.Err() != nil {
		t.Error(s.Err())
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	target := echo(t)
	f := ssmtest.New(t, target)
	before := runtime.NumGoroutine()
	s, err := session.Dial(context.Background(), f, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := open(t, s)
	if err := talk(c, 1000); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || !errors.Is(s.Err(), session.ErrClosed) {
		t.Errorf("closed: %v, %v", err, s.Err())
	}
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

// BenchmarkDownload compares a download through a session with one without.
func BenchmarkDownload(b *testing.B) {
	const size = 100 << 20
	target := serve(b, func(c net.Conn) { _, _ = io.CopyN(c, rand.NewChaCha8([32]byte{}), size) })
	run := func(name string, connect func() io.ReadWriteCloser) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for range b.N {
				c := connect()
				if n, err := io.Copy(io.Discard, c); n != size {
					b.Fatalf("%d bytes: %v", n, err)
				}
				c.Close()
			}
		})
	}
	s := dial(b, ssmtest.New(b, target), session.Options{})
	run("session", func() io.ReadWriteCloser { return open(b, s) })
	run("TCP", func() io.ReadWriteCloser {
		c, err := net.Dial("tcp", target)
		if err != nil {
			b.Fatal(err)
		}
		return c
	})
}
