package local

import (
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// names lists what the private zones of both clouds answer, and where each cloud
// asks the other.
func (s *screen) names() {
	t := section{heading: "Names", rows: [][]string{{"NAME", "TYPE", "ANSWER", "IN"}}}
	for _, r := range s.tx.All(awstype.Record) {
		t.rows = append(t.rows, []string{s.awsRecordName(r), r.Value("type"), awsAnswer(r), "Route 53"})
	}
	for _, r := range s.tx.All(azuretype.PrivateRecordSet) {
		name, typ, zone := azureRecord(r)
		t.rows = append(t.rows, []string{name + "." + zone, typ, azureAnswer(r), "Azure private DNS"})
	}
	for _, r := range s.tx.All(awstype.ResolverRule) {
		targets := strings.Join(r.Out.Strings("targetIps[*].ip"), ", ")
		t.rows = append(t.rows, []string{"*." + strings.TrimSuffix(r.Value("domainName"), "."), "", s.asks(r) + targets, "AWS"})
	}
	for _, r := range s.tx.All(azuretype.ForwardingRule) {
		targets := strings.Join(r.Out.Strings("targetDnsServers[*].ipAddress"), ", ")
		asks := "asks "
		if r.Props().Str("forwardingRuleState") == "Disabled" {
			asks = "is disabled, would ask "
		}
		t.rows = append(t.rows, []string{"*." + strings.TrimSuffix(r.Value("domainName"), "."), "", asks + targets, "Azure"})
	}
	s.add(t)
}

// asks says that somebody's questions go to a rule's targets, or that nobody's do: a
// rule does nothing until it is associated with a VPC (R53-16).
func (s *screen) asks(rule *inventory.Object) string {
	for _, a := range s.tx.All(awstype.ResolverRuleAssociation) {
		if a.In.Str("resolverRuleId") == rule.ID {
			return "asks "
		}
	}
	return "in no VPC, would ask "
}

// awsRecordName is the record's full name: it may be given relative to its zone.
func (s *screen) awsRecordName(r *inventory.Object) string {
	if fqdn := r.Out.Str("fqdn"); fqdn != "" {
		return strings.TrimSuffix(fqdn, ".")
	}
	name := r.Value("name")
	zone := s.tx.Get(awstype.Zone, r.Value("zoneId"))
	if zone == nil || strings.HasSuffix(name, zone.Value("name")) {
		return name
	}
	return name + "." + zone.Value("name")
}

func awsAnswer(r *inventory.Object) string {
	if alias := r.Out.Str("aliases[0].name"); alias != "" {
		return "as " + alias
	}
	return strings.Join(r.Out.Strings("records[*]"), ", ")
}

// azureRecord reads the name, the type and the zone of a record set from its ARM
// id, which ends in privateDnsZones/ZONE/TYPE/NAME.
func azureRecord(r *inventory.Object) (name, typ, zone string) {
	parts := strings.Split(r.ID, "/")
	if len(parts) < 4 {
		return r.ID, "", ""
	}
	n := len(parts)
	return parts[n-1], parts[n-2], parts[n-3]
}

func azureAnswer(r *inventory.Object) string {
	answers := r.Out.Strings("aRecords[*].ipv4Address")
	for _, text := range r.Out.Maps("txtRecords[*]") {
		answers = append(answers, `"`+strings.Join(text.Strings("value[*]"), "")+`"`)
	}
	return strings.Join(answers, ", ")
}
