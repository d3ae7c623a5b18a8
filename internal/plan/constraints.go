package plan

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Constraint is what one value can be held to by itself. The JSON schema is
// made of the same constraints that [Load] enforces.
type Constraint struct {
	Pattern *regexp.Regexp // of strings; in the dialect that ECMAScript shares
	OneOf   []string       // the only strings
	// Longest bounds strings with a Pattern, in characters; 0 means no bound. It
	// stands apart where the repetition would make a pattern of some megabytes.
	Longest int
	Days    []int // the only numbers
	// Min and Max bound numbers, both included, where Bounded.
	Bounded  bool
	Min, Max int
	// MinItems and MaxItems bound lists; 0 means no bound. Items of a Unique
	// list differ in more than case.
	MinItems, MaxItems int
	Unique             bool
	// Address says that a range may be written as one address: nobody can mean
	// anything else by it.
	Address bool

	reason  string
	remedy  string
	explain func(value string) string // a better reason for some values, or ""
}

// Constraints are the constraints by path. Items of lists are written with [],
// as in vpn.tunnels[].instance.
func Constraints() map[string]Constraint { return maps.Clone(constraints) }

func form(pattern, reason, remedy string) Constraint {
	return Constraint{Pattern: regexp.MustCompile(pattern), reason: reason, remedy: remedy}
}

// tag is the value of a tag that both clouds take.
func tag(remedy string) Constraint {
	c := form(tagPattern, tagReason, remedy)
	c.Longest = maxTagValue
	return c
}

func numbers(min, max int, reason string) Constraint {
	remedy := fmt.Sprintf("write a number from %d to %d", min, max)
	if max == math.MaxInt32 {
		remedy = fmt.Sprintf("write %d or more", min)
	}
	return Constraint{Bounded: true, Min: min, Max: max, reason: reason, remedy: remedy}
}

func choice(values []string, reason string) Constraint {
	return Constraint{OneOf: values, reason: reason}
}

func list(min, max int, reason, remedy string) Constraint {
	return Constraint{MinItems: min, MaxItems: max, Unique: true, reason: reason, remedy: remedy}
}

const (
	tagPattern   = `^[\p{L}\p{Z}\p{N}_.:/=+@-]+$`
	tagReason    = "a tag's value has 256 characters at most, and AWS takes letters, digits, spaces and _ . : / = + - @ (TAG-01, TAG-03)"
	guidPattern  = `^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`
	guidReason   = "the id is a GUID: 32 hexadecimal digits as 8-4-4-4-12"
	labelPattern = `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`
	addonPattern = `^v\d+\.\d+\.\d+-eksbuild\.\d+$`
	addonReason  = "this is no version of an EKS add-on"
	addonRemedy  = "write one that `aws eks describe-addon-versions` lists for the cluster's version, such as v1.20.4-eksbuild.2"
	nameRemedy   = "write such a name"
)

var constraints = map[string]Constraint{
	// The suffix ends every name: load balancers have the shortest, 32
	// characters, and none may end in a hyphen.
	"estate.suffix": form(`^([a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?)?$`,
		"the suffix ends the names of both clouds, and load balancers take letters, digits and inner hyphens only (NLB-01)",
		"write 1 to 12 lower-case letters, digits and hyphens, none at either end, or leave it empty"),
	"estate.environment": tag("write a word such as dev"),
	"estate.project":     tag("write a word"),
	"estate.owner":       tag("write the name of a team"),

	"network.aws.accountId": form(`^\d{12}$`, "an AWS account id has twelve digits",
		"write what `aws sts get-caller-identity` calls Account, in quotes"),
	"network.aws.region": choice(slices.Sorted(maps.Keys(awsRegions)), "Burrow does not know this region and its zones (VPC-05)"),
	"network.aws.zones": {MinItems: 2, remedy: "write two zones",
		reason: "an EKS cluster needs subnets in two zones (EKS-02), and so do the resolver endpoints (R53-09)"},
	"network.aws.egress": choice([]string{string(EgressNATPerZone), string(EgressNATSingle), string(EgressEndpoints)},
		"Burrow has no such way out of the VPC"),
	"network.aws.vpcId": form(`^(vpc-([0-9a-f]{8}|[0-9a-f]{17}))?$`, "a VPC's id is vpc- and 8 or 17 hexadecimal digits",
		"write what `aws ec2 describe-vpcs` calls VpcId, or leave it empty to have a VPC made"),
	"network.aws.internetGatewayId": form(`^(igw-([0-9a-f]{8}|[0-9a-f]{17}))?$`, "an internet gateway's id is igw- and 8 or 17 hexadecimal digits",
		"write what `aws ec2 describe-internet-gateways` calls InternetGatewayId"),
	"network.aws.logRetentionDays": {Days: awsLogRetention,
		reason: "CloudWatch Logs keeps logs for certain numbers of days only (LOG-17), and Burrow none for less than 30: an incident is often older than that"},
	"network.aws.logKeyArn": form(`^(arn:aws:kms:[a-z0-9-]+:\d{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}))?$`,
		"log groups take the ARN of a KMS key, not an alias or an id (LOG-18)", "write what `aws kms describe-key` calls Arn, or leave it empty to have a key made"),

	"network.azure.subscriptionId": form(guidPattern, guidReason, "write what `az account show` calls id"),
	"network.azure.tenantId":       form(guidPattern, guidReason, "write what `az account show` calls tenantId"),
	"network.azure.location": choice(azureLocations,
		"Burrow knows no Azure region of this name that has availability zones, and the gateway is zone-redundant (AVG-08)"),
	// The nodes' own group is named after it, with -nodes: 63 characters together.
	"network.azure.resourceGroup": form(`^[0-9A-Za-z_.()-]{0,56}[0-9A-Za-z_()-]$`,
		"a resource group's name has letters, digits and _ - . ( ), no dot last (NAM-03), and becomes, with -nodes, a label of the nodes: 57 characters at most (AKS-04)", nameRemedy),
	"network.azure.networkWatcher.name": form(`^[0-9A-Za-z]([0-9A-Za-z_.-]{0,78}[0-9A-Za-z_])?$`,
		"a network watcher's name has 1 to 80 letters, digits and _ . -, a letter or digit first, no . or - last (NAM-01)", nameRemedy),
	"network.azure.networkWatcher.resourceGroup": form(`^[0-9A-Za-z_.()-]{0,89}[0-9A-Za-z_()-]$`,
		"a resource group's name has 1 to 90 letters, digits and _ - . ( ), no dot last (NAM-03)", nameRemedy),
	"network.azure.vnetId": form(`^(/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]{1,90}/providers/Microsoft\.Network/virtualNetworks/[^/]{2,64})?$`,
		"a VNet's id is /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/NAME",
		"write what `az network vnet show` calls id, or leave it empty to have a VNet made"),
	"network.azure.logRetentionDays": numbers(30, 365, "Log Analytics keeps 30 days at least (LOG-20) and flow logs end at 365 (LOG-06)"),
	"network.azure.storageAccount": form(`^[a-z0-9]{3,24}$`, "a storage account's name has 3 to 24 lower-case letters and digits (NAM-04)",
		"write such a name, or leave the key out to have one made"),

	"clusters.eks.tunnelPort": numbers(1024, 65535, "it is a port that everybody may listen at on their own machine"),
	"clusters.eks.name": form(`^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$`,
		"an EKS cluster's name has 1 to 100 letters, digits, - and _, a letter or digit first (EKS-01)", nameRemedy),
	"clusters.eks.adminRoleArns": list(1, 0, "nobody could administer the cluster: its creator gets no rights (EKS-15)", "write the ARN of an IAM role"),
	"clusters.eks.adminRoleArns[]": {
		Pattern: regexp.MustCompile(`^arn:aws(-[a-z]+)*:iam::\d{12}:role/[0-9A-Za-z_+=,.@/-]{1,576}$`), explain: sessionARN,
		reason: "an administrator is an IAM role, and this is no role's ARN (EKS-16)", remedy: "write arn:aws:iam::ACCOUNT:role/NAME"},
	"clusters.eks.apiClients": list(0, 10, "each range is a rule of the cluster's security group, which holds 60 with EKS's own (VPC-24), and Burrow takes 10 at most",
		"write fewer ranges, neighbouring ones joined"),
	"clusters.eks.apiClients[]": {Address: true},
	"clusters.eks.nodes.name": form(`^[0-9A-Za-z][0-9A-Za-z_-]{0,62}$`,
		"a node group's name has 1 to 63 letters, digits, - and _, a letter or digit first (EKS-22)", nameRemedy),
	"clusters.eks.nodes.instanceType": form(`^[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|([2-9]|[1-9]\d+)?xlarge|metal(-\d+xl)?)$`,
		"an instance type is a family and a size (EKS-28)", "write one such as t3.medium"),
	"clusters.eks.nodes.min":          numbers(0, math.MaxInt32, "a node group cannot have fewer than no nodes (EKS-23)"),
	"clusters.eks.nodes.max":          numbers(1, math.MaxInt32, "a node group must be able to have one node (EKS-23)"),
	"clusters.eks.nodes.diskGiB":      numbers(20, 16384, "the Amazon Linux 2023 node image needs 20 GiB, and gp3 volumes end at 16384"),
	"clusters.eks.addons.vpcCni":      form(addonPattern, addonReason, addonRemedy),
	"clusters.eks.addons.kubeProxy":   form(addonPattern, addonReason, addonRemedy),
	"clusters.eks.addons.coredns":     form(addonPattern, addonReason, addonRemedy),
	"clusters.eks.addons.podIdentity": form(addonPattern, addonReason, addonRemedy),

	"clusters.aks.name": form(`^[0-9A-Za-z]([0-9A-Za-z_-]{0,61}[0-9A-Za-z])?$`,
		"an AKS cluster's name has 1 to 63 letters, digits, - and _, letters or digits at both ends (AKS-02)", nameRemedy),
	"clusters.aks.tier": choice([]string{"Free", "Standard", "Premium"}, "AKS has no such tier (AKS-15)"),
	"clusters.aks.networkPolicy": choice([]string{string(PolicyCilium), string(PolicyAzure), string(PolicyCalico)},
		"AKS has no such policy engine for Azure CNI overlay (AKS-18)"),
	"clusters.aks.adminGroupIds":   list(1, 0, "nobody could administer the cluster: local accounts are off (AKS-38)", "write the object id of an Entra group"),
	"clusters.aks.adminGroupIds[]": form(guidPattern, guidReason+" (AKS-38)", "write what `az ad group show --group NAME` calls id"),
	"clusters.aks.authorizedRanges": list(1, 200,
		"without a range the public API is open to everybody, and AKS takes 200 at most (AKS-37)", "write the ranges from which people and CI work, neighbouring ones joined"),
	"clusters.aks.authorizedRanges[]": {Address: true},
	"clusters.aks.pool.name": form(`^[a-z][a-z0-9]{0,11}$`,
		"an AKS pool's name has 1 to 12 lower-case letters and digits, a letter first (AKS-01)", "write such a name, for example bunny"),
	"clusters.aks.pool.vmSize":  form(`^Standard_[A-Z]{1,3}\d+(-\d+)?[a-z]*(_[A-Za-z0-9]+)*$`, "this is no name of an Azure machine size (AKS-09)", "write one such as Standard_B2ms"),
	"clusters.aks.pool.min":     numbers(1, 1000, "a system pool with autoscaling has 1 to 1000 nodes (AKS-08)"),
	"clusters.aks.pool.max":     numbers(1, 1000, "a system pool with autoscaling has 1 to 1000 nodes (AKS-08)"),
	"clusters.aks.pool.zones":   list(1, 3, "a pool without zones may have all its nodes in one place, and there are three (AKS-09)", `write ["1", "2", "3"]`),
	"clusters.aks.pool.zones[]": choice([]string{"1", "2", "3"}, "Azure's zones are 1, 2 and 3 (AKS-09)"),
	"clusters.aks.pool.diskGB":  numbers(0, 2048, "a node's disk has 0 to 2048 GB, 0 meaning what the machine size comes with (AKS-11)"),

	"vpn.awsAsn": {Bounded: true, Min: 64512, Max: largestASN, remedy: awsASNRemedy,
		reason: "a virtual private gateway takes 64512 to 65534 or 4200000000 to 4294967294 (AWV-04), and whether Azure takes the long ones its documentation says both (AVG-29)"},
	"vpn.azureAsn": {Bounded: true, Min: 1, Max: largestASN, remedy: azureASNRemedy,
		reason: "0 and 65535 to 65551 are reserved (AVG-26), AWS takes 2147483647 at most (AWV-01), and whether Azure takes more than 16 bits its documentation says both (AVG-29)"},
	"vpn.sku": {OneOf: slices.Sorted(maps.Keys(gatewaySKUs)), explain: refusedSKU,
		reason: "Azure has no such gateway size (AVG-03)"},
	"vpn.suite":      choice(suiteNames(), "Burrow knows no suite of this name that both clouds speak (XV-01 to XV-06)"),
	"vpn.awsGateway": choice([]string{string(VirtualPrivateGateway), string(TransitGateway)}, "a VPN connection ends at one of two kinds of gateway (AWV-12)"),
	"vpn.routing": {OneOf: []string{string(RoutingBGP)}, remedy: "write bgp, or leave the key out",
		reason: "four tunnels lead to the same networks, and Azure documents that connections with the same prefixes need BGP (AVC-33)"},
	"vpn.tunnels": {MinItems: 4, MaxItems: 4, remedy: "write four tunnels: instances 0 and 1, each with the numbers 1 and 2",
		reason: "two gateway instances with two tunnels each make exactly four (AVC-02)"},
	"vpn.tunnels[].instance":      numbers(0, 1, "an active-active gateway has the instances 0 and 1 (AVG-06)"),
	"vpn.tunnels[].number":        numbers(1, 2, "a VPN connection has the tunnels 1 and 2 (AVC-02)"),
	"vpn.tunnels[].keyGeneration": numbers(1, math.MaxInt32, "generations of a key are counted from 1"),

	"dns.awsZone":     form(zonePattern, zoneReason, zoneRemedy),
	"dns.azureZone":   form(zonePattern, zoneReason, zoneRemedy),
	"dns.relayRecord": form(recordPattern, recordReason, "write a word such as relay"),
	"dns.bunnyRecord": form(recordPattern, recordReason, "write a word such as bunny"),

	"k8s.access":          choice([]string{string(AccessSSM), string(AccessDirect)}, "Burrow knows two ways to the private API: through a node by Session Manager, and directly"),
	"k8s.relay.namespace": form(`^`+labelPattern+`$`, namespaceReason, nameRemedy),
	"k8s.bunny.namespace": form(`^`+labelPattern+`$`, namespaceReason, nameRemedy),
	"k8s.relay.port":      numbers(1, 65535, "TCP ports are numbered from 1 to 65535"),
	"k8s.relay.nodePort":  numbers(30000, 32767, "Kubernetes takes node ports from 30000 to 32767 (NLB-16)"),
	"k8s.relay.image": form(`^([a-z0-9.-]+(:\d+)?/[a-z0-9._/-]+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?)?$`,
		"an image is a registry, a repository, and a tag or a digest", "write one such as 123456789012.dkr.ecr.eu-west-2.amazonaws.com/relay:1.0, or leave it empty"),
	"k8s.relay.nlb": form(`^[0-9A-Za-z]([0-9A-Za-z-]{0,30}[0-9A-Za-z])?$`,
		"a load balancer's name has 1 to 32 letters, digits and inner hyphens (NLB-01)", nameRemedy),

	"watch.emails": list(1, 10, "an alarm that reaches nobody helps nobody, and Burrow tells 10 addresses at most",
		"write the address of whoever is on call; a list address can stand for many"),
	"watch.emails[]": form(`^[^@\s]+@[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)+$`,
		"this is no mail address", "write one such as oncall@example.com"),
	"watch.bandwidthPercent": numbers(10, 100, "it is a share of what one tunnel can carry"),
}

const (
	zonePattern     = `^` + labelPattern + `(\.` + labelPattern + `)+$`
	zoneReason      = "a private zone's name has two parts or more, each of 1 to 63 lower-case letters, digits and inner hyphens (ADR-01)"
	zoneRemedy      = "write a name such as private.aws.internal, without a dot at its end"
	recordPattern   = `^` + labelPattern + `(\.` + labelPattern + `)*$`
	recordReason    = "a record's name is relative to its zone and has lower-case letters, digits and inner hyphens (R53-06)"
	namespaceReason = "a namespace is a DNS label: 1 to 63 lower-case letters, digits and inner hyphens (NPL-03)"
)

// constrained holds every value to its constraint. Derived values that stayed
// empty are passed over: what they follow from is wrong and reported itself.
func (v *validator) constrained() {
	leaves(reflect.ValueOf(v.plan).Elem(), "", func(key string, value reflect.Value, derived bool) {
		c, found := constraints[pathOf(key)]
		if !found || (derived && value.IsZero()) {
			return
		}
		switch value.Kind() {
		case reflect.String:
			v.constrainText(key, value.String(), c)
		case reflect.Slice:
			v.constrainList(key, value, c)
		case reflect.Int:
			v.constrainNumber(key, int(value.Int()), c)
		case reflect.Uint32:
			v.constrainNumber(key, int(value.Uint()), c)
		}
	})
}

func (v *validator) constrainText(key, text string, c Constraint) {
	switch {
	case c.OneOf != nil && c.remedy != "":
		v.need(slices.Contains(c.OneOf, text), key, text, c.because(text), c.remedy)
		return
	case c.OneOf != nil:
		v.oneOf(key, text, c.OneOf, c.because(text))
		return
	}
	fits := c.Pattern.MatchString(text) && (c.Longest == 0 || utf8.RuneCountInString(text) <= c.Longest)
	v.need(fits, key, text, c.because(text), c.remedy)
}

func (c Constraint) because(text string) string {
	if c.explain != nil {
		if better := c.explain(text); better != "" {
			return better
		}
	}
	return c.reason
}

func (v *validator) constrainNumber(key string, n int, c Constraint) {
	if c.Days != nil {
		v.need(slices.Contains(c.Days, n), key, n, c.reason, "write one of "+strings.Trim(fmt.Sprint(c.Days), "[]"))
		return
	}
	v.need(n >= c.Min && n <= c.Max, key, n, c.reason, c.remedy)
}

func (v *validator) constrainList(key string, items reflect.Value, c Constraint) {
	n := items.Len()
	v.need(n >= c.MinItems && (c.MaxItems == 0 || n <= c.MaxItems), key, plural(n, "item"), c.reason, c.remedy)
	if !c.Unique {
		return
	}
	first := map[string]int{}
	for i := range n {
		text := fmt.Sprint(items.Index(i).Interface())
		if before, twice := first[strings.ToLower(text)]; twice {
			v.refuse(fmt.Sprintf("%s[%d]", key, i), text, fmt.Sprintf("it stands at %d in the list already", before+1), "take the second one out")
			continue
		}
		first[strings.ToLower(text)] = i
	}
}

// sessionARN explains the most frequent mistake: what a shell calls its
// identity is a session of a role.
func sessionARN(arn string) string {
	if strings.Contains(arn, ":assumed-role/") {
		return "this is a session of a role, not the role (EKS-16)"
	}
	return ""
}

func refusedSKU(sku string) string {
	if _, zonal := gatewaySKUs[sku+"AZ"]; zonal {
		return "gateways without availability zones can no longer be created (AVG-01)"
	}
	if sku == "Basic" {
		return "Basic gateways know neither BGP nor active-active nor a custom policy (AVG-04)"
	}
	return ""
}

// leaves visits every value of a struct by key: scalars, lists, then the items
// of lists. Derived says that the field's value follows from others when it is
// left out.
func leaves(s reflect.Value, at string, visit func(key string, value reflect.Value, derived bool)) {
	for key, field := range fieldsByKey(s.Type()) {
		leaf(s.FieldByIndex(field.Index), join(at, key), field.Tag.Get("plan") == "derived", visit)
	}
}

func leaf(value reflect.Value, key string, derived bool, visit func(key string, value reflect.Value, derived bool)) {
	switch {
	case value.Type() == prefixType || value.Type() == addrType:
		visit(key, value, derived)
	case value.Kind() == reflect.Struct:
		leaves(value, key, visit)
	case value.Kind() == reflect.Slice:
		visit(key, value, derived)
		for i := range value.Len() {
			leaf(value.Index(i), key+"["+strconv.Itoa(i)+"]", derived, visit)
		}
	default:
		visit(key, value, derived)
	}
}

var indexes = regexp.MustCompile(`\[\d+\]`)

// pathOf is a key without the indexes of its lists.
func pathOf(key string) string { return indexes.ReplaceAllString(key, "[]") }
