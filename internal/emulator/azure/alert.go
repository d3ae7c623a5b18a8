package azure

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// Windows and frequencies of a metric alert, in minutes. A window may be shorter
// than what a metric is measured in (LOG-14).
var (
	alertFrequencies = map[string]int{"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60}
	alertWindows     = map[string]int{
		"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT6H": 360, "PT12H": 720, "P1D": 1440,
	}
)

func alertRules() []emulator.Rule {
	const (
		source    = "terraform-provider-azurerm monitor_metric_alert_resource.go"
		reference = "azure-reference-other supported-metrics microsoft-network-virtualnetworkgateways"
	)
	return []emulator.Rule{
		rule("LOG-11", codeBad, emulator.OpWrite, source, wrongAlertTimes),
		rule("PRO-05", codeNotFound, emulator.OpWrite, "azure-docs#52229", missingScope),
		rule("ARM-17", codeBad, emulator.OpWrite,
			"azure-rest-api-specs metricAlert_API.json 2018-03-01; "+source+unverified, wrongCriteria),
		rule("LOG-12", codeBad, emulator.OpWrite, "terraform-provider-azurerm#6424", foreignNamespace),
		rule("LOG-12", codeBad, emulator.OpWrite, "terraform-provider-azurerm#22210; azure-cli#16106", unknownMetric),
		rule("LOG-12", codeBad, emulator.OpWrite,
			"azure-monitor-baseline-alerts#194; azure-cli#8944; "+reference, wrongAggregation),
	}
}

func wrongAlertTimes(c *emulator.Call) string {
	if s := c.In.Num("severity"); s < 0 || s > 4 {
		return fmt.Sprintf("The severity is %.0f; it must be 0 to 4.", s)
	}
	frequency, known := alertFrequencies[c.In.Str("evaluationFrequency")]
	if !known {
		return fmt.Sprintf("The evaluation frequency %s is not supported.", c.In.Str("evaluationFrequency"))
	}
	window, known := alertWindows[c.In.Str("windowSize")]
	if !known || window < frequency {
		return fmt.Sprintf("The window size %s is not supported with the evaluation frequency %s.",
			c.In.Str("windowSize"), c.In.Str("evaluationFrequency"))
	}
	return ""
}

// Kinds of criteria. Those of a web test are not modelled.
const (
	criteriaOne     = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
	criteriaMany    = "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria"
	criteriaWebTest = "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria"
)

func wrongCriteria(c *emulator.Call) string {
	scopes := len(c.In.Strings("scopes"))
	switch t := c.In.Str("criteria.odataType"); {
	case t == criteriaWebTest:
		return ""
	case t != criteriaOne && t != criteriaMany:
		return fmt.Sprintf("The criteria have the odata.type %q, which is not supported.", t)
	case scopes == 0 || t == criteriaOne && scopes > 1:
		return fmt.Sprintf("Criteria of type %s do not go with %d scopes.", t, scopes)
	case t == criteriaMany && !(c.In.Has("targetResourceType") && c.In.Has("targetResourceRegion")):
		return "Criteria for several resources need targetResourceType and targetResourceRegion."
	}
	criteria := c.In.Maps("criteria.allOf")
	if len(criteria) == 0 {
		return "The criteria must have a criterion."
	}
	names := map[string]bool{}
	for _, criterion := range criteria {
		if names[criterion.Str("name")] {
			return fmt.Sprintf("Two criteria have the name %s.", criterion.Str("name"))
		}
		names[criterion.Str("name")] = true
		if message := wrongCriterion(criterion); message != "" {
			return message
		}
	}
	return ""
}

// Words of a criterion.
var (
	staticOperators  = set("Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual")
	dynamicOperators = set("GreaterThan", "LessThan", "GreaterOrLessThan")
	sensitivities    = set("Low", "Medium", "High")
	aggregations     = set("Average", "Count", "Minimum", "Maximum", "Total")
)

func wrongCriterion(criterion inventory.Props) string {
	name := criterion.Str("name")
	switch operator := criterion.Str("operator"); criterion.Str("criterionType") {
	case "StaticThresholdCriterion":
		if !staticOperators[operator] || !criterion.Has("threshold") {
			return fmt.Sprintf("Criterion %s must have a threshold and an operator of a static one, not %q.", name, operator)
		}
	case "DynamicThresholdCriterion":
		if !dynamicOperators[operator] || !sensitivities[criterion.Str("alertSensitivity")] || wrongDynamicPeriods(criterion) {
			return fmt.Sprintf("Criterion %s must have an operator of a dynamic one, not %q, an alertSensitivity "+
				"and failingPeriods.", name, operator)
		}
	default:
		return fmt.Sprintf("Criterion %s has the criterionType %q, which is not supported.", name, criterion.Str("criterionType"))
	}
	if name == "" || criterion.Str("metricName") == "" || !aggregations[criterion.Str("timeAggregation")] {
		return fmt.Sprintf("Criterion %q must have a name, a metricName and a timeAggregation.", name)
	}
	for _, d := range criterion.Maps("dimensions") {
		include := d.Str("operator") == "Include" || d.Str("operator") == "Exclude"
		if d.Str("name") == "" || !include || len(d.Strings("values")) == 0 || slices.Contains(d.Strings("values"), "") {
			return fmt.Sprintf("Dimension %q of criterion %s must have the operator Include or Exclude and values.",
				d.Str("name"), name)
		}
	}
	return ""
}

func wrongDynamicPeriods(criterion inventory.Props) bool {
	failing := criterion.Num("failingPeriods.minFailingPeriodsToAlert")
	return failing < 1 || criterion.Num("failingPeriods.numberOfEvaluationPeriods") < failing
}

const gatewayNamespace = "Microsoft.Network/virtualNetworkGateways"

// A metric is what a kind measures.
type metric struct {
	aggregation string // the only one that the service takes
	dimensions  []string
}

var (
	perTunnel = []string{"ConnectionName", "RemoteIP", "Instance"}
	perPeer   = []string{"BgpPeerAddress", "Instance"}
)

// gatewayMetrics are what a VPN gateway measures. There is none for the state of
// a tunnel (LOG-13). Source: azure-reference-other supported-metrics
// microsoft-network-virtualnetworkgateways; those of NAT and ExpressRoute are
// left out.
var gatewayMetrics = map[string]metric{
	"AverageBandwidth":                  {"Average", []string{"Instance"}},
	"P2SBandwidth":                      {"Average", []string{"Instance"}},
	"P2SConnectionCount":                {"Total", []string{"Protocol", "Instance"}},
	"UserVpnRouteCount":                 {"Total", []string{"RouteType", "Instance"}},
	"VnetAddressPrefixCount":            {"Total", []string{"Instance"}},
	"TunnelAverageBandwidth":            {"Average", perTunnel},
	"TunnelEgressBytes":                 {"Total", perTunnel},
	"TunnelIngressBytes":                {"Total", perTunnel},
	"TunnelEgressPackets":               {"Total", perTunnel},
	"TunnelIngressPackets":              {"Total", perTunnel},
	"TunnelEgressPacketDropCount":       {"Total", perTunnel},
	"TunnelIngressPacketDropCount":      {"Total", perTunnel},
	"TunnelEgressPacketDropTSMismatch":  {"Total", perTunnel},
	"TunnelIngressPacketDropTSMismatch": {"Total", perTunnel},
	"TunnelPeakPackets":                 {"Maximum", perTunnel},
	"TunnelTotalFlowCount":              {"Total", perTunnel},
	"MmsaCount":                         {"Total", perTunnel},
	"QmsaCount":                         {"Total", perTunnel},
	"BgpPeerStatus":                     {"Average", perPeer},
	"BgpRoutesAdvertised":               {"Total", perPeer},
	"BgpRoutesLearned":                  {"Total", perPeer},
}

// checkedCriteria are those on a gateway that ask to be checked; other kinds'
// metrics are not modelled.
func checkedCriteria(c *emulator.Call) []inventory.Props {
	if c.Tx.Get(azuretype.VirtualNetworkGateway, c.In.Str("scopes[0]")) == nil {
		return nil
	}
	return slices.DeleteFunc(c.In.Maps("criteria.allOf"), func(criterion inventory.Props) bool {
		return criterion.Bool("skipMetricValidation")
	})
}

func foreignNamespace(c *emulator.Call) string {
	for _, criterion := range checkedCriteria(c) {
		if n := criterion.StrOr("metricNamespace", gatewayNamespace); !strings.EqualFold(n, gatewayNamespace) {
			return fmt.Sprintf("Detect invalid value: %s for query parameter: 'metricnamespace', the value must be: %s",
				n, gatewayNamespace)
		}
	}
	return ""
}

// unknownMetric does not look at the dimensions' values: Azure takes any.
func unknownMetric(c *emulator.Call) string {
	for _, criterion := range checkedCriteria(c) {
		name := criterion.Str("metricName")
		m, known := gatewayMetrics[name]
		if !known {
			return fmt.Sprintf("Couldn't find a metric named %s. Make sure the name is correct.", name)
		}
		for _, d := range criterion.Strings("dimensions[*].name") {
			if !slices.Contains(m.dimensions, d) {
				return fmt.Sprintf("Metric %s has no dimension %s.", name, d)
			}
		}
	}
	return ""
}

func wrongAggregation(c *emulator.Call) string {
	for _, criterion := range checkedCriteria(c) {
		m, known := gatewayMetrics[criterion.Str("metricName")]
		if known && criterion.Str("timeAggregation") != m.aggregation {
			return fmt.Sprintf("Time aggregation must be one of [%s]", m.aggregation)
		}
	}
	return ""
}

func fillAlert(c *emulator.Call) error {
	c.Out.Default("autoMitigate", true)
	c.Out.Set("isMigrated", false)
	c.Out.Set("lastUpdatedTime", epoch)
	return nil
}
