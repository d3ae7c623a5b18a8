package plan

import (
	"maps"
	"slices"
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

// Keys that KMS copies to other regions have ids of their own form.
func TestLogKeys(t *testing.T) {
	for _, id := range []string{"01234567-89ab-cdef-0123-456789abcdef", "mrk-0123456789abcdef0123456789abcdef"} {
		load(t, map[string]string{"network": `{"aws":{"logKeyArn":"arn:aws:kms:eu-west-2:123456789012:key/` + id + `"}}`})
	}
}

// A transit gateway takes an address of each private subnet: here the last but none.
func TestTransitGatewayRoom(t *testing.T) {
	full := map[string]string{
		"network":  `{"aws":{"zones":[{"name":"eu-west-2a","private":"10.0.1.0/27","public":"10.0.101.0/24"},{"name":"eu-west-2b","private":"10.0.2.0/27","public":"10.0.102.0/24"}]}}`,
		"clusters": `{"eks":{"nodes":{"max":6}}}`,
	}
	load(t, full)
	full["vpn"] = `{"awsGateway":"transit-gateway"}`
	problems := refused(t, full, emulated)
	if len(problems) != 2 || problems[0].Key != "network.aws.zones[0].private" || !strings.Contains(problems[0].Reason, "AWV-38") {
		t.Errorf("12 addresses for 6 nodes, EKS and the gateway: %v", problems)
	}
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
	output := map[string]any{}
	for key, text := range modes {
		output[key] = text
	}
	if got, ok := ReadModes(output); !ok || !maps.Equal(got, modes) {
		t.Errorf("read %v, %v", got, ok)
	}
	for _, output := range []any{nil, "", map[string]any{}, []any{1}, map[string]any{"protect": false}} {
		if _, ok := ReadModes(output); ok {
			t.Errorf("%v was read as modes", output)
		}
	}
}

// changed is a living estate of the default modes and what a change makes of it.
func changed(change func(*Plan)) (before, after Modes) {
	p := Default()
	before = p.Modes()
	change(p)
	return before, p.Modes()
}

func thirdZone(p *Plan) {
	p.Network.AWS.Zones = append(p.Network.AWS.Zones[:2:2], Zone{Name: "eu-west-2c", Private: prefix("10.0.3.0/24"), Public: prefix("10.0.103.0/24")})
}

// Every switch says what it does; nothing is said of what does not change.
func TestSwitches(t *testing.T) {
	if same, _ := changed(func(*Plan) {}); len(same.Switches(same)) > 0 {
		t.Errorf("nothing changed, and %v", same.Switches(same))
	}
	const cut, stays, never = "IS CUT for", "stays", "never"
	tests := map[string]struct {
		change func(*Plan)
		want   string
	}{
		"estate.suffix":                          {func(p *Plan) { p.Estate.Suffix = "blue" }, never},
		"network.aws.accountId":                  {func(p *Plan) { p.Network.AWS.AccountID = "210987654321" }, never},
		"network.aws.region":                     {func(p *Plan) { p.Network.AWS.Region = "eu-west-1" }, never},
		"network.aws.cidr":                       {func(p *Plan) { p.Network.AWS.CIDR = prefix("10.60.0.0/16") }, cut},
		"network.aws.vpcId":                      {func(p *Plan) { p.Network.AWS.VPCID = "vpc-0123456789abcdef0" }, cut},
		"network.aws.egress":                     {func(p *Plan) { p.Network.AWS.Egress = EgressEndpoints }, stays},
		"network.aws.zones":                      {thirdZone, stays},
		"network.aws.zones[].private":            {func(p *Plan) { p.Network.AWS.Zones[1].Private = prefix("10.0.9.0/24") }, cut},
		"network.aws.zones[].public":             {func(p *Plan) { p.Network.AWS.Zones[1].Public = prefix("10.0.9.0/24") }, stays},
		"network.aws.zones[].nlb":                {func(p *Plan) { p.Network.AWS.Zones[1].NLB = nth(p.Network.AWS.Zones[1].Reserved, 9) }, cut},
		"network.aws.logKeyArn":                  {func(p *Plan) { p.Network.AWS.LogKeyARN = "arn:aws:kms:x" }, stays},
		"network.azure.subscriptionId":           {func(p *Plan) { p.Network.Azure.SubscriptionID = "1" }, never},
		"network.azure.location":                 {func(p *Plan) { p.Network.Azure.Location = "northeurope" }, never},
		"network.azure.resourceGroup":            {func(p *Plan) { p.Network.Azure.ResourceGroup = "rg" }, never},
		"network.azure.vnetId":                   {func(p *Plan) { p.Network.Azure.VNetID = "x" }, never},
		"network.azure.cidr":                     {func(p *Plan) { p.Network.Azure.CIDR = prefix("10.20.0.0/16") }, never},
		"network.azure.subnets.nodes":            {func(p *Plan) { p.Network.Azure.Subnets.Nodes = prefix("10.10.9.0/24") }, never},
		"network.azure.subnets.gateway":          {func(p *Plan) { p.Network.Azure.Subnets.Gateway = prefix("10.10.9.0/24") }, never},
		"network.azure.subnets.resolverInbound":  {func(p *Plan) { p.Network.Azure.Subnets.ResolverInbound = prefix("10.10.9.0/28") }, never},
		"network.azure.subnets.resolverOutbound": {func(p *Plan) { p.Network.Azure.Subnets.ResolverOutbound = prefix("10.10.9.0/28") }, never},
		"clusters.aks.name":                      {func(p *Plan) { p.Clusters.AKS.Name = "two" }, cut},
		"clusters.aks.podCidr":                   {func(p *Plan) { p.Clusters.AKS.PodCIDR = prefix("10.245.0.0/16") }, cut},
		"clusters.aks.serviceCidr":               {func(p *Plan) { p.Clusters.AKS.ServiceCIDR = prefix("10.12.0.0/16") }, cut},
		"clusters.aks.dnsServiceIp":              {func(p *Plan) { p.Clusters.AKS.DNSServiceIP = nth(p.Clusters.AKS.ServiceCIDR, 11) }, cut},
		"clusters.aks.networkPolicy":             {func(p *Plan) { p.Clusters.AKS.NetworkPolicy = PolicyCalico }, cut},
		"clusters.aks.pool.zones":                {func(p *Plan) { p.Clusters.AKS.Pool.Zones = []string{"1"} }, cut},
		"clusters.aks.pool.name":                 {func(p *Plan) { p.Clusters.AKS.Pool.Name = "workers" }, cut},
		"clusters.aks.pool.diskGB":               {func(p *Plan) { p.Clusters.AKS.Pool.DiskGB = 256 }, cut},
		"clusters.aks.pool.vmSize":               {func(p *Plan) { p.Clusters.AKS.Pool.VMSize = "Standard_D4ads_v5" }, cut},
		"k8s.access":                             {func(p *Plan) { p.K8s.Access = AccessDirect }, stays},
		"clusters.eks.name":                      {func(p *Plan) { p.Clusters.EKS.Name = "two" }, cut},
		"clusters.eks.serviceCidr":               {func(p *Plan) { p.Clusters.EKS.ServiceCIDR = prefix("172.21.0.0/16") }, cut},
		"clusters.eks.nodes.instanceType":        {func(p *Plan) { p.Clusters.EKS.Nodes.InstanceType = "m7g.large" }, stays},
		"vpn.awsGateway":                         {func(p *Plan) { p.VPN.AWSGateway = TransitGateway }, stays + ", but allow for"},
		"vpn.awsAsn":                             {func(p *Plan) { p.VPN.AWSASN = 64600 }, cut},
		"vpn.azureAsn":                           {func(p *Plan) { p.VPN.AzureASN = 65010 }, cut},
		"vpn.routing":                            {func(p *Plan) { p.VPN.Routing = "static" }, cut},
		"vpn.suite":                              {func(p *Plan) { p.VPN.Suite = "aes256-sha256-modp2048" }, cut},
		"vpn.sku":                                {func(p *Plan) { p.VPN.SKU = "VpnGw2AZ" }, stays},
		"vpn.generation":                         {func(p *Plan) { p.VPN.SKU, p.VPN.Generation = "VpnGw2AZ", "Generation2" }, cut},
		"vpn.tunnels[].inside of instance 0":     {func(p *Plan) { p.VPN.Tunnels[0].Inside = prefix("169.254.21.12/30") }, stays + ", but with both"},
		"vpn.tunnels[].inside of instance 1":     {func(p *Plan) { p.VPN.Tunnels[3].Inside = prefix("169.254.22.12/30") }, stays + ", but with both"},
		"k8s.relay.nlb":                          {func(p *Plan) { p.K8s.Relay.NLB = "two" }, cut},
		"dns.awsZone":                            {func(p *Plan) { p.DNS.AWSZone = "two.internal" }, stays},
		"dns.azureZone":                          {func(p *Plan) { p.DNS.AzureZone = "two.internal" }, stays},
	}
	for key, test := range tests {
		before, after := changed(test.change)
		found := after.Switches(before)
		if len(found) != 1 || found[0].Key != key || (found[0].Never != "") != (test.want == never) {
			t.Errorf("%s: %v", key, found)
			continue
		}
		if text := found[0].String(); test.want != never && (!strings.Contains(text, test.want) || !strings.Contains(text, key) || found[0].Means == "") {
			t.Errorf("%s reads %q", key, text)
		}
	}
	for key := range Default().Modes() {
		if _, tested := tests[key]; !tested && key != protectMode {
			t.Errorf("no test changes %s", key)
		}
	}
}

// What the last run did not say hides no change that is certain.
func TestUnsaidModeHidesNoChange(t *testing.T) {
	last := Default()
	last.VPN.SKU, last.VPN.Generation = "VpnGw2AZ", "Generation1"
	before := last.Modes()
	delete(before, "vpn.generation")
	found := Default().Modes().Switches(before)
	if !slices.ContainsFunc(found, func(s Switch) bool { return s.Key == "vpn.sku" }) {
		t.Errorf("the SKU changed, and the run says only %v", found)
	}
}

// An estate of the version that had static routes learns what leaving them costs.
func TestStaticEstateBecomesBGP(t *testing.T) {
	before := Default().Modes()
	before["vpn.routing"] = "static"
	found := Default().Modes().Switches(before)
	if len(found) != 1 || !strings.HasPrefix(found[0].String(), "vpn.routing changes from static to bgp: THE PATH BETWEEN BUNNY AND RELAY IS CUT for") {
		t.Errorf("the warning is %v", found)
	}
}

// Estates of versions before access by SSM were all reached directly.
func TestAccessOfOlderEstates(t *testing.T) {
	before := Default().Modes()
	delete(before, accessMode)
	found := Default().Modes().Switches(before)
	if len(found) != 1 || found[0].Unsaid || !strings.HasPrefix(found[0].String(), "k8s.access changes from direct to ssm: ") {
		t.Errorf("the warning is %v", found)
	}
}

// A mode that the last run did not know may have been another one.
func TestUnknownModesAreSaid(t *testing.T) {
	before := Default().Modes()
	delete(before, "vpn.suite")
	found := Default().Modes().Switches(before)
	if len(found) != 1 || !found[0].Unsaid || !strings.HasPrefix(found[0].String(), "vpn.suite is aes256gcm-sha384-ecp384, and the last run did not say what it was. If it was another, THE PATH") {
		t.Errorf("the warning is %v", found)
	}
	if problems := CheckSwitches(before, Default().Modes()); len(problems) > 0 {
		t.Errorf("refused: %v", problems)
	}
}

// What a switch does depends on what was.
func TestSwitchesThatDepend(t *testing.T) {
	for name, test := range map[string]struct {
		from, to func(*Plan)
		want     string // in the only switch; "" for none
	}{
		"another second zone": {func(*Plan) {}, func(p *Plan) {
			p.Network.AWS.Zones[1] = Zone{Name: "eu-west-2c", Private: prefix("10.0.3.0/24"), Public: prefix("10.0.103.0/24")}
		}, "EKS-03"},
		"another second zone in the same ranges": {func(*Plan) {}, func(p *Plan) { p.Network.AWS.Zones[1].Name = "eu-west-2c" }, "give eu-west-2c a range"},
		"the middle zone taken out":              {thirdZone, func(p *Plan) { p.Network.AWS.Zones = append(p.Network.AWS.Zones[:1:1], p.Network.AWS.Zones[2]) }, "VPC-04"},
		"a smaller subnet":                       {func(*Plan) {}, func(p *Plan) { p.Network.AWS.Zones[1].Private = prefix("10.0.2.0/25") }, "as 10.0.2.0/25 does with 10.0.2.0/24"},
		"a public range that was another's":      {func(*Plan) {}, func(p *Plan) { p.Network.AWS.Zones[1].Public = prefix("10.0.101.128/25") }, "VPC-04"},
		"a zone less":                            {thirdZone, func(p *Plan) { p.Network.AWS.Zones = p.Network.AWS.Zones[:2] }, "IS CUT for 5"},
		"the third zone's range": {
			thirdZone, func(p *Plan) { p.Network.AWS.Zones[2].Private = prefix("10.0.33.0/24") }, "take the zone out in one run",
		},
		"a VNet that grows":  {func(*Plan) {}, func(p *Plan) { p.Network.Azure.CIDR = prefix("10.8.0.0/14") }, "grows around"},
		"a key of one's own": {func(*Plan) {}, func(p *Plan) { p.Network.AWS.LogKeyARN = "one" }, "after 30 days"},
		"another key": {
			func(p *Plan) { p.Network.AWS.LogKeyARN = "one" }, func(p *Plan) { p.Network.AWS.LogKeyARN = "two" }, "the old key: keep it",
		},
		"protection": {func(*Plan) {}, func(p *Plan) { p.Estate.Protect = true }, ""},
	} {
		p := Default()
		test.from(p)
		before := p.Modes()
		test.to(p)
		found := p.Modes().Switches(before)
		switch {
		case test.want == "" && len(found) > 0:
			t.Errorf("%s: %v", name, found)
		case test.want != "" && (len(found) != 1 || !strings.Contains(found[0].String()+found[0].Never, test.want)):
			t.Errorf("%s: %v", name, found)
		}
	}
	// In another VPC all ranges are free.
	before, after := changed(func(p *Plan) {
		p.Network.AWS.VPCID, p.Network.AWS.Zones[1].Name = "vpc-0123456789abcdef0", "eu-west-2c"
	})
	if problems := CheckSwitches(before, after); len(problems) > 0 {
		t.Errorf("the same ranges in another VPC: %v", problems)
	}
	// Ranges of public subnets that were never made are free.
	p := Default()
	p.Network.AWS.Egress = EgressEndpoints
	before = p.Modes()
	p.Network.AWS.Egress = EgressNATPerZone
	if problems := CheckSwitches(before, p.Modes()); len(problems) > 0 {
		t.Errorf("public subnets that come: %v", problems)
	}
	before, after = changed(func(p *Plan) { p.VPN.SKU, p.VPN.Generation = "VpnGw2AZ", "Generation2" })
	if found := after.Switches(before); len(found) != 1 || found[0].Key != "vpn.generation" {
		t.Errorf("a size of another generation: %v", found)
	}
}

// Protection refuses what would delete or replace what it keeps, and nothing else.
func TestProtectedSwitches(t *testing.T) {
	before, after := changed(func(p *Plan) {
		p.VPN.AWSGateway, p.VPN.Suite = TransitGateway, "aes256-sha256-modp2048"
		p.Network.AWS.Egress, p.Network.AWS.LogKeyARN = EgressEndpoints, "arn:aws:kms:x"
		p.DNS.AWSZone = "two.internal"
	})
	if p := CheckSwitches(before, after); len(p) > 0 {
		t.Errorf("without protection: %v", p)
	}
	before[protectMode] = "true"
	var keys []string
	for _, p := range CheckSwitches(before, after) {
		if keys = append(keys, p.Key); !strings.Contains(p.Remedy, "estate.protect") {
			t.Errorf("%s: %s", p.Key, p.Remedy)
		}
	}
	if want := []string{"dns.awsZone", "network.aws.logKeyArn", "vpn.awsGateway"}; !slices.Equal(keys, want) {
		t.Errorf("with protection %v, want %v", keys, want)
	}
}

// What no living estate can do is refused, protected or not.
func TestImpossibleSwitches(t *testing.T) {
	before, after := changed(func(p *Plan) { p.Network.Azure.Location = "northeurope" })
	problems := CheckSwitches(before, after)
	if len(problems) != 1 || problems[0].Key != "network.azure.location" || problems[0].Value != "northeurope" ||
		!strings.Contains(problems[0].Reason, "it was uksouth") || !strings.Contains(problems[0].Remedy, "destroy the estate first") {
		t.Errorf("another location: %v", problems)
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
