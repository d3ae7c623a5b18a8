package watch

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/plan"
)

// An azureTile is one chart of the workbook.
type azureTile struct {
	title   string
	of      source // what is measured: a resource
	kind    string // its resource type
	metrics []azureMetric
	// filters hold for all metrics of the tile, as split does.
	filters []filter
	split   string // dimension that a chart shows apart
}

// azureMetric is something that Azure Monitor measures.
type azureMetric struct {
	category, name, aggregation string
	alerts                      []azureAlert
}

// filter keeps those values of a dimension.
type filter struct {
	dimension string
	values    []string
}

// azureAlert says when a metric pages.
type azureAlert struct {
	notice
	filters   []filter // instead of the tile's for the same dimension
	operator  string
	threshold float64
	severity  int // 0 (critical) to 4 (verbose)
}

// Alerts of metrics look at five minutes every five minutes: a gateway measures
// no more often (LOG-14).
const (
	alertWindow    = "PT5M"
	alertFrequency = "PT5M"
)

// Severities, as Azure Monitor calls them.
const (
	severityError   = 1
	severityWarning = 2
)

const (
	kindGateway  = "Microsoft.Network/virtualNetworkGateways"
	kindResolver = "Microsoft.Network/dnsResolvers"
	kindCluster  = "Microsoft.ContainerService/managedClusters"
)

// azureTiles are everything that Azure measures of the path. The state of a
// tunnel is not among it: the gateway has no such metric (LOG-13), only a log.
func azureTiles(a Args) []azureTile {
	var tiles []azureTile
	for _, instance := range a.VPN.Instances() {
		tiles = append(tiles, peers(a.VPN, instance), routes(a.VPN, instance))
	}
	return append(tiles,
		bandwidth(a),
		tunnelTraffic(a.VPN, "Bytes to AWS, by tunnel", "TunnelEgressBytes"),
		tunnelTraffic(a.VPN, "Bytes from AWS, by tunnel", "TunnelIngressBytes"),
		drops(a.VPN, "Packets to AWS dropped, by tunnel", "TunnelEgressPacketDropCount"),
		drops(a.VPN, "Packets from AWS dropped, by tunnel", "TunnelIngressPacketDropCount"),
		azureTile{
			title: "DNS private resolver: questions a second, by endpoint", of: azureResolver, kind: kindResolver, split: "EndpointId",
			metrics: []azureMetric{{name: "QPS", aggregation: "Average"}},
		},
		azureTile{
			title: "AKS nodes, by condition", of: azureCluster, kind: kindCluster, split: "status2",
			metrics: []azureMetric{{category: "Nodes", name: "kube_node_status_condition", aggregation: "Total"}},
		},
	)
}

// worker is what Azure calls an instance of a VPN gateway in metrics and logs.
func worker(instance int) string { return fmt.Sprintf("GatewayTenantWorker_IN_%d", instance) }

// sessions are the BGP peers of an instance: the AWS ends of its tunnels.
func sessions(v plan.VPN, instance int) []filter {
	peers := filter{dimension: "BgpPeerAddress"}
	for _, t := range v.InstanceTunnels(instance) {
		peers.values = append(peers.values, t.AWSInside().String())
	}
	return []filter{peers, {"Instance", []string{worker(instance)}}}
}

func instances(v plan.VPN) filter {
	f := filter{dimension: "Instance"}
	for _, instance := range v.Instances() {
		f.values = append(f.values, worker(instance))
	}
	return f
}

func connections(v plan.VPN) filter {
	f := filter{dimension: "ConnectionName"}
	for _, t := range v.OrderedTunnels() {
		f.values = append(f.values, azureConnection(t).inText())
	}
	return f
}

// peers are the BGP sessions of an instance. The gateway measures each peer on
// both instances, and one of them never has it: charts and alerts name the peer
// and its instance, or they would show and page half of nothing for ever.
func peers(v plan.VPN, instance int) azureTile {
	metric := azureMetric{category: "Routing", name: "BgpPeerStatus", aggregation: "Average"}
	for _, t := range v.InstanceTunnels(instance) {
		metric.alerts = append(metric.alerts, azureAlert{
			notice: notice{
				key: "bgp-" + t.Name() + "-down", section: "bgp-is-down-on-a-tunnel",
				means: fmt.Sprintf("%s: BGP between the Azure gateway and %s is down. Azure sends nothing through this tunnel.", t.Name(), t.AWSInside()),
			},
			filters:  []filter{{"BgpPeerAddress", []string{t.AWSInside().String()}}},
			operator: "LessThan", threshold: 1, severity: severityError,
		})
	}
	return azureTile{
		title: fmt.Sprintf("BGP of instance %d, by address of the AWS end (1 is up)", instance), of: azureGateway, kind: kindGateway,
		metrics: []azureMetric{metric}, filters: sessions(v, instance), split: "BgpPeerAddress",
	}
}

func routes(v plan.VPN, instance int) azureTile {
	return azureTile{
		title: fmt.Sprintf("BGP routes that instance %d learned, by address of the AWS end", instance), of: azureGateway, kind: kindGateway,
		metrics: []azureMetric{{category: "Routing", name: "BgpRoutesLearned", aggregation: "Total"}},
		filters: sessions(v, instance), split: "BgpPeerAddress",
	}
}

// bandwidth pages before a tunnel is full. One alert watches all connections and
// pages for each on its own. It takes the instances apart: both try every
// connection and one carries nothing, so that the average of both would be half of
// what the tunnel carries, and never too much.
func bandwidth(a Args) azureTile {
	return azureTile{
		title: "Bytes a second, by tunnel", of: azureGateway, kind: kindGateway,
		filters: []filter{connections(a.VPN)}, split: "ConnectionName",
		metrics: []azureMetric{{
			category: "Traffic", name: "TunnelAverageBandwidth", aggregation: "Average",
			alerts: []azureAlert{{
				notice: notice{
					key: "tunnel-bandwidth", section: "a-tunnel-is-nearly-full",
					means: fmt.Sprintf("A tunnel carries more than %d %% of the %d Mbit/s that it can.", a.Watch.BandwidthPercent, a.VPN.TunnelMbps()),
				},
				filters:  []filter{instances(a.VPN)},
				operator: "GreaterThan", threshold: bandwidthLimit(a), severity: severityWarning,
			}},
		}},
	}
}

// bandwidthLimit is in bytes a second, as the metric is.
func bandwidthLimit(a Args) float64 {
	const bytesPerMegabit = 1e6 / 8
	return float64(a.VPN.TunnelMbps()) * bytesPerMegabit * float64(a.Watch.BandwidthPercent) / 100
}

func tunnelTraffic(v plan.VPN, title, name string) azureTile {
	return azureTile{
		title: title, of: azureGateway, kind: kindGateway,
		metrics: []azureMetric{{category: "Traffic", name: name, aggregation: "Total"}},
		filters: []filter{connections(v)}, split: "ConnectionName",
	}
}

// drops are drawn only. How many are normal nobody has published, and an alert
// with an invented limit pages for nothing or never.
func drops(v plan.VPN, title, name string) azureTile {
	return azureTile{
		title: title, of: azureGateway, kind: kindGateway,
		metrics: []azureMetric{{category: "Errors", name: name, aggregation: "Total"}},
		filters: []filter{connections(v)}, split: "ConnectionName",
	}
}

// workbookName is the metric as a workbook writes it.
func (t azureTile) workbookName(m azureMetric) string {
	return strings.ToLower(t.kind) + "-" + m.category + "-" + m.name
}

// narrowed are the filters of an alert: its own, and the tile's for dimensions
// that it does not filter itself.
func (t azureTile) narrowed(alert azureAlert) []filter {
	filters := slices.Clone(alert.filters)
	for _, f := range t.filters {
		if !slices.ContainsFunc(filters, func(own filter) bool { return own.dimension == f.dimension }) {
			filters = append(filters, f)
		}
	}
	return filters
}
