package alarms

import (
	"burrow/internal/inventory"
	"burrow/internal/reach"
)

func readHealthyHosts(j *judgement, named map[string]*inventory.Object, _ inventory.Props) (*reading, string) {
	h, missing := j.hosts(named)
	if missing != "" {
		return nil, missing
	}
	return &reading{float64(h.Healthy), h.Why, &bounds{well: float64(h.Registered), dead: 0}}, ""
}

func readUnhealthyHosts(j *judgement, named map[string]*inventory.Object, _ inventory.Props) (*reading, string) {
	h, missing := j.hosts(named)
	if missing != "" {
		return nil, missing
	}
	return &reading{float64(h.Registered - h.Healthy), h.Why, &bounds{well: 0, dead: float64(h.Registered)}}, ""
}

// hosts are the targets of a group and how many answer.
func (j *judgement) hosts(named map[string]*inventory.Object) (t reach.Targets, missing string) {
	lb, group := named["LoadBalancer"], named["TargetGroup"]
	t = reach.TargetsOf(j.tx.View, lb, group)
	if t.Unused != "" && t.Registered == 0 && !reach.Forwards(j.tx.View, lb, group) {
		j.broken("LOG-15", "no listener of %s forwards to %s", nameOf(lb), nameOf(group))
	}
	return t, t.Unused
}
