// Command burrow runs Burrow's estate locally (the real Pulumi CLI and engine, the
// real program, emulated clouds), logs in to both clusters of a real one, and explains
// the rules that messages name.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"burrow/internal/kubelogin"
	"burrow/internal/tool"
)

const usage = `Burrow joins a private EKS cluster and a public AKS cluster by four VPN tunnels.

Usage:
  burrow local [flags] COMMAND [arguments of the command]
  burrow credential eks|aks [flags]
  burrow tunnel open|status|log|close [flags]
  burrow kubeconfig eks|aks [flags]
  burrow rule [ID or family]...
  burrow version

Run "burrow local" for the commands and flags. The kubeconfigs of both clusters run
"burrow credential" to log in; "burrow tunnel" looks after the tunnel to a private API
that this opens. "burrow kubeconfig" writes one for kubectl. "burrow rule" lists the rules of the
clouds that messages name; "burrow rule AVC-12" explains one, "burrow rule AVC" lists
a family.
`

func main() {
	os.Exit(exitCode(run(os.Args[1:])))
}

func run(args []string) error {
	if len(args) == 0 {
		fmt.Print(usage)
		return nil
	}
	switch args[0] {
	case "local":
		return runLocal(args[1:])
	case "credential":
		out, err := takeStdout()
		if err != nil {
			return err
		}
		return runCredential(out, args[1:])
	case "kubeconfig":
		return runKubeconfig(os.Stdout, args[1:])
	case "tunnel":
		return runTunnel(os.Stdout, args[1:])
	case "version":
		fmt.Println(tool.Version())
		return nil
	case "rule":
		if len(args) > 1 && slices.Contains([]string{"-h", "-help", "--help"}, args[1]) {
			fmt.Print(usage)
			return nil
		}
		return runRule(os.Stdout, args[1:])
	case "help", "-h", "--help":
		fmt.Print(usage)
		return nil
	default:
		return &usageError{noCommand(args[0]), "burrow help"}
	}
}

func noCommand(word string) error {
	if strings.HasPrefix(word, "-") {
		return fmt.Errorf("there is no flag %s before a command", word)
	}
	return fmt.Errorf("there is no command %q; it may be one of burrow local: burrow local %[1]s", word)
}

// A usageError is a mistake on the command line, and the command that helps.
type usageError struct {
	error
	help string
}

func (e *usageError) Unwrap() error { return e.error }

// exitCode reports an error and is the code to end with: the CLI's own where the
// CLI failed, which has reported already; one for each way in which a login fails; 2
// for a mistake on the command line.
func exitCode(err error) int {
	wrong := &usageError{}
	login := &kubelogin.Failure{}
	switch {
	case err == nil:
		return 0
	case cliCode(err) != 0:
		return cliCode(err)
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "burrow: %v; see %s\n", err, wrong.help)
		return 2
	case errors.As(err, &login):
		fmt.Fprintf(os.Stderr, "burrow: %v\n", err)
		return login.Code
	default:
		fmt.Fprintf(os.Stderr, "burrow: %v\n", err)
		return 1
	}
}
