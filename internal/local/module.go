package local

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
)

// modulePath is Burrow's own module, whose root holds the pinned engine.
const modulePath = "burrow"

// findModule is the root of Burrow's module: the project is usually part of it,
// and otherwise (a test's project in a temporary folder) the caller is.
func findModule(dir string) (string, error) {
	for _, from := range []string{dir, "."} {
		if root, err := above(from, isModule); err == nil {
			return root, nil
		}
	}
	return "", fmt.Errorf("find the module %s: neither %s nor the working directory is inside it",
		modulePath, dir)
}

func isModule(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && modfile.ModulePath(data) == modulePath
}

// requiredVersion is the version of a module that a go.mod requires.
func requiredVersion(gomod, module string) (string, error) {
	data, err := os.ReadFile(gomod)
	if err != nil {
		return "", fmt.Errorf("read the pinned version: %w", err)
	}
	f, err := modfile.ParseLax(gomod, data, nil)
	if err != nil {
		return "", fmt.Errorf("read the pinned version: %w", err)
	}
	for _, r := range f.Require {
		if r.Mod.Path == module {
			return r.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", gomod, module)
}
