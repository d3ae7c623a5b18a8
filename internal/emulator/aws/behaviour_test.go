package aws

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// part makes only the steps that are named, and what they refer to must be among
// them.
func part(t *testing.T, names ...string) *estate {
	t.Helper()
	e := &estate{lab: newLab(t), made: map[string]thing{}}
	for _, s := range slices.Concat(blueprint(), oddSteps()) {
		if slices.Contains(names, s.name) {
			e.make(s)
		}
	}
	return e
}

// clusterParts are what a cluster of the estate needs.
var clusterParts = []string{
	"igw", "public1", "public2", "publicTable", "publicOf1", "publicOf2", "eip1", "eip2", "nat1", "nat2", "table1", "table2",
	"out1", "out2", "tableOf1", "tableOf2",
	"vpc", "private1", "private2", "group", "key", "eksRole", "eksPolicy", "nodeRole", "nodePolicy0", "nodePolicy1", "nodePolicy2",
}

// clusterWith is a cluster of the estate with some inputs changed.
func clusterWith(t *testing.T, set props, more ...string) *estate {
	t.Helper()
	e := part(t, slices.Concat(clusterParts, more)...)
	e.make(changed("cluster", set))
	return e
}

// changed is a step of the blueprint with some inputs changed; nil takes away.
func changed(name string, set props) step {
	for _, s := range slices.Concat(blueprint(), oddSteps()) {
		if s.name == name {
			s.in = s.in.Clone()
			for path, v := range set {
				if v == nil {
					s.in.Del(path)
				} else {
					s.in.Set(path, v)
				}
			}
			return s
		}
	}
	panic("no step " + name)
}

// try creates a step that may be refused.
func (e *estate) try(s step) error {
	_, _, err := e.create(s.typ, s.name, e.resolve(s.in))
	return err
}

func TestVpcMakesItsDefaults(t *testing.T) {
	e := part(t, "vpc")
	vpc := e.made["vpc"]
	for typ, output := range map[string]string{
		awstype.SecurityGroup: "defaultSecurityGroupId", awstype.NetworkAcl: "defaultNetworkAclId", awstype.RouteTable: "mainRouteTableId",
	} {
		found := e.objects(typ)
		if len(found) != 1 || found[0].ID != vpc.out.Str(output) || found[0].MadeBy != vpc.id {
			t.Errorf("%s: %v, want one object %s", typ, found, vpc.out.Str(output))
		}
	}
	group := e.make(step{"default", awstype.DefaultSecurityGroup, props{"vpcId": "=vpc"}})
	if group.id != vpc.out.Str("defaultSecurityGroupId") {
		t.Errorf("the default group has the id %s", group.id)
	}
	if adopted := e.objects(awstype.SecurityGroup)[0]; len(adopted.Out.List("ingress"))+len(adopted.Out.List("egress")) > 0 {
		t.Errorf("the adopted group keeps its rules: %v", adopted.Out)
	}
}

// VPC-25: EC2's own rule goes, declared ones stay.
func TestSecurityGroupHasNoEgressUnlessDeclared(t *testing.T) {
	e := part(t, "vpc", "group", "nodeGroupSG")
	if egress := e.made["group"].out.List("egress"); len(egress) > 0 {
		t.Errorf("egress %v", egress)
	}
	if egress := e.made["nodeGroupSG"].out.List("egress"); len(egress) != 2 {
		t.Errorf("declared egress %v", egress)
	}
}

// AWV-03: two resources for one peer share one gateway; deleting one takes it
// from the other.
func TestCustomerGatewayIsShared(t *testing.T) {
	e := part(t, "cgw0")
	id, _, err := e.create(awstype.CustomerGateway, "second", e.made["cgw0"].in)
	if err != nil || id != e.made["cgw0"].id {
		t.Fatalf("got %s, %v; want %s", id, err, e.made["cgw0"].id)
	}
	if err := e.delete(awstype.CustomerGateway, "second", id); err != nil {
		t.Fatal(err)
	}
	if left := e.objects(awstype.CustomerGateway); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestVpnConnectionOutputs(t *testing.T) {
	e := part(t, "vpc", "vgw", "vgwIn", "cgw0", "cgw1", "vpn0", "vpn1")
	seen := map[string]bool{}
	for _, name := range []string{"vpn0", "vpn1"} {
		out := e.made[name].out
		for _, tunnel := range tunnels {
			if a := out.Str(tunnel + "Address"); a == "" || seen[a] {
				t.Errorf("%s: outside address %q is missing or not its own", name, a)
			}
			seen[out.Str(tunnel+"Address")] = true
			if asn := out.Str(tunnel + "BgpAsn"); asn != "64512" {
				t.Errorf("%s: ASN %s", name, asn)
			}
		}
		for _, want := range []string{"<pre_shared_key>key_of_tunnel.", out.Str("tunnel1Address"), "65515"} {
			if !strings.Contains(out.Str("customerGatewayConfiguration"), want) {
				t.Errorf("%s: the configuration lacks %s", name, want)
			}
		}
	}
	out := e.made["vpn1"].out
	if got := out.Str("tunnel2VgwInsideAddress") + " " + out.Str("tunnel2CgwInsideAddress"); got != "169.254.22.5 169.254.22.6" {
		t.Errorf("inside addresses %s", got)
	}
}

// A new key changes the tunnel in place, and nothing else of the connection.
func TestNewKeyKeepsTheConnection(t *testing.T) {
	e := part(t, "vpc", "vgw", "vgwIn", "cgw0", "vpn0")
	vpn := e.made["vpn0"]
	in := vpn.in.Clone()
	in["tunnel1PresharedKey"] = "another_key.1"
	out, err := e.update(vpn.typ, vpn.name, vpn.id, vpn.in, in)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"tunnel1Address", "tunnel2Address", "tunnel1InsideCidr", "tunnel2PresharedKey"} {
		if out.Str(p) != vpn.out.Str(p) {
			t.Errorf("%s changes from %s to %s", p, vpn.out.Str(p), out.Str(p))
		}
	}
	if out.Str("tunnel1PresharedKey") != "another_key.1" {
		t.Error("the key does not change")
	}
}

// What is left open AWS chooses, legally and each different.
func TestVpnConnectionDefaults(t *testing.T) {
	e := part(t, "vpc2", "vgw2", "cgw0", "static")
	out := e.made["static"].out
	for _, tunnel := range tunnels {
		if broken := insideRange(tunnel, out.Str(tunnel+"InsideCidr")); broken != "" || out.Str(tunnel+"InsideCidr") == "" {
			t.Error(broken)
		}
		if broken := keyWords(tunnel, out.Str(tunnel+"PresharedKey")); broken != "" || out.Str(tunnel+"PresharedKey") == "" {
			t.Error(broken)
		}
	}
	if out.Str("tunnel1InsideCidr") == out.Str("tunnel2InsideCidr") || out.Str("tunnel1PresharedKey") == out.Str("tunnel2PresharedKey") {
		t.Error("the tunnels are alike")
	}
}

// AWV-36: the provider tells tunnels apart by key or inside range; with neither
// it takes the addresses in order.
func TestTunnelOrder(t *testing.T) {
	for _, c := range []struct {
		in         props
		indistinct bool
	}{
		{props{}, true},
		{props{"tunnel1PresharedKey": "k", "tunnel2PresharedKey": "k"}, true},
		{props{"tunnel1PresharedKey": "k", "tunnel2PresharedKey": "l"}, false},
		{props{"tunnel1InsideCidr": "169.254.6.0/30"}, false},
	} {
		if got := indistinct(c.in); got != c.indistinct {
			t.Errorf("%v is indistinct: %t", c.in, got)
		}
	}
	e := part(t, "vpc2", "vgw2", "cgw0", "static")
	if out := e.made["static"].out; out.Str("tunnel1Address") > out.Str("tunnel2Address") {
		t.Errorf("addresses %s and %s are not in order", out.Str("tunnel1Address"), out.Str("tunnel2Address"))
	}
}

// A refresh finds newer telemetry; nothing in Azure meets the tunnels here.
func TestTelemetry(t *testing.T) {
	e := part(t, "vpc", "vgw", "vgwIn", "cgw0", "vpn0")
	vpn := e.made["vpn0"]
	in, out := e.read(vpn.typ, vpn.name, vpn.id, vpn.in, vpn.out)
	if fmt.Sprint(in) != fmt.Sprint(vpn.in) {
		t.Errorf("inputs change: %v", in)
	}
	list := out.Maps("vgwTelemetries[*]")
	if len(list) != 2 || list[0].Str("status") != "DOWN" || list[0].Str("outsideIpAddress") != out.Str("tunnel1Address") {
		t.Errorf("telemetry %v", list)
	}
}

func TestElasticIPShowsItsGatewayAfterARefresh(t *testing.T) {
	e := part(t, "vpc", "igw", "public1", "eip1", "nat1")
	eip, nat := e.made["eip1"], e.made["nat1"]
	if nat.out.Str("publicIp") != eip.out.Str("publicIp") || eip.out.Str("networkInterface") != "" {
		t.Errorf("%v %v", eip.out, nat.out)
	}
	_, out := e.read(eip.typ, eip.name, eip.id, eip.in, eip.out)
	if out.Str("networkInterface") != nat.out.Str("networkInterfaceId") || out.Str("privateIp") != nat.out.Str("privateIp") {
		t.Errorf("refreshed: %v", out)
	}
}

// VPC-10: accepted, then failed; the object stays for the next run.
func TestNatGatewayFailsLate(t *testing.T) {
	e := part(t, "vpc", "igw", "public1", "public2", "eip1", "nat1", "vpc2", "other1")
	e.make(step{"eip", awstype.Eip, props{}})
	err := e.try(changed("nat1", props{"subnetId": "=other1", "allocationId": "=eip"}))
	refused(t, err, "Gateway.NotAttached", "VPC-10")
	if !strings.Contains(err.Error(), "waiting for EC2 NAT Gateway (nat-") {
		t.Errorf("got %v", err)
	}
	if n := len(e.objects(awstype.NatGateway)); n != 2 {
		t.Errorf("%d gateways, want the failed one to stay", n)
	}
	refused(t, e.try(changed("nat1", props{"subnetId": "=public2"})), "Resource.AlreadyAssociated", "VPC-10")
}

func TestGatewayAttachmentStaysUnderNat(t *testing.T) {
	e := part(t, "vpc2", "other1", "igw2", "igw2In")
	e.make(step{"eip", awstype.Eip, props{}})
	e.make(changed("nat1", props{"subnetId": "=other1", "allocationId": "=eip"}))
	in := e.made["igw2In"]
	refused(t, e.delete(in.typ, in.name, in.id), "DependencyViolation", "VPC-09")
}

func TestVpnGatewayServesOneVpc(t *testing.T) {
	e := part(t, "vpc", "vgw", "vgwIn", "vpc3")
	refused(t, e.try(changed("vgwIn", props{"vpcId": "=vpc3"})), "IncorrectState", "AWV-06")
}

// VPC-27: nodes carry the groups of their launch template, else EKS's own (EKS-20).
func TestGroupsOfNodesStay(t *testing.T) {
	e := clusterWith(t, props{"version": "1.35"})
	e.make(step{"carried", awstype.SecurityGroup, props{"name": "carried", "vpcId": "=vpc", "egress": []any{
		props{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": []any{"0.0.0.0/0"}},
	}}})
	e.make(step{"api", awstype.SecurityGroupIngressRule, props{"securityGroupId": "=cluster.vpcConfig.clusterSecurityGroupId", "ipProtocol": "tcp",
		"fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"}})
	e.make(step{"template", awstype.LaunchTemplate, props{"name": "machines", "vpcSecurityGroupIds": []any{"=carried"}}})
	e.make(changed("nodes", props{}))
	group := e.made["carried"]
	refused(t, e.delete(group.typ, group.name, group.id), "DependencyViolation", "VPC-27")
	nodes := e.made["nodes"]
	if err := e.delete(nodes.typ, nodes.name, nodes.id); err != nil {
		t.Fatal(err)
	}
	if err := e.delete(group.typ, group.name, group.id); err != nil {
		t.Error(err)
	}
}

// VPC-24 counts every kind of rule together: the older one with three ranges and
// the newer ones with one each.
func TestRulesPerGroup(t *testing.T) {
	for typ, direction := range map[string]string{awstype.SecurityGroupIngressRule: "ingress", awstype.SecurityGroupEgressRule: "egress"} {
		e := part(t, "vpc", "group")
		e.make(step{"older", awstype.SecurityGroupRule, changed("oldRule", props{"type": direction, "securityGroupId": "=group",
			"cidrBlocks": []any{"10.32.0.0/24", "10.32.1.0/24", "10.32.2.0/24"}}).in})
		s := changed("in", nil)
		for i := range maxGroupRules - 3 {
			e.make(step{fmt.Sprint("rule", i), typ, s.in.With(props{"cidrIpv4": fmt.Sprintf("10.30.%d.0/24", i)})})
		}
		refused(t, e.try(step{"more", typ, s.in.With(props{"cidrIpv4": "10.31.0.0/24"})}), "RulesPerSecurityGroupLimitExceeded", "VPC-24")
	}
}

func TestEndpointNeedsDNS(t *testing.T) {
	e := part(t, "vpc3")
	e.make(step{"sub3", awstype.Subnet, props{"vpcId": "=vpc3", "cidrBlock": "10.3.1.0/24"}})
	err := e.try(changed("sts", props{"vpcId": "=vpc3", "subnetIds": []any{"=sub3"}, "securityGroupIds": nil}))
	refused(t, err, "InvalidParameter", "VPC-08")
}

// LOG-18: IAM cannot give CloudWatch Logs a key; the key's policy must.
func TestLogGroupNeedsAKeyThatLetsItIn(t *testing.T) {
	e := part(t)
	e.make(step{"plain", awstype.Key, props{}})
	refused(t, e.try(changed("logs", props{"kmsKeyId": "=plain.arn"})), "AccessDeniedException", "LOG-18")
}

// EKS-12: a cluster that logs makes its group, which then is in the way of yours;
// a group of yours that is deleted under a living cluster comes back bare.
func TestClusterMakesItsLogGroup(t *testing.T) {
	e := clusterWith(t, nil)
	refused(t, e.try(changed("clusterLogs", nil)), "ResourceAlreadyExistsException", "unique")

	e = clusterWith(t, nil, "clusterLogs")
	logs := e.made["clusterLogs"]
	if err := e.delete(logs.typ, logs.name, logs.id); err != nil {
		t.Fatal(err)
	}
	if found := e.objects(awstype.LogGroup); len(found) != 1 || found[0].MadeBy != "eks-relay-cluster" || found[0].Value("kmsKeyId") != "" {
		t.Errorf("log groups after the delete: %v", found)
	}
	cluster := e.made["cluster"]
	if err := e.delete(cluster.typ, cluster.name, cluster.id); err != nil {
		t.Fatal(err)
	}
	if found := e.objects(awstype.LogGroup); len(found) != 1 {
		t.Errorf("the log group does not outlive its cluster: %v", found)
	}
}

func TestClusterWithoutLogsMakesNoLogGroup(t *testing.T) {
	e := clusterWith(t, props{"enabledClusterLogTypes": nil})
	if found := e.objects(awstype.LogGroup); len(found) > 0 {
		t.Errorf("log groups: %v", found)
	}
}

// EKS-14, EKS-15, PEK-03: the creator's hidden entry collides with a declared one.
func TestCreatorsHiddenEntry(t *testing.T) {
	creator := "arn:aws:iam::123456789012:role/deployer"
	for _, c := range []struct {
		access  props
		entries int
	}{
		{props{"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": false}, 0},
		{props{"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": true}, 1},
		{props{"authenticationMode": "API"}, 1},
		{props{"authenticationMode": "CONFIG_MAP"}, 0},
	} {
		e := clusterWith(t, props{"accessConfig": c.access})
		if n := len(e.objects(awstype.AccessEntry)); n != c.entries {
			t.Errorf("%v makes %d entries, want %d", c.access, n, c.entries)
		}
		if c.entries > 0 {
			refused(t, e.try(changed("entry", props{"principalArn": creator})), "ResourceInUseException", "EKS-15")
		}
	}
}

func TestEntriesNeedTheAPI(t *testing.T) {
	e := clusterWith(t, props{"accessConfig": nil})
	refused(t, e.try(changed("entry", nil)), "InvalidRequestException", "EKS-16")
}

// EKS-20: EKS's own group, made with the cluster and gone with it.
func TestClusterSecurityGroup(t *testing.T) {
	e := clusterWith(t, nil)
	cluster := e.made["cluster"]
	id := cluster.out.Str("vpcConfig.clusterSecurityGroupId")
	i := slices.IndexFunc(e.objects(awstype.SecurityGroup), func(o *inventory.Object) bool { return o.ID == id })
	if i < 0 {
		t.Fatalf("there is no group %s", id)
	}
	group := e.objects(awstype.SecurityGroup)[i]
	if !strings.HasPrefix(group.Value("name"), "eks-cluster-sg-eks-relay-cluster-") || group.MadeBy != "eks-relay-cluster" {
		t.Errorf("group %v", group.Out)
	}
	if tag, _ := group.Out.Get(`tags["kubernetes.io/cluster/eks-relay-cluster"]`); tag != "owned" {
		t.Errorf("tags %v", group.Out.Map("tags"))
	}
	if err := e.delete(cluster.typ, cluster.name, cluster.id); err != nil {
		t.Fatal(err)
	}
	for _, o := range e.objects(awstype.SecurityGroup) {
		if o.ID == id {
			t.Error("the group outlives its cluster")
		}
	}
}

func TestClusterOutputs(t *testing.T) {
	e := clusterWith(t, nil)
	out := e.made["cluster"].out
	text, err := base64.StdEncoding.DecodeString(out.Str("certificateAuthority.data"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("no PEM: %s", text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !certificate.IsCA || certificate.CheckSignatureFrom(certificate) != nil {
		t.Error("it is no certificate authority")
	}
	for path, prefix := range map[string]string{
		"endpoint": "https://", "identities[0].oidcs[0].issuer": "https://oidc.eks.eu-west-2.amazonaws.com/id/",
		"platformVersion": "eks.", "status": "ACTIVE", "kubernetesNetworkConfig.ipFamily": "ipv4", "vpcConfig.vpcId": "vpc-0",
	} {
		if !strings.HasPrefix(out.Str(path), prefix) {
			t.Errorf("%s is %q", path, out.Str(path))
		}
	}
}

// EKS-11: EKS chooses one of two ranges, the one that the VPC leaves free.
func TestServiceRangeDefault(t *testing.T) {
	e := clusterWith(t, props{"kubernetesNetworkConfig": nil})
	if got := e.made["cluster"].out.Str("kubernetesNetworkConfig.serviceIpv4Cidr"); got != "172.20.0.0/16" {
		t.Errorf("service range %s", got)
	}
}

func TestClusterUpgrade(t *testing.T) {
	e := clusterWith(t, nil)
	cluster := e.made["cluster"]
	in := cluster.in.Clone()
	in["version"] = "1.36"
	out, err := e.update(cluster.typ, cluster.name, cluster.id, cluster.in, in)
	if err != nil || out.Str("version") != "1.36" || out.Str("endpoint") != cluster.out.Str("endpoint") {
		t.Errorf("upgrade: %v, %v", out.Str("version"), err)
	}
}

func TestNodeGroupMakesItsScalingGroup(t *testing.T) {
	e := clusterWith(t, nil)
	e.make(step{"template", awstype.LaunchTemplate, props{"name": "machines"}})
	nodes := e.make(changed("nodes", nil))
	group := e.objects(awstype.AutoscalingGroup)[0]
	if group.ID != nodes.out.Str("resources[0].autoscalingGroups[0].name") || group.Out.Num("desiredCapacity") != 2 {
		t.Errorf("group %v", group)
	}
	in := nodes.in.Clone()
	in.Set("scalingConfig.desiredSize", 3)
	if _, err := e.update(nodes.typ, nodes.name, nodes.id, nodes.in, in); err != nil {
		t.Fatal(err)
	}
	if n := e.objects(awstype.AutoscalingGroup)[0].Out.Num("desiredCapacity"); n != 3 {
		t.Errorf("the scaling group stays at %v", n)
	}
	if n := len(e.objects(awstype.AccessEntry)); n != 1 {
		t.Errorf("%d access entries, want the nodes'", n)
	}
	if err := e.delete(nodes.typ, nodes.name, nodes.id); err != nil {
		t.Fatal(err)
	}
	if left := e.objects(awstype.AutoscalingGroup, awstype.AccessEntry); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestNodesThatCannotJoin(t *testing.T) {
	t.Run("role", func(t *testing.T) {
		e := clusterWith(t, nil)
		e.make(step{"poor", awstype.Role, props{"name": "poor", "assumeRolePolicy": trustEC2}})
		err := e.try(changed("nodes", props{"launchTemplate": nil, "nodeRoleArn": "=poor.arn"}))
		refused(t, err, "NodeCreationFailure", "EKS-27")
		if nodes := e.objects(awstype.NodeGroup); len(nodes) != 1 || nodes[0].Value("status") != "CREATE_FAILED" {
			t.Errorf("node groups %v", nodes)
		}
	})
	t.Run("group", func(t *testing.T) {
		e := clusterWith(t, nil)
		e.make(step{"template", awstype.LaunchTemplate, props{"name": "machines", "vpcSecurityGroupIds": []any{"sg-0123"}}})
		refused(t, e.try(changed("nodes", nil)), "Ec2SecurityGroupNotFound", "EKS-28")
	})
	t.Run("dns", func(t *testing.T) {
		e := part(t, slices.DeleteFunc(slices.Clone(clusterParts), func(s string) bool {
			return s != "key" && !strings.Contains(strings.ToLower(s), "role") && !strings.Contains(s, "olicy")
		})...)
		for _, s := range []step{
			changed("vpc", props{"enableDnsHostnames": nil}), changed("private1", nil), changed("private2", nil), changed("group", nil), changed("cluster", nil),
		} {
			e.make(s)
		}
		refused(t, e.try(changed("nodes", props{"launchTemplate": nil})), "NodeCreationFailure", "VPC-08")
	})
}

// EKS-33: CoreDNS without nodes is accepted and never becomes healthy.
func TestCoreDNSWithoutNodes(t *testing.T) {
	e := clusterWith(t, nil)
	err := e.try(changed("coredns", nil))
	refused(t, err, "InsufficientNumberOfReplicas", "EKS-33")
	if !strings.Contains(err.Error(), "waiting for EKS Add-On (eks-relay-cluster:coredns) create") {
		t.Errorf("got %v", err)
	}
}

// EKS-42: zones without room for control planes.
func TestForbiddenZone(t *testing.T) {
	e := part(t)
	e.rpc = e.client(props{"region": "us-east-1"})
	for _, s := range []step{
		changed("vpc", nil), changed("private1", props{"availabilityZone": "us-east-1e"}), changed("private2", props{"availabilityZone": "us-east-1a"}),
		changed("eksRole", nil), changed("eksPolicy", nil),
	} {
		e.make(s)
	}
	err := e.try(changed("cluster", props{"encryptionConfig": nil, "vpcConfig.securityGroupIds": nil}))
	refused(t, err, "UnsupportedAvailabilityZoneException", "EKS-42")
	if others := "us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f"; !strings.Contains(err.Error(), others) {
		t.Errorf("got %v\nwant the other zones, %s", err, others)
	}
}

func TestLaunchTemplateVersions(t *testing.T) {
	e := part(t)
	template := e.make(step{"t", awstype.LaunchTemplate, props{"name": "machines", "instanceType": "t3.medium"}})
	in := template.in
	for _, c := range []struct {
		set            props
		latest, chosen float64
	}{
		{props{"tags": tags("new")}, 1, 1},
		{props{"instanceType": "t3.large"}, 2, 1},
		{props{"description": "larger"}, 3, 1},
		{props{"instanceType": "t3.xlarge", "updateDefaultVersion": true}, 4, 4},
	} {
		now := in.With(c.set)
		out, err := e.update(template.typ, template.name, template.id, in, now)
		if err != nil || out.Num("latestVersion") != c.latest || out.Num("defaultVersion") != c.chosen {
			t.Errorf("%v: latest %v, default %v, %v; want %v and %v", c.set, out.Num("latestVersion"), out.Num("defaultVersion"), err, c.latest, c.chosen)
		}
		in = now
	}
}

// R53-04: a private zone keeps one VPC.
func TestLastVpcOfAZone(t *testing.T) {
	e := part(t, "vpc", "vpc2", "zone", "zone2")
	zone, association := e.made["zone"], e.made["zone2"]
	alone := props{"name": zone.in["name"], "vpcs": []any{}}
	if _, err := e.update(zone.typ, zone.name, zone.id, zone.in, alone); err != nil {
		t.Fatal(err)
	}
	refused(t, e.delete(association.typ, association.name, association.id), "LastVPCAssociation", "R53-04")

	e = part(t, "vpc", "zone")
	zone = e.made["zone"]
	_, err := e.update(zone.typ, zone.name, zone.id, zone.in, alone)
	refused(t, err, "LastVPCAssociation", "R53-04")
}

// PRV-15: what a resource of its own adds flips the inline list of whoever has one.
func TestInlineListsFlip(t *testing.T) {
	e := part(t, "vpc", "igw", "publicTable", "publicOut")
	table := e.made["publicTable"]
	in, _ := e.read(table.typ, table.name, table.id, table.in, table.out)
	if n := len(in.List("routes")); n != 2 {
		t.Errorf("a refresh finds %d routes, want 2", n)
	}
}

// Reserved and used addresses are never handed out.
func TestAutomaticAddresses(t *testing.T) {
	e := part(t, "vpc", "private1", "reserved1", "igw")
	e.make(step{"small", awstype.Subnet, props{"vpcId": "=vpc", "cidrBlock": "10.0.50.0/28"}})
	seen := map[string]bool{}
	for i := range 4 {
		name := fmt.Sprint(i)
		nat := e.make(step{name, awstype.NatGateway, props{"subnetId": "=small", "connectivityType": "private"}})
		a := nat.out.Str("privateIp")
		if seen[a] || slices.Contains([]string{"10.0.50.0", "10.0.50.1", "10.0.50.2", "10.0.50.3", "10.0.50.15"}, a) {
			t.Errorf("address %s", a)
		}
		seen[a] = true
	}
}

func TestFullSubnet(t *testing.T) {
	e := part(t, "vpc")
	e.make(step{"small", awstype.Subnet, props{"vpcId": "=vpc", "cidrBlock": "10.0.50.0/28"}})
	e.make(step{"reserved", awstype.SubnetCidrReservation, props{"subnetId": "=small", "cidrBlock": "10.0.50.8/29", "reservationType": "explicit"}})
	for i := range 4 {
		e.make(step{fmt.Sprint(i), awstype.NatGateway, props{"subnetId": "=small", "connectivityType": "private"}})
	}
	err := e.try(step{"more", awstype.NatGateway, props{"subnetId": "=small", "connectivityType": "private"}})
	refused(t, err, "InsufficientFreeAddressesInSubnet", "")
}

// The same seed makes the same world, another seed another.
func TestSeeds(t *testing.T) {
	ids := func(seed string) string {
		world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{
			Wait: func(context.Context, time.Duration) {}, Account: emulator.Account{Seed: seed},
		})
		if err != nil {
			t.Fatal(err)
		}
		e := &estate{lab: serveWorld(t, world), made: map[string]thing{}}
		var all []string
		for _, s := range networkSteps()[:3] {
			made := e.make(s)
			all = append(all, fmt.Sprint(made.id, made.out))
		}
		return strings.Join(all, "\n")
	}
	first, again := ids("one"), ids("one")
	if first != again {
		t.Error("the same seed makes two worlds")
	}
	if first == ids("two") {
		t.Error("two seeds make one world")
	}
}

func TestDefaultTags(t *testing.T) {
	e := part(t)
	e.rpc = e.client(props{"region": "eu-west-2", "defaultTags": `{"tags":{"Owner":"platform","Name":"default"}}`})
	out := e.make(step{"vpc", awstype.Vpc, props{"cidrBlock": "10.0.0.0/16", "tags": props{"Name": "own"}}}).out
	if got := fmt.Sprint(out.Map("tagsAll")); got != "map[Name:own Owner:platform]" {
		t.Errorf("tagsAll is %s", got)
	}
	if got := fmt.Sprint(out.Map("tags")); got != "map[Name:own]" {
		t.Errorf("tags is %s", got)
	}
}

func TestProviderConfiguration(t *testing.T) {
	l := newLab(t)
	for _, c := range []struct {
		config props
		want   string
	}{
		{props{}, "Missing region information"},
		{props{"region": "eu-west-9"}, "invalid AWS Region: eu-west-9"},
		{props{"region": "eu-west-2", "allowedAccountIds": `["123456789012"]`, "forbiddenAccountIds": `["123456789012"]`}, "account ID not allowed"},
	} {
		_, err := l.connect().Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: l.wire(c.config)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.config, err, c.want)
		}
	}
}

func TestFunctions(t *testing.T) {
	l := newLab(t)
	for _, c := range []struct {
		token string
		args  props
		path  string
		want  string
	}{
		{"aws:index/getPartition:getPartition", nil, "partition", "aws"},
		{"aws:index/getRegion:getRegion", nil, "name", "eu-west-2"},
		{"aws:index/getRegion:getRegion", props{"name": "us-east-1"}, "description", "US East (N. Virginia)"},
		{"aws:index/getCallerIdentity:getCallerIdentity", nil, "accountId", "123456789012"},
		{"aws:index/getCallerIdentity:getCallerIdentity", nil, "arn", "arn:aws:sts::123456789012:assumed-role/deployer/burrow"},
		{"aws:index/getAvailabilityZones:getAvailabilityZones", nil, "names[2]", "eu-west-2c"},
		{"aws:index/getAvailabilityZones:getAvailabilityZones", props{"excludeNames": []any{"eu-west-2a"}}, "zoneIds[0]", "euw2-az3"},
		{"aws:index/getAvailabilityZones:getAvailabilityZones", props{"filters": []any{props{"name": "zone-id", "values": []any{"euw2-az1"}}}}, "names[0]", "eu-west-2c"},
		{"aws:eks/getAddonVersion:getAddonVersion", props{"addonName": "coredns", "kubernetesVersion": "1.35"}, "version", "v1.13.2-eksbuild.11"},
		{"aws:eks/getAddonVersion:getAddonVersion", props{"addonName": "kube-proxy", "kubernetesVersion": "1.36", "mostRecent": true}, "version", "v1.36.0-eksbuild.21"},
	} {
		out, err := l.invoke(c.token, c.args)
		if err != nil || out.Str(c.path) != c.want {
			t.Errorf("%s %v: %s is %q, %v; want %q", c.token, c.args, c.path, out.Str(c.path), err, c.want)
		}
	}
	for _, args := range []props{{"addonName": "flannel", "kubernetesVersion": "1.36"}, {"addonName": "coredns", "kubernetesVersion": "1.20"}} {
		if _, err := l.invoke("aws:eks/getAddonVersion:getAddonVersion", args); err == nil {
			t.Errorf("getAddonVersion answers %v", args)
		}
	}
}

// The words are pulumi-aws's own.
func TestWords(t *testing.T) {
	e := part(t, "vpc", "private1", "igw", "eksRole", "eksPolicy")
	for _, c := range []struct {
		err  error
		want string
	}{
		{
			e.try(changed("private1", props{"cidrBlock": "10.9.0.0/24"})),
			"creating EC2 Subnet: operation error EC2: CreateSubnet, https response error StatusCode: 400, " +
				"api error InvalidSubnet.Range: The CIDR '10.9.0.0/24' is invalid.",
		},
		{
			e.delete(awstype.Vpc, "vpc", e.made["vpc"].id),
			"deleting EC2 VPC (" + e.made["vpc"].id + "): operation error EC2: DeleteVpc, https response error StatusCode: 400, api error DependencyViolation: ",
		},
		{
			e.try(changed("eksRole", nil)),
			"creating IAM Role (burrow-eks): operation error IAM: CreateRole, https response error StatusCode: 409, EntityAlreadyExists: ",
		},
		{
			e.try(step{"entry", awstype.AccessEntry, props{"clusterName": "none", "principalArn": admin}}),
			"creating EKS Access Entry (none:" + admin + "): operation error EKS: CreateAccessEntry, https response error StatusCode: 404, ResourceNotFoundException: ",
		},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got %v\nwant %s", c.err, c.want)
		}
	}
}

// No refusal repeats a pre-shared key.
func TestKeysAreNotRepeated(t *testing.T) {
	e := part(t, "vpc", "vgw", "vgwIn", "cgw0", "vpn0")
	for _, key := range []string{"0secret.secret", "secret-secret", "secret~" + strings.Repeat("x", 60)} {
		_, failures := e.check(awstype.VpnConnection, "vpn0", e.made["vpn0"].in.With(props{"tunnel1PresharedKey": key}))
		if failures == "" || strings.Contains(failures, key) {
			t.Errorf("the refusal of a key says %q", failures)
		}
	}
}

func TestManagedPolicies(t *testing.T) {
	for arn, want := range map[string]bool{
		managed + "AmazonEKSClusterPolicy":                        true,
		managed + "AmazonEC2ContainerRegistryPullOnly":            true,
		managed + "service-role/AmazonEBSCSIDriverPolicy":         true,
		managed + "AmazonEBSCSIDriverPolicyV2":                    true,
		managed + "AmazonEBSCSIDriverEKSClusterScopedPolicy":      true,
		managed + "service-role/AmazonEBSCSIDriverPolicyV2":       false,
		managed + "AmazonEKSClusterPolicies":                      false,
		"arn:aws:iam::123456789012:policy/AmazonEKSClusterPolicy": false,
	} {
		if got := isManagedByAWS(arn); got != want {
			t.Errorf("%s is managed by AWS: %t", arn, got)
		}
	}
}
