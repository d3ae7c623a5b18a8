package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// says writes to both outputs and exports what it was told.
func says(ctx *pulumi.Context) error {
	fmt.Println("a line on the output")
	fmt.Fprint(os.Stderr, "an error line without an end")
	ctx.Export("greeting", pulumi.String(config.Require(ctx, "greeting")))
	ctx.Export("emulated", pulumi.String(os.Getenv(EmulatedEnv)))
	ctx.Export("dir", pulumi.String(ctx.RootDirectory()))
	return nil
}

func fails(*pulumi.Context) error { return errors.New("it cannot be done") }

// What a program writes is shown, what it is told is true.
func TestProgram(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	out := p.mustRun(t, "up")
	for _, want := range []string{"a line on the output", "an error line without an end"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output has no %q:\n%s", want, out)
		}
	}
	for output, want := range map[string]string{
		"greeting": "hello", "emulated": "random", "dir": p.dir,
	} {
		if got := strings.TrimSpace(p.mustRun(t, "stack", "output", output)); got != want {
			t.Errorf("output %s is %q, want %q", output, got, want)
		}
	}
}

// A program's error is told once, and the CLI's exit code is passed on.
func TestProgramFails(t *testing.T) {
	t.Parallel()
	p := newProject(t, "fails")
	var out bytes.Buffer
	err := p.Run(context.Background(), &out, "preview")
	exit := &ExitError{}
	if !errors.As(err, &exit) || exit.Code == 0 {
		t.Fatalf("got %v, want the CLI's exit code", err)
	}
	if n := strings.Count(out.String()+p.notices.String(), "it cannot be done"); n != 1 {
		t.Errorf("the error is told %d times:\n%s\n%s", n, out.String(), p.notices)
	}
}
