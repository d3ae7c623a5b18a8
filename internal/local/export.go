package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Export is the state of a stack as the CLI exports it: resources with their
// inputs and outputs. Secrets are encrypted unless they are asked for in clear,
// which is for tests that compare them.
func (w *World) Export(ctx context.Context, stack string, showSecrets bool) (*apitype.DeploymentV3, error) {
	args := []string{"stack", "export", "--stack", stack}
	if showSecrets {
		args = append(args, "--show-secrets")
	}
	var out bytes.Buffer
	if err := w.Run(ctx, &out, args...); err != nil {
		return nil, fmt.Errorf("export the stack %s: %w", stack, err)
	}
	var untyped apitype.UntypedDeployment
	if err := json.Unmarshal(out.Bytes(), &untyped); err != nil {
		return nil, fmt.Errorf("read the export of %s: %w", stack, err)
	}
	state := &apitype.DeploymentV3{}
	if err := json.Unmarshal(untyped.Deployment, state); err != nil {
		return nil, fmt.Errorf("read the export of %s: %w", stack, err)
	}
	return state, nil
}
