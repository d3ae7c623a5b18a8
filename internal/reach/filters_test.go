package reach

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/reach/tunneltest"
)

func packet(protocol, from, to string, port int) Packet {
	return Packet{Protocol: protocol, From: netip.MustParseAddr(from), To: netip.MustParseAddr(to), FromPort: 50000, ToPort: port}
}

func viewOf(objects ...*inventory.Object) inventory.View {
	for _, o := range objects {
		if o.Out == nil {
			o.Out = o.In
		}
	}
	return inventory.View{Source: inventory.NewList(objects...)}
}

func entry(number int, egress bool, action, protocol, cidr string, from, to int) *inventory.Object {
	return &inventory.Object{Type: awstype.NetworkAclRule, ID: "entry", In: inventory.Props{
		"networkAclId": "acl-1", "ruleNumber": float64(number), "egress": egress, "ruleAction": action, "protocol": protocol,
		"cidrBlock": cidr, "fromPort": float64(from), "toPort": float64(to),
	}}
}

// The custom network ACL of the Amazon VPC guide. Source: Amazon VPC guide,
// custom-network-acl.md, the example of a custom network ACL, and nacl-rules.md: the
// rules are evaluated from the lowest number, and * denies what none fits.
func TestNetworkACL(t *testing.T) {
	view := viewOf(
		&inventory.Object{Type: awstype.Subnet, ID: "subnet-1", In: inventory.Props{"vpcId": "vpc-1"}},
		&inventory.Object{Type: awstype.NetworkAcl, ID: "acl-1", In: inventory.Props{"subnetIds": []any{"subnet-1"}}},
		entry(100, false, "allow", "tcp", "0.0.0.0/0", 80, 80), entry(110, false, "allow", "6", "0.0.0.0/0", 443, 443),
		entry(120, false, "allow", "6", "192.0.2.0/24", 22, 22), entry(140, false, "allow", "6", "0.0.0.0/0", 32768, 65535),
		entry(90, false, "deny", "-1", "203.0.113.0/24", 0, 0),
		entry(100, true, "allow", "6", "0.0.0.0/0", 80, 80), entry(140, true, "allow", "6", "0.0.0.0/0", 32768, 65535),
	)
	for name, c := range map[string]struct {
		egress bool
		Packet
		want Verdict
	}{
		"HTTP comes in":                       {false, packet("tcp", "198.51.100.9", "10.0.0.5", 80), Passes},
		"SSH from home comes in":              {false, packet("tcp", "192.0.2.7", "10.0.0.5", 22), Passes},
		"SSH from elsewhere does not":         {false, packet("tcp", "198.51.100.9", "10.0.0.5", 22), Stopped},
		"UDP does not":                        {false, packet("udp", "198.51.100.9", "10.0.0.5", 80), Stopped},
		"a lower number denies first":         {false, packet("tcp", "203.0.113.9", "10.0.0.5", 80), Stopped},
		"the reply goes out":                  {true, packet("tcp", "198.51.100.9", "10.0.0.5", 80).Reply(), Passes},
		"a reply to a low port does not":      {true, packet("tcp", "10.0.0.5", "198.51.100.9", 1024), Stopped},
		"what comes in may not go out by it":  {true, packet("tcp", "10.0.0.5", "198.51.100.9", 443), Stopped},
		"ICMP fits no entry of other numbers": {false, packet("icmp", "198.51.100.9", "10.0.0.5", 0), Stopped},
	} {
		if hop := NetworkACL(view, "subnet-1", c.egress, c.Packet); hop.Verdict != c.want {
			t.Errorf("%s: %v %v, want %v", name, hop.Verdict, hop, c.want)
		}
	}
	// A subnet that nobody associates has its VPC's default ACL, which lets all pass.
	plain := viewOf(
		&inventory.Object{Type: awstype.Vpc, ID: "vpc-1", In: inventory.Props{"defaultNetworkAclId": "acl-0"}},
		&inventory.Object{Type: awstype.Subnet, ID: "subnet-1", In: inventory.Props{"vpcId": "vpc-1"}},
	)
	if hop := NetworkACL(plain, "subnet-1", false, packet("udp", "198.51.100.9", "10.0.0.5", 9)); hop.Verdict != Passes {
		t.Errorf("default ACL: %v", hop)
	}
	// It keeps the entry 100 that lets all pass when somebody writes others beside it.
	beside := viewOf(append(plain.All(), &inventory.Object{Type: awstype.NetworkAclRule, ID: "entry", In: inventory.Props{
		"networkAclId": "acl-0", "ruleNumber": 90.0, "ruleAction": "deny", "protocol": "6", "cidrBlock": "0.0.0.0/0", "fromPort": 22.0, "toPort": 22.0,
	}})...)
	for port, want := range map[int]Verdict{22: Stopped, 80: Passes} {
		if hop := NetworkACL(beside, "subnet-1", false, packet("tcp", "198.51.100.9", "10.0.0.5", port)); hop.Verdict != want {
			t.Errorf("default ACL with another entry, port %d: %v", port, hop)
		}
	}
	// One that somebody has adopted has only what is written for it.
	adopted := viewOf(
		&inventory.Object{Type: awstype.Vpc, ID: "vpc-1", In: inventory.Props{"defaultNetworkAclId": "acl-0"}},
		&inventory.Object{Type: awstype.Subnet, ID: "subnet-1", In: inventory.Props{"vpcId": "vpc-1"}},
		&inventory.Object{Type: awstype.DefaultNetworkAcl, ID: "acl-0"},
	)
	if hop := NetworkACL(adopted, "subnet-1", false, packet("udp", "198.51.100.9", "10.0.0.5", 9)); hop.Verdict != Stopped {
		t.Errorf("adopted default ACL: %v", hop)
	}
	// Beside what a stack adds to one that nobody has adopted, there is AWS's own entry
	// 100. Source: Amazon VPC guide, default-network-acl.md.
	for name, c := range map[string]struct {
		adopted, egress bool
		entries         []*inventory.Object
		Packet
		want Verdict
	}{
		"AWS's own entry lets the rest out":    {false, true, []*inventory.Object{entry(90, true, "deny", "tcp", "0.0.0.0/0", 22, 22)}, packet("udp", "10.0.0.5", "198.51.100.9", 53), Passes},
		"AWS's own entry lets the rest in":     {false, false, []*inventory.Object{entry(90, false, "deny", "tcp", "0.0.0.0/0", 22, 22)}, packet("tcp", "198.51.100.9", "10.0.0.5", 80), Passes},
		"a lower number comes first":           {false, false, []*inventory.Object{entry(90, false, "deny", "tcp", "0.0.0.0/0", 22, 22)}, packet("tcp", "198.51.100.9", "10.0.0.5", 22), Stopped},
		"a higher number comes too late":       {false, false, []*inventory.Object{entry(110, false, "deny", "tcp", "0.0.0.0/0", 22, 22)}, packet("tcp", "198.51.100.9", "10.0.0.5", 22), Passes},
		"an adopted one has no entry of AWS's": {true, false, []*inventory.Object{entry(110, false, "allow", "tcp", "0.0.0.0/0", 22, 22)}, packet("tcp", "198.51.100.9", "10.0.0.5", 80), Stopped},
	} {
		objects := append(c.entries,
			&inventory.Object{Type: awstype.Vpc, ID: "vpc-1", In: inventory.Props{"defaultNetworkAclId": "acl-1"}},
			&inventory.Object{Type: awstype.Subnet, ID: "subnet-1", In: inventory.Props{"vpcId": "vpc-1"}})
		if c.adopted {
			objects = append(objects, &inventory.Object{Type: awstype.DefaultNetworkAcl, ID: "acl-1"})
		}
		if hop := NetworkACL(viewOf(objects...), "subnet-1", c.egress, c.Packet); hop.Verdict != c.want {
			t.Errorf("default ACL, %s: %v %v, want %v", name, hop.Verdict, hop, c.want)
		}
	}
	if hop := NetworkACL(plain, "subnet-9", false, packet("udp", "198.51.100.9", "10.0.0.5", 9)); hop.Verdict != CannotTell {
		t.Errorf("no subnet: %v", hop)
	}
}

// Source: Amazon VPC guide, security-group-rules.md (web server rules, rules that name a
// group) and vpc-security-groups.md (replies pass, all rules are put together).
func TestSecurityGroups(t *testing.T) {
	rule := func(typ string, in inventory.Props) *inventory.Object {
		return &inventory.Object{Type: typ, ID: "rule", In: in}
	}
	view := viewOf(
		&inventory.Object{Type: awstype.SecurityGroup, ID: "sg-web", In: inventory.Props{
			"ingress": []any{map[string]any{"protocol": "tcp", "fromPort": 80.0, "toPort": 80.0, "cidrBlocks": []any{"0.0.0.0/0"}}},
			"egress":  []any{map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlocks": []any{"0.0.0.0/0"}}},
		}},
		&inventory.Object{Type: awstype.SecurityGroup, ID: "sg-db", In: inventory.Props{}},
		rule(awstype.SecurityGroupIngressRule, inventory.Props{"securityGroupId": "sg-db", "ipProtocol": "tcp", "fromPort": 3306.0, "toPort": 3306.0, "referencedSecurityGroupId": "sg-web"}),
		rule(awstype.SecurityGroupRule, inventory.Props{"securityGroupId": "sg-db", "type": "ingress", "protocol": "udp", "fromPort": 53.0, "toPort": 54.0, "self": true}),
		rule(awstype.SecurityGroupEgressRule, inventory.Props{"securityGroupId": "sg-db", "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0, "prefixListId": "pl-s3"}),
	)
	for name, c := range map[string]struct {
		groups []string
		egress bool
		Packet
		far  []string
		want Verdict
	}{
		"the world asks the web server":          {[]string{"sg-web"}, false, packet("tcp", "198.51.100.9", "10.0.0.5", 80), nil, Passes},
		"not on another port":                    {[]string{"sg-web"}, false, packet("tcp", "198.51.100.9", "10.0.0.5", 22), nil, Stopped},
		"the web server asks anybody":            {[]string{"sg-web"}, true, packet("udp", "10.0.0.5", "198.51.100.9", 123), nil, Passes},
		"the web server asks the database":       {[]string{"sg-db"}, false, packet("tcp", "10.0.0.5", "10.0.0.6", 3306), []string{"sg-web"}, Passes},
		"its address without its group does not": {[]string{"sg-db"}, false, packet("tcp", "10.0.0.5", "10.0.0.6", 3306), nil, Stopped},
		"a member asks another":                  {[]string{"sg-db"}, false, packet("udp", "10.0.0.7", "10.0.0.6", 54), []string{"sg-db"}, Passes},
		"one of two groups is enough":            {[]string{"sg-db", "sg-web"}, false, packet("tcp", "198.51.100.9", "10.0.0.5", 80), nil, Passes},
		"nothing goes out without a rule":        {[]string{"sg-db"}, true, packet("tcp", "10.0.0.6", "198.51.100.9", 80), nil, Stopped},
		"another port of a prefix list":          {[]string{"sg-db"}, true, packet("tcp", "10.0.0.6", "198.51.100.9", 80), []string{"pl-s3"}, Stopped},
		"a prefix list that holds the far end":   {[]string{"sg-db"}, true, packet("tcp", "10.0.0.6", "198.51.100.9", 443), []string{"pl-s3"}, Passes},
		"a prefix list cannot be told":           {[]string{"sg-db"}, true, packet("tcp", "10.0.0.6", "198.51.100.9", 443), nil, CannotTell},
	} {
		if hop := SecurityGroups(view, c.groups, c.egress, c.Packet, c.far); hop.Verdict != c.want {
			t.Errorf("%s: %v %v, want %v", name, hop.Verdict, hop, c.want)
		}
	}
}

// Source: azure-docs virtual-network/network-security-groups-overview.md (priority,
// default rules, replies) and service-tags-overview.md.
func TestNetworkSecurityGroup(t *testing.T) {
	const vnet, group = "/subscriptions/s/virtualNetworks/v", "/subscriptions/s/networkSecurityGroups/g"
	subnet := vnet + "/subnets/a"
	rule := func(name string, priority int, direction, access, protocol, from, to, port string) *inventory.Object {
		return &inventory.Object{Type: azuretype.SecurityRule, ID: group + "/securityRules/" + name, In: inventory.Props{
			"priority": float64(priority), "direction": direction, "access": access, "protocol": protocol, "sourceAddressPrefix": from,
			"destinationAddressPrefix": to, "sourcePortRange": "*", "destinationPortRange": port,
		}}
	}
	view := viewOf(
		&inventory.Object{Type: azuretype.VirtualNetwork, ID: vnet, In: inventory.Props{"addressSpace": map[string]any{"addressPrefixes": []any{"10.10.0.0/16"}}}},
		&inventory.Object{Type: azuretype.Subnet, ID: subnet, In: inventory.Props{"networkSecurityGroup": map[string]any{"id": group}}},
		&inventory.Object{Type: azuretype.Subnet, ID: vnet + "/subnets/open", In: inventory.Props{}},
		&inventory.Object{Type: azuretype.Subnet, ID: vnet + "/subnets/routed", In: inventory.Props{
			"networkSecurityGroup": map[string]any{"id": group}, "routeTable": map[string]any{"id": vnet + "-routes"},
		}},
		&inventory.Object{Type: azuretype.RouteTable, ID: vnet + "-routes", In: inventory.Props{"routes": []any{
			map[string]any{"addressPrefix": "10.99.0.0/16", "nextHopType": "VirtualAppliance"},
		}}},
		&inventory.Object{Type: azuretype.NetworkSecurityGroup, ID: group, In: inventory.Props{}},
		rule("web", 200, "Inbound", "Allow", "Tcp", "Internet", "10.10.1.0/24", "80-81"),
		rule("bad", 100, "Inbound", "Deny", "*", "198.51.100.0/24", "*", "*"),
		rule("later", 300, "Inbound", "Deny", "*", "*", "*", "80"),
		rule("one", 210, "Inbound", "Allow", "Udp", "203.0.113.5", "*", "53"),
		rule("storage", 100, "Outbound", "Deny", "Tcp", "*", "Storage.UKSouth", "443"),
	)
	for name, c := range map[string]struct {
		subnet string
		egress bool
		Packet
		want Verdict
	}{
		"the web is asked":                       {subnet, false, packet("tcp", "203.0.113.9", "10.10.1.4", 81), Passes},
		"a lower priority denies first":          {subnet, false, packet("tcp", "198.51.100.9", "10.10.1.4", 80), Stopped},
		"a higher priority comes too late":       {subnet, false, packet("tcp", "203.0.113.9", "10.10.1.4", 80), Passes},
		"a single address":                       {subnet, false, packet("udp", "203.0.113.5", "10.10.1.4", 53), Passes},
		"its neighbour":                          {subnet, false, packet("udp", "203.0.113.6", "10.10.1.4", 53), Stopped},
		"DenyAllInBound":                         {subnet, false, packet("tcp", "203.0.113.9", "10.10.1.4", 22), Stopped},
		"AllowVnetInBound":                       {subnet, false, packet("tcp", "10.10.2.9", "10.10.1.4", 22), Passes},
		"not from a private range elsewhere":     {subnet, false, packet("tcp", "10.99.2.9", "10.10.1.4", 22), Stopped},
		"but from one that its routes name":      {vnet + "/subnets/routed", false, packet("tcp", "10.99.2.9", "10.10.1.4", 22), Passes},
		"AllowAzureLoadBalancerInBound":          {subnet, false, packet("tcp", "168.63.129.16", "10.10.1.4", 22), Passes},
		"AllowInternetOutBound":                  {subnet, true, packet("udp", "10.10.1.4", "203.0.113.9", 123), Passes},
		"DenyAllOutBound":                        {subnet, true, packet("udp", "10.10.1.4", "10.99.0.1", 123), Stopped},
		"a tag of a service cannot be told":      {subnet, true, packet("tcp", "10.10.1.4", "203.0.113.9", 443), CannotTell},
		"and holds no private address":           {subnet, true, packet("tcp", "10.10.1.4", "10.10.2.4", 443), Passes},
		"a subnet without a group lets all pass": {vnet + "/subnets/open", false, packet("tcp", "198.51.100.9", "10.10.1.4", 22), Passes},
	} {
		if hop := NetworkSecurityGroup(view, c.subnet, c.egress, c.Packet); hop.Verdict != c.want {
			t.Errorf("%s: %v %v, want %v", name, hop.Verdict, hop, c.want)
		}
	}
}

// What Azure's own rules take for the virtual network: the default ones let all of it
// pass and nothing else that is private. Source: azure-docs virtual-network/
// service-tags-overview.md, VirtualNetwork (its ranges, connected ones, prefixes of
// user-defined routes, perhaps default routes), of the table of the group's own subnet
// (MicrosoftDocs/azure-docs#22178, #124192); includes/vpn-gateway-faq-bgp-include.md: the
// address space of a local network gateway is static routes, with BGP or without.
func TestVirtualNetworkTag(t *testing.T) {
	const routed, plain, group = testVNet + "/subnets/aks-subnet", testVNet + "/subnets/plain", tunneltest.Group + "/networkSecurityGroups/g"
	nothing := func(tunnelWorld) {}
	down := func(names ...string) func(tunnelWorld) {
		return func(w tunnelWorld) {
			for _, name := range names {
				w.set(arm("connections", name), "connectionType", "Vnet2Vnet")
			}
		}
	}
	space := func(cidr string) func(tunnelWorld) {
		return func(w tunnelWorld) {
			w.set(arm("localNetworkGateways", "t01"), "localNetworkAddressSpace.addressPrefixes", []any{cidr})
		}
	}
	route := func(cidr, hop string) func(tunnelWorld) {
		return func(w tunnelWorld) {
			w.add(azuretype.Route, arm("routeTables", "udr")+"/routes/more", inventory.Props{"addressPrefix": cidr, "nextHopType": hop})
		}
	}
	for name, c := range map[string]struct {
		world  func() tunnelWorld
		change func(tunnelWorld)
		subnet string
		far    string
		out    Verdict
		in     Verdict
	}{
		"what BGP brings":                    {fourTunnels, nothing, plain, "10.0.5.5", Passes, Passes},
		"by one tunnel of four":              {fourTunnels, down("t01", "t02", "t11"), plain, "10.0.5.5", Passes, Passes},
		"by none":                            {fourTunnels, down("t01", "t02", "t11", "t12"), plain, "10.0.5.5", Stopped, Stopped},
		"static":                             {staticTunnels, nothing, plain, "10.0.5.5", Passes, Passes},
		"static, a part of the VPC":          {staticTunnels, space("10.0.0.0/17"), plain, "10.0.5.5", Passes, Passes},
		"static, the rest of it":             {staticTunnels, space("10.0.0.0/17"), plain, "10.0.200.5", Stopped, Stopped},
		"static, more than the VPC":          {staticTunnels, space("10.0.0.0/8"), plain, "10.99.5.5", Passes, Passes},
		"written down beside BGP":            {fourTunnels, space("172.16.0.0/16"), plain, "172.16.5.5", Passes, Passes},
		"a route of the user's":              {fourTunnels, route("10.99.0.0/16", "VirtualAppliance"), routed, "10.99.5.5", Passes, Passes},
		"a route of another subnet":          {fourTunnels, route("10.99.0.0/16", "VirtualAppliance"), plain, "10.99.5.5", Stopped, Stopped},
		"a default route, and private":       {fourTunnels, route("0.0.0.0/0", "VirtualAppliance"), routed, "10.99.5.5", CannotTell, CannotTell},
		"a default route, and the internet":  {fourTunnels, route("0.0.0.0/0", "VirtualAppliance"), routed, "203.0.113.9", Passes, CannotTell},
		"a default route, and the VNet":      {fourTunnels, route("0.0.0.0/0", "VirtualAppliance"), routed, "10.10.9.9", Passes, Passes},
		"a default route of another subnet":  {fourTunnels, route("0.0.0.0/0", "VirtualAppliance"), plain, "203.0.113.9", Passes, Stopped},
		"a default route behind the gateway": {fourTunnels, space("0.0.0.0/0"), plain, "10.99.5.5", CannotTell, CannotTell},
		"neither connected nor routed to":    {fourTunnels, nothing, routed, "10.99.5.5", Stopped, Stopped},
		"a public range behind an appliance": {fourTunnels, route("203.0.113.0/24", "VirtualAppliance"), routed, "203.0.113.9", Passes, Passes},
	} {
		w := c.world()
		w.add(azuretype.NetworkSecurityGroup, group, inventory.Props{})
		w.add(azuretype.Subnet, plain, inventory.Props{})
		for _, subnet := range []string{routed, plain} {
			w.set(subnet, "networkSecurityGroup.id", group)
		}
		c.change(w)
		view := viewOf(slices.Collect(maps.Values(w))...)
		if hop := NetworkSecurityGroup(view, c.subnet, true, packet("tcp", "10.10.1.4", c.far, 443)); hop.Verdict != c.out {
			t.Errorf("%s, out: %v %v, want %v", name, hop.Verdict, hop, c.out)
		}
		if hop := NetworkSecurityGroup(view, c.subnet, false, packet("tcp", c.far, "10.10.1.4", 443)); hop.Verdict != c.in {
			t.Errorf("%s, in: %v %v, want %v", name, hop.Verdict, hop, c.in)
		}
	}
}

// The policy test-network-policy of Kubernetes' documents. Source: kubernetes.io/docs/
// concepts/services-networking/network-policies, the NetworkPolicy resource, targeting
// a range of ports, default policies.
func TestNetworkPolicies(t *testing.T) {
	policy := func(name, namespace string, spec map[string]any) *inventory.Object {
		return &inventory.Object{Type: kubetype.NetworkPolicy, ID: namespace + "/" + name, Region: "cluster", In: inventory.Props{
			"metadata": map[string]any{"name": name, "namespace": namespace}, "spec": spec,
		}}
	}
	list := func(v ...any) []any { return v }
	view := viewOf(
		policy("test", "default", map[string]any{
			"podSelector": map[string]any{}, "policyTypes": list("Ingress", "Egress"),
			"ingress": list(map[string]any{
				"from": list(
					map[string]any{"ipBlock": map[string]any{"cidr": "172.17.0.0/16", "except": list("172.17.1.0/24")}},
					map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"project": "myproject"}}},
					map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"role": "frontend"}}},
				),
				"ports": list(map[string]any{"protocol": "TCP", "port": 6379.0}),
			}),
			"egress": list(map[string]any{
				"to":    list(map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.0/24"}}),
				"ports": list(map[string]any{"protocol": "TCP", "port": 32000.0, "endPort": 32768.0}),
			}),
		}),
		policy("both", "and", map[string]any{"ingress": list(map[string]any{"from": list(map[string]any{
			"namespaceSelector": map[string]any{"matchExpressions": list(map[string]any{"key": "user", "operator": "In", "values": list("alice", "bob")})},
			"podSelector":       map[string]any{"matchLabels": map[string]any{"role": "client"}},
		})})}),
		policy("default-deny", "shut", map[string]any{"podSelector": map[string]any{}, "policyTypes": list("Ingress")}),
		policy("others", "picky", map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "absent"}}, "policyTypes": list("Ingress")}),
	).Within("cluster")
	address := func(s string) Peer { return Peer{Address: netip.MustParseAddr(s)} }
	pod := func(namespace, pod map[string]any) Peer { return Peer{Namespace: namespace, Pod: pod} }
	for name, c := range map[string]struct {
		namespace string
		egress    bool
		far       Peer
		port      int
		want      Verdict
	}{
		"the block":                           {"default", false, address("172.17.2.9"), 6379, Passes},
		"its exception":                       {"default", false, address("172.17.1.9"), 6379, Stopped},
		"another port":                        {"default", false, address("172.17.2.9"), 6380, Stopped},
		"a namespace with the label":          {"default", false, pod(map[string]any{"project": "myproject"}, nil), 6379, Passes},
		"one without":                         {"default", false, pod(map[string]any{"project": "other"}, map[string]any{"role": "frontend"}), 6379, Stopped},
		"out to the first port":               {"default", true, address("10.0.0.9"), 32000, Passes},
		"out to the last port":                {"default", true, address("10.0.0.9"), 32768, Passes},
		"out to the next":                     {"default", true, address("10.0.0.9"), 32769, Stopped},
		"namespace and pod together":          {"and", false, pod(map[string]any{"user": "alice"}, map[string]any{"role": "client"}), 80, Passes},
		"namespace alone":                     {"and", false, pod(map[string]any{"user": "alice"}, nil), 80, Stopped},
		"an address where pods are meant":     {"and", false, address("10.0.0.9"), 80, Stopped},
		"a policy without types is ingress's": {"and", true, address("10.0.0.9"), 80, Passes},
		"default deny":                        {"shut", false, address("10.0.0.9"), 80, Stopped},
		"default deny of one direction":       {"shut", true, address("10.0.0.9"), 80, Passes},
		"no policy":                           {"free", false, address("10.0.0.9"), 80, Passes},
		"a policy of pods that do not exist":  {"picky", false, address("10.0.0.9"), 80, Passes},
	} {
		if hop := NetworkPolicies(view, c.namespace, c.egress, c.far, "tcp", c.port); hop.Verdict != c.want {
			t.Errorf("%s: %v %v, want %v", name, hop.Verdict, hop, c.want)
		}
	}
}

// Each pod has the policies that select it, and all of a namespace's count. Source:
// kubernetes.io/docs/concepts/services-networking/network-policies, the two sorts of pod
// isolation.
func TestPoliciesOfPods(t *testing.T) {
	inside := func(typ, id string, in inventory.Props) *inventory.Object {
		return &inventory.Object{Type: typ, ID: id, Region: "cluster", In: in}
	}
	run := func(namespace, app string, ports ...any) *inventory.Object {
		return inside(kubetype.Deployment, namespace+"/"+app, workload(namespace, map[string]any{"app": app}, ports...))
	}
	policy := func(namespace, app string, spec inventory.Props) *inventory.Object {
		spec.Set("podSelector", map[string]any{"matchLabels": map[string]any{"app": app}})
		return inside(kubetype.NetworkPolicy, namespace+"/"+app, inventory.Props{
			"metadata": map[string]any{"namespace": namespace}, "spec": map[string]any(spec),
		})
	}
	out := func(port any) []any {
		return []any{map[string]any{"to": []any{map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.0/16"}}},
			"ports": []any{map[string]any{"port": port}}}}
	}
	view := viewOf(
		run("one", "a"), run("one", "b"),
		policy("one", "a", inventory.Props{"policyTypes": []any{"Egress"}, "egress": out(4222.0)}),
		policy("one", "b", inventory.Props{"policyTypes": []any{"Egress"}}),
		run("free", "a"), run("free", "b"), policy("free", "a", inventory.Props{"policyTypes": []any{"Egress"}, "egress": out(4222.0)}),
		run("empty", "a"), policy("empty", "a", inventory.Props{"egress": []any{}}),
		run("named", "a", map[string]any{"name": "web", "containerPort": 8080.0}),
		policy("named", "a", inventory.Props{"ingress": []any{map[string]any{"ports": []any{map[string]any{"port": "web"}}}}}),
	).Within("cluster")
	for name, c := range map[string]struct {
		namespace string
		egress    bool
		port      int
		want      Verdict
	}{
		"one pod may, the other not":             {"one", true, 4222, Stopped},
		"one pod may, no policy is of the other": {"free", true, 4222, Passes},
		"another port":                           {"free", true, 80, Stopped},
		"no egress rule and no type":             {"empty", true, 80, Passes},
		"a port by its name":                     {"named", false, 8080, Passes},
		"a port of no name":                      {"named", false, 8081, Stopped},
	} {
		far := Peer{Address: netip.MustParseAddr("10.0.1.4")}
		if hop := NetworkPolicies(view, c.namespace, c.egress, far, "tcp", c.port); hop.Verdict != c.want {
			t.Errorf("%s: %v %v, want %v", name, hop.Verdict, hop, c.want)
		}
	}
}

// Every address of a range is treated like one that stands for it.
func TestRepresentatives(t *testing.T) {
	p := netip.MustParsePrefix
	cuts := []netip.Prefix{p("10.10.1.64/26"), p("10.10.1.7/32"), p("10.10.0.0/16"), p("10.0.0.0/24")}
	chosen := representatives(p("10.10.1.0/24"), cuts)
	for a := p("10.10.1.0/24").Addr().Next(); a != lastOf(p("10.10.1.0/24")); a = a.Next() {
		alike := false
		for _, r := range chosen {
			same := true
			for _, c := range cuts {
				same = same && c.Contains(a) == c.Contains(r)
			}
			alike = alike || same
		}
		if !alike {
			t.Errorf("nothing of %v stands for %s", chosen, a)
		}
	}
	if len(chosen) > 6 {
		t.Errorf("%d addresses: %v", len(chosen), chosen)
	}
}
