package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"burrow/internal/kubelogin"
	"burrow/internal/kubelogin/logintest"
	"burrow/internal/tunnel"
)

// asBurrow makes the test binary the command itself, for client-go to run.
const asBurrow = "BURROW_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asBurrow) != "" {
		os.Exit(exitCode(run(os.Args[1:])))
	}
	os.Exit(m.Run())
}

// shut is an environment in which only the given variables log in, and a folder of tunnels
// that nobody else has.
func shut(t testing.TB, set map[string]string) {
	t.Helper()
	commands := os.Getenv("PATH")
	logintest.Nobody(t, set)
	t.Setenv("PATH", commands)
	t.Setenv(tunnel.DirVariable, t.TempDir())
}

// kubeconfigOf is a kubeconfig as the program makes it, with this binary in place of the
// command on PATH.
func kubeconfigOf(t *testing.T, server *httptest.Server, cluster string) *rest.Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "c",
		"clusters": []any{map[string]any{"name": "c", "cluster": map[string]any{
			"server": server.URL, "insecure-skip-tls-verify": true,
		}}},
		"contexts": []any{map[string]any{"name": "c", "context": map[string]any{"cluster": "c", "user": "c"}}},
		"users": []any{map[string]any{"name": "c", "user": map[string]any{"exec": map[string]any{
			"apiVersion": "client.authentication.k8s.io/v1", "command": self, "interactiveMode": "Never",
			"args": []any{"credential", "eks", "-region", "eu-west-2", "-cluster", cluster},
			"env":  []any{map[string]any{"name": asBurrow, "value": "1"}},
		}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// The real client-go runs the command, and shows the API server its token.
func TestClientGoLogsIn(t *testing.T) {
	var shown string
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { shown = r.Header.Get("Authorization") }))
	defer server.Close()
	get := func(cluster string) error { // client-go keeps the credential of an equal command
		client, err := rest.HTTPClientFor(kubeconfigOf(t, server, cluster))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Get(server.URL + "/version")
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
		return err
	}
	shut(t, map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"})
	if err := get("relay"); err != nil {
		t.Fatal(err)
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(shown, "Bearer k8s-aws-v1."))
	if err != nil {
		t.Fatalf("the API server is shown %q: %v", shown, err)
	}
	if u, err := url.Parse(string(text)); err != nil || u.Host != "sts.eu-west-2.amazonaws.com" {
		t.Errorf("the token asks %s: %v", text, err)
	}

	shut(t, nil)
	shown = ""
	if err := get("another"); err == nil || !strings.Contains(err.Error(), "exit code 10") || shown != "" {
		t.Errorf("without credentials: %v, and the server is shown %q; want exit code 10", err, shown)
	}
}

// Whatever a library or a process that it starts prints, standard output is the credential's.
func TestOutputIsTheCredential(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	home := logintest.Nobody(t, map[string]string{asBurrow: "1"})
	logintest.Write(t, home, ".aws/config", "[default]\ncredential_process = echo noise >/proc/$PPID/fd/1; "+
		`echo '{"Version":1,"AccessKeyId":"AKIDEXAMPLE","SecretAccessKey":"secret"}'`+"\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, noise bytes.Buffer
	command := exec.Command(self, "credential", "eks", "-cluster", "c", "-region", "eu-west-2")
	command.Stdout, command.Stderr = &out, &noise
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %s", err, noise.String())
	}
	if !strings.HasPrefix(out.String(), `{"apiVersion"`) || noise.String() != "noise\n" {
		t.Errorf("standard output has %q, standard error %q", out.String(), noise.String())
	}
}

func TestCredentialUsage(t *testing.T) {
	shut(t, nil)
	var out bytes.Buffer
	if err := runCredential(&out, nil); err != nil || !strings.Contains(out.String(), "  10  no credentials were found") {
		t.Errorf("usage: %v\n%s", err, out.String())
	}
	for _, way := range kubelogin.AzureLogins {
		if !strings.Contains(out.String(), way) {
			t.Errorf("usage does not name %s of %s", way, kubelogin.AzureLogin)
		}
	}
	for _, args := range []string{"gke", "eks", "eks -cluster c", "eks -cluster c -region r more", "aks -no-such"} {
		if code := exitCode(runCredential(io.Discard, strings.Fields(args))); code != 2 {
			t.Errorf("credential %s ends with %d, want 2", args, code)
		}
	}
	t.Setenv("KUBERNETES_EXEC_INFO", "{")
	if code := exitCode(runCredential(io.Discard, []string{"eks", "-cluster", "c", "-region", "r"})); code != 14 {
		t.Errorf("a request that is no JSON ends with %d, want 14", code)
	}
}
