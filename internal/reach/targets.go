package reach

import (
	"fmt"
	"slices"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// Targets are those of a load balancer's target group.
type Targets struct {
	Registered, Healthy int
	Why                 string // of how many are healthy
	// Unused says why the load balancer has nothing to say of the group, "" when it has.
	Unused string
}

// TargetsOf counts the targets of a group that were attached one by one, and the machines
// of scaling groups that register theirs, and how many answer health checks: all of them,
// or none, when no service and pods stand behind the port or nothing lets the checks
// through. A load balancer says nothing of a group that it does not forward to, nor of one
// without targets.
func TargetsOf(view inventory.View, lb, group *inventory.Object) (t Targets) {
	m := newModel(view, true)
	listener := m.forwarder(lb, group)
	if listener == nil {
		t.Unused = "the load balancer does not use the target group"
		return t
	}
	if t.Registered = m.registered(group); t.Registered == 0 {
		t.Unused = "the target group has no targets"
		return t
	}
	port := group.Props().Int("port")
	services := m.servicesOn(port)
	switch {
	case len(services) == 0:
		t.Why = fmt.Sprintf("no Kubernetes service has node port %d, so none of %d targets answers", port, t.Registered)
	case !slices.ContainsFunc(services, m.hasPods):
		t.Why = fmt.Sprintf("no pods stand behind node port %d, so none of %d targets answers", port, t.Registered)
	default:
		groups, _ := m.behindListener(lb, listener)
		for _, b := range groups {
			if checks := (Path{Hops: m.health(b)}); b.group == group && checks.Verdict() == Stopped {
				t.Why = fmt.Sprintf("none of %d targets answers: %v", t.Registered, checks.Troubles()[0])
				return t
			}
		}
		t.Healthy = t.Registered
		t.Why = fmt.Sprintf("%d of %d targets answer", t.Healthy, t.Registered)
	}
	return t
}

// Forwards reports whether a listener of the load balancer leads to the target group.
func Forwards(view inventory.View, lb, group *inventory.Object) bool {
	return newModel(view, true).forwarder(lb, group) != nil
}

// forwarder is the listener that leads to a target group, or nil.
func (m *model) forwarder(lb, group *inventory.Object) *inventory.Object {
	for _, l := range m.listeners(lb) {
		if slices.Contains(targetGroupsOf(l), group.Value("arn")) {
			return l
		}
	}
	return nil
}

// targetGroupsOf are the ARNs of what a listener forwards to.
func targetGroupsOf(listener *inventory.Object) []string {
	p := listener.Props()
	return append(p.Strings("defaultActions[*].targetGroupArn"), p.Strings("defaultActions[*].forward.targetGroups[*].arn")...)
}

func (m *model) registered(group *inventory.Object) (n int) {
	for _, a := range m.All(awstype.TargetGroupAttachment) {
		if a.Value("targetGroupArn") == group.Value("arn") {
			n++
		}
	}
	for _, a := range m.All(awstype.AutoscalingAttachment) {
		machines := m.Find(awstype.AutoscalingGroup, "name", a.Value("autoscalingGroupName"))
		if a.Value("lbTargetGroupArn") == group.Value("arn") && machines != nil {
			n += machines.Props().Int("desiredCapacity")
		}
	}
	return n
}

// hasPods reports whether a workload that runs pods stands behind a service.
func (m *model) hasPods(service *inventory.Object) bool {
	return slices.ContainsFunc(m.behindService(service), func(p pod) bool { return p.of != "" && !p.idle })
}
