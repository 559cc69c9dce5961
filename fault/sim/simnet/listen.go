package simnet

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// backlog is how many connections may wait to be accepted.
const backlog = 128

// A listener is where a node takes connections. Net.mu guards it.
type listener struct {
	n        *Net
	host     *host
	addr     addr
	acceptor waiter
	queue    []*conn
	closed   bool
	left     bool // by its user, who may close what has died too
}

// Listen takes connections for a node at an address whose host is the node's
// name; port 0 is one that is free.
func (n *Net) Listen(node, address string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: addr(address), Err: err}
	}
	if at, err := nodeOf(address); err != nil {
		return fail(err)
	} else if at != node {
		return fail(fmt.Errorf("node %s cannot listen there", node))
	}
	if n.ended {
		return fail(errEnded)
	}
	h := n.host(node)
	for base, free := strings.CutSuffix(address, ":0"); free; {
		h.ports++
		address = fmt.Sprintf("%s:%d", base, firstPort+h.ports)
		free = n.listeners[address] != nil
	}
	if n.listeners[address] != nil {
		return fail(os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	l := &listener{n: n, host: h, addr: addr(address), acceptor: newWaiter()}
	n.listeners[address] = l
	n.change()
	return l, nil
}

func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) Accept() (net.Conn, error) {
	l.acceptor.take()
	defer l.acceptor.leave()
	for {
		l.n.mu.Lock()
		l.acceptor.waiting = false
		switch {
		case l.closed:
			l.n.mu.Unlock()
			return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
		case len(l.queue) > 0 && !l.host.paused:
			c := l.queue[0]
			l.queue = l.queue[1:]
			l.n.mu.Unlock()
			return c, nil
		}
		l.acceptor.prepare(time.Now(), time.Time{})
		l.n.mu.Unlock()
		l.acceptor.wait()
	}
}

// Close resets what was not accepted.
func (l *listener) Close() error {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	if l.left {
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
	}
	l.left = true
	l.close()
	return nil
}

// close is called with n.mu held.
func (l *listener) close() {
	if l.closed {
		return
	}
	l.closed = true
	delete(l.n.listeners, string(l.addr))
	for _, c := range l.queue {
		c.breakOff(time.Now(), false)
	}
	l.queue = nil
	l.acceptor.poke()
}
