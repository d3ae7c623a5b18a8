package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"burrow/internal/jobs"
)

// healthz answers for a server whose HTTP listens on 127.0.0.1 alone: it tells everybody who asks
// everything, and probes need one thing.
func (p *program) healthz(ctx context.Context, args []string) error {
	f := p.flags("healthz")
	listen := f.String("listen", ":8080", "where to answer")
	monitor := f.String("monitor", fmt.Sprintf("127.0.0.1:%d", jobs.Defaults().MonitorPort), "NATS's HTTP")
	if err := f.parse(args); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: healthzHandler(*monitor), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// healthzHandler asks whether the server and its JetStream are on. That a stream of it still catches up is no
// reason to send nobody there: it passes on to the others.
func healthzHandler(monitor string) http.Handler {
	asks := &http.Client{Timeout: 4 * time.Second}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		question, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+monitor+"/healthz?js-enabled-only=true", nil)
		if err != nil {
			http.Error(w, "unavailable", http.StatusInternalServerError)
			return
		}
		answer, err := asks.Do(question)
		if err != nil {
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
			return
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			http.Error(w, "unavailable", answer.StatusCode)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}
