package clusters

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"gopkg.in/yaml.v3"
)

// A kubeconfig says how to reach an API server and how to log in to it. Both
// are decided here and nowhere else. Where the endpoint itself is the server, whoever
// uses the kubeconfig has to be where a route leads to it. By Session Manager, the server
// is the near end of a tunnel that the login opens; certificates are verified end to end
// all the same, by the endpoint's own name.

// endpoint is an API server and what proves that it is the right one.
type endpoint struct {
	Server string `json:"server" yaml:"server"`
	// TLSServerName is the name in the server's certificate where Server has another.
	TLSServerName string `json:"tls-server-name,omitempty" yaml:"tls-server-name"`
	// CertificateAuthority is the cluster's own CA, PEM in base64.
	CertificateAuthority string `json:"certificate-authority-data" yaml:"certificate-authority-data"`
}

// login is a command that prints a token for whoever runs it.
type login struct {
	APIVersion string   `json:"apiVersion"`
	Command    string   `json:"command"`
	Args       []string `json:"args"`
	// InstallHint is shown where the command is missing.
	InstallHint        string `json:"installHint"`
	InteractiveMode    string `json:"interactiveMode"`
	ProvideClusterInfo bool   `json:"provideClusterInfo"`
}

// burrowLogin has burrow print a token: see package tool for how the program makes sure
// that it is there.
func burrowLogin(interactive string, args ...string) login {
	return login{
		APIVersion:      "client.authentication.k8s.io/v1",
		Command:         "burrow",
		Args:            append([]string{"credential"}, args...),
		InstallHint:     "In a clone of Burrow: go install ./cmd/burrow, with $(go env GOPATH)/bin on PATH.",
		InteractiveMode: interactive,
	}
}

// eksLogin gets a token from the caller's own AWS credentials, and opens the way to the
// API where it takes one. MFA may ask for a code.
func eksLogin(region, cluster string, way []string) login {
	return burrowLogin("IfAvailable", append([]string{"eks", "-region", region, "-cluster", cluster}, way...)...)
}

// eksEndpoint is the private API at its own address, or at the near end of a tunnel.
func eksEndpoint(address, authority, tunnel string) (endpoint, error) {
	if tunnel == "" {
		return endpoint{Server: address, CertificateAuthority: authority}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return endpoint{}, fmt.Errorf("the endpoint %q has no host", address)
	}
	return endpoint{Server: tunnel, TLSServerName: u.Hostname(), CertificateAuthority: authority}, nil
}

// aksLogin gets a token from Entra. Local accounts are off, so there is no other way in.
func aksLogin(tenant string) login { return burrowLogin("IfAvailable", "aks", "-tenant", tenant) }

// kubeconfig is the text of a kubeconfig with one cluster, one user and one
// context, all of that name. It is the same text every time, whoever runs the
// program.
func kubeconfig(name string, to endpoint, by login) (string, error) {
	type object = map[string]any
	text, err := json.Marshal(object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"clusters":        []object{{"name": name, "cluster": to}},
		"users":           []object{{"name": name, "user": object{"exec": by}}},
		"contexts":        []object{{"name": name, "context": object{"cluster": name, "user": name}}},
		"current-context": name,
	})
	if err != nil {
		return "", fmt.Errorf("kubeconfig of %s: %w", name, err)
	}
	return string(text), nil
}

// aksEndpoint finds the endpoint in a kubeconfig as AKS hands it out, in base64.
// Nothing else of it is used, least of all its user. There is no other source
// of the cluster's CA.
func aksEndpoint(encoded string) (endpoint, error) {
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return endpoint{}, fmt.Errorf("kubeconfig from AKS: %w", err)
	}
	var config struct {
		Clusters []struct {
			Cluster endpoint `yaml:"cluster"`
		} `yaml:"clusters"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		// Not the error itself: it may quote the text.
		return endpoint{}, errors.New("kubeconfig from AKS: not YAML")
	}
	if len(config.Clusters) != 1 {
		return endpoint{}, fmt.Errorf("kubeconfig from AKS: %d clusters, want 1", len(config.Clusters))
	}
	to := config.Clusters[0].Cluster
	if to.Server == "" || to.CertificateAuthority == "" {
		return endpoint{}, errors.New("kubeconfig from AKS: server or certificate authority is missing")
	}
	return to, nil
}
