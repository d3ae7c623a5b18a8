package aws

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const sourceDashboardBody = "AmazonCloudWatch/latest/APIReference CloudWatch-Dashboard-Body-Structure.html"

// dashboard: PutDashboard makes it and changes it. It looks at the body's shape,
// never at whether there are such metrics, groups or alarms.
func dashboard() *emulator.Kind {
	const source = "cloudwatch/dashboard.go"
	return &emulator.Kind{
		Type:    awstype.Dashboard,
		Words:   named(words("CloudWatch", "CloudWatch Dashboard", "PutDashboard", "PutDashboard", "DeleteDashboards", "GetDashboard")),
		NewID:   property("dashboardName"),
		Replace: forceNew(source, "dashboardName"),
		Rules: []emulator.Rule{
			matches("PRO-14", "dashboardName", terraform(source), regexp.MustCompile(`^[0-9A-Za-z_-]{1,255}$`), "1 to 255 letters, digits, _ and -"),
			provider("PRO-14", "dashboardBody", terraform(source), func(c *emulator.Call) string {
				if body := c.In.Str("dashboardBody"); c.In.Known("dashboardBody") && !json.Valid([]byte(body)) {
					return `"dashboardBody" contains an invalid JSON`
				}
				return ""
			}),
			refuse("PRO-14", "InvalidParameterInput", emulator.OpWrite, sourceDashboardBody+"; pulumi/pulumi#13059; aws-samples/aws-eda-slurm-cluster#116", badDashboard),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{"dashboardArn": global(c, "cloudwatch", "dashboard/"+c.ID)})
			return nil
		},
	}
}

// A complaint is one mistake of a dashboard, as CloudWatch lists them.
type complaint struct {
	Path    string `json:"dataPath"`
	Message string `json:"message"`
}

// A bodyCheck collects the mistakes of a dashboard's body.
type bodyCheck struct{ complaints []complaint }

func (b *bodyCheck) add(path, message string, args ...any) {
	b.complaints = append(b.complaints, complaint{path, fmt.Sprintf(message, args...)})
}

func badDashboard(c *emulator.Call) string {
	var body any
	b := &bodyCheck{}
	if err := json.Unmarshal([]byte(c.In.Str("dashboardBody")), &body); err != nil {
		b.add("", "The dashboard body is not valid JSON")
	} else {
		b.body(body)
	}
	if len(b.complaints) == 0 {
		return ""
	}
	list, err := json.MarshalIndent(b.complaints, "", "  ")
	if err != nil {
		return "The dashboard body is invalid"
	}
	return fmt.Sprintf("The dashboard body is invalid, there are %d validation errors:\n%s", len(b.complaints), list)
}

const (
	maxWidgets = 500
	maxMetrics = 500 // of one widget
	gridWidth  = 24
	maxHeight  = 1000
)

func (b *bodyCheck) body(v any) {
	body, ok := v.(map[string]any)
	if !ok {
		b.add("", "Should be object")
		return
	}
	v, there := body["widgets"]
	widgets, ok := v.([]any)
	switch {
	case !there:
		b.add("", "Should have required property 'widgets'")
	case !ok:
		b.add("/widgets", "Should be array")
	case len(widgets) > maxWidgets:
		b.add("/widgets", "Should NOT have more than %d items", maxWidgets)
	}
	for i, w := range widgets {
		b.widget(fmt.Sprintf("/widgets/%d", i), w)
	}
}

// checkWidget are the kinds of widgets, with what each asks of its properties.
var checkWidget = map[string]func(*bodyCheck, string, map[string]any){
	"metric":   (*bodyCheck).metrics,
	"text":     func(b *bodyCheck, at string, p map[string]any) { b.required(at, p, "markdown") },
	"log":      func(b *bodyCheck, at string, p map[string]any) { b.required(at, p, "region", "query") },
	"alarm":    (*bodyCheck).alarms,
	"explorer": func(b *bodyCheck, at string, p map[string]any) { b.required(at, p, "metrics", "labels") },
	"custom":   func(b *bodyCheck, at string, p map[string]any) { b.required(at, p, "endpoint") },
	"chart":    func(*bodyCheck, string, map[string]any) {}, // its shape is not documented
}

func (b *bodyCheck) widget(at string, v any) {
	w, ok := v.(map[string]any)
	if !ok {
		b.add(at, "Should be object")
		return
	}
	b.grid(at, w)
	kind, _ := w["type"].(string)
	check := checkWidget[kind]
	if check == nil {
		b.add(at+"/type", "Should be equal to one of the allowed values")
		return
	}
	properties, ok := w["properties"].(map[string]any)
	if !ok {
		b.add(at, "Should have required property 'properties'")
		return
	}
	check(b, at+"/properties", properties)
}

// grid: x and y go together, in a grid of 24 columns.
func (b *bodyCheck) grid(at string, w map[string]any) {
	for _, side := range []struct {
		name        string
		least, most float64
	}{{"x", 0, gridWidth - 1}, {"y", 0, 1 << 31}, {"width", 1, gridWidth}, {"height", 1, maxHeight}} {
		v, there := w[side.name]
		n, ok := v.(float64)
		switch {
		case !there:
		case !ok || n != float64(int(n)):
			b.add(at+"/"+side.name, "Should be integer")
		case n < side.least:
			b.add(at+"/"+side.name, "Should be >= %v", side.least)
		case n > side.most:
			b.add(at+"/"+side.name, "Should be <= %v", side.most)
		}
	}
	_, x := w["x"]
	if _, y := w["y"]; x != y {
		b.add(at, "x and y should be specified together")
	}
}

func (b *bodyCheck) required(at string, p map[string]any, names ...string) {
	for _, name := range names {
		if v, there := p[name]; !there || v == "" {
			b.add(at, "Should have required property '%s'", name)
		}
	}
}

func (b *bodyCheck) alarms(at string, p map[string]any) {
	b.required(at, p, "alarms")
	if list, ok := p["alarms"].([]any); ok && len(list) == 0 {
		b.add(at+"/alarms", "Should NOT have less than 1 items")
	}
}

// metrics: a graph has metrics, or an alarm as its annotation, and a region.
func (b *bodyCheck) metrics(at string, p map[string]any) {
	v, there := p["metrics"]
	alarmed := annotatesAlarm(p)
	if !there && !alarmed {
		b.required(at, p, "metrics", "annotations")
	}
	if _, region := p["region"].(string); !alarmed && !(region && there) {
		b.add(at, "The metric widget should have specified a region and a data source or an alarm annotation")
	}
	list, ok := v.([]any)
	switch {
	case there && !ok:
		b.add(at+"/metrics", "Should be array")
	case len(list) > maxMetrics:
		b.add(at+"/metrics", "Should NOT have more than %d items", maxMetrics)
	case there && len(list) == 0:
		b.add(at+"/metrics", "Should NOT have less than 1 items")
	}
	for i, m := range list {
		b.metric(fmt.Sprintf("%s/metrics/%d", at, i), m)
	}
	b.period(at, p)
	if view, given := p["view"]; given && !slices.Contains([]any{"timeSeries", "singleValue", "gauge", "bar", "pie", "table"}, view) {
		b.add(at+"/view", "Should be equal to one of the allowed values")
	}
}

func annotatesAlarm(p map[string]any) bool {
	annotations, _ := p["annotations"].(map[string]any)
	alarms, _ := annotations["alarms"].([]any)
	return len(alarms) > 0
}

// metric is a namespace, a name and pairs of dimensions, or an expression, with
// how to draw it as the last element.
func (b *bodyCheck) metric(at string, v any) {
	list, ok := v.([]any)
	if !ok {
		b.add(at, "Should be array")
		return
	}
	if len(list) > 0 {
		if draw, ok := list[len(list)-1].(map[string]any); ok {
			if list = list[:len(list)-1]; len(list) == 0 && draw["expression"] != nil {
				return
			}
			b.period(fmt.Sprintf("%s/%d", at, len(list)), draw)
		}
	}
	texts := !slices.ContainsFunc(list, func(e any) bool { _, ok := e.(string); return !ok })
	if !texts || len(list) == 0 {
		b.add(at, `Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element`)
	} else if len(list) < 2 || len(list)%2 != 0 {
		if !slices.ContainsFunc(list, func(e any) bool { return strings.HasPrefix(e.(string), ".") }) { // "..." repeats what stands above
			b.add(at, "A metric should have a namespace, a name and pairs of dimension names and values")
		}
	}
}

func (b *bodyCheck) period(at string, p map[string]any) {
	v, given := p["period"]
	n, ok := v.(float64)
	if !given || ok && (slices.Contains([]float64{1, 5, 10, 20, 30}, n) || n > 0 && int(n)%60 == 0) {
		return
	}
	b.add(at+"/period", "Should be 1, 5, 10, 20, 30 or a multiple of 60")
}
