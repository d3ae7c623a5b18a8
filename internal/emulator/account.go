package emulator

import (
	"fmt"

	"burrow/internal/inventory"
)

// An Account is who the emulated clouds believe to be deploying, and where to.
// A provider instance's own configuration goes before the defaults.
type Account struct {
	// Seed makes every id of a world differ from those of a world with another seed.
	Seed string `json:"seed"`
	// AWSAccount is the twelve-digit account: the first of the provider's
	// allowedAccountIds, else 123456789012.
	AWSAccount string `json:"awsAccount"`
	// AzureSubscription and AzureTenant are GUIDs: the provider's subscriptionId
	// and tenantId, else GUIDs of zeros.
	AzureSubscription string `json:"azureSubscription"`
	AzureTenant       string `json:"azureTenant"`
	// CallerARN is the IAM role or user that deploys. Unset, it is the role
	// "deployer" of the account.
	CallerARN string `json:"callerArn"`
	// Inside says that who deploys is in the VPC, where private addresses lead somewhere.
	Inside bool `json:"inside,omitempty"`
	// Quotas raises (or lowers) the default limits, by Quota.Name.
	Quotas map[string]int `json:"quotas,omitempty"`
}

const (
	defaultSeed       = "burrow"
	defaultAWSAccount = "123456789012"
	zeroGUID          = "00000000-0000-0000-0000-000000000000"
)

// forProvider is the account as one configured provider instance sees it.
func (a Account) forProvider(config inventory.Props) Account {
	if ids := config.Strings("allowedAccountIds"); len(ids) > 0 {
		a.AWSAccount = ids[0]
	}
	a.AzureSubscription = config.StrOr("subscriptionId", a.AzureSubscription)
	a.AzureTenant = config.StrOr("tenantId", a.AzureTenant)
	return a.withDefaults()
}

func (a Account) withDefaults() Account {
	fill := func(field *string, otherwise string) {
		if *field == "" {
			*field = otherwise
		}
	}
	fill(&a.Seed, defaultSeed)
	fill(&a.AWSAccount, defaultAWSAccount)
	fill(&a.AzureSubscription, zeroGUID)
	fill(&a.AzureTenant, zeroGUID)
	fill(&a.CallerARN, fmt.Sprintf("arn:aws:iam::%s:role/deployer", a.AWSAccount))
	return a
}

// limit is the quota in force.
func (a Account) limit(q Quota) int {
	if n, ok := a.Quotas[q.Name]; ok {
		return n
	}
	return q.Limit
}
