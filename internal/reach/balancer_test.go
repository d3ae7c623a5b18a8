package reach

import (
	"net/netip"
	"slices"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// balancerWorld is an NLB in two zones without cross-zone load balancing, with a node in
// each zone, a Service of type NodePort and its pods. Source: elasticloadbalancing/latest/
// network/network-load-balancers.html and kubernetes.io/docs/tutorials/services/source-ip.
func balancerWorld() []*inventory.Object {
	open := []any{map[string]any{"protocol": "-1", "cidrBlocks": []any{"0.0.0.0/0"}}}
	subnet := func(id, cidr, zone string) *inventory.Object {
		return object(awstype.Subnet, id, props{"vpcId": "vpc-1", "cidrBlock": cidr, "availabilityZone": zone})
	}
	inside := func(typ, id string, in props) *inventory.Object {
		o := object(typ, id, in)
		o.Region = "relay.example"
		return o
	}
	return []*inventory.Object{
		object(awstype.Vpc, "vpc-1", props{"cidrBlock": "10.0.0.0/16", "defaultNetworkAclId": "acl-0"}),
		subnet("front-a", "10.0.1.0/24", "a"), subnet("front-b", "10.0.2.0/24", "b"),
		subnet("nodes-a", "10.0.3.0/24", "a"), subnet("nodes-b", "10.0.4.0/24", "b"),
		object(awstype.NetworkAcl, "acl-nodes-b", props{"subnetIds": []any{"nodes-b"},
			"ingress": []any{map[string]any{"ruleNo": 100.0, "action": "allow", "protocol": "-1", "cidrBlock": "0.0.0.0/0"}},
			"egress":  []any{map[string]any{"ruleNo": 100.0, "action": "allow", "protocol": "-1", "cidrBlock": "0.0.0.0/0"}},
		}),
		object(awstype.SecurityGroup, "sg", props{"ingress": open, "egress": open}),
		object(awstype.Cluster, "relay", props{"name": "relay", "endpoint": "https://relay.example", "vpcConfig": map[string]any{"vpcId": "vpc-1"}}),
		object(awstype.LaunchTemplate, "lt", props{"vpcSecurityGroupIds": []any{"sg"}}),
		object(awstype.NodeGroup, "relay:nodes", props{"clusterName": "relay", "nodeGroupName": "nodes", "launchTemplate": map[string]any{"id": "lt"},
			"subnetIds": []any{"nodes-a", "nodes-b"}, "resources": []any{map[string]any{"autoscalingGroups": []any{map[string]any{"name": "asg"}}}}}),
		object(awstype.LoadBalancer, "lb", props{"arn": "lb", "name": "relay", "internal": true, "securityGroups": []any{"sg"}, "subnetMappings": []any{
			map[string]any{"subnetId": "front-a", "privateIpv4Address": "10.0.1.10"}, map[string]any{"subnetId": "front-b", "privateIpv4Address": "10.0.2.10"},
		}}),
		object(awstype.TargetGroup, "tg", props{"arn": "tg", "name": "relay", "port": 30422.0, "protocol": "TCP"}),
		object(awstype.Listener, "listener", props{"loadBalancerArn": "lb", "port": 4222.0, "protocol": "TCP", "defaultActions": []any{map[string]any{"targetGroupArn": "tg"}}}),
		object(awstype.AutoscalingAttachment, "attachment", props{"lbTargetGroupArn": "tg", "autoscalingGroupName": "asg"}),
		inside(kubetype.Namespace, "relay-ns", props{"metadata": map[string]any{"name": "relay"}}),
		inside(kubetype.Service, "relay/relay", props{"metadata": map[string]any{"namespace": "relay"}, "spec": map[string]any{
			"selector": map[string]any{"app": "relay"}, "externalTrafficPolicy": "Local",
			"ports": []any{map[string]any{"port": 4222.0, "nodePort": 30422.0, "targetPort": "nats"}},
		}}),
		inside(kubetype.StatefulSet, "relay/relay", workload("relay", map[string]any{"app": "relay"}, map[string]any{"name": "nats", "containerPort": 14222.0})),
		inside(kubetype.NetworkPolicy, "relay/relay", props{"metadata": map[string]any{"namespace": "relay"}, "spec": map[string]any{
			"podSelector": map[string]any{"matchLabels": map[string]any{"app": "relay"}}, "policyTypes": []any{"Ingress"},
			"ingress": []any{map[string]any{
				"from": []any{
					map[string]any{"ipBlock": map[string]any{"cidr": "10.10.0.0/16"}},
					map[string]any{"ipBlock": map[string]any{"cidr": "10.0.1.0/24"}}, map[string]any{"ipBlock": map[string]any{"cidr": "10.0.2.0/24"}},
				},
				"ports": []any{map[string]any{"protocol": "TCP", "port": "nats"}},
			}},
		}}),
	}
}

func workload(namespace string, labels map[string]any, ports ...any) props {
	return props{"metadata": map[string]any{"namespace": namespace}, "spec": map[string]any{"template": map[string]any{
		"metadata": map[string]any{"labels": labels},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": "main", "ports": ports}}},
	}}}
}

func TestBehindBalancer(t *testing.T) {
	closed := []any{}
	for name, c := range map[string]struct {
		change func(get func(id string) *inventory.Object) []*inventory.Object
		want   Verdict // for a client of Azure and the health checks
		well   int     // addresses that the load balancer's name gives
	}{
		"as documented": {nil, Passes, 2},
		"a policy of other pods": {func(func(string) *inventory.Object) []*inventory.Object {
			deny := policyOf("relay", map[string]any{"app": "other"})
			return []*inventory.Object{deny}
		}, Passes, 2},
		"a policy of one pod too many": {func(func(string) *inventory.Object) []*inventory.Object {
			return []*inventory.Object{policyOf("relay", map[string]any{"app": "relay"})}
		}, Passes, 2}, // what any policy allows is allowed
		"another port behind the name": {func(get func(string) *inventory.Object) []*inventory.Object {
			get("relay/relay policy").In.Set("spec.ingress[0].ports[0].port", 4222.0)
			return nil
		}, Stopped, 2},
		"pods see their nodes": {func(get func(string) *inventory.Object) []*inventory.Object {
			get("relay/relay service").In.Set("spec.externalTrafficPolicy", "Cluster")
			return nil
		}, Stopped, 2},
		"a zone whose nodes let nothing in": {func(get func(string) *inventory.Object) []*inventory.Object {
			get("acl-nodes-b").In.Set("ingress", closed)
			return nil
		}, Stopped, 1},
		"across zones": {func(get func(string) *inventory.Object) []*inventory.Object {
			get("acl-nodes-b").In.Set("ingress", closed)
			get("lb").In.Set("enableCrossZoneLoadBalancing", true)
			return nil
		}, Stopped, 2},
		"across zones, but not this target group": {func(get func(string) *inventory.Object) []*inventory.Object {
			get("acl-nodes-b").In.Set("ingress", closed)
			get("lb").In.Set("enableCrossZoneLoadBalancing", true)
			get("tg").In.Set("loadBalancingCrossZoneEnabled", "false")
			return nil
		}, Stopped, 1},
		"a zone without nodes": {func(get func(string) *inventory.Object) []*inventory.Object {
			get("relay:nodes").In.Set("subnetIds", []any{"nodes-a"})
			return nil
		}, Passes, 1},
		"UDP": {func(get func(string) *inventory.Object) []*inventory.Object {
			get("listener").In.Set("protocol", "UDP")
			get("relay/relay service").In.Set("spec.ports[0].protocol", "UDP")
			return nil
		}, Stopped, 2}, // the policy allows TCP
	} {
		all := balancerWorld()
		get := func(id string) *inventory.Object {
			kinds := map[string]string{"relay/relay policy": kubetype.NetworkPolicy, "relay/relay service": kubetype.Service}
			return all[slices.IndexFunc(all, func(o *inventory.Object) bool {
				return o.ID == id || kinds[id] == o.Type
			})]
		}
		if c.change != nil {
			all = append(all, c.change(get)...)
		}
		m := newModel(viewOf(all...), true)
		lb, listener := m.Get(awstype.LoadBalancer, "lb"), m.Get(awstype.Listener, "listener")
		groups, hops := m.behindListener(lb, listener)
		well := m.inDNS(m.fronts(lb), groups)
		for _, b := range groups {
			for _, protocol := range protocols(listener) {
				client := netip.MustParseAddr("10.10.1.4")
				hops = append(hops, m.toNodes(b, client, protocol, 30422, "")...)
				hops = append(hops, m.toPods(b, []netip.Addr{client}, protocol, 30422)...)
			}
		}
		if got := (Path{Hops: hops}); got.Verdict() != c.want || len(well) != c.well {
			t.Errorf("%s: %v with %d addresses, want %v with %d: %v", name, got.Verdict(), len(well), c.want, c.well, got.Troubles())
		}
	}
}

// policyOf denies all that comes to pods.
func policyOf(namespace string, labels map[string]any) *inventory.Object {
	return &inventory.Object{Type: kubetype.NetworkPolicy, ID: namespace + "/deny", Region: "relay.example", In: props{
		"metadata": map[string]any{"namespace": namespace},
		"spec":     map[string]any{"podSelector": map[string]any{"matchLabels": labels}, "policyTypes": []any{"Ingress"}},
	}}
}
