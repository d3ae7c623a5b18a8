package emulator

import "fmt"

// A Fault is a refusal by an emulated cloud, in the cloud's own terms.
type Fault struct {
	Code    string // the cloud's error code, for example InvalidSubnet.Range
	Message string
	Rule    string // id in the rule catalogue, or the generic check that refused
	Source  string
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %s", f.Code, f.Message) }
