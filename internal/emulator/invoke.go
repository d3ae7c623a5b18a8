package emulator

import (
	"context"
	"slices"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// Invoke answers a function of the provider from what the world holds.
func (p *provider) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	sig, fn, err := p.function(req.GetTok())
	if err != nil {
		return nil, err
	}
	c := &Call{
		Op: OpRead, Type: req.GetTok(), In: decode(req.GetArgs()), Provider: configOf(ctx),
		OldIn: inventory.Props{}, Old: inventory.Props{}, Out: inventory.Props{}, Hidden: inventory.Props{},
	}
	if failures := checkArgs(sig, c.In); len(failures) > 0 {
		return &pulumirpc.InvokeResponse{Failures: failures}, nil
	}
	var result inventory.Props
	err = p.view(c, func() (err error) {
		result, err = fn.Call(c)
		return err
	})
	if err != nil {
		return nil, p.refused(c, err)
	}
	value, err := encode(result, secretResults(sig))
	return &pulumirpc.InvokeResponse{Return: value}, err
}

func (p *provider) function(token string) (*schema.Function, *Function, error) {
	sig := p.schema.Functions[token]
	if sig == nil {
		return nil, nil, status.Errorf(codes.NotFound, "unrecognized function %s in %s %s", token, p.cloud.Name, p.schema.Version)
	}
	canonical := inventory.Canonical(token)
	i := slices.IndexFunc(p.cloud.Functions, func(f Function) bool { return f.Token == canonical })
	if i < 0 {
		return nil, nil, status.Errorf(codes.Unimplemented, "the emulated %s cloud does not model the function %s", p.cloud.Name, token)
	}
	return sig, &p.cloud.Functions[i], nil
}

func checkArgs(sig *schema.Function, args inventory.Props) (failures []*pulumirpc.CheckFailure) {
	for _, v := range sig.Check(args, isUnknown) {
		failures = append(failures, &pulumirpc.CheckFailure{Property: v.Path, Reason: v.Reason})
	}
	for name, v := range args {
		if inventory.HasUnknown(v) {
			failures = append(failures, &pulumirpc.CheckFailure{
				Property: name, Reason: "is unknown, and a function needs to know",
			})
		}
	}
	return failures
}

func secretResults(sig *schema.Function) (names []string) {
	for name, p := range sig.Result {
		if p.Secret {
			names = append(names, name)
		}
	}
	return names
}
