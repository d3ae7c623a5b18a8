package alarms

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

// A metricFamily is the metrics of a namespace that share their dimensions.
type metricFamily struct {
	namespace string
	rule      rules.ID
	// sets are those that data exists by, each sorted; an alarm has to name
	// exactly one of them.
	sets    [][]string
	metrics map[string]metricReader
}

// A metricReader reads a metric of the objects that the dimensions name: nil and
// why when there is no data.
type metricReader func(j *judgement, named map[string]*inventory.Object, dimensions inventory.Props) (*reading, string)

// metricFamilies are the metrics that are known. Sources: AWV-30 and LOG-16; the
// CloudWatch chapters of the guides of Route 53 Resolver, Network Load Balancers,
// transit gateways, NAT gateways and SNS.
var metricFamilies = []metricFamily{
	{"AWS/VPN", "AWV-30", [][]string{{"VpnId"}, {"TunnelIpAddress"}}, map[string]metricReader{
		"TunnelState": readTunnelState, "TunnelDataIn": quiet, "TunnelDataOut": quiet,
	}},
	{"AWS/Route53Resolver", "LOG-15", [][]string{{"EndpointId"}}, map[string]metricReader{
		"EndpointHealthyENICount": readHealthyENIs, "EndpointUnhealthyENICount": readUnhealthyENIs,
		"ResolverEndpointCapacityStatus": quiet,
	}},
	{"AWS/Route53Resolver", "LOG-15", [][]string{{"EndpointId"}, {"RniId"}}, map[string]metricReader{
		"InboundQueryVolume":  queriesOf("INBOUND"),
		"OutboundQueryVolume": queriesOf("OUTBOUND"), "OutboundQueryAggregateVolume": queriesOf("OUTBOUND"),
	}},
	{"AWS/NetworkELB", "LOG-15", [][]string{{"LoadBalancer", "TargetGroup"}, {"AvailabilityZone", "LoadBalancer", "TargetGroup"}},
		map[string]metricReader{"HealthyHostCount": readHealthyHosts, "UnHealthyHostCount": readUnhealthyHosts}},
	{"AWS/NetworkELB", "LOG-15", [][]string{{"LoadBalancer"}, {"AvailabilityZone", "LoadBalancer"}},
		quietly("ActiveFlowCount", "ActiveFlowCount_TCP", "ActiveFlowCount_TLS", "NewFlowCount", "NewFlowCount_TCP", "NewFlowCount_TLS",
			"ProcessedBytes", "ProcessedBytes_TCP", "ProcessedPackets", "PeakPacketsPerSecond", "ConsumedLCUs", "PortAllocationErrorCount",
			"TCP_Client_Reset_Count", "TCP_ELB_Reset_Count", "TCP_Target_Reset_Count", "UnhealthyRoutingFlowCount",
			"SecurityGroupBlockedFlowCount_Inbound_TCP", "SecurityGroupBlockedFlowCount_Outbound_TCP")},
	{"AWS/TransitGateway", "LOG-15", [][]string{{"TransitGateway"}, {"TransitGateway", "TransitGatewayAttachment"}},
		quietly("PacketDropCountBlackhole", "PacketDropCountNoRoute", "PacketDropCountTTLExpired", "BytesDropCountBlackhole",
			"BytesDropCountNoRoute", "BytesIn", "BytesOut", "PacketsIn", "PacketsOut")},
	{"AWS/NATGateway", "LOG-15", [][]string{{"NatGatewayId"}},
		quietly("ActiveConnectionCount", "BytesInFromDestination", "BytesInFromSource", "BytesOutToDestination", "BytesOutToSource",
			"ConnectionAttemptCount", "ConnectionEstablishedCount", "ErrorPortAllocation", "IdleTimeoutCount", "PacketsDropCount",
			"PacketsInFromDestination", "PacketsInFromSource", "PacketsOutToDestination", "PacketsOutToSource", "PeakBytesPerSecond",
			"PeakPacketsPerSecond")},
	{"AWS/SNS", "LOG-15", [][]string{{"TopicName"}}, map[string]metricReader{
		"NumberOfMessagesPublished": nothingHappened, "NumberOfNotificationsDelivered": nothingHappened,
		"NumberOfNotificationsFailed": nothingHappened,
	}},
}

func findFamily(namespace, name string) *metricFamily {
	i := slices.IndexFunc(metricFamilies, func(f metricFamily) bool { return f.namespace == namespace && f.metrics[name] != nil })
	if i < 0 {
		return nil
	}
	return &metricFamilies[i]
}

// offered are the family's sets of dimensions, for a reader.
func (f *metricFamily) offered() string {
	var sets []string
	for _, set := range f.sets {
		sets = append(sets, "["+strings.Join(set, ", ")+"]")
	}
	return strings.Join(sets, " or ")
}

// dimensionFinders find the object that a dimension's value names.
var dimensionFinders = map[string]func(w *watcher, value string) *inventory.Object{
	"VpnId":            func(w *watcher, v string) *inventory.Object { return w.tx.Get(awstype.VpnConnection, v) },
	"TunnelIpAddress":  (*watcher).connectionWithTunnel,
	"EndpointId":       func(w *watcher, v string) *inventory.Object { return w.tx.Get(awstype.ResolverEndpoint, v) },
	"RniId":            (*watcher).endpointWithInterface,
	"LoadBalancer":     func(w *watcher, v string) *inventory.Object { return w.tx.Find(awstype.LoadBalancer, "arnSuffix", v) },
	"TargetGroup":      func(w *watcher, v string) *inventory.Object { return w.tx.Find(awstype.TargetGroup, "arnSuffix", v) },
	"AvailabilityZone": func(w *watcher, v string) *inventory.Object { return w.tx.Find(awstype.Subnet, "availabilityZone", v) },
	"TransitGateway":   func(w *watcher, v string) *inventory.Object { return w.tx.Get(awstype.TransitGateway, v) },
	"NatGatewayId":     func(w *watcher, v string) *inventory.Object { return w.tx.Get(awstype.NatGateway, v) },
	"TopicName":        func(w *watcher, v string) *inventory.Object { return w.tx.Find(awstype.Topic, "name", v) },
	"TransitGatewayAttachment": func(w *watcher, v string) *inventory.Object {
		if a := w.tx.Get(awstype.TransitVpcAttachment, v); a != nil {
			return a
		}
		return w.tx.Find(awstype.VpnConnection, "transitGatewayAttachmentId", v)
	},
}

func (w *watcher) connectionWithTunnel(outside string) *inventory.Object {
	for _, t := range w.tunnels {
		if t.AWSOutside.IsValid() && t.AWSOutside.String() == outside {
			return w.tx.Get(awstype.VpnConnection, t.VPNConnection)
		}
	}
	return nil
}

func (w *watcher) endpointWithInterface(id string) *inventory.Object {
	for _, e := range w.tx.All(awstype.ResolverEndpoint) {
		if slices.Contains(e.Props().Strings("ipAddresses[*].ipId"), id) {
			return e
		}
	}
	return nil
}

// quiet is a metric that counts what is not emulated.
func quiet(*judgement, map[string]*inventory.Object, inventory.Props) (*reading, string) {
	return &reading{why: "no packets move in the emulated clouds, so it is 0"}, ""
}

func quietly(names ...string) map[string]metricReader {
	metrics := map[string]metricReader{}
	for _, name := range names {
		metrics[name] = quiet
	}
	return metrics
}

// nothingHappened is a metric that is sent only when there is something to count.
func nothingHappened(*judgement, map[string]*inventory.Object, inventory.Props) (*reading, string) {
	return nil, "there is data only when a message is sent"
}

// isTraffic reports whether the metric counts what a tunnel carries, its own
// keepalives included.
func isTraffic(m inventory.Props) bool {
	return m.Str("namespace") == "AWS/VPN" && strings.HasPrefix(m.Str("metricName"), "TunnelData")
}

// readTunnelState is the share of the named tunnels that are established.
func readTunnelState(j *judgement, _ map[string]*inventory.Object, dimensions inventory.Props) (*reading, string) {
	up, all := 0, 0
	for _, t := range j.tunnels {
		if t.VPNConnection == dimensions.Str("VpnId") || t.AWSOutside.IsValid() && t.AWSOutside.String() == dimensions.Str("TunnelIpAddress") {
			all++
			if t.Established() {
				up++
			}
		}
	}
	return &reading{
		value:  float64(up) / float64(all),
		why:    fmt.Sprintf("%d of %d tunnels are established", up, all),
		bounds: &bounds{well: 1, dead: 0},
	}, ""
}

func readHealthyENIs(_ *judgement, named map[string]*inventory.Object, _ inventory.Props) (*reading, string) {
	n := float64(len(named["EndpointId"].Props().Maps("ipAddresses")))
	return &reading{n, fmt.Sprintf("all %v addresses of the endpoint are healthy", n), &bounds{well: n, dead: 0}}, ""
}

func readUnhealthyENIs(_ *judgement, named map[string]*inventory.Object, _ inventory.Props) (*reading, string) {
	n := float64(len(named["EndpointId"].Props().Maps("ipAddresses")))
	return &reading{0, fmt.Sprintf("all %v addresses of the endpoint are healthy", n), &bounds{well: 0, dead: n}}, ""
}

// queriesOf counts what endpoints of one direction pass on; others never do.
func queriesOf(direction string) metricReader {
	return func(j *judgement, named map[string]*inventory.Object, dimensions inventory.Props) (*reading, string) {
		for _, endpoint := range named {
			if is := endpoint.Value("direction"); is != direction {
				j.broken("LOG-15", "%s is an %s endpoint and never sends this metric", endpoint.ID, strings.ToLower(is))
				return nil, "the endpoint never sends it"
			}
		}
		return quiet(j, named, dimensions)
	}
}
