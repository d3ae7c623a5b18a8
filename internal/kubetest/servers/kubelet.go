package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	streaming "k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// inherited is the descriptor of the listener that the test opened.
const inherited = 3

// kubelet serves what an API server asks of one for exec and logs: every container is this
// machine, and its log has five lines, or counts on for as long as somebody follows it.
func kubelet(args []string) error {
	f := flag.NewFlagSet("kubelet", flag.ExitOnError)
	cert, key, ca := f.String("cert", "", ""), f.String("key", "", ""), f.String("client-ca", "", "")
	_ = f.Parse(args)
	pool := x509.NewCertPool()
	text, err := os.ReadFile(*ca)
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("read the clients' authority: %v", err)
	}
	listener, err := net.FileListener(os.NewFile(inherited, "listener"))
	if err != nil {
		return fmt.Errorf("take the listener: %w", err)
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
		follow := r.URL.Query().Get("follow") == "true"
		for i := 0; follow || i < 5; i++ {
			if _, err := fmt.Fprintf(w, "%s line %d\n", r.PathValue("pod"), i); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			if !follow {
				continue
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	server := &http.Server{Handler: mux, TLSConfig: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}}
	return server.ServeTLS(listener, *cert, *key)
}

type executor struct{}

func (executor) ExecInContainer(ctx context.Context, _ string, _ string, _ string, command []string, in io.Reader, out, errOut io.WriteCloser, _ bool, _ <-chan streaming.TerminalSize, _ time.Duration) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = in, out, errOut
	err := c.Run()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		// In these words kubectl learns the exit code.
		return utilexec.CodeExitError{Err: err, Code: ended.ExitCode()}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	return nil
}
