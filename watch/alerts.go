package watch

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// everywhere is the location of action groups and metric alerts: they belong to
// no region (LOG-11).
const everywhere = "global"

// actionGroup is whom Azure's alerts tell. Azure asks nobody to confirm.
func (b *builder) actionGroup() (*insights.ActionGroup, error) {
	name := b.args.Estate.Name("burrow-alerts")
	var receivers insights.EmailReceiverArray
	for _, address := range b.args.Watch.Emails {
		receivers = append(receivers, insights.EmailReceiverArgs{
			Name:                 pulumi.String(address),
			EmailAddress:         pulumi.String(address),
			UseCommonAlertSchema: pulumi.Bool(true),
		})
	}
	group, err := insights.NewActionGroup(b.ctx, b.name+"-action-group", &insights.ActionGroupArgs{
		ActionGroupName:   pulumi.String(name),
		ResourceGroupName: b.args.Azure.GroupName,
		Location:          pulumi.String(everywhere),
		// Mails come from this name, 12 characters at most; a suffix is never longer.
		GroupShortName: pulumi.String(cmp.Or(b.args.Estate.Suffix, "burrow")),
		Enabled:        pulumi.Bool(true),
		EmailReceivers: receivers,
		Tags:           b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	b.out.ActionGroupID = group.ID()
	return group, nil
}

// metricAlerts makes a rule of everything that pages by a metric.
func (b *builder) metricAlerts(tiles []azureTile, group *insights.ActionGroup) error {
	for _, tile := range tiles {
		for _, metric := range tile.metrics {
			for _, alert := range metric.alerts {
				if err := b.metricAlert(tile, metric, alert, group); err != nil {
					return fmt.Errorf("alert %s: %w", alert.key, err)
				}
			}
		}
	}
	return nil
}

func (b *builder) metricAlert(tile azureTile, metric azureMetric, alert azureAlert, group *insights.ActionGroup) error {
	name := b.args.Estate.Name(alert.base())
	var dimensions insights.MetricDimensionArray
	for _, f := range tile.narrowed(alert) {
		dimensions = append(dimensions, insights.MetricDimensionArgs{
			Name:     pulumi.String(f.dimension),
			Operator: pulumi.String("Include"),
			Values:   b.values(f),
		})
	}
	_, err := insights.NewMetricAlert(b.ctx, b.name+"-"+alert.key, &insights.MetricAlertArgs{
		RuleName:            pulumi.String(name),
		ResourceGroupName:   b.args.Azure.GroupName,
		Location:            pulumi.String(everywhere),
		Description:         pulumi.String(alert.description()),
		Severity:            pulumi.Int(alert.severity),
		Enabled:             pulumi.Bool(true),
		AutoMitigate:        pulumi.Bool(true),
		Scopes:              pulumi.StringArray{b.found[string(tile.of)]},
		EvaluationFrequency: pulumi.String(alertFrequency),
		WindowSize:          pulumi.String(alertWindow),
		Criteria: insights.MetricAlertSingleResourceMultipleMetricCriteriaArgs{
			OdataType: pulumi.String("Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"),
			AllOf: insights.MetricCriteriaArray{insights.MetricCriteriaArgs{
				CriterionType:   pulumi.String("StaticThresholdCriterion"),
				Name:            pulumi.String(metric.name),
				MetricNamespace: pulumi.String(tile.kind),
				MetricName:      pulumi.String(metric.name),
				Dimensions:      dimensions,
				TimeAggregation: pulumi.String(metric.aggregation),
				Operator:        pulumi.String(alert.operator),
				Threshold:       pulumi.Float64(alert.threshold),
			}},
		},
		Actions: insights.MetricAlertActionArray{insights.MetricAlertActionArgs{ActionGroupId: group.ID()}},
		Tags:    b.tags(name),
	}, b.parent, b.connected())
	if err != nil {
		return err
	}
	b.out.AlertNames = append(b.out.AlertNames, name)
	return nil
}

// values are a filter's, with what was found in place of sources.
func (b *builder) values(f filter) pulumi.StringArray {
	var values pulumi.StringArray
	for _, text := range f.values {
		values = append(values, b.written(func(found map[string]string) (string, error) { return fill(text, found), nil }))
	}
	return values
}

// queryAlerts makes a rule of everything that pages by a log.
func (b *builder) queryAlerts(queries []query, group *insights.ActionGroup) error {
	for _, q := range queries {
		if q.alert == nil {
			continue
		}
		if err := b.queryAlert(q, *q.alert, group); err != nil {
			return fmt.Errorf("alert %s: %w", q.alert.key, err)
		}
	}
	return nil
}

// queryAlert counts the rows of the answer every five minutes. The service tries
// the query before it accepts the rule, and is left to: what it cannot run would
// never page.
func (b *builder) queryAlert(q query, alert queryAlert, group *insights.ActionGroup) error {
	name := b.args.Estate.Name(alert.base())
	var dimensions insights.DimensionArray
	for _, column := range alert.dimensions {
		dimensions = append(dimensions, insights.DimensionArgs{
			Name:     pulumi.String(column),
			Operator: pulumi.String(insights.DimensionOperatorInclude),
			Values:   pulumi.ToStringArray([]string{"*"}),
		})
	}
	text := b.written(func(found map[string]string) (string, error) { return fill(q.asked(), found), nil })
	_, err := insights.NewScheduledQueryRule(b.ctx, b.name+"-"+alert.key, &insights.ScheduledQueryRuleArgs{
		RuleName:            pulumi.String(name),
		ResourceGroupName:   b.args.Azure.GroupName,
		Location:            pulumi.String(b.args.Network.Azure.Location),
		Kind:                pulumi.String("LogAlert"),
		DisplayName:         pulumi.String(name),
		Description:         pulumi.String(alert.description()),
		Severity:            pulumi.Float64(float64(alert.severity)),
		Enabled:             pulumi.Bool(true),
		AutoMitigate:        pulumi.Bool(true),
		SkipQueryValidation: pulumi.Bool(false),
		Scopes:              pulumi.StringArray{b.found[string(workspace)]},
		EvaluationFrequency: pulumi.String(alertFrequency),
		WindowSize:          pulumi.String(alert.window),
		Criteria: insights.ScheduledQueryRuleCriteriaArgs{AllOf: insights.ConditionArray{insights.ConditionArgs{
			Query:           text,
			TimeAggregation: pulumi.String("Count"),
			Operator:        pulumi.String(insights.ConditionOperatorGreaterThanOrEqual),
			Threshold:       pulumi.Float64(float64(alert.rows)),
			Dimensions:      dimensions,
			FailingPeriods: insights.ConditionFailingPeriodsArgs{
				MinFailingPeriodsToAlert:  pulumi.Float64(1),
				NumberOfEvaluationPeriods: pulumi.Float64(1),
			},
		}}},
		Actions: insights.ActionsArgs{ActionGroups: pulumi.StringArray{group.ID()}},
		Tags:    b.tags(name),
	}, b.parent, b.connected())
	if err != nil {
		return err
	}
	b.out.AlertNames = append(b.out.AlertNames, name)
	return nil
}

// asked is what the rule asks, which the workbook shows without narrowing.
func (q query) asked() string {
	if q.alert == nil || q.alert.narrow == "" {
		return q.text
	}
	return q.text + "\n" + q.alert.narrow
}
