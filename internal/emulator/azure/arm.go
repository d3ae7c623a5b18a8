package azure

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/rules"
)

// A place is where a kind sits in Azure Resource Manager, and what every
// resource there has in common.
type place struct {
	provider string // Microsoft.Network
	path     []segment
	parent   string // canonical token of the parent, "" for the resource group
	location locating
	outputs  common
	// names is what the last name must look like.
	names naming
}

// A segment is one pair of an ARM id: a type, and the input that names it. A
// type that begins with "$" is itself the value of an input.
type segment struct{ typ, property string }

// locating is how a kind treats its location.
type locating uint8

const (
	nowhere  locating = iota // it has none
	regional                 // in a region; a change is sent as an update, which ARM refuses
	pinned                   // in a region; the API model makes a change replace the resource
	listed                   // as pinned, by the provider's own list
	global                   // must be "global"; a change replaces the resource
	anywhere                 // a region or "global"; a change replaces the resource
)

// common are the outputs that a kind shares with most others.
type common uint8

const (
	hasEtag   common = 1 << iota
	hasState         // provisioningState
	hasGUID          // resourceGuid
	hasSystem        // systemData
)

// Error codes that many rules share.
const (
	codeFormat    = "InvalidRequestFormat" // Microsoft.Network's generic refusal
	codeParameter = "InvalidParameter"     // Microsoft.ContainerService's
	codeBad       = "BadRequest"
	codeConflict  = "Conflict"
	codeReference = "InvalidResourceReference"
	codeNotFound  = "ResourceNotFound"
	codeExists    = "AlreadyExists" // the provider's own; printed without a code
	codeBusy      = "AnotherOperationInProgress"
)

const (
	sourceForceNew   = "pulumi-azure-native provider/pkg/gen/replacement.go, forceNewMap"
	sourcePath       = "pulumi-azure-native provider/pkg/provider/diff.go: path parameters force replacement"
	sourceMutability = "azure-rest-api-specs, x-ms-mutability [create, read] of location in the resource's model"
	sourceARM        = "ARM behaviour; code as printed in public issue reports"
)

// kind completes what the service files say of a kind with what all of ARM has.
func (p place) kind(token string, k emulator.Kind) *emulator.Kind {
	k.Type = token
	if k.NewID == nil {
		k.NewID = func(c *emulator.Call) (string, error) { return p.id(c), nil }
	}
	if len(p.path) == 1 && k.AutoName == nil {
		k.AutoName = &emulator.AutoName{Property: p.last().property, Max: p.names.max}
	}
	k.Replace = append(p.replace(), k.Replace...)
	k.Rules = append(p.rules(), k.Rules...)
	k.Fill = inOrder(p.fill, k.Fill)
	k.Gone = inOrder(k.Gone, removeInside)
	if k.Failed == nil && p.outputs&hasState != 0 {
		k.Failed = func(c *emulator.Call, _ *emulator.Fault) { c.Out.Set("provisioningState", "Failed") }
	}
	return &k
}

func (p place) last() segment { return p.path[len(p.path)-1] }

// typ is the ARM type, for example Microsoft.Network/virtualNetworks/subnets.
func (p place) typ(in inventory.Props) string {
	t := p.provider
	for _, s := range p.path {
		t += "/" + s.resolve(in)
	}
	return t
}

func (s segment) resolve(in inventory.Props) string {
	if property, dynamic := strings.CutPrefix(s.typ, "$"); dynamic {
		return in.Str(property)
	}
	return s.typ
}

// identify is the id that the object at hand has or will have.
func identify(c *emulator.Call) string {
	if c.ID != "" {
		return c.ID
	}
	id, err := c.Kind.NewID(c)
	if err != nil {
		return ""
	}
	return id
}

// id is the full ARM id of the object at hand.
func (p place) id(c *emulator.Call) string { return p.idOf(c, c.In) }

func (p place) idOf(c *emulator.Call, in inventory.Props) string {
	id := groupID(c, in.Str("resourceGroupName")) + "/providers/" + p.provider
	for i, s := range p.path {
		name := in.Str(s.property)
		if name == "" && i == len(p.path)-1 {
			name = c.Name
		}
		id += "/" + s.resolve(in) + "/" + name
	}
	return id
}

// parameters are the inputs that the id is made of: they are no part of what
// ARM returns.
func (p place) parameters() []string {
	names := []string{"resourceGroupName"}
	for _, s := range p.path {
		if property, dynamic := strings.CutPrefix(s.typ, "$"); dynamic {
			names = append(names, property)
		}
		names = append(names, s.property)
	}
	return names
}

func (p place) replace() []emulator.Replace {
	var all []emulator.Replace
	for _, name := range p.parameters() {
		all = append(all, emulator.Replace{Path: name, Source: sourcePath})
	}
	switch p.location {
	case pinned, global:
		all = append(all, emulator.Replace{Path: "location", Source: sourceMutability})
	case anywhere:
		all = append(all, emulator.Replace{Path: "location", Source: sourceMutability + " (unverified)"})
	case listed:
		all = append(all, emulator.Replace{Path: "location", Source: sourceForceNew})
	}
	return all
}

// fill sets the outputs that every ARM resource has.
func (p place) fill(c *emulator.Call) error {
	name := lastOf(identify(c))
	for _, parameter := range p.parameters() {
		c.Out.Del(parameter)
	}
	c.Out.Del("id")
	c.Out.Set("name", name)
	c.Out.Set("type", p.typ(c.In))
	if p.location != nowhere {
		c.Out.Set("location", location(c))
	}
	p.fillCommon(c)
	return nil
}

func (p place) fillCommon(c *emulator.Call) {
	if p.outputs&hasEtag != 0 {
		c.Out.Set("etag", etag(c))
	}
	if p.outputs&hasState != 0 {
		c.Out.Set("provisioningState", "Succeeded")
	}
	if p.outputs&hasGUID != 0 {
		c.Out.Set("resourceGuid", c.UUIDOf("resourceGuid"))
	}
	if p.outputs&hasSystem != 0 {
		c.Out.Set("systemData", systemData())
	}
}

// epoch is the time of everything in the emulated subscription: its outputs must
// not depend on the clock.
const epoch = "2026-01-01T00:00:00Z"

func systemData() map[string]any {
	return map[string]any{
		"createdAt": epoch, "createdByType": "Application",
		"lastModifiedAt": epoch, "lastModifiedByType": "Application",
	}
}

// etag changes with the inputs, as ARM's does with every write.
func etag(c *emulator.Call) string {
	in := c.In.Clone()
	for _, path := range c.Kind.WriteOnly {
		in.Del(path)
	}
	text, err := json.Marshal(in) // sorted keys
	if err != nil {
		text = fmt.Appendf(nil, "%v", in)
	}
	return fmt.Sprintf("W/%q", c.UUIDOf("etag "+string(text)))
}

// inOrder runs the steps that there are.
func inOrder(steps ...func(*emulator.Call) error) func(*emulator.Call) error {
	steps = slices.DeleteFunc(steps, func(s func(*emulator.Call) error) bool { return s == nil })
	return func(c *emulator.Call) error {
		for _, step := range steps {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// rule is short for an emulator.Rule.
func rule(id rules.ID, code string, on emulator.Op, source string, broken func(*emulator.Call) string) emulator.Rule {
	return emulator.Rule{ID: id, Code: code, On: on, Source: source, Broken: broken}
}

// late marks a rule that Azure enforces after it has accepted the write.
func late(r emulator.Rule) emulator.Rule {
	r.Late = true
	return r
}

// location is the region that the provider would send: the resource's own, else
// that of the provider's configuration, else that of the resource group.
// Source: pulumi-azure-native provider.go, getDefaultLocation.
func location(c *emulator.Call) string {
	return locationOf(c, c.In)
}

func locationOf(c *emulator.Call, in inventory.Props) string {
	for _, l := range []string{in.Str("location"), c.Provider.Str("location")} {
		if l != "" {
			return normalLocation(l)
		}
	}
	if g := c.Tx.Get(azuretype.ResourceGroup, groupID(c, in.Str("resourceGroupName"))); g != nil {
		return normalLocation(g.Value("location"))
	}
	return ""
}

// locationAt is the region of an object in the world.
func locationAt(o *inventory.Object) string { return normalLocation(o.Value("location")) }

func subscriptionID(c *emulator.Call) string {
	return "/subscriptions/" + c.Account().AzureSubscription
}

func groupID(c *emulator.Call, name string) string {
	return subscriptionID(c) + "/resourceGroups/" + name
}

// lastOf is the name at the end of an ARM id.
func lastOf(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// parentOf is the id without its last type and name.
func parentOf(id string) string {
	for range 2 {
		if i := strings.LastIndex(id, "/"); i >= 0 {
			id = id[:i]
		}
	}
	return id
}

// groupOf is the resource group's name in an ARM id.
func groupOf(id string) string { return after(id, "resourcegroups") }

// after is the part of an ARM id that follows the given one.
func after(id, segment string) string {
	parts := strings.Split(id, "/")
	for i, part := range parts[:len(parts)-1] {
		if strings.EqualFold(part, segment) {
			return parts[i+1]
		}
	}
	return ""
}

// inside reports whether an ARM id lies below another one.
func inside(id, parent string) bool {
	return strings.HasPrefix(strings.ToLower(id), strings.ToLower(parent)+"/")
}

// children are the objects of a type directly or indirectly below an id.
func children(tx *emulator.Tx, typ, parent string) []*inventory.Object {
	return tx.Where(typ, func(o *inventory.Object) bool { return inside(o.ID, parent) })
}

// siblings are the objects of the call's kind with the same parent, itself left out.
func siblings(c *emulator.Call) []*inventory.Object {
	id := identify(c)
	return slices.DeleteFunc(children(c.Tx, c.Kind.Type, parentOf(id)), func(o *inventory.Object) bool {
		return inventory.SameID(o.ID, id)
	})
}

// removeInside takes away what ARM deletes with a resource: everything below its
// id, and the node resource groups of clusters among that.
func removeInside(c *emulator.Call) error {
	for _, o := range c.Tx.All() {
		if o.Cloud != cloudName || !inside(o.ID, c.ID) {
			continue
		}
		c.Tx.Remove(o)
		if o.Type == azuretype.ManagedCluster {
			if err := removeMade(&emulator.Call{Tx: c.Tx, ID: o.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}
