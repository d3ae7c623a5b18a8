package plan

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

var vpnRules = []func(*validator){
	(*validator).awsASN,
	(*validator).azureASN,
	(*validator).asnPair,
	(*validator).gatewayGeneration,
	(*validator).tunnelPlaces,
	(*validator).tunnelInsides,
}

// asnSpan is a span of autonomous system numbers, both ends included.
type asnSpan struct{ first, last uint32 }

func inSpans(asn uint32, spans []asnSpan) bool {
	return slices.ContainsFunc(spans, func(s asnSpan) bool { return s.first <= asn && asn <= s.last })
}

var (
	// azureOwnASNs may not be used by Azure's peers (AVG-27).
	azureOwnASNs = []asnSpan{{8074, 8075}, {12076, 12076}, {65515, 65515}, {65517, 65520}}
	// ianaASNs are reserved by IANA and refused by Azure (AVG-26).
	// Those above 16 bits are refused anyway.
	ianaASNs = []asnSpan{{23456, 23456}, {64496, 64511}}
)

// largestASN is where 16 bits end; whether Azure takes more, its documentation
// says both (AVG-29).
const largestASN = 65534

const (
	awsASNRemedy   = "write a number from 64512 to 65534 that is not Azure's; 64512 is usual"
	azureASNRemedy = "write a number up to 65534 that is not reserved; 65515 is Azure's default"
)

func (v *validator) awsASN() {
	asn := v.plan.VPN.AWSASN
	v.need(!inSpans(asn, azureOwnASNs), "vpn.awsAsn", asn, "Azure keeps this ASN for itself and refuses it in a peer (AVG-27)", awsASNRemedy)
}

func (v *validator) azureASN() {
	asn := v.plan.VPN.AzureASN
	v.need(!inSpans(asn, ianaASNs), "vpn.azureAsn", asn, "IANA keeps this ASN, and Azure refuses it (AVG-26)", azureASNRemedy)
}

func (v *validator) asnPair() {
	vpn := v.plan.VPN
	v.need(vpn.AWSASN != vpn.AzureASN, "vpn.azureAsn", vpn.AzureASN,
		"vpn.awsAsn is the same, and the two sides speak external BGP (AVG-28, AWV-05)", "write different numbers; 64512 and 65515 are usual")
}

func (v *validator) gatewayGeneration() {
	vpn := v.plan.VPN
	if generations, known := gatewaySKUs[vpn.SKU]; known {
		v.oneOf("vpn.generation", vpn.Generation, generations, vpn.SKU+" does not come in this generation (AVG-05)")
	}
}

// tunnelPlaces: each Azure instance is one AWS connection, and a connection has
// two tunnels, each with its own BGP peer (AVC-02).
func (v *validator) tunnelPlaces() {
	seen := map[string]bool{}
	for i, t := range v.plan.VPN.Tunnels {
		key := fmt.Sprintf("vpn.tunnels[%d].", i)
		if seen[t.Name()] {
			v.refuse(key+"number", t.Number, fmt.Sprintf("instance %d has a tunnel %d already (AVC-02)", t.Instance, t.Number), "give each instance the numbers 1 and 2")
		}
		seen[t.Name()] = true
	}
}

// azureInsideRange is where Azure takes custom BGP addresses from (AVG-33).
var azureInsideRange = []netip.Prefix{prefix("169.254.21.0/24"), prefix("169.254.22.0/24")}

// awsKeptInsides are the /30s that AWS keeps for itself (AWV-14).
var awsKeptInsides = []netip.Prefix{
	prefix("169.254.0.0/30"), prefix("169.254.1.0/30"), prefix("169.254.2.0/30"),
	prefix("169.254.3.0/30"), prefix("169.254.4.0/30"), prefix("169.254.5.0/30"),
	prefix("169.254.169.252/30"),
}

const insideRemedy = "choose a /30 in 169.254.21.0 to 169.254.22.255 that no other tunnel has"

func (v *validator) tunnelInsides() {
	for i, t := range v.plan.VPN.Tunnels {
		key := fmt.Sprintf("vpn.tunnels[%d].inside", i)
		if !ipv4(t.Inside) || t.Inside.Bits() != 30 {
			continue // the rule about sizes says so
		}
		inside := t.Inside.Masked()
		within := func(block netip.Prefix) bool { return contains(block, inside) }
		v.need(within(linkLocal.cidr), key, t.Inside, "AWS takes tunnel insides from 169.254.0.0/16 only (AWV-14)", insideRemedy)
		v.need(!slices.ContainsFunc(awsKeptInsides, within), key, t.Inside, "AWS keeps this /30 for itself (AWV-14)", insideRemedy)
		v.need(slices.ContainsFunc(azureInsideRange, within), key, t.Inside, "Azure takes custom BGP addresses from 169.254.21.0 to 169.254.22.255 only (AVG-33, XV-08)", insideRemedy)
	}
}

// CheckRotation compares the key generations of the last run, by tunnel name,
// with those of the plan. A new key takes its tunnel away for minutes: Azure
// ignores a new key on a standing connection, so that it is replaced (AVC-12),
// and AWS modifies one tunnel at a time (AWV-28). Hence one tunnel in one run.
// Previous is empty in the first run.
func CheckRotation(previous map[string]int, v VPN) Problems {
	var problems Problems
	changed := map[int]Tunnel{}
	for i, t := range v.Tunnels {
		before, known := previous[t.Name()]
		if !known || before == t.KeyGeneration {
			continue
		}
		changed[i] = t
		if t.KeyGeneration < before {
			problems = append(problems, lowered(i, t, before))
		}
	}
	if len(changed) > 1 {
		problems = append(problems, together(changed, previous)...)
	}
	return sorted(problems)
}

func lowered(i int, t Tunnel, before int) Problem {
	return Problem{
		Key:    keyGeneration(i),
		Value:  show(t.KeyGeneration),
		Reason: fmt.Sprintf("%s was at generation %d, and a retired key does not come back (AVC-12)", t.Name(), before),
		Remedy: fmt.Sprintf("write %d to keep the key, or %d for a new one", before, before+1),
	}
}

func together(changed map[int]Tunnel, previous map[string]int) Problems {
	places := slices.Sorted(maps.Keys(changed))
	names := make([]string, len(places))
	for n, i := range places {
		names[n] = changed[i].Name()
	}
	var problems Problems
	for _, i := range places {
		t := changed[i]
		problems = append(problems, Problem{
			Key:    keyGeneration(i),
			Value:  show(t.KeyGeneration),
			Reason: fmt.Sprintf("the keys of %s change in one run, and each takes its tunnel away for a while (AVC-12, AWV-28)", wanted(names)),
			Remedy: fmt.Sprintf("change one tunnel, run, wait until it is up, then the next; this one was at %d", previous[t.Name()]),
		})
	}
	return problems
}

func keyGeneration(i int) string { return fmt.Sprintf("vpn.tunnels[%d].keyGeneration", i) }
