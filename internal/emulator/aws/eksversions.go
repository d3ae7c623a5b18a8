package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"burrow/internal/ebs"
	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

// A kubernetes is one minor version as EKS offers it.
type kubernetes struct {
	minor string
	// standard and extended are the last days of standard and extended support.
	standard, extended time.Time
	platform           string
	// addons are the builds that EKS chooses, by add-on: the default and the newest.
	addons map[string][2]string
	// coredns lists the release lines of CoreDNS that EKS offers with the version.
	coredns []string
}

// asOf is the day that EKS's offer is from, and that the emulation lives on: what
// is offered does not age.
var asOf = day(2026, time.November, 23)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// Builds of the add-ons that are the same for every version.
var (
	vpcCNI      = [2]string{"v1.21.1-eksbuild.3", "v1.22.4-eksbuild.3"}
	podIdentity = [2]string{"v1.3.10-eksbuild.3", "v1.3.10-eksbuild.3"}
	ebsDriver   = [2]string{"v1.66.0-eksbuild.1", "v1.66.0-eksbuild.1"}
)

func addons(kubeProxy, newestProxy, coredns, newestDNS string) map[string][2]string {
	return map[string][2]string{
		"vpc-cni": vpcCNI, "eks-pod-identity-agent": podIdentity, ebs.Addon: ebsDriver,
		"kube-proxy": {kubeProxy, newestProxy}, "coredns": {coredns, newestDNS},
	}
}

// versions is EKS-09. Days of support are from endoflife.date amazon-eks, where a
// month stands for its last day; builds are those that public configurations
// pinned up to autumn 2026.
var versions = []kubernetes{
	{
		"1.31", day(2025, time.November, 26), day(2026, time.November, 26), "eks.40",
		addons("v1.31.13-eksbuild.2", "v1.31.14-eksbuild.2", "v1.11.4-eksbuild.24", "v1.11.4-eksbuild.24"), []string{"1.11"},
	},
	{
		"1.32", day(2026, time.March, 23), day(2027, time.March, 23), "eks.33",
		addons("v1.32.9-eksbuild.2", "v1.32.11-eksbuild.2", "v1.11.4-eksbuild.24", "v1.11.4-eksbuild.24"), []string{"1.11"},
	},
	{
		"1.33", day(2026, time.July, 29), day(2027, time.July, 29), "eks.26",
		addons("v1.33.5-eksbuild.2", "v1.33.10-eksbuild.13", "v1.12.4-eksbuild.1", "v1.13.2-eksbuild.10"), []string{"1.12", "1.13"},
	},
	{
		"1.34", day(2026, time.December, 2), day(2027, time.December, 2), "eks.18",
		addons("v1.34.1-eksbuild.2", "v1.34.6-eksbuild.13", "v1.12.4-eksbuild.1", "v1.13.2-eksbuild.10"), []string{"1.12", "1.13", "1.14"},
	},
	{
		"1.35", day(2027, time.March, 27), day(2028, time.March, 27), "eks.11",
		addons("v1.35.0-eksbuild.2", "v1.35.3-eksbuild.21", "v1.13.2-eksbuild.11", "v1.14.3-eksbuild.16"), []string{"1.13", "1.14"},
	},
	{
		"1.36", day(2027, time.August, 31), day(2028, time.August, 31), "eks.5",
		addons("v1.36.0-eksbuild.9", "v1.36.0-eksbuild.21", "v1.14.3-eksbuild.3", "v1.14.3-eksbuild.16"), []string{"1.14"},
	},
}

// newestVersion is what EKS takes when no version is given.
func newestVersion() string { return versions[len(versions)-1].minor }

// offered finds a version that EKS still makes clusters of.
func offered(minor string) (k kubernetes, ok bool) {
	i := slices.IndexFunc(versions, func(k kubernetes) bool { return k.minor == minor })
	if i < 0 || versions[i].extended.Before(asOf) {
		return kubernetes{}, false
	}
	return versions[i], true
}

// minorNumber is the 36 of 1.36; 0 for what is no version.
func minorNumber(version string) int {
	_, minor, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(minor)
	if err != nil {
		return 0
	}
	return n
}

var addonBuild = regexp.MustCompile(`^v(\d+\.\d+)\.\d+-eksbuild\.\d+$`)

// addonOffered says whether EKS offers a build of an add-on with a version of
// Kubernetes. New builds of a known line appear every few weeks, so that lines
// are checked and not builds: kube-proxy is of the cluster's own minor version,
// CoreDNS of the lines in the table, the others of any line from the first that
// the oldest version takes; of the EBS driver from a line of its time, late 2024.
func addonOffered(addon, build, minor string) bool {
	k, known := offered(minor)
	parts := addonBuild.FindStringSubmatch(build)
	if !known || parts == nil {
		return false
	}
	switch line := parts[1]; addon {
	case "kube-proxy":
		return line == minor
	case "coredns":
		return slices.Contains(k.coredns, line)
	case "vpc-cni":
		return minorNumber(line) >= 18 && strings.HasPrefix(line, "1.")
	case "eks-pod-identity-agent":
		return line == "1.3"
	case ebs.Addon:
		return minorNumber(line) >= 35 && strings.HasPrefix(line, "1.")
	}
	return false
}

// addonVersion is the build that EKS chooses: the default, or the newest.
func addonVersion(addon, minor string, newest bool) (build string, ok bool) {
	k, known := offered(minor)
	builds, sold := k.addons[addon]
	if !known || !sold {
		return "", false
	}
	if newest {
		return builds[1], true
	}
	return builds[0], true
}

// getAddonVersion answers DescribeAddonVersions, as pulumi-eks asks it (PEK-05).
func getAddonVersion(c *emulator.Call) (inventory.Props, error) {
	addon, minor, newest := c.In.Str("addonName"), c.In.Str("kubernetesVersion"), c.In.Bool("mostRecent")
	build, ok := addonVersion(addon, minor, newest)
	if !ok {
		return nil, c.Fault("InvalidParameterException",
			"no EKS Add-On version of %s is compatible with Kubernetes %s", addon, minor)
	}
	return inventory.Props{
		"addonName": addon, "kubernetesVersion": minor, "mostRecent": newest, "version": build,
		"id": fmt.Sprintf("%s,%s", addon, minor),
	}, nil
}
