package kubelogin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// aksScope is the application that AKS API servers take Entra tokens for, the same for
// every cluster of the public cloud. Source: azure-aks-docs kubelogin-authentication.md.
const aksScope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"

// AzureLogin is the environment variable that names the one way in which to log in. Where
// it is unset, those that ask nobody are tried in their order.
const AzureLogin = "BURROW_AZURE_LOGIN"

// The ways to log in, those that ask a person apart.
var (
	quiet  = []string{"environment", "workload", "managed", "cli"}
	asking = []string{"browser", "devicecode"}
	// AzureLogins are the values of [AzureLogin].
	AzureLogins = slices.Concat(quiet, asking)
)

// AKS logs in to an AKS cluster as [AzureLogin] says.
type AKS struct {
	Tenant string // "" is the default of whoever logs in
	// Options are those of the HTTP client; the zero value is Azure's public cloud.
	Options azcore.ClientOptions
}

// Credential gets a token from Entra.
func (a AKS) Credential(ctx context.Context, r Request) (Credential, error) {
	heard := &ear{}
	a.Options.PerRetryPolicies = append(slices.Clip(a.Options.PerRetryPolicies), heard)
	who, err := a.who(os.Getenv(AzureLogin), r.Interactive)
	if err != nil {
		return Credential{}, err
	}
	token, err := who.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{aksScope}, TenantID: a.Tenant})
	if err != nil {
		return Credential{}, azureFailure(err, heard.nothing)
	}
	// The next token is asked for before the last is refused.
	return Credential{token.Token, token.ExpiresOn.Add(-time.Minute)}, nil
}

// who is whoever logs in in a way. azidentity's default chain has more ways than are wanted:
// a user's password, and the users of tools that nobody needs for a cluster.
func (a AKS) who(way string, person bool) (azcore.TokenCredential, error) {
	switch {
	case way == "":
		var chain []azcore.TokenCredential
		for _, way := range quiet {
			c, err := a.by(way)
			if err != nil {
				c = absent{fmt.Errorf("%s: %w", way, err)}
			}
			chain = append(chain, c)
		}
		return azidentity.NewChainedTokenCredential(chain, nil)
	case !slices.Contains(AzureLogins, way):
		return nil, fail(BadSetting, fmt.Errorf("%s is %q, and may be %s", AzureLogin, way, strings.Join(AzureLogins, ", ")))
	case slices.Contains(asking, way) && !person:
		return nil, fail(NeedsPerson, fmt.Errorf("%s is %s", AzureLogin, way))
	}
	c, err := a.by(way)
	if err != nil {
		return nil, fail(NoCredentials, fmt.Errorf("%s is %s: %w", AzureLogin, way, err))
	}
	return c, nil
}

// by is who logs in by a way of [AzureLogins].
func (a AKS) by(way string) (azcore.TokenCredential, error) {
	switch way {
	case "environment":
		if os.Getenv("AZURE_CLIENT_SECRET") == "" && os.Getenv("AZURE_CLIENT_CERTIFICATE_PATH") == "" {
			return nil, errors.New("neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set")
		}
		return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: a.Options})
	case "workload":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: a.Options, TenantID: a.Tenant})
	case "managed":
		o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: a.Options}
		if id := os.Getenv("AZURE_CLIENT_ID"); id != "" {
			o.ID = azidentity.ClientID(id)
		}
		c, err := azidentity.NewManagedIdentityCredential(o)
		return managed{c, a.Options.Transport}, err
	case "cli":
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: a.Tenant})
	case "browser":
		return azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{ClientOptions: a.Options, TenantID: a.Tenant})
	default:
		return azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: a.Options, TenantID: a.Tenant,
			// Not to standard output, which is the credential's.
			UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
				_, err := fmt.Fprintln(os.Stderr, m.Message)
				return err
			},
		})
	}
}

// absent is a way that the environment says nothing of: a chain goes on to the next.
type absent struct{ why error }

func (a absent) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError(a.why.Error())
}

// managed is the identity of a machine. Where there is no metadata service, azidentity asks
// for one for minutes; only in its default chain it looks first.
type managed struct {
	*azidentity.ManagedIdentityCredential
	transport policy.Transporter
}

func (m managed) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if os.Getenv("IDENTITY_ENDPOINT") == "" && os.Getenv("MSI_ENDPOINT") == "" && !m.hasService(ctx) {
		return absent{errors.New("managed: the machine has no metadata service of Azure")}.GetToken(ctx, o)
	}
	return m.ManagedIdentityCredential.GetToken(ctx, o)
}

// hasService asks without the header that the service demands: it refuses that at once, with
// a status that a proxy or another cloud's service does not have for it. Source: azure-docs
// instance-metadata-service.md, Errors and debugging.
func (m managed) hasService(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token", nil)
	if err != nil {
		return false
	}
	if m.transport == nil {
		m.transport = http.DefaultClient
	}
	answer, err := m.transport.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusBadRequest
}

// ear hears whether the last request was answered: azidentity's errors do not say.
type ear struct{ nothing bool }

func (e *ear) Do(r *policy.Request) (*http.Response, error) {
	answer, err := r.Next()
	e.nothing = err != nil
	return answer, err
}

// over are Entra's words for what has had its time: tokens of users and workloads, client
// secrets, certificates. Source: learn.microsoft.com/entra/identity-platform/reference-error-codes.
var over = regexp.MustCompile(`AADSTS(50173|70008|70043|700024|700082|1000502|7000222)\b|AADSTS700027\b.*expired`)

// azureFailure says how no token came.
func azureFailure(err error, unanswered bool) error {
	refused := &azidentity.AuthenticationFailedError{}
	switch {
	case over.MatchString(err.Error()):
		return fail(LoginEnded, err)
	case !errors.As(err, &refused): // no way is there
		return fail(NoCredentials, err)
	case refused.RawResponse == nil && unanswered, refused.RawResponse != nil && refused.RawResponse.StatusCode >= 500:
		return fail(Unreachable, err)
	case refused.RawResponse != nil:
		return fail(Denied, err)
	}
	return fail(NoCredentials, err)
}
