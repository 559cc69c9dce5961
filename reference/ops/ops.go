// Package ops serves what an operator asks of a running server: whether it
// lives, whether it is ready, its metrics and its documentation. It stands on
// a listener of its own, where no bucket's name can collide with its paths.
package ops

import (
	"context"
	"net/http"
	"net/http/pprof"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bleepstore/reference/s3"
)

// A Config says what to serve.
type Config struct {
	// Health serves /healthz and /readyz.
	Health bool
	// Ready says whether requests are served; it may be called at any time.
	Ready func() bool
	// Metrics, when not nil, is served at /metrics.
	Metrics prometheus.Gatherer
	// Profile serves net/http/pprof at /debug/pprof/.
	Profile bool
	// Operations are what /docs and /openapi.json describe.
	Operations []s3.Operation
}

// Handler serves the paths that c turns on; any other is 404.
func Handler(c Config) http.Handler {
	mux := http.NewServeMux()
	if c.Health {
		mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, "text/plain; charset=utf-8", []byte("ok\n")) })
		mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
			if !c.Ready() {
				http.Error(w, "not ready", http.StatusServiceUnavailable)
				return
			}
			answer(w, "text/plain; charset=utf-8", []byte("ready\n"))
		})
	}
	if c.Metrics != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(c.Metrics, promhttp.HandlerOpts{}))
	}
	if c.Profile {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index) // also of the named profiles
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	mux.HandleFunc("GET /openapi.json", document("application/json", func() ([]byte, error) { return openAPI(c.Operations) }))
	mux.HandleFunc("GET /docs", document("text/html; charset=utf-8", func() ([]byte, error) { return docs(c.Operations) }))
	return mux
}

// document serves what render makes once, for the first who asks.
func document(kind string, render func() ([]byte, error)) http.HandlerFunc {
	render = sync.OnceValues(render)
	return func(w http.ResponseWriter, _ *http.Request) {
		body, err := render()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, kind, body)
	}
}

func answer(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // a client that left needs no answer
}

// A Gauge is one figure of the store, asked for at each scrape.
type Gauge struct{ Name, Help string }

// Gauges returns a collector of figures that read returns all at once, in the
// order of gauges. When read fails the scrape fails, rather than showing zeros.
func Gauges(gauges []Gauge, read func(context.Context) ([]float64, error)) prometheus.Collector {
	g := &figures{read: read}
	for _, d := range gauges {
		g.descs = append(g.descs, prometheus.NewDesc(d.Name, d.Help, nil, nil))
	}
	return g
}

type figures struct {
	descs []*prometheus.Desc
	read  func(context.Context) ([]float64, error)
}

func (g *figures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range g.descs {
		ch <- d
	}
}

func (g *figures) Collect(ch chan<- prometheus.Metric) {
	values, err := g.read(context.Background())
	for i, d := range g.descs {
		if err != nil {
			ch <- prometheus.NewInvalidMetric(d, err)
			continue
		}
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, values[i])
	}
}
