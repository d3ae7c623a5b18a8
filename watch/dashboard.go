package watch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A CloudWatch dashboard is a grid of 24 columns.
const (
	gridWidth  = 24
	tileWidth  = gridWidth / 2
	tileHeight = 6

	alarmsHeight = 4 // three rows of them
	factsHeight  = 8 // a heading, four points and the table of tunnels
)

// widget is one of a dashboard's. Source: CloudWatch API Reference, Dashboard
// Body Structure and Syntax.
type widget struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// dashboard shows the alarms, every tile, who is who, and the newest lines of the
// logs: what is wrong first, what explains it below.
func (b *builder) dashboard(tiles []awsTile) error {
	name := b.args.Estate.Name("burrow")
	dashboard, err := cloudwatch.NewDashboard(b.ctx, b.name+"-dashboard", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(name),
		DashboardBody: b.written(func(found map[string]string) (string, error) { return b.body(tiles, found) }),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	b.out.DashboardName = dashboard.DashboardName
	return nil
}

func (b *builder) body(tiles []awsTile, found map[string]string) (string, error) {
	region := b.args.Network.AWS.Region
	var arns []string
	for _, name := range b.out.AlarmNames {
		arns = append(arns, b.alarmARN(name))
	}
	page := grid{}
	page.add(gridWidth, alarmsHeight, "alarm", map[string]any{"title": "Alarms", "alarms": arns})
	for _, tile := range tiles {
		page.add(tileWidth, tileHeight, "metric", tile.graph(region, found))
	}
	page.add(gridWidth, factsHeight, "text", map[string]any{"markdown": fill(facts(b.args), found)})
	for _, log := range awsLogs(b.args) {
		page.add(gridWidth, tileHeight, "log", map[string]any{
			"title": log.title, "region": region, "view": "table", "query": fill(log.query, found),
		})
	}
	text, err := json.Marshal(map[string]any{"widgets": page.widgets})
	if err != nil {
		return "", fmt.Errorf("write the dashboard: %w", err)
	}
	return string(text), nil
}

// grid places widgets from left to right, then below.
type grid struct {
	widgets []widget
	x, y    int
	height  int // of the row
}

func (g *grid) add(width, height int, kind string, properties map[string]any) {
	if g.x+width > gridWidth {
		g.x, g.y, g.height = 0, g.y+g.height, 0
	}
	g.widgets = append(g.widgets, widget{kind, g.x, g.y, width, height, properties})
	g.x, g.height = g.x+width, max(g.height, height)
}

// graph is the tile with what was found.
func (t awsTile) graph(region string, found map[string]string) map[string]any {
	var metrics [][]any
	for _, m := range t.metrics {
		line := []any{m.namespace, m.name}
		for _, d := range m.dimensions {
			line = append(line, d.name, found[string(d.of)])
		}
		metrics = append(metrics, append(line, map[string]any{"label": m.label, "stat": m.statistic, "period": m.seconds}))
	}
	axis := map[string]any{"min": 0}
	if t.most > 0 {
		axis["max"] = t.most
	}
	return map[string]any{
		"title": t.title, "region": region, "view": "timeSeries", "metrics": metrics, "yAxis": map[string]any{"left": axis},
	}
}

// awsLog is a question to CloudWatch Logs.
type awsLog struct{ title, query string }

// awsLogs are questions to those log groups that there are. CloudWatch finds the
// fields of flow logs and of Resolver's query logs by itself.
func awsLogs(a Args) []awsLog {
	var logs []awsLog
	for _, ask := range []struct{ kind, title, query string }{
		{tunnelLogs, "Tunnels: newest log lines", "fields @timestamp, @log, @message | sort @timestamp desc | limit 50"},
		{queryLogs, "DNS: answers other than NOERROR", `filter rcode != "NOERROR" | stats count(*) as questions by query_name, rcode | sort questions desc | limit 20`},
		{flowLogs, "Flows refused", `filter action = "REJECT" | stats count(*) as flows by srcAddr, dstAddr, dstPort, protocol | sort flows desc | limit 20`},
	} {
		var from []string
		for i := range a.logGroups()[ask.kind] {
			from = append(from, fmt.Sprintf("SOURCE '%s'", logGroup(ask.kind, i).inText()))
		}
		if len(from) > 0 {
			logs = append(logs, awsLog{ask.title, strings.Join(slices.Concat(from, []string{ask.query}), " | ")})
		}
	}
	return logs
}
