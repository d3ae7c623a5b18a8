package inventory

import (
	"maps"
	"slices"
)

// A List is a source that holds its objects by type, oldest first.
type List map[string][]*Object

// NewList is a source of the objects. Those without a Serial get one, in the order
// in which they are given.
func NewList(objects ...*Object) List {
	l := List{}
	for i, o := range objects {
		if o.Serial == 0 {
			o.Serial = uint64(i + 1)
		}
		l[o.Type] = append(l[o.Type], o)
	}
	for _, all := range l {
		slices.SortStableFunc(all, func(a, b *Object) int { return int(a.Serial) - int(b.Serial) })
	}
	return l
}

// Types are those of which there is an object.
func (l List) Types() []string { return slices.Sorted(maps.Keys(l)) }

// Objects are those of a type.
func (l List) Objects(typ string) []*Object { return l[typ] }
