package azure

import "strings"

// publicRegions are the regions of the public cloud by their ARM names. Source:
// MicrosoftDocs/azure-docs articles/reliability/availability-zones-region-support
// and regions-list; which service is offered where is not modelled.
var publicRegions = set(
	"australiacentral", "australiacentral2", "australiaeast", "australiasoutheast", "austriaeast",
	"belgiumcentral", "brazilsouth", "brazilsoutheast", "canadacentral", "canadaeast",
	"centralindia", "centralus", "chilecentral", "eastasia", "eastus", "eastus2",
	"francecentral", "francesouth", "germanynorth", "germanywestcentral", "indonesiacentral",
	"israelcentral", "italynorth", "japaneast", "japanwest", "koreacentral", "koreasouth",
	"malaysiawest", "mexicocentral", "newzealandnorth", "northcentralus", "northeurope",
	"norwayeast", "norwaywest", "polandcentral", "qatarcentral", "southafricanorth",
	"southafricawest", "southcentralus", "southeastasia", "southindia", "spaincentral",
	"swedencentral", "switzerlandnorth", "switzerlandwest", "uaecentral", "uaenorth",
	"uksouth", "ukwest", "westcentralus", "westeurope", "westindia", "westus", "westus2", "westus3",
)

// zonedRegions are those with availability zones, which are 1, 2 and 3 in each.
// Source: as above.
var zonedRegions = set(
	"australiaeast", "austriaeast", "belgiumcentral", "brazilsouth", "canadacentral", "centralindia", "centralus",
	"chilecentral", "eastasia", "eastus", "eastus2", "francecentral", "germanywestcentral", "indonesiacentral",
	"israelcentral", "italynorth", "japaneast", "japanwest", "koreacentral", "malaysiawest", "mexicocentral",
	"newzealandnorth", "northeurope", "norwayeast", "polandcentral", "qatarcentral", "southafricanorth",
	"southcentralus", "southeastasia", "spaincentral", "swedencentral", "switzerlandnorth", "uaenorth", "uksouth",
	"westeurope", "westus2", "westus3",
)

// isZone reports whether a region has the zone.
func isZone(region, zone string) bool {
	return zonedRegions[region] && (zone == "1" || zone == "2" || zone == "3")
}

// globalLocation is where resources live that belong to no region.
const globalLocation = "global"

// normalLocation turns "UK South" into uksouth, as ARM does.
func normalLocation(l string) string {
	return strings.ToLower(strings.ReplaceAll(l, " ", ""))
}

func set(members ...string) map[string]bool {
	s := make(map[string]bool, len(members))
	for _, m := range members {
		s[m] = true
	}
	return s
}
