package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/clusters"
	"burrow/dns"
	"burrow/internal/plan"
	"burrow/network"
	"burrow/vpn"
	"burrow/watch"
)

// The stack's outputs. Their names are an interface: scripts, burrow status and
// the next run read them.
//
//	awsVpcId             id of the VPC
//	azureVnetId          ARM id of the VNet
//	azureResourceGroup   name of the group that holds the Azure side
//	eksClusterName, aksClusterName
//	eksEndpoint, aksEndpoint                    addresses of the Kubernetes APIs
//	eksKubeconfigCommand, aksKubeconfigCommand  what to type to get a kubeconfig
//	eksKubeconfig, aksKubeconfig                secret; what the program itself uses
//	operatorPolicyArn    policy that lets its holder reach the private EKS API by Session
//	                     Manager; empty with direct access
//	tunnels              by tunnel name: instance, number, awsOutside, azureOutside,
//	                     awsInside, azureInside, insideCidr, keyGeneration
//	tunnelKeys           secret; pre-shared key by tunnel name
//	names                relay and bunny: their names in the private zones
//	loadBalancer         name, dnsName, addresses (one in each zone) of relay's NLB
//	path                 awsGateway, routing, sendingTunnels (through how many AWS sends),
//	                     failover (what guarantees it), mss and mtu in bytes
//	modes                by configuration key; what the next run compares, to say what
//	                     a change does
//	watch                topic, actionGroup, dashboard, workbook, alarms, alerts
const (
	tunnelsOutput = "tunnels"
	modesOutput   = "modes"
)

// parts are everything that was made.
type parts struct {
	plan  *plan.Plan
	aws   *network.AWS
	azure *network.Azure
	relay *network.Relay
	eks   *clusters.EKS
	aks   *clusters.AKS
	pair  *vpn.Pair
	names *dns.Private
	watch *watch.Watch
}

// watched is what the alarms and dashboards look at.
func (p parts) watched() watch.Args {
	args := watch.Args{
		Estate: p.plan.Estate, Network: p.plan.Network, VPN: p.plan.VPN, DNS: p.plan.DNS, Relay: p.plan.K8s.Relay, Watch: p.plan.Watch,
		AWS: watch.AWSSide{
			VPNConnectionIDs: p.pair.ConnectionIDs, TransitGatewayID: p.pair.TransitGatewayID,
			ResolverInboundID: p.names.InboundEndpointID, ResolverOutboundID: p.names.OutboundEndpointID,
			LoadBalancerSuffix: p.relay.LoadBalancerSuffix, TargetGroupSuffix: p.relay.TargetGroupSuffix,
			FlowLogGroups:   append([]pulumi.StringOutput{p.aws.FlowLogGroup}, p.pair.FlowLogGroups...),
			TunnelLogGroups: []pulumi.StringOutput{p.pair.LogGroupName}, QueryLogGroups: []pulumi.StringOutput{p.names.QueryLogGroup},
		},
		Azure: watch.AzureSide{
			GroupName: p.azure.GroupName, WorkspaceID: p.azure.WorkspaceID, GatewayID: p.pair.AzureGatewayID,
			ResolverID: p.names.AzureResolverID, ClusterID: p.aks.ID,
		},
		Connected: p.pair.Connected,
	}
	for _, t := range p.pair.Tunnels {
		args.Tunnels = append(args.Tunnels, watch.Tunnel{
			Tunnel: t.Tunnel, AWSOutside: t.AWSOutside, AzureOutside: t.AzureOutside,
			ConnectionName: pulumi.String(p.pair.AzureConnectionNames[t.Name()]).ToStringOutput(),
		})
	}
	return args
}

// path says what the tunnels are good for.
func (p parts) path() pulumi.Map {
	vpn := p.plan.VPN
	suite := vpn.AlgorithmSuite()
	return pulumi.Map{
		"awsGateway":     pulumi.String(vpn.AWSGateway),
		"routing":        pulumi.String(vpn.Routing),
		"sendingTunnels": pulumi.Int(vpn.SendingTunnels()),
		"failover":       pulumi.String("guaranteed by BGP"),
		"mss":            pulumi.Int(suite.MSS()),
		"mtu":            pulumi.Int(suite.MTU()),
	}
}

func (p parts) outputs() pulumi.Map {
	tunnels, keys := pulumi.Map{}, pulumi.Map{}
	for _, t := range p.pair.Tunnels {
		tunnels[t.Name()] = t.Outputs()
		keys[t.Name()] = t.Key
	}
	dns := p.plan.DNS
	return pulumi.Map{
		"awsVpcId":             p.aws.VPCID,
		"azureVnetId":          p.azure.VNetID,
		"azureResourceGroup":   p.azure.GroupName,
		"eksClusterName":       p.eks.Name,
		"eksEndpoint":          p.eks.Endpoint,
		"eksKubeconfigCommand": kubeconfigCommand("eks", p.eks.Name),
		"eksKubeconfig":        pulumi.ToSecret(p.eks.Kubeconfig),
		"operatorPolicyArn":    p.eks.OperatorPolicyARN,
		"aksClusterName":       p.aks.Name,
		"aksEndpoint":          p.aks.Endpoint,
		"aksKubeconfigCommand": kubeconfigCommand("aks", p.aks.Name),
		"aksKubeconfig":        pulumi.ToSecret(p.aks.Kubeconfig),
		tunnelsOutput:          tunnels,
		"tunnelKeys":           pulumi.ToSecret(keys),
		"names": pulumi.StringMap{
			"relay": pulumi.String(dns.RelayRecord + "." + dns.AWSZone),
			"bunny": pulumi.String(dns.BunnyRecord + "." + dns.AzureZone),
		},
		"loadBalancer": pulumi.Map{
			"name":      p.relay.Name,
			"dnsName":   p.relay.DNSName,
			"addresses": pulumi.ToStringArray(p.relay.Addresses),
		},
		"path":      p.path(),
		modesOutput: pulumi.ToStringMap(p.plan.Modes()),
		"watch": pulumi.Map{
			"topic":       p.watch.TopicARN,
			"actionGroup": p.watch.ActionGroupID,
			"dashboard":   p.watch.DashboardName,
			"workbook":    p.watch.WorkbookID,
			"alarms":      pulumi.ToStringArray(p.watch.AlarmNames),
			"alerts":      pulumi.ToStringArray(p.watch.AlertNames),
		},
	}
}

// kubeconfigCommand writes a cluster's kubeconfig into a file. Whoever uses it logs in as
// themselves, by burrow.
func kubeconfigCommand(cloud string, cluster pulumi.StringOutput) pulumi.StringOutput {
	return pulumi.Sprintf("burrow kubeconfig %s -o %s.kubeconfig", cloud, cluster)
}
