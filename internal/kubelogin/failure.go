package kubelogin

import "fmt"

// A Kind is a way in which a login fails. kubectl prints the exit code of a credential
// command, and the Kubernetes provider nothing else: each kind has its own.
type Kind struct {
	Code   int
	Means  string
	Remedy string
}

// The kinds. Codes below 10 are those of the command line.
var (
	NoCredentials = Kind{10, "no credentials were found", "log in (aws sso login, aws configure, az login), or set the environment variables of a role or service principal"}
	LoginEnded    = Kind{11, "the login has ended", "log in again: aws sso login, or az login"}
	Unreachable   = Kind{12, "the cloud's login service cannot be reached", "look at the network, a proxy (HTTPS_PROXY), or the region"}
	Denied        = Kind{13, "the login was refused", "use a role or a user that may log in"}
	BadRequest    = Kind{14, "what kubectl asks for cannot be understood", "use a kubectl that speaks client.authentication.k8s.io/v1"}
	NeedsPerson   = Kind{15, "the login needs a person, and nobody can be asked here", "log in beforehand (az login, aws configure export-credentials), or run the command in a terminal"}
)

// Kinds are all kinds, by code.
func Kinds() []Kind {
	return []Kind{NoCredentials, LoginEnded, Unreachable, Denied, BadRequest, NeedsPerson}
}

// A Failure is a login that failed.
type Failure struct {
	Kind
	err error
}

func fail(k Kind, err error) error { return &Failure{k, err} }

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %v\n  remedy: %s", f.Means, f.err, f.Remedy)
}

func (f *Failure) Unwrap() error { return f.err }
