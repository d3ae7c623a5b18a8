package aws

import (
	"fmt"
	"strings"
	"testing"

	"burrow/internal/inventory/awstype"
)

const failing = `{ ($.rcode = "SERVFAIL" || $.rcode = "REFUSED") && $.query_name = "*.private.azure.internal." }`

// filterSteps count lines of logs.
func filterSteps() []step {
	return []step{
		{"rare", awstype.LogGroup, props{"name": "/burrow/rare", "logGroupClass": "INFREQUENT_ACCESS"}},
		{"counted", awstype.LogGroup, props{"name": "/burrow/counted"}},
		{"failing", awstype.LogMetricFilter, props{"name": "failing", "logGroupName": "=counted.name", "pattern": failing,
			"metricTransformation": props{"namespace": "Burrow/DNS", "name": "failing", "value": "1", "defaultValue": "0"}}},
		{"failingElsewhere", awstype.LogMetricFilter, props{"name": "failing", "logGroupName": "=logs.name", "pattern": "",
			"metricTransformation": props{"namespace": "Burrow/DNS", "name": "lines", "value": "1"}}},
		{"byField", awstype.LogMetricFilter, props{"name": "by-field", "logGroupName": "=counted.name", "pattern": "[..., status = 4*, bytes > 1000]",
			"metricTransformation": props{"namespace": "Burrow/DNS", "name": "bytes", "value": "$bytes", "unit": "Bytes", "dimensions": props{"Status": "$status"}}}},
	}
}

func filterRefusals() []refusal {
	const invalid = "InvalidParameterException"
	many := props{"A": "$.a", "B": "$.b", "C": "$.c", "D": "$.d"}
	return []refusal{
		{"filter name", "failing", onCheck, "PRO-12", "", props{"name": "a:b"}},
		{"long filter name", "failing", onCheck, "PRO-12", "", props{"name": strings.Repeat("n", 513)}},
		{"filter's group name", "failing", onCheck, "LOG-17", "", props{"logGroupName": "with space"}},
		{"long pattern", "failing", onCheck, "PRO-12", "", props{"pattern": strings.Repeat("p", 1025)}},
		{"metric name", "failing", onCheck, "PRO-12", "", props{"metricTransformation.name": "a*"}},
		{"metric namespace", "failing", onCheck, "PRO-12", "", props{"metricTransformation.namespace": "$a"}},
		{"long metric value", "failing", onCheck, "PRO-12", "", props{"metricTransformation.value": strings.Repeat("1", 101)}},
		{"metric unit", "failing", onCheck, "PRO-12", "", props{"metricTransformation.unit": "Questions"}},
		{"default that is no number", "failing", onCheck, "PRO-12", "", props{"metricTransformation.defaultValue": "none"}},
		{"pattern", "failing", onCreate, "PRO-14", invalid, props{"pattern": `{ rcode = "SERVFAIL" }`}},
		{"pattern in place", "failing", onUpdate, "PRO-14", invalid, props{"pattern": `{ $.rcode = }`}},
		{"metric value", "failing", onUpdate, "PRO-14", invalid, props{"metricTransformation.value": "one"}},
		{"field of another pattern", "byField", onUpdate, "PRO-14", invalid, props{"metricTransformation.value": "$.bytes"}},
		{"dimensions and default", "failing", onCreate, "PRO-14", invalid, props{"metricTransformation.dimensions": props{"Zone": "$.query_name"}}},
		{"dimensions of words", "byField", onUpdate, "PRO-14", invalid, props{"pattern": "ERROR", "metricTransformation.value": "1"}},
		{"dimension that is no field", "byField", onUpdate, "PRO-14", invalid, props{"metricTransformation.dimensions": props{"Zone": "azure"}}},
		{"four dimensions", "failing", onUpdate, "PRO-14", invalid, props{"metricTransformation.defaultValue": nil, "metricTransformation.dimensions": many}},
		{"filter of a rare group", "failing", onCreate, "PRO-14", "InvalidOperationException", props{"logGroupName": "=rare.name"}},
	}
}

func TestFilterPatterns(t *testing.T) {
	for text, valid := range map[string]bool{
		"":                                       true,
		"ERROR":                                  true,
		"ERROR -Exiting":                         true,
		"?ERROR ?WARN":                           true,
		`"GET /index.html" -"200"`:               true,
		`%AUTHORIZED|DENIED%`:                    true,
		failing:                                  true,
		`{ $.eventType = "UpdateTrail" }`:        true,
		`{ $.sourceIPAddress != 123.123.* }`:     true,
		`{$.errorCode = *UnauthorizedOperation}`: true,
		`{ $.users[0].email = "John.Doe@example.com" }`:               true,
		`{ $.some IS NULL && $.other NOT EXISTS || $.this IS FALSE }`: true,
		`{ $.latency >= 10e-3 || ($.n < +1.5 && $.m != 2) }`:          true,
		`{ $.message = %^timeout% }`:                                  true,
		`{ $.a[*].b = 1 || $.c[*] = 2 || $.d.* = 3 }`:                 true,
		`[ip, user, ..., status_code, bytes]`:                         true,
		`[..., request=*.html*, status_code=4*,]`:                     true,
		`[w1=ERROR || w1=WARN, w2]`:                                   true,
		`[w1=!ERROR&&w1=!WARN, w2]`:                                   true,
		`[a, code = 4* && code != 403, bytes > 1000]`:                 true,
		`ERROR: no`:                      false,
		`"open`:                          false,
		`ERROR"x"`:                       false,
		`%some!%`:                        false,
		`{ }`:                            false,
		`{ $.rcode = "SERVFAIL"`:         false,
		`{ rcode = "SERVFAIL" }`:         false,
		`{ $rcode = "SERVFAIL" }`:        false,
		`{ $.rcode == "SERVFAIL" }`:      false,
		`{ $.rcode = "SERVFAIL" } }`:     false,
		`{ $.rcode = SERV FAIL }`:        false,
		`{ $.email = John@example.com }`: false,
		`{ $.latency > fast }`:           false,
		`{ $.a = 1 AND $.b = 2 }`:        false,
		`{ ($.a = 1 }`:                   false,
		`{ $.a EXISTS }`:                 false,
		`{ $.a.*.b[*] = 1 }`:             false,
		`{ $.a[*]=1 || $.b[*]=1||$.c[*]=1||$.d.*=1 }`: false,
		`{ $.a = %x% || $.b = %y% || $.c = %z% }`:     false,
		`[a, b`:                                 false,
		`[..., a, ...]`:                         false,
		`[a, = 4]`:                              false,
		`[a b]`:                                 false,
		`[a = 4 &&]`:                            false,
		`[a, status_code = 4* && bytes > 1000]`: false,
	} {
		if _, err := parsePattern(text); (err == nil) != valid {
			t.Errorf("%q is valid: %t, want %t", text, err == nil, valid)
		}
	}
}

// A filter changes in place, and is another one with another name or group.
func TestFilterChanges(t *testing.T) {
	l := newLab(t)
	for path, replaces := range map[string]bool{
		"name": true, "logGroupName": true, "pattern": false, "metricTransformation.name": false, "metricTransformation.defaultValue": false,
	} {
		in := props{}
		in.Set(path, "changed")
		if got := len(l.diff(awstype.LogMetricFilter, props{}, in).GetReplaces()) > 0; got != replaces {
			t.Errorf("a change of %s replaces: %t, want %t", path, got, replaces)
		}
	}
	e := newEstate(t)
	out, err := e.change("failing", props{"pattern": "ERROR", "metricTransformation.name": "errors"})
	if err != nil || out.Str("metricTransformation.name") != "errors" || out.Str("metricTransformation.unit") != "None" {
		t.Errorf("changed filter %v: %v", out, err)
	}
}

// A group has a hundred filters, no more.
func TestFiltersOfAGroup(t *testing.T) {
	e := newEstate(t)
	filter := func(group string, i int) step {
		name := fmt.Sprintf("%s-%d", group, i)
		return step{name, awstype.LogMetricFilter, props{"name": name, "logGroupName": "=" + group + ".name", "pattern": "ERROR",
			"metricTransformation": props{"namespace": "Burrow", "name": name, "value": "1"}}}
	}
	for i := 2; i < maxGroupFilters; i++ { // the estate has two
		e.make(filter("counted", i))
	}
	refused(t, e.try(filter("counted", maxGroupFilters)), "LimitExceededException", "PRO-14")
	if err := e.try(filter("clusterLogs", 0)); err != nil {
		t.Errorf("a filter of another group: %v", err)
	}
}

// Filters go with their group.
func TestFiltersGoWithTheGroup(t *testing.T) {
	e := newEstate(t)
	e.remove("counted")
	for _, f := range e.objects(awstype.LogMetricFilter) {
		if f.Value("logGroupName") == "/burrow/counted" {
			t.Errorf("%s has outlived its group", f.ID)
		}
	}
	if !e.has(awstype.LogMetricFilter, "/burrow/flow:failing") {
		t.Error("the filter of another group is gone")
	}
}
