package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

const (
	// configVariable is set by Pulumi's language host: every key of the stack's
	// configuration with its namespace, objects as JSON texts. The SDK can look
	// up keys that are known, and only this lists those that are not.
	configVariable = "PULUMI_CONFIG"
	// emulatedVariable names the packages of the emulated providers, separated
	// by commas, for example "aws,azure-native". Unset, all clouds are real.
	emulatedVariable = "BURROW_EMULATED_PROVIDERS"
)

// loadPlan reads the stack's configuration into a validated plan, and checks
// what the plan changes against the stack's last run. Moving says that this run makes
// another VPC beside the one that is there.
func loadPlan(ctx *pulumi.Context) (p *plan.Plan, moving bool, err error) {
	values, err := configValues(os.Getenv(configVariable), ctx.Project())
	if err != nil {
		return nil, false, err
	}
	if p, err = plan.Load(values, world(os.Getenv(emulatedVariable))); err != nil {
		return nil, false, err
	}
	moving, err = checkChange(ctx, p)
	return p, moving, err
}

// configValues are the project's own keys, without its namespace. Keys of other
// namespaces, such as aws:region, configure providers and are not ours.
func configValues(config, project string) (map[string]string, error) {
	values := map[string]string{}
	if config == "" {
		return values, nil
	}
	var all map[string]string
	if err := json.Unmarshal([]byte(config), &all); err != nil {
		return nil, fmt.Errorf("read the stack's configuration from %s: %w", configVariable, err)
	}
	for key, value := range all {
		if own, ok := strings.CutPrefix(key, project+":"); ok {
			values[own] = value
		}
	}
	return values, nil
}

// world is the world that a list of emulated providers describes.
func world(emulated string) plan.World {
	w := plan.World{Emulated: map[string]bool{}}
	for name := range strings.SplitSeq(emulated, ",") {
		if name = strings.TrimSpace(name); name != "" {
			w.Emulated[name] = true
		}
	}
	return w
}

// checkChange compares the plan with what the stack's last run exported: one run
// changes the key of one tunnel at most, and a change of a mode says beforehand,
// in previews too, what becomes of the path. The stack reads its own outputs; in
// its first run it has none. Moving says that the VPC is another one.
func checkChange(ctx *pulumi.Context, p *plan.Plan) (moving bool, err error) {
	self := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), ctx.Stack())
	stack, err := pulumi.NewStackReference(ctx, self, nil)
	if err != nil {
		return false, fmt.Errorf("read the stack's last outputs: %w", err)
	}
	last := map[string]any{}
	for _, name := range []string{tunnelsOutput, modesOutput} {
		details, err := stack.GetOutputDetails(name)
		if err != nil {
			return false, fmt.Errorf("read the stack's last outputs: %w", err)
		}
		last[name] = details.Value
	}
	generations := keyGenerations(last[tunnelsOutput])
	problems := plan.CheckRotation(generations, p.VPN)
	before, ran := plan.ReadModes(last[modesOutput])
	if ran {
		problems = append(problems, plan.CheckSwitches(before, p.Modes())...)
	}
	if len(problems) > 0 {
		return false, problems
	}
	switch {
	case ran:
	case len(generations) > 0:
		return false, warn(ctx, plan.NoModes)
	default:
		return false, nil // nothing is there yet
	}
	for _, s := range p.Modes().Switches(before) {
		if err := warn(ctx, s.String()); err != nil {
			return false, err
		}
	}
	return p.Modes().MovesVPC(before), nil
}

func warn(ctx *pulumi.Context, text string) error {
	if err := ctx.Log.Warn(text, nil); err != nil {
		return fmt.Errorf("warn of what changes: %w", err)
	}
	return nil
}

// keyGenerations reads the tunnels' key generations, by tunnel name, from what a
// run exported as its tunnels; anything else has none.
func keyGenerations(tunnels any) map[string]int {
	generations := map[string]int{}
	byName, _ := tunnels.(map[string]any)
	for name, tunnel := range byName {
		properties, _ := tunnel.(map[string]any)
		if generation, ok := properties["keyGeneration"].(float64); ok {
			generations[name] = int(generation)
		}
	}
	return generations
}
