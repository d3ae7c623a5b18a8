package emulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// Create makes an object, or says in a preview what is known of it.
func (p *provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	c, res, err := p.call(ctx, OpCreate, req)
	if err != nil {
		return nil, err
	}
	c.In = decode(req.GetProperties())
	if req.GetPreview() {
		out, err := p.preview(c, res)
		return &pulumirpc.CreateResponse{Properties: out}, err
	}
	late, err := p.write(ctx, c, func() (*Fault, error) { return p.create(c, res) })
	if err == nil && late != nil {
		late, err = p.await(ctx, c, late)
	}
	if err != nil {
		return nil, p.refused(c, err)
	}
	out, err := outputs(res, c.Out)
	if err == nil && late != nil {
		err = p.incomplete(c, late, out)
	}
	return &pulumirpc.CreateResponse{Id: c.ID, Properties: out}, err
}

// Update changes an object, or says in a preview what will be known of it.
func (p *provider) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	c, res, err := p.call(ctx, OpUpdate, req)
	if err != nil {
		return nil, err
	}
	c.ID = req.GetId()
	c.In, c.OldIn, c.Old = decode(req.GetNews()), decode(req.GetOldInputs()), decode(req.GetOlds())
	if req.GetPreview() {
		out, err := p.preview(c, res)
		return &pulumirpc.UpdateResponse{Properties: out}, err
	}
	late, err := p.write(ctx, c, func() (*Fault, error) { return p.update(c, res) })
	if err == nil && late != nil {
		late, err = p.await(ctx, c, late)
	}
	if err != nil {
		return nil, p.refused(c, err)
	}
	out, err := outputs(res, c.Out)
	if err == nil && late != nil {
		err = p.incomplete(c, late, out)
	}
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

// Delete takes an object away. That it is gone already is no mistake.
func (p *provider) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	c, _, err := p.call(ctx, OpDelete, req)
	if err != nil {
		return nil, err
	}
	c.ID = req.GetId()
	c.In, c.OldIn, c.Old = decode(req.GetOldInputs()), decode(req.GetOldInputs()), decode(req.GetProperties())
	return &emptypb.Empty{}, p.refused(c, p.deleteHeld(ctx, c))
}

const (
	heldPoll = 90 * time.Millisecond
	// heldFor is how long a call waits when nothing else is at work any more: real
	// providers wait minutes, in which nothing would happen here.
	heldFor = 2 * time.Second
)

// whileHeld repeats an attempt for as long as other calls may yet change what it
// came to, and a little longer.
func (p *provider) whileHeld(ctx context.Context, attempt func() (held bool, err error)) error {
	w := p.world
	for quiet := time.Duration(0); ; {
		held, err := attempt()
		if !held || quiet >= heldFor || ctx.Err() != nil {
			return err
		}
		if quiet == 0 {
			w.held.Add(1)
			defer w.held.Add(-1)
		}
		w.options.Wait(ctx, heldPoll)
		if quiet += heldPoll; w.calls.Load() > w.held.Load() {
			quiet = heldPoll
		}
	}
}

// deleteHeld deletes, as soon as nothing holds the object.
func (p *provider) deleteHeld(ctx context.Context, c *Call) error {
	return p.whileHeld(ctx, func() (bool, error) {
		_, err := p.write(ctx, c, func() (*Fault, error) { return nil, p.delete(c) })
		var f *Fault
		return errors.As(err, &f) && f.held, err
	})
}

// await waits for what failed late and may yet come right.
func (p *provider) await(ctx context.Context, c *Call, late *Fault) (*Fault, error) {
	first := true
	err := p.whileHeld(ctx, func() (bool, error) {
		if first {
			first = false
			return late.held, nil
		}
		err := p.transact(false, c, func() (err error) {
			if c.object = c.Tx.Get(c.Kind.Type, c.ID); c.object == nil {
				return fmt.Errorf("%s %s was deleted while it was waited for", c.Type, c.ID)
			}
			c.Out, c.Hidden = c.object.Out.Clone(), c.object.Hidden.Clone()
			late, err = p.finish(c)
			return err
		})
		return err == nil && late != nil && late.held, err
	})
	return late, err
}

// preview asks the cloud nothing but whether it can be reached.
func (p *provider) preview(c *Call, res *schema.Resource) (*structpb.Struct, error) {
	if err := p.view(c, func() error { return p.ready(c) }); err != nil {
		return nil, p.refused(c, err)
	}
	return outputs(res, p.cloud.style().previewed(res.Outputs, c.In, c.OldIn, c.Old))
}

// write runs a write as a cloud does: it makes busy what one write at a time may
// touch, takes its time, and happens as a whole or not at all. A client that
// goes away does not stop it.
func (p *provider) write(ctx context.Context, c *Call, f func() (*Fault, error)) (late *Fault, err error) {
	if inventory.HasUnknown(c.In) {
		return nil, fmt.Errorf("%s %s: an input is unknown outside a preview", c.Type, c.Name)
	}
	release, err := p.world.acquire(c)
	if err != nil {
		return nil, err
	}
	if err = p.began(c); err == nil {
		p.world.options.Wait(context.WithoutCancel(ctx), p.world.latencyOf(c.Kind))
		late, err = p.happen(c, f)
	}
	if release != nil {
		err = errors.Join(err, release())
	}
	return late, err
}

// happen is the write itself: one transaction, with whom it is told to.
func (p *provider) happen(c *Call, f func() (*Fault, error)) (late *Fault, err error) {
	err = p.transact(false, c, func() error {
		if err := p.ready(c); err != nil {
			return err
		}
		var err error
		if late, err = f(); err == nil && len(c.Tx.errs) == 0 {
			p.ended(c)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, p.gaveUp(c, err))
	}
	return late, nil
}

func (p *provider) create(c *Call, res *schema.Resource) (late *Fault, err error) {
	if c.Kind.Existing != nil {
		if o := c.Kind.Existing(c); o != nil {
			c.ID, c.Out = o.ID, o.Out.Clone()
			return nil, nil
		}
	}
	c.generation = c.Tx.nextGeneration(c.URN)
	if err := p.accept(c, res); err != nil {
		return nil, err
	}
	if c.ID, err = c.Kind.NewID(c); err != nil {
		return nil, err
	}
	if c.Tx.Get(c.Kind.Type, c.ID) != nil {
		return p.takeOver(c)
	}
	c.object = &inventory.Object{Cloud: p.cloud.Name, Type: c.Kind.Type, ID: c.ID, URN: c.URN, Generation: c.generation}
	if err := c.settle(); err != nil {
		return nil, err
	}
	if c.Kind.Made != nil {
		if err := c.Kind.Made(c); err != nil {
			return nil, err
		}
	}
	return p.finish(c)
}

func (p *provider) update(c *Call, res *schema.Resource) (late *Fault, err error) {
	if err := p.load(c); err != nil {
		return nil, err
	}
	if err := p.accept(c, res); err != nil {
		return nil, err
	}
	if err := c.settle(); err != nil {
		return nil, err
	}
	return p.finish(c)
}

func (p *provider) delete(c *Call) error {
	if p.load(c) != nil {
		return nil // gone
	}
	if f := c.Kind.Enforce(c, OpDelete); f != nil {
		return f
	}
	c.Tx.Remove(c.object)
	c.Tx.removeHosted(c.object)
	if c.Kind.Gone != nil {
		return c.Kind.Gone(c)
	}
	return nil
}

// load finds the object that the call is about. What the cloud holds goes
// before what the engine remembers.
func (p *provider) load(c *Call) error {
	o := c.Tx.Get(c.Kind.Type, c.ID)
	if o == nil {
		return fmt.Errorf("%s %s does not exist in the emulated %s cloud; refresh the stack", c.Type, c.ID, p.cloud.Name)
	}
	c.object, c.generation = o, o.Generation
	c.OldIn, c.Old, c.Hidden = o.In.Clone(), o.Out.Clone(), o.Hidden.Clone()
	if c.Op == OpDelete {
		c.In, c.Out = o.In.Clone(), o.Out.Clone()
	}
	return nil
}

// accept asks the cloud whether it takes the write. Check has held the inputs to
// the schema, but for the values that the style leaves to the cloud.
func (p *provider) accept(c *Call, res *schema.Resource) error {
	if !p.style.LateEnums {
		return orNil(c.Kind.Enforce(c, c.Op))
	}
	if _, late := checkSchema(res, c.In, p.style); len(late) > 0 {
		return &Fault{
			Code: p.style.EnumCode, Message: late[0].String(), Check: "enum",
			Source: "the provider's own schema, " + res.Token,
		}
	}
	return orNil(c.Kind.Enforce(c, c.Op))
}

// takeOver is a create whose id exists: the cloud refuses it, or changes what is
// there.
func (p *provider) takeOver(c *Call) (late *Fault, err error) {
	if p.cloud.Taken == nil {
		return nil, c.Fault("AlreadyExists", "%s exists", c.ID)
	}
	if err := p.load(c); err != nil {
		return nil, err
	}
	if f := p.cloud.Taken(c); f != nil {
		return nil, f
	}
	if err := c.settle(); err != nil {
		return nil, err
	}
	return p.finish(c)
}

// settle fills in what the cloud computes and stores the object.
func (c *Call) settle() error {
	c.Out = c.In.Clone()
	delete(c.Out, defaultsKey)
	c.hide()
	if c.Kind.Fill != nil {
		if err := c.Kind.Fill(c); err != nil {
			return err
		}
	}
	for _, path := range c.Kind.Sticky {
		c.showSticky(path)
	}
	c.store()
	return nil
}

// hide keeps the cloud's own copy of what it never returns, and the first value
// of what it never changes.
func (c *Call) hide() {
	for _, path := range c.Kind.WriteOnly {
		if !c.Kind.isSticky(path) || c.Op == OpCreate {
			c.keep(path)
		}
	}
	for _, path := range c.Kind.Sticky {
		if c.Op == OpCreate {
			c.keep(path)
		}
	}
}

func (c *Call) keep(path string) {
	c.In.Each(path, func(at string, v any) { c.Hidden.Set(at, v) })
}

// showSticky returns the first value of what the cloud does not change, unless
// the cloud never returns it.
func (c *Call) showSticky(path string) {
	if c.Kind.isWriteOnly(path) {
		return
	}
	c.Hidden.Each(path, func(at string, v any) { c.Out.Set(at, v) })
}

func (c *Call) store() {
	c.object.In, c.object.Out, c.object.Hidden = c.In.Clone(), c.Out.Clone(), c.Hidden.Clone()
	c.Tx.Put(c.object)
}

// finish runs what fails after the cloud has accepted the write, and reads the
// object back where the provider does.
func (p *provider) finish(c *Call) (late *Fault, err error) {
	if c.Kind.Settled != nil {
		if err := c.Kind.Settled(c); err != nil {
			return nil, err
		}
		c.Out, c.Hidden = c.object.Out.Clone(), c.object.Hidden.Clone()
	}
	late = c.Kind.late(c, c.Op)
	if late != nil && c.Kind.Failed != nil {
		c.Kind.Failed(c, late)
	}
	if late != nil && c.Kind.Vanishes {
		c.Tx.Remove(c.object)
		return late, nil
	}
	c.store()
	if p.style.ReadAfterWrite && c.Kind.Refresh != nil {
		err = c.Kind.Refresh(c)
	}
	return late, err
}

// incomplete is the error of moment L: the object exists, and so the engine has
// to know of it.
func (p *provider) incomplete(c *Call, f *Fault, out *structpb.Struct) error {
	inputs, err := encode(c.In, nil)
	if err != nil {
		return err
	}
	reason := p.words(c, f)
	st, err := status.New(codes.Unknown, reason).WithDetails(&pulumirpc.ErrorResourceInitFailed{
		Id: c.ID, Properties: out, Reasons: slices.Concat([]string{reason}, f.Also), Inputs: inputs,
	})
	if err != nil {
		return fmt.Errorf("encode the state of what failed: %w", err)
	}
	return st.Err()
}
