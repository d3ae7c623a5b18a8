package eks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// execAPI is the version of the protocol by which kubectl asks the aws CLI for a
// token.
const execAPI = "client.authentication.k8s.io/v1beta1"

// The kubeconfig, with its keys in the order in which the component writes them.
type (
	kubeconfig struct {
		APIVersion     string         `json:"apiVersion"`
		Clusters       []namedCluster `json:"clusters"`
		Contexts       []namedContext `json:"contexts"`
		CurrentContext string         `json:"current-context"`
		Kind           string         `json:"kind"`
		Users          []namedUser    `json:"users"`
	}
	namedCluster struct {
		Cluster struct {
			Server    string `json:"server"`
			Authority string `json:"certificate-authority-data"`
		} `json:"cluster"`
		Name string `json:"name"`
	}
	namedContext struct {
		Context struct {
			Cluster string `json:"cluster"`
			User    string `json:"user"`
		} `json:"context"`
		Name string `json:"name"`
	}
	namedUser struct {
		Name string `json:"name"`
		User struct {
			Exec execPlugin `json:"exec"`
		} `json:"user"`
	}
	execPlugin struct {
		APIVersion string   `json:"apiVersion"`
		Command    string   `json:"command"`
		Args       []string `json:"args"`
		Env        []envVar `json:"env"`
	}
	envVar struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// kubeconfigText is the component's kubeconfig: it holds no credential and gets
// its tokens from the aws CLI.
func kubeconfigText(cluster, endpoint, authority, arn string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) < 4 || parts[0] != "arn" {
		//lint:ignore ST1005 the component's own words
		return "", fmt.Errorf("Invalid ARN: '%s'", arn)
	}
	config := kubeconfig{
		APIVersion: "v1", Kind: "Config", CurrentContext: "aws",
		Clusters: make([]namedCluster, 1), Contexts: make([]namedContext, 1), Users: make([]namedUser, 1),
	}
	config.Clusters[0].Name, config.Contexts[0].Name, config.Users[0].Name = "kubernetes", "aws", "aws"
	config.Clusters[0].Cluster.Server, config.Clusters[0].Cluster.Authority = endpoint, authority
	config.Contexts[0].Context.Cluster, config.Contexts[0].Context.User = "kubernetes", "aws"
	config.Users[0].User.Exec = execPlugin{
		APIVersion: execAPI, Command: "aws",
		Args: []string{
			"--region", parts[3], "eks", "get-token", "--cluster-name", cluster, "--output", "json",
		},
		Env: []envVar{{"KUBERNETES_EXEC_INFO", fmt.Sprintf(`{"apiVersion": %q}`, execAPI)}},
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(config)
	return string(bytes.TrimSpace(text.Bytes())), err
}

// kubeconfigJSON is the kubeconfig of the cluster as a text.
func (c *cluster) kubeconfigJSON() pulumi.StringOutput {
	return pulumi.All(c.eks.Name, c.eks.Endpoint, stringAt(c.eks.Authority, "data"), c.eks.Arn).
		ApplyT(func(v []any) (string, error) {
			return kubeconfigText(v[0].(string), v[1].(string), v[2].(string), v[3].(string))
		}).(pulumi.StringOutput)
}

// makeProvider makes the kubernetes provider of the cluster.
func (c *cluster) makeProvider() error {
	c.provider = &k8sProvider{}
	return add(c.ctx, c, child{typ: "pulumi:providers:kubernetes", name: c.name + "-eks-k8s", props: pulumi.Map{
		"kubeconfig": c.kubeconfigJSON(), "enableConfigMapMutable": c.args.EnableConfigMapMutable,
	}}, c.provider)
}
