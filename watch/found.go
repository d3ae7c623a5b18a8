package watch

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// A source names something that only a cloud can know: an id or an address. The
// lists of what is measured hold sources, so that they stay plain Go.
type source string

const (
	loadBalancer     source = "load balancer"
	targetGroup      source = "target group"
	transitGateway   source = "transit gateway"
	resolverInbound  source = "inbound endpoint"
	resolverOutbound source = "outbound endpoint"

	azureGateway  source = "azure gateway"
	azureResolver source = "azure resolver"
	azureCluster  source = "azure cluster"
	workspace     source = "workspace"
)

func vpnConnection(instance int) source    { return source(fmt.Sprintf("vpn connection %d", instance)) }
func awsOutside(t plan.Tunnel) source      { return source("aws outside of " + t.Name()) }
func azureOutside(t plan.Tunnel) source    { return source("azure outside of " + t.Name()) }
func azureConnection(t plan.Tunnel) source { return source("azure connection of " + t.Name()) }

// The kinds of log groups, of which there may be several.
const (
	flowLogs   = "flow logs"
	tunnelLogs = "tunnel logs"
	queryLogs  = "query logs"
)

func logGroup(kind string, i int) source { return source(fmt.Sprintf("%s %d", kind, i)) }

// inText is how a text names a source, until fill puts the real thing there.
func (s source) inText() string { return "{" + string(s) + "}" }

// fill puts what was found into a text.
func fill(text string, found map[string]string) string {
	for name, value := range found {
		text = strings.ReplaceAll(text, source(name).inText(), value)
	}
	return text
}

// found is everything that a source can stand for.
func (a Args) found() pulumi.StringMap {
	all := pulumi.StringMap{
		string(loadBalancer):     a.AWS.LoadBalancerSuffix,
		string(targetGroup):      a.AWS.TargetGroupSuffix,
		string(resolverInbound):  a.AWS.ResolverInboundID,
		string(resolverOutbound): a.AWS.ResolverOutboundID,
		string(azureGateway):     a.Azure.GatewayID,
		string(azureResolver):    a.Azure.ResolverID,
		string(azureCluster):     a.Azure.ClusterID,
		string(workspace):        a.Azure.WorkspaceID,
	}
	if a.VPN.OnTransit() {
		all[string(transitGateway)] = a.AWS.TransitGatewayID
	}
	for instance, id := range a.AWS.VPNConnectionIDs {
		all[string(vpnConnection(instance))] = id
	}
	for _, t := range a.Tunnels {
		all[string(awsOutside(t.Tunnel))] = t.AWSOutside
		all[string(azureOutside(t.Tunnel))] = t.AzureOutside
		all[string(azureConnection(t.Tunnel))] = t.ConnectionName
	}
	for kind, groups := range a.logGroups() {
		for i, name := range groups {
			all[string(logGroup(kind, i))] = name
		}
	}
	return all
}

func (a Args) logGroups() map[string][]pulumi.StringOutput {
	return map[string][]pulumi.StringOutput{
		flowLogs: a.AWS.FlowLogGroups, tunnelLogs: a.AWS.TunnelLogGroups, queryLogs: a.AWS.QueryLogGroups,
	}
}

// written is the text that write makes of what was found.
func (b *builder) written(write func(found map[string]string) (string, error)) pulumi.StringOutput {
	return b.found.ToStringMapOutput().ApplyT(write).(pulumi.StringOutput)
}
