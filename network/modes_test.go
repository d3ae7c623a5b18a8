package network

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
	"burrow/internal/plan"
	"burrow/internal/sent"
)

const (
	otherVPC   = "vpc-0123456789abcdef0"
	otherIGW   = "igw-0123456789abcdef0"
	otherGroup = "rg-hub"
	otherVNet  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/vnet-hub"
)

// modes are the ways in which a plan makes networks.
var modes = map[string]func(*plan.Plan){
	"default":    func(*plan.Plan) {},
	"nat-single": func(p *plan.Plan) { p.Network.AWS.Egress = plan.EgressNATSingle },
	"endpoints":  withEndpoints,
	"existing":   inExisting,
	"existing, with endpoints": func(p *plan.Plan) {
		inExisting(p)
		withEndpoints(p)
		p.Network.AWS.InternetGatewayID = ""
	},
}

// withEndpoints leaves the public ranges as a configuration may: they are unused.
func withEndpoints(p *plan.Plan) { p.Network.AWS.Egress = plan.EgressEndpoints }

func inExisting(p *plan.Plan) {
	p.Network.AWS.VPCID, p.Network.AWS.InternetGatewayID = otherVPC, otherIGW
	p.Network.Azure.VNetID = otherVNet
}

func withThreeZones(p *plan.Plan) {
	p.Network.AWS.Zones = append(p.Network.AWS.Zones, plan.Zone{
		Name: "eu-west-2c", Private: pfx("10.0.3.0/24"), Public: pfx("10.0.103.0/24"), Reserved: pfx("10.0.3.240/28"),
		NLB: netip.MustParseAddr("10.0.3.250"),
	})
}

// inMode is the default plan with changes.
func inMode(changes ...func(*plan.Plan)) *plan.Plan {
	p := plan.Default()
	for _, change := range changes {
		change(p)
	}
	return p
}

// ruleDescription is what EC2 takes as the description of a security group's rule
// (VPC-22).
var ruleDescription = regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)

// TestEndpointsHaveNoWayOut: nothing leads to the internet, not even halfway.
func TestEndpointsHaveNoWayOut(t *testing.T) {
	w := record(t, network(inMode(withEndpoints)))
	for _, typ := range []string{
		"aws:ec2/internetGateway:InternetGateway", "aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip", "aws:ec2/route:Route",
	} {
		if found := w.Of(typ); len(found) > 0 {
			t.Errorf("%s of type %s was registered", found[0].Name, typ)
		}
	}
	for typ, want := range map[string]int{"aws:ec2/subnet:Subnet": 2, "aws:ec2/routeTable:RouteTable": 2, "aws:ec2/networkAcl:NetworkAcl": 1} {
		if got := w.Of(typ); len(got) != want {
			t.Errorf("%d of %s, want %d", len(got), typ, want)
		}
	}
	for _, r := range w.All() {
		if tags, _ := r.Inputs["tags"].(map[string]any); tags["kubernetes.io/role/elb"] != nil || strings.Contains(r.Name, "public") {
			t.Errorf("%s %s is public", r.Type, r.Name)
		}
	}
}

func TestEndpoints(t *testing.T) {
	w := record(t, network(inMode(withEndpoints, withThreeZones)))
	subnets := []any{"<burrow-private-az1>", "<burrow-private-az2>", "<burrow-private-az3>"}
	tables := []any{"<burrow-private-az1-routes>", "<burrow-private-az2-routes>", "<burrow-private-az3-routes>"}
	want := map[string]map[string]any{"com.amazonaws.eu-west-2.s3": {"vpcEndpointType": "Gateway", "routeTableIds": tables}}
	for _, service := range []string{"ec2", "ecr.api", "ecr.dkr", "sts", "eks-auth", "logs", "ssm", "ssmmessages"} {
		want["com.amazonaws.eu-west-2."+service] = map[string]any{
			"vpcEndpointType": "Interface", "privateDnsEnabled": true, "subnetIds": subnets, "securityGroupIds": []any{"<burrow-endpoints>"},
		}
	}
	for _, e := range w.Of(awstype.VpcEndpoint) {
		service, _ := e.Inputs["serviceName"].(string)
		fields, known := want[service]
		if !known {
			t.Errorf("%s: nobody asks %s", e.Name, service)
		}
		delete(want, service)
		for _, key := range []string{"vpcEndpointType", "privateDnsEnabled", "subnetIds", "securityGroupIds", "routeTableIds"} {
			if !reflect.DeepEqual(e.Inputs[key], fields[key]) {
				t.Errorf("%s: %s = %v, want %v", service, key, e.Inputs[key], fields[key])
			}
		}
		if e.Inputs["vpcId"] != "<burrow-vpc>" {
			t.Errorf("%s is in %v", service, e.Inputs["vpcId"])
		}
	}
	for service := range want {
		t.Errorf("%s has no endpoint (VPC-36)", service)
	}
	if plan.EndpointServices != len(endpointServices) {
		t.Errorf("the plan leaves room for %d endpoints in a subnet, and there are %d", plan.EndpointServices, len(endpointServices))
	}
}

// TestEndpointsAndNodes: endpoints take no reserved address, and nodes come when
// endpoints answer.
func TestEndpointsAndNodes(t *testing.T) {
	p := inMode(withEndpoints)
	var made *AWS
	w := record(t, func(ctx *pulumi.Context) (err error) {
		if made, err = NewAWS(ctx, "burrow", AWSArgs{Estate: p.Estate, Network: p.Network, Relay: p.K8s.Relay}); err != nil {
			return err
		}
		if made.EndpointGroupID == (pulumi.IDOutput{}) || made.S3PrefixListID == (pulumi.StringOutput{}) {
			t.Error("nodes are not told where the endpoints are")
		}
		var group, nodes pulumi.CustomResourceState
		err = ctx.RegisterResource(sent.StandInType, "node group", pulumi.Map{"group": made.EndpointGroupID, "list": made.S3PrefixListID}, &group)
		if err != nil {
			return err
		}
		return ctx.RegisterResource(sent.StandInType, "nodes", pulumi.Map{}, &nodes, pulumi.DependsOn(made.Ready))
	})
	nodes, group := w.Named(t, sent.StandInType, "nodes"), w.Named(t, sent.StandInType, "node group").Inputs
	if group["group"] != "<burrow-endpoints>" || group["list"] != "prefixListId of burrow-endpoint-s3" {
		t.Errorf("nodes are told of %v", group)
	}
	endpoints, reserved := w.Of(awstype.VpcEndpoint), w.Of("aws:ec2/subnetCidrReservation:SubnetCidrReservation")
	rules := slices.DeleteFunc(w.Of(awstype.SecurityGroupIngressRule), func(r sent.Resource) bool { return r.Inputs["securityGroupId"] != "<burrow-endpoints>" })
	if len(endpoints) != 9 || len(reserved) != 2 || len(rules) != 2 {
		t.Fatalf("%d endpoints, %d reservations, %d rules", len(endpoints), len(reserved), len(rules))
	}
	for _, r := range slices.Concat(endpoints, reserved, rules) {
		if !nodes.DependsOn(r) {
			t.Errorf("nodes do not wait for %s", r.Name)
		}
	}
	for _, e := range endpoints {
		if e.Inputs["vpcEndpointType"] == "Interface" && !(e.DependsOn(reserved[0]) && e.DependsOn(reserved[1])) {
			t.Errorf("%s does not wait for the reservations", e.Name)
		}
	}
}

// TestEndpointClients: the services' names lead the whole VPC to the endpoints, so
// that those who need them must get in (VPC-37).
func TestEndpointClients(t *testing.T) {
	for _, tc := range []struct {
		mode    string
		clients []netip.Prefix
		want    []string
	}{
		{"endpoints", nil, []string{"10.0.1.0/24", "10.0.2.0/24"}},
		{"endpoints", []netip.Prefix{pfx("10.0.8.0/24"), pfx("10.0.2.0/24")}, []string{"10.0.1.0/24", "10.0.2.0/24", "10.0.8.0/24"}},
		{"existing, with endpoints", []netip.Prefix{pfx("10.0.8.0/24")}, []string{"10.0.0.0/16"}},
	} {
		p := inMode(modes[tc.mode])
		w := record(t, func(ctx *pulumi.Context) error {
			_, err := NewAWS(ctx, "burrow", AWSArgs{Estate: p.Estate, Network: p.Network, Relay: p.K8s.Relay, APIClients: tc.clients})
			return err
		})
		var got []string
		for _, r := range w.Of(awstype.SecurityGroupIngressRule) {
			if r.Inputs["fromPort"] != 443.0 || r.Inputs["toPort"] != 443.0 || r.Inputs["ipProtocol"] != "tcp" {
				t.Errorf("%s: %s opens %v", tc.mode, r.Name, r.Inputs)
			}
			if text, _ := r.Inputs["description"].(string); !ruleDescription.MatchString(text) {
				t.Errorf("%s: EC2 refuses the description %q of %s", tc.mode, text, r.Name)
			}
			got = append(got, r.Inputs["cidrIpv4"].(string))
		}
		slices.Sort(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s with %v: admits %v, want %v", tc.mode, tc.clients, got, tc.want)
		}
		if out := w.Of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"); len(out) > 0 {
			t.Errorf("%s: %s lets endpoints out", tc.mode, out[0].Name)
		}
	}
}

type document struct {
	Statement []struct {
		Effect, Principal string
		Action, Resource  []string
		Condition         map[string]map[string]string
	}
}

// TestEndpointPolicies: what passes an endpoint is the estate's own business.
func TestEndpointPolicies(t *testing.T) {
	account := map[string]map[string]string{"StringEquals": {"aws:PrincipalAccount": "123456789012"}}
	pulls := []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
	for image, repository := range map[string]string{"": "*", "123456789012.dkr.ecr.eu-west-2.amazonaws.com/team/relay:1.0": "team/relay"} {
		w := record(t, network(inMode(withEndpoints, func(p *plan.Plan) { p.K8s.Relay.Image = image })))
		for _, e := range w.Of(awstype.VpcEndpoint) {
			var d document
			if err := json.Unmarshal([]byte(e.Inputs["policy"].(string)), &d); err != nil {
				t.Fatalf("%s: %v", e.Name, err)
			}
			for _, s := range d.Statement {
				if s.Effect != "Allow" || s.Principal != "*" {
					t.Errorf("%s: %+v", e.Name, s)
				}
				if own := reflect.DeepEqual(s.Condition, account); own == strings.HasSuffix(e.Name, "-s3") {
					t.Errorf("%s: condition %v", e.Name, s.Condition)
				}
			}
			first := d.Statement[0]
			switch {
			case strings.HasSuffix(e.Name, "-s3"):
				want := []string{"arn:aws:s3:::prod-eu-west-2-starport-layer-bucket/*"}
				if len(d.Statement) != 1 || !slices.Equal(first.Action, []string{"s3:GetObject"}) || !slices.Equal(first.Resource, want) {
					t.Errorf("s3 lets through %+v", d.Statement)
				}
			case strings.Contains(e.Name, "-ecr-"):
				want := []string{
					"arn:aws:ecr:eu-west-2:123456789012:repository/" + repository,
					"arn:aws:ecr:eu-west-2:602401143452:repository/*",
				}
				if len(d.Statement) != 2 || !slices.Equal(first.Action, []string{"ecr:GetAuthorizationToken"}) || !slices.Equal(first.Resource, []string{"*"}) {
					t.Errorf("%s: %+v", e.Name, d.Statement)
				} else if s := d.Statement[1]; !slices.Equal(s.Action, pulls) || !slices.Equal(s.Resource, want) {
					t.Errorf("%s lets through %v of %v, want %v", e.Name, s.Action, s.Resource, want)
				}
			case len(d.Statement) != 1:
				t.Errorf("%s: %d statements", e.Name, len(d.Statement))
			}
		}
	}
}

// TestUnknownAddonRegistry: nodes without EKS's own images never become ready.
func TestUnknownAddonRegistry(t *testing.T) {
	p := inMode(withEndpoints)
	p.Network.AWS.Region = "me-south-1"
	if _, err := endpointPolicy("ecr.dkr", p.Network.AWS, p.K8s.Relay); err == nil || !strings.Contains(err.Error(), "me-south-1") {
		t.Errorf("the error is %v", err)
	}
}

// TestExistingVPC: the VPC is used, and nothing that was there before is touched.
func TestExistingVPC(t *testing.T) {
	w := record(t, network(inMode(inExisting)))
	for _, typ := range []string{
		"aws:ec2/vpc:Vpc", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:ec2/internetGateway:InternetGateway", "aws:ec2/tag:Tag",
	} {
		if found := w.Of(typ); len(found) > 0 {
			t.Errorf("%s of type %s was registered", found[0].Name, typ)
		}
	}
	inside := 0
	for _, r := range w.All() {
		if vpc, ok := r.Inputs["vpcId"]; ok && vpc != otherVPC {
			t.Errorf("%s %s is in %v", r.Type, r.Name, vpc)
		} else if ok {
			inside++
		}
	}
	if inside < 10 { // four subnets, three tables, two ACLs, flow log, and the load balancer's
		t.Errorf("only %d resources are in the VPC", inside)
	}
	if route := w.Named(t, "aws:ec2/route:Route", "burrow-public-default").Inputs; route["gatewayId"] != otherIGW {
		t.Errorf("the public route leads to %v", route["gatewayId"])
	}
	if got := len(w.Of("aws:ec2/natGateway:NatGateway")); got != 2 {
		t.Errorf("%d NAT gateways", got)
	}
}

// TestExistingVNet: subnets are made in the VNet's group, everything else in the
// estate's own.
func TestExistingVNet(t *testing.T) {
	w := record(t, network(inMode(inExisting)))
	if found := w.Of("azure-native:network:VirtualNetwork"); len(found) > 0 {
		t.Errorf("%s was registered", found[0].Name)
	}
	const subnetType = "azure-native:network:Subnet"
	if got := len(w.Of(subnetType)); got != 4 {
		t.Errorf("%d subnets", got)
	}
	for _, r := range w.All() {
		group, grouped := r.Inputs["resourceGroupName"]
		if !grouped || r.Type == "azure-native:network:FlowLog" || r.Type == "azure-native:resources:ResourceGroup" {
			continue
		}
		if r.Type == subnetType {
			if group != otherGroup || r.Inputs["virtualNetworkName"] != "vnet-hub" {
				t.Errorf("%s is in %v of %v", r.Name, r.Inputs["virtualNetworkName"], group)
			}
		} else if group != "name of burrow-group" {
			t.Errorf("%s %s is in group %v", r.Type, r.Name, group)
		}
	}
	if log := w.Named(t, "azure-native:network:FlowLog", "burrow-flow-log").Inputs; log["targetResourceId"] != otherVNet {
		t.Errorf("the flow log records %v", log["targetResourceId"])
	}
}

// TestThirdZone: every zone has its own of everything.
func TestThirdZone(t *testing.T) {
	w := record(t, network(inMode(withThreeZones)))
	for typ, want := range map[string]int{
		"aws:ec2/subnet:Subnet": 6, "aws:ec2/natGateway:NatGateway": 3, "aws:ec2/eip:Eip": 3,
		"aws:ec2/subnetCidrReservation:SubnetCidrReservation": 3, "aws:ec2/route:Route": 4,
	} {
		if got := len(w.Of(typ)); got != want {
			t.Errorf("%d of %s, want %d", got, typ, want)
		}
	}
	mappings, _ := w.Named(t, "aws:lb/loadBalancer:LoadBalancer", "burrow-nlb").Inputs["subnetMappings"].([]any)
	want := map[string]any{"subnetId": "<burrow-private-az3>", "privateIpv4Address": "10.0.3.250"}
	if len(mappings) != 3 || !reflect.DeepEqual(mappings[2], want) {
		t.Errorf("the load balancer has %v", mappings)
	}
}

// TestProtect: what cannot be had back is protected, and nothing else.
func TestProtect(t *testing.T) {
	for _, protect := range []bool{true, false} {
		for _, r := range record(t, network(inMode(func(p *plan.Plan) { p.Estate.Protect = protect }))).All() {
			if want := protect && r.Type == "aws:kms/key:Key"; r.Options.GetProtect() != want {
				t.Errorf("protect = %v: %s %s is protected: %v", protect, r.Type, r.Name, !want)
			}
		}
	}
}

// A new target group stands beside the old one: their names differ wherever port or
// VPC do, and fit into 32 characters with the longest suffix.
func TestTargetGroupsApart(t *testing.T) {
	names := map[string]string{}
	for what, change := range map[string]func(*plan.Plan){
		"default": func(*plan.Plan) {}, "another port": func(p *plan.Plan) { p.K8s.Relay.NodePort = 30444 },
		"another range": func(p *plan.Plan) { p.Network.AWS.CIDR = pfx("192.168.0.0/16") }, "a VPC that exists": inExisting,
		"another that exists": func(p *plan.Plan) { p.Network.AWS.VPCID = "vpc-0123456789abcdef1" },
	} {
		p := inMode(change)
		p.Estate.Suffix = "twelve-chars"
		name := (&relayBuilder{args: RelayArgs{Estate: p.Estate, Network: p.Network, Relay: p.K8s.Relay}}).targetsName()
		if other, taken := names[name]; taken || len(name) > 32 {
			t.Errorf("%s: %s, as %q", what, name, other)
		}
		names[name] = what
	}
}

// The load balancer's addresses are free for the next one only when it is gone.
func TestBalancerGoesFirst(t *testing.T) {
	balancer := record(t, network(plan.Default())).One(t, "aws:lb/loadBalancer:LoadBalancer")
	if !balancer.Options.GetDeleteBeforeReplace() {
		t.Error("a load balancer of another name would come before its addresses are free (NLB-03)")
	}
}
