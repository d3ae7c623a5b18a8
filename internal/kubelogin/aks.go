package kubelogin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// aksScope is the application that AKS API servers take Entra tokens for, the same for
// every cluster of the public cloud. Source: azure-aks-docs kubelogin-authentication.md.
const aksScope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"

// AzureLogin is the environment variable that names the way in which a person logs in
// where nothing else does: browser or devicecode. It counts where somebody can be asked.
const AzureLogin = "BURROW_AZURE_LOGIN"

// AKS logs in to an AKS cluster as whoever azidentity finds: a service principal of the
// environment, workload identity, a managed identity, the Azure CLI's user; then, where a
// person can be asked, as [AzureLogin] says.
type AKS struct {
	Tenant string // "" is the default of whoever logs in
	// Options are those of the HTTP client; the zero value is Azure's public cloud.
	Options azcore.ClientOptions
}

// Credential gets a token from Entra.
func (a AKS) Credential(ctx context.Context, r Request) (Credential, error) {
	// Its managed identity gives up within a second where there is none.
	found, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: a.Options, TenantID: a.Tenant,
	})
	if err != nil {
		return Credential{}, fail(NoCredentials, err)
	}
	asked := policy.TokenRequestOptions{Scopes: []string{aksScope}, TenantID: a.Tenant}
	token, err := found.GetToken(ctx, asked)
	if err == nil {
		return Credential{token.Token, expiry(token)}, nil
	}
	way := os.Getenv(AzureLogin)
	if way == "" {
		return Credential{}, azureFailure(err)
	}
	if !r.Interactive {
		return Credential{}, fail(NeedsPerson, fmt.Errorf("%s is %s: %w", AzureLogin, way, err))
	}
	person, err := a.person(way)
	if err != nil {
		return Credential{}, err
	}
	if token, err = person.GetToken(ctx, asked); err != nil {
		return Credential{}, azureFailure(err)
	}
	return Credential{token.Token, expiry(token)}, nil
}

// person asks somebody to log in, at a browser here or anywhere.
func (a AKS) person(way string) (azcore.TokenCredential, error) {
	switch way {
	case "browser":
		return azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{ClientOptions: a.Options, TenantID: a.Tenant})
	case "devicecode":
		return azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: a.Options, TenantID: a.Tenant,
			// Not to standard output, which is the credential's.
			UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
				_, err := fmt.Fprintln(os.Stderr, m.Message)
				return err
			},
		})
	}
	return nil, fail(NeedsPerson, fmt.Errorf("%s is %q: browser or devicecode", AzureLogin, way))
}

// expiry leaves time to ask for the next token before the last is refused.
func expiry(t azcore.AccessToken) time.Time { return t.ExpiresOn.Add(-time.Minute) }

// azureFailure says how no token came.
func azureFailure(err error) error {
	refused := &azidentity.AuthenticationFailedError{}
	switch {
	case errors.As(err, &refused) && refused.RawResponse == nil: // nobody answered
		return fail(Unreachable, err)
	case errors.As(err, &refused):
		return fail(Denied, err)
	}
	return fail(NoCredentials, err)
}
