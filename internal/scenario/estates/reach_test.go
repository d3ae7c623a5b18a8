package estates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/inventory/stackexport"
	"burrow/internal/local"
	"burrow/internal/reach"
	"burrow/internal/scenario"
)

// A wreck is a whole estate, of which a test breaks one object.
type wreck struct {
	t       *testing.T
	objects []*inventory.Object
}

// wreckOf copies all that exists.
func wreckOf(t *testing.T, all []*inventory.Object) *wreck {
	w := &wreck{t: t}
	for _, o := range all {
		c := *o
		c.In, c.Out, c.Hidden = o.In.Clone(), o.Out.Clone(), o.Hidden.Clone()
		w.objects = append(w.objects, &c)
	}
	return w
}

// one is the first object of a type whose URN, inputs or id have the words.
func (w *wreck) one(typ, words string) *inventory.Object {
	w.t.Helper()
	for _, o := range w.objects {
		if o.Type == typ && strings.Contains(fmt.Sprint(o.URN, " ", o.ID, " ", o.In), words) {
			return o
		}
	}
	w.t.Fatalf("there is no %s with %q", typ, words)
	return nil
}

func (w *wreck) remove(o *inventory.Object) {
	w.objects = slices.DeleteFunc(w.objects, func(p *inventory.Object) bool { return p == o })
}

// A mutation breaks an object, and says which ids may be named for it, one of them.
type mutation struct {
	typ, words string
	do         func(w *wreck, o *inventory.Object)
	named      func(w *wreck, o *inventory.Object) string // nil for the object itself
}

// gone takes the object away. What is missing cannot be named: what it was part of is.
func gone(parent func(w *wreck, o *inventory.Object) string) func(string, string) mutation {
	return func(typ, words string) mutation {
		return mutation{typ, words, func(w *wreck, o *inventory.Object) { w.remove(o) }, parent}
	}
}

// set changes an input and the output of its name.
func set(typ, words, path string, v any) mutation {
	return mutation{typ, words, func(_ *wreck, o *inventory.Object) {
		o.In.Set(path, v)
		if o.Out.Has(path) || !o.In.Has(path) {
			o.Out.Set(path, v)
		}
		if o.Hidden.Has(path) {
			o.Hidden.Set(path, v)
		}
	}, nil}
}

// in names an input of the object.
func in(path string) func(*wreck, *inventory.Object) string {
	return func(_ *wreck, o *inventory.Object) string { return o.In.Str(path) }
}

// parentARM is the ARM id two steps up.
func parentARM(_ *wreck, o *inventory.Object) string {
	parts := strings.Split(o.ID, "/")
	return strings.Join(parts[:len(parts)-2], "/")
}

// at names another object.
func at(typ, words string) func(*wreck, *inventory.Object) string {
	return func(w *wreck, _ *inventory.Object) string { return w.one(typ, words).ID }
}

// The mutations of a default estate, by what they do.
func mutations() map[string]mutation {
	const (
		vpn, conn, lng = awstype.VpnConnection, azuretype.VirtualNetworkGatewayConnection, azuretype.LocalNetworkGateway
		ingress        = awstype.SecurityGroupIngressRule
		egress         = awstype.SecurityGroupEgressRule
		nsg            = azuretype.SecurityRule
		entry          = awstype.NetworkAclRule
		policy         = kubetype.NetworkPolicy
	)
	group, acl := gone(in("securityGroupId")), gone(in("networkAclId"))
	return map[string]mutation{
		// The tunnels.
		"another key in Azure":             set(conn, "instance0-tunnel1", "sharedKey", "another"),
		"another key in AWS":               set(vpn, "vpn-instance0", "tunnel1PresharedKey", "another"),
		"IKEv1 in Azure":                   set(conn, "instance1-tunnel2", "connectionProtocol", "IKEv1"),
		"another type of connection":       set(conn, "instance1-tunnel1", "connectionType", "Vnet2Vnet"),
		"other phase 1 encryption":         set(vpn, "vpn-instance0", "tunnel1Phase1EncryptionAlgorithms", []any{"AES128"}),
		"other phase 2 encryption":         set(vpn, "vpn-instance1", "tunnel2Phase2EncryptionAlgorithms", []any{"AES128"}),
		"other phase 2 group":              set(vpn, "vpn-instance1", "tunnel1Phase2DhGroupNumbers", []any{2.0}),
		"policy-based selectors":           set(conn, "instance0-tunnel2", "usePolicyBasedTrafficSelectors", true),
		"narrow selectors":                 set(vpn, "vpn-instance0", "localIpv4NetworkCidr", "10.10.0.0/16"),
		"no BGP on a connection":           set(conn, "instance0-tunnel1", "enableBgp", false),
		"no BGP on the gateway":            set(azuretype.VirtualNetworkGateway, "burrow", "enableBgp", false),
		"another BGP peer":                 set(lng, "instance0-tunnel1", "bgpSettings.bgpPeeringAddress", "169.254.21.9"),
		"another ASN of the peer":          set(lng, "instance1-tunnel2", "bgpSettings.asn", 64999.0),
		"another ASN of AWS":               set(awstype.VpnGateway, "vgw", "amazonSideAsn", "64999"),
		"another ASN of Azure":             set(awstype.CustomerGateway, "instance1", "bgpAsn", "64999"),
		"another inside range":             set(vpn, "vpn-instance0", "tunnel1InsideCidr", "169.254.40.0/30"),
		"another peer address":             set(lng, "instance1-tunnel1", "gatewayIpAddress", "203.0.113.77"),
		"another customer gateway address": set(awstype.CustomerGateway, "instance0", "ipAddress", "203.0.113.78"),
		"a VPN connection gone":            gone(at(conn, "instance0-tunnel1"))(vpn, "vpn-instance0"),
		"a connection gone":                gone(at(vpn, "vpn-instance1"))(conn, "instance1-tunnel1"),
		"gateway detached": {awstype.VpnGatewayAttachment, "", func(w *wreck, o *inventory.Object) {
			w.remove(o)
			w.one(awstype.VpnGateway, "vgw").Out.Del("vpcId")
		}, at(awstype.VpnGateway, "vgw")},

		// Routes.
		"the route to Azure elsewhere":  {awstype.Route, "to-azure-az1", func(_ *wreck, o *inventory.Object) { o.In.Set("gatewayId", "igw-elsewhere") }, in("routeTableId")},
		"the route to AWS into nothing": set(azuretype.Route, "to-aws", "nextHopType", "None"),
		"the route to AWS elsewhere":    set(azuretype.Route, "to-aws", "nextHopType", "Internet"),

		// Security groups of AWS.
		"relay's source elsewhere":        set(ingress, "from-azure", "cidrIpv4", "10.99.0.0/16"),
		"relay's rule gone":               group(ingress, "from-azure"),
		"relay's port wrong":              set(ingress, "from-azure", "toPort", 8442.0),
		"the balancer not let out":        group(egress, "to-nodes"),
		"the nodes do not let it in":      group(ingress, "nodes-from-nlb"),
		"the nodes' node port wrong":      set(ingress, "nodes-from-nlb", "fromPort", 31000.0),
		"the resolver lets in no UDP":     group(ingress, "aws-inbound-udp"),
		"the resolver lets in no TCP":     group(ingress, "aws-inbound-tcp"),
		"the outbound resolver's UDP":     group(egress, "aws-outbound-udp"),
		"the outbound resolver's TCP":     group(egress, "aws-outbound-tcp"),
		"the outbound resolver elsewhere": set(egress, "aws-outbound-udp", "cidrIpv4", "10.10.9.4/32"),
		"another group for the balancer": {awstype.LoadBalancer, "relay-nlb", func(w *wreck, o *inventory.Object) {
			o.In.Set("securityGroups", []any{w.one(awstype.SecurityGroup, "resolver-inbound").ID})
			o.Out.Set("securityGroups", o.In.List("securityGroups"))
		}, at(awstype.SecurityGroup, "resolver-inbound")},
		"another protocol of relay's rule": set(ingress, "from-azure", "ipProtocol", "udp"),

		// Network ACLs.
		"relay's entry gone":         acl(entry, "private-acl-in-relay "),
		"relay's entry denies":       set(entry, "private-acl-in-relay ", "ruleAction", "deny"),
		"the node port's entry gone": acl(entry, "private-acl-in-relay-node-port"),
		"the replies' entry gone":    acl(entry, "private-acl-out-relay-replies"),
		"Azure's questions, UDP":     acl(entry, "private-acl-in-azure-dns-udp"),
		"Azure's questions, TCP":     acl(entry, "private-acl-in-azure-dns-tcp"),
		"answers to Azure, UDP":      acl(entry, "private-acl-out-azure-dns-replies-udp"),
		"answers to Azure, TCP":      acl(entry, "private-acl-out-azure-dns-replies-tcp"),
		"questions to Azure, UDP":    acl(entry, "private-acl-out-to-azure-dns-udp"),
		"answers from Azure, UDP":    acl(entry, "private-acl-in-to-azure-dns-replies-udp"),
		"answers from Azure, TCP":    acl(entry, "private-acl-in-to-azure-dns-replies-tcp"),
		"a subnet with another ACL": {awstype.NetworkAclAssociation, "private-acl-az1", func(w *wreck, o *inventory.Object) {
			o.In.Set("networkAclId", w.one(awstype.NetworkAcl, "public-acl").ID)
		}, at(awstype.NetworkAcl, "public-acl")},

		// Security groups of Azure.
		"relay's port wrong in Azure":      {nsg, "relay-out", func(_ *wreck, o *inventory.Object) { o.In.Set("destinationPortRange", "8442") }, at(nsg, "nodes-nsg-deny-rest-out")},
		"relay's rule denies in Azure":     set(nsg, "nodes-nsg-relay-out", "access", "Deny"),
		"relay's addresses wrong in Azure": {nsg, "nodes-nsg-relay-out", func(_ *wreck, o *inventory.Object) { o.In.Set("destinationAddressPrefixes", []any{"10.0.1.250/32"}) }, at(nsg, "nodes-nsg-deny-rest-out")},
		"relay's rule gone in Azure":       gone(at(nsg, "nodes-nsg-deny-rest-out"))(nsg, "nodes-nsg-relay-out"),
		"the forwarder's rule gone, UDP":   gone(at(nsg, "dns-outbound-nsg-deny-rest-out"))(nsg, "to-aws-dns-out-udp"),
		"the forwarder's rule gone, TCP":   gone(at(nsg, "dns-outbound-nsg-deny-rest-out"))(nsg, "to-aws-dns-out-tcp"),
		"AWS's questions denied, UDP":      set(nsg, "aws-dns-in-udp", "access", "Deny"),
		"AWS's questions denied, TCP":      set(nsg, "aws-dns-in-tcp", "access", "Deny"),
		"a higher priority denies":         {nsg, "nodes-nsg-deny-rest-out", func(_ *wreck, o *inventory.Object) { o.In.Set("priority", 101.0) }, nil},

		// The load balancer and what is behind it.
		"the listener gone":            gone(at(awstype.LoadBalancer, "relay-nlb"))(awstype.Listener, ""),
		"the listener on another port": {awstype.Listener, "", func(_ *wreck, o *inventory.Object) { o.In.Set("port", 443.0); o.Out.Set("port", 443.0) }, at(awstype.SecurityGroup, "relay-nlb")},
		"nothing registered":           gone(in("lbTargetGroupArn"))(awstype.AutoscalingAttachment, ""),
		"the target group gone":        gone(at(awstype.Listener, ""))(awstype.TargetGroup, ""),
		"the target group on 31000":    {awstype.TargetGroup, "", func(_ *wreck, o *inventory.Object) { o.In.Set("port", 31000.0); o.Out.Set("port", 31000.0) }, at(awstype.SecurityGroup, "relay-nlb")},
		"health checks on another port": {awstype.TargetGroup, "", func(_ *wreck, o *inventory.Object) {
			o.In.Set("healthCheck.port", "9000")
			o.Out.Set("healthCheck.port", "9000")
		}, at(awstype.SecurityGroup, "relay-nlb")},
		"the load balancer gone":   gone(at(awstype.Cluster, ""))(awstype.LoadBalancer, "relay-nlb"),
		"the load balancer public": {awstype.LoadBalancer, "relay-nlb", func(_ *wreck, o *inventory.Object) { o.In.Set("internal", false); o.Out.Set("internal", false) }, at(awstype.Cluster, "")},

		// Nodes.
		"the route to NAT gone":      {awstype.Route, "private-default-az1", func(w *wreck, o *inventory.Object) { w.remove(o) }, in("routeTableId")},
		"the route to NAT elsewhere": {awstype.Route, "private-default-az2", func(_ *wreck, o *inventory.Object) { o.In.Set("natGatewayId", "nat-gone") }, in("routeTableId")},
		"a NAT gateway gone":         gone(at(awstype.RouteTable, "private-az1"))(awstype.NatGateway, "nat-az1"),
		"a NAT gateway in private": {awstype.NatGateway, "nat-az1", func(w *wreck, o *inventory.Object) {
			o.In.Set("subnetId", w.one(awstype.Subnet, "private-az2").ID)
			o.Out.Set("subnetId", o.In.Str("subnetId"))
		}, nil},
		"the internet gateway gone":      gone(at(awstype.NatGateway, "nat-az1"))(awstype.InternetGateway, ""),
		"the public route gone":          gone(at(awstype.NatGateway, "nat-az1"))(awstype.Route, "public-default"),
		"nodes not let out":              group(egress, "burrow-out-https"),
		"the API lets no nodes in":       group(ingress, "burrow-in-api"),
		"kubelets not asked":             group(ingress, "burrow-in-kubelet"),
		"nodes ask no names, UDP":        group(egress, "burrow-out-dns-udp"),
		"nodes answer no names, TCP":     group(ingress, "burrow-in-dns-tcp"),
		"nodes shut in by their ACL":     acl(entry, "private-acl-out-https"),
		"no replies through their ACL":   acl(entry, "private-acl-in-replies"),
		"the NAT gateway's ACL, in":      acl(entry, "public-acl-in-https-az1"),
		"the NAT gateway's ACL, out":     acl(entry, "public-acl-out-https"),
		"the NAT gateway's ACL, replies": acl(entry, "public-acl-in-replies"),
		"the ACL of answers to nodes":    acl(entry, "public-acl-out-replies-az2"),
		"the API through the nodes' ACL": acl(entry, "private-acl-in-api"),
		"a role that may not join":       gone(in("role"))(awstype.RolePolicyAttachment, "AmazonEKSWorkerNodePolicy"),
		"a role without addresses":       gone(in("role"))(awstype.RolePolicyAttachment, "AmazonEKS_CNI_Policy"),
		"a role that may not pull":       gone(in("role"))(awstype.RolePolicyAttachment, "ContainerRegistryPullOnly"),
		"a role that is denied": {awstype.RolePolicyAttachment, "AmazonEKSWorkerNodePolicy", func(w *wreck, o *inventory.Object) {
			w.objects = append(w.objects, &inventory.Object{Type: awstype.RolePolicy, ID: "denial", Serial: 90001, In: inventory.Props{
				"role": o.In.Str("role"), "policy": `{"Statement":{"Effect":"Deny","Action":"ecr:*","Resource":"*"}}`,
			}})
		}, in("role")},
		"a failed node group":   {awstype.NodeGroup, "", func(_ *wreck, o *inventory.Object) { o.Out.Set("status", "CREATE_FAILED") }, nil},
		"a failed AKS cluster":  {azuretype.ManagedCluster, "", func(_ *wreck, o *inventory.Object) { o.Out.Set("provisioningState", "Failed") }, nil},
		"AKS nodes not let out": gone(at(nsg, "nodes-nsg-deny-rest-out"))(nsg, "nodes-nsg-https-out"),
		"AKS nodes denied":      set(nsg, "nodes-nsg-https-out", "access", "Deny"),

		// Network policies.
		"bunny may not ask names": {policy, "allow-dns", func(w *wreck, o *inventory.Object) { w.remove(o) }, func(*wreck, *inventory.Object) string { return "bunny/default-deny" }},
		"bunny's relay elsewhere": {policy, "allow-relay", func(_ *wreck, o *inventory.Object) { spec(o, "egress[0].to", []any{block("10.0.1.250/32")}) }, nil},
		"bunny's relay gone":      {policy, "allow-relay", func(w *wreck, o *inventory.Object) { w.remove(o) }, func(*wreck, *inventory.Object) string { return "bunny/default-deny" }},
		"bunny's relay port":      {policy, "allow-relay", func(_ *wreck, o *inventory.Object) { spec(o, "egress[0].ports[0].port", 8442.0) }, nil},
		"relay lets no node in":   {policy, "allow-aks-nodes", func(w *wreck, o *inventory.Object) { w.remove(o) }, func(*wreck, *inventory.Object) string { return "relay/default-deny" }},
		"relay lets no checks in": {policy, "allow-nlb-health-checks", func(w *wreck, o *inventory.Object) { w.remove(o) }, func(*wreck, *inventory.Object) string { return "relay/default-deny" }},
		"relay lets others in":    {policy, "allow-aks-nodes", func(_ *wreck, o *inventory.Object) { spec(o, "ingress[0].from", []any{block("10.10.9.0/24")}) }, nil},
		"names of a wrong selector": {policy, "allow-dns", func(_ *wreck, o *inventory.Object) {
			spec(o, "egress[0].to[0].namespaceSelector.matchLabels", map[string]any{"name": "kube-system"})
		}, nil},

		// Names.
		"the forwarding rule disabled":     set(azuretype.ForwardingRule, "", "forwardingRuleState", "Disabled"),
		"the forwarding rule for others":   {azuretype.ForwardingRule, "", func(_ *wreck, o *inventory.Object) { o.In.Set("domainName", "elsewhere.internal.") }, at(azuretype.VirtualNetwork, "")},
		"the forwarding rule gone":         gone(at(azuretype.VirtualNetwork, ""))(azuretype.ForwardingRule, ""),
		"the forwarding rule's target":     {azuretype.ForwardingRule, "", func(_ *wreck, o *inventory.Object) { o.In.Set("targetDnsServers[1].ipAddress", "10.0.2.249") }, nil},
		"the forwarding rule's port":       set(azuretype.ForwardingRule, "", "targetDnsServers[0].port", 5353.0),
		"the Resolver rule's port":         set(awstype.ResolverRule, "private.azure", "targetIps[0].port", 5353.0),
		"the ruleset without its link":     gone(at(azuretype.DnsForwardingRuleset, ""))(azuretype.PrivateResolverVirtualNetworkLink, ""),
		"the ruleset without its endpoint": gone(at(azuretype.DnsForwardingRuleset, ""))(azuretype.OutboundEndpoint, ""),
		"a zone in Azure shadows AWS's":    shadow(),
		"the inbound endpoint gone":        gone(at(azuretype.ForwardingRule, ""))(awstype.ResolverEndpoint, "INBOUND"),
		"relay's record gone":              gone(at(awstype.LoadBalancer, "relay-nlb"))(awstype.Record, ""),
		"relay's record elsewhere": {awstype.Record, "", func(_ *wreck, o *inventory.Object) {
			o.In.Set("aliases[0].name", "other.elb.amazonaws.com")
			o.Out.Set("aliases[0].name", "other.elb.amazonaws.com")
		}, at(awstype.LoadBalancer, "relay-nlb")},
		"the zone of another VPC":          set(awstype.Zone, "", "vpcs[0].vpcId", "vpc-elsewhere"),
		"the Resolver rule not associated": gone(at(awstype.ResolverRule, "private.azure"))(awstype.ResolverRuleAssociation, ""),
		"the Resolver rule's target":       {awstype.ResolverRule, "private.azure", func(_ *wreck, o *inventory.Object) { o.In.Set("targetIps[0].ip", "10.10.3.9") }, nil},
		"the outbound endpoint gone":       gone(at(awstype.ResolverRule, "private.azure"))(awstype.ResolverEndpoint, "OUTBOUND"),
		"Azure's inbound endpoint gone":    gone(at(awstype.ResolverRule, "private.azure"))(azuretype.InboundEndpoint, ""),
		"Azure's zone not linked":          gone(parentARM)(azuretype.VirtualNetworkLink, ""),
		"bunny's record gone":              gone(parentARM)(azuretype.PrivateRecordSet, "bunny"),
		"no DNS in the VPC": {awstype.Vpc, "", func(_ *wreck, o *inventory.Object) {
			o.In.Set("enableDnsSupport", false)
			o.Out.Set("enableDnsSupport", false)
		}, nil},
		"a rule of a longer name elsewhere": longer(),
	}
}

// spec changes a policy in what was asked for and in what is.
func spec(o *inventory.Object, path string, v any) {
	o.In.Set("spec."+path, v)
	o.Out.Set("spec."+path, v)
}

func block(cidr string) map[string]any {
	return map[string]any{"ipBlock": map[string]any{"cidr": cidr}}
}

// shadow adds an empty zone of AWS's name to the VNet (ADR-07).
func shadow() mutation {
	return mutation{azuretype.PrivateZone, "", func(w *wreck, o *inventory.Object) {
		id := strings.Replace(o.ID, "private.azure.internal", "private.aws.internal", 1)
		link := w.one(azuretype.VirtualNetworkLink, "")
		w.objects = append(w.objects,
			&inventory.Object{Type: azuretype.PrivateZone, ID: id, In: inventory.Props{"privateZoneName": "private.aws.internal"}, Serial: 90001},
			&inventory.Object{Type: azuretype.VirtualNetworkLink, ID: id + "/virtualNetworkLinks/l", In: link.In.Clone(), Serial: 90002})
	}, func(_ *wreck, o *inventory.Object) string {
		return strings.Replace(o.ID, "private.azure.internal", "private.aws.internal", 1)
	}}
}

// longer associates a rule that takes bunny's name away from the program's.
func longer() mutation {
	return mutation{awstype.ResolverRule, "private.azure", func(w *wreck, o *inventory.Object) {
		in := o.In.Clone()
		in.Set("domainName", "bunny.private.azure.internal")
		in.Set("targetIps[0].ip", "10.10.3.9")
		association := w.one(awstype.ResolverRuleAssociation, "").In.Clone()
		association.Set("resolverRuleId", "rslvr-rr-longer")
		w.objects = append(w.objects,
			&inventory.Object{Type: awstype.ResolverRule, ID: "rslvr-rr-longer", In: in, Serial: 90001},
			&inventory.Object{Type: awstype.ResolverRuleAssociation, ID: "a", In: association, Serial: 90002})
	}, func(*wreck, *inventory.Object) string { return "rslvr-rr-longer" }}
}

// Any one thing that breaks turns the exit code of status to 1, and the screen names it.
func TestMutations(t *testing.T) {
	all := mutations()
	if len(all) < 60 {
		t.Errorf("%d mutations, want 60", len(all))
	}
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scenario.Living(t)
			var want string
			if err := s.Break(func(tx *emulator.Tx) {
				before := tx.All()
				w := wreckOf(t, before)
				o := w.one(m.typ, m.words)
				want = o.ID
				if m.named != nil {
					want = m.named(w, o)
				}
				m.do(w, o)
				w.put(tx, before)
			}); err != nil {
				t.Fatal(err)
			}
			var screen bytes.Buffer
			exit := &local.ExitError{}
			if err := s.Status(&screen, local.StatusOptions{ExitCode: true}); !errors.As(err, &exit) || exit.Code != 1 {
				t.Errorf("status ends with %v, want exit code 1", err)
			}
			down, last := false, ""
			for line := range strings.Lines(screen.String()) {
				if strings.HasPrefix(line, "  DOWN: ") {
					last = line
				}
				at, is := strings.CutPrefix(line, "    at     ")
				if is && !down && strings.Contains(strings.ToLower(at), strings.ToLower(want)) {
					down = true
					t.Logf("exit code %d: %s, at %s", exit.Code, strings.TrimSpace(last), want)
				}
			}
			if !down {
				t.Errorf("nothing that is down is at %s:\n%s", want, screen.String())
			}
		})
	}
}

// put makes the clouds hold what the wreck has.
func (w *wreck) put(tx *emulator.Tx, before []*inventory.Object) {
	for _, o := range before {
		if !slices.ContainsFunc(w.objects, func(p *inventory.Object) bool { return p.Type == o.Type && p.ID == o.ID && p.Serial == o.Serial }) {
			tx.Remove(o)
		}
	}
	for _, o := range w.objects {
		if i := slices.IndexFunc(before, func(p *inventory.Object) bool { return p.Serial == o.Serial }); i < 0 || !reflect.DeepEqual(before[i], o) {
			tx.Put(o)
		}
	}
}

// The loss of a layer stops no path. It is said, with the cloud, what lets it through,
// and nothing crosses as long as the other cloud stops it.
func TestOpenLayers(t *testing.T) {
	var whole []*inventory.Object
	scenario.Living(t).View(func(tx *emulator.Tx) { whole = wreckOf(t, tx.All()).objects })
	const nsg, entry, ingress = azuretype.SecurityRule, awstype.NetworkAclRule, awstype.SecurityGroupIngressRule
	open := func(at string) func(*inventory.Object) {
		return func(o *inventory.Object) { o.In.Set(at, "*"); o.In.Del(at + "es") }
	}
	remove := func(o *inventory.Object) { o.Type = "gone" }
	for name, c := range map[string]struct {
		typ, words string
		do         func(*inventory.Object)
		cloud      string
		by         string // words of what lets it through
	}{
		"Azure's nodes let in all":         {nsg, "nodes-nsg-deny-rest-in", remove, "Azure", "aks-subnet-nsg"},
		"Azure's nodes let out all":        {nsg, "nodes-nsg-deny-rest-out", remove, "Azure", "aks-subnet-nsg"},
		"Azure's nodes to all of relay's":  {nsg, "nodes-nsg-relay-out", open("destinationAddressPrefix"), "Azure", "relay-out"},
		"Azure's nodes to every port":      {nsg, "nodes-nsg-relay-out", func(o *inventory.Object) { o.In.Set("destinationPortRange", "*") }, "Azure", "relay-out"},
		"Azure's resolver asked by all":    {nsg, "aws-dns-in-udp", open("sourceAddressPrefix"), "Azure", "aws-dns-in-udp"},
		"Azure's resolver lets out all":    {nsg, "dns-outbound-nsg-deny-rest-out", remove, "Azure", "dns-outbound"},
		"Azure's subnet without its group": {azuretype.Subnet, "aks-subnet", func(o *inventory.Object) { o.In.Del("networkSecurityGroup") }, "Azure", "no security group of aks-subnet"},
		"AWS's ACL lets out to Azure":      {entry, "private-acl-out-no-other-azure", remove, "AWS", "nacl-"},
		"AWS's balancer on every port": {ingress, "from-azure", func(o *inventory.Object) {
			o.In.Set("ipProtocol", "-1")
		}, "AWS", "sgr-"},
	} {
		t.Run(name, func(t *testing.T) {
			w := wreckOf(t, whole)
			c.do(w.one(c.typ, c.words))
			view := inventory.View{Source: inventory.NewList(w.objects...)}
			if v := reach.Worst(reach.Paths(view, true)); v != reach.Passes {
				t.Errorf("a path is %s", v)
			}
			all := reach.Alone(view, true)
			named := slices.ContainsFunc(all, func(e reach.Excess) bool { return strings.Contains(strings.Join(e.By, " "), c.by) })
			if !named {
				t.Errorf("nothing lets through by %s: %v", c.by, all)
			}
			for _, e := range all {
				if e.Cloud != c.cloud {
					t.Errorf("it is said of %s: %v", e.Cloud, e)
				}
			}
		})
	}
}

// What one break hides is said beside it: five at once are five causes.
func TestFiveBreaks(t *testing.T) {
	s := scenario.Living(t)
	var want []string
	err := s.Break(func(tx *emulator.Tx) {
		w := &wreck{t: t, objects: tx.All()}
		put := func(o *inventory.Object) {
			tx.Put(o)
			want = append(want, o.ID)
		}
		rule := w.one(azuretype.ForwardingRule, "")
		rule.In.Set("forwardingRuleState", "Disabled")
		rule.Out.Set("forwardingRuleState", "Disabled")
		put(rule)
		association := w.one(awstype.ResolverRuleAssociation, "")
		want = append(want, association.In.Str("resolverRuleId"))
		tx.Remove(association)
		port := w.one(azuretype.SecurityRule, "nodes-nsg-relay-out")
		port.In.Set("destinationPortRange", "8442")
		put(port)
		entry := w.one(awstype.NetworkAclRule, "private-acl-in-relay ")
		want = append(want, entry.In.Str("networkAclId"))
		tx.Remove(entry)
		storage := w.one(azuretype.StorageAccount, "flow-logs")
		storage.In.Set("publicNetworkAccess", "Disabled")
		put(storage)
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	exit := &local.ExitError{}
	if err := s.Status(&out, local.StatusOptions{ExitCode: true}); !errors.As(err, &exit) || exit.Code != 1 {
		t.Errorf("status ends with %v, want exit code 1", err)
	}
	t.Log(out.String())
	for _, id := range want {
		if !strings.Contains(strings.ToLower(out.String()), strings.ToLower(id)) {
			t.Errorf("the screen does not name %s", id)
		}
	}
	if n := strings.Count(out.String(), "DOWN: "); n < len(want) {
		t.Errorf("%d causes, want %d", n, len(want))
	}
}

// A whole estate has exit code 0, on the screen and for machines.
func TestStatusOfAWholeEstate(t *testing.T) {
	s := scenario.Living(t)
	var screen, machine bytes.Buffer
	if err := errors.Join(
		s.Status(&screen, local.StatusOptions{ExitCode: true}),
		s.Status(&machine, local.StatusOptions{ExitCode: true, JSON: true}),
	); err != nil {
		t.Errorf("status of a whole estate: %v", err)
	}
	var report struct {
		Verdict string
		Paths   []struct{ Name, Verdict string }
	}
	if err := json.Unmarshal(machine.Bytes(), &report); err != nil || report.Verdict != "passes" || len(report.Paths) < 20 {
		t.Errorf("for machines: %v\n%s", err, machine.String())
	}
	if !strings.Contains(screen.String(), fmt.Sprintf("Paths: %d of %[1]d are well", len(report.Paths))) {
		t.Errorf("the screen:\n%s", screen.String())
	}
}

// An export says what the clouds say. With its secrets encrypted, it cannot tell whether
// the tunnels' keys agree.
func TestVerdictsOfAnExport(t *testing.T) {
	s := scenario.Living(t)
	verdicts := func(paths []reach.Path) (lines []string) {
		for _, p := range paths {
			lines = append(lines, fmt.Sprintf("%s %s %v", p.Name, p.Verdict(), p.Troubles()))
		}
		return lines
	}
	var store []string
	s.View(func(tx *emulator.Tx) { store = verdicts(reach.Paths(tx.View, true)) })
	resources := s.Export()
	clear := verdicts(reach.Paths(s.Exported(), false))
	if !slices.Equal(store, clear) {
		t.Errorf("the store says\n%s\nits export\n%s", strings.Join(store, "\n"), strings.Join(clear, "\n"))
	}
	var untold []string
	for _, p := range reach.Paths(inventory.View{Source: stackexport.Read(encrypted(t, resources))}, false) {
		switch p.Verdict() {
		case reach.Stopped:
			t.Errorf("without the secrets, %s is stopped: %v", p.Name, p.Troubles())
		case reach.CannotTell:
			untold = append(untold, p.Name)
		}
	}
	t.Logf("without the secrets these cannot be told: %v", untold)
	if len(untold) != 4 || slices.ContainsFunc(untold, func(name string) bool { return !strings.HasPrefix(name, "tunnel ") }) {
		t.Errorf("without the secrets %v cannot be told, want the four tunnels", untold)
	}
}

// encrypted takes the plaintexts out of an export.
func encrypted(t *testing.T, resources []apitype.ResourceV3) (all []apitype.ResourceV3) {
	text, err := json.Marshal(resources)
	if err == nil {
		err = json.Unmarshal(bytes.ReplaceAll(text, []byte(`"plaintext"`), []byte(`"ciphertext"`)), &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}
