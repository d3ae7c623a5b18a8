package aws

import (
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory/awstype"
)

// A region is what differs from one AWS region to another.
type region struct {
	words string // as getRegion describes it
	zones string // letter and number of the zone id, in order: a2 is …a, …-az2
	ids   string // what zone ids begin with
	// Hosted zones of load balancers, by which Route 53 aliases name them.
	nlb, alb string
}

// Names, letters and zone ids are from getmoto/moto
// moto/ec2/models/availability_zones_and_regions.py; real accounts see the
// letters of a region in an order of their own. Hosted zones are from
// https://docs.aws.amazon.com/general/latest/gr/elb.html.
var regions = map[string]region{
	"ap-northeast-1": {"Asia Pacific (Tokyo)", "a4 c1 d2", "apne1", "Z31USIVHYNEOWT", "Z14GRHDCWA56QT"},
	"ap-northeast-2": {"Asia Pacific (Seoul)", "a1 b2 c3 d4", "apne2", "ZIBE1TIR4HY56", "ZWKZPGTI48KDX"},
	"ap-northeast-3": {"Asia Pacific (Osaka)", "a1 b2 c3", "apne3", "Z1GWIQ4HH19I5X", "Z5LXEXXYW11ES"},
	"ap-south-1":     {"Asia Pacific (Mumbai)", "a1 b3 c2", "aps1", "ZVDDRBQ08TROA", "ZP97RAFLXTNZK"},
	"ap-southeast-1": {"Asia Pacific (Singapore)", "a1 b2 c3", "apse1", "ZKVM4W9LS7TM", "Z1LMS91P8CMLE5"},
	"ap-southeast-2": {"Asia Pacific (Sydney)", "a1 b3 c2", "apse2", "ZCT6FZBF4DROD", "Z1GM3OXH4ZPM65"},
	"ca-central-1":   {"Canada (Central)", "a1 b2 d4", "cac1", "Z2EPGBW3API2WT", "ZQSVJUPU6J1EY"},
	"eu-central-1":   {"Europe (Frankfurt)", "a2 b3 c1", "euc1", "Z3F0SRJ5LGBH90", "Z215JYRZR1TBD5"},
	"eu-north-1":     {"Europe (Stockholm)", "a1 b2 c3", "eun1", "Z1UDT6IFJ4EJM", "Z23TAZ6LKFMNIO"},
	"eu-west-1":      {"Europe (Ireland)", "a3 b1 c2", "euw1", "Z2IFOLAFXWLO4F", "Z32O12XQLNTSW2"},
	"eu-west-2":      {"Europe (London)", "a2 b3 c1", "euw2", "ZD4D7Y8KGAS4G", "ZHURV8PSTC4K8"},
	"eu-west-3":      {"Europe (Paris)", "a1 b2 c3", "euw3", "Z1CMS0P5QUZ6D5", "Z3Q77PNBQS71R4"},
	"sa-east-1":      {"South America (Sao Paulo)", "a1 b2 c3", "sae1", "ZTK26PT1VY4CU", "Z2P70J7HTTTPLU"},
	"us-east-1":      {"US East (N. Virginia)", "a6 b1 c2 d4 e3 f5", "use1", "Z26RNL4JYFTOTI", "Z35SXDOTRQ7X7K"},
	"us-east-2":      {"US East (Ohio)", "a1 b2 c3", "use2", "ZLMOA37VPKANP", "Z3AADJGX6KTTL2"},
	"us-west-1":      {"US West (N. California)", "a3 b1", "usw1", "Z24FKFUX50B4VW", "Z368ELLRRE2KJ0"},
	"us-west-2":      {"US West (Oregon)", "a2 b1 c3 d4", "usw2", "Z18D5FSROUN65G", "Z1H1FL5HABSF5"},
}

// noControlPlane are the zones where EKS puts no control plane (EKS-42).
var noControlPlane = []string{"use1-az3", "usw1-az2", "cac1-az3"}

// controlPlaneZones are the names of a region's other zones.
func controlPlaneZones(region string) []string {
	return slices.DeleteFunc(zonesOf(region), func(zone string) bool { return slices.Contains(noControlPlane, zoneID(region, zone)) })
}

// zonesOf are the names of a region's availability zones, in order.
func zonesOf(name string) []string {
	var names []string
	for _, z := range strings.Fields(regions[name].zones) {
		names = append(names, name+z[:1])
	}
	return names
}

// zoneID is the id of a zone by its name, "" when the region has no such zone.
func zoneID(region, zone string) string {
	for _, z := range strings.Fields(regions[region].zones) {
		if region+z[:1] == zone {
			return regions[region].ids + "-az" + z[1:]
		}
	}
	return ""
}

// zoneNamed is the name of a zone by its id.
func zoneNamed(region, id string) string {
	i := slices.IndexFunc(zonesOf(region), func(zone string) bool { return zoneID(region, zone) == id })
	if i < 0 {
		return ""
	}
	return zonesOf(region)[i]
}

// zoneOf is the zone of a subnet, by id.
func zoneOf(c *emulator.Call, subnet string) string {
	return valueOf(c, awstype.Subnet, subnet, "availabilityZone")
}
