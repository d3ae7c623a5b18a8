package plan

import "time"

// catalogueDate is the day on which the tables of this file were true, and the
// date that emulated clouds believe it is: what they offer does not age.
var catalogueDate = day(2026, time.November, 23)

// release is what is known of a Kubernetes minor version in one cloud.
type release struct {
	end       time.Time // last day of standard support
	kubeProxy string    // EKS only: the add-on build to start from
}

// eksVersions are the versions in standard support on catalogueDate (EKS-09).
// Where only a month is published, its last day stands.
var eksVersions = map[string]release{
	"1.34": {day(2026, time.December, 2), "v1.34.1-eksbuild.2"},
	"1.35": {day(2027, time.March, 27), "v1.35.0-eksbuild.2"},
	"1.36": {day(2027, time.August, 31), "v1.36.0-eksbuild.21"},
}

// aksVersions are the versions in community support on catalogueDate (AKS-14).
var aksVersions = map[string]release{
	"1.34": {end: day(2026, time.November, 30)},
	"1.35": {end: day(2027, time.March, 31)},
	"1.36": {end: day(2027, time.June, 30)},
}

// awsRegions are the regions that Burrow knows, with the letters of their
// zones (VPC-05). Opt-in regions and those whose letters differ from account to
// account are left out until somebody needs one.
var awsRegions = map[string]string{
	"ap-northeast-1": "acd",
	"ap-northeast-2": "abcd",
	"ap-northeast-3": "abc",
	"ap-south-1":     "abc",
	"ap-southeast-1": "abc",
	"ap-southeast-2": "abc",
	"ca-central-1":   "abd",
	"eu-central-1":   "abc",
	"eu-north-1":     "abc",
	"eu-west-1":      "abc",
	"eu-west-2":      "abc",
	"eu-west-3":      "abc",
	"sa-east-1":      "abc",
	"us-east-1":      "abcdef",
	"us-east-2":      "abc",
	"us-west-2":      "abcd",
}

// noControlPlane are the letters of zones where EKS makes no control plane, by region
// (EKS-42). AWS names them by id, use1-az3: the letter is the one of most accounts.
var noControlPlane = map[string]string{"us-east-1": "e"}

// azureLocations are the regions with availability zones that Burrow knows.
// Without zones there is no VpnGw…AZ and no zoned address (AVG-08).
var azureLocations = []string{
	"australiaeast", "brazilsouth", "canadacentral", "centralindia", "centralus",
	"eastasia", "eastus", "eastus2", "francecentral", "germanywestcentral",
	"israelcentral", "italynorth", "japaneast", "koreacentral", "northeurope",
	"norwayeast", "polandcentral", "qatarcentral", "southafricanorth",
	"southcentralus", "southeastasia", "spaincentral", "swedencentral",
	"switzerlandnorth", "uaenorth", "uksouth", "westeurope", "westus2", "westus3",
}

// gatewaySKUs are the zone-redundant gateways that can still be created, with
// the generations that each comes in (AVG-01, AVG-05).
var gatewaySKUs = map[string][]string{
	"VpnGw1AZ": {"Generation1"},
	"VpnGw2AZ": {"Generation1", "Generation2"},
	"VpnGw3AZ": {"Generation1", "Generation2"},
	"VpnGw4AZ": {"Generation2"},
	"VpnGw5AZ": {"Generation2"},
}

// speed is what one tunnel of a gateway carries, in megabits a second, with AES-256
// in GCM and in CBC with SHA-256.
type speed struct{ gcm, cbc int }

// gatewayMbps are Microsoft's measurements by size; those of VpnGw4AZ are taken for
// VpnGw5AZ's (AVG-38).
var gatewayMbps = map[string]speed{
	"VpnGw1AZ": {650, 500},
	"VpnGw2AZ": {1250, 550},
	"VpnGw3AZ": {1500, 700},
	"VpnGw4AZ": {2300, 700},
	"VpnGw5AZ": {2300, 700},
}

// awsLogRetention are the days that CloudWatch Logs accepts (LOG-17), from
// Burrow's own floor on.
var awsLogRetention = []int{
	30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,
	2192, 2557, 2922, 3288, 3653,
}

// Addresses that a cloud keeps for itself in every subnet: the first four and
// the last, in both clouds (VPC-04, ANW-02).
const (
	awsReservedFirst   = 4
	azureReservedFirst = 4
)

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}
