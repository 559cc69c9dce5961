// Package simnet is a network inside one process, for bubbles of
// testing/synctest: byte streams that take time, stall, slow down and break as
// those of TCP do, by the troubles of package fault. It keeps no goroutine of
// its own and holds no lock while anybody waits. It knows nothing of what the
// streams carry.
package simnet

import (
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"bleepstore/fault"
)

// A Net is a network between nodes, of which clients are some. Make it in the
// bubble that uses it. Its methods may be called together.
type Net struct {
	seed uint64

	mu        sync.Mutex // guards all that hangs on n; never held over a wait
	links     map[fault.Edge]*link
	hosts     map[string]*host
	listeners map[string]*listener // by address
	changed   chan struct{}        // closed, and replaced, when dials should look again
	ended     bool
	messages  int
}

// Messages counts what was sent so far.
func (n *Net) Messages() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.messages
}

// A host is where a node runs.
type host struct {
	name   string
	paused bool
	conns  []*conn // ends that are at this host and open, oldest first
	ports  int     // given to connections that go out
}

// New returns a network on which each message takes 0.5 to 2 ms, drawn from the
// seed for each connection and direction.
func New(seed uint64) *Net {
	return &Net{
		seed: seed, links: map[fault.Edge]*link{}, hosts: map[string]*host{}, listeners: map[string]*listener{},
		changed: make(chan struct{}),
	}
}

// Trouble sets what ails an edge: all of it, the zero value is health. A cut
// stalls what is under way and what is sent until it heals. What HalfOpen
// swallows is lost, so such a connection is reset when that ends. Loss makes a
// message late by one or more retransmissions. Duplicate and Reorder do nothing:
// TCP hides them.
func (n *Net) Trouble(e fault.Edge, t fault.NetTrouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.link(e)
	was := l.trouble
	l.trouble = t
	now := time.Now()
	switch {
	case t.Cut && !was.Cut:
		for _, f := range l.flows {
			f.stall(now)
		}
	case was.Cut && !t.Cut:
		for _, f := range l.flows {
			f.release(now, retransmit)
		}
	}
	if was.HalfOpen && !t.HalfOpen {
		for _, f := range slices.Clone(l.flows) {
			if f.swallowed {
				f.from.breakOff(now, true)
			}
		}
	}
	n.change()
}

// Reset breaks the connections that a node has dialled to another, for both of
// them at once, even where the edge is cut.
func (n *Net) Reset(e fault.Edge) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range slices.Clone(n.host(e.From).conns) {
		if c.dialled && c.out.link.edge == e {
			c.breakOff(time.Now(), true)
		}
	}
}

// Kill ends what a process has open: its connections break, its listeners are
// gone. The others hear of it by a reset, once an edge lets that through.
func (n *Net) Kill(node string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.host(node)
	for _, l := range n.listeners {
		if l.host == h {
			l.close()
		}
	}
	for _, c := range slices.Clone(h.conns) {
		c.breakOff(time.Now(), false)
	}
	n.change()
}

// Pause lets a node's process stand still as far as the network can tell: what
// arrives for it waits, and so does what it sends. Its connections stay open and
// it can still be dialled, as by the kernel's doing.
func (n *Net) Pause(node string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.host(node).paused = true
}

// Resume ends a pause.
func (n *Net) Resume(node string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.host(node)
	h.paused = false
	for _, c := range h.conns {
		c.out.release(time.Now(), 0)
		c.in.reader.poke()
	}
	for _, l := range n.listeners {
		if l.host == h {
			l.acceptor.poke()
		}
	}
	n.change()
}

// Close breaks everything and lets no dial wait any longer.
func (n *Net) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ended = true
	for _, l := range n.listeners {
		l.close()
	}
	for _, h := range n.hosts {
		for _, c := range slices.Clone(h.conns) {
			c.breakOff(time.Now(), true)
		}
	}
	n.change()
	return nil
}

// Open counts the ends of connections that a node has open.
func (n *Net) Open(node string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.host(node).conns)
}

// change lets dials look again. n.mu is held.
func (n *Net) change() {
	close(n.changed)
	n.changed = make(chan struct{})
}

func (n *Net) host(name string) *host {
	h := n.hosts[name]
	if h == nil {
		h = &host{name: name}
		n.hosts[name] = h
	}
	return h
}

// errEnded is what dials get once the network is closed.
var errEnded = errors.New("the network has ended")

// An addr is host:port.
type addr string

func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }

// nodeOf is the node that an address names.
func nodeOf(address string) (string, error) {
	node, _, err := net.SplitHostPort(address)
	return node, err
}
