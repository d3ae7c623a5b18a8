package alarms

import (
	"fmt"
	"slices"

	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach"
)

// A series is a metric of one object with one value of each dimension.
type series struct {
	reading
	scope      string
	dimensions map[string]string // nil when those of the metric are not known
}

// plainMetrics are metrics of other things than the VPN gateway, with what they
// show when nothing moves and nothing fails. Their dimensions are not checked.
// Source: the monitoring data references of each service in azure-docs.
var plainMetrics = map[string]map[string]float64{
	azuretype.VirtualNetworkGatewayConnection: {"BitsInPerSecond": 0, "BitsOutPerSecond": 0},
	azuretype.NatGateway: {
		"ByteCount": 0, "PacketCount": 0, "PacketDropCount": 0, "SNATConnectionCount": 0, "TotalConnectionCount": 0,
		"DatapathAvailability": 100,
	},
	azuretype.PublicIPAddress: {
		"VipAvailability": 100, "ByteCount": 0, "PacketCount": 0, "SynCount": 0, "IfUnderDDoSAttack": 0, "PacketsDroppedDDoS": 0,
		"PacketsInDDoS": 0, "BytesInDDoS": 0,
	},
	azuretype.StorageAccount: {"Availability": 100, "Transactions": 0, "Ingress": 0, "Egress": 0, "UsedCapacity": 0},
	azuretype.ManagedCluster: {
		"node_cpu_usage_percentage": 0, "node_memory_rss_percentage": 0, "node_memory_working_set_percentage": 0,
		"node_disk_usage_percentage": 0, "node_network_in_bytes": 0, "node_network_out_bytes": 0,
		"apiserver_cpu_usage_percentage": 0, "apiserver_memory_usage_percentage": 0, "apiserver_current_inflight_requests": 0,
		"etcd_cpu_usage_percentage": 0, "etcd_memory_usage_percentage": 0, "etcd_database_usage_percentage": 0,
		"cluster_autoscaler_unschedulable_pods_count": 0, "cluster_autoscaler_unneeded_nodes_count": 0,
	},
}

// tunnelMetrics are those of a VPN gateway that exist by tunnel, and bgpMetrics
// those by BGP peer (LOG-13).
var (
	tunnelMetrics = []string{
		"TunnelAverageBandwidth", "TunnelEgressBytes", "TunnelIngressBytes", "TunnelEgressPackets", "TunnelIngressPackets",
		"TunnelEgressPacketDropCount", "TunnelIngressPacketDropCount", "TunnelEgressPacketDropTSMismatch",
		"TunnelIngressPacketDropTSMismatch", "TunnelPeakPackets", "TunnelTotalFlowCount", "TunnelNatAllocations",
		"MmsaCount", "QmsaCount",
	}
	bgpMetrics = []string{"BgpPeerStatus", "BgpRoutesAdvertised", "BgpRoutesLearned"}
)

// seriesOf are the series of a metric of one thing, if it has the metric.
func (j *judgement) seriesOf(o *inventory.Object, metric string) (found []series, known bool) {
	switch {
	case o.Type != azuretype.VirtualNetworkGateway:
		value, known := plainMetrics[o.Type][metric]
		return []series{{reading: reading{value: value, why: "nothing moves in the emulated clouds"}, scope: o.ID}}, known
	case metric == "AverageBandwidth":
		for i := range gatewayInstances(o) {
			found = append(found, series{still(), o.ID, map[string]string{"Instance": instanceName(i)}})
		}
	case slices.Contains(tunnelMetrics, metric):
		found = j.tunnelSeries(o, metric)
	case slices.Contains(bgpMetrics, metric):
		found = j.bgpSeries(o)
	default:
		return nil, false
	}
	return found, true
}

func still() reading { return reading{why: "no packets move in the emulated clouds"} }

// gatewayInstances are the names of the gateway's IP configurations: it has an
// instance for each.
func gatewayInstances(gateway *inventory.Object) []string {
	return gateway.Props().Strings("ipConfigurations[*].name")
}

// instanceName is what metrics call an instance.
func instanceName(i int) string { return fmt.Sprintf("GatewayTenantWorker_IN_%d", i) }

// An azureTunnel is a connection of a VPN gateway with its peer, and the tunnel
// when one meets it.
type azureTunnel struct {
	conn, lng *inventory.Object
	tunnel    *reach.Tunnel
	instance  int // at which it ends; -1 when there is none
}

func (j *judgement) azureTunnels(gateway *inventory.Object) (found []azureTunnel) {
	for _, conn := range j.tx.All(azuretype.VirtualNetworkGatewayConnection) {
		lng := j.tx.Get(azuretype.LocalNetworkGateway, conn.In.Str("localNetworkGateway2.id"))
		if lng == nil || !inventory.SameID(conn.In.Str("virtualNetworkGateway1.id"), gateway.ID) {
			continue
		}
		t := azureTunnel{conn: conn, lng: lng, instance: -1}
		for i := range j.tunnels {
			if inventory.SameID(j.tunnels[i].Connection, conn.ID) {
				t.tunnel = &j.tunnels[i]
				t.instance = slices.Index(gatewayInstances(gateway), t.tunnel.Instance)
			}
		}
		found = append(found, t)
	}
	return found
}

// tunnelSeries exist at the instance that the tunnel ends at.
func (j *judgement) tunnelSeries(gateway *inventory.Object, metric string) (found []series) {
	for _, t := range j.azureTunnels(gateway) {
		s := series{still(), gateway.ID, map[string]string{
			"ConnectionName": nameOf(t.conn), "RemoteIP": t.lng.Value("gatewayIpAddress"), "Instance": instanceName(max(t.instance, 0)),
		}}
		if metric == "MmsaCount" || metric == "QmsaCount" {
			s.reading = reading{why: "IPsec of " + nameOf(t.conn) + " is down", bounds: &bounds{well: 1, dead: 0}}
			if t.tunnel != nil && t.tunnel.IPsec.Up() {
				s.value, s.why = 1, "IPsec of "+nameOf(t.conn)+" is up"
			}
		}
		found = append(found, s)
	}
	return found
}

// bgpSeries exist at every instance for every peer. A peer is up at the instance
// that its tunnel ends at, and at no other.
func (j *judgement) bgpSeries(gateway *inventory.Object) (found []series) {
	for _, t := range j.azureTunnels(gateway) {
		if !t.conn.Props().Bool("enableBgp") {
			continue
		}
		peer := t.lng.Props().Str("bgpSettings.bgpPeeringAddress")
		for i := range gatewayInstances(gateway) {
			s := series{scope: gateway.ID, dimensions: map[string]string{"BgpPeerAddress": peer, "Instance": instanceName(i)}}
			s.why, s.bounds = fmt.Sprintf("the BGP peer %s is down at %s", peer, instanceName(i)), &bounds{}
			if i == t.instance || t.instance < 0 {
				s.bounds.well = 1
			}
			if i == t.instance && t.tunnel.BGP.Up() {
				s.value, s.why = 1, fmt.Sprintf("the BGP peer %s is up at %s", peer, instanceName(i))
			}
			found = append(found, s)
		}
	}
	return found
}
