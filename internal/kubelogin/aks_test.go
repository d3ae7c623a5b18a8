package kubelogin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	testTenant = "11111111-1111-4111-8111-111111111111"
	testSecret = "a-client-secret"
)

// entra answers as login.microsoftonline.com does.
type entra struct {
	refuses string // with this error
	away    bool
}

func (e entra) Do(r *http.Request) (*http.Response, error) {
	answer := func(code int, text string) *http.Response {
		return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(text)), Header: http.Header{"Content-Type": {"application/json"}}, Request: r}
	}
	if e.away {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("network is unreachable")}
	}
	const issuer = "https://login.microsoftonline.com/" + testTenant
	switch {
	case strings.Contains(r.URL.Path, "discovery/instance"):
		return answer(200, `{"tenant_discovery_endpoint":"`+issuer+`/v2.0/.well-known/openid-configuration","metadata":[{"preferred_network":"login.microsoftonline.com","preferred_cache":"login.windows.net","aliases":["login.microsoftonline.com"]}]}`), nil
	case strings.Contains(r.URL.Path, "openid-configuration"):
		return answer(200, fmt.Sprintf(`{"issuer":"%s/v2.0","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, issuer)), nil
	case !strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		return nil, fmt.Errorf("nobody answers at %s", r.URL.Host)
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	if e.refuses != "" {
		return answer(401, `{"error":"invalid_client","error_description":"`+e.refuses+`"}`), nil
	}
	if r.Form.Get("client_secret") != testSecret || !strings.Contains(r.Form.Get("scope"), aksScope) {
		return answer(401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`), nil
	}
	return answer(200, `{"token_type":"Bearer","expires_in":3600,"ext_expires_in":3600,"access_token":"of the principal"}`), nil
}

func aksLogin(t *testing.T, e entra, r Request) (Credential, error) {
	t.Helper()
	c, err := AKS{Tenant: testTenant, Options: azcore.ClientOptions{Transport: e, Retry: policy.RetryOptions{MaxRetries: -1}}}.Credential(context.Background(), r)
	if err != nil && strings.Contains(err.Error(), testSecret) {
		t.Errorf("the error holds the secret: %v", err)
	}
	return c, err
}

func with(set map[string]string, name, value string) map[string]string {
	all := maps.Clone(set)
	all[name] = value
	return all
}

func TestAKSCredentials(t *testing.T) {
	principal := map[string]string{"AZURE_TENANT_ID": testTenant, "AZURE_CLIENT_ID": "22222222-2222-4222-8222-222222222222", "AZURE_CLIENT_SECRET": testSecret}
	az := func(t *testing.T, says string) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "az"), "#!/bin/sh\n"+says+"\n", 0o700)
		t.Setenv("PATH", dir+":/bin:/usr/bin")
	}
	user := `echo '{"accessToken":"of the user","expiresOn":"2099-01-01 00:00:00.000000","expires_on":4070908800,"tokenType":"Bearer"}'`
	for name, c := range map[string]struct {
		set     map[string]string
		az      string
		refuses string
		away    bool
		request Request
		token   string
		code    int
	}{
		"a service principal":             {set: principal, az: user, token: "of the principal"},
		"the Azure CLI":                   {az: user, token: "of the user"},
		"a principal that is refused":     {set: principal, az: user, refuses: "AADSTS7000215: Invalid client secret provided.", code: Denied.Code},
		"a secret that has ended":         {set: principal, az: user, refuses: "AADSTS7000222: The provided client secret keys are expired.", code: LoginEnded.Code},
		"a CLI whose login has ended":     {az: "echo 'AADSTS700082: The refresh token has expired.' >&2; exit 1", set: map[string]string{AzureLogin: "cli"}, code: LoginEnded.Code},
		"the CLI alone":                   {set: with(principal, AzureLogin, "cli"), az: user, token: "of the user"},
		"the environment alone":           {set: map[string]string{AzureLogin: "environment"}, az: user, code: NoCredentials.Code},
		"a password in the environment":   {set: map[string]string{"AZURE_TENANT_ID": testTenant, "AZURE_CLIENT_ID": testTenant, "AZURE_USERNAME": "me", "AZURE_PASSWORD": testSecret}, az: user, token: "of the user"},
		"a principal without a network":   {set: principal, az: "exit 1", away: true, code: Unreachable.Code},
		"nobody":                          {az: "echo 'Please run az login' >&2; exit 1", code: NoCredentials.Code},
		"nobody, and none can be asked":   {set: map[string]string{AzureLogin: "browser"}, az: "exit 1", code: NeedsPerson.Code},
		"nobody, and no way of that name": {set: map[string]string{AzureLogin: "letter"}, az: "exit 1", request: Request{Interactive: true}, code: NoCredentials.Code},
	} {
		t.Run(name, func(t *testing.T) {
			bare(t, c.set)
			az(t, c.az)
			got, err := aksLogin(t, entra{c.refuses, c.away}, c.request)
			if got.Token != c.token || codeOf(err) != c.code {
				t.Errorf("token %q, code %d (%v)", got.Token, codeOf(err), err)
			}
		})
	}
}
