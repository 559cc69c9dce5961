package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"bleepstore/fault"
)

// Bounds of what a node may take to say where it wants to go, and of a dial.
const (
	mostAsked = 512 // bytes
	askWithin = 10 * time.Second
)

// accept hands each connection of l on until l is closed. A failure that is
// none of l's (no file is left, say) is waited out.
func accept(l net.Listener, serve func(*net.TCPConn)) {
	for {
		c, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(10 * time.Millisecond)
			continue
		}
		serve(c.(*net.TCPConn))
	}
}

// ask takes a connection whose node says in a line who it is and where it wants
// to go.
func (e *Edges) ask(c *net.TCPConn) {
	l := newLink(e.wires, fault.Edge{}, c, nil)
	e.begin(l, func() {
		in := bufio.NewReaderSize(c, mostAsked)
		_ = c.SetDeadline(time.Now().Add(askWithin)) // without one Close ends it
		line, err := in.ReadSlice('\n')
		if err != nil {
			return // nobody is there, or nobody who knows what to say
		}
		_ = c.SetDeadline(time.Time{}) // a failing one shows as a failing read
		from, addr, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		edge, err := e.edge(from, addr)
		if err == nil {
			e.wires.mu.Lock()
			e.wires.assign(l, edge)
			e.wires.mu.Unlock()
			e.connect(l, addr, in, true)
			return
		}
		_, _ = fmt.Fprintln(c, err) // it is told, or has gone
	})
}

// edge finds the edge that leads from a node to an address.
func (e *Edges) edge(from, addr string) (fault.Edge, error) {
	if err := e.known(from); err != nil {
		return fault.Edge{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	to, ok := e.nodes[addr]
	if !ok {
		return fault.Edge{}, fmt.Errorf("no node is known at %q", addr)
	}
	return fault.Edge{From: from, To: to}, nil
}

// admit takes a connection that goes over an edge.
func (e *Edges) admit(c *net.TCPConn, edge fault.Edge, target string) {
	l := newLink(e.wires, edge, c, nil)
	e.begin(l, func() { e.connect(l, target, c, false) })
}

// begin makes l part of the network, or resets it.
func (e *Edges) begin(l *link, run func()) {
	_ = narrow(l.near) // more is held back where that fails
	if !e.wires.start(l, run) {
		l.end(true)
	}
}

// connect carries a link to its target once the edge lets it through. asked says
// that the dialler waits to be told, so that it has gone if its stream ends
// meanwhile; others may have said all that they have to say.
func (e *Edges) connect(l *link, target string, in io.Reader, asked bool) {
	waiting, left := context.WithCancel(l.alive)
	defer left()
	there := l.reading(in, l.dice[0], func(err error) {
		if asked || err != io.EOF {
			left()
		}
	})
	err := e.reach(waiting, l, target)
	if asked && err == nil {
		_, err = io.WriteString(l.near, "ok\n")
	} else if asked {
		_, _ = fmt.Fprintln(l.near, reason(err)) // it is told, or has gone
		l.end(false)
		return
	}
	if err != nil {
		l.end(true)
		return
	}
	l.carryAll(there)
}

// reason is why a connection was not made, in words.
func reason(err error) string {
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		return no.Error()
	}
	return err.Error()
}

// reach connects l to its target, or to nobody where the edge swallows.
func (e *Edges) reach(ctx context.Context, l *link, target string) error {
	mine := rand.New(rand.NewPCG(l.dice[1].Uint64(), 0)) // the reader has those of the edge
	swallowed, err := e.wires.open(ctx, l.edge, func() parcel { return newParcel(mine) })
	if err != nil || swallowed {
		return err
	}
	far, err := (&net.Dialer{Timeout: askWithin}).DialContext(ctx, "tcp", target)
	if err != nil {
		return err
	}
	_ = narrow(far.(*net.TCPConn)) // more is held back where that fails
	if !l.attach(far.(*net.TCPConn)) {
		return net.ErrClosed
	}
	return nil
}
