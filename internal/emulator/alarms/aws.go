package alarms

import (
	"maps"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

// metricAlarm judges an alarm of CloudWatch, which takes any metric in any
// namespace and then waits for it.
func (j *judgement) metricAlarm() {
	p := j.o.Props()
	j.alarm.Metric = p.Str("namespace") + "/" + p.Str("metricName")
	if queries := p.Maps("metricQueries"); len(queries) > 0 {
		j.metricMath(queries)
	} else {
		j.singleMetric(p)
	}
	j.tellsTopics(p)
}

// compositeAlarm judges only whom an alarm on other alarms tells. That they exist,
// AWS sees to (LOG-15).
func (j *judgement) compositeAlarm() {
	j.alarm.Metric = "other alarms"
	j.state(Insufficient, "the rule on other alarms is not emulated")
	j.tellsTopics(j.o.Props())
}

// metricMath checks the metrics of an expression. What it makes of them is not
// emulated.
func (j *judgement) metricMath(queries []inventory.Props) {
	j.alarm.Metric = "metric math"
	for _, q := range queries {
		if m := q.Map("metric"); m != nil {
			j.read(m)
		}
	}
	j.state(Insufficient, "metric math is not emulated")
}

func (j *judgement) singleMetric(p inventory.Props) {
	t := threshold{p.Str("comparisonOperator"), p.Num("threshold")}
	r, missing := j.read(p)
	switch {
	case r == nil:
		j.missingData(p.StrOr("treatMissingData", "missing"), missing)
		return
	case !t.known():
		j.state(Insufficient, "%s compares with a learned band, which is not emulated", t.operator)
		return
	}
	j.fires(t.crossed(sampled(p, r.value)), r.why)
	if b := r.bounds; b != nil {
		rule := rules.ID("LOG-15")
		if p.Str("namespace") == "AWS/VPN" {
			rule = "LOG-16"
		}
		j.sensible(rule, t, sampled(p, b.well), sampled(p, b.dead))
	}
	if p.Str("metricName") == "TunnelState" && p.StrOr("treatMissingData", "missing") != "breaching" {
		j.broken("LOG-16", "it rests when the VPN connection is gone, and its data with it: missing data does not count as breaching")
	}
	if isTraffic(p) && t.below() {
		j.broken("LOG-16", "%s is more than 0 even when the tunnel is down", p.Str("metricName"))
	}
}

// sampled is what a statistic makes of one sample, which is all that there is in
// a period.
func sampled(p inventory.Props, value float64) float64 {
	if p.Str("statistic") == "SampleCount" {
		return 1
	}
	return value
}

// sensible checks that an alarm about health rests when all is well, and fires
// when nothing works.
func (j *judgement) sensible(rule rules.ID, t threshold, well, dead float64) {
	if t.crossed(well) {
		j.broken(rule, "it fires although all is well: %v is %s", well, t)
	}
	if !t.crossed(dead) {
		j.broken(rule, "it rests although nothing works: %v is not %s", dead, t)
	}
}

// missingData is the state of an alarm without data (LOG-15).
func (j *judgement) missingData(treat, why string) {
	switch treat {
	case "breaching":
		j.state(Firing, "%s, and missing data counts as breaching", why)
	case "notBreaching":
		j.state(OK, "%s, and missing data counts as good", why)
	case "ignore":
		j.state(Insufficient, "%s, and missing data leaves the state as it was at first", why)
	default:
		j.state(Insufficient, "%s", why)
	}
}

// read finds what the metric says, or why it says nothing.
func (j *judgement) read(m inventory.Props) (r *reading, missing string) {
	namespace, name := m.Str("namespace"), m.Str("metricName")
	dimensions := m.Map("dimensions")
	family := findFamily(namespace, name)
	if family == nil {
		return j.readFilter(namespace, name)
	}
	given := slices.Sorted(maps.Keys(dimensions))
	if !slices.ContainsFunc(family.sets, func(set []string) bool { return slices.Equal(set, given) }) {
		j.broken(family.rule, "%s/%s has no data by [%s]; only by %s", namespace, name, strings.Join(given, ", "), family.offered())
		return nil, "the metric has no such dimensions"
	}
	found := map[string]*inventory.Object{}
	for _, dimension := range given {
		o := dimensionFinders[dimension](j.local(), dimensions.Str(dimension))
		if o == nil {
			j.broken(family.rule, "%s %q names nothing that exists", dimension, dimensions.Str(dimension))
			return nil, dimension + " names nothing that exists"
		}
		found[dimension] = o
		j.watches(o)
	}
	return family.metrics[name](j, found, dimensions)
}

// local is the watcher of the alarm's own region: CloudWatch has others in others.
func (j *judgement) local() *watcher {
	return &watcher{tx: j.tx.Within(j.o.Region), tunnels: j.tunnels}
}

// readFilter reads a metric that a filter makes of a log. Nothing is logged.
func (j *judgement) readFilter(namespace, name string) (*reading, string) {
	for _, f := range j.local().tx.All(awstype.LogMetricFilter) {
		t := f.Props().Map("metricTransformation")
		if t.Str("namespace") != namespace || t.Str("name") != name {
			continue
		}
		j.watches(f)
		if t.Has("defaultValue") {
			return &reading{why: "nothing is logged in the emulated clouds"}, ""
		}
		return nil, "nothing is logged, and the metric filter has no default value"
	}
	j.broken("LOG-15", "nothing sends the metric %s/%s", namespace, name)
	return nil, "nothing sends the metric"
}
