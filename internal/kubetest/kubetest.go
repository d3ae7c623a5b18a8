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
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Version is that of the servers; its module's go.mod has it, too.
const Version = "v1.36.2"

// Host is the name in the API server's certificate, of the form of EKS's endpoints.
const Host = "0123456789abcdef0123456789abcdef.gr7.eu-west-2.eks.amazonaws.com"

// A Server is an API server that stands.
type Server struct {
	Address string // of 127.0.0.1, which nothing but the test's forwarder is told
	CA      []byte // PEM

	t     testing.TB
	dir   string
	admin *http.Client
	ended []chan struct{} // of each program

	mu     sync.Mutex
	tokens func(token string) bool
	shown  []string
}

// programs is the path of the servers, and skips the test where they are not built.
func programs(t testing.TB) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	dir := filepath.Dir(strings.TrimSpace(string(root)))
	path := filepath.Join(dir, ".burrow", "bin", "kube-"+Version, "servers")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("kube-apiserver is not built at %s: .ci/run builds it, in some minutes", path)
	}
	return path
}

// Start starts an API server, which takes bearer tokens that accept says are good. It is
// gone after the test.
func Start(t testing.TB, accept func(token string) bool) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a real kube-apiserver; skipped with -short")
	}
	s := &Server{t: t, dir: t.TempDir(), tokens: accept}
	path := programs(t)
	authority := newAuthority(t)
	s.CA = authority.pem
	for name, pair := range map[string]pair{
		"api": authority.issue(t, Host), "admin": authority.issue(t, "admin", "system:masters"),
		"kubelet": authority.issue(t, "node"), "accounts": authority.issue(t, "accounts"),
	} {
		s.write(name+".crt", pair.certificate)
		s.write(name+".key", pair.key)
	}
	s.write("ca.crt", authority.pem)
	etcd, peer, kubelet, api := freePort(t), freePort(t), freePort(t), freePort(t)
	s.Address = local(api)
	s.run(path, "etcd", "--data-dir", s.path("etcd"), "--log-level=error", "--unsafe-no-fsync",
		"--listen-client-urls=http://"+local(etcd), "--advertise-client-urls=http://"+local(etcd),
		"--listen-peer-urls=http://"+local(peer), "--initial-advertise-peer-urls=http://"+local(peer), "--initial-cluster=default=http://"+local(peer))
	s.run(path, "kubelet", "--listen="+local(kubelet), "--cert="+s.path("kubelet.crt"), "--key="+s.path("kubelet.key"), "--client-ca="+s.path("ca.crt"))
	s.run(path, "kube-apiserver", "--etcd-servers=http://"+local(etcd), "--bind-address=127.0.0.1", fmt.Sprint("--secure-port=", api),
		"--tls-cert-file="+s.path("api.crt"), "--tls-private-key-file="+s.path("api.key"), "--client-ca-file="+s.path("ca.crt"),
		"--service-account-key-file="+s.path("accounts.crt"), "--service-account-signing-key-file="+s.path("accounts.key"), "--service-account-issuer=https://kubetest",
		"--service-cluster-ip-range=172.20.0.0/16", "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none",
		"--authentication-token-webhook-config-file="+s.reviewer(), "--authentication-token-webhook-version=v1", "--authentication-token-webhook-cache-ttl=0s",
		"--kubelet-client-certificate="+s.path("admin.crt"), "--kubelet-client-key="+s.path("admin.key"),
		"--kubelet-certificate-authority="+s.path("ca.crt"), "--kubelet-preferred-address-types=InternalIP")
	s.awaitReady()
	s.node(kubelet)
	return s
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) write(name string, text []byte) string {
	if err := os.WriteFile(s.path(name), text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

// run starts one of the programs, and ends it after the test.
func (s *Server) run(path string, args ...string) {
	log, err := os.Create(s.path(args[0] + ".log"))
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.dir
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start %s: %v", args[0], err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.ended = append(s.ended, ended)
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
	pair, err := tls.LoadX509KeyPair(s.path("admin.crt"), s.path("admin.key"))
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
		code, text, err := s.ask(http.MethodGet, "/readyz", nil)
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

// ask is a request of the administrator.
func (s *Server) ask(method, path string, body any) (code int, text []byte, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequest(method, "https://"+s.Address+path, bytes.NewReader(data))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
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
		"addresses":       []object{{"type": "InternalIP", "address": "127.0.0.1"}},
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
			code, text, err := s.ask(step.method, step.path, step.body)
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
	cmd := exec.CommandContext(ctx, programs(s.t), append([]string{"kubectl", "--kubeconfig", kubeconfig, "--cache-dir", s.path("cache")}, args...)...)
	cmd.Dir = s.dir
	return cmd
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func local(port int) string { return fmt.Sprint("127.0.0.1:", port) }
