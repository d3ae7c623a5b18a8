package scenario

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// secretProperties are where the emulated clouds hold what nobody else may see.
var secretProperties = regexp.MustCompile(`(?i)^(sharedKey|tunnel[12]PresharedKey|customerGatewayConfiguration|result|bcryptHash|privateKeyPem|privateKeyPemPkcs8|privateKeyOpenssh)$`)

// credentialShapes are what a credential looks like, wherever it stands.
var credentialShapes = map[string]*regexp.Regexp{
	"a private key":              regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`),
	"a private key in base64":    regexp.MustCompile(`LS0tLS1CRUdJTi[A-Za-z0-9+/]{0,16}(UFJJVkFURSBLRV|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW)`),
	"a client certificate":       regexp.MustCompile(`client-(certificate|key)-data`),
	"a bearer token":             regexp.MustCompile(`(?i)\\?"token\\?"\s*:\s*\\?"[^"\\]|[^-_a-z]token: [A-Za-z0-9._-]{16}`),
	"an AWS secret access key":   regexp.MustCompile(`(?i)aws_?secret_?access_?key\W+[A-Za-z0-9/+]{40}`),
	"an Azure storage key":       regexp.MustCompile(`AccountKey=[A-Za-z0-9+/=]{20}`),
	"a Log Analytics shared key": regexp.MustCompile(`(?i)(primary|secondary)SharedKey"\s*:\s*"[A-Za-z0-9+/=]{20}`),
}

// ProveNoSecret searches the export, and everything else that the run left
// readable, for every secret that the clouds hold and for credentials by shape.
func (s *Stack) ProveNoSecret() {
	t := s.t
	t.Helper()
	secrets := map[string]string{}
	for _, o := range s.Objects() {
		for _, props := range []inventory.Props{o.In, o.Out, o.Hidden} {
			collectSecrets(secrets, o.Type, map[string]any(props))
		}
	}
	if len(secrets) < 6 {
		t.Fatalf("the clouds hold %d secrets; four keys and two configurations at least were expected", len(secrets))
	}
	texts := map[string]string{"stack export": s.Run("stack", "export")}
	for _, dir := range []string{"state", "config", "home"} {
		readAll(t, texts, filepath.Join(s.home, dir))
	}
	for where, text := range texts {
		for secret, property := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s in clear", where, property)
			}
		}
		for what, shape := range credentialShapes {
			if at := shape.FindStringIndex(text); at != nil {
				t.Errorf("%s holds %s at byte %d", where, what, at[0])
			}
		}
	}
	t.Logf("searched %d texts for %d secrets and %d shapes of credentials", len(texts), len(secrets), len(credentialShapes))
}

func collectSecrets(found map[string]string, property string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if s, ok := value.(string); ok && len(s) >= 16 && secretProperties.MatchString(name) {
				found[s] = property + "." + name
				continue
			}
			collectSecrets(found, property+"."+name, value)
		}
	case []any:
		for _, value := range v {
			collectSecrets(found, property, value)
		}
	}
}

func readAll(t *testing.T, texts map[string]string, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		texts[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ProveTags demands Burrow's tags on everything that has tags in its cloud.
func (s *Stack) ProveTags() {
	t := s.t
	t.Helper()
	tagged := 0
	for _, r := range s.Export() {
		if !hasTags(t, string(r.Type)) {
			continue
		}
		tagged++
		for _, key := range []string{"Environment", "Project", "Name", "Owner", "ManagedBy"} {
			if inventory.Props(r.Inputs).Str("tags."+key) == "" {
				t.Errorf("%s has no tag %s", r.URN, key)
			}
		}
	}
	if tagged < 40 {
		t.Errorf("only %d resources can carry tags? the check sees too little", tagged)
	}
}

// hasTags says that the provider's schema has a map of tags for the type.
func hasTags(t *testing.T, typ string) bool {
	t.Helper()
	pkg, err := schema.Load(strings.SplitN(typ, ":", 2)[0])
	if err != nil {
		return false // pulumi:…, burrow:…, which no provider has
	}
	r := pkg.Resources[typ]
	if r == nil || r.Component {
		return false
	}
	_, ok := r.Inputs["tags"]
	return ok
}
