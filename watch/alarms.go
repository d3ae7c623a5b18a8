package watch

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarms makes an alarm of every metric that pages.
func (b *builder) alarms(tiles []awsTile, topic *sns.Topic, ready []pulumi.Resource) error {
	for _, tile := range tiles {
		for _, metric := range tile.metrics {
			if metric.alarm == nil {
				continue
			}
			counts, err := b.counts(metric)
			if err != nil {
				return fmt.Errorf("metric of alarm %s: %w", metric.alarm.key, err)
			}
			if err := b.alarm(metric, *metric.alarm, topic, slices.Concat(ready, counts)); err != nil {
				return fmt.Errorf("alarm %s: %w", metric.alarm.key, err)
			}
		}
	}
	return nil
}

// counts makes the metric of a log, from every group of its kind. It does not wait
// for the connections, as nothing does that pages nobody.
func (b *builder) counts(metric awsMetric) ([]pulumi.Resource, error) {
	if metric.lines == nil {
		return nil, nil
	}
	var filters []pulumi.Resource
	for i := range b.args.logGroups()[metric.lines.logs] {
		filter, err := cloudwatch.NewLogMetricFilter(b.ctx, fmt.Sprintf("%s-%s-%d", b.name, metric.lines.key, i), &cloudwatch.LogMetricFilterArgs{
			Name:         pulumi.String(b.args.Estate.Name("burrow-" + metric.lines.key)),
			LogGroupName: b.found[string(logGroup(metric.lines.logs, i))],
			Pattern:      pulumi.String(metric.lines.pattern),
			MetricTransformation: cloudwatch.LogMetricFilterMetricTransformationArgs{
				Namespace:    pulumi.String(metric.namespace),
				Name:         pulumi.String(metric.name),
				Value:        pulumi.String("1"),
				DefaultValue: pulumi.String("0"),
				Unit:         pulumi.String("Count"),
			},
		}, b.parent)
		if err != nil {
			return nil, fmt.Errorf("filter of log group %d: %w", i, err)
		}
		filters = append(filters, filter)
	}
	return filters, nil
}

// alarm tells of trouble and of its end, by the same way.
func (b *builder) alarm(metric awsMetric, alarm awsAlarm, topic *sns.Topic, ready []pulumi.Resource) error {
	name := b.args.Estate.Name(alarm.base())
	dimensions := pulumi.StringMap{}
	for _, d := range metric.dimensions {
		dimensions[d.name] = b.found[string(d.of)]
	}
	_, err := cloudwatch.NewMetricAlarm(b.ctx, b.name+"-"+alarm.key, &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(name),
		AlarmDescription:   pulumi.String(alarm.description()),
		Namespace:          pulumi.String(metric.namespace),
		MetricName:         pulumi.String(metric.name),
		Dimensions:         dimensions,
		Statistic:          pulumi.String(metric.statistic),
		Period:             pulumi.Int(metric.seconds),
		ComparisonOperator: pulumi.String(alarm.comparison),
		Threshold:          pulumi.Float64(alarm.threshold),
		EvaluationPeriods:  pulumi.Int(alarm.periods),
		DatapointsToAlarm:  pulumi.Int(alarm.periods),
		TreatMissingData:   pulumi.String(alarm.missing),
		AlarmActions:       pulumi.Array{topic.Arn},
		OkActions:          pulumi.Array{topic.Arn},
		Tags:               b.tags(name),
	}, b.parent, b.connected(ready...))
	if err != nil {
		return err
	}
	b.out.AlarmNames = append(b.out.AlarmNames, name)
	return nil
}
