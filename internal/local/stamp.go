package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A stamp tells one state of a program's sources from another, by the names,
// sizes and times of all files of its module, by the Go toolchain, and by what is
// in the environment for it. The go command finds out the same from the contents
// of every package that the program links, which takes a second.
type stamp string

// sourceStamp is the stamp of the module that a folder is in, without what is built
// from it; "" where sources lie elsewhere, so that only the go command can tell.
// Hidden folders hold no packages.
func sourceStamp(dir, target string) (stamp, error) {
	root, err := above(dir, func(dir string) bool { return isFile(filepath.Join(dir, "go.mod")) })
	if errors.Is(err, errNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if elsewhere, err := replacesLocally(filepath.Join(root, "go.mod")); err != nil || elsewhere {
		return "", err
	}
	sum := sha256.New()
	note := func(path string, info fs.FileInfo) {
		fmt.Fprintf(sum, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || strings.HasSuffix(path, "_test.go") || path == target || path == stampOf(target):
			return nil
		}
		info, err := os.Stat(path) // the go command follows links to files, too
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a link to nothing
		}
		if err == nil && info.Mode().IsRegular() {
			note(path, info)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("look at the program's sources: %w", err)
	}
	for _, path := range toolchain() {
		if info, err := os.Stat(path); err == nil {
			note(path, info)
		}
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return !strings.HasPrefix(v, "GO") && !strings.HasPrefix(v, "CGO_")
	})
	slices.Sort(env)
	fmt.Fprintln(sum, dir, env)
	return stamp(hex.EncodeToString(sum.Sum(nil))), nil
}

// replacesLocally says that a go.mod takes a module from a folder.
func replacesLocally(gomod string) (bool, error) {
	data, err := os.ReadFile(gomod)
	if err != nil {
		return false, fmt.Errorf("read the program's module: %w", err)
	}
	f, err := modfile.ParseLax(gomod, data, nil)
	if err != nil {
		return false, fmt.Errorf("read the program's module: %w", err)
	}
	return slices.ContainsFunc(f.Replace, func(r *modfile.Replace) bool { return r.New.Version == "" }), nil
}

// toolchain are the files whose change is another toolchain or another setting
// of it.
func toolchain() []string {
	var paths []string
	if path, err := exec.LookPath("go"); err == nil {
		paths = append(paths, path)
	}
	if dir, err := os.UserConfigDir(); err == nil {
		paths = append(paths, filepath.Join(dir, "go", "env"))
	}
	return paths
}

// on is the stamp together with the file that was built.
func (s stamp) on(file string) stamp {
	info, err := os.Stat(file)
	if s == "" || err != nil {
		return ""
	}
	return stamp(fmt.Sprintf("%s %d %d\n", s, info.Size(), info.ModTime().UnixNano()))
}

// stampOf is the file beside a built one that keeps its stamp.
func stampOf(file string) string { return file + ".stamp" }

// built reports whether the file was built from sources of that stamp.
func (s stamp) built(file string) bool {
	kept, err := os.ReadFile(stampOf(file))
	return err == nil && len(kept) > 0 && stamp(kept) == s.on(file)
}

// keep notes that the file was built from sources of that stamp.
func (s stamp) keep(file string) error {
	if err := os.WriteFile(stampOf(file), []byte(s.on(file)), 0o600); err != nil {
		return fmt.Errorf("note what was built: %w", err)
	}
	return nil
}
