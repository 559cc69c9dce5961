package reference

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"bleepstore/reference/object"
	"bleepstore/reference/s3"
	"bleepstore/reference/sigv4"
)

// Open opens the stores, recovers what a killed process left, and binds the
// addresses; connections wait until Serve is called. Background work has begun
// when it returns. ctx bounds the opening only.
func Open(ctx context.Context, c Config) (_ *Server, err error) {
	if c, err = c.withDefaults(); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	users, err := newKeys(c.Users)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if err := c.checkSharedKey(); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	s := &Server{config: c, failed: make(chan struct{}), closing: make(chan struct{}), gate: gate{idle: make(chan struct{})}}
	if s.stores, err = openStores(ctx, c, s.fail); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon())
		}
	}()
	s.roster = &roster{fixed: users, db: s.stores.db, log: c.Logger}
	if err := s.wire(ctx); err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	s.background()
	return s, nil
}

// wire puts the domain and the edge on the stores.
func (s *Server) wire(ctx context.Context) (err error) {
	c := s.config
	oc := object.Config{
		Log: s.stores.log, Meta: s.stores.db, Blobs: s.stores.served(), Sweep: s.stores.kept(), Region: c.Region,
		Defaults: c.BucketDefaults.access(), TakesCustomerKeys: c.BucketDefaults == LegacyDefaults, Exclusive: c.Cluster == nil, Limits: c.Limits, Clock: c.Clock, Rand: c.Rand, Logger: c.Logger, Fatal: s.fail,
	}
	if s.stores.node != nil {
		oc.Leads = s.stores.node.raft.Load().Leads
		oc.Shared = s.stores.node.cloud != nil
	}
	if s.stores.dir != nil {
		oc.Space = c.freeSpace(s.stores.bodies)
	}
	if oc.Vault, err = c.openVault(s.stores.dir, s3.AccountID(s.roster.fixed[c.Users[0].AccessKey].ID)); err != nil {
		return fmt.Errorf("open keys: %w", err)
	}
	s.master = oc.Vault.Mark()
	if s.service, err = object.New(ctx, oc); err != nil {
		return fmt.Errorf("open service: %w", err)
	}
	verifier := sigv4.New(sigv4.Config{Credentials: s.roster, Region: c.Region, Now: c.Clock.Now})
	s.edge, err = s3.New(s3.Config{
		Backend: s.service, Auth: verifier, Region: c.Region, Endpoint: c.Endpoint, BaseDomains: c.Domains,
		Accounts: s.roster.account, Users: s.roster.user, Now: c.Clock.Now, Rand: c.Rand, Log: c.Logger, Metrics: c.Metrics, Ops: c.Ops, Limits: c.HTTP, KeysOverHTTP: c.KeysOverHTTP,
	})
	if err != nil {
		return fmt.Errorf("open edge: %w", err)
	}
	s.http = s.edge.NewServer()
	s.http.Handler = s.Handler()
	s.fresh.watch(s.http)
	s.sites = s.edge.NewServer()
	s.sites.Handler = s.gated(s.edge.Websites())
	s.fresh.watch(s.sites)
	return nil
}

// listen binds the addresses.
func (s *Server) listen() error {
	bind := func(addr string, secure bool) (string, error) {
		l, err := s.config.Listen("tcp", addr)
		if err != nil {
			return "", err
		}
		url := "http://" + reachable(l.Addr())
		if secure {
			url = "https://" + reachable(l.Addr())
			tc := s.config.TLS.Clone()
			tc.NextProtos = []string{"http/1.1"}
			l = tls.NewListener(l, tc)
		}
		s.listeners = append(s.listeners, bound{s.edge.Listener(l), s.http})
		return url, nil
	}
	var err error
	if s.config.Addr != "" {
		if s.url, err = bind(s.config.Addr, s.config.TLS != nil && s.config.TLSAddr == ""); err != nil {
			return err
		}
	}
	if s.config.TLSAddr != "" {
		if s.tlsURL, err = bind(s.config.TLSAddr, true); err != nil {
			return err
		}
	}
	if s.config.WebsiteAddr == "" {
		return nil
	}
	l, err := s.config.Listen("tcp", s.config.WebsiteAddr)
	if err != nil {
		return err
	}
	s.listeners = append(s.listeners, bound{l, s.sites})
	s.websitesURL = "http://" + reachable(l.Addr())
	return nil
}

// reachable is an address that a client on this machine can dial.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// background starts what runs beside the requests, until Close.
func (s *Server) background() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.running.Go(func() { s.service.Maintain(ctx) })
	s.running.Go(func() {
		select {
		case <-s.stores.log.Broken():
			s.fail(s.stores.log.Err())
		case <-ctx.Done():
		}
	})
	if r := s.stores.reserve; r != nil {
		tick, stop := s.config.Clock.Tick(reserveEvery)
		s.running.Go(func() {
			defer stop()
			r.keep(ctx, tick)
		})
	}
	if s.stores.snapshot != nil {
		s.running.Go(func() { s.saveEvery(ctx) })
	}
}

// saveEvery writes the snapshot now and then. That one fails is logged: the
// one before is still there.
func (s *Server) saveEvery(ctx context.Context) {
	tick, stop := s.config.Clock.Tick(s.config.Memory.Every)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		if err := s.stores.snapshot.save(ctx, s.stores.db); err != nil && ctx.Err() == nil {
			s.config.Logger.Error("background work", "step", "snapshot", "err", err)
		}
	}
}

// A lockedReader lets goroutines share a source of randomness.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}
