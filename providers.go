package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// providers are both clouds' providers, bound to the account, subscription and
// region of the plan: a shell that is logged in elsewhere is refused, and no
// setting of the shell moves the estate.
func providers(ctx *pulumi.Context, name string, n plan.Network) (awsProvider, azureProvider pulumi.ProviderResource, err error) {
	awsProvider, err = aws.NewProvider(ctx, name+"-aws", &aws.ProviderArgs{
		Region:            pulumi.String(n.AWS.Region),
		AllowedAccountIds: pulumi.ToStringArray([]string{n.AWS.AccountID}),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("aws provider: %w", err)
	}
	azureProvider, err = azurenative.NewProvider(ctx, name+"-azure", &azurenative.ProviderArgs{
		SubscriptionId: pulumi.String(n.Azure.SubscriptionID),
		TenantId:       pulumi.String(n.Azure.TenantID),
		Location:       pulumi.String(n.Azure.Location),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("azure provider: %w", err)
	}
	return awsProvider, azureProvider, nil
}
