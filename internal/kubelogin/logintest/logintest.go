// Package logintest is for tests of logins: in them nobody is logged in but whom they say.
package logintest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nobody is an environment and an empty home in which nothing logs in but what is set.
// Commands are found in bin of that home alone, where there is sh: the machine's az, if it has
// one, is nobody's business.
func Nobody(t testing.TB, set map[string]string) (home string) {
	t.Helper()
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		for _, of := range []string{"AWS_", "AZURE_", "BURROW_", "IDENTITY_", "IMDS_", "KUBERNETES_", "MSI_"} {
			if strings.HasPrefix(name, of) {
				t.Setenv(name, "") // is set back at the end
				os.Unsetenv(name)
			}
		}
	}
	home = t.TempDir()
	for name, value := range map[string]string{
		"HOME": home,
		"PATH": filepath.Join(home, "bin"),
		// The SDK has looked for the home before a test begins.
		"AWS_CONFIG_FILE":             filepath.Join(home, ".aws", "config"),
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, ".aws", "credentials"),
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AZURE_CONFIG_DIR":            filepath.Join(home, ".azure"),
	} {
		t.Setenv(name, value)
	}
	for name, value := range set {
		t.Setenv(name, value)
	}
	if err := os.Mkdir(filepath.Join(home, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/bin/sh", filepath.Join(home, "bin", "sh")); err != nil {
		t.Fatal(err)
	}
	return home
}

// Write writes a file of a home, a command if it begins with #!.
func Write(t testing.TB, home, name, text string) {
	t.Helper()
	path, mode := filepath.Join(home, name), os.FileMode(0o600)
	if strings.HasPrefix(text, "#!") {
		mode = 0o700
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
