package reference_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
)

// memoryNet is a network without sockets: what a cluster in a synctest bubble
// listens and dials by. Its addresses are names.
type memoryNet struct {
	mu   sync.Mutex
	open map[string]*memoryListener
	// dead are nodes to which and from which nothing goes; conns those that others
	// have between nodes.
	dead  map[string]bool
	conns map[memoryConn]struct{}
}

var errNobody = errors.New("nobody listens there")

type memoryAddr string

func (memoryAddr) Network() string  { return "memory" }
func (a memoryAddr) String() string { return string(a) }

type memoryConn struct {
	net.Conn
	local, remote memoryAddr
}

func (c memoryConn) LocalAddr() net.Addr  { return c.local }
func (c memoryConn) RemoteAddr() net.Addr { return c.remote }

type memoryListener struct {
	n     *memoryNet
	addr  memoryAddr
	conns chan net.Conn
	done  chan struct{}
}

func newMemoryNet() *memoryNet {
	return &memoryNet{open: map[string]*memoryListener{}, dead: map[string]bool{}, conns: map[memoryConn]struct{}{}}
}

func (n *memoryNet) listen(addr string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open[addr] != nil {
		return nil, errors.New("address in use: " + addr)
	}
	l := &memoryListener{n: n, addr: memoryAddr(addr), conns: make(chan net.Conn), done: make(chan struct{})}
	n.open[addr] = l
	return l, nil
}

func (n *memoryNet) dial(ctx context.Context, from, addr string) (net.Conn, error) {
	n.mu.Lock()
	l := n.open[addr]
	if to, _, _ := strings.Cut(addr, ":"); n.dead[from] || n.dead[to] && from != "client" {
		l = nil
	}
	n.mu.Unlock()
	if l == nil {
		return nil, errNobody
	}
	near, far := net.Pipe()
	c := memoryConn{near, memoryAddr(from + ":1"), l.addr}
	select {
	case l.conns <- memoryConn{far, l.addr, memoryAddr(from + ":1")}:
		n.mu.Lock()
		defer n.mu.Unlock()
		n.conns[c] = struct{}{}
		return c, nil
	case <-l.done:
		return nil, errNobody
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	if l.n.open[string(l.addr)] == l {
		delete(l.n.open, string(l.addr))
		close(l.done)
	}
	return nil
}

func (l *memoryListener) Addr() net.Addr { return l.addr }
