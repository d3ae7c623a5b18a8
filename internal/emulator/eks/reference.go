package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// reference is the URN of the resource that an argument refers to. Resources
// themselves cross process boundaries as references; their state is read from
// the engine.
func (g given) reference(name string) (pulumi.URN, error) {
	v := g.value(name)
	if !v.IsResourceReference() {
		return "", fmt.Errorf("argument %q must be a resource, is a %s", name, v.TypeString())
	}
	return pulumi.URN(v.ResourceReferenceValue().URN), nil
}

// readReference fills a resource with the state of the one that an argument
// refers to.
func (c *component) readReference(name string, into pulumi.Resource) error {
	urn, err := c.given.reference(name)
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return rehydrate(c.ctx, urn, into)
}

// refer is a reference to a resource that depends on it.
func refer(r pulumi.Resource) pulumi.ResourceOutput {
	return r.URN().ApplyT(func(pulumi.URN) pulumi.Resource { return r }).(pulumi.ResourceOutput)
}
