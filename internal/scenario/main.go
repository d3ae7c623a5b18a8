package scenario

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/local"
)

// All brings up every combination of modes and makes every switch, and not a
// sample of them.
var All = flag.Bool("all", false, "bring up every combination of modes, and make every switch")

// programVariable makes a test binary behave as the program of that name.
const programVariable = "BURROW_TEST_PROGRAM"

// Main is the TestMain of a package of scenarios. Programs are what its test
// binary can be beside the landlord, for stacks made with [Stack.As].
func Main(m *testing.M, programs map[string]pulumi.RunFunc) {
	switch name := os.Getenv(programVariable); {
	case name == landlordProgram:
		pulumi.Run(landlord)
	case name != "":
		pulumi.Run(programs[name])
	default:
		code := m.Run()
		os.RemoveAll(living.home)
		os.Exit(code)
	}
}

// built is the program that users run, built once by each test binary.
var built = sync.OnceValues(func() (string, error) {
	root, err := local.FindProject(".")
	if err != nil {
		return "", err
	}
	world, err := local.New(local.Options{Dir: root, Bin: bin(root)})
	if err != nil {
		return "", err
	}
	return world.Build(context.Background())
})

// bin is where the engine and the program of all tests are kept.
func bin(root string) string { return filepath.Join(root, ".burrow", "bin") }

// options are those of a world for tests, in a home of its own.
func options(t *testing.T, home string) local.Options {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	root, err := local.FindProject(".")
	if err != nil {
		t.Fatal(err)
	}
	return local.Options{Dir: root, Home: home, Bin: bin(root), Program: program, SkipCheckpoints: true}
}

// as makes the options those of a program that the test binary is.
func as(program string) func(*local.Options) {
	return func(o *local.Options) {
		binary, err := os.Executable()
		if err != nil {
			panic(fmt.Sprintf("find the test binary: %v", err))
		}
		o.Program, o.Env = binary, append(o.Env, programVariable+"="+program)
	}
}
