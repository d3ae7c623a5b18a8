package emulator

import (
	"maps"
	"slices"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/inventory"
)

// A change is one place where the inputs differ.
type change struct {
	path   inventory.Path
	kind   pulumirpc.PropertyDiff_Kind
	before any
	after  any
}

// differences compares inputs. What is there on one side only is one change
// at the top of it.
func differences(before, after inventory.Props, same func(path string, a, b any) bool) []change {
	d := &differ{same: same}
	d.objects(nil, before, after)
	return d.found
}

type differ struct {
	same  func(path string, a, b any) bool
	found []change
}

func (d *differ) objects(at inventory.Path, before, after map[string]any) {
	names := slices.Collect(maps.Keys(before))
	names = slices.AppendSeq(names, maps.Keys(after))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		d.values(append(at[:len(at):len(at)], inventory.Name(name)), before[name], after[name])
	}
}

func (d *differ) values(at inventory.Path, before, after any) {
	if equal(before, after) || d.same != nil && d.same(at.String(), before, after) {
		return
	}
	switch {
	case before == nil:
		d.add(at, pulumirpc.PropertyDiff_ADD, before, after)
	case after == nil:
		d.add(at, pulumirpc.PropertyDiff_DELETE, before, after)
	default:
		d.inside(at, before, after)
	}
}

func (d *differ) inside(at inventory.Path, before, after any) {
	if x, ok := before.(map[string]any); ok {
		if y, ok := after.(map[string]any); ok {
			d.objects(at, x, y)
			return
		}
	}
	x, isList := before.([]any)
	y, areLists := after.([]any)
	if !isList || !areLists {
		d.add(at, pulumirpc.PropertyDiff_UPDATE, before, after)
		return
	}
	for i := range max(len(x), len(y)) {
		d.values(append(at[:len(at):len(at)], inventory.Index(i)), element(x, i), element(y, i))
	}
}

func (d *differ) add(at inventory.Path, kind pulumirpc.PropertyDiff_Kind, before, after any) {
	d.found = append(d.found, change{path: at, kind: kind, before: before, after: after})
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// replaces reports whether the kind must be replaced for the change.
func (c *Call) replaces(ch change) bool {
	return slices.ContainsFunc(c.Kind.Replace, func(r Replace) bool {
		pattern := inventory.ParsePath(r.Path)
		return (pattern.Covers(ch.path) || ch.differsBelow(pattern)) && (r.When == nil || r.When(c))
	})
}

// differsBelow reports whether the pattern leads into what the change adds,
// deletes or makes unknown, and finds a difference there.
func (c change) differsBelow(pattern inventory.Path) bool {
	if len(pattern) <= len(c.path) || !pattern[:len(c.path)].Covers(c.path) {
		return false
	}
	below := pattern[len(c.path):]
	return !equal(below.Find(c.before), below.Find(c.after))
}

// replacing is the kind of a difference that replaces.
func replacing(k pulumirpc.PropertyDiff_Kind) pulumirpc.PropertyDiff_Kind {
	switch k {
	case pulumirpc.PropertyDiff_ADD:
		return pulumirpc.PropertyDiff_ADD_REPLACE
	case pulumirpc.PropertyDiff_DELETE:
		return pulumirpc.PropertyDiff_DELETE_REPLACE
	}
	return pulumirpc.PropertyDiff_UPDATE_REPLACE
}

// diffResponse says what the changes mean for the resource; deleteFirst is asked
// when they replace it.
func diffResponse(changes []change, replaces func(change) bool, deleteFirst func() bool) *pulumirpc.DiffResponse {
	res := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true,
		DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	for _, c := range changes {
		res.Changes = pulumirpc.DiffResponse_DIFF_SOME
		top := c.path[0].Name()
		if !slices.Contains(res.Diffs, top) {
			res.Diffs = append(res.Diffs, top)
		}
		kind := c.kind
		if replaces(c) {
			kind = replacing(kind)
			if !slices.Contains(res.Replaces, top) {
				res.Replaces = append(res.Replaces, top)
			}
		}
		res.DetailedDiff[c.path.String()] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
	}
	res.DeleteBeforeReplace = len(res.Replaces) > 0 && deleteFirst()
	return res
}
