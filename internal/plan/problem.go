package plan

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Key    string // path of the setting, for example network.aws.cidr
	Value  string // what it says now
	Reason string // why that cannot work, with the rule's id where there is one
	Remedy string // what to write instead
}

func (p Problem) Error() string {
	return fmt.Sprintf("%s = %s\n    why:    %s\n    remedy: %s", p.Key, p.Value, p.Reason, p.Remedy)
}

// Problems is every problem of a configuration, in the order of its keys.
type Problems []Problem

func (ps Problems) Error() string {
	var b strings.Builder
	if len(ps) == 1 {
		b.WriteString("the configuration has 1 problem; nothing was changed\n")
	} else {
		fmt.Fprintf(&b, "the configuration has %d problems; nothing was changed\n", len(ps))
	}
	for _, p := range ps {
		b.WriteString("\n  " + p.Error() + "\n")
	}
	return b.String()
}
