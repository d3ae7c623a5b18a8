package network

import (
	"fmt"

	aznet "github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// analyticsMinutes is how often traffic analytics looks at the flow log: 10 or
// 60 (LOG-07).
const analyticsMinutes = 10

// flowLog records all flows of the VNet in a storage account and has traffic
// analytics read them into the workspace. It is a VNet flow log: those of
// security groups can no longer be made (LOG-01).
//
// The log is a child of the region's Network Watcher, in the watcher's group.
// Azure makes the watcher with the first VNet of the region, so the log must
// come after ours; naming the VNet as its target sees to that (LOG-03).
func (b *azureBuilder) flowLog() error {
	workspace, err := b.workspace()
	if err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	account, err := b.storageAccount()
	if err != nil {
		return fmt.Errorf("storage account: %w", err)
	}
	azure, name := b.args.Network.Azure, b.args.Estate.Name("burrow-vnet-flow-log")
	_, err = aznet.NewFlowLog(b.ctx, b.name+"-flow-log", &aznet.FlowLogArgs{
		FlowLogName:        pulumi.String(name),
		NetworkWatcherName: pulumi.String(azure.NetworkWatcher.Name),
		ResourceGroupName:  pulumi.String(azure.NetworkWatcher.ResourceGroup),
		Location:           b.location(),
		TargetResourceId:   b.out.VNetID,
		StorageId:          account.ID(),
		Enabled:            pulumi.Bool(true),
		Format: aznet.FlowLogFormatParametersArgs{
			Type:    pulumi.String(aznet.FlowLogFormatTypeJSON),
			Version: pulumi.Int(2), // version 1 knows no byte counts
		},
		RetentionPolicy: aznet.RetentionPolicyParametersArgs{
			Enabled: pulumi.Bool(true),
			Days:    pulumi.Int(azure.LogRetentionDays),
		},
		FlowAnalyticsConfiguration: aznet.TrafficAnalyticsPropertiesArgs{
			NetworkWatcherFlowAnalyticsConfiguration: aznet.TrafficAnalyticsConfigurationPropertiesArgs{
				Enabled:                  pulumi.Bool(true),
				TrafficAnalyticsInterval: pulumi.Int(analyticsMinutes),
				WorkspaceId:              workspace.CustomerId, // a GUID of its own, not the resource id
				WorkspaceRegion:          b.location(),
				WorkspaceResourceId:      workspace.ID(),
			},
		},
		Tags: b.tags(name),
	}, b.parent, pulumi.DependsOn(b.out.Ready))
	return err
}

func (b *azureBuilder) workspace() (*operationalinsights.Workspace, error) {
	name := b.args.Estate.Name("burrow-logs")
	workspace, err := operationalinsights.NewWorkspace(b.ctx, b.name+"-workspace", &operationalinsights.WorkspaceArgs{
		WorkspaceName:     pulumi.String(name),
		ResourceGroupName: b.out.GroupName,
		Location:          b.location(),
		Sku:               operationalinsights.WorkspaceSkuArgs{Name: pulumi.String(operationalinsights.WorkspaceSkuNameEnumPerGB2018)},
		RetentionInDays:   pulumi.Int(b.args.Network.Azure.LogRetentionDays),
		Tags:              b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	b.out.WorkspaceID = workspace.ID()
	return workspace, nil
}

// storageAccount holds the flow logs. Its firewall lets in nobody but Azure's
// trusted services, of which Network Watcher is one. Watcher writes with the
// account's key unless the flow log has an identity, which this API version
// does not know: shared keys stay on for it, and everything else prefers Entra.
func (b *azureBuilder) storageAccount() (*storage.StorageAccount, error) {
	name := b.args.Network.Azure.StorageAccount
	return storage.NewStorageAccount(b.ctx, b.name+"-flow-logs", &storage.StorageAccountArgs{
		AccountName:                  pulumi.String(name),
		ResourceGroupName:            b.out.GroupName,
		Location:                     b.location(),
		Kind:                         pulumi.String(storage.KindStorageV2), // flow logs take no other (LOG-05)
		Sku:                          storage.SkuArgs{Name: pulumi.String(storage.SkuName_Standard_LRS)},
		MinimumTlsVersion:            pulumi.String(storage.MinimumTlsVersion_TLS1_2),
		EnableHttpsTrafficOnly:       pulumi.Bool(true),
		AllowBlobPublicAccess:        pulumi.Bool(false),
		AllowCrossTenantReplication:  pulumi.Bool(false),
		AllowSharedKeyAccess:         pulumi.Bool(true),
		DefaultToOAuthAuthentication: pulumi.Bool(true),
		IsLocalUserEnabled:           pulumi.Bool(false),
		NetworkRuleSet: storage.NetworkRuleSetArgs{
			DefaultAction: storage.DefaultActionDeny,
			Bypass:        pulumi.String(storage.BypassAzureServices),
		},
		Tags: b.tags(name),
	}, b.parent)
}
