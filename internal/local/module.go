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
