package reference

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"bleepstore/reference/lock"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
	"bleepstore/reference/s3"
)

// A Server is an open reference server. Its methods may be called together.
type Server struct {
	config  Config
	stores  *stores
	service *object.Service
	roster  *roster
	edge    *s3.Handler
	master  string // the mark of the master key
	http    *http.Server
	sites   *http.Server // of websites

	listeners                []bound
	url, tlsURL, websitesURL string

	backing sync.Mutex // held by the backup that runs
	fresh   freshConns
	gate    gate
	stop    context.CancelFunc // ends the background work
	running sync.WaitGroup     // background work

	failOnce  sync.Once
	failed    chan struct{}
	err       error // why; read once failed is closed
	closeOnce lock.Once
	closing   chan struct{}
}

// URL is where the server listens, "" when Config.Addr was.
func (s *Server) URL() string { return s.url }

// TLSURL is where it listens for Config.TLSAddr, "" when that was.
func (s *Server) TLSURL() string { return s.tlsURL }

// WebsitesURL is where websites are, "" when Config.WebsiteAddr was.
func (s *Server) WebsitesURL() string { return s.websitesURL }

// Handler serves S3 without a listener of ours. After Close it answers 503.
func (s *Server) Handler() http.Handler { return s.gated(s.edge) }

// gated is h while the server is open.
func (s *Server) gated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.gate.enter() {
			w.Header().Set("Connection", "close")
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
			return
		}
		defer s.gate.leave()
		h.ServeHTTP(w, r)
	})
}

// Ready says that requests are served: not before Open has returned, not once
// Close was called or a store has failed, and in a cluster only while it has a
// leader and this node has not fallen behind.
func (s *Server) Ready() bool {
	select {
	case <-s.closing:
		return false
	case <-s.failed:
		return false
	default:
		return s.stores.node == nil || s.stores.node.raft.Load().Ready()
	}
}

// Stats returns the figures of the store.
func (s *Server) Stats(ctx context.Context) (stats meta.Stats, err error) {
	if !s.gate.enter() {
		return stats, http.ErrServerClosed
	}
	defer s.gate.leave()
	err = s.stores.db.View(ctx, func(tx *meta.Tx) error {
		stats, err = tx.Stats()
		return err
	})
	return stats, err
}

// Expire does what the lifecycle of a bucket makes of what is in it as of at,
// which may be to come: for tests.
func (s *Server) Expire(ctx context.Context, bucket string, at time.Time) error {
	if !s.gate.enter() {
		return http.ErrServerClosed
	}
	defer s.gate.leave()
	return s.service.Expire(ctx, bucket, at)
}

// Serve answers the connections of the addresses bound by Open until Close is
// called, and returns nil then. An error means that the server cannot go on, a
// store that failed to sync above all: the process should end, since only a
// new one finds out what is on disk.
func (s *Server) Serve() error {
	ended := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() { ended <- l.by.Serve(l) }()
	}
	var err error
	left := len(s.listeners)
	select {
	case <-s.closing:
	case <-s.failed:
		return s.err // without waiting for the requests that hang on it
	case err = <-ended:
		left--
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	for range left {
		<-ended
	}
	return nil
}

// fail ends Serve with err.
func (s *Server) fail(err error) {
	s.failOnce.Do(func() {
		s.err = err
		close(s.failed)
	})
}

// Close stops accepting, lets the requests that run come to their end, and
// closes the stores. When ctx ends first, connections are cut and what is
// left of their requests fails. Later calls return nil at once.
func (s *Server) Close(ctx context.Context) error {
	var err error
	s.closeOnce.Do(func() {
		close(s.closing)
		for _, l := range s.listeners {
			l.Close() // also of those that nobody served
		}
		s.fresh.cut()
		// ctx's end is the caller's own doing, and no error.
		for _, srv := range []*http.Server{s.http, s.sites} {
			if srv.Shutdown(ctx) != nil {
				srv.Close()
			}
		}
		<-s.gate.shut()
		if s.stores.node != nil {
			s.stores.node.leave(ctx)
		}
		s.stop()
		s.running.Wait()
		if s.stores.snapshot != nil {
			err = s.stores.snapshot.save(context.WithoutCancel(ctx), s.stores.db)
		}
		err = errors.Join(err, s.stores.close())
	})
	return err
}

// abandon closes what Open has opened before it failed.
func (s *Server) abandon() error {
	for _, l := range s.listeners {
		l.Close()
	}
	return s.stores.close()
}

// bound is a listener and who serves its connections.
type bound struct {
	net.Listener
	by *http.Server
}

// A gate counts the requests inside, so that the stores outlive them.
type gate struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{} // closed when closed and empty
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.n++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.closed && g.n == 0 {
		close(g.idle)
	}
}

// shut lets nobody in any more; the channel is closed when all are out.
func (g *gate) shut() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	if g.n == 0 {
		close(g.idle)
	}
	return g.idle
}

// freshConns knows the connections that have not sent anything yet. Shutdown
// would wait 5 s for each of them, and clients open some that they never use.
type freshConns struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
	over  bool
}

// watch makes srv tell it of its connections.
func (f *freshConns) watch(srv *http.Server) {
	if f.conns == nil {
		f.conns = map[net.Conn]struct{}{}
	}
	next := srv.ConnState
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		f.changed(c, state)
		if next != nil {
			next(c, state)
		}
	}
}

func (f *freshConns) changed(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(f.conns, c)
	case f.over:
		c.Close()
	default:
		f.conns[c] = struct{}{}
	}
}

// cut closes them, and those that are still to come.
func (f *freshConns) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	for c := range f.conns {
		c.Close()
	}
}
