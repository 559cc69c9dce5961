package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"bleepstore/fault"
)

// Edges is the network between nodes that are processes of their own: each
// dials its peers through here, so that every connection is known to go from one
// node to another. It implements fault.Network. All methods may be called
// together.
//
// What is sent from A to B belongs to the edge A to B, whichever of the two has
// dialled. What a cut edge holds back, about 200 KiB of a connection, is lost by
// nobody; over one that swallows (HalfOpen) everything is, and a connection that
// has lost something is reset when the edge is well again, as by a router that
// has forgotten it.
type Edges struct {
	wires   *wires
	trouble map[fault.Edge]fault.NetTrouble // by the lock of wires

	mu        sync.Mutex
	names     map[string]bool
	nodes     map[string]string // by address
	listeners []net.Listener
	dialer    string
	closed    bool
	accepting sync.WaitGroup
}

var _ fault.Network = (*Edges)(nil)

// NewEdges returns a network without faults and without nodes, which listens at
// Dialer. What it draws, jitter and loss, comes from seed. Whoever made it
// closes it.
func NewEdges(seed uint64) (*Edges, error) {
	e := &Edges{trouble: map[fault.Edge]fault.NetTrouble{}, names: map[string]bool{}, nodes: map[string]string{}}
	e.wires = newWires(seed, func(edge fault.Edge) fault.NetTrouble { return e.trouble[edge] })
	var err error
	e.dialer, err = e.listen(e.ask)
	return e, err
}

// Dialer is the address of the door for nodes that say where they want to go: a
// node connects, writes a line "FROM TO-ADDR\n", reads a line, "ok\n" or why not,
// and has a stream to TO-ADDR then. A dial over an edge that is cut waits.
func (e *Edges) Dialer() string { return e.dialer }

// Node makes a node known, and the addresses that lead to it. It may be told of
// more addresses later.
func (e *Edges) Node(name string, addrs ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.names[name] = true
	for _, a := range addrs {
		e.nodes[a] = name
	}
}

// Listen opens a door for servers that only know an address of each peer: it
// returns the address at which from reaches to, which listens at target, a host
// and a port. It accepts whatever ails the edge: a connection over one that
// refuses, or to a target where nobody listens, is reset then, and what is sent
// over one that is cut waits. The door stays open until Close.
func (e *Edges) Listen(from, to, target string) (addr string, err error) {
	if _, _, err := net.SplitHostPort(target); err != nil {
		return "", fmt.Errorf("edge from %s to %s: %w", from, to, err)
	}
	e.Node(from)
	e.Node(to, target)
	return e.listen(func(c *net.TCPConn) { e.admit(c, fault.Edge{From: from, To: to}, target) })
}

// Trouble implements fault.Network. TCP has no messages that could come twice or
// overtake each other.
func (e *Edges) Trouble(_ context.Context, edge fault.Edge, t fault.NetTrouble) error {
	switch {
	case t.Duplicate > 0:
		return errors.New("duplicate: TCP brings every byte once")
	case t.Reorder > 0:
		return errors.New("reorder: TCP brings bytes in their order")
	}
	if err := e.known(edge.From, edge.To); err != nil {
		return err
	}
	e.wires.change(func() { e.trouble[edge] = t })
	return nil
}

// Reset implements fault.Network. A connection between two nodes goes over both
// edges: it ends whichever is named.
func (e *Edges) Reset(_ context.Context, edge fault.Edge) error {
	if err := e.known(edge.From, edge.To); err != nil {
		return err
	}
	e.wires.kill(func(of fault.Edge) bool { return of == edge || of == back(edge) })
	return nil
}

// known says which of the names is no node's.
func (e *Edges) known(names ...string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, n := range names {
		if !e.names[n] {
			return fmt.Errorf("there is no node %q", n)
		}
	}
	return nil
}

// listen opens a listener and has serve take each of its connections.
func (e *Edges) listen(serve func(*net.TCPConn)) (addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return "", joinClose(net.ErrClosed, l)
	}
	e.listeners = append(e.listeners, l)
	e.accepting.Go(func() { accept(l, serve) })
	return l.Addr().String(), nil
}

// Close resets every connection and closes every door. It returns when nothing
// of the network runs any more.
func (e *Edges) Close() error {
	e.mu.Lock()
	e.closed = true
	var errs []error
	for _, l := range e.listeners {
		errs = append(errs, l.Close())
	}
	e.listeners = nil
	e.mu.Unlock()
	e.accepting.Wait()
	e.wires.close()
	return errors.Join(errs...)
}
