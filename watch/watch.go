// Package watch makes both clouds call for help.
//
// What is measured is listed once, in plain Go (signals.go for AWS, azure.go for
// Azure, queries.go for logs), and both the alarms and the dashboards are made
// from the lists: what pages can be seen, with the same numbers. Every alarm
// names its section of docs/when-it-pages-you.md.
//
// Each cloud watches its own ends and tells the same people by mail. Neither
// relies on the other: AWS's alarms still come when Azure is away, and the other
// way round. The package stops at the clouds: what happens inside relay and bunny
// is theirs to watch.
package watch

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// Args is what is watched, and who is told.
type Args struct {
	Estate  plan.Estate
	Network plan.Network
	VPN     plan.VPN
	DNS     plan.DNS
	Relay   plan.Relay
	Watch   plan.Watch
	AWS     AWSSide
	Azure   AzureSide
	// Tunnels are all four, in any order.
	Tunnels []Tunnel
	// Connected are the Azure connections. Alarms come after them: before, every
	// tunnel is down, for as long as the Azure gateway takes (AVG-24), and nobody
	// wants a mail about that.
	Connected []pulumi.Resource
}

// Tunnel is one tunnel as both clouds made it.
type Tunnel struct {
	plan.Tunnel
	AWSOutside     pulumi.StringOutput
	AzureOutside   pulumi.StringOutput
	ConnectionName pulumi.StringOutput // of the Azure connection
}

// AWSSide is what is watched in AWS.
type AWSSide struct {
	VPNConnectionIDs   map[int]pulumi.IDOutput // by instance of the Azure gateway
	TransitGatewayID   pulumi.IDOutput         // used when the tunnels end at one
	ResolverInboundID  pulumi.IDOutput
	ResolverOutboundID pulumi.IDOutput
	// LoadBalancerSuffix is the end of the ARN by which CloudWatch knows relay's
	// load balancer: net/NAME/ID. TargetGroupSuffix is targetgroup/NAME/ID.
	LoadBalancerSuffix pulumi.StringOutput
	TargetGroupSuffix  pulumi.StringOutput
	// Names of log groups, for the dashboard; no group, no tile. What is counted in
	// the query logs pages.
	FlowLogGroups   []pulumi.StringOutput
	TunnelLogGroups []pulumi.StringOutput
	QueryLogGroups  []pulumi.StringOutput
}

// AzureSide is what is watched in Azure.
type AzureSide struct {
	GroupName   pulumi.StringOutput
	WorkspaceID pulumi.IDOutput // holds the logs of gateway and DNS
	GatewayID   pulumi.IDOutput
	ResolverID  pulumi.IDOutput
	ClusterID   pulumi.IDOutput // AKS
}

// Watch is what calls for help.
type Watch struct {
	pulumi.ResourceState

	TopicARN      pulumi.StringOutput
	ActionGroupID pulumi.IDOutput
	DashboardName pulumi.StringOutput // in CloudWatch
	WorkbookID    pulumi.IDOutput
	// AlarmNames are the CloudWatch alarms, AlertNames the Azure alert rules.
	AlarmNames, AlertNames []string
}

// New makes topic and action group, alarms and dashboards.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Watch, error) {
	out := &Watch{}
	if err := ctx.RegisterComponentResource("burrow:watch:Watch", name, out, opts...); err != nil {
		return nil, fmt.Errorf("watch %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(out), out: out, found: args.found()}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("watch %s: %w", name, err)
	}
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{
		"topicArn":      out.TopicARN,
		"actionGroupId": out.ActionGroupID,
		"dashboardName": out.DashboardName,
		"workbookId":    out.WorkbookID,
		"alarmNames":    pulumi.ToStringArray(out.AlarmNames),
		"alertNames":    pulumi.ToStringArray(out.AlertNames),
	})
}

// builder makes the children of one Watch.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   Args
	parent pulumi.ResourceOption
	out    *Watch
	found  pulumi.StringMap // what the clouds invented, by source
}

func (b *builder) build() error {
	if err := b.aws(); err != nil {
		return fmt.Errorf("aws: %w", err)
	}
	if err := b.azure(); err != nil {
		return fmt.Errorf("azure: %w", err)
	}
	return nil
}

func (b *builder) aws() error {
	topic, ready, err := b.topic()
	if err != nil {
		return fmt.Errorf("topic: %w", err)
	}
	tiles := awsTiles(b.args)
	if err := b.alarms(tiles, topic, ready); err != nil {
		return err
	}
	return b.dashboard(tiles)
}

func (b *builder) azure() error {
	group, err := b.actionGroup()
	if err != nil {
		return fmt.Errorf("action group: %w", err)
	}
	tiles, queries := azureTiles(b.args), azureQueries(b.args)
	if err := b.metricAlerts(tiles, group); err != nil {
		return err
	}
	if err := b.queryAlerts(queries, group); err != nil {
		return err
	}
	return b.workbook(tiles, queries)
}

// connected makes a resource wait until the tunnels can be up, and for more.
func (b *builder) connected(more ...pulumi.Resource) pulumi.ResourceOption {
	return pulumi.DependsOn(append(append([]pulumi.Resource{}, b.args.Connected...), more...))
}

// tags are the tags of the thing with that physical name.
func (b *builder) tags(name string) pulumi.StringMap {
	return pulumi.ToStringMap(b.args.Estate.Tags(name))
}
