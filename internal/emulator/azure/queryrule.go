package azure

import (
	"fmt"
	"regexp"
	"strconv"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var queryRulePlace = place{
	provider: "Microsoft.Insights", location: pinned, outputs: hasEtag | hasSystem,
	path: []segment{{"scheduledQueryRules", "ruleName"}},
}

const (
	sourceQueryRule = "terraform-provider-azurerm monitor_scheduled_query_rules_alert_v2_resource.go"
	kindLogAlert    = "LogAlert"
)

func queryRuleKinds() []*emulator.Kind {
	return []*emulator.Kind{queryRulePlace.kind(azuretype.ScheduledQueryRule, emulator.Kind{
		Refs: []emulator.Ref{{
			Path: "actions.actionGroups[*]", To: []string{azuretype.ActionGroup}, Missing: codeBad,
			Rule: "PRO-05", Source: "Azure error reports" + unverified,
		}},
		Rules: queryRuleRules(), Fill: fillQueryRule,
	})}
}

func queryRuleRules() []emulator.Rule {
	return []emulator.Rule{
		rule("PRO-05", codeNotFound, emulator.OpWrite, "azure-docs#52229", missingScope),
		rule("ARM-13", codeBad, emulator.OpWrite, sourceQueryRule+"; azure-rest-api-specs#21258", wrongQueryTimes),
		rule("ARM-14", codeBad, emulator.OpWrite,
			sourceQueryRule+"; azure-rest-api-specs#21794; azure-cli#31615", wrongQueryCriteria),
		immutable("ARM-14", codeBad, sourceQueryRule+", ForceNew"+unverified, "scopes"),
		rule("ARM-15", codeBad, emulator.OpWrite, "azure-powershell#22583; azure-cli#26581", wrongMuting),
		rule("ARM-16", codeBad, emulator.OpWrite,
			"texts as in CDCgov/prime-reportstream#11773, azure-docs#67399; Azure/bicep#11378", brokenQuery),
	}
}

// missingScope refuses what watches nothing.
func missingScope(c *emulator.Call) string {
	for _, id := range c.In.Strings("scopes") {
		if resourceAt(c, id) == nil && !sameName(id, subscriptionID(c)) {
			return fmt.Sprintf("The Resource '%s' under resource group '%s' was not found.", lastOf(id), groupOf(id))
		}
	}
	return ""
}

// Times of a log alert, in minutes.
var (
	queryFrequencies = map[int]bool{
		1: true, 5: true, 10: true, 15: true, 30: true, 45: true, 60: true, 120: true, 180: true, 240: true,
		300: true, 360: true, 1440: true,
	}
	// longestQueryTime is a window or mute duration, not a frequency.
	longestQueryTime = 2880
	shortestMuting   = 5
)

var isoDuration = regexp.MustCompile(`^P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?)?$`)

// minutes is an ISO 8601 duration of days, hours and minutes, 0 for no such one.
func minutes(text string) int {
	match := isoDuration.FindStringSubmatch(text)
	if match == nil {
		return 0
	}
	total := 0
	for i, unit := range []int{1440, 60, 1} {
		n, err := strconv.Atoi(match[i+1])
		if err == nil {
			total += n * unit
		}
	}
	return total
}

// isLogAlert is false for LogToMetric, whose rules are not modelled.
func isLogAlert(c *emulator.Call) bool { return c.In.StrOr("kind", kindLogAlert) == kindLogAlert }

func wrongQueryTimes(c *emulator.Call) string {
	if !isLogAlert(c) {
		return ""
	}
	frequency, window := minutes(c.In.Str("evaluationFrequency")), minutes(c.In.Str("windowSize"))
	severity := c.In.Num("severity")
	switch {
	case !c.In.Has("severity") || severity < 0 || severity > 4 || severity != float64(int(severity)):
		return fmt.Sprintf("The severity is %v; it must be 0 to 4.", severity)
	case !queryFrequencies[frequency]:
		return fmt.Sprintf("The evaluation frequency %q is not supported.", c.In.Str("evaluationFrequency"))
	case !queryFrequencies[window] && window != longestQueryTime:
		return fmt.Sprintf("The window size %q is not supported.", c.In.Str("windowSize"))
	case window < frequency:
		return fmt.Sprintf("The window size %s is shorter than the evaluation frequency %s.",
			c.In.Str("windowSize"), c.In.Str("evaluationFrequency"))
	}
	return ""
}

func wrongQueryCriteria(c *emulator.Call) string {
	conditions := c.In.Maps("criteria.allOf")
	if n := len(c.In.Strings("scopes")); n != 1 {
		return fmt.Sprintf("A log search alert rule has one scope, not %d.", n)
	}
	if len(conditions) == 0 {
		return "The criteria must have a condition."
	}
	for _, condition := range conditions {
		if message := wrongCondition(condition, isLogAlert(c)); message != "" {
			return message
		}
	}
	return ""
}

func wrongCondition(condition inventory.Props, logAlert bool) string {
	if condition.Str("query") == "" {
		return "A condition must have a query."
	}
	if !logAlert {
		return ""
	}
	aggregation, measured := condition.Str("timeAggregation"), condition.Str("metricMeasureColumn") != ""
	switch {
	case condition.Str("operator") == "Equals": // the API model's word; the service knows Equal
		return "Requested value 'Equals' was not found."
	case condition.Str("operator") == "" || aggregation == "" || !condition.Has("threshold"):
		return "A condition must have an operator, a timeAggregation and a threshold."
	case measured == (aggregation == "Count"):
		return "A metricMeasureColumn is needed by every timeAggregation but Count, which takes none."
	}
	for _, d := range condition.Maps("dimensions") {
		if d.Str("name") == "" || len(d.Strings("values")) == 0 {
			return "A dimension must have a name and values."
		}
	}
	return wrongPeriods(condition)
}

// maxFailingPeriods is how many evaluations a condition can look at.
const maxFailingPeriods = 6

func wrongPeriods(condition inventory.Props) string {
	if !condition.Has("failingPeriods") {
		return ""
	}
	failing := condition.Num("failingPeriods.minFailingPeriodsToAlert")
	all := condition.Num("failingPeriods.numberOfEvaluationPeriods")
	if failing < 1 || all < failing || all > maxFailingPeriods {
		return fmt.Sprintf("%.0f of %.0f failing periods are not supported; they must be 1 to %d in order.",
			failing, all, maxFailingPeriods)
	}
	return ""
}

func wrongMuting(c *emulator.Call) string {
	muted := minutes(c.In.Str("muteActionsDuration"))
	mitigates := c.In.Bool("autoMitigate") || !c.In.Has("autoMitigate")
	switch {
	case !c.In.Has("muteActionsDuration"):
		return ""
	case mitigates:
		return "Auto mitigation must be disabled when action suppression is set"
	case muted < shortestMuting || !queryFrequencies[muted] && muted != longestQueryTime:
		return fmt.Sprintf("The muteActionsDuration %q is not supported.", c.In.Str("muteActionsDuration"))
	case minutes(c.In.Str("evaluationFrequency")) > muted:
		return "EvaluationFrequency cannot be greater than MuteActionsDuration"
	}
	return ""
}

// brokenQuery runs the query as the service does before it accepts the rule: in
// a workspace that has no log yet.
func brokenQuery(c *emulator.Call) string {
	if c.In.Bool("skipQueryValidation") {
		return ""
	}
	for _, query := range c.In.Strings("criteria.allOf[*].query") {
		if problem := queryProblem(query); problem != "" {
			return "The request had some invalid properties: A semantic error occurred. SEM0100: " + problem
		}
	}
	return ""
}

func fillQueryRule(c *emulator.Call) error {
	c.Out.Default("kind", kindLogAlert)
	c.Out.Default("autoMitigate", true)
	c.Out.Default("checkWorkspaceAlertsStorageConfigured", false)
	c.Out.Default("skipQueryValidation", false)
	c.Out.Set("createdWithApiVersion", "2023-03-15-preview")
	c.Out.Set("isLegacyLogAnalyticsRule", false)
	c.Out.Set("isWorkspaceAlertsStorageConfigured", false)
	return nil
}
