package emulator

import "burrow/internal/inventory"

// An Event is a moment of a write: when the cloud begins to carry it out, and
// when it is done. Every beginning has an end.
type Event struct {
	Op    Op // OpCreate, OpUpdate or OpDelete
	Begin bool
	Type  string // canonical token
	ID    string // "" at the beginning of a create, and when it was refused
	URN   string
	// In and OldIn are the call's inputs, secrets in plain text. A delete has
	// the same in both. Of an update OldIn is at the beginning what the engine
	// remembers, and at the end what the cloud held.
	In, OldIn inventory.Props
	// Refused is why the write did not happen; nil at the beginning.
	Refused error
}

// began tells the observer that a write begins. Not told of are previews, what
// the provider refuses by itself, and a write that finds its object busy.
func (p *provider) began(c *Call) error {
	if p.world.options.OnWrite == nil {
		return nil
	}
	return p.world.Update(func(tx *Tx) error {
		p.tell(tx, c, Event{Begin: true})
		return nil
	})
}

// ended tells the observer of a write that has happened, in its own transaction.
func (p *provider) ended(c *Call) {
	if p.world.options.OnWrite != nil {
		p.tell(c.Tx, c, Event{})
	}
}

// gaveUp tells the observer of a write that has not happened.
func (p *provider) gaveUp(c *Call, refused error) error {
	if p.world.options.OnWrite == nil {
		return nil
	}
	return p.world.Update(func(tx *Tx) error {
		p.tell(tx, c, Event{Refused: refused})
		return nil
	})
}

func (p *provider) tell(tx *Tx, c *Call, e Event) {
	e.Op, e.Type, e.ID, e.URN = c.Op, c.Kind.Type, c.ID, c.URN
	e.In, e.OldIn = c.In.Clone(), c.OldIn.Clone()
	p.world.options.OnWrite(tx.Everywhere(), e)
}
