package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"burrow/internal/kubelogin"
)

const credentialUsage = `Print a token for a cluster's API, as kubectl and the Kubernetes provider ask for it. The
kubeconfigs of both clusters call this; nobody else has to.

Usage:
  burrow credential eks -cluster NAME -region REGION
  burrow credential aks [-tenant ID]

EKS: as whoever the AWS SDK finds (environment, profile, SSO, web identity, machine).
AKS: as the service principal of the environment, by workload identity, by a managed
identity, or as the Azure CLI's user, whoever is found first; or as BURROW_AZURE_LOGIN says:
environment, workload, managed, cli, and in a terminal browser or devicecode.

Exit codes, which is all that the Kubernetes provider tells:
`

// runCredential answers kubectl.
func runCredential(out io.Writer, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(out, credentialUsage)
		codes := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, k := range kubelogin.Kinds() {
			fmt.Fprintf(codes, "  %d\t%s\t%s\n", k.Code, k.Means, k.Remedy)
		}
		return codes.Flush()
	}
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
		cluster, region := f.String("cluster", "", "name"), f.String("region", "", "region")
		if err := parseAll(f, args[1:]); err != nil {
			return err
		}
		if *cluster == "" || *region == "" {
			return &usageError{errors.New("credential eks needs -cluster and -region"), "burrow credential"}
		}
		credential, err = kubelogin.EKS{Cluster: *cluster, Region: *region, Interactive: request.Interactive}.Credential(ctx)
	case "aks":
		tenant := f.String("tenant", "", "ID")
		if err := parseAll(f, args[1:]); err != nil {
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
func parseAll(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("unexpected %q", f.Arg(0))
	}
	if err != nil {
		return &usageError{err, "burrow credential"}
	}
	return nil
}
