package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	err = json.Unmarshal(data, &versioned)
	if err == nil {
		err = json.Unmarshal(versioned.Checkpoint, &checkpoint)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %s is damaged (a disk that was full, or an edit): %w; "+
			"the backend's copy of the state before is beside it, and burrow local reset starts afresh",
			w.stateFile(stack), err)
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
		if op.Type == apitype.OperationTypeCreating && inCloud(op.Resource) {
			pending.URNs = append(pending.URNs, string(op.Resource.URN))
		}
	}
	if len(pending.URNs) > 0 {
		return pending
	}
	return nil
}

// inCloud tells what a provider makes from components and providers, which are
// in the state alone and can be made again.
func inCloud(r apitype.ResourceV3) bool {
	return r.Custom && !strings.HasPrefix(string(r.Type), "pulumi:")
}

// checkWorld refuses a program on a state whose emulated clouds have been
// removed from under it: it would look up what the state says exists.
func (w *World) checkWorld(stack string) error {
	if isFile(w.path("world.db")) {
		return nil
	}
	state, err := w.readCheckpoint(stack)
	if err != nil || state == nil || !slices.ContainsFunc(state.Resources, inCloud) {
		return err
	}
	return fmt.Errorf("the stack %s has resources, but the emulated clouds that held them, %s, are gone: "+
		"burrow local reset forgets the stack too", stack, w.path("world.db"))
}

// locksDir is where the file backend keeps a stack's locks.
func (w *World) locksDir(stack string) string {
	return filepath.Join(w.path("state", ".pulumi", "locks"), "organization", w.project.Name, stack)
}
