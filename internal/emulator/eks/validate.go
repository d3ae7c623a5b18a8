package eks

import (
	"errors"
	"fmt"
	"slices"
)

// validateCluster refuses what the component itself refuses, in its words, and
// then what is not modelled.
func validateCluster(g given) error {
	for _, check := range []func(given) error{
		checkMode, checkConfigMapOnly, checkEntriesOnly, checkSubnets, checkPublicRanges, checkOIDC, checkDefaultNodes,
	} {
		if err := check(g); err != nil {
			return err
		}
	}
	return g.refuseUnmodelled("eks:index:Cluster")
}

func checkMode(g given) error {
	mode := g.text("authenticationMode")
	if slices.Contains([]string{"", modeConfigMap, modeBoth, modeAPI}, mode) {
		return nil
	}
	//lint:ignore ST1005 the component's own words
	return fmt.Errorf("Invalid value for authenticationMode: %s. Allowed values are: %s, %s, %s.",
		mode, modeConfigMap, modeBoth, modeAPI)
}

// checkConfigMapOnly is PEK-02, one half: mappings are for aws-auth.
func checkConfigMapOnly(g given) error {
	mode := g.text("authenticationMode")
	if supportsConfigMap(mode) {
		return nil
	}
	for _, name := range []string{"roleMappings", "userMappings", "instanceRoles"} {
		if g.length(name) > 0 {
			//lint:ignore ST1005 the component's own words
			return fmt.Errorf("The '%s' property does not support non-empty values "+
				"when 'authenticationMode' is set to '%s'.", name, mode)
		}
	}
	return nil
}

// checkEntriesOnly is PEK-02, the other half.
func checkEntriesOnly(g given) error {
	mode := g.text("authenticationMode")
	if supportsEntries(mode) || !g.has("accessEntries") {
		return nil
	}
	state := "not set"
	if mode != "" {
		state = fmt.Sprintf("set to '%s'", mode)
	}
	//lint:ignore ST1005 the component's own words
	return fmt.Errorf("The 'accessEntries' property is not supported when 'authenticationMode' is %s.", state)
}

func checkSubnets(g given) error {
	if g.has("subnetIds") && (g.has("publicSubnetIds") || g.has("privateSubnetIds")) {
		//lint:ignore ST1005 the component's own words
		return errors.New("subnetIds, and the use of publicSubnetIds and/or privateSubnetIds are mutually exclusive. " +
			"Choose a single approach.")
	}
	if !g.has("vpcId") {
		return fmt.Errorf("the emulated eks:index:Cluster does not model the account's default VPC: "+
			"give vpcId and subnets (rule PEK-14); %s", remedy)
	}
	return nil
}

// checkPublicRanges: without a public endpoint nobody could use them.
func checkPublicRanges(g given) error {
	if !g.flag(true, "endpointPublicAccess") && g.length("publicAccessCidrs") > 0 {
		return errors.New("`publicAccessCidrs` can only be set when `endpointPublicAccess` is true")
	}
	return nil
}

// checkOIDC is PEK-09: the component fetches the issuer's certificate chain over
// the internet, also in a preview, and there is no such issuer.
func checkOIDC(g given) error {
	if !g.flag(false, "createOidcProvider") {
		return nil
	}
	return errors.New("createOidcProvider: cannot fetch the certificate of the cluster's OIDC issuer: no internet " +
		"in the emulated clouds (rule PEK-09)")
}

func checkDefaultNodes(g given) error {
	if g.flag(false, "skipDefaultNodeGroup") {
		return nil
	}
	return fmt.Errorf("the emulated eks:index:Cluster does not model the default node group: "+
		"set skipDefaultNodeGroup; %s", remedy)
}
