package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// stateFile is where the file backend keeps a stack.
func (w *World) stateFile(stack string) string {
	return w.path("state", ".pulumi", "stacks", w.project.Name, stack+".json")
}

func (w *World) stackExists(stack string) bool { return isFile(w.stateFile(stack)) }

// readCheckpoint reads the state of a stack as it stands on disk, secrets
// encrypted; nil when there is none.
func (w *World) readCheckpoint(stack string) (*apitype.DeploymentV3, error) {
	data, err := os.ReadFile(w.stateFile(stack))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	var versioned apitype.VersionedCheckpoint
	var checkpoint apitype.CheckpointV3
	if err := json.Unmarshal(data, &versioned); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	if err := json.Unmarshal(versioned.Checkpoint, &checkpoint); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return checkpoint.Latest, nil
}

// A PendingCreateError says that resources were being created when an earlier
// run was killed, so that nobody knows whether they exist.
type PendingCreateError struct {
	URNs []string
}

func (e *PendingCreateError) Error() string {
	text := "refused: an earlier run was killed while it created\n"
	for _, urn := range e.URNs {
		text += "    " + urn + "\n"
	}
	return text + `Whether they exist is not known. The engine would create them again, and then they
would exist twice, or collide with themselves. What can be done:
    burrow local refresh --clear-pending-creates   forgets them; first make sure that they
                                                   do not exist, or remove them by hand
    burrow local reset                             throws the whole emulated world away`
}

// checkPending refuses to go on from a state with creations of unknown end.
func (w *World) checkPending(stack string) error {
	state, err := w.readCheckpoint(stack)
	if err != nil || state == nil {
		return err
	}
	pending := &PendingCreateError{}
	for _, op := range state.PendingOperations {
		if op.Type == apitype.OperationTypeCreating {
			pending.URNs = append(pending.URNs, string(op.Resource.URN))
		}
	}
	if len(pending.URNs) > 0 {
		return pending
	}
	return nil
}

// locksDir is where the file backend keeps a stack's locks.
func (w *World) locksDir(stack string) string {
	return filepath.Join(w.path("state", ".pulumi", "locks"), "organization", w.project.Name, stack)
}
