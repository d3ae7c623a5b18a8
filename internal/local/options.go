package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"burrow/internal/emulator"
)

// ProgramEnv names the environment variable with the path of a built program to
// run instead of building the project's own.
const ProgramEnv = "BURROW_PROGRAM"

// Options of a world. Only Dir is required.
type Options struct {
	// Dir is the project's folder, the one with Pulumi.yaml.
	Dir string
	// Home is where the world is kept. Default: .burrow in Dir.
	Home string
	// Bin is where the engine and the program are built; worlds may share it.
	// Default: bin in Home.
	Bin string
	// Module is the root of Burrow's own Go module, which pins the engine.
	// Default: found from Dir, else from the working directory.
	Module string
	// Program is the built program. Default: $BURROW_PROGRAM, else it is built.
	Program string
	// Env is added to the environment of the CLI and of the program, NAME=VALUE.
	Env []string
	// Emulate are the provider packages to emulate. Default: all, see [Providers].
	Emulate []string
	// As is the ARN that deploys to the emulated AWS. Default: the emulator's.
	As string
	// From is where the program and the CLI run, outside (the default) or inside the VPC:
	// outside, private addresses lead nowhere.
	From string
	// Quotas replaces limits of the emulated accounts, by name.
	Quotas map[string]int
	// OnWrite is told of every write to the emulated clouds, see
	// [emulator.Options].
	OnWrite func(*emulator.Tx, emulator.Event)
	// SkipCheckpoints writes the state at the end only: much faster with many
	// resources, and what was in flight is lost when the process dies.
	SkipCheckpoints bool
	// Notices is where the world says what it does, and the CLI's error output.
	// Default: stderr.
	Notices io.Writer
	// Stdin is given to the CLI; nil is an empty input.
	Stdin *os.File

	// Stall is how long a run with --continue-on-error may be silent before it is
	// ended. Default: 60 s.
	Stall time.Duration

	// extra servers, by package: tests attach slow ones.
	extra []extraServer
}

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("find the project: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err != nil {
		return o, fmt.Errorf("find the project: %w", err)
	}
	o.Dir = dir
	for _, d := range []struct {
		field *string
		value string
	}{
		{&o.Home, filepath.Join(dir, ".burrow")},
		{&o.Program, os.Getenv(ProgramEnv)},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if o.Home, err = filepath.Abs(o.Home); err != nil {
		return o, fmt.Errorf("find the world: %w", err)
	}
	if o.Bin == "" {
		o.Bin = filepath.Join(o.Home, "bin")
	}
	if o.Stall == 0 {
		o.Stall = time.Minute
	}
	if o.Notices == nil {
		o.Notices = os.Stderr
	}
	if o.Module == "" {
		o.Module, err = findModule(dir)
	}
	if err == nil {
		o.Emulate, err = knownProviders(o.Emulate)
	}
	if err == nil {
		err = errors.Join(checkQuotas(o.Quotas), checkCaller(o.As), checkPlace(o.From))
	}
	return o, err
}

// FindProject is the nearest folder, from dir upwards, with a Pulumi.yaml.
func FindProject(dir string) (string, error) {
	found, err := above(dir, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "Pulumi.yaml"))
		return err == nil
	})
	if err != nil {
		return "", fmt.Errorf("find the project: %w: no Pulumi.yaml in %s or above it", err, dir)
	}
	return found, nil
}

var errNotFound = errors.New("not found")

// above is the nearest folder, from dir upwards, of which is holds.
func above(dir string, is func(string) bool) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for !is(dir) {
		next := filepath.Dir(dir)
		if next == dir {
			return "", errNotFound
		}
		dir = next
	}
	return dir, nil
}
