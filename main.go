// Burrow joins a private EKS cluster and a public AKS cluster by four VPN
// tunnels, so that bunny, in Azure, can call relay, in AWS, by its private name.
//
// The program is the whole deployment: a plan is read and checked, one component
// after another is made from it, and the outputs are exported.
package main

import (
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/clusters"
	"burrow/dns"
	"burrow/internal/plan"
	"burrow/internal/tool"
	"burrow/k8s"
	"burrow/network"
	"burrow/vpn"
	"burrow/watch"
)

func main() { pulumi.Run(deploy) }

// deploy makes the estate that the stack's configuration describes. Nothing is
// made before the whole plan is known to be good.
func deploy(ctx *pulumi.Context) error {
	p, moving, err := loadPlan(ctx)
	if err != nil {
		return err
	}
	// In emulated clusters nobody logs in.
	if !world(os.Getenv(emulatedVariable)).Emulated["kubernetes"] {
		if err := tool.Check(ctx.Context()); err != nil {
			return err
		}
	}
	if err := clusters.TransformEKS(ctx); err != nil {
		return err
	}
	outputs, err := estate(ctx, "burrow", p, moving)
	if err != nil {
		return err
	}
	for name, value := range outputs {
		ctx.Export(name, value)
	}
	return nil
}

// estate is the map: everything that exists, and what it needs of the rest. The
// name tells the estates of one program apart, and moving says that its VPC is another one
// than before. The program has to have called clusters.TransformEKS.
func estate(ctx *pulumi.Context, name string, p *plan.Plan, moving bool) (pulumi.Map, error) {
	awsProvider, azureProvider, err := providers(ctx, name, p.Network)
	if err != nil {
		return nil, err
	}
	if err := network.CheckExisting(ctx, network.ExistingArgs{
		Estate: p.Estate, Network: p.Network, VPN: p.VPN, AWS: awsProvider, Azure: azureProvider,
	}); err != nil {
		return nil, err
	}
	clouds := pulumi.Providers(awsProvider, azureProvider)
	aws, err := network.NewAWS(ctx, name, network.AWSArgs{
		Estate: p.Estate, Network: p.Network, Relay: p.K8s.Relay, APIClients: p.Clusters.EKS.APIClients, Moving: moving,
	}, clouds)
	if err != nil {
		return nil, err
	}
	azure, err := network.NewAzure(ctx, name, network.AzureArgs{
		Estate: p.Estate, Network: p.Network, AKS: p.Clusters.AKS, Relay: p.K8s.Relay,
	}, clouds)
	if err != nil {
		return nil, err
	}
	pair, err := vpn.NewPair(ctx, name, vpn.PairArgs{
		Estate: p.Estate, VPN: p.VPN, Network: p.Network,
		AWS: vpn.AWSSide{
			VPCID: aws.VPCID, RouteTableIDs: aws.PrivateRouteTableIDs, SubnetIDs: aws.PrivateSubnetIDs,
			Ready: aws.Ready, LogKeyARN: aws.LogKeyARN,
		},
		Azure: vpn.AzureSide{
			GroupName: azure.GroupName, GroupID: azure.GroupID,
			SubnetID: azure.GatewaySubnetID, Ready: azure.Ready, WorkspaceID: azure.WorkspaceID,
		},
	}, clouds)
	if err != nil {
		return nil, err
	}
	eks, err := clusters.NewEKS(ctx, name, clusters.EKSArgs{
		Estate: p.Estate, EKS: p.Clusters.EKS, Network: p.Network.AWS, VPCID: aws.VPCID,
		SubnetIDs: aws.PrivateSubnetIDs, Access: p.K8s.Access, LogKeyARN: aws.LogKeyARN, NetworkReady: aws.Ready,
		MTU: p.VPN.AlgorithmSuite().MTU(), EndpointGroupID: aws.EndpointGroupID, S3PrefixListID: aws.S3PrefixListID,
	}, clouds)
	if err != nil {
		return nil, err
	}
	aks, err := clusters.NewAKS(ctx, name, clusters.AKSArgs{
		Estate: p.Estate, AKS: p.Clusters.AKS, Network: p.Network.Azure,
		GroupName: azure.GroupName, NodeSubnetID: azure.NodeSubnetID, RouteTableID: azure.RouteTableID,
		WorkspaceID: azure.WorkspaceID, NetworkReady: azure.Ready,
	}, clouds)
	if err != nil {
		return nil, err
	}
	balancer, err := network.NewRelay(ctx, name, network.RelayArgs{
		Estate: p.Estate, Network: p.Network, Relay: p.K8s.Relay, VPCID: aws.VPCID, SubnetIDs: aws.PrivateSubnetIDs,
		Ready: pair.Routes, NodeSecurityGroupID: eks.NodeSecurityGroupID, AutoScalingGroupName: eks.AutoScalingGroupName,
	}, clouds)
	if err != nil {
		return nil, err
	}
	names, err := dns.NewPrivate(ctx, name, dns.PrivateArgs{
		Estate: p.Estate, DNS: p.DNS, Network: p.Network,
		AWS: dns.AWSSide{VPCID: aws.VPCID, SubnetIDs: aws.PrivateSubnetIDs, Ready: pair.Routes, LogKeyARN: aws.LogKeyARN},
		Azure: dns.AzureSide{
			GroupName: azure.GroupName, VNetID: azure.VNetID, Ready: azure.Ready,
			InboundSubnetID: azure.ResolverInboundSubnetID, OutboundSubnetID: azure.ResolverOutboundSubnetID,
			WorkspaceID: azure.WorkspaceID,
		},
		Relay: dns.RelayTarget{DNSName: balancer.DNSName, ZoneID: balancer.ZoneID},
	}, clouds)
	if err != nil {
		return nil, err
	}
	bunny, err := k8s.NewBunny(ctx, name, k8s.BunnyArgs{
		Estate: p.Estate, Bunny: p.K8s.Bunny, Relay: p.K8s.Relay, Network: p.Network,
		Cluster: k8s.Cluster{
			Name: p.Estate.Name(p.Clusters.AKS.Name), Version: p.Clusters.AKS.Version,
			Kubeconfig: aks.Kubeconfig, Identity: aks.ID.ToStringOutput(), Ready: aks,
		},
		After: []pulumi.Resource{balancer},
	})
	if err != nil {
		return nil, err
	}
	if _, err := k8s.NewRelay(ctx, name, k8s.RelayArgs{
		Estate: p.Estate, Relay: p.K8s.Relay, Network: p.Network,
		Cluster: k8s.Cluster{
			Name: p.Estate.Name(p.Clusters.EKS.Name), Version: p.Clusters.EKS.Version,
			Kubeconfig: eks.Kubeconfig, Identity: eks.Endpoint, Ready: eks,
		},
		After: []pulumi.Resource{balancer, bunny},
	}); err != nil {
		return nil, err
	}
	made := parts{plan: p, aws: aws, azure: azure, relay: balancer, eks: eks, aks: aks, pair: pair, names: names}
	made.watch, err = watch.New(ctx, name, made.watched(), clouds)
	if err != nil {
		return nil, err
	}
	return made.outputs(), nil
}
