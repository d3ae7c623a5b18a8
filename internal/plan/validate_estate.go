package plan

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var estateRules = []func(*validator){
	(*validator).tagCount,
	(*validator).tagKeys,
	(*validator).tagValues,
	(*validator).names,
	(*validator).internalPrefix,
	(*validator).groupNames,
}

// tagForm is what AWS takes in keys and values (TAG-01); it leaves out
// everything that Azure refuses, but for the slash in keys (TAG-03).
var tagForm = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// Characters that a tag may have (TAG-01): Azure's limits are no lower (TAG-03).
const (
	maxTagName  = 128
	maxTagValue = 256
)

const tagCharacters = "letters, digits, spaces and _ . : / = + - @"

func (v *validator) tagValue(key, value string) {
	v.need(utf8.RuneCountInString(value) <= maxTagValue, key, value, "a tag value has 256 characters at most (TAG-01, TAG-03)", "shorten it")
	v.need(tagForm.MatchString(value), key, value, "AWS takes only "+tagCharacters+" in tag values (TAG-01)", "leave the other characters out")
}

// zoneTagLimit is the least of all limits on the number of tags: the provider
// sends all tags of a Route 53 zone in one call, which takes this many
// (R53-25). Azure DNS zones take 15 (ADR-24), most kinds 50 (TAG-01, TAG-03).
const zoneTagLimit = 10

func (v *validator) tagCount() {
	n, most := len(v.plan.Estate.ExtraTags), zoneTagLimit-len(ownTags)
	v.need(n <= most, "estate.tags", plural(n, "tag"),
		fmt.Sprintf("Route 53 zones get %d tags at most when they are made (R53-25), and %d are Burrow's own", zoneTagLimit, len(ownTags)),
		fmt.Sprintf("keep %d of them", most))
}

// reservedTags begin the tag names that Azure Resource Manager keeps, whatever
// their case (TAG-5).
var reservedTags = []string{"microsoft", "azure", "windows"}

func (v *validator) tagKeys() {
	folded := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(v.plan.Estate.ExtraTags)) {
		key := "estate.tags." + name
		v.tagKey(key, name)
		if own := ownTag(name); own != "" {
			v.refuse(key, name, "Burrow writes the tag "+own+" itself, and Azure does not tell names apart by case (TAG-03)", "choose another name")
		}
		if twin, twice := folded[strings.ToLower(name)]; twice {
			v.refuse(key, name, "Azure does not tell this name from "+twin+" (TAG-03)", "take one of them out")
		}
		folded[strings.ToLower(name)] = name
	}
}

func (v *validator) tagKey(key, name string) {
	v.need(len(name) > 0 && utf8.RuneCountInString(name) <= maxTagName, key, name, "a tag name has 1 to 128 characters (TAG-01, TAG-03)", "choose another name")
	v.need(tagForm.MatchString(name), key, name, "AWS takes only "+tagCharacters+" in tag names (TAG-01)", "leave the other characters out")
	v.need(!strings.Contains(name, "/"), key, name, `Azure refuses < > % & \ ? / in tag names (TAG-03)`, "leave the slash out")
	v.need(!strings.HasPrefix(strings.ToLower(name), "aws:"), key, name, "names that begin with aws: are AWS's own (TAG-01)", "choose another name")
	for _, reserved := range reservedTags {
		v.need(!strings.HasPrefix(strings.ToLower(name), reserved), key, name,
			"Azure keeps tag names that begin with "+strings.Join(reservedTags, ", ")+" (TAG-5)", "choose another beginning")
	}
	v.need(!strings.Contains(name, " ") && !startsWithDigit(name), key, name,
		"Azure DNS zones take no spaces in tag names and no digit at their beginning (ADR-24)", "choose another name")
}

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func (v *validator) tagValues() {
	for name, value := range v.plan.Estate.ExtraTags {
		v.tagValue("estate.tags."+name, value)
	}
}

// ownTag is Burrow's own tag of that name, case aside, or nothing.
func ownTag(name string) string {
	i := slices.IndexFunc(ownTags, func(own string) bool { return strings.EqualFold(own, name) })
	if i < 0 {
		return ""
	}
	return ownTags[i]
}

// names checks the names that get the suffix as they will be. Flow logs
// (NAM-05), the VNet (NAM-02) and the network things (NAM-01) have names of
// Burrow's own, which twelve more characters cannot spoil.
func (v *validator) names() {
	p := v.plan
	if !constraints["estate.suffix"].Pattern.MatchString(p.Estate.Suffix) {
		return
	}
	nodes := p.Clusters.EKS.Nodes
	for key, base := range map[string]struct{ written, used string }{
		"clusters.eks.name":           {p.Clusters.EKS.Name, p.Clusters.EKS.Name},
		"clusters.eks.nodes.name":     {nodes.Name, nodes.GroupName(p.Network.AWS)},
		"clusters.aks.name":           {p.Clusters.AKS.Name, p.Clusters.AKS.Name},
		"k8s.relay.nlb":               {p.K8s.Relay.NLB, p.K8s.Relay.NLB},
		"network.azure.resourceGroup": {p.Network.Azure.ResourceGroup, p.Network.Azure.ResourceGroup},
	} {
		c, name := constraints[key], p.Estate.Name(base.used)
		if c.Pattern.MatchString(base.written) {
			v.need(c.Pattern.MatchString(name), key, name, c.reason, "shorten it or estate.suffix, which is part of it")
		}
	}
}

func (v *validator) internalPrefix() {
	nlb := v.plan.K8s.Relay.NLB
	v.need(!strings.HasPrefix(nlb, "internal-"), "k8s.relay.nlb", nlb,
		"AWS puts internal- in front of such names itself and refuses it from others (NLB-01)", "choose another beginning")
}

// groupNames: load balancer and nodes name their security groups after
// themselves, and those are told apart by name within a VPC.
func (v *validator) groupNames() {
	nlb, nodes := v.plan.K8s.Relay.NLB, v.plan.Clusters.EKS.Nodes.Name
	for key, name := range map[string]string{"k8s.relay.nlb": nlb, "clusters.eks.nodes.name": nodes} {
		v.need(!strings.HasPrefix(name, "sg-"), key, name, "its security group has this name too, and AWS keeps sg- for ids (VPC-22)", "choose another beginning")
	}
	v.need(nlb != nodes, "k8s.relay.nlb", nlb, "clusters.eks.nodes.name is the same, and each names a security group of the VPC (VPC-22)", "choose another name")
}
