package network

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
	"burrow/internal/sent"
)

// network makes all three components of the plan, as main does.
func network(p *plan.Plan) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		aws, err := NewAWS(ctx, "burrow", AWSArgs{Estate: p.Estate, Network: p.Network, Relay: p.K8s.Relay})
		if err != nil {
			return err
		}
		_, err = NewAzure(ctx, "burrow", AzureArgs{
			Estate: p.Estate, Network: p.Network, AKS: p.Clusters.AKS, Relay: p.K8s.Relay,
		})
		if err != nil {
			return err
		}
		_, err = NewRelay(ctx, "burrow", RelayArgs{
			Estate: p.Estate, Network: p.Network, Relay: p.K8s.Relay,
			VPCID: aws.VPCID, SubnetIDs: aws.PrivateSubnetIDs,
			NodeSecurityGroupID:  pulumi.ID("sg-nodes").ToIDOutput(),
			AutoScalingGroupName: pulumi.String("asg").ToStringOutput(),
		})
		return err
	}
}

// record runs the program, with what the clouds invent filled in.
func record(t *testing.T, program pulumi.RunFunc) *sent.Log {
	t.Helper()
	return sent.Record(t, invent, program)
}

func invent(r sent.Resource) map[string]any {
	outputs := map[string]any{}
	for _, key := range []string{"arn", "name", "customerId", "dnsName", "zoneId", "prefixListId"} {
		if _, given := r.Inputs[key]; !given {
			outputs[key] = key + " of " + r.Name
		}
	}
	return outputs
}

func TestNATModes(t *testing.T) {
	for _, tc := range []struct {
		mode plan.EgressMode
		want map[string]string // private default route to NAT gateway
	}{
		{plan.EgressNATPerZone, map[string]string{"az1": "<burrow-nat-az1>", "az2": "<burrow-nat-az2>"}},
		{plan.EgressNATSingle, map[string]string{"az1": "<burrow-nat-az1>", "az2": "<burrow-nat-az1>"}},
	} {
		t.Run(string(tc.mode), func(t *testing.T) {
			p := plan.Default()
			p.Network.AWS.Egress = tc.mode
			w := record(t, network(p))
			used := map[string]bool{}
			for zone, gateway := range tc.want {
				used[gateway] = true
				if got := w.Named(t, "aws:ec2/route:Route", "burrow-private-default-"+zone).Inputs["natGatewayId"]; got != gateway {
					t.Errorf("%s leaves by %v, want %s", zone, got, gateway)
				}
			}
			for _, typ := range []string{"aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"} {
				if got := len(w.Of(typ)); got != len(used) {
					t.Errorf("%d of %s, want %d", got, typ, len(used))
				}
			}
		})
	}
}

// TestNoInlineChildren: lists inside a parent and resources of their own undo
// each other (PRV-02, PRV-15).
func TestNoInlineChildren(t *testing.T) {
	inline := map[string][]string{
		"aws:ec2/routeTable:RouteTable":                     {"routes", "propagatingVgws"},
		"aws:ec2/networkAcl:NetworkAcl":                     {"ingress", "egress", "subnetIds"},
		"aws:ec2/securityGroup:SecurityGroup":               {"ingress", "egress"},
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"ingress", "egress"}, // would not be empty
		"azure-native:network:VirtualNetwork":               {"subnets"},
		"azure-native:network:NetworkSecurityGroup":         {"securityRules"},
		"azure-native:network:RouteTable":                   {"routes"},
	}
	w, other := record(t, network(plan.Default())), record(t, network(inMode(modes["existing, with endpoints"])))
	for typ, keys := range inline {
		resources := w.Of(typ)
		if len(resources) == 0 {
			t.Errorf("no %s was registered", typ)
		}
		for _, r := range slices.Concat(resources, other.Of(typ)) {
			for _, key := range keys {
				if got, ok := r.Inputs[key]; ok {
					t.Errorf("%s %s has inline %s: %v", typ, r.Name, key, got)
				}
			}
		}
	}
}

// untaggable are the types that carry no tags (TAG-04 for Azure's).
var untaggable = []string{
	"aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation",
	"aws:ec2/networkAclRule:NetworkAclRule", "aws:ec2/networkAclAssociation:NetworkAclAssociation",
	"aws:ec2/subnetCidrReservation:SubnetCidrReservation", "aws:kms/alias:Alias", "aws:iam/rolePolicy:RolePolicy",
	"aws:autoscaling/attachment:Attachment", "azure-native:network:Subnet", "azure-native:network:SecurityRule",
	"azure-native:network:Route",
}

func TestTagsAndParents(t *testing.T) {
	for mode, change := range modes {
		p := inMode(change)
		p.Estate.ExtraTags = map[string]string{"Team": "burrow"}
		for _, r := range record(t, network(p)).All() {
			if r.Options.GetCustom() {
				checkTagsAndParent(t, mode+": "+r.Type+" "+r.Name, r)
			}
		}
	}
}

func checkTagsAndParent(t *testing.T, key string, r sent.Resource) {
	t.Helper()
	if !strings.Contains(r.Options.GetParent(), "burrow:network:") {
		t.Errorf("%s has parent %q", key, r.Options.GetParent())
	}
	tags, tagged := r.Inputs["tags"].(map[string]any)
	if slices.Contains(untaggable, r.Type) {
		if tagged {
			t.Errorf("%s is untaggable and has tags", key)
		}
		return
	}
	for _, tag := range []string{"Environment", "Project", "Name", "Owner", "ManagedBy", "Team"} {
		if tags[tag] == "" || tags[tag] == nil {
			t.Errorf("%s has no tag %s", key, tag)
		}
	}
}

// TestSubnetsInTurn: a VNet takes one write at a time (PRV-03).
func TestSubnetsInTurn(t *testing.T) {
	w := record(t, network(plan.Default()))
	const typ = "azure-native:network:Subnet"
	order := []string{"burrow-nodes-subnet", "burrow-gateway-subnet", "burrow-dns-inbound-subnet", "burrow-dns-outbound-subnet"}
	for i, name := range order[1:] {
		if !w.Named(t, typ, name).DependsOn(w.Named(t, typ, order[i])) {
			t.Errorf("%s does not wait for %s", name, order[i])
		}
	}
}

// TestSecurityRulesInTurn: a security group takes one write at a time, and no
// subnet comes under it before its last rule stands.
func TestSecurityRulesInTurn(t *testing.T) {
	w := record(t, network(plan.Default()))
	last := map[any]sent.Resource{} // by group
	for _, r := range w.All() {
		if r.Type != "azure-native:network:SecurityRule" {
			continue
		}
		group := r.Inputs["networkSecurityGroupName"]
		if before, ok := last[group]; ok && !r.DependsOn(before) {
			t.Errorf("%s does not wait for %s", r.Name, before.Name)
		}
		last[group] = r
	}
	if len(last) != 3 {
		t.Fatalf("%d groups have rules, want 3", len(last))
	}
	for _, child := range []string{"nodes", "dns-inbound", "dns-outbound"} {
		subnet := w.Named(t, "azure-native:network:Subnet", "burrow-"+child+"-subnet")
		if rule := last["name of burrow-"+child+"-nsg"]; !subnet.DependsOn(rule) {
			t.Errorf("%s does not wait for %s", subnet.Name, rule.Name)
		}
	}
}

func TestAzureSubnets(t *testing.T) {
	w := record(t, network(plan.Default()))
	for _, tc := range []struct {
		child, name, cidr          string
		guarded, routed, delegated bool
	}{
		{"nodes", "aks-subnet", "10.10.1.0/24", true, true, false},
		{"gateway", "GatewaySubnet", "10.10.2.0/27", false, false, false},
		{"dns-inbound", "dns-inbound-subnet", "10.10.3.0/28", true, false, true},
		{"dns-outbound", "dns-outbound-subnet", "10.10.3.16/28", true, false, true},
	} {
		t.Run(tc.child, func(t *testing.T) {
			in := w.Named(t, "azure-native:network:Subnet", "burrow-"+tc.child+"-subnet").Inputs
			if in["subnetName"] != tc.name || in["addressPrefix"] != tc.cidr {
				t.Errorf("%v %v, want %s %s", in["subnetName"], in["addressPrefix"], tc.name, tc.cidr)
			}
			for key, want := range map[string]bool{
				"networkSecurityGroup": tc.guarded, "routeTable": tc.routed, "delegations": tc.delegated,
			} {
				if _, got := in[key]; got != want {
					t.Errorf("%s present: %v, want %v", key, got, want)
				}
			}
		})
	}
}

func TestRouteToAWS(t *testing.T) {
	w := record(t, network(plan.Default()))
	route := w.Named(t, "azure-native:network:Route", "burrow-nodes-route-aws").Inputs
	if route["addressPrefix"] != "10.0.0.0/16" || route["nextHopType"] != "VirtualNetworkGateway" {
		t.Errorf("route = %v, want the VPC by the gateway", route)
	}
	table := w.Named(t, "azure-native:network:RouteTable", "burrow-nodes-routes").Inputs
	if table["disableBgpRoutePropagation"] != false {
		t.Errorf("BGP propagation is off (AKS-36)")
	}
}

func TestFlowLogs(t *testing.T) {
	w := record(t, network(plan.Default()))
	aws := w.Named(t, "aws:ec2/flowLog:FlowLog", "burrow-flow-log").Inputs
	for key, want := range map[string]any{
		"trafficType": "ALL", "logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 60.0,
		"vpcId": "<burrow-vpc>", "logDestination": "arn of burrow-flow-logs", "iamRoleArn": "arn of burrow-flow-log-role",
	} {
		if aws[key] != want {
			t.Errorf("aws: %s = %v, want %v", key, aws[key], want)
		}
	}
	group := w.Named(t, "aws:cloudwatch/logGroup:LogGroup", "burrow-flow-logs").Inputs
	if group["kmsKeyId"] != "arn of burrow-log-key" || group["retentionInDays"] != 365.0 {
		t.Errorf("log group = %v, want key and retention", group)
	}
	azure := w.Named(t, "azure-native:network:FlowLog", "burrow-flow-log").Inputs
	for key, want := range map[string]any{
		"networkWatcherName": "NetworkWatcher_uksouth", "resourceGroupName": "NetworkWatcherRG",
		"targetResourceId": "<burrow-vnet>", "storageId": "<burrow-flow-logs>",
	} {
		if azure[key] != want {
			t.Errorf("azure: %s = %v, want %v", key, azure[key], want)
		}
	}
	last := w.Named(t, "azure-native:network:Subnet", "burrow-dns-outbound-subnet")
	if !w.Named(t, "azure-native:network:FlowLog", "burrow-flow-log").DependsOn(last) {
		t.Error("the flow log does not wait until the VNet's subnets stand (ANW-06)")
	}
}

// TestLogKeyPolicy: CloudWatch Logs may use the key, for our groups only (LOG-18).
func TestLogKeyPolicy(t *testing.T) {
	key := record(t, network(plan.Default())).Named(t, "aws:kms/key:Key", "burrow-log-key").Inputs
	policy, _ := key["policy"].(string)
	for _, part := range []string{
		`"Service":"logs.eu-west-2.amazonaws.com"`,
		`"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-2:123456789012:log-group:*"`,
		`"AWS":"arn:aws:iam::123456789012:root"`,
	} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy lacks %s: %s", part, policy)
		}
	}
	if key["enableKeyRotation"] != true {
		t.Error("the key does not rotate")
	}
}

func TestRelayOnTheWire(t *testing.T) {
	p := plan.Default()
	w := record(t, network(p))
	port, nodePort := float64(p.K8s.Relay.Port), float64(p.K8s.Relay.NodePort)
	balancer := w.Named(t, "aws:lb/loadBalancer:LoadBalancer", "burrow-nlb").Inputs
	wantMappings := []any{
		map[string]any{"subnetId": "<burrow-private-az1>", "privateIpv4Address": "10.0.1.250"},
		map[string]any{"subnetId": "<burrow-private-az2>", "privateIpv4Address": "10.0.2.250"},
	}
	rule := func(token, name string) map[string]any {
		return w.Named(t, "aws:vpc/securityGroup"+token, "burrow-"+name).Inputs
	}
	in, out := rule("IngressRule:SecurityGroupIngressRule", "from-azure"), rule("EgressRule:SecurityGroupEgressRule", "to-nodes")
	nodes := rule("IngressRule:SecurityGroupIngressRule", "nodes-from-nlb")
	targets := w.Named(t, "aws:lb/targetGroup:TargetGroup", "burrow-targets").Inputs
	check, _ := targets["healthCheck"].(map[string]any)
	for _, tc := range []struct {
		what      string
		got, want any
	}{
		{"name", balancer["name"], "relay-nlb"},
		{"internal", balancer["internal"], true},
		{"type", balancer["loadBalancerType"], "network"},
		{"cross-zone", balancer["enableCrossZoneLoadBalancing"], true},
		{"addresses", balancer["subnetMappings"], wantMappings},
		{"group", balancer["securityGroups"], []any{"<burrow-group>"}},
		{"in: source", in["cidrIpv4"], "10.10.1.0/24"},
		{"in: port", in["fromPort"], port},
		{"in: last port", in["toPort"], port},
		{"out: nodes", out["referencedSecurityGroupId"], "sg-nodes"},
		{"out: port", out["fromPort"], nodePort},
		{"nodes: at", nodes["securityGroupId"], "sg-nodes"},
		{"nodes: from", nodes["referencedSecurityGroupId"], "<burrow-group>"},
		{"nodes: port", nodes["toPort"], nodePort},
		{"targets: type", targets["targetType"], "instance"},
		{"targets: port", targets["port"], nodePort},
		{"targets: client address", targets["preserveClientIp"], "true"},
		{"health: protocol", check["protocol"], "TCP"},
		{"health: port", check["port"], "traffic-port"},
		{"listener", w.Named(t, "aws:lb/listener:Listener", "burrow-listener").Inputs["port"], port},
		{"attachment", w.Named(t, "aws:autoscaling/attachment:Attachment", "burrow-attachment").Inputs["autoscalingGroupName"], "asg"},
	} {
		if !reflect.DeepEqual(tc.got, tc.want) {
			t.Errorf("%s = %v, want %v", tc.what, tc.got, tc.want)
		}
	}
}

// TestEstatesApart: two estates of the same accounts share no physical name, not
// even in one VPC and one VNet.
func TestEstatesApart(t *testing.T) {
	for mode, change := range modes {
		first, second := physicalNames(t, change, ""), physicalNames(t, change, "two")
		if len(first) == 0 {
			t.Fatalf("%s: no physical names found", mode)
		}
		for name := range first {
			if second[name] {
				t.Errorf("%s: %s belongs to both estates", mode, name)
			}
		}
	}
}

func physicalNames(t *testing.T, change func(*plan.Plan), suffix string) map[string]bool {
	t.Helper()
	nameKeys := []string{
		"name", "resourceGroupName", "virtualNetworkName", "subnetName", "networkSecurityGroupName",
		"routeTableName", "flowLogName", "accountName", "workspaceName",
	}
	p := inMode(change)
	p.Estate.Suffix = suffix
	p.Network.Azure.StorageAccount += suffix // the plan derives it from the suffix when it loads
	found := map[string]bool{}
	for _, r := range record(t, network(p)).All() {
		for _, key := range nameKeys {
			name, ok := r.Inputs[key].(string)
			if ok && !slices.Contains(sharedNames, name) && !strings.HasPrefix(name, "name of ") { // invented
				found[name] = true
			}
		}
	}
	return found
}

// sharedNames are unique within something that is an estate's own, or are the
// subscription's, or were there before.
var sharedNames = []string{"GatewaySubnet", "NetworkWatcherRG", "deliver", otherGroup, "vnet-hub"}
