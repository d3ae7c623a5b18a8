package plan

import (
	"fmt"
	"strings"
)

var placeholderRules = []func(*validator){
	(*validator).awsPlaceholders,
	(*validator).azurePlaceholders,
	(*validator).emailPlaceholders,
}

const placeholderReason = "it is a placeholder: good enough for an emulated %[1]s, and this %[1]s is real"

func (v *validator) awsPlaceholders() {
	if v.world.Emulated[awsProvider] {
		return
	}
	reason := fmt.Sprintf(placeholderReason, "AWS")
	account := v.plan.Network.AWS.AccountID
	v.need(account != placeholderAccount, "network.aws.accountId", account, reason, "write what `aws sts get-caller-identity` calls Account, in quotes")
	for i, arn := range v.plan.Clusters.EKS.AdminRoleARNs {
		v.need(!strings.Contains(arn, "::"+placeholderAccount+":"), fmt.Sprintf("clusters.eks.adminRoleArns[%d]", i), arn, reason, "write the ARN of the role that administers the cluster")
	}
}

// emailPlaceholders: mail goes to people as soon as one of the clouds is real.
func (v *validator) emailPlaceholders() {
	if v.world.Emulated[awsProvider] && v.world.Emulated[azureProvider] {
		return
	}
	for i, address := range v.plan.Watch.Emails {
		v.need(address != placeholderEmail, fmt.Sprintf("watch.emails[%d]", i), address,
			"it is a placeholder: good enough for emulated clouds, and these are real", "write the address of whoever is on call")
	}
}

func (v *validator) azurePlaceholders() {
	if v.world.Emulated[azureProvider] {
		return
	}
	reason := fmt.Sprintf(placeholderReason, "Azure")
	azure, aks := v.plan.Network.Azure, v.plan.Clusters.AKS
	v.need(azure.SubscriptionID != placeholderGUID, "network.azure.subscriptionId", azure.SubscriptionID, reason, "write what `az account show` calls id")
	v.need(azure.TenantID != placeholderGUID, "network.azure.tenantId", azure.TenantID, reason, "write what `az account show` calls tenantId")
	for i, id := range aks.AdminGroupIDs {
		v.need(id != placeholderGUID, fmt.Sprintf("clusters.aks.adminGroupIds[%d]", i), id, reason, "write what `az ad group show --group NAME` calls id")
	}
	for i, r := range aks.AuthorizedRanges {
		v.need(r != prefix(placeholderRange), fmt.Sprintf("clusters.aks.authorizedRanges[%d]", i), r, reason, "write the range from which people and CI work")
	}
}
