package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator"
	"burrow/internal/emulator/aws"
	"burrow/internal/emulator/azure"
	"burrow/internal/emulator/eks"
	"burrow/internal/emulator/kube"
	"burrow/internal/emulator/tools"
)

// Providers are the packages that can be emulated.
var Providers = []string{"aws", "azure-native", "eks", "kubernetes", "random", "tls"}

// knownProviders checks the packages to emulate; none named is all.
func knownProviders(names []string) ([]string, error) {
	if len(names) == 0 {
		return Providers, nil
	}
	for _, name := range names {
		if !slices.Contains(Providers, name) {
			return nil, fmt.Errorf("emulate %q: not one of %s", name, strings.Join(Providers, ", "))
		}
	}
	if slices.Contains(names, "eks") && !slices.Contains(names, "aws") {
		return nil, fmt.Errorf("emulate eks without aws: the emulated component is for the emulated AWS only")
	}
	return names, nil
}

// clouds are the emulated clouds of every package but eks, which is a component.
func clouds() []*emulator.Cloud {
	return append([]*emulator.Cloud{aws.Cloud(), azure.Cloud(), kube.Cloud()}, tools.Clouds()...)
}

// checkQuotas refuses limits that no emulated cloud has.
func checkQuotas(limits map[string]int) error {
	if len(limits) == 0 {
		return nil
	}
	var known []string
	for _, c := range clouds() {
		for _, q := range c.Quotas {
			known = append(known, q.Name)
		}
	}
	slices.Sort(known)
	for name := range limits {
		if !slices.Contains(known, name) {
			return fmt.Errorf("raise quota %q: not one of %s", name, strings.Join(slices.Compact(known), ", "))
		}
	}
	return nil
}

// checkCaller refuses what is no ARN of IAM or STS; none is the emulator's own.
func checkCaller(arn string) error {
	parts := strings.SplitN(arn, ":", 6)
	if arn == "" || len(parts) == 6 && parts[0] == "arn" && parts[5] != "" &&
		(parts[2] == "iam" || parts[2] == "sts") {
		return nil
	}
	return fmt.Errorf("deploy as %q: not an ARN such as arn:aws:iam::123456789012:role/deployer", arn)
}

// fromInside is the place in the VPC from which a private API may be reached directly.
const fromInside = "inside"

// checkPlace refuses places that there are not.
func checkPlace(from string) error {
	if from == "" || from == fromInside || from == "outside" {
		return nil
	}
	return fmt.Errorf("run from %q: outside or inside", from)
}

// An extraServer is attached beside the emulated providers.
type extraServer struct {
	name   string
	server pulumirpc.ResourceProviderServer
}

// openWorld opens what exists in the emulated clouds.
func (w *World) openWorld() (*emulator.World, error) {
	world, err := emulator.Open(w.path("world.db"), emulator.Options{
		Account: emulator.Account{CallerARN: w.options.As, Inside: w.options.From == fromInside, Quotas: w.options.Quotas},
		OnWrite: w.options.OnWrite,
	})
	if errors.Is(err, emulator.ErrDamaged) {
		err = fmt.Errorf("%w; burrow local reset throws it away, with its stacks", err)
	}
	return world, err
}

// emulate serves the chosen providers and returns their ports, and how many calls
// they are at work on.
func (w *World) emulate(ctx context.Context) (ports map[string]int, inFlight func() int, stop func(), err error) {
	world, err := w.openWorld()
	if err != nil {
		return nil, nil, nil, err
	}
	chosen := slices.DeleteFunc(clouds(), func(c *emulator.Cloud) bool {
		return !slices.Contains(w.options.Emulate, c.Name)
	})
	components := map[string]pulumirpc.ResourceProviderServer{}
	if slices.Contains(w.options.Emulate, "eks") {
		components["eks"] = eks.Server()
	}
	for _, extra := range w.options.extra {
		components[extra.name] = extra.server
	}
	ports, stop, err = emulator.Serve(ctx, world, chosen, components)
	return ports, world.InFlight, stop, err
}
