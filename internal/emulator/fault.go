package emulator

import (
	"fmt"
	"strings"

	"burrow/internal/rules"
)

// A Fault is a refusal by an emulated cloud, in the cloud's own terms.
type Fault struct {
	Code    string // the cloud's error code, for example InvalidSubnet.Range
	Message string
	Rule    rules.ID
	// Check is the generic check that refused, where it was none of the kind's own
	// rules: reference, in use, unique, quota, busy, enum. It may have a rule, too.
	Check  string
	Source string
	// Also are further reasons that the provider gives for what failed late.
	Also []string
	// held says that the provider waits for others to mend it; see Rule.Held.
	held bool
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %s", f.Code, f.Message) }

// by names what refused: the rule, the generic check, or both.
func (f *Fault) by() string { return strings.TrimSpace(f.Check + " " + string(f.Rule)) }
