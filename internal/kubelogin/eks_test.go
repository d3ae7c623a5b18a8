package kubelogin

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const testKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// bare is an environment and a home in which nothing logs in, but for what a test sets.
func bare(t *testing.T, set map[string]string) (home string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "AZURE_") || strings.HasPrefix(name, "BURROW_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	home = t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "AWS_EC2_METADATA_DISABLED": "true", "AZURE_CONFIG_DIR": home,
		"AWS_CONFIG_FILE": filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"),
	} {
		t.Setenv(name, value)
	}
	for name, value := range set {
		t.Setenv(name, value)
	}
	return home
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func login(t *testing.T) (Credential, error) {
	t.Helper()
	c, err := EKS{Cluster: "eks-relay-cluster", Region: "eu-west-2", Now: func() time.Time { return noon }}.Credential(context.Background())
	if err != nil && strings.Contains(err.Error(), testKey) {
		t.Errorf("the error holds the key: %v", err)
	}
	return c, err
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
	bare(t, map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": testKey, "AWS_SESSION_TOKEN": "session"})
	c, err := login(t)
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
	if again, err := login(t); err != nil || again != c {
		t.Errorf("another token at the same time: %v", err)
	}
}

// Who logs in is found where the AWS CLI finds it.
func TestEKSCredentials(t *testing.T) {
	const profiles = "[default]\nregion = us-east-1\n[profile ops]\ncredential_process = %s/process\n" +
		"[profile sso]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = ops\n[sso-session s]\nsso_region = eu-west-2\nsso_start_url = https://example.awsapps.com/start\n" +
		"[profile mfa]\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = keys\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n[profile keys]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = " + testKey + "\n" +
		"[profile old]\ncredential_process = %[1]s/old\n[profile elsewhere]\nregion = us-east-1\nuse_dualstack_endpoint = true\nuse_fips_endpoint = true\nendpoint_url = https://localhost:1\n"
	static := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": testKey}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(static)
		maps.Copy(all, more)
		return all
	}
	short := noon.Add(5 * time.Minute).Format(time.RFC3339)
	prepare := func(t *testing.T, set map[string]string) {
		home := bare(t, set)
		write(t, filepath.Join(home, "config"), fmt.Sprintf(profiles, home), 0o600)
		write(t, filepath.Join(home, "process"), "#!/bin/sh\n"+
			`echo '{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"`+testKey+`","SessionToken":"s","Expiration":"2099-01-01T00:00:00Z"}'`+"\n", 0o700)
		write(t, filepath.Join(home, "old"), "#!/bin/sh\n"+
			`echo '{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"`+testKey+`","SessionToken":"s","Expiration":"2026-11-27T11:59:00Z"}'`+"\n", 0o700)
		sum := sha1.Sum([]byte("s"))
		write(t, filepath.Join(home, ".aws", "sso", "cache", hex.EncodeToString(sum[:])+".json"), `{"accessToken":"a","expiresAt":"2020-01-01T00:00:00Z"}`, 0o600)
	}
	t.Run("a profile", func(t *testing.T) {
		prepare(t, map[string]string{"AWS_PROFILE": "ops"})
		c, err := login(t)
		if err != nil {
			t.Fatal(err)
		}
		if who := signed(t, c).Query().Get("X-Amz-Credential"); !strings.HasPrefix(who, "AKIDPROCESS/") {
			t.Errorf("signed by %s", who)
		}
	})
	t.Run("web identity that ends soon", func(t *testing.T) {
		prepare(t, nil)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil || r.Form.Get("WebIdentityToken") != "jwt" {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB</AccessKeyId>`+
				`<SecretAccessKey>%s</SecretAccessKey><SessionToken>s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, testKey, short)
		}))
		defer server.Close()
		file := filepath.Join(t.TempDir(), "token")
		write(t, file, "jwt", 0o600)
		t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
		t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
		t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")
		c, err := login(t)
		if err != nil {
			t.Fatal(err)
		}
		if c.Expires.After(noon.Add(5 * time.Minute)) {
			t.Errorf("used until %v, and its credentials end at %s", c.Expires, short)
		}
	})
	// EKS takes the region's own STS, whatever other calls are led to.
	for name, set := range map[string]map[string]string{
		"another endpoint": with(map[string]string{"AWS_ENDPOINT_URL": "http://localhost:1"}), "another STS": with(map[string]string{"AWS_ENDPOINT_URL_STS": "http://localhost:1"}),
		"dual-stack": with(map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}), "FIPS": with(map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}),
		"a profile with all of that": with(map[string]string{"AWS_PROFILE": "elsewhere"}), "the old global endpoint": with(map[string]string{"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}),
	} {
		t.Run(name, func(t *testing.T) {
			prepare(t, set)
			if c, err := login(t); err != nil {
				t.Error(err)
			} else if u := signed(t, c); u.Host != "sts.eu-west-2.amazonaws.com" || u.Scheme != "https" {
				t.Errorf("the token asks %s", u.Host)
			}
		})
	}
	for name, c := range map[string]struct {
		set  map[string]string
		code int
	}{
		"nothing at all":              {nil, NoCredentials.Code},
		"no such profile":             {map[string]string{"AWS_PROFILE": "nobody"}, NoCredentials.Code},
		"SSO whose login ended":       {map[string]string{"AWS_PROFILE": "sso"}, LoginEnded.Code},
		"a process with old keys":     {map[string]string{"AWS_PROFILE": "old"}, LoginEnded.Code},
		"old keys in the environment": {with(map[string]string{"AWS_SESSION_TOKEN": "s", "AWS_CREDENTIAL_EXPIRATION": "2026-11-27T11:00:00Z"}), LoginEnded.Code},
		"a role that wants a code":    {map[string]string{"AWS_PROFILE": "mfa"}, NeedsPerson.Code},
	} {
		t.Run(name, func(t *testing.T) {
			prepare(t, c.set)
			if _, err := login(t); codeOf(err) != c.code {
				t.Errorf("code %d (%v), want %d", codeOf(err), err, c.code)
			}
		})
	}
}
