package kubelogin

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"burrow/internal/kubelogin/logintest"
)

const testKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func login(t *testing.T, region string) (Credential, error) {
	t.Helper()
	l, err := EKS{"eks-relay-cluster", region}.Login(context.Background())
	if err != nil {
		if strings.Contains(err.Error(), testKey) {
			t.Errorf("the error holds the key: %v", err)
		}
		return Credential{}, err
	}
	if l.Keys.SecretAccessKey != testKey || l.Config.Region != region {
		t.Errorf("who logged in is given on as %s in %s", l.Keys.AccessKeyID, l.Config.Region)
	}
	return l.Token(noon)
}

// signed is the URL in a token.
func signed(t *testing.T, c Credential) *url.URL {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(c.Token, "k8s-aws-v1."))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// signature computes SigV4 of a presigned GET as the specification says. Source: IAM user
// guide, create-signed-request.html.
func signature(u *url.URL, headers map[string]string, secret string) string {
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	hash := func(text string) string { sum := sha256.Sum256([]byte(text)); return hex.EncodeToString(sum[:]) }
	query := u.Query()
	query.Del("X-Amz-Signature")
	scope := strings.SplitN(query.Get("X-Amz-Credential"), "/", 2)[1]
	names := strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
	var lines strings.Builder
	for _, name := range names {
		fmt.Fprintf(&lines, "%s:%s\n", name, headers[name])
	}
	request := strings.Join([]string{"GET", "/", strings.ReplaceAll(query.Encode(), "+", "%20"), lines.String(), strings.Join(names, ";"), hash("")}, "\n")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", query.Get("X-Amz-Date"), scope, hash(request)}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, text))
}

// A token is a presigned GetCallerIdentity of the region's STS, for this cluster alone, and
// its signature is what the specification says.
func TestEKSToken(t *testing.T) {
	logintest.Nobody(t, map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": testKey, "AWS_SESSION_TOKEN": "session"})
	c, err := login(t, "eu-west-2")
	if err != nil {
		t.Fatal(err)
	}
	u := signed(t, c)
	query := u.Query()
	for name, want := range map[string]string{
		"Action": "GetCallerIdentity", "Version": "2011-06-15", "X-Amz-Expires": "60", "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
		"X-Amz-Date": "20261127T120000Z", "X-Amz-Credential": "AKIDEXAMPLE/20261127/eu-west-2/sts/aws4_request", "X-Amz-Security-Token": "session",
	} {
		if query.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, query.Get(name), want)
		}
	}
	if u.Host != "sts.eu-west-2.amazonaws.com" || u.Scheme != "https" {
		t.Errorf("asks %s", u.Host)
	}
	if !slices.Contains(strings.Split(query.Get("X-Amz-SignedHeaders"), ";"), "x-k8s-aws-id") {
		t.Errorf("the cluster's name is not signed: %s", query.Get("X-Amz-SignedHeaders"))
	}
	headers := map[string]string{"host": u.Host, "x-k8s-aws-id": "eks-relay-cluster"}
	if got, want := query.Get("X-Amz-Signature"), signature(u, headers, testKey); got != want {
		t.Errorf("the signature is %s, want %s", got, want)
	}
	headers["x-k8s-aws-id"] = "another"
	if query.Get("X-Amz-Signature") == signature(u, headers, testKey) {
		t.Error("the token is good for another cluster")
	}
	if !c.Expires.Equal(noon.Add(14 * time.Minute)) {
		t.Errorf("used until %v", c.Expires)
	}
	if again, err := login(t, "eu-west-2"); err != nil || again != c {
		t.Errorf("another token at the same time: %v", err)
	}
}

// EKS takes a token only for a host that is its partition's own, wherever the caller's STS is.
func TestEKSTokenHost(t *testing.T) {
	for name, c := range map[string]struct {
		set            map[string]string
		config, region string
		host           string
	}{
		"an endpoint":                 {set: map[string]string{"AWS_ENDPOINT_URL": "https://aws.example.com"}},
		"an endpoint of STS":          {set: map[string]string{"AWS_ENDPOINT_URL_STS": "https://sts.example.com"}},
		"an endpoint of a profile":    {config: "[default]\nendpoint_url = https://aws.example.com\n"},
		"an endpoint of a service":    {config: "[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = https://sts.example.com\n"},
		"dual stack":                  {set: map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}},
		"dual stack of a profile":     {config: "[default]\nuse_dualstack_endpoint = true\n"},
		"FIPS":                        {set: map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}},
		"FIPS of a profile":           {config: "[default]\nuse_fips_endpoint = true\n"},
		"another region of one's own": {set: map[string]string{"AWS_REGION": "us-west-2"}},
		"us-east-1":                   {region: "us-east-1", host: "sts.us-east-1.amazonaws.com"},
		"China":                       {region: "cn-north-1", host: "sts.cn-north-1.amazonaws.com.cn"},
		"GovCloud":                    {region: "us-gov-west-1", host: "sts.us-gov-west-1.amazonaws.com"},
	} {
		t.Run(name, func(t *testing.T) {
			home := logintest.Nobody(t, map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": testKey})
			for name, value := range c.set {
				t.Setenv(name, value)
			}
			logintest.Write(t, home, ".aws/config", c.config)
			region, host := cmp.Or(c.region, "eu-west-2"), cmp.Or(c.host, "sts.eu-west-2.amazonaws.com")
			token, err := login(t, region)
			if err != nil {
				t.Fatal(err)
			}
			u := signed(t, token)
			if who := u.Query().Get("X-Amz-Credential"); u.Host != host || u.Path != "/" || who != "AKIDEXAMPLE/20261127/"+region+"/sts/aws4_request" {
				t.Errorf("asks %s%s as %s, want %s", u.Host, u.Path, who, host)
			}
		})
	}
}

const (
	profiles = `
[default]
region = us-east-1
[profile ops]
credential_process = %[1]s/process 2099-01-01T00:00:00Z
[profile ended]
credential_process = %[1]s/process 2001-01-01T00:00:00Z
[profile mfa]
source_profile = ops
role_arn = arn:aws:iam::123456789012:role/ops
mfa_serial = arn:aws:iam::123456789012:mfa/somebody
[profile sso]
sso_session = s
sso_account_id = 123456789012
sso_role_name = ops
[sso-session s]
sso_region = eu-west-2
sso_start_url = https://example.awsapps.com/start
[profile oldsso]
sso_region = eu-west-2
sso_start_url = s
sso_account_id = 123456789012
sso_role_name = ops
`
	process = `#!/bin/sh
echo '{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"` + testKey + `","SessionToken":"s","Expiration":"'$1'"}'
`
	// ssoFile is where both ways of SSO keep the login of s: the SHA-1 of that name.
	ssoFile = ".aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json"
)

// Who logs in is found where the AWS CLI finds it.
func TestEKSCredentials(t *testing.T) {
	keys := func(ends string) map[string]string {
		return map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": testKey, "AWS_SESSION_TOKEN": "s", "AWS_CREDENTIAL_EXPIRATION": ends}
	}
	profile := func(name string) map[string]string { return map[string]string{"AWS_PROFILE": name} }
	const lives, over = `{"accessToken":"a","expiresAt":"2099-01-01T00:00:00Z"}`, `{"accessToken":"a","expiresAt":"2001-01-01T00:00:00Z"}`
	const renewable = `{"accessToken":"a","expiresAt":"2001-01-01T00:00:00Z","refreshToken":"r","clientId":"c","clientSecret":"s"}`
	for name, c := range map[string]struct {
		set    map[string]string
		file   string // of the SSO login
		status int    // that SSO answers with, 0 if nobody does
		error  string
		who    string
		code   int
	}{
		"nothing at all":                       {code: NoCredentials.Code},
		"no such profile":                      {set: profile("nobody"), code: NoCredentials.Code},
		"a credential process":                 {set: profile("ops"), who: "AKIDPROCESS"},
		"keys of a process that have ended":    {set: profile("ended"), code: LoginEnded.Code},
		"a role that needs MFA":                {set: profile("mfa"), code: NeedsPerson.Code},
		"keys":                                 {set: keys(""), who: "AKIDEXAMPLE"},
		"keys that end":                        {set: keys("2099-01-01T00:00:00Z"), who: "AKIDEXAMPLE"},
		"keys that have ended":                 {set: keys("2001-01-01T00:00:00Z"), code: LoginEnded.Code},
		"keys that end at no time":             {set: keys("soon"), code: BadSetting.Code},
		"SSO":                                  {set: profile("sso"), file: lives, status: 200, who: "AKIDSSO"},
		"SSO without a login":                  {set: profile("sso"), code: LoginEnded.Code},
		"SSO that has ended":                   {set: profile("sso"), file: over, code: LoginEnded.Code},
		"SSO that cannot be renewed":           {set: profile("sso"), file: renewable, status: 400, error: "InvalidGrantException", code: LoginEnded.Code},
		"SSO to renew, and no network":         {set: profile("sso"), file: renewable, code: Unreachable.Code},
		"SSO that was ended elsewhere":         {set: profile("sso"), file: lives, status: 401, error: "UnauthorizedException", code: LoginEnded.Code},
		"SSO without a right to the role":      {set: profile("sso"), file: lives, status: 403, error: "ForbiddenException", code: Denied.Code},
		"SSO without a session, and a login":   {set: profile("oldsso"), code: LoginEnded.Code},
		"SSO without a session that has ended": {set: profile("oldsso"), file: over, code: LoginEnded.Code},
	} {
		t.Run(name, func(t *testing.T) {
			home := logintest.Nobody(t, c.set)
			logintest.Write(t, home, ".aws/config", fmt.Sprintf(profiles, home))
			logintest.Write(t, home, "process", process)
			if c.file != "" {
				logintest.Write(t, home, ssoFile, c.file)
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Amzn-Errortype", c.error)
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":"AKIDSSO","secretAccessKey":"%s","sessionToken":"s","expiration":4070908800000}}`, testKey)
			}))
			defer server.Close()
			if c.status == 0 {
				server.Close()
			}
			t.Setenv("AWS_ENDPOINT_URL_SSO", server.URL)
			t.Setenv("AWS_ENDPOINT_URL_SSO_OIDC", server.URL)
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			token, err := login(t, "eu-west-2")
			if codeOf(err) != c.code {
				t.Fatalf("code %d (%v), want %d", codeOf(err), err, c.code)
			}
			if err == nil && !strings.HasPrefix(signed(t, token).Query().Get("X-Amz-Credential"), c.who+"/") {
				t.Errorf("signed by another: %s", signed(t, token))
			}
		})
	}
}

// A token is used for no longer than the keys that signed it, and not signed with keys that have ended.
func TestEKSTokenEnds(t *testing.T) {
	home := logintest.Nobody(t, nil)
	now := time.Now()
	ends := now.Add(5 * time.Minute).Truncate(time.Second)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("WebIdentityToken") != "jwt" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB</AccessKeyId>`+
			`<SecretAccessKey>%s</SecretAccessKey><SessionToken>s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, testKey, ends.UTC().Format(time.RFC3339))
	}))
	defer server.Close()
	logintest.Write(t, home, "token", "jwt")
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", filepath.Join(home, "token"))
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")
	l, err := EKS{"eks-relay-cluster", "eu-west-2"}.Login(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := l.Token(now); err != nil || !c.Expires.Equal(ends) {
		t.Errorf("used until %v (%v), and its keys end at %v", c.Expires, err, ends)
	}
	if _, err := l.Token(ends); codeOf(err) != LoginEnded.Code {
		t.Errorf("signed with keys that have ended: %v", err)
	}
}
