package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/rules"
)

const (
	sourceAlarm     = "cloudwatch/metric_alarm.go"
	sourceComposite = "cloudwatch/composite_alarm.go"
	maxActions      = 5
	dayLong         = 86400 // seconds
)

var (
	alarmLists = []string{"alarmActions", "okActions", "insufficientDataActions"}
	// ec2Action is the one kind of action that is no proper ARN.
	ec2Action    = regexp.MustCompile(`^arn:[\w-]+:automate:[\w-]+:ec2:(reboot|recover|stop|terminate)$`)
	extendedStat = regexp.MustCompile(`^((p|tm|wm|tc|ts)(\d{1,2}(\.\d{1,2})?|100)|IQM|(TM|WM|PR|TC|TS)\((\d+(\.\d+)?%?)?:(\d+(\.\d+)?%?)?\))$`)
	units        = []string{
		"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
		"Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
		"Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
		"Gigabits/Second", "Terabits/Second", "Count/Second", "None",
	}
	// Composite alarms neither touch instances nor scale.
	compositeServices = []string{"sns", "lambda", "ssm", "ssm-incidents", "aiops"}
	alarmServices     = append([]string{"autoscaling", "automate", "swf"}, compositeServices...)
)

// metricAlarm: CloudWatch asks neither whether there is such a metric nor whether
// there is such a topic (LOG-16); package alarms does.
// PutMetricAlarm would overwrite an alarm of the same name without a word; here a
// second one is refused.
func metricAlarm() *emulator.Kind {
	source := terraform(sourceAlarm)
	rules := []emulator.Rule{
		length("LOG-15", "name", source, 1, 255),
		length("LOG-15", "alarmDescription", source, 0, 1024),
		oneOf("LOG-15", "comparisonOperator", source, "GreaterThanOrEqualToThreshold", "GreaterThanThreshold",
			"LessThanThreshold", "LessThanOrEqualToThreshold", "LessThanLowerOrGreaterThanUpperThreshold",
			"LessThanLowerThreshold", "GreaterThanUpperThreshold"),
		oneOf("LOG-15", "statistic", source, "SampleCount", "Average", "Sum", "Minimum", "Maximum"),
		oneOf("LOG-15", "treatMissingData", source, "breaching", "notBreaching", "ignore", "missing"),
		oneOf("LOG-15", "unit", source, units...),
		provider("LOG-15", "period", source, badPeriod),
		provider("LOG-15", "evaluationPeriods", source, atLeastOne("evaluationPeriods")),
		provider("LOG-15", "datapointsToAlarm", source, atLeastOne("datapointsToAlarm")),
		matches("LOG-15", "extendedStatistic", source, extendedStat, "invalid statistic"),
		atMostOne("LOG-15", source, "metricName", "metricQueries"),
		atMostOne("LOG-15", source, "threshold", "thresholdMetricId"),
		provider("LOG-15", "statistic", source, oneStatistic),
		provider("LOG-15", "metricQueries", source, expressionAndMetric),
		refuse("LOG-15", "ValidationError", emulator.OpWrite, model("monitoring"), badMetric),
		refuse("LOG-15", "ValidationError", emulator.OpWrite, "sevenwestmedia-labs/pulumi-components#33", incompleteAlarm),
		refuse("LOG-15", "ValidationError", emulator.OpWrite, "hashicorp/terraform#24070", tooManyDatapoints),
		refuse("LOG-15", "ValidationError", emulator.OpWrite, model("monitoring")+" PutMetricAlarm EvaluationPeriods", tooLong),
		refuse("LOG-15", "ValidationError", emulator.OpDelete, "ekristen/aws-nuke#462", inComposite),
	}
	return tagged(plainTags, &emulator.Kind{
		Type:     awstype.MetricAlarm,
		Words:    named(words("CloudWatch", "CloudWatch Metric Alarm", "PutMetricAlarm", "PutMetricAlarm", "DeleteAlarms", "DescribeAlarms")),
		AutoName: &emulator.AutoName{Property: "name", Max: 255},
		NewID:    property("name"),
		Replace:  forceNew(sourceAlarm, "name"),
		Rules:    all(rules, actionRules(source, alarmServices)),
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": regional(c, "cloudwatch", "alarm:"+c.ID), "actionsEnabled": true, "treatMissingData": "missing",
			})
			return nil
		},
	})
}

// length refuses a text that is too short or too long, where there is one at all. The
// provider's check counts bytes, where AWS would count characters
// (terraform-plugin-sdk helper/validation, StringLenBetween).
func length(id rules.ID, path, source string, least, most int) emulator.Rule {
	return provider(id, path, source, func(c *emulator.Call) string {
		v, given := c.In.Get(path)
		if s, ok := v.(string); given && ok && (len(s) < least || len(s) > most) {
			return fmt.Sprintf("expected length of %s to be in the range (%d - %d), got %d", path, least, most, len(s))
		}
		return ""
	})
}

func atLeastOne(path string) func(*emulator.Call) string {
	return func(c *emulator.Call) string {
		v, _ := c.In.Get(path)
		if n, ok := v.(float64); ok && n < 1 {
			return fmt.Sprintf("expected %s to be at least (1), got %v", path, n)
		}
		return ""
	}
}

func badPeriod(c *emulator.Call) string {
	v, _ := c.In.Get("period")
	n, ok := v.(float64)
	if !ok || slices.Contains([]int{10, 20, 30}, int(n)) || n > 0 && int(n)%60 == 0 {
		return ""
	}
	return fmt.Sprintf("expected period to be 10, 20, 30 or a multiple of 60, got %v", n)
}

func oneStatistic(c *emulator.Call) string {
	if !c.In.Has("metricName") || c.In.Has("statistic") != c.In.Has("extendedStatistic") {
		return ""
	}
	return "One of `statistic` or `extended_statistic` must be set for a cloudwatch metric alarm"
}

func expressionAndMetric(c *emulator.Call) string {
	for _, q := range c.In.Maps("metricQueries[*]") {
		if q.Str("expression") != "" && q.Has("metric") {
			return "No metric_query may have both `expression` and a `metric` specified"
		}
	}
	return ""
}

func badMetric(c *emulator.Call) string {
	dimensions := c.In.Map("dimensions")
	switch {
	case strings.HasPrefix(c.In.Str("namespace"), ":"):
		return "Value for parameter Namespace must not begin with ':'"
	case len(dimensions) > 30:
		return "The collection Dimensions must not have more than 30 entries"
	}
	for name, v := range dimensions {
		if value, _ := v.(string); name == "" || utf8.RuneCountInString(name) > 255 || value == "" || utf8.RuneCountInString(value) > 1024 {
			return fmt.Sprintf("The parameter Dimensions is invalid: %q must have 1 to 255 characters and its value 1 to 1024", name)
		}
	}
	return ""
}

// incompleteAlarm: an alarm is on one metric, with all that says which and how
// often, or on expressions; and it has something to compare with.
func incompleteAlarm(c *emulator.Call) string {
	switch {
	case c.In.Has("metricQueries"):
	case !c.In.Has("metricName"):
		return "Exactly one of MetricName and Metrics must be specified."
	case !c.In.Has("namespace"):
		return "The parameter Namespace is required for an alarm on a metric."
	case !c.In.Has("period"):
		return "The parameter Period is required for an alarm on a metric."
	}
	if !c.In.Has("threshold") && !c.In.Has("thresholdMetricId") {
		return "Either Threshold or ThresholdMetricId must be specified."
	}
	return ""
}

func tooManyDatapoints(c *emulator.Call) string {
	if c.In.Int("datapointsToAlarm") <= c.In.Int("evaluationPeriods") {
		return ""
	}
	return "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
}

// tooLong: an alarm looks back over a day, over a week when a period is an hour
// or more.
func tooLong(c *emulator.Call) string {
	period, limit, words := c.In.Int("period"), dayLong, "a day"
	if period >= 3600 {
		limit, words = 7*dayLong, "a week"
	}
	if period*c.In.Int("evaluationPeriods") <= limit {
		return ""
	}
	return fmt.Sprintf("Metrics cannot be checked across more than %s (EvaluationPeriods * Period must be <= %d).", words, limit)
}

// actionRules are what both kinds of alarms ask of what they do.
func actionRules(source string, services []string) []emulator.Rule {
	rules := []emulator.Rule{
		refuse("LOG-15", "ValidationError", emulator.OpWrite, "cds-snc/notification-terraform#128; aws-samples/amazon-cloudwatch-auto-alarms#61", func(c *emulator.Call) string {
			return badAction(c, services)
		}),
		refuse("LOG-15", "ValidationError", emulator.OpWrite, model("monitoring"), func(c *emulator.Call) string { return tooManyActions(c, "alarmActions") }),
	}
	for _, list := range alarmLists {
		rules = append(rules, provider("LOG-15", list, source, func(c *emulator.Call) string {
			for _, arn := range c.In.Strings(list) {
				if broken := badARN(list, arn); broken != "" {
					return broken
				}
			}
			return ""
		}))
	}
	// The provider does not count alarm actions of metric alarms.
	for _, list := range alarmLists[1:] {
		rules = append(rules, provider("LOG-15", list, source, func(c *emulator.Call) string { return tooManyActions(c, list) }))
	}
	return rules
}

func tooManyActions(c *emulator.Call, list string) string {
	if n := len(c.In.List(list)); n > maxActions {
		return fmt.Sprintf("Too many list items: %s may have %d, got %d", list, maxActions, n)
	}
	return ""
}

// badAction: actions are in the alarm's own partition and region, of a service
// that takes actions. Whether there is such a topic nobody asks.
func badAction(c *emulator.Call, services []string) string {
	for _, list := range alarmLists {
		for _, arn := range c.In.Strings(list) {
			switch {
			case iam.Part(arn, 1) != "aws":
				return fmt.Sprintf("Invalid partition %s specified. Only aws is supported.", iam.Part(arn, 1))
			case !slices.Contains(services, iam.Service(arn)):
				return fmt.Sprintf("Invalid service %s specified in the action %s.", iam.Service(arn), arn)
			case iam.Region(arn) != c.Region():
				return fmt.Sprintf("Invalid region %s specified. Only %s is supported.", iam.Region(arn), c.Region())
			case iam.Service(arn) == "automate" && !ec2Action.MatchString(arn):
				return fmt.Sprintf("Invalid use of EC2 action %s.", arn)
			}
		}
	}
	return ""
}

// compositeAlarm is on other alarms.
func compositeAlarm() *emulator.Kind {
	source := terraform(sourceComposite)
	rules := []emulator.Rule{
		length("LOG-15", "alarmName", source, 0, 255),
		length("LOG-15", "alarmRule", source, 1, 10240),
		refuse("LOG-15", "ValidationError", emulator.OpWrite, "aws/aws-cdk#13953", func(c *emulator.Call) string {
			_, err := parseAlarmRule(c.In.Str("alarmRule"))
			if err != nil {
				return fmt.Sprintf("Error in AlarmRule [Unsupported %v]", err)
			}
			return ""
		}),
		refuse("LOG-15", "ValidationError", emulator.OpWrite, "awsdocs/aws-cloudformation-user-guide#911", alarmsMissing),
		refuse("LOG-15", "ValidationError", emulator.OpDelete, "ekristen/aws-nuke#462", inComposite),
	}
	return tagged(plainTags, &emulator.Kind{
		Type:    awstype.CompositeAlarm,
		Words:   named(words("CloudWatch", "CloudWatch Composite Alarm", "PutCompositeAlarm", "PutCompositeAlarm", "DeleteAlarms", "DescribeAlarms")),
		NewID:   property("alarmName"),
		Replace: forceNew(sourceComposite, "actionsEnabled", "alarmName"),
		Rules:   all(rules, actionRules(source, compositeServices)),
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"arn": regional(c, "cloudwatch", "alarm:"+c.ID), "actionsEnabled": true})
			return nil
		},
	})
}

// alarmNamed finds an alarm of either kind by name or ARN.
func alarmNamed(c *emulator.Call, name string) *inventory.Object {
	for _, o := range c.Tx.All(awstype.MetricAlarm, awstype.CompositeAlarm) {
		if o.ID == name || o.Out.Str("arn") == name {
			return o
		}
	}
	return nil
}

func alarmsMissing(c *emulator.Call) string {
	names, err := parseAlarmRule(c.In.Str("alarmRule"))
	if err != nil {
		return "" // refused already
	}
	names = slices.DeleteFunc(names, func(name string) bool { return alarmNamed(c, name) != nil })
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", strings.Join(names, ", "))
}

func inComposite(c *emulator.Call) string {
	for _, o := range others(c, awstype.CompositeAlarm) {
		names, err := parseAlarmRule(o.In.Str("alarmRule"))
		if err == nil && (slices.Contains(names, c.ID) || slices.Contains(names, c.Out.Str("arn"))) {
			return fmt.Sprintf("Cannot delete %s as there are composite alarm(s) depending on it.", c.ID)
		}
	}
	return ""
}

var alarmToken = regexp.MustCompile(`^\s*(?:"[^"]*"|[(),]|[^\s(),"]+)`)

// alarmRule reads a composite alarm's rule: OK, ALARM and INSUFFICIENT_DATA of an
// alarm, AT_LEAST so many of some alarms, TRUE and FALSE, joined by AND, OR, NOT
// and parentheses.
type alarmRule struct {
	whole, rest string
	names       []string
}

// parseAlarmRule returns the alarms that a rule is about.
func parseAlarmRule(text string) (names []string, err error) {
	r := &alarmRule{whole: text, rest: text}
	if err := r.expression(); err != nil {
		return nil, err
	}
	if strings.TrimSpace(r.rest) != "" {
		return nil, r.unsupported(r.next(), "AND", "OR")
	}
	return r.names, nil
}

// next takes the next word, "" at the end and before what is none.
func (r *alarmRule) next() string {
	token := alarmToken.FindString(r.rest)
	r.rest = r.rest[len(token):]
	return strings.TrimSpace(token)
}

func (r *alarmRule) peek() string { return strings.TrimSpace(alarmToken.FindString(r.rest)) }

// unsupported is about a word that was taken and not expected.
func (r *alarmRule) unsupported(token string, expected ...string) error {
	at := len(r.whole) - len(r.rest) - len(token)
	if len(expected) == 0 {
		return fmt.Errorf("token '%s' at char %d", token, at)
	}
	return fmt.Errorf("token '%s' at char %d, must be: '%s'", token, at, strings.Join(expected, "' or '"))
}

func (r *alarmRule) take(want string) error {
	if got := r.next(); got != want {
		return r.unsupported(got, want)
	}
	return nil
}

func (r *alarmRule) expression() error {
	for {
		if err := r.operand(); err != nil {
			return err
		}
		if join := r.peek(); join != "AND" && join != "OR" {
			return nil
		}
		r.next()
	}
}

var alarmStates = []string{"OK", "ALARM", "INSUFFICIENT_DATA"}

func (r *alarmRule) operand() error {
	switch word := r.next(); {
	case word == "NOT":
		return r.operand()
	case word == "TRUE" || word == "FALSE":
		return nil
	case word == "(":
		if err := r.expression(); err != nil {
			return err
		}
		return r.take(")")
	case word == "AT_LEAST":
		return r.atLeast()
	case slices.Contains(alarmStates, word):
		return r.alarms(1)
	default:
		return r.unsupported(word)
	}
}

// atLeast is a number or a share, a state, and alarms.
func (r *alarmRule) atLeast() error {
	if err := r.take("("); err != nil {
		return err
	}
	if n := r.next(); !shareOfAlarms.MatchString(n) {
		return r.unsupported(n)
	}
	if err := r.take(","); err != nil {
		return err
	}
	if r.peek() == "NOT" {
		r.next()
	}
	if state := r.next(); !slices.Contains(alarmStates, state) {
		return r.unsupported(state, alarmStates...)
	}
	if err := r.take(","); err != nil {
		return err
	}
	if err := r.alarms(maxRuleAlarms); err != nil {
		return err
	}
	return r.take(")")
}

var shareOfAlarms = regexp.MustCompile(`^[0-9]+%?$`)

// maxRuleAlarms is how many alarms a rule may be about.
const maxRuleAlarms = 100

// alarms are so many alarms in parentheses, at most.
func (r *alarmRule) alarms(most int) error {
	if err := r.take("("); err != nil {
		return err
	}
	for i := 1; ; i++ {
		name := r.next()
		if name == "" || strings.Contains("(),", name) {
			return r.unsupported(name)
		}
		r.names = append(r.names, strings.Trim(name, `"`))
		if i == most || r.peek() != "," {
			return r.take(")")
		}
		r.next()
	}
}
