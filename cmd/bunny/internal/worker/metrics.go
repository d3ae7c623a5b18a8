package worker

import (
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are what a worker counts.
type Metrics struct {
	Registry *prometheus.Registry

	outcomes *prometheus.CounterVec
	seconds  prometheus.Histogram
	running  prometheus.Gauge
	waiting  prometheus.Gauge
	held     prometheus.Gauge
}

// Outcomes of an attempt.
const (
	Done     = "done"     // the result is stored
	Repeated = "repeated" // the result was stored by an earlier attempt
	Failed   = "failed"   // another attempt follows
	Buried   = "dead"     // moved to dead
	Returned = "returned" // given back unfinished, for the worker ends
	Unsure   = "unsure"   // relay did not confirm: another attempt may follow
)

// NewMetrics makes a worker's metrics, and those of its process.
func NewMetrics(c *nats.Conn) *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bunny_attempts_total", Help: "Attempts at jobs, by how they ended."}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bunny_attempt_seconds", Help: "How long attempts took, until relay confirmed.", Buckets: prometheus.ExponentialBuckets(0.005, 4, 10),
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: "bunny_queue_waiting", Help: "Jobs in relay's queue that no worker was given yet."}),
		held:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "bunny_queue_held", Help: "Jobs that some worker holds or that wait for another attempt."}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "bunny_attempts_running", Help: "Attempts at this moment."}),
	}
	for _, outcome := range []string{Done, Repeated, Failed, Buried, Returned, Unsure} {
		m.outcomes.WithLabelValues(outcome) // a rate of what has not happened yet is 0
	}
	m.Registry.MustRegister(m.outcomes, m.seconds, m.running, m.waiting, m.held, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "bunny_connected", Help: "1 while there is a connection to relay."}, func() float64 {
			if c.IsConnected() {
				return 1
			}
			return 0
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "bunny_reconnects_total", Help: "Connections to relay that were made again."}, func() float64 {
			return float64(c.Stats().Reconnects)
		}))
	return m
}
