package kube

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/reach"
	"burrow/internal/rules"
)

const (
	httpsPort   = 443
	tcpNumber   = "6"
	anyProtocol = "-1"
)

// ready refuses what cannot reach its cluster: one that does not exist, a private API from
// where no route leads to it, and a tunnel through nodes that Session Manager does not
// see, in the words of Go's HTTP client and of client-go.
func ready(c *emulator.Call) *emulator.Fault {
	k, err := active(c.Provider)
	rule := rules.ID("PRV-22")
	if err == nil {
		o := clusterAt(c.Tx, k.host())
		switch {
		case o == nil:
			err = k.fails("dial tcp: lookup %s: no such host", k.host())
		case k.tunnelled():
			rule, err = "SSM-03", k.throughNodes(c, o)
		case isPrivate(o) && !isLoopback(k.address()):
			rule, err = "EKS-08", k.direct(c, o)
		}
	}
	if err == nil {
		return nil
	}
	return &emulator.Fault{Code: codeUnreachable, Message: err.Error(), Rule: rule, Source: "pulumi-eks#1134"}
}

// fails is why the provider's first request does not get through.
func (k cluster) fails(why string, args ...any) error {
	//lint:ignore ST1005 Go's HTTP client's own words
	return fmt.Errorf("Get %q: %s", k.Server+"/openapi/v2?timeout=32s", fmt.Sprintf(why, args...))
}

// isPrivate reports whether a cluster's API has private addresses alone. That of AKS is
// public in what is modelled.
func isPrivate(o *inventory.Object) bool {
	public, set := o.Props().Get("vpcConfig.endpointPublicAccess")
	return o.Type == awstype.Cluster && set && public == false
}

// address is the host of the server itself.
func (k cluster) address() string {
	u, err := url.Parse(k.Server)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// direct: the API's name gives private addresses, which lead nowhere from outside. Inside,
// the cluster's group has to let some range in (EKS-08).
func (k cluster) direct(c *emulator.Call, o *inventory.Object) error {
	timeout := k.fails("dial tcp %s: i/o timeout", net.JoinHostPort(k.host(), "443"))
	if !c.Account().Inside {
		return timeout
	}
	group := o.Value("vpcConfig.clusterSecurityGroupId")
	for _, rule := range c.Tx.Everywhere().All(awstype.SecurityGroup, awstype.SecurityGroupRule, awstype.SecurityGroupIngressRule) {
		if slices.ContainsFunc(reach.PermissionsIn(rule), func(p reach.Permission) bool {
			_, err := netip.ParsePrefix(p.Peer)
			fits := p.Protocol == anyProtocol || p.Protocol == tcpNumber && p.From <= httpsPort && httpsPort <= p.To
			return p.Group == group && !p.Egress && err == nil && fits
		}) {
			return nil
		}
	}
	return timeout
}

// tunnelled reports whether the login opens a tunnel. A port that somebody forwards in
// another way is theirs to keep open.
func (k cluster) tunnelled() bool {
	return k.login.Command == "burrow" && slices.Contains(k.login.Args, "-document")
}

// flag is a value of the login's command line.
func (k cluster) flag(name string) string {
	if at := slices.Index(k.login.Args, name); at >= 0 && at+1 < len(k.login.Args) {
		return k.login.Args[at+1]
	}
	return ""
}

// throughNodes: burrow credential waits for a node that is online, opens a session, and
// fails with the exit codes of package kubelogin; by a document that leads elsewhere the
// session opens, and no connection comes to the API.
func (k cluster) throughNodes(c *emulator.Call, o *inventory.Object) error {
	view := c.Tx.Everywhere().View.Within(o.Region)
	if why := noNode(view, o); why != "" {
		return k.fails("getting credentials: exec: executable burrow failed with exit code 20 (%s)", why)
	}
	u, err := url.Parse(k.Server)
	switch {
	case err != nil || u.Port() != k.flag("-port"):
		return k.fails("dial tcp %s: connect: connection refused", k.address())
	case k.flag("-region") != o.Region || k.flag("-cluster") != o.Value("name"):
		return k.fails("getting credentials: exec: executable burrow failed with exit code 20 (there is no cluster %s in %s)", k.flag("-cluster"), k.flag("-region"))
	}
	document := view.Find(awstype.Document, "name", k.flag("-document"))
	switch {
	case document == nil:
		return k.fails("getting credentials: exec: executable burrow failed with exit code 23 (there is no document %s)", k.flag("-document"))
	case !forwardsTo(document, k.host()):
		return k.fails("read tcp %s: read: connection reset by peer (the document %s does not forward to %s)", u.Host, k.flag("-document"), k.host())
	}
	return nil
}

// noNode says why Session Manager sees no node of a cluster, or "".
func noNode(view inventory.View, o *inventory.Object) string {
	why := "no node group"
	for _, nodes := range view.All(awstype.NodeGroup) {
		if nodes.Value("clusterName") != o.Value("name") {
			continue
		}
		path := reach.Path{Hops: reach.NodesOf(view, nodes).Online()}
		if path.Verdict() != reach.Stopped {
			return ""
		}
		for _, h := range path.Troubles() {
			if h.Verdict == reach.Stopped {
				why = h.Reason
			}
		}
	}
	return why
}

// forwardsTo reports whether a session document leads to port 443 of a host, and nowhere
// that its user chooses.
func forwardsTo(document *inventory.Object, host string) bool {
	var d struct {
		SessionType string            `json:"sessionType"`
		Properties  map[string]string `json:"properties"`
	}
	err := json.Unmarshal([]byte(document.Value("content")), &d)
	return err == nil && d.SessionType == "Port" && d.Properties["portNumber"] == "443" && strings.EqualFold(d.Properties["host"], host)
}
