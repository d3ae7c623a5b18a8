package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	streaming "k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// kubelet serves what an API server asks of one for exec and logs: every container is this
// machine, and its log counts on and on.
func kubelet(args []string) error {
	f := flag.NewFlagSet("kubelet", flag.ExitOnError)
	listen, cert, key, ca := f.String("listen", "", ""), f.String("cert", "", ""), f.String("key", "", ""), f.String("client-ca", "", "")
	_ = f.Parse(args)
	pool := x509.NewCertPool()
	text, err := os.ReadFile(*ca)
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("read the clients' authority: %v", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		options, err := streaming.NewOptions(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		streaming.ServeExec(w, r, executor{}, r.PathValue("pod"), "", r.PathValue("container"), r.URL.Query()["command"], options,
			time.Minute, 30*time.Second, streaming.SupportedStreamingProtocols)
	})
	mux.HandleFunc("/containerLogs/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		for i := range 5 {
			fmt.Fprintf(w, "%s line %d\n", r.PathValue("pod"), i)
			w.(http.Flusher).Flush()
			if r.URL.Query().Get("follow") == "true" {
				time.Sleep(20 * time.Millisecond)
			}
		}
	})
	server := &http.Server{Addr: *listen, Handler: mux, TLSConfig: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}}
	return server.ListenAndServeTLS(*cert, *key)
}

type executor struct{}

func (executor) ExecInContainer(ctx context.Context, _ string, _ string, _ string, command []string, in io.Reader, out, errOut io.WriteCloser, _ bool, _ <-chan streaming.TerminalSize, _ time.Duration) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = in, out, errOut
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	return nil
}
