package inventory

import "slices"

// A Source has the objects of clouds.
type Source interface {
	// Types are those of which there may be objects, sorted.
	Types() []string
	// Objects are those of a type, by its canonical token, oldest first.
	Objects(typ string) []*Object
}

// A View is what a region sees of a source: its own objects and what is global.
// The zero Region is the whole world. Types are canonical tokens.
type View struct {
	Source
	Region string
}

// Within is the same source, seen from a region; "" is the whole world.
func (v View) Within(region string) View { return View{v.Source, region} }

// Sees reports whether the object is in the view.
func (v View) Sees(o *Object) bool { return v.Region == "" || o.Region == "" || o.Region == v.Region }

// Get returns the object with the id, or nil. ARM ids compare without regard to case.
func (v View) Get(typ, id string) *Object {
	for _, o := range v.Objects(typ) {
		if v.Sees(o) && SameID(o.ID, id) {
			return o
		}
	}
	return nil
}

// Find returns the oldest object whose output (or input) at the path is the
// value, or nil. The path "id" is the object's id.
func (v View) Find(typ, path, value string) *Object {
	for _, o := range v.Objects(typ) {
		if v.Sees(o) && SameID(o.Value(path), value) {
			return o
		}
	}
	return nil
}

// All returns the objects of the types in the order of their creation; every
// object when no type is named.
func (v View) All(types ...string) []*Object {
	if len(types) == 0 {
		types = v.Types()
	}
	var all []*Object
	for _, typ := range types {
		for _, o := range v.Objects(typ) {
			if v.Sees(o) {
				all = append(all, o)
			}
		}
	}
	slices.SortFunc(all, func(a, b *Object) int { return int(a.Serial) - int(b.Serial) })
	return all
}

// Where returns the objects of a type that keep the condition, oldest first.
func (v View) Where(typ string, keep func(*Object) bool) []*Object {
	return slices.DeleteFunc(v.All(typ), func(o *Object) bool { return !keep(o) })
}
