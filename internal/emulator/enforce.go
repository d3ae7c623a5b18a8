package emulator

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/inventory"
)

// Enforce runs what the kind's cloud (for OpCheck: its provider) enforces and
// returns the first refusal, or nil. For a write that is, in this order: what
// the inputs refer to exists, names are free, quotas have room, the rules.
// Rules marked Late are left out; see late.
func (k *Kind) Enforce(c *Call, op Op) *Fault {
	steps := []func(*Call) *Fault{}
	switch op {
	case OpCreate:
		steps = append(steps, k.refsExist, k.namesFree, k.quotasHold)
	case OpUpdate:
		steps = append(steps, k.refsExist, k.namesFree)
	case OpDelete:
		steps = append(steps, k.unreferenced)
	}
	steps = append(steps, func(c *Call) *Fault { return k.firstBroken(c, op, false) })
	for _, step := range steps {
		if f := step(c); f != nil {
			return f
		}
	}
	return nil
}

// late is the first broken rule of moment L.
func (k *Kind) late(c *Call, op Op) *Fault { return k.firstBroken(c, op, true) }

func (k *Kind) firstBroken(c *Call, op Op, late bool) *Fault {
	for _, r := range k.Rules {
		if r.On&op == 0 || r.Late != late {
			continue
		}
		if message := r.Broken(c); message != "" {
			f := &Fault{Code: r.Code, Message: message, Rule: r.ID, Source: r.Source, held: r.Held}
			if late {
				lines := strings.Split(message, "\n")
				f.Message, f.Also = lines[0], lines[1:]
			}
			return f
		}
	}
	return nil
}

// refsExist looks up every reference. Those that an update leaves as they are
// are not looked up again: what is gone meanwhile is no reason to refuse it.
func (k *Kind) refsExist(c *Call) *Fault {
	for _, ref := range k.Refs {
		var dangling *Fault
		c.In.Each(ref.Path, func(path string, v any) {
			value, _ := v.(string)
			if dangling == nil && value != "" && !ref.resolves(c, path, value) {
				dangling = &Fault{
					Code:    ref.Missing,
					Message: fmt.Sprintf("%s: there is no %s with the %s %q", path, strings.Join(ref.To, " or "), ref.by(), value),
					Check:   "reference", Rule: ref.Rule, Source: ref.Source,
				}
			}
		})
		if dangling != nil {
			return dangling
		}
	}
	return nil
}

func (r Ref) resolves(c *Call, path, value string) bool {
	if r.Foreign != nil && r.Foreign(value) {
		return true
	}
	if c.Op == OpUpdate && !c.Changed(path) {
		return true
	}
	return slices.ContainsFunc(r.To, func(typ string) bool {
		return c.Tx.Find(typ, r.by(), value) != nil
	})
}

func (k *Kind) namesFree(c *Call) *Fault {
	for _, u := range k.Unique {
		mine := u.key(c.Tx.Region, c.In, c.Out)
		if mine == nil {
			continue
		}
		for _, o := range u.candidates(c.Tx, k.Type) {
			if o != c.object && slices.Equal(mine, u.key(o.Region, o.In, o.Out)) {
				return &Fault{
					Code:    u.Code,
					Message: fmt.Sprintf("%s is taken by %s", u.describe(mine), o.ID),
					Check:   "unique", Rule: u.Rule, Source: u.Source,
				}
			}
		}
	}
	return nil
}

func (u Unique) candidates(tx *Tx, typ string) []*inventory.Object {
	if slices.Contains(u.Fields, "@region") {
		return tx.All(typ)
	}
	return tx.Everywhere().All(typ)
}

// key is what must differ between two objects, nil when one of the properties
// is not set.
func (u Unique) key(region string, in, out inventory.Props) []string {
	var key []string
	for _, field := range u.Fields {
		value := scopeValue(field, region, in, out)
		if value == "" && !strings.HasPrefix(field, "@") {
			return nil
		}
		if u.Fold {
			value = strings.ToLower(value)
		}
		key = append(key, value)
	}
	return key
}

// describe names the properties of a key with their values, for example
// name "a" and vpcId "vpc-1". The scope goes without saying.
func (u Unique) describe(key []string) string {
	var parts []string
	for i, field := range u.Fields {
		if !strings.HasPrefix(field, "@") {
			parts = append(parts, fmt.Sprintf("%s %q", field, key[i]))
		}
	}
	return strings.Join(parts, " and ")
}

// scopeValue reads "@region" and its like, or a property.
func scopeValue(field, region string, in, out inventory.Props) string {
	switch field {
	case "@account", "@global":
		return ""
	case "@region":
		return region
	case "@group":
		return strings.ToLower(in.Str("resourceGroupName"))
	}
	for _, p := range []inventory.Props{in, out} {
		if v, ok := p.Get(field); ok && !inventory.HasUnknown(v) {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func (k *Kind) quotasHold(c *Call) *Fault {
	for _, q := range c.Tx.clouds.quotasOf(k.Type) {
		mine := q.scope(c.Tx.Region, c.In, c.Out)
		used := 0.0
		for _, o := range c.Tx.Everywhere().All(k.Type) {
			if slices.Equal(mine, q.scope(o.Region, o.In, o.Out)) {
				used += q.amount(o.Props())
			}
		}
		if limit := c.Account().limit(q); used+q.amount(c.In) > float64(limit) {
			return &Fault{
				Code: q.Code, Check: "quota", Rule: q.Rule, Source: q.Source,
				Message: fmt.Sprintf("the quota %s is %d and %v are in use", q.Name, limit, used),
			}
		}
	}
	return nil
}

func (q Quota) amount(p inventory.Props) float64 {
	if q.Amount == nil {
		return 1
	}
	return q.Amount(p)
}

func (q Quota) scope(region string, in, out inventory.Props) []string {
	var values []string
	for _, field := range q.Scope {
		values = append(values, scopeValue(field, region, in, out))
	}
	return values
}

// unreferenced refuses to delete what others refer to.
func (k *Kind) unreferenced(c *Call) *Fault {
	if c.object == nil {
		return nil
	}
	for _, r := range c.Tx.ReferencesTo(c.object) {
		if r.Ref.InUse != "" {
			return &Fault{
				Code: r.Ref.InUse, Check: "in use", Rule: r.Ref.Rule, Source: r.Ref.Source,
				Message: fmt.Sprintf("%s is in use by %s (%s of %s)", c.object.ID, r.From.ID, r.Path, r.From.Type),
			}
		}
	}
	return nil
}
