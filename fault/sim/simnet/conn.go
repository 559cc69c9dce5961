package simnet

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"
)

// A conn is one end of a connection. It has what a *net.TCPConn has of
// CloseWrite and SetLinger.
type conn struct {
	n             *Net
	host          *host
	in, out       *flow
	local, remote addr
	dialled       bool // by this end
	abrupt        bool // Close is a reset
	err           error
}

var _ net.Conn = (*conn)(nil)

// connect makes both ends of a connection; n.mu is held.
func (n *Net) connect(there, back *link, from, to addr) (dialler, accepter *conn) {
	dialler = &conn{n: n, host: there.from, local: from, remote: to, dialled: true}
	accepter = &conn{n: n, host: there.to, local: to, remote: from}
	out, in := n.newFlow(there, dialler, accepter), n.newFlow(back, accepter, dialler)
	dialler.out, dialler.in = out, in
	accepter.out, accepter.in = in, out
	for _, c := range []*conn{dialler, accepter} {
		c.host.conns = append(c.host.conns, c)
	}
	return dialler, accepter
}

func (c *conn) Read(p []byte) (int, error) {
	k, err := c.in.read(p)
	return k, c.wrap("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	k, err := c.out.write(p)
	return k, c.wrap("write", err)
}

// Close ends both directions; what was written still arrives. What the other
// side sends from now on breaks the connection.
func (c *conn) Close() error {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	now := time.Now()
	switch {
	case c.err != nil && errors.Is(c.err, net.ErrClosed):
		return c.wrap("close", net.ErrClosed)
	case c.abrupt:
		c.breakOff(now, false)
	case c.err == nil:
		c.out.finish(now)
	}
	c.err = net.ErrClosed
	c.leave()
	return nil
}

// CloseWrite ends the direction from here.
func (c *conn) CloseWrite() error {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	if c.err != nil {
		return c.wrap("close", c.err)
	}
	c.out.finish(time.Now())
	return nil
}

// SetLinger with 0 makes Close a reset.
func (c *conn) SetLinger(seconds int) error {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	c.abrupt = seconds == 0
	return nil
}

// breakOff breaks the connection: this end at once, the other one when the news
// has come to it, or at once as well. n.mu is held.
func (c *conn) breakOff(now time.Time, both bool) {
	other := c.out.to
	c.fail(syscall.ECONNRESET)
	if both {
		other.fail(syscall.ECONNRESET)
		return
	}
	c.out.breakUp(now)
}

// fail makes every call at this end fail. n.mu is held.
func (c *conn) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.leave()
}

// leave lets whoever waits here go, and forgets the connection once both ends
// have left. n.mu is held.
func (c *conn) leave() {
	c.in.reader.poke()
	c.out.writer.poke()
	if i := slices.Index(c.host.conns, c); i >= 0 {
		c.host.conns = slices.Delete(c.host.conns, i, i+1)
	}
	if c.in.from.err != nil {
		c.in.drop()
		c.out.drop()
	}
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *conn) SetReadDeadline(t time.Time) error  { return c.setDeadline(&c.in.reader, t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.out.writer, t) }

func (c *conn) setDeadline(w *waiter, t time.Time) error {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	if errors.Is(c.err, net.ErrClosed) {
		return c.wrap("set", net.ErrClosed)
	}
	w.setDeadline(t)
	return nil
}

// wrap makes an error what package net makes of it.
func (c *conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if no, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, no)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
