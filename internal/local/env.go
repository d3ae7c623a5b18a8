package local

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
)

// EmulatedEnv names the environment variable that tells the program which
// provider packages are emulated, separated by commas. Unset means none.
const EmulatedEnv = "BURROW_EMULATED_PROVIDERS"

// credentials are prefixes of variables that lead a provider to a real account.
// They are kept from a run in which that provider is emulated: nothing needs
// them, and some change what is registered (AWS_PROFILE does).
var credentials = map[string][]string{
	"aws":          {"AWS_"},
	"azure-native": {"ARM_", "AZURE_"},
	"kubernetes":   {"KUBECONFIG", "PULUMI_K8S_"},
}

// foreign are variables of another login, stack or secrets provider.
var foreign = []string{
	"PULUMI_ACCESS_TOKEN", "PULUMI_API", "PULUMI_BACKEND_URL", "PULUMI_CONFIG", "PULUMI_DEBUG_",
	"PULUMI_DIY_", "PULUMI_HOME", "PULUMI_SELF_MANAGED_", "PULUMI_STACK", EmulatedEnv,
}

// env is the environment of the CLI and the program. ports are those of the
// emulated providers and, under "", of the language host; 0 when not served.
func (w *World) env(stack string, attached attachments) []string {
	drop := slices.Clone(foreign)
	for _, provider := range w.options.Emulate {
		drop = append(drop, credentials[provider]...)
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return slices.ContainsFunc(drop, func(prefix string) bool { return strings.HasPrefix(v, prefix) })
	})
	// Without metadata the backend writes no checksum beside each of its files; it
	// never reads them.
	backend := url.URL{Scheme: "file", Path: w.path("state"), RawQuery: "metadata=skip"}
	env = append(env,
		"PULUMI_BACKEND_URL="+backend.String(),
		"PULUMI_HOME="+w.path("home"),
		"PULUMI_CONFIG_PASSPHRASE_FILE="+w.path("passphrase"),
		"PULUMI_STACK="+stack,
		"PULUMI_SKIP_CONFIRMATIONS=true",
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DEBUG_COMMANDS=true", // knows --event-log
		EmulatedEnv+"="+strings.Join(w.options.Emulate, ","),
	)
	if len(w.options.Emulate) == len(Providers) {
		// Nothing is missing, so nothing needs to be looked for on the network:
		// the engine would try before every run, and wait for the tries to fail.
		env = append(env, "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true")
	}
	if os.Getenv("GOGC") == "" {
		// The engine encodes the whole state at every step, and its collector would
		// take a fifth of its time.
		env = append(env, "GOGC=400")
	}
	if w.options.SkipCheckpoints {
		env = append(env, "PULUMI_SKIP_CHECKPOINTS=true", "PULUMI_EXPERIMENTAL=true")
	}
	return append(append(env, attached.env()...), w.options.Env...)
}

// attachments are the servers that the engine attaches to instead of starting
// plugins: loopback ports.
type attachments struct {
	providers map[string]int // by package
	language  int            // 0 when the engine starts its own
}

func (a attachments) env() []string {
	var env []string
	if len(a.providers) > 0 {
		var pairs []string
		for name, port := range a.providers {
			pairs = append(pairs, fmt.Sprintf("%s:%d", name, port))
		}
		slices.Sort(pairs)
		env = append(env, "PULUMI_DEBUG_PROVIDERS="+strings.Join(pairs, ","))
	}
	if a.language != 0 {
		env = append(env, fmt.Sprintf("PULUMI_DEBUG_LANGUAGES=go:%d", a.language))
	}
	return env
}
