package clusters

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// config is as much of a kubeconfig as kubectl would need here.
type config struct {
	Clusters []struct {
		Name    string
		Cluster map[string]string
	}
	Users []struct {
		Name string
		User map[string]struct {
			APIVersion string
			Command    string
			Args       []string
		}
	}
	Contexts []struct {
		Name    string
		Context map[string]string
	}
	Current string `json:"current-context"`
}

func parse(t *testing.T, text string) config {
	t.Helper()
	var c config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("kubeconfig: %v", err)
	}
	if len(c.Clusters) != 1 || len(c.Users) != 1 || len(c.Contexts) != 1 {
		t.Fatalf("kubeconfig has not one cluster, user and context: %s", text)
	}
	return c
}

func TestKubeconfig(t *testing.T) {
	to := endpoint{Server: "https://api.example", CertificateAuthority: "LS0t"}
	for _, tc := range []struct {
		name    string
		by      login
		command string
		args    []string // must be among the arguments, in this order
	}{
		{"eks", eksLogin("eu-west-2", "relay", nil), "burrow", []string{"credential", "eks", "-region", "eu-west-2", "-cluster", "relay"}},
		{"eks by a tunnel", eksLogin("eu-west-2", "relay", []string{"-document", "relay-api", "-port", "28876"}), "burrow",
			[]string{"credential", "eks", "-region", "eu-west-2", "-cluster", "relay", "-document", "relay-api", "-port", "28876"}},
		{"aks", aksLogin("tenant"), "burrow", []string{"credential", "aks", "-tenant", "tenant"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text, err := kubeconfig("relay", to, tc.by)
			if err != nil {
				t.Fatal(err)
			}
			c := parse(t, text)
			if c.Clusters[0].Cluster["server"] != to.Server || c.Clusters[0].Cluster["certificate-authority-data"] != to.CertificateAuthority {
				t.Errorf("cluster = %v, want %v", c.Clusters[0].Cluster, to)
			}
			context := c.Contexts[0].Context
			if c.Current != c.Contexts[0].Name || context["cluster"] != c.Clusters[0].Name || context["user"] != c.Users[0].Name {
				t.Errorf("context %v does not join cluster and user", c.Contexts[0])
			}
			exec, ok := c.Users[0].User["exec"]
			if !ok || len(c.Users[0].User) != 1 {
				t.Fatalf("user = %v, want exec and nothing else", c.Users[0].User)
			}
			if exec.Command != tc.command || !slices.Equal(exec.Args[:min(len(tc.args), len(exec.Args))], tc.args) {
				t.Errorf("exec = %s %v, want %s %v", exec.Command, exec.Args, tc.command, tc.args)
			}
		})
	}
}

// fromAKS is a kubeconfig in the form of AKS, with a credential in it.
const fromAKS = `apiVersion: v1
kind: Config
clusters:
- name: aks
  cluster:
    server: https://aks.example:443
    certificate-authority-data: LS0t
users:
- name: clusterUser
  user:
    token: hunter2
`

func TestAKSEndpoint(t *testing.T) {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, tc := range []struct {
		name    string
		encoded string
		want    endpoint
		err     string // part of the message; empty for success
	}{
		{"as AKS writes it", encode(fromAKS), endpoint{Server: "https://aks.example:443", CertificateAuthority: "LS0t"}, ""},
		{"not base64", "%%%", endpoint{}, "base64"},
		{"not YAML", encode("\ttoken: hunter2"), endpoint{}, "not YAML"},
		{"no cluster", encode("clusters: []"), endpoint{}, "0 clusters"},
		{"no authority", encode("clusters: [{cluster: {server: x}}]"), endpoint{}, "missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := aksEndpoint(tc.encoded)
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			if got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the message gives a credential away: %v", err)
			}
		})
	}
}
