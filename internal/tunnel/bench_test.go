package tunnel

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"burrow/internal/tunnel/session"
)

// BenchmarkFirst is a login and a connection where no tunnel stands, beside what SSM itself
// takes for a session.
func BenchmarkFirst(b *testing.B) {
	w := newWorld(b)
	b.Run("tunnel", func(b *testing.B) {
		for b.Loop() {
			w.login()
			if err := w.talk(); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if _, err := Close(context.Background(), ""); err != nil {
				b.Fatal(err)
			}
			for c, err := net.Dial("tcp", w.target.address()); err == nil; c, err = net.Dial("tcp", w.target.address()) {
				c.Close()
				time.Sleep(time.Millisecond)
			}
			b.StartTimer()
		}
	})
	b.Run("SSM", func(b *testing.B) {
		for b.Loop() {
			s, err := session.Dial(context.Background(), w.fake, session.Options{})
			if err != nil {
				b.Fatal(err)
			}
			c, err := s.Open()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := c.Write([]byte("hello")); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			s.Close()
			b.StartTimer()
		}
	})
}

// BenchmarkDownload is 100 MiB through the tunnel, beside a proxy that does nothing else.
func BenchmarkDownload(b *testing.B) {
	const size = 100 << 20
	w := worldOf(b, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, 1))
		for part, left := make([]byte, 1<<16), size; left > 0; left -= len(part) {
			if _, err := c.Write(part); err != nil {
				return
			}
		}
	})
	run := func(name, address string) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				c, err := net.Dial("tcp", address)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Write([]byte{1}); err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, c); n != size || err != nil {
					b.Fatalf("%d bytes: %v", n, err)
				}
				c.Close()
			}
		})
	}
	w.login()
	run("tunnel", w.target.address())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", w.api)
			if err != nil {
				near.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(far, near)
				far.Close()
			}()
			go func() {
				_, _ = io.Copy(near, far)
				near.Close()
			}()
		}
	}()
	run("proxy", l.Addr().String())
}
