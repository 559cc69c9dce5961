package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"bleepstore/reference"
	"bleepstore/reference/ops"
	"bleepstore/reference/s3"
)

// An opsListener serves health, metrics and documentation. It answers before
// the server is open, as not ready, and until the process ends.
type opsListener struct {
	server   atomic.Pointer[reference.Server]
	registry *prometheus.Registry
	http     *http.Server
	listener net.Listener // nil: none of its own
}

// openOps binds the second listener and gives the server its registry. When
// the address is the S3 address itself, the paths are served there.
func openOps(s *service) (*opsListener, error) {
	o := &opsListener{registry: prometheus.NewRegistry()}
	o.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	o.registry.MustRegister(ops.Gauges([]ops.Gauge{
		{Name: "bleepstore_buckets", Help: "Buckets."},
		{Name: "bleepstore_objects", Help: "Current objects; delete markers and noncurrent versions are not counted."},
		{Name: "bleepstore_object_bytes", Help: "Bytes of the current objects."},
		{Name: "bleepstore_uploads", Help: "Multipart uploads in progress."},
		{Name: "bleepstore_garbage", Help: "Contents that wait to be removed."},
		{Name: "bleepstore_applied_index", Help: "Log index up to which the metadata is applied."},
	}, o.figures))
	s.server.Metrics = o.registry
	if s.ops == "" {
		return o, nil
	}
	c := ops.Config{Health: s.health, Profile: s.profile, Ready: o.ready, Operations: s3.Operations()}
	if s.metrics {
		c.Metrics = o.registry
	}
	h := ops.Handler(c)
	if s.ops == s.server.Addr && port(s.ops) != 0 {
		s.server.Ops = h
		return o, nil
	}
	var err error
	if o.listener, err = net.Listen("tcp", s.ops); err != nil {
		return nil, fmt.Errorf("ops listener (--ops-addr off turns it off): %w", err)
	}
	o.http = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = o.http.Serve(o.listener) }() // ends with close
	return o, nil
}

// watch names the server that is asked for readiness and figures.
func (o *opsListener) watch(s *reference.Server) { o.server.Store(s) }

func (o *opsListener) ready() bool {
	s := o.server.Load()
	return s != nil && s.Ready()
}

func (o *opsListener) figures(ctx context.Context) ([]float64, error) {
	s := o.server.Load()
	if s == nil {
		return nil, fmt.Errorf("the server is not open")
	}
	st, err := s.Stats(ctx)
	return []float64{float64(st.Buckets), float64(st.Objects), float64(st.Bytes), float64(st.Uploads), float64(st.Garbage), float64(st.Applied)}, err
}

// url is where the listener is, "" when there is none of its own.
func (o *opsListener) url() string {
	if o.listener == nil {
		return ""
	}
	return "http://" + o.listener.Addr().String()
}

func (o *opsListener) close() {
	if o.http != nil {
		_ = o.http.Close() // what it serves is not worth waiting for
	}
}
