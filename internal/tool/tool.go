// Package tool is what the program asks of the burrow command, which both kubeconfigs
// run to log in.
package tool

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Protocol is raised when kubeconfigs ask for something that an older burrow does not
// know.
const Protocol = 2

// Version is what "burrow version" prints.
func Version() string { return fmt.Sprintf("burrow protocol %d", Protocol) }

// install says how burrow comes onto PATH.
const install = "in a clone of Burrow, go install ./cmd/burrow, and have $(go env GOPATH)/bin on PATH"

// patience is how long a command that prints its version may take.
const patience = 10 * time.Second

// Check looks for burrow on PATH, before anything exists that would need it: the Kubernetes
// provider would say no more than that a cluster is unreachable.
func Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "burrow", "version").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("the kubeconfigs of both clusters log in by the command burrow, which is not on PATH\n  remedy: %s", install)
	}
	if err != nil {
		return fmt.Errorf("the kubeconfigs of both clusters log in by the command burrow, and burrow version fails: %w\n  remedy: %s", err, install)
	}
	var protocol int
	if _, err := fmt.Sscanf(strings.TrimSpace(string(out)), "burrow protocol %d", &protocol); err != nil || protocol < Protocol {
		return fmt.Errorf("the burrow on PATH is too old or another command: burrow version says %q, and protocol %d is needed\n  remedy: %s",
			strings.TrimSpace(string(out)), Protocol, install)
	}
	return nil
}
