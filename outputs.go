package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/clusters"
	"burrow/internal/plan"
	"burrow/network"
	"burrow/vpn"
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
//	tunnels              by tunnel name: instance, number, awsOutside, azureOutside,
//	                     awsInside, azureInside, insideCidr, keyGeneration
//	tunnelKeys           secret; pre-shared key by tunnel name
//	names                relay and bunny: their names in the private zones
//	loadBalancer         name, dnsName, addresses (one in each zone) of relay's NLB
const tunnelsOutput = "tunnels"

// parts are what the outputs tell of.
type parts struct {
	plan  *plan.Plan
	aws   *network.AWS
	azure *network.Azure
	relay *network.Relay
	eks   *clusters.EKS
	aks   *clusters.AKS
	pair  *vpn.Pair
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
		"eksKubeconfigCommand": p.eksKubeconfigCommand(),
		"eksKubeconfig":        pulumi.ToSecret(p.eks.Kubeconfig),
		"aksClusterName":       p.aks.Name,
		"aksEndpoint":          p.aks.Endpoint,
		"aksKubeconfigCommand": p.aksKubeconfigCommand(),
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
	}
}

func (p parts) eksKubeconfigCommand() pulumi.StringOutput {
	return pulumi.Sprintf("aws eks update-kubeconfig --region %s --name %s", p.plan.Network.AWS.Region, p.eks.Name)
}

// aksKubeconfigCommand has two steps: local accounts are off, so that the
// kubeconfig must get its token from whoever is logged in to Azure.
func (p parts) aksKubeconfigCommand() pulumi.StringOutput {
	return pulumi.Sprintf("az aks get-credentials --subscription %s --resource-group %s --name %s && kubelogin convert-kubeconfig -l azurecli",
		p.plan.Network.Azure.SubscriptionID, p.azure.GroupName, p.aks.Name)
}
