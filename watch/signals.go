package watch

import (
	"fmt"

	"burrow/internal/plan"
)

// page explains every alarm, under one heading each.
const page = "docs/when-it-pages-you.md"

// notice is what every alarm has, whichever cloud raises it.
type notice struct {
	key     string // tells alarms apart: burrow-KEY is the physical name's base
	section string // heading in the page, as an anchor
	means   string // for whoever gets the mail, in a sentence or two
}

func (n notice) base() string { return "burrow-" + n.key }

func (n notice) description() string { return fmt.Sprintf("%s See %s#%s", n.means, page, n.section) }

// An awsTile is one graph of the CloudWatch dashboard.
type awsTile struct {
	title   string
	metrics []awsMetric
	// most is the top of the axis, 0 to leave it to CloudWatch.
	most int
}

// awsMetric is something that CloudWatch measures.
type awsMetric struct {
	namespace, name, statistic string
	seconds                    int // period
	dimensions                 []dimension
	label                      string
	lines                      *lineCount // the log that it counts in; nil: a service sends it
	alarm                      *awsAlarm  // nil: drawn, and pages nobody
}

// dimension is one of a metric's, with the source of its value.
type dimension struct {
	name string
	of   source
}

// lineCount says which lines of a log a metric counts.
type lineCount struct {
	key  string // burrow-KEY is the physical name's base
	logs string // the kind of log groups
	// pattern is in the syntax of CloudWatch Logs for JSON.
	pattern string
}

// awsAlarm says when a metric pages.
type awsAlarm struct {
	notice
	comparison string
	threshold  float64
	periods    int // in a row
	missing    string
}

// awsTiles are everything that AWS measures of the path.
func awsTiles(a Args) []awsTile {
	tiles := []awsTile{
		tunnelStates(a.VPN), connectionStates(a.VPN), tunnelBytes(a.VPN, "In", "from Azure"), tunnelBytes(a.VPN, "Out", "to Azure"),
		targetHealth(), endpointHealth(len(a.Network.AWS.Zones)), endpointQueries(), endpointCapacity(),
	}
	if len(a.AWS.QueryLogGroups) > 0 {
		tiles = append(tiles, failedQuestions(a))
	}
	if a.VPN.OnTransit() {
		tiles = append(tiles, transitDrops(), transitBytes())
	}
	return tiles
}

const vpnMetrics = "AWS/VPN"

// minutesDown is for how long a tunnel is down before it pages, in periods of 60
// seconds. A rekey or a lost packet is over before.
const minutesDown = 3

// tunnelStates are the tunnels one by one. TunnelIpAddress stands alone: with
// VpnId beside it there is no such metric, and an alarm on it stays silent
// (AWV-30). No data means that AWS cannot tell, which is no better than down
// (LOG-16).
func tunnelStates(v plan.VPN) awsTile {
	tile := awsTile{title: "Tunnels, as AWS sees them (1 is up)", most: 1}
	for _, t := range v.OrderedTunnels() {
		tile.metrics = append(tile.metrics, awsMetric{
			namespace: vpnMetrics, name: "TunnelState", statistic: "Minimum", seconds: 60,
			dimensions: []dimension{{"TunnelIpAddress", awsOutside(t)}},
			label:      t.Name(),
			alarm: &awsAlarm{
				notice: notice{
					key: "vpn-" + t.Name() + "-down", section: "a-tunnel-is-down",
					means: fmt.Sprintf("%s: BGP is not established, for %d minutes. The other tunnels carry the traffic.", t.Name(), minutesDown),
				},
				comparison: "LessThanThreshold", threshold: 1, periods: minutesDown, missing: "breaching",
			},
		})
	}
	return tile
}

// connectionStates say whether a connection has any tunnel left: VpnId alone is
// both of its tunnels together, and only their maximum tells (LOG-16).
func connectionStates(v plan.VPN) awsTile {
	tile := awsTile{title: "VPN connections (0 is both tunnels down)", most: 1}
	for _, instance := range v.Instances() {
		tile.metrics = append(tile.metrics, awsMetric{
			namespace: vpnMetrics, name: "TunnelState", statistic: "Maximum", seconds: 60,
			dimensions: []dimension{{"VpnId", vpnConnection(instance)}},
			label:      fmt.Sprintf("instance%d", instance),
			alarm: &awsAlarm{
				notice: notice{
					key: fmt.Sprintf("vpn-instance%d-down", instance), section: "both-tunnels-of-a-connection-are-down",
					means: fmt.Sprintf("Both tunnels to instance %d of the Azure gateway are down, for %d minutes. "+
						"If the other connection is down too, nothing crosses.", instance, minutesDown),
				},
				comparison: "LessThanOrEqualToThreshold", threshold: 0, periods: minutesDown, missing: "breaching",
			},
		})
	}
	return tile
}

// tunnelBytes are drawn only: a dead tunnel still counts some (AWV-30).
func tunnelBytes(v plan.VPN, way, words string) awsTile {
	tile := awsTile{title: "Bytes " + words + ", by tunnel"}
	for _, t := range v.OrderedTunnels() {
		tile.metrics = append(tile.metrics, awsMetric{
			namespace: vpnMetrics, name: "TunnelData" + way, statistic: "Sum", seconds: 300,
			dimensions: []dimension{{"TunnelIpAddress", awsOutside(t)}},
			label:      t.Name(),
		})
	}
	return tile
}

// targetHealth is about relay's pods. Nodes without one are unhealthy by design,
// so that only the number of healthy ones means something. The load balancer is
// cross-zone and counts in each zone: the maximum is 0 when relay is reached from
// none.
func targetHealth() awsTile {
	balancer := []dimension{{"LoadBalancer", loadBalancer}, {"TargetGroup", targetGroup}}
	return awsTile{title: "Nodes that answer for relay", metrics: []awsMetric{
		{
			namespace: "AWS/NetworkELB", name: "HealthyHostCount", statistic: "Maximum", seconds: 60,
			dimensions: balancer, label: "healthy",
			alarm: &awsAlarm{
				notice: notice{
					key: "relay-unhealthy", section: "relay-has-no-healthy-target",
					means: "No node answers for relay: the load balancer has nowhere to send what bunny asks.",
				},
				comparison: "LessThanThreshold", threshold: 1, periods: 3, missing: "breaching",
			},
		},
		{
			namespace: "AWS/NetworkELB", name: "UnHealthyHostCount", statistic: "Minimum", seconds: 60,
			dimensions: balancer, label: "without relay, or unhealthy",
		},
	}}
}

// resolverSeconds is how often Route 53 Resolver measures. Source: Route 53
// Developer Guide, monitoring-resolver-with-cloudwatch.
const resolverSeconds = 300

const resolverMetrics = "AWS/Route53Resolver"

// endpointHealth is about the network interfaces of both endpoints, one in each
// zone. AWS counts those that work and those that it repairs; one that is gone is
// neither, so that only the first number tells. No data is no news: AWS leaves gaps
// while it maintains an interface, and does not say whether an endpoint that nobody
// asks is measured. One that is gone altogether shows as questions that fail: the
// inbound one in Azure, the outbound one in failedQuestions.
func endpointHealth(interfaces int) awsTile {
	tile := awsTile{title: fmt.Sprintf("Route 53 Resolver: interfaces that work, of %d", interfaces), most: interfaces}
	for _, end := range []struct {
		word, does string
		of         source
	}{
		{"inbound", "Azure's questions for AWS names arrive there.", resolverInbound},
		{"outbound", "Questions of the VPC for Azure names leave there.", resolverOutbound},
	} {
		tile.metrics = append(tile.metrics, awsMetric{
			namespace: resolverMetrics, name: "EndpointHealthyENICount", statistic: "Minimum", seconds: resolverSeconds,
			dimensions: []dimension{{"EndpointId", end.of}},
			label:      end.word,
			alarm: &awsAlarm{
				notice: notice{
					key: "resolver-" + end.word + "-unhealthy", section: "a-route-53-resolver-endpoint-is-unhealthy",
					means: fmt.Sprintf("Of the %d interfaces of the %s Resolver endpoint not all work, for 10 minutes. %s", interfaces, end.word, end.does),
				},
				comparison: "LessThanThreshold", threshold: float64(interfaces), periods: 2, missing: "ignore",
			},
		})
	}
	return tile
}

func endpointQueries() awsTile {
	return awsTile{title: "Route 53 Resolver: questions", metrics: []awsMetric{
		{
			namespace: resolverMetrics, name: "InboundQueryVolume", statistic: "Sum", seconds: resolverSeconds,
			dimensions: []dimension{{"EndpointId", resolverInbound}}, label: "from Azure",
		},
		{
			namespace: resolverMetrics, name: "OutboundQueryVolume", statistic: "Sum", seconds: resolverSeconds,
			dimensions: []dimension{{"EndpointId", resolverOutbound}}, label: "to Azure",
		},
	}}
}

// endpointCapacity is the nearest thing to latency that needs no opting in: slow
// name servers fill an endpoint. Pulumi's AWS provider cannot yet switch on the
// metrics of response times.
func endpointCapacity() awsTile {
	tile := awsTile{title: "Route 53 Resolver: capacity (1 warning, 2 critical)", most: 2}
	for _, end := range []dimension{{"inbound", resolverInbound}, {"outbound", resolverOutbound}} {
		tile.metrics = append(tile.metrics, awsMetric{
			namespace: resolverMetrics, name: "ResolverEndpointCapacityStatus", statistic: "Maximum", seconds: resolverSeconds,
			dimensions: []dimension{{"EndpointId", end.of}}, label: end.name,
		})
	}
	return tile
}

// logMetrics is the namespace of what is counted in logs.
const logMetrics = "Burrow/DNS"

// failedQuestions counts the questions for names of either zone that Resolver could
// not answer, from the log of everything that the VPC and, through the inbound
// endpoint, Azure ask. A name that does not exist is an answer. CloudWatch looks at
// the last quarter of an hour every minute, so that the fifth failure pages. Without
// questions there are no lines, and without lines not even the default: no data is
// well.
//
// The metric has no dimension: one that has cannot say 0. The suffix in its name
// keeps two estates of an account apart.
func failedQuestions(a Args) awsTile {
	return awsTile{title: "Route 53 Resolver: questions that failed", metrics: []awsMetric{{
		namespace: logMetrics, name: a.Estate.Name("failed-questions"), statistic: "Sum", seconds: 900, label: "SERVFAIL or REFUSED",
		lines: &lineCount{key: "dns-failures", logs: queryLogs, pattern: failedPattern(a.DNS)},
		alarm: &awsAlarm{
			notice: notice{
				key: "aws-dns-failing", section: "dns-questions-fail-in-aws",
				means: "Route 53 Resolver fails to answer for names of either zone, five times or more in a quarter of an hour.",
			},
			comparison: "GreaterThanOrEqualToThreshold", threshold: 5, periods: 1, missing: "notBreaching",
		},
	}}}
}

// failedPattern matches the lines of such questions. Names in the log end in a dot;
// * stands for anything before. Nobody asks for a zone's own name, and both zones fit
// into the 1024 characters of a pattern, however long they are. Source: Route 53
// Developer Guide, resolver-query-logs-format; CloudWatch Logs User Guide,
// FilterAndPatternSyntax.
func failedPattern(d plan.DNS) string {
	return fmt.Sprintf(`{ ($.rcode = "SERVFAIL" || $.rcode = "REFUSED") && ($.query_name = "*.%s." || $.query_name = "*.%s.") }`,
		d.AWSZone, d.AzureZone)
}

const transitMetrics = "AWS/TransitGateway"

// transitDrops are packets for which the transit gateway has no way. A few come
// when a tunnel goes; a quarter of an hour of them is a missing route.
func transitDrops() awsTile {
	tile := awsTile{title: "Transit gateway: packets without a way"}
	for _, drop := range []struct{ key, name, words string }{
		{"blackhole", "PacketDropCountBlackhole", "whose route leads to an attachment that is gone"},
		{"no-route", "PacketDropCountNoRoute", "for which it has no route"},
	} {
		tile.metrics = append(tile.metrics, awsMetric{
			namespace: transitMetrics, name: drop.name, statistic: "Sum", seconds: 300,
			dimensions: []dimension{{"TransitGateway", transitGateway}}, label: drop.key,
			alarm: &awsAlarm{
				notice: notice{
					key: "tgw-" + drop.key + "-drops", section: "the-transit-gateway-drops-packets",
					means: fmt.Sprintf("The transit gateway drops packets %s, for 15 minutes.", drop.words),
				},
				comparison: "GreaterThanThreshold", threshold: 0, periods: 3, missing: "notBreaching",
			},
		})
	}
	return tile
}

func transitBytes() awsTile {
	tile := awsTile{title: "Transit gateway: bytes"}
	for _, name := range []string{"BytesIn", "BytesOut"} {
		tile.metrics = append(tile.metrics, awsMetric{
			namespace: transitMetrics, name: name, statistic: "Sum", seconds: 300,
			dimensions: []dimension{{"TransitGateway", transitGateway}}, label: name,
		})
	}
	return tile
}
