package emulator

import (
	"context"
	"slices"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator/schema"
)

// Check refuses what the real provider refuses before its cloud sees it, and
// fills in what the provider fills in.
func (p *provider) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	c, res, err := p.call(ctx, OpCheck, req)
	if err != nil {
		return nil, err
	}
	c.In, c.OldIn = decode(req.GetNews()), decode(req.GetOlds())
	failures, err := p.check(c, res, namingOf(req, c.Name))
	if err != nil {
		return nil, p.refused(c, err)
	}
	inputs, err := encode(c.In, nil)
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.CheckResponse{Inputs: inputs}
	for _, f := range failures {
		answer.Failures = append(answer.Failures, &pulumirpc.CheckFailure{Property: f.Path, Reason: f.Reason})
	}
	return answer, nil
}

func namingOf(req *pulumirpc.CheckRequest, logical string) naming {
	n := naming{logical: logical, seed: req.GetRandomSeed()}
	if a := req.GetAutonaming(); a != nil {
		n.proposed = a.GetProposedName()
		n.disabled = a.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE
	}
	return n
}

func (p *provider) check(c *Call, res *schema.Resource, n naming) ([]failure, error) {
	if p.schema.Coerces {
		coerce(c.In, res.Inputs)
	}
	if p.cloud.Defaults != nil {
		p.cloud.Defaults(c)
	}
	unnamed := c.fillName(p.style, n)
	failures, _ := checkSchema(res, c.In, p.style)
	if unnamed != nil {
		failures = append(failures, *unnamed)
	}
	if len(failures) > 0 {
		return failures, nil // rules may rely on what the schema says
	}
	return p.checkRules(c)
}

// checkRules runs the rules of the provider itself; few kinds have any.
func (p *provider) checkRules(c *Call) (failures []failure, err error) {
	rules := slices.DeleteFunc(slices.Clone(c.Kind.Rules), func(r Rule) bool { return r.On&OpCheck == 0 })
	if len(rules) == 0 {
		return nil, nil
	}
	err = p.view(c, func() error {
		for _, r := range rules {
			if message := r.Broken(c); message != "" {
				failures = append(failures, failure{r.Path, message + " (" + string(r.ID) + ")"})
			}
		}
		return nil
	})
	return failures, err
}

// Diff compares inputs with inputs.
func (p *provider) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	c, _, err := p.call(ctx, OpCheck, req)
	if err != nil {
		return nil, err
	}
	c.In, c.OldIn, c.Old = decode(req.GetNews()), decode(req.GetOldInputs()), decode(req.GetOlds())
	if req.GetOldInputs() == nil {
		c.OldIn = c.Old
	}
	changes := differences(withoutMarks(c.OldIn), withoutMarks(c.In), p.style.Same)
	return diffResponse(changes, c.replaces, func() bool {
		return c.Kind.DeleteFirst || p.style.DeleteFirst(c)
	}), nil
}
