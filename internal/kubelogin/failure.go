package kubelogin

import (
	"errors"
	"fmt"
	"slices"
)

// A Kind is a way in which a login fails. kubectl prints the exit code of a credential
// command, and the Kubernetes provider nothing else: each kind has its own.
type Kind struct {
	Code   int
	Means  string
	Remedy string
}

// The kinds. Codes below 10 are those of the command line, those from 20 the tunnel's.
var (
	NoCredentials = Kind{10, "no credentials were found", "log in (aws sso login, aws configure, az login), or set the environment variables of a role or service principal"}
	LoginEnded    = Kind{11, "the login has ended", "log in again (aws sso login, az login), or make new keys, a new client secret or a new certificate"}
	Unreachable   = Kind{12, "the cloud's login service cannot be reached", "look at the network, a proxy (HTTPS_PROXY), or the region"}
	Denied        = Kind{13, "the login was refused", "use a role or a user that may log in"}
	BadRequest    = Kind{14, "what kubectl asks for cannot be understood", "use a kubectl that speaks client.authentication.k8s.io/v1"}
	NeedsPerson   = Kind{15, "the login needs a person, and nobody can be asked here", "log in beforehand (az login; for a role with MFA, keys of aws sts get-session-token), or run the command in a terminal"}
	BadSetting    = Kind{16, "a setting of the login cannot be understood", "set the variable that is named to one of its values, or unset it"}
)

// The kinds of the tunnel to a private API.
var (
	NoNode       = Kind{20, "no node of the cluster is online in Systems Manager", "look at the node group, its role and its way to ssm and ssmmessages: burrow local status on emulated clouds, the EKS console on real ones"}
	PortTaken    = Kind{21, "the tunnel's port is taken", "end the program that has it, or set clusters.eks.tunnelPort"}
	TunnelDenied = Kind{22, "Systems Manager refuses the session", "attach the operators' policy of the stack to who logs in: pulumi stack output operatorPolicyArn"}
	NoDocument   = Kind{23, "the cluster's session document does not exist", "bring the stack up, or write the kubeconfig anew: burrow kubeconfig eks"}
	NoSSM        = Kind{24, "Systems Manager cannot be reached", "look at the network, a proxy (HTTPS_PROXY), or the region"}
	NoOwner      = Kind{25, "the tunnel's process does not start", "look at burrow tunnel log"}
	NoTunnel     = Kind{26, "the tunnel does not open", "look at burrow tunnel log"}
)

// Kinds are all kinds, by code.
func Kinds() []Kind {
	return []Kind{
		NoCredentials, LoginEnded, Unreachable, Denied, BadRequest, NeedsPerson, BadSetting,
		NoNode, PortTaken, TunnelDenied, NoDocument, NoSSM, NoOwner, NoTunnel,
	}
}

// KindOf is the kind with a code.
func KindOf(code int) (Kind, bool) {
	all := Kinds()
	at := slices.IndexFunc(all, func(k Kind) bool { return k.Code == code })
	if at < 0 {
		return Kind{}, false
	}
	return all[at], true
}

// A Failure is a login that failed.
type Failure struct {
	Kind
	err error
}

func fail(k Kind, err error) error { return &Failure{k, err} }

// Fail is a failure of a kind. One that has a kind already keeps it.
func Fail(k Kind, err error) error {
	if failed := (&Failure{}); errors.As(err, &failed) {
		return err
	}
	return fail(k, err)
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %v\n  remedy: %s", f.Means, f.err, f.Remedy)
}

func (f *Failure) Unwrap() error { return f.err }
