// Package awskeys makes KMS keys as every key of an estate is: rotated, known by an
// alias, and protected where the estate is.
package awskeys

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// deletionDays is how long a deleted key can be called back, 7 to 30. What it
// encrypted cannot be read after that, and a cluster whose key is gone cannot be
// repaired (EKS-41).
const deletionDays = 30

// Key is a key to make.
type Key struct {
	// Child is the Pulumi name of the key; its alias is named after it.
	Child string
	// Name is the physical name, which the alias has, the suffix included already.
	Name        string
	Description string
	// Policy is the key's policy. Empty: KMS's default, which leaves the key to the
	// IAM policies of the account.
	Policy string
}

// New makes the key and its alias.
func New(ctx *pulumi.Context, estate plan.Estate, k Key, parent pulumi.ResourceOption) (*kms.Key, error) {
	args := &kms.KeyArgs{
		Description:          pulumi.String(k.Description),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(deletionDays),
		Tags:                 pulumi.ToStringMap(estate.Tags(k.Name)),
	}
	if k.Policy != "" {
		args.Policy = pulumi.String(k.Policy)
	}
	key, err := kms.NewKey(ctx, k.Child, args, parent, pulumi.Protect(estate.Protect))
	if err != nil {
		return nil, err
	}
	_, err = kms.NewAlias(ctx, k.Child+"-alias", &kms.AliasArgs{
		Name:        pulumi.String("alias/" + k.Name),
		TargetKeyId: key.ID(),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("alias: %w", err)
	}
	return key, nil
}
