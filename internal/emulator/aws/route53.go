package aws

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

func route53Kinds() []*emulator.Kind {
	return []*emulator.Kind{zone(), zoneAssociation(), record()}
}

const (
	sourceZone   = "route53/zone.go"
	sourceRecord = "route53/record.go"
)

var (
	route53Model = model("route53")
	domainName   = regexp.MustCompile(`^[0-9A-Za-z_*-]{1,63}(\.[0-9A-Za-z_-]{1,63})*\.?$`)
)

func zone() *emulator.Kind {
	k := tagged(dnsTags, &emulator.Kind{
		Type:     awstype.Zone,
		Words:    named(words("Route 53", "Route53 Hosted Zone", "CreateHostedZone", "UpdateHostedZoneComment", "DeleteHostedZone", "GetHostedZone")),
		Global:   true,
		AutoName: &emulator.AutoName{Property: "name", Max: 255},
		NewID: func(c *emulator.Call) (string, error) {
			return "Z" + letters(c.HexOf("zone", 40), upperAlphanumeric, 20), nil
		},
		Refs: []emulator.Ref{
			refersTo("vpcs[*].vpcId", "InvalidVPCId", "", moto("route53/exceptions.py"), awstype.Vpc),
		},
		Replace: forceNew(sourceZone, "name", "delegationSetId"),
		Rules: []emulator.Rule{
			atMostOne("R53-03", terraform(sourceZone), "delegationSetId", "vpcs"),
			refuse("R53-03", "InvalidDomainName", emulator.OpCreate, route53Model, badZoneName),
			refuse("R53-02", "ConflictingDomainExists", emulator.OpWrite, "hashicorp/terraform-provider-aws#37783", zoneConflict),
			refuse("VPC-33", "ConflictingDomainExists", emulator.OpWrite, "hashicorp/terraform-provider-aws#17269", zoneOverEndpoint),
			refuse("R53-04", "LastVPCAssociation", emulator.OpUpdate, moto("route53/exceptions.py"), zoneWithoutVpc),
			refuse("R53-05", "HostedZoneNotEmpty", emulator.OpDelete, moto("route53/exceptions.py"), zoneNotEmpty),
		},
		Fill:    fillZone,
		Refresh: refreshZone,
		Gone: func(c *emulator.Call) error {
			removeIf(c, func(o *inventory.Object) bool { return o.Value("zoneId") == c.ID }, awstype.Record, awstype.ZoneAssociation)
			return nil
		},
	})
	k.Rules = append(k.Rules, refuse("R53-25", "InvalidInput", emulator.OpWrite, route53Model, tooManyZoneTags))
	return k
}

// maxZoneTags is how many tags ChangeTagsForResource adds in one call.
const maxZoneTags = 10

// tooManyZoneTags counts the tags that one write adds or changes, which the
// provider sends in one call; a zone may have more.
func tooManyZoneTags(c *emulator.Call) string {
	before, n := c.Old.Map("tagsAll"), 0
	for key, value := range tagsAll(c) {
		if was, had := before[key]; !had || was != value {
			n++
		}
	}
	if n <= maxZoneTags {
		return ""
	}
	return fmt.Sprintf("Value at 'addTags' failed to satisfy constraint: Member must have length less than or equal to %d; it has %d.", maxZoneTags, n)
}

// canonicalName is how Route 53 compares names: lower case, no dot at the end.
func canonicalName(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

func badZoneName(c *emulator.Call) string {
	name := c.In.Str("name")
	if domainName.MatchString(name) && len(name) <= 255 {
		return ""
	}
	return fmt.Sprintf("%s is not a valid domain name", name)
}

// zoneVpcs are the VPCs that see a private zone.
func zoneVpcs(c *emulator.Call, zone *inventory.Object) []string {
	vpcs := zone.In.Strings("vpcs[*].vpcId")
	for _, o := range where(c, awstype.ZoneAssociation, "zoneId", zone.ID) {
		vpcs = append(vpcs, o.Value("vpcId"))
	}
	return vpcs
}

func zoneConflict(c *emulator.Call) string {
	for _, vpc := range c.In.Strings("vpcs[*].vpcId") {
		if other := zoneSeenBy(c, vpc, c.In.Str("name"), c.ID); other != "" {
			return sameDomain(vpc, other)
		}
	}
	return ""
}

func sameDomain(vpc, zone string) string {
	return fmt.Sprintf("The VPC %s has already been associated with the hosted zone %s with the same domain name.", vpc, zone)
}

// zoneSeenBy is another zone of the name that a VPC sees already.
func zoneSeenBy(c *emulator.Call, vpc, name, except string) string {
	for _, zone := range c.Tx.All(awstype.Zone) {
		if zone.ID != except && canonicalName(zone.Value("name")) == canonicalName(name) && slices.Contains(zoneVpcs(c, zone), vpc) {
			return zone.ID
		}
	}
	return ""
}

// zoneOverEndpoint finds interface endpoints whose private names the zone would hide.
func zoneOverEndpoint(c *emulator.Call) string {
	name := canonicalName(c.In.Str("name"))
	for _, vpc := range c.In.Strings("vpcs[*].vpcId") {
		for _, o := range where(c, awstype.VpcEndpoint, "vpcId", vpc) {
			if o.In.Bool("privateDnsEnabled") && endpointDomain(c.Region(), o.In) == name {
				return fmt.Sprintf("The VPC %s has an interface endpoint with private DNS for the domain %s.", vpc, name)
			}
		}
	}
	return ""
}

func zoneWithoutVpc(c *emulator.Call) string {
	private, left := len(c.OldIn.List("vpcs")) > 0, len(c.In.List("vpcs"))
	if !private || left > 0 || len(where(c, awstype.ZoneAssociation, "zoneId", c.ID)) > 0 {
		return ""
	}
	return lastVpcWords
}

const lastVpcWords = "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is " +
	"associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC from a hosted zone."

func zoneNotEmpty(c *emulator.Call) string {
	if c.In.Bool("forceDestroy") || len(where(c, awstype.Record, "zoneId", c.ID)) == 0 {
		return ""
	}
	return "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
}

func fillZone(c *emulator.Call) error {
	defaults(c, inventory.Props{
		"arn": "arn:aws:route53:::hostedzone/" + c.ID, "zoneId": c.ID, "comment": "Managed by Pulumi",
		"forceDestroy": false, "nameServers": nameServers(c), "primaryNameServer": nameServers(c)[0],
	})
	var vpcs []any
	for _, v := range c.In.Maps("vpcs[*]") {
		vpcs = append(vpcs, map[string]any{"vpcId": v.Str("vpcId"), "vpcRegion": v.StrOr("vpcRegion", c.Region())})
	}
	c.Out.Set("vpcs", vpcs)
	return nil
}

// nameServers of a private zone answer nobody outside and are always the same.
func nameServers(c *emulator.Call) []string {
	domains := []string{"com", "net", "org", "co.uk"}
	servers := make([]string, len(domains))
	for i, domain := range domains {
		number, group := i*512, 0
		if len(c.In.List("vpcs")) == 0 {
			number, group = number+spread(c, domain)%512, spread(c, domain)%64
		}
		servers[i] = fmt.Sprintf("ns-%d.awsdns-%02d.%s", number, group, domain)
	}
	return servers
}

// refreshZone shows VPCs that associations of their own have added: the zone's
// own list then flips on every run (PRV-15).
func refreshZone(c *emulator.Call) error {
	vpcs := slices.Clone(c.Out.List("vpcs"))
	for _, o := range where(c, awstype.ZoneAssociation, "zoneId", c.ID) {
		vpcs = append(vpcs, map[string]any{"vpcId": o.Value("vpcId"), "vpcRegion": o.Value("vpcRegion")})
	}
	c.Out.Set("vpcs", vpcs)
	return nil
}

func zoneAssociation() *emulator.Kind {
	const source = "route53/zone_association.go"
	return &emulator.Kind{
		Type:   awstype.ZoneAssociation,
		Words:  words("Route 53", "Route53 Zone Association", "AssociateVPCWithHostedZone", "AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone", "ListHostedZonesByVPC"),
		Global: true,
		NewID:  joined(":", "zoneId", "vpcId"),
		Refs: []emulator.Ref{
			refersTo("zoneId", "NoSuchHostedZone", "", moto("route53/exceptions.py"), awstype.Zone),
			refersTo("vpcId", "InvalidVPCId", "", moto("route53/exceptions.py"), awstype.Vpc),
		},
		Replace: forceNew(source, "zoneId", "vpcId", "vpcRegion"),
		Rules: []emulator.Rule{
			refuse("R53-03", "PublicZoneVPCAssociation", emulator.OpCreate, moto("route53/exceptions.py"), publicZone),
			refuse("R53-02", "ConflictingDomainExists", emulator.OpCreate, "hashicorp/terraform-provider-aws#37783", associationConflict),
			refuse("R53-04", "LastVPCAssociation", emulator.OpDelete, moto("route53/exceptions.py"), lastAssociation),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"owningAccount": c.Account().AWSAccount, "vpcRegion": c.Region()})
			return nil
		},
	}
}

func publicZone(c *emulator.Call) string {
	zone := c.Tx.Get(awstype.Zone, c.In.Str("zoneId"))
	if zone == nil || len(zoneVpcs(c, zone)) > 0 {
		return ""
	}
	return "You're trying to associate a VPC with a public hosted zone. " +
		"Amazon Route 53 doesn't support associating a VPC with a public hosted zone."
}

func associationConflict(c *emulator.Call) string {
	name := valueOf(c, awstype.Zone, c.In.Str("zoneId"), "name")
	if other := zoneSeenBy(c, c.In.Str("vpcId"), name, c.In.Str("zoneId")); other != "" {
		return sameDomain(c.In.Str("vpcId"), other)
	}
	return ""
}

func lastAssociation(c *emulator.Call) string {
	zone := c.Tx.Get(awstype.Zone, c.In.Str("zoneId"))
	if zone == nil || len(zoneVpcs(c, zone)) > 0 { // the call's own is left out
		return ""
	}
	return lastVpcWords
}

// recordTypes are those that Route 53 knows.
var recordTypes = []string{
	"SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB", "HTTPS",
}

func record() *emulator.Kind {
	return &emulator.Kind{
		Type:   awstype.Record,
		Words:  words("Route 53", "Route53 Record", "ChangeResourceRecordSets", "ChangeResourceRecordSets", "ChangeResourceRecordSets", "ListResourceRecordSets"),
		Global: true,
		NewID: func(c *emulator.Call) (string, error) {
			id := fmt.Sprintf("%s_%s_%s", c.In.Str("zoneId"), canonicalName(c.In.Str("name")), c.In.Str("type"))
			if set := c.In.Str("setIdentifier"); set != "" {
				id += "_" + set
			}
			return id, nil
		},
		Refs: []emulator.Ref{
			refersTo("zoneId", "NoSuchHostedZone", "", moto("route53/exceptions.py"), awstype.Zone),
		},
		Replace: forceNew(sourceRecord, "zoneId", "name"),
		Rules: []emulator.Rule{
			oneOf("R53-06", "type", terraform(sourceRecord), recordTypes...),
			exactlyOne("R53-06", terraform(sourceRecord), "aliases", "records"),
			atMostOne("R53-06", terraform(sourceRecord), "aliases", "ttl"),
			provider("R53-06", "ttl", terraform(sourceRecord), recordsWithoutTTL),
			refuse("R53-06", "InvalidChangeBatch", emulator.OpWrite, route53Model, recordExists),
			refuse("R53-06", "InvalidChangeBatch", emulator.OpWrite, route53Model, aliasToNothing),
			refuse("R53-06", "InvalidChangeBatch", emulator.OpWrite, route53Model, cnameWhereForbidden),
			refuse("R53-06", "InvalidChangeBatch", emulator.OpWrite, route53Model, badRecordValue),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"fqdn": fqdn(c, c.In), "allowOverwrite": false})
			return nil
		},
	}
}

func recordsWithoutTTL(c *emulator.Call) string {
	if c.In.Has("records") && !c.In.Has("ttl") {
		return "\"records\": all of `records,ttl` must be specified"
	}
	return ""
}

// fqdn is the whole name of a record. What is not in the zone is taken for
// relative to it, as the provider does; a record outside its zone cannot be
// written down.
func fqdn(c *emulator.Call, in inventory.Props) string {
	zone := canonicalName(valueOf(c, awstype.Zone, in.Str("zoneId"), "name"))
	name := canonicalName(in.Str("name"))
	if name == "" {
		return zone
	}
	if name == zone || strings.HasSuffix(name, "."+zone) {
		return name
	}
	return name + "." + zone
}

// sameName are the other records of the zone with the same whole name.
func sameName(c *emulator.Call) []*inventory.Object {
	mine := fqdn(c, c.In)
	return slices.DeleteFunc(where(c, awstype.Record, "zoneId", c.In.Str("zoneId")), func(o *inventory.Object) bool {
		return fqdn(c, o.In) != mine
	})
}

func recordExists(c *emulator.Call) string {
	if c.In.Bool("allowOverwrite") {
		return ""
	}
	for _, o := range sameName(c) {
		if o.Value("type") == c.In.Str("type") && o.Value("setIdentifier") == c.In.Str("setIdentifier") {
			return fmt.Sprintf("Tried to create resource record set [name='%s.', type='%s'] but it already exists", fqdn(c, c.In), c.In.Str("type"))
		}
	}
	return ""
}

// aliasToNothing: an alias in a hosted zone of Elastic Load Balancing must name a
// load balancer; one in a zone of the account must name a record.
func aliasToNothing(c *emulator.Call) string {
	for _, alias := range c.In.Maps("aliases[*]") {
		zone, name := alias.Str("zoneId"), canonicalName(alias.Str("name"))
		if aliasTarget(c, zone, strings.TrimPrefix(name, "dualstack.")) {
			continue
		}
		return fmt.Sprintf("Tried to create an alias that targets %s., type %s in zone %s, but that target was not found",
			name, c.In.Str("type"), zone)
	}
	return ""
}

func aliasTarget(c *emulator.Call, zone, name string) bool {
	for _, balancer := range c.Tx.Everywhere().All(awstype.LoadBalancer) {
		if canonicalName(balancer.Value("dnsName")) == name && balancer.Value("zoneId") == zone {
			return true
		}
	}
	for _, endpoint := range c.Tx.Everywhere().All(awstype.VpcEndpoint) {
		if slices.Contains(endpoint.Out.Strings("dnsEntries[*].dnsName"), name) {
			return true
		}
	}
	return slices.ContainsFunc(where(c, awstype.Record, "zoneId", zone), func(o *inventory.Object) bool {
		return fqdn(c, o.In) == name && o.Value("type") == c.In.Str("type")
	})
}

func cnameWhereForbidden(c *emulator.Call) string {
	name, zone := fqdn(c, c.In), canonicalName(valueOf(c, awstype.Zone, c.In.Str("zoneId"), "name"))
	isCNAME := c.In.Str("type") == "CNAME"
	if isCNAME && name == zone {
		return fmt.Sprintf("RRSet of type CNAME with DNS name %s. is not permitted at apex in zone %s.", name, zone)
	}
	for _, o := range sameName(c) {
		if isCNAME != (o.Value("type") == "CNAME") {
			return fmt.Sprintf("RRSet of type %s with DNS name %s. is not permitted because a conflicting RRSet of type %s "+
				"with the same DNS name already exists in zone %s.", c.In.Str("type"), name, o.Value("type"), zone)
		}
	}
	return ""
}

func badRecordValue(c *emulator.Call) string {
	typ := c.In.Str("type")
	for _, value := range c.In.Strings("records") {
		if problem := valueProblem(typ, value); problem != "" {
			return fmt.Sprintf("Invalid Resource Record: '%s' encountered with '%s'", problem, value)
		}
	}
	return ""
}

func valueProblem(typ, value string) string {
	a, err := netip.ParseAddr(value)
	switch {
	case typ == "A" && (err != nil || !a.Is4()):
		return "FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
	case typ == "AAAA" && (err != nil || !a.Is6()):
		return "FATAL problem: AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
	case typ == "TXT" && len(value) > 255 && !strings.Contains(value, `" "`) && !strings.Contains(value, `""`):
		return "FATAL problem: TXTRDATATooLong (Value is too long)"
	case typ == "CNAME" && !domainName.MatchString(value):
		return "FATAL problem: DomainLabelEmpty (Value is no domain name)"
	}
	return ""
}
