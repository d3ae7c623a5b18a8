package watch

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// notebook is the version of a workbook's format.
const notebook = "Notebook/1.0"

// Numbers that a workbook writes for words. Source: microsoft/Application-Insights-Workbooks,
// documentation and published templates.
const (
	itemText    = 1
	itemQuery   = 3
	itemMetrics = 10

	messageSuccess = 3

	fourHours = 4 * 60 * 60 * 1000 // milliseconds
)

var aggregations = map[string]int{"Total": 1, "Minimum": 2, "Maximum": 3, "Average": 4}

// workbook shows every tile and query.
func (b *builder) workbook(tiles []azureTile, queries []query) error {
	name := b.args.Estate.Name("burrow")
	workbook, err := insights.NewWorkbook(b.ctx, b.name+"-workbook", &insights.WorkbookArgs{
		ResourceName:      pulumi.String(b.workbookID()),
		ResourceGroupName: b.args.Azure.GroupName,
		Location:          pulumi.String(b.args.Network.Azure.Location),
		Kind:              pulumi.String("shared"),
		Category:          pulumi.String("workbook"),
		SourceId:          pulumi.String("azure monitor"), // lists it there, under Workbooks
		DisplayName:       pulumi.String(name),
		Description:       pulumi.String("The path from bunny to relay, as Azure sees it."),
		Version:           pulumi.String(notebook),
		SerializedData:    b.written(func(found map[string]string) (string, error) { return b.notebook(tiles, queries, found) }),
		Tags:              b.tags(name),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	b.out.WorkbookID = workbook.ID()
	return nil
}

// workbookID is a GUID, as the name of a workbook has to be, and always the same
// for an estate.
func (b *builder) workbookID() string {
	estate := "burrow://" + b.args.Network.Azure.SubscriptionID + "/" + b.args.Estate.Name("burrow")
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(estate)).String()
}

// notebook has the tunnels on top, then the metrics, then what the logs say beside.
func (b *builder) notebook(tiles []azureTile, queries []query, found map[string]string) (string, error) {
	items := []map[string]any{{"type": itemText, "name": "facts", "content": map[string]any{"json": fill(facts(b.args), found)}}}
	add := func(kind int, name string, half bool, content map[string]any) {
		item := map[string]any{"type": kind, "name": name, "content": content}
		if half {
			item["customWidth"] = "50" // percent
		}
		items = append(items, item)
	}
	ask := func(half bool) {
		for i, q := range queries {
			if q.half == half {
				add(itemQuery, fmt.Sprintf("query %d", i), half, q.item(found))
			}
		}
	}
	ask(false)
	for i, t := range tiles {
		add(itemMetrics, fmt.Sprintf("metrics %d", i), true, t.item(found))
	}
	ask(true)
	text, err := json.Marshal(map[string]any{"version": notebook, "items": items})
	if err != nil {
		return "", fmt.Errorf("write the workbook: %w", err)
	}
	return string(text), nil
}

// item is the query with what was found. It looks back as far as its alert does.
func (q query) item(found map[string]string) map[string]any {
	back := fourHours
	if q.alert != nil && q.alert.window == longestWindow {
		back = 2 * 24 * 60 * 60 * 1000
	}
	return map[string]any{
		"version": "KqlItem/1.0", "title": q.title, "query": fill(q.text, found), "visualization": q.view,
		"size": 0, "queryType": 0, "resourceType": "microsoft.operationalinsights/workspaces",
		"crossComponentResources": []string{found[string(workspace)]},
		"timeContext":             map[string]any{"durationMs": back},
		"noDataMessage":           q.empty, "noDataMessageStyle": messageSuccess,
	}
}

// item is the tile with what was found.
func (t azureTile) item(found map[string]string) map[string]any {
	id := found[string(t.of)]
	var metrics, filters []map[string]any
	for _, m := range t.metrics {
		metrics = append(metrics, map[string]any{
			"namespace": strings.ToLower(t.kind), "metric": t.workbookName(m), "aggregation": aggregations[m.aggregation], "splitBy": t.split,
		})
	}
	for i, f := range t.filters {
		var values []string
		for _, text := range f.values {
			values = append(values, fill(text, found))
		}
		filters = append(filters, map[string]any{"id": fmt.Sprint(i + 1), "key": f.dimension, "operator": 0, "values": values})
	}
	item := map[string]any{
		"version": "MetricsItem/2.0", "title": t.title, "chartType": 2, "size": 0, "metricScope": 0,
		"chartId":      "workbook" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(id+t.title)).String(),
		"resourceType": strings.ToLower(t.kind), "resourceIds": []string{id}, "metrics": metrics,
		"timeContext": map[string]any{"durationMs": fourHours}, "gridSettings": map[string]any{"rowLimit": 10000},
	}
	if filters != nil {
		item["filters"] = filters
	}
	return item
}
