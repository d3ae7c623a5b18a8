package plan

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// broken is a configuration with one fault. Section and value are what the
// stack file says; the problem must stand at key and name the rule.
type broken struct {
	section, value string
	key, rule      string
}

// zones writes a zones list whose first zone has more or other fields.
func zones(first string) string {
	return fmt.Sprintf(`{"aws":{"zones":[{%s},{"name":"eu-west-2b","private":"10.0.2.0/24","public":"10.0.102.0/24"}]}}`, first)
}

// tunnels writes a tunnels list whose first tunnel is the given one.
func tunnels(first string) string {
	return fmt.Sprintf(`{"tunnels":[{%s},
		{"instance":0,"number":2,"inside":"169.254.22.0/30","keyGeneration":1},
		{"instance":1,"number":1,"inside":"169.254.21.4/30","keyGeneration":1},
		{"instance":1,"number":2,"inside":"169.254.22.4/30","keyGeneration":1}]}`, first)
}

const (
	zoneA   = `"name":"eu-west-2a","private":"10.0.1.0/24","public":"10.0.101.0/24"`
	tunnel0 = `"instance":0,"number":1,"keyGeneration":1,`
)

var brokenEstates = []broken{
	{"estate", `{"suffix":"Blue"}`, "estate.suffix", "NLB-01"},
	{"estate", `{"suffix":"thirteen-char"}`, "estate.suffix", "NLB-01"},
	{"estate", `{"environment":""}`, "estate.environment", "TAG-01"},
	{"estate", `{"project":"a&b"}`, "estate.project", "TAG-01"},
	{"estate", `{"owner":"` + strings.Repeat("x", 257) + `"}`, "estate.owner", "TAG-01"},
	{"estate", `{"tags":{"a":"","b":"","c":"","d":"","e":"","f":""}}`, "estate.tags", "R53-25"},
	{"estate", `{"tags":{"Microsoft.Team":"a"}}`, "estate.tags.Microsoft.Team", "TAG-5"},
	{"estate", `{"tags":{"azureteam":"a"}}`, "estate.tags.azureteam", "TAG-5"},
	{"estate", `{"tags":{"WINDOWS":"a"}}`, "estate.tags.WINDOWS", "TAG-5"},
	{"estate", `{"environment":"` + strings.Repeat("ü", 257) + `"}`, "estate.environment", "TAG-01"},
	{"estate", `{"tags":{"owner":"me"}}`, "estate.tags.owner", "TAG-03"},
	{"estate", `{"tags":{"Team":"a","team":"b"}}`, "estate.tags.team", "TAG-03"},
	{"estate", `{"tags":{"aws:x":"a"}}`, "estate.tags.aws:x", "TAG-01"},
	{"estate", `{"tags":{"a/b":"a"}}`, "estate.tags.a/b", "TAG-03"},
	{"estate", `{"tags":{"a<b":"a"}}`, "estate.tags.a<b", "TAG-01"},
	{"estate", `{"tags":{"1st":"a"}}`, "estate.tags.1st", "ADR-24"},
	{"estate", `{"tags":{"cost centre":"a"}}`, "estate.tags.cost centre", "ADR-24"},
	{"estate", `{"tags":{"` + strings.Repeat("k", 129) + `":"a"}}`, "estate.tags." + strings.Repeat("k", 129), "TAG-01"},
	{"estate", `{"tags":{"":"a"}}`, "estate.tags.", "TAG-01"},
	{"estate", `{"tags":{"Team":"a;b"}}`, "estate.tags.Team", "TAG-01"},
	{"estate", `{"tags":{"Team":"` + strings.Repeat("x", 257) + `"}}`, "estate.tags.Team", "TAG-01"},
}

var brokenNames = []broken{
	{"clusters", `{"eks":{"name":"-relay"}}`, "clusters.eks.name", "EKS-01"},
	{"clusters", `{"eks":{"name":""}}`, "clusters.eks.name", "EKS-01"},
	{"clusters", `{"eks":{"nodes":{"name":"` + strings.Repeat("n", 64) + `"}}}`, "clusters.eks.nodes.name", "EKS-22"},
	{"clusters", `{"aks":{"name":"bunny_"}}`, "clusters.aks.name", "AKS-02"},
	{"network", `{"azure":{"resourceGroup":"` + strings.Repeat("r", 58) + `"}}`, "network.azure.resourceGroup", "AKS-04"},
	{"k8s", `{"relay":{"nlb":"sg-relay"}}`, "k8s.relay.nlb", "VPC-22"},
	{"clusters", `{"eks":{"nodes":{"name":"sg-nodes"}}}`, "clusters.eks.nodes.name", "VPC-22"},
	{"clusters", `{"eks":{"nodes":{"name":"relay-nlb"}}}`, "k8s.relay.nlb", "VPC-22"},
	{"clusters", `{"aks":{"pool":{"name":"aks-bunny-pool"}}}`, "clusters.aks.pool.name", "AKS-01"},
	{"k8s", `{"relay":{"nlb":"relay_nlb"}}`, "k8s.relay.nlb", "NLB-01"},
	{"k8s", `{"relay":{"nlb":"internal-relay"}}`, "k8s.relay.nlb", "NLB-01"},
	{"network", `{"azure":{"resourceGroup":"ends."}}`, "network.azure.resourceGroup", "NAM-03"},
	{"network", `{"azure":{"storageAccount":"Flow-Logs"}}`, "network.azure.storageAccount", "NAM-04"},
	{"network", `{"azure":{"networkWatcher":{"name":"-watcher"}}}`, "network.azure.networkWatcher.name", "NAM-01"},
	{"network", `{"azure":{"networkWatcher":{"resourceGroup":""}}}`, "network.azure.networkWatcher.resourceGroup", "NAM-03"},
}

var brokenRanges = []broken{
	{"network", `{"aws":{"cidr":""}}`, "network.aws.cidr", ""},
	{"network", `{"aws":{"cidr":"2001:db8::/32"}}`, "network.aws.cidr", "IPv4"},
	{"network", `{"aws":{"cidr":"10.0.0.1/16"}}`, "network.aws.cidr", "VPC-01"},
	{"network", `{"azure":{"cidr":"10.10.5.0/16"}}`, "network.azure.cidr", "ANW-05"},
	{"network", `{"aws":{"cidr":"10.0.0.0/15"}}`, "network.aws.cidr", "VPC-01"},
	{"network", `{"azure":{"cidr":"10.0.0.0/16"}}`, "network.azure.cidr", "AVG-37"},
	{"network", `{"azure":{"cidr":"10.10.0.0/30"}}`, "network.azure.cidr", "ANW-02"},
	{"network", `{"aws":{"cidr":"172.17.0.0/16"}}`, "network.aws.cidr", "VPC-03"},
	{"network", `{"aws":{"cidr":"169.254.0.0/16"}}`, "network.aws.cidr", "VPC-02"},
	{"network", `{"azure":{"cidr":"168.63.0.0/16"}}`, "network.azure.cidr", "ANW-01"},
	{"network", `{"azure":{"cidr":"224.0.0.0/16"}}`, "network.azure.cidr", "ANW-01"},
	{"network", `{"azure":{"cidr":"127.0.0.0/16"}}`, "network.azure.cidr", "ANW-01"},
	{"network", zones(`"name":"eu-west-2a","private":"10.0.2.0/24","public":"10.0.101.0/24"`), "network.aws.zones[1].private", "VPC-04"},
	{"network", zones(`"name":"eu-west-2a","private":"10.1.1.0/24","public":"10.0.101.0/24"`), "network.aws.zones[0].private", "VPC-04"},
	{"network", zones(`"name":"eu-west-2a","private":"10.0.1.0/24","public":"10.0.101.0/29"`), "network.aws.zones[0].public", "VPC-04"},
	{"network", zones(`"name":"eu-west-2a","private":"10.0.1.0/24"`), "network.aws.zones[0].public", "VPC-11"},
	{"network", zones(`"name":"eu-west-2a","private":"10.0.1.0/28","public":"10.0.101.0/24"`), "network.aws.zones[0].private", "EKS-03"},
	{"network", `{"aws":{"egress":"endpoints","zones":[{"name":"eu-west-2a","private":"10.0.1.0/27"},{"name":"eu-west-2b","private":"10.0.2.0/24"}]}}`, "network.aws.zones[0].private", "endpoints take 8 (VPC-32)"},
	{"network", zones(zoneA + `,"reserved":"10.0.3.0/28"`), "network.aws.zones[0].reserved", "NLB-03"},
	{"network", `{"azure":{"subnets":{"nodes":"10.10.2.0/24"}}}`, "network.azure.subnets.gateway", "ANW-03"},
	{"network", `{"azure":{"subnets":{"nodes":"10.11.1.0/24"}}}`, "network.azure.subnets.nodes", "ANW-04"},
	{"network", `{"azure":{"subnets":{"nodes":"10.10.1.0/29"}}}`, "network.azure.subnets.nodes", "AKS-27"},
	{"network", `{"azure":{"subnets":{"gateway":"10.10.2.0/28"}}}`, "network.azure.subnets.gateway", "AVG-16"},
	{"network", `{"azure":{"subnets":{"resolverInbound":"10.10.4.0/29"}}}`, "network.azure.subnets.resolverInbound", "ADR-09"},
	{"network", `{"azure":{"subnets":{"resolverOutbound":"10.10.4.0/23"}}}`, "network.azure.subnets.resolverOutbound", "ADR-09"},
	{"clusters", `{"aks":{"serviceCidr":"10.0.0.0/16"}}`, "clusters.aks.serviceCidr", "AKS-23"},
	{"clusters", `{"aks":{"serviceCidr":"10.10.128.0/17"}}`, "clusters.aks.serviceCidr", "AKS-24"},
	{"clusters", `{"aks":{"serviceCidr":"10.240.0.0/12"}}`, "clusters.aks.serviceCidr", "AKS-23"},
	{"clusters", `{"aks":{"serviceCidr":"172.31.0.0/16"}}`, "clusters.aks.serviceCidr", "AKS-26"},
	{"clusters", `{"aks":{"podCidr":"10.10.0.0/16"}}`, "clusters.aks.podCidr", "AKS-21"},
	{"clusters", `{"aks":{"podCidr":"172.30.0.0/16"}}`, "clusters.aks.podCidr", "AKS-22"},
	{"clusters", `{"aks":{"podCidr":"10.244.0.0/25"}}`, "clusters.aks.podCidr", "AKS-19"},
	{"clusters", `{"aks":{"podCidr":"10.244.0.0/23"}}`, "clusters.aks.podCidr", "AKS-20"},
	{"clusters", `{"eks":{"serviceCidr":"10.10.0.0/20"}}`, "clusters.eks.serviceCidr", "EKS-11"},
	{"clusters", `{"eks":{"serviceCidr":"172.20.0.0/25"}}`, "clusters.eks.serviceCidr", "EKS-11"},
	{"clusters", `{"eks":{"serviceCidr":"100.64.0.0/16"}}`, "clusters.eks.serviceCidr", "EKS-11"},
	{"vpn", tunnels(tunnel0 + `"inside":"169.254.21.4/30"`), "vpn.tunnels[2].inside", "AWV-14"},
}

var brokenNetworks = []broken{
	{"network", `{"aws":{"accountId":"1234"}}`, "network.aws.accountId", "twelve"},
	{"network", `{"aws":{"region":"eu-west-9"}}`, "network.aws.region", "VPC-05"},
	{"network", `{"aws":{"zones":[{` + zoneA + `}]}}`, "network.aws.zones", "EKS-02"},
	{"network", `{"aws":{"region":"us-east-1","zones":[{"name":"us-east-1e","private":"10.0.1.0/24","public":"10.0.101.0/24"},{"name":"us-east-1a","private":"10.0.2.0/24","public":"10.0.102.0/24"}]}}`, "network.aws.zones[0].name", "EKS-42"},
	{"network", zones(`"name":"eu-west-1a","private":"10.0.1.0/24","public":"10.0.101.0/24"`), "network.aws.zones[0].name", "VPC-05"},
	{"network", zones(`"name":"eu-west-2b","private":"10.0.1.0/24","public":"10.0.101.0/24"`), "network.aws.zones[1].name", "EKS-02"},
	{"network", zones(zoneA + `,"nlb":"10.0.1.20"`), "network.aws.zones[0].nlb", "NLB-03"},
	{"network", zones(zoneA + `,"resolverInbound":"10.0.1.250"`), "network.aws.zones[0].resolverInbound", "R53-13"},
	{"network", zones(zoneA + `,"resolverOutbound":"10.0.1.255"`), "network.aws.zones[0].resolverOutbound", "VPC-04"},
	{"network", zones(zoneA + `,"reserved":"10.0.1.0/28","nlb":"10.0.1.3"`), "network.aws.zones[0].nlb", "VPC-04"},
	{"network", `{"aws":{"egress":"none"}}`, "network.aws.egress", "way out"},
	{"network", `{"aws":{"logRetentionDays":100}}`, "network.aws.logRetentionDays", "LOG-17"},
	{"network", `{"azure":{"subscriptionId":"mine"}}`, "network.azure.subscriptionId", "GUID"},
	{"network", `{"azure":{"tenantId":"contoso.example"}}`, "network.azure.tenantId", "GUID"},
	{"network", `{"azure":{"location":"ukwest"}}`, "network.azure.location", "AVG-08"},
	{"network", `{"azure":{"logRetentionDays":400}}`, "network.azure.logRetentionDays", "LOG-06"},
}

// Modes: values that are none, and combinations that no cloud has.
var brokenModes = []broken{
	{"network", `{"aws":{"vpcId":"vpc-1"}}`, "network.aws.vpcId", "hexadecimal"},
	{"network", `{"aws":{"vpcId":"vpc-0123456789abcdef0"}}`, "network.aws.internetGatewayId", "VPC-09"},
	{"network", `{"aws":{"internetGatewayId":"igw-1"}}`, "network.aws.internetGatewayId", "hexadecimal"},
	{"network", `{"aws":{"internetGatewayId":"igw-0123456789abcdef0"}}`, "network.aws.internetGatewayId", "Burrow makes"},
	{"network", `{"aws":{"vpcId":"vpc-0123456789abcdef0","internetGatewayId":"igw-0123456789abcdef0","egress":"endpoints"}}`, "network.aws.internetGatewayId", "endpoints"},
	{"network", `{"aws":{"logKeyArn":"alias/logs"}}`, "network.aws.logKeyArn", "LOG-18"},
	{"network", `{"aws":{"logKeyArn":"arn:aws:kms:eu-west-2:123456789012:key/------------------------------------"}}`, "network.aws.logKeyArn", "LOG-18"},
	{"network", `{"azure":{"vnetId":"virtualNetworks/hub"}}`, "network.azure.vnetId", "a VNet's id is"},
	{"network", `{"aws":{"nat":"single"}}`, "network.aws.nat", "now network.aws.egress"},
	{"network", `{"aws":{"logKeyArn":"arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"}}`, "network.aws.logKeyArn", "same account and region"},
	{"network", `{"aws":{"logRetentionDays":14}}`, "network.aws.logRetentionDays", "less than 30"},
	{"network", `{"azure":{"vnetId":"vnet"}}`, "network.azure.vnetId", "virtualNetworks"},
	{"network", `{"azure":{"vnetId":"/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/vnet"}}`, "network.azure.vnetId", "another subscription"},
	{"network", `{"azure":{"vnetId":"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/RG-aks-bunny/providers/Microsoft.Network/virtualNetworks/vnet"}}`, "network.azure.vnetId", "a destroy deletes it"},
	{"network", `{"azure":{"vnetId":"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/` + strings.Repeat("g", 64) + `/providers/Microsoft.Network/virtualNetworks/vnet"}}`, "network.azure.vnetId", "AKS-04"},
	{"clusters", `{"aks":{"networkPolicy":"weave"}}`, "clusters.aks.networkPolicy", "AKS-18"},
	{"vpn", `{"awsGateway":"cloud-wan"}`, "vpn.awsGateway", "AWV-12"},
	{"vpn", `{"routing":"ospf"}`, "vpn.routing", "AVC-33"},
	{"vpn", `{"routing":"static"}`, "vpn.routing", "AVC-33"},
	{"k8s", `{"relay":{"image":"relay"}}`, "k8s.relay.image", "registry"},
	{"watch", `{"emails":[]}`, "watch.emails", "reaches nobody"},
	{"watch", `{"emails":["oncall"]}`, "watch.emails[0]", "mail address"},
	{"watch", `{"bandwidthPercent":5}`, "watch.bandwidthPercent", "share"},
}

var brokenClusters = []broken{
	{"clusters", `{"eks":{"version":"1.33"}}`, "clusters.eks.version", "EKS-09"},
	{"clusters", `{"eks":{"adminRoleArns":[]}}`, "clusters.eks.adminRoleArns", "EKS-15"},
	{"clusters", `{"eks":{"adminRoleArns":["arn:aws:iam::123456789012:user/me"]}}`, "clusters.eks.adminRoleArns[0]", "EKS-16"},
	{"clusters", `{"eks":{"adminRoleArns":["arn:aws:sts::123456789012:assumed-role/admin/me"]}}`, "clusters.eks.adminRoleArns[0]", "session of a role"},
	{"clusters", `{"eks":{"adminRoleArns":["arn:aws:iam::123456789012:role/a","arn:aws:iam::123456789012:role/a"]}}`, "clusters.eks.adminRoleArns[1]", "already"},
	{"clusters", `{"eks":{"apiClients":[""]}}`, "clusters.eks.apiClients[0]", "IPv4"},
	{"clusters", `{"eks":{"apiClients":["fd00::/64"]}}`, "clusters.eks.apiClients[0]", "IPv4"},
	{"clusters", `{"eks":{"apiClients":["10.0.8.1/24"]}}`, "clusters.eks.apiClients[0]", "write 10.0.8.0/24"},
	{"clusters", `{"eks":{"apiClients":["10.0.8.0/24","10.1.0.0/24"]}}`, "clusters.eks.apiClients[1]", "outside the VPC"},
	{"clusters", `{"eks":{"apiClients":["10.0.0.0/15"]}}`, "clusters.eks.apiClients[0]", "outside the VPC"},
	{"clusters", `{"eks":{"apiClients":["10.0.102.7/32"]}}`, "clusters.eks.apiClients[0]", "network.aws.zones[1].public"},
	{"clusters", `{"eks":{"apiClients":["10.0.0.0/16"]}}`, "clusters.eks.apiClients[0]", "network.aws.zones[0].public"},
	{"clusters", `{"eks":{"apiClients":["10.0.8.0/24","10.0.8.0/24"]}}`, "clusters.eks.apiClients[1]", "already"},
	{"clusters", `{"eks":{"apiClients":[` + manyClients(11) + `]}}`, "clusters.eks.apiClients", "VPC-24"},
	{"clusters", `{"eks":{"nodes":{"instanceType":"t3"}}}`, "clusters.eks.nodes.instanceType", "EKS-28"},
	{"clusters", `{"eks":{"nodes":{"instanceType":"a1.large"}}}`, "clusters.eks.nodes.instanceType", "Graviton"},
	{"clusters", `{"eks":{"nodes":{"desired":4}}}`, "clusters.eks.nodes.desired", "EKS-23"},
	{"clusters", `{"eks":{"nodes":{"min":-1}}}`, "clusters.eks.nodes.min", "EKS-23"},
	{"clusters", `{"eks":{"nodes":{"min":0,"desired":0,"max":0}}}`, "clusters.eks.nodes.max", "EKS-23"},
	{"clusters", `{"eks":{"nodes":{"diskGiB":8}}}`, "clusters.eks.nodes.diskGiB", "20 GiB"},
	{"clusters", `{"eks":{"addons":{"vpcCni":"1.20"}}}`, "clusters.eks.addons.vpcCni", "add-on"},
	{"clusters", `{"eks":{"addons":{"vpcCni":"v1.13.4-eksbuild.1"}}}`, "clusters.eks.addons.vpcCni", "EKS-34"},
	{"clusters", `{"eks":{"addons":{"kubeProxy":"v1.37.0-eksbuild.1"}}}`, "clusters.eks.addons.kubeProxy", "EKS-10"},
	{"clusters", `{"eks":{"addons":{"kubeProxy":"v1.32.0-eksbuild.1"}}}`, "clusters.eks.addons.kubeProxy", "EKS-10"},
	{"clusters", `{"eks":{"addons":{"kubeProxy":"latest"}}}`, "clusters.eks.addons.kubeProxy", "add-on"},
	{"clusters", `{"eks":{"addons":{"coredns":"latest"}}}`, "clusters.eks.addons.coredns", "add-on"},
	{"clusters", `{"eks":{"addons":{"podIdentity":""}}}`, "clusters.eks.addons.podIdentity", "add-on"},
	{"clusters", `{"aks":{"version":"1.33"}}`, "clusters.aks.version", "AKS-14"},
	{"clusters", `{"aks":{"version":"v1.36"}}`, "clusters.aks.version", "AKS-14"},
	{"clusters", `{"aks":{"tier":"Paid"}}`, "clusters.aks.tier", "AKS-15"},
	{"clusters", `{"aks":{"adminGroupIds":[]}}`, "clusters.aks.adminGroupIds", "AKS-38"},
	{"clusters", `{"aks":{"adminGroupIds":["admins"]}}`, "clusters.aks.adminGroupIds[0]", "AKS-38"},
	{"clusters", `{"aks":{"adminGroupIds":["aaaaaaaa-0000-0000-0000-000000000000","AAAAAAAA-0000-0000-0000-000000000000"]}}`, "clusters.aks.adminGroupIds[1]", "already"},
	{"clusters", `{"aks":{"authorizedRanges":[]}}`, "clusters.aks.authorizedRanges", "AKS-37"},
	{"clusters", `{"aks":{"authorizedRanges":["198.51.100.7/24"]}}`, "clusters.aks.authorizedRanges[0]", "AKS-37"},
	{"clusters", `{"aks":{"authorizedRanges":["10.0.0.0/8"]}}`, "clusters.aks.authorizedRanges[0]", "AKS-51"},
	{"clusters", `{"aks":{"authorizedRanges":["198.51.100.0/24","172.31.4.4"]}}`, "clusters.aks.authorizedRanges[1]", "AKS-51"},
	{"clusters", `{"aks":{"authorizedRanges":["100.64.0.0/12"]}}`, "clusters.aks.authorizedRanges[0]", "AKS-51"},
	{"clusters", `{"aks":{"authorizedRanges":["2001:db8::1"]}}`, "clusters.aks.authorizedRanges[0]", "AKS-37"},
	{"clusters", `{"aks":{"authorizedRanges":["2001:db8::/64"]}}`, "clusters.aks.authorizedRanges[0]", "AKS-37"},
	{"clusters", `{"aks":{"authorizedRanges":["198.51.100.7/32","198.51.100.7/32"]}}`, "clusters.aks.authorizedRanges[1]", "already"},
	{"clusters", `{"aks":{"authorizedRanges":[` + manyRanges(201) + `]}}`, "clusters.aks.authorizedRanges", "AKS-37"},
	{"clusters", `{"aks":{"dnsServiceIp":"10.12.0.10"}}`, "clusters.aks.dnsServiceIp", "AKS-25"},
	{"clusters", `{"aks":{"dnsServiceIp":"10.11.0.1"}}`, "clusters.aks.dnsServiceIp", "AKS-25"},
	{"clusters", `{"aks":{"pool":{"vmSize":"B2ms"}}}`, "clusters.aks.pool.vmSize", "AKS-09"},
	{"clusters", `{"aks":{"pool":{"vmSize":"Standard_B1ms"}}}`, "clusters.aks.pool.vmSize", "AKS-06"},
	{"clusters", `{"aks":{"pool":{"vmSize":"Standard_B2ts_v2"}}}`, "clusters.aks.pool.vmSize", "AKS-06"},
	{"clusters", `{"aks":{"pool":{"vmSize":"Standard_E4-1s_v5"}}}`, "clusters.aks.pool.vmSize", "AKS-06"},
	{"clusters", `{"aks":{"pool":{"min":0}}}`, "clusters.aks.pool.min", "AKS-08"},
	{"clusters", `{"aks":{"pool":{"max":1001}}}`, "clusters.aks.pool.max", "AKS-08"},
	{"clusters", `{"aks":{"pool":{"count":4}}}`, "clusters.aks.pool.count", "AKS-08"},
	{"clusters", `{"aks":{"pool":{"diskGB":4096}}}`, "clusters.aks.pool.diskGB", "AKS-11"},
	{"clusters", `{"aks":{"pool":{"zones":[]}}}`, "clusters.aks.pool.zones", "AKS-09"},
	{"clusters", `{"aks":{"pool":{"zones":["1","4"]}}}`, "clusters.aks.pool.zones[1]", "AKS-09"},
	{"clusters", `{"aks":{"pool":{"zones":["1","1"]}}}`, "clusters.aks.pool.zones[1]", "already"},
}

var brokenVPNs = []broken{
	{"vpn", `{"awsAsn":65000,"azureAsn":65000}`, "vpn.azureAsn", "AVG-28"},
	{"vpn", `{"awsAsn":65001,"azureAsn":4200000000}`, "vpn.azureAsn", "AVG-29"},
	{"vpn", `{"awsAsn":64511}`, "vpn.awsAsn", "AWV-04"},
	{"vpn", `{"awsAsn":65517}`, "vpn.awsAsn", "AVG-27"},
	{"vpn", `{"awsAsn":4200000001}`, "vpn.awsAsn", "AVG-29"},
	{"vpn", `{"azureAsn":0}`, "vpn.azureAsn", "AVG-26"},
	{"vpn", `{"azureAsn":23456}`, "vpn.azureAsn", "AVG-26"},
	{"vpn", `{"azureAsn":64500}`, "vpn.azureAsn", "AVG-26"},
	{"vpn", `{"azureAsn":65540}`, "vpn.azureAsn", "AVG-26"},
	{"vpn", `{"sku":"VpnGw1"}`, "vpn.sku", "AVG-01"},
	{"vpn", `{"sku":"Basic"}`, "vpn.sku", "AVG-04"},
	{"vpn", `{"sku":"ErGw1AZ"}`, "vpn.sku", "AVG-03"},
	{"vpn", `{"generation":"Generation2"}`, "vpn.generation", "AVG-05"},
	{"vpn", `{"sku":"VpnGw5AZ"}`, "vpn.generation", "AVG-05"},
	{"vpn", `{"suite":"3des-md5"}`, "vpn.suite", "XV-06"},
	{"vpn", `{"tunnels":[]}`, "vpn.tunnels", "AVC-02"},
	{"vpn", tunnels(`"instance":2,"number":1,"inside":"169.254.21.0/30","keyGeneration":1`), "vpn.tunnels[0].instance", "AVG-06"},
	{"vpn", tunnels(`"instance":0,"number":3,"inside":"169.254.21.0/30","keyGeneration":1`), "vpn.tunnels[0].number", "AVC-02"},
	{"vpn", tunnels(`"instance":0,"number":2,"inside":"169.254.21.0/30","keyGeneration":1`), "vpn.tunnels[1].number", "AVC-02"},
	{"vpn", tunnels(`"instance":0,"number":1,"inside":"169.254.21.0/30"`), "vpn.tunnels[0].keyGeneration", "from 1"},
	{"vpn", tunnels(tunnel0 + `"inside":"169.254.21.0/29"`), "vpn.tunnels[0].inside", "AWV-14"},
	{"vpn", tunnels(tunnel0 + `"inside":"169.254.5.0/30"`), "vpn.tunnels[0].inside", "keeps this /30"},
	{"vpn", tunnels(tunnel0 + `"inside":"169.254.23.0/30"`), "vpn.tunnels[0].inside", "AVG-33"},
	{"vpn", tunnels(tunnel0 + `"inside":"10.9.0.0/30"`), "vpn.tunnels[0].inside", "169.254.0.0/16 only (AWV-14)"},
	{"vpn", tunnels(tunnel0 + `"inside":"169.254.21.2/30"`), "vpn.tunnels[0].inside", "bits beyond"},
	{"vpn", tunnels(`"instance":0,"number":1,"keyGeneration":1`), "vpn.tunnels[0].inside", "needs a range"},
}

var brokenNamesAndPorts = []broken{
	{"dns", `{"awsZone":"internal"}`, "dns.awsZone", "ADR-01"},
	{"dns", `{"awsZone":"private.aws.internal."}`, "dns.awsZone", "ADR-01"},
	{"dns", `{"azureZone":"a` + strings.Repeat(".a", 34) + `"}`, "dns.azureZone", "34 parts"},
	{"dns", `{"azureZone":"` + strings.Repeat(strings.Repeat("a", 60)+".", 4) + `internal.example"}`, "dns.azureZone", "253"},
	{"dns", `{"azureZone":"windows.net"}`, "dns.azureZone", "ADR-02"},
	{"dns", `{"awsZone":"private.azure.internal"}`, "dns.awsZone", "ADR-25"},
	{"dns", `{"awsZone":"aws.private.azure.internal"}`, "dns.awsZone", "ADR-25"},
	{"dns", `{"azureZone":"azure.private.aws.internal"}`, "dns.azureZone", "ADR-25"},
	{"dns", `{"relayRecord":"Relay"}`, "dns.relayRecord", "R53-06"},
	{"dns", `{"bunnyRecord":""}`, "dns.bunnyRecord", "R53-06"},
	{"dns", `{"relayRecord":"relay.private.aws.internal"}`, "dns.relayRecord", "added to it"},
	{"dns", `{"relayRecord":"` + strings.Repeat("a.", 120) + `a"}`, "dns.relayRecord", "253"},
	{"dns", `{"bunnyFrontend":"10.10.2.5"}`, "dns.bunnyFrontend", "outside"},
	{"dns", `{"bunnyFrontend":"10.10.1.2"}`, "dns.bunnyFrontend", "ANW-02"},
	{"dns", `{"bunnyFrontend":"fd00::1"}`, "dns.bunnyFrontend", "outside"},
	{"dns", `{"azureInbound":"10.10.3.3"}`, "dns.azureInbound", "ADR-12"},
	{"dns", `{"azureInbound":"10.10.3.15"}`, "dns.azureInbound", "ADR-12"},
	{"dns", `{"azureInbound":"10.10.3.20"}`, "dns.azureInbound", "outside"},
	{"k8s", `{"access":"tunnel"}`, "k8s.access", "two ways"},
	{"clusters", `{"eks":{"tunnelPort":443}}`, "clusters.eks.tunnelPort", "own machine"},
	{"clusters", `{"eks":{"tunnelPort":70000}}`, "clusters.eks.tunnelPort", "own machine"},
	{"k8s", `{"relay":{"namespace":"Relay"}}`, "k8s.relay.namespace", "DNS label"},
	{"k8s", `{"relay":{"namespace":"kube-system"}}`, "k8s.relay.namespace", "itself"},
	{"k8s", `{"bunny":{"namespace":"default"}}`, "k8s.bunny.namespace", "itself"},
	{"k8s", `{"bunny":{"namespace":""}}`, "k8s.bunny.namespace", "DNS label"},
	{"k8s", `{"relay":{"port":0}}`, "k8s.relay.port", "65535"},
	{"k8s", `{"relay":{"nodePort":8443}}`, "k8s.relay.nodePort", "NLB-16"},
	{"k8s", `{"relay":{"port":30443}}`, "k8s.relay.nodePort", "same"},
}

var allBroken = slices.Concat(brokenEstates, brokenNames, brokenRanges, brokenNetworks, brokenModes, brokenClusters, brokenVPNs, brokenNamesAndPorts)

// manyRanges is that many different ranges as JSON strings.
func manyRanges(n int) string {
	ranges := make([]string, n)
	for i := range ranges {
		ranges[i] = fmt.Sprintf(`"198.51.%d.%d/32"`, i/256, i%256)
	}
	return strings.Join(ranges, ",")
}

// manyClients is that many addresses of the default VPC as JSON strings.
func manyClients(n int) string {
	clients := make([]string, n)
	for i := range clients {
		clients[i] = fmt.Sprintf(`"10.0.8.%d/32"`, i)
	}
	return strings.Join(clients, ",")
}

func TestBrokenConfigurations(t *testing.T) {
	if len(allBroken) < 30 {
		t.Fatalf("only %d broken configurations", len(allBroken))
	}
	for _, b := range allBroken {
		t.Run(b.key, func(t *testing.T) {
			problems := refused(t, map[string]string{b.section: b.value}, emulated)
			found := false
			for _, p := range problems {
				complete(t, p)
				found = found || (p.Key == b.key && strings.Contains(p.Reason+p.Remedy, b.rule))
			}
			if !found {
				t.Errorf("%s %s: no problem at %s with %q:\n%v", b.section, b.value, b.key, b.rule, problems)
			}
		})
	}
}

// Every constraint has a configuration that breaks it.
func TestEveryConstraintIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, b := range allBroken {
		tried[pathOf(b.key)] = true
	}
	for path := range constraints {
		if !tried[path] {
			t.Errorf("no broken configuration for %s", path)
		}
	}
}

// Overlaps are found between any two whole networks, whichever they are.
func TestOverlapsPairwise(t *testing.T) {
	const shared = "10.99.0.0/16"
	set := map[string]func(*Plan, netip.Prefix){
		vpcKey:                     func(p *Plan, c netip.Prefix) { p.Network.AWS.CIDR = c },
		vnetKey:                    func(p *Plan, c netip.Prefix) { p.Network.Azure.CIDR = c },
		"clusters.eks.serviceCidr": func(p *Plan, c netip.Prefix) { p.Clusters.EKS.ServiceCIDR = c },
		"clusters.aks.podCidr":     func(p *Plan, c netip.Prefix) { p.Clusters.AKS.PodCIDR = c },
		"clusters.aks.serviceCidr": func(p *Plan, c netip.Prefix) { p.Clusters.AKS.ServiceCIDR = c },
		"vpn.tunnels[0].inside":    func(p *Plan, c netip.Prefix) { p.VPN.Tunnels[0].Inside = c },
		"vpn.tunnels[3].inside":    func(p *Plan, c netip.Prefix) { p.VPN.Tunnels[3].Inside = c },
	}
	keys := slices.Sorted(maps.Keys(set))
	for i, a := range keys {
		for _, b := range keys[:i] {
			p := Default()
			set[a](p, prefix(shared))
			set[b](p, prefix(shared))
			if !overlapFound(p, a, b) {
				t.Errorf("%s and %s both have %s, and nothing is said", a, b, shared)
			}
		}
	}
	if p := Default(); overlapFound(p, "", "") {
		t.Error("the default estate overlaps")
	}
}

// overlapFound says whether a problem stands at one of the keys and names the
// other; with empty keys, whether any overlap was found.
func overlapFound(p *Plan, a, b string) bool {
	v := &validator{plan: p, world: emulated}
	v.rangesApart()
	return slices.ContainsFunc(v.problems, func(problem Problem) bool {
		return (problem.Key == a && strings.Contains(problem.Reason, b)) || (problem.Key == b && strings.Contains(problem.Reason, a)) || a == b
	})
}

// The suffix counts in names, and the message says that it is at fault.
func TestSuffixCountsInNames(t *testing.T) {
	problems := refused(t, map[string]string{
		"estate": `{"suffix":"twelve-chars"}`,
		"k8s":    `{"relay":{"nlb":"relay-load-balancer-x"}}`, // 21 + 1 + 12
	}, emulated)
	if len(problems) != 1 || problems[0].Key != "k8s.relay.nlb" || problems[0].Value != "relay-load-balancer-x-twelve-chars" ||
		!strings.Contains(problems[0].Remedy, "estate.suffix") {
		t.Errorf("problems are\n%v", problems)
	}
	load(t, map[string]string{"estate": `{"suffix":"twelve-chars"}`})
}

// What is allowed is not refused: the edges of the rules, from inside.
func TestAllowedConfigurations(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"five tags":                     {"estate": `{"tags":{"a":"","b":"","c":"","d":"","TheAzureTeam":"x y"}}`},
		"umlauts":                       {"estate": `{"environment":"` + strings.Repeat("ü", 256) + `"}`},
		"one NAT gateway":               {"network": `{"aws":{"egress":"nat-single"}}`},
		"three zones":                   {"network": `{"aws":{"zones":[{` + zoneA + `},{"name":"eu-west-2b","private":"10.0.2.0/24","public":"10.0.102.0/24"},{"name":"eu-west-2c","private":"10.0.3.0/24","public":"10.0.103.0/24"}]}}`},
		"nodes without a control plane": {"network": `{"aws":{"region":"us-east-1","zones":[{"name":"us-east-1a","private":"10.0.1.0/24","public":"10.0.101.0/24"},{"name":"us-east-1b","private":"10.0.2.0/24","public":"10.0.102.0/24"},{"name":"us-east-1e","private":"10.0.3.0/24","public":"10.0.103.0/24"}]}}`},
		"largest gateway":               {"vpn": `{"sku":"VpnGw5AZ","generation":"Generation2"}`},
		"two generations":               {"vpn": `{"sku":"VpnGw2AZ","generation":"Generation2"}`},
		"edge ASNs":                     {"vpn": `{"awsAsn":65534,"azureAsn":1}`},
		"other regions":                 {"network": `{"aws":{"region":"us-east-1"},"azure":{"location":"westus3"}}`},
		"rotated key":                   {"vpn": tunnels(`"instance":0,"number":1,"inside":"169.254.21.0/30","keyGeneration":2`)},
		"last /30":                      {"vpn": tunnels(tunnel0 + `"inside":"169.254.22.252/30"`)},
		"no nodes":                      {"clusters": `{"eks":{"nodes":{"min":0,"desired":0,"max":1}}}`},
		"ten API clients":               {"clusters": `{"eks":{"apiClients":[` + manyClients(10) + `]}}`},
		"private API clients":           {"clusters": `{"eks":{"apiClients":["10.0.1.0/24","10.0.100.0/24","10.0.103.0/24"]}}`},
		"AKS upgrade":                   {"clusters": `{"aks":{"version":"1.35"}}`},
		"older kube-proxy":              {"clusters": `{"eks":{"addons":{"kubeProxy":"v1.33.5-eksbuild.2"}}}`},
		"big instance":                  {"clusters": `{"eks":{"nodes":{"instanceType":"m7i-flex.12xlarge"}}}`},
		"other machine sizes":           {"clusters": `{"aks":{"pool":{"vmSize":"Standard_D4ads_v5","diskGB":0}}}`},
		"two addresses":                 {"clusters": `{"aks":{"authorizedRanges":["198.51.100.7","198.51.100.8/32"]}}`},
		"whole world":                   {"clusters": `{"aks":{"authorizedRanges":["0.0.0.0/0"]}}`},
		"small pod range":               {"clusters": `{"aks":{"podCidr":"10.244.0.0/22"}}`},
		"small private":                 {"network": zones(`"name":"eu-west-2a","private":"10.0.1.0/27","public":"10.0.101.0/28"`)},
		"smallest subnets":              {"network": `{"azure":{"subnets":{"nodes":"10.10.1.0/28","gateway":"10.10.2.0/27"}}}`},
		"dotted record":                 {"dns": `{"relayRecord":"queue.relay"}`},
		"government role":               {"clusters": `{"eks":{"adminRoleArns":["arn:aws-us-gov:iam::123456789012:role/path/admin"]}}`},
		"own storage account":           {"network": `{"azure":{"storageAccount":"flowlogs01"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			load(t, values)
		})
	}
}

func TestShow(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{"", "(empty)"}, {"plain", "plain"}, {`with "quotes"`, `with "quotes"`}, {"two\nlines", `"two\nlines"`}, {" spaces ", `" spaces "`},
		{nil, "null"}, {true, "true"}, {7, "7"}, {[]any{1}, "a list of 1 item"}, {map[string]any{"b": 1, "a": 2}, "an object with 2 keys: a, b"},
		{netip.Prefix{}, "(empty)"}, {netip.Addr{}, "(empty)"}, {prefix("10.0.0.0/8"), "10.0.0.0/8"},
		{strings.Repeat("é", 81), strings.Repeat("é", 80) + "…"},
	} {
		if got := show(test.value); got != test.want {
			t.Errorf("show(%#v) = %s, want %s", test.value, got, test.want)
		}
	}
}
