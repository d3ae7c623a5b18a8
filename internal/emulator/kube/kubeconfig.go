package kube

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"gopkg.in/yaml.v3"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// A kubeconfig is the part of one that names clusters and how to log in to them.
type kubeconfig struct {
	CurrentContext string `yaml:"current-context"`
	Contexts       []struct {
		Name    string `yaml:"name"`
		Context struct {
			Cluster   string `yaml:"cluster"`
			User      string `yaml:"user"`
			Namespace string `yaml:"namespace"`
		} `yaml:"context"`
	} `yaml:"contexts"`
	Clusters []struct {
		Name    string  `yaml:"name"`
		Cluster cluster `yaml:"cluster"`
	} `yaml:"clusters"`
	Users []struct {
		Name string `yaml:"name"`
		User struct {
			Exec login `yaml:"exec"`
		} `yaml:"user"`
	} `yaml:"users"`
}

// A login is the command that prints a credential.
type login struct {
	Command string   `yaml:"command"`
	Args    []string `yaml:"args"`
}

// A cluster is where an API server is reached and what it must prove.
type cluster struct {
	Server string `yaml:"server"`
	// TLSServerName is the name in the API server's certificate where Server is
	// something else, such as the near end of a port forwarding.
	TLSServerName string `yaml:"tls-server-name"`
	CAData        string `yaml:"certificate-authority-data"`

	login login // of the user that goes with it
}

// host is the name that identifies the cluster, in lower case.
func (c cluster) host() string {
	if c.TLSServerName != "" {
		return strings.ToLower(c.TLSServerName)
	}
	u, err := url.Parse(c.Server)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// active is the cluster that a provider configuration chooses.
func active(config inventory.Props) (cluster, error) {
	text := config.Str("kubeconfig")
	if text == "" {
		return cluster{}, errors.New("no kubeconfig is given, and the emulation reads none from the machine")
	}
	var k kubeconfig
	if err := yaml.Unmarshal([]byte(text), &k); err != nil {
		return cluster{}, fmt.Errorf("parse kubeconfig: %w", err)
	}
	name, err := k.chosen(config)
	if err != nil {
		return cluster{}, err
	}
	for _, c := range k.Clusters {
		if c.Name == name {
			c.Cluster.login = k.loginOf(config.StrOr("context", k.CurrentContext))
			return c.Cluster, nil
		}
	}
	return cluster{}, fmt.Errorf("cluster %q does not exist in the kubeconfig", name)
}

// chosen is the name of the cluster: the one that the provider is told, else that
// of the context.
func (k kubeconfig) chosen(config inventory.Props) (string, error) {
	if name := config.Str("cluster"); name != "" {
		return name, nil
	}
	context := config.StrOr("context", k.CurrentContext)
	for _, c := range k.Contexts {
		if c.Name == context {
			return c.Context.Cluster, nil
		}
	}
	return "", fmt.Errorf("context %q does not exist in the kubeconfig", context)
}

// loginOf is the command of a context's user.
func (k kubeconfig) loginOf(context string) (l login) {
	for _, c := range k.Contexts {
		for _, u := range k.Users {
			if c.Name == context && u.Name == c.Context.User {
				l = u.User.Exec
			}
		}
	}
	return l
}

// home is the host of the API server that a provider configuration leads to, or
// "nowhere": an object there is found by nobody else.
func home(config inventory.Props) string {
	if c, err := active(config); err == nil && c.host() != "" {
		return c.host()
	}
	return "nowhere"
}

// Types of clusters, with the outputs that hold the names of their API servers.
var hosts = map[string][]string{
	awstype.Cluster:          {"endpoint"},
	azuretype.ManagedCluster: {"fqdn", "privateFQDN"},
}

// hostsOf are the names under which a cluster's API server is reached.
func hostsOf(o *inventory.Object) (names []string) {
	for _, output := range hosts[o.Type] {
		name := strings.TrimPrefix(o.Out.Str(output), "https://")
		if name, _, _ = strings.Cut(name, ":"); name != "" {
			names = append(names, strings.ToLower(name))
		}
	}
	return names
}

// clusterAt is the cluster whose API server has the host name, or nil.
func clusterAt(tx *emulator.Tx, host string) *inventory.Object {
	for typ := range hosts {
		for _, o := range tx.Everywhere().All(typ) {
			for _, name := range hostsOf(o) {
				if name == host {
					return o
				}
			}
		}
	}
	return nil
}

// hostedOn is the home that ends with a deleted cluster.
func hostedOn(deleted *inventory.Object) string {
	if names := hostsOf(deleted); len(names) > 0 {
		return names[0]
	}
	return ""
}

// same reports whether two are one cluster, however people log in to it.
func (c cluster) same(d cluster) bool {
	return c.Server == d.Server && c.TLSServerName == d.TLSServerName && c.CAData == d.CAData
}

// identifying are the settings that choose a cluster.
var identifying = []string{"kubeconfig", "context", "cluster"}

// configReplaces says which settings make the provider that of another cluster:
// clusterIdentifier alone where it is set, else those that choose one, when they
// choose another or are not known. Source: pulumi-kubernetes
// provider/pkg/provider/provider.go, DiffConfig.
func configReplaces(before, after inventory.Props) []string {
	const identifier = "clusterIdentifier"
	if before.Has(identifier) || after.Has(identifier) {
		return []string{identifier}
	}
	known := after.Known("kubeconfig") && after.Known("context") && after.Known("cluster")
	was, errBefore := active(before)
	is, errAfter := active(after)
	if known && errBefore == nil && errAfter == nil && was.same(is) {
		return nil
	}
	return identifying
}
