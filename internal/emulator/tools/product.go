package tools

import (
	"crypto/sha256"
	"maps"
	"math/rand/v2"
	"reflect"
	"time"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

// Clouds are the emulated providers random and tls.
func Clouds() []*emulator.Cloud {
	return []*emulator.Cloud{randomCloud(), tlsCloud(time.Now)}
}

// A product is a type of thing that a provider makes by itself and then only
// shows.
type product struct {
	typ string // token
	// make makes one: its id, and the outputs that are not inputs.
	make func(*emulator.Call) (id string, made inventory.Props, err error)
	// defaults are the outputs of inputs that were not given.
	defaults inventory.Props
	// show, when set, sets the outputs that are worked out anew at every look.
	show    func(*emulator.Call)
	replace []emulator.Replace
	rules   []emulator.Rule
}

func (p product) kind() *emulator.Kind {
	return &emulator.Kind{
		Type: p.typ, NewID: p.newID, Fill: p.fill, Refresh: p.refresh,
		Replace: p.replace, Rules: p.rules,
	}
}

// madeKey is where Hidden holds what was made together with the id until the
// outputs are filled in.
const madeKey = "made"

func (p product) newID(c *emulator.Call) (string, error) {
	id, made, err := p.make(c)
	if err != nil {
		return "", err
	}
	c.Hidden[madeKey] = map[string]any(made)
	return id, nil
}

func (p product) fill(c *emulator.Call) error {
	made := c.Hidden.Map(madeKey)
	delete(c.Hidden, madeKey)
	if c.Op == emulator.OpUpdate {
		made = kept(c)
	}
	maps.Copy(c.Out, made)
	for name, v := range p.defaults {
		c.Out.Default(name, v)
	}
	return p.refresh(c)
}

// kept are the outputs that an update leaves as they are: those that do not come
// from inputs.
func kept(c *emulator.Call) inventory.Props {
	made := c.Old.Clone()
	maps.DeleteFunc(made, func(name string, _ any) bool { return c.OldIn.Has(name) || c.In.Has(name) })
	return made
}

func (p product) refresh(c *emulator.Call) error {
	if p.show != nil {
		p.show(c)
	}
	return nil
}

// cloud puts products together.
func cloud(name string, products []product, functions ...emulator.Function) *emulator.Cloud {
	c := &emulator.Cloud{Name: name, Functions: functions, Style: styleOf(products)}
	for _, p := range products {
		c.Kinds = append(c.Kinds, p.kind())
	}
	return c
}

// styleOf is Bridged, and takes a default value that is written out for one that
// is left out: Terraform plans both the same.
func styleOf(products []product) *emulator.Style {
	defaults := inventory.Props{}
	for _, p := range products {
		maps.Copy(defaults, p.defaults)
	}
	s := *emulator.Bridged
	s.Same = func(path string, a, b any) bool {
		d, ok := defaults[path]
		return ok && (a == nil && reflect.DeepEqual(b, d) || b == nil && reflect.DeepEqual(a, d))
	}
	return &s
}

// source is a stream of bytes that is the same for the same world seed, URN and
// generation.
func source(c *emulator.Call) *rand.ChaCha8 {
	return rand.NewChaCha8(sha256.Sum256([]byte(c.HexOf("source", 64))))
}

// own is an id that all things of a type share in real life, made this one's own.
func own(c *emulator.Call, id string) string { return id + "-" + c.HexOf("id", 12) }

// distinct is an id that two things of a type may happen to share in real life,
// made this one's own if that happens.
func distinct(c *emulator.Call, id string) string {
	if c.Tx.Get(c.Kind.Type, id) != nil {
		return own(c, id)
	}
	return id
}
