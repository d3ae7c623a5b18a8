package local

import (
	"slices"
	"strings"
	"testing"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	const copied = "/world/Pulumi.dev.yaml"
	for _, c := range []struct {
		args  string
		stack string
		want  string
	}{
		{"up", "dev", "up --config-file=/world/Pulumi.dev.yaml --yes"},
		{"update --yes", "dev", "update --yes --config-file=/world/Pulumi.dev.yaml"},
		{"pre --diff -s org/proj/live", "live", "pre --diff -s org/proj/live --config-file=/world/Pulumi.dev.yaml"},
		{"up --stack=live --config-file=x.yaml", "live", "up --stack=live --config-file=/world/Pulumi.dev.yaml --yes"},
		{"up --config-file x.yaml -slive", "live", "up -slive --config-file=/world/Pulumi.dev.yaml --yes"},
		{"up --help", "dev", "up --help"},
		{"--version", "dev", "--version"},
		{"version", "dev", "version"},
		{"cancel", "dev", "cancel --yes"},
		{"stack export --stack dev", "dev", "stack export --stack dev"},
		{"stack rm", "dev", "stack rm --yes"},
		{"state delete urn:x -- -y", "dev", "state delete urn:x --yes -- -y"},
		{"up --config-file x.yaml -- -v", "dev", "up --config-file=/world/Pulumi.dev.yaml --yes -- -v"},
		{"state edit", "dev", "state edit"},
		{"config set a b", "dev", "config set a b"},
		{"config get a", "dev", "config get a --config-file=/world/Pulumi.dev.yaml"},
		{"import a:b:C name id", "dev", "import a:b:C name id --config-file=/world/Pulumi.dev.yaml --yes"},
		{"plugin ls --stack", "dev", "plugin ls --stack"},
	} {
		r, err := parseRequest(strings.Fields(c.args))
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		if got := strings.Join(r.cliArgs(copied, ""), " "); got != c.want {
			t.Errorf("%s: becomes %q, want %q", c.args, got, c.want)
		}
		if r.stack != c.stack {
			t.Errorf("%s: works on stack %q, want %q", c.args, r.stack, c.stack)
		}
	}
}

func TestRequestRefused(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                        "no command",
		"stack select live":       "--stack",
		"stack unselect":          "--stack",
		"config cp --dest live":   "edit Pulumi.dev.yaml",
		"config set --secret a b": "cannot encrypt",
	} {
		if _, err := parseRequest(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want a refusal with %q", args, err, want)
		}
	}
}

// What a command needs decides what is built and started for it.
func TestRequestNeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args                           string
		clouds, program, apart, refuse bool
	}{
		{args: "up", clouds: true, program: true, refuse: true},
		{args: "preview", clouds: true, program: true},
		{args: "refresh", clouds: true},
		{args: "refresh --run-program", clouds: true, program: true},
		{args: "down --remove", clouds: true, apart: true},
		{args: "stack rename other", apart: true},
		{args: "stack export"},
		{args: "up -h"},
	} {
		r, err := parseRequest(strings.Fields(c.args))
		if err != nil {
			t.Fatal(err)
		}
		got := []bool{r.clouds, r.program, r.apart(), r.creates}
		if want := []bool{c.clouds, c.program, c.apart, c.refuse}; !slices.Equal(got, want) {
			t.Errorf("%s: clouds, program, apart, refused when pending: got %v, want %v", c.args, got, want)
		}
	}
}
