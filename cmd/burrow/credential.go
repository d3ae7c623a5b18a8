package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"burrow/internal/kubelogin"
	"burrow/internal/tunnel"
)

const credentialUsage = `Print a token for a cluster's API, as kubectl and the Kubernetes provider ask for it. The
kubeconfigs of both clusters call this; nobody else has to.

Usage:
  burrow credential eks -cluster NAME -region REGION [-host HOST -document NAME -port PORT]
  burrow credential aks [-tenant ID]

EKS: as whoever the AWS SDK finds (environment, profile, SSO, web identity, machine). With
-document and -port, a tunnel to the private API stands then: see burrow tunnel.
AKS: as the first that is there of a service principal of the environment (environment),
workload identity (workload), a managed identity (managed), the Azure CLI's user (cli).
BURROW_AZURE_LOGIN names one of these alone, or, in a terminal, browser or devicecode.

Exit codes, which is all that the Kubernetes provider tells:
`

// runCredential answers kubectl.
func runCredential(out io.Writer, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(out, credentialUsage)
		return writeCodes(out)
	}
	err := credential(out, args)
	if failed := (&kubelogin.Failure{}); errors.As(err, &failed) {
		tunnel.Note("no login to "+args[0], err, failed.Code)
	}
	return err
}

func credential(out io.Writer, args []string) error {
	request, err := kubelogin.ReadRequest(os.Getenv(kubelogin.ExecInfo))
	if err != nil {
		return err
	}
	ctx := context.Background()
	var credential kubelogin.Credential
	f := flag.NewFlagSet("burrow credential", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	switch args[0] {
	case "eks":
		target := targetFlags(f)
		if err := parseAll(f, args[1:], "burrow credential"); err != nil {
			return err
		}
		switch {
		case target.Cluster == "" || target.Region == "":
			return &usageError{errors.New("credential eks needs -cluster and -region"), "burrow credential"}
		case (target.Document == "") != (target.Port == 0):
			return &usageError{errors.New("credential eks takes -document and -port together"), "burrow credential"}
		case target.Document == "":
			credential, err = kubelogin.EKS{Cluster: target.Cluster, Region: target.Region}.Credential(ctx)
		default:
			credential, err = tunnel.Credential(ctx, *target, tunnel.Options{Patience: nodesTake, Tell: tell})
		}
	case "aks":
		tenant := f.String("tenant", "", "ID")
		if err := parseAll(f, args[1:], "burrow credential"); err != nil {
			return err
		}
		credential, err = kubelogin.AKS{Tenant: *tenant}.Credential(ctx, request)
	default:
		return &usageError{fmt.Errorf("there is no credential of %q", args[0]), "burrow credential"}
	}
	if err != nil {
		return err
	}
	return kubelogin.Write(out, request, credential)
}

// parseAll parses flags after which nothing may come.
func parseAll(f *flag.FlagSet, args []string, help string) error {
	err := f.Parse(args)
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("unexpected %q", f.Arg(0))
	}
	if err != nil {
		return &usageError{err, help}
	}
	return nil
}
