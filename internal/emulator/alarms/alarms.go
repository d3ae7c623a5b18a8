package alarms

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach"
	"burrow/internal/rules"
)

// A State is what an alarm shows, in CloudWatch's words for both clouds.
type State string

// The states of an alarm.
const (
	OK           State = "OK"
	Firing       State = "ALARM"
	Insufficient State = "INSUFFICIENT_DATA"
)

// An Alarm is an alarm of AWS or an alert rule of Azure with the state that it
// would have in real life.
type Alarm struct {
	Cloud string // provider package: aws or azure-native
	Name  string
	ID    string
	// Metric is namespace/name, "metric math", "other alarms" or "log query".
	Metric string
	// Watches are the ids of the objects that dimensions or scopes name.
	Watches []string
	State   State
	Why     string // what the state follows from
	// Broken says why the alarm can never do its work. A reason begins with the
	// id of the rule that it follows from.
	Broken []string
	// Reaches are the topics and action groups that pass it on to somebody.
	Reaches []Reach
}

// A Reach is a way from an alarm to somebody.
type Reach struct {
	ID string // of the topic or action group
	// Receivers are who is told: endpoints of subscriptions, names of receivers.
	Receivers []string
}

// All works out the state of every alarm in the world, in the order in which they
// were made: what the watched things would measure now, and whether anybody would
// be told.
func All(tx *emulator.Tx) []Alarm {
	w := &watcher{tx: tx.Everywhere(), tunnels: reach.Tunnels(tx.View)}
	var all []Alarm
	for _, o := range w.tx.All(awstype.MetricAlarm, awstype.CompositeAlarm, azuretype.MetricAlert, azuretype.ScheduledQueryRule) {
		j := &judgement{watcher: w, o: o, alarm: Alarm{Cloud: o.Cloud, Name: nameOf(o), ID: o.ID}}
		switch o.Type {
		case awstype.MetricAlarm:
			j.metricAlarm()
		case awstype.CompositeAlarm:
			j.compositeAlarm()
		case azuretype.MetricAlert:
			j.metricAlert()
		case azuretype.ScheduledQueryRule:
			j.queryRule()
		}
		all = append(all, j.alarm)
	}
	return all
}

// watcher is what all alarms look at.
type watcher struct {
	tx      *emulator.Tx
	tunnels []reach.Tunnel
}

// A judgement is an alarm while it is judged.
type judgement struct {
	*watcher
	o     *inventory.Object
	alarm Alarm
}

func nameOf(o *inventory.Object) string {
	if name := o.Value("name"); name != "" {
		return name
	}
	return o.ID[strings.LastIndex(o.ID, "/")+1:]
}

// broken notes why the alarm can never work.
func (j *judgement) broken(rule rules.ID, format string, args ...any) {
	if why := string(rule) + ": " + fmt.Sprintf(format, args...); !slices.Contains(j.alarm.Broken, why) {
		j.alarm.Broken = append(j.alarm.Broken, why)
	}
}

// watches notes an object that the alarm is about.
func (j *judgement) watches(o *inventory.Object) {
	if !slices.Contains(j.alarm.Watches, o.ID) {
		j.alarm.Watches = append(j.alarm.Watches, o.ID)
	}
}

func (j *judgement) state(s State, format string, args ...any) {
	j.alarm.State, j.alarm.Why = s, fmt.Sprintf(format, args...)
}

// fires sets ALARM or OK.
func (j *judgement) fires(yes bool, why string) {
	if yes {
		j.state(Firing, "%s", why)
	} else {
		j.state(OK, "%s", why)
	}
}

// A reading is what a metric says now.
type reading struct {
	value float64
	why   string // what the value follows from
	// bounds are what it would say when all is well and when nothing works; nil
	// of what is no measure of health.
	bounds *bounds
}

type bounds struct{ well, dead float64 }

// A threshold is when an alarm fires.
type threshold struct {
	operator string // CloudWatch's or Azure's name
	value    float64
}

// known reports whether the operator compares with a fixed value: those of
// learned bands do not.
func (t threshold) known() bool { return operators[t.operator] != nil }

func (t threshold) crossed(value float64) bool { return operators[t.operator](value, t.value) }

// below reports whether low values fire.
func (t threshold) below() bool { return strings.HasPrefix(t.operator, "LessThan") }

func (t threshold) String() string { return fmt.Sprintf("%s %v", t.operator, t.value) }

var operators = map[string]func(value, threshold float64) bool{
	"GreaterThanThreshold":          func(v, t float64) bool { return v > t },
	"GreaterThanOrEqualToThreshold": func(v, t float64) bool { return v >= t },
	"LessThanThreshold":             func(v, t float64) bool { return v < t },
	"LessThanOrEqualToThreshold":    func(v, t float64) bool { return v <= t },
	"GreaterThan":                   func(v, t float64) bool { return v > t },
	"GreaterThanOrEqual":            func(v, t float64) bool { return v >= t },
	"LessThan":                      func(v, t float64) bool { return v < t },
	"LessThanOrEqual":               func(v, t float64) bool { return v <= t },
	"Equals":                        func(v, t float64) bool { return v == t },
	"Equal":                         func(v, t float64) bool { return v == t },
}
