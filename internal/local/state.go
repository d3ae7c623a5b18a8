package local

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// State is the state of a stack as it stands on disk, with its secrets in clear
// as `stack export --show-secrets` has them. It asks no CLI: tests look at the
// state many times. A stack that does not exist has an empty one.
func (w *World) State(stack string) (*apitype.DeploymentV3, error) {
	state, err := w.readCheckpoint(stack)
	if err != nil || state == nil {
		return &apitype.DeploymentV3{}, err
	}
	open, err := w.opener(state)
	if err != nil {
		return nil, fmt.Errorf("read the state of %s: %w", stack, err)
	}
	for i := range state.Resources {
		r := &state.Resources[i]
		_, inputs := open.values(r.Inputs)
		_, outputs := open.values(r.Outputs)
		if err := errors.Join(inputs, outputs); err != nil {
			return nil, fmt.Errorf("read %s: %w", r.URN, err)
		}
	}
	return state, nil
}

// An opener decrypts the secrets of a state. The key is derived from the
// passphrase in a million steps, so that a world keeps its last one.
type opener struct {
	salt    string
	crypter config.Crypter
}

// opener is one for the world's passphrase and the salt that the state names.
func (w *World) opener(state *apitype.DeploymentV3) (opener, error) {
	if state.SecretsProviders == nil {
		return opener{}, nil // no secrets yet
	}
	var salted struct{ Salt string }
	if err := json.Unmarshal(state.SecretsProviders.State, &salted); err != nil {
		return opener{}, fmt.Errorf("read the salt: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.secrets.crypter != nil && w.secrets.salt == salted.Salt {
		return w.secrets, nil
	}
	parts := strings.Split(salted.Salt, ":") // v1, salt, and a check of the passphrase
	if len(parts) < 2 {
		return opener{}, errors.New("read the salt: it has another form than v1:SALT:…")
	}
	salt, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return opener{}, fmt.Errorf("read the salt: %w", err)
	}
	phrase, err := os.ReadFile(w.path("passphrase"))
	if err != nil {
		return opener{}, fmt.Errorf("read the passphrase: %w", err)
	}
	w.secrets = opener{salted.Salt, config.NewSymmetricCrypterFromPassphrase(strings.TrimSpace(string(phrase)), salt)}
	return w.secrets, nil
}

// values decrypts every secret inside a value, in place where it can.
func (o opener) values(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if v[resource.SigKey] == resource.SecretSig {
			return v, o.secret(v)
		}
		for name, e := range v {
			opened, err := o.values(e)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			v[name] = opened
		}
	case []any:
		for i, e := range v {
			opened, err := o.values(e)
			if err != nil {
				return nil, err
			}
			v[i] = opened
		}
	}
	return v, nil
}

// secret puts the plaintext in the place of the ciphertext.
func (o opener) secret(v map[string]any) error {
	text, ok := v["ciphertext"].(string)
	if !ok || o.crypter == nil {
		return errors.New("a secret without a ciphertext or a provider")
	}
	plain, err := o.crypter.DecryptValue(context.Background(), text)
	if err != nil {
		return fmt.Errorf("decrypt: %w", err)
	}
	delete(v, "ciphertext")
	v["plaintext"] = plain
	return nil
}
