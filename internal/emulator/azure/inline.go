package azure

import (
	"fmt"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// An inline is a list input whose elements are resources of their own: a VNet's
// subnets, a security group's rules, a route table's routes.
//
// A write with the list makes the children what the list says, and those that it
// leaves out are gone, whoever made them. A write without it leaves them alone:
// the provider reads them first and sends them again (pulumi-azure-native#611).
// What a read returns of children that were not written inline, the provider
// drops, so that they never become inputs of the parent.
type inline struct {
	property string // of the parent
	typ      string // canonical token of the children
	place    place  // of the children
	fill     func(*emulator.Call) error
	rule     rules.ID // the rule against leaving out what is in use
	code     string
}

const sourceInline = "pulumi-azure-native#611, #1087, #3359 and provider.go, " +
	"resetUnsetSubResourceProperties; nav-arm-templates#161"

// sync makes the children what the list says.
func (l inline) sync(c *emulator.Call) error {
	if !c.In.Has(l.property) {
		return nil
	}
	parent := identify(c)
	kept := map[*inventory.Object]bool{}
	for _, element := range c.In.Maps(l.property) {
		child, err := l.put(c, parent, element)
		if err != nil {
			return fmt.Errorf("write %s of %s: %w", l.property, parent, err)
		}
		kept[child] = true
	}
	for _, o := range children(c.Tx, l.typ, parent) {
		if !kept[o] {
			c.Tx.Remove(o)
		}
	}
	return nil
}

func (l inline) put(c *emulator.Call, parent string, element inventory.Props) (*inventory.Object, error) {
	id := l.childID(parent, element)
	in := element.Clone()
	in.Set("resourceGroupName", c.In.Str("resourceGroupName"))
	in.Set(l.place.path[0].property, lastOf(parent))
	in.Set(l.place.last().property, element.Str("name"))
	child := &emulator.Call{
		Tx: c.Tx, Op: c.Op, Kind: &emulator.Kind{Type: l.typ}, Type: l.typ, Name: id, ID: id,
		In: in, Out: in.Clone(), Provider: c.Provider,
	}
	if err := l.fill(child); err != nil {
		return nil, err
	}
	o := c.Tx.Get(l.typ, id)
	if o == nil {
		o = &inventory.Object{Type: l.typ, ID: id, MadeBy: parent}
	}
	o.In, o.Out = child.In, child.Out
	c.Tx.Put(o)
	return o, nil
}

func (l inline) childID(parent string, element inventory.Props) string {
	return parent + "/" + l.place.last().typ + "/" + element.Str("name")
}

// echo sets the list output as the provider keeps it.
func (l inline) echo(c *emulator.Call) error {
	list := []any{}
	if c.In.Has(l.property) {
		for _, o := range children(c.Tx, l.typ, identify(c)) {
			list = append(list, echoed(o))
		}
	}
	c.Out.Set(l.property, list)
	return nil
}

// echoed is a resource as a part of another one's response.
func echoed(o *inventory.Object) map[string]any {
	return o.Out.With(inventory.Props{"id": o.ID})
}

// leftOut refuses a list that leaves out a child that something refers to.
func (l inline) leftOut() emulator.Rule {
	return rule(l.rule, l.code, emulator.OpUpdate, sourceInline, func(c *emulator.Call) string {
		if !c.In.Has(l.property) {
			return ""
		}
		kept := map[string]bool{}
		for _, e := range c.In.Maps(l.property) {
			kept[l.childID(c.ID, e)] = true
		}
		for _, o := range children(c.Tx, l.typ, c.ID) {
			if user := userOf(c, o); !kept[o.ID] && user != "" {
				return inUse(o, user)
			}
		}
		return ""
	})
}

// userOf is the id of something that keeps an object from being deleted, or "".
func userOf(c *emulator.Call, o *inventory.Object) string {
	for _, r := range c.Tx.ReferencesTo(o) {
		if r.Ref.InUse != "" {
			return r.From.ID
		}
	}
	return ""
}

func inUse(o *inventory.Object, user string) string {
	return fmt.Sprintf("%s is in use by %s and cannot be deleted.", o.ID, user)
}
