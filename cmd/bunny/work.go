package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"burrow/cmd/bunny/internal/worker"
	"burrow/internal/jobs"
)

func (p *program) work(ctx context.Context, args []string) error {
	f := p.flags("work").connecting()
	hands := f.Int("hands", 16, "how many jobs to do at once")
	url := f.String("url", "", "post jobs to this URL instead of running a command")
	grace := f.Duration("grace", 0, "how long jobs may go on after SIGTERM; the default is that of the longest job")
	metrics := f.String("metrics", ":9090", "where to answer GET /metrics and /healthz; empty for nowhere")
	verbose := f.Bool("verbose", false, "log what is no event, too")
	if err := f.parse(args); err != nil {
		return err
	}
	s, err := f.settings()
	if err != nil {
		return err
	}
	if *hands < 1 || *hands > s.MaxAckPending {
		return codeError{fmt.Errorf("-hands = %d: write 1 to %d, the jobs that relay gives out at once (maxAckPending)", *hands, s.MaxAckPending), 2}
	}
	handler, err := handlerOf(s, f.Args(), *url)
	if err != nil {
		return codeError{err, 2}
	}
	if *grace == 0 {
		*grace = time.Duration(s.LongestJob)
	}
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	log := p.log(level)
	c, js, err := f.connect(s, jobs.Bunny, log, true)
	if err != nil {
		return err
	}
	defer c.Close()
	counted := worker.NewMetrics(c)
	if *metrics != "" {
		listener, err := net.Listen("tcp", *metrics)
		if err != nil {
			return fmt.Errorf("serve metrics: %w", err)
		}
		log.Info("metrics", "address", listener.Addr().String())
		server := &http.Server{Handler: metricsHandler(counted, c), ReadHeaderTimeout: 5 * time.Second}
		go func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				log.Error("metrics", "error", err.Error())
			}
		}()
		defer server.Close()
	}
	w := &worker.Worker{Conn: c, JetStream: js, Settings: s, Handler: handler, Hands: *hands, Grace: *grace, Log: log, Metrics: counted}
	if err := w.Run(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	log.Info("ended")
	return nil
}

// handlerOf is what the command line names.
func handlerOf(s jobs.Settings, command []string, url string) (worker.Handler, error) {
	// What is larger than this relay would refuse, headers and all.
	limit := s.MaxPayload + jobs.Headroom/2
	switch {
	case len(command) > 0 && url != "":
		return nil, errors.New("both a command and -url: name one")
	case len(command) > 0:
		return worker.Command{Args: command, Limit: limit}, nil
	case url != "":
		return worker.HTTP{URL: url, Client: &http.Client{}, Limit: limit}, nil
	}
	return worker.Echo{}, nil
}

// metricsHandler answers Prometheus, and whether bunny lives. A bunny without relay lives: to restart it
// would bring relay back no sooner.
func metricsHandler(m *worker.Metrics, c *nats.Conn) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if c.IsClosed() {
			http.Error(w, "the connection is closed for good", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}
