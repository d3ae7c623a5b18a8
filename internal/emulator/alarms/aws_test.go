package alarms

import (
	"strings"
	"testing"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// metric makes the alarm watch another metric: "AWS/VPN TunnelState VpnId=vpn-0 …",
// then operator, threshold.
func metric(line, operator string, value float64) func(watchedWorld) {
	return func(w watchedWorld) {
		words := strings.Fields(line)
		dimensions := map[string]any{}
		for _, word := range words[2:] {
			name, v, _ := strings.Cut(word, "=")
			dimensions[name] = v
		}
		for property, v := range map[string]any{
			"namespace": words[0], "metricName": words[1], "dimensions": dimensions, "comparisonOperator": operator, "threshold": value,
		} {
			w.set("alarm", property, v)
		}
	}
}

func TestCloudWatchMetrics(t *testing.T) {
	const below, atMost, above = "LessThanThreshold", "LessThanOrEqualToThreshold", "GreaterThanThreshold"
	oneDown := setting("vpn-0", "tunnel1PresharedKey", "other")
	bothDown := without("cgw-0")
	group := " LoadBalancer=" + suffixOfLB + " TargetGroup=" + suffixOfGroup
	checkAlarms(t, "alarm", map[string]alarmCase{
		"one tunnel of two down":        {oneDown, Firing, "1 of 2 tunnels", ""},
		"all down: one is not":          {both(oneDown, metric("AWS/VPN TunnelState VpnId=vpn-0", atMost, 0), setting("alarm", "statistic", "Maximum")), OK, "1 of 2", ""},
		"all down":                      {both(bothDown, metric("AWS/VPN TunnelState VpnId=vpn-0", atMost, 0)), Firing, "0 of 2", ""},
		"BGP down, IPsec up":            {setting("cgw-0", "bgpAsn", "65010"), Firing, "0 of 2", ""},
		"no route back is not seen":     {without("prop-1"), OK, "2 of 2", ""},
		"by address":                    {both(oneDown, metric("AWS/VPN TunnelState TunnelIpAddress=3.0.0.2", below, 1)), OK, "1 of 1", ""},
		"by the address that is down":   {both(oneDown, metric("AWS/VPN TunnelState TunnelIpAddress=3.0.0.1", below, 1)), Firing, "0 of 1", ""},
		"both dimensions":               {metric("AWS/VPN TunnelState VpnId=vpn-0 TunnelIpAddress=3.0.0.1", below, 1), Firing, "missing data counts as breaching", "AWV-30"},
		"no dimension":                  {metric("AWS/VPN TunnelState", below, 1), Firing, "no such dimensions", "AWV-30"},
		"names nothing":                 {metric("AWS/VPN TunnelState VpnId=vpn-9", below, 1), Firing, "names nothing", "AWV-30"},
		"address of nothing":            {metric("AWS/VPN TunnelState TunnelIpAddress=3.0.0.9", below, 1), Firing, "names nothing", "AWV-30"},
		"fires for ever":                {metric("AWS/VPN TunnelState VpnId=vpn-0", atMost, 1), Firing, "2 of 2", "LOG-16"},
		"never fires":                   {metric("AWS/VPN TunnelState VpnId=vpn-0", below, 0), OK, "2 of 2", "LOG-16"},
		"the wrong way round":           {metric("AWS/VPN TunnelState VpnId=vpn-0", above, 0), Firing, "2 of 2", "LOG-16 LOG-16"},
		"counts samples":                {setting("alarm", "statistic", "SampleCount"), OK, "2 of 2", "LOG-16"},
		"traffic as liveness":           {metric("AWS/VPN TunnelDataIn VpnId=vpn-0", atMost, 0), Firing, "no packets", "LOG-16"},
		"much traffic":                  {metric("AWS/VPN TunnelDataOut VpnId=vpn-0", above, 1e9), OK, "no packets", ""},
		"rests without data":            {setting("alarm", "treatMissingData", "notBreaching"), OK, "2 of 2", "LOG-16"},
		"keeps quiet without data":      {func(w watchedWorld) { w.unset("alarm", "treatMissingData") }, OK, "2 of 2", "LOG-16"},
		"learned band":                  {setting("alarm", "comparisonOperator", "LessThanLowerThreshold"), Insufficient, "learned band", ""},
		"no such metric":                {metric("AWS/VPN TunnelStatus VpnId=vpn-0", below, 1), Firing, "nothing sends", "LOG-15"},
		"missing is good":               {both(metric("AWS/VPN TunnelStatus VpnId=vpn-0", below, 1), setting("alarm", "treatMissingData", "notBreaching")), OK, "counts as good", "LOG-15"},
		"missing is ignored":            {both(metric("AWS/VPN TunnelStatus VpnId=vpn-0", below, 1), setting("alarm", "treatMissingData", "ignore")), Insufficient, "as it was", "LOG-15"},
		"missing is missing":            {both(metric("AWS/VPN TunnelStatus VpnId=vpn-0", below, 1), func(w watchedWorld) { w.unset("alarm", "treatMissingData") }), Insufficient, "nothing sends", "LOG-15"},
		"healthy addresses":             {metric("AWS/Route53Resolver EndpointHealthyENICount EndpointId=rslvr-in", below, 2), OK, "all 2 addresses", ""},
		"more addresses than there are": {metric("AWS/Route53Resolver EndpointHealthyENICount EndpointId=rslvr-in", below, 3), Firing, "all 2", "LOG-15"},
		"unhealthy addresses":           {metric("AWS/Route53Resolver EndpointUnhealthyENICount EndpointId=rslvr-in", above, 0), OK, "all 2", ""},
		"unhealthy never":               {metric("AWS/Route53Resolver EndpointUnhealthyENICount EndpointId=rslvr-in", above, 2), OK, "all 2", "LOG-15"},
		"queries in":                    {metric("AWS/Route53Resolver InboundQueryVolume RniId=rni-2", above, 10), OK, "no packets", ""},
		"queries out of an inbound one": {metric("AWS/Route53Resolver OutboundQueryVolume EndpointId=rslvr-in", above, 10), Firing, "never sends", "LOG-15"},
		"interface of nothing":          {metric("AWS/Route53Resolver InboundQueryVolume RniId=rni-3", above, 10), Firing, "names nothing", "LOG-15"},
		"NAT gateway":                   {metric("AWS/NATGateway ErrorPortAllocation NatGatewayId=nat-1", above, 0), OK, "no packets", ""},
		"NAT gateway gone":              {metric("AWS/NATGateway ErrorPortAllocation NatGatewayId=nat-2", above, 0), Firing, "names nothing", "LOG-15"},
		"messages": {both(metric("AWS/SNS NumberOfNotificationsFailed TopicName=pages", above, 0), setting("alarm", "treatMissingData", "notBreaching")),
			OK, "only when a message", ""},
		"transit gateway": {both(metric("AWS/TransitGateway PacketDropCountNoRoute TransitGateway=tgw-1 TransitGatewayAttachment=att-9", above, 0),
			func(w watchedWorld) {
				w.add(awstype.TransitGateway, "tgw-1", inventory.Props{})
				w.add(awstype.TransitVpcAttachment, "att-9", inventory.Props{})
			}), OK, "no packets", ""},
		"attachment alone": {metric("AWS/TransitGateway PacketDropCountNoRoute TransitGatewayAttachment=att-9", above, 0), Firing, "no such dimensions", "LOG-15"},
		"metric math": {setting("alarm", "metricQueries", []any{map[string]any{"id": "m", "metric": map[string]any{
			"namespace": "AWS/VPN", "metricName": "TunnelState", "dimensions": map[string]any{"VpnId": "vpn-7"},
		}}}), Insufficient, "metric math", "AWV-30"},
		"a filter's metric": {both(metric("Burrow Errors", above, 0), func(w watchedWorld) {
			w.add(awstype.LogMetricFilter, "f", inventory.Props{"metricTransformation": map[string]any{"namespace": "Burrow", "name": "Errors", "defaultValue": "0"}})
		}), OK, "nothing is logged", ""},
		"a filter's metric without default": {both(metric("Burrow Errors", above, 0), func(w watchedWorld) {
			w.add(awstype.LogMetricFilter, "f", inventory.Props{"metricTransformation": map[string]any{"namespace": "Burrow", "name": "Errors"}})
		}), Firing, "no default value", ""},
		"no relay":           {metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), Firing, "no Kubernetes service has node port 30443", ""},
		"no relay, reversed": {metric("AWS/NetworkELB UnHealthyHostCount"+group, above, 0), Firing, "none of 2 targets", ""},
		"no targets": {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), without("att")),
			Firing, "has no targets, and missing", ""},
		"a service without pods": {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), relayService), Firing, "no pods stand behind", ""},
		"relay runs":             {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 2), relayService, relayPods("relay", 2)), OK, "2 of 2 targets", ""},
		"relay scaled to none":   {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), relayService, relayPods("relay", 0)), Firing, "no pods", ""},
		"other pods":             {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), relayService, relayPods("other", 2)), Firing, "no pods", ""},
		"no listener":            {both(metric("AWS/NetworkELB HealthyHostCount"+group, below, 1), without("li")), Firing, "does not use", "LOG-15"},
		"group alone":            {metric("AWS/NetworkELB HealthyHostCount TargetGroup="+suffixOfGroup, below, 1), Firing, "no such dimensions", "LOG-15"},
		"ARN for suffix":         {metric("AWS/NetworkELB ActiveFlowCount LoadBalancer=arn:lb", above, 9), Firing, "names nothing", "LOG-15"},
		"flows":                  {metric("AWS/NetworkELB ActiveFlowCount LoadBalancer="+suffixOfLB, above, 9), OK, "no packets", ""},
		"another region": {func(w watchedWorld) {
			for _, id := range []string{"alarm", testTopic} {
				w[id].Region = "us-east-1"
			}
			w["vpn-0"].Region = "eu-west-2"
		}, Firing, "names nothing", "AWV-30"},
	})
}

func relayService(w watchedWorld) {
	w.add(kubetype.Service, "svc", inventory.Props{
		"metadata": map[string]any{"namespace": "relay"},
		"spec":     map[string]any{"selector": map[string]any{"app": "relay"}, "ports": []any{map[string]any{"nodePort": 30443.0}}},
	})
}

func relayPods(app string, replicas float64) func(watchedWorld) {
	return func(w watchedWorld) {
		w.add("kubernetes:apps/v1:Deployment", "deploy", inventory.Props{
			"metadata": map[string]any{"namespace": "relay"},
			"spec": map[string]any{"replicas": replicas, "template": map[string]any{"metadata": map[string]any{
				"labels": map[string]any{"app": app, "tier": "x"},
			}}},
		})
	}
}
