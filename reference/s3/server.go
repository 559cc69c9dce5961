package s3

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of a connection outside of its requests.
const (
	headTimeout = 10 * time.Second // from a request's first byte to the end of its head
	idleTimeout = 2 * time.Minute  // between two requests
	// maxHead is what net/http reads of a head before it gives up; the
	// handler's own limit (maxHeader) lies below, so that most oversized heads
	// still get an answer with an operation's name in the log.
	maxHead = 16 << 10
)

// NewServer returns an http.Server for h; its listeners must be made by
// Listener. The caller runs Serve and Shutdown.
func (h *Handler) NewServer() *http.Server {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHead,
		// OPTIONS * is a request like any other, with an id and a log record.
		DisableGeneralOptionsHandler: true,
		ConnState: func(c net.Conn, state http.ConnState) {
			if e, ok := c.(edge); ok && state == http.StateIdle {
				e.conn().rest()
			}
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if e, ok := c.(edge); ok {
				ctx = context.WithValue(ctx, connKey{}, e.conn())
			}
			return ctx
		},
	}
	if h.cfg.Log != nil {
		srv.ErrorLog = slog.NewLogLogger(h.cfg.Log.Handler(), slog.LevelWarn)
	}
	return srv
}

// Listener wraps l, which may be a TLS listener, so that requests which
// net/http refuses before they reach the handler are answered as S3 answers:
// with a request id and an XML body.
func (h *Handler) Listener(l net.Listener) net.Listener { return &listener{l, h} }

type listener struct {
	net.Listener
	h *Handler
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	ec := &edgeConn{Conn: c, h: l.h}
	if t, ok := c.(*tls.Conn); ok {
		return &tlsConn{ec, t}, nil
	}
	return ec, nil
}

// connKey finds the connection in a request's context.
type connKey struct{}

// edge is an edgeConn or what embeds one.
type edge interface{ conn() *edgeConn }

// An edgeConn watches for answers that net/http writes on its own. While a
// handler has the connection it only passes bytes through.
type edgeConn struct {
	net.Conn
	h    *Handler
	busy atomic.Bool // from the handler's start until the connection is idle again

	// head is the beginning of the request being read, to tell why it was
	// refused. net/http serialises its reads, and writes a refusal from the
	// goroutine that read last.
	head []byte
}

// maxRecorded is how much of a head is kept: enough for the longest key.
const maxRecorded = 4 << 10

func (c *edgeConn) conn() *edgeConn { return c }

// start is called when a handler gets a request of this connection.
func (c *edgeConn) start() { c.busy.Store(true) }

// rest is called when the answer is out.
func (c *edgeConn) rest() {
	c.head = c.head[:0]
	c.busy.Store(false)
}

// Read implements net.Conn.
func (c *edgeConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if room := maxRecorded - len(c.head); room > 0 && !c.busy.Load() {
		lax(p[:n])
		if len(c.head) == 0 {
			unexpect(p[:n])
		}
		c.head = append(c.head, p[:min(n, room)]...)
	}
	return n, err
}

// Write implements net.Conn. Whatever starts an error response while no
// handler is at work comes from net/http itself, in one piece.
func (c *edgeConn) Write(p []byte) (int, error) {
	if c.busy.Load() {
		if _, err := c.Conn.Write(laxAnswer(p, c.head)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	status, ok := refusalStatus(p)
	if !ok {
		return c.Conn.Write(p)
	}
	if _, err := c.Conn.Write(c.h.refusal(status, c.head)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite lets net/http close a connection without cutting off its answer.
func (c *edgeConn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// A tlsConn tells net/http that the connection is TLS.
type tlsConn struct {
	*edgeConn
	tls *tls.Conn
}

// ConnectionState is what net/http fills Request.TLS from.
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
