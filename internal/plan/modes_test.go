package plan

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// Images from elsewhere cannot be pulled where nothing leads to the internet.
func TestImagesWithEndpoints(t *testing.T) {
	endpoints := `{"aws":{"egress":"endpoints"}}`
	for _, test := range []struct {
		network, image string
		refused        bool
	}{
		{endpoints, "", false},
		{endpoints, "123456789012.dkr.ecr.eu-west-2.amazonaws.com/relay:1.0", false},
		{endpoints, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/relay:1.0", true},
		{endpoints, "210987654321.dkr.ecr.eu-west-2.amazonaws.com/relay:1.0", true},
		{endpoints, "ghcr.io/burrow/relay:1.0", true},
		{`{}`, "ghcr.io/burrow/relay:1.0", false},
	} {
		values := map[string]string{"network": test.network, "k8s": `{"relay":{"image":"` + test.image + `"}}`}
		if !test.refused {
			load(t, values)
			continue
		}
		problems := refused(t, values, emulated)
		if len(problems) != 1 || problems[0].Key != "k8s.relay.image" || !strings.Contains(problems[0].Reason, "VPC-36") {
			t.Errorf("%s with %s: %v", test.image, test.network, problems)
		}
	}
}

func TestRepository(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0", 64)
	for image, want := range map[string]string{
		"": "", "ghcr.io/burrow/relay:1.0": "burrow/relay", "localhost:5000/relay": "relay",
		"registry.example.com/team/relay" + digest:      "team/relay",
		"registry.example.com/team/relay:1.0" + digest:  "team/relay",
		"123.dkr.ecr.eu-west-2.amazonaws.com/relay:1.0": "relay",
	} {
		if got := (Relay{Image: image}).Repository(); got != want {
			t.Errorf("repository of %q is %q, want %q", image, got, want)
		}
	}
}

// Azure Network Policy Manager is refused once it has ended.
func TestPolicyManagerEnds(t *testing.T) {
	// Only the rule is asked: by then no Kubernetes version of today is in support.
	for today, refused := range map[time.Time]bool{
		day(2028, time.September, 30): false,
		day(2028, time.October, 2):    true,
	} {
		p := Default()
		p.Clusters.AKS.NetworkPolicy = PolicyAzure
		v := &validator{plan: p, world: World{Today: today}}
		v.policyManagerEnds()
		if got := len(v.problems) > 0; got != refused {
			t.Errorf("on %s refused is %v, want %v", today.Format(time.DateOnly), got, refused)
		}
	}
}

// Nothing is required of a public subnet where none is made.
func TestEndpointsNeedNoPublicSubnets(t *testing.T) {
	p := load(t, map[string]string{"network": `{"aws":{"egress":"endpoints","zones":[
		{"name":"eu-west-2a","private":"10.0.1.0/24"},{"name":"eu-west-2b","private":"10.0.2.0/24"}]}}`})
	if p.Network.AWS.HasNAT() || p.Network.AWS.Zones[0].Public.IsValid() {
		t.Errorf("network %+v", p.Network.AWS)
	}
	load(t, map[string]string{"network": `{"aws":{"egress":"endpoints"}}`}) // the defaults' ranges stay for another day
}

func TestExistingNetworks(t *testing.T) {
	p := load(t, map[string]string{"network": `{
		"aws":{"vpcId":"vpc-0123456789abcdef0","internetGatewayId":"igw-0123456789abcdef0"},
		"azure":{"vnetId":"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/vnet-1"}}`})
	azure := p.Network.Azure
	if p.Network.AWS.MakesVPC() || azure.MakesVNet() || azure.VNetGroup() != "hub" || azure.VNetName() != "vnet-1" {
		t.Errorf("group %q, name %q", azure.VNetGroup(), azure.VNetName())
	}
	load(t, map[string]string{"network": `{"aws":{"egress":"endpoints","vpcId":"vpc-0123456789abcdef0"}}`})
}

// The largest segment fits both clouds, for each suite.
func TestSegments(t *testing.T) {
	for name, aws := range map[string]int{"aes256gcm-sha384-ecp384": 1406, "aes256-sha256-modp2048": 1398} {
		suite := Suites[name]
		if got := suite.AWSMTU - 40; got != aws {
			t.Errorf("%s: AWS's MSS is %d, want %d (AWV-31)", name, got, aws)
		}
		if suite.MSS() > aws || suite.MSS() > 1350 || suite.MTU() != suite.MSS()+40 {
			t.Errorf("%s: MSS %d, MTU %d", name, suite.MSS(), suite.MTU())
		}
	}
}

func TestTunnelMbps(t *testing.T) {
	for _, test := range []struct {
		sku, suite string
		want       int
	}{
		{"VpnGw1AZ", "aes256gcm-sha384-ecp384", 650},
		{"VpnGw1AZ", "aes256-sha256-modp2048", 500},
		{"VpnGw3AZ", "aes256gcm-sha384-ecp384", 1250}, // AWS's end
		{"VpnGw5AZ", "aes256-sha256-modp2048", 700},
	} {
		if got := (VPN{SKU: test.sku, Suite: test.suite}).TunnelMbps(); got != test.want {
			t.Errorf("%s with %s: %d, want %d", test.sku, test.suite, got, test.want)
		}
	}
	for sku := range gatewaySKUs {
		if gatewayMbps[sku].gcm == 0 {
			t.Errorf("nobody knows what %s carries", sku)
		}
	}
}

func TestSendingTunnels(t *testing.T) {
	v := baseVPN()
	if v.SendingTunnels() != 1 {
		t.Errorf("a virtual private gateway sends through %d", v.SendingTunnels())
	}
	v.AWSGateway = TransitGateway
	if v.SendingTunnels() != 4 {
		t.Errorf("a transit gateway sends through %d", v.SendingTunnels())
	}
}

// Modes survive the stack's outputs, and an output of an older run is none.
func TestModesAreRead(t *testing.T) {
	modes := Default().Modes()
	values, err := modes.Values()
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := ReadModes(values); !ok || !reflect.DeepEqual(got, modes) {
		t.Errorf("read %+v, %v", got, ok)
	}
	for _, output := range []any{nil, "", map[string]any{}, []any{1}} {
		if _, ok := ReadModes(output); ok {
			t.Errorf("%v was read as modes", output)
		}
	}
}

// Every switch says what it does; nothing is said of what does not change.
func TestSwitches(t *testing.T) {
	before := Default().Modes()
	if s := before.Switches(before); len(s) > 0 {
		t.Errorf("nothing changed, and %v", s)
	}
	for key, test := range map[string]struct {
		change func(*Modes)
		cut    bool
	}{
		"vpn.awsGateway":                  {func(m *Modes) { m.AWSGateway = TransitGateway }, false},
		"estate.suffix":                   {func(m *Modes) { m.Suffix = "blue" }, true},
		"network.aws":                     {func(m *Modes) { m.AWS = "eu-west-1 10.0.0.0/16" }, true},
		"network.azure":                   {func(m *Modes) { m.Azure = "uksouth 10.20.0.0/16" }, true},
		"network.azure.resourceGroup":     {func(m *Modes) { m.Group = "rg" }, true},
		"vpn.awsAsn":                      {func(m *Modes) { m.AWSASN = 64600 }, true},
		"vpn.azureAsn":                    {func(m *Modes) { m.AzureASN = 65010 }, true},
		"vpn.routing":                     {func(m *Modes) { m.Routing = RoutingStatic }, true},
		"vpn.suite":                       {func(m *Modes) { m.Suite = "aes256-sha256-modp2048" }, true},
		"vpn.sku":                         {func(m *Modes) { m.SKU = "VpnGw2AZ" }, false},
		"vpn.generation":                  {func(m *Modes) { m.SKU, m.Generation = "VpnGw2AZ", "Generation2" }, true},
		"network.aws.egress":              {func(m *Modes) { m.Egress = EgressEndpoints }, false},
		"network.aws.vpcId":               {func(m *Modes) { m.VPCID = "vpc-0123456789abcdef0" }, true},
		"network.azure.vnetId":            {func(m *Modes) { m.VNetID = "x" }, true},
		"network.aws.zones":               {func(m *Modes) { m.Zones = append(m.Zones[:2:2], "eu-west-2c") }, false},
		"clusters.aks.networkPolicy":      {func(m *Modes) { m.NetworkPolicy = PolicyCalico }, true},
		"clusters.aks.pool.zones":         {func(m *Modes) { m.PoolZones = []string{"1"} }, true},
		"clusters.aks.pool.name":          {func(m *Modes) { m.PoolName = "workers" }, true},
		"clusters.aks.pool.diskGB":        {func(m *Modes) { m.PoolDiskGB = 256 }, true},
		"clusters.eks.nodes.instanceType": {func(m *Modes) { m.NodeType = "m7g.large" }, false},
		"clusters.aks.pool.vmSize":        {func(m *Modes) { m.PoolSize = "Standard_D4ads_v5" }, true},
	} {
		after := before
		test.change(&after)
		switches := after.Switches(before)
		if len(switches) != 1 || switches[0].Key != key || (switches[0].Cut != "") != test.cut || switches[0].Means == "" {
			t.Errorf("%s: %v", key, switches)
			continue
		}
		if text := switches[0].String(); strings.Contains(text, "IS CUT for") != test.cut || !strings.Contains(text, key) {
			t.Errorf("%s reads %q", key, text)
		}
	}
	after := before
	after.Zones = []string{"eu-west-2a", "eu-west-2c"}
	if s := after.Switches(before); len(s) != 1 || s[0].Cut == "" || !strings.Contains(s[0].Means, "EKS-03") {
		t.Errorf("another second zone: %v", s)
	}
	three := before
	three.Zones = append(before.Zones[:2:2], "eu-west-2c")
	if s := before.Switches(three); len(s) != 1 || s[0].Cut == "" {
		t.Errorf("a zone less: %v", s)
	}
}

// Protection refuses what would delete or replace what it keeps, and nothing else.
func TestCheckSwitches(t *testing.T) {
	before := Default().Modes()
	after := before
	after.AWSGateway, after.Egress, after.Suite = TransitGateway, EgressEndpoints, "aes256-sha256-modp2048"
	if p := CheckSwitches(before, after); len(p) > 0 {
		t.Errorf("without protection: %v", p)
	}
	before.Protect = true
	problems := CheckSwitches(before, after)
	if len(problems) != 1 || problems[0].Key != "vpn.awsGateway" || !strings.Contains(problems[0].Remedy, "estate.protect") {
		t.Errorf("with protection: %v", problems)
	}
}

// Node groups that cannot share a name have different ones, and the default
// estate's is the plain one.
func TestGroupName(t *testing.T) {
	two := Default().Network.AWS
	three := two
	three.Zones = append(two.Zones[:2:2], Zone{Name: "eu-west-2c"})
	turned := three
	turned.Zones = []Zone{three.Zones[1], three.Zones[0], three.Zones[2]}
	nodes := Default().Clusters.EKS.Nodes
	arm := nodes
	arm.InstanceType = "m7g.large"
	for _, test := range []struct {
		nodes EKSNodes
		aws   AWSNetwork
		want  string
	}{
		{nodes, two, "eks-relay-nodegroup"},
		{nodes, three, "eks-relay-nodegroup-abc"},
		{nodes, turned, "eks-relay-nodegroup-abc"},
		{arm, two, "eks-relay-nodegroup-m7g-large"},
		{arm, three, "eks-relay-nodegroup-abc-m7g-large"},
	} {
		if got := test.nodes.GroupName(test.aws); got != test.want {
			t.Errorf("named %s, want %s", got, test.want)
		}
	}
	long := strings.Repeat("n", 60)
	problems := refused(t, map[string]string{"clusters": `{"eks":{"nodes":{"name":"` + long + `","instanceType":"m7g.large"}}}`}, emulated)
	if len(problems) != 1 || problems[0].Key != "clusters.eks.nodes.name" || problems[0].Value != long+"-m7g-large" {
		t.Errorf("a name that grows too long: %v", problems)
	}
}
