package aws

import (
	"fmt"
	"slices"

	"burrow/internal/emulator"
	"burrow/internal/emulator/schema"
)

// Cloud is everything that the emulated AWS knows.
func Cloud() *emulator.Cloud {
	kinds := slices.Concat(
		vpcKinds(), gatewayKinds(), routeKinds(), aclKinds(), groupKinds(), vpnKinds(), transitKinds(),
		[]*emulator.Kind{flowLog(), vpcEndpoint(), launchTemplate()},
		iamKinds(), kmsKinds(), cloudwatchKinds(), eksKinds(), loadBalancerKinds(), route53Kinds(), resolverKinds(),
		volumeKinds(), []*emulator.Kind{document()},
	)
	for _, k := range kinds {
		k.Fill = withZeroes(k.Fill)
	}
	return &emulator.Cloud{
		Name:      "aws",
		Kinds:     kinds,
		Functions: functions(),
		Quotas:    quotas(),
		Wrap:      wrap,
		Worded:    true,
		Configure: configure,
	}
}

// withZeroes sets the outputs that Terraform always has, where there is nothing
// to say: an empty text, 0, false or an empty list.
func withZeroes(fill func(*emulator.Call) error) func(*emulator.Call) error {
	return func(c *emulator.Call) error {
		if fill != nil {
			if err := fill(c); err != nil {
				return err
			}
		}
		pkg, err := schema.Load("aws")
		if err != nil {
			return fmt.Errorf("fill in %s: %w", c.ID, err)
		}
		for name, p := range pkg.Resources[c.Kind.Type].Outputs {
			if zero := zeroOf(p.Type.Kind); p.Required && zero != nil {
				c.Out.Default(name, zero)
			}
		}
		return nil
	}
}

func zeroOf(kind schema.Kind) any {
	switch kind {
	case schema.String:
		return ""
	case schema.Integer, schema.Number:
		return 0
	case schema.Boolean:
		return false
	case schema.Array:
		return []any{}
	case schema.Map:
		return map[string]any{}
	}
	return nil
}

// configure refuses what the real provider refuses when it is configured.
func configure(c *emulator.Call) *emulator.Fault {
	account := c.Account().AWSAccount
	switch region := c.Region(); {
	case region == "":
		return c.Fault("InvalidProviderConfiguration", "Missing region information: set aws:region")
	case regions[region].zones == "":
		return c.Fault("InvalidProviderConfiguration", "invalid AWS Region: %s (the emulated AWS has no such region)", region)
	case slices.Contains(c.Provider.Strings("forbiddenAccountIds"), account):
		return c.Fault("InvalidProviderConfiguration", "AWS account ID not allowed: %s", account)
	}
	return nil
}
