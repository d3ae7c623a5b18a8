package main

import (
	"os/exec"
	"strings"
	"testing"
)

// resourceSDKs are the modules that take minutes and gigabytes to compile.
var resourceSDKs = []string{
	"github.com/pulumi/pulumi-aws/",
	"github.com/pulumi/pulumi-azure-native-sdk/",
	"github.com/pulumi/pulumi-eks/",
	"github.com/pulumi/pulumi-kubernetes/",
	"github.com/pulumi/pulumi-random/",
	"github.com/pulumi/pulumi-tls/",
}

// importRules say what a package may never link, directly or through others.
var importRules = []struct {
	pkg string
	ban []string
	why string
}{
	{
		"./cmd/burrow", append([]string{"burrow/network", "burrow/clusters", "burrow/vpn", "burrow/dns", "burrow/k8s", "burrow/watch"}, resourceSDKs...),
		"the tool builds in seconds and hosts the program as a process; linking an SDK would cost minutes and gigabytes",
	},
	{
		// Nothing with a dot in its first element is of the standard library.
		"./internal/jobs", []string{"github.com", "golang.org", "google.golang.org", "k8s.io", "sigs.k8s.io", "gopkg.in", "go.etcd.io", "burrow/internal/plan", "burrow/internal/gobuild"},
		"what relay is, is data for the program, the tool and bunny: it costs none of them anything",
	},
	{
		"./internal/jobs/loopback", append([]string{"github.com/pulumi/", "github.com/nats-io/", "k8s.io", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"}, resourceSDKs...),
		"relay's servers are processes: whoever starts them links neither NATS nor the estate",
	},
	{
		"./internal/plan", []string{"github.com/pulumi/", "burrow/internal/emulator", "burrow/internal/local"},
		"the plan is plain Go: what exists is decided before Pulumi is asked, and tools read it without Pulumi",
	},
	{
		"./internal/emulator/...", append([]string{"burrow/internal/plan", "burrow/internal/local"}, resourceSDKs...),
		"the emulated clouds know what clouds know: neither the program's plan nor its SDKs",
	},
	{
		"./internal/rules", []string{"github.com/", "burrow/network", "burrow/clusters", "burrow/vpn", "burrow/dns", "burrow/k8s", "burrow/watch", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"},
		"the catalogue is a leaf: everybody may name a rule",
	},
	{
		"./internal/inventory", []string{"github.com/", "burrow/network", "burrow/clusters", "burrow/vpn", "burrow/dns", "burrow/k8s", "burrow/watch", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"},
		"what exists in clouds is read from a stack export, too: nothing here knows the emulators",
	},
	{
		"./internal/inventory/stackexport", append([]string{"github.com/pulumi/pulumi/pkg/", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"}, resourceSDKs...),
		"an auditor's tool reads an export without clouds, emulated or not",
	},
	{
		"./internal/reach", append([]string{"github.com/pulumi/pulumi/pkg/", "burrow/network", "burrow/clusters", "burrow/vpn", "burrow/dns", "burrow/k8s", "burrow/watch", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"}, resourceSDKs...),
		"what gets through is judged over a stack export, too: the model knows neither the plan nor who asks",
	},
	{
		"./internal/iam", []string{"github.com/", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"},
		"policies are read from a stack export, too",
	},
	{
		"./internal/ebs", []string{"github.com/", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"},
		"emulated AWS and emulated Kubernetes ask it alike, and neither may know the other",
	},
	{
		"./internal/tunnel/session", append([]string{"github.com/pulumi/", "github.com/aws/", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"}, resourceSDKs...),
		"a session knows neither the cloud's SDK nor the estate: who uses it brings SSM",
	},
	{
		"./internal/tunnel", append([]string{"github.com/pulumi/", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"}, resourceSDKs...),
		"a credential for kubectl starts in milliseconds, and knows no estate",
	},
	{
		"./internal/jobs", []string{"github.com/", "golang.org/", "k8s.io/", "burrow/internal/plan", "burrow/internal/emulator", "burrow/internal/local"},
		"what relay is, is plain data: the program, the tool and bunny read it without NATS",
	},
	{"./network", siblings("network"), "components meet only in main.go"},
	{"./clusters", siblings("clusters"), "components meet only in main.go"},
	{"./vpn", siblings("vpn"), "components meet only in main.go"},
	{"./dns", siblings("dns"), "components meet only in main.go"},
	{"./k8s", siblings("k8s"), "components meet only in main.go"},
	{"./watch", siblings("watch"), "components meet only in main.go"},
}

// siblings are the other component packages and what no component may know:
// that a cloud may be emulated.
func siblings(self string) []string {
	ban := []string{"burrow/internal/emulator", "burrow/internal/local"}
	for _, p := range []string{"network", "clusters", "vpn", "dns", "k8s", "watch"} {
		if p != self {
			ban = append(ban, "burrow/"+p)
		}
	}
	return ban
}

func TestImports(t *testing.T) {
	for _, rule := range importRules {
		t.Run(rule.pkg, func(t *testing.T) {
			out, err := exec.Command("go", "list", "-deps", rule.pkg).Output()
			if err != nil {
				t.Fatalf("go list: %v", err)
			}
			deps := strings.Fields(string(out))
			if len(deps) < 2 {
				t.Fatalf("go list named %d packages; the rule proves nothing", len(deps))
			}
			for _, dep := range deps {
				for _, ban := range rule.ban {
					if dep == ban || strings.HasPrefix(dep, strings.TrimSuffix(ban, "/")+"/") {
						t.Errorf("%s links %s: %s", rule.pkg, dep, rule.why)
					}
				}
			}
		})
	}
}

// The first test that needs the engine builds it, within its ten minutes. What takes
// long to compile of it is compiled before that: see engine_test.go.
func TestEngineIsCompiledBefore(t *testing.T) {
	const engine = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	list := func(args ...string) []string {
		out, err := exec.Command("go", append([]string{"list", "-deps"}, args...)...).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		return strings.Split(strings.TrimSpace(string(out)), "\n")
	}
	mine := map[string]bool{engine: true}
	for _, pkg := range list("-test", ".") {
		pkg, _, _ = strings.Cut(pkg, " ") // a package as it is for a test: "burrow [burrow.test]"
		mine[pkg] = true
	}
	parts := list(engine)
	if len(parts) < 100 {
		t.Fatalf("go list named %d packages of the engine; that proves nothing", len(parts))
	}
	for _, pkg := range parts {
		if strings.HasPrefix(pkg, "github.com/pulumi/") && !mine[pkg] {
			t.Errorf("engine_test.go does not import %s, nor what imports it", pkg)
		}
	}
}
