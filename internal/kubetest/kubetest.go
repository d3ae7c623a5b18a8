// Package kubetest runs a real kube-apiserver on a real etcd, of the stack's version of
// Kubernetes, on loopback, with the real kubectl. A stand-in for a kubelet answers exec and
// logs. The programs are a module of their own (servers), which CI builds once; where they
// are not built, tests skip.
package kubetest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"burrow/internal/authority"
)

// Host is the only name in the API server's certificate, of the form of EKS's endpoints.
const Host = "0123456789abcdef0123456789abcdef.gr7.eu-west-2.eks.amazonaws.com"

const loopback = "127.0.0.1"

// A Server is an API server that runs.
type Server struct {
	Address string // of 127.0.0.1, which nothing but the test's forwarder is told
	CA      []byte // PEM
	Version string // of Kubernetes, for example v1.36.2

	t       testing.TB
	path    string // of the programs
	dir     string
	admin   *http.Client
	started []*exec.Cmd
	ended   []chan struct{} // of each of them

	mu     sync.Mutex
	tokens func(token string) bool
	shown  []string
}

// Start starts an API server, which takes bearer tokens that accept says are good. It is
// gone after the test. Where the servers are not built the test is skipped.
func Start(t testing.TB, accept func(token string) bool) *Server {
	t.Helper()
	source, why := built(t)
	if why != "" {
		t.Skip(why)
	}
	return start(t, source, accept)
}

// StartIfBuilt starts an API server that takes no tokens, for a test that asks it besides; nil
// where the servers are not built.
func StartIfBuilt(t testing.TB) *Server {
	t.Helper()
	source, why := built(t)
	if why != "" {
		t.Log(why)
		return nil
	}
	return start(t, source, func(string) bool { return false })
}

// built is the servers' source, and why they cannot be run, or "".
func built(t testing.TB) (source, string) {
	t.Helper()
	if testing.Short() {
		return source{}, "a real kube-apiserver is not run with -short"
	}
	found, err := findSource()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(found.program); err != nil {
		return source{}, fmt.Sprintf("kube-apiserver is not built at %s: .ci/run builds it, in some minutes (go run ./internal/kubetest/build)", found.program)
	}
	return found, ""
}

func start(t testing.TB, source source, accept func(token string) bool) *Server {
	t.Helper()
	var err error
	s := &Server{t: t, path: source.program, Version: source.version, tokens: accept}
	// A socket's path has 107 characters at most; the test's name would be in t.TempDir's.
	if s.dir, err = os.MkdirTemp("", "kube"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(s.dir) })
	ca, err := authority.New("kubetest")
	if err != nil {
		t.Fatal(err)
	}
	s.CA = ca.PEM
	s.write("ca.crt", ca.PEM)
	for name, of := range map[string]authority.Subject{
		"api":      {DNS: []string{Host}, Server: true},
		"admin":    {CommonName: "admin", Groups: []string{"system:masters"}, Client: true},
		"kubelet":  {IPs: []net.IP{net.ParseIP(loopback)}, Server: true},
		"accounts": {},
	} {
		pair, err := ca.Issue(of)
		if err != nil {
			t.Fatal(err)
		}
		s.write(name+".crt", pair.Certificate)
		s.write(name+".key", pair.Key)
	}
	store := "unix://" + s.file("etcd.socket")
	s.run(nil, "etcd", "--data-dir", s.file("etcd"), "--log-level=error", "--unsafe-no-fsync", "--listen-client-urls="+store, "--advertise-client-urls=http://127.0.0.1:0",
		"--listen-peer-urls=http://127.0.0.1:0", "--initial-advertise-peer-urls=http://127.0.0.1:0", "--initial-cluster=default=http://127.0.0.1:0")
	kubelet := s.kubelet()
	port := reserve(t)
	s.Address = fmt.Sprint(loopback, ":", port)
	s.run(nil, "kube-apiserver", "--etcd-servers="+store, "--bind-address="+loopback, fmt.Sprint("--secure-port=", port), "--permit-port-sharing",
		"--tls-cert-file="+s.file("api.crt"), "--tls-private-key-file="+s.file("api.key"), "--client-ca-file="+s.file("ca.crt"),
		"--service-account-key-file="+s.file("accounts.crt"), "--service-account-signing-key-file="+s.file("accounts.key"), "--service-account-issuer=https://kubetest",
		"--service-cluster-ip-range=172.20.0.0/16", "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none",
		"--authentication-token-webhook-config-file="+s.reviewer(), "--authentication-token-webhook-version=v1", "--authentication-token-webhook-cache-ttl=0s",
		"--kubelet-client-certificate="+s.file("admin.crt"), "--kubelet-client-key="+s.file("admin.key"),
		"--kubelet-certificate-authority="+s.file("ca.crt"), "--kubelet-preferred-address-types=InternalIP")
	s.awaitReady()
	s.node(kubelet)
	return s
}

func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) write(name string, text []byte) string {
	if err := os.WriteFile(s.file(name), text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.file(name)
}

// kubelet starts the kubelet's end, which inherits its listener, and returns the port.
func (s *Server) kubelet() int {
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	inherited, err := l.(*net.TCPListener).File()
	if err != nil {
		s.t.Fatal(err)
	}
	defer inherited.Close()
	s.run(inherited, "kubelet", "--cert="+s.file("kubelet.crt"), "--key="+s.file("kubelet.key"), "--client-ca="+s.file("ca.crt"))
	return l.Addr().(*net.TCPAddr).Port
}

// run starts one of the programs, which may inherit a file, and ends it after the test. It
// ends with the test's process, too, however that ends: its standard input does.
func (s *Server) run(inherited *os.File, args ...string) {
	log, err := os.Create(s.file(args[0] + ".log"))
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(s.path, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.dir
	if inherited != nil {
		cmd.ExtraFiles = []*os.File{inherited}
	}
	if _, err := cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start %s: %v", args[0], err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.started, s.ended = append(s.started, cmd), append(s.ended, ended)
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		log.Close()
		if text, err := os.ReadFile(log.Name()); s.t.Failed() && err == nil {
			s.t.Logf("%s:\n%s", args[0], text[max(0, len(text)-4000):])
		}
	})
}

// reviewer asks the test about tokens, as EKS asks its authenticator.
func (s *Server) reviewer() string {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review struct {
			Spec struct {
				Token string `json:"token"`
			} `json:"spec"`
		}
		_ = json.NewDecoder(r.Body).Decode(&review)
		s.mu.Lock()
		s.shown = append(s.shown, review.Spec.Token)
		good := s.tokens(review.Spec.Token)
		s.mu.Unlock()
		answer(w, map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": map[string]any{
			"authenticated": good, "user": map[string]any{"username": "operator", "groups": []string{"system:masters"}},
		}})
	}))
	s.t.Cleanup(server.Close)
	return s.write("reviewer.json", kubeconfig(map[string]any{"server": server.URL, "insecure-skip-tls-verify": true}, map[string]any{}))
}

// Shown are the bearer tokens that the API server was shown.
func (s *Server) Shown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.shown...)
}

// Accept says anew which tokens are good.
func (s *Server) Accept(accept func(token string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = accept
}

func answer(w io.Writer, v any) { _ = json.NewEncoder(w).Encode(v) }

// kubeconfig is one of one cluster and one user.
func kubeconfig(cluster, user map[string]any) []byte {
	type object = map[string]any
	text, err := json.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "c", "clusters": []object{{"name": "c", "cluster": cluster}},
		"users": []object{{"name": "c", "user": user}}, "contexts": []object{{"name": "c", "context": object{"cluster": "c", "user": "c"}}},
	})
	if err != nil {
		panic(err)
	}
	return text
}

// awaitReady waits until the API server answers the administrator.
func (s *Server) awaitReady() {
	pair, err := tls.LoadX509KeyPair(s.file("admin.crt"), s.file("admin.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CA)
	s.admin = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: pool, ServerName: Host, Certificates: []tls.Certificate{pair},
	}}}
	s.t.Cleanup(s.admin.CloseIdleConnections)
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		code, text, err := s.ask(http.MethodGet, "/readyz", plainJSON, nil)
		if err == nil && code == http.StatusOK {
			return
		}
		for _, ended := range s.ended {
			select {
			case <-ended:
				until = time.Time{}
			default:
			}
		}
		if time.Now().After(until) {
			s.t.Fatalf("the API server is not ready: %v %s", err, text)
		}
	}
}

// Types of what is sent.
const (
	plainJSON  = "application/json"
	applyPatch = "application/apply-patch+yaml"
)

// ask is a request of the administrator.
func (s *Server) ask(method, path, contentType string, body any) (code int, text []byte, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequest(method, "https://"+s.Address+path, bytes.NewReader(data))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", contentType)
	w, err := s.admin.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer w.Body.Close()
	text, err = io.ReadAll(w.Body)
	return w.StatusCode, text, err
}

// node registers the kubelet's end as a node with one pod, pods/echo of default.
func (s *Server) node(kubelet int) {
	type object = map[string]any
	status := object{
		"addresses":       []object{{"type": "InternalIP", "address": loopback}},
		"daemonEndpoints": object{"kubeletEndpoint": object{"Port": kubelet}},
		"conditions":      []object{{"type": "Ready", "status": "True"}},
	}
	node := object{"apiVersion": "v1", "kind": "Node", "metadata": object{"name": "node"}, "status": status}
	pod := object{"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "echo"}, "spec": object{
		"nodeName": "node", "automountServiceAccountToken": false, "containers": []object{{"name": "main", "image": "none"}},
	}}
	for _, step := range []struct {
		method, path string
		body         object
	}{
		{http.MethodPost, "/api/v1/nodes", node}, {http.MethodPut, "/api/v1/nodes/node/status", node},
		{http.MethodPost, "/api/v1/namespaces/default/pods", pod},
	} {
		// The namespace default comes a moment after the API server is ready.
		for until := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			code, text, err := s.ask(step.method, step.path, plainJSON, step.body)
			if err == nil && code < 300 {
				break
			}
			if time.Now().After(until) {
				s.t.Fatalf("%s %s: %d %v %s", step.method, step.path, code, err, text)
			}
		}
	}
}

// Kubectl is a run of the real kubectl with a kubeconfig.
func (s *Server) Kubectl(ctx context.Context, kubeconfig string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.path, append([]string{"kubectl", "--kubeconfig", kubeconfig, "--cache-dir", s.file("cache")}, args...)...)
	cmd.Dir = s.dir
	return cmd
}

// reserve binds a free port of loopback for as long as the test runs, without listening on
// it: only who shares ports on purpose (SO_REUSEPORT) can have it.
func reserve(t testing.TB) int {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(socket)
	t.Cleanup(func() { _ = unix.Close(socket) })
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: netip.MustParseAddr(loopback).As4()}); err != nil {
		t.Fatal(err)
	}
	bound, err := unix.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return bound.(*unix.SockaddrInet4).Port
}
