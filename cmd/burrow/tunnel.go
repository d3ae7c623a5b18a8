package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"burrow/internal/kubelogin"
	"burrow/internal/tunnel"
)

const tunnelUsage = `Look after tunnels to private APIs. "burrow credential" opens them as kubectl and the
Kubernetes provider need them, and they end by themselves 20 minutes after the last use.

Usage:
  burrow tunnel open -cluster NAME -region REGION -host HOST -document NAME -port PORT
  burrow tunnel status
  burrow tunnel log
  burrow tunnel close [-cluster NAME]

open      opens a tunnel, or finds that it stands, and prints its address
status    lists the tunnels that stand
log       prints what tunnels and logins did, and what exit codes mean
close     closes a cluster's tunnel, or all
`

// nodesTake is how long a new node group may take until its nodes are online in SSM.
const nodesTake = 10 * time.Minute

func runTunnel(out io.Writer, args []string) error {
	ctx := context.Background()
	if len(args) == 0 {
		args = []string{"help"}
	}
	f := flag.NewFlagSet("burrow tunnel", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	switch args[0] {
	case "open", "serve": // serve is what open and credential start
		target := targetFlags(f)
		if err := parseAll(f, args[1:], "burrow tunnel"); err != nil {
			return err
		}
		if target.Cluster == "" || target.Region == "" || target.Document == "" || target.Port == 0 {
			return &usageError{errors.New("tunnel open needs -cluster, -region, -document and -port"), "burrow tunnel"}
		}
		if args[0] == "serve" {
			return tunnel.Serve(ctx, *target)
		}
		if _, err := tunnel.Credential(ctx, *target, tunnel.Options{Patience: nodesTake, Tell: tell}); err != nil {
			return err
		}
		fmt.Fprintf(out, "127.0.0.1:%d leads to the API of %s\n", target.Port, target.Cluster)
		return nil
	case "status":
		if err := parseAll(f, args[1:], "burrow tunnel"); err != nil {
			return err
		}
		return tunnelStatus(ctx, out)
	case "log":
		if err := parseAll(f, args[1:], "burrow tunnel"); err != nil {
			return err
		}
		if err := tunnel.WriteLog(out); err != nil {
			return err
		}
		fmt.Fprint(out, "\nExit codes of burrow credential:\n")
		return writeCodes(out)
	case "close":
		cluster := f.String("cluster", "", "name")
		if err := parseAll(f, args[1:], "burrow tunnel"); err != nil {
			return err
		}
		n, err := tunnel.Close(ctx, *cluster)
		if err == nil {
			fmt.Fprintf(out, "closed: %d\n", n)
		}
		return err
	case "help", "-h", "-help", "--help":
		fmt.Fprint(out, tunnelUsage)
		return nil
	}
	return &usageError{fmt.Errorf("there is no tunnel command %q", args[0]), "burrow tunnel"}
}

// tell says on standard error what takes long; standard output is the credential's.
func tell(words string) { fmt.Fprintln(os.Stderr, "burrow: "+words) }

func targetFlags(f *flag.FlagSet) *tunnel.Target {
	var t tunnel.Target
	f.StringVar(&t.Cluster, "cluster", "", "name")
	f.StringVar(&t.Region, "region", "", "region")
	f.StringVar(&t.Host, "host", "", "host of the cluster's endpoint")
	f.StringVar(&t.Document, "document", "", "SSM document")
	f.IntVar(&t.Port, "port", 0, "local port")
	return &t
}

func tunnelStatus(ctx context.Context, out io.Writer) error {
	all, err := tunnel.All(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(out, "no tunnel stands")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLUSTER\tREGION\tADDRESS\tNODE\tSESSION\tCONNECTIONS\tSINCE\tAT LEAST UNTIL\tPROCESS")
	for _, s := range all {
		node, session := s.Node, s.Session
		if node == "" {
			node, session = "-", "opens with the next connection"
		}
		if s.Trouble != "" {
			session = s.Trouble
		}
		fmt.Fprintf(table, "%s\t%s\t127.0.0.1:%d\t%s\t%s\t%d open of %d\t%s\t%s\t%d\n", s.Target.Cluster, s.Target.Region, s.Target.Port, node, session,
			s.Connections, s.Total, s.Since.Local().Format(time.DateTime), s.Lease.Local().Format(time.TimeOnly), s.Pid)
	}
	return table.Flush()
}

func writeCodes(out io.Writer) error {
	codes := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, k := range kubelogin.Kinds() {
		fmt.Fprintf(codes, "  %d\t%s\t%s\n", k.Code, k.Means, k.Remedy)
	}
	return codes.Flush()
}
