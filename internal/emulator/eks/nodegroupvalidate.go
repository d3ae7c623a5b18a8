package eks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/errors"
)

// ownUserData and ownTemplate are arguments that make the component write user
// data and a launch template; its messages list them in this order.
var (
	ownUserData = []string{"kubeletExtraArgs", "bootstrapExtraArgs", "bottlerocketSettings", "nodeadmExtraOptions"}
	ownTemplate = append(append([]string{}, ownUserData...), "enableIMDSv2", "userData", "amiId", "enableEfaSupport")
)

// validateNodeGroup refuses what the component itself refuses (PEK-11), in its
// words and all at once, and then what is not modelled.
func validateNodeGroup(g given) error {
	var problems []errors.InputPropertyErrorDetails
	refuse := func(when bool, path, reason string) {
		if when {
			problems = append(problems, errors.InputPropertyErrorDetails{PropertyPath: path, Reason: reason})
		}
	}
	refuse(g.has("nodeRole") && g.has("nodeRoleArn"), "nodeRole",
		"You cannot specify both nodeRole and nodeRoleArn when creating a managed node group.")
	for _, other := range []string{"gpu", "amiType"} {
		refuse(g.has("amiId") && g.has(other), "amiId",
			fmt.Sprintf("You cannot specify both amiId and %s when creating a managed node group.", other))
	}
	refuse(!g.has("nodeRole") && !g.has("nodeRoleArn"), "nodeRole",
		"An IAM role, or role ARN must be provided to create a managed node group")
	refuse(g.flag(false, "enableEfaSupport") && !g.has("placementGroupAvailabilityZone"), "enableEfaSupport",
		"You must specify placementGroupAvailabilityZone when enabling EFA support.")
	refuse(g.has("launchTemplate") && g.hasAny(ownTemplate), "launchTemplate",
		fmt.Sprintf("If you provide a custom launch template, you cannot provide any of %s. "+
			"Please include these in the launch template that you are providing.", strings.Join(ownTemplate, ", ")))
	refuse(g.has("userData") && g.hasAny(ownUserData), "userData",
		fmt.Sprintf("If you provide custom userData, you cannot provide any of %s. "+
			"Please include these in the userData that you are providing.", strings.Join(ownUserData, ", ")))
	if len(problems) > 0 {
		return errors.NewInputPropertiesError("The input properties for the managed node group are invalid.", problems...)
	}
	return g.refuseUnmodelled("eks:index:ManagedNodeGroup")
}

func (g given) hasAny(names []string) bool {
	for _, name := range names {
		if g.has(name) {
			return true
		}
	}
	return false
}
