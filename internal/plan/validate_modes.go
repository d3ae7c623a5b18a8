package plan

import (
	"fmt"
	"strings"
	"time"
)

// modeRules refuse modes that no cloud has together, with the reason.
var modeRules = []func(*validator){
	(*validator).publicSubnets,
	(*validator).existingVPC,
	(*validator).existingVNet,
	(*validator).logKey,
	(*validator).images,
	(*validator).policyManagerEnds,
}

// publicSubnets are where NAT gateways stand.
func (v *validator) publicSubnets() {
	aws := v.plan.Network.AWS
	if !aws.HasNAT() {
		return
	}
	for i, zone := range aws.Zones {
		v.need(zone.Public.IsValid(), fmt.Sprintf("network.aws.zones[%d].public", i), zone.Public,
			fmt.Sprintf("the public subnet of %s needs a range: NAT gateways stand there, and network.aws.egress is %s (VPC-11)", zone.Name, aws.Egress),
			"write an IPv4 range such as 10.0.101.0/24")
	}
}

func (v *validator) existingVPC() {
	const key = "network.aws.internetGatewayId"
	aws := v.plan.Network.AWS
	switch {
	case aws.MakesVPC():
		v.need(aws.InternetGatewayID == "", key, aws.InternetGatewayID, "network.aws.vpcId is empty: Burrow makes the VPC and its internet gateway", "leave it empty")
	case aws.HasNAT():
		v.need(aws.InternetGatewayID != "", key, aws.InternetGatewayID,
			"a VPC has one internet gateway at most, and that of a VPC which exists is not Burrow's to make (VPC-09)",
			"write the one that is attached to "+aws.VPCID+", or let network.aws.egress be endpoints")
	default:
		v.need(aws.InternetGatewayID == "", key, aws.InternetGatewayID, "network.aws.egress is endpoints: nothing leads to the internet", "leave it empty")
	}
}

// existingVNet: the group that holds the Azure side goes with a destroy, and with
// it all that is in there.
func (v *validator) existingVNet() {
	const key = "network.azure.vnetId"
	azure := v.plan.Network.Azure
	if azure.MakesVNet() || azure.VNetName() == "" {
		return
	}
	v.need(strings.EqualFold(azure.vnetPart("subscriptions"), azure.SubscriptionID), key, azure.VNetID,
		"it is in another subscription than network.azure.subscriptionId, in which Burrow works", "name a VNet of that subscription")
	own := v.plan.Estate.Name(azure.ResourceGroup)
	v.need(!strings.EqualFold(azure.VNetGroup(), own), key, azure.VNetID,
		own+" is Burrow's own resource group (network.azure.resourceGroup), and a destroy deletes it with all that is in it", "name a VNet of another group, or another group")
	name := azure.VNetName()
	v.need(len(azure.VNetGroup()) <= 63 && len(name) <= 63, key, azure.VNetID, "AKS makes labels of the names of VNet and group: 63 characters at most (AKS-04)", "name another VNet")
}

func (v *validator) logKey() {
	aws := v.plan.Network.AWS
	parts := strings.Split(aws.LogKeyARN, ":")
	if len(parts) < 6 {
		return
	}
	v.need(parts[3] == aws.Region && parts[4] == aws.AccountID, "network.aws.logKeyArn", aws.LogKeyARN,
		fmt.Sprintf("log groups of %s in %s take a key of the same account and region (LOG-18)", aws.AccountID, aws.Region), "name such a key, or leave it empty")
}

// Registry is the account's own container registry in the region: the only one
// that nodes reach with egress endpoints.
func (n AWSNetwork) Registry() string {
	return fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com", n.AccountID, n.Region)
}

// Repository is the repository that the image is in, or "" where there is no
// image.
func (r Relay) Repository() string {
	_, rest, _ := strings.Cut(r.Image, "/")
	rest, _, _ = strings.Cut(rest, "@")
	repository, _, _ := strings.Cut(rest, ":")
	return repository
}

func (v *validator) images() {
	aws, image := v.plan.Network.AWS, v.plan.K8s.Relay.Image
	if aws.HasNAT() || image == "" {
		return
	}
	v.need(strings.HasPrefix(image, aws.Registry()+"/"), "k8s.relay.image", image,
		"network.aws.egress is endpoints, and from there nodes reach the account's own registry only (VPC-36)",
		"copy the image to "+aws.Registry()+" and name it there, or take another egress")
}

// policyManagerEnd is the last day of Azure Network Policy Manager on Linux.
var policyManagerEnd = day(2028, time.September, 30)

func (v *validator) policyManagerEnds() {
	engine := v.plan.Clusters.AKS.NetworkPolicy
	over := v.world.today(azureProvider).After(policyManagerEnd.AddDate(0, 0, 1))
	v.need(engine != PolicyAzure || !over, "clusters.aks.networkPolicy", engine,
		"Azure Network Policy Manager ended on "+policyManagerEnd.Format(time.DateOnly)+" (AKS-18)", "write cilium or calico")
}
