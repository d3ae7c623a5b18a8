package main

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/clusters"
	"burrow/internal/plan"
	"burrow/internal/scenario"
)

// The scenarios of the program that users run are in internal/scenario. Here are
// those of programs that only this package can put together.
func TestMain(m *testing.M) {
	scenario.Main(m, map[string]pulumi.RunFunc{"two-estates": twoEstates})
}

// Two estates of one program live in the same accounts and regions.
func TestTwoEstates(t *testing.T) {
	t.Parallel()
	scenario.Life{Tunnels: 8, Brief: true}.On(t, scenario.New(t, nil, scenario.As("two-estates")))
}

func twoEstates(ctx *pulumi.Context) error {
	if err := clusters.TransformEKS(ctx); err != nil {
		return err
	}
	for _, name := range []string{"green", "blue"} {
		p, err := plan.Load(map[string]string{
			"estate":  fmt.Sprintf(`{"suffix": %q}`, name),
			"network": `{"aws": {"egress": "nat-single"}}`,
		}, scenario.Emulated())
		if err != nil {
			return err
		}
		outputs, err := estate(ctx, name, p, false)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		ctx.Export(name, outputs)
	}
	return nil
}
