package azure

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"burrow/internal/emulator"
)

var dnsPrefix = regexp.MustCompile(`^[a-zA-Z0-9]([-a-zA-Z0-9]{0,52}[a-zA-Z0-9])?$`)

func clusterRules() []emulator.Rule {
	const ranges = "azure-aks-docs api-server-authorized-ip-ranges.md"
	return []emulator.Rule{
		rule("AKS-03", codeParameter, emulator.OpCreate, "terraform-provider-azurerm; bicep", badDNSPrefix),
		rule("AKS-05", codeParameter, emulator.OpWrite, "azure-aks-docs use-system-pools.md", noSystemPool),
		rule("PRV-04", codeBad, emulator.OpUpdate, "pulumi-azure-native#2719", newInlinePool),
		rule("AKS-15", codeParameter, emulator.OpWrite, "azure-aks-docs long-term-support.md", wrongSupportPlan),
		rule("AKS-37", codeParameter, emulator.OpWrite, ranges, badAuthorizedRanges),
		rule("AKS-38", codeBad, emulator.OpWrite, "azure-aks-docs manage-local-accounts"+unverified, badDirectory),
		rule("AKS-41", codeParameter, emulator.OpCreate, "azure-aks-docs", func(c *emulator.Call) string {
			if n := utf8.RuneCountInString(nodeGroupName(c)); n > maxNodeGroup {
				return fmt.Sprintf("The node resource group's name %s has %d characters; it must have %d at most.",
					nodeGroupName(c), n, maxNodeGroup)
			}
			return ""
		}),
	}
}

const maxNodeGroup = 80

func badDNSPrefix(c *emulator.Call) string {
	prefix, subdomain := c.In.Str("dnsPrefix"), c.In.Str("fqdnSubdomain")
	if (prefix == "") == (subdomain == "") {
		return "The cluster must have one of dnsPrefix and fqdnSubdomain."
	}
	if prefix != "" && !dnsPrefix.MatchString(prefix) {
		return fmt.Sprintf("The value of parameter dnsPrefix is invalid: %s. It takes 1 to 54 letters, digits and "+
			"hyphens, beginning and ending with a letter or digit.", prefix)
	}
	return ""
}

func noSystemPool(c *emulator.Call) string {
	for _, p := range c.In.Maps("agentPoolProfiles") {
		if p.StrOr("mode", "User") == "System" && p.StrOr("osType", "Linux") == "Linux" {
			return ""
		}
	}
	return "The cluster must have at least one Linux agent pool of mode System."
}

func newInlinePool(c *emulator.Call) string {
	before := set(c.OldIn.Strings("agentPoolProfiles[*].name")...)
	for _, name := range c.In.Strings("agentPoolProfiles[*].name") {
		if !before[name] {
			return fmt.Sprintf("A new agent pool was introduced: %s. Adding agent pools to an existing cluster is "+
				"currently not allowed through managed cluster operations.", name)
		}
	}
	return ""
}

const longTermSupport = "AKSLongTermSupport"

func wrongSupportPlan(c *emulator.Call) string {
	if c.In.Str("supportPlan") == longTermSupport && c.In.Str("sku.tier") != "Premium" {
		return "Support plan " + longTermSupport + " needs the Premium tier."
	}
	return ""
}

const maxAuthorizedRanges = 200

func badAuthorizedRanges(c *emulator.Call) string {
	ranges := c.In.Strings("apiServerAccessProfile.authorizedIPRanges")
	if len(ranges) == 0 {
		return ""
	}
	if c.In.Bool("apiServerAccessProfile.enablePrivateCluster") {
		return "A private cluster takes no authorized IP ranges."
	}
	if len(ranges) > maxAuthorizedRanges {
		return fmt.Sprintf("There are %d authorized IP ranges; %d are allowed.", len(ranges), maxAuthorizedRanges)
	}
	for _, text := range ranges {
		if _, err := netip.ParseAddr(text); err == nil {
			continue
		}
		if n, err := parseNetwork(text); err != nil || !n.prefix.Addr().Is4() {
			return fmt.Sprintf("Authorized IP range %s is no IPv4 network.", text)
		}
	}
	return ""
}

func badDirectory(c *emulator.Call) string {
	has := c.In.Has("aadProfile")
	switch {
	case c.In.Bool("disableLocalAccounts") && !has:
		return "Local accounts can be disabled only in a cluster with Microsoft Entra integration."
	case has && c.In.Bool("aadProfile.enableAzureRBAC") && !c.In.Bool("aadProfile.managed"):
		return "Azure RBAC needs the managed Microsoft Entra integration."
	}
	for _, id := range c.In.Strings("aadProfile.adminGroupObjectIDs") {
		if !guid.MatchString(id) {
			return fmt.Sprintf("The admin group object ID %s is no GUID.", id)
		}
	}
	return ""
}

// Versions on the emulated day, 23 November 2026: those in community support and
// those that only long-term support has. Source: AKS-14, endoflife.date
// azure-kubernetes-service; older long-term versions are not modelled. Patch
// releases are not either: every one is taken, and a bare minor means its first.
var (
	supportedVersions = map[string]bool{"1.34": true, "1.35": true, "1.36": true}
	longTermVersions  = map[string]bool{"1.33": true}
)

const (
	defaultVersion = "1.35"
	// maxVersionSkew is how many minors a pool may be behind its control plane.
	maxVersionSkew = 3
)

// minorOf is 36 for 1.36 and 1.36.4.
func minorOf(version string) (int, error) {
	parts := strings.Split(version, ".")
	if len(parts) < 2 || len(parts) > 3 || parts[0] != "1" {
		return 0, fmt.Errorf("%q is no Kubernetes version", version)
	}
	return strconv.Atoi(parts[1])
}

func minorVersion(version string) string {
	n, err := minorOf(version)
	if err != nil {
		return version
	}
	return fmt.Sprintf("1.%d", n)
}

// patched is the full version that runs.
func patched(version string) string {
	if strings.Count(version, ".") == 1 {
		return version + ".0"
	}
	return version
}

func versionRules() []emulator.Rule {
	return []emulator.Rule{
		rule("AKS-12", "K8sVersionNotSupported", emulator.OpWrite, "simphera#29; pulumi-azure-native pull#3550", unknownVersion),
		rule("AKS-13", "K8sVersionNotSupported", emulator.OpWrite,
			"secrets-store-csi-driver-provider-azure#1713", longTermOnly),
		rule("AKS-14", "OperationNotAllowed", emulator.OpUpdate, "rancher/dashboard#11884", wrongUpgrade),
	}
}

// newVersion is the cluster's version when this write sets it.
func newVersion(c *emulator.Call) string {
	if c.Op == emulator.OpUpdate && !c.Changed("kubernetesVersion") {
		return ""
	}
	return c.In.Str("kubernetesVersion")
}

func unknownVersion(c *emulator.Call) string {
	version := newVersion(c)
	minor := minorVersion(version)
	if version == "" || supportedVersions[minor] || longTermVersions[minor] {
		return ""
	}
	return fmt.Sprintf("Managed cluster %s is on version %s, which is not supported in this region. "+
		"Please use [az aks get-versions] command to get the supported version list in this region.",
		lastOf(identify(c)), version)
}

func longTermOnly(c *emulator.Call) string {
	version := newVersion(c)
	lts := c.In.Str("sku.tier") == "Premium" && c.In.Str("supportPlan") == longTermSupport
	if !longTermVersions[minorVersion(version)] || lts {
		return ""
	}
	return fmt.Sprintf("Managed cluster %s is on version %s, which is only available for Long-Term Support (LTS). "+
		"Use the Premium tier and the support plan %s.", lastOf(identify(c)), version, longTermSupport)
}

// wrongUpgrade refuses to go back and to skip a minor.
func wrongUpgrade(c *emulator.Call) string {
	if newVersion(c) == "" {
		return ""
	}
	from := c.Old.Str("kubernetesVersion")
	before, errBefore := minorOf(from)
	now, errNow := minorOf(newVersion(c))
	if errBefore != nil || errNow != nil || now == before || now == before+1 {
		return ""
	}
	return fmt.Sprintf("Upgrading Kubernetes version %s to %s is not allowed. Available upgrades: [1.%d].",
		from, newVersion(c), before+1)
}

func skewedPool(c *emulator.Call) string {
	pools, cluster := poolsAtHand(c)
	control, err := minorOf(cluster.StrOr("kubernetesVersion", defaultVersion))
	if err != nil {
		return ""
	}
	for _, p := range pools {
		version := p.in.Str("orchestratorVersion")
		minor, err := minorOf(version)
		if version == "" || err != nil {
			continue
		}
		if minor > control || minor < control-maxVersionSkew {
			return fmt.Sprintf("Node pool version %s of %s and control plane version 1.%d are incompatible. "+
				"Minor version of node pool version cannot be bigger than control plane version, nor more than %d behind.",
				version, p.name, control, maxVersionSkew)
		}
	}
	return ""
}
