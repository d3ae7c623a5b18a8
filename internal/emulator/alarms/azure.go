package alarms

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// metricAlert judges an alert rule of Azure on metrics. It fires when all of its
// criteria are met, and each may be met by any of its series.
func (j *judgement) metricAlert() {
	p := j.o.Props()
	defer func() { j.tellsGroups(p.Strings("actions[*].actionGroupId")) }()
	scopes := j.scopes(p)
	criteria := p.Maps("criteria.allOf")
	if len(scopes) == 0 || len(criteria) == 0 {
		j.state(Insufficient, "nothing is watched")
		return
	}
	met := 0
	var whys []string
	for _, c := range criteria {
		j.alarm.Metric = c.StrOr("metricNamespace", namespaceOf(scopes[0])) + "/" + c.Str("metricName")
		v := j.criterion(scopes, c, p.Str("windowSize"))
		whys = append(whys, v.why)
		if !v.known {
			j.state(Insufficient, "%s", v.why)
			return
		}
		if v.met {
			met++
		}
	}
	j.fires(met == len(criteria), strings.Join(whys, "; "))
}

// scopes are the objects that the rule watches.
func (j *judgement) scopes(p inventory.Props) (found []*inventory.Object) {
	for _, id := range p.Strings("scopes") {
		if o := j.azureObject(id); o != nil {
			found = append(found, o)
			j.watches(o)
		} else {
			j.broken("PRO-05", "its scope %s does not exist", id)
		}
	}
	return found
}

func (w *watcher) azureObject(id string) *inventory.Object {
	for _, o := range w.tx.All() {
		if o.Cloud == "azure-native" && inventory.SameID(o.ID, id) {
			return o
		}
	}
	return nil
}

// namespaceOf is the ARM type of an object: Microsoft.Network/natGateways.
func namespaceOf(o *inventory.Object) string {
	_, rest, _ := strings.Cut(o.ID, "/providers/")
	parts := strings.Split(rest, "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[0] + "/" + parts[1]
}

// A verdict is whether a criterion is met, when that is known.
type verdict struct {
	known, met bool
	why        string
}

func (j *judgement) criterion(scopes []*inventory.Object, c inventory.Props, window string) verdict {
	name := c.Str("metricName")
	if c.Str("criterionType") == "DynamicThresholdCriterion" {
		return verdict{why: "a dynamic threshold learns from weeks of data, which are not emulated"}
	}
	var all []series
	for _, scope := range scopes {
		found, known := j.seriesOf(scope, name)
		if !known {
			j.broken("LOG-12", "%s has no metric %s", namespaceOf(scope), name)
			return verdict{why: "there is no such metric"}
		}
		if scope.Type == azuretype.VirtualNetworkGateway && window == "PT1M" {
			j.broken("LOG-14", "%s comes every 5 minutes, and the window is 1 minute", name)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		j.broken("LOG-13", "%s has no data: there is nothing it could be of", name)
	}
	groups := j.split(all, c)
	if len(groups) == 0 {
		return verdict{why: name + " has no data"}
	}
	return j.compare(groups, c)
}

// compare aggregates each group and compares it with the threshold: as it is, as
// it would be when all is well, and when nothing works.
func (j *judgement) compare(groups [][]series, c inventory.Props) verdict {
	t := threshold{c.Str("operator"), c.Num("threshold")}
	if !t.known() {
		return verdict{why: "the operator " + t.operator + " is not known"}
	}
	v := verdict{known: true, why: fmt.Sprintf("%s of none is %s", c.Str("metricName"), t)}
	well, dead, health := false, false, true
	for _, g := range groups {
		value := aggregate(g, c.Str("timeAggregation"), func(s series) float64 { return s.value })
		if t.crossed(value) && !v.met {
			v.met, v.why = true, fmt.Sprintf("%s is %v: %s", c.Str("metricName"), value, g[0].why)
		}
		if health = health && g[0].bounds != nil; health {
			well = well || t.crossed(aggregate(g, c.Str("timeAggregation"), func(s series) float64 { return s.bounds.well }))
			dead = dead || t.crossed(aggregate(g, c.Str("timeAggregation"), func(s series) float64 { return s.bounds.dead }))
		}
	}
	if health && well {
		j.broken("LOG-13", "it fires although all is well: each BGP peer is up on one instance of the gateway, and down on the other")
	}
	if health && !dead {
		j.broken("LOG-13", "it rests although nothing works")
	}
	return v
}

func aggregate(group []series, how string, value func(series) float64) float64 {
	values := make([]float64, len(group))
	sum := 0.0
	for i, s := range group {
		values[i] = value(s)
		sum += values[i]
	}
	switch how {
	case "Minimum":
		return slices.Min(values)
	case "Maximum":
		return slices.Max(values)
	case "Total":
		return sum
	case "Count":
		return float64(len(group))
	}
	return sum / float64(len(group))
}

// split keeps the series that the criterion's dimensions name, in groups that
// agree on all of them: what it does not name is aggregated.
func (j *judgement) split(all []series, c inventory.Props) (groups [][]series) {
	dimensions := c.Maps("dimensions")
	for _, d := range dimensions {
		j.checkDimension(all, c.Str("metricName"), d)
	}
	index := map[string]int{}
	for _, s := range all {
		key, named := s.scope, true
		for _, d := range dimensions {
			value := s.dimensions[d.Str("name")]
			key, named = key+"\x00"+value, named && names(d, value)
		}
		if !named {
			continue
		}
		i, seen := index[key]
		if !seen {
			i, index[key] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

// checkDimension finds dimensions that the metric lacks, and values that are
// nothing's.
func (j *judgement) checkDimension(all []series, metric string, d inventory.Props) {
	name := d.Str("name")
	if len(all) == 0 || all[0].dimensions == nil {
		return
	}
	if _, known := all[0].dimensions[name]; !known {
		j.broken("LOG-12", "%s has no dimension %s", metric, name)
		return
	}
	if d.Str("operator") == "Exclude" {
		return
	}
	for _, value := range d.Strings("values") {
		one := inventory.Props{"operator": d.Str("operator"), "values": []any{value}}
		if !slices.ContainsFunc(all, func(s series) bool { return names(one, s.dimensions[name]) }) {
			j.broken("LOG-13", "the dimension %s of %s is never %q", name, metric, value)
		}
	}
}

// names reports whether a dimension of a criterion takes in a value.
func names(d inventory.Props, value string) bool {
	found := slices.ContainsFunc(d.Strings("values"), func(v string) bool {
		return v == "*" || strings.EqualFold(v, value) || d.Str("operator") == "StartsWith" && strings.HasPrefix(value, v)
	})
	return found != (d.Str("operator") == "Exclude")
}
