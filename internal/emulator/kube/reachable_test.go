package kube

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator"
	"burrow/internal/emulator/rpctest"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// privateEKS is a private cluster with a node that Session Manager sees, and the document
// that forwards to its API.
func privateEKS() map[string]*inventory.Object {
	all := []*inventory.Object{
		{Type: awstype.Cluster, ID: "relay", Region: "eu-west-2", Out: inventory.Props{"name": "relay", "endpoint": "https://" + eksHost, "vpcConfig": map[string]any{
			"endpointPublicAccess": false, "endpointPrivateAccess": true, "clusterSecurityGroupId": "sg-cluster",
		}}},
		{Type: awstype.Role, ID: "nodes", In: inventory.Props{"managedPolicyArns": []any{"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}}, Out: inventory.Props{"arn": "role"}},
		{Type: awstype.NodeGroup, ID: "relay:nodes", Region: "eu-west-2", Out: inventory.Props{
			"clusterName": "relay", "nodeGroupName": "nodes", "status": "ACTIVE", "nodeRoleArn": "role", "scalingConfig": map[string]any{"desiredSize": 2.0},
		}},
		{Type: awstype.Document, ID: "relay-api", Region: "eu-west-2", Out: inventory.Props{"name": "relay-api",
			"content": fmt.Sprintf(`{"sessionType":"Port","properties":{"host":%q,"portNumber":"443","type":"LocalPortForwarding"}}`, eksHost)}},
		{Type: awstype.SecurityGroupIngressRule, ID: "sgr-clients", Region: "eu-west-2", In: inventory.Props{
			"securityGroupId": "sg-cluster", "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0, "cidrIpv4": "10.0.8.0/24",
		}},
	}
	byID := map[string]*inventory.Object{}
	for _, o := range all {
		byID[o.ID] = o
	}
	return byID
}

// tunnelKubeconfig is one as the program makes it.
func tunnelKubeconfig(port int, cluster, document string) string {
	return fmt.Sprintf(`apiVersion: v1
current-context: main
contexts: [{name: main, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "https://127.0.0.1:28876", tls-server-name: %s}}]
users: [{name: me, user: {exec: {command: burrow, args: [credential, eks, -region, eu-west-2, -cluster, %s, -document, %s, -port, "%d"]}}}]`, eksHost, cluster, document, port)
}

// A private API is reached from inside, and from outside through nodes that are online in
// Systems Manager. Sources: awsdocs/amazon-eks-user-guide cluster-endpoint.md; AWS Systems
// Manager API, StartSession, TargetNotConnected; kubernetes/client-go
// plugin/pkg/client/auth/exec/exec.go for the words.
func TestPrivateAPI(t *testing.T) {
	direct, tunnel := kubeconfigFor("https://"+eksHost), tunnelKubeconfig(28876, "relay", "relay-api")
	for name, c := range map[string]struct {
		config string
		inside bool
		change func(map[string]*inventory.Object)
		want   string // part of what is refused, "" for reached
	}{
		"direct, from outside":                {direct, false, nil, "i/o timeout"},
		"direct, from inside":                 {direct, true, nil, ""},
		"direct, from where nobody is let in": {direct, true, func(w map[string]*inventory.Object) { delete(w, "sgr-clients") }, "i/o timeout"},
		"direct, on another port": {direct, true, func(w map[string]*inventory.Object) {
			w["sgr-clients"].In.Set("fromPort", 80.0)
			w["sgr-clients"].In.Set("toPort", 80.0)
		}, "i/o timeout"},
		"direct, a public API":      {direct, false, func(w map[string]*inventory.Object) { w["relay"].Out.Set("vpcConfig.endpointPublicAccess", true) }, ""},
		"somebody's own forwarding": {strings.Replace(direct, "server: \"https://"+eksHost+"\"", `server: "https://localhost:8443", tls-server-name: `+eksHost, 1), false, nil, ""},
		"a tunnel, from outside":    {tunnel, false, nil, ""},
		"a tunnel, from inside":     {tunnel, true, nil, ""},
		"before there are nodes":    {tunnel, false, func(w map[string]*inventory.Object) { delete(w, "relay:nodes") }, "exit code 20 (no node group)"},
		"while nodes are made":      {tunnel, false, func(w map[string]*inventory.Object) { w["relay:nodes"].Out.Set("status", "CREATING") }, "exit code 20"},
		"nodes that failed":         {tunnel, false, func(w map[string]*inventory.Object) { w["relay:nodes"].Out.Set("status", "CREATE_FAILED") }, "exit code 20"},
		"no nodes":                  {tunnel, false, func(w map[string]*inventory.Object) { w["relay:nodes"].Out.Set("scalingConfig.desiredSize", 0.0) }, "exit code 20"},
		"nodes without the rights":  {tunnel, false, func(w map[string]*inventory.Object) { w["nodes"].In.Set("managedPolicyArns", []any{}) }, "AmazonSSMManagedInstanceCore"},
		"another cluster's nodes":   {tunnel, false, func(w map[string]*inventory.Object) { w["relay:nodes"].Out.Set("clusterName", "other") }, "exit code 20"},
		"no document":               {tunnel, false, func(w map[string]*inventory.Object) { delete(w, "relay-api") }, "exit code 23"},
		"a document that leads elsewhere": {tunnel, false, func(w map[string]*inventory.Object) {
			w["relay-api"].Out.Set("content", `{"sessionType":"Port","properties":{"host":"example.com","portNumber":"443"}}`)
		}, "connection reset by peer"},
		"a document that opens a shell": {tunnel, false, func(w map[string]*inventory.Object) {
			w["relay-api"].Out.Set("content", `{"sessionType":"Standard_Stream"}`)
		}, "connection reset by peer"},
		"another document": {tunnelKubeconfig(28876, "relay", "other"), false, nil, "no document other"},
		"another port":     {tunnelKubeconfig(28877, "relay", "relay-api"), false, nil, "connection refused"},
		"another cluster":  {tunnelKubeconfig(28876, "other", "relay-api"), false, nil, "no cluster other"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := privateEKS()
			if c.change != nil {
				c.change(objects)
			}
			world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{
				Wait: func(context.Context, time.Duration) {}, Account: emulator.Account{Inside: c.inside},
			})
			if err != nil {
				t.Fatal(err)
			}
			ports, stop, err := emulator.Serve(t.Context(), world, []*emulator.Cloud{Cloud()}, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(stop)
			if err := world.Update(func(tx *emulator.Tx) error {
				for _, o := range objects {
					tx.Put(o)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			a := &api{t: t, world: world, port: ports["kubernetes"]}
			_, err = a.client(map[string]any{"kubeconfig": c.config}).rpc.Create(t.Context(), &pulumirpc.CreateRequest{
				Urn: urn(kubetype.Namespace, "n"), Properties: rpctest.Wire(t, namespaceNamed("n")),
			})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "cluster is unreachable") || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
