package peer

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// accept takes connections until the listener is closed.
func (p *Port) accept() {
	config := p.serverTLS()
	for {
		conn, err := p.listener.Accept()
		if p.ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if err != nil {
			p.log.Warn("accept a peer", "error", err)
			p.pause(50 * time.Millisecond) // out of descriptors, mostly
			continue
		}
		if t := p.conns.track(conn); p.enter() {
			go func() {
				defer p.leave()
				p.greet(t, config)
			}()
		} else {
			_ = t.Close()
		}
	}
}

// greet does the handshake, and hands the connection to whom it is for.
func (p *Port) greet(t *tracked, config *tls.Config) {
	ctx, cancel := context.WithTimeout(p.ctx, greetTimeout)
	defer cancel()
	conn := tls.Server(t, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		host, _, _ := net.SplitHostPort(t.RemoteAddr().String()) // the port differs each time
		p.refuse(host, err.Error())
		_ = t.Close()
		return
	}
	state := conn.ConnectionState()
	node, err := remote(state)
	if err != nil { // the handshake lets none through
		_ = t.Close()
		return
	}
	t.linger(lingers[state.NegotiatedProtocol])
	switch state.NegotiatedProtocol {
	case alpnHTTP:
		p.httpIn.put(&caller{conn, node})
	case alpnRaft:
		p.welcome(conn, node)
	default: // it asked for no protocol at all
		_ = conn.Close()
	}
}

// pause waits, but not beyond Close; false says that the port is closed.
func (p *Port) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// An inbox is the net.Listener of one protocol: it hands on what comes by the
// port.
type inbox struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newInbox(addr net.Addr) *inbox {
	return &inbox{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// put waits until the connection is taken, or closes it.
func (i *inbox) put(c net.Conn) {
	select {
	case i.conns <- c:
	case <-i.done:
		_ = c.Close()
	}
}

func (i *inbox) Accept() (net.Conn, error) {
	select {
	case c := <-i.conns:
		return c, nil
	case <-i.done:
		return nil, net.ErrClosed
	}
}

func (i *inbox) Close() error {
	i.once.Do(func() { close(i.done) })
	return nil
}

func (i *inbox) Addr() net.Addr { return i.addr }

// nodeAddr is a node's id in the place of an address.
type nodeAddr string

func (nodeAddr) Network() string  { return "node" }
func (a nodeAddr) String() string { return string(a) }
