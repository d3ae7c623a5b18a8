package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
)

const kubeconfigUsage = `Write a kubeconfig of a stack's cluster, for kubectl. Whoever uses it logs in as themselves,
by burrow; there is no secret in it.

Usage:
  burrow kubeconfig eks|aks [-stack NAME] [-o FILE]

It asks the Pulumi CLI for the stack's output, in the project's folder: -stack is the
stack, the selected one unless given. Without -o it prints. An existing FILE is replaced.
`

// runKubeconfig writes what the stack exports.
func runKubeconfig(out io.Writer, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		fmt.Fprint(out, kubeconfigUsage)
		return nil
	}
	output, known := map[string]string{"eks": "eksKubeconfig", "aks": "aksKubeconfig"}[args[0]]
	if !known {
		return &usageError{fmt.Errorf("there is no kubeconfig of %q; it may be eks or aks", args[0]), "burrow kubeconfig"}
	}
	f := flag.NewFlagSet("burrow kubeconfig", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	stack, file := f.String("stack", "", "name"), f.String("o", "", "file")
	if err := parseAll(f, args[1:], "burrow kubeconfig"); err != nil {
		return err
	}
	text, err := stackOutput(output, *stack)
	if err != nil {
		return err
	}
	if _, err := clientcmd.Load([]byte(text)); err != nil {
		return fmt.Errorf("the stack's output %s is no kubeconfig", output) // not the text itself
	}
	if *file == "" {
		_, err := io.WriteString(out, text)
		return err
	}
	return replaceFile(*file, text)
}

// stackOutput asks the Pulumi CLI.
func stackOutput(name, stack string) (string, error) {
	args := []string{"stack", "output", name, "--show-secrets", "--non-interactive"}
	if stack != "" {
		args = append(args, "--stack", stack)
	}
	cmd := exec.Command("pulumi", args...)
	var said strings.Builder
	cmd.Stderr = &said
	text, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("the Pulumi CLI is not on PATH\n  remedy: install it, or take the output elsewhere: pulumi stack output " + name + " --show-secrets")
	case err != nil:
		return "", fmt.Errorf("ask for the stack's output %s: %w: %s\n  remedy: run it in the project's folder, and bring the stack up first", name, err, strings.TrimSpace(said.String()))
	}
	return string(text), nil
}

// replaceFile writes a file that nobody else reads, whole or not at all.
func replaceFile(path, text string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".kubeconfig-*") // of mode 0600
	if err == nil {
		_, err = temporary.WriteString(text)
		err = errors.Join(err, temporary.Close())
		if err == nil {
			err = os.Rename(temporary.Name(), path)
		}
		if err != nil {
			os.Remove(temporary.Name())
		}
	}
	if err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}
