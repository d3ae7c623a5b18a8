package kubelogin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/pkg/browser"
)

// aksScope is the application that AKS API servers take Entra tokens for, the same for
// every cluster of the public cloud. Source: azure-aks-docs kubelogin-authentication.md.
const aksScope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"

// AzureLogin is the environment variable that names the one way in which to log in: one of
// [AzureWays].
const AzureLogin = "BURROW_AZURE_LOGIN"

// A way is how to log in to Entra.
type way struct {
	name    string
	asks    bool // a person
	patient time.Duration
	with    func(AKS) (azcore.TokenCredential, error)
}

// askMachine is how long a machine's managed identity may take when others are tried after
// it: where there is none, nobody answers at all.
const askMachine = time.Second

var ways = []way{
	{name: "environment", with: AKS.environment},
	{name: "workload", with: AKS.workload},
	{name: "managed", with: AKS.managed, patient: askMachine},
	{name: "cli", with: AKS.cli},
	{name: "browser", with: AKS.browser, asks: true},
	{name: "devicecode", with: AKS.deviceCode, asks: true},
}

// AzureWays are what [AzureLogin] may say.
func AzureWays() (names []string) {
	for _, w := range ways {
		names = append(names, w.name)
	}
	return names
}

// AKS logs in to an AKS cluster: as [AzureLogin] says; where it says nothing, as the service
// principal of the environment, by workload identity, by a managed identity, or as the
// Azure CLI's user, whoever is found first.
type AKS struct {
	Tenant string // "" is the default of whoever logs in
	// Options are those of the HTTP client; the zero value is Azure's public cloud.
	Options azcore.ClientOptions
}

// Credential gets a token from Entra.
func (a AKS) Credential(ctx context.Context, r Request) (Credential, error) {
	if name := os.Getenv(AzureLogin); name != "" {
		at := slices.IndexFunc(ways, func(w way) bool { return w.name == name })
		switch {
		case at < 0:
			return Credential{}, fail(NoCredentials, fmt.Errorf("%s is %q: it may be %s", AzureLogin, name, strings.Join(AzureWays(), ", ")))
		case ways[at].asks && !r.Interactive:
			return Credential{}, fail(NeedsPerson, fmt.Errorf("%s is %s", AzureLogin, name))
		}
		token, err := a.by(ctx, ways[at], 0)
		if err != nil {
			return Credential{}, azureFailure(err)
		}
		return token, nil
	}
	var none []error
	for _, w := range ways {
		if w.asks {
			continue // where Entra is not told of, nobody expects to be asked
		}
		token, err := a.by(ctx, w, w.patient)
		refused := &azidentity.AuthenticationFailedError{}
		if err == nil {
			return token, nil
		}
		if errors.As(err, &refused) && w.patient == 0 {
			return Credential{}, azureFailure(err) // somebody was found
		}
		none = append(none, fmt.Errorf("%s: %w", w.name, err))
	}
	return Credential{}, fail(NoCredentials, errors.Join(none...))
}

// by logs in in one way, for which there may be a limit of time.
func (a AKS) by(ctx context.Context, w way, limit time.Duration) (Credential, error) {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	who, err := w.with(a)
	if err != nil {
		return Credential{}, err
	}
	token, err := who.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{aksScope}, TenantID: a.Tenant})
	if err != nil {
		return Credential{}, err
	}
	// The next token is asked for before this one is refused.
	return Credential{token.Token, token.ExpiresOn.Add(-time.Minute)}, nil
}

func (a AKS) environment() (azcore.TokenCredential, error) {
	if os.Getenv("AZURE_CLIENT_SECRET")+os.Getenv("AZURE_CLIENT_CERTIFICATE_PATH") == "" {
		return nil, errors.New("neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set") // a user's password is not for programs
	}
	return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: a.Options})
}

func (a AKS) workload() (azcore.TokenCredential, error) {
	return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: a.Options, TenantID: a.Tenant})
}

func (a AKS) managed() (azcore.TokenCredential, error) {
	o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: a.Options}
	if id := os.Getenv("AZURE_CLIENT_ID"); id != "" {
		o.ID = azidentity.ClientID(id)
	}
	return azidentity.NewManagedIdentityCredential(o)
}

func (a AKS) cli() (azcore.TokenCredential, error) {
	return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: a.Tenant})
}

func (a AKS) browser() (azcore.TokenCredential, error) {
	browser.Stdout = os.Stderr // standard output is the credential's
	return azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{ClientOptions: a.Options, TenantID: a.Tenant})
}

func (a AKS) deviceCode() (azcore.TokenCredential, error) {
	return azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: a.Options, TenantID: a.Tenant,
		UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
			_, err := fmt.Fprintln(os.Stderr, m.Message)
			return err
		},
	})
}

// endedCodes are Entra's for a login, secret or certificate that has ended. Source:
// learn.microsoft.com/entra/identity-platform/reference-error-codes.
var endedCodes = []string{"AADSTS50173", "AADSTS70043", "AADSTS700082", "AADSTS700084", "AADSTS7000222", "AADSTS700027"}

// azureFailure says how no token came.
func azureFailure(err error) error {
	refused := &azidentity.AuthenticationFailedError{}
	switch {
	case slices.ContainsFunc(endedCodes, func(code string) bool {
		_, after, found := strings.Cut(err.Error(), code)
		return found && (after == "" || after[0] < '0' || after[0] > '9')
	}):
		return fail(LoginEnded, err)
	case errors.As(err, &refused) && refused.RawResponse == nil: // nobody answered
		return fail(Unreachable, err)
	case errors.As(err, &refused):
		return fail(Denied, err)
	}
	return fail(NoCredentials, err)
}
