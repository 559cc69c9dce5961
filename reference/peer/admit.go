package peer

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Every request carries the first three; HeaderNode tells in a response who
// answers. The client sets it from the certificate.
const (
	HeaderCluster = "Bleepstore-Cluster"
	HeaderFrom    = "Bleepstore-From"
	HeaderTo      = "Bleepstore-To"
	HeaderNode    = "Bleepstore-Node"

	// headerRefused tells the port's own refusals from what handlers answer.
	headerRefused = "Bleepstore-Refused"
)

// A claim is who speaks to whom, in which cluster, in the words of who speaks.
type claim struct {
	Cluster string `json:"cluster"`
	From    string `json:"from"`
	To      string `json:"to"`
}

// admit tells whether a claim of the node that a certificate names holds here.
// A stranger may leave the cluster and the addressee open, on either side.
func (p *Port) admit(c claim, certified string, stranger bool) *RefusedError {
	ours := p.clusterID()
	refuse := func(status int, format string, args ...any) *RefusedError {
		return &RefusedError{Node: p.node, Status: status, Text: fmt.Sprintf(format, args...)}
	}
	switch {
	case c.From != certified:
		return refuse(http.StatusForbidden, "from node %q, by the certificate of node %q", c.From, certified)
	case c.To != p.node && (c.To != "" || !stranger):
		return refuse(http.StatusMisdirectedRequest, "for node %q, this is node %q", c.To, p.node)
	case (c.Cluster == "" || ours == "") && stranger:
		return nil
	case ours == "":
		return refuse(http.StatusMisdirectedRequest, "node %q is in no cluster yet", p.node)
	case c.Cluster != ours:
		return refuse(http.StatusMisdirectedRequest, "in cluster %q, this is cluster %q", c.Cluster, ours)
	}
	return nil
}

func (p *Port) newServer() *http.Server {
	return &http.Server{
		Handler: http.HandlerFunc(p.serve),
		// Longer than the other side keeps a connection idle: it must not send
		// into one that is being closed here.
		ReadHeaderTimeout: 2 * idleTimeout, IdleTimeout: 2 * idleTimeout,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
		BaseContext:    func(net.Listener) context.Context { return p.ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, certified{}, c.(*caller).node)
		},
	}
}

// A caller is a connection of the http.Server, and the node at its other end.
// It is no *tls.Conn, since the server closes one whose ALPN it doesn't know.
type caller struct {
	*tls.Conn
	node string
}

// certified is the key under which a request's context has the caller's node.
type certified struct{}

// idleTimeout is how long a client keeps an idle connection.
const idleTimeout = 90 * time.Second

// serve is the gate before the handlers.
func (p *Port) serve(w http.ResponseWriter, r *http.Request) {
	if !p.enter() {
		panic(http.ErrAbortHandler)
	}
	defer p.leave()
	from, _ := r.Context().Value(certified{}).(string)
	c := claim{Cluster: r.Header.Get(HeaderCluster), From: r.Header.Get(HeaderFrom), To: r.Header.Get(HeaderTo)}
	w.Header().Set(HeaderCluster, p.clusterID())
	if no := p.admit(c, from, r.URL.Path == "/hello" || r.URL.Path == "/join"); no != nil {
		p.refuse(from, no.Text)
		w.Header().Set(headerRefused, "1")
		http.Error(w, no.Text, no.Status)
		return
	}
	p.mux.ServeHTTP(w, r)
	if r.Context().Err() != nil {
		// The handler may have left in the middle: its answer must not look whole.
		panic(http.ErrAbortHandler)
	}
}
