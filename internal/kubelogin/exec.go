package kubelogin

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// ExecInfo is the environment variable by which client-go says what it asks for.
// Source: kubernetes.io/docs/reference/config-api/client-authentication.v1.
const ExecInfo = "KUBERNETES_EXEC_INFO"

// versions are those of the protocol that are answered.
var versions = []string{"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"}

// A Request is what client-go asks for.
type Request struct {
	APIVersion string
	// Interactive says that standard input is a person's: a login may ask something.
	Interactive bool
}

// ReadRequest reads the text of [ExecInfo]. Without one, somebody runs the command by
// hand: that is answered in the newest version, and asks nothing.
func ReadRequest(text string) (Request, error) {
	if text == "" {
		return Request{APIVersion: versions[0]}, nil
	}
	var asked struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			Interactive bool `json:"interactive"`
		} `json:"spec"`
	}
	if err := json.Unmarshal([]byte(text), &asked); err != nil {
		return Request{}, fail(BadRequest, fmt.Errorf("%s is no JSON: %w", ExecInfo, err))
	}
	if asked.Kind != "ExecCredential" || !slices.Contains(versions, asked.APIVersion) {
		return Request{}, fail(BadRequest, fmt.Errorf("%s asks for %s %s; ExecCredential of %v is known", ExecInfo, asked.APIVersion, asked.Kind, versions))
	}
	return Request{asked.APIVersion, asked.Spec.Interactive}, nil
}

// A Credential is a bearer token and when to ask for the next.
type Credential struct {
	Token   string
	Expires time.Time
}

// Within is the credential, used for no longer than the keys that signed it or the address
// that it is for. However little is left, that is no error: client-go uses a credential to
// its end and then asks for another, and to ask is what renews a lease.
func (c Credential) Within(until time.Time) Credential {
	if until.Before(c.Expires) {
		c.Expires = until
	}
	return c
}

// Write answers a request with a credential.
func Write(w io.Writer, r Request, c Credential) error {
	answer := map[string]any{
		"apiVersion": r.APIVersion,
		"kind":       "ExecCredential",
		"spec":       map[string]any{"interactive": r.Interactive},
		"status":     map[string]any{"token": c.Token, "expirationTimestamp": c.Expires.UTC().Format(time.RFC3339)},
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		return fmt.Errorf("write the credential: %w", err)
	}
	return nil
}
