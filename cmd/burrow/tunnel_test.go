package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"burrow/internal/tunnel"
	"burrow/internal/tunnel/ssmtest"
)

// A privateAPI is a cluster's API server that nothing but nodes reach.
type privateAPI struct {
	*httptest.Server
	fake    *ssmtest.Fake
	port    int
	revoked atomic.Bool // tokens that were shown before are refused
	shown   []string
}

func newPrivateAPI(t testing.TB) *privateAPI {
	api := &privateAPI{}
	var old atomic.Value
	old.Store("")
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Authorization")
		if api.revoked.Load() && token == old.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if token != old.Swap(token) {
			api.shown = append(api.shown, token)
		}
		fmt.Fprint(w, r.Proto)
	})
	mux.HandleFunc("/watch", func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintln(w, "event", i)
			w.(http.Flusher).Flush()
			api.fake.Drop(1000)
		}
	})
	api.Server = httptest.NewUnstartedServer(mux)
	api.EnableHTTP2 = true
	api.StartTLS()
	t.Cleanup(api.Close)
	api.fake = ssmtest.New(t, api.Listener.Addr().String())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	api.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	shut(t, map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL_SSM": api.fake.URL(), asBurrow: "1"})
	dir, err := os.MkdirTemp("", "tunnel") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(tunnel.DirVariable, dir)
	t.Cleanup(func() {
		if err := runTunnel(io.Discard, []string{"close"}); err != nil {
			t.Error(err)
		}
		os.RemoveAll(dir)
	})
	return api
}

// client speaks to the API as the kubeconfig says. Its environment tells clients apart,
// for client-go keeps the credentials of an equal command.
func (api *privateAPI) client(t *testing.T, change func(*clientcmdapi.Cluster)) *http.Client {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := clientcmdapi.NewConfig()
	c.Clusters["c"] = &clientcmdapi.Cluster{
		Server: fmt.Sprint("https://127.0.0.1:", api.port), TLSServerName: "example.com", // which httptest's certificate names
		CertificateAuthorityData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw}),
	}
	if change != nil {
		change(c.Clusters["c"])
	}
	c.AuthInfos["c"] = &clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
		APIVersion: "client.authentication.k8s.io/v1", Command: self, InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
		Args: []string{"credential", "eks", "-cluster", ssmtest.Cluster, "-region", ssmtest.Region, "-document", ssmtest.Document, "-port", fmt.Sprint(api.port)},
		Env:  []clientcmdapi.ExecEnvVar{{Name: asBurrow, Value: "1"}, {Name: "BURROW_TEST_NAME", Value: t.Name()}},
	}}
	c.Contexts["c"], c.CurrentContext = &clientcmdapi.Context{Cluster: "c", AuthInfo: "c"}, "c"
	config, err := clientcmd.NewDefaultClientConfig(*c, nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	client.Timeout = time.Minute
	return client
}

func (api *privateAPI) get(client *http.Client, path string) (string, error) {
	r, err := client.Get(fmt.Sprint("https://127.0.0.1:", api.port, path))
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", r.Status)
	}
	return string(text), err
}

// The real client-go reaches the API through the command alone: HTTP/2, certificates
// verified end to end, a watch over websockets that come and go.
func TestClientGoThroughTunnel(t *testing.T) {
	api := newPrivateAPI(t)
	client := api.client(t, nil)
	for range 5 {
		if proto, err := api.get(client, "/version"); err != nil || proto != "HTTP/2.0" {
			t.Fatalf("%q: %v", proto, err)
		}
	}
	if text, err := api.get(client, "/watch"); err != nil || strings.Count(text, "event") != 3 {
		t.Errorf("the watch: %q, %v", text, err)
	}
	token, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(api.shown[0], "Bearer k8s-aws-v1."))
	if err != nil || !strings.Contains(string(token), "sts.eu-west-2.amazonaws.com") || len(api.shown) != 1 {
		t.Errorf("shown %d tokens: %s, %v", len(api.shown), token, err)
	}
	if all, err := tunnel.All(context.Background()); err != nil || len(all) != 1 {
		t.Errorf("tunnels: %v, %v", all, err)
	}
	var out bytes.Buffer
	if err := runTunnel(&out, []string{"status"}); err != nil || !strings.Contains(out.String(), ssmtest.FirstNode) {
		t.Errorf("status: %v\n%s", err, out.String())
	}
	out.Reset()
	if err := runTunnel(&out, []string{"log"}); err != nil || !strings.Contains(out.String(), "a session was opened") || !strings.Contains(out.String(), "  21  the tunnel's port is taken") {
		t.Errorf("log: %v\n%s", err, out.String())
	}
}

// A certificate of another name or of another authority is refused, tunnel or not.
func TestWrongCertificate(t *testing.T) {
	api := newPrivateAPI(t)
	for name, change := range map[string]func(*clientcmdapi.Cluster){
		"another name":      func(c *clientcmdapi.Cluster) { c.TLSServerName = "ABCDEF.gr7.eu-west-2.eks.amazonaws.com" },
		"another authority": func(c *clientcmdapi.Cluster) { c.CertificateAuthorityData = nil },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := api.get(api.client(t, change), "/version"); err == nil || !strings.Contains(err.Error(), "x509") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// client-go runs the command again when the API refuses a token, and prints its exit code
// when it fails; the words are in the log.
func TestTokenRefused(t *testing.T) {
	api := newPrivateAPI(t)
	client := api.client(t, nil)
	_, err := api.get(client, "/version")
	if err != nil {
		t.Fatal(err)
	}
	api.revoked.Store(true)
	if _, err := api.get(client, "/version"); err == nil {
		t.Error("a token that is refused")
	}
	for range 50 { // a token of the same second is the same
		if _, err = api.get(client, "/version"); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil || len(api.shown) != 2 {
		t.Errorf("shown %d tokens, %v", len(api.shown), err)
	}

	api.fake.Refuse(func(ssmtest.Call) string { return "AccessDeniedException" })
	if err := runTunnel(io.Discard, []string{"close"}); err != nil {
		t.Fatal(err)
	}
	t.Run("refused", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "AKIDPOOR")
		if _, err := api.get(api.client(t, nil), "/version"); err == nil || !strings.Contains(err.Error(), "exit code 22") {
			t.Errorf("got %v", err)
		}
	})
	var out bytes.Buffer
	if err := runTunnel(&out, []string{"log"}); err != nil || !strings.Contains(out.String(), "code=22") {
		t.Errorf("log: %v\n%s", err, out.String())
	}
}

// BenchmarkCredential is the whole command while the tunnel stands and a token is fresh,
// beside a command that does nothing.
func BenchmarkCredential(b *testing.B) {
	api := newPrivateAPI(b)
	path := filepath.Join(b.TempDir(), "burrow")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for name, args := range map[string][]string{
		"tunnel":  {"credential", "eks", "-cluster", ssmtest.Cluster, "-region", ssmtest.Region, "-document", ssmtest.Document, "-port", fmt.Sprint(api.port)},
		"direct":  {"credential", "eks", "-cluster", ssmtest.Cluster, "-region", ssmtest.Region},
		"nothing": {"version"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				// A shell runs it: to one that asks twice, the owner gives a new token.
				if out, err := exec.Command("/bin/sh", append([]string{"-c", `"$0" "$@"; exit $?`, path}, args...)...).CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, out)
				}
			}
		})
	}
}
