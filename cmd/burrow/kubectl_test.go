//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
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

// The real kubectl and client-go reach a real API server through the fake SSM: they get,
// apply, watch, run commands and read logs.
func TestKubectlThroughSSM(t *testing.T) {
	api, fake, file := behindSSM(t, ofEKS)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	run := func(in string, args ...string) string {
		t.Helper()
		cmd := api.Kubectl(ctx, file, args...)
		cmd.Stdin = strings.NewReader(in)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		t.Logf("$ kubectl %s\n%s", strings.Join(args, " "), out)
		return string(out)
	}
	if got := run("", "version"); !strings.Contains(got, "Server Version: "+kubetest.Version) || !strings.HasPrefix(kubetest.Version, "v"+plan.Default().Clusters.EKS.Version+".") {
		t.Errorf("the stack has %s, and the server is\n%s", plan.Default().Clusters.EKS.Version, got)
	}
	if got := run(policies, "apply", "-f", "-"); !strings.Contains(got, "default-deny created") {
		t.Errorf("apply: %s", got)
	}
	if got := run("", "get", "networkpolicies", "-A"); !strings.Contains(got, "relay") || !strings.Contains(got, "default-deny") {
		t.Errorf("get: %s", got)
	}
	if got := run("what is said\n", "exec", "-i", "echo", "--", "sh", "-c", "cat; echo done"); !strings.Contains(got, "what is said\ndone") {
		t.Errorf("exec: %s", got)
	}
	if got := run("", "logs", "-f", "echo"); strings.Count(got, "echo line") != 5 {
		t.Errorf("logs: %s", got)
	}

	// A watch lives on over websockets that SSM closes about hourly.
	watch := api.Kubectl(ctx, file, "get", "configmaps", "-n", "relay", "--watch-only", "-o", "name")
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = watch.Process.Kill()
		_ = watch.Wait()
	}()
	seen := make(chan string, 16)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			seen <- lines.Text()
		}
		close(seen)
	}()
	await := func(name string) {
		t.Helper()
		for until := time.After(time.Minute); ; {
			select {
			case line, open := <-seen:
				if strings.Contains(line, name) {
					return
				}
				if !open {
					t.Fatalf("the watch ended before %s", name)
				}
			case <-until:
				t.Fatalf("the watch does not see %s", name)
			}
		}
	}
	time.Sleep(time.Second) // the watch is asked for
	run("", "create", "configmap", "one", "-n", "relay")
	await("one")
	fake.Drop(1000)
	run("", "create", "configmap", "two", "-n", "relay")
	await("two")
	if fake.Resumed() == 0 {
		t.Error("nothing was resumed")
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
