package tools

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
)

// An identity is a certificate for one end of a connection.
func (b *bench) identity(root authority, name, use string, key props) tls.Certificate {
	b.t.Helper()
	k := b.key(name+"Key", key)
	request := b.request(name, k, props{"dnsNames": []any{name}, "ipAddresses": []any{"127.0.0.1"}})
	cert := b.sign(root, name, request, props{"allowedUses": []any{"digital_signature", use}})
	pair, err := tls.X509KeyPair([]byte(cert), []byte(k))
	if err != nil {
		b.t.Fatal(err)
	}
	return pair
}

// talk connects a client to a server over loopback, both with certificates, and
// returns what the server saw: the client's name.
func talk(t *testing.T, server, client *tls.Config) (seen string, err error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		greet(conn)
	}()
	conn, err := tls.Dial("tcp", l.Addr().(*net.TCPAddr).String(), client)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	text, err := io.ReadAll(conn)
	return string(text), err
}

// greet says to the client whom it takes it for. A failed handshake says it all
// by itself.
func greet(conn net.Conn) {
	secure, ok := conn.(*tls.Conn)
	if !ok || secure.Handshake() != nil {
		return
	}
	fmt.Fprint(conn, secure.ConnectionState().PeerCertificates[0].Subject.CommonName)
}

func TestHandshake(t *testing.T) {
	b := newBench(t, "seed")
	for name, key := range map[string]props{"RSA": {"algorithm": "RSA"}, "ECDSA": p256, "ED25519": edwards} {
		t.Run(name, func(t *testing.T) {
			root, other := b.root("root"+name, key), b.root("other"+name, edwards)
			server := &tls.Config{
				Certificates: []tls.Certificate{b.identity(root, "relay", "server_auth", key)},
				ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool(t, root.cert),
			}
			bunny := b.identity(root, "bunny", "client_auth", p256)
			client := func(trust authority, identity tls.Certificate) *tls.Config {
				return &tls.Config{RootCAs: pool(t, trust.cert), Certificates: []tls.Certificate{identity}}
			}
			if seen, err := talk(t, server, client(root, bunny)); err != nil || seen != "bunny" {
				t.Errorf("the server saw %q, %v", seen, err)
			}
			if _, err := talk(t, server, client(other, bunny)); err == nil {
				t.Error("the client takes a server of another authority")
			}
			if seen, err := talk(t, server, client(root, b.identity(other, "fox", "client_auth", p256))); err == nil || seen != "" {
				t.Errorf("the server takes a client of another authority: %q", seen)
			}
			if seen, err := talk(t, server, client(root, b.identity(root, "mole", "server_auth", edwards))); err == nil || seen != "" {
				t.Errorf("the server takes a certificate that is not for clients: %q", seen)
			}
		})
	}
}
