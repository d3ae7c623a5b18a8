package kubelogin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"burrow/internal/kubelogin/logintest"
)

const (
	testTenant = "11111111-1111-4111-8111-111111111111"
	testSecret = "a-client-secret"
	// asBrowser makes the test binary a browser in which somebody logs in at once.
	asBrowser = "BURROW_TEST_BROWSER"
)

func TestMain(m *testing.M) {
	if os.Getenv(asBrowser) == "" {
		os.Exit(m.Run())
	}
	asked, err := url.Parse(os.Args[1])
	if err == nil {
		_, err = http.Get(asked.Query().Get("redirect_uri") + "?code=c&state=" + asked.Query().Get("state"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// azure answers as login.microsoftonline.com and a machine's metadata service do.
type azure struct {
	away    bool
	refusal string // of Entra; "" for none
	busy    bool   // Entra has no time
	machine int    // what answers at the metadata service's address to a request without its header; 0 for nothing
}

func (z azure) Do(r *http.Request) (*http.Response, error) {
	answer := func(code int, what any) (*http.Response, error) {
		text, err := json.Marshal(what)
		return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(string(text))), Header: http.Header{"Content-Type": {"application/json"}}, Request: r}, err
	}
	type object = map[string]any
	if r.URL.Host == "169.254.169.254" {
		switch {
		case z.machine == 0:
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}
		case r.Header.Get("Metadata") == "":
			return answer(z.machine, nil)
		case z.machine != http.StatusBadRequest: // azidentity would ask again for more than a minute
			return nil, errors.New("a token is asked of what is no metadata service")
		}
		return answer(200, object{"access_token": "of the machine", "expires_in": "3600"})
	}
	if z.away {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("network is unreachable")}
	}
	const issuer = "https://login.microsoftonline.com/" + testTenant
	switch {
	case strings.Contains(r.URL.Path, "discovery/instance"):
		return answer(200, object{"tenant_discovery_endpoint": issuer + "/v2.0/.well-known/openid-configuration", "metadata": []object{{
			"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net", "aliases": []string{"login.microsoftonline.com"},
		}}})
	case strings.Contains(r.URL.Path, "openid-configuration"):
		return answer(200, object{"issuer": issuer + "/v2.0", "authorization_endpoint": issuer + "/oauth2/v2.0/authorize", "token_endpoint": issuer + "/oauth2/v2.0/token"})
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/devicecode"):
		return answer(200, object{"user_code": "u", "device_code": "d", "expires_in": 60, "interval": 1, "message": "enter u"})
	case !strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		return nil, fmt.Errorf("nobody answers at %s", r.URL)
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	who := map[string]string{
		"client_secret " + testSecret: "of the principal", "client_assertion jwt": "of the workload", "code c": "of the person", "device_code d": "of the person",
	}
	for name := range r.Form {
		token := who[name+" "+r.Form.Get(name)]
		switch {
		case token == "":
		case z.busy:
			return answer(503, nil)
		case z.refusal != "":
			return answer(401, object{"error": "invalid_client", "error_description": z.refusal})
		case strings.Contains(r.Form.Get("scope"), aksScope):
			return answer(200, object{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": token})
		}
	}
	return answer(401, object{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
}

func aksLogin(t *testing.T, z azure, r Request) (Credential, error) {
	t.Helper()
	c, err := AKS{Tenant: testTenant, Options: azcore.ClientOptions{Transport: z, Retry: policy.RetryOptions{MaxRetries: -1}}}.Credential(context.Background(), r)
	if err != nil && strings.Contains(err.Error(), testSecret) {
		t.Errorf("the error holds the secret: %v", err)
	}
	return c, err
}

func TestAKSCredentials(t *testing.T) {
	type set = map[string]string
	const (
		user     = `echo '{"accessToken":"of the user","expiresOn":"2099-01-01 00:00:00.000000","expires_on":4070908800,"tokenType":"Bearer"}'`
		nobody   = "echo 'Please run az login' >&2; exit 1"
		client   = "22222222-2222-4222-8222-222222222222"
		identity = http.StatusBadRequest
	)
	principal := set{"AZURE_TENANT_ID": testTenant, "AZURE_CLIENT_ID": client, "AZURE_CLIENT_SECRET": testSecret}
	workload := set{"AZURE_TENANT_ID": testTenant, "AZURE_CLIENT_ID": client, "AZURE_FEDERATED_TOKEN_FILE": "token"}
	by := func(way string, of set) set {
		all := set{AzureLogin: way}
		for name, value := range of {
			all[name] = value
		}
		return all
	}
	for name, c := range map[string]struct {
		set    set
		az     string
		azure  azure
		person bool
		token  string
		code   int
	}{
		"a service principal comes first":     {set: principal, az: user, azure: azure{machine: identity}, token: "of the principal"},
		"then the workload":                   {set: workload, az: user, azure: azure{machine: identity}, token: "of the workload"},
		"then the machine":                    {az: user, azure: azure{machine: identity}, token: "of the machine"},
		"then the Azure CLI's user":           {az: user, token: "of the user"},
		"a machine of another cloud":          {az: user, azure: azure{machine: 404}, token: "of the user"},
		"a proxy where the machine should be": {az: user, azure: azure{machine: 502}, token: "of the user"},
		"no user's password":                  {set: set{"AZURE_TENANT_ID": testTenant, "AZURE_CLIENT_ID": client, "AZURE_USERNAME": "u", "AZURE_PASSWORD": "p"}, az: user, token: "of the user"},
		"nobody":                              {az: nobody, code: NoCredentials.Code},
		"a person is asked only by name":      {az: nobody, person: true, code: NoCredentials.Code},
		"the environment alone":               {set: by("environment", nil), az: user, code: NoCredentials.Code},
		"the principal by name":               {set: by("environment", principal), az: user, token: "of the principal"},
		"the workload by name":                {set: by("workload", workload), az: user, token: "of the workload"},
		"the workload alone":                  {set: by("workload", principal), az: user, code: NoCredentials.Code},
		"the machine by name":                 {set: by("managed", principal), azure: azure{machine: identity}, token: "of the machine"},
		"the machine alone":                   {set: by("managed", nil), az: user, code: NoCredentials.Code},
		"the Azure CLI by name":               {set: by("cli", principal), az: user, token: "of the user"},
		"the Azure CLI alone":                 {set: by("cli", principal), az: nobody, code: NoCredentials.Code},
		"a code by name":                      {set: by("devicecode", principal), az: user, person: true, token: "of the person"},
		"a code, and nobody to be asked":      {set: by("devicecode", principal), az: user, code: NeedsPerson.Code},
		"a browser by name":                   {set: by("browser", principal), az: user, person: true, token: "of the person"},
		"a browser, and nobody to be asked":   {set: by("browser", principal), az: user, code: NeedsPerson.Code},
		"no way of that name":                 {set: by("letter", principal), az: user, person: true, code: BadSetting.Code},
		"a wrong secret":                      {set: principal, az: user, azure: azure{refusal: "AADSTS7000215: Invalid client secret provided."}, code: Denied.Code},
		"a secret that has ended":             {set: principal, az: user, azure: azure{refusal: "AADSTS7000222: The provided client secret keys for app '2' are expired."}, code: LoginEnded.Code},
		"a certificate that has ended":        {set: principal, az: user, azure: azure{refusal: "AADSTS700027: The certificate with identifier used to sign the client assertion is expired on application. [Reason - The key used is expired.]"}, code: LoginEnded.Code},
		"a certificate that nobody knows":     {set: principal, az: user, azure: azure{refusal: "AADSTS700027: Client assertion contains an invalid signature. [Reason - The key was not found.]"}, code: Denied.Code},
		"a workload's token that has ended":   {set: workload, az: user, azure: azure{refusal: "AADSTS700024: Client assertion is not within its valid time range."}, code: LoginEnded.Code},
		"a user who was away for too long":    {az: "echo 'ERROR: AADSTS700082: The refresh token has expired due to inactivity.' >&2; exit 1", code: LoginEnded.Code},
		"no network":                          {set: principal, az: user, azure: azure{away: true}, code: Unreachable.Code},
		"no network for a workload by name":   {set: by("workload", workload), azure: azure{away: true}, code: Unreachable.Code},
		"an Entra that has no time":           {set: principal, az: user, azure: azure{busy: true}, code: Unreachable.Code},
		"a workload whose token is not there": {set: set{"AZURE_TENANT_ID": testTenant, "AZURE_CLIENT_ID": client, "AZURE_FEDERATED_TOKEN_FILE": "none"}, az: user, code: NoCredentials.Code},
		"a principal of another tenant":       {set: set{"AZURE_TENANT_ID": client, "AZURE_CLIENT_ID": client, "AZURE_CLIENT_SECRET": testSecret}, az: user, code: NoCredentials.Code},
	} {
		t.Run(name, func(t *testing.T) {
			home := logintest.Nobody(t, c.set)
			t.Chdir(home)
			logintest.Write(t, home, "token", "jwt")
			logintest.Write(t, home, "bin/az", "#!/bin/sh\n"+c.az+"\n")
			// Nobody wants azd's user, whom azidentity's default chain would find.
			logintest.Write(t, home, "bin/azd", "#!/bin/sh\n"+`echo '{"token":"of azd","expiresOn":"2099-01-01T00:00:00Z"}'`+"\n")
			if c.token == "of the person" && strings.Contains(name, "browser") {
				if runtime.GOOS != "linux" {
					t.Skip("browsers have other names")
				}
				self, err := os.Executable()
				if err != nil {
					t.Fatal(err)
				}
				logintest.Write(t, home, "bin/xdg-open", "#!/bin/sh\n"+asBrowser+`=1 exec "`+self+`" "$1"`+"\n")
			}
			got, err := aksLogin(t, c.azure, Request{Interactive: c.person})
			if got.Token != c.token || codeOf(err) != c.code {
				t.Errorf("token %q, code %d (%v), want %q, %d", got.Token, codeOf(err), err, c.token, c.code)
			}
			if err != nil && c.code == BadSetting.Code && !strings.Contains(err.Error(), "environment, workload, managed, cli, browser, devicecode") {
				t.Errorf("the ways are not named: %v", err)
			}
		})
	}
}
