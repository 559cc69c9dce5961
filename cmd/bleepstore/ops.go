package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"bleepstore/reference"
	"bleepstore/reference/admin"
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
	if s.admin != "" && sharesS3(s) {
		return nil, errors.New("server.admin_token: the admin API needs a second listener with an address of its own, or none (--ops-addr)")
	}
	if s.ops == "" {
		return o, nil
	}
	c := ops.Config{Health: s.health, Profile: s.profile, Ready: o.ready, Operations: s3.Operations()}
	if s.metrics {
		c.Metrics = o.registry
	}
	h := ops.Handler(c)
	if sharesS3(s) {
		s.server.Ops = h
		return o, nil
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.Handle("/admin/", o.admin(s))
	var err error
	if o.listener, err = net.Listen("tcp", s.ops); err != nil {
		return nil, fmt.Errorf("ops listener (--ops-addr off turns it off): %w", err)
	}
	o.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = o.http.Serve(o.listener) }() // ends with close
	return o, nil
}

// sharesS3 says that the second listener's address is that of S3 itself.
func sharesS3(s *service) bool { return s.ops == s.server.Addr && port(s.ops) != 0 }

// admin is the admin API over the server, once it is open.
func (o *opsListener) admin(s *service) http.Handler {
	c := admin.Config{
		Token: s.admin, Open: o.ready, Log: s.server.Logger,
		Cluster: func() admin.Cluster { return o.server.Load().Cluster() },
		Users:   func() admin.Users { return o.server.Load().Users() },
		Backup:  func(ctx context.Context, w io.Writer) error { return o.server.Load().Backup(ctx, w) },
	}
	if s.clock {
		c.Expire = func(ctx context.Context, bucket string, at time.Time) error {
			return o.server.Load().Expire(ctx, bucket, at)
		}
	}
	return admin.Handler(c)
}

// watch names the server that is asked for readiness and figures.
func (o *opsListener) watch(s *reference.Server) {
	o.server.Store(s)
	if c := s.Cluster(); c != nil {
		o.registry.MustRegister(ops.Gauges(nodeGauges, nodeFigures(c)))
	}
}

// nodeGauges are those of a node of a cluster; nodeFigures reads them.
var nodeGauges = []ops.Gauge{
	{Name: "bleepstore_raft_term", Help: "Term that the node is in."},
	{Name: "bleepstore_raft_leader", Help: "1 while the node leads, else 0."},
	{Name: "bleepstore_raft_voter", Help: "1 while the node has a vote, else 0."},
	{Name: "bleepstore_raft_commit_index", Help: "Log index that the node knows to be committed."},
	{Name: "bleepstore_raft_applied_index", Help: "Log index up to which the node has applied."},
	{Name: "bleepstore_raft_last_index", Help: "Index of the last entry of the node's log."},
	{Name: "bleepstore_raft_snapshot_index", Help: "Log index of the node's newest snapshot."},
	{Name: "bleepstore_raft_contact_seconds", Help: "Time since the node heard of its leader; -1 for never."},
	{Name: "bleepstore_node_blobs_held", Help: "Blobs that the node should hold and does."},
	{Name: "bleepstore_node_blobs_missing", Help: "Blobs that the node should hold and does not."},
	{Name: "bleepstore_node_blobs_lost", Help: "Those missing that no node was found to have."},
}

func nodeFigures(c admin.Cluster) func(context.Context) ([]float64, error) {
	return func(context.Context) ([]float64, error) {
		s := c.Raft().Status()
		contact := float64(-1)
		if s.LastContactMS >= 0 {
			contact = float64(s.LastContactMS) / 1000
		}
		return []float64{
			float64(s.Term), one(s.Role == "leader"), one(s.Voter), float64(s.Commit), float64(s.Applied), float64(s.LastLog), float64(s.LastSnapshot), contact,
			float64(s.Blobs.Held), float64(s.Blobs.Missing), float64(s.Blobs.Lost),
		}, nil
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

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
