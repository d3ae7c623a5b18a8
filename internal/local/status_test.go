package local

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach"
)

// The screen names what a newcomer looks for, says why a tunnel is down, and
// shows no key.
func TestStatus(t *testing.T) {
	t.Parallel()
	const group = "/subscriptions/0/resourceGroups/rg/providers/Microsoft."
	p := newProject(t, "says")
	got := statusOf(t, p, []*inventory.Object{
		{Type: awstype.Vpc, ID: "vpc-1", Region: "eu-west-2", Out: inventory.Props{
			"cidrBlock": "10.0.0.0/16", "tags": map[string]any{"Name": "the-vpc"},
		}},
		{Type: awstype.Cluster, ID: "relay", Region: "eu-west-2", Out: inventory.Props{
			"name": "relay", "version": "1.36", "vpcConfig": map[string]any{"endpointPublicAccess": false},
		}},
		{Type: awstype.NodeGroup, ID: "relay:nodes", Region: "eu-west-2", Out: inventory.Props{
			"clusterName": "relay", "instanceTypes": []any{"t3.medium"}, "scalingConfig": map[string]any{"desiredSize": 2.0},
		}},
		{Type: azuretype.ManagedCluster, ID: group + "ContainerService/managedClusters/bunny", Out: inventory.Props{
			"location": "uksouth", "kubernetesVersion": "1.35",
			"agentPoolProfiles": []any{map[string]any{"count": 2.0, "vmSize": "Standard_B2ms"}},
		}},
		{Type: "aws:ec2/vpnConnection:VpnConnection", ID: "vpn-1", Region: "eu-west-2", In: inventory.Props{
			"customerGatewayId": "cgw-1", "vpnGatewayId": "vgw-1",
		}, Out: inventory.Props{"tunnel1Address": "198.51.100.7", "tunnel1PresharedKey": "do-not-show-me"}},
		{Type: "aws:ec2/vpnGateway:VpnGateway", ID: "vgw-1", Region: "eu-west-2"},
		{Type: "aws:sns/topic:Topic", ID: "arn:aws:sns:eu-west-2:1:pages", Region: "eu-west-2", Out: inventory.Props{
			"name": "pages", "arn": "arn:aws:sns:eu-west-2:1:pages",
		}},
		{Type: "aws:sns/topicSubscription:TopicSubscription", ID: "sub", Region: "eu-west-2", Out: inventory.Props{
			"topic": "arn:aws:sns:eu-west-2:1:pages", "protocol": "email", "endpoint": "do-not-show-me@example.com",
		}},
		alarmOn("tunnels-down", "TunnelState", "LessThanThreshold", 1, "breaching"), alarmOn("busy", "TunnelDataIn", "GreaterThanThreshold", 1e9, "missing"),
		alarmOn("misspelled", "TunnelStatus", "LessThanThreshold", 1, "missing"),
		{Type: awstype.Zone, ID: "Z1", Out: inventory.Props{"name": "private.aws.internal"}},
		{Type: awstype.Record, ID: "Z1_relay_A", Out: inventory.Props{
			"name": "relay", "type": "A", "zoneId": "Z1", "aliases": []any{map[string]any{"name": "lb.amazonaws.com"}},
		}},
		{Type: azuretype.PrivateRecordSet, ID: group + "Network/privateDnsZones/private.azure.internal/TXT/bunny", Out: inventory.Props{
			"txtRecords": []any{map[string]any{"value": []any{"no service"}}},
		}},
		{Type: awstype.LoadBalancer, ID: "lb", Region: "eu-west-2", Out: inventory.Props{
			"name": "relay-nlb", "arn": "lb", "internal": true,
			"subnetMappings": []any{map[string]any{"privateIpv4Address": "10.0.1.250"}},
		}},
		{Type: awstype.Listener, ID: "li", Region: "eu-west-2", Out: inventory.Props{"loadBalancerArn": "lb", "port": 8443.0}},
	})
	for _, want := range []string{
		"the-vpc 10.0.0.0/16",
		"relay AWS eu-west-2 1.36 private 2 × t3.medium",
		"bunny Azure uksouth 1.35 public 2 × Standard_B2ms",
		"Tunnels: 0 of 2 would carry traffic",
		"vpn-1/1 198.51.100.7 -", "vpn-1/1 is down:",
		"AWS sends through 0 of 2, on a virtual private gateway one tunnel at a time (AWV-11)",
		"Alarms: 1 OK, 1 ALARM, 1 INSUFFICIENT_DATA, 1 that can never work",
		"TELLS CLOUD RECEIVERS ALARMS pages AWS 1 3",
		"tunnels-down is ALARM: 0 of 2 tunnels are established",
		"misspelled is INSUFFICIENT_DATA: nothing sends the metric; it can never work: LOG-15: nothing sends the metric AWS/VPN/TunnelStatus",
		"relay.private.aws.internal A as lb.amazonaws.com Route 53",
		`bunny.private.azure.internal TXT "no service" Azure`,
		"relay-nlb internal 8443 10.0.1.250",
		"burrow local preview",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the screen has no %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "do-not-show-me") {
		t.Error("the screen shows a pre-shared key or a person's address")
	}
	if strings.Contains(got, "busy is") {
		t.Error("the screen has a line for an alarm that rests")
	}
}

func alarmOn(name, metric, operator string, threshold float64, missing string) *inventory.Object {
	return &inventory.Object{Type: "aws:cloudwatch/metricAlarm:MetricAlarm", ID: name, Region: "eu-west-2", In: inventory.Props{
		"name": name, "namespace": "AWS/VPN", "metricName": metric, "dimensions": map[string]any{"VpnId": "vpn-1"},
		"statistic": "Minimum", "comparisonOperator": operator, "threshold": threshold, "treatMissingData": missing,
		"alarmActions": []any{"arn:aws:sns:eu-west-2:1:pages"},
	}}
}

// An alarm that reaches nobody still shows.
func TestStatusOfAlarmsThatTellNobody(t *testing.T) {
	t.Parallel()
	silent := alarmOn("silent", "TunnelDataIn", "GreaterThanThreshold", 1e9, "missing")
	silent.In.Del("alarmActions")
	got := statusOf(t, newProject(t, "says"), []*inventory.Object{silent})
	if !strings.Contains(got, "it can never work: AWV-30") || !strings.Contains(got, "LOG-15: it has no alarm action") || strings.Contains(got, "TELLS") {
		t.Errorf("the screen does not say that nobody is told:\n%s", got)
	}
}

func TestGateways(t *testing.T) {
	t.Parallel()
	vgw := func(sending bool) reach.Tunnel {
		return reach.Tunnel{VPNConnection: "vpn-1", Number: 1, Gateway: "vgw-1", Sending: sending}
	}
	tgw := func(sending, static bool) reach.Tunnel {
		return reach.Tunnel{VPNConnection: "vpn-2", Number: 2, Gateway: "tgw-1", Transit: true, Sending: sending, Static: static}
	}
	const static = "Routing is static: nothing withdraws the route of a dead path, so failover is not guaranteed"
	for name, c := range map[string]struct {
		all  []reach.Tunnel
		want []string
	}{
		"virtual private gateway": {[]reach.Tunnel{vgw(true), vgw(false)},
			[]string{"AWS sends through 1 of 2, on a virtual private gateway one tunnel at a time (AWV-11): vpn-1/1"}},
		"transit gateway": {[]reach.Tunnel{tgw(true, false), tgw(true, false)}, []string{"AWS sends through 2 of 2, on a transit gateway"}},
		"static": {[]reach.Tunnel{tgw(true, true), tgw(false, true)},
			[]string{"AWS sends through 1 of 2, on a transit gateway: vpn-2/2", static}},
		"both": {[]reach.Tunnel{vgw(false), tgw(true, false)}, []string{
			"AWS sends through 0 of 1, on a virtual private gateway one tunnel at a time (AWV-11)",
			"AWS sends through 1 of 1, on a transit gateway: vpn-2/2",
		}},
		"gone": {[]reach.Tunnel{{VPNConnection: "vpn-1"}}, nil},
	} {
		if got := gateways(c.all); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got := stateWord(reach.State{NotAsked: true}); got != "static" {
		t.Errorf("BGP under static routing shows as %q", got)
	}
}

func TestStatusOfNothing(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	var before bytes.Buffer
	if err := p.Status(&before, StatusOptions{}); err != nil || !strings.Contains(before.String(), "burrow local up") {
		t.Errorf("without a world: got %q, %v; want to be told of up", before.String(), err)
	}
	if isFile(p.path("world.db")) {
		t.Error("looking at the world has made it")
	}
	if got := statusOf(t, p, nil); !strings.Contains(got, "Nothing exists") {
		t.Errorf("of an empty world it says %q", got)
	}
}

// What clouds made by themselves is not an estate.
func TestStatusAfterDestroy(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	watcher := &inventory.Object{
		Type: "azure-native:network:NetworkWatcher", ID: "/subscriptions/0/watcher", Out: inventory.Props{},
	}
	world, err := p.openWorld()
	if err != nil {
		t.Fatal(err)
	}
	if err := world.Update(func(tx *emulator.Tx) error { tx.Put(watcher); return nil }); err != nil {
		t.Fatal(err)
	}
	got := statusOf(t, p, nil)
	for _, want := range []string{"The estate is gone", "/subscriptions/0/watcher"} {
		if !strings.Contains(got, want) {
			t.Errorf("the screen has no %q:\n%s", want, got)
		}
	}
}

// statusOf puts objects of a stack into the world and returns the screen, with
// runs of blanks as one.
func statusOf(t *testing.T, p *testProject, objects []*inventory.Object) string {
	t.Helper()
	world, err := p.openWorld()
	if err != nil {
		t.Fatal(err)
	}
	err = world.Update(func(tx *emulator.Tx) error {
		for _, o := range objects {
			o.URN = "urn:pulumi:dev::tiny::" + o.Type + "::" + o.ID
			tx.Put(o)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := p.Status(&out, StatusOptions{}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func TestReasons(t *testing.T) {
	t.Parallel()
	up, down := reach.State{}, reach.State{Reasons: []string{"XV-06: suites differ", "XV-07: keys differ"}}
	for _, c := range []struct {
		tunnel reach.Tunnel
		want   int
	}{
		{reach.Tunnel{IPsec: up, BGP: up, Routes: up}, 0},
		{reach.Tunnel{IPsec: down, BGP: down, Routes: down}, 2},
		{reach.Tunnel{IPsec: up, BGP: up, Routes: down}, 2},
		{reach.Tunnel{IPsec: up, BGP: reach.State{NotAsked: true}, Routes: up}, 0},
	} {
		if got := reasons(c.tunnel); len(got) != c.want {
			t.Errorf("reasons of %v are %q, want %d", c.tunnel, got, c.want)
		}
	}
}

// A tunnel has the program's name, with what tells estates apart; without the
// program's naming the Azure connection's, and without a connection AWS's.
func TestTunnelName(t *testing.T) {
	t.Parallel()
	const connections = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/connections/"
	for connection, want := range map[string]struct{ name, down string }{
		connections + "burrow-to-aws-instance0-tunnel1":      {"instance0-tunnel1", "instance0-tunnel1 (vpn-1/2)"},
		connections + "burrow-to-aws-instance1-tunnel2-blue": {"instance1-tunnel2-blue", "instance1-tunnel2-blue (vpn-1/2)"},
		connections + "by-hand":                              {"by-hand", "by-hand (vpn-1/2)"},
		"":                                                   {"vpn-1/2", "vpn-1/2"},
	} {
		tunnel := reach.Tunnel{
			VPNConnection: "vpn-1", Number: 2, Connection: connection,
			IPsec: reach.State{Reasons: []string{"XV-07: keys differ"}},
		}
		if got := tunnelName(tunnel); got != want.name {
			t.Errorf("%q: name %q, want %q", connection, got, want.name)
		}
		if got, text := reasons(tunnel), want.down+" is down: XV-07: keys differ"; !slices.Equal(got, []string{text}) {
			t.Errorf("%q: reasons %q, want %q", connection, got, text)
		}
	}
}

func TestSpeaker(t *testing.T) {
	t.Parallel()
	inside := netip.MustParseAddr("169.254.21.1")
	for _, c := range []struct {
		address netip.Addr
		asn     uint32
		want    string
	}{
		{inside, 64512, "169.254.21.1 AS64512"},
		{inside, 0, "169.254.21.1"},
		{netip.Addr{}, 64512, "-"},
	} {
		if got := speaker(c.address, c.asn); got != c.want {
			t.Errorf("speaker of %v and %d: got %q, want %q", c.address, c.asn, got, c.want)
		}
	}
}
