// Package peer is the one port by which the nodes of a cluster talk: TLS 1.3
// with a certificate on both sides, each bound to a node's id, and two
// protocols told apart by ALPN, raft's streams and HTTP/1.1. It makes sure who
// speaks to whom, and in which cluster. It knows raft's transport interface,
// and nothing of commands, of blobs, or of who is a member.
package peer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	alpnRaft = "bleepstore-raft"
	alpnHTTP = "bleepstore"

	// dialTimeout bounds a TCP connect, greetTimeout what follows until a
	// connection can be used: TLS, and the hello of a raft stream.
	dialTimeout  = time.Second
	greetTimeout = 5 * time.Second
	// closeTimeout bounds how long Close waits for the handlers that run.
	closeTimeout = 5 * time.Second
)

// Options are what a Port takes from outside. Node, Listen and Creds are
// required.
type Options struct {
	Node   string // this node's id
	Listen string // host:port to bind; port 0 is any
	// Bind makes the listener of Listen; nil: one of TCP. The port owns it and
	// closes it. Its connections need no more than net.Conn asks of them, deadlines
	// among it, and its address, as theirs, is host:port, the host a name or an IP.
	Bind  func(addr string) (net.Listener, error)
	Creds Credentials // a certificate that names Node, and whom to trust
	// Book tells where another node listens; nil knows none. It is called from
	// many goroutines and must not block.
	Book func(node string) (addr string, ok bool)
	// Elsewhere tells where that node may be when it is not found where Book says,
	// and nowhere else; nil knows nothing. It is called like Book.
	Elsewhere func(node string) (addr string, ok bool)
	// Dial makes every connection that goes out, of both protocols; nil is a
	// net.Dialer. Its context ends after a second.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	Log  *slog.Logger // nil discards
}

// A Port listens for the other nodes and calls them. All methods may be called
// together.
type Port struct {
	node   string
	creds  Credentials
	dialer func(ctx context.Context, addr string) (net.Conn, error)
	log    *slog.Logger

	listener net.Listener
	http     *http.Server
	mux      *http.ServeMux
	httpIn   *inbox
	raftIn   *inbox
	conns    conns
	grumbler grumbler

	elsewhere func(node string) (string, bool)

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	closed func() error

	mu      sync.Mutex
	cluster string
	book    func(node string) (string, bool)
	learned map[string]string // addresses that raft passed along
	missed  map[peerAt]bool   // where nodes were not found when last tried
	clients map[string]*client
	anyone  *http.Transport // of DoAddr
	raft    *transport      // nil until Transport
	ended   bool
	running sync.WaitGroup // grows under mu, and only until ended
}

// Listen binds and serves. Nothing needs to be there yet: a path that has no
// handler is answered 404, and raft is refused until SetCluster and Transport.
// Who opened a Port closes it.
func Listen(o Options) (*Port, error) {
	if o.Node == "" || o.Listen == "" || o.Creds.Roots == nil || len(o.Creds.Cert.Certificate) == 0 {
		return nil, errors.New("open peer port: node, address and credentials are required")
	}
	if err := o.Creds.check(o.Node); err != nil {
		return nil, fmt.Errorf("open peer port: %w", err)
	}
	p := &Port{
		node: o.Node, creds: o.Creds, dialer: o.Dial, book: o.Book, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		mux: http.NewServeMux(), learned: map[string]string{}, clients: map[string]*client{},
		elsewhere: o.Elsewhere, missed: map[peerAt]bool{},
	}
	if p.dialer == nil {
		d := &net.Dialer{KeepAliveConfig: keepAlive}
		p.dialer = func(ctx context.Context, addr string) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	}
	bind := o.Bind
	if bind == nil {
		lc := net.ListenConfig{KeepAliveConfig: keepAlive}
		bind = func(addr string) (net.Listener, error) { return lc.Listen(context.Background(), "tcp", addr) }
	}
	var err error
	if p.listener, err = bind(o.Listen); err != nil {
		return nil, fmt.Errorf("open peer port: %w", err)
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.httpIn, p.raftIn = newInbox(p.listener.Addr()), newInbox(nodeAddr(p.node))
	p.http = p.newServer()
	p.anyone = p.newTransport(func(ctx context.Context, addr string) (*tls.Conn, error) {
		return p.connect(ctx, peerAt{addr: addr}, alpnHTTP)
	})
	p.anyone.DisableKeepAlives = true
	p.closed = sync.OnceValue(p.close)
	p.running.Add(2)
	go func() { defer p.running.Done(); p.accept() }()
	go func() { defer p.running.Done(); _ = p.http.Serve(p.httpIn) }() // ends with ErrServerClosed
	return p, nil
}

// Addr is the host:port that is bound.
func (p *Port) Addr() string { return p.listener.Addr().String() }

// SetCluster tells the cluster's id. Until then raft's streams are refused, and
// so is every request but those for /hello and /join.
func (p *Port) SetCluster(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cluster = id
}

// SetBook replaces Options.Book. Idle connections to an address that it no
// longer tells are not used again.
func (p *Port) SetBook(book func(node string) (string, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = book
}

// Handle serves the requests of other nodes that match an http.ServeMux
// pattern. The handler may trust HeaderFrom; its context ends with the
// connection and with Close. Like http.ServeMux it panics on a pattern that is
// taken.
func (p *Port) Handle(pattern string, h http.Handler) { p.mux.Handle(pattern, h) }

// Close ends everything: it cuts all connections, makes the calls of this node
// and of its raft fail, with ErrClosed where there was no connection yet, and
// waits up to 5 s for handlers that run. It may come before raft's Shutdown,
// and should: raft waits for the messages that it has under way, 2 s for each
// to a node that doesn't answer.
func (p *Port) Close() error { return p.closed() }

func (p *Port) close() error {
	p.mu.Lock()
	p.ended = true
	raft := p.raft
	p.mu.Unlock()
	p.cancel()
	err := p.listener.Close()
	p.httpIn.Close()
	p.raftIn.Close()
	if raft != nil {
		_ = raft.net.Close() // always nil
	}
	p.conns.cut() // first: what is polite to a peer may wait for it
	if raft != nil {
		raft.net.CloseStreams()
	}
	_ = p.http.Close() // of what is cut
	p.closeClients()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.running.Wait()
	}()
	select {
	case <-done:
	case <-time.After(closeTimeout):
		err = errors.Join(err, errors.New("handlers still run"))
	}
	if err != nil {
		return fmt.Errorf("close peer port: %w", err)
	}
	return nil
}

// enter keeps Close waiting until the leave that follows; false once closed.
func (p *Port) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.running.Add(1)
	return true
}

func (p *Port) leave() { p.running.Done() }

func (p *Port) clusterID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cluster
}
