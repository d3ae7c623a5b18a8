package watch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/plan"
	"burrow/internal/sent"
)

// board is as much of either dashboard as the tests ask about.
type board struct {
	Widgets []struct {
		Type                string
		X, Y, Width, Height int
		Properties          struct {
			Markdown, Query, Region string
			Alarms                  []string
			Metrics                 [][]any
		}
	}
	Version string
	Items   []struct {
		Type    int
		Name    string
		Content struct {
			JSON, Query, ResourceType string
			ResourceIDs               []string `json:"resourceIds"`
			CrossComponentResources   []string
			NoDataMessage             string
			Metrics                   []struct{ Namespace, Metric, SplitBy string }
			Filters                   []struct {
				Key    string
				Values []string
			}
		}
	}
}

func decode(t *testing.T, text any) board {
	t.Helper()
	var b board
	if err := json.Unmarshal([]byte(text.(string)), &b); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return b
}

// Every metric of the dashboard is among the signals, and every metric that an
// alarm is on is drawn, with the same dimensions, statistic and period.
func TestDashboardShowsWhatPages(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		b := decode(t, log.One(t, awstype.Dashboard).Inputs["dashboardBody"])
		var drawn, alarms []string
		for _, w := range b.Widgets {
			for _, m := range w.Properties.Metrics {
				drawn = append(drawn, line(m))
			}
			alarms = append(alarms, w.Properties.Alarms...)
		}
		var signals []string
		for _, tile := range awsTiles(args(p, nil)) {
			for _, m := range tile.metrics {
				signals = append(signals, m.namespace+" "+m.name)
			}
		}
		if len(drawn) != len(signals) {
			t.Errorf("%d metrics drawn of %d signals", len(drawn), len(signals))
		}
		for _, line := range drawn {
			if !slices.ContainsFunc(signals, func(s string) bool { return strings.HasPrefix(line, s+" ") }) {
				t.Errorf("%s is no signal", line)
			}
		}
		for _, a := range log.Of(awstype.MetricAlarm) {
			in := a.Inputs
			on := fmt.Sprintf("%v %v %v %v %v", in["namespace"], in["metricName"], in["dimensions"], in["statistic"], in["period"])
			if !slices.Contains(drawn, on) {
				t.Errorf("%s is on %s, which is not drawn", a.Name, on)
			}
			if arn := "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:" + a.Inputs["name"].(string); !slices.Contains(alarms, arn) {
				t.Errorf("the dashboard does not show %s", arn)
			}
		}
		if len(alarms) != len(log.Of(awstype.MetricAlarm)) {
			t.Errorf("%d alarms shown of %d", len(alarms), len(log.Of(awstype.MetricAlarm)))
		}
	})
}

// line is what a line of a graph is of, with its statistic and period.
func line(m []any) string {
	last, dimensions := m[len(m)-1].(map[string]any), map[string]any{}
	for i := 2; i+1 < len(m); i += 2 {
		dimensions[m[i].(string)] = m[i+1]
	}
	return fmt.Sprintf("%v %v %v %v %v", m[0], m[1], dimensions, last["stat"], last["period"])
}

// Widgets lie in the grid and on nobody else's place.
func TestDashboardGrid(t *testing.T) {
	inEveryMode(t, func(t *testing.T, _ *plan.Plan, log *sent.Log) {
		taken := map[[2]int]int{}
		for i, w := range decode(t, log.One(t, awstype.Dashboard).Inputs["dashboardBody"]).Widgets {
			if w.X < 0 || w.X+w.Width > 24 || w.Width < 1 || w.Height < 1 {
				t.Errorf("widget %d lies outside", i)
			}
			for x := w.X; x < w.X+w.Width; x++ {
				for y := w.Y; y < w.Y+w.Height; y++ {
					if other, there := taken[[2]int{x, y}]; there {
						t.Fatalf("widgets %d and %d lie on each other", other, i)
					}
					taken[[2]int{x, y}] = i
				}
			}
		}
	})
}

// Whoever opens either board sees first what is wrong: the alarms, or the tunnels.
func TestBoardsStartWithWhatIsWrong(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		aws := decode(t, log.One(t, awstype.Dashboard).Inputs["dashboardBody"]).Widgets
		same(t, "dashboard", []string{aws[0].Type, aws[1].Type}, []string{"alarm", "metric"})
		if m := aws[1].Properties.Metrics; len(m) != len(p.VPN.OrderedTunnels()) || m[0][1] != "TunnelState" {
			t.Errorf("the first graph is of %v", m)
		}
		azure := decode(t, log.One(t, azuretype.Workbook).Inputs["serializedData"]).Items
		same(t, "workbook", []int{azure[0].Type, azure[1].Type, azure[2].Type, azure[len(azure)-1].Type}, []int{1, 3, 10, 3})
		if !strings.Contains(azure[1].Content.Query, "TunnelDiagnosticLog") {
			t.Errorf("the first table is of %s", azure[1].Content.Query)
		}
	})
}

// Metrics of a mode are drawn in that mode alone.
func TestBoardsFitTheMode(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		aws := log.One(t, awstype.Dashboard).Inputs["dashboardBody"].(string)
		azure := log.One(t, azuretype.Workbook).Inputs["serializedData"].(string)
		for _, c := range []struct {
			what, text, part string
			want             bool
		}{
			{"transit tiles", aws, `"TransitGateway","tgw-1"`, p.VPN.OnTransit()},
			{"BGP tiles", azure, "-Routing-BgpPeerStatus", true},
			{"sending tunnels", aws, "through all 4 tunnels at once", p.VPN.OnTransit()},
			{"sending tunnel", azure, "through one tunnel at a time", !p.VPN.OnTransit()},
			{"sizes", aws, fmt.Sprintf("MTU %d, MSS %d", p.VPN.AlgorithmSuite().MTU(), p.VPN.AlgorithmSuite().MSS()), true},
			{"addresses", azure, "| instance1-tunnel2 | azure-instance1-tunnel2 | aws-instance1-tunnel2 | 169.254.22.6 | 169.254.22.5 |", true},
			{"logs", aws, "SOURCE '/tunnels/0' | SOURCE '/tunnels/1' | ", true},
		} {
			if strings.Contains(c.text, c.part) != c.want {
				t.Errorf("%s: %q in the board: %v, want %v", c.what, c.part, !c.want, c.want)
			}
		}
		for _, text := range []string{aws, azure} {
			if strings.Contains(text, "{aws") || strings.Contains(text, "{azure") || strings.Contains(text, "{workspace}") || strings.Contains(text, "logs 0}") {
				t.Errorf("something was not filled in: %s", text)
			}
		}
	})
}

// The workbook asks what the rules ask, of the same resources, and draws every
// metric that an alert is on.
func TestWorkbookShowsWhatPages(t *testing.T) {
	inEveryMode(t, func(t *testing.T, p *plan.Plan, log *sent.Log) {
		b := decode(t, log.One(t, azuretype.Workbook).Inputs["serializedData"])
		if b.Version != "Notebook/1.0" || b.Items[0].Type != 1 || b.Items[0].Content.JSON == "" {
			t.Errorf("version %q, first item %+v", b.Version, b.Items[0])
		}
		var metrics, asked []string
		for _, item := range b.Items {
			for _, m := range item.Content.Metrics {
				if len(item.Content.ResourceIDs) != 1 || item.Content.ResourceIDs[0] == "" || m.Namespace != item.Content.ResourceType {
					t.Errorf("%s is of %v", m.Metric, item.Content.ResourceIDs)
				}
				metrics = append(metrics, m.Metric)
			}
			if item.Content.Query != "" {
				asked = append(asked, item.Content.Query)
				same(t, item.Name, item.Content.CrossComponentResources, []string{"/workspace"})
				if item.Content.NoDataMessage == "" {
					t.Errorf("%s does not say what no answer means", item.Name)
				}
			}
		}
		count := 0
		for _, tile := range azureTiles(args(p, nil)) {
			count += len(tile.metrics)
		}
		if len(metrics) != count {
			t.Errorf("%d metrics drawn of %d signals", len(metrics), count)
		}
		for _, alert := range log.Of(azuretype.MetricAlert) {
			name := at(alert.Inputs, "criteria", "allOf", 0, "metricName").(string)
			if !slices.ContainsFunc(metrics, func(m string) bool { return strings.HasSuffix(m, "-"+name) }) {
				t.Errorf("%s is on %s, which is not drawn", alert.Name, name)
			}
		}
		for _, rule := range log.Of(azuretype.ScheduledQueryRule) {
			query := at(rule.Inputs, "criteria", "allOf", 0, "query").(string)
			if !slices.ContainsFunc(asked, func(q string) bool { return strings.HasPrefix(query, q) }) {
				t.Errorf("the workbook does not show what %s asks", rule.Name)
			}
		}
	})
}

// No log group, no tile: CloudWatch refuses a question to nothing.
func TestLogsWithoutGroups(t *testing.T) {
	a := args(plan.Default(), nil)
	a.AWS.QueryLogGroups = nil
	if logs := awsLogs(a); len(logs) != 2 {
		t.Errorf("%d logs without the group of DNS queries, want 2", len(logs))
	}
}

// Nothing that is sent holds a secret.
func TestNoSecrets(t *testing.T) {
	inEveryMode(t, func(t *testing.T, _ *plan.Plan, log *sent.Log) {
		for _, r := range log.All() {
			if len(r.Secrets) > 0 {
				t.Errorf("%s: secret inputs %v", r.Name, r.Secrets)
			}
		}
	})
}
