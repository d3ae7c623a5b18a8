package alarms

import (
	"fmt"
	"slices"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/kubetype"
)

// workloadTypes run pods, and say under this path which labels they have.
var workloadTypes = map[string]string{
	kubetype.Pod:         "metadata.labels",
	kubetype.Deployment:  "spec.template.metadata.labels",
	kubetype.StatefulSet: "spec.template.metadata.labels",
	kubetype.DaemonSet:   "spec.template.metadata.labels",
}

func readHealthyHosts(j *judgement, named map[string]*inventory.Object, _ inventory.Props) (*reading, string) {
	h, missing := j.hosts(named)
	if missing != "" {
		return nil, missing
	}
	return &reading{float64(h.healthy), h.why, &bounds{well: float64(h.registered), dead: 0}}, ""
}

func readUnhealthyHosts(j *judgement, named map[string]*inventory.Object, _ inventory.Props) (*reading, string) {
	h, missing := j.hosts(named)
	if missing != "" {
		return nil, missing
	}
	return &reading{float64(h.registered - h.healthy), h.why, &bounds{well: 0, dead: float64(h.registered)}}, ""
}

type hosts struct {
	registered, healthy int
	why                 string
}

// hosts are the targets of a group and how many answer. A load balancer says
// nothing of a group that it does not forward to, nor of one without targets.
func (j *judgement) hosts(named map[string]*inventory.Object) (h hosts, missing string) {
	lb, group := named["LoadBalancer"], named["TargetGroup"]
	if !j.forwards(lb, group) {
		j.broken("LOG-15", "no listener of %s forwards to %s", nameOf(lb), nameOf(group))
		return h, "the load balancer does not use the target group"
	}
	if h.registered = j.registered(group); h.registered == 0 {
		return h, "the target group has no targets"
	}
	port := group.Props().Int("port")
	switch services := j.servicesOn(port); {
	case len(services) == 0:
		h.why = fmt.Sprintf("no Kubernetes service has node port %d, so none of %d targets answers", port, h.registered)
	case !slices.ContainsFunc(services, j.hasPods):
		h.why = fmt.Sprintf("no pods stand behind node port %d, so none of %d targets answers", port, h.registered)
	default:
		h.healthy = h.registered
		h.why = fmt.Sprintf("%d of %d targets answer", h.healthy, h.registered)
	}
	return h, ""
}

func (j *judgement) forwards(lb, group *inventory.Object) bool {
	return slices.ContainsFunc(j.tx.All(awstype.Listener), func(l *inventory.Object) bool {
		p := l.Props()
		targets := append(p.Strings("defaultActions[*].targetGroupArn"), p.Strings("defaultActions[*].forward.targetGroups[*].arn")...)
		return p.Str("loadBalancerArn") == lb.Value("arn") && slices.Contains(targets, group.Value("arn"))
	})
}

// registered are the targets that were attached one by one, and the machines of
// the scaling groups that register theirs.
func (j *judgement) registered(group *inventory.Object) (n int) {
	for _, a := range j.tx.All(awstype.TargetGroupAttachment) {
		if a.Value("targetGroupArn") == group.Value("arn") {
			n++
		}
	}
	for _, a := range j.tx.All(awstype.AutoscalingAttachment) {
		machines := j.tx.Find(awstype.AutoscalingGroup, "name", a.Value("autoscalingGroupName"))
		if a.Value("lbTargetGroupArn") == group.Value("arn") && machines != nil {
			n += machines.Props().Int("desiredCapacity")
		}
	}
	return n
}

func (j *judgement) servicesOn(nodePort int) []*inventory.Object {
	return j.tx.Where(kubetype.Service, func(s *inventory.Object) bool {
		return slices.ContainsFunc(s.Props().Maps("spec.ports"), func(p inventory.Props) bool { return p.Int("nodePort") == nodePort })
	})
}

// hasPods reports whether a workload of the service's namespace has the labels
// that the service selects.
func (j *judgement) hasPods(service *inventory.Object) bool {
	selector := service.Props().Map("spec.selector")
	for typ, labels := range workloadTypes {
		for _, o := range j.tx.All(typ) {
			p := o.Props()
			count, set := p.Get("spec.replicas")
			here := o.Region == service.Region && p.Str("metadata.namespace") == service.Props().Str("metadata.namespace")
			if here && len(selector) > 0 && (!set || count != any(0.0)) && includes(p.Map(labels), selector) {
				return true
			}
		}
	}
	return false
}

func includes(labels, selector inventory.Props) bool {
	for name, v := range selector {
		if labels[name] != v {
			return false
		}
	}
	return true
}
