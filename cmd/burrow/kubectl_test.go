//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"burrow/internal/kubetest"
	"burrow/internal/plan"
	"burrow/internal/tunnel"
	"burrow/internal/tunnel/ssmtest"
)

// policies are objects such as the stack's own.
const policies = `
apiVersion: v1
kind: Namespace
metadata: {name: relay}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: relay}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`

// behindSSM is a real API server that is reached through the fake SSM alone, and a file
// with the kubeconfig that the program makes of it.
func behindSSM(t *testing.T, accept func(token string) bool) (*kubetest.Server, *ssmtest.Fake, string) {
	t.Helper()
	api := kubetest.Start(t, accept)
	fake := ssmtest.New(t, api.Address)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	shut(t, map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL_SSM": fake.URL(), asBurrow: "1", "HOME": t.TempDir(),
	})
	dir, err := os.MkdirTemp("", "tunnel")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(tunnel.DirVariable, dir)
	t.Cleanup(func() {
		if err := runTunnel(new(bytes.Buffer), []string{"close"}); err != nil {
			t.Error(err)
		}
		os.RemoveAll(dir)
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	text, err := json.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "c",
		"clusters": []object{{"name": "c", "cluster": object{
			"server": fmt.Sprint("https://127.0.0.1:", port), "tls-server-name": kubetest.Host, "certificate-authority-data": base64.StdEncoding.EncodeToString(api.CA),
		}}},
		"contexts": []object{{"name": "c", "context": object{"cluster": "c", "user": "c"}}},
		"users": []object{{"name": "c", "user": object{"exec": object{
			"apiVersion": "client.authentication.k8s.io/v1", "command": self, "interactiveMode": "IfAvailable",
			"args": []string{"credential", "eks", "-region", ssmtest.Region, "-cluster", ssmtest.Cluster, "-document", ssmtest.Document, "-port", fmt.Sprint(port), "-host", kubetest.Host},
		}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return api, fake, file
}

func ofEKS(token string) bool { return strings.HasPrefix(token, "k8s-aws-v1.") }

// kubectl is the real one with a kubeconfig.
type kubectl struct {
	api  *kubetest.Server
	ctx  context.Context
	file string
}

// try runs it, and says what it wrote to each output and its exit code.
func (k kubectl) try(t *testing.T, in string, args ...string) (out, errOut string, code int) {
	t.Helper()
	cmd := k.api.Kubectl(k.ctx, k.file, args...)
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &o, &e
	err := cmd.Run()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// run is a run that has to succeed, for its output.
func (k kubectl) run(t *testing.T, in string, args ...string) string {
	t.Helper()
	out, errOut, code := k.try(t, in, args...)
	if code != 0 {
		t.Fatalf("kubectl %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errOut)
	}
	if len(out) < 4096 {
		t.Logf("$ kubectl %s\n%s%s", strings.Join(args, " "), out, errOut)
	}
	return out
}

// follow starts a run that does not end by itself, for its lines.
func (k kubectl) follow(t *testing.T, args ...string) (next func() string) {
	t.Helper()
	cmd := k.api.Kubectl(k.ctx, k.file, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		close(done)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			select {
			case lines <- in.Text():
			case <-done:
				return
			}
		}
	}()
	return func() string {
		t.Helper()
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("kubectl %s ended", strings.Join(args, " "))
			}
			return line
		case <-time.After(time.Minute):
			t.Fatalf("kubectl %s says no more", strings.Join(args, " "))
		}
		return ""
	}
}

// The real kubectl and client-go reach a real API server through the fake SSM: they get,
// apply, watch, run commands and read logs, all in one session.
func TestKubectlThroughSSM(t *testing.T) {
	api, fake, file := behindSSM(t, ofEKS)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	k := kubectl{api, ctx, file}
	if got := k.run(t, "", "version"); !strings.Contains(got, "Server Version: "+api.Version) || !strings.HasPrefix(api.Version, "v"+plan.Default().Clusters.EKS.Version+".") {
		t.Errorf("the stack has %s, and the server is\n%s", plan.Default().Clusters.EKS.Version, got)
	}
	if got := k.run(t, policies, "apply", "-f", "-"); !strings.Contains(got, "default-deny created") {
		t.Errorf("apply: %s", got)
	}
	if got := k.run(t, "", "get", "networkpolicies", "-A"); !strings.Contains(got, "relay") || !strings.Contains(got, "default-deny") {
		t.Errorf("get: %s", got)
	}
	t.Run("exec", func(t *testing.T) { testExec(t, k) })
	if got := k.run(t, "", "logs", "echo"); strings.Count(got, "echo line") != 5 {
		t.Errorf("logs: %s", got)
	}

	// What is followed lives on over websockets that SSM closes about hourly: every line of a
	// log comes once, and a watch misses nothing.
	line := k.follow(t, "logs", "-f", "echo")
	at := 0
	await := func(n int) {
		t.Helper()
		for ; at < n; at++ {
			if got, want := line(), fmt.Sprint("echo line ", at); got != want {
				t.Fatalf("the log says %q, want %q", got, want)
			}
		}
	}
	await(10)
	k.run(t, "", "create", "configmap", "before", "-n", "relay")
	event := k.follow(t, "get", "configmaps", "-n", "relay", "--watch", "-o", "name")
	if got := event(); got != "configmap/before" {
		t.Errorf("the watch begins with %q", got)
	}
	for i := range 3 {
		resumed := fake.Resumed()
		fake.Drop(1000)
		name := fmt.Sprint("after-", i)
		k.run(t, "", "create", "configmap", name, "-n", "relay")
		for !strings.HasSuffix(event(), "/"+name) {
		}
		await(at + 20)
		if fake.Resumed() == resumed {
			t.Error("nothing was resumed")
		}
	}
	if started := len(fake.Nodes()); started != 1 {
		t.Errorf("%d sessions for all of that", started)
	}
	for _, token := range api.Shown() {
		if !ofEKS(token) {
			t.Errorf("the API server is shown %.12s…", token)
		}
	}
}

// exec carries both outputs, input, the exit code and a large answer, over WebSockets and
// over SPDY, which older clients use.
func testExec(t *testing.T, k kubectl) {
	const large = 8 << 20
	for _, websockets := range []string{"true", "false"} {
		t.Run("websockets "+websockets, func(t *testing.T) {
			t.Setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", websockets)
			out, errOut, code := k.try(t, "what is said\n", "exec", "-i", "echo", "--", "sh", "-c", "cat; echo wrong >&2; exit 7")
			if out != "what is said\n" || !strings.HasPrefix(errOut, "wrong\n") || code != 7 {
				t.Errorf("output %q, error output %q, exit code %d", out, errOut, code)
			}
			got := k.run(t, "", "exec", "echo", "--", "sh", "-c", fmt.Sprintf("yes 0123456789abcde | head -c %d", large))
			if want := strings.Repeat("0123456789abcde\n", large/16); got != want {
				t.Errorf("%d bytes of %d came, or other ones", len(got), large)
			}
		})
	}
}

// The API server is known by the endpoint's name alone, which its certificate has: neither
// the loopback address nor another name will do.
func TestKubectlWantsTheEndpointsName(t *testing.T) {
	api, _, file := behindSSM(t, ofEKS)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ named, want string }{
		"none":    {"", "x509: cannot validate certificate for 127.0.0.1"},
		"another": {`"tls-server-name":"another.gr7.eu-west-2.eks.amazonaws.com"`, "x509: certificate is valid for " + kubetest.Host},
		"its own": {`"tls-server-name":"` + kubetest.Host + `"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			named := strings.Replace(string(text), `"tls-server-name":"`+kubetest.Host+`"`, c.named, 1)
			named = strings.NewReplacer(`{,`, `{`, `,,`, `,`, `,}`, `}`).Replace(named)
			other := filepath.Join(t.TempDir(), "kubeconfig")
			if err := os.WriteFile(other, []byte(named), 0o600); err != nil {
				t.Fatal(err)
			}
			_, errOut, code := kubectl{api, ctx, other}.try(t, "", "get", "namespaces")
			if (code == 0) != (c.want == "") || !strings.Contains(errOut, c.want) {
				t.Errorf("exit code %d: %s", code, errOut)
			}
		})
	}
}

// client-go, as the Kubernetes provider uses it, over a node that is replaced and a token
// that the API refuses.
func TestClientGoAgainstRealAPI(t *testing.T) {
	api, fake, file := behindSSM(t, ofEKS)
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	client.Timeout = time.Minute
	list := func() error {
		answer, err := client.Get(config.Host + "/api/v1/namespaces")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err == nil && (answer.StatusCode != http.StatusOK || !bytes.Contains(text, []byte("NamespaceList"))) {
			err = fmt.Errorf("%s: %s", answer.Status, text)
		}
		return err
	}
	// until tries again: client-go gives back what a lost connection or a refused token
	// gave, and has another the next time.
	until := func(what string) {
		t.Helper()
		var err error
		for range 100 {
			if err = list(); err == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("%s: %v", what, err)
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	fake.AddNode("i-00000000000000002")
	fake.LoseNode(ssmtest.FirstNode)
	until("after the node was lost")
	first := api.Shown()[0]
	var refused atomic.Int32
	api.Accept(func(token string) bool {
		if token == first {
			refused.Add(1)
		}
		return ofEKS(token) && token != first
	})
	// The API server keeps the reviewer's yes for ten seconds.
	for late := time.Now().Add(time.Minute); refused.Load() == 0; time.Sleep(100 * time.Millisecond) {
		if _ = list(); time.Now().After(late) {
			t.Fatal("the first token was never refused")
		}
	}
	until("after the token was refused")
}
