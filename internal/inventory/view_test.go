package inventory

import (
	"slices"
	"testing"
)

func TestView(t *testing.T) {
	west := &Object{Type: "box", ID: "b-1", Region: "west", Serial: 1, Out: Props{"name": "red"}}
	east := &Object{Type: "box", ID: "b-1", Region: "east", Serial: 3, Out: Props{"name": "red"}}
	global := &Object{Type: "ball", ID: "/subscriptions/S/Balls/One", Serial: 2, In: Props{"name": "round"}}
	all := View{Source: NewList(east, west, global)}
	for name, c := range map[string]struct{ got, want []*Object }{
		"everything, as it was made":   {all.All(), []*Object{west, global, east}},
		"a type":                       {all.All("box"), []*Object{west, east}},
		"a region, and what is global": {all.Within("east").All(), []*Object{global, east}},
		"where":                        {all.Where("box", func(o *Object) bool { return o.Region == "east" }), []*Object{east}},
		"by id":                        {[]*Object{all.Get("box", "b-1"), all.Within("east").Get("box", "b-1")}, []*Object{west, east}},
		"by id in no region":           {[]*Object{all.Within("north").Get("box", "b-1")}, []*Object{nil}},
		"by an ARM id":                 {[]*Object{all.Get("ball", "/subscriptions/s/balls/one")}, []*Object{global}},
		"by a property":                {[]*Object{all.Within("east").Find("box", "name", "red"), all.Find("ball", "name", "round")}, []*Object{east, global}},
		"of another type":              {[]*Object{all.Find("ball", "name", "red")}, []*Object{nil}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}
