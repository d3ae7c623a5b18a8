package aws

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const (
	sourceMetricFilter = "logs/metric_filter.go"

	maxGroupFilters      = 100 // metric filters of a log group; AWS raises it for nobody
	maxFilterPattern     = 1024
	maxMetricDimensions  = 3
	maxMetricValueLength = 100
)

var (
	metricFilterName = regexp.MustCompile(`^[^:*]{1,512}$`)
	filteredMetric   = regexp.MustCompile(`^[^:*$]{1,255}$`)
)

// metricFilter makes a metric of the lines of a log. The provider's id is the bare
// name, which filters of two groups may share; here the group stands before it, as
// in what the provider imports by. PutMetricFilter would overwrite a filter of the
// same name without a word; here a second one is refused. Not looked at: how many
// filters of a group have regular expressions (5), and whether these can be
// evaluated in time.
func metricFilter() *emulator.Kind {
	source := terraform(sourceMetricFilter)
	return &emulator.Kind{
		Type:     awstype.LogMetricFilter,
		Words:    named(words("CloudWatch Logs", "CloudWatch Logs Metric Filter", "PutMetricFilter", "PutMetricFilter", "DeleteMetricFilter", "DescribeMetricFilters")),
		AutoName: &emulator.AutoName{Property: "name", Max: 512},
		NewID: func(c *emulator.Call) (string, error) {
			return c.In.Str("logGroupName") + ":" + c.In.Str("name"), nil
		},
		Refs: []emulator.Ref{
			refersTo("logGroupName", "ResourceNotFoundException", "", model("logs")+" PutMetricFilter", awstype.LogGroup),
		},
		Replace: forceNew(sourceMetricFilter, "name", "logGroupName"),
		Rules: []emulator.Rule{
			matches("PRO-12", "name", source, metricFilterName, "1 to 512 characters, no colon nor asterisk"),
			matches("LOG-17", "logGroupName", source, logGroupName, "1 to 512 letters, digits and . - _ / #"),
			provider("PRO-12", "pattern", source, longPattern),
			matches("PRO-12", "metricTransformation.name", source, filteredMetric, "255 characters at most, no colon, asterisk nor dollar sign"),
			matches("PRO-12", "metricTransformation.namespace", source, filteredMetric, "255 characters at most, no colon, asterisk nor dollar sign"),
			length("PRO-12", "metricTransformation.value", source, 0, maxMetricValueLength),
			oneOf("PRO-12", "metricTransformation.unit", source, units...),
			provider("PRO-12", "metricTransformation.defaultValue", source, badDefaultValue),
			refuse("PRO-14", "InvalidParameterException", emulator.OpWrite, "aws/aws-cdk#15047, #16278", badPattern),
			refuse("PRO-14", "InvalidParameterException", emulator.OpWrite, "floci-io/floci#3233", badMetricValue),
			refuse("PRO-14", "InvalidParameterException", emulator.OpWrite,
				"hashicorp/terraform-provider-aws#28881; aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock#632", badFilterDimensions),
			refuse("PRO-14", "LimitExceededException", emulator.OpCreate, model("logs")+" PutMetricFilter", tooManyFilters),
			refuse("PRO-14", "InvalidOperationException", emulator.OpCreate,
				"AmazonCloudWatch/latest/logs CloudWatch_Logs_Log_Classes.html (code unverified)", filterOfRareGroup),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"metricTransformation.unit": "None"})
			return nil
		},
	}
}

func longPattern(c *emulator.Call) string {
	if n := utf8.RuneCountInString(c.In.Str("pattern")); n > maxFilterPattern {
		return fmt.Sprintf("expected length of pattern to be in the range (0 - %d), got %d", maxFilterPattern, n)
	}
	return ""
}

// badDefaultValue: the provider has numbers as texts, to tell 0 from none.
func badDefaultValue(c *emulator.Call) string {
	s := c.In.Str("metricTransformation.defaultValue")
	if !c.In.Known("metricTransformation.defaultValue") || s == "" || isFloat(s) {
		return ""
	}
	return fmt.Sprintf("metricTransformation.defaultValue: cannot parse %q as float", s)
}

func isFloat(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

func badPattern(c *emulator.Call) string {
	if _, err := parsePattern(c.In.Str("pattern")); err != nil {
		return "Invalid metric filter pattern"
	}
	return ""
}

// badMetricValue: what a line counts is a number, or the field of the line that
// holds one.
func badMetricValue(c *emulator.Call) string {
	value := c.In.Str("metricTransformation.value")
	kind, err := parsePattern(c.In.Str("pattern"))
	if err != nil || isFloat(value) || kind.selects(value) {
		return ""
	}
	return fmt.Sprintf("Invalid metric transformation: metric value %s must be a valid number", value)
}

// badFilterDimensions: dimensions are fields of the line, so that the pattern has
// to know fields.
func badFilterDimensions(c *emulator.Call) string {
	dimensions := c.In.Map("metricTransformation.dimensions")
	kind, err := parsePattern(c.In.Str("pattern"))
	switch {
	case err != nil || len(dimensions) == 0:
		return ""
	case c.In.Str("metricTransformation.defaultValue") != "":
		return "Invalid metric transformation: dimensions and default value are mutually exclusive properties"
	case kind == termPattern:
		return "The specified filter pattern does not support dimensions"
	case len(dimensions) > maxMetricDimensions:
		return fmt.Sprintf("Invalid metric transformation: at most %d dimensions, got %d", maxMetricDimensions, len(dimensions))
	}
	for name := range dimensions {
		if !kind.selects(dimensions.Str(name)) {
			return "Invalid metric transformation: dimension value must be valid selector"
		}
	}
	return ""
}

func tooManyFilters(c *emulator.Call) string {
	if len(where(c, awstype.LogMetricFilter, "logGroupName", c.In.Str("logGroupName"))) < maxGroupFilters {
		return ""
	}
	return "Resource limit exceeded."
}

// filterOfRareGroup: only groups of the standard class have metric filters.
func filterOfRareGroup(c *emulator.Call) string {
	class := valueOf(c, awstype.LogGroup, c.In.Str("logGroupName"), "logGroupClass")
	if class == "" || class == "STANDARD" {
		return ""
	}
	return fmt.Sprintf("Metric filters are not supported for log groups of the class %s.", class)
}

// dropFilters: a group's filters go with it, and do not come back with a group of
// the same name.
func dropFilters(c *emulator.Call) {
	removeIf(c, func(o *inventory.Object) bool { return o.Value("logGroupName") == c.ID }, awstype.LogMetricFilter)
}

// selects reports whether a text names a field the way such patterns do.
func (k patternKind) selects(text string) bool {
	switch k {
	case jsonPattern:
		return wholly(jsonSelector, text)
	case spacePattern:
		return wholly(spaceSelector, text)
	}
	return false
}

func wholly(pattern *regexp.Regexp, text string) bool {
	return strings.HasPrefix(text, "$") && pattern.FindString(text) == text
}
